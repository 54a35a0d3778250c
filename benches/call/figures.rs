//! The tables, and what the figures are read against.

use std::time::Duration;

use super::Cleaning;
use super::Program;
use super::load::Load;

/// One call that was measured.
#[derive(Debug, Clone)]
pub(super) struct Figures {
    pub(super) program: Program,
    pub(super) cleaning: Cleaning,
    /// Of each chirp that was heard.
    pub(super) delays: Vec<Duration>,
    pub(super) said: usize,
    /// Percent of a core: of everything, of one person's program, of what stands between them.
    pub(super) call: f64,
    pub(super) person: f64,
    pub(super) between: f64,
    /// MiB of one person's program.
    pub(super) memory: f64,
    pub(super) load: f64,
}

impl Figures {
    fn latency(&self) -> f64 {
        median(self.delays.iter().map(|delay| delay.as_secs_f64() * 1e3))
    }

    pub(super) fn print(&self) {
        println!(
            "  {:<10} {:<8} {:>7.1} ms ({:>2} of {:>2} chirps)  call {:>5.1} %  person {:>5.1} %  between {:>4.1} %  {:>6.1} MiB  load {:.1}",
            self.program.name(),
            self.cleaning.name(),
            self.latency(),
            self.delays.len(),
            self.said,
            self.call,
            self.person,
            self.between,
            self.memory,
            self.load
        );
    }
}

/// Everything that was measured.
#[derive(Debug, Default)]
pub(super) struct Report {
    pub(super) calls: Vec<Figures>,
    pub(super) crowds: Vec<Load>,
    pub(super) talks: Vec<Load>,
}

impl Report {
    pub(super) fn print(&self) {
        println!("\nmedians of all runs; percent of a core, MiB");
        println!(
            "{:<10} {:<8} {:>10} {:>8} {:>8} {:>8} {:>8}",
            "program", "cleaning", "latency ms", "call", "person", "between", "memory"
        );
        for cleaning in [Cleaning::Off, Cleaning::On] {
            for program in Program::ALL {
                self.print_row(program, cleaning);
            }
        }
        println!("\n{:<66} {:>8} {:>8}", "target", "measured", "at most");
        self.print_targets();
    }

    fn print_row(&self, program: Program, cleaning: Cleaning) {
        let of = |figure: fn(&Figures) -> f64| self.of(program, cleaning, figure);
        if of(|f| f.call).is_nan() {
            return;
        }
        println!(
            "{:<10} {:<8} {:>10.1} {:>8.1} {:>8.1} {:>8.1} {:>8.1}",
            program.name(),
            cleaning.name(),
            of(Figures::latency),
            of(|f| f.call),
            of(|f| f.person),
            of(|f| f.between),
            of(|f| f.memory)
        );
    }

    fn print_targets(&self) {
        let beside = |what: &str, cleaning, figure: fn(&Figures) -> f64| {
            let ours = self.of(Program::Sidetone, cleaning, figure);
            let theirs = self.of(Program::Chromium, cleaning, figure);
            target(&format!("{what}, beside Chromium's"), ours, theirs);
        };
        beside("latency, ms", Cleaning::Off, Figures::latency);
        beside("CPU of a call", Cleaning::Off, |f| f.call);
        beside("CPU of a person", Cleaning::Off, |f| f.person);
        beside("CPU of a call with cleaned sound", Cleaning::On, |f| f.call);
        beside("CPU of a person with cleaned sound", Cleaning::On, |f| {
            f.person
        });
        let ours =
            |cleaning, figure: fn(&Figures) -> f64| self.of(Program::Sidetone, cleaning, figure);
        target(
            "CPU of a client in a call",
            ours(Cleaning::Off, |f| f.person),
            5.0,
        );
        target(
            "CPU of a client in a call, with cleaned sound",
            ours(Cleaning::On, |f| f.person),
            5.0,
        );
        target(
            "memory of a client in a call",
            ours(Cleaning::On, |f| f.memory),
            40.0,
        );
        let talks = median(self.talks.iter().map(|load| load.cpu)) / super::TALKS as f64;
        target("CPU of the service for each of those who talk", talks, 1.2);
        let crowd = median(self.crowds.iter().map(|load| load.cpu));
        target(
            "CPU of the service for 100 listeners and 5 talkers",
            crowd,
            50.0,
        );
        let slowest = median(self.crowds.iter().map(|load| load.slowest));
        let memory = median(self.crowds.iter().map(|load| load.memory));
        println!(
            "  of those, whoever got fewest got {slowest:.1} packets a second of 50; the service had {memory:.1} MiB"
        );
    }

    fn of(&self, program: Program, cleaning: Cleaning, figure: fn(&Figures) -> f64) -> f64 {
        let calls = self.calls.iter();
        let those = calls.filter(|call| call.program == program && call.cleaning == cleaning);
        median(those.map(figure))
    }
}

fn target(what: &str, measured: f64, most: f64) {
    let verdict = if measured.is_nan() || most.is_nan() {
        "not measured"
    } else if measured <= most {
        "met"
    } else {
        "NOT MET"
    };
    println!("{what:<66} {measured:>8.1} {most:>8.1}  {verdict}");
}

/// Of nothing it is not a number.
pub(super) fn median(values: impl Iterator<Item = f64>) -> f64 {
    let mut sorted: Vec<f64> = values.filter(|value| !value.is_nan()).collect();
    sorted.sort_by(f64::total_cmp);
    sorted.get(sorted.len() / 2).copied().unwrap_or(f64::NAN)
}
