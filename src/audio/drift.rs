//! Two clocks that do not agree: when to leave out or repeat a frame, and the buffer between them.
//!
//! The microphone, the loudspeaker, the browser page and every other computer
//! count their own 48,000 samples a second. [`Corrector`] watches how full a
//! buffer is and says when a frame of 10 ms has to go or to come; it serves the
//! [`Fifo`] of devices and bridge here and [`crate::audio::receive`].

use super::FRAME;
use super::Frame;
use super::SILENCE;
use super::fade;
use super::level;

/// What is to be done about the fill level.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Advice {
    Keep,
    /// Leave out a frame: two become one, the first fading into the second.
    Drop(When),
    /// Repeat a frame: what comes next fades into what was last.
    Repeat(When),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum When {
    /// Only where it is quiet enough for nobody to notice.
    Quiet,
    Now,
}

/// Watches a fill level and advises, once for each frame of 10 ms.
///
/// The mean is kept within half and double the target whatever is being said,
/// and brought to within a frame of it where it is quiet.
#[derive(Debug, Clone)]
pub struct Corrector {
    mean: Option<f32>,
    window: f32,
    since: u32,
    usual: f32,
    asked: u32,
}

impl Corrector {
    /// `window` is the time over which the mean is taken, in frames.
    pub fn new(window: u16) -> Self {
        Self {
            mean: None,
            window: f32::from(window.max(1)),
            since: 0,
            usual: 0.0,
            asked: 0,
        }
    }

    /// Takes in the fill level, when a frame is about to be taken out. Both in samples.
    #[expect(clippy::cast_precision_loss, reason = "a buffer is seconds at most")]
    pub fn advise(&mut self, fill: i64, target: usize) -> Advice {
        let (fill, target) = (fill as f32, target as f32);
        let mean = self
            .mean
            .map_or(fill, |mean| mean + (fill - mean) / self.window);
        self.mean = Some(mean);
        self.since = self.since.saturating_add(1);
        let excess = mean - target;
        if mean > 2.0 * target && self.since >= GAP_DROP {
            Advice::Drop(When::Now)
        } else if mean < 0.5 * target && self.since >= GAP_REPEAT {
            Advice::Repeat(When::Now)
        } else if excess > FRAME_F && self.since >= if excess > FAR { GAP_FAR } else { GAP_QUIET } {
            Advice::Drop(When::Quiet)
        } else if excess < -FRAME_F && self.since >= GAP_FAR {
            Advice::Repeat(When::Quiet)
        } else {
            Advice::Keep
        }
    }

    /// Whether `frame` is quiet beside what was heard when this was asked before.
    ///
    /// It learns only while it is asked: a buffer that needs no correction does not measure.
    pub fn is_quiet(&mut self, frame: &Frame) -> bool {
        let energy = level::energy(frame);
        self.asked = self.asked.saturating_add(1);
        if self.asked <= LEARNING {
            self.usual = self.usual.max(energy);
        }
        self.usual += (energy - self.usual) / 100.0;
        energy < INAUDIBLE || (self.asked > LEARNING && energy < self.usual / 16.0)
    }

    /// A frame was left out.
    pub fn dropped(&mut self) {
        self.corrected(-FRAME_F);
    }

    /// A frame was repeated.
    pub fn repeated(&mut self) {
        self.corrected(FRAME_F);
    }

    /// The fill level jumped for another reason: forget what it was.
    pub fn reset(&mut self) {
        self.mean = None;
    }

    fn corrected(&mut self, by: f32) {
        self.mean = self.mean.map(|mean| mean + by);
        self.since = 0;
    }
}

/// How often something had to be done to the sound.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Statistics {
    /// Times that the buffer ran empty.
    pub underruns: u64,
    /// Frames that had no room.
    pub overruns: u64,
    /// Frames left out and repeated against drift.
    pub dropped: u64,
    pub repeated: u64,
}

/// A bounded buffer of samples between two clocks.
///
/// Both sides take any number of samples. It gives sound once it holds
/// its target; when it runs empty it is silent until it holds it again.
#[derive(Debug, Clone)]
pub struct Fifo {
    ring: Box<[f32]>,
    start: usize,
    length: usize,
    target: usize,
    staged: Frame,
    staged_left: usize,
    staged_sounds: bool,
    last: Frame,
    flow: Flow,
    corrector: Corrector,
    statistics: Statistics,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Flow {
    Filling,
    Running,
    /// Running, and frames were thrown away: the next one does not join.
    Jumped,
}

impl Fifo {
    /// `target` samples are held in the mean, four times as many at most.
    pub fn new(target: usize) -> Self {
        let target = target.clamp(FRAME, LARGEST_TARGET);
        Self {
            ring: vec![0.0; 4 * target].into_boxed_slice(),
            start: 0,
            length: 0,
            target,
            staged: SILENCE,
            staged_left: 0,
            staged_sounds: false,
            last: SILENCE,
            flow: Flow::Filling,
            corrector: Corrector::new(FIVE_SECONDS),
            statistics: Statistics::default(),
        }
    }

    /// Samples waiting.
    pub fn fill(&self) -> usize {
        self.length + self.staged_left
    }

    pub fn target(&self) -> usize {
        self.target
    }

    pub fn statistics(&self) -> Statistics {
        self.statistics
    }

    /// Forgets what is waiting: after a device was changed, or when nothing stale may be heard.
    pub fn clear(&mut self) {
        self.length = 0;
        self.staged_left = 0;
        self.last = SILENCE;
        self.flow = Flow::Filling;
        self.corrector.reset();
    }

    pub fn push(&mut self, sound: &[f32]) {
        let capacity = self.ring.len();
        // Of more than fits at once only the newest can be of use.
        let kept = &sound[sound.len().saturating_sub(capacity)..];
        let mut frames = frames_in(sound.len() - kept.len());
        while self.length + kept.len() > capacity {
            self.skip(FRAME.min(self.length));
            frames += 1;
        }
        if frames > 0 {
            self.statistics.overruns += frames;
            self.corrector.reset();
            if self.flow == Flow::Running {
                self.flow = Flow::Jumped;
            }
        }
        let end = (self.start + self.length) % capacity;
        let first = kept.len().min(capacity - end);
        self.ring[end..end + first].copy_from_slice(&kept[..first]);
        self.ring[..kept.len() - first].copy_from_slice(&kept[first..]);
        self.length += kept.len();
    }

    /// Fills `out`; false when some of it is silence because there was nothing to give.
    pub fn pull(&mut self, out: &mut [f32]) -> bool {
        let mut sounds = true;
        let mut done = 0;
        while done < out.len() {
            if self.staged_left == 0 {
                self.stage();
            }
            sounds &= self.staged_sounds;
            let from = FRAME - self.staged_left;
            let count = self.staged_left.min(out.len() - done);
            out[done..done + count].copy_from_slice(&self.staged[from..from + count]);
            self.staged_left -= count;
            done += count;
        }
        sounds
    }

    fn stage(&mut self) {
        let frame = self.next_frame();
        self.staged_sounds = frame.is_some();
        self.staged = frame.unwrap_or_else(|| fade::tail(&self.last));
        self.last = if self.staged_sounds {
            self.staged
        } else {
            SILENCE
        };
        self.staged_left = FRAME;
    }

    fn next_frame(&mut self) -> Option<Frame> {
        match self.flow {
            Flow::Filling if self.length < self.target.max(FRAME) => return None,
            Flow::Filling => {
                self.flow = Flow::Running;
                let mut frame = self.take();
                fade::fade_in(&mut frame);
                return Some(frame);
            }
            Flow::Running | Flow::Jumped if self.length < FRAME => {
                self.flow = Flow::Filling;
                self.statistics.underruns += 1;
                self.corrector.reset();
                return None;
            }
            Flow::Jumped => {
                self.flow = Flow::Running;
                return Some(fade::cross(&fade::tail(&self.last), &self.take()));
            }
            Flow::Running => {}
        }
        // In the middle of the time until the next frame is taken: that is the mean.
        let fill = self.length.saturating_sub(FRAME / 2);
        let fill = i64::try_from(fill).unwrap_or(i64::MAX);
        let advice = self.corrector.advise(fill, self.target);
        match advice {
            Advice::Drop(when) if self.length >= 2 * FRAME && self.may(when) => {
                self.statistics.dropped += 1;
                self.corrector.dropped();
                let first = self.take();
                Some(fade::cross(&first, &self.take()))
            }
            Advice::Repeat(when) if self.may(when) => {
                self.statistics.repeated += 1;
                self.corrector.repeated();
                Some(fade::cross(&self.peek(), &self.last))
            }
            Advice::Keep | Advice::Drop(_) | Advice::Repeat(_) => Some(self.take()),
        }
    }

    fn may(&mut self, when: When) -> bool {
        when == When::Now || {
            let next = self.peek();
            self.corrector.is_quiet(&next)
        }
    }

    fn take(&mut self) -> Frame {
        let frame = self.peek();
        self.skip(FRAME);
        frame
    }

    fn peek(&self) -> Frame {
        let mut frame = SILENCE;
        let first = FRAME.min(self.ring.len() - self.start);
        frame[..first].copy_from_slice(&self.ring[self.start..self.start + first]);
        frame[first..].copy_from_slice(&self.ring[..FRAME - first]);
        frame
    }

    fn skip(&mut self, count: usize) {
        self.start = (self.start + count) % self.ring.len();
        self.length -= count;
    }
}

fn frames_in(samples: usize) -> u64 {
    u64::try_from(samples.div_ceil(FRAME)).unwrap_or(u64::MAX)
}

const FRAME_F: f32 = 480.0;
const FIVE_SECONDS: u16 = 500;
const LARGEST_TARGET: usize = 48_000;

// Frames between two corrections.
const GAP_DROP: u32 = 10;
const GAP_REPEAT: u32 = 6;
const GAP_QUIET: u32 = 50;
const GAP_FAR: u32 = 2;

/// From 60 ms too much on, every quiet place is used.
const FAR: f32 = 2880.0;

/// -50 dBFS.
const INAUDIBLE: f32 = 1e-5;

/// Frames after which "usual" means something.
const LEARNING: u32 = 25;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audio::tone::Sine;
    use proptest::prelude::*;

    fn jump(sound: &[f32]) -> f32 {
        sound
            .windows(2)
            .map(|pair| (pair[1] - pair[0]).abs())
            .fold(0.0, f32::max)
    }

    /// `seconds` through a buffer whose writer is `ppm` faster than its reader.
    fn skewed(ppm: f64, seconds: u32, sound: &mut dyn FnMut() -> Frame) -> (Fifo, usize, Vec<f32>) {
        let mut fifo = Fifo::new(960);
        let (mut most, mut debt, mut heard) = (0, 0.0, Vec::new());
        for tick in 0..seconds * 100 {
            debt += 1.0 + ppm / 1e6;
            while debt >= 1.0 {
                fifo.push(&sound());
                debt -= 1.0;
            }
            let mut out = SILENCE;
            fifo.pull(&mut out);
            most = most.max(fifo.fill());
            if tick < 6000 {
                heard.extend(out);
            }
        }
        (fifo, most, heard)
    }

    #[test]
    fn eight_hours_with_skewed_clocks_stay_within_bounds() {
        for (ppm, hours, sound) in [(100.0, 8, [0.001; FRAME]), (-100.0, 1, [0.1; FRAME])] {
            let (fifo, most, _) = skewed(ppm, hours * 3600, &mut || sound);
            let statistics = fifo.statistics();
            assert!(most <= 3 * 960, "{most} samples were waiting");
            assert_eq!((statistics.overruns, statistics.underruns), (0, 0));
            // 100 ppm of 48 kHz are 4.8 samples a second: a frame each 100 s, 36 an hour.
            let (needed, other) = if ppm > 0.0 {
                (statistics.dropped, statistics.repeated)
            } else {
                (statistics.repeated, statistics.dropped)
            };
            let expected = 36 * u64::from(hours);
            assert!(expected.abs_diff(needed) <= 4, "{statistics:?}");
            assert!(other <= 2, "{statistics:?}");
        }
    }

    #[test]
    fn a_sound_without_a_pause_is_corrected_and_does_not_click() {
        for ppm in [1000.0, -1000.0] {
            let mut sine = Sine::new(330.0, -20.0);
            let mut next = || {
                let mut frame = SILENCE;
                frame.fill_with(|| sine.next().unwrap());
                frame
            };
            let (fifo, most, heard) = skewed(ppm, 60, &mut next);
            let statistics = fifo.statistics();
            // 60 ms in a minute, less what the buffer may take up.
            let corrected = statistics.dropped + statistics.repeated;
            assert!((3..=7).contains(&corrected), "{statistics:?}");
            assert_eq!((statistics.overruns, statistics.underruns), (0, 0));
            assert!(most <= 3 * 960, "{most} samples were waiting");
            // The slope of the sine itself is at most 0.0061 a sample.
            assert!(jump(&heard) < 0.012, "{}", jump(&heard));
        }
    }

    #[test]
    fn silence_is_given_until_the_target_is_reached() {
        let mut fifo = Fifo::new(960);
        let mut out = SILENCE;
        fifo.push(&[0.5; FRAME]);
        assert!(!fifo.pull(&mut out));
        assert_eq!(out[..], SILENCE[..]);
        fifo.push(&[0.5; FRAME]);
        assert!(fifo.pull(&mut out));
        assert!(out[FRAME - 1] > 0.4);
        assert_eq!(fifo.statistics(), Statistics::default());
    }

    #[test]
    fn running_empty_is_counted_once_and_ends_softly() {
        let mut fifo = Fifo::new(960);
        fifo.push(&[0.5; 960]);
        let mut out = [0.0; 4 * FRAME];
        assert!(!fifo.pull(&mut out));
        assert_eq!(fifo.statistics().underruns, 1);
        assert!(jump(&out) < 0.01, "{}", jump(&out));
        assert!(out[960 + FRAME..].iter().all(|sample| *sample == 0.0));
    }

    #[test]
    fn what_has_no_room_goes_and_is_counted() {
        let mut fifo = Fifo::new(960);
        for _ in 0..100 {
            fifo.push(&[0.5; FRAME]);
        }
        assert_eq!(fifo.fill(), 4 * 960);
        assert_eq!(fifo.statistics().overruns, 92);
        fifo.push(&vec![0.25; 100_000]);
        assert_eq!(fifo.fill(), 4 * 960);
        let mut out = SILENCE;
        fifo.pull(&mut out);
        assert!((out[FRAME - 1] - 0.25).abs() < 1e-6);
    }

    #[test]
    fn a_loud_passage_is_left_alone_until_the_fill_is_double() {
        let mut corrector = Corrector::new(1);
        for _ in 0..60 {
            corrector.advise(960, 960);
        }
        assert_eq!(corrector.advise(1400, 960), Advice::Keep);
        assert_eq!(corrector.advise(1500, 960), Advice::Drop(When::Quiet));
        assert_eq!(corrector.advise(1930, 960), Advice::Drop(When::Now));
        assert_eq!(corrector.advise(470, 960), Advice::Repeat(When::Now));
        assert_eq!(corrector.advise(2000, 4800), Advice::Repeat(When::Now));
        assert_eq!(corrector.advise(4000, 4800), Advice::Repeat(When::Quiet));
    }

    #[test]
    fn quiet_is_relative_to_what_was_heard() {
        let mut corrector = Corrector::new(1);
        for _ in 0..100 {
            assert!(!corrector.is_quiet(&[0.3; FRAME]));
        }
        assert!(corrector.is_quiet(&[0.05; FRAME]));
        assert!(!corrector.is_quiet(&[0.2; FRAME]));
        assert!(Corrector::new(1).is_quiet(&SILENCE));
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        #[test]
        fn any_pushes_and_pulls_keep_the_bound_and_give_finite_sound(
            target in 0_usize..5000,
            steps in prop::collection::vec((0_usize..3000, 0_usize..3000), 1..60),
        ) {
            let mut fifo = Fifo::new(target);
            let bound = 4 * fifo.target() + FRAME;
            for (pushed, pulled) in steps {
                fifo.push(&vec![0.5; pushed]);
                prop_assert!(fifo.fill() <= bound);
                let mut out = vec![9.0; pulled];
                fifo.pull(&mut out);
                prop_assert!(out.iter().all(|sample| (-0.6..=0.6).contains(sample)));
            }
        }
    }
}
