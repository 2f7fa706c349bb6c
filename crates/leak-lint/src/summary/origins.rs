//! An expression into what it is made of that comes from a parameter, or is new each time: `${req.params.id}/${kind}` is made
//! of what the first parameter has under `params.id`.

use oxc_ast::AstKind;
use oxc_ast::ast::{
    Argument, ArrayExpressionElement, CallExpression, Expression, IdentifierReference,
    ObjectPropertyKind,
};
use oxc_semantic::{NodeId, SymbolId};
use oxc_syntax::operator::BinaryOperator;
use stanch_js_source::{Value, bare, literal_text};

use super::Scan;
use crate::facts::keys::{LOOKS_UP, SERIAL, is_faithful};
use crate::file::method;

/// Where a part of a value comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Origin {
    /// A parameter, or what is reached through it.
    Part(Value),
    /// A number that counts up, or a random one.
    Serial,
}

/// Names that stand for names, and expressions in expressions: followed this far.
const DEEPEST: u32 = 12;
/// Variables followed for one expression: one may be named many times, and be made of others that are.
const MOST_STEPS: u32 = 64;
/// A key is made of a few parts; a text of more is no key.
const MOST: usize = 8;

impl<'a> Scan<'_, 'a> {
    /// What an expression is made of.
    pub(super) fn origins(&self, expression: &Expression<'a>) -> Vec<Origin> {
        let mut search = Search {
            scan: self,
            around: Vec::new(),
            steps: MOST_STEPS,
        };
        let mut found = search.of(expression, DEEPEST);
        found.dedup();
        found.truncate(MOST);
        found
    }
}

struct Search<'s, 't, 'a> {
    scan: &'s Scan<'t, 'a>,
    /// The variables that are being followed: one that is made of itself tells nothing new.
    around: Vec<SymbolId>,
    /// How many more variables are followed.
    steps: u32,
}

impl<'a> Search<'_, '_, 'a> {
    fn of(&mut self, expression: &Expression<'a>, deeper: u32) -> Vec<Origin> {
        let Some(deeper) = deeper.checked_sub(1) else {
            return Vec::new();
        };
        match bare(expression) {
            Expression::Identifier(name) => self.of_name(name, deeper),
            Expression::TemplateLiteral(template) => self.of_all(&template.expressions, deeper),
            Expression::BinaryExpression(binary) if binary.operator == BinaryOperator::Addition => {
                let mut found = self.of(&binary.left, deeper);
                found.extend(self.of(&binary.right, deeper));
                found
            }
            Expression::ConditionalExpression(choice) => {
                let mut found = self.of(&choice.consequent, deeper);
                found.extend(self.of(&choice.alternate, deeper));
                found
            }
            Expression::LogicalExpression(either) => {
                let mut found = self.of(&either.left, deeper);
                found.extend(self.of(&either.right, deeper));
                found
            }
            Expression::AwaitExpression(awaited) => self.of(&awaited.argument, deeper),
            Expression::UpdateExpression(_) => vec![Origin::Serial],
            Expression::ArrayExpression(list) => {
                let elements = list.elements.iter();
                let each = elements.filter_map(ArrayExpressionElement::as_expression);
                self.of_all(each, deeper)
            }
            Expression::NewExpression(new) => self.of_all(
                new.arguments.iter().filter_map(Argument::as_expression),
                deeper,
            ),
            Expression::CallExpression(call) => self.of_call(call, deeper),
            member => match member.as_member_expression() {
                Some(of) => {
                    let object = self.of(of.object(), deeper);
                    match of.static_property_name() {
                        Some(name) => members(object, name),
                        None => object,
                    }
                }
                None => Vec::new(),
            },
        }
    }

    fn of_all<'e>(
        &mut self,
        expressions: impl IntoIterator<Item = &'e Expression<'a>>,
        deeper: u32,
    ) -> Vec<Origin>
    where
        'a: 'e,
    {
        let each = expressions.into_iter();
        each.flat_map(|one| self.of(one, deeper)).collect()
    }

    fn of_name(&mut self, name: &IdentifierReference<'a>, deeper: u32) -> Vec<Origin> {
        let parsed = self.scan.parsed;
        let scoping = parsed.semantic().scoping();
        let symbol = name
            .reference_id
            .get()
            .and_then(|reference| scoping.get_reference(reference).symbol_id());
        let Some(symbol) = symbol else {
            return Vec::new();
        };
        match parsed.parameter_of_variable(symbol) {
            Some(Value::Unknown) => return Vec::new(),
            Some(parameter) => return vec![Origin::Part(parameter)],
            None => {}
        }
        let Some(steps) = self.steps.checked_sub(1) else {
            return Vec::new();
        };
        self.steps = steps;
        if self.around.contains(&symbol) {
            return Vec::new();
        }
        self.around.push(symbol);
        let found = self.of_variable(symbol, scoping.symbol_declaration(symbol), deeper);
        self.around.pop();
        found
    }

    /// All that a variable is given.
    fn of_variable(&mut self, symbol: SymbolId, declaration: NodeId, deeper: u32) -> Vec<Origin> {
        let AstKind::VariableDeclarator(declarator) = self.scan.kind(declaration) else {
            return Vec::new();
        };
        let scoping = self.scan.parsed.semantic().scoping();
        let mut found = match &declarator.init {
            Some(init) => self.of(init, deeper),
            None => self.of_elements(declaration, deeper),
        };
        let name = scoping.symbol_name(symbol);
        for origin in &mut found {
            if let Origin::Part(value) = origin {
                *value = value.clone().taken_by(&declarator.id, name);
            }
        }
        for written in scoping.get_resolved_references(symbol) {
            if !written.is_write() {
                continue;
            }
            match self.scan.kind(self.scan.parent(written.node_id())) {
                AstKind::AssignmentExpression(assignment) => {
                    found.extend(self.of(&assignment.right, deeper));
                }
                AstKind::UpdateExpression(_) => found.push(Origin::Serial),
                _ => {}
            }
        }
        found.retain(|origin| *origin != Origin::Part(Value::Unknown));
        found
    }

    /// What a loop gives its variable: a part of each element of the list.
    fn of_elements(&mut self, declarator: NodeId, deeper: u32) -> Vec<Origin> {
        let nodes = self.scan.parsed.semantic().nodes();
        let mut around = nodes.ancestor_kinds(declarator).take(2);
        let list = around.find_map(|kind| match kind {
            AstKind::ForOfStatement(each) => Some(&each.right),
            AstKind::ForInStatement(each) => Some(&each.right),
            _ => None,
        });
        list.map_or_else(Vec::new, |list| self.of(list, deeper))
    }

    fn of_call(&mut self, call: &CallExpression<'a>, deeper: u32) -> Vec<Origin> {
        let arguments = || call.arguments.iter().filter_map(Argument::as_expression);
        let (object, name) = match method(call) {
            Some((object, name)) => (Some(object), name),
            None => match bare(&call.callee) {
                Expression::Identifier(callee) => (None, callee.name.as_str()),
                _ => return Vec::new(),
            },
        };
        if SERIAL.contains(&name) {
            return vec![Origin::Serial];
        }
        if let (Some(object), true) = (object, LOOKS_UP.contains(&name)) {
            let object = members(self.of(object, deeper), name);
            return match arguments().next().and_then(literal_text) {
                Some(key) => members(object, key),
                None => object,
            };
        }
        if name == "stringify" {
            return self.of_serialised(arguments(), deeper);
        }
        if is_faithful(name) {
            let mut found = object.map_or_else(Vec::new, |object| self.of(object, deeper));
            if is_of_texts(name) {
                found.iter_mut().for_each(as_text);
            }
            found.extend(self.of_all(arguments(), deeper));
            return found;
        }
        if let (Some(list), true) = (object, OF_LISTS.contains(&name)) {
            return self.of_list(list, name, call, deeper);
        }
        // `request.json()`, `c.req.query()`: what a part of a request gives.
        match object {
            Some(object) if call.arguments.is_empty() => members(self.of(object, deeper), name),
            _ => Vec::new(),
        }
    }

    /// What a list is made of that a method makes of another: `ids.map(Number)`, `rows.filter(isNew).map((row) => row.id)`.
    fn of_list(
        &mut self,
        list: &Expression<'a>,
        name: &str,
        call: &CallExpression<'a>,
        deeper: u32,
    ) -> Vec<Origin> {
        let elements = self.of(list, deeper);
        let callback = call.arguments.first().and_then(Argument::as_expression);
        let Some(Expression::ArrowFunctionExpression(arrow)) =
            callback.map(bare).filter(|_| name.ends_with("ap"))
        else {
            return elements;
        };
        let Some(made) = arrow.get_expression() else {
            return Vec::new();
        };
        let element = Value::Parameter(arrow.span.start, 0);
        let made = self.of(made, deeper).into_iter();
        made.flat_map(|origin| match origin {
            Origin::Part(part) if *part.root() == element => parts(&elements, &part),
            other => vec![other],
        })
        .collect()
    }

    /// What the values of a literal are made of, and any other value.
    fn of_serialised<'e>(
        &mut self,
        values: impl Iterator<Item = &'e Expression<'a>>,
        deeper: u32,
    ) -> Vec<Origin>
    where
        'a: 'e,
    {
        let mut found = Vec::new();
        for value in values {
            match bare(value) {
                Expression::ObjectExpression(literal) => {
                    for property in &literal.properties {
                        found.extend(match property {
                            ObjectPropertyKind::ObjectProperty(property) => {
                                self.of(&property.value, deeper)
                            }
                            ObjectPropertyKind::SpreadProperty(spread) => {
                                self.of(&spread.argument, deeper)
                            }
                        });
                    }
                }
                value => found.extend(self.of(value, deeper)),
            }
        }
        found
    }
}

/// Methods of lists that give a list of what is in them, or of what is made of that.
const OF_LISTS: &[&str] = &[
    "map",
    "flatMap",
    "filter",
    "sort",
    "toSorted",
    "reverse",
    "toReversed",
    "flat",
];

/// The part of each that one value is of what it starts from.
fn parts(of: &[Origin], part: &Value) -> Vec<Origin> {
    match part {
        Value::Member(inner, name) => members(parts(of, inner), name),
        _ => of.to_vec(),
    }
}

/// Whether only texts have a method of this name.
fn is_of_texts(name: &str) -> bool {
    matches!(
        name,
        "trim"
            | "trimStart"
            | "trimEnd"
            | "replace"
            | "replaceAll"
            | "toLowerCase"
            | "toUpperCase"
            | "normalize"
            | "substring"
    )
}

/// What is called like a request's objects, and is a text: `query` of an operation, `body` of a message.
fn as_text(origin: &mut Origin) {
    if let Origin::Part(value @ Value::Member(..)) = origin
        && matches!(&*value, Value::Member(_, name) if matches!(&**name, "query" | "body" | "data"))
    {
        *value = value.clone().member("text");
    }
}

/// The property of that name of each.
fn members(mut origins: Vec<Origin>, name: &str) -> Vec<Origin> {
    for origin in &mut origins {
        if let Origin::Part(value) = origin {
            *value = value.clone().member(name);
        }
    }
    origins
}
