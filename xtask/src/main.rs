//! Entry points of the project's own work: tests with what they need, docs, benches.

fn main() {}
