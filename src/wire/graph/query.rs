//! The `OData` queries of chats and messages, as they are written and as they are read.
//!
//! Values are percent-encoded when written; [`Pairs`] reads them decoded.

use std::fmt;

use percent_encoding::AsciiSet;
use percent_encoding::NON_ALPHANUMERIC;
use percent_encoding::percent_decode_str;
use percent_encoding::utf8_percent_encode;

/// Largest page of chats and of messages.
pub const MOST: u32 = 50;

/// Why a query is answered with 400.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BadQuery {
    #[error("the limit of '50' for Top query has been exceeded")]
    Top,
    #[error("the query specified in the URI is not valid: $orderby {0} is not supported")]
    OrderBy(String),
    #[error("the query specified in the URI is not valid: $filter {0} is not supported")]
    Filter(String),
    #[error("the query specified in the URI is not valid: $expand {0} is not supported")]
    Expand(String),
}

/// The parameters of a request, decoded.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Pairs(Vec<(String, String)>);

impl Pairs {
    pub fn parse(query: &str) -> Self {
        let decode = |text: &str| {
            let text = text.replace('+', " ");
            percent_decode_str(&text).decode_utf8_lossy().into_owned()
        };
        let pairs = query.split('&').filter(|pair| !pair.is_empty());
        Self(
            pairs
                .map(|pair| {
                    let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
                    (decode(name), decode(value))
                })
                .collect(),
        )
    }

    /// With or without the dollar sign: the service takes both.
    pub fn option(&self, name: &str) -> Option<&str> {
        let same = |key: &str| {
            key.strip_prefix('$')
                .unwrap_or(key)
                .eq_ignore_ascii_case(name)
        };
        let found = self.0.iter().find(|(key, _)| same(key));
        found.map(|(_, value)| value.as_str())
    }

    pub fn top(&self) -> Result<Option<u32>, BadQuery> {
        let Some(top) = self.option("top") else {
            return Ok(None);
        };
        match top.trim().parse() {
            Ok(top @ 1..=MOST) => Ok(Some(top)),
            _ => Err(BadQuery::Top),
        }
    }
}

/// A property that messages are sorted and filtered by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Property {
    LastModified,
    Created,
}

impl Property {
    const fn name(self) -> &'static str {
        match self {
            Self::LastModified => "lastModifiedDateTime",
            Self::Created => "createdDateTime",
        }
    }

    fn read(name: &str) -> Option<Self> {
        [Self::LastModified, Self::Created]
            .into_iter()
            .find(|property| property.name() == name)
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Comparison {
    After,
    Before,
}

/// `lastModifiedDateTime gt 2026-…`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Condition {
    pub property: Property,
    pub comparison: Comparison,
    /// RFC 3339 in UTC.
    pub time: String,
}

/// `GET /chats/{id}/messages`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct MessagesQuery {
    pub top: Option<u32>,
    pub order: Option<Property>,
    pub filter: Vec<Condition>,
}

impl MessagesQuery {
    /// Newest first, and nothing left out between them: what was changed lately may be very old.
    pub fn newest() -> Self {
        Self::sorted(Property::Created, Comparison::Before, None)
    }

    /// Newest changes first; with a time, only those after it. Order and filter always name the same property.
    pub fn modified_after(time: Option<&str>) -> Self {
        Self::sorted(Property::LastModified, Comparison::After, time)
    }

    /// Newest first, all of them older than a time.
    pub fn created_before(time: &str) -> Self {
        Self::sorted(Property::Created, Comparison::Before, Some(time))
    }

    fn sorted(property: Property, comparison: Comparison, time: Option<&str>) -> Self {
        let condition = |time: &str| Condition {
            property,
            comparison,
            time: time.to_owned(),
        };
        Self {
            top: Some(MOST),
            order: Some(property),
            filter: time.map(condition).into_iter().collect(),
        }
    }

    pub fn parse(query: &str) -> Result<Self, BadQuery> {
        let pairs = Pairs::parse(query);
        let order = pairs.option("orderby").map(order_by).transpose()?;
        let filter = match pairs.option("filter") {
            Some(filter) => filter
                .split(" and ")
                .map(condition)
                .collect::<Result<_, _>>()?,
            None => Vec::new(),
        };
        Ok(Self {
            top: pairs.top()?,
            order,
            filter,
        })
    }

    /// The conditions the service heeds: it silently ignores a filter unless the order names the same property.
    pub fn heeded(&self) -> impl Iterator<Item = &Condition> {
        let order = self.order;
        let same = move |c: &&Condition| order == Some(c.property);
        self.filter.iter().filter(same)
    }
}

/// As it stands behind the question mark.
impl fmt::Display for MessagesQuery {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut parts = Vec::new();
        parts.extend(self.top.map(|top| format!("$top={top}")));
        parts.extend(self.order.map(|p| format!("$orderby={}%20desc", p.name())));
        if !self.filter.is_empty() {
            let conditions: Vec<String> = self.filter.iter().map(written).collect();
            parts.push(format!("$filter={}", encoded(&conditions.join(" and "))));
        }
        f.write_str(&parts.join("&"))
    }
}

fn order_by(text: &str) -> Result<Property, BadQuery> {
    let mut words = text.split_whitespace();
    let property = words.next().and_then(Property::read);
    match (property, words.next(), words.next()) {
        (Some(property), Some("desc"), None) => Ok(property),
        _ => Err(BadQuery::OrderBy(text.to_owned())),
    }
}

fn condition(text: &str) -> Result<Condition, BadQuery> {
    let wrong = || BadQuery::Filter(text.to_owned());
    let words: Vec<&str> = text.split_whitespace().collect();
    let [property, comparison, time] = words[..] else {
        return Err(wrong());
    };
    let property = Property::read(property).ok_or_else(wrong)?;
    let comparison = match (comparison, property) {
        ("gt", Property::LastModified) => Comparison::After,
        ("lt", _) => Comparison::Before,
        _ => return Err(wrong()),
    };
    Ok(Condition {
        property,
        comparison,
        time: time.to_owned(),
    })
}

fn written(condition: &Condition) -> String {
    let comparison = match condition.comparison {
        Comparison::After => "gt",
        Comparison::Before => "lt",
    };
    format!(
        "{} {comparison} {}",
        condition.property.name(),
        condition.time
    )
}

/// `GET /me/chats`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ChatsQuery {
    pub top: Option<u32>,
    pub preview: bool,
    pub members: bool,
    /// By the newest message, the most recent first.
    pub by_preview: bool,
    /// `chatType eq '…'` or `topic eq '…'`.
    pub filter: Option<(ChatProperty, String)>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ChatProperty {
    ChatType,
    Topic,
}

const BY_PREVIEW: &str = "lastMessagePreview/createdDateTime";

impl ChatsQuery {
    /// What the list of chats shows.
    pub fn recent() -> Self {
        Self {
            top: Some(MOST),
            preview: true,
            members: true,
            by_preview: true,
            filter: None,
        }
    }

    pub fn parse(query: &str) -> Result<Self, BadQuery> {
        let pairs = Pairs::parse(query);
        let mut read = Self {
            top: pairs.top()?,
            ..Self::default()
        };
        for expanded in pairs.option("expand").unwrap_or_default().split(',') {
            match expanded.trim() {
                "" => {}
                "lastMessagePreview" => read.preview = true,
                "members" => read.members = true,
                other => return Err(BadQuery::Expand(other.to_owned())),
            }
        }
        if let Some(order) = pairs.option("orderby") {
            let words: Vec<&str> = order.split_whitespace().collect();
            // Only so, and only where it is expanded.
            read.by_preview = words == [BY_PREVIEW, "desc"] && read.preview;
            if !read.by_preview {
                return Err(BadQuery::OrderBy(order.to_owned()));
            }
        }
        read.filter = pairs.option("filter").map(chat_filter).transpose()?;
        Ok(read)
    }
}

fn chat_filter(text: &str) -> Result<(ChatProperty, String), BadQuery> {
    let wrong = || BadQuery::Filter(text.to_owned());
    let (property, literal) = text.split_once(" eq ").ok_or_else(wrong)?;
    let property = match property.trim() {
        "chatType" => ChatProperty::ChatType,
        "topic" => ChatProperty::Topic,
        _ => return Err(wrong()),
    };
    Ok((property, unquoted(literal).ok_or_else(wrong)?))
}

impl fmt::Display for ChatsQuery {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut parts = Vec::new();
        let expanded: Vec<&str> = [
            (self.preview, "lastMessagePreview"),
            (self.members, "members"),
        ]
        .into_iter()
        .filter_map(|(on, name)| on.then_some(name))
        .collect();
        if !expanded.is_empty() {
            parts.push(format!("$expand={}", expanded.join(",")));
        }
        parts.extend(self.top.map(|top| format!("$top={top}")));
        if self.by_preview {
            parts.push(format!("$orderby={BY_PREVIEW}%20desc"));
        }
        if let Some((property, value)) = &self.filter {
            let property = match property {
                ChatProperty::ChatType => "chatType",
                ChatProperty::Topic => "topic",
            };
            let filter = format!("{property} eq {}", quoted(value));
            parts.push(format!("$filter={}", encoded(&filter)));
        }
        f.write_str(&parts.join("&"))
    }
}

/// `$filter` of `GET /me/onlineMeetings`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum MeetingFilter {
    JoinWebUrl(String),
    JoinMeetingId(String),
}

impl MeetingFilter {
    pub fn parse(query: &str) -> Result<Self, BadQuery> {
        let pairs = Pairs::parse(query);
        let filter = pairs.option("filter").unwrap_or_default();
        let wrong = || BadQuery::Filter(filter.to_owned());
        let (property, literal) = filter.split_once(" eq ").ok_or_else(wrong)?;
        let value = unquoted(literal).ok_or_else(wrong)?;
        match property.trim().to_ascii_lowercase().as_str() {
            "joinweburl" => Ok(Self::JoinWebUrl(value)),
            "joinmeetingidsettings/joinmeetingid" => Ok(Self::JoinMeetingId(value)),
            _ => Err(wrong()),
        }
    }
}

impl fmt::Display for MeetingFilter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let filter = match self {
            Self::JoinWebUrl(url) => format!("JoinWebUrl eq {}", quoted(url)),
            Self::JoinMeetingId(id) => {
                format!("joinMeetingIdSettings/joinMeetingId eq {}", quoted(id))
            }
        };
        write!(f, "$filter={}", encoded(&filter))
    }
}

/// `$search="…"` of `GET /me/people`, with the quotes inside doubled away.
pub fn people_search(words: &str) -> String {
    let words = words.replace(['"', '\\'], " ");
    format!("$search={}", encoded(&format!("\"{words}\"")))
}

/// A literal, its quotes doubled.
fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}

fn unquoted(literal: &str) -> Option<String> {
    let inner = literal.trim().strip_prefix('\'')?.strip_suffix('\'')?;
    let whole = inner.replace("''", "");
    (!whole.contains('\'')).then(|| inner.replace("''", "'"))
}

fn encoded(value: &str) -> String {
    utf8_percent_encode(value, VALUE).to_string()
}

/// An id as one segment of a path.
pub fn segment(id: &str) -> String {
    utf8_percent_encode(id, VALUE).to_string()
}

const VALUE: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'_')
    .remove(b'.')
    .remove(b'~');

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// graph-chat.md 3.1.
    #[test]
    fn the_documented_queries_are_read() {
        let query = "$top=50&$orderby=lastModifiedDateTime desc&$filter=lastModifiedDateTime gt 2026-11-23T08:00:00.000Z";
        let read = MessagesQuery::parse(query).unwrap();
        assert_eq!(
            read,
            MessagesQuery::modified_after(Some("2026-11-23T08:00:00.000Z"))
        );
        let query = "$top=50&$orderby=createdDateTime%20desc&$filter=createdDateTime%20lt%202026-11-20T00:00:00Z";
        let read = MessagesQuery::parse(query).unwrap();
        assert_eq!(read, MessagesQuery::created_before("2026-11-20T00:00:00Z"));
    }

    #[test]
    fn a_filter_without_its_order_is_not_heeded() {
        for trap in [
            "$filter=lastModifiedDateTime gt 2026-11-23T08:00:00Z",
            "$orderby=createdDateTime desc&$filter=lastModifiedDateTime gt 2026-11-23T08:00:00Z",
        ] {
            let read = MessagesQuery::parse(trap).unwrap();
            assert_eq!(read.heeded().count(), 0, "{trap}");
        }
    }

    #[test]
    fn what_the_service_refuses_is_refused() {
        for (query, refused) in [
            ("$top=51", BadQuery::Top),
            ("$top=0", BadQuery::Top),
            (
                "$orderby=createdDateTime asc",
                BadQuery::OrderBy("createdDateTime asc".to_owned()),
            ),
            (
                "$filter=createdDateTime gt 2026-11-23T08:00:00Z",
                BadQuery::Filter("createdDateTime gt 2026-11-23T08:00:00Z".to_owned()),
            ),
        ] {
            assert_eq!(MessagesQuery::parse(query), Err(refused), "{query}");
        }
        let unexpanded = "$orderby=lastMessagePreview/createdDateTime desc";
        assert!(ChatsQuery::parse(unexpanded).is_err());
    }

    /// graph-chat.md 4: the address is encoded once, quotes are doubled.
    #[test]
    fn a_join_link_is_found_again_in_its_filter() {
        let url = "https://teams.microsoft.com/l/meetup-join/19%3ameeting_x%40thread.v2/0?context=%7b%22a%22%7d&o'b";
        let filter = MeetingFilter::JoinWebUrl(url.to_owned());
        let written = filter.to_string();
        assert!(written.starts_with("$filter=JoinWebUrl%20eq%20%27https%3A"));
        assert_eq!(MeetingFilter::parse(&written), Ok(filter));
    }

    proptest! {
        #[test]
        fn a_query_of_messages_is_read_as_written(top in proptest::option::of(1_u32..=50), order in proptest::option::of(prop_oneof![Just(Property::LastModified), Just(Property::Created)]), time in proptest::option::of("20[0-9]{2}-01-01T00:00:00Z")) {
            let filter = time.into_iter().map(|time| Condition { property: order.unwrap_or(Property::Created), comparison: Comparison::Before, time }).collect();
            let query = MessagesQuery { top, order, filter };
            prop_assert_eq!(MessagesQuery::parse(&query.to_string()), Ok(query));
        }

        #[test]
        fn a_query_of_chats_is_read_as_written(topic in proptest::option::of("[a-z' &=+é]{0,12}"), members: bool) {
            let query = ChatsQuery { members, filter: topic.map(|t| (ChatProperty::Topic, t)), ..ChatsQuery::recent() };
            prop_assert_eq!(ChatsQuery::parse(&query.to_string()), Ok(query));
        }

        #[test]
        fn reading_a_query_never_panics(query in "[$a-zA-Z=& '%0-9]{0,60}") {
            let _ = MessagesQuery::parse(&query);
            let _ = ChatsQuery::parse(&query);
            let _ = MeetingFilter::parse(&query);
        }
    }
}
