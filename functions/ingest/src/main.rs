//! The `ingest` function.

fn main() {}
