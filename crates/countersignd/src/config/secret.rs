//! Secrets of the configuration: never in a log, an error, a Debug or `config show`.

use std::fmt;
use std::path::PathBuf;

use toml::Value;
use zeroize::Zeroizing;

use super::input::{Given, Input};
use super::kinds::Read;
use super::shown::Shown;

/// Bytes of the shortest client secret: 256 bits, as those that the server makes.
const SHORTEST: usize = 32;
/// Bytes of the longest.
const LONGEST: usize = 512;

/// A client secret in the clear.
#[derive(Clone)]
pub(crate) struct Secret {
    text: Zeroizing<String>,
    file: Option<PathBuf>,
}

impl Secret {
    /// The secret itself.
    pub(crate) fn reveal(&self) -> &str {
        &self.text
    }
}

impl PartialEq for Secret {
    fn eq(&self, other: &Self) -> bool {
        self.text == other.text
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(…)")
    }
}

impl Shown for Secret {
    fn shown(&self) -> Option<Value> {
        Some(Value::String(match &self.file {
            Some(path) => format!("(from file {})", path.display()),
            None => "(set)".to_owned(),
        }))
    }
}

/// A client secret: 32 to 512 printable ASCII characters (RFC 6749 App. A.2). Messages never repeat it.
pub(super) fn secret(input: &Input<'_>) -> Read<Secret> {
    let (text, file) = match &input.given {
        Given::Content(text, path) => (text.trim_end_matches(['\r', '\n']), Some(path.clone())),
        Given::Nothing | Given::Text(_) | Given::Toml(_) => {
            (input.text("").map_err(|_| "expected a text".to_owned())?, None)
        }
    };
    if text.len() < SHORTEST {
        return Err(format!(
            "the secret has {} bytes; at least {SHORTEST} are needed, for it is guarded by nothing else \
             (openssl rand -hex 32 makes one)",
            text.len()
        ));
    }
    if text.len() > LONGEST {
        return Err(format!("the secret has {} bytes; at most {LONGEST} are allowed", text.len()));
    }
    if !text.bytes().all(|byte| matches!(byte, 0x20..=0x7e)) {
        return Err(
            "the secret has characters that are not printable ASCII, which not every client can send".to_owned()
        );
    }
    Ok(Secret { text: Zeroizing::new(text.to_owned()), file })
}
