//! From the page's messages to what the rest of the program speaks of, and back.

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::Number;

use crate::clock::Timestamp;
use crate::effect::CallCommand;
use crate::event::CallEvent;
use crate::model::call::CallInfo;
use crate::model::call::CallState;
use crate::model::call::EndReason;
use crate::model::call::Quality;
use crate::model::call::Reaction;
use crate::model::call::Role;
use crate::model::call::RosterEntry;
use crate::model::failure::Because;
use crate::model::identity::Person;
use crate::model::identity::RawId;
use crate::model::locator::Locator;
use crate::model::notice::NoticeKind;
use crate::model::notice::NoticeState;
use crate::model::sound::Audio;
use crate::model::sound::MediaState;
use crate::model::sound::Statistics;
use crate::model::text;
use crate::model::thread::ThreadId;
use crate::model::turn::Turn;
use crate::model::turn::TurnKind;
use crate::wire::bridge;
use crate::wire::bridge::Act;
use crate::wire::bridge::Meeting;
use crate::wire::bridge::Participant;
use crate::wire::bridge::StreamStatistics;
use crate::wire::bridge::ToProgram;

/// What was heard so far of a call and is needed to make whole values of parts.
#[derive(Default)]
pub(super) struct Seen {
    me: Option<Person>,
    role: Role,
    muted: bool,
    roster: BTreeMap<String, Participant>,
    hands: Vec<bridge::Hand>,
    talking: Vec<String>,
    /// We are in the call long enough for what the SDK says to be how things are: at first it
    /// says that nothing is recorded because it does not know yet.
    settled: bool,
    /// Recording and transcription, with whether consent is asked for.
    notices: BTreeMap<NoticeKind, (bool, bool)>,
    consent: Consent,
    /// Of each speaker, the number of the line they are at.
    lines: BTreeMap<String, u64>,
    quality: BTreeMap<String, Quality>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
enum Consent {
    #[default]
    Unasked,
    Asked,
    Granted,
    Declined,
}

impl Seen {
    /// Another call, or the same one said anew.
    pub(super) fn begin(&mut self) {
        *self = Self {
            me: self.me.take(),
            muted: true,
            ..Self::default()
        };
    }

    /// The same call: what holds now is asked for once more, and answers of the person stay.
    pub(super) const fn say_again(&mut self) {
        self.settled = false;
    }

    pub(super) fn me(&mut self, id: RawId, name: &str) {
        self.me = Some(Person {
            id,
            name: text::name(name),
        });
    }

    /// We are in the call: the roster has us too.
    pub(super) fn arrived(&self, events: &mut Vec<CallEvent>) {
        events.push(CallEvent::Roster(self.all()));
    }

    pub(super) const fn is_settled(&self) -> bool {
        self.settled
    }

    /// What was not said to be on by now is off.
    pub(super) fn settle(&mut self, at: Timestamp, events: &mut Vec<CallEvent>) {
        if std::mem::replace(&mut self.settled, true) {
            return;
        }
        for (kind, (active, _)) in &self.notices {
            if !active {
                events.push(CallEvent::Notice {
                    kind: *kind,
                    state: NoticeState::Inactive { by: None },
                    initial: true,
                    at,
                });
            }
        }
    }

    pub(super) fn granted(&mut self, events: &mut Vec<CallEvent>) {
        self.consent = Consent::Granted;
        events.push(CallEvent::ConsentRequired(false));
    }

    /// Asking again would not respect it.
    pub(super) fn declined(&mut self) {
        self.consent = Consent::Declined;
    }

    /// What a message about `mine`, the call that we are in, says.
    pub(super) fn take(
        &mut self,
        message: ToProgram,
        mine: Option<u64>,
        at: Timestamp,
        events: &mut Vec<CallEvent>,
    ) {
        if of(&message).is_none_or(|call| Some(call) != mine) {
            return;
        }
        let rest = self.take_call(message, at, events);
        let rest = rest.and_then(|message| self.take_people(message, events));
        let rest = rest.and_then(|message| self.take_words(message, at, events));
        if let Some(message) = rest {
            self.take_connection(message, events);
        }
    }

    /// What the call is, and what we may do in it; answers what is something else.
    fn take_call(
        &mut self,
        message: ToProgram,
        at: Timestamp,
        events: &mut Vec<CallEvent>,
    ) -> Option<ToProgram> {
        match message {
            ToProgram::CallInfo { thread_id, .. } => events.push(CallEvent::Info(CallInfo {
                thread: thread_id.as_deref().map(ThreadId::new),
                topic: String::new(),
                started: None,
            })),
            // Not known yet: said again when it is.
            ToProgram::Role { role: now, .. } if role(&now) == Role::Unknown => {}
            ToProgram::Role { role: now, .. } => {
                self.role = role(&now);
                events.push(CallEvent::Role(self.role));
                events.extend(self.ourselves().map(CallEvent::RosterChanged));
            }
            ToProgram::Muted { is_muted, .. } => {
                self.muted = is_muted;
                events.push(CallEvent::Muted {
                    muted: is_muted,
                    by: None,
                });
                events.extend(self.ourselves().map(CallEvent::RosterChanged));
            }
            ToProgram::MutedByOthers { .. } => events.push(CallEvent::Muted {
                muted: true,
                by: Some(Person::new("", "somebody")),
            }),
            ToProgram::Notice {
                notice,
                is_active,
                is_consent_required,
                ..
            } => self.notice(&notice, is_active, is_consent_required, at, events),
            ToProgram::Capabilities { capabilities, .. } => {
                let reason = |c: bridge::CapabilityState| {
                    let reason = (!c.is_present).then(|| text::line(&c.reason));
                    (text::line(&c.name), reason)
                };
                let all = capabilities.into_iter().map(reason);
                events.push(CallEvent::Capabilities(all.collect()));
            }
            other => return Some(other),
        }
        None
    }

    /// Who else is there; answers what is something else.
    fn take_people(
        &mut self,
        message: ToProgram,
        events: &mut Vec<CallEvent>,
    ) -> Option<ToProgram> {
        match message {
            ToProgram::Roster { participants, .. } => {
                let by_id = participants.into_iter().map(|p| (p.id.clone(), p));
                self.roster = by_id.collect();
                events.push(CallEvent::Roster(self.all()));
            }
            ToProgram::Participant { participant, .. } => {
                let entry = self.entry(&participant);
                self.roster.insert(participant.id.clone(), participant);
                // Whoever appears at first was there before us.
                events.push(if self.settled {
                    CallEvent::RosterChanged(entry)
                } else {
                    CallEvent::Roster(self.all())
                });
            }
            ToProgram::ParticipantLeft { who, .. } => {
                self.roster.remove(&who);
                events.push(CallEvent::RosterLeft(RawId::new(&who)));
            }
            ToProgram::Lobby { waiting, .. } => {
                let waiting = waiting.unwrap_or_default();
                events.push(CallEvent::Lobby(waiting.iter().map(person).collect()));
            }
            ToProgram::DominantSpeakers { ids, .. } => {
                let before = std::mem::replace(&mut self.talking, ids);
                let ids = before.into_iter().chain(self.talking.clone());
                self.changed(ids.collect(), events);
            }
            ToProgram::Hands { raised, .. } => {
                let before = std::mem::replace(&mut self.hands, raised);
                let ids = before.iter().chain(&self.hands).map(|hand| hand.id.clone());
                self.changed(ids.collect(), events);
            }
            ToProgram::Reaction { who, reaction, .. } => {
                if let Some(reaction) = Reaction::parse(&reaction) {
                    let name = self.roster.get(&who).and_then(|p| p.display_name.clone());
                    let person = Person::new(&who, &name.unwrap_or_default());
                    events.push(CallEvent::Reaction { person, reaction });
                }
            }
            other => return Some(other),
        }
        None
    }

    /// What is said; answers what is something else.
    fn take_words(
        &mut self,
        message: ToProgram,
        at: Timestamp,
        events: &mut Vec<CallEvent>,
    ) -> Option<ToProgram> {
        match message {
            ToProgram::Caption {
                speaker,
                text,
                language,
                result,
                ..
            } => {
                let turn = self.caption(&speaker, &text, language, &result);
                events.push(CallEvent::Turn { turn, at });
            }
            ToProgram::RealTimeText {
                sender,
                sequence,
                text,
                result,
                is_local,
                ..
            } => {
                let turn = Turn {
                    kind: TurnKind::Text,
                    id: sequence.unsigned_abs(),
                    person: person(&sender),
                    mine: is_local,
                    text: text::line(&text),
                    done: result == FINAL,
                    language: None,
                };
                events.push(CallEvent::Turn { turn, at });
            }
            other => return Some(other),
        }
        None
    }

    /// How well it goes. What is left is nobody's business yet.
    fn take_connection(&mut self, message: ToProgram, events: &mut Vec<CallEvent>) {
        match message {
            ToProgram::Diagnostic { name, value, .. } => {
                if let Some(quality) = quality(&name, &value) {
                    self.quality.insert(name, quality);
                    let worst = self.quality.values().max().copied();
                    events.extend(worst.map(CallEvent::Quality));
                }
            }
            ToProgram::Statistics {
                send,
                receive,
                transports,
                ..
            } => events.push(CallEvent::Statistics(statistics(
                send.first(),
                receive.first(),
                transports.first(),
            ))),
            ToProgram::Audio {
                mode: bridge::AudioMode::Raw,
                has_capture: true,
                has_playback: true,
                ..
            } => events.push(CallEvent::Media {
                state: MediaState::Connected,
                reason: None,
            }),
            ToProgram::Audio {
                error: Some(error), ..
            } => events.push(CallEvent::Media {
                state: MediaState::None,
                reason: Some(refusal(&error)),
            }),
            _ => {}
        }
    }

    fn notice(
        &mut self,
        notice: &str,
        active: bool,
        consent: bool,
        at: Timestamp,
        events: &mut Vec<CallEvent>,
    ) {
        let kind = match notice {
            "recording" => NoticeKind::Recording,
            "transcription" => NoticeKind::Transcription,
            _ => return,
        };
        let initial = !self.settled;
        let before = self.notices.insert(kind, (active, consent));
        let was_on = before.is_some_and(|(active, _)| active);
        let state = if active {
            NoticeState::Active { by: None }
        } else {
            NoticeState::Inactive { by: None }
        };
        if active || self.settled || was_on {
            events.push(CallEvent::Notice {
                kind,
                state,
                initial: initial && active,
                at,
            });
        }
        let asks = self.notices.values().any(|(active, asks)| *active && *asks);
        match (asks, self.consent) {
            (true, Consent::Unasked) => {
                self.consent = Consent::Asked;
                events.push(CallEvent::ConsentRequired(true));
            }
            (false, Consent::Asked) => {
                self.consent = Consent::Unasked;
                events.push(CallEvent::ConsentRequired(false));
            }
            _ => {}
        }
    }

    fn caption(
        &mut self,
        speaker: &bridge::Person,
        words: &str,
        language: Option<String>,
        result: &str,
    ) -> Turn {
        let who = speaker.id.clone().unwrap_or_default();
        let done = result == FINAL;
        let line = self.lines.entry(who.clone()).or_default();
        let id = *line;
        *line += u64::from(done);
        Turn {
            kind: TurnKind::Caption,
            id,
            mine: self.me.as_ref().is_some_and(|me| me.id.as_str() == who),
            person: person(speaker),
            text: text::line(words),
            done,
            language: language.as_deref().map(text::line),
        }
    }

    fn all(&self) -> Vec<RosterEntry> {
        let others = self.roster.values().map(|p| self.entry(p));
        self.ourselves().into_iter().chain(others).collect()
    }

    /// The roster's lines of these people as they are now.
    fn changed(&self, mut ids: Vec<String>, events: &mut Vec<CallEvent>) {
        ids.sort();
        ids.dedup();
        for id in ids {
            let ours = self.me.as_ref().is_some_and(|me| me.id.as_str() == id);
            let entry = if ours {
                self.ourselves()
            } else {
                self.roster.get(&id).map(|p| self.entry(p))
            };
            events.extend(entry.map(CallEvent::RosterChanged));
        }
    }

    fn ourselves(&self) -> Option<RosterEntry> {
        let me = self.me.as_ref()?;
        Some(RosterEntry {
            person: me.clone(),
            me: true,
            role: self.role,
            state: CallState::Connected,
            muted: self.muted,
            deafened: false,
            audio: Audio::Full,
            talking: self.talking.iter().any(|id| id == me.id.as_str()),
            hand: self.hand(me.id.as_str()),
        })
    }

    fn entry(&self, who: &Participant) -> RosterEntry {
        let name = who.display_name.as_deref().unwrap_or_default();
        RosterEntry {
            person: Person::new(&who.id, name),
            me: false,
            role: role(&who.role),
            state: participant_state(&who.state),
            muted: who.is_muted,
            deafened: false,
            audio: Audio::Full,
            talking: who.is_speaking || self.talking.contains(&who.id),
            hand: self.hand(&who.id),
        }
    }

    fn hand(&self, id: &str) -> Option<u32> {
        let hand = self.hands.iter().find(|hand| hand.id == id);
        hand.map(|hand| hand.order)
    }
}

/// The call that a message is about.
const fn of(message: &ToProgram) -> Option<u64> {
    match message {
        ToProgram::CallInfo { call, .. }
        | ToProgram::Role { call, .. }
        | ToProgram::Muted { call, .. }
        | ToProgram::MutedByOthers { call }
        | ToProgram::Notice { call, .. }
        | ToProgram::Capabilities { call, .. }
        | ToProgram::Roster { call, .. }
        | ToProgram::Participant { call, .. }
        | ToProgram::ParticipantLeft { call, .. }
        | ToProgram::Lobby { call, .. }
        | ToProgram::DominantSpeakers { call, .. }
        | ToProgram::Hands { call, .. }
        | ToProgram::Reaction { call, .. }
        | ToProgram::Caption { call, .. }
        | ToProgram::RealTimeText { call, .. }
        | ToProgram::Diagnostic { call, .. }
        | ToProgram::Statistics { call, .. }
        | ToProgram::Audio { call, .. } => Some(*call),
        _ => None,
    }
}

/// How the page is told which meeting.
pub(super) fn meeting(locator: &Locator) -> Result<Meeting, String> {
    match locator {
        Locator::Meeting { link, .. } => Ok(Meeting::Link { link: link.clone() }),
        Locator::MeetingId { id, passcode } => Ok(Meeting::Id {
            meeting_id: id.clone(),
            passcode: passcode.clone(),
        }),
        Locator::GroupCall(id) => Ok(Meeting::Group {
            group_id: id.clone(),
        }),
        Locator::Room(id) => Ok(Meeting::Room {
            room_id: id.clone(),
        }),
        Locator::Thread(_) => Err("a chat thread is no call".to_owned()),
        Locator::Person(_) => Err("calling people is not supported yet".to_owned()),
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

fn participant_state(word: &str) -> CallState {
    match word {
        "Hold" => CallState::RemoteHold,
        "Idle" => CallState::Connecting,
        word => call_state(word).unwrap_or(CallState::Connected),
    }
}

fn role(word: &str) -> Role {
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

fn person(who: &bridge::Person) -> Person {
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

fn refusal(error: &bridge::Failure) -> String {
    let words = match (error.sub_code, error.name.as_str()) {
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

fn quality(name: &str, value: &serde_json::Value) -> Option<Quality> {
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
fn statistics(
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
const FINAL: &str = "Final";
