//! A settings file as assignments with their lines.

use std::path::Path;

use toml::Spanned;
use toml::de::DeTable;
use toml::de::DeValue;

use crate::config::Entry;
use crate::config::Error;
use crate::config::Source;

/// Reads the assignments of a file; tables become dotted keys.
pub(super) fn entries(text: &str, path: &Path) -> Result<Vec<Entry>, Error> {
    let file = File { text, path };
    let table = DeTable::parse(text).map_err(|error| {
        let at = error.span().map_or(0, |span| span.start);
        file.syntax(at, error.message())
    })?;
    let mut found = Vec::new();
    file.collect("", table.get_ref(), &mut found)?;
    found.sort_by_key(|(at, _)| *at);
    Ok(found.into_iter().map(|(_, entry)| entry).collect())
}

struct File<'a> {
    text: &'a str,
    path: &'a Path,
}

impl File<'_> {
    fn collect(
        &self,
        prefix: &str,
        table: &DeTable<'_>,
        into: &mut Vec<(usize, Entry)>,
    ) -> Result<(), Error> {
        for (key, value) in table {
            let name = format!("{prefix}{}", key.get_ref());
            if let Some(table) = value.get_ref().as_table() {
                self.collect(&format!("{name}."), table, into)?;
                continue;
            }
            let at = key.span().start;
            let entry = Entry {
                key: name,
                text: self.text_of(value)?,
                source: Source::File {
                    path: self.path.to_owned(),
                    line: self.line(at),
                },
            };
            into.push((at, entry));
        }
        Ok(())
    }

    /// Every kind of value as the text a variable or flag would have.
    fn text_of(&self, value: &Spanned<DeValue<'_>>) -> Result<String, Error> {
        match value.get_ref() {
            DeValue::String(text) => Ok(text.clone().into_owned()),
            DeValue::Integer(number) => Ok(number.as_str().to_owned()),
            DeValue::Float(number) => Ok(number.as_str().to_owned()),
            DeValue::Boolean(truth) => Ok(truth.to_string()),
            other => {
                let kind = if other.is_array() { "a list" } else { "a date" };
                let detail = format!("a setting is a text, a number, true or false, not {kind}");
                Err(self.syntax(value.span().start, &detail))
            }
        }
    }

    fn line(&self, at: usize) -> usize {
        self.text
            .bytes()
            .take(at)
            .filter(|byte| *byte == b'\n')
            .count()
            + 1
    }

    fn syntax(&self, at: usize, detail: &str) -> Error {
        Error::Syntax {
            path: self.path.to_owned(),
            line: self.line(at),
            detail: detail.to_owned(),
        }
    }
}
