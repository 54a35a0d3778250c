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
