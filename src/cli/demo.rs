//! `sidetone demo`: a live meeting on this machine, with people who act by themselves.

use tokio::sync::oneshot;

use crate::cli::Error;
use crate::cli::session;
use crate::cli::session::Destination;
use crate::cli::session::ViewArgs;
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
    #[command(flatten)]
    pub view: ViewArgs,
}

pub async fn run(args: Args) -> Result<Exit, Error> {
    let prepared = session::prepare(&args.view, Vec::new())?;
    let options = service::Options {
        data: prepared
            .paths
            .as_ref()
            .map(|paths| paths.data.join("service")),
        ..service::Options::default()
    };
    let name = prepared.name.clone();
    let account = session::guest(&prepared, true);
    Box::pin(session::run(prepared, account, |tasks| {
        host(options, name, tasks)
    }))
    .await
}

/// Starts the service beside the loop: making its keys takes longer than a frame.
async fn host(
    options: service::Options,
    name: String,
    tasks: Tasks,
) -> Result<Destination, Failure> {
    let (ready, started) = oneshot::channel();
    let of_service = tasks.clone();
    tasks.spawn(async move {
        let running = service::start(options, of_service).await;
        // The loop may have ended meanwhile.
        let _ = ready.send(running.map_err(|error| error.to_string()));
    });
    let running = started
        .await
        .unwrap_or_else(|_| Err("the service ended before it began".to_owned()))
        .map_err(local)?;
    destination(&running, name)
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
        locator,
        ca: None,
    })
}

fn local(detail: String) -> Failure {
    Failure {
        doing: Doing::Connecting,
        because: Because::Local { detail },
        remedy: Remedy::None,
    }
}
