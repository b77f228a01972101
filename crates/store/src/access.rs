//! Counts what is asked of a store, so that a test can prove that a poll asked nothing and metrics can tell the rest.

use std::sync::atomic::{AtomicU64, Ordering};

macro_rules! operations {
    ($($(#[$doc:meta])* $name:ident = $text:literal),* $(,)?) => {
        /// What can be asked of a store: one for each function of [`crate::Store`] that looks at or changes its state.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum Operation {$($(#[$doc])* $name),*}

        impl Operation {
            /// All of them.
            pub const ALL: &[Self] = &[$(Self::$name),*];

            /// Its name, such as `redeem_view`.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self {$(Self::$name => $text),*}
            }
        }
    };
}

operations! {
    /// A copy of the whole store into a file.
    Backup = "backup",
    /// One client.
    Client = "client",
    /// All clients.
    Clients = "clients",
    /// The one write of protocol state.
    Commit = "commit",
    /// A grant that is to be decided.
    DecideView = "decide_view",
    /// The facts of the deployment.
    Deployment = "deployment",
    /// Families, by filter.
    Families = "families",
    /// One family with all that its tokens depend on.
    FamilyView = "family_view",
    /// Attempts given back.
    GiveBack = "give_back",
    /// One grant.
    Grant = "grant",
    /// Grants, by filter.
    Grants = "grants",
    /// One initial access token.
    InitialToken = "initial_token",
    /// All initial access tokens.
    InitialTokens = "initial_tokens",
    /// How many grants are pending.
    PendingCount = "pending_count",
    /// A grant that is to be redeemed.
    RedeemView = "redeem_view",
    /// The sealed keys.
    SealedKeys = "sealed_keys",
    /// One session.
    Session = "session",
    /// The session of a cookie, with its person.
    SessionView = "session_view",
    /// The sessions of a person.
    Sessions = "sessions",
    /// Which commit wrote a row last.
    Stamp = "stamp",
    /// Removal of what nobody may ask for any more.
    Sweep = "sweep",
    /// An attempt taken from its budgets.
    Take = "take",
    /// One person.
    User = "user",
    /// All people.
    Users = "users",
}

/// How often each operation was asked for since the store was opened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Accesses(Vec<(Operation, u64)>);

impl Accesses {
    /// How often `operation` was asked for.
    #[must_use]
    pub fn of(&self, operation: Operation) -> u64 {
        self.iter().find(|(own, _)| *own == operation).map_or(0, |(_, count)| count)
    }

    /// How often anything was.
    #[must_use]
    pub fn total(&self) -> u64 {
        self.iter().map(|(_, count)| count).sum()
    }

    /// Each operation with its count.
    pub fn iter(&self) -> impl Iterator<Item = (Operation, u64)> {
        self.0.iter().copied()
    }
}

/// The counters themselves.
#[derive(Debug)]
pub(crate) struct Counts([AtomicU64; Operation::ALL.len()]);

impl Counts {
    pub(crate) const fn new() -> Self {
        Self([const { AtomicU64::new(0) }; Operation::ALL.len()])
    }

    pub(crate) fn count(&self, operation: Operation) {
        if let Some(counter) = self.0.get(operation as usize) {
            counter.fetch_add(1, Ordering::Relaxed);
        }
    }

    pub(crate) fn read(&self) -> Accesses {
        let counts = self.0.iter().map(|counter| counter.load(Ordering::Relaxed));
        Accesses(Operation::ALL.iter().copied().zip(counts).collect())
    }
}
