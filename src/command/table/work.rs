//! What only work accounts have: the list of chats, people, presence.

use crate::command::Command;
use crate::command::Work;
use crate::command::arguments::leave;
use crate::command::arguments::none;
use crate::command::arguments::text;
use crate::model::capability::Capability;
use crate::model::directory::Presence;
use crate::model::message::Importance;
use crate::model::permission::Permission;

use super::Group;
use super::Row;

pub(super) const ROWS: [Row; 17] = [
    Row {
        name: "chats",
        aliases: &[],
        arguments: "",
        keys: &["Ctrl-G L"],
        vim: &[],
        needs: Capability::Organisation(Permission::ReadChats),
        group: Group::Work,
        help: "Lists your chats and channels.",
        make: |a| none(a, Command::Work(Work::Chats)),
    },
    Row {
        name: "newchat",
        aliases: &[],
        arguments: "NAME[, NAME][: TOPIC]",
        keys: &[],
        vim: &[],
        needs: Capability::Organisation(Permission::CreateChats),
        group: Group::Work,
        help: "Begins a chat with people of your organisation.",
        make: new_chat,
    },
    Row {
        name: "colleagues",
        aliases: &[],
        arguments: "TEXT",
        keys: &[],
        vim: &[],
        needs: Capability::Organisation(Permission::FindPeople),
        group: Group::Work,
        help: "Finds people of your organisation.",
        make: |a| text(a).map(|a| Command::Work(Work::People(a))),
    },
    Row {
        name: "searchall",
        aliases: &[],
        arguments: "TEXT",
        keys: &[],
        vim: &[],
        needs: Capability::Organisation(Permission::SearchAll),
        group: Group::Work,
        help: "Finds TEXT in all your chats.",
        make: |a| text(a).map(|a| Command::Work(Work::SearchAll(a))),
    },
    Row {
        name: "presence",
        aliases: &[],
        arguments: "[available|busy|dnd|brb|away|offline|reset]",
        keys: &[],
        vim: &[],
        needs: Capability::Organisation(Permission::SeePresence),
        group: Group::Work,
        help: "Shows who can be reached, or sets what others see of you.",
        make: presence,
    },
    Row {
        name: "undelete",
        aliases: &[],
        arguments: "",
        keys: &[],
        vim: &[],
        needs: Capability::WorkChat(Permission::ChangeChats),
        group: Group::Work,
        help: "Puts back the message you deleted last.",
        make: |a| none(a, Command::Work(Work::Undelete)),
    },
    Row {
        name: "reaction",
        aliases: &[],
        arguments: "like|heart|laugh|surprised|sad|angry|EMOJI",
        keys: &[],
        vim: &[],
        needs: Capability::WorkChat(Permission::SendMessages),
        group: Group::Work,
        help: "Reacts to the selected or newest message; the same again takes it back.",
        make: |a| text(a).map(|a| Command::Work(Work::Reaction(a))),
    },
    Row {
        name: "addmember",
        aliases: &[],
        arguments: "NAME",
        keys: &[],
        vim: &[],
        needs: Capability::WorkChat(Permission::ChangeMembers),
        group: Group::Work,
        help: "Adds NAME to the chat, who can then read all of it.",
        make: |a| text(a).map(|a| Command::Work(Work::AddMember(a))),
    },
    Row {
        name: "removemember",
        aliases: &[],
        arguments: "NAME",
        keys: &[],
        vim: &[],
        needs: Capability::WorkChat(Permission::ChangeMembers),
        group: Group::Work,
        help: "Removes NAME from the chat.",
        make: |a| text(a).map(|a| Command::Work(Work::RemoveMember(a))),
    },
    Row {
        name: "rename",
        aliases: &[],
        arguments: "TOPIC",
        keys: &[],
        vim: &[],
        needs: Capability::WorkChat(Permission::ChangeChats),
        group: Group::Work,
        help: "Gives the chat another name.",
        make: |a| text(a).map(|a| Command::Work(Work::Rename(a))),
    },
    Row {
        name: "markunread",
        aliases: &[],
        arguments: "",
        keys: &[],
        vim: &[],
        needs: Capability::WorkChat(Permission::ChangeChats),
        group: Group::Work,
        help: "Marks the last message here as unread.",
        make: |a| none(a, Command::Work(Work::MarkUnread)),
    },
    Row {
        name: "meeting",
        aliases: &[],
        arguments: "",
        keys: &["Ctrl-G J"],
        vim: &[],
        needs: Capability::WorkChat(Permission::ReadChats),
        group: Group::Work,
        help: "Joins the meeting of this chat.",
        make: |a| none(a, Command::Work(Work::Meeting)),
    },
    Row {
        name: "meetingchat",
        aliases: &[],
        arguments: "LINK",
        keys: &[],
        vim: &[],
        needs: Capability::Organisation(Permission::FindMeetings),
        group: Group::Work,
        help: "Opens the chat of the meeting behind LINK.",
        make: |a| text(a).map(|a| Command::Work(Work::MeetingChat(a))),
    },
    Row {
        name: "picture",
        aliases: &[],
        arguments: "FILE",
        keys: &[],
        vim: &[],
        needs: Capability::WorkChat(Permission::SendMessages),
        group: Group::Work,
        help: "Sends a picture from FILE.",
        make: |a| text(a).map(|a| Command::Work(Work::Picture(a))),
    },
    Row {
        name: "important",
        aliases: &[],
        arguments: "TEXT",
        keys: &[],
        vim: &[],
        needs: Capability::WorkChat(Permission::SendMessages),
        group: Group::Work,
        help: "Sends TEXT marked as important.",
        make: |a| important(a, Importance::High),
    },
    Row {
        name: "urgent",
        aliases: &[],
        arguments: "TEXT",
        keys: &[],
        vim: &[],
        needs: Capability::WorkChat(Permission::SendMessages),
        group: Group::Work,
        help: "Sends TEXT marked as urgent.",
        make: |a| important(a, Importance::Urgent),
    },
    Row {
        name: "permission",
        aliases: &["permissions"],
        arguments: "[people|presence|channels|files|cancel]",
        keys: &[],
        vim: &[],
        needs: Capability::AskForLeave,
        group: Group::Work,
        help: "Lists what more your sign-in can be given leave for, or asks for it; code behind it asks by a code for any \
               browser.",
        make: leave,
    },
];

/// `Bob, Carol Osei: Release notes`.
fn new_chat(arguments: &str) -> Option<Command> {
    let (names, topic) = arguments.split_once(':').unwrap_or((arguments, ""));
    let names = names
        .split(',')
        .map(str::trim)
        .filter(|name| !name.is_empty());
    let names: Vec<String> = names.map(str::to_owned).collect();
    let topic = topic.trim().to_owned();
    (!names.is_empty()).then_some(Command::Work(Work::NewChat { names, topic }))
}

fn presence(arguments: &str) -> Option<Command> {
    let chosen = match arguments {
        "" => None,
        "reset" => Some(None),
        word => Some(Some(Presence::of(word)?)),
    };
    Some(Command::Work(Work::Presence(chosen)))
}

fn important(arguments: &str, importance: Importance) -> Option<Command> {
    let text = text(arguments)?;
    Some(Command::Work(Work::Important { importance, text }))
}
