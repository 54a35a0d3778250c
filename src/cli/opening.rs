//! The way of an account to its service: tokens, chat and call back ends, also of accounts that somebody
//! goes over to while the program runs.

use std::collections::BTreeMap;
use std::collections::VecDeque;
use std::path::PathBuf;
use std::process;
use std::sync::Arc;

use tokio::sync::mpsc;
use url::Url;
use uuid::Uuid;

use crate::call::bridge;
use crate::call::bridge::Pcm;
use crate::call::native;
use crate::call::native::Media;
use crate::chat::acs;
use crate::chat::graph;
use crate::chat::graph::Feed;
use crate::cli::Error;
use crate::cli::accounts;
use crate::cli::own_resource;
use crate::cli::session;
use crate::cli::session::Prepared;
use crate::cli::session::is_loopback;
use crate::config::Calls as CallsBy;
use crate::config::paths;
use crate::config::paths::Paths;
use crate::config::tls::Tls;
use crate::event::Event;
use crate::event::IdentityEvent;
use crate::identity;
use crate::identity::Source;
use crate::identity::Tokens;
use crate::identity::accounts::Record;
use crate::identity::accounts::Way;
use crate::identity::http::Http;
use crate::identity::refused::Refused;
use crate::identity::signed_in::Purpose;
use crate::identity::signed_in::SignedIn;
use crate::identity::vault;
use crate::identity::vault::Kept;
use crate::identity::vault::Kind;
use crate::identity::vault::Vault;
use crate::model::account::Account;
use crate::model::account::AccountId;
use crate::model::account::AccountKind;
use crate::model::failure::Because;
use crate::model::failure::Doing;
use crate::model::failure::Failure;
use crate::model::failure::Remedy;
use crate::model::locator::Locator;
use crate::model::text;
use crate::runtime::Lanes;
use crate::runtime::opening::Calls;
use crate::runtime::opening::Chat;
use crate::runtime::opening::Opened;
use crate::runtime::opening::Opening;
use crate::runtime::opening::Wish;
use crate::tasks::Tasks;
use crate::wire::bridge::Identity;

/// Where the sound of an account's calls travels.
pub(super) type Sounds = (Media, Pcm);

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

/// What somebody signed in chats with, and calls with: an external user with one token for both; a Teams
/// user's chats are at Graph, and calls need a token service that exchanges tokens for that. The same token
/// service may be a relay; whether it is, the chat finds out.
pub fn of_account(account: SignedIn) -> (Source, ChatWay) {
    let Way::Teams { graph, .. } = account.record.way.clone() else {
        let source = Source::Account(Box::new(account), Purpose::Acs);
        return (source, ChatWay::Acs);
    };
    let of_service = |purpose| {
        let has = account.record.token_service().is_some();
        has.then(|| Source::Account(Box::new(account.clone()), purpose))
    };
    let chat = ChatWay::Graph {
        feed: feed(&graph),
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

/// Starts what the way in needs in this program.
pub(super) async fn ready(
    mut destination: Destination,
    tasks: Tasks,
) -> Result<Destination, Failure> {
    if let Source::Account(account, _) = &mut destination.source
        && account.record.way == Way::Own
    {
        let started = own_resource::start(account, &tasks).await;
        account.own = Some(started.map_err(|error| local(&error))?);
    }
    Ok(destination)
}

/// Who else the person can be.
pub(super) fn others(prepared: &Prepared, account: &AccountId) -> Vec<Account> {
    let all = prepared.accounts.all().iter();
    let others = all.filter(|record| record.id() != *account);
    others
        .map(|record| session::signed_in(record, is_here(record)))
        .collect()
}

/// Opens accounts as they are asked for, one after the other.
pub(super) async fn serve(
    prepared: Arc<Prepared>,
    mut sounds: BTreeMap<AccountId, Sounds>,
    lanes: Lanes,
    tasks: Tasks,
    asked: mpsc::Receiver<Wish>,
    opened: mpsc::Sender<(AccountId, Opened)>,
) {
    let mut porter = Porter {
        vaults: prepared.vault.clone().into_iter().collect(),
        asked,
        waiting: VecDeque::new(),
        opened,
    };
    while let Some(id) = porter.next().await {
        let result = find(&prepared, &id, &mut porter, tasks.clone()).await;
        let result = result.and_then(|(account, destination)| {
            let sounds = sounds.remove(&id).ok_or_else(gone)?;
            let (lanes, tasks) = (lanes.clone(), tasks.clone());
            let name = account.display_name.clone();
            Ok(open(
                &prepared,
                &account,
                &name,
                destination,
                lanes,
                sounds,
                tasks,
            ))
        });
        let done = Opened::Done(Box::new(result));
        if porter.opened.send((id, done)).await.is_err() {
            return;
        }
    }
}

/// Who is asked to open accounts, and who is asked for a passphrase.
struct Porter {
    /// The places that were opened in this run: none is asked for twice.
    vaults: Vec<Vault>,
    asked: mpsc::Receiver<Wish>,
    /// Asked for while a passphrase was.
    waiting: VecDeque<AccountId>,
    opened: mpsc::Sender<(AccountId, Opened)>,
}

impl Porter {
    async fn next(&mut self) -> Option<AccountId> {
        if let Some(id) = self.waiting.pop_front() {
            return Some(id);
        }
        loop {
            match self.asked.recv().await? {
                Wish::Open(id) => return Some(id),
                // Nobody waits for it any more.
                Wish::Unlock(_) => {}
            }
        }
    }

    /// `None`: nobody gives it.
    async fn passphrase(&mut self, id: &AccountId, again: bool) -> Option<Kept> {
        let locked = (id.clone(), Opened::Locked { again });
        self.opened.send(locked).await.ok()?;
        loop {
            match self.asked.recv().await? {
                Wish::Open(id) => self.waiting.push_back(id),
                Wish::Unlock(typed) => {
                    return typed.map(|typed| Kept::new(typed.as_str().to_owned()));
                }
            }
        }
    }

    /// The place that is open already, one that opens without asking, or one that a passphrase opens: it is asked for
    /// until it is right or given up.
    async fn open(&mut self, prepared: &Prepared, record: &Record) -> Result<Vault, Failure> {
        let mut known = self.vaults.iter();
        if let Some(vault) = known.find(|vault| vault.kind() == record.kept) {
            return Ok(vault.clone());
        }
        let folder = prepared.paths.as_ref().ok_or_else(gone)?.data.clone();
        let config = &prepared.config;
        let is_locked = record.kept == Kind::File && config.secrets_key_file.is_none();
        let mut again = false;
        loop {
            let passphrase = if is_locked {
                let typed = self.passphrase(&record.id(), again).await;
                Some(typed.ok_or_else(|| unopened(record))?)
            } else {
                None
            };
            let opened =
                accounts::open_vault_unasked(&folder, config, record.kept, passphrase).await;
            match opened {
                Err(vault::Error::WrongKey(_)) if is_locked => again = true,
                Err(error) => return Err(local(&Error::Input(error.to_string()))),
                Ok(vault) => {
                    self.vaults.push(vault.clone());
                    return Ok(vault);
                }
            }
        }
    }
}

fn unopened(record: &Record) -> Failure {
    failure(format!(
        "its sign-in lies in a file that a passphrase opens, and none was given; /account {} asks for it again",
        text::name(&record.name)
    ))
}

async fn find(
    prepared: &Prepared,
    id: &AccountId,
    porter: &mut Porter,
    tasks: Tasks,
) -> Result<(Account, Destination), Failure> {
    let known = prepared.accounts.all().iter();
    let record = known
        .clone()
        .find(|record| record.id() == *id)
        .ok_or_else(gone)?;
    let folder = prepared.paths.as_ref().ok_or_else(gone)?.data.clone();
    let signed_in = SignedIn {
        vault: porter.open(prepared, record).await?,
        record: record.clone(),
        folder,
        own: None,
        refused: Refused::default(),
    };
    let local = is_here(record);
    let (source, chat) = of_account(signed_in);
    let destination = Destination {
        source,
        locator: None,
        person: None,
        chat,
        calls: match prepared.config.calls {
            CallsBy::Auto if local => CallWay::Native,
            CallsBy::Auto | CallsBy::Bridge => CallWay::Bridge,
        },
        ca: prepared.config.ca.clone().or_else(|| record.ca.clone()),
    };
    let destination = ready(destination, tasks).await?;
    Ok((session::signed_in(record, local), destination))
}

/// Its service is one of this machine.
fn is_here(record: &Record) -> bool {
    let endpoint = match &record.way {
        Way::Teams { graph, .. } => Some(graph),
        _ => record.endpoint.as_ref(),
    };
    endpoint.and_then(Url::host_str).is_some_and(is_loopback)
}

fn gone() -> Failure {
    failure("the account is no longer there".to_owned())
}

fn local(error: &Error) -> Failure {
    failure(error.to_string())
}

fn failure(detail: String) -> Failure {
    Failure {
        doing: Doing::SigningIn,
        because: Because::Local {
            detail: text::line(&detail),
        },
        remedy: Remedy::None,
    }
}

/// The back ends of an account; `name` is what it asks to be called.
pub(super) fn open(
    prepared: &Prepared,
    account: &Account,
    name: &str,
    destination: Destination,
    lanes: Lanes,
    (media, pcm): Sounds,
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
    let rest = lanes.rest.clone();
    let tokens = Tokens::start(settings, &tasks, lanes.rest);
    let (chat, call) = match destination.chat {
        ChatWay::Acs => {
            let chat = Chat::Acs(acs::Settings {
                account: account.id.clone(),
                tokens: tokens.clone(),
                http,
                tasks,
                display_name: name.to_owned(),
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
                    let (events, heard) = mpsc::channel(1);
                    tasks.spawn(tell_permits(heard, rest.clone()));
                    Tokens::start(settings, &tasks, events)
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
                identity: identity_of(account.kind),
                name: name.to_owned(),
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
        name: name.to_owned(),
    }
}

/// Of what else they report, the chat's own tokens are the ones that count.
async fn tell_permits(mut heard: mpsc::Receiver<Event>, told: mpsc::Sender<Event>) {
    while let Some(event) = heard.recv().await {
        let permits = matches!(&event, Event::Identity(_, IdentityEvent::Permitted { .. }));
        if permits && told.send(event).await.is_err() {
            return;
        }
    }
}

/// What calls alone need: tokens, and the origins of this machine that an SDK may speak to. `None` where the
/// account cannot call.
pub(super) fn calling(
    account: &Account,
    destination: Destination,
    tasks: &Tasks,
) -> Option<(Tokens, String)> {
    let local = destination.source.endpoint().map(beside);
    let source = match destination.chat {
        ChatWay::Acs => destination.source,
        ChatWay::Graph { call, .. } => call?,
    };
    let settings = identity::Settings {
        account: account.id.clone(),
        source,
        http: Http::new(Tls::new(destination.ca)),
    };
    let tokens = Tokens::start(settings, tasks, mpsc::channel(1).0);
    Some((tokens, local.unwrap_or_default()))
}

/// As whom the SDK lets somebody in.
pub(super) const fn identity_of(kind: AccountKind) -> Identity {
    match kind {
        AccountKind::External => Identity::External,
        AccountKind::Teams => Identity::Teams,
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

pub(super) fn sdk(paths: Option<&Paths>) -> PathBuf {
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
