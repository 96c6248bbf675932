//! The router as its callers see it, over real tables.

mod access;
mod contract;
mod edit;
mod examples;
mod explanation;
mod factor_weights;
mod families;
mod golden_leads;
mod intelligence;
mod jobs;
mod lead;
mod leaderboard;
mod leads;
mod outdated;
mod publish;
mod repeated;
mod rule_sets;
mod scoring_rules;
mod suppressed;
mod versions;
mod world;
