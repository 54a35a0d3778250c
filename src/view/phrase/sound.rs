//! Sound in words: devices, levels, volumes, push to talk, the check before joining, figures.

use crate::model::account::AccountKind;
use crate::model::call::Quality;
use crate::model::identity::Person;
use crate::model::identity::RawId;
use crate::model::locator::Locator;
use crate::model::sound::Audio;
use crate::model::sound::BySystem;
use crate::model::sound::Choice;
use crate::model::sound::Direction;
use crate::model::sound::KeyEnds;
use crate::model::sound::Level;
use crate::model::sound::MediaState;
use crate::model::sound::PushToTalk;
use crate::model::sound::RawRefusal;
use crate::model::sound::Statistics;
use crate::model::text;
use crate::model::turn::TurnKind;
use crate::model::usage::Price;
use crate::state::State;
use crate::state::call::Call;
use crate::state::sound::Check;
use crate::state::sound::Line;
use crate::state::sound::System;
use crate::view::facts;
use crate::view::phrase;
use crate::view::phrase::capital;

pub const NO_SOUND: &str = "no sound";

/// Whether words were spoken or typed.
pub const fn turn(kind: TurnKind) -> &'static str {
    match kind {
        TurnKind::Caption => "Caption",
        TurnKind::Text => "Text",
    }
}

pub const fn direction(direction: Direction) -> &'static str {
    match direction {
        Direction::Capture => "microphone",
        Direction::Playback => "speaker",
    }
}

/// `-23 dB`, `silent`.
pub fn level(level: Level) -> String {
    match level {
        Level::SILENCE => "silent".to_owned(),
        level => format!("{} dB", level.dbfs()),
    }
}

/// What is in use, or why nothing is.
pub fn device(state: &State, which: Direction) -> String {
    let line = state.sound.line(which);
    match (&state.sound.system, state.settings.sound.device(which)) {
        (System::Absent { .. }, _) => "none".to_owned(),
        (_, Choice::None) => "none, by choice".to_owned(),
        (_, choice) => match (&line.open, &line.lost, line.failed) {
            (Some(open), _, _) => format!("{open}{}", stands_in(line.missing.as_deref())),
            (None, Some(lost), _) => format!("lost, it was {lost}"),
            (None, None, true) => "could not be opened".to_owned(),
            (None, None, false) => chosen(line, choice),
        },
    }
}

/// Which device is in use from now on, and which was wished for in vain.
pub fn device_now(which: Direction, device: &str, missing: Option<&str>) -> String {
    format!("{} is now {device}{}", direction(which), stands_in(missing))
}

/// Until it is back, which nobody has to say.
fn stands_in(missing: Option<&str>) -> String {
    missing.map_or_else(String::new, |name| {
        format!(", as {} is not here", text::line(name))
    })
}

/// A choice by the name of the device that it means.
fn chosen(line: &Line, choice: &Choice) -> String {
    let default = line.devices.iter().find(|d| d.default);
    match (choice, default) {
        (Choice::Named(name), _) => name.clone(),
        (Choice::None, _) => "none".to_owned(),
        (Choice::Default, Some(device)) => device.name.clone(),
        (Choice::Default, None) if line.devices.is_empty() => "none found".to_owned(),
        (Choice::Default, None) => "the system's choice".to_owned(),
    }
}

/// One choice of the list of devices, with what it is and whether it is the one taken.
pub fn choice(state: &State, which: Direction, choice: &Choice) -> String {
    let line = state.sound.line(which);
    let is_chosen = state.settings.sound.device(which) == choice;
    let words = match (choice, &line.open) {
        (Choice::Default, Some(open)) if is_chosen => format!("default, {open}"),
        (Choice::Default, _) => format!("default, {}", chosen(line, choice)),
        (Choice::Named(name), _) => name.clone(),
        (Choice::None, _) if which == Direction::Capture => "none, listen only".to_owned(),
        (Choice::None, _) => "none, hear nothing".to_owned(),
    };
    let taken = match (is_chosen, choice, line) {
        (false, _, _) => String::new(),
        (true, Choice::None, _) => ", in use".to_owned(),
        (
            true,
            _,
            Line {
                open: Some(open),
                missing: Some(_),
                ..
            },
        ) => {
            format!(", not here, {open} instead")
        }
        (true, _, Line { open: Some(_), .. }) => ", in use".to_owned(),
        (true, _, Line { lost: Some(_), .. }) => ", lost".to_owned(),
        (true, _, Line { failed: true, .. }) => ", could not be opened".to_owned(),
        (true, _, _) => ", chosen".to_owned(),
    };
    format!("{}: {words}{taken}", capital(direction(which)))
}

/// `/devices`, one direction a line, and how to take another.
pub fn devices(state: &State) -> String {
    match &state.sound.system {
        System::Absent { reason } => return format!("There is no sound here: {reason}."),
        System::Unowned => return "There is no sound on this machine.".to_owned(),
        System::Looking => return "The sound devices are not known yet.".to_owned(),
        System::Present => {}
    }
    if state.call().is_some_and(|call| call.media.by_browser) {
        return "In this call the browser uses the system's default microphone and speaker itself; what is chosen here \
                counts in calls with audio_mode raw."
            .to_owned();
    }
    let mut lines: Vec<String> = Direction::ALL
        .into_iter()
        .map(|which| {
            let all = &state.sound.line(which).devices;
            let names = all.iter().zip(1..);
            let names: Vec<String> = names.map(|(d, n)| format!("{n} {}", d.name)).collect();
            let names = if names.is_empty() {
                "none found".to_owned()
            } else {
                names.join(", ")
            };
            let word = direction(which);
            format!("{}: {}. All: {names}.", capital(word), device(state, which))
        })
        .collect();
    lines.push(
        "/devices input or /devices output with a name, a number, default or none takes another."
            .to_owned(),
    );
    lines.join("\n")
}

/// `/volume` with or without somebody.
pub fn volume(state: &State, name: Option<&str>) -> String {
    match name {
        None => format!("Volume {} %.", state.settings.sound.volume),
        Some(name) => format!("Volume of {name}: {} %.", volume_of(state, name)),
    }
}

fn volume_of(state: &State, name: &str) -> u16 {
    state.settings.sound.volume_of(name).unwrap_or(100)
}

/// The volume of somebody where it is not the usual one.
pub(crate) fn other_volume(state: &State, person: &Person) -> Option<String> {
    let percent = volume_of(state, &person.name);
    (percent != 100).then(|| format!("volume {percent} %"))
}

/// `Alice talking -23 dB, Bob quiet`: who can be heard, the loudest first, we last.
pub fn levels(state: &State) -> String {
    let Some(call) = state.call().filter(|c| c.state.is_inside()) else {
        return "You are not in the call.".to_owned();
    };
    let mut others: Vec<_> = call.roster.iter().filter(|e| !e.me).collect();
    let now = state.now.moment;
    let level_of = |id: &RawId| call.level(id, now);
    others.sort_by_key(|e| (!e.talking, std::cmp::Reverse(level_of(&e.person.id))));
    let mut parts: Vec<String> = others
        .iter()
        .map(|e| {
            let name = phrase::person(&e.person);
            match (e.talking, e.muted, level_of(&e.person.id)) {
                (true, _, Some(at)) => format!("{name} talking {}", level(at)),
                (true, _, None) => format!("{name} talking"),
                (false, true, _) => format!("{name} muted"),
                (false, false, _) => format!("{name} quiet"),
            }
        })
        .collect();
    if let Some(meter) = state.sound.meter {
        let heard = if call.muted { ", muted" } else { "" };
        parts.push(format!("{} {}{heard}", phrase::YOU, level(meter.level)));
    }
    if let Some(played) = state.sound.output {
        parts.push(format!("played {}", level(played)));
    }
    if parts.is_empty() {
        return "Nobody else is here.".to_owned();
    }
    format!("{}.", parts.join(", "))
}

/// Talking, with the level where it is known: for the roster.
pub(crate) fn talking(state: &State, call: &Call, id: &RawId) -> String {
    match call.level(id, state.now.moment) {
        Some(at) => format!("talking {}", level(at)),
        None => "talking".to_owned(),
    }
}

/// What the microphone gives, in words.
pub fn input_level(state: &State) -> String {
    match state.sound.meter {
        None => "The microphone gives nothing.".to_owned(),
        Some(meter) => format!(
            "Microphone {}, {}. Quieter than {} is not taken for a voice.",
            level(meter.level),
            if meter.speaking {
                "a voice is heard"
            } else {
                "no voice"
            },
            level(meter.gate),
        ),
    }
}

/// What `/status` says of push to talk; nothing where it is off.
pub fn push_to_talk(state: &State) -> Option<String> {
    let key_ends = match state.sound.talk.ends {
        KeyEnds::Releases => "letting it go ends it",
        KeyEnds::Repeats => "it ends when the key no longer repeats",
    };
    Some(match state.settings.sound.push_to_talk {
        PushToTalk::Off => return None,
        PushToTalk::Hold => format!("push to talk by holding Space, {key_ends}"),
        PushToTalk::Toggle => "push to talk, Space begins and ends".to_owned(),
    })
}

/// The answer of `/ptt`.
pub fn push_to_talk_answer(state: &State) -> String {
    let Some(words) = push_to_talk(state) else {
        return "Push to talk is off.".to_owned();
    };
    let linear = state.focus.interface == crate::model::settings::Interface::Linear;
    let how = if linear {
        " In this view /talk begins and ends."
    } else {
        " Only while nothing is written; /talk works always."
    };
    format!("{}.{how}", capital(&words))
}

/// Why the browser has devices of its own in this call, and what that means.
pub(super) fn by_system(why: &BySystem, remembered: bool) -> String {
    let why = match why {
        BySystem::Chosen => "audio_mode is system".to_owned(),
        BySystem::Shared => "the browser is in use for another call".to_owned(),
        BySystem::Refused(RawRefusal { reason, .. }) => {
            format!("raw sound was refused ({reason}), and the meeting is joined once more")
        }
    };
    let kept = if remembered { KEPT } else { "" };
    format!(
        "Call: {why}. The browser uses the system's default microphone and speaker itself: levels, noise suppression, \
         the choice of devices and push to talk do not apply, /mute does.{kept}"
    )
}

const KEPT: &str = " Calls begin so from now on: audio_mode system is remembered, and /set audio_mode raw undoes it.";

/// A browser that was begun without devices cannot get them, and the call lives in it.
pub(super) fn raw_refused(reason: &str, remembered: bool) -> String {
    let next = if remembered {
        "/leave and call again: the next call uses the system's devices from its start."
    } else {
        "/leave and call again tries it anew."
    };
    let kept = if remembered { KEPT } else { "" };
    format!(
        "Error: raw sound was refused ({reason}), and this call is without sound. A browser has its devices from its \
         start on, and another one would end the call. {next}{kept}"
    )
}

/// The microphone while push to talk is on and nobody talks: at full length, and short.
pub(crate) fn talk_key(state: &State) -> Option<(&'static str, &'static str)> {
    match (state.settings.sound.push_to_talk, state.sound.talk.ends) {
        (PushToTalk::Off, _) => None,
        (PushToTalk::Hold, KeyEnds::Releases) => Some(("hold Space to talk", "hold Space")),
        (PushToTalk::Hold, KeyEnds::Repeats) => {
            Some(("hold Space to talk, while it repeats", "hold Space"))
        }
        (PushToTalk::Toggle, _) => Some(("Space to talk and to stop", "press Space")),
    }
}

/// Why our microphone cannot be heard whatever we do; `None` where it can.
pub(crate) fn no_microphone(state: &State, call: &Call) -> Option<&'static str> {
    let chosen = &state.settings.sound;
    if call.media.by_browser {
        return None;
    }
    match (call.audio, &state.sound.system) {
        (Audio::None, _) | (_, System::Absent { .. }) => Some(NO_SOUND),
        (Audio::Listen, _) => Some("listen only"),
        (Audio::Full, System::Present) if chosen.microphone == Choice::None => Some("listen only"),
        (Audio::Full, System::Present) if state.sound.capture.is_missing() => Some("no microphone"),
        // Until it is back, or another one is.
        (Audio::Full, System::Present) if state.sound.capture.lost.is_some() => {
            Some("microphone lost")
        }
        (Audio::Full, _) => None,
    }
}

/// `good`, `poor: 8 % lost`, `bad: reconnecting`.
pub fn quality(call: &Call) -> String {
    let grade = call.quality();
    let word = match grade {
        Quality::Unknown => return "quality unknown".to_owned(),
        Quality::Good => return "good".to_owned(),
        Quality::Poor => "poor",
        Quality::Bad => "bad",
    };
    let media = &call.media;
    if media.state == MediaState::Reconnecting {
        return format!("{word}: reconnecting");
    }
    let away = media.statistics.as_ref().and_then(|s| s.round_trip);
    match (media.lost, away) {
        (1.., _) => format!("{word}: {} % lost", media.lost),
        (0, Some(away)) if away.as_millis() >= 400 => {
            // A figure that changed with every second would be read with every second.
            format!("{word}: {} s delay", tenths(away.as_millis()))
        }
        (0, _) => format!("{word} connection"),
    }
}

fn tenths(millis: u128) -> String {
    format!("{}.{}", millis / 1000, millis % 1000 / 100)
}

/// `/stats` in one line.
pub fn stats(state: &State) -> String {
    let Some(call) = state.call().filter(|c| c.state.is_inside()) else {
        return "You are not in the call.".to_owned();
    };
    let Some(statistics) = &call.media.statistics else {
        let why = match &call.media.reason {
            Some(reason) => format!(
                ", {}",
                phrase::reason(&crate::model::capability::Reason::Service {
                    reason: reason.clone(),
                })
            ),
            None => String::new(),
        };
        return format!("No sound is carried in this call{why}.");
    };
    let parts = figures(statistics);
    if parts.is_empty() {
        return "Nothing has been measured yet.".to_owned();
    }
    format!("{}.", capital(&parts.join(", ")))
}

fn figures(of: &Statistics) -> Vec<String> {
    let percent = |lost: f32| format!("{lost:.1} %");
    let kilobits = |bits: u32| format!("{} kbit/s", (bits + 500) / 1000);
    let mut parts = Vec::new();
    let mut part = |words: Option<String>| parts.extend(words);
    part(
        of.round_trip
            .map(|t| format!("round trip {} ms", t.as_millis())),
    );
    part(of.lost_in.map(|lost| format!("lost {} in", percent(lost))));
    part(
        of.lost_out
            .map(|lost| format!("lost {} out", percent(lost))),
    );
    part(of.jitter.map(|t| format!("jitter {} ms", t.as_millis())));
    part(of.level_in.map(|l| format!("heard {}", level(l))));
    part(of.level_out.map(|l| format!("microphone {}", level(l))));
    part(Some(of.codec.clone()).filter(|c| !c.is_empty()));
    part(of.bitrate_in.map(|b| format!("{} in", kilobits(b))));
    part(of.bitrate_out.map(|b| format!("{} out", kilobits(b))));
    part(Some(format!("over {}", of.transport)).filter(|_| !of.transport.is_empty()));
    parts
}

/// What is about to be joined, and as whom.
pub fn check_title(state: &State, check: &Check) -> String {
    if let Locator::Person(id) = &check.locator {
        let whom = id.strip_prefix("4:").unwrap_or("this person");
        return format!("Call {whom}");
    }
    let topic = facts::topic(state);
    let what = topic.map_or_else(|| "the meeting".to_owned(), |t| format!("\"{t}\""));
    let name = &check.name;
    let account = state.accounts.get(&check.account);
    match account.map(|account| account.kind) {
        // Shown by the name of the account, whatever was asked for.
        Some(AccountKind::Teams) => {
            format!("Join {what} as a Teams user, by the name of your account")
        }
        Some(AccountKind::External) | None => {
            format!("Join {what} as {name} (shown as \"{name} (External)\")")
        }
    }
}

/// Muted, and what it costs.
pub fn check_notes(state: &State) -> Vec<String> {
    let mut notes = Vec::new();
    let chord = state.keymap.chords("mute").into_iter().next();
    let linear = state.focus.interface == crate::model::settings::Interface::Linear;
    let how = chord.filter(|_| !linear).unwrap_or("/mute".to_owned());
    let check = state.sound.check.as_ref();
    let calls = check.is_some_and(|check| matches!(check.locator, Locator::Person(_)));
    notes.push(if calls {
        format!("Your microphone is on once they answer. {how} mutes it.")
    } else {
        format!("You will join MUTED. Unmute later with {how}.")
    });
    notes.extend(price(state));
    notes
}

/// What the call will cost.
fn price(state: &State) -> Option<String> {
    let check = state.sound.check.as_ref()?;
    match state.minute_price(&check.account, Some(&check.locator)) {
        Price::NotMetered => Some("This call costs nothing, it is not metered.".to_owned()),
        Price::Metered { amount, .. } if amount <= 0.0 => None,
        Price::Metered {
            amount, currency, ..
        } => Some(format!(
            "This call costs about {amount} {currency} a minute, waiting in the lobby included."
        )),
    }
}

/// What can be done in the check, by key and by word.
pub const CHECK_KEYS: [(&str, &str); 6] = [
    ("Enter", "join"),
    ("s", "silent, join without sound"),
    ("t", "tone"),
    ("d", "devices"),
    ("m", "meter, says the level"),
    ("q", "quit"),
];

/// The check as lines that are read, the question last.
pub fn check(state: &State) -> String {
    let Some(check) = state.sound.shown_check() else {
        return "There is nothing to try.".to_owned();
    };
    let mut lines = vec![format!("Sound check. {}.", check_title(state, check))];
    for which in Direction::ALL {
        let word = capital(direction(which));
        lines.push(format!("{word}: {}.", device(state, which)));
    }
    lines.extend(check_notes(state));
    lines.push(
        "Type join, silent to join without sound, tone, devices, meter for the level, or quit."
            .to_owned(),
    );
    lines.join("\n")
}
