//! What the nights saw, as people are told: against numbers counted by hand.

mod daily;
mod dashboard;
mod forms;
mod funnel;
mod leads;
mod nights;
mod performance;
