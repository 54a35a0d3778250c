//! WebRTC audio: the client and the embedded service end their connections with the same code.
//!
//! [`peer::Peer`] is the protocol without sockets; [`driver`] gives the client's one peer
//! its sockets, [`hub`] the service's many peers one port. Opus only, and packets only:
//! decoding, jitter and mixing are elsewhere. Signalling is the owner's: descriptions
//! come and go as [`sdp::Sdp`].

pub mod datagram;
pub mod driver;
pub mod framing;
pub mod hub;
mod outbox;
pub mod packet;
pub mod peer;
pub mod sdp;
mod sockets;
pub mod stats;
mod stream;

pub use sockets::route;
