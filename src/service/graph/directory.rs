//! People, presence, and the teams one is in.

use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::Path;
use axum::extract::State;
use axum::http::StatusCode;
use axum::http::Uri;
use axum::response::Response;

use crate::service::Service;
use crate::service::http;
use crate::wire::graph::Page;
use crate::wire::graph::directory as wire;
use crate::wire::graph::query::Pairs;

use super::caller::Caller;
use super::failure::Failure;
use super::tenant::Tenant;
use super::tenant::User;

fn written(user: &User) -> wire::User {
    wire::User {
        id: user.id.clone(),
        display_name: Some(user.name.clone()),
        mail: Some(user.upn.clone()),
        user_principal_name: Some(user.upn.clone()),
        job_title: Some(user.title.clone()),
    }
}

pub(super) async fn me(caller: Caller) -> Result<Response, Failure> {
    caller.needs(&["User.Read"])?;
    Ok(http::json(StatusCode::OK, &written(&caller.user)))
}

pub(super) async fn user(
    State(service): State<Arc<Service>>,
    caller: Caller,
    Path(key): Path<String>,
) -> Result<Response, Failure> {
    caller.needs(&["User.Read", "User.ReadBasic.All"])?;
    let state = service.lock();
    let user = state.tenant.user(&key).ok_or_else(Failure::not_found)?;
    Ok(http::json(StatusCode::OK, &written(user)))
}

/// `$search` finds people by any word of their name, or by the begin of their address.
pub(super) async fn people(
    State(service): State<Arc<Service>>,
    caller: Caller,
    uri: Uri,
) -> Result<Response, Failure> {
    caller.needs(&["People.Read"])?;
    let pairs = Pairs::parse(uri.query().unwrap_or_default());
    let wanted = pairs.option("search").unwrap_or_default();
    let wanted = wanted.trim_matches('"').trim().to_lowercase();
    let fits = |user: &&User| {
        let name = user.name.to_lowercase();
        let words = name.split(' ').any(|word| word.starts_with(&wanted));
        user.id != caller.user.id
            && (words || name.starts_with(&wanted) || user.upn.starts_with(&wanted))
    };
    let state = service.lock();
    let found = state.tenant.users.iter().filter(fits);
    let found = found.map(|user| wire::PersonFound {
        id: user.id.clone(),
        display_name: Some(user.name.clone()),
        user_principal_name: Some(user.upn.clone()),
        job_title: Some(user.title.clone()),
        scored_email_addresses: vec![wire::ScoredEmailAddress {
            address: Some(user.upn.clone()),
            relevance_score: Some(1.0),
        }],
        person_type: Some(wire::PersonType {
            class: Some("Person".to_owned()),
            subclass: Some("OrganizationUser".to_owned()),
        }),
    });
    let page = Page {
        value: found.collect(),
        ..Page::default()
    };
    Ok(http::json(StatusCode::OK, &page))
}

const READ: [&str; 3] = ["Presence.Read", "Presence.ReadWrite", "Presence.Read.All"];

fn presence_of(tenant: &Tenant, id: &str) -> wire::Presence {
    let known = tenant.presence.get(id).cloned();
    let (availability, activity) =
        known.unwrap_or((wire::Availability::Offline, "Offline".to_owned()));
    wire::Presence {
        id: id.to_owned(),
        availability,
        activity,
    }
}

pub(super) async fn my_presence(
    State(service): State<Arc<Service>>,
    caller: Caller,
) -> Result<Response, Failure> {
    caller.needs(&READ)?;
    let presence = presence_of(&service.lock().tenant, &caller.user.id);
    Ok(http::json(StatusCode::OK, &presence))
}

pub(super) async fn presence(
    State(service): State<Arc<Service>>,
    caller: Caller,
    Path(key): Path<String>,
) -> Result<Response, Failure> {
    caller.needs(&["Presence.Read.All"])?;
    let state = service.lock();
    let user = state.tenant.user(&key).ok_or_else(Failure::not_found)?;
    let presence = presence_of(&state.tenant, &user.id);
    Ok(http::json(StatusCode::OK, &presence))
}

pub(super) async fn presences(
    State(service): State<Arc<Service>>,
    caller: Caller,
    body: Bytes,
) -> Result<Response, Failure> {
    caller.needs(&["Presence.Read.All"])?;
    let request: wire::PresencesOf = http::read(&body)?;
    if request.ids.len() > MOST_PRESENCES {
        return Err(Failure::bad("At most 650 ids are asked for in one call."));
    }
    let state = service.lock();
    let known = request
        .ids
        .iter()
        .filter(|id| state.tenant.user(id).is_some());
    let page = Page {
        value: known.map(|id| presence_of(&state.tenant, id)).collect(),
        ..Page::default()
    };
    Ok(http::json(StatusCode::OK, &page))
}

/// What somebody chooses to be seen as, or that they choose nothing.
pub(super) async fn set_presence(
    State(service): State<Arc<Service>>,
    caller: Caller,
    Path((key, act)): Path<(String, String)>,
    body: Bytes,
) -> Result<Response, Failure> {
    caller.needs(&["Presence.ReadWrite"])?;
    let mut state = service.lock();
    let user = state.tenant.user(&key).ok_or_else(Failure::not_found)?;
    if user.id != caller.user.id {
        return Err(Failure::forbidden("Only the own presence can be set."));
    }
    let id = caller.user.id;
    match act.as_str() {
        "setUserPreferredPresence" => {
            let request: wire::PreferredPresence = http::read(&body)?;
            let fits = wire::PreferredPresence::of(request.availability.clone());
            if fits.is_none_or(|fits| fits.activity != request.activity) {
                return Err(Failure::bad(
                    "This availability and activity do not go together.",
                ));
            }
            let chosen = (request.availability, request.activity);
            state.tenant.presence.insert(id, chosen);
        }
        "clearUserPreferredPresence" => {
            let chosen = (wire::Availability::Available, "Available".to_owned());
            state.tenant.presence.insert(id, chosen);
        }
        _ => return Err(Failure::not_found()),
    }
    Ok(http::empty(StatusCode::OK))
}

pub(super) async fn teams(
    State(service): State<Arc<Service>>,
    caller: Caller,
) -> Result<Response, Failure> {
    caller.needs(&["Team.ReadBasic.All"])?;
    let state = service.lock();
    let joined = state.tenant.teams.iter().filter(|team| {
        let mut channels = team.channels.iter();
        channels.any(|id| state.store.thread_for(id, &caller.raw).is_ok())
    });
    let page = Page {
        value: joined
            .map(|team| wire::Team {
                id: team.id.clone(),
                display_name: Some(team.name.clone()),
                description: None,
            })
            .collect(),
        ..Page::default()
    };
    Ok(http::json(StatusCode::OK, &page))
}

pub(super) async fn channels(
    State(service): State<Arc<Service>>,
    caller: Caller,
    Path(team): Path<String>,
) -> Result<Response, Failure> {
    caller.needs(&["Channel.ReadBasic.All"])?;
    let state = service.lock();
    let team = state.tenant.teams.iter().find(|known| known.id == team);
    let team = team.ok_or_else(Failure::not_found)?;
    let mine = team.channels.iter();
    let mine = mine.filter_map(|id| state.store.thread_for(id, &caller.raw).ok());
    let page = Page {
        value: mine
            .map(|thread| wire::Channel {
                id: thread.id.to_string(),
                display_name: Some(thread.topic.clone()),
                description: None,
                membership_type: Some("standard".to_owned()),
                web_url: None,
            })
            .collect(),
        ..Page::default()
    };
    Ok(http::json(StatusCode::OK, &page))
}

const MOST_PRESENCES: usize = 650;
