//! One account's call: where it stands, who is in it, what may be done.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::clock::Moment;
use crate::clock::Now;
use crate::clock::Timestamp;
use crate::model::account::AccountId;
use crate::model::announcement::Said;
use crate::model::call::CallInfo;
use crate::model::call::CallNumber;
use crate::model::call::CallState;
use crate::model::call::EndReason;
use crate::model::call::Quality;
use crate::model::call::Role;
use crate::model::call::RosterEntry;
use crate::model::call::Signalling;
use crate::model::call::Survey;
use crate::model::identity::Person;
use crate::model::identity::RawId;
use crate::model::locator::Locator;
use crate::model::meeting::Rooms;
use crate::model::notice::Consent;
use crate::model::notice::NoticeKind;
use crate::model::sound::Audio;
use crate::model::sound::Level;
use crate::model::sound::MediaState;
use crate::model::sound::Statistics;
use crate::state::notices::Notices;
use crate::state::own_text::OwnText;
use crate::state::turns::Turns;
use crate::state::usage::Meter;

#[derive(Debug, Clone)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "facts that are true or not, each by itself"
)]
pub struct Call {
    pub account: AccountId,
    pub number: CallNumber,
    pub locator: Locator,
    /// The name we asked to join with.
    pub name: String,
    /// Whom we called, or who called us; empty in a meeting.
    pub peer: String,
    /// To whom it is being handed on.
    pub handed_to: String,
    pub state: CallState,
    pub info: CallInfo,
    /// `info` was told since we are inside: it is whole.
    pub info_known: bool,
    pub role: Role,
    pub roster: Vec<RosterEntry>,
    pub lobby: Vec<Person>,
    pub rooms: Rooms,
    /// The breakout room that we are in; its name may be empty.
    pub room: Option<String>,
    /// How we take part in the sound.
    pub audio: Audio,
    /// As the service states it, never as we wish it.
    pub muted: bool,
    /// Muting was asked for: nothing is captured until the service has answered.
    pub muting: bool,
    /// The person here switched the microphone on, and nobody has switched it off since. Whatever
    /// the service says, it is not on for anybody else.
    pub opened: bool,
    pub media: Media,
    pub levels: Levels,
    pub turns: Turns,
    pub own_text: OwnText,
    pub told: Told,
    /// As the service grades it.
    pub quality: Quality,
    /// Capabilities the service takes from us, with its reason.
    pub denied: BTreeMap<String, String>,
    pub signalling: Signalling,
    pub notices: Notices,
    /// When we asked to join; lobby time is billed from here.
    pub dialled_at: Timestamp,
    pub meter: Meter,
    pub lobby_since: Option<Timestamp>,
    pub connected_at: Option<Timestamp>,
    /// That we are in it was said.
    pub greeted: bool,
    pub ended: Option<(EndReason, Timestamp)>,
    /// The attempt of joining again by itself that is under way.
    pub rejoining: Option<u32>,
    /// Who else waits, or that we wait, is said again at this moment.
    pub lobby_due: Option<Moment>,
    /// Banners of what happened before the meeting's chat was known, which is where they go.
    pub banners: Vec<(Said, Timestamp)>,
    /// We asked to leave: what ends now ends by our wish.
    pub leaving: bool,
    /// We leave once what is being sent is sent.
    pub parting: Option<Parting>,
    /// Until then it may be joined again by itself, although it ended.
    pub rejoins_by: Option<Moment>,
    pub survey: Survey,
}

/// On the way out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Parting {
    pub way: Way,
    /// When nothing is waited for any more.
    pub by: Moment,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Way {
    Leave,
    EndForEverybody,
}

/// A call that is joined again by itself says so within this time.
pub const REJOINS_WITHIN: Duration = Duration::from_secs(12);

/// The sound on its way between us and the service.
#[derive(Debug, Clone, Default)]
pub struct Media {
    pub state: MediaState,
    /// Why it is not there, as the service says it.
    pub reason: Option<String>,
    pub statistics: Option<Statistics>,
    /// The browser plays and captures by itself: none of our devices, meters and processing has to do with it.
    pub by_browser: bool,
    /// The share that is said to be lost; follows the measured one in steps, so that a line stays.
    pub lost: u8,
}

/// What the service was told of how we want to take part.
#[derive(Debug, Clone, Default)]
pub struct Told {
    pub captions: bool,
    pub deafened: bool,
    /// How loud we want to hear people.
    pub volumes: BTreeMap<RawId, u16>,
}

/// How loud people are, while somebody wants to know.
#[derive(Debug, Clone, Default)]
pub struct Levels {
    pub all: BTreeMap<RawId, Level>,
    /// When they were told.
    pub heard: Moment,
    /// The service was asked to tell.
    pub told: bool,
    /// A command asked; what is known by then is its answer.
    pub asked: Option<Moment>,
}

/// What a roster entry changed to, as far as people are told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RosterNews {
    Joined(String),
    /// Somebody here asked for them, and they have not answered yet.
    Called(String),
    Hand {
        name: String,
        up: bool,
        mine: bool,
    },
    Shares {
        name: String,
        on: bool,
    },
    Spotlit {
        name: String,
        on: bool,
        mine: bool,
    },
    Nothing,
}

/// Waiting in the lobby is said at most this often.
pub const LOBBY_PACE: Duration = Duration::from_mins(1);

impl Call {
    pub fn new(account: AccountId, locator: Locator, name: &str, now: Now) -> Self {
        Self {
            account,
            number: CallNumber::default(),
            locator,
            name: name.to_owned(),
            peer: String::new(),
            handed_to: String::new(),
            state: CallState::Connecting,
            info: CallInfo::default(),
            info_known: false,
            role: Role::Unknown,
            roster: Vec::new(),
            lobby: Vec::new(),
            rooms: Rooms::default(),
            room: None,
            audio: Audio::Full,
            muted: true,
            muting: false,
            opened: false,
            media: Media::default(),
            levels: Levels::default(),
            turns: Turns::default(),
            own_text: OwnText::default(),
            told: Told::default(),
            quality: Quality::Unknown,
            denied: BTreeMap::new(),
            signalling: Signalling::Up,
            notices: Notices::default(),
            dialled_at: now.utc,
            meter: Meter::new(now),
            lobby_since: None,
            connected_at: None,
            greeted: false,
            ended: None,
            rejoining: None,
            lobby_due: None,
            banners: Vec::new(),
            leaving: false,
            parting: None,
            rejoins_by: None,
            survey: Survey::None,
        }
    }

    /// The link of the meeting, where there is one to be opened elsewhere.
    pub fn link(&self) -> Option<&str> {
        match &self.locator {
            Locator::Meeting { link, .. } => Some(link),
            Locator::MeetingId { .. }
            | Locator::Thread(_)
            | Locator::GroupCall(_)
            | Locator::Room(_)
            | Locator::Person(_) => None,
        }
    }

    /// In another call of the same meeting: who is in it is not known yet. Tells which notices
    /// were known until now and are not any more.
    pub fn move_to(&mut self, room: Option<String>, at: Timestamp) -> Vec<NoticeKind> {
        self.room = room;
        self.state = CallState::Connected;
        self.roster.retain(|entry| entry.me);
        for entry in &mut self.roster {
            (entry.hand, entry.spotlit) = (None, false);
        }
        self.lobby.clear();
        self.notices.consent = Consent::NotRequired;
        self.notices.lose(at)
    }

    /// What people know it by: whom we talk to, or what the meeting is about.
    pub fn with(&self) -> &str {
        self.known_as().unwrap_or("somebody")
    }

    /// With a person or a phone number, and not in a meeting.
    pub const fn is_with_people(&self) -> bool {
        matches!(self.locator, Locator::Person(_))
    }

    pub fn known_as(&self) -> Option<&str> {
        let mut others = self.roster.iter().filter(|e| !e.me);
        let only = match (others.next(), others.next()) {
            (Some(only), None) => only.person.name.as_str(),
            _ => "",
        };
        [&self.info.topic, &self.peer, only]
            .into_iter()
            .find(|name| !name.is_empty())
    }

    /// What the service lets us do and what not, with its reasons.
    pub fn deny(&mut self, capabilities: Vec<(String, Option<String>)>) {
        let denied = capabilities.into_iter();
        self.denied = denied
            .filter_map(|(name, why)| Some((name, why?)))
            .collect();
    }

    /// Dialled anew after it had ended: nothing of the last stay is known to hold.
    pub fn begin_again(&mut self, now: Now) {
        let known = (self.info.clone(), self.rejoining, self.audio);
        let (number, peer) = (self.number, std::mem::take(&mut self.peer));
        let changes = std::mem::take(&mut self.notices.changes);
        *self = Self::new(self.account.clone(), self.locator.clone(), &self.name, now);
        (self.info, self.rejoining, self.audio) = known;
        (self.number, self.peer) = (number, peer);
        // What was said in it stays said.
        self.notices.changes = changes;
    }

    /// Dialling, in the lobby, inside or joining again: there is something to leave.
    pub const fn is_live(&self) -> bool {
        self.ended.is_none() && !matches!(self.state, CallState::Disconnected)
    }

    pub const fn is_held_by_us(&self) -> bool {
        matches!(self.state, CallState::LocalHold)
    }

    /// It is over, and nobody joins it again by themselves.
    pub fn is_given_up(&self, now: Moment) -> bool {
        !self.is_live() && self.rejoins_by.is_none_or(|by| by <= now)
    }

    pub fn me(&self) -> Option<&RosterEntry> {
        self.roster.iter().find(|e| e.me)
    }

    pub fn people(&self) -> usize {
        self.roster.len()
    }

    /// Names of those who talk, ourselves excepted.
    pub fn talking(&self) -> impl Iterator<Item = &str> {
        self.roster
            .iter()
            .filter(|e| e.talking && !e.me)
            .map(|e| e.person.name.as_str())
    }

    /// Raised hands in the order they went up.
    pub fn hands(&self) -> Vec<(u32, &RosterEntry)> {
        let mut hands: Vec<_> = self
            .roster
            .iter()
            .filter_map(|e| Some((e.hand?, e)))
            .collect();
        hands.sort_by_key(|(order, _)| *order);
        hands
    }

    pub fn my_hand(&self) -> bool {
        self.me().is_some_and(|e| e.hand.is_some())
    }

    /// The roster as it is listed: hands first in their order, then names.
    pub fn sorted(&self) -> Vec<&RosterEntry> {
        let mut all: Vec<_> = self.roster.iter().collect();
        all.sort_by(|a, b| {
            (a.hand.unwrap_or(u32::MAX), &a.person.name)
                .cmp(&(b.hand.unwrap_or(u32::MAX), &b.person.name))
        });
        all
    }

    /// The whole roster, on joining and after a reconnect. Tells who shares a screen of whom that
    /// was not known.
    pub fn set_roster(&mut self, roster: Vec<RosterEntry>) -> Vec<String> {
        let before = std::mem::replace(&mut self.roster, roster);
        let known = |entry: &RosterEntry| {
            let mut before = before.iter();
            before.any(|e| e.sharing && e.person.id == entry.person.id)
        };
        let new = self.roster.iter().filter(|e| e.sharing && !known(e));
        new.map(|e| e.person.name.clone()).collect()
    }

    pub fn change(&mut self, entry: RosterEntry) -> RosterNews {
        let (name, mine) = (entry.person.name.clone(), entry.me);
        let coming = entry.state.is_called();
        let id = &entry.person.id;
        let Some(known) = self.roster.iter_mut().find(|e| e.person.id == *id) else {
            self.roster.push(entry);
            return match (mine, coming) {
                (true, _) => RosterNews::Nothing,
                (false, true) => RosterNews::Called(name),
                (false, false) => RosterNews::Joined(name),
            };
        };
        let was_coming = known.state.is_called();
        let (before, up) = (known.hand.is_some(), entry.hand.is_some());
        let (shared, sharing) = (known.sharing, entry.sharing);
        let (was_spotlit, spotlit) = (known.spotlit, entry.spotlit);
        *known = entry;
        if was_coming && !coming && !mine {
            RosterNews::Joined(name)
        } else if before != up {
            RosterNews::Hand { name, up, mine }
        } else if shared != sharing {
            let on = sharing;
            RosterNews::Shares { name, on }
        } else if was_spotlit != spotlit {
            let on = spotlit;
            RosterNews::Spotlit { name, on, mine }
        } else {
            RosterNews::Nothing
        }
    }

    /// The name of who left, if we knew them.
    pub fn remove(&mut self, id: &RawId) -> Option<String> {
        let at = self.roster.iter().position(|e| e.person.id == *id)?;
        let gone = self.roster.remove(at);
        (!gone.me).then_some(gone.person.name)
    }

    /// The connection's quality: the worse of what the service grades and what we measure.
    pub fn quality(&self) -> Quality {
        self.quality.max(self.media.quality())
    }

    /// May we let people in, and hear of raised hands at once?
    pub const fn leads(&self) -> bool {
        matches!(
            self.role,
            Role::Organizer | Role::CoOrganizer | Role::Presenter
        )
    }

    /// How loud somebody is, where that was told of late.
    pub fn level(&self, id: &RawId, now: Moment) -> Option<Level> {
        let recent = now.since(self.levels.heard) < LEVELS_LAST;
        self.levels.all.get(id).copied().filter(|_| recent)
    }

    /// Takes what was measured.
    pub fn measure(&mut self, statistics: Statistics) {
        let before = self.media.quality();
        let lost = statistics.lost();
        self.media.statistics = Some(statistics);
        let moved = self.media.lost.abs_diff(lost) >= LOSS_STEP;
        if moved || before != self.media.quality() {
            self.media.lost = lost;
        }
    }

    /// Seconds since we were let in.
    pub fn seconds(&self, now: Timestamp) -> u64 {
        let end = self.ended.map_or(now, |(_, at)| at);
        self.connected_at.map_or(0, |at| end.seconds_since(at))
    }
}

impl Media {
    /// As the figures are: from 4 % lost or 400 ms away it is heard, from 15 % or a second
    /// it is hard to talk.
    fn quality(&self) -> Quality {
        if self.state == MediaState::Reconnecting {
            return Quality::Bad;
        }
        let Some(statistics) = &self.statistics else {
            return Quality::Unknown;
        };
        let lost = statistics.lost();
        let away = statistics.round_trip.unwrap_or_default();
        if lost >= 15 || away >= Duration::from_secs(1) {
            Quality::Bad
        } else if lost >= 4 || away >= Duration::from_millis(400) {
            Quality::Poor
        } else {
            Quality::Good
        }
    }
}

/// Who was told a level hears five a second; after this it says nothing any more.
const LEVELS_LAST: Duration = Duration::from_secs(2);
/// A share that is said follows the measured one when they are so many percent apart.
const LOSS_STEP: u8 = 3;
