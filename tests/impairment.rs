//! Whole calls on bad networks: through the host and its mixer, over a seeded relay.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "a test that cannot set up its scene must fail, and says what it measured"
)]

#[path = "support/impair.rs"]
mod impair;

#[path = "support/participant.rs"]
mod participant;

#[path = "support/program.rs"]
mod program;

#[path = "support/way.rs"]
mod way;

use std::time::Duration;

use serde_json::json;
use sidetone::clock::Clock;
use sidetone::clock::Moment;
use sidetone::rtc::peer::State;

use crate::impair::Impairment;
use crate::impair::Relay;
use crate::participant::News;
use crate::participant::Participant;
use crate::participant::Wish;
use crate::participant::states;
use crate::program::Host;
use crate::way::Turn;

/// Ada behind a relay and Bea beside the host, both speaking, in one meeting.
struct Call {
    ada: Participant,
    bea: Participant,
    turn: Turn,
    _host: Host,
}

impl Call {
    async fn begin(seed: u64) -> Self {
        let host = Host::start();
        let new = json!({"topic": "Bad weather", "lobby": "everyone", "anonymousStart": true, "organizer": "Alice"});
        let made = host.control("/meetings", new).await;
        let link = made["link"].as_str().unwrap();
        let turn = Turn::new(Impairment::default(), seed);
        let endpoint = host.endpoint();
        let ada = Participant::join(endpoint, link, "Ada", Some(turn.clone())).await;
        let bea = Participant::join(endpoint, link, "Bea", None).await;
        ada.speak(700.0, -20.0);
        bea.speak(1100.0, -20.0);
        let mut call = Self {
            ada,
            bea,
            turn,
            _host: host,
        };
        let [one, other] = call.back_after(Clock.now(), Duration::from_secs(2)).await;
        println!("measured: heard {one:?} and {other:?} after the beginning");
        call
    }

    fn relay(&self) -> &Relay {
        self.turn.relay().unwrap()
    }

    /// After how long both were heard again, in a while from now.
    async fn back_after(&mut self, moment: Moment, span: Duration) -> [Duration; 2] {
        tokio::time::sleep(span).await;
        let back = [&self.ada, &self.bea].map(|listener| listener.back_after(moment));
        let [Some(ada), Some(bea)] = back else {
            panic!("{back:?} of {span:?}; Ada was told {:?}", self.ada.told());
        };
        [ada, bea]
    }

    /// For a while the network is like that. Answers how much of it each heard the other.
    async fn weather(&self, impairment: Impairment, span: Duration) -> [f64; 2] {
        self.relay().impair(impairment);
        tokio::time::sleep(span / 3).await;
        let learnt = Clock.now();
        tokio::time::sleep(span * 2 / 3).await;
        self.relay().impair(Impairment::default());
        [&self.ada, &self.bea].map(|listener| listener.share_loud(learnt))
    }

    /// Nothing was said of the call ending, and no connection closed.
    fn is_whole(&mut self) {
        for participant in [&mut self.ada, &mut self.bea] {
            let told = participant.told();
            let closed = |state: &State| matches!(state, State::Closed(_));
            assert!(!states(&told).iter().any(closed), "{told:?}");
            for news in told {
                let News::Service(message) = news else {
                    continue;
                };
                assert_ne!(message["type"], "ended", "{message}");
                if message["type"] == "callState" {
                    assert_eq!(message["state"], "connected", "{message}");
                }
            }
        }
    }
}

fn lossy(loss: f64) -> Impairment {
    Impairment {
        loss,
        ..Impairment::default()
    }
}

fn uneven(jitter: u64) -> Impairment {
    Impairment {
        delay: Duration::from_millis(20),
        jitter: Duration::from_millis(jitter),
        ..Impairment::default()
    }
}

fn disordered() -> Impairment {
    Impairment {
        delay: Duration::from_millis(20),
        reorder: 10.0,
        ..Impairment::default()
    }
}

/// Each weather, and the least of the time in which the other is to be heard.
async fn weathers(call: &mut Call, all: &[(Impairment, f64)], span: Duration) {
    for (impairment, least) in all {
        let shares = call.weather(*impairment, span).await;
        println!("measured: {impairment:?}: heard {shares:.3?} of the time");
        assert!(shares.iter().all(|share| share >= least), "{shares:?}");
        call.is_whole();
    }
}

/// Stalls and changes of address. A busy machine may add what it takes.
async fn interruptions(call: &mut Call) {
    let stall = Duration::from_millis(300);
    call.relay().stall(stall);
    let over = Clock.now() + stall;
    let back = call.back_after(over, Duration::from_millis(1500)).await;
    println!("measured: {back:?} after a stall of 300 ms");
    assert!(back.iter().all(|back| *back <= Duration::from_millis(500)));
    call.is_whole();

    call.relay().rename();
    let back = call.back_after(Clock.now() + GONE, LONG).await;
    println!("measured: {back:?} after the client's address changed");
    assert!(back.iter().all(|back| *back + GONE <= SECONDS));
    call.is_whole();

    call.relay().relocate();
    let back = call.back_after(Clock.now() + GONE, LONG).await;
    println!("measured: {back:?} after the service's address changed");
    assert!(back.iter().all(|back| *back + GONE <= SECONDS));
    call.is_whole();

    let now = Clock.now();
    call.ada.wish(Wish::Restart);
    tokio::time::sleep(Duration::from_secs(1)).await;
    let shares = [&call.ada, &call.bea].map(|listener| listener.share_loud(now));
    println!("measured: heard {shares:.3?} of the time while the client took another socket");
    assert!(shares.iter().all(|share| *share > 0.5), "{shares:?}");
    call.is_whole();
}

/// What was on its way when an address changed is played for so long at most.
const GONE: Duration = Duration::from_millis(300);
const SECONDS: Duration = Duration::from_secs(2);
const LONG: Duration = Duration::from_millis(2700);

#[tokio::test(flavor = "multi_thread")]
async fn a_call_survives_loss_jitter_stalls_and_changes_of_address() {
    let mut call = Call::begin(7).await;
    let span = Duration::from_secs(2);
    let all = [(lossy(10.0), 0.6), (uneven(60), 0.6), (disordered(), 0.7)];
    weathers(&mut call, &all, span).await;
    interruptions(&mut call).await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "five minutes: a part of `make test-long`"]
async fn a_call_survives_every_weather_under_several_seeds() {
    for seed in 1..=3 {
        println!("seed {seed}");
        let mut call = Call::begin(seed).await;
        let losses = [1.0, 5.0, 10.0, 20.0].map(|loss| (lossy(loss), 0.4));
        let jitters = [20, 60, 100, 200].map(|jitter| (uneven(jitter), 0.5));
        let span = Duration::from_secs(9);
        weathers(&mut call, &losses, span).await;
        weathers(&mut call, &jitters, span).await;
        let worst = Impairment {
            loss: 20.0,
            reorder: 5.0,
            ..uneven(100)
        };
        weathers(&mut call, &[(disordered(), 0.7), (worst, 0.3)], span).await;
        interruptions(&mut call).await;
    }
}
