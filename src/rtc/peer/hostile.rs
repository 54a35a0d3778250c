//! What a hostile network may send: no panic, no growth, no sound.

use proptest::prelude::*;

use super::tests::Pair;
use super::tests::client_address;
use super::tests::frame;
use super::tests::millis;
use super::tests::service_address;
use super::tests::states;
use super::*;

fn open(peer: &mut Peer, now: Moment) {
    peer.handle(Input::Command(Command::Gate(Gate::Open)), now);
}

fn drain(peer: &mut Peer) -> Vec<Output> {
    let mut all = Vec::new();
    loop {
        match peer.poll() {
            Output::Wait(_) => return all,
            output => all.push(output),
        }
    }
}

fn sound(outputs: &[Output]) -> usize {
    let is_sound = |output: &&Output| matches!(output, Output::Packet(_));
    outputs.iter().filter(is_sound).count()
}

/// A real offer and the answer to it.
fn descriptions() -> (String, String) {
    let mut pair = Pair::new();
    pair.command(Command::Offer);
    let text = |events: &[Event]| {
        events.iter().find_map(|event| match event {
            Event::Offer(sdp) | Event::Answer(sdp) => Some(sdp.0.clone()),
            _ => None,
        })
    };
    let offer = text(&pair.events).unwrap();
    (offer, text(&pair.service_events).unwrap())
}

/// One change to a description.
#[derive(Debug, Clone)]
enum Change {
    Drop(usize),
    Double(usize),
    Swap(usize, usize),
    Replace(usize, usize, String),
    Insert(usize, String),
}

fn change() -> impl Strategy<Value = Change> {
    let line = 0..30_usize;
    let word = prop_oneof![
        "[ -~]{0,20}",
        "[0-9]{1,25}",
        Just("a=mid:0".to_owned()),
        Just("a=ssrc:4294967295 cname:x".to_owned()),
        Just("a=rtpmap:111 opus/48000/2".to_owned()),
        Just("a=extmap:255 urn:ietf:params:rtp-hdrext:ssrc-audio-level".to_owned()),
        Just("a=setup:holdconn".to_owned()),
        Just("a=ssrc-group:FID 1 2 3".to_owned()),
        Just("a=simulcast:send 1;2;3 recv 4".to_owned()),
        Just("a=rid:1 send pt=111".to_owned()),
        Just("a=group:BUNDLE 0 1 2".to_owned()),
        Just("a=ice-lite".to_owned()),
        Just("a=sctp-init:AAAA".to_owned()),
        Just("a=inactive".to_owned()),
    ];
    prop_oneof![
        line.clone().prop_map(Change::Drop),
        line.clone().prop_map(Change::Double),
        (line.clone(), line.clone()).prop_map(|(a, b)| Change::Swap(a, b)),
        (line.clone(), 0..6_usize, word.clone()).prop_map(|(l, w, new)| Change::Replace(l, w, new)),
        (line, word).prop_map(|(l, new)| Change::Insert(l, new)),
    ]
}

fn changed(sdp: &str, changes: &[Change]) -> Sdp {
    let mut lines: Vec<_> = sdp.lines().map(str::to_owned).collect();
    for change in changes {
        let count = lines.len().max(1);
        match change {
            Change::Drop(at) if !lines.is_empty() => drop(lines.remove(at % count)),
            Change::Double(at) if !lines.is_empty() => {
                let again = lines[at % count].clone();
                lines.insert(at % count, again);
            }
            Change::Swap(a, b) if !lines.is_empty() => lines.swap(a % count, b % count),
            Change::Replace(line, word, new) if !lines.is_empty() => {
                let line = &mut lines[line % count];
                let mut words: Vec<_> = line.split([' ', ':', '=']).map(str::to_owned).collect();
                let word = words[word % words.len()].clone();
                if !word.is_empty() {
                    *line = line.replacen(&word, new, 1);
                }
                words.clear();
            }
            Change::Insert(at, new) => lines.insert(at % count, new.clone()),
            _ => {}
        }
    }
    Sdp(lines
        .iter()
        .flat_map(|line| [line.as_str(), "\r\n"])
        .collect())
}

proptest! {
    #[test]
    fn any_text_is_an_offer_or_refused(text in "\\PC{0,300}") {
        let mut pair = Pair::new();
        pair.service.handle(Input::Command(Command::Accept(Sdp(text))), pair.now);
        drain(&mut pair.service);
    }

    #[test]
    fn a_damaged_offer_is_answered_or_refused(
        changes in proptest::collection::vec(change(), 1..6),
        again in proptest::collection::vec(change(), 0..4),
    ) {
        let (offer, _) = descriptions();
        let mut pair = Pair::new();
        for changes in [changes, again] {
            let accept = Command::Accept(changed(&offer, &changes));
            pair.service.handle(Input::Command(accept), pair.now);
            pair.now = pair.now + millis(100);
            pair.service.handle(Input::Timeout, pair.now);
            let outputs = drain(&mut pair.service);
            let said = |output: &Output| matches!(
                output,
                Output::Event(Event::Answer(_) | Event::Refused(_) | Event::State(_))
            );
            prop_assert!(pair.service.is_closed() || outputs.iter().any(said));
        }
    }

    #[test]
    fn a_damaged_answer_is_taken_or_refused(
        changes in proptest::collection::vec(change(), 1..6),
        again in proptest::collection::vec(change(), 0..4),
    ) {
        let mut pair = Pair::new();
        pair.deaf = true;
        pair.command(Command::Offer);
        let answer = pair.service_events.iter().find_map(|event| match event {
            Event::Answer(sdp) => Some(sdp.0.clone()),
            _ => None,
        }).unwrap();
        for changes in [changes, again] {
            let answer = Command::Answer(changed(&answer, &changes));
            pair.client.handle(Input::Command(answer), pair.now);
            pair.now = pair.now + millis(100);
            pair.client.handle(Input::Timeout, pair.now);
            drain(&mut pair.client);
        }
    }
}

/// Bytes that look like STUN, DTLS, RTP, RTCP or nothing.
fn datagram() -> impl Strategy<Value = Vec<u8>> {
    let first = prop_oneof![0..4_u8, 20..64_u8, 128..192_u8, any::<u8>()];
    let second = prop_oneof![Just(1_u8), Just(111), Just(200), any::<u8>()];
    let rest = prop_oneof![
        proptest::collection::vec(any::<u8>(), 0..200),
        proptest::collection::vec(any::<u8>(), 0..40).prop_map(|mut rest| {
            // A STUN header that is right, with whatever behind it.
            rest.truncate(rest.len() / 4 * 4);
            let length = u16::try_from(rest.len()).unwrap_or(0);
            let mut whole = length.to_be_bytes().to_vec();
            whole.extend([0x21, 0x12, 0xa4, 0x42]);
            whole.extend([7; 12]);
            whole.extend(rest);
            whole
        }),
    ];
    (first, second, rest).prop_map(|(first, second, rest)| [vec![first, second], rest].concat())
}

fn thrown(pair: &mut Pair, bytes: &[u8], known: bool) {
    let stranger = "198.51.100.1:1".parse().unwrap();
    let source = if known { client_address() } else { stranger };
    let datagram = Datagram {
        transport: Transport::Udp,
        source,
        destination: service_address(),
        bytes,
    };
    pair.service.handle(Input::Datagram(datagram), pair.now);
    let source = if known { service_address() } else { stranger };
    let datagram = Datagram {
        source,
        destination: client_address(),
        ..datagram
    };
    pair.client.handle(Input::Datagram(datagram), pair.now);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn a_call_goes_on_whatever_else_arrives(
        datagrams in proptest::collection::vec((datagram(), any::<bool>()), 0..200),
    ) {
        let mut pair = Pair::connected();
        pair.talk(millis(100));
        for (bytes, known) in &datagrams {
            thrown(&mut pair, bytes, *known);
        }
        pair.talk(millis(500));
        prop_assert_eq!((pair.heard.len(), pair.service_heard.len()), (30, 30));
        prop_assert!(pair.service.paths.len() <= MOST_PATHS);
    }

    #[test]
    fn what_was_heard_once_and_is_sent_again_damaged_does_no_harm(
        damages in proptest::collection::vec((any::<prop::sample::Index>(), any::<prop::sample::Index>(), any::<u8>()), 0..300),
    ) {
        let mut pair = Pair::connected();
        pair.keep = true;
        pair.talk(millis(1000));
        let kept = std::mem::take(&mut pair.kept);
        for (which, place, value) in &damages {
            let mut bytes = which.get(&kept).clone();
            let place = place.index(bytes.len());
            bytes[place] ^= value;
            thrown(&mut pair, &bytes, true);
        }
        pair.talk(millis(500));
        prop_assert_eq!((pair.heard.len(), pair.service_heard.len()), (75, 75));
    }

    #[test]
    fn before_the_certificate_was_shown_nothing_is_sound(
        datagrams in proptest::collection::vec((datagram(), any::<bool>()), 0..200),
    ) {
        let mut pair = Pair::new();
        pair.dtls = false;
        pair.command(Command::Offer);
        let now = pair.now;
        open(&mut pair.service, now);
        open(&mut pair.client, now);
        // ICE finds its way, DTLS does not.
        pair.run(millis(500));
        prop_assert!(pair.service.paths.contains(&client_address()));
        for (bytes, known) in &datagrams {
            thrown(&mut pair, bytes, *known);
            pair.client.handle(Input::Frame(frame(1)), pair.now);
        }
        pair.run(millis(500));
        prop_assert_eq!(sound(&drain(&mut pair.service)), 0);
        prop_assert_eq!((pair.heard.len(), pair.service_heard.len()), (0, 0));
        prop_assert_eq!(states(&pair.events), []);
    }
}

#[test]
fn packets_of_a_hundred_thousand_other_streams_take_nothing_over() {
    let mut pair = Pair::connected();
    pair.talk(millis(100));
    let mid = pair.service.mid.unwrap().to_string();
    for ssrc in 0..100_000_u32 {
        // The header extension with the media line's name, in the one-byte form.
        let mut packet = vec![0x90, 111, 0, 1, 0, 0, 0, 0];
        packet.extend(ssrc.to_be_bytes());
        packet.extend([0xbe, 0xde, 0, 1]);
        packet.push(4 << 4 | u8::try_from(mid.len() - 1).unwrap());
        packet.extend(mid.as_bytes());
        packet.extend([7; 40]);
        thrown(&mut pair, &packet, true);
    }
    pair.talk(millis(500));
    assert_eq!((pair.heard.len(), pair.service_heard.len()), (30, 30));
}

#[test]
fn a_forged_good_bye_ends_nothing() {
    let mut pair = Pair::connected();
    pair.talk(millis(100));
    for alert in [[1, 0], [2, 0], [2, 40]] {
        for epoch in 0..2 {
            let mut record = vec![21, 0xfe, 0xfd, 0, epoch, 0, 0, 0, 0, 9, 9, 0, 2];
            record.extend(alert);
            thrown(&mut pair, &record, true);
        }
    }
    // A report of RTCP's kind, BYE, without its encryption.
    thrown(&mut pair, &[0x81, 203, 0, 1, 0, 0, 0, 1], true);
    pair.talk(millis(500));
    assert_eq!(pair.states(), [State::Connected]);
    assert_eq!((pair.heard.len(), pair.service_heard.len()), (30, 30));
}
