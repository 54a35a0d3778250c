//! Decides when each announcement is released: hold while typing, budget, quiet window, summaries, repeats.
//!
//! Linear lines, speech and the bell are its only outputs. Knows no words and
//! no view; time is handed in. The rules and their numbers were measured with
//! real screen readers (accessibility 2.2 L6, 2.3 to 2.5).

mod budget;
mod class;
mod joins;
mod lines;
#[cfg(test)]
mod tests;

use std::collections::VecDeque;
use std::time::Duration;

use crate::clock::Moment;
use crate::model::account::AccountId;
use crate::model::announcement::Announcement;
use crate::model::announcement::Class;
use crate::model::announcement::Said;
use crate::model::announcement::Topic;
use crate::model::settings::Settings;
use crate::state::announcer::budget::Budget;
use crate::state::announcer::joins::Joins;
use crate::state::announcer::lines::Count;
use crate::state::announcer::lines::again;
use crate::state::announcer::lines::budgeted;
use crate::state::announcer::lines::countable;
use crate::state::announcer::lines::is_consent;
use crate::state::announcer::lines::is_notice;
use crate::state::announcer::lines::is_of;
use crate::state::announcer::lines::join;

/// Between lines that were held back: a braille display polls, and misses what comes faster.
const LINE_GAP: Duration = Duration::from_millis(150);
/// How long a line waits for room in the budget before it is summarised (T1).
const PATIENCE: Duration = Duration::from_secs(3);
/// Words of a line that counts messages.
const SUMMARY: u32 = 16;
/// A key within this time after a notice means that a reader was silenced (N3).
const TYPED_OVER: Duration = Duration::from_secs(4);
/// The state of the notices is told right after joining.
const NOTICES_COME: Duration = Duration::from_millis(1500);
/// Lines that wait one by one; beyond, messages are counted at once.
const QUEUED: usize = 500;
const BELL_GAP: Duration = Duration::from_secs(2);
/// Lines kept for `/last` and `/unread`.
const KEPT: usize = 1000;

/// The lines that wait for their moment, and what was said before.
#[derive(Debug, Clone)]
pub struct Announcer {
    /// Assertive lines and answers, not yet handed out.
    urgent: VecDeque<Announcement>,
    /// Polite lines in order.
    polite: VecDeque<Waiting>,
    /// Lines that are said at most so often, and not yet again.
    later: Vec<Waiting>,
    repeats: Vec<Repeat>,
    outage: Option<Outage>,
    hold: Duration,
    silent: bool,
    /// Nobody listens while lines are written: each goes as it comes.
    unpaced: bool,
    last_key: Option<Moment>,
    quiet_until: Moment,
    /// Chat waits until then for the notices of the call just joined.
    known_until: Moment,
    next_line: Moment,
    budget: Budget,
    last_bell: Option<Moment>,
    last_lobby: Option<Moment>,
    last_count: Option<Moment>,
    heard: VecDeque<Said>,
    unread: VecDeque<Said>,
    /// The thread in front, for summaries.
    topic: String,
    joins: Joins,
}

#[derive(Debug, Clone)]
struct Waiting {
    said: Said,
    since: Moment,
    not_before: Moment,
}

/// A notice that is said again until acknowledged.
#[derive(Debug, Clone)]
struct Repeat {
    said: Said,
    written: Moment,
    typed_over: bool,
    times: u32,
    next: Moment,
}

/// A lost connection: worth a word after two seconds, urgent after ten.
#[derive(Debug, Clone)]
struct Outage {
    said: u32,
    /// How many links are lost.
    links: u32,
    /// `None`: the link is whole again, which is yet to be said.
    next: Option<Moment>,
}

impl Default for Announcer {
    fn default() -> Self {
        Self::new(&Settings::default())
    }
}

impl Announcer {
    pub fn new(settings: &Settings) -> Self {
        Self {
            urgent: VecDeque::new(),
            polite: VecDeque::new(),
            later: Vec::new(),
            known_until: Moment::ZERO,
            repeats: Vec::new(),
            outage: None,
            hold: settings.hold,
            silent: false,
            unpaced: false,
            last_key: None,
            quiet_until: Moment::ZERO,
            next_line: Moment::ZERO,
            budget: Budget::new(settings.pace),
            last_bell: None,
            last_lobby: None,
            last_count: None,
            heard: VecDeque::new(),
            unread: VecDeque::new(),
            topic: String::new(),
            joins: Joins::default(),
        }
    }

    /// Messages are from the thread of this topic from here on.
    pub fn enter(&mut self, topic: &str) {
        if self.topic != topic {
            topic.clone_into(&mut self.topic);
        }
    }

    /// Takes hold and pace over after they were changed.
    pub const fn configure(&mut self, settings: &Settings) {
        self.hold = settings.hold;
        self.budget.configure(settings.pace);
    }

    /// Takes a fact in; the class follows from verbosity and `[announce]`.
    pub fn offer(&mut self, said: Said, settings: &Settings, now: Moment) {
        self.offer_as(class::class(&said, settings), said, now);
    }

    /// Takes a fact in under a class that only the caller can know.
    pub fn offer_as(&mut self, class: Class, said: Said, now: Moment) {
        match &said {
            Said::ConnectionLost => return self.lost(now),
            // Call and chat have a link each: one that is back does not make the other whole.
            Said::ConnectionBack { .. } if self.outage.as_ref().is_some_and(|o| o.links > 0) => {
                return;
            }
            Said::ConnectionBack { .. } => match self.outage.take().map_or(0, |o| o.said) {
                0 => return,
                1 => {}
                _ => {
                    keep(&mut self.heard, said.clone());
                    let class = Class::Assertive;
                    self.urgent.push_back(Announcement { class, said });
                    return;
                }
            },
            Said::CameAndWent { .. } if class == Class::Polite => {
                keep(&mut self.heard, said.clone());
                if self.silent {
                    return;
                }
                if let Some(said) = self.joins.take(said, now) {
                    self.line_up(said, now);
                }
                return;
            }
            Said::Opened { .. } => self.joins.opened(),
            // Not said in time, it is not true any more.
            Said::Admitted => {
                let waits = |w: &Waiting| matches!(w.said, Said::WaitingInLobby { .. });
                self.polite.retain(|w| !waits(w));
                self.later.retain(|w| !waits(w));
                // Who waits from now on are others.
                self.last_lobby = None;
            }
            // The call that is left for another one waits on hold: so it should, and so nobody is.
            Said::Moved { .. } => self.polite.retain(|w| !matches!(w.said, Said::Held(_))),
            Said::Notice { account, kind, .. } => {
                self.repeats.retain(|r| !is_notice(&r.said, account, *kind));
            }
            Said::ConsentAnswered { account, .. } => self.consent_settled(account),
            _ => {}
        }
        let mention = matches!(said, Said::Message { mention: true, .. });
        let class = if self.silent && class == Class::Polite && !mention {
            Class::Quiet
        } else {
            class
        };
        if !matches!(class, Class::Off | Class::Answer) {
            keep(&mut self.heard, said.clone());
        }
        match class {
            Class::Off => {}
            Class::Quiet => keep(&mut self.unread, said),
            Class::Polite => self.wait(said, now),
            Class::Answer | Class::Assertive => self.urgent.push_back(Announcement { class, said }),
        }
    }

    /// A link is whole again; what was missed is being counted.
    pub fn link_restored(&mut self) {
        let Some(outage) = &mut self.outage else {
            return;
        };
        outage.links = outage.links.saturating_sub(1);
        if outage.links == 0 {
            outage.next = None;
            self.outage = self.outage.take().filter(|o| o.said > 0);
        }
    }

    /// Consent is answered in that call, or no longer asked for.
    pub fn consent_settled(&mut self, account: &AccountId) {
        self.repeats.retain(|r| !is_consent(&r.said, account));
    }

    /// Said politely in its turn, whatever it is joined with.
    fn line_up(&mut self, said: Said, now: Moment) {
        self.polite.push_back(Waiting {
            said,
            since: now,
            not_before: now,
        });
    }

    /// Says what is still true again, before anything polite: after joining, reconnecting or a switch of view (N2).
    ///
    /// What was acknowledged is told, and not repeated again.
    pub fn restate(&mut self, said: Said, acknowledged: bool) {
        let class = if acknowledged {
            Class::Answer
        } else {
            Class::Assertive
        };
        self.repeats.retain(|r| r.said != again(said.clone()));
        self.urgent.push_back(Announcement { class, said });
    }

    /// Chat waits for the notices of a call just joined, but not for ever (N2).
    pub fn expect_notices(&mut self, now: Moment) {
        self.known_until = now + NOTICES_COME;
    }

    /// The notices are known: chat may follow.
    pub const fn notices_known(&mut self) {
        self.known_until = Moment::ZERO;
    }

    /// Others are said to have come after we are, once the chat that tells it is there.
    pub fn expect_opening(&mut self, now: Moment) {
        self.joins.expect_opening(now);
    }

    /// Lines go to a file or another program, which wants every one and needs no pauses.
    pub const fn unpace(&mut self) {
        self.unpaced = true;
    }

    /// Only notices and mentions from here on.
    pub const fn quiet(&mut self, on: bool) {
        self.silent = on;
    }

    pub const fn is_quiet(&self) -> bool {
        self.silent
    }

    /// A key was pressed: readers fall silent, so polite lines wait.
    pub fn key_pressed(&mut self, now: Moment) {
        self.last_key = Some(now);
        for repeat in self.repeats.iter_mut().filter(|r| r.times == 0) {
            repeat.typed_over |= now.since(repeat.written) <= TYPED_OVER;
        }
    }

    /// A command was given: the person wants an answer, not silence (A2).
    pub const fn command_given(&mut self) {
        self.quiet_until = Moment::ZERO;
    }

    /// Stops the repeats of every call. False when there was nothing to acknowledge.
    pub fn acknowledge(&mut self) -> bool {
        let open = self.repeats.len();
        self.repeats
            .retain(|r| matches!(r.said, Said::ConsentAsked { .. }));
        open > self.repeats.len()
    }

    /// The call is over: what was on in it is no longer worth repeating.
    pub fn call_ended(&mut self, account: &AccountId) {
        self.repeats.retain(|r| !is_of(&r.said, account));
    }

    /// Everything that is due, in the order to be written. Call it after each event and at [`Announcer::deadline`].
    pub fn release(&mut self, now: Moment) -> Vec<Announcement> {
        self.budget.refill(now);
        let mut due = Vec::new();
        while let Some(announcement) = self.urgent.pop_front() {
            self.wrote_urgent(&announcement, now);
            due.push(announcement);
        }
        self.repeat(now, &mut due);
        self.tell_outage(now, &mut due);
        for said in self.joins.due(now) {
            self.line_up(said, now);
        }
        self.take_postponed(now);
        while let Some(said) = self.next_polite(now) {
            self.next_line = now + LINE_GAP;
            due.push(Announcement {
                class: Class::Polite,
                said,
            });
        }
        due
    }

    /// Everything polite that still waits, in order, when there is no later any more.
    pub fn take_waiting(&mut self) -> Vec<Announcement> {
        let waiting = self.polite.drain(..).chain(self.later.drain(..));
        let lines = waiting.map(|waiting| waiting.said).chain(self.joins.rest());
        let class = Class::Polite;
        lines.map(|said| Announcement { class, said }).collect()
    }

    /// When [`Announcer::release`] may have something, unless something else happens first.
    pub fn deadline(&self) -> Option<Moment> {
        if !self.urgent.is_empty() {
            return Some(Moment::ZERO);
        }
        let repeat = self.repeats.iter().map(|r| self.repeat_due(r)).min();
        let outage = self.outage.as_ref().and_then(|o| o.next);
        let joins = self.joins.deadline();
        let later = self.later.iter().map(|w| w.not_before).min();
        [repeat, outage, joins, later, self.polite_due()]
            .into_iter()
            .flatten()
            .min()
    }

    /// Whether one BEL goes with these lines: for assertive ones and mentions, at most one in two seconds (A3).
    pub fn bell(&mut self, due: &[Announcement], now: Moment) -> bool {
        let due = due.iter().any(Announcement::is_worth_a_bell)
            && self.last_bell.is_none_or(|at| now.since(at) >= BELL_GAP);
        if due {
            self.last_bell = Some(now);
        }
        due
    }

    /// The last `n` lines, oldest first; also those that were only summarised.
    pub fn last(&self, n: usize) -> Vec<Said> {
        self.heard
            .iter()
            .skip(self.heard.len().saturating_sub(n))
            .cloned()
            .collect()
    }

    /// What was not read out, oldest first; asking makes it read.
    pub fn take_unread(&mut self) -> Vec<Said> {
        self.unread.drain(..).collect()
    }

    /// Said later, and only as it is by then; nothing waits behind it.
    fn postpone(&mut self, said: Said, not_before: Moment) {
        let known = self.later.iter_mut().any(|w| join(&mut w.said, &said));
        if !known {
            self.later.push(Waiting {
                said,
                since: not_before,
                not_before,
            });
        }
    }

    fn take_postponed(&mut self, now: Moment) {
        let due = self.later.extract_if(.., |w| w.not_before <= now);
        self.polite.extend(due);
    }

    fn wait(&mut self, said: Said, now: Moment) {
        if let Some(waiting) = self.polite.back_mut()
            && join(&mut waiting.said, &said)
        {
            return;
        }
        let not_before = match said.topic() {
            Topic::Lobby => after(self.last_lobby, Duration::from_mins(1)),
            Topic::OtherThread => after(self.last_count, Duration::from_secs(30)),
            _ => now,
        };
        if not_before > now {
            return self.postpone(said, not_before);
        }
        if said.topic() == Topic::Lobby {
            self.later.retain(|w| w.said.topic() != Topic::Lobby);
        }
        if self.polite.len() >= QUEUED {
            self.summarise(self.polite.len());
        }
        self.polite.push_back(Waiting {
            said,
            since: now,
            not_before,
        });
    }

    fn wrote_urgent(&mut self, announcement: &Announcement, now: Moment) {
        if announcement.class != Class::Assertive {
            return;
        }
        let words = class::words(&announcement.said);
        self.quiet_until = now + Duration::from_millis(300) + self.budget.per_word() * words;
        if class::repeats(&announcement.said) {
            self.repeats.push(Repeat {
                said: again(announcement.said.clone()),
                written: now,
                typed_over: false,
                times: 0,
                next: now + Duration::from_secs(20),
            });
        }
    }

    fn repeat(&mut self, now: Moment, due: &mut Vec<Announcement>) {
        for at in 0..self.repeats.len() {
            if self.repeat_due(&self.repeats[at]) > now {
                continue;
            }
            let repeat = &mut self.repeats[at];
            repeat.times += 1;
            repeat.typed_over = false;
            repeat.next = now + Duration::from_secs(if repeat.times == 1 { 60 } else { 300 });
            let announcement = Announcement {
                class: Class::Assertive,
                said: repeat.said.clone(),
            };
            let words = class::words(&announcement.said);
            self.quiet_until = now + Duration::from_millis(300) + self.budget.per_word() * words;
            due.push(announcement);
        }
    }

    /// A repeat interrupts neither typing, or it would be lost again, nor the notice that is being read.
    fn repeat_due(&self, repeat: &Repeat) -> Moment {
        let pause = self.typing_until().max(self.quiet_until);
        if repeat.typed_over {
            pause
        } else {
            repeat.next.max(pause)
        }
    }

    fn lost(&mut self, now: Moment) {
        let outage = self.outage.get_or_insert(Outage {
            said: 0,
            links: 0,
            next: None,
        });
        outage.links += 1;
        outage.next.get_or_insert(now + Duration::from_secs(2));
    }

    fn tell_outage(&mut self, now: Moment, due: &mut Vec<Announcement>) {
        let Some(outage) = self
            .outage
            .as_mut()
            .filter(|o| o.next.is_some_and(|at| at <= now))
        else {
            return;
        };
        outage.said += 1;
        let pause = if outage.said == 1 { 8 } else { 30 };
        outage.next = Some(now + Duration::from_secs(pause));
        let class = if outage.said == 1 {
            Class::Polite
        } else {
            Class::Assertive
        };
        keep(&mut self.heard, Said::ConnectionLost);
        due.push(Announcement {
            class,
            said: Said::ConnectionLost,
        });
    }

    /// The next polite line if its moment has come, summarising what has waited too long.
    fn next_polite(&mut self, now: Moment) -> Option<Said> {
        if now < self.gate() || self.polite.front()?.not_before > now {
            return None;
        }
        let front = self.polite.front()?;
        if !budgeted(&front.said) || self.fits(&front.said) {
            let said = self.polite.pop_front()?.said;
            self.charge(&said, now);
            return Some(said);
        }
        let patient = now.since(front.since) < PATIENCE;
        let mention = self
            .polite
            .iter()
            .position(|w| matches!(w.said, Said::Message { mention: true, .. }));
        match mention {
            // What lies before it can only be counted from now on, so that no line is said out of order.
            Some(at) => {
                let said = self.polite.remove(at)?.said;
                self.summarise(at);
                Some(said)
            }
            None if patient || !self.worth_counting() => None,
            None => {
                self.summarise(self.polite.len());
                let summary = &self.polite.front()?.said;
                self.fits(summary)
                    .then(|| self.polite.pop_front())
                    .flatten()
                    .map(|w| {
                        self.charge(&w.said, now);
                        w.said
                    })
            }
        }
    }

    /// Whether what waits is longer than the line that would count it.
    fn worth_counting(&self) -> bool {
        let messages = self.polite.iter().filter(|w| countable(&w.said));
        messages.map(|w| class::words(&w.said)).sum::<u32>() > SUMMARY
    }

    /// Turns the messages among the first `n` lines into one count; other lines stay.
    fn summarise(&mut self, n: usize) {
        let rest = self.polite.split_off(n);
        let (messages, others): (Vec<_>, Vec<_>) =
            self.polite.drain(..).partition(|w| countable(&w.said));
        if let Some(since) = messages.first().map(|w| w.since) {
            let not_before = messages[0].not_before;
            let mut count = Count::default();
            for waiting in messages {
                if matches!(waiting.said, Said::Message { .. }) {
                    keep(&mut self.unread, waiting.said.clone());
                }
                count.add(waiting.said);
            }
            self.polite.push_back(Waiting {
                said: count.summary(&self.topic),
                since,
                not_before,
            });
        }
        self.polite.extend(others);
        self.polite.extend(rest);
    }

    fn charge(&mut self, said: &Said, now: Moment) {
        match said.topic() {
            Topic::Lobby => self.last_lobby = Some(now),
            Topic::OtherThread => self.last_count = Some(now),
            _ => {}
        }
        if budgeted(said) {
            self.budget.charge(class::words(said));
        }
    }

    fn fits(&self, said: &Said) -> bool {
        self.unpaced || self.budget.fits(class::words(said))
    }

    fn polite_due(&self) -> Option<Moment> {
        let front = self.polite.front()?;
        let gate = self.gate().max(front.not_before);
        if !budgeted(&front.said) || self.fits(&front.said) {
            return Some(gate);
        }
        let room = self.budget.room_at(class::words(&front.said));
        let summary = matches!(front.said, Said::Summary { .. });
        let patience = front.since + PATIENCE;
        Some(gate.max(if summary || patience <= self.budget.refilled() {
            room
        } else {
            room.min(patience)
        }))
    }

    fn gate(&self) -> Moment {
        if self.unpaced {
            return self.known_until;
        }
        self.quiet_until
            .max(self.known_until)
            .max(self.typing_until())
            .max(self.next_line)
    }

    fn typing_until(&self) -> Moment {
        self.last_key.map_or(Moment::ZERO, |at| at + self.hold)
    }
}

fn after(last: Option<Moment>, gap: Duration) -> Moment {
    last.map_or(Moment::ZERO, |at| at + gap)
}

fn keep(store: &mut VecDeque<Said>, said: Said) {
    if store.len() == KEPT {
        store.pop_front();
    }
    store.push_back(said);
}
