//! Inline images of meeting threads.

use super::Access;
use super::Attachment;
use super::Kind;
use super::Refusal;
use super::Store;

#[derive(Clone)]
pub struct Image {
    pub id: String,
    pub name: String,
    pub media_type: &'static str,
    pub bytes: Vec<u8>,
    /// Raw id of who uploaded it.
    pub owner: String,
}

impl Image {
    /// How a message refers to the image: relative addresses on the endpoint.
    pub(super) fn attachment(&self, thread: &str) -> Attachment {
        let view = |size: &str| {
            let id = &self.id;
            format!("/chat/threads/{thread}/images/{id}/views/{size}?api-version={URL_VERSION}")
        };
        Attachment {
            id: self.id.clone(),
            kind: "image".to_owned(),
            name: Some(self.name.clone()),
            url: Some(view("original")),
            preview_url: Some(view("small")),
        }
    }
}

impl Store {
    pub fn upload_image(
        &mut self,
        thread: &str,
        user: &str,
        name: &str,
        bytes: Vec<u8>,
    ) -> Result<Image, Refusal> {
        let thread = self.writable(thread, user)?;
        if thread.kind != Kind::Meeting {
            return Err(Refusal::Forbidden(
                "Images are uploaded to the thread of a meeting only.",
            ));
        }
        let media_type = media_type(&bytes).ok_or_else(|| {
            Refusal::Invalid("The image must be jpeg, png, gif, heic or webp.".to_owned())
        })?;
        let image = Image {
            id: uuid::Uuid::new_v4().simple().to_string(),
            name: name.to_owned(),
            media_type,
            bytes,
            owner: user.to_owned(),
        };
        thread.images.push(image.clone());
        Ok(image)
    }

    pub fn image(&self, thread: &str, user: &str, id: &str) -> Result<&Image, Refusal> {
        let thread = self.thread_for(thread, user)?;
        let found = thread.images.iter().find(|image| image.id == id);
        found.ok_or(NO_IMAGE)
    }

    pub fn delete_image(&mut self, thread: &str, user: &str, id: &str) -> Result<(), Refusal> {
        let owner = &self.image(thread, user, id)?.owner;
        if owner != user || self.thread_for(thread, user)?.member(user)?.access != Access::Full {
            return Err(Refusal::Forbidden(
                "Only who uploaded an image may delete it.",
            ));
        }
        let thread = self.live_mut(thread)?;
        thread.images.retain(|image| image.id != id);
        Ok(())
    }
}

/// Told from the first bytes: a declared type is not believed.
fn media_type(bytes: &[u8]) -> Option<&'static str> {
    let at =
        |offset: usize, magic: &[u8]| bytes.get(offset..).is_some_and(|b| b.starts_with(magic));
    if at(0, b"\x89PNG\r\n\x1a\n") {
        Some("image/png")
    } else if at(0, b"\xff\xd8\xff") {
        Some("image/jpeg")
    } else if at(0, b"GIF87a") || at(0, b"GIF89a") {
        Some("image/gif")
    } else if at(0, b"RIFF") && at(8, b"WEBP") {
        Some("image/webp")
    } else if at(4, b"ftyphei") || at(4, b"ftypmif1") {
        Some("image/heic")
    } else {
        None
    }
}

const URL_VERSION: &str = "2024-03-15-preview";
const NO_IMAGE: Refusal = Refusal::NotFound("The specified image was not found.");
