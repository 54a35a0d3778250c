//! What is left on the normal screen when the program ends.

use crate::model::notice::NoticeKind;
use crate::model::notice::NoticeState;
use crate::state::State;
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

/// A draft that was never sent: given back, so that nothing is lost.
pub fn unsent(draft: &str) -> String {
    format!("Not sent, from the input line:\n{draft}")
}
