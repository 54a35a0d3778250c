//! What is asked of the organisation: chats, people, presence, meetings.

use std::collections::BTreeMap;

use reqwest::Method;
use serde_json::Value;
use serde_json::json;

use crate::event::WorkEvent;
use crate::model::directory::Colleague;
use crate::model::directory::Found;
use crate::model::directory::Presence;
use crate::model::failure::Because;
use crate::model::failure::Remedy;
use crate::model::identity::RawId;
use crate::model::locator::Locator;
use crate::model::text;
use crate::model::thread::ThreadId;
use crate::wire::graph::Page;
use crate::wire::graph::chat::ALL_HISTORY;
use crate::wire::graph::chat::Chat;
use crate::wire::graph::chat::ChatType;
use crate::wire::graph::chat::ConversationMember;
use crate::wire::graph::chat::CreateChat;
use crate::wire::graph::chat::NewMember;
use crate::wire::graph::directory::Channel;
use crate::wire::graph::directory::PersonFound;
use crate::wire::graph::directory::PreferredPresence;
use crate::wire::graph::directory::Presence as WirePresence;
use crate::wire::graph::directory::PresencesOf;
use crate::wire::graph::directory::Team;
use crate::wire::graph::directory::User;
use crate::wire::graph::meeting::OnlineMeeting;
use crate::wire::graph::query::ChatsQuery;
use crate::wire::graph::query::MeetingFilter;
use crate::wire::graph::query::people_search;
use crate::wire::graph::query::segment;
use crate::wire::graph::search::SearchAnswers;
use crate::wire::graph::search::SearchRequests;
use crate::wire::graph::search::plain;

use super::convert;
use super::rest::Error;
use super::rest::Rest;
use super::rest::decoded;

/// The list of chats, and of the channels of each team.
pub(super) struct Everything {
    pub(super) chats: Vec<Chat>,
    pub(super) teams: Vec<(Team, Vec<Channel>)>,
}

/// How much of the list is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Extent {
    Whole,
    /// The chats in which something happened last: the others are as they were.
    Newest,
}

/// Chats, and the channels of the teams one is in. Where teams may not be read there are none.
pub(super) async fn everything(rest: &Rest, extent: Extent) -> Result<Everything, Error> {
    let chats = format!("/me/chats?{}", ChatsQuery::recent());
    if extent == Extent::Newest {
        let page: Page<Chat> = rest.get(&chats).await?;
        return Ok(Everything {
            chats: page.value,
            teams: Vec::new(),
        });
    }
    let mut first = rest.batch(&[chats, "/me/joinedTeams".to_owned()]).await?;
    let (joined, chats) = (first.pop(), first.pop());
    let chats = rest.rest_of(chats.unwrap_or(Ok(Value::Null))?).await?;
    let joined: Vec<Team> = match joined {
        Some(Ok(page)) => rest.rest_of(page).await.unwrap_or_default(),
        Some(Err(_)) | None => Vec::new(),
    };
    let targets: Vec<String> = joined
        .iter()
        .map(|team| format!("/teams/{}/channels", segment(&team.id)))
        .collect();
    let pages = rest.batch(&targets).await.unwrap_or_default();
    let mut teams = Vec::new();
    for (team, page) in joined.into_iter().zip(pages) {
        let channels = match page {
            Ok(page) => rest.rest_of(page).await.unwrap_or_default(),
            Err(_) => Vec::new(),
        };
        teams.push((team, channels));
    }
    Ok(Everything { chats, teams })
}

/// A chat and everybody in it.
pub(super) async fn chat(rest: &Rest, place: &str) -> Result<Chat, Error> {
    let targets = [place.to_owned(), format!("{place}/members")];
    let mut both = rest.batch(&targets).await?;
    let (members, chat) = (both.pop(), both.pop());
    let mut chat: Chat = decoded(chat.unwrap_or(Ok(Value::Null))?)?;
    chat.members = Some(rest.rest_of(members.unwrap_or(Ok(Value::Null))?).await?);
    Ok(chat)
}

async fn found(rest: &Rest, words: &str) -> Result<Vec<PersonFound>, Error> {
    rest.all(&format!("/me/people?{}", people_search(words)))
        .await
}

pub(super) async fn people(rest: &Rest, words: &str) -> Result<Vec<Colleague>, Error> {
    let clean = |text: Option<String>| text::name(&text.unwrap_or_default());
    let all = found(rest, words).await?.into_iter();
    Ok(all
        .map(|who| Colleague {
            id: raw_id(&who),
            name: clean(who.display_name),
            address: clean(who.user_principal_name),
            title: clean(who.job_title),
        })
        .collect())
}

/// Users of the organisation have the same number here and in calls; contacts have none there.
fn raw_id(who: &PersonFound) -> Option<RawId> {
    let is_guid = |id: &str| uuid::Uuid::try_parse(id).is_ok();
    let class = who
        .person_type
        .as_ref()
        .and_then(|kind| kind.class.as_deref());
    let is_person = class.is_none_or(|class| class == "Person");
    (is_person && is_guid(&who.id)).then(|| RawId::new(&format!("8:orgid:{}", who.id)))
}

/// The id of the one person meant: an address, or a name that fits one only.
async fn one(rest: &Rest, name: &str) -> Result<String, Error> {
    if name.contains('@') && !name.contains(' ') {
        return Ok(name.to_owned());
    }
    let all = found(rest, name).await?;
    let exact = all.iter().find(|who| {
        let known = who.display_name.as_deref().unwrap_or_default();
        known.to_lowercase() == name.to_lowercase()
    });
    match (exact, all.as_slice()) {
        (Some(who), _) | (None, [who]) => Ok(who.id.clone()),
        (None, []) => Err(Error::refused(&format!("nobody is called {name}"))),
        (None, _) => Err(Error::refused(&format!(
            "several people fit {name}; say more of the name"
        ))),
    }
}

pub(super) async fn new_chat(
    rest: &Rest,
    base: &str,
    me: String,
    names: Vec<String>,
    topic: String,
) -> Result<WorkEvent, Error> {
    let mut members = vec![NewMember::owner(base, &me)];
    for name in &names {
        members.push(NewMember::owner(base, &one(rest, name).await?));
    }
    let two = members.len() == 2 && topic.is_empty();
    let request = CreateChat {
        chat_type: if two {
            ChatType::OneOnOne
        } else {
            ChatType::Group
        },
        topic: Some(topic)
            .filter(|topic| !topic.is_empty())
            .map(Into::into),
        members,
    };
    let chat: Chat = rest.post_once("/chats", &request).await?;
    Ok(WorkEvent::Found(ThreadId::new(&text::line(&chat.id))))
}

pub(super) async fn search(rest: &Rest, words: &str) -> Result<WorkEvent, Error> {
    let answers: SearchAnswers = rest
        .post("/search/query", &SearchRequests::messages(words, 0, 25))
        .await?;
    let containers = answers
        .value
        .into_iter()
        .flat_map(|answer| answer.hits_containers);
    let hits = containers.flat_map(|container| container.hits);
    Ok(WorkEvent::Messages(
        hits.map(|hit| {
            let resource = hit.resource.unwrap_or_default();
            let channel = resource.channel_identity.and_then(|at| at.channel_id);
            let from = resource.from.and_then(|from| from.email_address);
            Found {
                thread: resource
                    .chat_id
                    .or(channel)
                    .map(|id| ThreadId::new(&text::line(&id))),
                name: text::name(&from.and_then(|from| from.name).unwrap_or_default()),
                words: text::line(&strip(&plain(&hit.summary))),
                at: convert::time(resource.created_date_time.as_ref()),
            }
        })
        .collect(),
    ))
}

/// The words of a summary that holds markup.
fn strip(summary: &str) -> String {
    let blocks = crate::wire::html::read(summary);
    let words = blocks.iter().filter_map(|block| match block {
        crate::wire::html::Block::Paragraph(spans) | crate::wire::html::Block::Heading(spans) => {
            Some(
                spans
                    .iter()
                    .map(|span| span.text.as_str())
                    .collect::<String>(),
            )
        }
        _ => None,
    });
    words.collect::<Vec<_>>().join(" ")
}

pub(super) async fn presences(
    rest: &Rest,
    names: BTreeMap<RawId, String>,
) -> Result<WorkEvent, Error> {
    let ours = names
        .iter()
        .filter(|(id, _)| id.as_str().starts_with("8:orgid:"));
    let request = PresencesOf {
        ids: ours
            .map(|(id, _)| convert::graph_id(id).to_owned())
            .collect(),
    };
    let told: Page<WirePresence> = rest
        .post("/communications/getPresencesByUserId", &request)
        .await?;
    let all = told.value.iter().filter_map(|presence| {
        let id = RawId::new(&convert::raw_id(&presence.id));
        let name = names.get(&id)?.clone();
        Some((name, convert::presence(&presence.availability)))
    });
    Ok(WorkEvent::Presence(all.collect()))
}

pub(super) async fn set_presence(
    rest: &Rest,
    me: User,
    presence: Option<Presence>,
) -> Result<WorkEvent, Error> {
    let target = format!("/users/{}/presence", segment(&me.id));
    let wanted = presence
        .as_ref()
        .and_then(|p| PreferredPresence::of(convert::availability(p)));
    if let Some(wanted) = wanted {
        let target = format!("{target}/setUserPreferredPresence");
        rest.act(Method::POST, &target, &wanted).await?;
    } else {
        let target = format!("{target}/clearUserPreferredPresence");
        rest.act(Method::POST, &target, &json!({})).await?;
    }
    let now: WirePresence = rest.get("/me/presence").await?;
    let name = text::name(me.display_name.as_deref().unwrap_or_default());
    Ok(WorkEvent::Presence(vec![(
        name,
        convert::presence(&now.availability),
    )]))
}

pub(super) async fn add(rest: &Rest, base: &str, place: &str, name: &str) -> Result<(), Error> {
    let member = NewMember {
        visible_history_start_date_time: Some(ALL_HISTORY.to_owned()),
        ..NewMember::owner(base, &one(rest, name).await?)
    };
    rest.act(Method::POST, &format!("{place}/members"), &member)
        .await
}

pub(super) async fn remove(rest: &Rest, place: &str, name: &str) -> Result<(), Error> {
    let all: Vec<ConversationMember> = rest.all(&format!("{place}/members")).await?;
    let wanted = name.to_lowercase();
    let fits = |who: &&ConversationMember| {
        let known = who
            .display_name
            .as_deref()
            .unwrap_or_default()
            .to_lowercase();
        known.starts_with(&wanted)
    };
    let member = all.iter().find(fits).and_then(|who| who.id.clone());
    let member = member.ok_or_else(|| Error::refused(&format!("nobody here is called {name}")))?;
    let target = format!("{place}/members/{}", segment(&member));
    rest.act(Method::DELETE, &target, &json!({})).await
}

/// By the thread in the link, else by asking for the meeting.
pub(super) async fn meeting_chat(rest: &Rest, base: &str, link: &str) -> Result<WorkEvent, Error> {
    if let Ok(Locator::Meeting {
        thread: Some(thread),
        ..
    }) = Locator::parse(link, Some(base))
    {
        return Ok(WorkEvent::Found(thread));
    }
    let digits: String = link.chars().filter(|c| !c.is_whitespace()).collect();
    let filter = if digits.chars().all(|c| c.is_ascii_digit()) {
        MeetingFilter::JoinMeetingId(digits)
    } else {
        MeetingFilter::JoinWebUrl(link.to_owned())
    };
    let page: Page<OnlineMeeting> = rest.get(&format!("/me/onlineMeetings?{filter}")).await?;
    let chat = page
        .value
        .into_iter()
        .find_map(|meeting| meeting.chat_info?.thread_id);
    let none = || Error::permanent(Because::NoSuchMeeting, Remedy::None);
    Ok(WorkEvent::Found(ThreadId::new(&text::line(
        &chat.ok_or_else(none)?,
    ))))
}
