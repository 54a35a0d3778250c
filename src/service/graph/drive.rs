//! Files of the people's drives: put there, looked at, shared.
//!
//! What is in a file is counted and let go: nobody asks this service for it.

use std::collections::BTreeSet;
use std::sync::Arc;

use axum::body::Body;
use axum::body::Bytes;
use axum::extract::Path;
use axum::extract::State;
use axum::http::StatusCode;
use axum::http::Uri;
use axum::response::Response;
use futures_util::StreamExt;

use crate::service::Service;
use crate::service::http;
use crate::wire::graph::Page;
use crate::wire::graph::drive::CONFLICT;
use crate::wire::graph::drive::DriveItem;
use crate::wire::graph::drive::DriveRecipient;
use crate::wire::graph::drive::FORBIDDEN;
use crate::wire::graph::drive::Invite;
use crate::wire::graph::drive::ItemReference;
use crate::wire::graph::drive::LARGEST_UPLOAD;
use crate::wire::graph::drive::Permission;
use crate::wire::graph::drive::READ;
use crate::wire::graph::drive::RENAME;
use crate::wire::graph::drive::SharingInvitation;
use crate::wire::graph::message::Attachment;
use crate::wire::graph::message::Identity;
use crate::wire::graph::message::IdentitySet;
use crate::wire::graph::message::REFERENCE;
use crate::wire::graph::query::Pairs;
use crate::wire::graph::query::segment;

use super::caller::Caller;
use super::failure::Failure;
use super::tenant::Tenant;
use super::tenant::User;

/// Everybody's files.
#[derive(Default)]
pub(super) struct Drives(Vec<Item>);

struct Item {
    id: String,
    guid: String,
    version: u32,
    /// Object ids: whose it is, and who else may read it.
    owner: String,
    readers: BTreeSet<String>,
    folder: String,
    name: String,
    size: u64,
    /// Where a browser finds it.
    page: String,
}

impl Item {
    fn drive(&self) -> String {
        format!("b!{}", self.owner)
    }

    /// What the query selects of it; without one everything but the address.
    fn selected(&self, query: &str) -> DriveItem {
        let pairs = Pairs::parse(query);
        let wanted = pairs.option("select").unwrap_or("*");
        let named = |name: &str| wanted.split(',').any(|one| one.trim() == name);
        let has = |name: &str| named("*") || named(name);
        DriveItem {
            id: self.id.clone(),
            name: has("name").then(|| self.name.as_str().into()),
            e_tag: has("eTag").then(|| format!("\"{{{}}},{}\"", self.guid, self.version)),
            size: has("size").then_some(self.size),
            web_dav_url: named("webDavUrl").then(|| self.page.as_str().into()),
            parent_reference: has("parentReference").then(|| ItemReference {
                drive_id: Some(self.drive()),
            }),
        }
    }
}

impl Drives {
    fn of(&self, owner: &str, id: &str) -> Result<&Item, Failure> {
        let found = self
            .0
            .iter()
            .find(|item| item.owner == owner && item.id == id);
        found.ok_or_else(Failure::not_found)
    }

    fn at(&self, owner: &str, folder: &str, name: &str) -> Option<usize> {
        let same = |item: &Item| {
            item.owner == owner
                && item.folder.eq_ignore_ascii_case(folder)
                && item.name.eq_ignore_ascii_case(name)
        };
        self.0.iter().position(same)
    }

    /// `report 1.pdf`, where `report.pdf` is there.
    fn free(&self, owner: &str, folder: &str, name: &str) -> String {
        let (stem, extension) = match name.rsplit_once('.') {
            Some((stem, extension)) if !stem.is_empty() => (stem, format!(".{extension}")),
            Some(_) | None => (name, String::new()),
        };
        let numbered = (1..).map(|number: u32| format!("{stem} {number}{extension}"));
        let mut names = std::iter::once(name.to_owned()).chain(numbered);
        let free = names.find(|name| self.at(owner, folder, name).is_none());
        free.unwrap_or_else(|| name.to_owned())
    }

    /// Whether everything that a message says of files is so.
    pub(super) fn check(&self, attachments: &[Attachment]) -> Result<(), Failure> {
        let mut files = attachments.iter();
        let known = files.all(|attachment| {
            let same = |item: &Item| {
                item.guid.eq_ignore_ascii_case(&attachment.id)
                    && attachment.content_url.as_deref() == Some(&item.page)
            };
            attachment.content_type != REFERENCE || self.0.iter().any(same)
        });
        if known {
            return Ok(());
        }
        Err(Failure::bad("An attachment is no file of a drive."))
    }
}

/// What becomes of a name that is there already.
enum Conflict {
    Rename,
    Replace,
    Fail,
}

impl Conflict {
    fn read(query: &str) -> Result<Self, Failure> {
        match Pairs::parse(query).option(CONFLICT) {
            Some(RENAME) => Ok(Self::Rename),
            None | Some("replace") => Ok(Self::Replace),
            Some("fail") => Ok(Self::Fail),
            Some(_) => Err(Failure::bad("There is no such conflictBehavior.")),
        }
    }
}

/// `PUT /me/drive/root:/{folder}/{name}:/content`.
pub(super) async fn upload(
    State(service): State<Arc<Service>>,
    caller: Caller,
    Path(path): Path<String>,
    uri: Uri,
    body: Body,
) -> Result<Response, Failure> {
    caller.needs(&WRITE)?;
    let conflict = Conflict::read(uri.query().unwrap_or_default())?;
    let path = path
        .strip_suffix(":/content")
        .ok_or_else(Failure::not_found)?;
    let (folder, name) = split(path);
    if name.is_empty() || name.trim() != name || name.contains(FORBIDDEN) {
        return Err(Failure::bad("The name of the file is not allowed."));
    }
    let size = counted(body).await?;
    let drives = &mut service.lock().tenant.drives;
    let owner = &caller.user.id;
    let there = drives.at(owner, folder, name);
    let (status, at) = match (there, conflict) {
        (Some(_), Conflict::Fail) => return Err(Failure::name_exists()),
        (Some(at), Conflict::Replace) => {
            drives.0[at].version += 1;
            drives.0[at].size = size;
            (StatusCode::OK, at)
        }
        (None, _) | (Some(_), Conflict::Rename) => {
            let name = drives.free(owner, folder, name);
            drives.0.push(Item {
                id: uuid::Uuid::new_v4().simple().to_string().to_uppercase(),
                guid: uuid::Uuid::new_v4().to_string().to_uppercase(),
                version: 1,
                owner: owner.clone(),
                readers: BTreeSet::new(),
                page: page(&caller.user, folder, &name),
                folder: folder.to_owned(),
                name,
                size,
            });
            (StatusCode::CREATED, drives.0.len() - 1)
        }
    };
    Ok(http::json(status, &drives.0[at].selected("")))
}

/// Folder and name.
fn split(path: &str) -> (&str, &str) {
    path.rsplit_once('/').unwrap_or(("", path))
}

/// On another host than Graph, as with the vendor; nobody answers there.
fn page(owner: &User, folder: &str, name: &str) -> String {
    let folders = folder.split('/').filter(|folder| !folder.is_empty());
    let below: Vec<String> = folders.chain([name]).map(segment).collect();
    let owner = segment(&owner.upn);
    format!("{SITE}/personal/{owner}/Documents/{}", below.join("/"))
}

async fn counted(body: Body) -> Result<u64, Failure> {
    let mut parts = body.into_data_stream();
    let mut size = 0;
    while let Some(part) = parts.next().await {
        let part = part.map_err(|_| Failure::bad("The body ends too early."))?;
        size += part.len() as u64;
        if size > LARGEST_UPLOAD {
            return Err(Failure::too_large());
        }
    }
    Ok(size)
}

/// `GET /me/drive/root:/{folder}/{name}`.
pub(super) async fn found(
    State(service): State<Arc<Service>>,
    caller: Caller,
    Path(path): Path<String>,
    uri: Uri,
) -> Result<Response, Failure> {
    caller.needs(&READ_OWN)?;
    let drives = &service.lock().tenant.drives;
    let (folder, name) = split(&path);
    let at = drives.at(&caller.user.id, folder, name);
    let item = at.map(|at| &drives.0[at]).ok_or_else(Failure::not_found)?;
    let selected = item.selected(uri.query().unwrap_or_default());
    Ok(http::json(StatusCode::OK, &selected))
}

/// `GET /me/drive/items/{id}`.
pub(super) async fn own(
    State(service): State<Arc<Service>>,
    caller: Caller,
    Path(id): Path<String>,
    uri: Uri,
) -> Result<Response, Failure> {
    caller.needs(&READ_OWN)?;
    let state = service.lock();
    let item = state.tenant.drives.of(&caller.user.id, &id)?;
    let selected = item.selected(uri.query().unwrap_or_default());
    Ok(http::json(StatusCode::OK, &selected))
}

/// `GET /drives/{drive}/items/{id}`, as somebody who may read it.
pub(super) async fn shared(
    State(service): State<Arc<Service>>,
    caller: Caller,
    Path((drive, id)): Path<(String, String)>,
    uri: Uri,
) -> Result<Response, Failure> {
    caller.needs(&READ_ALL)?;
    let state = service.lock();
    let me = &caller.user.id;
    let item = state.tenant.drives.0.iter().find(|item| {
        item.drive() == drive && item.id == id && (item.owner == *me || item.readers.contains(me))
    });
    let item = item.ok_or_else(Failure::not_found)?;
    let selected = item.selected(uri.query().unwrap_or_default());
    Ok(http::json(StatusCode::OK, &selected))
}

/// `POST /me/drive/items/{id}/invite`: everybody who is named, or nobody.
pub(super) async fn invite(
    State(service): State<Arc<Service>>,
    caller: Caller,
    Path(id): Path<String>,
    body: Bytes,
) -> Result<Response, Failure> {
    caller.needs(&WRITE)?;
    let request: Invite = http::read(&body)?;
    if request.recipients.is_empty() {
        return Err(Failure::bad("There are no recipients."));
    }
    if request.roles.is_empty()
        || request
            .roles
            .iter()
            .any(|role| role != READ && role != WRITER)
    {
        return Err(Failure::bad("A role is read or write."));
    }
    let tenant = &mut service.lock().tenant;
    tenant.drives.of(&caller.user.id, &id)?;
    let recipients = request.recipients.iter();
    let people: Vec<User> = recipients
        .map(|recipient| resolved(tenant, recipient))
        .collect::<Result<_, _>>()?;
    let items = tenant.drives.0.iter_mut();
    for item in items.filter(|item| item.owner == caller.user.id && item.id == id) {
        item.readers
            .extend(people.iter().map(|user| user.id.clone()));
    }
    let rows = people.iter().map(|user| Permission {
        id: uuid::Uuid::new_v4().to_string(),
        roles: request.roles.clone(),
        granted_to_v2: Some(IdentitySet::user(Identity {
            id: user.id.clone(),
            display_name: Some(user.name.clone()),
            ..Identity::default()
        })),
        invitation: Some(SharingInvitation {
            email: Some(user.upn.as_str().into()),
            sign_in_required: request.require_sign_in,
        }),
        error: None,
    });
    let page = Page {
        value: rows.collect(),
        ..Page::default()
    };
    Ok(http::json(StatusCode::OK, &page))
}

/// Nobody outside the organisation is known here.
fn resolved(tenant: &Tenant, recipient: &DriveRecipient) -> Result<User, Failure> {
    let key = match (&recipient.object_id, recipient.email.as_deref()) {
        (Some(id), None) => id,
        (None, Some(address)) => address,
        (None, None) | (Some(_), Some(_)) => {
            return Err(Failure::bad("A recipient has one of objectId and email."));
        }
    };
    let user = tenant.user(key).cloned();
    user.ok_or_else(Failure::unresolved)
}

const SITE: &str = "https://sidetone-my.sharepoint.example";
const READ_OWN: [&str; 5] = [
    "Files.Read",
    "Files.ReadWrite",
    "Files.Read.All",
    "Files.ReadWrite.All",
    "Sites.ReadWrite.All",
];
const READ_ALL: [&str; 3] = [
    "Files.Read.All",
    "Files.ReadWrite.All",
    "Sites.ReadWrite.All",
];
const WRITE: [&str; 3] = [
    "Files.ReadWrite",
    "Files.ReadWrite.All",
    "Sites.ReadWrite.All",
];
const WRITER: &str = "write";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_that_is_taken_gets_a_number_before_its_ending() {
        let mut drives = Drives::default();
        for (name, expected) in [
            ("report.pdf", "report.pdf"),
            ("Report.pdf", "Report 1.pdf"),
            ("report.pdf", "report 2.pdf"),
            ("notes", "notes"),
            ("notes", "notes 1"),
            (".env", ".env"),
            (".env", ".env 1"),
        ] {
            let name = drives.free("ada", "chat", name);
            assert_eq!(name, expected);
            drives.0.push(Item {
                id: String::new(),
                guid: String::new(),
                version: 1,
                owner: "ada".to_owned(),
                readers: BTreeSet::new(),
                folder: "Chat".to_owned(),
                name,
                size: 0,
                page: String::new(),
            });
        }
        assert_eq!(drives.free("bob", "chat", "notes"), "notes");
        assert_eq!(drives.free("ada", "other", "notes"), "notes");
    }
}
