//! The layer test: which crate of the workspace may use which, and what none of them may pull in.
//!
//! A crate exists here only where the compiler must forbid something; this table is what it forbids.

use std::collections::BTreeMap;

use anyhow::Result;

use super::Findings;
use crate::metadata::{Metadata, Package};

/// Crates of the workspace that each may name in `[dependencies]`.
const EDGES: &[(&str, &[&str])] = &[
    ("countersign-proto", &[]),
    ("countersign-jose", &["countersign-proto"]),
    ("countersign-store", &["countersign-proto"]),
    ("countersign-flow", &["countersign-proto", "countersign-jose", "countersign-store"]),
    ("countersign-server", &["countersign-proto", "countersign-flow"]),
    ("countersign-client", &["countersign-proto", "countersign-jose"]),
    ("countersign-resource", &["countersign-proto", "countersign-jose"]),
    (
        "countersignd",
        &["countersign-proto", "countersign-server", "countersign-flow", "countersign-store", "countersign-client"],
    ),
    ("countersign", &["countersign-proto", "countersign-client"]),
    ("countersign-bench", &["countersign-proto", "countersign-flow", "countersign-store"]),
    ("xtask", &[]),
];

/// What they may name besides in `[dev-dependencies]`.
const DEV_EDGES: &[(&str, &[&str])] = &[
    ("countersign-flow", &["countersign-store"]),
    ("countersign-server", &["countersign-store", "countersign-jose", "countersign-client", "countersign-resource"]),
    ("countersign-client", &["countersign-server", "countersign-flow", "countersign-store"]),
    ("countersign", &["countersign-server", "countersign-flow", "countersign-store"]),
    ("countersignd", &["countersign-resource"]),
];

/// What must not be reachable, with the reason. An empty list of crates means all of them.
const BANS: &[(&[&str], &[&str], &str)] = &[
    (
        &["countersign-proto", "countersign-jose"],
        &["tokio", "hyper", "axum", "reqwest", "rusqlite", "getrandom", "tracing"],
        "this crate is pure: no runtime, socket, database, log or entropy",
    ),
    (&["countersign-server"], &["axum", "tower-http"], "no middleware stands before the endpoints"),
    (&["countersign-store"], &["axum", "hyper", "reqwest"], "the store knows no HTTP"),
    (&["countersign-flow"], &["axum", "hyper", "reqwest", "http"], "use cases know no HTTP"),
    (
        &["countersign-resource"],
        &["tokio", "hyper", "axum", "reqwest", "rusqlite", "tracing"],
        "an API brings its own runtime, HTTP and log",
    ),
    (&["countersign-client", "countersign"], &["axum", "rusqlite"], "the device's side carries no server"),
    (&[], &["openssl-sys", "native-tls", "ring", "rsa"], "one crypto library: aws-lc-rs"),
    (&[], &["async-std", "smol"], "one runtime: tokio"),
    (&[], &["sqlx", "refinery"], "SQL is written by hand, in the store"),
];

/// Crates of which two versions would mean two stacks in one binary.
const SINGLE: &[&str] = &[
    "aws-lc-rs",
    "axum",
    "h2",
    "http",
    "hyper",
    "hyper-util",
    "libsqlite3-sys",
    "reqwest",
    "rustls",
    "serde",
    "tokio",
];

pub(crate) fn check(metadata: &Metadata, findings: &mut Findings) -> Result<()> {
    let members: Vec<&str> = metadata.members().map(|package| package.name.as_str()).collect();
    for package in metadata.members() {
        edges(package, &members, findings);
        reach(package, findings)?;
    }
    single_versions(metadata, findings);
    Ok(())
}

fn edges(package: &Package, members: &[&str], findings: &mut Findings) {
    let Some(allowed) = row(EDGES, &package.name) else {
        findings.problem(format!("{} is not in the table of layers", package.name));
        return;
    };
    let dev = row(DEV_EDGES, &package.name).unwrap_or_default();
    for dependency in package.dependencies.iter().filter(|dependency| members.contains(&dependency.name.as_str())) {
        let name = dependency.name.as_str();
        let is_dev = dependency.kind.as_deref() == Some("dev");
        let may = allowed.contains(&name) || is_dev && dev.contains(&name);
        if !may {
            let section = if is_dev { "dev-dependencies" } else { "dependencies" };
            findings.problem(format!("{} must not name {name} in its {section}", package.name));
        }
    }
}

fn reach(package: &Package, findings: &mut Findings) -> Result<()> {
    let linked = package.linked()?;
    for (crates, banned, reason) in BANS {
        if !crates.is_empty() && !crates.contains(&package.name.as_str()) {
            continue;
        }
        for name in banned.iter().filter(|name| linked.contains(**name)) {
            findings.problem(format!("{} reaches {name}: {reason}", package.name));
        }
    }
    Ok(())
}

fn single_versions(metadata: &Metadata, findings: &mut Findings) {
    let mut versions: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for package in &metadata.packages {
        versions.entry(&package.name).or_default().push(&package.version);
    }
    for name in SINGLE {
        if let Some(found) = versions.get(name).filter(|found| found.len() > 1) {
            findings.problem(format!("{name} is built in {} versions: {}", found.len(), found.join(", ")));
        }
    }
}

fn row<'a>(table: &'a [(&str, &'a [&'a str])], name: &str) -> Option<&'a [&'a str]> {
    table.iter().find(|(row, _)| *row == name).map(|(_, allowed)| *allowed)
}
