//! Order, versions, echoes and the window, also against a model without any cleverness.

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::*;
use crate::model::announcement::Sender;
use crate::model::failure::Because;
use crate::model::failure::Doing;
use crate::model::failure::Remedy;
use crate::model::identity::Person;
use crate::model::message::Body;
use crate::model::message::Version;
use crate::model::rich::Rich;
use crate::model::turn::TurnKind;

fn message(id: u64, version: u64) -> Message {
    Message {
        id: MessageId::new(&id.to_string()),
        version: Version(version),
        client_id: None,
        sender: Some(Person::new("8:acs:alice", "Alice")),
        mine: false,
        body: Body::Text(Rich::from_text(&format!("{id} in version {version}"))),
        created: at(id),
        edited: (version > 0).then(|| at(id + version)),
        mentions_me: id.is_multiple_of(10),
        attachments: Vec::new(),
        reply_to: None,
        reactions: Vec::new(),
        importance: crate::model::message::Importance::Normal,
    }
}

fn at(millis: u64) -> Timestamp {
    Timestamp::from_millis(i64::try_from(millis).unwrap())
}

fn id(number: u64) -> MessageId {
    MessageId::new(&number.to_string())
}

fn client(number: u64) -> ClientMessageId {
    ClientMessageId::new(&format!("run-{number}"))
}

fn mine(number: u64, from: u64) -> Message {
    Message {
        client_id: Some(client(from)),
        mine: true,
        ..message(number, 0)
    }
}

fn failure() -> Failure {
    Failure {
        doing: Doing::Sending,
        because: Because::Timeout,
        remedy: Remedy::Retry,
    }
}

/// `5` a message, `e1` an echo, `|` a banner.
fn shown(timeline: &Timeline) -> String {
    let words: Vec<_> = timeline
        .entries()
        .iter()
        .map(|e| match e {
            Entry::Message(m) => m.id.as_str().to_owned(),
            Entry::Echo(e) => e.client_id.as_str().replace("run-", "e"),
            Entry::Banner { .. } => "|".to_owned(),
        })
        .collect();
    words.join(" ")
}

fn with(ids: &[u64]) -> Timeline {
    let mut timeline = Timeline::default();
    for id in ids {
        assert_eq!(timeline.insert(message(*id, 0)), Inserted::New);
    }
    timeline
}

fn echoed(ids: &[u64], echoes: &[u64]) -> Timeline {
    let mut timeline = with(ids);
    for e in echoes {
        timeline.echo(client(*e), Draft::default(), at(0));
    }
    timeline
}

#[test]
fn messages_stand_in_the_order_of_their_numbers() {
    assert_eq!(shown(&with(&[5, 100, 20, 9])), "5 9 20 100");
}

#[test]
fn an_edit_that_overtakes_its_original_wins() {
    let mut timeline = Timeline::default();
    assert_eq!(timeline.insert(message(5, 2)), Inserted::New);
    assert_eq!(timeline.insert(message(5, 0)), Inserted::Stale);
    assert_eq!(timeline.insert(message(5, 2)), Inserted::Duplicate);
    assert_eq!(timeline.insert(message(5, 3)), Inserted::Updated);
    assert_eq!(timeline.find(&id(5)).unwrap().version, Version(3));
}

#[test]
fn the_copy_takes_the_place_of_its_echo_when_it_comes_before_the_reply() {
    let mut timeline = echoed(&[5], &[1, 2]);
    assert_eq!(
        timeline.insert(mine(6, 1)),
        Inserted::Replaced { echo: client(1) }
    );
    timeline.settle(&client(1), id(6));
    assert_eq!(shown(&timeline), "5 6 e2");
}

#[test]
fn the_copy_takes_the_place_of_its_echo_when_it_comes_after_the_reply() {
    let mut timeline = echoed(&[5], &[1]);
    timeline.settle(&client(1), id(6));
    assert_eq!(shown(&timeline), "5 e1");
    // A copy without our id, as another program's edit of it would be.
    assert_eq!(
        timeline.insert(message(6, 0)),
        Inserted::Replaced { echo: client(1) }
    );
    assert_eq!(shown(&timeline), "5 6");
}

#[test]
fn a_reply_to_a_send_whose_copy_carried_no_id_removes_the_echo() {
    let mut timeline = echoed(&[], &[1]);
    assert_eq!(timeline.insert(message(6, 0)), Inserted::New);
    timeline.settle(&client(1), id(6));
    assert_eq!(shown(&timeline), "6");
}

#[test]
fn what_was_not_sent_is_kept_and_sent_again() {
    let mut timeline = echoed(&[5], &[1, 2]);
    assert!(timeline.fail(&client(1), failure()).is_some());
    assert_eq!(timeline.failed(), 1);
    let again: Vec<_> = timeline.retry().into_iter().map(|(c, _)| c).collect();
    assert_eq!(again, [client(1)]);
    assert_eq!(timeline.failed(), 0);
    // It was the answer that got lost, not the message.
    timeline.fail(&client(1), failure());
    timeline.insert(mine(6, 1));
    assert_eq!(shown(&timeline), "5 6 e2");
}

#[test]
fn a_banner_stays_where_it_happened() {
    let mut timeline = echoed(&[5], &[1]);
    timeline.banner(Said::Admitted, at(6));
    timeline.insert(message(7, 0));
    timeline.insert(message(4, 0));
    assert_eq!(shown(&timeline), "4 5 | 7 e1");
}

#[test]
fn a_banner_before_the_first_page_moves_behind_what_was_older() {
    let mut timeline = Timeline::default();
    timeline.banner(Said::Admitted, at(6));
    timeline.insert(message(8, 0));
    let page = [3, 5, 8].map(|n| message(n, 0)).to_vec();
    timeline.insert_page(page, Page::Newer);
    assert_eq!(shown(&timeline), "3 5 | 8");
}

#[test]
fn a_page_that_overlaps_brings_only_what_is_new() {
    let mut timeline = with(&[5, 6]);
    let page = [3, 4, 5].map(|n| message(n, 0)).to_vec();
    let taken = timeline.insert_page(page, Page::Older { complete: true });
    let new: Vec<_> = taken.iter().map(|(_, i)| i == &Inserted::New).collect();
    assert_eq!(new, [true, true, false]);
    assert_eq!(shown(&timeline), "3 4 5 6");
    assert!(timeline.complete);
}

#[test]
fn an_edit_of_what_lies_before_the_window_makes_no_hole() {
    let mut timeline = Timeline::default();
    timeline.insert_page(vec![message(50, 0), message(51, 0)], Page::Newer);
    assert_eq!(timeline.insert(message(7, 3)), Inserted::Outside);
    let page = vec![message(7, 3)];
    timeline.insert_page(page, Page::Older { complete: true });
    assert_eq!(shown(&timeline), "7 50 51");
}

#[test]
fn what_is_read_again_after_a_gap_makes_no_hole_before_the_window() {
    let mut timeline = Timeline::default();
    timeline.insert_page(vec![message(10, 0), message(11, 0)], Page::Newer);
    let taken = timeline.insert_page(
        vec![message(3, 7), message(11, 0), message(12, 0)],
        Page::Newer,
    );
    let taken: Vec<_> = taken.into_iter().map(|(_, inserted)| inserted).collect();
    assert_eq!(
        taken,
        [Inserted::Outside, Inserted::Duplicate, Inserted::New]
    );
    assert_eq!(timeline.oldest().map(|m| m.id.clone()), Some(id(10)));
}

#[test]
fn the_window_is_bounded_while_following() {
    let mut timeline = Timeline::default();
    for n in 1..=10_000 {
        timeline.insert(message(n, 0));
        timeline.trim(Direction::Newer);
    }
    assert!(timeline.len() <= WINDOW + SLACK);
    assert_eq!(timeline.newest().unwrap().id, id(10_000));
    assert!(!timeline.complete);
    assert_eq!(timeline.insert(message(5, 9)), Inserted::Outside);
}

#[test]
fn reading_far_back_lets_go_of_the_newest_and_a_page_brings_it_back() {
    let mut timeline = Timeline::default();
    let all: Vec<_> = (1..=5000).map(|n| message(n, 0)).collect();
    timeline.insert_page(all[4000..].to_vec(), Page::Newer);
    for page in all[..4000].chunks(500).rev() {
        timeline.insert_page(page.to_vec(), Page::Older { complete: false });
        timeline.trim(Direction::Older);
    }
    assert!(timeline.is_detached());
    assert_eq!(timeline.insert(message(5001, 0)), Inserted::Outside);
    let last: u64 = timeline.newest().unwrap().id.as_str().parse().unwrap();
    assert!(timeline.len() <= 2 * WINDOW + SLACK && last < 5000);
    let rest: Vec<_> = (last + 1..=5001).map(|n| message(n, 0)).collect();
    timeline.insert_page(rest, Page::Newer);
    assert!(!timeline.is_detached());
    assert_eq!(timeline.newest().unwrap().id, id(5001));
    let ids: Vec<_> = timeline.messages().map(|m| m.id.clone()).collect();
    assert!(ids.is_sorted());
}

#[test]
fn search_goes_back_and_forth() {
    let timeline = with(&[5, 15, 25]);
    let (first, matches) = timeline.search("5 IN", None, Direction::Older);
    assert_eq!((first.clone(), matches), (Some(Mark::Message(id(25))), 3));
    let (second, _) = timeline.search("5 in", first.as_ref(), Direction::Older);
    assert_eq!(second, Some(Mark::Message(id(15))));
    let (back, _) = timeline.search("5 in", second.as_ref(), Direction::Newer);
    assert_eq!(back, Some(Mark::Message(id(25))));
    assert_eq!(timeline.search("alice", None, Direction::Newer).1, 3);
    assert_eq!(
        timeline.search("nothing", None, Direction::Older),
        (None, 0)
    );
}

fn spoken(timeline: &mut Timeline, words: &str) {
    let said = Said::Turn {
        kind: TurnKind::Caption,
        sender: Sender {
            name: "Carol".to_owned(),
            external: false,
            mine: false,
        },
        text: words.to_owned(),
    };
    timeline.banner(said, Timestamp::from_millis(0));
}

#[test]
fn what_was_spoken_is_found_where_it_was_said() {
    let mut timeline = with(&[5]);
    spoken(&mut timeline, "the budget is fine");
    spoken(&mut timeline, "and so is the plan");
    timeline.insert(message(9, 0));
    let (budget, matches) = timeline.search("budget", None, Direction::Older);
    assert_eq!(matches, 1);
    assert_eq!(timeline.find_mark(&budget.unwrap()), Some(1));
    let (last, matches) = timeline.search("carol", None, Direction::Older);
    assert_eq!(
        (timeline.find_mark(&last.clone().unwrap()), matches),
        (Some(2), 2)
    );
    let (first, _) = timeline.search("carol", last.as_ref(), Direction::Older);
    assert_eq!(timeline.find_mark(&first.unwrap()), Some(1));
}

#[test]
fn what_was_spoken_stays_when_messages_are_let_go() {
    let mut timeline = Timeline::default();
    timeline.insert(message(1, 0));
    spoken(&mut timeline, "the budget is fine");
    for n in 2..6000 {
        timeline.insert(message(n, 0));
        timeline.trim(Direction::Newer);
    }
    assert!(timeline.messages().count() <= WINDOW + SLACK);
    assert_eq!(timeline.search("budget", None, Direction::Older).1, 1);
    timeline.clear();
    assert_eq!((timeline.len(), timeline.messages().count()), (1, 0));
    timeline.insert_page(vec![message(6000, 0)], Page::Newer);
    assert_eq!(timeline.newest().unwrap().id, id(6000));
    assert!(timeline.entries()[0].is_turn());
}

#[test]
fn mentions_are_found_from_new_to_old() {
    let timeline = with(&[10, 15, 20]);
    let newest = timeline.mention_before(None);
    assert_eq!(newest, Some(id(20)));
    assert_eq!(timeline.mention_before(newest.as_ref()), Some(id(10)));
    assert_eq!(timeline.mention_before(Some(&id(10))), None);
}

/// What can happen to one of thirty messages.
#[derive(Debug, Clone)]
enum Step {
    Arrive { id: u64, version: u64 },
    Older(Vec<(u64, u64)>),
    Newer(Vec<(u64, u64)>),
    Banner,
    Echo(u64),
    Reply { echo: u64, with_id: bool },
    Copy { echo: u64, version: u64 },
    Fail(u64),
}

fn step() -> impl Strategy<Value = Step> {
    let page = prop::collection::vec((1..30u64, 0..4u64), 0..6);
    prop_oneof![
        4 => (1..30u64, 0..4u64).prop_map(|(id, version)| Step::Arrive { id, version }),
        1 => page.clone().prop_map(Step::Older),
        1 => page.prop_map(Step::Newer),
        1 => Just(Step::Banner),
        2 => (0..5u64).prop_map(Step::Echo),
        2 => (0..5u64, any::<bool>()).prop_map(|(echo, with_id)| Step::Reply { echo, with_id }),
        2 => (0..5u64, 0..3u64).prop_map(|(echo, version)| Step::Copy { echo, version }),
        1 => (0..5u64).prop_map(Step::Fail),
    ]
}

/// The same without any cleverness: the highest version of each message, and the echoes left.
#[derive(Default)]
struct Naive {
    messages: BTreeMap<u64, u64>,
    echoes: Vec<u64>,
    sent: Vec<u64>,
    banners: usize,
}

impl Naive {
    fn see(&mut self, id: u64, version: u64) {
        let known = self.messages.entry(id).or_insert(version);
        *known = version.max(*known);
    }
}

/// The server's number of the message that echo `n` becomes.
const fn number(echo: u64) -> u64 {
    100 + echo
}

fn apply(timeline: &mut Timeline, naive: &mut Naive, step: Step) {
    match step {
        Step::Arrive { id, version } => {
            timeline.insert(message(id, version));
            naive.see(id, version);
        }
        Step::Older(page) | Step::Newer(page) => {
            for (id, version) in &page {
                naive.see(*id, *version);
            }
            let page = page.into_iter().map(|(id, v)| message(id, v)).collect();
            // Complete, so that nothing lies outside and the two can be compared.
            timeline.insert_page(page, Page::Older { complete: true });
        }
        Step::Banner => {
            timeline.banner(Said::Admitted, at(15));
            naive.banners += 1;
        }
        Step::Echo(n) if !naive.sent.contains(&n) => {
            timeline.echo(client(n), Draft::default(), at(0));
            naive.echoes.push(n);
            naive.sent.push(n);
        }
        Step::Reply { echo, with_id } if naive.sent.contains(&echo) => {
            let arrived = naive.messages.contains_key(&number(echo));
            if with_id {
                timeline.settle(&client(echo), id(number(echo)));
                if arrived {
                    naive.echoes.retain(|e| *e != echo);
                }
            }
        }
        Step::Copy { echo, version } if naive.sent.contains(&echo) => {
            let copy = Message {
                version: Version(version),
                ..mine(number(echo), echo)
            };
            timeline.insert(copy);
            naive.see(number(echo), version);
            naive.echoes.retain(|e| *e != echo);
        }
        Step::Fail(echo) => {
            timeline.fail(&client(echo), failure());
        }
        Step::Echo(_) | Step::Reply { .. } | Step::Copy { .. } => {}
    }
}

proptest! {
    #[test]
    fn each_message_is_there_once_in_order_in_its_last_state(
        steps in prop::collection::vec(step(), 0..60)
    ) {
        let (mut timeline, mut naive) = (Timeline::default(), Naive::default());
        timeline.complete = true;
        for step in steps {
            apply(&mut timeline, &mut naive, step);
            let held: Vec<_> = timeline
                .messages()
                .map(|m| (m.id.as_str().parse::<u64>().unwrap(), m.version.0))
                .collect();
            let wanted: Vec<_> = naive.messages.iter().map(|(id, v)| (*id, *v)).collect();
            prop_assert_eq!(held, wanted);
            let echoes: Vec<_> = timeline.echoes().map(|e| e.client_id.clone()).collect();
            let left: Vec<_> = naive.echoes.iter().map(|e| client(*e)).collect();
            prop_assert_eq!(echoes, left);
            let banners = timeline.entries().iter().filter(|e| matches!(e, Entry::Banner { .. }));
            prop_assert_eq!(banners.count(), naive.banners);
            prop_assert!(timeline.entries()[..timeline.settled()].is_sorted_by(|a, b| a.order(b).is_le()));
        }
    }
}
