//! Where the page is: scrolling, jumping, searching, and asking for the pages beyond.
//!
//! Knows only about how many rows a message has: the view has the last word, and
//! stops at the first row by itself.

use unicode_width::UnicodeWidthStr;

use crate::effect::ChatCommand;
use crate::effect::Effect;
use crate::model::announcement::Answer;
use crate::model::announcement::Class;
use crate::model::announcement::Said;
use crate::model::announcement::Sender;
use crate::model::message::Message;
use crate::model::message::MessageId;
use crate::model::settings::Interface;
use crate::state::State;
use crate::state::focus::Scroll;
use crate::state::focus::Search;
use crate::state::threads::Thread;
use crate::state::timeline::Direction;
use crate::state::timeline::Entry;
use crate::state::timeline::Mark;

/// Rows of header, notice line, call line and composer.
const AROUND: u16 = 6;
/// Lines of talk are set to at most this many columns.
const WIDEST: u16 = 100;

/// Rows of the page, about.
pub(super) fn page(state: &State) -> usize {
    usize::from(state.size.1.saturating_sub(AROUND).max(3))
}

/// Scrolls towards older messages.
pub(super) fn back(state: &mut State, rows: usize, fx: &mut Vec<Effect>) {
    if state.focus.interface == Interface::Linear {
        return select(state, Direction::Older, fx);
    }
    let Some(thread) = state.threads.current() else {
        return;
    };
    let (anchor, hidden, newer) = match &state.focus.scroll {
        Scroll::Follow => match thread.timeline.last_mark() {
            Some(newest) => (newest, 0, 0),
            None => return,
        },
        Scroll::Anchored { at, rows, newer } => (at.clone(), *rows, *newer),
    };
    let above = above(state, thread, &anchor);
    let rows = (hidden + rows).min(above.saturating_sub(page(state) / 2));
    state.focus.scroll = Scroll::Anchored {
        at: anchor,
        rows,
        newer,
    };
    if above.saturating_sub(rows) < 3 * page(state) {
        load_older(state, fx);
    }
}

/// Scrolls towards newer messages; at the end the page follows again.
pub(super) fn on(state: &mut State, rows: usize, fx: &mut Vec<Effect>) {
    if state.focus.interface == Interface::Linear {
        return select(state, Direction::Newer, fx);
    }
    let Scroll::Anchored {
        at,
        rows: hidden,
        newer,
    } = state.focus.scroll.clone()
    else {
        return;
    };
    if hidden >= rows {
        let rows = hidden - rows;
        state.focus.scroll = Scroll::Anchored { at, rows, newer };
        return;
    }
    match below(state, &at, rows - hidden) {
        Some(at) => state.focus.scroll = Scroll::Anchored { at, rows: 0, newer },
        None => newest(state, fx),
    }
}

/// Back to the newest message; fetched again when the window was moved away from it.
pub(super) fn newest(state: &mut State, fx: &mut Vec<Effect>) {
    state.focus.scroll = Scroll::Follow;
    state.focus.selected = None;
    let now = state.now.moment;
    let Some(thread) = state.threads.current_mut() else {
        return;
    };
    if thread.timeline.is_detached() {
        thread.read_again = thread.timeline.newest_known().cloned();
        thread.timeline.clear();
        thread.timeline.loading = true;
        let (account, thread) = (thread.key.account.clone(), thread.key.thread.clone());
        fx.push(Effect::Chat(account, ChatCommand::Refresh(thread)));
    } else {
        thread.timeline.trim(Direction::Newer);
        thread.read_all(now);
    }
}

/// Shows a message and selects it.
pub(super) fn to(state: &mut State, message: &MessageId, fx: &mut Vec<Effect>) {
    state.focus.selected = Some(message.clone());
    if state.focus.interface == Interface::Linear {
        return say(state, message, fx);
    }
    show(state, &Mark::Message(message.clone()), fx);
}

/// Shows what was found: a message, which commands then act on, or what somebody said.
fn to_found(state: &mut State, found: &Mark, fx: &mut Vec<Effect>) {
    if let Mark::Message(message) = found {
        return to(state, message, fx);
    }
    state.focus.selected = None;
    if state.focus.interface == Interface::FullScreen {
        return show(state, found, fx);
    }
    let timeline = state.thread().map(|t| &t.timeline);
    let entry = timeline.and_then(|t| t.entries().get(t.find_mark(found)?));
    if let Some(Entry::Banner { said, .. }) = entry {
        let said = said.clone();
        state.say_as(Class::Answer, said);
    }
}

fn show(state: &mut State, at: &Mark, fx: &mut Vec<Effect>) {
    let half = page(state) / 2;
    let newer = match &state.focus.scroll {
        Scroll::Follow => 0,
        Scroll::Anchored { newer, .. } => *newer,
    };
    state.focus.scroll = match below(state, at, half) {
        // Near the end the newest page shows it anyway.
        None => Scroll::Follow,
        Some(at) => Scroll::Anchored { at, rows: 0, newer },
    };
    let near = state
        .thread()
        .is_some_and(|t| above(state, t, at) < 2 * page(state));
    if near {
        load_older(state, fx);
    }
}

/// The linear view has no page to move: the message is said, and commands act on it.
fn say(state: &mut State, message: &MessageId, fx: &mut Vec<Effect>) {
    let Some(thread) = state.threads.current() else {
        return;
    };
    let first = thread.timeline.oldest().is_some_and(|m| m.id == *message);
    let said = thread.timeline.find(message).map(|m| {
        let nobody = Sender {
            name: String::new(),
            external: false,
            mine: m.mine,
        };
        let sender = m.sender.as_ref().map(|s| state.sender(s, m.mine));
        Said::Message {
            sender: sender.unwrap_or(nobody),
            texts: vec![m.text()],
            times: 1,
            mention: false,
            thread: None,
        }
    });
    if let Some(said) = said {
        state.say_as(Class::Answer, said);
    }
    if first {
        load_older(state, fx);
    }
}

/// Moves the selection by one message.
pub(super) fn select(state: &mut State, direction: Direction, fx: &mut Vec<Effect>) {
    let Some(thread) = state.threads.current() else {
        return;
    };
    let selected = state.focus.selected.as_ref();
    let mut messages = thread.timeline.messages().filter(|m| m.sender.is_some());
    let next: Option<&Message> = match (direction, selected) {
        (Direction::Older, None) => messages.next_back(),
        (Direction::Older, Some(at)) => messages.rfind(|m| m.id < *at),
        (Direction::Newer, None) => None,
        (Direction::Newer, Some(at)) => messages.find(|m| m.id > *at),
    };
    let next = next.map(|m| m.id.clone());
    drop(messages);
    match next {
        Some(next) => to(state, &next, fx),
        None if direction == Direction::Newer => newest(state, fx),
        None => load_older(state, fx),
    }
}

/// Looks for words; the newest match comes first.
pub(super) fn search(state: &mut State, query: &str, fx: &mut Vec<Effect>) {
    state.focus.search = Some(Search {
        query: query.to_owned(),
        at: None,
        matches: 0,
    });
    search_again(state, Direction::Older, fx);
}

/// The next match in a direction.
pub(super) fn search_again(state: &mut State, direction: Direction, fx: &mut Vec<Effect>) {
    let Some(thread) = state.threads.current() else {
        return;
    };
    let Some(search) = &state.focus.search else {
        return state.say(Said::Answer(Answer::Search { matches: 0 }));
    };
    let (found, matches) = thread
        .timeline
        .search(&search.query, search.at.as_ref(), direction);
    // Past the last match it begins again at the other end.
    let found = found.or_else(|| thread.timeline.search(&search.query, None, direction).0);
    if let Some(search) = &mut state.focus.search {
        search.at.clone_from(&found);
        search.matches = matches;
    }
    if let Some(found) = found {
        to_found(state, &found, fx);
    }
    state.say(Said::Answer(Answer::Search { matches }));
}

/// The newest mention, then older ones.
pub(super) fn mention(state: &mut State, fx: &mut Vec<Effect>) {
    let timeline = state.thread().map(|t| &t.timeline);
    let from = state.focus.selected.as_ref();
    let found = timeline.and_then(|t| t.mention_before(from).or_else(|| t.mention_before(None)));
    match found {
        Some(found) => to(state, &found, fx),
        None => state.say(Said::Answer(Answer::Nothing)),
    }
}

/// The first unread message, or where "new" stands.
pub(super) fn unread(state: &mut State, fx: &mut Vec<Effect>) {
    let first = state.thread().and_then(|thread| {
        let read = thread.marker.as_ref().or(thread.read_up_to.as_ref());
        let mut after = thread.timeline.after(read).filter(|m| !m.mine);
        after.next().map(|m| m.id.clone())
    });
    match first {
        Some(first) => to(state, &first, fx),
        None => newest(state, fx),
    }
}

fn load_older(state: &mut State, fx: &mut Vec<Effect>) {
    let Some(thread) = state.threads.current_mut() else {
        return;
    };
    let timeline = &mut thread.timeline;
    if timeline.complete || timeline.loading {
        return;
    }
    let Some(before) = timeline.oldest().map(|m| m.id.clone()) else {
        return;
    };
    timeline.loading = true;
    let (account, thread) = (thread.key.account.clone(), thread.key.thread.clone());
    let load = ChatCommand::LoadOlder {
        thread,
        before: Some(before),
    };
    fx.push(Effect::Chat(account, load));
}

/// Rows of everything up to an entry, itself included.
fn above(state: &State, thread: &Thread, mark: &Mark) -> usize {
    let at = thread.timeline.find_mark(mark).unwrap_or(0);
    let entries = thread.timeline.entries().iter().take(at + 1);
    entries.map(|e| rows(e, state.size.0)).sum()
}

/// The entry so many rows below another one; `None` when the page would reach the end.
fn below(state: &State, mark: &Mark, wanted: usize) -> Option<Mark> {
    let timeline = &state.thread()?.timeline;
    let at = timeline.find_mark(mark)?;
    let mut passed = 0;
    for entry in &timeline.entries()[at + 1..] {
        passed += rows(entry, state.size.0);
        if passed >= wanted
            && let Some(mark) = entry.mark()
        {
            return Some(mark);
        }
    }
    None
}

/// Rows an entry has, about: its name, its words and a blank row.
fn rows(entry: &Entry, columns: u16) -> usize {
    let width = usize::from(columns.min(WIDEST).saturating_sub(4).max(10));
    let text = match entry {
        Entry::Message(message) => message.text(),
        Entry::Echo(echo) => echo.draft.text.clone(),
        Entry::Banner {
            said: Said::Turn { text, .. },
            ..
        } => return 1 + text.width() / width,
        Entry::Banner { .. } => return 2,
    };
    let lines = text.lines().map(|line| line.width().div_ceil(width).max(1));
    2 + lines.sum::<usize>().max(1)
}
