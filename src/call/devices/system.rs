//! The sound system of this machine: which one answers, what it offers, where a wish leads.
//!
//! Everything here may block, for seconds where a server is ill: only threads
//! that exist for it come here. One connection serves them all, because the
//! reader of a connection to a sound server lives until the server hangs up.
//! What may be left behind for ever is counted by [`Slots`].

use std::env;
use std::fs;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::PoisonError;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::Ordering::Relaxed;
use std::time::Duration;

use cpal::ErrorKind;
use cpal::HostId;
use cpal::traits::DeviceTrait;
use cpal::traits::HostTrait;

use crate::audio;
use crate::call::devices::keeper::LONGEST_PERIOD;
use crate::call::devices::keeper::Looked;
use crate::call::devices::keeper::Try;
use crate::call::devices::knock;
use crate::call::devices::listing::Listed;
use crate::call::devices::listing::Listing;
use crate::call::devices::listing::NoSound;
use crate::call::devices::served;
use crate::call::devices::slots::Slots;
use crate::clock::Clock;
use crate::model::sound::Choice;
use crate::model::sound::Direction;
use crate::model::text;

pub(super) struct System {
    state: Mutex<State>,
    /// Somebody waits in vain for an answer over the connection there is.
    mistrusted: AtomicBool,
    /// Of the threads that come here, and of the devices they opened.
    pub(super) slots: Slots,
}

impl Default for System {
    fn default() -> Self {
        Self {
            state: Mutex::default(),
            mistrusted: AtomicBool::new(false),
            slots: Slots::new(MOST),
        }
    }
}

#[derive(Default)]
struct State {
    connection: Option<Arc<Connection>>,
    /// A sound server answered once. Its cards are not taken from under it while it restarts.
    served: bool,
    /// libasound was asked and failed. It complains at length each time, so without a card it is asked once.
    tried: bool,
}

struct Connection {
    host: cpal::Host,
    id: HostId,
}

/// A device to open, and what is to be known for it.
pub(super) struct Place {
    pub(super) device: cpal::Device,
    pub(super) name: String,
    pub(super) id: String,
    pub(super) missing: Option<String>,
    /// A server mixes channels and formats itself, and may be far away.
    pub(super) server: bool,
    /// There and back again, to the server.
    pub(super) far: Duration,
    connection: Arc<Connection>,
}

impl System {
    pub(super) fn list(&self) -> Result<Listing, NoSound> {
        let connection = self.connect(Try::First)?;
        self.checked(&connection, |connection| connection.list())
    }

    /// Where a choice leads: to what was wished, or to the default.
    pub(super) fn find(
        &self,
        direction: Direction,
        choice: &Choice,
        again: Try,
    ) -> Result<Place, NoSound> {
        let try_it = || {
            let connection = self.connect(again)?;
            self.checked(&connection, |c| Connection::place(c, direction, choice))
        };
        match try_it() {
            // A connection that died since it was last used is no reason to give up.
            Err(NoSound::NotAnswering) => try_it(),
            other => other,
        }
    }

    /// The device is not to be had after all; why, as far as this machine can tell.
    pub(super) fn failed(&self, place: &Place, why: NoSound) -> NoSound {
        if why == NoSound::NotAnswering {
            self.forget(&place.connection);
        }
        if matches!(why, NoSound::NoDevice(_)) && place.connection.is_bare() && !has_cards() {
            self.lock().tried = true;
            return NoSound::NoServer;
        }
        why
    }

    /// The connection is not used for anything new: whoever asks over it may never be answered.
    pub(super) fn mistrust(&self) {
        self.mistrusted.store(true, Relaxed);
    }

    /// Where a choice leads now, for one whose device with this id is open.
    pub(super) fn look(&self, direction: Direction, choice: &Choice, open: &str) -> Looked {
        let Ok(listing) = self.list() else {
            // The device itself will tell.
            return Looked::Same;
        };
        let leads = listing.lead(direction, choice);
        let is_open = |listed: &&Listed| listed.direction == direction && listed.id == open;
        if leads.is_some_and(|leads| leads.id == open) {
            Looked::Same
        } else if leads.is_some() && listing.devices.iter().any(|listed| is_open(&listed)) {
            Looked::Elsewhere
        } else {
            Looked::Vanished
        }
    }

    fn checked<T>(
        &self,
        connection: &Arc<Connection>,
        ask: impl FnOnce(&Arc<Connection>) -> Result<T, NoSound>,
    ) -> Result<T, NoSound> {
        let answer = ask(connection);
        match answer {
            Err(NoSound::NotAnswering) => self.forget(connection),
            Err(NoSound::NoServer) => self.lock().tried = true,
            _ => {}
        }
        answer
    }

    fn connect(&self, again: Try) -> Result<Arc<Connection>, NoSound> {
        let mut state = self.lock();
        if self.mistrusted.swap(false, Relaxed) {
            state.connection = None;
        }
        let server = server();
        if let Some(connection) = &state.connection
            // A server that came up later is better than the bare cards.
            && (connection.is_server() || !matches!(server, Server::There(_)))
        {
            let in_vain = again == Try::Again && state.tried && connection.is_bare();
            if in_vain && !has_cards() {
                return Err(NoSound::NoServer);
            }
            return Ok(Arc::clone(connection));
        }
        let connection = match server {
            Server::There(id) => Connection::open(id).map(Some).or_else(|why| {
                let asked_for = state.served || asked_for_server();
                if asked_for { Err(why) } else { Ok(None) }
            })?,
            Server::Absent if state.served || asked_for_server() => {
                return Err(NoSound::NotAnswering);
            }
            Server::Absent | Server::Elsewhere => None,
        };
        let connection = connection.map_or_else(Connection::without_server, Ok)?;
        let connection = Arc::new(connection);
        state.served |= connection.is_server();
        state.connection = Some(Arc::clone(&connection));
        Ok(connection)
    }

    fn forget(&self, connection: &Arc<Connection>) {
        let mut state = self.lock();
        let known = state.connection.as_ref();
        if known.is_some_and(|known| Arc::ptr_eq(known, connection)) {
            state.connection = None;
        }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Connection {
    fn open(id: HostId) -> Result<Self, NoSound> {
        if is_server(id)
            && let Some(socket) = knock::socket()
        {
            if let Err(error) = knock::is_awake(&socket) {
                tracing::debug!(%error, "the sound server does not answer");
                return Err(NoSound::NotAnswering);
            }
            if let Err(error) = knock::make_cookie() {
                tracing::warn!(%error, "no cookie for the sound server");
            }
        }
        let ask = || cpal::host_from_id(id).map_err(|error| why(&error, None));
        let mut host = ask();
        // Where the cookie is another one, the server looks at who asks, and the library does not
        // say so: now and then the server is not ready to be told by the system.
        let mut left = QUESTIONS;
        while matches!(host, Err(NoSound::Denied)) && left > 0 && served::is_admitted() {
            left -= 1;
            host = ask();
        }
        Ok(Self { host: host?, id })
    }

    fn without_server() -> Result<Self, NoSound> {
        cpal::ALL_HOSTS
            .iter()
            .filter(|id| !is_server(**id))
            .find_map(|id| Self::open(*id).ok())
            .ok_or(NoSound::NoServer)
    }

    fn is_server(&self) -> bool {
        is_server(self.id)
    }

    /// Nothing between us and the kernel's sound cards.
    fn is_bare(&self) -> bool {
        self.id.name() == "ALSA"
    }

    fn list(&self) -> Result<Listing, NoSound> {
        let found = self.found()?;
        Ok(Listing::new(
            self.id.name(),
            found.into_iter().map(|(listed, _)| listed).collect(),
        ))
    }

    /// What is worth being offered, each with its handle.
    fn found(&self) -> Result<Vec<(Listed, cpal::Device)>, NoSound> {
        let mut found = Vec::new();
        let defaults = Direction::ALL.map(|direction| self.default(direction));
        let ids = [0, 1].map(|at| defaults[at].as_ref().and_then(|d| d.id().ok()));
        let all = self.host.devices().map_err(|error| why(&error, None))?;
        for device in all {
            let Ok(id) = device.id() else {
                continue;
            };
            // ALSA lists plugins without a clock and every card four times over.
            if self.is_bare() && !id.id().starts_with("plughw:") {
                continue;
            }
            for (at, direction) in Direction::ALL.into_iter().enumerate() {
                let able = match direction {
                    Direction::Capture => device.supports_input(),
                    Direction::Playback => device.supports_output(),
                };
                if able {
                    let default = ids[at].as_ref() == Some(&id);
                    found.push((listed(&device, direction, default), device.clone()));
                }
            }
        }
        if self.is_bare() {
            // The default is whatever the person's configuration makes of it, if it can be opened at all.
            for (direction, device) in Direction::ALL.into_iter().zip(defaults) {
                let device = device.filter(|device| can_open(device, direction));
                found.extend(device.map(|device| (listed(&device, direction, true), device)));
            }
            if found.is_empty() {
                return Err(NoSound::NoServer);
            }
        }
        Ok(found)
    }

    /// The system's own choice; what a speaker plays is no microphone.
    fn default(&self, direction: Direction) -> Option<cpal::Device> {
        match direction {
            Direction::Capture => self.host.default_input_device(),
            Direction::Playback => self.host.default_output_device(),
        }
        .filter(|device| !is_monitor(device))
    }

    fn place(this: &Arc<Self>, direction: Direction, choice: &Choice) -> Result<Place, NoSound> {
        let server = this.is_server();
        let place = |device: cpal::Device, missing| {
            let default = listed(&device, direction, true);
            Place {
                name: default.name,
                id: default.id,
                device,
                missing,
                server,
                far: this.far(direction),
                connection: Arc::clone(this),
            }
        };
        if *choice == Choice::Default
            && let Some(device) = this.default(direction)
        {
            return Ok(place(device, None));
        }
        let found = this.found()?;
        let listing = Listing::new(
            this.id.name(),
            found.iter().map(|(listed, _)| listed.clone()).collect(),
        );
        let lead = listing.lead(direction, choice);
        let lead = lead.ok_or(NoSound::NoDevice(direction))?;
        let device = found
            .into_iter()
            .find(|(listed, _)| listed.id == lead.id && listed.direction == direction);
        let (_, device) = device.ok_or(NoSound::NoDevice(direction))?;
        let missing = match choice {
            Choice::Named(wished) if !listing.has(direction, wished) => Some(wished.clone()),
            _ => None,
        };
        let mut place = place(device, missing);
        place.name.clone_from(&lead.name);
        Ok(place)
    }

    /// The best of three: what a busy machine adds is not the way.
    fn far(&self, direction: Direction) -> Duration {
        if !self.is_server() {
            return Duration::ZERO;
        }
        let ask = |_| {
            let begin = Clock.now();
            let _ = self.default(direction);
            Clock.now().since(begin)
        };
        (0..3).map(ask).min().unwrap_or_default()
    }
}

impl Place {
    pub(super) fn is_near(&self) -> bool {
        self.far < NEAR
    }

    /// Samples at once that outlast the way to the server: 10 ms on this machine.
    pub(super) fn period(&self, at_least: usize) -> usize {
        if self.is_near() {
            return at_least;
        }
        let way = (self.far + NEAR).as_millis();
        let frames = usize::try_from(way.div_ceil(audio::FRAME_TIME.as_millis())).unwrap_or(1);
        (frames * audio::FRAME).clamp(at_least, LONGEST_PERIOD)
    }
}

/// Six are enough for a call with earcons, a list and two looks; the others may be left behind.
const MOST: usize = 16;

/// How often a server that let us in, and not the library, is asked again: about every second time it goes well.
const QUESTIONS: usize = 10;

/// A local server answers within this even when the machine is busy.
const NEAR: Duration = Duration::from_millis(8);

fn listed(device: &cpal::Device, direction: Direction, default: bool) -> Listed {
    let id = device.id().map(|id| id.to_string()).unwrap_or_default();
    let name = device.description().ok();
    let name = name.map(|description| text::name(description.name()));
    Listed {
        name: name
            .filter(|name| !name.is_empty())
            .unwrap_or_else(|| text::name(&id)),
        monitor: is_monitor(device),
        id,
        direction,
        default,
    }
}

/// Sound servers offer what each output plays as an input, under this name.
fn is_monitor(device: &cpal::Device) -> bool {
    device.id().is_ok_and(|id| id.id().ends_with(".monitor"))
}

fn is_server(id: HostId) -> bool {
    id.name() == "PulseAudio"
}

enum Server {
    /// Its socket is there.
    There(HostId),
    Absent,
    /// In a way that the pure protocol client cannot go. ALSA's plugin for sound servers may.
    Elsewhere,
}

fn server() -> Server {
    if env::var(PULSE_SERVER).is_ok_and(|place| !place.is_empty() && !is_socket(&place)) {
        return Server::Elsewhere;
    }
    cpal::available_hosts()
        .into_iter()
        .find(|id| is_server(*id))
        .map_or(Server::Absent, Server::There)
}

/// The person named a server: nothing else is meant.
fn asked_for_server() -> bool {
    env::var(PULSE_SERVER).is_ok_and(|place| is_socket(&place))
}

fn is_socket(place: &str) -> bool {
    place.starts_with("unix:")
}

/// Where a sound server is to be found, by its own convention.
const PULSE_SERVER: &str = "PULSE_SERVER";

/// Whether the kernel knows a sound card.
fn has_cards() -> bool {
    fs::read_to_string("/proc/asound/cards").is_ok_and(|cards| cards.contains('['))
}

/// "A device exists" means that it opens, or that somebody else has it open.
fn can_open(device: &cpal::Device, direction: Direction) -> bool {
    let config = match direction {
        Direction::Capture => device.default_input_config(),
        Direction::Playback => device.default_output_config(),
    };
    config.map_or_else(|error| error.kind() == ErrorKind::DeviceBusy, |_| true)
}

/// Errors of the system as a person can use them.
pub(super) fn why(error: &cpal::Error, direction: Option<Direction>) -> NoSound {
    match error.kind() {
        ErrorKind::PermissionDenied => NoSound::Denied,
        ErrorKind::DeviceBusy => NoSound::Busy,
        ErrorKind::HostUnavailable | ErrorKind::StreamInvalidated => NoSound::NotAnswering,
        ErrorKind::DeviceNotAvailable => direction.map_or(NoSound::NoServer, NoSound::NoDevice),
        _ => NoSound::Unusable,
    }
}
