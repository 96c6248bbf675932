//! What these routes answer.

use axum::{
    Json,
    http::{StatusCode, header::CACHE_CONTROL},
    response::{IntoResponse, Response},
};
use cognito::{EmailAddress, SignedIn};
use domain::{tenant::TenantId, user::UserId};
use serde::Serialize;
use utoipa::ToSchema;

use super::fields;

/// Somebody is in, or has to answer something first.
#[derive(Debug, Serialize, ToSchema)]
#[serde(untagged)]
#[schema(as = SignInAnswer)]
pub enum SignInBody {
    In(SignedInBody),
    Challenged(ChallengeBody),
}

/// Somebody who is in. The access token goes with every request, as `Authorization: Bearer`.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = SignedIn, example = json!({
    "access_token": "eyJraWQiOi…", "id_token": "eyJraWQiOi…", "refresh_token": "eyJjdHkiOi…",
    "token_type": "Bearer", "expires_in": 3600,
    "user": "user_019a0b3c-4d5e-7f60-8a1b-2c3d4e5f6071", "tenant": "acme-3f09ab",
}))]
pub struct SignedInBody {
    /// Goes with every request.
    pub access_token: String,
    /// Says who they are to the program that they signed in with. No route takes it.
    pub id_token: String,
    /// Gives new tokens; `null` when these came from one, which goes on to work.
    #[schema(required)]
    pub refresh_token: Option<String>,
    /// Always `Bearer`.
    pub token_type: &'static str,
    /// For how many seconds the access token works.
    pub expires_in: u32,
    /// Who it is.
    #[schema(value_type = String)]
    pub user: UserId,
    /// The tenant that the user belongs to.
    #[schema(value_type = String)]
    pub tenant: TenantId,
}

/// What has to be answered before somebody is in.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = SignInChallenge, example = json!({
    "challenge": "software_token_mfa",
    "session": "019a0b3c-4d5e-7f60-8a1b-2c3d4e5f6071.AYABeNq2Zk",
}))]
pub struct ChallengeBody {
    /// What is asked.
    #[schema(schema_with = fields::challenge)]
    pub challenge: &'static str,
    /// Goes with the answer, within three minutes.
    pub session: String,
}

/// A code is on its way, if the address is one that takes it.
#[derive(Debug, Serialize, ToSchema)]
#[schema(example = json!({ "sent_to": "a***@e***" }))]
pub struct CodeSent {
    /// Where the code goes. It is told of every address alike, also of one that gets no mail.
    pub sent_to: String,
}

impl SignedInBody {
    pub fn new(signed_in: &SignedIn, tenant: TenantId) -> Self {
        let refresh_token = signed_in.refresh_token.as_ref();
        Self {
            access_token: signed_in.access_token.reveal().to_owned(),
            id_token: signed_in.id_token.reveal().to_owned(),
            refresh_token: refresh_token.map(|token| token.reveal().to_owned()),
            token_type: "Bearer",
            expires_in: signed_in.expires_in,
            user: signed_in.user.clone(),
            tenant,
        }
    }
}

impl IntoResponse for SignInBody {
    fn into_response(self) -> Response {
        ([(CACHE_CONTROL, "no-store")], Json(self)).into_response()
    }
}

/// 202: a code is on its way to an address, or nothing is.
pub(super) fn code_sent(email: &EmailAddress) -> Response {
    (StatusCode::ACCEPTED, Json(CodeSent { sent_to: email.masked() })).into_response()
}
