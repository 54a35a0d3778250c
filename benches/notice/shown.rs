//! Finds in what a client wrote when the words of each notice were complete.

use sidetone::clock::Moment;

use super::COLUMNS;
use super::Notice;
use super::ROWS;
use super::client::Written;

/// When each notice stood on the emulated screen: the notice line names it while it is on, and
/// a stop is there once the line is gone or the timeline says so.
pub(super) fn on_the_screen(written: &[Written], notices: &[Notice]) -> Vec<Option<Moment>> {
    let mut terminal = vt100::Parser::new(ROWS.try_into().unwrap(), COLUMNS.try_into().unwrap(), 0);
    let mut shown = vec![None; notices.len()];
    let mut next = 0;
    for (at, bytes) in written {
        terminal.process(bytes);
        let screen = terminal.screen().contents();
        while let Some(notice) = notices.get(next).filter(|n| n.written <= *at) {
            let word = if notice.kind == "recording" {
                "REC Recording"
            } else {
                "TRANSCRIPT"
            };
            let sentence = format!("{} {} by {}", notice.kind, past(notice.active), notice.by);
            let there = screen.contains(&sentence)
                || if notice.active {
                    screen.contains(&format!("{word} by {}", notice.by))
                } else {
                    !screen.contains(word)
                };
            if !there {
                break;
            }
            shown[next] = Some(*at);
            next += 1;
        }
    }
    shown
}

/// When the sentence of each notice was complete in what was written, escape sequences left out.
pub(super) fn in_the_transcript(written: &[Written], notices: &[Notice]) -> Vec<Option<Moment>> {
    let mut text = String::new();
    let mut until: Vec<(usize, Moment)> = Vec::new();
    let mut plain = Plain::default();
    for (at, bytes) in written {
        plain.add(bytes, &mut text);
        until.push((text.len(), *at));
    }
    notices
        .iter()
        .map(|notice| {
            let sentence = format!("{} {} by {}.", notice.kind, past(notice.active), notice.by);
            let end = text.find(&sentence)? + sentence.len();
            let read = until.partition_point(|(length, _)| *length < end);
            until.get(read).map(|(_, at)| *at)
        })
        .collect()
}

const fn past(active: bool) -> &'static str {
    if active { "started" } else { "stopped" }
}

/// Takes escape sequences out of a stream that may be cut anywhere.
#[derive(Default)]
struct Plain(Inside);

#[derive(Default, Clone, Copy)]
enum Inside {
    #[default]
    Text,
    Escape,
    Control,
    Command,
}

impl Plain {
    fn add(&mut self, bytes: &[u8], text: &mut String) {
        for byte in bytes {
            self.0 = match (self.0, byte) {
                (Inside::Text | Inside::Command, 0x1b) => Inside::Escape,
                (Inside::Text, byte) => {
                    if byte.is_ascii_graphic() || *byte == b' ' {
                        text.push(char::from(*byte));
                    }
                    Inside::Text
                }
                (Inside::Escape, b'[') => Inside::Control,
                (Inside::Escape, b']') => Inside::Command,
                (Inside::Escape, _) | (Inside::Control, 0x40..=0x7e) | (Inside::Command, 0x07) => {
                    Inside::Text
                }
                (inside, _) => inside,
            };
        }
    }
}
