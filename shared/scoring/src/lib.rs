//! Brings events, links, rules and people's decisions into the leads, commit by commit.
//!
//! Invariant: a commit is planned on what was read strongly consistent, is written whole or not at
//! all, and leaves every lead it writes exactly as the events of its homes say under the rules
//! that it names.

mod arrivals;
mod attempts;
mod decision;
mod fresh;
mod plan;
mod relink;
mod rescore;
mod scorer;
mod snapshot;

pub use crate::{
    decision::{Decided, DecisionError, LeadScore, Parting},
    rescore::Rescored,
    scorer::{MAX_EVENTS, ScoreError, Scored, Scorer},
};
