//! What a function opens, or is answered, into how it stays open: for ever, or on some ways out.

use oxc_ast::ast::{BindingPattern, CallExpression, Expression};
use oxc_ast::{AstKind, AstType};
use oxc_semantic::{NodeId, SymbolId};
use oxc_span::{GetSpan, Span};
use stanch_js_source::bare;

use crate::facts::called_back::left_by_callbacks;
use crate::facts::fate::{Fate, call_at, uses, way};
use crate::facts::heard::{heard_by, misses_an_abort, misses_the_end};
use crate::facts::lines::{closes_the_lines, leaves_the_lines, read_by_lines};
use crate::facts::paths::{Exit, LeftOpen, Resource, body_of, left_open, worst};
use crate::facts::platform::is_global_call;
use crate::facts::settlement::settles;
use crate::facts::streams::{
    Deed, Kind, Used, asks_for_head, callback, deed, deeds, deeds_of_client, event_of,
};
use crate::file::{File, argument, method};

/// How it stays open.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Left {
    /// Nothing closes it.
    Never,
    /// It is closed on other ways.
    On(LeftOpen),
    /// Only when it does not succeed.
    AfterSuccess(Span),
    /// What is awaited beside it rejects.
    Beside(Span),
    /// The next one takes its place in a field.
    Replaced,
    /// It is closed by an event that does not come when the client goes away.
    Unheard(Span),
    /// What reads it is closed, which pauses it only.
    Paused(Span),
    /// It is closed when an answer comes, and not when the time for it is up.
    Late(Span),
}

/// A file or socket: what becomes of it.
pub(crate) fn opened(file: &File<'_, '_>, node: NodeId, kind: Kind) -> Option<Left> {
    let function = file.function_around(node)?;
    if let Some(lines) = read_by_lines(file, node).filter(|_| kind == Kind::Reader) {
        return left_by_the_loop(file, function, lines);
    }
    let mut at = node;
    loop {
        let way = way(file, at);
        match way.fate {
            Fate::Dropped => return Some(Left::Never),
            // `on` gives the stream back.
            Fate::Asked { call, method } => {
                if matches!(method, "then" | "catch" | "finally") {
                    return None;
                }
                let used = deed(file, at, &way, false);
                let is_listener = matches!(
                    method,
                    "on" | "once" | "addListener" | "setTimeout" | "unref" | "setEncoding"
                );
                match used.deed {
                    Deed::Nothing if is_listener => at = call,
                    Deed::Nothing if is_statement(file, call) => return Some(Left::Never),
                    _ => return None,
                }
            }
            Fate::Variable(variable) => {
                return in_variable(file, function, node, kind, variable, Some(way.whole));
            }
            Fate::Returned(maker) => return given_back(file, maker),
            Fate::Stored => return replaced(file, node, way.whole),
            _ => return None,
        }
    }
}

/// A file that is read line by line, in a loop that ends before the file may.
fn left_by_the_loop(file: &File<'_, '_>, function: NodeId, lines: NodeId) -> Option<Left> {
    if let Some(closed) = closes_the_lines(file, lines) {
        return Some(Left::Paused(closed));
    }
    let (leaving, at) = leaves_the_lines(file, function, lines)?;
    let exit = match file.kind(leaving) {
        AstKind::ReturnStatement(_) => Exit::Return,
        _ => Exit::Break,
    };
    Some(Left::On(LeftOpen { exit, at }))
}

/// A field that a method fills again and again, of which nothing in the class closes what was there before.
fn replaced(file: &File<'_, '_>, node: NodeId, whole: NodeId) -> Option<Left> {
    let AstKind::AssignmentExpression(assignment) = file.kind(file.nodes().parent_id(whole)) else {
        return None;
    };
    let member = assignment.left.as_member_expression()?;
    let condition = file
        .nodes()
        .ancestor_ids(node)
        .find_map(|around| match file.kind(around) {
            AstKind::IfStatement(choice) => Some(choice.test.span()),
            _ => None,
        })?;
    let field = file.slice(assignment.left.span());
    let is_field = matches!(bare(member.object()), Expression::ThisExpression(_));
    // `if (!this.out)`: made when there is none.
    if !is_field || file.slice(condition).contains(field) {
        return None;
    }
    let class = file
        .nodes()
        .ancestor_ids(node)
        .find(|around| matches!(file.kind(*around), AstKind::Class(_)))?;
    let class = file.kind(class).span();
    let only_written = file
        .nodes_of([
            AstType::StaticMemberExpression,
            AstType::PrivateFieldExpression,
        ])
        .all(|other| {
            let span = other.kind().span();
            let is_it = matches!(
                other.kind(),
                AstKind::StaticMemberExpression(_) | AstKind::PrivateFieldExpression(_)
            ) && class.contains_inclusive(span)
                && file.slice(span) == field;
            let is_target = span == assignment.left.span();
            !is_it
                || is_target
                || deed(file, other.id(), &way(file, other.id()), false).deed == Deed::Nothing
        });
    // That it is compared tells that it comes to another value: a day, a name, a size.
    only_written.then_some(Left::Replaced)
}

fn is_statement(file: &File<'_, '_>, call: NodeId) -> bool {
    matches!(way(file, call).fate, Fate::Dropped)
}

/// What a variable of the function holds.
pub(crate) fn in_variable(
    file: &File<'_, '_>,
    function: NodeId,
    node: NodeId,
    kind: Kind,
    variable: SymbolId,
    opening: Option<NodeId>,
) -> Option<Left> {
    let scoping = file.parsed.semantic().scoping();
    let declared = scoping.symbol_declaration(variable);
    if file.function_around(declared) != Some(function) || is_opened_elsewhere(file, variable, node)
    {
        return None;
    }
    let deeds = match kind.is_used_by_asking() {
        true => deeds_of_client(file, variable),
        false => deeds(file, variable),
    };
    let ends: Vec<Used> = deeds
        .iter()
        .copied()
        .filter(|used| used.deed != Deed::Nothing)
        .collect();
    if ends.is_empty() {
        return (!is_used_later(file, function, kind, &deeds)).then_some(Left::Never);
    }
    if let ([only], Kind::Reader) = (ends.as_slice(), kind)
        && let Some(lines) = read_by_lines(file, only.node)
    {
        return left_by_the_loop(file, function, lines);
    }
    // `for await (const line of file.readLines())`
    if let ([only], Kind::Handle) = (ends.as_slice(), kind)
        && let Fate::Asked {
            call,
            method: "readLines",
        } = way(file, only.node).fate
    {
        return left_by_the_loop(file, function, call);
    }
    let is_own = |used: &Used| file.function_around(used.node) == Some(function);
    if !ends.iter().all(is_own) {
        if let Some(missed) = closed_by(file, kind, &ends) {
            return Some(Left::Unheard(missed));
        }
        if let Some(late) = left_when_time_is_up(file, function, &ends) {
            return Some(Left::Late(late));
        }
        return match kind {
            Kind::Socket => left_by_handlers(file, function, node, &deeds, &ends),
            Kind::Client | Kind::Lent | Kind::Number => {
                let at = left_by_callbacks(file, function, None, &deeds)?;
                let exit = Exit::Return;
                Some(Left::On(LeftOpen { exit, at }))
            }
            _ => None,
        };
    }
    let mut closed: Vec<Span> = ends.iter().map(|used| used.span).collect();
    closed.extend(ends.iter().filter_map(|used| loop_over(file, used)));
    let resource = Resource {
        opened: connected(file, function, variable)
            .or(opening)
            .map(|opening| file.kind(opening).span()),
        closed: &closed,
        variable: Some(variable),
    };
    let left = left_open(file, function, &resource);
    if let Some(left) = worst(&left) {
        return Some(Left::On(left));
    }
    let is_returned = ends
        .iter()
        .any(|used| matches!(way(file, used.node).fate, Fate::Returned(_)));
    if is_returned {
        given_back(file, function)
    } else {
        None
    }
}

/// What a function gives to its callers: all of them may drop it, or one forgets it when what it waits for beside it rejects.
fn given_back(file: &File<'_, '_>, maker: NodeId) -> Option<Left> {
    if file.is_result_dropped(maker) {
        return Some(Left::Never);
    }
    beside(file, maker)
}

/// Where what a variable holds is told to connect, which opens it: a client that could not is not open.
fn connected(file: &File<'_, '_>, function: NodeId, variable: SymbolId) -> Option<NodeId> {
    uses(file, variable).into_iter().find_map(|(_, own)| {
        let Fate::Asked {
            call,
            method: "connect",
        } = own.fate
        else {
            return None;
        };
        let told = way(file, call);
        (told.awaited && file.function_around(call) == Some(function)).then_some(told.whole)
    })
}

/// Where the first of the events is heard that close it, if nothing else does, and none of them comes when the client goes away.
fn closed_by(file: &File<'_, '_>, kind: Kind, ends: &[Used]) -> Option<Span> {
    let closes = ends.iter().all(|used| used.deed == Deed::Closes);
    let heard = ends.iter().map(|used| {
        let function = file.function_around(used.node)?;
        heard_by(file, function)
    });
    let heard = heard.collect::<Option<Vec<_>>>()?.concat();
    match kind {
        _ if !closes => None,
        Kind::Writer => misses_an_abort(file, &heard),
        _ => misses_the_end(file, &heard),
    }
}

/// Whether functions that outlive the call use what is not of the call alone: the log that an emitter's listener writes to.
fn is_used_later(file: &File<'_, '_>, function: NodeId, kind: Kind, deeds: &[Used]) -> bool {
    matches!(kind, Kind::Number | Kind::Handle | Kind::Writer)
        && file.heat(function).is_none()
        && deeds
            .iter()
            .any(|used| file.function_around(used.node) != Some(function))
}

/// The head of a `for await` over it: leaving the loop, in whatever way, destroys the stream.
fn loop_over(file: &File<'_, '_>, used: &Used) -> Option<Span> {
    match way(file, used.node).fate {
        Fate::Iterated => Some(used.span),
        _ => None,
    }
}

/// Whether the variable also gets its value in another place: a socket that is kept and replaced.
fn is_opened_elsewhere(file: &File<'_, '_>, variable: SymbolId, node: NodeId) -> bool {
    let scoping = file.parsed.semantic().scoping();
    let opening = file.kind(node).span();
    let mut writes = scoping
        .get_resolved_references(variable)
        .filter(|reference| reference.is_write());
    writes.any(|write| {
        let assignment = file.nodes().parent_id(write.node_id());
        match file.kind(assignment) {
            AstKind::AssignmentExpression(assignment) => {
                let resets = matches!(
                    bare(&assignment.right),
                    Expression::NullLiteral(_) | Expression::Identifier(_)
                );
                !resets && !assignment.right.span().contains_inclusive(opening)
            }
            _ => true,
        }
    })
}

/// A connection whose own handlers close it: not, where that is done on failure only and success leaves it as it is.
fn left_by_handlers(
    file: &File<'_, '_>,
    function: NodeId,
    node: NodeId,
    deeds: &[Used],
    ends: &[Used],
) -> Option<Left> {
    let mut fails_only = true;
    let mut times_out = false;
    for used in ends {
        let event = handler_of(file, function, used.node)?;
        match event {
            "error" | "close" | "end" => {}
            "timeout" => times_out = true,
            _ => fails_only = false,
        }
    }
    if !fails_only {
        return None;
    }
    let success = success_handler(file, node, deeds)?;
    let within = file.kind(success).span();
    // A timeout that stays armed closes it later.
    let is_disarmed = deeds.iter().any(|used| {
        within.contains_inclusive(used.span)
            && matches!(way(file, used.node).fate, Fate::Asked { call, method: "setTimeout" }
                if call_at(file, call).is_some_and(|call| matches!(
                    crate::file::argument(call, 0), Some(Expression::NumericLiteral(ms)) if ms.value == 0.0)))
    });
    (!times_out || is_disarmed).then_some(Left::AfterSuccess(within))
}

/// The timer of a promise's executor that settles it and leaves open what its other functions close.
fn left_when_time_is_up(file: &File<'_, '_>, executor: NodeId, ends: &[Used]) -> Option<Span> {
    let closes = ends.iter().all(|used| used.deed == Deed::Closes);
    let is_executor = matches!(file.kind(file.parent(executor)), AstKind::NewExpression(new)
        if matches!(bare(&new.callee), Expression::Identifier(class) if class.name == "Promise"));
    if !closes || !is_executor {
        return None;
    }
    let settling = settles(file, executor);
    file.calls().iter().find_map(|(node, call)| {
        let is_timer = is_global_call(file, call, "setTimeout")
            && file.function_around(*node) == Some(executor);
        let run = file.callable(argument(call, 0).filter(|_| is_timer)?)?;
        let whole = file.kind(run).span();
        let settled = settling.iter().find(|at| whole.contains_inclusive(**at))?;
        // What it calls beside the promise's functions may close it.
        let calls = file.calls().iter();
        let mut others = calls.filter(|(inner, other)| {
            whole.contains_inclusive(other.span)
                && file.function_around(*inner) == Some(run)
                && !settling.iter().any(|at| other.callee.span() == *at)
        });
        others.next().is_none().then_some(*settled)
    })
}

/// The event of the handler on the connection that a node is in, directly or through functions that handlers call.
fn handler_of<'a>(file: &File<'_, 'a>, function: NodeId, node: NodeId) -> Option<&'a str> {
    let inner = file.function_around(node)?;
    if inner == function {
        return Some("at once");
    }
    match way(file, inner).fate {
        Fate::Given { call, .. } => match method(call_at(file, call)?)? {
            (_, "on" | "once" | "addListener") => event_of(file, call, 0),
            (_, "setTimeout") => Some("timeout"),
            _ => None,
        },
        _ => None,
    }
}

/// The handler for a connection that is made.
fn success_handler(file: &File<'_, '_>, node: NodeId, deeds: &[Used]) -> Option<NodeId> {
    let given = |call: NodeId| {
        let arguments = &call_at(file, call)?.arguments;
        file.callable(arguments.last()?.as_expression()?)
    };
    let listeners = deeds
        .iter()
        .filter_map(|used| match way(file, used.node).fate {
            Fate::Asked {
                call,
                method: "on" | "once",
            } if matches!(
                event_of(file, call, 0),
                Some("connect" | "secureConnect" | "ready")
            ) =>
            {
                given(call)
            }
            _ => None,
        });
    listeners.chain(given(node)).next()
}

/// A stream that a function gives to its caller, who waits for it together with something that may fail.
fn beside(file: &File<'_, '_>, maker: NodeId) -> Option<Left> {
    file.parsed.calls_of(maker).iter().find_map(|call| {
        let Fate::Element(array) = way(file, *call).fate else {
            return None;
        };
        let AstKind::ArrayExpression(literal) = file.kind(array) else {
            return None;
        };
        let Fate::Given { call: all, .. } = way(file, array).fate else {
            return None;
        };
        let gathers = call_at(file, all)
            .and_then(method)
            .is_some_and(|(object, name)| {
                name == "all"
                    && matches!(object, Expression::Identifier(object) if object.name == "Promise")
            });
        let beside = literal
            .elements
            .iter()
            .filter_map(|element| element.as_expression());
        let other = beside
            .map(GetSpan::span)
            .find(|span| *span != file.kind(*call).span())?;
        gathers.then_some(Left::Beside(other))
    })
}

/// The answer to a request: what its function does with it.
pub(crate) fn answer<'a>(
    file: &File<'_, 'a>,
    node: NodeId,
    call: &CallExpression<'a>,
) -> Option<Left> {
    if asks_for_head(file, call) {
        return None;
    }
    let (function, answer) = callback(file, call)?;
    // Ending the request ends its answer.
    let mut closed: Vec<Span> = Vec::new();
    if let Fate::Variable(request) = way(file, node).fate {
        for used in deeds(file, request) {
            let is_ended = matches!(
                way(file, used.node).fate,
                Fate::Asked {
                    method: "destroy" | "abort",
                    ..
                }
            );
            if is_ended && file.kind(function).span().contains_inclusive(used.span) {
                closed.push(used.span);
            }
        }
    }
    let ends: Vec<Used> = match answer {
        Some(answer) => deeds(file, answer)
            .into_iter()
            .filter(|used| used.deed != Deed::Nothing)
            .collect(),
        None => Vec::new(),
    };
    if ends.is_empty() && closed.is_empty() {
        return Some(Left::Never);
    }
    body_of(file, function)?;
    for used in &ends {
        closed.push(arranged(file, function, used)?);
    }
    let resource = Resource {
        opened: None,
        closed: &closed,
        variable: answer,
    };
    let left = left_open(file, function, &resource);
    left.into_iter()
        .find(|left| left.exit != Exit::Rejection)
        .map(Left::On)
}

/// Where a function does what a use does, or hands somebody the function that does it later: on a way that does not pass there
/// nobody will. None where that function has a name, and may be called from anywhere.
fn arranged(file: &File<'_, '_>, function: NodeId, used: &Used) -> Option<Span> {
    let inner = std::iter::successors(file.function_around(used.node), |inner| {
        file.function_around(*inner)
    });
    let mut outermost = None;
    for inner in inner.take_while(|inner| *inner != function) {
        outermost = Some(inner);
    }
    let Some(later) = outermost else {
        return Some(used.span);
    };
    match way(file, later).fate {
        Fate::Given { call, .. } => Some(file.kind(call).span()),
        _ => None,
    }
}

/// The answer of a server that a promise is settled with: what the function does with it that waits for it.
pub(crate) fn awaited_answer(file: &File<'_, '_>, node: NodeId) -> Option<Left> {
    let function = file.function_around(node)?;
    let way = way(file, node);
    let Fate::Variable(answer) = way.fate else {
        return None;
    };
    let is_head = || file.slice(file.kind(function).span()).contains("HEAD");
    if !way.awaited || is_head() {
        return None;
    }
    let left = in_variable(file, function, node, Kind::Answer, answer, Some(way.whole))?;
    (!matches!(
        left,
        Left::On(LeftOpen {
            exit: Exit::Rejection,
            ..
        })
    ))
    .then_some(left)
}

/// The body of undici's answer, by itself or as a part of the answer.
pub(crate) fn body(file: &File<'_, '_>, node: NodeId) -> Option<Left> {
    let function = file.function_around(node)?;
    let way = way(file, node);
    if !way.awaited {
        return None;
    }
    match way.fate {
        Fate::Dropped => Some(Left::Never),
        Fate::Apart(BindingPattern::ObjectPattern(parts)) => {
            if parts.rest.is_some() {
                return None;
            }
            let part = parts
                .properties
                .iter()
                .find(|part| part.key.static_name().is_some_and(|name| name == "body"));
            let Some(part) = part else {
                return Some(Left::Never);
            };
            let variable = part.value.get_binding_identifier()?.symbol_id.get()?;
            in_variable(
                file,
                function,
                node,
                Kind::Answer,
                variable,
                Some(way.whole),
            )
        }
        Fate::Variable(answer) => {
            let mut closed = Vec::new();
            for (node, used) in crate::facts::fate::uses(file, answer) {
                match used.fate {
                    Fate::Read {
                        property: "body",
                        node: member,
                    } => {
                        let used =
                            deed(file, member, &crate::facts::fate::way(file, member), false);
                        if used.deed != Deed::Nothing {
                            closed.push((member, used.span));
                        }
                    }
                    Fate::Read { .. } | Fate::Dropped => {}
                    _ => closed.push((node, file.kind(used.whole).span())),
                }
            }
            if closed.is_empty() {
                return Some(Left::Never);
            }
            if !closed
                .iter()
                .all(|(node, _)| file.function_around(*node) == Some(function))
            {
                return None;
            }
            let closed: Vec<Span> = closed.into_iter().map(|(_, span)| span).collect();
            let resource = Resource {
                opened: Some(file.kind(way.whole).span()),
                closed: &closed,
                variable: None,
            };
            let left = left_open(file, function, &resource);
            left.into_iter()
                .find(|left| left.exit != Exit::Rejection)
                .map(Left::On)
        }
        _ => None,
    }
}
