//! Sign-ins in the keyrings of a system: that of a desktop on a bus of its own, and the kernel's.

use std::io::BufRead;
use std::io::BufReader;
use std::io::ErrorKind;
use std::io::Write;
use std::path::Path;
use std::process::Child;
use std::process::Command;
use std::process::Stdio;
use std::thread;
use std::time::Duration;

use super::Place;
use super::everything;
use super::holds;

/// A desktop's keyring, unlocked. Stopped when it goes out of scope.
struct Keyring {
    bus: Child,
    daemon: Child,
    address: String,
}

impl Keyring {
    /// `None` where no such programs are installed.
    fn start(home: &Path) -> Option<Self> {
        let arguments = ["--session", "--nofork", "--nopidfile", "--print-address=1"];
        let mut bus = Command::new("dbus-daemon");
        bus.args(arguments)
            .stdout(Stdio::piped())
            .stderr(Stdio::null());
        let mut bus = started(bus)?;
        let mut address = String::new();
        let said = bus.stdout.take().unwrap();
        BufReader::new(said).read_line(&mut address).unwrap();
        let address = address.trim().to_owned();
        let mut daemon = Command::new("gnome-keyring-daemon");
        daemon
            .args(["--foreground", "--unlock", "--components=secrets"])
            .env("DBUS_SESSION_BUS_ADDRESS", &address)
            .env("HOME", home)
            .env("XDG_DATA_HOME", home.join("keyrings"))
            .env("XDG_RUNTIME_DIR", home)
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        let Some(mut daemon) = started(daemon) else {
            bus.kill().unwrap();
            bus.wait().unwrap();
            return None;
        };
        daemon.stdin.take().unwrap().write_all(b"open").unwrap();
        let keyring = Self {
            bus,
            daemon,
            address,
        };
        let came = (0..400).any(|_| {
            thread::sleep(Duration::from_millis(50));
            keyring.answers()
        });
        assert!(came, "no keyring came");
        Some(keyring)
    }

    fn answers(&self) -> bool {
        let asked = Command::new("dbus-send")
            .arg(format!("--bus={}", self.address))
            .args(["--print-reply", "--dest=org.freedesktop.DBus", "/"])
            .arg("org.freedesktop.DBus.GetNameOwner")
            .arg("string:org.freedesktop.secrets")
            .output();
        asked.is_ok_and(|told| told.status.success())
    }

    fn variables(&self) -> [(&str, &str); 2] {
        [
            ("DBUS_SESSION_BUS_ADDRESS", &self.address),
            ("SIDETONE_SECRETS", "keyring"),
        ]
    }
}

impl Drop for Keyring {
    fn drop(&mut self) {
        for child in [&mut self.daemon, &mut self.bus] {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

fn started(mut program: Command) -> Option<Child> {
    match program.spawn() {
        Ok(child) => Some(child),
        Err(error) if error.kind() == ErrorKind::NotFound => None,
        Err(error) => panic!("{program:?}: {error}"),
    }
}

/// Signs in, comes back as the same person in another process, signs out, and is gone.
async fn a_sign_in_rests(place: &Place, variables: &[(&str, &str)], name: &str, kept: &str) {
    let code = place.service.invite();
    let url = place.service.url();
    let mut session = place.run_with(
        variables,
        &["accounts", "add", name, "--token-service", url],
    );
    session.see("Invitation code");
    session.press(&format!("{code}\r"));
    session.see("Signed in.");
    session.see(kept);
    assert_eq!(session.end(), 0, "{}", session.contents());

    let link = place.meeting().await;
    let join = ["join", &link, "--screen-reader", "--no-check"];
    let mut session = place.run_with(variables, &join);
    session.see("Joined Design review");
    session.press("/quit\r");
    assert_eq!(session.end(), 0, "{}", session.contents());
    assert!(!holds(&everything(place.home.path()), "eyJ"), "a token");

    let mut session = place.run_with(variables, &["accounts", "remove", name]);
    session.see(&format!("{name} is signed out"));
    assert_eq!(session.end(), 0, "{}", session.contents());
    let mut session = place.run_with(variables, &["accounts"]);
    assert_eq!(session.end(), 0);
    assert!(!session.contents().contains(kept), "{}", session.contents());
}

#[tokio::test(flavor = "multi_thread")]
async fn the_keyring_of_a_desktop_keeps_a_sign_in() {
    let place = Place::new();
    let Some(keyring) = Keyring::start(place.home.path()) else {
        return eprintln!("gnome-keyring is not installed: nothing was shown of it");
    };
    let kept = "Kept in the system's keyring";
    a_sign_in_rests(&place, &keyring.variables(), "ada", kept).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_keyring_of_the_kernel_keeps_a_sign_in() {
    let place = Place::new();
    let variables = [("SIDETONE_SECRETS", "kernel")];
    // It is one for all programs of a person: nobody else uses this name.
    let name = format!("ada-{}", std::process::id());
    a_sign_in_rests(&place, &variables, &name, "Kept in the kernel's keyring").await;
}
