//! The edges turned around: for each node, who refers to it.
//!
//! A heap has crowds: nodes such as a hidden class or `Object.prototype` that hundreds of thousands
//! of others refer to. Six in ten edges lead to one. The sources of a crowd stand close together, so
//! the gaps between them take little more than a byte each.

use stanch_heap_snapshot::{Offsets, Snapshot, prefetch};

use crate::essential::Faint;

/// The sources of all edges, by target and in the order of the file.
#[derive(Debug)]
pub(crate) struct Retainers {
    /// Sources of a node in `sources`; empty for a crowd.
    ranges: Offsets,
    sources: Vec<Source>,
    /// By ascending node.
    crowds: Vec<Crowd>,
}

/// The source of an edge, and whether the edge is faint.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Source(u32);

/// A node with very many retainers.
#[derive(Debug)]
struct Crowd {
    node: u32,
    count: u32,
    /// How far each source stands behind the one before, seven bits to a byte, lowest first; bit 7
    /// is set where more follow.
    gaps: Vec<u8>,
    last: u32,
    /// Sources of faint edges, ascending.
    faint: Vec<u32>,
}

/// The retainers of one node.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Sources<'a> {
    /// One entry per edge.
    Few(&'a [Source]),
    Crowd(CrowdSources<'a>),
}

/// The sources of a crowd; one for each edge.
#[derive(Debug, Clone, Copy)]
pub(crate) struct CrowdSources<'a>(&'a Crowd);

/// This many retainers are a crowd, in a small graph fewer.
const CROWD: usize = 256;

/// Edges looked ahead for, so that the places of their targets are there in time.
const SOON: usize = 24;

impl Source {
    const FAINT: u32 = 1 << 31;

    #[inline(always)]
    const fn new(node: u32, is_faint: bool) -> Self {
        Self(node | (is_faint as u32) << 31)
    }

    /// The node that refers.
    #[inline(always)]
    pub(crate) const fn node(self) -> u32 {
        self.0 & !Self::FAINT
    }

    /// Whether the edge is faint: see [`Faint`].
    #[inline(always)]
    pub(crate) const fn is_faint(self) -> bool {
        self.0 & Self::FAINT != 0
    }
}

impl Retainers {
    /// Sorts the edges by target.
    pub(crate) fn of(snapshot: &Snapshot, faint: Faint<'_>) -> Self {
        let nodes = snapshot.node_count();
        let crowd = (nodes / 64).clamp(8, CROWD) as u32;
        let mut places = vec![0_u32; nodes];
        for target in snapshot.edges().targets() {
            places[target.to() as usize] += 1;
        }
        let crowds: Vec<Crowd> = (0..)
            .zip(&places)
            .filter(|(_, count)| **count >= crowd)
            .map(|(node, count)| Crowd::new(node, *count))
            .collect();
        let few = |count: u32| if count >= crowd { 0 } else { count };
        let ranges: Offsets = places.iter().map(|count| few(*count)).collect();
        // From here on each node's place is where its next source goes; for a crowd it is the
        // crowd's number, counted down from the highest place there is.
        let mut number = u32::MAX;
        let mut end = 0;
        for place in &mut places {
            let count = *place;
            if count >= crowd {
                *place = number;
                number -= 1;
            } else {
                *place = end;
                end += count;
            }
        }
        let mut retainers = Self {
            sources: vec![Source(0); end as usize],
            ranges,
            crowds,
        };
        retainers.fill(snapshot, faint, &mut places);
        retainers.crowds.iter_mut().for_each(Crowd::shrink);
        retainers
    }

    fn fill(&mut self, snapshot: &Snapshot, faint: Faint<'_>, places: &mut [u32]) {
        let few = u32::MAX - self.crowds.len() as u32;
        let targets = snapshot.edges().targets();
        for source in 0..snapshot.node_count() as u32 {
            for edge in snapshot.edges_of(source) {
                let target = targets[edge];
                if let Some(soon) = targets.get(edge + SOON) {
                    prefetch(places, soon.to() as usize);
                }
                let is_faint = faint.has(source, edge, target);
                let place = &mut places[target.to() as usize];
                if *place <= few {
                    self.sources[*place as usize] = Source::new(source, is_faint);
                    *place += 1;
                } else {
                    self.crowds[(u32::MAX - *place) as usize].add(source, is_faint);
                }
            }
        }
    }

    /// The retainers of a node.
    #[inline(always)]
    pub(crate) fn of_node(&self, node: u32) -> Sources<'_> {
        let sources = &self.sources[self.ranges.range(node as usize)];
        if sources.is_empty() {
            self.of_crowd(node)
        } else {
            Sources::Few(sources)
        }
    }

    fn of_crowd(&self, node: u32) -> Sources<'_> {
        let found = self.crowds.binary_search_by_key(&node, |crowd| crowd.node);
        found.map_or(Sources::Few(&[]), |at| {
            Sources::Crowd(CrowdSources(&self.crowds[at]))
        })
    }

    /// Asks for the memory that [`place`](Self::place) needs.
    #[inline(always)]
    pub(crate) fn prefetch_range(&self, node: u32) {
        self.ranges.prefetch(node as usize);
    }

    /// All sources of the nodes that are no crowds, for prefetching.
    pub(crate) fn few(&self) -> &[Source] {
        &self.sources
    }

    /// Where the sources of a node stand in [`few`](Self::few).
    #[inline(always)]
    pub(crate) fn place(&self, node: u32) -> usize {
        self.ranges.range(node as usize).start
    }
}

impl Crowd {
    fn new(node: u32, count: u32) -> Self {
        let gaps = Vec::with_capacity(count as usize + count as usize / 4);
        Self {
            node,
            count,
            gaps,
            last: 0,
            faint: Vec::new(),
        }
    }

    #[inline(always)]
    fn add(&mut self, source: u32, is_faint: bool) {
        let mut gap = source - self.last;
        self.last = source;
        while gap >= 0x80 {
            self.gaps.push(gap as u8 | 0x80);
            gap >>= 7;
        }
        self.gaps.push(gap as u8);
        if is_faint {
            self.faint.push(source);
        }
    }

    fn shrink(&mut self) {
        self.gaps.shrink_to_fit();
    }
}

impl<'a> CrowdSources<'a> {
    /// Number of edges.
    pub(crate) const fn len(self) -> usize {
        self.0.count as usize
    }

    /// The source of each edge, ascending.
    #[inline(always)]
    pub(crate) fn nodes(self) -> impl Iterator<Item = u32> + 'a {
        let mut last = 0;
        let mut gaps = self.0.gaps.iter();
        std::iter::from_fn(move || {
            let mut byte = *gaps.next()?;
            let mut gap = u32::from(byte & 0x7f);
            let mut shift = 7;
            while byte & 0x80 != 0 {
                byte = *gaps.next()?;
                gap |= u32::from(byte & 0x7f) << shift;
                shift += 7;
            }
            last += gap;
            Some(last)
        })
    }

    /// Whether an edge from this source is faint; another one from there need not be.
    pub(crate) fn has_faint(self, source: u32) -> bool {
        !self.0.faint.is_empty() && self.0.faint.binary_search(&source).is_ok()
    }
}

#[cfg(test)]
mod tests {
    use super::{Crowd, CrowdSources};

    #[test]
    fn sources_of_a_crowd_come_back() {
        let sources = [
            0,
            0,
            1,
            127,
            128,
            300,
            300,
            16_683,
            16_684,
            3_000_000,
            268_435_455,
        ];
        let mut crowd = Crowd::new(7, sources.len() as u32);
        for source in sources {
            crowd.add(source, source == 300);
        }
        let crowd = CrowdSources(&crowd);
        assert!(crowd.nodes().eq(sources));
        assert_eq!(crowd.len(), sources.len());
        assert!(crowd.has_faint(300) && !crowd.has_faint(128));
    }
}
