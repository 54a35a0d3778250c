//! The people named in what is sent.

use crate::model::identity::Person;
use crate::wire::html::Piece;

/// Each `@name` of a mentioned person becomes a mention; where names overlap the longest counts.
pub(in crate::chat) fn pieces<'a>(text: &'a str, mentions: &'a [Person]) -> Vec<Piece<'a>> {
    let mut pieces = Vec::new();
    let mut rest = text;
    let mut plain = 0;
    while let Some(at) = rest[plain..].find('@').map(|at| at + plain) {
        let named = mentions
            .iter()
            .filter(|who| !who.name.is_empty() && rest[at + 1..].starts_with(&who.name))
            .max_by_key(|who| who.name.len());
        let Some(who) = named else {
            plain = at + 1;
            continue;
        };
        if at > 0 {
            pieces.push(Piece::Text(&rest[..at]));
        }
        pieces.push(Piece::Mention {
            id: who.id.as_str(),
            name: &who.name,
        });
        rest = &rest[at + 1 + who.name.len()..];
        plain = 0;
    }
    if !rest.is_empty() {
        pieces.push(Piece::Text(rest));
    }
    pieces
}
