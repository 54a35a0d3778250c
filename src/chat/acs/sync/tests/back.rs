//! Pages that lie before what is loaded.

use super::*;

#[test]
fn older_pages_come_on_demand_until_nothing_lies_before() {
    let mut service = Service::new(1..=400);
    service.page = 100;
    let (mut sync, mut told) = opened(&service);
    told.others.clear();
    let mut pages = Vec::new();
    for _ in 0..4 {
        let older = Input::Older {
            thread: thread(),
            before: None,
        };
        sync.handle(older, at(5));
        settle(&mut sync, &service, &mut told, at(5));
    }
    for event in told.others {
        let ChatEvent::OlderPage {
            messages, complete, ..
        } = event
        else {
            panic!("{event:?}");
        };
        let id = |m: &Message| m.id.as_str().parse::<u64>().unwrap();
        pages.push((messages.first().map(id), messages.last().map(id), complete));
    }
    assert_eq!(
        pages,
        [
            (Some(201), Some(300), false),
            (Some(101), Some(200), false),
            (Some(1), Some(100), true),
            (None, None, true)
        ]
    );
}

#[test]
fn a_page_before_a_message_in_the_middle_is_found_from_the_top() {
    let mut service = Service::new(1..=300);
    service.page = 100;
    let (mut sync, mut told) = opened(&service);
    told.others.clear();
    let older = Input::Older {
        thread: thread(),
        before: Some(MessageId::new("150")),
    };
    sync.handle(older, at(5));
    settle(&mut sync, &service, &mut told, at(5));
    let [ChatEvent::OlderPage { messages, .. }] = &told.others[..] else {
        panic!("{:?}", told.others);
    };
    assert_eq!(messages.last().unwrap().id.as_str(), "149");
    assert!(messages.len() >= 49);
}

#[test]
fn reading_back_costs_one_listing_a_page_wherever_it_began() {
    let mut service = Service::new(1..=1000);
    service.page = 100;
    let (mut sync, mut told) = opened(&service);
    told.others.clear();
    let mut before = MessageId::new("650");
    let mut listings = Vec::new();
    for _ in 0..4 {
        let older = Input::Older {
            thread: thread(),
            before: Some(before.clone()),
        };
        sync.handle(older, at(5));
        listings.push(settle(&mut sync, &service, &mut told, at(5)));
        let Some(ChatEvent::OlderPage { messages, .. }) = told.others.last() else {
            panic!("{:?}", told.others);
        };
        assert!(messages.last().unwrap().id < before);
        before = messages[0].id.clone();
    }
    // 649 to 601 is less than a page worth telling, so the first goes on to 501.
    assert_eq!(listings, [5, 1, 1, 1]);
    assert_eq!(before.as_str(), "201");
}
