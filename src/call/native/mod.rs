//! Calls of the embedded service: its signalling session and driver.

mod convert;
mod driver;
mod media;
mod session;

pub use driver::Settings;
pub use driver::run;
pub use media::Media;
pub use media::MediaEnds;
pub use media::MediaWish;
pub use media::MediaWord;
