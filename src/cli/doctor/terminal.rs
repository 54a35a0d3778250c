//! The terminal: what it is, and what it can tell and show.

use std::time::Duration;

use tokio::time;

use crate::cli::doctor::Context;
use crate::cli::doctor::Row;
use crate::model::text;
use crate::runtime::terminal::Mode;
use crate::runtime::terminal::Terminal;

pub(super) fn kind(context: &Context) -> Vec<Row> {
    if !context.surroundings.terminal {
        return vec![Row::note(
            "input or output is not a terminal: sidetone speaks in lines",
        )];
    }
    vec![match context.variable("TERM") {
        Some("dumb") => Row::note("TERM is dumb: sidetone speaks in lines"),
        Some(name) => Row::ok(text::line(name)),
        None => Row::note("TERM is not set").mend("export TERM=xterm-256color"),
    }]
}

pub(super) fn colour(context: &Context) -> Vec<Row> {
    let term = context.variable("TERM").unwrap_or_default();
    let deep = context.variable("COLORTERM");
    vec![Row::ok(if context.variable("NO_COLOR").is_some() {
        "none, because NO_COLOR is set"
    } else if matches!(deep, Some("truecolor" | "24bit")) {
        "16 million"
    } else if term.contains("256") {
        "256"
    } else {
        "16"
    })]
}

pub(super) fn letters(context: &Context) -> Vec<Row> {
    let locale = ["LC_ALL", "LC_CTYPE", "LANG"]
        .into_iter()
        .find_map(|name| Some((name, context.variable(name)?)));
    let mend = "export LC_CTYPE=C.UTF-8";
    vec![match locale {
        Some((name, locale)) if is_unicode(locale) => {
            Row::ok(format!("Unicode ({name} is {})", text::line(locale)))
        }
        Some((name, locale)) => Row::note(format!(
            "{name} is {}: letters beyond English may be shown wrongly",
            text::line(locale)
        ))
        .mend(mend),
        None => {
            Row::note("no locale is set: letters beyond English may be shown wrongly").mend(mend)
        }
    }]
}

fn is_unicode(locale: &str) -> bool {
    let locale = locale.to_ascii_lowercase();
    locale.contains("utf-8") || locale.contains("utf8") || cfg!(target_os = "macos")
}

/// Asks the terminal itself whether it tells when a key is let go.
pub(super) async fn keys() -> Vec<Row> {
    if !Terminal::is_present() {
        return vec![Row::note("not asked: there is no terminal")];
    }
    vec![match ask().await {
        Ok(answer) if tells_releases(&answer) => {
            Row::ok("the terminal tells when a key is let go: push to talk works by holding one")
        }
        Ok(answer) if answer.is_empty() => Row::note(
            "the terminal does not answer questions: push to talk works by pressing twice",
        ),
        Ok(_) => Row::note(
            "the terminal does not tell when a key is let go: push to talk works by pressing twice",
        ),
        Err(error) => Row::note(format!("the terminal could not be asked: {error}")),
    }]
}

/// Whether the keyboard protocol of kitty was answered to, before what every terminal answers to.
fn tells_releases(answer: &[u8]) -> bool {
    let answer = String::from_utf8_lossy(answer);
    answer
        .split("\x1b[?")
        .filter_map(|part| part.split_once('u'))
        .any(|(flags, _)| !flags.is_empty() && flags.bytes().all(|byte| byte.is_ascii_digit()))
}

async fn ask() -> std::io::Result<Vec<u8>> {
    let mut terminal = Terminal::open()?;
    let reader = terminal.reader();
    terminal.enter(Mode::Linear)?;
    terminal.write(b"\x1b[?u\x1b[c".to_vec())?;
    let mut answer = Vec::new();
    let asked = async {
        let mut buffer = [0; 256];
        // Every terminal ends the second answer like this; those that know the first give it before.
        while !answer.ends_with(b"c") {
            match reader.read(&mut buffer).await? {
                0 => break,
                count => answer.extend(&buffer[..count]),
            }
        }
        Ok(())
    };
    let asked = time::timeout(PATIENCE, asked).await;
    terminal.leave();
    asked.unwrap_or(Ok(())).map(|()| answer)
}

/// As long as an answer takes over a slow ssh.
const PATIENCE: Duration = Duration::from_millis(500);

pub(super) fn multiplexer(context: &Context) -> Vec<Row> {
    if context.variable("TMUX").is_none() {
        return Vec::new();
    }
    vec![
        Row::note("inside tmux, copying needs its permission, and held keys are not told")
            .mend("tmux set -s set-clipboard on"),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::doctor::Verdict;
    use crate::cli::doctor::tests::context;

    #[test]
    fn letters_need_a_unicode_locale() {
        let verdict =
            |variables: &[(&str, &str)]| letters(&context(variables, None)).remove(0).verdict;
        assert_eq!(verdict(&[("LANG", "de_DE.UTF-8")]), Verdict::Ok);
        assert_eq!(
            verdict(&[("LANG", "de_DE.UTF-8"), ("LC_ALL", "C")]),
            Verdict::Note
        );
        assert_eq!(verdict(&[]), Verdict::Note);
    }

    #[test]
    fn colours_are_told_as_the_environment_promises_them() {
        let told = |variables: &[(&str, &str)]| colour(&context(variables, None)).remove(0).text;
        assert_eq!(told(&[("COLORTERM", "truecolor")]), "16 million");
        assert_eq!(told(&[("TERM", "xterm-256color")]), "256");
        assert_eq!(
            told(&[("TERM", "xterm-256color"), ("NO_COLOR", "1")]),
            "none, because NO_COLOR is set"
        );
    }

    #[test]
    fn the_answer_to_the_keyboard_question_is_told_from_the_other_one() {
        assert!(tells_releases(b"\x1b[?0u\x1b[?62;c"));
        assert!(tells_releases(b"\x1b[?31u"));
        assert!(!tells_releases(b"\x1b[?62;22c"));
        assert!(!tells_releases(b""));
    }
}
