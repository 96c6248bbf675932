//! A key service that remembers the context under which it wrapped something.

use aws_config::SdkConfig;
use aws_smithy_http_client::test_util::infallible_client_fn;
use data_encoding::BASE64;
use serde_json::{Value, json};

use crate::accounts::config_of;

/// Returns the configuration of a client of a key service that wraps by writing the encryption
/// context before the plaintext, and unwraps nothing else.
pub fn key_service() -> SdkConfig {
    config_of(infallible_client_fn(|request| {
        let target = request.headers()["x-amz-target"].to_str().unwrap().to_owned();
        let body: Value = serde_json::from_slice(request.body().bytes().unwrap()).unwrap();
        let context = format!("{}\n", body["EncryptionContext"]);
        let bytes = |name: &str| BASE64.decode(body[name].as_str().unwrap().as_bytes()).unwrap();
        let answer = if target.ends_with("Encrypt") {
            let wrapped = [context.as_bytes(), &bytes("Plaintext")].concat();
            json!({"CiphertextBlob": BASE64.encode(&wrapped)})
        } else {
            let wrapped = bytes("CiphertextBlob");
            let plain = wrapped.strip_prefix(context.as_bytes()).unwrap();
            json!({"Plaintext": BASE64.encode(plain)})
        };
        http::Response::builder().status(200).body(answer.to_string()).unwrap()
    }))
}
