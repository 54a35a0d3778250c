//! What the program and the page of the call bridge say to each other.
//!
//! The document is `src/call/bridge/page/protocol`, which the page is written in; the examples
//! in `tests/fixtures/bridge` are read by the tests of both sides. Words of the vendor are strings.

mod frame;
mod to_page;
mod to_program;
mod values;

pub use frame::Frame;
pub use frame::SAMPLES;
pub use frame::Wrong;
pub use to_page::Act;
pub use to_page::App;
pub use to_page::Command;
pub use to_page::ToPage;
pub use to_page::Word;
pub use to_program::ToProgram;
pub use values::AudioMode;
pub use values::Beginning;
pub use values::BreakoutRoom;
pub use values::BreakoutSettings;
pub use values::CapabilityState;
pub use values::CustomContext;
pub use values::Device;
pub use values::Devices;
pub use values::EndReason;
pub use values::Failure;
pub use values::Hand;
pub use values::Header;
pub use values::Identity;
pub use values::MediaPermission;
pub use values::Meeting;
pub use values::Participant;
pub use values::Person;
pub use values::Rating;
pub use values::Spotlighted;
pub use values::StreamStatistics;
pub use values::TransferTarget;
pub use values::TransportStatistics;

/// Of the control protocol.
pub const VERSION: u32 = 1;
/// The subprotocol that both sockets speak.
pub const PROTOCOL: &str = "sidetone.bridge.1";
/// Before the secret, in the second subprotocol that the page offers.
pub const SECRET: &str = "sidetone.secret.";

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use serde::Serialize;
    use serde::de::DeserializeOwned;
    use serde_json::Value;

    use super::*;

    const TO_PAGE: &str = include_str!("../../../tests/fixtures/bridge/to-page.jsonl");
    const TO_PROGRAM: &str = include_str!("../../../tests/fixtures/bridge/to-program.jsonl");

    /// Read and written again, nothing is lost and nothing is new.
    fn survives<T: Serialize + DeserializeOwned>(line: &str) -> T {
        let value: Value = serde_json::from_str(line).unwrap();
        let read: T = serde_json::from_str(line).unwrap_or_else(|e| panic!("{line}: {e}"));
        assert_eq!(serde_json::to_value(&read).unwrap(), value);
        read
    }

    #[test]
    fn every_example_to_the_page_survives() {
        for line in TO_PAGE.lines() {
            survives::<ToPage>(line);
        }
    }

    #[test]
    fn every_example_to_the_program_survives_and_is_known() {
        for line in TO_PROGRAM.lines() {
            let read: ToProgram = serde_json::from_str(line).unwrap();
            assert!(!matches!(read, ToProgram::Unknown), "{line}");
            survives::<ToProgram>(line);
        }
    }

    /// The types of the page are held to the examples by `tests/bridge/types`; ours are here, so
    /// that neither side knows a message that the other does not.
    #[test]
    fn no_message_of_ours_is_without_an_example() {
        let to_page = include_str!("to_page.rs");
        let mut ours = variants(to_page, "Act");
        ours.extend(variants(to_page, "Word"));
        assert_eq!(ours, names(TO_PAGE));

        let mut ours = variants(include_str!("to_program.rs"), "ToProgram");
        assert!(ours.remove("unknown"), "what is newer is passed over");
        assert_eq!(ours, names(TO_PROGRAM));
    }

    fn names(examples: &str) -> BTreeSet<String> {
        let name = |line| serde_json::from_str::<Value>(line).unwrap()["type"].clone();
        let lines = examples.lines().map(name);
        lines
            .map(|name| name.as_str().unwrap().to_owned())
            .collect()
    }

    /// As they stand on the wire; from the source, because serde tells nobody the names of a
    /// tagged enum that passes over what is newer.
    fn variants(source: &str, of: &str) -> BTreeSet<String> {
        let head = format!("pub enum {of} {{\n");
        let (_, rest) = source.split_once(&head).unwrap();
        let (body, _) = rest.split_once("\n}\n").unwrap();
        let outermost = body.lines().filter_map(|line| line.strip_prefix("    "));
        outermost
            .filter(|line| line.starts_with(|first: char| first.is_ascii_uppercase()))
            .map(|line| {
                let name: String = line.chars().take_while(char::is_ascii_alphabetic).collect();
                name[..1].to_ascii_lowercase() + &name[1..]
            })
            .collect()
    }

    #[test]
    fn what_is_new_is_passed_over() {
        let told = r#"{"type":"hologram","call":1}"#;
        assert!(matches!(
            serde_json::from_str(told).unwrap(),
            ToProgram::Unknown
        ));
        let told = r#"{"type":"muted","call":1,"isMuted":true,"mood":"blue"}"#;
        assert!(matches!(
            serde_json::from_str(told).unwrap(),
            ToProgram::Muted {
                call: 1,
                is_muted: true
            }
        ));
    }

    #[test]
    fn no_token_is_printed() {
        let word = ToPage::Word(Word::Token {
            wanted: 1,
            token: "eyJ-secret".to_owned().into(),
            expires_on: None,
        });
        assert!(!format!("{word:?}").contains("eyJ-secret"));
    }
}
