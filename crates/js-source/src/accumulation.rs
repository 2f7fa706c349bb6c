//! Stored values into what storing them means, and new values into how they grow from old ones.

use oxc_ast::AstKind;
use oxc_ast::ast::{
    Argument, ArrayExpressionElement, CallExpression, Expression, NewExpression, ObjectExpression,
    ObjectPropertyKind, TSType,
};
use oxc_span::GetSpan;
use oxc_syntax::operator::BinaryOperator;

use crate::growth::SiteRole;
use crate::tree::{Tree, bare};

impl<'a> Tree<'a> {
    /// What storing a value means when its kind is plain: a function is registered, a timer or a
    /// promise started, a stream or socket opened.
    pub(crate) fn role_of_value(&self, value: &Expression<'a>) -> Option<SiteRole> {
        let callee = match bare(value) {
            Expression::FunctionExpression(_) | Expression::ArrowFunctionExpression(_) => {
                return Some(SiteRole::Registers);
            }
            Expression::Identifier(identifier) => {
                let symbol = self.symbol_of_reference(identifier)?;
                let is_function = match self.kind(self.scoping().symbol_declaration(symbol)) {
                    AstKind::FormalParameter(parameter) => parameter
                        .type_annotation
                        .as_ref()
                        .is_some_and(|annotation| {
                            matches!(annotation.type_annotation, TSType::TSFunctionType(_))
                        }),
                    _ => self
                        .callable_of_symbol(symbol)
                        .is_some_and(|node| crate::tree::is_function(self.kind(node))),
                };
                return is_function.then_some(SiteRole::Registers);
            }
            Expression::CallExpression(call) => &call.callee,
            Expression::NewExpression(new) => &new.callee,
            _ => return None,
        };
        let text = self.slice(callee.span());
        match text.rsplit('.').next().unwrap_or(text) {
            "Promise" | "setInterval" | "setTimeout" | "setImmediate" => Some(SiteRole::Starts),
            "createReadStream" | "createWriteStream" | "createConnection" | "connect" | "open"
            | "openSync" | "createSocket" | "WebSocket" | "Socket" | "spawn" | "watch" => {
                Some(SiteRole::Opens)
            }
            _ => None,
        }
    }

    /// How a new value grows that is made from the old one, which is written as `target`.
    pub(crate) fn growing_value(&self, target: &str, value: &Expression<'a>) -> Option<SiteRole> {
        match bare(value) {
            Expression::ArrayExpression(array) => {
                let mentions = array.elements.iter().any(|element| match element {
                    ArrayExpressionElement::SpreadElement(s) => self.is_it(target, &s.argument),
                    element => element
                        .as_expression()
                        .is_some_and(|value| self.is_it(target, value)),
                });
                (mentions && array.elements.len() > 1).then_some(SiteRole::Appends)
            }
            Expression::ObjectExpression(object) => self.growing_object(target, object),
            Expression::BinaryExpression(binary) => {
                let grows = self.is_it(target, &binary.left)
                    || self.is_it(target, &binary.right)
                    || self.growing_value(target, &binary.left).is_some();
                let adds = binary.operator == BinaryOperator::Addition;
                (grows && adds).then_some(SiteRole::Appends)
            }
            Expression::TemplateLiteral(template) => template
                .expressions
                .iter()
                .any(|hole| self.is_it(target, hole))
                .then_some(SiteRole::Appends),
            Expression::NewExpression(new) => self.growing_instance(target, new),
            Expression::CallExpression(call) => self.growing_call(target, call),
            _ => None,
        }
    }

    fn is_it(&self, target: &str, expression: &Expression<'a>) -> bool {
        self.slice(bare(expression).span()) == target
    }

    /// `{ ...x, [k]: v }` inserts; `{ v, next: x }` links a list through its nodes.
    fn growing_object(&self, target: &str, object: &ObjectExpression<'a>) -> Option<SiteRole> {
        if object.properties.len() < 2 {
            return None;
        }
        object
            .properties
            .iter()
            .find_map(|property| match property {
                ObjectPropertyKind::SpreadProperty(s) => {
                    self.is_it(target, &s.argument).then_some(SiteRole::Inserts)
                }
                ObjectPropertyKind::ObjectProperty(property) => self
                    .is_it(target, &property.value)
                    .then_some(SiteRole::Appends),
            })
    }

    /// `new Node(v, x)`, `new Map([...x, entry])`; `new Map(x)` only copies.
    fn growing_instance(&self, target: &str, new: &NewExpression<'a>) -> Option<SiteRole> {
        let copies = matches!(self.slice(new.callee.span()), "Map" | "Set" | "Array");
        self.passes(target, &new.arguments, !copies)
            .then_some(SiteRole::Appends)
    }

    /// `x.concat(v)`, `Buffer.concat([x, v])`, `x.then(f)`, `Object.assign({}, x, v)`.
    fn growing_call(&self, target: &str, call: &CallExpression<'a>) -> Option<SiteRole> {
        let member = bare(&call.callee).as_member_expression()?;
        let object = member.object();
        let on_it = self.is_it(target, object);
        match member.static_property_name()? {
            "concat" if on_it || self.passes(target, &call.arguments, true) => {
                Some(SiteRole::Appends)
            }
            "then" | "catch" | "finally"
                if on_it || self.growing_value(target, object).is_some() =>
            {
                Some(SiteRole::Appends)
            }
            "assign" if self.passes(target, &call.arguments, true) => Some(SiteRole::Inserts),
            _ => None,
        }
    }

    fn passes(&self, target: &str, arguments: &[Argument<'a>], itself_counts: bool) -> bool {
        arguments.iter().any(|argument| match argument {
            Argument::SpreadElement(s) => self.is_it(target, &s.argument),
            argument => argument.as_expression().is_some_and(|value| {
                itself_counts && self.is_it(target, value)
                    || self.growing_value(target, value).is_some()
            }),
        })
    }
}
