//! Rate limits as a switch: so many of an operation per ten seconds and per minute.

use std::collections::HashMap;
use std::collections::VecDeque;
use std::time::Duration;

use crate::clock::Moment;

/// A counted operation with its documented rates: per 10 s, per minute.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Operation {
    CreateThread,
    DeleteThread,
    UpdateThread,
    ChangeParticipants,
    ReadThreads,
    ReadMessage,
    ListMessages,
    ListReceipts,
    ListParticipants,
    WriteMessage,
    SendReceipt,
    SendTyping,
    /// Ours, always on: anonymous guests from one address.
    GuestToken,
}

/// Most per ten seconds; most per minute; whether it is counted per thread, or per user.
type Rate = (usize, Option<usize>, Scope);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Scope {
    User,
    Thread,
    UserAndThread,
}

impl Operation {
    const fn rates(self) -> &'static [Rate] {
        use Scope::Thread;
        use Scope::User;
        use Scope::UserAndThread as Both;
        match self {
            Self::CreateThread | Self::DeleteThread => &[(10, None, User)],
            Self::UpdateThread => &[(5, None, Thread)],
            Self::ChangeParticipants | Self::WriteMessage => &[(10, Some(30), Thread)],
            Self::ReadThreads => &[(50, None, User)],
            Self::ReadMessage => &[(50, None, Both), (250, None, Thread)],
            Self::ListMessages => &[(50, Some(200), Both), (250, Some(400), Thread)],
            Self::ListReceipts => &[(5, None, Both), (100, None, Thread)],
            Self::ListParticipants => &[(10, None, Both), (250, None, Thread)],
            Self::SendReceipt => &[(10, Some(30), Both)],
            Self::SendTyping => &[(5, Some(15), Both), (10, Some(30), Thread)],
            Self::GuestToken => &[(100, Some(300), User)],
        }
    }
}

/// When each counted thing was done lately.
#[derive(Debug, Default)]
pub(super) struct Limits {
    on: bool,
    done: HashMap<(Operation, String), VecDeque<Moment>>,
}

impl Limits {
    pub(super) fn switch(&mut self, on: bool) {
        self.on = on;
        self.done.clear();
    }

    /// Counts one `operation`; otherwise how long to wait.
    pub(super) fn count(
        &mut self,
        operation: Operation,
        user: &str,
        thread: &str,
        now: Moment,
    ) -> Result<(), Duration> {
        if !self.on && operation != Operation::GuestToken {
            return Ok(());
        }
        for (per_ten, per_minute, scope) in operation.rates() {
            let key = match scope {
                Scope::User => format!("{user}|"),
                Scope::Thread => format!("|{thread}"),
                Scope::UserAndThread => format!("{user}|{thread}"),
            };
            let done = self.done.entry((operation, key)).or_default();
            while done.front().is_some_and(|at| now.since(*at) >= MINUTE) {
                done.pop_front();
            }
            wait(done, *per_ten, TEN, now)?;
            wait(done, per_minute.unwrap_or(usize::MAX), MINUTE, now)?;
            done.push_back(now);
        }
        Ok(())
    }
}

/// Whether one more fits below `most` within `span`.
fn wait(done: &VecDeque<Moment>, most: usize, span: Duration, now: Moment) -> Result<(), Duration> {
    let recent = done.iter().rev().take_while(|at| now.since(**at) < span);
    match recent.take(most).nth(most.saturating_sub(1)) {
        Some(oldest) => Err(span.saturating_sub(now.since(*oldest))),
        None => Ok(()),
    }
}

const TEN: Duration = Duration::from_secs(10);
const MINUTE: Duration = Duration::from_secs(60);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_eleventh_message_in_ten_seconds_waits() {
        let mut limits = Limits::default();
        limits.switch(true);
        let mut send = |now| limits.count(Operation::WriteMessage, "u", "t", now);
        for n in 0..10 {
            send(Moment::from_nanos(n)).unwrap();
        }
        let left = send(Moment::ZERO + Duration::from_secs(4)).unwrap_err();
        assert_eq!(left.as_secs(), 6);
        send(Moment::ZERO + Duration::from_secs(11)).unwrap();
    }

    #[test]
    fn nothing_is_counted_until_it_is_switched_on() {
        let mut limits = Limits::default();
        for _ in 0..1000 {
            limits
                .count(Operation::WriteMessage, "u", "t", Moment::ZERO)
                .unwrap();
        }
    }
}
