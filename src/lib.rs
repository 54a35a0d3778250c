//! sidetone: chat and audio calls for meetings, in the terminal.
//!
//! ```text
//! terminal, chat, call, identity, deadline ─► Event ─► update(&mut State, Event, now) ─► view
//!                       ▲                                       │
//!                       └────────── runtime::perform ◄── Vec<Effect>
//! ```
//!
//! Everything that happens is an [`event::Event`]. [`update::update`] turns it
//! into a new [`state::State`] and a list of [`effect::Effect`]s; the runtime
//! performs those and feeds what comes back in as events. Views only read.
//! `tests/architecture.rs` holds who may import whom.

pub mod audio;
pub mod call;
pub mod chat;
pub mod cli;
pub mod clock;
pub mod command;
pub mod config;
pub mod effect;
pub mod event;
pub mod history;
pub mod identity;
pub mod model;
pub mod rtc;
pub mod runtime;
pub mod service;
pub mod state;
pub mod tasks;
pub mod token_service;
pub mod update;
pub mod view;
pub mod wire;
