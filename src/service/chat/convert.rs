//! The store's values as the wire's.

use crate::clock::Timestamp;
use crate::service::store::Attachment;
use crate::service::store::Body;
use crate::service::store::Invalid;
use crate::service::store::Message;
use crate::service::store::Participant;
use crate::service::store::Receipt;
use crate::service::store::Refusal;
use crate::service::store::Retention;
use crate::service::store::Thread;
use crate::wire::acs::chat::ChatAttachment;
use crate::wire::acs::chat::ChatAttachmentType;
use crate::wire::acs::chat::ChatMessage;
use crate::wire::acs::chat::ChatMessageContent;
use crate::wire::acs::chat::ChatMessageReadReceipt;
use crate::wire::acs::chat::ChatMessageType;
use crate::wire::acs::chat::ChatParticipant;
use crate::wire::acs::chat::ChatRetentionPolicy;
use crate::wire::acs::chat::ChatThreadProperties;
use crate::wire::acs::error::CommunicationError;
use crate::wire::acs::identifier::CommunicationIdentifierModel;

pub(super) fn thread(thread: &Thread) -> ChatThreadProperties {
    ChatThreadProperties {
        id: thread.id.to_string(),
        topic: thread.topic.as_str().into(),
        created_on: thread.created.to_string(),
        created_by_communication_identifier: CommunicationIdentifierModel::from_raw_id(
            &thread.creator,
        ),
        deleted_on: thread.deleted.map(|at| at.to_string()),
        metadata: thread.metadata.clone(),
        retention_policy: match thread.retention {
            Retention::None => None,
            Retention::DaysAfterCreation(days) => Some(ChatRetentionPolicy::ThreadCreationDate {
                delete_thread_after_days: u32::from(days),
            }),
        },
    }
}

pub(super) fn retention(policy: ChatRetentionPolicy) -> Retention {
    match policy {
        ChatRetentionPolicy::None => Retention::None,
        // What does not fit is out of range, and refused as such.
        ChatRetentionPolicy::ThreadCreationDate {
            delete_thread_after_days: days,
        } => Retention::DaysAfterCreation(u16::try_from(days).unwrap_or(u16::MAX)),
    }
}

pub(super) fn message(message: &Message) -> ChatMessage {
    let sender = message.sender.as_deref();
    ChatMessage {
        id: message.id.to_string(),
        kind: kind(&message.body),
        sequence_id: message.sequence.to_string(),
        version: message.version.to_string(),
        content: match message.deleted {
            Some(_) => None,
            None => Some(content(&message.body)),
        },
        sender_display_name: sender.map(|_| message.sender_name.clone()),
        created_on: message.created.to_string(),
        sender_communication_identifier: sender.map(CommunicationIdentifierModel::from_raw_id),
        deleted_on: message.deleted.map(|at| at.to_string()),
        edited_on: message.edited.map(|at| at.to_string()),
        metadata: message.metadata.clone(),
        policy_violation: None,
    }
}

fn kind(body: &Body) -> ChatMessageType {
    match body {
        Body::Text(_) => ChatMessageType::Text,
        Body::Html { .. } => ChatMessageType::Html,
        Body::TopicUpdated { .. } => ChatMessageType::TopicUpdated,
        Body::ParticipantAdded { .. } => ChatMessageType::ParticipantAdded,
        Body::ParticipantRemoved { .. } => ChatMessageType::ParticipantRemoved,
        Body::Other { kind, .. } => ChatMessageType::Unknown(kind.clone()),
    }
}

fn content(body: &Body) -> ChatMessageContent {
    let mut content = ChatMessageContent::default();
    match body {
        Body::Text(text) | Body::Other { content: text, .. } => {
            content.message = Some(text.as_str().into());
        }
        Body::Html {
            content: html,
            attachments,
        } => {
            content.message = Some(html.as_str().into());
            content.attachments = attachments.iter().map(attachment).collect();
        }
        Body::TopicUpdated { topic, by } => {
            content.topic = Some(topic.as_str().into());
            content.initiator_communication_identifier =
                Some(CommunicationIdentifierModel::from_raw_id(by));
        }
        Body::ParticipantAdded { who, by } | Body::ParticipantRemoved { who, by } => {
            content.participants = who.iter().map(participant).collect();
            content.initiator_communication_identifier =
                Some(CommunicationIdentifierModel::from_raw_id(by));
        }
    }
    content
}

pub(in crate::service) fn attachment(attachment: &Attachment) -> ChatAttachment {
    ChatAttachment {
        id: attachment.id.clone(),
        attachment_type: ChatAttachmentType::from(attachment.kind.clone()),
        name: attachment.name.as_deref().map(Into::into),
        url: attachment.url.as_deref().map(Into::into),
        preview_url: attachment.preview_url.as_deref().map(Into::into),
    }
}

pub(super) fn participant(participant: &Participant) -> ChatParticipant {
    ChatParticipant {
        communication_identifier: CommunicationIdentifierModel::from_raw_id(&participant.id),
        display_name: participant.display_name.clone(),
        share_history_time: Some(participant.share_history.to_string()),
        metadata: participant.metadata.clone(),
    }
}

/// A participant as a request names one.
pub(super) fn named(wire: ChatParticipant) -> Result<Participant, Refusal> {
    let id = raw_id(&wire.communication_identifier)?;
    let share_history = match wire.share_history_time.as_deref() {
        None => Timestamp::default(),
        Some(text) => Timestamp::parse(text).ok_or_else(|| {
            Refusal::Invalid(format!("Value for ShareHistoryTime ({text}) is not valid."))
        })?,
    };
    Ok(Participant {
        display_name: wire.display_name,
        share_history,
        metadata: wire.metadata,
        ..Participant::new(&id, None)
    })
}

pub(super) fn raw_id(identifier: &CommunicationIdentifierModel) -> Result<String, Refusal> {
    identifier
        .to_raw_id()
        .ok_or_else(|| Refusal::Invalid("Identifier format is invalid.".to_owned()))
}

pub(super) fn receipt(receipt: &Receipt) -> ChatMessageReadReceipt {
    ChatMessageReadReceipt {
        sender_communication_identifier: CommunicationIdentifierModel::from_raw_id(&receipt.by),
        chat_message_id: receipt.message.to_string(),
        read_on: receipt.at.to_string(),
    }
}

pub(super) fn invalid(invalid: Invalid) -> CommunicationError {
    CommunicationError {
        target: Some(invalid.target),
        ..CommunicationError::new(&invalid.code.to_string(), invalid.message)
    }
}
