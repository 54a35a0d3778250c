//! What a sign-in was given leave for, whatever a meeting or a chat allows besides.

use crate::model::account::AccountKind;
use crate::model::capability::Capability;

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Permission {
    /// Chat in the threads of a resource.
    Chat,
    Call,
    // of a work account
    ReadChats,
    SendMessages,
    /// Edit, delete, mark, rename.
    ChangeChats,
    CreateChats,
    ChangeMembers,
    FindPeople,
    SearchAll,
    SeePresence,
    SetPresence,
    FindMeetings,
    ReadChannels,
    SendToChannels,
    ChangeInChannels,
    /// In a drive of one's own, and to say who reads them.
    StoreFiles,
}

impl Permission {
    pub const ALL: [Self; 16] = [
        Self::Chat,
        Self::Call,
        Self::ReadChats,
        Self::SendMessages,
        Self::ChangeChats,
        Self::CreateChats,
        Self::ChangeMembers,
        Self::FindPeople,
        Self::SearchAll,
        Self::SeePresence,
        Self::SetPresence,
        Self::FindMeetings,
        Self::ReadChannels,
        Self::SendToChannels,
        Self::ChangeInChannels,
        Self::StoreFiles,
    ];

    /// The same in a channel, which has permissions of its own.
    #[must_use]
    pub const fn in_channel(self) -> Self {
        match self {
            Self::ReadChats => Self::ReadChannels,
            Self::SendMessages => Self::SendToChannels,
            Self::ChangeChats => Self::ChangeInChannels,
            other => other,
        }
    }
}

/// Leave that a sign-in does not ask for by itself. What is of no use without the others is asked for together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Wider {
    People,
    Presence,
    Channels,
    Files,
}

impl Wider {
    pub const ALL: [Self; 4] = [Self::People, Self::Presence, Self::Channels, Self::Files];

    /// As it is typed.
    pub const fn word(self) -> &'static str {
        match self {
            Self::People => "people",
            Self::Presence => "presence",
            Self::Channels => "channels",
            Self::Files => "files",
        }
    }

    pub fn of_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|wider| wider.word() == word)
    }

    pub const fn permissions(self) -> &'static [Permission] {
        match self {
            Self::People => &[Permission::FindPeople],
            Self::Presence => &[Permission::SeePresence, Permission::SetPresence],
            Self::Channels => &[
                Permission::ReadChannels,
                Permission::SendToChannels,
                Permission::ChangeInChannels,
            ],
            Self::Files => &[Permission::StoreFiles],
        }
    }

    /// With what a permission is asked for; the others are asked for by every sign-in.
    pub fn asks_for(permission: Permission) -> Option<Self> {
        let mut all = Self::ALL.into_iter();
        all.find(|wider| wider.permissions().contains(&permission))
    }

    /// Whether nobody can agree for themselves alone (identity.md 4.3). What an organisation decides besides is known
    /// when it refuses.
    pub const fn needs_administrator(self) -> bool {
        matches!(self, Self::Channels)
    }
}

impl Capability {
    /// What the sign-in must have leave for.
    pub const fn permission(self, kind: AccountKind) -> Option<Permission> {
        match (kind, self) {
            (_, Self::JoinCall) => Some(Permission::Call),
            (AccountKind::Teams, Self::Organisation(needed) | Self::WorkChat(needed)) => {
                Some(needed)
            }
            (
                AccountKind::External,
                Self::ReadChat
                | Self::WriteChat
                | Self::Reply
                | Self::EditMessages
                | Self::DeleteMessages
                | Self::MarkRead
                | Self::SaveFiles,
            ) => Some(Permission::Chat),
            (AccountKind::Teams, Self::WriteChat | Self::Reply) => Some(Permission::SendMessages),
            (AccountKind::Teams, Self::SendFiles) => Some(Permission::StoreFiles),
            (AccountKind::Teams, Self::EditMessages | Self::DeleteMessages) => {
                Some(Permission::ChangeChats)
            }
            (AccountKind::Teams, Self::ReadChat | Self::SaveFiles | Self::MarkRead) => {
                Some(Permission::ReadChats)
            }
            _ => None,
        }
    }
}
