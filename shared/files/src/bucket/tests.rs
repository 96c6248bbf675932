//! The bucket against a service that keeps what it is sent.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex},
};

use aws_sdk_s3::config::{BehaviorVersion, Credentials, Region, retry::RetryConfig};
use aws_smithy_http_client::test_util::infallible_client_fn;
use aws_smithy_types::body::SdkBody;
use domain::event::Sealed;

use super::*;

/// Files by the path of their request, without its query.
pub(crate) type Kept = Arc<Mutex<BTreeMap<String, Vec<u8>>>>;

/// A bucket that keeps what it is sent, or gives one answer to everything.
pub(crate) fn bucket(kept: &Kept, answers: Option<(u16, &'static str)>) -> Bucket {
    let kept = Arc::clone(kept);
    let client = infallible_client_fn(move |request: http::Request<SdkBody>| {
        let answer = |status: u16, body: Vec<u8>| {
            http::Response::builder().status(status).body(SdkBody::from(body)).unwrap()
        };
        if let Some((status, code)) = answers {
            let error = format!("<Error><Code>{code}</Code><Message>ana</Message></Error>");
            return answer(status, error.into_bytes());
        }
        let path = request.uri().path().replace("%3D", "=");
        let mut kept = kept.lock().unwrap();
        match request.method().as_str() {
            "PUT" => {
                kept.insert(path, request.body().bytes().unwrap().to_vec());
                answer(200, Vec::new())
            }
            "DELETE" => {
                kept.remove(&path);
                answer(204, Vec::new())
            }
            _ if path == "/files/" => {
                answer(200, listing(&kept, &request.uri().to_string()).into_bytes())
            }
            _ => match kept.get(&path) {
                Some(content) => answer(200, content.clone()),
                None => answer(404, b"<Error><Code>NoSuchKey</Code></Error>".to_vec()),
            },
        }
    });
    let config = Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .http_client(client)
        .region(Region::new("us-east-1"))
        .credentials_provider(Credentials::new("test", "test", None, None, "test"))
        .retry_config(RetryConfig::disabled())
        .build();
    Bucket::new(config, "files")
}

/// Lists two keys at most, as S3 does.
fn listing(kept: &BTreeMap<String, Vec<u8>>, asked: &str) -> String {
    let value = |name: &str| {
        let (_, rest) = asked.split_once(&format!("{name}="))?;
        Some(rest.split('&').next()?.replace("%2F", "/").replace("%3D", "="))
    };
    let (prefix, after) = (value("prefix").unwrap(), value("start-after").unwrap_or_default());
    let keys = kept.keys().filter_map(|path| path.strip_prefix("/files/"));
    let fits = |key: &&str| key.starts_with(&prefix) && *key > after.as_str();
    let all: Vec<_> = keys.filter(fits).collect();
    let contents = |key: &&str| format!("<Contents><Key>{key}</Key></Contents>");
    let (listed, goes_on) = (all.iter().take(2).map(contents), all.len() > 2);
    let listed: String = listed.collect();
    format!("<ListBucketResult><IsTruncated>{goes_on}</IsTruncated>{listed}</ListBucketResult>")
}

fn key() -> FileKey {
    let job = "job_019a0b3c-4d5e-7f60-8a1b-2c3d4e5f6071".parse().unwrap();
    FileKey::import(&"acme".parse().unwrap(), &job, 3)
}

#[tokio::test]
async fn a_file_is_read_as_it_was_put_until_it_is_removed() {
    let kept = Kept::default();
    let bucket = bucket(&kept, None);
    assert_eq!(bucket.get(&key()).await.unwrap(), None);
    let sealed = Sealed("c2VhbGVk".to_owned());
    bucket.put(&key(), sealed.clone()).await.unwrap();
    let path = "/files/imports/acme/job_019a0b3c-4d5e-7f60-8a1b-2c3d4e5f6071/00003";
    assert_eq!(kept.lock().unwrap().get(path).unwrap(), b"c2VhbGVk");
    assert_eq!(bucket.get(&key()).await.unwrap(), Some(sealed));
    for _ in 0..2 {
        bucket.remove(&key()).await.unwrap();
    }
    let acme = "acme".parse().unwrap();
    assert_eq!(bucket.list(FileSort::Imports, &acme).await.unwrap(), []);
    assert_eq!(bucket.get(&key()).await.unwrap(), None);
}

#[tokio::test]
async fn what_may_succeed_later_is_told_from_what_will_not_and_nothing_is_quoted() {
    for (status, code, is_retryable) in [
        (503, "SlowDown", true),
        (500, "InternalError", true),
        (403, "AccessDenied", false),
        (404, "NoSuchBucket", false),
    ] {
        let bucket = bucket(&Kept::default(), Some((status, code)));
        let error = bucket.get(&key()).await.unwrap_err();
        assert_eq!(error.is_retryable(), is_retryable, "{code}");
        let told = format!("{error} {error:?}");
        assert!(told.contains(code) && !told.contains("ana"), "{told}");
        let error = bucket.put(&key(), Sealed("c2VhbGVk".to_owned())).await.unwrap_err();
        assert_eq!(error.is_retryable(), is_retryable, "{code}");
    }
}

#[tokio::test]
async fn the_files_of_a_tenant_are_listed_and_those_of_no_other() {
    let bucket = bucket(&Kept::default(), None);
    let [acme, other] = ["acme", "acme2"].map(|tenant| tenant.parse().unwrap());
    let job = "job_019a0b3c-4d5e-7f60-8a1b-2c3d4e5f6071".parse().unwrap();
    let ours: Vec<_> = (0..5).map(|chunk| FileKey::import(&acme, &job, chunk)).collect();
    let part = FileKey::export(&acme, &job, "00000");
    for key in ours.iter().chain([&FileKey::import(&other, &job, 0), &part]) {
        bucket.put(key, Sealed("c2VhbGVk".to_owned())).await.unwrap();
    }
    assert_eq!(bucket.list(FileSort::Imports, &acme).await.unwrap(), ours);
    assert_eq!(bucket.list(FileSort::Exports, &acme).await.unwrap(), [part]);
    assert_eq!(bucket.list(FileSort::Exports, &other).await.unwrap(), []);
}
