//! Finds the configuration: `--config`, else `$COUNTERSIGN_CONFIG`, else `/etc/countersign/countersignd.toml`.
//!
//! The last may be missing, since everything can be set in the environment. A file that was named must exist.

use std::ffi::OsString;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use super::Source;

/// Where the configuration is unless something else is said.
pub(crate) const USUAL: &str = "/etc/countersign/countersignd.toml";
/// The variable that names another file.
pub(crate) const VARIABLE: &str = "COUNTERSIGN_CONFIG";

/// A file that cannot be read.
#[derive(Debug, thiserror::Error)]
#[error("{}: {what}", .file.display())]
pub(crate) struct Unreadable {
    /// The file.
    pub(crate) file: PathBuf,
    /// Why.
    pub(crate) what: String,
}

/// Finds and reads the file.
///
/// # Errors
/// It was named and is missing, or it cannot be read.
pub(crate) fn find(argument: Option<&Path>, environment: Vec<(OsString, OsString)>) -> Result<Source, Unreadable> {
    find_or(argument, environment, Path::new(USUAL))
}

/// As [`find`], with another usual place.
pub(super) fn find_or(
    argument: Option<&Path>,
    environment: Vec<(OsString, OsString)>,
    usual: &Path,
) -> Result<Source, Unreadable> {
    let variable = environment.iter().find(|(name, _)| name == VARIABLE).map(|(_, value)| PathBuf::from(value));
    let (file, named) = match (argument, variable) {
        (Some(argument), _) => (argument.to_owned(), "--config"),
        (None, Some(variable)) if !variable.as_os_str().is_empty() => (variable, VARIABLE),
        (None, _) => (usual.to_owned(), ""),
    };
    let text = match fs::read(&file) {
        Ok(bytes) => String::from_utf8(bytes).map_err(|error| {
            let at = error.utf8_error().valid_up_to();
            let line = error.as_bytes().iter().take(at).filter(|byte| **byte == b'\n').count() + 1;
            Unreadable { file: file.clone(), what: format!("line {line} is not UTF-8 text") }
        })?,
        Err(error) if error.kind() == io::ErrorKind::NotFound && named.is_empty() => {
            return Ok(Source { file: None, text: String::new(), environment });
        }
        Err(error) => {
            let by = if named.is_empty() { String::new() } else { format!(" (named by {named})") };
            return Err(Unreadable { file, what: format!("cannot be read: {error}{by}") });
        }
    };
    Ok(Source { file: Some(file), text, environment })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn variable(value: &Path) -> Vec<(OsString, OsString)> {
        vec![(VARIABLE.into(), value.into())]
    }

    #[test]
    fn the_argument_stands_above_the_variable_and_that_above_the_usual_place() {
        let folder = tempfile::tempdir().unwrap();
        let [one, two, usual] = ["one", "two", "usual"].map(|name| {
            let path = folder.path().join(name);
            fs::write(&path, format!("# {name}")).unwrap();
            path
        });
        let text = |argument, environment| find_or(argument, environment, &usual).unwrap().text;
        assert_eq!(text(Some(one.as_path()), variable(&two)), "# one");
        assert_eq!(text(None, variable(&two)), "# two");
        assert_eq!(text(None, variable(Path::new(""))), "# usual");
        assert_eq!(text(None, Vec::new()), "# usual");
    }

    #[test]
    fn only_the_usual_place_may_be_empty() {
        let missing = Path::new("/nonexistent/countersignd.toml");
        let found = find_or(None, Vec::new(), missing).unwrap();
        assert_eq!((found.file, found.text.as_str()), (None, ""));
        let error = |argument, environment| find_or(argument, environment, missing).unwrap_err().to_string();
        assert_eq!(
            error(Some(missing), Vec::new()),
            "/nonexistent/countersignd.toml: cannot be read: No such file or directory (os error 2) (named by --config)"
        );
        assert!(error(None, variable(missing)).ends_with("(named by COUNTERSIGN_CONFIG)"));
    }

    #[test]
    fn a_file_that_is_no_text_names_the_line() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("c.toml");
        fs::write(&path, b"a = 1\nb = \"\xff\"\n").unwrap();
        let error = find_or(Some(&path), Vec::new(), &path).unwrap_err().to_string();
        assert!(error.ends_with("c.toml: line 2 is not UTF-8 text"), "{error}");
    }
}
