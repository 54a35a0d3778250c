//! What a call back end reports: states, as they are, also when they were so before.

use crate::clock::Timestamp;
use crate::effect::CallCommand;
use crate::effect::ChatCommand;
use crate::effect::ControlNews;
use crate::effect::Effect;
use crate::effect::NoticeMoment;
use crate::effect::NoticeRecord;
use crate::event::CallEvent;
use crate::model::account::AccountId;
use crate::model::announcement::Answer;
use crate::model::announcement::Class;
use crate::model::announcement::NoticeChange;
use crate::model::announcement::Said;
use crate::model::call::AfterEnd;
use crate::model::call::CallInfo;
use crate::model::call::CallState;
use crate::model::call::EndReason;
use crate::model::call::Role;
use crate::model::call::RosterEntry;
use crate::model::call::Signalling;
use crate::model::identity::Person;
use crate::model::identity::RawId;
use crate::model::notice::NoticeKind;
use crate::model::notice::NoticeState;
use crate::model::sound::MediaState;
use crate::model::thread::ThreadKey;
use crate::state::State;
use crate::state::call::Call;
use crate::state::call::Levels;
use crate::state::call::Media;
use crate::state::call::REJOINS_WITHIN;
use crate::state::call::RosterNews;
use crate::update::behind;
use crate::update::meeting;
use crate::update::ringing;
use crate::update::sound;
use crate::update::survey;
use crate::update::talk;
use crate::update::turns;
use crate::update::usage;

/// Events of a call that was never asked for are left alone: there is nothing to show them in.
pub(super) fn on_event(
    state: &mut State,
    account: &AccountId,
    event: CallEvent,
    fx: &mut Vec<Effect>,
) {
    let event = match event {
        CallEvent::Incoming(incoming) => {
            return ringing::on_incoming(state, account, incoming, fx);
        }
        CallEvent::IncomingOver { incoming, reason } => {
            return ringing::on_over(state, account, incoming, reason);
        }
        CallEvent::Receiving(how) => return state.say(Said::Receiving(how)),
        // Also what went wrong where there was no call yet.
        CallEvent::ActionFailed(failure) => {
            state.sound.talk.unanswered();
            return state.say(Said::Failed(failure));
        }
        CallEvent::Front(number) => return behind::on_front(state, account, number, fx),
        CallEvent::Behind { call, event } => {
            return behind::on_event(state, account, call, *event, fx);
        }
        event => event,
    };
    let Some(call) = state.calls.get_mut(account) else {
        return;
    };
    match event {
        CallEvent::TonesSent(count) => state.say(Said::TonesSent { count }),
        CallEvent::Transfer(step) => {
            let to = call.handed_to.clone();
            state.say(Said::Transfer { to, step });
        }
        CallEvent::HandedOn => state.say(Said::HandedOn),
        CallEvent::Declined { person, reason } => state.say(Said::NotComing {
            name: person.name,
            reason,
        }),
        CallEvent::Front(_)
        | CallEvent::Behind { .. }
        | CallEvent::Incoming(_)
        | CallEvent::IncomingOver { .. }
        | CallEvent::Receiving(_)
        | CallEvent::ActionFailed(_) => {}
        CallEvent::State { state: new, at } => on_state(state, account, new, at, fx),
        CallEvent::Info(info) => on_info(state, account, info, fx),
        CallEvent::Role(role) => on_role(state, account, role),
        CallEvent::Moved { room, at } => meeting::on_moved(state, account, room, at, fx),
        CallEvent::Rooms(rooms) => meeting::on_rooms(state, account, rooms),
        CallEvent::DialIn(dial_in) => state.say(Said::DialIn(dial_in)),
        CallEvent::Roster(roster) => on_people(state, account, roster),
        CallEvent::RosterChanged(entry) => on_roster(state, account, entry),
        CallEvent::RosterLeft(id) => on_left(state, account, &id),
        CallEvent::Lobby(people) => on_lobby(state, account, people),
        CallEvent::Muted { muted, by } => on_muted(state, account, muted, by, fx),
        CallEvent::Reaction { person, reaction } => {
            let name = person.name;
            state.say(Said::Reacted { name, reaction });
        }
        CallEvent::Quality(quality) => call.quality = quality,
        CallEvent::Turn { turn, at } => turns::on_turn(state, account, turn, at),
        CallEvent::Levels(levels) => {
            call.levels.all = levels.into_iter().collect();
            call.levels.heard = state.now.moment;
            if call.levels.asked.take().is_some() {
                state.say_as(Class::Answer, Said::Answer(Answer::Levels));
            }
        }
        CallEvent::Media { state: new, reason } => on_media(state, account, new, reason),
        CallEvent::BySystem(why) => sound::by_system(state, account, why, fx),
        CallEvent::RawRefused(refusal) => sound::raw_refused(state, refusal, fx),
        CallEvent::Statistics(statistics) => call.measure(statistics),
        CallEvent::Notice {
            kind,
            state: new,
            initial,
            at,
        } => {
            let change = call.notices.note(kind, new.clone(), initial, at);
            if call.notices.is_known() {
                state.announcer.notices_known();
            }
            if let Some(change) = change {
                notice_changed(state, account, kind, new, change, at, fx);
            }
        }
        CallEvent::ConsentRequired(required) => on_consent(state, account, required, fx),
        CallEvent::Capabilities(capabilities) => call.deny(capabilities),
        CallEvent::SignallingLost { at } => on_lost(state, account, at, fx),
        CallEvent::SignallingBack { at } => {
            call.rejoining = None;
            // The service may have forgotten them; the rest the back end asks for again itself.
            call.told.volumes.clear();
            if let Signalling::Lost { since } = std::mem::take(&mut call.signalling) {
                state.announcer.link_restored();
                state.say(Said::ConnectionBack {
                    seconds: at.seconds_since(since),
                    missed: 0,
                });
            }
        }
        CallEvent::Rateable(yes) => survey::on_rateable(state, account, yes),
        CallEvent::Rated(rating) => survey::on_rated(state, account, rating),
        CallEvent::Rejoining { attempt } => on_rejoining(state, account, attempt, fx),
        CallEvent::Ended { reason, by, at } => on_ended(state, account, reason, by, at, fx),
    }
}

fn on_state(
    state: &mut State,
    account: &AccountId,
    new: CallState,
    at: Timestamp,
    fx: &mut Vec<Effect>,
) {
    let Some(call) = state.calls.get_mut(account) else {
        return;
    };
    let before = std::mem::replace(&mut call.state, new);
    if new == CallState::Connected {
        // Also where our place was kept, and nothing but the link had to come back.
        call.rejoining = None;
    }
    if before == new {
        return;
    }
    fx.push(Effect::Publish(ControlNews::CallState(new.word())));
    usage::stand(state, account, new, fx);
    let Some(call) = state.calls.get_mut(account) else {
        return;
    };
    match new {
        CallState::InLobby => {
            call.lobby_since.get_or_insert(at);
            let topic = call.info.topic.clone();
            state.say(Said::WaitingInLobby { topic });
        }
        CallState::Connected => {
            if call.connected_at.is_none() {
                expect_opening(state, account);
                talk::introduce(state, account);
            }
            let Some(call) = state.calls.get_mut(account) else {
                return;
            };
            call.connected_at.get_or_insert(at);
            if !call.notices.is_known() {
                state.announcer.expect_notices(state.now.moment);
            }
            match before {
                CallState::InLobby => {
                    call.greeted = true;
                    state.say(Said::Admitted);
                }
                CallState::LocalHold | CallState::RemoteHold => state.say(Said::Held(false)),
                CallState::Connecting | CallState::Ringing | CallState::EarlyMedia
                    if call.is_with_people() =>
                {
                    let with = call.with().to_owned();
                    state.say(Said::Connected { with });
                }
                CallState::Connecting
                | CallState::Ringing
                | CallState::EarlyMedia
                | CallState::Connected
                | CallState::Disconnecting
                | CallState::Disconnected => {}
            }
            open_chat(state, account, fx);
        }
        CallState::LocalHold | CallState::RemoteHold => state.say(Said::Held(true)),
        // A call that never began says so by a failure and ends without a reason.
        CallState::Disconnected => {
            over(state, account, at, fx);
            still_held(state, account);
        }
        CallState::Ringing => {
            let with = call.with().to_owned();
            state.say(Said::ItRings { with });
        }
        CallState::Connecting | CallState::EarlyMedia | CallState::Disconnecting => {}
    }
}

/// That we are here is said with the chat, which takes a moment where it was not open before.
fn expect_opening(state: &mut State, account: &AccountId) {
    let key = thread_of(state, account);
    let thread = key.and_then(|key| state.threads.get(&key));
    if !thread.is_some_and(|t| t.opened) {
        state.announcer.expect_opening(state.now.moment);
    }
}

fn on_info(state: &mut State, account: &AccountId, info: CallInfo, fx: &mut Vec<Effect>) {
    let Some(call) = state.calls.get_mut(account) else {
        return;
    };
    let moved = call.info.thread != info.thread;
    call.info = info;
    // In the lobby the chat is not told.
    call.info_known = call.state.is_inside();
    let inside = call.state.is_inside();
    usage::note(state, account, fx);
    if moved && inside {
        open_chat(state, account, fx);
    }
}

/// The meeting's chat is ours from the moment we are in the call, not before (teams-interop 3.3).
fn open_chat(state: &mut State, account: &AccountId, fx: &mut Vec<Effect>) {
    let call = state.calls.get_mut(account);
    let Some(call) = call.filter(|c| c.state.is_inside()) else {
        return;
    };
    let Some(thread) = call.info.thread.clone() else {
        return;
    };
    let topic = call.info.topic.clone();
    let greeted = std::mem::replace(&mut call.greeted, true);
    let banners = std::mem::take(&mut call.banners);
    let key = ThreadKey {
        account: account.clone(),
        thread: thread.clone(),
    };
    let known = state.threads.open(&key);
    if known.topic.is_empty() {
        known.topic = topic;
    }
    for (said, at) in banners {
        known.timeline.banner(said, at);
    }
    let opens = !known.opened;
    if !greeted && !opens {
        state.say(Said::Joined);
    }
    state.threads.current.get_or_insert(key);
    fx.push(Effect::Chat(account.clone(), ChatCommand::Open(thread)));
}

fn on_role(state: &mut State, account: &AccountId, role: Role) {
    let Some(call) = state.calls.get_mut(account) else {
        return;
    };
    let before = std::mem::replace(&mut call.role, role);
    if before != Role::Unknown && before != role {
        state.say(Said::RoleChanged);
    }
}

/// All of them; who shares a screen is said.
fn on_people(state: &mut State, account: &AccountId, roster: Vec<RosterEntry>) {
    let Some(call) = state.calls.get_mut(account) else {
        return;
    };
    for name in call.set_roster(roster) {
        state.say(Said::Shares { name, on: true });
    }
}

fn on_roster(state: &mut State, account: &AccountId, entry: RosterEntry) {
    let Some(call) = state.calls.get_mut(account) else {
        return;
    };
    let leads = call.leads();
    match call.change(entry) {
        RosterNews::Joined(name) => {
            let people = call.people();
            state.say(Said::CameAndWent {
                joined: vec![name],
                left: Vec::new(),
                people,
            });
        }
        RosterNews::Called(name) => state.say(Said::Adding { name }),
        RosterNews::Hand { name, up, mine } => {
            let class = match (mine, leads) {
                (true, _) => Class::Answer,
                (false, true) => Class::Polite,
                (false, false) => return state.say(Said::Hand { name, up, mine }),
            };
            state.say_as(class, Said::Hand { name, up, mine });
        }
        RosterNews::Shares { name, on } => state.say(Said::Shares { name, on }),
        RosterNews::Spotlit { name, on, mine } => state.say(Said::Spotlit { name, on, mine }),
        RosterNews::Nothing => {}
    }
}

fn on_left(state: &mut State, account: &AccountId, id: &RawId) {
    let Some(call) = state.calls.get_mut(account) else {
        return;
    };
    let left: Vec<String> = call.remove(id).into_iter().collect();
    let people = call.people();
    let unfinished = call.turns.leave(id);
    let at = state.now.utc;
    turns::end(state, account, unfinished, at);
    if !left.is_empty() {
        state.say(Said::CameAndWent {
            joined: Vec::new(),
            left,
            people,
        });
    }
}

fn on_lobby(state: &mut State, account: &AccountId, people: Vec<Person>) {
    let Some(call) = state.calls.get_mut(account) else {
        return;
    };
    let before = std::mem::replace(&mut call.lobby, people);
    let came = call
        .lobby
        .iter()
        .any(|p| before.iter().all(|b| b.id != p.id));
    if came && call.leads() {
        let names = call.lobby.iter().map(|p| p.name.clone()).collect();
        state.say(Said::SomeoneWaits { names });
    }
}

fn on_muted(
    state: &mut State,
    account: &AccountId,
    muted: bool,
    by: Option<Person>,
    fx: &mut Vec<Effect>,
) {
    let Some(call) = state.calls.get_mut(account) else {
        return;
    };
    if !muted && (call.muting || !call.opened) {
        // Being muted was asked for, and lost on the way or overtaken; or nobody here asked to be
        // heard: the microphone stays closed.
        fx.push(Effect::Call(account.clone(), CallCommand::Mute(true)));
        if call.muted {
            return;
        }
    }
    let before = std::mem::replace(&mut call.muted, muted);
    call.muting &= !muted;
    call.opened &= !muted || by.is_none();
    let talked = by.is_none() && state.sound.talk.caused();
    if before == muted && by.is_none() {
        return;
    }
    fx.push(Effect::Publish(ControlNews::Mute(muted)));
    match by {
        Some(person) => state.say(Said::MutedByOther {
            by: Some(person.name),
            muted,
        }),
        None if talked => {}
        None => state.say(Said::OwnMute { muted }),
    }
}

fn on_consent(state: &mut State, account: &AccountId, required: bool, fx: &mut Vec<Effect>) {
    let Some(call) = state.calls.get_mut(account) else {
        return;
    };
    if !required {
        state.announcer.consent_settled(account);
    }
    if call.notices.require(required) {
        let at = state.now.utc;
        log(
            state,
            account,
            NoticeKind::Recording,
            NoticeMoment::ConsentAsked,
            at,
            fx,
        );
        state.say(Said::ConsentAsked {
            account: account.clone(),
            again: false,
        });
    }
}

fn on_media(state: &mut State, account: &AccountId, new: MediaState, reason: Option<String>) {
    let Some(call) = state.calls.get_mut(account) else {
        return;
    };
    let before = std::mem::replace(&mut call.media.state, new);
    call.media.reason = reason;
    match (before, new) {
        (MediaState::Connected, MediaState::Reconnecting) => {
            state.say(Said::SoundInterrupted(true));
        }
        (MediaState::Reconnecting, MediaState::Connected) => {
            state.say(Said::SoundInterrupted(false));
        }
        (_, MediaState::None) => call.media.statistics = None,
        _ => {}
    }
}

/// Recording or transcription became something else: into the log, the timeline and both views.
fn notice_changed(
    state: &mut State,
    account: &AccountId,
    kind: NoticeKind,
    new: NoticeState,
    change: NoticeChange,
    at: Timestamp,
    fx: &mut Vec<Effect>,
) {
    record(state, account, kind, new, at, fx);
    let said = Said::Notice {
        account: account.clone(),
        kind,
        change,
        again: false,
    };
    if let Some(key) = thread_of(state, account) {
        state.threads.open(&key).timeline.banner(said.clone(), at);
    } else if let Some(call) = state.calls.get_mut(account) {
        call.banners.push((said.clone(), at));
    }
    state.say(said);
}

/// What a notice became, where people look later and where programs listen.
pub(super) fn record(
    state: &State,
    account: &AccountId,
    kind: NoticeKind,
    new: NoticeState,
    at: Timestamp,
    fx: &mut Vec<Effect>,
) {
    let what = NoticeMoment::Received(new.clone());
    log(state, account, kind, what, at, fx);
    fx.push(Effect::Publish(ControlNews::Notice { kind, state: new }));
}

/// Nobody can tell any more whether it is being recorded: unknown is an answer, silence is not.
fn on_lost(state: &mut State, account: &AccountId, at: Timestamp, fx: &mut Vec<Effect>) {
    let Some(call) = state.calls.get_mut(account) else {
        return;
    };
    if matches!(call.signalling, Signalling::Lost { .. }) {
        return;
    }
    call.signalling = Signalling::Lost { since: at };
    state.sound.talk.unanswered();
    for kind in call.notices.lose(at) {
        notice_changed(
            state,
            account,
            kind,
            NoticeState::Unknown,
            NoticeChange::Unknown,
            at,
            fx,
        );
    }
    state.say(Said::ConnectionLost);
}

/// A call that ended by a fault of the network begins again; nobody knows what is recorded by now.
fn on_rejoining(state: &mut State, account: &AccountId, attempt: u32, fx: &mut Vec<Effect>) {
    let now = state.now;
    let Some(call) = state.calls.get_mut(account) else {
        return;
    };
    if let Signalling::Lost { .. } = call.signalling {
        // Our place is kept; that the link is lost is said as such.
        return;
    }
    call.rejoining = Some(attempt);
    call.room = None;
    if call.ended.take().is_some() {
        call.begin_again(now);
        usage::begin(state, account, fx);
    }
    state.say(Said::Rejoining { attempt });
}

/// The call is over, by whatever way: nothing is billed or repeated any more.
fn over(state: &mut State, account: &AccountId, at: Timestamp, fx: &mut Vec<Effect>) {
    let Some(call) = state.calls.get_mut(account) else {
        return;
    };
    call.rejoining = None;
    call.parting = None;
    call.muting = false;
    call.lobby.clear();
    let unfinished = call.turns.end();
    call.levels = Levels::default();
    call.told.volumes.clear();
    call.media = Media::default();
    call.own_text.done();
    if let Signalling::Lost { .. } = std::mem::take(&mut call.signalling) {
        state.announcer.link_restored();
    }
    usage::end(state, account, fx);
    if !state.calls.values().any(Call::is_live) {
        state.sound.talk.end();
        state.sound.talk.unanswered();
    }
    turns::end(state, account, unfinished, at);
    state.announcer.call_ended(account);
}

fn on_ended(
    state: &mut State,
    account: &AccountId,
    reason: EndReason,
    by: Option<Person>,
    at: Timestamp,
    fx: &mut Vec<Effect>,
) {
    let Some(call) = state.calls.get_mut(account) else {
        return;
    };
    if call.ended.is_some() {
        return;
    }
    call.ended = Some((reason, at));
    let rejoins = matches!(
        reason.after(),
        AfterEnd::Rejoin | AfterEnd::RefreshAndRejoin
    );
    call.rejoins_by = (rejoins && !call.leaving && !call.is_with_people())
        .then(|| state.now.moment + REJOINS_WITHIN);
    call.state = CallState::Disconnected;
    let seconds = call.seconds(at);
    over(state, account, at, fx);
    let said = Said::CallEnded {
        reason,
        by: by.map(|p| p.name),
        seconds,
    };
    if let Some(key) = thread_of(state, account) {
        state.threads.open(&key).timeline.banner(said.clone(), at);
    }
    state.say(said);
    still_held(state, account);
    fx.push(Effect::Publish(ControlNews::CallState(
        CallState::Disconnected.word(),
    )));
}

/// The call in front is over, and another waits.
fn still_held(state: &mut State, account: &AccountId) {
    let waits = |call: &&Call| call.state.is_inside();
    let last = state.waiting(account).filter(waits).last();
    if let Some(with) = last.map(|call| call.with().to_owned()) {
        state.say(Said::StillHeld { with });
    }
}

fn thread_of(state: &State, account: &AccountId) -> Option<ThreadKey> {
    let thread = state
        .calls
        .get(account)
        .and_then(|c: &Call| c.info.thread.clone())?;
    Some(ThreadKey {
        account: account.clone(),
        thread,
    })
}

/// One line of the notice log. Content never gets there, only what changed and when.
pub(super) fn log(
    state: &State,
    account: &AccountId,
    kind: NoticeKind,
    what: NoticeMoment,
    at: Timestamp,
    fx: &mut Vec<Effect>,
) {
    let Some(call) = state.calls.get(account) else {
        return;
    };
    fx.push(Effect::Log(NoticeRecord {
        account: account.clone(),
        meeting: call.info_known.then(|| call.info.clone()),
        kind,
        what,
        at,
    }));
}
