//! The keys of the test tenant and a bucket without files, as the function finds them.

use std::sync::Arc;

use domain::{event::Sealed, tenant::TenantId};
use files::{FileKey, FileSort, Files, Filing};
use lambda::keyrings::{KeyringError, Keyrings};
use testing::{a_tenant, keyring};
use vault::Keyring;

/// The keys of the test tenant, and no others.
#[derive(Clone, Debug)]
pub struct OneKeyring;

impl Keyrings for OneKeyring {
    async fn keyring(&self, tenant: &TenantId) -> Result<Arc<Keyring>, KeyringError> {
        if *tenant == a_tenant() {
            return Ok(Arc::new(keyring()));
        }
        Err(KeyringError::NoTenant(tenant.clone()))
    }
}

/// A bucket in which nobody puts anything.
#[derive(Clone, Debug)]
pub struct NoFiles;

impl Files for NoFiles {
    fn put<'f>(&'f self, key: &'f FileKey, _: Sealed) -> Filing<'f, ()> {
        panic!("a night makes no file, such as {key}")
    }

    fn get<'f>(&'f self, _: &'f FileKey) -> Filing<'f, Option<Sealed>> {
        Box::pin(async { Ok(None) })
    }

    fn remove<'f>(&'f self, _: &'f FileKey) -> Filing<'f, ()> {
        Box::pin(async { Ok(()) })
    }

    fn list<'f>(&'f self, _: FileSort, _: &'f TenantId) -> Filing<'f, Vec<FileKey>> {
        Box::pin(async { Ok(Vec::new()) })
    }
}
