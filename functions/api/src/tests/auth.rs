//! Signing up, in and out, over a user pool that answers as Cognito does.

mod desk;
mod passwords;
mod refusals;
mod sessions;
mod sign_ups;

pub(super) use self::desk::closed;
