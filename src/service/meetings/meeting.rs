//! One meeting: who is in it, who waits, what everybody is told.
//!
//! Pure: it is given the time, and what must happen outside comes back as
//! [`Output`]s in the order in which it must happen.

use std::collections::BTreeMap;
use std::path::PathBuf;

use crate::clock::Moment;
use crate::clock::Timestamp;
use crate::wire::local::Audio;
use crate::wire::local::Consent;
use crate::wire::local::Ended;
use crate::wire::local::Hand;
use crate::wire::local::Info;
use crate::wire::local::MediaState;
use crate::wire::local::Notice;
use crate::wire::local::NoticeKind;
use crate::wire::local::Person;
use crate::wire::local::Quality;
use crate::wire::local::Role;
use crate::wire::local::Sdp;
use crate::wire::local::ToClient;
use crate::wire::local::Waiting;

use super::media::MediaAct;
use super::media::Told;
use super::participant::Link;
use super::participant::Participant;
use super::participant::Place;
use super::participant::SocketId;
use super::participant::is_external;
use super::participant::name_shown;
use super::rules::Admission;
use super::rules::Options;
use super::rules::Standing;
use super::rules::capabilities;
use super::words::Numbering;

pub struct Meeting {
    pub names: Names,
    pub options: Options,
    /// Every join ends with this code and subcode: a fault switch.
    pub refuse_joins: Option<(u32, u32)>,
    pub(super) people: Vec<Participant>,
    started: Option<Timestamp>,
    pub(super) recording: NoticeNow,
    transcription: NoticeNow,
    hands: u32,
    pub(super) talking: Vec<String>,
    /// What the mixer was told of each client.
    pub(super) flows: BTreeMap<String, Told>,
    /// Where the mixer was told to record.
    pub(super) recorded_into: Option<PathBuf>,
    pub(super) levels_told: Option<Moment>,
}

/// The ways to name a meeting.
#[derive(Clone)]
pub struct Names {
    pub thread: String,
    pub link: String,
    /// The page of this meeting.
    pub guest_link: String,
    pub id: String,
    pub passcode: String,
}

/// The time, in both of its kinds.
#[derive(Debug, Clone, Copy)]
pub struct Now {
    pub mono: Moment,
    pub utc: Timestamp,
}

/// Somebody knocks.
pub struct Arrival {
    pub id: String,
    /// As they call themselves.
    pub name: String,
    /// `None` takes the role that guests get.
    pub role: Option<Role>,
    /// `None` for a part of the script.
    pub socket: Option<SocketId>,
    /// For the stay that begins now, unless an earlier one is taken up again.
    pub call_id: String,
    pub rejoin: Option<String>,
    pub token_until: Option<Moment>,
    pub audio: Audio,
}

/// What must happen outside.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Output {
    Send {
        socket: SocketId,
        message: ToClient,
    },
    /// After what was sent before.
    Close {
        socket: SocketId,
    },
    /// From now on they may use the meeting's chat, and see nothing older if they are external.
    OpenChat {
        id: String,
        name: String,
        external: bool,
        /// They are here by a client of their own.
        client: bool,
    },
    CloseChat {
        id: String,
    },
    /// For the mixer, which hears of the address besides.
    Offer {
        id: String,
        socket: SocketId,
        sdp: Sdp,
    },
    Media(MediaAct),
}

/// What time alone brings.
#[derive(Debug, Clone, Copy)]
enum Due {
    /// The link broke and did not come back.
    Forgotten,
    WaitedTooLong,
    TokenExpired,
}

#[derive(Clone, Default)]
pub(super) struct NoticeNow {
    pub(super) active: bool,
    by_name: Option<String>,
    since: Option<Timestamp>,
    /// What is recorded goes into it.
    pub(super) file: Option<PathBuf>,
}

impl Meeting {
    pub fn new(names: Names, options: Options) -> Self {
        Self {
            names,
            options,
            refuse_joins: None,
            people: Vec::new(),
            started: None,
            recording: NoticeNow::default(),
            transcription: NoticeNow::default(),
            hands: 0,
            talking: Vec::new(),
            flows: BTreeMap::new(),
            recorded_into: None,
            levels_told: None,
        }
    }

    pub fn join(&mut self, arrival: Arrival, now: Now, out: &mut Vec<Output>) {
        if let Some((code, subcode)) = self.refuse_joins {
            return turn_away(arrival.socket, code, subcode, out);
        }
        if let Some(at) = self.place_of(&arrival.id) {
            let known = &self.people[at];
            if arrival.rejoin.as_deref() == Some(known.call_id.as_str()) {
                return self.take_up_again(at, arrival, out);
            }
            if known.socket().is_some() {
                return turn_away(arrival.socket, 409, 40228, out);
            }
            self.depart(at, out);
        }
        let external = is_external(&arrival.id);
        let role = arrival.role.unwrap_or(self.options.guest_role);
        let standing = Standing {
            external,
            role,
            hosted: self.people.iter().any(|p| p.is_inside() && !p.external),
        };
        match self.options.admission(standing) {
            Admission::Refused { code, subcode } => {
                turn_away(arrival.socket, code, subcode, out);
            }
            Admission::Lobby => {
                self.arrive(arrival, role, now);
                self.tell_newcomer(self.people.len() - 1, out);
                self.tell_lobby(out);
            }
            Admission::Inside => {
                self.arrive(arrival, role, now);
                self.enter(self.people.len() - 1, now, out);
            }
        }
    }

    fn arrive(&mut self, arrival: Arrival, role: Role, now: Now) {
        let external = is_external(&arrival.id);
        self.people.push(Participant {
            person: Person {
                display_name: name_shown(&arrival.name, external),
                id: arrival.id,
            },
            external,
            role,
            place: Place::Lobby {
                since: now.mono,
                at: now.utc,
            },
            call_id: arrival.call_id,
            link: arrival.socket.map_or(Link::Scripted, Link::Socket),
            token_until: arrival.token_until,
            muted: true,
            muted_by: None,
            held: false,
            hand: None,
            consent: Consent::NotRequired,
            quality: Quality::Good,
            audio: arrival.audio,
            deafened: false,
            wants_captions: false,
            wants_levels: false,
            captioned: Numbering::default(),
            typed: Numbering::default(),
            media: (MediaState::None, None),
            untold: false,
        });
    }

    fn take_up_again(&mut self, at: usize, arrival: Arrival, out: &mut Vec<Output>) {
        let known = &mut self.people[at];
        if let Some(old) = known.socket() {
            out.push(Output::Close { socket: old });
        }
        known.link = arrival.socket.map_or(Link::Scripted, Link::Socket);
        known.token_until = arrival.token_until;
        known.audio = arrival.audio;
        known.untold = false;
        self.tell_everything(at, out);
        self.tell_changed(at, out);
    }

    /// Lets somebody in who has arrived.
    pub(super) fn enter(&mut self, at: usize, now: Now, out: &mut Vec<Output>) {
        self.started.get_or_insert(now.utc);
        self.people[at].place = Place::Inside;
        if self.consent_is_asked() && self.people[at].link != Link::Scripted {
            self.people[at].consent = Consent::Required;
        }
        let who = &self.people[at];
        if self.options.may_chat(who.external) {
            out.push(Output::OpenChat {
                id: who.person.id.clone(),
                name: who.person.display_name.clone(),
                external: who.external,
                client: who.link != Link::Scripted,
            });
        }
        self.tell_everything(at, out);
        self.tell_changed(at, out);
        self.tell_lobby(out);
    }

    /// The link to a client is gone without a word.
    pub fn lost(&mut self, id: &str, socket: SocketId, now: Now, out: &mut Vec<Output>) {
        let Some(at) = self.place_of(id) else { return };
        let who = &mut self.people[at];
        if who.link != Link::Socket(socket) {
            return;
        }
        who.link = Link::Lost { since: now.mono };
        if who.is_inside() {
            self.tell_changed(at, out);
        }
    }

    /// Tells somebody that the call is over for them, and takes them out of it.
    pub(super) fn end_for(&mut self, at: usize, ended: Ended, out: &mut Vec<Output>) {
        if let Some(socket) = self.people[at].socket() {
            let message = ToClient::Ended(ended);
            out.push(Output::Send { socket, message });
            out.push(Output::Close { socket });
        }
        self.depart(at, out);
    }

    fn depart(&mut self, at: usize, out: &mut Vec<Output>) {
        let gone = self.people.remove(at);
        let id = gone.person.id.clone();
        if !gone.is_inside() {
            return self.tell_lobby(out);
        }
        out.push(Output::CloseChat { id: id.clone() });
        if self.talking.contains(&id) {
            self.talking.retain(|who| *who != id);
            self.tell_inside(self.talking_now(), out);
        }
        self.tell_inside(ToClient::ParticipantLeft { id }, out);
        if gone.hand.is_some() {
            self.tell_inside(self.hands_now(), out);
        }
        if !self.people.iter().any(Participant::is_inside) {
            self.started = None;
            self.recording = NoticeNow::default();
            self.transcription = NoticeNow::default();
        }
    }

    pub fn is_recorded(&self) -> bool {
        self.recording.active
    }

    /// Sets whether the meeting is recorded or transcribed; a repetition is told to nobody.
    pub fn set_notice(
        &mut self,
        kind: NoticeKind,
        active: bool,
        by_name: Option<String>,
        now: Now,
        out: &mut Vec<Output>,
    ) {
        let notice = match kind {
            NoticeKind::Recording => &mut self.recording,
            NoticeKind::Transcription => &mut self.transcription,
        };
        if notice.active == active {
            return;
        }
        *notice = NoticeNow {
            active,
            by_name,
            since: Some(now.utc),
            file: None,
        };
        for who in self.people.iter_mut().filter(|who| who.is_cut_off()) {
            who.untold |= active;
        }
        let asked = self.ask_for_consent();
        for at in 0..self.people.len() {
            let Some(socket) = self.people[at]
                .socket()
                .filter(|_| self.people[at].is_inside())
            else {
                continue;
            };
            let message = self.notice_for(at, kind);
            out.push(Output::Send { socket, message });
        }
        for at in asked {
            self.tell_permissions(at, out);
        }
    }

    /// Brings everybody's consent in line with what is recorded; answers whose changed.
    pub(super) fn ask_for_consent(&mut self) -> Vec<usize> {
        let asked = self.consent_is_asked();
        let mut changed = Vec::new();
        for (at, who) in self.people.iter_mut().enumerate() {
            let consent = match (asked, who.consent) {
                (true, Consent::NotRequired) if who.is_inside() && who.link != Link::Scripted => {
                    who.muted = true;
                    who.muted_by = None;
                    Consent::Required
                }
                (true, same) => same,
                (false, _) => Consent::NotRequired,
            };
            if consent != who.consent {
                who.consent = consent;
                changed.push(at);
            }
        }
        changed
    }

    fn consent_is_asked(&self) -> bool {
        self.options.consent_required && (self.recording.active || self.transcription.active)
    }

    /// Numbers a hand that goes up.
    pub(super) fn next_hand(&mut self) -> u32 {
        self.hands += 1;
        self.hands
    }

    /// When something becomes due by time alone.
    pub fn deadline(&self) -> Option<Moment> {
        self.people
            .iter()
            .filter_map(|who| self.due(who))
            .map(|(at, _)| at)
            .min()
    }

    /// Does what is due.
    pub fn expire(&mut self, now: Now, out: &mut Vec<Output>) {
        while let Some((at, due)) = self.people.iter().enumerate().find_map(|(at, who)| {
            self.due(who)
                .filter(|(when, _)| *when <= now.mono)
                .map(|(_, due)| (at, due))
        }) {
            match due {
                Due::Forgotten => self.depart(at, out),
                Due::WaitedTooLong => self.end_for(at, ended(0, 5855), out),
                Due::TokenExpired => self.end_for(at, ended(495, 4507), out),
            }
        }
    }

    fn due(&self, who: &Participant) -> Option<(Moment, Due)> {
        let link = match who.link {
            Link::Lost { since } => Some((since + GRACE, Due::Forgotten)),
            Link::Scripted | Link::Socket(_) => None,
        };
        let lobby = match (who.link, who.place) {
            (Link::Socket(_), Place::Lobby { since, .. }) => {
                Some((since + self.options.lobby_timeout(), Due::WaitedTooLong))
            }
            _ => None,
        };
        let token = who.token_until.map(|until| (until, Due::TokenExpired));
        [link, lobby, token]
            .into_iter()
            .flatten()
            .min_by_key(|(at, _)| *at)
    }

    pub(super) fn place_of(&self, id: &str) -> Option<usize> {
        self.people.iter().position(|who| who.person.id == id)
    }

    // What people are told.

    fn tell_newcomer(&self, at: usize, out: &mut Vec<Output>) {
        let who = &self.people[at];
        self.tell(
            at,
            ToClient::CallState {
                state: who.call_state(),
            },
            out,
        );
        self.tell(at, self.info_for(at), out);
    }

    /// The whole state, as after joining. Notices come first: they must be seen before anything is said.
    pub(super) fn tell_everything(&self, at: usize, out: &mut Vec<Output>) {
        let who = &self.people[at];
        if !who.is_inside() {
            return self.tell_newcomer(at, out);
        }
        let state = who.call_state();
        let quality = who.quality;
        let participants = self.inside().map(Participant::entry).collect();
        for message in [
            ToClient::CallState { state },
            self.notice_for(at, NoticeKind::Recording),
            self.notice_for(at, NoticeKind::Transcription),
            self.info_for(at),
            ToClient::Role { role: who.role },
            self.capabilities_for(at),
            ToClient::Roster { participants },
            self.muted_for(at),
            self.hands_now(),
            self.lobby_now(),
            self.talking_now(),
            ToClient::Quality { quality },
            self.media_for(at),
        ] {
            self.tell(at, message, out);
        }
    }

    /// The microphone and what may be done, after consent or role changed.
    pub(super) fn tell_permissions(&self, at: usize, out: &mut Vec<Output>) {
        self.tell(at, self.muted_for(at), out);
        self.tell(at, self.capabilities_for(at), out);
        self.tell_changed(at, out);
    }

    pub(super) fn tell(&self, at: usize, message: ToClient, out: &mut Vec<Output>) {
        if let Some(socket) = self.people[at].socket() {
            out.push(Output::Send { socket, message });
        }
    }

    pub(super) fn tell_inside(&self, message: ToClient, out: &mut Vec<Output>) {
        for socket in self.inside().filter_map(Participant::socket) {
            let message = message.clone();
            out.push(Output::Send { socket, message });
        }
    }

    /// The roster's line of one participant, to everybody.
    pub(super) fn tell_changed(&self, at: usize, out: &mut Vec<Output>) {
        if self.people[at].is_inside() {
            let participant = self.people[at].entry();
            self.tell_inside(ToClient::Participant { participant }, out);
        }
    }

    pub(super) fn tell_lobby(&self, out: &mut Vec<Output>) {
        self.tell_inside(self.lobby_now(), out);
    }

    pub(super) fn inside(&self) -> impl Iterator<Item = &Participant> {
        self.people.iter().filter(|who| who.is_inside())
    }

    fn info_for(&self, at: usize) -> ToClient {
        let who = &self.people[at];
        ToClient::Info(Info {
            call_id: who.call_id.clone(),
            topic: self.options.topic.clone(),
            thread_id: who.is_inside().then(|| self.names.thread.clone()),
            started_on: self.started.map(|at| at.to_string()),
            me: who.person.id.clone(),
        })
    }

    pub(super) fn notice_for(&self, at: usize, kind: NoticeKind) -> ToClient {
        let now = match kind {
            NoticeKind::Recording => &self.recording,
            NoticeKind::Transcription => &self.transcription,
        };
        ToClient::Notice(Notice {
            kind,
            is_active: now.active,
            by_name: now.by_name.clone(),
            since: now.since.map(|at| at.to_string()),
            consent: self.people[at].consent,
        })
    }

    pub(super) fn capabilities_for(&self, at: usize) -> ToClient {
        let who = &self.people[at];
        ToClient::Capabilities {
            capabilities: capabilities(who.role, who.consent),
        }
    }

    pub(super) fn muted_for(&self, at: usize) -> ToClient {
        ToClient::Muted {
            is_muted: self.people[at].muted,
            by: self.people[at].muted_by.clone(),
        }
    }

    pub(super) fn hands_now(&self) -> ToClient {
        let mut up: Vec<_> = self
            .inside()
            .filter_map(|who| who.hand.map(|order| (order, who.person.id.clone())))
            .collect();
        up.sort();
        let raised = up
            .into_iter()
            .zip(1..)
            .map(|((_, id), order)| Hand { id, order });
        ToClient::Hands {
            raised: raised.collect(),
        }
    }

    pub(super) fn talking_now(&self) -> ToClient {
        ToClient::Talking {
            ids: self.talking.clone(),
        }
    }

    fn lobby_now(&self) -> ToClient {
        let waiting = self.people.iter().filter_map(|who| match who.place {
            Place::Lobby { at, .. } => Some(Waiting {
                id: who.person.id.clone(),
                display_name: who.person.display_name.clone(),
                since: at.to_string(),
            }),
            Place::Inside => None,
        });
        ToClient::Lobby {
            waiting: waiting.collect(),
        }
    }
}

fn turn_away(socket: Option<SocketId>, code: u32, subcode: u32, out: &mut Vec<Output>) {
    if let Some(socket) = socket {
        let message = ToClient::Ended(ended(code, subcode));
        out.push(Output::Send { socket, message });
        out.push(Output::Close { socket });
    }
}

pub(super) const fn ended(code: u32, subcode: u32) -> Ended {
    Ended {
        code,
        subcode,
        by: None,
    }
}

/// How long the place of somebody whose link broke is kept.
const GRACE: std::time::Duration = std::time::Duration::from_secs(30);
