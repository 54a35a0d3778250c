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
    /// Percent of packets said to get lost; steers forward error correction.
    pub expected_loss: u8,
    pub silence: Silence,
}

/// What becomes of packets in which nobody speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Silence {
    /// DTX: after 0.2 s of silence only a sign of life every 0.4 s.
    Discontinuous,
    /// The same where zeros alone are silence, so that Opus need not listen for voices: for mixes,
    /// as whoever is in them said so already when they were silent.
    Zeros,
    /// Every packet is a full one: for recordings.
    Continuous,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            bitrate: 32_000,
            complexity: COMPLEXITY,
            expected_loss: 0,
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
    bitrate: u32,
    silence: Silence,
    /// Packets of zeros in a row, where they matter.
    zeros: u32,
    buffer: Box<[u8; MOST_BYTES]>,
}

impl Encoder {
    pub fn new(settings: Settings) -> Result<Self, Error> {
        let mut inner =
            opus::Encoder::new(SAMPLE_RATE, opus::Channels::Mono, opus::Application::Voip)
                .map_err(Error::Setup)?;
        let set_up = |inner: &mut opus::Encoder| {
            inner.set_complexity(i32::from(settings.complexity.min(10)))?;
            // Left to itself, at little loss it takes some voices for music and sends no copies.
            inner.set_signal(opus::Signal::Voice)?;
            inner.set_inband_fec(true)?;
            inner.set_dtx(settings.silence == Silence::Discontinuous)
        };
        set_up(&mut inner).map_err(Error::Setup)?;
        let mut encoder = Self {
            inner,
            bitrate: settings.bitrate.clamp(6_000, 340_000),
            silence: settings.silence,
            zeros: 0,
            buffer: Box::new([0; MOST_BYTES]),
        };
        encoder.set_expected_loss(settings.expected_loss)?;
        Ok(encoder)
    }

    /// What receiver reports say, in percent.
    ///
    /// The copies that packets carry of the one before get finer the more loss is expected, and
    /// of all that are lost only those copies are left: they are made for three times the loss,
    /// and pay with bits of their own rather than with those of the voice.
    pub fn set_expected_loss(&mut self, percent: u8) -> Result<(), Error> {
        let expected = percent.saturating_mul(3).clamp(*LOSS.start(), *LOSS.end());
        let bitrate = if MENDED.contains(&percent) {
            2 * self.bitrate
        } else {
            self.bitrate
        };
        let bits = opus::Bitrate::Bits(i32::try_from(bitrate).unwrap_or(i32::MAX));
        self.inner
            .set_packet_loss_perc(i32::from(expected))
            .and_then(|()| self.inner.set_bitrate(bits))
            .map_err(Error::Setup)
    }

    pub fn encode(&mut self, sound: &[f32; PACKET]) -> Result<Arc<[u8]>, Error> {
        if self.silence == Silence::Zeros && self.is_silent(sound) {
            // As Opus itself says it: the head of a packet, of one frame with nothing in it.
            return Ok(Arc::from([self.buffer[0] & !FRAMES]));
        }
        let length = self
            .inner
            .encode_float(sound, &mut self.buffer[..])
            .map_err(Error::Encode)?;
        Ok(Arc::from(&self.buffer[..length]))
    }

    fn is_silent(&mut self, sound: &[f32; PACKET]) -> bool {
        let zeros = sound.iter().all(|sample| *sample == 0.0);
        self.zeros = if zeros {
            self.zeros.saturating_add(1)
        } else {
            0
        };
        self.zeros > DYING_AWAY
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
    buffer: Box<[f32]>,
}

impl Decoder {
    pub fn new() -> Result<Self, Error> {
        let inner = opus::Decoder::new(SAMPLE_RATE, opus::Channels::Mono).map_err(Error::Setup)?;
        Ok(Self {
            inner,
            buffer: vec![0.0; LONGEST].into_boxed_slice(),
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

/// Speech at 32 kbit/s is no worse than at 9, in signal-to-noise and in PESQ, and takes seven
/// tenths of the time. Below 7 the encoder takes a steady tone for silence.
const COMPLEXITY: u8 = 7;

/// Packets of silence that are sent as sound, as Opus's own DTX has it.
const DYING_AWAY: u32 = 10;

/// The bits in the head of a packet that say how many frames it holds, less one.
const FRAMES: u8 = 3;

/// A 20 ms packet has at most 1275 bytes, and one more for its head.
const MOST_BYTES: usize = 1276;

/// Far beyond a network packet; whatever is longer is no sound.
const MOST_BYTES_IN: usize = 4000;

/// Never below 5 percent: the first loss comes before the first report.
const LOSS: RangeInclusive<u8> = 5..=50;
/// The loss in percent for which more bits are spent. Beyond it the way is full, and more would make it worse.
const MENDED: RangeInclusive<u8> = 3..=30;
const USUAL_LOOKAHEAD: usize = 312;

/// Decoded sound may overshoot full scale a little; limiting is the mixer's task.
const LOUDEST: f32 = 4.0;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audio::level::dbfs;
    use crate::audio::tone::Sine;
    use proptest::prelude::*;

    fn packets(sound: &[f32], settings: Settings) -> Vec<Arc<[u8]>> {
        let mut encoder = Encoder::new(settings).unwrap();
        sound
            .as_chunks()
            .0
            .iter()
            .map(|chunk| encoder.encode(chunk).unwrap())
            .collect()
    }

    fn tone(packets: usize) -> Vec<f32> {
        Sine::new(440.0, -20.0).take(packets * PACKET).collect()
    }

    /// What a browser may send: a tone in two channels, several frames in each packet.
    fn stereo(frames: usize) -> Vec<Vec<u8>> {
        let mut encoder = opus::Encoder::new(
            SAMPLE_RATE,
            opus::Channels::Stereo,
            opus::Application::Audio,
        )
        .unwrap();
        let sound: Vec<f32> = tone(12).iter().flat_map(|sample| [*sample; 2]).collect();
        let singles: Vec<_> = sound
            .chunks_exact(2 * PACKET)
            .map(|chunk| encoder.encode_vec_float(chunk, 1000).unwrap())
            .collect();
        let mut repacketizer = opus::Repacketizer::new().unwrap();
        let joined = |group: &[Vec<u8>]| {
            let parts: Vec<_> = group.iter().map(Vec::as_slice).collect();
            let mut packet = vec![0; 4000];
            let length = repacketizer.combine(&parts, &mut packet).unwrap();
            packet.truncate(length);
            packet
        };
        singles.chunks(frames).map(joined).collect()
    }

    #[test]
    fn a_packet_lasts_twenty_milliseconds_and_keeps_to_its_bit_rate() {
        let sound = tone(100);
        let packets = packets(&sound, Settings::default());
        let bytes: usize = packets.iter().map(|packet| packet.len()).sum();
        assert!(
            (4_000..12_000).contains(&bytes),
            "{bytes} bytes in two seconds"
        );
        let mut decoder = Decoder::new().unwrap();
        for packet in &packets {
            assert_eq!(duration(packet).unwrap(), PACKET);
            assert_eq!(decoder.decode(packet).unwrap().len(), PACKET);
        }
    }

    #[test]
    fn browsers_packets_of_two_channels_and_a_hundred_and_twenty_milliseconds_are_heard() {
        for (frames, samples) in [(1, PACKET), (3, 3 * PACKET), (6, LONGEST)] {
            let mut decoder = Decoder::new().unwrap();
            let mut sound = Vec::new();
            for packet in stereo(frames) {
                assert_eq!(duration(&packet).unwrap(), samples);
                sound.extend_from_slice(decoder.decode(&packet).unwrap());
            }
            assert_eq!(sound.len(), 12 * PACKET);
            let level = dbfs(&sound[6 * PACKET..]);
            assert!((level + 20.0).abs() < 1.0, "{level}");
        }
    }

    #[test]
    fn speech_packets_carry_a_copy_of_the_one_before() {
        let mut sound = Vec::new();
        for note in 0..20_u8 {
            sound.extend(Sine::new(150.0 + 20.0 * f32::from(note), -20.0).take(2 * PACKET));
        }
        let settings = Settings {
            expected_loss: 7,
            ..Settings::default()
        };
        let packets = packets(&sound, settings);
        let copies = packets
            .iter()
            .filter(|packet| has_copy_of_previous(packet))
            .count();
        assert!(copies > 10, "{copies} of {}", packets.len());
        assert!(!has_copy_of_previous(&stereo(1)[0]));
        assert!(!has_copy_of_previous(&[]));
    }

    #[test]
    fn silence_is_marked_only_where_it_may_be_left_out() {
        let silence = vec![0.0; 30 * PACKET];
        let marks = |silence_setting| {
            let settings = Settings {
                silence: silence_setting,
                ..Settings::default()
            };
            packets(&silence, settings)
                .iter()
                .filter(|packet| is_silence_mark(packet))
                .count()
        };
        assert!(marks(Silence::Discontinuous) >= 15);
        assert_eq!(marks(Silence::Zeros), 20);
        assert_eq!(marks(Silence::Continuous), 0);
    }

    #[test]
    fn where_zeros_alone_are_silence_a_steady_tone_is_none_and_sounds_after_it() {
        let mut sound = tone(50);
        sound.extend(vec![0.0; 20 * PACKET]);
        sound.extend(tone(50));
        let settings = Settings {
            complexity: 6,
            silence: Silence::Zeros,
            ..Settings::default()
        };
        let mut decoder = Decoder::new().unwrap();
        let mut heard = Vec::new();
        for (at, packet) in packets(&sound, settings).iter().enumerate() {
            assert_eq!(is_silence_mark(packet), (60..70).contains(&at), "{at}");
            assert_eq!(duration(packet).unwrap(), PACKET);
            heard.extend_from_slice(decoder.decode(packet).unwrap());
        }
        for voiced in [10..50, 72..120] {
            let level = dbfs(&heard[voiced.start * PACKET..voiced.end * PACKET]);
            assert!((level + 20.0).abs() < 0.5, "{level}");
        }
        assert!(dbfs(&heard[60 * PACKET..70 * PACKET]) < -80.0);
    }

    #[test]
    fn expected_loss_has_bounds_and_any_settings_make_an_encoder() {
        let settings = Settings {
            bitrate: 0,
            complexity: 99,
            expected_loss: 255,
            silence: Silence::Continuous,
        };
        let mut encoder = Encoder::new(settings).unwrap();
        for (said, expected) in [(0, 5), (100, 50)] {
            encoder.set_expected_loss(said).unwrap();
            assert_eq!(encoder.inner.get_packet_loss_perc().unwrap(), expected);
        }
        assert!((100..1000).contains(&encoder.lookahead()));
    }

    #[test]
    fn copies_against_loss_are_paid_with_bits_of_their_own() {
        let mut encoder = Encoder::new(Settings::default()).unwrap();
        for (said, bits) in [
            (0, 32_000),
            (2, 32_000),
            (3, 64_000),
            (10, 64_000),
            (31, 32_000),
        ] {
            encoder.set_expected_loss(said).unwrap();
            let spent = encoder.inner.get_bitrate().unwrap();
            assert_eq!(spent, opus::Bitrate::Bits(bits), "{said} %");
        }
    }

    #[test]
    fn what_is_no_packet_is_an_error_and_the_decoder_goes_on() {
        let mut decoder = Decoder::new().unwrap();
        assert!(matches!(decoder.decode(&[]), Err(Error::Size(0))));
        assert!(matches!(duration(&[0; 5000]), Err(Error::Size(5000))));
        // A packet that says it holds no frames, and one longer than 120 ms.
        assert!(duration(&[0x03]).is_err());
        assert!(duration(&[0x1b, 0x3f]).is_err());
        assert!(decoder.decode(&[0xff, 0xff, 0xff]).is_err());
        let packets = packets(&tone(10), Settings::default());
        for packet in &packets {
            decoder.decode(packet).unwrap();
        }
        assert_eq!(decoder.conceal(481).unwrap().len(), 480);
        assert_eq!(decoder.conceal(0).unwrap().len(), GRAIN);
        assert_eq!(decoder.recover(&packets[9], PACKET).unwrap().len(), PACKET);
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(300))]

        #[test]
        fn any_bytes_decode_or_fail_and_the_sound_is_finite(
            packets in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..200), 1..6),
            missing in 0_usize..7000,
        ) {
            let mut decoder = Decoder::new().unwrap();
            for packet in &packets {
                let expected = duration(packet);
                has_copy_of_previous(packet);
                if let Ok(sound) = decoder.decode(packet) {
                    prop_assert_eq!(sound.len(), expected.unwrap());
                    prop_assert!(sound.iter().all(|sample| sample.abs() <= LOUDEST));
                }
                if let Ok(sound) = decoder.recover(packet, missing) {
                    prop_assert!(sound.iter().all(|sample| sample.abs() <= LOUDEST));
                }
                prop_assert!(decoder.conceal(missing).is_ok());
            }
        }
    }
}
