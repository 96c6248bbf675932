//! From what the gateway hands over to text that is known to be JSON.
//!
//! Invariant: no more than [`MAX_BYTES`] are ever decoded, whatever the body claims to be. Here
//! depth costs nothing: syntax is checked, and raw values are skipped, without recursion. Whoever
//! builds values checks [`MAX_DEPTH`] first, event by event, so that one deep event spoils no batch.

use std::{borrow::Cow, io::Read};

use data_encoding::BASE64;
use flate2::read::MultiGzDecoder;
use http::{HeaderMap, StatusCode, header};
use lambda::problem::Problem;
use serde::de::IgnoredAny;

/// The largest body, decoded.
pub const MAX_BYTES: usize = 4 * 1024 * 1024;

/// The deepest nesting of arrays and objects in an event.
pub const MAX_DEPTH: usize = 64;

/// The deepest nesting of a whole body. No event small enough to be taken reaches it.
const MAX_BODY_DEPTH: usize = 100_000;

const GZIP_MAGIC: &[u8] = &[0x1f, 0x8b];

/// Decodes a body: base64, gzip, UTF-8, JSON.
///
/// Whether it is gzip is told by its first bytes. The header alone does not tell: something on
/// the way may have unpacked the body and left the header.
pub fn decode(body: &str, is_base64: bool, headers: &HeaderMap) -> Result<String, Problem> {
    let bytes = if is_base64 {
        let invalid = |_| Problem::bad_request("invalid_body", "the body is not valid base64");
        Cow::Owned(BASE64.decode(body.as_bytes()).map_err(invalid)?)
    } else {
        Cow::Borrowed(body.as_bytes())
    };
    let bytes = if bytes.starts_with(GZIP_MAGIC) { Cow::Owned(gunzip(&bytes)?) } else { bytes };
    if bytes.len() > MAX_BYTES {
        return Err(too_large());
    }
    let text = match std::str::from_utf8(&bytes) {
        Ok(text) => text.trim_start_matches('\u{feff}'),
        Err(_) if claims(headers, &["gzip", "x-gzip"]) => return Err(invalid_gzip()),
        Err(error) => {
            let message = format!("the body is not UTF-8 text at byte {}", error.valid_up_to());
            return Err(Problem::bad_request("invalid_utf8", message));
        }
    };
    check_json(text, headers)?;
    Ok(text.to_owned())
}

fn gunzip(bytes: &[u8]) -> Result<Vec<u8>, Problem> {
    let mut decoded = Vec::new();
    // One byte more than allowed tells that there is more than allowed.
    let limit = u64::try_from(MAX_BYTES).unwrap_or(u64::MAX).saturating_add(1);
    MultiGzDecoder::new(bytes).take(limit).read_to_end(&mut decoded).map_err(|_| invalid_gzip())?;
    Ok(decoded)
}

/// Checks syntax before anything is built.
fn check_json(text: &str, headers: &HeaderMap) -> Result<(), Problem> {
    check_depth(text, MAX_BODY_DEPTH)?;
    let Err(error) = serde_json::from_str::<IgnoredAny>(text) else { return Ok(()) };
    if claims(headers, &["gzip", "x-gzip"]) && !text.trim_start().starts_with(['{', '[']) {
        return Err(invalid_gzip());
    }
    if claims(headers, &["br", "deflate", "zstd", "compress"]) {
        let message = "bodies are taken plain or as gzip";
        let status = StatusCode::UNSUPPORTED_MEDIA_TYPE;
        return Err(Problem::new(status, "unsupported_content_encoding", message));
    }
    Err(Problem::bad_request("invalid_json", format!("the body is not valid JSON: {error}")))
}

/// Checks how deep a body, or a part of it, is nested.
pub fn check_depth(text: &str, levels: usize) -> Result<(), Problem> {
    if depth(text) <= levels {
        return Ok(());
    }
    let message = format!("the body is nested deeper than {levels} levels");
    Err(Problem::bad_request("too_deep", message))
}

fn claims(headers: &HeaderMap, encodings: &[&str]) -> bool {
    headers
        .get_all(header::CONTENT_ENCODING)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .any(|encoding| encodings.iter().any(|known| encoding.trim().eq_ignore_ascii_case(known)))
}

/// Measures how deep arrays and objects are nested.
pub fn depth(text: &str) -> usize {
    let (mut depth, mut deepest) = (0_usize, 0);
    let (mut in_string, mut escaped) = (false, false);
    for byte in text.bytes() {
        if in_string {
            match byte {
                _ if escaped => escaped = false,
                b'\\' => escaped = true,
                b'"' => in_string = false,
                _ => {}
            }
            continue;
        }
        match byte {
            b'"' => in_string = true,
            b'{' | b'[' => {
                depth += 1;
                deepest = deepest.max(depth);
            }
            b'}' | b']' => depth = depth.saturating_sub(1),
            _ => {}
        }
    }
    deepest
}

fn too_large() -> Problem {
    let message = format!("a body has at most {MAX_BYTES} bytes, unpacked");
    Problem::new(StatusCode::PAYLOAD_TOO_LARGE, "payload_too_large", message)
}

fn invalid_gzip() -> Problem {
    Problem::bad_request("invalid_gzip", "the body is not valid gzip")
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use flate2::{Compression, write::GzEncoder};
    use proptest::prelude::*;

    use super::*;

    fn gzip(bytes: &[u8]) -> Vec<u8> {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
        encoder.write_all(bytes).unwrap();
        encoder.finish().unwrap()
    }

    fn decode_bytes(bytes: &[u8], encoding: Option<&str>) -> Result<String, (u16, &'static str)> {
        let headers = encoding.map(|e| (header::CONTENT_ENCODING, e.parse().unwrap()));
        decode(&BASE64.encode(bytes), true, &headers.into_iter().collect())
            .map_err(|problem| (problem.status().as_u16(), problem.code()))
    }

    #[test]
    fn plain_and_gzip_bodies_are_one_whatever_the_header_says() {
        for bytes in
            [br#"{"a":1}"#.to_vec(), gzip(br#"{"a":1}"#), b"\xef\xbb\xbf{\"a\":1}".to_vec()]
        {
            for encoding in [None, Some("gzip"), Some("identity")] {
                assert_eq!(decode_bytes(&bytes, encoding).unwrap(), r#"{"a":1}"#);
            }
        }
        assert_eq!(decode(r#"{"a":1}"#, false, &HeaderMap::new()).unwrap(), r#"{"a":1}"#);
    }

    #[test]
    fn a_bomb_is_stopped_at_the_limit() {
        let bomb = gzip(&vec![b' '; 64 * 1024 * 1024]);
        assert!(bomb.len() < 1024 * 1024);
        assert_eq!(decode_bytes(&bomb, Some("gzip")), Err((413, "payload_too_large")));
        let plain = vec![b' '; MAX_BYTES + 1];
        assert_eq!(decode_bytes(&plain, None), Err((413, "payload_too_large")));
    }

    #[test]
    fn every_broken_body_has_its_own_name() {
        let mut cut = gzip(br#"{"a":1}"#);
        cut.truncate(cut.len() - 4);
        let deep = "[".repeat(MAX_BODY_DEPTH + 1);
        let unclosed = "[".repeat(MAX_BODY_DEPTH);
        for (bytes, encoding, code) in [
            (cut.as_slice(), None, "invalid_gzip"),
            (b"\x1f\xef\xbf\xbd\x08".as_slice(), Some("gzip"), "invalid_gzip"),
            (b"\x1f\x8b".as_slice(), None, "invalid_gzip"),
            (b"{\"a\":\xff}".as_slice(), None, "invalid_utf8"),
            (b"".as_slice(), None, "invalid_json"),
            (b"{\"a\":1,}".as_slice(), None, "invalid_json"),
            (b"{} x".as_slice(), None, "invalid_json"),
            (deep.as_bytes(), None, "too_deep"),
            (unclosed.as_bytes(), None, "invalid_json"),
        ] {
            assert_eq!(decode_bytes(bytes, encoding), Err((400, code)), "{bytes:?}");
        }
        assert_eq!(decode_bytes(b"abc", Some("br")), Err((415, "unsupported_content_encoding")));
        let problem = decode("{\n  \"a\" 1}", false, &HeaderMap::new()).unwrap_err();
        assert!(problem.message().ends_with("line 2 column 7"), "{}", problem.message());
    }

    #[test]
    fn brackets_in_texts_are_not_depth() {
        assert_eq!(depth(r#"{"a\"[[[": ["[[", {}]}"#), 3);
    }

    proptest! {
        #[test]
        fn no_bytes_make_it_panic(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            let _ = decode_bytes(&bytes, Some("gzip"));
            let _ = decode(&String::from_utf8_lossy(&bytes), true, &HeaderMap::new());
            let _ = decode_bytes(&[GZIP_MAGIC, &[8, 0], &bytes].concat(), None);
        }
    }
}
