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
    let listing = sound.list().await;
    rows.extend(elsewhere(context, listing.as_ref().ok()));
    match listing {
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
        NoSound::Denied => Row::problem(text)
            .mend("copy the server's ~/.config/pulse/cookie here, or start sidetone as its person"),
        NoSound::NoServer => Row::note(text).mend(
            "pulseaudio --start, or systemctl --user start pipewire-pulse, where there is one",
        ),
        NoSound::Chosen | NoSound::NoDevice(_) | NoSound::Busy | NoSound::Unusable => {
            Row::note(text)
        }
    }
}

/// `PULSE_SERVER` can name servers in ways that are not understood here.
fn elsewhere(context: &Context, heard: Option<&Listing>) -> Option<Row> {
    let place = context.variable("PULSE_SERVER")?;
    if place.starts_with("unix:") {
        return None;
    }
    let text = format!(
        "PULSE_SERVER is {}, and sidetone reaches sound servers through sockets only, as unix:PATH",
        text::line(place)
    );
    let row = match heard {
        Some(listing) => Row::note(format!("{text}; {} is used instead", listing.system)),
        None => Row::problem(text),
    };
    Some(row.mend(lead_to(place, &here(context))))
}

/// What makes a socket of another way to a server.
fn lead_to(place: &str, here: &str) -> String {
    if place.starts_with('/') {
        return format!("export PULSE_SERVER=unix:{}", text::line(place));
    }
    let Some((host, port)) = address(place) else {
        return "forward the server's socket with ssh, and export PULSE_SERVER=unix:PATH"
            .to_owned();
    };
    if matches!(host, "localhost" | "127.0.0.1" | "::1") {
        format!(
            "socat UNIX-LISTEN:{here},fork TCP:localhost:{port} & export PULSE_SERVER=unix:{here}"
        )
    } else {
        format!("ssh -fN -L {here}:localhost:{port} {host} && export PULSE_SERVER=unix:{here}")
    }
}

/// Of `tcp:HOST:PORT`, `tcp6:[HOST]:PORT` and `HOST`, where they can stand in a command.
fn address(place: &str) -> Option<(&str, u16)> {
    let after = ["tcp:", "tcp4:", "tcp6:"]
        .into_iter()
        .find_map(|kind| place.strip_prefix(kind));
    let place = after.unwrap_or(place);
    let (host, port) = match place.rsplit_once(':') {
        Some((host, port)) if !port.ends_with(']') => (host, port.parse().ok()?),
        _ => (place, PULSE_PORT),
    };
    let host = host.trim_start_matches('[').trim_end_matches(']');
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_' | ':');
    (!host.is_empty() && !host.starts_with('-') && host.chars().all(plain)).then_some((host, port))
}

/// Where sound servers listen that were told to.
const PULSE_PORT: u16 = 4713;

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
    let here = here(context);
    format!(
        "where you sit, connect with ssh -R {here}:$XDG_RUNTIME_DIR/pulse/native HOST; then here export PULSE_SERVER=unix:{here}"
    )
}

/// Where a socket may lie that leads to another machine.
fn here(context: &Context) -> String {
    let folder = context.variable("XDG_RUNTIME_DIR").unwrap_or("/tmp");
    text::line(&format!("{folder}/pulse-forward"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::doctor::Verdict;
    use crate::cli::doctor::tests::context;

    #[test]
    fn no_sound_is_a_note_and_over_ssh_one_that_says_how_to_get_it() {
        let plain = silence(NoSound::NoServer, &context(&[], None));
        assert_eq!(plain.verdict, Verdict::Note);
        assert!(plain.mend.unwrap().contains("pulseaudio --start"));
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
        assert!(elsewhere(&named, None).is_none());
    }

    #[test]
    fn a_server_over_tcp_is_a_problem_that_a_socket_mends() {
        let mend = |place: &str| {
            let context = context(
                &[("PULSE_SERVER", place), ("XDG_RUNTIME_DIR", "/run/me")],
                None,
            );
            let row = elsewhere(&context, None).unwrap();
            assert_eq!(row.verdict, Verdict::Problem);
            assert!(row.text.contains(place), "{}", row.text);
            row.mend.unwrap()
        };
        let here = "/run/me/pulse-forward";
        let ssh = format!(
            "ssh -fN -L {here}:localhost:4713 desk.example && export PULSE_SERVER=unix:{here}"
        );
        for place in ["tcp:desk.example:4713", "tcp4:desk.example", "desk.example"] {
            assert_eq!(mend(place), ssh);
        }
        assert_eq!(
            mend("tcp:localhost:24713"),
            format!(
                "socat UNIX-LISTEN:{here},fork TCP:localhost:24713 & export PULSE_SERVER=unix:{here}"
            )
        );
        assert_eq!(mend("/tmp/pulse"), "export PULSE_SERVER=unix:/tmp/pulse");
        for strange in [
            "tcp:$(reboot):1",
            "tcp:a b",
            "{1234}unix:/tmp/pulse",
            "tcp:",
        ] {
            assert!(mend(strange).starts_with("forward the"), "{strange}");
        }
    }
}
