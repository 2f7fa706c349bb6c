//! Command-line arguments into one run of a command and its exit code.

fn main() {}
