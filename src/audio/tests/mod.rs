//! The engine as a whole, on sound made by arithmetic and a network made of numbers.

mod hours;
mod impairment;
mod mute;
mod network;
pub(in crate::audio) mod signal;
pub(in crate::audio) mod speech;

use super::*;

#[test]
fn samples_become_integers_and_come_back() {
    for sample in [0, 1, -1, 12_345, -32_767] {
        let error = to_i16(from_i16(sample)) - sample;
        assert!(error.abs() <= 1, "{sample} by {error}");
    }
    assert_eq!((to_i16(1.0), to_i16(7.0)), (32_767, 32_767));
    assert_eq!((to_i16(-7.0), to_i16(f32::NAN)), (-32_768, 0));
    assert_eq!(time_of(FRAME as u64), FRAME_TIME);
}
