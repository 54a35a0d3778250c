//! How long a notice takes to the person's eyes while the chat floods.
//!
//! The service and the client are the built program in two processes; the
//! client's terminal is a real pty that is drained all the time. Recording and
//! transcription are started and stopped in turn, each a true change by somebody
//! else, while 2,000 messages a second arrive. Measured is from the moment the
//! service wrote the notice to its socket (the control API answers with it, of
//! the monotonic clock that all processes share) to the read of the pty that
//! completes the words. What was read is replayed afterwards through a terminal
//! emulator, so that looking costs the client nothing.
//!
//! The load is measured too: what the service sent between the first notice and
//! the last, and what the client had taken in by then, which it tells over its
//! control socket. Figures without the load are not what they seem, so the
//! benchmark fails where it was not reached.
#![expect(
    clippy::print_stdout,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a benchmark's figures are its output, and it ends where it cannot go on"
)]

#[path = "../../tests/support/program.rs"]
mod program;

mod client;
mod shown;

use std::process::ExitCode;
use std::time::Duration;

use program::Host;
use serde_json::Value;
use serde_json::json;
use sidetone::clock::Moment;

use client::Client;
use client::Taken;

const NOTICES: usize = 120;
const MESSAGES_A_SECOND: u32 = 2_000;
const ROWS: u16 = 40;
const COLUMNS: u16 = 120;
/// The target that the figures are read against.
const TARGET: Duration = Duration::from_millis(50);
/// A load this much below what was asked for, in parts of one, is not that load any more.
const SLACK: f64 = 0.02;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum View {
    FullScreen,
    Linear,
}

impl View {
    const fn flag(self) -> &'static str {
        match self {
            Self::FullScreen => "--full-screen",
            Self::Linear => "--linear",
        }
    }
}

/// What happens to recording and transcription, over and over.
const TURNS: [(&str, bool); 4] = [
    ("recording", true),
    ("transcription", true),
    ("recording", false),
    ("transcription", false),
];

/// One change, and when the service wrote it.
struct Notice {
    kind: &'static str,
    active: bool,
    /// Named in the notice, and different each time: the words of an earlier notice cannot be taken for it.
    by: String,
    written: Moment,
}

/// What was found in one view, every list sorted.
struct Figures {
    notices: Vec<Duration>,
    /// From handing a message over to the client having taken it in.
    behind: Vec<Duration>,
    /// Messages a second between the first notice and the last.
    sent: f64,
    taken: f64,
}

fn main() -> ExitCode {
    let runtime = tokio::runtime::Runtime::new().expect("the benchmark has a runtime");
    println!(
        "{NOTICES} notices in each view, {MESSAGES_A_SECOND} messages a second, terminal {COLUMNS} x {ROWS}"
    );
    println!(
        "notice: from the service's socket write to the pty read that completes the words, ms"
    );
    println!("messages: a second, sent by the service and taken in by the client; how late, ms");
    println!(
        "{:<12} {:>8} {:>8} {:>8}   {:>8} {:>8} {:>8} {:>8}",
        "view", "p50", "p99", "max", "sent/s", "taken/s", "late p99", "late max"
    );
    let mut code = ExitCode::SUCCESS;
    for view in [View::FullScreen, View::Linear] {
        let figures = runtime.block_on(measure(view));
        figures.print(view);
        for complaint in figures.complaints() {
            println!("  {complaint}");
            code = ExitCode::FAILURE;
        }
    }
    code
}

impl Figures {
    fn print(&self, view: View) {
        let notice = |percent| milliseconds(at(&self.notices, percent));
        let behind = |percent| milliseconds(at(&self.behind, percent));
        println!(
            "{:<12} {:>8.2} {:>8.2} {:>8.2}   {:>8.0} {:>8.0} {:>8.2} {:>8.2}",
            view.flag().trim_start_matches('-'),
            notice(50),
            notice(99),
            notice(100),
            self.sent,
            self.taken,
            behind(99),
            behind(100),
        );
    }

    /// What the figures do not show.
    fn complaints(&self) -> Vec<String> {
        let wanted = f64::from(MESSAGES_A_SECOND);
        let mut found = Vec::new();
        if at(&self.notices, 99) >= TARGET {
            found.push(format!("notices are above the target of {TARGET:?}"));
        }
        if self.sent < wanted * (1.0 - SLACK) {
            found.push(format!(
                "the load was not reached: the service sent {:.0} messages a second, not {wanted}",
                self.sent
            ));
        }
        if self.taken < self.sent * (1.0 - SLACK) {
            found.push(format!(
                "the load was not reached: the client took in {:.0} of {:.0} messages a second",
                self.taken, self.sent
            ));
        }
        found
    }
}

async fn measure(view: View) -> Figures {
    let host = Host::start();
    let meeting = host
        .control(
            "/meetings",
            json!({"topic": "Flood", "lobby": "everyone", "organizer": "Alice"}),
        )
        .await;
    let thread = meeting["threadId"].as_str().expect("a thread").to_owned();
    for name in ["Alice", "Bob", "Carol"] {
        let path = format!("/meetings/{thread}/participants");
        host.control(&path, json!({"name": name})).await;
    }
    let client = Client::start(view, &host, meeting["link"].as_str().expect("a link"));
    host.joined().await;
    let taken = client.follow();
    // The changes take about 35 seconds and must end before the messages do.
    let seconds = NOTICES as u64 / 3 + 5;
    let say = json!({"n": u64::from(MESSAGES_A_SECOND) * seconds, "rate": MESSAGES_A_SECOND});
    let path = format!("/threads/{thread}/say");
    let (notices, said) = tokio::join!(change(&host, &thread), host.control(&path, say));
    let written = client.finish();
    let taken = taken.join().expect("the follower ends with the client");
    let shown = match view {
        View::FullScreen => shown::on_the_screen(&written, &notices),
        View::Linear => shown::in_the_transcript(&written, &notices),
    };
    let mut delays: Vec<_> = notices
        .iter()
        .zip(shown)
        .map(|(notice, shown)| {
            let shown = shown.unwrap_or_else(|| {
                panic!(
                    "{view:?}: {} {} by {} was never shown",
                    notice.kind, notice.active, notice.by
                )
            });
            shown.since(notice.written)
        })
        .collect();
    delays.sort();
    let times = said["t"].as_array().expect("the times of the messages");
    let sent: Vec<Moment> = times.iter().map(moment).collect();
    Figures::new(delays, &notices, &sent, &taken)
}

impl Figures {
    /// Counts what happened between the first notice and the last.
    fn new(delays: Vec<Duration>, notices: &[Notice], sent: &[Moment], taken: &[Taken]) -> Self {
        let (first, last) = (notices[0].written, notices[notices.len() - 1].written);
        let inside = |at: Moment| first <= at && at < last;
        let a_second = |count: usize| {
            let count = u32::try_from(count).expect("nobody sends so many");
            f64::from(count) / last.since(first).as_secs_f64()
        };
        let taken = taken.iter().filter(|(at, _)| inside(*at));
        let mut behind: Vec<_> = taken.map(|(at, number)| at.since(sent[*number])).collect();
        behind.sort();
        Self {
            notices: delays,
            sent: a_second(sent.iter().filter(|at| inside(**at)).count()),
            taken: a_second(behind.len()),
            behind,
        }
    }
}

/// The changes, a quarter to a third of a second apart so that they fall on no beat of the flood.
async fn change(host: &Host, thread: &str) -> Vec<Notice> {
    let mut rng = fastrand::Rng::with_seed(7);
    let mut notices = Vec::new();
    tokio::time::sleep(Duration::from_secs(2)).await;
    for (number, (kind, active)) in (0..NOTICES).zip(TURNS.into_iter().cycle()) {
        tokio::time::sleep(Duration::from_millis(rng.u64(250..340))).await;
        let by = format!("N{number:03}");
        let path = format!("/meetings/{thread}/{kind}");
        let answer = host
            .control(&path, json!({"active": active, "byName": by}))
            .await;
        notices.push(Notice {
            kind,
            active,
            by,
            written: moment(&answer["written"][0]),
        });
    }
    notices
}

/// Of the service's seconds.
fn moment(seconds: &Value) -> Moment {
    let seconds = seconds.as_f64().expect("a time in seconds");
    Moment::ZERO + Duration::from_secs_f64(seconds)
}

/// The value below which so many per cent lie, of sorted values.
fn at(sorted: &[Duration], percent: usize) -> Duration {
    let last = sorted.len().saturating_sub(1);
    sorted
        .get((sorted.len() * percent / 100).min(last))
        .copied()
        .unwrap_or_default()
}

fn milliseconds(span: Duration) -> f64 {
    span.as_secs_f64() * 1e3
}
