//! What one file adds to what is known of all, in a form that can be taken out again when the file changes.

use std::hash::Hash;

use rustc_hash::FxHashMap;

use super::FileIndex;
use super::bound::Bound;
use super::elsewhere::Done;
use super::frequency::Running;
use super::given::{Called, Handed};
use super::skipped::Skipped;
use super::view::{Asked, View};

/// What a file adds.
#[derive(Debug)]
pub(super) struct Part {
    /// Whose exports it rests on: when those change, it is made again.
    pub(super) asked: Vec<FileIndex>,
    pub(super) running: Running,
    pub(super) done: Done,
    pub(super) handed: Handed,
    pub(super) skipped: Skipped,
}

impl Part {
    pub(super) fn of(view: View<'_>, bound: &Bound, file: FileIndex) -> Self {
        let asked = Asked::default();
        let view = view.noted_by(&asked);
        let mut called = Called::of(view, file);
        let (running, done, handed, skipped) = (
            Running::of(view, &mut called, file),
            Done::of(view, file),
            Handed::of(view, &mut called, file),
            Skipped::of(view, file),
        );
        let mut asked = asked.others(file);
        asked.extend(&bound.asked);
        asked.sort_unstable();
        asked.dedup();
        Self {
            asked,
            running,
            done,
            handed,
            skipped,
        }
    }
}

/// Something of each of these files, made on all cores where there are many.
pub(super) fn of_each<T: Send>(of: &[FileIndex], make: impl Fn(FileIndex) -> T + Sync) -> Vec<T> {
    /// Files that one thread does in about the time that it takes to start it.
    const FEW: usize = 16;
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    let each = of.len().div_ceil(threads).max(FEW);
    let make = &make;
    let made = |of: &[FileIndex]| -> Vec<T> { of.iter().map(|file| make(*file)).collect() };
    let Some((first, rest)) = of
        .split_at_checked(each)
        .filter(|(_, rest)| !rest.is_empty())
    else {
        return made(of);
    };
    std::thread::scope(|scope| {
        let others: Vec<_> = rest
            .chunks(each)
            .map(|some| scope.spawn(|| made(some)))
            .collect();
        let mut all = made(first);
        for other in others {
            let other = other.join();
            all.extend(other.unwrap_or_else(|panic| std::panic::resume_unwind(panic)));
        }
        all
    })
}

/// What the files add under each key, in the order of the files.
#[derive(Debug, Clone)]
pub(super) struct Index<K, V>(FxHashMap<K, Vec<(FileIndex, V)>>);

impl<K, V> Default for Index<K, V> {
    fn default() -> Self {
        Self(FxHashMap::default())
    }
}

impl<K: Hash + Eq + Clone, V> Index<K, V> {
    pub(super) fn get<Q: Hash + Eq + ?Sized>(&self, key: &Q) -> &[(FileIndex, V)]
    where
        K: std::borrow::Borrow<Q>,
    {
        self.0.get(key).map_or(&[], Vec::as_slice)
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Adds something behind what the file has added before.
    pub(super) fn add(&mut self, file: FileIndex, key: &K, value: V) {
        let Some(all) = self.0.get_mut(key) else {
            self.0.insert(key.clone(), vec![(file, value)]);
            return;
        };
        let behind = all.partition_point(|(other, _)| *other <= file);
        all.insert(behind, (file, value));
    }

    /// Takes all out that a file has added under a key.
    pub(super) fn remove(&mut self, file: FileIndex, key: &K) {
        let Some(all) = self.0.get_mut(key) else {
            return;
        };
        let start = all.partition_point(|(other, _)| *other < file);
        let end = all.partition_point(|(other, _)| *other <= file);
        all.drain(start..end);
        if all.is_empty() {
            self.0.remove(key);
        }
    }
}
