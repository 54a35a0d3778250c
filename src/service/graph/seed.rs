//! The people of the organisation, and what they have written to each other before.

use crate::clock::Timestamp;
use crate::service::Service;
use crate::service::store::Body;
use crate::service::store::Draft;
use crate::service::store::History;
use crate::service::store::Kind;
use crate::service::store::NewThread;
use crate::service::store::Participant;
use crate::service::store::Refusal;
use crate::service::store::Who;
use crate::wire::graph::directory::Availability;
use crate::wire::graph::event::EventMessageDetail;
use crate::wire::graph::message::Identity;
use crate::wire::graph::message::IdentitySet;

use super::convert::EVENT_KIND;
use super::tenant::ADA;
use super::tenant::TeamOf;
use super::tenant::User;

const PEOPLE: [(&str, &str, &str, &str); 5] = [
    (
        "ada00000-0000-4000-8000-10ca15e4b1ce",
        "Ada Quist",
        ADA,
        "Engineer",
    ),
    (
        "a11ce000-0000-4000-8000-10ca15e4b1ce",
        "Alice Moreau",
        "alice@sidetone.example",
        "Team lead",
    ),
    (
        "b0b00000-0000-4000-8000-10ca15e4b1ce",
        "Bob Lindqvist",
        "bob@sidetone.example",
        "Engineer",
    ),
    (
        "ca201000-0000-4000-8000-10ca15e4b1ce",
        "Carol Osei",
        "carol@sidetone.example",
        "Designer",
    ),
    (
        "f9a00000-0000-4000-8000-10ca15e4b1ce",
        "Farid Haddad",
        "farid@sidetone.example",
        "Writer",
    ),
];

const TEAM: &str = "7ea00000-0000-4000-8000-10ca15e4b1ce";

impl Service {
    /// The directory alone: people exist before anybody is in a chat.
    pub(in crate::service) fn found_organisation(&self) {
        let mut guard = self.lock();
        let state = &mut *guard;
        for (id, name, upn, title) in PEOPLE {
            let user = User {
                id: id.to_owned(),
                name: name.to_owned(),
                upn: upn.to_owned(),
                title: title.to_owned(),
            };
            // The same people sign in at the directory.
            state.entra.directory.enter(id, upn, name);
            let raw = user.raw_id();
            state.store.identities.register(&raw, Some(name.to_owned()));
            let seen = (Availability::Available, "Available".to_owned());
            state.tenant.presence.insert(user.id.clone(), seen);
            state.tenant.users.push(user);
        }
    }

    /// A chat of two, one of several, a team with two channels, and Ada's place in a meeting.
    pub fn plant_chats(&self, meeting: Option<&str>) -> Result<(), Refusal> {
        let now = self.clock().utc().as_millis();
        let ago = |minutes: i64| Timestamp::from_millis(now - minutes * 60_000);
        let two = self.plant_chat(
            Kind::OneOnOne,
            "",
            &["Ada Quist", "Bob Lindqvist"],
            ago(300),
        )?;
        self.plant_words(
            &two,
            "Bob Lindqvist",
            "<p>Did you see that the build is green again?</p>",
            ago(290),
        )?;
        self.plant_words(&two, "Ada Quist", "<p>Yes, thank you!</p>", ago(280))?;
        let several = ["Alice Moreau", "Ada Quist", "Bob Lindqvist", "Carol Osei"];
        let group = self.plant_chat(Kind::Chat, "Release notes", &several, ago(200))?;
        self.plant_words(
            &group,
            "Carol Osei",
            "<p>The draft is <b>ready</b> for reading.</p>",
            ago(120),
        )?;
        self.plant_words(
            &group,
            "Alice Moreau",
            "<p>I will read it <i>today</i>.</p>",
            ago(60),
        )?;
        let general = self.plant_chat(Kind::Channel, "General", &several, ago(500))?;
        let ideas = self.plant_chat(Kind::Channel, "Ideas", &several, ago(500))?;
        self.plant_words(
            &general,
            "Alice Moreau",
            "<p>Welcome to the team.</p>",
            ago(490),
        )?;
        self.lock().tenant.teams.push(TeamOf {
            id: TEAM.to_owned(),
            name: "Audio".to_owned(),
            channels: vec![general, ideas],
        });
        if let Some(meeting) = meeting {
            self.invite(meeting, "Ada Quist")?;
            self.plant_call(meeting, ago(30))?;
        }
        Ok(())
    }

    /// Somebody of the organisation gets their place in a meeting's chat.
    pub fn invite(&self, meeting: &str, name: &str) -> Result<(), Refusal> {
        let who = self.colleague(name)?;
        self.change(|store, now| {
            let thread = store.live(meeting)?;
            let by = thread.who(&thread.creator);
            Ok(((), store.admit(meeting, &by, who, History::All, now)?))
        })
    }

    /// A system message, as a meeting that began or ended leaves one.
    pub fn post_event(&self, chat: &str, event: &EventMessageDetail) -> Result<u64, Refusal> {
        let content = serde_json::to_string(event).unwrap_or_default();
        let body = Body::Other {
            kind: EVENT_KIND.to_owned(),
            content,
        };
        self.change(|store, now| {
            let (id, change) = store.announce(chat, body, now)?;
            Ok((id, vec![change]))
        })
    }

    fn plant_call(&self, chat: &str, at: Timestamp) -> Result<(), Refusal> {
        let alice = self.colleague("Alice Moreau")?;
        let initiator = Identity {
            id: alice.id.trim_start_matches("8:orgid:").to_owned(),
            ..Identity::default()
        };
        let event = EventMessageDetail {
            call_event_type: Some("meeting".to_owned()),
            call_duration: Some("PT31M12S".to_owned()),
            initiator: Some(IdentitySet::user(initiator)),
            ..EventMessageDetail::of("callEnded")
        };
        let content = serde_json::to_string(&event).unwrap_or_default();
        let kind = EVENT_KIND.to_owned();
        self.change(|store, _| {
            let (_, change) = store.announce(chat, Body::Other { kind, content }, at)?;
            Ok(((), vec![change]))
        })
    }

    fn colleague(&self, name: &str) -> Result<Participant, Refusal> {
        let state = self.lock();
        let user = state.tenant.named(name);
        let user = user.ok_or(Refusal::NotFound(
            "Nobody of the organisation is called so.",
        ))?;
        Ok(Participant::new(&user.raw_id(), Some(name)))
    }

    fn plant_chat(
        &self,
        kind: Kind,
        topic: &str,
        names: &[&str],
        at: Timestamp,
    ) -> Result<String, Refusal> {
        let people: Result<Vec<_>, _> = names.iter().map(|name| self.colleague(name)).collect();
        let people = people?;
        let creator = people[0].clone();
        self.change(|store, _| {
            let new = NewThread {
                participants: people,
                unnamed: true,
                ..NewThread::new(kind, topic)
            };
            let (id, _, changes) = store.create_thread(creator, new, at)?;
            Ok((id, changes))
        })
    }

    fn plant_words(
        &self,
        chat: &str,
        name: &str,
        html: &str,
        at: Timestamp,
    ) -> Result<(), Refusal> {
        let who: Who = {
            let who = self.colleague(name)?;
            Who {
                id: who.id,
                display_name: who.display_name,
            }
        };
        self.change(|store, _| {
            let draft = Draft {
                sender_name: who.display_name,
                ..Draft::html(html)
            };
            let (_, change) = store.post(chat, &who.id, draft, at)?;
            Ok(((), vec![change]))
        })
    }
}
