//! Themes by name: a person's own files, then those compiled in.

use std::cell::RefCell;
use std::fs;
use std::io;
use std::path::Path;
use std::path::PathBuf;

use crate::view::theme;
use crate::view::theme::Theme;

#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("could not read the theme file {path}: {}", .source.kind())]
    Read {
        path: PathBuf,
        #[source]
        source: io::Error,
    },
    #[error(transparent)]
    Theme(#[from] theme::Error),
}

/// Loads a theme; `folder` has the person's own. An unknown name is answered with those that are known.
pub fn load(name: &str, folder: Option<&Path>) -> Result<Theme, Error> {
    let unreadable = RefCell::new(None);
    let own = |file: &str| {
        // A name with a slash is a path of somebody's invention, not a theme.
        let plain = !file.contains(['/', '\\']) && !file.starts_with('.');
        let path = folder.filter(|_| plain)?.join(format!("{file}.toml"));
        match fs::read_to_string(&path) {
            Ok(text) => Some(text),
            Err(error) if error.kind() == io::ErrorKind::NotFound => None,
            Err(source) => {
                unreadable.replace(Some(Error::Read { path, source }));
                None
            }
        }
    };
    let loaded = Theme::load(name, own);
    // What was there and could not be read is more exact than that there is no such theme.
    if let Some(error) = unreadable.take() {
        return Err(error);
    }
    Ok(loaded.map_err(|error| error.or(names(folder)))?)
}

fn names(folder: Option<&Path>) -> Vec<String> {
    let files = folder.and_then(|folder| fs::read_dir(folder).ok());
    let paths = files
        .into_iter()
        .flatten()
        .flatten()
        .map(|file| file.path());
    let themes = paths.filter(|path| path.extension().is_some_and(|e| e == "toml"));
    let mut names: Vec<String> = themes
        .filter_map(|path| Some(path.file_stem()?.to_str()?.to_owned()))
        .collect();
    names.sort();
    names
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unknown_theme_is_answered_with_the_nearest_and_all_there_are() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("dusk.toml"), "inherits = \"dark\"\n").unwrap();
        fs::write(folder.path().join("dark.toml"), "inherits = \"dark\"\n").unwrap();
        fs::write(folder.path().join("notes.txt"), "").unwrap();
        let folder = Some(folder.path());
        let told = |name: &str| load(name, folder).unwrap_err().to_string();
        let all = "terminal, dark, light, high-contrast, colour-blind, mono, dusk";
        assert_eq!(
            told("Drak"),
            format!("there is no theme \"Drak\"; did you mean \"dark\"? Themes are {all}")
        );
        assert_eq!(
            told("zzz"),
            format!("there is no theme \"zzz\"; themes are {all}")
        );
        assert_eq!(load("dusk", folder).unwrap().name(), "dusk");
        assert!(load("../dusk", folder).is_err());
    }

    #[test]
    fn a_theme_that_is_there_and_cannot_be_read_says_so() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("dark.toml"), b"\xff\xfe").unwrap();
        fs::create_dir(folder.path().join("dusk.toml")).unwrap();
        for name in ["dark", "dusk"] {
            let told = load(name, Some(folder.path())).unwrap_err().to_string();
            assert!(told.starts_with("could not read the theme file "), "{told}");
            assert!(told.contains(&format!("{name}.toml: ")), "{told}");
        }
    }
}
