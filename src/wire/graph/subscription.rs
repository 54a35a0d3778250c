//! Subscriptions and the notifications they lead to (graph-chat.md 9).

use std::fmt;

use serde::Deserialize;
use serde::Serialize;
use serde_json::Value;

use crate::wire::acs::redacted::Redacted;

use super::names;
use super::or_default;

/// `POST /subscriptions`, and its answer.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct Subscription {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// Several, with commas between them.
    pub change_type: String,
    pub resource: String,
    pub notification_url: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub lifecycle_notification_url: Option<String>,
    pub expiration_date_time: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub client_state: Option<Redacted>,
    /// Whether notifications bring what changed along, encrypted for the certificate below.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub include_resource_data: Option<bool>,
    /// X.509 with an RSA key; DER in base64.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub encryption_certificate: Option<String>,
    /// Comes back with every notification.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub encryption_certificate_id: Option<String>,
}

/// `notificationUrl` of a subscription whose notifications go to a WebSocket of the local service.
/// The answer holds the address to open in place of it. An extension of ours.
pub const LOCAL: &str = "local:";

names! {
    ChangeType {
        Created = "created",
        Updated = "updated",
        Deleted = "deleted",
    }
}

names! {
    /// What becomes of a subscription, told to its `lifecycleNotificationUrl`.
    LifecycleEvent {
        ReauthorizationRequired = "reauthorizationRequired",
        SubscriptionRemoved = "subscriptionRemoved",
        Missed = "missed",
    }
}

/// One delivery. Also what a relay sends.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct Notifications {
    #[serde(deserialize_with = "or_default")]
    pub value: Vec<ChangeNotification>,
    /// One for each application and tenant in `value`, where that has encrypted content.
    #[serde(deserialize_with = "or_default", skip_serializing_if = "Vec::is_empty")]
    pub validation_tokens: Vec<Redacted>,
}

#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct ChangeNotification {
    pub subscription_id: String,
    #[serde(deserialize_with = "or_default")]
    pub change_type: ChangeType,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub client_state: Option<Redacted>,
    pub tenant_id: Option<String>,
    pub subscription_expiration_date_time: Option<String>,
    #[serde(deserialize_with = "or_default")]
    pub resource: String,
    /// Names the resource; all of it where a relay has decrypted it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub resource_data: Option<ResourceData>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub encrypted_content: Option<EncryptedContent>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub lifecycle_event: Option<LifecycleEvent>,
}

/// What changed, as the resource is read. Somebody wrote it, so `Debug` does not print it.
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ResourceData(pub Value);

impl fmt::Debug for ResourceData {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[redacted]")
    }
}

/// What changed, for whoever has the key; see [`super::sealed`].
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct EncryptedContent {
    pub data: Redacted,
    pub data_signature: String,
    pub data_key: String,
    pub encryption_certificate_id: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub encryption_certificate_thumbprint: Option<String>,
}

/// What a notification is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Resource {
    Chat {
        chat: String,
    },
    Message {
        chat: String,
        message: String,
    },
    /// A message of a channel, or an answer to one.
    ChannelMessage {
        team: String,
        channel: String,
        message: String,
        reply: Option<String>,
    },
}

impl Resource {
    pub fn write(&self) -> String {
        match self {
            Self::Chat { chat } => format!("chats('{chat}')"),
            Self::Message { chat, message } => format!("chats('{chat}')/messages('{message}')"),
            Self::ChannelMessage {
                team,
                channel,
                message,
                reply,
            } => {
                let post = format!("teams('{team}')/channels('{channel}')/messages('{message}')");
                match reply {
                    Some(reply) => format!("{post}/replies('{reply}')"),
                    None => post,
                }
            }
        }
    }

    pub fn parse(text: &str) -> Option<Self> {
        let parts: Option<Vec<(&str, String)>> = text
            .trim_start_matches('/')
            .split('/')
            .map(|part| {
                let (name, key) = part.split_once("('")?;
                Some((name, key.strip_suffix("')")?.to_owned()))
            })
            .collect();
        let parts = parts?;
        let names: Vec<&str> = parts.iter().map(|(name, _)| *name).collect();
        let mut keys = parts.iter().map(|(_, key)| key.clone());
        let mut key = || keys.next().unwrap_or_default();
        Some(match names[..] {
            ["chats"] => Self::Chat { chat: key() },
            ["chats", "messages"] => Self::Message {
                chat: key(),
                message: key(),
            },
            ["teams", "channels", "messages"] => Self::ChannelMessage {
                team: key(),
                channel: key(),
                message: key(),
                reply: None,
            },
            ["teams", "channels", "messages", "replies"] => Self::ChannelMessage {
                team: key(),
                channel: key(),
                message: key(),
                reply: Some(key()),
            },
            _ => return None,
        })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// graph-chat.md 9.2.
    #[test]
    fn the_documented_notification_is_read() {
        let read: Notifications = serde_json::from_str(
            r##"{ "value": [ { "subscriptionId": "s", "changeType": "created", "clientState": "c", "tenantId": "t",
               "subscriptionExpirationDateTime": "2026-11-23T13:00:00Z", "resource": "chats('19:x@thread.v2')/messages('1763884800123')",
               "resourceData": { "id": "1763884800123", "@odata.type": "#Microsoft.Graph.chatMessage" } } ],
               "validationTokens": [ "x" ] }"##,
        )
        .unwrap();
        let notification = &read.value[0];
        assert_eq!(notification.change_type, ChangeType::Created);
        let about = Resource::parse(&notification.resource).unwrap();
        let expected = Resource::Message {
            chat: "19:x@thread.v2".to_owned(),
            message: "1763884800123".to_owned(),
        };
        assert_eq!(about, expected);
        assert_eq!(about.write(), notification.resource);
    }

    #[test]
    fn what_is_about_something_else_is_nothing() {
        for other in ["", "users('x')", "chats", "chats('a')/members('b')"] {
            assert_eq!(Resource::parse(other), None, "{other}");
        }
    }

    proptest! {
        #[test]
        fn a_resource_is_read_as_written(team in "[a-z0-9-]{1,8}", channel in "19:[a-z0-9]{1,8}@thread\\.tacv2", message in "[0-9]{1,13}", reply in proptest::option::of("[0-9]{1,13}")) {
            let resource = Resource::ChannelMessage { team, channel, message, reply };
            prop_assert_eq!(Resource::parse(&resource.write()), Some(resource));
        }

        #[test]
        fn reading_a_resource_never_panics(text in "[a-z('/)0-9:é]{0,40}") {
            let _ = Resource::parse(&text);
        }
    }
}
