//! `sidetone notices`: what was recorded and transcribed while we were there, from the log on this machine.

use std::fs;
use std::io;

use crate::cli::Error;
use crate::cli::chosen;
use crate::cli::chosen::Chosen;
use crate::clock::Timestamp;
use crate::clock::Zone;
use crate::config::paths::Paths;
use crate::model::text;
use crate::runtime::exit::Exit;
use crate::runtime::notice_log::Line;
use crate::runtime::terminal;

/// Print the log of recording and transcription notices.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// As JSON lines, as they are kept.
    #[arg(long)]
    pub json: bool,

    /// Of one account alone; of one that is gone, by its id in the log.
    #[command(flatten)]
    pub chosen: Chosen,
}

pub fn run(args: &Args) -> Result<Exit, Error> {
    let paths = Paths::find().ok_or_else(|| Error::Input("there is no home folder".to_owned()))?;
    let file = paths.notice_log();
    let kept = match fs::read_to_string(&file) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => String::new(),
        other => other.map_err(|error| Error::Input(format!("{}: {error}", file.display())))?,
    };
    let account = args.chosen.id(&chosen::known(Some(&paths))?)?;
    let zone = Zone::local();
    let mut said = false;
    for line in kept.lines() {
        // A line broken off by a crash says nothing, and is nobody's.
        let read = serde_json::from_str::<Line>(line).ok();
        let whose = read.as_ref().map(|line| line.account.as_str());
        if account
            .as_ref()
            .is_some_and(|id| whose != Some(id.as_str()))
        {
            continue;
        }
        let told = if args.json {
            Some(line.to_owned())
        } else {
            read.map(|line| sentence(&line, &zone))
        };
        if let Some(told) = told {
            said = true;
            terminal::print(&told).map_err(Error::Print)?;
        }
    }
    if !said && !args.json {
        terminal::print("No notice of a recording or transcription was received yet.")
            .map_err(Error::Print)?;
    }
    Ok(Exit::Done)
}

/// Day and time first: this is a list people search by when.
fn sentence(line: &Line, zone: &Zone) -> String {
    let when = Timestamp::parse(&line.at).map_or_else(
        || line.at.clone(),
        |at| format!("{} {}", zone.date(at), zone.time(at)),
    );
    let by = line
        .by
        .as_ref()
        .map_or_else(String::new, |name| format!(" by {name}"));
    let meeting = text::line(&line.meeting);
    format!("{when} {meeting}: {} {}{by}", line.notice, line.what)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_of_the_log_reads_as_a_sentence() {
        let line = Line {
            at: "2026-11-23T10:02:00.125Z".to_owned(),
            notice: "recording".to_owned(),
            what: "active".to_owned(),
            by: Some("Carol".to_owned()),
            meeting: "Design review".to_owned(),
            account: "external:ada".to_owned(),
            thread: None,
        };
        assert_eq!(
            sentence(&line, &Zone::UTC),
            "2026-11-23 10:02 Design review: recording active by Carol"
        );
    }
}
