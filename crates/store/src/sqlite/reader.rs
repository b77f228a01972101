//! The threads that read beside the writer, each with a connection; a load takes the first that is free.

use std::sync::mpsc::Receiver;
use std::sync::{Mutex, PoisonError};

use rusqlite::Connection;

use super::error::store_error;
use super::snapshot::Snapshot;
use crate::StoreError;
use crate::view::View;

/// A load that waits: what it does with a view, or with the reason why there is none.
pub(super) type Question = Box<dyn FnOnce(Result<&dyn View, StoreError>) + Send>;

/// Answers until nobody can ask any more.
pub(super) fn serve(connection: &Connection, queue: &Mutex<Receiver<Question>>) {
    // The lock is held while waiting, so that one thread waits for a question and the others for their turn.
    loop {
        let question = queue.lock().unwrap_or_else(PoisonError::into_inner).recv();
        match question {
            Ok(question) => answer(connection, question),
            Err(_) => return,
        }
    }
}

/// One read transaction: all that a question looks at is of one moment.
fn answer(connection: &Connection, question: Question) {
    match connection.unchecked_transaction() {
        Ok(transaction) => question(Ok(&Snapshot(&transaction))),
        Err(error) => question(Err(store_error(error))),
    }
}
