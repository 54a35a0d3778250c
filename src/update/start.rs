//! How the program begins: with a meeting to join or a thread to open.

use crate::clock::Now;
use crate::effect::CallCommand;
use crate::effect::ChatCommand;
use crate::effect::Effect;
use crate::effect::SoundCommand;
use crate::effect::WorkCommand;
use crate::model::account::AccountId;
use crate::model::announcement::Said;
use crate::model::locator::Locator;
use crate::model::sound::Audio;
use crate::model::thread::ThreadKey;
use crate::state::State;
use crate::state::call::Call;
use crate::state::lines::Opening;
use crate::state::sound::System;
use crate::update::check;
use crate::update::settle;
use crate::update::usage;

/// Where to go, as whom.
#[derive(Debug, Clone, PartialEq)]
pub struct Start {
    pub account: AccountId,
    /// Without one, the chats of the account are listed.
    pub locator: Option<Locator>,
    /// The name we ask for.
    pub name: String,
    /// Somebody owns microphone and speaker: they can be tried before a call is joined.
    pub sound: bool,
}

/// Joins the meeting or opens the thread.
pub fn start(state: &mut State, start: Start, now: Now) -> Vec<Effect> {
    state.now = now;
    state.opening = Opening::Begun;
    let mut fx = Vec::new();
    state.focus.account = Some(start.account.clone());
    if start.sound {
        state.sound.system = System::Looking;
        fx.push(Effect::Sound(SoundCommand::List));
    }
    match start.locator {
        None => {
            let list = ChatCommand::Work(WorkCommand::List);
            fx.push(Effect::Chat(start.account, list));
        }
        Some(Locator::Thread(thread)) => {
            let key = ThreadKey {
                account: start.account.clone(),
                thread: thread.clone(),
            };
            state.threads.open(&key);
            state.threads.current = Some(key);
            fx.push(Effect::Chat(start.account, ChatCommand::Open(thread)));
        }
        Some(
            locator @ (Locator::Meeting { .. }
            | Locator::MeetingId { .. }
            | Locator::GroupCall(_)
            | Locator::Room(_)
            | Locator::Person(_)),
        ) => {
            join(state, start.account, locator, start.name, &mut fx);
        }
    }
    settle(state, &mut fx);
    fx
}

/// Joins, after microphone and speaker were tried where the person wants that.
pub(super) fn join(
    state: &mut State,
    account: AccountId,
    locator: Locator,
    name: String,
    fx: &mut Vec<Effect>,
) {
    let chosen = &state.settings.sound;
    let audio = chosen.audio;
    let has_sound = matches!(state.sound.system, System::Looking | System::Present);
    let wanted = chosen.precheck && audio != Audio::None;
    if !(has_sound && wanted && state.lines.is_terminal()) {
        return dial(state, account, locator, name, audio, fx);
    }
    check::begin(state, account, locator, name);
    if state.sound.system == System::Present {
        check::devices_known(state, fx);
    }
}

/// Asks to join; what a call costs is counted from here.
pub(super) fn dial(
    state: &mut State,
    account: AccountId,
    locator: Locator,
    name: String,
    audio: Audio,
    fx: &mut Vec<Effect>,
) {
    let mut call = Call::new(account.clone(), locator.clone(), &name, state.now);
    call.audio = audio;
    call.turns.live = state.settings.sound.rtt_live;
    let number = state.next_call();
    call.number = number;
    if state.calls.get(&account).is_some_and(Call::is_live) {
        // To the front once the one there is on hold.
        state.behind.push(call);
    } else {
        state.calls.insert(account.clone(), call);
        usage::begin(state, &account, fx);
    }
    if std::mem::take(&mut state.sound.unsaid)
        && let System::Absent { reason } = state.sound.system.clone()
    {
        state.say(Said::NoSound { reason });
    }
    let join = CallCommand::Join {
        number,
        locator,
        name,
        audio,
    };
    fx.push(Effect::Call(account, join));
}
