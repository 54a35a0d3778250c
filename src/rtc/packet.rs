//! One Opus packet, going out and come in, and the gate that lets media pass or not.

use std::fmt;
use std::sync::Arc;

use crate::clock::Moment;

/// What is sent: one Opus packet and its place on the sender's 48 kHz timeline.
#[derive(Clone)]
pub struct Frame {
    pub timestamp: u32,
    pub payload: Arc<[u8]>,
    pub level: Option<Level>,
    /// The first packet after a pause.
    pub marker: bool,
}

/// What arrived, at once and in the order of arrival: reordering is the jitter buffer's work.
#[derive(Clone, PartialEq, Eq)]
pub struct Packet {
    /// The stream; when it changes, sequence numbers and timestamps begin anew.
    pub ssrc: u32,
    /// Extended, so that it never wraps.
    pub sequence: u64,
    pub timestamp: u32,
    pub payload: Arc<[u8]>,
    pub level: Option<Level>,
    pub marker: bool,
    pub arrived: Moment,
}

impl Packet {
    /// The sequence number as RTP carries it, which wraps.
    #[expect(clippy::cast_possible_truncation, reason = "wrapping is the point")]
    pub const fn number(&self) -> u16 {
        self.sequence as u16
    }
}

/// How loud the sound in a packet is, so that a mixer need not decode it to know (RFC 6464).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Level {
    /// Decibels below full scale, 0 to -127.
    pub dbov: i8,
    pub voice: bool,
}

/// Whether media passes. Every peer begins with a shut gate: in the lobby, on hold and
/// before admission no packet is delivered and no frame is sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Gate {
    #[default]
    Shut,
    Open,
}

// What people say is content: only its size is ever printed.
impl fmt::Debug for Frame {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Frame")
            .field("timestamp", &self.timestamp)
            .field("bytes", &self.payload.len())
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for Packet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Packet")
            .field("sequence", &self.sequence)
            .field("timestamp", &self.timestamp)
            .field("bytes", &self.payload.len())
            .finish_non_exhaustive()
    }
}
