//! What is going on, and what can be done.

use crate::command::Command;
use crate::command::arguments::none;
use crate::command::arguments::text;
use crate::model::capability::Capability;

use super::Group;
use super::Row;

pub(super) const ROWS: [Row; 8] = [
    Row {
        name: "status",
        aliases: &["s"],
        arguments: "",
        keys: &["Ctrl-G s"],
        vim: &[],
        needs: Capability::Anything,
        group: Group::Knowing,
        help: "Says where you are: call, mute, people, recording, transcription, unread, cost.",
        make: |a| none(a, Command::Status),
    },
    Row {
        name: "who",
        aliases: &["w"],
        arguments: "",
        keys: &[],
        vim: &[],
        needs: Capability::Anything,
        group: Group::Knowing,
        help: "Says who is here, who talks, who is muted, whose hand is up.",
        make: |a| none(a, Command::Who),
    },
    Row {
        name: "notices",
        aliases: &[],
        arguments: "",
        keys: &["Ctrl-G !"],
        vim: &[],
        needs: Capability::Anything,
        group: Group::Knowing,
        help: "Says every recording and transcription notice of this call.",
        make: |a| none(a, Command::Notices),
    },
    Row {
        name: "typing",
        aliases: &[],
        arguments: "",
        keys: &[],
        vim: &[],
        needs: Capability::SeeTyping,
        group: Group::Knowing,
        help: "Says who is typing.",
        make: |a| none(a, Command::TypingNow),
    },
    Row {
        name: "can",
        aliases: &["capabilities"],
        arguments: "",
        keys: &[],
        vim: &[],
        needs: Capability::Anything,
        group: Group::Knowing,
        help: "Says what you can do here, as whom, and why not.",
        make: |a| none(a, Command::Can),
    },
    Row {
        name: "account",
        aliases: &["as"],
        arguments: "[NAME]",
        keys: &["Ctrl-G A"],
        vim: &[],
        needs: Capability::Anything,
        group: Group::Knowing,
        help: "Lists your accounts, or goes over to one.",
        make: |a| Some(Command::Account(text(a))),
    },
    Row {
        name: "help",
        aliases: &["h", "?"],
        arguments: "[COMMAND]",
        keys: &["Ctrl-G ?"],
        vim: &["?"],
        needs: Capability::Anything,
        group: Group::Knowing,
        help: "Lists the commands, or explains one.",
        make: |a| {
            Some(Command::Help(
                text(a).map(|t| t.trim_start_matches('/').to_owned()),
            ))
        },
    },
    Row {
        name: "about",
        aliases: &[],
        arguments: "",
        keys: &[],
        vim: &[],
        needs: Capability::Anything,
        group: Group::Knowing,
        help: "Says version, licence, what is stored where, and what ends when.",
        make: |a| none(a, Command::About),
    },
];
