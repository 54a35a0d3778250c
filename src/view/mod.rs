//! How what we know is shown; reads only.

pub(crate) mod facts;
#[cfg(test)]
mod fixture;
pub mod fullscreen;
pub mod phrase;
pub mod theme;
