//! The user's TOML file as a flat list of keys with the lines they stand on.

use std::path::Path;

use toml::de::DeTable;
use toml::de::DeValue;

use crate::config::Error;

/// `announce.join` = `quiet` on line 31.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Item {
    pub key: String,
    pub value: String,
    pub line: usize,
}

/// `path` only names the file in errors.
pub fn read(text: &str, path: &Path) -> Result<Vec<Item>, Error> {
    let table = DeTable::parse(text).map_err(|error| Error::Syntax {
        path: path.to_owned(),
        line: line_of(text, error.span().map_or(0, |s| s.start)),
        message: error.message().trim().to_owned(),
    })?;
    let mut items = Vec::new();
    flatten(text, path, "", table.get_ref(), &mut items)?;
    Ok(items)
}

fn flatten(
    text: &str,
    path: &Path,
    parent: &str,
    table: &DeTable<'_>,
    items: &mut Vec<Item>,
) -> Result<(), Error> {
    for (name, value) in table.iter() {
        let key = if parent.is_empty() {
            name.get_ref().to_string()
        } else {
            format!("{parent}.{}", name.get_ref())
        };
        let line = line_of(text, name.span().start);
        let value = match value.get_ref() {
            DeValue::Table(inner) => {
                flatten(text, path, &key, inner, items)?;
                continue;
            }
            DeValue::String(value) => value.to_string(),
            DeValue::Integer(value) => value.to_string(),
            DeValue::Float(value) => value.to_string(),
            DeValue::Boolean(value) => value.to_string(),
            DeValue::Datetime(_) | DeValue::Array(_) => {
                let message = format!("{key} takes one value");
                return Err(Error::Syntax {
                    path: path.to_owned(),
                    line,
                    message,
                });
            }
        };
        items.push(Item { key, value, line });
    }
    Ok(())
}

fn line_of(text: &str, offset: usize) -> usize {
    text.bytes().take(offset).filter(|b| *b == b'\n').count() + 1
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_broken_file_is_told_with_its_line() {
        let error = read("a = 1\nb = = 2\n", "config.toml".as_ref())
            .unwrap_err()
            .to_string();
        assert!(error.starts_with("config.toml, line 2: "), "{error}");
    }

    #[test]
    fn tables_become_dotted_keys() {
        let items = read("[announce]\njoin = \"off\"", "c".as_ref()).unwrap();
        assert_eq!(
            items,
            [Item {
                key: "announce.join".to_owned(),
                value: "off".to_owned(),
                line: 2
            }]
        );
    }
}
