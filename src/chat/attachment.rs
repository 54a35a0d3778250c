//! Saves attachments to files a person named.

use std::io::ErrorKind;
use std::path::Path;
use std::path::PathBuf;

use tokio::fs;
use tokio::io::AsyncWriteExt;

use crate::config::paths;
use crate::event::ChatEvent;
use crate::model::failure::Because;
use crate::model::failure::Doing;
use crate::model::failure::Failure;
use crate::model::failure::Remedy;
use crate::model::message::Attachment;
use crate::model::text;
use crate::model::thread::ThreadId;

/// With the bytes that `fetch` gets from its address, where it has one that is the endpoint's own:
/// anything else is a web page to open elsewhere. Without a folder in it, `path` lies in the one for downloads.
pub(in crate::chat) async fn save(
    fetch: impl AsyncFnOnce(String) -> Result<Vec<u8>, Failure>,
    thread: ThreadId,
    attachment: &Attachment,
    path: &str,
) -> ChatEvent {
    match fetch_and_write(fetch, attachment, path).await {
        Ok((path, bytes)) => ChatEvent::AttachmentSaved {
            thread,
            path: text::line(&path.to_string_lossy()),
            bytes,
        },
        Err(failure) => ChatEvent::ActionFailed { thread, failure },
    }
}

async fn fetch_and_write(
    fetch: impl AsyncFnOnce(String) -> Result<Vec<u8>, Failure>,
    attachment: &Attachment,
    path: &str,
) -> Result<(PathBuf, u64), Failure> {
    let failed = |because, remedy| Failure {
        doing: Doing::SavingAttachment,
        because,
        remedy,
    };
    let Some(url) = &attachment.url else {
        let reason = "it can only be opened in a browser".to_owned();
        return Err(failed(Because::Refused { reason }, Remedy::None));
    };
    let bytes = fetch(url.clone()).await?;
    let path = place(&folder(path), &attachment.name);
    let written = write(&path, &bytes).await;
    let path = written.map_err(|error| {
        let detail = text::line(&format!("{}: {error}", path.display()));
        failed(Because::Local { detail }, Remedy::Retry)
    })?;
    Ok((path, bytes.len() as u64))
}

/// A name alone lies in the folder for downloads, else in the one the program was started in.
fn folder(path: &str) -> PathBuf {
    let path = Path::new(path);
    match paths::downloads() {
        Some(downloads) if path.components().count() == 1 && !path.is_absolute() => {
            downloads.join(path)
        }
        _ => path.to_owned(),
    }
}

/// In a folder under the attachment's own name, which must not lead out of it.
fn place(path: &Path, name: &str) -> PathBuf {
    if !path.is_dir() {
        return path.to_owned();
    }
    let name: String = name
        .chars()
        .map(|c| if matches!(c, '/' | '\\') { '_' } else { c })
        .collect();
    let name = name.trim_start_matches('.').trim();
    path.join(if name.is_empty() { "attachment" } else { name })
}

/// For the person alone, and never over a file that exists: then the name gets a number.
async fn write(path: &Path, bytes: &[u8]) -> std::io::Result<PathBuf> {
    for number in 1..=MOST_OF_A_NAME {
        let path = numbered(path, number);
        let opened = fs::OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(0o600)
            .open(&path)
            .await;
        match opened {
            Ok(mut file) => {
                file.write_all(bytes).await?;
                file.flush().await?;
                return Ok(path);
            }
            Err(error) if error.kind() == ErrorKind::AlreadyExists => {}
            Err(error) => return Err(error),
        }
    }
    Err(ErrorKind::AlreadyExists.into())
}

/// `plan.ods`, `plan (2).ods`.
fn numbered(path: &Path, number: u32) -> PathBuf {
    let Some(stem) = path.file_stem().filter(|_| number > 1) else {
        return path.to_owned();
    };
    let mut name = stem.to_owned();
    name.push(format!(" ({number})"));
    if let Some(extension) = path.extension() {
        name.push(".");
        name.push(extension);
    }
    path.with_file_name(name)
}

const MOST_OF_A_NAME: u32 = 99;

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[tokio::test]
    async fn a_file_is_written_where_it_was_asked_for_and_never_over_another() {
        let folder = tempfile::tempdir().unwrap();
        let path = place(folder.path(), "../../.ssh/key.pub");
        assert_eq!(path, folder.path().join("_.._.ssh_key.pub"));
        assert_eq!(write(&path, b"x").await.unwrap(), path);
        let second = write(&path, b"y").await.unwrap();
        assert_eq!(second, folder.path().join("_.._.ssh_key (2).pub"));
        assert_eq!(std::fs::read(&path).unwrap(), b"x");
        assert_eq!(std::fs::read(&second).unwrap(), b"y");
        let mode = std::fs::metadata(&path).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        let named = folder.path().join("a.png");
        assert_eq!(place(&named, "b.png"), named);
        assert_eq!(place(folder.path(), ".."), folder.path().join("attachment"));
        assert_eq!(numbered(&named, 3), folder.path().join("a (3).png"));
    }

    #[tokio::test]
    async fn what_has_no_address_of_the_endpoint_is_not_fetched() {
        let attachment = Attachment {
            id: "1".to_owned(),
            kind: crate::model::message::AttachmentKind::File,
            name: "report.pdf".to_owned(),
            url: None,
            preview: Some("https://contoso.example/report.pdf".to_owned()),
        };
        let fetch = async |_: String| panic!("it was fetched");
        let saved = save(fetch, ThreadId::new("19:a"), &attachment, "report.pdf").await;
        assert!(matches!(saved, ChatEvent::ActionFailed { .. }), "{saved:?}");
    }
}
