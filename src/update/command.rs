//! Performs commands that were allowed, whoever gave them.

use crate::command::Command;
use crate::effect::CallCommand;
use crate::effect::ControlNews;
use crate::effect::Effect;
use crate::effect::NoticeMoment;
use crate::model::announcement::Answer;
use crate::model::announcement::Class;
use crate::model::announcement::Question;
use crate::model::announcement::Said;
use crate::model::call::Signalling;
use crate::model::callee::Errand;
use crate::model::failure::Because;
use crate::model::failure::Doing;
use crate::model::failure::Failure;
use crate::model::failure::Remedy;
use crate::model::identity::Person;
use crate::model::identity::RawId;
use crate::model::notice::NoticeKind;
use crate::model::settings::Interface;
use crate::model::settings::VOLUME_OF;
use crate::model::sound::Audio;
use crate::model::sound::PushToTalk;
use crate::state::State;
use crate::state::call::Call;
use crate::state::call::Way;
use crate::state::focus::Confirm;
use crate::state::focus::Overlay;
use crate::state::timeline::Direction;
use crate::update::accounts;
use crate::update::call;
use crate::update::calling;
use crate::update::check;
use crate::update::meeting;
use crate::update::messages;
use crate::update::overlay;
use crate::update::parting;
use crate::update::ringing;
use crate::update::scroll;
use crate::update::sound;
use crate::update::start;
use crate::update::survey;
use crate::update::talk;
use crate::update::work;

pub(super) fn perform(state: &mut State, command: Command, fx: &mut Vec<Effect>) {
    match command {
        Command::SendText(words) => messages::say(state, &words, fx),
        Command::Reply { to, text } => messages::reply(state, to.as_deref(), &text, fx),
        Command::EditMessage(words) => messages::edit(state, words, fx),
        Command::DeleteMessage => messages::ask_to_delete(state),
        Command::Retry => messages::retry(state, fx),
        Command::Refresh => messages::refresh(state, fx),
        Command::SaveAttachment(name) => messages::save_attachment(state, name.as_deref(), fx),
        Command::Files => show(state, Overlay::Files, Answer::Files),
        Command::OpenLink(number) => messages::open_link(state, number, fx),
        Command::CopyMessage => messages::copy(state, fx),
        Command::CopyLink => messages::copy_link(state, fx),
        Command::Editor => fx.push(Effect::EditDraft(state.composer.text().to_owned())),
        Command::SaveTranscript { path, json } => {
            if let Some(key) = state.threads.current.clone() {
                fx.push(Effect::SaveTranscript { key, path, json });
            }
        }
        Command::Last(_)
        | Command::Unread
        | Command::ReadThread(_)
        | Command::MarkRead
        | Command::More
        | Command::Search(_)
        | Command::SearchNext
        | Command::SearchPrevious
        | Command::JumpMention
        | Command::JumpUnread
        | Command::Newest
        | Command::PageUp
        | Command::PageDown => read(state, command, fx),
        Command::Join { audio } => join(state, audio, fx),
        Command::Call(_)
        | Command::Add(_)
        | Command::Transfer(_)
        | Command::Answer { .. }
        | Command::Decline(_)
        | Command::Switch(_)
        | Command::Tones(_) => with_people(state, command, fx),
        Command::Leave => parting::leave(state, Way::Leave, fx),
        Command::EndForEverybody => {
            overlay::ask(state, Confirm::EndForEverybody, Question::EndForEverybody);
        }
        Command::ToggleMute => mute(state, !state.call().is_some_and(|c| c.muted), fx),
        Command::Mute(muted) => mute(state, muted, fx),
        Command::Hold(held) => hold(state, held, fx),
        Command::RaiseHand(up) => ask_call(state, |call| Ok(raise_hand(call, up)), fx),
        Command::React(reaction) => ask_call(state, |_| Ok(CallCommand::React(reaction)), fx),
        Command::Spotlight(_)
        | Command::EndSpotlight(_)
        | Command::Breakout(_)
        | Command::DialIn
        | Command::Watch => meeting::perform(state, command, fx),
        Command::Admit(name) => ask_call(state, |call| admit(call, name), fx),
        Command::Reject(name) => ask_call(state, |call| reject(call, name), fx),
        Command::Remove(name) => ask_call(state, |call| remove(call, name), fx),
        Command::MuteOther(name) => ask_call(state, |call| mute_other(call, name), fx),
        Command::Deafen(_)
        | Command::Devices(_)
        | Command::Volume { .. }
        | Command::Levels
        | Command::Captions(_)
        | Command::RealTimeText(_)
        | Command::Stats
        | Command::PushToTalk(_)
        | Command::Talk(_)
        | Command::TestTone => sound::perform(state, command, fx),
        Command::Consent(answer) => consent(state, answer, fx),
        Command::Rate(rating) => survey::rate(state, rating, fx),
        Command::Acknowledge => acknowledge(state, fx),
        Command::Status => answer(state, Answer::Status),
        Command::Work(work) => work::perform(state, work, fx),
        Command::Who => answer(state, Answer::Who),
        Command::TypingNow => answer(state, Answer::Typing),
        Command::Notices => show(state, Overlay::Notices, Answer::Notices),
        Command::Account(meant) => accounts::perform(state, meant.as_deref(), fx),
        Command::Can => show(state, Overlay::Can, Answer::Can),
        Command::About => show(state, Overlay::About, Answer::About),
        Command::Help(topic) => help(state, topic),
        Command::Palette => {
            let (query, selected) = (String::new(), 0);
            let list = Overlay::Palette { query, selected };
            show(state, list, Answer::Help(None));
        }
        Command::Roster => show(state, Overlay::Roster { selected: 0 }, Answer::Who),
        Command::LeaderKeys => show(state, Overlay::Leader, Answer::Help(None)),
        Command::PinThreads
        | Command::PinPeople
        | Command::SwitchView(_)
        | Command::SwitchThread(_)
        | Command::Theme(_)
        | Command::Keys(_)
        | Command::Verbosity(_)
        | Command::Quiet(_)
        | Command::Set { .. } => arrange(state, command, fx),
        Command::Quit => parting::quit(state, parting::PATIENCE, fx),
    }
}

fn help(state: &mut State, topic: Option<String>) {
    let scroll = 0;
    let help = Answer::Help(topic.clone());
    show(state, Overlay::Help { topic, scroll }, help);
}

fn hold(state: &mut State, held: bool, fx: &mut Vec<Effect>) {
    let call = state.call();
    if held && call.is_some_and(Call::is_held_by_us) {
        return state.say_as(Class::Answer, Said::Held(true));
    }
    if !held && !call.is_some_and(Call::is_live) {
        return switch(state, None, fx);
    }
    ask_call(state, |_| Ok(CallCommand::Hold(held)), fx);
}

/// Calls with people and phones.
fn with_people(state: &mut State, command: Command, fx: &mut Vec<Effect>) {
    match command {
        Command::Call(whom) => calling::perform(state, Errand::Call, &whom, fx),
        Command::Add(whom) => calling::perform(state, Errand::Add, &whom, fx),
        Command::Transfer(words) => calling::transfer(state, &words, fx),
        Command::Answer { name, muted } => ringing::accept(state, name.as_deref(), muted, fx),
        Command::Decline(name) => ringing::decline(state, name.as_deref(), fx),
        Command::Switch(name) => switch(state, name.as_deref(), fx),
        Command::Tones(tones) => ask_call(state, |_| Ok(CallCommand::Tones(tones)), fx),
        _ => {}
    }
}

/// A change that was refused has been answered already.
fn answer_if(taken: bool, state: &mut State, said: Answer) {
    if taken {
        answer(state, said);
    }
}

pub(super) fn answer(state: &mut State, answer: Answer) {
    state.say(Said::Answer(answer));
}

/// A list on the full screen, a line in the linear view.
pub(super) fn show(state: &mut State, overlay: Overlay, said: Answer) {
    match state.focus.interface {
        Interface::FullScreen => state.focus.overlay = Some(overlay),
        Interface::Linear => answer(state, said),
    }
}

fn read(state: &mut State, command: Command, fx: &mut Vec<Effect>) {
    match command {
        Command::Last(lines) => answer(state, Answer::Last(lines)),
        Command::Unread => read_unread(state, fx),
        Command::ReadThread(name) => messages::read_thread(state, &name),
        Command::MarkRead => messages::mark_read(state),
        Command::More => answer(state, Answer::MoreText),
        Command::Search(words) if words.is_empty() => state.composer.begin("search"),
        Command::Search(words) => scroll::search(state, &words, fx),
        Command::SearchNext => scroll::search_again(state, Direction::Older, fx),
        Command::SearchPrevious => scroll::search_again(state, Direction::Newer, fx),
        Command::JumpMention => scroll::mention(state, fx),
        Command::JumpUnread => scroll::unread(state, fx),
        Command::Newest => scroll::newest(state, fx),
        Command::PageUp => scroll::back(state, scroll::page(state).saturating_sub(2), fx),
        Command::PageDown => scroll::on(state, scroll::page(state).saturating_sub(2), fx),
        _ => {}
    }
}

/// What was only counted, each line exactly (accessibility T3).
fn read_unread(state: &mut State, fx: &mut Vec<Effect>) {
    if state.focus.interface == Interface::FullScreen {
        return scroll::unread(state, fx);
    }
    let lines = state.announcer.take_unread();
    if lines.is_empty() {
        return answer(state, Answer::Unread);
    }
    for said in lines {
        state.say_as(Class::Answer, said);
    }
}

fn join(state: &mut State, audio: Option<Audio>, fx: &mut Vec<Effect>) {
    if state.sound.check.is_some() {
        return check::join(state, audio, fx);
    }
    let audio = audio.unwrap_or(state.settings.sound.audio);
    let Some(call) = state.call() else { return };
    let locator = call.locator.clone();
    // Of whoever is in front now, who need not be who was in it.
    let account = state.account().unwrap_or(&call.account).clone();
    let before = (account == call.account).then(|| call.name.clone());
    let known = || state.accounts.get(&account).map(|a| a.display_name.clone());
    let name = before.or_else(known).unwrap_or_default();
    start::dial(state, account, locator, name, audio, None, fx);
}

/// Another call comes to the front: the one that was put on hold last, or that with `name`.
fn switch(state: &mut State, name: Option<&str>, fx: &mut Vec<Effect>) {
    let Some(account) = state.account().cloned() else {
        return;
    };
    let wanted = name.map(str::to_lowercase);
    let fits = |call: &&Call| {
        let with = call.with().to_lowercase();
        wanted.as_ref().is_none_or(|name| with.contains(name))
    };
    let number = state
        .waiting(&account)
        .filter(fits)
        .last()
        .map(|c| c.number);
    match number {
        Some(number) => fx.push(Effect::Call(account, CallCommand::Switch(number))),
        None => answer(state, Answer::Nothing),
    }
}

/// Nothing is captured from here on; the microphone opens once the service says so.
pub(super) fn mute(state: &mut State, muted: bool, fx: &mut Vec<Effect>) {
    if muted {
        talk::stop(state, fx);
    }
    let by_key = state.settings.sound.push_to_talk != PushToTalk::Off;
    let Some(call) = state.call_mut() else { return };
    if call.media.by_browser && by_key && !muted {
        // The key stops our own sound and nothing else: an open microphone would be open for good.
        let reason = "push to talk does not reach the browser, which captures by itself; /ptt off, then /unmute";
        return state.say_as(
            Class::Answer,
            Said::Failed(Failure {
                doing: Doing::CallAction,
                because: Because::Refused {
                    reason: reason.to_owned(),
                },
                remedy: Remedy::None,
            }),
        );
    }
    let so_already = call.muted == muted && !call.muting;
    (call.muting, call.opened) = (muted, !muted);
    fx.push(Effect::Call(call.account.clone(), CallCommand::Mute(muted)));
    if so_already {
        // The service has nothing to tell, and whoever asked shall hear how it is.
        return state.say_as(Class::Answer, Said::OwnMute { muted });
    }
    // Nobody can say so now, and it is true.
    if muted && !call.muted && call.signalling != Signalling::Up {
        call.muted = true;
        fx.push(Effect::Publish(ControlNews::Mute(true)));
        state.say(Said::OwnMute { muted });
    }
}

/// Asks the call for something. What became of it is true once the service says so.
pub(super) fn ask_call(
    state: &mut State,
    wish: impl FnOnce(&Call) -> Result<CallCommand, Because>,
    fx: &mut Vec<Effect>,
) {
    let Some(call) = state.call() else { return };
    match wish(call) {
        Ok(wish) => fx.push(Effect::Call(call.account.clone(), wish)),
        Err(because) => state.say(Said::Failed(Failure {
            doing: Doing::CallAction,
            because,
            remedy: Remedy::None,
        })),
    }
}

fn raise_hand(call: &Call, up: Option<bool>) -> CallCommand {
    CallCommand::RaiseHand(up.unwrap_or(!call.my_hand()))
}

fn admit(call: &Call, name: Option<String>) -> Result<CallCommand, Because> {
    match name {
        None if call.lobby.is_empty() => Err(Because::NobodyWaits { name: None }),
        None => Ok(CallCommand::AdmitAll),
        Some(name) => waiting(call, name).map(CallCommand::Admit),
    }
}

fn reject(call: &Call, name: String) -> Result<CallCommand, Because> {
    waiting(call, name).map(CallCommand::Reject)
}

fn remove(call: &Call, name: String) -> Result<CallCommand, Because> {
    here(call, name).map(CallCommand::Remove)
}

fn mute_other(call: &Call, name: Option<String>) -> Result<CallCommand, Because> {
    match name {
        None => Ok(CallCommand::MuteEverybody),
        Some(name) => here(call, name).map(CallCommand::MuteOther),
    }
}

fn waiting(call: &Call, name: String) -> Result<RawId, Because> {
    let id = named(call.lobby.iter(), &name);
    id.ok_or(Because::NobodyWaits { name: Some(name) })
}

pub(super) fn here(call: &Call, name: String) -> Result<RawId, Because> {
    let others = call.roster.iter().filter(|e| !e.me).map(|e| &e.person);
    named(others, &name).ok_or(Because::NobodyHere { name })
}

/// The person meant by a name: the whole of it, else its begin, else the begin of one of its words.
pub(super) fn named<'a>(
    people: impl Iterator<Item = &'a Person> + Clone,
    name: &str,
) -> Option<RawId> {
    let wanted = name.trim().trim_start_matches('@').to_lowercase();
    let tests: [fn(&str, &str) -> bool; 3] = [
        |name, wanted| name == wanted,
        |name, wanted| name.starts_with(wanted),
        |name, wanted| name.split(' ').any(|word| word.starts_with(wanted)),
    ];
    tests.into_iter().find_map(|fits| {
        let found = people
            .clone()
            .find(|p| fits(&p.name.to_lowercase(), &wanted));
        found.map(|p| p.id.clone())
    })
}

/// The person's own answer; this is the only place that gives one.
fn consent(state: &mut State, granted: Option<bool>, fx: &mut Vec<Effect>) {
    let Some(call) = state.call_mut() else { return };
    let account = call.account.clone();
    let Some(granted) = granted else {
        let again = false;
        return state.say_as(Class::Answer, Said::ConsentAsked { account, again });
    };
    call.notices.answer(granted);
    fx.push(Effect::Call(account.clone(), CallCommand::Consent(granted)));
    let what = if granted {
        NoticeMoment::ConsentGiven
    } else {
        NoticeMoment::ConsentDeclined
    };
    let at = state.now.utc;
    call::log(state, &account, NoticeKind::Recording, what, at, fx);
    state.say(Said::ConsentAnswered { account, granted });
}

fn acknowledge(state: &mut State, fx: &mut Vec<Effect>) {
    let heard = acknowledge_notices(state, fx);
    answer(
        state,
        if heard {
            Answer::Acknowledged
        } else {
            Answer::NothingToAcknowledge
        },
    );
}

fn acknowledge_notices(state: &mut State, fx: &mut Vec<Effect>) -> bool {
    let mut heard = Vec::new();
    for call in state.every_call_mut() {
        let account = call.account.clone();
        let kinds = call.notices.acknowledge();
        heard.extend(kinds.into_iter().map(|kind| (account.clone(), kind)));
    }
    let at = state.now.utc;
    for (account, kind) in &heard {
        call::log(state, account, *kind, NoticeMoment::Acknowledged, at, fx);
    }
    let repeats = state.announcer.acknowledge();
    repeats || !heard.is_empty()
}

/// Enter on an empty line: an answer only where there was something to acknowledge.
pub(super) fn acknowledge_silently(state: &mut State, fx: &mut Vec<Effect>) {
    if acknowledge_notices(state, fx) {
        answer(state, Answer::Acknowledged);
    }
}

fn arrange(state: &mut State, command: Command, fx: &mut Vec<Effect>) {
    match command {
        Command::PinThreads => {
            let pinned = !state.settings.pinned_threads;
            set(state, "pinned_threads", &pinned.to_string(), fx);
        }
        Command::PinPeople => {
            let pinned = !state.settings.pinned_people;
            set(state, "pinned_people", &pinned.to_string(), fx);
        }
        Command::SwitchView(interface) => switch_view(state, interface, fx),
        Command::SwitchThread(name) => messages::switch_named(state, &name),
        Command::Theme(name) => fx.push(Effect::UseTheme(name)),
        Command::Keys(name) => set(state, "keys", &name, fx),
        Command::Verbosity(level) => {
            let taken = change(state, "verbosity", &level.to_string(), fx);
            answer_if(taken, state, Answer::Verbosity(level));
        }
        Command::Quiet(quiet) => {
            let quiet = quiet.unwrap_or(!state.announcer.is_quiet());
            state.announcer.quiet(quiet);
            answer(state, Answer::Quiet(quiet));
        }
        Command::Set { key, value: None } if state.settings.value(&key).is_some() => {
            answer(state, Answer::Setting { key });
        }
        Command::Set { key, value: None } => {
            let no_value = state.settings.clone().set(&key, "").err();
            wrong(
                state,
                no_value.map_or_else(|| key.clone(), |e| e.to_string()),
            );
        }
        // Whether there is such a theme is known once it was looked for.
        Command::Set {
            key,
            value: Some(name),
        } if key == "theme" && !name.is_empty() => fx.push(Effect::UseTheme(name)),
        Command::Set {
            key,
            value: Some(value),
        } => set(state, &key, &value, fx),
        _ => {}
    }
}

fn set(state: &mut State, key: &str, value: &str, fx: &mut Vec<Effect>) {
    if change(state, key, value, fx) {
        let key = key.to_owned();
        answer(state, Answer::Setting { key });
    }
}

/// Takes a setting into force and remembers what the screen looks like.
pub(super) fn change(state: &mut State, key: &str, value: &str, fx: &mut Vec<Effect>) -> bool {
    let talked_by_key = state.settings.sound.push_to_talk != PushToTalk::Off;
    if let Err(error) = state.settings.set(key, value) {
        wrong(state, error.to_string());
        return false;
    }
    state.configure();
    if talked_by_key && state.settings.sound.push_to_talk == PushToTalk::Off {
        talk::switched_off(state, fx);
    }
    if REMEMBERED.contains(&key) || key.starts_with(VOLUME_OF) {
        fx.push(Effect::Remember {
            key: key.to_owned(),
            value: value.to_owned(),
        });
    }
    if key == "interface" {
        let interface = state.settings.interface;
        switch_view(state, interface, fx);
    }
    true
}

/// Choices that are the same in the next run.
const REMEMBERED: &[&str] = &[
    "pinned_threads",
    "pinned_people",
    "keys",
    "microphone",
    "speaker",
    "volume",
    "push_to_talk",
    "captions",
    "audio_mode",
];

fn wrong(state: &mut State, detail: String) {
    let failure = Failure {
        doing: Doing::Setting,
        because: Because::Local { detail },
        remedy: Remedy::None,
    };
    state.say_as(Class::Answer, Said::Failed(failure));
}

/// The call goes on; what is recorded is said first (N2).
fn switch_view(state: &mut State, interface: Interface, fx: &mut Vec<Effect>) {
    if state.focus.interface == interface {
        return;
    }
    state.focus.interface = interface;
    state.settings.interface = interface;
    state.focus.close();
    fx.push(Effect::SwitchView(interface));
    state.restate_notices();
    if interface == Interface::Linear {
        answer(state, Answer::Status);
    }
}
