//! The part of `cargo metadata` that the checks read.

use std::collections::BTreeSet;

use anyhow::{Context, Result};
use serde::Deserialize;

use crate::process;

#[derive(Deserialize)]
pub(crate) struct Metadata {
    pub(crate) packages: Vec<Package>,
    workspace_members: BTreeSet<String>,
}

#[derive(Deserialize)]
pub(crate) struct Package {
    id: String,
    pub(crate) name: String,
    pub(crate) version: String,
    pub(crate) license: Option<String>,
    pub(crate) dependencies: Vec<Dependency>,
}

/// A dependency as a manifest declares it.
#[derive(Deserialize)]
pub(crate) struct Dependency {
    pub(crate) name: String,
    pub(crate) source: Option<String>,
    pub(crate) kind: Option<String>,
}

impl Metadata {
    pub(crate) fn load() -> Result<Self> {
        let text = process::output(process::cargo().args(["metadata", "--format-version", "1", "--locked"]))?;
        serde_json::from_str(&text).context("cargo metadata has a form that is not understood")
    }

    /// The packages of this repository.
    pub(crate) fn members(&self) -> impl Iterator<Item = &Package> {
        self.packages.iter().filter(|package| self.workspace_members.contains(&package.id))
    }
}

impl Package {
    /// Names of everything that is linked into this package, on any platform. Asked of `cargo tree`, because the
    /// resolution in `cargo metadata` names optional dependencies that no feature switches on.
    pub(crate) fn linked(&self) -> Result<BTreeSet<String>> {
        let mut command = process::cargo();
        command.args(["tree", "--locked", "--package", &self.name, "--edges", "normal", "--target", "all"]);
        let tree = process::output(command.args(["--prefix", "none", "--format", "{p}"]))?;
        Ok(tree.lines().filter_map(|line| line.split_whitespace().next()).map(str::to_owned).collect())
    }
}
