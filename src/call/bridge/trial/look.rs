//! A look at the page alone: whether the SDK loads, what it says of where it runs, and what it takes.
//!
//! No agent is made, nothing is joined, and there is no token.

use std::path::PathBuf;
use std::time::Duration;

use tokio::sync::mpsc;

use crate::call::bridge::browser::Memory;
use crate::call::bridge::browser::Sounds;
use crate::call::bridge::launch::Page;
use crate::call::bridge::launch::Parts;
use crate::call::bridge::launch::launch;
use crate::call::bridge::server::Said;
use crate::clock::Clock;
use crate::clock::Moment;
use crate::model::failure::Because;
use crate::tasks::Tasks;
use crate::wire::bridge::Act;
use crate::wire::bridge::Command;
use crate::wire::bridge::ToPage;
use crate::wire::bridge::ToProgram;

use super::convert;
use super::findings;
use super::findings::Error;

/// What was seen of it.
#[derive(Debug, Default, Clone, PartialEq)]
pub struct Seen {
    /// From the start of the browser until the SDK was there; `None`: it was not, in time.
    pub ready: Option<Duration>,
    /// The browser and the system, as the SDK calls them, and whether it supports them.
    pub environment: Vec<(String, String)>,
    /// Microphones and speakers of this machine, as the browser sees them.
    pub devices: Option<(usize, usize)>,
    /// Of the browser with the SDK in it.
    pub memory: Option<Memory>,
    /// What the page, or the SDK, answered with an error.
    pub failed: Option<Error>,
    /// Why the SDK does not load, in the page's words.
    pub problem: Option<String>,
}

/// Looks once, for at most [`PATIENCE`]; the browser is ended whatever comes.
pub async fn look(browser: Option<PathBuf>, sdk: PathBuf, tasks: Tasks) -> Result<Seen, Because> {
    let (heard, _frames) = mpsc::channel(1);
    let parts = Parts {
        browser: browser.as_deref(),
        sdk: &sdk,
        local: "",
        sounds: Sounds::System,
        heard,
    };
    let began = Clock.now();
    let mut page = launch(parts, &tasks).await?;
    let mut looking = Looking::new(began);
    let outcome = drive(&mut page, &mut looking).await;
    let memory = page.browser.memory();
    // Ending it waits for its processes.
    let cleared = tokio::task::spawn_blocking(move || drop(page));
    let _ = cleared.await;
    outcome?;
    Ok(Seen {
        memory,
        ..looking.seen
    })
}

async fn drive(page: &mut Page, looking: &mut Looking) -> Result<(), Because> {
    let ends = looking.began + PATIENCE;
    while !looking.over {
        let said = tokio::select! {
            biased;
            said = page.said() => said,
            () = Clock.sleep_until(Some(ends.min(Clock.now() + LOOK))) => {
                if let Some(words) = page.browser.ended() {
                    let detail = format!("the browser ended: {words}");
                    return Err(Because::Local { detail });
                }
                if ends <= Clock.now() {
                    return Ok(());
                }
                continue;
            }
        };
        match said {
            Said::Word(word) => {
                for answer in looking.handle(*word, Clock.now()) {
                    page.send(&answer).await;
                }
            }
            Said::Ended => return Err(Because::Lost),
        }
    }
    Ok(())
}

/// What is asked, one after the other.
struct Looking {
    began: Moment,
    seen: Seen,
    over: bool,
}

impl Looking {
    fn new(began: Moment) -> Self {
        Self {
            began,
            seen: Seen::default(),
            over: false,
        }
    }

    /// What is said to the page next.
    fn handle(&mut self, said: ToProgram, now: Moment) -> Vec<ToPage> {
        match said {
            ToProgram::Hello { .. } => vec![ToPage::Word(convert::welcome(SILENCE))],
            ToProgram::Ready { has_sdk: true, .. } => {
                self.seen.ready = Some(now.since(self.began));
                vec![ask(ENVIRONMENT, Act::Environment)]
            }
            ToProgram::Ready { problem, .. } => {
                self.seen.problem = Some(findings::word(&problem.unwrap_or_default()));
                self.over = true;
                Vec::new()
            }
            ToProgram::Done { id, result } if id == ENVIRONMENT => {
                self.seen.environment = findings::environment(&result);
                vec![ask(DEVICES, Act::Devices)]
            }
            ToProgram::Done { result, .. } => {
                let count = |kind: &str| result["devices"][kind].as_array().map_or(0, Vec::len);
                self.seen.devices = Some((count("microphones"), count("speakers")));
                self.over = true;
                Vec::new()
            }
            ToProgram::Failed { id, error } => {
                self.seen.failed.get_or_insert(Error::from(&error));
                if id == ENVIRONMENT {
                    return vec![ask(DEVICES, Act::Devices)];
                }
                self.over = true;
                Vec::new()
            }
            _ => Vec::new(),
        }
    }
}

fn ask(id: u64, act: Act) -> ToPage {
    ToPage::Command(Command { id, act })
}

const ENVIRONMENT: u64 = 1;
const DEVICES: u64 = 2;
/// The SDK waits seven seconds for a network that is not there before it says where it runs.
pub const PATIENCE: Duration = Duration::from_secs(25);
/// The page waits so long for us, in milliseconds: it is ended before.
const SILENCE: u64 = 60_000;
const LOOK: Duration = Duration::from_millis(200);

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn it_asks_where_it_runs_and_what_it_hears_with_and_nothing_else() {
        let mut looking = Looking::new(Moment::ZERO);
        let ready = ToProgram::Ready {
            has_sdk: true,
            problem: None,
        };
        let at = Moment::ZERO + Duration::from_secs(2);
        assert_eq!(looking.handle(ready, at), [ask(1, Act::Environment)]);
        let result = json!({"browser": "Chrome", "isSupportedEnvironment": true});
        let answer = ToProgram::Done { id: 1, result };
        assert_eq!(looking.handle(answer, at), [ask(2, Act::Devices)]);
        let result = json!({"devices": {"microphones": [{}, {}], "speakers": [{}]}});
        let answer = ToProgram::Done { id: 2, result };
        assert!(looking.handle(answer, at).is_empty() && looking.over);
        assert_eq!(looking.seen.devices, Some((2, 1)));
        assert_eq!(looking.seen.ready, Some(Duration::from_secs(2)));
        assert_eq!(looking.seen.environment.len(), 2);
    }
}
