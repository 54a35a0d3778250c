//! The real-time connection: configuration, connections, registration, and when to try again.
//!
//! Feed it what happened with [`Session::handle`], then drain [`Session::poll`] until it
//! returns [`Output::Wait`]. It reads no clock and owns no socket: the driver performs what
//! it asks for and reports back under the [`LinkId`] it was asked with.

mod interface;
mod link;
mod registration;

use std::collections::VecDeque;
use std::time::Duration;

use crate::chat::retry::Backoff;
use crate::chat::socket::LinkId;
use crate::clock::Moment;
use crate::clock::Timestamp;
use crate::wire::acs::realtime::Allocation;
use crate::wire::acs::realtime::Connection;
use crate::wire::acs::realtime::Handshake;
use crate::wire::acs::realtime::RealTimeNotificationConfiguration;
use crate::wire::acs::realtime::RegistrationRequest;

pub(super) use self::interface::Change;
pub(super) use self::interface::Identity;
pub(super) use self::interface::Input;
pub(super) use self::interface::Output;
pub(super) use self::interface::Refusal;
use self::link::End;
use self::link::Link;
use self::link::Said;
use self::registration::Registration;

pub(super) struct Session {
    identity: Identity,
    started: (Moment, Timestamp),
    config: Option<RealTimeNotificationConfiguration>,
    /// Of the last connection that got one: asks for the same address again.
    saved: Option<Allocation>,
    links: Vec<Link>,
    next_link: u32,
    next_cv: u32,
    /// The connection object of `con_num`, and its attempts.
    object: (Timestamp, u32),
    registration: Registration,
    backoff: Backoff,
    /// 401s in a row.
    refusals: u32,
    fresh: bool,
    configuring: bool,
    retry_at: Option<Moment>,
    standing: Standing,
    last_dup: Option<Moment>,
    outputs: VecDeque<Output>,
}

/// What the outside believes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Standing {
    Connecting,
    Live,
    Hopeless,
    GaveUp,
    Stopped,
}

impl Session {
    pub(super) fn new(identity: Identity, now: Moment, utc: Timestamp, seed: u64) -> Self {
        let mut session = Self {
            identity,
            started: (now, utc),
            config: None,
            saved: None,
            links: Vec::new(),
            next_link: 1,
            next_cv: 1,
            object: (utc, 0),
            registration: Registration::new(seed),
            backoff: Backoff::new(seed),
            refusals: 0,
            fresh: false,
            configuring: false,
            retry_at: None,
            standing: Standing::Connecting,
            last_dup: None,
            outputs: VecDeque::new(),
        };
        session.attempt(now);
        session
    }

    pub(super) fn handle(&mut self, input: Input<'_>, now: Moment) {
        if self.standing == Standing::Stopped {
            return;
        }
        match input {
            Input::Timeout => {}
            Input::Configured(result) => self.configured(result, now),
            Input::Allocated(id, result) => self.allocated(id, result, now),
            Input::ShookHands(id, result) => self.shook_hands(id, result, now),
            Input::Frame(id, text) => self.frame(id, text, now),
            Input::Closed(id) => self.end(id, End::Closed, now),
            Input::Registered(id, result) => self.registered(id, result, now),
            Input::Retry => self.retry(now),
            Input::Stop => self.stop(),
        }
        self.deadlines(now);
    }

    pub(super) fn poll(&mut self) -> Output {
        if let Some(output) = self.outputs.pop_front() {
            return output;
        }
        let deadlines = self.links.iter().filter_map(Link::deadline);
        let own = [self.retry_at, self.registration.deadline()];
        Output::Wait(deadlines.chain(own.into_iter().flatten()).min())
    }

    fn utc(&self, now: Moment) -> i64 {
        let since = now.since(self.started.0).as_millis();
        self.started.1.as_millis() + i64::try_from(since).unwrap_or(0)
    }

    fn attempt(&mut self, now: Moment) {
        self.retry_at = None;
        let Some(config) = &self.config else {
            if !self.configuring {
                self.configuring = true;
                let fresh = std::mem::take(&mut self.fresh);
                self.outputs.push_back(Output::Configure { fresh });
            }
            return;
        };
        let utc = self.utc(now);
        let saved = self.saved.take_if(|saved| {
            let expires = saved.connectparams.expiry();
            expires.is_none_or(|expires| expires - utc > SAVED_AT_LEAST)
        });
        let base = saved
            .as_ref()
            .map_or(&config.trouter_service_url, |saved| &saved.socketio)
            .clone();
        self.object.1 += 1;
        let con_num = format!("{}_{}", self.object.0.as_millis(), self.object.1);
        self.allocate(&base, saved.as_ref(), con_num, now);
        self.saved = saved;
    }

    fn allocate(&mut self, base: &str, saved: Option<&Allocation>, con_num: String, now: Moment) {
        let id = LinkId(self.next_link);
        self.next_link += 1;
        let connection = Connection {
            cor_id: self.identity.cor_id.clone(),
            con_num,
            epid: self.identity.epid.clone(),
        };
        let url = connection.allocation_url(base, saved.map(|saved| &saved.connectparams));
        self.links.push(Link::new(id, connection, now));
        self.outputs.push_back(Output::Allocate {
            link: id,
            url,
            fresh: std::mem::take(&mut self.fresh),
        });
    }

    fn configured(
        &mut self,
        result: Result<RealTimeNotificationConfiguration, Refusal>,
        now: Moment,
    ) {
        self.configuring = false;
        match result {
            Ok(config) => {
                self.config = Some(config);
                self.attempt(now);
            }
            Err(refusal) => self.failed(refusal, now),
        }
    }

    fn allocated(&mut self, id: LinkId, result: Result<Allocation, Refusal>, now: Moment) {
        let Some(at) = self.position(id) else {
            return;
        };
        match result {
            Ok(allocation) => {
                let cv = format!("{}.{}", self.identity.cv, self.next_cv);
                self.next_cv += 1;
                let url = self.links[at].allocated(
                    &allocation,
                    &self.identity.client,
                    &cv,
                    self.started.1.as_millis() + millis(now.since(self.started.0)),
                );
                self.saved = Some(allocation);
                self.outputs.push_back(Output::ShakeHands { link: id, url });
            }
            Err(refusal) => self.link_refused(at, refusal, now),
        }
    }

    fn shook_hands(&mut self, id: LinkId, result: Result<Handshake, Refusal>, now: Moment) {
        let Some(at) = self.position(id) else {
            return;
        };
        match result {
            Ok(handshake) => {
                let url = self.links[at].shook_hands(&handshake, now);
                self.outputs.push_back(Output::Open { link: id, url });
            }
            Err(refusal) => self.link_refused(at, refusal, now),
        }
    }

    /// A connection was refused before it stood.
    fn link_refused(&mut self, at: usize, refusal: Refusal, now: Moment) {
        let link = self.links.remove(at);
        // A planned switch that fails leaves the connection it was to replace.
        if !link.planned {
            self.failed(refusal, now);
        }
    }

    fn failed(&mut self, refusal: Refusal, now: Moment) {
        match refusal {
            Refusal::Deprecated => return self.give_up(),
            Refusal::Unauthorized => {
                self.refusals += 1;
                self.fresh = true;
                if self.refusals >= REFUSALS {
                    return self.give_up();
                }
            }
            Refusal::Refused | Refusal::Failed => {}
        }
        let delay = self.backoff.next();
        if self.backoff.failures().is_multiple_of(DROP_SAVED_AFTER) {
            self.saved = None;
        }
        if self.backoff.failures() >= HOPELESS_AFTER {
            self.stand(Standing::Hopeless);
        }
        self.retry_at = Some(now + delay);
    }

    fn frame(&mut self, id: LinkId, text: &str, now: Moment) {
        let Some(at) = self.position(id) else {
            return;
        };
        let cv = format!("{}.{}", self.identity.cv, self.next_cv);
        let mut said = Vec::new();
        self.links[at].frame(text, &cv, now, &mut said);
        for what in said {
            match what {
                Said::Send(text) => self.outputs.push_back(Output::Send { link: id, text }),
                Said::Notification(event) => {
                    self.outputs.push_back(Output::Notification(event));
                }
                Said::Connected { ttl } => self.connected(id, ttl, now),
                Said::UsedCv => self.next_cv += 1,
                Said::Missed => self.outputs.push_back(Output::Change(Change::Missed)),
                Said::Switch { keep } => self.switch(keep, now),
                Said::End(end) => return self.end(id, end, now),
            }
        }
    }

    fn connected(&mut self, id: LinkId, ttl: Option<u64>, now: Moment) {
        self.registration.begin(id, ttl, now);
        self.register(false);
    }

    fn register(&mut self, fresh: bool) {
        let (Some(id), Some(config)) = (self.registration.link(), &self.config) else {
            return;
        };
        let Some(link) = self.links.iter().find(|link| link.id == id) else {
            return;
        };
        let body = Box::new(RegistrationRequest::new(
            &self.identity.epid,
            link.surl(),
            self.registration.ttl(),
            &config.cloud_type,
        ));
        let base = config.registrar_service_url.trim_end_matches('/');
        self.outputs.push_back(Output::Register {
            link: id,
            url: format!("{base}/v3/registrations"),
            body,
            fresh,
        });
    }

    fn registered(&mut self, id: LinkId, result: Result<(), Refusal>, now: Moment) {
        if self.registration.link() != Some(id) {
            return;
        }
        match result {
            Ok(()) => {
                let first = self.registration.succeeded(now);
                self.backoff.reset();
                self.refusals = 0;
                if first {
                    self.retire_others(id, now);
                    self.standing = Standing::Live;
                    self.outputs.push_back(Output::Change(Change::Live));
                }
            }
            Err(refusal) => {
                let hopeless = self.registration.failed(refusal, now);
                if hopeless {
                    self.stand(Standing::Hopeless);
                }
            }
        }
    }

    /// The replaced connection may still deliver for a while.
    fn retire_others(&mut self, current: LinkId, now: Moment) {
        for link in &mut self.links {
            link.planned = false;
            if link.id != current {
                link.close_at = Some(now + RETIRED);
            }
        }
    }

    fn switch(&mut self, keep: bool, now: Moment) {
        if self.links.iter().any(|link| link.planned) {
            return;
        }
        let Some(config) = &self.config else {
            return;
        };
        let saved = self.saved.clone().filter(|_| keep);
        let base = saved
            .as_ref()
            .map_or(&config.trouter_service_url, |saved| &saved.socketio)
            .clone();
        self.object = (Timestamp::from_millis(self.utc(now)), 1);
        let con_num = format!("{}_1", self.object.0.as_millis());
        self.allocate(&base, saved.as_ref(), con_num, now);
        if let Some(link) = self.links.last_mut() {
            link.planned = true;
        }
    }

    fn end(&mut self, id: LinkId, end: End, now: Moment) {
        let Some(at) = self.position(id) else {
            return;
        };
        let link = self.links.remove(at);
        if end != End::Closed {
            self.outputs.push_back(Output::Close { link: id });
        }
        let was_registered = self.registration.link() == Some(id);
        if link.planned || link.close_at.is_some() {
            // A switch that failed half-way leaves the connection it was to replace.
            let current = self.links.iter().find(|link| link.connected_at.is_some());
            if let Some(current) = current.filter(|_| was_registered).map(|link| link.id) {
                self.connected(current, None, now);
            }
            return;
        }
        if was_registered {
            self.registration.end();
        }
        // A switch that was under way takes over as an ordinary connection.
        if let Some(next) = self.links.iter_mut().find(|link| link.planned) {
            next.planned = false;
            return self.stand(Standing::Connecting);
        }
        self.ended(&link, end, now);
    }

    fn ended(&mut self, link: &Link, end: End, now: Moment) {
        match end {
            End::Deprecated => return self.give_up(),
            End::Unauthorized => self.fresh = true,
            End::Duplicate => {
                let again = self.last_dup.replace(now);
                if again.is_some_and(|last| now.since(last) < DUP_AGAIN) {
                    self.saved = None;
                }
            }
            End::Closed | End::Silent | End::Other => {}
        }
        if self.standing == Standing::Live {
            self.stand(Standing::Connecting);
        }
        match link.connected_at {
            // One that stood is replaced at once, unless it fell right away.
            Some(since) if now.since(since) >= STOOD => {
                self.backoff.reset();
                self.attempt(now);
            }
            None if end == End::Silent => self.attempt(now),
            _ => self.failed(Refusal::Failed, now),
        }
    }

    fn stand(&mut self, standing: Standing) {
        let change = match (self.standing, standing) {
            (Standing::Live, Standing::Connecting) => Change::Lost,
            (Standing::Live | Standing::Connecting, Standing::Hopeless) => Change::Hopeless,
            (_, Standing::GaveUp) => Change::GaveUp,
            _ => return,
        };
        self.standing = standing;
        self.outputs.push_back(Output::Change(change));
    }

    fn give_up(&mut self) {
        self.close_all();
        self.registration.end();
        self.retry_at = None;
        self.stand(Standing::GaveUp);
    }

    fn retry(&mut self, now: Moment) {
        if self.standing == Standing::GaveUp {
            self.standing = Standing::Connecting;
            self.refusals = 0;
            self.fresh = true;
            self.backoff.reset();
            self.attempt(now);
        } else if self.retry_at.is_some() {
            self.attempt(now);
        }
    }

    fn stop(&mut self) {
        for link in &self.links {
            if link.connected_at.is_some() {
                let text = link::GOOD_BYE.to_owned();
                let link = link.id;
                self.outputs.push_back(Output::Send { link, text });
            }
        }
        self.close_all();
        if let Some(config) = self.config.as_ref().filter(|_| self.registration.is_made()) {
            let base = config.registrar_service_url.trim_end_matches('/');
            let epid = &self.identity.epid;
            let url = format!("{base}/v3/registrations/{epid}");
            self.outputs.push_back(Output::Unregister { url });
        }
        self.registration.end();
        self.retry_at = None;
        self.standing = Standing::Stopped;
    }

    fn close_all(&mut self) {
        for link in self.links.drain(..) {
            self.outputs.push_back(Output::Close { link: link.id });
        }
    }

    /// Everything whose time has come.
    fn deadlines(&mut self, now: Moment) {
        if self.retry_at.is_some_and(|at| at <= now) {
            self.attempt(now);
        }
        if let Some(fresh) = self.registration.due(now) {
            self.register(fresh);
        }
        let due: Vec<LinkId> = self
            .links
            .iter()
            .filter(|link| link.deadline().is_some_and(|at| at <= now))
            .map(|link| link.id)
            .collect();
        for id in due {
            self.link_due(id, now);
        }
    }

    fn link_due(&mut self, id: LinkId, now: Moment) {
        let Some(at) = self.position(id) else {
            return;
        };
        let cv = format!("{}.{}", self.identity.cv, self.next_cv);
        let mut said = Vec::new();
        self.links[at].due(&cv, now, &mut said);
        for what in said {
            match what {
                Said::Send(text) => self.outputs.push_back(Output::Send { link: id, text }),
                Said::UsedCv => self.next_cv += 1,
                Said::End(end) => return self.end(id, end, now),
                Said::Notification(_)
                | Said::Connected { .. }
                | Said::Missed
                | Said::Switch { .. } => {}
            }
        }
    }

    fn position(&self, id: LinkId) -> Option<usize> {
        self.links.iter().position(|link| link.id == id)
    }
}

fn millis(span: Duration) -> i64 {
    i64::try_from(span.as_millis()).unwrap_or(0)
}

/// Parameters that end sooner than this are forgotten, in milliseconds.
const SAVED_AT_LEAST: i64 = 3_600_000;

/// The saved parameters are dropped after so many failures in a row.
const DROP_SAVED_AFTER: u32 = 3;

/// So many failures in a row mean that push is not to be had for now.
const HOPELESS_AFTER: u32 = 4;

/// The fourth 401 in a row is the last.
const REFUSALS: u32 = 4;

/// A link that stood shorter than this counts as a failed attempt.
const STOOD: Duration = Duration::from_secs(2);

/// A second `dup` within this time means that the address is somebody else's too.
const DUP_AGAIN: Duration = Duration::from_secs(10);

/// How long a replaced connection may still deliver.
const RETIRED: Duration = Duration::from_mins(1);

#[cfg(test)]
mod tests;
