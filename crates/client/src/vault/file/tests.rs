//! What is kept comes back, privately, sealed or not; what is exposed, damaged or another's is not used.

use std::os::unix::fs::{PermissionsExt, symlink};

use proto::Timestamp;
use proto::wire::token::{Credential, TokenType};

use super::*;
use crate::ProofKey;

fn session(access_token: &str) -> Session {
    Session {
        access_token: Credential::new(access_token),
        client_id: "tv".to_owned(),
        expires_at: Some(Timestamp::from_seconds(1_800_000_000)),
        issued_at: None,
        issuer: "https://id.example.com".to_owned(),
        name: Some("maria".to_owned()),
        proof_key: None,
        refresh_token: Some(Credential::new("rt")),
        scope: Some("openid".to_owned()),
        subject: None,
        token_type: TokenType::Bearer,
    }
}

fn vault() -> (tempfile::TempDir, FileVault, ProfileName) {
    let root = tempfile::tempdir().unwrap();
    let vault = FileVault::at(root.path().join("a/countersign"));
    (root, vault, "default".parse().unwrap())
}

fn mode(path: &Path) -> u32 {
    fs::metadata(path).unwrap().permissions().mode() & 0o777
}

#[test]
fn sessions_are_kept_privately_and_come_back() {
    let (_root, vault, profile) = vault();
    assert_eq!(vault.load(&profile).unwrap(), None);
    vault.probe(&profile).unwrap();
    vault.save(&profile, &session("one")).unwrap();
    vault.save(&profile, &session("two")).unwrap();
    assert_eq!(vault.load(&profile).unwrap(), Some(session("two")));
    assert_eq!((mode(&vault.file(&profile)), mode(&vault.directory)), (0o600, 0o700));
    let names: Vec<_> = fs::read_dir(&vault.directory).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(names, ["default.json"], "nothing is left lying about");
    assert!(vault.forget(&profile).unwrap());
    assert!(!vault.forget(&profile).unwrap());
    assert_eq!(vault.load(&profile).unwrap(), None);
}

#[test]
fn links_and_exposed_or_damaged_files_are_not_trusted() {
    let (root, vault, profile) = vault();
    vault.save(&profile, &session("one")).unwrap();
    let path = vault.file(&profile);
    fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).unwrap();
    assert!(matches!(vault.load(&profile), Err(VaultError::Exposed(_))));
    vault.save(&profile, &session("two")).unwrap();
    assert_eq!(vault.load(&profile).unwrap(), Some(session("two")), "signing in again repairs it");

    fs::write(&path, "{").unwrap();
    assert!(matches!(vault.load(&profile), Err(VaultError::Damaged(_))));
    fs::write(&path, [0xff; 9]).unwrap();
    assert!(matches!(vault.load(&profile), Err(VaultError::Damaged(_))));

    let target = root.path().join("target");
    fs::write(&target, "untouched").unwrap();
    fs::remove_file(&path).unwrap();
    symlink(&target, &path).unwrap();
    assert!(matches!(vault.load(&profile), Err(VaultError::Io { .. })));
    vault.save(&profile, &session("three")).unwrap();
    assert_eq!(fs::read_to_string(&target).unwrap(), "untouched");
    assert_eq!(vault.load(&profile).unwrap(), Some(session("three")));
}

#[test]
fn dpd_5_the_key_is_kept_with_its_tokens_as_privately_and_goes_with_them() {
    let (_root, vault, profile) = vault();
    let key = ProofKey::generate(jose::Algorithm::Es256).unwrap();
    let bound = Session { proof_key: Some(key.clone()), token_type: TokenType::Dpop, ..session("one") };
    vault.save(&profile, &bound).unwrap();
    let loaded = vault.load(&profile).unwrap().unwrap();
    assert_eq!((loaded.proof_key.as_ref(), &loaded), (Some(&key), &bound));
    let path = vault.file(&profile);
    assert_eq!(mode(&path), 0o600);
    let kept: serde_json::Value = serde_json::from_slice(&fs::read(&path).unwrap()).unwrap();
    assert_eq!((&kept["version"], &kept["token_type"]), (&2.into(), &"DPoP".into()));
    assert_eq!((&kept["proof_key"]["alg"], &kept["proof_key"]["jkt"]), (&"ES256".into(), &key.jkt().into()));
    let secret = kept["proof_key"]["pkcs8"].as_str().unwrap();
    assert!(!format!("{bound:?}").contains(&secret[..10]));

    for (name, value) in [("proof_key", serde_json::Value::Null), ("token_type", "Bearer".into())] {
        let mut torn = kept.clone();
        torn[name] = value;
        fs::write(&path, torn.to_string()).unwrap();
        assert!(matches!(vault.load(&profile), Err(VaultError::Damaged(_))), "a token without its key: {name}");
    }
    assert!(vault.forget(&profile).unwrap() && !path.exists());
}

#[test]
fn files_of_other_versions_are_read_or_named() {
    let (_root, vault, profile) = vault();
    vault.save(&profile, &session("one")).unwrap();
    let path = vault.file(&profile);
    let mut kept: serde_json::Value = serde_json::from_slice(&fs::read(&path).unwrap()).unwrap();
    kept.as_object_mut().unwrap().remove("version");
    fs::write(&path, kept.to_string()).unwrap();
    assert_eq!(vault.load(&profile).unwrap(), Some(session("one")), "the first version had no number");
    kept["version"] = 4.into();
    kept["access_token"] = serde_json::json!({"sealed": "…"});
    fs::write(&path, kept.to_string()).unwrap();
    assert!(matches!(vault.load(&profile), Err(VaultError::Newer(_))));
}

#[test]
fn a_directory_that_cannot_be_written_is_noticed_before_the_sign_in() {
    let (root, _, profile) = vault();
    fs::write(root.path().join("file"), "").unwrap();
    let vault = FileVault::at(root.path().join("file/countersign"));
    assert!(matches!(vault.probe(&profile), Err(VaultError::Io { .. })));
    assert!(matches!(vault.save(&profile, &session("one")), Err(VaultError::Io { .. })));
}

#[test]
fn an_open_directory_is_closed() {
    let (_root, vault, profile) = vault();
    fs::create_dir_all(&vault.directory).unwrap();
    fs::set_permissions(&vault.directory, fs::Permissions::from_mode(0o755)).unwrap();
    vault.save(&profile, &session("one")).unwrap();
    assert_eq!(mode(&vault.directory), 0o700);
}

#[test]
fn the_lock_admits_one_at_a_time() {
    let (_root, vault, profile) = vault();
    let held = vault.lock(&profile).unwrap();
    let other = File::open(vault.directory.join("default.lock")).unwrap();
    assert!(other.try_lock().is_err());
    drop(held);
    assert!(other.try_lock().is_ok());
}

/// A vault whose sessions are sealed so.
fn sealed(root: &Path, seal: Seal, passphrase: Option<&str>) -> FileVault {
    let keys = Keys { file: Some(root.join("key")), passphrase: passphrase.map(Credential::new), ..Keys::default() };
    FileVault::at(root.join("v")).with(keys, Protection::Sealed(seal))
}

#[test]
fn a_key_file_is_made_and_nothing_is_read_without_it() {
    let root = tempfile::tempdir().unwrap();
    let (vault, profile) = (sealed(root.path(), Seal::KeyFile, None), "work".parse().unwrap());
    vault.probe(&profile).unwrap();
    assert_eq!(mode(&root.path().join("key")), 0o600);
    vault.save(&profile, &session("hush-hush-token")).unwrap();
    let text = fs::read_to_string(vault.file(&profile)).unwrap();
    assert!(!text.contains("hush") && !text.contains("id.example.com") && text.contains("\"version\": 3"), "{text}");
    assert_eq!(vault.load(&profile).unwrap(), Some(session("hush-hush-token")));
    assert_eq!(vault.seal(&profile).unwrap(), Some(Seal::KeyFile));

    // A renewal by a program that was told nothing but where the key is.
    let keys = Keys { file: Some(root.path().join("key")), ..Keys::default() };
    let plain = FileVault::at(root.path().join("v")).with(keys, Protection::AsBefore);
    plain.save(&profile, &session("second")).unwrap();
    assert_eq!(plain.seal(&profile).unwrap(), Some(Seal::KeyFile), "never in plain text by itself");

    let none = FileVault::at(root.path().join("v"));
    assert!(matches!(none.load(&profile), Err(VaultError::NoKey(Seal::KeyFile))));
    fs::write(root.path().join("key"), "x".repeat(40)).unwrap();
    assert!(matches!(vault.load(&profile), Err(VaultError::WrongKey(Seal::KeyFile))));
    fs::write(root.path().join("key"), "short").unwrap();
    assert!(matches!(vault.load(&profile), Err(VaultError::Damaged(_))));
    fs::set_permissions(root.path().join("key"), fs::Permissions::from_mode(0o644)).unwrap();
    assert!(matches!(vault.load(&profile), Err(VaultError::Exposed(_))));
    assert!(none.forget(&profile).unwrap(), "signing out needs no key");
}

#[test]
fn a_passphrase_opens_its_session_and_no_other() {
    let root = tempfile::tempdir().unwrap();
    let [work, home]: [ProfileName; 2] = ["work", "home"].map(|name| name.parse().unwrap());
    let vault = sealed(root.path(), Seal::Passphrase, Some("correct horse"));
    vault.probe(&work).unwrap();
    vault.save(&work, &session("one")).unwrap();
    assert_eq!(vault.load(&work).unwrap(), Some(session("one")));
    let wrong = sealed(root.path(), Seal::Passphrase, Some("battery"));
    assert!(matches!(wrong.load(&work), Err(VaultError::WrongKey(Seal::Passphrase))));
    let none = sealed(root.path(), Seal::Passphrase, None);
    assert!(matches!(none.probe(&work), Err(VaultError::NoKey(Seal::Passphrase))));
    assert!(matches!(none.load(&work), Err(VaultError::NoKey(Seal::Passphrase))));
    fs::copy(vault.file(&work), vault.file(&home)).unwrap();
    assert!(matches!(vault.load(&home), Err(VaultError::WrongKey(_))), "files cannot change places");
}

#[test]
fn a_sealed_file_that_was_touched_is_not_used() {
    let root = tempfile::tempdir().unwrap();
    let (vault, profile) = (sealed(root.path(), Seal::KeyFile, None), "work".parse().unwrap());
    vault.probe(&profile).unwrap();
    vault.save(&profile, &session("one")).unwrap();
    let path = vault.file(&profile);
    let kept: serde_json::Value = serde_json::from_slice(&fs::read(&path).unwrap()).unwrap();
    for (name, value) in [("data", "AAAA"), ("nonce", "AAAA"), ("data", "?"), ("salt", "AAAA"), ("by", "keys")] {
        let mut torn = kept.clone();
        torn["sealed"][name] = value.into();
        fs::write(&path, torn.to_string()).unwrap();
        let loaded = vault.load(&profile);
        assert!(matches!(loaded, Err(VaultError::WrongKey(_) | VaultError::Damaged(_))), "{name} {value}: {loaded:?}");
    }
    let mut bare = kept;
    bare["version"] = 2.into();
    fs::write(&path, bare.to_string()).unwrap();
    assert!(matches!(vault.load(&profile), Err(VaultError::Damaged(_))));
}
