//! The page on which an administrator agrees to an application for everybody.

use std::collections::HashMap;
use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::Path;
use axum::extract::State;
use axum::http::Uri;
use axum::response::Response;

use crate::service::Service;
use crate::service::visitor::OwnPage;
use crate::wire::entra::scope::Scope;

use super::TENANT;
use super::authorize::pairs;
use super::authorize::registered;
use super::check_client;
use super::check_tenant;
use super::page;
use super::refusal::Back;
use super::refusal::Refusal;

/// Who agrees to what applications ask for.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Consent {
    /// Everybody for themselves, by signing in.
    #[default]
    Own,
    /// An administrator has to, and nobody did yet.
    Awaited,
}

/// Refuses while an administrator has to agree first.
pub(super) fn check(service: &Service) -> Result<(), Refusal> {
    match service.lock().entra.consent {
        Consent::Own => Ok(()),
        Consent::Awaited => Err(Refusal::of(service, NOT_AGREED)),
    }
}

/// What the link asks for, and where its answer goes.
struct Asked {
    back: Back,
    scope: String,
}

/// `GET /{tenant}/v2.0/adminconsent`.
pub(super) async fn ask(
    State(service): State<Arc<Service>>,
    Path(tenant): Path<String>,
    uri: Uri,
) -> Response {
    let Some(query) = pairs(uri.query().unwrap_or_default().as_bytes()) else {
        return Refusal::of(&service, super::MALFORMED).page();
    };
    match read(&service, &tenant, &query) {
        Ok(asked) => {
            let fields: Vec<(&str, &str)> = FIELDS
                .iter()
                .filter_map(|name| Some((*name, query.get(*name)?.as_str())))
                .collect();
            page::consent(&tenant, &fields, &asked.scope)
        }
        Err(refusal) => refusal.page(),
    }
}

/// `POST` to the same: what the page sends.
pub(super) async fn decide(
    State(service): State<Arc<Service>>,
    Path(tenant): Path<String>,
    _: OwnPage,
    body: Bytes,
) -> Response {
    let Some(form) = pairs(&body) else {
        return Refusal::of(&service, super::MALFORMED).page();
    };
    let asked = match read(&service, &tenant, &form) {
        Ok(asked) => asked,
        Err(refusal) => return refusal.page(),
    };
    if form.get("act").is_some_and(|act| act == "decline") {
        return Refusal::of(&service, 65004).send(&asked.back);
    }
    service.lock().entra.consent = Consent::Own;
    asked.back.send(&[
        ("admin_consent", "True"),
        ("tenant", TENANT),
        ("scope", &asked.scope),
    ])
}

fn read(
    service: &Service,
    tenant: &str,
    given: &HashMap<String, String>,
) -> Result<Asked, Refusal> {
    check_tenant(service, tenant)?;
    if tenant == "common" {
        return Err(Refusal::of(service, 9_001_023));
    }
    check_client(service, given.get("client_id").map(String::as_str))?;
    let to = registered(service, given)?;
    let scope = given.get("scope").map_or("", String::as_str);
    let scopes = Scope::list(scope);
    if scopes.is_empty() {
        return Err(Refusal::of(service, super::MISSING));
    }
    if scopes.iter().any(|s| matches!(s, Scope::Unknown(_))) {
        return Err(Refusal::of(service, 70011));
    }
    Ok(Asked {
        back: Back::by_query(&to, given.get("state").map(String::as_str)),
        scope: scope.to_owned(),
    })
}

const FIELDS: [&str; 4] = ["client_id", "scope", "redirect_uri", "state"];
const NOT_AGREED: u32 = 90094;
