//! How what we know is shown; reads only.

pub(crate) mod facts;
#[cfg(test)]
mod fixture;
pub mod fullscreen;
pub mod linear;
pub mod phrase;
pub mod theme;
