//! `countersignd config example | check | show`, `completions` and `man`.

use std::fs;
use std::process::Stdio;

use serde_json::Value;

use super::{argument, countersignd, ended};

#[test]
fn the_example_passes_the_check_where_its_folders_are() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("countersignd.toml");
    let (code, example, said) = ended(&mut countersignd(&["config", "example"]));
    assert_eq!((code, said.as_str()), (Some(0), ""));
    fs::write(&file, example).unwrap();
    let mut check = countersignd(&["config", "check", "--config", argument(&file)]);
    check.env("COUNTERSIGN__STORE__URL", format!("sqlite:{}", argument(&folder.path().join("c.db"))));
    check.env("COUNTERSIGN__SECRETS__KEY_FILE", folder.path().join("key"));
    let (code, out, said) = ended(&mut check);
    assert_eq!((code, said.as_str()), (Some(0), ""));
    let out = out.replace(argument(folder.path()), "DIR");
    insta::assert_snapshot!(out, @r"
    DIR/countersignd.toml is good.
    Issuer http://localhost:8628, 0 declared clients; people open http://localhost:8628/device.
    Guessing a code: a chance of 1.0e-7 at worst, 5.0e-3 hits a day by 50000 guesses.
    ");
}

#[test]
fn wrong_configuration_and_wrong_usage_end_with_two() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("c.toml");
    fs::write(&file, "issuer = \"http://localhost:8628\"\n[device]\nlifetim = \"10m\"\n").unwrap();
    for command in ["check", "show"] {
        let (code, out, said) = ended(&mut countersignd(&["config", command, "--config", argument(&file)]));
        let expected = format!("{}:3:1: unknown key `lifetim` in [device]; did you mean `lifetime`?\n", file.display());
        assert_eq!((code, out.as_str(), said), (Some(2), "", expected), "{command}");
    }
    let missing = folder.path().join("missing.toml");
    for command in [
        &mut countersignd(&["config", "check"]).env("COUNTERSIGN_CONFIG", &missing),
        &mut countersignd(&["config", "chekc"]),
    ] {
        let (code, out, said) = ended(command);
        assert_eq!((code, out.as_str(), said.is_empty()), (Some(2), "", false));
    }
}

#[test]
fn what_holds_is_shown_as_json() {
    let mut show = countersignd(&["config", "show", "--json"]);
    show.env("COUNTERSIGN_CONFIG", "/dev/null").env("COUNTERSIGN__ISSUER", "http://localhost:8628");
    let (code, out, said) = ended(&mut show);
    assert_eq!((code, said.as_str()), (Some(0), ""));
    let shown: Value = serde_json::from_str(&out).unwrap();
    assert_eq!((&shown["issuer"], &shown["device"]["hold"]), (&"http://localhost:8628".into(), &"4s".into()));
}

#[test]
fn a_reader_that_had_enough_is_no_failure() {
    let mut example = countersignd(&["config", "example"]);
    let mut child = example.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    drop(child.stdout.take());
    let output = child.wait_with_output().unwrap();
    assert_eq!((output.status.code(), output.stderr.as_slice()), (Some(0), b"".as_slice()));
}

#[test]
fn a_folder_that_cannot_be_made_ends_with_one() {
    let file = tempfile::NamedTempFile::new().unwrap();
    let folder = file.path().join("man");
    let (code, _, said) = ended(&mut countersignd(&["man", argument(&folder)]));
    assert_eq!(code, Some(1));
    assert!(said.starts_with("countersignd: cannot write man pages into "), "{said}");
}
