//! SQLite without a server: rows of the product's own table with its indexes, as durable, in batches, one thread.

use std::path::Path;

use anyhow::Result;
use proto::Entropy as _;
use rusqlite::{Connection, params};
use store::{SqliteSettings, Store};

use crate::clock::Stopwatch;
use crate::pin;

/// Rows that share a transaction.
pub(crate) const BATCH: usize = 100;

const INSERT: &str = "INSERT INTO grants (id, device_code, user_code, client_id, scope, ip, ip_origin, created_at, \
     expires_at, forget_at, interval_ms, state, version, commit_id) \
     VALUES (?1, ?2, ?3, 'bench', 'measure', '127.0.0.1', 'direct', ?4, ?4 + 1800000, ?4 + 5400000, 5000, 'pending', 1, ?5)";

/// A database of its own.
pub(crate) struct Raw {
    connection: Connection,
    inserted: i64,
}

/// What is random in a row; an identifier is half of a device code.
struct Row {
    device_code: [u8; 32],
    user_code: [u8; 32],
    commit: [u8; 16],
}

impl Raw {
    /// An empty database with the schema of the product.
    pub(crate) fn new(folder: &Path) -> Result<Self> {
        let settings = SqliteSettings::at(folder.join("raw.db"));
        let (path, checkpoint_pages) = (settings.path.clone(), settings.checkpoint_pages);
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        runtime.block_on(async { Store::sqlite(settings).await?.close().await })?;
        let connection = Connection::open(path)?;
        connection.pragma_update(None, "journal_mode", "WAL")?;
        connection.pragma_update(None, "synchronous", "FULL")?;
        connection.pragma_update(None, "wal_autocheckpoint", checkpoint_pages)?;
        connection.pragma_update(None, "cache_size", -16_384)?;
        Ok(Self { connection, inserted: 0 })
    }

    /// Rows a second, on the server's core.
    pub(crate) fn rate(&mut self, rows: usize) -> Result<f64> {
        let mut entropy = flow::Env::system().entropy();
        let rows: Vec<Row> = (0..rows)
            .map(|_| {
                let mut row = Row { device_code: [0; 32], user_code: [0; 32], commit: [0; 16] };
                entropy.fill(&mut row.device_code);
                entropy.fill(&mut row.user_code);
                entropy.fill(&mut row.commit);
                row
            })
            .collect();
        pin::on(pin::SERVER, || {
            let watch = Stopwatch::start();
            for batch in rows.chunks(BATCH) {
                self.insert(batch)?;
            }
            Ok(rows.len() as f64 / watch.elapsed().as_secs_f64())
        })
    }

    fn insert(&mut self, batch: &[Row]) -> Result<()> {
        let transaction = self.connection.transaction()?;
        {
            let mut statement = transaction.prepare_cached(INSERT)?;
            for row in batch {
                self.inserted += 1;
                let id = row.device_code.first_chunk::<16>();
                statement.execute(params![id, row.device_code, row.user_code, self.inserted, row.commit])?;
            }
        }
        Ok(transaction.commit()?)
    }
}
