//! The files that a configuration names: there, readable, and what they should be. Changes nothing.

use std::fs;
use std::path::Path;

use flow::Env;
use flow::secrets::{KeyFile, KeyFileError};
use rustls::client::verify_server_name;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::server::ParsedCertificate;
use server::assets::Logo;
use server::listen::{CertificateError, Tls};

use super::check::Check;
use super::store_url::StoreUrl;
use super::{Config, Loaded, Report};

/// Looks at the files; adds what is wrong with them to the report.
pub(crate) fn check_files(loaded: &Loaded) -> Report {
    let mut report = loaded.report.clone();
    let mut check = Check { places: &loaded.places, report: &mut report };
    tls(&loaded.config, &mut check);
    key_file(&loaded.config, &mut check);
    logo(&loaded.config, &mut check);
    report.sort();
    report
}

fn tls(config: &Config, check: &mut Check<'_>) {
    let (Some(certificate), Some(private_key)) = (&config.tls.certificate, &config.tls.private_key) else { return };
    if let Err(error) = Tls::from_pem_files(certificate, private_key) {
        let about_key = match &error {
            CertificateError::Unreadable { path, .. } | CertificateError::NotPem { path, .. } => path == private_key,
            CertificateError::NoPrivateKey(_) => true,
            CertificateError::NoCertificate(_) | CertificateError::Unusable { .. } | CertificateError::Setup(_) => {
                false
            }
        };
        let key = if about_key { "tls.private_key" } else { "tls.certificate" };
        check.mistake(key, &error.to_string());
    } else if let Some(host) = config.issuer.host()
        && !names(certificate, host)
    {
        check.advice("tls.certificate", &format!("{} is not for {host}, the issuer's host", certificate.display()));
    }
}

/// Whether the certificate is for this host.
fn names(certificate: &Path, host: &str) -> bool {
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    let end_entity = CertificateDer::pem_file_iter(certificate).ok().and_then(|mut chain| chain.next()?.ok());
    let (Some(end_entity), Ok(name)) = (end_entity, ServerName::try_from(bare)) else { return false };
    ParsedCertificate::try_from(&end_entity).is_ok_and(|parsed| verify_server_name(&parsed, &name).is_ok())
}

fn key_file(config: &Config, check: &mut Check<'_>) {
    const KEY: &str = "secrets.key_file";
    let path = &config.secrets.key_file;
    let database = match &config.store.url {
        StoreUrl::Memory => return,
        // Whether it has keys already, only the database knows.
        StoreUrl::Postgres(_) => {
            match KeyFile::open(path, false, &mut Env::system().entropy()) {
                Ok(_) => {}
                Err(KeyFileError::Missing(_)) => folder(KEY, path, check),
                Err(error) => check.mistake(KEY, &error.to_string()),
            }
            return;
        }
        StoreUrl::Sqlite(database) => database,
    };
    match KeyFile::open(path, false, &mut Env::system().entropy()) {
        Ok(_) => {}
        // It is made on first start, together with the database.
        Err(KeyFileError::Missing(_)) if !database.exists() => folder(KEY, path, check),
        Err(error) => check.mistake(KEY, &error.to_string()),
    }
    if !database.exists() {
        folder("store.url", database, check);
    } else if let Err(error) = fs::File::open(database) {
        check.mistake("store.url", &format!("cannot open {}: {error}", database.display()));
    }
}

/// A file that will be made needs a folder to be made in.
fn folder(key: &str, file: &Path, check: &mut Check<'_>) {
    let Some(folder) = file.parent().filter(|folder| !folder.as_os_str().is_empty()) else { return };
    match fs::metadata(folder) {
        Ok(found) if found.is_dir() && !found.permissions().readonly() => {}
        Ok(found) if found.is_dir() => {
            check.mistake(key, &format!("{} cannot be made: the folder is read-only", file.display()));
        }
        Ok(_) => check.mistake(key, &format!("{} is not a folder", folder.display())),
        Err(error) => {
            check.mistake(
                key,
                &format!("{} will be made on first start, but its folder: {error}; make it", file.display()),
            );
        }
    }
}

fn logo(config: &Config, check: &mut Check<'_>) {
    let Some(path) = &config.brand.logo else { return };
    match fs::read(path) {
        Err(error) => check.mistake("brand.logo", &format!("cannot read {}: {error}", path.display())),
        Ok(content) => {
            if let Err(error) = Logo::new(content) {
                check.mistake("brand.logo", &format!("{}: {error}", path.display()));
            }
        }
    }
}
