//! What a process and all that it started take of the machine.

use std::collections::HashMap;
use std::fs;
use std::time::Duration;

use sidetone::clock::Clock;
use sidetone::clock::Moment;

/// A part of a call that is measured by itself.
#[derive(Debug, Clone)]
pub(super) struct Part {
    pub(super) process: u32,
    /// How many of the two people it serves.
    pub(super) people: u8,
}

/// Processor time that was used up to a moment.
#[derive(Debug, Clone, Copy)]
pub(super) struct Used {
    at: Moment,
    time: Duration,
}

impl Used {
    pub(super) fn by(process: u32) -> Self {
        let ticks: u64 = tree(process).into_iter().filter_map(ticks).sum();

        Self {
            at: Clock.now(),
            time: Duration::from_secs_f64(ticks as f64 / TICKS),
        }
    }

    /// Percent of a core since then.
    pub(super) fn percent_since(self, earlier: Self) -> f64 {
        let used = self.time.saturating_sub(earlier.time);
        100.0 * used.as_secs_f64() / self.at.since(earlier.at).as_secs_f64()
    }
}

/// Memory in MiB; what processes share is counted once.
pub(super) fn memory(process: u32) -> f64 {
    let kibibytes = |process: u32| -> Option<f64> {
        let rollup = fs::read_to_string(format!("/proc/{process}/smaps_rollup")).ok()?;
        let line = rollup.lines().find_map(|line| line.strip_prefix("Pss:"))?;
        line.trim().trim_end_matches(" kB").parse().ok()
    };
    tree(process).into_iter().filter_map(kibibytes).sum::<f64>() / 1024.0
}

/// How many want to run at once, on average of the last minute.
pub(super) fn load() -> f64 {
    let average = fs::read_to_string("/proc/loadavg").unwrap_or_default();
    let first = average.split(' ').next();
    first.and_then(|load| load.parse().ok()).unwrap_or(f64::NAN)
}

/// A process, its children and theirs.
fn tree(root: u32) -> Vec<u32> {
    let mut children: HashMap<u32, Vec<u32>> = HashMap::new();
    for entry in fs::read_dir("/proc").unwrap().flatten() {
        let name = entry.file_name();
        let Some(process) = name.to_str().and_then(|name| name.parse().ok()) else {
            continue;
        };
        if let Some(parent) = field(process, 1) {
            let parent = u32::try_from(parent).unwrap();
            children.entry(parent).or_default().push(process);
        }
    }
    let mut found = vec![root];
    let mut at = 0;
    while at < found.len() {
        found.extend(children.remove(&found[at]).unwrap_or_default());
        at += 1;
    }
    found
}

/// Of the process itself, in the kernel and outside.
fn ticks(process: u32) -> Option<u64> {
    Some(field(process, 11)? + field(process, 12)?)
}

/// A number of /proc/PID/stat, counted from behind the name, which may hold anything.
fn field(process: u32, at: usize) -> Option<u64> {
    let stat = fs::read_to_string(format!("/proc/{process}/stat")).ok()?;
    let (_, fields) = stat.rsplit_once(") ")?;
    fields.split(' ').nth(at)?.parse().ok()
}

/// In a second, whatever the kernel's own clock is.
const TICKS: f64 = 100.0;
