//! What we know, and the methods that keep it consistent.
//!
//! Invariant: nothing in here knows which vendor is behind it.

pub mod accounts;
pub mod announcer;
pub mod call;
pub mod calls;
pub mod capability;
pub mod composer;
pub mod files;
pub mod focus;
pub mod leave;
pub mod lines;
pub mod notices;
pub mod own_text;
pub mod palette;
pub mod ringing;
pub mod sound;
pub mod talk;
pub mod threads;
pub mod timeline;
pub mod turns;
pub mod usage;
pub mod work;

use std::collections::BTreeMap;

use crate::clock::Moment;
use crate::clock::Now;
use crate::clock::Zone;
use crate::command::KeyMap;
use crate::model::account::Account;
use crate::model::account::AccountId;
use crate::model::announcement::Class;
use crate::model::announcement::NoticeChange;
use crate::model::announcement::Said;
use crate::model::announcement::Sender;
use crate::model::failure::Failure;
use crate::model::identity::Person;
use crate::model::identity::PersonKind;
use crate::model::message::ClientMessageId;
use crate::model::notice::Consent;
use crate::model::notice::NoticeKind;
use crate::model::notice::NoticeState;
use crate::model::settings::Interface;
use crate::model::settings::KeyMapName;
use crate::model::settings::Settings;
use crate::model::thread::Link;
use crate::state::accounts::Doors;
use crate::state::announcer::Announcer;
use crate::state::call::Call;
use crate::state::calls::Caller;
use crate::state::composer::Composer;
use crate::state::focus::Focus;
use crate::state::leave::Leave;
use crate::state::lines::Lines;
use crate::state::lines::Opening;
use crate::state::lines::Source;
use crate::state::ringing::Ringing;
use crate::state::sound::Sound;
use crate::state::threads::Thread;
use crate::state::threads::Threads;

/// Everything that is true.
#[derive(Debug, Clone)]
pub struct State {
    pub settings: Settings,
    pub keymap: KeyMap,
    pub zone: Zone,
    pub accounts: BTreeMap<AccountId, Account>,
    /// Why accounts are not signed in, as it was said.
    pub signing_in: BTreeMap<AccountId, Failure>,
    /// What the sign-ins were given leave for.
    pub leave: BTreeMap<AccountId, Leave>,
    pub threads: Threads,
    /// Of each account the call in front; the one in front of all is [`State::call`].
    pub calls: BTreeMap<AccountId, Call>,
    /// The others: on hold, or about to begin.
    pub behind: Vec<Call>,
    /// How many calls were begun.
    pub begun: u32,
    pub announcer: Announcer,
    pub composer: Composer,
    pub lines: Lines,
    pub opening: Opening,
    pub focus: Focus,
    pub sound: Sound,
    pub work: work::Work,
    /// Those of us who can call people, and not only meetings.
    pub callers: BTreeMap<AccountId, Caller>,
    /// Calls to us that nobody has answered.
    pub ringing: Vec<Ringing>,
    /// As whom somebody is signed in.
    pub doors: Doors,
    /// Columns and rows of the terminal.
    pub size: (u16, u16),
    /// The last event's times.
    pub now: Now,
    /// Unique for this run; client message ids are made of it and a counter, since nothing here is random.
    pub run: String,
    pub sent: u64,
    /// The program is to end once what is being sent is sent, or then.
    pub quit_by: Option<Moment>,
    /// Set once the program ends.
    pub quitting: bool,
}

impl State {
    /// `run`: unique for this run of the program. `size`: columns and rows.
    pub fn new(settings: Settings, zone: Zone, run: String, size: (u16, u16)) -> Self {
        let (keymap, _) = KeyMap::new(settings.keys, &settings.bindings);
        Self {
            announcer: Announcer::new(&settings),
            focus: Focus::new(settings.interface),
            keymap,
            settings,
            zone,
            accounts: BTreeMap::new(),
            signing_in: BTreeMap::new(),
            leave: BTreeMap::new(),
            threads: Threads::default(),
            calls: BTreeMap::new(),
            behind: Vec::new(),
            begun: 0,
            composer: Composer::default(),
            lines: Lines::default(),
            opening: Opening::Pending,
            sound: Sound::default(),
            work: work::Work::default(),
            callers: BTreeMap::new(),
            ringing: Vec::new(),
            doors: Doors::default(),
            size,
            now: Now::default(),
            run,
            sent: 0,
            quit_by: None,
            quitting: false,
        }
    }

    /// Commands come as lines, or not at all, and what is said goes to no terminal.
    pub fn without_terminal(&mut self, source: Source) {
        self.lines.source = source;
        self.focus.interface = Interface::Linear;
        self.announcer.unpace();
    }

    pub fn add_account(&mut self, account: Account) {
        self.focus.account.get_or_insert_with(|| account.id.clone());
        self.accounts.insert(account.id.clone(), account);
    }

    /// The account that commands go to: that of the thread in front.
    pub fn account(&self) -> Option<&AccountId> {
        let thread = self.threads.current.as_ref().map(|key| &key.account);
        thread.or(self.focus.account.as_ref())
    }

    /// The call in front: that of the account in front, else one that is live; one that is over comes last.
    pub fn call(&self) -> Option<&Call> {
        let own = self.account().and_then(|account| self.calls.get(account));
        own.filter(|call| call.is_live())
            .or_else(|| self.calls.values().find(|c| c.is_live()))
            .or(own)
            .or_else(|| self.calls.values().next())
    }

    /// Whether there is a call to speak of: one that was, is, or is about to be.
    pub fn has_call(&self) -> bool {
        self.call().is_some() || self.sound.check.is_some()
    }

    pub fn call_mut(&mut self) -> Option<&mut Call> {
        let account = self.call()?.account.clone();
        self.calls.get_mut(&account)
    }

    pub fn thread(&self) -> Option<&Thread> {
        self.threads.current()
    }

    /// The vim map's normal mode is on.
    pub fn is_normal(&self) -> bool {
        self.settings.keys == KeyMapName::Vim && self.focus.mode == focus::Mode::Normal
    }

    /// Everybody who can be named here: the roster, the thread, those in the lobby; ourselves not.
    pub fn people(&self) -> Vec<Person> {
        let roster = self.call().into_iter().flat_map(|c| {
            let inside = c.roster.iter().filter(|e| !e.me).map(|e| &e.person);
            inside.chain(&c.lobby)
        });
        let me = self
            .account()
            .and_then(|a| self.accounts.get(a)?.raw_id.as_ref());
        let thread = self.thread().into_iter().flat_map(|t| &t.participants);
        let mut people: Vec<Person> = Vec::new();
        for person in roster.chain(thread) {
            let known = people.iter().any(|p| p.id == person.id) || Some(&person.id) == me;
            if !known && !person.name.is_empty() {
                people.push(person.clone());
            }
        }
        people
    }

    /// Offers a fact in the class it has by itself.
    pub fn say(&mut self, said: Said) {
        self.announcer.offer(said, &self.settings, self.now.moment);
    }

    /// Offers a fact in a class that depends on more than the fact.
    pub fn say_as(&mut self, class: Class, said: Said) {
        self.announcer.offer_as(class, said, self.now.moment);
    }

    /// Takes changed settings into force.
    pub fn configure(&mut self) {
        self.announcer.configure(&self.settings);
        for call in self.calls.values_mut() {
            call.turns.live = self.settings.sound.rtt_live;
        }
        let (keymap, _) = KeyMap::new(self.settings.keys, &self.settings.bindings);
        self.keymap = keymap;
        if self.settings.keys != KeyMapName::Vim {
            self.focus.mode = focus::Mode::Insert;
        }
    }

    /// Says what is recorded and asked for again, before anything polite (N2).
    pub fn restate_notices(&mut self) {
        for call in self.calls.values().filter(|c| c.is_live()) {
            for kind in NoticeKind::ALL {
                let change = match call.notices.of(kind).state {
                    NoticeState::Active { .. } => NoticeChange::AlreadyOn,
                    NoticeState::Unknown if call.notices.of(kind).stated => NoticeChange::Unknown,
                    NoticeState::Unknown | NoticeState::Inactive { .. } => continue,
                };
                let said = Said::Notice {
                    account: call.account.clone(),
                    kind,
                    change,
                    again: false,
                };
                self.announcer
                    .restate(said, call.notices.of(kind).acknowledged);
            }
            if call.notices.consent == Consent::Required {
                let asked = Said::ConsentAsked {
                    account: call.account.clone(),
                    again: false,
                };
                self.announcer.restate(asked, false);
            }
        }
    }

    /// A new id for a message of ours.
    pub fn next_client_id(&mut self) -> ClientMessageId {
        self.sent += 1;
        ClientMessageId::new(&format!("{}-{}", self.run, self.sent))
    }

    /// Something we asked the chat for is neither done nor refused.
    pub fn is_sending(&self) -> bool {
        self.threads.all.values().any(|t| self.is_sending_in(t))
    }

    /// The same in one thread. Where the link is given up, nothing comes of it.
    pub fn is_sending_in(&self, thread: &Thread) -> bool {
        let down = matches!(self.threads.link(&thread.key.account), Link::Down(_));
        thread.is_sending() && !down
    }

    /// Files and pictures that may still arrive, by their names.
    pub fn uploading(&self) -> Vec<String> {
        let threads = self.threads.all.values();
        let sending = threads.filter(|thread| self.is_sending_in(thread));
        let uploads = sending.flat_map(|thread| &thread.uploads);
        uploads.map(|upload| upload.name.clone()).collect()
    }

    /// A person as announcements name them.
    pub fn sender(&self, person: &Person, mine: bool) -> Sender {
        // The service adds the word itself where it knows; then it is said once, by its own word.
        let name = person.name.strip_suffix(" (External)");
        Sender {
            name: name.unwrap_or(&person.name).to_owned(),
            external: name.is_some() || person.id.kind() == PersonKind::Visitor,
            mine,
        }
    }

    /// When something is due by itself.
    pub fn deadline(&self) -> Option<Moment> {
        let now = self.now.moment;
        let threads = self.threads.all.values().filter_map(|t| t.deadline(now));
        let back = self.threads.back.values().map(|b| b.due);
        let calls = self.every_call();
        let of_call = |c: &Call| {
            let due = [
                c.lobby_due,
                c.parting.map(|p| p.by),
                c.turns.deadline(),
                c.own_text.deadline(),
                c.levels.asked,
                c.meter.due,
            ];
            due.into_iter().flatten().min()
        };
        let check = self.sound.check.as_ref().and_then(|c| c.patience);
        let rejoins = self.calls.values().filter_map(|c| c.rejoins_by);
        let unattended = rejoins.filter(|by| *by > now && !self.lines.is_terminal());
        self.announcer
            .deadline()
            .into_iter()
            .chain(threads)
            .chain(calls.filter_map(of_call))
            .chain(check)
            .chain(self.sound.talk.deadline())
            .chain(self.sound.asked)
            .chain(back)
            .chain(unattended)
            .chain(self.ringing.iter().filter_map(Ringing::deadline))
            .chain(self.quit_by.filter(|_| !self.quitting))
            .min()
    }
}

#[cfg(test)]
mod tests;
