//! The page as people see it. Change these pictures only after looking at the real thing.

use std::time::Duration;

use client::Plain;
use proto::Timestamp;
use proto::device::Now;

use super::*;

fn terminal(width: usize) -> Terminal {
    Terminal { colour: false, lively: false, light: false, present: true, unicode: true, width }
}

fn prompt() -> Prompt {
    Prompt {
        expires_at: Now { monotonic: Duration::from_secs(600), wall: Timestamp::from_seconds(1_800_000_600) },
        foreign_host: None,
        interval: Duration::from_secs(5),
        quirks: Vec::new(),
        user_code: Plain::own("WDJB-MJHT"),
        verification_uri: Plain::own("https://id.example.com/device"),
        verification_uri_complete: Some(Plain::own("https://id.example.com/D/WDJB-MJHT")),
    }
}

fn view<'a>(prompt: &'a Prompt, picture: Option<&'a Picture>) -> Page<'a> {
    Page {
        hidden: false,
        host: "id.example.com",
        lifetime_assumed: false,
        picture,
        prompt,
        scopes: "openid files.read",
        spell: false,
    }
}

fn picture(terminal: Terminal) -> Picture {
    Picture::of("https://id.example.com/D/WDJB-MJHT", terminal).unwrap()
}

#[test]
fn df_3_3_3_df_3_3_1_2_df_3_3_1_3_at_80_columns_the_picture_stands_beside_address_and_code() {
    let terminal = terminal(80);
    assert_eq!(page(view(&prompt(), Some(&picture(terminal))), terminal), include_str!("page-80.txt"));
}

#[test]
fn df_3_3_1_2_df_3_3_1_3_at_40_columns_the_picture_goes_below() {
    let terminal = terminal(40);
    assert_eq!(page(view(&prompt(), Some(&picture(terminal))), terminal), include_str!("page-40.txt"));
}

#[test]
fn without_a_picture_everything_reads_in_order() {
    let prompt = Prompt { foreign_host: Some(Plain::own("login.example.org")), ..prompt() };
    let view = Page { spell: true, lifetime_assumed: true, ..view(&prompt, None) };
    assert_eq!(page(view, terminal(80)), include_str!("page-plain.txt"));
}

#[test]
fn a_picture_wider_than_the_terminal_is_left_out() {
    let shown = page(view(&prompt(), Some(&picture(terminal(80)))), terminal(30));
    assert!(!shown.contains('█') && shown.contains("WDJB-MJHT"));
}

#[test]
fn a_long_address_sends_the_picture_below_and_stays_whole() {
    let long = format!("https://id.example.com/{}", "a".repeat(60));
    let prompt = Prompt { verification_uri: Plain::own(long.clone()), ..prompt() };
    let shown = page(view(&prompt, Some(&picture(terminal(80)))), terminal(80));
    assert!(shown.lines().any(|line| line.trim() == long));
    assert!(shown.contains("  or scan\n"));
}

#[test]
fn df_5_5_1_the_code_can_stay_off_the_screen() {
    let shown = page(Page { hidden: true, spell: true, ..view(&prompt(), None) }, terminal(80));
    assert!(!shown.contains("WDJB") && !shown.contains("Whiskey") && shown.contains("press Enter"));
}

#[test]
fn colours_do_not_move_anything() {
    let plain = terminal(80);
    let coloured = Terminal { colour: true, lively: true, ..plain };
    let strip = |text: &str| {
        let mut shown = String::new();
        let mut rest = text;
        while let Some((before, after)) = rest.split_once('\x1b') {
            shown.push_str(before);
            let end = if after.starts_with('[') { after.find('m').unwrap() + 1 } else { after.find('\\').unwrap() + 1 };
            rest = &after[end..];
        }
        shown + rest
    };
    let shown = strip(&page(view(&prompt(), Some(&picture(coloured))), coloured));
    let expected = page(view(&prompt(), Some(&picture(Terminal { light: true, ..plain }))), plain);
    assert_eq!(shown, expected);
}
