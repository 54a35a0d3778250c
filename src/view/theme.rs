//! Colours by role, not by place.
//!
//! A theme is a TOML file of roles. A role that is missing, or silent about one
//! attribute, takes it from its parent (`message.sender` from `message`, that
//! from `text`); `inherits` names another theme to start from. Themes carry no
//! meaning: without one, in `mono`, nothing is lost.

use ratatui::style::Color;
use ratatui::style::Modifier;
use ratatui::style::Style;

/// The themes that are compiled in, the default first.
pub const BUILT_IN: [(&str, &str); 6] = [
    ("terminal", include_str!("../../themes/terminal.toml")),
    ("dark", include_str!("../../themes/dark.toml")),
    ("light", include_str!("../../themes/light.toml")),
    (
        "high-contrast",
        include_str!("../../themes/high-contrast.toml"),
    ),
    (
        "colour-blind",
        include_str!("../../themes/colour-blind.toml"),
    ),
    ("mono", include_str!("../../themes/mono.toml")),
];

/// `inherits` deeper than this is a circle.
const DEPTH: usize = 8;

macro_rules! roles {
    ($($role:ident $name:literal < $parent:ident),* $(,)?) => {
        /// What a piece of the screen is.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
        pub enum Role {
            /// Talk, and everything that names no other role.
            #[default]
            Text,
            $($role),*
        }

        impl Role {
            pub const ALL: &'static [Self] = &[Self::Text, $(Self::$role),*];

            /// The key in a theme file.
            pub const fn name(self) -> &'static str {
                match self {
                    Self::Text => "text",
                    $(Self::$role => $name),*
                }
            }

            /// Where it takes what a theme does not say.
            pub const fn parent(self) -> Option<Self> {
                match self {
                    Self::Text => None,
                    $(Self::$role => Some(Self::$parent)),*
                }
            }
        }
    };
}

roles! {
    Quiet "quiet" < Text,
    Accent "accent" < Text,
    Rule "rule" < Text,
    Header "header" < Text,
    Day "day" < Quiet,
    Message "message" < Text,
    MessageSender "message.sender" < Message,
    MessageMine "message.mine" < MessageSender,
    MessageTime "message.time" < Quiet,
    MessageMention "message.mention" < Message,
    MessageMentionMe "message.mention.me" < MessageMention,
    MessageLink "message.link" < Message,
    MessageTarget "message.link.target" < MessageLink,
    MessageCode "message.code" < Message,
    MessageQuote "message.quote" < Message,
    MessagePlaceholder "message.placeholder" < Message,
    MessageSystem "message.system" < Quiet,
    MessageFailed "message.failed" < Message,
    Marker "marker" < Accent,
    Notice "notice" < Text,
    Typing "typing" < Quiet,
    Age "age" < Quiet,
    Newer "newer" < Accent,
    Call "call" < Text,
    CallMuted "call.muted" < Call,
    CallLive "call.live" < Call,
    CallTalking "call.talking" < Call,
    CallQuality "call.quality" < Call,
    CallQualityPoor "call.quality.poor" < CallQuality,
    CallQualityBad "call.quality.bad" < CallQualityPoor,
    Composer "composer" < Text,
    ComposerPrompt "composer.prompt" < Composer,
    Selected "selected" < Text,
    Overlay "overlay" < Text,
    OverlayTitle "overlay.title" < Overlay,
    OverlayKey "overlay.key" < Overlay,
    OverlaySelected "overlay.selected" < Overlay,
    OverlayDisabled "overlay.disabled" < Overlay,
}

impl Role {
    /// Rules and borders are marks: they need less contrast than words.
    pub const fn is_mark(self) -> bool {
        matches!(self, Self::Rule)
    }

    fn parse(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|r| r.name() == name)
    }
}

/// Why a theme could not be used; names the file and the key.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum Error {
    #[error("there is no theme {name:?}{}", known_words(.name, .known))]
    Missing { name: String, known: Vec<String> },
    #[error("{file}: not valid TOML: {reason}")]
    Syntax { file: String, reason: String },
    #[error("{file}: unknown key {key:?}{}", nearest_words(.nearest.as_deref()))]
    UnknownKey {
        file: String,
        key: String,
        nearest: Option<String>,
    },
    #[error("{file}: {key}: {reason}")]
    Value {
        file: String,
        key: String,
        reason: String,
    },
    #[error("{file}: inherits: themes inherit from each other in a circle")]
    Circle { file: String },
}

impl Error {
    /// Whoever knows of themes besides those compiled in names them too.
    #[must_use]
    pub fn or(mut self, own: impl IntoIterator<Item = String>) -> Self {
        if let Self::Missing { known, .. } = &mut self {
            let new: Vec<String> = own.into_iter().filter(|n| !known.contains(n)).collect();
            known.extend(new);
        }
        self
    }
}

/// The theme that was probably meant, and all there are.
fn known_words(name: &str, known: &[String]) -> String {
    let nearest = known
        .iter()
        .map(|k| (strsim::jaro_winkler(k, &name.to_lowercase()), k))
        .filter(|(likeness, _)| *likeness > 0.75)
        .max_by(|a, b| a.0.total_cmp(&b.0));
    let all = known.join(", ");
    match nearest {
        Some((_, nearest)) => format!("; did you mean {nearest:?}? Themes are {all}"),
        None => format!("; themes are {all}"),
    }
}

fn nearest_words(nearest: Option<&str>) -> String {
    nearest.map_or_else(String::new, |n| format!("; did you mean {n:?}?"))
}

/// What one role of one file says; `None` leaves it to the parent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
struct Entry {
    foreground: Option<Color>,
    background: Option<Color>,
    bold: Option<bool>,
    italic: Option<bool>,
    underline: Option<bool>,
    reverse: Option<bool>,
}

impl Entry {
    fn or(self, parent: Self) -> Self {
        Self {
            foreground: self.foreground.or(parent.foreground),
            background: self.background.or(parent.background),
            bold: self.bold.or(parent.bold),
            italic: self.italic.or(parent.italic),
            underline: self.underline.or(parent.underline),
            reverse: self.reverse.or(parent.reverse),
        }
    }

    fn style(self) -> Style {
        let mut modifier = Modifier::empty();
        for (on, flag) in [
            (self.bold, Modifier::BOLD),
            (self.italic, Modifier::ITALIC),
            (self.underline, Modifier::UNDERLINED),
            (self.reverse, Modifier::REVERSED),
        ] {
            modifier.set(flag, on == Some(true));
        }
        Style {
            fg: self.foreground,
            bg: self.background,
            add_modifier: modifier,
            ..Style::new()
        }
    }
}

/// A style for every role.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Theme {
    name: String,
    styles: Vec<Style>,
}

impl Default for Theme {
    fn default() -> Self {
        Self::load("terminal", |_| None).expect("built-in themes are parsed by a test")
    }
}

impl Theme {
    /// Loads a theme by name. `own` gives the text of a person's own theme file and is asked first.
    pub fn load(name: &str, own: impl Fn(&str) -> Option<String>) -> Result<Self, Error> {
        let entries = read(name, &own, 0)?;
        let styles = Role::ALL
            .iter()
            .map(|role| resolve(&entries, *role).style())
            .collect();
        Ok(Self {
            name: name.to_owned(),
            styles,
        })
    }

    pub fn name(&self) -> &str {
        &self.name
    }

    /// The same without a colour: `NO_COLOR`.
    #[must_use]
    pub fn without_color(mut self) -> Self {
        for style in &mut self.styles {
            style.fg = None;
            style.bg = None;
        }
        self
    }

    pub fn style(&self, role: Role) -> Style {
        self.styles
            .get(role as usize)
            .copied()
            .unwrap_or_else(Style::new)
    }
}

fn resolve(entries: &[Entry], role: Role) -> Entry {
    let entry = entries.get(role as usize).copied().unwrap_or_default();
    match role.parent() {
        Some(parent) => entry.or(resolve(entries, parent)),
        None => entry,
    }
}

fn read(
    name: &str,
    own: &dyn Fn(&str) -> Option<String>,
    depth: usize,
) -> Result<Vec<Entry>, Error> {
    let file = format!("{name}.toml");
    if depth > DEPTH {
        return Err(Error::Circle { file });
    }
    // A person's file may carry the name of a built-in theme, and inherit from it.
    let built_in = BUILT_IN.iter().find(|(n, _)| *n == name).map(|(_, t)| *t);
    let text = match (own(name), built_in) {
        (Some(text), _) => text,
        (None, Some(text)) => text.to_owned(),
        (None, None) => {
            return Err(Error::Missing {
                name: name.to_owned(),
                known: BUILT_IN.map(|(name, _)| name.to_owned()).to_vec(),
            });
        }
    };
    let table: toml::Table = text.parse().map_err(|e: toml::de::Error| Error::Syntax {
        file: file.clone(),
        reason: e.message().to_owned(),
    })?;
    let mut entries = match table.get("inherits") {
        None => vec![Entry::default(); Role::ALL.len()],
        Some(toml::Value::String(from)) if from == name && depth < DEPTH => {
            read(from, &|_| None, depth + 1)?
        }
        Some(toml::Value::String(from)) => read(from, own, depth + 1)?,
        Some(_) => return Err(wrong(&file, "inherits", "must be the name of a theme")),
    };
    for (key, value) in &table {
        if key == "inherits" {
            continue;
        }
        let Some(role) = Role::parse(key) else {
            return Err(unknown(&file, key, Role::ALL.iter().map(|r| r.name())));
        };
        let said = entry(&file, key, value)?;
        if let Some(slot) = entries.get_mut(role as usize) {
            *slot = said.or(*slot);
        }
    }
    Ok(entries)
}

fn entry(file: &str, role: &str, value: &toml::Value) -> Result<Entry, Error> {
    let Some(table) = value.as_table() else {
        return Err(wrong(
            file,
            role,
            "must be a table such as { fg = \"cyan\", bold = true }",
        ));
    };
    let mut entry = Entry::default();
    for (key, value) in table {
        let path = format!("{role}.{key}");
        match key.as_str() {
            "fg" => entry.foreground = Some(color(file, &path, value)?),
            "bg" => entry.background = Some(color(file, &path, value)?),
            "bold" => entry.bold = Some(switch(file, &path, value)?),
            "italic" => entry.italic = Some(switch(file, &path, value)?),
            "underline" => entry.underline = Some(switch(file, &path, value)?),
            "reverse" => entry.reverse = Some(switch(file, &path, value)?),
            _ => return Err(unknown(file, &path, ATTRIBUTES.into_iter())),
        }
    }
    Ok(entry)
}

const ATTRIBUTES: [&str; 6] = ["fg", "bg", "bold", "italic", "underline", "reverse"];

fn switch(file: &str, key: &str, value: &toml::Value) -> Result<bool, Error> {
    value
        .as_bool()
        .ok_or_else(|| wrong(file, key, "must be true or false"))
}

/// `default`, one of the terminal's sixteen by name, or `#rrggbb`.
fn color(file: &str, key: &str, value: &toml::Value) -> Result<Color, Error> {
    let refuse = || {
        wrong(
            file,
            key,
            "must be \"default\", one of the terminal's sixteen colours, or \"#rrggbb\"",
        )
    };
    let name = value.as_str().ok_or_else(refuse)?;
    if let Some(hex) = name.strip_prefix('#') {
        let valid = hex.len() == 6 && hex.bytes().all(|b| b.is_ascii_hexdigit());
        let number = u32::from_str_radix(hex, 16).ok().filter(|_| valid);
        return number.map(Color::from_u32).ok_or_else(refuse);
    }
    Ok(match name {
        "default" => Color::Reset,
        "black" => Color::Black,
        "red" => Color::Red,
        "green" => Color::Green,
        "yellow" => Color::Yellow,
        "blue" => Color::Blue,
        "magenta" => Color::Magenta,
        "cyan" => Color::Cyan,
        "white" => Color::Gray,
        "bright-black" => Color::DarkGray,
        "bright-red" => Color::LightRed,
        "bright-green" => Color::LightGreen,
        "bright-yellow" => Color::LightYellow,
        "bright-blue" => Color::LightBlue,
        "bright-magenta" => Color::LightMagenta,
        "bright-cyan" => Color::LightCyan,
        "bright-white" => Color::White,
        _ => return Err(refuse()),
    })
}

fn wrong(file: &str, key: &str, reason: &str) -> Error {
    Error::Value {
        file: file.to_owned(),
        key: key.to_owned(),
        reason: reason.to_owned(),
    }
}

fn unknown<'a>(file: &str, key: &str, known: impl Iterator<Item = &'a str>) -> Error {
    let last = key.rsplit('.').next().unwrap_or(key);
    let nearest = known
        .map(|k| {
            (
                strsim::jaro_winkler(k, key).max(strsim::jaro_winkler(k, last)),
                k,
            )
        })
        .filter(|(similarity, _)| *similarity > 0.7)
        .max_by(|a, b| a.0.total_cmp(&b.0))
        .map(|(_, k)| k.to_owned());
    Error::UnknownKey {
        file: file.to_owned(),
        key: key.to_owned(),
        nearest,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn own(text: &'static str) -> Result<Theme, Error> {
        Theme::load("mine", |name| (name == "mine").then(|| text.to_owned()))
    }

    #[test]
    fn a_missing_role_takes_from_its_parent() {
        let theme =
            own("\"message\" = { fg = \"cyan\" }\n\"message.sender\" = { bold = true }").unwrap();
        let style = theme.style(Role::MessageMine);
        assert_eq!(style.fg, Some(Color::Cyan));
        assert!(style.add_modifier.contains(Modifier::BOLD));
    }

    #[test]
    fn a_theme_starts_from_the_one_it_inherits() {
        let theme = own("inherits = \"dark\"\n\"accent\" = { fg = \"#ffffff\" }").unwrap();
        let dark = Theme::load("dark", |_| None).unwrap();
        assert_eq!(theme.style(Role::Text), dark.style(Role::Text));
        assert_eq!(
            theme.style(Role::Accent).fg,
            Some(Color::Rgb(255, 255, 255))
        );
    }

    #[test]
    fn an_own_file_may_change_a_built_in_theme_of_its_name() {
        let text = "inherits = \"dark\"\naccent = { fg = \"#ffffff\" }";
        let theme = Theme::load("dark", |n| (n == "dark").then(|| text.to_owned())).unwrap();
        assert_eq!(
            theme.style(Role::Accent).fg,
            Some(Color::Rgb(255, 255, 255))
        );
    }

    #[test]
    fn errors_name_the_file_and_the_key() {
        let check = |text, words: &str| assert_eq!(own(text).unwrap_err().to_string(), words);
        check(
            "\"message.sendr\" = {}",
            "mine.toml: unknown key \"message.sendr\"; did you mean \"message.sender\"?",
        );
        check(
            "text = { fgg = \"red\" }",
            "mine.toml: unknown key \"text.fgg\"; did you mean \"fg\"?",
        );
        check(
            "text = { fg = \"#12345\" }",
            "mine.toml: text.fg: must be \"default\", one of the terminal's sixteen colours, or \"#rrggbb\"",
        );
        check(
            "text = { bold = 1 }",
            "mine.toml: text.bold: must be true or false",
        );
        check(
            "inherits = \"dim\"",
            "there is no theme \"dim\"; themes are terminal, dark, light, high-contrast, colour-blind, mono",
        );
    }

    #[test]
    fn a_circle_of_themes_is_refused() {
        let looked = Theme::load("a", |name| {
            let other = if name == "a" { "b" } else { "a" };
            Some(format!("inherits = \"{other}\""))
        });
        assert!(matches!(looked, Err(Error::Circle { .. })));
    }

    #[test]
    fn without_colour_every_weight_stays() {
        let theme = Theme::load("dark", |_| None).unwrap().without_color();
        for role in Role::ALL {
            assert_eq!((theme.style(*role).fg, theme.style(*role).bg), (None, None));
        }
        assert!(
            theme
                .style(Role::Notice)
                .add_modifier
                .contains(Modifier::REVERSED)
        );
    }
}
