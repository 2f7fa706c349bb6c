//! A racer into the promise that it is, where that takes part in race after race: one of the process, of an instance, or one
//! that was made in front of the loop that races.

use oxc_ast::ast::{Argument, Expression, MemberExpression};
use oxc_ast::{AstKind, AstType};
use oxc_semantic::{NodeId, SymbolId};
use oxc_span::{GetSpan, Span};
use stanch_js_source::{bare, literal_text};

use crate::facts::lifetime::{Life, is_constructor, life_of, returned};
use crate::facts::listeners::member;
use crate::facts::platform::{declared_by, outside};
use crate::facts::settlement::{settles, settles_by_itself, tells_of_a_beginning};
use crate::facts::turns::{is_counted, is_loop};
use crate::file::{File, argument, method};
use crate::project::{Calls, Meaning};

/// A promise that takes part in many races.
pub(crate) struct Outliving {
    /// Where the file names it first.
    pub(crate) made: Span,
    /// Ends the sentence that names it.
    pub(crate) why: &'static str,
}

/// What makes a racer outlive the race at `race`.
pub(crate) fn outliving<'a>(
    file: &File<'_, 'a>,
    race: NodeId,
    racer: &'a Expression<'a>,
) -> Option<Outliving> {
    // What `then` makes of it hangs on it as well.
    if let Expression::CallExpression(call) = racer
        && let Some((promise, "then" | "catch" | "finally")) = method(call)
    {
        return outliving(file, race, promise);
    }
    if let Some(variable) = file.variable(racer) {
        let scoping = file.parsed.semantic().scoping();
        let is_of_module = scoping.symbol_scope_id(variable) == scoping.root_scope_id();
        if is_of_module && tells_of_a_beginning(scoping.symbol_name(variable)) {
            return None;
        }
        // What a call gives may have ended long ago.
        let is_result = matches!(
            declared_by(file, racer),
            Some(Expression::CallExpression(_))
        );
        return outliving_variable(file, race, variable, racer)
            .or_else(|| of_the_process(file, racer).filter(|_| !is_result));
    }
    let Some((object, name)) = member(racer) else {
        return of_the_process(file, racer);
    };
    if tells_of_a_beginning(name) {
        return None;
    }
    if file.project.is_a_plugged_promise(name) && !file.project.settles_by_itself(name) {
        return Some(Outliving {
            made: racer.span(),
            why: "which a plugin makes once",
        });
    }
    match object {
        Expression::ThisExpression(_) => {
            of_instance(file, race, racer).or_else(|| inherited(file, race, racer))
        }
        // `this.ended.promise`
        _ if is_field(object) => (stays_pending(&file.meaning(racer))
            && !file.project.settles_by_itself(name)
            && !is_raced_once_by_its_instance(file, race))
        .then(|| Outliving {
            made: object.span(),
            why: "which is made once for the instance",
        }),
        _ => part_of_deferred(file, racer).or_else(|| of_the_process(file, racer)),
    }
}

/// What a getter, or the class that the racing one extends, has of the instance.
fn inherited<'a>(
    file: &File<'_, 'a>,
    race: NodeId,
    racer: &'a Expression<'a>,
) -> Option<Outliving> {
    let (owner, name) = member(racer)?;
    let is_pending = stays_pending(&file.meaning(racer))
        && file.project.has_its_own(&file.meaning(owner), name)
        && !file.project.settles_by_itself(name);
    let is_once =
        || is_raced_once_by_its_instance(file, race) || is_made_for_the_race(file, race, racer);
    (is_pending && !is_once()).then(|| Outliving {
        made: racer.span(),
        why: "which is made once for the instance",
    })
}

fn is_field<'a>(object: &'a Expression<'a>) -> bool {
    member(object).is_some_and(|(owner, _)| matches!(owner, Expression::ThisExpression(_)))
}

/// A promise that waits for something and lives as long as the process: what a function gives that always gives the same one,
/// what a module, a static field or an object of the module has under a name.
fn of_the_process<'a>(file: &File<'_, 'a>, racer: &'a Expression<'a>) -> Option<Outliving> {
    let is_of_process = match racer {
        Expression::CallExpression(call) => {
            file.gives_what_lasts(&call.callee)
                || method(call)
                    .is_some_and(|(owner, _)| matches!(life_of(file, owner), Life::Process(_)))
                    && file.gives_its_field(&call.callee)
        }
        racer => matches!(life_of(file, racer), Life::Process(_)),
    };
    let settles = || {
        let name = match racer {
            Expression::Identifier(name) => Some(name.name.as_str()),
            racer => member(racer).map(|(_, name)| name),
        };
        name.is_some_and(|name| file.project.settles_by_itself(name))
    };
    let is_pending =
        || is_put_there_pending(file, racer) || stays_pending(&file.meaning(racer)) && !settles();
    (is_of_process && is_pending()).then(|| Outliving {
        made: racer.span(),
        why: "which is made once and stays pending",
    })
}

/// Whether the file puts a promise under the name of a property while it is loaded: `app.locals.draining = new Promise(…)`,
/// `fastify.decorate('closing', new Promise(…))`.
fn is_put_there_pending<'a>(file: &File<'_, 'a>, racer: &'a Expression<'a>) -> bool {
    let Some((_, name)) = member(racer) else {
        return false;
    };
    let is_once = |node: NodeId| file.frequency(node) == Calls::Once;
    let is_assigned = file.assignments().iter().any(|(node, put)| {
        let target = put.left.as_member_expression();
        target.and_then(MemberExpression::static_property_name) == Some(name)
            && is_promise(file, &put.right)
            && is_once(*node)
    });
    is_assigned
        || file.calls().iter().any(|(node, call)| {
            method(call).is_some_and(|(_, called)| called == "decorate")
                && argument(call, 0).and_then(literal_text) == Some(name)
                && argument(call, 1).is_some_and(|it| is_promise(file, it))
                && is_once(*node)
        })
}

/// Whether a promise is one that something outside has to settle.
pub(crate) fn stays_pending(promise: &Meaning) -> bool {
    match promise {
        Meaning::Instance(class) => class.is_global("Promise"),
        Meaning::Result(of) => match &**of {
            Meaning::Member(promise, name) if matches!(&**name, "then" | "catch" | "finally") => {
                stays_pending(promise)
            }
            of => of.is_of_node("events", &["once"]),
        },
        Meaning::Member(deferred, name) => &**name == "promise" && is_deferred(deferred),
        _ => false,
    }
}

/// A field of the instance that gets its promise once.
fn of_instance<'a>(
    file: &File<'_, 'a>,
    race: NodeId,
    racer: &'a Expression<'a>,
) -> Option<Outliving> {
    if is_raced_once_by_its_instance(file, race) {
        return None;
    }
    if is_made_for_the_race(file, race, racer) {
        return None;
    }
    let name = file.written(racer);
    let made = file
        .nodes_of([AstType::PropertyDefinition, AstType::AssignmentExpression])
        .find_map(|node| {
            if let AstKind::PropertyDefinition(own) = node.kind() {
                let is_it = file.slice(own.key.span()) == name.split('.').next_back()?;
                let value = own
                    .value
                    .as_ref()
                    .filter(|value| is_it && is_promise(file, value))?;
                return Some(value.span());
            }
            let AstKind::AssignmentExpression(assignment) = node.kind() else {
                return None;
            };
            let target = file.slice(assignment.left.span());
            // Often made for an instance that is not called `this` yet.
            let is_it = target.split('.').next_back() == name.split('.').next_back();
            (is_it && is_promise(file, &assignment.right)).then_some(assignment.right.span())
        })?;
    Some(Outliving {
        made,
        why: "which is made once for the instance",
    })
}

/// Whether the function that races, or what it calls, makes the promise of the field anew.
fn is_made_for_the_race<'a>(file: &File<'_, 'a>, race: NodeId, racer: &'a Expression<'a>) -> bool {
    let Some((_, name)) = member(racer) else {
        return false;
    };
    let racing = file.function_around(race);
    let class = file.parsed.class_around(race);
    let mut assigned = file.fields().assigned(class, name).iter();
    assigned.any(|(node, _)| {
        let maker = file.function_around(*node);
        maker.is_some_and(|maker| {
            let is_of_class = is_constructor(file, maker);
            let calls = file.parsed.calls_of(maker);
            !is_of_class
                && (racing == Some(maker)
                    || calls
                        .iter()
                        .any(|call| file.function_around(*call) == racing))
        })
    })
}

/// Whether only constructors run the race, each for its own instance.
fn is_raced_once_by_its_instance(file: &File<'_, '_>, race: NodeId) -> bool {
    let is_in_loop = file
        .nodes()
        .ancestor_ids(race)
        .any(|around| is_loop(file.kind(around)));
    let Some(method) = file.function_around(race) else {
        return false;
    };
    let calls = file.parsed.calls_of(method);
    let is_of_constructor = |call: &NodeId| {
        let around = file.function_around(*call);
        around.is_some_and(|function| is_constructor(file, function))
    };
    !is_in_loop && !calls.is_empty() && calls.iter().all(is_of_constructor)
}

/// `stopped.promise` where `stopped` is what the module has of `Promise.withResolvers()`.
fn part_of_deferred<'a>(file: &File<'_, 'a>, racer: &'a Expression<'a>) -> Option<Outliving> {
    let member = racer.as_member_expression()?;
    let variable = file.variable(member.object())?;
    let scoping = file.parsed.semantic().scoping();
    if is_deferred(&file.meaning(member.object()))
        && member.static_property_name() == Some("promise")
        && matches!(
            file.kind(scoping.symbol_declaration(variable)),
            AstKind::ImportSpecifier(_) | AstKind::ImportDefaultSpecifier(_)
        )
    {
        return Some(Outliving {
            made: scoping.symbol_span(variable),
            why: "which its module makes once",
        });
    }
    let made = declared_by(file, member.object())?;
    let is_it = member.static_property_name() == Some("promise")
        && is_with_resolvers(made)
        && !scoping.symbol_is_mutated(variable)
        && scoping.symbol_scope_id(variable) == scoping.root_scope_id();
    is_it.then(|| Outliving {
        made: made.span(),
        why: "which is made once and stays pending",
    })
}

/// Whether something is what `Promise.withResolvers()` gives, in whatever file.
fn is_deferred(meaning: &Meaning) -> bool {
    let Meaning::Result(of) = meaning else {
        return false;
    };
    matches!(&**of, Meaning::Global(path)
        if path.iter().map(|name| &**name).eq(["Promise", "withResolvers"]))
}

fn is_with_resolvers(made: &Expression<'_>) -> bool {
    matches!(bare(made), Expression::CallExpression(call)
        if method(call).is_some_and(|(_, name)| name == "withResolvers"))
}

/// Whether another file makes the promise by doing something that ends by itself: reading a file, connecting.
fn ends_by_itself(promise: &Meaning) -> bool {
    match promise {
        Meaning::Result(of) => match &**of {
            Meaning::Member(promise, name) if matches!(&**name, "then" | "catch" | "finally") => {
                ends_by_itself(promise)
            }
            Meaning::Member(..) => false,
            of => !of.is_of_node("events", &["once"]),
        },
        _ => false,
    }
}

fn outliving_variable<'a>(
    file: &File<'_, 'a>,
    race: NodeId,
    variable: SymbolId,
    racer: &'a Expression<'a>,
) -> Option<Outliving> {
    let scoping = file.parsed.semantic().scoping();
    let declaration = scoping.symbol_declaration(variable);
    let kind = file.kind(declaration);
    let is_imported = matches!(
        kind,
        AstKind::ImportSpecifier(_) | AstKind::ImportDefaultSpecifier(_)
    );
    // `const { draining } = require('./lifecycle')`
    let is_required = || {
        let required = file.parsed.import_of(racer);
        required.is_some_and(|(module, _)| module.starts_with('.'))
    };
    if is_imported || is_required() {
        let name = scoping.symbol_name(variable);
        let soon = tells_of_a_beginning(name) || file.project.settles_by_itself(name);
        return (!soon && !ends_by_itself(&file.meaning(racer))).then(|| Outliving {
            made: scoping.symbol_span(variable),
            why: "which its module makes once",
        });
    }
    let AstKind::VariableDeclarator(declarator) = kind else {
        return None;
    };
    // A variable that is assigned again may hold a new promise each time.
    if scoping.symbol_is_mutated(variable) {
        return None;
    }
    let init = bare(declarator.init.as_ref()?);
    let is_part = declarator.id.get_binding_identifier().is_none();
    let waits = is_promise(file, init)
        || is_end_of_a_stream(file, init)
        || gives_a_waiting_promise(file, init);
    if is_part != is_with_resolvers(init) || !is_part && !waits {
        return None;
    }
    let made = init.span();
    if scoping.symbol_scope_id(variable) == scoping.root_scope_id() {
        let why = "which is made once and stays pending";
        return Some(Outliving { made, why });
    }
    // In one call a promise is raced again only by a loop that it was made in front of; one that is in so many races goes
    // with the call.
    let loops_since = file
        .nodes()
        .ancestor_ids(race)
        .take_while(|around| {
            !file
                .kind(*around)
                .span()
                .contains_inclusive(declarator.span)
        })
        .any(|around| is_loop(file.kind(around)) && !is_counted(file, file.kind(around)));
    loops_since.then_some(Outliving {
        made,
        why: "which is made before the loop",
    })
}

/// The end of a stream as a promise: `finished(stream)`, and what readers, writers and sessions of the web have as `closed`.
fn is_end_of_a_stream<'a>(file: &File<'_, 'a>, made: &'a Expression<'a>) -> bool {
    match made {
        Expression::CallExpression(call) => match method(call) {
            Some((end, "then" | "catch" | "finally")) => is_end_of_a_stream(file, end),
            _ => outside(file, &call.callee)
                .is_some_and(|callee| callee.is("stream/promises", "finished")),
        },
        _ => member(made).is_some_and(|(_, name)| name == "closed"),
    }
}

/// Whether a function of the file is called that gives a promise for an event, which may never come.
fn gives_a_waiting_promise<'a>(file: &File<'_, 'a>, made: &'a Expression<'a>) -> bool {
    let Expression::CallExpression(call) = made else {
        return false;
    };
    if file.project.gives_a_wait(file.meaning(&call.callee)) {
        return true;
    }
    let Some(Expression::NewExpression(promise)) = returned(file, call).map(bare) else {
        return false;
    };
    let executor = promise.arguments.first().and_then(Argument::as_expression);
    let Some(executor) = executor.and_then(|executor| file.callable(executor)) else {
        return false;
    };
    let settled = settles(file, executor);
    let added = &file.listeners().added;
    let is_by_event = |place: &Span| {
        added
            .iter()
            .any(|added| added.call.span.contains_inclusive(*place))
    };
    is_promise_class(&promise.callee) && !settled.is_empty() && settled.iter().all(is_by_event)
}

/// Whether an expression makes a promise that something outside has to settle: `new Promise(…)`, `once(…)`, and what
/// `then` makes of one.
fn is_promise<'a>(file: &File<'_, 'a>, expression: &Expression<'a>) -> bool {
    match bare(expression) {
        Expression::NewExpression(new) => {
            is_promise_class(&new.callee) && !settles_by_itself(file.parsed, new)
        }
        Expression::CallExpression(call) => match method(call) {
            Some((promise, "then" | "catch" | "finally")) => is_promise(file, promise),
            Some((_, name)) => name == "once",
            None => {
                matches!(bare(&call.callee), Expression::Identifier(callee) if callee.name == "once")
            }
        },
        _ => false,
    }
}

fn is_promise_class(callee: &Expression<'_>) -> bool {
    matches!(bare(callee), Expression::Identifier(class) if class.name == "Promise")
}
