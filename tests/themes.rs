//! Every shipped theme: it loads, it can be read, and no colour carries a meaning alone.
#![expect(
    clippy::unwrap_used,
    reason = "a theme that does not load must fail the test"
)]

use std::fs;
use std::path::Path;

use ratatui::style::Color;
use ratatui::style::Modifier;
use ratatui::style::Style;
use sidetone::view::theme::BUILT_IN;
use sidetone::view::theme::Role;
use sidetone::view::theme::Theme;

fn themes() -> Vec<Theme> {
    BUILT_IN
        .iter()
        .map(|(name, _)| Theme::load(name, |_| None).unwrap())
        .collect()
}

/// WCAG 2.2 relative luminance.
fn luminance((red, green, blue): (u8, u8, u8)) -> f64 {
    let part = |c: u8| {
        let c = f64::from(c) / 255.0;
        if c <= 0.04045 {
            c / 12.92
        } else {
            ((c + 0.055) / 1.055).powf(2.4)
        }
    };
    0.2126 * part(red) + 0.7152 * part(green) + 0.0722 * part(blue)
}

fn contrast(a: (u8, u8, u8), b: (u8, u8, u8)) -> f64 {
    let (a, b) = (luminance(a), luminance(b));
    (a.max(b) + 0.05) / (a.min(b) + 0.05)
}

fn rgb(color: Option<Color>) -> Option<(u8, u8, u8)> {
    match color {
        Some(Color::Rgb(r, g, b)) => Some((r, g, b)),
        _ => None,
    }
}

#[test]
fn the_contrast_formula_agrees_with_known_pairs() {
    let near = |a: f64, b: f64| assert!((a - b).abs() < 0.05, "{a} is not {b}");
    near(contrast((0, 0, 0), (255, 255, 255)), 21.0);
    near(contrast((0xe6, 0x9f, 0x00), (0, 0, 0)), 9.3);
    near(contrast((0x00, 0x72, 0xb2), (255, 255, 255)), 5.2);
}

#[test]
fn every_file_in_the_folder_is_built_in_and_the_other_way_round() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("themes");
    let mut files: Vec<_> = fs::read_dir(folder)
        .unwrap()
        .map(|f| {
            f.unwrap()
                .path()
                .file_stem()
                .unwrap()
                .to_string_lossy()
                .into_owned()
        })
        .collect();
    files.sort();
    let mut built_in: Vec<_> = BUILT_IN
        .iter()
        .map(|(name, _)| (*name).to_owned())
        .collect();
    built_in.sort();
    assert_eq!(files, built_in);
}

#[test]
fn every_explicit_pair_has_enough_contrast() {
    let mut poor = Vec::new();
    for theme in themes() {
        for role in Role::ALL {
            let style = theme.style(*role);
            let (Some(fg), Some(bg)) = (rgb(style.fg), rgb(style.bg)) else {
                continue;
            };
            let needed = match (role.is_mark(), theme.name()) {
                (true, _) => 3.0,
                (false, "high-contrast") => 7.0,
                (false, _) => 4.5,
            };
            let ratio = contrast(fg, bg);
            if ratio < needed {
                poor.push(format!("{} {}: {ratio:.2}", theme.name(), role.name()));
            }
        }
    }
    assert!(poor.is_empty(), "{poor:#?}");
}

#[test]
fn a_theme_with_colours_of_its_own_sets_both_sides_of_every_pair() {
    for theme in themes() {
        for role in Role::ALL {
            let style = theme.style(*role);
            assert_eq!(
                rgb(style.fg).is_some(),
                rgb(style.bg).is_some(),
                "{} {}",
                theme.name(),
                role.name()
            );
        }
    }
}

#[test]
fn no_words_are_dim_or_dark_blue() {
    for theme in themes() {
        for role in Role::ALL {
            let style = theme.style(*role);
            let at = format!("{} {}", theme.name(), role.name());
            assert!(!style.add_modifier.contains(Modifier::DIM), "{at}");
            assert!(
                !matches!(style.fg, Some(Color::DarkGray | Color::Blue | Color::Black)),
                "{at}"
            );
        }
    }
}

#[test]
fn the_default_theme_uses_only_the_terminals_own_colours_and_background() {
    let theme = Theme::default();
    assert_eq!(theme.name(), "terminal");
    for role in Role::ALL {
        let style = theme.style(*role);
        assert!(rgb(style.fg).is_none(), "{}", role.name());
        assert!(
            matches!(style.bg, None | Some(Color::Reset)),
            "{}",
            role.name()
        );
    }
}

#[test]
fn mono_has_no_colour() {
    let theme = Theme::load("mono", |_| None).unwrap();
    for role in Role::ALL {
        assert_eq!((theme.style(*role).fg, theme.style(*role).bg), (None, None));
    }
}

#[test]
fn reverse_video_belongs_to_notices_alone() {
    for theme in themes() {
        for role in Role::ALL {
            assert_eq!(
                theme.style(*role).add_modifier.contains(Modifier::REVERSED),
                *role == Role::Notice,
                "{} {}",
                theme.name(),
                role.name()
            );
        }
    }
}

/// Takes the colours out of a style: what someone sees who cannot tell hues apart.
fn shape(style: Style) -> Modifier {
    style.add_modifier
}

/// Reddish and greenish, by which channel stands out.
fn hue(color: Option<Color>) -> Option<&'static str> {
    match color? {
        Color::Red | Color::LightRed => Some("red"),
        Color::Green | Color::LightGreen => Some("green"),
        Color::Rgb(r, g, b) if r > g.saturating_add(60) && r > b.saturating_add(60) => Some("red"),
        Color::Rgb(r, g, b) if g > r.saturating_add(60) && g > b.saturating_add(30) => {
            Some("green")
        }
        _ => None,
    }
}

#[test]
fn red_and_green_are_never_the_only_difference() {
    for theme in themes() {
        for a in Role::ALL {
            for b in Role::ALL {
                let (x, y) = (theme.style(*a), theme.style(*b));
                if hue(x.fg) == Some("red") && hue(y.fg) == Some("green") {
                    assert_ne!(
                        shape(x),
                        shape(y),
                        "{}: {} and {}",
                        theme.name(),
                        a.name(),
                        b.name()
                    );
                }
            }
        }
    }
}

#[test]
fn what_stands_out_does_so_without_colour_too() {
    let pairs = [
        (Role::CallLive, Role::CallMuted),
        (Role::CallQualityPoor, Role::CallQuality),
        (Role::MessageFailed, Role::Message),
        (Role::MessageMentionMe, Role::MessageMention),
        (Role::OverlaySelected, Role::Overlay),
        (Role::Notice, Role::Text),
    ];
    for theme in themes() {
        for (a, b) in pairs {
            assert_ne!(
                shape(theme.style(a)),
                shape(theme.style(b)),
                "{}: {} and {}",
                theme.name(),
                a.name(),
                b.name()
            );
        }
    }
}
