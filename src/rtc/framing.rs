//! Datagrams on a TCP stream: two bytes of length, then the datagram (RFC 4571).

use thiserror::Error;

/// Puts the pieces that a stream is read in together again.
#[derive(Debug, Default)]
pub struct Deframer {
    buffer: Vec<u8>,
    /// How much of the buffer was handed out.
    read: usize,
}

#[derive(Debug, Error, PartialEq, Eq)]
#[error("the stream holds a frame of {0} bytes, longer than any of ours")]
pub struct TooLong(usize);

impl Deframer {
    pub fn push(&mut self, bytes: &[u8]) {
        self.buffer.drain(..self.read);
        self.read = 0;
        self.buffer.extend_from_slice(bytes);
    }

    /// The next whole datagram. After an error the stream makes no sense any more.
    pub fn next_datagram(&mut self) -> Result<Option<&[u8]>, TooLong> {
        let unread = &self.buffer[self.read..];
        let Some((length, rest)) = unread.split_first_chunk::<2>() else {
            return Ok(None);
        };
        let length = usize::from(u16::from_be_bytes(*length));
        if length > LONGEST {
            return Err(TooLong(length));
        }
        if rest.len() < length {
            return Ok(None);
        }
        let start = self.read + 2;
        self.read = start + length;
        Ok(Some(&self.buffer[start..self.read]))
    }
}

/// Appends `datagram` to what is to be written. Longer ones than a peer accepts are left out.
pub fn frame(datagram: &[u8], into: &mut Vec<u8>) {
    if let Ok(length) = u16::try_from(datagram.len())
        && datagram.len() <= LONGEST
    {
        into.extend_from_slice(&length.to_be_bytes());
        into.extend_from_slice(datagram);
    }
}

/// Nothing in a call is longer than an Ethernet frame; a little more is granted.
pub const LONGEST: usize = 2048;

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn all(deframer: &mut Deframer) -> Vec<Vec<u8>> {
        std::iter::from_fn(|| deframer.next_datagram().unwrap().map(<[u8]>::to_vec)).collect()
    }

    #[test]
    fn a_frame_too_long_for_any_datagram_is_an_error() {
        let mut deframer = Deframer::default();
        deframer.push(&[0xff, 0xff, 0]);
        assert_eq!(deframer.next_datagram(), Err(TooLong(0xffff)));
    }

    proptest! {
        #[test]
        fn datagrams_survive_a_stream_cut_anywhere(
            datagrams in proptest::collection::vec(proptest::collection::vec(any::<u8>(), 0..300), 0..8),
            cut in 1_usize..64,
        ) {
            let mut stream = Vec::new();
            for datagram in &datagrams {
                frame(datagram, &mut stream);
            }
            let mut deframer = Deframer::default();
            let mut found = Vec::new();
            for piece in stream.chunks(cut) {
                deframer.push(piece);
                found.extend(all(&mut deframer));
            }
            prop_assert_eq!(found, datagrams);
        }

        #[test]
        fn any_bytes_are_frames_or_an_error_and_never_kept_beyond_one_frame(
            pieces in proptest::collection::vec(proptest::collection::vec(any::<u8>(), 0..200), 0..40),
        ) {
            let mut deframer = Deframer::default();
            for piece in &pieces {
                deframer.push(piece);
                loop {
                    match deframer.next_datagram() {
                        Ok(Some(_)) => {}
                        Ok(None) => break,
                        Err(_) => return Ok(()),
                    }
                }
                prop_assert!(deframer.buffer.len() - deframer.read <= LONGEST + 2);
            }
        }
    }
}
