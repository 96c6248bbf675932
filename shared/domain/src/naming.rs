//! The form of ids that are a word and a UUID.

/// The length of a UUID as text.
const UUID_BYTES: usize = 36;

/// Tells whether a text is a UUID in lower case.
pub(crate) fn is_uuid(text: &str) -> bool {
    let fits = |(place, byte): (usize, u8)| match place {
        8 | 13 | 18 | 23 => byte == b'-',
        _ => byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte),
    };
    text.len() == UUID_BYTES && text.bytes().enumerate().all(fits)
}
