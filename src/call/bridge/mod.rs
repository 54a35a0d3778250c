//! Calls by way of the vendor's Calling SDK, which runs in a browser without a window.
//!
//! ```text
//! commands ─► session (decides) ─► server (two sockets on loopback) ◄─► page, SDK
//!   events ◄─                  ─► browser (started on demand, ended with the call)
//!    sound ◄──────────────────────────────── frames of 10 ms ─────────┘
//! ```
//!
//! `page` holds what the browser loads from here; the SDK itself is the user's, installed by
//! `sidetone setup calls`, and never part of this program.

mod browser;
mod convert;
mod driver;
mod launch;
mod pcm;
mod seen;
mod server;
mod session;
pub mod trial;

pub use browser::find;
pub use driver::Settings;
pub use driver::run;
pub use pcm::Pcm;
pub use pcm::PcmEnds;
pub use pcm::PcmWish;
pub use pcm::to_samples;
