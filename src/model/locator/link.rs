//! Addresses: taken out of their wrappers, given to their host, read.

use percent_encoding::percent_decode_str;
use url::Url;

use super::Cloud;
use super::Damage;
use super::LinkParts;
use super::Locator;
use super::MEETING_DIGITS;
use super::MOST_WRAPPERS;
use super::MeetingHost;
use super::Refusal;
use super::digits;
use super::has_scheme;
use super::is_thread;
use crate::model::thread::ThreadId;

/// Unwraps and reads one address.
pub(super) fn read(text: &str, endpoint: Option<&str>) -> Result<Locator, Refusal> {
    let mut text = text.to_owned();
    for _ in 0..=MOST_WRAPPERS {
        let url = Url::parse(&text).map_err(|_| Refusal::NotALocator)?;
        match wrapped(&url)? {
            Some(inner) => text = inner,
            None => return direct(&text, &url, endpoint),
        }
    }
    Err(Refusal::TooManyWrappers)
}

/// The address inside a wrapper; `None` if there is no wrapper.
fn wrapped(url: &Url) -> Result<Option<String>, Refusal> {
    if url.scheme() == "msteams" {
        let rest = &url.as_str()["msteams:".len()..];
        let rest = match rest.strip_prefix("//") {
            // msteams://teams.microsoft.com/l/… names the host, msteams:/l/… does not.
            Some(named) => return Ok(Some(format!("https://{named}"))),
            None => rest.trim_start_matches('/'),
        };
        return Ok(Some(format!("https://{VENDOR}/{rest}")));
    }
    let host = url.host_str().unwrap_or_default();
    let inner = |name: &str| {
        url.query_pairs()
            .find_map(|(key, value)| (key == name).then(|| value.into_owned()))
    };
    if host == SAFELINKS || host.ends_with(&format!(".{SAFELINKS}")) {
        return inner("url").map(Some).ok_or(Refusal::NotAMeeting);
    }
    if !is_vendor(host) {
        return Ok(None);
    }
    if url.path().to_ascii_lowercase().starts_with("/dl/launcher/") {
        let inner = inner("url").ok_or(Refusal::NotAMeeting)?;
        return Ok(Some(on_vendor(&inner)));
    }
    match url.fragment() {
        Some(fragment) if url.path().trim_matches('/') == "_" => {
            Ok(Some(on_vendor(&format!("/_#{fragment}"))))
        }
        _ => Ok(None),
    }
}

/// The launcher names what it launches by path: `/_#/l/meetup-join/…`.
fn on_vendor(inner: &str) -> String {
    if has_scheme(inner) {
        return inner.to_owned();
    }
    let path = inner.strip_prefix("/_#").unwrap_or(inner);
    format!("https://{VENDOR}/{}", path.trim_start_matches('/'))
}

fn is_vendor(host: &str) -> bool {
    host == VENDOR || host == VENDOR_CLOUD
}

fn direct(text: &str, url: &Url, endpoint: Option<&str>) -> Result<Locator, Refusal> {
    let host = owner(url, endpoint)?;
    if host == MeetingHost::Vendor && url.scheme() != "https" {
        return Err(Refusal::Insecure);
    }
    let mut segments = url.path_segments().into_iter().flatten();
    if host == MeetingHost::Own
        && let Some(guest) = guest(url)?
    {
        return Ok(guest);
    }
    let first = segments.next().unwrap_or_default().to_ascii_lowercase();
    let second = segments.next();
    let (thread, parts) = match first.as_str() {
        "l" if second.is_some_and(|s| s.eq_ignore_ascii_case("meetup-join")) => {
            classic(segments.next(), segments.next(), url)?
        }
        "meet" if host == MeetingHost::Vendor => (None, short(second)?),
        _ => return Err(Refusal::NotAMeeting),
    };
    Ok(Locator::Meeting {
        link: text.to_owned(),
        thread,
        host,
        parts,
    })
}

/// The link that a service of one's own has for browsers: `/meet/ID#PASSCODE`.
fn guest(url: &Url) -> Result<Option<Locator>, Refusal> {
    let Some(id) = url.path().strip_prefix("/meet/") else {
        return Ok(None);
    };
    let id = short(Some(id))?.meeting_id.unwrap_or_default();
    let passcode = url.fragment().map(decoded).filter(|code| !code.is_empty());
    Ok(Some(Locator::MeetingId { id, passcode }))
}

fn owner(url: &Url, endpoint: Option<&str>) -> Result<MeetingHost, Refusal> {
    let host = url.host_str().unwrap_or_default();
    let same = |endpoint: &str| {
        Url::parse(endpoint).is_ok_and(|e| {
            e.host_str() == url.host_str()
                && e.scheme() == url.scheme()
                && e.port_or_known_default() == url.port_or_known_default()
        })
    };
    if !host.is_empty() && endpoint.is_some_and(same) {
        return Ok(MeetingHost::Own);
    }
    match host {
        _ if is_vendor(host) => Ok(MeetingHost::Vendor),
        "teams.live.com" => Err(Refusal::PersonalMeeting),
        "gov.teams.microsoft.us" => Err(Refusal::Government(Cloud::GccHigh)),
        "dod.teams.microsoft.us" => Err(Refusal::Government(Cloud::Dod)),
        _ if host == GOVERNMENT || host.ends_with(&format!(".{GOVERNMENT}")) => {
            Err(Refusal::Government(Cloud::Other))
        }
        _ => Err(Refusal::UnknownHost {
            host: host.to_owned(),
        }),
    }
}

fn classic(
    thread: Option<&str>,
    message: Option<&str>,
    url: &Url,
) -> Result<(Option<ThreadId>, LinkParts), Refusal> {
    let thread = decoded(thread.unwrap_or_default());
    if !is_thread(&thread) {
        return Err(Refusal::Damaged(Damage::Thread));
    }
    let context = context(url)?;
    let member = |name: &str| {
        context
            .as_ref()
            .and_then(|c| c.get(name))
            .and_then(serde_json::Value::as_str)
            .map(str::to_owned)
    };
    if context
        .as_ref()
        .and_then(|c| c.get("IsBroadcastMeeting"))
        .is_some_and(|b| b == true || b == "true")
    {
        return Err(Refusal::Broadcast);
    }
    let parts = LinkParts {
        message: message.map(decoded).filter(|m| !m.is_empty() && m != "0"),
        tenant: member("Tid"),
        organizer: member("Oid"),
        ..LinkParts::default()
    };
    Ok((Some(ThreadId::new(&thread)), parts))
}

/// The JSON after `context=`; it may be missing, but not be damaged.
fn context(url: &Url) -> Result<Option<serde_json::Value>, Refusal> {
    let Some(text) = url
        .query_pairs()
        .find_map(|(key, value)| (key == "context").then(|| value.into_owned()))
    else {
        return Ok(None);
    };
    serde_json::from_str(&text)
        .or_else(|_| serde_json::from_str(&decoded(&text)))
        .ok()
        .filter(serde_json::Value::is_object)
        .map(Some)
        .ok_or(Refusal::Damaged(Damage::Context))
}

fn short(id: Option<&str>) -> Result<LinkParts, Refusal> {
    id.map(decoded)
        .and_then(|id| digits(&id))
        .filter(|id| MEETING_DIGITS.contains(&id.len()))
        .map(|id| LinkParts {
            meeting_id: Some(id),
            ..LinkParts::default()
        })
        .ok_or(Refusal::Damaged(Damage::Id))
}

/// Percent-decoded until nothing changes: links get encoded again in transit.
pub(super) fn decoded(text: &str) -> String {
    let mut text = text.to_owned();
    for _ in 0..MOST_DECODINGS {
        let Ok(plain) = percent_decode_str(&text).decode_utf8() else {
            break;
        };
        if plain == text {
            break;
        }
        text = plain.into_owned();
    }
    text
}

const VENDOR: &str = "teams.microsoft.com";
const VENDOR_CLOUD: &str = "teams.cloud.microsoft";
const GOVERNMENT: &str = "teams.microsoft.us";
const SAFELINKS: &str = "safelinks.protection.outlook.com";
const MOST_DECODINGS: usize = 2;
