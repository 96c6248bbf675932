//! When and by what chance a thing is made.
//!
//! Invariant: everything that a creation decides follows from its instant and seed, so that a
//! request that is made again makes the same thing again.

use domain::time::Timestamp;
use lambda::problem::Problem;
use uuid::{Builder, Uuid};

/// What a thing that is made has from the request that makes it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Creation {
    /// When it was first asked for.
    pub at: Timestamp,
    /// What is random in it. It is kept sealed, so a secret may be derived from it.
    pub seed: [u8; 16],
    /// Whether an earlier try may have made it already.
    pub is_repeated: bool,
}

impl Creation {
    /// Begins to make something new.
    pub(super) fn fresh(at: Timestamp) -> Result<Self, Problem> {
        let mut seed = [0; 16];
        getrandom::fill(&mut seed).map_err(|error| {
            tracing::error!(%error, "no random numbers");
            Problem::unavailable("temporarily_unavailable", "nothing can be made just now", 1)
        })?;
        Ok(Self { at, seed, is_repeated: false })
    }

    /// Returns the UUID, of version 7, of what is made.
    pub fn uuid(&self) -> Uuid {
        let [random @ .., _, _, _, _, _, _] = self.seed;
        let millis = u64::try_from(self.at.millis()).unwrap_or(0);
        Builder::from_unix_timestamp_millis(millis, &random).into_uuid()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_made_again_has_the_same_id_and_what_is_new_another() {
        let at = "2026-01-15T12:00:00Z".parse().unwrap();
        let one = Creation::fresh(at).unwrap();
        let other = Creation::fresh(at).unwrap();
        assert_eq!(Creation { is_repeated: true, ..one }.uuid(), one.uuid());
        assert_ne!(one.uuid(), other.uuid());
        assert_eq!(one.uuid().get_version_num(), 7);
        assert!(one.uuid().to_string().starts_with("019bc186-de00-7"), "{}", one.uuid());
    }
}
