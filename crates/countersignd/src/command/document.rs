//! `countersignd completions SHELL` and `countersignd man DIR`.

use std::fs;
use std::io::Write;
use std::path::Path;

use anyhow::Context as _;
use clap::CommandFactory as _;
use clap_complete::Shell;

use crate::arguments::Arguments;
use crate::failure::Failure;

/// Prints completions.
pub(super) fn completions(shell: Shell, out: &mut dyn Write) -> Result<(), Failure> {
    // Written by the library without a way to fail, so into memory first.
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Arguments::command(), "countersignd", &mut script);
    Ok(out.write_all(&script)?)
}

/// Writes man pages, one for each command.
pub(super) fn man(folder: &Path) -> Result<(), Failure> {
    let in_folder = || format!("cannot write man pages into {}", folder.display());
    fs::create_dir_all(folder).with_context(in_folder)?;
    clap_mangen::generate_to(Arguments::command(), folder).with_context(in_folder)?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_line_is_consistent() {
        Arguments::command().debug_assert();
    }

    #[test]
    fn completions_and_man_pages_know_the_commands() {
        let mut script = Vec::new();
        completions(Shell::Bash, &mut script).unwrap();
        assert!(String::from_utf8(script).unwrap().contains("--config"));
        let folder = tempfile::tempdir().unwrap();
        let pages = folder.path().join("man/man1");
        man(&pages).unwrap();
        assert!(fs::read_to_string(pages.join("countersignd-config-check.1")).unwrap().contains(r"\-\-config"));
    }

    #[test]
    fn a_folder_that_cannot_be_made_is_named() {
        let folder = tempfile::NamedTempFile::new().unwrap();
        let failure = man(&folder.path().join("man")).unwrap_err();
        assert!(failure.to_string().contains("cannot write man pages into"), "{failure}");
        assert!(matches!(failure, Failure::Failed(_)));
    }
}
