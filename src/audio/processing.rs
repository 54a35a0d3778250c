//! Echo cancellation, noise suppression and gain control of what is captured, behind three switches.
//!
//! For each 10 ms: [`Processing::render`] with what is about to be played, then
//! [`Processing::capture`] with what the microphone gave. What is switched off
//! does nothing, and with all off the sound passes bit for bit.

use std::time::Duration;

use sonora::AudioProcessing;
use sonora::Config;
use sonora::StreamConfig;
use sonora::config::AdaptiveDigital;
use sonora::config::EchoCanceller;
use sonora::config::GainController2;
use sonora::config::MaxProcessingRate;
use sonora::config::NoiseSuppression;
use sonora::config::NoiseSuppressionLevel;
use sonora::config::Pipeline;

use super::Frame;
use super::SAMPLE_RATE;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Switches {
    pub echo_cancellation: Switch,
    pub noise_suppression: Switch,
    pub gain_control: Switch,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Switch {
    On,
    Off,
}

impl Switches {
    pub const ON: Self = Self {
        echo_cancellation: Switch::On,
        noise_suppression: Switch::On,
        gain_control: Switch::On,
    };

    pub const OFF: Self = Self {
        echo_cancellation: Switch::Off,
        noise_suppression: Switch::Off,
        gain_control: Switch::Off,
    };
}

/// The chain that captured sound goes through before its level is taken and it is sent.
#[derive(Debug)]
pub struct Processing {
    switches: Switches,
    /// None while everything is off: then it costs neither time nor memory.
    inner: Option<Box<AudioProcessing>>,
    delay: Duration,
}

impl Processing {
    pub fn new(switches: Switches) -> Self {
        let mut processing = Self {
            switches: Switches::OFF,
            inner: None,
            delay: USUAL_DELAY,
        };
        processing.switch(switches);
        processing
    }

    pub fn switches(&self) -> Switches {
        self.switches
    }

    /// Switches parts on and off, also in mid-call.
    pub fn switch(&mut self, switches: Switches) {
        if switches == self.switches {
            return;
        }
        self.switches = switches;
        if switches == Switches::OFF {
            self.inner = None;
            return;
        }
        let config = config(switches);
        match &mut self.inner {
            Some(inner) => inner.apply_config(config),
            None => self.inner = Some(Box::new(build(config))),
        }
        self.set_delay(self.delay);
    }

    /// How long after [`Self::render`] its sound can come back through [`Self::capture`]: what waits for
    /// the loudspeaker and what waits behind the microphone. The canceller finds the rest itself.
    pub fn set_delay(&mut self, delay: Duration) {
        self.delay = delay.min(LONGEST_DELAY);
        if let Some(inner) = &mut self.inner {
            let millis = i32::try_from(self.delay.as_millis()).unwrap_or(0);
            // Refused only when out of the range that it was just brought into.
            let _ = inner.set_stream_delay_ms(millis);
        }
    }

    /// Shows the echo canceller what is about to be played.
    pub fn render(&mut self, sound: &Frame) {
        if self.switches.echo_cancellation == Switch::Off {
            return;
        }
        if let Some(inner) = &mut self.inner {
            let mut unused = *sound;
            // Refused only for other rates and channels than it was built for.
            let _ = inner.process_render_f32(&[sound], &mut [&mut unused]);
        }
    }

    /// Cleans what was captured.
    pub fn capture(&mut self, sound: &mut Frame) {
        let Some(inner) = &mut self.inner else {
            return;
        };
        let captured = *sound;
        if inner
            .process_capture_f32(&[&captured], &mut [&mut sound[..]])
            .is_err()
        {
            *sound = captured;
        }
    }
}

fn build(config: Config) -> AudioProcessing {
    let stream = StreamConfig::new(SAMPLE_RATE, 1);
    AudioProcessing::builder()
        .config(config)
        .capture_config(stream)
        .render_config(stream)
        .build()
}

fn config(switches: Switches) -> Config {
    let on = |switch| switch == Switch::On;
    Config {
        pipeline: Pipeline {
            maximum_internal_processing_rate: MaxProcessingRate::Rate48kHz,
            multi_channel_render: false,
            multi_channel_capture: false,
            ..Pipeline::default()
        },
        echo_canceller: on(switches.echo_cancellation).then(EchoCanceller::default),
        noise_suppression: on(switches.noise_suppression).then(|| NoiseSuppression {
            level: NoiseSuppressionLevel::Moderate,
            ..NoiseSuppression::default()
        }),
        gain_controller2: on(switches.gain_control).then(|| GainController2 {
            // It starts at the level that the microphone gives and mends only what is far off:
            // the default begins by making everybody 15 dB louder.
            adaptive_digital: Some(AdaptiveDigital {
                headroom_db: HEADROOM,
                initial_gain_db: 0.0,
                max_gain_db: 24.0,
                max_gain_change_db_per_second: 3.0,
                ..AdaptiveDigital::default()
            }),
            ..GainController2::default()
        }),
        ..Config::default()
    }
}

/// Up to where a voice's peaks are brought. The default of 5 dB makes the level that telephony is laid out
/// for, -26 dBov, more than 3 dB louder; with this it stays.
const HEADROOM: f32 = 8.0;

const USUAL_DELAY: Duration = Duration::from_millis(60);
const LONGEST_DELAY: Duration = Duration::from_millis(500);

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audio::FRAME;
    use crate::audio::SILENCE;
    use crate::audio::level::dbfs;
    use crate::audio::tests::signal::frames;
    use crate::audio::tests::speech::speech;

    fn only(echo: Switch, noise: Switch, gain: Switch) -> Switches {
        Switches {
            echo_cancellation: echo,
            noise_suppression: noise,
            gain_control: gain,
        }
    }

    fn captured(processing: &mut Processing, sound: &[f32]) -> Vec<f32> {
        frames(sound)
            .flat_map(|mut frame| {
                processing.capture(&mut frame);
                frame
            })
            .collect()
    }

    #[test]
    fn off_is_bit_for_bit_also_after_it_was_on() {
        let sound = speech(1, 7);
        let mut processing = Processing::new(Switches::OFF);
        processing.render(&SILENCE);
        assert_eq!(captured(&mut processing, &sound), sound);
        processing.switch(Switches::ON);
        assert_ne!(captured(&mut processing, &sound), sound);
        processing.switch(Switches::OFF);
        assert_eq!(captured(&mut processing, &sound), sound);
    }

    #[test]
    fn an_echo_is_taken_out_and_the_near_voice_is_left() {
        let far = speech(6, 7);
        let mut processing = Processing::new(only(Switch::On, Switch::Off, Switch::Off));
        processing.set_delay(Duration::from_millis(45));
        let lag = 45 * 48;
        let mut out = Vec::new();
        for (at, played) in frames(&far).enumerate() {
            processing.render(&played);
            let mut frame = SILENCE;
            for (sample, place) in frame.iter_mut().zip(at * FRAME..) {
                let near = |lag: usize| place.checked_sub(lag).map_or(0.0, |place| far[place]);
                *sample = 0.4 * near(lag) + 0.15 * near(lag + 700);
            }
            processing.capture(&mut frame);
            out.extend(frame);
        }
        let left = dbfs(&out[48_000 * 4..]) - dbfs(&far[48_000 * 4..]);
        assert!(left < -35.0, "the echo is {left} dB below what was played");

        let near = speech(2, 9);
        let mut processing = Processing::new(only(Switch::On, Switch::Off, Switch::Off));
        for _ in 0..100 {
            processing.render(&SILENCE);
        }
        let kept = dbfs(&captured(&mut processing, &near)) - dbfs(&near);
        assert!(kept.abs() < 1.5, "the voice changed by {kept} dB");
    }

    #[test]
    fn steady_noise_is_lowered() {
        let mut random = fastrand::Rng::with_seed(4);
        let noise: Vec<f32> = (0..48_000 * 4)
            .map(|_| (random.f32() - 0.5) * 0.02)
            .collect();
        let mut processing = Processing::new(only(Switch::Off, Switch::On, Switch::Off));
        let out = captured(&mut processing, &noise);
        let lowered = dbfs(&noise[96_000..]) - dbfs(&out[96_000..]);
        assert!(lowered > 8.0, "by {lowered} dB");
    }

    #[test]
    fn speech_at_a_usual_level_keeps_it_with_everything_on() {
        for softer in [0.0_f32, 3.0] {
            let gain = 10.0_f32.powf(-softer / 20.0);
            let sound: Vec<f32> = speech(20, 7).iter().map(|sample| sample * gain).collect();
            let mut processing = Processing::new(Switches::ON);
            let mut out = Vec::new();
            for mut frame in frames(&sound) {
                processing.render(&SILENCE);
                processing.capture(&mut frame);
                out.extend(frame);
            }
            let late = 48_000 * 10;
            let changed = dbfs(&out[late..]) - dbfs(&sound[late..]);
            assert!(changed.abs() < 2.0, "{softer} dB softer: by {changed} dB");
        }
    }

    #[test]
    fn a_faint_voice_is_raised() {
        let sound: Vec<f32> = speech(8, 7).iter().map(|sample| sample * 0.05).collect();
        let mut processing = Processing::new(only(Switch::Off, Switch::Off, Switch::On));
        let out = captured(&mut processing, &sound);
        let raised = dbfs(&out[48_000 * 6..]) - dbfs(&sound[48_000 * 6..]);
        assert!(raised > 6.0, "by {raised} dB");
    }

    #[test]
    fn any_switch_can_be_moved_in_mid_call() {
        let mut processing = Processing::new(Switches::OFF);
        let sound = speech(1, 7);
        let both = [Switch::On, Switch::Off];
        for echo in both {
            for noise in both {
                for gain in both {
                    processing.switch(only(echo, noise, gain));
                    assert_eq!(processing.switches(), only(echo, noise, gain));
                    processing.set_delay(Duration::from_secs(3));
                    processing.render(&SILENCE);
                    let out = captured(&mut processing, &sound[..4800]);
                    assert!(out.iter().all(|sample| sample.is_finite()));
                }
            }
        }
    }
}
