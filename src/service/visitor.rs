//! Browsers: whose pages may let a stranger into a meeting.
//!
//! Any page that somebody visits can have their browser connect to this machine, and a page
//! with a name of its own that it lets point here (DNS rebinding) even counts as
//! ours. What makes a guest of a stranger is therefore open to a browser only
//! for the pages of this service, under a name that no stranger can give it: a bare
//! address, `localhost`, or a name that the host was started with. Programs that are no
//! browsers send no `Origin` and are not concerned. Everything else needs a token in a header, which only
//! such guests have, and is open to pages from anywhere, as at the vendor.

use std::sync::Arc;

use axum::extract::FromRequestParts;
use axum::http::header;
use axum::http::request::Parts;
use url::Host;
use url::Url;

use super::Service;
use super::http::Origin;
use super::store::Refusal;

/// A request that no page of somebody else made a browser send.
pub(super) struct OwnPage;

impl FromRequestParts<Arc<Service>> for OwnPage {
    type Rejection = Refusal;

    async fn from_request_parts(
        parts: &mut Parts,
        service: &Arc<Service>,
    ) -> Result<Self, Refusal> {
        let Some(origin) = parts.headers.get(header::ORIGIN) else {
            return Ok(Self);
        };
        let origin = origin.to_str().unwrap_or_default().to_owned();
        let Origin(reached) = Origin::from_request_parts(parts, service).await?;
        if origin != reached {
            return Err(FOREIGN_PAGE);
        }
        if !is_own(&origin, service.hosts()) {
            return Err(UNKNOWN_NAME);
        }
        Ok(Self)
    }
}

/// Whether this origin is the service by a name it has itself.
fn is_own(origin: &str, hosts: &[String]) -> bool {
    let Ok(url) = Url::parse(origin) else {
        return false;
    };
    match url.host() {
        Some(Host::Ipv4(_) | Host::Ipv6(_)) => true,
        Some(Host::Domain(name)) => {
            let own = |host: &String| host.eq_ignore_ascii_case(name);
            name == "localhost" || name.ends_with(".localhost") || hosts.iter().any(own)
        }
        None => false,
    }
}

const FOREIGN_PAGE: Refusal =
    Refusal::Forbidden("A page of another address may not bring its visitors in here.");
const UNKNOWN_NAME: Refusal = Refusal::Forbidden(
    "This service does not know itself by the name in the page's address. Whoever runs it \
     names it with --host-name.",
);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_names_that_no_stranger_can_give_are_own() {
        let hosts = ["meet.example".to_owned()];
        for own in [
            "http://127.0.0.1:7711",
            "https://192.0.2.7",
            "http://[::1]:7711",
            "http://localhost:7711",
            "http://demo.localhost:7711",
            "https://Meet.example",
        ] {
            assert!(is_own(own, &hosts), "{own}");
        }
        for other in [
            "http://evil.example:7711",
            "http://meet.example.evil.example",
            "http://notlocalhost",
            "null",
            "",
        ] {
            assert!(!is_own(other, &hosts), "{other}");
        }
    }
}
