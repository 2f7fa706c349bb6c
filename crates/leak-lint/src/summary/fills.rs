//! Functions into which of their arguments they put into which other: a helper that gets or makes an entry.

use oxc_ast::ast::Expression;
use oxc_ast::{AstKind, AstType};
use stanch_js_source::{Value, bare};

use super::memoizers::Use;
use super::{Scan, Summary};

impl<'a> Scan<'_, 'a> {
    /// A parameter that its function asks for entries and fills under another parameter, and nothing else.
    pub(super) fn filled(&self, summary: &mut Summary) {
        for node in self.parsed.nodes_of([AstType::FormalParameter]) {
            self.filled_at(node.kind(), summary);
        }
    }

    fn filled_at(&self, kind: AstKind<'a>, summary: &mut Summary) {
        let AstKind::FormalParameter(parameter) = kind else {
            return;
        };
        let Some(name) = parameter.pattern.get_binding_identifier() else {
            return;
        };
        let Some(variable) = name.symbol_id.get() else {
            return;
        };
        let scoping = self.parsed.semantic().scoping();
        let mut key = None;
        for used in scoping.get_resolved_references(variable) {
            match self.use_at(used.node_id()) {
                Use::Look => {}
                Use::Fill(under) => key = key.or_else(|| self.parameter_of(under)),
                Use::Other => return,
            }
        }
        let container = self.parsed.parameter_of_variable(variable);
        if let (Some((function, key)), Some(Value::Parameter(own, position))) = (key, container)
            && function == own
        {
            summary.fills.entry(own).or_default().push((position, key));
        }
    }

    /// The function and the position of the parameter that an expression names.
    fn parameter_of(&self, expression: &Expression<'a>) -> Option<(u32, u32)> {
        let Expression::Identifier(name) = bare(expression) else {
            return None;
        };
        let reference = self
            .parsed
            .semantic()
            .scoping()
            .get_reference(name.reference_id.get()?);
        match self.parsed.parameter_of_variable(reference.symbol_id()?)? {
            Value::Parameter(function, position) => Some((function, position)),
            _ => None,
        }
    }
}
