//! What sound costs: a packet encoded and decoded, a frame cleaned, ten milliseconds of a meeting mixed.
//!
//! A frame is 10 ms and a packet 20 ms: 100 us for a frame are one percent of a core.
#![expect(
    clippy::expect_used,
    reason = "a benchmark that cannot set its scene must stop"
)]

use std::hint::black_box;
use std::sync::Arc;
use std::time::Duration;

use criterion::Criterion;
use criterion::criterion_group;
use criterion::criterion_main;
use sidetone::audio::FRAME;
use sidetone::audio::Frame;
use sidetone::audio::SILENCE;
use sidetone::audio::codec::Decoder;
use sidetone::audio::codec::Encoder;
use sidetone::audio::codec::PACKET;
use sidetone::audio::codec::Settings;
use sidetone::audio::drift::Fifo;
use sidetone::audio::jitter::Buffer;
use sidetone::audio::jitter::Content;
use sidetone::audio::jitter::Packet;
use sidetone::audio::mix::Listener;
use sidetone::audio::mix::Mixer;
use sidetone::audio::processing::Processing;
use sidetone::audio::processing::Switches;
use sidetone::audio::tone::Sine;

/// A second of something like a voice: a buzz that rises and falls.
fn voice(hertz: f32) -> Vec<f32> {
    let mut swell = Sine::new(3.0, -3.0);
    let tones = [1.0, 2.0, 3.0, 5.0, 8.0, 13.0].map(|part| Sine::new(hertz * part, -30.0));
    let mut tones = tones;
    (0..48_000)
        .map(|_| {
            let sum: f32 = tones.iter_mut().filter_map(Iterator::next).sum();
            sum * swell.next().unwrap_or(0.0).abs()
        })
        .collect()
}

fn packets() -> Vec<Arc<[u8]>> {
    let mut encoder = Encoder::new(Settings::default()).expect("an encoder");
    let voice = voice(130.0);
    let (chunks, _) = voice.as_chunks();
    chunks
        .iter()
        .map(|chunk| encoder.encode(chunk).expect("a packet"))
        .collect()
}

fn frames(hertz: f32) -> Vec<Frame> {
    voice(hertz).as_chunks().0.to_vec()
}

fn codec(criterion: &mut Criterion) {
    let voice = voice(130.0);
    let (chunks, _) = voice.as_chunks::<PACKET>();
    let mut encoder = Encoder::new(Settings::default()).expect("an encoder");
    let mut next = chunks.iter().cycle();
    criterion.bench_function("encode a packet of 20 ms", |bencher| {
        bencher.iter(|| next.next().map(|chunk| encoder.encode(chunk)));
    });
    let packets = packets();
    let mut decoder = Decoder::new().expect("a decoder");
    let mut next = packets.iter().cycle();
    criterion.bench_function("decode a packet of 20 ms", |bencher| {
        bencher.iter(|| {
            next.next()
                .map(|packet| decoder.decode(packet).map(<[f32]>::len))
        });
    });
}

fn mixer(criterion: &mut Criterion) {
    let mut mixer = Mixer::new();
    let talkers: Vec<_> = [110.0, 130.0, 150.0, 170.0, 190.0]
        .into_iter()
        .map(|hertz| {
            let source = mixer.add();
            (source, Listener::new(Some(source)), frames(hertz))
        })
        .collect();
    let mut talkers = talkers;
    let silent: Vec<_> = (0..100).map(|_| Listener::new(Some(mixer.add()))).collect();
    let mut at = 0;
    criterion.bench_function("mix 10 ms of 5 talkers and 100 listeners", |bencher| {
        bencher.iter(|| {
            at = (at + 1) % 100;
            mixer.begin();
            for (source, _, frames) in &talkers {
                mixer.put(*source, &frames[at]);
            }
            mixer.finish();
            let mut out = SILENCE;
            for (_, listener, _) in &mut talkers {
                mixer.mix(listener, &mut out);
                black_box(&out);
            }
            let shared = silent
                .iter()
                .filter(|listener| listener.shares(&mixer))
                .count();
            black_box((shared, mixer.full()));
        });
    });
}

fn buffers(criterion: &mut Criterion) {
    let payload: Arc<[u8]> = Arc::from([0_u8; 80]);
    let content = Content {
        samples: 960,
        silence: false,
    };
    let mut random = fastrand::Rng::with_seed(1);
    let (mut buffer, mut sequence, mut timestamp) = (Buffer::new(), 0_u16, 0_u32);
    let mut now = Duration::from_secs(1);
    criterion.bench_function("a packet through the jitter buffer", |bencher| {
        bencher.iter(|| {
            let packet = Packet {
                sequence,
                timestamp,
                payload: Arc::clone(&payload),
            };
            now += Duration::from_millis(20);
            let late = Duration::from_millis(random.u64(..40));
            buffer.push(packet, content, now + late);
            sequence = sequence.wrapping_add(1);
            timestamp = timestamp.wrapping_add(960);
            buffer.next(now)
        });
    });
    let mut fifo = Fifo::new(2 * FRAME);
    let sound = [0.1; FRAME];
    criterion.bench_function("a frame through the buffer of a device", |bencher| {
        bencher.iter(|| {
            let mut out = SILENCE;
            fifo.push(&sound);
            fifo.pull(&mut out);
            out
        });
    });
}

fn processing(criterion: &mut Criterion) {
    let (far, near) = (frames(110.0), frames(170.0));
    let mut processing = Processing::new(Switches::ON);
    let mut at = 0;
    criterion.bench_function("clean a captured frame of 10 ms", |bencher| {
        bencher.iter(|| {
            at = (at + 1) % 100;
            let mut frame = near[at];
            processing.render(&far[at]);
            processing.capture(&mut frame);
            frame
        });
    });
}

criterion_group! {
    name = sound;
    config = Criterion::default()
        .sample_size(20)
        .warm_up_time(Duration::from_millis(300))
        .measurement_time(Duration::from_secs(1));
    targets = codec, mixer, buffers, processing
}
criterion_main!(sound);
