//! Speaks the V8 inspector protocol with one Node process
