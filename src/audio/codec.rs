//! Opus, and the one place that names the library behind it.
//!
//! 48 kHz mono, packets of 20 ms. What arrives may be anything that a browser
//! sends (2.5 to 120 ms, stereo, no forward error correction) or garbage: a bad
//! packet is an error and leaves the decoder usable.

use std::ops::RangeInclusive;
use std::sync::Arc;

use super::SAMPLE_RATE;

/// Samples in a packet that we send: 20 ms.
pub const PACKET: usize = 960;

/// The longest packet there is: 120 ms.
pub const LONGEST: usize = 5760;

/// Sound lost and found is handled in multiples of 2.5 ms.
pub const GRAIN: usize = 120;

/// How the encoder is set up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Settings {
    /// Bits a second.
    pub bitrate: u32,
    /// 0 to 10: processor time against quality.
    pub complexity: u8,
    /// Percent of packets expected to get lost; steers forward error correction.
    pub expected_loss: u8,
    pub silence: Silence,
}

/// What becomes of packets in which nobody speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Silence {
    /// DTX: after 0.2 s of silence only a sign of life every 0.4 s.
    Discontinuous,
    /// Every packet is a full one: for recordings.
    Continuous,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            bitrate: 32_000,
            complexity: 9,
            expected_loss: *LOSS.start(),
            silence: Silence::Discontinuous,
        }
    }
}

#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("could not set up the Opus codec")]
    Setup(#[source] opus::Error),
    #[error("could not encode a packet")]
    Encode(#[source] opus::Error),
    #[error("a packet of {0} bytes is no Opus packet")]
    Size(usize),
    #[error("could not decode a packet")]
    Decode(#[source] opus::Error),
}

#[derive(Debug)]
pub struct Encoder {
    inner: opus::Encoder,
    buffer: Box<[u8; MOST_BYTES]>,
}

impl Encoder {
    pub fn new(settings: Settings) -> Result<Self, Error> {
        let mut inner =
            opus::Encoder::new(SAMPLE_RATE, opus::Channels::Mono, opus::Application::Voip)
                .map_err(Error::Setup)?;
        let bitrate = i32::try_from(settings.bitrate.clamp(6_000, 510_000)).unwrap_or(32_000);
        let set_up = |inner: &mut opus::Encoder| {
            inner.set_bitrate(opus::Bitrate::Bits(bitrate))?;
            inner.set_complexity(i32::from(settings.complexity.min(10)))?;
            inner.set_inband_fec(true)?;
            inner.set_dtx(settings.silence == Silence::Discontinuous)
        };
        set_up(&mut inner).map_err(Error::Setup)?;
        let mut encoder = Self {
            inner,
            buffer: Box::new([0; MOST_BYTES]),
        };
        encoder.set_expected_loss(settings.expected_loss)?;
        Ok(encoder)
    }

    /// What receiver reports say, in percent. Never below 5: the first loss comes before the first report.
    pub fn set_expected_loss(&mut self, percent: u8) -> Result<(), Error> {
        let percent = percent.clamp(*LOSS.start(), *LOSS.end());
        self.inner
            .set_packet_loss_perc(i32::from(percent))
            .map_err(Error::Setup)
    }

    pub fn encode(&mut self, sound: &[f32; PACKET]) -> Result<Arc<[u8]>, Error> {
        let length = self
            .inner
            .encode_float(sound, &mut self.buffer[..])
            .map_err(Error::Encode)?;
        Ok(Arc::from(&self.buffer[..length]))
    }

    /// Samples by which the decoded sound lies behind: the pre-skip of a file.
    pub fn lookahead(&mut self) -> usize {
        self.inner
            .get_lookahead()
            .ok()
            .and_then(|samples| usize::try_from(samples).ok())
            .unwrap_or(USUAL_LOOKAHEAD)
    }
}

/// Whether a packet holds nothing but "silence begins", as DTX sends it.
pub fn is_silence_mark(packet: &[u8]) -> bool {
    packet.len() <= 2
}

/// Samples that a packet lasts, read from its head.
pub fn duration(packet: &[u8]) -> Result<usize, Error> {
    check(packet)?;
    opus::packet::get_nb_samples(packet, SAMPLE_RATE).map_err(Error::Decode)
}

/// Whether the packet also holds a coarse copy of the one before it.
pub fn has_copy_of_previous(packet: &[u8]) -> bool {
    // Read from the first bytes of the SILK layer (RFC 6716, 4.2.3 and 4.2.4): a voice activity
    // flag for each 20 ms of a channel, then whether there is a copy.
    let Some(toc) = packet.first().copied() else {
        return false;
    };
    if check(packet).is_err() || toc & 0x80 != 0 {
        return false;
    }
    let Ok(parsed) = opus::packet::parse(packet) else {
        return false;
    };
    let Some(flags) = parsed.frames.first().and_then(|frame| frame.first()) else {
        return false;
    };
    let each = opus::packet::get_samples_per_frame(packet, SAMPLE_RATE).unwrap_or(PACKET);
    let voices = (each / PACKET).clamp(1, 3);
    let middle = flags >> (7 - voices) & 1 == 1;
    let side = toc & 0x04 != 0 && flags >> (6 - 2 * voices) & 1 == 1;
    middle || side
}

#[derive(Debug)]
pub struct Decoder {
    inner: opus::Decoder,
    buffer: Box<[f32; LONGEST]>,
}

impl Decoder {
    pub fn new() -> Result<Self, Error> {
        let inner = opus::Decoder::new(SAMPLE_RATE, opus::Channels::Mono).map_err(Error::Setup)?;
        Ok(Self {
            inner,
            buffer: Box::new([0.0; LONGEST]),
        })
    }

    /// The sound of a packet.
    pub fn decode(&mut self, packet: &[u8]) -> Result<&[f32], Error> {
        check(packet)?;
        self.run(packet, LONGEST, false)
    }

    /// The sound of the packet before `next`, from the copy in `next`: `samples` of it, concealed if there is no copy.
    pub fn recover(&mut self, next: &[u8], samples: usize) -> Result<&[f32], Error> {
        check(next)?;
        self.run(next, grains(samples), true)
    }

    /// Sound for `samples` of which nothing is known: the last one drawn on, turning into its background noise.
    pub fn conceal(&mut self, samples: usize) -> Result<&[f32], Error> {
        self.run(&[], grains(samples), false)
    }

    fn run(&mut self, packet: &[u8], samples: usize, copy: bool) -> Result<&[f32], Error> {
        let got = self
            .inner
            .decode_float(packet, &mut self.buffer[..samples], copy)
            .map_err(Error::Decode)?;
        let sound = &mut self.buffer[..got.min(samples)];
        // A packet made for it decodes to anything, and one endless sample would silence every mix it reaches.
        for sample in &mut *sound {
            *sample = if sample.is_finite() {
                sample.clamp(-LOUDEST, LOUDEST)
            } else {
                0.0
            };
        }
        Ok(sound)
    }
}

fn check(packet: &[u8]) -> Result<(), Error> {
    if packet.is_empty() || packet.len() > MOST_BYTES_IN {
        return Err(Error::Size(packet.len()));
    }
    Ok(())
}

fn grains(samples: usize) -> usize {
    (samples / GRAIN * GRAIN).clamp(GRAIN, LONGEST)
}

/// A 20 ms packet has at most 1275 bytes, and one more for its head.
const MOST_BYTES: usize = 1276;

/// Far beyond a network packet; whatever is longer is no sound.
const MOST_BYTES_IN: usize = 4000;

const LOSS: RangeInclusive<u8> = 5..=50;
const USUAL_LOOKAHEAD: usize = 312;

/// Decoded sound may overshoot full scale a little; limiting is the mixer's task.
const LOUDEST: f32 = 4.0;
