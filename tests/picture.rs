//! The picture in the README is what the program draws for this meeting, row by row.
//!
//! `make picture` writes it anew: the text into the README, and a page from
//! which a browser makes the PNG. The README's list of commands comes from the
//! command table in the same way.
#![expect(
    clippy::unwrap_used,
    reason = "a test that cannot play its meeting must fail"
)]

use std::env;
use std::fmt::Write as _;
use std::fs;
use std::path::Path;
use std::time::Duration;

use ratatui::buffer::Buffer;
use ratatui::buffer::Cell;
use ratatui::layout::Rect;
use ratatui::style::Color;
use ratatui::style::Modifier;
use sidetone::clock::Moment;
use sidetone::clock::Now;
use sidetone::clock::Timestamp;
use sidetone::clock::Zone;
use sidetone::command::TABLE;
use sidetone::event::CallEvent;
use sidetone::event::ChatEvent;
use sidetone::event::Event;
use sidetone::event::TerminalEvent;
use sidetone::model::account::Account;
use sidetone::model::account::AccountId;
use sidetone::model::account::AccountKind;
use sidetone::model::call::CallInfo;
use sidetone::model::call::CallState;
use sidetone::model::call::Quality;
use sidetone::model::call::Role;
use sidetone::model::call::RosterEntry;
use sidetone::model::identity::Person;
use sidetone::model::identity::RawId;
use sidetone::model::key::Key;
use sidetone::model::locator::Locator;
use sidetone::model::message::Body;
use sidetone::model::message::Message;
use sidetone::model::message::MessageId;
use sidetone::model::message::Version;
use sidetone::model::notice::NoticeKind;
use sidetone::model::notice::NoticeState;
use sidetone::model::rich::Block;
use sidetone::model::rich::Rich;
use sidetone::model::rich::Span;
use sidetone::model::rich::SpanRole;
use sidetone::model::settings::Settings;
use sidetone::model::sound::Audio;
use sidetone::model::thread::ChatAccess;
use sidetone::model::thread::Link;
use sidetone::model::thread::ThreadId;
use sidetone::model::thread::ThreadInfo;
use sidetone::state::State;
use sidetone::update::Start;
use sidetone::update::start;
use sidetone::update::update;
use sidetone::view::fullscreen::Screen;
use sidetone::view::theme::Theme;

const COLUMNS: u16 = 96;
const ROWS: u16 = 20;

/// A meeting being played into a state.
struct Play {
    state: State,
    now: Now,
    account: AccountId,
    thread: ThreadId,
}

impl Play {
    fn begin() -> Self {
        let account = AccountId::new("external:ada");
        let size = (COLUMNS, ROWS);
        let mut state = State::new(Settings::default(), Zone::UTC, "run".to_owned(), size);
        state.add_account(Account {
            id: account.clone(),
            kind: AccountKind::External,
            display_name: "Ada".to_owned(),
            raw_id: Some(RawId::new("8:acs:ada")),
            local: true,
        });
        let thread = ThreadId::new("19:meeting_design@thread.v2");
        Self {
            state,
            now: Now::default(),
            account,
            thread,
        }
    }

    /// `10:MM` on the day of the picture.
    fn at(&mut self, minute: u64) -> Timestamp {
        let ten = Timestamp::parse("2026-11-23T10:00:00Z").unwrap();
        let past = Duration::from_secs(minute * 60);
        self.now = Now {
            moment: Moment::from_nanos(3_600_000_000_000) + past,
            utc: Timestamp::from_millis(ten.as_millis() + i64::try_from(past.as_millis()).unwrap()),
        };
        self.now.utc
    }

    fn happen(&mut self, event: Event) {
        update(&mut self.state, event, self.now);
    }

    fn call(&mut self, event: CallEvent) {
        self.happen(Event::Call(self.account.clone(), event));
    }

    fn chat(&mut self, event: ChatEvent) {
        self.happen(Event::Chat(self.account.clone(), event));
    }

    fn type_in(&mut self, text: &str) {
        for c in text.chars() {
            self.happen(Event::Terminal(TerminalEvent::Key(Key::char(c))));
        }
    }

    fn say(&mut self, id: u64, sender: &Person, blocks: Vec<Block>) {
        self.say_as(id, sender, blocks, false, None);
    }

    fn say_as(
        &mut self,
        id: u64,
        sender: &Person,
        blocks: Vec<Block>,
        mention: bool,
        edited: Option<Timestamp>,
    ) {
        let message = Message {
            id: MessageId::new(&id.to_string()),
            version: Version(id),
            client_id: None,
            sender: Some(sender.clone()),
            mine: false,
            body: Body::Text(Rich { blocks }),
            created: self.now.utc,
            edited,
            mentions_me: mention,
            attachments: Vec::new(),
            reply_to: None,
            reactions: Vec::new(),
            importance: sidetone::model::message::Importance::Normal,
        };
        let thread = self.thread.clone();
        self.chat(ChatEvent::MessageReceived { thread, message });
    }
}

fn text(words: &str) -> Block {
    Block::Paragraph(vec![Span::plain(words)])
}

fn entry(person: &Person, role: Role, me: bool) -> RosterEntry {
    let state = CallState::Connected;
    RosterEntry {
        person: person.clone(),
        me,
        role,
        state,
        muted: me,
        deafened: false,
        audio: Audio::Full,
        talking: false,
        hand: None,
        sharing: false,
        spotlit: false,
    }
}

/// A few minutes of a design review.
fn meeting() -> State {
    let mut play = Play::begin();
    let (alice, bob) = (
        Person::new("8:orgid:alice", "Alice Wu"),
        Person::new("8:acs:bob", "Bob Ito (External)"),
    );
    let (carol, ada) = (
        Person::new("8:orgid:carol", "Carol Diaz"),
        Person::new("8:acs:ada", "Ada (External)"),
    );
    join(
        &mut play,
        &[
            (&alice, Role::Organizer),
            (&bob, Role::Attendee),
            (&carol, Role::Presenter),
        ],
        &ada,
    );

    play.at(2);
    play.say(
        1,
        &alice,
        vec![text("Good morning. Shall we start with the open points?")],
    );
    let at = play.now.utc;
    play.call(CallEvent::Notice {
        kind: NoticeKind::Recording,
        state: NoticeState::Active { by: None },
        initial: false,
        at,
    });
    play.at(3);
    play.say(2, &bob, build_is_green());
    play.at(5);
    let mention = Span {
        text: "@Ada".to_owned(),
        role: SpanRole::MentionOfMe,
        ..Span::default()
    };
    let words = vec![Block::Paragraph(vec![
        mention,
        Span::plain(" can you take the first half?"),
    ])];
    let edited = play.now.utc;
    play.say_as(3, &carol, words, true, Some(edited));

    play.at(13);
    let mut talking = entry(&alice, Role::Organizer, false);
    talking.talking = true;
    play.call(CallEvent::RosterChanged(talking));
    let mut hand = entry(&carol, Role::Presenter, false);
    hand.hand = Some(1);
    play.call(CallEvent::RosterChanged(hand));
    let thread = play.thread.clone();
    play.chat(ChatEvent::Typing {
        thread,
        person: bob,
    });
    play.type_in("yes, I will start");
    play.state
}

fn join(play: &mut Play, others: &[(&Person, Role)], ada: &Person) {
    let at = play.at(1);
    let locator = Locator::MeetingId {
        id: "264183392744".to_owned(),
        passcode: None,
    };
    let begin = Start {
        account: play.account.clone(),
        locator: Some(locator),
        call: None,
        name: "Ada".to_owned(),
        sound: false,
        calls: true,
    };
    start(&mut play.state, begin, play.now);
    let (thread, topic) = (play.thread.clone(), "Design review".to_owned());
    play.call(CallEvent::Info(CallInfo {
        thread: Some(thread.clone()),
        topic: topic.clone(),
        started: None,
    }));
    play.call(CallEvent::Role(Role::Presenter));
    let mut roster = vec![entry(ada, Role::Presenter, true)];
    roster.extend(
        others
            .iter()
            .map(|(person, role)| entry(person, *role, false)),
    );
    play.call(CallEvent::Roster(roster));
    play.call(CallEvent::Quality(Quality::Good));
    for kind in NoticeKind::ALL {
        let state = NoticeState::Inactive { by: None };
        play.call(CallEvent::Notice {
            kind,
            state,
            initial: true,
            at,
        });
    }
    play.call(CallEvent::State {
        state: CallState::Connected,
        at,
    });
    play.chat(ChatEvent::Link(Link::Live));
    play.chat(ChatEvent::Access {
        thread: thread.clone(),
        access: ChatAccess::Open,
    });
    let participants = others
        .iter()
        .map(|(person, _)| (*person).clone())
        .chain([ada.clone()])
        .collect();
    play.chat(ChatEvent::ThreadRead(ThreadInfo {
        id: thread.clone(),
        topic,
        participants,
    }));
    play.chat(ChatEvent::NewerPage {
        thread,
        messages: Vec::new(),
    });
}

fn build_is_green() -> Vec<Block> {
    let build = Span {
        text: "build 1881".to_owned(),
        link: Some("https://ci.example/1881".to_owned()),
        ..Span::default()
    };
    let lines = ["let green = build(1881)?;", "assert!(green.is_ok());"]
        .map(str::to_owned)
        .to_vec();
    vec![
        Block::Paragraph(vec![Span::plain("The build is green again: "), build]),
        Block::Code {
            language: Some("Rust".to_owned()),
            lines,
        },
    ]
}

fn draw(state: &State, theme: &str) -> Buffer {
    let mut buffer = Buffer::empty(Rect::new(0, 0, COLUMNS, ROWS));
    let theme = Theme::load(theme, |_| None).unwrap();
    Screen::default().draw(state, &theme, &mut buffer);
    buffer
}

fn rows(buffer: &Buffer) -> String {
    let mut text = String::new();
    for y in 0..ROWS {
        let row: String = (0..COLUMNS).map(|x| buffer[(x, y)].symbol()).collect();
        text.push_str(row.trim_end());
        text.push('\n');
    }
    text
}

/// The same cells as a page, in the colours of the theme.
fn page(buffer: &Buffer) -> String {
    let mut html = String::from(
        "<!doctype html><meta charset=utf-8><style>body{margin:0;background:#16181d}\
         pre{font:16px/1.3 'DejaVu Sans Mono',monospace;color:#d8dce3;padding:16px 20px;margin:0}</style><pre>",
    );
    for y in 0..ROWS {
        for x in 0..COLUMNS {
            let cell = &buffer[(x, y)];
            let symbol = cell.symbol().replace('&', "&amp;").replace('<', "&lt;");
            write!(html, "<span style=\"{}\">{symbol}</span>", css(cell)).unwrap();
        }
        html.push('\n');
    }
    html.push_str("</pre>");
    html
}

fn css(cell: &Cell) -> String {
    let (mut ink, mut paper) = (color(cell.fg, "#d8dce3"), color(cell.bg, "#16181d"));
    if cell.modifier.contains(Modifier::REVERSED) {
        std::mem::swap(&mut ink, &mut paper);
    }
    let bold = if cell.modifier.contains(Modifier::BOLD) {
        ";font-weight:bold"
    } else {
        ""
    };
    let line = if cell.modifier.contains(Modifier::UNDERLINED) {
        ";text-decoration:underline"
    } else {
        ""
    };
    format!("color:{ink};background:{paper}{bold}{line}")
}

fn color(color: Color, default: &str) -> String {
    match color {
        Color::Rgb(r, g, b) => format!("#{r:02x}{g:02x}{b:02x}"),
        Color::Red | Color::LightRed => "#ff8080".to_owned(),
        Color::Green | Color::LightGreen => "#7fd08a".to_owned(),
        Color::Yellow | Color::LightYellow => "#e6c95c".to_owned(),
        Color::Blue | Color::LightBlue => "#8ab4f8".to_owned(),
        Color::Magenta | Color::LightMagenta => "#d79be0".to_owned(),
        Color::Cyan | Color::LightCyan => "#6fd3d8".to_owned(),
        Color::Black => "#000000".to_owned(),
        Color::White => "#ffffff".to_owned(),
        _ => default.to_owned(),
    }
}

/// Replaces what stands between two marks of the README, or holds that it is so already.
fn hold(begin: &str, end: &str, wanted: &str) {
    let readme = Path::new(env!("CARGO_MANIFEST_DIR")).join("README.md");
    let text = fs::read_to_string(&readme).unwrap();
    let from = text.find(begin).unwrap() + begin.len();
    let to = from + text[from..].find(end).unwrap();
    if env::var_os("SIDETONE_PICTURE").is_some() {
        fs::write(&readme, format!("{}{wanted}{}", &text[..from], &text[to..])).unwrap();
    } else {
        assert_eq!(
            &text[from..to],
            wanted,
            "\n\nThe README shows something else than:\n\n{wanted}"
        );
    }
}

/// One after the other, since both write the README when it is made anew.
#[test]
fn the_picture_and_the_commands_in_the_readme_are_what_the_program_has() {
    let state = meeting();
    hold("```text\n", "```\n", &rows(&draw(&state, "terminal")));
    hold("<!-- commands -->\n", "<!-- end -->\n", &commands());
    if let Some(folder) = env::var_os("SIDETONE_PICTURE") {
        fs::write(
            Path::new(&folder).join("meeting.html"),
            page(&draw(&state, "dark")),
        )
        .unwrap();
    }
}

fn commands() -> String {
    let mut text = String::from("| command | keys | |\n|---|---|---|\n");
    for row in TABLE {
        let arguments = row.arguments.replace('|', "\\|");
        let keys: Vec<String> = row.keys.iter().map(|k| format!("`{k}`")).collect();
        let name = format!("/{} {arguments}", row.name);
        writeln!(
            text,
            "| `{}` | {} | {} |",
            name.trim_end(),
            keys.join(", "),
            row.help
        )
        .unwrap();
    }
    text
}
