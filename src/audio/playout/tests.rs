//! Hours of play-out without a decoder.

use std::sync::Arc;

use super::*;

/// The longest packets there are, so that eight hours are quickly told.
const PACKET: u32 = 5760;

const SOUND: Content = Content {
    samples: PACKET,
    silence: false,
};

static READY: [f32; 8192] = [0.0; 8192];

struct Told {
    dropped: u64,
    repeated: u64,
    counts: Counts,
    most_waiting: u64,
    most_delay: i64,
}

/// A sender whose clock is `ppm` faster than the one that plays.
fn skewed(ppm: i64, hours: u64) -> Told {
    let mut playout = Playout::new();
    let payload: Arc<[u8]> = Arc::from([0_u8; 3]);
    let (mut ready, mut sequence, mut timestamp) = (0, 0_u16, 0_u32);
    let (mut most_waiting, mut most_delay) = (0, 0);
    let step = 120_000_000 - 120 * u64::try_from(ppm + 1000).unwrap() + 120_000;
    let (mut now, mut due) = (0, 0);
    while now < hours * 3_600_000_000_000 {
        let at = Duration::from_nanos(now);
        while due <= now {
            let packet = Packet {
                sequence,
                timestamp,
                payload: Arc::clone(&payload),
            };
            playout.push(packet, SOUND, Duration::from_nanos(due));
            sequence = sequence.wrapping_add(1);
            timestamp = timestamp.wrapping_add(PACKET);
            due += step;
            most_waiting = most_waiting.max(playout.buffer().waiting());
            most_delay = most_delay.max(playout.buffer().level(at, ready).unwrap_or(0));
        }
        let cut = loop {
            match playout.poll(at, &READY[..ready]) {
                Step::Render(unit) => ready += length(&unit),
                Step::Play(cut) => break cut,
            }
        };
        ready -= cut.uses(ready);
        now += 10_000_000;
    }
    let (dropped, repeated) = playout.corrections();
    Told {
        dropped,
        repeated,
        counts: playout.counts(),
        most_waiting,
        most_delay,
    }
}

fn length(unit: &Unit) -> usize {
    match unit {
        Unit::Packet { samples, .. }
        | Unit::Recover { samples, .. }
        | Unit::Conceal { samples }
        | Unit::Comfort { samples } => *samples,
    }
}

#[test]
fn eight_hours_with_skewed_clocks_stay_within_bounds() {
    for (ppm, hours) in [(100, 8), (-100, 1)] {
        let told = skewed(ppm, hours);
        // 100 ppm of 48 kHz are 4.8 samples a second: a frame each 100 s, 36 an hour.
        let (needed, other) = if ppm > 0 {
            (told.dropped, told.repeated)
        } else {
            (told.repeated, told.dropped)
        };
        assert!((36 * hours).abs_diff(needed) <= 4, "{needed}");
        assert!(other <= 2, "{other}");
        assert_eq!(
            (told.counts.lost, told.counts.skipped, told.counts.restarts),
            (0, 0, 0)
        );
        assert!(told.counts.underruns <= 1, "{:?}", told.counts);
        assert!(told.most_waiting <= 2 * u64::from(PACKET));
        assert!(told.most_delay <= 2 * 960 + 480, "{}", told.most_delay);
    }
}
