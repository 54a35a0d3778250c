//! The token endpoint, and the exchange of what it gives for a token of ACS.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use axum::body::Bytes;
use axum::extract::Path;
use axum::extract::State;
use axum::http::HeaderValue;
use axum::http::StatusCode;
use axum::http::Uri;
use axum::http::header;
use axum::response::Response;

use crate::clock::Timestamp;
use crate::service::Service;
use crate::service::http;
use crate::service::identity::Minted;
use crate::service::keys::SigningKey;
use crate::service::store;
use crate::wire::acs::identity::Scope as AcsScope;
use crate::wire::acs::redacted::Redacted;
use crate::wire::entra::AccessClaims;
use crate::wire::entra::DEVICE_GRANT;
use crate::wire::entra::IdClaims;
use crate::wire::entra::TokenAnswer;
use crate::wire::entra::scope::Resource;
use crate::wire::entra::scope::Scope;
use crate::wire::entra::scope::TEAMS;

use super::Entra;
use super::NO_KEY;
use super::TENANT;
use super::authorize::MALFORMED;
use super::authorize::pairs;
use super::check_client;
use super::check_tenant;
use super::device::Not;
use super::directory::Person;
use super::grants::Granted;
use super::issuer;
use super::provoked;
use super::refusal::Refusal;
use super::seconds;

/// `POST /{tenant}/oauth2/v2.0/token`.
pub(super) async fn answer(
    State(service): State<Arc<Service>>,
    Path(tenant): Path<String>,
    uri: Uri,
    body: Bytes,
) -> Result<Response, Refusal> {
    provoked(&service, &uri)?;
    check_tenant(&service, &tenant)?;
    let form = pairs(&body).ok_or_else(|| Refusal::of(&service, MALFORMED))?;
    let client = check_client(&service, form.get("client_id").map(String::as_str))?;
    if form.contains_key("client_secret") || form.contains_key("client_assertion") {
        return Err(Refusal::of(&service, 700_025));
    }
    let key = service.keys.ready().await;
    let key = key.ok_or_else(|| Refusal::of(&service, NO_KEY))?;
    let answer = grant(&service, &form, &client, &key)?;
    let mut answer = http::json(StatusCode::OK, &answer);
    let no_store = HeaderValue::from_static("no-store");
    answer.headers_mut().insert(header::CACHE_CONTROL, no_store);
    Ok(answer)
}

/// Checks and uses up what was shown, in one piece.
fn grant(
    service: &Service,
    form: &HashMap<String, String>,
    client: &str,
    key: &SigningKey,
) -> Result<TokenAnswer, Refusal> {
    let get = |name: &str| form.get(name).map(String::as_str);
    let need = |name: &str| get(name).ok_or_else(|| Refusal::of(service, super::MISSING));
    let numbered = |code| Refusal::of(service, code);
    let now = service.clock().utc();
    let kind = need("grant_type")?;
    let mut state = service.lock();
    let entra = &mut state.entra;
    let granted = match kind {
        "authorization_code" => {
            let (code, verifier) = (need("code")?, need("code_verifier")?);
            let redeemed = entra
                .grants
                .redeem(code, client, need("redirect_uri")?, verifier, now);
            redeemed.map_err(numbered)?
        }
        "refresh_token" => {
            let shown = entra.grants.of_refresh(need("refresh_token")?, client, now);
            shown.map_err(numbered)?
        }
        DEVICE_GRANT => {
            let allowed = entra.devices.poll(need("device_code")?, client, now);
            let allowed = allowed.map_err(|not| not.refusal(service))?;
            entra
                .grants
                .grant(&allowed.oid, client, allowed.scopes, None)
        }
        _ => return Err(numbered(70003)),
    };
    let wanted = match get("scope") {
        Some(text) => Scope::list(text),
        None => first_resource(&granted.scopes),
    };
    let resource = resource_of(&wanted).map_err(numbered)?;
    let unknown = |scope: &Scope| matches!(scope, Scope::Unknown(_));
    if wanted.iter().any(unknown) {
        return Err(numbered(70011));
    }
    let person = entra.directory.person(&granted.oid).cloned();
    let person = person.ok_or_else(|| numbered(50034))?;
    if let Some(challenge) = &person.challenge {
        return Err(numbered(50076).challenging(challenge));
    }
    if let (Some(_), "refresh_token") = (resource, kind) {
        let agreed =
            |scope: &&Scope| matches!(scope, Scope::Of(..)) && !granted.scopes.contains(scope);
        if wanted.iter().find(agreed).is_some() {
            return Err(numbered(65001));
        }
    }
    if let Some(used) = get("refresh_token") {
        entra.grants.use_up(used);
    }
    let made = Made {
        issuer: issuer(service),
        granted: &granted,
        person: &person,
        resource,
        wanted: &wanted,
        now,
        lifetime: entra.lifetime.0,
    };
    Ok(made.answer(entra, key))
}

/// Everything that goes into one answer.
struct Made<'a> {
    issuer: String,
    granted: &'a Granted,
    person: &'a Person,
    resource: Option<Resource>,
    wanted: &'a [Scope],
    now: Timestamp,
    lifetime: Duration,
}

impl Made<'_> {
    fn answer(&self, entra: &mut Entra, key: &SigningKey) -> TokenAnswer {
        let has = |scope: &Scope| self.granted.scopes.contains(scope);
        let refresh_token = has(&Scope::OfflineAccess)
            .then(|| entra.grants.refresh_token(self.granted.family, self.now));
        let id_token = has(&Scope::OpenId).then(|| key.sign(&self.id()));
        let scope = self.wanted.iter().map(Scope::to_text).collect::<Vec<_>>();
        TokenAnswer {
            token_type: "Bearer".to_owned(),
            scope: scope.join(" "),
            expires_in: self.lifetime.as_secs(),
            ext_expires_in: self.lifetime.as_secs(),
            access_token: Redacted::from(key.sign(&self.access())),
            refresh_token: refresh_token.map(Redacted::from),
            id_token: id_token.map(Redacted::from),
        }
    }

    fn expires(&self) -> u64 {
        seconds(self.now) + self.lifetime.as_secs()
    }

    /// Pairwise: no two applications can compare whom they know.
    fn subject(&self) -> String {
        super::grants::challenge(&format!("{} {}", self.granted.client, self.person.oid))
    }

    fn access(&self) -> AccessClaims {
        let names = self.wanted.iter().filter_map(|scope| match scope {
            Scope::Of(_, name) => Some(name.as_str()),
            _ => None,
        });
        AccessClaims {
            iss: self.issuer.clone(),
            aud: self
                .resource
                .unwrap_or(Resource::Graph)
                .audience()
                .to_owned(),
            exp: self.expires(),
            iat: seconds(self.now),
            nbf: seconds(self.now),
            sub: self.subject(),
            oid: self.person.oid.clone(),
            tid: TENANT.to_owned(),
            appid: Some(self.granted.client.clone()),
            azp: None,
            scp: names.collect::<Vec<_>>().join(" "),
            ver: "1.0".to_owned(),
        }
    }

    fn id(&self) -> IdClaims {
        IdClaims {
            iss: self.issuer.clone(),
            aud: self.granted.client.clone(),
            exp: self.expires(),
            iat: seconds(self.now),
            nbf: seconds(self.now),
            sub: self.subject(),
            oid: self.person.oid.clone(),
            tid: TENANT.to_owned(),
            name: self.person.display_name.clone(),
            preferred_username: self.person.user_name.clone(),
            nonce: self.granted.nonce.clone(),
            ver: "2.0".to_owned(),
        }
    }
}

impl Not {
    fn refusal(self, service: &Service) -> Refusal {
        match self {
            Self::Number(code) => Refusal::of(service, code),
            Self::SlowDown => {
                Refusal::named(service, 70016, "slow_down", "The device asks too often.")
            }
            Self::Declined => Refusal::named(
                service,
                65004,
                "authorization_declined",
                "The person declined.",
            ),
        }
    }
}

/// The one resource that scopes are of; none at all where only the person is asked about.
fn resource_of(scopes: &[Scope]) -> Result<Option<Resource>, u32> {
    let mut resources = scopes.iter().filter_map(|scope| match scope {
        Scope::Of(resource, _) => Some(*resource),
        _ => None,
    });
    let first = resources.next();
    match resources.find(|resource| Some(*resource) != first) {
        Some(_) => Err(700_022),
        None => Ok(first),
    }
}

/// Without a word about scopes, those of the first resource that was consented to.
fn first_resource(granted: &[Scope]) -> Vec<Scope> {
    let first = granted.iter().find_map(|scope| match scope {
        Scope::Of(resource, _) => Some(*resource),
        _ => None,
    });
    let same = |scope: &&Scope| match scope {
        Scope::Of(resource, _) => Some(*resource) == first,
        _ => true,
    };
    granted.iter().filter(same).cloned().collect()
}

/// A token of this provider for ACS becomes one of ACS (identity.md 1.5). The application and the person that the
/// caller names must be those of the token.
pub(in crate::service) async fn exchange(
    service: &Service,
    token: &str,
    app_id: &str,
    user_id: &str,
) -> Result<Minted, store::Refusal> {
    use store::Refusal;
    let key = service.keys.ready().await;
    let key = key.ok_or(Refusal::Unavailable(
        "There is no key to check tokens with.",
    ))?;
    let claims: AccessClaims = key.read(token).ok_or(Refusal::Unauthorized(
        "The token was not signed by the directory.",
    ))?;
    let now = seconds(service.clock().utc());
    if claims.exp <= now || claims.nbf > now {
        return Err(Refusal::Unauthorized("The token is not valid now."));
    }
    if claims.aud != Resource::Acs.audience() || claims.tid != TENANT {
        return Err(Refusal::Unauthorized("The token is for another resource."));
    }
    if claims.appid.as_deref() != Some(app_id) || claims.oid != user_id {
        return Err(Refusal::Forbidden(
            "The token is of another application or another person than the request says.",
        ));
    }
    let held: Vec<&str> = claims.scp.split(' ').collect();
    if !TEAMS.iter().all(|needed| held.contains(needed)) {
        return Err(Refusal::Forbidden(
            "The token lacks Teams.ManageCalls or Teams.ManageChats.",
        ));
    }
    let id = format!("8:orgid:{}", claims.oid);
    {
        let mut state = service.lock();
        let name = state.entra.directory.person(&claims.oid);
        let name = name.map(|person| person.display_name.clone());
        let name = name.ok_or(Refusal::Forbidden(
            "The directory does not know that person.",
        ))?;
        state.store.identities.register(&id, Some(name));
    }
    let lifetime = Duration::from_secs(claims.exp - now);
    service
        .mint(&id, &[AcsScope::Chat, AcsScope::Voip], lifetime)
        .await
}

#[cfg(test)]
mod tests {
    use super::*;

    fn graph(name: &str) -> Scope {
        Scope::Of(Resource::Graph, name.to_owned())
    }

    #[test]
    fn a_token_is_of_one_resource() {
        let acs = Scope::Of(Resource::Acs, TEAMS[0].to_owned());
        assert_eq!(resource_of(&[Scope::OpenId]), Ok(None));
        assert_eq!(
            resource_of(&[graph("Chat.Read"), graph("User.Read")]),
            Ok(Some(Resource::Graph))
        );
        assert_eq!(
            resource_of(&[graph("Chat.Read"), acs.clone()]),
            Err(700_022)
        );
        let granted = [Scope::OpenId, acs.clone(), graph("Chat.Read")];
        assert_eq!(first_resource(&granted), [Scope::OpenId, acs]);
    }
}
