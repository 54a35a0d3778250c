//! Everybody hears everybody but themselves: one sum, and for each who speaks the sum without their own part.
//!
//! For each 10 ms: [`Mixer::begin`], [`Mixer::put`] for every source that is not
//! silent, then [`Mixer::full`] for all who are silent themselves (one mix, one
//! encoding) and [`Mixer::mix`] for those whose mix differs. Nothing is
//! allocated after a source was added.

use super::Frame;
use super::SILENCE;
use super::fade;
use super::level;
use super::level::Meter;
use super::level::SILENT;
use super::level::Talk;
use super::limiter::Limiter;

/// Somebody who may be heard. A handle of one [`Mixer`]; after [`Mixer::remove`] it stands for nobody.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Source {
    slot: usize,
    generation: u64,
}

#[derive(Debug)]
pub struct Mixer {
    slots: Vec<Option<Slot>>,
    generation: u64,
    sum: Frame,
    limiter: Limiter,
    full: Frame,
    full_is_made: bool,
}

impl Mixer {
    pub fn new() -> Self {
        Self {
            slots: Vec::new(),
            generation: 0,
            sum: SILENCE,
            limiter: Limiter::new(),
            full: SILENCE,
            full_is_made: false,
        }
    }

    pub fn add(&mut self) -> Source {
        self.generation += 1;
        let generation = self.generation;
        let made = Slot::new(generation);
        let free = self.slots.iter().position(Option::is_none);
        let slot = free.unwrap_or(self.slots.len());
        if free.is_some() {
            self.slots[slot] = Some(made);
        } else {
            self.slots.push(Some(made));
        }
        Source { slot, generation }
    }

    /// Takes a source out. What it put into this frame stays in it.
    pub fn remove(&mut self, source: Source) {
        if self.slot(source).is_some() {
            self.slots[source.slot] = None;
        }
    }

    /// How loud everybody hears a source: 0 is not at all, 1 as it is, 2 the most.
    pub fn set_gain(&mut self, source: Source, gain: f32) {
        if let Some(slot) = self.slot_mut(source) {
            slot.gain_wanted = limit_gain(gain);
        }
    }

    /// Begins the next 10 ms.
    pub fn begin(&mut self) {
        self.sum = SILENCE;
        self.full_is_made = false;
        for slot in self.slots.iter_mut().flatten() {
            if !slot.sounds {
                slot.hear(SILENT);
            }
            slot.sounds = false;
        }
    }

    /// The sound of a source in this frame. A source that is not put is silent.
    pub fn put(&mut self, source: Source, sound: &Frame) {
        let level = level::dbfs(sound);
        let Some(slot) = self
            .slots
            .get_mut(source.slot)
            .and_then(Option::as_mut)
            .filter(|slot| slot.generation == source.generation && !slot.sounds)
        else {
            return;
        };
        if !sound.iter().all(|sample| sample.is_finite()) {
            return;
        }
        slot.hear(level);
        slot.sounds = true;
        slot.sound = *sound;
        fade::ramp(&mut slot.sound, slot.gain, slot.gain_wanted);
        slot.gain = slot.gain_wanted;
        add(&mut self.sum, &slot.sound, 1.0);
    }

    /// Whether a source was put into this frame.
    pub fn sounds(&self, source: Source) -> bool {
        self.slot(source).is_some_and(|slot| slot.sounds)
    }

    /// Everybody together: what all listeners share whose [`Listener::shares`] is true.
    pub fn full(&mut self) -> &Frame {
        if !self.full_is_made {
            self.full = self.sum;
            self.limiter.apply(&mut self.full);
            self.full_is_made = true;
        }
        &self.full
    }

    /// What one listener hears: all but themselves, by their own volumes.
    pub fn mix(&self, listener: &mut Listener, out: &mut Frame) {
        *out = self.sum;
        if let Some(own) = listener.own.and_then(|own| self.slot(own))
            && own.sounds
        {
            add(out, &own.sound, -1.0);
        }
        for volume in &mut listener.volumes {
            if let Some(slot) = self.slot(volume.source)
                && slot.sounds
                && Some(volume.source) != listener.own
            {
                let mut change = slot.sound;
                fade::ramp(&mut change, volume.now - 1.0, volume.wanted - 1.0);
                add(out, &change, 1.0);
            }
            volume.now = volume.wanted;
        }
        listener.limiter.apply(out);
    }

    /// The level of a source for a display, before any gain.
    pub fn level(&self, source: Source) -> f32 {
        self.slot(source).map_or(SILENT, |slot| slot.meter.level())
    }

    pub fn is_talking(&self, source: Source) -> bool {
        self.slot(source).is_some_and(|slot| slot.talk.is_talking())
    }

    /// Those who talk, the loudest first, at most `N`, with their levels.
    pub fn loudest<const N: usize>(&self) -> impl Iterator<Item = (Source, f32)> + use<N> {
        let mut best = [None; N];
        for (at, slot) in self.slots.iter().enumerate() {
            let Some(slot) = slot.as_ref().filter(|slot| slot.talk.is_talking()) else {
                continue;
            };
            let source = Source {
                slot: at,
                generation: slot.generation,
            };
            let mut found = Some((source, slot.meter.level()));
            for place in &mut best {
                let (Some((_, here)), Some((_, new))) = (*place, found) else {
                    std::mem::swap(place, &mut found);
                    break;
                };
                if new > here {
                    std::mem::swap(place, &mut found);
                }
            }
        }
        best.into_iter().flatten()
    }

    fn slot(&self, source: Source) -> Option<&Slot> {
        let slot = self.slots.get(source.slot)?.as_ref();
        slot.filter(|slot| slot.generation == source.generation)
    }

    fn slot_mut(&mut self, source: Source) -> Option<&mut Slot> {
        let slot = self.slots.get_mut(source.slot)?.as_mut();
        slot.filter(|slot| slot.generation == source.generation)
    }
}

impl Default for Mixer {
    fn default() -> Self {
        Self::new()
    }
}

/// Somebody who hears, and what is particular about their mix.
#[derive(Debug, Clone)]
pub struct Listener {
    own: Option<Source>,
    volumes: Vec<Volume>,
    limiter: Limiter,
}

impl Listener {
    /// `own` is the source that they must not hear: themselves.
    pub fn new(own: Option<Source>) -> Self {
        Self {
            own,
            volumes: Vec::new(),
            limiter: Limiter::new(),
        }
    }

    /// How loud this listener hears a source, 0 to 2; 1 is as everybody does.
    pub fn set_volume(&mut self, source: Source, wanted: f32) {
        let wanted = limit_gain(wanted);
        match self.volumes.iter_mut().find(|v| v.source == source) {
            Some(volume) => volume.wanted = wanted,
            None => self.volumes.push(Volume {
                source,
                now: 1.0,
                wanted,
            }),
        }
        // What is back at 1 and has been played so needs no entry any more.
        self.volumes.retain(|volume| !volume.is_plain());
    }

    /// Forgets a volume: for a source that was removed.
    pub fn forget(&mut self, source: Source) {
        self.volumes.retain(|volume| volume.source != source);
    }

    /// Whether [`Mixer::full`] is what this listener hears in this frame.
    pub fn shares(&self, mixer: &Mixer) -> bool {
        let own_sounds = self.own.is_some_and(|own| mixer.sounds(own));
        let differs = |volume: &Volume| mixer.sounds(volume.source) && !volume.is_plain();
        !own_sounds && !self.volumes.iter().any(differs)
    }
}

#[derive(Debug)]
struct Slot {
    generation: u64,
    gain: f32,
    gain_wanted: f32,
    sound: Frame,
    sounds: bool,
    meter: Meter,
    talk: Talk,
}

impl Slot {
    fn new(generation: u64) -> Self {
        Self {
            generation,
            gain: 1.0,
            gain_wanted: 1.0,
            sound: SILENCE,
            sounds: false,
            meter: Meter::new(),
            talk: Talk::new(),
        }
    }

    fn hear(&mut self, level: f32) {
        self.meter.take(level);
        self.talk.hear(level);
    }
}

#[derive(Debug, Clone, Copy)]
struct Volume {
    source: Source,
    now: f32,
    wanted: f32,
}

impl Volume {
    fn is_plain(&self) -> bool {
        (self.now - 1.0).abs() < f32::EPSILON && (self.wanted - 1.0).abs() < f32::EPSILON
    }
}

fn add(sum: &mut Frame, sound: &Frame, sign: f32) {
    for (sum, sample) in sum.iter_mut().zip(sound) {
        *sum += sign * sample;
    }
}

fn limit_gain(gain: f32) -> f32 {
    if gain.is_nan() {
        1.0
    } else {
        gain.clamp(0.0, 2.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audio::FRAME;
    use crate::audio::tone::Sine;

    fn frames(hertz: f32, level: f32) -> impl FnMut() -> Frame {
        let mut sine = Sine::new(hertz, level);
        move || {
            let mut frame = SILENCE;
            frame.fill_with(|| sine.next().unwrap());
            frame
        }
    }

    fn distance(one: &Frame, other: &Frame) -> f32 {
        one.iter()
            .zip(other)
            .map(|(one, other)| (one - other).abs())
            .fold(0.0, f32::max)
    }

    #[test]
    fn everybody_hears_the_others_and_not_themselves() {
        let mut mixer = Mixer::new();
        let sources = [mixer.add(), mixer.add(), mixer.add()];
        let mut sounds = [
            frames(300.0, -30.0),
            frames(500.0, -30.0),
            frames(700.0, -30.0),
        ];
        let mut listeners = sources.map(|source| Listener::new(Some(source)));
        for _ in 0..20 {
            let now = sounds.each_mut().map(|sound| sound());
            mixer.begin();
            for (source, sound) in sources.iter().zip(&now) {
                mixer.put(*source, sound);
            }
            for (me, listener) in listeners.iter_mut().enumerate() {
                assert!(!listener.shares(&mixer));
                let mut expected = SILENCE;
                for (other, sound) in now.iter().enumerate() {
                    if other != me {
                        add(&mut expected, sound, 1.0);
                    }
                }
                let mut heard = SILENCE;
                mixer.mix(listener, &mut heard);
                assert!(distance(&heard, &expected) < 1e-6);
            }
        }
    }

    #[test]
    fn silent_listeners_share_the_full_mix() {
        let mut mixer = Mixer::new();
        let (talker, silent) = (mixer.add(), mixer.add());
        let sound = frames(300.0, -20.0)();
        mixer.begin();
        mixer.put(talker, &sound);
        let mut listener = Listener::new(Some(silent));
        assert!(listener.shares(&mixer));
        assert!(Listener::new(None).shares(&mixer));
        assert!(!Listener::new(Some(talker)).shares(&mixer));
        assert_eq!(mixer.full()[..], sound[..]);
        let mut own = SILENCE;
        mixer.mix(&mut listener, &mut own);
        assert_eq!(own[..], sound[..]);
    }

    #[test]
    fn a_change_of_volume_is_a_ramp_and_reaches_only_the_one_who_asked() {
        let mut mixer = Mixer::new();
        let talker = mixer.add();
        let mut listener = Listener::new(None);
        listener.set_volume(talker, 0.0);
        let mut heard = SILENCE;
        mixer.begin();
        mixer.put(talker, &[0.25; FRAME]);
        assert!(!listener.shares(&mixer));
        mixer.mix(&mut listener, &mut heard);
        assert!(heard[0] > 0.24 && heard[FRAME - 1] < 0.01, "no jump");
        assert!(
            mixer
                .full()
                .iter()
                .all(|sample| (sample - 0.25).abs() < 1e-6)
        );
        mixer.begin();
        mixer.put(talker, &[0.25; FRAME]);
        mixer.mix(&mut listener, &mut heard);
        assert!(heard.iter().all(|sample| sample.abs() < 1e-6));
        listener.set_volume(talker, 1.0);
        mixer.mix(&mut listener, &mut heard);
        listener.set_volume(talker, 1.0);
        assert!(listener.shares(&mixer), "back at the usual volume");
    }

    #[test]
    fn gain_goes_from_nothing_to_double() {
        let mut mixer = Mixer::new();
        let talker = mixer.add();
        for (gain, expected) in [(2.0, 0.4), (7.0, 0.4), (0.0, 0.0), (f32::NAN, 0.2)] {
            mixer.set_gain(talker, gain);
            for _ in 0..2 {
                mixer.begin();
                mixer.put(talker, &[0.2; FRAME]);
            }
            assert!((mixer.full()[FRAME - 1] - expected).abs() < 1e-6);
        }
    }

    #[test]
    fn five_loud_talkers_neither_clip_nor_click() {
        let mut mixer = Mixer::new();
        let mut talkers: Vec<_> = [310.0, 440.0, 523.0, 617.0, 790.0]
            .map(|hertz| (mixer.add(), frames(hertz, -6.0)))
            .into();
        let (mut last, mut jump, mut slope) = (0.0_f32, 0.0_f32, 0.0_f32);
        let mut last_sum = 0.0_f32;
        for _ in 0..100 {
            mixer.begin();
            let mut sum = SILENCE;
            for (source, sound) in &mut talkers {
                let frame = sound();
                add(&mut sum, &frame, 1.0);
                mixer.put(*source, &frame);
            }
            for (sample, sum) in mixer.full().iter().zip(&sum) {
                assert!(sample.abs() < 0.99, "clipped");
                jump = jump.max((sample - last).abs());
                slope = slope.max((sum - last_sum).abs());
                (last, last_sum) = (*sample, *sum);
            }
        }
        assert!(
            jump <= slope,
            "{jump} is steeper than the sound itself, {slope}"
        );
    }

    #[test]
    fn the_loudest_talkers_are_named_first() {
        let mut mixer = Mixer::new();
        let mut sources: Vec<_> = [-40.0, -20.0, -30.0, -25.0]
            .map(|level| (mixer.add(), frames(300.0, level)))
            .into();
        let silent = mixer.add();
        for _ in 0..20 {
            mixer.begin();
            for (source, sound) in &mut sources {
                mixer.put(*source, &sound());
            }
        }
        let loudest: Vec<_> = mixer.loudest::<3>().map(|(source, _)| source).collect();
        assert_eq!(loudest, [sources[1].0, sources[3].0, sources[2].0]);
        assert_eq!(mixer.loudest::<8>().count(), 4);
        assert!(!mixer.is_talking(silent));
        assert!((mixer.level(sources[1].0) + 20.0).abs() < 0.2);
        for _ in 0..60 {
            mixer.begin();
        }
        assert_eq!(mixer.loudest::<3>().count(), 0, "silence ends talking");
    }

    #[test]
    fn a_handle_of_one_who_left_is_nobody() {
        let mut mixer = Mixer::new();
        let gone = mixer.add();
        mixer.remove(gone);
        let next = mixer.add();
        mixer.begin();
        mixer.put(gone, &[0.5; FRAME]);
        assert!(!mixer.sounds(gone) && !mixer.sounds(next));
        mixer.remove(gone);
        mixer.put(next, &[0.5; FRAME]);
        assert!(mixer.sounds(next));
    }

    #[test]
    fn a_frame_that_is_no_number_reaches_nobody() {
        let mut mixer = Mixer::new();
        let source = mixer.add();
        mixer.begin();
        mixer.put(source, &[f32::NAN; FRAME]);
        assert_eq!(mixer.full()[..], SILENCE[..]);
    }
}
