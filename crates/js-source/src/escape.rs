//! A holder into the places where it leaves what its file shows: others may fill or empty it from there on.

use oxc_ast::AstKind;
use oxc_ast::ast::Expression;
use oxc_semantic::NodeId;
use oxc_span::GetSpan;

use crate::holder::{HolderRef, Level};
use crate::parse::ParsedSource;
use crate::places::uses;
use crate::text::Extent;
use crate::tree::{Tree, member_object, target_node};

/// How a holder leaves its file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum EscapeKind {
    /// A function or class that the file does not have is given it.
    Given {
        /// What is called, as written.
        callee: String,
    },
    /// A function returns it.
    Returned,
    /// It becomes part of another value: a property, an element.
    Stored,
    /// It is exported.
    Exported,
}

/// A place where a holder leaves its file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Escape {
    /// How.
    pub kind: EscapeKind,
    /// The expression that is the holder.
    pub extent: Extent,
    /// The same in the parsed text's tree.
    pub node: NodeId,
}

impl ParsedSource<'_> {
    /// All places where the holder itself, rather than a value in it, leaves what the file shows, in the order of the text.
    /// Functions of the file that are given it are followed instead.
    pub fn escapes(&self, holder: &HolderRef) -> Vec<Escape> {
        let tree = &self.tree;
        let uses = uses(tree, self.patterns(holder));
        let whole = uses.iter().filter(|found| found.level == Level::Whole);
        whole
            .filter_map(|found| {
                Some(Escape {
                    kind: tree.escape(found.node)?,
                    extent: tree.extent(tree.span(found.node)),
                    node: found.node,
                })
            })
            .collect()
    }
}

impl<'a> Tree<'a> {
    fn escape(&self, node: NodeId) -> Option<EscapeKind> {
        let span = self.span(node);
        let given = |callee: &Expression<'a>, function: Option<NodeId>| match function {
            Some(_) => None,
            None => Some(EscapeKind::Given {
                callee: self.brief(callee.span()),
            }),
        };
        match self.kind(self.parent(node)?) {
            AstKind::CallExpression(call) if !call.callee.span().contains_inclusive(span) => {
                given(&call.callee, self.callee_node(&call.callee))
            }
            AstKind::NewExpression(new) if !new.callee.span().contains_inclusive(span) => {
                given(&new.callee, self.callable(&new.callee))
            }
            AstKind::ReturnStatement(_) | AstKind::YieldExpression(_) => Some(EscapeKind::Returned),
            AstKind::ExpressionStatement(_) => None,
            AstKind::ArrowFunctionExpression(_) => Some(EscapeKind::Returned),
            AstKind::ObjectProperty(property) if property.value.span().contains_inclusive(span) => {
                Some(EscapeKind::Stored)
            }
            AstKind::ArrayExpression(_) => Some(EscapeKind::Stored),
            AstKind::AssignmentExpression(assignment)
                if assignment.right.span().contains_inclusive(span) =>
            {
                let target = target_node(&assignment.left)?;
                member_object(self.kind(target)).map(|_| EscapeKind::Stored)
            }
            AstKind::ExportSpecifier(_) | AstKind::ExportDefaultDeclaration(_) => {
                Some(EscapeKind::Exported)
            }
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::EscapeKind;
    use crate::{HolderRef, SourceText, with_parsed};

    /// How the variable `kept` leaves the text.
    #[track_caller]
    fn check(text: &str, expected: &[EscapeKind]) {
        let source = SourceText::new("app.ts", text);
        let found: Vec<EscapeKind> = with_parsed(&source, |parsed| {
            let escapes = parsed.escapes(&HolderRef::variable("kept"));
            escapes.into_iter().map(|escape| escape.kind).collect()
        });
        assert_eq!(found, expected, "{text}");
    }

    fn given(callee: &str) -> EscapeKind {
        let callee = callee.to_owned();
        EscapeKind::Given { callee }
    }

    #[test]
    fn what_others_are_given() {
        check(
            "const kept = new Map(); sweep(kept as any, 100);",
            &[given("sweep")],
        );
        check("const kept = []; new Sweeper(kept);", &[given("Sweeper")]);
        check(
            "const kept = [];\nfunction own(list) { prune(list); }\nown(kept);",
            &[given("prune")],
        );
        check(
            "const kept = []; kept.forEach(f); f(kept.length, kept[0], ...kept);",
            &[],
        );
    }

    #[test]
    fn what_others_can_reach() {
        check(
            "const kept = []; exports.all = () => kept;",
            &[EscapeKind::Returned],
        );
        check(
            "const kept = []; module.exports = { kept };",
            &[EscapeKind::Stored],
        );
        check(
            "const kept = []; exports.kept = kept;",
            &[EscapeKind::Stored],
        );
        check("const kept = []; export { kept };", &[EscapeKind::Exported]);
        check(
            "const kept = []; export default kept;",
            &[EscapeKind::Exported],
        );
    }
}
