//! What only a meeting of the vendor has.

use crate::command::Command;
use crate::command::arguments::breakout;
use crate::command::arguments::none;
use crate::command::arguments::text;
use crate::model::capability::Capability;

use super::Group;
use super::Row;

pub(super) const ROWS: [Row; 5] = [
    Row {
        name: "breakout",
        aliases: &["rooms"],
        arguments: "[join [NAME]|back]",
        keys: &[],
        vim: &[],
        needs: Capability::BreakoutRooms,
        group: Group::Call,
        help: "Lists the breakout rooms; join goes into yours or NAME, back to the meeting.",
        make: breakout,
    },
    Row {
        name: "spotlight",
        aliases: &[],
        arguments: "[NAME]",
        keys: &[],
        vim: &[],
        needs: Capability::Spotlight,
        group: Group::Call,
        help: "Puts NAME, or you, in the spotlight for everybody.",
        make: |a| Some(Command::Spotlight(text(a))),
    },
    Row {
        name: "unspotlight",
        aliases: &[],
        arguments: "[NAME]",
        keys: &[],
        vim: &[],
        needs: Capability::Spotlight,
        group: Group::Call,
        help: "Takes NAME, or everybody, out of the spotlight.",
        make: |a| Some(Command::EndSpotlight(text(a))),
    },
    Row {
        name: "dialin",
        aliases: &[],
        arguments: "",
        keys: &[],
        vim: &[],
        needs: Capability::DialIn,
        group: Group::Call,
        help: "Tells the phone numbers of the meeting and its conference id.",
        make: |a| none(a, Command::DialIn),
    },
    Row {
        name: "watch",
        aliases: &[],
        arguments: "",
        keys: &["Ctrl-G W"],
        vim: &[],
        needs: Capability::WatchElsewhere,
        group: Group::Call,
        help: "Opens the meeting in a browser, where a shared screen can be seen.",
        make: |a| none(a, Command::Watch),
    },
];
