//! What a call costs, beside what it costs others: from mouth to ear, and in processor time.
//!
//! Two people are in a call by way of sidetone and a host, of two connections of one page in
//! Chromium, and of two baresips, in turn, on the same machine and the same private sound server.
//! One speaks, both microphones are open. The programs run as people run them; nothing is
//! measured from within. `--quick` is one run in the place of five, and `--only WORD` one of
//! `sidetone`, `chromium`, `baresip`, `load`.
//!
//! With `cleaning` off nobody alters what a microphone gives, and the way of a sound is measured
//! in a call of its own. With it on, each has its echo cancellation, noise suppression and gain
//! control; then a chirp may be taken for noise, and only what it costs is measured. All send
//! Opus, mono, for a voice, in packets of 20 ms at about 32 kbit/s.
//!
//! Counted is the processor time of a program and all that it started, in the kernel and outside:
//! of Chromium each of its processes, the one for sound among them. A `call` is everything; a
//! `person` is one client, and half of Chromium, which has one browser for both; what stands
//! `between` is the host, which decodes, mixes and encodes, where the others send directly. Not
//! counted are the sound server, the terminal, and of the load its peers, which share the machine.
//!
//! A target that is missed is printed and is no failure: machines differ.
#![expect(
    clippy::print_stdout,
    clippy::panic,
    clippy::unwrap_used,
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    reason = "a benchmark's figures are its output, and it ends where it cannot go on"
)]

#[path = "../../tests/support/browser.rs"]
mod browser;

#[path = "../../tests/support/program.rs"]
mod program;

#[path = "../../tests/support/pulse.rs"]
mod pulse;

#[path = "../../tests/support/terminal.rs"]
mod pty;

mod baresip;
mod chirps;
mod chromium;
mod figures;
mod load;
mod peer;
mod process;
mod sidetone;
mod stage;

use std::process::ExitCode;
use std::time::Duration;

use figures::Figures;
use figures::Report;
use figures::median;
use process::Part;
use process::Used;
use stage::Scene;
use stage::Stage;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Program {
    Sidetone,
    Chromium,
    Baresip,
}

/// Whether what a microphone gives is altered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Cleaning {
    Off,
    On,
}

impl Program {
    const ALL: [Self; 3] = [Self::Sidetone, Self::Chromium, Self::Baresip];

    const fn name(self) -> &'static str {
        match self {
            Self::Sidetone => "sidetone",
            Self::Chromium => "chromium",
            Self::Baresip => "baresip",
        }
    }
}

impl Cleaning {
    const fn name(self) -> &'static str {
        match self {
            Self::Off => "off",
            Self::On => "on",
        }
    }
}

/// A call that goes on until it is dropped.
enum Call {
    Sidetone(Box<sidetone::Call>),
    Chromium(chromium::Call),
    Baresip(baresip::Call),
}

impl Call {
    async fn begin(program: Program, stage: &Stage, cleaning: Cleaning) -> Result<Self, String> {
        Ok(match program {
            Program::Sidetone => {
                Self::Sidetone(Box::new(sidetone::Call::begin(stage, cleaning).await))
            }
            Program::Chromium => Self::Chromium(chromium::Call::begin(stage, cleaning)?),
            Program::Baresip => Self::Baresip(baresip::Call::begin(stage)?),
        })
    }

    fn parts(&self) -> Vec<Part> {
        match self {
            Self::Sidetone(call) => call.parts(),
            Self::Chromium(call) => call.parts(),
            Self::Baresip(call) => call.parts(),
        }
    }
}

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let quick = arguments.iter().any(|argument| argument == "--quick");
    let only = arguments
        .iter()
        .skip_while(|argument| *argument != "--only")
        .nth(1);
    let wanted = |name: &str| only.is_none_or(|only| only == name);
    let runtime = tokio::runtime::Runtime::new().expect("the benchmark has a runtime");
    let mut report = Report::default();
    let mut code = ExitCode::SUCCESS;
    for run in 1..=if quick { 1 } else { RUNS } {
        println!("run {run}");
        for (program, cleaning) in CALLS {
            if !wanted(program.name()) {
                continue;
            }
            match runtime.block_on(measure(program, cleaning)) {
                Ok(figures) => {
                    figures.print();
                    report.calls.push(figures);
                }
                Err(why) if why == "not installed" => println!("  {:<10} {why}", program.name()),
                Err(why) => {
                    println!("  {:<10} did not run: {why}", program.name());
                    code = ExitCode::FAILURE;
                }
            }
        }
        if wanted("load") {
            runtime.block_on(measure_load(&mut report));
        }
    }
    report.print();
    code
}

/// Two calls: one for the way of a sound, one for what it costs.
async fn measure(program: Program, cleaning: Cleaning) -> Result<Figures, String> {
    let (delays, said) = match cleaning {
        Cleaning::Off => delays(program).await?,
        Cleaning::On => (Vec::new(), 0),
    };
    let stage = Stage::set(Scene::Apart);
    let call = begin(program, &stage, cleaning).await?;
    let parts = call.parts();
    let before: Vec<_> = parts.iter().map(|part| Used::by(part.process)).collect();
    tokio::time::sleep(SPAN).await;
    let used: Vec<f64> = parts
        .iter()
        .zip(before)
        .map(|(part, before)| Used::by(part.process).percent_since(before))
        .collect();
    let of = |people: bool| {
        let those = parts
            .iter()
            .zip(&used)
            .filter(move |(part, _)| (part.people > 0) == people);
        those.map(|(_, used)| used).sum::<f64>() + 0.0
    };
    let memory = parts
        .iter()
        .filter(|part| part.people > 0)
        .map(|part| process::memory(part.process) / f64::from(part.people));
    Ok(Figures {
        program,
        cleaning,
        delays,
        said,
        call: used.iter().sum(),
        person: of(true) / 2.0,
        between: of(false),
        memory: median(memory),
        load: process::load(),
    })
}

/// How long each chirp was on its way, and how many there were.
async fn delays(program: Program) -> Result<(Vec<Duration>, usize), String> {
    let stage = Stage::set(Scene::OneClock);
    let _call = begin(program, &stage, Cleaning::Off).await?;
    let both = stage.record(SPAN);
    Ok((chirps::found(&both), chirps::said(&both)))
}

/// A call in which one hears the other, and buffers have found their measure.
async fn begin(program: Program, stage: &Stage, cleaning: Cleaning) -> Result<Call, String> {
    let call = Call::begin(program, stage, cleaning).await?;
    // What is cleaned of all noise may not be like itself any more.
    if !stage.connected() && cleaning == Cleaning::Off {
        return Err("what one says the other does not hear".to_owned());
    }
    tokio::time::sleep(SETTLED).await;
    Ok(call)
}

async fn measure_load(report: &mut Report) {
    let talks = load::measure(TALKS, 0, SPAN).await;
    println!(
        "  {TALKS} who talk: the service {:.1} %, {:.1} packets a second to the slowest",
        talks.cpu, talks.slowest
    );
    report.talks.push(talks);
    let crowd = load::measure(5, 100, SPAN).await;
    println!(
        "  100 listeners, 5 talkers: the service {:.1} %, {:.1} MiB, {:.1} packets a second to the slowest, load {:.1}",
        crowd.cpu,
        crowd.memory,
        crowd.slowest,
        process::load()
    );
    report.crowds.push(crowd);
}

const CALLS: [(Program, Cleaning); 5] = [
    (Program::Sidetone, Cleaning::Off),
    (Program::Chromium, Cleaning::Off),
    (Program::Baresip, Cleaning::Off),
    (Program::Sidetone, Cleaning::On),
    (Program::Chromium, Cleaning::On),
];

const RUNS: usize = 5;

/// People who talk at once, for what each of them costs.
const TALKS: usize = 10;

/// Until buffers have found their measure.
const SETTLED: Duration = Duration::from_secs(4);

/// How long is measured.
const SPAN: Duration = Duration::from_secs(10);
