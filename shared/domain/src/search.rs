//! Search by the beginnings of words: what can be found, by which terms, and what a query means.
//!
//! Invariant: whatever a query matches has the one term among its [`index_terms`] that the query
//! is looked up by. An index of those terms therefore misses nothing, and a look-up that is
//! checked with [`Query::matches`] shows nothing else.
//!
//! A value is a list of words in normal form: compatibility forms resolved, accents stripped,
//! lower case, only letters and digits. A word is found by its first 3 to 10 characters; a word of
//! just two characters (`Bo`, `Li`, `3M`) by those two, because shorter beginnings of longer words
//! would put a good part of all leads under one term. A word of one character, and what nearly
//! every address has in common (`com`, its last label), only narrows a search down.

mod query;
#[cfg(test)]
mod tests;
mod token;
mod words;

use std::collections::BTreeSet;

use self::words::{folded, words};
pub use self::{
    query::{InvalidQuery, MAX_QUERY_CHARS, Query},
    token::{InvalidToken, Token},
};
use crate::{company::MAX_NAME_CHARS, identity::Kind};

/// How many characters a term has at most.
pub const MAX_TERM_CHARS: usize = 10;

/// How many characters of a longer word a term has at least.
const MIN_TERM_CHARS: usize = 3;

/// How many characters a word that is a term as a whole has.
const SHORT_WORD_CHARS: usize = 2;

/// How many words of one value are looked at.
const MAX_WORDS: usize = 8;

/// How long the normal form of a company's name is at most.
const MAX_KEY_BYTES: usize = 300;

/// Labels of host names that tell nobody from anybody.
const COMMON_LABELS: &[&str] = &["com", "co", "net", "org", "edu", "gov"];

/// The profile fields that a lead can be found by, in the order of the alphabet.
pub const FIELDS: [&str; 8] =
    ["company", "email", "first_name", "last_name", "middle_name", "name", "phone", "username"];

/// A value that can be found, cut into words. It is personal: it has no `Debug`.
#[derive(Clone, PartialEq, Eq)]
pub struct Searchable {
    /// What it can be looked up by.
    words: Vec<String>,
    /// What only narrows a search down.
    minor: Vec<String>,
    /// An email address as a whole.
    address: Option<String>,
}

/// Tells whether a lead can be found by a field of its profile.
pub fn is_field(name: &str) -> bool {
    FIELDS.binary_search(&name).is_ok()
}

/// Returns the normal form of a company's name: leads with equal forms are of one company. `None`
/// for a name without a letter or digit.
pub fn company_key(name: &str) -> Option<String> {
    let name: String = name.trim().chars().take(MAX_NAME_CHARS).collect();
    let mut key = words(&folded(&name)).join(" ");
    key.truncate(key.floor_char_boundary(MAX_KEY_BYTES));
    (!key.is_empty()).then_some(key)
}

/// Returns every term that values can be looked up by.
pub fn index_terms<'v>(values: impl IntoIterator<Item = &'v Searchable>) -> BTreeSet<String> {
    let words = values.into_iter().flat_map(|value| &value.words);
    words.flat_map(|word| terms(word)).collect()
}

impl Searchable {
    /// Reads what a field of a profile holds; `None` when nobody is found by that field.
    pub fn of_field(name: &str, value: &str) -> Option<Self> {
        match name {
            "email" => Some(Self::email(value)),
            "phone" => Some(Self::phone(value)),
            name if is_field(name) => Some(Self::text(value)),
            _ => None,
        }
    }

    /// Reads an identity; `None` when nobody is found by that kind.
    pub fn of_identity(kind: Kind, value: &str) -> Option<Self> {
        match kind {
            Kind::Email => Some(Self::email(value)),
            Kind::Phone => Some(Self::phone(value)),
            Kind::UserId | Kind::External | Kind::AnonymousId => None,
        }
    }

    /// Reads a name. `D'Ávila` is `davila`, and can be found by `avila` too.
    pub fn text(value: &str) -> Self {
        let words = words::with_parts(&folded(value)).into_iter().take(MAX_WORDS).collect();
        Self { words, minor: Vec::new(), address: None }
    }

    /// Reads an email address: the labels of its host, then the words before the `@`. What is no
    /// address is a text.
    pub fn email(value: &str) -> Self {
        let address = folded(value.trim());
        let Some((local, host)) = address.rsplit_once('@') else { return Self::text(value) };
        let (host, top) = host.rsplit_once('.').unwrap_or((host, ""));
        let is_common = |label: &String| COMMON_LABELS.contains(&label.as_str());
        let (mut minor, mut found): (Vec<_>, Vec<_>) = words(host).into_iter().partition(is_common);
        minor.extend(words(top));
        found.extend(words(local));
        found.truncate(MAX_WORDS);
        Self { words: found, minor, address: Some(address) }
    }

    /// Reads a phone number: all its digits, and those after the country's when it begins with
    /// them. What has no digit is a text.
    pub fn phone(value: &str) -> Self {
        let Some((digits, is_international)) = words::digits(value) else {
            return Self::text(value);
        };
        let national = words::without_country(&digits).filter(|_| is_international);
        let words = national.map(str::to_owned).into_iter().chain([digits]).collect();
        Self { words, minor: Vec::new(), address: None }
    }

    /// Tells whether an index of the value's terms leads to it from a word.
    fn is_found_by(&self, word: &str) -> bool {
        let is_short = word.chars().count() <= SHORT_WORD_CHARS;
        self.words.iter().any(|own| if is_short { own == word } else { own.starts_with(word) })
    }

    /// Tells whether some word of the value begins like this.
    fn has(&self, beginning: &str) -> bool {
        self.words.iter().chain(&self.minor).any(|own| own.starts_with(beginning))
    }

    /// Tells whether the value is an email address in which some word, and all that follows it,
    /// begins like this.
    fn has_address(&self, beginning: &str) -> bool {
        let Some(address) = &self.address else { return false };
        let begins_word = |place: usize| {
            let before = address.get(..place).and_then(|before| before.chars().next_back());
            !before.is_some_and(char::is_alphanumeric)
        };
        address.match_indices(beginning).any(|(place, _)| begins_word(place))
    }
}

/// Returns the terms of one word.
fn terms(word: &str) -> Vec<String> {
    let ends = word.char_indices().map(|(start, character)| start + character.len_utf8());
    let beginnings: Vec<_> = ends.take(MAX_TERM_CHARS).filter_map(|end| word.get(..end)).collect();
    let whole = beginnings.get(SHORT_WORD_CHARS - 1).filter(|beginning| **beginning == word);
    let longer = beginnings.iter().skip(MIN_TERM_CHARS - 1);
    whole.into_iter().chain(longer).map(|term| (*term).to_owned()).collect()
}
