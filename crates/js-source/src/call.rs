//! A function's position into the call it is handed to, and the calls it makes itself.

use std::collections::HashSet;

use oxc_ast::ast::{Argument, Expression};
use oxc_ast::{AstKind, AstType};
use oxc_semantic::NodeId;
use oxc_span::{GetSpan, Span};

use crate::function::FunctionRef;
use crate::limit::Limit;
use crate::parse::ParsedSource;
use crate::text::{Extent, Position};
use crate::tree::{
    Tree, argument, bare, is_function, key_name, literal_text, member_name, member_object,
    target_node,
};

/// How a call is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum CallKind {
    /// `f(…)`
    Call,
    /// `new C(…)`
    New,
    /// No call: the function is assigned to a member, as in `socket.onclose = () => …`.
    Assignment,
}

/// A call, with what a report says about it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CallSite {
    /// How it is written.
    pub kind: CallKind,
    /// The callee (or assignment target) as written, on one line: `bus.on`.
    pub callee: String,
    /// The object before the method: `bus`.
    pub object: Option<String>,
    /// The method, or the function's or class's name: `on`, `setInterval`, `Promise`.
    pub method: Option<String>,
    /// The first argument, where it is a literal text: the event of a registration.
    pub event: Option<String>,
    /// The constant delay of `setInterval`, `setTimeout` in milliseconds.
    pub delay_ms: Option<u64>,
    /// The index of the argument that leads to the function asked for.
    pub argument: Option<usize>,
    /// The option under which the function is given: `transform` in `new Transform({ transform() … })`.
    pub option: Option<String>,
    /// The variable or member the result is stored in, as written.
    pub bound_to: Option<String>,
    /// The arguments.
    pub arguments: Vec<Extent>,
    /// All of the call.
    pub extent: Extent,
    /// The function the call stands in; `None` at module level.
    pub function: Option<FunctionRef>,
}

impl ParsedSource<'_> {
    /// The call to which the function at V8's position is handed: as an argument, through a
    /// variable, a field or its name, bound, as an option, returned by a factory, or called by the
    /// function that is the argument. `None` when nothing in the file says so.
    pub fn call_around(&self, position: Position) -> Option<CallSite> {
        let function = self.tree.function_node_at(position)?;
        self.tree.call_with(function)
    }

    /// The calls a function makes itself, in the order of the text, without those of the
    /// functions inside it. A position outside all functions gives the module's.
    pub fn calls_in(&self, position: Position) -> Vec<CallSite> {
        let function = self.tree.function_node_at(position);
        self.calls_where(|node| self.tree.function_around(node) == function)
    }

    /// All calls of the text, in its order.
    pub fn calls(&self) -> Vec<CallSite> {
        self.calls_where(|_| true)
    }

    fn calls_where(&self, is_meant: impl Fn(NodeId) -> bool) -> Vec<CallSite> {
        let is_call = |kind| matches!(kind, AstKind::CallExpression(_) | AstKind::NewExpression(_));
        let nodes = self
            .tree
            .nodes_of([AstType::CallExpression, AstType::NewExpression]);
        let mut calls: Vec<CallSite> = nodes
            .filter(|node| is_call(node.kind()) && is_meant(node.id()))
            .filter_map(|node| self.tree.call_site(node.id()))
            .collect();
        calls.sort_by_key(|call| (call.extent.start, call.extent.end));
        calls
    }
}

/// Where a function value arrived.
pub(crate) struct Arrival {
    pub(crate) node: NodeId,
    argument: Option<usize>,
    option: Option<String>,
}

impl<'a> Tree<'a> {
    /// The call (or member assignment) a function is handed to.
    pub(crate) fn call_with(&self, function: NodeId) -> Option<CallSite> {
        let arrival = self.arrival(function)?;
        let mut site = self.call_site(arrival.node)?;
        site.argument = arrival.argument;
        site.option = arrival.option;
        Some(site)
    }

    /// Follows a function's value until it is an argument.
    pub(crate) fn arrival(&self, function: NodeId) -> Option<Arrival> {
        let mut flow = Flow {
            tree: self,
            seen: HashSet::new(),
            queue: vec![(function, None)],
            assigned: None,
        };
        let mut next = 0;
        while next < flow.queue.len().min(64) {
            let (node, option) = flow.queue[next].clone();
            next += 1;
            if let Some(arrival) = flow.follow(node, option) {
                return Some(arrival);
            }
        }
        flow.assigned
    }

    /// A call, `new` or assignment node with its description.
    pub(crate) fn call_site(&self, node: NodeId) -> Option<CallSite> {
        let (kind, callee, arguments): (_, Span, &[Argument<'a>]) = match self.kind(node) {
            AstKind::CallExpression(call) => (CallKind::Call, call.callee.span(), &call.arguments),
            AstKind::NewExpression(new) => (CallKind::New, new.callee.span(), &new.arguments),
            AstKind::AssignmentExpression(assignment) => {
                (CallKind::Assignment, assignment.left.span(), &[])
            }
            _ => return None,
        };
        let (object, method) = self.object_and_method(node);
        let is_timer = matches!(method.as_deref(), Some("setInterval" | "setTimeout"));
        Some(CallSite {
            kind,
            callee: self.brief(callee),
            object,
            event: argument(arguments, 0)
                .and_then(literal_text)
                .map(str::to_string),
            delay_ms: if is_timer {
                argument(arguments, 1).and_then(|delay| self.whole_number(delay))
            } else {
                None
            },
            method,
            argument: None,
            option: None,
            bound_to: self.bound_to(node),
            arguments: arguments.iter().map(|a| self.extent(a.span())).collect(),
            extent: self.extent(self.span(node)),
            function: self.function_around(node).map(|f| self.function_ref(f)),
        })
    }

    fn object_and_method(&self, node: NodeId) -> (Option<String>, Option<String>) {
        let callee = match self.kind(node) {
            AstKind::CallExpression(call) => AstKind::from_expression(bare(&call.callee)),
            AstKind::NewExpression(new) => AstKind::from_expression(bare(&new.callee)),
            AstKind::AssignmentExpression(assignment) => match target_node(&assignment.left) {
                Some(target) => self.kind(target),
                None => return (None, None),
            },
            _ => return (None, None),
        };
        match callee {
            AstKind::IdentifierReference(identifier) => (None, Some(identifier.name.to_string())),
            callee => (
                member_object(callee).map(|object| self.brief(object.span())),
                member_name(callee).map(|name| name.into_owned()),
            ),
        }
    }

    /// The variable or member a call's result goes to, looking through `await` and chains.
    fn bound_to(&self, node: NodeId) -> Option<String> {
        let mut child = node;
        while let Some(parent) = self.parent(child) {
            match self.kind(parent) {
                AstKind::VariableDeclarator(declarator) => {
                    return Some(self.brief(declarator.id.span()));
                }
                AstKind::AssignmentExpression(assignment)
                    if assignment.left.span() != self.span(child) =>
                {
                    return Some(self.brief(assignment.left.span()));
                }
                AstKind::PropertyDefinition(field) => {
                    return key_name(&field.key).map(|name| format!("this.{name}"));
                }
                AstKind::AwaitExpression(_)
                | AstKind::ParenthesizedExpression(_)
                | AstKind::ChainExpression(_)
                | AstKind::TSAsExpression(_)
                | AstKind::TSNonNullExpression(_)
                | AstKind::LogicalExpression(_) => child = parent,
                _ => return None,
            }
        }
        None
    }

    /// The period or delay of the timer that runs this function, following at most two
    /// callers: the function itself, and the callback that calls it.
    pub(crate) fn timer_of(&self, function: NodeId) -> Option<Limit> {
        let mut inner = Some(function);
        while let Some(current) = inner {
            if let Some(delay) = self
                .arrival(current)
                .and_then(|arrival| self.delay_of(arrival.node))
            {
                return Some(delay);
            }
            inner = self.function_around(current);
        }
        None
    }

    fn delay_of(&self, call: NodeId) -> Option<Limit> {
        let (_, method) = self.object_and_method(call);
        let is_timer = matches!(method.as_deref(), Some("setInterval" | "setTimeout"));
        match self.kind(call) {
            AstKind::CallExpression(call) if is_timer => self.limit(argument(&call.arguments, 1)?),
            _ => None,
        }
    }
}

/// The search for the call a function value arrives at.
struct Flow<'t, 'a> {
    tree: &'t Tree<'a>,
    seen: HashSet<NodeId>,
    queue: Vec<(NodeId, Option<String>)>,
    /// The first member it was assigned to, should no call turn up.
    assigned: Option<Arrival>,
}

impl<'a> Flow<'_, 'a> {
    fn push(&mut self, node: NodeId, option: Option<String>) {
        if self.seen.insert(node) {
            self.queue.push((node, option));
        }
    }

    /// Climbs from an expression that is the function.
    fn follow(&mut self, start: NodeId, mut option: Option<String>) -> Option<Arrival> {
        let tree = self.tree;
        if is_function(tree.kind(start)) {
            self.follow_name(start, option.clone());
        }
        let mut node = start;
        while let Some(parent) = tree.parent(node) {
            let span = tree.span(node);
            match tree.kind(parent) {
                AstKind::ParenthesizedExpression(_)
                | AstKind::TSAsExpression(_)
                | AstKind::TSSatisfiesExpression(_)
                | AstKind::TSNonNullExpression(_)
                | AstKind::ChainExpression(_)
                | AstKind::LogicalExpression(_)
                | AstKind::ConditionalExpression(_)
                | AstKind::ArrayExpression(_)
                | AstKind::ObjectExpression(_)
                | AstKind::SpreadElement(_) => {}
                AstKind::ObjectProperty(property) if property.value.span() == span => {
                    option = key_name(&property.key).map(|name| name.into_owned());
                }
                // `f.bind(…)` is f; of other members nothing is known.
                kind if member_object(kind).is_some_and(|object| object.span() == span) => {
                    if !crate::declaration::is_named(kind, "bind") {
                        return None;
                    }
                }
                _ => return self.settle(node, parent, option),
            }
            node = parent;
        }
        None
    }

    /// The value leaves the expression: into a call, a name, a member, or the caller.
    fn settle(&mut self, node: NodeId, parent: NodeId, option: Option<String>) -> Option<Arrival> {
        let tree = self.tree;
        let span = tree.span(node);
        match tree.kind(parent) {
            AstKind::CallExpression(call) => {
                return self.at_call(parent, &call.callee, &call.arguments, span, option);
            }
            AstKind::NewExpression(new) if new.callee.span() != span => {
                return Some(arrival(parent, &new.arguments, span, option));
            }
            AstKind::VariableDeclarator(declarator) if declarator.id.span() != span => {
                let symbol = declarator.id.get_binding_identifier()?.symbol_id.get()?;
                for reference in tree.references(symbol) {
                    self.push(reference, option.clone());
                }
            }
            AstKind::AssignmentExpression(assignment) if assignment.right.span() == span => {
                let target = target_node(&assignment.left)?;
                self.follow_member(target, option.clone());
                if self.assigned.is_none() && member_object(tree.kind(target)).is_some() {
                    self.assigned = Some(Arrival {
                        node: parent,
                        argument: None,
                        option,
                    });
                }
            }
            AstKind::ReturnStatement(_) | AstKind::ArrowFunctionExpression(_) => {
                self.given_back(node, &option);
            }
            _ => {}
        }
        None
    }

    fn at_call(
        &mut self,
        call: NodeId,
        callee: &Expression<'a>,
        arguments: &[Argument<'a>],
        span: Span,
        option: Option<String>,
    ) -> Option<Arrival> {
        let tree = self.tree;
        if callee.span() != span {
            return Some(arrival(call, arguments, span, option));
        }
        let bare_callee = AstKind::from_expression(bare(callee));
        if crate::declaration::is_named(bare_callee, "bind") {
            self.push(call, option);
            return None;
        }
        // Called, not handed on: the function around may be the one that is.
        if let Some(caller) = tree.function_around(call) {
            self.push(caller, option);
        }
        None
    }

    /// The function is what a factory gives: its calls have the value.
    fn given_back(&mut self, node: NodeId, option: &Option<String>) {
        if let Some(factory) = self.tree.function_around(node) {
            for call in self.tree.calls_of(factory) {
                self.push(*call, option.clone());
            }
        }
    }

    /// References to a function declaration, or to the method it is.
    fn follow_name(&mut self, function: NodeId, option: Option<String>) {
        let tree = self.tree;
        if let AstKind::Function(node) = tree.kind(function)
            && let Some(symbol) = node.id.as_ref().and_then(|id| id.symbol_id.get())
        {
            for reference in tree.references(symbol) {
                self.push(reference, option.clone());
            }
        }
        let Some(parent) = tree.parent(function) else {
            return;
        };
        let key = match tree.kind(parent) {
            AstKind::MethodDefinition(method) => &method.key,
            AstKind::PropertyDefinition(field) => &field.key,
            AstKind::ObjectProperty(property) if property.method => &property.key,
            _ => return,
        };
        if let Some(name) = key_name(key) {
            self.follow_this_member(function, &name, option);
        }
    }

    /// `this.handler` wherever `this` is of the function's class.
    fn follow_this_member(&mut self, function: NodeId, name: &str, option: Option<String>) {
        let tree = self.tree;
        let owner = tree.nodes().ancestor_ids(function).find(|around| {
            matches!(
                tree.kind(*around),
                AstKind::Class(_) | AstKind::ObjectExpression(_)
            )
        });
        let Some(owner) = owner else {
            return;
        };
        let family = tree.family(owner);
        for member in tree.members_named(name) {
            if let Some(object) = member_object(tree.kind(*member))
                && let Expression::ThisExpression(this) = bare(object)
                && Tree::is_instance(tree.owner_at(this.node_id.get()), &family)
            {
                self.push(*member, option.clone());
            }
        }
    }

    /// Other mentions of the member (or variable) a function was assigned to.
    fn follow_member(&mut self, target: NodeId, option: Option<String>) {
        let tree = self.tree;
        let Some((root, path)) = tree.root_and_path(target) else {
            return;
        };
        let pattern = crate::holder::Pattern::whole(root, path);
        for found in crate::places::uses(tree, vec![pattern]).iter() {
            if found.level == crate::holder::Level::Whole && found.node != target {
                self.push(found.node, option.clone());
            }
        }
    }
}

fn arrival(
    node: NodeId,
    arguments: &[Argument<'_>],
    span: Span,
    option: Option<String>,
) -> Arrival {
    Arrival {
        node,
        argument: arguments
            .iter()
            .position(|argument| argument.span().contains_inclusive(span)),
        option,
    }
}
