//! The router as its callers see it, over real tables.

mod access;
mod contract;
mod lead;
mod leaderboard;
mod leads;
mod world;
