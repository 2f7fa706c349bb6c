//! The environment into the Node that tests of whole runs start.

use std::env;
use std::path::PathBuf;
use std::process::{Command, Stdio};

/// The pinned Node 24, or the one of PATH; none where there is no Node at all.
pub(crate) fn any_node() -> Option<PathBuf> {
    let node = env::var_os("STANCH_NODE_24").map_or_else(|| "node".into(), PathBuf::from);
    let version = Command::new(&node)
        .arg("--version")
        .stdout(Stdio::null())
        .status();
    version.is_ok().then_some(node)
}

/// Says that a part was left out, which is an error under `CI=true`.
pub(crate) fn left_out(why: &str) {
    eprintln!("skipped: {why}");
    assert_ne!(env::var("CI").as_deref(), Ok("true"), "{why}");
}
