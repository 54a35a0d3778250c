//! Session descriptions, and what is looked at before the WebRTC library reads them.
//!
//! A description comes from the network: it must be small, hold one audio line and bind the
//! peer's certificate by SHA-256. Candidates of an offer are left out altogether: whoever
//! offers finds the service by itself, and the service must not send anything to
//! addresses that somebody merely wrote down.

use std::fmt;
use std::net::SocketAddr;

use thiserror::Error;

/// The text of an offer or an answer. It holds ICE passwords, so it is never printed.
#[derive(Clone, PartialEq, Eq)]
pub struct Sdp(pub String);

impl fmt::Debug for Sdp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Sdp({} bytes)", self.0.len())
    }
}

#[derive(Debug, Clone, Copy, Error, PartialEq, Eq)]
pub enum Error {
    #[error("the description is longer than {LONGEST} bytes")]
    TooLong,
    #[error("the description holds characters that do not belong in one")]
    Characters,
    #[error("the description has {0} media lines instead of one for audio")]
    MediaLines(usize),
    #[error("the description binds no certificate by SHA-256")]
    Fingerprint,
    #[error("the description binds another certificate than before")]
    OtherFingerprint,
    #[error("the description cannot be read")]
    Unreadable,
    #[error("an answer came without an offer of ours")]
    NotAsked,
    #[error("no socket could be opened at the address of the service")]
    NoSocket,
}

/// An offer without its candidates.
pub(super) fn offer(sdp: &Sdp) -> Result<String, Error> {
    let lines = check(sdp)?;
    Ok(join(lines.filter(|line| !is_candidate(line))))
}

/// An answer with at most [`MOST_CANDIDATES`], and the addresses that take TCP connections.
pub(super) fn answer(sdp: &Sdp) -> Result<(String, Vec<SocketAddr>), Error> {
    let mut found = 0;
    let mut tcp = Vec::new();
    let kept = check(sdp)?.filter(|line| {
        if !is_candidate(line) {
            return true;
        }
        let Some(candidate) = Candidate::parse(line) else {
            return false;
        };
        found += 1;
        if found <= MOST_CANDIDATES && candidate.tcp {
            tcp.push(candidate.address);
        }
        found <= MOST_CANDIDATES
    });
    let text = join(kept);
    Ok((text, tcp))
}

/// The value of the one `a=fingerprint`, to tell whether a later description binds another.
pub(super) fn fingerprint(sdp: &str) -> Option<String> {
    let line = sdp.lines().find_map(|l| l.strip_prefix(FINGERPRINT))?;
    Some(line.trim().to_ascii_lowercase())
}

/// The streams that a description announces.
pub(super) fn ssrcs(sdp: &str) -> impl Iterator<Item = u32> {
    sdp.lines()
        .filter_map(|line| line.strip_prefix("a=ssrc:"))
        .filter_map(|line| line.split(' ').next()?.parse().ok())
}

/// What STUN to whoever wrote this description is addressed and signed with.
pub(super) fn credentials(sdp: &str) -> Option<(&str, &str)> {
    let value = |name| sdp.lines().find_map(|line| line.strip_prefix(name));
    value("a=ice-ufrag:").zip(value("a=ice-pwd:"))
}

fn check(sdp: &Sdp) -> Result<impl Iterator<Item = &str>, Error> {
    if sdp.0.len() > LONGEST {
        return Err(Error::TooLong);
    }
    // A lone CR could end a line for one reader and not for another.
    let text = sdp.0.replace("\r\n", "\n");
    if text.chars().any(|c| c.is_control() && c != '\n') {
        return Err(Error::Characters);
    }
    let media = || sdp.0.lines().filter_map(|line| line.strip_prefix("m="));
    if media().count() != 1 || !media().all(|line| line.starts_with("audio ")) {
        return Err(Error::MediaLines(media().count()));
    }
    let mut fingerprints = sdp.0.lines().filter_map(|l| l.strip_prefix(FINGERPRINT));
    let first = fingerprints.next().ok_or(Error::Fingerprint)?;
    let sha = |line: &str| line.to_ascii_lowercase().starts_with("sha-256 ");
    if !sha(first) || !fingerprints.all(|other| other == first) {
        return Err(Error::Fingerprint);
    }
    Ok(sdp.0.lines())
}

struct Candidate {
    address: SocketAddr,
    tcp: bool,
}

impl Candidate {
    /// Of the kinds that can be used: the UDP port of a host and a TCP port that is listened on.
    fn parse(line: &str) -> Option<Self> {
        let mut words = line.strip_prefix(CANDIDATE)?.split(' ').skip(2);
        let transport = words.next()?.to_ascii_lowercase();
        let ip = words.nth(1)?.parse().ok()?;
        let port = words.next()?.parse().ok().filter(|port| *port != 0)?;
        let rest: Vec<_> = words.collect();
        if rest.get(..2) != Some(&["typ", "host"]) {
            return None;
        }
        let tcp = match transport.as_str() {
            "udp" => false,
            "tcp" if rest.windows(2).any(|w| w == ["tcptype", "passive"]) => true,
            _ => return None,
        };
        let address = SocketAddr::new(ip, port);
        Some(Self { address, tcp })
    }
}

fn is_candidate(line: &str) -> bool {
    line.starts_with(CANDIDATE)
}

fn join<'a>(lines: impl Iterator<Item = &'a str>) -> String {
    lines.flat_map(|line| [line, "\r\n"]).collect()
}

const CANDIDATE: &str = "a=candidate:";
const FINGERPRINT: &str = "a=fingerprint:";
/// A browser's offer of one audio line takes about 2 KB.
const LONGEST: usize = 16 * 1024;
const MOST_CANDIDATES: usize = 8;
