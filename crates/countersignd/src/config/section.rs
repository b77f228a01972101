//! How a section of the configuration is declared: once, with types, defaults and reasons together.
//!
//! From one declaration come the struct that the program reads, the names that the parser knows, the defaults, the
//! comments of `config example` and the values of `config show`. So they cannot drift apart.

/// A table of the configuration.
pub(crate) struct Section {
    /// Its name; empty for the keys above the first table.
    pub(crate) name: &'static str,
    /// What it is about, a line each.
    pub(crate) about: &'static [&'static str],
    /// Its keys, in the order of the example.
    pub(crate) keys: &'static [Key],
}

/// A key of a section.
pub(crate) struct Key {
    /// Its name.
    pub(crate) name: &'static str,
    /// What it is and why its default is what it is, a line each.
    pub(crate) why: &'static [&'static str],
    /// What holds when it is not set.
    pub(crate) fallback: Fallback,
    /// When a change takes effect.
    pub(crate) reload: Reload,
}

/// What holds when a key is not set. The texts are TOML.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fallback {
    /// This value.
    Default(&'static str),
    /// This value. What stands in its place may hold a secret: `x_file` may name a file with it.
    DefaultOrFile(&'static str),
    /// Nothing, and the value is a document: `x_file` may name a file with it. The text is an example of `x_file`.
    Document(&'static str),
    /// Nothing: it must be set. The text is an example.
    Required(&'static str),
    /// Nothing, and the value is a secret: `x_file` may name a file with it. The text is an example of `x_file`.
    Secret(&'static str),
    /// Nothing. The text is an example.
    Unset(&'static str),
}

/// When a change of a key takes effect.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Reload {
    /// On SIGHUP.
    Live,
    /// When the server is started again.
    Restart,
}

impl Key {
    /// Name of the key that names a file with this secret, document or address.
    pub(crate) fn file_name(&self) -> Option<String> {
        matches!(self.fallback, Fallback::DefaultOrFile(_) | Fallback::Document(_) | Fallback::Secret(_))
            .then(|| format!("{}_file", self.name))
    }
}

impl Section {
    /// Every name that may stand in it.
    pub(crate) fn names(&self) -> impl Iterator<Item = String> {
        self.keys.iter().flat_map(|key| std::iter::once(key.name.to_owned()).chain(key.file_name()))
    }

    /// Its head in a file: `[device]`, `[[client]]`, or nothing at the top.
    pub(crate) fn head(&self) -> String {
        head(self.name)
    }
}

/// How a section is called in a file.
pub(super) fn head(name: &str) -> String {
    match name.split_once('[') {
        Some((name, _)) => format!("[[{name}]]"),
        None if super::REPEATED.contains(&name) => format!("[[{name}]]"),
        None if name.is_empty() => String::new(),
        None => format!("[{name}]"),
    }
}

/// Declares a section. A key is written
/// `/// why` `name: Type, kind, default|default_or_file|document|required|secret|unset TOML, live|restart;`
/// where `kind` is a function of `kinds.rs` that turns what was written into the type.
macro_rules! section {
    (
        $(#[doc = $about:literal])+
        $Section:ident $path:literal {
            $(
                $(#[doc = $why:literal])+
                $field:ident: $Type:ty, $kind:expr, $fallback:ident $text:tt, $reload:ident;
            )+
        }
    ) => {
        $(#[doc = $about])+
        #[derive(Clone, Debug, PartialEq)]
        pub(crate) struct $Section {
            $( $(#[doc = $why])+ pub(crate) $field: $Type, )+
        }

        impl $Section {
            /// The declaration.
            pub(crate) const SECTION: crate::config::section::Section = crate::config::section::Section {
                name: $path,
                about: &[$($about),+],
                keys: &[$( crate::config::section::Key {
                    name: stringify!($field),
                    why: &[$($why),+],
                    fallback: section!(@fallback $fallback, $text),
                    reload: section!(@reload $reload),
                } ),+],
            };

            /// Reads it; what is wrong is noted in the table's reader. `None` only where a default is wrong.
            pub(crate) fn read(table: &mut crate::config::reader::Table<'_, '_>) -> Option<Self> {
                $( let $field = table.read(stringify!($field), $kind); )+
                Some(Self { $( $field: $field? ),+ })
            }

            /// What it says, in the order of the declaration; nothing for what is not set.
            pub(crate) fn shown(&self) -> Vec<(&'static str, Option<toml::Value>)> {
                vec![$( (stringify!($field), crate::config::shown::Shown::shown(&self.$field)) ),+]
            }
        }
    };
    (@fallback default, $text:tt) => { crate::config::section::Fallback::Default(stringify!($text)) };
    (@fallback default_or_file, $text:tt) => { crate::config::section::Fallback::DefaultOrFile(stringify!($text)) };
    (@fallback document, $text:tt) => { crate::config::section::Fallback::Document(stringify!($text)) };
    (@fallback required, $text:tt) => { crate::config::section::Fallback::Required(stringify!($text)) };
    (@fallback secret, $text:tt) => { crate::config::section::Fallback::Secret(stringify!($text)) };
    (@fallback unset, $text:tt) => { crate::config::section::Fallback::Unset(stringify!($text)) };
    (@reload live) => { crate::config::section::Reload::Live };
    (@reload restart) => { crate::config::section::Reload::Restart };
}

pub(crate) use section;
