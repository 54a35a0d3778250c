//! How the program begins: with a meeting to join or a thread to open.

use crate::clock::Now;
use crate::effect::CallCommand;
use crate::effect::ChatCommand;
use crate::effect::Effect;
use crate::effect::SoundCommand;
use crate::effect::WorkCommand;
use crate::model::account::AccountId;
use crate::model::announcement::Said;
use crate::model::call::CallNumber;
use crate::model::callee::Errand;
use crate::model::locator::Locator;
use crate::model::sound::Audio;
use crate::model::thread::ThreadKey;
use crate::state::State;
use crate::state::accounts::Door;
use crate::state::call::Call;
use crate::state::lines::Opening;
use crate::state::sound::System;
use crate::update::calling;
use crate::update::check;
use crate::update::settle;
use crate::update::usage;
use crate::update::work;

/// Where to go, as whom.
#[derive(Debug, Clone, PartialEq)]
pub struct Start {
    pub account: AccountId,
    /// Without one, the chats of the account are listed.
    pub locator: Option<Locator>,
    /// Whom to call, in the person's words.
    pub call: Option<String>,
    /// The name we ask for.
    pub name: String,
    /// Somebody owns microphone and speaker: they can be tried before a call is joined.
    pub sound: bool,
    /// Somebody makes calls for the account.
    pub calls: bool,
}

/// Joins the meeting or opens the thread.
pub fn start(state: &mut State, start: Start, now: Now) -> Vec<Effect> {
    state.now = now;
    state.opening = Opening::Begun;
    let mut fx = Vec::new();
    state.focus.account = Some(start.account.clone());
    let door = Door::Open { calls: start.calls };
    state.doors.set(&start.account, door);
    if start.sound {
        state.sound.system = System::Looking;
        fx.push(Effect::Sound(SoundCommand::List));
    }
    match start.locator {
        None if start.call.is_some() => {
            let whom = start.call.unwrap_or_default();
            calling::perform(state, Errand::Call, &whom, &mut fx);
        }
        None => {
            work::ask(state, start.account, WorkCommand::List, &mut fx);
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
        return dial(state, account, locator, name, audio, None, fx);
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
    whom: Option<&str>,
    fx: &mut Vec<Effect>,
) {
    let whom = whom.filter(|name| !name.is_empty()).map(str::to_owned);
    let peer = whom.unwrap_or_else(|| peer(state, &account, &locator));
    let mut call = Call::new(account.clone(), locator.clone(), &name, state.now);
    call.audio = audio;
    call.peer = peer;
    // Whoever calls somebody wants to be heard by them.
    call.opened = call.is_with_people() && audio == Audio::Full;
    let calls = call.is_with_people().then(|| call.with().to_owned());
    let number = begin(state, call, fx);
    if let Some(with) = calls {
        state.say(Said::Calling { with });
    }
    let join = CallCommand::Join {
        number,
        locator,
        name,
        audio,
        mode: state.settings.sound.audio_mode,
    };
    fx.push(Effect::Call(account, join));
}

/// Whom a locator means: by the name they had in the last call, else by their number.
fn peer(state: &State, account: &AccountId, locator: &Locator) -> String {
    let Locator::Person(id) = locator else {
        return String::new();
    };
    let before = state.calls.get(account).filter(|c| c.locator == *locator);
    let before = before.map(|c| c.peer.clone()).filter(|p| !p.is_empty());
    let known = state.people().into_iter().find(|p| p.id.as_str() == id);
    before
        .or(known.map(|p| p.name))
        .or(id.strip_prefix("4:").map(str::to_owned))
        .unwrap_or_default()
}

/// A call is about to be made: in front, or behind the one there until that is on hold.
pub(super) fn begin(state: &mut State, mut call: Call, fx: &mut Vec<Effect>) -> CallNumber {
    let (number, account) = (state.next_call(), call.account.clone());
    call.number = number;
    call.turns.live = state.settings.sound.rtt_live;
    if state.calls.get(&account).is_some_and(Call::is_live) {
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
    number
}
