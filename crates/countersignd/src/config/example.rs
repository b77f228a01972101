//! The commented default configuration, written from the declarations.

use super::section::{Fallback, Key, Reload, Section};
use super::{REPEATED, SECTIONS};

const HEAD: &str = "\
# Configuration of countersignd. What stands here behind a # is the default, or an example where a key is not set.
# Durations: 500ms, 10s, 10m, 12h, 7d. Sizes: 16KiB, 1MiB. Relative paths start from the folder of this file.
# Every key can also be set in the environment, as COUNTERSIGN__SECTION__KEY (COUNTERSIGN__DEVICE__LIFETIME=5m; lists with
# commas). `countersignd config check` explains mistakes, `countersignd config show` tells what holds.
# Changes take effect when the server is started again; those of keys marked \"reload\" also on SIGHUP.
";

/// The commented default configuration.
pub(crate) fn example() -> String {
    let mut text = HEAD.to_owned();
    for section in SECTIONS {
        text.push('\n');
        if !section.name.is_empty() {
            section.about.iter().for_each(|line| comment(&mut text, line));
            let mark = if REPEATED.contains(&section.name) { "#" } else { "" };
            text.push_str(&format!("{mark}{}\n", section.head()));
        }
        for (number, key) in section.keys.iter().enumerate() {
            if number > 0 {
                text.push('\n');
            }
            write_key(&mut text, section, key);
        }
    }
    text
}

fn write_key(text: &mut String, section: &Section, key: &Key) {
    key.why.iter().for_each(|line| comment(text, line));
    let (value, is_set) = match key.fallback {
        Fallback::Default(value) | Fallback::DefaultOrFile(value) | Fallback::Required(value) => (value, true),
        Fallback::Document(value) | Fallback::Secret(value) | Fallback::Unset(value) => (value, false),
    };
    if !is_set {
        comment(text, "Not set by default; for example:");
    }
    let reload = match key.reload {
        Reload::Live => "  # reload",
        Reload::Restart => "",
    };
    // The issuer alone must be set, so it alone is no comment.
    let mark = if section.name.is_empty() { "" } else { "#" };
    let name = key.file_name().filter(|_| !is_set).unwrap_or_else(|| key.name.to_owned());
    text.push_str(&format!("{mark}{name} = {value}{reload}\n"));
}

fn comment(text: &mut String, line: &str) {
    text.push_str("# ");
    text.push_str(line.trim());
    text.push('\n');
}
