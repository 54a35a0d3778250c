//! Identifiers: the JSON object of bodies, and the raw id it stands for.

use serde::Deserialize;
use serde::Serialize;

/// `CommunicationIdentifierModel`: at most one nested object, `rawId` always when writing.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct CommunicationIdentifierModel {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub raw_id: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kind: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub communication_user: Option<CommunicationUserIdentifierModel>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub phone_number: Option<PhoneNumberIdentifierModel>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub microsoft_teams_user: Option<MicrosoftTeamsUserIdentifierModel>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub microsoft_teams_app: Option<MicrosoftTeamsAppIdentifierModel>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub teams_extension_user: Option<TeamsExtensionUserIdentifierModel>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CommunicationUserIdentifierModel {
    pub id: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PhoneNumberIdentifierModel {
    pub value: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub is_anonymous: Option<bool>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub asserted_id: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct MicrosoftTeamsUserIdentifierModel {
    pub user_id: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub is_anonymous: Option<bool>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cloud: Option<Cloud>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct MicrosoftTeamsAppIdentifierModel {
    pub app_id: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cloud: Option<Cloud>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct TeamsExtensionUserIdentifierModel {
    pub user_id: String,
    pub tenant_id: String,
    pub resource_id: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cloud: Option<Cloud>,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Cloud {
    Dod,
    Gcch,
    /// Also what an unknown name is read as: only the two above differ in their raw ids.
    #[default]
    #[serde(other)]
    Public,
}

/// Who an identifier names. Two are the same person when their raw ids are equal as strings.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Identifier {
    CommunicationUser {
        id: String,
    },
    PhoneNumber {
        number: String,
    },
    MicrosoftTeamsUser {
        user_id: String,
        anonymous: bool,
        cloud: Cloud,
    },
    MicrosoftTeamsApp {
        app_id: String,
        cloud: Cloud,
    },
    TeamsExtensionUser {
        resource_id: String,
        tenant_id: String,
        user_id: String,
        cloud: Cloud,
    },
    Unknown {
        id: String,
    },
}

impl Identifier {
    /// Never fails: what no rule knows is `Unknown` and keeps its text.
    pub fn from_raw_id(raw: &str) -> Self {
        if let Some(number) = raw.strip_prefix("4:") {
            return Self::PhoneNumber {
                number: number.to_owned(),
            };
        }
        let mut parts = raw.split(':');
        let (Some(domain), Some(family), Some(suffix), None) =
            (parts.next(), parts.next(), parts.next(), parts.next())
        else {
            return Self::Unknown { id: raw.to_owned() };
        };
        let user = |anonymous, cloud| Self::MicrosoftTeamsUser {
            user_id: suffix.to_owned(),
            anonymous,
            cloud,
        };
        let app = |cloud| Self::MicrosoftTeamsApp {
            app_id: suffix.to_owned(),
            cloud,
        };
        match (domain, family) {
            ("8", "teamsvisitor") => user(true, Cloud::Public),
            ("8", "orgid") => user(false, Cloud::Public),
            ("8", "dod") => user(false, Cloud::Dod),
            ("8", "gcch") => user(false, Cloud::Gcch),
            ("8", "acs") => Self::acs(raw, suffix, Cloud::Public),
            ("8", "dod-acs") => Self::acs(raw, suffix, Cloud::Dod),
            ("8", "gcch-acs") => Self::acs(raw, suffix, Cloud::Gcch),
            ("8", "spool") => Self::CommunicationUser { id: raw.to_owned() },
            ("28", "orgid") => app(Cloud::Public),
            ("28", "gcch") => app(Cloud::Gcch),
            ("28", "dod") => app(Cloud::Dod),
            _ => Self::Unknown { id: raw.to_owned() },
        }
    }

    /// Exactly three parts name an extension user; two, four and more are plain users.
    fn acs(raw: &str, suffix: &str, cloud: Cloud) -> Self {
        let parts: Vec<&str> = suffix.split('_').collect();
        if let [resource, tenant, user] = parts[..] {
            return Self::TeamsExtensionUser {
                resource_id: resource.to_owned(),
                tenant_id: tenant.to_owned(),
                user_id: user.to_owned(),
                cloud,
            };
        }
        Self::CommunicationUser { id: raw.to_owned() }
    }

    pub fn raw_id(&self) -> String {
        match self {
            Self::CommunicationUser { id } | Self::Unknown { id } => id.clone(),
            Self::PhoneNumber { number } => format!("4:{number}"),
            Self::MicrosoftTeamsUser {
                user_id,
                anonymous: true,
                ..
            } => format!("8:teamsvisitor:{user_id}"),
            Self::MicrosoftTeamsUser { user_id, cloud, .. } => {
                format!("8:{}:{user_id}", cloud.org())
            }
            Self::MicrosoftTeamsApp { app_id, cloud } => format!("28:{}:{app_id}", cloud.org()),
            Self::TeamsExtensionUser {
                resource_id,
                tenant_id,
                user_id,
                cloud,
            } => format!("8:{}:{resource_id}_{tenant_id}_{user_id}", cloud.acs()),
        }
    }
}

impl Cloud {
    fn org(self) -> &'static str {
        match self {
            Self::Public => "orgid",
            Self::Dod => "dod",
            Self::Gcch => "gcch",
        }
    }

    fn acs(self) -> &'static str {
        match self {
            Self::Public => "acs",
            Self::Dod => "dod-acs",
            Self::Gcch => "gcch-acs",
        }
    }
}

impl CommunicationIdentifierModel {
    /// The complete object for a raw id. No `kind`, as neither cloud nor official client write one.
    pub fn from_raw_id(raw: &str) -> Self {
        let mut model = Self {
            raw_id: Some(raw.to_owned()),
            ..Self::default()
        };
        match Identifier::from_raw_id(raw) {
            Identifier::CommunicationUser { id } => {
                model.communication_user = Some(CommunicationUserIdentifierModel { id });
            }
            Identifier::PhoneNumber { number } => {
                model.phone_number = Some(PhoneNumberIdentifierModel::new(&number));
            }
            Identifier::MicrosoftTeamsUser {
                user_id,
                anonymous,
                cloud,
            } => {
                model.microsoft_teams_user = Some(MicrosoftTeamsUserIdentifierModel {
                    user_id,
                    is_anonymous: Some(anonymous),
                    cloud: Some(cloud),
                });
            }
            Identifier::MicrosoftTeamsApp { app_id, cloud } => {
                model.microsoft_teams_app = Some(MicrosoftTeamsAppIdentifierModel {
                    app_id,
                    cloud: Some(cloud),
                });
            }
            Identifier::TeamsExtensionUser {
                resource_id,
                tenant_id,
                user_id,
                cloud,
            } => {
                model.teams_extension_user = Some(TeamsExtensionUserIdentifierModel {
                    user_id,
                    tenant_id,
                    resource_id,
                    cloud: Some(cloud),
                });
            }
            Identifier::Unknown { .. } => {}
        }
        model
    }

    /// `rawId` when it is there, else built from the nested object; `None` when the object names nobody.
    pub fn to_raw_id(&self) -> Option<String> {
        if let Some(raw) = self.raw_id.as_ref().filter(|raw| !raw.is_empty()) {
            return Some(raw.clone());
        }
        self.nested().map(|who| who.raw_id())
    }

    fn nested(&self) -> Option<Identifier> {
        if let Some(user) = &self.communication_user {
            return Some(Identifier::CommunicationUser {
                id: user.id.clone(),
            });
        }
        if let Some(phone) = &self.phone_number {
            return Some(Identifier::PhoneNumber {
                number: phone.value.clone(),
            });
        }
        if let Some(user) = &self.microsoft_teams_user {
            return Some(Identifier::MicrosoftTeamsUser {
                user_id: user.user_id.clone(),
                anonymous: user.is_anonymous.unwrap_or(false),
                cloud: user.cloud.unwrap_or_default(),
            });
        }
        if let Some(app) = &self.microsoft_teams_app {
            return Some(Identifier::MicrosoftTeamsApp {
                app_id: app.app_id.clone(),
                cloud: app.cloud.unwrap_or_default(),
            });
        }
        let user = self.teams_extension_user.as_ref()?;
        Some(Identifier::TeamsExtensionUser {
            resource_id: user.resource_id.clone(),
            tenant_id: user.tenant_id.clone(),
            user_id: user.user_id.clone(),
            cloud: user.cloud.unwrap_or_default(),
        })
    }
}

impl PhoneNumberIdentifierModel {
    fn new(number: &str) -> Self {
        let anonymous = number == "anonymous";
        let asserted = number
            .rsplit_once('_')
            .map(|(_, asserted)| asserted.to_owned())
            .filter(|asserted| !anonymous && !asserted.is_empty());
        Self {
            value: number.to_owned(),
            is_anonymous: anonymous.then_some(true),
            asserted_id: asserted,
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn kind(raw: &str) -> &'static str {
        match Identifier::from_raw_id(raw) {
            Identifier::CommunicationUser { .. } => "user",
            Identifier::PhoneNumber { .. } => "phone",
            Identifier::MicrosoftTeamsUser {
                anonymous: true, ..
            } => "visitor",
            Identifier::MicrosoftTeamsUser { .. } => "teams",
            Identifier::MicrosoftTeamsApp { .. } => "app",
            Identifier::TeamsExtensionUser { .. } => "extension",
            Identifier::Unknown { .. } => "unknown",
        }
    }

    #[test]
    fn every_prefix_of_the_vendor_is_known() {
        for (raw, expected) in [
            ("8:acs:res_user", "user"),
            ("8:acs:a_wf_b_c", "user"),
            ("8:acs:a_b_c", "extension"),
            ("8:dod-acs:a_b_c", "extension"),
            ("8:gcch-acs:a_b", "user"),
            ("8:spool:x", "user"),
            ("8:orgid:x", "teams"),
            ("8:dod:x", "teams"),
            ("8:gcch:x", "teams"),
            ("8:teamsvisitor:x", "visitor"),
            ("28:orgid:x", "app"),
            ("28:gcch:x", "app"),
            ("28:dod:x", "app"),
            ("4:+14255550123", "phone"),
            ("4:anonymous", "phone"),
            ("8:ag08-acs:a_b", "unknown"),
            ("28:x", "unknown"),
            ("48:anything", "unknown"),
            ("8:orgid:a:b", "unknown"),
            ("", "unknown"),
        ] {
            assert_eq!(kind(raw), expected, "{raw}");
        }
    }

    #[test]
    fn a_nested_object_without_raw_id_gives_one() {
        let json = r#"{"microsoftTeamsUser":{"userId":"x","cloud":"gcch"}}"#;
        let model: CommunicationIdentifierModel = serde_json::from_str(json).unwrap();
        assert_eq!(model.to_raw_id().unwrap(), "8:gcch:x");
        let json = r#"{"communicationUser":{"id":"8:acs:a_b"}}"#;
        let model: CommunicationIdentifierModel = serde_json::from_str(json).unwrap();
        assert_eq!(model.to_raw_id().unwrap(), "8:acs:a_b");
    }

    #[test]
    fn an_asserted_phone_number_keeps_what_follows_the_last_underscore() {
        let model = CommunicationIdentifierModel::from_raw_id("4:+1_2_3");
        assert_eq!(
            model.phone_number.unwrap().asserted_id.as_deref(),
            Some("3")
        );
        let model = CommunicationIdentifierModel::from_raw_id("4:anonymous");
        assert_eq!(model.phone_number.unwrap().is_anonymous, Some(true));
    }

    proptest! {
        #[test]
        fn a_raw_id_survives_every_form(raw in "(8|28|4|48)?:?(acs|dod-acs|orgid|gcch|teamsvisitor|spool|x)?:?[a-z0-9_:+-]{0,12}") {
            prop_assert_eq!(Identifier::from_raw_id(&raw).raw_id(), raw.as_str());
            let model = CommunicationIdentifierModel::from_raw_id(&raw);
            let json = serde_json::to_string(&model).unwrap();
            let again: CommunicationIdentifierModel = serde_json::from_str(&json).unwrap();
            prop_assert_eq!(&again, &model);
            let bare = CommunicationIdentifierModel { raw_id: None, ..model };
            if let Some(built) = bare.to_raw_id() {
                prop_assert_eq!(built, raw);
            }
        }
    }
}
