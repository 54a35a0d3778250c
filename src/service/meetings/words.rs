//! Captions and real-time text: relayed as they are said, never kept.
//!
//! Captions go to those who asked, real-time text to everybody: for who cannot speak
//! it is the voice. Nothing goes to the lobby or to who is on hold, and who comes later
//! hears nothing of before.

use crate::wire::local::ToClient;
use crate::wire::local::Turn;
use crate::wire::local::Words;

use super::meeting::Meeting;
use super::meeting::Output;
use super::participant::Participant;
use super::requests::Acted;

/// Which turn of somebody is open, by its number.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Numbering {
    last: u64,
    open: bool,
}

impl Numbering {
    /// The number of the turn that words belong to.
    fn of(&mut self, is_final: bool) -> u64 {
        if !self.open {
            self.last += 1;
        }
        self.open = !is_final;
        self.last
    }
}

impl Meeting {
    /// Somebody's speech in words.
    pub fn caption(&mut self, id: &str, words: Words, out: &mut Vec<Output>) -> Acted {
        let at = self.present(id)?;
        let number = self.people[at].captioned.of(words.is_final);
        let message = ToClient::Caption(self.turn(at, number, words));
        self.tell_words(&message, |who| who.wants_captions, out);
        Ok(())
    }

    /// What somebody types in real time.
    pub fn real_time_text(&mut self, id: &str, words: Words, out: &mut Vec<Output>) -> Acted {
        let at = self.present(id)?;
        let number = self.people[at].typed.of(words.is_final);
        let message = ToClient::Text(self.turn(at, number, words));
        self.tell_words(&message, |_| true, out);
        Ok(())
    }

    fn turn(&self, at: usize, id: u64, words: Words) -> Turn {
        Turn {
            id,
            person: self.people[at].person.clone(),
            text: words.text,
            is_final: words.is_final,
            language: words.language,
        }
    }

    fn tell_words(
        &self,
        message: &ToClient,
        wants: impl Fn(&Participant) -> bool,
        out: &mut Vec<Output>,
    ) {
        let connected = self.inside().filter(|who| !who.held && wants(who));
        for socket in connected.filter_map(Participant::socket) {
            let message = message.clone();
            out.push(Output::Send { socket, message });
        }
    }
}

/// Words that are longer are nobody's turn.
pub(super) const LONGEST: usize = 4_000;
