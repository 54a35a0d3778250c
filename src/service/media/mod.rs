//! The sound of the embedded service's meetings: offers answered, and everything mixed, by one task.
//!
//! ```text
//! meetings ── MediaAct ──► Desk ──► rtc::hub ──► sockets
//!     ▲                      │  ▲       │
//!     └── answers, levels ───┘  └ packets, states
//! ```
//!
//! What may be heard of whom is decided by `meetings`; here it is carried out, by the gate of
//! each connection and by what the [`room`] lets in. Nobody has a room before `meetings` named them.

mod clips;
mod recording;
mod room;

use std::collections::HashMap;
use std::collections::VecDeque;
use std::net::IpAddr;
use std::path::Path;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::mpsc;

use crate::clock::Clock;
use crate::clock::Moment;
use crate::rtc::hub;
use crate::rtc::hub::Outgoing;
use crate::rtc::hub::PeerId;
use crate::rtc::packet::Gate;
use crate::rtc::packet::Packet;
use crate::rtc::peer::Event;
use crate::rtc::peer::State;
use crate::rtc::sdp;
use crate::rtc::sdp::Sdp;
use crate::rtc::stats::Stats;
use crate::wire::local;
use crate::wire::local::Answer;
use crate::wire::local::MediaState;
use crate::wire::local::Quality;

use super::Service;
use super::meetings::Flow;
use super::meetings::MediaAct;
use super::meetings::Meeting;
use super::meetings::Mixing;
use super::meetings::Now;
use super::meetings::Output;
use super::meetings::SocketId;
use clips::Clips;
use recording::Recorder;
use room::Both;
use room::Passage;
use room::Room;

/// From now on meetings have sound.
pub(super) fn start(service: &Arc<Service>) {
    // Not bounded: the desk decides without waiting, and says so once for each request that it took.
    let (mixer, acts) = mpsc::unbounded_channel();
    service.attach_mixer(mixer);
    let (commands, commanded) = mpsc::channel(COMMANDS);
    let (telling, events) = mpsc::channel(EVENTS);
    let (frames, outgoing) = mpsc::channel(FRAMES);
    let (packing, packets) = mpsc::channel(PACKETS);
    let settings = hub::Settings {
        port: 0,
        tasks: service.tasks().clone(),
    };
    let lanes = hub::Lanes {
        commands: commanded,
        events: telling,
        frames: outgoing,
        packets: packing,
    };
    service.tasks().spawn(hub::run(settings, lanes));
    let desk = Desk {
        service: Arc::clone(service),
        orders: VecDeque::new(),
        frames,
        clock: service.clock(),
        rooms: HashMap::new(),
        peers: HashMap::new(),
        last: 0,
        clips: Clips::default(),
        next: None,
    };
    let lanes = Lanes {
        commands,
        acts,
        events,
        packets,
    };
    service.tasks().spawn(desk.run(lanes));
}

struct Lanes {
    commands: mpsc::Sender<hub::Command>,
    acts: mpsc::UnboundedReceiver<Mixing>,
    events: mpsc::Receiver<(PeerId, Event)>,
    packets: mpsc::Receiver<(PeerId, Packet)>,
}

struct Desk {
    service: Arc<Service>,
    /// What the hub has not taken yet. Nobody waits for it here: it may be waiting for us.
    orders: VecDeque<hub::Command>,
    frames: mpsc::Sender<Outgoing>,
    clock: Clock,
    /// By thread id.
    rooms: HashMap<String, Hall>,
    peers: HashMap<PeerId, Place>,
    /// The last number that a connection was given.
    last: u64,
    clips: Clips,
    /// When to mix next; never while nobody listens or speaks.
    next: Option<Moment>,
}

/// A room, who is connected to it, and what was told of it.
struct Hall {
    room: Room,
    /// By participant.
    peers: HashMap<String, PeerId>,
    flows: HashMap<String, Flow>,
    talking: Vec<String>,
    levels: Option<Moment>,
    recording: Option<Recording>,
}

/// The file tells one recording from the next.
struct Recording {
    file: PathBuf,
    recorder: Recorder,
}

/// Whose connection it is, and their last offer.
struct Place {
    meeting: String,
    id: String,
    socket: SocketId,
    address: IpAddr,
    offer: Sdp,
    quality: Quality,
}

impl Desk {
    async fn run(mut self, mut lanes: Lanes) {
        loop {
            tokio::select! {
                // Sound goes first: nobody's flood of requests may silence a meeting.
                biased;
                () = self.clock.sleep_until(self.next) => self.mix(),
                event = lanes.events.recv() => match event {
                    Some((peer, event)) => self.said(peer, event),
                    None => return,
                },
                permit = lanes.commands.reserve(), if !self.orders.is_empty() => {
                    let order = self.orders.pop_front();
                    let (Ok(permit), Some(order)) = (permit, order) else { return };
                    permit.send(order);
                }
                act = lanes.acts.recv() => match act {
                    Some(Mixing { meeting, act }) => self.act(meeting, act),
                    None => return,
                },
                Some((peer, packet)) = lanes.packets.recv() => self.received(peer, &packet),
            }
            self.wind();
        }
    }

    fn act(&mut self, meeting: String, act: MediaAct) {
        match act {
            MediaAct::Offer {
                id,
                socket,
                address,
                sdp,
            } => {
                let place = Place {
                    meeting,
                    id,
                    socket,
                    address,
                    offer: Sdp(sdp.0),
                    quality: Quality::Good,
                };
                self.offered(place);
            }
            MediaAct::Flow { id, flow } => self.flow(&meeting, id, flow),
            MediaAct::Gone { id } => self.gone(&meeting, &id),
            MediaAct::Speak { id, words } => {
                if let Some(sound) = self.clips.of(words) {
                    self.hall(&meeting).room.play(&id, sound);
                }
            }
            MediaAct::Record { file: Some(file) } => self.record(&meeting, file),
            MediaAct::Record { file: None } => {
                if let Some(hall) = self.rooms.get_mut(&meeting) {
                    hall.recording = None;
                }
                self.close(&meeting);
            }
            MediaAct::Volume {
                listener,
                of,
                percent,
            } => {
                let room = &mut self.hall(&meeting).room;
                room.set_volume(&listener, &of, percent);
            }
        }
    }

    /// The first offer of somebody makes their connection; another finds it another path.
    fn offered(&mut self, place: Place) {
        let known = self.hall(&place.meeting).peers.get(&place.id);
        if let Some(peer) = known.copied() {
            self.accept(peer, place);
        } else {
            self.connect(place);
        }
    }

    fn connect(&mut self, place: Place) {
        self.last += 1;
        let peer = PeerId(self.last);
        let hall = self.hall(&place.meeting);
        hall.room.connect(&place.id, peer);
        hall.peers.insert(place.id.clone(), peer);
        let gate = gate(hall.flows.get(&place.id).copied().unwrap_or_default());
        self.accept(peer, place);
        self.order(hub::Command::Gate(peer, gate));
    }

    fn accept(&mut self, peer: PeerId, place: Place) {
        let (address, offer) = (place.address, place.offer.clone());
        self.peers.insert(peer, place);
        // Only the last offer of somebody is worth an answer.
        let stale = |order: &hub::Command| matches!(order, hub::Command::Accept { peer: of, .. } if *of == peer);
        self.orders.retain(|order| !stale(order));
        self.order(hub::Command::Accept {
            peer,
            address,
            offer,
        });
    }

    fn flow(&mut self, meeting: &str, id: String, flow: Flow) {
        let hall = self.hall(meeting);
        let passage = Passage {
            up: flow.up,
            down: flow.down,
        };
        hall.room.set_passage(&id, passage);
        let peer = hall.peers.get(&id).copied();
        hall.flows.insert(id, flow);
        if let Some(peer) = peer {
            self.order(hub::Command::Gate(peer, gate(flow)));
        }
    }

    fn gone(&mut self, meeting: &str, id: &str) {
        let Some(hall) = self.rooms.get_mut(meeting) else {
            return;
        };
        hall.room.remove(id);
        hall.flows.remove(id);
        let peer = hall.peers.remove(id);
        self.close(meeting);
        if let Some(peer) = peer {
            self.peers.remove(&peer);
            self.order(hub::Command::Close(peer));
        }
    }

    fn order(&mut self, order: hub::Command) {
        self.orders.push_back(order);
    }

    fn said(&mut self, peer: PeerId, event: Event) {
        match event {
            Event::Answer(sdp) => self.tell(peer, |place, meeting, _, out| {
                let answer = Answer {
                    sdp: local::Sdp(sdp.0),
                    candidates: Vec::new(),
                };
                let _ = meeting.answer_offer(&place.id, place.socket, answer, out);
            }),
            Event::Refused(sdp::Error::OtherFingerprint) => self.anew(peer),
            Event::Refused(error) => self.tell(peer, |place, meeting, _, out| {
                let reason = error.to_string();
                let _ = meeting.refuse_offer(&place.id, place.socket, &reason, out);
            }),
            Event::State(State::Connected) => self.stands(peer, MediaState::Connected),
            Event::State(State::Interrupted) => self.stands(peer, MediaState::Reconnecting),
            Event::State(State::Closed(_)) => {
                self.stands(peer, MediaState::None);
                self.forget(peer);
            }
            Event::Stats(stats) => self.measured(peer, &stats),
            // The client offers anew when it misses us.
            Event::RestartNeeded(_) | Event::Offer(_) => {}
        }
    }

    /// Somebody came back as another program: what they had is closed, and they begin anew.
    fn anew(&mut self, peer: PeerId) {
        let Some(place) = self.peers.remove(&peer) else {
            return;
        };
        self.hall(&place.meeting).room.disconnect(&place.id);
        self.order(hub::Command::Close(peer));
        self.connect(place);
    }

    fn stands(&mut self, peer: PeerId, state: MediaState) {
        self.tell(peer, |place, meeting, _, out| {
            let _ = meeting.set_media(&place.id, state, None, out);
        });
    }

    fn forget(&mut self, peer: PeerId) {
        let Some(place) = self.peers.remove(&peer) else {
            return;
        };
        if let Some(hall) = self.rooms.get_mut(&place.meeting)
            && hall.peers.get(&place.id) == Some(&peer)
        {
            hall.peers.remove(&place.id);
            hall.room.disconnect(&place.id);
        }
    }

    fn measured(&mut self, peer: PeerId, stats: &Stats) {
        let Some(place) = self.peers.get_mut(&peer) else {
            return;
        };
        let lost_out = stats.lost_out().unwrap_or(0);
        let worse = lost_out.max(stats.lost_in().unwrap_or(0));
        let quality = grade(worse);
        let news = quality != std::mem::replace(&mut place.quality, quality);
        if let Some(hall) = self.rooms.get_mut(&place.meeting) {
            hall.room.set_loss(&place.id, lost_out);
        }
        if news {
            self.tell(peer, |place, meeting, _, out| {
                let _ = meeting.set_quality(&place.id, quality, out);
            });
        }
    }

    fn received(&mut self, peer: PeerId, packet: &Packet) {
        if let Some(place) = self.peers.get(&peer)
            && let Some(hall) = self.rooms.get_mut(&place.meeting)
        {
            let arrived = packet.arrived.since(Moment::ZERO);
            hall.room.receive(&place.id, packet, arrived);
        }
    }

    /// Acts on the meeting of a connection. Whoever left meanwhile needs to hear nothing.
    fn tell(&self, peer: PeerId, act: impl FnOnce(&Place, &mut Meeting, Now, &mut Vec<Output>)) {
        if let Some(place) = self.peers.get(&peer) {
            self.service
                .in_meeting(&place.meeting, |meeting, now, out| {
                    act(place, meeting, now, out);
                });
        }
    }

    /// The room of a meeting, made when it is first spoken of.
    fn hall(&mut self, meeting: &str) -> &mut Hall {
        let made = || Hall::new(Room::new());
        self.rooms.entry(meeting.to_owned()).or_insert_with(made)
    }

    fn mix(&mut self) {
        let Some(due) = self.next else { return };
        let now = self.clock.now();
        // After the machine slept, what was missed is not made up for.
        let late = now.since(due) > LATEST;
        self.next = Some(if late { now } else { due } + STEP);
        let mut broken = Vec::new();
        for (meeting, hall) in &mut self.rooms {
            if !hall.is_active() {
                continue;
            }
            let (outgoing, both) = hall.room.mix(now.since(Moment::ZERO));
            for sent in outgoing {
                // A hub that is behind plays nothing later.
                let _ = self.frames.try_send(sent);
            }
            hall.report(&self.service, meeting, now);
            if let Some(file) = hall.keep(&both) {
                broken.push((meeting.clone(), file));
            }
        }
        for (meeting, file) in broken {
            self.recording_failed(&meeting, &file);
        }
    }

    fn record(&mut self, meeting: &str, file: PathBuf) {
        let topic = {
            let state = self.service.lock();
            let found = state.meetings.get(meeting);
            found.map_or_else(String::new, |meeting| meeting.options.topic.clone())
        };
        let tasks = self.service.tasks().clone();
        match Recorder::start(&file, &topic, tasks) {
            Ok(recorder) => self.hall(meeting).recording = Some(Recording { file, recorder }),
            Err(error) => {
                tracing::error!(%error, "a meeting is not recorded");
                self.recording_failed(meeting, &file);
            }
        }
    }

    fn recording_failed(&self, meeting: &str, file: &Path) {
        self.service.in_meeting(meeting, |meeting, now, out| {
            meeting.recording_failed(file, now, out);
        });
    }

    /// A room in which nobody is, and nothing goes on, is needed no more.
    fn close(&mut self, meeting: &str) {
        let empty = |hall: &Hall| {
            hall.flows.is_empty() && hall.peers.is_empty() && hall.recording.is_none()
        };
        if self.rooms.get(meeting).is_some_and(empty) {
            self.rooms.remove(meeting);
        }
    }

    /// Time is kept only while somebody hears or speaks.
    fn wind(&mut self) {
        let active = self.rooms.values().any(Hall::is_active);
        self.next = match self.next {
            Some(next) if active => Some(next),
            None if active => Some(self.clock.now() + STEP),
            Some(_) | None => None,
        };
    }
}

impl Hall {
    fn new(room: Room) -> Self {
        Self {
            room,
            peers: HashMap::new(),
            flows: HashMap::new(),
            talking: Vec::new(),
            levels: None,
            recording: None,
        }
    }

    fn is_active(&self) -> bool {
        self.recording.is_some() || self.room.is_active()
    }

    /// Records what was mixed; the file, when that can be done no more.
    fn keep(&mut self, both: &Both) -> Option<PathBuf> {
        let recorder = &mut self.recording.as_mut()?.recorder;
        let kept = recorder.take(both);
        if let Err(error) = &kept {
            tracing::error!(%error, "a recording ends here");
        }
        let goes_on = kept.is_ok() && !recorder.has_failed();
        self.recording
            .take_if(|_| !goes_on)
            .map(|recording| recording.file)
    }

    /// Tells the meeting who talks when that changes, and levels to whoever looks at them.
    fn report(&mut self, service: &Service, meeting: &str, now: Moment) {
        let talking = self.room.talking();
        if talking != self.talking {
            let told = service.in_meeting(meeting, |meeting, _, out| {
                meeting.set_talking(talking.clone(), out)
            });
            // Somebody of them may have left just now; then it is told in a moment.
            if told.is_some_and(|(told, _)| told.is_ok()) {
                self.talking = talking;
            }
        }
        if self.levels.is_some_and(|at| now.since(at) < LEVELS) {
            return;
        }
        self.levels = Some(now);
        let wanted = service
            .lock()
            .meetings
            .get(meeting)
            .is_some_and(Meeting::wants_levels);
        if wanted {
            let levels = self.room.levels();
            service.in_meeting(meeting, |meeting, now, out| {
                meeting.set_levels(levels, now, out);
            });
        }
    }
}

const fn gate(flow: Flow) -> Gate {
    if flow.up || flow.down {
        Gate::Open
    } else {
        Gate::Shut
    }
}

/// By the share of packets that are lost, the worse of both ways.
const fn grade(percent: u8) -> Quality {
    match percent {
        0..=3 => Quality::Good,
        4..=14 => Quality::Poor,
        _ => Quality::Bad,
    }
}

/// One packet.
const STEP: Duration = Duration::from_millis(20);
const LATEST: Duration = Duration::from_millis(200);
const LEVELS: Duration = Duration::from_millis(200);

const COMMANDS: usize = 64;
const EVENTS: usize = 256;
const FRAMES: usize = 512;
const PACKETS: usize = 1024;
