//! Chat back ends: a function between two channels each.

pub mod acs;
mod attachment;
mod eyes;
pub mod graph;
mod mentions;
mod retry;
mod socket;
