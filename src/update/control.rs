//! What a program asks for over the control socket: the same commands, the same refusals.

use crate::command;
use crate::command::Command;
use crate::command::Leave;
use crate::command::Work;
use crate::effect::ControlAnswer;
use crate::effect::Effect;
use crate::event::ControlRequest;
use crate::model::control::ControlId;
use crate::model::notice::Consent;
use crate::model::notice::NoticeState;
use crate::model::status::StatusReport;
use crate::model::thread::ChatAccess;
use crate::state::State;
use crate::state::call::Call;
use crate::update::overlay;

pub(super) fn on_request(
    state: &mut State,
    id: ControlId,
    request: ControlRequest,
    fx: &mut Vec<Effect>,
) {
    let answer = match request {
        ControlRequest::Status => ControlAnswer::Status(Box::new(report(state))),
        ControlRequest::Input(line)
            if state.focus.asked_by_program && overlay::answer_program(state, &line, fx) =>
        {
            ControlAnswer::Done
        }
        ControlRequest::Input(line) => match command::parse(&line) {
            Ok(command) => perform(state, command, fx),
            Err(error) => ControlAnswer::Refused(error.to_string()),
        },
        ControlRequest::Send(text) => perform(state, Command::SendText(text), fx),
        ControlRequest::Mute(None) => perform(state, Command::ToggleMute, fx),
        ControlRequest::Mute(Some(muted)) => perform(state, Command::Mute(muted), fx),
        ControlRequest::Talk(talking) => perform(state, Command::Talk(talking), fx),
        ControlRequest::Leave => perform(state, Command::Leave, fx),
    };
    fx.push(Effect::Reply {
        request: id,
        answer,
    });
}

/// What a program said would not be a person's word: consent, that a notice was heard,
/// a rating, that more leave is wanted, a key that says any of it.
fn perform(state: &mut State, command: Command, fx: &mut Vec<Effect>) -> ControlAnswer {
    let personal = match &command {
        Command::Consent(_)
        | Command::Acknowledge
        | Command::Rate(_)
        | Command::Work(Work::Leave(Leave::Ask { .. })) => true,
        Command::Set { key, .. } => key.starts_with("bind."),
        _ => false,
    };
    if personal {
        let why = "only a person at the terminal can do that";
        return ControlAnswer::Refused(why.to_owned());
    }
    if let Err(reason) = state.allowed(&command) {
        return ControlAnswer::NotAllowed(reason);
    }
    let asked = state.focus.overlay.clone();
    crate::update::command::perform(state, command, fx);
    // A question of the person's own is not a program's to answer.
    state.focus.asked_by_program = state.focus.overlay != asked;
    ControlAnswer::Done
}

/// The state for programs.
fn report(state: &State) -> StatusReport {
    let thread = state.threads.current();
    let call = state.call();
    let notice = |state: &NoticeState| match state {
        NoticeState::Active { .. } => "active",
        NoticeState::Inactive { .. } => "inactive",
        NoticeState::Unknown => "unknown",
    };
    let live = call.filter(|c| c.is_live());
    StatusReport {
        account: state.account().map(|id| id.as_str().to_owned()),
        topic: thread.map(|t| t.topic.clone()).unwrap_or_default(),
        thread: thread.map(|t| t.key.thread.as_str().to_owned()),
        call: call.map_or("none", |c| c.state.word()).to_owned(),
        muted: live.map(|c| c.muted),
        people: live.map_or_else(|| thread.map_or(0, |t| t.participants.len()), Call::people),
        recording: live
            .map_or("none", |c| notice(&c.notices.recording.state))
            .to_owned(),
        transcription: live
            .map_or("none", |c| notice(&c.notices.transcription.state))
            .to_owned(),
        consent: match live.map_or(Consent::NotRequired, |c| c.notices.consent) {
            Consent::NotRequired => "not required",
            Consent::Required => "required",
            Consent::Granted => "granted",
            Consent::Declined => "declined",
        }
        .to_owned(),
        unread: state.threads.all.values().map(|t| t.unread).sum(),
        chat: match thread.map(|t| &t.access) {
            None => "none",
            Some(ChatAccess::Opening) => "opening",
            Some(ChatAccess::Open) => "open",
            Some(ChatAccess::Denied(_)) => "denied",
            Some(ChatAccess::Gone) => "gone",
        }
        .to_owned(),
    }
}
