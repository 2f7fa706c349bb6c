//! The moments at which an isolate's heap is written down, and whether its process can bear it.

use anyhow::Result;
use stanch_leak_patterns::Bytes;

use super::Measurement;
use crate::find::isolate::SnapshotPolicy;

impl Measurement<'_> {
    /// Snapshots begin with the first noticeable growth, so that a healthy service is never stopped for one.
    pub(super) async fn snapshot_growing(&mut self) -> Result<()> {
        let mut index = 0;
        while let Some(isolate) = self.isolates.get(index) {
            // The third belongs to the moment of the decision.
            if isolate.snapshots_taken() < 2
                && (isolate.snapshots_taken() > 0 || isolate.is_growing())
            {
                match self.take_snapshot(index).await {
                    Ok(()) => index += 1,
                    Err(error) => self.leave_out(index, error)?,
                }
            } else {
                index += 1;
            }
        }
        Ok(())
    }

    pub(super) async fn take_snapshot(&mut self, index: usize) -> Result<()> {
        if !self.isolates[index].may_snapshot() || !self.has_headroom(index).await? {
            return Ok(());
        }
        let requests = self.traffic.requests();
        let isolate = &mut self.isolates[index];
        let number = isolate.snapshots_taken() + 1;
        let path = self.save.as_ref().map(|folder| {
            folder.join(format!(
                "{}-{number}.heapsnapshot",
                file_name(&isolate.name)
            ))
        });
        let ui = self.ui;
        isolate
            .take_snapshot(requests, path, |progress| ui.snapshot(number, progress))
            .await
    }

    async fn has_headroom(&mut self, index: usize) -> Result<bool> {
        if self.args.force {
            return Ok(true);
        }
        let isolate = &mut self.isolates[index];
        let headroom = isolate.session.headroom().await?;
        if headroom.is_enough() {
            return Ok(true);
        }
        let free = headroom.free.map_or_else(
            || "unknown".to_owned(),
            |(bytes, _)| Bytes(bytes).to_string(),
        );
        isolate.snapshots = SnapshotPolicy::Never(format!(
            "No snapshot was taken: it may need {} more memory, and free is {free}. --force takes it all the same.",
            Bytes(headroom.needed)
        ));
        isolate.start_sampling().await?;
        Ok(false)
    }
}

fn file_name(isolate: &str) -> String {
    isolate
        .chars()
        .map(|c| if c.is_ascii_alphanumeric() { c } else { '-' })
        .take(40)
        .collect()
}
