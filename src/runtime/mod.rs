//! The imperative shell: the loop, and the performer of effects.

pub mod control;
pub mod input;
pub mod notice_log;
pub mod pace;
pub mod screen;
pub mod signals;
pub mod terminal;
