//! The `score` function.

fn main() {}
