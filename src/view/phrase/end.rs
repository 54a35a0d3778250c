//! Why a call ended, in words (teams-interop 7.2): by subcode first, then by code.

use crate::model::call::AfterEnd;
use crate::model::call::EndReason;

/// How an ending is felt, not what follows from it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EndKind {
    /// As somebody wanted it.
    Ok,
    Info,
    /// Something a person must understand before trying again.
    Explain,
    Network,
    Trouble,
}

/// One ending: a clause that follows a colon, and a sentence of what to do, or nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EndWords {
    pub text: &'static str,
    pub remedy: &'static str,
    pub kind: EndKind,
    /// It failed while it was being set up: there is nothing that lasted.
    pub never_began: bool,
}

const REJOIN: &str = "/join joins again.";
const ASK: &str = "Ask the organizer.";
const CALL: &str = "/call calls again.";
const NETWORK: &str = "Check the network and firewall; media needs UDP.";
const LATER: &str = "Try again in a moment with /join.";
/// Who was still in the lobby, or came back in vain before, is not.
const AUTOMATIC: &str = "It may be joined again by itself; /join does so at once.";
const SIGN_IN: &str =
    "Sign in again with sidetone accounts add, or start again, with a new token if you gave one.";

/// The words for a code and subcode.
pub fn end_reason(reason: EndReason) -> EndWords {
    let (text, remedy, kind) = by_subcode(reason).unwrap_or_else(|| by_code(reason.code));
    let automatic = matches!(kind, EndKind::Network) && reason.after() == AfterEnd::Rejoin;
    EndWords {
        text,
        remedy: if automatic && remedy.is_empty() {
            AUTOMATIC
        } else {
            remedy
        },
        kind,
        never_began: matches!(
            (reason.code, reason.subcode),
            (408, _) | (_, 4506 | 10057 | 8537 | 1106)
        ),
    }
}

type Words = (&'static str, &'static str, EndKind);

#[expect(
    clippy::too_many_lines,
    reason = "one arm for each row of the documented table"
)]
fn by_subcode(reason: EndReason) -> Option<Words> {
    use EndKind::Explain;
    use EndKind::Info;
    use EndKind::Network;
    use EndKind::Ok;
    use EndKind::Trouble;
    Some(match reason.subcode {
        0 if reason.code == 0 => ("you hung up", "", Ok),
        487 => ("the caller hung up first", "", Ok),
        603 => ("the call was declined", "", Ok),
        4097 => ("the organizer ended the meeting for everyone", "", Ok),
        4521 => (
            "the connection of the other side ended abruptly",
            REJOIN,
            Info,
        ),
        5000 | 5300 => ("you were removed by another participant", ASK, Explain),
        5001 | 5002 | 5010 | 5012 | 5013 | 5014 | 5020 => {
            ("the call ended, nobody or only one person was left", "", Ok)
        }
        5030 => ("the time of the breakout room is over", "", Info),
        5003 => ("the call ended, everybody called had declined", "", Ok),
        5317 => ("you were removed because your role changed", ASK, Explain),
        5854 => (
            "the organizer did not let you in from the lobby",
            ASK,
            Explain,
        ),
        5855 => (
            "you waited too long in the lobby and the service took you out",
            REJOIN,
            Explain,
        ),
        5221 => (
            "this meeting does not let external people join",
            "The organizer or their administrator must allow anonymous join.",
            Explain,
        ),
        5222 => (
            "you may not start this meeting",
            "Join again with /join once somebody of the organization is in it.",
            Explain,
        ),
        5223 => ("this person may not be called from here", "", Explain),
        5732 => ("there is no such room", "Check the room id.", Explain),
        5828 => ("you are not invited to this room", ASK, Explain),
        5829 => (
            "this room is not open at this time",
            "Check when the meeting takes place.",
            Explain,
        ),
        5830 => (
            "this room is only for people signed in the same way",
            ASK,
            Explain,
        ),
        7000 | 7015 => ("a service ended the call, or it was transferred", "", Info),
        10009 | 4507 => ("your sign-in was missing or had expired", SIGN_IN, Explain),
        10003 => ("the call was accepted on another device", "", Ok),
        10004 => ("nobody answered within two minutes", "", Info),
        10024 => ("the call was declined on every device", "", Info),
        10037 | 10076 | 10077 | 10078 => ("the other side is offline or not reachable", "", Info),
        10134 => (
            "the call could not be routed",
            "Check the address.",
            Explain,
        ),
        10199 => (
            "private calling is switched off for this person",
            "",
            Explain,
        ),
        10044 => ("the address is malformed", "Check the address.", Explain),
        10119 => (
            "the organization is not known",
            "Check the address.",
            Explain,
        ),
        10124 => ("you may not reach this person", "", Explain),
        10321 => ("the bot did not answer", "", Info),
        4506 => ("the other side took too long to answer", CALL, Network),
        10057 | 8537 | 1106 => ("the call could not be set up in time", LATER, Network),
        3100 | 3101 | 3111 | 3112 | 301_004 | 301_005 => (
            "the sound could not get through the network",
            NETWORK,
            Network,
        ),
        7 if reason.code == 496 => offline(),
        4502 if reason.code == 490 => offline(),
        510_403 => ("the call was blocked as unwanted", "", Explain),
        540_487 => ("the phone side cancelled", "", Ok),
        560_000 => ("the phone side hung up", "", Ok),
        560_486 => ("the phone is busy", "", Ok),
        41056 => (
            "phone calls are not allowed for this service",
            "An administrator must enable the Enterprise Voice policy for this resource.",
            Explain,
        ),
        40613 => (
            "the microphone may not be used",
            "Allow this program to use the microphone, then /join.",
            Explain,
        ),
        40228 | 40230 => (
            "you are already signed in for calls elsewhere",
            "Close the other program, then /join.",
            Explain,
        ),
        41016 => ("unmuting did not work", LATER, Trouble),
        41033 => ("holding the call did not work", LATER, Trouble),
        41034 => ("resuming the call did not work", LATER, Trouble),
        _ => return None,
    })
}

const fn offline() -> Words {
    (
        "the network here is offline or blocked",
        "",
        EndKind::Network,
    )
}

const fn by_code(code: u32) -> Words {
    match code {
        0 => ("the call ended", "", EndKind::Ok),
        603 => ("the call was declined", "", EndKind::Ok),
        400 => (
            "the service did not accept the request",
            LATER,
            EndKind::Trouble,
        ),
        401 | 495 => (
            "your sign-in was missing or had expired",
            SIGN_IN,
            EndKind::Explain,
        ),
        403 => ("you may not join this meeting", ASK, EndKind::Explain),
        404 | 430 => (
            "the call was not found",
            "Check the link or id.",
            EndKind::Explain,
        ),
        481 => (
            "the service seems to have been started anew, and the call ended",
            "What was written here stays to be read. Ask for a new link and start sidetone join with it.",
            EndKind::Explain,
        ),
        408 => (
            "the service took too long to answer",
            LATER,
            EndKind::Network,
        ),
        409 => (
            "you are already signed in for calls elsewhere",
            "Close the other program, then /join.",
            EndKind::Explain,
        ),
        410 => (
            "the sound could not get through the network",
            NETWORK,
            EndKind::Network,
        ),
        412 => ("a policy does not allow this call", ASK, EndKind::Explain),
        480 => (
            "the other side is offline or not reachable",
            "",
            EndKind::Info,
        ),
        486 => ("the other side is busy", "", EndKind::Info),
        487 => ("the call was cancelled", "", EndKind::Ok),
        490 | 491 | 496 | 497 | 498 => offline(),
        500 | 503 | 504 => (
            "the service has trouble of its own",
            LATER,
            EndKind::Trouble,
        ),
        _ => (
            "the call ended for a reason unknown to this version",
            REJOIN,
            EndKind::Explain,
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Every row of the table, and a word that its text must hold.
    const TABLE: &[(u32, u32, &str)] = &[
        (0, 0, "you hung up"),
        (0, 487, "caller"),
        (0, 603, "declined"),
        (603, 0, "declined"),
        (0, 4097, "organizer ended the meeting for everyone"),
        (0, 4521, "abruptly"),
        (0, 5000, "removed"),
        (0, 5300, "removed"),
        (200, 5001, "ended"),
        (200, 5020, "ended"),
        (200, 5030, "breakout"),
        (0, 5003, "declined"),
        (0, 5317, "role changed"),
        (0, 5854, "did not let you in"),
        (0, 5855, "waited too long"),
        (403, 5221, "external people"),
        (403, 5222, "start this meeting"),
        (403, 5223, "may not be called"),
        (404, 5732, "no such room"),
        (403, 5828, "not invited"),
        (403, 5829, "not open"),
        (403, 5830, "only for people"),
        (0, 7000, "transferred"),
        (200, 7015, "transferred"),
        (401, 10009, "sign-in"),
        (495, 4507, "sign-in"),
        (487, 10003, "another device"),
        (487, 10004, "nobody answered"),
        (487, 10024, "every device"),
        (480, 10037, "offline"),
        (480, 10078, "offline"),
        (480, 10134, "routed"),
        (480, 10199, "private calling"),
        (0, 10044, "malformed"),
        (0, 10119, "organization"),
        (0, 10124, "may not reach"),
        (486, 10321, "bot"),
        (408, 4506, "too long"),
        (408, 10057, "in time"),
        (408, 1106, "in time"),
        (410, 3100, "network"),
        (410, 301_005, "network"),
        (496, 7, "offline"),
        (490, 4502, "offline"),
        (491, 0, "offline"),
        (498, 99, "offline"),
        (403, 510_403, "blocked"),
        (487, 540_487, "phone side cancelled"),
        (0, 560_000, "phone side hung up"),
        (486, 560_486, "busy"),
        (412, 41056, "phone calls"),
        (400, 40613, "microphone"),
        (409, 40228, "already signed in"),
        (400, 41016, "unmuting"),
        (500, 41033, "holding"),
        (500, 41034, "resuming"),
        (404, 1, "not found"),
        (430, 1, "not found"),
        (481, 1, "started anew"),
        (500, 1, "trouble"),
        (503, 1, "trouble"),
        (504, 1, "trouble"),
    ];

    #[test]
    fn every_documented_ending_has_its_words() {
        for (code, subcode, words) in TABLE {
            let said = end_reason(EndReason {
                code: *code,
                subcode: *subcode,
            });
            assert!(said.text.contains(words), "{code}/{subcode}: {}", said.text);
        }
    }

    #[test]
    fn the_subcode_is_looked_up_before_the_code() {
        let reason = |code, subcode| end_reason(EndReason { code, subcode }).text;
        assert_eq!(reason(403, 5854), reason(0, 5854));
        assert_ne!(reason(403, 5854), reason(403, 12345));
    }

    #[test]
    fn a_sign_in_that_ended_is_made_good_by_a_new_start() {
        let remedy = |code, subcode| end_reason(EndReason { code, subcode }).remedy;
        for remedy in [remedy(401, 10009), remedy(495, 1)] {
            assert_eq!(remedy, format!("{}.", crate::view::phrase::NEW_START));
        }
    }

    #[test]
    fn an_unknown_ending_still_says_what_to_do() {
        let said = end_reason(EndReason {
            code: 999,
            subcode: 999,
        });
        assert_eq!(said.remedy, "/join joins again.");
    }

    #[test]
    fn only_what_may_be_joined_again_by_itself_says_so() {
        let remedy = |code, subcode| end_reason(EndReason { code, subcode }).remedy;
        let may = "It may be joined again by itself; /join does so at once.";
        assert_eq!(remedy(496, 7), may);
        assert_eq!(remedy(0, 5300), "Ask the organizer.");
    }
}
