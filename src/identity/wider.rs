//! Asking for leave that a sign-in does not ask for by itself: only who wants it is asked to agree (identity.md 4.3).

use std::pin::pin;

use tokio::sync::mpsc;

use super::Source;
use super::accounts::Accounts;
use super::accounts::Record;
use super::http::Http;
use super::sign_in;
use super::sign_in::Signed;
use super::signed_in::Purpose;
use super::signed_in::SignedIn;
use super::source;
use super::vault::Kept;
use crate::model::failure::Because;
use crate::model::failure::Doing;
use crate::model::failure::Failure;
use crate::model::failure::Remedy;
use crate::model::permission::Wider;
use crate::model::sign_in::By;
use crate::model::sign_in::Step;
use crate::model::text;

#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error(transparent)]
    Account(#[from] source::Error),
    #[error(transparent)]
    SignIn(#[from] sign_in::Error),
    #[error("somebody else signed in than {0} is")]
    SomebodyElse(String),
    #[error("the provider gives no refresh token")]
    NoRefresh,
}

impl Error {
    /// Of a sign-in.
    pub fn failure(&self) -> Failure {
        match self {
            Self::Account(error) => error.failure(),
            Self::SignIn(error) => error.failure(),
            Self::SomebodyElse(_) | Self::NoRefresh => Failure {
                doing: Doing::SigningIn,
                because: Because::Refused {
                    reason: self.to_string(),
                },
                remedy: Remedy::None,
            },
        }
    }

    /// Of asking for more: the sign-in there is goes on as it was, so signing in again mends nothing.
    pub fn unchanged(&self) -> Failure {
        let failure = self.failure();
        let remedy = match failure.remedy {
            Remedy::SignInAgain | Remedy::Retry => Remedy::None,
            remedy => remedy,
        };
        Failure {
            doing: Doing::AskingForLeave,
            because: failure.because,
            remedy,
        }
    }
}

/// By their names at Graph (graph-chat.md 1).
pub const fn scopes(wider: Wider) -> &'static [&'static str] {
    match wider {
        Wider::People => &["People.Read"],
        Wider::Presence => &["Presence.Read.All", "Presence.ReadWrite"],
        Wider::Channels => &[
            "Team.ReadBasic.All",
            "Channel.ReadBasic.All",
            "ChannelMessage.Read.All",
            "ChannelMessage.Send",
            "ChannelMessage.ReadWrite",
        ],
        Wider::Files => &["Files.ReadWrite"],
    }
}

fn addresses(wider: Wider) -> impl Iterator<Item = String> {
    let names = scopes(wider).iter();
    names.map(|name| format!("https://graph.microsoft.com/{name}"))
}

/// Whether an account asked for it before.
pub fn is_recorded(record: &Record, wider: Wider) -> bool {
    is_in(wider, &record.wider)
}

pub(super) fn is_in(wider: Wider, scopes: &[String]) -> bool {
    addresses(wider).all(|scope| scopes.contains(&scope))
}

/// An account that asks for more than it did.
#[derive(Debug, Clone)]
pub struct Asking {
    account: SignedIn,
    /// Whom it has to be afterwards.
    whose: Option<String>,
}

/// Somebody agreed, and nothing of it is kept yet.
pub struct Agreed {
    account: SignedIn,
    refresh: Kept,
}

impl Asking {
    pub async fn begin(mut account: SignedIn, more: &[Wider], http: &Http) -> Result<Self, Error> {
        let whose = account.object_id(http).await?;
        let mut wider = account.wider().await;
        wider.extend(more.iter().copied().flat_map(addresses));
        wider.sort();
        wider.dedup();
        account.record.wider = wider;
        Ok(Self { account, whose })
    }

    /// For an administrator, who agrees to all of it for everybody.
    pub fn link(&self) -> Result<Option<String>, Error> {
        let provider = self.account.whole_provider(None)?;
        Ok(sign_in::consent_link(&provider).map(Into::into))
    }

    /// Signs in again. Nothing is changed by it, whatever becomes of it.
    pub async fn ask(self, by: By, http: &Http, told: impl FnMut(Step)) -> Result<Agreed, Error> {
        let signed = self.account.at_provider(by, http, told).await?;
        if self.whose.is_none() || signed.object_id() != self.whose {
            let name = text::name(&self.account.record.name);
            return Err(Error::SomebodyElse(name));
        }
        Ok(Agreed {
            account: self.account,
            refresh: signed.refresh.ok_or(Error::NoRefresh)?,
        })
    }
}

impl Agreed {
    pub async fn keep(self) -> Result<(), Error> {
        let wider = self.account.record.wider.clone();
        self.account.widen(&self.refresh, wider).await?;
        self.account.forget_challenge().await?;
        Ok(())
    }
}

/// The same from begin to end in a program that runs.
pub(super) struct Errand {
    pub(super) account: SignedIn,
    pub(super) wider: Wider,
    pub(super) by: By,
    pub(super) http: Http,
}

impl Errand {
    /// `tell` says what there is to do, with the link for an administrator where one has to agree first.
    pub(super) async fn run(
        self,
        tell: impl AsyncFn(Step, Option<String>),
    ) -> Result<Agreed, Error> {
        let asking = Asking::begin(self.account, &[self.wider], &self.http).await?;
        let link = if self.wider.needs_administrator() {
            asking.link()?
        } else {
            None
        };
        // There is one step in a sign-in.
        let (show, mut shown) = mpsc::channel(1);
        let agreeing = asking.ask(self.by, &self.http, |step| drop(show.try_send(step)));
        let mut agreeing = pin!(agreeing);
        loop {
            tokio::select! {
                agreed = &mut agreeing => return agreed,
                Some(step) = shown.recv() => tell(step, link.clone()).await,
            }
        }
    }
}

impl SignedIn {
    /// Signs in at the provider of the account, for all that it ever asked for.
    pub async fn at_provider(
        &self,
        by: By,
        http: &Http,
        told: impl FnMut(Step),
    ) -> Result<Signed, Error> {
        let challenge = self.challenge().await?;
        let provider = self.whole_provider(challenge)?;
        let signed = match by {
            By::Browser => sign_in::in_browser(&provider, http, told).await,
            By::DeviceCode => sign_in::by_device_code(&provider, http, told).await,
        };
        Ok(signed?)
    }

    fn whole_provider(&self, claims: Option<String>) -> Result<sign_in::Provider, source::Error> {
        let mut provider = self.provider(Purpose::Acs, claims)?;
        provider.consent.extend(self.record.wider.iter().cloned());
        Ok(provider)
    }

    /// What was asked for beyond the usual, as the list has it by now: another program of the person may have asked.
    pub(super) async fn wider(&self) -> Vec<String> {
        let (folder, name) = (self.folder.clone(), self.record.name.clone());
        let read = tokio::task::spawn_blocking(move || {
            let accounts = Accounts::load(&folder).ok()?;
            accounts.find(&name).map(|record| record.wider.clone())
        });
        let read = read.await.ok().flatten();
        read.unwrap_or_else(|| self.record.wider.clone())
    }

    /// Keeps a sign-in that asked for more, in place of the one before. No renewal of another program comes in
    /// between, which would put its own back.
    async fn widen(&self, refresh: &Kept, wider: Vec<String>) -> Result<(), source::Error> {
        let _turn = self.turn().await?;
        self.keep(refresh).await?;
        let (folder, name) = (self.folder.clone(), self.record.name.clone());
        let written = tokio::task::spawn_blocking(move || {
            Accounts::change(&folder, |accounts| {
                if let Some(mut record) = accounts.find(&name).cloned() {
                    record.wider = wider;
                    accounts.put(record);
                }
            })
        });
        let written = written.await.map_err(|_| source::Error::Stopped)?;
        written.map_err(|error| source::Error::Unlisted(error.to_string()))
    }

    /// Whose sign-in it is at Entra, to compare with another one of the same account.
    async fn object_id(&self, http: &Http) -> Result<Option<String>, source::Error> {
        let known = self.record.raw_id.as_deref();
        if let Some(id) = known.and_then(|id| id.strip_prefix("8:orgid:")) {
            return Ok(Some(id.to_owned()));
        }
        let wider = self.wider().await;
        let signed = self.renew(Purpose::Graph, &wider, http).await?;
        Ok(signed.object_id())
    }
}

impl Source {
    /// Whether the next token may give leave for more than the last one, for which `known` was asked.
    pub(super) async fn is_wider_than(&self, known: &[String]) -> bool {
        match self {
            Self::Account(account, Purpose::Graph) => {
                let recorded = account.wider().await;
                recorded.iter().any(|scope| !known.contains(scope))
            }
            // Whoever keeps it up to date says nothing, and reading it again asks nobody.
            Self::File { .. } => true,
            Self::Account(_, Purpose::Acs | Purpose::Relay)
            | Self::Service { .. }
            | Self::Given { .. } => false,
        }
    }
}
