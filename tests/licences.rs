//! What we ship and test with may be used under Apache-2.0 terms: every package that cargo or npm resolves
//! names a licence of the list below.

use std::fs;
use std::path::Path;
use std::process::Command;

use serde_json::Value;

/// Permissive licences: they ask for a notice and nothing else.
const PERMISSIVE: &[&str] = &[
    "0BSD",
    "Apache-2.0",
    "Apache-2.0 WITH LLVM-exception",
    "BSD-2-Clause",
    "BSD-3-Clause",
    "BSL-1.0",
    "CC0-1.0",
    "CDLA-Permissive-2.0",
    "ISC",
    "MIT",
    "MIT-0",
    "Unicode-3.0",
    "Unlicense",
    "Zlib",
];

/// Packages under another licence that were looked at one by one.
///
/// MPL-2.0 binds the files of the package alone: used unmodified, from where everyone gets them, they ask nothing of ours.
const LOOKED_AT: &[(&str, &str)] = &[("nucleo-matcher", "MPL-2.0"), ("option-ext", "MPL-2.0")];

/// Whether one way of reading an SPDX expression leaves only licences of the list.
///
/// `OR` is our choice and `AND` is not, and `AND` binds tighter; old packages write `/` for `OR`.
fn permitted(expression: &str, known: &dyn Fn(&str) -> bool) -> bool {
    let spaced = expression
        .replace('(', " ( ")
        .replace(')', " ) ")
        .replace('/', " OR ");
    let words: Vec<_> = spaced.split_whitespace().collect();
    let mut at = 0;
    either(&words, &mut at, known) && at == words.len()
}

fn either(words: &[&str], at: &mut usize, known: &dyn Fn(&str) -> bool) -> bool {
    let mut fine = both(words, at, known);
    while words.get(*at) == Some(&"OR") {
        *at += 1;
        fine |= both(words, at, known);
    }
    fine
}

fn both(words: &[&str], at: &mut usize, known: &dyn Fn(&str) -> bool) -> bool {
    let mut fine = one(words, at, known);
    while words.get(*at) == Some(&"AND") {
        *at += 1;
        fine &= one(words, at, known);
    }
    fine
}

fn one(words: &[&str], at: &mut usize, known: &dyn Fn(&str) -> bool) -> bool {
    let Some(word) = words.get(*at) else {
        return false;
    };
    *at += 1;
    if *word == "(" {
        let fine = either(words, at, known);
        let closed = words.get(*at) == Some(&")");
        *at += 1;
        return fine && closed;
    }
    if words.get(*at) == Some(&"WITH") {
        let exception = words.get(*at + 1).copied().unwrap_or_default();
        *at += 2;
        return known(&format!("{word} WITH {exception}"));
    }
    known(word)
}

fn allowed(package: &str, expression: &str) -> bool {
    permitted(expression, &|licence| {
        PERMISSIVE.contains(&licence) || LOOKED_AT.contains(&(package, licence))
    })
}

fn refused<'a>(packages: impl Iterator<Item = (&'a str, Option<&'a str>)>) -> Vec<String> {
    packages
        .filter(|(name, licence)| !licence.is_some_and(|l| allowed(name, l)))
        .map(|(name, licence)| format!("{name}: {}", licence.unwrap_or("names no licence")))
        .collect()
}

#[test]
fn an_expression_is_permitted_when_one_choice_of_it_is() {
    for fine in [
        "MIT",
        "MIT/Apache-2.0",
        "MIT OR GPL-3.0",
        "(MIT OR GPL-3.0) AND Unicode-3.0",
        "Apache-2.0 WITH LLVM-exception OR GPL-3.0",
        "ISC AND (GPL-3.0 OR ISC)",
    ] {
        assert!(allowed("any", fine), "{fine}");
    }
    for not in [
        "",
        "GPL-3.0",
        "MIT AND GPL-3.0",
        "GPL-3.0 WITH LLVM-exception",
        "(MIT",
        "MPL-2.0",
        "MIT MIT",
    ] {
        assert!(!allowed("any", not), "{not}");
    }
    assert!(allowed("option-ext", "MPL-2.0"));
}

#[test]
fn every_rust_package_is_under_a_permissive_licence() {
    let told = Command::new(env!("CARGO"))
        .args(["metadata", "--format-version", "1", "--locked"])
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .unwrap();
    assert!(
        told.status.success(),
        "cargo metadata: {}",
        String::from_utf8_lossy(&told.stderr)
    );
    let told: Value = serde_json::from_slice(&told.stdout).unwrap();
    let packages = told["packages"].as_array().unwrap();
    assert!(
        packages.len() > 100,
        "only {} packages were named",
        packages.len()
    );
    let wrong = refused(
        packages
            .iter()
            .map(|p| (p["name"].as_str().unwrap(), p["license"].as_str())),
    );
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}

#[test]
fn every_javascript_package_of_the_tests_is_under_a_permissive_licence() {
    for (folder, wanted) in [
        ("tests/interop", "node_modules/@azure/communication-chat"),
        ("tests/bridge", "node_modules/esbuild"),
    ] {
        let packages = locked(folder);
        assert!(
            packages.contains_key(wanted),
            "the lock file of {folder} does not name {wanted}"
        );
        let wrong = refused(
            packages
                .iter()
                .map(|(name, p)| (name.as_str(), p["license"].as_str())),
        );
        assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
    }
}

/// It stands alone in its folder, so that it can be left out, and nothing of it is ever ours to give away.
#[test]
fn the_vendors_calling_sdk_is_the_one_package_under_terms_of_its_own() {
    const SDK: &str = "node_modules/@azure/communication-calling";
    let mut packages = locked("src/call/bridge/setup");
    let sdk = packages.remove(SDK).unwrap();
    assert_eq!(sdk["version"], "2.0.0");
    assert!(
        sdk["integrity"].is_string(),
        "the package is not bound to a checksum"
    );
    let terms = sdk["license"].as_str().unwrap();
    assert!(
        terms.starts_with("Microsoft Software License Terms"),
        "the terms are others now: {terms}"
    );
    let wrong = refused(
        packages
            .iter()
            .map(|(name, p)| (name.as_str(), p["license"].as_str())),
    );
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}

#[expect(
    clippy::unwrap_used,
    reason = "a test that cannot read a lock file must fail"
)]
fn locked(folder: &str) -> serde_json::Map<String, Value> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join(folder);
    let lock = fs::read_to_string(folder.join("package-lock.json")).unwrap();
    let mut lock: Value = serde_json::from_str(&lock).unwrap();
    serde_json::from_value(lock["packages"].take()).unwrap()
}
