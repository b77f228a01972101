//! `cargo xtask check`: every step runs, also after one has failed, and says what to do about what it found.

mod dependencies;
mod docs;
mod layers;
mod lengths;
mod licences;

use anyhow::{Result, bail};

use crate::metadata::Metadata;
use crate::process::{self, Stopwatch};
use crate::trace;

#[derive(Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Step {
    Fmt,
    Clippy,
    Layers,
    Licences,
    Dependencies,
    Docs,
    Lengths,
    Trace,
}

const ALL: [Step; 8] =
    [Step::Fmt, Step::Layers, Step::Licences, Step::Dependencies, Step::Docs, Step::Lengths, Step::Trace, Step::Clippy];

/// What a step found: problems fail it, notes are only printed.
#[derive(Default)]
pub(crate) struct Findings {
    pub(crate) problems: Vec<String>,
    pub(crate) notes: Vec<String>,
}

impl Findings {
    pub(crate) fn problem(&mut self, text: impl Into<String>) {
        self.problems.push(text.into());
    }

    pub(crate) fn note(&mut self, text: impl Into<String>) {
        self.notes.push(text.into());
    }
}

impl Step {
    fn name(self) -> &'static str {
        match self {
            Self::Fmt => "fmt",
            Self::Clippy => "clippy",
            Self::Layers => "layers",
            Self::Licences => "licences",
            Self::Dependencies => "dependencies",
            Self::Docs => "docs",
            Self::Lengths => "lengths",
            Self::Trace => "trace",
        }
    }

    /// What to do when the step fails, in one sentence.
    fn remedy(self) -> &'static str {
        match self {
            Self::Fmt => "run `cargo fmt --all`",
            Self::Clippy => "mend what clippy names; silence only with #[expect(lint, reason = \"…\")]",
            Self::Layers => "move the code to the crate that may use the dependency (docs/architecture.md)",
            Self::Licences => {
                "choose another crate, or add the licence to xtask/src/check/licences.rs with good reason"
            }
            Self::Dependencies => "keep docs/decisions/dependencies.md and the manifests in step",
            Self::Docs => "link to files of this repository or to public standards only",
            Self::Lengths => "split the file",
            Self::Trace => "see docs/traceability.toml; after a new test run `cargo xtask trace --write`",
        }
    }

    fn run(self) -> Result<Findings> {
        let mut findings = Findings::default();
        match self {
            Self::Fmt => {
                process::succeed(process::cargo().args(["fmt", "--all", "--check", "--", "--files-with-diff"]))?;
            }
            Self::Clippy => process::succeed(
                process::cargo()
                    .args(["clippy", "--quiet", "--workspace", "--all-targets", "--locked"])
                    .args(["--", "-D", "warnings"]),
            )?,
            Self::Layers => layers::check(&Metadata::load()?, &mut findings)?,
            Self::Licences => licences::check(&Metadata::load()?, &mut findings),
            Self::Dependencies => dependencies::check(&Metadata::load()?, &mut findings)?,
            Self::Docs => docs::check(&mut findings)?,
            Self::Lengths => lengths::check(&mut findings)?,
            Self::Trace => trace::check(&mut findings)?,
        }
        Ok(findings)
    }
}

/// Runs the steps asked for, or all.
pub(crate) fn run(steps: &[Step]) -> Result<()> {
    let steps = if steps.is_empty() { &ALL[..] } else { steps };
    let mut failed = Vec::new();
    for step in steps {
        let watch = Stopwatch::start();
        let findings =
            step.run().unwrap_or_else(|error| Findings { problems: vec![format!("{error:#}")], notes: vec![] });
        let verdict = if findings.problems.is_empty() { "ok" } else { "FAILED" };
        println!("{:<13} {verdict:<7} {:6.1} s", step.name(), watch.elapsed().as_secs_f64());
        for text in findings.problems.iter().chain(&findings.notes) {
            println!("    {text}");
        }
        if !findings.problems.is_empty() {
            println!("    -> {}", step.remedy());
            failed.push(step.name());
        }
    }
    if !failed.is_empty() {
        bail!("check failed: {}", failed.join(", "));
    }
    Ok(())
}
