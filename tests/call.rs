//! Calls: the client's session and driver against the embedded service on loopback.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test that cannot go on must fail where it is"
)]

use std::time::Duration;

use sidetone::call::native;
use sidetone::call::native::MediaWish;
use sidetone::call::native::MediaWord;
use sidetone::config::tls::Tls;
use sidetone::effect::CallCommand;
use sidetone::event::CallEvent;
use sidetone::event::Event;
use sidetone::identity;
use sidetone::identity::Source;
use sidetone::identity::Tokens;
use sidetone::identity::http::Http;
use sidetone::model::account::AccountId;
use sidetone::model::call::CallNumber;
use sidetone::model::call::CallState;
use sidetone::model::failure::Because;
use sidetone::model::identity::RawId;
use sidetone::model::locator::Locator;
use sidetone::model::notice::NoticeKind;
use sidetone::model::notice::NoticeState;
use sidetone::model::sound::Audio;
use sidetone::model::sound::AudioMode;
use sidetone::model::sound::Level;
use sidetone::model::sound::MediaState;
use sidetone::model::turn::TurnKind;
use sidetone::model::turn::Typed;
use sidetone::service;
use sidetone::service::Running;
use sidetone::service::meetings::Arrival;
use sidetone::service::meetings::ChatMode;
use sidetone::service::meetings::Flow;
use sidetone::service::meetings::LobbyMode;
use sidetone::service::meetings::MediaAct;
use sidetone::service::meetings::Meeting;
use sidetone::service::meetings::Names;
use sidetone::service::meetings::Now;
use sidetone::service::meetings::Options;
use sidetone::service::meetings::Output;
use sidetone::tasks::Tasks;
use sidetone::wire::local;
use tokio::sync::mpsc;

/// A service with one meeting, and its organizer in it.
struct Room {
    running: Running,
    names: Names,
    tasks: Tasks,
}

impl Room {
    async fn with(options: Options) -> Self {
        Self::on(service::Options::default(), options).await
    }

    async fn on(host: service::Options, options: Options) -> Self {
        let tasks = Tasks::new();
        let running = service::start(host, tasks.clone()).await.unwrap();
        let names = running.service.create_meeting(options, "Alice").unwrap();
        let room = Self {
            running,
            names,
            tasks,
        };
        let alice = room.organizer();
        room.act(|meeting, now, out| {
            let arrival = Arrival {
                id: alice,
                name: "Alice".into(),
                role: Some(local::Role::Organizer),
                socket: None,
                call_id: "alice".into(),
                rejoin: None,
                token_until: None,
                audio: local::Audio::Full,
            };
            meeting.join(arrival, now, out);
        });
        room
    }

    fn organizer(&self) -> String {
        let state = self.running.service.lock();
        let organizer = state.meetings.organizer(&self.names.thread);
        organizer.unwrap().id.clone()
    }

    fn act<T>(&self, act: impl FnOnce(&mut Meeting, Now, &mut Vec<Output>) -> T) -> T {
        let acted = self.running.service.in_meeting(&self.names.thread, act);
        acted.unwrap().0
    }

    fn notice(&self, kind: local::NoticeKind, active: bool, by: Option<&str>) {
        let by = by.map(str::to_owned);
        self.act(|meeting, now, out| meeting.set_notice(kind, active, by, now, out));
    }

    /// The raw id of the only guest.
    fn guest(&self) -> String {
        self.act(|meeting, _, _| {
            let mut clients = meeting.clients().map(|(person, _)| person.id.clone());
            clients.next().unwrap()
        })
    }

    fn admit(&self) {
        let guest = self.guest();
        self.act(|meeting, now, out| meeting.admit(&guest, now, out))
            .unwrap();
    }

    fn client(&self) -> Client {
        self.client_with(None)
    }

    /// On the way into the meeting, with the ends that whoever carries the sound holds.
    async fn sounding(&self) -> (Client, Carrier) {
        let (hears, wishes) = mpsc::unbounded_channel();
        let (words, said) = mpsc::channel(4);
        let media = native::Media {
            wishes: hears,
            words: said,
        };
        let mut client = self.client_with(Some(media));
        client.join(&self.names.link).await;
        (client, Carrier { wishes, words })
    }

    fn client_with(&self, media: Option<native::Media>) -> Client {
        let account = AccountId::new("external:ada");
        let tls = Tls::new(self.running.ca_file.clone());
        let (events, heard) = mpsc::channel(256);
        let source = Source::Service {
            service: self.running.endpoint.parse().unwrap(),
            display_name: "Ada".into(),
        };
        let settings = identity::Settings {
            account: account.clone(),
            source,
            http: Http::new(tls.clone()),
        };
        let tokens = Tokens::start(settings, &self.tasks, events.clone());
        let (commands, received) = mpsc::channel(16);
        let settings = native::Settings {
            account,
            tokens: tokens.clone(),
            tls,
            media,
        };
        self.tasks.spawn(native::run(settings, received, events));
        Client {
            commands,
            heard,
            tokens,
            endpoint: self.running.endpoint.clone(),
        }
    }

    async fn joined(&self) -> Client {
        let mut client = self.client();
        client.join(&self.names.link).await;
        client
    }

    async fn inside(&self) -> Client {
        let mut client = self.joined().await;
        client.reaches(CallState::Connected).await;
        client
    }
}

/// What carries the sound of a client, seen from its call.
struct Carrier {
    wishes: mpsc::UnboundedReceiver<MediaWish>,
    words: mpsc::Sender<MediaWord>,
}

impl Carrier {
    /// The next wish about sound; the way to the service is told with each connection.
    async fn wish(&mut self) -> MediaWish {
        loop {
            let wish = self.wishes.recv().await.unwrap();
            if !matches!(wish, MediaWish::Route(_)) {
                return wish;
            }
        }
    }
}

struct Client {
    commands: mpsc::Sender<CallCommand>,
    heard: mpsc::Receiver<Event>,
    tokens: Tokens,
    endpoint: String,
}

impl Client {
    async fn ask(&self, command: CallCommand) {
        self.commands.send(command).await.unwrap();
    }

    async fn join(&mut self, text: &str) {
        let locator = Locator::parse(text, Some(&self.endpoint)).unwrap();
        let name = "Ada".to_owned();
        self.ask(CallCommand::Join {
            number: CallNumber(1),
            locator,
            name,
            audio: Audio::Full,
            mode: AudioMode::Raw,
        })
        .await;
    }

    /// The first event from now on that is `wanted`, or the test fails.
    async fn hears<T>(&mut self, wanted: impl Fn(&CallEvent) -> Option<T>) -> T {
        let waiting = async {
            loop {
                if let Event::Call(_, event) = self.heard.recv().await.unwrap()
                    && let Some(found) = wanted(&event)
                {
                    return found;
                }
            }
        };
        let heard = tokio::time::timeout(PATIENCE, waiting).await;
        heard.unwrap_or_else(|_| panic!("the event did not come"))
    }

    async fn reaches(&mut self, wanted: CallState) {
        self.hears(|event| match event {
            CallEvent::State { state, .. } if *state == wanted => Some(()),
            _ => None,
        })
        .await;
    }

    async fn ends(&mut self) -> (u32, u32) {
        self.hears(|event| match event {
            CallEvent::Ended { reason, .. } => Some((reason.code, reason.subcode)),
            _ => None,
        })
        .await
    }

    async fn notice(&mut self, wanted: NoticeKind) -> (NoticeState, bool) {
        self.hears(|event| match event {
            CallEvent::Notice {
                kind,
                state,
                initial,
                ..
            } if *kind == wanted => Some((state.clone(), *initial)),
            _ => None,
        })
        .await
    }

    async fn consent_asked(&mut self) -> bool {
        self.hears(|event| match event {
            CallEvent::ConsentRequired(asked) => Some(*asked),
            _ => None,
        })
        .await
    }

    /// The status of reading the meeting's chat, and how many messages of people are in it.
    async fn reads_chat(&self, thread: &str) -> (u16, usize) {
        let grant = self.tokens.token().await.unwrap();
        let path = format!("chat/threads/{thread}/messages?api-version=2025-03-15");
        let url = grant.endpoint.join(&path).unwrap();
        let token = grant.token.for_endpoint(&grant.endpoint, &url).unwrap();
        let answer = reqwest::Client::builder()
            .tls_backend_preconfigured(Tls::none().unwrap())
            .build()
            .unwrap()
            .get(url.clone())
            .bearer_auth(token)
            .send()
            .await
            .unwrap();
        let status = answer.status().as_u16();
        let page: serde_json::Value = answer.json().await.unwrap();
        let listed = page["value"].as_array().map_or(&[][..], Vec::as_slice);
        let said = |m: &&serde_json::Value| m["type"] == "text" || m["type"] == "html";
        (status, listed.iter().filter(said).count())
    }
}

fn open() -> Options {
    Options::open("Design review")
}

#[tokio::test]
async fn a_guest_waits_is_let_in_and_then_may_chat() {
    let room = Room::with(Options::default()).await;
    let alice = room.organizer();
    let earlier = service::store::Draft::text("before you came");
    let thread = room.names.thread.clone();
    room.running
        .service
        .change(|store, now| {
            let (id, change) = store.post(&thread, &alice, earlier, now)?;
            Ok((id, vec![change]))
        })
        .unwrap();
    let mut ada = room.joined().await;
    ada.reaches(CallState::InLobby).await;
    assert_eq!(ada.reads_chat(&room.names.thread).await.0, 403);
    room.admit();
    ada.reaches(CallState::Connected).await;
    let opened = ada
        .hears(|event| match event {
            CallEvent::Info(info) => info.thread.clone(),
            _ => None,
        })
        .await;
    assert_eq!(opened.as_str(), room.names.thread);
    assert_eq!(ada.reads_chat(&room.names.thread).await, (200, 0));
    ada.ask(CallCommand::Leave).await;
    assert_eq!(ada.ends().await, (0, 0));
    assert_eq!(ada.reads_chat(&room.names.thread).await.0, 403);
}

#[tokio::test]
async fn a_chat_that_is_closed_to_guests_leaves_the_call_alone() {
    let chat = ChatMode::EnabledExceptAnonymous;
    let room = Room::with(Options { chat, ..open() }).await;
    let ada = room.inside().await;
    assert_eq!(ada.reads_chat(&room.names.thread).await.0, 403);
}

#[tokio::test]
async fn the_organizer_may_deny_entry() {
    let room = Room::with(Options::default()).await;
    let mut ada = room.joined().await;
    ada.reaches(CallState::InLobby).await;
    let guest = room.guest();
    room.act(|meeting, _, out| meeting.deny(&guest, None, out))
        .unwrap();
    assert_eq!(ada.ends().await, (0, 5854));
}

#[tokio::test]
async fn the_lobby_ends_when_its_time_is_up() {
    let room = Room::with(Options {
        lobby_timeout_seconds: 0.05,
        ..Options::default()
    })
    .await;
    let mut ada = room.joined().await;
    assert_eq!(ada.ends().await, (0, 5855));
}

#[tokio::test]
async fn a_recording_that_runs_already_is_known_on_joining() {
    let room = Room::with(open()).await;
    room.notice(local::NoticeKind::Recording, true, Some("Alice"));
    let mut ada = room.joined().await;
    let by = Some("Alice".to_owned());
    let recorded = (NoticeState::Active { by }, true);
    assert_eq!(ada.notice(NoticeKind::Recording).await, recorded);
    let quiet = (NoticeState::Inactive { by: None }, true);
    assert_eq!(ada.notice(NoticeKind::Transcription).await, quiet);
    room.notice(local::NoticeKind::Recording, false, None);
    let stopped = (NoticeState::Inactive { by: None }, false);
    assert_eq!(ada.notice(NoticeKind::Recording).await, stopped);
}

#[tokio::test]
async fn nobody_is_heard_before_consenting() {
    let room = Room::with(Options {
        consent_required: true,
        ..open()
    })
    .await;
    room.notice(local::NoticeKind::Recording, true, None);
    let mut ada = room.joined().await;
    assert!(ada.consent_asked().await);
    ada.ask(CallCommand::Mute(false)).await;
    let refused = ada
        .hears(|event| match event {
            CallEvent::ActionFailed(failure) => Some(failure.because.clone()),
            _ => None,
        })
        .await;
    let reason = "ExplicitConsentRequired".to_owned();
    assert_eq!(refused, Because::Refused { reason });
    ada.ask(CallCommand::Consent(true)).await;
    ada.ask(CallCommand::Mute(false)).await;
    ada.hears(|event| match event {
        CallEvent::Muted { muted: false, .. } => Some(()),
        _ => None,
    })
    .await;
}

#[tokio::test]
async fn removal_and_the_end_for_everyone_say_which_it_was() {
    let room = Room::with(open()).await;
    let mut ada = room.inside().await;
    let guest = room.guest();
    room.act(|meeting, _, out| meeting.remove(&guest, None, out))
        .unwrap();
    assert_eq!(ada.ends().await, (0, 5300));
    assert_eq!(ada.reads_chat(&room.names.thread).await.0, 403);
    ada.join(&room.names.link).await;
    ada.reaches(CallState::Connected).await;
    room.act(|meeting, _, out| meeting.end(None, out));
    assert_eq!(ada.ends().await, (0, 4097));
}

#[tokio::test]
async fn a_dropped_socket_is_taken_up_again_and_notices_are_read_anew() {
    let room = Room::with(open()).await;
    let mut ada = room.inside().await;
    ada.notice(NoticeKind::Transcription).await;
    room.running.service.drop_call_sockets();
    let lost = |event: &CallEvent| matches!(event, CallEvent::SignallingLost { .. }).then_some(());
    ada.hears(lost).await;
    room.notice(local::NoticeKind::Recording, true, None);
    let recorded = (NoticeState::Active { by: None }, true);
    assert_eq!(ada.notice(NoticeKind::Recording).await, recorded);
    assert_eq!(ada.reads_chat(&room.names.thread).await.0, 200);
}

#[tokio::test]
async fn who_quits_and_listens_no_more_still_leaves() {
    let room = Room::with(open()).await;
    let going = room.inside().await;
    let id = room.guest();
    let mut staying = room.inside().await;
    let Client {
        commands, heard, ..
    } = going;
    drop(heard);
    commands.send(CallCommand::Leave).await.unwrap();
    let left = |event: &CallEvent| match event {
        CallEvent::RosterLeft(who) => Some(who.as_str() == id),
        _ => None,
    };
    assert!(staying.hears(left).await);
}

#[tokio::test]
async fn a_link_that_falls_silent_is_doubted_within_a_quarter_of_a_second() {
    let room = Room::with(open()).await;
    let mut ada = room.inside().await;
    ada.hears(|event| matches!(event, CallEvent::Quality(_)).then_some(()))
        .await;
    let begun = sidetone::clock::Clock.now();
    room.running
        .service
        .hush_call_sockets(Duration::from_millis(700));
    ada.hears(|event| matches!(event, CallEvent::SignallingLost { .. }).then_some(()))
        .await;
    let after = sidetone::clock::Clock.now().since(begun);
    assert!(after <= Duration::from_millis(250), "{after:?}");
    ada.hears(|event| matches!(event, CallEvent::SignallingBack { .. }).then_some(()))
        .await;
    assert!(ada.notice(NoticeKind::Recording).await.1);
}

#[tokio::test]
async fn a_meeting_is_found_by_id_and_passcode_only_if_both_are_right() {
    let room = Room::with(open()).await;
    let mut ada = room.client();
    for (passcode, because) in [
        (Some("wrong".to_owned()), Because::WrongPasscode),
        (None, Because::WrongPasscode),
    ] {
        let locator = Locator::MeetingId {
            id: room.names.id.clone(),
            passcode,
        };
        let name = "Ada".to_owned();
        ada.ask(CallCommand::Join {
            number: CallNumber(1),
            locator,
            name,
            audio: Audio::Full,
            mode: AudioMode::Raw,
        })
        .await;
        let heard = ada
            .hears(|event| match event {
                CallEvent::ActionFailed(failure) => Some(failure.because.clone()),
                _ => None,
            })
            .await;
        assert_eq!(heard, because);
    }
    let locator = Locator::MeetingId {
        id: room.names.id.clone(),
        passcode: Some(room.names.passcode.clone()),
    };
    let name = "Ada".to_owned();
    ada.ask(CallCommand::Join {
        number: CallNumber(1),
        locator,
        name,
        audio: Audio::Full,
        mode: AudioMode::Raw,
    })
    .await;
    ada.reaches(CallState::Connected).await;
}

#[tokio::test]
async fn policies_turn_guests_away() {
    let closed = Room::with(Options {
        anonymous_join: false,
        lobby: LobbyMode::Everyone,
        ..Options::default()
    })
    .await;
    assert_eq!(closed.joined().await.ends().await, (403, 5221));
}

#[tokio::test]
async fn a_leader_lets_others_in_and_mutes_them() {
    let room = Room::with(Options {
        guest_role: local::Role::Presenter,
        ..Options::default()
    })
    .await;
    let mut ada = room.joined().await;
    ada.reaches(CallState::InLobby).await;
    room.admit();
    ada.reaches(CallState::Connected).await;
    let mut erin = room.joined().await;
    erin.reaches(CallState::InLobby).await;
    let waiting = ada
        .hears(|event| match event {
            CallEvent::Lobby(people) => people.first().map(|person| person.id.clone()),
            _ => None,
        })
        .await;
    ada.ask(CallCommand::Admit(waiting.clone())).await;
    erin.reaches(CallState::Connected).await;
    erin.ask(CallCommand::Mute(false)).await;
    erin.hears(|event| matches!(event, CallEvent::Muted { muted: false, .. }).then_some(()))
        .await;
    ada.ask(CallCommand::MuteOther(waiting)).await;
    let by = erin
        .hears(|event| match event {
            CallEvent::Muted {
                muted: true, by, ..
            } => by.clone(),
            _ => None,
        })
        .await;
    assert_eq!(by.name, "Ada (External)");
}

#[tokio::test]
async fn a_call_goes_over_tls_with_the_given_authority() {
    let data = tempfile::tempdir().unwrap();
    let host = service::Options {
        tls: true,
        data: Some(data.path().to_owned()),
        ..service::Options::default()
    };
    let room = Room::on(host, open()).await;
    let mut ada = room.inside().await;
    ada.ask(CallCommand::Leave).await;
    assert_eq!(ada.ends().await, (0, 0));
}

#[tokio::test]
async fn a_meeting_that_nobody_knows_is_told() {
    let room = Room::with(open()).await;
    let mut ada = room.client();
    ada.join("19:meeting_nowhere@thread.v2").await;
    let because = ada
        .hears(|event| match event {
            CallEvent::ActionFailed(failure) => Some(failure.because.clone()),
            _ => None,
        })
        .await;
    assert_eq!(because, Because::NoSuchMeeting);
}

fn words(text: &str, is_final: bool) -> local::Words {
    local::Words {
        text: text.into(),
        is_final,
        language: None,
    }
}

#[tokio::test]
async fn captions_reach_who_asked_and_real_time_text_everybody() {
    let room = Room::with(open()).await;
    let alice = room.organizer();
    let mut ada = room.inside().await;
    let mut bob = room.inside().await;
    let turn = |event: &CallEvent| match event {
        CallEvent::Turn { turn, .. } => Some((turn.kind, turn.text.clone(), turn.done, turn.mine)),
        _ => None,
    };
    ada.ask(CallCommand::Captions(true)).await;
    let typed = |text: &str, done| {
        CallCommand::Text(Typed {
            text: text.into(),
            done,
        })
    };
    // In order behind the wish, so that it is known when the text comes back.
    ada.ask(typed("yes, I", false)).await;
    ada.ask(typed("yes, I will", true)).await;
    for (client, mine) in [(&mut ada, true), (&mut bob, false)] {
        let first = (TurnKind::Text, "yes, I".to_owned(), false, mine);
        assert_eq!(client.hears(turn).await, first);
        let last = (TurnKind::Text, "yes, I will".to_owned(), true, mine);
        assert_eq!(client.hears(turn).await, last);
    }
    room.act(|meeting, _, out| {
        meeting
            .caption(&alice, words("so the", false), out)
            .unwrap();
        meeting
            .caption(&alice, words("so the budget is fine", true), out)
            .unwrap();
    });
    let partial = (TurnKind::Caption, "so the".to_owned(), false, false);
    assert_eq!(ada.hears(turn).await, partial);
    let done = (
        TurnKind::Caption,
        "so the budget is fine".to_owned(),
        true,
        false,
    );
    assert_eq!(ada.hears(turn).await, done);
    // Bob did not ask: what he hears next is no caption.
    room.act(|meeting, _, out| {
        meeting
            .real_time_text(&alice, words("hello", true), out)
            .unwrap();
    });
    let hello = (TurnKind::Text, "hello".to_owned(), true, false);
    assert_eq!(bob.hears(turn).await, hello);
}

#[tokio::test]
async fn without_a_mixer_an_offer_is_refused_and_nobody_is_bothered() {
    let room = Room::with(open()).await;
    let (mixer, gone) = mpsc::unbounded_channel();
    drop(gone);
    room.running.service.attach_mixer(mixer);
    let (mut ada, mut sound) = room.sounding().await;
    ada.reaches(CallState::Connected).await;
    let start = MediaWish::Start { audio: Audio::Full };
    assert_eq!(sound.wish().await, start);
    let offer = MediaWord::Offer(local::Sdp("v=0".into()));
    sound.words.send(offer).await.unwrap();
    let reason = "FeatureNotSupported".to_owned();
    let refused = MediaWish::Refused {
        reason: reason.clone(),
    };
    assert_eq!(sound.wish().await, refused);
    let none = ada
        .hears(|event| match event {
            CallEvent::ActionFailed(_) => panic!("{event:?}"),
            CallEvent::Media { state, reason } if reason.is_some() => {
                Some((*state, reason.clone()))
            }
            _ => None,
        })
        .await;
    assert_eq!(none, (MediaState::None, Some(reason)));
}

#[tokio::test]
async fn an_offer_and_its_answer_pass_between_the_sound_and_the_mixer() {
    let room = Room::with(open()).await;
    let (mixer, mut acts) = mpsc::unbounded_channel();
    room.running.service.attach_mixer(mixer);
    let (mut ada, mut sound) = room.sounding().await;
    ada.reaches(CallState::Connected).await;
    let guest = room.guest();
    let flow = |up, down| MediaAct::Flow {
        id: guest.clone(),
        flow: Flow { up, down },
    };
    assert_eq!(acts.recv().await.unwrap().act, flow(false, true));
    sound.wish().await;
    let sdp = local::Sdp("v=0 offer".into());
    let offer = MediaWord::Offer(sdp.clone());
    sound.words.send(offer).await.unwrap();
    let asked = acts.recv().await.unwrap();
    assert_eq!(asked.meeting, room.names.thread);
    let MediaAct::Offer {
        id,
        socket,
        address,
        sdp: offered,
    } = asked.act
    else {
        panic!("{:?}", asked.act);
    };
    assert_eq!((&id, offered), (&guest, sdp));
    assert_eq!(address, room.running.address.ip());
    let answer = local::Answer {
        sdp: local::Sdp("v=0 answer".into()),
        candidates: Vec::new(),
    };
    room.act(|meeting, _, out| {
        meeting
            .answer_offer(&id, socket, answer.clone(), out)
            .unwrap();
        meeting
            .set_media(&id, local::MediaState::Connected, None, out)
            .unwrap();
    });
    let answered = MediaWish::Answer {
        sdp: answer.sdp,
        candidates: Vec::new(),
    };
    assert_eq!(sound.wish().await, answered);
    ada.ask(CallCommand::Mute(false)).await;
    assert_eq!(acts.recv().await.unwrap().act, flow(true, true));
    ada.ask(CallCommand::Hold(true)).await;
    assert_eq!(acts.recv().await.unwrap().act, flow(false, false));
    assert_eq!(sound.wish().await, MediaWish::Stop);
    // The levels that are wanted come; five a second, so the first of these only.
    ada.ask(CallCommand::Hold(false)).await;
    ada.ask(CallCommand::Levels(true)).await;
    ada.ask(CallCommand::Deafen(true)).await;
    assert_eq!(acts.recv().await.unwrap().act, flow(true, true));
    assert_eq!(acts.recv().await.unwrap().act, flow(true, false));
    let alice = room.organizer();
    room.act(|meeting, now, out| meeting.set_levels(vec![(alice.clone(), -23)], now, out));
    let levels = ada
        .hears(|event| match event {
            CallEvent::Levels(levels) => Some(levels.clone()),
            _ => None,
        })
        .await;
    assert_eq!(levels, [(RawId::new(&alice), Level::from_dbfs(-23.0))]);
}

/// Far more than anything here takes; only a failing test waits as long.
const PATIENCE: Duration = Duration::from_secs(10);

#[tokio::test(flavor = "multi_thread")]
async fn a_flood_of_offers_keeps_nobody_else_waiting() {
    let room = Room::with(open()).await;
    let (mut ada, flooding) = room.sounding().await;
    ada.reaches(CallState::Connected).await;
    let offer = || MediaWord::Offer(local::Sdp("v=0 nonsense".into()));
    for _ in 0..2000 {
        flooding.words.send(offer()).await.unwrap();
    }
    let (mut bea, mut sound) = room.sounding().await;
    bea.reaches(CallState::Connected).await;
    assert_eq!(sound.wish().await, MediaWish::Start { audio: Audio::Full });
    sound.words.send(offer()).await.unwrap();
    let refused = tokio::time::timeout(Duration::from_secs(30), sound.wish()).await;
    assert!(
        matches!(refused, Ok(MediaWish::Refused { .. })),
        "{refused:?}"
    );
}
