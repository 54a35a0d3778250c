//! The official clients' recorded requests, replayed: same order, same statuses, same shapes.

use std::collections::HashMap;
use std::fs;
use std::path::Path;

use serde_json::Value;

use crate::support::Answer;
use crate::support::Host;
use crate::support::User;
use crate::support::encoded;
use crate::support::start;

/// What the recording calls things, and what they are called in this run.
#[derive(Default)]
struct Names(HashMap<String, String>);

impl Names {
    fn learn(&mut self, recorded: &Value, ours: &Value) {
        if let (Some(recorded), Some(ours)) = (recorded.as_str(), ours.as_str()) {
            self.0.insert(recorded.to_owned(), ours.to_owned());
        }
    }

    /// Plain and percent-encoded, wherever it stands.
    fn translate(&self, text: &str) -> String {
        self.0
            .iter()
            .fold(text.to_owned(), |text, (recorded, ours)| {
                let (spelled, ours_spelled) = (component(recorded), component(ours));
                text.replace(recorded, ours)
                    .replace(&spelled, &ours_spelled)
            })
    }
}

/// As `encodeURIComponent` writes an id.
fn component(id: &str) -> String {
    id.replace(':', "%3A").replace('@', "%40")
}

fn recording(name: &str) -> Vec<Value> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/service");
    let text = fs::read_to_string(folder.join(name)).unwrap();
    text.lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

async fn replay(
    host: &Host,
    names: &Names,
    users: &HashMap<&str, User>,
    request: &Value,
) -> Answer {
    let url = names.translate(request["url"].as_str().unwrap());
    let method = request["method"].as_str().unwrap().parse().unwrap();
    let mut built = host.http.request(method, host.url(&url));
    for (name, value) in request["headers"].as_object().unwrap() {
        let value = value.as_str().unwrap();
        match name.as_str() {
            "host" | "authorization" => {}
            _ => built = built.header(name, value),
        }
    }
    if let Some(token) = request["headers"]["authorization"].as_str() {
        built = built.bearer_auth(&users[token].token);
    }
    if let Some(body) = request.get("body").filter(|body| !body.is_null()) {
        built = built.body(names.translate(&body.to_string()));
    }
    host.send(built).await
}

/// Everything the recorded answer has must be there; a link to another page need not.
fn has_shape_of(recorded: &Value, ours: &Value, at: &str) {
    match recorded {
        Value::Object(members) => {
            for (name, member) in members.iter().filter(|(name, _)| *name != "nextLink") {
                assert!(ours.get(name).is_some(), "{at}.{name} is missing: {ours}");
                let ours = &ours[name];
                has_shape_of(member, ours, &format!("{at}.{name}"));
            }
        }
        Value::Array(items) => {
            for (item, ours) in items.iter().zip(ours.as_array().unwrap()) {
                has_shape_of(item, ours, at);
            }
        }
        _ => assert_eq!(
            std::mem::discriminant(recorded),
            std::mem::discriminant(ours),
            "{at}: {recorded} became {ours}"
        ),
    }
}

#[tokio::test]
async fn the_chat_client_gets_what_it_was_recorded_with() {
    let host = start().await;
    let mut names = Names::default();
    let people: Vec<User> = {
        let mut people = Vec::new();
        for _ in 0..3 {
            people.push(host.user(&["chat"]).await);
        }
        people
    };
    for (n, user) in people.iter().enumerate() {
        let recorded = format!(
            "8:acs:11111111-2222-3333-4444-555555555555_0000002a-000{}-4444-8888-0a0b0c0d0e0f",
            n + 1
        );
        names.0.insert(recorded, user.id.clone());
    }
    let users = HashMap::from([
        ("Bearer FAKE-TOKEN-3", people[0].clone()),
        ("Bearer FAKE-TOKEN-2", people[1].clone()),
    ]);
    for line in recording("chat-rest-sdk.jsonl") {
        let (request, expected) = (&line["request"], &line["response"]);
        let what = format!("{} {} {}", line["n"], request["method"], request["url"]);
        let answer = replay(&host, &names, &users, request).await;
        assert_eq!(
            expected["status"],
            answer.status.as_u16(),
            "{what}: {:?}",
            answer.body
        );
        let recorded = &expected["body"];
        match recorded {
            Value::Object(_) if recorded["error"].is_null() && recorded["value"].is_null() => {
                has_shape_of(recorded, &answer.body, &what);
            }
            Value::Object(_) => {}
            _ => assert!(answer.bytes.is_empty(), "{what}: {:?}", answer.body),
        }
        names.learn(
            &recorded["chatThread"]["id"],
            &answer.body["chatThread"]["id"],
        );
        if answer.status == 201 {
            names.learn(&recorded["id"], &answer.body["id"]);
            let located = expected["headers"].get("location").is_some();
            assert_eq!(located, !answer.header("location").is_empty(), "{what}");
        }
    }
}

#[tokio::test]
async fn the_identity_client_gets_what_it_was_recorded_with() {
    let host = start().await;
    let mut names = Names::default();
    for line in recording("chat-identity-sdk.jsonl") {
        let (request, expected) = (&line["request"], &line["response"]);
        let url = names.translate(request["url"].as_str().unwrap());
        let body = request
            .get("body")
            .map_or_else(String::new, Value::to_string);
        let answer = host
            .signed(request["method"].as_str().unwrap(), &url, &body)
            .await;
        assert_eq!(
            expected["status"],
            answer.status.as_u16(),
            "{url}: {:?}",
            answer.body
        );
        has_shape_of(&expected["body"], &answer.body, &url);
        names.learn(
            &expected["body"]["identity"]["id"],
            &answer.body["identity"]["id"],
        );
    }
}

#[tokio::test]
async fn browsers_get_their_preflights_answered() {
    let host = start().await;
    for line in recording("chat-cors-preflight-sdk.jsonl") {
        let request = &line["request"];
        let url = host.url(request["url"].as_str().unwrap());
        let mut built = host.http.request(reqwest::Method::OPTIONS, url);
        for (name, value) in request["headers"].as_object().unwrap() {
            if name != "host" {
                built = built.header(name, value.as_str().unwrap());
            }
        }
        let answer = host.send(built).await;
        let wanted = &request["headers"]["access-control-request-headers"];
        let method = request["headers"]["access-control-request-method"]
            .as_str()
            .unwrap();
        assert_eq!(answer.status, 204);
        assert_eq!(
            answer.header("access-control-allow-origin"),
            request["headers"]["origin"]
        );
        assert!(
            answer
                .header("access-control-allow-methods")
                .contains(method)
        );
        assert_eq!(
            answer.header("access-control-allow-headers"),
            wanted.as_str().unwrap_or_default()
        );
    }
}

#[tokio::test]
async fn the_spellings_of_a_thread_id_are_one_thread() {
    let host = start().await;
    let ada = host.user(&["chat"]).await;
    let thread = host.thread("Spellings", &[&ada]).await;
    let cloud = thread.replace(':', "%3A");
    for spelled in [thread.clone(), encoded(&thread), component(&thread), cloud] {
        let answer = host.get(&ada, &format!("/chat/threads/{spelled}")).await;
        assert_eq!(answer.status, 200, "{spelled}");
        assert_eq!(answer.body["id"], thread);
    }
}
