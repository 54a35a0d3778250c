//! Somebody's machine: a home folder of its own, where the built program runs in a terminal.
#![allow(
    dead_code,
    clippy::allow_attributes,
    reason = "every test crate uses another part of it"
)]

use std::path::Path;

use crate::terminal::Session;

pub(crate) struct Machine {
    home: tempfile::TempDir,
    /// Of its terminal, which has 24 rows.
    columns: u16,
}

impl Machine {
    pub(crate) fn new(columns: u16) -> Self {
        Self {
            home: tempfile::tempdir().expect("a home folder"),
            columns,
        }
    }

    pub(crate) fn path(&self) -> &Path {
        self.home.path()
    }

    /// `more`: further variables of the environment.
    pub(crate) fn run(&self, arguments: &[&str], more: &[(&str, &str)]) -> Session {
        let home = self.path();
        let folder = |name: &str| home.join(name).display().to_string();
        let variables = [
            ("HOME", home.display().to_string()),
            ("XDG_CONFIG_HOME", folder("config")),
            ("XDG_DATA_HOME", folder("data")),
            ("XDG_STATE_HOME", folder("state")),
            ("XDG_RUNTIME_DIR", folder("run")),
            ("SIDETONE_SECRETS_KEY_FILE", folder("key")),
        ];
        let mut variables: Vec<(&str, &str)> = variables
            .iter()
            .map(|(name, value)| (*name, value.as_str()))
            .collect();
        variables.extend(more);
        Session::start(self.columns, 24, arguments, &variables)
    }
}
