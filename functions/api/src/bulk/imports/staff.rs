//! The users of a tenant, to whom rows may assign leads.

use std::collections::BTreeMap;

use domain::{tenant::TenantId, user::UserId};
use dynamo::{EMAIL_FIELD, Store};
use vault::Keyring;

use crate::error::ApiError;

/// How many users are read at once.
const PAGE: u16 = 250;

/// The active users, by their ids and email addresses.
#[derive(Debug, Default)]
pub struct Staff(BTreeMap<String, UserId>);

impl Staff {
    /// Reads who is there.
    pub async fn read(
        store: &Store,
        tenant: &TenantId,
        keyring: &Keyring,
    ) -> Result<Self, ApiError> {
        let mut staff = Self::default();
        let mut after = None;
        loop {
            let members = store.members(tenant, after.as_ref(), PAGE).await?;
            let Some(last) = members.last() else { return Ok(staff) };
            after = Some(last.id.clone());
            for member in members.into_iter().filter(|member| member.active) {
                let id = member.id.as_str();
                let email = keyring.open_value(id, EMAIL_FIELD, &member.email)?;
                staff.0.insert(id.to_owned(), member.id.clone());
                staff.0.insert(email.to_lowercase(), member.id);
            }
        }
    }

    /// Finds a user by id or email address.
    pub fn find(&self, text: &str) -> Option<&UserId> {
        self.0.get(&text.to_lowercase())
    }
}
