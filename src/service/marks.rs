//! Marks: when something happened at its source, for benchmarks that watch the other end.
//!
//! JSON lines `{"mono": seconds of CLOCK_MONOTONIC, "mark": "id"}`, appended to the file
//! that `SPOKEN_MARKS` names, or that the control API was told.

use std::env;
use std::fs::File;
use std::fs::OpenOptions;
use std::io;
use std::io::Write;
use std::path::Path;

use crate::clock::Moment;

#[derive(Default)]
pub struct Marks(Option<File>);

impl Marks {
    pub fn from_environment() -> Self {
        let mut marks = Self::default();
        if let Some(path) = env::var_os("SPOKEN_MARKS")
            && let Err(error) = marks.write_to(Path::new(&path))
        {
            tracing::warn!(%error, "marks are not kept");
        }
        marks
    }

    pub fn write_to(&mut self, path: &Path) -> io::Result<()> {
        self.0 = Some(OpenOptions::new().create(true).append(true).open(path)?);
        Ok(())
    }

    /// Whole lines in one write each, as several programs may append to the file.
    pub fn add(&mut self, at: Moment, mark: &str) {
        let Some(file) = &mut self.0 else { return };
        let line = serde_json::json!({ "mono": at.as_secs_f64(), "mark": mark });
        if let Err(error) = file.write_all(format!("{line}\n").as_bytes()) {
            tracing::warn!(%error, "a mark was not kept");
        }
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::time::Duration;

    use super::*;

    #[test]
    fn marks_are_appended_as_json_lines() {
        let file = tempfile::NamedTempFile::new().unwrap();
        let mut marks = Marks::default();
        marks.add(Moment::ZERO, "nowhere");
        marks.write_to(file.path()).unwrap();
        marks.add(Moment::ZERO + Duration::from_millis(1500), "m1");
        marks.add(Moment::ZERO + Duration::from_secs(2), "m2");
        let text = fs::read_to_string(file.path()).unwrap();
        assert_eq!(
            text,
            "{\"mark\":\"m1\",\"mono\":1.5}\n{\"mark\":\"m2\",\"mono\":2.0}\n"
        );
    }
}
