//! What the person asks for, and what is posted for them.

use reqwest::Method;
use serde_json::json;
use url::Url;

use crate::chat::attachment;
use crate::chat::graph::convert;
use crate::chat::graph::files;
use crate::chat::graph::outbox;
use crate::chat::graph::outbox::Letter;
use crate::chat::graph::rest::Error;
use crate::chat::graph::sync::OVERLAP;
use crate::chat::graph::sync::Wish;
use crate::chat::graph::work;
use crate::clock::Clock;
use crate::clock::Timestamp;
use crate::effect::ChatCommand;
use crate::effect::WorkCommand;
use crate::event::ChatEvent;
use crate::event::WorkEvent;
use crate::model::failure::Doing;
use crate::model::message::Draft;
use crate::model::message::MessageId;
use crate::model::thread::ThreadId;
use crate::wire::graph::Page;
use crate::wire::graph::chat::ForUser;
use crate::wire::graph::chat::ReplyWithQuote;
use crate::wire::graph::chat::UserKey;
use crate::wire::graph::message::ChatMessage;
use crate::wire::graph::message::SetReaction;
use crate::wire::graph::query::segment;

use super::Done;
use super::Driver;

impl Driver {
    pub(super) async fn perform(&mut self, outputs: Vec<outbox::Output>) {
        for output in outputs {
            match output {
                outbox::Output::Post(letter) => self.post(letter),
                outbox::Output::Look(letter) => self.look(letter),
                outbox::Output::Event(event) => self.tell(event).await,
            }
        }
    }

    pub(super) fn post(&self, letter: Letter) {
        let (rest, place) = (self.rest.clone(), self.place(&letter.thread));
        let request = convert::outgoing(&letter.draft);
        let quoted = letter
            .draft
            .reply_to
            .as_ref()
            .and_then(|quoted| quoted.id.clone());
        let channel = self.teams.contains_key(&letter.thread);
        let root = quoted.clone().map(|id| {
            let key = (letter.thread.clone(), id.clone());
            self.roots.get(&key).cloned().unwrap_or(id)
        });
        self.ask(async move {
            let result = match (quoted, root) {
                (Some(_), Some(root)) if channel => {
                    let target = format!("{place}/messages/{}/replies", segment(root.as_str()));
                    rest.post_once(&target, &request).await
                }
                (Some(quoted), _) => {
                    let reply = ReplyWithQuote {
                        message_ids: vec![quoted.as_str().to_owned()],
                        reply_message: request,
                    };
                    rest.post_once(&format!("{place}/messages/replyWithQuote"), &reply)
                        .await
                }
                (None, _) => rest.post_once(&format!("{place}/messages"), &request).await,
            };
            Done::Posted(letter, result.map(Box::new))
        });
    }

    pub(super) fn look(&self, letter: Letter) {
        let (rest, place, eyes) = (
            self.rest.clone(),
            self.place(&letter.thread),
            self.eyes.clone(),
        );
        let earliest = earliest(letter.seen);
        self.ask(async move {
            let target = format!("{place}/messages?$top=50");
            let page: Result<Page<ChatMessage>, Error> = rest.get(&target).await;
            let found = page.map(|page| {
                let mut all = page.value;
                all.retain(|message| {
                    convert::times(message).0 >= earliest
                        && convert::is_sent(&eyes, message, &letter.draft)
                });
                all
            });
            Done::Looked(letter, found)
        });
    }

    pub(super) async fn command(&mut self, command: ChatCommand) {
        match command {
            ChatCommand::Open(thread) | ChatCommand::Retry(thread) => self.open(thread),
            ChatCommand::Close(thread) => self.sync.close(&thread),
            ChatCommand::LoadOlder { thread, .. } => self.read(&thread, Wish::Older),
            ChatCommand::LoadNewer { thread, .. } => self.read(&thread, Wish::Newer),
            ChatCommand::Refresh(thread) => {
                self.rest.wider().await;
                self.open(thread);
                self.list(false);
            }
            ChatCommand::Send {
                thread,
                client_id,
                draft,
            } => {
                let seen = self.sync.seen(&thread);
                let outputs = self.outbox.send(thread, client_id, draft, seen);
                self.perform(outputs).await;
            }
            // Graph has no typing indicators.
            ChatCommand::Typing(_) => {}
            ChatCommand::Read { thread, .. } => self.mark(thread, "markChatReadForUser"),
            ChatCommand::Edit {
                thread,
                message,
                draft,
            } => {
                let request = convert::outgoing(&Draft {
                    reply_to: None,
                    ..draft
                });
                let target = self.of_message(&thread, &message, "");
                self.change(thread, Doing::Editing, Method::PATCH, target, request);
            }
            ChatCommand::Delete { thread, message } => {
                let target = self.of_own(&thread, &message, "/softDelete");
                self.change(thread, Doing::Deleting, Method::POST, target, json!({}));
            }
            ChatCommand::SaveAttachment {
                thread,
                attachment,
                path,
            } => {
                let rest = self.rest.clone();
                self.errand(async move {
                    let fetch = async |url: String| {
                        let bytes = rest.bytes(&url).await;
                        bytes.map_err(|error| error.failure(Doing::SavingAttachment))
                    };
                    Some(attachment::save(fetch, thread, &attachment, &path).await)
                });
            }
            ChatCommand::Work(command) => self.work(command),
        }
    }

    pub(super) fn of_message(&self, thread: &ThreadId, message: &MessageId, act: &str) -> String {
        let place = self.place(thread);
        let own = segment(message.as_str());
        // Answers in a channel lie below their post.
        match self.roots.get(&(thread.clone(), message.clone())) {
            Some(root) => format!(
                "{place}/messages/{}/replies/{own}{act}",
                segment(root.as_str())
            ),
            None => format!("{place}/messages/{own}{act}"),
        }
    }

    /// Deletions are documented below the own user only.
    pub(super) fn of_own(&self, thread: &ThreadId, message: &MessageId, act: &str) -> String {
        let target = self.of_message(thread, message, act);
        if self.teams.contains_key(thread) {
            target
        } else {
            format!("/users/{}{target}", segment(&self.me.id))
        }
    }

    pub(super) fn change(
        &self,
        thread: ThreadId,
        doing: Doing,
        method: Method,
        target: String,
        body: impl serde::Serialize + Send + Sync + 'static,
    ) {
        let rest = self.rest.clone();
        self.ask(async move {
            let result = rest.act(method, &target, &body).await;
            Done::Changed(thread, doing, result)
        });
    }

    fn for_me(&self) -> ForUser {
        ForUser {
            user: UserKey {
                id: self.me.id.clone(),
                tenant_id: None,
            },
            last_message_read_date_time: None,
        }
    }

    /// What the person asked for, unlike that something was read: they are told what became of it.
    fn mark_unread(&self, thread: ThreadId) {
        let doing = Doing::AskingOrganisation;
        if self.teams.contains_key(&thread) {
            let refused =
                Error::refused("Microsoft keeps no mark of what you have read in a channel");
            return self.ask(async move { Done::Changed(thread, doing, Err(refused)) });
        }
        let target = format!("{}/markChatUnreadForUser", self.place(&thread));
        self.change(thread, doing, Method::POST, target, self.for_me());
    }

    pub(super) fn mark(&self, thread: ThreadId, act: &str) {
        if self.teams.contains_key(&thread) {
            return;
        }
        let body = self.for_me();
        let (rest, target) = (self.rest.clone(), format!("{}/{act}", self.place(&thread)));
        self.errand(async move {
            if let Err(error) = rest.act(Method::POST, &target, &body).await {
                tracing::debug!(?error, "the state of reading was not told");
            }
            None
        });
    }

    pub(super) fn work(&mut self, command: WorkCommand) {
        let rest = self.rest.clone();
        let base = origin(&self.eyes.endpoint);
        match command {
            WorkCommand::List => {
                let wider = self.rest.clone();
                self.errand(async move {
                    wider.wider().await;
                    None
                });
                self.list(true);
            }
            WorkCommand::FindPeople(words) => {
                self.tell_later(async move {
                    Ok(WorkEvent::People(work::people(&rest, &words).await?))
                });
            }
            WorkCommand::NewChat { names, topic } => {
                let me = self.me.id.clone();
                self.tell_later(
                    async move { work::new_chat(&rest, &base, me, names, topic).await },
                );
            }
            WorkCommand::Search(words) => {
                self.tell_later(async move { work::search(&rest, &words).await });
            }
            WorkCommand::Presence(thread) => {
                let mut names = self.eyes.names.clone();
                if thread.is_none() {
                    names.retain(|id, _| *id == self.eyes.me);
                }
                self.tell_later(async move { work::presences(&rest, names).await });
            }
            WorkCommand::SetPresence(presence) => {
                let me = self.me.clone();
                self.tell_later(async move { work::set_presence(&rest, me, presence).await });
            }
            WorkCommand::Undelete { thread, message } => {
                let target = self.of_own(&thread, &message, "/undoSoftDelete");
                self.change(thread, Doing::Deleting, Method::POST, target, json!({}));
            }
            WorkCommand::React {
                thread,
                message,
                kind,
                set,
            } => {
                let act = if set {
                    "/setReaction"
                } else {
                    "/unsetReaction"
                };
                let target = self.of_message(&thread, &message, act);
                let body = SetReaction {
                    reaction_type: kind,
                };
                self.change(thread, Doing::Reacting, Method::POST, target, body);
            }
            WorkCommand::AddMember { thread, name } => {
                let place = self.place(&thread);
                self.ask(async move {
                    let added = work::add(&rest, &base, &place, &name).await;
                    Done::Changed(thread, Doing::AskingOrganisation, added)
                });
            }
            WorkCommand::RemoveMember { thread, name } => {
                let place = self.place(&thread);
                self.ask(async move {
                    let removed = work::remove(&rest, &place, &name).await;
                    Done::Changed(thread, Doing::AskingOrganisation, removed)
                });
            }
            WorkCommand::Rename { thread, topic } => {
                let target = self.place(&thread);
                let body = json!({ "topic": topic });
                self.change(
                    thread,
                    Doing::AskingOrganisation,
                    Method::PATCH,
                    target,
                    body,
                );
            }
            WorkCommand::MarkUnread(thread) => self.mark_unread(thread),
            WorkCommand::MeetingChat(link) => {
                self.tell_later(async move { work::meeting_chat(&rest, &base, &link).await });
            }
            WorkCommand::SendPicture { thread, path } => {
                let place = self.place(&thread);
                self.ask(async move {
                    let sent = files::send_picture(&rest, &place, &path).await;
                    Done::Changed(thread, Doing::SendingPicture, sent)
                });
            }
            WorkCommand::SendFile { thread, path } => self.send_file(thread, path),
        }
    }

    fn send_file(&mut self, thread: ThreadId, path: String) {
        let (rest, place) = (self.rest.clone(), self.place(&thread));
        let me = self.me.id.clone();
        let before = self.uploaded.remove(&(thread.clone(), path.clone()));
        self.ask(async move {
            let sent = files::send(&rest, &place, &me, &path, before).await;
            Done::File(thread, path, sent)
        });
    }

    pub(super) fn tell_later(
        &self,
        errand: impl Future<Output = Result<WorkEvent, Error>> + Send + 'static,
    ) {
        self.errand(async move {
            let failed = |error: Error| WorkEvent::Failed(error.failure(Doing::AskingOrganisation));
            Some(ChatEvent::Work(errand.await.unwrap_or_else(failed)))
        });
    }
}

fn origin(endpoint: &Url) -> String {
    let base = endpoint.as_str().trim_end_matches('/');
    base.strip_suffix(crate::wire::graph::VERSION)
        .unwrap_or(base)
        .to_owned()
}

/// What was there when it was given to us is not it, though it may say the same. The service's times
/// are not told in order, so two seconds are left.
fn earliest(seen: Option<Timestamp>) -> Timestamp {
    let recent = Clock.utc().as_millis() - RECENT_MILLIS;
    let seen = seen.map(|time| time.as_millis() - OVERLAP);
    Timestamp::from_millis(seen.map_or(recent, |seen| seen.max(recent)))
}

/// How long ago a message that may have arrived can have arrived.
const RECENT_MILLIS: i64 = 5 * 60 * 1000;
