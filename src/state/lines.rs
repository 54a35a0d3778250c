//! Lines through a pipe: those that wait until they can be performed, and whether more can come.
//!
//! Knows nothing of what a line means: `update::lines` performs them.

use std::collections::VecDeque;
use std::fmt;

use crate::model::failure::Failure;

/// Who gives commands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Source {
    /// A person at a terminal, who sees what became of everything.
    #[default]
    Terminal,
    /// A pipe or a file: more may come.
    Open,
    /// Its end was reached.
    Ended,
    /// There was no input from the start: the program only watches.
    Nobody,
}

#[derive(Clone, Default)]
pub struct Lines {
    pub source: Source,
    /// In order; the first is not possible yet.
    pub waiting: VecDeque<String>,
    /// Messages that were refused: given back at the end.
    pub unsent: Vec<String>,
    /// Why a file or a picture was not sent.
    pub failed: Option<Failure>,
    /// That lines wait was said.
    pub told: bool,
}

/// While so many lines wait no more are read.
const ENOUGH: usize = 256;

impl Lines {
    pub fn is_full(&self) -> bool {
        self.waiting.len() >= ENOUGH
    }

    /// Somebody sits here and can be left to decide.
    pub fn is_terminal(&self) -> bool {
        self.source == Source::Terminal
    }
}

/// Lines are messages: only their number is printed.
impl fmt::Debug for Lines {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "Lines({:?}, {} waiting)",
            self.source,
            self.waiting.len()
        )
    }
}

/// How far the program has come with what it was started for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Opening {
    /// Where to go is still being found out.
    #[default]
    Pending,
    /// On the way, or there.
    Begun,
    Failed,
}
