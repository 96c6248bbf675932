//! Inviting somebody: a user of the pool whose first password is a code that we make and the pool
//! mails.
//!
//! Invariant: an invitation never changes a user who is there: it makes one, or says that the
//! address has one. Whoever deletes that one first makes void all that was ever given for it:
//! password, code, session and token name a user who is no more.

use aws_sdk_cognitoidentityprovider::types::{AttributeType, DeliveryMediumType, UserStatusType};
use domain::user::UserId;

use crate::{
    email::EmailAddress,
    error::{PoolError, Refusal},
    pool::{UserPool, attribute, user_id},
    secret::Secret,
};

/// Crockford's digits and letters, none of which is taken for another.
const ALPHABET: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";

const GROUP: usize = 4;

/// A code that accepts an invitation: four groups of four letters and digits, 80 random bits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InvitationCode(Secret);

/// A user of the pool.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Person {
    /// Who they are.
    pub user: UserId,
    /// Whether they have yet to accept an invitation, or to confirm their address.
    pub is_expected: bool,
}

impl InvitationCode {
    /// Makes a code of random bytes.
    pub fn new(random: [u8; 16]) -> Self {
        let symbol = |byte: &u8| ALPHABET.get(usize::from(byte % 32)).copied().unwrap_or(b'0');
        let group = |bytes: &[u8]| bytes.iter().map(|byte| char::from(symbol(byte))).collect();
        let groups: Vec<String> = random.chunks(GROUP).map(group).collect();
        Self(Secret::new(groups.join("-")))
    }

    /// Returns the text, to be shown once to whoever invited.
    pub fn reveal(&self) -> &str {
        self.0.reveal()
    }
}

impl UserPool {
    /// Invites somebody by mail: makes a user with `code` as the first password, which the pool
    /// mails. `None` when the address has a user already, who stays as they are.
    pub async fn invite(
        &self,
        email: &EmailAddress,
        name: Option<&str>,
        code: &InvitationCode,
    ) -> Result<Option<UserId>, PoolError> {
        let operation = "AdminCreateUser";
        let mut attributes = vec![attribute("email", email.as_str())?, verified()?];
        if let Some(name) = name {
            attributes.push(attribute("name", name)?);
        }
        let created = self
            .client
            .admin_create_user()
            .user_pool_id(&self.pool_id)
            .username(email.as_str())
            .temporary_password(code.reveal())
            .desired_delivery_mediums(DeliveryMediumType::Email)
            .set_user_attributes(Some(attributes))
            .send()
            .await;
        let created = match created {
            Ok(created) => created,
            Err(error) => {
                let error = PoolError::from_sdk(operation, &error);
                let exists = error.refusal() == Some(Refusal::Exists);
                return if exists { Ok(None) } else { Err(error) };
            }
        };
        let user = created.user().ok_or_else(|| PoolError::incomplete(operation, "a user"))?;
        user_id(operation, user.attributes()).map(Some)
    }

    /// Deletes a user, unless they are gone already. Whoever has the address by then stays.
    pub async fn delete(&self, user: &UserId) -> Result<(), PoolError> {
        let delete =
            self.client.admin_delete_user().user_pool_id(&self.pool_id).username(user.subject());
        let Err(error) = delete.send().await else { return Ok(()) };
        let error = PoolError::from_sdk("AdminDeleteUser", &error);
        if error.refusal() == Some(Refusal::UnknownUser) { Ok(()) } else { Err(error) }
    }

    /// Finds a user by the address.
    pub async fn find(&self, email: &EmailAddress) -> Result<Option<Person>, PoolError> {
        let operation = "AdminGetUser";
        let get = self.client.admin_get_user().user_pool_id(&self.pool_id).username(email.as_str());
        let found = match get.send().await {
            Ok(found) => found,
            Err(error) => {
                let error = PoolError::from_sdk(operation, &error);
                let is_unknown = error.refusal() == Some(Refusal::UnknownUser);
                return if is_unknown { Ok(None) } else { Err(error) };
            }
        };
        let user = user_id(operation, found.user_attributes())?;
        let is_expected = matches!(
            found.user_status(),
            Some(UserStatusType::ForceChangePassword | UserStatusType::Unconfirmed)
        );
        Ok(Some(Person { user, is_expected }))
    }
}

/// Who has the code has the mailbox, so the address of somebody who is invited counts as verified.
fn verified() -> Result<AttributeType, PoolError> {
    attribute("email_verified", "true")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_is_easy_to_read_and_hard_to_guess() {
        let code =
            InvitationCode::new([0, 31, 32, 33, 1, 2, 3, 4, 255, 254, 9, 10, 11, 18, 19, 20]);
        assert_eq!(code.reveal(), "0z01-1234-zy9a-bjkm");
        assert!(!format!("{code:?}").contains("1234"));
    }
}
