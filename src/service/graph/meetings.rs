//! The meetings of this service, found by link or by id, with the chats that belong to them.

use std::sync::Arc;

use axum::extract::State;
use axum::http::StatusCode;
use axum::http::Uri;
use axum::response::Response;

use crate::service::Service;
use crate::service::http;
use crate::wire::graph::Page;
use crate::wire::graph::meeting::ChatInfo;
use crate::wire::graph::meeting::JoinMeetingIdSettings;
use crate::wire::graph::meeting::MeetingParticipant;
use crate::wire::graph::meeting::MeetingParticipants;
use crate::wire::graph::meeting::OnlineMeeting;
use crate::wire::graph::message::Identity;
use crate::wire::graph::message::IdentitySet;
use crate::wire::graph::query::MeetingFilter;

use super::caller::Caller;
use super::failure::Failure;

/// Empty for who only holds the link: the organiser and the invited find a meeting.
pub(super) async fn find(
    State(service): State<Arc<Service>>,
    caller: Caller,
    uri: Uri,
) -> Result<Response, Failure> {
    caller.needs(&["OnlineMeetings.Read", "OnlineMeetings.ReadWrite"])?;
    let filter = MeetingFilter::parse(uri.query().unwrap_or_default())?;
    let state = service.lock();
    let threads = state.meetings.threads();
    let invited = threads.filter(|thread| state.store.thread_for(thread, &caller.raw).is_ok());
    let found = invited.filter_map(|thread| {
        let meeting = state.meetings.get(thread)?;
        let names = &meeting.names;
        let wanted = match &filter {
            MeetingFilter::JoinWebUrl(url) => names.link == *url,
            MeetingFilter::JoinMeetingId(id) => names.id == *id,
        };
        let organizer = state.meetings.organizer(thread);
        let organizer = organizer.map(|who| MeetingParticipant {
            identity: Some(IdentitySet::user(Identity {
                id: who.id.trim_start_matches("8:orgid:").to_owned(),
                display_name: who.display_name.clone(),
                ..Identity::default()
            })),
            upn: None,
        });
        wanted.then(|| OnlineMeeting {
            id: names.id.clone(),
            subject: Some(meeting.options.topic.clone().into()),
            join_web_url: Some(names.link.clone()),
            chat_info: Some(ChatInfo {
                thread_id: Some(names.thread.clone()),
                message_id: Some("0".to_owned()),
                reply_chain_message_id: None,
            }),
            join_meeting_id_settings: Some(JoinMeetingIdSettings {
                is_passcode_required: Some(true),
                join_meeting_id: Some(names.id.clone()),
                passcode: Some(names.passcode.clone().into()),
            }),
            participants: Some(MeetingParticipants {
                organizer,
                attendees: Vec::new(),
            }),
            allow_meeting_chat: Some("enabled".to_owned()),
            ..OnlineMeeting::default()
        })
    });
    let page = Page {
        value: found.collect(),
        ..Page::default()
    };
    Ok(http::json(StatusCode::OK, &page))
}
