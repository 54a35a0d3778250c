//! The control API: what tests, demos and operators make the service and its people do.
//!
//! Everything below `{controlUrl}/v1` with `Authorization: Bearer {controlKey}`; both are in
//! the ready line. Bodies are JSON, an absent one is `{}`; thread ids and raw ids in paths
//! are percent-encoded. Times called `mono` are seconds of `CLOCK_MONOTONIC`. People are
//! named by raw id or by display name. Any `mark` is written to the marks file with the time.
//!
//! | request | body, and answer |
//! |---|---|
//! | `POST /meetings` | `{"topic":"Design review","lobby":"organization","guestRole":"presenter","organizer":"Alice"}` → `{"link","guestLink","id","passcode","threadId"}` |
//! | `GET /meetings/{thread}` | → `{"link","guestLink","id","passcode","threadId","options","people":[{"id","displayName","isInside","isClient"}]}` |
//! | `PATCH /meetings/{thread}` | any of the options, and `"refuseJoins":[403,5221]` or `null` |
//! | `POST /meetings/{thread}/participants` | `{"name":"Bob","external":false,"role":"presenter","admit":true}` → `{"id":"8:orgid:…"}`; the organizer's own name brings the organizer |
//! | `POST /meetings/{thread}/participants/{who}/{act}` | `admit`, `deny`, `timeOut`, `remove`, `leave`, `mute`, `unmute`, `raiseHand`, `lowerHand`, `hold`, `resume` with `{}`; `react` `{"reaction":"like"}`; `role` `{"role":"presenter"}`; `quality` `{"quality":"poor"}`; `caption`, `text` `{"words":{"text":"so","isFinal":false}}`; `end` `{"code":410,"subcode":301005}` |
//! | `POST /meetings/{thread}/{act}` | `admitAll`, `end`, `muteAll` with `{}`; `talking` `{"ids":["Bob"]}` |
//! | `POST /meetings/{thread}/recording` | `{"active":true,"byName":"Alice","mark":"m1"}` → `{"written":[1234.5]}`; `transcription` alike. A host with `--recordings` writes the sound to a file exactly while recording is on; without, the state alone changes |
//! | `POST /meetings/{thread}/consent` | `{"required":true}` |
//! | `POST /meetings/{thread}/cast` | `{"seed":7,"admitAfterMillis":0}`: scripted people come and act by themselves |
//! | `POST /threads/{thread}/messages` | `{"as":"Bob","text":"hello"}` or `{"as":"Bob","html":"<b>hello</b>"}` → `{"id","mono"}` |
//! | `POST /threads/{thread}/messages/{id}/{act}` | `edit` `{"as":"Bob","content":"hello!"}`, `delete` `{"as":"Bob"}`, `read` `{"as":"Bob"}` |
//! | `POST /threads/{thread}/typing` | `{"as":"Bob"}` |
//! | `POST /threads/{thread}/say` | `{"first":0,"n":1000,"rate":200.0,"as":["Bob","Carol"]}` → `{"t":[1234.5,…],"ids":[…]}`; without a rate as fast as clients take it |
//! | `GET /threads/{thread}/messages` | → `{"messages":[{"id","version","sequence","sender","senderName","type","content","createdOn","editedOn","deletedOn"}]}`: the truth |
//! | `POST /marks` | `{"mark":"m1"}` → `{"mono":1234.5}`; `{"file":"/tmp/marks"}` says where |
//! | `POST /faults` | `{"class":"chatWrite","effect":{"refuse":{"status":429,"retryAfter":2}},"times":3}`; effects also `{"signIn":53003}` of class `signIn` (a number of Entra ID's), `{"delay":50}` (milliseconds), `"lose"` (carried out, and answered with 504), `"duplicate"`, `"reorder"`, `"swallow"` |
//! | `GET /faults`, `DELETE /faults`, `DELETE /faults/{class}` | what is on; switches off |
//! | `POST /drop` | `{"channel":"chat","how":"drop","who":"8:acs:…"}`: connections end; `channel` also `call`, `how` also `close`, `unauthorized` |
//! | `POST /reconnect` | `{"who":"8:acs:…"}`: clients of the chat channel are asked to connect anew before they lose it |
//! | `POST /loss` | `{"who":"8:acs:…"}`: clients are told that notifications were lost |
//! | `POST /silence` | `{"millis":700}`: call connections say nothing for so long |
//! | `POST /keys/{primary or secondary}/regenerate` | → `{"connectionString"}`; tokens of the old key end |
//! | `POST /tokens/expire`, `POST /tokens/revoke` | all tokens end now; `{"who":"8:acs:…"}` loses theirs |
//! | `POST /rateLimits` | `{"on":true}` |
//! | `POST /directory` | `{"userName":"dora@sidetone.example","displayName":"Dora"}` → `{"oid"}`: somebody who can sign in |
//! | `POST /directory/challenge` | `{"userName":"ada@sidetone.example"}`: their tokens are refused with claims until they sign in with those |
//! | `POST /directory/revoke` | `{"userName":…}` or `{}` for everybody: their refresh tokens end |
//! | `POST /directory/device` | `{"expiresIn":900,"interval":5}`: seconds, for devices from now on |
//! | `POST /directory/sign` | `{"claims":{…}}` → `{"token"}`: any claims, signed with the key of the directory |
//! | `GET /directory/requests` | → `{"tokens"}`: how often the token endpoint was asked, whoever asked |
//! | `POST /graph/tokens` | `{"user":"ada@sidetone.example","scopes":"Chat.Read","seconds":3600}` → `{"token"}` for Microsoft Graph; without scopes, all of them |
//! | `POST /graph/plant` | `{"meeting":"19:…"}`: chats, a team, and Ada Quist's place in a meeting |
//! | `POST /graph/invite` | `{"meeting":"19:…","name":"Ada Quist"}` |
//! | `POST /graph/events/{chat}` | an `eventDetail`, which becomes a system message |
//! | `POST /graph/challenge` | `{"on":true}`: every Graph token is answered with a challenge to sign in anew |
//! | `POST /graph/cut` | the sockets of all Graph subscriptions end |
//! | `POST /graph/lifecycle` | `{"event":"missed"}` (or `reauthorizationRequired`, `subscriptionRemoved`): every webhook is told |
//! | `GET /graph/requests` | → `{"requests","reads"}`: how many there were of Microsoft Graph, whoever asked, and how many of them only read |
//!
//! For programs that cannot send a header the benchmark's two calls are also below
//! `/v1/key/{controlKey}`: `GET …/bench/joined` → `{"joined":true}` once a client is in a
//! meeting and hears of messages, and `POST …/bench/send` `{"first":0,"n":100,"rate":null}` → `{"t":[…]}`.

mod bench;
mod directory;
mod faults;
mod graph;
mod meetings;
mod threads;

use std::sync::Arc;

use axum::Router;
use axum::extract::Request;
use axum::extract::State;
use axum::middleware;
use axum::middleware::Next;
use axum::response::IntoResponse;
use axum::response::Response;

use super::Service;
use super::http;
use super::store::Refusal;

pub(super) fn routes(service: &Arc<Service>) -> Router<Arc<Service>> {
    let api = Router::new()
        .merge(meetings::routes())
        .merge(threads::routes())
        .merge(faults::routes())
        .merge(directory::routes())
        .merge(graph::routes())
        .layer(middleware::from_fn_with_state(
            service.clone(),
            operators_only,
        ));
    Router::new()
        .nest("/control/v1", api)
        .nest("/control/v1/key/{key}", bench::routes())
}

async fn operators_only(
    State(service): State<Arc<Service>>,
    request: Request,
    next: Next,
) -> Response {
    let given = http::bearer(request.headers());
    match given.and_then(|key| check(&service, key)) {
        Ok(()) => next.run(request).await,
        Err(refusal) => refusal.into_response(),
    }
}

fn check(service: &Service, key: &str) -> Result<(), Refusal> {
    if key == service.control_key() {
        return Ok(());
    }
    Err(Refusal::Unauthorized("This needs the control key."))
}

const NO_MEETING: Refusal = Refusal::NotFound("There is no such meeting.");
const NOBODY: Refusal = Refusal::NotFound("There is no such participant there.");
