//! A stream of a sound server, on a connection of its own: one thread does at once what the server asks.
//!
//! What devices there are is asked through cpal, but not what goes through them: its way to a server
//! wakes four threads for every 10 ms and clears a megabyte before each read, which took more of the
//! processor than the rest of a call. Whatever happens to the server, closing a stream ends its thread.

use std::convert::Infallible;
use std::ffi::CStr;
use std::ffi::CString;
use std::fs;
use std::io;
use std::io::BufReader;
use std::io::Read;
use std::io::Write;
use std::net::Shutdown;
use std::os::unix::net::UnixStream;
use std::sync::Arc;
use std::thread;
use std::thread::Thread;
use std::time::Duration;
use std::time::SystemTime;

use cpal::SampleFormat;
use pulseaudio::protocol;
use pulseaudio::protocol::Command;
use pulseaudio::protocol::ProtocolError;
use pulseaudio::protocol::PulseError;

use crate::audio;
use crate::call::devices::listing::NoSound;
use crate::call::devices::stream::Gauge;
use crate::call::devices::stream::Giver;
use crate::call::devices::stream::Taker;
use crate::call::devices::stream::Watch;
use crate::clock::Clock;
use crate::clock::Moment;
use crate::model::sound::Direction;

/// Open until it is dropped.
pub(super) struct Stream {
    socket: UnixStream,
}

impl Drop for Stream {
    fn drop(&mut self) {
        // Whatever the thread waits for, this is its end.
        let _ = self.socket.shutdown(Shutdown::Both);
    }
}

/// What is wanted of the server.
pub(super) struct Wish {
    /// Of the microphone or the loudspeaker, as the server calls it.
    pub(super) device: String,
    pub(super) format: SampleFormat,
    /// Samples at once.
    pub(super) period: usize,
}

/// Where the sound comes from, or goes to.
pub(super) enum Pump {
    Capture(Taker),
    Playback(Giver),
}

impl Pump {
    const fn direction(&self) -> Direction {
        match self {
            Self::Capture(_) => Direction::Capture,
            Self::Playback(_) => Direction::Playback,
        }
    }
}

/// Opens a device of the server and starts it.
pub(super) fn open(wish: &Wish, pump: Pump, watch: &Watch) -> Result<Stream, NoSound> {
    let direction = pump.direction();
    let (line, begun) = begin(wish, direction).map_err(|error| {
        tracing::debug!(%error, device = wish.device, "the sound server opened no stream");
        why(&error, direction)
    })?;
    let socket = line.reader.get_ref().try_clone();
    let socket = socket.map_err(|_| NoSound::Unusable)?;
    let flow = Flow {
        line,
        channel: begun.channel,
        spec: spec(wish.format),
        pump,
        gauge: Arc::clone(&watch.gauge),
        worker: watch.worker.clone(),
        piece: Duration::ZERO,
        samples: Vec::new(),
        out: Vec::new(),
        asked: None,
    };
    let name = match direction {
        Direction::Capture => "sound-capture",
        Direction::Playback => "sound-playback",
    };
    let stream = Stream { socket };
    thread::Builder::new()
        .name(name.to_owned())
        .spawn(move || flow.run(begun.wanted))
        .map_err(|_| NoSound::Unusable)?;
    Ok(stream)
}

/// Whether the server lets us in.
pub(super) fn is_admitted() -> bool {
    Line::connect().is_ok()
}

/// A stream as the server made it.
struct Begun {
    channel: u32,
    /// Bytes that it wants at once.
    wanted: u32,
}

fn begin(wish: &Wish, direction: Direction) -> Result<(Line, Begun), ProtocolError> {
    let mut line = Line::connect()?;
    let flags = protocol::stream::StreamFlags {
        adjust_latency: true,
        ..Default::default()
    };
    let device = CString::new(wish.device.as_str()).ok();
    let begun = match direction {
        Direction::Capture => {
            let wish = protocol::RecordStreamParams {
                sample_spec: spec(wish.format),
                channel_map: protocol::ChannelMap::mono(),
                source_name: device,
                buffer_attr: captured_at_once(bytes(wish)),
                flags,
                ..Default::default()
            };
            let made: protocol::CreateRecordStreamReply =
                line.ask(&Command::CreateRecordStream(wish))?;
            Begun {
                channel: made.channel,
                wanted: 0,
            }
        }
        Direction::Playback => {
            let wish = protocol::PlaybackStreamParams {
                sample_spec: spec(wish.format),
                channel_map: protocol::ChannelMap::mono(),
                sink_name: device,
                buffer_attr: played_at_once(bytes(wish)),
                flags,
                ..Default::default()
            };
            let made: protocol::CreatePlaybackStreamReply =
                line.ask(&Command::CreatePlaybackStream(wish))?;
            Begun {
                channel: made.channel,
                wanted: made.requested_bytes,
            }
        }
    };
    line.wait_for_ever()?;
    Ok((line, begun))
}

/// The server gives what is captured in halves of what it was asked for.
fn captured_at_once(bytes: u32) -> protocol::stream::BufferAttr {
    protocol::stream::BufferAttr {
        max_length: 2 * bytes,
        fragment_size: 2 * bytes,
        ..Default::default()
    }
}

/// One period plays while the next is on its way.
fn played_at_once(bytes: u32) -> protocol::stream::BufferAttr {
    protocol::stream::BufferAttr {
        max_length: 2 * bytes,
        target_length: 2 * bytes,
        minimum_request_length: bytes,
        ..Default::default()
    }
}

fn bytes(wish: &Wish) -> u32 {
    u32::try_from(wish.period * wish.format.sample_size()).unwrap_or(u32::MAX / 2)
}

const fn spec(format: SampleFormat) -> protocol::SampleSpec {
    protocol::SampleSpec {
        format: match format {
            SampleFormat::F32 => protocol::SampleFormat::Float32Le,
            _ => protocol::SampleFormat::S16Le,
        },
        sample_rate: audio::SAMPLE_RATE,
        channels: 1,
    }
}

/// The connection: messages in, messages out.
struct Line {
    reader: BufReader<UnixStream>,
    version: u16,
    sequence: u32,
    /// The message that came last.
    message: Vec<u8>,
}

/// Whose message it is.
enum Kind {
    Control,
    Sound,
}

impl Line {
    fn connect() -> Result<Self, ProtocolError> {
        let place = pulseaudio::socket_path_from_env()
            .ok_or_else(|| io::Error::from(io::ErrorKind::NotFound))?;
        let cookie = pulseaudio::cookie_path_from_env().and_then(|path| fs::read(path).ok());
        let socket = UnixStream::connect(place)?;
        // The server admits its own person also without its cookie, once it knows who asks.
        #[cfg(target_os = "linux")]
        rustix::net::sockopt::set_socket_passcred(&socket, true).map_err(io::Error::from)?;
        let mut line = Self::new(socket)?;
        let known: protocol::AuthReply = line.ask(&Command::Auth(protocol::AuthParams {
            version: protocol::MAX_VERSION,
            supports_shm: false,
            supports_memfd: false,
            cookie: cookie.unwrap_or_default(),
        }))?;
        line.version = known.version.min(protocol::MAX_VERSION);
        let mut names = protocol::Props::new();
        names.set(protocol::Prop::ApplicationName, NAME);
        let _: protocol::SetClientNameReply = line.ask(&Command::SetClientName(names))?;
        Ok(line)
    }

    fn new(socket: UnixStream) -> io::Result<Self> {
        socket.set_read_timeout(Some(PATIENCE))?;
        socket.set_write_timeout(Some(PATIENCE))?;
        Ok(Self {
            reader: BufReader::new(socket),
            version: protocol::MAX_VERSION,
            sequence: 0,
            message: Vec::new(),
        })
    }

    /// A device that stands still is somebody else's to judge.
    fn wait_for_ever(&self) -> io::Result<()> {
        self.reader.get_ref().set_read_timeout(None)
    }

    fn ask<T: protocol::CommandReply>(&mut self, command: &Command) -> Result<T, ProtocolError> {
        let mut bytes = Vec::new();
        self.write_command(&mut bytes, command)?;
        self.send(&bytes)?;
        protocol::read_reply_message(&mut self.reader, self.version).map(|(_, answer)| answer)
    }

    fn write_command(
        &mut self,
        into: &mut Vec<u8>,
        command: &Command,
    ) -> Result<(), ProtocolError> {
        self.sequence = self.sequence.wrapping_add(1);
        protocol::write_command_message(into, self.sequence, command, self.version)
    }

    fn send(&self, bytes: &[u8]) -> io::Result<()> {
        self.reader.get_ref().write_all(bytes)
    }

    /// Waits for the next message and keeps it.
    fn receive(&mut self) -> Result<Kind, ProtocolError> {
        let head = protocol::read_descriptor(&mut self.reader)?;
        if head.length > LONGEST {
            return Err(io::Error::from(io::ErrorKind::InvalidData).into());
        }
        self.message.resize(head.length as usize, 0);
        self.reader.read_exact(&mut self.message)?;
        Ok(if head.channel == CONTROL {
            Kind::Control
        } else {
            Kind::Sound
        })
    }
}

/// A stream that runs.
struct Flow {
    line: Line,
    channel: u32,
    spec: protocol::SampleSpec,
    pump: Pump,
    gauge: Arc<Gauge>,
    worker: Thread,
    /// How much was captured at once, the last time.
    piece: Duration,
    /// Kept, so that nothing is allocated for each piece.
    samples: Vec<f32>,
    out: Vec<u8>,
    /// When the server was last asked how far away the air is.
    asked: Option<Moment>,
}

impl Flow {
    fn run(mut self, wanted: u32) {
        let Err(error) = self.serve(wanted);
        tracing::debug!(%error, "a stream of the sound server ended");
        self.gauge.lose();
        self.worker.unpark();
    }

    fn serve(&mut self, wanted: u32) -> Result<Infallible, ProtocolError> {
        if wanted > 0 {
            self.play(wanted)?;
        }
        loop {
            match self.line.receive()? {
                Kind::Sound => self.captured()?,
                Kind::Control => self.told()?,
            }
        }
    }

    fn captured(&mut self) -> Result<(), ProtocolError> {
        if let Pump::Capture(taker) = &mut self.pump {
            let message = &self.line.message;
            self.piece = self.spec.bytes_to_duration(message.len());
            if self.spec.format == protocol::SampleFormat::Float32Le {
                let samples = message.as_chunks().0.iter();
                taker.put(samples.map(|bytes| f32::from_le_bytes(*bytes)), None);
            } else {
                let samples = message.as_chunks().0.iter();
                let samples = samples.map(|bytes| i16::from_le_bytes(*bytes));
                taker.put(samples.map(audio::from_i16), None);
            }
        }
        self.out.clear();
        self.measure()?;
        Ok(self.line.send(&self.out)?)
    }

    fn play(&mut self, wanted: u32) -> Result<(), ProtocolError> {
        let Pump::Playback(giver) = &mut self.pump else {
            return Ok(());
        };
        let size = self.spec.format.bytes_per_sample();
        let count = wanted.min(LONGEST) as usize / size;
        self.samples.resize(count, 0.0);
        giver.fill(&mut self.samples, |sample| sample, None);
        self.out.clear();
        // Before the sound: then the answer is how long this sound has to wait.
        self.measure()?;
        let head = protocol::Descriptor {
            length: u32::try_from(count * size).unwrap_or(0),
            channel: self.channel,
            offset: 0,
            flags: protocol::DescriptorFlags::empty(),
        };
        protocol::write_descriptor(&mut self.out, &head)?;
        let samples = self.samples.iter().copied();
        if self.spec.format == protocol::SampleFormat::Float32Le {
            self.out.extend(samples.flat_map(f32::to_le_bytes));
        } else {
            let samples = samples.map(audio::to_i16);
            self.out.extend(samples.flat_map(i16::to_le_bytes));
        }
        self.line.send(&self.out)?;
        if let Pump::Playback(giver) = &self.pump {
            giver.wake();
        }
        Ok(())
    }

    /// Asks the server, now and then, how far away the air is.
    fn measure(&mut self) -> Result<(), ProtocolError> {
        let now = Clock.now();
        if self.asked.is_some_and(|at| now.since(at) < MEASURE) {
            return Ok(());
        }
        self.asked = Some(now);
        let question = protocol::LatencyParams {
            channel: self.channel,
            // It comes back as it is, and nobody looks at it.
            now: SystemTime::UNIX_EPOCH,
        };
        let question = match self.pump {
            Pump::Capture(_) => Command::GetRecordLatency(question),
            Pump::Playback(_) => Command::GetPlaybackLatency(question),
        };
        self.line.write_command(&mut self.out, &question)
    }

    fn told(&mut self) -> Result<(), ProtocolError> {
        let mut rest = &self.line.message[..];
        match Command::read_tag_prefixed(&mut rest, self.line.version) {
            Ok((_, Command::Request(request))) => self.play(request.length),
            Ok((_, Command::PlaybackStreamKilled(_) | Command::RecordStreamKilled(_))) => {
                Err(ProtocolError::ServerError(PulseError::Killed))
            }
            // Only one question is ever asked.
            Ok((_, Command::Reply)) => {
                if let Ok(latency) = self.latency(rest) {
                    self.gauge.set_latency(latency);
                }
                Ok(())
            }
            // A server may say what this client does not know.
            Ok(_) | Err(_) => Ok(()),
        }
    }

    fn latency(&self, mut answer: &[u8]) -> Result<Duration, ProtocolError> {
        let mut values = protocol::TagStructReader::new(&mut answer, self.line.version);
        let waiting = |written: i64, read: i64| {
            let bytes = usize::try_from(written - read).unwrap_or(0);
            self.spec.bytes_to_duration(bytes)
        };
        Ok(match &self.pump {
            Pump::Capture(_) => {
                let at: protocol::RecordLatency = values.read()?;
                let own = Duration::from_micros(at.source_usec);
                own + waiting(at.write_offset, at.read_offset) + self.piece
            }
            Pump::Playback(_) => {
                let at: protocol::PlaybackLatency = values.read()?;
                Duration::from_micros(at.sink_usec) + waiting(at.write_offset, at.read_offset)
            }
        })
    }
}

fn why(error: &ProtocolError, direction: Direction) -> NoSound {
    match error {
        ProtocolError::ServerError(PulseError::AccessDenied | PulseError::AuthKey) => {
            NoSound::Denied
        }
        ProtocolError::ServerError(PulseError::NoEntity) => NoSound::NoDevice(direction),
        ProtocolError::ServerError(PulseError::Busy) => NoSound::Busy,
        ProtocolError::ServerError(_) => NoSound::Unusable,
        _ => NoSound::NotAnswering,
    }
}

/// What the server shows people.
const NAME: &CStr = c"sidetone";

/// How long a server may take to make a stream.
const PATIENCE: Duration = Duration::from_secs(2);

/// How often the way to the air is measured.
const MEASURE: Duration = Duration::from_secs(1);

/// The channel of commands.
const CONTROL: u32 = u32::MAX;

/// Bytes of a message, far beyond any that a server sends.
const LONGEST: u32 = 1 << 20;

#[cfg(test)]
mod tests {
    use super::*;

    /// What a server sends, on a line of its own.
    fn told(bytes: &[u8]) -> Line {
        let (ours, mut theirs) = UnixStream::pair().unwrap();
        theirs.write_all(bytes).unwrap();
        Line::new(ours).unwrap()
    }

    fn message(channel: u32, content: &[u8]) -> Vec<u8> {
        let head = protocol::Descriptor {
            length: u32::try_from(content.len()).unwrap(),
            channel,
            offset: 0,
            flags: protocol::DescriptorFlags::empty(),
        };
        let mut bytes = Vec::new();
        protocol::write_descriptor(&mut bytes, &head).unwrap();
        bytes.extend(content);
        bytes
    }

    #[test]
    fn each_message_is_read_whole_and_the_end_of_the_line_is_an_error() {
        let mut bytes = message(3, &[1, 2, 3, 4]);
        bytes.extend(message(CONTROL, &[5]));
        let mut line = told(&bytes);
        assert!(matches!(line.receive(), Ok(Kind::Sound)));
        assert_eq!(line.message, [1, 2, 3, 4]);
        assert!(matches!(line.receive(), Ok(Kind::Control)));
        assert_eq!(line.message, [5]);
        assert!(line.receive().is_err());
    }

    #[test]
    fn a_message_that_says_it_is_endless_ends_the_line_and_takes_no_memory() {
        let mut bytes = message(3, &[]);
        bytes[..4].copy_from_slice(&u32::MAX.to_be_bytes());
        let mut line = told(&bytes);
        assert!(line.receive().is_err());
        assert_eq!(line.message.capacity(), 0);
    }

    #[test]
    fn a_server_that_says_nothing_is_given_up() {
        let (ours, _theirs) = UnixStream::pair().unwrap();
        let mut line = Line::new(ours).unwrap();
        let patience = Duration::from_millis(10);
        line.reader
            .get_ref()
            .set_read_timeout(Some(patience))
            .unwrap();
        let asked: Result<protocol::AuthReply, _> = line.ask(&Command::GetServerInfo);
        assert_eq!(
            why(&asked.unwrap_err(), Direction::Capture),
            NoSound::NotAnswering
        );
    }
}
