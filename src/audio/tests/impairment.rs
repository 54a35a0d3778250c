//! Loss, jitter, reordering, stalls and restarts, and what is heard of them.

use std::sync::LazyLock;
use std::time::Duration;

use crate::audio::FRAME;
use crate::audio::codec::Settings;
use crate::audio::level::dbfs;
use crate::audio::ogg::Clip;
use crate::audio::receive::Heard;
use crate::audio::tests::network::Listened;
use crate::audio::tests::network::Sent;
use crate::audio::tests::network::frame_at;
use crate::audio::tests::network::listen;
use crate::audio::tests::network::millis;
use crate::audio::tests::network::sent;
use crate::audio::tests::signal::frequency;
use crate::audio::tests::signal::signal_to_noise;
use crate::audio::tests::speech::speech;
use crate::audio::tone::Sine;

const DELAY: Duration = Duration::from_millis(40);

/// Talk as it left, made once for all tests.
static TALK: LazyLock<Vec<Sent>> = LazyLock::new(|| sent(&speech(13, 7), settings()));

/// So much of the talk, whose packets meet a fate: how long each travels, or None when it is lost.
fn talk(seconds: u32, fate: impl FnMut(&Sent) -> Option<Duration>) -> Listened {
    through(&TALK, seconds, fate)
}

fn through(
    packets: &[Sent],
    seconds: u32,
    mut fate: impl FnMut(&Sent) -> Option<Duration>,
) -> Listened {
    let arrivals = packets
        .iter()
        .filter_map(|packet| fate(packet).map(|delay| packet.arrives(delay)))
        .collect();
    listen(arrivals, Duration::from_secs(u64::from(seconds)))
}

fn settings() -> Settings {
    Settings {
        expected_loss: 10,
        ..Settings::default()
    }
}

fn share(listened: &Listened, what: Heard) -> f64 {
    let count = listened
        .heard
        .iter()
        .filter(|heard| **heard == what)
        .count();
    f64::from(u32::try_from(count).unwrap())
        / f64::from(u32::try_from(listened.heard.len()).unwrap())
}

#[test]
fn at_ten_percent_loss_seventeen_decibels_are_left() {
    for (clip, sound) in [("arithmetic", speech(9, 7)), ("a voice", voice())] {
        let seconds = u32::try_from(sound.len() / 48_000).unwrap() - 1;
        for (loss, least, seeds) in [(5, 18.9, 0..2), (10, 17.0, 0..4), (20, 10.0, 0..2)] {
            let packets = sent(
                &sound,
                Settings {
                    expected_loss: loss,
                    ..Settings::default()
                },
            );
            let clean = through(&packets, seconds, |_| Some(DELAY));
            assert!(share(&clean, Heard::Concealed) < 0.01);
            let count = f64::from(u32::try_from(seeds.clone().count()).unwrap());
            let sum: f64 = seeds
                .map(|seed| {
                    let mut random = fastrand::Rng::with_seed(seed);
                    let lost = f32::from(loss) / 100.0;
                    let fate = |_: &Sent| (random.f32() >= lost).then_some(DELAY);
                    let lossy = through(&packets, seconds, fate);
                    // While it still learns of the loss, more is concealed than later.
                    let start = 2 * 48_000;
                    let delays: Vec<_> = (0..6).map(|frames| frames * FRAME).collect();
                    signal_to_noise(&clean.sound[start..], &lossy.sound[start..], &delays)
                })
                .sum();
            let mean = sum / count;
            assert!(mean > least, "{clip}, {loss} % lost: {mean:.1} dB");
        }
    }
}

/// What the cast says, one clip after the other.
fn voice() -> Vec<f32> {
    let clips: [&[u8]; 2] = [
        include_bytes!("../../service/media/clips/bob-twelve.opus"),
        include_bytes!("../../service/media/clips/alice-recording.opus"),
    ];
    let decoded = clips.map(|clip| Clip::read(clip).unwrap().decode().unwrap());
    decoded.concat()
}

#[test]
fn jitter_up_to_two_hundred_milliseconds_is_evened_out() {
    for most in [20, 60, 120, 200] {
        let mut random = fastrand::Rng::with_seed(5);
        let heard = talk(8, |_| Some(millis(random.usize(20..=most))));
        let statistics = heard.receiver.statistics(Duration::from_secs(8));
        let lost = statistics.lost * 100 / statistics.received;
        assert!(lost <= 7, "{most} ms: {lost} % too late, {statistics:?}");
        assert!(statistics.target <= Duration::from_millis(200));
        assert!(
            heard.fullest <= millis(2 * most + 120),
            "{:?}",
            heard.fullest
        );
        assert_eq!((statistics.skipped, statistics.restarts), (0, 0));
    }
}

#[test]
fn packets_that_overtake_each_other_are_all_heard() {
    let mut heard = talk(6, |packet| {
        let second_of_two = packet.sequence % 2 == 1;
        Some(if second_of_two {
            millis(40)
        } else {
            millis(65)
        })
    });
    let statistics = heard.receiver.statistics(Duration::from_secs(6));
    assert!(
        statistics.lost <= 6,
        "only while the delay is learnt: {statistics:?}"
    );
    heard.heard.drain(..100);
    assert!(share(&heard, Heard::Concealed) < 0.02);
}

#[test]
fn after_a_stall_sound_is_back_within_half_a_second() {
    for lost in [false, true] {
        let stall = millis(4000)..millis(4300);
        let heard = talk(10, |packet| {
            if !stall.contains(&packet.at) {
                Some(DELAY)
            } else if lost {
                None
            } else {
                Some(stall.end.saturating_sub(packet.at) + DELAY)
            }
        });
        let back = (430..500)
            .find(|at| heard.heard[*at] == Heard::Sound)
            .unwrap();
        assert!(back <= 440, "back after {} ms", (back - 430) * 10);
        let statistics = heard.receiver.statistics(Duration::from_secs(10));
        assert!(statistics.buffered <= millis(120), "{statistics:?}");
        assert_eq!(statistics.restarts, 0);
    }
}

#[test]
fn a_way_that_becomes_longer_costs_one_gap() {
    for longer in [150, 400, 700, 1500] {
        let heard = talk(10, |packet| {
            let longer = if packet.at < millis(4000) { 0 } else { longer };
            Some(DELAY + millis(longer))
        });
        let statistics = heard.receiver.statistics(Duration::from_secs(10));
        let gap = 400..400 + longer / 10 + 10;
        let elsewhere = heard
            .heard
            .iter()
            .enumerate()
            .filter(|(at, heard)| **heard == Heard::Concealed && !gap.contains(at));
        let elsewhere = elsewhere.count();
        assert!(elsewhere <= 4, "{longer} ms: {elsewhere}, {statistics:?}");
        assert!(statistics.underruns <= 3, "{longer} ms: {statistics:?}");
        assert!(
            statistics.buffered <= millis(120),
            "{longer} ms: {statistics:?}"
        );
    }
}

#[test]
fn a_stall_of_three_seconds_is_not_played_late() {
    let stall = millis(3000)..millis(6000);
    let heard = talk(13, |packet| {
        Some(if stall.contains(&packet.at) {
            stall.end.saturating_sub(packet.at) + DELAY
        } else {
            DELAY
        })
    });
    let statistics = heard.receiver.statistics(Duration::from_secs(13));
    assert!(heard.fullest <= millis(640), "{:?}", heard.fullest);
    assert!(statistics.buffered <= millis(120), "{statistics:?}");
    assert!(statistics.skipped > 100, "{statistics:?}");
    assert_eq!(heard.heard[630], Heard::Sound);
}

#[test]
fn a_voice_that_breaks_off_fades_within_two_hundred_milliseconds() {
    let sound: Vec<f32> = Sine::new(300.0, -20.0).take(48_000 * 2).collect();
    let heard = through(&sent(&sound, settings()), 4, |_| Some(DELAY));
    let ended = heard
        .heard
        .iter()
        .rposition(|heard| *heard == Heard::Sound)
        .unwrap();
    assert!(
        heard.heard[ended + 1..ended + 10]
            .iter()
            .all(|heard| *heard == Heard::Concealed)
    );
    let after = &heard.sound[(ended + 22) * FRAME..];
    assert!(after.iter().all(|sample| *sample == 0.0));
    assert_eq!(*heard.heard.last().unwrap(), Heard::Silence);
}

#[test]
fn a_sender_that_starts_over_is_heard_again_within_half_a_second() {
    let before = TALK.iter().filter(|packet| packet.at <= millis(3000));
    let mut arrivals: Vec<_> = before.map(|packet| packet.arrives(DELAY)).collect();
    for packet in sent(&speech(3, 8), settings()) {
        let (at, mut packet) = packet.arrives(DELAY);
        packet.sequence = packet.sequence.wrapping_add(31_000);
        packet.timestamp = packet.timestamp.wrapping_add(0x5555_5555);
        arrivals.push((at + Duration::from_secs(3), packet));
    }
    let heard = listen(arrivals, Duration::from_secs(6));
    let back = (306..500)
        .find(|at| heard.heard[*at] == Heard::Sound)
        .unwrap();
    assert!(back <= 350, "back after {} ms", (back - 300) * 10);
    assert_eq!(
        heard.receiver.statistics(Duration::from_secs(6)).restarts,
        1
    );
}

#[test]
fn pauses_that_are_not_sent_are_neither_loss_nor_dead_silence() {
    let mut random = fastrand::Rng::with_seed(1);
    let mut sound = speech(2, 7);
    sound.extend((0..48_000 * 4).map(|_| (random.f32() - 0.5) * 0.004));
    sound.extend(speech(2, 8));
    let packets = sent(&sound, settings());
    assert!(packets.len() < 300, "{} packets of 400", packets.len());
    let heard = through(&packets, 8, |_| Some(DELAY));
    let statistics = heard.receiver.statistics(Duration::from_secs(8));
    assert_eq!(
        (statistics.lost, statistics.concealed),
        (0, 0),
        "{statistics:?}"
    );
    assert_eq!(statistics.underruns, 0, "{statistics:?}");
    assert!(share(&heard, Heard::Comfort) > 0.3);
    // The noise was at -59 dBFS.
    let pause = dbfs(&heard.sound[48_000 * 4..48_000 * 5]);
    assert!((-69.0..-54.0).contains(&pause), "{pause}");
    assert!(dbfs(frame_at(&heard, millis(5000))) > -75.0);
}

#[test]
fn a_tone_arrives_with_its_frequency_and_level() {
    let sound: Vec<f32> = Sine::new(700.0, -20.0).take(48_000 * 2).collect();
    let heard = through(&sent(&sound, Settings::default()), 2, |_| Some(DELAY));
    let middle = &heard.sound[48_000 / 2..48_000 * 3 / 2];
    let (hertz, level) = (frequency(middle), dbfs(middle));
    assert!((hertz - 700.0).abs() < 7.0, "{hertz}");
    assert!((level + 20.0).abs() < 1.0, "{level}");
}

#[test]
fn garbage_among_the_packets_is_counted_and_forgotten() {
    let mut random = fastrand::Rng::with_seed(9);
    let mut arrivals: Vec<_> = TALK.iter().map(|packet| packet.arrives(DELAY)).collect();
    for at in 0..200 {
        let (time, mut packet) = arrivals[at % 190].clone();
        packet.sequence = packet.sequence.wrapping_add(u16::try_from(at % 7).unwrap());
        let length = random.usize(0..80);
        packet.payload = (0..length).map(|_| random.u8(..)).collect();
        arrivals.push((time, packet));
    }
    let heard = listen(arrivals, Duration::from_secs(4));
    assert!(heard.sound.iter().all(|sample| sample.abs() <= 4.0));
    let statistics = heard.receiver.statistics(Duration::from_secs(4));
    assert!(statistics.malformed > 0);
}
