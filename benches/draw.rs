//! What one message, one key and one page cost between the event and the finished frame.
//!
//! The timeline is filled to its limit and beyond: the cost of a frame must not
//! depend on how much was said before.
#![expect(
    clippy::expect_used,
    reason = "a benchmark that cannot set its scene must stop"
)]

use std::hint::black_box;

use criterion::BatchSize;
use criterion::BenchmarkId;
use criterion::Criterion;
use criterion::criterion_group;
use criterion::criterion_main;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use sidetone::clock::Moment;
use sidetone::clock::Now;
use sidetone::clock::Timestamp;
use sidetone::clock::Zone;
use sidetone::event::ChatEvent;
use sidetone::event::Event;
use sidetone::event::TerminalEvent;
use sidetone::model::account::AccountId;
use sidetone::model::identity::Person;
use sidetone::model::key::Key;
use sidetone::model::message::Body;
use sidetone::model::message::Message;
use sidetone::model::message::MessageId;
use sidetone::model::message::Version;
use sidetone::model::rich::Rich;
use sidetone::model::settings::Settings;
use sidetone::model::thread::ChatAccess;
use sidetone::model::thread::ThreadId;
use sidetone::model::thread::ThreadKey;
use sidetone::state::State;
use sidetone::state::focus::Scroll;
use sidetone::state::timeline::Mark;
use sidetone::state::timeline::Page;
use sidetone::update::update;
use sidetone::view::fullscreen::Screen;
use sidetone::view::theme::Theme;

const SIZE: (u16, u16) = (120, 40);

fn account() -> AccountId {
    AccountId::new("external:ada")
}

fn thread() -> ThreadId {
    ThreadId::new("19:bench")
}

fn message(id: u64) -> Message {
    let text = format!(
        "message {id}: the build is green again, shall we start with the open points of the list \
         that Carol sent around yesterday, or is there something more urgent?"
    );
    let millis = 1_763_892_000_000 + i64::try_from(id).expect("small") * 20_000;
    Message {
        id: MessageId::new(&(1_000_000 + id).to_string()),
        version: Version(id),
        client_id: None,
        sender: Some(Person::new(&format!("8:acs:{}", id % 7), "Alice Wu")),
        mine: false,
        body: Body::Text(Rich::from_text(&text)),
        created: Timestamp::from_millis(millis),
        edited: None,
        mentions_me: false,
        attachments: Vec::new(),
        reply_to: None,
        reactions: Vec::new(),
        importance: sidetone::model::message::Importance::Normal,
    }
}

/// A thread that holds so many messages at once.
fn state(messages: u64) -> State {
    let mut state = State::new(Settings::default(), Zone::UTC, "bench".to_owned(), SIZE);
    let key = ThreadKey {
        account: account(),
        thread: thread(),
    };
    let open = state.threads.open(&key);
    "Bench".clone_into(&mut open.topic);
    open.access = ChatAccess::Open;
    open.timeline.insert_page(
        (0..messages).map(message).collect(),
        Page::Older { complete: true },
    );
    state.threads.current = Some(key);
    state
}

struct Scene {
    state: State,
    screen: Screen,
    theme: Theme,
    buffer: Buffer,
    next: u64,
}

impl Scene {
    fn new(messages: u64) -> Self {
        let mut scene = Self {
            state: state(messages),
            screen: Screen::default(),
            theme: Theme::default(),
            buffer: Buffer::empty(Rect::new(0, 0, SIZE.0, SIZE.1)),
            next: messages,
        };
        scene.draw();
        scene
    }

    fn draw(&mut self) {
        black_box(self.screen.draw(&self.state, &self.theme, &mut self.buffer));
    }

    fn event(&mut self, event: Event) {
        self.next += 1;
        let now = Now {
            moment: Moment::from_nanos(self.next * 1_000_000),
            utc: Timestamp::from_millis(1_763_892_000_000),
        };
        black_box(update(&mut self.state, event, now));
        self.draw();
    }

    fn arrive(&mut self) {
        let received = ChatEvent::MessageReceived {
            thread: thread(),
            message: message(self.next + 1),
        };
        self.event(Event::Chat(account(), received));
    }
}

fn drawing(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("update and draw");
    for messages in [2_000_u64, 10_000, 100_000] {
        let mut scene = Scene::new(messages);
        group.bench_function(BenchmarkId::new("key", messages), |b| {
            b.iter_batched(
                || (),
                |()| {
                    scene.event(Event::Terminal(TerminalEvent::Key(Key::char('a'))));
                    if scene.state.composer.text().len() > 200 {
                        scene.state.composer.replace("");
                    }
                },
                BatchSize::SmallInput,
            );
        });
        let mut scene = Scene::new(messages);
        group.bench_function(BenchmarkId::new("message", messages), |b| {
            b.iter(|| scene.arrive());
        });
    }
    group.finish();
}

/// Turning one page further, from deep in the history to its beginning and again.
fn paging(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("page up");
    for messages in [10_000_u64, 100_000] {
        let mut scene = Scene::new(messages);
        let newest = MessageId::new(&(1_000_000 + messages - 1).to_string());
        let mut rows = 0;
        let page = usize::from(SIZE.1) - 5;
        group.bench_function(BenchmarkId::new("at depth", messages), |b| {
            b.iter(|| {
                rows += page;
                scene.state.focus.scroll = Scroll::Anchored {
                    at: Mark::Message(newest.clone()),
                    rows,
                    newer: 0,
                };
                scene.draw();
            });
        });
        group.sample_size(10);
        group.bench_function(
            BenchmarkId::new("first jump to the middle", messages),
            |b| {
                b.iter(|| {
                    let mut screen = Screen::default();
                    let middle = MessageId::new(&(1_000_000 + messages / 2).to_string());
                    scene.state.focus.scroll = Scroll::Anchored {
                        at: Mark::Message(middle),
                        rows: 0,
                        newer: 0,
                    };
                    black_box(screen.draw(&scene.state, &scene.theme, &mut scene.buffer));
                });
            },
        );
    }
    group.finish();
}

criterion_group!(benches, drawing, paging);
criterion_main!(benches);
