//! Chat: the client's back end against the embedded service on loopback, over real sockets.
#![expect(
    clippy::unwrap_used,
    reason = "a test that cannot go on must fail where it is"
)]

mod support {
    pub(crate) mod service;
}

use std::collections::BTreeMap;
use std::io::Write;
use std::path::PathBuf;
use std::time::Duration;

use serde_json::json;
use sidetone::chat::acs;
use sidetone::config::tls::Tls;
use sidetone::effect::ChatCommand;
use sidetone::event::ChatEvent;
use sidetone::event::Event;
use sidetone::identity;
use sidetone::identity::Source;
use sidetone::identity::Tokens;
use sidetone::identity::http::Http;
use sidetone::model::account::AccountId;
use sidetone::model::failure::Because;
use sidetone::model::identity::Person;
use sidetone::model::message::Body;
use sidetone::model::message::ClientMessageId;
use sidetone::model::message::Draft;
use sidetone::model::message::Message;
use sidetone::model::message::MessageId;
use sidetone::model::message::Quoted;
use sidetone::model::thread::ChatAccess;
use sidetone::model::thread::Link;
use sidetone::model::thread::ThreadId;
use sidetone::service::Disconnect;
use sidetone::service::faults::Class;
use sidetone::service::faults::Effect;
use sidetone::service::faults::Fault;
use sidetone::tasks::Tasks;
use tokio::sync::mpsc;

use self::support::service;
use self::support::service::Host;
use self::support::service::User;
use self::support::service::encoded;
use self::support::service::participant;

/// The back end of one person, and what it has told.
struct Client {
    commands: mpsc::Sender<ChatCommand>,
    events: mpsc::Receiver<Event>,
    thread: ThreadId,
    /// As a timeline would have it: the highest version of each message.
    messages: BTreeMap<MessageId, Message>,
    /// Every id and version, as often as it was told.
    told: Vec<(MessageId, u64)>,
    _token: tempfile::NamedTempFile,
    tasks: Tasks,
}

impl Drop for Client {
    fn drop(&mut self) {
        self.tasks.stop();
    }
}

fn client(host: &Host, user: &User, name: &str, thread: &str) -> Client {
    client_at(host, user, name, thread, host.running.ca_file.clone())
}

fn client_at(
    host: &Host,
    user: &User,
    name: &str,
    thread: &str,
    authority: Option<PathBuf>,
) -> Client {
    let mut file = tempfile::NamedTempFile::new().unwrap();
    file.write_all(user.token.as_bytes()).unwrap();
    let (tasks, http) = (Tasks::new(), Http::new(Tls::new(authority)));
    let (events_in, events) = mpsc::channel(64);
    let (commands, commands_out) = mpsc::channel(64);
    let account = AccountId::new(name);
    let source = Source::File {
        path: file.path().to_owned(),
        endpoint: host.running.endpoint.parse().unwrap(),
    };
    let identity = identity::Settings {
        account: account.clone(),
        source,
        http: http.clone(),
    };
    let settings = acs::Settings {
        account,
        tokens: Tokens::start(identity, &tasks, events_in.clone()),
        http,
        tasks: tasks.clone(),
        display_name: name.to_owned(),
        endpoint_id: uuid::Uuid::new_v4().to_string(),
    };
    tasks.spawn(acs::run(settings, commands_out, events_in));
    Client {
        commands,
        events,
        thread: ThreadId::new(thread),
        messages: BTreeMap::new(),
        told: Vec::new(),
        _token: file,
        tasks,
    }
}

impl Client {
    async fn ask(&self, command: ChatCommand) {
        self.commands.send(command).await.unwrap();
    }

    async fn next(&mut self) -> ChatEvent {
        let next = async {
            loop {
                if let Event::Chat(_, event) = self.events.recv().await.unwrap() {
                    return event;
                }
            }
        };
        let event = tokio::time::timeout(PATIENCE, next)
            .await
            .expect("the back end says something");
        match &event {
            ChatEvent::MessageReceived { message, .. } => self.note(message),
            ChatEvent::NewerPage { messages, .. } | ChatEvent::OlderPage { messages, .. } => {
                for message in messages {
                    self.note(message);
                }
            }
            _ => {}
        }
        event
    }

    fn note(&mut self, message: &Message) {
        self.told.push((message.id.clone(), message.version.0));
        let known = self.messages.get(&message.id);
        if known.is_none_or(|known| known.version < message.version) {
            self.messages.insert(message.id.clone(), message.clone());
        }
    }

    async fn until<T>(&mut self, mut wanted: impl FnMut(&ChatEvent) -> Option<T>) -> T {
        loop {
            let event = self.next().await;
            if let Some(found) = wanted(&event) {
                return found;
            }
        }
    }

    /// Opens the thread and waits until it is open, loaded and live.
    async fn open(&mut self) {
        self.ask(ChatCommand::Open(self.thread.clone())).await;
        let (mut open, mut loaded, mut live) = (false, false, false);
        self.until(|event| {
            open |= matches!(
                event,
                ChatEvent::Access {
                    access: ChatAccess::Open,
                    ..
                }
            );
            loaded |= matches!(event, ChatEvent::NewerPage { .. });
            live |= matches!(event, ChatEvent::Link(Link::Live));
            (open && loaded && live).then_some(())
        })
        .await;
    }

    async fn until_link(&mut self, link: Link) {
        self.until(|event| (*event == ChatEvent::Link(link.clone())).then_some(()))
            .await;
    }

    async fn until_words(&mut self, words: &str) -> Message {
        loop {
            let found = self.messages.values().find(|m| text(m) == words).cloned();
            match found {
                Some(message) => return message,
                None => drop(self.next().await),
            }
        }
    }

    async fn send(&self, id: &str, draft: Draft) {
        self.ask(ChatCommand::Send {
            thread: self.thread.clone(),
            client_id: ClientMessageId::new(id),
            draft,
        })
        .await;
    }

    async fn until_sent(&mut self, id: &str) -> MessageId {
        let id = ClientMessageId::new(id);
        self.until(|event| match event {
            ChatEvent::Sent {
                client_id, message, ..
            } if *client_id == id => Some(message.clone()),
            _ => None,
        })
        .await
    }

    /// Words in order.
    fn words(&self) -> Vec<String> {
        let own = self.messages.values().filter(|m| m.sender.is_some());
        own.map(text).collect()
    }

    fn told_twice(&self) -> bool {
        let mut told = self.told.clone();
        told.sort();
        told.windows(2).any(|pair| pair[0] == pair[1])
    }
}

fn text(message: &Message) -> String {
    match &message.body {
        Body::Text(rich) => rich.to_text(),
        Body::Deleted => "(deleted)".to_owned(),
        other => format!("{other:?}"),
    }
}

fn draft(words: &str) -> Draft {
    Draft {
        text: words.to_owned(),
        ..Draft::default()
    }
}

async fn two(host: &Host) -> (User, User, String) {
    let ada = host.user(&["chat"]).await;
    let bob = host.user(&["chat"]).await;
    let thread = host.thread("Design review", &[&ada, &bob]).await;
    (ada, bob, thread)
}

fn fault(host: &Host, class: Class, effect: Effect, times: Option<u32>) {
    let fault = Fault {
        class,
        effect,
        times,
    };
    host.running.service.lock().faults.switch_on(fault);
}

#[tokio::test(flavor = "multi_thread")]
async fn two_people_see_each_others_messages_edits_deletions_typing_and_receipts() {
    let host = service::start().await;
    let (ada, bob, thread) = two(&host).await;
    let mut ada = client(&host, &ada, "Ada", &thread);
    let mut bob = client(&host, &bob, "Bob", &thread);
    ada.open().await;
    bob.open().await;

    ada.send("c1", draft("hello <b>Bob</b>")).await;
    let id = ada.until_sent("c1").await;
    let seen = bob.until_words("hello <b>Bob</b>").await;
    assert!(!seen.mine);
    assert_eq!(seen.id, id);
    assert_eq!(seen.sender.unwrap().name, "Ada");
    let own = ada.until_words("hello <b>Bob</b>").await;
    assert!(own.mine);
    assert_eq!(own.client_id, Some(ClientMessageId::new("c1")));

    let edit = ChatCommand::Edit {
        thread: ada.thread.clone(),
        message: id.clone(),
        draft: draft("hello, edited"),
    };
    ada.ask(edit).await;
    assert!(bob.until_words("hello, edited").await.edited.is_some());

    let read = ChatCommand::Read {
        thread: bob.thread.clone(),
        message: id.clone(),
    };
    bob.ask(read).await;
    let receipt = |event: &ChatEvent| match event {
        ChatEvent::ReadReceipt { message, .. } => Some(message.clone()),
        _ => None,
    };
    assert_eq!(ada.until(receipt).await, id);

    bob.ask(ChatCommand::Typing(bob.thread.clone())).await;
    let typing = |event: &ChatEvent| match event {
        ChatEvent::Typing { person, .. } => Some(person.name.clone()),
        _ => None,
    };
    assert_eq!(ada.until(typing).await, "Bob");

    let delete = ChatCommand::Delete {
        thread: ada.thread.clone(),
        message: id,
    };
    ada.ask(delete).await;
    bob.until_words("(deleted)").await;
    assert!(!ada.told_twice() && !bob.told_twice());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_burst_of_messages_does_not_cost_the_link() {
    let host = service::start().await;
    let (ada, bob, thread) = two(&host).await;
    let mut client = client(&host, &bob, "Bob", &thread);
    client.open().await;
    for number in 0..BURST {
        let said = sidetone::service::store::Draft::text(&format!("message {number}"));
        let posted = host.running.service.post_as(&thread, &ada.id, said);
        posted.unwrap();
    }
    let mut heard = 0;
    client
        .until(|event| {
            let messages = match event {
                ChatEvent::MessageReceived { message, .. } => std::slice::from_ref(message),
                // What was said before the first events came.
                ChatEvent::NewerPage { messages, .. } => messages,
                ChatEvent::Link(link) => panic!("the link is {link:?} after {heard} messages"),
                _ => &[],
            };
            for message in messages.iter().filter(|m| m.sender.is_some()) {
                assert_eq!(text(message), format!("message {heard}"));
                heard += 1;
            }
            (heard == BURST).then_some(())
        })
        .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn mentions_and_replies_arrive_as_such() {
    let host = service::start().await;
    let (ada, bob, thread) = two(&host).await;
    let bob_id = bob.id.clone();
    let mut ada = client(&host, &ada, "Ada", &thread);
    let mut bob = client(&host, &bob, "Bob", &thread);
    ada.open().await;
    bob.open().await;
    let quoted = Quoted {
        id: Some(MessageId::new("17")),
        name: "Bob".to_owned(),
        text: "earlier & odd".to_owned(),
    };
    let draft = Draft {
        text: "yes @Bob & all".to_owned(),
        mentions: vec![Person::new(&bob_id, "Bob")],
        reply_to: Some(quoted.clone()),
        ..Draft::default()
    };
    ada.send("c1", draft).await;
    let seen = bob.until_words("yes Bob & all").await;
    assert!(seen.mentions_me);
    assert!(seen.reply_to == Some(quoted));
    assert!(!ada.until_words("yes Bob & all").await.mentions_me);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_said_during_a_lost_link_is_told_once_and_in_order() {
    let host = service::start().await;
    let (ada, bob, thread) = two(&host).await;
    let first = host.say(&bob, &thread, "first").await;
    let mut ada = client(&host, &ada, "Ada", &thread);
    ada.open().await;
    for round in 0..3 {
        // Events are lost for a while, then the link falls.
        fault(&host, Class::Notification, Effect::Swallow, None);
        for n in 0..130 {
            host.say(&bob, &thread, &format!("{round}:{n:03}")).await;
        }
        let path = format!("/chat/threads/{}/messages/{first}", encoded(&thread));
        let edit = json!({ "content": format!("first, edit {round}") });
        assert_eq!(host.call(&bob, "PATCH", &path, edit).await.status, 204);
        host.running.service.lock().faults.clear();
        host.running.service.disconnect(None, Disconnect::Drop);
        ada.until_words(&format!("{round}:129")).await;
        ada.until_words(&format!("first, edit {round}")).await;
    }
    let mut expected = vec!["first, edit 2".to_owned()];
    for round in 0..3 {
        expected.extend((0..130).map(|n| format!("{round}:{n:03}")));
    }
    assert_eq!(ada.words(), expected);
    assert!(!ada.told_twice());
}

#[tokio::test(flavor = "multi_thread")]
async fn doubled_and_reordered_events_are_told_once() {
    let host = service::start().await;
    let (ada, bob, thread) = two(&host).await;
    let mut ada = client(&host, &ada, "Ada", &thread);
    ada.open().await;
    fault(&host, Class::Notification, Effect::Duplicate, None);
    fault(&host, Class::Notification, Effect::Reorder, None);
    for n in 0..40 {
        host.say(&bob, &thread, &format!("{n:02}")).await;
    }
    host.running.service.lock().faults.clear();
    host.say(&bob, &thread, "last").await;
    ada.until_words("last").await;
    ada.until_words("39").await;
    let mut expected: Vec<String> = (0..40).map(|n| format!("{n:02}")).collect();
    expected.push("last".to_owned());
    assert_eq!(ada.words(), expected);
    assert!(!ada.told_twice());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_planned_switch_loses_nothing_and_is_no_news() {
    let host = service::start().await;
    let (ada, bob, thread) = two(&host).await;
    let mut ada = client(&host, &ada, "Ada", &thread);
    ada.open().await;
    host.running.service.ask_to_reconnect(None);
    for n in 0..60 {
        host.say(&bob, &thread, &format!("{n:02}")).await;
    }
    let mut lost = false;
    while !ada.words().contains(&"59".to_owned()) {
        lost |= matches!(ada.next().await, ChatEvent::Link(_));
    }
    assert!(!lost);
    assert_eq!(ada.words().len(), 60);
}

#[tokio::test(flavor = "multi_thread")]
async fn lost_events_the_service_admits_are_read_again() {
    let host = service::start().await;
    let (ada, bob, thread) = two(&host).await;
    let mut ada = client(&host, &ada, "Ada", &thread);
    ada.open().await;
    fault(&host, Class::Notification, Effect::Swallow, Some(1));
    host.say(&bob, &thread, "swallowed").await;
    host.running.service.tell_of_loss(None);
    ada.until_words("swallowed").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn older_messages_come_page_by_page() {
    let host = service::start().await;
    let (ada, bob, thread) = two(&host).await;
    for n in 0..450 {
        host.say(&bob, &thread, &format!("{n:03}")).await;
    }
    let mut ada = client(&host, &ada, "Ada", &thread);
    ada.open().await;
    assert!(ada.words().len() <= 200);
    loop {
        let older = ChatCommand::LoadOlder {
            thread: ada.thread.clone(),
            before: None,
        };
        ada.ask(older).await;
        let complete = ada.until(|event| match event {
            ChatEvent::OlderPage { complete, .. } => Some(*complete),
            _ => None,
        });
        if complete.await {
            break;
        }
    }
    let expected: Vec<String> = (0..450).map(|n| format!("{n:03}")).collect();
    assert_eq!(ada.words(), expected);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_send_that_is_throttled_or_fails_is_said_exactly_once() {
    let host = service::start().await;
    let (ada, _bob, thread) = two(&host).await;
    let mut ada = client(&host, &ada, "Ada", &thread);
    ada.open().await;
    for (status, retry_after) in [(429, Some(0)), (503, Some(0)), (500, None)] {
        let effect = Effect::Refuse {
            status,
            retry_after,
        };
        fault(&host, Class::ChatWrite, effect, Some(1));
        let words = format!("after {status}");
        ada.send(&words, draft(&words)).await;
        ada.until_sent(&words).await;
    }
    ada.until_words("after 500").await;
    assert_eq!(ada.words(), ["after 429", "after 503", "after 500"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn refused_access_is_explained_and_opens_when_it_is_granted() {
    let host = service::start().await;
    let (owner, bob, thread) = two(&host).await;
    let stranger = host.user(&["chat"]).await;
    host.say(&bob, &thread, "hello").await;
    let mut client = client(&host, &stranger, "Eve", &thread);
    client.ask(ChatCommand::Open(ThreadId::new(&thread))).await;
    let failure = client.until(|event| match event {
        ChatEvent::Access {
            access: ChatAccess::Denied(failure),
            ..
        } => Some(failure.clone()),
        _ => None,
    });
    assert_eq!(failure.await.because, Because::Forbidden);
    let path = format!("/chat/threads/{}/participants/:add", encoded(&thread));
    let body = json!({ "participants": [participant(&stranger)] });
    assert_eq!(host.post(&owner, &path, body).await.status, 201);
    client.until_words("hello").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn without_push_the_chat_goes_on_over_rest_and_comes_back_to_push() {
    let host = service::start().await;
    let (ada, bob, thread) = two(&host).await;
    let refuse = Effect::Refuse {
        status: 503,
        retry_after: None,
    };
    fault(&host, Class::Registrar, refuse, None);
    let mut ada = client(&host, &ada, "Ada", &thread);
    ada.ask(ChatCommand::Open(ada.thread.clone())).await;
    ada.until_link(Link::Polling).await;
    host.say(&bob, &thread, "by polling").await;
    ada.until_words("by polling").await;
    host.running.service.lock().faults.clear();
    ada.until_link(Link::Live).await;
    host.say(&bob, &thread, "by push").await;
    ada.until_words("by push").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_revoked_token_is_said_and_not_asked_with_for_ever() {
    let host = service::start().await;
    let (ada, _bob, thread) = two(&host).await;
    let id = ada.id.clone();
    let mut ada = client(&host, &ada, "Ada", &thread);
    ada.open().await;
    host.running.service.revoke(&id);
    host.running.service.disconnect(None, Disconnect::Drop);
    let failure = ada.until(|event| match event {
        ChatEvent::Link(Link::Down(failure)) => Some(failure.clone()),
        _ => None,
    });
    assert_eq!(failure.await.because, Because::TokenRefused);
}

#[tokio::test(flavor = "multi_thread")]
async fn everything_works_over_tls_with_the_services_own_authority() {
    let options = sidetone::service::Options {
        tls: true,
        ..sidetone::service::Options::default()
    };
    let host = service::start_with(options).await;
    let (ada, bob, thread) = two(&host).await;
    let mut ada = client(&host, &ada, "Ada", &thread);
    ada.open().await;
    host.say(&bob, &thread, "hello").await;
    ada.until_words("hello").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_unknown_authority_is_named_as_the_reason() {
    let options = sidetone::service::Options {
        tls: true,
        ..sidetone::service::Options::default()
    };
    let host = service::start_with(options).await;
    let (ada, _bob, thread) = two(&host).await;
    let mut ada = client_at(&host, &ada, "Ada", &thread, None);
    ada.ask(ChatCommand::Open(ada.thread.clone())).await;
    let failure = ada.until(|event| match event {
        ChatEvent::Access {
            access: ChatAccess::Denied(failure),
            ..
        } => Some(failure.clone()),
        _ => None,
    });
    let because = failure.await.because;
    let untrusted = matches!(because, Because::Untrusted { .. } | Because::Local { .. });
    assert!(untrusted, "{because:?}");
}

const PATIENCE: Duration = Duration::from_secs(20);
/// More than any queue of the client holds, less than the service keeps for one that is slow.
const BURST: usize = 8_000;
