//! A network made of numbers: what is sent, when each packet arrives, and what is heard.

use std::time::Duration;

use crate::audio::FRAME;
use crate::audio::Frame;
use crate::audio::SILENCE;
use crate::audio::codec::Settings;
use crate::audio::receive::Heard;
use crate::audio::receive::Packet;
use crate::audio::receive::Receiver;
use crate::audio::send;
use crate::audio::send::Gate;
use crate::audio::send::Sender;
use crate::audio::tests::signal::frames;

/// One packet as it left.
#[derive(Debug, Clone)]
pub(super) struct Sent {
    pub(super) at: Duration,
    pub(super) sequence: u16,
    pub(super) packet: send::Packet,
}

impl Sent {
    pub(super) fn arrives(&self, delay: Duration) -> (Duration, Packet) {
        let packet = Packet {
            sequence: self.sequence,
            timestamp: self.packet.timestamp,
            payload: self.packet.payload.clone(),
        };
        (self.at + delay, packet)
    }
}

/// All packets of a talk, its numbers wrapping on the way.
pub(super) fn sent(sound: &[f32], settings: Settings) -> Vec<Sent> {
    let mut sender = Sender::new(settings, 0xffff_0000).unwrap();
    sender.set_gate(Gate::Open);
    let mut sequence = 0xfff0_u16;
    let mut out = Vec::new();
    for (at, frame) in frames(sound).enumerate() {
        if let Some(packet) = sender.push(&frame).unwrap() {
            let at = millis(10 * (at + 1));
            out.push(Sent {
                at,
                sequence,
                packet,
            });
            sequence = sequence.wrapping_add(1);
        }
    }
    out
}

/// What came out of a receiver, frame by frame.
pub(super) struct Listened {
    pub(super) sound: Vec<f32>,
    pub(super) heard: Vec<Heard>,
    pub(super) receiver: Receiver,
    /// The most sound that was ever waiting.
    pub(super) fullest: Duration,
}

/// Plays arrivals through a receiver until `end`.
pub(super) fn listen(mut arrivals: Vec<(Duration, Packet)>, end: Duration) -> Listened {
    arrivals.sort_by_key(|(at, _)| *at);
    let mut receiver = Receiver::new().unwrap();
    let mut arrivals = arrivals.into_iter().peekable();
    let (mut sound, mut heard) = (Vec::new(), Vec::new());
    let (mut now, mut fullest) = (Duration::ZERO, Duration::ZERO);
    while now < end {
        while let Some((at, packet)) = arrivals.next_if(|(at, _)| *at <= now) {
            receiver.push(packet, at);
        }
        let mut frame: Frame = SILENCE;
        heard.push(receiver.pull(&mut frame, now));
        sound.extend(frame);
        fullest = fullest.max(receiver.statistics(now).buffered);
        now += Duration::from_millis(10);
    }
    Listened {
        sound,
        heard,
        receiver,
        fullest,
    }
}

pub(super) fn millis(count: usize) -> Duration {
    Duration::from_millis(u64::try_from(count).unwrap())
}

/// The frame of sound that ends at a moment.
pub(super) fn frame_at(listened: &Listened, at: Duration) -> &[f32] {
    let frame = usize::try_from(at.as_millis() / 10).unwrap();
    &listened.sound[frame * FRAME..(frame + 1) * FRAME]
}
