//! Files of a person's OneDrive, and who may read them.
//!
//! Shapes as in the vendor's reference: "Upload small files", "driveItem", "driveRecipient", "Send a sharing
//! invitation", and "Send chatMessage", which says what of an item stands in a message.

use serde::Deserialize;
use serde::Serialize;

use crate::wire::acs::redacted::Redacted;

use super::error::PublicError;
use super::message::Attachment;
use super::message::IdentitySet;
use super::message::REFERENCE;
use super::or_default;
use super::query::segment;

/// A file. What is not selected is not answered, `webDavUrl` not unless it is selected.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct DriveItem {
    #[serde(deserialize_with = "or_default")]
    pub id: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<Redacted>,
    /// `"{GUID},1"`, the quotation marks included.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub e_tag: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub size: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub web_dav_url: Option<Redacted>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub parent_reference: Option<ItemReference>,
}

impl DriveItem {
    /// What names the file in messages: the part of the entity tag that stays when the file is written anew.
    pub fn guid(&self) -> Option<&str> {
        let tag = self.e_tag.as_deref()?;
        let (_, from) = tag.split_once('{')?;
        let (guid, _) = from.split_once('}')?;
        uuid::Uuid::try_parse(guid).ok().map(|_| guid)
    }

    /// As it stands in a message; `None` where something of it was not answered.
    pub fn attachment(&self) -> Option<Attachment> {
        Some(Attachment {
            id: self.guid()?.to_owned(),
            content_type: REFERENCE.to_owned(),
            content_url: Some(self.web_dav_url.clone()?),
            name: Some(self.name.clone()?),
            ..Attachment::default()
        })
    }
}

#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct ItemReference {
    pub drive_id: Option<String>,
}

/// `POST …/items/{id}/invite`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct Invite {
    #[serde(deserialize_with = "or_default")]
    pub recipients: Vec<DriveRecipient>,
    #[serde(deserialize_with = "or_default")]
    pub roles: Vec<String>,
    pub require_sign_in: bool,
    /// By mail.
    pub send_invitation: bool,
}

impl Invite {
    /// Gives the right to read and writes to nobody.
    pub fn readers(recipients: Vec<DriveRecipient>) -> Self {
        Self {
            recipients,
            roles: vec![READ.to_owned()],
            require_sign_in: true,
            send_invitation: false,
        }
    }
}

pub const READ: &str = "read";

/// Somebody by one of both.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct DriveRecipient {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub object_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub email: Option<Redacted>,
}

/// A row of what an invitation is answered with.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct Permission {
    #[serde(deserialize_with = "or_default")]
    pub id: String,
    #[serde(deserialize_with = "or_default")]
    pub roles: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub granted_to_v2: Option<IdentitySet>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub invitation: Option<SharingInvitation>,
    /// Where this one of several did not get it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<PublicError>,
}

#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct SharingInvitation {
    pub email: Option<Redacted>,
    #[serde(deserialize_with = "or_default")]
    pub sign_in_required: bool,
}

/// In which the vendor's own clients keep what is sent in chats.
pub const CHAT_FILES: &str = "Microsoft Teams Chat Files";

/// Where a file of a chat is put; one of that name stays, and the new one gets another.
pub fn upload(name: &str) -> String {
    format!(
        "/me/drive/root:/{}/{}:/content?{CONFLICT}={RENAME}",
        segment(CHAT_FILES),
        segment(name)
    )
}

/// Where an item is read with what a message needs of it.
pub fn selected(id: &str) -> String {
    format!(
        "/me/drive/items/{}?$select=id,name,eTag,webDavUrl",
        segment(id)
    )
}

pub fn invite(id: &str) -> String {
    format!("/me/drive/items/{}/invite", segment(id))
}

/// What an upload does where something of that name is there: `rename`, `fail`, or `replace`, which it does unasked.
pub const CONFLICT: &str = "@microsoft.graph.conflictBehavior";
pub const RENAME: &str = "rename";

/// Characters that no name in a drive has.
pub const FORBIDDEN: [char; 9] = ['"', '*', ':', '<', '>', '?', '/', '\\', '|'];

/// The most that is uploaded in one request.
pub const LARGEST_UPLOAD: u64 = 250_000_000;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::wire::graph::Page;

    /// "driveItem" with `$select=id,name,eTag,webDavUrl`; the tag as in "Send file attachments in a chat message".
    const ITEM: &str = r#"{ "@odata.context": "https://graph.microsoft.com/v1.0/$metadata#x", "id": "01BYE5RZ6QN3",
      "name": "Budget.docx", "eTag": "\"{153FA47D-18C9-4179-BE08-9879815A9F90},2\"",
      "webDavUrl": "https://contoso-my.sharepoint.com/personal/ada/Documents/Microsoft%20Teams%20Chat%20Files/Budget.docx" }"#;

    /// "Send a sharing invitation".
    const INVITED: &str = r#"{ "value": [ { "grantedToV2": {
        "user": { "id": "42F177F1-22C0-4BE3-900D-4507125C5C20", "displayName": "Robin Danielsen" },
        "siteUser": { "id": "1", "displayName": "Robin Danielsen", "loginName": "Robin Danielsen" } },
      "hasPassword": true, "id": "CCFC7CA3-7A19-4D57-8CEF-149DB9DDFA62",
      "invitation": { "email": "robin@contoso.com", "signInRequired": true }, "roles": [ "write" ],
      "expirationDateTime": "2018-07-15T14:00:00.000Z" } ] }"#;

    #[test]
    fn a_file_becomes_what_a_message_says_of_it() {
        let item: DriveItem = serde_json::from_str(ITEM).unwrap();
        let attachment = item.attachment().unwrap();
        assert_eq!(attachment.id, "153FA47D-18C9-4179-BE08-9879815A9F90");
        assert_eq!(attachment.content_type, "reference");
        assert_eq!(attachment.name.unwrap().as_str(), "Budget.docx");
        assert!(attachment.content_url.unwrap().ends_with("/Budget.docx"));
        let again = serde_json::to_string(&item).unwrap();
        assert_eq!(serde_json::from_str::<DriveItem>(&again).unwrap(), item);
        let without_address = DriveItem {
            web_dav_url: None,
            ..item
        };
        assert_eq!(without_address.attachment(), None);
    }

    #[test]
    fn a_tag_without_a_guid_names_nothing() {
        for tag in ["", "\"1\"", "\"{},1\"", "\"{not one},1\"", "}{"] {
            let item = DriveItem {
                e_tag: Some(tag.to_owned()),
                ..DriveItem::default()
            };
            assert_eq!(item.guid(), None, "{tag}");
        }
    }

    #[test]
    fn an_invitation_says_who_reads_and_its_answer_is_read() {
        let recipient = DriveRecipient {
            object_id: Some("b".to_owned()),
            email: None,
        };
        assert_eq!(
            serde_json::to_string(&Invite::readers(vec![recipient])).unwrap(),
            r#"{"recipients":[{"objectId":"b"}],"roles":["read"],"requireSignIn":true,"sendInvitation":false}"#
        );
        let page: Page<Permission> = serde_json::from_str(INVITED).unwrap();
        let row = &page.value[0];
        assert_eq!(row.roles, ["write"]);
        assert_eq!(row.error, None);
        let user = row.granted_to_v2.as_ref().unwrap().user.as_ref().unwrap();
        assert!(user.id.starts_with("42F177F1"));
    }

    #[test]
    fn an_address_holds_whatever_a_file_is_called() {
        assert_eq!(
            upload("a #1 50%.txt"),
            "/me/drive/root:/Microsoft%20Teams%20Chat%20Files/a%20%231%2050%25.txt:/content\
             ?@microsoft.graph.conflictBehavior=rename"
        );
        assert_eq!(invite("01!a"), "/me/drive/items/01%21a/invite");
        assert!(selected("01").contains("webDavUrl"));
    }

    #[test]
    fn debug_prints_neither_names_nor_addresses() {
        let item: DriveItem = serde_json::from_str(ITEM).unwrap();
        let invited: Page<Permission> = serde_json::from_str(INVITED).unwrap();
        let printed = format!("{item:?} {:?}", invited.value[0].invitation);
        assert!(
            !printed.contains("Budget") && !printed.contains("robin"),
            "{printed}"
        );
    }

    proptest! {
        #[test]
        fn reading_a_file_never_panics(text in ".{0,80}", member in "(id|name|eTag|size|webDavUrl|parentReference|error)",
            value in "(null|1|\"x\"|\"\\{x\\}\"|\\[\\]|\\{\\}|true)") {
            let _ = serde_json::from_str::<DriveItem>(&text).map(|item| item.attachment());
            let json = format!("{{\"{member}\":{value}}}");
            let _ = serde_json::from_str::<DriveItem>(&json).map(|item| item.attachment());
            let _ = serde_json::from_str::<Permission>(&json);
        }
    }
}
