//! Every page in every state: what must hold on each, and what each must say.

mod markup;

use askama::Template;
use markup::{Tag, tags, text};

use super::samples::{self, HOSTILE, Sample};
use super::*;
use crate::assets::{Assets, Brand};

const PAGES: &[&str] = &["code", "sign-in", "decision", "done", "error", "account", "devices"];

fn site() -> Site {
    Site::new("/id/", "Example ID", &Assets::new(&Brand::default())).with_help("https://example.com/help")
}

fn all() -> Vec<Sample> {
    let samples = samples::all(&site()).unwrap();
    assert!(samples.len() > 50, "only {} samples", samples.len());
    samples
}

fn each(judge: impl Fn(&str, &str, &[Tag])) {
    for sample in all() {
        judge(&sample.name, &sample.html, &tags(&sample.html));
    }
}

fn html(name: &str) -> String {
    all().into_iter().find(|sample| sample.name == name).expect("a sample of this name").html
}

/// Where each of `parts` begins in the text, asserting that they stand in this order.
fn in_order(html: &str, parts: &[&str]) {
    let text = text(html);
    let mut from = 0;
    for part in parts {
        let at = text[from..].find(part).unwrap_or_else(|| panic!("{part:?} does not follow in {text}"));
        from += at + part.len();
    }
}

#[test]
fn every_page_has_its_language_one_heading_and_its_name() {
    each(|name, html, tags| {
        assert!(html.starts_with("<!doctype html>"), "{name}");
        assert!(tags.iter().any(|tag| tag.is("html", "lang", "en")), "{name}");
        assert_eq!(tags.iter().filter(|tag| tag.name == "h1").count(), 1, "{name}");
        let mains: Vec<_> = tags.iter().filter(|tag| tag.name == "main").collect();
        assert_eq!(mains.len(), 1, "{name}");
        let page = mains[0].value("data-page").unwrap();
        assert!(PAGES.contains(&page) && name.starts_with(page), "{name}: {page}");
        let outcome = mains[0].value("data-outcome");
        assert_eq!(outcome.is_some(), page == "done", "{name}");
        assert!(outcome.is_none_or(|outcome| ["approved", "denied", "expired"].contains(&outcome)), "{name}");
        assert!(html.contains(" · Example ID</title>"), "{name}");
    });
}

#[test]
fn no_page_holds_script_or_inline_style_or_loads_from_elsewhere() {
    each(|name, _, tags| {
        for tag in tags {
            assert!(!["script", "style", "iframe", "object", "embed", "base"].contains(&tag.name.as_str()), "{name}");
            for (attribute, value) in tag.attributes() {
                assert!(attribute != "style" && !attribute.starts_with("on"), "{name}: {attribute}");
                if ["href", "src", "action"].contains(&attribute.as_str()) {
                    let help = tag.name == "a" && value == "https://example.com/help";
                    assert!(help || value.starts_with("/id/"), "{name}: {attribute}={value}");
                }
            }
        }
    });
}

#[test]
fn what_a_stranger_wrote_is_shown_as_text_and_nothing_hidden_is_left() {
    each(|name, html, _| {
        assert!(!html.contains("<script") && !html.contains("<img src=x"), "{name}");
        let hidden = |c: char| c.is_control() && c != '\n' || "\u{202e}\u{2066}\u{200b}".contains(c);
        assert!(!html.contains(hidden), "{name}");
    });
    let shown = text(&html("decision-hostile"));
    assert!(shown.contains("Let “ </bdi></h1>\"'><script>alert(1)</script>"), "{shown}");
    assert!(HOSTILE.chars().count() > NAME_MAX && !shown.contains(HOSTILE));
}

#[test]
fn a_page_with_all_its_files_is_under_20_kilobytes() {
    let files: usize = Assets::new(&Brand::default()).all().map(|asset| asset.body.len()).sum();
    each(|name, html, _| {
        let size = html.len() + files;
        assert!(size < 20_000, "{name}: {size} bytes");
    });
}

#[test]
fn every_form_posts_with_a_csrf_token_and_only_to_a_promised_path() {
    each(|name, _, tags| {
        let forms: Vec<_> = tags.iter().filter(|tag| tag.name == "form").collect();
        for form in &forms {
            assert_eq!(form.value("method"), Some("post"), "{name}");
            let action = form.value("action").unwrap();
            let paths = [
                "/id/device",
                "/id/sign-in",
                "/id/sign-out",
                "/id/device/decision",
                "/id/account",
                "/id/account/devices",
            ];
            assert!(paths.contains(&action), "{name}: {action}");
        }
        let tokens = tags.iter().filter(|tag| tag.is("input", "name", field::CSRF)).count();
        assert_eq!(tokens, forms.len(), "{name}");
    });
}

#[test]
fn every_field_has_a_label_and_every_reference_its_target() {
    each(|name, _, tags| {
        let ids: Vec<_> = tags.iter().filter_map(|tag| tag.value("id")).collect();
        let mut unique = ids.clone();
        unique.sort_unstable();
        unique.dedup();
        assert_eq!(unique.len(), ids.len(), "{name}: {ids:?}");
        let labels: Vec<_> = tags.iter().filter(|tag| tag.name == "label").filter_map(|tag| tag.value("for")).collect();
        assert!(labels.iter().all(|label| ids.contains(label)), "{name}: {labels:?}");
        for (before, tag) in tags.iter().zip(tags.iter().skip(1)) {
            let shown = tag.name == "input" && tag.value("type") != Some("hidden") && !tag.has("hidden");
            let labelled = tag.value("id").is_some_and(|id| labels.contains(&id)) || before.name == "label";
            assert!(!shown || labelled, "{name}: {tag:?}");
            for reference in tag.value("aria-describedby").into_iter().flat_map(str::split_whitespace) {
                assert!(ids.contains(&reference), "{name}: {reference}");
            }
        }
    });
}

#[test]
fn password_managers_and_keyboards_are_told_what_a_field_is() {
    let told = [
        ("user_code", "off"),
        ("username", "username"),
        ("password", "current-password"),
        ("current_password", "current-password"),
        ("new_password", "new-password"),
    ];
    each(|name, _, tags| {
        for tag in tags.iter().filter(|tag| tag.name == "input") {
            if let Some((_, value)) = told.iter().find(|(field, _)| tag.value("name") == Some(field)) {
                assert_eq!(tag.value("autocomplete"), Some(*value), "{name}");
            }
        }
    });
    let page = html("code");
    for attribute in [
        r#"autocapitalize="characters""#,
        r#"spellcheck="false""#,
        r#"dir="ltr""#,
        r#"inputmode="text""#,
        r#"type="text""#,
    ] {
        assert!(page.contains(attribute), "{attribute}");
    }
    assert!(html("code-digits").contains(r#"inputmode="numeric""#));
}

#[test]
fn pages_speak_plainly() {
    let banned = [
        "invalid",
        "error",
        "unauthorized",
        "forbidden",
        "user agent",
        "scope",
        "token",
        "grant",
        "oauth",
        "client",
        "authoriz",
        "authentic",
        "credential",
        "session",
        "failed",
        "oops",
        "!",
    ];
    for sample in all().into_iter().filter(|sample| !sample.name.contains("hostile")) {
        let text = text(&sample.html).to_lowercase();
        for word in banned {
            assert!(!text.contains(word), "{}: {word:?} in {text}", sample.name);
        }
        assert!(!text.contains('\''), "{}: a straight apostrophe", sample.name);
    }
}

#[test]
fn what_went_wrong_and_what_was_done_is_announced() {
    for (name, role, said) in [
        ("code-vowel", "alert", "Codes have no vowels. Is the O perhaps a Q?"),
        ("code-unusable", "alert", "This code can’t be used. It may have expired: get a new one on your device."),
        ("code-type-it", "status", "type the code"),
        ("sign-in-wrong", "alert", "Name or password is not right."),
        ("sign-in-tries", "alert", "Too many tries. Try again in 2 minutes."),
        ("sign-in-out", "status", "You are signed out."),
        ("decision-changed", "alert", "Something changed"),
        ("done-approved", "status", "is connected"),
        ("error-ours", "alert", "It is not your fault."),
        ("account-short", "alert", "Use at least 15 characters."),
        ("account-ended", "status", "That browser is signed out."),
        ("devices-long", "alert", "This name is too long. Use at most 64 characters."),
        ("devices-not-removed", "alert", "This device was not removed. Please try again."),
        ("devices-renamed", "status", "The device is now called “Screen upstairs”."),
    ] {
        let html = html(name);
        assert!(tags(&html).iter().any(|tag| tag.value("role") == Some(role)), "{name}");
        assert!(text(&html).contains(said), "{name}: {said}");
    }
}

#[test]
fn df_3_3_9_a_mistyped_code_stays_in_the_field_which_says_what_is_wrong() {
    let html = html("code-short");
    let tags = tags(&html);
    let field = tags.iter().find(|tag| tag.is("input", "name", "user_code")).unwrap();
    assert_eq!(field.value("value"), Some("WDJB-MJH"));
    assert_eq!(field.value("aria-invalid"), Some("true"));
    assert_eq!(field.value("aria-describedby"), Some("mistake hint"));
    assert!(field.has("autofocus"));
    assert!(text(&html).contains("That is one letter short."));
}

#[test]
fn df_3_3_4_df_5_4_1_df_5_4_2_xd_6_1_14_1_the_decision_says_who_what_when_from_where_and_what_follows() {
    in_order(
        &html("decision-link"),
        &[
            "Let “ Living-room TV ” use your account?",
            "You are signed in as maria",
            "Use another account",
            "Application Living-room TV ID: tv",
            "Calls itself “ Bravia upstairs ”",
            "Started 40 seconds ago, 9 minutes left",
            "From 203.0.113.77 Different network than this browser",
            "It will be able to know that it is you see your name keep access until you remove it",
            "Allow this only if you started it yourself, just now, on a device you can see.",
            "Whoever holds that device will act as you.",
            "Don’t allow",
            "Allow",
            "I did not start this",
        ],
    );
    assert!(text(&html("decision-unverified")).contains("Not verified by Example ID"));
    assert!(text(&html("decision-unverified")).contains("do what this service calls “files:read”"));
    assert!(!text(&html("decision")).contains("Not verified"));
    assert!(text(&html("decision")).contains("Same network as this browser"));
}

#[test]
fn xd_6_1_14_2_enter_never_approves_and_refusing_is_first_and_as_weighty() {
    each(|name, _, tags| {
        let Some(form) = tags.iter().position(|tag| tag.is("form", "action", "/id/device/decision")) else {
            assert!(!tags.iter().any(|tag| tag.value("name") == Some(field::DECISION)), "{name}");
            return;
        };
        let buttons: Vec<_> = tags[form..].iter().filter(|tag| tag.name == "button").collect();
        assert!(buttons[0].has("disabled") && buttons[0].has("hidden"), "{name}: Enter presses {:?}", buttons[0]);
        assert!(
            buttons[1].value("formmethod") == Some("dialog") && buttons[1].has("hidden"),
            "{name}: Enter presses on"
        );
        let buttons = &buttons[2..];
        let values: Vec<_> = buttons.iter().map(|button| button.value("value").unwrap()).collect();
        assert_eq!(values, ["deny", "approve", "report"], "{name}");
        assert_eq!(buttons[0].value("class"), buttons[1].value("class"), "{name}");
        assert!(buttons[0].has("formnovalidate") && buttons[2].has("formnovalidate"), "{name}: refusing asks nothing");
        assert!(!buttons[1].has("formnovalidate") && !buttons.iter().any(|button| button.has("autofocus")), "{name}");
    });
}

#[test]
fn df_3_3_1_4_df_3_3_1_5_a_code_that_came_by_link_is_shown_spelled_and_must_be_compared() {
    let html = html("decision-link");
    let tags = tags(&html);
    assert!(tags.iter().any(|tag| tag.value("aria-label") == Some("W D J B, M J H T")));
    let confirmation = tags.iter().find(|tag| tag.value("name") == Some(field::CONFIRM_CODE)).unwrap();
    assert!(confirmation.has("required") && confirmation.value("value") == Some("yes") && !confirmation.has("checked"));
    in_order(&html, &["Does your device show this code?", "WDJB-MJHT", "Yes, my device shows this code"]);
    assert!(!self::html("decision").contains(field::CONFIRM_PREFIX));
}

#[test]
fn df_3_3_5_after_the_decision_the_person_is_sent_back_to_the_device() {
    let shown = |name: &str| text(&html(name));
    assert!(shown("done-approved").contains("Go back to your device. You can close this page."));
    assert!(shown("done-denied").contains("If someone asked you to enter a code, tell the people who run Example ID."));
    assert!(shown("done-reported").contains("knows that you did not start this"));
    assert!(shown("done-expired").contains("Get a new code on your device"));
}

#[test]
fn sign_in_tells_nobody_which_of_the_two_was_wrong() {
    let html = html("sign-in-wrong");
    let tags = tags(&html);
    let marked = |field: &str| tags.iter().any(|tag| tag.is("input", "name", field) && tag.has("aria-invalid"));
    assert!(marked("username") && marked("password"));
    assert!(tags.iter().any(|tag| tag.is("input", "name", "password") && !tag.has("value")));
}

#[test]
fn the_operators_name_and_logo_take_the_place_of_the_mark() {
    let logo = crate::assets::Logo::new(&b"<svg xmlns='http://www.w3.org/2000/svg'/>"[..]).unwrap();
    let assets = Assets::new(&Brand { accent: None, logo: Some(logo) });
    let site = Site::new("", "Anna & Söhne", &assets).with_help("javascript:alert(1)");
    assert!(site.help.is_none());
    let page = samples::all(&site).unwrap().remove(0).html;
    assert!(page.contains(r#"<img class="logo" src="/assets/logo."#), "{page}");
    assert!(page.contains("alt=\"Anna &#38; Söhne\""), "{page}");
    assert!(!page.contains("class=\"mark\""));
}

#[test]
fn an_application_without_a_name_is_called_by_its_id() {
    assert_eq!(Application::new(" \u{200b}", "tv", true).name.as_str(), "tv");
}

#[test]
fn permissions_are_told_once_and_the_lasting_one_last() {
    let words: Vec<_> = Permission::of_all(["offline_access", "files", "email", "openid", "email"])
        .into_iter()
        .map(|permission| permission.words)
        .collect();
    assert_eq!(
        words,
        [
            "know that it is you",
            "see your email address",
            "do what this service calls “files”",
            "keep access until you remove it"
        ]
    );
}

#[test]
fn a_page_renders_the_same_twice() {
    let site = site();
    let page = ErrorPage { site: &site, kind: ErrorKind::NotFound, request_id: "k7f2-9qxd".into() };
    assert_eq!(page.render().unwrap(), page.render().unwrap());
}
