//! Chromium's own WebRTC: a page that calls itself, in a browser without a window.

use super::Cleaning;
use super::browser::Browser;
use super::process::Part;
use super::stage::ADA;
use super::stage::BEA;
use super::stage::Stage;

pub(super) struct Call {
    browser: Browser,
}

impl Call {
    pub(super) fn begin(stage: &Stage, cleaning: Cleaning) -> Result<Self, String> {
        let query = format!(
            "?cleaning={}&ada-microphone={}&ada-speaker={}&bea-microphone={}&bea-speaker={}",
            cleaning.name(),
            ADA.microphone,
            ADA.speaker,
            BEA.microphone,
            BEA.speaker
        );
        let folder = stage.pulse.folder().display().to_string();
        let mut environment = vec![("XDG_RUNTIME_DIR", folder)];
        environment.extend(stage.pulse.environment());
        let flags = ["--use-fake-ui-for-media-stream"];
        let page = include_str!("chromium.html");
        let browser = Browser::open(page, &query, &flags, &environment).ok_or("not installed")?;
        loop {
            let told = browser
                .told()
                .ok_or("the page did not connect within 30 s")?;
            match told.text().as_str() {
                "connected" => return Ok(Self { browser }),
                failed if failed.starts_with("failed") => return Err(failed.to_owned()),
                _ => {}
            }
        }
    }

    pub(super) fn parts(&self) -> Vec<Part> {
        vec![Part {
            process: self.browser.process(),
            people: 2,
        }]
    }
}
