//! An open device: the realtime callback, and the ring between it and us.
//!
//! The callbacks run on a thread of the sound system that must never be late.
//! They move samples, count, and wake a thread; they do not allocate, lock or log.
//! A sound server's streams are [`served`]; theirs is a thread of our own, which wakes the waiter itself.

use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::AtomicU32;
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering::Relaxed;
use std::thread::Thread;
use std::time::Duration;

use cpal::BufferSize;
use cpal::Data;
use cpal::ErrorKind;
use cpal::SampleFormat;
use cpal::StreamConfig;
use cpal::SupportedStreamConfig;
use cpal::traits::DeviceTrait;
use cpal::traits::StreamTrait;
use rtrb::Consumer;
use rtrb::Producer;
use rtrb::RingBuffer;
use tokio::sync::Notify;

use crate::audio;
use crate::call::devices::listing::NoSound;
use crate::call::devices::served;
use crate::call::devices::served::Pump;
use crate::call::devices::served::Wish;
use crate::call::devices::system;
use crate::call::devices::system::Place;
use crate::model::sound::Direction;

pub(super) enum End {
    Capture(Consumer<f32>),
    Playback(Producer<f32>),
}

/// Open until it is dropped.
#[expect(dead_code, reason = "they are held, and not used")]
pub(super) enum Stream {
    Own(cpal::Stream),
    Served(served::Stream),
}

/// Who hears of an open device.
pub(super) struct Watch {
    pub(super) gauge: Arc<Gauge>,
    pub(super) worker: Thread,
    /// Whoever waits for frames.
    pub(super) waiter: Arc<Notify>,
}

/// Who is told that samples went through.
enum Wake {
    /// From a thread that must never be late.
    Worker(Thread),
    Waiter(Arc<Notify>),
}

impl Wake {
    fn wake(&self) {
        match self {
            Self::Worker(worker) => worker.unpark(),
            Self::Waiter(waiter) => waiter.notify_one(),
        }
    }
}

/// What the callback tells, in numbers.
#[derive(Debug, Default)]
pub(super) struct Gauge {
    /// Samples that went through the callback.
    pub(super) samples: AtomicU64,
    /// Callbacks that found too little sound, or too little room.
    pub(super) gaps: AtomicU64,
    pub(super) errors: AtomicU64,
    /// The device said that it is gone.
    pub(super) gone: AtomicBool,
    /// Between us and the loudspeaker or the microphone, in microseconds.
    latency: AtomicU32,
}

impl Gauge {
    pub(super) fn latency(&self) -> Duration {
        Duration::from_micros(self.latency.load(Relaxed).into())
    }

    fn moved(&self, samples: usize, latency: Option<Duration>) {
        self.samples
            .fetch_add(u64::try_from(samples).unwrap_or(0), Relaxed);
        if let Some(latency) = latency {
            self.set_latency(latency);
        }
    }

    pub(super) fn set_latency(&self, latency: Duration) {
        let micros = u32::try_from(latency.as_micros()).unwrap_or(u32::MAX);
        self.latency.store(micros, Relaxed);
    }

    /// The device is gone.
    pub(super) fn lose(&self) {
        self.errors.fetch_add(1, Relaxed);
        self.gone.store(true, Relaxed);
    }

    fn error(&self, kind: ErrorKind) {
        self.errors.fetch_add(1, Relaxed);
        let gone = matches!(
            kind,
            ErrorKind::DeviceNotAvailable
                | ErrorKind::StreamInvalidated
                | ErrorKind::HostUnavailable
                | ErrorKind::PermissionDenied
        );
        self.gone.fetch_or(gone, Relaxed);
    }
}

/// Opens a device and starts it. Dropping the stream may wait for a sound system.
pub(super) fn open(
    place: &Place,
    direction: Direction,
    period: usize,
    watch: &Watch,
) -> Result<(Stream, End), NoSound> {
    if place.server {
        serve(place, direction, period, watch)
    } else {
        open_own(place, direction, period, watch)
    }
}

fn serve(
    place: &Place,
    direction: Direction,
    period: usize,
    watch: &Watch,
) -> Result<(Stream, End), NoSound> {
    let id = place
        .device
        .id()
        .map_err(|_| NoSound::NoDevice(direction))?;
    let wish = Wish {
        device: id.id().to_owned(),
        // Half of the bytes, for a way that is long.
        format: match usual(place, direction)?.sample_format() {
            SampleFormat::F32 if place.is_near() => SampleFormat::F32,
            _ => SampleFormat::I16,
        },
        period,
    };
    let wake = Wake::Waiter(Arc::clone(&watch.waiter));
    let (pump, end) = match direction {
        Direction::Capture => {
            let (taker, end) = Taker::new(1, wake, watch);
            (Pump::Capture(taker), End::Capture(end))
        }
        Direction::Playback => {
            let (giver, end) = Giver::new(1, wake, watch);
            (Pump::Playback(giver), End::Playback(end))
        }
    };
    let stream = served::open(&wish, pump, watch)?;
    Ok((Stream::Served(stream), end))
}

/// In the first of the ways that the device takes.
fn open_own(
    place: &Place,
    direction: Direction,
    period: usize,
    watch: &Watch,
) -> Result<(Stream, End), NoSound> {
    let mut refused = NoSound::Unusable;
    for (config, format) in ways(place, direction, period)? {
        let opened = match direction {
            Direction::Capture => capture(place, config, format, watch),
            Direction::Playback => playback(place, config, format, watch),
        };
        match opened.and_then(|(stream, end)| stream.play().map(|()| (stream, end))) {
            Ok((stream, end)) => return Ok((Stream::Own(stream), end)),
            Err(error) => {
                tracing::debug!(%error, ?config, ?format, "a device was not opened");
                refused = system::why(&error, Some(direction));
                if refused != NoSound::Unusable {
                    break;
                }
            }
        }
    }
    Err(refused)
}

fn usual(place: &Place, direction: Direction) -> Result<SupportedStreamConfig, NoSound> {
    let usual = match direction {
        Direction::Capture => place.device.default_input_config(),
        Direction::Playback => place.device.default_output_config(),
    };
    usual.map_err(|error| system::why(&error, Some(direction)))
}

/// From the best to what is left: what the device speaks anyway, at our period; then at its own.
fn ways(
    place: &Place,
    direction: Direction,
    period: usize,
) -> Result<Vec<(StreamConfig, SampleFormat)>, NoSound> {
    let usual = usual(place, direction)?;
    let formats = match usual.sample_format() {
        SampleFormat::F32 => [SampleFormat::F32, SampleFormat::I16],
        _ => [SampleFormat::I16, SampleFormat::F32],
    };
    let fixed = u32::try_from(period).unwrap_or(u32::MAX);
    let mut ways = Vec::new();
    for buffer_size in [BufferSize::Fixed(fixed), BufferSize::Default] {
        for format in formats {
            let config = StreamConfig {
                channels: usual.channels().max(1),
                sample_rate: audio::SAMPLE_RATE,
                buffer_size,
            };
            ways.push((config, format));
        }
    }
    Ok(ways)
}

fn capture(
    place: &Place,
    config: StreamConfig,
    format: SampleFormat,
    watch: &Watch,
) -> Result<(cpal::Stream, End), cpal::Error> {
    let wake = Wake::Worker(watch.worker.clone());
    let (mut taker, end) = Taker::new(usize::from(config.channels), wake, watch);
    let stream = place.device.build_input_stream_raw(
        config,
        format,
        move |data, info| {
            let at = info.timestamp();
            taker.take(data, at.callback.checked_duration_since(at.capture));
        },
        complain(watch),
        Some(PATIENCE),
    )?;
    Ok((stream, End::Capture(end)))
}

fn playback(
    place: &Place,
    config: StreamConfig,
    format: SampleFormat,
    watch: &Watch,
) -> Result<(cpal::Stream, End), cpal::Error> {
    let wake = Wake::Worker(watch.worker.clone());
    let (mut giver, end) = Giver::new(usize::from(config.channels), wake, watch);
    let stream = place.device.build_output_stream_raw(
        config,
        format,
        move |data, info| {
            let at = info.timestamp();
            giver.give(data, at.playback.checked_duration_since(at.callback));
        },
        complain(watch),
        Some(PATIENCE),
    )?;
    Ok((stream, End::Playback(end)))
}

fn complain(watch: &Watch) -> impl FnMut(cpal::Error) + Send + use<> + 'static {
    let (gauge, worker) = (Arc::clone(&watch.gauge), watch.worker.clone());
    move |error| {
        gauge.error(error.kind());
        worker.unpark();
    }
}

/// From the microphone into the ring.
pub(super) struct Taker {
    ring: Producer<f32>,
    channels: usize,
    gauge: Arc<Gauge>,
    wake: Wake,
}

impl Taker {
    fn new(channels: usize, wake: Wake, watch: &Watch) -> (Self, Consumer<f32>) {
        let (ring, end) = RingBuffer::new(RING);
        let gauge = Arc::clone(&watch.gauge);
        let taker = Self {
            ring,
            channels,
            gauge,
            wake,
        };
        (taker, end)
    }

    fn take(&mut self, data: &Data, latency: Option<Duration>) {
        let channels = self.channels;
        if let Some(samples) = data.as_slice::<f32>() {
            self.put(samples.chunks_exact(channels).map(mean), latency);
        } else if let Some(samples) = data.as_slice::<i16>() {
            let frames = samples.chunks_exact(channels);
            self.put(frames.map(mean_of_integers), latency);
        }
    }

    pub(super) fn put(
        &mut self,
        samples: impl ExactSizeIterator<Item = f32>,
        latency: Option<Duration>,
    ) {
        let count = samples.len();
        let room = count.min(self.ring.slots());
        if let Ok(chunk) = self.ring.write_chunk_uninit(room) {
            chunk.fill_from_iter(samples);
        }
        if room < count {
            self.gauge.gaps.fetch_add(1, Relaxed);
        }
        self.gauge.moved(count, latency);
        self.wake.wake();
    }
}

/// From the ring to the loudspeaker.
pub(super) struct Giver {
    ring: Consumer<f32>,
    channels: usize,
    last: f32,
    /// Something was given already: what is missing from now on is a gap.
    begun: bool,
    gauge: Arc<Gauge>,
    wake: Wake,
}

impl Giver {
    fn new(channels: usize, wake: Wake, watch: &Watch) -> (Self, Producer<f32>) {
        let (end, ring) = RingBuffer::new(RING);
        let gauge = Arc::clone(&watch.gauge);
        let giver = Self {
            ring,
            channels,
            last: 0.0,
            begun: false,
            gauge,
            wake,
        };
        (giver, end)
    }

    fn give(&mut self, data: &mut Data, latency: Option<Duration>) {
        if let Some(samples) = data.as_slice_mut::<f32>() {
            self.fill(samples, |sample| sample, latency);
        } else if let Some(samples) = data.as_slice_mut::<i16>() {
            self.fill(samples, audio::to_i16, latency);
        }
        self.wake.wake();
    }

    /// There is room again.
    pub(super) fn wake(&self) {
        self.wake.wake();
    }

    pub(super) fn fill<T: Copy>(
        &mut self,
        out: &mut [T],
        convert: fn(f32) -> T,
        latency: Option<Duration>,
    ) {
        let wanted = out.len() / self.channels;
        let given = wanted.min(self.ring.slots());
        let mut frames = out.chunks_exact_mut(self.channels);
        if let Ok(chunk) = self.ring.read_chunk(given) {
            for (sample, frame) in chunk.into_iter().zip(&mut frames) {
                frame.fill(convert(sample));
                self.last = sample;
            }
        }
        // What is missing ends softly.
        for frame in frames {
            self.last *= FADE;
            frame.fill(convert(self.last));
        }
        self.begun |= given > 0;
        if self.begun && given < wanted {
            self.gauge.gaps.fetch_add(1, Relaxed);
        }
        self.gauge.moved(wanted, latency);
    }
}

#[expect(clippy::cast_precision_loss, reason = "channels are few")]
fn mean(frame: &[f32]) -> f32 {
    frame.iter().sum::<f32>() / frame.len() as f32
}

#[expect(clippy::cast_precision_loss, reason = "channels are few")]
fn mean_of_integers(frame: &[i16]) -> f32 {
    frame.iter().copied().map(audio::from_i16).sum::<f32>() / frame.len() as f32
}

/// Half a second: the longest period twice, and room for a thread that was not let run.
const RING: usize = 24_000;

/// How long a server may take to make a stream.
const PATIENCE: Duration = Duration::from_secs(2);

/// Down to a hundredth within 10 ms.
const FADE: f32 = 0.99;
