//! Which core does what: the server under test has the first, the load the second. Threads and processes inherit the
//! core of the thread that starts them.

use anyhow::{Context, Result};

/// A processor core.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Core(pub(crate) usize);

/// The server's, whichever server it is, and SQLite's own.
pub(crate) const SERVER: Core = Core(0);
/// The load's.
pub(crate) const LOAD: Core = Core(1);

/// Keeps this thread, and what it starts from now on, on one core.
#[cfg(target_os = "linux")]
pub(crate) fn pin(core: Core) -> Result<()> {
    let mut set = rustix::thread::CpuSet::new();
    set.set(core.0);
    rustix::thread::sched_setaffinity(None, &set)
        .with_context(|| format!("cannot run on core {}: two cores are needed", core.0))
}

/// Only Linux lets a process choose its core.
#[cfg(not(target_os = "linux"))]
pub(crate) fn pin(core: Core) -> Result<()> {
    anyhow::bail!("cannot choose core {}: measurements run on Linux only", core.0)
}

/// Does something on a core, then goes on with the load's.
pub(crate) fn on<T>(core: Core, work: impl FnOnce() -> Result<T>) -> Result<T> {
    pin(core)?;
    let outcome = work();
    pin(LOAD)?;
    outcome
}
