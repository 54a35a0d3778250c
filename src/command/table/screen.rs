//! How everything is shown, and the way out.

use crate::command::Command;
use crate::command::arguments::none;
use crate::command::arguments::one_of;
use crate::command::arguments::set;
use crate::command::arguments::switch;
use crate::command::arguments::text;
use crate::model::capability::Capability;
use crate::model::settings::Interface;

use super::Group;
use super::Row;

pub(super) const ROWS: [Row; 14] = [
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
        make: |a| switch(a).map(Command::Quiet),
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
