//! A person whose address becomes another one in the middle of a call: the program as it is, in a network of its own.

use std::process::Command;
use std::thread;
use std::time::Duration;

use crate::ALONE;
use crate::Person;
use crate::SECOND;
use crate::UNTOUCHED;
use crate::meeting;
use crate::program::Host;
use crate::pty::Session;
use crate::pulse::Listener;
use crate::pulse::dbfs;

/// Here is one end of its only cable, with the address of the host.
struct Network {
    name: String,
    here: String,
}

impl Network {
    fn new() -> Self {
        let name = format!("st{}", std::process::id());
        let network = Self {
            here: format!("{name}h"),
            name,
        };
        let Self { name, here } = &network;
        ip(&format!("netns add {name}"));
        ip(&format!(
            "link add {here} type veth peer name there netns {name}"
        ));
        ip(&format!("addr add {HOST}/24 dev {here}"));
        ip(&format!("link set {here} up"));
        network.inside("link set lo up");
        network.inside("link set there up");
        network.inside(&format!("addr add {}/24 dev there", ADDRESSES[0]));
        network
    }

    fn inside(&self, words: &str) {
        ip(&format!("-n {} {words}", self.name));
    }

    fn moves(&self, from: &str, to: &str) {
        self.inside(&format!("addr del {from}/24 dev there"));
        self.inside(&format!("addr add {to}/24 dev there"));
    }
}

impl Drop for Network {
    fn drop(&mut self) {
        for words in [["link", "del", &self.here], ["netns", "del", &self.name]] {
            let _ = Command::new("ip").args(words).status();
        }
    }
}

fn ip(words: &str) {
    let done = Command::new("ip").args(words.split(' ')).output().unwrap();
    let said = String::from_utf8_lossy(&done.stderr);
    assert!(done.status.success(), "ip {words}: {said}");
}

/// After how long a sound that stopped goes on again; `None`: it never did. A busy machine leaves holes in it,
/// before and after.
fn gap(mut heard: Listener) -> Option<Duration> {
    const PIECE: usize = SECOND / 50;
    let pieces: Vec<bool> = (0..10 * 50)
        .map(|_| dbfs(&heard.hear(PIECE)) > -40.0)
        .collect();
    let stops = pieces.windows(5).position(|tenth| !tenth.contains(&true));
    let Some(stops) = stops else {
        return Some(Duration::ZERO);
    };
    let goes_on = pieces[stops..]
        .windows(25)
        .position(|half| half[0] && half.iter().filter(|sounds| **sounds).count() > 20)?;
    Some(Duration::from_millis(20) * u32::try_from(stops + goes_on).unwrap())
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "makes a network, for which it must be root; make test-long runs it"]
async fn who_comes_by_another_address_hears_and_is_heard_again_within_two_seconds() {
    let _alone = ALONE.lock().await;
    let network = Network::new();
    let host = Host::start_at(&format!("{HOST}:0"), &["--tls"]);
    let authority = host.ready()["caFile"].as_str().unwrap();
    let link = meeting(&host).await;
    let more = [&["--ca", authority], &UNTOUCHED[..]].concat();
    let mut ada = Person::join_with(&host, &link, "Ada", &more);
    let mut bea = Person::start(&host, &link, "Bea", &more, |arguments, variables| {
        Session::start_in(&network.name, (100, 24), arguments, variables)
    });
    bea.session.see("In call");
    let _voices = [ada.speak(700.0, -20.0), bea.speak(1100.0, -20.0)];
    ada.press_mute();
    bea.press_mute();
    for (from, to) in ADDRESSES.into_iter().zip(ADDRESSES.into_iter().skip(1)) {
        let mut ends = [&ada, &bea].map(|person| person.sound.listen("spk.monitor"));
        ends[0].hear_sine(1100.0, -20.0);
        ends[1].hear_sine(700.0, -20.0);
        network.moves(from, to);
        let gaps = ends.map(|heard| thread::spawn(move || gap(heard)));
        let gaps = gaps.map(|gap| gap.join().unwrap().expect("it is heard again"));
        println!("measured: from {from} to {to}, heard again after {gaps:?}");
        assert!(gaps.iter().all(|gap| *gap < LIMIT), "{gaps:?}");
    }
    for person in [&mut ada, &mut bea] {
        person.session.press("/quit\r");
        assert_eq!(person.session.end(), 0, "{}", person.session.contents());
    }
}

const HOST: &str = "10.209.7.1";
/// Of the person, one after the other.
const ADDRESSES: [&str; 3] = ["10.209.7.2", "10.209.7.3", "10.209.7.4"];
const LIMIT: Duration = Duration::from_secs(2);
