//! What a sign-in gives: tokens, or a challenge to answer first.
//!
//! Invariant: what is read here of a token came from the pool itself, over its own connection; a
//! token that a caller sends goes through [`crate::TokenVerifier`].

use std::{collections::HashMap, str::FromStr};

use aws_sdk_cognitoidentityprovider::types::{AuthenticationResultType, ChallengeNameType};
use data_encoding::BASE64URL_NOPAD;
use domain::user::UserId;
use serde::Deserialize;

use crate::{error::PoolError, secret::Secret};

/// How long a session is at most: the pool's own part has up to 2,048 characters.
pub const MAX_SESSION_BYTES: usize = 2_304;

/// What a sign-in gave.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SignIn {
    /// They are in.
    In(Box<SignedIn>),
    /// The pool wants to know more first.
    Challenge {
        /// What it wants.
        challenge: Challenge,
        /// Goes with the answer.
        session: Session,
    },
}

/// Somebody who is signed in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignedIn {
    /// Who it is.
    pub user: UserId,
    /// Their address, if they have shown that it is theirs.
    pub email: Option<String>,
    /// Their name.
    pub name: Option<String>,
    /// The organisation that they signed up for.
    pub organisation: Option<String>,
    /// Goes with every request.
    pub access_token: Secret,
    /// Says who they are to the program that they signed in with.
    pub id_token: Secret,
    /// Gives new tokens; a refresh gives none.
    pub refresh_token: Option<Secret>,
    /// How many seconds the access token counts.
    pub expires_in: u32,
}

/// What the pool wants before it lets somebody in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Challenge {
    /// A password of their own, in place of the code of an invitation.
    NewPassword,
    /// The code that an authenticator app shows.
    SoftwareToken,
    /// The code of a text message.
    TextMessage,
    /// The code of an e-mail.
    Email,
}

/// A sign-in that waits for the answer to a challenge: how the pool knows the user, and its session.
/// The pool takes no address at this point.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Session {
    username: String,
    session: Secret,
}

/// Says that a text is no session.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("this is no session of a sign-in")]
pub struct InvalidSession;

/// The claims of an ID token that are of use here.
#[derive(Deserialize)]
struct Claims {
    sub: String,
    email: Option<String>,
    #[serde(default)]
    email_verified: bool,
    name: Option<String>,
    #[serde(rename = "custom:organisation")]
    organisation: Option<String>,
}

impl Challenge {
    /// Returns the name that the answer has with the pool.
    pub(crate) const fn answer(self) -> &'static str {
        match self {
            Self::NewPassword => "NEW_PASSWORD",
            Self::SoftwareToken => "SOFTWARE_TOKEN_MFA_CODE",
            Self::TextMessage => "SMS_MFA_CODE",
            Self::Email => "EMAIL_OTP_CODE",
        }
    }

    pub(crate) const fn name(self) -> ChallengeNameType {
        match self {
            Self::NewPassword => ChallengeNameType::NewPasswordRequired,
            Self::SoftwareToken => ChallengeNameType::SoftwareTokenMfa,
            Self::TextMessage => ChallengeNameType::SmsMfa,
            Self::Email => ChallengeNameType::EmailOtp,
        }
    }

    fn read(name: &ChallengeNameType) -> Option<Self> {
        let all = [Self::NewPassword, Self::SoftwareToken, Self::TextMessage, Self::Email];
        all.into_iter().find(|challenge| challenge.name() == *name)
    }
}

impl Session {
    /// Returns the session as text, for whoever signs in to send back.
    pub fn reveal(&self) -> String {
        format!("{}.{}", self.username, self.session.reveal())
    }

    pub(crate) fn username(&self) -> &str {
        &self.username
    }

    pub(crate) const fn secret(&self) -> &Secret {
        &self.session
    }
}

impl FromStr for Session {
    type Err = InvalidSession;

    fn from_str(text: &str) -> Result<Self, InvalidSession> {
        // The pool's part has no dot.
        let (username, session) = text.rsplit_once('.').ok_or(InvalidSession)?;
        let is_plain =
            |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_graphic());
        if !is_plain(username) || !is_plain(session) || text.len() > MAX_SESSION_BYTES {
            return Err(InvalidSession);
        }
        Ok(Self { username: username.to_owned(), session: Secret::new(session) })
    }
}

impl SignIn {
    /// Reads what the pool answered.
    pub(crate) fn read(
        operation: &'static str,
        tokens: Option<AuthenticationResultType>,
        challenge: Option<(ChallengeNameType, Session)>,
    ) -> Result<Self, PoolError> {
        let incomplete = |part| PoolError::incomplete(operation, part);
        if let Some((name, session)) = challenge {
            // Which challenges there are is a setting of the pool.
            let challenge = Challenge::read(&name).ok_or_else(|| incomplete(name.as_str()))?;
            return Ok(Self::Challenge { challenge, session });
        }
        let tokens = tokens.ok_or_else(|| incomplete("tokens"))?;
        let id_token = tokens.id_token.ok_or_else(|| incomplete("an ID token"))?;
        let access_token = tokens.access_token.ok_or_else(|| incomplete("an access token"))?;
        let claims = claims(&id_token).ok_or_else(|| incomplete("readable claims"))?;
        let user = UserId::from_subject(&claims.sub).map_err(|_| incomplete("a subject"))?;
        Ok(Self::In(Box::new(SignedIn {
            user,
            email: claims.email.filter(|_| claims.email_verified),
            name: claims.name,
            organisation: claims.organisation,
            access_token: Secret::new(access_token),
            id_token: Secret::new(id_token),
            refresh_token: tokens.refresh_token.map(Secret::new),
            expires_in: u32::try_from(tokens.expires_in).unwrap_or_default(),
        })))
    }
}

/// Reads the challenge of an answer, with the name by which the pool wants to hear of the user.
pub(crate) fn challenge(
    name: Option<ChallengeNameType>,
    session: Option<String>,
    parameters: Option<&HashMap<String, String>>,
    asked_as: &str,
) -> Option<(ChallengeNameType, Session)> {
    let username = parameters.and_then(|all| all.get("USER_ID_FOR_SRP"));
    let username = username.map_or(asked_as, String::as_str).to_owned();
    Some((name?, Session { username, session: Secret::new(session?) }))
}

fn claims(id_token: &str) -> Option<Claims> {
    let payload = BASE64URL_NOPAD.decode(id_token.split('.').nth(1)?.as_bytes()).ok()?;
    serde_json::from_slice(&payload).ok()
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    #[test]
    fn an_address_that_nobody_has_shown_to_be_theirs_is_none() {
        let read = |verified: Value| {
            let claims = json!({
                "sub": "019a0b3c-4d5e-7f60-8a1b-2c3d4e5f6071", "email": "ana@example.com",
                "email_verified": verified,
            });
            let token =
                format!("e30.{}.c2ln", BASE64URL_NOPAD.encode(claims.to_string().as_bytes()));
            let tokens = AuthenticationResultType::builder().access_token("a").id_token(token);
            match SignIn::read("InitiateAuth", Some(tokens.build()), None) {
                Ok(SignIn::In(signed_in)) => signed_in.email,
                other => panic!("{other:?}"),
            }
        };
        assert_eq!(read(json!(true)).as_deref(), Some("ana@example.com"));
        assert_eq!(read(json!(false)), None);
    }
}
