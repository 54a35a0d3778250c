//! A page in a browser of its own, with the server that it is loaded from.

use std::path::Path;

use tokio::sync::mpsc;

use crate::audio;
use crate::model::failure::Because;
use crate::tasks::Tasks;
use crate::wire::bridge::ToPage;

use super::browser::Browser;
use super::browser::Sounds;
use super::server;
use super::server::Said;
use super::server::Server;

pub(super) struct Page {
    pub(super) server: Server,
    pub(super) browser: Browser,
}

/// What a page is made of.
pub(super) struct Parts<'a> {
    pub(super) browser: Option<&'a Path>,
    pub(super) sdk: &'a Path,
    /// Origins on this machine that the SDK may speak to.
    pub(super) local: &'a str,
    pub(super) sounds: Sounds,
    pub(super) heard: mpsc::Sender<audio::Frame>,
}

pub(super) async fn launch(parts: Parts<'_>, tasks: &Tasks) -> Result<Page, Because> {
    let local = |detail: String| Because::Local { detail };
    let Some(program) = parts.browser else {
        return Err(local(
            "no Chromium and no Chrome was found; install one, or set browser in the settings"
                .to_owned(),
        ));
    };
    if !parts.sdk.is_file() {
        return Err(local(
            "the vendor's calling SDK is not installed; sidetone setup calls installs it"
                .to_owned(),
        ));
    }
    let secret = secret().map_err(|()| local("there are no random numbers".to_owned()))?;
    let settings = server::Settings {
        sdk: parts.sdk.to_owned(),
        local: parts.local.to_owned(),
        secret: secret.clone(),
        heard: parts.heard,
    };
    let server = server::start(settings, tasks).await;
    let server = server.map_err(|error| local(format!("no page can be served: {error}")))?;
    let here = !parts.local.is_empty();
    let browser = Browser::start(program, &server.address, &secret, here, parts.sounds);
    let browser = browser.map_err(|error| local(format!("no browser starts: {error}")))?;
    Ok(Page { server, browser })
}

impl Page {
    pub(super) async fn send(&self, word: &ToPage) {
        match serde_json::to_string(word) {
            // A page that takes nothing for so long hangs, which the session finds out.
            Ok(text) => {
                let sent = self.server.words.send(text);
                let _ = tokio::time::timeout(WRITE, sent).await;
            }
            Err(error) => tracing::error!(%error, "a word for the page cannot be written"),
        }
    }

    /// The next thing it says, or that it ended.
    pub(super) async fn said(&mut self) -> Said {
        self.server.said.recv().await.unwrap_or(Said::Ended)
    }
}

/// 32 random bytes, in hexadecimal digits.
fn secret() -> Result<String, ()> {
    let mut bytes = [0; 32];
    aws_lc_rs::rand::fill(&mut bytes).map_err(|_| ())?;
    let digits = bytes.iter().flat_map(|byte| [byte >> 4, byte & 15]);
    Ok(digits
        .filter_map(|digit| char::from_digit(digit.into(), 16))
        .collect())
}

const WRITE: std::time::Duration = std::time::Duration::from_secs(2);
