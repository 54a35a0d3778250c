//! Scripted people who make a meeting live: they come, talk, record, and answer when spoken to.
//!
//! `script` says what happens when; this file lets it happen, as anybody else would,
//! through the store and the meeting. Driven by deadlines and by what guests do.

mod replies;
mod scenes;
mod script;

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use crate::clock::Moment;
use crate::service::Service;
use crate::service::meetings::Meeting;
use crate::service::meetings::Now;
use crate::service::meetings::Options;
use crate::service::meetings::Output;
use crate::service::store::Body;
use crate::service::store::Draft;
use crate::service::store::Edit;
use crate::service::store::Refusal;
use crate::wire::local::NoticeKind;
use crate::wire::local::Person;
use crate::wire::local::Role;
use crate::wire::local::Words;

use self::scenes::Member;
use self::scenes::Step;
use self::script::Script;

/// How the cast behaves. The same seed plays the same scenes in the same order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cast {
    pub seed: u64,
    /// How long a guest waits in the lobby before Alice notices.
    pub admit_after: Duration,
}

impl Cast {
    /// Guests are let in at once, into a meeting they may help to lead.
    pub const fn demo() -> Self {
        Self {
            seed: 7,
            admit_after: Duration::ZERO,
        }
    }

    /// The meeting the demo takes place in.
    pub fn demo_meeting() -> Options {
        Options {
            topic: "Design review".to_owned(),
            guest_role: Role::Presenter,
            ..Options::default()
        }
    }

    /// Brings the cast into a meeting; it acts until the service stops.
    pub fn start(self, service: &Arc<Service>, thread: &str) {
        let now = service.clock().now();
        let mut stage = Stage {
            service: service.clone(),
            thread: thread.to_owned(),
            cast: self,
            script: Script::new(self.seed),
            ids: HashMap::new(),
            said: HashMap::new(),
            guest: None,
            waiting: HashMap::new(),
            heard: 0,
        };
        for member in [Member::Alice, Member::Bob, Member::Carol] {
            stage.enter(member);
        }
        service.tasks().spawn(async move {
            stage.look(now);
            stage.run().await;
        });
    }
}

struct Stage {
    service: Arc<Service>,
    thread: String,
    cast: Cast,
    script: Script,
    /// Raw ids of those who have been here.
    ids: HashMap<Member, String>,
    /// The messages that later steps come back to.
    said: HashMap<&'static str, u64>,
    /// Whom they speak to.
    guest: Option<Person>,
    /// Guests before the door, and when to let them in.
    waiting: HashMap<String, Moment>,
    /// Sequence number of the last message that was listened to.
    heard: u64,
}

impl Stage {
    async fn run(mut self) {
        let mut changes = self.service.changes();
        let clock = self.service.clock();
        loop {
            changes.borrow_and_update();
            let now = clock.now();
            self.look(now);
            self.let_in(now);
            while let Some(step) = self.script.next(now) {
                self.play(step);
            }
            let doors = self.waiting.values().min().copied();
            let deadline = doors.into_iter().chain(self.script.deadline()).min();
            let wait = deadline.map_or(LONGEST_SLEEP, |at| at.since(clock.now()));
            tokio::select! {
                () = tokio::time::sleep(wait) => {}
                alive = changes.changed() => if alive.is_err() {
                    return;
                },
            }
        }
    }

    /// Who is there, and what they said.
    fn look(&mut self, now: Moment) {
        let state = self.service.lock();
        let Some(meeting) = state.meetings.get(&self.thread) else {
            return;
        };
        let clients: Vec<(Person, bool)> = meeting
            .clients()
            .map(|(who, inside)| (who.clone(), inside))
            .collect();
        let news = state.store.live(&self.thread).map_or_else(
            |_| Vec::new(),
            |thread| {
                let messages = thread.messages();
                let new = messages.partition_point(|message| message.sequence <= self.heard);
                messages[new..].to_vec()
            },
        );
        drop(state);
        self.watch_doors(&clients, now);
        for message in news {
            self.heard = message.sequence;
            let from_guest = clients
                .iter()
                .any(|(who, _)| Some(&who.id) == message.sender.as_ref());
            if let (true, Body::Text(content) | Body::Html { content, .. }) =
                (from_guest, &message.body)
            {
                self.script.hear(content, now);
                self.mark_read(message.id);
            }
        }
    }

    fn watch_doors(&mut self, clients: &[(Person, bool)], now: Moment) {
        self.waiting
            .retain(|id, _| clients.iter().any(|(who, inside)| who.id == *id && !inside));
        for (who, inside) in clients {
            if !inside && !self.waiting.contains_key(&who.id) {
                let at = now + self.cast.admit_after;
                self.waiting.insert(who.id.clone(), at);
            }
        }
        let inside = clients.iter().find(|(_, inside)| *inside);
        match (inside, &self.guest) {
            (Some((guest, _)), None) => {
                self.guest = Some(guest.clone());
                self.script.begin(now);
            }
            (None, Some(_)) => {
                self.guest = None;
                self.script.pause();
            }
            (Some(_), Some(_)) | (None, None) => {}
        }
    }

    fn let_in(&mut self, now: Moment) {
        let due: Vec<String> = self
            .waiting
            .extract_if(|_, at| *at <= now)
            .map(|(id, _)| id)
            .collect();
        for id in due {
            self.act(|meeting, now, out| {
                let _ = meeting.admit(&id, now, out);
            });
        }
        if self.guest.is_none() {
            self.look(now);
        }
    }

    /// A step that cannot be done now (somebody was removed, say) is left out, as people would.
    fn play(&mut self, step: Step) {
        match step {
            Step::Enter(who) => self.enter(who),
            Step::LetIn(who) => self.on(who, |meeting, id, now, out| {
                let _ = meeting.admit(id, now, out);
            }),
            Step::Leave(who) => self.on(who, |meeting, id, _, out| {
                let _ = meeting.leave(id, out);
            }),
            Step::Hand(who, raised) => self.on(who, |meeting, id, _, out| {
                let _ = meeting.raise_hand(id, raised, out);
            }),
            Step::React(who, reaction) => self.on(who, |meeting, id, _, out| {
                let _ = meeting.react(id, reaction, out);
            }),
            Step::Talk(who) => self.on(who, |meeting, id, _, out| {
                let _ = meeting.set_muted(id, false, out);
                let _ = meeting.set_talking(vec![id.to_owned()], out);
            }),
            Step::Hush(who) => self.on(who, |meeting, id, _, out| {
                let _ = meeting.set_talking(Vec::new(), out);
                let _ = meeting.set_muted(id, true, out);
            }),
            Step::Spoken(who, text, all) => self.on(who, |meeting, id, _, out| {
                let _ = meeting.caption(id, words(text, all), out);
            }),
            Step::Written(who, text, all) => self.on(who, |meeting, id, _, out| {
                let _ = meeting.real_time_text(id, words(text, all), out);
            }),
            Step::Speak(who, text) => self.on(who, |meeting, id, _, out| {
                let _ = meeting.speak(id, text, out);
            }),
            // The script has made words of it.
            Step::Write(..) => {}
            Step::Notice(who, NoticeKind::Recording, active) => self.record(who, active),
            Step::Notice(who, kind, active) => self.act(|meeting, now, out| {
                meeting.set_notice(kind, active, Some(who.name().to_owned()), now, out);
            }),
            Step::Type(who) => self.chat(who, |stage, id| stage.typing(id)),
            Step::Say(who, key, html) => self.chat(who, |stage, id| stage.say(id, key, html)),
            Step::Reply(who, key, to, html) => self.chat(who, |stage, id| {
                let quoted = stage.quoted(to);
                stage.say(id, key, &format!("{quoted}{html}"))
            }),
            Step::Edit(who, key, html) => self.chat(who, |stage, id| stage.edit(id, key, html)),
            Step::Delete(who, key) => self.chat(who, |stage, id| stage.delete(id, key)),
        }
    }

    fn record(&self, who: Member, active: bool) {
        let by = Some(who.name().to_owned());
        if let Err(refusal) = self.service.set_recording(&self.thread, active, by) {
            tracing::warn!(%refusal, "the cast could not record");
        }
    }

    fn act(&self, act: impl FnOnce(&mut Meeting, Now, &mut Vec<Output>)) {
        let _ = self.service.in_meeting(&self.thread, act);
    }

    fn on(&self, who: Member, act: impl FnOnce(&mut Meeting, &str, Now, &mut Vec<Output>)) {
        if let Some(id) = self.ids.get(&who) {
            self.act(|meeting, now, out| act(meeting, id, now, out));
        }
    }

    fn enter(&mut self, who: Member) {
        let (service, thread) = (&self.service, &self.thread);
        let (name, role) = (who.name(), Some(who.role()));
        let arrived = if let Some(id) = self.ids.get(&who) {
            let again = service.arrive(thread, id, name, role);
            again.map(|()| id.clone())
        } else {
            service.add_to_meeting(thread, name, who.is_external(), role)
        };
        match arrived {
            Ok(id) => {
                self.ids.insert(who, id);
            }
            Err(refusal) => tracing::warn!(%refusal, "one of the cast could not come"),
        }
    }

    fn chat(&mut self, who: Member, act: impl FnOnce(&mut Self, &str) -> Result<(), Refusal>) {
        let Some(id) = self.ids.get(&who).cloned() else {
            return;
        };
        if let Err(refusal) = act(self, &id) {
            tracing::debug!(%refusal, "one of the cast kept silent");
        }
    }

    fn typing(&self, id: &str) -> Result<(), Refusal> {
        self.service.change(|store, now| {
            let change = store.typing(&self.thread, id, None, now)?;
            Ok(((), change.into_iter().collect()))
        })
    }

    fn say(&mut self, id: &str, key: &'static str, html: &str) -> Result<(), Refusal> {
        let draft = Draft::html(&self.addressed(html));
        let (message, _) = self.service.post_as(&self.thread, id, draft)?;
        self.said.insert(key, message);
        Ok(())
    }

    fn edit(&self, id: &str, key: &str, html: &str) -> Result<(), Refusal> {
        let Some(message) = self.said.get(key) else {
            return Ok(());
        };
        let edit = Edit {
            content: Some(self.addressed(html)),
            metadata: None,
        };
        self.service.change(|store, now| {
            let change = store.edit(&self.thread, id, *message, edit, now)?;
            Ok(((), vec![change]))
        })
    }

    fn delete(&self, id: &str, key: &str) -> Result<(), Refusal> {
        let Some(message) = self.said.get(key) else {
            return Ok(());
        };
        self.service.change(|store, now| {
            let change = store.delete(&self.thread, id, *message, now)?;
            Ok(((), change.into_iter().collect()))
        })
    }

    fn mark_read(&self, message: u64) {
        let Some(bob) = self.ids.get(&Member::Bob) else {
            return;
        };
        let read = self.service.change(|store, now| {
            let change = store.read(&self.thread, bob, message, now)?;
            Ok(((), change.into_iter().collect()))
        });
        if let Err(refusal) = read {
            tracing::debug!(%refusal, "a receipt was not sent");
        }
    }

    /// `{guest}` becomes a mention of whom they speak to, `{page}` the address for browsers.
    fn addressed(&self, html: &str) -> String {
        let mention = self.guest.as_ref().map_or_else(String::new, |guest| {
            let name = guest.display_name.trim_end_matches(" (External)");
            format!(r#"<at id="{}">{}</at>"#, escaped(&guest.id), escaped(name))
        });
        let state = self.service.lock();
        let meeting = state.meetings.get(&self.thread);
        let page = meeting.map_or_else(String::new, |it| escaped(&it.names.guest_link));
        html.replace("{guest}", &mention).replace("{page}", &page)
    }

    /// The head of a message that answers another, in the vendor's form.
    fn quoted(&self, key: &str) -> String {
        let Some(id) = self.said.get(key) else {
            return String::new();
        };
        let state = self.service.lock();
        let thread = state.store.live(&self.thread).ok();
        let found = thread.and_then(|thread| thread.messages().iter().rev().find(|m| m.id == *id));
        let Some(message) = found else {
            return String::new();
        };
        let (Body::Text(content) | Body::Html { content, .. }) = &message.body else {
            return String::new();
        };
        format!(
            "<blockquote itemscope itemtype=\"http://schema.skype.com/Reply\" itemid=\"{id}\">\
             <strong itemprop=\"mri\" itemid=\"{}\">{}</strong><p itemprop=\"preview\">{}</p>\
             </blockquote>",
            escaped(message.sender.as_deref().unwrap_or_default()),
            escaped(&message.sender_name),
            escaped(&replies::words(content)),
        )
    }
}

fn words(text: &str, is_final: bool) -> Words {
    Words {
        text: text.to_owned(),
        is_final,
        language: Some("en-GB".to_owned()),
    }
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('"', "&quot;")
}

const LONGEST_SLEEP: Duration = Duration::from_hours(1);
