//! Labels of metrics: closed sets, so that a stranger cannot make a new time series.

/// One label with a closed set of values.
pub trait Label: Copy + 'static {
    /// Name of the label.
    const KEY: &'static str;
    /// Every value, in the order of [`Label::index`].
    const ALL: &'static [Self];

    /// Position in [`Label::ALL`].
    fn index(self) -> usize;

    /// Text of the value.
    fn name(self) -> &'static str;
}

/// Declares a label: its name, and a text for each of its values.
macro_rules! labels {
    (
        $(#[$doc:meta])*
        pub enum $name:ident: $key:literal { $($(#[$value_doc:meta])* $value:ident => $text:literal,)+ }
    ) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum $name { $($(#[$value_doc])* $value,)+ }

        impl $name {
            /// Its name in metrics and logs.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self { $(Self::$value => $text,)+ }
            }
        }

        impl $crate::telemetry::label::Label for $name {
            const KEY: &'static str = $key;
            const ALL: &'static [Self] = &[$(Self::$value,)+];

            fn index(self) -> usize {
                self as usize
            }

            fn name(self) -> &'static str {
                Self::name(self)
            }
        }
    };
}

pub(crate) use labels;
