//! Work that must not be left half done: signals that would end the program wait until it is.

use std::future::Future;

use crate::exit::{Exit, Failure};

/// Runs `work` to its end, which is bounded, and only then heeds a signal that came meanwhile.
#[cfg(unix)]
pub(crate) async fn until_done<R>(work: impl Future<Output = R>) -> Result<R, Failure> {
    use tokio::signal::unix::{SignalKind, signal};

    let kinds = [SignalKind::interrupt(), SignalKind::terminate(), SignalKind::hangup()];
    // Whoever listens is no longer ended by them.
    let mut signals: Vec<_> = kinds.into_iter().filter_map(|kind| signal(kind).ok()).collect();
    let result = work.await;
    let came = |signal: &mut tokio::signal::unix::Signal| {
        let mut context = std::task::Context::from_waker(std::task::Waker::noop());
        signal.poll_recv(&mut context).is_ready()
    };
    if signals.iter_mut().any(came) {
        return Err(Failure::new(Exit::Interrupted, "interrupted", "Stopped."));
    }
    Ok(result)
}

/// The same where there are no such signals.
#[cfg(not(unix))]
pub(crate) async fn until_done<R>(work: impl Future<Output = R>) -> Result<R, Failure> {
    Ok(work.await)
}
