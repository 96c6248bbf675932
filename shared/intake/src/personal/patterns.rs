//! Email addresses and phone numbers inside texts.
//!
//! Invariant: `redact(redact(text)) == redact(text)`: what has been redacted holds no pattern.
//!
//! An email is found by its `@`, plain or percent-encoded. A phone number is an international
//! one with its `+`, or digits in a form that only phone numbers have; bare runs of digits, dates,
//! prices, UUIDs and order numbers are left alone.

use std::{borrow::Cow, sync::LazyLock};

use regex::Regex;

/// What an email address is replaced with.
pub const EMAIL: &str = "[email]";

/// What a phone number is replaced with.
pub const PHONE: &str = "[phone]";

/// Numbers with fewer digits are no phone numbers.
const LEAST_DIGITS: usize = 8;

/// Takes email addresses and phone numbers out of a text.
pub fn redact(text: &str) -> Cow<'_, str> {
    match redact_emails(text) {
        Cow::Borrowed(text) => redact_phones(text),
        Cow::Owned(text) => match redact_phones(&text) {
            Cow::Borrowed(_) => Cow::Owned(text),
            Cow::Owned(text) => Cow::Owned(text),
        },
    }
}

/// Tells whether a text holds an email address or a phone number.
pub fn is_personal(text: &str) -> bool {
    matches!(redact(text), Cow::Owned(_))
}

/// The spellings of `@`.
const AT: [&str; 4] = ["@", "%40", "%2540", "\u{ff20}"];

fn redact_emails(text: &str) -> Cow<'_, str> {
    let mut redacted = String::new();
    let mut done = 0;
    let mut from = 0;
    while let Some((at, after)) = next_at(text, from) {
        from = after;
        // The domain first: only in front of one is it worth looking back.
        let Some(domain) = text.get(after..).and_then(domain) else { continue };
        let before = text.get(done..at).unwrap_or_default();
        let local = local_part(before);
        if local == 0 {
            continue;
        }
        redacted.push_str(before.get(..before.len() - local).unwrap_or_default());
        redacted.push_str(EMAIL);
        done = after + domain;
        from = done;
    }
    if done == 0 {
        return Cow::Borrowed(text);
    }
    redacted.push_str(text.get(done..).unwrap_or_default());
    Cow::Owned(redacted)
}

/// Finds the next `@`: where it begins and ends.
fn next_at(text: &str, from: usize) -> Option<(usize, usize)> {
    let rest = text.get(from..)?;
    rest.match_indices(['@', '%', '\u{ff20}']).find_map(|(start, _)| {
        let here = rest.get(start..)?;
        let at = AT.iter().find(|at| here.starts_with(**at))?;
        Some((from + start, from + start + at.len()))
    })
}

/// Counts the bytes at the end of a text that can be the local part of an address.
fn local_part(text: &str) -> usize {
    text.chars()
        .rev()
        .take_while(|c| c.is_alphanumeric() || "._+-'%!~*$^".contains(*c))
        .map(char::len_utf8)
        .sum()
}

/// Counts the bytes at the beginning of a text that are a domain with an inner dot.
fn domain(text: &str) -> Option<usize> {
    let run: usize = text
        .chars()
        .take_while(|c| c.is_alphanumeric() || matches!(c, '.' | '-'))
        .map(char::len_utf8)
        .sum();
    let mut domain = text.get(..run)?.trim_end_matches(['.', '-']);
    // The last label is a word. What follows it, as in `ana@example.com.2026`, is something else,
    // and without one it is no domain but a version, as in `node@20.1.0`.
    while let Some((rest, label)) = domain.rsplit_once('.') {
        if label.starts_with(char::is_alphabetic) {
            let host = rest.contains(char::is_alphanumeric) && !is_density(rest);
            return host.then_some(domain.len());
        }
        domain = rest;
    }
    None
}

/// Tells whether a label is the pixel density of an image, as in `logo@2x.png`.
fn is_density(label: &str) -> bool {
    matches!(label, "1x" | "2x" | "3x" | "4x")
}

/// The forms of a phone number.
///
/// In order: `+` and 8 to 15 digits; links that dial; an area code in parentheses; 3-3-4 with two
/// equal separators; 2 and 4-4 or 5-4; five pairs that begin with 0.
const FORMS: &str = concat!(
    r"(?:\+|%2[Bb]) ?[1-9](?:(?:[ ().\-/\u{a0}]|%20|%28|%29){0,3}[0-9]){7,14}",
    r"|(?:tel:|wa\.me/)(?:\+|%2[Bb])?[0-9]{8,15}",
    r"|\([0-9]{2,3}\)[ \-.]?[0-9]{3,5}[ \-.]?[0-9]{4}",
    r"|[0-9]{3}-[0-9]{3}-[0-9]{4}|[0-9]{3}\.[0-9]{3}\.[0-9]{4}|[0-9]{3} [0-9]{3} [0-9]{4}",
    r"|0?[0-9]{2}[ \-][0-9]{4,5}-[0-9]{4}",
    r"|0[1-9](?:[ .][0-9]{2}){4}",
);

// The forms are a constant that a test compiles; a text is left as it is should they not be.
static PHONES: LazyLock<Option<Regex>> = LazyLock::new(|| Regex::new(FORMS).ok());

fn redact_phones(text: &str) -> Cow<'_, str> {
    let digits = text.bytes().filter(u8::is_ascii_digit).count();
    let formatted = |byte: &u8| b"+%-(. /:=".contains(byte) || !byte.is_ascii();
    if digits < LEAST_DIGITS || !text.as_bytes().iter().any(formatted) {
        return Cow::Borrowed(text);
    }
    let Some(forms) = PHONES.as_ref() else { return Cow::Borrowed(text) };
    let mut redacted = String::new();
    let mut done = 0;
    let mut from = 0;
    while let Some(found) = forms.find_at(text, from) {
        if !stands_alone(text, found.start(), found.end()) {
            from = next_boundary(text, found.start());
            continue;
        }
        redacted.push_str(text.get(done..found.start()).unwrap_or_default());
        redacted.push_str(PHONE);
        done = found.end();
        from = done;
    }
    if done == 0 {
        return Cow::Borrowed(text);
    }
    redacted.push_str(text.get(done..).unwrap_or_default());
    Cow::Owned(redacted)
}

fn next_boundary(text: &str, start: usize) -> usize {
    text.get(start..)
        .and_then(|rest| rest.chars().next())
        .map_or(text.len(), |c| start + c.len_utf8())
}

/// Tells whether what lies between is no piece of a longer word or number.
fn stands_alone(text: &str, start: usize, end: usize) -> bool {
    let mut before = text.get(..start).unwrap_or_default().chars().rev();
    let mut after = text.get(end..).unwrap_or_default().chars();
    !continues(before.next(), before.next()) && !continues(after.next(), after.next())
}

fn continues(next: Option<char>, beyond: Option<char>) -> bool {
    match next {
        Some('-' | '_') => beyond.is_some_and(char::is_alphanumeric),
        Some('.' | '/' | ',' | ':') => beyond.is_some_and(|c| c.is_ascii_digit()),
        Some(c) => c.is_alphanumeric(),
        None => false,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn emails_are_found_wherever_they_stand() {
        for (text, redacted) in [
            ("ana@example.com", "[email]"),
            ("to Ana.Maria+x@mail.example.co.uk, now", "to [email], now"),
            (
                "https://x.example/?email=ana%40example.com&p=1",
                "https://x.example/?email=[email]&p=1",
            ),
            (
                "https://x.example/u/ana%2Bx%2540example.com/edit",
                "https://x.example/u/[email]/edit",
            ),
            ("josé@exemplo.com.br.", "[email]."),
            ("<a@b.co><c@d.co>", "<[email]><[email]>"),
            ("mailto:a@b.co?subject=x", "mailto:[email]?subject=x"),
            ("a@b.co@c.de", "[email]@c.de"),
            ("ana@example.com.2026", "[email].2026"),
        ] {
            assert_eq!(redact(text), redacted);
        }
        for text in [
            "@handle",
            "a@b",
            "x @ y.z",
            "10% off @ store",
            "user@",
            "node@20",
            "@a.b",
            "n@3.1.0",
            "/logo@2x.png",
        ] {
            assert_eq!(redact(text), text);
        }
    }

    #[test]
    fn phones_are_found_wherever_they_stand() {
        for text in [
            "+5511999990001",
            "+55 (11) 99999-0001",
            "+1.555.123.4567",
            "%2B55%2011%2099999-0001",
            "(11) 99999-0001",
            "(555) 123-4567",
            "555-123-4567",
            "555.123.4567",
            "11 99999-0001",
            "01 23 45 67 89",
            "tel:5511999990001",
            "+49/30/1234567",
        ] {
            assert_eq!(redact(text), PHONE, "{text}");
            assert_eq!(redact(&format!("call {text}, now")), "call [phone], now");
            assert_eq!(
                redact(&format!("https://x.example/?p={text}&q=1")),
                "https://x.example/?p=[phone]&q=1"
            );
        }
    }

    #[test]
    fn what_only_looks_a_little_like_a_phone_is_left_alone() {
        for text in [
            "2026-01-15T12:00:00.000+03:00",
            "2026-01-15 12:00:00",
            "550e8400-e29b-41d4-a716-446655440000",
            "12345678-1234-1234-1234-123456789012",
            "701-1234567-1234567",
            "ord-0001",
            "ORDER-555-123-4567",
            "1234567890123",
            "1.234.567,89",
            "R$ 1.299.999,90",
            "$12,345,678.90",
            "192.168.100.200",
            "SKU-12-3456-7890",
            "4006381333931",
            "v1.2.3-20260115",
            "12345-6789",
            "foo+12345678",
            "1700000000000",
        ] {
            assert_eq!(redact(text), text);
        }
    }

    #[test]
    fn the_forms_of_phones_compile() {
        assert!(PHONES.is_some());
    }

    #[test]
    fn a_text_full_of_almost_addresses_takes_no_longer_than_another() {
        for text in ["a%40", "a@", "a@b.c ", "1%40", "+1234567"] {
            let text = text.repeat(32 * 1024 / text.len());
            let begun = std::time::Instant::now();
            let _ = redact(&text);
            assert!(begun.elapsed().as_millis() < 1_000, "{:?}", begun.elapsed());
        }
    }

    proptest! {
        #[test]
        fn nothing_personal_survives(text in r"[a-z0-9@+.%(){}/ 4-]{0,60}") {
            let once = redact(&text).into_owned();
            prop_assert!(!is_personal(&once), "{} -> {}", text, once);
        }

        #[test]
        fn an_embedded_email_never_survives(before in "\\PC{0,20}", after in "\\PC{0,20}") {
            let text = format!("{before} ana.silva@example.com {after}");
            prop_assert!(!redact(&text).contains("ana.silva"));
        }
    }
}
