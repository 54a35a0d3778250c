//! Pages: how much, from where, and the link to the next one, which carries everything it needs.

use axum::http::Uri;
use percent_encoding::AsciiSet;
use percent_encoding::NON_ALPHANUMERIC;
use percent_encoding::utf8_percent_encode;

use crate::clock::Timestamp;
use crate::service::http;
use crate::service::http::Call;
use crate::service::store::Refusal;
use crate::wire::acs::chat::Page;

/// What a list was asked for.
pub(super) struct Asked {
    pub(super) size: usize,
    pub(super) since: Option<Timestamp>,
    /// Where an earlier page ended: opaque to clients.
    pub(super) after: Option<u64>,
    pub(super) skip: usize,
}

impl Asked {
    pub(super) fn read(uri: &Uri, most: usize) -> Result<Self, Refusal> {
        let number = |name: &str| match http::query(uri, name) {
            None => Ok(None),
            Some(text) => text
                .parse::<usize>()
                .map(Some)
                .map_err(|_| invalid(name, &text)),
        };
        let size = match number("maxPageSize")? {
            None => most.min(DEFAULT_SIZE),
            Some(0) => return Err(invalid("maxPageSize", "0")),
            Some(size) => size.min(most),
        };
        let since = match http::query(uri, "startTime") {
            None => None,
            Some(text) => Some(Timestamp::parse(&text).ok_or_else(|| invalid("startTime", &text))?),
        };
        let after = match http::query(uri, "syncState") {
            None => None,
            Some(text) => {
                let read = u64::from_str_radix(&text, 16);
                Some(read.map_err(|_| invalid("syncState", &text))?)
            }
        };
        Ok(Self {
            size,
            since,
            after,
            skip: number("skip")?.unwrap_or(0),
        })
    }

    /// One page of a list that can be counted through, and the link to the one after it.
    pub(super) fn cut<T>(&self, call: &Call, path: &str, all: Vec<T>) -> Page<T> {
        let more = all.len() > self.skip.saturating_add(self.size);
        let value = all.into_iter().skip(self.skip).take(self.size).collect();
        let next = self.skip.saturating_add(self.size);
        Page {
            value,
            next_link: more.then(|| self.link(call, path, &format!("skip={next}"))),
        }
    }

    /// The address of the next page, absolute on the origin the client used.
    pub(super) fn link(&self, call: &Call, path: &str, from: &str) -> String {
        let origin = &call.base.0;
        let since = self.since.map_or_else(String::new, |since| {
            let since = since.to_string();
            format!(
                "&startTime={}",
                utf8_percent_encode(&since, NON_ALPHANUMERIC)
            )
        });
        let (size, version) = (self.size, &call.api_version);
        format!("{origin}{path}?{from}{since}&maxPageSize={size}&api-version={version}")
    }
}

fn invalid(name: &str, value: &str) -> Refusal {
    Refusal::Invalid(format!("Value for {name} ({value}) is not valid."))
}

/// A thread id as the cloud writes it into links and locations: `:` encoded, `@` not.
pub(super) fn in_path(thread: &str) -> String {
    utf8_percent_encode(thread, IN_PATH).to_string()
}

const IN_PATH: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'@')
    .remove(b'.')
    .remove(b'-')
    .remove(b'_');
/// What a list without `maxPageSize` gives.
const DEFAULT_SIZE: usize = 100;
