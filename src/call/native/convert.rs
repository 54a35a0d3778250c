//! From the embedded service's messages to what the rest of the program speaks of.

use std::collections::BTreeMap;

use crate::clock::Timestamp;
use crate::effect::CallCommand;
use crate::event::CallEvent;
use crate::model::call::CallInfo;
use crate::model::call::CallState;
use crate::model::call::Quality;
use crate::model::call::Reaction;
use crate::model::call::Role;
use crate::model::call::RosterEntry;
use crate::model::failure::Because;
use crate::model::failure::Doing;
use crate::model::failure::Failure;
use crate::model::failure::Remedy;
use crate::model::identity::Person;
use crate::model::identity::RawId;
use crate::model::locator::Locator;
use crate::model::locator::MeetingHost;
use crate::model::notice::NoticeKind;
use crate::model::notice::NoticeState;
use crate::model::sound::Audio;
use crate::model::sound::Level;
use crate::model::sound::MediaState;
use crate::model::text;
use crate::model::thread::ThreadId;
use crate::model::turn::Turn;
use crate::model::turn::TurnKind;
use crate::wire::local;
use crate::wire::local::ToClient;
use crate::wire::local::ToService;

/// What was heard so far and is needed to make whole values of parts.
#[derive(Default)]
pub(super) struct Seen {
    me: Option<String>,
    roster: BTreeMap<String, local::RosterEntry>,
    hands: Vec<local::Hand>,
    talking: Vec<String>,
    /// Kinds whose next notice tells how things are, not what changed.
    first: Vec<local::NoticeKind>,
}

impl Seen {
    /// The whole state is about to be sent.
    pub(super) fn expect_everything(&mut self) {
        self.first = vec![
            local::NoticeKind::Recording,
            local::NoticeKind::Transcription,
        ];
    }

    pub(super) fn take(&mut self, message: ToClient, at: Timestamp, events: &mut Vec<CallEvent>) {
        match message {
            ToClient::CallState { state } => events.push(CallEvent::State {
                state: call_state(state),
                at,
            }),
            ToClient::Info(info) => {
                self.me = Some(info.me);
                events.push(CallEvent::Info(CallInfo {
                    thread: info.thread_id.as_deref().map(ThreadId::new),
                    topic: text::line(&info.topic),
                    started: info.started_on.as_deref().and_then(Timestamp::parse),
                }));
            }
            ToClient::Roster { participants } => {
                let by_id = participants.into_iter().map(|p| (p.id.clone(), p));
                self.roster = by_id.collect();
                let all = self.roster.values().map(|p| self.entry(p)).collect();
                events.push(CallEvent::Roster(all));
            }
            ToClient::Participant { participant } => {
                events.push(CallEvent::RosterChanged(self.entry(&participant)));
                self.roster.insert(participant.id.clone(), participant);
            }
            ToClient::ParticipantLeft { id } => {
                self.roster.remove(&id);
                events.push(CallEvent::RosterLeft(RawId::new(&id)));
            }
            ToClient::Lobby { waiting } => {
                let people = waiting.iter().map(|w| Person::new(&w.id, &w.display_name));
                events.push(CallEvent::Lobby(people.collect()));
            }
            ToClient::Role { role: now } => events.push(CallEvent::Role(role(now))),
            ToClient::Capabilities { capabilities } => {
                let lacking = LACKING.map(|name| (name.to_owned(), Some(UNSUPPORTED.to_owned())));
                let all = capabilities.into_iter().map(capability).chain(lacking);
                events.push(CallEvent::Capabilities(all.collect()));
            }
            ToClient::Notice(notice) => self.notice(notice, at, events),
            ToClient::Muted { is_muted, by } => events.push(CallEvent::Muted {
                muted: is_muted,
                by: by.as_ref().map(person),
            }),
            ToClient::Hands { raised } => {
                let before = std::mem::replace(&mut self.hands, raised);
                let ids = before.iter().chain(&self.hands).map(|hand| hand.id.clone());
                self.changed(ids.collect(), events);
            }
            ToClient::Talking { ids } => {
                let before = std::mem::replace(&mut self.talking, ids);
                let ids = before.into_iter().chain(self.talking.iter().cloned());
                self.changed(ids.collect(), events);
            }
            ToClient::Reaction { by, reaction } => events.push(CallEvent::Reaction {
                person: person(&by),
                reaction: reaction_of(reaction),
            }),
            ToClient::Quality { quality: now } => events.push(CallEvent::Quality(quality(now))),
            ToClient::Refused(refused) => events.push(CallEvent::ActionFailed(Failure {
                doing: Doing::CallAction,
                because: Because::Refused {
                    reason: text::line(&refused.reason),
                },
                remedy: Remedy::None,
            })),
            ToClient::Caption(turn) => {
                let turn = self.turn(TurnKind::Caption, turn);
                events.push(CallEvent::Turn { turn, at });
            }
            ToClient::Text(turn) => {
                let turn = self.turn(TurnKind::Text, turn);
                events.push(CallEvent::Turn { turn, at });
            }
            ToClient::Levels { levels } => {
                let levels = levels.iter();
                let level = |l: &local::Level| {
                    let level = Level::from_dbfs(f32::from(l.dbfs));
                    (RawId::new(&l.id), level)
                };
                events.push(CallEvent::Levels(levels.map(level).collect()));
            }
            ToClient::Media {
                state: local::MediaState::None,
                reason: Some(reason),
            } => events.push(CallEvent::Media {
                state: MediaState::None,
                reason: Some(text::line(&reason)),
            }),
            // Our own end knows sooner whether sound arrives, and better: after a pause of the
            // service's, it tells of interruptions that are over. Answers are the session's business.
            ToClient::Media { .. }
            | ToClient::Answer(_)
            | ToClient::Ended(_)
            | ToClient::Beat
            | ToClient::Unknown(_) => {}
        }
    }

    fn notice(&mut self, notice: local::Notice, at: Timestamp, events: &mut Vec<CallEvent>) {
        let initial = self.first.contains(&notice.kind);
        self.first.retain(|kind| *kind != notice.kind);
        let by = notice.by_name.as_deref().map(text::name);
        let by = by.filter(|name| !name.is_empty());
        events.push(CallEvent::Notice {
            kind: notice_kind(notice.kind),
            state: if notice.is_active {
                NoticeState::Active { by }
            } else {
                NoticeState::Inactive { by }
            },
            initial,
            at,
        });
        match notice.consent {
            local::Consent::Required => events.push(CallEvent::ConsentRequired(true)),
            local::Consent::Granted | local::Consent::NotRequired => {
                events.push(CallEvent::ConsentRequired(false));
            }
            // The person has answered; asking again would not respect it.
            local::Consent::Declined => {}
        }
    }

    fn turn(&self, kind: TurnKind, turn: local::Turn) -> Turn {
        Turn {
            kind,
            id: turn.id,
            mine: self.me.as_deref() == Some(turn.person.id.as_str()),
            person: person(&turn.person),
            text: text::line(&turn.text),
            done: turn.is_final,
            language: turn.language.as_deref().map(text::line),
        }
    }

    /// The roster's lines of these people as they are now.
    fn changed(&self, mut ids: Vec<String>, events: &mut Vec<CallEvent>) {
        ids.sort();
        ids.dedup();
        let known = ids.iter().filter_map(|id| self.roster.get(id));
        events.extend(known.map(|p| CallEvent::RosterChanged(self.entry(p))));
    }

    fn entry(&self, who: &local::RosterEntry) -> RosterEntry {
        let hand = self.hands.iter().find(|hand| hand.id == who.id);
        RosterEntry {
            person: Person::new(&who.id, &who.display_name),
            me: self.me.as_deref() == Some(who.id.as_str()),
            role: role(who.role),
            state: call_state(who.state),
            muted: who.is_muted,
            deafened: who.is_deafened,
            audio: audio_of(who.audio),
            talking: self.talking.contains(&who.id),
            hand: hand.map(|hand| hand.order),
            // The embedded service has sound alone.
            sharing: false,
            spotlit: false,
        }
    }
}

/// What the vendor's meetings have and the embedded service does not.
const LACKING: [&str; 3] = ["joinBreakoutRooms", "spotlightParticipant", "dialIn"];
/// The vendor's word for that.
const UNSUPPORTED: &str = "FeatureNotSupported";

/// What the embedded service calls a locator, or why it cannot be called on it.
pub(super) fn meeting(locator: &Locator) -> Result<local::Meeting, String> {
    match locator {
        Locator::Meeting {
            link,
            host: MeetingHost::Own,
            ..
        } => Ok(local::Meeting::Link { link: link.clone() }),
        Locator::MeetingId { id, passcode } => Ok(local::Meeting::Id {
            id: id.clone(),
            passcode: passcode.clone(),
        }),
        Locator::Thread(thread) => Ok(local::Meeting::Thread {
            thread_id: thread.as_str().to_owned(),
        }),
        Locator::Meeting {
            host: MeetingHost::Vendor,
            ..
        } => Err("calls in the vendor's own meetings are not supported yet".to_owned()),
        Locator::GroupCall(_) | Locator::Room(_) | Locator::Person(_) => {
            Err("only meetings can be called on this service".to_owned())
        }
    }
}

pub(super) fn request(command: CallCommand) -> Option<ToService> {
    let id = |id: RawId| id.as_str().to_owned();
    Some(match command {
        CallCommand::Mute(muted) => ToService::Mute { muted },
        CallCommand::Hold(held) => ToService::Hold { held },
        CallCommand::RaiseHand(raised) => ToService::Hand { raised },
        CallCommand::React(reaction) => ToService::React {
            reaction: reaction_to(reaction),
        },
        CallCommand::Admit(who) => ToService::Admit { id: id(who) },
        CallCommand::AdmitAll => ToService::AdmitAll,
        CallCommand::Reject(who) => ToService::Reject { id: id(who) },
        CallCommand::Remove(who) => ToService::Remove { id: id(who) },
        CallCommand::MuteOther(who) => ToService::MuteOthers { ids: vec![id(who)] },
        CallCommand::MuteEverybody => ToService::MuteOthers { ids: Vec::new() },
        CallCommand::Consent(granted) => ToService::Consent { granted },
        CallCommand::Deafen(deafened) => ToService::Deafen { deafened },
        CallCommand::Volume { person, percent } => ToService::Volume {
            id: id(person),
            percent,
        },
        CallCommand::Levels(on) => ToService::Levels { on },
        CallCommand::Captions(on) => ToService::Captions { on },
        CallCommand::Text(typed) => ToService::Text(local::Words {
            text: typed.text,
            is_final: typed.done,
            language: None,
        }),
        CallCommand::EndForEverybody => ToService::EndForAll,
        CallCommand::Join { .. }
        | CallCommand::Accept { .. }
        | CallCommand::Decline(_)
        | CallCommand::Receive(_)
        | CallCommand::Tones(_)
        | CallCommand::Transfer(_)
        | CallCommand::Add { .. }
        | CallCommand::Switch(_)
        // The embedded service has none of these.
        | CallCommand::Spotlight(_)
        | CallCommand::EndSpotlight(_)
        | CallCommand::EnterRoom(_)
        | CallCommand::ReturnToMeeting
        | CallCommand::DialIn
        | CallCommand::Rate(_)
        | CallCommand::Leave => return None,
    })
}

pub(super) fn join_refusal(reason: &str) -> Because {
    match reason {
        "WrongPasscode" => Because::WrongPasscode,
        "UnknownMeeting" => Because::NoSuchMeeting,
        other => Because::Refused {
            reason: text::line(other),
        },
    }
}

pub(super) fn person(who: &local::Person) -> Person {
    Person::new(&who.id, &who.display_name)
}

pub(super) const fn call_state(state: local::CallState) -> CallState {
    match state {
        local::CallState::Connecting => CallState::Connecting,
        local::CallState::InLobby => CallState::InLobby,
        local::CallState::Connected => CallState::Connected,
        local::CallState::LocalHold => CallState::LocalHold,
        local::CallState::RemoteHold => CallState::RemoteHold,
        local::CallState::Disconnecting => CallState::Disconnecting,
        local::CallState::Disconnected => CallState::Disconnected,
    }
}

pub(super) const fn audio_to(audio: Audio) -> local::Audio {
    match audio {
        Audio::None => local::Audio::None,
        Audio::Listen => local::Audio::Listen,
        Audio::Full => local::Audio::Full,
    }
}

const fn audio_of(audio: local::Audio) -> Audio {
    match audio {
        local::Audio::None => Audio::None,
        local::Audio::Listen => Audio::Listen,
        local::Audio::Full => Audio::Full,
    }
}

const fn role(role: local::Role) -> Role {
    match role {
        local::Role::Attendee => Role::Attendee,
        local::Role::Presenter => Role::Presenter,
        local::Role::CoOrganizer => Role::CoOrganizer,
        local::Role::Organizer => Role::Organizer,
    }
}

const fn notice_kind(kind: local::NoticeKind) -> NoticeKind {
    match kind {
        local::NoticeKind::Recording => NoticeKind::Recording,
        local::NoticeKind::Transcription => NoticeKind::Transcription,
    }
}

const fn quality(quality: local::Quality) -> Quality {
    match quality {
        local::Quality::Good => Quality::Good,
        local::Quality::Poor => Quality::Poor,
        local::Quality::Bad => Quality::Bad,
    }
}

const fn reaction_of(reaction: local::Reaction) -> Reaction {
    match reaction {
        local::Reaction::Like => Reaction::Like,
        local::Reaction::Heart => Reaction::Heart,
        local::Reaction::Laugh => Reaction::Laugh,
        local::Reaction::Surprised => Reaction::Surprised,
        local::Reaction::Applause => Reaction::Applause,
    }
}

const fn reaction_to(reaction: Reaction) -> local::Reaction {
    match reaction {
        Reaction::Like => local::Reaction::Like,
        Reaction::Heart => local::Reaction::Heart,
        Reaction::Laugh => local::Reaction::Laugh,
        Reaction::Surprised => local::Reaction::Surprised,
        Reaction::Applause => local::Reaction::Applause,
    }
}

/// The vendor's name, and its reason where one is not capable.
fn capability(state: local::CapabilityState) -> (String, Option<String>) {
    let name = match state.name {
        local::CapabilityName::UnmuteMic => "unmuteMic",
        local::CapabilityName::MuteOthers => "muteOthers",
        local::CapabilityName::RemoveParticipant => "removeParticipant",
        local::CapabilityName::HangUpForEveryOne => "hangUpForEveryOne",
        local::CapabilityName::ManageLobby => "manageLobby",
        local::CapabilityName::RaiseHand => "raiseHand",
        local::CapabilityName::UseReactions => "useReactions",
        local::CapabilityName::ViewAttendeeNames => "viewAttendeeNames",
    };
    let reason = (!state.is_present).then(|| format!("{:?}", state.reason));
    (name.to_owned(), reason)
}
