//! Killed in the middle of sign-ins, again and again: no mapping is lost, no invitation is used twice.

use std::collections::HashMap;
use std::time::Duration;

use rustix::process::Signal;
use serde_json::json;

use crate::support::Browser;
use crate::support::TokenService;
use crate::support::external;
use crate::support::host;

/// How often; `SIDETONE_KILLS` says otherwise.
const KILLS: usize = 100;

#[tokio::test(flavor = "multi_thread")]
async fn killing_it_loses_no_mapping_and_lets_no_invitation_be_used_twice() {
    let kills = std::env::var("SIDETONE_KILLS").ok();
    let kills = kills.map_or(KILLS, |kills| kills.parse().unwrap());
    let host = host();
    let limits = "[limits]\nper_address_per_minute = 1000000\nper_person_per_minute = 1000000\n\
        invitations_per_address_per_minute = 1000000";
    let mut service = TokenService::start(&host, limits);
    let browser = Browser::new(&host);
    let codes = service.invite(&["--count", &kills.to_string()]);
    let mut identities: HashMap<String, String> = HashMap::new();
    let mut sessions: HashMap<String, String> = HashMap::new();
    let (mut answered, mut unanswered) = (0, 0);
    // The longest time until the kill: what makes it fall into the middle on this machine.
    let mut window = 100_000;
    for (round, code) in codes.iter().enumerate() {
        // Somebody new, twice at once; somebody who was here; an invitation, twice at once.
        let subjects = [round, round, round / 2].map(|n| format!("person-{n}"));
        let mut tokens = Vec::new();
        for subject in &subjects {
            tokens.push(browser.signed(&browser.claims(subject)).await);
        }
        let signed = tokens.iter().map(|token| {
            let request = service.ask(token, &external());
            service.try_send(request)
        });
        let redeemed = (0..2).map(|_| {
            let request = service.http.post(service.url("/v1/invitation"));
            service.try_send(request.json(&json!({ "code": code })))
        });
        let asked = futures_util::future::join(
            futures_util::future::join_all(signed),
            futures_util::future::join_all(redeemed),
        );
        let process = service.process();
        let killed = async {
            tokio::time::sleep(Duration::from_micros(fastrand::u64(0..window))).await;
            rustix::process::kill_process(process, Signal::KILL).unwrap();
        };
        let ((signed, redeemed), ()) = futures_util::future::join(asked, killed).await;
        let before = answered;
        for (subject, answer) in subjects.iter().zip(signed) {
            let Some(answer) = answer.filter(|answer| answer.status == 200) else {
                unanswered += 1;
                continue;
            };
            answered += 1;
            let id = answer.text("id").to_owned();
            let known = identities.entry(subject.clone()).or_insert(id.clone());
            assert_eq!(
                *known, id,
                "{subject} became somebody else in round {round}"
            );
        }
        let good: Vec<_> = redeemed
            .into_iter()
            .flatten()
            .filter(|answer| answer.status == 200)
            .collect();
        assert!(good.len() <= 1, "used twice in round {round}");
        for answer in good {
            answered += 1;
            sessions.insert(code.clone(), answer.text("session").to_owned());
        }
        window = match answered - before {
            0 => window * 5 / 4,
            4.. => window * 4 / 5,
            _ => window,
        };
        service.start_after_kill();
    }
    for (subject, id) in &identities {
        let token = browser.signed(&browser.claims(subject)).await;
        assert_eq!(service.token(&token).await.text("id"), id, "{subject}");
    }
    let mut used = 0;
    for code in &codes {
        let first = service.redeem(code).await.status == 200;
        match sessions.get(code) {
            Some(session) => {
                assert!(!first, "an invitation that was answered is used");
                assert_eq!(service.token(session).await.status, 200);
            }
            None => used += usize::from(!first),
        }
        assert_eq!(
            service.redeem(code).await.refusal(),
            (403, "invitationRefused")
        );
    }
    // Otherwise the rounds were over before anything happened, or all done before the kill.
    assert!(answered > kills / 4, "{answered} answers in {kills} rounds");
    assert!(
        unanswered > kills / 4,
        "{answered} answers in {kills} rounds"
    );
    eprintln!(
        "{kills} kills: {answered} answers, {unanswered} sign-ins without, {} people, {} sessions, {used} codes used without an answer",
        identities.len(),
        sessions.len()
    );
}
