//! Keeps one direction open: what to open, when to try again, what to say. No IO, no clock.
//!
//! Feed it what happened with [`Keeper::handle`], then drain [`Keeper::poll`]
//! until it says [`Output::Wait`].

use std::collections::VecDeque;
use std::time::Duration;

use crate::call::devices::DeviceEvent;
use crate::call::devices::listing::NoSound;
use crate::clock::Moment;
use crate::model::sound::Choice;
use crate::model::sound::Direction;

pub(super) enum Input {
    Choose(Choice),
    Opened(Device),
    Failed(NoSound),
    Fault(Fault),
    Looked(Looked),
    Timeout,
}

/// What is open.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Device {
    pub(super) name: String,
    /// The wished one, where another had to be taken.
    pub(super) missing: Option<String>,
    /// Frames of sound that the device takes or gives at once, in samples.
    pub(super) period: usize,
    /// A server plays on through another one, without a word, when this one vanishes.
    pub(super) served: bool,
}

/// Where the choice would lead now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Looked {
    Same,
    /// To another device: the wished one came back, or there is another default.
    Elsewhere,
    /// The device is not there any more, and the server let us believe it was.
    Vanished,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fault {
    /// It reported that it is gone, or has been dead silent.
    Gone,
    /// It takes less than a second of sound a second: what it holds does not outlast the way to us.
    Starved,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Try {
    First,
    /// Nothing new was asked for since the last one.
    Again,
}

#[derive(Debug, PartialEq, Eq)]
pub(super) enum Output {
    Open {
        choice: Choice,
        /// At least this many samples at once.
        period: usize,
        again: Try,
    },
    Close,
    /// Find out where the choice would lead now.
    Look(Choice),
    Event(DeviceEvent),
    Wait(Option<Moment>),
}

enum State {
    Idle,
    Opening,
    Open {
        device: Device,
        since: Moment,
        look: Option<Moment>,
    },
    Waiting {
        until: Moment,
    },
}

/// What opening would be.
enum News {
    Opened,
    /// After it was lost.
    Back,
    /// This one was open and nobody heard that it is not.
    None(String),
}

pub(super) struct Keeper {
    direction: Direction,
    choice: Choice,
    state: State,
    period: usize,
    /// Tries since the last device that stayed.
    tries: u32,
    news: News,
    /// What was said of there being none.
    silent: Option<NoSound>,
    out: VecDeque<Output>,
}

impl Keeper {
    pub(super) fn new(direction: Direction, period: usize) -> Self {
        Self {
            direction,
            choice: Choice::None,
            state: State::Idle,
            period,
            tries: 0,
            news: News::Opened,
            silent: None,
            out: VecDeque::new(),
        }
    }

    pub(super) fn handle(&mut self, input: Input, now: Moment) {
        match input {
            Input::Choose(choice) => self.choose(choice),
            Input::Opened(device) => self.opened(device, now),
            Input::Failed(why) => self.failed(why, now),
            Input::Fault(fault) => self.fault(fault, now),
            Input::Looked(looked) => self.looked(looked, now),
            Input::Timeout => self.timeout(now),
        }
    }

    pub(super) fn poll(&mut self) -> Output {
        self.out
            .pop_front()
            .unwrap_or(Output::Wait(match &self.state {
                State::Idle | State::Opening => None,
                State::Open { look, .. } => *look,
                State::Waiting { until } => Some(*until),
            }))
    }

    fn choose(&mut self, choice: Choice) {
        self.close();
        self.tries = 0;
        self.news = News::Opened;
        self.silent = None;
        self.choice = choice;
        if self.choice == Choice::None {
            self.state = State::Idle;
            self.say_silent(NoSound::Chosen);
        } else {
            self.open(Try::First);
        }
    }

    fn opened(&mut self, device: Device, now: Moment) {
        let (direction, name, missing) =
            (self.direction, device.name.clone(), device.missing.clone());
        // Another one came in its place: it vanished while it was opened anew.
        if let News::None(before) = &self.news
            && *before != name
        {
            self.say_lost(before.clone());
        }
        let event = match std::mem::replace(&mut self.news, News::Opened) {
            News::None(_) => None,
            News::Opened => Some(DeviceEvent::Opened {
                direction,
                name,
                missing,
            }),
            News::Back => Some(DeviceEvent::Back {
                direction,
                name,
                missing,
            }),
        };
        self.silent = None;
        self.out.extend(event.map(Output::Event));
        self.period = self.period.max(device.period);
        self.state = State::Open {
            look: (device.served || device.missing.is_some()).then_some(now + LOOK),
            since: now,
            device,
        };
    }

    fn failed(&mut self, why: NoSound, now: Moment) {
        match std::mem::replace(&mut self.news, News::Back) {
            News::Opened => {
                self.news = News::Opened;
                self.say_silent(why);
            }
            News::None(name) => self.say_lost(name),
            News::Back => {}
        }
        self.wait(now);
    }

    fn fault(&mut self, fault: Fault, now: Moment) {
        let State::Open { device, since, .. } = &self.state else {
            return;
        };
        let (name, stayed) = (device.name.clone(), now.since(*since) >= STAYED);
        match fault {
            Fault::Starved if self.period < LONGEST_PERIOD => {
                self.period = (2 * self.period).min(LONGEST_PERIOD);
                self.close();
                // The same device with more patience is no news.
                self.news = News::None(name);
                self.open(Try::Again);
            }
            Fault::Starved => {}
            Fault::Gone => {
                if stayed {
                    self.tries = 0;
                }
                self.close();
                self.say_lost(name);
                self.wait(now);
            }
        }
    }

    fn looked(&mut self, looked: Looked, now: Moment) {
        let State::Open { look, .. } = &mut self.state else {
            return;
        };
        match looked {
            Looked::Same => *look = look.or(Some(now + LOOK)),
            Looked::Vanished => self.fault(Fault::Gone, now),
            Looked::Elsewhere => {
                self.close();
                self.news = News::Back;
                self.open(Try::Again);
            }
        }
    }

    fn timeout(&mut self, now: Moment) {
        match &mut self.state {
            State::Waiting { until } if *until <= now => self.open(Try::Again),
            State::Open { look, .. } if look.is_some_and(|at| at <= now) => {
                *look = None;
                self.out.push_back(Output::Look(self.choice.clone()));
            }
            _ => {}
        }
    }

    fn open(&mut self, again: Try) {
        self.state = State::Opening;
        self.out.push_back(Output::Open {
            choice: self.choice.clone(),
            period: self.period,
            again,
        });
    }

    fn close(&mut self) {
        if matches!(self.state, State::Open { .. } | State::Opening) {
            self.out.push_back(Output::Close);
        }
        self.state = State::Idle;
    }

    fn wait(&mut self, now: Moment) {
        let after = FIRST * 2_u32.saturating_pow(self.tries.min(10));
        self.tries += 1;
        self.state = State::Waiting {
            until: now + after.min(LONGEST),
        };
    }

    fn say_lost(&mut self, name: String) {
        self.news = News::Back;
        let direction = self.direction;
        self.out
            .push_back(Output::Event(DeviceEvent::Lost { direction, name }));
    }

    fn say_silent(&mut self, why: NoSound) {
        if self.silent.replace(why) != Some(why) {
            let direction = self.direction;
            self.out
                .push_back(Output::Event(DeviceEvent::Silent { direction, why }));
        }
    }
}

/// Between two tries.
const FIRST: Duration = Duration::from_millis(500);
const LONGEST: Duration = Duration::from_secs(30);

/// A device that lived as long as this begins with a short wait again.
const STAYED: Duration = Duration::from_secs(5);

/// How often it is looked whether the choice still leads to what is open.
const LOOK: Duration = Duration::from_secs(5);

/// 200 ms.
pub(super) const LONGEST_PERIOD: usize = 9_600;

#[cfg(test)]
mod tests {
    use super::*;

    fn millis(n: u64) -> Moment {
        Moment::from_nanos(n * 1_000_000)
    }

    fn named(name: &str, missing: Option<&str>) -> Device {
        Device {
            name: name.to_owned(),
            missing: missing.map(ToOwned::to_owned),
            period: 480,
            served: false,
        }
    }

    /// What came out, in short.
    fn out(keeper: &mut Keeper) -> Vec<String> {
        let mut said = Vec::new();
        loop {
            said.push(match keeper.poll() {
                Output::Open { period, again, .. } => format!("open {period} {again:?}"),
                Output::Close => "close".to_owned(),
                Output::Look(choice) => format!("look {choice:?}"),
                Output::Event(DeviceEvent::Opened { name, missing, .. }) => {
                    format!("opened {name} {missing:?}")
                }
                Output::Event(DeviceEvent::Back { name, missing, .. }) => {
                    format!("back {name} {missing:?}")
                }
                Output::Event(DeviceEvent::Lost { name, .. }) => format!("lost {name}"),
                Output::Event(DeviceEvent::Silent { why, .. }) => format!("silent: {why}"),
                Output::Wait(until) => {
                    if let Some(until) = until {
                        said.push(format!("wait {}", until.as_nanos() / 1_000_000));
                    }
                    return said;
                }
            });
        }
    }

    fn keeper(choice: Choice) -> Keeper {
        let mut keeper = Keeper::new(Direction::Playback, 480);
        keeper.handle(Input::Choose(choice), Moment::ZERO);
        keeper
    }

    #[test]
    fn no_audio_opens_nothing_and_says_so_once() {
        let mut keeper = keeper(Choice::None);
        assert_eq!(out(&mut keeper), ["silent: none was chosen"]);
        keeper.handle(Input::Timeout, millis(100_000));
        assert!(out(&mut keeper).is_empty());
    }

    #[test]
    fn no_sound_is_said_once_and_tried_again_ever_more_rarely() {
        let mut keeper = keeper(Choice::Default);
        assert_eq!(out(&mut keeper), ["open 480 First"]);
        keeper.handle(Input::Failed(NoSound::NoServer), Moment::ZERO);
        let said = out(&mut keeper);
        assert_eq!(
            said,
            [
                "silent: no sound server answers and there is no sound card",
                "wait 500"
            ]
        );
        let mut waits = Vec::new();
        let mut now = 500;
        for _ in 0..9 {
            keeper.handle(Input::Timeout, millis(now));
            assert_eq!(out(&mut keeper), ["open 480 Again"]);
            keeper.handle(Input::Failed(NoSound::NoServer), millis(now));
            let said = out(&mut keeper);
            assert_eq!(said.len(), 1, "{said:?}");
            let until: u64 = said[0].trim_start_matches("wait ").parse().unwrap();
            waits.push(until - now);
            now = until;
        }
        assert_eq!(
            waits,
            [
                1000, 2000, 4000, 8000, 16_000, 30_000, 30_000, 30_000, 30_000
            ]
        );
        keeper.handle(Input::Timeout, millis(now));
        keeper.handle(Input::Opened(named("Headset", None)), millis(now));
        assert_eq!(out(&mut keeper), ["open 480 Again", "opened Headset None"]);
    }

    #[test]
    fn a_lost_device_is_said_once_and_so_is_its_return() {
        let mut keeper = keeper(Choice::Default);
        keeper.handle(Input::Opened(named("Headset", None)), Moment::ZERO);
        out(&mut keeper);
        keeper.handle(Input::Fault(Fault::Gone), millis(10_000));
        assert_eq!(out(&mut keeper), ["close", "lost Headset", "wait 10500"]);
        keeper.handle(Input::Fault(Fault::Gone), millis(10_001));
        assert_eq!(out(&mut keeper), ["wait 10500"]);
        keeper.handle(Input::Timeout, millis(10_500));
        keeper.handle(Input::Failed(NoSound::NotAnswering), millis(10_500));
        assert_eq!(out(&mut keeper), ["open 480 Again", "wait 11500"]);
        keeper.handle(Input::Timeout, millis(11_500));
        keeper.handle(Input::Opened(named("Speakers", None)), millis(11_500));
        assert_eq!(out(&mut keeper), ["open 480 Again", "back Speakers None"]);
    }

    #[test]
    fn a_device_that_keeps_dying_is_opened_ever_more_rarely() {
        let mut keeper = keeper(Choice::Default);
        let mut now = 0;
        let mut waits = Vec::new();
        for _ in 0..4 {
            keeper.handle(Input::Opened(named("Headset", None)), millis(now));
            keeper.handle(Input::Fault(Fault::Gone), millis(now + 100));
            let last = out(&mut keeper).pop().unwrap();
            let until: u64 = last.trim_start_matches("wait ").parse().unwrap();
            waits.push(until - now - 100);
            now = until;
            keeper.handle(Input::Timeout, millis(now));
        }
        assert_eq!(waits, [500, 1000, 2000, 4000]);
        keeper.handle(Input::Opened(named("Headset", None)), millis(now));
        keeper.handle(Input::Fault(Fault::Gone), millis(now + 5_000));
        assert_eq!(
            out(&mut keeper).pop(),
            Some(format!("wait {}", now + 5_500))
        );
    }

    #[test]
    fn a_missing_device_is_looked_for_and_taken_back() {
        let mut keeper = keeper(Choice::Named("headset".to_owned()));
        keeper.handle(
            Input::Opened(named("Speakers", Some("headset"))),
            Moment::ZERO,
        );
        assert_eq!(
            out(&mut keeper),
            [
                "open 480 First",
                "opened Speakers Some(\"headset\")",
                "wait 5000"
            ]
        );
        keeper.handle(Input::Timeout, millis(5_000));
        assert_eq!(out(&mut keeper), ["look Named(\"headset\")"]);
        keeper.handle(Input::Looked(Looked::Same), millis(5_100));
        assert_eq!(out(&mut keeper), ["wait 10100"]);
        keeper.handle(Input::Timeout, millis(10_100));
        keeper.handle(Input::Looked(Looked::Elsewhere), millis(10_150));
        keeper.handle(Input::Opened(named("USB headset", None)), millis(10_200));
        assert_eq!(
            out(&mut keeper),
            [
                "look Named(\"headset\")",
                "close",
                "open 480 Again",
                "back USB headset None"
            ]
        );
    }

    #[test]
    fn what_a_server_plays_through_another_device_is_lost_and_back() {
        let mut keeper = keeper(Choice::Default);
        let device = Device {
            served: true,
            ..named("Headset", None)
        };
        keeper.handle(Input::Opened(device), Moment::ZERO);
        keeper.handle(Input::Timeout, millis(5_000));
        out(&mut keeper);
        keeper.handle(Input::Looked(Looked::Vanished), millis(5_010));
        assert_eq!(out(&mut keeper), ["close", "lost Headset", "wait 5510"]);
        keeper.handle(Input::Timeout, millis(5_510));
        keeper.handle(Input::Opened(named("Speakers", None)), millis(5_520));
        assert_eq!(out(&mut keeper), ["open 480 Again", "back Speakers None"]);
    }

    #[test]
    fn a_starving_device_gets_more_sound_at_once_without_a_word() {
        let mut keeper = keeper(Choice::Default);
        keeper.handle(Input::Opened(named("Far", None)), Moment::ZERO);
        out(&mut keeper);
        keeper.handle(Input::Fault(Fault::Starved), millis(2_000));
        assert_eq!(out(&mut keeper), ["close", "open 960 Again"]);
        keeper.handle(Input::Opened(named("Far", None)), millis(2_010));
        assert!(out(&mut keeper).is_empty());
        keeper.handle(Input::Fault(Fault::Starved), millis(4_000));
        keeper.handle(Input::Failed(NoSound::NotAnswering), millis(4_010));
        assert_eq!(
            out(&mut keeper),
            ["close", "open 1920 Again", "lost Far", "wait 4510"]
        );
    }

    #[test]
    fn a_starving_device_that_is_replaced_meanwhile_was_lost() {
        let mut keeper = keeper(Choice::Default);
        keeper.handle(Input::Opened(named("Headset", None)), Moment::ZERO);
        keeper.handle(Input::Fault(Fault::Starved), millis(2_000));
        out(&mut keeper);
        keeper.handle(Input::Opened(named("Speakers", None)), millis(2_010));
        assert_eq!(out(&mut keeper), ["lost Headset", "back Speakers None"]);
    }

    #[test]
    fn another_choice_closes_what_is_open_and_forgets_the_past() {
        let mut keeper = keeper(Choice::Default);
        keeper.handle(Input::Opened(named("Headset", None)), Moment::ZERO);
        keeper.handle(Input::Fault(Fault::Gone), millis(100));
        keeper.handle(
            Input::Choose(Choice::Named("Speakers".to_owned())),
            millis(200),
        );
        keeper.handle(Input::Opened(named("Speakers", None)), millis(210));
        keeper.handle(Input::Choose(Choice::None), millis(300));
        let said = out(&mut keeper);
        assert_eq!(
            said[1..],
            [
                "opened Headset None",
                "close",
                "lost Headset",
                "open 480 First",
                "opened Speakers None",
                "close",
                "silent: none was chosen"
            ]
        );
    }
}
