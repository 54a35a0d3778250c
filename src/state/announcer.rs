//! Decides when each announcement is released: hold while typing, budget, quiet window, summaries, repeats.
//!
//! Linear lines, speech and the bell are its only outputs (accessibility 2.2 L6, 2.3, 2.4, 2.5).

/// The queue of lines that wait for their moment.
#[derive(Debug, Clone, Default)]
pub struct Announcer {}
