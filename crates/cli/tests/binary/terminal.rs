//! The program on a real terminal (a pseudo-terminal): what is drawn, and that a hostile server draws nothing (T26).

#![cfg(unix)]

use std::fs::{File, OpenOptions};
use std::io::{Read, Write};
use std::process::Command;

use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use rustix::termios::{Winsize, tcsetwinsize};
use serde_json::{Value, json};

use crate::server::{Home, Reply, Server, error, in_turn, tokens};

/// Runs a command on a terminal of this width, types into it, and returns its exit code and all that was drawn.
fn on_terminal(mut command: Command, columns: u16, typed: &str) -> (Option<i32>, String) {
    let controller = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).unwrap();
    grantpt(&controller).unwrap();
    unlockpt(&controller).unwrap();
    let name = ptsname(&controller, Vec::new()).unwrap().into_string().unwrap();
    tcsetwinsize(&controller, Winsize { ws_row: 50, ws_col: columns, ws_xpixel: 0, ws_ypixel: 0 }).unwrap();
    let side = || OpenOptions::new().read(true).write(true).open(&name).unwrap();
    let mut child = command.stdin(side()).stdout(side()).stderr(side()).spawn().unwrap();
    drop(command);
    let mut controller = File::from(controller);
    controller.write_all(typed.as_bytes()).unwrap();
    let mut drawn = Vec::new();
    let mut chunk = [0; 4096];
    // Reading ends with an error when the last of the other side is closed.
    while let Ok(read) = controller.read(&mut chunk) {
        if read == 0 {
            break;
        }
        drawn.extend_from_slice(chunk.get(..read).unwrap());
    }
    (child.wait().unwrap().code(), String::from_utf8(drawn).unwrap())
}

fn login(home: &Home, server: &Server, more: &str, variables: &[(&str, &str)]) -> Command {
    let line = format!("login --issuer {} --client-id tv --allow-http-loopback {more}", server.issuer);
    let mut command = home.command(&line);
    command.env("TERM", "xterm-256color").env("LANG", "C.UTF-8").envs(variables.iter().copied());
    command
}

#[test]
fn df_3_3_1_1_df_3_3_1_2_df_3_3_1_3_code_address_picture_and_countdown() {
    let (home, server) = (Home::new(), Server::polls(vec![error("authorization_pending"), tokens()]));
    let (code, drawn) = on_terminal(login(&home, &server, "", &[]), 80, "");
    assert_eq!(code, Some(0), "{drawn}");
    for text in ["WDJB-MJHT", "/device", "or scan →", "█▀▀▀▀▀█", "\x1b[38;5;16;48;5;231m", "Waiting for you · ", "✓"]
    {
        assert!(drawn.contains(text), "{text:?} is not in:\n{drawn}");
    }
    assert!(!drawn.contains("\x1b]52"), "nothing is copied unasked");
}

#[test]
fn without_colours_nothing_but_text_is_sent() {
    for variables in [&[("NO_COLOR", "1")], &[("TERM", "dumb")]] {
        let (home, server) = (Home::new(), Server::polls(vec![tokens()]));
        let (code, drawn) = on_terminal(login(&home, &server, "", variables), 40, "");
        assert_eq!(code, Some(0), "{drawn}");
        assert!(!drawn.contains('\x1b'), "{drawn:?}");
        assert!(drawn.contains("  or scan\r\n") && drawn.contains("Waiting for you. The code works for"), "{drawn}");
    }
}

#[test]
fn t26_a_hostile_server_sends_no_sequence_to_the_terminal() {
    let hostile = |codes: &mut Value, issuer: &str| {
        let codes = codes.as_object_mut().unwrap();
        codes.insert("user_code".to_owned(), json!("WD\u{1b}[2JJB\u{9b}31m\u{202e}-MJHT\u{7}"));
        codes.insert("verification_uri".to_owned(), json!(format!("{issuer}/\u{1b}]0;owned\u{7}")));
        codes.insert("message".to_owned(), json!("\u{1b}[31mgo to evil"));
    };
    let refusal =
        json!({"error": "no\u{1b}[31m\u{202e}", "error_description": "\u{1b}]52;c;ZXZpbA==\u{7}\r\nOK: Signed in"});
    let (home, server) = (Home::new(), Server::new(hostile, in_turn(vec![(400, refusal)])));
    let (code, drawn) = on_terminal(login(&home, &server, "", &[("NO_COLOR", "1")]), 80, "");
    assert_eq!(code, Some(7), "{drawn}");
    let foreign = |c: char| c != '\r' && c != '\n' && (c.is_control() || proto::wire::is_invisible(c));
    assert!(!drawn.contains(foreign), "{drawn:?}");
    assert!(drawn.contains("WD[2JJB31m-MJHT") && !drawn.contains("\nOK:"), "{drawn}");
}

#[test]
fn df_5_5_1_the_code_stays_off_the_screen_until_enter() {
    let (home, server) = (Home::new(), Server::polls(vec![error("authorization_pending"), error("access_denied")]));
    let (code, drawn) = on_terminal(login(&home, &server, "--private", &[]), 80, "");
    assert_eq!(code, Some(3));
    assert!(!drawn.contains("WDJB-MJHT") && !drawn.contains("█▀▀▀▀▀█") && drawn.contains("press Enter"), "{drawn}");
}

#[test]
fn df_5_5_1_enter_brings_the_code_onto_the_screen() {
    let (home, server) = (Home::new(), Server::polls(vec![error("authorization_pending"), tokens()]));
    let (code, drawn) = on_terminal(login(&home, &server, "--private", &[]), 80, "\n");
    assert_eq!(code, Some(0), "{drawn}");
    let (before, after) = drawn.split_once("press Enter").unwrap();
    assert!(!before.contains("WDJB") && after.contains("WDJB-MJHT") && after.contains("█▀▀▀▀▀█"), "{drawn}");
}

#[test]
fn copying_is_asked_for_and_holds_the_address() {
    let (home, server) = (Home::new(), Server::polls(vec![tokens()]));
    let (_, drawn) = on_terminal(login(&home, &server, "--copy --no-qr", &[]), 80, "");
    assert!(drawn.contains("\x1b]52;c;") && !drawn.contains("█▀▀▀▀▀█"), "{drawn}");
}

#[test]
fn t26_the_answer_of_an_api_does_not_steer_the_terminal() {
    let (home, server) = (Home::new(), Server::polls(vec![tokens()]));
    assert_eq!(home.login(&server, "").code, Some(0));
    let hostile = "{\n  \"a\": \"\u{1b}[2J\u{202e}b\"\n}";
    let api = Server::saying(&json!({}), move |_| Reply::new(200, hostile).with("x-api", "\u{9b}31mred"));
    let command = || home.command(&format!("request -i {}/", api.issuer));
    let mut on = command();
    on.env("TERM", "xterm-256color").env("LANG", "C.UTF-8");
    let (code, drawn) = on_terminal(on, 80, "");
    assert_eq!(code, Some(0), "{drawn}");
    assert!(drawn.contains("{\r\n  \"a\": \"[2Jb\"\r\n}\r\n"), "{drawn:?}");
    assert!(!drawn.contains('\x1b') && !drawn.contains('\u{9b}') && !drawn.contains('\u{202e}'), "{drawn:?}");
    let piped = command().output().unwrap();
    assert_eq!(piped.stdout, hostile.as_bytes(), "another program gets it as it came");
}
