//! Everybody hears those who are heard, but not themselves: one sum, and for each in it the sum without their own part.
//!
//! For each 10 ms: [`Mixer::begin`], [`Mixer::put`] for every source that is not
//! silent, [`Mixer::finish`]; then [`Mixer::full`] for all whose sound is not in it
//! (one mix, one encoding) and [`Mixer::mix`] for those whose mix differs. Nothing is
//! allocated after a source was added.
//!
//! At most [`HEARD`] sources are heard at once, those who speak and of them the loudest: of
//! more nobody understands a word, and each would need an encoding without themselves. As
//! many are in a mix of `libwebrtc`, of which browsers are made. Who is heard is the same for
//! everybody, whatever volumes a listener has set.

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
        let Some(slot) = self.slot_mut(source).filter(|slot| !slot.sounds) else {
            return;
        };
        if !sound.iter().all(|sample| sample.is_finite()) {
            return;
        }
        slot.hear(level);
        slot.sounds = true;
        slot.sound = *sound;
    }

    /// Chooses who is heard in this frame, and adds them up.
    pub fn finish(&mut self) {
        let loudest = self.loudest();
        for (at, slot) in self.slots.iter_mut().enumerate() {
            let Some(slot) = slot else { continue };
            slot.settle(loudest.contains(&Some(at)));
            if slot.heard {
                add(&mut self.sum, &slot.sound, 1.0);
            }
        }
    }

    /// The slots of those who sound the loudest.
    fn loudest(&self) -> [Option<usize>; HEARD] {
        let mut best = [None; HEARD];
        for (at, slot) in self.slots.iter().enumerate() {
            let mut found = slot
                .as_ref()
                .filter(|slot| slot.sounds)
                .map(|slot| (at, slot.rank()));
            for place in &mut best {
                if rank_of(found) > rank_of(*place) {
                    std::mem::swap(place, &mut found);
                }
            }
        }
        best.map(|place| place.map(|(at, _)| at))
    }

    /// Whether a source is in the mix of this frame.
    pub fn is_heard(&self, source: Source) -> bool {
        self.slot(source).is_some_and(|slot| slot.heard)
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
            && own.heard
        {
            add(out, &own.sound, -1.0);
        }
        for volume in &mut listener.volumes {
            if let Some(slot) = self.slot(volume.source)
                && slot.heard
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
        let wanted = if wanted.is_nan() {
            1.0
        } else {
            wanted.clamp(0.0, 2.0)
        };
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
        let own_is_heard = self.own.is_some_and(|own| mixer.is_heard(own));
        let differs = |volume: &Volume| mixer.is_heard(volume.source) && !volume.is_plain();
        !own_is_heard && !self.volumes.iter().any(differs)
    }
}

#[derive(Debug)]
struct Slot {
    generation: u64,
    sound: Frame,
    sounds: bool,
    /// In the mix, be it fading in or out.
    heard: bool,
    /// How much of the sound was in the mix when the frame before ended, 0 or 1; none if it was silent.
    share: Option<f32>,
    meter: Meter,
    talk: Talk,
}

impl Slot {
    fn new(generation: u64) -> Self {
        Self {
            generation,
            sound: SILENCE,
            sounds: false,
            heard: false,
            share: None,
            meter: Meter::new(),
            talk: Talk::new(),
        }
    }

    fn hear(&mut self, level: f32) {
        self.meter.take(level);
        self.talk.hear(level);
    }

    /// Speech goes before noise, however loud; who is heard is not taken out for a little more of another.
    fn rank(&self) -> f32 {
        let speech = if self.talk.is_talking() { SPEECH } else { 0.0 };
        self.meter.level() + speech + STAYS * self.share.unwrap_or_default()
    }

    /// In the mix of this frame or not; a change in the middle of sound fades.
    fn settle(&mut self, chosen: bool) {
        let to = if chosen { 1.0 } else { 0.0 };
        let from = self.share.unwrap_or(to);
        self.heard = self.sounds && from + to > 0.0;
        if self.heard {
            fade::ramp(&mut self.sound, from, to);
        }
        self.share = self.sounds.then_some(to);
    }
}

fn rank_of(place: Option<(usize, f32)>) -> f32 {
    place.map_or(f32::NEG_INFINITY, |(_, rank)| rank)
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

/// How many are heard at once, as in the mixer of `libwebrtc`.
pub const HEARD: usize = 3;

/// In dB: more than two levels can differ by.
const SPEECH: f32 = 200.0;

/// In dB: by so much another must be louder.
const STAYS: f32 = 9.0;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audio::FRAME;
    use crate::audio::tone::Sine;

    type Voice = Box<dyn FnMut() -> Frame>;

    fn frames(hertz: f32, level: f32) -> Voice {
        let mut sine = Sine::new(hertz, level);
        Box::new(move || {
            let mut frame = SILENCE;
            frame.fill_with(|| sine.next().unwrap());
            frame
        })
    }

    fn say(mixer: &mut Mixer, talkers: &mut [(Source, Voice)]) {
        mixer.begin();
        for (source, voice) in talkers {
            mixer.put(*source, &voice());
        }
        mixer.finish();
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
            mixer.finish();
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
        mixer.finish();
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
        mixer.finish();
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
        mixer.finish();
        mixer.mix(&mut listener, &mut heard);
        assert!(heard.iter().all(|sample| sample.abs() < 1e-6));
        listener.set_volume(talker, 1.0);
        mixer.mix(&mut listener, &mut heard);
        listener.set_volume(talker, 1.0);
        assert!(listener.shares(&mixer), "back at the usual volume");
    }

    #[test]
    fn of_more_who_speak_at_once_the_loudest_are_heard_and_keep_the_word() {
        let mut mixer = Mixer::new();
        let mut talkers: Vec<_> = [-36.0, -20.0, -40.0, -25.0, -22.0]
            .map(|level| (mixer.add(), frames(300.0, level)))
            .into();
        let heard = |mixer: &Mixer, talkers: &[(Source, _)]| -> Vec<usize> {
            let all = 0..talkers.len();
            all.filter(|at| mixer.is_heard(talkers[*at].0)).collect()
        };
        say(&mut mixer, &mut talkers[..2]);
        assert_eq!(heard(&mixer, &talkers), [0, 1]);
        say(&mut mixer, &mut talkers);
        assert_eq!(heard(&mixer, &talkers), [0, 1, 3, 4], "the first fades out");
        say(&mut mixer, &mut talkers);
        assert_eq!(heard(&mixer, &talkers), [1, 3, 4]);
        talkers[0].1 = frames(300.0, -21.0);
        say(&mut mixer, &mut talkers);
        assert_eq!(heard(&mixer, &talkers), [1, 3, 4], "a little louder");
        talkers[0].1 = frames(300.0, -15.0);
        say(&mut mixer, &mut talkers);
        say(&mut mixer, &mut talkers);
        assert_eq!(heard(&mixer, &talkers), [0, 1, 4], "much louder");
        talkers.truncate(4);
        say(&mut mixer, &mut talkers);
        assert_eq!(heard(&mixer, &talkers), [0, 1, 3], "one place is free");
    }

    #[test]
    fn whoever_is_not_heard_shares_the_mix_and_is_still_told_as_talking() {
        let mut mixer = Mixer::new();
        let mut talkers: Vec<_> = [-20.0, -20.0, -20.0, -40.0]
            .map(|level| (mixer.add(), frames(300.0, level)))
            .into();
        for _ in 0..10 {
            say(&mut mixer, &mut talkers);
        }
        let [first, .., last] = [0, 1, 2, 3].map(|at| talkers[at].0);
        assert!(!Listener::new(Some(first)).shares(&mixer));
        assert!(Listener::new(Some(last)).shares(&mixer));
        assert!(mixer.is_talking(last) && mixer.level(last) > -41.0);
    }

    #[test]
    fn speech_is_heard_soon_where_three_rooms_are_noisy() {
        let mut mixer = Mixer::new();
        let mut talkers: Vec<_> = [-50.0, -50.0, -50.0]
            .map(|level| (mixer.add(), frames(300.0, level)))
            .into();
        for _ in 0..300 {
            say(&mut mixer, &mut talkers);
        }
        let voice = mixer.add();
        talkers.push((voice, frames(700.0, -45.0)));
        let begins = (1..100).find(|_| {
            say(&mut mixer, &mut talkers);
            mixer.is_heard(voice)
        });
        // Speech is known as such after 60 ms.
        assert!(matches!(begins, Some(..8)), "after {begins:?} frames");
    }

    #[test]
    fn a_change_of_who_is_heard_does_not_click() {
        let mut mixer = Mixer::new();
        let mut talkers: Vec<_> = [-30.0, -30.0, -30.0, -60.0]
            .map(|level| (mixer.add(), frames(300.0, level)))
            .into();
        let (mut last, mut jump) = (0.0_f32, 0.0_f32);
        for at in 0..40 {
            if at == 20 {
                talkers[3].1 = frames(300.0, -22.0);
            }
            say(&mut mixer, &mut talkers);
            for sample in mixer.full() {
                jump = jump.max((sample - last).abs());
                last = *sample;
            }
        }
        let slope = 4.0 * 0.112 * 300.0 / 48_000.0 * std::f32::consts::TAU;
        assert!(jump < slope, "{jump}, of sound that has {slope} at most");
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
            mixer.finish();
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
    fn who_talks_is_known_with_their_level_until_they_are_silent() {
        let mut mixer = Mixer::new();
        let mut talkers: Vec<_> = vec![(mixer.add(), frames(300.0, -20.0))];
        let (talker, silent) = (talkers[0].0, mixer.add());
        for _ in 0..20 {
            say(&mut mixer, &mut talkers);
        }
        assert!(mixer.is_talking(talker) && !mixer.is_talking(silent));
        assert!((mixer.level(talker) + 20.0).abs() < 0.2);
        for _ in 0..60 {
            mixer.begin();
            mixer.finish();
        }
        assert!(!mixer.is_talking(talker), "silence ends talking");
    }

    #[test]
    fn a_handle_of_one_who_left_is_nobody() {
        let mut mixer = Mixer::new();
        let gone = mixer.add();
        mixer.remove(gone);
        let next = mixer.add();
        mixer.begin();
        mixer.put(gone, &[0.5; FRAME]);
        mixer.finish();
        assert!(!mixer.is_heard(gone) && !mixer.is_heard(next));
        mixer.remove(gone);
        mixer.begin();
        mixer.put(next, &[0.5; FRAME]);
        mixer.finish();
        assert!(mixer.is_heard(next));
    }

    #[test]
    fn a_frame_that_is_no_number_reaches_nobody() {
        let mut mixer = Mixer::new();
        let source = mixer.add();
        mixer.begin();
        mixer.put(source, &[f32::NAN; FRAME]);
        mixer.finish();
        assert_eq!(mixer.full()[..], SILENCE[..]);
    }
}
