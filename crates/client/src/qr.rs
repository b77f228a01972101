//! The address as a QR code made of text, two modules to a character (RFC 8628 §3.3.1). Scans on dark and on light
//! terminals: with colours it is drawn black on white whatever the theme, without them in the polarity that fits.

use qrcodegen::{QrCode, QrCodeEcc, QrSegment};
use url::Url;

use crate::terminal::Terminal;

/// The margin scanners need, in modules.
const QUIET: i32 = 4;

/// A QR code as lines of text.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Picture {
    /// From top to bottom.
    pub lines: Vec<String>,
    /// Columns each line takes.
    pub width: usize,
}

impl Picture {
    /// The picture of an address; `None` when it is too long, or the terminal can show neither half blocks nor colours.
    #[must_use]
    pub fn of(address: &str, terminal: Terminal) -> Option<Self> {
        let code = encode(address)?;
        let lines = match (terminal.unicode, terminal.colour) {
            (true, true) => half_blocks(&code, true, ("\x1b[38;5;16;48;5;231m", "\x1b[0m")),
            // The glyphs are drawn in the foreground: light on a dark terminal, so they stand for light modules there.
            (true, false) => half_blocks(&code, terminal.light, ("", "")),
            (false, true) => spaces(&code),
            (false, false) => return None,
        };
        let columns = usize::try_from(code.size() + 2 * QUIET).ok()?;
        Some(Self { lines, width: if terminal.unicode { columns } else { 2 * columns } })
    }
}

/// The smallest code. Scheme and host do not tell upper from lower case, and capitals take a third less room; the path
/// is left as it is, which for an address that is in capitals already means that all of it takes less.
fn encode(address: &str) -> Option<QrCode> {
    let (origin, path) = capitals(address);
    let mut mixed = vec![QrSegment::make_alphanumeric(&origin)];
    if QrSegment::is_alphanumeric(&path) {
        mixed = vec![QrSegment::make_alphanumeric(&format!("{origin}{path}"))];
    } else {
        mixed.push(QrSegment::make_bytes(path.as_bytes()));
    }
    let plain = [QrSegment::make_bytes(address.as_bytes())];
    let codes = [mixed.as_slice(), &plain].map(|segments| QrCode::encode_segments(segments, QrCodeEcc::Medium).ok());
    codes.into_iter().flatten().min_by_key(QrCode::size)
}

/// The address in two parts: scheme and host in capitals, and the rest.
fn capitals(address: &str) -> (String, String) {
    let end = Url::parse(address).ok().map_or(0, |url| url[..url::Position::BeforePath].len());
    let (origin, path) = address.split_at_checked(end).unwrap_or(("", address));
    let origin = origin.to_ascii_uppercase();
    if QrSegment::is_alphanumeric(&origin) { (origin, path.to_owned()) } else { (String::new(), address.to_owned()) }
}

/// Rows of modules, dark being true, with the quiet zone around them.
fn modules(code: &QrCode) -> Vec<Vec<bool>> {
    let range = -QUIET..code.size() + QUIET;
    range.clone().map(|y| range.clone().map(|x| code.get_module(x, y)).collect()).collect()
}

/// Two rows in each line. `dark_is_ink`: a dark module is drawn, a light one left out.
fn half_blocks(code: &QrCode, dark_is_ink: bool, (before, after): (&str, &str)) -> Vec<String> {
    let rows = modules(code);
    let paper = vec![false; rows.len()];
    let line = |pair: &[Vec<bool>]| {
        let upper = pair.first().unwrap_or(&paper);
        let lower = pair.get(1).unwrap_or(&paper);
        let glyphs =
            upper.iter().zip(lower).map(|(upper, lower)| match (*upper == dark_is_ink, *lower == dark_is_ink) {
                (true, true) => '█',
                (true, false) => '▀',
                (false, true) => '▄',
                (false, false) => ' ',
            });
        format!("{before}{}{after}", glyphs.collect::<String>())
    };
    rows.chunks(2).map(line).collect()
}

/// Two coloured spaces for each module, for terminals without block characters.
fn spaces(code: &QrCode) -> Vec<String> {
    let cell = |dark: &bool| if *dark { "\x1b[48;5;16m  " } else { "\x1b[48;5;231m  " };
    modules(code).iter().map(|row| row.iter().map(cell).collect::<String>() + "\x1b[0m").collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const ADDRESS: &str = "https://id.example.com/D/WDJB-MJHT";

    fn terminal(unicode: bool, colour: bool, light: bool) -> Terminal {
        Terminal { colour, lively: colour, light, present: true, unicode, width: 80 }
    }

    /// Reads a picture back as a camera sees it: true where it is dark.
    fn seen(picture: &Picture, terminal: Terminal) -> Vec<Vec<bool>> {
        let ink_is_dark = terminal.colour || terminal.light;
        let mut rows = Vec::new();
        for line in &picture.lines {
            let glyphs: Vec<char> = line
                .trim_start_matches("\x1b[38;5;16;48;5;231m")
                .trim_end_matches("\x1b[0m")
                .chars()
                .inspect(|c| assert!("█▀▄ ".contains(*c), "{c:?}"))
                .collect();
            assert_eq!(glyphs.len(), picture.width);
            rows.push(glyphs.iter().map(|c| matches!(c, '█' | '▀') == ink_is_dark).collect::<Vec<_>>());
            rows.push(glyphs.iter().map(|c| matches!(c, '█' | '▄') == ink_is_dark).collect::<Vec<_>>());
        }
        rows
    }

    #[test]
    fn df_3_3_1_1_every_module_comes_back_in_both_polarities() {
        for address in [ADDRESS, "https://github.com/login/device", "https://id.example.com/device?user_code=wdjb"] {
            let code = encode(address).unwrap();
            for (colour, light) in [(true, false), (true, true), (false, false), (false, true)] {
                let terminal = terminal(true, colour, light);
                let picture = Picture::of(address, terminal).unwrap();
                let rows = seen(&picture, terminal);
                for (y, row) in rows.iter().enumerate().take(picture.width) {
                    for (x, dark) in row.iter().enumerate() {
                        let (x, y) = (i32::try_from(x).unwrap() - QUIET, i32::try_from(y).unwrap() - QUIET);
                        assert_eq!(*dark, code.get_module(x, y), "{x} {y}");
                    }
                }
                let border = |row: &Vec<bool>| row.iter().all(|dark| !dark);
                assert!(rows.iter().take(4).all(border) && rows.iter().skip(picture.width - 4).all(border));
            }
        }
    }

    #[test]
    fn capitals_keep_the_code_small() {
        assert_eq!(capitals(ADDRESS), ("HTTPS://ID.EXAMPLE.COM".to_owned(), "/D/WDJB-MJHT".to_owned()));
        assert_eq!(encode(ADDRESS).unwrap().size(), 25, "version 2");
        assert_eq!(QrCode::encode_binary(ADDRESS.as_bytes(), QrCodeEcc::Medium).unwrap().size(), 29);
        let github = "https://github.com/login/device";
        assert_eq!(capitals(github), ("HTTPS://GITHUB.COM".to_owned(), "/login/device".to_owned()), "paths tell case");
        assert_eq!(capitals("http://127.0.0.1:8628/D/X").0, "HTTP://127.0.0.1:8628");
        assert_eq!(capitals("not an address"), (String::new(), "not an address".to_owned()));
    }

    #[test]
    fn without_block_characters_colours_do() {
        let picture = Picture::of(ADDRESS, terminal(false, true, false)).unwrap();
        assert_eq!((picture.width, picture.lines.len()), (66, 33));
        assert_eq!(Picture::of(ADDRESS, terminal(false, false, false)), None);
        assert_eq!(Picture::of(&"x".repeat(4000), terminal(true, true, false)), None);
    }
}
