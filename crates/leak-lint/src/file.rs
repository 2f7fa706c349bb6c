//! One parsed file with what every rule asks of it.

use std::cell::{OnceCell, RefCell};
use std::collections::HashSet;

use oxc_ast::ast::{Argument, AssignmentExpression, CallExpression, Expression};
use oxc_ast::{AstKind, AstType};
use oxc_semantic::{AstNode, AstNodes, NodeId, ScopeId, SymbolId};
use oxc_span::{GetSpan, Span};
use rustc_hash::FxHashMap;
use stanch_js_source::{Extent, ImportedName, ParsedSource, Value, bare, is_function};

use crate::facts::ends;
use crate::facts::fields::Fields;
use crate::facts::fillers::{Filler, fillers};
use crate::facts::holders::{self, Holder as Kept};
use crate::facts::insertions::{Insertion, insertions};
use crate::facts::keys::Domain;
use crate::facts::listeners::Listeners;
use crate::facts::page;
use crate::facts::platform::Looked;
use crate::finding::Label;
use crate::options::Options;
use crate::project::{Calls, Elsewhere, FileIndex, Heat, Holder, Meaning, Project, Receiver, Site};
use crate::summary::place;

/// A file under the rules.
pub(crate) struct File<'s, 'a> {
    pub(crate) parsed: &'s ParsedSource<'a>,
    /// What the project's configuration says.
    pub(crate) options: &'s Options,
    /// What is known of all files together.
    pub(crate) project: &'s Project,
    /// Which of the project's files it is.
    pub(crate) index: FileIndex,
    /// How many values its variables have, as far as that was asked.
    pub(crate) domains: RefCell<FxHashMap<SymbolId, Domain>>,
    calls: OnceCell<Vec<(NodeId, &'a CallExpression<'a>)>>,
    assignments: OnceCell<Vec<(NodeId, &'a AssignmentExpression<'a>)>>,
    listeners: OnceCell<Listeners<'a>>,
    fields: OnceCell<Fields<'a>>,
    kept: OnceCell<Vec<Kept<'a>>>,
    /// What fills each of them, in the same order, as far as that was asked.
    filled: OnceCell<Vec<OnceCell<Vec<Insertion<'a>>>>>,
    /// What expressions name that is not of the project, as far as that was asked.
    pub(crate) foreign: Looked,
    exported_locals: OnceCell<HashSet<String>>,
    fillers: OnceCell<Vec<Filler<'a>>>,
    ends: OnceCell<bool>,
    is_of_a_page: OnceCell<bool>,
    /// Names that fixes declare, and where: two fixes are often applied together.
    pub(crate) new_names: RefCell<Vec<(ScopeId, String)>>,
}

impl<'s, 'a> File<'s, 'a> {
    pub(crate) fn new(
        parsed: &'s ParsedSource<'a>,
        project: &'s Project,
        index: FileIndex,
    ) -> Self {
        Self {
            parsed,
            options: project.options(),
            project,
            index,
            domains: RefCell::default(),
            calls: OnceCell::new(),
            assignments: OnceCell::new(),
            listeners: OnceCell::new(),
            fields: OnceCell::new(),
            kept: OnceCell::new(),
            filled: OnceCell::new(),
            foreign: Looked::default(),
            exported_locals: OnceCell::new(),
            fillers: OnceCell::new(),
            ends: OnceCell::new(),
            is_of_a_page: OnceCell::new(),
            new_names: RefCell::default(),
        }
    }

    pub(crate) fn nodes(&self) -> &AstNodes<'a> {
        self.parsed.semantic().nodes()
    }

    /// All nodes of these kinds, in the order of the tree.
    pub(crate) fn nodes_of<const N: usize>(
        &self,
        kinds: [AstType; N],
    ) -> impl Iterator<Item = &AstNode<'a>> {
        self.parsed.nodes_of(kinds)
    }

    pub(crate) fn kind(&self, node: NodeId) -> AstKind<'a> {
        self.nodes().kind(node)
    }

    /// The node around another, parentheses, casts and the marks of optional chains not counted.
    pub(crate) fn parent(&self, node: NodeId) -> NodeId {
        parent(self.parsed, node)
    }

    /// All calls, in the order of the text.
    pub(crate) fn calls(&self) -> &[(NodeId, &'a CallExpression<'a>)] {
        self.calls.get_or_init(|| {
            let calls =
                self.nodes_of([AstType::CallExpression])
                    .filter_map(|node| match node.kind() {
                        AstKind::CallExpression(call) => Some((node.id(), call)),
                        _ => None,
                    });
            let mut calls: Vec<_> = calls.collect();
            // They are nearly so: only decorators are visited late.
            calls.sort_by_key(|(_, call)| call.span.start);
            calls
        })
    }

    /// The calls in a part of the text.
    pub(crate) fn calls_within(
        &self,
        part: Span,
    ) -> impl Iterator<Item = &(NodeId, &'a CallExpression<'a>)> {
        let calls = self.calls();
        let first = calls.partition_point(|(_, call)| call.span.start < part.start);
        let after = calls.get(first..).unwrap_or_default().iter();
        after
            .take_while(move |(_, call)| call.span.start < part.end)
            .filter(move |(_, call)| part.contains_inclusive(call.span))
    }

    /// All assignments, in the order of the text.
    pub(crate) fn assignments(&self) -> &[(NodeId, &'a AssignmentExpression<'a>)] {
        self.assignments.get_or_init(|| {
            let nodes = self.nodes_of([AstType::AssignmentExpression]);
            let assignments = nodes.filter_map(|node| match node.kind() {
                AstKind::AssignmentExpression(assignment) => Some((node.id(), assignment)),
                _ => None,
            });
            assignments.collect()
        })
    }

    /// Where the fields of the file's classes get their values.
    pub(crate) fn fields(&self) -> &Fields<'a> {
        self.fields.get_or_init(|| Fields::of(self))
    }

    /// The listeners that the file adds and takes off.
    pub(crate) fn listeners(&self) -> &Listeners<'a> {
        self.listeners.get_or_init(|| Listeners::of(self))
    }

    /// The function of `node:events` that an expression names.
    pub(crate) fn events_function(&self, callee: &Expression<'a>) -> Option<String> {
        let (module, name) = self.parsed.import_of(callee)?;
        match name {
            ImportedName::Named(name) if matches!(module.as_str(), "events" | "node:events") => {
                Some(name)
            }
            _ => None,
        }
    }

    /// Whether the file belongs to a program that ends by itself, or to a page, and takes along what it keeps.
    pub(crate) fn ends(&self) -> bool {
        *self
            .ends
            .get_or_init(|| self.is_of_a_page() || ends::ends(self))
    }

    /// Whether the file is code of a page: what listens there goes with the page.
    pub(crate) fn is_of_a_page(&self) -> bool {
        *self.is_of_a_page.get_or_init(|| page::is_of_a_page(self))
    }

    /// How the code at a node comes to run again and again, if it does: it or a function around it is hot.
    pub(crate) fn heat(&self, node: NodeId) -> Option<Heat> {
        let functions = std::iter::successors(self.function_around(node), |inner| {
            self.function_around(*inner)
        });
        let heats = functions.filter_map(|function| self.project.heat(self.site(function)));
        heats.max()
    }

    /// Whether a function, or one around it, runs for each request or message.
    pub(crate) fn is_hot(&self, function: NodeId) -> bool {
        self.project.heat(self.site(function)).is_some() || self.heat(function).is_some()
    }

    /// Whether a function, or the class whose constructor it is, runs for each unit of work: a handler calls it, directly or
    /// through others, and no condition stands between.
    pub(crate) fn is_surely_hot(&self, function: NodeId) -> bool {
        self.project.is_surely_hot(self.site(function))
    }

    /// Whether a function, or the class whose constructor it is, runs for each new key of a table from which entries are taken
    /// as well: a room, a session.
    pub(crate) fn is_hot_for_each_key(&self, function: NodeId) -> bool {
        self.project.is_hot_for_each_key(self.site(function))
    }

    /// Whether a function takes a request, or runs whenever one that does runs.
    pub(crate) fn is_surely_served(&self, function: NodeId) -> bool {
        self.project.is_surely_served(self.site(function))
    }

    /// Whether all who call a function drop what it gives back.
    pub(crate) fn is_result_dropped(&self, function: NodeId) -> bool {
        self.project.is_result_dropped(self.site(function))
    }

    /// Whether somebody calls a function for each unit of work and drops what it gives back, whatever others do.
    pub(crate) fn is_left_again(&self, function: NodeId) -> bool {
        self.project.is_left_again(self.site(function))
    }

    /// Whether somebody calls a function, drops what it gives back and does not wait for it, whatever others do.
    pub(crate) fn is_dropped_by_a_caller(&self, function: NodeId) -> bool {
        self.project.is_dropped_by_a_caller(self.site(function))
    }

    /// How often a function is called, or a class constructed, by all files of the project.
    pub(crate) fn calls_of(&self, function: NodeId) -> Calls {
        if self.heat(function).is_some() {
            return Calls::Again;
        }
        self.project.calls_of(self.site(function))
    }

    /// How often the code at a node runs.
    pub(crate) fn frequency(&self, node: NodeId) -> Calls {
        if self.heat(node).is_some() {
            return Calls::Again;
        }
        self.project.calls_at(self.index, place(self.parsed, node))
    }

    /// Whether a framework, an emitter or a timer calls a function for each unit of work.
    pub(crate) fn is_handler(&self, function: NodeId) -> bool {
        self.project.heat(self.site(function)) == Some(Heat::Handler)
    }

    /// How often the project hands something that lives as long as the process to a parameter of a function, or to a
    /// property of what that gets; none if nobody does.
    pub(crate) fn is_given_what_lasts(
        &self,
        function: NodeId,
        position: usize,
        property: Option<&str>,
    ) -> Option<Calls> {
        let position = u32::try_from(position).ok()?;
        self.project
            .is_given_what_lasts(self.site(function), position, property)
    }

    /// Whether a parameter gets one thing again and again, which is older than the calls.
    pub(crate) fn is_given_what_is_older(&self, function: NodeId, position: usize) -> bool {
        u32::try_from(position).is_ok_and(|position| {
            self.project
                .is_given_what_is_older(self.site(function), position)
        })
    }

    /// Whether somebody hands a function of its own to a parameter for each unit of work, and drops what the call gives.
    pub(crate) fn is_handed_anew(&self, function: NodeId, position: usize, of: Receiver) -> bool {
        u32::try_from(position).is_ok_and(|position| {
            self.project
                .is_handed_anew(self.site(function), position, of)
        })
    }

    /// Whether somebody hands a function of its own to another for each unit of work, and drops what the call gives.
    pub(crate) fn is_dropped_again(&self, function: NodeId) -> bool {
        self.project.is_dropped_again(self.site(function))
    }

    /// Whether somebody hands a file that it opens to a parameter.
    pub(crate) fn is_given_an_open_file(&self, function: NodeId, position: usize) -> bool {
        u32::try_from(position).is_ok_and(|position| {
            self.project
                .is_given_an_open_file(self.site(function), position)
        })
    }

    /// Whether a handler hands the socket of its request to a parameter.
    pub(crate) fn is_given_a_reused_socket(&self, function: NodeId, position: usize) -> bool {
        u32::try_from(position).is_ok_and(|position| {
            self.project
                .is_given_a_reused_socket(self.site(function), position)
        })
    }

    /// Whether a callee is a function that gives what lives as long as the process.
    pub(crate) fn gives_what_lasts(&self, callee: &Expression<'a>) -> bool {
        self.project.gives_what_lasts(self.meaning(callee))
    }

    /// Whether a callee is a method that always gives the same field of its instance.
    pub(crate) fn gives_its_field(&self, callee: &Expression<'a>) -> bool {
        self.project.gives_its_field(self.meaning(callee))
    }

    /// Whether a callee is a function of the project that keeps what it is given for a parameter.
    pub(crate) fn keeps_what_it_is_given(&self, callee: &Expression<'a>, position: usize) -> bool {
        u32::try_from(position)
            .is_ok_and(|position| self.project.keeps(self.meaning(callee), position))
    }

    /// Whether a caller hands a signal of `AbortSignal.timeout` to a function.
    pub(crate) fn is_given_a_timeout(&self, function: NodeId) -> bool {
        self.project.is_given_a_timeout(self.site(function))
    }

    pub(crate) fn site(&self, function: NodeId) -> Site {
        Site {
            file: self.index,
            start: self.kind(function).span().start,
        }
    }

    /// Whether it imports one of these modules, in whatever way.
    pub(crate) fn imports_any(&self, modules: &[&str]) -> bool {
        let mut imported = self.project.modules(self.index);
        imported.any(|module| modules.contains(&module))
    }

    /// What an expression stands for, in any file of the project or outside of it.
    pub(crate) fn meaning(&self, expression: &Expression<'a>) -> Meaning {
        self.project
            .meaning(self.index, &self.parsed.value(expression))
    }

    /// What is done to the holder that an expression names, in all files of the project, this one included; none where no
    /// other file can mean it.
    pub(crate) fn uses_of(&self, expression: &Expression<'a>) -> Vec<Elsewhere<'s>> {
        self.uses_of_value(&self.parsed.value(expression))
    }

    /// The place where another file declares what an expression names.
    pub(crate) fn declared_elsewhere(
        &self,
        expression: &Expression<'a>,
        text: &str,
    ) -> Option<Label> {
        let value = self.parsed.value(expression);
        let holder = self.project.holder(self.index, &value)?;
        let (file, extent) = self.project.declaration(&holder)?;
        let path = self.project.path(file);
        (file != self.index).then(|| Label::in_file(path, extent, text))
    }

    /// What is done to a field of a class's instances (or of the class itself), in all files of the project; also to fields
    /// of that name in other files of which nothing shows whose they are.
    pub(crate) fn uses_of_field(&self, class: NodeId, name: &str) -> Vec<Elsewhere<'s>> {
        let holder = Holder::Member(self.site(class), name.into());
        let named = self.project.uses_named(name);
        let named = named.filter(|used| used.file != self.index);
        self.project.uses_of(&holder).chain(named).collect()
    }

    fn uses_of_value(&self, value: &Value) -> Vec<Elsewhere<'s>> {
        match self.project.holder(self.index, value) {
            Some(holder) => self.project.uses_of(&holder).collect(),
            None => Vec::new(),
        }
    }

    /// The containers that outlive a call.
    pub(crate) fn holders(&self) -> &[Kept<'a>] {
        self.kept.get_or_init(|| holders::holders(self))
    }

    /// The containers that outlive a call, each with the places that fill it.
    pub(crate) fn filled(&self) -> impl Iterator<Item = (&Kept<'a>, &[Insertion<'a>])> {
        let holders = self.holders();
        let filled = self
            .filled
            .get_or_init(|| holders.iter().map(|_| OnceCell::new()).collect());
        holders.iter().zip(filled).map(|(holder, filled)| {
            let filled = filled.get_or_init(|| insertions(self, holder));
            (holder, filled.as_slice())
        })
    }

    /// The calls that fill a container which they are given.
    pub(crate) fn fillers(&self) -> &[Filler<'a>] {
        self.fillers.get_or_init(|| fillers(self))
    }

    /// The module's variables that other files can reach by name.
    pub(crate) fn exported_locals(&self) -> &HashSet<String> {
        self.exported_locals.get_or_init(|| {
            let exports = self.parsed.exported_names().into_iter();
            exports.filter_map(|export| export.local).collect()
        })
    }

    /// The innermost function around a node, itself excluded; none at module level.
    pub(crate) fn function_around(&self, node: NodeId) -> Option<NodeId> {
        self.parsed.function_around(node)
    }

    /// The function that a node is, or the innermost around it.
    pub(crate) fn function_around_or_self(&self, node: NodeId) -> Option<NodeId> {
        if is_function(self.kind(node)) {
            return Some(node);
        }
        self.function_around(node)
    }

    /// The variable that an expression names.
    pub(crate) fn variable(&self, expression: &Expression<'a>) -> Option<SymbolId> {
        self.parsed.variable_of(expression)
    }

    /// The function or class that an expression is or names.
    pub(crate) fn callable(&self, expression: &Expression<'a>) -> Option<NodeId> {
        self.parsed.callable_of(expression)
    }

    /// The same, also of methods and of what is bound: `this.search.bind(this)`.
    pub(crate) fn function_of(&self, expression: &Expression<'a>) -> Option<NodeId> {
        self.callable(expression)
            .or_else(|| match bare(expression) {
                Expression::CallExpression(call) => {
                    let (function, _) = method(call).filter(|(_, name)| *name == "bind")?;
                    self.parsed.callee_of(function)
                }
                other => self.parsed.callee_of(other),
            })
    }

    pub(crate) fn extent(&self, span: Span) -> Extent {
        self.parsed.text().extent(span.start, span.end)
    }

    pub(crate) fn slice(&self, span: Span) -> &str {
        self.parsed.text().slice(span.start, span.end)
    }

    /// The text of an expression, on one line.
    pub(crate) fn written(&self, expression: &Expression<'a>) -> String {
        let words: Vec<&str> = self.slice(expression.span()).split_whitespace().collect();
        words.join(" ")
    }
}

/// The node around another, parentheses, casts and the marks of optional chains not counted.
pub(crate) fn parent(parsed: &ParsedSource<'_>, node: NodeId) -> NodeId {
    let nodes = parsed.semantic().nodes();
    let mut parent = nodes.parent_id(node);
    while matches!(
        nodes.kind(parent),
        AstKind::ParenthesizedExpression(_)
            | AstKind::ChainExpression(_)
            | AstKind::TSAsExpression(_)
            | AstKind::TSSatisfiesExpression(_)
            | AstKind::TSTypeAssertion(_)
            | AstKind::TSNonNullExpression(_)
    ) {
        parent = nodes.parent_id(parent);
    }
    parent
}

/// Object and name of a call's method: `bus` and `on` of `bus.on(…)`.
pub(crate) fn method<'b, 'a>(
    call: &'b CallExpression<'a>,
) -> Option<(&'b Expression<'a>, &'b str)> {
    let member = bare(&call.callee).as_member_expression()?;
    Some((bare(member.object()), member.static_property_name()?))
}

/// The name of the function or method that is called.
pub(crate) fn callee_name<'b>(call: &'b CallExpression<'_>) -> Option<&'b str> {
    match (method(call), bare(&call.callee)) {
        (Some((_, name)), _) => Some(name),
        (None, Expression::Identifier(name)) => Some(name.name.as_str()),
        _ => None,
    }
}

/// The argument as an expression; none where it is a spread.
pub(crate) fn argument<'b, 'a>(
    call: &'b CallExpression<'a>,
    index: usize,
) -> Option<&'b Expression<'a>> {
    call.arguments
        .get(index)
        .and_then(Argument::as_expression)
        .map(bare)
}
