//! A holder's patterns into all expressions that stand for it: through members, aliases,
//! destructuring, parameters and results of functions in the same file.

use std::rc::Rc;

use oxc_ast::ast::{
    AssignmentOperator, AssignmentTarget, AssignmentTargetProperty, BindingPattern, Expression,
    ForStatementLeft, MethodDefinitionKind,
};
use oxc_ast::{AstKind, AstType};
use oxc_semantic::{NodeId, SymbolId};
use oxc_span::{GetSpan, Span};
use rustc_hash::FxHashSet;

use crate::holder::{Level, Pattern, Root};
use crate::owner::Owner;
use crate::tree::{Tree, argument, bare, member_object};

/// An expression that stands for the holder, or for a value in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Use {
    pub(crate) node: NodeId,
    pub(crate) level: Level,
}

/// Aliases breed aliases: a file where they go on past this many tells nothing more.
const MOST_PATTERNS: usize = 160;
/// Longer chains of names come only from patterns that feed themselves.
const LONGEST_PATH: usize = 6;

/// All expressions that the patterns match, in the order of the text.
pub(crate) fn uses(tree: &Tree<'_>, patterns: Vec<Pattern>) -> Rc<[Use]> {
    // What makes a holder grow, what empties it and where it goes are asked one after the other.
    if let Some(known) = tree.uses.borrow().get(&patterns) {
        return known.clone();
    }
    let found: Rc<[Use]> = matched(tree, patterns.clone()).into();
    tree.uses.borrow_mut().insert(patterns, found.clone());
    found
}

fn matched(tree: &Tree<'_>, patterns: Vec<Pattern>) -> Vec<Use> {
    let mut search = Search {
        tree,
        seen: FxHashSet::default(),
        queue: Vec::new(),
        uses: Vec::new(),
    };
    for pattern in patterns {
        search.enqueue(pattern);
    }
    let mut next = 0;
    while next < search.queue.len().min(MOST_PATTERNS) {
        let pattern = search.queue[next].clone();
        next += 1;
        for (node, depth) in search.starts(&pattern) {
            search.climb(node, &pattern.path[depth..], pattern.level);
        }
    }
    search
        .uses
        .sort_by_key(|found| (tree.span(found.node).start, found.node, found.level));
    search.uses.dedup_by_key(|found| found.node);
    search.uses
}

struct Search<'t, 'a> {
    tree: &'t Tree<'a>,
    seen: FxHashSet<Pattern>,
    queue: Vec<Pattern>,
    uses: Vec<Use>,
}

impl<'a> Search<'_, 'a> {
    fn enqueue(&mut self, pattern: Pattern) {
        if pattern.path.len() <= LONGEST_PATH && self.seen.insert(pattern.clone()) {
            self.queue.push(pattern);
        }
    }

    fn add(&mut self, root: Root, path: &[String], level: Level) {
        self.enqueue(Pattern {
            root,
            path: path.to_vec(),
            level,
        });
    }

    /// The nodes where a pattern starts, with how many of its names they already cover.
    fn starts(&self, pattern: &Pattern) -> Vec<(NodeId, usize)> {
        let tree = self.tree;
        match &pattern.root {
            Root::Symbol(symbol) => {
                let mut starts: Vec<_> = tree
                    .references(*symbol)
                    .into_iter()
                    .map(|n| (n, 0))
                    .collect();
                if !pattern.path.is_empty() {
                    starts.extend(self.this_of_symbol(*symbol).into_iter().map(|n| (n, 0)));
                }
                starts
            }
            Root::Instance(owners) => {
                let mut starts = self.instance_starts(owners, &pattern.path);
                if owners.is_empty() {
                    starts.extend(self.named_starts(&pattern.path));
                }
                starts
            }
            Root::Anything => self.named_starts(&pattern.path),
            Root::Undeclared(name) => tree.undeclared(name).into_iter().map(|n| (n, 0)).collect(),
            Root::Result(function) => tree.calls_of(*function).iter().map(|n| (*n, 0)).collect(),
            Root::Expression(node) => vec![(*node, 0)],
        }
    }

    /// `this` in the static code of a class, and in the methods of an object literal.
    fn this_of_symbol(&self, symbol: SymbolId) -> Vec<NodeId> {
        let tree = self.tree;
        let declaration = tree.scoping().symbol_declaration(symbol);
        let literal = match tree.kind(declaration) {
            AstKind::VariableDeclarator(declarator) => declarator
                .init
                .as_ref()
                .map(|init| AstKind::from_expression(bare(init)).node_id()),
            _ => None,
        };
        let classes = [Some(declaration), tree.callable_of_symbol(symbol)];
        let classes = classes.into_iter().flatten().map(Owner::Class);
        let owners = [Owner::Object(symbol)].into_iter().chain(classes);
        tree.this_of(owners.chain(literal.map(Owner::Instance)))
    }

    /// Members of the path's first name on anything but the `this` of a class or literal, whose own fields they would be.
    fn named_starts(&self, path: &[String]) -> Vec<(NodeId, usize)> {
        let Some(first) = path.first() else {
            return Vec::new();
        };
        let is_it = |member: &NodeId| {
            let object = member_object(self.tree.kind(*member)).map(bare);
            object.is_some_and(|object| match object {
                Expression::ThisExpression(this) => self.tree.is_given_this(this.node_id.get()),
                _ => true,
            })
        };
        let members = self.tree.members_named(first).iter();
        members
            .filter(|member| is_it(member))
            .map(|member| (*member, 1))
            .collect()
    }

    fn instance_starts(&self, owners: &[NodeId], path: &[String]) -> Vec<(NodeId, usize)> {
        let tree = self.tree;
        let this = if owners.is_empty() {
            tree.this_of_instances()
        } else {
            tree.this_of(owners.iter().copied().map(Owner::Instance))
        };
        let mut starts: Vec<_> = this.into_iter().map(|node| (node, 0)).collect();
        // `super.set(key, value)`
        if path.is_empty() {
            let all = tree.nodes_of([AstType::Super]);
            let bases = all.filter(|node| matches!(node.kind(), AstKind::Super(_)));
            let own = bases.filter(|node| {
                let class = tree.class_around(node.id());
                class.is_some_and(|class| owners.contains(&class))
            });
            starts.extend(own.map(|node| (node.id(), 0)));
        }
        // Any object before a private name is an instance of the class around it.
        if let Some(private) = path.first().filter(|name| name.starts_with('#')) {
            let is_start = |member: &NodeId| {
                let object = member_object(tree.kind(*member)).map(bare);
                let is_other = !matches!(object, Some(Expression::ThisExpression(_)));
                is_other
                    && tree
                        .class_around(*member)
                        .is_some_and(|class| owners.is_empty() || owners.contains(&class))
            };
            let members = tree.members_named(private).iter();
            starts.extend(
                members
                    .filter(|member| is_start(member))
                    .map(|member| (*member, 1)),
            );
        }
        if !owners.is_empty() {
            let constructions = tree.constructions().iter();
            starts.extend(constructions.filter_map(|(new, class)| {
                let is_start = class.is_some_and(|class| owners.contains(&class));
                is_start.then_some((*new, 0))
            }));
        }
        starts
    }

    /// Follows the value of a node upwards: what is `path` away from it is the holder.
    fn climb(&mut self, node: NodeId, path: &[String], level: Level) {
        let mut node = node;
        let mut path = path;
        loop {
            if path.is_empty() {
                self.uses.push(Use { node, level });
            }
            let Some(parent) = self.tree.parent(node) else {
                return;
            };
            match self.step(node, parent, path, level) {
                Step::Same => node = parent,
                Step::Into => {
                    node = parent;
                    path = &path[1..];
                }
                Step::Element(element) => return self.climb(element, &[], Level::Element),
                Step::Chained(call) => node = call,
                Step::Stop => return,
            }
        }
    }

    fn step(&mut self, node: NodeId, parent: NodeId, path: &[String], level: Level) -> Step {
        let span = self.tree.span(node);
        match self.tree.kind(parent) {
            AstKind::ParenthesizedExpression(_)
            | AstKind::TSAsExpression(_)
            | AstKind::TSSatisfiesExpression(_)
            | AstKind::TSNonNullExpression(_)
            | AstKind::TSTypeAssertion(_)
            | AstKind::ChainExpression(_)
            | AstKind::AwaitExpression(_) => Step::Same,
            AstKind::LogicalExpression(logical) => {
                let is_guard = logical.operator == oxc_syntax::operator::LogicalOperator::And
                    && logical.left.span() == span;
                if is_guard { Step::Stop } else { Step::Same }
            }
            AstKind::ConditionalExpression(choice) if choice.test.span() != span => Step::Same,
            AstKind::SequenceExpression(sequence)
                if sequence
                    .expressions
                    .last()
                    .is_some_and(|last| last.span() == span) =>
            {
                Step::Same
            }
            kind if member_object(kind).is_some_and(|object| object.span() == span) => {
                self.step_into_member(parent, path)
            }
            kind => self.step_aside(kind, node, path, level),
        }
    }

    fn step_into_member(&mut self, member: NodeId, path: &[String]) -> Step {
        let tree = self.tree;
        let name = tree.member_name(tree.kind(member));
        if let Some(expected) = path.first() {
            let matches = name.as_deref() == Some(expected.as_str());
            return if matches { Step::Into } else { Step::Stop };
        }
        if let Some(call) = tree.call_of_method(member) {
            return self.step_over_call(call, name.as_deref().unwrap_or_default());
        }
        match name.as_deref() {
            Some("length" | "size" | "prototype" | "constructor") => Step::Stop,
            _ => Step::Element(member),
        }
    }

    /// What a method of the holder gives: a value in it, itself, or something else.
    fn step_over_call(&mut self, call: NodeId, method: &str) -> Step {
        match method {
            "get" | "at" | "find" | "findLast" => Step::Element(call),
            "set" | "add" | "on" | "once" | "addListener" | "prependListener" => {
                Step::Chained(call)
            }
            "values" | "entries" => {
                let parent = self.tree.parent(call).map(|parent| self.tree.kind(parent));
                if let Some(AstKind::ForOfStatement(each)) = parent
                    && each.right.span() == self.tree.span(call)
                {
                    self.iterate(&each.left, Level::Element);
                }
                Step::Stop
            }
            "forEach" | "map" | "filter" | "some" | "every" => {
                let AstKind::CallExpression(node) = self.tree.kind(call) else {
                    return Step::Stop;
                };
                let callback = argument(&node.arguments, 0).and_then(|a| self.tree.callable(a));
                if let Some(callback) = callback {
                    self.bind_parameter(callback, 0, &[], Level::Element);
                }
                Step::Stop
            }
            _ => Step::Stop,
        }
    }

    /// Notes the aliases a value gets where it leaves the expression.
    fn step_aside(
        &mut self,
        parent: AstKind<'a>,
        node: NodeId,
        path: &[String],
        level: Level,
    ) -> Step {
        let span = self.tree.span(node);
        match parent {
            AstKind::AssignmentExpression(assignment) if assignment.right.span() == span => {
                self.assign(&assignment.left, path, level);
                return Step::Same;
            }
            AstKind::AssignmentExpression(assignment) => {
                let default = matches!(
                    assignment.operator,
                    AssignmentOperator::LogicalOr | AssignmentOperator::LogicalNullish
                );
                return if default { Step::Same } else { Step::Stop };
            }
            AstKind::CallExpression(call) if call.callee.span() != span => {
                let index = call.arguments.iter().position(|a| a.span() == span);
                let callee = self.tree.callee_node(&call.callee);
                self.pass(callee, index, path, level);
                match (path, index) {
                    ([_], Some(0)) => self.all_of_an_object(call, level),
                    ([], Some(0)) => self.all_of_an_object(call, Level::Element),
                    _ => {}
                }
            }
            AstKind::NewExpression(new) if new.callee.span() != span => {
                let index = new.arguments.iter().position(|a| a.span() == span);
                let callee = self.tree.callable(&new.callee);
                let callee = callee.and_then(|class| self.tree.constructor_of(class));
                self.pass(callee, index, path, level);
            }
            AstKind::ReturnStatement(_) | AstKind::ArrowFunctionExpression(_) => {
                self.give_back(node, path, level);
            }
            parent => self.name_it(parent, span, path, level),
        }
        Step::Stop
    }

    /// Notes the names a value gets where it is declared, destructured, iterated or put in an
    /// object.
    fn name_it(&mut self, parent: AstKind<'a>, span: Span, path: &[String], level: Level) {
        match parent {
            AstKind::VariableDeclarator(declarator) if declarator.id.span() != span => {
                self.bind(&declarator.id, path, level);
            }
            AstKind::AssignmentPattern(pattern) if pattern.right.span() == span => {
                self.bind(&pattern.left, path, level);
            }
            AstKind::FormalParameter(parameter) if parameter.pattern.span() != span => {
                self.bind(&parameter.pattern, path, level);
            }
            AstKind::ObjectProperty(property) if property.value.span() == span => {
                self.put_in_literal(property.node_id.get(), path, level);
            }
            AstKind::PropertyDefinition(field) if field.key.span() != span => {
                self.put_in_field(field.node_id.get(), path, level);
            }
            AstKind::ForOfStatement(each) if each.right.span() == span && path.is_empty() => {
                self.iterate(&each.left, Level::Element);
            }
            _ => {}
        }
    }

    /// `for (const table of Object.values(state)) …`: what is one name away from an object is each of them in turn.
    fn all_of_an_object(&mut self, call: &oxc_ast::ast::CallExpression<'a>, level: Level) {
        if !matches!(
            self.tree.slice(call.callee.span()),
            "Object.values" | "Object.entries"
        ) {
            return;
        }
        let Some(parent) = self.tree.parent(call.node_id.get()) else {
            return;
        };
        match self.tree.kind(parent) {
            AstKind::ForOfStatement(each) if each.right.span() == call.span => {
                self.iterate(&each.left, level);
            }
            AstKind::StaticMemberExpression(member) if member.property.name == "forEach" => {
                let Some(AstKind::CallExpression(each)) = self
                    .tree
                    .call_of_method(parent)
                    .map(|it| self.tree.kind(it))
                else {
                    return;
                };
                let callback = argument(&each.arguments, 0).and_then(|it| self.tree.callable(it));
                let parameters = callback.and_then(|it| self.tree.parameters(it));
                if let Some(first) = parameters.and_then(|all| all.items.first()) {
                    self.bind_one(&first.pattern, level);
                }
            }
            _ => {}
        }
    }

    fn bind(&mut self, pattern: &BindingPattern<'a>, path: &[String], level: Level) {
        match pattern {
            BindingPattern::BindingIdentifier(identifier) => {
                if let Some(symbol) = identifier.symbol_id.get() {
                    self.add(Root::Symbol(symbol), path, level);
                }
            }
            BindingPattern::AssignmentPattern(default) => self.bind(&default.left, path, level),
            BindingPattern::ObjectPattern(object) => {
                let Some((first, rest)) = path.split_first() else {
                    return;
                };
                for property in &object.properties {
                    if self.tree.key_name(&property.key).as_deref() == Some(first.as_str()) {
                        self.bind(&property.value, rest, level);
                    }
                }
            }
            BindingPattern::ArrayPattern(_) => {}
        }
    }

    fn assign(&mut self, target: &AssignmentTarget<'a>, path: &[String], level: Level) {
        if let AssignmentTarget::ObjectAssignmentTarget(object) = target {
            let Some((first, rest)) = path.split_first() else {
                return;
            };
            for property in &object.properties {
                if let AssignmentTargetProperty::AssignmentTargetPropertyIdentifier(property) =
                    property
                    && property.binding.name.as_str() == first
                    && let Some(symbol) = self.tree.symbol_of_reference(&property.binding)
                {
                    self.add(Root::Symbol(symbol), rest, level);
                }
            }
            return;
        }
        let Some(node) = crate::tree::target_node(target) else {
            return;
        };
        if let Some((root, mut names)) = self.tree.root_and_path(node) {
            names.extend(path.iter().cloned());
            self.add(root, &names, level);
        }
    }

    fn pass(
        &mut self,
        callee: Option<NodeId>,
        index: Option<usize>,
        path: &[String],
        level: Level,
    ) {
        if let (Some(callee), Some(index)) = (callee, index) {
            self.bind_parameter(callee, index, path, level);
        }
    }

    fn bind_parameter(&mut self, function: NodeId, index: usize, path: &[String], level: Level) {
        let parameter = self
            .tree
            .parameters(function)
            .and_then(|parameters| parameters.items.get(index));
        if let Some(parameter) = parameter {
            self.bind(&parameter.pattern, path, level);
        }
    }

    /// The value is what the function around gives; a getter's is its property.
    fn give_back(&mut self, node: NodeId, path: &[String], level: Level) {
        let tree = self.tree;
        let Some(function) = tree.function_around(node) else {
            return;
        };
        if let Some(parent) = tree.parent(function)
            && let AstKind::MethodDefinition(method) = tree.kind(parent)
            && method.kind == MethodDefinitionKind::Get
        {
            return self.put_in_field(parent, path, level);
        }
        self.add(Root::Result(function), path, level);
    }

    fn put_in_literal(&mut self, property: NodeId, path: &[String], level: Level) {
        let AstKind::ObjectProperty(node) = self.tree.kind(property) else {
            return;
        };
        if let (Some(name), Some(literal)) =
            (self.tree.key_name(&node.key), self.tree.parent(property))
        {
            let mut names = vec![name.into_owned()];
            names.extend(path.iter().cloned());
            self.add(Root::Expression(literal), &names, level);
        }
    }

    fn put_in_field(&mut self, field: NodeId, path: &[String], level: Level) {
        let tree = self.tree;
        let (key, is_static) = match tree.kind(field) {
            AstKind::PropertyDefinition(field) => (&field.key, field.r#static),
            AstKind::MethodDefinition(method) => (&method.key, method.r#static),
            _ => return,
        };
        if let (Some(name), Some(class), false) =
            (tree.key_name(key), tree.class_around(field), is_static)
        {
            let mut names = vec![name.into_owned()];
            names.extend(path.iter().cloned());
            self.add(Root::Instance(tree.family(class)), &names, level);
        }
    }

    /// One of many: a value, or an entry of which the second is the value.
    fn bind_one(&mut self, pattern: &BindingPattern<'a>, level: Level) {
        match pattern {
            BindingPattern::ArrayPattern(entry) => {
                if let Some(Some(value)) = entry.elements.get(1) {
                    self.bind(value, &[], level);
                }
            }
            pattern => self.bind(pattern, &[], level),
        }
    }

    fn iterate(&mut self, left: &ForStatementLeft<'a>, level: Level) {
        let ForStatementLeft::VariableDeclaration(declaration) = left else {
            return;
        };
        for declarator in &declaration.declarations {
            self.bind_one(&declarator.id, level);
        }
    }
}

/// Where the value of a node goes next.
enum Step {
    /// The parent is the same value.
    Same,
    /// The parent is the next property on the path.
    Into,
    /// This node is a value kept in the holder.
    Element(NodeId),
    /// This call gives the holder itself.
    Chained(NodeId),
    /// Nowhere that is known.
    Stop,
}
