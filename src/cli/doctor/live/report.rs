//! What a person can send to somebody. Everything in it is a number or a word of the vendor's.

use std::fmt::Write;

use crate::call::bridge::trial::Findings;
use crate::call::bridge::trial::Join;
use crate::clock::Timestamp;
use crate::model::account::AccountKind;

use super::facts::named;
use super::facts::numbers;
use super::facts::seconds;

pub(super) fn text(found: &Findings, facts: &[String], kind: AccountKind, at: Timestamp) -> String {
    let mut text = String::new();
    let mut line = |words: String| {
        // Writing to a string does not fail.
        let _ = writeln!(text, "{words}");
    };
    line("sidetone doctor --live".to_owned());
    line(format!("version: {}", env!("CARGO_PKG_VERSION")));
    line(format!("at: {at}"));
    line(format!(
        "as: {}",
        match kind {
            AccountKind::External => "external user",
            AccountKind::Teams => "Teams user",
        }
    ));
    for (name, value) in &found.environment {
        line(format!("environment {name}: {value}"));
    }
    if let Some(microphones) = found.microphones {
        line(format!("microphones: {microphones}"));
    }
    if let Some(agent) = found.agent {
        line(format!("agent: {}", seconds(agent)));
    }
    if let Some(error) = &found.failed {
        line(format!("failed: {}", named(error)));
    }
    for fact in facts {
        line(fact.clone());
    }
    for (number, join) in (1..).zip(&found.joins) {
        for words in of_join(join) {
            line(format!("join {number} {words}"));
        }
    }
    text
}

fn of_join(join: &Join) -> Vec<String> {
    let mut lines = Vec::new();
    for (at, state) in &join.states {
        lines.push(format!("state: {} {state}", seconds(*at)));
    }
    for (at, notice, active) in &join.notices {
        let state = if *active { "active" } else { "inactive" };
        lines.push(format!("notice: {} {notice} {state}", seconds(*at)));
    }
    if join.consent_asked {
        lines.push("consent: asked for, and not given".to_owned());
    }
    if let Some(role) = &join.role {
        lines.push(format!("role: {role}"));
    }
    lines.push(format!("people besides us: {}", join.people));
    if let Some(audio) = &join.audio {
        let mode = if audio.is_raw { "raw" } else { "system" };
        lines.push(format!(
            "sound: {mode}, capture {}, playback {}",
            audio.has_capture, audio.has_playback
        ));
        lines.extend(
            audio
                .error
                .iter()
                .map(|e| format!("sound refused: {}", named(e))),
        );
    }
    for (name, reason) in &join.capabilities {
        lines.push(format!("capability {name}: {reason}"));
    }
    for (doing, error) in &join.troubles {
        lines.push(format!("trouble {doing}: {}", named(error)));
    }
    if let Some(end) = &join.end {
        lines.push(format!(
            "end: {} {} {}",
            seconds(end.after),
            numbers(Some(end.code), end.sub_code),
            end.categories.join(" ")
        ));
    }
    lines
}
