//! Where senders put their key.
//!
//! Invariant: the first place that holds an API key wins; a place that holds something else is
//! passed over, because proxies and SDKs fill `Authorization` with things of their own.

use data_encoding::{BASE64, BASE64_NOPAD};
use domain::api_key::ApiKeyText;
use http::{HeaderMap, header};

/// What a request presents.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Presented {
    /// A text of an API key's form.
    Key(ApiKeyText),
    /// Something that has not that form.
    Unreadable,
    /// Nothing.
    Nothing,
}

/// Reads the credential of a request.
///
/// In this order: `Authorization: Basic base64(key:)`, `Authorization: Bearer key`,
/// `X-API-Key: key`, `X-Write-Key: key[:secret]`, and the `writeKey` of the body where the
/// caller of this function found one.
pub fn present(headers: &HeaderMap, body_write_key: Option<&str>) -> Presented {
    let header = |name: &str| headers.get_all(name).iter().filter_map(|value| value.to_str().ok());
    let places = header(header::AUTHORIZATION.as_str())
        .filter_map(from_authorization)
        .chain(header("x-api-key").map(str::to_owned))
        .chain(header("x-write-key").map(before_colon))
        .chain(body_write_key.map(before_colon));
    let mut presented = Presented::Nothing;
    for text in places {
        match text.trim().parse() {
            Ok(key) => return Presented::Key(key),
            Err(_) => presented = Presented::Unreadable,
        }
    }
    presented
}

/// Returns the user name of Basic or the token of Bearer.
fn from_authorization(value: &str) -> Option<String> {
    let (scheme, credential) = value.trim().split_once(' ')?;
    let credential = credential.trim();
    if scheme.eq_ignore_ascii_case("bearer") {
        return Some(credential.to_owned());
    }
    if !scheme.eq_ignore_ascii_case("basic") {
        return None;
    }
    let decoded = BASE64
        .decode(credential.as_bytes())
        .or_else(|_| BASE64_NOPAD.decode(credential.as_bytes()))
        .unwrap_or_default();
    Some(before_colon(&String::from_utf8_lossy(&decoded)))
}

/// A key holds no colon, so what follows one is the empty password or Jitsu's secret.
fn before_colon(text: &str) -> String {
    text.split_once(':').map_or(text, |(key, _)| key).to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: &str = "llk_acme_0123456789abcdef0123456789abcdef01234567";

    fn presented(headers: &[(&'static str, String)], write_key: Option<&str>) -> Presented {
        let mut map = HeaderMap::new();
        for (name, value) in headers {
            map.append(*name, value.parse().unwrap());
        }
        present(&map, write_key)
    }

    #[test]
    fn every_place_where_an_sdk_puts_its_key_is_read() {
        let expected = Presented::Key(KEY.parse().unwrap());
        let basic = |text: &str| BASE64.encode(text.as_bytes());
        for headers in [
            [("authorization", format!("Basic {}", basic(&format!("{KEY}:"))))],
            [("authorization", format!("basic {}", basic(KEY)))],
            [("authorization", format!("Basic {}", basic(KEY).trim_end_matches('=')))],
            [("authorization", format!("Bearer {KEY}"))],
            [("x-api-key", KEY.to_owned())],
            [("x-write-key", format!("{KEY}:secret"))],
            [("x-write-key", KEY.to_owned())],
        ] {
            assert_eq!(presented(&headers, None), expected, "{headers:?}");
        }
        assert_eq!(presented(&[], Some(KEY)), expected);
        assert_eq!(presented(&[("authorization", "Basic eDp5".into())], Some(KEY)), expected);
    }

    #[test]
    fn nothing_and_something_else_are_told_apart() {
        assert_eq!(presented(&[], None), Presented::Nothing);
        for value in ["Basic eDp5", "Basic %%%", "Bearer eyJ.a.b"] {
            let headers = [("authorization", value.to_owned())];
            assert_eq!(presented(&headers, None), Presented::Unreadable, "{value}");
        }
        assert_eq!(presented(&[("authorization", "Negotiate x".into())], None), Presented::Nothing);
    }
}
