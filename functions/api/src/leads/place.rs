//! Where a page of leads ended, as its cursor says.
//!
//! Invariant: a cursor serves only the request that it was given for, by whatever names it: it
//! holds a keyed digest of that and not what was searched for, which is personal. It is sealed: the
//! last lead that was looked at may be one that the caller may not see.

use data_encoding::HEXLOWER;
use domain::{home::HomeId, stage::Stage};
use dynamo::{ListPlace, ScorePlace};
use serde::{Deserialize, Serialize};
use vault::Keyring;

use crate::{cursor, error::ApiError};

/// How many bytes of the digest a cursor holds: enough to tell requests apart.
const DIGEST_BYTES: usize = 8;

/// What a cursor holds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Place {
    /// The last entry that was looked at.
    pub at: At,
    /// What it was asked for by, as [`digest`] writes it.
    pub made_for: String,
}

/// An entry of what drives a list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum At {
    /// A score in a stage.
    Score {
        /// The stage.
        stage: Stage,
        /// The score.
        score: i64,
        /// The lead.
        lead: HomeId,
    },
    /// A place in a list by time.
    List(ListPlace),
    /// A home that a search came to.
    Home(HomeId),
}

impl At {
    /// Writes a place in the list by score.
    pub fn score(stage: Stage, place: ScorePlace) -> Self {
        Self::Score { stage, score: place.score, lead: place.lead }
    }

    /// Returns a place in a list by time.
    pub const fn list(&self) -> Option<&ListPlace> {
        match self {
            Self::List(place) => Some(place),
            _ => None,
        }
    }

    /// Returns a home that a search came to.
    pub const fn home(&self) -> Option<HomeId> {
        match self {
            Self::Home(home) => Some(*home),
            _ => None,
        }
    }
}

impl Place {
    /// Reads a cursor that must have been made for this.
    pub fn read(cursor: &str, made_for: &str, keyring: &Keyring) -> Result<At, ApiError> {
        let place: Self = cursor::open(cursor, keyring)?;
        let is_possible = !matches!(place.at, At::Score { score, .. } if score < 0);
        if place.made_for != made_for || !is_possible {
            return Err(cursor::invalid().into());
        }
        Ok(place.at)
    }
}

/// Writes what tells a request from all others, as a digest under the tenant's own key.
pub fn digest(request: &impl Serialize, keyring: &Keyring) -> Result<String, serde_json::Error> {
    let request = serde_json::to_vec(request)?;
    let digest = keyring.pseudonym("cursor", &request);
    Ok(HEXLOWER.encode(digest.get(..DIGEST_BYTES).unwrap_or(&digest)))
}
