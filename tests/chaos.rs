//! Messages, edits and deletions through a link that keeps breaking: each is shown once, in order, in its last state.
//!
//! Three people write, change and delete over the documented REST while a fourth
//! reads: the program's own chat back end, `update` and state, which have the
//! documented protocol and nothing else. Behind their back the service is told to drop the
//! reader's sockets and to double and reorder notifications. What is shown in the
//! end is compared with the service's own list, read by one of the others.
//!
//! `SIDETONE_CHAOS_OPERATIONS` sets the size, `SIDETONE_CHAOS_SEED` the seed.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stderr,
    reason = "a test that cannot go on must fail where it is, and says what it tried"
)]

mod support {
    pub(crate) mod program;
}

use std::collections::BTreeMap;
use std::env;
use std::io::Write;
use std::sync::Arc;
use std::sync::atomic::AtomicUsize;
use std::sync::atomic::Ordering;
use std::time::Duration;

use serde_json::Value;
use serde_json::json;
use sidetone::chat::acs;
use sidetone::clock::Clock;
use sidetone::clock::Zone;
use sidetone::config::tls::Tls;
use sidetone::effect::ChatCommand;
use sidetone::effect::ControlNews;
use sidetone::effect::Effect;
use sidetone::event::ChatEvent;
use sidetone::event::Event;
use sidetone::identity;
use sidetone::identity::Source;
use sidetone::identity::Tokens;
use sidetone::identity::http::Http;
use sidetone::model::account::Account;
use sidetone::model::account::AccountId;
use sidetone::model::account::AccountKind;
use sidetone::model::locator::Locator;
use sidetone::model::message::Body;
use sidetone::model::message::Message;
use sidetone::model::message::MessageId;
use sidetone::model::settings::Settings;
use sidetone::model::thread::Link;
use sidetone::model::thread::ThreadId;
use sidetone::model::thread::ThreadKey;
use sidetone::state::State;
use sidetone::state::threads::Thread;
use sidetone::state::timeline::Page;
use sidetone::state::timeline::Timeline;
use sidetone::tasks::Tasks;
use sidetone::update;
use sidetone::update::Start;
use support::program::Guest;
use support::program::Host;
use tempfile::NamedTempFile;
use tokio::sync::mpsc;
use tokio::sync::watch;

const MOST_DROPS: usize = 100;
const PATIENCE: Duration = Duration::from_mins(1);

/// How much is done, and by which dice.
#[derive(Debug, Clone, Copy)]
struct Plan {
    seed: u64,
    operations: usize,
}

impl Plan {
    fn from_environment() -> Self {
        let number = |name: &str| env::var(name).ok().map(|text| text.parse().unwrap());
        Self {
            seed: number("SIDETONE_CHAOS_SEED").unwrap_or(0x51de),
            operations: usize::try_from(number("SIDETONE_CHAOS_OPERATIONS").unwrap_or(2_500))
                .unwrap(),
        }
    }

    fn drops(self) -> usize {
        (self.operations / 250).clamp(1, MOST_DROPS)
    }

    /// Operations between two drops.
    fn stretch(self) -> usize {
        self.operations.div_ceil(self.drops() + 1).max(2)
    }
}

/// How often the link was dropped and came back.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
struct Phase {
    drops: usize,
    returns: usize,
}

impl Phase {
    /// Dropped so often, and perhaps back.
    const fn down(drops: usize) -> Self {
        Self {
            drops,
            returns: drops.saturating_sub(1),
        }
    }

    /// Dropped so often, and back each time.
    const fn up(drops: usize) -> Self {
        Self {
            drops,
            returns: drops,
        }
    }
}

/// What was really done.
#[derive(Debug, Default)]
struct Tally {
    sent: AtomicUsize,
    edited: AtomicUsize,
    deleted: AtomicUsize,
    doubled: AtomicUsize,
    reordered: AtomicUsize,
}

impl Tally {
    fn count(which: &AtomicUsize) {
        which.fetch_add(1, Ordering::Relaxed);
    }
}

/// One of the three who write. Each waits for an answer before going on, as a person's client does.
struct Talker {
    plan: Plan,
    /// Takes every third operation, from this one on.
    turn: usize,
    guest: Guest,
    host: Arc<Host>,
    thread: String,
    tally: Arc<Tally>,
    /// Each tells the reader's side that it is time for a drop.
    due: mpsc::Sender<()>,
    phase: watch::Receiver<Phase>,
}

impl Talker {
    async fn run(mut self) {
        let mut rng = fastrand::Rng::with_seed(self.plan.seed + self.turn as u64);
        let mut mine: Vec<String> = Vec::new();
        for number in (self.turn..self.plan.operations).step_by(TALKERS) {
            self.keep_step(number).await;
            self.disturb(&mut rng).await;
            match rng.u8(..10) {
                0..=1 if !mine.is_empty() => {
                    let message = recent(&mine, &mut rng);
                    let text = format!("operation {number} edits, 100% <b>&amp; é 世界");
                    self.guest.edit(&self.thread, &mine[message], &text).await;
                    Tally::count(&self.tally.edited);
                }
                2 if !mine.is_empty() => {
                    let message = mine.remove(recent(&mine, &mut rng));
                    self.guest.delete(&self.thread, &message).await;
                    Tally::count(&self.tally.deleted);
                }
                _ => {
                    let text = format!("operation {number} says \u{1f469}\u{200d}\u{1f4bb}");
                    mine.push(self.guest.send(&self.thread, &text).await);
                    Tally::count(&self.tally.sent);
                }
            }
        }
    }

    /// Keeps step with the link: half of each stretch is done while it is down, the other
    /// half once it stands again, and then the next drop is due.
    async fn keep_step(&mut self, number: usize) {
        let stretch = self.plan.stretch();
        let (drops, place) = (number / stretch, number % stretch);
        let wanted = if place < stretch / 2 {
            Phase::down(drops)
        } else {
            Phase::up(drops)
        };
        self.phase.wait_for(|phase| *phase >= wanted).await.unwrap();
        if place == stretch - 1 && drops < self.plan.drops() {
            self.due.send(()).await.unwrap();
        }
    }

    async fn disturb(&self, rng: &mut fastrand::Rng) {
        let (effect, counter) = match rng.u8(..50) {
            0 => ("duplicate", &self.tally.doubled),
            1 => ("reorder", &self.tally.reordered),
            _ => return,
        };
        let times = rng.usize(1..10);
        counter.fetch_add(times, Ordering::Relaxed);
        let fault = json!({"class": "notification", "effect": effect, "times": times});
        self.host.control("/faults", fault).await;
    }
}

/// One of the last fifty mostly, now and then one long gone.
fn recent(mine: &[String], rng: &mut fastrand::Rng) -> usize {
    let from = if rng.u8(..10) == 0 {
        0
    } else {
        mine.len().saturating_sub(50)
    };
    rng.usize(from..mine.len())
}

/// The fourth: the program's own back end, `update` and state; all but the terminal.
struct Reader {
    id: String,
    key: ThreadKey,
    state: State,
    events: mpsc::Receiver<Event>,
    commands: mpsc::Sender<ChatCommand>,
    /// How often each message was told as a new one.
    told: BTreeMap<MessageId, usize>,
    newest: Option<MessageId>,
    /// Told as new after one that is newer.
    late: usize,
    tasks: Tasks,
    _token: NamedTempFile,
}

impl Reader {
    fn start(host: &Host, guest: &Guest, thread: &str) -> Self {
        let mut token = NamedTempFile::new().unwrap();
        token.write_all(guest.token.as_bytes()).unwrap();
        let (tasks, http) = (Tasks::new(), Http::new(Tls::default()));
        let (lane, events) = mpsc::channel(256);
        let (commands, asked) = mpsc::channel(64);
        let account = AccountId::new("external:reader");
        let source = Source::File {
            path: token.path().to_owned(),
            endpoint: host.endpoint().parse().unwrap(),
        };
        let identity = identity::Settings {
            account: account.clone(),
            source,
            http: http.clone(),
        };
        let settings = acs::Settings {
            account: account.clone(),
            tokens: Tokens::start(identity, &tasks, lane.clone()),
            http,
            tasks: tasks.clone(),
            display_name: guest.name.clone(),
            endpoint_id: uuid::Uuid::new_v4().to_string(),
        };
        tasks.spawn(acs::run(settings, asked, lane));
        let mut state = State::new(
            Settings::default(),
            Zone::UTC,
            "chaos".to_owned(),
            (120, 40),
        );
        state.add_account(Account {
            id: account.clone(),
            kind: AccountKind::External,
            display_name: guest.name.clone(),
            raw_id: None,
            local: true,
        });
        let thread = ThreadId::new(thread);
        let start = Start {
            account: account.clone(),
            locator: Some(Locator::Thread(thread.clone())),
            call: None,
            name: guest.name.clone(),
            sound: false,
            calls: true,
        };
        let effects = update::start(&mut state, start, Clock.both());
        let mut reader = Self {
            id: guest.id.clone(),
            key: ThreadKey { account, thread },
            state,
            events,
            commands,
            told: BTreeMap::new(),
            newest: None,
            late: 0,
            tasks,
            _token: token,
        };
        reader.perform(effects);
        reader
    }

    fn thread(&self) -> &Thread {
        self.state.threads.get(&self.key).unwrap()
    }

    fn is_live(&self) -> bool {
        *self.state.threads.link(&self.key.account) == Link::Live
    }

    /// Takes in what happens next, or lets the moment come that the state waits for.
    async fn take(&mut self) {
        let due = self.state.deadline();
        let wait = due.map_or(PATIENCE, |at| at.since(Clock.now()));
        let event = tokio::select! {
            event = self.events.recv() => event.expect("the back end goes on"),
            () = tokio::time::sleep(wait) => Event::Deadline,
        };
        if let Event::Chat(_, ChatEvent::ActionFailed { failure, .. }) = &event {
            panic!("{failure:?}");
        }
        let effects = update::update(&mut self.state, event, Clock.both());
        self.perform(effects);
    }

    fn perform(&mut self, effects: Vec<Effect>) {
        for effect in effects {
            match effect {
                Effect::Chat(_, command) => self.commands.try_send(command).unwrap(),
                Effect::Publish(ControlNews::Message {
                    message,
                    inserted: "new",
                    ..
                }) => self.tell(message.id),
                _ => {}
            }
        }
    }

    fn tell(&mut self, id: MessageId) {
        *self.told.entry(id.clone()).or_default() += 1;
        if self.newest.as_ref().is_some_and(|newest| *newest > id) {
            self.late += 1;
        } else {
            self.newest = Some(id);
        }
    }

    /// Reads until all has been said, and has its own sockets dropped whenever that is due.
    async fn follow(
        &mut self,
        host: &Host,
        due: &mut mpsc::Receiver<()>,
        phase: &watch::Sender<Phase>,
        mut talkers: tokio::task::JoinSet<()>,
    ) {
        while !talkers.is_empty() {
            tokio::select! {
                Some(()) = due.recv() => {
                    let whose = json!({"channel": "chat", "who": self.id});
                    host.control("/drop", whose).await;
                    while self.is_live() {
                        self.take().await;
                    }
                    phase.send_modify(|phase| phase.drops += 1);
                    while !self.is_live() {
                        self.take().await;
                    }
                    phase.send_modify(|phase| phase.returns += 1);
                }
                Some(talked) = talkers.join_next() => talked.unwrap(),
                () = self.take() => {}
            }
        }
    }

    /// Reads on until everything up to the newest message of `truth` stands as it should.
    async fn settle(&mut self, truth: &[Value]) {
        let settled = tokio::time::timeout(PATIENCE, async {
            while differences(&self.thread().timeline, truth).is_some() {
                self.take().await;
            }
        });
        let lost = settled.await.is_err();
        let wrong = differences(&self.thread().timeline, truth);
        assert!(!lost, "{}", wrong.unwrap_or_default());
    }

    /// Everything from the first message on. The state keeps a window, so the pages before it
    /// are asked for as the state does and kept here.
    async fn read_back(&mut self) -> Timeline {
        let mut all = self.thread().timeline.clone();
        while !all.complete {
            let older = ChatCommand::LoadOlder {
                thread: self.key.thread.clone(),
                before: all.oldest().map(|m| m.id.clone()),
            };
            self.commands.send(older).await.unwrap();
            loop {
                let next = tokio::time::timeout(PATIENCE, self.events.recv()).await;
                let next = next.expect("the page comes");
                if let Some(Event::Chat(
                    _,
                    ChatEvent::OlderPage {
                        messages, complete, ..
                    },
                )) = next
                {
                    all.insert_page(messages, Page::Older { complete });
                    break;
                }
            }
        }
        all
    }
}

/// The first differences between what is shown and the newest part of the service's list.
fn differences(timeline: &Timeline, truth: &[Value]) -> Option<String> {
    let shown: Vec<String> = timeline.messages().map(shown).collect();
    let listed: Vec<String> = truth.iter().map(listed).collect();
    let Some(before) = listed.len().checked_sub(shown.len()) else {
        return Some(format!("{} shown, {} listed", shown.len(), listed.len()));
    };
    let wrong: Vec<String> = shown
        .iter()
        .zip(&listed[before..])
        .filter(|(a, b)| a != b)
        .take(3)
        .map(|(a, b)| format!("shown  {a}\nlisted {b}"))
        .collect();
    let behind = listed.last() != shown.last();
    (behind || !wrong.is_empty()).then(|| wrong.join("\n"))
}

/// Id, version, and the words or what stands for them.
fn shown(message: &Message) -> String {
    let body = match &message.body {
        Body::Text(rich) => rich.to_text(),
        Body::Deleted => DELETED.to_owned(),
        Body::System(_) => SYSTEM.to_owned(),
        other => format!("{other:?}"),
    };
    format!("{} {} {body}", message.id.as_str(), message.version.0)
}

/// The same of the service's list.
fn listed(message: &Value) -> String {
    let text = |name: &str| message[name].as_str().unwrap_or_default();
    let body = match text("type") {
        _ if message["deletedOn"].is_string() => DELETED,
        "text" => message["content"]["message"].as_str().unwrap_or_default(),
        _ => SYSTEM,
    };
    format!("{} {} {body}", text("id"), text("version"))
}

#[tokio::test(flavor = "multi_thread")]
async fn everything_is_shown_once_in_order_and_in_its_last_state() {
    let plan = Plan::from_environment();
    let begun = Clock.now();
    let host = Arc::new(Host::start());
    let mut people = Vec::new();
    for name in ["Alice", "Bob", "Carol", "Reader"] {
        people.push(host.person(name).await);
    }
    let everybody: Vec<&Guest> = people.iter().collect();
    let thread = people[0].create_thread("Chaos", &everybody).await;
    let mut reader = Reader::start(&host, &people[3], &thread);
    while !(reader.is_live() && reader.thread().opened) {
        reader.take().await;
    }

    let tally = Arc::new(Tally::default());
    let (due_in, mut due) = mpsc::channel(1);
    let (phase, phases) = watch::channel(Phase::default());
    let mut talkers = tokio::task::JoinSet::new();
    for (turn, guest) in people.iter().take(TALKERS).enumerate() {
        let talker = Talker {
            plan,
            turn,
            guest: guest.clone(),
            host: host.clone(),
            thread: thread.clone(),
            tally: tally.clone(),
            due: due_in.clone(),
            phase: phases.clone(),
        };
        talkers.spawn(talker.run());
    }
    reader.follow(&host, &mut due, &phase, talkers).await;
    people[0].send(&thread, "the end").await;
    let truth = people[0].list(&thread).await;
    reader.settle(&truth).await;
    let settled = Clock.now().since(begun);
    let all = reader.read_back().await;

    let drops = phase.borrow().drops;
    let read = |counter: &AtomicUsize| counter.load(Ordering::Relaxed);
    eprintln!(
        "chaos: seed {:#x}, {} operations ({} sent, {} edited, {} deleted), {drops} drops, \
         {} notifications doubled, {} reordered; {} messages compared, {} told later than a newer one, {settled:.1?}",
        plan.seed,
        plan.operations,
        read(&tally.sent),
        read(&tally.edited),
        read(&tally.deleted),
        read(&tally.doubled),
        read(&tally.reordered),
        truth.len(),
        reader.late,
    );
    assert_eq!(drops, plan.drops());
    assert_eq!(all.messages().count(), truth.len());
    assert_eq!(differences(&all, &truth), None);
    let told = reader.told.values();
    let twice = told.clone().filter(|times| **times != 1).count();
    assert_eq!(twice, 0, "messages were told more than once");
    // What was there on opening is backlog, not news: who was added, and the topic.
    assert!(
        told.len() + 2 >= truth.len(),
        "only {} were told",
        told.len()
    );
    let ids: Vec<_> = all.messages().map(|m| &m.id).collect();
    assert!(ids.is_sorted_by(|a, b| a < b), "out of order");
    reader.tasks.stop();
}

const TALKERS: usize = 3;
const DELETED: &str = "(deleted)";
const SYSTEM: &str = "(system)";
