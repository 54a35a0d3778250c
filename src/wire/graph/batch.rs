//! Several requests in one (`POST /$batch`): at most twenty, answered each for itself and in any order.
//!
//! Throttling counts every one of them (graph-chat.md 8).

use std::collections::BTreeMap;
use std::fmt;

use serde::Deserialize;
use serde::Serialize;
use serde_json::Value;

use super::or_default;

/// Below the version.
pub const PATH: &str = "/$batch";

/// More than these are refused as a whole.
pub const MOST: usize = 20;

#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct BatchRequest {
    pub requests: Vec<Step>,
}

#[derive(Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Step {
    /// Ours, by which its answer is found.
    pub id: String,
    pub method: String,
    /// Below the version.
    pub url: String,
    #[serde(
        default,
        deserialize_with = "or_default",
        skip_serializing_if = "BTreeMap::is_empty"
    )]
    pub headers: BTreeMap<String, String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub body: Option<Value>,
    /// Steps that must have worked before.
    #[serde(
        default,
        deserialize_with = "or_default",
        skip_serializing_if = "Vec::is_empty"
    )]
    pub depends_on: Vec<String>,
}

#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct BatchAnswer {
    pub responses: Vec<StepAnswer>,
}

#[derive(Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct StepAnswer {
    pub id: String,
    pub status: u16,
    #[serde(default, deserialize_with = "or_default")]
    pub headers: BTreeMap<String, String>,
    /// JSON as it is; other bytes in base64.
    #[serde(default)]
    pub body: Value,
}

impl StepAnswer {
    /// A header, whatever its case.
    pub fn header(&self, name: &str) -> Option<&str> {
        let mut headers = self.headers.iter();
        headers
            .find(|(key, _)| key.eq_ignore_ascii_case(name))
            .map(|(_, value)| value.as_str())
    }
}

/// What people wrote is not printed.
impl fmt::Debug for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Step({} {})", self.id, self.method)
    }
}

impl fmt::Debug for StepAnswer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "StepAnswer({} {})", self.id, self.status)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The form of the vendor's page "Combine multiple HTTP requests using JSON batching".
    const ASKED: &str = r#"{"requests":[
        {"id":"1","method":"GET","url":"/me/chats?$top=2"},
        {"id":"2","dependsOn":["1"],"method":"POST","url":"/chats/a/markChatReadForUser",
         "headers":{"Content-Type":"application/json"},"body":{"user":{"id":"u"}}}]}"#;
    const ANSWERED: &str = r#"{"responses":[
        {"id":"2","status":429,"headers":{"Retry-After":"7"},"body":{"error":{"code":"TooManyRequests"}}},
        {"id":"1","status":200,"headers":null,"body":{"value":[]}},
        {"id":"3","status":204}]}"#;

    #[test]
    fn requests_and_answers_are_read_and_written() {
        let asked: BatchRequest = serde_json::from_str(ASKED).unwrap();
        assert_eq!(asked.requests[1].depends_on, ["1"]);
        let again = serde_json::to_string(&asked).unwrap();
        assert_eq!(serde_json::from_str::<BatchRequest>(&again).unwrap(), asked);
        let answered: BatchAnswer = serde_json::from_str(ANSWERED).unwrap();
        assert_eq!(answered.responses[0].header("retry-after"), Some("7"));
        assert_eq!(answered.responses[2].body, Value::Null);
        let told = format!("{asked:?} {answered:?}");
        assert!(
            !told.contains("user") && !told.contains("TooMany"),
            "{told}"
        );
    }
}
