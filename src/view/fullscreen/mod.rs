//! The whole screen as a function of state.

pub(crate) mod wrap;
