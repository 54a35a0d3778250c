//! What `join` and `demo` share: the flags of the client, and a session from start to end.

use std::collections::BTreeMap;
use std::env;
use std::future::Future;
use std::path::PathBuf;
use std::process;

use tokio::sync::mpsc;
use url::Url;
use uuid::Uuid;

use crate::call::bridge;
use crate::call::bridge::Pcm;
use crate::call::devices::Sound;
use crate::call::native;
use crate::call::native::Media;
use crate::call::sound;
use crate::call::sound::Ends;
use crate::chat::acs;
use crate::chat::graph;
use crate::chat::graph::Feed;
use crate::cli::Error;
use crate::cli::log;
use crate::config::Config;
use crate::config::Entry;
use crate::config::Source as Origin;
use crate::config::Surroundings;
use crate::config::paths;
use crate::config::paths::Paths;
use crate::config::tls::Tls;
use crate::identity;
use crate::identity::Source;
use crate::identity::Tokens;
use crate::identity::accounts::Record;
use crate::identity::http::Http;
use crate::identity::signed_in::Purpose;
use crate::identity::signed_in::SignedIn;
use crate::model::account::Account;
use crate::model::account::AccountId;
use crate::model::account::AccountKind;
use crate::model::failure::Failure;
use crate::model::identity::RawId;
use crate::model::locator::Locator;
use crate::model::settings::Interface;
use crate::model::text;
use crate::runtime::Calls;
use crate::runtime::Chat;
use crate::runtime::Lanes;
use crate::runtime::Opening;
use crate::runtime::Options;
use crate::runtime::Runtime;
use crate::runtime::exit::Exit;
use crate::runtime::terminal;
use crate::runtime::themes;
use crate::tasks::Tasks;
use crate::view::phrase;
use crate::wire::bridge::Identity;

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

/// Where tokens come from and what is joined with them.
pub struct Destination {
    pub source: Source,
    /// Without one, the account's chats are listed.
    pub locator: Option<Locator>,
    /// Whom to call, in the person's words.
    pub person: Option<String>,
    pub chat: ChatWay,
    pub calls: CallWay,
    pub ca: Option<PathBuf>,
}

/// By which way the account calls.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CallWay {
    /// Of the embedded service.
    Native,
    /// The vendor's SDK in a browser.
    Bridge,
}

/// Over what the account chats.
#[expect(clippy::large_enum_variant, reason = "there is one in a run")]
pub enum ChatWay {
    /// Calls with the same token.
    Acs,
    /// Calls with a token from somewhere else, where there is one.
    Graph {
        feed: Feed,
        /// What a token service that may pass notifications on wants to see.
        relay: Option<Source>,
        call: Option<Source>,
    },
}

/// What a Teams user chats with, and calls with where a token service exchanges tokens for that.
/// The same token service may be a relay; whether it is, the chat finds out.
pub fn of_teams_user(account: SignedIn, graph: &Url) -> (Source, ChatWay) {
    let of_service = |purpose| {
        let has = account.record.token_service().is_some();
        has.then(|| Source::Account(Box::new(account.clone()), purpose))
    };
    let chat = ChatWay::Graph {
        feed: feed(graph),
        relay: of_service(Purpose::Relay),
        call: of_service(Purpose::Acs),
    };
    (Source::Account(Box::new(account), Purpose::Graph), chat)
}

/// How news of chats come without a relay: the service of this machine tells them itself.
pub fn feed(graph: &Url) -> Feed {
    if graph.host_str().is_some_and(is_loopback) {
        Feed::LocalPush
    } else {
        Feed::OnDemand
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
    let options = Options {
        settings: prepared.config.settings.clone(),
        paths: prepared.paths.clone(),
        account: account.clone(),
        greeting,
        panics: cfg!(debug_assertions) && env::var_os("SIDETONE_TEST_PANIC").is_some(),
    };
    let mut runtime = Runtime::start(options, tasks.clone())?;
    let (media, ends) = Media::pair();
    let (pcm, page) = Pcm::pair();
    let own = tasks.apart();
    let settings = sound::Settings {
        sound: Sound::new(),
        lines: vec![
            (account.id.clone(), Ends::Peer(ends)),
            (account.id.clone(), Ends::Page(page)),
        ],
        tasks: own.clone(),
    };
    runtime.own_sound(|commands, events| async move {
        sound::run(settings, commands, events).await;
        own.finished().await;
    });
    let lanes = runtime.lanes();
    let finding = find(tasks.clone());
    let opening = async {
        let destination = finding.await?;
        let sounds = (media, pcm);
        Ok(open(&prepared, &account, destination, lanes, sounds, tasks))
    };
    let ended = runtime.run(opening).await;
    for line in &ended.farewell {
        // The terminal may be gone; then there is nobody to read it.
        let _ = terminal::print(line);
    }
    Ok(ended.exit)
}

fn open(
    prepared: &Prepared,
    account: &Account,
    destination: Destination,
    lanes: Lanes,
    (media, pcm): (Media, Pcm),
    tasks: Tasks,
) -> Opening {
    let local = destination
        .source
        .endpoint()
        .map(beside)
        .unwrap_or_default();
    let call_tasks = tasks.clone();
    let tls = Tls::new(destination.ca);
    let http = Http::new(tls.clone());
    let settings = identity::Settings {
        account: account.id.clone(),
        source: destination.source,
        http: http.clone(),
    };
    let tokens = Tokens::start(settings, &tasks, lanes.rest);
    let (chat, call) = match destination.chat {
        ChatWay::Acs => {
            let chat = Chat::Acs(acs::Settings {
                account: account.id.clone(),
                tokens: tokens.clone(),
                http,
                tasks,
                display_name: prepared.name.clone(),
                endpoint_id: installation(prepared.paths.as_ref()),
            });
            (chat, Some(tokens))
        }
        ChatWay::Graph { feed, relay, call } => {
            // Who we are there is told by the chat; these only let us in.
            let others = |source: Option<Source>| {
                source.map(|source| {
                    let settings = identity::Settings {
                        account: account.id.clone(),
                        source,
                        http: http.clone(),
                    };
                    Tokens::start(settings, &tasks, mpsc::channel(1).0)
                })
            };
            let (relay, calls) = (others(relay), others(call));
            let chat = Chat::Graph(graph::Settings {
                account: account.id.clone(),
                tokens,
                http,
                tasks,
                feed,
                relay,
            });
            (chat, calls)
        }
    };
    Opening {
        chat,
        call: call.map(|tokens| match destination.calls {
            CallWay::Native => Calls::Native(native::Settings {
                account: account.id.clone(),
                tokens,
                tls,
                media: Some(media),
            }),
            CallWay::Bridge => Calls::Bridge(bridge::Settings {
                account: account.id.clone(),
                identity: match account.kind {
                    AccountKind::External => Identity::External,
                    AccountKind::Teams => Identity::Teams,
                },
                name: prepared.name.clone(),
                emergency_country: prepared.config.emergency_country.clone(),
                caller_id: prepared.config.caller_id.clone(),
                tokens,
                sdk: sdk(prepared.paths.as_ref()),
                browser: bridge::find(prepared.config.browser.as_deref()),
                local: local.clone(),
                sound: pcm,
                tasks: call_tasks,
            }),
        }),
        locator: destination.locator,
        person: destination.person,
        emergency: prepared.config.emergency_country.is_some()
            && account.kind == AccountKind::External,
        name: prepared.name.clone(),
    }
}

/// What an SDK that speaks to a service of this machine may connect to.
fn beside(endpoint: &Url) -> String {
    let here = endpoint.host_str().is_some_and(is_loopback);
    match endpoint.port_or_known_default() {
        Some(port) if here => {
            let host = endpoint.host_str().unwrap_or_default();
            format!("http://{host}:{port} ws://{host}:{port}")
        }
        Some(_) | None => String::new(),
    }
}

fn sdk(paths: Option<&Paths>) -> PathBuf {
    let folder = paths.map(Paths::calling_sdk).unwrap_or_default();
    folder.join("sdk.js")
}

/// A number of this installation, by which a service knows its clients; new where none can be kept.
fn installation(paths: Option<&Paths>) -> String {
    let file = paths.map(|paths| paths.state.join("installation"));
    let kept = file
        .as_ref()
        .and_then(|file| std::fs::read_to_string(file).ok())
        .and_then(|text| Uuid::parse_str(text.trim()).ok());
    let id = kept.unwrap_or_else(|| {
        let id = Uuid::new_v4();
        if let Some(file) = &file
            && let Err(error) = paths::replace_private(file, id.to_string().as_bytes())
        {
            tracing::warn!(%error, process = process::id(), "the installation's number is not kept");
        }
        id
    });
    id.to_string()
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
