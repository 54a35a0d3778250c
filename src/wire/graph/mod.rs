//! Microsoft Graph v1.0 as values: chats, messages, people, and the queries that ask for them.
//!
//! Used by the client and by the embedded service alike. Reading is lenient (unknown members
//! are skipped, `null` counts as absent, unknown names are kept); what the service answers
//! writes `null` for what is absent, as the vendor does; requests leave it out.

pub mod batch;
pub mod chat;
pub mod directory;
pub mod drive;
pub mod error;
pub mod event;
pub mod meeting;
pub mod message;
pub mod query;
pub mod sealed;
pub mod search;
pub mod subscription;

use serde::Deserialize;
use serde::Deserializer;
use serde::Serialize;

/// Every path begins with it.
pub const VERSION: &str = "/v1.0";

/// Without this value of `Prefer` newer names of enumerations arrive as `unknownFutureValue`.
pub const PREFER_UNKNOWN: &str = "include-unknown-enum-members";

/// One page of a list. The link is opaque: it is followed as it is, or not at all.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(bound(deserialize = "T: Deserialize<'de>"))]
pub struct Page<T> {
    #[serde(
        rename = "@odata.context",
        default,
        skip_serializing_if = "Option::is_none"
    )]
    pub context: Option<String>,
    #[serde(
        rename = "@odata.nextLink",
        default,
        skip_serializing_if = "Option::is_none"
    )]
    pub next_link: Option<String>,
    #[serde(default = "Vec::new")]
    pub value: Vec<T>,
}

/// Reads `null` like an absent member.
fn or_default<'de, D, T>(from: D) -> Result<T, D::Error>
where
    D: Deserializer<'de>,
    T: Default + Deserialize<'de>,
{
    Option::<T>::deserialize(from).map(Option::unwrap_or_default)
}

/// An enumeration of the vendor's; what is not known is kept by name.
macro_rules! names {
    ($(#[$about:meta])* $name:ident { $first:ident = $first_word:literal, $($variant:ident = $word:literal),* $(,)? }) => {
        $(#[$about])*
        #[derive(Debug, Clone, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
        #[serde(from = "String", into = "String")]
        pub enum $name {
            #[default]
            $first,
            $($variant,)*
            Unknown(String),
        }

        impl $name {
            pub fn as_str(&self) -> &str {
                match self {
                    Self::$first => $first_word,
                    $(Self::$variant => $word,)*
                    Self::Unknown(name) => name,
                }
            }
        }

        impl From<String> for $name {
            fn from(name: String) -> Self {
                match name.as_str() {
                    $first_word => Self::$first,
                    $($word => Self::$variant,)*
                    _ => Self::Unknown(name),
                }
            }
        }

        impl From<$name> for String {
            fn from(name: $name) -> Self {
                name.as_str().to_owned()
            }
        }
    };
}
use names;
