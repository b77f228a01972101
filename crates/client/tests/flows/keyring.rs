//! The vault against a real keyring (gnome-keyring on a session bus of its own): unlocked, locked, absent, killed in
//! mid-call, and a bus that is silent. Each test runs itself again under `dbus-run-session`, with a home of its own.

#![cfg(target_os = "linux")]

use std::env;
use std::io::Write;
use std::os::unix::net::UnixListener;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use client::vault::{Keyring, KeyringError, Keys, Protection, Seal, VaultError};
use client::{FileVault, ProfileName, Session};
use serde_json::json;

/// Says which part a process under a bus of its own plays.
const PART: &str = "COUNTERSIGN_KEYRING_PART";

/// A bus that starts no service by itself: each test has the one that it starts, or none.
const BUS: &str = r#"<busconfig><type>session</type><listen>unix:tmpdir=/tmp</listen><auth>EXTERNAL</auth>
<policy context="default"><allow send_destination="*" eavesdrop="true"/><allow eavesdrop="true"/><allow own="*"/></policy>
</busconfig>"#;

/// Whether the programs are here; what is not installed is not tested, and that is said.
fn is_installed() -> bool {
    let found = |program: &str| {
        env::split_paths(&env::var_os("PATH").unwrap_or_default()).any(|directory| directory.join(program).exists())
    };
    let all = found("dbus-run-session") && found("gnome-keyring-daemon");
    if !all {
        println!("skipped: dbus-run-session and gnome-keyring-daemon are not installed");
    }
    all
}

/// Runs the test of this name again on a bus of its own, where it plays its part.
fn on_a_bus(test: &str) {
    if !is_installed() {
        return;
    }
    let home = tempfile::tempdir().unwrap();
    let run = home.path().join("run");
    std::fs::create_dir(&run).unwrap();
    let config = home.path().join("bus.conf");
    std::fs::write(&config, BUS).unwrap();
    let output = Command::new("dbus-run-session")
        .arg("--config-file")
        .arg(&config)
        .args(["--", env::current_exe().unwrap().to_str().unwrap(), "--exact", test, "--nocapture"])
        .env_clear()
        .env("PATH", env::var_os("PATH").unwrap_or_default())
        .env("HOME", home.path())
        .env("XDG_RUNTIME_DIR", &run)
        .env(PART, "1")
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(
        output.status.success() && text.contains("1 passed"),
        "{text}\n{}",
        String::from_utf8_lossy(&output.stderr)
    );
}

fn plays() -> bool {
    env::var_os(PART).is_some()
}

/// The daemon, with its login keyring unlocked by this password; an empty one leaves everything as it is.
fn daemon(password: &str) -> Child {
    let mut command = Command::new("gnome-keyring-daemon");
    command
        .args(["--foreground", "--components=secrets"])
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    if !password.is_empty() {
        command.arg("--unlock");
    }
    let mut child = command.spawn().unwrap();
    child.stdin.take().unwrap().write_all(password.as_bytes()).unwrap();
    child
}

#[expect(clippy::disallowed_methods, reason = "a bound on other processes is on the clock of the machine")]
fn clock() -> Instant {
    Instant::now()
}

fn keyring() -> Keyring {
    Keyring { patience: Duration::from_secs(3), timeout: Duration::from_secs(5) }
}

fn vault(root: &Path) -> FileVault {
    let keys = Keys { keyring: keyring(), ..Keys::default() };
    FileVault::at(root).with(keys, Protection::Sealed(Seal::Keyring))
}

fn profile() -> ProfileName {
    "work".parse().unwrap()
}

fn session() -> Session {
    let kept = json!({
        "access_token": "hush-hush-token", "client_id": "tv", "expires_at": null, "issuer": "https://id.example.com",
        "name": null, "refresh_token": "rt", "scope": null, "subject": null, "token_type": "Bearer"
    });
    serde_json::from_value(kept).unwrap()
}

/// Until the daemon has its name on the bus; bounded.
fn ready(vault: &FileVault) {
    let end = clock() + Duration::from_secs(20);
    while let Err(error) = vault.probe(&profile()) {
        assert!(clock() < end, "{error}");
        std::thread::yield_now();
    }
}

/// How long it took, which has a bound.
fn timed<T>(bound: Duration, run: impl FnOnce() -> T) -> T {
    let start = clock();
    let result = run();
    assert!(start.elapsed() < bound, "{:?}", start.elapsed());
    result
}

#[test]
fn unlocked_it_keeps_the_key_and_forgets_it_with_the_session() {
    if !plays() {
        return on_a_bus("keyring::unlocked_it_keeps_the_key_and_forgets_it_with_the_session");
    }
    let (root, mut daemon) = (tempfile::tempdir().unwrap(), daemon("password"));
    let vault = vault(root.path());
    ready(&vault);
    timed(Duration::from_secs(2), || {
        vault.save(&profile(), &session()).unwrap();
        assert_eq!(vault.load(&profile()).unwrap(), Some(session()));
    });
    let text = std::fs::read_to_string(vault.file(&profile())).unwrap();
    assert!(!text.contains("hush") && text.contains("\"by\": \"keyring\""), "{text}");

    // Another vault, another key: what is copied there is of no use.
    let other_root = tempfile::tempdir().unwrap();
    let other = self::vault(other_root.path());
    std::fs::copy(vault.file(&profile()), other.file(&profile())).unwrap();
    assert!(matches!(other.load(&profile()), Err(VaultError::NoKey(Seal::Keyring))));

    let copy = std::fs::read(vault.file(&profile())).unwrap();
    assert!(vault.forget(&profile()).unwrap());
    std::fs::write(vault.file(&profile()), copy).unwrap();
    std::fs::set_permissions(vault.file(&profile()), std::os::unix::fs::PermissionsExt::from_mode(0o600)).unwrap();
    assert!(
        matches!(vault.load(&profile()), Err(VaultError::NoKey(Seal::Keyring))),
        "a copy is unreadable from then on"
    );
    daemon.kill().unwrap();
    daemon.wait().unwrap();
}

#[test]
fn locked_without_a_screen_it_is_told_at_once() {
    if !plays() {
        return on_a_bus("keyring::locked_without_a_screen_it_is_told_at_once");
    }
    let root = tempfile::tempdir().unwrap();
    let vault = vault(root.path());
    let mut first = daemon("password");
    ready(&vault);
    vault.save(&profile(), &session()).unwrap();
    first.kill().unwrap();
    first.wait().unwrap();
    let mut locked = daemon("");
    let end = clock() + Duration::from_secs(20);
    let error = loop {
        match timed(Duration::from_secs(7), || vault.load(&profile())) {
            // Not on the bus yet.
            Err(VaultError::Keyring(KeyringError::Absent(_) | KeyringError::Failed(_))) if clock() < end => {
                std::thread::yield_now();
            }
            other => break other.unwrap_err(),
        }
    };
    assert!(matches!(error, VaultError::Keyring(KeyringError::Locked)), "{error:?}");
    locked.kill().unwrap();
    locked.wait().unwrap();
}

#[test]
fn absent_it_is_told_at_once() {
    if !plays() {
        return on_a_bus("keyring::absent_it_is_told_at_once");
    }
    let root = tempfile::tempdir().unwrap();
    assert_eq!(vault(root.path()).load(&profile()).unwrap(), None, "no session needs no key");
    let error = timed(Duration::from_secs(1), || vault(root.path()).probe(&profile())).unwrap_err();
    assert!(matches!(error, VaultError::Keyring(KeyringError::Absent(_))), "{error:?}");
    // There is none: an address that nobody listens at, and none at all.
    let error = timed(Duration::from_secs(7), || {
        Command::new(env::current_exe().unwrap())
            .args(["--exact", "keyring::without_a_bus_it_is_told_at_once", "--nocapture"])
            .env("DBUS_SESSION_BUS_ADDRESS", "unix:path=/nowhere;tcp:host=localhost,port=1")
            .env(PART, "1")
            .status()
            .unwrap()
    });
    assert!(error.success());
}

#[test]
fn without_a_bus_it_is_told_at_once() {
    if !plays() {
        return;
    }
    if env::var("DBUS_SESSION_BUS_ADDRESS").is_ok_and(|address| !address.contains("nowhere")) {
        return;
    }
    let root = tempfile::tempdir().unwrap();
    let error = timed(Duration::from_secs(1), || vault(root.path()).probe(&profile())).unwrap_err();
    assert!(matches!(error, VaultError::Keyring(KeyringError::Absent(_))), "{error:?}");
}

#[test]
fn killed_in_mid_call_or_stopped_costs_no_more_than_its_bound() {
    if !plays() {
        return on_a_bus("keyring::killed_in_mid_call_or_stopped_costs_no_more_than_its_bound");
    }
    let (root, mut daemon) = (tempfile::tempdir().unwrap(), daemon("password"));
    let mut vault = vault(root.path());
    ready(&vault);
    vault.save(&profile(), &session()).unwrap();
    let id = rustix::process::Pid::from_child(&daemon);
    rustix::process::kill_process(id, rustix::process::Signal::STOP).unwrap();
    let keys = Keys { keyring: Keyring { timeout: Duration::from_millis(700), ..keyring() }, ..Keys::default() };
    vault = vault.with(keys, Protection::Sealed(Seal::Keyring));
    let error = timed(Duration::from_secs(2), || vault.load(&profile())).unwrap_err();
    assert!(matches!(error, VaultError::Keyring(KeyringError::TimedOut)), "{error:?}");

    // Killed while a call waits for it.
    let killer = std::thread::spawn(move || rustix::process::kill_process(id, rustix::process::Signal::KILL).unwrap());
    let error = timed(Duration::from_secs(2), || vault.load(&profile())).unwrap_err();
    killer.join().unwrap();
    assert!(matches!(error, VaultError::Keyring(_)), "{error:?}");
    daemon.wait().unwrap();
    assert!(vault.file(&profile()).exists(), "nothing is lost by that");
}

#[test]
fn a_bus_that_accepts_and_is_silent_costs_no_more_than_its_bound() {
    if !plays() {
        let root = tempfile::tempdir().unwrap();
        let socket = root.path().join("bus");
        let silent = UnixListener::bind(&socket).unwrap();
        let status = Command::new(env::current_exe().unwrap())
            .args(["--exact", "keyring::a_bus_that_accepts_and_is_silent_costs_no_more_than_its_bound"])
            .env("DBUS_SESSION_BUS_ADDRESS", format!("unix:path={}", socket.display()))
            .env(PART, "1")
            .stdout(Stdio::null())
            .status()
            .unwrap();
        drop(silent);
        assert!(status.success());
        return;
    }
    let root = tempfile::tempdir().unwrap();
    let keys = Keys { keyring: Keyring { timeout: Duration::from_millis(500), ..keyring() }, ..Keys::default() };
    let vault = FileVault::at(root.path()).with(keys, Protection::Sealed(Seal::Keyring));
    let error = timed(Duration::from_secs(2), || vault.probe(&profile())).unwrap_err();
    assert!(matches!(error, VaultError::Keyring(KeyringError::TimedOut)), "{error:?}");
}
