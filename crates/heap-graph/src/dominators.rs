//! A depth-first numbering and the retainers into immediate dominators.
//!
//! A node's dominator is the nearest ancestor not below its semidominator (L. Georgiadis,
//! R. E. Tarjan, R. F. Werneck: *Finding Dominators in Practice*, 2006). Finding it so takes a few
//! steps per node on most heaps, but goes quadratic on a long queue whose members are listed
//! elsewhere too, an everyday shape in a leaking heap. Once it has cost too much it goes on by leaps
//! whose number grows with the logarithm of the depth.

use stanch_heap_snapshot::Snapshot;

use crate::essential::Faint;
use crate::retainers::Retainers;
use crate::semidominators::{Far, Semidominators};
use crate::walk::Walk;

/// Steps per node after which leaps are taken.
const PATIENCE: u64 = 4;

/// Who dominates whom, by number.
#[derive(Debug)]
pub(crate) struct Dominators {
    /// The node of each number, the root's is 1; a filler at 0. All nodes have one.
    pub(crate) node: Vec<u32>,
    /// The number of the immediate dominator of each number; lower than it but for the root's.
    pub(crate) immediate: Vec<u32>,
}

/// Finds the immediate dominators.
///
/// What has no number hangs on the root, but what it refers to keeps its dominator.
pub(crate) fn dominators(
    snapshot: &Snapshot,
    faint: Faint<'_>,
    retainers: &Retainers,
    walk: Walk,
) -> Dominators {
    let far = Semidominators::new(snapshot, faint, retainers, &walk).run();
    let Walk {
        number,
        mut node,
        parent,
        ..
    } = walk;
    let left = (0..).zip(&number).filter(|(_, number)| **number == 0);
    node.extend(left.map(|(node, _)| node));
    drop(number);
    let mut immediate = nearest(parent, far);
    immediate.resize(node.len(), 1);
    Dominators { node, immediate }
}

/// Turns parents into immediate dominators: upward until not below the semidominator.
fn nearest(mut immediate: Vec<u32>, far: Vec<Far>) -> Vec<u32> {
    let mut leaps: Option<Leaps> = None;
    let mut steps = 0;
    let limit = PATIENCE * immediate.len() as u64;
    for Far {
        number,
        semidominator,
    } in far.into_iter().rev()
    {
        let mut at = immediate[number as usize];
        if let Some(leaps) = &mut leaps {
            leaps.extend(&immediate, number);
            at = leaps.up(&immediate, at, semidominator);
        } else {
            while at > semidominator {
                at = immediate[at as usize];
                steps += 1;
            }
        }
        immediate[number as usize] = at;
        if steps > limit && leaps.is_none() {
            leaps = Some(Leaps::default());
        }
    }
    immediate
}

/// For each number an ancestor to leap to, as in a skew-binary list: from any depth a few leaps and
/// steps lead to any ancestor.
#[derive(Default)]
struct Leaps {
    depth: Vec<u32>,
    to: Vec<u32>,
}

impl Leaps {
    /// Learns of the numbers below `end`.
    fn extend(&mut self, immediate: &[u32], end: u32) {
        if self.to.is_empty() {
            self.depth = vec![0, 0];
            self.to = vec![1, 1];
        }
        for &above in &immediate[self.to.len()..end as usize] {
            let far = self.to[above as usize];
            let farther = self.to[far as usize];
            let depth = |at: u32| self.depth[at as usize];
            let is_same_length = depth(above) - depth(far) == depth(far) - depth(farther);
            self.to.push(if is_same_length { farther } else { above });
            self.depth.push(depth(above) + 1);
        }
    }

    /// The nearest of `at` and its ancestors that is not above `most`.
    fn up(&self, immediate: &[u32], mut at: u32, most: u32) -> u32 {
        while at > most {
            let leap = self.to[at as usize];
            at = if leap > most {
                leap
            } else {
                immediate[at as usize]
            };
        }
        at
    }
}

#[cfg(test)]
mod tests {
    use super::{Far, Leaps, nearest};

    #[test]
    fn leaps_lead_where_steps_do() {
        // A tree in which every third number hangs on its predecessor, others further up.
        let immediate: Vec<u32> = (0..2000_u32)
            .map(|at| {
                if at % 3 == 0 {
                    at.saturating_sub(1).max(1)
                } else {
                    (at * 7 / 8).max(1)
                }
            })
            .collect();
        let mut leaps = Leaps::default();
        leaps.extend(&immediate, 2000);
        for from in 2..2000 {
            for most in [1, from / 3, from - 1, from] {
                let most = most.max(1);
                let mut at = from;
                while at > most {
                    at = immediate[at as usize];
                }
                assert_eq!(leaps.up(&immediate, from, most), at);
            }
        }
    }

    #[test]
    fn patience_does_not_change_the_answer() {
        // A chain down to 1000; behind its end as many that are also held from all over the chain.
        let parent: Vec<u32> = (0..2000_u32)
            .map(|at| at.saturating_sub(1).clamp(1, 1000))
            .collect();
        let far = (1001..2000).rev().map(|number| Far {
            number,
            semidominator: number - 999,
        });
        let immediate = nearest(parent, far.collect());
        assert!(
            immediate[1001..]
                .iter()
                .eq(&(2..1001).collect::<Vec<u32>>())
        );
    }
}
