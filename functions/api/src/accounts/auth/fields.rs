//! The fields of these bodies, and how each looks in the OpenAPI document.
//!
//! Invariant: a field takes exactly what its schema says, an address white space around it, too, and
//! what a field holds is never printed.

use axum::http::StatusCode;
use cognito::{Challenge, MAX_SESSION_BYTES, Secret, Session};
use lambda::problem::Problem;
use serde::Deserialize;
use serde_json::json;
use utoipa::openapi::{KnownFormat, Object, ObjectBuilder, SchemaFormat, Type, schema::SchemaType};

use crate::accounts::words;

/// How long a password must be. The user pool's policy says the same.
const MIN_PASSWORD_CHARS: usize = 12;

const MAX_PASSWORD_CHARS: usize = 256;

const MAX_TOKEN_CHARS: usize = 8_192;

/// A password or code that lets somebody in.
pub type Password = Text<MAX_PASSWORD_CHARS>;

/// A refresh token.
pub type RefreshToken = Text<MAX_TOKEN_CHARS>;

/// A secret text of 1 to `MAX` characters.
#[derive(Clone, Debug, Deserialize)]
#[serde(try_from = "String")]
pub struct Text<const MAX: usize>(pub Secret);

/// A password that somebody chooses.
#[derive(Clone, Debug, Deserialize)]
#[serde(transparent)]
pub struct NewPassword(Secret);

/// A code of six digits.
#[derive(Clone, Debug, Deserialize)]
#[serde(try_from = "String")]
pub struct Code(pub Secret);

/// A session of a sign-in that waits for an answer.
#[derive(Clone, Debug, Deserialize)]
#[serde(try_from = "String")]
pub struct Waiting(pub Session);

/// A challenge by its word.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(try_from = "String")]
pub struct Asked(pub Challenge);

/// The challenges that are answered with a code.
const BY_CODE: [Challenge; 3] =
    [Challenge::SoftwareToken, Challenge::TextMessage, Challenge::Email];

/// Returns the word of a challenge.
pub(super) const fn word(challenge: Challenge) -> &'static str {
    match challenge {
        Challenge::NewPassword => "new_password_required",
        Challenge::SoftwareToken => "software_token_mfa",
        Challenge::TextMessage => "sms_mfa",
        Challenge::Email => "email_otp",
    }
}

impl TryFrom<String> for Asked {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, &'static str> {
        let mut all = BY_CODE.into_iter().chain([Challenge::NewPassword]);
        all.find(|challenge| word(*challenge) == text).map(Self).ok_or("this is no challenge")
    }
}

impl<const MAX: usize> TryFrom<String> for Text<MAX> {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        if (1..=MAX).contains(&text.chars().count()) {
            Ok(Self(Secret::new(text)))
        } else {
            Err(format!("this has 1 to {MAX} characters"))
        }
    }
}

impl NewPassword {
    /// Refuses what the pool would refuse, before it is asked: another password is needed then,
    /// whatever else is wrong.
    pub fn checked(&self) -> Result<&Secret, Problem> {
        let length = self.0.reveal().chars().count();
        if (MIN_PASSWORD_CHARS..=MAX_PASSWORD_CHARS).contains(&length) {
            return Ok(&self.0);
        }
        Err(too_weak())
    }
}

/// 422: the pool takes no such password.
pub(super) fn too_weak() -> Problem {
    let message = format!(
        "a password has {MIN_PASSWORD_CHARS} to {MAX_PASSWORD_CHARS} characters and begins and ends with none of white space"
    );
    Problem::new(StatusCode::UNPROCESSABLE_ENTITY, "password_too_weak", message.as_str())
        .with_error("password", "password_too_weak", message)
}

impl TryFrom<String> for Code {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, &'static str> {
        if text.len() == 6 && text.bytes().all(|byte| byte.is_ascii_digit()) {
            Ok(Self(Secret::new(text)))
        } else {
            Err("a code has six digits")
        }
    }
}

impl TryFrom<String> for Waiting {
    type Error = cognito::InvalidSession;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse().map(Self)
    }
}

pub(super) fn email() -> Object {
    words::email()
}

pub(super) fn password() -> Object {
    secret(1, MAX_PASSWORD_CHARS).build()
}

pub(super) fn new_password() -> Object {
    secret(MIN_PASSWORD_CHARS, MAX_PASSWORD_CHARS)
        .description(Some("It begins and ends with no white space."))
        .examples([json!("correct horse battery staple")])
        .build()
}

pub(super) fn invitation_code() -> Object {
    secret(1, MAX_PASSWORD_CHARS)
        .description(Some("The code of the invitation, as it was mailed."))
        .examples([json!("7k2m-q9xt-04hb-w3ce")])
        .build()
}

pub(super) fn refresh_token() -> Object {
    secret(1, MAX_TOKEN_CHARS).build()
}

pub(super) fn code() -> Object {
    text()
        .pattern(Some("^[0-9]{6}$"))
        .description(Some("The code of six digits."))
        .examples([json!("482915")])
        .build()
}

pub(super) fn session() -> Object {
    text()
        .max_length(Some(MAX_SESSION_BYTES))
        .pattern(Some(r"^[!-~]+\.[!-\x2d/-~]+$"))
        .description(Some("What the sign-in answered as `session`."))
        .build()
}

pub(super) fn new_password_required() -> Object {
    text().enum_values(Some([word(Challenge::NewPassword)])).build()
}

pub(super) fn code_required() -> Object {
    text().enum_values(Some(BY_CODE.map(word))).build()
}

pub(super) fn challenge() -> Object {
    let all = BY_CODE.into_iter().chain([Challenge::NewPassword]).map(word);
    text().enum_values(Some(all)).description(Some("What is asked.")).build()
}

fn secret(min: usize, max: usize) -> ObjectBuilder {
    let format = SchemaFormat::KnownFormat(KnownFormat::Password);
    text().format(Some(format)).min_length(Some(min)).max_length(Some(max))
}

fn text() -> ObjectBuilder {
    ObjectBuilder::new().schema_type(SchemaType::Type(Type::String))
}
