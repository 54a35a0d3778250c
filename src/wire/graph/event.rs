//! What system messages tell: `eventDetail`.

use serde::Deserialize;
use serde::Serialize;

use crate::wire::acs::redacted::Redacted;

use super::message::Identity;
use super::message::IdentitySet;
use super::or_default;

/// One value for every type; each uses some of the members.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct EventMessageDetail {
    #[serde(rename = "@odata.type")]
    pub kind: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub call_id: Option<String>,
    /// ISO 8601.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub call_duration: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub call_event_type: Option<String>,
    #[serde(deserialize_with = "or_default", skip_serializing_if = "Vec::is_empty")]
    pub call_participants: Vec<CallParticipant>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub call_recording_display_name: Option<Redacted>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub call_recording_url: Option<Redacted>,
    /// `initial`, `chunkFinished`, `success` or `failure`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub call_recording_status: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub chat_display_name: Option<Redacted>,
    #[serde(deserialize_with = "or_default", skip_serializing_if = "Vec::is_empty")]
    pub members: Vec<Identity>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub meeting_chat_enabled: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub initiator: Option<IdentitySet>,
}

#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct CallParticipant {
    pub participant: Option<IdentitySet>,
}

impl EventMessageDetail {
    pub fn of(name: &str) -> Self {
        Self {
            kind: format!("#microsoft.graph.{name}EventMessageDetail"),
            ..Self::default()
        }
    }

    /// `callEnded` of `#microsoft.graph.callEndedEventMessageDetail`; anything else as it is.
    pub fn name(&self) -> &str {
        let short = self.kind.strip_prefix("#microsoft.graph.");
        short
            .and_then(|name| name.strip_suffix("EventMessageDetail"))
            .unwrap_or(&self.kind)
    }

    /// Whole seconds of the call, where it is told in hours, minutes and seconds.
    pub fn duration_seconds(&self) -> Option<u64> {
        duration_seconds(self.call_duration.as_deref()?)
    }
}

/// `PT1H31M12.5S`; days, months and years are not used for calls.
fn duration_seconds(text: &str) -> Option<u64> {
    let mut rest = text.strip_prefix("PT")?;
    let mut seconds = 0_u64;
    for (unit, factor) in [('H', 3600), ('M', 60), ('S', 1)] {
        let Some(at) = rest.find(unit) else { continue };
        let whole = rest[..at].split('.').next()?;
        let number: u64 = whole.parse().ok()?;
        seconds = seconds.checked_add(number.checked_mul(factor)?)?;
        rest = &rest[at + 1..];
    }
    rest.is_empty().then_some(seconds)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// graph-chat.md 5.
    #[test]
    fn the_end_of_a_call_is_read() {
        let detail: EventMessageDetail = serde_json::from_str(
            r##"{ "@odata.type": "#microsoft.graph.callEndedEventMessageDetail", "callId": "c",
                "callDuration": "PT31M12S", "callEventType": "meeting",
                "callParticipants": [ { "participant": { "application": null, "device": null,
                    "user": { "id": "a", "displayName": "Ada", "userIdentityType": "aadUser" } } } ],
                "initiator": { "user": { "id": "a", "displayName": null, "userIdentityType": "aadUser" } } }"##,
        )
        .unwrap();
        assert_eq!(detail.name(), "callEnded");
        assert_eq!(detail.duration_seconds(), Some(1872));
        assert_eq!(detail.call_participants.len(), 1);
        let again = serde_json::to_string(&detail).unwrap();
        assert_eq!(
            serde_json::from_str::<EventMessageDetail>(&again).unwrap(),
            detail
        );
    }

    #[test]
    fn a_length_is_read_in_hours_minutes_and_seconds() {
        assert_eq!(duration_seconds("PT1H0M5.5S"), Some(3605));
        assert_eq!(duration_seconds("PT0S"), Some(0));
        for odd in ["", "P1D", "PT", "PTxS", "PT5S3M", "PT-1S"] {
            let read = duration_seconds(odd);
            assert!(read.is_none() || odd == "PT", "{odd}");
        }
    }

    proptest! {
        #[test]
        fn reading_a_length_never_panics(text in "P?T?[0-9HMS.]{0,30}") {
            let _ = duration_seconds(&text);
        }
    }
}
