//! How each event is told at each verbosity (accessibility 2.3).

use crate::model::announcement::Class;
use crate::model::announcement::NoticeChange;
use crate::model::announcement::Said;
use crate::model::announcement::Topic;
use crate::model::call::TransferStep;
use crate::model::settings::Settings;
use crate::model::sound::Direction;

/// The class of `said` for this person. Notices, errors and what others do to us are out of reach of settings.
pub(super) fn class(said: &Said, settings: &Settings) -> Class {
    let class = by_verbosity(said, settings.verbosity);
    let chosen = name(said.topic()).and_then(|n| settings.announce.get(n));
    match (class, chosen.map(String::as_str)) {
        (Class::Assertive | Class::Answer, _) | (_, None) => class,
        (_, Some("off")) => Class::Off,
        (_, Some("quiet")) => Class::Quiet,
        (_, Some(_)) => Class::Polite,
    }
}

/// The name of a topic in `[announce]`; `None` where nothing can be chosen.
fn name(topic: Topic) -> Option<&'static str> {
    Some(match topic {
        Topic::Lobby => "lobby",
        Topic::Connection => "connection",
        Topic::Mention => "mention",
        Topic::Message => "message",
        Topic::OtherThread => "other-thread",
        Topic::Change => "change",
        Topic::Typing => "typing",
        Topic::Join => "join",
        Topic::Hand => "hand",
        Topic::Reaction => "reaction",
        Topic::Sound => "sound",
        Topic::Caption => "caption",
        Topic::RealTimeText => "text",
        Topic::Notice
        | Topic::Call
        | Topic::MutedByOther
        | Topic::OwnMute
        | Topic::Error
        | Topic::Answer => return None,
    })
}

fn by_verbosity(said: &Said, verbosity: u8) -> Class {
    match said {
        Said::Notice { .. }
        | Said::NoticeBehind { .. }
        | Said::HeldEnded { .. }
        | Said::Incoming { .. }
        | Said::NotAnswered { .. }
        | Said::Connected { .. }
        | Said::NotComing { .. }
        | Said::HandedOn
        | Said::Moved { .. }
        | Said::Receiving(Err(_))
        | Said::Transfer {
            step: TransferStep::Done | TransferStep::Failed(_),
            ..
        }
        | Said::ConsentAsked { .. }
        | Said::Admitted
        | Said::CallEnded { .. }
        | Said::MutedByOther { .. }
        | Said::DeviceLost(Direction::Capture)
        | Said::TalkKeyLost
        | Said::RawRefused { .. }
        | Said::Failed(_)
        | Said::NotSent { .. }
        | Said::LeftWhileSending { .. } => Class::Assertive,
        Said::OwnMute { .. }
        | Said::Calling { .. }
        | Said::Answering { .. }
        | Said::Declining { .. }
        | Said::TonesSent { .. }
        | Said::DialIn(_)
        | Said::Rated(_)
        | Said::ConsentAnswered { .. }
        | Said::QuitsOnceSent { .. }
        | Said::LinesWait { .. }
        | Said::Refused { .. }
        | Said::UnknownCommand { .. }
        | Said::BadArgument { .. }
        | Said::Answer(_) => Class::Answer,
        Said::Opened { .. }
        | Said::Joined
        | Said::WaitingInLobby { .. }
        | Said::SomeoneWaits { .. }
        | Said::Rejoining { .. }
        | Said::StillHeld { .. }
        | Said::CanRate
        | Said::Shares { .. }
        | Said::Spotlit { .. }
        | Said::RoomAssigned { .. }
        | Said::ItRings { .. }
        | Said::Adding { .. }
        | Said::Receiving(Ok(_))
        | Said::Transfer {
            step: TransferStep::Begun,
            ..
        }
        | Said::Held(_)
        | Said::RoleChanged
        | Said::ConnectionLost
        | Said::ConnectionBack { .. }
        | Said::Polling
        | Said::Relayed
        | Said::RelayLost
        | Said::ChatDenied(_)
        | Said::ChatOpen
        | Said::UsageKept
        | Said::Turn { .. }
        | Said::NoSound { .. }
        | Said::DeviceLost(Direction::Playback)
        | Said::DeviceOpened { .. }
        | Said::SpeakingWhileMuted
        | Said::SoundInterrupted(_)
        | Said::BySystem { .. }
        | Said::Message { mention: true, .. } => Class::Polite,
        Said::Message { .. } | Said::Summary { .. } => {
            by_level(verbosity, Class::Quiet, Class::Polite, Class::Polite)
        }
        Said::TopicChanged { .. } | Said::CameAndWent { .. } => {
            by_level(verbosity, Class::Off, Class::Polite, Class::Polite)
        }
        Said::OtherThread { .. }
        | Said::Edited { .. }
        | Said::Deleted { .. }
        | Said::Restored { .. }
        | Said::ReactionReceived { .. }
        | Said::Reacted { .. } => by_level(verbosity, Class::Off, Class::Quiet, Class::Polite),
        // Who may act on a hand hears of it; `update` knows the role and offers it as polite.
        Said::Hand { .. } => by_level(verbosity, Class::Quiet, Class::Quiet, Class::Polite),
    }
}

const fn by_level(verbosity: u8, one: Class, two: Class, three: Class) -> Class {
    match verbosity {
        0 | 1 => one,
        2 => two,
        _ => three,
    }
}

/// Said again until acknowledged (N3).
pub(super) const fn repeats(said: &Said) -> bool {
    match said {
        Said::Notice { change, .. } => !matches!(
            change,
            NoticeChange::Stopped { .. } | NoticeChange::KnownOff
        ),
        Said::ConsentAsked { .. } => true,
        _ => false,
    }
}

/// About how many words a line has; for what is budgeted never fewer than it is written with.
pub(super) fn words(said: &Said) -> u32 {
    let all = |texts: &[String]| texts.iter().map(|t| count(t)).sum::<u32>();
    let name = |by: &Option<String>| by.as_deref().map_or(0, |n| count(n) + 1);
    match said {
        Said::Notice { change, .. } => match change {
            NoticeChange::Started { by } | NoticeChange::Stopped { by } => 3 + name(by),
            NoticeChange::AlreadyOn | NoticeChange::Unknown | NoticeChange::KnownOff => 6,
        },
        Said::ConsentAsked { .. } => 19,
        // What the waiting costs is said behind it.
        Said::WaitingInLobby { .. } => 18,
        Said::Admitted => 4,
        Said::CanRate => 22,
        Said::MutedByOther { by, .. } => 3 + name(by),
        Said::DeviceLost(_) => 3,
        Said::Turn { sender, text, .. } => count(&sender.name) + count(text) + 1,
        Said::Message {
            sender,
            texts,
            times,
            thread,
            ..
        } => {
            let external = u32::from(sender.external);
            let times = if *times > 1 { 2 } else { 0 };
            // One for the time of day, which may be shown.
            count(&sender.name) + external + all(texts) + times + name(thread) + 1
        }
        Said::Edited { sender, text } => count(&sender.name) + count(text) + 2,
        Said::Restored { sender, text } => count(&sender.name) + count(text) + 5,
        Said::ReactionReceived { kind, text } => count(kind) + count(text) + 3,
        Said::Summary { thread, names, .. } => count(thread) + all(names) + 13,
        Said::CameAndWent { joined, left, .. } => all(joined) + all(left) + 10,
        Said::Opened { topic, .. } => count(topic) + 10,
        _ => 10,
    }
}

fn count(text: &str) -> u32 {
    u32::try_from(text.split_whitespace().count()).unwrap_or(u32::MAX)
}
