//! baresip, as the distribution has it: two of it that call each other directly, without a server.

use std::fs;
use std::net::UdpSocket;
use std::path::Path;
use std::process::Child;
use std::process::Command;
use std::process::Stdio;
use std::thread;
use std::time::Duration;

use super::process::Part;
use super::stage::ADA;
use super::stage::BEA;
use super::stage::Devices;
use super::stage::Stage;

pub(super) struct Call {
    people: [Agent; 2],
}

/// One person's, with a home of its own.
struct Agent {
    child: Child,
    _home: tempfile::TempDir,
}

impl Call {
    pub(super) fn begin(stage: &Stage) -> Result<Self, String> {
        let modules = modules().ok_or("not installed")?;
        let ports = [free_port(), free_port()];
        let start = |name, devices: &Devices, port, dial: Option<String>| {
            Agent::start(stage, modules, name, devices, port, dial)
        };
        let bea = start("bea", &BEA, ports[1], None)?;
        // A call that comes before it listens is asked for again only after half a second.
        thread::sleep(Duration::from_millis(500));
        let dial = format!("/dial sip:bea@127.0.0.1:{}", ports[1]);
        let ada = start("ada", &ADA, ports[0], Some(dial))?;
        Ok(Self { people: [ada, bea] })
    }

    pub(super) fn parts(&self) -> Vec<Part> {
        let part = |agent: &Agent| Part {
            process: agent.child.id(),
            people: 1,
        };
        self.people.iter().map(part).collect()
    }
}

impl Agent {
    fn start(
        stage: &Stage,
        modules: &str,
        name: &str,
        devices: &Devices,
        port: u16,
        dial: Option<String>,
    ) -> Result<Self, String> {
        let home = tempfile::tempdir().unwrap();
        let write = |file: &str, text: String| fs::write(home.path().join(file), text).unwrap();
        write("config", config(modules, port));
        write(
            "accounts",
            format!("<sip:{name}@127.0.0.1>;regint=0;answermode=auto;audio_codecs=opus/48000/2\n"),
        );
        write("contacts", String::new());
        // The distribution's package reaches a sound server through ALSA.
        write(
            ".asoundrc",
            format!(
                "pcm.microphone {{ type pulse device \"{}\" }}\npcm.speaker {{ type pulse device \"{}\" }}\n",
                devices.source, devices.sink
            ),
        );
        let mut command = Command::new("baresip");
        command
            .arg("-f")
            .arg(home.path())
            .envs(stage.pulse.environment())
            .env("XDG_RUNTIME_DIR", stage.pulse.folder())
            .env("HOME", home.path())
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        if let Some(dial) = dial {
            command.args(["-e", &dial]);
        }
        let child = command.spawn().map_err(|error| error.to_string())?;
        Ok(Self { child, _home: home })
    }
}

impl Drop for Agent {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Its own defaults, but for what a call over loopback needs.
fn config(modules: &str, port: u16) -> String {
    format!(
        "poll_method epoll\n\
         sip_listen 127.0.0.1:{port}\n\
         audio_player alsa,speaker\n\
         audio_source alsa,microphone\n\
         audio_alert alsa,speaker\n\
         audio_buffer 20-160\n\
         jitter_buffer_delay 5-10\n\
         opus_stereo no\n\
         opus_sprop_stereo no\n\
         opus_bitrate 32000\n\
         opus_inbandfec yes\n\
         module_path {modules}\n\
         module opus.so\n\
         module alsa.so\n\
         module_app account.so\n\
         module_app contact.so\n\
         module_app menu.so\n"
    )
}

fn modules() -> Option<&'static str> {
    let places = ["/usr/lib/baresip/modules", "/usr/local/lib/baresip/modules"];
    places.into_iter().find(|place| Path::new(place).is_dir())
}

fn free_port() -> u16 {
    let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
    socket.local_addr().unwrap().port()
}
