//! What lies under the pointer, as the view that drew it says.

use crate::model::message::MessageId;
use crate::model::thread::ThreadKey;

/// Something on the screen that can be clicked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Spot {
    Message(MessageId),
    /// A link in that message.
    Link {
        message: MessageId,
        url: String,
    },
    /// A line of what lies over the page, counted from its first.
    Choice(usize),
    Thread(ThreadKey),
    /// A person of the pane, counted from its first.
    Person(usize),
    /// A place in the draft, as a byte offset.
    Draft(usize),
}
