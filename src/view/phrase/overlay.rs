//! Titles and questions of what lies over the timeline.

use crate::model::capability::Reason;
use crate::state::State;
use crate::state::composer::Purpose;
use crate::state::focus::Confirm;
use crate::state::focus::Overlay;
use crate::state::palette::Target;
use crate::view::phrase;

/// What an overlay is, and how it is left.
pub const fn title(overlay: &Overlay) -> &'static str {
    match overlay {
        Overlay::Palette { .. } => "Go to or do · Enter chooses · Ctrl-G closes",
        Overlay::Roster { .. } => "People · + louder · - quieter · Ctrl-G closes",
        Overlay::Devices { .. } => "Microphone and speaker · Enter takes one · Ctrl-G closes",
        Overlay::Leader => "Keys after Ctrl-G · Ctrl-G closes",
        Overlay::Help { .. } => "Help · Ctrl-G closes",
        Overlay::About => "About sidetone · Ctrl-G closes",
        Overlay::Can => "What you can do here · Ctrl-G closes",
        Overlay::Accounts => "Who you can be · Ctrl-G closes",
        Overlay::Leave => "Leave of your sign-in · Ctrl-G closes",
        Overlay::Files => "Pictures and files · Ctrl-G closes",
        Overlay::Work => "Work account · Ctrl-G closes",
        Overlay::Notices => "Notices · Ctrl-G closes",
        Overlay::Confirm(_) => "Please answer · y or n, or type yes or no",
    }
}

pub fn confirm(confirm: &Confirm) -> String {
    match confirm {
        Confirm::Paste { lines, .. } => format!(
            "Send {} as one message?",
            phrase::count(*lines, "pasted line")
        ),
        Confirm::Delete(_) => "Delete this message for everybody?".to_owned(),
        Confirm::EndForEverybody => "End the call for everybody?".to_owned(),
        Confirm::GoOver { name, .. } => phrase::go_over(name),
    }
}

/// What stands before the text being written.
pub fn prompt(state: &State) -> String {
    if let Some(asked) = &state.doors.passphrase {
        let words = if asked.tried {
            "Passphrase, being tried: "
        } else {
            "Passphrase, hidden (Ctrl-C gives up): "
        };
        return words.to_owned();
    }
    let mode = if state.is_normal() { "(normal) " } else { "" };
    match state.composer.purpose() {
        Purpose::Write => format!("{mode}> "),
        Purpose::Reply(quoted) => format!("{mode}> reply to {}: ", quoted.name),
        Purpose::Edit(_) => format!("{mode}> edit: "),
    }
}

/// What kind of thing a line of the palette is.
pub const fn target(target: &Target) -> &'static str {
    match target {
        Target::Command(_) => "",
        Target::Thread(_) => "chat: ",
        Target::Person(_) => "person: ",
        Target::Message(_) => "message: ",
    }
}

/// Something greyed out, where there is no room for the reason.
pub fn not_now_in_short(words: &str, reason: &Reason) -> String {
    format!("{words} ({})", when(reason))
}

/// Waiting helps, or does not.
const fn when(reason: &Reason) -> &'static str {
    match reason {
        Reason::Identity { .. } => "not here",
        _ => "not now",
    }
}

/// Something greyed out, with the reason.
pub fn not_now(words: &str, reason: &Reason) -> String {
    format!(
        "{} ({}: {})",
        words.trim_end_matches('.'),
        when(reason),
        phrase::reason(reason)
    )
}
