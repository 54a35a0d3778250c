//! What the person at the terminal does: keys, pastes, the pointer.

use crate::command;
use crate::command::Command;
use crate::command::Lookup;
use crate::command::ParseError;
use crate::effect::ChatCommand;
use crate::effect::Effect;
use crate::event::TerminalEvent;
use crate::model::announcement::Answer;
use crate::model::announcement::Class;
use crate::model::announcement::Question;
use crate::model::announcement::Said;
use crate::model::capability::Capability;
use crate::model::key::Key;
use crate::model::key::KeyCode;
use crate::model::settings::Interface;
use crate::model::settings::KeyMapName;
use crate::model::text;
use crate::state::State;
use crate::state::composer::Completion;
use crate::state::composer::Purpose;
use crate::state::composer::Vim;
use crate::state::focus::Confirm;
use crate::state::focus::Mode;
use crate::state::focus::Overlay;
use crate::state::lines::Source;
use crate::state::timeline::Direction;
use crate::update::check;
use crate::update::command::acknowledge_silently;
use crate::update::command::perform;
use crate::update::give;
use crate::update::lines;
use crate::update::messages;
use crate::update::overlay;
use crate::update::parting;
use crate::update::passphrase;
use crate::update::pointer;
use crate::update::scroll;
use crate::update::talk;

pub(super) fn on_event(state: &mut State, event: TerminalEvent, fx: &mut Vec<Effect>) {
    match event {
        TerminalEvent::Key(key) => on_key(state, key, fx),
        TerminalEvent::Released(key) => talk::released(state, key, fx),
        TerminalEvent::Focused(focused) => talk::focused(state, focused, fx),
        TerminalEvent::TellsReleases(tells) => talk::tells_releases(state, tells),
        TerminalEvent::Paste(words) => on_paste(state, &words),
        TerminalEvent::Line(line) => lines::on_line(state, line, fx),
        TerminalEvent::LinesEnded => state.lines.source = Source::Ended,
        TerminalEvent::Pointer(pointer) => pointer::on_pointer(state, pointer, fx),
        TerminalEvent::Clicked(spot) => pointer::on_click(state, spot, fx),
        TerminalEvent::Resized { columns, rows } => state.size = (columns, rows),
        TerminalEvent::Edited(draft) => {
            if let Some(draft) = draft {
                state.composer.replace(&draft);
            }
        }
        TerminalEvent::Closed => parting::quit(state, parting::SHORT_PATIENCE, fx),
    }
}

fn on_key(state: &mut State, key: Key, fx: &mut Vec<Effect>) {
    if passphrase::key(state, key, fx) {
        state.announcer.key_pressed(state.now.moment);
        return state.focus.dismiss(state.now.moment);
    }
    if talk::key(state, key, fx) {
        return;
    }
    state.announcer.key_pressed(state.now.moment);
    state.focus.dismiss(state.now.moment);
    if overlay::is_rest(state, key) || bound(state, key, fx) {
        return;
    }
    if !overlay::key(state, key, fx) && !check::key(state, key, fx) {
        typing(state, key, fx);
    }
}

/// Looks the key up in the key map; `true` when it was one of a chord.
fn bound(state: &mut State, key: Key, fx: &mut Vec<Effect>) -> bool {
    let listing = matches!(
        state.focus.overlay,
        Some(Overlay::Palette { .. } | Overlay::Roster { .. } | Overlay::Confirm(_))
    );
    if key == Key::ctrl('g') && closes(state) {
        return true;
    }
    // Letters belong to the list that is open, and the motion to its operator.
    let normal = state.is_normal() && !listing;
    if state.composer.is_waiting() || own_key(state, key) || overlay::scrolls(state, key) {
        return false;
    }
    if listing && state.focus.pending.is_empty() && is_list_key(key) {
        return false;
    }
    let mut keys = state.focus.pending.clone();
    keys.push(key);
    match state.keymap.look(normal, &keys) {
        Lookup::Command(command) => {
            if !state.focus.pending.is_empty() {
                state.focus.close();
            }
            give(state, command, fx);
            true
        }
        Lookup::Prefix => {
            if state.focus.interface == Interface::FullScreen && keys.len() == 1 {
                state.focus.overlay = Some(Overlay::Leader);
            }
            state.focus.pending = keys;
            true
        }
        Lookup::None if state.focus.pending.is_empty() => false,
        // A sequence that means nothing is forgotten, with its list.
        Lookup::None => {
            state.focus.close();
            true
        }
    }
}

/// The leader key again closes its list and every other; a reply or an edit too.
fn closes(state: &mut State) -> bool {
    if !state.focus.pending.is_empty() || state.focus.overlay.is_some() {
        state.focus.close();
        return true;
    }
    false
}

/// Keys that the composer needs first: End goes to the end of the line before it goes to the newest message.
fn own_key(state: &State, key: Key) -> bool {
    let typed = !state.composer.is_empty() && !state.composer.is_at_end();
    key == Key::plain(KeyCode::End) && typed && state.focus.overlay.is_none()
}

const fn is_list_key(key: Key) -> bool {
    let moves = matches!(
        key.code,
        KeyCode::PageUp | KeyCode::PageDown | KeyCode::Home | KeyCode::End | KeyCode::Escape
    );
    moves || !key.ctrl && !key.alt
}

fn typing(state: &mut State, key: Key, fx: &mut Vec<Effect>) {
    match key.code {
        KeyCode::Enter if !key.alt && !key.ctrl => submit(state, fx),
        KeyCode::Tab => complete(state),
        KeyCode::Escape => escape(state),
        KeyCode::Up | KeyCode::Down => vertical(state, key, fx),
        KeyCode::Char('c') if key.ctrl => interrupt(state, fx),
        KeyCode::Char('z') if key.ctrl => fx.push(Effect::Suspend),
        _ if state.is_normal() => normal(state, key, fx),
        _ => {
            if state.composer.key(key) && matches!(key.code, KeyCode::Char(_)) {
                tell_typing(state, fx);
            }
        }
    }
}

fn normal(state: &mut State, key: Key, fx: &mut Vec<Effect>) {
    match (state.composer.vim(key), key.code) {
        (Vim::Insert, _) => state.focus.mode = Mode::Insert,
        (Vim::Nothing, KeyCode::Char('j')) => scroll::select(state, Direction::Newer, fx),
        (Vim::Nothing, KeyCode::Char('k')) => scroll::select(state, Direction::Older, fx),
        (Vim::Done | Vim::Nothing, _) => {}
    }
}

/// Others see that we type while there is something that will be sent.
fn tell_typing(state: &mut State, fx: &mut Vec<Effect>) {
    let composer = &state.composer;
    if composer.text().is_empty() || composer.is_command() || !state.settings.typing_indicator {
        return;
    }
    // Nobody waits for what will not be sent.
    if state.may(Capability::WriteChat).is_err() {
        return;
    }
    let now = state.now.moment;
    if let Some(thread) = state.threads.current_mut()
        && thread.tell_typing(now)
    {
        let (account, thread) = (thread.key.account.clone(), thread.key.thread.clone());
        fx.push(Effect::Chat(account, ChatCommand::Typing(thread)));
    }
}

/// Esc closes, leaves typing in the vim map, gives up a reply; it never takes words away.
fn escape(state: &mut State) {
    if state.focus.close() {
        return;
    }
    if state.settings.keys == KeyMapName::Vim && state.focus.mode == Mode::Insert {
        state.focus.mode = Mode::Normal;
        state.composer.normal();
    } else if !state.composer.cancel() {
        state.focus.selected = None;
        state.focus.search = None;
    }
}

/// Ctrl-C clears the line, which Up brings back; on an empty one it ends the program.
fn interrupt(state: &mut State, fx: &mut Vec<Effect>) {
    if state.composer.cancel() {
        return;
    }
    if state.composer.is_empty() {
        give(state, Command::Quit, fx);
    } else {
        state.composer.clear();
    }
}

/// Up and Down move within the draft, then through messages or through what was written.
fn vertical(state: &mut State, key: Key, fx: &mut Vec<Effect>) {
    let up = key.code == KeyCode::Up;
    let direction = if up {
        Direction::Older
    } else {
        Direction::Newer
    };
    let full = state.focus.interface == Interface::FullScreen;
    let reading = !state.focus.is_following() || state.focus.selected.is_some();
    if full && (state.is_normal() || state.composer.is_empty() && reading) {
        return scroll::select(state, direction, fx);
    }
    let edits = full && up && state.composer.is_empty();
    if edits && *state.composer.purpose() == Purpose::Write && has_own(state) {
        return give(state, Command::EditMessage(None), fx);
    }
    let composer = &mut state.composer;
    let _ = if up {
        composer.up() || composer.older()
    } else {
        composer.down() || composer.newer()
    };
}

fn has_own(state: &State) -> bool {
    let thread = state.thread();
    thread.is_some_and(|t| t.timeline.newest_of_mine().is_some())
}

fn complete(state: &mut State) {
    let people = state.people();
    if let Completion::Choices(choices) = state.composer.complete(&people) {
        let choices = Said::Answer(Answer::Choices(choices));
        state.say_as(Class::Answer, choices);
    }
}

fn submit(state: &mut State, fx: &mut Vec<Effect>) {
    let line = state.composer.text().to_owned();
    if overlay::answer_line(state, &line, fx) {
        return;
    }
    if check::line(state, &line, fx) {
        return state.composer.used();
    }
    if line.trim().is_empty() {
        return acknowledge_silently(state, fx);
    }
    state.announcer.command_given();
    if let Purpose::Edit(_) = state.composer.purpose() {
        return submit_edit(state, line, fx);
    }
    if state.composer.is_literal() {
        return send_text(state, fx);
    }
    match command::parse(line.trim_start_matches(' ')) {
        Ok(Command::SendText(_)) if !state.composer.is_command() => send_text(state, fx),
        Ok(command) => {
            state.composer.used();
            give(state, command, fx);
        }
        Err(error) => {
            // Into the history: left in the line, the next words would be typed behind it.
            state.composer.used();
            not_understood(state, error);
        }
    }
}

pub(super) fn not_understood(state: &mut State, error: ParseError) {
    let said = match error {
        ParseError::Unknown { name, nearest } => Said::UnknownCommand { name, nearest },
        ParseError::Arguments { command, arguments } => Said::BadArgument { command, arguments },
    };
    state.say_as(Class::Answer, said);
}

fn submit_edit(state: &mut State, line: String, fx: &mut Vec<Effect>) {
    let command = Command::EditMessage(Some(line));
    if state.allowed(&command).is_ok() {
        perform(state, command, fx);
        state.composer.done();
    } else {
        give(state, command, fx);
    }
}

/// Sends the draft as it is; it stays where it is while it cannot be sent.
pub(super) fn send_text(state: &mut State, fx: &mut Vec<Effect>) {
    let line = state.composer.text();
    let words = if state.composer.is_literal() {
        line
    } else if let Some(rest) = line.strip_prefix('/').filter(|rest| rest.starts_with('/')) {
        rest
    } else {
        line
    };
    let words = words.trim_end().to_owned();
    let command = Command::SendText(words.clone());
    if let Err(reason) = state.allowed(&command) {
        let command = command.name();
        return state.say_as(Class::Answer, Said::Refused { command, reason });
    }
    let people = state.people();
    let draft = state.composer.draft(&words, &people);
    state.composer.done();
    messages::send(state, draft, fx);
}

/// A paste never runs a command; a long one asks first.
fn on_paste(state: &mut State, words: &str) {
    state.announcer.key_pressed(state.now.moment);
    if passphrase::pasted(state, words) {
        return;
    }
    if let Some(Overlay::Palette { query, selected }) = &mut state.focus.overlay {
        query.push_str(&text::line(words));
        *selected = 0;
        return;
    }
    let words = words.replace("\r\n", "\n").replace('\r', "\n");
    let lines = words.trim_end_matches('\n').lines().count();
    if lines > state.settings.paste_confirm_lines {
        let paste = Confirm::Paste { text: words, lines };
        overlay::ask(state, paste, Question::Paste { lines });
    } else {
        state.composer.paste(words.trim_end_matches('\n'));
    }
}
