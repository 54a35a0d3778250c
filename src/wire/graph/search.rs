//! `POST /search/query` for messages (graph-chat.md 6).

use serde::Deserialize;
use serde::Serialize;

use crate::wire::acs::redacted::Redacted;

use super::message::ChannelIdentity;
use super::or_default;

#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct SearchRequests {
    #[serde(deserialize_with = "or_default")]
    pub requests: Vec<SearchRequest>,
}

#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct SearchRequest {
    #[serde(deserialize_with = "or_default")]
    pub entity_types: Vec<String>,
    pub query: SearchQuery,
    pub from: u32,
    pub size: u32,
    pub enable_top_results: bool,
}

pub const CHAT_MESSAGE: &str = "chatMessage";

#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct SearchQuery {
    pub query_string: Redacted,
}

impl SearchRequests {
    pub fn messages(words: &str, from: u32, size: u32) -> Self {
        let request = SearchRequest {
            entity_types: vec![CHAT_MESSAGE.to_owned()],
            query: SearchQuery {
                query_string: words.into(),
            },
            from,
            size,
            enable_top_results: false,
        };
        Self {
            requests: vec![request],
        }
    }
}

#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct SearchAnswers {
    #[serde(deserialize_with = "or_default")]
    pub value: Vec<SearchAnswer>,
}

#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct SearchAnswer {
    #[serde(deserialize_with = "or_default")]
    pub search_terms: Vec<Redacted>,
    #[serde(deserialize_with = "or_default")]
    pub hits_containers: Vec<HitsContainer>,
}

#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct HitsContainer {
    /// Of the page, not of all.
    pub total: u32,
    pub more_results_available: bool,
    #[serde(deserialize_with = "or_default")]
    pub hits: Vec<Hit>,
}

#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct Hit {
    #[serde(deserialize_with = "or_default")]
    pub hit_id: String,
    pub rank: u32,
    /// What was found stands between `<c0>` and `</c0>`.
    #[serde(deserialize_with = "or_default")]
    pub summary: Redacted,
    pub resource: Option<FoundMessage>,
}

/// A subset of a message: the body must be fetched by id.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct FoundMessage {
    #[serde(rename = "@odata.type", skip_serializing_if = "Option::is_none")]
    pub kind: Option<String>,
    pub id: String,
    pub created_date_time: Option<String>,
    pub last_modified_date_time: Option<String>,
    pub subject: Option<Redacted>,
    pub importance: Option<String>,
    pub web_link: Option<String>,
    pub chat_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub channel_identity: Option<ChannelIdentity>,
    pub from: Option<FoundSender>,
}

#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct FoundSender {
    pub email_address: Option<EmailAddress>,
}

#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct EmailAddress {
    pub name: Option<String>,
    pub address: Option<String>,
}

/// The words of a summary, without the marks around what was found.
pub fn plain(summary: &str) -> String {
    summary
        .replace("<c0>", "")
        .replace("</c0>", "")
        .replace("<ddd/>", "…")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// graph-chat.md 6.
    #[test]
    fn the_documented_answer_is_read() {
        let answers: SearchAnswers = serde_json::from_str(
            r##"{"value":[{"searchTerms":["invoice"],"hitsContainers":[{"total":1,"moreResultsAvailable":false,"hits":[
              {"hitId":"h","rank":1,"summary":"the <c0>invoice</c0> is late","resource":{"@odata.type":"#microsoft.graph.chatMessage",
               "id":"17","createdDateTime":"2026-11-23T08:00:00Z","chatId":"19:x@thread.v2",
               "from":{"emailAddress":{"name":"Ada","address":"ada@contoso.com"}}}}]}]}]}"##,
        )
        .unwrap();
        let hit = &answers.value[0].hits_containers[0].hits[0];
        assert_eq!(plain(&hit.summary), "the invoice is late");
        assert_eq!(hit.resource.as_ref().unwrap().id, "17");
        assert!(!format!("{answers:?}").contains("late"));
    }

    #[test]
    fn a_request_is_written_as_documented() {
        let request = SearchRequests::messages("invoice from:ada", 0, 25);
        assert_eq!(
            serde_json::to_string(&request).unwrap(),
            r#"{"requests":[{"entityTypes":["chatMessage"],"query":{"queryString":"invoice from:ada"},"from":0,"size":25,"enableTopResults":false}]}"#
        );
    }
}
