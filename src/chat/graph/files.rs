//! Files of this machine that are sent: a picture inside its message, any other by way of the sender's OneDrive.

use std::io;
use std::path::Path;
use std::path::PathBuf;
use std::time::SystemTime;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use tokio::fs;
use tokio::io::AsyncReadExt;

use crate::chat::retry::Kind;
use crate::config::paths;
use crate::model::failure::Because;
use crate::model::failure::Doing;
use crate::model::failure::Remedy;
use crate::model::text;
use crate::wire::graph::Page;
use crate::wire::graph::chat::ConversationMember;
use crate::wire::graph::drive;
use crate::wire::graph::drive::DriveItem;
use crate::wire::graph::drive::DriveRecipient;
use crate::wire::graph::drive::Invite;
use crate::wire::graph::drive::Permission;
use crate::wire::graph::message::Attachment;
use crate::wire::graph::message::ChatMessage;
use crate::wire::graph::message::ItemBody;
use crate::wire::graph::message::NewHostedContent;
use crate::wire::graph::message::SendMessage;

use super::rest::Error;
use super::rest::Rest;

/// A file that was sent.
pub(super) struct Sent {
    /// As it is called in the drive.
    pub(super) name: String,
    pub(super) bytes: u64,
    /// Names of people of the chat who were not given the right to read it.
    pub(super) closed_to: Vec<String>,
    /// As the service has it now.
    pub(super) message: Box<ChatMessage>,
}

/// How far it came, and why no further.
pub(super) struct NotSent {
    pub(super) doing: Doing,
    pub(super) error: Error,
    /// It lies in the drive, and is in no message.
    pub(super) uploaded: Option<Uploaded>,
}

/// A file in the drive that need not be put there again, as long as it is the same here.
#[derive(Clone)]
pub(super) struct Uploaded {
    id: String,
    file: Local,
}

/// A file of this machine, when it was looked at.
#[derive(Clone, PartialEq, Eq)]
struct Local {
    path: PathBuf,
    length: u64,
    modified: Option<SystemTime>,
}

impl Local {
    /// What is no file with something in it is refused here: a pipe would be read for ever.
    async fn find(path: &str) -> Result<Self, Error> {
        let path = paths::expanded(path);
        let about = fs::metadata(&path).await;
        let about = about.map_err(|error| unreadable(&path, &error))?;
        let length = about.len();
        match (about.is_dir(), about.is_file(), length) {
            (true, _, _) => Err(unfit(&path, "it is a folder; pack it into one file")),
            (false, false, _) => Err(unfit(&path, "it is no regular file")),
            (false, true, 0) => Err(unfit(&path, "it is empty")),
            (false, true, _) => Ok(Self {
                path,
                length,
                modified: about.modified().ok(),
            }),
        }
    }

    /// All of it, and no more than `limit` bytes.
    async fn read(&self, limit: usize) -> Result<Vec<u8>, Error> {
        let most = limit as u64;
        let mut content = Vec::new();
        if self.length <= most {
            let open = fs::File::open(&self.path).await;
            let file = open.map_err(|error| unreadable(&self.path, &error))?;
            // It may have grown since it was looked at.
            let read = file.take(most + 1).read_to_end(&mut content).await;
            read.map_err(|error| unreadable(&self.path, &error))?;
        }
        let bytes = usize::try_from(self.length).unwrap_or(usize::MAX);
        let bytes = bytes.max(content.len());
        if bytes > limit {
            let because = Because::TooLong { bytes, limit };
            return Err(Error::permanent(because, Remedy::Shorten));
        }
        Ok(content)
    }

    /// A name that a drive takes.
    fn name(&self) -> String {
        let name = self.path.file_name().unwrap_or_default().to_string_lossy();
        let taken = |c: char| !c.is_control() && !drive::FORBIDDEN.contains(&c);
        let name: String = name
            .chars()
            .map(|c| if taken(c) { c } else { '_' })
            .collect();
        match name.trim() {
            "" => "file".to_owned(),
            name => name.to_owned(),
        }
    }
}

fn unreadable(path: &Path, error: &io::Error) -> Error {
    unfit(path, &error.to_string())
}

/// Several may be on their way: it is said which one.
fn unfit(path: &Path, why: &str) -> Error {
    let detail = text::line(&format!("{}: {why}", path.display()));
    Error::permanent(Because::Local { detail }, Remedy::None)
}

/// Puts a file into the drive, lets the people of the chat read it, and sends the message that shows it. What was
/// uploaded for the same before is used again.
pub(super) async fn send(
    rest: &Rest,
    place: &str,
    me: &str,
    path: &str,
    before: Option<Uploaded>,
) -> Result<Sent, NotSent> {
    let not = |doing, uploaded| {
        move |error| NotSent {
            doing,
            error,
            uploaded,
        }
    };
    let file = Local::find(path).await;
    let file = file.map_err(not(Doing::SendingFile, before.clone()))?;
    let uploaded = match before.filter(|before| before.file == file) {
        Some(before) => before,
        None => upload(rest, file)
            .await
            .map_err(not(Doing::SendingFile, None))?,
    };
    let bytes = uploaded.file.length;
    let shared = share(rest, place, me, &uploaded.id).await;
    let gone = matches!(&shared, Err(error) if error.kind == Kind::NotFound);
    let kept = Some(uploaded).filter(|_| !gone);
    let (attachment, closed_to) = shared.map_err(not(Doing::SharingFile, kept.clone()))?;
    let name = text::name(attachment.name.as_deref().unwrap_or_default());
    let request = SendMessage {
        body: ItemBody::html(&format!(
            "<attachment id=\"{}\"></attachment>",
            attachment.id
        )),
        attachments: vec![attachment],
        ..SendMessage::default()
    };
    let target = format!("{place}/messages");
    let posted: Result<ChatMessage, Error> = rest.post_once(&target, &request).await;
    let message = posted.map_err(not(Doing::PostingFile, kept))?;
    Ok(Sent {
        name,
        bytes,
        closed_to,
        message: Box::new(message),
    })
}

async fn upload(rest: &Rest, file: Local) -> Result<Uploaded, Error> {
    let content = file.read(LARGEST_FILE).await?;
    let target = drive::upload(&file.name());
    let item: DriveItem = rest.upload(&target, content.into()).await?;
    Ok(Uploaded { id: item.id, file })
}

/// What stands in the message, and the names of those of the chat who cannot read it. That nobody can is an error.
async fn share(
    rest: &Rest,
    place: &str,
    me: &str,
    id: &str,
) -> Result<(Attachment, Vec<String>), Error> {
    let item: DriveItem = rest.get(&drive::selected(id)).await?;
    let attachment = item.attachment();
    let attachment =
        attachment.ok_or_else(|| Error::refused("the service does not say where it lies"))?;
    let members: Vec<ConversationMember> = rest.all(&format!("{place}/members")).await?;
    let Readers { inside, outside } = Readers::of(&members, me);
    let mut closed = invite(rest, id, &inside, by_id).await?;
    match invite(rest, id, &outside, by_mail).await {
        Ok(more) => closed.extend(more),
        Err(error) if inside.is_empty() => return Err(error),
        // What an organisation does not share with others, its own people read all the same.
        Err(_) => closed.extend(outside.iter().map(|who| called(who))),
    }
    if !closed.is_empty() && closed.len() == inside.len() + outside.len() {
        return Err(Error::refused("none of them could be given that right"));
    }
    Ok((attachment, closed))
}

/// Names of those who did not get the right to read, or who are known by nothing that it could be given to.
async fn invite(
    rest: &Rest,
    id: &str,
    people: &[&ConversationMember],
    known_by: fn(&ConversationMember) -> Option<DriveRecipient>,
) -> Result<Vec<String>, Error> {
    let unknown = people.iter().filter(|who| known_by(who).is_none());
    let mut closed: Vec<String> = unknown.map(|who| called(who)).collect();
    let recipients: Vec<_> = people.iter().filter_map(|who| known_by(who)).collect();
    if !recipients.is_empty() {
        let request = Invite::readers(recipients);
        let page: Page<Permission> = rest.post(&drive::invite(id), &request).await?;
        closed.extend(refused_of(people, &page.value));
    }
    Ok(closed)
}

/// The others of a chat: those of our organisation are known by their ids, everybody else by mail or not at all.
struct Readers<'m> {
    inside: Vec<&'m ConversationMember>,
    outside: Vec<&'m ConversationMember>,
}

impl<'m> Readers<'m> {
    fn of(members: &'m [ConversationMember], me: &str) -> Self {
        let is_me = |who: &&ConversationMember| who.user_id.as_deref() == Some(me);
        let ours = members
            .iter()
            .find(is_me)
            .and_then(|who| who.tenant_id.as_deref());
        let others = members.iter().filter(|who| !is_me(who));
        let (inside, outside) = others.partition(|who| {
            let theirs = who.tenant_id.as_deref();
            by_id(who).is_some()
                && theirs.is_none_or(|theirs| ours.is_none_or(|ours| theirs == ours))
        });
        Self { inside, outside }
    }
}

/// Whoever is in no directory has a raw id in place of one.
fn by_id(who: &ConversationMember) -> Option<DriveRecipient> {
    let id = who.user_id.clone()?;
    (!id.is_empty() && !id.contains(':')).then_some(DriveRecipient {
        object_id: Some(id),
        email: None,
    })
}

fn by_mail(who: &ConversationMember) -> Option<DriveRecipient> {
    let email = who.email.clone().filter(|email| !email.is_empty())?;
    Some(DriveRecipient {
        object_id: None,
        email: Some(email.into()),
    })
}

/// Whom the rows of an answer say that they did not get it.
fn refused_of(asked: &[&ConversationMember], rows: &[Permission]) -> Vec<String> {
    let refused = |who: &&&ConversationMember| {
        let mut without = rows.iter().filter(|row| row.error.is_some());
        without.any(|row| {
            let user = row.granted_to_v2.as_ref().and_then(|set| set.user.as_ref());
            let mail = row.invitation.as_ref().and_then(|to| to.email.as_deref());
            user.is_some() && user.map(|user| &user.id) == who.user_id.as_ref()
                || mail.is_some() && mail == who.email.as_deref()
        })
    };
    asked
        .iter()
        .filter(refused)
        .map(|who| called(who))
        .collect()
}

fn called(who: &ConversationMember) -> String {
    match text::name(who.display_name.as_deref().unwrap_or_default()) {
        name if name.is_empty() => "somebody without a name".to_owned(),
        name => name,
    }
}

pub(super) async fn send_picture(rest: &Rest, place: &str, path: &str) -> Result<(), Error> {
    let bytes = Local::find(path).await?.read(LARGEST_PICTURE).await?;
    let kind = match bytes.as_slice() {
        [0x89, b'P', b'N', b'G', ..] => "image/png",
        [0xff, 0xd8, 0xff, ..] => "image/jpeg",
        [b'G', b'I', b'F', b'8', ..] => "image/gif",
        _ => {
            let reason = "it is no PNG, JPEG or GIF; /attach FILE sends other files";
            return Err(Error::refused(reason));
        }
    };
    let request = SendMessage {
        body: ItemBody::html("<p><img src=\"../hostedContents/1/$value\" alt=\"picture\"></p>"),
        hosted_contents: vec![NewHostedContent {
            temporary_id: "1".to_owned(),
            content_bytes: STANDARD.encode(&bytes).into(),
            content_type: kind.to_owned(),
        }],
        ..SendMessage::default()
    };
    let _: ChatMessage = rest
        .post_once(&format!("{place}/messages"), &request)
        .await?;
    Ok(())
}

/// Of a request of at most four megabytes, in base64.
const LARGEST_PICTURE: usize = 2 << 20;

/// Two fifths of what one request may hold. It is in memory meanwhile, and begun anew where the line breaks.
const LARGEST_FILE: usize = 100_000_000;

#[cfg(test)]
mod tests {
    use super::*;

    fn member(name: &str, id: &str, email: &str, tenant: &str) -> ConversationMember {
        let given = |text: &str| (!text.is_empty()).then(|| text.to_owned());
        ConversationMember {
            display_name: given(name),
            user_id: given(id),
            email: given(email),
            tenant_id: given(tenant),
            ..ConversationMember::default()
        }
    }

    #[test]
    fn colleagues_are_known_by_their_ids_and_everybody_else_by_mail() {
        let members = [
            member("Ada", "a", "ada@contoso.com", "t"),
            member("Bob", "b", "bob@contoso.com", "t"),
            member("Carol", "c", "", ""),
            member("Zoe", "z", "zoe@elsewhere.example", "u"),
            member("Guest", "8:acs:r_g", "", ""),
        ];
        let readers = Readers::of(&members, "a");
        let names =
            |all: &[&ConversationMember]| all.iter().map(|who| called(who)).collect::<Vec<_>>();
        assert_eq!(names(&readers.inside), ["Bob", "Carol"]);
        assert_eq!(names(&readers.outside), ["Zoe", "Guest"]);
        let mailed: Vec<_> = readers
            .outside
            .iter()
            .filter_map(|who| by_mail(who))
            .collect();
        assert_eq!(mailed.len(), 1);
        assert!(mailed[0].object_id.is_none());
        // Of whom no organisation is told, ours is tried.
        let members = [member("Ada", "a", "", ""), member("Bob", "b", "", "t")];
        assert_eq!(names(&Readers::of(&members, "a").inside), ["Bob"]);
    }

    #[test]
    fn whom_the_answer_leaves_out_is_named() {
        let (bob, zoe) = (
            member("Bob", "b", "", "t"),
            member("", "z", "zoe@elsewhere.example", "u"),
        );
        let rows: Vec<Permission> = serde_json::from_str(
            r#"[{"id":"1","grantedToV2":{"user":{"id":"b"}},"roles":["read"]},
                {"invitation":{"email":"zoe@elsewhere.example"},"error":{"code":"notAllowed","message":"no"}}]"#,
        )
        .unwrap();
        assert_eq!(
            refused_of(&[&bob, &zoe], &rows),
            ["somebody without a name"]
        );
        assert!(refused_of(&[&bob, &zoe], &rows[..1]).is_empty());
    }

    #[tokio::test]
    async fn only_a_file_with_something_in_it_is_taken_and_by_a_name_that_a_drive_has() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        let find = async |name: &str| Local::find(at(name).to_str().unwrap()).await;
        std::fs::write(at("a: b?\u{1b}.txt "), "words").unwrap();
        let file = find("a: b?\u{1b}.txt ").await.ok().unwrap();
        assert_eq!(file.name(), "a_ b__.txt");
        assert_eq!(file.read(5).await.unwrap(), b"words");
        let error = file.read(4).await.unwrap_err().failure(Doing::SendingFile);
        assert_eq!(error.because, Because::TooLong { bytes: 5, limit: 4 });
        std::fs::write(at("empty"), "").unwrap();
        let pipe = rustix::fs::Mode::from_raw_mode(0o600);
        rustix::fs::mkfifoat(rustix::fs::CWD, at("pipe"), pipe).unwrap();
        for name in ["empty", "pipe", ".", "missing"] {
            assert!(find(name).await.is_err(), "{name}");
        }
    }
}
