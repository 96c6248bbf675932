//! What somebody types to find a lead.
//!
//! Invariant: the longest word decides where to look; everything else is checked against what is
//! found there.

use super::{
    MAX_TERM_CHARS, MIN_TERM_CHARS, SHORT_WORD_CHARS, Searchable,
    words::{digits, folded, is_number, words},
};

/// How many characters a query has at most.
pub const MAX_QUERY_CHARS: usize = 100;

/// The beginnings of words of one lead, in any order. It is personal: it has no `Debug`.
///
/// A query of nothing but digits and the signs of a phone number is one word, its digits; with
/// letters in it each number is a word of its own. What has an `@` inside is the beginning of an
/// email address, or of a part that begins at a word and goes on to its end.
#[derive(Clone, PartialEq, Eq)]
pub struct Query {
    words: Vec<String>,
    addresses: Vec<String>,
    /// The longest word, the first of several.
    key: String,
}

/// Says why a text is no query. It never repeats the text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidQuery {
    /// No word is long enough to look for.
    #[error(
        "a search has the beginning of a word, {MIN_TERM_CHARS} letters or digits and more, or a \
         whole word of {SHORT_WORD_CHARS}"
    )]
    TooShort,
    /// The text is too long.
    #[error("a search has at most {MAX_QUERY_CHARS} characters")]
    TooLong,
}

impl Query {
    /// Reads what somebody typed.
    pub fn parse(text: &str) -> Result<Self, InvalidQuery> {
        if text.chars().count() > MAX_QUERY_CHARS {
            return Err(InvalidQuery::TooLong);
        }
        let folded = folded(text);
        let number = digits(text).map(|(digits, _)| digits);
        let number = number.filter(|digits| is_number(&folded) && digits.len() >= MIN_TERM_CHARS);
        let words = number.map_or_else(|| words(&folded), |number| vec![number]);
        let addresses = folded.split_whitespace().filter_map(address).collect();
        let longest = |longest: &str, word: &str| longest.chars().count() >= word.chars().count();
        let key = words.iter().map(String::as_str);
        let key = key.reduce(|first, next| if longest(first, next) { first } else { next });
        let key = key.filter(|key| key.chars().count() >= SHORT_WORD_CHARS);
        let key = key.ok_or(InvalidQuery::TooShort)?.to_owned();
        Ok(Self { words, addresses, key })
    }

    /// Returns the term to look up.
    pub fn prefix(&self) -> &str {
        let end = self.key.char_indices().nth(MAX_TERM_CHARS).map(|(end, _)| end);
        end.and_then(|end| self.key.get(..end)).unwrap_or(&self.key)
    }

    /// Tells whether these values of one lead are what is looked for: each word begins some word
    /// of some value.
    pub fn matches(&self, values: &[Searchable]) -> bool {
        let some = |is_met: &dyn Fn(&Searchable) -> bool| values.iter().any(is_met);
        some(&|value| value.is_found_by(&self.key))
            && self.words.iter().all(|word| some(&|value| value.has(word)))
            && self.addresses.iter().all(|address| some(&|value| value.has_address(address)))
    }
}

/// Reads a part of a query as the beginning of an email address: an `@` with something before it.
fn address(part: &str) -> Option<String> {
    let part = part.trim_matches(|character: char| "<>()[],;:\"'".contains(character));
    let (local, _) = part.split_once('@')?;
    local.contains(char::is_alphanumeric).then(|| part.to_owned())
}
