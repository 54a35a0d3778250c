//! Call back ends: a function between two channels each.

pub mod bridge;
pub mod devices;
pub mod native;
pub mod sound;
