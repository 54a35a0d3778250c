//! `sidetone demo`: a live meeting on this machine, with people who act by themselves.

use std::time::Duration;

use tokio::sync::oneshot;
use url::Url;

use crate::chat::graph::Feed;
use crate::cli::Error;
use crate::cli::opening::CallWay;
use crate::cli::opening::ChatWay;
use crate::cli::opening::Destination;
use crate::cli::session;
use crate::cli::session::ViewArgs;
use crate::config::Source as Origin;
use crate::identity::Secret;
use crate::identity::Source;
use crate::model::failure::Because;
use crate::model::failure::Doing;
use crate::model::failure::Failure;
use crate::model::failure::Remedy;
use crate::model::locator::Locator;
use crate::runtime::exit::Exit;
use crate::service;
use crate::service::Running;
use crate::service::cast::Cast;
use crate::tasks::Tasks;

/// Show what it is like: a meeting on this machine, with scripted people.
#[derive(Debug, clap::Args)]
#[command(after_help = session::WITHOUT_A_TERMINAL)]
pub struct Args {
    /// The chats of a work account instead: Ada Quist's, in an organisation on this machine.
    #[arg(long)]
    pub chats: bool,

    #[command(flatten)]
    pub view: ViewArgs,
}

pub async fn run(args: Args) -> Result<Exit, Error> {
    let mut prepared = session::prepare(&args.view, Vec::new())?;
    // Whoever has no headphones at hand reads along.
    let captions = prepared.config.values.get("captions");
    if captions.is_none_or(|value| value.source == Origin::Default) {
        prepared.config.settings.sound.captions = true;
    }
    let options = service::Options {
        data: prepared
            .paths
            .as_ref()
            .map(|paths| paths.data.join("service")),
        ..service::Options::default()
    };
    let name = prepared.name.clone();
    let chats = args.chats;
    let account = if chats {
        session::work("Ada Quist", true)
    } else {
        session::guest(&prepared, true)
    };
    Box::pin(session::run(prepared, account, move |tasks| async move {
        let running = host(options, tasks).await?;
        if chats {
            work_account(&running).await
        } else {
            destination(&running, name)
        }
    }))
    .await
}

/// Ada Quist's chats; in a call she is a guest with her name.
async fn work_account(running: &Running) -> Result<Destination, Failure> {
    let meeting = running
        .meeting
        .as_ref()
        .map(|meeting| meeting.thread_id.as_str());
    let refused = |refusal: service::store::Refusal| local(refusal.to_string());
    running.service.plant_chats(meeting).map_err(refused)?;
    if let Some(meeting) = meeting {
        Cast::demo().start(&running.service, meeting);
    }
    let token = running
        .service
        .graph_token(service::ADA, service::EVERYTHING, TOKEN_LASTS)
        .await
        .map_err(refused)?;
    let endpoint: Url = running
        .endpoint
        .parse()
        .map_err(|_| local(format!("{} is no address", running.endpoint)))?;
    Ok(Destination {
        source: Source::Given {
            token: Secret::new(token),
            endpoint: endpoint.clone(),
        },
        locator: None,
        person: None,
        calls: CallWay::Native,
        ca: None,
        chat: ChatWay::Graph {
            feed: Feed::LocalPush,
            relay: None,
            call: Some(Source::Service {
                service: endpoint,
                display_name: "Ada Quist".to_owned(),
            }),
        },
    })
}

const TOKEN_LASTS: Duration = Duration::from_hours(24);

/// Starts the service beside the loop: making its keys takes longer than a frame.
async fn host(options: service::Options, tasks: Tasks) -> Result<Running, Failure> {
    let (ready, started) = oneshot::channel();
    let of_service = tasks.clone();
    tasks.spawn(async move {
        let running = service::start(options, of_service).await;
        // The loop may have ended meanwhile.
        let _ = ready.send(running.map_err(|error| error.to_string()));
    });
    started
        .await
        .unwrap_or_else(|_| Err("the service ended before it began".to_owned()))
        .map_err(local)
}

fn destination(running: &Running, name: String) -> Result<Destination, Failure> {
    let meeting = running
        .service
        .create_meeting(Cast::demo_meeting(), "Alice Moreau")
        .map_err(|refusal| local(format!("{refusal:?}")))?;
    let address = service::MeetingAddress::from(meeting);
    Cast::demo().start(&running.service, &address.thread_id);
    let service = running
        .endpoint
        .parse()
        .map_err(|_| local(format!("{} is no address", running.endpoint)))?;
    let locator = Locator::parse(&address.link, Some(&running.endpoint))
        .map_err(|refusal| local(refusal.to_string()))?;
    Ok(Destination {
        source: Source::Service {
            service,
            display_name: name,
        },
        locator: Some(locator),
        person: None,
        calls: CallWay::Native,
        ca: None,
        chat: ChatWay::Acs,
    })
}

fn local(detail: String) -> Failure {
    Failure {
        doing: Doing::Connecting,
        because: Because::Local { detail },
        remedy: Remedy::None,
    }
}
