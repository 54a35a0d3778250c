//! All meetings of the service, the sockets into them, and what follows from what happens in one.

use std::collections::BTreeMap;
use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use percent_encoding::NON_ALPHANUMERIC;
use percent_encoding::percent_decode_str;
use percent_encoding::utf8_percent_encode;
use tokio::sync::Notify;
use tokio::sync::mpsc;
use url::Url;

use crate::clock::Moment;
use crate::service::MeetingAddress;
use crate::service::Service;
use crate::service::State;
use crate::service::graph::TENANT;
use crate::service::graph::User;
use crate::service::page;
use crate::service::store::Draft;
use crate::service::store::History;
use crate::service::store::Kind;
use crate::service::store::NewThread;
use crate::service::store::Participant;
use crate::service::store::Refusal;
use crate::service::store::Who;
use crate::wire::local;
use crate::wire::local::ResolveRefusal;
use crate::wire::local::Sdp;
use crate::wire::local::ToClient;

use super::media::MediaAct;
use super::media::Mixing;
use super::meeting::Meeting;
use super::meeting::Names;
use super::meeting::Now;
use super::meeting::Output;
use super::participant::SocketId;
use super::participant::is_external;
use super::rules::Options;

/// Every meeting, and the lines to the clients in them.
#[derive(Default)]
pub struct Meetings {
    all: BTreeMap<String, Room>,
    lines: HashMap<SocketId, Line>,
    sockets: SocketId,
    /// Something may have become due earlier than it was.
    changed: Arc<Notify>,
    /// Not bounded: what may flow is a promise to people, and none of it may be lost on the way.
    mixer: Option<mpsc::UnboundedSender<Mixing>>,
}

/// To one client.
struct Line {
    frames: mpsc::Sender<Frame>,
    /// Ours, where the client reached us.
    address: IpAddr,
}

struct Room {
    meeting: Meeting,
    organizer: Who,
}

/// What waits to be written to a client.
pub(super) enum Frame {
    Text {
        text: String,
        /// Hears when the frame went into the socket.
        written: Option<mpsc::UnboundedSender<Moment>>,
    },
    /// Say good-bye properly.
    Close,
    /// Break the connection without a word: a fault.
    Drop,
    /// Say and hear nothing for so long: a fault.
    Hush(Duration),
}

/// The socket writes of the notices that an act led to, one for each client that was told.
pub struct Written {
    times: mpsc::UnboundedReceiver<Moment>,
    clients: usize,
}

impl Written {
    /// When each was written. Lines that broke meanwhile, or hang, are not in it.
    pub async fn times(mut self) -> Vec<Moment> {
        let mut times = Vec::with_capacity(self.clients);
        while let Ok(Some(at)) = tokio::time::timeout(LONGEST_WRITE, self.times.recv()).await {
            times.push(at);
        }
        times
    }
}

impl Meetings {
    /// By thread id.
    pub fn get(&self, thread: &str) -> Option<&Meeting> {
        self.all.get(thread).map(|room| &room.meeting)
    }

    /// Thread ids.
    pub fn threads(&self) -> impl Iterator<Item = &str> {
        self.all.keys().map(String::as_str)
    }

    pub fn organizer(&self, thread: &str) -> Option<&Who> {
        self.all.get(thread).map(|room| &room.organizer)
    }

    /// The meeting a client means, by whichever of its names.
    pub(super) fn find(&self, wanted: &local::Meeting) -> Result<&Meeting, ResolveRefusal> {
        let found = match wanted {
            local::Meeting::Thread { thread_id } => self.get(thread_id),
            local::Meeting::Link { link } => thread_in(link).and_then(|thread| self.get(&thread)),
            local::Meeting::Id { id, passcode } => {
                let mut meetings = self.all.values().map(|room| &room.meeting);
                let found = meetings.find(|meeting| meeting.names.id == *id);
                if let Some(found) = found
                    && passcode.as_deref() != Some(found.names.passcode.as_str())
                {
                    return Err(ResolveRefusal::WrongPasscode);
                }
                found
            }
        };
        found.ok_or(ResolveRefusal::UnknownMeeting)
    }

    pub(super) fn open_line(&mut self, frames: mpsc::Sender<Frame>, address: IpAddr) -> SocketId {
        self.sockets += 1;
        let line = Line { frames, address };
        self.lines.insert(self.sockets, line);
        self.sockets
    }

    pub(super) fn close_line(&mut self, socket: SocketId) {
        self.lines.remove(&socket);
    }

    fn deadline(&self) -> Option<Moment> {
        let rooms = self.all.values();
        rooms.filter_map(|room| room.meeting.deadline()).min()
    }

    /// A line too slow to take it is cut: its client finds out, and joins again.
    fn push(&mut self, socket: SocketId, frame: Frame) {
        if let Some(line) = self.lines.get(&socket)
            && line.frames.try_send(frame).is_err()
        {
            self.lines.remove(&socket);
        }
    }

    fn push_to_all(&mut self, frame: impl Fn() -> Frame) -> usize {
        let sockets: Vec<_> = self.lines.keys().copied().collect();
        for socket in &sockets {
            self.push(*socket, frame());
        }
        sockets.len()
    }
}

impl Service {
    /// Makes a meeting with its chat. The organizer belongs to the organisation, and to the chat from the start.
    pub fn create_meeting(&self, options: Options, organizer: &str) -> Result<Names, Refusal> {
        let known = self.lock().tenant.named(organizer).map(User::raw_id);
        let id = known.unwrap_or_else(|| self.new_colleague(organizer));
        let creator = Participant::new(&id, Some(organizer));
        let thread = self.change(|store, now| {
            let new = NewThread::new(Kind::Meeting, &options.topic);
            let (thread, _, changes) = store.create_thread(creator, new, now)?;
            Ok((thread, changes))
        })?;
        let names = names(self.endpoint(), thread, &id);
        let room = Room {
            meeting: Meeting::new(names.clone(), options),
            organizer: Who {
                id,
                display_name: Some(organizer.to_owned()),
            },
        };
        let mut state = self.lock();
        state.meetings.all.insert(names.thread.clone(), room);
        Ok(names)
    }

    /// Somebody of the organisation, known to the service from now on.
    pub fn new_colleague(&self, name: &str) -> String {
        let id = format!("8:orgid:{}", uuid::Uuid::new_v4());
        let identities = &mut self.lock().store.identities;
        identities.register(&id, Some(name.to_owned()));
        id
    }

    /// Acts on a meeting and carries out all that follows, in one step. `None`: there is no such meeting.
    pub fn in_meeting<T>(
        &self,
        thread: &str,
        act: impl FnOnce(&mut Meeting, Now, &mut Vec<Output>) -> T,
    ) -> Option<(T, Written)> {
        let now = self.now();
        let (told, times) = mpsc::unbounded_channel();
        let mut guard = self.lock();
        let state = &mut *guard;
        let room = state.meetings.all.get_mut(thread)?;
        let mut outputs = Vec::new();
        let learned = act(&mut room.meeting, now, &mut outputs);
        room.meeting.follow_media(&mut outputs);
        let clients = carry_out(state, thread, outputs, now, Some(&told));
        state.meetings.changed.notify_one();
        self.changed.send_replace(());
        Some((learned, Written { times, clients }))
    }

    /// From now on offers are answered, and what may be heard of whom is told, by whoever mixes.
    pub fn attach_mixer(&self, mixer: mpsc::UnboundedSender<Mixing>) {
        self.lock().meetings.mixer = Some(mixer);
    }

    /// Ends every call connection without a word; answers how many there were.
    pub fn drop_call_sockets(&self) -> usize {
        self.lock().meetings.push_to_all(|| Frame::Drop)
    }

    /// Every call connection falls silent for a while, still connected.
    pub fn hush_call_sockets(&self, span: Duration) -> usize {
        self.lock().meetings.push_to_all(|| Frame::Hush(span))
    }

    pub(in crate::service) fn now(&self) -> Now {
        Now {
            mono: self.clock().now(),
            utc: self.clock().utc(),
        }
    }
}

/// Does what becomes due by time alone, in every meeting.
pub(in crate::service) async fn keep_time(service: Arc<Service>) {
    let changed = service.lock().meetings.changed.clone();
    loop {
        let deadline = service.lock().meetings.deadline();
        let now = service.clock().now();
        let wait = deadline.map_or(LONGEST_SLEEP, |at| at.since(now).min(LONGEST_SLEEP));
        tokio::select! {
            () = changed.notified() => {}
            () = tokio::time::sleep(wait) => expire(&service),
        }
    }
}

fn expire(service: &Service) {
    let now = service.now();
    let mut guard = service.lock();
    let state = &mut *guard;
    let threads: Vec<String> = state.meetings.all.keys().cloned().collect();
    for thread in threads {
        let mut outputs = Vec::new();
        if let Some(room) = state.meetings.all.get_mut(&thread) {
            room.meeting.expire(now, &mut outputs);
            room.meeting.follow_media(&mut outputs);
        }
        carry_out(state, &thread, outputs, now, None);
    }
}

/// Answers how many notices are on their way.
fn carry_out(
    state: &mut State,
    thread: &str,
    outputs: Vec<Output>,
    now: Now,
    told: Option<&mpsc::UnboundedSender<Moment>>,
) -> usize {
    let Some(organizer) = state.meetings.organizer(thread).cloned() else {
        return 0;
    };
    let mut frames = 0;
    for output in outputs {
        match output {
            Output::Send { socket, message } => {
                let text = message.encode();
                let notice = matches!(message, ToClient::Notice(_));
                let written = told.filter(|_| notice).cloned();
                frames += usize::from(notice);
                state.meetings.push(socket, Frame::Text { text, written });
            }
            Output::Close { socket } => {
                state.meetings.push(socket, Frame::Close);
                state.meetings.close_line(socket);
            }
            Output::Offer { id, socket, sdp } => offer(state, thread, id, socket, sdp),
            Output::Media(act) => {
                mix(&state.meetings, thread, act);
            }
            Output::OpenChat {
                id,
                name,
                external,
                client,
            } => {
                let history = if external {
                    History::FromNow
                } else {
                    History::All
                };
                let who = Participant::new(&id, Some(&name));
                let admitted = state.store.admit(thread, &organizer, who, history, now.utc);
                tell(state, admitted, now);
                if client {
                    greet(state, thread, &organizer, now);
                }
            }
            // The organisation's own people keep their chats.
            Output::CloseChat { id } if !is_external(&id) => {}
            Output::CloseChat { id } => {
                let gone = state.store.unseat(thread, &organizer, &id, now.utc);
                tell(state, gone, now);
            }
        }
    }
    frames
}

/// `true` when somebody mixes.
fn mix(meetings: &Meetings, thread: &str, act: MediaAct) -> bool {
    let meeting = thread.to_owned();
    let mixing = Mixing { meeting, act };
    let mixer = meetings.mixer.as_ref();
    mixer.is_some_and(|mixer| mixer.send(mixing).is_ok())
}

/// An offer goes to the mixer; where there is none it is refused.
fn offer(state: &mut State, thread: &str, id: String, socket: SocketId, sdp: Sdp) {
    let Some(Line { address, .. }) = state.meetings.lines.get(&socket) else {
        return;
    };
    let act = MediaAct::Offer {
        id: id.clone(),
        socket,
        address: *address,
        sdp,
    };
    if mix(&state.meetings, thread, act) {
        return;
    }
    let mut refused = Vec::new();
    if let Some(room) = state.meetings.all.get_mut(thread) {
        // Whoever left meanwhile needs no answer.
        let _ = room
            .meeting
            .refuse_offer(&id, socket, NO_MIXER, &mut refused);
    }
    for output in refused {
        if let Output::Send { socket, message } = output {
            let text = message.encode();
            let written = None;
            state.meetings.push(socket, Frame::Text { text, written });
        }
    }
}

/// What the organizer says whenever a client comes in, if the meeting wants it.
fn greet(state: &mut State, thread: &str, organizer: &Who, now: Now) {
    let greeting = state
        .meetings
        .get(thread)
        .map(|m| m.options.greeting.clone());
    if let Some(greeting) = greeting.filter(|greeting| !greeting.is_empty()) {
        let draft = Draft::text(&greeting);
        let posted = state.store.post(thread, &organizer.id, draft, now.utc);
        tell(state, posted.map(|(_, change)| vec![change]), now);
    }
}

fn tell(state: &mut State, changes: Result<Vec<crate::service::store::Change>, Refusal>, now: Now) {
    match changes {
        Ok(changes) => {
            for change in changes {
                state.publish(change, now.mono);
            }
        }
        Err(refusal) => tracing::warn!(%refusal, "a meeting's chat did not follow the meeting"),
    }
}

impl From<Names> for MeetingAddress {
    fn from(names: Names) -> Self {
        Self {
            link: names.link,
            guest_link: names.guest_link,
            id: names.id,
            passcode: names.passcode,
            thread_id: names.thread,
        }
    }
}

fn names(endpoint: &str, thread: String, organizer: &str) -> Names {
    let oid = organizer.trim_start_matches("8:orgid:");
    let context = format!(r#"{{"Tid":"{TENANT}","Oid":"{oid}"}}"#);
    let link = format!(
        "{endpoint}/l/meetup-join/{}/0?context={}",
        utf8_percent_encode(&thread, NON_ALPHANUMERIC),
        utf8_percent_encode(&context, NON_ALPHANUMERIC),
    );
    let digit = |_| char::from(b'0' + fastrand::u8(0..10));
    let id: String = std::iter::once('2').chain((0..14).map(digit)).collect();
    // Without the characters that are taken for one another.
    let letters = "abcdefghjkmnpqrstuvwxyzABCDEFGHJKMNPQRSTUVWXYZ23456789".as_bytes();
    let letter = |_| char::from(letters[fastrand::usize(..letters.len())]);
    let passcode: String = (0..8).map(letter).collect();
    Names {
        thread,
        link,
        guest_link: page::link(endpoint, &id, &passcode),
        id,
        passcode,
    }
}

/// The thread a link names, on whatever host: who reached this service meant it.
fn thread_in(link: &str) -> Option<String> {
    let url = Url::parse(link).ok()?;
    let mut segments = url
        .path_segments()?
        .skip_while(|part| *part != "meetup-join");
    let thread = percent_decode_str(segments.nth(1)?).decode_utf8().ok()?;
    Some(thread.into_owned())
}

/// The vendor's word for a capability that is not there.
const NO_MIXER: &str = "FeatureNotSupported";
const LONGEST_WRITE: Duration = Duration::from_secs(2);
const LONGEST_SLEEP: Duration = Duration::from_hours(1);
