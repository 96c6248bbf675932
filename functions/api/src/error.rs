//! What a read can fail with, and how that is told.
//!
//! Invariant: every failure becomes a problem document here and is logged here, once; neither
//! shows what was asked for, because an identity is personal.

use axum::{
    http::StatusCode,
    response::{IntoResponse, Response},
};
use cognito::PoolError;
use domain::home::HomeId;
use dynamo::StoreError;
use files::{ChunkError, FileError};
use founding::FoundingError;
use lambda::{problem::Problem, telemetry::told};
use queue::SendError;
use shelf::ShelfError;
use vault::SealError;

/// A read that gave no answer.
#[derive(Debug, thiserror::Error)]
pub enum ApiError {
    /// The request cannot be served as it is.
    #[error("refused: {}", .0.code())]
    Refused(Problem),
    /// The tables failed.
    #[error("the tables failed")]
    Store(#[from] StoreError),
    /// The job queue failed.
    #[error("the job queue failed")]
    Queue(#[from] SendError),
    /// The bucket failed.
    #[error("the bucket failed")]
    File(#[from] FileError),
    /// The events of an archived lead could not be read.
    #[error("the events of an archived lead could not be read")]
    Shelf(#[from] ShelfError),
    /// Rows could not be staged.
    #[error("rows could not be staged")]
    Chunk(#[from] ChunkError),
    /// The user pool failed.
    #[error("the user pool failed")]
    Pool(#[from] PoolError),
    /// A tenant could not be made.
    #[error("no tenant could be made")]
    Founding(#[from] FoundingError),
    /// The system gave no random bytes.
    #[error("there are no random bytes")]
    NoRandomness(#[source] getrandom::Error),
    /// A personal value could not be sealed or opened.
    #[error("a personal value could not be sealed or opened")]
    Sealing(#[from] SealError),
    /// Newer code or rules than these folded the lead.
    #[error("lead {0} was folded by newer code or rules")]
    Newer(HomeId),
    /// The lead changed at every attempt to read it whole.
    #[error("lead {0} kept changing while it was read")]
    Restless(HomeId),
    /// An answer did not become JSON.
    #[error("an answer could not be written")]
    Unwritable(#[from] serde_json::Error),
    /// An answer did not become CSV.
    #[error("a table could not be written")]
    Untabled(#[from] csv::Error),
}

/// What a caller should do after a failure that passes.
const RETRY_AFTER_SECONDS: u32 = 1;

impl ApiError {
    /// 404: no lead of the tenant answers to the id.
    pub fn lead_not_found() -> Self {
        Problem::not_found("lead_not_found", "there is no lead with this id").into()
    }

    /// 422: the lead has more events than one answer can be made from.
    pub fn too_many_events(limit: usize) -> Self {
        let message = format!(
            "this lead has more than {limit} events; its score is exact for the first ones, but \
             its events can no longer be shown one by one"
        );
        Problem::new(StatusCode::UNPROCESSABLE_ENTITY, "too_many_events", message).into()
    }

    fn problem(self) -> Problem {
        let message = match self {
            Self::Refused(problem) => return problem,
            Self::Store(error) if !error.is_retryable() => return internal(),
            Self::Queue(error) if !error.is_retryable() => return internal(),
            Self::Pool(error) if !error.is_retryable() => return internal(),
            Self::File(error) if !error.is_retryable() => return internal(),
            Self::Shelf(error) if !error.is_retryable() => return internal(),
            Self::Queue(_) => {
                let message = "the job queue does not answer just now";
                let (code, seconds) = ("queue_unavailable", RETRY_AFTER_SECONDS);
                return Problem::unavailable(code, message, seconds);
            }
            Self::Founding(error) if !error.is_retryable() => return internal(),
            Self::Chunk(_)
            | Self::NoRandomness(_)
            | Self::Sealing(_)
            | Self::Unwritable(_)
            | Self::Untabled(_) => {
                return internal();
            }
            Self::Founding(_) => "the tables or the key service do not answer just now",
            Self::Pool(_) => "the user pool does not answer just now",
            Self::File(_) => "the files do not answer just now",
            Self::Shelf(_) => "the archive does not answer just now",
            Self::Store(_) => "the tables do not answer just now",
            Self::Newer(_) => "the rules are changing just now",
            Self::Restless(_) => "the lead is changing just now",
        };
        Problem::unavailable("temporarily_unavailable", message, RETRY_AFTER_SECONDS)
    }
}

fn internal() -> Problem {
    let message = "something is wrong on our side; it has been logged";
    Problem::new(StatusCode::INTERNAL_SERVER_ERROR, "internal_error", message)
}

impl From<Problem> for ApiError {
    fn from(problem: Problem) -> Self {
        Self::Refused(problem)
    }
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        if !matches!(self, Self::Refused(_)) {
            tracing::error!(error = told(&self), "no answer");
        }
        self.problem().into_response()
    }
}
