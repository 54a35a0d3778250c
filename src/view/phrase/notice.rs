//! Recording, transcription, consent, lobby, lost connection: what must never be missed.

use crate::model::announcement::NoticeChange;
use crate::model::call::CallState;
use crate::model::call::Signalling;
use crate::model::notice::Consent;
use crate::model::notice::NoticeKind;
use crate::model::notice::NoticeState;
use crate::state::State;
use crate::state::call::Call;
use crate::state::notices::Change;
use crate::state::notices::Notice;
use crate::state::notices::Since;
use crate::state::ringing::Ringing;
use crate::view::facts;
use crate::view::phrase;
use crate::view::phrase::call::cost;
use crate::view::phrase::call::lobby_since;

/// One item of the notice line at three lengths. Empty: may be left out at that length.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NoticeLine {
    pub full: String,
    pub short: String,
    pub shortest: String,
}

impl NoticeLine {
    fn new(full: &str, short: &str, shortest: &str) -> Self {
        Self {
            full: full.to_owned(),
            short: short.to_owned(),
            shortest: shortest.to_owned(),
        }
    }
}

/// What the notice line says, in order; empty when there is nothing to say.
pub fn notice_line(state: &State) -> Vec<NoticeLine> {
    let mut items: Vec<NoticeLine> = state.ringing.iter().map(rings).collect();
    let Some(call) = facts::running(state) else {
        return items;
    };
    for kind in NoticeKind::ALL {
        let notice = call.notices.of(kind);
        if facts::is_shown(call, notice) {
            items.push(shown(state, kind, notice));
        }
    }
    items.extend(elsewhere(state, call));
    items.extend(consent(call));
    items.extend(connection(state, call));
    items.extend(lobby(state, call));
    let waits = |call: &Call| {
        NoticeKind::ALL.into_iter().any(|kind| {
            let notice = call.notices.of(kind);
            notice.state.is_active() && !notice.acknowledged
        })
    };
    if state.every_call().filter(|c| c.is_live()).any(waits) {
        items.push(NoticeLine::new("Enter acknowledges", "", ""));
    }
    items
}

/// Somebody calls: it waits for an answer.
fn rings(ringing: &Ringing) -> NoticeLine {
    let name = ringing.name();
    let through = ringing.through().map(|t| format!(", handed on by {t}"));
    let through = through.unwrap_or_default();
    NoticeLine::new(
        &format!("{name} is calling{through} · /accept · /reject"),
        &format!("{name} calls · /accept · /reject"),
        "call: /accept",
    )
}

/// What is on and what is asked in the calls that are not in front, each with its meeting.
fn elsewhere(state: &State, front: &Call) -> Vec<NoticeLine> {
    let is_front = |c: &Call| c.account == front.account && c.number == front.number;
    let others = state
        .every_call()
        .filter(move |c| c.is_live() && !is_front(c));
    others
        .flat_map(|call| {
            let topic = call.known_as().unwrap_or("Other call");
            let on = NoticeKind::ALL.map(|kind| (kind, call.notices.of(kind)));
            let on = on.into_iter().filter(|(_, n)| facts::is_shown(call, n));
            let on = on.map(move |(kind, notice)| shown(state, kind, notice));
            on.chain(asks(call)).map(move |item| {
                let in_topic = |words: &str| format!("{topic}: {words}");
                NoticeLine::new(
                    &in_topic(&item.full),
                    &in_topic(&item.short),
                    &item.shortest,
                )
            })
        })
        .collect()
}

fn shown(state: &State, kind: NoticeKind, notice: &Notice) -> NoticeLine {
    let (word, mark, name) = match kind {
        NoticeKind::Recording => ("REC Recording", "REC", "Recording"),
        NoticeKind::Transcription => ("TRANSCRIPT", "TRANSCRIPT", "Transcription"),
    };
    let NoticeState::Active { by } = &notice.state else {
        let unknown = format!("{name}: unknown");
        return NoticeLine::new(&unknown, &unknown, &unknown);
    };
    let by = by.as_ref().map_or_else(String::new, |b| format!(" by {b}"));
    match notice.since {
        Since::Seen(at) => {
            let at = facts::time(state, at);
            NoticeLine::new(
                &format!("{word}{by} since {at}"),
                &format!("{word} {at}"),
                mark,
            )
        }
        Since::Joining => NoticeLine::new(&format!("{word}{by} on when you joined"), word, mark),
        Since::Back { at, .. } => {
            let at = facts::time(state, at);
            NoticeLine::new(&format!("{word}{by} on when reconnected {at}"), word, mark)
        }
    }
}

/// A question of a call that is not in front: it is answered there.
fn asks(call: &Call) -> Option<NoticeLine> {
    match call.notices.consent {
        Consent::Required => Some(NoticeLine::new(
            "recording needs your consent",
            "needs consent",
            "consent needed",
        )),
        Consent::Declined | Consent::NotRequired | Consent::Granted => None,
    }
}

fn consent(call: &Call) -> Option<NoticeLine> {
    match call.notices.consent {
        Consent::Required => Some(NoticeLine::new(
            "Listen only: recording needs your consent · /consent yes · /consent no",
            "Listen only: /consent yes or /consent no",
            "/consent yes or no",
        )),
        Consent::Declined => Some(NoticeLine::new(
            "Listen only: you did not consent · /consent yes",
            "Listen only: /consent yes",
            "listen only",
        )),
        Consent::NotRequired | Consent::Granted => None,
    }
}

fn connection(state: &State, call: &Call) -> Option<NoticeLine> {
    if let Signalling::Lost { since } = call.signalling {
        let since = facts::time(state, since);
        return Some(NoticeLine::new(
            &format!("Connection lost since {since}, reconnecting"),
            "Reconnecting",
            "Reconnecting",
        ));
    }
    call.rejoining.map(|attempt| {
        NoticeLine::new(
            &format!("Call lost, joining again, attempt {attempt} · /leave gives up"),
            "Joining again",
            "Joining again",
        )
    })
}

fn lobby(state: &State, call: &Call) -> Option<NoticeLine> {
    if call.state == CallState::InLobby {
        let topic = facts::topic(state).map_or_else(String::new, |t| format!(" of \"{t}\""));
        let since = facts::time(state, lobby_since(call));
        let costs = cost(state, call).map_or("", |_| " · waiting costs too");
        return Some(NoticeLine::new(
            &format!(
                "Waiting in the lobby{topic} since {since} · someone must let you in · \
                 your microphone is not heard{costs} · /leave"
            ),
            &format!("Waiting in the lobby since {since} · /leave"),
            "In the lobby",
        ));
    }
    let waiting: Vec<&str> = call.lobby.iter().map(|p| p.name.as_str()).collect();
    match waiting.as_slice() {
        [] => None,
        [one] => Some(NoticeLine::new(
            &format!("Lobby: {one} is waiting · /admit {one}"),
            &format!("Lobby: {one} · /admit"),
            "1 in lobby",
        )),
        many => Some(NoticeLine::new(
            &format!("Lobby: {} are waiting · /admit", phrase::names(many)),
            &format!("Lobby: {} wait · /admit", many.len()),
            &format!("{} in lobby", many.len()),
        )),
    }
}

/// The same facts as sentences, one a line: `/notices`.
pub fn notices(state: &State) -> String {
    let Some(call) = facts::running(state) else {
        return "You are not in a call, no notices.".to_owned();
    };
    let mut lines: Vec<String> = NoticeKind::ALL
        .into_iter()
        .map(|kind| sentence(state, kind, call.notices.of(kind)))
        .collect();
    lines.push(
        match call.notices.consent {
            Consent::NotRequired => "The meeting does not ask for your consent.",
            Consent::Required => {
                "The meeting asks for your consent to be recorded, until then you can listen only. \
                 Type /consent yes or /consent no."
            }
            Consent::Granted => "You gave your consent to be recorded.",
            Consent::Declined => {
                "You did not consent to be recorded and can listen only. /consent yes changes that."
            }
        }
        .to_owned(),
    );
    lines.push(
        if state.is_own_service(&call.account, Some(&call.locator)) {
            "What becomes of a recording is up to whoever runs this meeting's service.".to_owned()
        } else {
            format!(
                "How the service treats recordings: {}",
                phrase::PRIVACY_STATEMENT
            )
        },
    );
    if !call.notices.changes.is_empty() {
        lines.push("Changes in this call, the newest last:".to_owned());
        lines.extend(call.notices.changes.iter().map(|c| changed(state, c)));
    }
    lines.join("\n")
}

fn changed(state: &State, changed: &Change) -> String {
    let name = name(changed.kind);
    let by = |by: &Option<String>| by.as_ref().map_or_else(String::new, |b| format!(" by {b}"));
    let what = match &changed.change {
        NoticeChange::Started { by: who } => format!("started{}", by(who)),
        NoticeChange::AlreadyOn => "was on".to_owned(),
        NoticeChange::Stopped { by: who } => format!("stopped{}", by(who)),
        NoticeChange::Unknown => "unknown, the connection was lost".to_owned(),
        NoticeChange::KnownOff => "was off".to_owned(),
    };
    format!("{name} {what}, {}.", facts::time(state, changed.at))
}

const fn name(kind: NoticeKind) -> &'static str {
    match kind {
        NoticeKind::Recording => "Recording",
        NoticeKind::Transcription => "Transcription",
    }
}

fn sentence(state: &State, kind: NoticeKind, notice: &Notice) -> String {
    let name = name(kind);
    let acknowledged = if notice.acknowledged {
        ", acknowledged"
    } else {
        ""
    };
    let by = |by: &Option<String>| {
        by.as_ref()
            .map_or_else(String::new, |b| format!(", by {b}"))
    };
    match &notice.state {
        NoticeState::Active { by: who } => {
            let since = match notice.since {
                Since::Joining => "on when you joined".to_owned(),
                Since::Seen(at) => format!("on since {}", facts::time(state, at)),
                Since::Back { at, again } => {
                    let same = if again {
                        ", as before or begun anew"
                    } else {
                        ""
                    };
                    format!("on when reconnected {}{same}", facts::time(state, at))
                }
            };
            format!("{name}: {since}{}{acknowledged}.", by(who))
        }
        NoticeState::Inactive { .. } => format!("{name}: off."),
        NoticeState::Unknown => format!("{name}: unknown, the service has not said."),
    }
}
