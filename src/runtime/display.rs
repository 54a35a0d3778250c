//! What the person sees or hears: the full screen or the lines, and when they are written.

use std::io;
use std::io::Write;
use std::path::PathBuf;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use crate::clock::Moment;
use crate::model::announcement::Announcement;
use crate::model::announcement::Answer;
use crate::model::announcement::Said;
use crate::model::settings::Interface;
use crate::model::settings::Notify;
use crate::model::sound::PushToTalk;
use crate::model::spot::Spot;
use crate::runtime::input::ASK_RELEASES;
use crate::runtime::notify;
use crate::runtime::pace::Pace;
use crate::runtime::pace::Permit;
use crate::runtime::pace::Press;
use crate::runtime::pace::QUESTION;
use crate::runtime::screen::Frame;
use crate::runtime::screen::Hyperlink;
use crate::runtime::screen::Rows;
use crate::runtime::screen::Screen;
use crate::runtime::terminal::Mode;
use crate::runtime::terminal::Terminal;
use crate::runtime::themes;
use crate::state::State;
use crate::view::fullscreen;
use crate::view::fullscreen::Clickable;
use crate::view::linear::Linear;
use crate::view::theme::Theme;

/// Where the bytes go.
pub(super) enum Output {
    Terminal(Terminal),
    /// A file or a pipe: lines only, written as they come.
    Pipe,
}

impl Output {
    /// A file has no right edge at which a line is broken.
    const fn columns(&self, columns: u16) -> u16 {
        match self {
            Self::Terminal(_) => columns,
            Self::Pipe => u16::MAX,
        }
    }
}

pub(super) struct Display {
    output: Output,
    interface: Interface,
    page: fullscreen::Screen,
    linear: Linear,
    theme: Theme,
    plain: bool,
    themes: Option<PathBuf>,
    screen: Screen,
    buffer: Buffer,
    /// A notice was said again, and no frame has shown it since.
    repeats: bool,
    /// What can be clicked on the last whole frame.
    spots: Vec<Clickable>,
    /// The terminal tells us of its mouse.
    mouse: bool,
    pace: Pace,
    press: Press,
    /// Another program has the terminal.
    lent: Option<Borrower>,
    /// Lines that fell due meanwhile, for the linear view: said on return.
    missed: Vec<String>,
    releases: Releases,
}

/// Whether the terminal tells when a key is let go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Releases {
    Unwanted,
    /// It was asked whether it can.
    Asked,
    Told,
}

/// Who has the terminal while we do not.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Borrower {
    Editor,
    /// While we are stopped, and after the end.
    Shell,
}

impl Display {
    pub(super) fn new(output: Output, state: &State, themes: Option<PathBuf>) -> Self {
        let interface = match output {
            Output::Terminal(_) => state.focus.interface,
            Output::Pipe => Interface::Linear,
        };
        Self {
            linear: Linear::new(output.columns(state.size.0)),
            output,
            interface,
            page: fullscreen::Screen::default(),
            theme: Theme::default(),
            plain: false,
            themes,
            screen: Screen::new(),
            buffer: Buffer::default(),
            repeats: false,
            spots: Vec::new(),
            mouse: false,
            pace: Pace::default(),
            press: Press::Now,
            lent: None,
            missed: Vec::new(),
            releases: Releases::Unwanted,
        }
    }

    /// Takes the terminal over for the view in use.
    pub(super) fn enter(&mut self, state: &State) -> io::Result<()> {
        let mode = match self.interface {
            Interface::FullScreen => Mode::FullScreen {
                mouse: state.settings.mouse,
            },
            Interface::Linear => Mode::Linear,
        };
        self.lent = None;
        self.mouse = matches!(mode, Mode::FullScreen { mouse: true });
        self.releases = Releases::Unwanted;
        if let Output::Terminal(terminal) = &mut self.output {
            terminal.enter(mode)?;
        }
        self.screen.forget();
        self.press = Press::Now;
        let missed = std::mem::take(&mut self.missed);
        if self.interface == Interface::FullScreen {
            return Ok(());
        }
        if matches!(self.output, Output::Terminal(_)) {
            self.write(Linear::start())?;
        }
        for words in missed {
            self.say_lines(&words, false)?;
        }
        Ok(())
    }

    /// Gives the terminal to another program, or back for good.
    pub(super) fn lend(&mut self, borrower: Borrower) -> io::Result<()> {
        if self.lent.replace(borrower).is_some() {
            return Ok(());
        }
        let ended = match (self.interface, &self.output) {
            (Interface::Linear, Output::Terminal(_)) => self.write(self.linear.end()),
            (_, Output::Pipe) => self.write(b"\n".to_vec()),
            _ => Ok(()),
        };
        self.linear = Linear::new(self.output.columns(self.size().0));
        if let Output::Terminal(terminal) = &mut self.output {
            terminal.leave();
        }
        ended
    }

    pub(super) const fn lent(&self) -> Option<Borrower> {
        self.lent
    }

    /// Changes the view without leaving the call.
    pub(super) fn switch(&mut self, interface: Interface, state: &State) -> io::Result<()> {
        if interface == self.interface || matches!(self.output, Output::Pipe) {
            return Ok(());
        }
        self.lend(Borrower::Shell)?;
        self.interface = interface;
        self.enter(state)
    }

    pub(super) fn size(&self) -> (u16, u16) {
        match &self.output {
            Output::Terminal(terminal) => terminal.size(),
            Output::Pipe => (80, 24),
        }
    }

    /// Something changed that the next frame shows.
    pub(super) fn press(&mut self, press: Press) {
        self.press = self.press.max(press);
    }

    pub(super) fn presses_now(&self) -> bool {
        self.press == Press::Now
    }

    /// The terminal may hold anything: a resize, or the return from elsewhere.
    pub(super) fn forget(&mut self) {
        self.screen.forget();
        self.press = Press::Now;
    }

    pub(super) fn keeps_up(&mut self) {
        self.pace.answered();
    }

    /// Draws the full screen if it is due. Says when to come back where it is not.
    pub(super) fn draw(&mut self, state: &State, now: Moment) -> io::Result<Option<Moment>> {
        let Output::Terminal(terminal) = &mut self.output else {
            return Ok(None);
        };
        if self.lent.is_some() || self.interface == Interface::Linear || !terminal.is_idle() {
            return Ok(None);
        }
        let rows = match self.pace.permit(self.press, now) {
            Permit::Everything => Rows::All,
            Permit::Urgent => Rows::Urgent,
            Permit::Wait(until) => return Ok(until),
        };
        if self.mouse != state.settings.mouse {
            self.mouse = state.settings.mouse;
            terminal.write(Mode::mouse(self.mouse).to_vec())?;
        }
        let (width, height) = state.size;
        let area = Rect::new(0, 0, width, height);
        self.buffer.resize(area);
        self.buffer.reset();
        let drawn = self.page.draw(state, &self.theme, &mut self.buffer);
        if std::mem::take(&mut self.repeats) {
            self.screen.write_again(drawn.repeat.clone());
        }
        let links: Vec<Hyperlink<'_>> = drawn
            .links
            .iter()
            .map(|link| Hyperlink {
                x: link.x,
                y: link.y,
                width: link.width,
                url: &link.url,
            })
            .collect();
        let mut bytes = self.screen.draw(&Frame {
            buffer: &self.buffer,
            links: &links,
            cursor: drawn.cursor,
            rows,
        });
        if !bytes.is_empty() && self.pace.wrote(bytes.len(), now) {
            bytes.extend_from_slice(QUESTION);
        }
        terminal.write(bytes)?;
        if rows == Rows::All {
            self.spots = drawn.spots;
        }
        // What was left out is still to be drawn, when the terminal has caught up.
        self.press = match rows {
            Rows::All => Press::Nothing,
            Rows::Urgent => Press::Chat,
        };
        Ok(match self.pace.permit(self.press, now) {
            Permit::Wait(until) => until,
            Permit::Everything | Permit::Urgent => Some(now),
        })
    }

    /// What was drawn in that cell.
    pub(super) fn spot(&self, column: u16, row: u16) -> Option<&Spot> {
        fullscreen::spot_at(&self.spots, column, row)
    }

    /// A line that is due: written in the linear view, drawn from state in the other.
    pub(super) fn say(
        &mut self,
        announcement: &Announcement,
        words: &str,
        bell: bool,
    ) -> io::Result<()> {
        self.press(Press::of(announcement));
        self.repeats |= announcement.said.is_repeat();
        if self.interface == Interface::FullScreen || self.lent.is_some() {
            if self.lent == Some(Borrower::Editor) && self.interface == Interface::Linear {
                self.missed.push(words.to_owned());
            }
            return if bell { self.bell() } else { Ok(()) };
        }
        if announcement.said == Said::Answer(Answer::MoreText)
            && let Some(bytes) = self.linear.more()
        {
            return self.write(bytes);
        }
        self.say_lines(words, bell)
    }

    /// One announcement, in one write.
    fn say_lines(&mut self, words: &str, bell: bool) -> io::Result<()> {
        let mut bytes = Vec::new();
        for (n, line) in words.lines().enumerate() {
            bytes.extend(self.linear.say(line, bell && n == 0));
        }
        self.write(bytes)
    }

    /// What typing changed on the input line of the linear view.
    pub(super) fn echo(&mut self, state: &State) -> io::Result<()> {
        let typed_here = matches!(self.output, Output::Terminal(_));
        if self.interface == Interface::FullScreen || self.lent.is_some() || !typed_here {
            return Ok(());
        }
        if state.doors.passphrase.is_some() {
            let bytes = self.linear.cleared();
            return self.write(bytes);
        }
        let (draft, cursor) = (state.composer.text(), state.composer.cursor());
        let bytes = self.linear.input(draft, cursor);
        self.write(bytes)
    }

    /// Enter took what was typed: a message stays as what was said, a command makes room for its answer.
    pub(super) fn submitted(&mut self, message: Option<&str>) -> io::Result<()> {
        if self.interface == Interface::FullScreen || self.lent.is_some() {
            return Ok(());
        }
        let bytes = match message {
            Some(words) => self.linear.sent(words),
            None => self.linear.cleared(),
        };
        self.write(bytes)
    }

    pub(super) fn resize(&mut self, columns: u16) {
        self.linear.resize(self.output.columns(columns));
        self.forget();
    }

    pub(super) fn bell(&mut self) -> io::Result<()> {
        match self.output {
            // Also while an editor has the terminal: a notice must not pass in silence.
            Output::Terminal(_) => self.write(vec![BELL]),
            Output::Pipe => Ok(()),
        }
    }

    /// To the desktop; in lines nothing but lines is written.
    pub(super) fn notify(&mut self, chosen: Notify, title: &str, words: &str) -> io::Result<()> {
        let sequence = notify::sequence(chosen, title, words);
        match (&self.output, self.interface, sequence) {
            (Output::Terminal(_), Interface::FullScreen, Some(bytes)) => self.write(bytes),
            _ => Ok(()),
        }
    }

    /// To the clipboard of the person's terminal, wherever that is.
    pub(super) fn copy(&mut self, text: &str) -> io::Result<()> {
        let coded = STANDARD.encode(text.as_bytes());
        self.write(format!("\x1b]52;c;{coded}\x07").into_bytes())
    }

    /// Keeps the theme what the settings say. The text of an error is for people.
    pub(super) fn follow_theme(&mut self, state: &State) -> Result<(), String> {
        let wanted = &state.settings.theme;
        if self.theme.name() == wanted && self.plain != state.settings.color {
            return Ok(());
        }
        self.use_theme(wanted, state)
    }

    /// Takes another theme, or leaves everything as it is.
    pub(super) fn use_theme(&mut self, name: &str, state: &State) -> Result<(), String> {
        let theme = themes::load(name, self.themes.as_deref()).map_err(|e| e.to_string())?;
        self.plain = !state.settings.color;
        self.theme = if self.plain {
            theme.without_color()
        } else {
            theme
        };
        self.press(Press::Now);
        Ok(())
    }

    /// The theme in use.
    pub(super) fn theme(&self) -> &str {
        self.theme.name()
    }

    /// Has the terminal tell when keys are let go for as long as somebody talks by a key.
    /// Answers what became of it, where that changed.
    pub(super) fn follow_keys(&mut self, state: &State) -> io::Result<Option<bool>> {
        let Output::Terminal(terminal) = &mut self.output else {
            return Ok(None);
        };
        let talks = state.settings.sound.push_to_talk != PushToTalk::Off;
        let wanted = talks && self.interface == Interface::FullScreen && self.lent.is_none();
        match (wanted, self.releases) {
            (true, Releases::Unwanted) => {
                self.releases = Releases::Asked;
                terminal.write(ASK_RELEASES.to_vec())?;
                Ok(None)
            }
            (false, Releases::Told) => {
                self.releases = Releases::Unwanted;
                terminal.tell_releases(false)?;
                Ok(Some(false))
            }
            (false, Releases::Asked) => {
                self.releases = Releases::Unwanted;
                Ok(None)
            }
            (true, Releases::Asked | Releases::Told) | (false, Releases::Unwanted) => Ok(None),
        }
    }

    /// The terminal says that it can; `true` when it was asked to then.
    pub(super) fn can_tell_releases(&mut self) -> io::Result<bool> {
        let Output::Terminal(terminal) = &mut self.output else {
            return Ok(false);
        };
        if self.releases != Releases::Asked || self.lent.is_some() {
            return Ok(false);
        }
        self.releases = Releases::Told;
        terminal.tell_releases(true)?;
        Ok(true)
    }

    /// Everything is written.
    pub(super) fn is_idle(&self) -> bool {
        match &self.output {
            Output::Terminal(terminal) => terminal.is_idle(),
            Output::Pipe => true,
        }
    }

    /// What was due to be shown has been: drawn and written, or said and written.
    pub(super) fn has_shown(&self) -> bool {
        let drawn = self.interface == Interface::Linear || self.press != Press::Now;
        drawn && self.is_idle() && self.lent.is_none()
    }

    /// Goes on writing what the terminal did not take. Only to be awaited while not idle.
    pub(super) async fn flush(&mut self) -> io::Result<()> {
        match &mut self.output {
            Output::Terminal(terminal) => terminal.flush().await,
            Output::Pipe => Ok(()),
        }
    }

    fn write(&mut self, bytes: Vec<u8>) -> io::Result<()> {
        match &mut self.output {
            Output::Terminal(terminal) => terminal.write(bytes),
            Output::Pipe => {
                let mut out = io::stdout().lock();
                out.write_all(&bytes)?;
                out.flush()
            }
        }
    }
}

const BELL: u8 = 0x07;
