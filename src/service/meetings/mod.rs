//! Meetings: who may join them, how, and what everybody in them is told.

mod desk;
mod media;
mod meeting;
mod participant;
mod requests;
mod rules;
mod socket;
mod words;

pub use desk::Meetings;
pub use desk::Written;
pub use media::Flow;
pub use media::MediaAct;
pub use media::Mixing;
pub use meeting::Arrival;
pub use meeting::Meeting;
pub use meeting::Names;
pub use meeting::Now;
pub use meeting::Output;
pub use participant::SocketId;
pub use requests::NoSuchParticipant;
pub use requests::Whom;
pub use rules::Admission;
pub use rules::ChatMode;
pub use rules::LobbyMode;
pub use rules::Options;
pub use rules::Standing;
pub use rules::capabilities;
pub use rules::capability;

pub(in crate::service) use desk::keep_time;
pub(in crate::service) use socket::routes;

#[cfg(test)]
mod tests;
