//! What others must be told because the state is what it is: the service, the sound side,
//! and those who read along.
//!
//! Runs after every event and compares what is true with what was told. So nobody has to
//! remember to tell it.

use std::collections::BTreeSet;

use crate::command;
use crate::command::Command;
use crate::effect::CallCommand;
use crate::effect::Effect;
use crate::effect::SoundCommand;
use crate::model::account::AccountId;
use crate::model::capability::Capability;
use crate::model::sound::Direction;
use crate::state::State;
use crate::state::sound::System;
use crate::state::sound::Wanted;

/// Real-time text of ours goes while it is being typed.
pub(super) fn own_text(state: &mut State, fx: &mut Vec<Effect>) {
    let now = state.now.moment;
    let text = state.composer.text();
    let is_text =
        text.starts_with('/') && matches!(command::parse(text), Ok(Command::RealTimeText(_)));
    let goes = is_text && !state.composer.is_literal();
    // With its blank at the end, which tells that a word is finished.
    let line = text.split_once(' ').map(|(_, line)| line.to_owned());
    let line = line.filter(|_| goes && state.may(Capability::RealTimeText).is_ok());
    let Some(call) = state.call_mut().filter(|c| c.is_live()) else {
        return;
    };
    if let Some(typed) = call.own_text.follow(line.as_deref(), now) {
        fx.push(Effect::Call(call.account.clone(), CallCommand::Text(typed)));
    }
}

/// Captions, levels, whether we hear, and how loud we want to hear people.
pub(super) fn service(state: &mut State, fx: &mut Vec<Effect>) {
    let captions = state.settings.sound.captions;
    let deafened = state.sound.deafened;
    let levels = state.levels_wanted();
    let front = state.call().map(|c| c.account.clone());
    let volumes = &state.settings.sound.volumes;
    for call in state.calls.values_mut().filter(|c| c.state.is_inside()) {
        let mut wishes = Vec::new();
        if std::mem::replace(&mut call.told.captions, captions) != captions {
            wishes.push(CallCommand::Captions(captions));
        }
        if std::mem::replace(&mut call.told.deafened, deafened) != deafened {
            wishes.push(CallCommand::Deafen(deafened));
        }
        let levels = levels && front.as_ref() == Some(&call.account);
        if std::mem::replace(&mut call.levels.told, levels) != levels {
            wishes.push(CallCommand::Levels(levels));
        }
        if !volumes.is_empty() {
            for entry in call.roster.iter().filter(|e| !e.me) {
                let percent = volumes.get(&entry.person.name).copied().unwrap_or(100);
                let id = &entry.person.id;
                if call.told.volumes.get(id).copied().unwrap_or(100) != percent {
                    call.told.volumes.insert(id.clone(), percent);
                    let person = id.clone();
                    wishes.push(CallCommand::Volume { person, percent });
                }
            }
        }
        let account = &call.account;
        fx.extend(wishes.into_iter().map(|w| Effect::Call(account.clone(), w)));
    }
}

/// Microphone and speaker. What falls silent is told first, what becomes audible last.
pub(super) fn devices(state: &mut State, fx: &mut Vec<Effect>) {
    if state.sound.system == System::Unowned {
        return;
    }
    let wanted = state.sound_wanted();
    let (before, wanted) = state.sound.tell(wanted);
    if wanted.meter && !before.as_ref().is_some_and(|before| before.meter) {
        // What was measured long ago is no level.
        (state.sound.meter, state.sound.output) = (None, None);
    }
    if before.as_ref() == Some(&wanted) {
        return;
    }
    fx.extend(
        changed(before.as_ref(), &wanted)
            .into_iter()
            .map(Effect::Sound),
    );
}

fn changed(before: Option<&Wanted>, now: &Wanted) -> Vec<SoundCommand> {
    let differs = |of: fn(&Wanted, &Wanted) -> bool| before.is_none_or(|before| !of(before, now));
    let mut commands = Vec::new();
    // A line begins muted.
    let nobody = BTreeSet::new();
    let heard = before.map_or(&nobody, |before| &before.heard);
    let mute = |account: &AccountId, muted| SoundCommand::Mute {
        account: account.clone(),
        muted,
    };
    commands.extend(heard.difference(&now.heard).map(|of| mute(of, true)));
    if differs(|a, b| a.deafen == b.deafen) {
        commands.push(SoundCommand::Deafen(now.deafen));
    }
    if differs(|a, b| a.processing == b.processing) {
        commands.push(SoundCommand::Process(now.processing));
    }
    if differs(|a, b| a.volume == b.volume) {
        commands.push(SoundCommand::Volume(now.volume));
    }
    let chosen = [
        (
            Direction::Capture,
            differs(|a, b| a.microphone == b.microphone),
            &now.microphone,
        ),
        (
            Direction::Playback,
            differs(|a, b| a.speaker == b.speaker),
            &now.speaker,
        ),
    ];
    for (direction, differs, choice) in chosen {
        if differs {
            let choice = choice.clone();
            commands.push(SoundCommand::Choose { direction, choice });
        }
    }
    let (capture, playback) = (now.capture, now.playback);
    let before_open = before.map_or((false, false), |b| (b.capture, b.playback));
    if before_open != (capture, playback) {
        commands.push(if capture || playback {
            SoundCommand::Open { capture, playback }
        } else {
            SoundCommand::Close
        });
    }
    if before.is_some_and(|b| b.meter) != now.meter {
        commands.push(SoundCommand::Meter(now.meter));
    }
    commands.extend(now.heard.difference(heard).map(|of| mute(of, false)));
    commands
}
