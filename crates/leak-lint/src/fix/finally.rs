//! The statements after one into the body of a `try`, with a `finally` behind them.

use oxc_ast::AstKind;
use oxc_ast::ast::Statement;
use oxc_semantic::NodeId;
use oxc_span::{GetSpan, Span};

use super::statement::{SpotKind, deepen, insertion, spot};
use super::{Change, layout};
use crate::file::File;

impl Change<'_, '_, '_> {
    /// Whatever a function does after the statement of a node is done within a `try`, and `cleanup` in the end. None in a branch,
    /// where nothing comes after it, where that is not on lines of its own, and where it declares what comes before uses.
    pub(crate) fn finally(&mut self, node: NodeId, cleanup: &str) -> Option<()> {
        let spot = spot(self.file, node).filter(|spot| spot.kind == SpotKind::Listed)?;
        let rest = after(self.file, node, spot.span)?;
        let (first, last) = (rest.first()?.span(), rest.last()?.span());
        let all = Span::new(first.start, last.end);
        let is_apart = self.layout.is_first_on_line(first.start)
            && !layout::has_long_text(self.file, all)
            && !is_used_outside(self.file, spot.scope, all);
        let end = self.layout.end_of_code_line(last.end)?;
        if !is_apart {
            return None;
        }
        let indent = self.layout.indent_at(first.start);
        let inner = format!("{indent}{}", self.layout.level());
        let opening = format!("try {{{}", self.layout.next_line(&inner));
        let closing = [
            format!("{}}} finally {{", self.layout.next_line(indent)),
            self.layout.next_line(&inner),
            self.layout.statements(&[cleanup.to_owned()], &inner, "}"),
            format!("{}}}", self.layout.next_line(indent)),
        ];
        deepen(
            &self.layout.text[all.start as usize..all.end as usize],
            all.start,
            self.layout.level(),
            &mut self.looks,
        );
        self.edits.push(insertion(first.start, opening));
        self.edits.push(insertion(end, closing.concat()));
        Some(())
    }
}

/// The statements of a function behind one of them.
fn after<'a>(file: &File<'_, 'a>, node: NodeId, statement: Span) -> Option<&'a [Statement<'a>]> {
    let list = file
        .nodes()
        .ancestor_kinds(node)
        .find_map(|around| match around {
            AstKind::FunctionBody(body) => Some(Some(&body.statements)),
            AstKind::BlockStatement(_) | AstKind::SwitchCase(_) => Some(None),
            _ => None,
        })??;
    let at = list
        .iter()
        .position(|other| other.span().start == statement.start)?;
    list.get(at + 1..)
}

/// Whether anything else uses what statements of a block declare for it.
fn is_used_outside(file: &File<'_, '_>, scope: oxc_semantic::ScopeId, statements: Span) -> bool {
    let semantic = file.parsed.semantic();
    let scoping = semantic.scoping();
    scoping
        .iter_bindings_in(scope)
        .filter(|symbol| statements.contains_inclusive(scoping.symbol_span(*symbol)))
        .any(|symbol| {
            let mut uses = semantic.symbol_references(symbol);
            uses.any(|used| !statements.contains_inclusive(semantic.reference_span(used)))
        })
}
