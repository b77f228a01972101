//! Scopes (RFC 6749 §3.3): a set of case-sensitive tokens, kept in the order in which they were asked for.

use std::fmt;

/// A set of scope tokens without repetition. Order is kept for display and means nothing.
#[derive(Clone, Default, PartialEq, Eq, Hash)]
pub struct Scope(Vec<Box<str>>);

/// A scope text with a character outside `%x21 / %x23-5B / %x5D-7E`, or more than 64 tokens.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a scope is a list of at most 64 printable ASCII words without quotes and backslashes")]
pub struct InvalidScope;

impl Scope {
    const MAX_TOKENS: usize = 64;

    /// Reads a space-delimited list; repeated tokens count once (RFC 6749 §3.3).
    ///
    /// # Errors
    /// A character that no scope token may hold, or too many tokens.
    pub fn parse(text: &str) -> Result<Self, InvalidScope> {
        let mut scope = Self::default();
        for token in text.split(' ').filter(|token| !token.is_empty()) {
            if !token.bytes().all(|b| matches!(b, 0x21 | 0x23..=0x5b | 0x5d..=0x7e)) {
                return Err(InvalidScope);
            }
            if !scope.contains(token) {
                // Not after the last one: comparing each with all before it is for few of them.
                if scope.0.len() == Self::MAX_TOKENS {
                    return Err(InvalidScope);
                }
                scope.0.push(token.into());
            }
        }
        Ok(scope)
    }

    /// Whether `token` is in the set.
    #[must_use]
    pub fn contains(&self, token: &str) -> bool {
        self.0.iter().any(|own| &**own == token)
    }

    /// Whether every token of this set is in `other`.
    #[must_use]
    pub fn is_subset(&self, other: &Self) -> bool {
        self.iter().all(|token| other.contains(token))
    }

    /// Whether nothing is asked for.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The tokens, in the order in which they were asked for.
    pub fn iter(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(|token| &**token)
    }
}

impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, token) in self.iter().enumerate() {
            if index > 0 {
                f.write_str(" ")?;
            }
            f.write_str(token)?;
        }
        Ok(())
    }
}

impl fmt::Debug for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Scope({self})")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn oa_3_3_1_scope_is_space_delimited_case_sensitive_and_order_free() {
        let scope = Scope::parse("openid  Profile openid").unwrap();
        assert_eq!(scope.to_string(), "openid Profile");
        assert!(scope.contains("Profile") && !scope.contains("profile"));
        assert!(Scope::parse("Profile").unwrap().is_subset(&scope));
        for wrong in ["a\"b", "a\\b", "ä", "a\tb", "a\u{7f}", "a\u{0}"] {
            assert_eq!(Scope::parse(wrong), Err(InvalidScope), "{wrong:?}");
        }
        assert_eq!(Scope::parse(&(0..65).map(|n| format!("s{n} ")).collect::<String>()), Err(InvalidScope));
    }
}
