//! What the person types, wherever it comes from: a terminal, or lines through a pipe.

use std::fs;
use std::fs::File;
use std::io;
use std::io::BufRead;
use std::os::fd::AsFd;
use std::os::unix::fs::FileTypeExt;
use std::os::unix::fs::MetadataExt;
use std::thread;
use std::time::Duration;

use tokio::sync::mpsc;

use crate::clock::Moment;
use crate::event::TerminalEvent;
use crate::model::text;
use crate::runtime::input::Decoder;
use crate::runtime::input::Input;
use crate::runtime::terminal::Reader;

/// A typed thing, or the terminal's word about itself.
#[derive(Clone, PartialEq)]
pub(super) enum Typed {
    Event(TerminalEvent),
    KeepsUp,
    CanTellReleases,
}

pub(super) enum Keyboard {
    Terminal {
        reader: Reader,
        decoder: Decoder,
        buffer: Vec<u8>,
        /// When what is held back is taken as it stands.
        settle_at: Option<Moment>,
    },
    Lines(mpsc::Receiver<String>),
    /// Nothing more will come.
    Closed,
}

impl Keyboard {
    pub(super) fn terminal(reader: Reader) -> Self {
        Self::Terminal {
            reader,
            decoder: Decoder::default(),
            buffer: vec![0; 16 * 1024],
            settle_at: None,
        }
    }

    /// Reads lines from standard input on a thread of its own, which a blocked read may keep.
    pub(super) fn lines() -> io::Result<Self> {
        let (to, lines) = mpsc::channel(64);
        thread::Builder::new()
            .name("standard input".to_owned())
            .spawn(move || {
                let mut input = io::stdin().lock();
                while let Ok(Some(line)) = read_line(&mut input) {
                    if to.blocking_send(line).is_err() {
                        return;
                    }
                }
            })?;
        Ok(Self::Lines(lines))
    }

    /// Whether standard input is the null device: nobody is there, and nobody was meant to be.
    pub(super) fn is_nobody() -> bool {
        let device = |file: fs::Metadata| {
            let device = file.file_type().is_char_device();
            device.then(|| file.rdev())
        };
        let input = io::stdin().as_fd().try_clone_to_owned();
        let input = input.and_then(|input| File::from(input).metadata());
        match (input.map(device), fs::metadata("/dev/null").map(device)) {
            (Ok(Some(input)), Ok(Some(null))) => input == null,
            _ => false,
        }
    }

    /// What was typed next. Safe to cancel.
    pub(super) async fn next(&mut self, now: impl Fn() -> Moment) -> Vec<Typed> {
        match self {
            Self::Terminal {
                reader,
                decoder,
                buffer,
                settle_at,
            } => match reader.read(buffer).await {
                Ok(count) if count > 0 => {
                    let typed = decoder.feed(&buffer[..count]);
                    *settle_at = decoder.is_waiting().then(|| now() + ESCAPE);
                    events(typed)
                }
                _ => self.close(),
            },
            Self::Lines(lines) => {
                if let Some(line) = lines.recv().await {
                    return vec![Typed::Event(TerminalEvent::Line(text::lines(&line)))];
                }
                *self = Self::Closed;
                vec![Typed::Event(TerminalEvent::LinesEnded)]
            }
            Self::Closed => std::future::pending().await,
        }
    }

    /// Lines that are there already, for a program that ends by itself: none of them is lost unsaid.
    pub(super) async fn rest(&mut self) -> Vec<String> {
        let Self::Lines(lines) = self else {
            return Vec::new();
        };
        let mut rest = Vec::new();
        // The thread that reads may not have come to it.
        while let Ok(Some(line)) = tokio::time::timeout(THERE, lines.recv()).await {
            rest.push(text::lines(&line));
            if rest.len() == MOST_THERE {
                break;
            }
        }
        rest
    }

    /// When [`Keyboard::settle`] is due.
    pub(super) const fn deadline(&self) -> Option<Moment> {
        match self {
            Self::Terminal { settle_at, .. } => *settle_at,
            Self::Lines(_) | Self::Closed => None,
        }
    }

    pub(super) fn settle(&mut self) -> Vec<Typed> {
        match self {
            Self::Terminal {
                decoder, settle_at, ..
            } => {
                *settle_at = None;
                events(decoder.settle())
            }
            Self::Lines(_) | Self::Closed => Vec::new(),
        }
    }

    fn close(&mut self) -> Vec<Typed> {
        *self = Self::Closed;
        vec![Typed::Event(TerminalEvent::Closed)]
    }
}

/// The next line without its end; what is no UTF-8 in it is replaced, so that nothing behind it is lost.
fn read_line(input: &mut impl BufRead) -> io::Result<Option<String>> {
    let mut bytes = Vec::new();
    if input.read_until(b'\n', &mut bytes)? == 0 {
        return Ok(None);
    }
    let line = String::from_utf8_lossy(&bytes);
    Ok(Some(line.trim_end_matches(['\r', '\n']).to_owned()))
}

/// How long a line that was there before the program may take from the pipe to us.
const THERE: Duration = Duration::from_millis(50);
/// Somebody may never stop writing.
const MOST_THERE: usize = 1000;

/// How long Escape waits for the rest of a sequence: slow links cut them in two.
const ESCAPE: Duration = Duration::from_millis(40);

fn events(inputs: Vec<Input>) -> Vec<Typed> {
    inputs
        .into_iter()
        .map(|input| match input {
            Input::Key(key) => Typed::Event(TerminalEvent::Key(key)),
            Input::Released(key) => Typed::Event(TerminalEvent::Released(key)),
            Input::Focused(focused) => Typed::Event(TerminalEvent::Focused(focused)),
            Input::CanTellReleases => Typed::CanTellReleases,
            Input::Paste(pasted) => Typed::Event(TerminalEvent::Paste(text::lines(&pasted))),
            Input::Pointer(pointer) => Typed::Event(TerminalEvent::Pointer(pointer)),
            Input::KeepsUp => Typed::KeepsUp,
        })
        .collect()
}
