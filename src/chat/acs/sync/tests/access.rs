//! Who may read, and who no longer.

use super::*;

#[test]
fn refused_access_is_asked_for_again_four_times_and_said_twice() {
    let mut sync = Sync::new(eyes());
    let mut told = Told::default();
    sync.handle(Input::Open(thread()), at(0));
    let mut now = at(0);
    let mut pauses = Vec::new();
    loop {
        match sync.poll() {
            Output::List {
                thread, listing, ..
            } => {
                let result = Err(forbidden());
                let input = Input::Listed {
                    thread,
                    listing,
                    result,
                };
                sync.handle(input, now);
            }
            Output::Read(thread) => {
                let result = Err(forbidden());
                sync.handle(Input::Read { thread, result }, now);
            }
            Output::Event(event) => told.others.push(event),
            Output::Polls { .. } => {}
            Output::Wait(Some(next)) => {
                pauses.push(next.since(now).as_secs());
                now = next;
                sync.handle(Input::Timeout, now);
            }
            Output::Wait(None) => break,
        }
    }
    assert_eq!(pauses, [1, 2, 4, 8]);
    let remedies: Vec<Remedy> = told
        .others
        .into_iter()
        .filter_map(|event| match event {
            ChatEvent::Access {
                access: ChatAccess::Denied(failure),
                ..
            } => Some(failure.remedy),
            _ => None,
        })
        .collect();
    assert_eq!(
        remedies,
        [
            Remedy::Automatic {
                after: Some(Duration::from_secs(1))
            },
            Remedy::AskOrganizer
        ]
    );
    // A person may ask again, and then it works.
    let service = Service::new([1]);
    let mut told = Told::default();
    sync.handle(Input::Retry(thread()), now);
    settle(&mut sync, &service, &mut told, now);
    assert_eq!(told.ids(), [1]);
}

#[test]
fn access_that_comes_late_opens_the_thread() {
    let mut sync = Sync::new(eyes());
    sync.handle(Input::Open(thread()), at(0));
    for _ in 0..10 {
        match sync.poll() {
            Output::List {
                thread, listing, ..
            } => {
                let result = Err(forbidden());
                let input = Input::Listed {
                    thread,
                    listing,
                    result,
                };
                sync.handle(input, at(0));
            }
            Output::Read(thread) => {
                let result = Err(forbidden());
                sync.handle(Input::Read { thread, result }, at(0));
            }
            Output::Event(_) | Output::Polls { .. } | Output::Wait(_) => {}
        }
    }
    let service = Service::new([1, 2]);
    let mut told = Told::default();
    sync.handle(Input::Timeout, at(1000));
    settle(&mut sync, &service, &mut told, at(1000));
    assert_eq!(told.ids(), [1, 2]);
    assert!(told.others.iter().any(|event| matches!(
        event,
        ChatEvent::Access {
            access: ChatAccess::Open,
            ..
        }
    )));
}

fn me() -> Vec<Participant> {
    vec![Participant {
        participant_id: "8:acs:r_me".to_owned(),
        ..Participant::default()
    }]
}

fn here() -> ThreadLevel {
    ThreadLevel {
        thread_id: THREAD.to_owned(),
        ..ThreadLevel::default()
    }
}

fn taken_out() -> Input {
    Input::Notified(Box::new(Notification::ParticipantsRemoved(
        ParticipantsRemoved {
            at: here(),
            participants_removed: me(),
            ..ParticipantsRemoved::default()
        },
    )))
}

fn put_back() -> Input {
    Input::Notified(Box::new(Notification::ParticipantsAdded(
        ParticipantsAdded {
            at: here(),
            participants_added: me(),
            ..ParticipantsAdded::default()
        },
    )))
}

fn is_denied(event: &ChatEvent) -> bool {
    let ChatEvent::Access { access, .. } = event else {
        return false;
    };
    matches!(access, ChatAccess::Denied(_))
}

#[test]
fn being_removed_ends_access() {
    let service = Service::new([1]);
    let (mut sync, mut told) = opened(&service);
    told.others.clear();
    sync.handle(taken_out(), at(10));
    settle(&mut sync, &service, &mut told, at(10));
    assert!(!told.others.iter().any(is_denied), "not at once");
    sync.handle(Input::Timeout, at(3010));
    settle(&mut sync, &service, &mut told, at(3010));
    assert!(told.others.last().is_some_and(is_denied));
    sync.handle(Input::Live, at(3020));
    assert_eq!(sync.poll(), Output::Wait(None));
}

#[test]
fn who_is_back_in_a_moment_is_not_told_to_have_gone() {
    let mut service = Service::new([1]);
    let (mut sync, mut told) = opened(&service);
    told.others.clear();
    sync.handle(taken_out(), at(10));
    settle(&mut sync, &service, &mut told, at(10));
    service.messages.insert(2, 2);
    sync.handle(put_back(), at(900));
    settle(&mut sync, &service, &mut told, at(900));
    sync.handle(Input::Timeout, at(3010));
    settle(&mut sync, &service, &mut told, at(3010));
    assert!(!told.others.iter().any(is_denied), "{:?}", told.others);
    assert_eq!(told.ids(), [1, 2], "and nothing of the moment is lost");
}
