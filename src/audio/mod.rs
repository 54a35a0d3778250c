//! The media engine: everything that is done to sound, and nothing that moves it.
//!
//! ```text
//! microphone, bridge ─► drift::Fifo ─► processing ─► level ─► send ─► packets
//! packets ─► receive (jitter, codec, drift) ─► mix ─► drift::Fifo ─► loudspeaker, bridge
//! ```
//!
//! One engine stands behind three kinds of source and sink: sound devices, the
//! PCM bridge of the browser page and the WebRTC peer. It knows none of them.
//! Sound is 48 kHz mono `f32` in -1..1, in frames of 10 ms. Time is a
//! [`Duration`] since any fixed start, handed in by the caller: nothing here
//! reads a clock, waits, locks or does IO.

pub mod codec;
pub mod drift;
pub mod fade;
pub mod jitter;
pub mod level;
pub mod limiter;
pub mod mix;
pub mod ogg;
pub mod playout;
pub mod processing;
pub mod receive;
pub mod resample;
pub mod send;
pub mod tone;

#[cfg(test)]
mod tests;

use std::time::Duration;

/// Samples in a second, everywhere in this module.
pub const SAMPLE_RATE: u32 = 48_000;

/// Samples in a frame.
pub const FRAME: usize = 480;

/// What a frame lasts.
pub const FRAME_TIME: Duration = Duration::from_millis(10);

/// 10 ms of sound, mono.
pub type Frame = [f32; FRAME];

pub const SILENCE: Frame = [0.0; FRAME];

/// A sample as sound cards and the PCM bridge take it; what is too loud is cut, what is no number is silence.
#[expect(
    clippy::cast_possible_truncation,
    reason = "float to integer saturates, and not-a-number becomes zero"
)]
pub fn to_i16(sample: f32) -> i16 {
    (sample * 32_767.0).round() as i16
}

pub fn from_i16(sample: i16) -> f32 {
    f32::from(sample) / 32_768.0
}

/// The time that so many samples last.
pub fn time_of(samples: u64) -> Duration {
    Duration::from_nanos(samples.saturating_mul(1_000_000_000) / u64::from(SAMPLE_RATE))
}
