//! Each announcement as one clean sentence, exactly as accessibility 2.3 spells it.

use crate::model::account::AccountId;
use crate::model::announcement::Announcement;
use crate::model::announcement::Answer;
use crate::model::announcement::NoticeChange;
use crate::model::announcement::Question;
use crate::model::announcement::Said;
use crate::model::announcement::Sender;
use crate::model::call::CallState;
use crate::model::call::EndReason;
use crate::model::call::TransferStep;
use crate::model::failure::Doing;
use crate::model::failure::Failure;
use crate::model::notice::NoticeKind;
use crate::model::notice::NoticeState;
use crate::model::settings::Interface;
use crate::model::settings::TimeShown;
use crate::model::sound::PushToTalk;
use crate::model::usage::Price;
use crate::state::State;
use crate::state::call::Call;
use crate::view::facts;
use crate::view::phrase;
use crate::view::phrase::EndKind;
use crate::view::phrase::call::code;
use crate::view::phrase::capital;
use crate::view::phrase::names_and;
use crate::view::phrase::reading;
use crate::view::phrase::sentences;

/// The words of an announcement. Answers may have several lines; `MoreText` has none of its own.
pub fn announcement(announcement: &Announcement, state: &State) -> String {
    said(&announcement.said, state)
}

/// The words of a fact, whoever asks: a banner, the transcript, speech.
#[expect(clippy::too_many_lines, reason = "a flat table of facts, one arm each")]
pub fn said(said: &Said, state: &State) -> String {
    match said {
        Said::Notice {
            account,
            kind,
            change,
            again,
        } => format!(
            "{} {}",
            notice_prefix(state, account, *again),
            notice(*kind, change)
        ),
        Said::ConsentAsked { account, again } => format!(
            "{} the meeting asks for your consent to be recorded. Type /consent yes or /consent no.",
            notice_prefix(state, account, *again)
        ),
        Said::ConsentAnswered {
            account,
            granted: true,
        } => format!(
            "{} you gave your consent to be recorded.",
            notice_prefix(state, account, false)
        ),
        Said::ConsentAnswered {
            account,
            granted: false,
        } => format!(
            "{} you did not consent to be recorded. You can listen only.",
            notice_prefix(state, account, false)
        ),
        Said::Opened {
            topic,
            people,
            earlier,
            unread,
        } => opened(topic, *people, *earlier, *unread),
        Said::Joined => "Call: you joined.".to_owned(),
        Said::WaitingInLobby { .. } => waiting_in_lobby(state),
        Said::Admitted => "Call: you were admitted.".to_owned(),
        Said::CallEnded {
            reason,
            by,
            seconds,
        } => call_ended(*reason, by.as_deref(), *seconds),
        Said::CanRate => phrase::can_rate(),
        Said::Rated(rating) => phrase::rated(*rating),
        Said::Rejoining { attempt } => format!("Call: lost, joining again, attempt {attempt}."),
        Said::Calling { with } => format!("Call: calling {with}. /leave gives it up."),
        Said::ItRings { with } => format!("Call: it rings at {with}."),
        Said::Connected { with } => format!("Call: connected with {with}."),
        Said::Incoming { name, through, .. } => {
            let through = through.as_ref().map(|t| format!(", handed on by {t}"));
            let through = through.unwrap_or_default();
            format!("Call: {name} is calling{through}. /accept or /reject.")
        }
        Said::Answering { with } => format!("Call: answering {with}."),
        Said::Declining { name } => format!("Call: {name} is refused."),
        Said::NotAnswered { name, reason } => not_answered(name, *reason),
        Said::Receiving(Ok(true)) => "Calls to you ring here.".to_owned(),
        Said::Receiving(Ok(false)) => "Calls to you do not ring here any more.".to_owned(),
        Said::Receiving(Err(because)) => format!(
            "Error: calls to you do not ring here, {}. It is tried again.",
            phrase::briefly(because)
        ),
        Said::Adding { name } => format!("Call: {name} is being called."),
        Said::NotComing { name, reason } => {
            let words = phrase::end_reason(*reason).text;
            format!("Call: {name} does not come, {words}.")
        }
        Said::TonesSent { count } => format!("{} pressed.", capital(&phrase::count(*count, "key"))),
        Said::Transfer { to, step } => transfer(to, *step),
        Said::HandedOn => {
            let with = state.call().map_or("somebody", Call::with);
            format!("Call: you were handed on, you are now with {with}.")
        }
        Said::HeldEnded { with, reason } => {
            let words = phrase::end_reason(*reason).text;
            format!("Call: the call on hold with {with} is over, {words}.")
        }
        Said::StillHeld { with } => {
            format!("Call: {with} is still on hold. /resume takes it off hold.")
        }
        Said::NoticeBehind { with, kind, new } => notice_behind(with, *kind, new),
        Said::Held(true) => "Call: on hold. /resume takes it off hold.".to_owned(),
        Said::Held(false) => "Call: no longer on hold.".to_owned(),
        Said::MutedByOther { by, muted } => muted_by_other(by.as_deref(), *muted),
        Said::OwnMute { muted: true } => "Muted.".to_owned(),
        Said::OwnMute { muted: false } => unmuted(state),
        Said::SomeoneWaits { names } => someone_waits(names),
        Said::Hand { name, up, mine } => hand(name, *up, *mine),
        Said::Shares { .. }
        | Said::Spotlit { .. }
        | Said::RoomAssigned { .. }
        | Said::Moved { .. }
        | Said::DialIn(_) => phrase::meeting::said(said),
        Said::Reacted { name, reaction } => {
            format!("Call: {name} reacted {}.", phrase::reaction(*reaction))
        }
        Said::CameAndWent {
            joined,
            left,
            people,
        } => came_and_went(joined, left, *people),
        Said::RoleChanged => role_changed(state),
        Said::Turn { kind, sender, text } => {
            let text = phrase::one_line(text);
            format!("{}, {}: {text}", phrase::turn(*kind), name(sender))
        }
        Said::NoSound { reason } => {
            let captions = if state.settings.sound.captions {
                "see captions"
            } else {
                "turn /captions on"
            };
            format!("Call: no sound here, {reason}. You can read, write and {captions}.")
        }
        Said::DeviceLost(which) => format!("Call: {} lost.", phrase::direction(*which)),
        Said::DeviceOpened {
            direction,
            device,
            missing,
        } => {
            let now = phrase::device_now(*direction, device, missing.as_deref());
            format!("Call: {now}.")
        }
        Said::SpeakingWhileMuted => {
            "Call: you are speaking while muted. /mute switches your microphone on.".to_owned()
        }
        Said::TalkKeyLost => {
            "Call: your microphone was closed, nothing more was heard of the talk key.".to_owned()
        }
        Said::BySystem { why, remembered } => phrase::sound::by_system(why, *remembered),
        Said::RawRefused { reason, remembered } => phrase::sound::raw_refused(reason, *remembered),
        Said::SoundInterrupted(true) => "Call: the sound is interrupted, reconnecting.".to_owned(),
        Said::SoundInterrupted(false) => "Call: the sound is back.".to_owned(),
        Said::ConnectionLost => format!("{} connection lost, reconnecting.", side(state)),
        Said::ConnectionBack { seconds, missed } => connection_back(state, *seconds, *missed),
        Said::Polling => {
            "Chat: messages do not come by themselves here. /refresh asks for new ones.".to_owned()
        }
        Said::Relayed => "Chat: messages come by themselves, by relay.".to_owned(),
        Said::RelayLost => {
            "Chat: the relay is lost. /refresh asks for new messages; the relay is tried again."
                .to_owned()
        }
        Said::ChatDenied(failure) => chat_denied(state, failure),
        Said::ChatOpen => "Chat: open, you can read and write.".to_owned(),
        Said::TopicChanged { topic, by } if topic.is_empty() => match by {
            None => "The topic was removed.".to_owned(),
            Some(by) => format!("{by} removed the topic."),
        },
        Said::TopicChanged { topic, by: None } => format!("The topic is now {topic}."),
        Said::TopicChanged {
            topic,
            by: Some(by),
        } => format!("{by} changed the topic to {topic}."),
        Said::Message {
            sender,
            texts,
            times,
            mention,
            thread,
        } => {
            let place = thread.as_ref().map(|t| format!(" in {t}"));
            let who = format!("{}{}", name(sender), place.unwrap_or_default());
            message(state, &who, texts, *times, *mention)
        }
        Said::Summary {
            count,
            thread,
            names,
            others,
        } => format!(
            "{} in {thread} from {}. /unread reads them.",
            phrase::count(*count, "new message"),
            names_and(names, others.len())
        ),
        Said::OtherThread { count, thread } => format!("{count} new in {thread}."),
        Said::Edited { sender, text } => {
            format!("{} edited: {}", name(sender), phrase::one_line(text))
        }
        Said::Deleted { sender } => format!("{} deleted a message.", name(sender)),
        Said::Restored { sender, text } => {
            format!(
                "{} put a message back: {}",
                name(sender),
                phrase::one_line(text)
            )
        }
        Said::ReactionReceived { kind, text } => {
            format!("{kind} on your message: {}", phrase::one_line(text))
        }
        Said::Failed(failure) => format!("Error: {}", lower(&phrase::failure(failure))),
        Said::NotSent { thread, failure } => format!(
            "Error: message to {thread} not sent, {}. /retry",
            phrase::briefly(&failure.because)
        ),
        Said::LeftWhileSending { thread } => format!(
            "Error: left the call before the service confirmed your message to {thread}. It is kept here."
        ),
        Said::QuitsOnceSent { files } => format!(
            "Still sending {}. Quits once that is done, or in 30 seconds; /quit again: at once.",
            files.join(", ")
        ),
        Said::LinesWait { reason } => {
            format!("Input: waiting to go on, {}.", phrase::reason(reason))
        }
        Said::Refused { command, reason } => {
            format!(
                "Error: /{command} is not possible, {}.",
                phrase::reason(reason)
            )
        }
        Said::UnknownCommand { name, nearest } => unknown_command(name, *nearest),
        Said::BadArgument { command, arguments } => {
            format!("Error: it is /{command} {}", arguments.replace('|', " or "))
        }
        Said::UsageKept => "What is used is written down again.".to_owned(),
        Said::Answer(answer) => self::answer(answer, state),
    }
}

/// Waiting costs like talking, where anything does.
fn waiting_in_lobby(state: &State) -> String {
    let waits = |call: &&Call| call.state == CallState::InLobby;
    let cost = state.calls.values().find(waits).and_then(|call| {
        let price = state.minute_price(&call.account, Some(&call.locator));
        let minutes = call.meter.in_lobby(state.now.moment) / 60_000;
        match (minutes, price) {
            (
                0,
                Price::Metered {
                    amount, currency, ..
                },
            ) if amount > 0.0 => Some(format!(
                " Waiting costs about {amount} {currency} a minute."
            )),
            (0, _) => None,
            (minutes, _) => phrase::call::cost(state, call).map(|cost| {
                let minutes =
                    phrase::count(usize::try_from(minutes).unwrap_or(usize::MAX), "minute");
                format!(" {minutes} so far, about {cost}. /leave ends it.")
            }),
        }
    });
    format!("Call: waiting in the lobby.{}", cost.unwrap_or_default())
}

/// Of which meeting is said where there are several.
fn notice_prefix(state: &State, account: &AccountId, again: bool) -> String {
    let word = if again { "Again" } else { "Notice" };
    let several = state.calls.values().filter(|c| c.is_live()).count() > 1;
    let call = state.calls.get(account).filter(|_| several);
    match call.map(|c| phrase::one_line(&c.info.topic)) {
        Some(topic) if !topic.is_empty() => format!("{word} in {topic}:"),
        _ => format!("{word}:"),
    }
}

fn notice(kind: NoticeKind, change: &NoticeChange) -> String {
    let (noun, participle) = match kind {
        NoticeKind::Recording => ("recording", "recorded"),
        NoticeKind::Transcription => ("transcription", "transcribed"),
    };
    let by = |by: &Option<String>| by.as_ref().map_or_else(String::new, |b| format!(" by {b}"));
    match change {
        NoticeChange::Started { by: who } => format!("{noun} started{}.", by(who)),
        NoticeChange::AlreadyOn => format!("this meeting is being {participle}."),
        NoticeChange::Stopped { by: who } => format!("{noun} stopped{}.", by(who)),
        NoticeChange::Unknown => {
            format!("{noun} unknown. The connection is lost, it may be on.")
        }
        NoticeChange::KnownOff => format!("this meeting is not being {participle}."),
    }
}

fn not_answered(name: &str, reason: EndReason) -> String {
    match (reason.code, reason.subcode) {
        (_, 10003) => format!("Call: the call of {name} was answered on another device."),
        (_, 603) => format!("Call: the call of {name} was refused on another device."),
        (490, _) => format!("Call: the call of {name} is lost, the connection is gone."),
        _ => format!("Call: you missed a call of {name}."),
    }
}

fn transfer(to: &str, step: TransferStep) -> String {
    match step {
        TransferStep::Begun => format!("Call: being handed on to {to}."),
        TransferStep::Done => format!("Call: handed on to {to}."),
        TransferStep::Failed(reason) => {
            let words = phrase::end_reason(reason).text;
            let code = code(reason).map_or_else(String::new, |code| format!(" Code {code}."));
            format!(
                "Error: the call was not handed on to {to}, {words}. You are still in it.{code}"
            )
        }
    }
}

/// Of the call that is on hold.
fn notice_behind(with: &str, kind: NoticeKind, new: &NoticeState) -> String {
    let noun = match kind {
        NoticeKind::Recording => "recording",
        NoticeKind::Transcription => "transcription",
    };
    let state = match new {
        NoticeState::Active { .. } => "is on",
        NoticeState::Inactive { .. } => "is off",
        NoticeState::Unknown => "is unknown, it may be on",
    };
    format!("Notice: in the call on hold with {with} {noun} {state}.")
}

/// Nobody is heard yet where a key decides about that too.
fn unmuted(state: &State) -> String {
    let linear = state.focus.interface == Interface::Linear;
    match state.settings.sound.push_to_talk {
        _ if state.sound.talk.is_open() => "Microphone on.".to_owned(),
        PushToTalk::Off => "Microphone on.".to_owned(),
        PushToTalk::Hold | PushToTalk::Toggle if linear => {
            "Unmuted, and not heard yet: push to talk is on, /talk begins and ends.".to_owned()
        }
        PushToTalk::Hold => {
            "Unmuted, and heard while you hold Space: push to talk is on.".to_owned()
        }
        PushToTalk::Toggle => {
            "Unmuted, and not heard yet: push to talk is on, Space begins and ends.".to_owned()
        }
    }
}

fn opened(topic: &str, people: usize, earlier: usize, unread: usize) -> String {
    let mut parts = vec![format!("Joined {topic}")];
    // Who is in a channel is not told.
    if people > 0 {
        parts.push(phrase::count(people, "person"));
    }
    if earlier > 0 {
        parts.push(phrase::count(earlier, "earlier message"));
    }
    if unread > 0 {
        parts.push(format!("{unread} unread"));
    }
    format!("{}.", parts.join(", "))
}

fn call_ended(reason: EndReason, by: Option<&str>, seconds: u64) -> String {
    let words = phrase::end_reason(reason);
    let after = if seconds > 0 && !words.never_began {
        format!(" after {}", phrase::duration(seconds))
    } else {
        String::new()
    };
    let mut line = match by {
        Some(by) if words.kind == EndKind::Ok => format!("Call: ended by {by}{after}."),
        Some(by) => format!("Call: {}, by {by}{after}.", words.text),
        None => format!("Call: {}{after}.", words.text),
    };
    if !words.remedy.is_empty() {
        line.push(' ');
        line.push_str(words.remedy);
    }
    if words.kind != EndKind::Ok
        && let Some(code) = code(reason)
    {
        line.push_str(" Code ");
        line.push_str(&code);
        line.push('.');
    }
    line
}

fn muted_by_other(by: Option<&str>, muted: bool) -> String {
    let verb = if muted { "muted" } else { "unmuted" };
    match by {
        Some(by) => format!("Call: {by} {verb} you."),
        None => format!("Call: you were {verb}."),
    }
}

fn someone_waits(names: &[String]) -> String {
    match names {
        [] => "Lobby: nobody is waiting.".to_owned(),
        [one] => format!("Lobby: {one} is waiting. /admit {one}"),
        many => format!("Lobby: {} are waiting. /admit", phrase::names(many)),
    }
}

fn hand(name: &str, up: bool, mine: bool) -> String {
    match (mine, up) {
        (true, true) => "Hand raised.".to_owned(),
        (true, false) => "Hand lowered.".to_owned(),
        (false, true) => format!("Call: {name} raised a hand."),
        (false, false) => format!("Call: {name} lowered the hand."),
    }
}

fn came_and_went(joined: &[String], left: &[String], people: usize) -> String {
    let people = phrase::count(people, "person");
    match (joined, left) {
        ([one], []) => format!("Call: {one} joined, {people}."),
        ([], [one]) => format!("Call: {one} left, {people}."),
        (several, []) => format!("Call: {} joined, {people}.", several.len()),
        ([], several) => format!("Call: {} left, {people}.", several.len()),
        (joined, left) => format!(
            "Call: {} joined, {} left, {people}.",
            joined.len(),
            left.len()
        ),
    }
}

fn role_changed(state: &State) -> String {
    let role = state.call().map_or("participant", |c| phrase::role(c.role));
    format!("Call: your role is now {role}.")
}

/// Which connection is meant: there is not always a call.
fn side(state: &State) -> &'static str {
    if facts::running(state).is_some() {
        "Call:"
    } else {
        "Chat:"
    }
}

fn connection_back(state: &State, seconds: u64, missed: usize) -> String {
    let missed = match missed {
        0 => String::new(),
        missed => format!(", {} came in", phrase::count(missed, "message")),
    };
    format!(
        "{} connected again after {}{missed}.",
        side(state),
        phrase::duration(seconds)
    )
}

fn chat_denied(state: &State, failure: &Failure) -> String {
    // Who is taken out of a meeting's chat is mostly taken out of the meeting as well.
    let goes_on = if failure.doing != Doing::StayingInChat && facts::is_in_call(state) {
        " The call goes on."
    } else {
        ""
    };
    format!("Error: {}{goes_on}", lower(&phrase::failure(failure)))
}

fn message(state: &State, who: &str, texts: &[String], times: usize, mention: bool) -> String {
    let texts: Vec<String> = texts.iter().map(|t| phrase::one_line(t)).collect();
    let mut line = String::new();
    if mention {
        line.push_str("Mention, ");
    }
    line.push_str(who);
    line.push_str(": ");
    line.push_str(&sentences(texts.iter().map(String::as_str)));
    if times > 1 {
        line = format!("{line}, {times} times.");
    }
    match state.settings.time {
        TimeShown::Off => line,
        TimeShown::Short => format!("{line}, {}", facts::time(state, state.now.utc)),
    }
}

fn name(sender: &Sender) -> String {
    if sender.mine {
        phrase::YOU.to_owned()
    } else {
        phrase::spoken(&sender.name, sender.external)
    }
}

fn unknown_command(name: &str, nearest: Option<&'static str>) -> String {
    match nearest {
        Some(nearest) => {
            format!("Error: there is no command /{name}. Did you mean /{nearest}? /help lists all.")
        }
        None => format!("Error: there is no command /{name}. /help lists all."),
    }
}

fn answer(answer: &Answer, state: &State) -> String {
    match answer {
        Answer::Status => phrase::status(state),
        Answer::Who => phrase::who(state),
        Answer::Notices => phrase::notices(state),
        Answer::Typing => state
            .thread()
            .and_then(|t| phrase::typing(t, state.now.moment))
            .map_or_else(|| "Nobody is typing.".to_owned(), |t| format!("{t}.")),
        Answer::Help(topic) => phrase::help(state, topic.as_deref()),
        Answer::Rooms => phrase::meeting::rooms(state),
        Answer::Can => phrase::can(state),
        Answer::Files => phrase::files(state),
        Answer::Accounts => phrase::accounts(state),
        Answer::Account => phrase::account(state),
        Answer::SigningIn { name } => format!("Signing in as {name}."),
        Answer::Passphrase { name, again } => phrase::passphrase(name, *again),
        Answer::Leave => phrase::leave(state),
        Answer::AsksForLeave { wider, instead } => phrase::asks_for_leave(*wider, *instead),
        Answer::HowToAgree(account) => phrase::how_to_agree(state, account),
        Answer::Agreed { account, wider } => phrase::agreed(state, account, *wider),
        Answer::GaveUpAsking(wider) => format!(
            "You do not ask any more for leave {}. Your sign-in is as it was.",
            phrase::wider(*wider)
        ),
        Answer::Work => phrase::work(state),
        Answer::About => phrase::about(),
        Answer::Last(number) => reading::last(state, *number),
        Answer::Unread => reading::unread(state),
        Answer::Setting { key } => setting(state, key),
        Answer::Search { matches } => search(state, *matches),
        Answer::Acknowledged => "Acknowledged.".to_owned(),
        Answer::NothingToAcknowledge => "Nothing to acknowledge.".to_owned(),
        Answer::Check => phrase::check(state),
        Answer::Devices => phrase::devices(state),
        Answer::Device(which) => format!(
            "{}: {}.",
            capital(phrase::direction(*which)),
            phrase::device(state, *which)
        ),
        Answer::Volume { name } => phrase::volume(state, name.as_deref()),
        Answer::Levels => phrase::levels(state),
        Answer::InputLevel => phrase::input_level(state),
        Answer::Captions(true) => "Captions on, where the meeting gives them.".to_owned(),
        Answer::Captions(false) => "Captions off.".to_owned(),
        Answer::Stats => phrase::stats(state),
        Answer::PushToTalk => phrase::push_to_talk_answer(state),
        Answer::Talking(true) => "Microphone open.".to_owned(),
        Answer::Talking(false) => "Microphone closed.".to_owned(),
        Answer::Deafened(true) => "Deafened, you hear nothing. /deafen undoes it.".to_owned(),
        Answer::Deafened(false) => "No longer deafened.".to_owned(),
        Answer::TestTone => "Test tone.".to_owned(),
        Answer::Copied => "Copied.".to_owned(),
        Answer::Saved { path, bytes: None } => format!("Saved to {path}"),
        Answer::Saved {
            path,
            bytes: Some(bytes),
        } => format!("{} saved to {path}", phrase::files::size(*bytes)),
        Answer::Opened => "Opened.".to_owned(),
        Answer::SendsFile(name) => format!("Sending {name} by way of your OneDrive."),
        Answer::FileSent {
            name,
            bytes,
            topic,
            closed_to,
        } => phrase::files::sent(name, *bytes, topic, closed_to),
        Answer::ReactedTo { kind, set: true } => format!("Reacted {kind}."),
        Answer::ReactedTo { kind, set: false } => format!("Reaction {kind} taken back."),
        Answer::Theme(name) => format!("Theme {name}."),
        Answer::Verbosity(level) => format!("Verbosity {level}."),
        Answer::Quiet(true) => "Quiet. Notices are still said.".to_owned(),
        Answer::Quiet(false) => "No longer quiet.".to_owned(),
        Answer::MoreText => String::new(),
        Answer::Choices(choices) => format!("{}.", choices.join(", ")),
        Answer::Asked(question) => format!("{} Type yes or no.", asked(question)),
        Answer::Nothing => "Nothing to do.".to_owned(),
    }
}

fn asked(question: &Question) -> String {
    match question {
        Question::Paste { lines } => {
            format!(
                "Send {} as one message?",
                phrase::count(*lines, "pasted line")
            )
        }
        Question::Delete => "Delete this message for everybody?".to_owned(),
        Question::EndForEverybody => "End the call for everybody?".to_owned(),
        Question::GoOver { name } => phrase::go_over(name),
    }
}

fn search(state: &State, matches: usize) -> String {
    let query = state
        .focus
        .search
        .as_ref()
        .map_or_else(String::new, |s| format!(" of {}", s.query));
    match matches {
        0 => format!("No match{query}."),
        _ => format!("{}{query}.", capital(&phrase::count(matches, "match"))),
    }
}

/// `/set KEY` answers with what is so.
fn setting(state: &State, key: &str) -> String {
    let settings = &state.settings;
    let switch = |on: bool| if on { "on" } else { "off" }.to_owned();
    let value = match key {
        "theme" => settings.theme.clone(),
        "keys" => format!("{:?}", settings.keys).to_lowercase(),
        "motion" => format!("{:?}", settings.motion).to_lowercase(),
        "borders" => format!("{:?}", settings.borders).to_lowercase(),
        "mouse" => switch(settings.mouse),
        "bell" => switch(settings.bell),
        "verbosity" => settings.verbosity.to_string(),
        "hold" => format!("{} seconds", settings.hold.as_secs_f64()),
        "pace" => format!("{} words a minute", settings.pace),
        "time" => format!("{:?}", settings.time).to_lowercase(),
        "typing_indicator" => switch(settings.typing_indicator),
        "read_receipts" => switch(settings.read_receipts),
        "paste_confirm_lines" => settings.paste_confirm_lines.to_string(),
        other => match settings.value(other) {
            Some(word) if word == "true" => switch(true),
            Some(word) if word == "false" => switch(false),
            Some(word) => word,
            None => return format!("Error: there is no setting {key}."),
        },
    };
    format!("{key} is {value}.")
}

/// After "Error: " a sentence goes on in lower case.
fn lower(words: &str) -> String {
    let mut letters = words.chars();
    letters.next().map_or_else(String::new, |first| {
        first.to_lowercase().chain(letters).collect()
    })
}
