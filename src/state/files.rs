//! The pictures and files of the thread in front, in the order in which they came.

use crate::model::message::Attachment;
use crate::model::message::Message;
use crate::state::State;

impl State {
    /// Each with the message it came with; the place in this order is its number.
    pub fn files(&self) -> Vec<(&Message, &Attachment)> {
        let messages = self
            .thread()
            .into_iter()
            .flat_map(|t| t.timeline.messages());
        messages
            .flat_map(|message| message.attachments.iter().map(move |file| (message, file)))
            .collect()
    }
}
