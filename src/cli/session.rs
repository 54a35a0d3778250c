//! What `join` and `demo` share: the flags of the client, and a session from start to end.

use std::collections::BTreeMap;
use std::env;
use std::future::Future;
use std::sync::Arc;

use tokio::sync::mpsc;
use url::Url;

use crate::call::bridge::Pcm;
use crate::call::devices::Sound;
use crate::call::native::Media;
use crate::call::sound;
use crate::call::sound::Ends;
use crate::cli::Error;
use crate::cli::accounts;
use crate::cli::chosen;
use crate::cli::log;
use crate::cli::opening;
use crate::cli::opening::Destination;
use crate::cli::opening::open;
use crate::config::Config;
use crate::config::Entry;
use crate::config::Source as Origin;
use crate::config::Surroundings;
use crate::config::paths::Paths;
use crate::identity::accounts::Accounts;
use crate::identity::accounts::Record;
use crate::identity::signed_in::SignedIn;
use crate::identity::vault::Vault;
use crate::model::account::Account;
use crate::model::account::AccountId;
use crate::model::account::AccountKind;
use crate::model::failure::Failure;
use crate::model::identity::RawId;
use crate::model::settings::Interface;
use crate::model::text;
use crate::runtime::Options;
use crate::runtime::Runtime;
use crate::runtime::exit::Exit;
use crate::runtime::opening::Doors;
use crate::runtime::terminal;
use crate::runtime::themes;
use crate::tasks::Tasks;
use crate::view::phrase;

/// The end of `--help` of whatever starts a session.
pub const WITHOUT_A_TERMINAL: &str = "\
Without a terminal, each line of the input is a message or a slash command. A
line that is not possible yet, say before you are let in, waits until it is.
The end of the input ends the program: it leaves once everything was sent, or
says what was not, which is also in the exit code. A start that fails ends the
program at once. To go on watching, keep the input open, or give none: with
</dev/null the program shows what happens until the call is over.";

/// How the client looks and what others see of us.
#[derive(Debug, Clone, Default, clap::Args)]
pub struct ViewArgs {
    /// The name others see.
    #[arg(long, value_name = "NAME")]
    pub name: Option<String>,

    /// Lines instead of a screen: for screen readers, braille and plain terminals.
    #[arg(long, visible_alias = "linear", conflicts_with = "full_screen")]
    pub screen_reader: bool,

    /// The screen, whatever the settings and the environment say.
    #[arg(long)]
    pub full_screen: bool,

    /// terminal, dark, light, high-contrast, colour-blind, mono, or one of your own.
    #[arg(long, value_name = "THEME")]
    pub theme: Option<String>,

    /// plain, vim or none.
    #[arg(long, value_name = "MAP")]
    pub keys: Option<String>,

    /// Join without trying microphone and speaker first.
    #[arg(long)]
    pub no_check: bool,

    /// What the log file gets: off, error, warn, info, debug.
    #[arg(long, value_name = "LEVEL")]
    pub log: Option<String>,

    /// Any other setting, as in the settings file.
    #[arg(long = "set", value_name = "KEY=VALUE")]
    pub set: Vec<String>,
}

impl ViewArgs {
    fn entries(&self) -> Result<Vec<Entry>, Error> {
        let mut entries = Vec::new();
        let mut flag = |key: &str, value: Option<&str>, flag: &'static str| {
            entries.extend(value.map(|value| Entry::flag(key, value, flag)));
        };
        flag("name", self.name.as_deref(), "--name");
        flag("theme", self.theme.as_deref(), "--theme");
        flag("keys", self.keys.as_deref(), "--keys");
        flag("log", self.log.as_deref(), "--log");
        flag(
            "interface",
            self.screen_reader.then_some("linear"),
            "--screen-reader",
        );
        flag(
            "interface",
            self.full_screen.then_some("full-screen"),
            "--full-screen",
        );
        flag("precheck", self.no_check.then_some("false"), "--no-check");
        for pair in &self.set {
            let (key, value) = pair
                .split_once('=')
                .ok_or_else(|| Error::Input(format!("--set takes KEY=VALUE, not {pair}")))?;
            flag(key.trim(), Some(value.trim()), "--set");
        }
        Ok(entries)
    }
}

/// Everything that was read before the terminal is taken over.
pub struct Prepared {
    pub config: Config,
    pub paths: Option<Paths>,
    /// The name we ask for.
    pub name: String,
    /// Who the person can be: nobody, where the program is about one alone.
    pub accounts: Accounts,
    /// Where sign-ins lie, once one of them was wanted.
    pub vault: Option<Vault>,
}

impl Prepared {
    /// The person's accounts, to be one of them and to go over to others.
    pub fn know_accounts(&mut self) -> Result<(), Error> {
        self.accounts = chosen::known(self.paths.as_ref())?;
        Ok(())
    }

    /// Opens the sign-in of an account.
    pub async fn open(&mut self, record: Record) -> Result<SignedIn, Error> {
        let folder = self.paths.as_ref().map(|paths| paths.data.clone());
        let folder = folder.unwrap_or_default();
        let account = accounts::open(&folder, &self.config, record).await?;
        self.vault = Some(account.vault.clone());
        Ok(account)
    }
}

/// Reads settings from everywhere, and opens the log.
pub fn prepare(view: &ViewArgs, more: Vec<Entry>) -> Result<Prepared, Error> {
    let paths = Paths::find();
    let mut flags = view.entries()?;
    flags.extend(more);
    let surroundings = surroundings();
    let config = Config::load(paths.as_ref(), &surroundings, flags)?;
    log::start(paths.as_ref(), config.log).map_err(Error::Log)?;
    check_theme(&config, paths.as_ref())?;
    for warning in &config.warnings {
        tracing::warn!("{warning}");
    }
    let user = surroundings.variables.get("USER").cloned();
    let name = config.name.clone().or(user).unwrap_or_default();
    let name = Some(text::name(&name)).filter(|name| !name.is_empty());
    Ok(Prepared {
        name: name.unwrap_or_else(|| "Guest".to_owned()),
        config,
        paths,
        accounts: Accounts::default(),
        vault: None,
    })
}

/// A theme asked for right now must be there; one in a file is looked for, and missed, in the program.
fn check_theme(config: &Config, paths: Option<&Paths>) -> Result<(), Error> {
    let given = config.values.get("theme");
    let Some((name, flag)) = given.and_then(|value| match &value.source {
        Origin::Flag(flag) => Some((&value.text, flag)),
        _ => None,
    }) else {
        return Ok(());
    };
    let loaded = themes::load(name, paths.map(Paths::themes).as_deref());
    loaded
        .map(drop)
        .map_err(|error| Error::Input(format!("{flag}: {error}")))
}

/// What the environment says that is text.
pub fn surroundings() -> Surroundings {
    let variables: BTreeMap<String, String> = env::vars_os()
        .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
        .collect();
    Surroundings {
        variables,
        terminal: terminal::Terminal::is_present(),
    }
}

/// Somebody without an account: a guest of the service, or whoever a token file belongs to.
pub fn guest(prepared: &Prepared, local: bool) -> Account {
    Account {
        id: AccountId::new(&format!("external:{}", prepared.name)),
        kind: AccountKind::External,
        display_name: prepared.name.clone(),
        raw_id: None,
        local,
    }
}

/// Somebody of an organisation, by a token that somebody else got.
pub fn work(name: &str, local: bool) -> Account {
    Account {
        id: AccountId::new("teams:me"),
        kind: AccountKind::Teams,
        display_name: name.to_owned(),
        raw_id: None,
        local,
    }
}

/// One of the person's accounts.
pub fn signed_in(record: &Record, local: bool) -> Account {
    Account {
        id: record.id(),
        kind: record.kind(),
        display_name: record.display_name.clone(),
        raw_id: record.raw_id.as_deref().map(RawId::new),
        local,
    }
}

/// Runs the client. `find` comes to know the destination while the first frame is already there.
pub async fn run<F>(
    prepared: Prepared,
    account: Account,
    find: impl FnOnce(Tasks) -> F,
) -> Result<Exit, Error>
where
    F: Future<Output = Result<Destination, Failure>>,
{
    let tasks = Tasks::new();
    let mut greeting = prepared.config.warnings.clone();
    greeting.push(match prepared.config.settings.interface {
        Interface::FullScreen => phrase::first_line(),
        Interface::Linear => phrase::first_line_linear(),
    });
    let others = opening::others(&prepared, &account.id);
    let options = Options {
        settings: prepared.config.settings.clone(),
        paths: prepared.paths.clone(),
        account: account.clone(),
        others: others.clone(),
        greeting,
        panics: cfg!(debug_assertions) && env::var_os("SIDETONE_TEST_PANIC").is_some(),
    };
    let mut runtime = Runtime::start(options, tasks.clone())?;
    let ids = std::iter::once(&account).chain(&others);
    let (mut ways, mut sounds) = (Vec::new(), BTreeMap::new());
    for id in ids.map(|account| &account.id) {
        let (media, ends) = Media::pair();
        let (pcm, page) = Pcm::pair();
        ways.push((id.clone(), Ends::Peer(ends)));
        ways.push((id.clone(), Ends::Page(page)));
        sounds.insert(id.clone(), (media, pcm));
    }
    let own = tasks.apart();
    let settings = sound::Settings {
        sound: Sound::new(),
        lines: ways,
        tasks: own.clone(),
    };
    runtime.own_sound(|commands, events| async move {
        sound::run(settings, commands, events).await;
        own.finished().await;
    });
    let lanes = runtime.lanes();
    let finding = find(tasks.clone());
    let first = sounds.remove(&account.id).expect("made above");
    let (ask, asked) = mpsc::channel(4);
    let (opened, doors) = mpsc::channel(1);
    let prepared = Arc::new(prepared);
    let serving = opening::serve(
        prepared.clone(),
        sounds,
        lanes.clone(),
        tasks.clone(),
        asked,
        opened,
    );
    tasks.spawn(serving);
    let way = async {
        let destination = finding.await?;
        let name = &prepared.name;
        Ok(open(
            &prepared,
            &account,
            name,
            destination,
            lanes,
            first,
            tasks,
        ))
    };
    let doors = Doors { ask, opened: doors };
    let ended = runtime.run(way, doors).await;
    for line in &ended.farewell {
        // The terminal may be gone; then there is nobody to read it.
        let _ = terminal::print(line);
    }
    Ok(ended.exit)
}

/// Reads an endpoint that a person gave.
pub fn endpoint(text: &str) -> Result<Url, Error> {
    let wrong = |why: &str| Error::Input(format!("{text} is no endpoint: {why}"));
    let url = Url::parse(text).map_err(|error| wrong(&error.to_string()))?;
    let host = url.host_str().ok_or_else(|| wrong("it names no host"))?;
    match url.scheme() {
        "https" => Ok(url),
        "http" if is_loopback(host) => Ok(url),
        "http" => Err(wrong(
            "tokens travel over plain http only on this machine; use https",
        )),
        _ => Err(wrong("it must start with https://")),
    }
}

pub fn is_loopback(host: &str) -> bool {
    let host = host.trim_matches(['[', ']']);
    host == "localhost"
        || host
            .parse::<std::net::IpAddr>()
            .is_ok_and(|address| address.is_loopback())
}
