//! A holder into the places of its script that let go of what it keeps, or bound it.

use oxc_ast::ast::{AssignmentTarget, BinaryExpression, Expression};
use oxc_ast::{AstKind, AstType};
use oxc_semantic::NodeId;
use oxc_span::GetSpan;
use oxc_syntax::operator::{AssignmentOperator, BinaryOperator, UnaryOperator};

use crate::function::FunctionRef;
use crate::growth::{FoundBy, Phase};
use crate::holder::{HolderRef, Level, Pattern, Root};
use crate::limit::Limit;
use crate::parse::ParsedSource;
use crate::places::{Use, uses};
use crate::text::Extent;
use crate::tree::{Tree, argument, bare, member_object, target_node};

/// How a place releases.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ReleaseKind {
    /// Takes one entry out by its key.
    Delete,
    /// Empties it; clears a timer.
    Clear,
    /// Takes the first value off.
    Shift,
    /// Takes the last value off.
    Pop,
    /// Cuts values out.
    Splice,
    /// Sets `length`.
    Truncate,
    /// Puts a fresh container (or nothing) in its place.
    Reassign,
    /// Puts a smaller copy in its place.
    Filter,
    /// Takes one handler off.
    Off,
    /// Takes all handlers off.
    RemoveAll,
    /// Compares its size with a limit, or writes in a ring.
    BoundCheck,
    /// Closes, ends or destroys it.
    Close,
}

/// A place that releases or bounds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Release {
    /// How.
    pub kind: ReleaseKind,
    /// The call, assignment or comparison, in the parsed text's tree.
    pub node: NodeId,
    /// The same as a stretch of the text.
    pub extent: Extent,
    /// The limit of a bound check.
    pub bound: Option<Limit>,
    /// The delay in milliseconds of the timer it runs in.
    pub period: Option<Limit>,
    /// The age in milliseconds that an entry has to have reached, where the function goes through many and compares one.
    pub age: Option<Limit>,
    /// The function it stands in; `None` at module level.
    pub function: Option<FunctionRef>,
    /// It releases from a value kept in the holder rather than from the holder.
    pub nested: bool,
    /// How sure it is that this is the holder.
    pub found_by: FoundBy,
}

impl ParsedSource<'_> {
    /// All places that release from the holder or bound it, in the order of the text. Where
    /// following the holder's value finds neither growth nor release, the property names decide.
    pub fn releases(&self, holder: &HolderRef) -> Vec<Release> {
        let releases = self.releases_of(self.patterns(holder), FoundBy::Value);
        let grows = self.growth_sites(holder);
        if !releases.is_empty() || grows.iter().any(|site| site.found_by == FoundBy::Value) {
            return releases;
        }
        self.releases_of(holder.by_name().into_iter().collect(), FoundBy::Name)
    }

    fn releases_of(&self, patterns: Vec<Pattern>, found_by: FoundBy) -> Vec<Release> {
        let tree = &self.tree;
        let constructors = tree.constructors_of(&patterns);
        let mut releases: Vec<Release> = uses(tree, patterns)
            .iter()
            .filter_map(|found| tree.release(*found, found_by))
            .filter(|(release, node)| {
                // A constructor gives its fields their first value.
                let around = tree.function_around(*node);
                release.kind != ReleaseKind::Reassign
                    || !around.is_some_and(|function| constructors.contains(&function))
            })
            .map(|(release, _)| release)
            .collect();
        releases.sort_by_key(|release| (release.extent.start, release.extent.end, release.nested));
        releases.dedup_by_key(|release| (release.extent, release.kind));
        releases
    }
}

struct Found {
    kind: ReleaseKind,
    node: NodeId,
    bound: Option<Limit>,
}

impl Found {
    fn new(kind: ReleaseKind, node: NodeId) -> Option<Self> {
        Some(Self {
            kind,
            node,
            bound: None,
        })
    }
}

impl<'a> Tree<'a> {
    fn constructors_of(&self, patterns: &[Pattern]) -> Vec<NodeId> {
        let owners = patterns.iter().flat_map(|pattern| match &pattern.root {
            Root::Instance(owners) => owners.as_slice(),
            _ => &[],
        });
        owners
            .filter_map(|owner| self.constructor_of(*owner))
            .collect()
    }

    fn release(&self, used: Use, found_by: FoundBy) -> Option<(Release, NodeId)> {
        let found = self.release_of(used)?;
        let function = self.function_around(found.node);
        let period = function.and_then(|f| self.timer_of(f));
        // An age that is asked of the one entry in use says nothing about those that nobody asks for again.
        let sweeps = period.is_some()
            || matches!(found.kind, ReleaseKind::Filter | ReleaseKind::Splice)
            || function.is_some_and(|f| self.is_repeated(found.node, f));
        let release = Release {
            kind: found.kind,
            node: found.node,
            extent: self.extent(self.span(found.node)),
            bound: found.bound,
            period,
            age: function.filter(|_| sweeps).and_then(|f| self.age_in(f)),
            function: function.map(|f| self.function_ref(f)),
            nested: used.level == Level::Element,
            found_by,
        };
        Some((release, found.node))
    }

    fn release_of(&self, used: Use) -> Option<Found> {
        let parent = self.parent(used.node)?;
        let span = self.span(used.node);
        match self.kind(parent) {
            kind if member_object(kind).is_some_and(|object| object.span() == span) => {
                match self.call_of_method(parent) {
                    Some(call) => self.release_by_method(parent, call),
                    None => self.release_by_member(parent, used.level),
                }
            }
            AstKind::AssignmentExpression(assignment)
                if target_node(&assignment.left) == Some(used.node) =>
            {
                self.release_by_assignment(parent, used)
            }
            AstKind::UnaryExpression(unary) if unary.operator == UnaryOperator::Delete => {
                Found::new(ReleaseKind::Delete, parent)
            }
            AstKind::CallExpression(call) => {
                let first = call.arguments.first()?;
                if first.span() != span {
                    return None;
                }
                match self.slice(call.callee.span()) {
                    "clearInterval" | "clearTimeout" | "clearImmediate" => {
                        Found::new(ReleaseKind::Clear, parent)
                    }
                    "Reflect.deleteProperty" => Found::new(ReleaseKind::Delete, parent),
                    "Object.keys" | "Object.values" | "Object.entries" => self.counted(parent),
                    _ => None,
                }
            }
            _ => None,
        }
    }

    fn release_by_method(&self, member: NodeId, call: NodeId) -> Option<Found> {
        let AstKind::CallExpression(node) = self.kind(call) else {
            return None;
        };
        let name = self.member_name(self.kind(member))?;
        let kind = match name.as_ref() {
            "delete" | "del" | "remove" | "evict" | "unset" | "removeItem" | "unregister"
            | "invalidate" => ReleaseKind::Delete,
            "clear" | "flushAll" | "flush" | "reset" | "empty" | "purge" | "prune" => {
                ReleaseKind::Clear
            }
            "shift" | "dequeue" => ReleaseKind::Shift,
            "pop" => ReleaseKind::Pop,
            // With values to insert and none to cut it is growth.
            "splice" => {
                let cuts = argument(&node.arguments, 1).and_then(|count| self.number(count));
                if cuts == Some(0.0) {
                    return None;
                }
                ReleaseKind::Splice
            }
            "off"
            | "removeListener"
            | "removeEventListener"
            | "unsubscribe"
            | "unobserve"
            | "unwatch"
            | "untap" => ReleaseKind::Off,
            "removeAllListeners" | "offAny" => ReleaseKind::RemoveAll,
            "destroy" | "close" | "end" | "dispose" | "disconnect" | "terminate" | "abort"
            | "cancel" | "unpipe" => ReleaseKind::Close,
            _ => return None,
        };
        Found::new(kind, call)
    }

    fn release_by_member(&self, member: NodeId, level: Level) -> Option<Found> {
        let name = self.member_name(self.kind(member));
        let parent = self.parent_past_wrappers(member)?;
        if matches!(name.as_deref(), Some("length" | "size")) {
            if let AstKind::AssignmentExpression(assignment) = self.kind(parent)
                && target_node(&assignment.left) == Some(member)
            {
                return Found::new(ReleaseKind::Truncate, parent);
            }
            return self.bound_check(member);
        }
        if name.is_some() && level == Level::Element {
            return None;
        }
        match self.kind(parent) {
            AstKind::UnaryExpression(unary) if unary.operator == UnaryOperator::Delete => {
                Found::new(ReleaseKind::Delete, parent)
            }
            AstKind::AssignmentExpression(assignment)
                if target_node(&assignment.left) == Some(member) =>
            {
                if self.is_modulo(member) {
                    return Some(Found {
                        kind: ReleaseKind::BoundCheck,
                        node: parent,
                        bound: self.modulus(member),
                    });
                }
                if self.is_emptying(&assignment.right) {
                    return Found::new(ReleaseKind::Delete, parent);
                }
                None
            }
            _ => None,
        }
    }

    fn modulus(&self, member: NodeId) -> Option<Limit> {
        let AstKind::ComputedMemberExpression(member) = self.kind(member) else {
            return None;
        };
        match bare(&member.expression) {
            Expression::BinaryExpression(index) => self.limit(&index.right),
            _ => None,
        }
    }

    /// A fresh container in place of the old one. Its first value is no release: the declaration
    /// has it, or the constructor, or the module's own code.
    fn release_by_assignment(&self, node: NodeId, used: Use) -> Option<Found> {
        let AstKind::AssignmentExpression(assignment) = self.kind(node) else {
            return None;
        };
        if assignment.operator != AssignmentOperator::Assign || self.phase(node) == Phase::Init {
            return None;
        }
        let target = self.slice(assignment.left.span());
        if self.is_smaller_copy(&assignment.right, target) {
            return Found::new(ReleaseKind::Filter, node);
        }
        // `tables[key] = []` makes an entry; `room.history = []` begins anew.
        let is_part = matches!(assignment.left, AssignmentTarget::StaticMemberExpression(_));
        if used.level == Level::Element && !is_part
            || !self.is_fresh(&assignment.right)
            || self.is_first_value(used.node, &assignment.right)
            || self.is_made_where_missing(node, target)
        {
            return None;
        }
        Found::new(ReleaseKind::Reassign, node)
    }

    /// `let list; … list = [];`
    fn is_first_value(&self, target: NodeId, value: &Expression<'a>) -> bool {
        let AstKind::IdentifierReference(identifier) = self.kind(target) else {
            return false;
        };
        if self.is_emptying(value) {
            return false;
        }
        let Some(symbol) = self.symbol_of_reference(identifier) else {
            return false;
        };
        let declaration = self.kind(self.scoping().symbol_declaration(symbol));
        matches!(declaration, AstKind::VariableDeclarator(declarator) if declarator.init.is_none())
            && self
                .first_value(symbol)
                .is_some_and(|first| first.span() == value.span())
    }

    /// `if (!this.list) this.list = [];`
    fn is_made_where_missing(&self, assignment: NodeId, target: &str) -> bool {
        let mut around = self.nodes().ancestor_kinds(assignment);
        let branch = around.find_map(|kind| match kind {
            AstKind::IfStatement(branch) => Some(Some(branch)),
            AstKind::ExpressionStatement(_) | AstKind::BlockStatement(_) => None,
            _ => Some(None),
        });
        let Some(Some(branch)) = branch else {
            return false;
        };
        let is_inside = branch
            .consequent
            .span()
            .contains_inclusive(self.span(assignment));
        is_inside
            && match bare(&branch.test) {
                Expression::UnaryExpression(not) => {
                    not.operator == UnaryOperator::LogicalNot
                        && self.slice(bare(&not.argument).span()) == target
                }
                Expression::BinaryExpression(comparison) => {
                    matches!(
                        comparison.operator,
                        BinaryOperator::StrictEquality | BinaryOperator::Equality
                    ) && self.slice(comparison.left.span()) == target
                        && bare(&comparison.right).is_null_or_undefined()
                }
                _ => false,
            }
    }

    fn is_smaller_copy(&self, value: &Expression<'a>, target: &str) -> bool {
        let mut value = bare(value);
        // `Object.fromEntries(Object.entries(x).filter(…))`, `new Map([...x].filter(…))`
        loop {
            value = match value {
                Expression::CallExpression(call) => {
                    let Some(member) = bare(&call.callee).as_member_expression() else {
                        return false;
                    };
                    let smaller = matches!(
                        member.static_property_name(),
                        Some("filter" | "slice" | "splice")
                    );
                    if smaller {
                        return self.mentions(member.object().span(), target);
                    }
                    match argument(&call.arguments, 0) {
                        Some(first) => bare(first),
                        None => return false,
                    }
                }
                Expression::NewExpression(new) => match argument(&new.arguments, 0) {
                    Some(first) => bare(first),
                    None => return false,
                },
                _ => return false,
            };
        }
    }

    fn mentions(&self, span: oxc_span::Span, target: &str) -> bool {
        self.slice(span).contains(target)
    }

    fn is_fresh(&self, value: &Expression<'a>) -> bool {
        match bare(value) {
            Expression::ArrayExpression(array) => array.elements.is_empty(),
            Expression::ObjectExpression(object) => object.properties.is_empty(),
            Expression::NewExpression(new) => new.arguments.is_empty(),
            Expression::StringLiteral(literal) => literal.value.is_empty(),
            Expression::CallExpression(call) => {
                self.slice(call.callee.span()) == "Object.create"
                    || self.slice(call.span) == "Promise.resolve()"
            }
            value => value.is_null_or_undefined(),
        }
    }

    /// `Object.keys(x).length > 500`
    fn counted(&self, call: NodeId) -> Option<Found> {
        let member = self.parent_past_wrappers(call)?;
        crate::declaration::is_named(self.kind(member), "length")
            .then(|| self.bound_check(member))
            .flatten()
    }

    /// A comparison of the size with a limit that something depends on.
    fn bound_check(&self, size: NodeId) -> Option<Found> {
        let node = self.parent_past_wrappers(size)?;
        let AstKind::BinaryExpression(comparison) = self.kind(node) else {
            return None;
        };
        let limit = limit_of(comparison, self.span(size))?;
        if self.is_loop_over(node) {
            return None;
        }
        let bound = self.limit(limit);
        let number = bound.as_ref().and_then(Limit::known);
        // Zero and one ask whether there is anything, not whether there is too much.
        if number.is_some_and(|number| number <= 1) || self.is_counter(limit) {
            return None;
        }
        Some(Found {
            kind: ReleaseKind::BoundCheck,
            node,
            bound,
        })
    }

    fn is_loop_over(&self, comparison: NodeId) -> bool {
        let span = self.span(comparison);
        matches!(self.parent(comparison).map(|parent| self.kind(parent)),
            Some(AstKind::ForStatement(each)) if each.test.as_ref().is_some_and(|test| test.span() == span))
    }

    /// A variable that changes counts through the holder; it does not limit it.
    fn is_counter(&self, limit: &Expression<'a>) -> bool {
        if let Some(symbol) = self.symbol_of(limit) {
            return self.scoping().symbol_is_mutated(symbol);
        }
        // `while (this.head < this.tasks.length) run(this.tasks[this.head++])`
        bare(limit).is_member_expression()
            && self
                .nodes_of([AstType::UpdateExpression])
                .any(|node| match node.kind() {
                    AstKind::UpdateExpression(update) => {
                        self.slice(update.argument.span()) == self.slice(limit.span())
                    }
                    _ => false,
                })
    }
}

/// What the size is compared with, if the comparison can tell "too many" from "room left".
fn limit_of<'b, 'a>(
    comparison: &'b BinaryExpression<'a>,
    size: oxc_span::Span,
) -> Option<&'b Expression<'a>> {
    let ordered = matches!(
        comparison.operator,
        BinaryOperator::GreaterThan
            | BinaryOperator::GreaterEqualThan
            | BinaryOperator::LessThan
            | BinaryOperator::LessEqualThan
            | BinaryOperator::StrictEquality
            | BinaryOperator::Equality
    );
    if !ordered {
        return None;
    }
    if comparison.left.span().contains_inclusive(size) {
        Some(&comparison.right)
    } else {
        Some(&comparison.left)
    }
}
