//! What was heard so far of a call by way of the page, and what of it is news.

use std::collections::BTreeMap;

use crate::clock::Timestamp;
use crate::event::CallEvent;
use crate::model::call::CallInfo;
use crate::model::call::CallState;
use crate::model::call::Quality;
use crate::model::call::Reaction;
use crate::model::call::Role;
use crate::model::call::RosterEntry;
use crate::model::identity::Person;
use crate::model::identity::RawId;
use crate::model::notice::NoticeKind;
use crate::model::notice::NoticeState;
use crate::model::sound::Audio;
use crate::model::sound::MediaState;
use crate::model::text;
use crate::model::thread::ThreadId;
use crate::model::turn::Turn;
use crate::model::turn::TurnKind;
use crate::wire::bridge;
use crate::wire::bridge::Participant;
use crate::wire::bridge::ToProgram;

use super::convert;
use super::convert::FINAL;
use super::convert::participant_state;
use super::convert::person;
use super::convert::quality;
use super::convert::refusal;
use super::convert::role;
use super::convert::statistics;

/// What was heard so far of a call and is needed to make whole values of parts.
#[derive(Default)]
pub(super) struct Seen {
    me: Option<Person>,
    role: Role,
    muted: bool,
    roster: BTreeMap<String, Participant>,
    hands: Vec<bridge::Hand>,
    spotlit: Vec<String>,
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

    /// With nothing known but who we are.
    pub(super) fn of_another_call(&self) -> Self {
        Self {
            me: self.me.clone(),
            muted: true,
            ..Self::default()
        }
    }

    /// The name we have in this call.
    pub(super) fn call_us(&mut self, name: &str) {
        if let Some(me) = &mut self.me {
            me.name = text::name(name);
        }
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
            ToProgram::ParticipantLeft { who, reason, .. } => {
                let gone = self.roster.remove(&who);
                if let Some(reason) = reason {
                    let name = gone.and_then(|gone| gone.display_name);
                    events.push(CallEvent::Declined {
                        person: convert::named(&who, name.as_deref()),
                        reason: convert::end_reason(&reason),
                    });
                }
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
            ToProgram::Spotlight { spotlighted, .. } => {
                let now = spotlighted.into_iter().map(|one| one.id).collect();
                let before = std::mem::replace(&mut self.spotlit, now);
                let ids = before.into_iter().chain(self.spotlit.clone());
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
            }
            | ToProgram::Audio {
                mode: bridge::AudioMode::System,
                wanted: bridge::AudioMode::System,
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
            (false, Consent::Asked | Consent::Declined) => {
                self.consent = Consent::Unasked;
                events.push(CallEvent::ConsentRequired(false));
            }
            // An answer is for what was asked: what begins after it asks anew.
            (false, Consent::Granted) => self.consent = Consent::Unasked,
            (true, Consent::Asked | Consent::Granted | Consent::Declined)
            | (false, Consent::Unasked) => {}
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
            sharing: false,
            spotlit: self.is_spotlit(me.id.as_str()),
        })
    }

    fn entry(&self, who: &Participant) -> RosterEntry {
        RosterEntry {
            person: convert::named(&who.id, who.display_name.as_deref()),
            me: false,
            role: role(&who.role),
            state: participant_state(&who.state),
            muted: who.is_muted,
            deafened: false,
            audio: Audio::Full,
            talking: who.is_speaking || self.talking.contains(&who.id),
            hand: self.hand(&who.id),
            sharing: who.is_sharing_screen,
            spotlit: self.is_spotlit(&who.id),
        }
    }

    fn is_spotlit(&self, id: &str) -> bool {
        self.spotlit.iter().any(|spotlit| spotlit == id)
    }

    fn hand(&self, id: &str) -> Option<u32> {
        let hand = self.hands.iter().find(|hand| hand.id == id);
        hand.map(|hand| hand.order)
    }
}

/// The call that a message is about.
pub(super) const fn of(message: &ToProgram) -> Option<u64> {
    match message {
        ToProgram::CallInfo { call, .. }
        | ToProgram::CallState { call, .. }
        | ToProgram::CallEnded { call, .. }
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
        | ToProgram::Spotlight { call, .. }
        | ToProgram::Caption { call, .. }
        | ToProgram::RealTimeText { call, .. }
        | ToProgram::Diagnostic { call, .. }
        | ToProgram::Statistics { call, .. }
        | ToProgram::Audio { call, .. } => Some(*call),
        _ => None,
    }
}
