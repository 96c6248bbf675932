//! What the proxy changes in a request and its answer, as pure functions.
//! Everything not named here passes through as it came.

use std::net::IpAddr;

use anyhow::Result;
use hyper::Uri;
use hyper::header::{
    CONNECTION, HOST, HeaderMap, HeaderName, HeaderValue, PROXY_AUTHENTICATE, PROXY_AUTHORIZATION,
    TE, TRAILER, TRANSFER_ENCODING, UPGRADE,
};

/// Largest body that API Gateway takes.
pub const MAX_BODY: usize = 10 * 1024 * 1024;

const HOP_BY_HOP: [HeaderName; 8] = [
    CONNECTION,
    HeaderName::from_static("keep-alive"),
    PROXY_AUTHENTICATE,
    PROXY_AUTHORIZATION,
    TE,
    TRAILER,
    TRANSFER_ENCODING,
    UPGRADE,
];
const FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");

/// Address of a request inside the emulator. The path form is used because by
/// host name the emulator answers paths such as `/health` itself.
pub fn target(emulator_port: u16, api: &str, uri: &Uri) -> Result<Uri> {
    let path = uri.path_and_query().map_or("/", |path| path.as_str());
    let target = format!("http://127.0.0.1:{emulator_port}/_aws/execute-api/{api}/$default{path}");
    Ok(target.parse()?)
}

/// Headers of a request as API Gateway hands them over.
pub fn request_headers(headers: &mut HeaderMap, client: IpAddr, port: u16) {
    drop_hop_by_hop(headers);
    let chain = match headers.get(FORWARDED_FOR).and_then(|value| value.to_str().ok()) {
        Some(earlier) => format!("{earlier}, {client}"),
        None => client.to_string(),
    };
    if let Ok(value) = HeaderValue::from_str(&chain) {
        headers.insert(FORWARDED_FOR, value);
    }
    headers.insert("x-forwarded-proto", HeaderValue::from_static("http"));
    headers.insert("x-forwarded-port", HeaderValue::from(port));
    if !headers.contains_key(HOST)
        && let Ok(host) = HeaderValue::from_str(&format!("127.0.0.1:{port}"))
    {
        headers.insert(HOST, host);
    }
}

/// Removes what concerns one connection only.
pub fn drop_hop_by_hop(headers: &mut HeaderMap) {
    let named: Vec<HeaderName> = headers
        .get_all(CONNECTION)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .filter_map(|name| name.trim().parse().ok())
        .collect();
    for name in named.iter().chain(&HOP_BY_HOP) {
        headers.remove(name);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(pairs: &[(&'static str, &'static str)]) -> HeaderMap {
        let pair = |(name, value): &(&'static str, &'static str)| {
            (HeaderName::from_static(name), HeaderValue::from_static(value))
        };
        pairs.iter().map(pair).collect()
    }

    #[test]
    fn path_and_query_arrive_as_they_were_sent() {
        let uri = "/v1/leads/a%2Fb?email=x%40y.z".parse().unwrap();
        let target = target(4566, "abc", &uri).unwrap().to_string();
        assert_eq!(
            target,
            "http://127.0.0.1:4566/_aws/execute-api/abc/$default/v1/leads/a%2Fb?email=x%40y.z"
        );
    }

    #[test]
    fn the_client_is_added_to_those_it_came_through() {
        let client = "127.0.0.1".parse().unwrap();
        let mut direct = headers(&[]);
        request_headers(&mut direct, client, 3000);
        assert_eq!(direct["x-forwarded-for"], "127.0.0.1");
        assert_eq!(direct["host"], "127.0.0.1:3000");
        let mut through = headers(&[("x-forwarded-for", "198.51.100.7"), ("host", "x")]);
        request_headers(&mut through, client, 3000);
        assert_eq!(through["x-forwarded-for"], "198.51.100.7, 127.0.0.1");
        assert_eq!(through["host"], "x");
    }

    #[test]
    fn only_headers_of_the_connection_are_dropped() {
        let mut all = headers(&[
            ("connection", "keep-alive, x-hop"),
            ("x-hop", "1"),
            ("transfer-encoding", "chunked"),
            ("content-encoding", "gzip"),
            ("content-type", "application/json"),
            ("authorization", "Basic x"),
        ]);
        drop_hop_by_hop(&mut all);
        let mut left: Vec<_> = all.keys().map(HeaderName::as_str).collect();
        left.sort_unstable();
        assert_eq!(left, ["authorization", "content-encoding", "content-type"]);
    }
}
