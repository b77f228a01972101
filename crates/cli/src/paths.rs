//! Where files are, by the XDG base directory specification: profiles in the configuration, tokens in the state.

use std::path::PathBuf;

use crate::exit::Failure;

/// The profiles. No secret is in it.
pub(crate) fn profiles() -> Result<PathBuf, Failure> {
    Ok(base("XDG_CONFIG_HOME", ".config")?.join("countersign/profiles.toml"))
}

/// The directory of the token files.
pub(crate) fn tokens() -> Result<PathBuf, Failure> {
    Ok(base("XDG_STATE_HOME", ".local/state")?.join("countersign/tokens"))
}

fn base(variable: &str, below_home: &str) -> Result<PathBuf, Failure> {
    // A relative path there is to be ignored, says the specification.
    let given = std::env::var_os(variable).map(PathBuf::from).filter(|path| path.is_absolute());
    given
        .or_else(|| std::env::home_dir().filter(|home| home.is_absolute()).map(|home| home.join(below_home)))
        .ok_or_else(|| Failure::usage(format!("There is no home directory here. Set HOME or {variable}.")))
}
