//! What a chat back end reports.

use crate::effect::ControlNews;
use crate::effect::Effect;
use crate::event::ChatEvent;
use crate::model::account::AccountId;
use crate::model::announcement::Answer;
use crate::model::announcement::Class;
use crate::model::announcement::Said;
use crate::model::failure::Because;
use crate::model::failure::Doing;
use crate::model::failure::Failure;
use crate::model::failure::Remedy;
use crate::model::identity::Person;
use crate::model::identity::RawId;
use crate::model::message::Attachment;
use crate::model::message::Body;
use crate::model::message::Message;
use crate::model::message::MessageId;
use crate::model::message::Reacted;
use crate::model::thread::ChatAccess;
use crate::model::thread::Link;
use crate::model::thread::ThreadId;
use crate::model::thread::ThreadInfo;
use crate::model::thread::ThreadKey;
use crate::state::State;
use crate::state::call::Call;
use crate::state::focus::Scroll;
use crate::state::lines::Opening;
use crate::state::threads::Back;
use crate::state::threads::CATCH_UP;
use crate::state::timeline::Direction;
use crate::state::timeline::Inserted;
use crate::state::timeline::Page;
use crate::update::command::answer;
use crate::update::messages;
use crate::update::usage;
use crate::update::work;

pub(super) fn on_event(
    state: &mut State,
    account: &AccountId,
    event: ChatEvent,
    fx: &mut Vec<Effect>,
) {
    let key = |thread: ThreadId| ThreadKey {
        account: account.clone(),
        thread,
    };
    match event {
        ChatEvent::Link(link) => on_link(state, account, link),
        ChatEvent::Access { thread, access } => on_access(state, &key(thread), access),
        ChatEvent::ThreadRead(info) => on_read(state, &key(info.id.clone()), info),
        ChatEvent::MessageReceived { thread, message } => {
            let key = key(thread);
            on_message(state, &key, message, fx);
            messages::amended(state, &key, fx);
        }
        ChatEvent::OlderPage {
            thread,
            messages,
            complete,
        } => {
            let thread = state.threads.open(&key(thread));
            thread
                .timeline
                .insert_page(messages, Page::Older { complete });
            thread.timeline.trim(Direction::Older);
        }
        ChatEvent::NewerPage { thread, messages } => {
            let key = key(thread);
            on_newer(state, &key, messages, fx);
            messages::amended(state, &key, fx);
        }
        ChatEvent::Sent {
            thread,
            client_id,
            message,
        } => {
            usage::sent(state, account, &thread, &message, fx);
            let key = key(thread);
            let timeline = &mut state.threads.open(&key).timeline;
            timeline.settle(&client_id, message);
            messages::amended(state, &key, fx);
        }
        ChatEvent::SendFailed {
            thread,
            client_id,
            failure,
        } => {
            let thread = state.threads.open(&key(thread));
            thread.timeline.fail(&client_id, failure.clone());
            let topic = thread.topic.clone();
            state.say(Said::NotSent {
                thread: topic,
                failure,
            });
        }
        ChatEvent::ActionDone { thread } => errand_done(state, &key(thread)),
        ChatEvent::ActionFailed { thread, failure } => on_failed(state, &key(thread), failure),
        ChatEvent::AttachmentSaved {
            thread,
            path,
            bytes,
        } => {
            errand_done(state, &key(thread));
            state.say(Said::Answer(Answer::Saved {
                path,
                bytes: Some(bytes),
            }));
        }
        ChatEvent::Typing { thread, person } => {
            let now = state.now.moment;
            state.threads.open(&key(thread)).types(person, now);
        }
        ChatEvent::ReadReceipt {
            thread,
            person,
            message,
        } => on_receipt(state, &key(thread), person, message),
        ChatEvent::TopicChanged { thread, topic, by } => on_topic(state, &key(thread), topic, by),
        ChatEvent::ParticipantsAdded { thread, people } => on_added(state, &key(thread), people),
        ChatEvent::ParticipantsRemoved { thread, people } => {
            on_removed(state, &key(thread), &people);
        }
        ChatEvent::Work(event) => work::on_event(state, account, event, fx),
    }
}

fn errand_done(state: &mut State, key: &ThreadKey) {
    state.threads.open(key).errand_done();
}

fn on_failed(state: &mut State, key: &ThreadKey, failure: Failure) {
    let drive = matches!(
        failure.doing,
        Doing::SendingFile | Doing::SharingFile | Doing::PostingFile
    );
    if drive || failure.doing == Doing::SendingPicture {
        state.threads.open(key).upload_over(drive, None);
        if !state.lines.is_terminal() {
            state.lines.failed.get_or_insert_with(|| failure.clone());
        }
    }
    match failure.doing {
        Doing::LoadingMessages => state.threads.open(key).timeline.loading = false,
        Doing::Editing
        | Doing::Deleting
        | Doing::SavingAttachment
        | Doing::Reacting
        | Doing::Sending
        | Doing::SendingPicture
        | Doing::SendingFile
        | Doing::SharingFile
        | Doing::PostingFile
        | Doing::AskingOrganisation => errand_done(state, key),
        // Tried again by itself, for whoever is there to wait.
        Doing::OpeningThread if state.calls.is_empty() && !state.threads.open(key).opened => {
            state.opening = Opening::Failed;
        }
        Doing::OpeningThread
        | Doing::Connecting
        | Doing::SigningIn
        | Doing::JoiningCall
        | Doing::Calling
        | Doing::CallAction
        | Doing::Rating
        | Doing::Writing
        | Doing::StayingInChat
        | Doing::FindingThread
        | Doing::OpeningLink
        | Doing::CopyingLink
        | Doing::EditingDraft
        | Doing::ChoosingDevice
        | Doing::OpeningMicrophone
        | Doing::OpeningSpeaker
        | Doing::Setting
        | Doing::Theming
        | Doing::CountingUsage
        | Doing::GoingOver
        | Doing::AskingForLeave => {}
    }
    state.say(Said::Failed(failure));
}

fn on_link(state: &mut State, account: &AccountId, link: Link) {
    let before = state
        .threads
        .links
        .insert(account.clone(), link.clone())
        .unwrap_or_default();
    if before == link {
        return;
    }
    match link {
        Link::Connecting => {}
        // From asking over REST it may be lost once more: that is the same loss.
        Link::Reconnecting if state.threads.lost.contains_key(account) => {}
        Link::Reconnecting => {
            state.threads.lost.insert(account.clone(), state.now.utc);
            state.say(Said::ConnectionLost);
        }
        Link::Live => {
            if let Some(since) = state.threads.lost.remove(account) {
                let seconds = state.now.utc.seconds_since(since);
                let due = state.now.moment + CATCH_UP;
                let back = Back { seconds, due };
                state.threads.back.insert(account.clone(), back);
                state.announcer.link_restored();
            }
        }
        Link::Relayed => {
            state.threads.lost.remove(account);
            state.say(Said::Relayed);
        }
        Link::OnDemand => {
            state.threads.lost.remove(account);
            if before == Link::Relayed {
                state.say(Said::RelayLost);
            }
        }
        Link::Polling => state.say(Said::Polling),
        // Where nobody is signed in, that was said already.
        Link::Down(failure) if state.signing_in.get(account) == Some(&failure) => {}
        Link::Down(failure) => state.say(Said::Failed(failure)),
    }
}

fn on_access(state: &mut State, key: &ThreadKey, access: ChatAccess) {
    let left = has_left(state, key);
    let thread = state.threads.open(key);
    let before = std::mem::replace(&mut thread.access, access.clone());
    match access {
        // A meeting's chat closes behind whoever leaves the meeting.
        ChatAccess::Denied(_) | ChatAccess::Gone if left => {}
        ChatAccess::Denied(failure) if !matches!(before, ChatAccess::Denied(_)) => {
            state.say(Said::ChatDenied(failure));
        }
        ChatAccess::Gone if before != ChatAccess::Gone => state.say(Said::ChatDenied(Failure {
            doing: Doing::OpeningThread,
            because: Because::NotFound,
            remedy: Remedy::None,
        })),
        ChatAccess::Open if matches!(before, ChatAccess::Denied(_)) => state.say(Said::ChatOpen),
        ChatAccess::Opening | ChatAccess::Open | ChatAccess::Denied(_) | ChatAccess::Gone => {}
    }
}

/// We are on our way out of the meeting that the thread belongs to, or out, by our own wish.
fn has_left(state: &State, key: &ThreadKey) -> bool {
    let call = state.calls.get(&key.account);
    call.is_some_and(|c| c.leaving && c.info.thread.as_ref() == Some(&key.thread))
}

fn on_read(state: &mut State, key: &ThreadKey, info: ThreadInfo) {
    let thread = state.threads.open(key);
    thread.topic = info.topic;
    thread.participants = info.participants;
    let front = state.account() == Some(&key.account);
    if front && state.threads.current.is_none() {
        state.threads.current = Some(key.clone());
    }
}

/// Links that are whole again, and nothing was missed.
pub(super) fn tell_back(state: &mut State) {
    let now = state.now.moment;
    let due = |back: &Back| back.due <= now;
    let told: Vec<_> = state.threads.back.extract_if(.., |_, b| due(b)).collect();
    for (_, Back { seconds, .. }) in told {
        state.say(Said::ConnectionBack { seconds, missed: 0 });
    }
}

/// The newest page on opening, or what was missed while the link was lost.
fn on_newer(state: &mut State, key: &ThreadKey, messages: Vec<Message>, fx: &mut Vec<Effect>) {
    let thread = state.threads.open(key);
    if !thread.opened {
        return on_first_page(state, key, messages);
    }
    let known = thread.read_again.take();
    let page = thread.timeline.insert_page(messages.clone(), Page::Newer);
    let taken = page.into_iter().map(|(_, inserted)| inserted);
    let news: Vec<_> = messages
        .into_iter()
        .zip(taken)
        .filter(|(m, _)| known.as_ref().is_none_or(|k| m.id > *k))
        .collect();
    let theirs = |(m, i): &&(Message, Inserted)| *i == Inserted::New && !m.mine;
    let missed = news.iter().filter(theirs).count();
    if missed > 0
        && let Some(Back { seconds, .. }) = state.threads.back.remove(&key.account)
    {
        state.say(Said::ConnectionBack { seconds, missed });
    }
    for (message, inserted) in news {
        taken_in(state, key, message, inserted, Was::There, fx);
    }
}

fn on_first_page(state: &mut State, key: &ThreadKey, messages: Vec<Message>) {
    let following = state.threads.is_current(key);
    let now = state.now.moment;
    state.opening = Opening::Begun;
    let thread = state.threads.open(key);
    thread.opened = true;
    thread.timeline.insert_page(messages, Page::Newer);
    if thread.read_up_to.is_none() {
        // Nobody knows what was read elsewhere: what is there already is not new.
        thread.read_up_to = thread.timeline.newest().map(|m| m.id.clone());
    }
    thread.count_unread();
    if thread.unread > 0 {
        thread.marker.clone_from(&thread.read_up_to);
    }
    if following {
        let said = opened(state, key);
        state.threads.open(key).read_all(now);
        state.say(said);
    }
}

/// That a thread is in front now: with the people of its call while we are in that, else with its own.
pub(super) fn opened(state: &mut State, key: &ThreadKey) -> Said {
    let is_of = |call: &&Call| call.info.thread.as_ref() == Some(&key.thread);
    let call = state.calls.get(&key.account).filter(is_of);
    let inside = call.filter(|c| c.state.is_inside()).map(Call::people);
    let thread = state.threads.open(key);
    let written = thread.timeline.messages().filter(|m| m.sender.is_some());
    Said::Opened {
        topic: thread.topic.clone(),
        people: inside.unwrap_or(thread.participants.len()),
        earlier: written.count(),
        unread: thread.unread,
    }
}

/// A message, however it changed and however often it comes.
fn on_message(state: &mut State, key: &ThreadKey, message: Message, fx: &mut Vec<Effect>) {
    let thread = state.threads.open(key);
    let known = thread.timeline.find(&message.id);
    let same_words = known.is_some_and(|known| known.body == message.body);
    let was = match known.map(|known| &known.body) {
        Some(Body::Deleted) => Was::Deleted,
        _ => Was::There,
    };
    let before = known.map(|known| known.reactions.clone());
    let inserted = thread.timeline.insert(message.clone());
    if same_words && inserted == Inserted::Updated {
        // A reaction, or that it was read: nobody wrote anything.
        return reacted(state, key, &before.unwrap_or_default(), &message);
    }
    taken_in(state, key, message, inserted, was, fx);
}

/// What a message was before it changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Was {
    There,
    Deleted,
}

/// What follows from how a message was taken.
fn taken_in(
    state: &mut State,
    key: &ThreadKey,
    message: Message,
    inserted: Inserted,
    was: Was,
    fx: &mut Vec<Effect>,
) {
    let word = match &inserted {
        Inserted::New => "new",
        Inserted::Replaced { .. } => "replaced",
        Inserted::Updated => "updated",
        Inserted::Outside => "outside",
        Inserted::Duplicate | Inserted::Stale => return,
    };
    // The copy may overtake the answer to the sending, or come where that was lost.
    if matches!(inserted, Inserted::Replaced { .. }) {
        usage::sent(state, &key.account, &key.thread, &message.id, fx);
    }
    match inserted {
        Inserted::New => arrived(state, key, &message),
        // Behind the window that someone reads in: told, and fetched when they come there.
        Inserted::Outside if newest(state, key, &message.id) => arrived(state, key, &message),
        Inserted::Updated => changed(state, key, &message, was),
        Inserted::Replaced { .. } | Inserted::Outside | Inserted::Duplicate | Inserted::Stale => {}
    }
    let message = Box::new(message);
    fx.push(Effect::Publish(ControlNews::Message {
        key: key.clone(),
        message,
        inserted: word,
    }));
}

fn newest(state: &mut State, key: &ThreadKey, id: &MessageId) -> bool {
    state
        .threads
        .open(key)
        .timeline
        .newest()
        .is_some_and(|m| *id > m.id)
}

/// A message nobody has seen yet.
fn arrived(state: &mut State, key: &ThreadKey, message: &Message) {
    let (current, now) = (state.threads.is_current(key), state.now.moment);
    let following = current && state.focus.is_following();
    let thread = state.threads.open(key);
    if let Some(sender) = &message.sender {
        thread.types_no_more(&sender.id);
    }
    let scrolled = current && !following;
    let end = if scrolled {
        Direction::Older
    } else {
        Direction::Newer
    };
    thread.timeline.trim(end);
    if following {
        thread.read_all(now);
    } else if !message.mine && message.sender.is_some() {
        thread.unread += 1;
        thread.unread_mentions += usize::from(message.mentions_me);
        if thread.marker.is_none() {
            thread.marker.clone_from(&thread.read_up_to);
        }
    }
    let (unread, topic) = (thread.unread, thread.topic.clone());
    if current && let Scroll::Anchored { newer, .. } = &mut state.focus.scroll {
        *newer += 1;
    }
    let Some(said) = message_said(state, message) else {
        return;
    };
    if current {
        state.say(said);
    } else if message.mentions_me {
        state.say(elsewhere(said, topic));
    } else {
        state.say(Said::OtherThread {
            count: unread,
            thread: topic,
        });
    }
}

fn elsewhere(mut said: Said, topic: String) -> Said {
    if let Said::Message { thread, .. } = &mut said {
        *thread = Some(topic);
    }
    said
}

/// What the transcript says of a message; `None` for our own and for the service's.
pub(super) fn message_said(state: &State, message: &Message) -> Option<Said> {
    let text = match &message.body {
        Body::Text(rich) => rich.to_text(),
        Body::Unknown(kind) => kind.clone(),
        Body::Deleted | Body::Blocked | Body::System(_) => return None,
    };
    let attached = message
        .attachments
        .iter()
        .filter(|a| !text.contains(&a.name))
        .map(Attachment::label);
    let texts = std::iter::once(text.clone()).chain(attached);
    let texts: Vec<String> = texts.filter(|t| !t.is_empty()).collect();
    let sender = message.sender.as_ref().filter(|_| !message.mine)?;
    Some(Said::Message {
        sender: state.sender(sender, false),
        texts,
        times: 1,
        mention: message.mentions_me,
        thread: None,
    })
}

/// Somebody edited or deleted a message, or put one back.
fn changed(state: &mut State, key: &ThreadKey, message: &Message, was: Was) {
    let Some(sender) = message
        .sender
        .as_ref()
        .filter(|_| state.threads.is_current(key))
    else {
        return;
    };
    let sender = state.sender(sender, message.mine);
    let said = match &message.body {
        Body::Text(rich) if was == Was::Deleted => Said::Restored {
            sender,
            text: rich.to_text(),
        },
        Body::Text(rich) => Said::Edited {
            sender,
            text: rich.to_text(),
        },
        Body::Deleted | Body::Blocked => Said::Deleted { sender },
        Body::System(_) | Body::Unknown(_) => return,
    };
    if message.mine {
        // What was asked for is done.
        state.say_as(Class::Answer, said);
    } else {
        state.say(said);
    }
}

/// Ours is an answer; of others' only those to our own messages are told.
fn reacted(state: &mut State, key: &ThreadKey, before: &[Reacted], message: &Message) {
    if !state.threads.is_current(key) {
        return;
    }
    let was = |kind: &str| before.iter().find(|reacted| reacted.kind == kind);
    let is_now = |kind: &str| {
        message
            .reactions
            .iter()
            .any(|now| now.kind == kind && now.mine)
    };
    let ours = |reacted: &&Reacted| reacted.mine;
    for now in message.reactions.iter().filter(ours) {
        if !was(&now.kind).is_some_and(|was| was.mine) {
            let kind = now.kind.clone();
            answer(state, Answer::ReactedTo { kind, set: true });
        }
    }
    for was in before.iter().filter(ours).filter(|was| !is_now(&was.kind)) {
        let kind = was.kind.clone();
        answer(state, Answer::ReactedTo { kind, set: false });
    }
    let theirs = |reacted: &Reacted| reacted.people - usize::from(reacted.mine);
    for now in message.reactions.iter().filter(|_| message.mine) {
        if theirs(now) > was(&now.kind).map_or(0, theirs) {
            state.say(Said::ReactionReceived {
                kind: now.kind.clone(),
                text: message.text(),
            });
        }
    }
}

fn on_receipt(state: &mut State, key: &ThreadKey, person: RawId, message: MessageId) {
    let mine = state
        .accounts
        .get(&key.account)
        .is_some_and(|a| a.raw_id.as_ref() == Some(&person));
    let thread = state.threads.open(key);
    if mine {
        thread.read_before(message);
    } else if thread
        .receipts
        .get(&person)
        .is_none_or(|known| *known < message)
    {
        thread.receipts.insert(person, message);
    }
}

fn on_topic(state: &mut State, key: &ThreadKey, topic: String, by: Option<Person>) {
    let thread = state.threads.open(key);
    let known = std::mem::replace(&mut thread.topic, topic.clone());
    if known != topic && state.threads.is_current(key) {
        state.say(Said::TopicChanged {
            topic,
            by: by.map(|p| p.name),
        });
    }
}

fn on_added(state: &mut State, key: &ThreadKey, people: Vec<Person>) {
    let me = me(state, key);
    let thread = state.threads.open(key);
    let mut joined = Vec::new();
    for person in people {
        if thread.participants.iter().all(|p| p.id != person.id) {
            joined.extend(Some(person.name.clone()).filter(|_| me.as_ref() != Some(&person.id)));
            thread.participants.push(person);
        }
    }
    came_and_went(state, key, joined, Vec::new());
}

fn on_removed(state: &mut State, key: &ThreadKey, people: &[Person]) {
    let me = me(state, key);
    let thread = state.threads.open(key);
    let gone = |p: &Person| people.iter().any(|g| g.id == p.id);
    let left = thread
        .participants
        .iter()
        .filter(|p| gone(p) && me.as_ref() != Some(&p.id));
    let left: Vec<String> = left.map(|p| p.name.clone()).collect();
    thread.participants.retain(|p| !gone(p));
    came_and_went(state, key, Vec::new(), left);
}

fn me(state: &State, key: &ThreadKey) -> Option<RawId> {
    state.accounts.get(&key.account)?.raw_id.clone()
}

/// In a meeting the call's roster tells who came; saying it twice helps nobody.
fn came_and_went(state: &mut State, key: &ThreadKey, joined: Vec<String>, left: Vec<String>) {
    let in_call = state
        .calls
        .get(&key.account)
        .is_some_and(|c| c.info.thread.as_ref() == Some(&key.thread));
    let nobody = joined.is_empty() && left.is_empty();
    if nobody || in_call || !state.threads.is_current(key) {
        return;
    }
    let people = state.threads.open(key).participants.len();
    state.say(Said::CameAndWent {
        joined,
        left,
        people,
    });
}
