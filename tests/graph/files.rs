//! Files that are sent by way of the sender's drive.

use std::path::Path;

use sidetone::model::failure::Doing;
use sidetone::model::failure::Failure;
use sidetone::service::store::History;
use sidetone::service::store::Participant;

use super::*;

const BOB: &str = "bob@sidetone.example";
const READER: &str = "Files.Read.All";
const MEETING: &str = "Meeting on this machine";

/// What became of a file.
type Outcome = Result<(String, Vec<String>), Failure>;

impl Client {
    async fn attach(&mut self, thread: &ThreadId, path: &Path) -> Outcome {
        self.work(WorkCommand::SendFile {
            thread: thread.clone(),
            path: path.to_string_lossy().into_owned(),
        })
        .await;
        self.until(|event| match event {
            ChatEvent::Work(WorkEvent::FileSent {
                name, closed_to, ..
            }) => Some(Ok((name.clone(), closed_to.clone()))),
            ChatEvent::ActionFailed { failure, .. } => Some(Err(failure.clone())),
            _ => None,
        })
        .await
    }

    async fn remove(&mut self, thread: &ThreadId, name: &str) {
        self.work(WorkCommand::RemoveMember {
            thread: thread.clone(),
            name: name.to_owned(),
        })
        .await;
        self.until(|event| match event {
            ChatEvent::ActionDone { .. } => Some(()),
            ChatEvent::ActionFailed { failure, .. } => panic!("{failure:?}"),
            _ => None,
        })
        .await;
    }

    async fn file(&mut self, name: &str) -> Message {
        self.message(|message| message.attachments.iter().any(|file| file.name == name))
            .await
    }
}

fn plan(folder: &Path) -> std::path::PathBuf {
    let path = folder.join("plan: a.ods");
    std::fs::write(&path, "a plan").unwrap();
    path
}

/// Drive and id of a file of Ada's, as Graph tells them.
async fn lies(host: &Host, name: &str) -> Option<(String, String)> {
    let hour = Duration::from_hours(1);
    let token = host.running.service.graph_token(ADA, READER, hour).await;
    let folder = "me/drive/root:/Microsoft%20Teams%20Chat%20Files";
    let url = format!("{}/v1.0/{folder}/{name}", host.running.endpoint);
    let read = reqwest::Client::new().get(url).bearer_auth(token.unwrap());
    let item: serde_json::Value = read.send().await.unwrap().json().await.unwrap();
    let drive = item["parentReference"]["driveId"].as_str()?.to_owned();
    Some((drive, item["id"].as_str()?.to_owned()))
}

/// Somebody of no organisation comes into the chat.
async fn admit_guest(host: &Host, thread: &ThreadId) {
    let zoe = Participant::new(&host.user(&["chat"]).await.id, Some("Zoe"));
    let now = host.running.service.clock().utc();
    let store = &mut host.running.service.lock().store;
    let there = store.live(thread.as_str()).unwrap();
    let by = there.who(&there.creator);
    store
        .admit(thread.as_str(), &by, zoe, History::All, now)
        .unwrap();
}

/// What a file is called that everybody may read.
#[track_caller]
fn open_to_all(outcome: Outcome) -> String {
    let (name, closed_to) = outcome.unwrap();
    assert!(closed_to.is_empty(), "{closed_to:?}");
    name
}

#[tokio::test]
async fn a_file_is_put_into_the_drive_shared_and_shown_to_everybody_in_the_chat() {
    let host = office().await;
    let folder = tempfile::tempdir().unwrap();
    let mut ada = ada(&host, Feed::OnDemand).await;
    let mut bob = client(&host, BOB, Feed::LocalPush, EVERYTHING, Relay::NotAsked).await;
    let thread = ada.open("Release notes").await;
    bob.open("Release notes").await;
    let path = plan(folder.path());
    // What a drive does not take in a name is another character there, and what is there stays.
    for name in ["plan_ a.ods", "plan_ a 1.ods"] {
        assert_eq!(open_to_all(ada.attach(&thread, &path).await), name);
        let (mine, theirs) = (ada.file(name).await, bob.file(name).await);
        for message in [&mine, &theirs] {
            let file = &message.attachments[0];
            assert_eq!(file.kind, AttachmentKind::File);
            assert!(file.opens_elsewhere(), "{file:?}");
        }
        assert!(mine.mine && !theirs.mine);
    }
    // The people of the chat may read it, and nobody else.
    let (drive, id) = lies(&host, "plan_ a.ods").await.unwrap();
    let reads = async |who: &str| {
        let hour = Duration::from_hours(1);
        let token = host.running.service.graph_token(who, READER, hour).await;
        let url = format!("{}/v1.0/drives/{drive}/items/{id}", host.running.endpoint);
        let read = reqwest::Client::new().get(url).bearer_auth(token.unwrap());
        read.send().await.unwrap().status().as_u16()
    };
    assert_eq!(reads(BOB).await, 200);
    assert_eq!(reads("farid@sidetone.example").await, 404);
}

#[tokio::test]
async fn what_cannot_be_sent_is_refused_before_anything_is_uploaded() {
    let host = office().await;
    let folder = tempfile::tempdir().unwrap();
    let mut ada = ada(&host, Feed::OnDemand).await;
    let thread = ada.open("Release notes").await;
    std::fs::write(folder.path().join("empty"), "").unwrap();
    for path in [
        folder.path().join("empty"),
        folder.path().join("missing"),
        folder.path().into(),
    ] {
        let failure = ada.attach(&thread, &path).await.unwrap_err();
        assert_eq!(failure.doing, Doing::SendingFile, "{path:?}");
    }
    let chats = EVERYTHING.replace("Files.ReadWrite", "");
    let mut narrow = ada_with(&host, Feed::OnDemand, &chats).await;
    let failure = narrow
        .attach(&thread, &plan(folder.path()))
        .await
        .unwrap_err();
    assert_eq!(
        (failure.doing, failure.because),
        (Doing::SendingFile, Because::Forbidden)
    );
    assert_eq!(lies(&host, "plan_ a.ods").await, None);
}

#[tokio::test]
async fn who_is_outside_the_organisation_is_named_and_alone_is_a_reason_to_send_nothing() {
    let host = office().await;
    let folder = tempfile::tempdir().unwrap();
    let path = plan(folder.path());
    let mut ada = ada(&host, Feed::OnDemand).await;
    let thread = ada.open(MEETING).await;
    admit_guest(&host, &thread).await;
    ada.remove(&thread, "Alice").await;
    let failure = ada.attach(&thread, &path).await.unwrap_err();
    assert_eq!(failure.doing, Doing::SharingFile);
    let before = written(&host, &thread);
    assert!(
        !before.iter().any(|words| words.contains("<attachment")),
        "{before:?}"
    );
    // With a colleague there it is sent, and is not uploaded a second time.
    host.running
        .service
        .invite(thread.as_str(), "Bob Lindqvist")
        .unwrap();
    let (name, closed_to) = ada.attach(&thread, &path).await.unwrap();
    assert_eq!(name, "plan_ a.ods");
    assert_eq!(closed_to, ["Zoe"]);
}

#[tokio::test]
async fn what_was_uploaded_and_not_sent_is_sent_without_another_upload_unless_it_changed() {
    let host = office().await;
    let folder = tempfile::tempdir().unwrap();
    let path = plan(folder.path());
    let silent = "User.Read Chat.Read Files.ReadWrite";
    let mut ada = ada_with(&host, Feed::OnDemand, silent).await;
    let thread = ada.open("Release notes").await;
    let failure = ada.attach(&thread, &path).await.unwrap_err();
    assert_eq!(
        (failure.doing, failure.because),
        (Doing::PostingFile, Because::Forbidden)
    );
    let hour = Duration::from_hours(1);
    let wide = host
        .running
        .service
        .graph_token(ADA, EVERYTHING, hour)
        .await;
    std::fs::write(ada.token.path(), wide.unwrap()).unwrap();
    ada.chats().await;
    // The new token comes beside the one in use, in its own time.
    let mut sent = ada.attach(&thread, &path).await;
    while sent.is_err() {
        tokio::time::sleep(Duration::from_millis(50)).await;
        sent = ada.attach(&thread, &path).await;
    }
    assert_eq!(open_to_all(sent), "plan_ a.ods");
    std::fs::write(&path, "another plan").unwrap();
    let sent = ada.attach(&thread, &path).await;
    assert_eq!(open_to_all(sent), "plan_ a 1.ods");
}

#[tokio::test]
async fn an_upload_whose_answer_is_lost_is_not_done_again_by_itself() {
    let host = office().await;
    let folder = tempfile::tempdir().unwrap();
    let mut ada = ada(&host, Feed::OnDemand).await;
    let thread = ada.open("Release notes").await;
    fault(&host, Class::GraphWrite, Effect::Lose, 1);
    let failure = ada.attach(&thread, &plan(folder.path())).await.unwrap_err();
    assert_eq!(failure.doing, Doing::SendingFile);
    assert!(lies(&host, "plan_ a.ods").await.is_some());
    assert_eq!(lies(&host, "plan_ a 1.ods").await, None);
    let sent = ada.attach(&thread, &plan(folder.path())).await;
    assert_eq!(open_to_all(sent), "plan_ a 1.ods");
}

#[tokio::test]
async fn a_message_whose_answer_is_lost_is_shown_and_not_sent_again_by_itself() {
    let host = office().await;
    let folder = tempfile::tempdir().unwrap();
    let path = plan(folder.path());
    let mut ada = ada(&host, Feed::OnDemand).await;
    let thread = ada.open(MEETING).await;
    admit_guest(&host, &thread).await;
    ada.remove(&thread, "Alice").await;
    let failure = ada.attach(&thread, &path).await.unwrap_err();
    assert_eq!(failure.doing, Doing::SharingFile);
    // With nobody to invite the message is all that is still to be written.
    ada.remove(&thread, "Zoe").await;
    fault(&host, Class::GraphWrite, Effect::Lose, 1);
    let failure = ada.attach(&thread, &path).await.unwrap_err();
    assert_eq!(failure.doing, Doing::PostingFile);
    assert!(ada.file("plan_ a.ods").await.mine);
    let all = written(&host, &thread);
    let files = all.iter().filter(|words| words.contains("<attachment"));
    assert_eq!(files.count(), 1, "{all:?}");
}
