//! One end of a WebRTC connection that carries Opus: offer and answer, ICE, DTLS, SRTP.
//!
//! Feed it what arrived with [`Peer::handle`], then drain [`Peer::poll`] until it returns
//! [`Output::Wait`]. It never reads a clock and opens no socket. Underneath is `str0m` in
//! its packet mode, so that packets come out at once and in the order of their arrival.
//!
//! Media is delivered only after DTLS has shown the certificate that the description
//! announced, and only while the [`Gate`] is open; the same holds for what is sent.

use std::collections::VecDeque;
use std::fmt;
use std::io::ErrorKind;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use str0m::Candidate;
use str0m::IceConnectionState;
use str0m::IceCreds;
use str0m::Rtc;
use str0m::RtcError;
use str0m::change::SdpAnswer;
use str0m::change::SdpOffer;
use str0m::change::SdpPendingOffer;
use str0m::format::Codec;
use str0m::media::Direction;
use str0m::media::MediaKind;
use str0m::media::Mid;
use str0m::media::Pt;
use str0m::net::Receive;
use str0m::net::TcpType;
use str0m::rtp::ExtensionValues;
use str0m::rtp::RtpPacket;
use str0m::rtp::RtpWrite;

use crate::clock::Moment;

use super::datagram::Datagram;
use super::datagram::Transmit;
use super::datagram::Transport;
use super::packet::Frame;
use super::packet::Gate;
use super::packet::Level;
use super::packet::Packet;
use super::sdp;
use super::sdp::Error;
use super::sdp::Sdp;
use super::stats::Meter;
pub use interface::Cause;
pub use interface::Command;
pub use interface::Event;
pub use interface::Input;
pub use interface::Output;
pub use interface::Reason;
pub use interface::Role;
pub use interface::State;
use link::Due;
use link::Ice;
use link::Link;
use link::Tcp;
use sources::Sources;
use timeline::Timeline;

mod engine;
mod interface;
mod link;
mod sources;
mod timeline;

pub struct Peer {
    role: Role,
    rtc: Rtc,
    timeline: Timeline,
    link: Link,
    gate: Gate,
    sources: Sources,
    meter: Meter,
    mid: Option<Mid>,
    sequence: u64,
    pending: Option<SdpPendingOffer>,
    /// Our certificate's counterpart, once announced.
    fingerprint: Option<String>,
    ufrag: Option<String>,
    /// Where we listen: UDP sockets, or sockets for TCP connections.
    bound: Vec<(Transport, SocketAddr)>,
    /// The local address of the TCP connection we opened.
    opened: Option<SocketAddr>,
    /// Where the other side takes TCP connections.
    takes_tcp: Vec<SocketAddr>,
    /// Where the other side was heard from, the latest first.
    paths: VecDeque<SocketAddr>,
    /// How many such places there were under the passwords of now: the library keeps them all.
    introduced: usize,
    offer_when_bound: bool,
    closed: bool,
    out: VecDeque<Output>,
    wake: Option<Moment>,
}

impl Peer {
    pub fn new(role: Role, now: Moment) -> Self {
        let timeline = Timeline::starting(now);
        Self {
            role,
            rtc: engine::start(role, timeline.instant(now)),
            timeline,
            link: Link::new(role, now),
            gate: Gate::Shut,
            sources: Sources::default(),
            meter: Meter::default(),
            mid: None,
            // Leaves room before the first wrap, so that both sides count wraps alike.
            sequence: fastrand::u64(1..0x4000),
            pending: None,
            fingerprint: None,
            ufrag: None,
            bound: Vec::new(),
            opened: None,
            takes_tcp: Vec::new(),
            paths: VecDeque::new(),
            introduced: 0,
            offer_when_bound: false,
            closed: false,
            out: VecDeque::new(),
            wake: None,
        }
    }

    pub fn handle(&mut self, input: Input<'_>, now: Moment) {
        if self.closed {
            return;
        }
        match input {
            Input::Timeout => self.advance(now),
            Input::Datagram(datagram) => self.receive(datagram, now),
            Input::Frame(frame) => self.send(frame, now),
            Input::Bound(transport, address) => self.on_bound(transport, address),
            Input::NotBound => self.on_not_bound(now),
            Input::Opened { local } => self.on_opened(local),
            Input::Broken { local } => self.on_broken(local, now),
            Input::NotSent(transport, error) => self.on_not_sent(transport, error, now),
            Input::Command(command) => self.on_command(command, now),
        }
        self.tick(now);
    }

    pub fn poll(&mut self) -> Output {
        if let Some(output) = self.out.pop_front() {
            return output;
        }
        if self.closed {
            return Output::Wait(None);
        }
        let deadlines = [self.wake, self.link.deadline()];
        Output::Wait(deadlines.into_iter().flatten().min())
    }

    /// Whether STUN is for this peer, by its password.
    pub fn accepts(&self, datagram: &Datagram<'_>, now: Moment) -> bool {
        read(datagram).is_some_and(|receive| {
            let at = self.timeline.instant(now);
            self.rtc.accepts(&str0m::Input::Receive(at, receive))
        })
    }

    /// What STUN requests for this peer are addressed to; changes with every answer.
    pub fn ufrag(&self) -> Option<&str> {
        self.ufrag.as_deref()
    }

    pub fn is_closed(&self) -> bool {
        self.closed
    }

    fn on_command(&mut self, command: Command, now: Moment) {
        match command {
            Command::Offer => {
                self.offer_when_bound = true;
                self.out.push_back(Output::Bind);
            }
            Command::Answer(sdp) => {
                let answered = self.answered(&sdp, now);
                self.refuse(answered);
            }
            Command::Accept(sdp) => {
                let accepted = self.accept(&sdp, now);
                self.refuse(accepted);
            }
            Command::Gate(gate) => self.gate = gate,
            Command::Close => self.close(now),
        }
    }

    fn refuse(&mut self, result: Result<(), Error>) {
        if let Err(error) = result {
            self.event(Event::Refused(error));
        }
    }

    fn on_bound(&mut self, transport: Transport, address: SocketAddr) {
        match self.role {
            Role::Answerer => {
                self.bound.push((transport, address));
                self.add_candidate(transport, address);
            }
            Role::Offerer => {
                self.bound = vec![(transport, address)];
                if std::mem::take(&mut self.offer_when_bound) {
                    self.offer();
                }
            }
        }
    }

    fn on_not_bound(&mut self, now: Moment) {
        self.offer_when_bound = false;
        self.event(Event::Refused(Error::NoSocket));
        self.link.begin(None, now);
    }

    fn offer(&mut self) {
        let Some((transport, address)) = self.bound.first().copied() else {
            return;
        };
        if self.fingerprint.is_none() {
            self.add_candidate(transport, address);
        }
        let mut api = self.rtc.sdp_api();
        if self.fingerprint.is_some() {
            api.ice_restart(false);
        } else {
            let mid = api.add_media(MediaKind::Audio, Direction::SendRecv, None, None, None);
            self.mid = Some(mid);
        }
        if let Some((offer, pending)) = api.apply() {
            self.pending = Some(pending);
            self.event(Event::Offer(Sdp(offer.to_sdp_string())));
        }
    }

    fn answered(&mut self, sdp: &Sdp, now: Moment) -> Result<(), Error> {
        let (text, tcp) = sdp::answer(sdp)?;
        self.same_certificate(&text)?;
        let answer = SdpAnswer::from_sdp_string(&text).map_err(|_| Error::Unreadable)?;
        let again = self.fingerprint.is_some();
        let Some(pending) = self.pending.take() else {
            return self.answered_once_more(&text, now);
        };
        let result = self.rtc.sdp_api().accept_answer(pending, answer);
        self.settle(now);
        result.map_err(|_| Error::Unreadable)?;
        self.learn(&text);
        self.takes_tcp = tcp;
        let over_tcp = self.opened.is_some() || self.meter.transport() == Some(Transport::Tcp);
        if again {
            // The restart forgot where we are.
            for (transport, address) in self.bound.clone() {
                self.add_candidate(transport, address);
            }
            self.drop_connection();
        }
        let when = if over_tcp { Tcp::AtOnce } else { Tcp::AfterUdp };
        let tcp = (!self.takes_tcp.is_empty()).then_some(when);
        self.link.begin(tcp, now);
        self.advance(now);
        Ok(())
    }

    /// Two offers were on their way, and the answer to the first was taken for that to the
    /// second, which this is: all it changes is the password of the path.
    fn answered_once_more(&mut self, text: &str, now: Moment) -> Result<(), Error> {
        let known = self.fingerprint.is_some();
        let (ufrag, pass) = sdp::credentials(text)
            .filter(|_| known)
            .ok_or(Error::NotAsked)?;
        let (ufrag, pass) = (ufrag.to_owned(), pass.to_owned());
        let credentials = IceCreds { ufrag, pass };
        self.rtc
            .direct_api()
            .set_remote_ice_credentials(credentials);
        self.advance(now);
        Ok(())
    }

    fn accept(&mut self, sdp: &Sdp, now: Moment) -> Result<(), Error> {
        let text = sdp::offer(sdp)?;
        self.same_certificate(&text)?;
        let offer = SdpOffer::from_sdp_string(&text).map_err(|_| Error::Unreadable)?;
        let answer = self.rtc.sdp_api().accept_offer(offer);
        self.settle(now);
        let answer = answer.map_err(|_| Error::Unreadable)?.to_sdp_string();
        self.learn(&text);
        self.ufrag = sdp::credentials(&answer).map(|(ufrag, _)| ufrag.to_owned());
        self.link.begin(None, now);
        self.event(Event::Answer(Sdp(answer)));
        self.advance(now);
        Ok(())
    }

    /// A description may not put another certificate in the place of the first.
    fn same_certificate(&self, text: &str) -> Result<(), Error> {
        match &self.fingerprint {
            Some(known) if sdp::fingerprint(text).as_ref() != Some(known) => {
                Err(Error::OtherFingerprint)
            }
            _ => Ok(()),
        }
    }

    fn learn(&mut self, text: &str) {
        self.fingerprint = sdp::fingerprint(text);
        self.sources.announce(sdp::ssrcs(text));
        self.introduced = 0;
    }

    fn on_opened(&mut self, local: SocketAddr) {
        self.opened = Some(local);
        self.add_candidate(Transport::Tcp, local);
    }

    fn on_broken(&mut self, local: SocketAddr, now: Moment) {
        if self.opened == Some(local) {
            self.opened = None;
            if self.meter.transport() == Some(Transport::Tcp) {
                self.link.broke(Reason::Broken, now);
            }
        }
    }

    fn on_not_sent(&mut self, transport: Transport, error: ErrorKind, now: Moment) {
        let unreachable = matches!(
            error,
            ErrorKind::NetworkUnreachable
                | ErrorKind::HostUnreachable
                | ErrorKind::NetworkDown
                | ErrorKind::AddrNotAvailable
                | ErrorKind::PermissionDenied
        );
        if !unreachable || transport != Transport::Udp {
            return;
        }
        if self.link.is_up() {
            self.link.broke(Reason::Unreachable, now);
        } else {
            self.link.hurry_tcp(now);
        }
    }

    fn drop_connection(&mut self) {
        if let Some(local) = self.opened.take() {
            self.out.push_back(Output::Shut(local));
        }
    }

    fn add_candidate(&mut self, transport: Transport, address: SocketAddr) {
        let kind = match self.role {
            Role::Offerer => TcpType::Active,
            Role::Answerer => TcpType::Passive,
        };
        let builder = Candidate::builder();
        let candidate = match transport {
            Transport::Udp => builder.udp().host(address).build(),
            Transport::Tcp => builder.tcp().host(address).tcptype(kind).build(),
        };
        // An address that is no candidate, as the unspecified one, simply is none.
        if let Ok(candidate) = candidate {
            self.rtc.add_local_candidate(candidate);
        }
    }

    fn receive(&mut self, datagram: Datagram<'_>, now: Moment) {
        let Some(receive) = read(&datagram) else {
            return;
        };
        let at = self.timeline.instant(now);
        let input = str0m::Input::Receive(at, receive);
        if !self.admits(&datagram, &input) {
            return;
        }
        self.link.heard(sources::is_media(datagram.bytes), now);
        // Anybody can send what makes no sense in the other side's name: no reason to end.
        let _ = self.rtc.handle_input(input);
        self.settle(now);
    }

    /// STUN shows by the password that it is meant for us; all else must come from where
    /// such STUN came from.
    fn admits(&mut self, datagram: &Datagram<'_>, input: &str0m::Input<'_>) -> bool {
        if !is_stun(datagram.bytes) {
            return self.paths.contains(&datagram.source) && self.sources.admit(datagram.bytes);
        }
        let known = self.paths.contains(&datagram.source);
        if !known && self.introduced >= MOST_INTRODUCED {
            return false;
        }
        let accepted = self.rtc.accepts(input);
        if accepted && !known {
            self.introduced += 1;
            self.paths.truncate(MOST_PATHS - 1);
            self.paths.push_front(datagram.source);
        }
        accepted
    }

    fn send(&mut self, frame: Frame, now: Moment) {
        // While a new path is looked for, the former one is still used.
        if self.gate == Gate::Shut || !self.link.is_secure() {
            return;
        }
        let Some((mid, payload_type)) = self.mid.zip(self.payload_type()) else {
            return;
        };
        let at = self.timeline.instant(now);
        let mut api = self.rtc.direct_api();
        // The other side may not want to hear anything, as a page that only talks.
        let Some(stream) = api.stream_tx_by_mid(mid, None) else {
            return;
        };
        let values = ExtensionValues {
            audio_level: frame.level.map(|level| level.dbov),
            voice_activity: frame.level.map(|level| level.voice),
            ..ExtensionValues::default()
        };
        let sequence = self.sequence.into();
        stream.write_rtp(
            RtpWrite::new(payload_type, sequence, frame.timestamp, at, frame.payload)
                .marker(frame.marker)
                .ext_vals(values),
        );
        self.sequence += 1;
        self.advance(now);
    }

    fn payload_type(&self) -> Option<Pt> {
        let config = self.rtc.codec_config();
        let opus = config.find(|params| params.spec().codec == Codec::Opus)?;
        Some(opus.pt())
    }

    fn advance(&mut self, now: Moment) {
        let _ = self
            .rtc
            .handle_input(str0m::Input::Timeout(self.timeline.instant(now)));
        self.settle(now);
    }

    /// Takes out all that the library has to say.
    fn settle(&mut self, now: Moment) {
        let mut errors = 0;
        while !self.closed {
            match self.rtc.poll_output() {
                Ok(str0m::Output::Timeout(at)) => {
                    // A deadline that has passed must not turn the driver into a busy loop.
                    let at = self.timeline.moment(at);
                    self.wake = at.map(|at| at.max(now + SHORTEST_WAIT));
                    break;
                }
                Ok(str0m::Output::Transmit(transmit)) => {
                    self.out
                        .extend(Transmit::new(transmit).map(Output::Transmit));
                }
                Ok(str0m::Output::Event(event)) => self.on_event(event, now),
                Err(RtcError::RemoteSdp(_)) => return self.end(Cause::Certificate),
                Err(_) if self.rtc.is_alive() && errors < MOST_ERRORS => errors += 1,
                Err(_) => return self.end(Cause::Failed),
            }
        }
        if let Some(stats) = self.meter.take().filter(|_| self.link.is_up()) {
            self.event(Event::Stats(stats));
        }
        if !self.rtc.is_alive() {
            self.end(Cause::Failed);
        }
    }

    fn on_event(&mut self, event: str0m::Event, now: Moment) {
        use str0m::Event as Said;
        match event {
            Said::Connected => self.link.secured(now),
            Said::IceConnectionStateChange(state) => self.link.ice(match state {
                IceConnectionState::New | IceConnectionState::Checking => Ice::Checking,
                IceConnectionState::Connected | IceConnectionState::Completed => Ice::Connected,
                IceConnectionState::Disconnected => Ice::Failed,
            }),
            Said::MediaAdded(media) => self.mid = Some(media.mid),
            Said::RtpPacket(packet) => self.on_packet(&packet, now),
            Said::PeerStats(stats) => self.meter.peer(&stats, now),
            Said::MediaEgressStats(stats) => self.meter.sent(&stats, now),
            Said::MediaIngressStats(stats) => self.meter.received(&stats),
            Said::Closed => self.end(Cause::There),
            _ => {}
        }
    }

    fn on_packet(&mut self, packet: &RtpPacket, now: Moment) {
        let values = &packet.header.ext_vals;
        let packet = Packet {
            ssrc: *packet.header.ssrc,
            sequence: *packet.seq_no,
            timestamp: packet.header.timestamp,
            payload: Arc::clone(&packet.payload),
            level: values.audio_level.map(|dbov| Level {
                dbov: dbov.clamp(-127, 0),
                voice: values.voice_activity.unwrap_or(false),
            }),
            marker: packet.header.marker,
            arrived: now,
        };
        self.meter.arrived(&packet);
        if self.gate == Gate::Open {
            self.out.push_back(Output::Packet(packet));
        }
    }

    fn tick(&mut self, now: Moment) {
        while let Some(due) = (!self.closed).then(|| self.link.tick(now)).flatten() {
            match due {
                Due::Tell(state) => {
                    self.event(Event::State(state));
                    if state == State::Connected {
                        self.clear_up();
                    }
                }
                Due::TryTcp => self
                    .out
                    .extend(self.takes_tcp.first().copied().map(Output::Connect)),
                Due::Ask(reason) => self.event(Event::RestartNeeded(reason)),
                Due::GiveUp => self.end(Cause::NeverConnected),
            }
        }
    }

    /// A path was found, so sockets of former ones are of no use any more.
    fn clear_up(&mut self) {
        if let (Role::Offerer, Some((_, address))) = (self.role, self.bound.first()) {
            self.out.push_back(Output::KeepOnly(*address));
        }
    }

    fn close(&mut self, now: Moment) {
        let _ = self.rtc.close();
        // What this brings out is the good-bye; that all is over is said after it.
        while let Ok(output) = self.rtc.poll_output() {
            match output {
                str0m::Output::Timeout(_) => break,
                str0m::Output::Transmit(transmit) => {
                    self.out
                        .extend(Transmit::new(transmit).map(Output::Transmit));
                }
                str0m::Output::Event(_) => {}
            }
        }
        self.wake = Some(now);
        self.end(Cause::Here);
    }

    fn end(&mut self, cause: Cause) {
        if !self.closed {
            self.closed = true;
            self.rtc.disconnect();
            self.event(Event::State(State::Closed(cause)));
        }
    }

    fn event(&mut self, event: Event) {
        self.out.push_back(Output::Event(event));
    }
}

impl fmt::Debug for Peer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Peer")
            .field("role", &self.role)
            .field("link", &self.link)
            .finish_non_exhaustive()
    }
}

fn read<'a>(datagram: &Datagram<'a>) -> Option<Receive<'a>> {
    let Datagram {
        transport,
        source,
        destination,
        bytes,
    } = *datagram;
    Receive::new(transport.protocol(), source, destination, bytes).ok()
}

/// As RFC 7983 tells protocols apart.
pub(super) fn is_stun(datagram: &[u8]) -> bool {
    matches!(datagram.first(), Some(0..=3))
}

const SHORTEST_WAIT: Duration = Duration::from_millis(2);
const MOST_ERRORS: usize = 16;
const MOST_PATHS: usize = 8;
const MOST_INTRODUCED: usize = 256;

#[cfg(test)]
mod hostile;
#[cfg(test)]
mod tests;
