//! A holder into the places of its script that make it grow.

use oxc_ast::AstKind;
use oxc_ast::ast::Expression;
use oxc_semantic::NodeId;
use oxc_span::{GetSpan, Span};
use oxc_syntax::operator::AssignmentOperator;

use crate::function::FunctionRef;
use crate::holder::{HolderRef, Level, Pattern};
use crate::parse::ParsedSource;
use crate::places::{Use, uses};
use crate::text::Extent;
use crate::tree::{Tree, argument, bare, literal_text, target_node};

/// What a site does to the holder.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum SiteRole {
    /// Puts an entry in under a key.
    Inserts,
    /// Registers a handler.
    Registers,
    /// Makes a closure that keeps it.
    Captures,
    /// Opens a stream, a socket or a file into it.
    Opens,
    /// Starts a timer or something asynchronous into it.
    Starts,
    /// Adds a value at an end.
    Appends,
}

/// When a site runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Phase {
    /// Once, while the module is loaded.
    Init,
    /// Each time a function is called.
    InFunction,
}

/// A place that makes a holder grow.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Site {
    /// What it does.
    pub role: SiteRole,
    /// The call, assignment or update, in the parsed text's tree.
    pub node: NodeId,
    /// The same as a stretch of the text.
    pub extent: Extent,
    /// The callee or the target as written.
    pub callee: String,
    /// The function it stands in; `None` at module level.
    pub function: Option<FunctionRef>,
    /// When it runs.
    pub phase: Phase,
    /// The event of a registration, where it is a literal.
    pub event: Option<String>,
    /// The arguments, or the assigned value.
    pub arguments: Vec<Extent>,
    /// It grows a value kept in the holder rather than the holder: `map.get(key).push(value)`.
    pub nested: bool,
    /// How sure it is that this is the holder.
    pub found_by: FoundBy,
}

/// How a place was found to belong to a holder.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum FoundBy {
    /// By following the holder's value from its declaration.
    Value,
    /// By the names of its properties alone, since following the value found nothing: the object
    /// before them comes from elsewhere, as in `req.app.locals.visits`.
    Name,
}

impl ParsedSource<'_> {
    /// All places that make the holder (or containers in it) grow, in the order of the text. Where
    /// following the holder's value finds none, the property names alone decide.
    pub fn growth_sites(&self, holder: &HolderRef) -> Vec<Site> {
        let sites = self.sites_of(self.patterns(holder), FoundBy::Value);
        if !sites.is_empty() {
            return sites;
        }
        self.sites_of(holder.by_name().into_iter().collect(), FoundBy::Name)
    }

    fn sites_of(&self, patterns: Vec<Pattern>, found_by: FoundBy) -> Vec<Site> {
        let mut sites: Vec<Site> = uses(&self.tree, patterns)
            .iter()
            .filter_map(|found| self.tree.growth(*found, found_by))
            .collect();
        sites.sort_by_key(|site| (site.extent.start, site.extent.end, site.nested));
        sites.dedup_by_key(|site| site.extent);
        sites
    }
}

/// What makes it grow: a node, its role, and the spans a report shows.
struct Growth {
    node: NodeId,
    role: SiteRole,
    callee: Span,
    event: Option<String>,
    arguments: Vec<Span>,
}

/// Methods that put an entry in under a key, of the language's and of common containers.
const INSERTING: &[&str] = &[
    "set", "add", "put", "insert", "register", "store", "setItem", "upsert", "addItem", "setex",
];
/// Methods that add at an end.
const APPENDING: &[&str] = &[
    "push", "unshift", "append", "enqueue", "prepend", "addLast", "addFirst",
];
/// Methods that register a handler.
const REGISTERING: &[&str] = &[
    "on",
    "once",
    "addListener",
    "prependListener",
    "prependOnceListener",
    "addEventListener",
    "subscribe",
    "observe",
    "watch",
    "tap",
    "tapAsync",
    "tapPromise",
    "onAny",
    "hook",
    "addHook",
];

/// Whether a method of this name takes handlers that it calls later: `on`, `subscribe`, `watch`.
#[must_use]
pub fn is_registration(method: &str) -> bool {
    REGISTERING.contains(&method)
}

impl<'a> Tree<'a> {
    fn growth(&self, found: Use, found_by: FoundBy) -> Option<Site> {
        let growth = self.growth_of(found)?;
        let function = self.function_around(growth.node);
        Some(Site {
            role: growth.role,
            node: growth.node,
            extent: self.extent(self.span(growth.node)),
            callee: self.brief(growth.callee),
            function: function.map(|f| self.function_ref(f)),
            phase: self.phase(growth.node),
            event: growth.event,
            arguments: growth
                .arguments
                .into_iter()
                .map(|s| self.extent(s))
                .collect(),
            nested: found.level == Level::Element,
            found_by,
        })
    }

    fn growth_of(&self, found: Use) -> Option<Growth> {
        let parent = self.parent(found.node)?;
        let span = self.span(found.node);
        match self.kind(parent) {
            kind if crate::tree::member_object(kind).is_some_and(|o| o.span() == span) => {
                match self.call_of_method(parent) {
                    Some(call) => self.growth_by_method(parent, call),
                    None => self.growth_by_member(parent, found.level),
                }
            }
            AstKind::AssignmentExpression(assignment)
                if target_node(&assignment.left) == Some(found.node) =>
            {
                self.growth_by_assignment(parent)
            }
            AstKind::CallExpression(call) => self.growth_by_argument(parent, call, span),
            _ => None,
        }
    }

    fn growth_by_method(&self, member: NodeId, call: NodeId) -> Option<Growth> {
        let AstKind::CallExpression(node) = self.kind(call) else {
            return None;
        };
        let name = self.member_name(self.kind(member))?;
        let name = name.as_ref();
        let first = argument(&node.arguments, 0);
        let role = if REGISTERING.contains(&name) && !node.arguments.is_empty() {
            SiteRole::Registers
        } else if INSERTING.contains(&name) && !node.arguments.is_empty() {
            SiteRole::Inserts
        } else if APPENDING.contains(&name) && !node.arguments.is_empty()
            || name == "splice" && node.arguments.len() > 2
        {
            SiteRole::Appends
        } else {
            return None;
        };
        let stored = node.arguments.last().and_then(|last| last.as_expression());
        let kept = stored.and_then(|value| self.role_of_value(value));
        let role = match role {
            SiteRole::Registers => role,
            _ => kept.unwrap_or(role),
        };
        Some(Growth {
            node: call,
            role,
            callee: node.callee.span(),
            event: match role {
                SiteRole::Registers => first.and_then(literal_text).map(str::to_string),
                _ => None,
            },
            arguments: node.arguments.iter().map(GetSpan::span).collect(),
        })
    }

    /// `x[k] = v`, `x.y = v`, `x[k] ||= v`, `x[k]++`.
    fn growth_by_member(&self, member: NodeId, level: Level) -> Option<Growth> {
        let is_fixed = self.member_name(self.kind(member)).is_some();
        // A fixed property of an entry is its own business; only `entry[key] = v` makes it grow.
        if is_fixed && level == Level::Element || is_length(self.kind(member)) {
            return None;
        }
        let parent = self.parent_past_wrappers(member)?;
        match self.kind(parent) {
            AstKind::AssignmentExpression(assignment)
                if target_node(&assignment.left) == Some(member) =>
            {
                if is_fixed && !is_plain_or_default(assignment.operator)
                    || self.is_emptying(&assignment.right)
                    || self.is_modulo(member)
                {
                    return None;
                }
                Some(Growth {
                    node: parent,
                    role: match self.role_of_value(&assignment.right) {
                        Some(role) => role,
                        None if self.is_at_length(member) => SiteRole::Appends,
                        None => SiteRole::Inserts,
                    },
                    callee: assignment.left.span(),
                    event: None,
                    arguments: vec![assignment.right.span()],
                })
            }
            AstKind::UpdateExpression(update) if !is_fixed => Some(Growth {
                node: parent,
                role: SiteRole::Inserts,
                callee: update.argument.span(),
                event: None,
                arguments: Vec::new(),
            }),
            _ => None,
        }
    }

    /// `x += v`, `x = x.concat(v)`, `x = [...x, v]`, `x = { …, next: x }`, `x = x.then(…)`.
    fn growth_by_assignment(&self, node: NodeId) -> Option<Growth> {
        let AstKind::AssignmentExpression(assignment) = self.kind(node) else {
            return None;
        };
        let target = self.slice(assignment.left.span());
        let role = match assignment.operator {
            AssignmentOperator::Addition => SiteRole::Appends,
            AssignmentOperator::Assign => self.growing_value(target, &assignment.right)?,
            _ => return None,
        };
        Some(Growth {
            node,
            role,
            callee: assignment.left.span(),
            event: None,
            arguments: vec![assignment.right.span()],
        })
    }

    /// `Object.assign(x, …)`, `Object.defineProperty(x, …)`, `Array.prototype.push.apply(x, …)`.
    fn growth_by_argument(
        &self,
        node: NodeId,
        call: &oxc_ast::ast::CallExpression<'a>,
        span: Span,
    ) -> Option<Growth> {
        if call.arguments.first()?.span() != span || call.arguments.len() < 2 {
            return None;
        }
        let callee = bare(&call.callee).as_member_expression()?;
        let method = callee.static_property_name()?;
        let object = self.slice(bare(callee.object()).span());
        let role = match (object, method) {
            ("Object", "assign" | "defineProperty" | "defineProperties")
            | ("Reflect", "set" | "defineProperty") => SiteRole::Inserts,
            (object, "apply" | "call")
                if object.ends_with(".push") || object.ends_with(".unshift") =>
            {
                SiteRole::Appends
            }
            _ => return None,
        };
        Some(Growth {
            node,
            role,
            callee: call.callee.span(),
            event: None,
            arguments: call.arguments.iter().map(GetSpan::span).collect(),
        })
    }

    /// `x[x.length] = v`
    fn is_at_length(&self, member: NodeId) -> bool {
        match self.kind(member) {
            AstKind::ComputedMemberExpression(member) => {
                let index = AstKind::from_expression(bare(&member.expression));
                is_length(index)
            }
            _ => false,
        }
    }

    /// `ring[i % size] = v` overwrites.
    pub(crate) fn is_modulo(&self, member: NodeId) -> bool {
        matches!(self.kind(member), AstKind::ComputedMemberExpression(member)
            if matches!(bare(&member.expression), Expression::BinaryExpression(index)
                if index.operator == oxc_syntax::operator::BinaryOperator::Remainder))
    }

    /// Whether the value is null or undefined: assigning it lets the old value go.
    pub(crate) fn is_emptying(&self, value: &Expression<'a>) -> bool {
        bare(value).is_null_or_undefined()
    }

    /// Code outside functions runs once; so does what it calls at once.
    pub(crate) fn phase(&self, node: NodeId) -> Phase {
        let mut function = self.function_around(node);
        while let Some(current) = function {
            if !self.runs_at_once(current) {
                return Phase::InFunction;
            }
            function = self.function_around(current);
        }
        Phase::Init
    }

    /// `(function () { … })()` and `list.forEach(() => …)`.
    fn runs_at_once(&self, function: NodeId) -> bool {
        let Some(parent) = self.parent_past_wrappers(function) else {
            return false;
        };
        let span = self.span(function);
        match self.kind(parent) {
            AstKind::CallExpression(call) if call.callee.span().contains_inclusive(span) => true,
            AstKind::UnaryExpression(_) => false,
            AstKind::CallExpression(call) => {
                let AstKind::StaticMemberExpression(member) =
                    AstKind::from_expression(bare(&call.callee))
                else {
                    return false;
                };
                matches!(
                    member.property.name.as_str(),
                    "forEach" | "map" | "filter" | "reduce" | "some" | "every" | "flatMap"
                )
            }
            // `(function () { … }).call(this)`
            AstKind::StaticMemberExpression(member) => {
                matches!(member.property.name.as_str(), "call" | "apply")
                    && self.call_of_method(parent).is_some()
            }
            _ => false,
        }
    }
}

fn is_length(kind: AstKind<'_>) -> bool {
    crate::declaration::is_named(kind, "length") || crate::declaration::is_named(kind, "size")
}

fn is_plain_or_default(operator: AssignmentOperator) -> bool {
    matches!(
        operator,
        AssignmentOperator::Assign
            | AssignmentOperator::LogicalOr
            | AssignmentOperator::LogicalNullish
    )
}
