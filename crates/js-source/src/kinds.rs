//! The nodes of a tree by what they are: a question about one kind of node need not walk all of them.

use oxc_ast::AstType;
use oxc_ast::ast_kind::AST_TYPE_MAX;
use oxc_semantic::{AstNode, AstNodes, NodeId};

/// The nodes of a tree, sorted by kind; those of one kind in the order of the tree.
pub(crate) struct Kinds {
    nodes: Vec<NodeId>,
    /// Where in them those of each kind begin; at the end, where the last ones end.
    starts: [u32; KINDS + 1],
}

const KINDS: usize = AST_TYPE_MAX as usize + 1;

impl Kinds {
    pub(crate) fn of(nodes: &AstNodes<'_>) -> Self {
        let mut starts = [0; KINDS + 1];
        for node in nodes.iter() {
            starts[node.kind().ty() as usize + 1] += 1;
        }
        for kind in 1..starts.len() {
            starts[kind] += starts[kind - 1];
        }
        let mut next = starts;
        let mut sorted = vec![NodeId::ROOT; nodes.len()];
        for (id, node) in nodes.iter_enumerated() {
            let place = &mut next[node.kind().ty() as usize];
            sorted[*place as usize] = id;
            *place += 1;
        }
        Self {
            nodes: sorted,
            starts,
        }
    }

    fn of_kind(&self, kind: AstType) -> &[NodeId] {
        let kind = kind as usize;
        &self.nodes[self.starts[kind] as usize..self.starts[kind + 1] as usize]
    }

    /// The nodes of some kinds, in the order of the tree.
    pub(crate) fn each<'n, 'a, const N: usize>(
        &'n self,
        nodes: &'n AstNodes<'a>,
        kinds: [AstType; N],
    ) -> impl Iterator<Item = &'n AstNode<'a>> {
        let mut left = kinds.map(|kind| self.of_kind(kind));
        std::iter::from_fn(move || {
            let first = left
                .iter_mut()
                .filter(|of_kind| !of_kind.is_empty())
                .min_by_key(|of_kind| of_kind[0])?;
            let (node, after) = first.split_first()?;
            *first = after;
            Some(nodes.get_node(*node))
        })
    }
}

#[cfg(test)]
mod tests {
    use oxc_ast::AstType;
    use oxc_semantic::NodeId;

    use crate::parse::with_parsed;
    use crate::text::SourceText;

    #[test]
    fn nodes_of_some_kinds_come_in_the_order_of_the_tree() {
        let text = "class A { @memo() b(c) { return c.d(() => c.e); } }\nnew A().b(f => f.g());";
        with_parsed(&SourceText::new("a.ts", text), |parsed| {
            let walked = |kinds: &[AstType]| -> Vec<NodeId> {
                let nodes = parsed.semantic().nodes().iter();
                let meant = nodes.filter(|node| kinds.contains(&node.kind().ty()));
                meant.map(|node| node.id()).collect()
            };
            let found: Vec<_> = parsed
                .nodes_of([AstType::CallExpression, AstType::ArrowFunctionExpression])
                .map(|node| node.id())
                .collect();
            assert_eq!(
                found,
                walked(&[AstType::ArrowFunctionExpression, AstType::CallExpression])
            );
            assert_eq!(found.len(), 6);
            assert_eq!(parsed.nodes_of([AstType::WithStatement]).count(), 0);
            assert_eq!(parsed.nodes_of([AstType::Program]).count(), 1);
        });
    }
}
