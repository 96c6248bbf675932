//! The user pool, as the routes need it: where the accounts lie that people sign in with.
//!
//! Invariant: the pool proves who somebody is. What they may do, and whether at all, is the
//! membership's: whatever state the pool is in, nobody without one is served. So is what people are
//! called: the pool has no names from here.

use std::{fmt::Debug, future::Future, pin::Pin};

use cognito::{EmailAddress, InvitationCode, Person, PoolError};
use domain::user::UserId;

/// How many days an invitation can be accepted. The user pool's policy says the same.
pub const INVITATION_DAYS: u16 = 7;

/// A call of the pool that is under way.
pub type Calling<'p, T> = Pin<Box<dyn Future<Output = Result<T, PoolError>> + Send + 'p>>;

/// Where accounts are.
pub trait UserPool: Debug + Send + Sync {
    /// Finds the account of an address.
    fn find<'p>(&'p self, email: &'p EmailAddress) -> Calling<'p, Option<Person>>;

    /// Makes an account that takes `code` as its first password, and mails it; `None` when the
    /// address has an account.
    fn invite<'p>(
        &'p self,
        email: &'p EmailAddress,
        code: &'p InvitationCode,
    ) -> Calling<'p, Option<UserId>>;

    /// Deletes an account, if it is there.
    fn delete<'p>(&'p self, user: &'p UserId) -> Calling<'p, ()>;

    /// Ends every session of an account.
    fn sign_out_everywhere<'p>(&'p self, email: &'p EmailAddress) -> Calling<'p, ()>;
}

impl UserPool for cognito::UserPool {
    fn find<'p>(&'p self, email: &'p EmailAddress) -> Calling<'p, Option<Person>> {
        Box::pin(Self::find(self, email))
    }

    fn invite<'p>(
        &'p self,
        email: &'p EmailAddress,
        code: &'p InvitationCode,
    ) -> Calling<'p, Option<UserId>> {
        Box::pin(Self::invite(self, email, None, code))
    }

    fn delete<'p>(&'p self, user: &'p UserId) -> Calling<'p, ()> {
        Box::pin(Self::delete(self, user))
    }

    fn sign_out_everywhere<'p>(&'p self, email: &'p EmailAddress) -> Calling<'p, ()> {
        Box::pin(Self::sign_out_everywhere(self, email))
    }
}
