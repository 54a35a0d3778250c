//! The token endpoint.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use aws_lc_rs::digest;
use axum::body::Bytes;
use axum::extract::Path;
use axum::extract::State;
use axum::http::HeaderValue;
use axum::http::StatusCode;
use axum::http::Uri;
use axum::http::header;
use axum::response::Response;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use crate::service::Service;
use crate::service::http;
use crate::wire::acs::redacted::Redacted;
use crate::wire::entra::AccessClaims;
use crate::wire::entra::ClientInfo;
use crate::wire::entra::DEVICE_GRANT;
use crate::wire::entra::IdClaims;
use crate::wire::entra::TokenAnswer;
use crate::wire::entra::scope::Resource;
use crate::wire::entra::scope::Scope;

use super::MISSING;
use super::TENANT;
use super::authorize::pairs;
use super::check_client;
use super::check_tenant;
use super::directory::Person;
use super::grants::Granted;
use super::issuer;
use super::provoked;
use super::refusal::Refusal;
use super::seconds;

/// How long access tokens and id tokens are good.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TokenTimes {
    pub expires: Duration,
}

impl Default for TokenTimes {
    fn default() -> Self {
        Self {
            expires: Duration::from_mins(75),
        }
    }
}

/// `POST /{tenant}/oauth2/v2.0/token`.
pub(super) async fn answer(
    State(service): State<Arc<Service>>,
    Path(tenant): Path<String>,
    uri: Uri,
    body: Bytes,
) -> Result<Response, Refusal> {
    service.lock().entra.token_requests += 1;
    check_tenant(&service, &tenant)?;
    provoked(&service, &uri)?;
    let form = pairs(&body).ok_or_else(|| Refusal::of(&service, 9_002_313))?;
    let get = |name: &str| form.get(name).map(String::as_str);
    let client = check_client(&service, get("client_id"))?;
    if get("client_secret").is_some() || get("client_assertion").is_some() {
        return Err(Refusal::of(&service, 700_025));
    }
    let asked = Scope::list(get("scope").unwrap_or_default());
    let resource = one_resource(&asked).map_err(|code| Refusal::of(&service, code))?;
    let granted = match get("grant_type") {
        Some("authorization_code") => by_code(&service, &form, &client)?,
        Some("refresh_token") => by_refresh(&service, &form, &client)?,
        // MSAL uses the name from before the standard.
        Some(DEVICE_GRANT | "device_code") => super::device::poll(&service, &form, &client)?,
        Some(_) => return Err(Refusal::of(&service, 70003)),
        None => return Err(Refusal::of(&service, MISSING)),
    };
    let scopes = consented(&granted, &asked, resource);
    let scopes = scopes.map_err(|code| Refusal::of(&service, code))?;
    super::consent::check(&service)?;
    let person = unchallenged(&service, &granted)?;
    // Only now: a refusal above leaves the refresh token good.
    if let (Some("refresh_token"), Some(used)) = (get("grant_type"), get("refresh_token")) {
        service.lock().entra.grants.use_up(used);
    }
    let info = (get("client_info") == Some("1")).then(|| client_info(&person));
    give(&service, &granted, &scopes, &person, info).await
}

/// A token is for one resource; which one the scopes say.
fn one_resource(scopes: &[Scope]) -> Result<Option<Resource>, u32> {
    let mut one = None;
    for scope in scopes {
        match scope {
            Scope::Of(resource, _) if one.is_some_and(|one| one != *resource) => {
                return Err(700_022);
            }
            Scope::Of(resource, _) => one = Some(*resource),
            Scope::Unknown(_) => return Err(70011),
            Scope::OpenId | Scope::Profile | Scope::Email | Scope::OfflineAccess => {}
        }
    }
    let default = |scope: &Scope| matches!(scope, Scope::Of(_, name) if name == ".default");
    let of_resource = scopes.iter().filter(|s| matches!(s, Scope::Of(..)));
    if scopes.iter().any(default) && of_resource.count() > 1 {
        return Err(70011);
    }
    Ok(one)
}

fn by_code(
    service: &Service,
    form: &HashMap<String, String>,
    client: &str,
) -> Result<Granted, Refusal> {
    let get = |name: &str| form.get(name).map(String::as_str);
    let (Some(code), Some(to), Some(verifier)) =
        (get("code"), get("redirect_uri"), get("code_verifier"))
    else {
        return Err(Refusal::of(service, MISSING));
    };
    let now = service.clock().utc();
    let redeemed = service
        .lock()
        .entra
        .grants
        .redeem(code, client, to, verifier, now);
    redeemed.map_err(|code| Refusal::of(service, code))
}

fn by_refresh(
    service: &Service,
    form: &HashMap<String, String>,
    client: &str,
) -> Result<Granted, Refusal> {
    let token = form.get("refresh_token");
    let token = token.ok_or_else(|| Refusal::of(service, MISSING))?;
    let now = service.clock().utc();
    let found = service.lock().entra.grants.of_refresh(token, client, now);
    let granted = found.map_err(|code| Refusal::of(service, code))?;
    // The nonce is of the sign-in that it came from, and of no later token.
    Ok(Granted {
        nonce: None,
        ..granted
    })
}

/// The scopes of this token: asked for, of its resource, and consented to.
fn consented(
    granted: &Granted,
    asked: &[Scope],
    resource: Option<Resource>,
) -> Result<Vec<Scope>, u32> {
    let first = granted.scopes.iter().find_map(|scope| match scope {
        Scope::Of(resource, _) => Some(*resource),
        _ => None,
    });
    let resource = resource.or(first);
    let of_resource = |scope: &&Scope| match scope {
        Scope::Of(of, _) => Some(*of) == resource,
        _ => true,
    };
    let wants_all = asked.is_empty()
        || asked
            .iter()
            .any(|s| matches!(s, Scope::Of(_, n) if n == ".default"));
    let all = granted.scopes.iter().filter(of_resource).cloned().collect();
    if wants_all {
        return Ok(all);
    }
    if asked.iter().all(|scope| granted.scopes.contains(scope)) {
        let own = |scope: &&Scope| !matches!(scope, Scope::Of(..));
        let mut scopes: Vec<_> = granted.scopes.iter().filter(own).cloned().collect();
        scopes.extend(asked.iter().filter(|s| matches!(s, Scope::Of(..))).cloned());
        return Ok(scopes);
    }
    Err(65001)
}

/// The person, unless they have to prove once more who they are.
fn unchallenged(service: &Service, granted: &Granted) -> Result<Person, Refusal> {
    let person = service.lock().entra.directory.person(&granted.oid).cloned();
    let person = person.ok_or_else(|| Refusal::of(service, 51004))?;
    match &person.challenge {
        Some(value) => Err(Refusal::of(service, 50076).challenging(value)),
        None => Ok(person),
    }
}

async fn give(
    service: &Service,
    granted: &Granted,
    scopes: &[Scope],
    person: &Person,
    client_info: Option<String>,
) -> Result<Response, Refusal> {
    let key = service.keys.ready().await;
    let key = key.ok_or_else(|| Refusal::of(service, super::NO_KEY))?;
    let now = service.clock().utc();
    let lifetime = service.lock().entra.tokens.expires.as_secs();
    let (from, until) = (seconds(now), seconds(now) + lifetime);
    let names: Vec<_> = scopes.iter().filter_map(name).collect();
    let resource = scopes.iter().find_map(|scope| match scope {
        Scope::Of(resource, _) => Some(*resource),
        _ => None,
    });
    let access = AccessClaims {
        iss: issuer(service),
        aud: resource.unwrap_or(Resource::Graph).audience().to_owned(),
        exp: until,
        iat: from,
        nbf: from,
        sub: subject(&person.oid, &granted.client),
        oid: person.oid.clone(),
        tid: TENANT.to_owned(),
        appid: Some(granted.client.clone()),
        azp: Some(granted.client.clone()),
        scp: names.join(" "),
        ver: "2.0".to_owned(),
    };
    let id = IdClaims {
        iss: issuer(service),
        aud: granted.client.clone(),
        exp: until,
        iat: from,
        nbf: from,
        sub: access.sub.clone(),
        oid: person.oid.clone(),
        tid: TENANT.to_owned(),
        name: person.display_name.clone(),
        preferred_username: person.user_name.clone(),
        nonce: granted.nonce.clone(),
        ver: "2.0".to_owned(),
    };
    let refresh = scopes.contains(&Scope::OfflineAccess).then(|| {
        let grants = &mut service.lock().entra.grants;
        Redacted::from(grants.refresh_token(granted.family, now))
    });
    let texts: Vec<_> = scopes.iter().map(Scope::to_text).collect();
    let answer = TokenAnswer {
        token_type: "Bearer".to_owned(),
        scope: texts.join(" "),
        expires_in: lifetime,
        ext_expires_in: lifetime,
        access_token: Redacted::from(key.sign(&access)),
        refresh_token: refresh,
        id_token: scopes
            .contains(&Scope::OpenId)
            .then(|| Redacted::from(key.sign(&id))),
        client_info,
    };
    let mut answer = http::json(StatusCode::OK, &answer);
    let headers = answer.headers_mut();
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    Ok(answer)
}

fn client_info(person: &Person) -> String {
    let info = ClientInfo {
        uid: person.oid.clone(),
        utid: TENANT.to_owned(),
    };
    URL_SAFE_NO_PAD.encode(serde_json::to_vec(&info).unwrap_or_default())
}

/// As it stands in `scp`.
fn name(scope: &Scope) -> Option<&str> {
    match scope {
        Scope::Of(_, name) => Some(name),
        _ => None,
    }
}

/// Another one for each application, so that two cannot compare notes.
fn subject(oid: &str, client: &str) -> String {
    let text = format!("{oid}|{client}");
    URL_SAFE_NO_PAD.encode(digest::digest(&digest::SHA256, text.as_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_request_names_one_resource() {
        let one = |text: &str| one_resource(&Scope::list(text));
        assert_eq!(one("openid"), Ok(None));
        assert_eq!(one("Chat.Read User.Read"), Ok(Some(Resource::Graph)));
        let both = "Chat.Read https://auth.msft.communication.azure.com/Teams.ManageChats";
        assert_eq!(one(both), Err(700_022));
        assert_eq!(one("https://evil.example/x"), Err(70011));
        let mixed = "https://graph.microsoft.com/.default Chat.Read";
        assert_eq!(one(mixed), Err(70011));
    }

    #[test]
    fn nobody_gets_a_scope_they_did_not_consent_to() {
        let granted = Granted {
            family: 1,
            oid: "o".to_owned(),
            client: "c".to_owned(),
            scopes: Scope::list("openid offline_access Chat.Read"),
            nonce: None,
        };
        let with = |text: &str| {
            let asked = Scope::list(text);
            consented(&granted, &asked, one_resource(&asked).unwrap())
        };
        assert_eq!(with("").unwrap().len(), 3);
        assert_eq!(with("Chat.Read").unwrap().len(), 3);
        assert_eq!(with("Chat.ReadWrite"), Err(65001));
    }

    #[test]
    fn two_applications_know_a_person_by_different_subjects() {
        assert_ne!(subject("o", "a"), subject("o", "b"));
        assert_eq!(subject("o", "a"), subject("o", "a"));
    }
}
