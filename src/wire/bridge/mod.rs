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
