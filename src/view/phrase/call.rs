//! The call in words: the call line, `/status`, roles, reactions, quality.

use crate::clock::Timestamp;
use crate::model::call::AfterEnd;
use crate::model::call::CallState;
use crate::model::call::EndReason;
use crate::model::call::Quality;
use crate::model::call::Reaction;
use crate::model::call::Role as MeetingRole;
use crate::model::call::Signalling;
use crate::model::notice::Consent;
use crate::model::notice::NoticeKind;
use crate::model::notice::NoticeState;
use crate::state::State;
use crate::state::call::Call;
use crate::state::notices::Notice;
use crate::state::notices::Since;
use crate::view::facts;
use crate::view::phrase;
use crate::view::phrase::meeting;
use crate::view::phrase::sound;
use crate::view::theme::Role;

/// One part of the call line: at full length, and where room is short.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Part {
    pub role: Role,
    pub full: String,
    /// Empty: may be left out.
    pub short: String,
    /// Moves on with the clock and is no reason to redraw the line.
    pub meter: bool,
}

impl Part {
    fn new(role: Role, full: &str, short: &str) -> Self {
        Self {
            role,
            full: full.to_owned(),
            short: short.to_owned(),
            meter: false,
        }
    }
}

/// The call line, part by part; the most important first.
pub fn call_line(state: &State) -> Vec<Part> {
    let Some(call) = state.call() else {
        if !state.has_call() {
            return Vec::new();
        }
        return vec![Part::new(
            Role::Call,
            "Not in the call · /join",
            "not in the call",
        )];
    };
    if let Some((reason, _)) = call.ended {
        return [ended(call, reason)]
            .into_iter()
            .chain(held(state, call))
            .collect();
    }
    let mut parts = vec![standing(state, call)];
    parts.push(microphone(state, call));
    if call.state.is_inside() {
        parts.extend(talking(state, call));
        parts.extend(hands(call));
        parts.extend(meeting_parts(call));
        parts.extend(deafened(state));
        parts.extend(quality_part(call));
    }
    parts.extend(held(state, call));
    parts.extend(meter(state, call));
    parts
}

/// Who else waits.
fn held(state: &State, front: &Call) -> Option<Part> {
    let waiting = state
        .waiting(&front.account)
        .filter(|c| c.state.is_inside());
    let names: Vec<&str> = waiting.map(Call::with).collect();
    let (first, others) = names.split_first()?;
    let more = match others.len() {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    Some(Part::new(
        Role::Call,
        &format!("on hold: {first}{more} · /switch"),
        "another on hold",
    ))
}

fn ended(call: &Call, reason: EndReason) -> Part {
    if let Some(attempt) = call.rejoining {
        let words = format!("Joining again, attempt {attempt}");
        return Part::new(Role::Call, &words, &words);
    }
    let words = phrase::end_reason(reason);
    let code = code(reason).map_or_else(String::new, |c| format!(" ({c})"));
    let offer = match reason.after() {
        AfterEnd::Final => "",
        AfterEnd::Rejoin | AfterEnd::RefreshAndRejoin | AfterEnd::ManualRejoin => " · /join",
    };
    Part::new(
        Role::Call,
        &format!("Not in the call: {}{code}{offer}", words.text),
        &format!("not in the call: {}", words.text),
    )
}

/// Since when we wait to be let in.
pub(crate) fn lobby_since(call: &Call) -> Timestamp {
    call.lobby_since.unwrap_or(call.dialled_at)
}

/// Code and subcode for those who look it up; nothing for a plain hanging up.
pub(crate) fn code(reason: EndReason) -> Option<String> {
    let plain = reason.code == 0 && reason.subcode == 0;
    (!plain).then(|| format!("{}/{}", reason.code, reason.subcode))
}

fn standing(state: &State, call: &Call) -> Part {
    let since = |at| facts::time(state, at);
    if let Some(attempt) = call.rejoining {
        let words = format!("Joining again, attempt {attempt}");
        return Part::new(Role::Call, &words, &words);
    }
    if call.parting.is_some() {
        return Part::new(Role::Call, "Leaving once your message is sent", "leaving");
    }
    let (full, short) = match call.state {
        CallState::Connecting if call.is_with_people() => (
            format!("Calling {} · /leave", call.with()),
            "calling".to_owned(),
        ),
        CallState::Connecting => ("Joining the call".to_owned(), "joining".to_owned()),
        CallState::Ringing => (
            format!("Ringing at {} · /leave", call.with()),
            "ringing".to_owned(),
        ),
        CallState::EarlyMedia => ("Connecting the sound".to_owned(), "connecting".to_owned()),
        CallState::InLobby => (
            format!("In the lobby since {}", since(lobby_since(call))),
            "in the lobby".to_owned(),
        ),
        CallState::Connected => call.connected_at.map_or_else(
            || ("In call".to_owned(), "in call".to_owned()),
            |at| {
                let with = if call.is_with_people() {
                    format!(" with {}", call.with())
                } else {
                    String::new()
                };
                (
                    format!("In call{with} since {}", since(at)),
                    format!("since {}", since(at)),
                )
            },
        ),
        CallState::LocalHold => (
            "On hold, nobody hears you · /resume".to_owned(),
            "on hold".to_owned(),
        ),
        CallState::RemoteHold => (
            "The other side holds the call".to_owned(),
            "held by others".to_owned(),
        ),
        CallState::Disconnecting => ("Leaving the call".to_owned(), "leaving".to_owned()),
        CallState::Disconnected => ("Not in the call".to_owned(), "not in the call".to_owned()),
    };
    Part::new(Role::Call, &full, &short)
}

fn microphone(state: &State, call: &Call) -> Part {
    let chord = state.keymap.chords("mute").into_iter().next();
    let key = chord.map_or_else(String::new, |c| format!(" ({c})"));
    let talk = sound::talk_key(state).filter(|_| !state.sound.talk.is_open());
    if let Some(words) = sound::no_microphone(state, call).filter(|_| call.state.is_inside()) {
        Part::new(Role::CallMuted, words, words)
    } else if call.muted {
        let talk = talk.map_or_else(String::new, |(full, _)| format!(", {full}"));
        let full = format!("{}{key}{talk}", phrase::MUTED);
        Part::new(Role::CallMuted, &full, phrase::MUTED)
    } else if let Some((full, short)) = talk.filter(|_| call.state == CallState::Connected) {
        Part::new(Role::CallMuted, full, short)
    } else if call.state == CallState::Connected {
        let full = format!("{}{key}", phrase::LIVE);
        Part::new(Role::CallLive, &full, phrase::LIVE)
    } else {
        Part::new(Role::CallMuted, "your microphone is not heard", "not heard")
    }
}

fn deafened(state: &State) -> Option<Part> {
    let deaf = state.sound.deafened;
    deaf.then(|| Part::new(Role::CallMuted, "deafened · /deafen", phrase::DEAFENED))
}

fn talking(state: &State, call: &Call) -> Option<Part> {
    let names: Vec<&str> = call
        .roster
        .iter()
        .filter(|e| e.talking && !e.me)
        .map(|e| e.person.name.as_str())
        .collect();
    if names.is_empty() || !facts::moves(state) {
        return None;
    }
    let first = names.first().copied().unwrap_or_default();
    let shown: Vec<&str> = names.iter().take(3).copied().collect();
    Some(Part::new(
        Role::CallTalking,
        &format!("talking: {}", shown.join(", ")),
        &format!("{first} talking"),
    ))
}

fn hands(call: &Call) -> Option<Part> {
    let mut hands: Vec<(u32, &str)> = call
        .roster
        .iter()
        .filter_map(|e| {
            e.hand
                .map(|h| (h, if e.me { phrase::YOU } else { &e.person.name }))
        })
        .collect();
    hands.sort_unstable();
    let (order, first) = hands.first()?;
    let full: Vec<String> = hands
        .iter()
        .take(3)
        .map(|(h, n)| format!("{n} {h}"))
        .collect();
    Some(Part::new(
        Role::Accent,
        &format!("hand: {}", full.join(", ")),
        &format!("hand: {first} {order}"),
    ))
}

/// Where we are, who shows a screen, who is in the spotlight.
fn meeting_parts(call: &Call) -> Vec<Part> {
    let room = call.room.as_deref().map(|name| {
        let full = format!("in {} · /breakout back", meeting::room(name));
        Part::new(Role::Accent, &full, "in a breakout room")
    });
    let screens = meeting::screens(call).map(|words| {
        Part::new(
            Role::Call,
            &format!("{words} · /watch"),
            "a screen is shared",
        )
    });
    let spotlight = meeting::spotlight(call).map(|words| Part::new(Role::Call, &words, ""));
    room.into_iter().chain(screens).chain(spotlight).collect()
}

fn quality_part(call: &Call) -> Option<Part> {
    let role = match call.quality() {
        Quality::Unknown => return None,
        Quality::Good => Role::CallQuality,
        Quality::Poor => Role::CallQualityPoor,
        Quality::Bad => Role::CallQualityBad,
    };
    let words = sound::quality(call);
    Some(Part::new(role, &words, &words))
}

fn meter(state: &State, call: &Call) -> Option<Part> {
    let cost = cost(state, call)?;
    let minutes = call.meter.millis(state.now.moment) / 60_000;
    Some(Part {
        meter: true,
        ..Part::new(Role::Call, &format!("{minutes} min ≈ {cost}"), "")
    })
}

/// What a call has cost so far; `None` where nothing is counted, or it is not to be seen.
pub(crate) fn cost(state: &State, call: &Call) -> Option<String> {
    let amount = state.cost(call)?;
    let hidden = state.settings.price_per_minute <= 0.0;
    (!hidden).then(|| format!("{} {}", amount_of(amount), state.settings.currency))
}

/// What is less than a hundredth is not nothing.
fn amount_of(cost: f64) -> String {
    if (0.000_05..0.01).contains(&cost) {
        return format!("{cost:.4}").trim_end_matches('0').to_owned();
    }
    format!("{cost:.2}")
}

/// The same as a clause, or that it costs nothing.
fn usage(state: &State, call: &Call) -> Option<String> {
    if state.cost(call).is_none() {
        return Some("not metered".to_owned());
    }
    let cost = cost(state, call)?;
    let minutes =
        usize::try_from(call.meter.millis(state.now.moment) / 60_000).unwrap_or(usize::MAX);
    let sent = call.meter.sent.len();
    let verb = if minutes == 1 && sent == 0 {
        "costs"
    } else {
        "cost"
    };
    let minutes = phrase::count(minutes, "minute");
    Some(if sent == 0 {
        format!("{minutes} {verb} about {cost}")
    } else {
        let sent = phrase::count(sent, "message");
        format!("{minutes} and {sent} {verb} about {cost}")
    })
}

/// For the desktop.
pub fn calls_you(name: &str) -> String {
    format!("{name} is calling")
}

pub const fn role(role: MeetingRole) -> &'static str {
    match role {
        MeetingRole::Unknown => "participant",
        MeetingRole::Attendee => "attendee",
        MeetingRole::Presenter => "presenter",
        MeetingRole::CoOrganizer => "co-organizer",
        MeetingRole::Organizer => "organizer",
        MeetingRole::Consumer => "guest",
        MeetingRole::Collaborator => "collaborator",
    }
}

pub const fn reaction(reaction: Reaction) -> &'static str {
    match reaction {
        Reaction::Like => "thumbs up",
        Reaction::Heart => "heart",
        Reaction::Laugh => "laughing",
        Reaction::Surprised => "surprised",
        Reaction::Applause => "applause",
    }
}

/// The whole state in one line (accessibility L9).
pub fn status(state: &State) -> String {
    let mut parts = Vec::new();
    if let Some(call) = facts::running(state) {
        call_status(state, call, &mut parts);
    } else {
        if state.has_call() {
            parts.push("Not in the call".to_owned());
        }
        let people = facts::people(state);
        if people > 0 {
            parts.push(phrase::count(people, "person"));
        }
    }
    parts.push(format!("{} unread", facts::unread(state)));
    parts.extend(phrase::accounts::as_whom(state));
    if let Some(chat) = state.thread().and_then(|t| phrase::chat_state(state, t)) {
        parts.push(chat.replace(phrase::DOT, ", "));
    }
    parts.join(", ")
}

fn call_status(state: &State, call: &Call, parts: &mut Vec<String>) {
    let now = state.now.utc;
    let passed = |at| phrase::duration(now.seconds_since(at));
    parts.push(match (call.rejoining, call.state, call.connected_at) {
        (Some(attempt), _, _) => format!("Joining again, attempt {attempt}"),
        (None, CallState::Connected, Some(at)) => format!("In call {}", passed(at)),
        (None, CallState::LocalHold, Some(at)) => format!("On hold, in call {}", passed(at)),
        (None, CallState::InLobby, _) => {
            format!("Waiting in the lobby {}", passed(lobby_since(call)))
        }
        (None, _, _) => standing(state, call).full.replace(" · /resume", ""),
    });
    if let Signalling::Lost { since } = call.signalling {
        parts.push(format!("connection lost {} ago", passed(since)));
    }
    parts.push(match sound::no_microphone(state, call) {
        Some(words) => words.to_owned(),
        None if call.muted => phrase::MUTED.to_owned(),
        None if sound::talk_key(state).is_some() && !state.sound.talk.is_open() => {
            "microphone closed until you talk".to_owned()
        }
        None => "microphone on".to_owned(),
    });
    parts.extend(sound::push_to_talk(state));
    if state.sound.deafened {
        parts.push("deafened, you hear nothing".to_owned());
    }
    if call.state.is_inside() {
        parts.push(phrase::count(call.roster.len(), "person"));
        parts.push(notice(
            state,
            NoticeKind::Recording,
            &call.notices.recording,
        ));
        parts.push(notice(
            state,
            NoticeKind::Transcription,
            &call.notices.transcription,
        ));
    }
    if let Some(name) = &call.room {
        parts.push(format!("in {}", meeting::room(name)));
    }
    parts.extend(meeting::screens(call));
    parts.extend(meeting::spotlight(call));
    match call.notices.consent {
        Consent::Required => parts.push("your consent is asked for".to_owned()),
        Consent::Declined => parts.push("listen only, you did not consent".to_owned()),
        Consent::NotRequired | Consent::Granted => {}
    }
    match call.quality() {
        Quality::Poor | Quality::Bad => parts.push(sound::quality(call)),
        Quality::Good | Quality::Unknown => {}
    }
    if state.settings.sound.captions {
        parts.push("captions on".to_owned());
    }
    if let Some(at) = call.connected_at {
        parts.push(format!("you are in it since {}", facts::time(state, at)));
    }
    if let Some(at) = call.info.started {
        parts.push(format!("the meeting began at {}", facts::time(state, at)));
    }
    parts.extend(usage(state, call));
}

fn notice(state: &State, kind: NoticeKind, notice: &Notice) -> String {
    let name = match kind {
        NoticeKind::Recording => "recording",
        NoticeKind::Transcription => "transcription",
    };
    match (&notice.state, notice.since) {
        (NoticeState::Active { .. }, Since::Seen(at)) => {
            format!("{name} on since {}", facts::time(state, at))
        }
        (NoticeState::Active { .. }, Since::Joining | Since::Back { .. }) => format!("{name} on"),
        (NoticeState::Inactive { .. }, _) => format!("{name} off"),
        (NoticeState::Unknown, _) => format!("{name} unknown"),
    }
}
