//! Who may import whom. A new edge here is a design change and says so in its commit.
#![expect(
    clippy::unwrap_used,
    reason = "a test that cannot read the sources must fail"
)]

use std::fs;
use std::path::Path;
use std::path::PathBuf;

/// Module, and the modules of this crate that it may name.
const MAY_IMPORT: &[(&str, &[&str])] = &[
    ("clock", &[]),
    ("tasks", &[]),
    ("audio", &[]),
    ("wire", &[]),
    ("rtc", &["clock", "tasks", "audio"]),
    ("model", &["clock"]),
    ("command", &["model"]),
    ("event", &["clock", "command", "model"]),
    ("effect", &["clock", "command", "model"]),
    ("state", &["clock", "command", "model"]),
    (
        "update",
        &["clock", "command", "effect", "event", "model", "state"],
    ),
    ("view", &["clock", "command", "effect", "model", "state"]),
    ("config", &["clock", "command", "model"]),
    (
        "identity",
        &[
            "clock", "tasks", "config", "effect", "event", "model", "wire",
        ],
    ),
    (
        "chat",
        &[
            "clock", "tasks", "config", "effect", "event", "model", "wire", "identity",
        ],
    ),
    (
        "call",
        &[
            "clock", "tasks", "config", "effect", "event", "model", "wire", "identity", "audio",
            "rtc",
        ],
    ),
    (
        "history",
        &["clock", "tasks", "config", "effect", "event", "model"],
    ),
    ("service", &["clock", "tasks", "audio", "rtc", "wire"]),
    ("token_service", &["clock", "tasks", "config", "wire"]),
    (
        "runtime",
        &[
            "clock", "tasks", "audio", "wire", "rtc", "model", "command", "event", "effect",
            "state", "update", "view", "config", "identity", "chat", "call", "history",
        ],
    ),
];

/// Modules that do no IO, read no clock and never wait.
const PURE: &[&str] = &[
    "audio", "wire", "model", "command", "event", "effect", "state", "update", "view",
];

/// What a pure module must not name.
const IMPURE: &[&str] = &[
    "tokio::",
    "std::fs",
    "std::net",
    "std::env",
    "std::process",
    "std::thread",
    "std::time::Instant",
    "std::time::SystemTime",
    "async fn",
    ".await",
    "clock::Clock",
];

fn sources(folder: &Path, into: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            sources(&path, into);
        } else if path.extension().is_some_and(|e| e == "rs") {
            into.push(path);
        }
    }
}

/// Path below `src`, top-level module and text of every source file; unit tests and comments are left out.
fn modules() -> Vec<(String, String, String)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut files = Vec::new();
    sources(&root, &mut files);
    files
        .into_iter()
        .map(|file| {
            let name = file
                .strip_prefix(&root)
                .unwrap()
                .to_string_lossy()
                .replace('\\', "/");
            let module = name
                .split('/')
                .next()
                .unwrap()
                .trim_end_matches(".rs")
                .to_owned();
            let text = fs::read_to_string(&file).unwrap();
            let code = text.split("#[cfg(test)]").next().unwrap_or_default();
            let code = code
                .lines()
                .filter(|l| !l.trim_start().starts_with("//"))
                .collect::<Vec<_>>()
                .join("\n");
            (name, module, code)
        })
        .collect()
}

fn imported(code: &str) -> impl Iterator<Item = &str> {
    code.match_indices("crate::").map(|(at, found)| {
        let rest = &code[at + found.len()..];
        &rest[..rest
            .find(|c: char| !c.is_alphanumeric() && c != '_')
            .unwrap_or(rest.len())]
    })
}

#[test]
fn modules_import_only_what_the_table_allows() {
    let mut wrong = Vec::new();
    for (file, module, code) in modules() {
        if ["lib", "main", "cli"].contains(&module.as_str()) {
            continue;
        }
        let Some((_, allowed)) = MAY_IMPORT.iter().find(|(name, _)| *name == module) else {
            wrong.push(format!("{file}: module {module} is not in the table"));
            continue;
        };
        for name in imported(&code) {
            if name != module && !allowed.contains(&name) {
                wrong.push(format!("{file}: {module} may not import {name}"));
            }
        }
        if module == "chat" && code.contains("crate::call")
            || module == "call" && code.contains("crate::chat")
        {
            wrong.push(format!("{file}: chat and call do not see each other"));
        }
    }
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}

#[test]
fn pure_modules_do_no_io_and_read_no_clock() {
    let mut wrong = Vec::new();
    for (file, module, code) in modules() {
        if PURE.contains(&module.as_str()) {
            wrong.extend(
                IMPURE
                    .iter()
                    .filter(|w| code.contains(**w))
                    .map(|w| format!("{file}: {w}")),
            );
        }
    }
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}

#[test]
fn one_use_line_names_one_module_and_super_means_the_own_parent() {
    let mut wrong = Vec::new();
    for (file, _, code) in modules() {
        for line in code.lines() {
            if line.contains("crate::{") || line.contains("super::super") {
                wrong.push(format!("{file}: {}", line.trim()));
            }
        }
    }
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}

#[test]
fn every_file_opens_by_saying_what_it_is_for() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut files = Vec::new();
    sources(&root, &mut files);
    let silent: Vec<_> = files
        .into_iter()
        .filter(|f| !fs::read_to_string(f).unwrap().starts_with("//!"))
        .collect();
    assert!(silent.is_empty(), "{silent:?}");
}

#[test]
fn no_name_of_a_module_is_a_drawer() {
    let drawers = ["manager", "helper", "util", "base", "common"];
    let found: Vec<_> = modules()
        .into_iter()
        .filter(|(file, ..)| drawers.iter().any(|d| file.contains(d)))
        .map(|(file, ..)| file)
        .collect();
    assert!(found.is_empty(), "{found:?}");
}
