//! What the routes reach beside the tables.
//!
//! Invariant: each is known by what the routes need of it alone, so that a test can stand in for it.

use std::sync::Arc;

use files::Files;

use crate::{
    accounts::{auth::Accounts, pool::UserPool},
    job_queue::JobQueue,
};

/// What the routes reach beside the tables.
#[derive(Clone, Debug)]
pub struct Adapters {
    /// Where jobs over all leads begin.
    pub jobs: Arc<dyn JobQueue>,
    /// Where jobs over the leads that somebody chose begin.
    pub bulk: Arc<dyn JobQueue>,
    /// Where the files of those lie.
    pub files: Arc<dyn Files>,
    /// Where people's accounts are.
    pub pool: Arc<dyn UserPool>,
    /// Where people sign in.
    pub accounts: Arc<Accounts>,
}
