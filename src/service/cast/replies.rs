//! What the cast answers: a few words are understood, anything asked is answered.

use crate::wire::local::NoticeKind::Recording;
use crate::wire::local::NoticeKind::Transcription;
use crate::wire::local::Reaction;

use super::scenes::Member::Alice;
use super::scenes::Member::Bob;
use super::scenes::Member::Carol;
use super::scenes::Scene;
use super::scenes::Step::Hand;
use super::scenes::Step::Notice;
use super::scenes::Step::React;
use super::scenes::Step::Say;
use super::scenes::Step::Type;

/// The scene that answers `content`, if it asks for one.
pub(super) fn reply(content: &str, rng: &mut fastrand::Rng) -> Option<Scene> {
    let text = words(content).to_lowercase();
    let says = |words: &[&str]| words.iter().any(|word| text.contains(word));
    let stops = says(&["stop", "end the", "turn off", "no more"]);
    Some(if says(&["record"]) {
        if stops { STOP_RECORDING } else { RECORD }
    } else if says(&["transcri"]) {
        if stops { STOP_TRANSCRIBING } else { TRANSCRIBE }
    } else if says(&["help", "what can"]) {
        HELP
    } else if says(&["thank", "great", "nice", "well done"]) {
        THANKS
    } else if says(&["hand"]) {
        HANDS
    } else if says(&["bye", "leaving", "see you"]) {
        BYE
    } else if has_word(
        &text,
        &["hello", "hi", "hey", "morning", "afternoon", "evening"],
    ) {
        HELLO
    } else if text.contains('?') || says(&["alice", "bob", "carol", "erin", "dave"]) {
        ANSWERS[rng.usize(..ANSWERS.len())]
    } else {
        return None;
    })
}

fn has_word(text: &str, wanted: &[&str]) -> bool {
    text.split(|c: char| !c.is_alphanumeric())
        .any(|word| wanted.contains(&word))
}

/// The beginning of a message without its markup.
pub(super) fn words(content: &str) -> String {
    let mut plain = String::new();
    let mut inside = false;
    for c in content.chars() {
        match c {
            '<' => inside = true,
            '>' => {
                inside = false;
                plain.push(' ');
            }
            c if !inside => plain.push(c),
            _ => {}
        }
    }
    let words: Vec<&str> = plain.split_whitespace().collect();
    words.join(" ").chars().take(LONGEST_PREVIEW).collect()
}

#[rustfmt::skip] // one step a line
const HELLO: Scene = &[
    (500, Type(Bob)),
    (1_400, Say(Bob, "hello", "<p>Hello {guest}, good to have you here.</p>")),
];
#[rustfmt::skip] // one step a line
const HELP: Scene = &[
    (600, Type(Alice)),
    (2_000, Say(Alice, "help", "<p>{guest}, try one of these:</p><ul><li>ask us to <strong>start</strong> or <strong>stop the recording</strong></li><li>ask for a <strong>transcription</strong></li><li>raise your hand, react, or mute one of us</li></ul>")),
];
#[rustfmt::skip] // one step a line
const THANKS: Scene = &[
    (500, React(Carol, Reaction::Heart)),
    (1_200, Say(Carol, "thanks", "<p>Any time, {guest} 🙂</p>")),
];
#[rustfmt::skip] // one step a line
const HANDS: Scene = &[
    (700, Hand(Bob, true)),
    (1_500, Say(Bob, "hands", "<p>Mine is up too, {guest}. After you!</p>")),
    (6_000, Hand(Bob, false)),
];
#[rustfmt::skip] // one step a line
const BYE: Scene = &[
    (600, React(Bob, Reaction::Like)),
    (1_200, Say(Alice, "bye", "<p>See you next week, {guest}. The notes will be in this chat.</p>")),
];
#[rustfmt::skip] // one step a line
const RECORD: Scene = &[
    (800, Say(Alice, "record", "<p>Starting the recording now, {guest}.</p>")),
    (1_600, Notice(Alice, Recording, true)),
];
#[rustfmt::skip] // one step a line
const STOP_RECORDING: Scene = &[
    (800, Notice(Alice, Recording, false)),
    (1_400, Say(Alice, "record", "<p>The recording is off, {guest}.</p>")),
];
#[rustfmt::skip] // one step a line
const TRANSCRIBE: Scene = &[
    (800, Say(Carol, "transcribe", "<p>I am switching the transcription on, {guest}.</p>")),
    (1_600, Notice(Carol, Transcription, true)),
];
#[rustfmt::skip] // one step a line
const STOP_TRANSCRIBING: Scene = &[
    (800, Notice(Carol, Transcription, false)),
    (1_400, Say(Carol, "transcribe", "<p>No transcription any more, {guest}.</p>")),
];
#[rustfmt::skip] // one step a line
const ANSWERS: [Scene; 3] = [
    &[
        (700, Type(Alice)),
        (2_200, Say(Alice, "answer", "<p>{guest}, I would say <em>yes</em>, but let us hear what Bob thinks.</p>")),
        (5_000, Say(Bob, "answer", "<p>Fine with me.</p>")),
    ],
    &[
        (700, Type(Bob)),
        (2_400, Say(Bob, "answer", "<p>Good point, {guest}. I put it on the list for Thursday.</p>")),
    ],
    &[
        (600, Type(Carol)),
        (2_000, Say(Carol, "answer", "<p>{guest}, the short answer is in the second column of the table above.</p>")),
    ],
];
const LONGEST_PREVIEW: usize = 90;

#[cfg(test)]
mod tests {
    use super::*;

    fn answers(content: &str) -> Option<Scene> {
        reply(content, &mut fastrand::Rng::with_seed(1))
    }

    #[test]
    fn a_few_words_are_understood() {
        assert_eq!(answers("Hello!"), Some(HELLO));
        assert_eq!(
            answers("<p>please <b>start</b> the recording</p>"),
            Some(RECORD)
        );
        assert_eq!(answers("Stop recording"), Some(STOP_RECORDING));
        assert_eq!(answers("stop transcribing"), Some(STOP_TRANSCRIBING));
        assert_eq!(answers("this is nothing to answer"), None);
        assert!(answers("what about the budget?").is_some());
    }

    #[test]
    fn a_preview_has_no_markup() {
        assert_eq!(
            words("<p>Hello <b>you</b></p><p>there</p>"),
            "Hello you there"
        );
    }
}
