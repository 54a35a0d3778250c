//! The control socket of a running client: programs ask and listen, in JSON lines.
//!
//! A Unix socket that only the person may open. Nothing here can hold up the
//! loop: requests queue in a bounded channel, news are broadcast and a slow
//! reader loses some and is told how many.

pub mod schema;

use std::collections::HashMap;
use std::fs;
use std::io;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::path::PathBuf;
use std::time::Duration;

use serde::Serialize;
use tokio::io::AsyncBufReadExt;
use tokio::io::AsyncReadExt;
use tokio::io::AsyncWriteExt;
use tokio::io::BufReader;
use tokio::net::UnixListener;
use tokio::net::UnixStream;
use tokio::net::unix::OwnedReadHalf;
use tokio::net::unix::OwnedWriteHalf;
use tokio::sync::broadcast;
use tokio::sync::mpsc;
use tokio::sync::oneshot;

use crate::config::paths;
use crate::config::paths::Paths;
use crate::effect::ControlAnswer;
use crate::event::ControlRequest;
use crate::model::control::ControlId;
use crate::tasks::Tasks;

use self::schema::Answer;
use self::schema::Ask;
use self::schema::News;
use self::schema::Request;

/// A request on its way to the loop, and where its answer goes.
pub struct Asked {
    pub id: ControlId,
    pub request: ControlRequest,
    pub reply: oneshot::Sender<ControlAnswer>,
}

/// The loop's side of the socket. Dropping it removes the socket.
pub struct Control {
    asked: mpsc::Receiver<Asked>,
    news: broadcast::Sender<News>,
    waiting: HashMap<ControlId, oneshot::Sender<ControlAnswer>>,
    socket: Option<Socket>,
    /// Keeps the channel of requests open where there is no socket.
    _requests: mpsc::Sender<Asked>,
}

impl Control {
    /// Listens on the socket of this process. Without paths, or where the folder
    /// cannot be had, there is no socket and the client goes on without.
    pub fn listen(paths: Option<&Paths>, tasks: &Tasks) -> Self {
        let (requests, asked) = mpsc::channel(QUEUE);
        let (news, _) = broadcast::channel(NEWS);
        let opened = paths.map(Socket::open).transpose();
        let opened = opened.unwrap_or_else(|error| {
            tracing::warn!(%error, "no control socket");
            None
        });
        let socket = opened.map(|(socket, listener)| {
            tasks.spawn(accept(
                listener,
                requests.clone(),
                news.clone(),
                tasks.clone(),
            ));
            socket
        });
        Self {
            asked,
            news,
            waiting: HashMap::new(),
            socket,
            _requests: requests,
        }
    }

    /// The next request. Safe to cancel.
    pub async fn next(&mut self) -> (ControlId, ControlRequest) {
        loop {
            if let Some(asked) = self.asked.recv().await {
                self.waiting.insert(asked.id, asked.reply);
                return (asked.id, asked.request);
            }
        }
    }

    pub fn reply(&mut self, id: ControlId, answer: ControlAnswer) {
        if let Some(reply) = self.waiting.remove(&id) {
            // A program that closed its connection needs no answer.
            let _ = reply.send(answer);
        }
    }

    /// Nobody listens: news need not be put into words.
    pub fn is_unheard(&self) -> bool {
        self.news.receiver_count() == 0
    }

    pub fn publish(&self, news: News) {
        // Fails only where nobody listens.
        let _ = self.news.send(news);
    }

    pub fn path(&self) -> Option<&Path> {
        self.socket.as_ref().map(|socket| socket.path.as_path())
    }
}

/// The socket's place in the file system.
struct Socket {
    path: PathBuf,
    latest: PathBuf,
}

impl Socket {
    fn open(paths: &Paths) -> io::Result<(Self, UnixListener)> {
        let path = paths.control_socket(std::process::id());
        let latest = paths.latest_socket();
        paths::private_folder(&paths.runtime)?;
        // Of a process that had this number before us.
        remove(&path)?;
        let listener = UnixListener::bind(&path)?;
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600))?;
        remove(&latest)?;
        symlink(&path, &latest)?;
        Ok((Self { path, latest }, listener))
    }
}

impl Drop for Socket {
    fn drop(&mut self) {
        // Another client may have become the latest since.
        if fs::read_link(&self.latest).is_ok_and(|to| to == self.path) {
            let _ = fs::remove_file(&self.latest);
        }
        let _ = fs::remove_file(&self.path);
    }
}

fn remove(path: &Path) -> io::Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

/// Requests that wait for the loop.
const QUEUE: usize = 64;
/// News a slow reader may lag behind before it loses some.
const NEWS: usize = 1024;
const LONGEST_LINE: u64 = 64 * 1024;
/// Before the next connection is taken, after one that could not be.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

async fn accept(
    listener: UnixListener,
    requests: mpsc::Sender<Asked>,
    news: broadcast::Sender<News>,
    tasks: Tasks,
) {
    let mut connection = 0;
    loop {
        let stream = match listener.accept().await {
            Ok((stream, _)) => stream,
            Err(error) => {
                // Out of files, mostly, which passes as others are closed.
                tracing::warn!(%error, "a control connection could not be taken");
                tokio::time::sleep(ACCEPT_PAUSE).await;
                continue;
            }
        };
        connection += 1;
        let (reader, writer) = stream.into_split();
        let connection = Connection {
            id: connection,
            writer,
            requests: requests.clone(),
            news: news.clone(),
            heard: None,
            asked: 0,
        };
        tasks.spawn(async move {
            if let Err(error) = connection.serve(reader).await {
                tracing::debug!(%error, "a control connection ended");
            }
        });
    }
}

struct Connection {
    id: u64,
    writer: OwnedWriteHalf,
    requests: mpsc::Sender<Asked>,
    news: broadcast::Sender<News>,
    heard: Option<broadcast::Receiver<News>>,
    asked: u64,
}

impl Connection {
    async fn serve(mut self, reader: OwnedReadHalf) -> io::Result<()> {
        let (lines, mut read) = mpsc::channel::<Vec<u8>>(1);
        let reading = Tasks::new();
        reading.spawn(read_lines(reader, lines));
        let result = loop {
            tokio::select! {
                line = read.recv() => match line {
                    Some(line) => {
                        if let Err(error) = self.answer(&line).await {
                            break Err(error);
                        }
                    }
                    None => break Ok(()),
                },
                news = hear(&mut self.heard) => {
                    if let Err(error) = self.say(&news).await {
                        break Err(error);
                    }
                }
            }
        };
        reading.stop();
        result
    }

    async fn answer(&mut self, line: &[u8]) -> io::Result<()> {
        let request: Request = match serde_json::from_slice(line) {
            Ok(request) => request,
            Err(error) => {
                let why = format!("this is no request: {error}");
                let answer = Answer::new(id_of(line), ControlAnswer::Refused(why));
                return self.say(&answer).await;
            }
        };
        if request.ask == Ask::Subscribe {
            self.heard = Some(self.news.subscribe());
        }
        let answer = match request.ask.into_request() {
            Some(ask) => self.ask(ask).await,
            None => ControlAnswer::Done,
        };
        self.say(&Answer::new(request.id, answer)).await
    }

    async fn ask(&mut self, request: ControlRequest) -> ControlAnswer {
        let (reply, answer) = oneshot::channel();
        self.asked += 1;
        let asked = Asked {
            id: ControlId {
                connection: self.id,
                request: self.asked,
            },
            request,
            reply,
        };
        let ended = || ControlAnswer::Refused("the program is ending".to_owned());
        if self.requests.send(asked).await.is_err() {
            return ended();
        }
        answer.await.unwrap_or_else(|_| ended())
    }

    async fn say(&mut self, what: &impl Serialize) -> io::Result<()> {
        let mut line = serde_json::to_vec(what)?;
        line.push(b'\n');
        self.writer.write_all(&line).await
    }
}

/// The number of a request that is otherwise not understood, so that its answer finds it.
fn id_of(line: &[u8]) -> u64 {
    let value: Option<serde_json::Value> = serde_json::from_slice(line).ok();
    value.and_then(|v| v.get("id")?.as_u64()).unwrap_or(0)
}

async fn read_lines(reader: OwnedReadHalf, lines: mpsc::Sender<Vec<u8>>) {
    let mut reader = BufReader::new(reader);
    loop {
        let mut line = Vec::new();
        let read = (&mut reader)
            .take(LONGEST_LINE)
            .read_until(b'\n', &mut line)
            .await;
        let whole = line.last() == Some(&b'\n');
        if read.is_err() || !whole || lines.send(line).await.is_err() {
            return;
        }
    }
}

/// The next news of a subscriber; forever nothing without a subscription. Safe to cancel.
async fn hear(heard: &mut Option<broadcast::Receiver<News>>) -> News {
    use broadcast::error::RecvError;
    let Some(receiver) = heard else {
        return std::future::pending().await;
    };
    match receiver.recv().await {
        Ok(news) => news,
        Err(RecvError::Lagged(count)) => News::Missed { count },
        Err(RecvError::Closed) => std::future::pending().await,
    }
}

/// Connects to a running client: that of a process, or the one started last that still runs.
pub async fn connect(paths: &Paths, process: Option<u32>) -> io::Result<UnixStream> {
    if let Some(id) = process {
        return UnixStream::connect(paths.control_socket(id)).await;
    }
    let latest = match UnixStream::connect(paths.latest_socket()).await {
        Ok(stream) => return Ok(stream),
        Err(error) => error,
    };
    // It went with the client it led to, or leads to one that was killed; others may run.
    for socket in sockets(&paths.runtime) {
        if let Ok(stream) = UnixStream::connect(socket).await {
            return Ok(stream);
        }
    }
    Err(latest)
}

/// Connects to every running client, the newest first.
pub async fn connect_all(paths: &Paths) -> Vec<UnixStream> {
    let mut all = Vec::new();
    for socket in sockets(&paths.runtime) {
        all.extend(UnixStream::connect(socket).await);
    }
    all
}

/// The sockets of processes, running or not, the newest first.
fn sockets(folder: &Path) -> Vec<PathBuf> {
    let of_process = |path: &Path| {
        let name = path.file_stem().and_then(|name| name.to_str());
        path.extension().is_some_and(|e| e == "sock")
            && name.is_some_and(|name| name.parse::<u32>().is_ok())
    };
    let files = fs::read_dir(folder).into_iter().flatten().flatten();
    let mut found: Vec<_> = files
        .filter(|file| of_process(&file.path()))
        .filter_map(|file| Some((file.metadata().ok()?.modified().ok()?, file.path())))
        .collect();
    found.sort();
    found.into_iter().rev().map(|(_, path)| path).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn paths(home: &Path) -> Paths {
        Paths {
            config: home.join("config"),
            data: home.join("data"),
            state: home.join("state"),
            runtime: home.join("run"),
        }
    }

    async fn exchange(stream: &mut BufReader<UnixStream>, line: &str) -> String {
        stream.get_mut().write_all(line.as_bytes()).await.unwrap();
        stream.get_mut().write_all(b"\n").await.unwrap();
        next_line(stream).await
    }

    async fn next_line(stream: &mut BufReader<UnixStream>) -> String {
        let mut line = String::new();
        stream.read_line(&mut line).await.unwrap();
        line.trim_end().to_owned()
    }

    #[tokio::test]
    async fn a_program_asks_subscribes_and_hears() {
        let home = tempfile::tempdir().unwrap();
        let (paths, tasks) = (paths(home.path()), Tasks::new());
        let mut control = Control::listen(Some(&paths), &tasks);
        let path = control.path().unwrap().to_owned();
        let mode = fs::metadata(&path).unwrap().permissions().mode() & 0o777;
        assert_eq!(mode, 0o600);

        let mut stream = BufReader::new(connect(&paths, None).await.unwrap());
        let asking = async {
            let first = exchange(&mut stream, r#"{"id":9,"do":"mute","muted":true}"#).await;
            let second = exchange(&mut stream, r#"{"id":10,"do":"subscribe"}"#).await;
            let third = exchange(&mut stream, "nonsense").await;
            let fourth = exchange(&mut stream, r#"{"id":12,"do":"dance"}"#).await;
            (first, second, third, fourth)
        };
        let answering = async {
            let (id, request) = control.next().await;
            assert_eq!(request, ControlRequest::Mute(Some(true)));
            control.reply(id, ControlAnswer::Refused("not in the call".to_owned()));
        };
        let ((first, second, third, fourth), ()) = tokio::join!(asking, answering);
        assert_eq!(first, r#"{"id":9,"ok":false,"error":"not in the call"}"#);
        assert_eq!(second, r#"{"id":10,"ok":true}"#);
        assert!(third.contains("this is no request"), "{third}");
        assert!(
            fourth.starts_with(r#"{"id":12,"ok":false,"error":"this is no request"#),
            "{fourth}"
        );

        control.publish(News::Mute { muted: true });
        assert_eq!(
            next_line(&mut stream).await,
            r#"{"event":"mute","muted":true}"#
        );
        drop(control);
        tasks.stop();
        assert!(!path.exists() && !paths.latest_socket().exists());
    }

    #[tokio::test]
    async fn a_client_that_still_runs_is_found_when_the_one_started_last_is_gone() {
        let home = tempfile::tempdir().unwrap();
        let paths = paths(home.path());
        fs::create_dir_all(&paths.runtime).unwrap();
        let running = UnixListener::bind(paths.control_socket(1)).unwrap();
        // Killed: what it listened on is still there, and nobody listens.
        drop(UnixListener::bind(paths.control_socket(2)).unwrap());
        connect(&paths, None).await.unwrap();
        symlink(paths.control_socket(2), paths.latest_socket()).unwrap();
        connect(&paths, None).await.unwrap();
        assert!(connect(&paths, Some(2)).await.is_err());
        drop(running);
        assert!(connect(&paths, None).await.is_err());
    }

    #[tokio::test]
    async fn a_subscriber_that_does_not_read_is_told_what_it_missed() {
        let (news, heard) = broadcast::channel(4);
        for _ in 0..10 {
            news.send(News::Mute { muted: true }).unwrap();
        }
        assert_eq!(hear(&mut Some(heard)).await, News::Missed { count: 6 });
    }
}
