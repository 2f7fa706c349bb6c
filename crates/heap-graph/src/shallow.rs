//! Self sizes after each helper object handed its bytes to the one object that uses it.

use stanch_heap_snapshot::{Compact, EdgeKind, NodeKind, Snapshot, prefetch};

use crate::bits::{Bits, RankedBits};
use crate::names::Names;
use crate::retainers::{Retainers, Sources};

/// No owner was met.
const NOBODY: u32 = u32::MAX;
/// More than one owner was met.
const SEVERAL: u32 = u32::MAX - 1;

/// Self sizes in bytes by node: V8's hidden objects, backing stores and external string data count
/// for the one object from which they are reached, if it is one.
///
/// A snapshot that exposes internals has no user root, and keeps its sizes as they are.
pub(crate) fn self_sizes(snapshot: &Snapshot, names: &Names, retainers: &Retainers) -> Compact<2> {
    let mut sizes = snapshot.nodes().self_sizes().clone();
    let mut roots = snapshot.targets_of(snapshot.root()).iter();
    if !roots.any(|target| names.is_user_root(snapshot, target.to())) {
        return sizes;
    }
    let helpers = helpers(snapshot, names);
    let owners = owners(snapshot, &helpers, retainers);
    let nodes = (0..snapshot.node_count() as u32).filter(|node| helpers.has(*node));
    for (node, owner) in nodes.zip(owners) {
        let is_one = owner != NOBODY && owner != SEVERAL && owner != snapshot.root();
        if is_one && snapshot.nodes().kind(owner) != NodeKind::Synthetic {
            let size = sizes.get(node as usize);
            let total = sizes.get(owner as usize).saturating_add(size);
            sizes.set(node as usize, 0);
            sizes.set(owner as usize, total);
        }
    }
    sizes
}

/// The nodes that hand their bytes over.
fn helpers(snapshot: &Snapshot, names: &Names) -> RankedBits {
    let mut helpers = Bits::new(snapshot.node_count());
    for (node, kind) in (0..).zip(snapshot.nodes().kinds()) {
        let is_helper = match kind {
            NodeKind::Hidden | NodeKind::Array => true,
            NodeKind::Native => names.external_data.contains(&snapshot.nodes().name(node)),
            _ => false,
        };
        if is_helper {
            helpers.insert(node);
        }
    }
    RankedBits::new(helpers)
}

/// The owner of each helper, in the order of the helpers.
fn owners(snapshot: &Snapshot, helpers: &RankedBits, retainers: &Retainers) -> Vec<u32> {
    let search = Search {
        snapshot,
        helpers,
        retainers,
    };
    let nodes = || (0..snapshot.node_count() as u32).filter(|node| helpers.has(*node));
    // All others own themselves, and so what they refer to.
    let mut soon = nodes().skip(2 * NEAR);
    let mut next = nodes().skip(NEAR);
    let owner = |node| {
        if let Some(node) = soon.next() {
            retainers.prefetch_range(node);
        }
        if let Some(node) = next.next() {
            prefetch(retainers.few(), retainers.place(node));
        }
        search.direct_owner(node)
    };
    let mut owners: Vec<u32> = nodes().map(owner).collect();
    let mut open: Vec<u32> = nodes()
        .zip(&owners)
        .filter(|(_, owner)| **owner != NOBODY)
        .map(|(node, _)| node)
        .collect();
    // Each helper is visited thrice at most: now, when it gets its first owner, and its second.
    while let Some(node) = open.pop() {
        let owner = owners[helpers.rank(node)];
        for target in snapshot.targets_of(node) {
            let to = target.to();
            if !target.is(EdgeKind::Weak)
                && helpers.has(to)
                && meet(&mut owners[helpers.rank(to)], owner)
            {
                open.push(to);
            }
        }
    }
    owners
}

/// Nodes looked ahead for, so that their memory is there in time.
const NEAR: usize = 8;

struct Search<'a> {
    snapshot: &'a Snapshot,
    helpers: &'a RankedBits,
    retainers: &'a Retainers,
}

impl Search<'_> {
    /// The one node that is no helper and refers to this one; [`SEVERAL`] or [`NOBODY`] otherwise.
    #[inline(always)]
    fn direct_owner(&self, node: u32) -> u32 {
        let mut owner = NOBODY;
        match self.retainers.of_node(node) {
            Sources::Few(sources) => {
                for source in sources {
                    self.ask(source.node(), node, source.is_faint(), &mut owner);
                }
            }
            Sources::Crowd(sources) => {
                let mut nodes = sources.nodes();
                while owner != SEVERAL
                    && let Some(source) = nodes.next()
                {
                    self.ask(source, node, sources.has_faint(source), &mut owner);
                }
            }
        }
        owner
    }

    #[inline(always)]
    fn ask(&self, source: u32, node: u32, is_faint: bool, owner: &mut u32) {
        if !self.helpers.has(source) && (!is_faint || self.refers(source, node)) {
            meet(owner, source);
        }
    }

    /// Whether an edge that is not weak leads from one node to another.
    fn refers(&self, from: u32, to: u32) -> bool {
        let mut targets = self.snapshot.targets_of(from).iter();
        targets.any(|target| target.to() == to && !target.is(EdgeKind::Weak))
    }
}

/// Tells a helper of an owner; whether that was news.
#[inline(always)]
fn meet(known: &mut u32, owner: u32) -> bool {
    if *known == owner || *known == SEVERAL {
        return false;
    }
    *known = if *known == NOBODY { owner } else { SEVERAL };
    true
}
