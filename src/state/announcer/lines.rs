//! Lines and what becomes of them: joined, counted, said again.

use crate::model::account::AccountId;
use crate::model::announcement::Said;
use crate::model::notice::NoticeKind;

/// Names that a summary or a line of joins says before it counts.
const NAMES: usize = 2;
/// Bytes after which somebody's words begin a new line.
const LONGEST_TURN: usize = 240;

/// Counts messages that are not said one by one.
#[derive(Default)]
pub(super) struct Count {
    messages: usize,
    names: Vec<String>,
    others: Vec<String>,
    thread: String,
}

impl Count {
    pub(super) fn add(&mut self, said: Said) {
        match said {
            Said::Message {
                sender,
                texts,
                times,
                ..
            } => {
                self.messages += texts.len().max(times);
                self.name(sender.name);
            }
            Said::Summary {
                count,
                names,
                others,
                thread,
            } => {
                self.messages += count;
                for name in names.into_iter().chain(others) {
                    self.name(name);
                }
                self.thread = thread;
            }
            _ => {}
        }
    }

    fn name(&mut self, name: String) {
        if self.names.contains(&name) || self.others.contains(&name) {
            return;
        }
        if self.names.len() < NAMES {
            self.names.push(name);
        } else {
            self.others.push(name);
        }
    }

    pub(super) fn summary(self, topic: &str) -> Said {
        Said::Summary {
            count: self.messages,
            thread: if self.thread.is_empty() {
                topic.to_owned()
            } else {
                self.thread
            },
            names: self.names,
            others: self.others,
        }
    }
}

/// Joins a new fact with the line that waits last, where the two make one (T2). False when they do not.
pub(super) fn join(waiting: &mut Said, said: &Said) -> bool {
    match (waiting, said) {
        (
            Said::Message {
                sender,
                texts,
                times,
                mention: false,
                ..
            },
            Said::Message {
                sender: other,
                texts: new,
                mention: false,
                ..
            },
        ) if sender == other => {
            if *texts == *new {
                *times += 1;
            } else if *times == 1 && texts.len() < 5 {
                texts.extend(new.iter().cloned());
            } else {
                return false;
            }
            true
        }
        (
            Said::CameAndWent {
                joined,
                left,
                people,
            },
            Said::CameAndWent {
                joined: came,
                left: went,
                people: now,
            },
        ) => {
            joined.extend(came.iter().cloned());
            left.extend(went.iter().cloned());
            *people = *now;
            true
        }
        // One line for a speaker's turn.
        (
            Said::Turn { kind, sender, text },
            Said::Turn {
                kind: same,
                sender: other,
                text: more,
            },
        ) if kind == same && sender == other && text.len() < LONGEST_TURN => {
            text.push(' ');
            text.push_str(more);
            true
        }
        (Said::SomeoneWaits { names }, Said::SomeoneWaits { names: now }) => {
            names.clone_from(now);
            true
        }
        (
            Said::OtherThread { count, thread },
            Said::OtherThread {
                count: now,
                thread: other,
            },
        ) if thread == other => {
            *count = *now;
            true
        }
        _ => false,
    }
}

/// Counts against the words a minute. Mentions and what has to do with the call do not.
pub(super) fn budgeted(said: &Said) -> bool {
    matches!(
        said,
        Said::Message { mention: false, .. }
            | Said::Summary { .. }
            | Said::OtherThread { .. }
            | Said::Edited { .. }
            | Said::Deleted { .. }
            | Said::Restored { .. }
            | Said::ReactionReceived { .. }
            | Said::Reacted { .. }
            | Said::CameAndWent { .. }
    )
}

pub(super) const fn countable(said: &Said) -> bool {
    matches!(
        said,
        Said::Message { mention: false, .. } | Said::Summary { .. }
    )
}

pub(super) fn is_notice(said: &Said, of: &AccountId, kind: NoticeKind) -> bool {
    matches!(said, Said::Notice { account, kind: k, .. } if account == of && *k == kind)
}

pub(super) fn is_consent(said: &Said, of: &AccountId) -> bool {
    matches!(said, Said::ConsentAsked { account, .. } if account == of)
}

/// Whether it is about the call of that account.
pub(super) fn is_of(said: &Said, of: &AccountId) -> bool {
    matches!(said, Said::Notice { account, .. } | Said::ConsentAsked { account, .. } if account == of)
}

pub(super) fn again(mut said: Said) -> Said {
    if let Said::Notice { again, .. } | Said::ConsentAsked { again, .. } = &mut said {
        *again = true;
    }
    said
}
