//! What the repository says about itself: names, pictures, the README and what no file may mention.
#![expect(
    clippy::unwrap_used,
    reason = "a test that cannot read the repository must fail"
)]

use std::fs;
use std::path::Path;
use std::path::PathBuf;
use std::process::Command;

/// The compatibility sentence and the disclaimer, word for word; each stands there once.
const SAID_ONCE: &[&str] = &[
    "sidetone interoperates with Microsoft Teams meetings through Azure Communication Services \
     where the table below says so.",
    "not affiliated with or endorsed by Microsoft",
];

/// Pictures made from the program itself. Any other picture in the repository is refused.
const OWN_PICTURES: &[&str] = &["tests/picture/meeting.png"];

const PICTURES: &[&str] = &[
    "png", "svg", "ico", "icns", "jpg", "jpeg", "gif", "webp", "bmp", "tiff", "avif", "ttf", "otf",
    "woff", "woff2",
];

const VENDOR: &[&str] = &[
    "teams",
    "microsoft",
    "azure",
    "office",
    "skype",
    "fluent",
    "logo",
];

/// Places of one machine, and where packages come from. In pieces, so that this file does not contain them.
const MENTIONED_NOWHERE: &[&str] = &[
    concat!("/wo", "rk/"),
    concat!("/ro", "ot/"),
    concat!("/Us", "ers/"),
    concat!("bash", "_jobs"),
    concat!("static.crates", ".io"),
    concat!("index.crates", ".io"),
    concat!("npmjs", ".org"),
    concat!("npmjs", ".com"),
    concat!("pypi", ".org"),
    concat!("deb.debian", ".org"),
    concat!("proxy.golang", ".org"),
];

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// Every file of the repository, by its path below the root; what git ignores is left out.
fn files() -> Vec<String> {
    let mut found = Vec::new();
    let mut folders = vec![PathBuf::new()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(root().join(&folder)).unwrap() {
            let entry = entry.unwrap();
            let path = folder.join(entry.file_name());
            let name = path.to_string_lossy().replace('\\', "/");
            if [".git", "target"].contains(&name.as_str()) || name.ends_with("node_modules") {
                continue;
            }
            if entry.file_type().unwrap().is_dir() {
                folders.push(path);
            } else {
                found.push(name);
            }
        }
    }
    found.sort();
    found
}

fn extension(file: &str) -> String {
    Path::new(file)
        .extension()
        .map(|e| e.to_string_lossy().to_lowercase())
        .unwrap_or_default()
}

fn readme() -> String {
    let text = fs::read_to_string(root().join("README.md")).unwrap();
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// The subcommands that `--help` lists below `path`, and theirs.
fn subcommands(path: &[String]) -> Vec<String> {
    let told = Command::new(env!("CARGO_BIN_EXE_sidetone"))
        .args(path)
        .arg("--help")
        .output()
        .unwrap();
    assert!(told.status.success(), "{path:?} --help failed");
    let told = String::from_utf8_lossy(&told.stdout).into_owned();
    let listed = told
        .lines()
        .skip_while(|line| *line != "Commands:")
        .skip(1)
        .take_while(|line| line.starts_with("  "))
        .filter(|line| !line.starts_with("   "))
        .filter_map(|line| line.split_whitespace().next())
        .filter(|name| *name != "help");
    let mut all = Vec::new();
    for name in listed {
        let mut below = path.to_vec();
        below.push(name.to_owned());
        all.push(name.to_owned());
        all.extend(subcommands(&below));
    }
    all
}

fn names_the_product(name: &str) -> bool {
    name.to_lowercase().contains("teams")
}

#[test]
fn no_package_binary_or_subcommand_is_named_after_the_product() {
    let manifest: toml::Table = fs::read_to_string(root().join("Cargo.toml"))
        .unwrap()
        .parse()
        .unwrap();
    let mut names = vec![
        manifest["package"]["name"].as_str().unwrap().to_owned(),
        manifest["lib"]["name"].as_str().unwrap().to_owned(),
    ];
    let binaries = manifest["bin"].as_array().unwrap();
    names.extend(
        binaries
            .iter()
            .map(|b| b["name"].as_str().unwrap().to_owned()),
    );
    let commands = subcommands(&[]);
    for expected in ["join", "demo", "host"] {
        assert!(
            commands.iter().any(|c| c == expected),
            "--help lists no {expected}: {commands:?}"
        );
    }
    names.extend(commands);
    names.retain(|name| names_the_product(name));
    assert!(names.is_empty(), "{names:?}");
}

#[test]
fn pictures_are_ours_and_none_is_named_after_a_vendor() {
    let wrong: Vec<_> = files()
        .into_iter()
        .filter(|file| PICTURES.contains(&extension(file).as_str()))
        .filter(|file| {
            let lower = file.to_lowercase();
            !OWN_PICTURES.contains(&file.as_str()) || VENDOR.iter().any(|v| lower.contains(v))
        })
        .collect();
    assert!(wrong.is_empty(), "{wrong:?}");
}

#[test]
fn the_readme_says_what_it_is_compatible_with_and_who_is_not_behind_it() {
    let readme = readme();
    for sentence in SAID_ONCE {
        assert_eq!(readme.matches(sentence).count(), 1, "{sentence}");
    }
}

#[test]
fn the_readme_names_the_two_commands() {
    let readme = readme();
    for command in ["make demo", "make test"] {
        assert!(readme.contains(command), "{command}");
    }
}

#[test]
fn no_file_names_a_place_of_one_machine_or_where_packages_come_from() {
    let mut wrong = Vec::new();
    for file in files() {
        let bytes = fs::read(root().join(&file)).unwrap();
        let text = String::from_utf8_lossy(&bytes);
        wrong.extend(
            MENTIONED_NOWHERE
                .iter()
                .filter(|word| text.contains(**word))
                .map(|word| format!("{file}: {word}")),
        );
    }
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}

/// A link has the name of a meeting, not of the service that holds it.
#[test]
fn every_example_of_joining_names_the_service() {
    let text = fs::read_to_string(root().join("README.md")).unwrap();
    let shell = text.split("```sh").skip(1);
    let lines = shell.filter_map(|block| block.split("```").next());
    let joins: Vec<&str> = lines
        .flat_map(str::lines)
        .filter(|line| line.contains("sidetone join"))
        .collect();
    assert!(joins.len() >= 3, "{joins:?}");
    for line in joins {
        assert!(line.contains("--endpoint"), "{line}");
    }
}

#[test]
fn what_comes_from_elsewhere_keeps_its_notice_beside_it() {
    let folder = root().join("tests/fixtures");
    let mut folders = vec![folder];
    let mut bare = Vec::new();
    while let Some(folder) = folders.pop() {
        let Ok(entries) = fs::read_dir(&folder) else {
            continue;
        };
        let mut borrowed = false;
        let mut noticed = false;
        for entry in entries {
            let path = entry.unwrap().path();
            let name = path.file_name().unwrap().to_string_lossy().to_lowercase();
            if path.is_dir() {
                folders.push(path);
            } else if name.contains("notice") || name.contains("licen") {
                noticed = true;
            } else if name.contains("live") || name.contains("spec") {
                borrowed = true;
            }
        }
        if borrowed && !noticed {
            bare.push(folder);
        }
    }
    assert!(bare.is_empty(), "{bare:?}");
}
