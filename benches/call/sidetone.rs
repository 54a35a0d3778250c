//! The program under test: two clients in terminals of their own, and a host.

use serde_json::json;

use super::Cleaning;
use super::process::Part;
use super::program::Host;
use super::pty::Session;
use super::stage::ADA;
use super::stage::BEA;
use super::stage::Devices;
use super::stage::Stage;

pub(super) struct Call {
    host: Host,
    people: [Session; 2],
}

impl Call {
    pub(super) async fn begin(stage: &Stage, cleaning: Cleaning) -> Self {
        let host = Host::start();
        let link = meeting(&host).await;
        let people = [("Ada", ADA), ("Bea", BEA)].map(|(name, devices)| {
            let mut session = arrive(stage, &host, &link, name, &devices, cleaning);
            session.see("In call");
            session.press("\x14");
            session.see("LIVE");
            session
        });
        Self { host, people }
    }

    pub(super) fn parts(&self) -> Vec<Part> {
        let part = |process, people| Part { process, people };
        vec![
            part(self.people[0].process(), 1),
            part(self.people[1].process(), 1),
            part(self.host.process(), 0),
        ]
    }
}

/// The link of a new meeting that everybody may enter.
pub(super) async fn meeting(host: &Host) -> String {
    let new = json!({"topic": "Measured", "lobby": "everyone", "anonymousStart": true, "organizer": "Alice"});
    let made = host.control("/meetings", new).await;
    made["link"].as_str().unwrap().to_owned()
}

fn arrive(
    stage: &Stage,
    host: &Host,
    link: &str,
    name: &str,
    devices: &Devices,
    cleaning: Cleaning,
) -> Session {
    let on = cleaning == Cleaning::On;
    let settings = [
        format!("microphone={}", devices.microphone),
        format!("speaker={}", devices.speaker),
        format!("echo_cancellation={on}"),
        format!("noise_suppression={on}"),
        format!("gain_control={on}"),
        "earcons=false".to_owned(),
    ];
    let mut arguments = vec!["join", link, "--endpoint", host.endpoint()];
    arguments.extend(["--name", name, "--no-check"]);
    for setting in &settings {
        arguments.extend(["--set", setting.as_str()]);
    }
    let environment = stage.pulse.environment();
    let variables: Vec<(&str, &str)> = environment
        .iter()
        .map(|(name, value)| (*name, value.as_str()))
        .collect();
    Session::start(100, 24, &arguments, &variables)
}
