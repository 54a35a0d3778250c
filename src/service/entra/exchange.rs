//! Tokens of the directory become tokens of the resource: for a token service that signs, and directly.

use std::time::Duration;

use crate::clock::Timestamp;
use crate::service::Minted;
use crate::service::RESOURCE;
use crate::service::Service;
use crate::service::store;
use crate::wire::acs::identity::Scope as AcsScope;
use crate::wire::acs::identity::TeamsUserExchangeTokenRequest;
use crate::wire::entra::AccessClaims;
use crate::wire::entra::scope::Resource;
use crate::wire::entra::scope::TEAMS;

use super::TENANT;
use super::issuer;
use super::seconds;

/// What `teamsUser/:exchangeAccessToken` does with a token of this directory.
pub(in crate::service) async fn exchange(
    service: &Service,
    request: &TeamsUserExchangeTokenRequest,
) -> Result<(String, Minted), store::Refusal> {
    let key = service.keys.ready().await;
    let key = key.ok_or(store::Refusal::Unavailable("There is no key."))?;
    let claims: AccessClaims = key.read(&request.token).ok_or(FOREIGN)?;
    let now = service.clock().utc();
    check(&claims, Resource::Acs, &issuer(service), now)?;
    let granted: Vec<_> = claims.scp.split(' ').collect();
    if !TEAMS.iter().all(|needed| granted.contains(needed)) {
        return Err(LACKING);
    }
    let application = claims.appid.as_ref().or(claims.azp.as_ref());
    if application != Some(&request.app_id) {
        return Err(OTHER_APPLICATION);
    }
    if claims.oid != request.user_id {
        return Err(OTHER_USER);
    }
    let raw_id = format!("8:orgid:{}", claims.oid);
    {
        let mut state = service.lock();
        let person = state.entra.directory.person(&claims.oid);
        let name = person.ok_or(FOREIGN)?.display_name.clone();
        if !state.store.identities.knows(&raw_id) {
            state.store.identities.register(&raw_id, Some(name));
        }
    }
    let left = claims.exp.saturating_sub(seconds(now));
    let minted = service
        .mint(
            &raw_id,
            &[AcsScope::Chat, AcsScope::Voip],
            Duration::from_secs(left),
        )
        .await?;
    Ok((raw_id, minted))
}

/// What `access/entra/:exchangeAccessToken` does: whoever the token is of becomes a communication user of the
/// resource, always the same one, with the scopes they agreed to.
pub(in crate::service) async fn exchange_directly(
    service: &Service,
    token: &str,
) -> Result<(String, Minted), store::Refusal> {
    let key = service.keys.ready().await;
    let key = key.ok_or(store::Refusal::Unavailable("There is no key."))?;
    let claims: AccessClaims = key.read(token).ok_or(FOREIGN)?;
    let now = service.clock().utc();
    check(&claims, Resource::AcsClients, &issuer(service), now)?;
    let scopes: Vec<_> = claims.scp.split(' ').flat_map(scopes_of).collect();
    if scopes.is_empty() {
        return Err(NO_SCOPE);
    }
    let id = format!("8:acs:{RESOURCE}_{}", claims.oid);
    {
        let mut state = service.lock();
        let person = state.entra.directory.person(&claims.oid);
        let name = person.ok_or(FOREIGN)?.display_name.clone();
        if !state.store.identities.knows(&id) {
            state.store.identities.register(&id, Some(name));
        }
    }
    let left = Duration::from_secs(claims.exp.saturating_sub(seconds(now)));
    let minted = service.mint(&id, &scopes, left).await?;
    Ok((id, minted))
}

/// The scopes of the resource behind a permission of the directory.
fn scopes_of(permission: &str) -> Vec<AcsScope> {
    match permission {
        ".default" => vec![AcsScope::Chat, AcsScope::Voip],
        "Chat" => vec![AcsScope::Chat],
        "Chat.Join" => vec![AcsScope::ChatJoin],
        "Chat.Join.Limited" => vec![AcsScope::ChatJoinLimited],
        "VoIP" => vec![AcsScope::Voip],
        "VoIP.Join" => vec![AcsScope::VoipJoin],
        _ => Vec::new(),
    }
}

fn check(
    claims: &AccessClaims,
    resource: Resource,
    issuer: &str,
    now: Timestamp,
) -> Result<(), store::Refusal> {
    let now = seconds(now);
    if claims.iss != issuer || claims.tid != TENANT || claims.aud != resource.audience() {
        return Err(FOREIGN);
    }
    if claims.exp <= now || claims.nbf > now + LEEWAY {
        return Err(OUT_OF_TIME);
    }
    Ok(())
}

const LEEWAY: u64 = 300;
const FOREIGN: store::Refusal =
    store::Refusal::Unauthorized("The token is not one of this directory for this resource.");
const OUT_OF_TIME: store::Refusal =
    store::Refusal::Unauthorized("The token has expired, or is not valid yet.");
const LACKING: store::Refusal =
    store::Refusal::Forbidden("The token lacks Teams.ManageCalls or Teams.ManageChats.");
const OTHER_APPLICATION: store::Refusal =
    store::Refusal::Forbidden("The token was made for another application than appId.");
const OTHER_USER: store::Refusal =
    store::Refusal::Forbidden("The token is of another user than userId.");
const NO_SCOPE: store::Refusal =
    store::Refusal::Forbidden("The token has no permission to chat or to call.");
