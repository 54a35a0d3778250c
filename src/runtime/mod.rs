//! The imperative shell: the loop, and the performer of effects.

pub mod screen;
