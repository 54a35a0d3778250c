//! What people paste, and what becomes of it.

use proptest::prelude::*;

use super::*;

const CLASSIC: &str = "https://teams.microsoft.com/l/meetup-join/19%3ameeting_Mjg3NzE%40thread.v2/0?context=%7b%22Tid%22%3a%2211111111-2222-3333-4444-555555555555%22%2c%22Oid%22%3a%2266666666-7777-8888-9999-000000000000%22%7d";
const THREAD: &str = "19:meeting_Mjg3NzE@thread.v2";

fn read(text: &str) -> Result<Locator, Refusal> {
    Locator::parse(text, Some("http://127.0.0.1:4100"))
}

struct Linked {
    link: String,
    thread: Option<ThreadId>,
    host: MeetingHost,
    parts: LinkParts,
}

fn linked(text: &str) -> Linked {
    match read(text) {
        Ok(Locator::Meeting {
            link,
            thread,
            host,
            parts,
        }) => Linked {
            link,
            thread,
            host,
            parts,
        },
        other => panic!("{text}: {other:?}"),
    }
}

#[test]
fn a_classic_link_gives_thread_tenant_and_organizer_and_keeps_its_text() {
    let found = linked(CLASSIC);
    assert_eq!(found.link, CLASSIC);
    assert_eq!(found.host, MeetingHost::Vendor);
    assert_eq!(found.thread, Some(ThreadId::new(THREAD)));
    assert_eq!(
        found.parts,
        LinkParts {
            tenant: Some("11111111-2222-3333-4444-555555555555".into()),
            organizer: Some("66666666-7777-8888-9999-000000000000".into()),
            ..LinkParts::default()
        }
    );
}

#[test]
fn escapes_of_any_case_and_a_second_round_of_them_are_read() {
    for thread in [
        "19%3Ameeting_Mjg3NzE%40thread.v2",
        "19%3ameeting_Mjg3NzE@thread.v2",
        "19:meeting_Mjg3NzE@thread.v2",
        "19%253ameeting_Mjg3NzE%2540thread.v2",
    ] {
        let link = linked(&format!(
            "https://teams.microsoft.com/l/meetup-join/{thread}/0"
        ));
        assert_eq!(link.thread, Some(ThreadId::new(THREAD)));
    }
}

#[test]
fn a_third_round_of_escapes_is_a_damaged_link() {
    assert_eq!(
        read("https://teams.microsoft.com/l/meetup-join/19%25253ameeting_M%252540thread.v2/0"),
        Err(Refusal::Damaged(Damage::Thread))
    );
}

#[test]
fn a_short_link_gives_the_meeting_id_but_no_passcode() {
    let link = linked("https://teams.microsoft.com/meet/264183392744150?p=AbCdEf");
    assert_eq!(link.parts.meeting_id.as_deref(), Some("264183392744150"));
    assert_eq!((link.parts.passcode, link.thread), (None, None));
}

#[test]
fn the_link_for_browsers_of_a_service_of_ones_own_leads_there_too() {
    let own = Some("http://127.0.0.1:7711");
    let link = "http://127.0.0.1:7711/meet/264183392744150#Mt9xB2N6";
    let found = Locator::MeetingId {
        id: "264183392744150".into(),
        passcode: Some("Mt9xB2N6".into()),
    };
    assert_eq!(Locator::parse(link, own), Ok(found));
    let damaged = Locator::parse("http://127.0.0.1:7711/meet/x#Mt9xB2N6", own);
    assert_eq!(damaged, Err(Refusal::Damaged(Damage::Id)));
    assert!(
        Locator::parse(link, None).is_err(),
        "nobody named that host"
    );
}

#[test]
fn ids_are_told_apart() {
    assert_eq!(
        read("264 183 392 744 150"),
        Ok(Locator::MeetingId {
            id: "264183392744150".into(),
            passcode: None
        })
    );
    assert_eq!(read(THREAD), Ok(Locator::Thread(ThreadId::new(THREAD))));
    assert_eq!(
        read("19:acsV1_abc-DEF@thread.v2").unwrap().thread(),
        Some(&ThreadId::new("19:acsV1_abc-DEF@thread.v2"))
    );
    assert_eq!(
        read("29228D3E-040E-4656-A70E-890AB4E173E5"),
        Ok(Locator::GroupCall(
            "29228d3e-040e-4656-a70e-890ab4e173e5".into()
        ))
    );
    assert_eq!(
        read("99411970778459000"),
        Ok(Locator::Room("99411970778459000".into()))
    );
    assert_eq!(
        read("+1 (425) 555-0123"),
        Ok(Locator::Person("4:+14255550123".into()))
    );
    assert_eq!(
        read("4:+14255550123"),
        Ok(Locator::Person("4:+14255550123".into()))
    );
    let ada = "8:acs:11111111-2222-3333-4444-555555555555_0000000a";
    assert_eq!(read(ada), Ok(Locator::Person(ada.into())));
}

#[test]
fn wrappers_come_off() {
    let thread = "19%3ameeting_Mjg3NzE%40thread.v2";
    let inner = percent_encoding::utf8_percent_encode(CLASSIC, percent_encoding::NON_ALPHANUMERIC);
    let launched = percent_encoding::utf8_percent_encode(
        &CLASSIC.replace("https://teams.microsoft.com", "/_#"),
        percent_encoding::NON_ALPHANUMERIC,
    )
    .to_string();
    for wrapper in [
        format!("https://nam12.safelinks.protection.outlook.com/?url={inner}&data=05"),
        format!(
            "https://teams.microsoft.com/dl/launcher/launcher.html?url={launched}&type=meetup-join"
        ),
        format!("https://teams.microsoft.com/_#/l/meetup-join/{thread}/0"),
        format!("msteams:/l/meetup-join/{thread}/0"),
        format!("msteams://teams.microsoft.com/l/meetup-join/{thread}/0"),
        format!("https://teams.cloud.microsoft/l/meetup-join/{thread}/0"),
    ] {
        assert_eq!(
            linked(&wrapper).thread,
            Some(ThreadId::new(THREAD)),
            "{wrapper}"
        );
    }
}

#[test]
fn wrapping_ends_after_three() {
    let wrap = |inner: &str| {
        let inner =
            percent_encoding::utf8_percent_encode(inner, percent_encoding::NON_ALPHANUMERIC);
        format!("https://x.safelinks.protection.outlook.com/?url={inner}")
    };
    let three = wrap(&wrap(&wrap(CLASSIC)));
    assert_eq!(linked(&three).link, CLASSIC);
    assert_eq!(read(&wrap(&three)), Err(Refusal::TooManyWrappers));
}

#[test]
fn what_cannot_be_joined_says_why() {
    let refusals = [
        ("", Refusal::Empty),
        (" \n ", Refusal::Empty),
        ("hello", Refusal::NotALocator),
        (
            "https://teams.live.com/meet/9312345678901",
            Refusal::PersonalMeeting,
        ),
        (
            "https://gov.teams.microsoft.us/l/meetup-join/19%3ameeting_M%40thread.v2/0",
            Refusal::Government(Cloud::GccHigh),
        ),
        (
            "https://dod.teams.microsoft.us/l/meetup-join/19%3ameeting_M%40thread.v2/0",
            Refusal::Government(Cloud::Dod),
        ),
        (
            "https://teams.microsoft.us/meet/1",
            Refusal::Government(Cloud::Other),
        ),
        (
            "https://x.teams.microsoft.us/meet/1",
            Refusal::Government(Cloud::Other),
        ),
        (
            "https://example.com/l/meetup-join/19%3ameeting_M%40thread.v2/0",
            Refusal::UnknownHost {
                host: "example.com".into(),
            },
        ),
        (
            "https://teams.microsoft.com.example.com/meet/264183392744150",
            Refusal::UnknownHost {
                host: "teams.microsoft.com.example.com".into(),
            },
        ),
        (
            "https://teams.microsoft.com/l/channel/19%3a1/General",
            Refusal::NotAMeeting,
        ),
        (
            "https://teams.microsoft.com/l/meetup-join/",
            Refusal::Damaged(Damage::Thread),
        ),
        (
            "https://teams.microsoft.com/meet/abc",
            Refusal::Damaged(Damage::Id),
        ),
        (
            "https://teams.microsoft.com/l/meetup-join/19%3ameeting_M%40thread.v2/0?context=%7b",
            Refusal::Damaged(Damage::Context),
        ),
        (
            "https://teams.microsoft.com/l/meetup-join/19%3ameeting_M%40thread.v2/0?context=%7b%22IsBroadcastMeeting%22%3atrue%7d",
            Refusal::Broadcast,
        ),
        (
            "http://teams.microsoft.com/l/meetup-join/19%3ameeting_M%40thread.v2/0",
            Refusal::Insecure,
        ),
    ];
    for (text, reason) in refusals {
        assert_eq!(read(text), Err(reason), "{text}");
    }
}

#[test]
fn links_of_our_own_service_are_taken_for_that_endpoint_only() {
    let path = "/l/meetup-join/19%3ameeting_Mjg3NzE%40thread.v2/0?context=%7b%7d";
    let ours = format!("http://127.0.0.1:4100{path}");
    assert_eq!(linked(&ours).host, MeetingHost::Own);
    let unknown = Err(Refusal::UnknownHost {
        host: "127.0.0.1".into(),
    });
    assert_eq!(Locator::parse(&ours, None), unknown);
    assert_eq!(
        Locator::parse(&ours, Some("http://127.0.0.1:4101")),
        unknown
    );
    assert_eq!(
        Locator::parse(&ours, Some("https://127.0.0.1:4100")),
        unknown
    );
    assert_eq!(
        read("http://127.0.0.1:4100/somewhere/else"),
        Err(Refusal::NotAMeeting)
    );
}

#[test]
fn an_invitation_gives_its_link_and_passcode() {
    let text = format!(
        "Microsoft meeting\nNeed help? <https://aka.ms/JoinMeeting>\nJoin the meeting now <{CLASSIC}>\n\
         Meeting ID: 264 183 392 744 150\nPasscode: Mt9xB2N6\nFor organizers: https://teams.microsoft.com/meetingOptions/?x=1"
    );
    let link = linked(&text);
    assert_eq!(link.link, CLASSIC);
    assert_eq!(link.parts.passcode.as_deref(), Some("Mt9xB2N6"));
}

#[test]
fn an_invitation_without_a_link_gives_id_and_passcode() {
    for text in [
        "Meeting ID: 264 183 392 744 150\r\nPasscode: Mt9xB2N6",
        "meeting id : 264 183 392 744 150  passcode: Mt9xB2N6 (case matters)",
    ] {
        assert_eq!(
            read(text),
            Ok(Locator::MeetingId {
                id: "264183392744150".into(),
                passcode: Some("Mt9xB2N6".into()),
            })
        );
    }
}

#[test]
fn an_invitation_to_a_personal_meeting_is_refused_as_one() {
    assert_eq!(
        read("Join: https://teams.live.com/meet/93123?p=x\nMeeting ID: 931 234 567 890"),
        Err(Refusal::PersonalMeeting)
    );
}

#[test]
fn a_channel_meeting_is_recognised() {
    let channel =
        "https://teams.microsoft.com/l/meetup-join/19%3ageneral%40thread.tacv2/1637000000000";
    assert!(read(channel).unwrap().is_channel_meeting());
    assert_eq!(
        linked(channel).parts.message.as_deref(),
        Some("1637000000000")
    );
    assert!(!read(CLASSIC).unwrap().is_channel_meeting());
}

#[test]
fn nothing_that_lets_people_in_is_printed() {
    let found = read(CLASSIC)
        .unwrap()
        .with_passcode(Some("Mt9xB2N6".into()));
    let shown = format!("{found:?}");
    assert!(
        !shown.contains("Mt9xB2N6") && !shown.contains("Tid"),
        "{shown}"
    );
}

proptest! {
    #[test]
    fn nothing_makes_it_panic(text in "\\PC*", scheme in "(https?://|msteams:|19:|8:acs:|)?") {
        let _ = read(&format!("{scheme}{text}"));
    }

    #[test]
    fn damaged_links_do_not_make_it_panic(at in 0..CLASSIC.len(), with in "\\PC{0,6}") {
        let _ = read(&format!("{}{with}{}", &CLASSIC[..at], &CLASSIC[at..]));
        let _ = read(&CLASSIC[..at]);
    }

    #[test]
    fn words_are_refused_with_a_reason(text in "[a-z ]{1,60}") {
        let refused = read(&text);
        prop_assert!(matches!(refused, Err(Refusal::NotALocator | Refusal::Empty)), "{refused:?}");
    }

    #[test]
    fn a_meeting_link_comes_back(name in "[A-Za-z0-9_-]{4,60}", message in "0|1[0-9]{12}", upper: bool) {
        let (colon, at) = if upper { ("%3A", "%40") } else { ("%3a", "@") };
        let text = format!("https://teams.microsoft.com/l/meetup-join/19{colon}meeting_{name}{at}thread.v2/{message}");
        let link = linked(&text);
        prop_assert_eq!(&link.link, &text);
        prop_assert_eq!(link.thread, Some(ThreadId::new(&format!("19:meeting_{name}@thread.v2"))));
        prop_assert_eq!(link.parts.message.unwrap_or_else(|| "0".to_owned()), message);
    }

    #[test]
    fn a_meeting_id_comes_back_however_it_is_grouped(id in "[1-8][0-9]{8,14}", step in 1usize..5) {
        let grouped: Vec<String> = id.as_bytes().chunks(step).map(|c| String::from_utf8_lossy(c).into_owned()).collect();
        prop_assert_eq!(read(&grouped.join(" ")), Ok(Locator::MeetingId { id, passcode: None }));
    }
}
