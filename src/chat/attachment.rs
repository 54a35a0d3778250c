//! Saves attachments to files a person named.

use std::path::Path;
use std::path::PathBuf;

use tokio::fs;
use tokio::io::AsyncWriteExt;

use crate::event::ChatEvent;
use crate::model::failure::Because;
use crate::model::failure::Doing;
use crate::model::failure::Failure;
use crate::model::failure::Remedy;
use crate::model::message::Attachment;
use crate::model::thread::ThreadId;

/// With the bytes that `fetch` gets from its address, where it has one that is the endpoint's own:
/// anything else is a web page to open elsewhere.
pub(in crate::chat) async fn save(
    fetch: impl AsyncFnOnce(String) -> Result<Vec<u8>, Failure>,
    thread: ThreadId,
    attachment: &Attachment,
    path: &str,
) -> ChatEvent {
    match fetch_and_write(fetch, attachment, path).await {
        Ok(path) => ChatEvent::AttachmentSaved {
            thread,
            path: path.to_string_lossy().into_owned(),
        },
        Err(failure) => ChatEvent::ActionFailed { thread, failure },
    }
}

async fn fetch_and_write(
    fetch: impl AsyncFnOnce(String) -> Result<Vec<u8>, Failure>,
    attachment: &Attachment,
    path: &str,
) -> Result<PathBuf, Failure> {
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
    let path = place(Path::new(path), &attachment.name);
    write(&path, &bytes).await.map_err(|error| {
        let detail = format!("{}: {error}", path.display());
        failed(Because::Local { detail }, Remedy::Retry)
    })?;
    Ok(path)
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

/// Never over a file that exists.
async fn write(path: &Path, bytes: &[u8]) -> std::io::Result<()> {
    let mut file = fs::OpenOptions::new()
        .write(true)
        .create_new(true)
        .open(path)
        .await?;
    file.write_all(bytes).await?;
    file.flush().await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_file_is_written_where_it_was_asked_for_and_never_over_another() {
        let folder = tempfile::tempdir().unwrap();
        let path = place(folder.path(), "../../.ssh/key");
        assert_eq!(path, folder.path().join("_.._.ssh_key"));
        write(&path, b"x").await.unwrap();
        assert!(write(&path, b"y").await.is_err());
        assert_eq!(std::fs::read(&path).unwrap(), b"x");
        let named = folder.path().join("a.png");
        assert_eq!(place(&named, "b.png"), named);
        assert_eq!(place(folder.path(), ".."), folder.path().join("attachment"));
    }
}
