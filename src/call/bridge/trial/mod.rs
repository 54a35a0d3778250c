//! A trial of the vendor's SDK in a real meeting: joins muted, looks, and tells what it found.
//!
//! For what no machine without an account can find out. The session decides, this drives.

mod findings;
mod look;
mod session;

use std::path::PathBuf;

use tokio::sync::mpsc;

use crate::audio::level;
use crate::clock::Clock;
use crate::identity::Tokens;
use crate::model::failure::Because;
use crate::model::failure::Failure;
use crate::model::locator::Locator;
use crate::tasks::Tasks;
use crate::wire::bridge::Identity;

pub use super::browser::Memory;
use super::browser::Sounds;
use super::convert;
use super::launch::Page;
use super::launch::Parts;
use super::launch::launch;
use super::server::Said;
use super::session::Target;

pub use findings::Audio;
pub use findings::End;
pub use findings::Error;
pub use findings::Findings;
pub use findings::Join;
pub use findings::Tried;
pub use look::PATIENCE;
pub use look::Seen;
pub use look::look;
pub use session::Step;
pub use session::TRIED;
pub use session::Wish;

use session::Input;
use session::Output;
use session::Trial;

/// With what it is tried.
#[derive(Debug)]
pub struct Settings {
    pub tokens: Tokens,
    pub sdk: PathBuf,
    pub browser: Option<PathBuf>,
    /// Origins on this machine that the SDK may speak to.
    pub local: String,
    /// Whether the browser gets the silent microphone that it has in every call.
    pub has_microphone: bool,
    pub tasks: Tasks,
}

/// What the person is told while it goes on.
#[derive(Debug)]
pub enum Told {
    Step(Step),
    NoToken(Failure),
}

/// Who joins what; refused where it is no call.
pub fn wish(identity: Identity, name: &str, locator: &Locator) -> Result<Wish, String> {
    let Target::Meeting(meeting) = convert::target(locator)? else {
        return Err("a person is no meeting".to_owned());
    };
    Ok(Wish {
        identity,
        name: name.to_owned(),
        meeting,
    })
}

/// Goes through it once. Ends early, after hanging up, when `stop` is done.
pub async fn run(
    settings: Settings,
    wish: Wish,
    telling: mpsc::Sender<Told>,
    end: impl Future<Output = ()>,
) -> Result<Findings, Because> {
    let (hearing, mut heard) = mpsc::channel(HEARD);
    let parts = Parts {
        browser: settings.browser.as_deref(),
        sdk: &settings.sdk,
        local: &settings.local,
        sounds: if settings.has_microphone {
            Sounds::StandIn
        } else {
            Sounds::None
        },
        heard: hearing,
    };
    let mut page: Page = launch(parts, &settings.tasks).await?;
    let mut trial = Trial::new(wish, Clock.now());
    tokio::pin!(end);
    let mut stopped = false;
    loop {
        let deadline = match trial.poll() {
            Output::Over => break,
            Output::Wait(deadline) => deadline,
            Output::Send(word) => {
                page.send(&word).await;
                continue;
            }
            Output::Tell(step) => {
                let _ = telling.send(Told::Step(step)).await;
                continue;
            }
            Output::Token { wanted } => {
                let token = match settings.tokens.token().await {
                    Ok(grant) => Some(grant.token.for_sdk().to_owned()),
                    Err(failure) => {
                        let _ = telling.send(Told::NoToken(failure)).await;
                        None
                    }
                };
                trial.handle(Input::Token { wanted, token }, Clock.now());
                continue;
            }
        };
        let input = tokio::select! {
            biased;
            () = &mut end, if !stopped => {
                stopped = true;
                Input::Stop
            }
            said = page.said() => match said {
                Said::Word(word) => Input::Page(*word),
                Said::Ended => Input::PageEnded,
            },
            Some(frame) = heard.recv() => Input::Heard(level::dbfs(&frame)),
            () = Clock.sleep_until(Some(deadline)) => Input::Timeout,
        };
        trial.handle(input, Clock.now());
    }
    let cleared = tokio::task::spawn_blocking(move || drop(page));
    let _ = cleared.await;
    Ok(trial.into_findings())
}

const HEARD: usize = 20;
