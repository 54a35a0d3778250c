//! From the page's words to those of the rest of the program, and back.

use std::time::Duration;

use serde_json::Number;

use crate::effect::CallCommand;
use crate::model::call::CallState;
use crate::model::call::EndReason;
use crate::model::call::Incoming;
use crate::model::call::IncomingNumber;
use crate::model::call::Quality;
use crate::model::call::Role;
use crate::model::failure::Because;
use crate::model::identity::Person;
use crate::model::identity::RawId;
use crate::model::locator::Locator;
use crate::model::meeting::DialIn;
use crate::model::meeting::DialInNumber;
use crate::model::sound::Statistics;
use crate::model::text;
use crate::wire::bridge;
use crate::wire::bridge::Act;
use crate::wire::bridge::App;
use crate::wire::bridge::Meeting;
use crate::wire::bridge::StreamStatistics;
use crate::wire::bridge::VERSION;
use crate::wire::bridge::Word;

use super::session::Target;

/// How the page is told which meeting, or whom to call.
pub(super) fn target(locator: &Locator) -> Result<Target, String> {
    Ok(Target::Meeting(match locator {
        Locator::Meeting { link, .. } => Meeting::Link { link: link.clone() },
        Locator::MeetingId { id, passcode } => Meeting::Id {
            meeting_id: id.clone(),
            passcode: passcode.clone(),
        },
        Locator::GroupCall(id) => Meeting::Group {
            group_id: id.clone(),
        },
        Locator::Room(id) => Meeting::Room {
            room_id: id.clone(),
        },
        Locator::Thread(_) => return Err("a chat thread is no call".to_owned()),
        Locator::Person(id) => return Ok(Target::Person(id.clone())),
    }))
}

/// The answer to a page's first word; it goes where it hears nothing for so many milliseconds.
pub(super) fn welcome(silence: u64) -> Word {
    Word::Welcome {
        version: VERSION,
        app: App {
            name: "sidetone".to_owned(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
        },
        silence,
    }
}

/// Somebody who calls; a phone has no name but its number.
pub(super) fn incoming(
    number: u64,
    caller: &bridge::Person,
    transferor: Option<&bridge::Person>,
) -> Incoming {
    let whole = |who: &bridge::Person| {
        let id = who.id.as_deref().unwrap_or_default();
        named(id, who.display_name.as_deref())
    };
    Incoming {
        number: IncomingNumber(number),
        caller: whole(caller),
        through: transferor.map(whole),
    }
}

/// By their name, else by their phone number.
pub(super) fn named(id: &str, name: Option<&str>) -> Person {
    let name = name.filter(|name| !name.is_empty());
    Person::new(id, name.or(id.strip_prefix("4:")).unwrap_or_default())
}

/// The vendor's word for a key of a phone.
pub(super) fn tone(key: char) -> String {
    match key {
        '*' => "Star".to_owned(),
        '#' => "Pound".to_owned(),
        '0'..='9' => format!("Num{key}"),
        letter => letter.to_string(),
    }
}

/// What the page is to do; `None` for what the SDK has no way for.
pub(super) fn act(command: CallCommand, call: u64) -> Option<Act> {
    let who = |id: &RawId| id.as_str().to_owned();
    Some(match command {
        CallCommand::Mute(true) => Act::Mute { call },
        CallCommand::Mute(false) => Act::Unmute { call },
        CallCommand::Hold(true) => Act::Hold { call },
        CallCommand::Hold(false) => Act::Resume { call },
        CallCommand::RaiseHand(true) => Act::RaiseHand { call },
        CallCommand::RaiseHand(false) => Act::LowerHand { call },
        CallCommand::React(reaction) => Act::React {
            call,
            reaction: reaction.word().to_owned(),
        },
        CallCommand::Spotlight(id) => Act::StartSpotlight {
            call,
            who: id.iter().map(who).collect(),
        },
        CallCommand::EndSpotlight(Some(id)) => Act::StopSpotlight {
            call,
            who: vec![who(&id)],
        },
        CallCommand::EndSpotlight(None) => Act::StopAllSpotlight { call },
        CallCommand::DialIn => Act::DialIn { call },
        CallCommand::Admit(id) => Act::Admit {
            call,
            who: who(&id),
        },
        CallCommand::AdmitAll => Act::AdmitAll { call },
        CallCommand::Reject(id) => Act::RejectFromLobby {
            call,
            who: who(&id),
        },
        CallCommand::Remove(id) => Act::RemoveParticipant {
            call,
            who: who(&id),
        },
        CallCommand::MuteOther(id) => Act::MuteParticipant {
            call,
            who: who(&id),
        },
        CallCommand::MuteEverybody => Act::MuteOthers { call },
        CallCommand::Consent(true) => Act::GrantConsent { call },
        CallCommand::Deafen(true) => Act::Deafen { call },
        CallCommand::Deafen(false) => Act::Undeafen { call },
        CallCommand::Captions(true) => Act::StartCaptions {
            call,
            spoken_language: None,
        },
        CallCommand::Captions(false) => Act::StopCaptions { call },
        CallCommand::Text(typed) => Act::SendRealTimeText {
            call,
            text: typed.text,
            is_final: typed.done,
        },
        CallCommand::Consent(false)
        | CallCommand::Volume { .. }
        | CallCommand::Levels(_)
        | CallCommand::Join { .. }
        | CallCommand::Accept { .. }
        | CallCommand::Decline(_)
        | CallCommand::Receive(_)
        | CallCommand::Rate(_)
        | CallCommand::Tones(_)
        | CallCommand::Transfer(_)
        | CallCommand::Add { .. }
        | CallCommand::Switch(_)
        | CallCommand::EnterRoom(_)
        | CallCommand::ReturnToMeeting
        | CallCommand::Leave
        | CallCommand::EndForEverybody => return None,
    })
}

/// The vendor's word; a new one says nothing that we know.
pub(super) fn call_state(word: &str) -> Option<CallState> {
    let known = [
        CallState::Connecting,
        CallState::Ringing,
        CallState::EarlyMedia,
        CallState::InLobby,
        CallState::Connected,
        CallState::LocalHold,
        CallState::RemoteHold,
        CallState::Disconnecting,
        CallState::Disconnected,
    ];
    known.into_iter().find(|state| state.word() == word)
}

pub(super) fn participant_state(word: &str) -> CallState {
    match word {
        "Hold" => CallState::RemoteHold,
        "Idle" => CallState::Connecting,
        word => call_state(word).unwrap_or(CallState::Connected),
    }
}

pub(super) fn role(word: &str) -> Role {
    match word {
        "Attendee" => Role::Attendee,
        "Presenter" => Role::Presenter,
        "Organizer" => Role::Organizer,
        "Co-organizer" => Role::CoOrganizer,
        "Consumer" => Role::Consumer,
        "Collaborator" => Role::Collaborator,
        _ => Role::Unknown,
    }
}

pub(super) fn person(who: &bridge::Person) -> Person {
    let (id, name) = (who.id.as_deref(), who.display_name.as_deref());
    Person::new(id.unwrap_or_default(), name.unwrap_or_default())
}

pub(super) fn end_reason(reason: &bridge::EndReason) -> EndReason {
    let number = |n: i64| u32::try_from(n).unwrap_or_default();
    EndReason {
        code: number(reason.code),
        subcode: reason.sub_code.map(number).unwrap_or_default(),
    }
}

/// Why something did not work, in words; the vendor's numbers stay beside them.
pub(super) fn because(error: &bridge::Failure) -> Because {
    match (error.name.as_str(), error.code) {
        ("NoToken", _) | (_, Some(401)) => Because::TokenRefused,
        _ => Because::Refused {
            reason: refusal(error),
        },
    }
}

/// What the page answers to being asked for the numbers of a meeting.
pub(super) fn dial_in(answer: &serde_json::Value) -> DialIn {
    let word = |value: &serde_json::Value| text::line(value.as_str().unwrap_or_default());
    let mut numbers = Vec::new();
    for one in answer["numbers"].as_array().into_iter().flatten() {
        let place = [word(&one["city"]), word(&one["country"])];
        let place: Vec<String> = place.into_iter().filter(|p| !p.is_empty()).collect();
        for (key, toll_free) in [("toll", false), ("tollFree", true)] {
            let number = word(&one[key]);
            if !number.is_empty() {
                let place = place.join(", ");
                numbers.push(DialInNumber {
                    number,
                    toll_free,
                    place,
                });
            }
        }
    }
    DialIn {
        conference: word(&answer["conferenceId"]),
        numbers,
    }
}

pub(super) fn refusal(error: &bridge::Failure) -> String {
    let words = match (error.sub_code, error.name.as_str()) {
        (Some(41_006 | 41_007), _) | (_, "NoSuchIncomingCall") => {
            "it does not ring any more".into()
        }
        (Some(41_033), _) => "the call could not be put on hold".into(),
        (Some(41_034), _) => "the call could not be taken off hold".into(),
        (Some(41_056), _) => {
            "the organization called has not enabled phone calls for this resource".into()
        }
        (Some(40_613), _) => "the microphone may not be used".into(),
        (Some(5221), _) => "external people may not join here".into(),
        (Some(5222), _) => "you may not start this; wait until somebody of them is there".into(),
        (Some(5223), _) => "this person may not be called from outside their organization".into(),
        (Some(5828), _) => "you are not invited".into(),
        (Some(10_119 | 10_124), _) => "you may not reach this person".into(),
        (Some(10_134), _) => "a call there cannot be routed".into(),
        (Some(10_199), _) => "private calling is disabled there".into(),
        (_, "WrongCommand") => text::line(&error.message),
        (Some(41_016), _) => "you may not speak here, or have not consented to be recorded".into(),
        (Some(41_073), _) => "the vendor's service refuses sound by way of this program".into(),
        (Some(40_228 | 40_230), _) => "this account is in a call elsewhere in this browser".into(),
        (_, "NotInThisCall") => "this call has no such thing".into(),
        (_, "NoSuchParticipant") => "they are not in the call".into(),
        _ => text::line(&error.message),
    };
    match (error.code, error.sub_code) {
        (Some(code), Some(sub)) => format!("{words} (code {code}, subcode {sub})"),
        (Some(code), None) => format!("{words} (code {code})"),
        (None, _) => words,
    }
}

pub(super) fn quality(name: &str, value: &serde_json::Value) -> Option<Quality> {
    let ours = [
        "networkReceiveQuality",
        "networkSendQuality",
        "networkReconnect",
    ];
    let quality = value.as_u64().filter(|_| ours.contains(&name))?;
    Some(match quality {
        1 => Quality::Good,
        2 => Quality::Poor,
        _ => Quality::Bad,
    })
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "figures of a connection; a cast of a float saturates"
)]
pub(super) fn statistics(
    send: Option<&StreamStatistics>,
    receive: Option<&StreamStatistics>,
    transport: Option<&bridge::TransportStatistics>,
) -> Statistics {
    let number = |number: &Option<Number>| number.as_ref().and_then(Number::as_f64);
    let millis = |n: &Option<Number>| {
        let millis = number(n).filter(|n| n.is_finite() && *n >= 0.0);
        millis.map(|n| Duration::from_micros((n * 1000.0) as u64))
    };
    let lost = |of: Option<&StreamStatistics>| {
        let of = of?;
        let lost = number(&of.packets_lost_per_second)?;
        let all = number(&of.packets_per_second)? + lost;
        (all > 0.0).then(|| (100.0 * lost / all) as f32)
    };
    let bitrate = |of: Option<&StreamStatistics>| Some(number(&of?.bitrate)? as u32);
    let codec = receive.or(send).and_then(|of| of.codec.as_deref());
    Statistics {
        round_trip: transport
            .and_then(|t| millis(&t.round_trip))
            .or_else(|| millis(&send?.round_trip)),
        lost_in: lost(receive),
        lost_out: lost(send),
        jitter: receive.and_then(|of| millis(&of.jitter)),
        level_out: None,
        level_in: None,
        codec: text::line(codec.unwrap_or_default()).to_lowercase(),
        bitrate_in: bitrate(receive),
        bitrate_out: bitrate(send),
        transport: String::new(),
    }
}

/// Of a caption or a typed line: nothing of it will change any more.
pub(super) const FINAL: &str = "Final";
