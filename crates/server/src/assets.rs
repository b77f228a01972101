//! The files that pages use: stylesheet, colours, icon, logo, each under a name that changes with its content.
//!
//! Made once at start from what is compiled in and what the operator set; nothing is read from disk per request.
//! Leaves serving to `http`: the bodies are immutable, so `Cache-Control: public, max-age=31536000, immutable` fits.

mod colour;
mod logo;

use bytes::Bytes;
use sha2::{Digest, Sha256};

pub use colour::{Colour, ColourError, brand_css};
pub use logo::{Logo, LogoError};

/// One file below `/assets/`.
#[derive(Clone, Debug)]
pub struct Asset {
    /// Name with hash: `app.0123456789abcdef.css`.
    pub file: String,
    /// Value of `Content-Type`.
    pub content_type: &'static str,
    /// The content.
    pub body: Bytes,
}

/// What an operator may set about how pages look (`[brand]`).
#[derive(Clone, Debug, Default)]
pub struct Brand {
    /// The one colour of buttons, links and the icon.
    pub accent: Option<Colour>,
    /// An image in the place of mark and name.
    pub logo: Option<Logo>,
}

/// All files below `/assets/`.
#[derive(Clone, Debug)]
pub struct Assets {
    styles: Asset,
    colours: Asset,
    icon: Asset,
    logo: Option<Asset>,
}

const CSS: &str = "text/css; charset=utf-8";
const SVG: &str = "image/svg+xml";
const STYLES: &str = include_str!("../assets/app.css");
const MARK: &str = include_str!("../assets/mark.svg");

impl Assets {
    /// The files for this brand.
    #[must_use]
    pub fn new(brand: &Brand) -> Self {
        let accent = brand.accent.unwrap_or_default();
        Self {
            styles: Asset::new("app", "css", CSS, squeeze(STYLES)),
            colours: Asset::new("brand", "css", CSS, brand_css(accent)),
            icon: Asset::new("mark", "svg", SVG, MARK.replace("#0f5c5a", &accent.for_icon().to_string())),
            logo: brand
                .logo
                .as_ref()
                .map(|logo| Asset::new("logo", logo.extension(), logo.content_type(), logo.body())),
        }
    }

    /// The file with exactly this name.
    #[must_use]
    pub fn find(&self, file: &str) -> Option<&Asset> {
        self.all().find(|asset| asset.file == file)
    }

    /// Every file.
    pub fn all(&self) -> impl Iterator<Item = &Asset> {
        [&self.styles, &self.colours, &self.icon].into_iter().chain(&self.logo)
    }

    /// Name of the stylesheet.
    #[must_use]
    pub fn styles(&self) -> &str {
        &self.styles.file
    }

    /// Name of the stylesheet with the operator's colours.
    #[must_use]
    pub fn colours(&self) -> &str {
        &self.colours.file
    }

    /// Name of the icon.
    #[must_use]
    pub fn icon(&self) -> &str {
        &self.icon.file
    }

    /// Name of the operator's logo, if there is one.
    #[must_use]
    pub fn logo(&self) -> Option<&str> {
        self.logo.as_ref().map(|logo| logo.file.as_str())
    }
}

impl Asset {
    fn new(name: &str, extension: &str, content_type: &'static str, body: impl Into<Bytes>) -> Self {
        let body = body.into();
        let hash: String = Sha256::digest(&body).iter().take(8).map(|byte| format!("{byte:02x}")).collect();
        Self { file: format!("{name}.{hash}.{extension}"), content_type, body }
    }
}

/// The stylesheet without its comments and indentation, which only its authors need.
fn squeeze(css: &str) -> String {
    let mut out = String::with_capacity(css.len());
    let mut rest = css;
    while let Some((code, comment)) = rest.split_once("/*") {
        out.push_str(code);
        rest = comment.split_once("*/").map_or("", |(_, after)| after);
    }
    out.push_str(rest);
    out.lines().map(str::trim).filter(|line| !line.is_empty()).collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_change_with_the_content_and_nothing_else() {
        let plain = Assets::new(&Brand::default());
        let red = Assets::new(&Brand { accent: Some("#c00".parse().unwrap()), logo: None });
        assert_eq!(plain.styles(), red.styles());
        assert_ne!(plain.colours(), red.colours());
        assert_ne!(plain.icon(), red.icon());
        assert_eq!(plain.colours(), Assets::new(&Brand::default()).colours());
    }

    #[test]
    fn files_are_found_by_their_whole_name_only() {
        let assets = Assets::new(&Brand::default());
        assert_eq!(assets.find(assets.styles()).unwrap().content_type, CSS);
        assert!(assets.find("app.css").is_none());
        assert!(assets.find("").is_none());
        assert!(assets.find("../app.css").is_none());
    }

    #[test]
    fn names_have_the_form_name_hash_extension() {
        for asset in Assets::new(&Brand::default()).all() {
            let parts: Vec<_> = asset.file.split('.').collect();
            assert_eq!(parts.len(), 3, "{}", asset.file);
            assert!(parts[1].len() == 16 && parts[1].bytes().all(|b| b.is_ascii_hexdigit()), "{}", asset.file);
        }
    }

    #[test]
    fn the_icon_takes_the_accent() {
        let assets = Assets::new(&Brand { accent: Some("#7a1fa2".parse().unwrap()), logo: None });
        let icon = String::from_utf8(assets.find(assets.icon()).unwrap().body.to_vec()).unwrap();
        assert!(icon.contains("#7a1fa2"), "{icon}");
        assert!(!icon.contains("#0f5c5a"), "{icon}");
    }

    #[test]
    fn squeezing_keeps_the_rules() {
        assert_eq!(squeeze("/* a */\nb {\n  c: d; /* e */\n}\n\n"), "b {\nc: d;\n}");
    }
}
