//! What the owner of microphone and speaker reports, and the commands about sound.

use std::time::Duration;

use crate::command::Command;
use crate::effect::CallCommand;
use crate::effect::Effect;
use crate::effect::SoundCommand;
use crate::event::SoundEvent;
use crate::model::account::AccountId;
use crate::model::announcement::Answer;
use crate::model::announcement::Class;
use crate::model::announcement::Said;
use crate::model::failure::Because;
use crate::model::failure::Doing;
use crate::model::failure::Failure;
use crate::model::failure::Remedy;
use crate::model::identity::Person;
use crate::model::settings::Interface;
use crate::model::settings::VOLUME_OF;
use crate::model::sound::AudioMode;
use crate::model::sound::BySystem;
use crate::model::sound::Choice;
use crate::model::sound::Device;
use crate::model::sound::Direction;
use crate::model::sound::PushToTalk;
use crate::model::sound::RawRefusal;
use crate::model::turn::Typed;
use crate::state::State;
use crate::state::call::Call;
use crate::state::focus::Overlay;
use crate::state::sound::Line;
use crate::state::sound::Meter;
use crate::state::sound::System;
use crate::update::check;
use crate::update::command;
use crate::update::talk;

/// Who speaks while muted is told at most this often.
const WARN_PACE: Duration = Duration::from_secs(30);
/// Levels that were asked for come within this time, or what is known is the answer.
const LEVELS_COME: Duration = Duration::from_secs(1);
/// The same of devices.
const DEVICES_COME: Duration = Duration::from_secs(1);

pub(super) fn on_event(state: &mut State, event: SoundEvent, fx: &mut Vec<Effect>) {
    match event {
        SoundEvent::Devices { capture, playback } => {
            listed(state, capture, playback);
            check::devices_known(state, fx);
            if state.sound.asked.take().is_some() {
                show_devices(state);
            }
        }
        SoundEvent::Unavailable { reason } => {
            unavailable(state, reason, fx);
            if state.sound.asked.take().is_some() {
                show_devices(state);
            }
        }
        SoundEvent::Opened {
            direction,
            device,
            missing,
        } => opened(state, direction, device, missing),
        SoundEvent::Closed(direction) => {
            let line = state.sound.line_mut(direction);
            (line.open, line.missing) = (None, None);
        }
        SoundEvent::Lost { direction, device } => {
            let line = state.sound.line_mut(direction);
            line.open = None;
            line.lost = Some(device);
            state.say(Said::DeviceLost(direction));
        }
        SoundEvent::Failed { direction, failure } => {
            let line = state.sound.line_mut(direction);
            line.open = None;
            line.failed = true;
            state.say(Said::Failed(failure));
        }
        SoundEvent::InputLevel {
            level,
            gate,
            speaking,
        } => {
            state.sound.meter = Some(Meter {
                level,
                gate,
                speaking,
            });
        }
        SoundEvent::OutputLevel(level) => state.sound.output = Some(level),
        SoundEvent::SpeakingWhileMuted => warn(state),
        SoundEvent::Tested => {}
    }
}

/// What there is by now. Somebody who is choosing goes on choosing what they were at.
fn listed(state: &mut State, capture: Vec<Device>, playback: Vec<Device>) {
    let selected = match state.focus.overlay {
        Some(Overlay::Devices { selected }) => state.sound.choices().get(selected).cloned(),
        _ => None,
    };
    state.sound.capture.devices = capture;
    state.sound.playback.devices = playback;
    // What could not be opened of what was known before still cannot.
    if state.sound.system != System::Present {
        for direction in Direction::ALL {
            state.sound.line_mut(direction).failed = false;
        }
    }
    state.sound.system = System::Present;
    if let Some((direction, choice)) = selected {
        let choices = state.sound.choices();
        let place = |wanted| choices.iter().position(|known| *known == wanted);
        let same = place((direction, choice)).or_else(|| place((direction, Choice::Default)));
        let selected = same.unwrap_or_default();
        state.focus.overlay = Some(Overlay::Devices { selected });
    }
}

/// Everything but sound goes on, which is said once.
fn unavailable(state: &mut State, reason: String, fx: &mut Vec<Effect>) {
    // Whoever was not waited for says so too, later and in other words.
    let news = !matches!(state.sound.system, System::Absent { .. });
    state.sound.system = System::Absent {
        reason: reason.clone(),
    };
    for direction in Direction::ALL {
        *state.sound.line_mut(direction) = Line::default();
    }
    if !state.has_call() {
        state.sound.unsaid = true;
    } else if news {
        state.say(Said::NoSound { reason });
    }
    check::no_sound(state, fx);
}

fn opened(state: &mut State, direction: Direction, device: String, missing: Option<String>) {
    let line = state.sound.line_mut(direction);
    line.failed = false;
    let lost = line.lost.take().is_some();
    let before = line.open.replace(device.clone());
    line.missing.clone_from(&missing);
    // The first one is no news: it was chosen, or stands in the check.
    if lost || missing.is_some() || before.is_some_and(|before| before != device) {
        state.say(Said::DeviceOpened {
            direction,
            device,
            missing,
        });
    }
}

/// The browser captures and plays in this call, and what we have is not used for it.
pub(super) fn by_system(
    state: &mut State,
    account: &AccountId,
    why: BySystem,
    fx: &mut Vec<Effect>,
) {
    let by_key = state.settings.sound.push_to_talk != PushToTalk::Off;
    let Some(call) = state.calls.get_mut(account) else {
        return;
    };
    call.media.by_browser = true;
    if by_key && call.opened {
        // The key would not close what opens once somebody answers.
        (call.muting, call.opened) = (true, false);
        fx.push(Effect::Call(account.clone(), CallCommand::Mute(true)));
    }
    let remembered = match &why {
        BySystem::Refused(refusal) => remember(state, refusal, fx),
        BySystem::Chosen | BySystem::Shared => false,
    };
    state.say(Said::BySystem { why, remembered });
}

pub(super) fn raw_refused(state: &mut State, refusal: RawRefusal, fx: &mut Vec<Effect>) {
    let remembered = remember(state, &refusal, fx);
    let reason = refusal.reason;
    state.say(Said::RawRefused { reason, remembered });
}

/// What is refused today is refused tomorrow: the next call need not stumble over it. True where that is news.
fn remember(state: &mut State, refusal: &RawRefusal, fx: &mut Vec<Effect>) -> bool {
    let new = refusal.lasts && state.settings.sound.audio_mode == AudioMode::Raw;
    new && command::change(state, "audio_mode", "system", fx)
}

/// The talk key opens and closes our own sound alone; in a call whose sound is the browser's the microphone stays
/// off while the key is in use.
pub(super) fn mute_for_key(state: &mut State, fx: &mut Vec<Effect>) {
    if state.settings.sound.push_to_talk == PushToTalk::Off {
        return;
    }
    let open = |call: &&mut Call| call.media.by_browser && !call.muted && !call.muting;
    for call in state.calls.values_mut().filter(open) {
        (call.muting, call.opened) = (true, false);
        fx.push(Effect::Call(call.account.clone(), CallCommand::Mute(true)));
    }
}

fn warn(state: &mut State) {
    let sounds = state.sounding_calls().next().is_some();
    let muted = sounds && state.sounding_calls().all(|call| call.muted);
    let by_hand = state.settings.sound.push_to_talk == PushToTalk::Off;
    let now = state.now.moment;
    let recent = |at| now.since(at) < WARN_PACE;
    if muted && by_hand && !state.sound.warned.is_some_and(recent) {
        state.sound.warned = Some(now);
        state.say(Said::SpeakingWhileMuted);
    }
}

/// Commands about sound, captions and real-time text.
pub(super) fn perform(state: &mut State, command: Command, fx: &mut Vec<Effect>) {
    match command {
        Command::Deafen(deafen) => {
            let deafened = deafen.unwrap_or(!state.sound.deafened);
            state.sound.deafened = deafened;
            command::answer(state, Answer::Deafened(deafened));
        }
        Command::Devices(None) => list(state, fx),
        Command::Devices(Some((direction, name))) => match state.sound.find(direction, &name) {
            Some(choice) => choose(state, direction, &choice, fx),
            None => missing(state, Doing::ChoosingDevice, Because::NotFound),
        },
        Command::Volume { name, percent } => volume(state, name.as_deref(), percent, fx),
        Command::Levels => {
            let due = state.now.moment + LEVELS_COME;
            if let Some(call) = state.call_mut() {
                call.levels.asked = Some(due);
            }
        }
        Command::Captions(captions) => {
            let on = captions.unwrap_or(!state.settings.sound.captions);
            command::change(state, "captions", &on.to_string(), fx);
            command::answer(state, Answer::Captions(on));
        }
        Command::RealTimeText(words) if words.is_empty() => state.composer.begin("text"),
        Command::RealTimeText(text) => {
            if let Some(call) = state.call_mut() {
                call.own_text.done();
                let typed = Typed { text, done: true };
                let account = call.account.clone();
                fx.push(Effect::Call(account, CallCommand::Text(typed)));
            }
        }
        Command::Stats => command::answer(state, Answer::Stats),
        Command::PushToTalk(mode) => {
            if let Some(mode) = mode {
                talk::stop(state, fx);
                command::change(state, "push_to_talk", &mode, fx);
            }
            command::answer(state, Answer::PushToTalk);
        }
        Command::TestTone => {
            fx.push(Effect::Sound(SoundCommand::Test));
            command::answer(state, Answer::TestTone);
        }
        Command::Talk(talking) => talk::by_command(state, talking, fx),
        _ => {}
    }
}

/// Devices come and go: what there is now is asked for. A list on the screen follows by
/// itself, lines wait for the answer.
fn list(state: &mut State, fx: &mut Vec<Effect>) {
    if state.sound.system == System::Unowned {
        return command::answer(state, Answer::Devices);
    }
    fx.push(Effect::Sound(SoundCommand::List));
    if state.focus.interface == Interface::FullScreen && state.sound.system == System::Present {
        show_devices(state);
    } else {
        state.sound.asked = Some(state.now.moment + DEVICES_COME);
    }
}

fn show_devices(state: &mut State) {
    if state.sound.system == System::Present {
        command::show(state, Overlay::Devices { selected: 0 }, Answer::Devices);
    } else {
        command::answer(state, Answer::Devices);
    }
}

/// The devices were asked for before this is due: the answer is what is known.
pub(super) fn devices_due(state: &mut State) {
    let now = state.now.moment;
    if state.sound.asked.take_if(|due| *due <= now).is_some() {
        show_devices(state);
    }
}

/// Takes a device from now on, in this run and later ones.
pub(super) fn choose(
    state: &mut State,
    direction: Direction,
    choice: &Choice,
    fx: &mut Vec<Effect>,
) {
    let key = match direction {
        Direction::Capture => "microphone",
        Direction::Playback => "speaker",
    };
    let line = state.sound.line_mut(direction);
    *line = Line {
        devices: std::mem::take(&mut line.devices),
        ..Line::default()
    };
    command::change(state, key, choice.word(), fx);
    command::answer(state, Answer::Device(direction));
}

/// What was named is not there.
fn missing(state: &mut State, doing: Doing, because: Because) {
    state.say(Said::Failed(Failure {
        doing,
        because,
        remedy: Remedy::None,
    }));
}

fn volume(state: &mut State, name: Option<&str>, percent: Option<u16>, fx: &mut Vec<Effect>) {
    let Some(name) = name else {
        if let Some(percent) = percent {
            command::change(state, "volume", &percent.to_string(), fx);
        }
        return command::answer(state, Answer::Volume { name: None });
    };
    let people = state.call().into_iter().flat_map(|c| {
        let others = c.roster.iter().filter(|e| !e.me);
        others.map(|e| e.person.clone())
    });
    let people: Vec<Person> = people.collect();
    let Some(id) = command::named(people.iter(), name) else {
        let because = Because::NobodyHere {
            name: name.to_owned(),
        };
        return missing(state, Doing::CallAction, because);
    };
    let Some(person) = people.into_iter().find(|p| p.id == id) else {
        return;
    };
    if let Some(percent) = percent {
        set_volume(state, &person, percent, fx);
    }
    let name = Some(person.name);
    command::answer(state, Answer::Volume { name });
}

/// How loud one person is from now on; the call is told by [`follow`](super::follow).
pub(super) fn set_volume(state: &mut State, person: &Person, percent: u16, fx: &mut Vec<Effect>) {
    let key = format!("{VOLUME_OF}{}", person.name);
    command::change(state, &key, &percent.to_string(), fx);
}

/// What was asked for before it is due: the answer is what is known.
pub(super) fn levels_due(state: &mut State) {
    let now = state.now.moment;
    let Some(call) = state.call_mut() else { return };
    if call.levels.asked.take_if(|due| *due <= now).is_some() {
        state.say_as(Class::Answer, Said::Answer(Answer::Levels));
    }
}
