//! What the service holds from the start, from a file: people, threads and what was said.
//!
//! ```toml
//! [[thread]]
//! topic = "Design review"
//! participants = ["Ada", "Grace"]
//!
//! [[thread.message]]
//! from = "Ada"
//! text = "Shall we begin?"      # or: html = "<b>Shall we begin?</b>"
//! ```

use std::collections::BTreeMap;

use serde::Deserialize;

use super::Service;
use super::store::Body;
use super::store::Draft;
use super::store::Kind;
use super::store::NewThread;
use super::store::Participant;
use super::store::Refusal;

#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Seed {
    #[serde(default, rename = "thread")]
    threads: Vec<SeedThread>,
}

#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
struct SeedThread {
    topic: String,
    /// Display names; the first one makes the thread. The same name is the same person.
    participants: Vec<String>,
    #[serde(default, rename = "message")]
    messages: Vec<SeedMessage>,
}

#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
struct SeedMessage {
    from: String,
    #[serde(flatten)]
    content: Content,
}

#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Content {
    Text(String),
    Html(String),
}

impl Seed {
    pub fn parse(text: &str) -> Result<Self, toml::de::Error> {
        toml::from_str(text)
    }
}

impl Service {
    /// Answers the raw id of everybody the seed names.
    pub fn plant(&self, seed: Seed) -> Result<BTreeMap<String, String>, Refusal> {
        let mut people = BTreeMap::new();
        for thread in seed.threads {
            self.plant_thread(thread, &mut people)?;
        }
        Ok(people)
    }

    fn plant_thread(
        &self,
        seed: SeedThread,
        people: &mut BTreeMap<String, String>,
    ) -> Result<(), Refusal> {
        self.change(|store, now| {
            let mut present = Vec::new();
            for name in &seed.participants {
                let id = people.entry(name.clone());
                let id = id.or_insert_with(|| store.identities.create(Some(name.clone())));
                present.push(Participant::new(id, Some(name)));
            }
            let creator = present.first().cloned().ok_or_else(|| {
                Refusal::Invalid(format!("the thread {} has no participants", seed.topic))
            })?;
            let new = NewThread {
                participants: present,
                ..NewThread::new(Kind::Chat, &seed.topic)
            };
            let (thread, _, _) = store.create_thread(creator, new, now)?;
            for message in seed.messages {
                let from = people.get(&message.from).cloned().unwrap_or_default();
                let body = match message.content {
                    Content::Text(text) => Body::Text(text),
                    Content::Html(content) => Body::Html {
                        content,
                        attachments: Vec::new(),
                    },
                };
                let draft = Draft {
                    sender_name: Some(message.from),
                    ..Draft::new(body)
                };
                store.post(&thread, &from, draft, now)?;
            }
            // Nobody can be connected yet, so nobody needs to be told.
            Ok(((), Vec::new()))
        })
    }
}
