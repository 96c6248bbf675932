//! Cleans up after erasures: what the keys of homes do not reach, and what is of no use without
//! them.
//!
//! Invariant: an erasure is noted as done only when none of its traces is left and nobody is at
//! work who might leave one. Cleaning up again, from the beginning or from the middle, or twice at
//! once, ends in the same items and files.

mod answers;
mod cleaner;
mod files;
mod own;
mod traces;

pub use crate::cleaner::{CleanError, Cleaner};
