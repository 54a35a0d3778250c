//! Files of this machine that are sent.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use crate::model::failure::Because;
use crate::model::failure::Remedy;
use crate::model::text;
use crate::wire::graph::message::ChatMessage;
use crate::wire::graph::message::ItemBody;
use crate::wire::graph::message::NewHostedContent;
use crate::wire::graph::message::SendMessage;

use super::rest::Error;
use super::rest::Rest;

pub(super) async fn send_picture(rest: &Rest, place: &str, path: &str) -> Result<(), Error> {
    let local = |error: std::io::Error| {
        let detail = text::line(&format!("{path}: {error}"));
        Error::permanent(Because::Local { detail }, Remedy::None)
    };
    let length = tokio::fs::metadata(path).await.map_err(local)?.len();
    let bytes = usize::try_from(length).unwrap_or(usize::MAX);
    if bytes > LARGEST_PICTURE {
        let because = Because::TooLong {
            bytes,
            limit: LARGEST_PICTURE,
        };
        return Err(Error::permanent(because, Remedy::Shorten));
    }
    let bytes = tokio::fs::read(path).await.map_err(local)?;
    let kind = match bytes.as_slice() {
        [0x89, b'P', b'N', b'G', ..] => "image/png",
        [0xff, 0xd8, 0xff, ..] => "image/jpeg",
        [b'G', b'I', b'F', b'8', ..] => "image/gif",
        _ => {
            return Err(Error::refused(
                "it is no PNG, JPEG or GIF; other files go into your organisation's storage first, for which sidetone asks no \
             leave: send a link to the file",
            ));
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
