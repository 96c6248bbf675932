//! Cursors: where a page ended, as base64url of JSON, or of what seals it.
//!
//! Invariant: a cursor that this function did not make, or made for another request, is refused
//! as `invalid_cursor`; it can never point outside the caller's tenant, because it names no
//! tenant. Where a list passes over what the caller may not see, its cursors are sealed: they may
//! name just that, and whoever could write one could ask from anywhere.

use data_encoding::BASE64URL_NOPAD;
use domain::event::Sealed;
use lambda::problem::Problem;
use serde::{Serialize, de::DeserializeOwned};
use vault::Keyring;

use crate::error::ApiError;

/// No cursor of ours is longer.
const MAX_BYTES: usize = 2_048;

/// Writes a place as a cursor.
pub fn write<T: Serialize>(place: &T) -> Result<String, serde_json::Error> {
    Ok(BASE64URL_NOPAD.encode(&serde_json::to_vec(place)?))
}

/// Reads the place of a cursor.
pub fn read<T: DeserializeOwned>(cursor: &str) -> Result<T, Problem> {
    if cursor.len() > MAX_BYTES {
        return Err(invalid());
    }
    let json = BASE64URL_NOPAD.decode(cursor.as_bytes()).map_err(|_| invalid())?;
    serde_json::from_slice(&json).map_err(|_| invalid())
}

/// Writes a place as a cursor that nobody else can read or make.
pub fn seal<T: Serialize>(place: &T, keyring: &Keyring) -> Result<String, ApiError> {
    let sealed = keyring.seal_item(&serde_json::to_vec(place)?)?;
    Ok(BASE64URL_NOPAD.encode(sealed.0.as_bytes()))
}

/// Reads the place of a cursor that [`seal`] wrote.
pub fn open<T: DeserializeOwned>(cursor: &str, keyring: &Keyring) -> Result<T, Problem> {
    if cursor.len() > MAX_BYTES {
        return Err(invalid());
    }
    let sealed = BASE64URL_NOPAD.decode(cursor.as_bytes()).map_err(|_| invalid())?;
    let sealed = Sealed(String::from_utf8(sealed).map_err(|_| invalid())?);
    let json = keyring.open_item(&sealed).map_err(|_| invalid())?;
    serde_json::from_slice(&json).map_err(|_| invalid())
}

/// Cuts rows, of which one more was read than a page has, to the page. Returns the cursor by which
/// it goes on, of the place of its last row; `None` when there are no more.
pub fn cut<R, T: Serialize>(
    rows: &mut Vec<R>,
    limit: u16,
    place: impl FnOnce(&R) -> T,
) -> Result<Option<String>, serde_json::Error> {
    let has_more = rows.len() > usize::from(limit);
    rows.truncate(limit.into());
    rows.last().filter(|_| has_more).map(|last| write(&place(last))).transpose()
}

/// 400: the cursor is not one that this route gave for this request.
pub fn invalid() -> Problem {
    let message = "the cursor is not one that this route gave for this query";
    Problem::bad_request("invalid_cursor", message).with_error("cursor", "invalid_value", message)
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;

    use super::*;

    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Place {
        score: i64,
    }

    #[test]
    fn a_page_goes_on_behind_its_last_row_while_there_is_another() {
        for (scores, page, next) in [
            (vec![], vec![], None),
            (vec![3, 2], vec![3, 2], None),
            (vec![3, 2, 1], vec![3, 2], Some(Place { score: 2 })),
        ] {
            let mut rows = scores;
            let cursor = cut(&mut rows, 2, |score| Place { score: *score }).unwrap();
            assert_eq!(rows, page);
            assert_eq!(cursor.map(|cursor| read::<Place>(&cursor).unwrap()), next);
        }
    }

    #[test]
    fn a_cursor_survives_and_junk_is_refused() {
        let cursor = write(&Place { score: 7 }).unwrap();
        assert_eq!(read::<Place>(&cursor).unwrap(), Place { score: 7 });
        let other = BASE64URL_NOPAD.encode(br#"{"score":7,"tenant":"other"}"#);
        for junk in ["", "%%", "bm90IGpzb24", &other, &"A".repeat(5_000)] {
            assert_eq!(read::<Place>(junk).unwrap_err().code(), "invalid_cursor", "{junk}");
        }
    }

    #[test]
    fn a_sealed_cursor_says_nothing_and_cannot_be_made() {
        let keyring = |byte| Keyring::new("acme".parse().unwrap(), [1; 32], [byte; 32]);
        let cursor = seal(&Place { score: 7 }, &keyring(1)).unwrap();
        assert_eq!(open::<Place>(&cursor, &keyring(1)).unwrap(), Place { score: 7 });
        let text = String::from_utf8(BASE64URL_NOPAD.decode(cursor.as_bytes()).unwrap()).unwrap();
        assert!(!text.contains("score"), "{text}");
        let mut edited = text.clone().into_bytes();
        *edited.last_mut().unwrap() ^= 1;
        let edited = BASE64URL_NOPAD.encode(&edited);
        let plain = write(&Place { score: 7 }).unwrap();
        for forged in [&edited, &plain, "", "%%", &"A".repeat(5_000)] {
            let error = open::<Place>(forged, &keyring(1)).unwrap_err();
            assert_eq!(error.code(), "invalid_cursor", "{forged}");
        }
        let foreign = open::<Place>(&cursor, &keyring(3)).unwrap_err();
        assert_eq!(foreign.code(), "invalid_cursor");
    }
}
