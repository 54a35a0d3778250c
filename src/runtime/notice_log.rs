//! The log of recording and transcription notices: what changed, and when it was received, shown and acknowledged.
//!
//! JSON lines in the data folder, readable by the person alone. Never a word of
//! what people said. Written by a thread of its own, so that a slow disk delays
//! no notice on the screen. Notices are told before the meeting they belong to:
//! such lines are held, with their times, until it is known.

use std::fs::File;
use std::io;
use std::io::Write;
use std::path::Path;
use std::sync::mpsc;
use std::thread;
use std::thread::JoinHandle;
use std::time::Duration;

use serde::Deserialize;
use serde::Serialize;

use crate::clock::Moment;
use crate::clock::Timestamp;
use crate::config::paths;
use crate::effect::NoticeMoment;
use crate::effect::NoticeRecord;
use crate::model::account::AccountId;
use crate::model::call::CallInfo;
use crate::model::notice::NoticeKind;
use crate::model::notice::NoticeState;

/// One line of the file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Line {
    /// RFC 3339, UTC, milliseconds.
    pub at: String,
    /// `recording`, `transcription`.
    pub notice: String,
    /// `active`, `inactive`, `unknown`, `shown`, `repeated`, `acknowledged`,
    /// `consent asked`, `consent given`, `consent declined`.
    pub what: String,
    /// Who started or stopped it, where the service said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub by: Option<String>,
    pub meeting: String,
    pub account: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub thread: Option<String>,
}

impl From<&NoticeRecord> for Line {
    fn from(record: &NoticeRecord) -> Self {
        let (what, by) = words(&record.what);
        let meeting = record.meeting.clone().unwrap_or_default();
        Self {
            at: record.at.to_string(),
            notice: match record.kind {
                NoticeKind::Recording => "recording",
                NoticeKind::Transcription => "transcription",
            }
            .to_owned(),
            what: what.to_owned(),
            by,
            meeting: meeting.topic,
            account: record.account.as_str().to_owned(),
            thread: meeting.thread.map(|id| id.as_str().to_owned()),
        }
    }
}

fn words(moment: &NoticeMoment) -> (&'static str, Option<String>) {
    match moment {
        NoticeMoment::Received(NoticeState::Active { by }) => ("active", by.clone()),
        NoticeMoment::Received(NoticeState::Inactive { by }) => ("inactive", by.clone()),
        NoticeMoment::Received(NoticeState::Unknown) => ("unknown", None),
        NoticeMoment::Shown => ("shown", None),
        NoticeMoment::Repeated => ("repeated", None),
        NoticeMoment::Acknowledged => ("acknowledged", None),
        NoticeMoment::ConsentAsked => ("consent asked", None),
        NoticeMoment::ConsentGiven => ("consent given", None),
        NoticeMoment::ConsentDeclined => ("consent declined", None),
    }
}

/// Writes lines, and remembers which of them still await being shown.
#[derive(Debug)]
pub struct NoticeLog {
    lines: Option<mpsc::Sender<Line>>,
    thread: Option<JoinHandle<()>>,
    /// Received, and not on the terminal yet.
    unseen: Vec<NoticeRecord>,
    /// In order; the meeting is not known yet.
    held: Vec<NoticeRecord>,
    held_until: Option<Moment>,
}

/// What is known of the meeting of an account's call.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Meeting {
    pub info: CallInfo,
    /// Nothing more is to come.
    pub whole: bool,
}

/// How long a line waits for the name of its meeting.
const PATIENCE: Duration = Duration::from_secs(2);

impl NoticeLog {
    /// Without a path nothing is kept on disk.
    pub fn open(path: Option<&Path>) -> io::Result<Self> {
        let Some(path) = path else {
            return Ok(Self {
                lines: None,
                thread: None,
                unseen: Vec::new(),
                held: Vec::new(),
                held_until: None,
            });
        };
        let file = paths::append_private(path)?;
        let (lines, received) = mpsc::channel();
        let thread = thread::Builder::new()
            .name("notice log".to_owned())
            .spawn(move || write_lines(file, &received))?;
        Ok(Self {
            lines: Some(lines),
            thread: Some(thread),
            unseen: Vec::new(),
            held: Vec::new(),
            held_until: None,
        })
    }

    pub fn keep(&mut self, record: NoticeRecord) {
        self.append(record.clone());
        if matches!(
            record.what,
            NoticeMoment::Received(_) | NoticeMoment::ConsentAsked
        ) {
            self.unseen.push(record);
        }
    }

    pub const fn has_unseen(&self) -> bool {
        !self.unseen.is_empty()
    }

    /// What was received is on the terminal since `at`. Says whether anything was.
    pub fn shown(&mut self, at: Timestamp) -> bool {
        let seen = std::mem::take(&mut self.unseen);
        for record in &seen {
            self.append(NoticeRecord {
                what: NoticeMoment::Shown,
                at,
                ..record.clone()
            });
        }
        !seen.is_empty()
    }

    /// When [`NoticeLog::settle`] is due, whether or not the meetings are known.
    pub const fn deadline(&self) -> Option<Moment> {
        self.held_until
    }

    /// Writes what was held and is known by now, or has waited long enough.
    pub fn settle(&mut self, now: Moment, meeting: impl Fn(&AccountId) -> Meeting) {
        if self.held.is_empty() {
            return;
        }
        let until = *self.held_until.get_or_insert(now + PATIENCE);
        for mut record in std::mem::take(&mut self.held) {
            let Meeting { info, whole } = meeting(&record.account);
            if whole || until <= now {
                record.meeting = Some(info);
            }
            self.append(record);
        }
        if self.held.is_empty() {
            self.held_until = None;
        }
    }

    fn append(&mut self, record: NoticeRecord) {
        if record.meeting.is_none() {
            self.held.push(record);
        } else {
            self.write(&record);
        }
    }

    fn write(&self, record: &NoticeRecord) {
        if let Some(lines) = &self.lines {
            // The thread ends only with us, or with a disk that takes nothing.
            let _ = lines.send(Line::from(record));
        }
    }
}

impl Drop for NoticeLog {
    fn drop(&mut self) {
        for record in std::mem::take(&mut self.held) {
            self.write(&record);
        }
        self.lines = None;
        if let Some(thread) = self.thread.take() {
            // A panic in there has been reported; the lines before it are written.
            let _ = thread.join();
        }
    }
}

fn write_lines(mut file: File, lines: &mpsc::Receiver<Line>) {
    for line in lines {
        let written = serde_json::to_vec(&line)
            .map_err(io::Error::from)
            .and_then(|mut bytes| {
                bytes.push(b'\n');
                file.write_all(&bytes)
            });
        if let Err(error) = written {
            tracing::error!(%error, "the notice log takes no more lines");
            return;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::thread::ThreadId;

    fn account() -> AccountId {
        AccountId::new("external:ada")
    }

    fn design(whole: bool) -> Meeting {
        let info = CallInfo {
            thread: whole.then(|| ThreadId::new("19:design")),
            topic: "Design review".to_owned(),
            started: None,
        };
        Meeting { info, whole }
    }

    fn received(meeting: Option<CallInfo>, millis: i64) -> NoticeRecord {
        NoticeRecord {
            account: account(),
            meeting,
            kind: NoticeKind::Recording,
            what: NoticeMoment::Received(NoticeState::Active { by: None }),
            at: Timestamp::from_millis(millis),
        }
    }

    fn after(millis: u64) -> Moment {
        Moment::ZERO + Duration::from_millis(millis)
    }

    fn check(steps: impl FnOnce(&mut NoticeLog)) -> Vec<Line> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("notices.jsonl");
        let mut log = NoticeLog::open(Some(&path)).unwrap();
        steps(&mut log);
        drop(log);
        let text = std::fs::read_to_string(&path).unwrap();
        let lines = text.lines();
        lines
            .map(|line| serde_json::from_str(line).unwrap())
            .collect()
    }

    #[test]
    fn a_notice_is_kept_with_the_times_it_was_received_and_shown() {
        let lines = check(|log| {
            log.keep(received(Some(design(true).info), 1_000));
            assert!(log.shown(Timestamp::from_millis(1_004)));
            assert!(!log.shown(Timestamp::from_millis(1_020)));
        });
        let told: Vec<_> = lines
            .iter()
            .map(|l| (l.what.as_str(), l.at.as_str()))
            .collect();
        assert_eq!(
            told,
            [
                ("active", "1970-01-01T00:00:01.000Z"),
                ("shown", "1970-01-01T00:00:01.004Z")
            ]
        );
    }

    #[test]
    fn what_comes_before_its_meeting_is_known_is_written_with_it_and_its_own_times() {
        let lines = check(|log| {
            log.keep(received(None, 1_000));
            log.settle(after(0), |_| design(false));
            log.shown(Timestamp::from_millis(1_004));
            log.settle(after(5), |_| design(false));
            assert_eq!(log.deadline(), Some(after(2_000)));
            log.settle(after(9), |_| design(true));
            assert_eq!(log.deadline(), None);
        });
        let told: Vec<_> = lines
            .iter()
            .map(|l| (l.what.as_str(), l.at.as_str(), l.thread.as_deref()))
            .collect();
        assert_eq!(
            told,
            [
                ("active", "1970-01-01T00:00:01.000Z", Some("19:design")),
                ("shown", "1970-01-01T00:00:01.004Z", Some("19:design"))
            ]
        );
        assert!(lines.iter().all(|l| l.meeting == "Design review"));
    }

    #[test]
    fn a_meeting_that_is_never_told_loses_no_line() {
        let late = check(|log| {
            log.keep(received(None, 1_000));
            log.settle(after(0), |_| design(false));
            log.settle(after(2_000), |_| design(false));
            log.keep(received(None, 2_000));
        });
        let told: Vec<_> = late.iter().map(|l| l.meeting.as_str()).collect();
        assert_eq!(told, ["Design review", ""]);
    }
}
