//! Files of people's drives at the embedded service, as any client of Graph meets them.

use serde_json::Value;
use serde_json::json;
use sidetone::service::ADA;
use sidetone::service::EVERYTHING;

use crate::graph::chat_called;
use crate::graph::office;
use crate::graph::somebody;
use crate::support::Answer;
use crate::support::Host;
use crate::support::User;

const FOLDER: &str = "/v1.0/me/drive/root:/Microsoft%20Teams%20Chat%20Files";
const RENAME: &str = "?@microsoft.graph.conflictBehavior=rename";
const FAIL: &str = "?@microsoft.graph.conflictBehavior=fail";
const ALICE: &str = "a11ce000-0000-4000-8000-10ca15e4b1ce";
const ALL: &str = "Files.Read.All";

async fn put(host: &Host, user: &User, name: &str, query: &str, bytes: usize) -> Answer {
    let url = host.url(&format!("{FOLDER}/{name}:/content{query}"));
    let request = host.http.put(url).bearer_auth(&user.token);
    host.send(request.body(vec![7; bytes])).await
}

fn text<'v>(of: &'v Value, name: &str) -> &'v str {
    of[name].as_str().unwrap()
}

#[tokio::test]
async fn a_file_is_put_once_and_under_another_name_the_second_time() {
    let (host, ada) = office().await;
    let first = put(&host, &ada, "notes%20%231.txt", RENAME, 5).await;
    assert_eq!(first.status, 201, "{:?}", first.body);
    assert_eq!(first.body["name"], "notes #1.txt");
    assert_eq!(first.body["size"], 5);
    assert!(first.body.get("webDavUrl").is_none(), "it was not selected");
    let second = put(&host, &ada, "notes%20%231.txt", RENAME, 6).await;
    assert_eq!(second.body["name"], "notes #1 1.txt");
    let there = host.get(&ada, &format!("{FOLDER}/notes%20%231.txt")).await;
    assert_eq!(there.body["id"], first.body["id"]);
    let other = host.get(&ada, &format!("{FOLDER}/other.txt")).await;
    assert_eq!(other.status, 404);
    let refused = put(&host, &ada, "notes%20%231.txt", FAIL, 6).await;
    assert_eq!(
        (refused.status.as_u16(), refused.code()),
        (409, "nameAlreadyExists")
    );
    let tag = |answer: &Answer| text(&answer.body, "eTag").to_owned();
    let replaced = put(&host, &ada, "notes%20%231.txt", "", 7).await;
    assert_eq!(
        (replaced.status.as_u16(), &replaced.body["size"]),
        (200, &json!(7))
    );
    assert_eq!(tag(&replaced), tag(&first).replace("},1", "},2"));
    for name in ["a%3Ab", "a%7Cb", "%20a", "a%20"] {
        assert_eq!(
            put(&host, &ada, name, RENAME, 1).await.status,
            400,
            "{name}"
        );
    }
    let odd = "?@microsoft.graph.conflictBehavior=merge";
    assert_eq!(put(&host, &ada, "a", odd, 1).await.status, 400);
    // Larger than what other requests may hold.
    assert_eq!(
        put(&host, &ada, "large.bin", RENAME, 17 << 20).await.status,
        201
    );
}

#[tokio::test]
async fn a_file_is_read_by_its_owner_and_by_who_was_invited() {
    let (host, ada) = office().await;
    let item = put(&host, &ada, "notes.txt", RENAME, 5).await.body;
    let id = text(&item, "id");
    let drive = text(&item["parentReference"], "driveId");
    let own = format!("/v1.0/me/drive/items/{id}");
    let selected = host
        .get(&ada, &format!("{own}?$select=id,name,eTag,webDavUrl"))
        .await
        .body;
    let page = text(&selected, "webDavUrl");
    assert!(
        page.ends_with("/Documents/Microsoft%20Teams%20Chat%20Files/notes.txt"),
        "{page}"
    );
    assert!(selected.get("size").is_none(), "{selected}");

    let shared = format!("/v1.0/drives/{drive}/items/{id}");
    let alice = somebody(&host, "alice@sidetone.example", ALL).await;
    let bob = somebody(&host, "bob@sidetone.example", ALL).await;
    assert_eq!(host.get(&alice, &shared).await.status, 404);
    let invite = async |recipients: Value, roles: Value| {
        let body = json!({ "recipients": recipients, "roles": roles, "requireSignIn": true, "sendInvitation": false });
        host.post(&ada, &format!("{own}/invite"), body).await
    };
    // One who is not known, and nobody gets it.
    let outsider = json!([{ "objectId": ALICE }, { "email": "zoe@elsewhere.example" }]);
    let refused = invite(outsider, json!(["read"])).await;
    assert_eq!(
        (refused.status.as_u16(), refused.code()),
        (400, "invalidRequest")
    );
    assert_eq!(
        refused.body["error"]["innerError"]["code"],
        "noResolvedUsers"
    );
    assert_eq!(host.get(&alice, &shared).await.status, 404);
    let both = json!([{ "objectId": ALICE, "email": "alice@sidetone.example" }]);
    assert_eq!(invite(both, json!(["read"])).await.status, 400);
    assert_eq!(invite(json!([]), json!(["read"])).await.status, 400);
    assert_eq!(
        invite(json!([{ "objectId": ALICE }]), json!(["owner"]))
            .await
            .status,
        400
    );
    let invited = invite(json!([{ "objectId": ALICE }]), json!(["read"])).await;
    assert_eq!(invited.status, 200, "{:?}", invited.body);
    assert_eq!(invited.body["value"][0]["grantedToV2"]["user"]["id"], ALICE);
    assert_eq!(host.get(&alice, &shared).await.status, 200);
    assert_eq!(host.get(&bob, &shared).await.status, 404);
    // What is not one's own is not invited to.
    let bobs = somebody(&host, "bob@sidetone.example", EVERYTHING).await;
    let body = json!({ "recipients": [{ "objectId": ALICE }], "roles": ["read"] });
    assert_eq!(
        host.post(&bobs, &format!("{own}/invite"), body)
            .await
            .status,
        404
    );
}

#[tokio::test]
async fn without_leave_for_files_nothing_is_put_or_read() {
    let (host, ada) = office().await;
    let item = put(&host, &ada, "notes.txt", RENAME, 5).await.body;
    let own = format!("/v1.0/me/drive/items/{}", text(&item, "id"));
    let chats = EVERYTHING.replace("Files.ReadWrite", "");
    for scopes in [chats.as_str(), "Files.Read"] {
        let ada = somebody(&host, ADA, scopes).await;
        let refused = put(&host, &ada, "more.txt", RENAME, 5).await;
        assert_eq!(
            (refused.status.as_u16(), refused.code()),
            (403, "Forbidden"),
            "{scopes}"
        );
        let body = json!({ "recipients": [{ "objectId": ALICE }], "roles": ["read"] });
        assert_eq!(
            host.post(&ada, &format!("{own}/invite"), body).await.status,
            403
        );
    }
    let ada = somebody(&host, ADA, &chats).await;
    assert_eq!(host.get(&ada, &own).await.status, 403);
}

#[tokio::test]
async fn a_message_names_files_that_are_there_and_no_others() {
    let (host, ada) = office().await;
    let chat = chat_called(&host, &ada, "Release notes").await;
    let item = put(&host, &ada, "notes.txt", RENAME, 5).await.body;
    let own = format!(
        "/v1.0/me/drive/items/{}?$select=eTag,webDavUrl",
        text(&item, "id")
    );
    let item = host.get(&ada, &own).await.body;
    let tag = text(&item, "eTag");
    let guid = tag.split(['{', '}']).nth(1).unwrap().to_lowercase();
    let page = text(&item, "webDavUrl");
    let post = async |id: &str, page: &str| {
        let message = json!({
            "body": { "contentType": "html", "content": format!("<attachment id=\"{id}\"></attachment>") },
            "attachments": [{ "id": id, "contentType": "reference", "contentUrl": page, "name": "notes.txt" }],
        });
        host.post(&ada, &format!("/v1.0/chats/{chat}/messages"), message)
            .await
    };
    let sent = post(&guid, page).await;
    assert_eq!(sent.status, 201, "{:?}", sent.body);
    assert_eq!(sent.body["attachments"][0]["contentUrl"], page);
    let elsewhere = "https://contoso.example/notes.txt";
    let stranger = uuid::Uuid::new_v4().to_string();
    for (id, page) in [(guid.as_str(), elsewhere), (&stranger, page), ("", page)] {
        assert_eq!(post(id, page).await.status, 400, "{id} {page}");
    }
}
