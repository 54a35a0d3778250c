//! How what we know is shown; reads only.

pub(crate) mod facts;
#[cfg(test)]
pub(crate) mod fixture;
pub mod fullscreen;
pub mod linear;
pub mod phrase;
pub mod theme;
