//! Layers, sources, mistakes.

use super::*;

fn surroundings(variables: &[(&str, &str)]) -> Surroundings {
    Surroundings {
        variables: variables
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
            .collect(),
        terminal: true,
    }
}

fn below(home: &Path) -> Paths {
    let folder = |name: &str| home.join(name);
    Paths {
        config: folder("config"),
        data: folder("data"),
        state: folder("state"),
        runtime: folder("run"),
    }
}

/// Loads with a settings file, variables and flags.
fn load(file: &str, variables: &[(&str, &str)], flags: Vec<Entry>) -> Result<Config, Error> {
    let home = tempfile::tempdir().unwrap();
    let paths = below(home.path());
    paths::create_private(&paths.settings_file(), file.as_bytes()).unwrap();
    remember(&paths.remembered(), "pinned_people", "true").unwrap();
    Config::load(Some(&paths), &surroundings(variables), flags)
}

#[test]
fn the_compiled_defaults_are_the_settings_without_a_file() {
    let config = Config::load(None, &surroundings(&[]), Vec::new()).unwrap();
    assert_eq!(config.settings, Settings::default());
    assert!(config.warnings.is_empty(), "{:?}", config.warnings);
    assert_eq!(
        (config.name, config.endpoint, config.log),
        (None, None, "info")
    );
    for key in keys::all() {
        assert!(config.values.contains_key(key), "{key} has no default");
    }
}

#[test]
fn later_layers_win_and_every_value_knows_where_it_came_from() {
    let config = load(
        "theme = \"dark\"\npace = 200\nverbosity = 3\n\n\nread_receipts = false\n",
        &[("SIDETONE_PACE", "90"), ("SIDETONE_THEME", "light")],
        vec![Entry::flag("theme", "mono", "--theme")],
    )
    .unwrap();
    assert_eq!(config.settings.theme, "mono");
    assert_eq!(config.settings.pace, 90);
    assert!(!config.settings.read_receipts);
    assert!(config.settings.pinned_people);
    let source = |key: &str| config.values[key].source.to_string();
    assert_eq!(source("theme"), "flag --theme");
    assert_eq!(source("pace"), "environment SIDETONE_PACE");
    assert_eq!(source("pinned_people"), "remembered");
    assert!(source("read_receipts").ends_with("config.toml:6"));
    assert_eq!(source("bell"), "default");
}

#[test]
fn an_unknown_key_warns_with_the_nearest_known_one() {
    let config = load(
        "them = \"dark\"\n[announce]\njion = \"off\"\n",
        &[("SIDETONE_VERBOSTY", "1")],
        Vec::new(),
    )
    .unwrap();
    let warnings = config.warnings.join("\n");
    assert!(
        warnings.contains("config.toml:1: unknown setting \"them\"; did you mean theme?"),
        "{warnings}"
    );
    assert!(
        warnings.contains("config.toml:3: no event is called \"jion\"; did you mean join?"),
        "{warnings}"
    );
    assert!(
        warnings.contains("SIDETONE_VERBOSTY names no setting; did you mean SIDETONE_VERBOSITY?"),
        "{warnings}"
    );
}

#[test]
fn a_bad_value_is_an_error_that_says_where_and_what_would_be_right() {
    let error = |file: &str| load(file, &[], Vec::new()).unwrap_err().to_string();
    let text = error("bell = true\nverbosity = 7\n");
    assert!(
        text.ends_with("config.toml:2: verbosity takes 1, 2, 3, not 7"),
        "{text}"
    );
    let text = error("interface = \"window\"\n");
    assert!(
        text.ends_with("interface takes full-screen, linear, not window"),
        "{text}"
    );
    let text = error("theme = \n");
    assert!(text.contains("config.toml:1: "), "{text}");
    let text = error("mouse = [1]\n");
    assert!(
        text.contains("not a list") || text.contains("config.toml:1"),
        "{text}"
    );
}

#[test]
fn what_was_remembered_badly_is_said_and_stops_nothing_and_is_not_written_over() {
    let dir = tempfile::tempdir().unwrap();
    let paths = below(dir.path());
    let path = paths.remembered();
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    let load = || {
        let flags = Vec::new();
        Config::load(Some(&paths), &surroundings(&[]), flags).unwrap()
    };
    fs::write(&path, "audio_mode = \"sytem\"\npinned_people = \"true\"\n").unwrap();
    let config = load();
    assert!(config.settings.pinned_people);
    let [warning] = &config.warnings[..] else {
        panic!("{:?}", config.warnings)
    };
    assert!(warning.contains("sytem") && warning.contains("/set audio_mode"));
    fs::write(&path, "pinned_people = \"true\"\n= broken\n").unwrap();
    let config = load();
    let [warning] = &config.warnings[..] else {
        panic!("{:?}", config.warnings)
    };
    assert!(warning.contains("remembered.toml"), "{warning}");
    remember(&path, "audio_mode", "raw").unwrap_err();
    assert!(fs::read_to_string(&path).unwrap().contains("= broken"));
}

#[test]
fn no_setting_reaches_a_notice() {
    let text = load("[announce]\nnotice = \"off\"\n", &[], Vec::new())
        .unwrap_err()
        .to_string();
    assert!(text.contains("cannot be changed"), "{text}");
    assert!(!ANNOUNCED.iter().any(|event| NOTICES.contains(event)));
}

#[test]
fn the_surroundings_choose_the_linear_view_unless_a_flag_says_otherwise() {
    let interface = |variables: &[(&str, &str)], flags| {
        load("interface = \"full-screen\"\n", variables, flags)
            .unwrap()
            .settings
            .interface
    };
    assert_eq!(interface(&[], Vec::new()), Interface::FullScreen);
    assert_eq!(
        interface(&[("ACCESSIBLE", "1")], Vec::new()),
        Interface::Linear
    );
    assert_eq!(
        interface(&[("ACCESSIBLE", "no")], Vec::new()),
        Interface::FullScreen
    );
    assert_eq!(
        interface(&[("TERM", "dumb")], Vec::new()),
        Interface::Linear
    );
    let flag = vec![Entry::flag("interface", "full-screen", "--full-screen")];
    assert_eq!(
        interface(&[("ACCESSIBLE", "1")], flag),
        Interface::FullScreen
    );
}

#[test]
fn colour_and_motion_follow_the_conventions() {
    let config = load("", &[("NO_COLOR", "1"), ("REDUCE_MOTION", "1")], Vec::new()).unwrap();
    assert!(!config.settings.color);
    assert_eq!(config.settings.motion, Motion::Off);
    let config = load(
        "motion = \"on\"\n",
        &[("NO_MOTION", "1"), ("NO_COLOR", "")],
        Vec::new(),
    )
    .unwrap();
    assert!(config.settings.color);
    assert_eq!(config.settings.motion, Motion::On);
}
