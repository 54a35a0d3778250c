//! Lines through a pipe: each performed in its turn, once it can be; and when the program ends by itself.
//!
//! Nobody sits there who could try again later: what is not possible yet waits,
//! what cannot come any more is refused in words, and the end of the input is
//! the end of the program once everything was done.

use crate::command;
use crate::command::Command;
use crate::command::Work;
use crate::effect::ControlNews;
use crate::effect::Effect;
use crate::model::announcement::Class;
use crate::model::announcement::Said;
use crate::model::call::CallState;
use crate::model::capability::Reason;
use crate::model::failure::Because;
use crate::model::failure::Doing;
use crate::model::failure::Failure;
use crate::model::failure::Remedy;
use crate::model::thread::ChatAccess;
use crate::model::thread::Link;
use crate::state::State;
use crate::state::call::Call;
use crate::state::focus::Overlay;
use crate::state::lines::Opening;
use crate::state::lines::Source;
use crate::update::give;
use crate::update::overlay;
use crate::update::parting;
use crate::update::terminal::not_understood;

pub(super) fn on_line(state: &mut State, line: String, fx: &mut Vec<Effect>) {
    let waits = |state: &State| state.lines.waiting.iter().any(|l| is_quit(l));
    let asks_again = is_quit(&line) && (state.quit_by.is_some() || waits(state));
    if asks_again {
        // Said twice, it is not the waiting that is wanted.
        state.lines.waiting.retain(|l| !is_quit(l));
        give(state, Command::Quit, fx);
    } else {
        state.lines.waiting.push_back(line);
    }
}

fn is_quit(line: &str) -> bool {
    matches!(read(line), Ok(Command::Quit))
}

fn read(line: &str) -> Result<Command, command::ParseError> {
    command::parse(line.trim_start_matches(' '))
}

/// Performs what can be performed, in order; the first that cannot yet holds up the rest.
pub(super) fn take(state: &mut State, fx: &mut Vec<Effect>) {
    // Where nothing was begun each line would be refused for the same reason.
    let hopeless = !state.lines.is_terminal() && never_began(state);
    while !hopeless
        && !is_answer_due(state)
        && !parting::is_under_way(state)
        && let Some(line) = state.lines.waiting.pop_front()
    {
        let Some(reason) = waits_for(state, &line) else {
            perform(state, &line, fx);
            continue;
        };
        state.lines.waiting.push_front(line);
        // Anything else takes moments; a lobby may take its time.
        if reason == Reason::InLobby && !std::mem::replace(&mut state.lines.told, true) {
            state.say_as(Class::Answer, Said::LinesWait { reason });
        }
        return;
    }
}

/// What was asked before is answered first: the next line may be about it.
fn is_answer_due(state: &State) -> bool {
    let asked = state.is_owed_by_organisation() && !state.lines.is_terminal();
    asked || state.expects_answer()
}

/// What a line has to wait for; `None`: it can be performed, or never will.
fn waits_for(state: &State, line: &str) -> Option<Reason> {
    if matches!(state.focus.overlay, Some(Overlay::Confirm(_))) {
        return None;
    }
    let command = read(line)
        .ok()
        .filter(|c| !matches!(c, Command::Consent(_)))?;
    if let Err(reason) = state.allowed(&command) {
        return state.may_come(&reason).then_some(reason);
    }
    // Which chats there are is known once we are there.
    if names_chat(&command) && (state.opening == Opening::Pending || state.doors.wanted.is_some()) {
        return Some(Reason::ChatOpening);
    }
    let chat = command::row(&command).needs.is_chat();
    (chat && is_first_page_coming(state)).then_some(Reason::ChatOpening)
}

fn names_chat(command: &Command) -> bool {
    matches!(
        command,
        Command::SwitchThread(_) | Command::ReadThread(_) | Command::Work(_)
    )
}

/// The chat may be written already, and what it holds is on its way.
fn is_first_page_coming(state: &State) -> bool {
    state.thread().is_some_and(|thread| {
        let coming = matches!(thread.access, ChatAccess::Opening | ChatAccess::Open);
        let down = matches!(state.threads.link(&thread.key.account), Link::Down(_));
        coming && !thread.opened && !down
    })
}

/// A line does what a typed one does, but for what only a person may answer.
fn perform(state: &mut State, line: &str, fx: &mut Vec<Effect>) {
    if overlay::answer_program(state, line, fx) || line.trim().is_empty() {
        return;
    }
    match read(line) {
        Ok(Command::Consent(_)) => state.say_as(Class::Answer, Said::Failed(no_person())),
        Ok(command) => {
            if is_to_be_sent(&command) && state.allowed(&command).is_err() {
                state.lines.unsent.push(line.to_owned());
            }
            if command == Command::Quit {
                // Whoever wrote lines behind it did not want them any more.
                state.lines.waiting.clear();
            }
            give(state, command, fx);
        }
        Err(error) => not_understood(state, error),
    }
}

/// What somebody else is to read: lost, where it is refused.
fn is_to_be_sent(command: &Command) -> bool {
    matches!(
        command,
        Command::SendText(_)
            | Command::Reply { .. }
            | Command::Work(Work::File(_) | Work::Picture(_) | Work::Important { .. })
    )
}

fn no_person() -> Failure {
    Failure {
        doing: Doing::CallAction,
        because: Because::Local {
            detail: "only a person at the terminal can answer for consent".to_owned(),
        },
        remedy: Remedy::None,
    }
}

/// Ends the program where nothing is left to be done and nobody is there to ask for more.
pub(super) fn finish(state: &mut State, fx: &mut Vec<Effect>) {
    let over = match state.lines.source {
        Source::Terminal => false,
        Source::Open => never_began(state),
        Source::Ended => {
            let waits = state.is_sending() || is_answer_due(state);
            let idle = state.lines.waiting.is_empty() && !waits;
            never_began(state) || idle && is_decided(state) && !parting::is_under_way(state)
        }
        Source::Nobody => never_began(state) || is_over(state),
    };
    if over && state.quit_by.is_none() {
        parting::quit(state, parting::PATIENCE, fx);
    }
    if state.quitting && !state.lines.is_terminal() {
        say_the_rest(state, fx);
    }
}

/// What we were started for did not come about.
fn never_began(state: &State) -> bool {
    let now = state.now.moment;
    let refused =
        |call: &Call| call.connected_at.is_none() && !call.leaving && call.is_given_up(now);
    match state.opening {
        Opening::Pending => false,
        Opening::Failed => true,
        Opening::Begun if state.calls.is_empty() => {
            state.thread().is_none_or(|t| !t.opened) && is_chat_over(state)
        }
        Opening::Begun => state.calls.values().all(refused),
    }
}

/// Whether we get in is known: an exit code tells it, also where nothing else was wanted.
fn is_decided(state: &State) -> bool {
    let decided = |call: &Call| {
        let in_reach = call.state.is_inside() || call.state == CallState::InLobby;
        in_reach || call.is_given_up(state.now.moment)
    };
    match state.opening {
        Opening::Pending => false,
        Opening::Failed => true,
        Opening::Begun if state.calls.is_empty() => {
            state.thread().is_none_or(|t| t.opened) || is_chat_over(state)
        }
        Opening::Begun => state.calls.values().all(decided),
    }
}

/// There is nothing left to watch.
fn is_over(state: &State) -> bool {
    let now = state.now.moment;
    match state.opening {
        Opening::Pending => false,
        Opening::Failed => true,
        Opening::Begun if state.calls.is_empty() => is_chat_over(state),
        Opening::Begun => state.calls.values().all(|call| call.is_given_up(now)),
    }
}

/// Where none is in front, all of the account's chats.
fn is_chat_over(state: &State) -> bool {
    let closed = state.thread().is_some_and(|thread| match &thread.access {
        ChatAccess::Opening | ChatAccess::Open => false,
        ChatAccess::Denied(failure) => !matches!(failure.remedy, Remedy::Automatic { .. }),
        ChatAccess::Gone => true,
    });
    let down = |account| matches!(state.threads.link(account), Link::Down(_));
    closed || state.account().is_some_and(down)
}

/// Lines that were to be said at a better moment: there is none after this.
fn say_the_rest(state: &mut State, fx: &mut Vec<Effect>) {
    for announcement in state.announcer.take_waiting() {
        fx.push(Effect::Publish(ControlNews::Announced(
            announcement.clone(),
        )));
        fx.push(Effect::Say(announcement));
    }
}
