//! Cursors: where a page ended, as base64url of JSON.
//!
//! Invariant: a cursor that this function did not make, or made for another request, is refused
//! as `invalid_cursor`; it can never point outside the caller's tenant, because it names no
//! tenant.

use data_encoding::BASE64URL_NOPAD;
use lambda::problem::Problem;
use serde::{Serialize, de::DeserializeOwned};

/// No cursor of ours is longer.
const MAX_BYTES: usize = 1_024;

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
    fn a_cursor_survives_and_junk_is_refused() {
        let cursor = write(&Place { score: 7 }).unwrap();
        assert_eq!(read::<Place>(&cursor).unwrap(), Place { score: 7 });
        let other = BASE64URL_NOPAD.encode(br#"{"score":7,"tenant":"other"}"#);
        for junk in ["", "%%", "bm90IGpzb24", &other, &"A".repeat(5_000)] {
            assert_eq!(read::<Place>(junk).unwrap_err().code(), "invalid_cursor", "{junk}");
        }
    }
}
