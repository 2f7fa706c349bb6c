//! The environment into the program that tests of whole runs start.

use std::env;
use std::path::PathBuf;

/// The release build where there is one; else the build of this test run.
pub(crate) fn stanch() -> PathBuf {
    env::var_os("STANCH_BIN").map_or_else(|| env!("CARGO_BIN_EXE_stanch").into(), PathBuf::from)
}
