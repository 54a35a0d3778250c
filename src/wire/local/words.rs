//! Words while they are spoken or typed: captions and real-time text.
//!
//! Both come in turns. A turn is sent again and again, each time whole as it is by then,
//! under the same number; `isFinal` closes it, and the next words of that person begin
//! another. A final turn without words takes the turn back.

use std::fmt;

use serde::Deserialize;
use serde::Serialize;

use super::Person;

/// What somebody's own client says of their turn: `{"text":"so the budget","isFinal":false,"language":"en-GB"}`.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Words {
    pub text: String,
    pub is_final: bool,
    /// BCP 47, where it is known.
    #[serde(default)]
    pub language: Option<String>,
}

/// A person's turn as others get it. `id` numbers the turns of that person.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Turn {
    pub id: u64,
    pub person: Person,
    pub text: String,
    pub is_final: bool,
    #[serde(default)]
    pub language: Option<String>,
}

/// What is said is content, which no log may hold.
impl fmt::Debug for Words {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Words({} bytes)", self.text.len())
    }
}

impl fmt::Debug for Turn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Turn")
            .field("id", &self.id)
            .field("is_final", &self.is_final)
            .finish_non_exhaustive()
    }
}
