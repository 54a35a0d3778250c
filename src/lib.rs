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
