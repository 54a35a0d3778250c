//! The pictures and files of a chat, one a line.

use crate::model::message::Attachment;
use crate::model::message::AttachmentKind;
use crate::state::State;
use crate::view::phrase;

/// Number, name, kind, from whom and when, and what can be done with it. No service tells a size beforehand.
pub fn files(state: &State) -> String {
    let files = state.files();
    if files.is_empty() {
        return "No picture and no file is in what is shown of this chat.".to_owned();
    }
    let mut lines: Vec<String> = files
        .iter()
        .enumerate()
        .map(|(at, (message, file))| {
            let name = if file.name.is_empty() {
                "without a name"
            } else {
                &file.name
            };
            let from = match &message.sender {
                Some(_) if message.mine => format!(" from {}", phrase::YOU),
                Some(person) => format!(" from {}", phrase::person(person)),
                None => String::new(),
            };
            let time = state.zone.time(message.created);
            let number = at + 1;
            let kind = kind(file);
            let how = if file.opens_elsewhere() {
                "opens in the browser"
            } else {
                "is saved"
            };
            format!("{number}. {name}, {kind}{from}, {time}, {how}.")
        })
        .collect();
    lines.push(
        "/download NUMBER opens or saves one. How large it is, is known once it is saved."
            .to_owned(),
    );
    lines.join("\n")
}

/// What was sent where, and who cannot open it.
pub(super) fn sent(name: &str, bytes: u64, topic: &str, closed_to: &[String]) -> String {
    let to = match topic {
        "" => String::new(),
        topic => format!(", to {topic}"),
    };
    let closed = match closed_to {
        [] => String::new(),
        all => format!(
            " It could not be shared with {}: share it in OneDrive if they are to open it.",
            all.join(", ")
        ),
    };
    format!("Sent {name}, {}{to}.{closed}", size(bytes))
}

const fn kind(file: &Attachment) -> &'static str {
    match file.kind {
        AttachmentKind::Image => "a picture",
        AttachmentKind::File => "a file",
        AttachmentKind::Other => "an attachment",
    }
}

/// `900 bytes`, `12 kB`, `3.4 MB`.
#[expect(clippy::cast_precision_loss, reason = "one digit is shown")]
pub(super) fn size(bytes: u64) -> String {
    match bytes {
        1 => "1 byte".to_owned(),
        0..1_000 => format!("{bytes} bytes"),
        1_000..1_000_000 => format!("{} kB", bytes.div_ceil(1_000)),
        _ => format!("{:.1} MB", bytes as f64 / 1e6),
    }
}

#[cfg(test)]
mod tests {
    use super::size;

    #[test]
    fn a_size_is_said_in_a_few_letters() {
        let told = [1, 999, 1_000, 12_001, 3_440_000].map(size);
        assert_eq!(told, ["1 byte", "999 bytes", "1 kB", "13 kB", "3.4 MB"]);
    }
}
