//! A call of half an hour between two people who talk, with real sound: nobody's memory or descriptors grow.

use std::fs;
use std::time::Duration;

use sidetone::clock::Clock;

use crate::ALONE;
use crate::Person;
use crate::SECOND;
use crate::meeting;
use crate::program::Host;
use crate::pulse::speech_level;
use crate::words;

/// One process at one moment.
#[derive(Debug, Clone, Copy)]
struct Sample {
    kibibytes: u64,
    descriptors: usize,
}

impl Sample {
    fn of(pid: u32) -> Self {
        let status = fs::read_to_string(format!("/proc/{pid}/status")).unwrap();
        let resident = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
        let kibibytes = resident.unwrap().trim().trim_end_matches(" kB");
        Self {
            kibibytes: kibibytes.parse().unwrap(),
            descriptors: fs::read_dir(format!("/proc/{pid}/fd")).unwrap().count(),
        }
    }
}

fn minutes() -> f64 {
    let given = std::env::var("SIDETONE_CALL_MINUTES").ok();
    given.map_or(30.0, |minutes| minutes.parse().unwrap())
}

/// The most of a stretch: a peak that is always there is no growth.
fn most(samples: &[Sample]) -> Sample {
    Sample {
        kibibytes: samples.iter().map(|s| s.kibibytes).max().unwrap(),
        descriptors: samples.iter().map(|s| s.descriptors).max().unwrap(),
    }
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "takes half an hour; make test-long runs it"]
async fn a_long_call_leaves_memory_and_descriptors_flat() {
    let _alone = ALONE.lock().await;
    let length = Duration::from_secs_f64(minutes() * 60.0);
    let host = Host::start();
    let link = meeting(&host).await;
    let mut ada = Person::join_with(&host, &link, "Ada", &[]);
    let mut bea = Person::join_with(&host, &link, "Bea", &[]);
    let processes = [
        ("host", host.process()),
        ("Ada", ada.session.process()),
        ("Bea", bea.session.process()),
    ];
    let _voices = [ada.talk(words(-23.0)), bea.talk(words(-26.0))];
    let mut samples: [Vec<Sample>; 3] = Default::default();
    let began = Clock.now();
    for turn in 0.. {
        if Clock.now().since(began) >= length {
            break;
        }
        // They take turns to speak, for some seconds each.
        let speaker = if turn % 2 == 0 { &mut ada } else { &mut bea };
        speaker.press_mute();
        for _ in 0..25 {
            ada.session.listen(Duration::from_millis(100));
            bea.session.listen(Duration::from_millis(100));
        }
        let speaker = if turn % 2 == 0 { &mut ada } else { &mut bea };
        speaker.press_mute();
        for (samples, (_, pid)) in samples.iter_mut().zip(processes) {
            samples.push(Sample::of(pid));
        }
    }
    for ((name, _), samples) in processes.iter().zip(&samples) {
        let fifth = samples.len() / 5;
        assert!(fifth > 0, "too short to tell");
        let early = most(&samples[fifth..2 * fifth]);
        let late = most(&samples[samples.len() - fifth..]);
        println!(
            "measured: {name} {} KiB and {} descriptors early, {} KiB and {} late, in {} samples",
            early.kibibytes,
            early.descriptors,
            late.kibibytes,
            late.descriptors,
            samples.len()
        );
        assert!(late.descriptors <= early.descriptors, "{name}: {samples:?}");
        assert!(
            late.kibibytes <= early.kibibytes + GROWTH,
            "{name}: {samples:?}"
        );
    }
    // And they hear each other to the end.
    let mut heard = bea.sound.listen("spk.monitor");
    ada.press_mute();
    ada.session.see("LIVE");
    heard.hear(2 * SECOND);
    let arrived = speech_level(&heard.hear(10 * SECOND));
    assert!((arrived + 23.0).abs() < 4.0, "{arrived} dBFS");
}

/// What an allocator may keep of a busy moment.
const GROWTH: u64 = 1024;
