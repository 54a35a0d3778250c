//! The text being written: one value for both views.
//!
//! Multi-line, with history, undo, word motions and readline keys. Moves by
//! grapheme cluster; knows nothing of where it is drawn.

/// The draft and its cursor.
#[derive(Debug, Clone, Default)]
pub struct Composer {
    pub(crate) text: String,
    /// Byte offset, always on a grapheme boundary.
    pub(crate) cursor: usize,
}
