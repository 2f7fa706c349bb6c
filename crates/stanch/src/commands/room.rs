//! The memory that a snapshot will take, held against what is free, at the start of reading it.

use std::ops::ControlFlow;

use anyhow::{Result, bail};
use stanch_heap_graph::memory_needed;
use stanch_heap_snapshot::{Announced, ReadProgress};
use stanch_inspector::{FreeMemory, free_memory};
use stanch_leak_patterns::Bytes;

use crate::args::ReadingArgs;

/// Looks once, as soon as the snapshot has said how large it is.
#[derive(Debug)]
pub(crate) struct Room {
    /// None for no limit: nobody knows it, or nobody wants to.
    free: Option<FreeMemory>,
    text: Option<u64>,
    answer: Option<Result<()>>,
}

impl Room {
    /// What is free for this process now; or no limit, if the user says so. `text` is the length of the
    /// snapshot's text, where it is known.
    pub(crate) fn of(how: ReadingArgs, text: Option<u64>) -> Self {
        let free = if how.force {
            None
        } else {
            free_memory(std::process::id())
        };
        Self {
            free,
            text,
            answer: None,
        }
    }

    /// Ends the reading of what will not fit.
    pub(crate) fn watch(&mut self, progress: ReadProgress) -> ControlFlow<()> {
        let Some(announced) = progress.announced else {
            return ControlFlow::Continue(());
        };
        let (free, text) = (self.free, self.text);
        match self
            .answer
            .get_or_insert_with(|| check(announced, text, free))
        {
            Ok(()) => ControlFlow::Continue(()),
            Err(_) => ControlFlow::Break(()),
        }
    }

    /// Why reading was ended, if it was.
    pub(crate) fn answer(self) -> Result<()> {
        self.answer.unwrap_or(Ok(()))
    }
}

fn check(announced: Announced, text: Option<u64>, free: Option<FreeMemory>) -> Result<()> {
    let (bytes, place) = match free {
        None => return Ok(()),
        Some(FreeMemory::ControlGroup(bytes)) => (bytes, "in this control group"),
        Some(FreeMemory::Host(bytes)) => (bytes, "on this machine"),
    };
    let needed = memory_needed(announced, text);
    if needed > bytes {
        bail!(
            "{} nodes and {} edges need some {} of memory, and {} is free {place}\nFree some, or use a machine that has more; --force tries all the same.",
            announced.nodes,
            announced.edges,
            Bytes(needed),
            Bytes(bytes)
        );
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use stanch_heap_graph::memory_needed;
    use stanch_heap_snapshot::Announced;
    use stanch_inspector::FreeMemory;

    use super::check;

    const ANNOUNCED: Announced = Announced {
        nodes: 17_000_000,
        edges: 103_000_000,
    };
    const TEXT: Option<u64> = Some(2_050_000_000);

    #[test]
    fn what_fits_is_read() {
        let needed = memory_needed(ANNOUNCED, TEXT);
        for free in [
            None,
            Some(FreeMemory::Host(needed)),
            Some(FreeMemory::ControlGroup(u64::MAX)),
        ] {
            assert!(check(ANNOUNCED, TEXT, free).is_ok(), "{free:?}");
        }
    }

    #[test]
    fn what_does_not_fit_is_refused_with_figures() {
        let free = FreeMemory::ControlGroup(512 << 20);
        let refusal = check(ANNOUNCED, TEXT, Some(free)).map_err(|error| error.to_string());
        let Err(sentence) = refusal else {
            return assert!(refusal.is_err());
        };
        for part in [
            "17000000 nodes",
            "103000000 edges",
            "512 MB is free in this control group",
            "--force",
        ] {
            assert!(sentence.contains(part), "{sentence}");
        }
        let needed = memory_needed(ANNOUNCED, TEXT);
        assert!(check(ANNOUNCED, TEXT, Some(FreeMemory::Host(needed - 1))).is_err());
    }

    #[test]
    fn a_small_file_that_boasts_is_left_to_the_parser() {
        let boast = Announced {
            nodes: u64::MAX,
            edges: u64::MAX,
        };
        let free = Some(FreeMemory::Host(64 << 20));
        assert!(check(boast, Some(2_000), free).is_ok());
        assert!(check(boast, None, free).is_err());
    }
}
