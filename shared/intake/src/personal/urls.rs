//! Personal parameters in the queries of URLs.
//!
//! Invariant: a parameter keeps its name and place; only a personal value is replaced.

use std::borrow::Cow;

use super::keys::{self, Personal};

/// What a personal value without a form of its own is replaced with.
pub const PERSONAL: &str = "[personal]";

/// Takes the values of personal parameters out of a URL, or a part of one.
///
/// Parameters are looked for behind the first `?` or `#`.
pub fn redact(text: &str) -> Cow<'_, str> {
    let Some(start) = text.find(['?', '#']).filter(|_| text.contains('=')) else {
        return Cow::Borrowed(text);
    };
    let mut redacted = String::new();
    let mut changed = false;
    let (head, query) = text.split_at(start);
    redacted.push_str(head);
    for parameter in query.split_inclusive(['?', '#', '&', ';']) {
        let end = parameter.trim_end_matches(['?', '#', '&', ';']).len();
        let (parameter, separator) = parameter.split_at(end);
        match parameter.split_once('=') {
            Some((key, value)) if is_personal(key, value) => {
                changed = true;
                redacted.push_str(key);
                redacted.push('=');
                redacted.push_str(replacement(key));
            }
            _ => redacted.push_str(parameter),
        }
        redacted.push_str(separator);
    }
    if changed { Cow::Owned(redacted) } else { Cow::Borrowed(text) }
}

fn is_personal(key: &str, value: &str) -> bool {
    let replaced = value.starts_with('[') && value.ends_with(']');
    !value.is_empty() && !replaced && keys::meaning_in_query(&decode(key)).is_some()
}

fn replacement(key: &str) -> &'static str {
    match keys::meaning_in_query(&decode(key)) {
        Some(Personal::Field("email")) => super::patterns::EMAIL,
        Some(Personal::Field("phone")) => super::patterns::PHONE,
        _ => PERSONAL,
    }
}

/// Decodes percent-encoding; what is not valid stays as it is.
pub fn decode(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((first, tail)) = rest.split_first() {
        let octet = (*first == b'%')
            .then(|| tail.get(..2))
            .flatten()
            .and_then(|hex| std::str::from_utf8(hex).ok())
            .and_then(|hex| u8::from_str_radix(hex, 16).ok());
        bytes.push(octet.unwrap_or(*first));
        rest = if octet.is_some() { tail.get(2..).unwrap_or_default() } else { tail };
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn personal_parameters_are_taken_out_and_others_stay() {
        for (url, redacted) in [
            (
                "https://x.example/f?first%5Fname=Ana&utm_source=g&zip=01310#tel=123",
                "https://x.example/f?first%5Fname=[personal]&utm_source=g&zip=[personal]#tel=[phone]",
            ),
            ("?name=Ana+Lead&email=ana", "?name=[personal]&email=[email]"),
            ("/pricing?q=1&password=x", "/pricing?q=1&password=[personal]"),
        ] {
            assert_eq!(redact(url), redacted);
            assert_eq!(redact(redacted), redacted);
        }
        for url in ["https://x.example/pricing?utm_campaign=q1", "a=b", "name=Ana", "?email="] {
            assert_eq!(redact(url), url);
        }
    }

    #[test]
    fn what_is_not_encoded_well_is_left_as_it_is() {
        assert_eq!(decode("a%2Bb%zz%4"), "a+b%zz%4");
    }
}
