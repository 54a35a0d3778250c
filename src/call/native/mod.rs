//! Calls of the embedded service: its signalling session and driver.

mod convert;
mod driver;
mod session;

pub use driver::Settings;
pub use driver::run;
