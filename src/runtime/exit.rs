//! What the program tells the shell when it ends.
//!
//! | code | meaning |
//! |---|---|
//! | 0 | it did what was asked |
//! | 1 | `sidetone doctor` found a problem |
//! | 2 | wrong usage, settings, link, meeting id or passcode |
//! | 3 | no service or no network |
//! | 4 | refused, denied in the lobby, or removed; a message or a file from a pipe that was not sent |
//! | 5 | the access token is missing, expired or refused |
//! | 70 | a fault of this program |

use crate::event::CallEvent;
use crate::event::ChatEvent;
use crate::event::Event;
use crate::event::IdentityEvent;
use crate::model::call::EndReason;
use crate::model::failure::Because;
use crate::model::failure::Doing;
use crate::model::failure::Failure;
use crate::model::message::SendState;
use crate::model::thread::ChatAccess;
use crate::model::thread::Link;
use crate::state::State;
use crate::state::threads::Thread;
use crate::state::timeline::Echo;
use crate::view::phrase;
use crate::view::phrase::EndKind;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Exit {
    #[default]
    Done,
    Problem,
    Input,
    Unreachable,
    Refused,
    Token,
    Internal,
}

impl Exit {
    pub const fn code(self) -> u8 {
        match self {
            Self::Done => 0,
            Self::Problem => 1,
            Self::Input => 2,
            Self::Unreachable => 3,
            Self::Refused => 4,
            Self::Token => 5,
            Self::Internal => 70,
        }
    }

    /// Where a failure leaves what was asked for.
    pub const fn of(failure: &Failure) -> Self {
        match failure.because {
            Because::NoSuchMeeting
            | Because::WrongPasscode
            | Because::NotFound
            | Because::NobodyWaits { .. }
            | Because::NobodyHere { .. }
            | Because::TooLong { .. } => Self::Input,
            Because::TokenExpired | Because::TokenRefused => Self::Token,
            Because::Forbidden | Because::Refused { .. } => Self::Refused,
            Because::Local { .. } => match failure.doing {
                Doing::SigningIn => Self::Token,
                _ => Self::Input,
            },
            Because::Unreachable { .. }
            | Because::Timeout
            | Because::Lost
            | Because::Untrusted { .. }
            | Because::Throttled { .. }
            | Because::Service { .. }
            | Because::Protocol { .. } => Self::Unreachable,
        }
    }

    fn of_end(reason: EndReason) -> Self {
        match (reason.code, reason.subcode) {
            (401 | 495, _) | (_, 10009 | 4507) => Self::Token,
            _ => match phrase::end_reason(reason).kind {
                EndKind::Ok | EndKind::Info => Self::Done,
                EndKind::Explain => Self::Refused,
                EndKind::Network | EndKind::Trouble => Self::Unreachable,
            },
        }
    }
}

/// Follows how what was asked for fares: the last word counts.
#[derive(Debug, Default)]
pub struct Ledger {
    call: Exit,
    link: Exit,
    access: Exit,
    token: Exit,
}

impl Ledger {
    pub fn hear(&mut self, event: &Event) {
        match event {
            Event::Identity(_, IdentityEvent::SignedIn { .. }) => self.token = Exit::Done,
            Event::Identity(_, IdentityEvent::Failed(failure)) => self.token = Exit::of(failure),
            Event::Call(_, CallEvent::State { state, .. }) if state.is_inside() => {
                self.call = Exit::Done;
            }
            Event::Call(_, CallEvent::Ended { reason, .. }) => {
                // A wrong passcode is told before the call ends for it, and more exactly.
                let ended = Exit::of_end(*reason);
                if self.call == Exit::Done {
                    self.call = ended;
                }
            }
            Event::Call(_, CallEvent::ActionFailed(failure))
                if matches!(failure.doing, Doing::JoiningCall | Doing::Calling) =>
            {
                self.call = Exit::of(failure);
            }
            Event::Chat(_, ChatEvent::Link(link)) => match link {
                Link::Live | Link::Relayed | Link::Polling | Link::OnDemand => {
                    self.link = Exit::Done;
                }
                Link::Down(failure) => self.link = Exit::of(failure),
                Link::Connecting | Link::Reconnecting => {}
            },
            Event::Chat(_, ChatEvent::Access { access, .. }) => match access {
                ChatAccess::Open => self.access = Exit::Done,
                ChatAccess::Denied(failure) => self.access = Exit::of(failure),
                ChatAccess::Opening | ChatAccess::Gone => {}
            },
            Event::Chat(_, ChatEvent::ActionFailed { failure, .. })
                if failure.doing == Doing::OpeningThread =>
            {
                self.access = Exit::of(failure);
            }
            _ => {}
        }
    }

    /// What was asked for could not even be begun.
    pub const fn fail(&mut self, exit: Exit) {
        self.token = exit;
    }

    /// Where a call is what was asked for, its chat comes and goes with it.
    pub fn exit(&self, state: &State) -> Exit {
        let asked_for = if state.calls.is_empty() {
            worst([self.access, self.link])
        } else {
            self.call
        };
        worst([self.token, asked_for, unsent(state)])
    }
}

/// The first that went wrong: they are given in the order of what explains the others.
fn worst<const N: usize>(exits: [Exit; N]) -> Exit {
    let wrong = exits.into_iter().find(|exit| *exit != Exit::Done);
    wrong.unwrap_or_default()
}

/// A person sees what was not sent and decides; whoever wrote lines into a pipe is told by this.
fn unsent(state: &State) -> Exit {
    if state.lines.is_terminal() {
        return Exit::Done;
    }
    let threads = state.threads.all.values();
    let fate = |echo: &Echo| match &echo.state {
        SendState::Sent => None,
        SendState::Sending => Some(Exit::Unreachable),
        SendState::Failed(failure) => Some(Exit::of(failure)),
    };
    let failed = threads
        .flat_map(|thread| thread.timeline.echoes())
        .find_map(fate);
    let failed = failed.or_else(|| state.lines.failed.as_ref().map(Exit::of));
    let uploads = |thread: &Thread| !thread.uploads.is_empty();
    if failed.is_none() && state.threads.all.values().any(uploads) {
        return Exit::Unreachable;
    }
    let given_back = !state.lines.unsent.is_empty() || !state.lines.waiting.is_empty();
    failed
        .or_else(|| given_back.then_some(Exit::Refused))
        .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::Now;
    use crate::clock::Timestamp;
    use crate::clock::Zone;
    use crate::model::account::AccountId;
    use crate::model::call::CallState;
    use crate::model::failure::Remedy;
    use crate::model::locator::Locator;
    use crate::model::settings::Settings;
    use crate::model::thread::ThreadId;
    use crate::state::call::Call;
    use crate::state::lines::Source;

    fn call(event: CallEvent) -> Event {
        Event::Call(AccountId::new("external:ada"), event)
    }

    fn ended(code: u32, subcode: u32) -> Event {
        call(CallEvent::Ended {
            reason: EndReason { code, subcode },
            by: None,
            at: Timestamp::from_millis(0),
        })
    }

    fn meeting() -> State {
        let mut state = State::new(Settings::default(), Zone::UTC, "run".to_owned(), (80, 24));
        let id = AccountId::new("external:ada");
        let locator = Locator::Thread(ThreadId::new("19:a@thread.v2"));
        let call = Call::new(id.clone(), locator, "Ada", Now::default());
        state.calls.insert(id, call);
        state
    }

    fn after(events: &[Event]) -> u8 {
        let mut ledger = Ledger::default();
        for event in events {
            ledger.hear(event);
        }
        ledger.exit(&meeting()).code()
    }

    #[test]
    fn endings_against_us_are_four_and_our_own_none() {
        assert_eq!(after(&[ended(0, 0)]), 0);
        assert_eq!(after(&[ended(0, 4097)]), 0);
        assert_eq!(after(&[ended(0, 5854)]), 4);
        assert_eq!(after(&[ended(0, 5300)]), 4);
        assert_eq!(after(&[ended(401, 10009)]), 5);
        assert_eq!(after(&[ended(410, 3100)]), 3);
    }

    #[test]
    fn a_wrong_passcode_is_wrong_input_whatever_the_call_ends_with() {
        let wrong = call(CallEvent::ActionFailed(Failure {
            doing: Doing::JoiningCall,
            because: Because::WrongPasscode,
            remedy: Remedy::None,
        }));
        assert_eq!(after(std::slice::from_ref(&wrong)), 2);
        assert_eq!(after(&[wrong, ended(404, 0)]), 2);
    }

    #[test]
    fn a_line_of_a_pipe_that_was_not_done_is_told_and_a_draft_at_a_terminal_is_not() {
        let mut state = meeting();
        state.lines.waiting.push_back("hello".to_owned());
        let exit = |state: &State| Ledger::default().exit(state).code();
        assert_eq!(exit(&state), 0);
        state.lines.source = Source::Ended;
        assert_eq!(exit(&state), 4);
    }

    #[test]
    fn a_file_of_a_pipe_that_was_not_sent_is_told() {
        let mut state = meeting();
        state.lines.source = Source::Ended;
        let exit = |state: &State| Ledger::default().exit(state).code();
        assert_eq!(exit(&state), 0);
        state.lines.failed = Some(Failure {
            doing: Doing::SendingFile,
            because: Because::Forbidden,
            remedy: Remedy::None,
        });
        assert_eq!(exit(&state), 4);
    }

    #[test]
    fn getting_in_after_all_forgets_what_went_wrong() {
        let connected = call(CallEvent::State {
            state: CallState::Connected,
            at: Timestamp::from_millis(0),
        });
        assert_eq!(after(&[ended(410, 3100), connected]), 0);
    }
}
