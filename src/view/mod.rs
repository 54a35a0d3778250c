//! How what we know is shown; reads only.

pub(crate) mod facts;
pub mod fullscreen;
pub mod phrase;
pub mod theme;
