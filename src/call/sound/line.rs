//! The sound of one account's calls: a media connection, what it sends and what it plays.
//!
//! The signalling says when sound may flow ([`MediaWish`]); until it does, and after it
//! says stop, the gate is shut: nothing is encoded, sent or played.

use std::net::SocketAddr;
use std::task::Context;
use std::task::Poll;
use std::time::Duration;

use tokio::sync::mpsc;

use crate::audio::Frame;
use crate::audio::SILENCE;
use crate::audio::codec::Settings;
use crate::audio::receive;
use crate::audio::receive::Heard;
use crate::audio::receive::Receiver;
use crate::audio::send;
use crate::audio::send::Sender;
use crate::call::native::MediaEnds;
use crate::call::native::MediaWish;
use crate::call::native::MediaWord;
use crate::clock::Moment;
use crate::model::account::AccountId;
use crate::model::sound::Audio;
use crate::model::sound::Level;
use crate::model::sound::MediaState;
use crate::model::sound::Statistics;
use crate::rtc::datagram::Transport;
use crate::rtc::driver;
use crate::rtc::packet;
use crate::rtc::packet::Gate;
use crate::rtc::packet::Packet;
use crate::rtc::peer::Cause;
use crate::rtc::peer::Command;
use crate::rtc::peer::Event;
use crate::rtc::peer::State;
use crate::rtc::sdp;
use crate::rtc::sdp::Sdp;
use crate::rtc::stats::CODEC;
use crate::rtc::stats::Stats;
use crate::tasks::Tasks;
use crate::wire::local;

pub(super) struct Line {
    account: AccountId,
    ends: MediaEnds,
    tasks: Tasks,
    /// Where the signalling is connected to.
    service: Option<SocketAddr>,
    /// How one takes part, from `Start` to `Stop`.
    audio: Audio,
    /// At first, so that nothing is said before somebody wants it.
    muted: bool,
    peer: Option<Peer>,
    /// When a connection that ended by itself is tried anew, and how often it was.
    again: Option<Moment>,
    failures: u32,
    sender: Option<Sender>,
    captured: Option<Moment>,
    /// What is expected of our packets to get lost, in percent.
    loss: u8,
    incoming: Option<Incoming>,
    levels: (Level, Level),
}

/// A media connection that is being made, or stands.
struct Peer {
    commands: mpsc::Sender<Command>,
    events: mpsc::Receiver<Event>,
    frames: mpsc::Sender<packet::Frame>,
    packets: mpsc::Receiver<Packet>,
    state: Standing,
    /// Offers that left and were not answered. The service may go by one of them already.
    unanswered: u32,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Standing {
    /// An offer is on its way.
    Offered,
    Up,
    Down,
}

struct Incoming {
    ssrc: u32,
    receiver: Receiver,
}

/// What came in on a line.
pub(super) enum Input {
    Wish(MediaWish),
    Peer(Event),
    /// The connection's task is no more.
    PeerEnded,
    Packet(Packet),
}

impl Line {
    pub(super) fn new(account: AccountId, ends: MediaEnds, tasks: Tasks) -> Self {
        Self {
            account,
            ends,
            tasks,
            service: None,
            audio: Audio::None,
            muted: true,
            peer: None,
            again: None,
            failures: 0,
            sender: None,
            captured: None,
            loss: 0,
            incoming: None,
            levels: (Level::SILENCE, Level::SILENCE),
        }
    }

    pub(super) const fn account(&self) -> &AccountId {
        &self.account
    }

    pub(super) const fn mute(&mut self, muted: bool) {
        self.muted = muted;
    }

    pub(super) const fn is_muted(&self) -> bool {
        self.muted
    }

    /// What came in next. `None` once the calls of the account are over for good.
    pub(super) fn poll_next(&mut self, context: &mut Context<'_>) -> Poll<Option<Input>> {
        if let Poll::Ready(wish) = self.ends.wishes.poll_recv(context) {
            return Poll::Ready(wish.map(Input::Wish));
        }
        let Some(peer) = &mut self.peer else {
            return Poll::Pending;
        };
        if let Poll::Ready(event) = peer.events.poll_recv(context) {
            return Poll::Ready(Some(event.map_or(Input::PeerEnded, Input::Peer)));
        }
        match peer.packets.poll_recv(context) {
            Poll::Ready(Some(packet)) => Poll::Ready(Some(Input::Packet(packet))),
            Poll::Ready(None) | Poll::Pending => Poll::Pending,
        }
    }

    pub(super) fn handle(&mut self, input: Input, now: Moment) {
        match input {
            Input::Wish(wish) => self.wished(wish),
            Input::Peer(event) => self.said(event, now),
            Input::PeerEnded => self.peer = None,
            Input::Packet(packet) => self.received(packet),
        }
    }

    /// When to call [`Line::timeout`].
    pub(super) const fn deadline(&self) -> Option<Moment> {
        self.again
    }

    pub(super) fn timeout(&mut self, now: Moment) {
        if self.again.is_some_and(|at| at <= now) {
            self.again = None;
            self.connect();
        }
    }

    /// 10 ms from the microphone. They are looked at only while one may be heard here.
    pub(super) fn capture(&mut self, frame: &Frame, level: Level, now: Moment) {
        let speaks = self.audio == Audio::Full && !self.muted;
        let Some(sender) = &mut self.sender else {
            return;
        };
        sender.set_gate(if speaks {
            send::Gate::Open
        } else {
            send::Gate::Closed
        });
        if let Some(missed) = self.captured.and_then(|last| missed(now.since(last))) {
            sender.pass(missed);
        }
        self.captured = Some(now);
        self.levels.0 = if speaks { level } else { Level::SILENCE };
        match sender.push(frame) {
            Ok(Some(packet)) => self.send(packet),
            Ok(None) => {}
            Err(error) => tracing::warn!(%error, "20 ms of the microphone were not sent"),
        }
    }

    /// The next 10 ms of what the others say; false when there is nothing to hear.
    pub(super) fn play(&mut self, frame: &mut Frame, now: Duration) -> bool {
        let heard = self
            .incoming
            .as_mut()
            .map(|incoming| incoming.receiver.pull(frame, now));
        match heard {
            Some(Heard::Sound | Heard::Concealed | Heard::Comfort) => true,
            Some(Heard::Silence) | None => {
                *frame = SILENCE;
                false
            }
        }
    }

    fn wished(&mut self, wish: MediaWish) {
        match wish {
            MediaWish::Route(service) => self.service = Some(service),
            MediaWish::Start { audio } => self.start(audio),
            MediaWish::Answer { sdp, .. } => {
                if let Some(peer) = &mut self.peer {
                    peer.unanswered = peer.unanswered.saturating_sub(1);
                }
                self.command(Command::Answer(Sdp(sdp.0)));
            }
            MediaWish::Refused { .. } => self.close(),
            MediaWish::Stop => self.stop(),
        }
    }

    fn start(&mut self, audio: Audio) {
        self.audio = audio;
        self.failures = 0;
        if audio == Audio::None {
            self.close();
            return;
        }
        match &mut self.peer {
            Some(peer) if peer.state == Standing::Up && peer.unanswered == 0 => {}
            // The way may be another now, the service may have forgotten the offer, and an
            // answer that was lost with the signalling leaves the two with different passwords.
            Some(peer) => {
                peer.unanswered = 0;
                self.command(Command::Offer);
            }
            None => self.connect(),
        }
        self.open_gate();
    }

    /// On hold, in the lobby or out: the connection may stay, nothing passes.
    fn stop(&mut self) {
        self.audio = Audio::None;
        self.again = None;
        self.forget_sound();
        self.command(Command::Gate(Gate::Shut));
    }

    fn close(&mut self) {
        self.again = None;
        self.forget_sound();
        self.command(Command::Close);
        self.peer = None;
    }

    fn forget_sound(&mut self) {
        (self.sender, self.incoming, self.captured) = (None, None, None);
        self.loss = 0;
        self.levels = (Level::SILENCE, Level::SILENCE);
    }

    fn open_gate(&mut self) {
        self.command(Command::Gate(Gate::Open));
        if self.sender.is_none() {
            match Sender::new(Settings::default(), fastrand::u32(..)) {
                Ok(sender) => self.sender = Some(sender),
                Err(error) => tracing::error!(%error, "nothing can be said in this call"),
            }
        }
    }

    /// A new connection, with a certificate of its own.
    fn connect(&mut self) {
        let Some(service) = self.service.filter(|_| self.audio != Audio::None) else {
            return;
        };
        let (commands, commanded) = mpsc::channel(COMMANDS);
        let (telling, events) = mpsc::channel(EVENTS);
        let (frames, outgoing) = mpsc::channel(FRAMES);
        let (packing, packets) = mpsc::channel(PACKETS);
        let lanes = driver::Lanes {
            commands: commanded,
            events: telling,
            frames: outgoing,
            packets: packing,
        };
        let settings = driver::Settings {
            service,
            tasks: self.tasks.clone(),
        };
        self.tasks.spawn_graceful(driver::run(settings, lanes));
        self.peer = Some(Peer {
            commands,
            events,
            frames,
            packets,
            state: Standing::Offered,
            unanswered: 0,
        });
        self.command(Command::Offer);
        self.open_gate();
    }

    fn command(&mut self, command: Command) {
        let Some(peer) = &self.peer else { return };
        if peer.commands.try_send(command).is_err() {
            // It takes nothing any more: what it says last is read before it is let go.
            tracing::debug!("a media connection takes no more commands");
        }
    }

    fn said(&mut self, event: Event, now: Moment) {
        match event {
            Event::Offer(sdp) => {
                if let Some(peer) = &mut self.peer {
                    peer.unanswered += 1;
                }
                self.tell(MediaWord::Offer(local::Sdp(sdp.0)));
            }
            Event::State(State::Connected) => {
                self.failures = 0;
                self.stands(Standing::Up, MediaState::Connected);
            }
            Event::State(State::Interrupted) => {
                self.stands(Standing::Down, MediaState::Reconnecting);
            }
            Event::State(State::Closed(cause)) => self.closed(cause, now),
            Event::RestartNeeded(_) => self.command(Command::Offer),
            // The service began anew and knows us no more: so do we.
            Event::Refused(sdp::Error::OtherFingerprint) => {
                self.close();
                self.connect();
            }
            Event::Refused(error) => {
                tracing::warn!(%error, "the service's answer cannot be used");
                self.command(Command::Close);
                self.closed(Cause::Failed, now);
            }
            Event::Stats(stats) => self.measured(&stats),
            Event::Answer(_) => {}
        }
    }

    fn stands(&mut self, standing: Standing, state: MediaState) {
        if let Some(peer) = &mut self.peer {
            peer.state = standing;
        }
        self.tell(MediaWord::State(state, None));
    }

    fn closed(&mut self, cause: Cause, now: Moment) {
        self.peer = None;
        self.incoming = None;
        let wanted = self.audio != Audio::None && cause != Cause::Here;
        let state = if wanted {
            MediaState::Reconnecting
        } else {
            MediaState::None
        };
        let reason = (wanted && cause == Cause::NeverConnected).then(|| NEVER_CONNECTED.to_owned());
        self.tell(MediaWord::State(state, reason));
        if wanted {
            self.again = Some(now + pause(self.failures));
            self.failures += 1;
        }
    }

    fn measured(&mut self, stats: &Stats) {
        let percent = |share: f32| share * 100.0;
        if let (Some(sender), Some(percent)) = (&mut self.sender, stats.lost_out()) {
            self.loss = send::expected_loss(self.loss, percent);
            if let Err(error) = sender.set_expected_loss(self.loss) {
                tracing::debug!(%error, "could not prepare the encoder for loss");
            }
        }
        if let Some(incoming) = &self.incoming {
            self.levels.1 = Level::from_dbfs(incoming.receiver.level());
        }
        let transport = match stats.transport {
            Some(Transport::Udp) => "UDP",
            Some(Transport::Tcp) => "TCP",
            None => "",
        };
        self.tell(MediaWord::Statistics(Statistics {
            round_trip: stats.round_trip,
            lost_in: stats.loss_in.map(percent),
            lost_out: stats.loss_out.map(percent),
            jitter: stats.jitter,
            level_out: Some(self.levels.0),
            level_in: Some(self.levels.1),
            codec: CODEC.to_owned(),
            bitrate_in: Some(stats.bitrate_in),
            bitrate_out: Some(stats.bitrate_out),
            transport: transport.to_owned(),
        }));
    }

    fn received(&mut self, packet: Packet) {
        if self.audio == Audio::None {
            return;
        }
        if self.incoming.as_ref().map(|incoming| incoming.ssrc) != Some(packet.ssrc) {
            self.incoming = match Receiver::new() {
                Ok(receiver) => Some(Incoming {
                    ssrc: packet.ssrc,
                    receiver,
                }),
                Err(error) => {
                    tracing::error!(%error, "nothing can be heard in this call");
                    None
                }
            };
        }
        if let Some(incoming) = &mut self.incoming {
            let arrived = packet.arrived.since(Moment::ZERO);
            let packet = receive::Packet {
                sequence: packet.number(),
                timestamp: packet.timestamp,
                payload: packet.payload,
            };
            incoming.receiver.push(packet, arrived);
        }
    }

    fn send(&self, packet: send::Packet) {
        let Some(peer) = &self.peer else { return };
        let frame = packet::Frame {
            timestamp: packet.timestamp,
            payload: packet.payload,
            level: Some(packet::Level {
                dbov: Level::from_dbfs(packet.level).dbfs(),
                voice: packet.talking,
            }),
            marker: packet.marker,
        };
        // A connection that takes nothing at present plays nothing later.
        let _ = peer.frames.try_send(frame);
    }

    fn tell(&self, word: MediaWord) {
        if self.ends.words.try_send(word).is_err() {
            tracing::debug!("the signalling does not listen");
        }
    }
}

/// How many frames were not captured before this one, when it came so much later than the last.
fn missed(since: Duration) -> Option<u32> {
    let frames = u32::try_from(since.as_millis() / 10).unwrap_or(u32::MAX);
    (frames >= MISSED).then(|| frames - 1)
}

fn pause(failures: u32) -> Duration {
    Duration::from_secs(1 << failures.min(5))
}

/// Callbacks of a device come in bunches of up to 50 ms; only beyond twice that something is missing.
const MISSED: u32 = 11;

const NEVER_CONNECTED: &str = "no way for sound was found to the service";

const COMMANDS: usize = 16;
const EVENTS: usize = 64;
const FRAMES: usize = 8;
const PACKETS: usize = 64;
