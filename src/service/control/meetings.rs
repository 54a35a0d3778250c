//! Meetings by remote control.

use std::sync::Arc;
use std::time::Duration;

use axum::Json;
use axum::Router;
use axum::body::Bytes;
use axum::extract::Path;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use axum::routing::get;
use axum::routing::post;
use serde::Deserialize;
use serde_json::Value;
use serde_json::json;

use crate::service::MeetingAddress;
use crate::service::Service;
use crate::service::cast::Cast;
use crate::service::http;
use crate::service::meetings::Arrival;
use crate::service::meetings::Meeting;
use crate::service::meetings::NoSuchParticipant;
use crate::service::meetings::Now;
use crate::service::meetings::Options;
use crate::service::meetings::Output;
use crate::service::meetings::Whom;
use crate::service::store::Refusal;
use crate::wire::local::Audio;
use crate::wire::local::Ended;
use crate::wire::local::NoticeKind;
use crate::wire::local::Quality;
use crate::wire::local::Reaction;
use crate::wire::local::Role;
use crate::wire::local::Words;

use super::NO_MEETING;
use super::NOBODY;

pub(super) fn routes() -> Router<Arc<Service>> {
    Router::new()
        .route("/meetings", post(create))
        .route("/meetings/{thread}", get(show).patch(change))
        .route("/meetings/{thread}/participants", post(add))
        .route("/meetings/{thread}/participants/{who}/{act}", post(person))
        .route("/meetings/{thread}/{act}", post(everybody))
}

#[derive(Deserialize)]
struct Create {
    #[serde(default = "alice")]
    organizer: String,
    #[serde(flatten)]
    options: serde_json::Map<String, Value>,
}

fn alice() -> String {
    "Alice Moreau".to_owned()
}

async fn create(State(service): State<Arc<Service>>, body: Bytes) -> Result<Response, Refusal> {
    let wanted: Create = http::read(&body)?;
    let options = serde_json::from_value(Value::Object(wanted.options)).map_err(invalid)?;
    let names = service.create_meeting(options, &wanted.organizer)?;
    Ok(http::json(
        StatusCode::CREATED,
        &MeetingAddress::from(names),
    ))
}

async fn show(
    State(service): State<Arc<Service>>,
    Path(thread): Path<String>,
) -> Result<Json<Value>, Refusal> {
    let state = service.lock();
    let meeting = state.meetings.get(&thread).ok_or(NO_MEETING)?;
    let address = MeetingAddress::from(meeting.names.clone());
    let mut shown = serde_json::to_value(address).map_err(invalid)?;
    shown["options"] = serde_json::to_value(&meeting.options).map_err(invalid)?;
    let people = meeting.everybody().map(|(who, is_inside, is_client)| {
        json!({
            "id": who.id,
            "displayName": who.display_name,
            "isInside": is_inside,
            "isClient": is_client,
        })
    });
    shown["people"] = people.collect();
    Ok(Json(shown))
}

async fn change(
    State(service): State<Arc<Service>>,
    Path(thread): Path<String>,
    body: Bytes,
) -> Result<Json<Value>, Refusal> {
    let mut patch: serde_json::Map<String, Value> = http::read(&body)?;
    let refuse = patch.remove("refuseJoins");
    let refuse: Option<Option<(u32, u32)>> = refuse
        .map(serde_json::from_value)
        .transpose()
        .map_err(invalid)?;
    act(&service, &thread, |meeting, _, out| {
        let mut options = serde_json::to_value(&meeting.options).map_err(invalid)?;
        if let Some(known) = options.as_object_mut() {
            known.extend(patch);
        }
        let options: Options = serde_json::from_value(options).map_err(invalid)?;
        let consent = options.consent_required;
        meeting.options = options;
        meeting.require_consent(consent, out);
        meeting.refuse_joins = refuse.unwrap_or(meeting.refuse_joins);
        Ok(())
    })??;
    Ok(Json(json!({})))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Add {
    name: String,
    #[serde(default)]
    external: bool,
    role: Option<Role>,
    #[serde(default = "yes")]
    admit: bool,
}

const fn yes() -> bool {
    true
}

async fn add(
    State(service): State<Arc<Service>>,
    Path(thread): Path<String>,
    body: Bytes,
) -> Result<Response, Refusal> {
    let wanted: Add = http::read(&body)?;
    let id = service.add_to_meeting(&thread, &wanted.name, wanted.external, wanted.role)?;
    if wanted.admit {
        // Whoever did not have to wait is in already.
        let _ = act(&service, &thread, |meeting, now, out| {
            meeting.admit(&id, now, out)
        })?;
    }
    Ok(http::json(StatusCode::CREATED, &json!({ "id": id })))
}

impl Service {
    /// A scripted participant arrives, at the door if that is the meeting's rule. The
    /// organizer's own name brings the organizer.
    pub fn add_to_meeting(
        &self,
        thread: &str,
        name: &str,
        external: bool,
        role: Option<Role>,
    ) -> Result<String, Refusal> {
        if external {
            let id = self.lock().store.identities.create(Some(name.to_owned()));
            self.arrive(thread, &id, name, role)?;
            return Ok(id);
        }
        let organizer = self.lock().meetings.organizer(thread).cloned();
        let organizer = organizer.filter(|who| who.display_name.as_deref() == Some(name));
        let (id, role) = match organizer {
            Some(who) => (who.id, role.or(Some(Role::Organizer))),
            None => (self.new_colleague(name), role),
        };
        self.arrive(thread, &id, name, role)?;
        Ok(id)
    }

    /// Somebody of the script whose raw id is known comes, perhaps again.
    pub fn arrive(
        &self,
        thread: &str,
        id: &str,
        name: &str,
        role: Option<Role>,
    ) -> Result<(), Refusal> {
        act(self, thread, |meeting, now, out| {
            let arrival = Arrival {
                id: id.to_owned(),
                name: name.to_owned(),
                role,
                socket: None,
                call_id: uuid::Uuid::new_v4().to_string(),
                rejoin: None,
                token_until: None,
                audio: Audio::Full,
            };
            meeting.join(arrival, now, out);
        })
    }
}

#[derive(Deserialize)]
struct OnPerson {
    by: Option<String>,
    reaction: Option<Reaction>,
    role: Option<Role>,
    quality: Option<Quality>,
    code: Option<u32>,
    subcode: Option<u32>,
    words: Option<Words>,
}

async fn person(
    State(service): State<Arc<Service>>,
    Path((thread, who, what)): Path<(String, String, String)>,
    body: Bytes,
) -> Result<Json<Value>, Refusal> {
    let body: OnPerson = http::read(&body)?;
    let organizer = organizer(&service, &thread)?;
    act(&service, &thread, |meeting, now, out| {
        let id = meeting.named(&who).ok_or(NOBODY)?.id;
        let by = meeting.named(body.by.as_deref().unwrap_or(&organizer));
        let acted = match what.as_str() {
            "admit" => meeting.admit(&id, now, out),
            "deny" => meeting.deny(&id, by, out),
            "timeOut" => meeting.let_time_out(&id, out),
            "remove" => meeting.remove(&id, by, out),
            "leave" => meeting.leave(&id, out),
            "mute" => meeting.mute(&Whom::These(vec![id]), &by.ok_or(NOBODY)?, out),
            "unmute" => meeting.set_muted(&id, false, out),
            "raiseHand" => meeting.raise_hand(&id, true, out),
            "lowerHand" => meeting.raise_hand(&id, false, out),
            "hold" => meeting.hold(&id, true, out),
            "resume" => meeting.hold(&id, false, out),
            "react" => meeting.react(&id, body.reaction.ok_or_else(missing)?, out),
            "role" => meeting.set_role(&id, body.role.ok_or_else(missing)?, out),
            "caption" => meeting.caption(&id, body.words.ok_or_else(missing)?, out),
            "text" => meeting.real_time_text(&id, body.words.ok_or_else(missing)?, out),
            "quality" => meeting.set_quality(&id, body.quality.ok_or_else(missing)?, out),
            "end" => {
                let ended = Ended {
                    code: body.code.unwrap_or_default(),
                    subcode: body.subcode.unwrap_or_default(),
                    by: None,
                };
                meeting.stop(&id, ended, out)
            }
            _ => return Err(NO_ACT),
        };
        acted.map_err(|NoSuchParticipant| NOBODY)
    })??;
    Ok(Json(json!({})))
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct OnMeeting {
    active: Option<bool>,
    by_name: Option<String>,
    mark: Option<String>,
    required: Option<bool>,
    #[serde(default)]
    ids: Vec<String>,
    #[serde(default)]
    seed: u64,
    #[serde(default)]
    admit_after_millis: u64,
}

async fn everybody(
    State(service): State<Arc<Service>>,
    Path((thread, what)): Path<(String, String)>,
    body: Bytes,
) -> Result<Json<Value>, Refusal> {
    let body: OnMeeting = http::read(&body)?;
    let kind = match what.as_str() {
        "recording" => Some(NoticeKind::Recording),
        "transcription" => Some(NoticeKind::Transcription),
        _ => None,
    };
    if let Some(kind) = kind {
        return notice(&service, &thread, kind, body).await;
    }
    if what == "cast" {
        let cast = Cast {
            seed: body.seed,
            admit_after: Duration::from_millis(body.admit_after_millis),
        };
        organizer(&service, &thread)?;
        cast.start(&service, &thread);
        return Ok(Json(json!({})));
    }
    let organizer = organizer(&service, &thread)?;
    act(&service, &thread, |meeting, now, out| {
        let acted = match what.as_str() {
            "admitAll" => {
                meeting.admit_all(now, out);
                Ok(())
            }
            "end" => {
                meeting.end(meeting.named(&organizer), out);
                Ok(())
            }
            "muteAll" => {
                let by = meeting.named(&organizer).ok_or(NOBODY)?;
                meeting.mute(&Whom::Everyone, &by, out)
            }
            "talking" => {
                let found = body.ids.iter().map(|who| Some(meeting.named(who)?.id));
                let ids = found.collect::<Option<Vec<_>>>().ok_or(NOBODY)?;
                meeting.set_talking(ids, out)
            }
            "consent" => {
                meeting.require_consent(body.required.ok_or_else(missing)?, out);
                Ok(())
            }
            _ => return Err(NO_ACT),
        };
        acted.map_err(|NoSuchParticipant| NOBODY)
    })??;
    Ok(Json(json!({})))
}

async fn notice(
    service: &Service,
    thread: &str,
    kind: NoticeKind,
    body: OnMeeting,
) -> Result<Json<Value>, Refusal> {
    let active = body.active.ok_or_else(missing)?;
    let written = match kind {
        NoticeKind::Recording => service.set_recording(thread, active, body.by_name)?,
        NoticeKind::Transcription => {
            let told = service.in_meeting(thread, |meeting, now, out| {
                meeting.set_notice(kind, active, body.by_name, now, out);
            });
            told.map(|((), written)| written)
        }
    };
    let written = written.ok_or(NO_MEETING)?;
    let times = written.times().await;
    if let Some(mark) = &body.mark {
        let at = times.iter().min().copied();
        let at = at.unwrap_or_else(|| service.clock().now());
        service.lock().marks.add(at, mark);
    }
    let seconds: Vec<f64> = times
        .into_iter()
        .map(crate::clock::Moment::as_secs_f64)
        .collect();
    Ok(Json(json!({ "written": seconds })))
}

fn organizer(service: &Service, thread: &str) -> Result<String, Refusal> {
    let state = service.lock();
    let organizer = state.meetings.organizer(thread).ok_or(NO_MEETING)?;
    Ok(organizer.id.clone())
}

fn act<T>(
    service: &Service,
    thread: &str,
    act: impl FnOnce(&mut Meeting, Now, &mut Vec<Output>) -> T,
) -> Result<T, Refusal> {
    let (learned, _) = service.in_meeting(thread, act).ok_or(NO_MEETING)?;
    Ok(learned)
}

fn invalid(error: serde_json::Error) -> Refusal {
    Refusal::Invalid(format!("The request body is not valid: {error}"))
}

fn missing() -> Refusal {
    Refusal::Invalid("The request body lacks what this act needs.".to_owned())
}

const NO_ACT: Refusal = Refusal::NotFound("There is no such act.");
