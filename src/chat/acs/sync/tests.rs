//! A service that is a list, and events that get lost.

mod access;
mod any;
mod back;

use serde_json::json;

use super::*;
use crate::chat::eyes::eyes;
use crate::chat::retry::Kind;
use crate::model::failure::Because;
use crate::model::message::Body;
use crate::model::message::Version;
use crate::wire::acs::notification::ChatMessageDeleted;
use crate::wire::acs::notification::ChatMessageReceived;
use crate::wire::acs::notification::ChatThreadPropertiesUpdated;
use crate::wire::acs::notification::ParticipantsAdded;
use crate::wire::acs::notification::ParticipantsRemoved;
use crate::wire::acs::notification::Participation;
use crate::wire::acs::notification::Properties;
use crate::wire::acs::notification::ReadReceiptReceived;
use crate::wire::acs::notification::ThreadLevel;

const THREAD: &str = "19:t@thread.v2";

fn thread() -> ThreadId {
    ThreadId::new(THREAD)
}

fn at(millis: u64) -> Moment {
    Moment::ZERO + Duration::from_millis(millis)
}

fn forbidden() -> Error {
    Error::for_tests(Kind::Forbidden, Because::Forbidden)
}

fn lost() -> Error {
    Error::for_tests(Kind::Transient { arrived: true }, Because::Lost)
}

/// The service's list: message ids to versions, with pages of `page` messages.
struct Service {
    messages: BTreeMap<u64, u64>,
    page: usize,
}

impl Service {
    fn new(messages: impl IntoIterator<Item = u64>) -> Self {
        Self {
            messages: messages.into_iter().map(|id| (id, id)).collect(),
            page: 3,
        }
    }

    /// The link is the id below which the page lies.
    fn list(&self, link: Option<&str>) -> Page<ChatMessage> {
        let below: u64 = link.map_or(u64::MAX, |link| link.parse().unwrap());
        let mut value: Vec<ChatMessage> = Vec::new();
        let mut rest = self.messages.range(..below).rev();
        for (id, version) in rest.by_ref().take(self.page) {
            let message = json!({"id": id.to_string(), "version": version.to_string(),
                "type": "text", "content": {"message": "x"}});
            value.push(serde_json::from_value(message).unwrap());
        }
        let more = rest.next().is_some();
        let next_link = value.last().map(|m| m.id.clone()).filter(|_| more);
        Page { value, next_link }
    }

    fn push(&self, id: u64) -> Input {
        Input::Notified(Box::new(Notification::ChatMessageReceived(
            ChatMessageReceived {
                at: self.at(id),
                ..ChatMessageReceived::default()
            },
        )))
    }

    fn push_deleted(&self, id: u64) -> Input {
        Input::Notified(Box::new(Notification::ChatMessageDeleted(
            ChatMessageDeleted {
                at: self.at(id),
                ..ChatMessageDeleted::default()
            },
        )))
    }

    fn at(&self, id: u64) -> Participation {
        Participation {
            group_id: THREAD.to_owned(),
            message_id: id.to_string(),
            version: self.messages[&id].to_string(),
            message_type: "Text".to_owned(),
            sender_id: "8:acs:r_b".to_owned(),
            ..Participation::default()
        }
    }
}

/// Somebody else read the message.
fn push_read(id: u64) -> Input {
    Input::Notified(Box::new(Notification::ReadReceiptReceived(
        ReadReceiptReceived {
            at: Participation {
                group_id: THREAD.to_owned(),
                message_id: id.to_string(),
                sender_id: "8:acs:r_b".to_owned(),
                ..Participation::default()
            },
            ..ReadReceiptReceived::default()
        },
    )))
}

/// What was told: id to version, in the order of telling, and everything else.
#[derive(Default)]
struct Told {
    messages: Vec<(u64, u64)>,
    others: Vec<ChatEvent>,
    polls: Vec<bool>,
}

impl Told {
    fn hear(&mut self, event: ChatEvent) {
        let mut note = |message: &Message| {
            let id = message.id.as_str().parse().unwrap();
            self.messages.push((id, message.version.0));
        };
        match event {
            ChatEvent::MessageReceived { message, .. } => note(&message),
            ChatEvent::NewerPage { messages, .. } => messages.iter().for_each(note),
            other => self.others.push(other),
        }
    }

    fn ids(&self) -> Vec<u64> {
        self.messages.iter().map(|(id, _)| *id).collect()
    }
}

fn reading() -> Box<Reading> {
    Box::new(Reading {
        properties: serde_json::from_value(json!({"id": THREAD, "topic": "Review"})).unwrap(),
        participants: serde_json::from_value(
            json!([{"communicationIdentifier": {"rawId": "8:acs:r_b"}, "displayName": "Bob"}]),
        )
        .unwrap(),
        receipts: Vec::new(),
    })
}

/// Answers everything that is asked, until nothing is; how many pages that took.
fn settle(sync: &mut Sync, service: &Service, told: &mut Told, now: Moment) -> usize {
    let mut pages = 0;
    loop {
        match sync.poll() {
            Output::List {
                thread,
                listing,
                link,
            } => {
                pages += 1;
                let result = Ok(service.list(link.as_deref()));
                let input = Input::Listed {
                    thread,
                    listing,
                    result,
                };
                sync.handle(input, now);
            }
            Output::Read(thread) => {
                let result = Ok(reading());
                sync.handle(Input::Read { thread, result }, now);
            }
            Output::Event(event) => told.hear(event),
            Output::Polls { answered } => told.polls.push(answered),
            Output::Wait(_) => return pages,
        }
    }
}

fn opened(service: &Service) -> (Sync, Told) {
    let mut sync = Sync::new(eyes());
    let mut told = Told::default();
    sync.handle(Input::Open(thread()), at(0));
    settle(&mut sync, service, &mut told, at(0));
    sync.handle(Input::Live, at(1));
    settle(&mut sync, service, &mut told, at(1));
    (sync, told)
}

#[test]
fn opening_tells_access_the_people_and_the_newest_page_in_order() {
    let service = Service::new([1, 2, 3, 4, 5]);
    let (_, told) = opened(&service);
    assert_eq!(told.ids(), [3, 4, 5]);
    assert!(matches!(
        told.others[..],
        [
            ChatEvent::Access {
                access: ChatAccess::Opening,
                ..
            },
            ChatEvent::ThreadRead(_),
            ChatEvent::Access {
                access: ChatAccess::Open,
                ..
            }
        ]
    ));
}

#[test]
fn a_gap_is_filled_in_order_and_what_comes_meanwhile_follows() {
    let mut service = Service::new([1, 2, 3]);
    let (mut sync, mut told) = opened(&service);
    sync.handle(Input::Lost, at(10));
    service.messages.extend((4..=12).map(|id| (id, id)));
    sync.handle(Input::Live, at(20));
    service.messages.insert(13, 13);
    sync.handle(service.push(13), at(21));
    settle(&mut sync, &service, &mut told, at(22));
    assert_eq!(told.ids(), (1..=13).collect::<Vec<_>>());
}

#[test]
fn an_edit_of_an_old_message_during_a_gap_is_found() {
    let mut service = Service::new(1..=9);
    let (mut sync, mut told) = opened(&service);
    let older = Input::Older {
        thread: thread(),
        before: None,
    };
    sync.handle(older, at(5));
    settle(&mut sync, &service, &mut told, at(5));
    sync.handle(Input::Lost, at(10));
    service.messages.insert(2, 100);
    service.messages.insert(10, 10);
    sync.handle(Input::Live, at(20));
    settle(&mut sync, &service, &mut told, at(20));
    assert_eq!(told.messages[3..], [(10, 10), (2, 100)]);
}

#[test]
fn a_refresh_tells_the_newest_page_even_when_all_of_it_is_known() {
    let mut service = Service::new(1..=9);
    let (mut sync, mut told) = opened(&service);
    told.messages.clear();
    sync.handle(Input::Refresh(thread()), at(5));
    settle(&mut sync, &service, &mut told, at(5));
    assert_eq!(told.ids(), [7, 8, 9]);
    told.messages.clear();
    service.messages.extend((10..=14).map(|id| (id, id)));
    sync.handle(Input::Refresh(thread()), at(6));
    sync.handle(Input::Live, at(6));
    settle(&mut sync, &service, &mut told, at(6));
    assert_eq!(told.ids(), (10..=14).collect::<Vec<_>>());
    told.messages.clear();
    sync.handle(Input::Live, at(7));
    settle(&mut sync, &service, &mut told, at(7));
    assert!(told.ids().is_empty());
}

#[test]
fn a_refresh_that_fails_at_first_tells_the_page_later() {
    let service = Service::new(1..=9);
    let (mut sync, mut told) = opened(&service);
    told.messages.clear();
    sync.handle(Input::Refresh(thread()), at(5));
    let listing = loop {
        match sync.poll() {
            Output::List { listing, .. } => break listing,
            Output::Read(_) | Output::Event(_) | Output::Polls { .. } => {}
            Output::Wait(_) => panic!("nothing is listed"),
        }
    };
    let (thread, result) = (thread(), Err(lost()));
    let input = Input::Listed {
        thread,
        listing,
        result,
    };
    sync.handle(input, at(6));
    sync.handle(Input::Timeout, at(10_000));
    settle(&mut sync, &service, &mut told, at(10_000));
    assert_eq!(told.ids(), [7, 8, 9]);
}

#[test]
fn a_repeated_or_outdated_copy_is_told_once() {
    let mut service = Service::new([1]);
    let (mut sync, mut told) = opened(&service);
    service.messages.insert(2, 2);
    let old = service.push(2);
    service.messages.insert(2, 7);
    for input in [service.push(2), old, service.push(2)] {
        sync.handle(input, at(5));
    }
    settle(&mut sync, &service, &mut told, at(5));
    assert_eq!(told.messages, [(1, 1), (2, 7)]);
    service.messages.insert(2, 9);
    sync.handle(service.push_deleted(2), at(6));
    let Output::Event(ChatEvent::MessageReceived { message, .. }) = sync.poll() else {
        panic!("nothing told");
    };
    assert_eq!((message.body, message.version), (Body::Deleted, Version(9)));
}

#[test]
fn a_change_of_a_message_that_is_not_loaded_waits_for_its_page() {
    let mut service = Service::new(1..=9);
    let (mut sync, mut told) = opened(&service);
    service.messages.insert(1, 50);
    sync.handle(service.push(1), at(5));
    settle(&mut sync, &service, &mut told, at(5));
    assert_eq!(told.ids(), [7, 8, 9]);
}

#[test]
fn a_gap_stays_a_gap_when_filling_it_fails() {
    let mut service = Service::new([1, 2, 3]);
    let (mut sync, mut told) = opened(&service);
    sync.handle(Input::Lost, at(10));
    service.messages.extend((4..=12).map(|id| (id, id)));
    sync.handle(Input::Live, at(20));
    sync.handle(service.push(12), at(21));
    loop {
        match sync.poll() {
            Output::List {
                thread, listing, ..
            } => {
                let result = Err(lost());
                let input = Input::Listed {
                    thread,
                    listing,
                    result,
                };
                sync.handle(input, at(22));
            }
            Output::Read(thread) => {
                let result = Ok(reading());
                sync.handle(Input::Read { thread, result }, at(22));
            }
            Output::Event(event) => told.hear(event),
            Output::Polls { .. } => {}
            Output::Wait(deadline) => {
                assert_eq!(deadline, Some(at(1022)));
                break;
            }
        }
    }
    assert_eq!(
        told.ids(),
        [1, 2, 3, 12],
        "what is pushed is not held for ever"
    );
    sync.handle(Input::Timeout, at(1022));
    settle(&mut sync, &service, &mut told, at(1022));
    assert_eq!(told.ids(), [1, 2, 3, 12, 4, 5, 6, 7, 8, 9, 10, 11]);
}

#[test]
fn pushed_messages_wait_five_seconds_at_most() {
    let mut service = Service::new([1]);
    let (mut sync, mut told) = opened(&service);
    sync.handle(Input::Live, at(10));
    service.messages.insert(2, 2);
    sync.handle(service.push(2), at(11));
    let listing = sync.poll();
    assert!(matches!(listing, Output::List { .. }));
    assert_eq!(sync.poll(), Output::Wait(Some(at(5010))));
    sync.handle(Input::Timeout, at(5010));
    while let Output::Event(event) = sync.poll() {
        told.hear(event);
    }
    assert_eq!(told.ids(), [1, 2]);
}

#[test]
fn what_did_not_wait_for_a_gap_to_close_is_told_once() {
    let mut service = Service::new([1, 2, 3]);
    let (mut sync, mut told) = opened(&service);
    sync.handle(Input::Lost, at(10));
    service.messages.extend((4..=12).map(|id| (id, id)));
    sync.handle(Input::Live, at(20));
    sync.handle(service.push(12), at(21));
    // The first page of the gap has it too; the others are slow.
    loop {
        if let Output::List {
            thread,
            listing,
            link,
        } = sync.poll()
        {
            let result = Ok(service.list(link.as_deref()));
            let input = Input::Listed {
                thread,
                listing,
                result,
            };
            sync.handle(input, at(22));
            break;
        }
    }
    sync.handle(Input::Timeout, at(5020));
    settle(&mut sync, &service, &mut told, at(5021));
    let mut ids = told.ids();
    ids.sort_unstable();
    assert_eq!(ids, (1..=12).collect::<Vec<_>>());
}

#[test]
fn a_changed_topic_is_told_once_and_its_message_is_looked_for() {
    let mut service = Service::new([1]);
    let (mut sync, mut told) = opened(&service);
    told.others.clear();
    service.messages.insert(2, 2);
    let changed = || {
        Input::Notified(Box::new(Notification::ChatThreadPropertiesUpdated(
            ChatThreadPropertiesUpdated {
                at: ThreadLevel {
                    thread_id: THREAD.to_owned(),
                    version: "5".to_owned(),
                    ..ThreadLevel::default()
                },
                properties: Properties {
                    topic: "New".into(),
                    ..Properties::default()
                },
                ..ChatThreadPropertiesUpdated::default()
            },
        )))
    };
    sync.handle(changed(), at(10));
    sync.handle(changed(), at(11));
    settle(&mut sync, &service, &mut told, at(11));
    assert_eq!(told.others.len(), 1);
    assert_eq!(told.ids(), [1]);
    sync.handle(Input::Timeout, at(310));
    settle(&mut sync, &service, &mut told, at(310));
    assert_eq!(told.ids(), [1, 2]);
}

#[test]
fn a_message_whose_event_is_lost_is_looked_for_when_somebody_has_read_it() {
    let mut service = Service::new([1, 2]);
    let (mut sync, mut told) = opened(&service);
    // The event of 3 is lost, the one of 4 comes.
    service.messages.extend([(3, 3), (4, 4)]);
    sync.handle(service.push(4), at(10));
    sync.handle(push_read(3), at(20));
    sync.handle(push_read(4), at(20));
    assert_eq!(settle(&mut sync, &service, &mut told, at(20)), 0);
    sync.handle(Input::Timeout, at(320));
    settle(&mut sync, &service, &mut told, at(320));
    assert_eq!(told.ids(), [1, 2, 4, 3]);
}

#[test]
fn a_receipt_that_overtakes_its_message_and_one_for_what_is_not_ours_to_see_cost_little() {
    let mut service = Service::new([1, 2]);
    let (mut sync, mut told) = opened(&service);
    sync.handle(push_read(3), at(10));
    service.messages.insert(3, 3);
    sync.handle(service.push(3), at(20));
    sync.handle(Input::Timeout, at(400));
    assert_eq!(settle(&mut sync, &service, &mut told, at(400)), 0);
    let mut listings = 0;
    for n in 0..5 {
        sync.handle(push_read(9), at(1000 + 500 * n));
        sync.handle(Input::Timeout, at(1400 + 500 * n));
        listings += settle(&mut sync, &service, &mut told, at(1400 + 500 * n));
    }
    assert_eq!(listings, 1);
}

#[test]
fn without_events_the_newest_page_is_asked_for_every_three_seconds() {
    let mut service = Service::new([1]);
    let mut sync = Sync::new(eyes());
    let mut told = Told::default();
    sync.handle(Input::Open(thread()), at(0));
    settle(&mut sync, &service, &mut told, at(0));
    sync.handle(Input::Poll, at(10));
    settle(&mut sync, &service, &mut told, at(10));
    service.messages.insert(2, 2);
    assert_eq!(sync.poll(), Output::Wait(Some(at(3010))));
    sync.handle(Input::Timeout, at(3010));
    settle(&mut sync, &service, &mut told, at(3010));
    assert_eq!(told.ids(), [1, 2]);
    sync.handle(Input::Live, at(3020));
    settle(&mut sync, &service, &mut told, at(3020));
    assert_eq!(sync.poll(), Output::Wait(None));
}

#[test]
fn polling_is_told_only_where_the_service_answers() {
    let service = Service::new([1]);
    let (mut sync, mut told) = opened(&service);
    sync.handle(Input::Lost, at(10));
    sync.handle(Input::Poll, at(10));
    let mut unanswered = Vec::new();
    loop {
        match sync.poll() {
            Output::List {
                thread, listing, ..
            } => {
                let result = Err(lost());
                let input = Input::Listed {
                    thread,
                    listing,
                    result,
                };
                sync.handle(input, at(20));
            }
            Output::Read(thread) => {
                let result = Err(lost());
                sync.handle(Input::Read { thread, result }, at(20));
            }
            Output::Polls { answered } => unanswered.push(answered),
            Output::Event(_) => {}
            Output::Wait(_) => break,
        }
    }
    assert_eq!(unanswered, [false]);
    sync.handle(Input::Timeout, at(60_000));
    settle(&mut sync, &service, &mut told, at(60_000));
    assert_eq!(told.polls, [true]);
}
