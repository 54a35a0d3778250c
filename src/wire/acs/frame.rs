//! Socket.IO 0.9 packets: `type ":" [id ["+"]] ":" [endpoint] [":" data]`, one per text frame.

use std::fmt;

use serde::Deserialize;
use serde::Serialize;
use serde_json::Value;

#[derive(Debug, Clone, thiserror::Error, PartialEq, Eq)]
pub enum Error {
    #[error("the frame is not a packet")]
    Malformed,
    #[error("packet type {0:?} is not known")]
    Unknown(String),
}

#[derive(Debug, Clone, PartialEq)]
pub enum Packet {
    /// `0::` or `0:::reason`.
    Disconnect { reason: String },
    /// `1::`, the first packet of the service.
    Connect,
    /// `2::`, echoed at once.
    Heartbeat,
    /// `3:::data`; one with an id wants `6:::id` first.
    Message { id: Option<u64>, data: String },
    /// `5:::json`; one with an id wants an acknowledgement.
    Event { id: Option<u64>, event: Event },
    /// `6:::n` or `6:::n+[…]`.
    Ack { id: u64, args: Vec<Value> },
    /// `7:::reason+advice`.
    Error { reason: String, advice: String },
    /// `8::`.
    Noop,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Event {
    pub name: String,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub args: Vec<Value>,
}

impl Event {
    pub fn new(name: &str, arg: Option<Value>) -> Self {
        Self {
            name: name.to_owned(),
            args: arg.into_iter().collect(),
        }
    }

    /// The first argument as `T`.
    pub fn arg<T: serde::de::DeserializeOwned>(&self) -> Option<T> {
        serde_json::from_value(self.args.first()?.clone()).ok()
    }
}

impl Packet {
    pub fn decode(text: &str) -> Result<Self, Error> {
        let mut parts = text.splitn(4, ':');
        let kind = parts.next().unwrap_or_default();
        let id = parts.next().ok_or(Error::Malformed)?;
        let _endpoint = parts.next().ok_or(Error::Malformed)?;
        let data = parts.next().unwrap_or_default();
        let id = match id.trim_end_matches('+') {
            "" => None,
            digits => Some(digits.parse().map_err(|_| Error::Malformed)?),
        };
        match kind {
            "0" => Ok(Self::Disconnect {
                reason: data.to_owned(),
            }),
            "1" => Ok(Self::Connect),
            "2" => Ok(Self::Heartbeat),
            "3" => Ok(Self::Message {
                id,
                data: data.to_owned(),
            }),
            "5" => Ok(Self::Event {
                id,
                event: serde_json::from_str(data).map_err(|_| Error::Malformed)?,
            }),
            "6" => Self::decode_ack(data),
            "7" => Ok(Self::decode_error(data)),
            "8" => Ok(Self::Noop),
            other => Err(Error::Unknown(other.chars().take(8).collect())),
        }
    }

    fn decode_ack(data: &str) -> Result<Self, Error> {
        let (id, args) = data.split_once('+').unwrap_or((data, ""));
        let args = match args {
            "" => Vec::new(),
            // Any acknowledgement will do: one that is no array still acknowledges.
            json => serde_json::from_str(json).unwrap_or_default(),
        };
        let id = id.parse().map_err(|_| Error::Malformed)?;
        Ok(Self::Ack { id, args })
    }

    fn decode_error(data: &str) -> Self {
        let (reason, advice) = data.split_once('+').unwrap_or((data, ""));
        Self::Error {
            reason: reason.to_owned(),
            advice: advice.to_owned(),
        }
    }

    pub fn encode(&self) -> String {
        self.to_string()
    }
}

impl fmt::Display for Packet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Disconnect { reason } if reason.is_empty() => f.write_str("0::"),
            Self::Disconnect { reason } => write!(f, "0:::{reason}"),
            Self::Connect => f.write_str("1::"),
            Self::Heartbeat => f.write_str("2::"),
            Self::Message { id: None, data } => write!(f, "3:::{data}"),
            Self::Message { id: Some(id), data } => write!(f, "3:{id}::{data}"),
            Self::Event { id: None, event } => write!(f, "5:::{}", json(event)),
            Self::Event {
                id: Some(id),
                event,
            } => write!(f, "5:{id}+::{}", json(event)),
            Self::Ack { id, args } if args.is_empty() => write!(f, "6:::{id}+[]"),
            Self::Ack { id, args } => write!(f, "6:::{id}+{}", json(args)),
            Self::Error { reason, advice } if advice.is_empty() => write!(f, "7:::{reason}"),
            Self::Error { reason, advice } => write!(f, "7:::{reason}+{advice}"),
            Self::Noop => f.write_str("8::"),
        }
    }
}

fn json<T: Serialize>(value: &T) -> String {
    serde_json::to_string(value).expect("JSON values always become JSON text")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    #[test]
    fn the_captured_forms_are_read() {
        let ping = Packet::Event {
            id: Some(2),
            event: Event::new("ping", None),
        };
        assert_eq!(Packet::decode(r#"5:2+::{"name":"ping"}"#), Ok(ping.clone()));
        assert_eq!(ping.encode(), r#"5:2+::{"name":"ping"}"#);
        assert_eq!(
            Packet::decode(r#"6:::2+["pong"]"#),
            Ok(Packet::Ack {
                id: 2,
                args: vec![json!("pong")]
            })
        );
        assert_eq!(
            Packet::decode("6:::7"),
            Ok(Packet::Ack {
                id: 7,
                args: Vec::new()
            })
        );
        assert_eq!(
            Packet::decode("0:::dup"),
            Ok(Packet::Disconnect {
                reason: "dup".to_owned()
            })
        );
        assert_eq!(
            Packet::decode(r#"3:4::{"a":":"}"#),
            Ok(Packet::Message {
                id: Some(4),
                data: r#"{"a":":"}"#.to_owned()
            })
        );
        assert_eq!(Packet::decode("1::"), Ok(Packet::Connect));
        assert_eq!(Packet::decode("8::"), Ok(Packet::Noop));
    }

    fn packet() -> impl Strategy<Value = Packet> {
        let id = || proptest::option::of(any::<u64>());
        prop_oneof![
            ".{0,12}".prop_map(|reason| Packet::Disconnect { reason }),
            Just(Packet::Connect),
            Just(Packet::Heartbeat),
            (id(), ".{0,20}").prop_map(|(id, data)| Packet::Message { id, data }),
            (id(), ".{0,9}", proptest::option::of(".{0,9}")).prop_map(|(id, name, arg)| {
                Packet::Event {
                    id,
                    event: Event::new(&name, arg.map(Value::from)),
                }
            }),
            (
                any::<u64>(),
                proptest::collection::vec(".{0,5}".prop_map(Value::from), 0..3)
            )
                .prop_map(|(id, args)| Packet::Ack { id, args }),
            ("[^+]{0,8}", ".{0,8}").prop_map(|(reason, advice)| Packet::Error { reason, advice }),
            Just(Packet::Noop),
        ]
    }

    proptest! {
        #[test]
        fn every_packet_survives_encoding(packet in packet()) {
            prop_assert_eq!(Packet::decode(&packet.encode()), Ok(packet));
        }

        #[test]
        fn decoding_never_panics(text in "[0-9:+]{0,6}.{0,20}") {
            let _ = Packet::decode(&text);
        }
    }
}
