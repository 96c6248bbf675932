//! What callers see of authentication.

use std::sync::Mutex;

use super::*;

const KEY: &str = "llk_acme_0123456789abcdef0123456789abcdef01234567";

/// A directory that answers what it is told, and counts how often it was asked.
#[derive(Default)]
struct Told {
    known: bool,
    broken: Mutex<bool>,
    asked: Mutex<usize>,
}

impl KeyDirectory for Told {
    async fn find(&self, key: &ApiKeyText) -> Result<Option<Caller>, FindError> {
        *self.asked.lock().unwrap() += 1;
        if *self.broken.lock().unwrap() {
            let code = "ThrottlingException".to_owned();
            return Err(FindError::Store(StoreError::Unavailable { operation: "GetItem", code }));
        }
        Ok(self.known.then(|| Caller {
            key: ApiKey {
                tenant: key.tenant().clone(),
                name: "web".into(),
                scopes: [Scope::Ingest].into(),
            },
            keyring: Arc::new(Keyring::new(key.tenant().clone(), [1; 32], [2; 32])),
        }))
    }
}

fn at(millis: i64) -> Timestamp {
    Timestamp::from_millis(1_700_000_000_000 + millis).unwrap()
}

fn presented() -> Presented {
    Presented::Key(KEY.parse().unwrap())
}

#[tokio::test]
async fn a_known_key_is_looked_up_once_a_minute() {
    let auth = Authenticator::new(Told { known: true, ..Told::default() });
    for millis in [0, 1, 59_999, 60_000, 60_001] {
        let caller = auth.authenticate(&presented(), at(millis)).await.unwrap();
        assert_eq!(caller.tenant().as_str(), "acme");
    }
    assert_eq!(*auth.directory().asked.lock().unwrap(), 2);
}

#[tokio::test]
async fn an_unknown_key_is_401_and_looked_up_once_a_minute() {
    let auth = Authenticator::new(Told::default());
    for millis in [0, 30_000, 60_000] {
        let problem = auth.authenticate(&presented(), at(millis)).await.unwrap_err();
        assert_eq!((problem.status().as_u16(), problem.code()), (401, "invalid_api_key"));
    }
    assert_eq!(*auth.directory().asked.lock().unwrap(), 2);
}

#[tokio::test]
async fn without_a_readable_key_nobody_is_asked() {
    let auth = Authenticator::new(Told::default());
    for (presented, code) in
        [(Presented::Nothing, "missing_credentials"), (Presented::Unreadable, "invalid_api_key")]
    {
        let problem = auth.authenticate(&presented, at(0)).await.unwrap_err();
        assert_eq!((problem.status().as_u16(), problem.code()), (401, code));
    }
    assert_eq!(*auth.directory().asked.lock().unwrap(), 0);
}

#[tokio::test]
async fn a_silent_store_is_503_and_remembered_by_nobody() {
    let auth =
        Authenticator::new(Told { known: true, broken: Mutex::new(true), ..Told::default() });
    let problem = auth.authenticate(&presented(), at(0)).await.unwrap_err();
    assert_eq!((problem.status().as_u16(), problem.code()), (503, "auth_unavailable"));
    *auth.directory().broken.lock().unwrap() = false;
    assert!(auth.authenticate(&presented(), at(1)).await.is_ok());
    *auth.directory().broken.lock().unwrap() = true;
    let late = auth.authenticate(&presented(), at(70_000)).await.unwrap_err();
    assert_eq!(late.status().as_u16(), 503, "an old answer is no answer");
}

#[tokio::test]
async fn a_scope_that_the_key_lacks_is_403() {
    let auth = Authenticator::new(Told { known: true, ..Told::default() });
    let caller = auth.authenticate(&presented(), at(0)).await.unwrap();
    assert!(caller.require(Scope::Ingest).is_ok());
    let problem = caller.require(Scope::Read).unwrap_err();
    assert_eq!((problem.status().as_u16(), problem.code()), (403, "missing_scope"));
}
