//! What is read: one chat, the list of all, and the parts that fill gaps.

use crate::chat::graph::convert;
use crate::chat::graph::rest::Error;
use crate::chat::graph::sync::Part;
use crate::chat::graph::sync::Wish;
use crate::chat::graph::work;
use crate::chat::graph::work::Everything;
use crate::chat::graph::work::Extent;
use crate::clock::Clock;
use crate::event::ChatEvent;
use crate::event::WorkEvent;
use crate::model::failure::Because;
use crate::model::failure::Doing;
use crate::model::failure::Remedy;
use crate::model::identity::Person;
use crate::model::message::MessageId;
use crate::model::text;
use crate::model::thread::ChatAccess;
use crate::model::thread::Link;
use crate::model::thread::Listed;
use crate::model::thread::ThreadId;
use crate::model::thread::ThreadInfo;
use crate::model::thread::ThreadKind;
use crate::wire::graph::Page;
use crate::wire::graph::chat::Chat;
use crate::wire::graph::directory::Channel;
use crate::wire::graph::message::ChatMessage;
use crate::wire::graph::query::segment;

use super::Done;
use super::Driver;
use super::Listing;

impl Driver {
    /// Reads a part of a chat, unless another list of it is under way.
    pub(super) fn read(&mut self, thread: &ThreadId, wish: Wish) {
        let Some(part) = self.sync.ask(thread, wish) else {
            return;
        };
        let (rest, thread, place) = (self.rest.clone(), thread.clone(), self.place(thread));
        if self.teams.contains_key(&thread) {
            return self.read_channel(thread, &place, part);
        }
        self.ask(async move {
            let target = format!("{place}/messages?{}", part.query());
            let listed = match part {
                Part::Since(_) => rest.changes(&target).await.map(|messages| Listing {
                    messages,
                    next: None,
                }),
                Part::Newest | Part::Before(_) => {
                    rest.get::<Page<ChatMessage>>(&target)
                        .await
                        .map(|page| Listing {
                            messages: page.value,
                            next: page.next_link,
                        })
                }
            };
            Done::Listed(thread, part, listed)
        });
    }

    fn read_channel(&self, thread: ThreadId, place: &str, part: Part) {
        let newest = format!("{place}/messages?$top=50&$expand=replies");
        let target = match (&part, self.older.get(&thread)) {
            (Part::Before(_), Some(next)) => next.clone(),
            (Part::Before(_) | Part::Newest | Part::Since(_), _) => Some(newest),
        };
        let rest = self.rest.clone();
        self.ask(async move {
            let listed = match target {
                Some(target) => rest.get(&target).await.map(flattened),
                None => Ok(Listing::default()),
            };
            Done::Listed(thread, part, listed)
        });
    }

    pub(super) fn open(&mut self, thread: ThreadId) {
        if self.sync.is_open(&thread) {
            return self.read(&thread, Wish::Newer);
        }
        let rest = self.rest.clone();
        if let Some(team) = self.teams.get(&thread).cloned() {
            return self.ask(async move {
                let channels: Result<Vec<Channel>, Error> = rest
                    .all(&format!("/teams/{}/channels", segment(&team)))
                    .await;
                let chat = channels.and_then(|all| {
                    let channel = all.into_iter().find(|c| c.id == thread.as_str());
                    let gone = || Error::permanent(Because::NotFound, Remedy::None);
                    let channel = channel.ok_or_else(gone)?;
                    Ok(Box::new(Chat {
                        id: channel.id,
                        topic: channel.display_name.map(Into::into),
                        ..Chat::default()
                    }))
                });
                Done::Opened(thread, chat)
            });
        }
        let place = self.place(&thread);
        self.ask(async move {
            let read = work::chat(&rest, &place).await;
            Done::Opened(thread, read.map(Box::new))
        });
    }

    /// One list is under way; who wishes for it meanwhile is served by one more.
    pub(super) fn list(&mut self, asked: bool) {
        if self.listing {
            self.list_again = Some(asked || self.list_again == Some(true));
            return;
        }
        self.listing = true;
        let rest = self.rest.clone();
        let extent = if asked { Extent::Whole } else { Extent::Newest };
        self.ask(async move { Done::Chats(work::everything(&rest, extent).await, asked) });
    }

    pub(super) async fn listed(
        &mut self,
        thread: ThreadId,
        part: Part,
        result: Result<Listing, Error>,
    ) {
        let Listing {
            messages: page,
            next,
        } = match result {
            Ok(listing) => listing,
            Err(error) => {
                self.sync.listed(&thread, &part, std::iter::empty());
                let failure = error.failure(Doing::LoadingMessages);
                return self.tell(ChatEvent::ActionFailed { thread, failure }).await;
            }
        };
        let complete = next.is_none();
        let channel = self.teams.contains_key(&thread);
        if channel && !matches!(part, Part::Since(_)) {
            self.older.insert(thread.clone(), next);
        }
        let held = |m: &&ChatMessage| {
            let (created, modified) = convert::times(m);
            // An old post of a channel comes with new answers.
            channel && matches!(part, Part::Before(_)) || part.holds(created, modified)
        };
        let page: Vec<ChatMessage> = page.iter().filter(held).cloned().collect();
        for message in &page {
            if let Some(root) = &message.reply_to_id {
                let key = (thread.clone(), MessageId::new(&text::line(&message.id)));
                self.roots.insert(key, MessageId::new(&text::line(root)));
            }
        }
        let again = {
            let times = page.iter().map(convert::times);
            self.sync.listed(&thread, &part, times)
        };
        let mut messages: Vec<_> = page
            .iter()
            .filter_map(|message| convert::message(&self.eyes, message))
            .collect();
        messages.sort_by(|a, b| a.id.cmp(&b.id));
        let first = thread.clone();
        let events = match part {
            Part::Newest => {
                let whole = ChatEvent::OlderPage {
                    thread: thread.clone(),
                    messages: Vec::new(),
                    complete: true,
                };
                let newest = ChatEvent::NewerPage {
                    thread: thread.clone(),
                    messages,
                };
                if complete {
                    vec![newest, whole]
                } else {
                    vec![newest]
                }
            }
            Part::Before(_) => vec![ChatEvent::OlderPage {
                thread: thread.clone(),
                messages,
                complete,
            }],
            Part::Since(_) => messages
                .into_iter()
                .map(|message| ChatEvent::MessageReceived {
                    thread: thread.clone(),
                    message,
                })
                .collect(),
        };
        for event in events {
            self.tell(event).await;
        }
        if self.link != Link::Live || self.teams.contains_key(&first) {
            self.as_of(first).await;
        }
        if let Some(wish) = again {
            self.read(&thread, wish);
        }
    }

    pub(super) async fn opened(&mut self, thread: ThreadId, result: Result<Box<Chat>, Error>) {
        let chat = match result {
            Ok(chat) => chat,
            Err(error) => {
                let failure = error.failure(Doing::OpeningThread);
                let access = ChatAccess::Denied(failure);
                return self.tell(ChatEvent::Access { thread, access }).await;
            }
        };
        let members = chat.members.iter().flatten();
        let participants: Vec<Person> = members
            .filter_map(|who| convert::member(&self.eyes, who))
            .collect();
        self.eyes.remember(&participants);
        let listed = convert::listed(&self.eyes, &chat);
        let read = chat.viewpoint.as_ref();
        let read = read.and_then(|v| convert::time(v.last_message_read_date_time.as_ref()));
        self.tell(ChatEvent::ThreadRead(ThreadInfo {
            id: thread.clone(),
            topic: listed.topic,
            participants,
        }))
        .await;
        let access = ChatAccess::Open;
        self.tell(ChatEvent::Access {
            thread: thread.clone(),
            access,
        })
        .await;
        if let Some(read) = read {
            // Ids count milliseconds: what was read up to a time has ids up to it.
            let message = MessageId::new(&read.as_millis().to_string());
            let person = self.eyes.me.clone();
            let event = ChatEvent::ReadReceipt {
                thread: thread.clone(),
                person,
                message,
            };
            self.tell(event).await;
        }
        self.read(&thread, Wish::Newer);
    }

    pub(super) async fn chats(&mut self, result: Result<Everything, Error>, asked: bool) {
        self.listing = false;
        if let Some(asked) = self.list_again.take() {
            self.list(asked);
        }
        let Everything { chats, teams } = match result {
            Ok(all) => all,
            Err(error) => {
                let failure = error.failure(Doing::AskingOrganisation);
                return self.tell(ChatEvent::Work(WorkEvent::Failed(failure))).await;
            }
        };
        for chat in &chats {
            let members = chat.members.iter().flatten();
            let people: Vec<Person> = members
                .filter_map(|who| convert::member(&self.eyes, who))
                .collect();
            self.eyes.remember(&people);
        }
        let mut threads: Vec<Listed> = chats
            .iter()
            .map(|chat| convert::listed(&self.eyes, chat))
            .collect();
        for (team, channels) in teams {
            for channel in channels {
                let id = ThreadId::new(&text::line(&channel.id));
                self.teams.insert(id.clone(), team.id.clone());
                let name = |name: &Option<String>| text::name(name.as_deref().unwrap_or_default());
                threads.push(Listed {
                    id,
                    topic: format!(
                        "{} / {}",
                        name(&team.display_name),
                        name(&channel.display_name)
                    ),
                    kind: ThreadKind::Channel,
                    unread: false,
                    meeting: None,
                    preview: None,
                });
            }
        }
        let at = Clock.utc();
        let listed = WorkEvent::Listed { threads, at, asked };
        self.tell(ChatEvent::Work(listed)).await;
    }
}

/// Posts, and the answers that came with them, in one list.
fn flattened(page: Page<ChatMessage>) -> Listing {
    let mut messages = Vec::new();
    for mut post in page.value {
        messages.append(&mut post.replies);
        messages.push(post);
    }
    Listing {
        messages,
        next: page.next_link,
    }
}
