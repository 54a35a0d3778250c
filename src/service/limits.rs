//! Rate limits as a switch: so many of an operation within so much time.

use std::collections::HashMap;
use std::collections::VecDeque;
use std::time::Duration;

use crate::clock::Moment;

/// A counted operation.
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
    CreateIdentity,
    IssueToken,
    RevokeTokens,
    DeleteIdentity,
    ExchangeToken,
    /// Ours, always on: anonymous guests from one address.
    GuestToken,
    /// Ours, always on: codes of devices tried from one address.
    UserCode,
}

/// Most within a time, counted as the scope says.
type Rate = (usize, Duration, Scope);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Scope {
    /// The person, the address of a guest, or nobody for what the whole resource shares.
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
            Self::CreateThread | Self::DeleteThread => &[(10, TEN, User)],
            Self::UpdateThread => &[(5, TEN, Thread)],
            Self::ChangeParticipants | Self::WriteMessage => {
                &[(10, TEN, Thread), (30, MINUTE, Thread)]
            }
            Self::ReadThreads => &[(50, TEN, User)],
            Self::ReadMessage => &[(50, TEN, Both), (250, TEN, Thread)],
            Self::ListMessages => &[
                (50, TEN, Both),
                (200, MINUTE, Both),
                (250, TEN, Thread),
                (400, MINUTE, Thread),
            ],
            Self::ListReceipts => &[(5, TEN, Both), (100, TEN, Thread)],
            Self::ListParticipants => &[(10, TEN, Both), (250, TEN, Thread)],
            Self::SendReceipt => &[(10, TEN, Both), (30, MINUTE, Both)],
            Self::SendTyping => &[
                (5, TEN, Both),
                (15, MINUTE, Both),
                (10, TEN, Thread),
                (30, MINUTE, Thread),
            ],
            Self::CreateIdentity | Self::IssueToken => &[(1000, THIRTY, User)],
            Self::RevokeTokens | Self::DeleteIdentity | Self::ExchangeToken => {
                &[(500, THIRTY, User)]
            }
            Self::GuestToken => &[(100, TEN, User), (300, MINUTE, User)],
            Self::UserCode => &[(20, MINUTE, User)],
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
        let always = matches!(operation, Operation::GuestToken | Operation::UserCode);
        if !self.on && !always {
            return Ok(());
        }
        let rates = operation.rates();
        for (most, span, scope) in rates {
            let done = self.done.entry((operation, scope.key(user, thread)));
            let done = done.or_default();
            while done.front().is_some_and(|at| now.since(*at) >= MINUTE) {
                done.pop_front();
            }
            wait(done, *most, *span, now)?;
        }
        let mut counted: Vec<_> = rates.iter().map(|rate| rate.2.key(user, thread)).collect();
        counted.dedup();
        for key in counted {
            let done = self.done.entry((operation, key)).or_default();
            done.push_back(now);
        }
        Ok(())
    }
}

impl Scope {
    fn key(self, user: &str, thread: &str) -> String {
        match self {
            Self::User => format!("{user}|"),
            Self::Thread => format!("|{thread}"),
            Self::UserAndThread => format!("{user}|{thread}"),
        }
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
const THIRTY: Duration = Duration::from_secs(30);
const MINUTE: Duration = Duration::from_mins(1);

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
