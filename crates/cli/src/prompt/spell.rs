//! A code in the words of the international radiotelephony alphabet, for reading it out (RFC 8628 §5.7).

const LETTERS: [&str; 26] = [
    "Alfa", "Bravo", "Charlie", "Delta", "Echo", "Foxtrot", "Golf", "Hotel", "India", "Juliett", "Kilo", "Lima",
    "Mike", "November", "Oscar", "Papa", "Quebec", "Romeo", "Sierra", "Tango", "Uniform", "Victor", "Whiskey", "X-ray",
    "Yankee", "Zulu",
];
const DIGITS: [&str; 10] = ["Zero", "One", "Two", "Three", "Four", "Five", "Six", "Seven", "Eight", "Nine"];

/// The words of a code, one line for each of its groups.
pub(super) fn groups(code: &str) -> Vec<String> {
    let groups = code.split(|c: char| !c.is_alphanumeric()).filter(|group| !group.is_empty());
    groups.map(|group| group.chars().map(word).collect::<Vec<_>>().join(" ")).collect()
}

fn word(c: char) -> String {
    let index = |first: char| usize::try_from(u32::from(c.to_ascii_uppercase()) - u32::from(first)).ok();
    let known = match c {
        'a'..='z' | 'A'..='Z' => index('A').and_then(|index| LETTERS.get(index)),
        '0'..='9' => index('0').and_then(|index| DIGITS.get(index)),
        _ => None,
    };
    match known {
        // Some providers' codes tell upper from lower case.
        Some(word) if c.is_ascii_lowercase() => word.to_ascii_lowercase(),
        Some(word) => (*word).to_owned(),
        None => c.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn df_5_7_1_codes_are_spelled() {
        let expected = ["Whiskey Delta Juliett Bravo", "Mike Juliett Hotel Tango"];
        assert_eq!(groups("WDJB-MJHT"), expected);
        assert_eq!(groups("1a 9Z"), ["One alfa", "Nine Zulu"]);
        assert_eq!(groups("ß-"), ["ß"]);
        assert!(groups("--").is_empty());
    }
}
