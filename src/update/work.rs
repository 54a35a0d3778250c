//! Commands and events of a work account: its chats, its people, their presence.

use crate::command::Work;
use crate::effect::ChatCommand;
use crate::effect::Effect;
use crate::effect::WorkCommand;
use crate::event::WorkEvent;
use crate::model::account::AccountId;
use crate::model::announcement::Answer;
use crate::model::announcement::Class;
use crate::model::announcement::Said;
use crate::model::failure::Because;
use crate::model::failure::Doing;
use crate::model::failure::Failure;
use crate::model::failure::Remedy;
use crate::model::locator::Locator;
use crate::model::message::Draft;
use crate::model::message::MessageId;
use crate::model::text;
use crate::model::thread::Listed;
use crate::model::thread::ThreadId;
use crate::model::thread::ThreadKey;
use crate::state::State;
use crate::state::call::Call;
use crate::state::focus::Overlay;
use crate::state::threads::Upload;
use crate::state::work::Shown;
use crate::update::calling;
use crate::update::command;
use crate::update::leave;
use crate::update::messages;
use crate::update::start;

pub(super) fn on_event(
    state: &mut State,
    account: &AccountId,
    event: WorkEvent,
    fx: &mut Vec<Effect>,
) {
    if is_answer(&event) {
        state.work.asked.remove(account);
    }
    match event {
        WorkEvent::Listed { threads, at, asked } => {
            for listed in threads {
                take_in(state, account, listed);
            }
            if asked {
                tell(state, Shown::Chats { at });
            }
        }
        WorkEvent::AsOf { thread, at } => {
            let account = account.clone();
            state.threads.open(&ThreadKey { account, thread }).as_of = Some(at);
        }
        WorkEvent::Found(thread) => {
            let account = account.clone();
            let key = ThreadKey { account, thread };
            let listed = state.threads.open(&key);
            if listed.listed.is_none() {
                listed.listed = Some(row(key.thread.clone()));
            }
            messages::switch(state, &key);
        }
        WorkEvent::People(people) => {
            if let Some(people) = calling::found(state, people, fx) {
                tell(state, Shown::People(people));
            }
        }
        WorkEvent::Messages(found) => tell(state, Shown::Messages(found)),
        WorkEvent::Presence(people) => tell(state, Shown::Presence(people)),
        WorkEvent::FileSent {
            thread,
            name,
            bytes,
            closed_to,
        } => {
            let account = account.clone();
            let into = state.threads.open(&ThreadKey { account, thread });
            into.upload_over(true, Some(&name));
            let topic = into.topic.clone();
            command::answer(
                state,
                Answer::FileSent {
                    name,
                    bytes,
                    topic,
                    closed_to,
                },
            );
        }
        WorkEvent::Failed(failure) => {
            state.work.wanted = None;
            state.say_as(Class::Answer, Said::Failed(failure));
        }
    }
}

/// What is told because somebody asked for it.
fn is_answer(event: &WorkEvent) -> bool {
    match event {
        WorkEvent::Listed { asked, .. } => *asked,
        WorkEvent::Found(_)
        | WorkEvent::People(_)
        | WorkEvent::Messages(_)
        | WorkEvent::Presence(_)
        | WorkEvent::Failed(_) => true,
        WorkEvent::AsOf { .. } | WorkEvent::FileSent { .. } => false,
    }
}

/// Asks the organisation for what it then tells.
pub(super) fn ask(
    state: &mut State,
    account: AccountId,
    command: WorkCommand,
    fx: &mut Vec<Effect>,
) {
    state.work.asked.insert(account.clone());
    fx.push(Effect::Chat(account, ChatCommand::Work(command)));
}

/// A thread that no list has named yet.
fn row(id: ThreadId) -> Listed {
    Listed {
        id,
        topic: String::new(),
        kind: crate::model::thread::ThreadKind::Thread,
        unread: false,
        meeting: None,
        preview: None,
    }
}

fn take_in(state: &mut State, account: &AccountId, listed: Listed) {
    let key = ThreadKey {
        account: account.clone(),
        thread: listed.id.clone(),
    };
    let current = state.threads.is_current(&key);
    let thread = state.threads.open(&key);
    if !listed.topic.is_empty() {
        thread.topic.clone_from(&listed.topic);
    }
    if !thread.opened && !current {
        // How many is known once it is opened.
        thread.unread = usize::from(listed.unread);
    }
    thread.listed = Some(listed);
}

fn tell(state: &mut State, shown: Shown) {
    state.work.shown = Some(shown);
    command::show(state, Overlay::Work, Answer::Work);
}

/// A chat that comes to the front is opened; where nothing arrives by itself, it is read again.
pub(super) fn follow(state: &mut State, fx: &mut Vec<Effect>) {
    if state.threads.current == state.threads.followed {
        return;
    }
    state.threads.followed.clone_from(&state.threads.current);
    let Some(key) = state.threads.current.clone() else {
        return;
    };
    let live = state.threads.link(&key.account).is_live();
    let thread = state.threads.open(&key);
    let again = thread.asked && live;
    if thread.listed.is_some() && !again {
        thread.asked = true;
        fx.push(Effect::Chat(key.account, ChatCommand::Open(key.thread)));
    }
}

pub(super) fn perform(state: &mut State, work: Work, fx: &mut Vec<Effect>) {
    let Some(account) = state.account().cloned() else {
        return messages::nothing(state);
    };
    let thread = state.thread().map(|t| t.key.thread.clone());
    let here = |thread: Option<ThreadId>, make: fn(ThreadId, String) -> WorkCommand, words| {
        thread.map(|thread| make(thread, words))
    };
    let asked = match work {
        Work::Chats => Some(WorkCommand::List),
        Work::NewChat { names, topic } => Some(WorkCommand::NewChat { names, topic }),
        Work::People(words) => Some(WorkCommand::FindPeople(words)),
        Work::SearchAll(words) => Some(WorkCommand::Search(words)),
        Work::Presence(None) => Some(WorkCommand::Presence(thread)),
        Work::Presence(Some(chosen)) => Some(WorkCommand::SetPresence(chosen)),
        Work::AddMember(name) => here(
            thread,
            |thread, name| WorkCommand::AddMember { thread, name },
            name,
        ),
        Work::RemoveMember(name) => here(
            thread,
            |thread, name| WorkCommand::RemoveMember { thread, name },
            name,
        ),
        Work::Rename(topic) => here(
            thread,
            |thread, topic| WorkCommand::Rename { thread, topic },
            topic,
        ),
        Work::Picture(path) => here(
            thread,
            |thread, path| WorkCommand::SendPicture { thread, path },
            path,
        ),
        Work::File(path) => {
            command::answer(state, Answer::SendsFile(file_name(&path)));
            here(
                thread,
                |thread, path| WorkCommand::SendFile { thread, path },
                path,
            )
        }
        Work::MarkUnread => thread.map(WorkCommand::MarkUnread),
        Work::MeetingChat(link) => Some(WorkCommand::MeetingChat(link)),
        Work::Undelete => undelete(state),
        Work::Reaction(kind) => react(state, kind),
        Work::Meeting => return join(state, account, fx),
        Work::Leave(wish) => return leave::perform(state, account, wish, fx),
        Work::Important { importance, text } => {
            let people = state.people();
            let draft = Draft {
                importance,
                reply_to: None,
                ..state.composer.draft(&text, &people)
            };
            return messages::send_aloud(state, draft, fx);
        }
    };
    let Some(asked) = asked else {
        return messages::nothing(state);
    };
    // Whose outcome is told as that of an edit: the end of a pipe waits for it.
    let counted = matches!(
        asked,
        WorkCommand::Undelete { .. }
            | WorkCommand::React { .. }
            | WorkCommand::AddMember { .. }
            | WorkCommand::RemoveMember { .. }
            | WorkCommand::Rename { .. }
            | WorkCommand::SendPicture { .. }
            | WorkCommand::SendFile { .. }
            | WorkCommand::MarkUnread(_)
    );
    if !counted {
        return ask(state, account, asked, fx);
    }
    if let Some(thread) = state.threads.current_mut() {
        thread.errands += 1;
        thread.uploads.extend(upload(&asked));
    }
    fx.push(Effect::Chat(account, ChatCommand::Work(asked)));
}

fn upload(asked: &WorkCommand) -> Option<Upload> {
    let (path, drive) = match asked {
        WorkCommand::SendFile { path, .. } => (path, true),
        WorkCommand::SendPicture { path, .. } => (path, false),
        _ => return None,
    };
    let name = file_name(path);
    Some(Upload { name, drive })
}

/// Without the folders before it.
fn file_name(path: &str) -> String {
    let name = path.trim_end_matches('/').rsplit('/').next();
    text::name(name.unwrap_or_default())
}

fn undelete(state: &mut State) -> Option<WorkCommand> {
    let (key, message) = state.work.deleted.take()?;
    Some(WorkCommand::Undelete {
        thread: key.thread,
        message,
    })
}

/// Remembers what a deletion takes, so that it can be put back.
pub(super) fn deleted(state: &mut State, message: &MessageId) {
    if let Some(key) = state.threads.current.clone() {
        state.work.deleted = Some((key, message.clone()));
    }
}

/// The same reaction a second time takes it back.
fn react(state: &State, kind: String) -> Option<WorkCommand> {
    let timeline = &state.thread()?.timeline;
    let message = match &state.focus.selected {
        Some(selected) => timeline.find(selected)?,
        None => timeline
            .messages()
            .rev()
            .find(|m| !m.mine && m.sender.is_some())?,
    };
    let mine = |r: &&crate::model::message::Reacted| r.kind == kind && r.mine;
    Some(WorkCommand::React {
        thread: state.thread()?.key.thread.clone(),
        message: message.id.clone(),
        set: message.reactions.iter().find(mine).is_none(),
        kind,
    })
}

/// The meeting that the chat in front belongs to.
fn join(state: &mut State, account: AccountId, fx: &mut Vec<Effect>) {
    let listed = state.thread().and_then(|t| t.listed.as_ref());
    let Some(link) = listed.and_then(|listed| listed.meeting.clone()) else {
        return refuse(state, "this chat belongs to no meeting");
    };
    // What the service says of its own meeting names its own address.
    let place = link.split("/l/").next().map(str::to_owned);
    match Locator::parse(&link, place.as_deref()) {
        Ok(locator) => {
            if !state.can_call() {
                return refuse(state, NO_CALLS);
            }
            if state.call().is_some_and(Call::is_live) {
                return refuse(state, "you are in a call already; /leave ends it");
            }
            let name = state.accounts.get(&account).map(|a| a.display_name.clone());
            start::join(state, account, locator, name.unwrap_or_default(), fx);
        }
        Err(_) => refuse(state, "the link of its meeting cannot be read"),
    }
}

fn refuse(state: &mut State, reason: &str) {
    let failure = Failure {
        doing: Doing::JoiningCall,
        because: Because::Refused {
            reason: reason.to_owned(),
        },
        remedy: Remedy::None,
    };
    state.say_as(Class::Answer, Said::Failed(failure));
}

const NO_CALLS: &str = "calls need a token service that exchanges this account's tokens: sidetone accounts add NAME --teams \
                        --token-service URL";
