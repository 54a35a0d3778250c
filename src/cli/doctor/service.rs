//! The service, where one is set: whether it answers, and whether it has the same time as we.

use std::time::Duration;

use jiff::fmt::rfc2822;
use reqwest::Method;
use tokio::time;

use crate::cli::doctor::Context;
use crate::cli::doctor::Row;
use crate::cli::session;
use crate::clock::Clock;
use crate::clock::Timestamp;
use crate::config::tls::Tls;
use crate::identity::http::Error;
use crate::identity::http::Http;
use crate::identity::http::Request;
use crate::model::text;

pub(super) async fn answers(context: &Context) -> Vec<Row> {
    let Ok(config) = &context.config else {
        return vec![Row::note("not asked: the settings cannot be read")];
    };
    let account = context.account.as_ref();
    let of_account = account.and_then(|record| record.endpoint.as_ref());
    let of_account = of_account.map(ToString::to_string);
    let ca = account.and_then(|record| record.ca.clone());
    let Some(endpoint) = of_account.as_ref().or(config.endpoint.as_ref()) else {
        return vec![Row::ok("none is set; sidetone demo needs none")];
    };
    let url = match session::endpoint(endpoint) {
        Ok(url) => url,
        Err(error) => {
            let row = Row::problem(text::line(&error.to_string()));
            return vec![row.mend("set endpoint in the settings file to https://…")];
        }
    };
    let host = text::line(url.host_str().unwrap_or_default());
    let http = Http::new(Tls::new(config.ca.clone().or(ca)));
    let answer = time::timeout(PATIENCE, http.send(Request::new(Method::GET, url))).await;
    // Whatever it answers: it is there.
    match answer.unwrap_or(Err(Error::Timeout)) {
        Ok(answer) => {
            let date = answer.header("date").and_then(read);
            let mut rows = vec![Row::ok(format!("{host} answers"))];
            rows.extend(date.map(|theirs| clock(theirs, Clock.utc())));
            rows
        }
        Err(error @ (Error::Untrusted { .. } | Error::Tls(_))) => {
            let row = Row::problem(text::line(&error.to_string()));
            vec![row.mend("set ca in the settings file to the PEM file of its authority")]
        }
        Err(error) => {
            let row = Row::problem(format!("{host}: {}", text::line(&error.to_string())));
            vec![row.mend("check the network and the endpoint in the settings file")]
        }
    }
}

fn read(date: &str) -> Option<Timestamp> {
    let at = rfc2822::DateTimeParser::new().parse_timestamp(date).ok()?;
    Some(Timestamp::from_millis(at.as_millisecond()))
}

fn clock(theirs: Timestamp, ours: Timestamp) -> Row {
    let (ahead, behind) = (ours.seconds_since(theirs), theirs.seconds_since(ours));
    let off = ahead.max(behind);
    let way = if ahead > 0 { "ahead of" } else { "behind" };
    let text = format!("the clock of this machine is {off} seconds {way} the service's");
    let mend = "sudo timedatectl set-ntp true";
    match off {
        0..=NEAR => Row::ok("the clock of this machine agrees with the service's"),
        _ if off <= FAR => Row::note(text).mend(mend),
        // Tokens look expired, or not yet valid.
        _ => Row::problem(text).mend(mend),
    }
}

/// How long a service may take that is there.
const PATIENCE: Duration = Duration::from_secs(2);

/// Seconds that nobody notices: an answer is on its way for a while.
const NEAR: u64 = 5;

/// Seconds beyond which signed requests and tokens are refused.
const FAR: u64 = 300;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::doctor::Verdict;

    #[test]
    fn a_clock_is_judged_by_the_date_of_the_answer() {
        let theirs = read("Mon, 23 Nov 2026 10:02:00 GMT").unwrap();
        let at = |seconds: i64| {
            let ours = Timestamp::from_millis(theirs.as_millis() + 1000 * seconds);
            let row = clock(theirs, ours);
            (row.verdict, row.text)
        };
        assert_eq!(at(3).0, Verdict::Ok);
        assert_eq!(at(-60).0, Verdict::Note);
        assert!(at(-60).1.contains("60 seconds behind"));
        assert_eq!(at(600).0, Verdict::Problem);
        assert!(at(600).1.contains("600 seconds ahead of"));
        assert_eq!(read("soon"), None);
    }
}
