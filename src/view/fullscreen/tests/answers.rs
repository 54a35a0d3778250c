//! The rows where what happened and what was answered is said.

use super::*;

#[test]
fn a_notice_is_not_told_a_third_time_in_the_row_of_answers() {
    let mut state = talk();
    let said = Said::Notice {
        account: fixture::account(),
        kind: NoticeKind::Recording,
        change: NoticeChange::Started { by: None },
        again: false,
    };
    let class = Class::Assertive;
    state.focus.said = Some(Announcement { class, said });
    let (rows, _) = draw(&state, 60, 16);
    assert!(!has(&rows, "Notice:"), "{rows:#?}");
    let said = Said::OwnMute { muted: true };
    state.focus.said = Some(Announcement { class, said });
    let (rows, _) = draw(&state, 60, 16);
    assert_eq!(rows[12], " Muted.");
}

#[test]
fn a_notice_that_is_said_again_has_a_row_of_its_own_until_a_key_is_pressed() {
    let mut state = talk();
    let said = Said::Notice {
        account: fixture::account(),
        kind: NoticeKind::Recording,
        change: NoticeChange::Started { by: None },
        again: true,
    };
    let class = Class::Assertive;
    state.focus.said = Some(Announcement { class, said });
    for (width, height) in [(120, 40), (60, 16), (40, 10)] {
        let (rows, drawn) = draw(&state, width, height);
        let y = usize::from(drawn.repeat.start);
        assert_eq!(drawn.repeat.len(), 1, "{rows:#?}");
        assert_eq!(
            rows[y].trim_end(),
            " Again: recording started.",
            "{rows:#?}"
        );
    }
    state.focus.said = None;
    let (rows, drawn) = draw(&state, 60, 16);
    assert!(drawn.repeat.is_empty() && !has(&rows, "Again:"));
}

#[test]
fn an_error_is_shown_to_its_end_on_a_small_screen() {
    let mut state = talk();
    let failure = Failure {
        doing: Doing::Sending,
        because: Because::TooLong {
            bytes: 40_000,
            limit: 28_000,
        },
        remedy: Remedy::Shorten,
    };
    let said = Said::Failed(failure);
    let class = Class::Assertive;
    state.focus.answer = Some(Announcement { class, said });
    let (rows, _) = draw(&state, 40, 10);
    let words = rows.join(" ");
    let words = words.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(
        words.contains("40000 of at most 28000 bytes. It is kept. Shorten it and send it again."),
        "{rows:#?}"
    );
}

#[test]
fn what_happens_stands_above_an_answer_and_neither_covers_the_newest_words() {
    let mut state = talk();
    let last = "can you take the first half?";
    let answer = Said::Failed(Failure {
        doing: Doing::Sending,
        because: Because::TooLong {
            bytes: 40_000,
            limit: 28_000,
        },
        remedy: Remedy::Shorten,
    });
    let repeat = Said::Notice {
        account: fixture::account(),
        kind: NoticeKind::Recording,
        change: NoticeChange::Started { by: None },
        again: true,
    };
    let class = Class::Assertive;
    state.focus.answer = Some(Announcement {
        class,
        said: answer,
    });
    state.focus.said = Some(Announcement {
        class,
        said: repeat,
    });
    let (rows, _) = draw(&state, 60, 16);
    let at = |words: &str| rows.iter().position(|row| row.contains(words));
    let [talk, happened, wrong] = [last, "Again: recording started.", "Error: could"].map(at);
    assert!(
        talk.is_some() && talk < happened && happened < wrong,
        "{rows:#?}"
    );
}
