//! Self sizes after each helper object handed its bytes to the one object that uses it.

use stanch_heap_snapshot::{Compact, EdgeKind, NodeKind, Snapshot};

use crate::bits::{Bits, RankedBits};
use crate::names::Names;

/// No owner was met.
const NOBODY: u32 = u32::MAX;
/// More than one owner was met.
const SEVERAL: u32 = u32::MAX - 1;

/// Self sizes in bytes by node: V8's hidden objects, backing stores and external string data count
/// for the one object from which they are reached, if it is one.
///
/// A snapshot that exposes internals has no user root, and keeps its sizes as they are.
pub(crate) fn self_sizes(snapshot: &Snapshot, names: &Names) -> Compact<2> {
    let mut sizes = snapshot.nodes().self_sizes().clone();
    let mut roots = snapshot.targets_of(snapshot.root()).iter();
    if !roots.any(|target| names.is_user_root(snapshot, target.to())) {
        return sizes;
    }
    let helpers = helpers(snapshot, names);
    let owners = owners(snapshot, &helpers);
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
fn owners(snapshot: &Snapshot, helpers: &RankedBits) -> Vec<u32> {
    let mut owners = vec![NOBODY; helpers.len()];
    let nodes = 0..snapshot.node_count() as u32;
    // All others own themselves, and come in the order of memory.
    for node in nodes.clone().filter(|node| !helpers.has(*node)) {
        for target in snapshot.targets_of(node) {
            if helpers.has(target.to()) && !target.is(EdgeKind::Weak) {
                meet(&mut owners[helpers.rank(target.to())], node);
            }
        }
    }
    let owned = |node: &u32| helpers.has(*node) && owners[helpers.rank(*node)] != NOBODY;
    let mut open: Vec<u32> = nodes.filter(owned).collect();
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

/// Tells a helper of an owner; whether that was news.
#[inline(always)]
fn meet(known: &mut u32, owner: u32) -> bool {
    if *known == owner || *known == SEVERAL {
        return false;
    }
    *known = if *known == NOBODY { owner } else { SEVERAL };
    true
}
