//! Short sounds beside what is said in words, while a call has sound.

use crate::effect::Effect;
use crate::effect::SoundCommand;
use crate::model::announcement::NoticeChange;
use crate::model::announcement::Said;
use crate::model::sound::Audio;
use crate::model::sound::Choice;
use crate::model::sound::Cue;
use crate::state::State;
use crate::state::sound::System;

/// The sound that belongs to a line which is being written now. Without a line there is none.
pub(super) fn beside(state: &State, said: &Said) -> Option<Effect> {
    let chosen = &state.settings.sound;
    let possible = state.sound.system == System::Present && chosen.speaker != Choice::None;
    let wanted = chosen.earcons && possible && has_sound(state, said) && !state.quitting;
    let cue = of(said).filter(|_| wanted)?;
    Some(Effect::Sound(SoundCommand::Cue(cue)))
}

/// A call that has just ended had it.
fn has_sound(state: &State, said: &Said) -> bool {
    let ended = matches!(said, Said::CallEnded { .. });
    state.sounding_calls().next().is_some()
        || ended && state.call().is_some_and(|call| call.audio != Audio::None)
}

const fn of(said: &Said) -> Option<Cue> {
    Some(match said {
        // What is said again was heard before.
        said if said.is_repeat() => return None,
        Said::Notice {
            change: NoticeChange::Stopped { .. } | NoticeChange::KnownOff,
            ..
        } => Cue::NoticeOver,
        Said::Notice { .. } | Said::NoticeBehind { .. } | Said::ConsentAsked { .. } => Cue::Notice,
        Said::CameAndWent { joined, .. } if joined.is_empty() => Cue::Left,
        Said::CameAndWent { .. } => Cue::Joined,
        Said::OwnMute { muted: true } | Said::MutedByOther { muted: true, .. } => Cue::Muted,
        Said::OwnMute { muted: false } | Said::MutedByOther { muted: false, .. } => Cue::Unmuted,
        Said::Hand {
            up: true,
            mine: false,
            ..
        } => Cue::Hand,
        Said::ConnectionLost | Said::SoundInterrupted(true) | Said::DeviceLost(_) => Cue::Lost,
        Said::ConnectionBack { .. } | Said::SoundInterrupted(false) => Cue::Back,
        Said::Failed(_) | Said::NotSent { .. } => Cue::Error,
        Said::SomeoneWaits { .. } => Cue::Lobby,
        Said::Admitted
        | Said::Connected { .. }
        | Said::HandedOn
        | Said::HeldEnded { .. }
        | Said::CallEnded { .. } => Cue::Call,
        Said::Message { mention: true, .. } => Cue::Mention,
        _ => return None,
    })
}
