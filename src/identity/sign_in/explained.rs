//! What a refusal of Entra ID means, in words for whoever wanted to sign in (identity.md 4.8).
//!
//! The numbers may change, so nothing is decided by them.

/// Why, by the number.
pub(super) fn of(code: u32) -> Option<&'static str> {
    let found = EXPLAINED.iter().find(|(codes, _)| codes.contains(&code));
    found.map(|(_, words)| *words)
}

/// Why, by the error of the protocol (RFC 6749, RFC 8628, OpenID Connect), for providers without numbers.
pub(super) fn of_error(error: &str) -> Option<&'static str> {
    let words = match error {
        "access_denied" | "authorization_declined" => "the sign-in was declined",
        "expired_token" | "code_expired" => "the code has expired; start again for a new one",
        "bad_verification_code" => "the provider does not know the code any more; start again",
        "invalid_grant" => "the sign-in has ended at the provider; sign in again",
        "invalid_client" | "unauthorized_client" => {
            "the provider does not know this application, or does not let it sign people in this way"
        }
        "interaction_required" | "login_required" | "consent_required" => {
            "the provider wants you to sign in again"
        }
        "invalid_scope" => "the provider does not know what was asked for",
        "temporarily_unavailable" | "server_error" => {
            "the provider has a fault at the moment; try again in a few minutes"
        }
        _ => return None,
    };
    Some(words)
}

/// Agreement is missing: of the person, of an administrator, or of the whole organisation with the resource.
pub(super) const LACKING_CONSENT: &[u32] = &[65_001, 90_008, 90_094, 90_095, 500_011, 650_052];

const EXPLAINED: &[(&[u32], &str)] = &[
    (
        &[16_000, 50_020, 51_004, 90_072],
        "this account is not known in that organisation; choose another account or tenant, or be invited as a guest first",
    ),
    (
        &[50_011, 70_004],
        "the application is not registered for sign-in on this machine; its administrator adds http://localhost under \
         mobile and desktop applications",
    ),
    (&[50_034], "there is no such account in the organisation"),
    (
        &[50_053],
        "the account is locked after too many tries, or this network is blocked; wait and try again",
    ),
    (
        &[50_055, 50_144],
        "the password has expired; change it in a browser first",
    ),
    (
        &[50_057],
        "the account is switched off; ask an administrator",
    ),
    (
        &[50_058],
        "you are not signed in there; sign in in a browser",
    ),
    (
        &[50_059, 50_128],
        "the tenant is missing; give it with --tenant, as an id or a domain",
    ),
    (
        &[50_072, 50_079],
        "you have to register for multi-factor authentication; sign in in a browser to do so",
    ),
    (
        &[50_074, 50_076, 50_078],
        "multi-factor authentication is asked for; sign in again in a browser",
    ),
    (
        &[50_097, 50_129, 50_155, 50_187],
        "your organisation lets only known devices sign in, and this one is not known or could not prove it",
    ),
    (
        &[50_105],
        "you are not assigned to this application; ask an administrator",
    ),
    (&[50_126], "the user name or the password is wrong"),
    (
        &[50_131, 53_003, 530_032],
        "a policy of your organisation blocks this sign-in; where it blocks device codes, sign in with a browser",
    ),
    (
        &[50_132, 50_133, 50_173],
        "the sign-in was ended or the password changed; sign in again",
    ),
    (
        &[50_158],
        "another check that your organisation asks for was not passed; sign in in a browser",
    ),
    (
        &[50_194, 90_124, 90_130, 9_001_023],
        "the application is for one organisation only; give it with --tenant, as an id or a domain",
    ),
    (
        &[50_196],
        "too many sign-ins in a short time; wait some minutes",
    ),
    (&[50_199], "confirm the application in the browser"),
    (
        &[53_000, 53_001],
        "your organisation asks for a device that it manages, and this one is not",
    ),
    (
        &[53_002],
        "the application is not on your organisation's list; ask an administrator",
    ),
    (&[54_005], "the code was used already; start again"),
    (
        &[65_001, 90_008],
        "nobody has agreed yet to what the application asks for; sign in in a browser to do so",
    ),
    (&[65_004], "you declined what the application asks for"),
    (
        &[65_002],
        "the application id belongs to Microsoft; register an own application",
    ),
    (
        &[650_052, 500_011],
        "your organisation does not know Azure Communication Services yet; an administrator opens the link for consent once",
    ),
    (
        &[650_056, 650_057, 65_005],
        "a permission is missing in the registration of the application; ask its administrator",
    ),
    (
        &[70_000, 70_008, 700_082, 700_084],
        "the sign-in has ended; sign in again",
    ),
    (&[70_011], "what was asked for is not known there"),
    (&[70_016], "the code was not confirmed yet"),
    (
        &[70_018],
        "the provider does not know the code any more; start again",
    ),
    (
        &[70_019, 70_020],
        "the code has expired; start again for a new one",
    ),
    (
        &[70_043],
        "your organisation asks to sign in again from time to time, and now is such a time",
    ),
    (
        &[700_016, 700_011],
        "the application is not known in that organisation; check the client id and the tenant",
    ),
    (
        &[700_022, 700_023],
        "the application asked for several things at once; this is a fault of sidetone",
    ),
    (
        &[7_000_112, 70_001],
        "the application is switched off; ask its administrator",
    ),
    (
        &[7_000_218],
        "the application is registered as one with a secret; its administrator allows public client flows",
    ),
    (
        &[700_025],
        "the application sent a secret it should not have; this is a fault of sidetone",
    ),
    (
        &[90_002],
        "there is no such organisation, or it is in another cloud; check the tenant",
    ),
    (
        &[90_038, 90_043],
        "the account belongs to another national cloud, where this does not work",
    ),
    (
        &[90_094, 90_095],
        "an administrator has to agree first; hand them the link for consent",
    ),
    (
        &[90_055, 90_006, 90_033, 90_024, 50_033, 50_087],
        "the provider has a fault at the moment; try again in a few minutes",
    ),
    (
        &[500_021, 500_212, 500_213],
        "a policy between the organisations does not allow it; ask an administrator",
    ),
    (
        &[80_013],
        "the clocks of your organisation disagree; check the time of this machine too",
    ),
];

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn every_number_is_explained_once_in_a_sentence_without_its_end() {
        let mut seen = HashSet::new();
        for (codes, words) in EXPLAINED {
            assert!(codes.iter().all(|code| seen.insert(*code)), "{codes:?}");
            assert!(!words.ends_with('.') && !words.contains("  "), "{words}");
        }
    }
}
