//! The chats of a work account, in both views: what each command asks for, and what is told of the answer.

use sidetone::effect::ChatCommand;
use sidetone::effect::Effect;
use sidetone::effect::WorkCommand;
use sidetone::event::CallEvent;
use sidetone::event::ChatEvent;
use sidetone::event::Event;
use sidetone::event::IdentityEvent;
use sidetone::event::SoundEvent;
use sidetone::event::WorkEvent;
use sidetone::model::account::AccountKind;
use sidetone::model::call::EndReason;
use sidetone::model::directory::Colleague;
use sidetone::model::directory::Found;
use sidetone::model::directory::Presence;
use sidetone::model::failure::Because;
use sidetone::model::failure::Doing;
use sidetone::model::failure::Failure;
use sidetone::model::failure::Remedy;
use sidetone::model::message::Body;
use sidetone::model::message::Message;
use sidetone::model::message::MessageId;
use sidetone::model::message::Version;
use sidetone::model::permission::Permission;
use sidetone::model::settings::Interface;
use sidetone::model::settings::Settings;
use sidetone::model::thread::ChatAccess;
use sidetone::model::thread::Link;
use sidetone::model::thread::Listed;
use sidetone::model::thread::ThreadId;
use sidetone::model::thread::ThreadInfo;
use sidetone::model::thread::ThreadKind;

use crate::play::Script;
use crate::play::account;
use crate::play::alone;
use crate::play::at;
use crate::play::call;
use crate::play::chat;
use crate::play::link;
use crate::play::message;
use crate::play::person;
use crate::play::says;
use crate::play::thread;
use crate::play::told;

pub(crate) const VIEWS: [Interface; 2] = [Interface::Linear, Interface::FullScreen];

fn listed(id: &ThreadId, topic: &str, kind: ThreadKind, unread: bool) -> Listed {
    Listed {
        id: id.clone(),
        topic: topic.to_owned(),
        kind,
        unread,
        meeting: None,
        preview: Some(("Alice".to_owned(), "I will read it.".to_owned())),
    }
}

pub(crate) fn work(event: WorkEvent) -> Event {
    chat(ChatEvent::Work(event))
}

fn list(asked: bool) -> Event {
    let channel = ThreadId::new("19:general@thread.tacv2");
    work(WorkEvent::Listed {
        threads: vec![
            listed(&thread(), "Release notes", ThreadKind::Group, true),
            listed(&channel, "Voice / General", ThreadKind::Channel, false),
        ],
        at: at(0.0),
        asked,
    })
}

/// `sidetone chats`, and the list has come.
fn chats(interface: Interface) -> Script {
    let settings = Settings {
        interface,
        ..Settings::default()
    };
    alone(settings)
        .elsewhere(AccountKind::Teams)
        .sounding()
        .among_chats()
        .then(link(Link::OnDemand))
        .then(list(true))
}

/// One of them is in front; Alice wrote something, and so did we.
pub(crate) fn opened(interface: Interface) -> Script {
    chats(interface)
        .line("/thread Release notes")
        .then(chat(ChatEvent::Access {
            thread: thread(),
            access: ChatAccess::Open,
        }))
        .then(chat(ChatEvent::ThreadRead(ThreadInfo {
            id: thread(),
            topic: "Release notes".to_owned(),
            participants: ["Ada", "Alice", "Bob"].map(person).to_vec(),
        })))
        .then(chat(ChatEvent::NewerPage {
            thread: thread(),
            messages: vec![message(1, "Alice", "a draft"), message(2, "Ada", "thanks")],
        }))
        .then(work(WorkEvent::AsOf {
            thread: thread(),
            at: at(0.0),
        }))
}

pub(crate) fn asked(script: &Script) -> Vec<WorkCommand> {
    let commands = script.chat_commands().into_iter();
    let work = commands.filter_map(|command| match command {
        ChatCommand::Work(work) => Some(work),
        _ => None,
    });
    work.collect()
}

#[test]
fn the_chats_are_listed_with_kind_news_and_age() {
    for view in VIEWS {
        let shown = chats(view).forget().line("/chats");
        assert!(asked(&shown) == [WorkCommand::List], "{view:?}");
        let shown = told(
            shown.then(list(true)),
            "Release notes, group, unread. Alice: I will read it.",
        );
        let shown = told(shown, "Voice / General, channel");
        told(shown, "As of");
    }
}

#[test]
fn a_chat_that_is_opened_during_a_call_elsewhere_has_its_own_people() {
    let channel = ThreadId::new("19:general@thread.tacv2");
    let people = ["Ada", "Alice", "Bob", "Carol", "Dave"];
    for interface in VIEWS {
        let shown = alone(Settings {
            interface,
            ..Settings::default()
        })
        .elsewhere(AccountKind::Teams)
        .connected()
        .then(list(false))
        .line("/thread Voice / General")
        .then(chat(ChatEvent::ThreadRead(ThreadInfo {
            id: channel.clone(),
            topic: "Voice / General".to_owned(),
            participants: people.map(person).to_vec(),
        })))
        .then(chat(ChatEvent::NewerPage {
            thread: channel.clone(),
            messages: vec![message(1, "Alice", "a draft")],
        }));
        let first = "Joined Voice / General, 5 people, 1 earlier message.";
        let shown = told(shown.after(5.0), first);
        let shown = shown.line("/thread Release notes").forget();
        told(shown.line("/thread Voice / General"), first);
    }
}

#[test]
fn a_chat_is_opened_by_its_name() {
    for view in VIEWS {
        let shown = chats(view).forget().line("/thread Release notes");
        let commands = shown.chat_commands();
        assert!(
            commands.contains(&ChatCommand::Open(thread())),
            "{view:?} {commands:?}"
        );
    }
}

#[test]
fn each_command_asks_for_what_it_says() {
    let text = str::to_owned;
    let alice = MessageId::new("1");
    let cases = [
        (
            "/newchat Bob",
            WorkCommand::NewChat {
                names: vec![text("Bob")],
                topic: String::new(),
            },
        ),
        (
            "/newchat Bob, Carol: Plans",
            WorkCommand::NewChat {
                names: vec![text("Bob"), text("Carol")],
                topic: text("Plans"),
            },
        ),
        ("/colleagues ali", WorkCommand::FindPeople(text("ali"))),
        ("/searchall draft", WorkCommand::Search(text("draft"))),
        ("/presence", WorkCommand::Presence(Some(thread()))),
        (
            "/presence busy",
            WorkCommand::SetPresence(Some(Presence::Busy)),
        ),
        ("/presence reset", WorkCommand::SetPresence(None)),
        (
            "/addmember Carol",
            WorkCommand::AddMember {
                thread: thread(),
                name: text("Carol"),
            },
        ),
        (
            "/removemember Bob",
            WorkCommand::RemoveMember {
                thread: thread(),
                name: text("Bob"),
            },
        ),
        (
            "/rename Plans",
            WorkCommand::Rename {
                thread: thread(),
                topic: text("Plans"),
            },
        ),
        ("/markunread", WorkCommand::MarkUnread(thread())),
        (
            "/reaction like",
            WorkCommand::React {
                thread: thread(),
                message: alice,
                kind: text("like"),
                set: true,
            },
        ),
    ];
    for view in VIEWS {
        for (line, command) in &cases {
            let shown = opened(view).forget().line(line);
            assert!(
                asked(&shown) == [command.clone()],
                "{view:?} {line} {}",
                shown.said()
            );
        }
    }
}

#[test]
fn a_message_is_sent_changed_taken_back_and_put_back() {
    for view in VIEWS {
        let shown = opened(view).forget().line("hello all").after(1.0);
        let sent = shown.chat_commands();
        let is_send =
            |c: &ChatCommand| matches!(c, ChatCommand::Send { thread: to, .. } if *to == thread());
        assert!(
            sent.iter().any(is_send),
            "{view:?} {sent:?} {} {:?}",
            shown.said(),
            shown.state.composer.text()
        );
        let shown = opened(view).forget().line("/edit many thanks");
        let edited = shown.chat_commands();
        let of_ours = MessageId::new("2");
        let is_edit =
            |c: &ChatCommand| matches!(c, ChatCommand::Edit { message, .. } if *message == of_ours);
        assert!(edited.iter().any(is_edit), "{view:?} {edited:?}");
        let shown = opened(view).forget().line("/delete");
        let shown = match view {
            Interface::Linear => shown.line("y"),
            Interface::FullScreen => shown.press("y"),
        };
        let deleted = shown.chat_commands();
        let is_delete = |c: &ChatCommand| matches!(c, ChatCommand::Delete { message, .. } if *message == of_ours);
        assert!(deleted.iter().any(is_delete), "{view:?} {deleted:?}");
        // What is typed in the same breath as an answer is not taken for anything else.
        let shown = shown.after(2.0).forget().line("/undelete");
        let message = of_ours;
        assert!(
            asked(&shown)
                == [WorkCommand::Undelete {
                    thread: thread(),
                    message
                }],
            "{view:?}"
        );
    }
}

#[test]
fn what_is_put_back_is_told_as_that_and_not_as_a_change() {
    // What others put back stands in full screen where it stood; that it is there again is not said.
    for (view, name, words) in [
        (Interface::Linear, "Ada", "you put a message back: thanks"),
        (
            Interface::FullScreen,
            "Ada",
            "you put a message back: thanks",
        ),
        (
            Interface::Linear,
            "Alice",
            "Alice put a message back: thanks",
        ),
    ] {
        let whole = message(3, name, "thanks");
        let arrived = |body: Option<Body>, version: u64| {
            chat(ChatEvent::MessageReceived {
                thread: thread(),
                message: Message {
                    version: Version(version),
                    body: body.unwrap_or_else(|| whole.body.clone()),
                    ..whole.clone()
                },
            })
        };
        let shown = opened(view)
            .line("/verbosity 3")
            .then(arrived(None, 5))
            .then(arrived(Some(Body::Deleted), 6))
            .after(5.0)
            .forget()
            .then(arrived(None, 7));
        let shown = told(shown.after(1.0), words);
        assert!(!shown.said().contains("edited"), "{view:?}");
    }
}

#[test]
fn an_answer_of_two_rows_leaves_the_newest_words_to_be_read() {
    let answered =
        opened(Interface::FullScreen).line("/thread a chat whose name is long enough for two rows");
    let answered = answered.shows((60, 16), "Error: could not find the thread");
    answered.shows((60, 16), "thanks");
}

#[test]
fn a_channel_says_how_old_it_is_whatever_brings_the_messages_of_chats() {
    for way in [Link::Live, Link::Relayed] {
        let channel = ThreadId::new("19:general@thread.tacv2");
        chats(Interface::FullScreen)
            .then(link(way))
            .line("/thread Voice / General")
            .then(chat(ChatEvent::Access {
                thread: channel.clone(),
                access: ChatAccess::Open,
            }))
            .then(work(WorkEvent::AsOf {
                thread: channel,
                at: at(0.0),
            }))
            .shows((120, 30), "· /refresh");
    }
}

#[test]
fn what_is_found_is_told_a_line_each() {
    for view in VIEWS {
        let people = WorkEvent::People(vec![Colleague {
            id: None,
            name: "Carol Osei".to_owned(),
            address: "carol@contoso.example".to_owned(),
            title: "Editor".to_owned(),
        }]);
        told(
            opened(view).line("/colleagues c").then(work(people)),
            "Carol Osei, Editor, carol@contoso.example",
        );
        let found = WorkEvent::Messages(vec![Found {
            thread: Some(thread()),
            name: "Alice".to_owned(),
            words: "a draft".to_owned(),
            at: None,
        }]);
        told(
            opened(view).line("/searchall d").then(work(found)),
            "Alice in Release notes: a draft",
        );
        let nothing = WorkEvent::Messages(Vec::new());
        told(
            opened(view).line("/searchall x").then(work(nothing)),
            "Nothing fits.",
        );
        let presence = WorkEvent::Presence(vec![("Bob".to_owned(), Presence::DoNotDisturb)]);
        told(
            opened(view).line("/presence").then(work(presence)),
            "Bob: does not want to be disturbed.",
        );
        let failed = WorkEvent::Failed(Failure {
            doing: Doing::AskingOrganisation,
            because: Because::Forbidden,
            remedy: Remedy::None,
        });
        let shown = opened(view).line("/rename Plans").then(work(failed));
        told(shown, "organisation");
    }
}

#[test]
fn which_feed_there_is_is_said_and_how_old_what_is_shown_is() {
    for view in VIEWS {
        let shown = opened(view).then(link(Link::Relayed)).after(3.0);
        let shown = told(shown, "Chat: messages come by themselves, by relay.");
        let shown = told(shown.line("/status"), "by relay, as of");
        let shown = shown.then(says(3, "Alice", "it came by itself")).after(3.0);
        let shown = told(shown, "it came by itself");
        let shown = told(
            shown.then(link(Link::OnDemand)).after(3.0),
            "Chat: the relay is lost.",
        );
        told(shown.line("/status"), "/refresh");
    }
}

pub(crate) fn permitted(given: &[Permission], withheld: &[Permission]) -> Event {
    let set = |all: &[Permission]| all.iter().copied().collect();
    let (given, withheld) = (set(given), set(withheld));
    Event::Identity(account(), IdentityEvent::Permitted { given, withheld })
}

#[test]
fn what_the_sign_in_has_no_leave_for_is_grey_and_refused_until_it_is_given() {
    let narrow = [
        Permission::SendMessages,
        Permission::ChangeChats,
        Permission::SetPresence,
        Permission::FindPeople,
    ];
    let cases = [
        ("/reaction like", "send messages"),
        ("many thanks", "send messages"),
        ("/reply thanks", "send messages"),
        ("/urgent now", "send messages"),
        ("/edit thanks", "change chats and what is in them"),
        ("/rename Plans", "change chats and what is in them"),
        ("/presence busy", "set what others see of you"),
        ("/colleagues ali", "find people"),
    ];
    for view in VIEWS {
        for (line, leave) in cases {
            let shown = opened(view)
                .then(permitted(&[], &narrow))
                .forget()
                .line(line);
            let reason = format!("your sign-in was not given leave to {leave}");
            assert!(shown.chat_commands().is_empty(), "{view:?} {line}");
            let name = line
                .strip_prefix('/')
                .map_or("say", |l| l.split(' ').next().unwrap());
            let shown = told(shown, &reason).press("Ctrl-U");
            // Asked about, it is grey with the same words; to see presence is something else than to set it.
            if name != "presence" {
                told(
                    shown.line(&format!("/help {name}")),
                    "not now: your sign-in was not given",
                );
            }
            // A token that came after the consent has it.
            let shown = opened(view).then(permitted(&[], &narrow));
            let shown = shown
                .then(permitted(&narrow, &[]))
                .forget()
                .line(line)
                .after(1.0);
            assert!(
                !shown.chat_commands().is_empty(),
                "{view:?} {line} {}",
                shown.said()
            );
        }
        // What was not withheld works all the while.
        let shown = opened(view).then(permitted(&[], &narrow)).forget();
        assert!(
            asked(&shown.line("/searchall draft")) == [WorkCommand::Search("draft".to_owned())]
        );
    }
}

#[test]
fn a_sign_in_without_calls_joins_nothing() {
    for view in VIEWS {
        let settings = Settings {
            interface: view,
            ..Settings::default()
        };
        let shown = alone(settings).connected();
        let ended = CallEvent::Ended {
            reason: EndReason {
                code: 0,
                subcode: 0,
            },
            by: None,
            at: at(9.0),
        };
        let shown = shown
            .then(call(ended))
            .then(permitted(&[], &[Permission::Call]));
        let shown = told(
            shown.quietly().line("/join"),
            "your sign-in was not given leave to call",
        );
        assert!(shown.call_commands().is_empty());
        let shown = shown
            .then(permitted(&[Permission::Call], &[]))
            .line("/join");
        assert!(!shown.call_commands().is_empty());
    }
}

#[test]
fn an_answer_in_a_chat_quotes_and_one_in_a_channel_names_its_post() {
    let channel = ThreadId::new("19:general@thread.tacv2");
    for view in VIEWS {
        let shown = opened(view).forget().line("/reply I agree").after(1.0);
        let sent = shown
            .chat_commands()
            .into_iter()
            .find_map(|command| match command {
                ChatCommand::Send { thread, draft, .. } => Some((thread, draft)),
                _ => None,
            });
        let (to, draft) = sent.unwrap();
        assert_eq!((to, draft.text.as_str()), (thread(), "I agree"), "{view:?}");
        let quoted = draft.reply_to.unwrap();
        assert_eq!(quoted.id, Some(MessageId::new("1")));
        assert_eq!(
            (quoted.name.as_str(), quoted.text.as_str()),
            ("Alice", "a draft")
        );

        // A channel: a line is a new post, an answer is one to the post that is chosen.
        let of_channel = |event: fn(ThreadId) -> ChatEvent| chat(event(channel.clone()));
        let shown = opened(view)
            .line("/thread Voice")
            .then(of_channel(|thread| ChatEvent::Access {
                thread,
                access: ChatAccess::Open,
            }))
            .then(of_channel(|id| {
                ChatEvent::ThreadRead(ThreadInfo {
                    id,
                    topic: "Voice / General".to_owned(),
                    participants: Vec::new(),
                })
            }))
            .then(of_channel(|thread| ChatEvent::NewerPage {
                thread,
                messages: vec![message(7, "Bob", "numbers of the week")],
            }))
            .forget()
            .line("a new post")
            .after(1.0)
            .line("/reply @Bob seen")
            .after(1.0);
        let posts: Vec<_> = shown
            .chat_commands()
            .into_iter()
            .filter_map(|command| match command {
                ChatCommand::Send { thread, draft, .. } => {
                    Some((thread, draft.text, draft.reply_to.and_then(|q| q.id)))
                }
                _ => None,
            })
            .collect();
        let to = |text: &str, answers: Option<&str>| {
            (
                channel.clone(),
                text.to_owned(),
                answers.map(MessageId::new),
            )
        };
        assert_eq!(
            posts,
            [to("a new post", None), to("seen", Some("7"))],
            "{view:?}"
        );
        // Leave for chats is none for channels.
        let shown = shown
            .then(permitted(&[], &[Permission::SendToChannels]))
            .forget();
        let shown = shown.line("another post").after(1.0);
        assert!(shown.chat_commands().is_empty());
        told(
            shown,
            "your sign-in was not given leave to post in channels",
        );
    }
}

#[test]
fn nothing_is_said_of_a_call_where_there_is_none_to_speak_of() {
    for view in VIEWS {
        let absent = Event::Sound(SoundEvent::Unavailable {
            reason: "no sound server runs".to_owned(),
        });
        let shown = opened(view).then(absent).line("/status");
        let said = shown.said();
        assert!(
            !said.contains("Not in the call") && !said.contains("no sound"),
            "{said}"
        );
        shown.no_status("Not in the call").no_status("no sound");
    }
}

#[test]
fn the_end_waits_for_a_picture_and_for_what_else_was_asked() {
    let failed = || {
        chat(ChatEvent::ActionFailed {
            thread: thread(),
            failure: Failure {
                doing: Doing::AskingOrganisation,
                because: Because::Forbidden,
                remedy: Remedy::None,
            },
        })
    };
    let done = || chat(ChatEvent::ActionDone { thread: thread() });
    for (line, outcome) in [
        ("/picture a.png", done()),
        ("/attach a.pdf", done()),
        ("/rename Lunch", done()),
        ("/addmember Bob", failed()),
        ("/removemember Bob", done()),
        ("/markunread", failed()),
    ] {
        let shown = opened(Interface::Linear).line(line);
        let shown = shown.press("Ctrl-Q");
        assert!(!shown.effects.contains(&Effect::Quit), "{line}");
        let shown = shown.then(outcome);
        assert!(shown.effects.contains(&Effect::Quit), "{line}");
    }
}
