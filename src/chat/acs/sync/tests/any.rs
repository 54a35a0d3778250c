//! Whatever happens and whatever gets lost, each message is told as the service has it.

use proptest::prelude::*;

use super::*;

/// What may happen to a message and to its event.
#[derive(Debug, Clone)]
enum Step {
    New {
        pushed: bool,
    },
    Edit {
        which: prop::sample::Index,
        pushed: bool,
    },
    Again {
        which: prop::sample::Index,
    },
    Drop,
    Back,
    Older,
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        4 => any::<bool>().prop_map(|pushed| Step::New { pushed }),
        2 => (any::<prop::sample::Index>(), any::<bool>()).prop_map(|(which, pushed)| Step::Edit { which, pushed }),
        1 => any::<prop::sample::Index>().prop_map(|which| Step::Again { which }),
        1 => Just(Step::Drop),
        1 => Just(Step::Back),
        1 => Just(Step::Older),
    ]
}

proptest! {
    /// Events may be lost only around a lost link; after it is back everything loaded is as
    /// the service has it, each version told once.
    #[test]
    fn after_every_gap_what_was_told_is_what_the_service_has(steps in proptest::collection::vec(step(), 0..60)) {
        let mut service = Service::new(1..=5);
        let (mut sync, mut told) = opened(&service);
        let (mut live, mut now) = (true, 10);
        for step in steps {
            now += 10;
            match step {
                Step::New { pushed } => {
                    let id = service.messages.len() as u64 + 1;
                    service.messages.insert(id, 1000 + now);
                    if live || pushed {
                        sync.handle(service.push(id), at(now));
                    }
                }
                Step::Edit { which, pushed } => {
                    let id = which.index(service.messages.len()) as u64 + 1;
                    service.messages.insert(id, 1000 + now);
                    if live || pushed {
                        sync.handle(service.push(id), at(now));
                    }
                }
                Step::Again { which } => {
                    let id = which.index(service.messages.len()) as u64 + 1;
                    sync.handle(service.push(id), at(now));
                }
                Step::Drop => {
                    live = false;
                    sync.handle(Input::Lost, at(now));
                }
                Step::Back => {
                    live = true;
                    sync.handle(Input::Live, at(now));
                }
                Step::Older => {
                    sync.handle(Input::Older { thread: thread(), before: None }, at(now));
                }
            }
            if now % 30 == 0 {
                settle(&mut sync, &service, &mut told, at(now));
            }
        }
        sync.handle(Input::Live, at(now + 10));
        settle(&mut sync, &service, &mut told, at(now + 10));
        for event in &told.others {
            if let ChatEvent::OlderPage { messages, .. } = event {
                for message in messages {
                    told.messages.push((message.id.as_str().parse().unwrap(), message.version.0));
                }
            }
        }
        let mut last = BTreeMap::new();
        for (id, version) in &told.messages {
            let known: &mut u64 = last.entry(*id).or_default();
            *known = (*known).max(*version);
        }
        let lowest = *last.keys().next().unwrap();
        let theirs: BTreeMap<u64, u64> = service.messages.range(lowest..).map(|(a, b)| (*a, *b)).collect();
        prop_assert_eq!(last, theirs);
    }
}
