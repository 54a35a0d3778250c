//! The imperative shell: the loop, and the performer of effects.
//!
//! The loop waits for the next event and for nothing else. Calls have a lane of
//! their own, read first, then the terminal, then everything else: a flood of
//! chat can delay chat, never a notice or a key. What is ready is drained in a
//! small batch, then one frame is drawn. Time is a deadline to sleep until.

mod backends;
pub mod control;
mod display;
pub mod exit;
pub mod input;
mod keyboard;
pub mod notice_log;
mod notify;
pub mod opening;
pub mod outside;
pub mod pace;
mod perform;
pub mod screen;
mod signals;
pub mod stderr;
pub mod terminal;
pub mod themes;
mod transcript;

use std::future::Future;
use std::io;
use std::pin::pin;
use std::time::Duration;

use tokio::sync::mpsc;

use crate::clock::Clock;
use crate::clock::Moment;
use crate::clock::Zone;
use crate::config::paths::Paths;
use crate::effect::Effect;
use crate::effect::SoundCommand;
use crate::event::CallEvent;
use crate::event::Event;
use crate::event::RuntimeEvent;
use crate::event::SoundEvent;
use crate::event::TerminalEvent;
use crate::history;
use crate::model::account::Account;
use crate::model::account::AccountId;
use crate::model::announcement::Announcement;
use crate::model::announcement::Class;
use crate::model::announcement::Said;
use crate::model::failure::Failure;
use crate::model::key::KeyCode;
use crate::model::key::Pointer;
use crate::model::settings::Settings;
use crate::runtime::backends::Backends;
pub use crate::runtime::backends::Lanes;
use crate::runtime::control::Control;
use crate::runtime::display::Borrower;
use crate::runtime::display::Display;
use crate::runtime::display::Output;
use crate::runtime::exit::Exit;
use crate::runtime::exit::Ledger;
use crate::runtime::keyboard::Keyboard;
use crate::runtime::keyboard::Typed;
use crate::runtime::notice_log::Meeting;
use crate::runtime::notice_log::NoticeLog;
use crate::runtime::opening::Doors;
use crate::runtime::opening::Opened;
use crate::runtime::opening::Opening;
use crate::runtime::opening::Wish;
use crate::runtime::pace::Press;
use crate::runtime::signals::Signal;
use crate::runtime::signals::Signals;
use crate::runtime::stderr::Diverted;
use crate::runtime::terminal::Terminal;
use crate::state::State;
use crate::state::lines::Source;
use crate::tasks::Tasks;
use crate::update;
use crate::view::phrase;

/// What the program starts with.
#[derive(Debug, Clone)]
pub struct Options {
    pub settings: Settings,
    pub paths: Option<Paths>,
    pub account: Account,
    /// Who else one can be, once [`Doors`] opens the way.
    pub others: Vec<Account>,
    /// Sentences for the normal screen, before anything is drawn.
    pub greeting: Vec<String>,
    /// Ends in a panic once it runs, so that a test can see the terminal given back.
    pub panics: bool,
}

/// How it ended.
pub struct Ended {
    pub exit: Exit,
    /// Sentences for the normal screen: what was going on, and what was not sent.
    pub farewell: Vec<String>,
}

#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("could not use the terminal")]
    Terminal(#[source] io::Error),
    #[error("could not listen for signals")]
    Signals(#[source] io::Error),
    #[error("could not open the notice log")]
    NoticeLog(#[source] io::Error),
}

pub struct Runtime {
    state: State,
    display: Display,
    keyboard: Keyboard,
    signals: Signals,
    control: Control,
    backends: Backends,
    notices: NoticeLog,
    ledger: Ledger,
    call_lane: mpsc::Receiver<Event>,
    rest_lane: mpsc::Receiver<Event>,
    options: Options,
    /// Whom to ask for the way of another account.
    doors: Option<mpsc::Sender<Wish>>,
    tasks: Tasks,
    clock: Clock,
    /// When we end even if nobody says good-bye.
    give_up: Option<Moment>,
    /// The terminal cannot be written any more.
    deaf: bool,
    quit: bool,
    /// Last, because what ends before it may still print.
    _stderr: Diverted,
}

impl Runtime {
    /// Takes the terminal over and draws the first frame, before anything that takes time.
    pub fn start(options: Options, tasks: Tasks) -> Result<Self, Error> {
        let clock = Clock;
        for line in &options.greeting {
            terminal::tell(line).map_err(Error::Terminal)?;
        }
        let (keyboard, output, source) = open().map_err(Error::Terminal)?;
        let size = match &output {
            Output::Terminal(terminal) => terminal.size(),
            Output::Pipe => (80, 24),
        };
        let run = format!("{:08x}", fastrand::u32(..));
        let mut state = State::new(options.settings.clone(), Zone::local(), run, size);
        if source != Source::Terminal {
            state.without_terminal(source);
        }
        state.add_account(options.account.clone());
        for other in &options.others {
            state.add_account(other.clone());
        }
        let themes = options.paths.as_ref().map(Paths::themes);
        let display = Display::new(output, &state, themes);
        let (call, call_lane) = mpsc::channel(LANE);
        let (rest, rest_lane) = mpsc::channel(LANE);
        let log = options.paths.as_ref().map(Paths::notice_log);
        let mut backends = Backends::new(Lanes { call, rest });
        if let Some(paths) = &options.paths {
            let path = paths.history();
            backends.start_history(history::Settings { path });
        }
        let mut runtime = Self {
            state,
            display,
            keyboard,
            signals: Signals::listen().map_err(Error::Signals)?,
            control: Control::listen(options.paths.as_ref(), &tasks),
            backends,
            notices: NoticeLog::open(log.as_deref()).map_err(Error::NoticeLog)?,
            ledger: Ledger::default(),
            call_lane,
            rest_lane,
            options,
            doors: None,
            tasks,
            clock,
            give_up: None,
            deaf: false,
            quit: false,
            _stderr: Diverted::new(),
        };
        let entered = runtime.display.enter(&runtime.state);
        entered.map_err(Error::Terminal)?;
        // What is wrong with it is said once keys are read as keys: the terminal would echo them itself.
        runtime.follow_theme();
        runtime.draw();
        Ok(runtime)
    }

    /// Where back ends and whoever else reports events.
    pub fn lanes(&self) -> Lanes {
        self.backends.lanes().clone()
    }

    /// Hands microphone and speaker to whoever owns them: `run` gets commands and the lane for what
    /// it reports. Before [`Runtime::run`]; without it nothing is tried before joining.
    pub fn own_sound<F>(
        &mut self,
        run: impl FnOnce(mpsc::Receiver<SoundCommand>, mpsc::Sender<Event>) -> F,
    ) where
        F: Future<Output = ()> + Send + 'static,
    {
        self.backends.start_sound(run);
    }

    /// Runs until the person or the system ends it. `opening` comes to know where to go.
    pub async fn run(
        mut self,
        opening: impl Future<Output = Result<Opening, Failure>>,
        mut doors: Doors,
    ) -> Ended {
        self.doors = Some(doors.ask);
        let mut opening = pin!(opening);
        let mut open = false;
        while !self.is_over() {
            let frame = self.draw();
            self.report_shown();
            self.place_notices();
            assert!(!self.options.panics, "a panic was asked for");
            let clock = self.clock;
            let wake = [
                self.state.deadline(),
                frame,
                self.keyboard.deadline(),
                self.notices.deadline(),
                self.give_up,
            ];
            let wake = wake.into_iter().flatten().min();
            let typing = self.display.lent().is_none() && !self.state.lines.is_full();
            let writing = !self.display.is_idle() && !self.deaf;
            let woken = tokio::select! {
                biased;
                Some(event) = self.call_lane.recv() => Woken::event(event),
                typed = self.keyboard.next(|| clock.now()), if typing => Woken::Typed(typed),
                result = self.display.flush(), if writing => Woken::Written(result),
                signal = self.signals.next() => Woken::Signal(signal),
                result = &mut opening, if !open => Woken::Opened(Box::new(result)),
                Some((account, opened)) = doors.opened.recv() => {
                    Woken::OpenedAnother(account, opened)
                }
                (id, request) = self.control.next() => Woken::event(Event::Control(id, request)),
                Some(event) = self.rest_lane.recv() => Woken::event(event),
                () = clock.sleep_until(wake) => Woken::Time,
            };
            open |= matches!(woken, Woken::Opened(_));
            self.wake(woken);
            self.drain();
            self.backends.flush();
        }
        self.end().await
    }

    fn wake(&mut self, woken: Woken) {
        match woken {
            Woken::Event(event) => self.happen(*event),
            Woken::Typed(typed) => self.typed(typed),
            Woken::Written(result) => self.check(result),
            Woken::Signal(signal) => self.signalled(signal),
            Woken::Opened(result) => self.opened(*result),
            Woken::OpenedAnother(account, opened) => self.opened_another(account, opened),
            Woken::Time => self.time_passed(),
        }
    }

    fn time_passed(&mut self) {
        let now = self.clock.now();
        if self.keyboard.deadline().is_some_and(|at| at <= now) {
            let typed = self.keyboard.settle();
            self.typed(typed);
        }
        if self.state.deadline().is_some_and(|at| at <= now) {
            self.happen(Event::Deadline);
        }
    }

    fn typed(&mut self, typed: Vec<Typed>) {
        for typed in typed {
            match typed {
                Typed::Event(event) => {
                    let event = self.pointed(event);
                    self.happen(Event::Terminal(event));
                }
                Typed::KeepsUp => self.display.keeps_up(),
                Typed::CanTellReleases => self.can_tell_releases(),
            }
        }
    }

    /// A click is on what was drawn there.
    fn pointed(&self, event: TerminalEvent) -> TerminalEvent {
        let TerminalEvent::Pointer(Pointer::Click { column, row }) = event else {
            return event;
        };
        let spot = self.display.spot(column, row).cloned();
        spot.map_or(event, TerminalEvent::Clicked)
    }

    fn can_tell_releases(&mut self) {
        match self.display.can_tell_releases() {
            Ok(true) => self.happen(Event::Terminal(TerminalEvent::TellsReleases(true))),
            Ok(false) => {}
            Err(error) => self.check(Err(error)),
        }
    }

    /// A key that is held to talk ends when it is let go, where the terminal can tell.
    fn follow_keys(&mut self) {
        match self.display.follow_keys(&self.state) {
            Ok(Some(tells)) => self.happen(Event::Terminal(TerminalEvent::TellsReleases(tells))),
            Ok(None) => {}
            Err(error) => self.check(Err(error)),
        }
    }

    fn signalled(&mut self, signal: Signal) {
        let editing = self.display.lent() == Some(Borrower::Editor);
        match signal {
            // An editor in the foreground is what the person interrupts, not us.
            Signal::Interrupt | Signal::Continued if editing => {}
            Signal::Terminate | Signal::Interrupt => {
                if self.give_up.is_some() {
                    self.quit = true;
                }
                self.give_up = Some(self.clock.now() + FAREWELL);
                self.happen(Event::Runtime(RuntimeEvent::Terminate));
            }
            Signal::Resized => self.resized(),
            Signal::Continued => {
                let entered = self.display.enter(&self.state);
                self.check(entered);
                self.resized();
            }
        }
    }

    fn resized(&mut self) {
        let (columns, rows) = self.display.size();
        self.display.resize(columns);
        self.happen(Event::Terminal(TerminalEvent::Resized { columns, rows }));
    }

    /// Takes what is ready, in a batch that is short enough for the next key.
    fn drain(&mut self) {
        let until = self.clock.now() + BATCH;
        loop {
            let event = match self.call_lane.try_recv() {
                Ok(event) => event,
                Err(_) => match self.rest_lane.try_recv() {
                    Ok(event) => event,
                    Err(_) => return,
                },
            };
            self.happen(event);
            if self.display.presses_now() || self.clock.now() >= until {
                return;
            }
        }
    }

    fn happen(&mut self, event: Event) {
        self.ledger.hear(&event);
        self.display.press(press(&event));
        // What else changes what is being written: another account in front, and a program.
        let typed = matches!(
            event,
            Event::Terminal(_)
                | Event::Control(..)
                | Event::Runtime(RuntimeEvent::AccountOpened { .. })
        );
        if matches!(event, Event::Terminal(TerminalEvent::Edited(_)))
            && self.display.lent() == Some(Borrower::Editor)
        {
            let entered = self.display.enter(&self.state);
            self.check(entered);
        }
        let entered = enters(&event).then(|| self.state.composer.text().to_owned());
        let effects = update::update(&mut self.state, event, self.clock.both());
        if let Some(line) = entered.filter(|line| !line.is_empty()) {
            self.submitted(&line);
        }
        self.perform_all(effects);
        if typed {
            self.follow_theme();
            let echoed = self.display.echo(&self.state);
            self.check(echoed);
        }
        self.follow_keys();
    }

    /// The linear view's input row becomes what Enter made of it, before its answers come.
    fn submitted(&mut self, line: &str) {
        if !self.state.composer.text().is_empty() {
            return;
        }
        let message = match line.strip_prefix('/') {
            Some(rest) if rest.starts_with('/') => Some(rest),
            Some(_) => None,
            None => Some(line),
        };
        let words = message.map(|text| phrase::said(&Said::mine(text), &self.state));
        let shown = self.display.submitted(words.as_deref());
        self.check(shown);
    }

    fn perform_all(&mut self, effects: Vec<Effect>) {
        let mut effects = effects.into_iter().peekable();
        while let Some(effect) = effects.next() {
            if let Effect::Say(announcement) = effect {
                // The bell belongs to the write of its line.
                let bell = effects.next_if(|next| *next == Effect::Bell).is_some();
                self.say(&announcement, bell);
            } else {
                self.perform(effect);
            }
        }
    }

    fn follow_theme(&mut self) {
        if let Err(detail) = self.display.follow_theme(&self.state) {
            self.theme_failed(detail);
        }
    }

    fn draw(&mut self) -> Option<Moment> {
        if self.deaf {
            return None;
        }
        let drawn = self.display.draw(&self.state, self.clock.now());
        drawn.unwrap_or_else(|error| {
            self.check(Err(error));
            None
        })
    }

    /// The log gets the time at which notices were on the terminal.
    fn report_shown(&mut self) {
        if self.notices.has_unseen() && self.display.has_shown() && !self.deaf {
            let at = self.clock.utc();
            self.notices.shown(at);
            self.happen(Event::Runtime(RuntimeEvent::NoticesShown { at }));
        }
    }

    /// The log names the meetings of notices that came before their names.
    fn place_notices(&mut self) {
        let calls = &self.state.calls;
        self.notices.settle(self.clock.now(), |account| {
            let call = calls.get(account);
            call.map_or_else(Meeting::default, |call| Meeting {
                info: call.info.clone(),
                whole: call.info_known,
            })
        });
    }

    /// A terminal that cannot be written is gone.
    fn check(&mut self, result: io::Result<()>) {
        if let Err(error) = result
            && !self.deaf
        {
            tracing::warn!(%error, "the terminal is gone");
            self.deaf = true;
            self.give_up = Some(self.clock.now() + FAREWELL);
            self.happen(Event::Terminal(TerminalEvent::Closed));
        }
    }

    fn is_over(&self) -> bool {
        self.quit || self.give_up.is_some_and(|at| at <= self.clock.now())
    }

    /// Gives the terminal back, hangs up, and waits a moment for it.
    async fn end(mut self) -> Ended {
        let exit = self.ledger.exit(&self.state);
        if exit != Exit::Done {
            self.state.lines.waiting.extend(self.keyboard.rest().await);
        }
        let ended = Ended {
            exit,
            farewell: self.farewell(),
        };
        // It may be gone already, and then there is nobody to tell.
        let _ = self.display.lend(Borrower::Shell);
        stderr::divert();
        self.call_lane.close();
        self.rest_lane.close();
        let _ = tokio::time::timeout(FAREWELL, self.backends.finish()).await;
        drop(self.control);
        self.tasks.stop();
        let _ = tokio::time::timeout(FAREWELL, self.tasks.finished()).await;
        ended
    }

    fn farewell(&self) -> Vec<String> {
        let mut lines = Vec::new();
        lines.extend(phrase::farewell(&self.state));
        lines.extend(phrase::unsent(&self.state));
        lines
    }
}

/// Why the loop went on.
enum Woken {
    Event(Box<Event>),
    Typed(Vec<Typed>),
    Written(io::Result<()>),
    Signal(Signal),
    Opened(Box<Result<Opening, Failure>>),
    OpenedAnother(AccountId, Opened),
    Time,
}

impl Woken {
    fn event(event: Event) -> Self {
        Self::Event(Box::new(event))
    }
}

/// Events that may wait in a lane before whoever sends them waits.
const LANE: usize = 1024;
/// How long a batch may keep a key waiting.
const BATCH: Duration = Duration::from_millis(2);
/// How long a good-bye may take.
const FAREWELL: Duration = Duration::from_secs(2);

/// The terminal where there is one; else lines in, lines out.
fn open() -> io::Result<(Keyboard, Output, Source)> {
    if Terminal::is_present() {
        let terminal = Terminal::open()?;
        return Ok((
            Keyboard::terminal(terminal.reader()),
            Output::Terminal(terminal),
            Source::Terminal,
        ));
    }
    if Keyboard::is_nobody() {
        return Ok((Keyboard::Closed, Output::Pipe, Source::Nobody));
    }
    Ok((Keyboard::lines()?, Output::Pipe, Source::Open))
}

fn enters(event: &Event) -> bool {
    matches!(event, Event::Terminal(TerminalEvent::Key(key)) if key.code == KeyCode::Enter)
}

/// How soon a frame must show an event.
const fn press(event: &Event) -> Press {
    match event {
        Event::Runtime(RuntimeEvent::NoticesShown { .. }) => Press::Nothing,
        // What changes often and can wait a frame.
        Event::Chat(..)
        | Event::Deadline
        | Event::History(_)
        | Event::Call(
            _,
            CallEvent::RosterChanged(_)
            | CallEvent::Quality(_)
            | CallEvent::Reaction { .. }
            | CallEvent::Turn { .. }
            | CallEvent::Levels(_)
            | CallEvent::Statistics(_),
        )
        | Event::Sound(SoundEvent::InputLevel { .. } | SoundEvent::OutputLevel(_)) => Press::Chat,
        Event::Terminal(_)
        | Event::Control(..)
        | Event::Identity(..)
        | Event::Sound(_)
        | Event::Runtime(_)
        | Event::Call(..) => Press::Now,
    }
}

impl Press {
    /// What is assertive is on the screen at once.
    fn of(announcement: &Announcement) -> Self {
        match announcement.class {
            Class::Assertive | Class::Answer => Self::Now,
            Class::Polite | Class::Quiet | Class::Off => Self::Chat,
        }
    }
}
