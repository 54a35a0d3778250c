//! The vocabulary: plain values that no vendor is behind.
//!
//! Text in here is clean: it was stripped of control characters and
//! bidirectional overrides where it entered (see [`text`]).

pub mod account;
pub mod announcement;
pub mod call;
pub mod callee;
pub mod capability;
pub mod control;
pub mod directory;
pub mod failure;
pub mod hidden;
pub mod identity;
pub mod key;
pub mod locator;
pub mod meeting;
pub mod message;
pub mod notice;
pub mod permission;
pub mod rich;
pub mod settings;
pub mod sign_in;
pub mod sound;
pub mod spot;
pub mod status;
pub mod text;
pub mod thread;
pub mod turn;
pub mod usage;
