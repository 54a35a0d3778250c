//! What somebody who signs in has to do, and by which way they do it.

use std::time::Duration;

/// Where the browser is in which somebody signs in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum By {
    /// On this machine.
    Browser,
    /// Anywhere: a code is typed there.
    DeviceCode,
}

/// What the person has to do now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
    /// Open this in a browser of this machine.
    Visit { url: String },
    /// Open this in any browser, and type the code there.
    Enter {
        url: String,
        code: String,
        lasts: Duration,
    },
}
