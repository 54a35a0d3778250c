//! The WebSocket of one client: opened with its person's token, and open no longer than that is good.

use std::sync::Arc;
use std::time::Duration;

use axum::extract::State;
use axum::extract::ws::CloseFrame;
use axum::extract::ws::Message;
use axum::extract::ws::WebSocket;
use axum::extract::ws::WebSocketUpgrade;
use axum::extract::ws::rejection::WebSocketUpgradeRejection;
use axum::http::HeaderMap;
use axum::response::Response;

use crate::clock::Moment;
use crate::token_service::Service;
use crate::token_service::audit::What;
use crate::token_service::http::Caller;
use crate::token_service::http::Refused;
use crate::token_service::jwt::Claims;
use crate::token_service::person::Shown;
use crate::token_service::person::Who;
use crate::wire::acs::redacted::Redacted;
use crate::wire::token_service::Code;
use crate::wire::token_service::FromRelay;
use crate::wire::token_service::ToRelay;

use super::Relay;
use super::lines::Entered;

pub(super) async fn open(
    State(service): State<Arc<Service>>,
    from: Caller,
    headers: HeaderMap,
    upgrade: Result<WebSocketUpgrade, WebSocketUpgradeRejection>,
) -> Result<Response, Refused> {
    let relay = service.relay.as_ref().ok_or(NO_RELAY)?;
    let token = match Shown::read(&headers)? {
        Shown::Token(token) => Redacted::from(token),
        Shown::Session(_) | Shown::Nothing => return Err(NOBODY),
    };
    let (who, claims) = service.teams_user(&token).await?;
    let counted = service.limits.token(&who, service.clock.now());
    counted.map_err(Refused::throttled)?;
    let upgrade = upgrade.map_err(|_| NO_SOCKET)?;
    let entered = relay.lines().enter(&who);
    let entered = entered.ok_or(Refused::throttled(FULL))?;
    service.note(What::Relayed, from, &who, None, &[]);
    let good = service.good_until(&claims);
    let place = Place(service.clone(), entered.channel.clone());
    let upgrade = upgrade
        .max_message_size(LARGEST)
        .max_frame_size(LARGEST)
        .max_write_buffer_size(LARGEST_WAITING);
    Ok(upgrade.on_upgrade(move |socket| run(place, who, good, entered, socket)))
}

/// A line's place; given back however the socket ends, also when it never opened.
struct Place(Arc<Service>, String);

impl Drop for Place {
    fn drop(&mut self) {
        if let Some(relay) = &self.0.relay {
            relay.lines().leave(&self.1);
        }
    }
}

impl Service {
    fn good_until(&self, claims: &Claims) -> Moment {
        let seconds = i64::try_from(claims.exp.unwrap_or(0)).unwrap_or(i64::MAX / 1000);
        let left = seconds.saturating_mul(1000) - self.clock.utc().as_millis();
        let left = u64::try_from(left).unwrap_or(0);
        self.clock.now() + Duration::from_millis(left).min(LONGEST)
    }
}

/// Why a line ends, as the client is told.
enum End {
    /// It is gone.
    Gone,
    TooSlow,
    Silent,
    /// The token's time is over, or the new one is no good.
    SignIn,
    Stopping,
}

impl End {
    const fn frame(&self) -> (u16, &'static str) {
        match self {
            Self::Gone => (1000, ""),
            Self::TooSlow => (4008, "too slow"),
            Self::Silent => (4009, "nothing was heard"),
            Self::SignIn => (4001, "the token is over"),
            Self::Stopping => (1001, "stopping"),
        }
    }
}

async fn run(place: Place, who: Who, good: Moment, mut entered: Entered, mut socket: WebSocket) {
    let service = place.0.clone();
    let Some(relay) = &service.relay else { return };
    let first = FromRelay {
        channel: Some(relay.channel(&entered.channel, entered.state.clone())),
        value: Vec::new(),
    };
    let first = serde_json::to_string(&first).unwrap_or_default();
    let end = match send(&mut socket, Message::text(first)).await {
        Ok(()) => talk(&service, relay, &who, good, &mut entered, &mut socket).await,
        Err(end) => end,
    };
    drop(place);
    let (code, reason) = end.frame();
    let last = Message::Close(Some(CloseFrame {
        code,
        reason: reason.into(),
    }));
    // It may be gone already.
    let _ = send(&mut socket, last).await;
}

async fn talk(
    service: &Service,
    relay: &Relay,
    who: &Who,
    mut good: Moment,
    entered: &mut Entered,
    socket: &mut WebSocket,
) -> End {
    let (mut ping, mut heard) = (service.clock.now() + PING, service.clock.now());
    loop {
        let due = ping.min(good).min(heard + SILENCE);
        tokio::select! {
            frame = entered.frames.recv() => {
                let Some(frame) = frame else { return End::TooSlow };
                if let Err(end) = send(socket, Message::text(frame)).await {
                    return end;
                }
            }
            told = socket.recv() => {
                heard = service.clock.now();
                match told {
                    Some(Ok(Message::Text(text))) => match serde_json::from_str(&text) {
                        Ok(ToRelay::Subscribed { subscription_id }) => {
                            relay.lines().bind(&entered.channel, subscription_id);
                        }
                        Ok(ToRelay::Renewed { entra_token }) => {
                            match service.teams_user(&entra_token).await {
                                Ok((same, claims)) if same == *who => good = service.good_until(&claims),
                                Ok(_) | Err(_) => return End::SignIn,
                            }
                        }
                        // A newer client's.
                        Err(_) => {}
                    },
                    Some(Ok(Message::Ping(_) | Message::Pong(_) | Message::Binary(_))) => {}
                    Some(Ok(Message::Close(_)) | Err(_)) | None => return End::Gone,
                }
            }
            () = service.clock.sleep_until(Some(due)) => {
                let now = service.clock.now();
                if now >= good {
                    return End::SignIn;
                }
                if now >= heard + SILENCE {
                    return End::Silent;
                }
                ping = now + PING;
                if let Err(end) = send(socket, Message::Ping(Vec::new().into())).await {
                    return end;
                }
            }
            () = service.tasks.stopped() => return End::Stopping,
        }
    }
}

/// Who does not read is not waited for.
async fn send(socket: &mut WebSocket, message: Message) -> Result<(), End> {
    match tokio::time::timeout(SLOW, socket.send(message)).await {
        Ok(Ok(())) => Ok(()),
        Ok(Err(_)) => Err(End::Gone),
        Err(_) => Err(End::TooSlow),
    }
}

const NO_RELAY: Refused = Refused::new(Code::NotFound, "Notifications are not passed on here.");
const NOBODY: Refused = Refused::new(
    Code::Unauthenticated,
    "Lines are for Teams users: show an Entra token.",
);
const NO_SOCKET: Refused = Refused::new(Code::BadRequest, "This is asked with a WebSocket.");
/// Of a token and its envelope.
const LARGEST: usize = 32 << 10;
const LARGEST_WAITING: usize = 4 << 20;
const FULL: Duration = Duration::from_mins(1);
const PING: Duration = Duration::from_secs(30);
const SILENCE: Duration = Duration::from_secs(90);
const SLOW: Duration = Duration::from_secs(10);
/// A token that claims to be good for years.
const LONGEST: Duration = Duration::from_hours(24);
