//! What was counted, added up by meeting, day or account.

use std::collections::BTreeMap;

use crate::clock::Timestamp;
use crate::clock::Zone;
use crate::history::Usage;
use crate::model::account::AccountId;
use crate::model::thread::ThreadId;
use crate::model::usage::CallUsage;
use crate::model::usage::Price;

/// What makes one line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum By {
    Meeting,
    /// The day on which a call began or a message was sent.
    Day,
    Account,
}

/// Calls and messages that belong together and are paid in one currency, or not paid at all.
#[derive(Debug, Clone, PartialEq)]
pub struct Line {
    /// The meeting's name, the day, or the account.
    pub name: String,
    pub account: Option<AccountId>,
    pub thread: Option<ThreadId>,
    pub first: Timestamp,
    pub last: Timestamp,
    pub calls: u64,
    /// Calls that have no end: they go on, or the program was killed.
    pub open: u64,
    /// Milliseconds: all of it, and what of it was lobby and hold.
    pub millis: u64,
    pub lobby: u64,
    pub hold: u64,
    pub messages: u64,
    /// Empty: nothing of it is metered.
    pub currency: String,
    pub cost: f64,
}

/// Group, then whether and how it is paid.
type Key = (String, String, String);

/// One line for each, by when it began.
pub fn lines(usage: &Usage, by: By, zone: &Zone) -> Vec<Line> {
    let mut groups: BTreeMap<Key, Line> = BTreeMap::new();
    for call in &usage.calls {
        let group = of_call(call, by, zone);
        let line = group.line(&mut groups, call.started, call.seen, &call.price);
        line.calls += 1;
        line.open += u64::from(!call.ended);
        line.millis += call.millis();
        line.lobby += call.lobby;
        line.hold += call.hold;
        line.cost += call.cost();
    }
    for message in &usage.messages {
        let group = Group::new(
            by,
            message.account.clone(),
            Some(&message.thread),
            &message.topic,
            zone.date(message.sent),
        );
        let line = group.line(&mut groups, message.sent, message.sent, &message.price);
        line.messages += 1;
        line.cost += message.price.times(1.0);
    }
    let mut lines: Vec<Line> = groups.into_values().collect();
    lines.sort_by_key(|line| line.first);
    lines
}

fn of_call(call: &CallUsage, by: By, zone: &Zone) -> Group {
    let day = zone.date(call.started);
    let mut group = Group::new(
        by,
        call.account.clone(),
        call.thread.as_ref(),
        &call.topic,
        day,
    );
    if by == By::Meeting && call.thread.is_none() {
        // Without a chat nobody knows whether two calls were of one meeting.
        group.key = format!("{} {}", call.run, call.started);
    }
    group
}

struct Group {
    key: String,
    name: String,
    account: Option<AccountId>,
    thread: Option<ThreadId>,
}

impl Group {
    fn new(
        by: By,
        account: AccountId,
        thread: Option<&ThreadId>,
        topic: &str,
        day: String,
    ) -> Self {
        match by {
            By::Meeting => Self {
                key: thread.map_or_else(String::new, |id| id.as_str().to_owned()),
                name: topic.to_owned(),
                account: Some(account),
                thread: thread.cloned(),
            },
            By::Day => Self {
                key: day.clone(),
                name: day,
                account: None,
                thread: None,
            },
            By::Account => Self {
                key: String::new(),
                name: account.as_str().to_owned(),
                account: Some(account),
                thread: None,
            },
        }
    }

    /// The line it belongs to, with that time in it.
    fn line<'a>(
        self,
        groups: &'a mut BTreeMap<Key, Line>,
        first: Timestamp,
        last: Timestamp,
        price: &Price,
    ) -> &'a mut Line {
        let account = self.account.as_ref().map_or("", AccountId::as_str);
        let key = (self.key, account.to_owned(), price.currency().to_owned());
        let line = groups.entry(key).or_insert_with(|| Line {
            name: String::new(),
            account: self.account,
            thread: self.thread,
            first,
            last,
            calls: 0,
            open: 0,
            millis: 0,
            lobby: 0,
            hold: 0,
            messages: 0,
            currency: price.currency().to_owned(),
            cost: 0.0,
        });
        line.first = line.first.min(first);
        line.last = line.last.max(last);
        // A meeting is called by its last name.
        if !self.name.is_empty() {
            line.name = self.name;
        }
        line
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::message::MessageId;
    use crate::model::usage::MessageUsage;

    fn price(amount: f64) -> Price {
        Price::Metered {
            amount,
            currency: "USD".to_owned(),
            as_of: "2026-11-23".to_owned(),
        }
    }

    fn at(text: &str) -> Timestamp {
        Timestamp::parse(text).unwrap()
    }

    fn call(
        account: &str,
        thread: Option<&str>,
        start: &str,
        minutes: i64,
        price: Price,
    ) -> CallUsage {
        let started = at(start);
        CallUsage {
            run: "run".to_owned(),
            account: AccountId::new(account),
            started,
            seen: Timestamp::from_millis(started.as_millis() + minutes * 60_000),
            ended: minutes != 7,
            lobby: 60_000,
            hold: 0,
            thread: thread.map(ThreadId::new),
            topic: thread.unwrap_or_default().to_owned(),
            price,
        }
    }

    fn message(thread: &str, sent: &str, price: Price) -> MessageUsage {
        MessageUsage {
            account: AccountId::new("external:ada"),
            thread: ThreadId::new(thread),
            message: MessageId::new(sent),
            topic: thread.to_owned(),
            sent: at(sent),
            price,
        }
    }

    fn told(lines: &[Line]) -> Vec<(String, u64, u64, String)> {
        let told = lines.iter().map(|line| {
            let cost = format!("{:.4} {}", line.cost, line.currency);
            (line.name.clone(), line.millis / 60_000, line.messages, cost)
        });
        told.collect()
    }

    fn usage() -> Usage {
        Usage {
            calls: vec![
                call(
                    "external:ada",
                    Some("design"),
                    "2026-11-23T10:00:00Z",
                    30,
                    price(0.004),
                ),
                call(
                    "teams:ada",
                    Some("design"),
                    "2026-11-23T23:50:00Z",
                    20,
                    price(0.004),
                ),
                call(
                    "external:ada",
                    None,
                    "2026-11-24T09:00:00Z",
                    7,
                    price(0.004),
                ),
                call(
                    "external:ada",
                    Some("demo"),
                    "2026-11-24T12:00:00Z",
                    60,
                    Price::NotMetered,
                ),
            ],
            messages: vec![
                message("design", "2026-11-23T10:01:00Z", price(0.0008)),
                message("design", "2026-11-23T10:02:00Z", price(0.0008)),
                message("design", "2026-11-24T00:00:00Z", price(0.0008)),
            ],
        }
    }

    #[test]
    fn a_meeting_is_added_up_for_each_account_and_what_is_not_metered_stands_apart() {
        let lines = lines(&usage(), By::Meeting, &Zone::UTC);
        let expected = [
            ("design", 30, 3, "0.1224 USD"),
            ("design", 20, 0, "0.0800 USD"),
            ("", 7, 0, "0.0280 USD"),
            ("demo", 60, 0, "0.0000 "),
        ];
        let expected = expected
            .map(|(name, minutes, sent, cost)| (name.to_owned(), minutes, sent, cost.to_owned()));
        assert_eq!(told(&lines), expected);
        assert_eq!(
            lines.iter().map(|l| l.open).collect::<Vec<_>>(),
            [0, 0, 1, 0]
        );
    }

    #[test]
    fn a_call_belongs_to_the_day_on_which_it_began() {
        let lines = lines(&usage(), By::Day, &Zone::UTC);
        let expected = [
            ("2026-11-23", 50, 2, "0.2016 USD"),
            ("2026-11-24", 7, 1, "0.0288 USD"),
            ("2026-11-24", 60, 0, "0.0000 "),
        ];
        let expected = expected
            .map(|(name, minutes, sent, cost)| (name.to_owned(), minutes, sent, cost.to_owned()));
        assert_eq!(told(&lines), expected);
    }

    #[test]
    fn an_account_is_added_up_over_everything() {
        let lines = lines(&usage(), By::Account, &Zone::UTC);
        let minutes = told(&lines)
            .into_iter()
            .map(|(name, minutes, ..)| (name, minutes));
        let minutes: Vec<_> = minutes.collect();
        let expected = [
            ("external:ada", 37),
            ("teams:ada", 20),
            ("external:ada", 60),
        ];
        let expected = expected.map(|(name, minutes)| (name.to_owned(), minutes));
        assert_eq!(minutes, expected);
        assert_eq!(lines[0].lobby, 120_000);
    }
}
