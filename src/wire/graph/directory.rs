//! People, presence, teams and channels.
//!
//! After the public reference of Graph v1.0, pages "Get a user", "List people",
//! "presence resource type", "presence: setUserPreferredPresence", "Get presences for multiple users",
//! "List joinedTeams", "List channels".

use serde::Deserialize;
use serde::Serialize;

use super::names;
use super::or_default;

/// `GET /me`, `GET /users/{id}`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct User {
    pub id: String,
    pub display_name: Option<String>,
    pub mail: Option<String>,
    pub user_principal_name: Option<String>,
    pub job_title: Option<String>,
}

/// A row of `GET /me/people`, the most relevant first.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct PersonFound {
    pub id: String,
    pub display_name: Option<String>,
    pub user_principal_name: Option<String>,
    pub job_title: Option<String>,
    #[serde(deserialize_with = "or_default")]
    pub scored_email_addresses: Vec<ScoredEmailAddress>,
    pub person_type: Option<PersonType>,
}

#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct ScoredEmailAddress {
    pub address: Option<String>,
    pub relevance_score: Option<f64>,
}

#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct PersonType {
    pub class: Option<String>,
    pub subclass: Option<String>,
}

names! {
    Availability {
        Offline = "Offline",
        Available = "Available",
        AvailableIdle = "AvailableIdle",
        Away = "Away",
        BeRightBack = "BeRightBack",
        Busy = "Busy",
        BusyIdle = "BusyIdle",
        DoNotDisturb = "DoNotDisturb",
        PresenceUnknown = "PresenceUnknown",
    }
}

/// `GET /me/presence`, `GET /users/{id}/presence`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct Presence {
    pub id: String,
    #[serde(deserialize_with = "or_default")]
    pub availability: Availability,
    #[serde(deserialize_with = "or_default")]
    pub activity: String,
}

/// `POST /users/{id}/presence/setUserPreferredPresence`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct PreferredPresence {
    pub availability: Availability,
    pub activity: String,
    /// ISO 8601; the service has a default.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub expiration_duration: Option<String>,
}

impl PreferredPresence {
    /// The activity that belongs to an availability; `None` for one that cannot be chosen.
    pub fn of(availability: Availability) -> Option<Self> {
        let activity = match &availability {
            Availability::Available
            | Availability::Busy
            | Availability::DoNotDisturb
            | Availability::BeRightBack
            | Availability::Away => availability.as_str(),
            Availability::Offline => "OffWork",
            Availability::AvailableIdle
            | Availability::BusyIdle
            | Availability::PresenceUnknown
            | Availability::Unknown(_) => return None,
        };
        Some(Self {
            activity: activity.to_owned(),
            availability,
            expiration_duration: None,
        })
    }
}

/// `POST /communications/getPresencesByUserId`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct PresencesOf {
    #[serde(deserialize_with = "or_default")]
    pub ids: Vec<String>,
}

/// A row of `GET /me/joinedTeams`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct Team {
    pub id: String,
    pub display_name: Option<String>,
    pub description: Option<String>,
}

/// A row of `GET /teams/{id}/channels`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct Channel {
    pub id: String,
    pub display_name: Option<String>,
    pub description: Option<String>,
    pub membership_type: Option<String>,
    pub web_url: Option<String>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_a_person_may_choose_is_a_preferred_presence() {
        let chosen = |availability| PreferredPresence::of(availability).map(|p| p.activity);
        assert_eq!(chosen(Availability::Busy).as_deref(), Some("Busy"));
        assert_eq!(chosen(Availability::Offline).as_deref(), Some("OffWork"));
        assert_eq!(chosen(Availability::BusyIdle), None);
    }

    #[test]
    fn presence_is_read_whatever_it_is_called() {
        let read: Presence = serde_json::from_str(
            r#"{"id":"a","availability":"Focusing","activity":null,"statusMessage":null}"#,
        )
        .unwrap();
        assert_eq!(read.availability.as_str(), "Focusing");
    }
}
