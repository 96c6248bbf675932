//! Idle leads: their events move whole to the archive bucket, and come back.
//!
//! Invariant: whenever anything dies, all events of a lead lie whole in the place that its mark
//! names, and whoever reads them by the mark reads them all. Nothing is removed from where a reader
//! may still look.

mod archiving;
mod error;
mod moving;
mod object;
mod objects;
mod restoring;
mod shelf;

pub use crate::{
    archiving::{Idle, Moved},
    error::ShelfError,
    objects::DynObjects,
    shelf::Shelf,
};
