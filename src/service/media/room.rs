//! The sound of one meeting: packets in, and every 20 ms one packet for each who hears.
//!
//! Everybody hears all others, of more than [`HEARD`](crate::audio::mix::HEARD) at once the
//! loudest. Those whose mix is the same share one encoding; who is heard, or hears somebody
//! at a volume of their own, gets one of their own for as long as theirs differs. Pure: no
//! socket, no clock; `now` counts from any fixed start.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use crate::audio::FRAME_TIME;
use crate::audio::Frame;
use crate::audio::SILENCE;
use crate::audio::codec::Error;
use crate::audio::codec::Settings;
use crate::audio::codec::Silence;
use crate::audio::mix::Listener;
use crate::audio::mix::Mixer;
use crate::audio::mix::Source;
use crate::audio::receive;
use crate::audio::receive::Heard;
use crate::audio::receive::Receiver;
use crate::audio::send;
use crate::audio::send::Gate;
use crate::audio::send::Packet;
use crate::audio::send::Sender;
use crate::rtc::hub::Outgoing;
use crate::rtc::hub::PeerId;
use crate::rtc::packet;

/// What may pass between somebody and the room.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Passage {
    /// Their voice may be heard.
    pub(super) up: bool,
    /// They may hear.
    pub(super) down: bool,
}

/// Twenty milliseconds of everybody together.
pub(super) type Both = [Frame; 2];

#[derive(Debug)]
pub(super) struct Room {
    mixer: Mixer,
    seats: BTreeMap<String, Seat>,
    /// There while somebody hears what it encodes.
    shared: Option<Sender>,
    /// What everybody said last, to begin an encoder with.
    before: Both,
    /// The room's time in samples; the RTP timestamp of what is sent.
    timestamp: u32,
}

#[derive(Debug)]
struct Seat {
    passage: Passage,
    peer: Option<PeerId>,
    source: Source,
    listener: Listener,
    incoming: Option<Incoming>,
    own: Option<Own>,
    clip: Option<Clip>,
    loss: u8,
    mix: Both,
    differs: bool,
}

/// One stream of somebody; another SSRC is another stream.
#[derive(Debug)]
struct Incoming {
    ssrc: u32,
    receiver: Receiver,
}

/// An encoder for one listener alone.
#[derive(Debug)]
struct Own {
    sender: Sender,
    /// Packets since their mix was that of all others.
    same_for: u32,
}

/// A voice that is played rather than received.
#[derive(Debug)]
struct Clip {
    sound: Arc<[f32]>,
    at: usize,
}

impl Room {
    pub(super) fn new() -> Self {
        Self {
            mixer: Mixer::new(),
            seats: BTreeMap::new(),
            shared: None,
            before: [SILENCE; 2],
            timestamp: 0,
        }
    }

    /// From now on only that passes. Nobody passes anything who was never named here.
    pub(super) fn set_passage(&mut self, id: &str, passage: Passage) {
        let seat = self.seat(id);
        seat.passage = passage;
        if !passage.up {
            seat.incoming = None;
            seat.clip = None;
        }
        if !passage.down {
            seat.own = None;
        }
    }

    pub(super) fn connect(&mut self, id: &str, peer: PeerId) {
        self.seat(id).peer = Some(peer);
    }

    /// Forgets a connection, and everything that was known of the person's sound.
    pub(super) fn disconnect(&mut self, id: &str) {
        if let Some(seat) = self.seats.get_mut(id) {
            (seat.peer, seat.incoming, seat.own) = (None, None, None);
            seat.loss = 0;
        }
    }

    pub(super) fn remove(&mut self, id: &str) {
        let Some(gone) = self.seats.remove(id) else {
            return;
        };
        self.mixer.remove(gone.source);
        for seat in self.seats.values_mut() {
            seat.listener.forget(gone.source);
        }
    }

    /// How loud `listener` hears `of`, in percent.
    pub(super) fn set_volume(&mut self, listener: &str, of: &str, percent: u16) {
        let source = self.seat(of).source;
        let seat = self.seat(listener);
        seat.listener.set_volume(source, f32::from(percent) / 100.0);
    }

    /// The share of packets that somebody did not get, in percent, as they report it.
    pub(super) fn set_loss(&mut self, id: &str, percent: u8) {
        let Some(seat) = self.seats.get_mut(id) else {
            return;
        };
        seat.loss = send::expected_loss(seat.loss, percent);
        if let Some(own) = &mut seat.own {
            expect_loss(&mut own.sender, seat.loss);
        }
        let worst = self.worst_loss();
        if let Some(shared) = &mut self.shared {
            expect_loss(shared, worst);
        }
    }

    fn worst_loss(&self) -> u8 {
        let losses = self.seats.values().map(|seat| seat.loss);
        losses.max().unwrap_or_default()
    }

    /// A packet of somebody. It is dropped unless they may be heard.
    pub(super) fn receive(&mut self, id: &str, packet: &packet::Packet, now: Duration) {
        let Some(seat) = self.seats.get_mut(id).filter(|seat| seat.passage.up) else {
            return;
        };
        let known = seat.incoming.as_ref().map(|incoming| incoming.ssrc);
        if known != Some(packet.ssrc) {
            seat.incoming = match Receiver::new() {
                Ok(receiver) => Some(Incoming {
                    ssrc: packet.ssrc,
                    receiver,
                }),
                Err(error) => {
                    tracing::warn!(%error, "somebody cannot be heard");
                    None
                }
            };
        }
        if let Some(incoming) = &mut seat.incoming {
            let packet = receive::Packet {
                sequence: packet.number(),
                timestamp: packet.timestamp,
                payload: Arc::clone(&packet.payload),
            };
            incoming.receiver.push(packet, now);
        }
    }

    /// Has a scripted voice speak, if they may be heard.
    pub(super) fn play(&mut self, id: &str, sound: Arc<[f32]>) {
        let seat = self.seat(id);
        if seat.passage.up {
            seat.clip = Some(Clip { sound, at: 0 });
        }
    }

    /// Whether anybody hears or speaks; otherwise there is nothing to mix.
    pub(super) fn is_active(&self) -> bool {
        let seats = &mut self.seats.values();
        seats.any(|seat| seat.hears() || seat.incoming.is_some() || seat.clip.is_some())
    }

    /// Mixes the 20 ms that end at `now`: a packet for everybody who hears, and all together.
    pub(super) fn mix(&mut self, now: Duration) -> (Vec<Outgoing>, Both) {
        let mut all = [SILENCE; 2];
        for seat in self.seats.values_mut() {
            seat.differs = false;
        }
        for (half, full) in all.iter_mut().enumerate() {
            let moment = if half == 0 {
                now.saturating_sub(FRAME_TIME)
            } else {
                now
            };
            *full = self.mix_half(half, moment);
        }
        let outgoing = self.encode(&all);
        self.before = all;
        self.timestamp = self.timestamp.wrapping_add(PACKET_STEP);
        (outgoing, all)
    }

    fn mix_half(&mut self, half: usize, now: Duration) -> Frame {
        self.mixer.begin();
        let mut frame = SILENCE;
        for seat in self.seats.values_mut() {
            if seat.pull(&mut frame, now) {
                self.mixer.put(seat.source, &frame);
            }
        }
        self.mixer.finish();
        let full = *self.mixer.full();
        for seat in self.seats.values_mut().filter(|seat| seat.hears()) {
            if seat.listener.shares(&self.mixer) {
                seat.mix[half] = full;
            } else {
                seat.differs = true;
                self.mixer.mix(&mut seat.listener, &mut seat.mix[half]);
            }
        }
        full
    }

    fn encode(&mut self, all: &Both) -> Vec<Outgoing> {
        let mut outgoing = Vec::new();
        let mut sharing = Vec::new();
        let (before, timestamp) = (&self.before, self.timestamp);
        for seat in self.seats.values_mut() {
            let Some(peer) = seat.peer.filter(|_| seat.passage.down) else {
                continue;
            };
            match seat.encode(before, timestamp) {
                Encoded::Shared => sharing.push(peer),
                Encoded::Own(packet) => outgoing.extend(packet.map(|p| for_peers(vec![peer], p))),
            }
        }
        if sharing.is_empty() {
            self.shared = None;
            return outgoing;
        }
        let known = self.shared.take();
        self.shared = known.or_else(|| begin(&self.before, timestamp, self.worst_loss()));
        let packet = self.shared.as_mut().and_then(|shared| push(shared, all));
        outgoing.extend(packet.map(|packet| for_peers(sharing, packet)));
        outgoing
    }

    /// Everybody who talks, in the order of their ids.
    pub(super) fn talking(&self) -> Vec<String> {
        let talks = |seat: &Seat| self.mixer.is_talking(seat.source);
        let seats = self.seats.iter().filter(|(_, seat)| talks(seat));
        seats.map(|(id, _)| id.clone()).collect()
    }

    /// How loud everybody is who may be heard, in dBFS.
    pub(super) fn levels(&self) -> Vec<(String, i8)> {
        let seats = self.seats.iter().filter(|(_, seat)| seat.passage.up);
        seats
            .map(|(id, seat)| (id.clone(), whole(self.mixer.level(seat.source))))
            .collect()
    }

    fn seat(&mut self, id: &str) -> &mut Seat {
        if !self.seats.contains_key(id) {
            let source = self.mixer.add();
            self.seats.insert(id.to_owned(), Seat::new(source));
        }
        self.seats.get_mut(id).expect("it was put there just now")
    }
}

impl Seat {
    fn new(source: Source) -> Self {
        Self {
            passage: Passage::default(),
            peer: None,
            source,
            listener: Listener::new(Some(source)),
            incoming: None,
            own: None,
            clip: None,
            loss: 0,
            mix: [SILENCE; 2],
            differs: false,
        }
    }

    fn hears(&self) -> bool {
        self.passage.down && self.peer.is_some()
    }

    /// The next 10 ms of their voice; false when there is nothing to mix.
    fn pull(&mut self, frame: &mut Frame, now: Duration) -> bool {
        if let Some(clip) = &mut self.clip {
            let rest = &clip.sound[clip.at..];
            let length = rest.len().min(frame.len());
            *frame = SILENCE;
            frame[..length].copy_from_slice(&rest[..length]);
            clip.at += length;
            if clip.at == clip.sound.len() {
                self.clip = None;
            }
            return true;
        }
        let heard = self
            .incoming
            .as_mut()
            .map(|incoming| incoming.receiver.pull(frame, now));
        match heard {
            Some(Heard::Sound | Heard::Concealed | Heard::Comfort) => true,
            Some(Heard::Silence) | None => false,
        }
    }

    fn encode(&mut self, before: &Both, timestamp: u32) -> Encoded {
        if self.own.is_none() && self.differs {
            let sender = begin(before, timestamp, self.loss);
            self.own = sender.map(|sender| Own {
                sender,
                same_for: 0,
            });
        }
        let Some(own) = &mut self.own else {
            // Without an encoder of their own they would hear themselves.
            return if self.differs {
                Encoded::Own(None)
            } else {
                Encoded::Shared
            };
        };
        own.same_for = if self.differs { 0 } else { own.same_for + 1 };
        if own.same_for > LINGER {
            self.own = None;
            return Encoded::Shared;
        }
        Encoded::Own(push(&mut own.sender, &self.mix))
    }
}

enum Encoded {
    /// What all others hear.
    Shared,
    Own(Option<Packet>),
}

/// An encoder that knows what was heard last, so that the change cannot be heard.
fn begin(before: &Both, timestamp: u32, loss: u8) -> Option<Sender> {
    match open(timestamp.wrapping_sub(PACKET_STEP)) {
        Ok(mut sender) => {
            expect_loss(&mut sender, loss);
            let _ = push(&mut sender, before);
            Some(sender)
        }
        Err(error) => {
            tracing::warn!(%error, "somebody hears nothing");
            None
        }
    }
}

fn open(first_timestamp: u32) -> Result<Sender, Error> {
    let settings = Settings {
        complexity: COMPLEXITY,
        silence: Silence::Zeros,
        ..Settings::default()
    };
    let mut sender = Sender::new(settings, first_timestamp)?;
    sender.set_gate(Gate::Open);
    Ok(sender)
}

fn expect_loss(sender: &mut Sender, percent: u8) {
    if let Err(error) = sender.set_expected_loss(percent) {
        tracing::debug!(%error, "could not prepare an encoder for loss");
    }
}

/// At most one packet comes of 20 ms.
fn push(sender: &mut Sender, both: &Both) -> Option<Packet> {
    let mut made = None;
    for frame in both {
        match sender.push(frame) {
            Ok(packet) => made = packet.or(made),
            Err(error) => tracing::warn!(%error, "20 ms of a call are missing"),
        }
    }
    made
}

fn for_peers(to: Vec<PeerId>, packet: Packet) -> Outgoing {
    Outgoing {
        to,
        frame: packet::Frame {
            timestamp: packet.timestamp,
            payload: packet.payload,
            level: Some(packet::Level {
                dbov: whole(packet.level),
                voice: packet.talking,
            }),
            marker: packet.marker,
        },
    }
}

#[expect(clippy::cast_possible_truncation, reason = "clamped to what fits")]
fn whole(dbfs: f32) -> i8 {
    dbfs.round().clamp(-127.0, 0.0) as i8
}

/// From 7 on Opus also looks for voices, to tell them from silence. A mix knows its silence, and
/// without looking packets of the same size take six sevenths of the time.
const COMPLEXITY: u8 = 6;

const PACKET_STEP: u32 = 960;
/// An own encoder is kept for a fifth of a second after it was needed: longer than a pause between words.
const LINGER: u32 = 10;

#[cfg(test)]
mod tests;
