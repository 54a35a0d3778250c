//! Chat of a Teams user: the client's back end against the embedded service, over real sockets.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test that cannot go on must fail where it is"
)]

#[path = "support/service.rs"]
mod service;

#[path = "graph/files.rs"]
mod files;

use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::io::Write;
use std::time::Duration;

use sidetone::chat::graph;
use sidetone::chat::graph::Feed;
use sidetone::clock::Clock;
use sidetone::config::tls::Tls;
use sidetone::effect::ChatCommand;
use sidetone::effect::WorkCommand;
use sidetone::event::ChatEvent;
use sidetone::event::Event;
use sidetone::event::IdentityEvent;
use sidetone::event::WorkEvent;
use sidetone::identity;
use sidetone::identity::Source;
use sidetone::identity::Tokens;
use sidetone::identity::http::Http;
use sidetone::model::account::AccountId;
use sidetone::model::directory::Presence;
use sidetone::model::failure::Because;
use sidetone::model::failure::Remedy;
use sidetone::model::message::AttachmentKind;
use sidetone::model::message::Body;
use sidetone::model::message::ClientMessageId;
use sidetone::model::message::Draft;
use sidetone::model::message::Message;
use sidetone::model::message::MessageId;
use sidetone::model::message::Quoted;
use sidetone::model::message::SystemEvent;
use sidetone::model::permission::Permission;
use sidetone::model::thread::Link;
use sidetone::model::thread::Listed;
use sidetone::model::thread::ThreadId;
use sidetone::service::ADA;
use sidetone::service::EVERYTHING;
use sidetone::service::faults::Class;
use sidetone::service::faults::Effect;
use sidetone::service::faults::Fault;
use sidetone::service::store::Draft as Words;
use sidetone::tasks::Tasks;
use tokio::sync::mpsc;

use self::service::Host;

const PATIENCE: Duration = Duration::from_secs(20);

/// The back end of Ada, and what it has told.
struct Client {
    commands: mpsc::Sender<ChatCommand>,
    events: mpsc::Receiver<Event>,
    messages: BTreeMap<MessageId, Message>,
    token: tempfile::NamedTempFile,
    tasks: Tasks,
}

impl Drop for Client {
    fn drop(&mut self) {
        self.tasks.stop();
    }
}

async fn office() -> Host {
    let host = service::start().await;
    let meeting = host.running.meeting.clone().unwrap().thread_id;
    host.running.service.plant_chats(Some(&meeting)).unwrap();
    host
}

async fn ada(host: &Host, feed: Feed) -> Client {
    ada_with(host, feed, EVERYTHING).await
}

async fn ada_with(host: &Host, feed: Feed, scopes: &str) -> Client {
    client(host, ADA, feed, scopes, Relay::NotAsked).await
}

enum Relay {
    NotAsked,
    /// Of the service itself, which is none.
    AskedFor,
}

async fn client(host: &Host, who: &str, feed: Feed, scopes: &str, relay: Relay) -> Client {
    let hour = Duration::from_hours(1);
    let token = host.running.service.graph_token(who, scopes, hour).await;
    let mut file = tempfile::NamedTempFile::new().unwrap();
    file.write_all(token.unwrap().as_bytes()).unwrap();
    let (tasks, http) = (Tasks::new(), Http::new(Tls::new(None)));
    let (events_in, events) = mpsc::channel(256);
    let (commands, commands_out) = mpsc::channel(64);
    let account = AccountId::new("teams:ada");
    let source = Source::File {
        path: file.path().to_owned(),
        endpoint: host.running.endpoint.parse().unwrap(),
    };
    let identity = identity::Settings {
        account: account.clone(),
        source,
        http: http.clone(),
    };
    let relay = match relay {
        Relay::NotAsked => None,
        Relay::AskedFor => Some(Tokens::start(identity.clone(), &tasks, mpsc::channel(1).0)),
    };
    let settings = graph::Settings {
        account,
        tokens: Tokens::start(identity, &tasks, events_in.clone()),
        http,
        tasks: tasks.clone(),
        feed,
        relay,
    };
    tasks.spawn(graph::run(settings, commands_out, events_in));
    Client {
        commands,
        events,
        messages: BTreeMap::new(),
        token: file,
        tasks,
    }
}

/// What the owner of the token tells of it next.
async fn permits(
    tokens: &Tokens,
    events: &mut mpsc::Receiver<Event>,
) -> (BTreeSet<Permission>, BTreeSet<Permission>) {
    let told = async {
        loop {
            tokens.token().await.unwrap();
            while let Ok(event) = events.try_recv() {
                if let Event::Identity(_, IdentityEvent::Permitted { given, withheld }) = event {
                    return (given, withheld);
                }
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    tokio::time::timeout(PATIENCE, told)
        .await
        .expect("it is told")
}

#[tokio::test]
async fn a_token_tells_what_it_has_leave_for_and_the_one_after_the_consent_tells_more() {
    let host = office().await;
    let service = &host.running.service;
    let mut file = tempfile::NamedTempFile::new().unwrap();
    let narrow = service.graph_token(ADA, "User.Read Chat.Read", Duration::from_secs(2));
    file.write_all(narrow.await.unwrap().as_bytes()).unwrap();
    let (tasks, http) = (Tasks::new(), Http::new(Tls::new(None)));
    let (told, mut events) = mpsc::channel(64);
    let settings = identity::Settings {
        account: AccountId::new("teams:ada"),
        source: Source::File {
            path: file.path().to_owned(),
            endpoint: host.running.endpoint.parse().unwrap(),
        },
        http,
    };
    let tokens = Tokens::start(settings, &tasks, told);
    let (given, withheld) = permits(&tokens, &mut events).await;
    assert!(given.contains(&Permission::ReadChats), "{given:?}");
    for permission in [
        Permission::SendMessages,
        Permission::ChangeChats,
        Permission::FindPeople,
    ] {
        assert!(withheld.contains(&permission), "{withheld:?}");
    }
    let wide = service
        .graph_token(ADA, EVERYTHING, Duration::from_hours(1))
        .await;
    std::fs::write(file.path(), wide.unwrap()).unwrap();
    let (given, withheld) = permits(&tokens, &mut events).await;
    assert!(given.contains(&Permission::SendMessages), "{given:?}");
    assert!(withheld.is_empty(), "{withheld:?}");
    tasks.stop();
}

impl Client {
    async fn ask(&self, command: ChatCommand) {
        self.commands.send(command).await.unwrap();
    }

    async fn work(&self, command: WorkCommand) {
        self.ask(ChatCommand::Work(command)).await;
    }

    /// The first event that is what is waited for; messages are kept on the way.
    async fn until<T>(&mut self, wanted: impl Fn(&ChatEvent) -> Option<T>) -> T {
        let found = async {
            loop {
                let Event::Chat(_, event) = self.events.recv().await.unwrap() else {
                    continue;
                };
                match &event {
                    ChatEvent::MessageReceived { message, .. } => self.note(message),
                    ChatEvent::NewerPage { messages, .. }
                    | ChatEvent::OlderPage { messages, .. } => {
                        for message in messages {
                            self.note(message);
                        }
                    }
                    _ => {}
                }
                if let Some(found) = wanted(&event) {
                    return found;
                }
            }
        };
        tokio::time::timeout(PATIENCE, found)
            .await
            .expect("the back end says it")
    }

    fn note(&mut self, message: &Message) {
        self.messages.insert(message.id.clone(), message.clone());
    }

    async fn chats(&mut self) -> Vec<Listed> {
        self.work(WorkCommand::List).await;
        self.until(|event| match event {
            ChatEvent::Work(WorkEvent::Listed { threads, .. }) => Some(threads.clone()),
            _ => None,
        })
        .await
    }

    /// Opens the chat of that name and waits for its newest page.
    async fn open(&mut self, topic: &str) -> ThreadId {
        let chats = self.chats().await;
        let found = chats.iter().find(|chat| chat.topic == topic);
        let thread = found
            .unwrap_or_else(|| panic!("{topic} is not there"))
            .id
            .clone();
        self.ask(ChatCommand::Open(thread.clone())).await;
        self.until(|event| matches!(event, ChatEvent::NewerPage { .. }).then_some(()))
            .await;
        thread
    }

    async fn send(&self, thread: &ThreadId, draft: Draft) {
        self.ask(ChatCommand::Send {
            thread: thread.clone(),
            client_id: ClientMessageId::new("c1"),
            draft,
        })
        .await;
    }

    async fn sent(&mut self) -> MessageId {
        self.until(|event| match event {
            ChatEvent::Sent { message, .. } => Some(message.clone()),
            ChatEvent::SendFailed { failure, .. } => panic!("not sent: {failure:?}"),
            _ => None,
        })
        .await
    }

    async fn message(&mut self, wanted: impl Fn(&Message) -> bool) -> Message {
        let known = self.messages.values().find(|m| wanted(m)).cloned();
        if let Some(known) = known {
            return known;
        }
        self.until(|event| match event {
            ChatEvent::MessageReceived { message, .. } => wanted(message).then(|| message.clone()),
            ChatEvent::NewerPage { messages, .. } => messages.iter().find(|m| wanted(m)).cloned(),
            _ => None,
        })
        .await
    }
}

fn words(text: &str) -> Draft {
    Draft {
        text: text.to_owned(),
        ..Draft::default()
    }
}

fn fault(host: &Host, class: Class, effect: Effect, times: u32) {
    host.running.service.lock().faults.switch_on(Fault {
        class,
        effect,
        times: Some(times),
    });
}

/// Everything anybody wrote there, as the service has it.
fn written(host: &Host, thread: &ThreadId) -> Vec<String> {
    let state = host.running.service.lock();
    let thread = state.store.live(thread.as_str()).unwrap();
    let content = |body: &sidetone::service::store::Body| match body {
        sidetone::service::store::Body::Text(text) => Some(text.clone()),
        sidetone::service::store::Body::Html { content, .. } => Some(content.clone()),
        _ => None,
    };
    thread
        .messages()
        .iter()
        .filter_map(|m| content(&m.body))
        .collect()
}

#[tokio::test]
async fn chats_channels_and_meetings_are_listed_and_one_is_read() {
    let host = office().await;
    let mut client = ada(&host, Feed::OnDemand).await;
    let topics: Vec<String> = client.chats().await.into_iter().map(|c| c.topic).collect();
    for topic in [
        "Meeting on this machine",
        "Release notes",
        "Bob Lindqvist",
        "Audio / General",
    ] {
        assert!(topics.iter().any(|t| t == topic), "{topic} in {topics:?}");
    }
    client.open("Release notes").await;
    let draft = client
        .message(|m| m.text() == "The draft is ready for reading.")
        .await;
    assert_eq!(draft.sender.unwrap().name, "Carol Osei");
    let on_demand =
        |event: &ChatEvent| matches!(event, ChatEvent::Work(WorkEvent::AsOf { .. })).then_some(());
    client.until(on_demand).await;
}

#[tokio::test]
async fn a_chat_that_rested_long_is_listed_too() {
    let host = office().await;
    let hour = Duration::from_hours(1);
    let token = host
        .running
        .service
        .graph_token(ADA, EVERYTHING, hour)
        .await;
    let url = format!("{}/v1.0/chats", host.running.endpoint.trim_end_matches('/'));
    let member = |who: &str| {
        serde_json::json!({ "@odata.type": "#microsoft.graph.aadUserConversationMember", "roles": ["owner"],
            "user@odata.bind": format!("{}/users('{who}')", url.trim_end_matches("/chats")) })
    };
    for number in 0..60 {
        let new = serde_json::json!({ "chatType": "group", "topic": format!("project {number}"),
            "members": [member(ADA), member("bob@sidetone.example"), member("carol@sidetone.example")] });
        let request = host.http.post(&url).bearer_auth(token.as_ref().unwrap());
        assert_eq!(host.send(request.json(&new)).await.status, 201);
    }
    let mut client = ada(&host, Feed::OnDemand).await;
    let topics: Vec<String> = client.chats().await.into_iter().map(|c| c.topic).collect();
    for number in 0..60 {
        let wanted = format!("project {number}");
        assert!(topics.contains(&wanted), "{wanted} in {topics:?}");
    }
}

#[tokio::test]
async fn what_others_write_arrives_by_itself_and_on_demand_only_when_asked() {
    let host = office().await;
    let mut live = ada(&host, Feed::LocalPush).await;
    let mut quiet = ada(&host, Feed::OnDemand).await;
    live.until(|event| (*event == ChatEvent::Link(Link::Live)).then_some(()))
        .await;
    let thread = live.open("Release notes").await;
    quiet.open("Release notes").await;
    // The socket is there once something comes over it.
    let post = |text: &str| {
        let draft = Words::html(text);
        host.running
            .service
            .post_as(thread.as_str(), "Carol Osei", draft)
            .unwrap();
    };
    tokio::time::sleep(Duration::from_millis(300)).await;
    post("<p>pushed</p>");
    live.message(|m| m.text() == "pushed").await;
    assert!(quiet.messages.values().all(|m| m.text() != "pushed"));
    quiet.ask(ChatCommand::Refresh(thread)).await;
    quiet.message(|m| m.text() == "pushed").await;
}

#[tokio::test]
async fn however_much_came_since_a_chat_was_read_none_of_it_is_left_out() {
    let host = office().await;
    let mut client = ada(&host, Feed::OnDemand).await;
    let thread = client.open("Release notes").await;
    client
        .message(|m| m.text() == "The draft is ready for reading.")
        .await;
    let count = 1_070;
    for n in 0..count {
        let draft = Words::html(&format!("<p>number {n}</p>"));
        host.running
            .service
            .post_as(thread.as_str(), "Carol Osei", draft)
            .unwrap();
    }
    client.ask(ChatCommand::Refresh(thread)).await;
    client.message(|m| m.text() == "number 0").await;
    let last = format!("number {}", count - 1);
    client.message(|m| m.text() == last).await;
    let numbered = client.messages.values();
    let numbered = numbered.filter(|m| m.text().starts_with("number "));
    assert_eq!(numbered.count(), count);
}

#[tokio::test]
async fn where_the_token_service_is_no_relay_it_stays_on_demand() {
    let host = office().await;
    let mut client = client(&host, ADA, Feed::OnDemand, EVERYTHING, Relay::AskedFor).await;
    client
        .until(|event| (*event == ChatEvent::Link(Link::OnDemand)).then_some(()))
        .await;
    client.work(WorkCommand::List).await;
    client
        .until(|event| match event {
            ChatEvent::Link(link) => panic!("nothing was lost: {link:?}"),
            ChatEvent::Work(WorkEvent::Listed { .. }) => Some(()),
            _ => None,
        })
        .await;
}

#[tokio::test]
async fn a_message_is_sent_answered_changed_taken_back_put_back_and_reacted_to() {
    let host = office().await;
    let mut client = ada(&host, Feed::LocalPush).await;
    let thread = client.open("Release notes").await;
    client.send(&thread, words("hullo")).await;
    let id = client.sent().await;
    let sent = client.message(|m| m.id == id && m.text() == "hullo").await;
    assert!(sent.mine);
    let edit = ChatCommand::Edit {
        thread: thread.clone(),
        message: id.clone(),
        draft: words("hello"),
    };
    client.ask(edit).await;
    client
        .message(|m| m.id == id && m.text() == "hello" && m.edited.is_some())
        .await;
    let react = |set| WorkCommand::React {
        thread: thread.clone(),
        message: id.clone(),
        kind: "like".to_owned(),
        set,
    };
    client.work(react(true)).await;
    client
        .message(|m| m.id == id && m.reactions.iter().any(|r| r.mine && r.kind == "like"))
        .await;
    client
        .ask(ChatCommand::Delete {
            thread: thread.clone(),
            message: id.clone(),
        })
        .await;
    client
        .message(|m| m.id == id && m.body == Body::Deleted)
        .await;
    client
        .work(WorkCommand::Undelete {
            thread: thread.clone(),
            message: id.clone(),
        })
        .await;
    client.messages.clear();
    client.message(|m| m.id == id && m.text() == "hello").await;
    let quoted = Quoted {
        id: Some(id.clone()),
        name: "Ada".to_owned(),
        text: "hello".to_owned(),
    };
    client
        .send(
            &thread,
            Draft {
                reply_to: Some(quoted),
                ..words("to myself")
            },
        )
        .await;
    let answer = client.message(|m| m.text() == "to myself").await;
    assert_eq!(answer.reply_to.unwrap().id, Some(id));
}

#[tokio::test]
async fn a_message_whose_answer_was_lost_is_there_once() {
    let host = office().await;
    let mut client = ada(&host, Feed::OnDemand).await;
    let thread = client.open("Release notes").await;
    fault(&host, Class::GraphWrite, Effect::Lose, 1);
    client.send(&thread, words("only once")).await;
    client.sent().await;
    let all = written(&host, &thread);
    assert_eq!(all.iter().filter(|w| *w == "only once").count(), 1);
}

#[tokio::test]
async fn a_wait_the_service_asks_for_holds_everything_back() {
    let host = office().await;
    let mut client = ada(&host, Feed::OnDemand).await;
    let thread = client.open("Release notes").await;
    let throttled = Effect::Refuse {
        status: 429,
        retry_after: Some(2),
    };
    fault(&host, Class::GraphWrite, throttled, 1);
    let asked = Clock.now();
    client.send(&thread, words("later")).await;
    client.sent().await;
    assert!(Clock.now().since(asked) >= Duration::from_secs(2));
    assert_eq!(
        written(&host, &thread)
            .iter()
            .filter(|w| *w == "later")
            .count(),
        1
    );
}

#[tokio::test]
async fn a_challenge_asks_for_another_sign_in() {
    let host = office().await;
    let mut client = ada(&host, Feed::OnDemand).await;
    client.chats().await;
    let service = host.running.service.clone();
    let url = format!("{}/v1/graph/challenge", host.running.control_url);
    let on = host
        .http
        .post(url)
        .bearer_auth(service.control_key())
        .json(&serde_json::json!({ "on": true }));
    assert_eq!(host.send(on).await.status, 200);
    client.work(WorkCommand::List).await;
    let failure = client
        .until(|event| match event {
            ChatEvent::Work(WorkEvent::Failed(failure)) => Some(failure.clone()),
            _ => None,
        })
        .await;
    assert_eq!(
        (failure.because, failure.remedy),
        (Because::TokenRefused, Remedy::SignInAgain)
    );
}

#[tokio::test]
async fn a_channel_is_posted_to_and_answered_in() {
    let host = office().await;
    let mut client = ada(&host, Feed::OnDemand).await;
    let thread = client.open("Audio / General").await;
    let post = client.message(|m| m.text() == "Welcome to the team.").await;
    let quoted = Quoted {
        id: Some(post.id),
        name: "Alice".to_owned(),
        text: String::new(),
    };
    client
        .send(
            &thread,
            Draft {
                reply_to: Some(quoted),
                ..words("thanks")
            },
        )
        .await;
    client.sent().await;
    let answer = client.message(|m| m.text() == "thanks").await.id;
    let react = WorkCommand::React {
        thread: thread.clone(),
        message: answer.clone(),
        kind: "like".to_owned(),
        set: true,
    };
    client.work(react).await;
    client
        .message(|m| m.id == answer && m.reactions.iter().any(|r| r.mine))
        .await;
    client.send(&thread, words("a new post")).await;
    client.message(|m| m.text() == "a new post").await;
}

#[tokio::test]
async fn a_channel_is_read_back_to_its_beginning() {
    let host = office().await;
    let mut client = ada(&host, Feed::OnDemand).await;
    let chats = client.chats().await;
    let channel = chats.iter().find(|chat| chat.topic == "Audio / General");
    let thread = channel.unwrap().id.clone();
    for number in 0..60 {
        let post = Words::html(&format!("<p>post {number}</p>"));
        let service = &host.running.service;
        service
            .post_as(thread.as_str(), "Carol Osei", post)
            .unwrap();
    }
    client.open("Audio / General").await;
    client.work(WorkCommand::MarkUnread(thread.clone())).await;
    let refused = client.until(|event| match event {
        ChatEvent::ActionFailed { failure, .. } => Some(failure.because.clone()),
        _ => None,
    });
    assert!(matches!(refused.await, Because::Refused { .. }));
    assert!(client.messages.len() >= 50 && !client.messages.values().any(welcome));
    let before = client.messages.keys().next().unwrap().clone();
    client
        .ask(ChatCommand::LoadOlder {
            thread,
            before: Some(before),
        })
        .await;
    let complete = client.until(|event| match event {
        ChatEvent::OlderPage { complete, .. } => Some(*complete),
        _ => None,
    });
    assert!(complete.await);
    assert!(client.messages.values().any(welcome));
}

fn welcome(message: &Message) -> bool {
    message.text() == "Welcome to the team."
}

#[tokio::test]
async fn people_are_found_chats_begun_and_presence_is_set() {
    let host = office().await;
    let mut client = ada(&host, Feed::OnDemand).await;
    client.work(WorkCommand::FindPeople("far".to_owned())).await;
    let people = client
        .until(|event| match event {
            ChatEvent::Work(WorkEvent::People(people)) => Some(people.clone()),
            _ => None,
        })
        .await;
    assert_eq!(people[0].name, "Farid Haddad");
    let names = vec!["Farid".to_owned()];
    client
        .work(WorkCommand::NewChat {
            names,
            topic: String::new(),
        })
        .await;
    let chat = client
        .until(|event| match event {
            ChatEvent::Work(WorkEvent::Found(thread)) => Some(thread.clone()),
            _ => None,
        })
        .await;
    assert!(chat.as_str().ends_with("@unq.gbl.spaces"), "{chat:?}");
    client
        .work(WorkCommand::SetPresence(Some(Presence::DoNotDisturb)))
        .await;
    let seen = client
        .until(|event| match event {
            ChatEvent::Work(WorkEvent::Presence(people)) => Some(people.clone()),
            _ => None,
        })
        .await;
    assert_eq!(seen, [("Ada Quist".to_owned(), Presence::DoNotDisturb)]);
    client.work(WorkCommand::Search("draft".to_owned())).await;
    let found = client
        .until(|event| match event {
            ChatEvent::Work(WorkEvent::Messages(found)) => Some(found.clone()),
            _ => None,
        })
        .await;
    assert_eq!(found[0].words, "The draft is ready for reading.");
}

#[tokio::test]
async fn a_meeting_and_its_chat_find_each_other_and_its_end_is_told() {
    let host = office().await;
    let mut client = ada(&host, Feed::OnDemand).await;
    let chats = client.chats().await;
    let meeting = chats.iter().find(|chat| chat.meeting.is_some()).unwrap();
    let link = meeting.meeting.clone().unwrap();
    assert_eq!(link, host.running.meeting.clone().unwrap().link);
    client.work(WorkCommand::MeetingChat(link)).await;
    let found = client
        .until(|event| match event {
            ChatEvent::Work(WorkEvent::Found(thread)) => Some(thread.clone()),
            _ => None,
        })
        .await;
    assert_eq!(found, meeting.id);
    client.open("Meeting on this machine").await;
    let ended = |m: &Message| {
        matches!(
            m.body,
            Body::System(SystemEvent::CallEnded {
                seconds: Some(1872),
                ..
            })
        )
    };
    client.message(ended).await;
}

#[tokio::test]
async fn a_picture_is_sent_and_saved_again() {
    let host = office().await;
    let mut client = ada(&host, Feed::OnDemand).await;
    let thread = client.open("Release notes").await;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("dot.png");
    let bytes = [0x89, b'P', b'N', b'G', 13, 10, 26, 10, 1, 2, 3];
    std::fs::write(&path, bytes).unwrap();
    let path = path.to_string_lossy().into_owned();
    client
        .work(WorkCommand::SendPicture {
            thread: thread.clone(),
            path,
        })
        .await;
    let shown = client.message(|m| !m.attachments.is_empty()).await;
    let into = folder.path().join("back.png");
    let path = into.to_string_lossy().into_owned();
    let attachment = shown.attachments[0].clone();
    // A second time it lies beside the first.
    for expected in [into.clone(), folder.path().join("back (2).png")] {
        let (thread, attachment, path) = (thread.clone(), attachment.clone(), path.clone());
        client
            .ask(ChatCommand::SaveAttachment {
                thread,
                attachment,
                path,
            })
            .await;
        let (saved, size) = client
            .until(|event| match event {
                ChatEvent::AttachmentSaved { path, bytes, .. } => Some((path.clone(), *bytes)),
                ChatEvent::ActionFailed { failure, .. } => panic!("{failure:?}"),
                _ => None,
            })
            .await;
        assert_eq!((saved.as_str(), size), (expected.to_str().unwrap(), 11));
        assert_eq!(std::fs::read(expected).unwrap(), bytes);
    }

    // A file lies elsewhere: it is told with its page, which is never asked for with our token.
    let hour = Duration::from_hours(1);
    let bob = host
        .running
        .service
        .graph_token("bob@sidetone.example", EVERYTHING, hour);
    let (bob, http) = (bob.await.unwrap(), reqwest::Client::new());
    let drive = format!("{}/v1.0/me/drive", host.running.endpoint);
    let put = http.put(format!("{drive}/root:/report.pdf:/content"));
    let put = put.bearer_auth(&bob).body("report").send().await.unwrap();
    let item: serde_json::Value = put.json().await.unwrap();
    let id = item["id"].as_str().unwrap();
    let item = http.get(format!("{drive}/items/{id}?$select=eTag,webDavUrl"));
    let item = item.bearer_auth(&bob).send().await.unwrap();
    let item: serde_json::Value = item.json().await.unwrap();
    let guid = item["eTag"].as_str().unwrap().split(['{', '}']).nth(1);
    let (guid, page) = (guid.unwrap(), item["webDavUrl"].as_str().unwrap());
    let to =
        percent_encoding::utf8_percent_encode(thread.as_str(), percent_encoding::NON_ALPHANUMERIC);
    let posted = http
        .post(format!("{}/v1.0/chats/{to}/messages", host.running.endpoint))
        .bearer_auth(&bob)
        .json(&serde_json::json!({
            "body": { "contentType": "html", "content": format!("see <attachment id=\"{guid}\"></attachment>") },
            "attachments": [{ "id": guid, "contentType": "reference", "contentUrl": page, "name": "../re\u{1b}port.pdf" }],
        }))
        .send()
        .await
        .unwrap();
    assert_eq!(posted.status(), 201);
    client.ask(ChatCommand::Refresh(thread)).await;
    let is_file = |m: &Message| m.attachments.iter().any(|a| a.kind == AttachmentKind::File);
    let shown = client.message(is_file).await;
    let file = &shown.attachments[0];
    assert_eq!((file.url.as_deref(), file.page()), (None, Some(page)));
    assert_eq!(file.label(), "[file: ../re port.pdf]");
}
