//! `stanch snapshot`: a heap snapshot of a running process, streamed to disk.

use std::fs;
use std::path::PathBuf;

use anyhow::{Result, bail};
use stanch_inspector::{AllowRemote, Target, attach};
use stanch_leak_patterns::Bytes;

use crate::args::{OutputArgs, SnapshotArgs};
use crate::exit::Exit;
use crate::find::SnapshotFile;
use crate::ui::Ui;

/// Checks the headroom, takes the snapshot, and detaches.
pub(crate) async fn run(args: &SnapshotArgs, output: &OutputArgs, ui: &Ui) -> Result<Exit> {
    let allow = if args.allow_remote {
        AllowRemote::Yes
    } else {
        AllowRemote::No
    };
    let session = attach(&Target::parse(&args.target)?, allow).await?;
    let path = output
        .output
        .clone()
        .unwrap_or_else(|| PathBuf::from("process.heapsnapshot"));
    let result = async {
        let headroom = session.headroom().await?;
        if !headroom.is_enough() && !args.force {
            let free = headroom.free.map_or_else(|| "unknown".to_owned(), |(bytes, _)| Bytes(bytes).to_string());
            bail!(
                "a snapshot may need {} more memory than the process has now and stop it for {:.0} s; free is {free}\nTake it all the same with --force.",
                Bytes(headroom.needed),
                headroom.stall.as_secs_f64()
            );
        }
        ui.remark(&format!("The process may stand still for up to {:.1} s.", headroom.stall.as_secs_f64()));
        let mut file = SnapshotFile::create(path.clone())?;
        let taken = session.take_snapshot(|chunk| file.write(chunk), |progress| ui.snapshot(1, progress)).await?;
        let path = file.finish()?;
        let packed = fs::metadata(&path)?.len();
        let packed = if packed < taken.bytes {
            format!(", {} compressed", Bytes(packed))
        } else {
            String::new()
        };
        ui.remark(&format!("{}: {}{packed} in {:.1} s", path.display(), Bytes(taken.bytes), taken.took.as_secs_f64()));
        Ok(Exit::Clean)
    }
    .await;
    session.close().await;
    result
}
