//! Calls of the embedded service: its signalling session and driver.

mod convert;
mod session;

pub use session::Input;
pub use session::Output;
pub use session::Session;
pub use session::Token;
