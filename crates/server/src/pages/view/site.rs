//! What all pages of one service have in common: its name, its files, where its paths begin.

use super::Plain;
use crate::assets::Assets;

/// The frame of every page; built once at start.
#[derive(Clone, Debug)]
pub struct Site {
    /// Path of the issuer without a trailing slash: empty, or such as `/id`. Every link begins with it.
    pub base: String,
    /// Name of the service, as its operator calls it.
    pub name: Plain,
    /// Path of the stylesheet.
    pub styles: String,
    /// Path of the stylesheet with the operator's colours.
    pub colours: String,
    /// Path of the icon.
    pub icon: String,
    /// Path of the operator's logo, where there is one; it takes the place of mark and name.
    pub logo: Option<String>,
    /// Where people get help: an `https:` or `mailto:` address of the operator.
    pub help: Option<String>,
}

impl Site {
    /// The frame for the service called `name` whose issuer has the path `base`, with the files of `assets`.
    #[must_use]
    pub fn new(base: &str, name: &str, assets: &Assets) -> Self {
        let base = base.trim_end_matches('/');
        let path = |file: &str| format!("{base}/assets/{file}");
        Self {
            base: base.to_owned(),
            name: Plain::name(name),
            styles: path(assets.styles()),
            colours: path(assets.colours()),
            icon: path(assets.icon()),
            logo: assets.logo().map(path),
            help: None,
        }
    }

    /// With an address where people get help; one that is neither `https:` nor `mailto:` is not linked.
    #[must_use]
    pub fn with_help(mut self, address: &str) -> Self {
        let linkable = address.starts_with("https://") || address.starts_with("mailto:");
        self.help = linkable.then(|| address.to_owned());
        self
    }
}
