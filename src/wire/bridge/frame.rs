//! Ten milliseconds of sound, mono, 48 kHz, little-endian.
//!
//! ```text
//!  0  u32  sequence: 0 for the first of a direction and a launch; wraps
//!  4   u32  call
//!  8   u64  microseconds on the sender's clock when the first sample was captured
//! 16   i16  480 samples
//! ```

pub const SAMPLES: usize = 480;
const HEAD: usize = 16;
const LENGTH: usize = HEAD + 2 * SAMPLES;

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Frame {
    pub sequence: u32,
    pub call: u32,
    pub micros: u64,
    pub samples: [i16; SAMPLES],
}

/// A frame of another length is nonsense.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a frame of sound has {LENGTH} bytes, not {0}")]
pub struct Wrong(usize);

impl Frame {
    pub fn read(bytes: &[u8]) -> Result<Self, Wrong> {
        let bytes: &[u8; LENGTH] = bytes.try_into().map_err(|_| Wrong(bytes.len()))?;
        let (sequence, rest) = bytes.split_first_chunk().ok_or(Wrong(0))?;
        let (call, rest) = rest.split_first_chunk().ok_or(Wrong(0))?;
        let (micros, rest) = rest.split_first_chunk().ok_or(Wrong(0))?;
        let mut samples = [0; SAMPLES];
        for (sample, pair) in samples.iter_mut().zip(rest.chunks_exact(2)) {
            *sample = i16::from_le_bytes([pair[0], pair[1]]);
        }
        Ok(Self {
            sequence: u32::from_le_bytes(*sequence),
            call: u32::from_le_bytes(*call),
            micros: u64::from_le_bytes(*micros),
            samples,
        })
    }

    pub fn write(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(LENGTH);
        bytes.extend(self.sequence.to_le_bytes());
        bytes.extend(self.call.to_le_bytes());
        bytes.extend(self.micros.to_le_bytes());
        for sample in self.samples {
            bytes.extend(sample.to_le_bytes());
        }
        bytes
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_example_is_read_and_written() {
        let example: serde_json::Value =
            serde_json::from_str(include_str!("../../../tests/fixtures/bridge/frame.json"))
                .unwrap();
        let hex = example["hex"].as_str().unwrap();
        let bytes: Vec<u8> = (0..hex.len())
            .step_by(2)
            .map(|at| u8::from_str_radix(&hex[at..at + 2], 16).unwrap())
            .collect();
        let frame = Frame::read(&bytes).unwrap();
        assert_eq!(frame.write(), bytes);
        assert_eq!(
            u64::from(frame.sequence),
            example["sequence"].as_u64().unwrap()
        );
        assert_eq!(u64::from(frame.call), example["call"].as_u64().unwrap());
    }

    #[test]
    fn another_length_is_refused() {
        assert_eq!(Frame::read(&[0; 3]), Err(Wrong(3)));
        assert!(Frame::read(&[0; LENGTH + 1]).is_err());
    }
}
