//! Defaults, the user's file, environment and flags; where files live.

pub mod tls;
