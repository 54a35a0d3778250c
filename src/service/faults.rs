//! Faults on demand: what a test or an operator may make the service do wrong.
//!
//! Nothing here acts by itself; `http` asks before it answers a request and the
//! realtime hub before it hands over a notification. The control API reads and writes these
//! values as they are.

use std::time::Duration;

use serde::Deserialize;
use serde::Serialize;

/// What goes wrong.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", rename_all_fields = "camelCase")]
pub enum Effect {
    /// A request is answered, or a notification delivered, this much later.
    #[serde(with = "millis")]
    Delay(Duration),
    /// The request is refused with this status, and with `Retry-After` if given (whole seconds).
    Refuse {
        status: u16,
        retry_after: Option<u64>,
    },
    /// The request is carried out, and answered with 504 all the same: its answer was lost on the way.
    Lose,
    /// The notification arrives twice.
    Duplicate,
    /// The notification arrives after the next one, or a moment later when none follows.
    Reorder,
    /// The notification never arrives; nothing tells the client.
    Swallow,
    /// Signing in is refused with this documented number.
    SignIn(u32),
}

impl Effect {
    fn sign_in(&self) -> Option<u32> {
        match self {
            Self::SignIn(code) => Some(*code),
            _ => None,
        }
    }

    pub(super) fn delay(&self) -> Option<Duration> {
        match self {
            Self::Delay(span) => Some(*span),
            Self::Refuse { .. }
            | Self::SignIn(_)
            | Self::Lose
            | Self::Duplicate
            | Self::Reorder
            | Self::Swallow => None,
        }
    }
}

/// What it happens to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Class {
    /// Every request.
    Any,
    /// `/identities`.
    Identity,
    /// `/v1/token`.
    Token,
    /// Everything below `/chat/threads`.
    Chat,
    /// As above, `GET` only.
    ChatRead,
    /// As above, all but `GET`.
    ChatWrite,
    /// `/chat/config`, `/v4/a` and the handshake.
    Connect,
    /// `/v3/registrations`.
    Registrar,
    /// Everything below `/v1.0`: Microsoft Graph.
    Graph,
    /// As above, `GET` only.
    GraphRead,
    /// As above, all but `GET`.
    GraphWrite,
    /// Everything below `/{tenant}/oauth2/v2.0`.
    SignIn,
    /// Notifications on their way to a client.
    Notification,
}

impl Class {
    /// Whether a request belongs to the class. The control API is in none.
    fn holds(self, verb: &str, path: &str) -> bool {
        let chat = path.starts_with("/chat/threads");
        let graph = path.starts_with("/v1.0/");
        match self {
            Self::Any => !path.starts_with("/control"),
            Self::Identity => path.starts_with("/identities"),
            Self::Token => path == "/v1/token",
            Self::Chat => chat,
            Self::ChatRead => chat && verb == "GET",
            Self::ChatWrite => chat && verb != "GET",
            Self::Connect => {
                path.starts_with("/chat/config")
                    || path == "/v4/a"
                    || path.starts_with("/socket.io/")
            }
            Self::Registrar => path.starts_with("/v3/registrations"),
            Self::SignIn => path.contains("/oauth2/v2.0/"),
            Self::Graph => graph,
            Self::GraphRead => graph && verb == "GET",
            // What is in a batch counts by itself.
            Self::GraphWrite => graph && verb != "GET" && path != "/v1.0/$batch",
            Self::Notification => false,
        }
    }
}

/// One fault that is on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fault {
    pub class: Class,
    pub effect: Effect,
    /// How many times it still happens; `None` until it is switched off.
    pub times: Option<u32>,
}

/// The faults that are on, oldest first.
#[derive(Debug, Default)]
pub struct Faults(Vec<Fault>);

impl Faults {
    pub fn switch_on(&mut self, fault: Fault) {
        self.0.push(fault);
    }

    pub fn switch_off(&mut self, class: Class) {
        self.0.retain(|fault| fault.class != class);
    }

    pub fn clear(&mut self) {
        self.0.clear();
    }

    pub fn on(&self) -> &[Fault] {
        &self.0
    }

    /// What happens to this request; each answer counts against the fault's number.
    pub(super) fn request(&mut self, verb: &str, path: &str) -> Vec<Effect> {
        self.take(|fault| fault.class.holds(verb, path) && fault.effect.sign_in().is_none())
    }

    /// The number that signing in is to be refused with.
    pub(super) fn sign_in(&mut self, path: &str) -> Option<u32> {
        let wanted =
            |fault: &Fault| fault.class.holds("POST", path) && fault.effect.sign_in().is_some();
        self.take(wanted).iter().find_map(Effect::sign_in)
    }

    /// What happens to one notification on its way to one client.
    pub(super) fn notification(&mut self) -> Vec<Effect> {
        if self.0.is_empty() {
            return Vec::new();
        }
        self.take(|fault| fault.class == Class::Notification)
    }

    fn take(&mut self, wanted: impl Fn(&Fault) -> bool) -> Vec<Effect> {
        let mut effects = Vec::new();
        for fault in self.0.iter_mut().filter(|fault| wanted(fault)) {
            effects.push(fault.effect.clone());
            if let Some(times) = &mut fault.times {
                *times = times.saturating_sub(1);
            }
        }
        self.0.retain(|fault| fault.times != Some(0));
        effects
    }
}

mod millis {
    use std::time::Duration;

    use serde::Deserialize;
    use serde::Deserializer;
    use serde::Serializer;

    pub(super) fn serialize<S: Serializer>(span: &Duration, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_u64(u64::try_from(span.as_millis()).unwrap_or(u64::MAX))
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Duration, D::Error> {
        u64::deserialize(from).map(Duration::from_millis)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn faults_read_their_documented_form() {
        let text =
            r#"{"class":"chatWrite","effect":{"refuse":{"status":429,"retryAfter":2}},"times":3}"#;
        let fault: Fault = serde_json::from_str(text).unwrap();
        assert_eq!(serde_json::to_string(&fault).unwrap(), text);
        for effect in [
            r#"{"delay":50}"#,
            r#""lose""#,
            r#""duplicate""#,
            r#""reorder""#,
            r#""swallow""#,
        ] {
            let read: Effect = serde_json::from_str(effect).unwrap();
            assert_eq!(serde_json::to_string(&read).unwrap(), effect);
        }
    }

    fn refuse(class: Class, times: Option<u32>) -> Fault {
        Fault {
            class,
            effect: Effect::Refuse {
                status: 403,
                retry_after: None,
            },
            times,
        }
    }

    #[test]
    fn a_fault_happens_as_often_as_it_was_asked_for() {
        let mut faults = Faults::default();
        faults.switch_on(refuse(Class::ChatWrite, Some(2)));
        assert!(faults.request("GET", "/chat/threads").is_empty());
        assert_eq!(faults.request("POST", "/chat/threads").len(), 1);
        assert_eq!(faults.request("POST", "/chat/threads").len(), 1);
        assert!(faults.request("POST", "/chat/threads").is_empty());
    }

    #[test]
    fn the_control_api_is_never_faulted() {
        let mut faults = Faults::default();
        faults.switch_on(refuse(Class::Any, None));
        assert!(faults.request("POST", "/control/faults").is_empty());
        assert!(!faults.request("GET", "/").is_empty());
    }
}
