//! Chat back ends: a function between two channels each.

pub mod acs;
pub mod graph;
mod retry;
