//! Read receipts and typing indicators.

use crate::clock::Timestamp;

use super::Access;
use super::Change;
use super::Refusal;
use super::Store;
use super::Thread;
use super::What;
use super::Who;

/// The newest message somebody has read; everything before it counts as read too.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Receipt {
    pub by: String,
    pub message: u64,
    pub at: Timestamp,
}

impl Store {
    /// Notes how far `user` has read. In a large thread nobody is told, nor is it kept.
    pub fn read(
        &mut self,
        thread: &str,
        user: &str,
        message: u64,
        now: Timestamp,
    ) -> Result<Option<Change>, Refusal> {
        self.message(thread, user, message)?;
        let thread = self.live_mut(thread)?;
        let newest = thread.receipts.get(user).map_or(0, |known| known.message);
        if thread.is_large() || message < newest {
            return Ok(None);
        }
        let receipt = Receipt {
            by: user.to_owned(),
            message,
            at: now,
        };
        thread.receipts.insert(user.to_owned(), receipt);
        let by = user.to_owned();
        Ok(Some(thread.change(What::Read { by, message }, now)))
    }

    /// One receipt per person, the newest first.
    pub fn list_receipts(&self, thread: &str, user: &str) -> Result<Vec<Receipt>, Refusal> {
        let thread = self.thread_for(thread, user)?;
        let mut receipts: Vec<_> = thread.receipts.values().cloned().collect();
        receipts.sort_by(|a, b| (b.at, &b.by).cmp(&(a.at, &a.by)));
        Ok(receipts)
    }

    /// Tells the others that `user` types; nobody in a large thread.
    pub fn typing(
        &mut self,
        thread: &str,
        user: &str,
        name: Option<String>,
        now: Timestamp,
    ) -> Result<Option<Change>, Refusal> {
        let thread = self.writable(thread, user)?;
        if thread.is_large() {
            return Ok(None);
        }
        let by = Who {
            id: user.to_owned(),
            display_name: Some(thread.sender_name(user, name)),
        };
        Ok(Some(thread.change(What::Typing { by }, now)))
    }
}

impl Thread {
    /// Receipts and typing indicators end at twenty participants.
    fn is_large(&self) -> bool {
        let present = self.participants.iter();
        present.filter(|who| who.access != Access::None).count() > 20
    }
}
