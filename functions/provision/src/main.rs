//! The `provision` function.

fn main() {}
