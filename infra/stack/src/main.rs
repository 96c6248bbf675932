//! stack

fn main() {}
