//! The jitter buffer against every order in which packets can come.

use super::*;
use crate::audio::FRAME;
use crate::audio::codec::GRAIN;
use proptest::prelude::*;

fn ms(count: u64) -> Duration {
    Duration::from_millis(count)
}

fn packet(sequence: u16, timestamp: u32) -> Packet {
    Packet {
        sequence,
        timestamp,
        payload: Arc::from([0_u8; 3]),
    }
}

const SOUND: Content = Content {
    samples: 960,
    silence: false,
};

const MARK: Content = Content {
    samples: 960,
    silence: true,
};

/// A buffer, and a clock that moves by itself: packets of 20 ms, played as fast as they sound.
struct Bench {
    buffer: Buffer,
    now: Duration,
    owed: usize,
}

impl Bench {
    fn new() -> Self {
        Self {
            buffer: Buffer::new(),
            now: Duration::ZERO,
            owed: 0,
        }
    }

    fn push(&mut self, number: u16) -> Pushed {
        self.buffer
            .push(packet(number, u32::from(number) * 960), SOUND, self.now)
    }

    /// What is played in the next so many milliseconds.
    fn play(&mut self, millis: u64) -> Vec<Unit> {
        let mut units = Vec::new();
        for _ in 0..millis / 10 {
            while self.owed < FRAME {
                let Some(unit) = self.buffer.next(self.now) else {
                    break;
                };
                self.owed += samples(&unit);
                units.push(unit);
            }
            self.owed = self.owed.saturating_sub(FRAME);
            self.now += ms(10);
        }
        units
    }
}

fn samples(unit: &Unit) -> usize {
    match unit {
        Unit::Packet { samples, .. }
        | Unit::Recover { samples, .. }
        | Unit::Conceal { samples }
        | Unit::Comfort { samples } => *samples,
    }
}

fn numbers(units: &[Unit]) -> Vec<u16> {
    units
        .iter()
        .filter_map(|unit| match unit {
            Unit::Packet { sequence, .. } => Some(*sequence),
            Unit::Recover { .. } | Unit::Conceal { .. } | Unit::Comfort { .. } => None,
        })
        .collect()
}

#[test]
fn play_out_begins_twenty_milliseconds_after_the_first_packet() {
    let mut bench = Bench::new();
    assert_eq!(bench.play(10), []);
    bench.push(0);
    assert_eq!(numbers(&bench.play(20)), [0_u16; 0]);
    bench.push(1);
    assert_eq!(numbers(&bench.play(20)), [0]);
    bench.push(2);
    assert_eq!(numbers(&bench.play(20)), [1]);
}

#[test]
fn packets_are_played_in_order_whatever_order_they_came_in() {
    let mut bench = Bench::new();
    for number in [2, 0, 1, 4, 3] {
        assert_eq!(bench.push(number), Pushed::Kept);
    }
    assert_eq!(numbers(&bench.play(120)), [0, 1, 2, 3, 4]);
}

#[test]
fn numbers_and_timestamps_wrap() {
    let mut buffer = Buffer::new();
    let (mut played, mut now) = (Vec::new(), Duration::ZERO);
    for step in 0..200_u16 {
        let sequence = 0xff9c_u16.wrapping_add(step);
        let timestamp = 0xffff_0000_u32.wrapping_add(u32::from(step) * 960);
        assert_eq!(
            buffer.push(packet(sequence, timestamp), SOUND, now),
            Pushed::Kept
        );
        now += ms(20);
        played.extend(buffer.next(now));
    }
    let played = numbers(&played);
    assert_eq!(played.len(), 200);
    assert!(
        played
            .windows(2)
            .all(|pair| pair[1] == pair[0].wrapping_add(1))
    );
    assert_eq!(buffer.counts().lost, 0);
}

#[test]
fn a_second_copy_is_told_from_a_late_packet() {
    let mut bench = Bench::new();
    for number in [0, 1, 3] {
        bench.push(number);
    }
    assert_eq!(bench.push(3), Pushed::Duplicate);
    bench.play(100);
    assert_eq!(bench.push(0), Pushed::Duplicate);
    assert_eq!(bench.push(2), Pushed::Late);
    assert_eq!(bench.push(2), Pushed::Duplicate);
    let counts = bench.buffer.counts();
    assert_eq!((counts.lost, counts.late, counts.duplicate), (1, 1, 3));
}

#[test]
fn a_lost_packet_is_looked_for_in_the_one_that_follows() {
    let mut bench = Bench::new();
    for number in [0, 1, 3] {
        bench.push(number);
    }
    let units = bench.play(100);
    let recovered = units
        .iter()
        .find(|unit| matches!(unit, Unit::Recover { .. }));
    let Some(Unit::Recover { samples, whole, .. }) = recovered else {
        panic!("{units:?}");
    };
    assert_eq!((*samples, *whole), (960, 960));
    assert_eq!(numbers(&units), [0, 1, 3]);
}

#[test]
fn of_several_lost_packets_only_the_last_can_be_recovered() {
    let mut bench = Bench::new();
    for number in [0, 4] {
        bench.push(number);
    }
    let units = bench.play(100);
    let made_up: usize = units
        .iter()
        .filter(|unit| matches!(unit, Unit::Conceal { .. }))
        .map(samples)
        .sum();
    assert_eq!(made_up, 2 * 960);
    assert!(matches!(
        units[units.len() - 2],
        Unit::Recover { samples: 960, .. }
    ));
    assert_eq!(bench.buffer.counts().lost, 3);
}

#[test]
fn silence_that_was_not_sent_is_no_loss() {
    let mut bench = Bench::new();
    bench.push(0);
    bench.buffer.push(packet(1, 960), MARK, bench.now);
    bench.play(500);
    // The sender was silent for 460 ms, and the numbers go on.
    bench.buffer.push(packet(2, 960 * 25), SOUND, bench.now);
    let units = bench.play(20);
    assert_eq!(numbers(&units), [2]);
    assert!(
        units
            .iter()
            .all(|unit| !matches!(unit, Unit::Conceal { .. }))
    );
    let counts = bench.buffer.counts();
    assert_eq!((counts.lost, counts.underruns), (0, 0));
}

#[test]
fn a_pause_of_an_hour_keeps_the_delay() {
    let mut buffer = Buffer::new();
    buffer.push(packet(0, 0), MARK, Duration::ZERO);
    let mut now = ms(20);
    while now < Duration::from_hours(1) {
        buffer.next(now);
        now += ms(10);
    }
    buffer.push(packet(1, 3600 * 48_000), SOUND, now);
    let before = (0..10).take_while(|step| {
        let unit = buffer.next(now + ms(10) * *step);
        !matches!(unit, Some(Unit::Packet { .. }))
    });
    assert!((1..=3).contains(&before.count()));
    assert_eq!(buffer.counts().lost, 0);
}

#[test]
fn what_was_only_late_is_played_whole_and_the_delay_grows_by_it() {
    let mut bench = Bench::new();
    bench.push(0);
    bench.play(100);
    assert_eq!(bench.buffer.counts().underruns, 1);
    bench.push(1);
    bench.push(2);
    assert_eq!(numbers(&bench.play(40)), [1, 2]);
    assert_eq!(bench.buffer.counts().lost, 0);
    let level = bench.buffer.level(bench.now, 0).unwrap();
    assert!(level > 70 * MS, "{level}");
}

#[test]
fn the_target_is_the_delay_that_ninety_five_percent_keep_and_grows_at_once() {
    let mut buffer = Buffer::new();
    let at = |number: u16| ms(20 * u64::from(number));
    for number in 0..250 {
        buffer.push(packet(number, u32::from(number) * 960), SOUND, at(number));
    }
    assert_eq!(buffer.target(at(250)), 20 * MS);
    for number in 250..262 {
        buffer.push(
            packet(number, u32::from(number) * 960),
            SOUND,
            at(number) + ms(80),
        );
        assert_eq!(
            buffer.target(at(number)),
            20 * MS,
            "fewer than one in twenty"
        );
    }
    for number in 262..266 {
        buffer.push(
            packet(number, u32::from(number) * 960),
            SOUND,
            at(number) + ms(80),
        );
    }
    assert_eq!(buffer.target(at(266)), 80 * MS);
    for number in 266..540 {
        buffer.push(
            packet(number, u32::from(number) * 960),
            SOUND,
            at(number) + ms(900),
        );
    }
    assert_eq!(buffer.target(at(540)), 20 * MS, "the new normal");
}

#[test]
fn the_target_has_bounds() {
    let mut buffer = Buffer::new();
    for number in 0..60_u16 {
        let late = if number % 2 == 0 { 0 } else { 400 };
        let at = ms(20 * u64::from(number) + late);
        buffer.push(packet(number, u32::from(number) * 960), SOUND, at);
    }
    assert_eq!(buffer.target(ms(1200)), 200 * MS);
}

#[test]
fn a_sender_that_begins_anew_is_followed_after_its_second_packet() {
    let mut bench = Bench::new();
    for number in 0..5 {
        bench.push(number);
    }
    bench.play(60);
    let far = |number| packet(number, 77);
    assert_eq!(
        bench.buffer.push(far(40_000), SOUND, bench.now),
        Pushed::Stray
    );
    assert_eq!(
        bench.buffer.push(far(50_000), SOUND, bench.now),
        Pushed::Stray
    );
    assert_eq!(
        bench.buffer.push(far(50_001), SOUND, bench.now),
        Pushed::Restarted
    );
    assert_eq!(numbers(&bench.play(40)), [50_001]);
    let counts = bench.buffer.counts();
    assert_eq!((counts.stray, counts.restarts), (2, 1));
}

#[test]
fn very_old_packets_do_not_bring_the_past_back() {
    let mut bench = Bench::new();
    for number in 1000..1010 {
        bench.push(number);
    }
    for number in 700..710 {
        assert_eq!(bench.push(number), Pushed::Late);
    }
    assert_eq!(bench.push(1010), Pushed::Kept);
}

#[test]
fn a_timestamp_clock_set_anew_is_followed_at_once() {
    let mut bench = Bench::new();
    for number in 0..5 {
        bench.push(number);
    }
    bench.play(100);
    let ahead = packet(5, 5 * 960 + 48_000 * 100);
    assert_eq!(
        bench.buffer.push(ahead, SOUND, bench.now),
        Pushed::Restarted
    );
    assert_eq!(numbers(&bench.play(40)), [5]);
    let back = packet(6, 48_000);
    assert_eq!(bench.buffer.push(back, SOUND, bench.now), Pushed::Restarted);
    assert_eq!(numbers(&bench.play(40)), [6]);
}

#[test]
fn too_much_at_once_is_cut_to_the_newest() {
    let mut bench = Bench::new();
    for number in 0..100 {
        bench.push(number);
    }
    assert!(bench.buffer.waiting() <= 600 * 48 + 960);
    let counts = bench.buffer.counts();
    assert!(counts.skipped >= 68, "{counts:?}");
    assert_eq!(*numbers(&bench.play(700)).last().unwrap(), 99);
}

#[test]
fn jitter_is_that_of_the_rfc() {
    let mut buffer = Buffer::new();
    for number in 0..300_u16 {
        let late = if number % 2 == 0 { 0 } else { 16 };
        let at = ms(20 * u64::from(number) + late);
        buffer.push(packet(number, u32::from(number) * 960), SOUND, at);
    }
    let jitter = buffer.jitter().as_secs_f64();
    assert!((jitter - 0.016).abs() < 0.001, "{jitter}");
}

/// What the network does to one packet.
#[derive(Debug, Clone)]
struct Fate {
    delay: u64,
    lost: bool,
    twice: bool,
}

fn fates(most_delay: u64) -> impl Strategy<Value = Vec<Fate>> {
    let fate = (
        0..=most_delay,
        prop::bool::weighted(0.1),
        prop::bool::weighted(0.1),
    )
        .prop_map(|(delay, lost, twice)| Fate { delay, lost, twice });
    prop::collection::vec(fate, 1..120)
}

/// By how many milliseconds the second of two copies comes later; the first may be lost.
const SECOND_COPY: u64 = 7;

/// Packets of 20 ms with these fates, numbered from `first`, as (arrival in ms, step).
fn arrivals(fates: &[Fate]) -> Vec<(u64, u16)> {
    let mut arrivals = Vec::new();
    for (step, fate) in (0_u16..).zip(fates) {
        let at = 20 * u64::from(step) + fate.delay;
        if !fate.lost {
            arrivals.push((at, step));
        }
        if fate.twice {
            arrivals.push((at + SECOND_COPY, step));
        }
    }
    arrivals.sort_unstable();
    arrivals
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn nothing_is_played_twice_or_out_of_order_and_all_that_was_kept_is_played(
        fates in fates(400),
        first in any::<u16>(),
    ) {
        let mut bench = Bench::new();
        let (mut kept, mut played) = (0, Vec::new());
        let mut left = arrivals(&fates).into_iter().peekable();
        let end = bench.now + ms(20 * 120 + 3000);
        while bench.now < end {
            while let Some((at, step)) = left.next_if(|(at, _)| ms(*at) <= bench.now) {
                let packet = packet(first.wrapping_add(step), u32::from(step) * 960);
                kept += u64::from(bench.buffer.push(packet, SOUND, ms(at)) == Pushed::Kept);
                prop_assert!(bench.buffer.waiting() <= 600 * 48 + 960);
            }
            played.extend(numbers(&bench.play(10)));
        }
        let steps: Vec<_> = played.iter().map(|number| number.wrapping_sub(first)).collect();
        prop_assert!(steps.windows(2).all(|pair| pair[0] < pair[1]), "{:?}", steps);
        let counts = bench.buffer.counts();
        prop_assert_eq!(counts.restarts, 0);
        prop_assert_eq!(kept, u64::try_from(played.len()).unwrap() + counts.skipped);
    }

    #[test]
    fn whatever_comes_in_time_is_played(fates in fates(20 - SECOND_COPY)) {
        let mut bench = Bench::new();
        let mut played = Vec::new();
        // One packet before shows how fast the network is.
        bench.push(0);
        let arrivals = arrivals(&fates);
        let mut left = arrivals.iter().peekable();
        for _ in 0..400 {
            while let Some((at, step)) = left.next_if(|(at, _)| ms(*at + 20) <= bench.now) {
                bench.buffer.push(packet(step + 1, u32::from(step + 1) * 960), SOUND, ms(*at + 20));
            }
            played.extend(numbers(&bench.play(10)));
        }
        let mut came: Vec<_> = arrivals.iter().map(|(_, step)| step + 1).collect();
        came.sort_unstable();
        came.dedup();
        prop_assert_eq!(&played[1..], &came[..]);
    }

    #[test]
    fn packets_of_any_kind_neither_panic_nor_pile_up(
        packets in prop::collection::vec(
            (any::<u16>(), any::<u32>(), 1_u32..=5760, any::<bool>(), 0_u64..500),
            1..200,
        ),
        near in any::<bool>(),
    ) {
        let mut bench = Bench::new();
        for (sequence, timestamp, samples, silence, wait) in packets {
            let (sequence, timestamp) = if near {
                (sequence % 300, timestamp % 100_000)
            } else {
                (sequence, timestamp)
            };
            let content = Content { samples, silence };
            bench.buffer.push(packet(sequence, timestamp), content, bench.now);
            prop_assert!(bench.buffer.held <= WINDOW);
            prop_assert!(bench.buffer.delays.count() <= delays::MOST_DELAYS);
            let target = bench.buffer.target(bench.now);
            prop_assert!((LEAST..=MOST).contains(&target));
            for unit in bench.play(wait) {
                prop_assert!(samples_are_sound(&unit));
            }
        }
    }
}

fn samples_are_sound(unit: &Unit) -> bool {
    match unit {
        Unit::Packet { samples, .. } => (1..=5760).contains(samples),
        Unit::Recover { samples, whole, .. } => *samples >= GRAIN && samples <= whole,
        Unit::Conceal { samples } | Unit::Comfort { samples } => (GRAIN..=FRAME).contains(samples),
    }
}
