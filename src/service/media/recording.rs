//! The recording of a meeting's sound: Opus in Ogg, in a file of the host's own.
//!
//! The file exists, and can be written, before anybody is told that the meeting is recorded,
//! and everybody is told before the first sound goes into it. Whole pages are written, one a
//! second: whatever ends the writing, what is in the file plays. A thread of its own writes,
//! so that a slow disk delays no call.

use std::fs;
use std::fs::File;
use std::fs::OpenOptions;
use std::io;
use std::io::Write;
use std::os::unix::fs::DirBuilderExt;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::Ordering::Relaxed;
use std::sync::mpsc;
use std::thread;
use std::thread::JoinHandle;

use crate::audio::FRAME;
use crate::audio::codec;
use crate::audio::codec::Encoder;
use crate::audio::codec::PACKET;
use crate::audio::codec::Settings;
use crate::audio::codec::Silence;
use crate::audio::ogg::Writer;
use crate::clock::Timestamp;
use crate::service::Service;
use crate::service::meetings::Meeting;
use crate::service::meetings::Written;
use crate::service::store::Refusal;
use crate::tasks::Tasks;
use crate::wire::local::NoticeKind;

use super::room::Both;

impl Service {
    /// Starts or ends the recording of a meeting. Where the host keeps recordings, a file is
    /// written exactly while the state is on. Where it does not, the state alone changes, as if
    /// another program recorded. `Ok(None)`: there is no such meeting.
    pub(in crate::service) fn set_recording(
        &self,
        thread: &str,
        active: bool,
        by_name: Option<String>,
    ) -> Result<Option<Written>, Refusal> {
        let known = self.lock().meetings.get(thread).map(Meeting::is_recorded);
        let file = match &self.recordings {
            Some(folder) if active && known == Some(false) => {
                let file = create(folder, self.clock().utc());
                Some(file.map_err(|error| {
                    tracing::error!(%error, "could not make the file of a recording");
                    Refusal::Unavailable(NO_FILE)
                })?)
            }
            Some(_) | None => None,
        };
        let made = file.clone();
        let acted = self.in_meeting(thread, |meeting, now, out| {
            if let Some(file) = file {
                return meeting.record(file, by_name, now, out);
            }
            meeting.set_notice(NoticeKind::Recording, active, by_name, now, out);
            true
        });
        let used = acted.as_ref().is_some_and(|(used, _)| *used);
        if let Some(file) = made.filter(|_| !used) {
            // Somebody else was faster: it holds nothing.
            let _ = fs::remove_file(file);
        }
        Ok(acted.map(|(_, written)| written))
    }
}

/// A file that nobody else can read, for a recording that begins now.
fn create(folder: &Path, now: Timestamp) -> io::Result<PathBuf> {
    fs::DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(folder)?;
    let time = now.to_string().replace([':', '.'], "-");
    for number in 1..=MOST_AT_ONCE {
        let path = folder.join(format!("meeting-{time}-{number}.opus"));
        let created = OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(0o600)
            .open(&path);
        match created {
            Ok(_) => return Ok(path),
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            Err(error) => return Err(error),
        }
    }
    Err(io::ErrorKind::AlreadyExists.into())
}

#[derive(Debug, thiserror::Error)]
pub(super) enum Error {
    #[error("could not open the file of the recording")]
    Open(#[source] io::Error),
    #[error("could not encode the recording")]
    Encode(#[source] codec::Error),
}

/// Pages for a disk that stands still for a while: about a minute of sound.
const WAITING: usize = 64;

/// A recording under way; dropping it ends the file properly.
pub(super) struct Recorder {
    encoder: Encoder,
    writer: Option<Writer>,
    pages: Option<mpsc::SyncSender<Vec<u8>>>,
    failed: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
    tasks: Tasks,
}

impl Recorder {
    pub(super) fn start(path: &Path, title: &str, tasks: Tasks) -> Result<Self, Error> {
        let file = OpenOptions::new()
            .append(true)
            .open(path)
            .map_err(Error::Open)?;
        let settings = Settings {
            silence: Silence::Continuous,
            ..Settings::default()
        };
        let mut encoder = Encoder::new(settings).map_err(Error::Encode)?;
        let pre_skip = u16::try_from(encoder.lookahead()).unwrap_or(u16::MAX);
        let writer = Writer::new(fastrand::u32(..), pre_skip, Some(title));
        let (pages, written) = mpsc::sync_channel(WAITING);
        let failed = Arc::new(AtomicBool::new(false));
        let tell = Arc::clone(&failed);
        let thread = thread::Builder::new()
            .name("recording".to_owned())
            .spawn(move || {
                if let Err(error) = write(file, &written) {
                    tracing::error!(%error, "the recording ends here");
                    tell.store(true, Relaxed);
                }
            })
            .map_err(Error::Open)?;
        Ok(Self {
            encoder,
            writer: Some(writer),
            pages: Some(pages),
            failed,
            thread: Some(thread),
            tasks,
        })
    }

    /// Nothing more can be written, for example because the disk is full.
    pub(super) fn has_failed(&self) -> bool {
        self.failed.load(Relaxed)
    }

    /// Takes 20 ms of everybody together.
    pub(super) fn take(&mut self, both: &Both) -> Result<(), Error> {
        let mut packet = [0.0; PACKET];
        packet[..FRAME].copy_from_slice(&both[0]);
        packet[FRAME..].copy_from_slice(&both[1]);
        let encoded = self.encoder.encode(&packet).map_err(Error::Encode)?;
        if let Some(writer) = &mut self.writer {
            writer.packet(&encoded, PACKET);
            let pages = writer.take();
            if !pages.is_empty() {
                self.send(pages);
            }
        }
        Ok(())
    }

    fn send(&self, pages: Vec<u8>) {
        let Some(to) = &self.pages else { return };
        // A writer that gave up has said so.
        if let Err(mpsc::TrySendError::Full(_)) = to.try_send(pages)
            && !self.failed.swap(true, Relaxed)
        {
            tracing::error!("the disk does not keep up with the recording, which ends here");
        }
    }
}

impl Drop for Recorder {
    fn drop(&mut self) {
        if let Some(writer) = self.writer.take() {
            self.send(writer.finish());
        }
        self.pages = None;
        // Only when the program ends is there nobody left to wait for the last page.
        if self.tasks.is_stopped()
            && let Some(thread) = self.thread.take()
        {
            let _ = thread.join();
        }
    }
}

fn write(mut file: File, pages: &mpsc::Receiver<Vec<u8>>) -> io::Result<()> {
    for page in pages {
        file.write_all(&page)?;
        file.sync_data()?;
    }
    file.sync_all()
}

const NO_FILE: &str = "The file of the recording cannot be made; nothing is recorded.";

/// Recordings that begin within one second in one folder.
const MOST_AT_ONCE: u32 = 100;

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;
    use std::time::Duration;

    use super::*;
    use crate::audio::level::dbfs;
    use crate::audio::ogg::Clip;
    use crate::audio::tone::Sine;

    #[test]
    fn what_was_recorded_plays_also_when_the_writing_was_cut_off() {
        let folder = tempfile::tempdir().unwrap();
        let path = create(folder.path(), Timestamp::from_millis(0)).unwrap();
        let mode = fs::metadata(&path).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        let mut recorder = Recorder::start(&path, "Design review", Tasks::new()).unwrap();
        let mut tone = Sine::new(700.0, -20.0);
        for _ in 0..250 {
            let both = std::array::from_fn(|_| std::array::from_fn(|_| tone.next().unwrap()));
            recorder.take(&both).unwrap();
        }
        let cut = whole(&path, 3);
        assert!(cut.len() >= 48_000 * 3 - FRAME, "{} samples", cut.len());
        drop(recorder);
        let sound = whole(&path, 5);
        assert_eq!(
            sound.len() / 48_000,
            4,
            "all but what the encoder looks ahead"
        );
        assert!((dbfs(&sound[48_000..]) + 20.0).abs() < 1.0);
    }

    /// The sound in the file, once so many seconds are in it.
    fn whole(path: &Path, seconds: usize) -> Vec<f32> {
        for _ in 0..500 {
            let read = Clip::read(&fs::read(path).unwrap()).and_then(|clip| clip.decode());
            if let Ok(sound) = read
                && sound.len() + 4800 >= seconds * 48_000
            {
                return sound;
            }
            thread::sleep(Duration::from_millis(10));
        }
        panic!("{seconds} seconds are not in the file");
    }

    #[test]
    fn two_recordings_of_one_moment_have_two_files() {
        let folder = tempfile::tempdir().unwrap();
        let now = Timestamp::from_millis(1_700_000_000_000);
        let first = create(&folder.path().join("new"), now).unwrap();
        let second = create(&folder.path().join("new"), now).unwrap();
        assert_ne!(first, second);
    }

    #[test]
    fn a_disk_that_is_full_is_noticed() {
        let mut recorder =
            Recorder::start(Path::new("/dev/full"), "Design review", Tasks::new()).unwrap();
        for _ in 0..1000 {
            recorder.take(&[crate::audio::SILENCE; 2]).unwrap();
            if recorder.has_failed() {
                return;
            }
            thread::sleep(Duration::from_millis(2));
        }
        panic!("nothing was noticed");
    }
}
