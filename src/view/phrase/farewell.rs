//! What is left on the normal screen when the program ends.

use crate::model::message::SendState;
use crate::model::notice::NoticeKind;
use crate::model::notice::NoticeState;
use crate::state::State;
use crate::state::composer::Composer;
use crate::view::phrase::briefly;
use crate::view::phrase::one_line;

/// One sentence for each notice that was in force at the end, meeting by meeting (accessibility N3).
pub fn farewell(state: &State) -> Vec<String> {
    let mut lines = Vec::new();
    for call in state.calls.values() {
        let place = match call.info.topic.as_str() {
            "" => "The meeting".to_owned(),
            topic => one_line(topic),
        };
        for (kind, notice) in [
            (NoticeKind::Recording, &call.notices.recording),
            (NoticeKind::Transcription, &call.notices.transcription),
        ] {
            let doing = match kind {
                NoticeKind::Recording => "recorded",
                NoticeKind::Transcription => "transcribed",
            };
            match notice.state {
                NoticeState::Active { .. } => {
                    lines.push(format!("{place} was being {doing} when you left."));
                }
                NoticeState::Unknown if call.connected_at.is_some() => {
                    lines.push(format!(
                        "Whether {place} was being {doing} when you left is not known."
                    ));
                }
                NoticeState::Unknown | NoticeState::Inactive { .. } => {}
            }
        }
    }
    lines
}

/// What was written and is not known to have arrived: given back, so that nothing is lost.
pub fn unsent(state: &State) -> Vec<String> {
    let mut lines = Vec::new();
    for thread in state.threads.all.values() {
        let place = one_line(&thread.topic);
        for echo in thread.timeline.echoes() {
            let text = &echo.draft.text;
            match &echo.state {
                SendState::Sent => {}
                SendState::Sending => {
                    lines.push(format!("Not confirmed by the service, to {place}:\n{text}"));
                }
                SendState::Failed(failure) => {
                    let why = briefly(&failure.because);
                    lines.push(format!("Not sent, to {place}, {why}:\n{text}"));
                }
            }
        }
        for upload in &thread.uploads {
            let (kind, rest) = if upload.drive {
                ("file", " It may lie in your OneDrive.")
            } else {
                ("picture", "")
            };
            let name = one_line(&upload.name);
            lines.push(format!(
                "Not confirmed by the service, to {place}: the {kind} {name}.{rest}"
            ));
        }
        for draft in drafts(&thread.draft) {
            lines.push(format!(
                "Not sent, to {place}, from the input line:\n{draft}"
            ));
        }
    }
    for draft in drafts(&state.composer) {
        lines.push(format!("Not sent, from the input line:\n{draft}"));
    }
    let given = state.lines.unsent.iter().chain(&state.lines.waiting);
    let given: Vec<&str> = given.map(String::as_str).collect();
    if !given.is_empty() {
        lines.push(format!("Not done, from the input:\n{}", given.join("\n")));
    }
    lines
}

fn drafts(composer: &Composer) -> impl Iterator<Item = &str> {
    let draft = Some(composer.text()).filter(|text| !text.trim().is_empty());
    composer.put_aside().into_iter().chain(draft)
}
