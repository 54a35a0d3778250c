//! Sound: who answers, what it has, whether it opens; and over ssh, whose it is.

use tokio::sync::mpsc;

use crate::call::devices::DeviceEvent;
use crate::call::devices::Listing;
use crate::call::devices::NoSound;
use crate::call::devices::Sound;
use crate::cli::devices::Wished;
use crate::cli::devices::opening;
use crate::cli::devices::told;
use crate::cli::doctor::Context;
use crate::cli::doctor::Row;
use crate::model::sound::Choice;
use crate::model::sound::Direction;
use crate::model::text;
use crate::runtime::stderr::Diverted;

pub(super) async fn devices(context: &Context) -> Vec<Row> {
    // libasound explains itself on standard error.
    let _diverted = Diverted::new();
    let sound = Sound::new();
    let mut rows = Vec::new();
    rows.extend(elsewhere(context));
    match sound.list().await {
        Ok(listing) => {
            rows.push(Row::ok(summary(&listing, context.variable("PULSE_SERVER"))));
            rows.extend(open(&sound, context).await);
            if context.variable("SSH_CONNECTION").is_some()
                && context.variable("PULSE_SERVER").is_none()
            {
                rows.push(
                    Row::note("you are here over ssh, and this is the sound of this machine, not of yours")
                        .mend(forward(context)),
                );
            }
        }
        Err(why) => rows.push(silence(why, context)),
    }
    rows
}

fn silence(why: NoSound, context: &Context) -> Row {
    let forwarded = context.variable("PULSE_SERVER").is_some();
    let over_ssh = context.variable("SSH_CONNECTION").is_some();
    let text = format!("none: {why}. Everything else works");
    match why {
        // Somebody set it up, and it does not do.
        NoSound::NotAnswering if forwarded => {
            let row = Row::problem(
                "none: the sound server of PULSE_SERVER does not answer. Everything else works",
            );
            row.mend(if over_ssh {
                forward(context)
            } else {
                "unset PULSE_SERVER".to_owned()
            })
        }
        _ if over_ssh => Row::note(text).mend(forward(context)),
        NoSound::NotAnswering => Row::problem(text).mend(
            "systemctl --user restart pipewire-pulse, or pulseaudio --kill and pulseaudio --start",
        ),
        _ => Row::note(text),
    }
}

/// `PULSE_SERVER` can name servers in ways that cannot be gone without a library.
fn elsewhere(context: &Context) -> Option<Row> {
    let place = context.variable("PULSE_SERVER")?;
    (!place.starts_with("unix:")).then(|| {
        let place = text::line(place);
        Row::note(format!(
            "PULSE_SERVER is {place}, and only unix:PATH is understood"
        ))
        .mend("forward the socket with ssh and set PULSE_SERVER=unix:PATH")
    })
}

fn summary(listing: &Listing, server: Option<&str>) -> String {
    let count = |direction, one: &str| {
        let n = listing.of(direction).count();
        let plural = if n == 1 { "" } else { "s" };
        format!("{n} {one}{plural}")
    };
    let place = server.map_or_else(String::new, |server| format!(" at {}", text::line(server)));
    format!(
        "{}{place}, {}, {}",
        listing.system,
        count(Direction::Capture, "microphone"),
        count(Direction::Playback, "speaker")
    )
}

/// "A device exists" means that it opens.
async fn open(sound: &Sound, context: &Context) -> Vec<Row> {
    let wished = context.config.as_ref().map_or(
        Wished {
            microphone: Choice::Default,
            speaker: Choice::Default,
        },
        Wished::of,
    );
    let (to, mut events) = mpsc::channel(16);
    let playback = sound.playback(wished.speaker, to.clone());
    let capture = sound.capture(wished.microphone, to);
    let mut said = opening(&mut events).await;
    drop((playback, capture));
    said.sort_by_key(|event| match event {
        DeviceEvent::Opened { direction, .. }
        | DeviceEvent::Silent { direction, .. }
        | DeviceEvent::Lost { direction, .. }
        | DeviceEvent::Back { direction, .. } => *direction,
    });
    let missing = 2_usize.saturating_sub(said.len());
    let mut rows: Vec<_> = said.iter().map(row).collect();
    if missing > 0 {
        rows.push(Row::problem(
            "the sound server lists its devices and does not open them",
        ));
    }
    rows
}

fn row(event: &DeviceEvent) -> Row {
    let text = told(event);
    let text = text.trim_end_matches('.');
    match event {
        DeviceEvent::Opened { missing: None, .. }
        | DeviceEvent::Back { missing: None, .. }
        | DeviceEvent::Silent {
            why: NoSound::Chosen,
            ..
        } => Row::ok(text),
        DeviceEvent::Silent {
            why: NoSound::NoDevice(_),
            ..
        } => Row::note(text),
        DeviceEvent::Opened { .. } | DeviceEvent::Back { .. } => {
            Row::note(text).mend("sidetone devices lists what is here")
        }
        DeviceEvent::Silent { .. } | DeviceEvent::Lost { .. } => Row::problem(text),
    }
}

/// What makes the sound of the machine at which the person sits usable here; the README says more.
fn forward(context: &Context) -> String {
    let folder = context.variable("XDG_RUNTIME_DIR").unwrap_or("/tmp");
    let here = text::line(&format!("{folder}/pulse-forward"));
    format!(
        "where you sit, connect with ssh -R {here}:$XDG_RUNTIME_DIR/pulse/native HOST; then here export PULSE_SERVER=unix:{here}"
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::doctor::Verdict;
    use crate::cli::doctor::tests::context;

    #[test]
    fn no_sound_is_a_note_and_over_ssh_one_that_says_how_to_get_it() {
        let plain = silence(NoSound::NoServer, &context(&[], None));
        assert_eq!((plain.verdict, plain.mend), (Verdict::Note, None));
        let far = context(&[("SSH_CONNECTION", "192.0.2.1 1 192.0.2.2 22")], None);
        let far = silence(NoSound::NoServer, &far);
        assert_eq!(far.verdict, Verdict::Note);
        assert!(far.mend.unwrap().contains("ssh -R"));
    }

    #[test]
    fn a_server_that_was_named_and_does_not_answer_is_a_problem() {
        let named = context(&[("PULSE_SERVER", "unix:/tmp/sound")], None);
        let row = silence(NoSound::NotAnswering, &named);
        assert_eq!(row.verdict, Verdict::Problem);
        assert!(elsewhere(&named).is_none());
        let other = context(&[("PULSE_SERVER", "tcp:desk:4713")], None);
        assert!(elsewhere(&other).is_some());
    }
}
