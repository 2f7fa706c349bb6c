//! The strings of a snapshot into the few that rules refer to, in one pass.

use stanch_heap_snapshot::{NodeKind, Snapshot, StringId};

use crate::weak_pairs::WeakPairs;

/// Numbers of strings with a meaning. Mostly each text has one number; nothing keeps it from having
/// several.
#[derive(Debug, Default)]
pub(crate) struct Names {
    pub(crate) object: Vec<StringId>,
    pub(crate) proto: Vec<StringId>,
    pub(crate) native_context: Vec<StringId>,
    pub(crate) function_map: Vec<StringId>,
    pub(crate) map_descriptors: Vec<StringId>,
    pub(crate) external_data: Vec<StringId>,
    document_trees: Vec<StringId>,
    pub(crate) pairs: WeakPairs,
}

impl Names {
    pub(crate) fn of(snapshot: &Snapshot) -> Self {
        let strings = snapshot.strings();
        let pairs = WeakPairs::new(strings.len());
        let mut names = Self {
            pairs,
            ..Self::default()
        };
        for (id, text) in strings.iter() {
            let known = match text {
                "Object" => &mut names.object,
                "__proto__" => &mut names.proto,
                "system / NativeContext" => &mut names.native_context,
                "sloppy_function_map" => &mut names.function_map,
                "(map descriptors)" => &mut names.map_descriptors,
                "system / ExternalStringData" => &mut names.external_data,
                "(Document DOM trees)" => &mut names.document_trees,
                _ => {
                    names.pairs.add(id, text);
                    continue;
                }
            };
            known.push(id);
        }
        names
    }

    /// Whether a node is the group of all documents, which counts as the program's own.
    pub(crate) fn is_document_trees(&self, snapshot: &Snapshot, node: u32) -> bool {
        snapshot.nodes().kind(node) == NodeKind::Synthetic
            && self.document_trees.contains(&snapshot.nodes().name(node))
    }

    /// Whether a child of the root is a global object, and so where distances begin.
    pub(crate) fn is_user_root(&self, snapshot: &Snapshot, node: u32) -> bool {
        snapshot.nodes().kind(node) != NodeKind::Synthetic || self.is_document_trees(snapshot, node)
    }
}
