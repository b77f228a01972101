//! TLS: the certificate is checked, and the password is bound to the channel (SCRAM-SHA-256-PLUS, RFC 5802 §6).

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};

use super::*;
use crate::StoreError;

/// A server on TCP that takes nobody without TLS and a password, and its roots.
async fn server() -> (Cluster, std::path::PathBuf) {
    let mut cluster = Cluster::start(&[]);
    cluster.execute("CREATE ROLE app LOGIN PASSWORD 'geheim'; GRANT ALL ON SCHEMA public TO app").await;
    let mut params = CertificateParams::new(Vec::new()).unwrap();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let root = CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap();
    let key = KeyPair::generate().unwrap();
    let own = CertificateParams::new(vec!["localhost".to_owned()]).unwrap().signed_by(&key, &root).unwrap();
    let certificate = cluster.file("server.crt", &own.pem());
    let key = cluster.file("server.key", &key.serialize_pem());
    let roots = cluster.file("roots.crt", &root.pem());
    cluster.file("data/pg_hba.conf", "local all all trust\nhostssl all app 127.0.0.1/32 scram-sha-256\n");
    cluster.reconfigure(&[
        "listen_addresses=127.0.0.1",
        "ssl=on",
        &format!("ssl_cert_file={}", certificate.display()),
        &format!("ssl_key_file={}", key.display()),
    ]);
    (cluster, roots)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_connection_is_encrypted_checked_and_bound() {
    let (cluster, roots) = server().await;
    let port = cluster.port();
    let roots = roots.display().to_string().replace('/', "%2F");
    let address = |host: &str, password: &str, more: &str| {
        format!("postgres://app{password}@{host}:{port}/postgres?hostaddr=127.0.0.1&{more}")
    };
    let good = address("localhost", ":geheim", &format!("sslrootcert={roots}&channel_binding=require"));
    let store = node(&good).await;
    let client = Cluster::connect(&cluster.address()).await;
    let sql = "SELECT count(*) FROM pg_stat_ssl JOIN pg_stat_activity USING (pid) WHERE usename = 'app' AND NOT ssl";
    assert_eq!(client.query_one(sql, &[]).await.unwrap().get::<_, i64>(0), 0);
    assert_eq!(store.users().await, Ok(vec![]));
    // The password may come from elsewhere.
    let apart = settings(&address("localhost", "", &format!("sslrootcert={roots}"))).with_password("geheim");
    assert!(Store::postgres(apart).await.is_ok());

    for (refused, says) in [
        (address("localhost", ":geheim", "sslmode=require"), "certificate"),
        (address("db.example", ":geheim", &format!("sslrootcert={roots}")), "certificate"),
        (address("localhost", ":geheim", "sslmode=disable"), "no encryption"),
        (address("localhost", ":falsch", &format!("sslrootcert={roots}")), "28P01"),
    ] {
        let StoreError::Unavailable(why) = Store::postgres(settings(&refused)).await.unwrap_err() else {
            panic!("{refused} was not refused")
        };
        assert!(why.contains(says) && !why.contains("geheim"), "{why}");
    }
}
