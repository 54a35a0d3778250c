//! Scopes: which resource each is of. One access token is for one resource.

/// Whom an access token is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Resource {
    /// ACS, to be exchanged for the token of a Teams user.
    Acs,
    /// ACS, for the exchange without a token service (preview).
    AcsClients,
    Graph,
}

impl Resource {
    /// What its scopes begin with; the audience of its tokens is that without the slash.
    pub const fn prefix(self) -> &'static str {
        match self {
            Self::Acs => "https://auth.msft.communication.azure.com/",
            Self::AcsClients => "https://communication.azure.com/clients/",
            Self::Graph => "https://graph.microsoft.com/",
        }
    }

    pub fn audience(self) -> &'static str {
        self.prefix().trim_end_matches('/')
    }

    const ALL: [Self; 3] = [Self::Acs, Self::AcsClients, Self::Graph];
}

/// A scope as it stands in a request.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Scope {
    OpenId,
    Profile,
    Email,
    /// Asks for a refresh token.
    OfflineAccess,
    /// A permission of a resource, by its name without the resource.
    Of(Resource, String),
    Unknown(String),
}

impl Scope {
    pub fn read(text: &str) -> Self {
        match text {
            "openid" => return Self::OpenId,
            "profile" => return Self::Profile,
            "email" => return Self::Email,
            "offline_access" => return Self::OfflineAccess,
            _ => {}
        }
        let of = Resource::ALL.into_iter().find_map(|resource| {
            let name = text.strip_prefix(resource.prefix())?;
            (!name.is_empty()).then(|| Self::Of(resource, name.to_owned()))
        });
        of.unwrap_or_else(|| {
            // Permissions of Graph may stand there without their resource.
            let short = text.contains('.') && !text.contains([':', '/']);
            if short {
                Self::Of(Resource::Graph, text.to_owned())
            } else {
                Self::Unknown(text.to_owned())
            }
        })
    }

    /// Every scope of a list separated by spaces.
    pub fn list(text: &str) -> Vec<Self> {
        text.split_whitespace().map(Self::read).collect()
    }

    pub fn to_text(&self) -> String {
        match self {
            Self::OpenId => "openid".to_owned(),
            Self::Profile => "profile".to_owned(),
            Self::Email => "email".to_owned(),
            Self::OfflineAccess => "offline_access".to_owned(),
            Self::Of(resource, name) => format!("{}{name}", resource.prefix()),
            Self::Unknown(text) => text.clone(),
        }
    }
}

/// What the exchange for the token of a Teams user needs.
pub const TEAMS: [&str; 2] = ["Teams.ManageCalls", "Teams.ManageChats"];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scopes_know_their_resource_and_read_back() {
        for (text, scope) in [
            ("openid", Scope::OpenId),
            (
                "https://auth.msft.communication.azure.com/Teams.ManageCalls",
                Scope::Of(Resource::Acs, "Teams.ManageCalls".to_owned()),
            ),
            (
                "https://communication.azure.com/clients/.default",
                Scope::Of(Resource::AcsClients, ".default".to_owned()),
            ),
            (
                "https://evil.example/Chat.Read",
                Scope::Unknown("https://evil.example/Chat.Read".to_owned()),
            ),
            ("", Scope::Unknown(String::new())),
        ] {
            assert_eq!(Scope::read(text), scope);
            assert_eq!(scope.to_text(), text);
        }
        let short = Scope::read("Chat.Read");
        assert_eq!(short, Scope::read("https://graph.microsoft.com/Chat.Read"));
        assert_eq!(Scope::list(" openid  Chat.Read ").len(), 2);
    }
}
