//! What somebody types that nobody may see: not printed, and wiped when it is let go.

use std::fmt;

use zeroize::Zeroizing;

/// It never grows beyond the room it has from the beginning, so no copy of it is left behind.
#[derive(Clone, PartialEq, Eq)]
pub struct Hidden(Zeroizing<String>);

impl Default for Hidden {
    fn default() -> Self {
        Self(Zeroizing::new(String::with_capacity(MOST)))
    }
}

impl Hidden {
    /// What there is no room for is left out.
    pub fn push(&mut self, c: char) {
        if self.0.len() + c.len_utf8() <= MOST {
            self.0.push(c);
        }
    }

    pub fn pop(&mut self) {
        self.0.pop();
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Hidden {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[redacted]")
    }
}

/// Bytes; more than anybody types.
const MOST: usize = 1024;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_not_printed_and_does_not_move_while_it_is_typed() {
        let mut typed = Hidden::default();
        let place = typed.as_str().as_ptr();
        "hunter2".chars().for_each(|c| typed.push(c));
        assert!(!format!("{typed:?}").contains("hunter"));
        (0..MOST).for_each(|_| typed.push('ä'));
        assert_eq!(typed.as_str().as_ptr(), place);
        assert!(typed.as_str().len() <= MOST);
    }
}
