//! A working day in virtual time: talk, sent once and heard again and again through a clock that goes wrong.

use std::time::Duration;

use crate::audio::FRAME_TIME;
use crate::audio::SAMPLE_RATE;
use crate::audio::SILENCE;
use crate::audio::codec::Settings;
use crate::audio::receive::Packet;
use crate::audio::receive::Receiver;
use crate::audio::receive::Statistics;
use crate::audio::tests::network::Sent;
use crate::audio::tests::network::sent;
use crate::audio::tests::speech::speech;

/// A tenth of it.
struct Part {
    /// The most sound that was waiting, and the longest delay that was aimed at.
    fullest: Duration,
    target: Duration,
    told: Statistics,
}

/// So many hours of a sender whose clock is `ppm` faster than ours, jittering by up to 20 ms.
fn talk(hours: f64, ppm: f64) -> Vec<Part> {
    let talk = sent(&speech(TALK, 7), Settings::default());
    let mut packets = (0..).flat_map(|turn| again(&talk, turn));
    let mut random = fastrand::Rng::with_seed(3);
    let mut receiver = Receiver::new().unwrap();
    let mut next = None;
    let mut now = Duration::ZERO;
    let mut parts = Vec::new();
    for part in 1..=10 {
        let end = Duration::from_secs_f64(hours * 360.0) * part;
        let (mut fullest, mut target) = (Duration::ZERO, Duration::ZERO);
        while now < end {
            loop {
                let (at, packet) = next.take().unwrap_or_else(|| {
                    let (at, packet): (Duration, Packet) = packets.next().unwrap();
                    let travels = Duration::from_millis(random.u64(40..=60));
                    (at.div_f64(1.0 + ppm / 1e6) + travels, packet)
                });
                if at > now {
                    next = Some((at, packet));
                    break;
                }
                receiver.push(packet, at);
            }
            receiver.pull(&mut SILENCE.clone(), now);
            let told = receiver.statistics(now);
            fullest = fullest.max(told.buffered);
            target = target.max(told.target);
            now += FRAME_TIME;
        }
        let told = receiver.statistics(now);
        parts.push(Part {
            fullest,
            target,
            told,
        });
    }
    parts
}

/// The packets as they are sent in another turn, their numbers wrapping many times a day.
#[expect(clippy::cast_possible_truncation, reason = "the numbers of RTP wrap")]
fn again(talk: &[Sent], turn: u64) -> impl Iterator<Item = (Duration, Packet)> {
    let later = Duration::from_secs(turn * u64::from(TALK));
    let sequence = (turn * talk.len() as u64) as u16;
    let timestamp = (turn * u64::from(TALK * SAMPLE_RATE)) as u32;
    talk.iter().map(move |sent| {
        let (at, mut packet) = sent.arrives(later);
        packet.sequence = packet.sequence.wrapping_add(sequence);
        packet.timestamp = packet.timestamp.wrapping_add(timestamp);
        (at, packet)
    })
}

#[test]
fn a_quarter_of_an_hour_with_a_skewed_clock_neither_grows_nor_breaks() {
    goes_on_evenly(0.25, 100.0);
    goes_on_evenly(0.25, -100.0);
}

#[test]
#[ignore = "decodes for minutes; make test-long runs it"]
fn eight_hours_with_a_skewed_clock_neither_grow_nor_break() {
    goes_on_evenly(8.0, 100.0);
    goes_on_evenly(8.0, -100.0);
}

#[expect(clippy::cast_precision_loss, reason = "counts are small")]
fn goes_on_evenly(hours: f64, ppm: f64) {
    let parts = talk(hours, ppm);
    for part in &parts {
        // A packet, what is ready of the one before, and the frame that is left out next.
        assert!(part.fullest <= 4 * FRAME_TIME, "{:?}", part.fullest);
        assert!(part.target <= 3 * FRAME_TIME, "{:?}", part.target);
    }
    let told = &parts.last().unwrap().told;
    let broken = (told.lost, told.skipped, told.restarts);
    assert_eq!(broken, (0, 0, 0), "{told:?}");
    // 100 ppm of an hour are 36 frames. Those that are missing are made up where a packet comes too late
    // for them, for 10 ms each; those that are too many go in pauses.
    let needed = hours * 36.0;
    let (gone, come) = (told.dropped as f64, (told.repeated + told.concealed) as f64);
    let drifted = if ppm > 0.0 { gone - come } else { come - gone };
    assert!((drifted - needed).abs() <= 4.0, "{drifted} of {needed}");
    assert!(told.underruns as f64 <= 1.5 * needed + 2.0, "{told:?}");
}

/// Seconds.
const TALK: u32 = 12;
