//! Inviting somebody: a user of the pool whose first password is a code that we make and the pool
//! mails.
//!
//! Invariant: whoever has signed in once is never changed by an invitation, and a second invitation
//! to somebody who has not replaces the code of the first.

use aws_sdk_cognitoidentityprovider::types::{
    AttributeType, DeliveryMediumType, MessageActionType, UserStatusType,
};
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

/// What came of an invitation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Invited {
    /// The code is on its way by mail. It is given once to whoever invited, too.
    Sent {
        /// Who was invited.
        user: UserId,
        /// The code.
        code: InvitationCode,
    },
    /// They have signed in before; nothing was sent or changed.
    AlreadyThere {
        /// Who they are.
        user: UserId,
    },
}

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

impl Invited {
    /// Returns who was invited.
    pub const fn user(&self) -> &UserId {
        match self {
            Self::Sent { user, .. } | Self::AlreadyThere { user } => user,
        }
    }
}

impl UserPool {
    /// Invites somebody by mail. Safe to repeat: the last code counts.
    ///
    /// Somebody who signed up under this address and never confirmed it is invited like anybody
    /// else; the password that was chosen then is void, because nobody knows who chose it.
    pub async fn invite(
        &self,
        email: &EmailAddress,
        name: Option<&str>,
        code: InvitationCode,
    ) -> Result<Invited, PoolError> {
        if let Some(user) = self.create(email, name, code.reveal()).await? {
            return Ok(Invited::Sent { user, code });
        }
        match self.find(email).await? {
            Some(Person { user, is_expected: false }) => Ok(Invited::AlreadyThere { user }),
            Some(Person { user, .. }) => {
                self.renew(email, code.reveal()).await?;
                Ok(Invited::Sent { user, code })
            }
            None => {
                let code = "deleted meanwhile".to_owned();
                Err(PoolError::Unavailable { operation: "AdminCreateUser", code })
            }
        }
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

    /// Makes a user with `code` as the first password and mails it; `None` when the address has a
    /// user already, who stays as they are.
    async fn create(
        &self,
        email: &EmailAddress,
        name: Option<&str>,
        code: &str,
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
            .temporary_password(code)
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

    /// Gives a user `code` as a first password again and mails it.
    ///
    /// The password goes first: whatever fails after it, no older code or password lets anybody in.
    async fn renew(&self, email: &EmailAddress, code: &str) -> Result<(), PoolError> {
        self.client
            .admin_set_user_password()
            .user_pool_id(&self.pool_id)
            .username(email.as_str())
            .password(code)
            .permanent(false)
            .send()
            .await
            .map_err(|error| PoolError::from_sdk("AdminSetUserPassword", &error))?;
        self.client
            .admin_update_user_attributes()
            .user_pool_id(&self.pool_id)
            .username(email.as_str())
            .user_attributes(verified()?)
            .send()
            .await
            .map_err(|error| PoolError::from_sdk("AdminUpdateUserAttributes", &error))?;
        self.client
            .admin_create_user()
            .user_pool_id(&self.pool_id)
            .username(email.as_str())
            .temporary_password(code)
            .message_action(MessageActionType::Resend)
            .desired_delivery_mediums(DeliveryMediumType::Email)
            .send()
            .await
            .map_err(|error| PoolError::from_sdk("AdminCreateUser", &error))?;
        Ok(())
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
