//! Microphone, speaker, and words in place of them.

use crate::command::Command;
use crate::command::arguments::devices;
use crate::command::arguments::none;
use crate::command::arguments::one_of;
use crate::command::arguments::switch;
use crate::command::arguments::volume;
use crate::model::capability::Capability;

use super::Group;
use super::Row;

pub(super) const ROWS: [Row; 10] = [
    Row {
        name: "talk",
        aliases: &[],
        arguments: "[on|off]",
        keys: &["Ctrl-G k"],
        vim: &[],
        needs: Capability::UnmuteMic,
        group: Group::Sound,
        help: "Begins or ends talking, where push to talk is on; else the same as unmute and mute.",
        make: |a| switch(a).map(Command::Talk),
    },
    Row {
        name: "ptt",
        aliases: &["pushtotalk"],
        arguments: "[hold|toggle|off]",
        keys: &[],
        vim: &[],
        needs: Capability::Anything,
        group: Group::Sound,
        help: "Opens your microphone only while you hold Space outside your message, or from one press to the next.",
        make: |a| match a {
            "" => Some(Command::PushToTalk(None)),
            a => one_of(a, &["hold", "toggle", "off"]).map(|mode| Command::PushToTalk(Some(mode))),
        },
    },
    Row {
        name: "deafen",
        aliases: &[],
        arguments: "[on|off]",
        keys: &["Ctrl-G f"],
        vim: &[],
        needs: Capability::HearCall,
        group: Group::Sound,
        help: "Plays nothing of the call, or plays it again; others see it.",
        make: |a| switch(a).map(Command::Deafen),
    },
    Row {
        name: "devices",
        aliases: &["audio"],
        arguments: "[input NAME|output NAME]",
        keys: &["Ctrl-G i"],
        vim: &[],
        needs: Capability::Anything,
        group: Group::Sound,
        help: "Lists microphones and speakers, or takes one, by name, number, default or none.",
        make: devices,
    },
    Row {
        name: "testtone",
        aliases: &["tone"],
        arguments: "",
        keys: &[],
        vim: &[],
        needs: Capability::Sound,
        group: Group::Sound,
        help: "Plays a tone on your speaker; nobody else hears it.",
        make: |a| none(a, Command::TestTone),
    },
    Row {
        name: "volume",
        aliases: &["vol"],
        arguments: "[NAME] [PERCENT]",
        keys: &[],
        vim: &[],
        needs: Capability::Anything,
        group: Group::Sound,
        help: "Says or sets how loud everything is played, or one person, from 0 to 200.",
        make: volume,
    },
    Row {
        name: "levels",
        aliases: &["level"],
        arguments: "",
        keys: &[],
        vim: &[],
        needs: Capability::InCall,
        group: Group::Sound,
        help: "Says how loud you and the others are.",
        make: |a| none(a, Command::Levels),
    },
    Row {
        name: "captions",
        aliases: &["cc"],
        arguments: "[on|off]",
        keys: &["Ctrl-G t"],
        vim: &[],
        needs: Capability::Captions,
        group: Group::Sound,
        help: "Shows what people say as text, where the meeting gives it.",
        make: |a| switch(a).map(Command::Captions),
    },
    Row {
        name: "text",
        aliases: &["rtt"],
        arguments: "[TEXT]",
        keys: &["Ctrl-G x"],
        vim: &[],
        needs: Capability::RealTimeText,
        group: Group::Sound,
        help: "Writes in real time: everybody reads along while you type, and Enter ends the line.",
        make: |a| Some(Command::RealTimeText(a.to_owned())),
    },
    Row {
        name: "stats",
        aliases: &[],
        arguments: "",
        keys: &[],
        vim: &[],
        needs: Capability::SeeQuality,
        group: Group::Sound,
        help: "Says how the sound travels: round trip, loss, jitter, levels, codec, bitrate.",
        make: |a| none(a, Command::Stats),
    },
];
