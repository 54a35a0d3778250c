//! The embedded service: real HTTP and WebSocket, the vendor's wire protocols, loopback.

pub mod meetings;
