//! The session against a service that is only numbers: time is passed in.

use super::*;
use crate::wire::acs::notification::Notification;
use crate::wire::acs::notification::TypingIndicatorReceived;
use crate::wire::acs::realtime::ClientInfo;
use crate::wire::acs::realtime::ConnectParams;

fn at(millis: u64) -> Moment {
    Moment::ZERO + Duration::from_millis(millis)
}

fn session() -> Session {
    let identity = Identity {
        cor_id: "cor".to_owned(),
        epid: "ep".to_owned(),
        cv: "cv".to_owned(),
        client: ClientInfo {
            cv: "1".to_owned(),
            ua: "sidetone".to_owned(),
            v: "0".to_owned(),
        },
    };
    Session::new(identity, at(0), Timestamp::from_millis(1_000_000), 7)
}

fn drain(session: &mut Session) -> (Vec<Output>, Option<Moment>) {
    let mut outputs = Vec::new();
    loop {
        match session.poll() {
            Output::Wait(deadline) => return (outputs, deadline),
            output => outputs.push(output),
        }
    }
}

fn configuration() -> RealTimeNotificationConfiguration {
    RealTimeNotificationConfiguration {
        trouter_service_url: "https://trouter.example".to_owned(),
        registrar_service_url: "https://registrar.example".to_owned(),
        cloud_type: "public".to_owned(),
    }
}

fn allocation() -> Allocation {
    Allocation {
        url: "https://t.example/v4/f/x/".to_owned(),
        surl: "https://t.example/v4/f/x/".to_owned(),
        socketio: "https://t.example/".to_owned(),
        connectparams: ConnectParams(vec![
            ("sr".to_owned(), "r".to_owned()),
            ("se".to_owned(), "90000000".to_owned()),
        ]),
        ttl: "86400".to_owned(),
        ..Allocation::default()
    }
}

fn handshake() -> Handshake {
    Handshake {
        sid: "sid".to_owned(),
        heartbeat: 70,
        close: 70,
        transports: vec!["websocket".to_owned()],
    }
}

fn allocated_link(outputs: &[Output]) -> (LinkId, String, bool) {
    outputs
        .iter()
        .find_map(|output| match output {
            Output::Allocate { link, url, fresh } => Some((*link, url.clone(), *fresh)),
            _ => None,
        })
        .unwrap()
}

/// From an asked allocation to a registered link.
fn connect(session: &mut Session, link: LinkId, now: Moment) -> Vec<Output> {
    session.handle(Input::Allocated(link, Ok(allocation())), now);
    session.handle(Input::ShookHands(link, Ok(handshake())), now);
    session.handle(Input::Frame(link, "1::"), now);
    let connected = r#"5:::{"name":"trouter.connected","args":[{"ttl":"86400","dur":"12"}]}"#;
    session.handle(Input::Frame(link, connected), now);
    session.handle(Input::Frame(link, "6:::1+[]"), now);
    session.handle(Input::Registered(link, Ok(())), now);
    drain(session).0
}

fn live() -> (Session, LinkId) {
    let mut session = session();
    session.handle(Input::Configured(Ok(configuration())), at(0));
    let (link, ..) = allocated_link(&drain(&mut session).0);
    connect(&mut session, link, at(0));
    (session, link)
}

fn sent(outputs: &[Output]) -> Vec<&str> {
    outputs
        .iter()
        .filter_map(|output| match output {
            Output::Send { text, .. } => Some(text.as_str()),
            _ => None,
        })
        .collect()
}

#[test]
fn a_connection_goes_through_every_step_and_is_live_when_registered() {
    let mut session = session();
    assert_eq!(session.poll(), Output::Configure { fresh: false });
    session.handle(Input::Configured(Ok(configuration())), at(0));
    let (link, url, _) = allocated_link(&drain(&mut session).0);
    assert_eq!(
        url,
        "https://trouter.example/v4/a?cor_id=cor&con_num=1000000_1&epid=ep"
    );
    let outputs = connect(&mut session, link, at(5));
    let shaken = outputs.iter().any(|o| {
        matches!(o, Output::ShakeHands { url, .. }
            if url.starts_with("https://t.example/socket.io/1/?sr=r&se=90000000&v=v4&tc=") && url.ends_with("&t=1000005"))
    });
    assert!(shaken, "{outputs:?}");
    let opened = outputs.iter().any(|o| {
        matches!(o, Output::Open { url, .. } if url.starts_with("wss://t.example/socket.io/1/websocket/sid?sr=r"))
    });
    assert!(opened, "{outputs:?}");
    assert_eq!(
        sent(&outputs),
        [r#"5:1+::{"name":"user.activity","args":[{"cv":"cv.2","state":"active"}]}"#]
    );
    let registered = outputs.iter().any(|o| {
        matches!(o, Output::Register { url, body, fresh: false, .. }
            if url == "https://registrar.example/v3/registrations"
                && body.transports.trouter[0].ttl == 7200
                && body.transports.trouter[0].path == "https://t.example/v4/f/x/")
    });
    assert!(registered, "{outputs:?}");
    assert_eq!(outputs.last(), Some(&Output::Change(Change::Live)));
}

#[test]
fn every_pushed_request_is_answered_at_once_and_then_read() {
    let (mut session, link) = live();
    let event = Notification::TypingIndicatorReceived(TypingIndicatorReceived::default());
    let body = serde_json::Value::from(event.encode());
    let request = format!(
        r#"3:::{{"id":101,"method":"POST","url":"/x","headers":{{"MS-CV":"a.1"}},"body":{body}}}"#
    );
    session.handle(Input::Frame(link, &request), at(10));
    let (outputs, _) = drain(&mut session);
    assert!(sent(&outputs)[0].starts_with(r#"3:::{"id":101,"status":200"#));
    assert_eq!(outputs[1], Output::Notification(Box::new(event)));

    session.handle(
        Input::Frame(
            link,
            r#"3:4::{"id":5,"method":"POST","url":"/x","body":"?"}"#,
        ),
        at(11),
    );
    let (outputs, _) = drain(&mut session);
    let texts = sent(&outputs);
    assert_eq!(texts[0], "6:::4");
    assert!(texts[1].contains(r#""id":5,"status":200"#));
    assert_eq!(
        outputs.len(),
        2,
        "what cannot be read is answered all the same"
    );
}

#[test]
fn events_before_the_connection_stands_are_not_believed() {
    let mut session = session();
    session.handle(Input::Configured(Ok(configuration())), at(0));
    let (link, ..) = allocated_link(&drain(&mut session).0);
    session.handle(Input::Allocated(link, Ok(allocation())), at(0));
    session.handle(Input::ShookHands(link, Ok(handshake())), at(0));
    session.handle(Input::Frame(link, "1::"), at(0));
    drain(&mut session);
    let event = Notification::TypingIndicatorReceived(TypingIndicatorReceived::default());
    let body = serde_json::Value::from(event.encode());
    let request = format!(r#"3:::{{"id":1,"method":"POST","url":"/x","body":{body}}}"#);
    session.handle(Input::Frame(link, &request), at(1));
    let (outputs, _) = drain(&mut session);
    assert_eq!(outputs.len(), 1, "{outputs:?}");
}

#[test]
fn a_ping_without_an_answer_ends_the_link_after_five_seconds() {
    let (mut session, link) = live();
    // The second activity is due ten seconds after the first acknowledgement.
    session.handle(Input::Timeout, at(10_000));
    assert_eq!(sent(&drain(&mut session).0).len(), 1);
    session.handle(Input::Frame(link, "6:::2+[]"), at(10_000));
    session.handle(Input::Timeout, at(40_000));
    assert_eq!(sent(&drain(&mut session).0), [r#"5:3+::{"name":"ping"}"#]);
    session.handle(Input::Frame(link, r#"6:::3+["pong"]"#), at(40_100));
    session.handle(Input::Timeout, at(80_000));
    drain(&mut session);
    session.handle(Input::Timeout, at(84_999));
    assert_eq!(drain(&mut session).0, []);
    session.handle(Input::Timeout, at(85_000));
    let (outputs, _) = drain(&mut session);
    assert!(outputs.contains(&Output::Close { link }));
    assert!(outputs.contains(&Output::Change(Change::Lost)));
    // At once and for the same address.
    let (_, url, _) = allocated_link(&outputs);
    assert_eq!(
        url,
        "https://t.example/v4/a?cor_id=cor&con_num=1000000_2&epid=ep&sr=r&se=90000000&v=v4"
    );
}

#[test]
fn an_activity_that_is_not_acknowledged_ends_the_link() {
    let mut session = session();
    session.handle(Input::Configured(Ok(configuration())), at(0));
    let (link, ..) = allocated_link(&drain(&mut session).0);
    session.handle(Input::Allocated(link, Ok(allocation())), at(0));
    session.handle(Input::ShookHands(link, Ok(handshake())), at(0));
    session.handle(Input::Frame(link, "1::"), at(0));
    session.handle(
        Input::Frame(link, r#"5:::{"name":"trouter.connected","args":[]}"#),
        at(0),
    );
    let (_, deadline) = drain(&mut session);
    assert_eq!(deadline, Some(at(10_000)));
    session.handle(Input::Timeout, at(10_000));
    assert!(drain(&mut session).0.contains(&Output::Close { link }));
}

#[test]
fn a_silent_service_is_given_up_after_its_own_heartbeat_and_two_seconds() {
    let (mut session, link) = live();
    session.handle(Input::Timeout, at(10_000));
    session.handle(Input::Frame(link, "6:::2+[]"), at(10_000));
    session.handle(Input::Timeout, at(40_000));
    session.handle(Input::Frame(link, "6:::3+[]"), at(40_000));
    drain(&mut session);
    session.handle(Input::Frame(link, "2::"), at(50_000));
    assert_eq!(sent(&drain(&mut session).0), ["2::"]);
}

#[test]
fn a_link_that_never_connects_is_started_over_after_twenty_seconds() {
    let mut session = session();
    session.handle(Input::Configured(Ok(configuration())), at(0));
    let (link, ..) = allocated_link(&drain(&mut session).0);
    session.handle(Input::Allocated(link, Ok(allocation())), at(0));
    drain(&mut session);
    session.handle(Input::Timeout, at(20_000));
    let (outputs, _) = drain(&mut session);
    assert!(outputs.contains(&Output::Close { link }));
    allocated_link(&outputs);
}

#[test]
fn failing_attempts_back_off_and_say_when_it_is_hopeless() {
    let mut session = session();
    session.handle(Input::Configured(Ok(configuration())), at(0));
    let mut now = at(0);
    let mut changes = Vec::new();
    let mut pauses = Vec::new();
    for _ in 0..5 {
        let (outputs, _) = drain(&mut session);
        let (link, ..) = allocated_link(&outputs);
        session.handle(Input::Allocated(link, Err(Refusal::Failed)), now);
        let (outputs, deadline) = drain(&mut session);
        changes.extend(outputs);
        let next = deadline.unwrap();
        pauses.push(next.since(now).as_millis());
        now = next;
        session.handle(Input::Timeout, now);
    }
    assert_eq!(changes, [Output::Change(Change::Hopeless)]);
    for (pause, base) in pauses.iter().zip([1000, 2000, 4000, 8000, 16_000]) {
        assert!(
            (base * 8 / 10..=base * 12 / 10).contains(pause),
            "{pauses:?}"
        );
    }
}

#[test]
fn a_fourth_refusal_of_the_token_is_the_last() {
    let mut session = session();
    session.handle(Input::Configured(Ok(configuration())), at(0));
    let mut now = at(0);
    let mut fresh_asked = Vec::new();
    for _ in 0..4 {
        let (link, _, fresh) = allocated_link(&drain(&mut session).0);
        fresh_asked.push(fresh);
        session.handle(Input::Allocated(link, Err(Refusal::Unauthorized)), now);
        let Output::Wait(Some(next)) = session.poll() else {
            break;
        };
        now = next;
        session.handle(Input::Timeout, now);
    }
    assert_eq!(fresh_asked, [false, true, true, true]);
    assert_eq!(session.poll(), Output::Wait(None));
    session.handle(Input::Retry, now);
    allocated_link(&drain(&mut session).0);
}

#[test]
fn giving_up_is_said() {
    let mut session = session();
    drain(&mut session);
    session.handle(Input::Configured(Err(Refusal::Deprecated)), at(0));
    assert_eq!(
        drain(&mut session),
        (vec![Output::Change(Change::GaveUp)], None)
    );
}

#[test]
fn the_reasons_of_a_disconnect_are_told_apart() {
    let (mut session, link) = live();
    let unauthorized = r#"0:::{"reason":"unauthorized"}"#;
    session.handle(Input::Frame(link, unauthorized), at(9_000));
    let (link, _, fresh) = allocated_link(&drain(&mut session).0);
    assert!(fresh);
    connect(&mut session, link, at(9_000));

    // A second `dup` within ten seconds drops the saved address.
    session.handle(Input::Frame(link, "0:::dup"), at(12_000));
    let (link, url, _) = allocated_link(&drain(&mut session).0);
    assert!(url.starts_with("https://t.example/"));
    connect(&mut session, link, at(12_000));
    session.handle(Input::Frame(link, "0:::dup"), at(15_000));
    let (link, url, _) = allocated_link(&drain(&mut session).0);
    assert!(url.starts_with("https://trouter.example/"));
    connect(&mut session, link, at(15_000));

    let deprecated = r#"0:::{"reason":"skypetoken-deprecated"}"#;
    session.handle(Input::Frame(link, deprecated), at(30_000));
    let (outputs, deadline) = drain(&mut session);
    assert!(outputs.contains(&Output::Change(Change::GaveUp)));
    assert_eq!(deadline, None);
}

#[test]
fn an_error_packet_is_answered_with_good_bye_and_a_new_connection() {
    let (mut session, link) = live();
    session.handle(Input::Frame(link, "7:::reason+reconnect"), at(9_000));
    let (outputs, _) = drain(&mut session);
    assert_eq!(sent(&outputs), ["0::"]);
    allocated_link(&outputs);
}

#[test]
fn a_link_that_falls_right_after_standing_up_backs_off() {
    let (mut session, link) = live();
    session.handle(Input::Closed(link), at(500));
    let (outputs, deadline) = drain(&mut session);
    assert_eq!(outputs, [Output::Change(Change::Lost)]);
    assert!(deadline.unwrap() >= at(1300));
}

#[test]
fn parameters_about_to_expire_are_forgotten() {
    let (mut session, link) = live();
    // 90,000,000 ms after 1970 less one hour is 85,400 s after the start.
    let late = at(85_500_000);
    session.handle(Input::Closed(link), late);
    let (_, url, _) = allocated_link(&drain(&mut session).0);
    assert!(url.starts_with("https://trouter.example/v4/a?"), "{url}");
}

#[test]
fn lost_events_are_admitted_and_read_again() {
    let (mut session, link) = live();
    let loss = r#"5:::{"name":"trouter.message_loss","args":[{"droppedIndicators":[{"tag":"t1","etag":"e1"}]}]}"#;
    session.handle(Input::Frame(link, loss), at(100));
    let (outputs, _) = drain(&mut session);
    assert_eq!(
        sent(&outputs),
        [
            r#"5:2+::{"name":"trouter.processed_message_loss","args":[{"droppedIndicators":[{"etag":"e1","tag":"t1"}]}]}"#
        ]
    );
    assert!(outputs.contains(&Output::Change(Change::Missed)));
}

#[test]
fn a_planned_switch_replaces_the_link_without_losing_it() {
    let (mut session, old) = live();
    let told = r#"5:::{"name":"trouter.reconnect","args":[{"target":"self"}]}"#;
    session.handle(Input::Frame(old, told), at(5_000));
    let (outputs, _) = drain(&mut session);
    let (new, url, _) = allocated_link(&outputs);
    assert!(
        url.contains("con_num=1005000_1") && url.contains("sr=r"),
        "{url}"
    );
    let outputs = connect(&mut session, new, at(5_100));
    assert!(!outputs.contains(&Output::Change(Change::Lost)));
    assert!(outputs.contains(&Output::Change(Change::Live)));

    // The old one still delivers, and is closed a minute later.
    let event = Notification::TypingIndicatorReceived(TypingIndicatorReceived::default());
    let body = serde_json::Value::from(event.encode());
    let request = format!(r#"3:::{{"id":9,"method":"POST","url":"/x","body":{body}}}"#);
    session.handle(Input::Frame(old, &request), at(6_000));
    assert!(
        drain(&mut session)
            .0
            .contains(&Output::Notification(Box::new(event)))
    );
    session.handle(Input::Frame(new, "2::"), at(60_000));
    session.handle(Input::Frame(new, "6:::2+[]"), at(60_001));
    session.handle(Input::Timeout, at(65_100));
    let (outputs, _) = drain(&mut session);
    assert!(outputs.contains(&Output::Close { link: old }));
    assert!(!outputs.contains(&Output::Change(Change::Lost)));
}

#[test]
fn a_switch_that_fails_leaves_the_link_it_was_to_replace() {
    let (mut session, old) = live();
    let told = r#"5:::{"name":"trouter.reconnect","args":[{"target":"global"}]}"#;
    session.handle(Input::Frame(old, told), at(5_000));
    let (new, url, _) = allocated_link(&drain(&mut session).0);
    assert!(url.starts_with("https://trouter.example/"));
    session.handle(Input::Allocated(new, Err(Refusal::Failed)), at(5_100));
    let (outputs, _) = drain(&mut session);
    assert_eq!(outputs, []);
    session.handle(Input::Frame(old, "2::"), at(6_000));
    assert_eq!(sent(&drain(&mut session).0), ["2::"]);
}

#[test]
fn a_registration_is_renewed_before_it_ends_and_tried_again_when_refused() {
    let (session, link) = live();
    let renewal = at(7_170_000);
    assert_eq!(session.registration.deadline(), Some(renewal));
    let mut registration = session.registration;
    assert_eq!(registration.due(renewal), Some(false));
    assert_eq!(registration.link(), Some(link));
    registration.failed(Refusal::Unauthorized, renewal);
    assert_eq!(
        registration.due(renewal),
        Some(true),
        "at once, with a fresh token"
    );
    assert!(
        !registration.failed(Refusal::Refused, renewal),
        "it still stands"
    );
    assert_eq!(registration.deadline(), Some(at(7_293_000)));
}

#[test]
fn a_registration_that_is_refused_from_the_start_is_hopeless() {
    let mut session = session();
    session.handle(Input::Configured(Ok(configuration())), at(0));
    let (link, ..) = allocated_link(&drain(&mut session).0);
    session.handle(Input::Allocated(link, Ok(allocation())), at(0));
    session.handle(Input::ShookHands(link, Ok(handshake())), at(0));
    session.handle(Input::Frame(link, "1::"), at(0));
    session.handle(
        Input::Frame(link, r#"5:::{"name":"trouter.connected","args":[]}"#),
        at(0),
    );
    session.handle(Input::Registered(link, Err(Refusal::Refused)), at(0));
    let (outputs, _) = drain(&mut session);
    assert_eq!(outputs.last(), Some(&Output::Change(Change::Hopeless)));
}

#[test]
fn stopping_says_good_bye_and_takes_the_registration_back() {
    let (mut session, link) = live();
    session.handle(Input::Stop, at(1));
    let (outputs, deadline) = drain(&mut session);
    assert_eq!(
        outputs,
        [
            Output::Send {
                link,
                text: "0::".to_owned()
            },
            Output::Close { link },
            Output::Unregister {
                url: "https://registrar.example/v3/registrations/ep".to_owned()
            }
        ]
    );
    assert_eq!(deadline, None);
}
