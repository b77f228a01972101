//! The operator's accent colour, and from it the colours that stay readable on light and on dark pages.
//!
//! Contrast is that of WCAG 2.2 (relative luminance). A colour that is too weak is made darker or lighter in
//! OKLab, where equal steps look equal and the hue stays what it was.

use std::fmt;
use std::str::FromStr;

/// An sRGB colour.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Colour {
    red: u8,
    green: u8,
    blue: u8,
}

/// A text that is no colour.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is no colour: write it like \"#0f5c5a\"")]
pub struct ColourError(String);

/// Least contrast of text on what is behind it (WCAG 2.2 §1.4.3).
const TEXT_CONTRAST: f64 = 4.5;
/// The same on dark pages, where colours that just reach the least look dull.
const DARK_CONTRAST: f64 = 6.5;
const WHITE: Colour = Colour::new(0xff, 0xff, 0xff);
const BLACK: Colour = Colour::new(0, 0, 0);
/// The darkest surface that the accent stands on in light pages: `--ground` of `app.css`.
const LIGHT_GROUND: Colour = Colour::new(0xf5, 0xf4, 0xf0);
/// The lightest surface that the accent stands on in dark pages: `--card` of `app.css`.
const DARK_CARD: Colour = Colour::new(0x1c, 0x1d, 0x1f);
/// What stands on the accent in dark pages.
const DARK_INK: Colour = Colour::new(0x10, 0x12, 0x13);

/// The stylesheet with the colours of a brand, for light and for dark pages.
#[must_use]
pub fn brand_css(accent: Colour) -> String {
    let light = accent.for_light();
    let dark = accent.for_dark();
    let rule = |accent: Colour, pressed: Colour, ink: Colour| {
        format!(":root{{--accent:{accent};--accent-pressed:{pressed};--on-accent:{ink}}}")
    };
    format!(
        "{}\n@media (prefers-color-scheme:dark){{{}}}\n",
        rule(light, light.towards(BLACK, 0.16), WHITE),
        rule(dark, dark.towards(WHITE, 0.24), DARK_INK)
    )
}

impl Colour {
    /// From its parts, 0 to 255 each.
    #[must_use]
    pub const fn new(red: u8, green: u8, blue: u8) -> Self {
        Self { red, green, blue }
    }

    /// Contrast with `other`, from 1 to 21 (WCAG 2.2, contrast ratio).
    #[must_use]
    pub fn contrast(self, other: Self) -> f64 {
        let (a, b) = (self.luminance(), other.luminance());
        (a.max(b) + 0.05) / (a.min(b) + 0.05)
    }

    /// The accent as it stands on light pages.
    fn for_light(self) -> Self {
        self.moved_until(BLACK, LIGHT_GROUND, TEXT_CONTRAST)
    }

    /// The accent as it stands on dark pages.
    fn for_dark(self) -> Self {
        self.moved_until(WHITE, DARK_CARD, DARK_CONTRAST)
    }

    /// The accent as the ground of the icon, whose strokes are white.
    pub(super) fn for_icon(self) -> Self {
        self.for_light()
    }

    /// This colour, as far towards `goal` as it must go to be read on `surface`.
    fn moved_until(self, goal: Self, surface: Self, contrast: f64) -> Self {
        (0_u8..=50)
            .map(|step| self.towards(goal, f64::from(step) / 50.0))
            .find(|colour| colour.contrast(surface) >= contrast)
            .unwrap_or(goal)
    }

    /// The colour at `share` of the way to the lightness of `goal`: as saturated as before, or as the screen can show.
    fn towards(self, goal: Self, share: f64) -> Self {
        if share <= 0.0 {
            return self;
        }
        let ([from, a, b], [to, ..]) = (self.oklab(), goal.oklab());
        let lightness = from + (to - from) * share;
        let saturation = if from > 0.0 { lightness / from } else { 0.0 };
        (0_u8..=32)
            .map(|step| saturation * (1.0 - f64::from(step) / 32.0))
            .find_map(|chroma| Self::from_oklab([lightness, a * chroma, b * chroma]))
            .unwrap_or(goal)
    }

    fn linear(self) -> [f64; 3] {
        [self.red, self.green, self.blue].map(|part| {
            let part = f64::from(part) / 255.0;
            if part <= 0.04045 { part / 12.92 } else { ((part + 0.055) / 1.055).powf(2.4) }
        })
    }

    fn luminance(self) -> f64 {
        let [red, green, blue] = self.linear();
        0.2126 * red + 0.7152 * green + 0.0722 * blue
    }

    fn oklab(self) -> [f64; 3] {
        let [r, g, b] = self.linear();
        let l = (0.412_221_470_8 * r + 0.536_332_536_3 * g + 0.051_445_992_9 * b).cbrt();
        let m = (0.211_903_498_2 * r + 0.680_699_545_1 * g + 0.107_396_956_6 * b).cbrt();
        let s = (0.088_302_461_9 * r + 0.281_718_837_6 * g + 0.629_978_700_5 * b).cbrt();
        [
            0.210_454_255_3 * l + 0.793_617_785_0 * m - 0.004_072_046_8 * s,
            1.977_998_495_1 * l - 2.428_592_205_0 * m + 0.450_593_709_9 * s,
            0.025_904_037_1 * l + 0.782_771_766_2 * m - 0.808_675_766_0 * s,
        ]
    }

    /// The colour with these OKLab parts, if sRGB has it.
    fn from_oklab([lightness, a, b]: [f64; 3]) -> Option<Self> {
        let l = (lightness + 0.396_337_777_4 * a + 0.215_803_757_3 * b).powi(3);
        let m = (lightness - 0.105_561_345_8 * a - 0.063_854_172_8 * b).powi(3);
        let s = (lightness - 0.089_484_177_5 * a - 1.291_485_548_0 * b).powi(3);
        let red = 4.076_741_662_1 * l - 3.307_711_591_3 * m + 0.230_969_929_2 * s;
        let green = -1.268_438_004_6 * l + 2.609_757_401_1 * m - 0.341_319_396_5 * s;
        let blue = -0.004_196_086_3 * l - 0.703_418_614_7 * m + 1.707_614_701_0 * s;
        Some(Self::new(encoded(red)?, encoded(green)?, encoded(blue)?))
    }
}

/// A linear part as one of sRGB, if it is within 0 to 255 but for rounding.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "known to be within 0..=255")]
fn encoded(part: f64) -> Option<u8> {
    let part = if part <= 0.003_130_8 { part * 12.92 } else { 1.055 * part.powf(1.0 / 2.4) - 0.055 };
    let part = (part * 255.0).round();
    (0.0..=255.0).contains(&part).then_some(part as u8)
}

impl Default for Colour {
    /// Countersign's own accent: ink green.
    fn default() -> Self {
        Self::new(0x0f, 0x5c, 0x5a)
    }
}

impl fmt::Display for Colour {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "#{:02x}{:02x}{:02x}", self.red, self.green, self.blue)
    }
}

impl FromStr for Colour {
    type Err = ColourError;

    /// Reads `#rrggbb` or `#rgb`.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let error = || ColourError(text.chars().take(32).collect());
        let digits = text.trim().strip_prefix('#').ok_or_else(error)?;
        let digits: Option<Vec<u8>> =
            digits.chars().map(|c| c.to_digit(16).and_then(|digit| u8::try_from(digit).ok())).collect();
        match digits.ok_or_else(error)?.as_slice() {
            [r, g, b] => Ok(Self::new(r * 17, g * 17, b * 17)),
            [r1, r2, g1, g2, b1, b2] => Ok(Self::new(r1 * 16 + r2, g1 * 16 + g2, b1 * 16 + b2)),
            _ => Err(error()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Accents that operators choose, and the ones that are hard to read on anything.
    const ACCENTS: &[&str] = &[
        "#0f5c5a", "#000", "#fff", "#ffff00", "#00f", "#f00", "#0f0", "#0ff", "#f0f", "#808080", "#ff9900", "#1d4ed8",
        "#7a1fa2", "#e50914", "#fafafa", "#010203", "#c0ffee", "#663399",
    ];

    #[test]
    fn colours_are_read_and_written() {
        assert_eq!("#0F5C5A".parse(), Ok(Colour::default()));
        assert_eq!("#fc0".parse(), Ok(Colour::new(0xff, 0xcc, 0)));
        assert_eq!(Colour::default().to_string(), "#0f5c5a");
        for wrong in ["", "#", "red", "#12", "#12345", "#1234567", "#ggg", "0f5c5a", "#é00", "#0f5c5a;}"] {
            assert!(wrong.parse::<Colour>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn contrast_is_that_of_wcag() {
        assert!((WHITE.contrast(BLACK) - 21.0).abs() < 0.01);
        assert!((Colour::new(0x77, 0x77, 0x77).contrast(WHITE) - 4.478).abs() < 0.01);
    }

    #[test]
    fn every_accent_is_readable_on_every_surface() {
        for accent in ACCENTS {
            let accent: Colour = accent.parse().unwrap();
            let light = accent.for_light();
            for surface in [WHITE, LIGHT_GROUND] {
                assert!(light.contrast(surface) >= 4.5, "{accent} became {light}");
            }
            assert!(light.towards(BLACK, 0.16).contrast(WHITE) >= 4.5);
            let dark = accent.for_dark();
            assert!(dark.contrast(DARK_CARD) >= 4.5, "{accent} became {dark}");
            assert!(dark.contrast(DARK_INK) >= 4.5 && dark.towards(WHITE, 0.24).contrast(DARK_INK) >= 4.5);
        }
    }

    #[test]
    fn a_strong_accent_is_left_as_it_is() {
        assert_eq!(Colour::default().for_light(), Colour::default());
        let css = brand_css(Colour::default());
        assert!(css.starts_with(":root{--accent:#0f5c5a;"), "{css}");
        assert!(css.contains("prefers-color-scheme:dark"));
    }

    #[test]
    fn oklab_comes_back_to_the_same_colour() {
        for accent in ACCENTS {
            let accent: Colour = accent.parse().unwrap();
            assert_eq!(Colour::from_oklab(accent.oklab()), Some(accent));
        }
    }

    /// The value of a variable of the stylesheet, in light and in dark.
    fn variable(name: &str) -> [Colour; 2] {
        let values: Vec<Colour> = super::super::STYLES
            .lines()
            .filter_map(|line| line.trim().strip_prefix(name)?.strip_prefix(": ")?.strip_suffix(';')?.parse().ok())
            .collect();
        values.try_into().unwrap_or_else(|values| panic!("{name} is {values:?}"))
    }

    #[test]
    fn the_surfaces_are_those_of_the_stylesheet() {
        assert_eq!(variable("--ground")[0], LIGHT_GROUND);
        assert_eq!(variable("--card"), [WHITE, DARK_CARD]);
    }

    #[test]
    fn the_stylesheets_own_colours_are_readable() {
        for (text, surface, least) in [
            ("--ink", "--card", 7.0),
            ("--ink", "--ground", 7.0),
            ("--quiet", "--card", 4.5),
            ("--quiet", "--ground", 4.5),
            ("--amber", "--card", 4.5),
            ("--amber", "--amber-ground", 4.5),
            ("--red", "--red-ground", 4.5),
            ("--good", "--card", 4.5),
            ("--edge", "--card", 3.0),
        ] {
            for (text, surface) in variable(text).into_iter().zip(variable(surface)) {
                let contrast = text.contrast(surface);
                assert!(contrast >= least, "{text} on {surface}: {contrast:.2}");
            }
        }
    }
}
