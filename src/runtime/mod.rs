//! The imperative shell: the loop, and the performer of effects.

pub mod input;
pub mod pace;
pub mod screen;
