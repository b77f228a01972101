//! Passwords typed on a terminal: a pseudo-terminal, and what a person would see on it.

use std::fs::{File, OpenOptions};
use std::io::{Read as _, Write as _};
use std::process::Command;

use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};

use super::{PASSWORD, Site};

/// Runs a command on a terminal and types each line when its question is on the screen. The exit code and the screen.
fn on_terminal(mut command: Command, lines: &[(&str, &str)]) -> (Option<i32>, String) {
    let controller = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).unwrap();
    grantpt(&controller).unwrap();
    unlockpt(&controller).unwrap();
    let name = ptsname(&controller, Vec::new()).unwrap().into_string().unwrap();
    let side = || OpenOptions::new().read(true).write(true).open(&name).unwrap();
    let mut child = command.stdin(side()).stdout(side()).stderr(side()).spawn().unwrap();
    drop(command);
    let mut controller = File::from(controller);
    let mut screen = String::new();
    let mut lines = lines.iter().peekable();
    let mut chunk = [0; 4096];
    // Reading ends with an error when the last of the other side is closed.
    while let Ok(read) = controller.read(&mut chunk) {
        if read == 0 {
            break;
        }
        screen.push_str(&String::from_utf8_lossy(chunk.get(..read).unwrap()));
        if let Some((_, line)) = lines.next_if(|(question, _)| screen.contains(question)) {
            controller.write_all(format!("{line}\n").as_bytes()).unwrap();
        }
    }
    assert!(lines.peek().is_none(), "not everything was asked: {screen}");
    (child.wait().unwrap().code(), screen)
}

#[test]
fn a_password_is_typed_twice_and_not_shown() {
    let site = Site::new();
    let add = || site.command(&["user", "add", "maria"]);
    let (first, again) = ("New password of maria: ", "The same again: ");
    let (code, screen) = on_terminal(add(), &[(first, PASSWORD), (again, "tomorrow it will rain cats")]);
    assert_eq!(code, Some(1), "{screen}");
    assert!(screen.contains("the two passwords differ; nothing was changed"), "{screen}");
    let (code, screen) = on_terminal(add(), &[(first, "short")]);
    assert_eq!(code, Some(1), "said before it is asked for again: {screen}");
    assert!(screen.contains("at least 15 characters") && !screen.contains(again), "{screen}");
    let (code, screen) = on_terminal(add(), &[(first, PASSWORD), (again, PASSWORD)]);
    assert_eq!(code, Some(0), "{screen}");
    assert!(!screen.contains("fish") && screen.contains("User maria was added."), "{screen}");
}

#[test]
fn a_key_is_retired_only_when_that_is_meant() {
    let site = Site::new();
    site.add_user("maria");
    let made = site.json(&["key", "rotate", "csrf", "--json"]);
    let id = made.get(0).unwrap().get("id").unwrap().as_str().unwrap();
    let retire = || site.command(&["key", "retire", id]);
    let (code, screen) = on_terminal(retire(), &[("Type yes: ", "y")]);
    assert_eq!((code, screen.contains("nothing was changed")), (Some(1), true), "{screen}");
    let (code, screen) = on_terminal(retire(), &[("Type yes: ", "yes")]);
    assert_eq!((code, screen.contains("is out of use")), (Some(0), true), "{screen}");
}
