//! One snapshot's columns into retainers, dominators, retained sizes, distances and classes
