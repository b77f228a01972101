use std::fs;
use std::os::unix::fs::PermissionsExt as _;

use super::{Ended, Site, any_holds};

#[test]
fn a_backup_is_a_database_of_its_own() {
    let site = Site::new();
    let copy = site.path("copy.db");
    let to = super::super::argument(&copy).to_owned();
    site.run(&["store", "backup", &to]).failed("there is no database");
    site.add_user("maria");
    let ended = site.run(&["store", "backup", &to]).done();
    assert!(ended.err.contains("key file") && ended.out.is_empty(), "{ended:?}");
    assert_eq!(fs::metadata(&copy).unwrap().permissions().mode() & 0o777, 0o600);
    site.run(&["store", "backup", &to]).failed("exists already");
    site.run(&["store", "backup", "/nonexistent/copy.db"]).failed("/nonexistent/copy.db");

    site.add_user("peter");
    let mut list = site.command(&["user", "list"]);
    let list = Ended::of(list.env("COUNTERSIGN__STORE__URL", format!("sqlite:{to}"))).done().out;
    assert!(list.contains("maria") && !list.contains("peter"), "{list}");
    assert!(any_holds(&site.database(), "peter"));
}

#[test]
fn a_migration_may_be_looked_at_before_it_is_done() {
    let site = Site::new();
    let planned = site.run(&["migrate", "--dry-run"]).done().out;
    assert!(planned.starts_with("0001 base: would be done"), "{planned}");
    assert!(!site.database().exists());
    let done = site.run(&["migrate"]).done().out;
    assert!(done.starts_with("0001 base: done"), "{done}");
    assert!(site.database().exists() && !site.path("key").exists(), "it needs no keys");
    for arguments in [&["migrate"][..], &["migrate", "--dry-run"]] {
        let again = site.run(arguments).done();
        assert_eq!((again.out.as_str(), again.err.contains("up to date")), ("", true));
    }
    site.add_user("maria");
}

#[test]
fn a_file_that_is_no_database_of_ours_is_left_alone() {
    let site = Site::new();
    fs::write(
        site.database(),
        "a shopping list: fish, bread, and more than a hundred bytes of things to buy ".repeat(9),
    )
    .unwrap();
    for arguments in [&["user", "list"][..], &["migrate"], &["store", "backup", "/nonexistent"]] {
        let ended = site.run(arguments);
        assert_eq!((ended.code, ended.out.as_str()), (Some(1), ""), "{ended:?}");
        assert!(!ended.err.contains("panicked"), "{ended:?}");
    }
    assert!(fs::read_to_string(site.database()).unwrap().starts_with("a shopping list"));
}
