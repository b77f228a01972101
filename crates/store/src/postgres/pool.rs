//! Connections: opened with TLS and time limits, shared through a pool, and thrown away once they cannot be trusted.

use std::future::Future;
use std::ops::Deref;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use deadpool_postgres::{
    Hook, HookError, Manager, ManagerConfig, Object, PoolError, RecyclingMethod, Runtime, Timeouts,
};
use rustls::crypto::aws_lc_rs;
use rustls::{ClientConfig, RootCertStore};
use rustls_pki_types::CertificateDer;
use rustls_pki_types::pem::PemObject as _;
use rustls_platform_verifier::BuilderVerifierExt as _;
use tokio_postgres::types::ToSql;
use tokio_postgres::{Client, Connection, NoTls, Row, Socket, Statement};
use tokio_postgres_rustls::MakeRustlsConnect;

use super::error::{Failure, store_error};
use super::settings::{PostgresSettings, Tls};
use super::value::Value;
use crate::StoreError;
use crate::view::Load;

/// The pool, and how much may wait for it.
#[derive(Debug)]
pub(super) struct Pool {
    pool: deadpool_postgres::Pool,
    waiting: AtomicUsize,
    settings: PostgresSettings,
}

impl Pool {
    pub(super) fn new(settings: &PostgresSettings) -> Load<Self> {
        let recycling = ManagerConfig { recycling_method: RecyclingMethod::Fast };
        let manager = match encryption(&settings.tls)? {
            None => Manager::from_config(settings.config(), NoTls, recycling),
            Some(tls) => Manager::from_config(settings.config(), tls, recycling),
        };
        let session = session(settings);
        let set = Hook::async_fn(move |client, _| {
            let session = session.clone();
            Box::pin(async move { client.batch_execute(&session).await.map_err(HookError::Backend) })
        });
        let timeouts =
            Timeouts { wait: Some(settings.acquire), create: Some(settings.connect), recycle: Some(settings.connect) };
        let pool = deadpool_postgres::Pool::builder(manager)
            .max_size(settings.connections.max(1))
            .timeouts(timeouts)
            .runtime(Runtime::Tokio1)
            .post_create(set)
            .build()
            .map_err(|error| StoreError::Unavailable(error.to_string()))?;
        Ok(Self { pool, waiting: AtomicUsize::new(0), settings: settings.clone() })
    }

    /// A connection, once one is free.
    pub(super) async fn lease(&self) -> Load<Leased<'_>> {
        let _place = Place::take(&self.waiting, self.settings.queue).ok_or(StoreError::Busy)?;
        match self.pool.get().await {
            Ok(object) => {
                Ok(Leased { object: Some(object), spoiled: AtomicBool::new(false), settings: &self.settings })
            }
            Err(error) => Err(refused(error)),
        }
    }

    /// The rows that a statement gives. What only reads is asked again when the connection was lost meanwhile.
    pub(super) async fn rows(&self, sql: &str, values: &[Value<'_>]) -> Load<Vec<Row>> {
        match self.lease().await?.ask(sql, values).await {
            Err(failure) if failure.spoils() && !matches!(failure, Failure::Late) => {
                Ok(self.lease().await?.ask(sql, values).await?)
            }
            answer => Ok(answer?),
        }
    }

    pub(super) fn close(&self) {
        self.pool.close();
    }
}

/// A place in the queue.
struct Place<'a>(&'a AtomicUsize);

impl<'a> Place<'a> {
    fn take(waiting: &'a AtomicUsize, most: usize) -> Option<Self> {
        let place = Self(waiting);
        // The place is given back when this is dropped, whatever comes of it.
        (waiting.fetch_add(1, Ordering::Relaxed) < most).then_some(place)
    }
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

/// A connection for one operation.
pub(super) struct Leased<'a> {
    object: Option<Object>,
    spoiled: AtomicBool,
    settings: &'a PostgresSettings,
}

impl Deref for Leased<'_> {
    type Target = Object;

    #[expect(clippy::expect_used, reason = "it is there until the drop")]
    fn deref(&self) -> &Object {
        self.object.as_ref().expect("a lease has its connection")
    }
}

impl Leased<'_> {
    /// What `work` on this connection comes to, within the time for an answer.
    pub(super) async fn within<T>(
        &self,
        work: impl Future<Output = Result<T, tokio_postgres::Error>>,
    ) -> Result<T, Failure> {
        let answer = match tokio::time::timeout(self.settings.reply, work).await {
            Ok(answer) => answer.map_err(Failure::Sql),
            Err(_) => Err(Failure::Late),
        };
        if answer.as_ref().is_err_and(Failure::spoils) {
            self.spoil();
        }
        answer
    }

    /// Nobody else is to have this connection.
    pub(super) fn spoil(&self) {
        self.spoiled.store(true, Ordering::Relaxed);
    }

    /// The statement, prepared once on each connection.
    pub(super) async fn prepared(&self, sql: &str) -> Result<Statement, Failure> {
        self.within(self.prepare_cached(sql)).await
    }

    /// The rows that a statement gives.
    pub(super) async fn ask(&self, sql: &str, values: &[Value<'_>]) -> Result<Vec<Row>, Failure> {
        let statement = self.prepared(sql).await?;
        self.within(self.query(&statement, &parameters(values))).await
    }
}

impl Drop for Leased<'_> {
    fn drop(&mut self) {
        if let Some(object) = self.object.take()
            && self.spoiled.load(Ordering::Relaxed)
        {
            drop(Object::take(object));
        }
    }
}

/// Values as the parameters of a statement.
pub(super) fn parameters<'a>(values: &'a [Value<'_>]) -> Vec<&'a (dyn ToSql + Sync)> {
    values.iter().map(|value| value as &(dyn ToSql + Sync)).collect()
}

fn refused(error: PoolError) -> StoreError {
    match error {
        PoolError::Backend(error) | PoolError::PostCreateHook(HookError::Backend(error)) => store_error(&error),
        PoolError::Closed => StoreError::Unavailable("the store is closed".to_owned()),
        PoolError::Timeout(deadpool_postgres::TimeoutType::Wait) => StoreError::Busy,
        PoolError::NoRuntimeSpecified | PoolError::PostCreateHook(_) | PoolError::Timeout(_) => {
            StoreError::Unavailable("the database did not answer in time".to_owned())
        }
    }
}

/// What every connection begins with. Limits are the session's own, so that no setting of the database loosens them.
pub(super) fn session(settings: &PostgresSettings) -> String {
    format!(
        "SET statement_timeout = {}; SET lock_timeout = {}; SET idle_in_transaction_session_timeout = {}",
        settings.statement.as_millis(),
        settings.lock.as_millis(),
        settings.reply.as_millis(),
    )
}

/// A connection outside the pool, for what lives as long as the store does.
pub(super) async fn connect(settings: &PostgresSettings) -> Load<(Client, Wire)> {
    let config = settings.config();
    let connected = async {
        Ok(match encryption(&settings.tls)? {
            None => {
                let (client, connection) = config.connect(NoTls).await.map_err(|error| store_error(&error))?;
                (client, Wire::Plain(Box::new(connection)))
            }
            Some(tls) => {
                let (client, connection) = config.connect(tls).await.map_err(|error| store_error(&error))?;
                (client, Wire::Encrypted(Box::new(connection)))
            }
        })
    };
    let late = || StoreError::Unavailable("the database did not answer in time".to_owned());
    tokio::time::timeout(settings.connect, connected).await.map_err(|_| late())?
}

type Encrypted = Connection<Socket, <MakeRustlsConnect as tokio_postgres::tls::MakeTlsConnect<Socket>>::Stream>;

/// The wire under a [`Client`], which somebody must turn.
pub(super) enum Wire {
    /// Over TLS.
    Encrypted(Box<Encrypted>),
    /// In the clear.
    Plain(Box<Connection<Socket, tokio_postgres::tls::NoTlsStream>>),
}

impl Wire {
    /// The next message that answers nothing; `None` once the connection has ended.
    pub(super) async fn message(&mut self) -> Option<Result<tokio_postgres::AsyncMessage, tokio_postgres::Error>> {
        std::future::poll_fn(|context| match self {
            Self::Encrypted(connection) => connection.poll_message(context),
            Self::Plain(connection) => connection.poll_message(context),
        })
        .await
    }
}

fn encryption(tls: &Tls) -> Load<Option<MakeRustlsConnect>> {
    let Tls::Verified(roots) = tls else {
        return Ok(None);
    };
    let broken = |error: rustls::Error| StoreError::Unavailable(format!("TLS cannot be set up: {error}"));
    let builder = ClientConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
        .with_safe_default_protocol_versions()
        .map_err(broken)?;
    let config = match roots {
        None => builder.with_platform_verifier().map_err(broken)?.with_no_client_auth(),
        Some(path) => builder.with_root_certificates(read_roots(path)?).with_no_client_auth(),
    };
    Ok(Some(MakeRustlsConnect::new(config)))
}

fn read_roots(path: &Path) -> Load<RootCertStore> {
    let unreadable = |why: String| StoreError::Unavailable(format!("sslrootcert {}: {why}", path.display()));
    let mut roots = RootCertStore::empty();
    for certificate in CertificateDer::pem_file_iter(path).map_err(|error| unreadable(error.to_string()))? {
        let certificate = certificate.map_err(|error| unreadable(error.to_string()))?;
        roots.add(certificate).map_err(|error| unreadable(error.to_string()))?;
    }
    if roots.is_empty() {
        return Err(unreadable("it holds no certificate".to_owned()));
    }
    Ok(roots)
}
