//! The normal form of text, and how it falls into words.
//!
//! Invariant: the normal form is made character by character, so that of a beginning is a
//! beginning of that of the whole.

use unicode_normalization::{UnicodeNormalization, char::is_combining_mark};

/// Country codes of one and of two digits (ITU-T E.164); all others have three.
const SHORT_CODES: &[&str] = &[
    "1", "7", "20", "27", "30", "31", "32", "33", "34", "36", "39", "40", "41", "43", "44", "45",
    "46", "47", "48", "49", "51", "52", "53", "54", "55", "56", "57", "58", "60", "61", "62", "63",
    "64", "65", "66", "81", "82", "84", "86", "90", "91", "92", "93", "94", "95", "98",
];

const LONG_CODE_DIGITS: usize = 3;

/// Resolves compatibility forms, strips accents and lowers the case; signs stay.
pub(super) fn folded(text: &str) -> String {
    let bare = text.nfkd().filter(|character| !is_combining_mark(*character));
    let lower =
        bare.flat_map(char::to_lowercase).filter(|character| !is_combining_mark(*character));
    // A sigma at the end of a word is still the same letter.
    lower.map(|character| if character == 'ς' { 'σ' } else { character }).collect()
}

/// Splits folded text into words; an apostrophe joins.
pub(super) fn words(folded: &str) -> Vec<String> {
    chunks(folded).map(joined).collect()
}

/// Splits folded text into words like [`words`], and lets what follows an apostrophe be a word of
/// its own too.
pub(super) fn with_parts(folded: &str) -> Vec<String> {
    let parts = |chunk: &str| {
        let after = chunk.split(is_apostrophe).skip(1).filter(|part| !part.is_empty());
        let after: Vec<_> = after.map(str::to_owned).collect();
        let joined = joined(chunk);
        let is_other = move |part: &String| *part != joined;
        after.into_iter().filter(is_other).collect::<Vec<_>>()
    };
    chunks(folded).flat_map(|chunk| std::iter::once(joined(chunk)).chain(parts(chunk))).collect()
}

/// Returns the digits of a phone number, and whether they begin with the country's.
pub(super) fn digits(number: &str) -> Option<(String, bool)> {
    let folded = folded(number);
    let trimmed = folded
        .trim_start_matches(|character: char| !character.is_alphanumeric() && character != '+');
    let (rest, is_international) = match trimmed.strip_prefix('+') {
        Some(rest) => (rest, true),
        None => trimmed.strip_prefix("00").map_or((trimmed, false), |rest| (rest, true)),
    };
    let digits: String = rest.chars().filter(char::is_ascii_digit).collect();
    (!digits.is_empty()).then_some((digits, is_international))
}

/// Tells whether folded text is nothing but a phone number, or the beginning of one.
pub(super) fn is_number(folded: &str) -> bool {
    let belongs = |character: char| character.is_ascii_digit() || " +-.()/".contains(character);
    folded.chars().all(belongs)
}

/// Leaves out the country's digits of an international number.
pub(super) fn without_country(digits: &str) -> Option<&str> {
    let short = SHORT_CODES.iter().find_map(|code| digits.strip_prefix(code));
    short.or_else(|| digits.get(LONG_CODE_DIGITS..)).filter(|rest| !rest.is_empty())
}

fn chunks(folded: &str) -> impl Iterator<Item = &str> {
    let is_gap = |character: char| !character.is_alphanumeric() && !is_apostrophe(character);
    let chunks = folded.split(is_gap);
    chunks.filter(|chunk| chunk.chars().any(char::is_alphanumeric))
}

fn joined(chunk: &str) -> String {
    chunk.chars().filter(|character| !is_apostrophe(*character)).collect()
}

const fn is_apostrophe(character: char) -> bool {
    matches!(character, '\'' | '’' | '‘' | '`' | '´')
}
