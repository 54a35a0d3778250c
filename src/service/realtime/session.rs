//! One connection from the service's side: what to send and when, what to answer, when to give up.
//!
//! Feed it with [`Session::handle`], then drain [`Session::poll`] until it waits. It reads
//! no clock and holds no socket.

use std::collections::VecDeque;
use std::time::Duration;

use serde_json::json;

use crate::clock::Moment;
use crate::service::RealtimeOptions;
use crate::service::faults::Effect;
use crate::wire::acs::frame::Event;
use crate::wire::acs::frame::Packet;
use crate::wire::acs::realtime::DroppedIndicator;
use crate::wire::acs::realtime::MessageLoss;
use crate::wire::acs::realtime::TrouterConnected;
use crate::wire::acs::realtime::TrouterReconnect;

use super::hub::Disconnect;
use super::hub::Item;

pub(super) enum Input<'a> {
    Text(&'a str),
    Queued(Item),
    Timeout,
}

#[derive(Debug, PartialEq, Eq)]
pub(super) enum Output {
    Send(String),
    Close,
    Wait(Moment),
}

pub(super) struct Session {
    path: String,
    next_id: u64,
    out: VecDeque<Output>,
    /// Notifications that a fault holds back, in order.
    delayed: VecDeque<(Moment, Item)>,
    /// Notifications that a fault lets the next one overtake.
    overtaken: Vec<String>,
    overtaken_until: Moment,
    beat_every: Duration,
    next_beat: Moment,
    heard: Moment,
    ask_to_reconnect: Option<Moment>,
    ends: Moment,
    closed: bool,
}

impl Session {
    /// Says hello. `ends` is when the allocation does, `lost` whether events came while nobody was connected.
    pub(super) fn new(
        path: &str,
        options: RealtimeOptions,
        ends: Moment,
        lost: bool,
        now: Moment,
    ) -> Self {
        let left = ends.since(now);
        let beat_every = options.heartbeat / 2;
        let mut session = Self {
            path: path.to_owned(),
            next_id: 0,
            out: VecDeque::new(),
            delayed: VecDeque::new(),
            overtaken: Vec::new(),
            overtaken_until: Moment::ZERO,
            beat_every,
            next_beat: now + beat_every,
            heard: now,
            // A tenth of its life is enough for a client to change over.
            ask_to_reconnect: Some(now + left.mul_f64(0.9)),
            ends,
            closed: false,
        };
        session.send(&Packet::Connect);
        let connected = TrouterConnected {
            ttl: left.as_secs().to_string(),
            dur: "0".to_owned(),
        };
        session.event("trouter.connected", json!(connected));
        if lost {
            session.tell_of_loss();
        }
        session
    }

    pub(super) fn handle(&mut self, input: Input<'_>, now: Moment) {
        match input {
            Input::Text(text) => self.packet(text, now),
            Input::Queued(item) => self.queued(item, now),
            Input::Timeout => self.timeout(now),
        }
    }

    pub(super) fn poll(&mut self) -> Output {
        if let Some(output) = self.out.pop_front() {
            return output;
        }
        if self.closed {
            return Output::Close;
        }
        let silent = self.heard + SILENCE;
        let mut until = self.next_beat.min(self.ends).min(silent);
        if let Some(ask) = self.ask_to_reconnect {
            until = until.min(ask);
        }
        if let Some((due, _)) = self.delayed.front() {
            until = until.min(*due);
        }
        if !self.overtaken.is_empty() {
            until = until.min(self.overtaken_until);
        }
        Output::Wait(until)
    }

    /// Answers what wants an answer. Responses to our requests need nothing done: an event
    /// is delivered once and forgotten.
    fn packet(&mut self, text: &str, now: Moment) {
        self.heard = now;
        match Packet::decode(text) {
            Ok(Packet::Event {
                id: Some(id),
                event,
            }) => {
                let args = match event.name.as_str() {
                    "ping" => vec![json!("pong")],
                    _ => Vec::new(),
                };
                self.send(&Packet::Ack { id, args });
            }
            Ok(Packet::Message { id: Some(id), .. }) => self.send(&Packet::Ack {
                id,
                args: Vec::new(),
            }),
            Ok(Packet::Disconnect { .. }) => self.closed = true,
            Ok(
                Packet::Connect
                | Packet::Heartbeat
                | Packet::Message { id: None, .. }
                | Packet::Event { id: None, .. }
                | Packet::Ack { .. }
                | Packet::Error { .. }
                | Packet::Noop,
            ) => {}
            Err(error) => tracing::debug!(%error, "an unreadable packet was skipped"),
        }
    }

    fn queued(&mut self, item: Item, now: Moment) {
        match item {
            Item::Notify { ref effects, .. } => {
                let delay = effects.iter().filter_map(Effect::delay).max();
                if delay.is_none() && self.delayed.is_empty() {
                    return self.notify(item, now);
                }
                // Whatever comes behind a delayed one keeps its place behind it.
                let due = self.delayed.back().map_or(Moment::ZERO, |(due, _)| *due);
                let due = due.max(now + delay.unwrap_or_default());
                self.delayed.push_back((due, item));
            }
            Item::Loss => self.tell_of_loss(),
            Item::Reconnect => self.ask(),
            Item::Disconnect(how) => self.disconnect(how),
        }
    }

    fn notify(&mut self, item: Item, now: Moment) {
        let Item::Notify {
            change,
            to,
            effects,
        } = item
        else {
            return;
        };
        let twice = effects.contains(&Effect::Duplicate);
        let late = effects.contains(&Effect::Reorder);
        for _ in 0..if twice { 2 } else { 1 } {
            self.next_id += 1;
            let data = change.request(&to, &self.path, self.next_id);
            let frame = Packet::Message { id: None, data }.encode();
            if late {
                self.overtaken.push(frame);
            } else {
                self.out.push_back(Output::Send(frame));
            }
        }
        if late {
            self.overtaken_until = now + OVERTAKEN;
        } else {
            self.release_overtaken();
        }
    }

    fn timeout(&mut self, now: Moment) {
        while let Some((due, _)) = self.delayed.front()
            && *due <= now
            && let Some((_, item)) = self.delayed.pop_front()
        {
            self.notify(item, now);
        }
        if self.overtaken_until <= now {
            self.release_overtaken();
        }
        if self.next_beat <= now {
            self.next_beat = now + self.beat_every;
            self.send(&Packet::Heartbeat);
        }
        if self.ask_to_reconnect.is_some_and(|at| at <= now) {
            self.ask();
        }
        if self.ends <= now {
            self.disconnect(Disconnect::Close);
        }
        if self.heard + SILENCE <= now {
            self.closed = true;
        }
    }

    fn release_overtaken(&mut self) {
        self.out.extend(self.overtaken.drain(..).map(Output::Send));
    }

    fn ask(&mut self) {
        self.ask_to_reconnect = None;
        let target = TrouterReconnect {
            target: "self".to_owned(),
        };
        self.event("trouter.reconnect", json!(target));
    }

    fn tell_of_loss(&mut self) {
        let dropped = DroppedIndicator {
            tag: "messaging".to_owned(),
            etag: fastrand::u32(..).to_string(),
        };
        let loss = MessageLoss {
            dropped_indicators: vec![dropped],
        };
        self.event("trouter.message_loss", json!(loss));
    }

    fn disconnect(&mut self, how: Disconnect) {
        if let Some(reason) = how.reason() {
            self.send(&Packet::Disconnect {
                reason: reason.to_owned(),
            });
        }
        self.closed = true;
    }

    fn event(&mut self, name: &str, arg: serde_json::Value) {
        self.send(&Packet::Event {
            id: None,
            event: Event::new(name, Some(arg)),
        });
    }

    fn send(&mut self, packet: &Packet) {
        self.out.push_back(Output::Send(packet.encode()));
    }
}

/// Clients ping every forty seconds; one that says nothing for this long is gone.
const SILENCE: Duration = Duration::from_mins(2);
/// How long an overtaken notification waits for one to overtake it.
const OVERTAKEN: Duration = Duration::from_millis(100);

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use crate::clock::Timestamp;
    use crate::service::realtime::payload::Shared;
    use crate::service::store::Change;
    use crate::service::store::What;
    use crate::service::store::Who;

    use super::*;

    const DAY: Moment = Moment::from_nanos(86_400_000_000_000);

    fn secs(n: u64) -> Moment {
        Moment::ZERO + Duration::from_secs(n)
    }

    fn session(lost: bool) -> Session {
        Session::new("p", RealtimeOptions::default(), DAY, lost, Moment::ZERO)
    }

    fn sent(session: &mut Session) -> Vec<String> {
        let mut sent = Vec::new();
        while let Output::Send(text) = session.poll() {
            sent.push(text);
        }
        sent
    }

    fn notify(effects: &[Effect]) -> Input<'static> {
        let by = Who {
            id: "8:acs:r_a".to_owned(),
            display_name: None,
        };
        let change = Change {
            thread: Arc::from("19:x@thread.v2"),
            to: Arc::from([]),
            at: Timestamp::default(),
            version: 1,
            what: What::Typing { by },
        };
        Input::Queued(Item::Notify {
            change: Arc::new(Shared::new(change)),
            to: Arc::from("8:acs:r_b"),
            effects: effects.to_vec(),
        })
    }

    fn ids(frames: &[String]) -> Vec<u64> {
        let read = |frame: &String| {
            let value: serde_json::Value = serde_json::from_str(&frame["3:::".len()..]).unwrap();
            value["id"].as_u64().unwrap()
        };
        frames.iter().map(read).collect()
    }

    #[test]
    fn it_says_hello_before_anything_else() {
        let hello = sent(&mut session(true));
        assert_eq!(hello[0], "1::");
        assert!(hello[1].contains("trouter.connected") && hello[1].contains("\"86400\""));
        assert!(hello[2].contains("trouter.message_loss"));
    }

    #[test]
    fn whatever_wants_an_acknowledgement_gets_one() {
        let mut session = session(false);
        sent(&mut session);
        let ping = r#"5:2+::{"name":"ping"}"#;
        let activity = r#"5:1+::{"name":"user.activity","args":[{"state":"active","cv":"x.2"}]}"#;
        session.handle(Input::Text(activity), secs(1));
        session.handle(Input::Text(ping), secs(1));
        session.handle(Input::Text("3:::{\"id\":1,\"status\":200}"), secs(1));
        assert_eq!(sent(&mut session), ["6:::1+[]", r#"6:::2+["pong"]"#]);
    }

    #[test]
    fn it_beats_and_gives_up_a_silent_client() {
        let mut session = session(false);
        sent(&mut session);
        assert_eq!(session.poll(), Output::Wait(secs(35)));
        session.handle(Input::Timeout, secs(35));
        assert_eq!(sent(&mut session), ["2::"]);
        session.handle(Input::Timeout, secs(119));
        sent(&mut session);
        assert!(matches!(session.poll(), Output::Wait(_)));
        session.handle(Input::Timeout, secs(120));
        sent(&mut session);
        assert_eq!(session.poll(), Output::Close);
    }

    #[test]
    fn it_asks_to_reconnect_before_the_allocation_ends() {
        let mut session = session(false);
        sent(&mut session);
        session.handle(Input::Timeout, secs(77_760));
        assert!(
            sent(&mut session)
                .iter()
                .any(|f| f.contains("trouter.reconnect"))
        );
        session.handle(Input::Text("2::"), secs(86_399));
        session.handle(Input::Timeout, DAY);
        assert!(sent(&mut session).contains(&"0::".to_owned()));
        assert_eq!(session.poll(), Output::Close);
    }

    #[test]
    fn a_duplicate_is_a_request_of_its_own() {
        let mut session = session(false);
        sent(&mut session);
        session.handle(notify(&[Effect::Duplicate]), secs(1));
        assert_eq!(ids(&sent(&mut session)), [1, 2]);
    }

    #[test]
    fn the_next_one_overtakes_and_without_one_it_comes_late() {
        let mut session = session(false);
        sent(&mut session);
        session.handle(notify(&[Effect::Reorder]), secs(1));
        assert!(sent(&mut session).is_empty());
        session.handle(notify(&[]), secs(1));
        assert_eq!(ids(&sent(&mut session)), [2, 1]);
        session.handle(notify(&[Effect::Reorder]), secs(2));
        session.handle(Input::Timeout, secs(3));
        assert_eq!(ids(&sent(&mut session)), [3]);
    }

    #[test]
    fn a_delayed_one_is_not_overtaken() {
        let mut session = session(false);
        sent(&mut session);
        session.handle(notify(&[Effect::Delay(Duration::from_secs(5))]), secs(1));
        session.handle(notify(&[]), secs(2));
        assert!(sent(&mut session).is_empty());
        assert_eq!(session.poll(), Output::Wait(secs(6)));
        session.handle(Input::Timeout, secs(6));
        assert_eq!(ids(&sent(&mut session)), [1, 2]);
    }
}
