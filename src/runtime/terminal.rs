//! The terminal of the person: modes, reading, writing; given back as it was, whatever happens.
//!
//! Opened a second time by its name, so that our file description alone is
//! non-blocking: the shell that started us shares the other one. Restored on
//! leaving, on a panic of the loop's thread ([`watch_panics`]) and before
//! stopping; signals end the loop, which leaves.

use std::collections::VecDeque;
use std::fs::File;
use std::fs::OpenOptions;
use std::io;
use std::io::IsTerminal;
use std::io::Read;
use std::io::Write;
use std::os::fd::AsFd;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::PoisonError;
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering;
use std::thread;
use std::thread::ThreadId;

use rustix::fs::OFlags;
use rustix::termios;
use rustix::termios::LocalModes;
use rustix::termios::OptionalActions;
use rustix::termios::Termios;
use tokio::io::Interest;
use tokio::io::unix::AsyncFd;

use crate::runtime::stderr;
use crate::view::linear::between_words;

/// What the terminal is used for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// The alternate screen, drawn by us.
    FullScreen { mouse: bool },
    /// Lines under lines on the normal screen.
    Linear,
}

impl Mode {
    fn enter(self) -> &'static [u8] {
        match self {
            Self::FullScreen { mouse: false } => b"\x1b[?1049h\x1b[?2004h",
            Self::FullScreen { mouse: true } => b"\x1b[?1049h\x1b[?2004h\x1b[?1000h\x1b[?1006h",
            // The linear view says itself how it begins and ends.
            Self::Linear => b"",
        }
    }

    /// Asks the terminal for the mouse, or no longer.
    pub(super) const fn mouse(on: bool) -> &'static [u8] {
        if on {
            b"\x1b[?1000h\x1b[?1006h"
        } else {
            b"\x1b[?1006l\x1b[?1000l"
        }
    }

    fn leave(self) -> &'static [u8] {
        match self {
            Self::FullScreen { .. } => {
                b"\x1b]8;;\x1b\\\x1b[m\x1b[r\x1b[?1006l\x1b[?1000l\x1b[?2004l\x1b[?25h\x1b[?1049l"
            }
            Self::Linear => b"",
        }
    }

    /// The same where nobody else can say good-bye.
    fn abandon(self) -> &'static [u8] {
        match self {
            Self::FullScreen { .. } => self.leave(),
            Self::Linear => b"\x1b[?2004l\r\n",
        }
    }
}

/// An open terminal. Dropping it gives the terminal back.
#[derive(Debug)]
pub struct Terminal {
    file: Arc<AsyncFd<File>>,
    /// What is not written yet; each element was meant as one write.
    pending: VecDeque<Vec<u8>>,
    mode: Option<Mode>,
    /// So many bytes of the input were typed before the terminal was ours.
    ahead: Arc<AtomicU64>,
}

/// Tell when a key is let go, and when the window loses the keys; keys that could mean two things
/// get sequences of their own. The terminal keeps a stack of such wishes for each of its screens.
const TELL_RELEASES: &[u8] = b"\x1b[>3u\x1b[?1004h";
const TELL_NO_RELEASES: &[u8] = b"\x1b[<u\x1b[?1004l";

/// What a panic has to put back.
struct Restore {
    file: Arc<AsyncFd<File>>,
    settings: Termios,
    mode: Mode,
    /// The terminal was asked to tell when keys are let go.
    releases: bool,
    thread: ThreadId,
}

static RESTORE: Mutex<Option<Restore>> = Mutex::new(None);

impl Terminal {
    /// Whether both input and output are a terminal.
    pub fn is_present() -> bool {
        io::stdin().is_terminal() && io::stdout().is_terminal()
    }

    pub fn open() -> io::Result<Self> {
        let file = open_again()?;
        let interest = Interest::READABLE | Interest::WRITABLE;
        #[expect(
            deprecated,
            reason = "its successor needs unsafe, which is forbidden; a File keeps its descriptor open"
        )]
        let file = AsyncFd::with_interest(file, interest)?;
        Ok(Self {
            file: Arc::new(file),
            pending: VecDeque::new(),
            mode: None,
            ahead: Arc::default(),
        })
    }

    /// The reading half.
    pub fn reader(&self) -> Reader {
        Reader {
            file: Arc::clone(&self.file),
            ahead: Arc::clone(&self.ahead),
        }
    }

    /// Columns and rows.
    pub fn size(&self) -> (u16, u16) {
        termios::tcgetwinsize(self.file.get_ref())
            .ok()
            .filter(|size| size.ws_col > 0 && size.ws_row > 0)
            .map_or((80, 24), |size| (size.ws_col, size.ws_row))
    }

    /// Takes the terminal over: raw, and on the screen of `mode`.
    pub fn enter(&mut self, mode: Mode) -> io::Result<()> {
        let file = self.file.get_ref();
        let mut slot = restore_slot();
        // Taken over again after a stop: what we found then may be our own doing.
        let before = slot.take();
        let again = before.is_some();
        let settings = match before {
            Some(before) => before.settings,
            None => termios::tcgetattr(file)?,
        };
        let mut raw = settings.clone();
        raw.make_raw();
        termios::tcsetattr(file, OptionalActions::Now, &raw)?;
        if settings.local_modes.contains(LocalModes::ICANON) && !again {
            let ahead = rustix::io::ioctl_fionread(file).unwrap_or(0);
            self.ahead.store(ahead, Ordering::Relaxed);
        }
        *slot = Some(Restore {
            file: Arc::clone(&self.file),
            settings,
            mode,
            releases: false,
            thread: thread::current().id(),
        });
        drop(slot);
        stderr::divert();
        self.mode = Some(mode);
        self.write(mode.enter().to_vec())
    }

    /// Gives the terminal back as it was found.
    pub fn leave(&mut self) {
        // What was said before leaving belongs above what comes after.
        for bytes in std::mem::take(&mut self.pending) {
            write_blocking(self.file.get_ref(), &bytes);
        }
        self.mode = None;
        restore(&mut restore_slot(), Mode::leave);
    }

    /// Asks the terminal to tell when a key is let go, or to be silent about it again. Only one that
    /// can (see [`super::input::ASK_RELEASES`]) may be asked.
    pub fn tell_releases(&mut self, tell: bool) -> io::Result<()> {
        match restore_slot().as_mut() {
            Some(restore) if restore.releases != tell => restore.releases = tell,
            Some(_) | None => return Ok(()),
        }
        let words = if tell {
            TELL_RELEASES
        } else {
            TELL_NO_RELEASES
        };
        self.write(words.to_vec())
    }

    pub const fn mode(&self) -> Option<Mode> {
        self.mode
    }

    /// Everything that was written is with the kernel.
    pub fn is_idle(&self) -> bool {
        self.pending.is_empty()
    }

    /// Writes in one call where the terminal takes it; what it does not take follows in [`Terminal::flush`].
    pub fn write(&mut self, bytes: Vec<u8>) -> io::Result<()> {
        if bytes.is_empty() {
            return Ok(());
        }
        self.pending.push_back(bytes);
        self.push()
    }

    /// Waits until the terminal takes more, and writes it. Returns at once where nothing is left.
    pub async fn flush(&mut self) -> io::Result<()> {
        if !self.is_idle() {
            // Readiness is cleared by the write that finds none.
            drop(self.file.writable().await?);
            self.push()?;
        }
        Ok(())
    }

    fn push(&mut self) -> io::Result<()> {
        while let Some(bytes) = self.pending.front_mut() {
            let written = self
                .file
                .try_io(Interest::WRITABLE, |mut file: &File| file.write(bytes));
            match written {
                Ok(count) if count == bytes.len() => {
                    self.pending.pop_front();
                }
                Ok(count) => drop(bytes.drain(..count)),
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => break,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        self.pending.clear();
        restore(&mut restore_slot(), Mode::abandon);
    }
}

/// The reading half of a terminal.
#[derive(Debug)]
pub struct Reader {
    file: Arc<AsyncFd<File>>,
    ahead: Arc<AtomicU64>,
}

impl Reader {
    /// What was typed; empty at the end of the line. Safe to cancel.
    pub async fn read(&self, buffer: &mut [u8]) -> io::Result<usize> {
        loop {
            let mut ready = self.file.readable().await?;
            match ready.try_io(|file| file.get_ref().read(buffer)) {
                Ok(Err(error)) if error.kind() == io::ErrorKind::Interrupted => {}
                Ok(result) => {
                    return result.inspect(|count| self.press_enter(&mut buffer[..*count]));
                }
                Err(_would_block) => {}
            }
        }
    }

    /// What was typed before the terminal was ours has line ends for the Enter key.
    fn press_enter(&self, read: &mut [u8]) {
        let ahead = self.ahead.load(Ordering::Relaxed);
        let length = usize::try_from(ahead).unwrap_or(usize::MAX).min(read.len());
        for byte in read[..length].iter_mut().filter(|byte| **byte == b'\n') {
            *byte = b'\r';
        }
        self.ahead.store(ahead - length as u64, Ordering::Relaxed);
    }
}

/// The same terminal under a file description of our own.
fn open_again() -> io::Result<File> {
    let open = |path: &Path| {
        OpenOptions::new()
            .read(true)
            .write(true)
            .custom_flags(i32::try_from((OFlags::NONBLOCK | OFlags::NOCTTY).bits()).unwrap_or(0))
            .open(path)
    };
    let name = termios::ttyname(io::stdout().as_fd(), Vec::new())?;
    open(Path::new(std::ffi::OsStr::from_bytes(name.to_bytes())))
        .or_else(|_| open(Path::new("/dev/tty")))
}

fn restore_slot() -> std::sync::MutexGuard<'static, Option<Restore>> {
    RESTORE.lock().unwrap_or_else(PoisonError::into_inner)
}

fn restore(slot: &mut Option<Restore>, words: fn(Mode) -> &'static [u8]) {
    if let Some(restore) = slot.take() {
        let file = restore.file.get_ref();
        // Before the screen is left: each screen has wishes of its own.
        if restore.releases {
            write_blocking(file, TELL_NO_RELEASES);
        }
        write_blocking(file, words(restore.mode));
        // There is nothing left to try where this fails: the line is gone.
        let _ = termios::tcsetattr(file, OptionalActions::Now, &restore.settings);
        stderr::give_back();
    }
}

/// Writes everything, waiting up to a second for a terminal that is slow.
fn write_blocking(mut file: &File, mut bytes: &[u8]) {
    let mut patience = 100;
    while !bytes.is_empty() && patience > 0 {
        match file.write(bytes) {
            Ok(count) => bytes = &bytes[count..],
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                patience -= 1;
                thread::sleep(std::time::Duration::from_millis(10));
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(_) => return,
        }
    }
}

/// Gives the terminal back before a panic of the loop's thread is reported. Panics
/// of other threads go to the log: they end a task, not the program.
pub fn watch_panics() {
    let report = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |panic| {
        let mut slot = restore_slot();
        let taken = slot.as_ref().map(|restore| restore.thread);
        if taken.is_some_and(|thread| thread != thread::current().id()) {
            drop(slot);
            let place = panic.location().map(ToString::to_string);
            tracing::error!(?place, "a task panicked");
            return;
        }
        restore(&mut slot, Mode::abandon);
        drop(slot);
        // Diverted also where lines come through a pipe.
        stderr::give_back();
        report(panic);
    }));
}

/// Prints a line on the normal screen, before the terminal is taken over or after it was given back.
pub fn print(line: &str) -> io::Result<()> {
    let mut out = io::stdout().lock();
    out.write_all(line.as_bytes())?;
    out.write_all(b"\n")?;
    out.flush()
}

/// The same for a sentence: broken between words where it is longer than a row of the terminal.
pub fn tell(line: &str) -> io::Result<()> {
    // Not known where the output is no terminal.
    match termios::tcgetwinsize(io::stdout()) {
        Ok(size) if size.ws_col > 1 => print(&between_words(line, usize::from(size.ws_col)).0),
        Ok(_) | Err(_) => print(line),
    }
}

/// Asks on the normal screen.
pub fn ask(question: &str) -> io::Result<String> {
    let mut out = io::stdout().lock();
    out.write_all(question.as_bytes())?;
    out.flush()?;
    let mut answer = String::new();
    if io::stdin().read_line(&mut answer)? == 0 {
        return Err(io::ErrorKind::UnexpectedEof.into());
    }
    Ok(answer)
}

/// Asks on the normal screen for what must not be seen.
pub fn ask_hidden(question: &str) -> io::Result<String> {
    let input = io::stdin();
    let settings = termios::tcgetattr(&input)?;
    let mut hidden = settings.clone();
    hidden.local_modes -= LocalModes::ECHO;
    let mut out = io::stdout().lock();
    // Before the question, which is when people begin to type. What they typed earlier stood on the screen and was no
    // answer to it: it is let go.
    termios::tcsetattr(&input, OptionalActions::Flush, &hidden)?;
    let mut answer = String::new();
    let read = out
        .write_all(question.as_bytes())
        .and_then(|()| out.flush())
        .and_then(|()| input.read_line(&mut answer));
    termios::tcsetattr(&input, OptionalActions::Now, &settings)?;
    out.write_all(b"\n")?;
    read?;
    Ok(answer)
}
