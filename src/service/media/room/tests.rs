//! A room against people made of tones, who hear with the client's own receiver.

use super::*;
use crate::audio::FRAME;
use crate::audio::tone::Sine;
use crate::service::media::clips::Clips;

/// Somebody: what they say goes in as packets, what they hear comes out as samples.
struct Person {
    id: String,
    peer: PeerId,
    sender: Sender,
    voice: Sine,
    sequence: u64,
    receiver: Receiver,
    heard: Vec<f32>,
    timestamps: Vec<u32>,
    received: u16,
}

impl Person {
    fn new(peer: u64, hertz: f32) -> Self {
        Self {
            id: format!("8:acs:{peer}"),
            peer: PeerId(peer),
            sender: open(7).unwrap(),
            voice: Sine::new(hertz, -20.0),
            sequence: 0,
            receiver: Receiver::new().unwrap(),
            heard: Vec::new(),
            timestamps: Vec::new(),
            received: 0,
        }
    }

    fn says(&mut self) -> Option<packet::Packet> {
        let mut both = [SILENCE; 2];
        for sample in both.iter_mut().flatten() {
            *sample = self.voice.next().unwrap();
        }
        let packet = push(&mut self.sender, &both)?;
        self.sequence += 1;
        Some(packet::Packet {
            ssrc: 1,
            sequence: self.sequence,
            timestamp: packet.timestamp,
            payload: packet.payload,
            level: None,
            marker: packet.marker,
            arrived: crate::clock::Moment::ZERO,
        })
    }

    fn hears(&mut self, frame: &packet::Frame, now: Duration) {
        self.received += 1;
        self.timestamps.push(frame.timestamp);
        let packet = receive::Packet {
            sequence: self.received,
            timestamp: frame.timestamp,
            payload: Arc::clone(&frame.payload),
        };
        self.receiver.push(packet, now);
    }

    fn listens(&mut self, now: Duration) {
        let mut frame = SILENCE;
        for at in [now.saturating_sub(FRAME_TIME), now] {
            self.receiver.pull(&mut frame, at);
            self.heard.extend_from_slice(&frame);
        }
    }

    /// How loud a tone was in the last half second, in dBFS.
    fn loudness(&self, hertz: f32) -> f32 {
        let sound = &self.heard[self.heard.len() - 24_000..];
        let (mut sine, mut cosine) = (0.0_f64, 0.0_f64);
        for (at, sample) in (0_u32..).zip(sound) {
            let turn = f64::from(at) * f64::from(hertz) / 48_000.0 * std::f64::consts::TAU;
            sine += f64::from(*sample) * turn.sin();
            cosine += f64::from(*sample) * turn.cos();
        }
        let amplitude = 2.0 * sine.hypot(cosine) / 24_000.0;
        let dbfs = 20.0 * (amplitude / std::f64::consts::SQRT_2).max(1e-6).log10();
        #[expect(clippy::cast_possible_truncation, reason = "a level needs few digits")]
        let dbfs = dbfs as f32;
        dbfs
    }
}

struct Meeting {
    room: Room,
    people: Vec<Person>,
    now: Duration,
    packets: usize,
}

impl Meeting {
    /// Three people with voices of their own pitch, all inside.
    fn of_three() -> Self {
        let mut room = Room::new();
        let people: Vec<Person> = (1_u64..)
            .zip(TONES)
            .map(|(n, hz)| Person::new(n, hz))
            .collect();
        for person in &people {
            room.connect(&person.id, person.peer);
            room.set_passage(&person.id, BOTH_WAYS);
        }
        Self {
            room,
            people,
            now: Duration::ZERO,
            packets: 0,
        }
    }

    /// Those with these numbers speak for so many milliseconds.
    fn speak(&mut self, speakers: &[usize], millis: u32) {
        for _ in 0..millis / 20 {
            self.now += 2 * FRAME_TIME;
            for at in speakers {
                let person = &mut self.people[*at];
                if let Some(packet) = person.says() {
                    self.room.receive(&person.id, &packet, self.now);
                }
            }
            for at in 0..self.people.len() {
                if !speakers.contains(&at) {
                    self.people[at].sender.pass(2);
                }
            }
            let (outgoing, _) = self.room.mix(self.now);
            self.packets += outgoing.len();
            for sent in &outgoing {
                for person in self.people.iter_mut().filter(|p| sent.to.contains(&p.peer)) {
                    person.hears(&sent.frame, self.now);
                }
            }
            for person in &mut self.people {
                person.listens(self.now);
            }
        }
    }

    /// Whom each hears, by their number.
    fn heard(&self) -> Vec<Vec<usize>> {
        let audible = |person: &Person| {
            let tones = TONES.iter().enumerate();
            tones
                .filter(|(_, hertz)| person.loudness(**hertz) > -45.0)
                .map(|(at, _)| at)
                .collect()
        };
        self.people.iter().map(audible).collect()
    }
}

const TONES: [f32; 3] = [300.0, 700.0, 1900.0];

const BOTH_WAYS: Passage = Passage {
    up: true,
    down: true,
};

#[test]
fn everybody_hears_everybody_but_themselves_at_their_level() {
    let mut meeting = Meeting::of_three();
    meeting.speak(&[0, 1, 2], 2000);
    assert_eq!(meeting.heard(), [vec![1, 2], vec![0, 2], vec![0, 1]]);
    let level = meeting.people[0].loudness(700.0);
    assert!((level + 20.0).abs() <= 2.0, "{level}");
}

#[test]
fn who_may_not_speak_is_not_heard_and_who_may_not_hear_gets_no_packet() {
    let mut meeting = Meeting::of_three();
    let (first, third) = (meeting.people[0].id.clone(), meeting.people[2].id.clone());
    meeting.room.set_passage(
        &first,
        Passage {
            up: false,
            down: true,
        },
    );
    meeting.room.set_passage(
        &third,
        Passage {
            up: true,
            down: false,
        },
    );
    meeting.speak(&[0, 1, 2], 2000);
    assert_eq!(meeting.heard(), [vec![1, 2], vec![2], vec![]]);
    assert_eq!(meeting.people[2].received, 0);
    assert!(!meeting.room.talking().contains(&first));
}

#[test]
fn what_was_said_before_a_mute_is_not_heard_after_it() {
    let mut meeting = Meeting::of_three();
    meeting.speak(&[0], 1000);
    let first = meeting.people[0].id.clone();
    meeting.room.set_passage(
        &first,
        Passage {
            up: false,
            down: true,
        },
    );
    let before = meeting.people[1].heard.len();
    meeting.speak(&[0], 1000);
    let after = &meeting.people[1].heard[before + 48_000 / 5..];
    assert!(crate::audio::level::dbfs(after) < -60.0);
}

#[test]
fn all_who_only_listen_share_one_encoding() {
    let mut meeting = Meeting::of_three();
    meeting.speak(&[0], 1000);
    // One for the two who listen; the speaker's own mix is silence, and soon not sent at all.
    assert!(meeting.packets <= 50 + 12, "{}", meeting.packets);
    assert_eq!(meeting.heard(), [vec![], vec![0], vec![0]]);
}

#[test]
fn a_listener_can_turn_one_person_off_for_themselves_alone() {
    let mut meeting = Meeting::of_three();
    let (first, second) = (meeting.people[0].id.clone(), meeting.people[1].id.clone());
    meeting.room.set_volume(&second, &first, 0);
    meeting.speak(&[0], 1500);
    assert_eq!(meeting.heard(), [vec![], vec![], vec![0]]);
    meeting.room.set_volume(&second, &first, 100);
    meeting.speak(&[0], 1500);
    assert_eq!(meeting.heard(), [vec![], vec![0], vec![0]]);
}

#[test]
fn time_goes_on_evenly_when_a_listener_begins_and_ends_to_speak() {
    let mut meeting = Meeting::of_three();
    for speakers in [&[0][..], &[0, 1], &[0], &[0, 1], &[0]] {
        meeting.speak(speakers, 1600);
    }
    let times = &meeting.people[1].timestamps;
    let even = times
        .windows(2)
        .all(|pair| pair[1].wrapping_sub(pair[0]) == 960);
    assert!(even, "{times:?}");
    assert_eq!(meeting.people[1].receiver.statistics(meeting.now).lost, 0);
}

#[test]
fn a_scripted_voice_is_heard_and_told_as_talking() {
    let mut meeting = Meeting::of_three();
    let alice = "8:orgid:alice";
    meeting.room.set_passage(
        alice,
        Passage {
            up: true,
            down: false,
        },
    );
    let sound: Vec<f32> = Sine::new(700.0, -20.0).take(FRAME * 150).collect();
    meeting.room.play(alice, sound.into());
    meeting.speak(&[], 1000);
    assert_eq!(meeting.heard(), [[1], [1], [1]]);
    assert_eq!(meeting.room.talking(), [alice]);
    let level = meeting
        .room
        .levels()
        .into_iter()
        .find(|(id, _)| id == alice);
    assert!(level.is_some_and(|(_, dbfs)| (-22..=-18).contains(&dbfs)));
    meeting.speak(&[], 1500);
    assert!(meeting.room.talking().is_empty());
}

#[test]
fn whoever_left_is_forgotten() {
    let mut meeting = Meeting::of_three();
    meeting.speak(&[0, 1], 500);
    for person in &meeting.people {
        meeting.room.remove(&person.id);
    }
    assert!(!meeting.room.is_active());
    let (outgoing, both) = meeting.room.mix(meeting.now);
    assert!(outgoing.is_empty());
    assert_eq!(both, [SILENCE; 2]);
}

#[test]
fn ten_who_talk_at_once_need_few_encodings() {
    const PACKETS: u16 = 500;
    let mut clips = Clips::default();
    let clips = LINES.map(|line| clips.of(line).unwrap());
    let mut room = Room::new();
    let ids: Vec<String> = (0..10).map(|n| format!("8:acs:{n}")).collect();
    for (number, id) in (0..).zip(&ids) {
        room.connect(id, PeerId(number));
        room.set_passage(id, BOTH_WAYS);
    }
    let mut encodings = 0_u16;
    for at in 0..PACKETS {
        for (number, id) in ids.iter().enumerate() {
            // One after the other begins, and goes on with another line.
            if usize::from(at) >= number * 17 && room.seat(id).clip.is_none() {
                let line = (number + usize::from(at)) % clips.len();
                room.play(id, Arc::clone(&clips[line]));
            }
        }
        room.mix(u32::from(at) * 2 * FRAME_TIME);
        let own = room.seats.values().filter(|seat| seat.own.is_some());
        encodings += u16::try_from(own.count()).unwrap();
    }
    let each = f32::from(encodings) / f32::from(PACKETS);
    assert!(each < 4.0, "{each} for each packet, beside that for all");
}

const LINES: [&str; 4] = [
    "So, we watched eight people sign in. They find the page in twelve seconds now.",
    "One thing worries me. Half of them never saw the second button.",
    "For the recording: we keep the page as it is, and look at the numbers again next week.",
    "I would rather wait for the other two tests.",
];
