//! The user pool: signing up, in and out, and forgotten passwords.
//!
//! Invariant: a user is named by the address here and by nothing else, and nothing that was sent to
//! the pool is logged.

use std::fmt;

use aws_sdk_cognitoidentityprovider::{
    Client, Config,
    types::{AttributeType, AuthFlowType},
};
use domain::user::UserId;

use crate::{
    email::EmailAddress,
    error::PoolError,
    secret::Secret,
    sign_in::{self, Challenge, Session, SignIn},
};

/// The attribute that keeps the name of the organisation that somebody signed up for.
pub(crate) const ORGANISATION: &str = "custom:organisation";

/// A user pool and its one client.
#[derive(Clone)]
pub struct UserPool {
    pub(crate) client: Client,
    pub(crate) pool_id: String,
    client_id: String,
}

impl UserPool {
    /// Takes the SDK's configuration, the pool's id, and the id of the client that has no secret.
    pub fn new(
        config: impl Into<Config>,
        pool_id: impl Into<String>,
        client_id: impl Into<String>,
    ) -> Self {
        let client = Client::from_conf(config.into());
        Self { client, pool_id: pool_id.into(), client_id: client_id.into() }
    }

    /// Makes a user who has yet to confirm the address; the pool mails a code.
    pub async fn sign_up(
        &self,
        email: &EmailAddress,
        password: &Secret,
        name: Option<&str>,
        organisation: &str,
    ) -> Result<(), PoolError> {
        let mut attributes =
            vec![attribute("email", email.as_str())?, attribute(ORGANISATION, organisation)?];
        if let Some(name) = name {
            attributes.push(attribute("name", name)?);
        }
        self.client
            .sign_up()
            .client_id(&self.client_id)
            .username(email.as_str())
            .password(password.reveal())
            .set_user_attributes(Some(attributes))
            .send()
            .await
            .map_err(|error| PoolError::from_sdk("SignUp", &error))?;
        Ok(())
    }

    /// Confirms an address by the code that was mailed.
    pub async fn confirm(&self, email: &EmailAddress, code: &Secret) -> Result<(), PoolError> {
        self.client
            .confirm_sign_up()
            .client_id(&self.client_id)
            .username(email.as_str())
            .confirmation_code(code.reveal())
            .send()
            .await
            .map_err(|error| PoolError::from_sdk("ConfirmSignUp", &error))?;
        Ok(())
    }

    /// Mails another code to confirm an address with.
    pub async fn resend_code(&self, email: &EmailAddress) -> Result<(), PoolError> {
        self.client
            .resend_confirmation_code()
            .client_id(&self.client_id)
            .username(email.as_str())
            .send()
            .await
            .map_err(|error| PoolError::from_sdk("ResendConfirmationCode", &error))?;
        Ok(())
    }

    /// Signs in by address and password.
    pub async fn sign_in(
        &self,
        email: &EmailAddress,
        password: &Secret,
    ) -> Result<SignIn, PoolError> {
        let operation = "InitiateAuth";
        let answer = self
            .client
            .initiate_auth()
            .client_id(&self.client_id)
            .auth_flow(AuthFlowType::UserPasswordAuth)
            .auth_parameters("USERNAME", email.as_str())
            .auth_parameters("PASSWORD", password.reveal())
            .send()
            .await
            .map_err(|error| PoolError::from_sdk(operation, &error))?;
        let parameters = answer.challenge_parameters.as_ref();
        let challenge =
            sign_in::challenge(answer.challenge_name, answer.session, parameters, email.as_str());
        SignIn::read(operation, answer.authentication_result, challenge)
    }

    /// Answers what the pool asked at a sign-in.
    pub async fn answer(
        &self,
        session: &Session,
        challenge: Challenge,
        given: &Secret,
    ) -> Result<SignIn, PoolError> {
        let operation = "RespondToAuthChallenge";
        let answer = self
            .client
            .respond_to_auth_challenge()
            .client_id(&self.client_id)
            .challenge_name(challenge.name())
            .session(session.secret().reveal())
            .challenge_responses("USERNAME", session.username())
            .challenge_responses(challenge.answer(), given.reveal())
            .send()
            .await
            .map_err(|error| PoolError::from_sdk(operation, &error))?;
        let parameters = answer.challenge_parameters.as_ref();
        let next = sign_in::challenge(
            answer.challenge_name,
            answer.session,
            parameters,
            session.username(),
        );
        SignIn::read(operation, answer.authentication_result, next)
    }

    /// Gives new tokens for a refresh token.
    pub async fn refresh(&self, refresh_token: &Secret) -> Result<SignIn, PoolError> {
        let operation = "InitiateAuth";
        let answer = self
            .client
            .initiate_auth()
            .client_id(&self.client_id)
            .auth_flow(AuthFlowType::RefreshTokenAuth)
            .auth_parameters("REFRESH_TOKEN", refresh_token.reveal())
            .send()
            .await
            .map_err(|error| PoolError::from_sdk(operation, &error))?;
        SignIn::read(operation, answer.authentication_result, None)
    }

    /// Revokes a refresh token.
    pub async fn sign_out(&self, refresh_token: &Secret) -> Result<(), PoolError> {
        self.client
            .revoke_token()
            .client_id(&self.client_id)
            .token(refresh_token.reveal())
            .send()
            .await
            .map_err(|error| PoolError::from_sdk("RevokeToken", &error))?;
        Ok(())
    }

    /// Mails a code to choose a new password with.
    pub async fn forgot_password(&self, email: &EmailAddress) -> Result<(), PoolError> {
        self.client
            .forgot_password()
            .client_id(&self.client_id)
            .username(email.as_str())
            .send()
            .await
            .map_err(|error| PoolError::from_sdk("ForgotPassword", &error))?;
        Ok(())
    }

    /// Sets a new password by the code that was mailed.
    pub async fn reset_password(
        &self,
        email: &EmailAddress,
        code: &Secret,
        password: &Secret,
    ) -> Result<(), PoolError> {
        self.client
            .confirm_forgot_password()
            .client_id(&self.client_id)
            .username(email.as_str())
            .confirmation_code(code.reveal())
            .password(password.reveal())
            .send()
            .await
            .map_err(|error| PoolError::from_sdk("ConfirmForgotPassword", &error))?;
        Ok(())
    }

    /// Revokes every refresh token of a user.
    pub async fn sign_out_everywhere(&self, email: &EmailAddress) -> Result<(), PoolError> {
        self.client
            .admin_user_global_sign_out()
            .user_pool_id(&self.pool_id)
            .username(email.as_str())
            .send()
            .await
            .map_err(|error| PoolError::from_sdk("AdminUserGlobalSignOut", &error))?;
        Ok(())
    }
}

impl fmt::Debug for UserPool {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("UserPool").field("pool_id", &self.pool_id).finish_non_exhaustive()
    }
}

pub(crate) fn attribute(name: &str, value: &str) -> Result<AttributeType, PoolError> {
    let attribute = AttributeType::builder().name(name).value(value).build();
    attribute.map_err(|error| PoolError::incomplete("request", &error.to_string()))
}

/// Reads who a user is.
pub(crate) fn user_id(
    operation: &'static str,
    attributes: &[AttributeType],
) -> Result<UserId, PoolError> {
    let subject = attributes.iter().find(|attribute| attribute.name() == "sub");
    let user = subject.and_then(AttributeType::value).map(UserId::from_subject);
    user.and_then(Result::ok).ok_or_else(|| PoolError::incomplete(operation, "a subject"))
}
