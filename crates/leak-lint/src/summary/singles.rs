//! Calls that tell a container of dependencies to make one instance of a class: `bind(T).to(Orders).inSingletonScope()`.

use oxc_ast::ast::{Argument, CallExpression, Expression};
use oxc_ast::{AstKind, AstType};
use oxc_span::GetSpan;
use stanch_js_source::bare;

use super::{Scan, Summary};
use crate::file::{argument, callee_name, method};

impl<'a> Scan<'_, 'a> {
    pub(super) fn made_once(&self, summary: &mut Summary) {
        for node in self.parsed.nodes_of([AstType::CallExpression]) {
            let AstKind::CallExpression(call) = node.kind() else {
                continue;
            };
            if let Some(class) = self.class_made_once(call) {
                summary.singles.push(self.parsed.value(class));
            }
        }
    }

    /// The class that a call names: as inversify, tsyringe and awilix have it.
    fn class_made_once(&self, call: &'a CallExpression<'a>) -> Option<&'a Expression<'a>> {
        match callee_name(call)? {
            "registerSingleton" => call.arguments.last().and_then(Argument::as_expression),
            "inSingletonScope" => {
                let (bound, _) = method(call)?;
                let Expression::CallExpression(bound) = bound else {
                    return None;
                };
                match method(bound)? {
                    (_, "to") => argument(bound, 0),
                    (Expression::CallExpression(own), "toSelf") => argument(own, 0),
                    _ => None,
                }
            }
            "singleton" => {
                let (made, _) = method(call)?;
                match made {
                    Expression::CallExpression(made) if callee_name(made) == Some("asClass") => {
                        argument(made, 0)
                    }
                    _ => None,
                }
            }
            "asClass" => {
                let options = bare(argument(call, 1)?).span();
                let written = self.parsed.text().slice(options.start, options.end);
                written
                    .contains("SINGLETON")
                    .then(|| argument(call, 0))
                    .flatten()
            }
            _ => None,
        }
    }
}
