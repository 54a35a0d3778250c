//! Opus in Ogg (RFC 7845): recordings as bytes to be written, speech clips as bytes read.
//!
//! Nothing here opens a file. A recording is a run of whole pages, the newest at
//! most a second old: whatever the moment at which the writing ends, what was
//! written plays.

use std::io::Cursor;
use std::mem;
use std::time::Duration;

use ogg::PacketReader;
use ogg::PacketWriteEndInfo;
use ogg::PacketWriter;

use super::SAMPLE_RATE;
use super::codec;
use super::codec::Decoder;
use super::time_of;

#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("could not read the Ogg pages")]
    Pages(#[source] ogg::OggReadError),
    #[error("the stream in the file is not Opus of one or two channels")]
    NotOpus,
    #[error("the file ends before its first sound")]
    Empty,
    #[error("could not decode the sound in the file")]
    Sound(#[source] codec::Error),
}

/// Writes one stream of mono Opus packets.
pub struct Writer {
    pages: PacketWriter<'static, Vec<u8>>,
    serial: u32,
    /// The last packet, held back because the one that ends the stream must say so.
    held: Option<Vec<u8>>,
    /// Samples up to the end of the held packet, and of the last page.
    position: u64,
    page_end: u64,
}

impl Writer {
    /// `serial` tells streams apart and is random; `pre_skip` is [`codec::Encoder::lookahead`].
    pub fn new(serial: u32, pre_skip: u16, title: Option<&str>) -> Self {
        let mut writer = Self {
            pages: PacketWriter::new(Vec::new()),
            serial,
            held: None,
            position: 0,
            page_end: 0,
        };
        writer.write(head(pre_skip), PacketWriteEndInfo::EndPage, 0);
        writer.write(tags(title), PacketWriteEndInfo::EndPage, 0);
        writer
    }

    /// Adds a packet that lasts so many samples.
    pub fn packet(&mut self, packet: &[u8], samples: usize) {
        let before = self.held.replace(packet.to_vec());
        if let Some(before) = before {
            let full = self.position - self.page_end >= u64::from(SAMPLE_RATE);
            let end = if full {
                self.page_end = self.position;
                PacketWriteEndInfo::EndPage
            } else {
                PacketWriteEndInfo::NormalPacket
            };
            self.write(before, end, self.position);
        }
        self.position += u64::try_from(samples).unwrap_or(0);
    }

    /// The pages that were completed since this was asked before.
    pub fn take(&mut self) -> Vec<u8> {
        mem::take(self.pages.inner_mut())
    }

    /// The last pages.
    pub fn finish(mut self) -> Vec<u8> {
        let last = self.held.take().unwrap_or_default();
        self.write(last, PacketWriteEndInfo::EndStream, self.position);
        self.pages.into_inner()
    }

    pub fn length(&self) -> Duration {
        time_of(self.position)
    }

    fn write(&mut self, packet: Vec<u8>, end: PacketWriteEndInfo, position: u64) {
        // A vector takes all that is written to it.
        let written = self.pages.write_packet(packet, self.serial, end, position);
        debug_assert!(written.is_ok(), "writing to memory cannot fail");
    }
}

/// A stream read back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Clip {
    /// Samples at the beginning that are not to be heard.
    pub pre_skip: usize,
    /// Samples to be heard.
    pub samples: usize,
    pub packets: Vec<Vec<u8>>,
}

impl Clip {
    /// Reads the first Opus stream of a file.
    pub fn read(file: &[u8]) -> Result<Self, Error> {
        let mut reader = PacketReader::new(Cursor::new(file));
        let mut next = || reader.read_packet().map_err(Error::Pages);
        let head = next()?.ok_or(Error::NotOpus)?;
        let serial = head.stream_serial();
        let pre_skip = read_head(&head.data)?;
        let (mut packets, mut end) = (Vec::new(), 0);
        let mut tags = true;
        while let Some(packet) = next()? {
            if packet.stream_serial() != serial || mem::take(&mut tags) || packet.data.is_empty() {
                continue;
            }
            end = packet.absgp_page();
            packets.push(packet.data);
        }
        if packets.is_empty() {
            return Err(Error::Empty);
        }
        let whole: usize = packets
            .iter()
            .map(|packet| codec::duration(packet).unwrap_or(0))
            .sum();
        // The last page may say that its last packet ends early.
        let end = usize::try_from(end).unwrap_or(whole).min(whole);
        Ok(Self {
            pre_skip,
            samples: end.saturating_sub(pre_skip),
            packets,
        })
    }

    /// The sound of the clip, mono.
    pub fn decode(&self) -> Result<Vec<f32>, Error> {
        let mut decoder = Decoder::new().map_err(Error::Sound)?;
        let mut sound = Vec::new();
        for packet in &self.packets {
            sound.extend_from_slice(decoder.decode(packet).map_err(Error::Sound)?);
        }
        sound.drain(..self.pre_skip.min(sound.len()));
        sound.truncate(self.samples);
        Ok(sound)
    }
}

fn head(pre_skip: u16) -> Vec<u8> {
    let mut head = b"OpusHead\x01\x01".to_vec();
    head.extend(pre_skip.to_le_bytes());
    head.extend(SAMPLE_RATE.to_le_bytes());
    // Output gain, and the mapping family of mono and stereo.
    head.extend([0, 0, 0]);
    head
}

fn read_head(head: &[u8]) -> Result<usize, Error> {
    let [
        b'O',
        b'p',
        b'u',
        b's',
        b'H',
        b'e',
        b'a',
        b'd',
        version,
        channels,
        low,
        high,
        ..,
    ] = head
    else {
        return Err(Error::NotOpus);
    };
    let family = head.get(18).copied();
    if version >> 4 != 0 || !(1..=2).contains(channels) || family != Some(0) {
        return Err(Error::NotOpus);
    }
    Ok(usize::from(u16::from_le_bytes([*low, *high])))
}

fn tags(title: Option<&str>) -> Vec<u8> {
    let mut tags = b"OpusTags".to_vec();
    let mut text = |text: &str| {
        tags.extend(u32::try_from(text.len()).unwrap_or(0).to_le_bytes());
        tags.extend(text.as_bytes());
    };
    text("sidetone");
    let title = title.map(|title| format!("TITLE={title}"));
    let count = u32::from(title.is_some());
    let mut comments = count.to_le_bytes().to_vec();
    if let Some(title) = title {
        comments.extend(u32::try_from(title.len()).unwrap_or(0).to_le_bytes());
        comments.extend(title.as_bytes());
    }
    tags.extend(comments);
    tags
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audio::codec::Encoder;
    use crate::audio::codec::PACKET;
    use crate::audio::codec::Settings;
    use crate::audio::level::dbfs;
    use crate::audio::tone::Sine;
    use proptest::prelude::*;

    /// The pages of a recording of so many packets, as they became ready.
    fn recording(packets: usize) -> Vec<Vec<u8>> {
        let mut encoder = Encoder::new(Settings::default()).unwrap();
        let pre_skip = u16::try_from(encoder.lookahead()).unwrap();
        let mut writer = Writer::new(0x5eed, pre_skip, Some("Design review"));
        let sound: Vec<f32> = Sine::new(700.0, -20.0).take(packets * PACKET).collect();
        let mut pages = vec![writer.take()];
        for chunk in sound.as_chunks().0 {
            writer.packet(&encoder.encode(chunk).unwrap(), PACKET);
            pages.push(writer.take());
        }
        assert_eq!(
            writer.length(),
            Duration::from_millis(20) * u32::try_from(packets).unwrap()
        );
        pages.push(writer.finish());
        pages
    }

    #[test]
    fn a_recording_is_read_back_as_it_was_written() {
        let file = recording(150).concat();
        let clip = Clip::read(&file).unwrap();
        assert_eq!(clip.packets.len(), 150);
        assert_eq!(clip.samples + clip.pre_skip, 150 * PACKET);
        let sound = clip.decode().unwrap();
        assert_eq!(sound.len(), clip.samples);
        assert!((dbfs(&sound[4800..]) + 20.0).abs() < 1.0);
    }

    #[test]
    fn a_recording_that_ended_at_any_moment_is_at_most_a_second_short() {
        let pages = recording(200);
        for cut in [0, 1, 60, 120, 199, 200] {
            let file = pages[..=cut].concat();
            match Clip::read(&file) {
                Ok(clip) => {
                    let missing = cut - clip.packets.len();
                    assert!(missing <= 52, "{missing} packets missing of {cut}");
                    assert!(clip.decode().is_ok());
                }
                Err(Error::Empty) => assert!(cut < 52),
                Err(error) => panic!("{error}"),
            }
        }
    }

    #[test]
    fn an_empty_recording_is_a_file_without_sound() {
        let file = Writer::new(1, 312, None).finish();
        assert!(matches!(Clip::read(&file), Err(Error::Empty)));
    }

    #[test]
    fn a_file_of_another_kind_is_refused() {
        assert!(Clip::read(b"").is_err());
        assert!(Clip::read(b"RIFF\0\0\0\0WAVEfmt ").is_err());
        let mut file = recording(10).concat();
        let at = file
            .windows(8)
            .position(|part| part == b"OpusHead")
            .unwrap();
        file[at] = b'X';
        assert!(Clip::read(&file).is_err());
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(200))]

        #[test]
        fn a_damaged_file_is_an_error_or_a_clip(
            changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..20),
            length in any::<prop::sample::Index>(),
        ) {
            let mut file = recording(3).concat();
            for (at, byte) in changes {
                let at = at.index(file.len());
                file[at] = byte;
            }
            file.truncate(length.index(file.len() + 1));
            if let Ok(clip) = Clip::read(&file) {
                prop_assert!(clip.packets.len() <= 1000);
                let _ = clip.decode();
            }
        }

        #[test]
        fn any_bytes_are_an_error_or_a_clip(bytes in prop::collection::vec(any::<u8>(), 0..600)) {
            let mut file = b"OggS".to_vec();
            file.extend(bytes);
            let _ = Clip::read(&file);
        }
    }
}
