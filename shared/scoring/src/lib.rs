//! Brings events, links, rules and people's decisions into the leads, commit by commit.
//!
//! Invariant: a commit is planned on what was read strongly consistent, is written whole or not at
//! all, and leaves every lead it writes exactly as the events of its homes say under the rules
//! that it names.

mod arrivals;
mod attempts;
mod creation;
mod decision;
mod edit;
mod erase;
mod fresh;
mod generations;
mod idle;
mod keeping;
mod past;
mod plan;
mod relink;
mod rescore;
mod scorer;
mod snapshot;

pub use crate::{
    creation::CreateError,
    decision::{Decided, DecisionError, LeadScore, Parting},
    edit::{Current, EditError, Edited, Expected},
    erase::{EraseError, Order},
    generations::living_home,
    rescore::Rescored,
    scorer::{MAX_EVENTS, ScoreError, Scored, Scorer},
};
