//! A trial with a page and a clock that only the test moves.

use serde_json::json;

use super::*;

struct Scene {
    trial: Trial,
    now: Moment,
    did: Vec<Output>,
}

impl Scene {
    fn new() -> Self {
        let wish = Wish {
            identity: Identity::External,
            name: "Ada".to_owned(),
            meeting: Meeting::Link {
                link: "https://x".to_owned(),
            },
        };
        Self {
            trial: Trial::new(wish, Moment::ZERO),
            now: Moment::ZERO,
            did: Vec::new(),
        }
    }

    fn handle(&mut self, input: Input) {
        self.trial.handle(input, self.now);
        loop {
            match self.trial.poll() {
                Output::Wait(_) => return,
                Output::Over => {
                    self.did.push(Output::Over);
                    return;
                }
                output => self.did.push(output),
            }
        }
    }

    fn page(&mut self, said: Value) {
        self.handle(Input::Page(serde_json::from_value(said).unwrap()));
    }

    /// Answers the newest command with this.
    fn done(&mut self, result: Value) {
        let id = self.trial.numbers;
        self.page(json!({"type": "done", "id": id, "result": result}));
    }

    fn pass(&mut self, seconds: u64) {
        for _ in 0..seconds {
            self.now = self.now + Duration::from_secs(1);
            self.handle(Input::Timeout);
        }
    }

    fn sent(&self) -> Vec<String> {
        let sent = self.did.iter().filter_map(|output| match output {
            Output::Send(word) => Some(serde_json::to_value(word).unwrap()["type"].clone()),
            _ => None,
        });
        sent.map(|kind| kind.as_str().unwrap().to_owned())
            .filter(|kind| kind != "beat")
            .collect()
    }

    fn signed_in(&mut self) {
        self.page(json!({"type": "hello", "version": 1, "userAgent": "x"}));
        self.page(json!({"type": "ready", "hasSdk": true, "problem": null}));
        self.done(json!({"browser": "Chrome", "isSupportedEnvironment": true}));
        self.done(json!({"devices": {"microphones": [{}]}}));
        self.page(
            json!({"type": "tokenWanted", "wanted": 1, "identity": "external", "agent": null}),
        );
        self.handle(Input::Token {
            wanted: 1,
            token: Some("eyJ".to_owned()),
        });
        self.done(json!({"agent": 1, "connection": "Connected"}));
    }

    fn state(&mut self, call: u64, state: &str) {
        self.page(json!({"type": "callState", "call": call, "state": state}));
    }
}

#[test]
fn it_joins_muted_and_nothing_it_says_could_unmute_consent_or_send() {
    let mut scene = Scene::new();
    scene.signed_in();
    scene.done(json!({"call": 1}));
    scene.state(1, "Connected");
    scene.page(json!({"type": "notice", "call": 1, "notice": "recording", "isActive": true, "isConsentRequired": true, "parts": []}));
    scene.pass(70);
    assert_eq!(
        scene.sent(),
        [
            "welcome",
            "environment",
            "devices",
            "createAgent",
            "token",
            "join",
            "react",
            "sendRealTimeText",
            "hangUp"
        ]
    );
    let join = scene.did.iter().find_map(|output| match output {
        Output::Send(word) => match &**word {
            ToPage::Command(Command {
                act: Act::Join { beginning, .. },
                ..
            }) => Some(*beginning),
            _ => None,
        },
        _ => None,
    });
    assert!(join.unwrap().muted);
    assert!(scene.trial.findings.joins[0].consent_asked);
}

#[test]
fn refused_in_the_lobby_it_comes_once_more_and_no_third_time() {
    let mut scene = Scene::new();
    scene.signed_in();
    for call in [1, 2] {
        scene.done(json!({"call": call}));
        scene.state(call, "InLobby");
        scene.page(json!({"type": "callEnded", "call": call, "reason": {"code": 0, "subCode": 5854, "message": "x", "categories": ["Success"]}}));
    }
    assert_eq!(scene.did.last(), Some(&Output::Over));
    let joins = scene.trial.into_findings().joins;
    assert_eq!(joins.len(), 2);
    assert!(joins.iter().all(Join::was_denied));
    assert_eq!(joins[0].end.as_ref().unwrap().sub_code, Some(5854));
}

#[test]
fn it_leaves_once_somebody_was_heard_and_both_tries_were_answered() {
    let mut scene = Scene::new();
    scene.signed_in();
    scene.done(json!({"call": 1}));
    scene.state(1, "Connected");
    scene.pass(4);
    scene.handle(Input::Heard(-20.0));
    let id = scene.trial.numbers;
    scene.page(json!({"type": "done", "id": id - 1, "result": null}));
    let error = json!({"name": "CallingCommunicationError", "message": "Ada may not", "code": 403, "subCode": 1, "categories": []});
    scene.page(json!({"type": "failed", "id": id, "error": error}));
    assert!(!scene.sent().contains(&"hangUp".to_owned()));
    scene.pass(4);
    assert!(scene.sent().contains(&"hangUp".to_owned()));
    let join = &scene.trial.findings.joins[0];
    assert_eq!(join.reaction, Some(Tried::Done));
    assert!(matches!(&join.text, Some(Tried::Failed(error)) if error.code == Some(403)));
    assert!(!format!("{:?}", scene.trial.findings).contains("Ada"));
}

#[test]
fn who_wants_it_to_end_is_out_of_the_call_at_once() {
    let mut scene = Scene::new();
    scene.signed_in();
    scene.done(json!({"call": 1}));
    scene.state(1, "InLobby");
    scene.handle(Input::Stop);
    assert_eq!(scene.sent().last().unwrap(), "hangUp");
    scene.pass(6);
    assert_eq!(scene.did.last(), Some(&Output::Over));
}

#[test]
fn a_page_that_never_signs_in_is_given_up() {
    let mut scene = Scene::new();
    scene.page(json!({"type": "ready", "hasSdk": true, "problem": null}));
    scene.pass(80);
    assert_eq!(scene.did.last(), Some(&Output::Over));
    assert_eq!(
        scene.trial.findings.failed.as_ref().unwrap().name,
        "NotConnected"
    );
}
