//! The funnel: events in, lines and screen out. Time is a number.

use std::time::Duration;

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use sidetone::clock::Moment;
use sidetone::clock::Now;
use sidetone::clock::Timestamp;
use sidetone::clock::Zone;
use sidetone::effect::CallCommand;
use sidetone::effect::ChatCommand;
use sidetone::effect::Effect;
use sidetone::effect::HistoryCommand;
use sidetone::effect::SoundCommand;
use sidetone::event::CallEvent;
use sidetone::event::ChatEvent;
use sidetone::event::Event;
use sidetone::event::TerminalEvent;
use sidetone::model::account::Account;
use sidetone::model::account::AccountId;
use sidetone::model::account::AccountKind;
use sidetone::model::announcement::Announcement;
use sidetone::model::announcement::Class;
use sidetone::model::call::CallInfo;
use sidetone::model::call::CallState;
use sidetone::model::call::Role;
use sidetone::model::call::RosterEntry;
use sidetone::model::identity::Person;
use sidetone::model::identity::RawId;
use sidetone::model::key::Key;
use sidetone::model::key::KeyCode;
use sidetone::model::locator::Locator;
use sidetone::model::message::Body;
use sidetone::model::message::Message;
use sidetone::model::message::MessageId;
use sidetone::model::message::Version;
use sidetone::model::notice::NoticeKind;
use sidetone::model::notice::NoticeState;
use sidetone::model::rich::Rich;
use sidetone::model::settings::Interface;
use sidetone::model::settings::Settings;
use sidetone::model::sound::Audio;
use sidetone::model::thread::ChatAccess;
use sidetone::model::thread::Link;
use sidetone::model::thread::ThreadId;
use sidetone::model::thread::ThreadInfo;
use sidetone::state::State;
use sidetone::update;
use sidetone::update::Start;
use sidetone::view::fullscreen::Screen;
use sidetone::view::phrase;
use sidetone::view::theme::Theme;

/// Ten o'clock, two minutes past.
const BEGIN: i64 = 1_795_428_120_000;
/// So much of what is said is on one row, on any screen that is not small.
const BEGINS: usize = 30;
/// A script that has more deadlines than this in one wait never rests.
const RESTLESS: usize = 20_000;

pub(crate) fn account() -> AccountId {
    AccountId::new("external:ada")
}

pub(crate) fn work_account() -> AccountId {
    AccountId::new("teams:work")
}

pub(crate) fn thread() -> ThreadId {
    ThreadId::new("19:meeting_design@thread.v2")
}

pub(crate) fn person(name: &str) -> Person {
    Person::new(&format!("8:acs:{}", name.to_lowercase()), name)
}

pub(crate) fn entry(name: &str) -> RosterEntry {
    RosterEntry {
        person: person(name),
        me: name == "Ada",
        role: Role::Attendee,
        state: CallState::Connected,
        muted: true,
        deafened: false,
        audio: Audio::Full,
        talking: false,
        hand: None,
        sharing: false,
        spotlit: false,
    }
}

pub(crate) fn at(seconds: f64) -> Timestamp {
    Timestamp::from_millis(BEGIN + millis(seconds))
}

#[expect(clippy::cast_possible_truncation, reason = "scripts last minutes")]
fn millis(seconds: f64) -> i64 {
    (seconds * 1000.0) as i64
}

pub(crate) fn message(id: u64, from: &str, words: &str) -> Message {
    Message {
        id: MessageId::new(&id.to_string()),
        version: Version(1),
        client_id: None,
        sender: Some(person(from)),
        mine: from == "Ada",
        body: Body::Text(Rich::from_text(words)),
        created: Timestamp::from_millis(BEGIN),
        edited: None,
        mentions_me: words.contains("Ada"),
        attachments: Vec::new(),
        reply_to: None,
        reactions: Vec::new(),
        importance: sidetone::model::message::Importance::Normal,
    }
}

pub(crate) fn chat(event: ChatEvent) -> Event {
    Event::Chat(account(), event)
}

pub(crate) fn call(event: CallEvent) -> Event {
    Event::Call(account(), event)
}

pub(crate) fn says(id: u64, from: &str, words: &str) -> Event {
    received(message(id, from, words))
}

pub(crate) fn received(message: Message) -> Event {
    chat(ChatEvent::MessageReceived {
        thread: thread(),
        message,
    })
}

pub(crate) fn link(link: Link) -> Event {
    chat(ChatEvent::Link(link))
}

pub(crate) fn state(state: CallState) -> Event {
    call(CallEvent::State { state, at: at(0.0) })
}

pub(crate) fn notice(kind: NoticeKind, active: bool) -> Event {
    stated(kind, active, false)
}

pub(crate) fn stated(kind: NoticeKind, active: bool, initial: bool) -> Event {
    let by = None;
    call(CallEvent::Notice {
        kind,
        state: if active {
            NoticeState::Active { by }
        } else {
            NoticeState::Inactive { by }
        },
        initial,
        at: at(0.0),
    })
}

/// One line that was written, and when.
#[derive(Debug, Clone)]
pub(crate) struct Line {
    pub(crate) seconds: f64,
    pub(crate) class: Class,
    pub(crate) text: String,
}

/// A state being played with.
pub(crate) struct Script {
    pub(crate) state: State,
    pub(crate) lines: Vec<Line>,
    pub(crate) effects: Vec<Effect>,
    bells: usize,
    passed: Duration,
    /// How far the calendar is ahead of what passed, in seconds.
    clock_ahead: f64,
    screen: Screen,
    sound: bool,
}

/// In a thread that is open and empty, following it on the full screen.
pub(crate) fn script() -> Script {
    with(Settings::default())
}

pub(crate) fn linear() -> Script {
    with(Settings {
        interface: Interface::Linear,
        ..Settings::default()
    })
}

pub(crate) fn with(settings: Settings) -> Script {
    alone(settings)
        .begin(Locator::Thread(thread()))
        .open()
        .quietly()
}

/// Nothing was asked for yet.
pub(crate) fn alone(settings: Settings) -> Script {
    let mut state = State::new(settings, Zone::UTC, "run".to_owned(), (80, 24));
    state.add_account(Account {
        id: account(),
        kind: AccountKind::External,
        display_name: "Ada".to_owned(),
        raw_id: Some(RawId::new("8:acs:ada")),
        local: true,
    });
    Script {
        state,
        lines: Vec::new(),
        effects: Vec::new(),
        bells: 0,
        passed: Duration::ZERO,
        clock_ahead: 0.0,
        screen: Screen::default(),
        sound: false,
    }
}

impl Script {
    /// Our account is of that kind, and at a service elsewhere, which is paid for.
    pub(crate) fn elsewhere(mut self, kind: AccountKind) -> Self {
        let account = self.state.accounts.get_mut(&account()).unwrap();
        account.kind = kind;
        account.local = false;
        self
    }

    /// There is a second account, of an organisation; nobody is signed in as it yet.
    pub(crate) fn with_work(mut self) -> Self {
        self.state.add_account(Account {
            id: work_account(),
            kind: AccountKind::Teams,
            display_name: "Ada Quist".to_owned(),
            raw_id: Some(RawId::new("8:orgid:ada")),
            local: true,
        });
        self
    }

    /// Somebody owns microphone and speaker.
    pub(crate) fn sounding(mut self) -> Self {
        self.sound = true;
        self
    }

    pub(crate) fn begin(self, locator: Locator) -> Self {
        self.started(Some(locator))
    }

    /// With no meeting to join: the chats of the account.
    pub(crate) fn among_chats(self) -> Self {
        self.started(None)
    }

    fn started(mut self, locator: Option<Locator>) -> Self {
        let start = Start {
            account: account(),
            locator,
            call: None,
            name: "Ada".to_owned(),
            sound: self.sound,
            calls: true,
        };
        let now = self.now();
        let effects = update::start(&mut self.state, start, now);
        self.perform(effects);
        self
    }

    fn open(self) -> Self {
        self.then(link(Link::Live))
            .then(chat(ChatEvent::Access {
                thread: thread(),
                access: ChatAccess::Open,
            }))
            .then(chat(ChatEvent::ThreadRead(ThreadInfo {
                id: thread(),
                topic: "design".to_owned(),
                participants: ["Ada", "Alice", "Bob"].map(person).to_vec(),
            })))
            .then(chat(ChatEvent::NewerPage {
                thread: thread(),
                messages: Vec::new(),
            }))
    }

    /// Dialled by link; nothing was answered yet.
    pub(crate) fn dialled(self) -> Self {
        self.begin(Locator::MeetingId {
            id: "1".to_owned(),
            passcode: None,
        })
    }

    /// In the meeting as an attendee, with Alice and Bob; what was said on the way is forgotten.
    pub(crate) fn connected(self) -> Self {
        self.connected_as(Role::Attendee)
    }

    pub(crate) fn connected_as(self, role: Role) -> Self {
        self.dialled()
            .then(state(CallState::Connecting))
            .then(call(CallEvent::Role(role)))
            .then(call(CallEvent::Info(CallInfo {
                thread: Some(thread()),
                topic: "design".to_owned(),
                started: None,
            })))
            .then(state(CallState::Connected))
            .then(call(CallEvent::Roster(
                ["Ada", "Alice", "Bob"].map(entry).to_vec(),
            )))
            .then(stated(NoticeKind::Recording, false, true))
            .then(stated(NoticeKind::Transcription, false, true))
            .open()
            .quietly()
    }

    /// Waits until nothing is left to be said, and forgets what was.
    pub(crate) fn quietly(mut self) -> Self {
        self = self.after(5.0);
        self.lines.clear();
        self.effects.clear();
        self.bells = 0;
        self
    }

    pub(crate) fn then(mut self, event: Event) -> Self {
        let now = self.now();
        let effects = update::update(&mut self.state, event, now);
        self.stands(&effects);
        self.perform(effects);
        self
    }

    /// Whatever is said stands on the full screen in the same moment, in whichever view it was
    /// played: of several things at once the last answer, and the last of what just happened.
    #[track_caller]
    fn stands(&mut self, effects: &[Effect]) {
        let said = effects.iter().filter_map(|effect| match effect {
            Effect::Say(said) if !said.said.is_in_sight() => Some(said),
            _ => None,
        });
        let (answers, news): (Vec<_>, Vec<_>) = said.partition(|said| said.is_answer());
        let last: Vec<_> = news.last().into_iter().chain(answers.last()).collect();
        if last.is_empty() || !self.state.lines.is_terminal() {
            return;
        }
        let size = Rect::new(0, 0, 120, 20);
        let mut buffer = Buffer::empty(size);
        self.screen
            .draw(&self.state, &Theme::default(), &mut buffer);
        let cells = buffer.content.iter().map(ratatui::buffer::Cell::symbol);
        let screen: String = cells.collect();
        for said in last {
            let words = phrase::announcement(said, &self.state);
            // Cells of wide letters are not letter for letter what is said.
            let first = words.lines().next().unwrap_or_default();
            let begins: String = first.chars().take(BEGINS).collect();
            if begins.is_ascii() {
                let there = screen.contains(&begins);
                assert!(there, "{words:?} is not on the full screen");
            }
        }
    }

    /// Lets time pass, waking at each deadline as the runtime does.
    pub(crate) fn after(mut self, seconds: f64) -> Self {
        let end = self.passed + Duration::from_secs_f64(seconds);
        for _ in 0..RESTLESS {
            let due = self.state.deadline().map(|at| at.since(Moment::ZERO));
            let Some(due) = due.filter(|due| *due <= end) else {
                self.passed = end;
                return self;
            };
            self.passed = self.passed.max(due);
            self = self.then(Event::Deadline);
        }
        panic!("the deadline does not move: {:?}", self.state.deadline());
    }

    /// Somebody sets the machine's clock, by so many seconds.
    pub(crate) fn set_clock(mut self, ahead: f64) -> Self {
        self.clock_ahead += ahead;
        self
    }

    pub(crate) fn press(self, chords: &str) -> Self {
        chords.split(' ').fold(self, |script, chord| {
            script.then(Event::Terminal(TerminalEvent::Key(key(chord))))
        })
    }

    /// Types text without sending it.
    pub(crate) fn typed(self, words: &str) -> Self {
        words.chars().fold(self, |script, c| {
            script.then(Event::Terminal(TerminalEvent::Key(Key::char(c))))
        })
    }

    /// Types a line and sends it.
    pub(crate) fn line(self, words: &str) -> Self {
        self.typed(words).press("Enter")
    }

    pub(crate) fn pasted(self, words: &str) -> Self {
        self.then(Event::Terminal(TerminalEvent::Paste(words.to_owned())))
    }

    fn perform(&mut self, effects: Vec<Effect>) {
        for effect in effects {
            match &effect {
                Effect::Say(announcement) => self.say(announcement),
                Effect::Bell => self.bells += 1,
                _ => {}
            }
            if !matches!(effect, Effect::Say(_) | Effect::Publish(_)) {
                self.effects.push(effect);
            }
        }
    }

    fn say(&mut self, announcement: &Announcement) {
        self.lines.push(Line {
            seconds: self.passed.as_secs_f64(),
            class: announcement.class,
            text: phrase::announcement(announcement, &self.state),
        });
    }

    pub(crate) fn now(&self) -> Now {
        Now {
            moment: Moment::ZERO + self.passed,
            utc: at(self.passed.as_secs_f64() + self.clock_ahead),
        }
    }

    pub(crate) fn seconds(&self) -> f64 {
        self.passed.as_secs_f64()
    }

    /// Everything that was said since the script was quiet, word for word.
    #[track_caller]
    pub(crate) fn transcript<const N: usize>(self, expected: [&str; N]) -> Self {
        let said: Vec<_> = self.lines.iter().map(|l| l.text.as_str()).collect();
        assert_eq!(said, expected, "{:#?}", self.lines);
        self
    }

    /// The last line has these words.
    #[track_caller]
    pub(crate) fn transcript_ends(self, words: &str) -> Self {
        let last = self.lines.last().map(|l| l.text.as_str());
        assert!(last.is_some_and(|l| l.contains(words)), "{:#?}", self.lines);
        self
    }

    /// What was said and asked for so far is not looked at.
    pub(crate) fn forget(mut self) -> Self {
        self.lines.clear();
        self.effects.clear();
        self
    }

    #[track_caller]
    pub(crate) fn bells(self, expected: usize) -> Self {
        assert_eq!(self.bells, expected, "bells");
        self
    }

    /// The words stand on a small screen, whatever else does.
    #[track_caller]
    pub(crate) fn status(mut self, words: &str) -> Self {
        let screen = self.screen();
        assert!(screen.contains(words), "{words:?} is not on\n{screen}");
        self
    }

    #[track_caller]
    pub(crate) fn no_status(mut self, words: &str) -> Self {
        let screen = self.screen();
        assert!(!screen.contains(words), "{words:?} is on\n{screen}");
        self
    }

    fn screen(&mut self) -> String {
        let mut buffer = Buffer::empty(Rect::new(0, 0, 40, 8));
        self.screen
            .draw(&self.state, &Theme::default(), &mut buffer);
        let rows = buffer.content.chunks(40);
        let rows = rows.map(|row| {
            row.iter()
                .map(ratatui::buffer::Cell::symbol)
                .collect::<String>()
        });
        rows.map(|row| row.trim_end().to_owned() + "\n").collect()
    }

    pub(crate) fn chat_commands(&self) -> Vec<ChatCommand> {
        let effects = self.effects.iter();
        effects
            .filter_map(|e| match e {
                Effect::Chat(_, command) => Some(command.clone()),
                _ => None,
            })
            .collect()
    }

    pub(crate) fn history_commands(&self) -> Vec<HistoryCommand> {
        let effects = self.effects.iter();
        effects
            .filter_map(|e| match e {
                Effect::History(command) => Some(command.clone()),
                _ => None,
            })
            .collect()
    }

    pub(crate) fn call_commands(&self) -> Vec<CallCommand> {
        let effects = self.effects.iter();
        effects
            .filter_map(|e| match e {
                Effect::Call(_, command) => Some(command.clone()),
                _ => None,
            })
            .collect()
    }

    pub(crate) fn sound_commands(&self) -> Vec<SoundCommand> {
        let effects = self.effects.iter();
        effects
            .filter_map(|e| match e {
                Effect::Sound(command) => Some(command.clone()),
                _ => None,
            })
            .collect()
    }

    /// The words stand on a screen of this size.
    #[track_caller]
    pub(crate) fn shows(self, (width, height): (u16, u16), words: &str) -> Self {
        let mut buffer = Buffer::empty(Rect::new(0, 0, width, height));
        Screen::default().draw(&self.state, &Theme::default(), &mut buffer);
        let rows = buffer.content.chunks(usize::from(width));
        let rows = rows.map(|row| row.iter().map(ratatui::buffer::Cell::symbol).collect());
        let rows: Vec<String> = rows.collect();
        let screen = rows.join("\n");
        assert!(screen.contains(words), "{words:?} is not on\n{screen}");
        self
    }

    /// The transcript, as one text.
    pub(crate) fn said(&self) -> String {
        let lines: Vec<&str> = self.lines.iter().map(|l| l.text.as_str()).collect();
        lines.join("\n")
    }

    /// The thread as a list of texts, echoes last.
    pub(crate) fn texts(&self) -> Vec<String> {
        let thread = self.state.thread().unwrap();
        let messages = thread.timeline.messages().map(Message::text);
        let echoes = thread.timeline.echoes().map(|e| e.draft.text.clone());
        messages.chain(echoes).collect()
    }
}

pub(crate) fn key(chord: &str) -> Key {
    let mut key = Key::char(' ');
    let mut name = chord;
    while let Some((modifier, rest)) = name.split_once('-').filter(|(_, rest)| !rest.is_empty()) {
        match modifier {
            "Ctrl" => key.ctrl = true,
            "Alt" => key.alt = true,
            _ => panic!("{chord}"),
        }
        name = rest;
    }
    key.code = match name {
        "Enter" => KeyCode::Enter,
        "Space" => KeyCode::Char(' '),
        "Esc" => KeyCode::Escape,
        "Tab" => KeyCode::Tab,
        "Up" => KeyCode::Up,
        "Down" => KeyCode::Down,
        "End" => KeyCode::End,
        "PageUp" => KeyCode::PageUp,
        "PageDown" => KeyCode::PageDown,
        "Backspace" => KeyCode::Backspace,
        letter => KeyCode::Char(letter.chars().next().unwrap()),
    };
    if let KeyCode::Char(c) = key.code
        && key.ctrl
    {
        key.code = KeyCode::Char(c.to_ascii_lowercase());
    }
    key
}

/// The words are said, or stand on the screen.
#[track_caller]
pub(crate) fn told(script: Script, words: &str) -> Script {
    if script.state.focus.interface != Interface::Linear {
        return script.shows((240, 30), words);
    }
    let said = script.said();
    assert!(said.contains(words), "{words:?} is not in\n{said}");
    script
}
