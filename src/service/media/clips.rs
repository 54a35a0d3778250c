//! What the cast says aloud: one clip for each of their lines, decoded when it is first wanted.

use std::collections::HashMap;
use std::sync::Arc;

use crate::audio::ogg::Clip;

/// The clips that were wanted so far; what cannot be decoded is silence and said in the log.
#[derive(Debug, Default)]
pub(super) struct Clips {
    decoded: HashMap<&'static str, Option<Arc<[f32]>>>,
}

impl Clips {
    pub(super) fn of(&mut self, words: &str) -> Option<Arc<[f32]>> {
        let (known, file) = LINES.iter().find(|(line, _)| *line == words)?;
        self.decoded
            .entry(known)
            .or_insert_with(|| decode(file))
            .clone()
    }
}

fn decode(file: &[u8]) -> Option<Arc<[f32]>> {
    let sound = Clip::read(file).and_then(|clip| clip.decode());
    match sound {
        Ok(sound) => Some(sound.into()),
        Err(error) => {
            tracing::error!(%error, "a line of the cast cannot be heard");
            None
        }
    }
}

/// The lines of `service::cast::scenes`, word for word. `clips/make` makes the files.
const LINES: [(&str, &[u8]); 7] = [
    (
        "So, we watched eight people sign in. They find the page in twelve seconds now.",
        include_bytes!("clips/bob-twelve.opus"),
    ),
    (
        "One thing worries me. Half of them never saw the second button.",
        include_bytes!("clips/carol-button.opus"),
    ),
    (
        "And nobody read the text above it.",
        include_bytes!("clips/carol-text.opus"),
    ),
    (
        "For the recording: we keep the page as it is, and look at the numbers again next week.",
        include_bytes!("clips/alice-recording.opus"),
    ),
    (
        "I would rather wait for the other two tests.",
        include_bytes!("clips/bob-wait.opus"),
    ),
    (
        "They are done on Monday, I can tell you then.",
        include_bytes!("clips/carol-monday.opus"),
    ),
    (
        "Agreed: three attempts, then a minute of waiting, then help.",
        include_bytes!("clips/carol-agreed.opus"),
    ),
];

#[cfg(test)]
mod tests {
    use std::env;
    use std::fs;
    use std::path::Path;
    use std::path::PathBuf;

    use super::*;
    use crate::audio::codec::Encoder;
    use crate::audio::codec::PACKET;
    use crate::audio::codec::Settings;
    use crate::audio::from_i16;
    use crate::audio::level::dbfs;
    use crate::audio::ogg::Writer;

    /// For `clips/make`: the raw sound (48 kHz, mono, 16 bits) in this folder becomes clips.
    #[test]
    fn clips_are_made_when_asked() {
        let Some(folder) = env::var_os("SIDETONE_CLIPS").map(PathBuf::from) else {
            return;
        };
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.extension().is_some_and(|name| name == "raw") {
                encode(&path);
            }
        }
    }

    fn encode(path: &Path) {
        let settings = Settings {
            bitrate: 16_000,
            ..Settings::default()
        };
        let mut encoder = Encoder::new(settings).unwrap();
        let pre_skip = u16::try_from(encoder.lookahead()).unwrap();
        let mut writer = Writer::new(1, pre_skip, None);
        let bytes = fs::read(path).unwrap();
        let samples = bytes.as_chunks().0.iter().copied();
        let mut sound: Vec<f32> = samples
            .map(|pair| from_i16(i16::from_le_bytes(pair)))
            .collect();
        sound.resize(sound.len().next_multiple_of(PACKET), 0.0);
        for chunk in sound.as_chunks().0 {
            writer.packet(&encoder.encode(chunk).unwrap(), PACKET);
        }
        let mut file = writer.take();
        file.extend(writer.finish());
        fs::write(path.with_extension("opus"), file).unwrap();
    }

    #[test]
    fn every_line_is_heard_at_a_speaking_level_for_a_few_seconds() {
        let mut clips = Clips::default();
        for (words, _) in LINES {
            let sound = clips.of(words).unwrap();
            let seconds = sound.len() / 48_000;
            assert!((1..=8).contains(&seconds), "{words}: {seconds} s");
            let level = dbfs(&sound);
            assert!((-30.0..-14.0).contains(&level), "{words}: {level} dBFS");
        }
    }

    #[test]
    fn what_nobody_says_has_no_clip() {
        assert_eq!(Clips::default().of("Good evening."), None);
    }
}
