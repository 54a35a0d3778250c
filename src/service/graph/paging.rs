//! Pages: a link to the next one is a token that means something to us alone.

use std::collections::BTreeMap;

use axum::http::Uri;

use crate::wire::graph::query::MOST;
use crate::wire::graph::query::Pairs;

use super::caller::Caller;
use super::failure::Failure;

/// What is left of the lists somebody has begun to read.
#[derive(Default)]
pub(super) struct Cursors {
    begun: u64,
    left: BTreeMap<u64, Left>,
}

struct Left {
    token: String,
    user: String,
    ids: Vec<String>,
    top: usize,
}

/// One page of ids, and the link to the next.
pub(super) struct Slice {
    pub(super) ids: Vec<String>,
    pub(super) next: Option<String>,
}

impl Cursors {
    /// The page the address asks for: the first of `all`, or the one its token stands for.
    pub(super) fn page(
        &mut self,
        caller: &Caller,
        uri: &Uri,
        top: Option<u32>,
        all: impl FnOnce() -> Vec<String>,
    ) -> Result<Slice, Failure> {
        let query = uri.query().unwrap_or_default();
        let (mut ids, top) = if let Some(token) = Pairs::parse(query).option("skiptoken") {
            self.take(caller, token)?
        } else {
            let top = top.unwrap_or(DEFAULT).min(MOST);
            (all(), usize::try_from(top).unwrap_or(20))
        };
        let rest = ids.split_off(ids.len().min(top));
        let next = (!rest.is_empty()).then(|| self.keep(caller, uri, rest, top));
        Ok(Slice { ids, next })
    }

    /// May be followed again: a client that lost an answer asks once more.
    fn take(&self, caller: &Caller, token: &str) -> Result<(Vec<String>, usize), Failure> {
        let mine = |left: &&Left| left.token == token && left.user == caller.user.id;
        let left = self.left.values().find(mine);
        let left = left.ok_or_else(|| Failure::bad("Invalid skip token."))?;
        Ok((left.ids.clone(), left.top))
    }

    fn keep(&mut self, caller: &Caller, uri: &Uri, ids: Vec<String>, top: usize) -> String {
        let token = uuid::Uuid::new_v4().simple().to_string();
        let query = uri.query().unwrap_or_default().split('&');
        let mut query: Vec<&str> = query.filter(|pair| !pair.contains("skiptoken=")).collect();
        let token_pair = format!("$skiptoken={token}");
        query.push(&token_pair);
        let query = query.join("&");
        let link = format!(
            "{}{}?{}",
            caller.base,
            uri.path(),
            query.trim_start_matches('&')
        );
        self.begun += 1;
        self.left.insert(
            self.begun,
            Left {
                token,
                user: caller.user.id.clone(),
                ids,
                top,
            },
        );
        while self.left.len() > MOST_CURSORS {
            self.left.pop_first();
        }
        link
    }
}

const DEFAULT: u32 = 20;
const MOST_CURSORS: usize = 1000;
