//! Commands about messages: send, answer, change, take with one.

use crate::effect::ChatCommand;
use crate::effect::Effect;
use crate::model::account::AccountId;
use crate::model::announcement::Answer;
use crate::model::announcement::Class;
use crate::model::announcement::Question;
use crate::model::announcement::Said;
use crate::model::failure::Because;
use crate::model::failure::Doing;
use crate::model::failure::Failure;
use crate::model::failure::Remedy;
use crate::model::message::Attachment;
use crate::model::message::Body;
use crate::model::message::ClientMessageId;
use crate::model::message::Draft;
use crate::model::message::Message;
use crate::model::message::MessageId;
use crate::model::message::Quoted;
use crate::model::rich::Block;
use crate::model::rich::Rich;
use crate::model::settings::Interface;
use crate::model::text;
use crate::model::thread::ChatAccess;
use crate::model::thread::ThreadId;
use crate::model::thread::ThreadKey;
use crate::state::State;
use crate::state::composer::Purpose;
use crate::state::focus::Confirm;
use crate::state::focus::Overlay;
use crate::update::chat;
use crate::update::overlay;
use crate::update::scroll;
use crate::update::work;

/// Characters of a quote.
const QUOTED: usize = 120;

/// Shows a message of ours at once and asks for it to be sent.
pub(super) fn send(state: &mut State, draft: Draft, fx: &mut Vec<Effect>) {
    if draft.text.trim().is_empty() {
        return;
    }
    scroll::newest(state, fx);
    let client_id = state.next_client_id();
    let at = state.now.utc;
    let Some(thread) = state.threads.current_mut() else {
        return;
    };
    thread.marker = None;
    thread.typing_told = None;
    thread.timeline.echo(client_id.clone(), draft.clone(), at);
    let (account, thread) = (thread.key.account.clone(), thread.key.thread.clone());
    let send = ChatCommand::Send {
        thread,
        client_id,
        draft,
    };
    fx.push(Effect::Chat(account, send));
}

/// Sends what no input line of the linear view becomes.
pub(super) fn send_aloud(state: &mut State, draft: Draft, fx: &mut Vec<Effect>) {
    aloud(state, &draft.text);
    send(state, draft, fx);
}

/// The linear view's transcript has no other place where our own words would stand.
fn aloud(state: &mut State, words: &str) {
    let is_open = state.thread().is_some();
    if is_open && !words.trim().is_empty() && state.focus.interface == Interface::Linear {
        state.say_as(Class::Answer, Said::mine(words));
    }
}

/// Text without a quote, as a program or `/say` gives it.
pub(super) fn say(state: &mut State, words: &str, fx: &mut Vec<Effect>) {
    let words = text::lines(words);
    let people = state.people();
    let draft = Draft {
        reply_to: None,
        ..state.composer.draft(words.trim_end(), &people)
    };
    send_aloud(state, draft, fx);
}

pub(super) fn reply(state: &mut State, to: Option<&str>, words: &str, fx: &mut Vec<Effect>) {
    let Some(quoted) = answered(state, to).map(quote) else {
        return nothing(state);
    };
    if words.trim().is_empty() {
        state.composer.reply(quoted);
        return;
    }
    let people = state.people();
    let draft = Draft {
        reply_to: Some(quoted),
        ..state.composer.draft(words.trim_end(), &people)
    };
    send_aloud(state, draft, fx);
}

/// The message an answer is for: of a person, selected, or the newest of somebody else.
fn answered<'a>(state: &'a State, to: Option<&str>) -> Option<&'a Message> {
    let timeline = &state.thread()?.timeline;
    let mut theirs = timeline.messages().rev().filter(|m| !m.mine);
    match (to, &state.focus.selected) {
        (Some(name), _) => {
            let wanted = name.to_lowercase();
            theirs.find(|m| {
                m.sender
                    .as_ref()
                    .is_some_and(|s| s.name.to_lowercase().starts_with(&wanted))
            })
        }
        (None, Some(selected)) => timeline.find(selected),
        (None, None) => theirs.find(|m| matches!(m.body, Body::Text(_))),
    }
}

fn quote(message: &Message) -> Quoted {
    let words = text::line(&message.text());
    Quoted {
        id: Some(message.id.clone()),
        name: message
            .sender
            .as_ref()
            .map_or_else(String::new, |s| s.name.clone()),
        text: words.chars().take(QUOTED).collect(),
    }
}

/// Changes a message of ours, or begins to.
pub(super) fn edit(state: &mut State, words: Option<String>, fx: &mut Vec<Effect>) {
    let target = match state.composer.purpose() {
        Purpose::Edit(id) => Some(Own::Message(id.clone())),
        Purpose::Write | Purpose::Reply(_) => own(state),
    };
    let (Some(target), words) = (target, words) else {
        return not_mine(state, Doing::Editing);
    };
    let message = match (target, &words) {
        (Own::Message(message), _) => message,
        (Own::Echo(echo), Some(words)) => return amend(state, &echo, words),
        (Own::Echo(_), None) => return not_mine(state, Doing::Editing),
    };
    let Some(words) = words else {
        let held = state.thread().and_then(|t| t.timeline.find(&message));
        let before = held.map(Message::text).unwrap_or_default();
        state.focus.selected = Some(message.clone());
        state.composer.edit(message, &before);
        return;
    };
    let draft = changed(state, &words);
    state.focus.selected = None;
    if let Some((account, thread)) = place(state) {
        let edit = ChatCommand::Edit {
            thread,
            message,
            draft,
        };
        errand(state, account, edit, fx);
    }
}

fn changed(state: &State, words: &str) -> Draft {
    let people = state.people();
    Draft {
        reply_to: None,
        ..state.composer.draft(words.trim_end(), &people)
    }
}

/// The service does not know the message yet, or has not said so: the change follows it.
fn amend(state: &mut State, echo: &ClientMessageId, words: &str) {
    let draft = changed(state, words);
    if let Some(thread) = state.threads.current_mut() {
        thread.timeline.amend(echo, draft);
    }
}

/// What was changed of messages before the service told their ids.
pub(super) fn amended(state: &mut State, key: &ThreadKey, fx: &mut Vec<Effect>) {
    let thread = state.threads.open(key);
    for (message, draft) in thread.timeline.amendments() {
        thread.errands += 1;
        let edit = ChatCommand::Edit {
            thread: key.thread.clone(),
            message,
            draft,
        };
        fx.push(Effect::Chat(key.account.clone(), edit));
    }
}

/// A message of ours, by what it is known as.
enum Own {
    Message(MessageId),
    /// Not confirmed, or not sent.
    Echo(ClientMessageId),
}

/// The message of ours that is selected, or our newest. One that is not confirmed yet is newer than
/// all that are: a change meant for it must not hit the one before.
fn own(state: &State) -> Option<Own> {
    let timeline = &state.thread()?.timeline;
    if let Some(selected) = &state.focus.selected {
        let selected = timeline.find(selected).filter(|m| m.mine);
        return selected.map(|m| Own::Message(m.id.clone()));
    }
    match timeline.echoes().next_back() {
        Some(echo) => Some(match &echo.message {
            Some(message) => Own::Message(message.clone()),
            None => Own::Echo(echo.client_id.clone()),
        }),
        None => timeline
            .newest_of_mine()
            .map(|m| Own::Message(m.id.clone())),
    }
}

pub(super) fn ask_to_delete(state: &mut State) {
    match own(state) {
        Some(Own::Message(message)) => {
            overlay::ask(state, Confirm::Delete(message), Question::Delete);
        }
        Some(Own::Echo(_)) | None => not_mine(state, Doing::Deleting),
    }
}

fn not_mine(state: &mut State, doing: Doing) {
    let sending = state
        .thread()
        .is_some_and(|t| t.timeline.echoes().next().is_some());
    let why = match state.focus.selected {
        Some(_) => "the selected one is not yours",
        None if sending => "the service has not confirmed yours yet",
        None => "there is none of yours here",
    };
    not_here(state, doing, why.to_owned());
}

fn not_here(state: &mut State, doing: Doing, detail: String) {
    state.say(Said::Failed(Failure {
        doing,
        because: Because::Local { detail },
        remedy: Remedy::None,
    }));
}

pub(super) fn delete(state: &mut State, message: MessageId, fx: &mut Vec<Effect>) {
    if let Some((account, thread)) = place(state) {
        work::deleted(state, &message);
        let delete = ChatCommand::Delete { thread, message };
        errand(state, account, delete, fx);
    }
}

/// Sends what was not sent, and asks again for what was refused.
pub(super) fn retry(state: &mut State, fx: &mut Vec<Effect>) {
    let mut asked = false;
    for thread in state.threads.all.values_mut() {
        let ThreadKey {
            account,
            thread: id,
        } = thread.key.clone();
        if matches!(thread.access, ChatAccess::Denied(_) | ChatAccess::Gone) {
            fx.push(Effect::Chat(
                account.clone(),
                ChatCommand::Retry(id.clone()),
            ));
            asked = true;
        }
        for (client_id, draft) in thread.timeline.retry() {
            let send = ChatCommand::Send {
                thread: id.clone(),
                client_id,
                draft,
            };
            fx.push(Effect::Chat(account.clone(), send));
            asked = true;
        }
    }
    if !asked {
        nothing(state);
    }
}

pub(super) fn refresh(state: &mut State, fx: &mut Vec<Effect>) {
    if let Some((account, thread)) = place(state) {
        fx.push(Effect::Chat(account, ChatCommand::Refresh(thread)));
    }
}

/// The selected message, or the newest that fits.
fn chosen(state: &State, fits: impl Fn(&&Message) -> bool) -> Option<&Message> {
    let timeline = &state.thread()?.timeline;
    match &state.focus.selected {
        Some(selected) => timeline.find(selected).filter(|m| fits(m)),
        None => timeline.messages().rev().find(|m| fits(m)),
    }
}

pub(super) fn copy(state: &mut State, fx: &mut Vec<Effect>) {
    match chosen(state, |m| !m.text().is_empty()).map(Message::text) {
        Some(words) => fx.push(Effect::Copy(words)),
        None => nothing(state),
    }
}

pub(super) fn copy_link(state: &mut State, fx: &mut Vec<Effect>) {
    match link(state, None) {
        Some(link) => fx.push(Effect::Copy(link)),
        None => no_link(state, Doing::CopyingLink, None),
    }
}

pub(super) fn open_link(state: &mut State, number: Option<usize>, fx: &mut Vec<Effect>) {
    match link(state, number) {
        Some(link) => fx.push(Effect::OpenUrl(link)),
        None => no_link(state, Doing::OpeningLink, number),
    }
}

fn no_link(state: &mut State, doing: Doing, number: Option<usize>) {
    let why = match (linked(state), number, &state.focus.selected) {
        (Some(_), Some(number), _) => format!("the message has no link {number}"),
        (Some(_) | None, _, Some(_)) => "the selected message has none".to_owned(),
        (Some(_) | None, _, None) => "no message here has one".to_owned(),
    };
    not_here(state, doing, why);
}

/// Opens a link of a message, if it is one that `/open` would open.
pub(super) fn open_one(state: &mut State, message: &MessageId, url: &str, fx: &mut Vec<Effect>) {
    let message = state.thread().and_then(|t| t.timeline.find(message));
    let known = message.is_some_and(|m| links(m).iter().any(|link| link == url));
    if known {
        fx.push(Effect::OpenUrl(url.to_owned()));
    } else {
        nothing(state);
    }
}

fn link(state: &State, number: Option<usize>) -> Option<String> {
    links(linked(state)?)
        .into_iter()
        .nth(number.unwrap_or(1) - 1)
}

/// The selected message, or the newest, that has a link.
fn linked(state: &State) -> Option<&Message> {
    chosen(state, |m| !links(m).is_empty())
}

/// Links of a message that lead to the web or to mail, in reading order.
fn links(message: &Message) -> Vec<String> {
    let mut found = Vec::new();
    if let Body::Text(Rich { blocks }) = &message.body {
        all_links(blocks, &mut found);
    }
    let files = message.attachments.iter().filter_map(|a| a.preview.clone());
    found.extend(files.filter(|l| l.starts_with("https://")));
    found
}

fn all_links(blocks: &[Block], found: &mut Vec<String>) {
    for block in blocks {
        block_links(block, found);
    }
}

fn block_links(block: &Block, found: &mut Vec<String>) {
    match block {
        Block::Paragraph(spans) | Block::Heading(spans) => {
            let links = spans.iter().filter_map(|s| s.link.clone());
            let safe = ["https://", "http://", "mailto:"];
            found.extend(links.filter(|l| safe.iter().any(|s| l.starts_with(s))));
        }
        Block::Quote(blocks) => all_links(blocks, found),
        Block::List { items, .. } => {
            for item in items {
                all_links(item, found);
            }
        }
        Block::Table(rows) => {
            for cell in rows.iter().flatten() {
                block_links(&Block::Paragraph(cell.clone()), found);
            }
        }
        Block::Code { .. } | Block::Rule => {}
    }
}

/// Saves a picture; a file leads to its page, which wants a sign-in of its own. By its number in the
/// list of files, by a part of its name, or the newest.
pub(super) fn save_attachment(state: &mut State, meant: Option<&str>, fx: &mut Vec<Effect>) {
    let number = meant.and_then(|words| words.parse::<usize>().ok());
    let numbered = number.and_then(|n| n.checked_sub(1));
    let numbered = numbered.and_then(|at| state.files().get(at).map(|(_, file)| (*file).clone()));
    let Some(attachment) = numbered.or_else(|| named_attachment(state, meant)) else {
        return nothing(state);
    };
    if attachment.opens_elsewhere() {
        fx.extend(
            attachment
                .page()
                .map(|page| Effect::OpenUrl(page.to_owned())),
        );
        return;
    }
    let Some((account, thread)) = place(state) else {
        return;
    };
    let path = file_name(&attachment.name);
    let save = ChatCommand::SaveAttachment {
        thread,
        attachment,
        path,
    };
    errand(state, account, save, fx);
}

fn named_attachment(state: &State, name: Option<&str>) -> Option<Attachment> {
    let wanted = name.map(str::to_lowercase);
    let fits = |a: &&Attachment| {
        let name = a.name.to_lowercase();
        wanted.as_ref().is_none_or(|wanted| name.contains(wanted))
    };
    let message = chosen(state, |m| m.attachments.iter().any(|a| fits(&a)))?;
    message.attachments.iter().find(fits).cloned()
}

/// A name from the network leads to no other folder.
fn file_name(name: &str) -> String {
    let last = name.rsplit(['/', '\\']).next().unwrap_or_default();
    let plain = text::line(last);
    let plain = plain.trim_start_matches('.').trim();
    if plain.is_empty() {
        "attachment".to_owned()
    } else {
        plain.to_owned()
    }
}

/// Brings another thread to the front. The draft stays with its thread.
pub(super) fn switch(state: &mut State, key: &ThreadKey) {
    // The list it was chosen from lies over it.
    if state.focus.overlay == Some(Overlay::Work) {
        state.focus.close();
    }
    if state.threads.is_current(key) {
        return;
    }
    let draft = std::mem::take(&mut state.composer);
    if let Some(before) = state.threads.current_mut() {
        before.draft = draft;
    }
    let same = state.account() == Some(&key.account);
    state.threads.current = Some(key.clone());
    state.focus.reset();
    if !same {
        state.focus.account = Some(key.account.clone());
        state.say_as(Class::Answer, Said::Answer(Answer::Account));
    }
    let now = state.now.moment;
    if let Some(thread) = state.threads.current_mut() {
        state.composer = std::mem::take(&mut thread.draft);
        // Listed only: what is in it is told once it was read.
        if thread.listed.is_some() && !thread.opened {
            return;
        }
        if thread.unread > 0 {
            thread.marker.clone_from(&thread.read_up_to);
        }
        let said = chat::opened(state, key);
        state.threads.open(key).read_all(now);
        state.say_as(Class::Answer, said);
    }
}

pub(super) fn switch_named(state: &mut State, name: &str) {
    match state.threads.named(name, state.account()).cloned() {
        Some(key) => switch(state, &key),
        None => no_thread(state, name),
    }
}

/// Says what is unread in another thread, each line exactly.
pub(super) fn read_thread(state: &mut State, name: &str) {
    let Some(key) = state.threads.named(name, state.account()).cloned() else {
        return no_thread(state, name);
    };
    let Some(thread) = state.threads.get(&key) else {
        return;
    };
    let unread = thread.timeline.after(thread.read_up_to.as_ref());
    let lines: Vec<_> = unread
        .filter(|m| !m.mine)
        .filter_map(|m| {
            Some(Said::Message {
                sender: state.sender(m.sender.as_ref()?, false),
                texts: vec![m.text()],
                times: 1,
                mention: m.mentions_me,
                thread: Some(thread.topic.clone()),
            })
        })
        .collect();
    let none = lines.is_empty();
    for said in lines {
        state.say_as(Class::Answer, said);
    }
    if none {
        nothing(state);
    }
    let now = state.now.moment;
    state.threads.open(&key).read_all(now);
}

pub(super) fn mark_read(state: &mut State) {
    let now = state.now.moment;
    if let Some(thread) = state.threads.current_mut() {
        thread.read_all(now);
        thread.marker = None;
    }
    state.announcer.take_unread();
    state.say(Said::Answer(Answer::Unread));
}

pub(super) fn nothing(state: &mut State) {
    state.say(Said::Answer(Answer::Nothing));
}

fn no_thread(state: &mut State, name: &str) {
    let detail = format!("none here is called {}", text::line(name));
    not_here(state, Doing::FindingThread, detail);
}

/// Asks for something whose outcome is told.
fn errand(state: &mut State, account: AccountId, command: ChatCommand, fx: &mut Vec<Effect>) {
    if let Some(thread) = state.threads.current_mut() {
        thread.errands += 1;
    }
    fx.push(Effect::Chat(account, command));
}

fn place(state: &State) -> Option<(AccountId, ThreadId)> {
    let key = &state.thread()?.key;
    Some((key.account.clone(), key.thread.clone()))
}
