//! Calls of the embedded service: its signalling session and driver.
