//! Speech of a kind, made by arithmetic: a buzzing voice through moving formants, hisses and pauses.

use std::f32::consts::PI;

use crate::audio::SAMPLE_RATE;
use crate::audio::level::dbfs;

/// So many seconds of talk at about -23 dBFS. The same seed says the same.
pub(in crate::audio) fn speech(seconds: u32, seed: u64) -> Vec<f32> {
    let mut random = fastrand::Rng::with_seed(seed);
    let length = usize::try_from(seconds * SAMPLE_RATE).unwrap();
    let mut sound = Vec::with_capacity(length);
    while sound.len() < length {
        syllable(&mut random, &mut sound);
        if random.f32() < 0.2 {
            let pause = random.usize(5_000..15_000);
            sound.extend((0..pause).map(|_| noise(&mut random) * 0.0005));
        }
    }
    sound.truncate(length);
    let gain = 10.0_f32.powf((-23.0 - dbfs(&sound)) / 20.0);
    for sample in &mut sound {
        *sample *= gain;
    }
    sound
}

/// First and second formants of some vowels.
const VOWELS: [[f32; 3]; 5] = [
    [730.0, 1090.0, 2440.0],
    [530.0, 1840.0, 2480.0],
    [270.0, 2290.0, 3010.0],
    [570.0, 840.0, 2410.0],
    [300.0, 870.0, 2240.0],
];

fn syllable(random: &mut fastrand::Rng, sound: &mut Vec<f32>) {
    if random.f32() < 0.6 {
        let hiss = random.usize(2_400..5_000);
        let mut before = 0.0;
        for at in 0..hiss {
            let now = noise(random);
            sound.push((now - before) * 0.05 * bump(at, hiss));
            before = now;
        }
    }
    let length = random.usize(6_000..14_000);
    let formants = VOWELS[random.usize(0..VOWELS.len())];
    let mut filters = formants.map(Resonator::new);
    let (mut phase, pitch, glide) = (
        0.0_f32,
        random.f32() * 60.0 + 95.0,
        random.f32() * 40.0 - 20.0,
    );
    for at in 0..length {
        let done = fraction(at, length);
        phase += (pitch + glide * done) / rate();
        let pulse = if phase >= 1.0 {
            phase -= 1.0;
            1.0
        } else {
            -0.008
        };
        let voice: f32 = filters
            .iter_mut()
            .zip([1.0, 0.6, 0.3])
            .map(|(filter, weight)| weight * filter.run(pulse + noise(random) * 0.004))
            .sum();
        sound.push(voice * bump(at, length));
    }
}

struct Resonator {
    near: f32,
    far: f32,
    past: [f32; 2],
}

impl Resonator {
    fn new(hertz: f32) -> Self {
        let radius = (-PI * 80.0 / rate()).exp();
        Self {
            near: 2.0 * radius * (2.0 * PI * hertz / rate()).cos(),
            far: -radius * radius,
            past: [0.0; 2],
        }
    }

    fn run(&mut self, input: f32) -> f32 {
        let out = input + self.near * self.past[0] + self.far * self.past[1];
        self.past = [out, self.past[0]];
        out
    }
}

fn noise(random: &mut fastrand::Rng) -> f32 {
    random.f32() * 2.0 - 1.0
}

fn bump(at: usize, length: usize) -> f32 {
    (PI * fraction(at, length)).sin().powf(0.5)
}

#[expect(clippy::cast_precision_loss, reason = "a syllable is short")]
fn fraction(at: usize, of: usize) -> f32 {
    at as f32 / of as f32
}

#[expect(clippy::cast_precision_loss, reason = "48,000 is exact")]
fn rate() -> f32 {
    SAMPLE_RATE as f32
}
