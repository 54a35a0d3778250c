//! Scripts of events through `update`, with the transcript and the screen they leave.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a script that cannot be played must fail"
)]

#[path = "script/play.rs"]
mod play;

#[path = "script/accounts.rs"]
mod accounts;

#[path = "script/any.rs"]
mod any;

#[path = "script/announcing.rs"]
mod announcing;

#[path = "script/call.rs"]
mod call;

#[path = "script/chat.rs"]
mod chat;

#[path = "script/connection.rs"]
mod connection;

#[path = "script/files.rs"]
mod files;

#[path = "script/identity.rs"]
mod identity;

#[path = "script/keys.rs"]
mod keys;

#[path = "script/leave.rs"]
mod leave;

#[path = "script/meeting.rs"]
mod meeting;

#[path = "script/notices.rs"]
mod notices;

#[path = "script/parting.rs"]
mod parting;

#[path = "script/people.rs"]
mod people;

#[path = "script/pipe.rs"]
mod pipe;

#[path = "script/pointer.rs"]
mod pointer;
#[path = "script/sound.rs"]
mod sound;

#[path = "script/survey.rs"]
mod survey;

#[path = "script/usage.rs"]
mod usage;

#[path = "script/words.rs"]
mod words;

#[path = "script/work.rs"]
mod work;
