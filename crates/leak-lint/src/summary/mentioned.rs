//! Names that a file mentions, as numbers: thousands of files mention a million of them, and all that is asked is whether.

use std::borrow::Cow;
use std::hash::{Hash, Hasher};

use oxc_ast::{AstKind, AstType};
use oxc_semantic::NodeId;
use oxc_span::GetSpan;
use rustc_hash::FxHasher;

use super::{Scan, Summary};

/// A name as the number that its letters make. Two names share one as seldom as two files share their checksum; then one
/// counts as mentioned where the other is, which keeps a rule silent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Name(u64);

impl Name {
    pub(crate) fn of(name: &str) -> Self {
        let mut hash = FxHasher::default();
        name.hash(&mut hash);
        Self(hash.finish())
    }
}

/// The names that a file mentions.
#[derive(Debug, Clone, Default)]
pub(crate) struct Mentioned(Box<[Name]>);

impl Mentioned {
    /// All of these; they may come more than once.
    pub(crate) fn of(mut names: Vec<Name>) -> Self {
        names.sort_unstable();
        names.dedup();
        Self(names.into())
    }

    /// All of these and those, and which of those are not among these.
    pub(crate) fn parted(mut these: Vec<Name>, those: Vec<Name>) -> (Self, Self) {
        if those.is_empty() {
            return (Self::of(these), Self::default());
        }
        let known = Self::of(these.clone());
        these.extend(&those);
        let apart = those.into_iter().filter(|name| !known.has(*name));
        (Self::of(these), Self::of(apart.collect()))
    }

    pub(crate) fn has(&self, name: Name) -> bool {
        self.0.binary_search(&name).is_ok()
    }
}

impl<'a> Scan<'_, 'a> {
    pub(super) fn mentioned(&self, summary: &mut Summary) {
        let nodes = self.parsed.nodes_of([
            AstType::StaticMemberExpression,
            AstType::PrivateFieldExpression,
            AstType::ComputedMemberExpression,
            AstType::BindingProperty,
            AstType::ImportSpecifier,
        ]);
        let (mut all, mut by_hand) = (Vec::new(), Vec::new());
        for node in nodes {
            let name = self.mentioned_at(node.id(), node.kind());
            let names = match self.is_by_hand(node.id()) {
                true => &mut by_hand,
                false => &mut all,
            };
            names.extend(name.as_deref().map(Name::of));
        }
        (summary.mentioned, summary.mentioned_by_hand) = Mentioned::parted(all, by_hand);
    }

    /// The name of a property that is read, or of what is imported.
    fn mentioned_at(&self, node: NodeId, kind: AstKind<'a>) -> Option<Cow<'a, str>> {
        match kind {
            AstKind::StaticMemberExpression(member) => {
                let is_target = matches!(self.kind(self.parent(node)), AstKind::AssignmentExpression(assignment)
                    if assignment.left.span() == member.span);
                (!is_target).then(|| member.property.name.as_str().into())
            }
            AstKind::PrivateFieldExpression(member) => Some(member.field.name.as_str().into()),
            AstKind::BindingProperty(property) => property.key.static_name(),
            AstKind::ImportSpecifier(import) => Some(import.imported.name().as_str().into()),
            AstKind::ComputedMemberExpression(member) => {
                let name = member.static_property_name()?;
                Some(name.as_str().into())
            }
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Mentioned, Name};

    #[test]
    fn what_was_mentioned_is_known() {
        let names = ["b", "a", "b", "constructor", ""].map(Name::of);
        let mentioned = Mentioned::of(names.to_vec());
        assert!(
            ["a", "b", "constructor", ""]
                .map(Name::of)
                .iter()
                .all(|name| mentioned.has(*name))
        );
        assert!(!mentioned.has(Name::of("c")));
        assert!(!Mentioned::default().has(Name::of("a")));
    }
}
