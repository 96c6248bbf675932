//! What these routes take.

use cognito::{Challenge, EmailAddress, Secret, Session};
use domain::name::Name;
use lambda::problem::Problem;
use serde::Deserialize;
use utoipa::ToSchema;

use super::fields::{self, Asked, Code, NewPassword, Password, RefreshToken, Waiting};
use crate::accounts::name;

/// How somebody signs up: by the invitation they got, or for an organisation of their own.
#[derive(Debug, Deserialize)]
#[serde(try_from = "AnySignUp")]
pub enum SignUp {
    Invited(AcceptInvitation),
    Open(OpenSignUp),
}

/// Signs up by an invitation, or for an organisation of one's own.
#[derive(ToSchema)]
#[schema(as = SignUp)]
#[serde(untagged)]
#[expect(dead_code, reason = "only its schema is of use")]
pub enum SignUpSchema {
    Invited(AcceptInvitation),
    Open(OpenSignUp),
}

/// Accepts an invitation.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({
    "email": "ana@example.com",
    "password": "correct horse battery staple",
    "invitation_code": "7k2m-q9xt-04hb-w3ce",
}))]
pub struct AcceptInvitation {
    /// The address that was invited.
    #[schema(schema_with = fields::email)]
    pub email: EmailAddress,
    /// The password to sign in with from now on.
    #[schema(schema_with = fields::new_password)]
    pub password: NewPassword,
    /// The code of the invitation.
    #[schema(schema_with = fields::invitation_code)]
    pub invitation_code: Password,
}

/// Signs up for an organisation of one's own, where that is allowed.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({
    "email": "ana@example.com",
    "password": "correct horse battery staple",
    "name": "Ana de Souza",
    "organisation": "Acme Ltda",
}))]
pub struct OpenSignUp {
    /// The address to sign in with.
    #[schema(schema_with = fields::email)]
    pub email: EmailAddress,
    /// The password to sign in with.
    #[schema(schema_with = fields::new_password)]
    pub password: NewPassword,
    /// What people call the user.
    #[schema(schema_with = name::optional_schema)]
    pub name: Option<Name>,
    /// What people call the organisation. A tenant is made for it at the first sign-in.
    #[schema(schema_with = name::schema)]
    pub organisation: Name,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct AnySignUp {
    email: EmailAddress,
    password: NewPassword,
    name: Option<Name>,
    invitation_code: Option<Password>,
    organisation: Option<Name>,
}

impl TryFrom<AnySignUp> for SignUp {
    type Error = &'static str;

    fn try_from(given: AnySignUp) -> Result<Self, &'static str> {
        let AnySignUp { email, password, name, invitation_code, organisation } = given;
        match (invitation_code, organisation, name) {
            (Some(invitation_code), None, None) => {
                Ok(Self::Invited(AcceptInvitation { email, password, invitation_code }))
            }
            (None, Some(organisation), name) => {
                Ok(Self::Open(OpenSignUp { email, password, name, organisation }))
            }
            _ => Err("either invitation_code is needed, or organisation and maybe name"),
        }
    }
}

/// An address.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({ "email": "ana@example.com" }))]
pub struct OfAddress {
    /// The address.
    #[schema(schema_with = fields::email)]
    pub email: EmailAddress,
}

/// Confirms an address.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({ "email": "ana@example.com", "code": "482915" }))]
pub struct Confirm {
    /// The address.
    #[schema(schema_with = fields::email)]
    pub email: EmailAddress,
    /// The code that was mailed.
    #[schema(schema_with = fields::code)]
    pub code: Code,
}

/// Signs in.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = SignIn, example = json!({
    "email": "ana@example.com", "password": "correct horse battery staple",
}))]
pub struct SignInInput {
    /// The address.
    #[schema(schema_with = fields::email)]
    pub email: EmailAddress,
    /// The password.
    #[schema(schema_with = fields::password)]
    pub password: Password,
}

/// The answer to what a sign-in asked.
#[derive(Debug, Deserialize)]
#[serde(try_from = "AnyAnswer")]
pub enum ChallengeInput {
    Password(PasswordAnswer),
    Code(CodeAnswer),
}

/// Answers what a sign-in asked.
#[derive(ToSchema)]
#[schema(as = ChallengeAnswer)]
#[serde(untagged)]
#[expect(dead_code, reason = "only its schema is of use")]
pub enum ChallengeSchema {
    Password(PasswordAnswer),
    Code(CodeAnswer),
}

/// Chooses a password, in place of the code of an invitation.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({
    "challenge": "new_password_required",
    "session": "019a0b3c-4d5e-7f60-8a1b-2c3d4e5f6071.AYABeNq2Zk",
    "password": "correct horse battery staple",
}))]
pub struct PasswordAnswer {
    /// What was asked.
    #[schema(schema_with = fields::new_password_required)]
    pub challenge: Asked,
    /// What the sign-in answered as `session`.
    #[schema(schema_with = fields::session)]
    pub session: Waiting,
    /// The password to sign in with from now on.
    #[schema(schema_with = fields::new_password)]
    pub password: NewPassword,
}

/// Gives the code of an authenticator app, a text message or an e-mail.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({
    "challenge": "software_token_mfa",
    "session": "019a0b3c-4d5e-7f60-8a1b-2c3d4e5f6071.AYABeNq2Zk",
    "code": "482915",
}))]
pub struct CodeAnswer {
    /// What was asked.
    #[schema(schema_with = fields::code_required)]
    pub challenge: Asked,
    /// What the sign-in answered as `session`.
    #[schema(schema_with = fields::session)]
    pub session: Waiting,
    /// The code.
    #[schema(schema_with = fields::code)]
    pub code: Code,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct AnyAnswer {
    challenge: Asked,
    session: Waiting,
    password: Option<NewPassword>,
    code: Option<Code>,
}

impl TryFrom<AnyAnswer> for ChallengeInput {
    type Error = &'static str;

    fn try_from(given: AnyAnswer) -> Result<Self, &'static str> {
        let AnyAnswer { challenge, session, password, code } = given;
        match (challenge.0, password, code) {
            (Challenge::NewPassword, Some(password), None) => {
                Ok(Self::Password(PasswordAnswer { challenge, session, password }))
            }
            (Challenge::NewPassword, ..) => Err("this challenge is answered with a password"),
            (_, None, Some(code)) => Ok(Self::Code(CodeAnswer { challenge, session, code })),
            _ => Err("this challenge is answered with a code"),
        }
    }
}

impl ChallengeInput {
    /// Returns session, challenge and answer, or refuses a password that is too weak.
    pub fn parts(&self) -> Result<(&Session, Challenge, &Secret), Problem> {
        match self {
            Self::Password(PasswordAnswer { challenge, session, password }) => {
                Ok((&session.0, challenge.0, password.checked()?))
            }
            Self::Code(CodeAnswer { challenge, session, code }) => {
                Ok((&session.0, challenge.0, &code.0))
            }
        }
    }
}

/// A session that goes on, or ends.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct OfSession {
    /// The token that the sign-in gave for this.
    #[schema(schema_with = fields::refresh_token)]
    pub refresh_token: RefreshToken,
}

/// Chooses a new password by a code.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({
    "email": "ana@example.com", "code": "482915", "password": "correct horse battery staple",
}))]
pub struct ResetPassword {
    /// The address.
    #[schema(schema_with = fields::email)]
    pub email: EmailAddress,
    /// The code that was mailed.
    #[schema(schema_with = fields::code)]
    pub code: Code,
    /// The password to sign in with from now on.
    #[schema(schema_with = fields::new_password)]
    pub password: NewPassword,
}
