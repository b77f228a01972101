//! Lets tests that run at once listen to their own log.
//!
//! Whether anybody wants a line is remembered for the whole program, and while only one test listens it is asked of whichever
//! thread says the line first, which may be one that nobody listens to. A listener that wants nothing, and is asked each
//! time, keeps that from being remembered.

use std::sync::Once;

use tracing::span::{Attributes, Id, Record};
use tracing::subscriber::{Interest, set_global_default};
use tracing::{Event, Metadata, Subscriber};

/// Wants nothing, and never says so for good.
struct Undecided;

/// Makes lines heard by the test that says them, whatever others have said before.
pub(super) fn prepare() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| set_global_default(Undecided).unwrap());
}

impl Subscriber for Undecided {
    fn register_callsite(&self, _: &'static Metadata<'static>) -> Interest {
        Interest::sometimes()
    }
    fn enabled(&self, _: &Metadata<'_>) -> bool {
        false
    }
    fn new_span(&self, _: &Attributes<'_>) -> Id {
        Id::from_u64(1)
    }
    fn record(&self, _: &Id, _: &Record<'_>) {}
    fn record_follows_from(&self, _: &Id, _: &Id) {}
    fn event(&self, _: &Event<'_>) {}
    fn enter(&self, _: &Id) {}
    fn exit(&self, _: &Id) {}
}
