//! Files that a configuration names.

use std::fs;
use std::path::Path;

use super::super::{Source, check_files};
use super::{ISSUER, file, good};

/// What is said about the files of a configuration in `folder`, with the folder's name taken out.
fn said(folder: &Path, text: &str) -> String {
    let source = Source { file: Some(folder.join("c.toml")), ..file(text) };
    check_files(&good(&source)).to_string().replace(folder.to_str().unwrap(), "DIR")
}

fn plain(text: &str) -> String {
    format!("{ISSUER}[store]\nurl = \"sqlite:c.db\"\n[secrets]\nkey_file = \"key\"\n{text}")
}

#[test]
fn a_fresh_folder_is_good_and_nothing_is_made_in_it() {
    let folder = tempfile::tempdir().unwrap();
    assert_eq!(said(folder.path(), &plain("")), "");
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
}

#[test]
fn a_missing_folder_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let text = plain("").replace("sqlite:c.db", "sqlite:a/c.db").replace("\"key\"", "\"b/key\"");
    insta::assert_snapshot!(said(folder.path(), &text), @r#"
    DIR/c.toml:3:7: [store] url: DIR/a/c.db will be made on first start, but its folder: No such file or directory (os error 2); make it
    DIR/c.toml:5:12: [secrets] key_file: DIR/b/key will be made on first start, but its folder: No such file or directory (os error 2); make it
    "#);
    fs::write(folder.path().join("a"), "").unwrap();
    assert!(said(folder.path(), &text).contains("[store] url: DIR/a is not a folder"));
}

#[test]
fn a_database_without_its_key_file_is_a_mistake() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("c.db"), "").unwrap();
    insta::assert_snapshot!(said(folder.path(), &plain("")), @r#"DIR/c.toml:5:12: [secrets] key_file: the key file DIR/key is missing, but the store holds keys that only it can open: restore it from your backup, or point [secrets] key_file at it"#);
}

#[cfg(unix)]
#[test]
fn a_key_file_that_others_can_read_or_that_is_damaged_is_a_mistake() {
    use std::os::unix::fs::PermissionsExt as _;
    let folder = tempfile::tempdir().unwrap();
    let key = folder.path().join("key");
    fs::write(&key, "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=\n").unwrap();
    fs::set_permissions(&key, fs::Permissions::from_mode(0o640)).unwrap();
    assert!(said(folder.path(), &plain("")).contains("can be read by other users"));
    fs::set_permissions(&key, fs::Permissions::from_mode(0o600)).unwrap();
    assert_eq!(said(folder.path(), &plain("")), "");
    fs::write(&key, "c2hvcnQ=").unwrap();
    assert!(said(folder.path(), &plain("")).contains("is damaged"));
}

#[test]
fn a_logo_must_be_a_picture() {
    let folder = tempfile::tempdir().unwrap();
    let text = plain("[brand]\nlogo = \"logo.svg\"\n");
    assert!(said(folder.path(), &text).contains("c.toml:7:8: [brand] logo: cannot read DIR/logo.svg: No such file"));
    fs::write(folder.path().join("logo.svg"), "hello").unwrap();
    assert!(said(folder.path(), &text).contains("neither SVG nor PNG"));
    fs::write(folder.path().join("logo.svg"), "<svg xmlns=\"http://www.w3.org/2000/svg\"/>").unwrap();
    assert_eq!(said(folder.path(), &text), "");
}

#[test]
fn certificate_and_key_must_be_there_belong_together_and_name_the_issuer() {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, text: String| fs::write(folder.path().join(name), text).unwrap();
    let text = plain("[tls]\ncertificate = \"tls.crt\"\nprivate_key = \"tls.key\"\n")
        .replace("http://localhost:8628", "https://id.example.com");
    let made = |host: &str| rcgen::generate_simple_self_signed([host.to_owned()]).unwrap();
    let (own, other) = (made("id.example.com"), made("other.example.com"));

    assert!(said(folder.path(), &text).contains("c.toml:7:15: [tls] certificate: cannot read DIR/tls.crt"));
    write("tls.crt", own.cert.pem());
    assert!(said(folder.path(), &text).contains("c.toml:8:15: [tls] private_key: cannot read DIR/tls.key"));
    write("tls.key", own.cert.pem());
    assert!(said(folder.path(), &text).contains("[tls] private_key: DIR/tls.key holds no private key"));
    write("tls.key", other.signing_key.serialize_pem());
    assert!(
        said(folder.path(), &text)
            .contains("[tls] certificate: certificate DIR/tls.crt and private key DIR/tls.key cannot be used together")
    );
    write("tls.crt", other.cert.pem());
    assert_eq!(
        said(folder.path(), &text),
        "DIR/c.toml:7:15: advice: [tls] certificate: DIR/tls.crt is not for id.example.com, the issuer's host\n"
    );
    write("tls.crt", own.cert.pem());
    write("tls.key", own.signing_key.serialize_pem());
    assert_eq!(said(folder.path(), &text), "");
}
