//! The whole screen as a function of state.
