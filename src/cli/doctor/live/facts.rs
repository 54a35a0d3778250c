//! The facts that no document settles, each with what a real meeting said of it.

use std::time::Duration;

use crate::call::bridge::trial::Error;
use crate::call::bridge::trial::Findings;
use crate::call::bridge::trial::Join;
use crate::call::bridge::trial::Tried;
use crate::cli::doctor::Row;

/// One line for each, by its number in the README's list.
pub(super) fn rows(found: &Findings, without_microphone: bool) -> Vec<(usize, Row)> {
    if let Some(error) = &found.failed {
        let row = Row::problem(format!("no call came to be: {}", named(error)));
        return vec![(0, row)];
    }
    let nothing = Join::default();
    let inside = found
        .joins
        .iter()
        .find(|join| join.to_connected().is_some());
    let join = inside.unwrap_or(&nothing);
    let rows = [
        connected(found, join),
        raw_sound(join),
        silenced(join),
        no_microphone(found, join, without_microphone),
        thread_in_lobby(found),
        tries(join),
        Row::note("data channel: not tried, sidetone opens none"),
        denial(found),
    ];
    (1..).zip(rows).collect()
}

fn connected(found: &Findings, join: &Join) -> Row {
    let Some(after) = join.to_connected() else {
        let ends = found.joins.iter().rev().find_map(|join| join.end.as_ref());
        let why = ends.map_or_else(String::new, |end| {
            format!(", it ended with {}", numbers(Some(end.code), end.sub_code))
        });
        return Row::problem(format!("time to Connected: never connected{why}"));
    };
    let agent = found.agent.map_or_else(String::new, |agent| {
        format!(", after {} for the agent", seconds(agent))
    });
    let lobby = join.reached("InLobby").map_or_else(String::new, |lobby| {
        format!(", of which {} were before the lobby", seconds(lobby))
    });
    Row::ok(format!(
        "time to Connected: {}{lobby}{agent}",
        seconds(after)
    ))
}

fn raw_sound(join: &Join) -> Row {
    let Some(audio) = &join.audio else {
        return open("raw sound", "no call told of its sound");
    };
    if let Some(error) = audio.error.as_ref().filter(|_| !audio.is_raw) {
        return Row::problem(format!("raw sound: refused, {}", named(error)));
    }
    let both = format!(
        "our side {}, their side {}",
        given(audio.has_capture),
        given(audio.has_playback)
    );
    match join.loudest {
        Some(level) if is_audible(join) => Row::ok(format!(
            "raw sound: {} frames came, the loudest at {level:.0} dBFS; {both}",
            join.frames
        )),
        Some(_) | None => open(
            "raw sound",
            &format!(
                "{both}, {} frames came, and nobody was heard; let somebody speak",
                join.frames
            ),
        ),
    }
}

fn silenced(join: &Join) -> Row {
    let refused = join
        .troubles
        .iter()
        .find(|(doing, _)| doing == "silencing the browser");
    match refused {
        Some((_, error)) => Row::note(format!(
            "muteIncomingAudio with raw sound: refused, {}; the stand-in speaker is silent anyway",
            named(error)
        )),
        None if is_audible(join) => {
            Row::ok("muteIncomingAudio with raw sound: accepted, and the sound went on coming")
        }
        None => open(
            "muteIncomingAudio with raw sound",
            "nobody was heard; let somebody speak",
        ),
    }
}

fn no_microphone(found: &Findings, join: &Join, asked: bool) -> Row {
    const WHAT: &str = "without any microphone";
    if !asked {
        return open(WHAT, "not tried this time")
            .mend("sidetone doctor --live LINK --without-microphone");
    }
    if let Some(seen @ 1..) = found.microphones {
        return open(WHAT, &format!("the SDK still sees {seen}"));
    }
    let Some(audio) = join
        .audio
        .as_ref()
        .filter(|_| join.to_connected().is_some())
    else {
        return Row::problem(format!("{WHAT}: not connected"));
    };
    match &audio.error {
        Some(error) => Row::problem(format!(
            "{WHAT}: our raw sound is refused, {}",
            named(error)
        )),
        None => Row::ok(format!(
            "{WHAT}: connected, our raw sound {}",
            given(audio.has_capture)
        )),
    }
}

fn thread_in_lobby(found: &Findings) -> Row {
    const WHAT: &str = "the thread in the lobby";
    let waited = found.joins.iter().find_map(|join| join.thread_in_lobby);
    let thread = found.joins.iter().find_map(|join| join.thread.as_ref());
    let later = thread.map_or_else(
        || "; it was never told".to_owned(),
        |(at, shape)| format!("; told after {}, {shape}", seconds(*at)),
    );
    match waited {
        Some(true) => Row::ok(format!("{WHAT}: known{later}")),
        Some(false) => Row::ok(format!("{WHAT}: not known{later}")),
        None => open(WHAT, &format!("there was no lobby{later}")),
    }
}

fn tries(join: &Join) -> Row {
    let one = |tried: &Option<Tried>| match tried {
        Some(Tried::Done) => "accepted".to_owned(),
        Some(Tried::Failed(error)) => format!("refused, {}", named(error)),
        None => "not answered".to_owned(),
    };
    let (text, reaction) = (one(&join.text), one(&join.reaction));
    let told = format!("real-time text: {text}; reactions: {reaction}");
    if join.text.is_none() && join.reaction.is_none() {
        return open("real-time text and reactions", "neither was tried");
    }
    Row::ok(told)
}

fn denial(found: &Findings) -> Row {
    const WHAT: &str = "the end by a refusal in the lobby";
    let denied = found.joins.iter().find(|join| join.was_denied());
    match denied.and_then(|join| join.end.as_ref()) {
        Some(end) => Row::ok(format!(
            "{WHAT}: {} {}",
            numbers(Some(end.code), end.sub_code),
            end.categories.join(" ")
        )),
        None => open(WHAT, "nobody refused it"),
    }
}

fn is_audible(join: &Join) -> bool {
    join.loudest.is_some_and(|level| level > AUDIBLE)
}

fn open(what: &str, why: &str) -> Row {
    Row::note(format!("{what}: open, {why}"))
}

fn given(is_there: bool) -> &'static str {
    if is_there { "is there" } else { "is not there" }
}

pub(super) fn named(error: &Error) -> String {
    format!("{} {}", error.name, numbers(error.code, error.sub_code))
}

/// As the vendor writes them: code/subcode.
pub(super) fn numbers(code: Option<i64>, sub_code: Option<i64>) -> String {
    let number = |n: Option<i64>| n.map_or_else(|| "-".to_owned(), |n| n.to_string());
    format!("{}/{}", number(code), number(sub_code))
}

pub(super) fn seconds(time: Duration) -> String {
    format!("{:.1} s", time.as_secs_f64())
}

/// Louder than a line on which nobody speaks, in dBFS.
const AUDIBLE: f32 = -60.0;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::call::bridge::trial::Audio;
    use crate::call::bridge::trial::End;

    fn lines(found: &Findings) -> Vec<String> {
        let rows = rows(found, false);
        rows.iter()
            .map(|(number, row)| row.line(&number.to_string()))
            .collect()
    }

    fn ms(millis: u64) -> Duration {
        Duration::from_millis(millis)
    }

    #[test]
    fn a_meeting_that_answers_everything_settles_everything_that_is_tried() {
        let denied = Join {
            states: vec![(ms(900), "InLobby".to_owned())],
            thread_in_lobby: Some(false),
            end: Some(End {
                after: ms(9000),
                code: 0,
                sub_code: Some(5854),
                categories: vec!["Success".to_owned()],
            }),
            ..Join::default()
        };
        let inside = Join {
            states: vec![
                (ms(800), "InLobby".to_owned()),
                (ms(3000), "Connected".to_owned()),
            ],
            thread: Some((ms(3100), "19:meeting_(48 letters)@thread.v2".to_owned())),
            audio: Some(Audio {
                is_raw: true,
                has_capture: true,
                has_playback: true,
                error: None,
            }),
            frames: 700,
            loudest: Some(-23.4),
            reaction: Some(Tried::Done),
            text: Some(Tried::Failed(Error {
                name: "CallingCommunicationError".to_owned(),
                code: Some(403),
                sub_code: None,
            })),
            ..Join::default()
        };
        let found = Findings {
            agent: Some(ms(1200)),
            joins: vec![denied, inside],
            ..Findings::default()
        };
        assert_eq!(
            lines(&found),
            [
                "ok, 1: time to Connected: 3.0 s, of which 0.8 s were before the lobby, after 1.2 s for the agent",
                "ok, 2: raw sound: 700 frames came, the loudest at -23 dBFS; our side is there, their side is there",
                "ok, 3: muteIncomingAudio with raw sound: accepted, and the sound went on coming",
                "note, 4: without any microphone: open, not tried this time. To mend: sidetone doctor --live LINK \
                 --without-microphone",
                "ok, 5: the thread in the lobby: not known; told after 3.1 s, 19:meeting_(48 letters)@thread.v2",
                "ok, 6: real-time text: refused, CallingCommunicationError 403/-; reactions: accepted",
                "note, 7: data channel: not tried, sidetone opens none",
                "ok, 8: the end by a refusal in the lobby: 0/5854 Success",
            ]
        );
    }

    #[test]
    fn what_was_not_seen_stays_open_and_what_failed_is_a_problem() {
        let found = Findings {
            joins: vec![Join::default()],
            ..Findings::default()
        };
        let lines = lines(&found);
        assert!(lines[0].starts_with("problem, 1: time to Connected: never connected"));
        for line in &lines[1..] {
            assert!(line.starts_with("note, "), "{line}");
        }
    }
}
