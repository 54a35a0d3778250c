//! Sound as far as it is state and words: the check, devices, the gate, push to talk, levels.

use std::time::Duration;

use sidetone::effect::CallCommand;
use sidetone::effect::Effect;
use sidetone::effect::SoundCommand;
use sidetone::event::CallEvent;
use sidetone::event::Event;
use sidetone::event::SoundEvent;
use sidetone::event::TerminalEvent;
use sidetone::model::account::AccountId;
use sidetone::model::announcement::Class;
use sidetone::model::call::CallState;
use sidetone::model::failure::Because;
use sidetone::model::failure::Doing;
use sidetone::model::failure::Failure;
use sidetone::model::failure::Remedy;
use sidetone::model::locator::Locator;
use sidetone::model::notice::NoticeKind;
use sidetone::model::settings::Interface;
use sidetone::model::settings::Motion;
use sidetone::model::settings::Settings;
use sidetone::model::settings::Sound;
use sidetone::model::sound::Audio;
use sidetone::model::sound::AudioMode;
use sidetone::model::sound::BySystem;
use sidetone::model::sound::Choice;
use sidetone::model::sound::Cue;
use sidetone::model::sound::Device;
use sidetone::model::sound::Direction;
use sidetone::model::sound::Level;
use sidetone::model::sound::MediaState;
use sidetone::model::sound::PushToTalk;
use sidetone::model::sound::RawRefusal;
use sidetone::model::sound::Statistics;
use sidetone::state::call::Call;
use sidetone::state::focus::Overlay;
use sidetone::state::lines::Source;

use crate::play::Script;
use crate::play::alone;
use crate::play::at;
use crate::play::call;
use crate::play::entry;
use crate::play::key;
use crate::play::linear;
use crate::play::notice;
use crate::play::person;
use crate::play::script;
use crate::play::state;
use crate::play::told;
use crate::play::with;

fn sound(event: SoundEvent) -> Event {
    Event::Sound(event)
}

fn device(name: &str, default: bool) -> Device {
    Device {
        name: name.to_owned(),
        default,
    }
}

pub(crate) fn devices() -> Event {
    sound(SoundEvent::Devices {
        capture: vec![device("Built-in", true), device("USB headset", false)],
        playback: vec![device("Speakers", true), device("USB headset", false)],
    })
}

pub(crate) fn unavailable() -> Event {
    let reason = "no sound server answers".to_owned();
    sound(SoundEvent::Unavailable { reason })
}

pub(crate) fn opened(direction: Direction, device: &str) -> Event {
    instead(direction, device, None)
}

/// This device is open, perhaps in place of the one that was chosen.
fn instead(direction: Direction, device: &str, missing: Option<&str>) -> Event {
    sound(SoundEvent::Opened {
        direction,
        device: device.to_owned(),
        missing: missing.map(ToOwned::to_owned),
    })
}

fn level(dbfs: f32, speaking: bool) -> Event {
    sound(SoundEvent::InputLevel {
        level: Level::from_dbfs(dbfs),
        gate: Level::from_dbfs(-50.0),
        speaking,
    })
}

fn muted(muted: bool) -> Event {
    call(CallEvent::Muted { muted, by: None })
}

fn talking_by(mode: PushToTalk) -> Settings {
    Settings {
        sound: Sound {
            push_to_talk: mode,
            precheck: false,
            ..Sound::default()
        },
        ..Settings::default()
    }
}

fn unchecked() -> Settings {
    talking_by(PushToTalk::Off)
}

fn in_view(interface: Interface) -> Settings {
    Settings {
        interface,
        ..Settings::default()
    }
}

fn meeting() -> Locator {
    Locator::MeetingId {
        id: "1".to_owned(),
        passcode: None,
    }
}

/// Asked to join with a sound side, which has told its devices.
fn checking(interface: Interface) -> Script {
    let asked = alone(in_view(interface)).sounding().begin(meeting());
    assert_eq!(asked.sound_commands()[0], SoundCommand::List);
    assert_eq!(asked.call_commands(), []);
    asked.then(devices())
}

/// In the meeting with devices, unmuted by the service.
fn live(settings: Settings) -> Script {
    alone(settings)
        .sounding()
        .connected()
        .then(devices())
        .line("/unmute")
        .then(muted(false))
        .quietly()
}

fn joined_with(script: &Script) -> Option<Audio> {
    script.call_commands().into_iter().find_map(|c| match c {
        CallCommand::Join { audio, .. } => Some(audio),
        _ => None,
    })
}

/// The gate as the sound side was last told; it begins closed.
pub(crate) fn is_muted(script: &Script) -> Option<bool> {
    script
        .sound_commands()
        .into_iter()
        .rev()
        .find_map(|c| match c {
            SoundCommand::Mute { muted, .. } => Some(muted),
            _ => None,
        })
}

#[test]
fn the_check_stands_before_the_call_and_enter_joins_it() {
    let shown = checking(Interface::FullScreen);
    assert!(shown.sound_commands().contains(&SoundCommand::Open {
        capture: true,
        playback: true
    }));
    assert!(shown.sound_commands().contains(&SoundCommand::Meter(true)));
    assert_ne!(is_muted(&shown), Some(false));
    let shown = shown
        .then(opened(Direction::Capture, "Built-in"))
        .then(level(-31.0, true))
        .shows(
            (80, 24),
            "Join the meeting as Ada (shown as \"Ada (External)\")",
        )
        .shows((80, 24), "Microphone  Built-in")
        .shows((80, 24), "Level       -31 dB, a voice, gate -50 dB")
        .shows((80, 24), "You will join MUTED. Unmute later with Ctrl-T.")
        .shows((80, 24), "This call costs nothing, it is not metered.")
        .shows((80, 24), "s silent, join without sound")
        .forget()
        .press("Enter");
    assert_eq!(joined_with(&shown), Some(Audio::Full));
    assert!(shown.sound_commands().contains(&SoundCommand::Close));
    assert!(shown.state.sound.check.is_none());
}

#[test]
fn each_key_of_the_check_is_also_a_word() {
    for keys in ["s", "s i l e n t Enter"] {
        let shown = checking(Interface::FullScreen).press(keys);
        assert_eq!(joined_with(&shown), Some(Audio::None), "{keys}");
        assert_eq!(shown.state.composer.text(), "", "{keys}");
    }
    for keys in ["t", "t o n e Enter", "/ t o n e Enter"] {
        let shown = checking(Interface::FullScreen).forget().press(keys);
        assert_eq!(shown.sound_commands(), [SoundCommand::Test], "{keys}");
        assert!(shown.state.sound.check.is_some(), "{keys}");
    }
    for keys in ["d", "d e v i c e s Enter", "/ d e v i c e s Enter"] {
        let shown = checking(Interface::FullScreen).press(keys);
        let list = matches!(shown.state.focus.overlay, Some(Overlay::Devices { .. }));
        assert!(list, "{keys}");
    }
    for keys in ["q", "l e a v e Enter"] {
        let shown = checking(Interface::FullScreen).press(keys);
        assert!(shown.state.quitting, "{keys}");
    }
    let shown = checking(Interface::FullScreen).press("j o i n Enter");
    assert_eq!(joined_with(&shown), Some(Audio::Full));
    let shown = checking(Interface::FullScreen).line("/join listen");
    assert_eq!(joined_with(&shown), Some(Audio::Listen));
}

#[test]
fn the_check_asks_in_lines_and_is_answered_in_lines() {
    let shown = checking(Interface::Linear);
    assert_eq!(
        shown.lines[0].text,
        "Sound check. Join the meeting as Ada (shown as \"Ada (External)\").\n\
         Microphone: Built-in.\n\
         Speaker: Speakers.\n\
         You will join MUTED. Unmute later with /mute.\n\
         This call costs nothing, it is not metered.\n\
         Type join, silent to join without sound, tone, devices, meter for the level, or quit."
    );
    let shown = shown
        .then(level(-31.0, false))
        .forget()
        .line("meter")
        .transcript(["Microphone -31 dB, no voice. Quieter than -50 dB is not taken for a voice."])
        .line("/devices input 2")
        .transcript_ends("Microphone: USB headset.");
    assert!(shown.sound_commands().contains(&SoundCommand::Choose {
        direction: Direction::Capture,
        choice: Choice::Named("USB headset".to_owned()),
    }));
    let shown = shown.line("join");
    assert_eq!(joined_with(&shown), Some(Audio::Full));
    // A letter alone decides nothing by itself there: it is typed, and Enter sends it.
    let shown = checking(Interface::Linear).press("s");
    assert_eq!(joined_with(&shown), None);
}

#[test]
fn without_sound_the_call_is_joined_at_once_and_that_is_said_in_one_line() {
    for interface in [Interface::FullScreen, Interface::Linear] {
        let asked = alone(in_view(interface)).sounding().begin(meeting());
        let shown = asked.then(unavailable()).after(0.1);
        assert_eq!(joined_with(&shown), Some(Audio::None));
        shown
            .transcript([
                "Call: no sound here, no sound server answers. You can read, write and turn /captions on.",
            ])
            .then(state(CallState::Connected))
            .status("no sound");
    }
}

#[test]
fn a_sound_side_that_does_not_answer_holds_nobody_up() {
    let asked = alone(Settings::default()).sounding().begin(meeting());
    let shown = asked.after(1.9);
    assert_eq!(joined_with(&shown), None);
    assert_eq!(joined_with(&shown.after(0.2)), Some(Audio::None));
}

#[test]
fn the_check_can_be_left_out() {
    let shown = alone(unchecked()).sounding().begin(meeting());
    assert_eq!(joined_with(&shown), Some(Audio::Full));
    let silent = Settings {
        sound: Sound {
            audio: Audio::None,
            ..Sound::default()
        },
        ..Settings::default()
    };
    let shown = alone(silent).sounding().begin(meeting());
    assert_eq!(joined_with(&shown), Some(Audio::None));
}

#[test]
fn who_has_no_microphone_listens() {
    let asked = alone(Settings::default()).sounding().begin(meeting());
    let none = sound(SoundEvent::Devices {
        capture: Vec::new(),
        playback: vec![device("Speakers", true)],
    });
    let shown = asked
        .then(none)
        .shows((80, 24), "Microphone  none found")
        .press("Enter");
    assert_eq!(joined_with(&shown), Some(Audio::Listen));
    shown
        .then(state(CallState::Connected))
        .status("listen only")
        .press("Ctrl-T")
        .transcript_ends("you joined to listen, /leave and /join joins with your microphone");
}

#[test]
fn without_motion_the_level_is_said_and_not_drawn() {
    let settings = Settings {
        motion: Motion::Off,
        ..Settings::default()
    };
    let asked = alone(settings).sounding().begin(meeting());
    let shown = asked.then(devices()).then(level(-31.0, true));
    let shown = shown.no_status("-31 dB").press("m");
    shown.transcript([
        "Microphone -31 dB, a voice is heard. Quieter than -50 dB is not taken for a voice.",
    ]);
}

#[test]
fn the_microphone_opens_when_the_service_says_so_and_closes_when_we_do() {
    let begun = alone(unchecked()).sounding().dialled();
    assert_ne!(is_muted(&begun), Some(false));
    let joined = alone(unchecked()).sounding().connected().then(devices());
    let asked = joined.forget().press("Ctrl-T");
    assert_eq!(is_muted(&asked), None);
    let open = asked.then(muted(false));
    assert_eq!(is_muted(&open), Some(false));
    // Muting is not a matter of anybody's answer.
    let closed = open.forget().press("Ctrl-T");
    assert_eq!(is_muted(&closed), Some(true));
    assert_eq!(closed.call_commands(), [CallCommand::Mute(true)]);
    // An old state that overtakes the answer opens nothing, and mutes again.
    let still = closed.forget().then(muted(false));
    assert_eq!(is_muted(&still), None);
    assert_eq!(still.call_commands(), [CallCommand::Mute(true)]);
}

#[test]
fn nothing_is_captured_on_hold_before_consent_in_the_lobby_or_after_the_end() {
    let hold = live(unchecked()).then(state(CallState::LocalHold));
    assert_eq!(is_muted(&hold), Some(true));
    let asked = live(unchecked()).then(call(CallEvent::ConsentRequired(true)));
    assert_eq!(is_muted(&asked), Some(true));
    let by_other = live(unchecked()).then(call(CallEvent::Muted {
        muted: true,
        by: Some(person("Carol")),
    }));
    assert_eq!(is_muted(&by_other), Some(true));
    let ended = live(unchecked()).then(crate::call::ended(0, 0));
    assert_eq!(is_muted(&ended), Some(true));
    assert!(ended.sound_commands().contains(&SoundCommand::Close));
    let lobby = alone(unchecked())
        .sounding()
        .dialled()
        .then(devices())
        .then(state(CallState::InLobby))
        .then(muted(false));
    assert_ne!(is_muted(&lobby), Some(false));
}

#[test]
fn devices_are_open_only_while_they_are_needed() {
    let joined = alone(unchecked())
        .sounding()
        .begin(meeting())
        .then(devices());
    let opens = |s: &Script| {
        s.sound_commands()
            .iter()
            .any(|c| matches!(c, SoundCommand::Open { .. }))
    };
    assert!(!opens(&joined));
    let inside = joined.then(state(CallState::Connected));
    assert!(opens(&inside));
}

#[test]
fn what_becomes_of_devices_is_said() {
    live(unchecked())
        .then(opened(Direction::Capture, "USB headset"))
        .then(sound(SoundEvent::Lost {
            direction: Direction::Capture,
            device: "USB headset".to_owned(),
        }))
        .bells(1)
        .then(opened(Direction::Capture, "Built-in"))
        .after(3.0)
        .transcript([
            "Call: microphone lost.",
            "Call: microphone is now Built-in.",
        ]);
    let mut settings = unchecked();
    settings.set("microphone", "USB headset").unwrap();
    for interface in [Interface::FullScreen, Interface::Linear] {
        let settings = Settings {
            interface,
            ..settings.clone()
        };
        let missing = instead(Direction::Capture, "Built-in", Some("USB headset"));
        let shown = live(settings).then(missing).after(3.0);
        assert_eq!(
            shown.lines.last().unwrap().text,
            "Call: microphone is now Built-in, as USB headset is not here."
        );
        let words = sidetone::view::phrase::device(&shown.state, Direction::Capture);
        assert_eq!(words, "Built-in, as USB headset is not here");
        let shown = shown.then(opened(Direction::Capture, "USB headset"));
        let shown = shown.after(3.0);
        assert_eq!(
            shown.lines.last().unwrap().text,
            "Call: microphone is now USB headset."
        );
        let words = sidetone::view::phrase::device(&shown.state, Direction::Capture);
        assert_eq!(words, "USB headset");
    }
    let failed = sound(SoundEvent::Failed {
        direction: Direction::Playback,
        failure: Failure {
            doing: Doing::OpeningSpeaker,
            because: Because::Local {
                detail: "it is in use by another program".to_owned(),
            },
            remedy: Remedy::None,
        },
    });
    let shown = live(unchecked()).then(failed);
    assert_eq!(shown.lines[0].class, Class::Assertive);
    shown.transcript(["Error: could not open the speaker: it is in use by another program."]);
}

#[test]
fn devices_are_listed_and_taken_by_number_name_or_not_at_all() {
    linear()
        .line("/devices")
        .transcript(["There is no sound on this machine."]);
    let shown = alone(in_view(Interface::Linear))
        .sounding()
        .begin(meeting())
        .then(devices())
        .forget()
        .line("/devices")
        .then(devices());
    let shown = shown.transcript(["Microphone: Built-in. All: 1 Built-in, 2 USB headset.\n\
         Speaker: Speakers. All: 1 Speakers, 2 USB headset.\n\
         /devices input or /devices output with a name, a number, default or none takes another."]);
    let shown = shown
        .line("/devices output usb")
        .line("/devices input none");
    assert_eq!(shown.state.settings.sound.speaker.word(), "USB headset");
    assert_eq!(shown.state.settings.sound.microphone, Choice::None);
    let remembers = |e: &Effect| matches!(e, Effect::Remember { key, .. } if key == "speaker");
    assert!(shown.effects.iter().any(remembers));
    shown
        .line("/devices output nonsense")
        .transcript_ends("could not take that device: it does not exist, or no longer");
}

#[test]
fn a_device_is_chosen_from_the_list() {
    let shown = live(unchecked()).line("/devices");
    let shown = shown
        .shows((60, 20), "> Microphone: default, Built-in, chosen")
        .then(opened(Direction::Capture, "Built-in"))
        .shows((60, 20), "> Microphone: default, Built-in, in use")
        .press("Down Down Enter");
    let chosen = Choice::Named("USB headset".to_owned());
    assert_eq!(shown.state.settings.sound.microphone, chosen);
    assert_eq!(shown.state.focus.overlay, None);
    shown.transcript(["Microphone: USB headset."]);
}

#[test]
fn deafen_is_told_to_both_sides_and_shown() {
    let shown = live(unchecked()).line("/deafen");
    assert_eq!(shown.call_commands(), [CallCommand::Deafen(true)]);
    assert_eq!(shown.sound_commands(), [SoundCommand::Deafen(true)]);
    let shown = shown
        .transcript(["Deafened, you hear nothing. /deafen undoes it."])
        .shows((80, 20), "deafened")
        .line("/deafen off");
    assert_eq!(
        shown.call_commands(),
        [CallCommand::Deafen(true), CallCommand::Deafen(false)]
    );
}

#[test]
fn volumes_are_set_for_all_or_one_and_remembered() {
    let shown = live(unchecked())
        .line("/volume 80")
        .line("/volume bob 150 %")
        .line("/volume bob")
        .transcript([
            "Volume 80 %.",
            "Volume of Bob: 150 %.",
            "Volume of Bob: 150 %.",
        ]);
    assert_eq!(shown.sound_commands(), [SoundCommand::Volume(80)]);
    let louder = CallCommand::Volume {
        person: person("Bob").id,
        percent: 150,
    };
    assert_eq!(shown.call_commands(), std::slice::from_ref(&louder));
    let remembered = |e: &Effect| matches!(e, Effect::Remember { key, value } if key == "volumes.Bob" && value == "150");
    assert!(shown.effects.iter().any(remembered));
    // In the next meeting it is as loud again, from the first moment.
    let mut settings = unchecked();
    settings.set("volumes.Bob", "150").unwrap();
    let again = alone(settings)
        .sounding()
        .dialled()
        .then(state(CallState::Connected))
        .then(call(CallEvent::Roster(vec![entry("Bob")])));
    assert!(again.call_commands().contains(&louder));
}

#[test]
fn the_roster_says_who_hears_who_talks_and_how_loud() {
    let mut bob = entry("Bob");
    (bob.muted, bob.talking) = (false, true);
    let mut carol = entry("Carol");
    (carol.audio, carol.deafened) = (Audio::Listen, true);
    let levels = vec![(person("Bob").id, Level::from_dbfs(-23.0))];
    let shown = live(unchecked())
        .then(call(CallEvent::Roster(vec![entry("Ada"), bob, carol])))
        .press("Ctrl-P")
        .then(call(CallEvent::Levels(levels)));
    assert!(shown.call_commands().contains(&CallCommand::Levels(true)));
    let shown = shown
        .shows((80, 20), "Bob, attendee, microphone on, talking -23 dB")
        .shows((80, 20), "Carol, attendee, listens only, deafened")
        .press("Down + +")
        .shows((80, 20), "talking -23 dB, volume 120 %")
        .press("Esc");
    let last = shown.call_commands().pop();
    assert_eq!(last, Some(CallCommand::Levels(false)));
}

#[test]
fn levels_are_asked_for_when_somebody_wants_to_know() {
    let mut alice = entry("Alice");
    (alice.talking, alice.muted) = (true, false);
    let mut bob = entry("Bob");
    bob.muted = false;
    let shown = live(unchecked())
        .then(call(CallEvent::Roster(vec![entry("Ada"), bob, alice])))
        .line("/levels")
        .then(level(-31.0, true))
        .then(sound(SoundEvent::OutputLevel(Level::from_dbfs(-24.0))));
    assert_eq!(shown.call_commands(), [CallCommand::Levels(true)]);
    let levels = vec![(person("Alice").id, Level::from_dbfs(-23.0))];
    let shown = shown
        .transcript([])
        .then(call(CallEvent::Levels(levels)))
        .transcript(["Alice talking -23 dB, Bob quiet, you -31 dB, played -24 dB."]);
    assert_eq!(
        shown.call_commands(),
        [CallCommand::Levels(true), CallCommand::Levels(false)]
    );
    // A service that does not tell is not waited for.
    let shown = live(unchecked()).line("/levels").after(1.1);
    shown.transcript(["Alice muted, Bob muted."]);
}

pub(crate) fn measured(lost: f32, round_trip: u64) -> Event {
    call(CallEvent::Statistics(Statistics {
        round_trip: Some(Duration::from_millis(round_trip)),
        lost_in: Some(lost),
        lost_out: Some(0.0),
        jitter: Some(Duration::from_millis(3)),
        level_out: Some(Level::from_dbfs(-31.0)),
        codec: "Opus".to_owned(),
        bitrate_out: Some(32_000),
        transport: "UDP".to_owned(),
        ..Statistics::default()
    }))
}

#[test]
fn quality_is_words_from_figures() {
    let media = |state| {
        call(CallEvent::Media {
            state,
            reason: None,
        })
    };
    let shown = live(unchecked())
        .then(media(MediaState::Connected))
        .then(measured(0.2, 20))
        .shows((80, 20), "good")
        .then(measured(8.2, 20))
        .shows((80, 20), "poor: 8 % lost")
        // A point more or less is no reason to write the line again.
        .then(measured(9.4, 20))
        .shows((80, 20), "poor: 8 % lost")
        .then(measured(12.0, 20))
        .shows((80, 20), "poor: 12 % lost")
        .then(measured(0.0, 620))
        .shows((80, 20), "poor: 0.6 s delay")
        .line("/stats")
        .transcript([
            "Round trip 620 ms, lost 0.0 % in, lost 0.0 % out, jitter 3 ms, microphone -31 dB, \
             Opus, 32 kbit/s out, over UDP.",
        ])
        .forget()
        .then(media(MediaState::Reconnecting))
        .shows((80, 20), "bad: reconnecting")
        .then(media(MediaState::Connected))
        .after(5.0);
    shown.transcript([
        "Call: the sound is interrupted, reconnecting.",
        "Call: the sound is back.",
    ]);
}

#[test]
fn sound_that_goes_by_the_browser_needs_no_device_of_ours_and_obeys_mute_alone() {
    let by_browser = || call(CallEvent::BySystem(BySystem::Refused(refusal(false))));
    let said = "Call: raw sound was refused (the service does not support it), and the meeting is joined once more. The \
                browser uses the system's default microphone and speaker itself: levels, noise suppression, the choice \
                of devices and push to talk do not apply, /mute does.";
    let shown = live(unchecked()).forget().then(by_browser()).after(5.0);
    assert!(!shown.state.sound_wanted().capture && !shown.state.sound_wanted().playback);
    shown.transcript([said]);
    // A microphone that the key cannot close is not opened.
    live(talking_by(PushToTalk::Hold))
        .then(by_browser())
        .then(muted(true))
        .line("/unmute")
        .transcript_ends(
            "push to talk does not reach the browser, which captures by itself; /ptt off, then /unmute.",
        );
}

fn refusal(lasts: bool) -> RawRefusal {
    RawRefusal {
        reason: "the service does not support it".to_owned(),
        lasts,
    }
}

fn remembered(shown: &Script) -> Vec<&str> {
    let remembers = shown.effects.iter().filter_map(|effect| match effect {
        Effect::Remember { key, value } if key == "audio_mode" => Some(value.as_str()),
        _ => None,
    });
    remembers.collect()
}

#[test]
fn a_refusal_of_the_vendor_is_remembered_said_and_undone() {
    const KEPT: &str = "Calls begin so from now on: audio_mode system is remembered, and /set audio_mode raw undoes it.";
    let by_browser = || call(CallEvent::BySystem(BySystem::Refused(refusal(true))));
    let shown = live(unchecked()).forget().then(by_browser()).after(5.0);
    assert_eq!(remembered(&shown), ["system"]);
    let shown = shown
        .transcript_ends(KEPT)
        .then(by_browser())
        .after(30.0)
        .transcript_ends("/mute does.");
    assert_eq!(remembered(&shown), ["system"], "once");
    let shown = shown.line("/set audio_mode raw");
    assert_eq!(remembered(&shown), ["system", "raw"]);
    // With somebody it is the next call that has sound.
    let refused = call(CallEvent::RawRefused(refusal(true)));
    let shown = live(unchecked()).forget().then(refused);
    assert_eq!(remembered(&shown), ["system"]);
    shown
        .transcript_ends("this call is without sound")
        .transcript_ends("the next call uses the system's devices from its start")
        .transcript_ends(KEPT);
    let once = live(unchecked())
        .forget()
        .then(call(CallEvent::RawRefused(refusal(false))));
    assert_eq!(remembered(&once), [""; 0]);
    once.transcript_ends("/leave and call again tries it anew.");
}

#[test]
fn how_calls_get_their_sound_is_chosen_before_they_begin() {
    let mode = |shown: &Script| {
        let joins = shown.call_commands().into_iter();
        let mut modes = joins.filter_map(|command| match command {
            CallCommand::Join { mode, .. } => Some(mode),
            _ => None,
        });
        modes.next_back()
    };
    assert_eq!(mode(&alone(unchecked()).dialled()), Some(AudioMode::Raw));
    let mut settings = unchecked();
    settings.set("audio_mode", "system").unwrap();
    assert_eq!(mode(&alone(settings).dialled()), Some(AudioMode::System));
}

#[test]
fn a_call_that_a_talk_key_cannot_close_is_not_opened_when_somebody_answers() {
    let mut settings = talking_by(PushToTalk::Hold);
    settings.set("audio_mode", "system").unwrap();
    let shown = alone(settings).begin(Locator::Person("4:+14255550123".to_owned()));
    let shown = shown.then(call(CallEvent::BySystem(BySystem::Chosen)));
    let last = shown.call_commands().pop();
    assert_eq!(last, Some(CallCommand::Mute(true)));
}

#[test]
fn stats_say_why_there_are_none() {
    let refused = call(CallEvent::Media {
        state: MediaState::None,
        reason: Some("FeatureNotSupported".to_owned()),
    });
    live(unchecked())
        .then(refused)
        .line("/stats")
        .transcript(["No sound is carried in this call, the service does not support it."]);
}

#[test]
fn speaking_while_muted_is_said_once_in_half_a_minute() {
    let speak = || sound(SoundEvent::SpeakingWhileMuted);
    let shown = live(unchecked()).then(muted(true)).after(3.0).forget();
    shown
        .then(speak())
        .after(10.0)
        .then(speak())
        .after(5.0)
        .transcript(["Call: you are speaking while muted. /mute switches your microphone on."])
        .after(16.0)
        .then(speak())
        .after(5.0)
        .transcript(["Call: you are speaking while muted. /mute switches your microphone on."; 2]);
}

pub(crate) fn released() -> Event {
    Event::Terminal(TerminalEvent::Released(key("Space")))
}

fn tells_releases() -> Event {
    Event::Terminal(TerminalEvent::TellsReleases(true))
}

#[test]
fn a_held_space_talks_and_letting_it_go_ends_it() {
    let shown = live(talking_by(PushToTalk::Hold))
        .then(tells_releases())
        .shows((80, 20), "hold Space to talk");
    let shown = shown.press("Space");
    assert_eq!(is_muted(&shown), Some(false));
    let shown = shown
        .shows((80, 20), "LIVE")
        .press("Space Space")
        .then(released());
    assert_eq!(is_muted(&shown), Some(true));
    assert_eq!(shown.call_commands(), []);
    assert_eq!(shown.state.composer.text(), "");
    shown.transcript([]).shows((80, 20), "hold Space to talk");
}

#[test]
fn who_is_muted_is_unmuted_for_as_long_as_the_key_is_held_and_nothing_is_said() {
    let shown = live(talking_by(PushToTalk::Hold))
        .then(muted(true))
        .after(3.0)
        .forget()
        .then(tells_releases())
        .press("Space");
    assert_eq!(shown.call_commands(), [CallCommand::Mute(false)]);
    assert_eq!(is_muted(&shown), None);
    let shown = shown.then(muted(false));
    assert_eq!(is_muted(&shown), Some(false));
    let shown = shown.then(released());
    assert_eq!(is_muted(&shown), Some(true));
    assert_eq!(shown.call_commands().last(), Some(&CallCommand::Mute(true)));
    shown.then(muted(true)).after(3.0).transcript([]);
}

#[test]
fn a_space_in_a_message_is_a_space() {
    let shown = live(talking_by(PushToTalk::Hold))
        .typed("yes,")
        .press("Space");
    assert_eq!(shown.state.composer.text(), "yes, ");
    assert_eq!(is_muted(&shown), None);
    let palette = live(talking_by(PushToTalk::Hold)).press("Ctrl-O Space");
    assert_eq!(is_muted(&palette), None);
    let off = live(unchecked()).press("Space");
    assert_eq!(off.state.composer.text(), " ");
}

#[test]
fn a_key_that_is_not_heard_any_more_leaves_no_microphone_open() {
    let held = || {
        live(talking_by(PushToTalk::Hold))
            .then(tells_releases())
            .press("Space")
    };
    let lost = held().after(14.9);
    assert_eq!(is_muted(&lost), Some(false));
    let lost = lost.after(0.2);
    assert_eq!(is_muted(&lost), Some(true));
    lost.transcript(["Call: your microphone was closed, nothing more was heard of the talk key."]);
    let elsewhere = held().then(Event::Terminal(TerminalEvent::Focused(false)));
    assert_eq!(is_muted(&elsewhere), Some(true));
}

#[test]
fn where_no_release_is_told_the_end_of_the_repeats_ends_the_talk() {
    let shown = live(talking_by(PushToTalk::Hold)).press("Space").after(0.5);
    let shown = shown.press("Space").after(0.1).press("Space").after(0.3);
    assert_eq!(is_muted(&shown), Some(false));
    let shown = shown.after(0.1);
    assert_eq!(is_muted(&shown), Some(true));
    shown.transcript([]);
}

#[test]
fn space_toggles_where_that_was_chosen() {
    let shown = live(talking_by(PushToTalk::Toggle)).shows((80, 20), "Space to talk and to stop");
    let shown = shown.press("Space").after(3.0);
    assert_eq!(is_muted(&shown), Some(false));
    let shown = shown.press("Space");
    assert_eq!(is_muted(&shown), Some(true));
}

#[test]
fn a_talk_that_is_not_allowed_is_refused_in_words() {
    let shown = live(talking_by(PushToTalk::Hold))
        .then(call(CallEvent::ConsentRequired(true)))
        .after(5.0)
        .forget()
        .press("Space");
    assert_eq!(shown.call_commands(), []);
    shown.transcript_ends("Error: /talk is not possible, recording needs your consent first");
}

#[test]
fn status_and_its_command_say_how_talking_works() {
    let shown = live(talking_by(PushToTalk::Hold))
        .line("/status")
        .transcript_ends(
            "microphone closed until you talk, push to talk by holding Space, it ends when the key \
             no longer repeats",
        )
        .then(tells_releases())
        .line("/status")
        .transcript_ends("push to talk by holding Space, letting it go ends it")
        .line("/ptt off")
        .transcript_ends("Push to talk is off.");
    let remembered =
        |e: &Effect| matches!(e, Effect::Remember { key, .. } if key == "push_to_talk");
    assert!(shown.effects.iter().any(remembered));
}

#[test]
fn nothing_needs_a_held_key() {
    let settings = Settings {
        interface: Interface::Linear,
        ..talking_by(PushToTalk::Hold)
    };
    let shown = live(settings).press("Space");
    assert_eq!(shown.state.composer.text(), " ");
    let shown = shown.press("Backspace").line("/talk");
    assert_eq!(is_muted(&shown), Some(false));
    let shown = shown.transcript(["Microphone open."]).line("/talk off");
    assert_eq!(is_muted(&shown), Some(true));
    shown.transcript(["Microphone open.", "Microphone closed."]);
    // Without push to talk it is the same as muting.
    let shown = live(unchecked()).line("/talk off").line("/talk on");
    assert_eq!(
        shown.call_commands(),
        [CallCommand::Mute(true), CallCommand::Mute(false)]
    );
}

#[test]
fn muting_ends_a_talk() {
    let shown = live(talking_by(PushToTalk::Toggle))
        .press("Space")
        .press("Ctrl-T");
    assert_eq!(is_muted(&shown), Some(true));
    assert_eq!(shown.call_commands(), [CallCommand::Mute(true)]);
}

#[test]
fn that_there_is_no_sound_is_said_once_whoever_finds_it_out() {
    let shown = alone(Settings::default())
        .sounding()
        .begin(meeting())
        .after(3.0)
        .then(sound(SoundEvent::Unavailable {
            reason: "the sound server does not answer".to_owned(),
        }))
        .after(20.0);
    let told = shown
        .lines
        .iter()
        .filter(|l| l.text.contains("no sound here"));
    assert_eq!(told.count(), 1);
}

#[test]
fn to_fall_silent_needs_no_service() {
    let lost = || live(unchecked()).then(call(CallEvent::SignallingLost { at: at(70.0) }));
    for shown in [
        lost().line("/mute"),
        lost().press("Ctrl-T"),
        lost().line("/talk off"),
    ] {
        assert_eq!(is_muted(&shown), Some(true));
        assert_eq!(shown.call_commands(), [CallCommand::Mute(true)]);
        assert!(shown.state.call().is_some_and(|c| c.muted));
        // The service never heard of it: it is told again, and nobody is told that we are heard.
        let shown = shown
            .then(call(CallEvent::SignallingBack { at: at(72.0) }))
            .then(muted(false));
        assert_eq!(shown.call_commands().len(), 2);
        assert_eq!(is_muted(&shown), Some(true));
        assert!(shown.state.call().is_some_and(|c| c.muted));
        // To be heard again needs the service.
        assert_eq!(is_muted(&shown.then(muted(true))), Some(true));
    }
    let deaf = lost().line("/deafen");
    assert!(deaf.sound_commands().contains(&SoundCommand::Deafen(true)));
}

#[test]
fn who_is_unmuted_and_talks_by_key_is_not_told_that_they_are_heard() {
    for (interface, words) in [
        (
            Interface::FullScreen,
            "Unmuted, and heard while you hold Space: push to talk is on.",
        ),
        (
            Interface::Linear,
            "Unmuted, and not heard yet: push to talk is on, /talk begins and ends.",
        ),
    ] {
        let mut settings = talking_by(PushToTalk::Hold);
        settings.interface = interface;
        let shown = live(settings).then(muted(true)).line("/unmute").forget();
        told(shown.then(muted(false)), words);
    }
}

#[test]
fn whoever_joins_with_push_to_talk_is_told_what_talks() {
    let mut settings = talking_by(PushToTalk::Hold);
    settings.interface = Interface::Linear;
    let shown = alone(settings)
        .sounding()
        .dialled()
        .then(state(CallState::Connected))
        .after(5.0);
    let words = "Push to talk by holding Space, it ends when the key no longer repeats. In this view /talk begins and ends.";
    told(shown, words);
}

#[test]
fn push_to_talk_that_is_switched_off_in_mid_talk_closes_the_microphone_at_once() {
    let shown = live(talking_by(PushToTalk::Toggle))
        .then(muted(true))
        .line("/talk on")
        .then(muted(false));
    assert_eq!(is_muted(&shown), Some(false));
    assert_eq!(is_muted(&shown.line("/ptt off")), Some(true));
}

#[test]
fn whoever_switches_push_to_talk_off_is_muted_and_not_suddenly_heard() {
    for line in ["/ptt off", "/set push_to_talk off"] {
        let shown = live(talking_by(PushToTalk::Hold)).forget().line(line);
        assert_eq!(is_muted(&shown), None, "it was closed and stays so");
        assert_eq!(shown.call_commands(), [CallCommand::Mute(true)]);
        let shown = shown.then(muted(true));
        shown
            .shows((80, 20), "muted (Ctrl-T)")
            .transcript_ends("Muted.");
    }
}

#[test]
fn what_is_captured_and_played_moves_over_the_people_and_the_devices() {
    for line in ["/roster", "/devices"] {
        let open = live(unchecked()).line(line);
        assert!(open.sound_commands().contains(&SoundCommand::Meter(true)));
        let shown = open
            .then(level(-30.0, true))
            .then(sound(SoundEvent::OutputLevel(Level::from_dbfs(-24.0))))
            .shows(
                (80, 20),
                "Level       -30 dB, a voice, gate -50 dB  ████|██",
            )
            .shows((80, 20), "Played      -24 dB  ████████");
        let shown = shown.press("Esc").line(line);
        assert!(shown.state.sound.meter.is_none(), "nothing old is shown");
    }
    let mut still = unchecked();
    still.motion = Motion::Off;
    let shown = live(still).line("/roster").then(level(-30.0, true));
    assert!(!shown.sound_commands().contains(&SoundCommand::Meter(true)));
}

#[test]
fn nobody_else_switches_our_microphone_on() {
    let by = |name: Option<&str>, muted| {
        call(CallEvent::Muted {
            muted,
            by: name.map(person),
        })
    };
    let joined = || {
        alone(unchecked())
            .sounding()
            .connected()
            .then(devices())
            .quietly()
    };
    let is_told_off = |shown: Script| {
        assert_eq!(is_muted(&shown), None, "it was closed and stays so");
        assert_eq!(shown.call_commands(), [CallCommand::Mute(true)]);
        shown.shows((80, 20), "muted (Ctrl-T)").transcript([]);
    };
    is_told_off(joined().then(by(None, false)));
    is_told_off(joined().then(by(Some("Carol"), false)));
    // Nor after somebody else has switched it off.
    let silenced = live(unchecked()).then(by(Some("Carol"), true)).forget();
    is_told_off(silenced.then(by(Some("Carol"), false)));
    let back = live(unchecked()).then(by(Some("Carol"), true)).forget();
    let back = back.line("/unmute").then(by(None, false));
    assert_eq!(is_muted(&back), Some(false));
}

#[test]
fn who_asks_for_what_is_so_already_is_told_so() {
    for interface in [Interface::FullScreen, Interface::Linear] {
        let settings = Settings {
            interface,
            ..unchecked()
        };
        let shown = live(settings)
            .line("/unmute")
            .transcript(["Microphone on."])
            .then(state(CallState::LocalHold))
            .after(3.0)
            .shows((80, 20), "On hold, nobody hears you · /resume")
            .forget()
            .line("/hold");
        assert_eq!(shown.call_commands(), []);
        shown.transcript(["Call: on hold. /resume takes it off hold."]);
    }
}

#[test]
fn a_microphone_that_is_lost_is_not_called_live() {
    let lost = |direction, device: &str| {
        sound(SoundEvent::Lost {
            direction,
            device: device.to_owned(),
        })
    };
    let shown = live(unchecked())
        .then(opened(Direction::Capture, "Built-in"))
        .shows((80, 20), "LIVE")
        .then(lost(Direction::Capture, "Built-in"))
        .shows((80, 20), "microphone lost")
        .line("/devices")
        .shows((80, 20), "Microphone: default, Built-in, lost")
        .then(opened(Direction::Capture, "USB headset"))
        .shows((80, 20), "Microphone: default, USB headset, in use")
        .press("Esc");
    shown
        .shows((80, 20), "LIVE")
        .then(lost(Direction::Playback, "Speakers"))
        .shows((80, 20), "LIVE");
}

#[test]
fn devices_that_came_meanwhile_are_listed_when_somebody_looks() {
    let more = || {
        sound(SoundEvent::Devices {
            capture: vec![device("Desk", false), device("Built-in", true)],
            playback: vec![device("Speakers", true)],
        })
    };
    let linear = Settings {
        interface: Interface::Linear,
        ..unchecked()
    };
    let shown = live(linear).line("/devices");
    assert_eq!(shown.sound_commands(), [SoundCommand::List]);
    shown
        .transcript([])
        .then(more())
        .transcript_ends("All: 1 Desk, 2 Built-in.\nSpeaker: Speakers. All: 1 Speakers.\n/devices input or /devices output with a name, a number, default or none takes another.")
        .forget()
        .line("/devices")
        .after(1.0)
        .transcript_ends("takes another.");
    // What is being chosen stays it.
    let shown = live(unchecked()).line("/devices").press("Down");
    let shown = shown.shows((80, 20), "> Microphone: Built-in").then(more());
    shown.shows((80, 20), "> Microphone: Built-in");
}

#[test]
fn what_is_said_while_a_list_is_open_is_seen_below_it() {
    for size in [(80, 20), (40, 10)] {
        let shown = live(unchecked())
            .line("/can")
            .line("/volume")
            .shows(size, "Volume 100 %.")
            .shows(size, "What you can do here")
            .then(sound(SoundEvent::Lost {
                direction: Direction::Capture,
                device: "USB headset".to_owned(),
            }));
        shown.shows(size, "Call: microphone lost.");
    }
}

#[test]
fn the_status_says_since_when() {
    let info = sidetone::model::call::CallInfo {
        thread: Some(crate::play::thread()),
        topic: "design".to_owned(),
        started: Some(at(-300.0)),
    };
    script()
        .connected()
        .then(call(CallEvent::Info(info)))
        .line("/status")
        .transcript_ends("you are in it since 10:02, the meeting began at 09:57");
    let settings = Settings::default();
    with(settings)
        .line("/levels")
        .transcript(["Error: /levels is not possible, you are not in the call."]);
}

#[test]
fn nobody_is_asked_where_nobody_sits() {
    let mut script = alone(Settings::default()).sounding();
    script.state.without_terminal(Source::Nobody);
    let joined = script.begin(meeting());
    assert_eq!(joined_with(&joined), Some(Audio::Full));
    joined.then(devices()).transcript([]);
}

#[test]
fn how_we_want_to_hear_is_told_again_in_the_next_call_and_on_another_line() {
    let mut settings = unchecked();
    settings.set("volumes.Bob", "150").unwrap();
    let louder = CallCommand::Volume {
        person: person("Bob").id,
        percent: 150,
    };
    let live = live(settings).line("/deafen on").forget();
    let noon = at(20.0);
    let back = live
        .then(call(CallEvent::SignallingLost { at: noon }))
        .then(call(CallEvent::SignallingBack { at: noon }));
    assert_eq!(back.call_commands(), [louder]);
    let left = back.forget().then(state(CallState::Disconnected));
    let again = left.dialled().then(state(CallState::Connected));
    assert!(again.call_commands().contains(&CallCommand::Deafen(true)));
}

fn cues(script: &Script) -> Vec<Cue> {
    let commands = script.sound_commands().into_iter();
    commands
        .filter_map(|command| match command {
            SoundCommand::Cue(cue) => Some(cue),
            _ => None,
        })
        .collect()
}

fn said(script: &Script, words: &str) -> bool {
    script.lines.iter().any(|line| line.text.contains(words))
}

/// Everything that has a sound, one after the other.
fn eventful(shown: Script) -> Script {
    shown
        .then(call(CallEvent::RosterChanged(entry("Carol"))))
        .after(5.0)
        .then(call(CallEvent::RosterLeft(person("Carol").id)))
        .after(5.0)
        .then(muted(true))
        .then(muted(false))
        .then(notice(NoticeKind::Recording, true))
        .after(70.0)
        .then(notice(NoticeKind::Recording, false))
        .after(5.0)
}

#[test]
fn who_comes_and_goes_mutes_and_notices_have_their_sounds_beside_their_words() {
    for interface in [Interface::FullScreen, Interface::Linear] {
        let settings = Settings {
            interface,
            ..unchecked()
        };
        let shown = eventful(live(settings));
        // A notice that is said again was heard before.
        assert!(said(&shown, "Again: "));
        assert_eq!(
            cues(&shown),
            [
                Cue::Joined,
                Cue::Left,
                Cue::Muted,
                Cue::Unmuted,
                Cue::Notice,
                Cue::NoticeOver
            ]
        );
    }
}

#[test]
fn no_sound_stands_alone_and_none_is_made_where_nobody_wants_it() {
    let mut off = unchecked();
    off.set("earcons", "false").unwrap();
    let mut unsaid = unchecked();
    unsaid.set("announce.join", "off").unwrap();
    let mut silent = unchecked();
    silent.set("audio", "none").unwrap();
    let mut deaf = unchecked();
    deaf.set("speaker", "none").unwrap();
    for settings in [off, silent, deaf] {
        let shown = eventful(live(settings));
        assert_eq!(cues(&shown), []);
        assert!(said(&shown, "recording started"));
    }
    let unsaid = eventful(live(unsaid));
    assert!(!said(&unsaid, "Carol"));
    assert!(
        !cues(&unsaid)
            .iter()
            .any(|c| matches!(c, Cue::Joined | Cue::Left))
    );
}

#[test]
fn each_account_that_calls_has_a_mute_of_its_own() {
    let other = AccountId::new("external:bea");
    let mut shown = live(unchecked());
    let mut second = Call::new(other.clone(), meeting(), "Bea", shown.now());
    second.state = CallState::Connected;
    second.opened = true;
    shown.state.calls.insert(other.clone(), second);
    let mute = |account: &AccountId, muted| SoundCommand::Mute {
        account: account.clone(),
        muted,
    };
    let unmuted = CallEvent::Muted {
        muted: false,
        by: None,
    };
    let shown = shown.then(Event::Call(other.clone(), unmuted));
    assert!(shown.sound_commands().contains(&mute(&other, false)));
    // The key is of the call in front.
    let shown = shown.forget().press("Ctrl-T");
    let front = AccountId::clone(&shown.state.call().unwrap().account);
    assert_ne!(front, other);
    assert_eq!(shown.sound_commands(), [mute(&front, true)]);
    let by_other = CallEvent::Muted {
        muted: true,
        by: Some(person("Carol")),
    };
    let shown = shown.forget().then(Event::Call(other.clone(), by_other));
    assert!(shown.sound_commands().contains(&mute(&other, true)));
    assert!(!shown.sound_commands().contains(&mute(&front, false)));
}
