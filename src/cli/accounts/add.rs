//! Signing in: finds the way to whoever gives tokens, goes through it with the person, and keeps what comes of it.

use std::path::PathBuf;

use url::Url;

use crate::cli::Error;
use crate::cli::own_resource;
use crate::cli::session;
use crate::clock::Clock;
use crate::config::tls::Tls;
use crate::identity;
use crate::identity::accounts::Record;
use crate::identity::accounts::Way;
use crate::identity::http::Http;
use crate::identity::refused::Refused;
use crate::identity::signed_in;
use crate::identity::signed_in::SignedIn;
use crate::identity::vault::Kept;
use crate::model::sign_in::By as SignInBy;
use crate::model::sign_in::Step;
use crate::model::text;
use crate::runtime::exit::Exit;
use crate::runtime::outside;
use crate::runtime::terminal;
use crate::tasks::Tasks;
use crate::view::phrase;

use super::Home;
use super::failed;
use super::open;
use super::open_vault;
use super::say;
use super::sentence;

/// Sign in, as somebody new or again.
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is a flag of the command line"
)]
#[derive(Debug, Clone, clap::Args)]
pub struct Add {
    /// Your word for the account.
    pub name: String,

    /// The token service: https://… , or http:// on this machine.
    #[arg(long, value_name = "URL")]
    pub token_service: Option<String>,

    /// The name others see.
    #[arg(long, value_name = "NAME")]
    pub display_name: Option<String>,

    /// As the owner of a resource, whose connection string is asked for: the token service then runs inside
    /// sidetone, on this machine.
    #[arg(long, conflicts_with_all = ["token_service", "invitation", "provider", "teams"])]
    pub resource: bool,

    /// With an invitation code, which is asked for.
    #[arg(long, conflicts_with_all = ["provider", "teams"])]
    pub invitation: bool,

    /// At this provider, where the token service takes several.
    #[arg(long, value_name = "NAME", conflicts_with = "teams")]
    pub provider: Option<String>,

    /// As a Teams user, with a work or school account.
    #[arg(long, group = "entra")]
    pub teams: bool,

    /// As an external user with a work or school account, exchanged at this resource itself: no token service is
    /// needed, but an administrator has to have prepared it. A preview of the resource's.
    #[arg(long, value_name = "URL", group = "entra", conflicts_with_all = ["token_service", "resource", "invitation", "provider"])]
    pub preview_exchange: Option<String>,

    /// The organisation of a Teams user: an id or a domain.
    #[arg(long, value_name = "TENANT", requires = "entra")]
    pub tenant: Option<String>,

    /// The application that a Teams user signs in to, where no token service says it.
    #[arg(long, value_name = "ID", requires = "entra")]
    pub client_id: Option<String>,

    /// Where Teams users sign in, where it is not Microsoft's.
    #[arg(long, value_name = "URL", requires = "entra")]
    pub authority: Option<String>,

    /// Where the chats of a Teams user are, where it is not Microsoft's.
    #[arg(long, value_name = "URL", requires = "teams")]
    pub graph: Option<String>,

    /// Show a code to type in a browser anywhere, instead of opening one here.
    #[arg(long, conflicts_with = "invitation")]
    pub device_code: bool,

    /// A certificate authority (PEM) to trust besides the system's.
    #[arg(long, value_name = "FILE")]
    pub ca: Option<PathBuf>,
}

pub(super) async fn sign_in(home: &Home, add: Add) -> Result<Exit, Error> {
    let name = text::name(&add.name);
    if name.is_empty() || name != add.name {
        return Err(Error::Input(
            "an account's name is a word of visible characters".to_owned(),
        ));
    }
    let known = home.accounts()?.find(&name).cloned();
    let ca = add
        .ca
        .clone()
        .or_else(|| known.as_ref().and_then(|k| k.ca.clone()));
    let ca = ca.or_else(|| home.config.ca.clone());
    let http = Http::new(Tls::new(ca.clone()));
    let (way, by) = Box::pin(find_way(&add, known.as_ref(), &http)).await?;
    // Begun before, and not finished: what was kept then is good still.
    let begun = known
        .as_ref()
        .filter(|known| known.raw_id.is_none() && known.way == way);
    let begun = begun.map(|begun| begun.kept);
    let vault = open_vault(&home.folder, &home.config, begun).await?;
    let before = known.as_ref().map(|known| known.display_name.clone());
    let display_name = add
        .display_name
        .clone()
        .or(before)
        .or_else(|| home.config.name.clone())
        .unwrap_or_else(|| name.clone());
    // Asked for again, so that signing in anew takes none of it away.
    let wider = known.as_ref().filter(|known| known.way == way);
    let wider = wider.map_or_else(Vec::new, |known| known.wider.clone());
    let mut account = SignedIn {
        record: Record {
            name,
            display_name: text::name(&display_name),
            raw_id: None,
            endpoint: None,
            ca,
            kept: vault.kind(),
            wider,
            way,
        },
        vault,
        folder: home.folder.clone(),
        own: None,
        refused: Refused::default(),
    };
    let by = if begun.is_some() {
        By::Begun(Box::new(by))
    } else {
        by
    };
    let unfinished = Box::pin(go_through(&mut account, by, &add, &http)).await?;
    let first = home.change(|accounts| {
        let first = accounts.all().is_empty();
        accounts.put(account.record.clone());
        first
    })?;
    if let Some(known) = known.filter(|known| known.kept != account.record.kept) {
        forget_elsewhere(home, known).await?;
    }
    if let Some(error) = unfinished {
        let why = phrase::failure(&error.failure());
        let name = text::name(&account.record.name);
        return Err(Error::Refused(format!(
            "{why} The sign-in is kept: sidetone accounts add {name} goes on with it."
        )));
    }
    say(&format!("Signed in. {}", sentence(&account.record, first)))?;
    Ok(Exit::Done)
}

/// Nothing of the sign-in before stays in the place where it was kept.
async fn forget_elsewhere(home: &Home, known: Record) -> Result<(), Error> {
    let place = known.kept;
    let forgotten = match open(&home.folder, &home.config, known).await {
        Ok(account) => account.forget().await.map_err(|error| failed(&error)),
        Err(error) => Err(error),
    };
    match forgotten {
        Ok(()) => Ok(()),
        Err(error) => say(&format!(
            "What was kept of it in {place} is there still: {error}"
        )),
    }
}

/// How somebody signs in.
enum By {
    Resource,
    Invitation,
    Provider,
    /// With what is kept already; else as somebody new.
    Begun(Box<Self>),
}

/// What the person asked for, or else the only way there is.
async fn find_way(add: &Add, known: Option<&Record>, http: &Http) -> Result<(Way, By), Error> {
    let service = add
        .token_service
        .as_deref()
        .map(session::endpoint)
        .transpose()?;
    if add.resource {
        return Ok((Way::Own, By::Resource));
    }
    if let Some(resource) = &add.preview_exchange {
        return direct(add, resource).map(|way| (way, By::Provider));
    }
    let known_way = known.map(|known| known.way.clone());
    if service.is_none()
        && !add.teams
        && let Some(way) = known_way
    {
        let by = match way {
            Way::Own => By::Resource,
            Way::Invitation { .. } => By::Invitation,
            Way::Provider { .. } | Way::Teams { .. } | Way::Direct { .. } => By::Provider,
        };
        return Ok((way, by));
    }
    let ways = match &service {
        Some(service) => signed_in::ways(service, http)
            .await
            .map_err(|e| failed(&e))?,
        None if add.teams => wire_default(),
        None => {
            return Err(Error::Input(
                "which token service? Give --token-service URL, or --teams for a work or school account".to_owned(),
            ));
        }
    };
    if add.teams {
        return teams(add, service, &ways).map(|way| (way, By::Provider));
    }
    let Some(token_service) = service else {
        return Err(Error::Input(
            "which token service? Give --token-service URL".to_owned(),
        ));
    };
    let providers = &ways.providers;
    let wanted = |p: &&crate::wire::token_service::Provider| match &add.provider {
        Some(name) => p.name.eq_ignore_ascii_case(name),
        None => true,
    };
    let mut found = providers.iter().filter(wanted);
    match (found.next(), found.next()) {
        _ if add.invitation => Ok((Way::Invitation { token_service }, By::Invitation)),
        (None, _) if add.provider.is_none() && ways.invitations => {
            Ok((Way::Invitation { token_service }, By::Invitation))
        }
        (Some(provider), None) => {
            let issuer = Url::parse(&provider.issuer).map_err(|_| {
                Error::Refused(
                    "the token service names a provider without a usable address".to_owned(),
                )
            })?;
            let way = Way::Provider {
                token_service,
                issuer,
                client_id: provider.client_id.clone(),
            };
            Ok((way, By::Provider))
        }
        (None, _) => Err(Error::Refused(match &add.provider {
            Some(name) => format!(
                "the token service takes no {}; {}",
                text::line(name),
                offered(providers)
            ),
            None => "the token service takes neither invitations nor a provider".to_owned(),
        })),
        (Some(_), Some(_)) => Err(Error::Input(format!(
            "which provider? {}",
            offered(providers)
        ))),
    }
}

fn wire_default() -> crate::wire::token_service::SignIn {
    crate::wire::token_service::SignIn::default()
}

fn offered(providers: &[crate::wire::token_service::Provider]) -> String {
    let names: Vec<String> = providers.iter().map(|p| text::name(&p.name)).collect();
    format!("--provider takes {}", names.join(", "))
}

fn teams(
    add: &Add,
    token_service: Option<Url>,
    ways: &crate::wire::token_service::SignIn,
) -> Result<Way, Error> {
    let told = ways.teams.as_ref();
    let client_id = add
        .client_id
        .clone()
        .or_else(|| told.map(|t| t.client_id.clone()));
    let client_id = client_id.ok_or_else(no_application)?;
    let authority = add
        .authority
        .clone()
        .or_else(|| told.map(|t| t.authority.clone()));
    let authority = session::endpoint(authority.as_deref().unwrap_or(AUTHORITY))?;
    let tenant = add
        .tenant
        .clone()
        .or_else(|| told.and_then(|t| t.tenant.clone()));
    Ok(Way::Teams {
        token_service,
        issuer: issuer(&authority, tenant)?,
        client_id,
        graph: session::endpoint(add.graph.as_deref().unwrap_or(GRAPH))?,
    })
}

fn direct(add: &Add, resource: &str) -> Result<Way, Error> {
    let client_id = add.client_id.clone().ok_or_else(no_application)?;
    let authority = session::endpoint(add.authority.as_deref().unwrap_or(AUTHORITY))?;
    Ok(Way::Direct {
        resource: session::endpoint(resource)?,
        issuer: issuer(&authority, add.tenant.clone())?,
        client_id,
    })
}

fn no_application() -> Error {
    Error::Input(
        "which application? Give --client-id ID: the id of your organisation's app registration for sidetone"
            .to_owned(),
    )
}

/// Of a tenant, or of whichever the person is of.
fn issuer(authority: &Url, tenant: Option<String>) -> Result<Url, Error> {
    if authority
        .host_str()
        .is_some_and(|host| GOVERNMENT.contains(&host))
    {
        return Err(Error::Input(
            "Teams users of government clouds cannot use this: the service that carries chat and calls does not \
             serve them"
                .to_owned(),
        ));
    }
    let tenant = tenant.unwrap_or_else(|| "organizations".to_owned());
    let base = authority.as_str().trim_end_matches('/');
    Url::parse(&format!("{base}/{tenant}/v2.0"))
        .map_err(|_| Error::Input(format!("{} is no tenant", text::line(&tenant))))
}

/// Signs in and keeps it; the first token says who it is. Answers why there is none, where that may pass:
/// an invitation is good once, so what it became is not let go.
async fn go_through(
    account: &mut SignedIn,
    by: By,
    add: &Add,
    http: &Http,
) -> Result<Option<identity::Error>, Error> {
    let tasks = Tasks::new();
    let granted = match by {
        By::Begun(by) => {
            if account.record.way == Way::Own {
                account.own = own_resource::start(account, &tasks).await.ok();
            }
            let granted = account.current(http, Clock).await;
            if granted.as_ref().is_err_and(|error| !error.may_pass()) {
                tasks.stop();
                return Box::pin(go_through(account, *by, add, http)).await;
            }
            granted
        }
        By::Resource => {
            let typed = terminal::ask_hidden("Connection string of the resource (hidden): ");
            let typed = Kept::new(typed.map_err(Error::Ask)?);
            own_resource::connection_string(&typed)?;
            let kept = account.keep_own_resource(typed).await;
            kept.map_err(|error| failed(&error))?;
            let service = own_resource::start(account, &tasks).await?;
            let code = own_resource::invite(account).await?;
            account.own = Some(service.clone());
            let session = signed_in::redeem(&service, &code, http).await;
            let session = session.map_err(|error| failed(&error))?;
            account
                .keep_session(&session)
                .await
                .map_err(|error| failed(&error))?;
            account.current(http, Clock).await
        }
        By::Invitation => {
            let typed = terminal::ask_hidden("Invitation code (hidden): ").map_err(Error::Ask)?;
            let Some(service) = account.record.token_service().cloned() else {
                return Err(Error::Input("which token service?".to_owned()));
            };
            let session = signed_in::redeem(&service, &Kept::new(typed), http).await;
            let session = session.map_err(|error| failed(&error))?;
            account
                .keep_session(&session)
                .await
                .map_err(|error| failed(&error))?;
            account.current(http, Clock).await
        }
        By::Provider => {
            let by = where_to(add.device_code);
            let signed = Box::pin(account.at_provider(by, http, |step| told(&step))).await;
            let signed =
                signed.map_err(|error| Error::Refused(phrase::failure(&error.failure())))?;
            let Some(refresh) = &signed.refresh else {
                return Err(Error::Refused(
                    "the provider gives no refresh token, so you would have to sign in every hour; its \
                     administrator allows offline_access"
                        .to_owned(),
                ));
            };
            account
                .keep(refresh)
                .await
                .map_err(|error| failed(&error))?;
            let answered = account.forget_challenge().await;
            answered.map_err(|error| failed(&error))?;
            account.first(&signed, http, Clock).await
        }
    };
    tasks.stop();
    match granted {
        Ok(Some(granted)) => {
            account.record.raw_id = Some(granted.raw_id.as_str().to_owned());
            account.record.endpoint = Some(granted.endpoint);
            Ok(None)
        }
        // A Teams user without a token service has chats alone.
        Ok(None) => Ok(None),
        Err(error) if error.may_pass() => Ok(Some(error)),
        Err(error) => {
            // Who is not let in needs nothing kept.
            if let Err(error) = account.forget().await {
                tracing::warn!(%error, "a sign-in that is not used is still kept");
            }
            Err(failed(&error))
        }
    }
}

/// Signs in where the person can: `device_code` if they said so.
pub(super) fn where_to(device_code: bool) -> SignInBy {
    if device_code {
        SignInBy::DeviceCode
    } else {
        outside::fitting()
    }
}

/// Says what to do, and opens the browser where that is it.
pub(super) fn told(step: &Step) {
    // A line that cannot be written is nobody's to read.
    let _ = say(&phrase::sign_in_step(step));
    if let Step::Visit { url } = step {
        // Where none opens, the line says what to do.
        let _ = outside::open(url);
    }
}

const AUTHORITY: &str = "https://login.microsoftonline.com";
const GRAPH: &str = "https://graph.microsoft.com/v1.0";
/// Of national clouds, whose Teams users ACS does not serve (identity.md 4.1).
const GOVERNMENT: &[&str] = &[
    "login.microsoftonline.us",
    "login.partner.microsoftonline.cn",
    "login.chinacloudapi.cn",
];
