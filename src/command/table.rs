//! The rows: everything a person can ask for.

use crate::command::Command;
use crate::model::call::Reaction;
use crate::model::capability::Capability;
use crate::model::settings::Interface;
use crate::model::sound::Audio;

/// One command, in every way it can be reached and described.
#[derive(Debug, Clone, Copy)]
pub struct Row {
    /// The slash command, without the slash.
    pub name: &'static str,
    pub aliases: &'static [&'static str],
    /// As help shows them: `[NAME]`, `yes|no`, `TEXT`.
    pub arguments: &'static str,
    /// Chords of the plain map, as text: `Ctrl-T`, `Ctrl-G m`.
    pub keys: &'static [&'static str],
    /// Chords of the vim map's normal mode.
    pub vim: &'static [&'static str],
    pub needs: Capability,
    pub group: Group,
    /// One sentence.
    pub help: &'static str,
    /// The command of these arguments; `None` where they do not fit.
    pub(super) make: fn(&str) -> Option<Command>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Group {
    Chat,
    Reading,
    Call,
    Knowing,
    Screen,
}

/// The row of a command.
pub fn row(command: &Command) -> &'static Row {
    TABLE
        .iter()
        .find(|r| r.name == command.name())
        .expect("a test finds the row of every command")
}

fn none(arguments: &str, command: Command) -> Option<Command> {
    arguments.is_empty().then_some(command)
}

fn text(arguments: &str) -> Option<String> {
    (!arguments.is_empty()).then(|| arguments.to_owned())
}

/// `Some(None)` for no number at all.
#[expect(clippy::option_option, reason = "a wrong number is not a missing one")]
fn number(arguments: &str) -> Option<Option<usize>> {
    if arguments.is_empty() {
        Some(None)
    } else {
        arguments.parse().ok().filter(|n| *n > 0).map(Some)
    }
}

fn one_of(arguments: &str, words: &[&str]) -> Option<String> {
    words.contains(&arguments).then(|| arguments.to_owned())
}

/// Without a text it begins an answer in the composer.
#[expect(clippy::unnecessary_wraps, reason = "the form of every row's maker")]
fn reply(arguments: &str) -> Option<Command> {
    let (to, text) = match arguments.strip_prefix('@') {
        Some(rest) => {
            let (name, text) = rest.split_once(' ').unwrap_or((rest, ""));
            (Some(name.to_owned()), text.trim().to_owned())
        }
        None => (None, arguments.to_owned()),
    };
    Some(Command::Reply { to, text })
}

fn save(arguments: &str) -> Option<Command> {
    let (path, json) = match arguments.strip_suffix(" json") {
        Some(path) => (path.trim_end(), true),
        None => (
            arguments,
            std::path::Path::new(arguments)
                .extension()
                .is_some_and(|e| e == "jsonl"),
        ),
    };
    (!path.is_empty()).then(|| Command::SaveTranscript {
        path: path.to_owned(),
        json,
    })
}

fn join(arguments: &str) -> Option<Command> {
    match arguments {
        "" => Some(Command::Join { audio: Audio::Full }),
        "listen" => Some(Command::Join {
            audio: Audio::Listen,
        }),
        _ => None,
    }
}

fn consent(arguments: &str) -> Option<Command> {
    match arguments {
        "" => Some(Command::Consent(None)),
        "yes" => Some(Command::Consent(Some(true))),
        "no" => Some(Command::Consent(Some(false))),
        _ => None,
    }
}

fn quiet(arguments: &str) -> Option<Command> {
    match arguments {
        "" => Some(Command::Quiet(None)),
        "on" => Some(Command::Quiet(Some(true))),
        "off" => Some(Command::Quiet(Some(false))),
        _ => None,
    }
}

fn set(arguments: &str) -> Option<Command> {
    let (key, value) = match arguments.split_once(' ') {
        Some((key, value)) => (key, Some(value.trim().to_owned())),
        None => (arguments, None),
    };
    (!key.is_empty()).then(|| Command::Set {
        key: key.to_owned(),
        value,
    })
}

/// Every command.
pub const TABLE: &[Row] = &[
    Row {
        name: "say",
        aliases: &[],
        arguments: "TEXT",
        keys: &[],
        vim: &[],
        needs: Capability::WriteChat,
        group: Group::Chat,
        help: "Sends TEXT; a line without a slash does the same.",
        make: |a| text(a).map(Command::SendText),
    },
    Row {
        name: "reply",
        aliases: &["r"],
        arguments: "[@NAME] [TEXT]",
        keys: &["Ctrl-G r"],
        vim: &["r"],
        needs: Capability::WriteChat,
        group: Group::Chat,
        help: "Answers the selected or newest message with a quote.",
        make: reply,
    },
    Row {
        name: "edit",
        aliases: &["e"],
        arguments: "[TEXT]",
        keys: &["Ctrl-G e"],
        vim: &[],
        needs: Capability::WriteChat,
        group: Group::Chat,
        help: "Changes your selected or newest message.",
        make: |a| Some(Command::EditMessage(text(a))),
    },
    Row {
        name: "delete",
        aliases: &["del"],
        arguments: "",
        keys: &["Ctrl-G d"],
        vim: &[],
        needs: Capability::WriteChat,
        group: Group::Chat,
        help: "Deletes your selected or newest message, after asking.",
        make: |a| none(a, Command::DeleteMessage),
    },
    Row {
        name: "retry",
        aliases: &[],
        arguments: "",
        keys: &["Ctrl-G y"],
        vim: &[],
        needs: Capability::ReadChat,
        group: Group::Chat,
        help: "Sends what was not sent, or asks for the chat again.",
        make: |a| none(a, Command::Retry),
    },
    Row {
        name: "refresh",
        aliases: &[],
        arguments: "",
        keys: &[],
        vim: &[],
        needs: Capability::ReadChat,
        group: Group::Chat,
        help: "Reads again what is shown.",
        make: |a| none(a, Command::Refresh),
    },
    Row {
        name: "download",
        aliases: &["get"],
        arguments: "[NAME]",
        keys: &["Ctrl-G w"],
        vim: &[],
        needs: Capability::ReadChat,
        group: Group::Chat,
        help: "Saves a picture or file of the selected message.",
        make: |a| Some(Command::SaveAttachment(text(a))),
    },
    Row {
        name: "open",
        aliases: &["o"],
        arguments: "[NUMBER]",
        keys: &["Ctrl-G o"],
        vim: &[],
        needs: Capability::ReadChat,
        group: Group::Chat,
        help: "Opens a link of the selected or newest message that has one.",
        make: |a| number(a).map(Command::OpenLink),
    },
    Row {
        name: "copy",
        aliases: &["y"],
        arguments: "",
        keys: &["Ctrl-G c"],
        vim: &["y"],
        needs: Capability::ReadChat,
        group: Group::Chat,
        help: "Copies the selected or newest message to your terminal's clipboard.",
        make: |a| none(a, Command::CopyMessage),
    },
    Row {
        name: "copylink",
        aliases: &[],
        arguments: "",
        keys: &["Ctrl-G C"],
        vim: &[],
        needs: Capability::ReadChat,
        group: Group::Chat,
        help: "Copies the link of the selected or newest message.",
        make: |a| none(a, Command::CopyLink),
    },
    Row {
        name: "editor",
        aliases: &[],
        arguments: "",
        keys: &["Ctrl-G v"],
        vim: &["Ctrl-G v"],
        needs: Capability::Anything,
        group: Group::Chat,
        help: "Writes the message in your $EDITOR.",
        make: |a| none(a, Command::Editor),
    },
    Row {
        name: "save",
        aliases: &["export"],
        arguments: "FILE [json]",
        keys: &[],
        vim: &[],
        needs: Capability::ReadChat,
        group: Group::Chat,
        help: "Writes the chat to FILE, as text or JSON lines.",
        make: save,
    },
    Row {
        name: "last",
        aliases: &[],
        arguments: "[N]",
        keys: &[],
        vim: &[],
        needs: Capability::Anything,
        group: Group::Reading,
        help: "Says the last N lines again, 5 unless told.",
        make: |a| number(a).map(|n| Command::Last(n.unwrap_or(5))),
    },
    Row {
        name: "unread",
        aliases: &[],
        arguments: "",
        keys: &[],
        vim: &[],
        needs: Capability::Anything,
        group: Group::Reading,
        help: "Says everything that was not read out.",
        make: |a| none(a, Command::Unread),
    },
    Row {
        name: "read",
        aliases: &[],
        arguments: "THREAD",
        keys: &[],
        vim: &[],
        needs: Capability::Anything,
        group: Group::Reading,
        help: "Says what is unread in THREAD.",
        make: |a| text(a).map(Command::ReadThread),
    },
    Row {
        name: "markread",
        aliases: &[],
        arguments: "",
        keys: &["Ctrl-G ."],
        vim: &[],
        needs: Capability::ReadChat,
        group: Group::Reading,
        help: "Marks everything here as read.",
        make: |a| none(a, Command::MarkRead),
    },
    Row {
        name: "more",
        aliases: &[],
        arguments: "",
        keys: &[],
        vim: &[],
        needs: Capability::Anything,
        group: Group::Reading,
        help: "Says the rest of a long line.",
        make: |a| none(a, Command::More),
    },
    Row {
        name: "search",
        aliases: &["find", "f"],
        arguments: "TEXT",
        keys: &["Ctrl-R"],
        vim: &["/"],
        needs: Capability::ReadChat,
        group: Group::Reading,
        help: "Finds TEXT in this chat.",
        make: |a| Some(Command::Search(a.to_owned())),
    },
    Row {
        name: "next",
        aliases: &["n"],
        arguments: "",
        keys: &["Ctrl-G n"],
        vim: &["n"],
        needs: Capability::ReadChat,
        group: Group::Reading,
        help: "Goes to the next match, towards older messages.",
        make: |a| none(a, Command::SearchNext),
    },
    Row {
        name: "previous",
        aliases: &["p"],
        arguments: "",
        keys: &["Ctrl-G p"],
        vim: &["N"],
        needs: Capability::ReadChat,
        group: Group::Reading,
        help: "Goes to the previous match, towards newer messages.",
        make: |a| none(a, Command::SearchPrevious),
    },
    Row {
        name: "mention",
        aliases: &[],
        arguments: "",
        keys: &["Ctrl-G @"],
        vim: &["@"],
        needs: Capability::ReadChat,
        group: Group::Reading,
        help: "Goes to the last message that mentions you.",
        make: |a| none(a, Command::JumpMention),
    },
    Row {
        name: "jump",
        aliases: &[],
        arguments: "",
        keys: &["Ctrl-G u"],
        vim: &["U"],
        needs: Capability::ReadChat,
        group: Group::Reading,
        help: "Goes to the first unread message.",
        make: |a| none(a, Command::JumpUnread),
    },
    Row {
        name: "newest",
        aliases: &["bottom"],
        arguments: "",
        keys: &["End"],
        vim: &["G"],
        needs: Capability::ReadChat,
        group: Group::Reading,
        help: "Goes to the newest message and follows.",
        make: |a| none(a, Command::Newest),
    },
    Row {
        name: "pageup",
        aliases: &[],
        arguments: "",
        keys: &["PageUp"],
        vim: &["Ctrl-B", "Ctrl-U"],
        needs: Capability::ReadChat,
        group: Group::Reading,
        help: "Goes a page towards older messages.",
        make: |a| none(a, Command::PageUp),
    },
    Row {
        name: "pagedown",
        aliases: &[],
        arguments: "",
        keys: &["PageDown"],
        vim: &["Ctrl-F", "Ctrl-D"],
        needs: Capability::ReadChat,
        group: Group::Reading,
        help: "Goes a page towards newer messages.",
        make: |a| none(a, Command::PageDown),
    },
    Row {
        name: "join",
        aliases: &[],
        arguments: "[listen]",
        keys: &["Ctrl-G j"],
        vim: &[],
        needs: Capability::JoinCall,
        group: Group::Call,
        help: "Joins the meeting's call, or joins again; listen keeps your microphone off.",
        make: join,
    },
    Row {
        name: "leave",
        aliases: &["hangup"],
        arguments: "",
        keys: &["Ctrl-G l"],
        vim: &[],
        needs: Capability::LeaveCall,
        group: Group::Call,
        help: "Leaves the call; the meeting goes on.",
        make: |a| none(a, Command::Leave),
    },
    Row {
        name: "end",
        aliases: &[],
        arguments: "",
        keys: &["Ctrl-G X"],
        vim: &[],
        needs: Capability::EndForEveryone,
        group: Group::Call,
        help: "Ends the meeting for everybody, after asking.",
        make: |a| none(a, Command::EndForEverybody),
    },
    Row {
        name: "mute",
        aliases: &["m"],
        arguments: "",
        keys: &["Ctrl-T"],
        vim: &["Ctrl-T"],
        needs: Capability::UnmuteMic,
        group: Group::Call,
        help: "Mutes or unmutes your microphone.",
        make: |a| none(a, Command::ToggleMute),
    },
    Row {
        name: "unmute",
        aliases: &[],
        arguments: "",
        keys: &[],
        vim: &[],
        needs: Capability::UnmuteMic,
        group: Group::Call,
        help: "Switches your microphone on.",
        make: |a| none(a, Command::Mute(false)),
    },
    Row {
        name: "hold",
        aliases: &[],
        arguments: "",
        keys: &["Ctrl-G H"],
        vim: &[],
        needs: Capability::InCall,
        group: Group::Call,
        help: "Puts the call on hold.",
        make: |a| none(a, Command::Hold(true)),
    },
    Row {
        name: "resume",
        aliases: &[],
        arguments: "",
        keys: &["Ctrl-G R"],
        vim: &[],
        needs: Capability::LeaveCall,
        group: Group::Call,
        help: "Takes the call off hold.",
        make: |a| none(a, Command::Hold(false)),
    },
    Row {
        name: "raise",
        aliases: &["hand"],
        arguments: "",
        keys: &["Ctrl-G h"],
        vim: &[],
        needs: Capability::RaiseHand,
        group: Group::Call,
        help: "Raises your hand, or lowers it when it is up.",
        make: |a| none(a, Command::RaiseHand(None)),
    },
    Row {
        name: "lower",
        aliases: &[],
        arguments: "",
        keys: &[],
        vim: &[],
        needs: Capability::RaiseHand,
        group: Group::Call,
        help: "Lowers your hand.",
        make: |a| none(a, Command::RaiseHand(Some(false))),
    },
    Row {
        name: "react",
        aliases: &[],
        arguments: "like|heart|laugh|surprised|applause",
        keys: &[],
        vim: &[],
        needs: Capability::UseReactions,
        group: Group::Call,
        help: "Shows a reaction to everybody.",
        make: |a| Reaction::parse(a).map(Command::React),
    },
    Row {
        name: "admit",
        aliases: &[],
        arguments: "[NAME]",
        keys: &["Ctrl-G a"],
        vim: &[],
        needs: Capability::ManageLobby,
        group: Group::Call,
        help: "Lets NAME in from the lobby, or everybody.",
        make: |a| Some(Command::Admit(text(a))),
    },
    Row {
        name: "reject",
        aliases: &["deny"],
        arguments: "NAME",
        keys: &[],
        vim: &[],
        needs: Capability::ManageLobby,
        group: Group::Call,
        help: "Refuses NAME in the lobby.",
        make: |a| text(a).map(Command::Reject),
    },
    Row {
        name: "remove",
        aliases: &["kick"],
        arguments: "NAME",
        keys: &[],
        vim: &[],
        needs: Capability::RemoveParticipant,
        group: Group::Call,
        help: "Removes NAME from the meeting.",
        make: |a| text(a).map(Command::Remove),
    },
    Row {
        name: "silence",
        aliases: &["muteother"],
        arguments: "[NAME]",
        keys: &[],
        vim: &[],
        needs: Capability::MuteOthers,
        group: Group::Call,
        help: "Mutes NAME, or everybody else.",
        make: |a| Some(Command::MuteOther(text(a))),
    },
    Row {
        name: "consent",
        aliases: &[],
        arguments: "yes|no",
        keys: &[],
        vim: &[],
        needs: Capability::AnswerConsent,
        group: Group::Call,
        help: "Answers whether you agree to be recorded.",
        make: consent,
    },
    Row {
        name: "ack",
        aliases: &["acknowledge"],
        arguments: "",
        keys: &[],
        vim: &[],
        needs: Capability::Anything,
        group: Group::Call,
        help: "Acknowledges a notice, so that it is not repeated; Enter on an empty line does the same.",
        make: |a| none(a, Command::Acknowledge),
    },
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
        needs: Capability::Anything,
        group: Group::Knowing,
        help: "Says who is typing.",
        make: |a| none(a, Command::TypingNow),
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
    Row {
        name: "palette",
        aliases: &[],
        arguments: "",
        keys: &["Ctrl-O"],
        vim: &["Ctrl-O", ":"],
        needs: Capability::Anything,
        group: Group::Screen,
        help: "Finds a command, thread, person or message by a few letters.",
        make: |a| none(a, Command::Palette),
    },
    Row {
        name: "people",
        aliases: &["roster"],
        arguments: "",
        keys: &["Ctrl-P", "Ctrl-G P"],
        vim: &["Ctrl-P"],
        needs: Capability::Anything,
        group: Group::Screen,
        help: "Shows the people of the meeting, to act on them.",
        make: |a| none(a, Command::Roster),
    },
    Row {
        name: "leader",
        aliases: &[],
        arguments: "",
        keys: &["Ctrl-G"],
        vim: &["Ctrl-G"],
        needs: Capability::Anything,
        group: Group::Screen,
        help: "Lists the keys that follow Ctrl-G; again, closes every overlay.",
        make: |a| none(a, Command::LeaderKeys),
    },
    Row {
        name: "pinthreads",
        aliases: &[],
        arguments: "",
        keys: &["Ctrl-G ["],
        vim: &[],
        needs: Capability::Anything,
        group: Group::Screen,
        help: "Shows or hides the threads as a pane on the left.",
        make: |a| none(a, Command::PinThreads),
    },
    Row {
        name: "pinpeople",
        aliases: &[],
        arguments: "",
        keys: &["Ctrl-G ]"],
        vim: &[],
        needs: Capability::Anything,
        group: Group::Screen,
        help: "Shows or hides the people as a pane on the right.",
        make: |a| none(a, Command::PinPeople),
    },
    Row {
        name: "linear",
        aliases: &["screenreader"],
        arguments: "",
        keys: &[],
        vim: &[],
        needs: Capability::Anything,
        group: Group::Screen,
        help: "Switches to a line for each event, for screen readers.",
        make: |a| none(a, Command::SwitchView(Interface::Linear)),
    },
    Row {
        name: "fullscreen",
        aliases: &[],
        arguments: "",
        keys: &[],
        vim: &[],
        needs: Capability::Anything,
        group: Group::Screen,
        help: "Switches to the full screen.",
        make: |a| none(a, Command::SwitchView(Interface::FullScreen)),
    },
    Row {
        name: "thread",
        aliases: &["t"],
        arguments: "NAME",
        keys: &[],
        vim: &[],
        needs: Capability::Anything,
        group: Group::Screen,
        help: "Goes to another thread.",
        make: |a| text(a).map(Command::SwitchThread),
    },
    Row {
        name: "theme",
        aliases: &[],
        arguments: "terminal|dark|light|high-contrast|colour-blind|mono",
        keys: &[],
        vim: &[],
        needs: Capability::Anything,
        group: Group::Screen,
        help: "Changes the colours.",
        make: |a| text(a).map(Command::Theme),
    },
    Row {
        name: "keymap",
        aliases: &[],
        arguments: "plain|vim|none",
        keys: &[],
        vim: &[],
        needs: Capability::Anything,
        group: Group::Screen,
        help: "Changes the keys.",
        make: |a| one_of(a, &["plain", "vim", "none"]).map(Command::Keys),
    },
    Row {
        name: "verbosity",
        aliases: &[],
        arguments: "1|2|3",
        keys: &[],
        vim: &[],
        needs: Capability::Anything,
        group: Group::Screen,
        help: "Says fewer or more events; notices are always said.",
        make: |a| {
            a.parse()
                .ok()
                .filter(|v| (1..=3).contains(v))
                .map(Command::Verbosity)
        },
    },
    Row {
        name: "quiet",
        aliases: &[],
        arguments: "[on|off]",
        keys: &[],
        vim: &[],
        needs: Capability::Anything,
        group: Group::Screen,
        help: "Says only notices and mentions until switched off.",
        make: quiet,
    },
    Row {
        name: "set",
        aliases: &[],
        arguments: "KEY [VALUE]",
        keys: &[],
        vim: &[],
        needs: Capability::Anything,
        group: Group::Screen,
        help: "Says or changes a setting for this run.",
        make: set,
    },
    Row {
        name: "quit",
        aliases: &["exit", "q"],
        arguments: "",
        keys: &["Ctrl-Q"],
        vim: &["Ctrl-Q"],
        needs: Capability::Anything,
        group: Group::Screen,
        help: "Leaves the call and ends the program.",
        make: |a| none(a, Command::Quit),
    },
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::command::parse;

    #[test]
    fn names_and_aliases_are_said_once() {
        let mut seen = std::collections::BTreeSet::new();
        for row in TABLE {
            for name in std::iter::once(&row.name).chain(row.aliases) {
                assert!(seen.insert(*name), "{name} stands twice");
            }
        }
    }

    #[test]
    fn every_row_makes_the_command_that_finds_it_again() {
        let sample = |row: &Row| match row.arguments {
            "" => String::new(),
            a if a.contains('|') => a
                .trim_start_matches('[')
                .split('|')
                .next()
                .unwrap_or_default()
                .to_owned(),
            "N" | "[N]" | "[NUMBER]" => "3".to_owned(),
            a if a.starts_with('[') => String::new(),
            _ => "word".to_owned(),
        };
        for row in TABLE {
            let command = parse(&format!("/{} {}", row.name, sample(row))).unwrap();
            assert_eq!(command.name(), row.name);
            assert_eq!(super::row(&command).name, row.name);
        }
    }

    #[test]
    fn help_is_one_sentence() {
        for row in TABLE {
            assert!(
                row.help.ends_with('.') && row.help.starts_with(char::is_uppercase),
                "{}",
                row.name
            );
        }
    }
}
