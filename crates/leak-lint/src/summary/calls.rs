//! Calls, and functions handed to others, into who runs what and how often.

use std::cell::LazyCell;

use oxc_ast::ast::{Argument, CallExpression, Expression, UnaryOperator};
use oxc_ast::{AstKind, AstType};
use oxc_semantic::NodeId;
use oxc_span::{GetSpan, Span};
use stanch_js_source::{Value, bare, is_function, literal_text};

use super::conditions::{Side, may_leave_by};
use super::handlers::HOOKS_OF_APPLICATIONS;
use super::{Call, Callee, Scan, Summary, Taken, Times, Under, When};
use crate::file::{argument, callee_name, method};

/// Functions and methods that call what they are given at once, or once: `map` of arrays, `then` of promises, timers that do
/// not repeat, and what test runners call. From the language's and Node's own documentation.
const AS_WRITTEN: &[&str] = &[
    "then",
    "catch",
    "finally",
    "map",
    "flatMap",
    "forEach",
    "filter",
    "find",
    "findIndex",
    "some",
    "every",
    "reduce",
    "reduceRight",
    "sort",
    "from",
    "replace",
    "replaceAll",
    "Promise",
    "all",
    "nextTick",
    "setImmediate",
    "setTimeout",
    "queueMicrotask",
    "once",
    "apply",
    "call",
    "describe",
    "it",
    "test",
    "before",
    "after",
    "beforeEach",
    "afterEach",
    "beforeAll",
    "afterAll",
    "readFile",
    "readdir",
    "mkdir",
    "connect",
    "listen",
];
/// Functions that tie classes together, and call none of them: node:util and the language.
const INHERITS: &[&str] = &["inherits", "setPrototypeOf"];
/// Methods that register a handler.
const REGISTERS: &[&str] = &[
    "on",
    "addListener",
    "prependListener",
    "addEventListener",
    "subscribe",
    "tap",
    "hook",
];
/// Events that come once in the life of what emits them, or of the process.
const ONCE: &[&str] = &[
    "listening",
    "open",
    "ready",
    "exit",
    "beforeExit",
    "disconnect",
    "close",
    "end",
    "finish",
    "error",
    "SIGINT",
    "SIGTERM",
    "SIGHUP",
    "SIGUSR2",
    "SIGQUIT",
    "uncaughtException",
    "unhandledRejection",
    "warning",
    "spawn",
    "online",
];
/// Functions that call what they are given for ever.
const REPEATS: &[&str] = &["setInterval", "schedule", "scheduleJob", "cron"];

impl<'a> Scan<'_, 'a> {
    pub(super) fn called(&self, summary: &mut Summary) {
        for node in self.parsed.nodes_of([
            AstType::CallExpression,
            AstType::NewExpression,
            AstType::TaggedTemplateExpression,
            AstType::IdentifierReference,
            AstType::Function,
            AstType::ArrowFunctionExpression,
        ]) {
            self.called_at(node.id(), node.kind(), summary);
        }
    }

    fn called_at(&self, node: NodeId, kind: AstKind<'a>, summary: &mut Summary) {
        match kind {
            AstKind::CallExpression(call) => {
                let times = LazyCell::new(|| self.times_at(node));
                self.add_call(node, &call.callee, &times, summary);
                self.handed(node, call, &times, summary);
                self.lends(call, summary);
            }
            AstKind::NewExpression(new) => {
                let times = LazyCell::new(|| self.times_at(node));
                self.add_call(node, &new.callee, &times, summary);
                for argument in new.arguments.iter().filter_map(Argument::as_expression) {
                    self.add_handed(node, argument, || *times, When::Now, summary);
                }
            }
            AstKind::TaggedTemplateExpression(tagged) => {
                let times = LazyCell::new(|| self.times_at(node));
                self.add_call(node, &tagged.tag, &times, summary);
            }
            AstKind::IdentifierReference(name) if self.is_passed_on(node) => {
                let value = self.parsed.value_of_name(name);
                if may_be_function(&value) {
                    summary.escaping.push(value);
                }
            }
            AstKind::Function(_) | AstKind::ArrowFunctionExpression(_)
                if self.is_passed_on(node) =>
            {
                summary.escaping.push(Value::Function(kind.span().start));
            }
            _ => {}
        }
    }

    fn add_call(
        &self,
        node: NodeId,
        callee: &Expression<'a>,
        times: &LazyCell<Times, impl FnOnce() -> Times>,
        summary: &mut Summary,
    ) {
        // `f.call(this)` calls f, or a method of that name.
        if let Some(member) = bare(callee).as_member_expression()
            && matches!(member.static_property_name(), Some("call" | "apply"))
        {
            let (of, value) = self.callee(member.object());
            self.add_callee(node, (of, &value), times, summary);
        }
        let (callee, value) = self.callee(callee);
        self.add_callee(node, (callee, &value), times, summary);
    }

    fn add_callee(
        &self,
        node: NodeId,
        (callee, value): (Callee, &Value),
        times: &LazyCell<Times, impl FnOnce() -> Times>,
        summary: &mut Summary,
    ) {
        if is_ours(value) {
            summary.calls.push(Call {
                place: self.place(node),
                callee,
                times: **times,
                under: self.under(node),
                when: When::Now,
                result: self.result(node),
            });
        }
    }

    /// What becomes of the result of a call: it is dropped where the call is a statement, awaited or not.
    pub(super) fn result(&self, call: NodeId) -> Taken {
        let mut parent = self.parent(call);
        let mut dropped = Taken::Dropped;
        loop {
            match self.kind(parent) {
                AstKind::AwaitExpression(_) => dropped = Taken::Awaited,
                AstKind::UnaryExpression(void) if void.operator == UnaryOperator::Void => {}
                AstKind::ExpressionStatement(_) => return dropped,
                _ => return Taken::Used,
            }
            parent = self.parent(parent);
        }
    }

    /// Whether the code at a node runs whenever its function does.
    fn under(&self, node: NodeId) -> Under {
        let nodes = self.parsed.semantic().nodes();
        let place = self.kind(node).span();
        let mut under = Under::NoCondition;
        for around in nodes.ancestor_kinds(node) {
            if self.asks_for_a_key(around, place) {
                under = Under::NewKey;
                continue;
            }
            // What the code around the place asks, and on which answer it reaches the place.
            let asked = match around {
                kind if is_function(kind) => break,
                AstKind::IfStatement(branch) if !branch.test.span().contains_inclusive(place) => {
                    let is_then = branch.consequent.span().contains_inclusive(place);
                    vec![(&branch.test, Side::of(is_then))]
                }
                AstKind::ConditionalExpression(choice)
                    if !choice.test.span().contains_inclusive(place) =>
                {
                    let is_then = choice.consequent.span().contains_inclusive(place);
                    vec![(&choice.test, Side::of(is_then))]
                }
                AstKind::LogicalExpression(either)
                    if either.right.span().contains_inclusive(place) =>
                {
                    vec![(&either.left, Side::of(either.operator.is_and()))]
                }
                AstKind::SwitchStatement(switch)
                    if !switch.discriminant.span().contains_inclusive(place) =>
                {
                    vec![(&switch.discriminant, Side::Either)]
                }
                AstKind::AssignmentExpression(assignment) if assignment.operator.is_logical() => {
                    return Under::Condition;
                }
                AstKind::CatchClause(_) => return Under::Condition,
                AstKind::FunctionBody(body) => may_leave_by(&body.statements, place),
                AstKind::BlockStatement(block) => may_leave_by(&block.body, place),
                _ => continue,
            };
            let mut asked = asked.into_iter();
            match asked.next() {
                None => {}
                Some((test, side)) if self.tells_of_the_past(node, test, side) => {
                    return Under::Condition;
                }
                Some(_) if asked.any(|(test, side)| self.tells_of_the_past(node, test, side)) => {
                    return Under::Condition;
                }
                Some(_) if under == Under::NoCondition => under = Under::Asked,
                Some(_) => {}
            }
        }
        under
    }

    /// Whether a place is reached where a table has nothing under a key yet: `rooms.get(id) ?? new Room(id)`,
    /// `let room = rooms.get(id); if (!room) { … }`, `if (!rooms.has(id)) { … }`; and the file takes entries out of that table.
    fn asks_for_a_key(&self, around: AstKind<'a>, place: Span) -> bool {
        let asked = match around {
            AstKind::LogicalExpression(either)
                if !either.operator.is_and() && either.right.span().contains_inclusive(place) =>
            {
                Some(&either.left)
            }
            AstKind::IfStatement(branch) if branch.consequent.span().contains_inclusive(place) => {
                match bare(&branch.test) {
                    Expression::UnaryExpression(not)
                        if not.operator == UnaryOperator::LogicalNot =>
                    {
                        Some(&not.argument)
                    }
                    _ => None,
                }
            }
            _ => None,
        };
        asked.is_some_and(|asked| {
            self.table_asked(asked)
                .is_some_and(|table| self.takes_out_of(table))
        })
    }

    /// The table in which an expression looks for a key, by itself or before it was given a name.
    fn table_asked(&self, asked: &'a Expression<'a>) -> Option<&'a Expression<'a>> {
        let looked = match bare(asked) {
            named @ Expression::Identifier(_) => {
                let variable = self.parsed.variable_of(named)?;
                let semantic = self.parsed.semantic();
                let declared = semantic.scoping().symbol_declaration(variable);
                match semantic.nodes().kind(declared) {
                    AstKind::VariableDeclarator(declarator) => bare(declarator.init.as_ref()?),
                    _ => return None,
                }
            }
            other => other,
        };
        match looked {
            Expression::CallExpression(call) => {
                let (table, name) = method(call)?;
                let is_literal = argument(call, 0).is_none_or(Expression::is_literal);
                (matches!(name, "get" | "has") && !is_literal).then_some(table)
            }
            Expression::ComputedMemberExpression(member) => {
                (!member.expression.is_literal()).then(|| bare(&member.object))
            }
            _ => None,
        }
    }

    pub(super) fn takes_out_of(&self, table: &Expression<'a>) -> bool {
        let text = self.parsed.text();
        let span = table.span();
        let name = text.slice(span.start, span.end);
        let text = text.text();
        ["delete(", "delete?.(", "clear("]
            .iter()
            .any(|delete| text.contains(&format!("{name}.{delete}")))
            || text.contains(&format!("delete {name}["))
    }

    /// Functions among the arguments of a call.
    fn handed(
        &self,
        node: NodeId,
        call: &CallExpression<'a>,
        around: &LazyCell<Times, impl FnOnce() -> Times>,
        summary: &mut Summary,
    ) {
        if callee_name(call).is_some_and(|name| INHERITS.contains(&name)) {
            return;
        }
        let event = call.arguments.first().and_then(Argument::as_expression);
        let event = event.and_then(literal_text);
        let times = || match method(call) {
            _ if **around == Times::Again => Times::Again,
            Some((_, name)) if REPEATS.contains(&name) => Times::Again,
            Some((_, name)) if AS_WRITTEN.contains(&name) => **around,
            Some((_, "addHook")) if event.is_some_and(|it| HOOKS_OF_APPLICATIONS.contains(&it)) => {
                **around
            }
            Some((_, name))
                if REGISTERS.contains(&name) && event.is_some_and(|e| ONCE.contains(&e)) =>
            {
                **around
            }
            Some(_) => Times::Unknown,
            None => match bare(&call.callee) {
                Expression::Identifier(name) if REPEATS.contains(&name.name.as_str()) => {
                    Times::Again
                }
                // Wrappers such as `fp(async (app) => …)` and `describe(…)`.
                _ => **around,
            },
        };
        let when = when(call);
        let all = call.arguments.iter().filter_map(Argument::as_expression);
        for argument in all.skip(usize::from(asks_for_a_class(call))) {
            self.add_handed(node, argument, times, when, summary);
        }
    }

    fn add_handed(
        &self,
        node: NodeId,
        argument: &Expression<'a>,
        times: impl Fn() -> Times,
        when: When,
        summary: &mut Summary,
    ) {
        let value = self.value(argument);
        if may_be_function(&value) {
            summary.calls.push(Call {
                place: self.place(node),
                callee: self.callees.add(value),
                times: times(),
                under: self.under(node),
                when,
                result: Taken::Used,
            });
        }
    }

    /// How often the code at a node runs for each time that its function does: again and again in a loop that has no end, as
    /// `for (;;)`, `while (true)`, `for await (… of messages)`; once where it gives a variable of the module its first value.
    fn times_at(&self, node: NodeId) -> Times {
        let nodes = self.parsed.semantic().nodes();
        for id in nodes.ancestor_ids(node) {
            match nodes.kind(id) {
                kind if is_function(kind) => break,
                AstKind::AssignmentExpression(assignment)
                    if self.is_first_value(id, assignment) =>
                {
                    return Times::Once;
                }
                AstKind::ForOfStatement(each) if each.r#await => return Times::Again,
                AstKind::WhileStatement(repeated)
                    if goes_on(
                        self.parsed
                            .text()
                            .slice(repeated.test.span().start, repeated.test.span().end),
                    ) =>
                {
                    return Times::Again;
                }
                AstKind::ForStatement(repeated) if repeated.test.is_none() => return Times::Again,
                _ => {}
            }
        }
        Times::AsWritten
    }

    /// Whether the value of a node goes where it is neither called nor handed to a call: nobody follows it there.
    fn is_passed_on(&self, node: NodeId) -> bool {
        let span = self.kind(node).span();
        let mut inner = node;
        loop {
            let parent = self.parent(inner);
            return match self.kind(parent) {
                AstKind::ParenthesizedExpression(_)
                | AstKind::TSAsExpression(_)
                | AstKind::TSNonNullExpression(_)
                | AstKind::TSSatisfiesExpression(_) => {
                    inner = parent;
                    continue;
                }
                AstKind::ReturnStatement(_)
                | AstKind::ArrayExpression(_)
                | AstKind::ConditionalExpression(_)
                | AstKind::LogicalExpression(_)
                | AstKind::SpreadElement(_) => true,
                AstKind::AssignmentExpression(assignment) => {
                    // What is exported is followed to those who import it.
                    assignment.right.span().contains_inclusive(span)
                        && self.exported_as(&assignment.left).is_none()
                }
                _ => false,
            };
        }
    }
}

/// Whether a container of services is asked for the instance of a class: `container.resolve(OrderService)`.
fn asks_for_a_class(call: &CallExpression<'_>) -> bool {
    let is_asked = method(call).is_some_and(|(_, name)| matches!(name, "resolve" | "get"));
    is_asked
        && matches!(argument(call, 0), Some(Expression::Identifier(name))
            if name.name.starts_with(char::is_uppercase))
}

/// Words in what a loop asks that goes on until the program is told to stop.
const STOPS: &[&str] = &[
    "abort", "stop", "running", "shut", "closing", "terminat", "exiting",
];

/// Whether a loop with this test goes on as long as the program: `while (true)`, `while (!signal.aborted)`.
fn goes_on(test: &str) -> bool {
    let is_a_flag = !test.contains(['<', '>', '=', '(']);
    let small = test.to_ascii_lowercase();
    test == "true" || is_a_flag && STOPS.iter().any(|word| small.contains(word))
}

/// When a call runs the functions that it is given.
fn when(call: &CallExpression<'_>) -> When {
    let is_later = callee_name(call).is_some_and(|name| {
        matches!(name, "setTimeout" | "setImmediate" | "once") || REGISTERS.contains(&name)
    });
    if is_later { When::Later } else { When::Now }
}

/// Whether a callee may be the project's own: not a method of something unknown, nor a global, nor what a caller wants to
/// have called.
fn is_ours(callee: &Value) -> bool {
    match callee.root() {
        Value::Unknown | Value::Array | Value::Global(_) => false,
        Value::Parameter(..) => matches!(callee, Value::Member(..)),
        Value::Import { module, .. } => !module.starts_with("node:"),
        _ => true,
    }
}

fn may_be_function(value: &Value) -> bool {
    match value {
        Value::Function(_) | Value::Variable(_) | Value::Import { .. } => true,
        Value::Member(of, _) => is_ours(of),
        _ => false,
    }
}
