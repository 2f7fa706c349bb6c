//! Memory samples into a verdict with its evidence
