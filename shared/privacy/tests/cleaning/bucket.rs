//! Files in memory, which fail like tables do.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex},
};

use domain::{event::Sealed, tenant::TenantId};
use files::{FileError, FileKey, FileSort, Files, Filing};

/// Files in memory; the calls that are to fail are counted down.
#[derive(Clone, Debug, Default)]
pub struct Bucket {
    pub files: Arc<Mutex<BTreeMap<FileKey, Sealed>>>,
    /// How many calls succeed; all of them where it is `None`.
    pub calls_left: Arc<Mutex<Option<usize>>>,
}

impl Bucket {
    fn call<T: Send + 'static>(&self, effect: impl FnOnce() -> T) -> Filing<'static, T> {
        let mut left = self.calls_left.lock().unwrap();
        let answer = match left.as_mut() {
            Some(0) => {
                let code = "injected".to_owned();
                Err(FileError::Unavailable { operation: "call", code })
            }
            Some(left) => {
                *left -= 1;
                Ok(effect())
            }
            None => Ok(effect()),
        };
        Box::pin(async { answer })
    }

    pub fn keys(&self) -> Vec<String> {
        self.files.lock().unwrap().keys().map(ToString::to_string).collect()
    }

    pub fn add(&self, key: FileKey) {
        self.files.lock().unwrap().insert(key, Sealed("c2VhbGVk".to_owned()));
    }
}

impl Files for Bucket {
    fn put<'f>(&'f self, key: &'f FileKey, content: Sealed) -> Filing<'f, ()> {
        self.call(|| drop(self.files.lock().unwrap().insert(key.clone(), content)))
    }

    fn get<'f>(&'f self, key: &'f FileKey) -> Filing<'f, Option<Sealed>> {
        self.call(|| self.files.lock().unwrap().get(key).cloned())
    }

    fn remove<'f>(&'f self, key: &'f FileKey) -> Filing<'f, ()> {
        self.call(|| drop(self.files.lock().unwrap().remove(key)))
    }

    fn list<'f>(&'f self, sort: FileSort, tenant: &'f TenantId) -> Filing<'f, Vec<FileKey>> {
        let is_meant = |key: &&FileKey| key.is_of(sort, tenant);
        self.call(|| self.files.lock().unwrap().keys().filter(is_meant).cloned().collect())
    }
}
