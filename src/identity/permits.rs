//! What a token gives leave for, as far as it or its answer tells.
//!
//! Only to say beforehand what would be refused: nothing is allowed by this. A token that tells
//! nothing forbids nothing.

use std::collections::BTreeSet;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Deserialize;

use crate::model::permission::Permission;
use crate::wire::entra::scope::Resource;
use crate::wire::entra::scope::Scope;

/// What was withheld and what was given, of everything that kind of token could give.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Permits {
    pub(super) given: BTreeSet<Permission>,
    pub(super) withheld: BTreeSet<Permission>,
}

impl Permits {
    /// By what the answer said, else by what is written in the token.
    pub(super) fn of(token: &str, told: Option<&str>) -> Self {
        if let Some(told) = told {
            return Self::graph(told).unwrap_or_default();
        }
        let Some(claims) = peek(token) else {
            return Self::default();
        };
        match (
            claims.acs_scope.as_deref(),
            claims.scp.as_ref().and_then(|scp| scp.as_str()),
        ) {
            (Some(scopes), _) => {
                let held: Vec<&str> = scopes.split(',').map(str::trim).collect();
                Self::split(ACS, |name| held.contains(&name))
            }
            (None, Some(scopes)) if claims.is_for_graph() => {
                Self::graph(scopes).unwrap_or_default()
            }
            (None, Some(_) | None) => Self::default(),
        }
    }

    /// `None` where the scopes are of something else.
    fn graph(scopes: &str) -> Option<Self> {
        let held: Vec<String> = Scope::list(scopes)
            .into_iter()
            .filter_map(|scope| match scope {
                Scope::Of(Resource::Graph, name) => Some(name),
                _ => None,
            })
            .collect();
        (!held.is_empty()).then(|| Self::split(GRAPH, |name| held.iter().any(|held| held == name)))
    }

    fn split(table: &[(Permission, &[&str])], held: impl Fn(&str) -> bool) -> Self {
        let mut permits = Self::default();
        for (permission, any_of) in table {
            if any_of.iter().any(|name| held(name)) {
                permits.given.insert(*permission);
            } else {
                permits.withheld.insert(*permission);
            }
        }
        permits
    }
}

#[derive(Deserialize)]
struct Claims {
    #[serde(default, rename = "acsScope")]
    acs_scope: Option<String>,
    /// A number in the tokens of a resource.
    #[serde(default)]
    scp: Option<serde_json::Value>,
    #[serde(default)]
    aud: Option<String>,
}

impl Claims {
    /// By its address, or by the number it has everywhere.
    fn is_for_graph(&self) -> bool {
        let aud = self.aud.as_deref().unwrap_or_default();
        aud.trim_end_matches('/') == Resource::Graph.audience() || aud == GRAPH_APP
    }
}

fn peek(token: &str) -> Option<Claims> {
    let payload = token.split('.').nth(1)?;
    let bytes = URL_SAFE_NO_PAD.decode(payload.trim_end_matches('=')).ok()?;
    serde_json::from_slice(&bytes).ok()
}

const GRAPH_APP: &str = "00000003-0000-0000-c000-000000000000";

/// Each with the scopes that give it (identity.md 1.8).
const ACS: &[(Permission, &[&str])] = &[
    (
        Permission::Chat,
        &["chat", "chat.join", "chat.join.limited"],
    ),
    (Permission::Call, &["voip", "voip.join"]),
];

/// The same of Graph (graph-chat.md 1).
const GRAPH: &[(Permission, &[&str])] = &[
    (
        Permission::ReadChats,
        &["Chat.Read", "Chat.ReadWrite", "ChatMessage.Read"],
    ),
    (
        Permission::SendMessages,
        &["ChatMessage.Send", "Chat.ReadWrite"],
    ),
    (Permission::ChangeChats, &["Chat.ReadWrite"]),
    (Permission::CreateChats, &["Chat.Create", "Chat.ReadWrite"]),
    (
        Permission::ChangeMembers,
        &["ChatMember.ReadWrite", "Chat.ReadWrite"],
    ),
    (Permission::FindPeople, &["People.Read"]),
    (Permission::SearchAll, &["Chat.Read"]),
    (Permission::SeePresence, &["Presence.Read.All"]),
    (Permission::SetPresence, &["Presence.ReadWrite"]),
    (
        Permission::FindMeetings,
        &["OnlineMeetings.Read", "OnlineMeetings.ReadWrite"],
    ),
    (Permission::ReadChannels, &["ChannelMessage.Read.All"]),
    (Permission::SendToChannels, &["ChannelMessage.Send"]),
    (Permission::ChangeInChannels, &["ChannelMessage.ReadWrite"]),
    (
        Permission::StoreFiles,
        &[
            "Files.ReadWrite",
            "Files.ReadWrite.All",
            "Sites.ReadWrite.All",
        ],
    ),
];

#[cfg(test)]
mod tests {
    use super::*;

    fn token(claims: &str) -> String {
        format!("e30.{}.c2ln", URL_SAFE_NO_PAD.encode(claims))
    }

    #[test]
    fn a_token_of_a_resource_says_whether_it_chats_and_calls() {
        let permits = Permits::of(&token(r#"{"scp":1792,"acsScope":"chat","exp":5}"#), None);
        assert_eq!(permits.given, BTreeSet::from([Permission::Chat]));
        assert_eq!(permits.withheld, BTreeSet::from([Permission::Call]));
        let both = Permits::of(&token(r#"{"acsScope":"chat, voip"}"#), None);
        assert!(both.withheld.is_empty());
    }

    #[test]
    fn a_graph_token_says_it_in_itself_or_in_its_answer() {
        let read_only =
            token(r#"{"scp":"User.Read Chat.Read","aud":"https://graph.microsoft.com"}"#);
        let permits = Permits::of(&read_only, None);
        assert!(permits.given.contains(&Permission::ReadChats));
        assert!(permits.given.contains(&Permission::SearchAll));
        assert!(permits.withheld.contains(&Permission::SendMessages));
        assert!(permits.withheld.contains(&Permission::SeePresence));
        let told = "https://graph.microsoft.com/ChatMessage.Send openid Chat.Read";
        let permits = Permits::of(&read_only, Some(told));
        assert!(permits.given.contains(&Permission::SendMessages));
        assert!(permits.withheld.contains(&Permission::ChangeChats));
    }

    #[test]
    fn who_tells_nothing_forbids_nothing() {
        // One of Entra's for the exchange is for calls, whatever its scopes are called.
        let other = token(
            r#"{"scp":"Teams.ManageCalls","aud":"https://auth.msft.communication.azure.com"}"#,
        );
        for token in ["opaque", "", &token("[]"), &other] {
            assert_eq!(Permits::of(token, None), Permits::default());
        }
        assert_eq!(
            Permits::of("opaque", Some("openid profile")),
            Permits::default()
        );
    }

    #[test]
    fn every_permission_is_given_by_some_scope() {
        let table = ACS.iter().chain(GRAPH);
        let given: BTreeSet<_> = table.map(|(permission, _)| *permission).collect();
        assert_eq!(given, BTreeSet::from(Permission::ALL));
    }
}
