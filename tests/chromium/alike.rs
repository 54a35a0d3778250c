//! How much of a sound is left in another that was played with a delay that changes.

/// In dB, from a sample on. Each piece counts at the delay at which it fits best near the last one.
pub(crate) fn signal_to_noise(clean: &[f32], heard: &[f32], from: usize) -> f64 {
    let mut delay = beginning(clean, heard, from);
    let (mut signal, mut noise) = (0.0, 0.0);
    let end = clean.len() - clean.len() % PIECE;
    for start in (from..end).step_by(PIECE) {
        let piece = &clean[start..start + PIECE];
        let own = power(piece);
        // Of silence nothing can be learnt, and little be lost.
        let (best, left) = best(piece, heard, start, delay - REACH..=delay + REACH);
        if own > QUIET * PIECE as f64 {
            delay = best;
        }
        signal += own;
        noise += left.min(own);
    }
    10.0 * (signal / noise).log10()
}

/// The delay of a whole second. One of the two may have been listened to long before anything was said.
fn beginning(clean: &[f32], heard: &[f32], from: usize) -> isize {
    let piece = &clean[from..from + 48_000];
    let longest = heard.len().saturating_sub(clean.len()) + 48_000;
    best(piece, heard, from, -12_000..=longest.cast_signed()).0
}

/// The delay in this range at which least is left of the difference, and how much that is.
fn best(
    piece: &[f32],
    heard: &[f32],
    start: usize,
    range: std::ops::RangeInclusive<isize>,
) -> (isize, f64) {
    let coarse = range.clone().step_by(COARSE);
    let near = coarse.min_by(|a, b| {
        let [a, b] = [a, b].map(|delay| left(piece, heard, start, *delay, COARSE / 2));
        a.total_cmp(&b)
    });
    let near = near.unwrap_or(*range.start());
    let reach = COARSE.cast_signed();
    let fine =
        (near - reach..=near + reach).map(|delay| (delay, left(piece, heard, start, delay, 1)));
    let best = fine.min_by(|(_, a), (_, b)| a.total_cmp(b));
    best.unwrap_or((near, f64::INFINITY))
}

/// The power of the difference, of each `step`th sample.
fn left(piece: &[f32], heard: &[f32], start: usize, delay: isize, step: usize) -> f64 {
    let Some(begin) = start.checked_add_signed(delay) else {
        return f64::INFINITY;
    };
    let Some(heard) = heard.get(begin..begin + piece.len()) else {
        return f64::INFINITY;
    };
    let pairs = piece.iter().zip(heard).step_by(step);
    pairs
        .map(|(one, other)| f64::from(one - other).powi(2))
        .sum()
}

fn power(sound: &[f32]) -> f64 {
    sound.iter().map(|sample| f64::from(*sample).powi(2)).sum()
}

/// A tenth of a second.
const PIECE: usize = 4_800;

/// How far a delay may go from one piece to the next: 40 ms.
const REACH: isize = 1_920;

/// A voice has little above 3 kHz: so far beside the best place it is still the best around.
const COARSE: usize = 8;

/// -60 dBFS.
const QUIET: f64 = 1e-6;

mod tests {
    use super::*;

    /// Noise without high frequencies, as it never repeats.
    fn sound(samples: usize) -> Vec<f32> {
        let mut random = fastrand::Rng::with_seed(1);
        let mut last = [0.0_f32; 3];
        let mut next = || {
            let mut value = random.f32() - 0.5;
            for last in &mut last {
                *last += 0.1 * (value - *last);
                value = *last;
            }
            value
        };
        (0..samples).map(|_| next()).collect()
    }

    #[test]
    #[expect(clippy::cast_possible_truncation, reason = "a level of some tenths")]
    fn a_delay_that_jumps_is_no_noise_and_noise_is() {
        let clean = sound(5 * 48_000);
        let mut heard = vec![0.0; 3_000];
        heard.extend(&clean[..2 * 48_000]);
        // Played slower for a while.
        heard.extend(&clean[2 * 48_000 - 700..]);
        assert!(signal_to_noise(&clean, &heard, 4_800) > 20.0);
        let mut random = fastrand::Rng::with_seed(2);
        let loud = (power(&clean) / clean.len() as f64).sqrt() as f32;
        // A tenth of the power: the variance of an even spread is a twelfth of its width squared.
        let width = loud * (12.0_f32 / 10.0).sqrt();
        for sample in &mut heard {
            *sample += (random.f32() - 0.5) * width;
        }
        let left = signal_to_noise(&clean, &heard, 4_800);
        assert!((9.0..10.5).contains(&left), "{left}");
    }
}
