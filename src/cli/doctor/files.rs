//! Settings that can be read, and files that nobody else can.

use std::fs;
use std::io;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use crate::cli::doctor::Context;
use crate::cli::doctor::Row;
use crate::config::paths::Paths;
use crate::model::text;

pub(super) fn settings(context: &Context) -> Vec<Row> {
    let config =
        match &context.config {
            Ok(config) => config,
            Err(error) => {
                let mut words = error.to_string();
                let mut cause = std::error::Error::source(error);
                while let Some(error) = cause {
                    words = format!("{words}: {error}");
                    cause = error.source();
                }
                let row = Row::problem(format!("sidetone does not start: {}", text::line(&words)));
                return vec![row.mend(
                    "correct the file; sidetone config --defaults prints what may stand there",
                )];
            }
        };
    let own = context.variable("SIDETONE_CONFIG").map(Into::into);
    let file = own.or_else(|| context.paths.as_ref().map(Paths::settings_file));
    let mut rows = vec![Row::ok(match file {
        Some(file) if file.exists() => shown(&file),
        Some(file) => format!("the defaults; there is no {}", shown(&file)),
        None => "the defaults; there is no home folder".to_owned(),
    })];
    rows.extend(
        config
            .warnings
            .iter()
            .map(|warning| Row::note(text::line(warning))),
    );
    rows
}

pub(super) fn private(context: &Context) -> Vec<Row> {
    let Some(paths) = &context.paths else {
        return vec![Row::note(
            "there is no home folder: no log, no notice log and no remembered choices are kept",
        )];
    };
    let folders = [&paths.state, &paths.data, &paths.runtime];
    let mut files = vec![
        paths.log(),
        paths.notice_log(),
        paths.history(),
        paths.remembered(),
    ];
    let config = context.config.as_ref().ok();
    files.extend(config.and_then(|config| config.token_file.clone()));
    let mut rows = Vec::new();
    for folder in folders {
        rows.extend(look(folder, 0o700));
    }
    for file in &files {
        rows.extend(look(file, 0o600));
    }
    if rows.is_empty() {
        let told = format!(
            "logs and choices in {} and {}, for you alone",
            shown(&paths.state),
            shown(&paths.data)
        );
        rows.push(Row::ok(told));
    }
    rows
}

/// What is wrong with a file or folder, if it is there.
fn look(path: &Path, allowed: u32) -> Option<Row> {
    let found = match fs::metadata(path) {
        Ok(found) => found,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return None,
        Err(error) => return Some(Row::problem(format!("{}: {error}", shown(path)))),
    };
    let mode = found.permissions().mode() & 0o777;
    if mode & !allowed & 0o077 != 0 {
        let row = Row::problem(format!("others may use {}", shown(path)));
        return Some(row.mend(format!("chmod {allowed:o} {}", quoted(path))));
    }
    let access = rustix::fs::Access::READ_OK | rustix::fs::Access::WRITE_OK;
    rustix::fs::access(path, access).err().map(|error| {
        let row = Row::problem(format!("{} cannot be written: {error}", shown(path)));
        row.mend(format!("sudo chown $USER {}", quoted(path)))
    })
}

fn shown(path: &Path) -> String {
    text::line(&path.display().to_string())
}

/// As the shell takes it.
fn quoted(path: &Path) -> String {
    format!("'{}'", shown(path).replace('\'', r"'\''"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::doctor::Verdict;
    use crate::cli::doctor::tests::context;
    use crate::config::paths;

    fn home(folder: &Path) -> Paths {
        Paths {
            config: folder.join("config"),
            data: folder.join("data"),
            state: folder.join("state"),
            runtime: folder.join("run"),
        }
    }

    #[test]
    fn what_others_may_read_is_a_problem_with_the_command_that_closes_it() {
        let folder = tempfile::tempdir().unwrap();
        let paths = home(folder.path());
        drop(paths::append_private(&paths.log()).unwrap());
        let context = context(&[], Some(paths.clone()));
        assert_eq!(private(&context)[0].verdict, Verdict::Ok);
        let open = fs::Permissions::from_mode(0o644);
        fs::set_permissions(paths.log(), open).unwrap();
        let rows = private(&context);
        let mend = format!("chmod 600 '{}'", paths.log().display());
        assert_eq!(rows.len(), 1);
        assert_eq!(rows[0].mend, Some(mend));
    }

    #[test]
    fn settings_that_stop_the_start_are_a_problem_and_a_misspelt_key_a_note() {
        let folder = tempfile::tempdir().unwrap();
        let paths = home(folder.path());
        let verdicts = |text: &str| {
            paths::replace_private(&paths.settings_file(), text.as_bytes()).unwrap();
            let rows = settings(&context(&[], Some(paths.clone())));
            rows.iter().map(|row| row.verdict).collect::<Vec<_>>()
        };
        assert_eq!(verdicts("bell = true\n"), [Verdict::Ok]);
        assert_eq!(verdicts("bel = true\n"), [Verdict::Ok, Verdict::Note]);
        assert_eq!(verdicts("verbosity = 9\n"), [Verdict::Problem]);
    }

    #[test]
    fn choices_that_cannot_be_read_are_a_note_with_what_to_do() {
        let folder = tempfile::tempdir().unwrap();
        let paths = home(folder.path());
        paths::replace_private(&paths.remembered(), b"theme = 'dusk'\n= broken\n").unwrap();
        let rows = settings(&context(&[], Some(paths)));
        assert_eq!(rows[1].verdict, Verdict::Note);
        let text = &rows[1].text;
        assert!(text.contains("remembered.toml:2: "), "{text}");
        assert!(text.contains("mend it, or remove it"), "{text}");
    }
}
