//! Mute is mute: what leaves while the gate is closed, and what the other side hears of it.

use std::time::Duration;

use crate::audio::FRAME;
use crate::audio::codec::Settings;
use crate::audio::codec::is_silence_mark;
use crate::audio::level::dbfs;
use crate::audio::receive::Heard;
use crate::audio::send::Gate;
use crate::audio::send::Packet;
use crate::audio::send::Sender;
use crate::audio::tests::network::Sent;
use crate::audio::tests::network::listen;
use crate::audio::tests::network::millis;
use crate::audio::tests::signal::frames;
use crate::audio::tests::speech::speech;
use crate::audio::tone::Sine;

fn sender() -> Sender {
    Sender::new(Settings::default(), 1000).unwrap()
}

fn pushed(sender: &mut Sender, sound: &[f32]) -> Vec<Packet> {
    frames(sound)
        .filter_map(|frame| sender.push(&frame).unwrap())
        .collect()
}

#[test]
fn nothing_leaves_before_the_gate_was_opened() {
    let mut sender = sender();
    assert_eq!(sender.gate(), Gate::Closed);
    assert_eq!(pushed(&mut sender, &speech(2, 7)), []);
    sender.set_gate(Gate::Closed);
    assert_eq!(pushed(&mut sender, &speech(2, 7)), []);
}

#[test]
fn what_is_captured_after_closing_changes_no_bit_of_what_leaves() {
    let before = speech(2, 7);
    let after = [
        speech(3, 8),
        vec![0.0; 48_000 * 3],
        Sine::new(700.0, -3.0).take(48_000 * 3).collect(),
    ];
    // Closed on a packet's boundary, and in the middle of one.
    for cut in [FRAME * 100, FRAME * 101] {
        let left: Vec<Vec<Packet>> = after
            .iter()
            .map(|after| {
                let mut sender = sender();
                sender.set_gate(Gate::Open);
                pushed(&mut sender, &before[..cut]);
                sender.set_gate(Gate::Closed);
                pushed(&mut sender, after)
            })
            .collect();
        assert_eq!(left[0], left[1]);
        assert_eq!(left[0], left[2]);
        assert!(left[0].len() <= 27, "{} packets", left[0].len());
        let last = left[0].last().unwrap();
        assert!(is_silence_mark(&last.payload), "{last:?}");
        assert!(left[0][2..].iter().all(|packet| packet.level < -120.0));
    }
}

#[test]
fn the_other_side_hears_silence_soon_after_mute_and_takes_it_for_no_loss() {
    let mut sender = sender();
    sender.set_gate(Gate::Open);
    let sound: Vec<f32> = Sine::new(300.0, -20.0).take(48_000 * 8).collect();
    let mut arrivals = Vec::new();
    let mut sequence = 0;
    for (at, frame) in frames(&sound).enumerate() {
        match at {
            201 => sender.set_gate(Gate::Closed),
            600 => sender.set_gate(Gate::Open),
            _ => {}
        }
        if let Some(packet) = sender.push(&frame).unwrap() {
            let at = millis(10 * (at + 1));
            let sent = Sent {
                at,
                sequence,
                packet,
            };
            arrivals.push(sent.arrives(millis(30)));
            sequence += 1;
        }
    }
    let heard = listen(arrivals, Duration::from_secs(8));
    let muted = &heard.sound[48_000 * 2 + 48 * 150..48_000 * 6];
    assert!(dbfs(&muted[..9600]) < -60.0, "{}", dbfs(&muted[..9600]));
    assert!(dbfs(muted) < -70.0, "{}", dbfs(muted));
    assert_eq!(heard.heard[550], Heard::Silence);
    let statistics = heard.receiver.statistics(Duration::from_secs(8));
    assert_eq!(
        (statistics.lost, statistics.underruns),
        (0, 0),
        "{statistics:?}"
    );
    assert!((dbfs(&heard.sound[48_000 * 7..]) + 20.0).abs() < 1.0);
    // A tone that is cut at its peak jumps by 0.14; its own slope is 0.0056.
    let jump = heard.sound[48_000..]
        .windows(2)
        .map(|pair| (pair[1] - pair[0]).abs())
        .fold(0.0, f32::max);
    assert!(jump < 0.03, "{jump}");
}

#[test]
fn the_clock_goes_on_while_nothing_is_sent() {
    let mut sender = sender();
    let sound = speech(1, 7);
    pushed(&mut sender, &sound);
    sender.set_gate(Gate::Open);
    let first = pushed(&mut sender, &sound)[0].clone();
    assert_eq!(first.timestamp, 1000 + 48_000);
    assert!(first.marker);
    sender.set_gate(Gate::Closed);
    pushed(&mut sender, &sound);
    sender.pass(250);
    sender.set_gate(Gate::Open);
    let again = pushed(&mut sender, &sound);
    assert_eq!(again[0].timestamp, 1000 + 48_000 * 3 + 250 * 480);
    assert!(again[0].marker && !again[1].marker);
}

#[test]
fn a_gate_that_closes_and_opens_within_a_frame_cuts_nothing() {
    let sound = speech(1, 7);
    let (mut one, mut other) = (sender(), sender());
    one.set_gate(Gate::Open);
    other.set_gate(Gate::Open);
    let mut same = true;
    for frame in frames(&sound) {
        other.set_gate(Gate::Closed);
        other.set_gate(Gate::Open);
        same &= one.push(&frame).unwrap() == other.push(&frame).unwrap();
    }
    assert!(same);
}

#[test]
fn a_gate_that_opens_and_closes_within_a_frame_lets_nothing_out() {
    let mut sender = sender();
    for frame in frames(&speech(1, 7)) {
        sender.set_gate(Gate::Open);
        sender.set_gate(Gate::Closed);
        assert_eq!(sender.push(&frame).unwrap(), None);
    }
}

#[test]
fn silence_behind_an_open_gate_costs_next_to_nothing() {
    let mut sender = sender();
    sender.set_gate(Gate::Open);
    pushed(&mut sender, &speech(1, 7));
    let silent = pushed(&mut sender, &vec![0.0; 48_000 * 8]);
    assert!(silent.len() < 60, "{} packets in 8 s", silent.len());
    let spoken = pushed(&mut sender, &speech(1, 8));
    assert!(spoken[0].marker);
    assert!(spoken.iter().any(|packet| packet.talking));
}

#[test]
fn a_frame_that_is_no_number_does_not_end_the_stream() {
    let mut sender = sender();
    sender.set_gate(Gate::Open);
    for _ in 0..4 {
        let _ = sender.push(&[f32::NAN; FRAME]);
    }
    let mut arrivals = Vec::new();
    for (at, frame) in frames(&speech(2, 7)).enumerate() {
        if let Some(packet) = sender.push(&frame).unwrap() {
            let at = millis(10 * at);
            let sequence = u16::try_from(arrivals.len()).unwrap();
            arrivals.push(
                Sent {
                    at,
                    sequence,
                    packet,
                }
                .arrives(millis(30)),
            );
        }
    }
    let heard = listen(arrivals, Duration::from_secs(2));
    assert!(dbfs(&heard.sound[48_000..]) > -30.0);
}
