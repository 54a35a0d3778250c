//! How what we know is shown; reads only.

pub mod fullscreen;
pub mod theme;
