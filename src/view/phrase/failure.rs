//! Failures and refusals: what was being done, why not, what became of it, what to do.

use std::time::Duration;

use crate::model::capability::Reason;
use crate::model::failure::Because;
use crate::model::failure::Doing;
use crate::model::failure::Failure;
use crate::model::failure::Remedy;
use crate::model::permission::Permission;
use crate::model::permission::Wider;
use crate::model::text;
use crate::view::phrase;
use crate::view::phrase::duration;

/// Whole sentences, without a prefix: "Could not send the message: no answer in time. It is kept; /retry sends it again."
pub fn failure(failure: &Failure) -> String {
    let mut words = format!(
        "Could not {}: {}.",
        doing(failure.doing),
        because(&failure.because)
    );
    let fate = fate(failure);
    if !fate.is_empty() {
        words.push(' ');
        words.push_str(&fate);
    }
    words
}

const fn doing(doing: Doing) -> &'static str {
    match doing {
        Doing::Connecting => "connect",
        Doing::OpeningThread => "open the chat",
        Doing::LoadingMessages => "load messages",
        Doing::Sending => "send the message",
        Doing::SendingPicture => "send the picture",
        Doing::SendingFile => "send the file",
        Doing::SharingFile => "let the people of this chat read the file",
        Doing::PostingFile => "send the message with the file",
        Doing::Editing => "change the message",
        Doing::Deleting => "delete the message",
        Doing::SavingAttachment => "save the attachment",
        Doing::SigningIn => "sign in",
        Doing::JoiningCall => "join the call",
        Doing::Calling => "make the call",
        Doing::CallAction => "do that in the call",
        Doing::Rating => "rate the call",
        Doing::ChoosingDevice => "take that device",
        Doing::OpeningMicrophone => "open the microphone",
        Doing::OpeningSpeaker => "open the speaker",
        Doing::Writing => "write the file",
        Doing::StayingInChat => "stay in the chat",
        Doing::FindingThread => "find the thread",
        Doing::OpeningLink => "open the link",
        Doing::CopyingLink => "copy the link",
        Doing::EditingDraft => "run the editor",
        Doing::Setting => "change the setting",
        Doing::Theming => "change the colours",
        Doing::AskingOrganisation => "ask your organisation for that",
        Doing::AskingForLeave => "get more leave",
        Doing::Reacting => "react to the message",
        Doing::CountingUsage => "write down what is used",
        Doing::GoingOver => "go over to that account",
    }
}

fn because(because: &Because) -> String {
    match because {
        Because::Unreachable { host } => format!("nobody answers at {host}"),
        Because::Timeout => "no answer in time".to_owned(),
        Because::Lost => "the connection was lost".to_owned(),
        Because::Untrusted { host } => format!("the certificate of {host} is not trusted"),
        Because::TokenExpired => "your sign-in has expired".to_owned(),
        Because::TokenRefused => "the service does not accept your sign-in".to_owned(),
        Because::Forbidden => "it is not allowed here".to_owned(),
        Because::NotFound => "it does not exist, or no longer".to_owned(),
        Because::NobodyWaits { name: None } => "nobody waits in the lobby".to_owned(),
        Because::NobodyWaits { name: Some(name) } => {
            format!("nobody called {name} waits in the lobby; /who says who is there")
        }
        Because::NobodyHere { name } => {
            format!("nobody called {name} is in the call; /who says who is there")
        }
        Because::Throttled { wait } => {
            format!("the service asks to wait {}", duration(whole(*wait)))
        }
        Because::TooLong { bytes, limit } if *limit >= 1_000_000 => {
            let [bytes, limit] = [bytes, limit].map(|number| phrase::files::size(*number as u64));
            format!("it is too large, {bytes} of at most {limit}")
        }
        Because::TooLong { bytes, limit } => {
            format!("it is too long, {bytes} of at most {limit} bytes")
        }
        Because::Service { status, message } if message.is_empty() => {
            format!("the service answered with error {status}")
        }
        Because::Service { status, message } => format!(
            "the service says: {} (error {status})",
            message.trim_end_matches('.')
        ),
        Because::Protocol { detail } => {
            format!("the answer could not be read ({detail})")
        }
        Because::NoSuchMeeting => "no such meeting is known there".to_owned(),
        Because::WrongPasscode => "the passcode is missing or wrong".to_owned(),
        Because::Local { detail } => detail.trim_end_matches('.').to_owned(),
        Because::Refused { reason } => reason.trim_end_matches('.').to_owned(),
    }
}

/// A few words for a row that has no room for a sentence.
pub fn briefly(because: &Because) -> String {
    match because {
        Because::Unreachable { .. } | Because::Lost => "no connection".to_owned(),
        Because::Timeout => "no answer".to_owned(),
        Because::Untrusted { .. } => "certificate not trusted".to_owned(),
        Because::TokenExpired => "sign-in expired".to_owned(),
        Because::TokenRefused => "sign-in refused".to_owned(),
        Because::Forbidden => "not allowed here".to_owned(),
        Because::NotFound | Because::NobodyWaits { .. } | Because::NobodyHere { .. } => {
            "no longer there".to_owned()
        }
        Because::Throttled { wait } => format!("asked to wait {}", duration(whole(*wait))),
        Because::TooLong { .. } => "too long".to_owned(),
        Because::Service { status, .. } => format!("service error {status}"),
        Because::Protocol { .. } => "answer not understood".to_owned(),
        Because::NoSuchMeeting => "no such meeting".to_owned(),
        Because::WrongPasscode => "wrong passcode".to_owned(),
        Because::Local { detail: words } | Because::Refused { reason: words } => {
            words.trim_end_matches('.').to_owned()
        }
    }
}

/// What became of it, and what can be done.
fn fate(failure: &Failure) -> String {
    let kept = match failure.doing {
        Doing::Sending => "It is kept",
        Doing::SendingPicture => "The file is as it was",
        Doing::SendingFile if is_uncertain(failure) => {
            "It may lie in your OneDrive all the same, in Microsoft Teams Chat Files"
        }
        Doing::SendingFile => "Nothing was uploaded",
        Doing::SharingFile => {
            "It lies in your OneDrive, in Microsoft Teams Chat Files, and no message was sent"
        }
        Doing::PostingFile => {
            "It lies in your OneDrive, in Microsoft Teams Chat Files, where the people of this chat may read it"
        }
        // What cannot be changed at all was not given as far as the service.
        Doing::Editing if matches!(failure.because, Because::Local { .. }) => "",
        Doing::Editing => "Your text is kept",
        Doing::EditingDraft => "The draft is as it was",
        Doing::Theming => "The colours stay as they are",
        Doing::CountingUsage => "Calls and chat go on",
        Doing::GoingOver => "You stay who you are",
        Doing::AskingForLeave => "Your sign-in is as it was",
        Doing::Connecting
        | Doing::AskingOrganisation
        | Doing::Reacting
        | Doing::OpeningThread
        | Doing::LoadingMessages
        | Doing::Deleting
        | Doing::SavingAttachment
        | Doing::SigningIn
        | Doing::JoiningCall
        | Doing::Calling
        | Doing::CallAction
        | Doing::Rating
        | Doing::ChoosingDevice
        | Doing::OpeningMicrophone
        | Doing::OpeningSpeaker
        | Doing::Writing
        | Doing::StayingInChat
        | Doing::FindingThread
        | Doing::OpeningLink
        | Doing::CopyingLink
        | Doing::Setting => "",
    };
    let remedy = match failure.because {
        Because::WrongPasscode => "Check the passcode, --passcode gives it.".to_owned(),
        Because::NoSuchMeeting => "Check the link or the meeting id.".to_owned(),
        _ => for_a_file(failure).map_or_else(|| remedy(failure), str::to_owned),
    };
    match (kept, remedy.as_str()) {
        ("", words) => words.to_owned(),
        (kept, "") => format!("{kept}."),
        (kept, words) => format!("{kept}. {words}"),
    }
}

/// What can be done about a file or a picture: the command is given again, and where that may send it twice, that is
/// looked at first.
fn for_a_file(failure: &Failure) -> Option<&'static str> {
    let again = failure.remedy == Remedy::Retry;
    let uncertain = is_uncertain(failure);
    let words = match (failure.doing, &failure.because) {
        (_, Because::TokenExpired | Because::TokenRefused) => return None,
        (Doing::SendingPicture, _) if uncertain => {
            "See whether the picture is there; if not, /picture FILE sends it again."
        }
        (Doing::SendingPicture, Because::TooLong { .. }) => "Make it smaller and send it again.",
        (Doing::SendingPicture, _) if again => "/picture FILE sends it again.",
        (Doing::SendingFile, Because::TooLong { .. }) => {
            "Put it into OneDrive yourself and send its link."
        }
        (Doing::SendingFile, Because::Forbidden) => {
            "/permission files asks for the leave that your sign-in may lack."
        }
        (Doing::SendingFile, _) if uncertain || again => "/attach FILE sends it again.",
        (Doing::SharingFile, _) => {
            "/attach FILE goes on from there; or share it in OneDrive and send its link."
        }
        (Doing::PostingFile, _) if uncertain => {
            "See whether the message is there; if not, /attach FILE sends it without another upload."
        }
        (Doing::PostingFile, _) => "/attach FILE sends it without another upload.",
        _ => return None,
    };
    Some(words)
}

/// The service may have done it, and its answer is what was lost.
const fn is_uncertain(failure: &Failure) -> bool {
    match failure.because {
        Because::Timeout | Because::Lost => true,
        Because::Service { status, .. } => matches!(status, 500 | 502..=504),
        _ => false,
    }
}

fn remedy(failure: &Failure) -> String {
    match &failure.remedy {
        Remedy::Automatic { after: None } => "It is tried again by itself.".to_owned(),
        Remedy::Automatic { after: Some(after) } => {
            format!(
                "It is tried again by itself in {}.",
                duration(whole(*after))
            )
        }
        Remedy::Retry => "/retry does it again.".to_owned(),
        Remedy::SignInAgain => format!("{}.", phrase::NEW_START),
        Remedy::CheckAddress => "Check the address.".to_owned(),
        Remedy::CheckNetwork => "Check the network.".to_owned(),
        Remedy::TrustAuthority => {
            "If you trust it, name the file of its authority with --ca.".to_owned()
        }
        Remedy::AskOrganizer => "Ask the organizer.".to_owned(),
        Remedy::AskAdministrator { link } => {
            let again = match failure.doing {
                Doing::AskingForLeave => "ask again",
                _ => "sign in again",
            };
            format!(
                "Hand this link to an administrator of your organisation, who can agree for everybody in it; then \
                 {again}: {}",
                text::line(link)
            )
        }
        Remedy::Shorten => "Shorten it and send it again.".to_owned(),
        Remedy::None => String::new(),
    }
}

/// Rounded up: nobody is told to wait 0 seconds.
fn whole(span: Duration) -> u64 {
    span.as_secs() + u64::from(span.subsec_nanos() > 0)
}

/// Why a command is refused, as a clause: "you are not in the call".
pub fn reason(reason: &Reason) -> String {
    match reason {
        Reason::Identity { why } | Reason::CallsNobody { why } | Reason::NoSurvey { why } => (*why).to_owned(),
        Reason::Withheld(permission) => match Wider::asks_for(*permission) {
            Some(wider) => format!(
                "your sign-in was not given leave to {}; /permission {} asks for it",
                leave(*permission),
                wider.word()
            ),
            None => format!(
                "your sign-in was not given leave to {}; once that is allowed, the next token has it",
                leave(*permission)
            ),
        },
        Reason::HasLeave => "your sign-in has that leave already".to_owned(),
        Reason::NothingAskedFor => "nothing is being asked for".to_owned(),
        Reason::GoingOver => {
            "you are still going over to another account; what you wrote stays".to_owned()
        }
        Reason::NoThread => "no chat is open".to_owned(),
        Reason::ChatOpening => "the chat is still being opened".to_owned(),
        Reason::ChatDenied(failure) => {
            format!("this chat is closed to you, {}", briefly(&failure.because))
        }
        Reason::ChatDown(failure) => {
            format!("the chat cannot be opened, {}", briefly(&failure.because))
        }
        Reason::ChatGone => "this chat no longer exists".to_owned(),
        Reason::NoChatInMeeting => "this meeting has no chat for you".to_owned(),
        Reason::NoMeeting => "there is no meeting to join".to_owned(),
        Reason::NotInCall => "you are not in the call".to_owned(),
        Reason::CannotCall => "this account has nothing to call with; a Teams user needs a token service that exchanges \
                               tokens"
            .to_owned(),
        Reason::AlreadyInCall => "you are already in the call".to_owned(),
        Reason::InLobby => "you are still in the lobby".to_owned(),
        Reason::CallBeingMade => {
            "the other call is not connected yet; /leave gives it up".to_owned()
        }
        Reason::NobodyCalls => "nobody calls you".to_owned(),
        Reason::NoOtherCall => "no other call is on hold".to_owned(),
        Reason::OnHold => "the call is on hold".to_owned(),
        Reason::NotOnHold => "you have not put the call on hold".to_owned(),
        Reason::NoLink => "the meeting was joined by its id, there is no link to open".to_owned(),
        Reason::HandNotUp => "your hand is not up".to_owned(),
        Reason::NothingFailed => "nothing failed that could be tried again".to_owned(),
        Reason::Role => "only organizers and presenters may".to_owned(),
        Reason::MicrophoneForbidden => "the organizer does not allow your microphone".to_owned(),
        Reason::ConsentOutstanding => {
            "recording needs your consent first, /consent yes or /consent no".to_owned()
        }
        Reason::NoConsentAsked => "the meeting does not ask for your consent".to_owned(),
        Reason::Service { reason } => service_reason(reason),
        Reason::SignallingLost => "the connection to the call is lost".to_owned(),
        Reason::NoSound { reason } if reason.is_empty() => {
            "there is no sound on this machine".to_owned()
        }
        Reason::NoSound { reason } => format!("there is no sound here, {reason}"),
        Reason::JoinedSilent => {
            "you joined without sound, /leave and /join joins with it".to_owned()
        }
        Reason::JoinedToListen => {
            "you joined to listen, /leave and /join joins with your microphone".to_owned()
        }
    }
}

/// What a permission is for.
const fn leave(permission: Permission) -> &'static str {
    match permission {
        Permission::Chat => "chat",
        Permission::Call => "call",
        Permission::ReadChats => "read chats",
        Permission::SendMessages => "send messages",
        Permission::ChangeChats => "change chats and what is in them",
        Permission::CreateChats => "begin chats",
        Permission::ChangeMembers => "add and remove people",
        Permission::FindPeople => "find people",
        Permission::SearchAll => "search all chats",
        Permission::SeePresence => "see who can be reached",
        Permission::SetPresence => "set what others see of you",
        Permission::FindMeetings => "find meetings",
        Permission::ReadChannels => "read channels",
        Permission::SendToChannels => "post in channels",
        Permission::ChangeInChannels => "change what is in channels",
        Permission::StoreFiles => "put files into your OneDrive",
    }
}

/// The vendor's reasons for a capability that is missing.
fn service_reason(reason: &str) -> String {
    match reason {
        "NotInitialized" => "the call is not ready for it yet".to_owned(),
        "RoleRestricted" => "your role in this meeting does not allow it".to_owned(),
        "UserPolicyRestricted" | "IpModeUserPolicyRestricted" => {
            "a policy of your organization does not allow it".to_owned()
        }
        "MeetingRestricted" => "this meeting does not allow it".to_owned(),
        "ClientRestricted" => "this program may not do it".to_owned(),
        "FeatureNotSupported" => "the service does not support it".to_owned(),
        "CapabilityNotApplicableForTheCallType" => {
            "it does not exist in this kind of call".to_owned()
        }
        "TeamsPremiumLicenseRestricted" => {
            "it needs a licence the organizer does not have".to_owned()
        }
        "ExplicitConsentRequired" => {
            "recording needs your consent first, /consent yes or /consent no".to_owned()
        }
        "NotCapable" | "" => "the service does not allow it".to_owned(),
        other => format!("the service does not allow it ({other})"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(doing: Doing, because: Because, remedy: Remedy, words: &str) {
        let said = failure(&Failure {
            doing,
            because,
            remedy,
        });
        assert_eq!(said, words);
    }

    #[test]
    fn a_failure_says_what_why_what_became_of_it_and_what_to_do() {
        check(
            Doing::Sending,
            Because::Timeout,
            Remedy::Retry,
            "Could not send the message: no answer in time. It is kept. /retry does it again.",
        );
        check(
            Doing::SendingPicture,
            Because::Timeout,
            Remedy::Retry,
            "Could not send the picture: no answer in time. The file is as it was. See whether the picture is there; if \
             not, /picture FILE sends it again.",
        );
        // It may have arrived before the service failed, and cannot have where the service refused it.
        let answered = |status| Because::Service {
            status,
            message: String::new(),
        };
        check(
            Doing::SendingPicture,
            answered(502),
            Remedy::Retry,
            "Could not send the picture: the service answered with error 502. The file is as it was. See whether the \
             picture is there; if not, /picture FILE sends it again.",
        );
        check(
            Doing::SendingPicture,
            answered(409),
            Remedy::Retry,
            "Could not send the picture: the service answered with error 409. The file is as it was. /picture FILE sends \
             it again.",
        );
        check(
            Doing::JoiningCall,
            Because::Unreachable {
                host: "127.0.0.1:8080".to_owned(),
            },
            Remedy::CheckAddress,
            "Could not join the call: nobody answers at 127.0.0.1:8080. Check the address.",
        );
        check(
            Doing::LoadingMessages,
            Because::Throttled {
                wait: Duration::from_millis(1500),
            },
            Remedy::Automatic {
                after: Some(Duration::from_secs(2)),
            },
            "Could not load messages: the service asks to wait 2 seconds. It is tried again by itself in 2 seconds.",
        );
    }

    #[test]
    fn what_was_being_done_is_named_and_no_file_where_there_was_none() {
        let local = |detail: &str| Because::Local {
            detail: detail.to_owned(),
        };
        check(
            Doing::FindingThread,
            local("none here is called nosuch"),
            Remedy::None,
            "Could not find the thread: none here is called nosuch.",
        );
        check(
            Doing::OpeningLink,
            local("there is no desktop here to open it on"),
            Remedy::None,
            "Could not open the link: there is no desktop here to open it on.",
        );
        check(
            Doing::EditingDraft,
            local("vi ended with status 1"),
            Remedy::None,
            "Could not run the editor: vi ended with status 1. The draft is as it was.",
        );
    }

    #[test]
    fn the_vendors_reasons_become_words() {
        let said = reason(&Reason::Service {
            reason: "MeetingRestricted".to_owned(),
        });
        assert_eq!(said, "this meeting does not allow it");
    }
}
