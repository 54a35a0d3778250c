//! Browser, sockets and tokens under the call session. Decides nothing.

use std::path::PathBuf;

use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;

use crate::clock::Clock;
use crate::clock::Moment;
use crate::effect::CallCommand;
use crate::event::Event;
use crate::identity::Generation;
use crate::identity::Grant;
use crate::identity::Tokens;
use crate::model::account::AccountId;
use crate::model::failure::Because;
use crate::model::failure::Failure;
use crate::tasks::Tasks;
use crate::wire::bridge::Frame;
use crate::wire::bridge::Identity;

use super::launch::Page;
use super::launch::Parts;
use super::launch::launch;
use super::pcm::Pcm;
use super::pcm::Samples;
use super::server::Said;
use super::session::Granted;
use super::session::Input;
use super::session::Output;
use super::session::Own;
use super::session::Session;

/// Whose calls, and with what.
#[derive(Debug)]
pub struct Settings {
    pub account: AccountId,
    pub identity: Identity,
    /// The name others see, where an account has none of its own.
    pub name: String,
    /// The country whose emergency numbers the SDK may dial for an external user.
    pub emergency_country: Option<String>,
    /// The phone number that an external user calls phones by.
    pub caller_id: Option<String>,
    pub tokens: Tokens,
    /// The bundle that `sidetone setup calls` made.
    pub sdk: PathBuf,
    /// Of the person's choice, or found; `None` where there is none.
    pub browser: Option<PathBuf>,
    /// Origins on this machine that the SDK may speak to.
    pub local: String,
    pub sound: Pcm,
    pub tasks: Tasks,
}

/// The calls of one account, one at a time. Ends when no more commands can come, after hanging up.
pub async fn run(
    settings: Settings,
    commands: mpsc::Receiver<CallCommand>,
    events: mpsc::Sender<Event>,
) {
    let driver = Driver {
        session: Session::new(Own {
            identity: settings.identity,
            name: settings.name.clone(),
            emergency_country: settings.emergency_country.clone(),
            caller_id: settings.caller_id.clone(),
        }),
        settings,
        events,
        clock: Clock,
        page: None,
        clearing: None,
        fetching: FuturesUnordered::new(),
        generation: None,
        call: 0,
        sequence: 0,
    };
    Box::pin(driver.run(commands)).await;
}

struct Driver {
    settings: Settings,
    events: mpsc::Sender<Event>,
    clock: Clock,
    session: Session,
    page: Option<Page>,
    clearing: Option<JoinHandle<()>>,
    fetching: FuturesUnordered<Fetching>,
    /// Of the token that the page has.
    generation: Option<Generation>,
    call: u32,
    sequence: u32,
}

type Fetching =
    std::pin::Pin<Box<dyn Future<Output = (u64, Result<Grant, Failure>)> + Send + 'static>>;

impl Driver {
    async fn run(mut self, mut commands: mpsc::Receiver<CallCommand>) {
        let mut open = true;
        while open || !self.session.is_idle() {
            let deadline = self.carry_out().await;
            tokio::select! {
                biased;
                said = said(&mut self.page) => self.said(said),
                Some((wanted, grant)) = self.fetching.next() => self.granted(wanted, grant),
                command = commands.recv(), if open => {
                    open = command.is_some();
                    self.handle(command.map_or(Input::Closing, Input::Command));
                }
                Some(samples) = self.settings.sound.captured.recv() => self.captured(&samples),
                () = self.clock.sleep_until(deadline) => self.timeout(),
            }
        }
        self.carry_out().await;
        self.end();
        if let Some(clearing) = self.clearing.take() {
            // Nothing of it stays behind us.
            let _ = clearing.await;
        }
    }

    fn handle(&mut self, input: Input) {
        self.session
            .handle(input, self.clock.now(), self.clock.utc());
    }

    fn said(&mut self, said: Said) {
        match said {
            Said::Word(word) => self.handle(Input::Page(*word)),
            Said::Ended => self.ended(Because::Lost),
        }
    }

    fn ended(&mut self, because: Because) {
        // The session has the browser ended, after it told so.
        self.handle(Input::PageEnded(because));
    }

    /// A browser that ends before its page came says nothing by a socket.
    fn timeout(&mut self) {
        let ended = self.page.as_mut().and_then(|page| page.browser.ended());
        match ended {
            Some(words) => self.ended(Because::Local {
                detail: format!("the browser ended: {words}"),
            }),
            None => self.handle(Input::Timeout),
        }
    }

    fn granted(&mut self, wanted: u64, grant: Result<Grant, Failure>) {
        let token = grant.map(|grant| {
            self.generation = Some(grant.generation);
            Granted {
                token: grant.token.for_sdk().to_owned(),
                raw_id: grant.raw_id,
            }
        });
        self.handle(Input::Token { wanted, token });
    }

    fn captured(&mut self, samples: &Samples) {
        let Some(page) = &self.page else { return };
        let frame = Frame {
            sequence: self.sequence,
            call: self.call,
            micros: micros(self.clock.now()),
            samples: *samples,
        };
        self.sequence = self.sequence.wrapping_add(1);
        // A page that does not keep up loses what is old by the time it would.
        let _ = page.server.frames.try_send(frame.write());
    }

    /// Does what the session asks for; answers when it wants to be woken.
    async fn carry_out(&mut self) -> Option<Moment> {
        loop {
            match self.session.poll() {
                Output::Wait(deadline) => {
                    let looks = self.page.is_some().then(|| self.clock.now() + LOOK);
                    return deadline.into_iter().chain(looks).min();
                }
                Output::Launch => {
                    self.end();
                    match self.launch().await {
                        Ok(page) => self.page = Some(page),
                        Err(because) => self.handle(Input::PageEnded(because)),
                    }
                }
                Output::End => self.end(),
                Output::Send(word) => self.send(&word).await,
                Output::Token { wanted, refused } => self.fetch(wanted, refused),
                Output::Call(call) => self.call = u32::try_from(call).unwrap_or_default(),
                Output::Sound(wish) => {
                    // Whoever owned microphone and speaker may have ended before us.
                    let _ = self.settings.sound.wishes.send(wish);
                }
                Output::Event(event) => {
                    let event = Event::Call(self.settings.account.clone(), event);
                    let _ = self.events.send(event).await;
                }
            }
        }
    }

    /// A browser takes a while to go, and nobody here waits for it.
    fn end(&mut self) {
        if let Some(page) = self.page.take() {
            self.clearing = Some(tokio::task::spawn_blocking(move || drop(page)));
        }
    }

    async fn launch(&mut self) -> Result<Page, Because> {
        let parts = Parts {
            browser: self.settings.browser.as_deref(),
            sdk: &self.settings.sdk,
            local: &self.settings.local,
            sounds: self.session.sounds(),
            heard: self.settings.sound.heard.clone(),
        };
        self.sequence = 0;
        launch(parts, &self.settings.tasks).await
    }

    async fn send(&mut self, word: &crate::wire::bridge::ToPage) {
        if let Some(page) = &self.page {
            page.send(word).await;
        }
    }

    fn fetch(&mut self, wanted: u64, refused: bool) {
        let tokens = self.settings.tokens.clone();
        let refused = self.generation.filter(|_| refused);
        self.fetching.push(Box::pin(async move {
            let grant = match refused {
                Some(generation) => tokens.after_refusal(generation).await,
                None => tokens.token().await,
            };
            (wanted, grant)
        }));
    }
}

async fn said(page: &mut Option<Page>) -> Said {
    match page {
        Some(page) => page.said().await,
        None => std::future::pending().await,
    }
}

fn micros(now: Moment) -> u64 {
    u64::try_from(now.since(Moment::ZERO).as_micros()).unwrap_or_default()
}

/// How often it is looked whether the browser is still there.
const LOOK: std::time::Duration = std::time::Duration::from_millis(200);
