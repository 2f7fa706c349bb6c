//! A holder into what becomes of its entries: let go, bounded, kept until asked again, kept for ever.

mod by_hand;

use oxc_ast::AstKind;
use oxc_ast::ast::{Expression, Statement};
use oxc_semantic::NodeId;
use oxc_span::GetSpan;
use stanch_js_source::{EscapeKind, Extent, Release, ReleaseKind, bare, is_function};

use crate::facts::holders::{Access, Container, Holder};
use crate::facts::updates::is_replaced_with_others;
use crate::file::{File, argument, method};
use crate::project::{Calls, Holder as Identity, Meaning};
use by_hand::{is_asked_for_by_hand, is_by_hand, is_never_called};

/// What becomes of the entries of a holder.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Fate {
    /// Something takes entries out, empties it, or bounds it.
    LetGo(Vec<Release>),
    /// An entry is looked at only when its key is asked for again: those that nobody asks for stay.
    KeptUntilAsked(Extent),
    /// An entry leaves when what it stands for fails, and stays when that goes well.
    KeptOnSuccess(Extent),
    /// Something looks at its size and lets everything be.
    OnlyWatched(Extent),
    /// Other code can reach it and may do any of it.
    InOthersHands,
    /// Nothing takes anything out.
    Kept,
}

/// Functions that read what they are given and keep nothing of it: of the language, node:util, loggers and frameworks.
const READERS: &[&str] = &[
    "stringify",
    "log",
    "info",
    "warn",
    "error",
    "debug",
    "trace",
    "dir",
    "table",
    "inspect",
    "keys",
    "values",
    "entries",
    "fromEntries",
    "from",
    "isArray",
    "json",
    "send",
    "end",
    "write",
    "format",
    "structuredClone",
    "max",
    "min",
    "String",
    "Number",
    "Boolean",
    "Set",
    "Map",
    "Array",
    "all",
    "allSettled",
    "race",
    "any",
    "freeze",
    "isEmpty",
    "equal",
    "deepEqual",
    "strictEqual",
    "ok",
    "expect",
    "assert",
    "hasOwn",
    "call",
    "concat",
    "render",
    "emit",
    "postMessage",
    "sum",
    "reduce",
    "apply",
    "getOwnPropertyNames",
    "clone",
    "cloneDeep",
    "sortBy",
    "groupBy",
    "map",
    "filter",
    "assign",
];
/// Methods that only say something.
const SAYS: &[&str] = &[
    "log",
    "info",
    "warn",
    "error",
    "debug",
    "trace",
    "emit",
    "captureMessage",
    "increment",
];

/// What becomes of the entries; `nested` asks after those of the containers in the holder.
pub(crate) fn fate<'a>(file: &File<'_, 'a>, holder: &Holder<'a>, nested: bool) -> Fate {
    fate_of(file, holder, nested, |_| true)
}

/// What becomes of what is put in the containers of the entries that have this name: `history` of `room.history.push(…)`.
/// What leaves others of the same entry says nothing of them.
pub(crate) fn fate_of_part<'a>(file: &File<'_, 'a>, holder: &Holder<'a>, part: &str) -> Fate {
    fate_of(file, holder, true, |release| {
        !release.nested || part_of(file, release.node).is_none_or(|other| other == part)
    })
}

/// The name of the container, among those of an entry, to which something is done at a node.
pub(crate) fn part_of<'a>(file: &File<'_, 'a>, node: NodeId) -> Option<&'a str> {
    let name = |of: &'a Expression<'a>| bare(of).as_member_expression()?.static_property_name();
    match file.kind(node) {
        AstKind::CallExpression(call) => name(method(call)?.0),
        AstKind::AssignmentExpression(assignment) => {
            let target = assignment.left.as_member_expression()?;
            match target.static_property_name()? {
                "length" => name(target.object()),
                part => Some(part),
            }
        }
        _ => None,
    }
}

fn fate_of<'a>(
    file: &File<'_, 'a>,
    holder: &Holder<'a>,
    nested: bool,
    counts: impl Fn(&Release) -> bool,
) -> Fate {
    let releases = file.parsed.releases(&holder.reference);
    let mut partial = None;
    let mut effective = Vec::new();
    for release in releases {
        // What leaves the holder takes its own entries along; the other way round the holder grows.
        if release.nested && !nested || !counts(&release) {
            continue;
        }
        match effect(file, holder, &release, nested) {
            Effect::LetsGo => effective.push(release),
            Effect::OnlyWhenAsked => partial = Some(Fate::KeptUntilAsked(release.extent)),
            Effect::OnlyOnFailure => partial = Some(Fate::KeptOnSuccess(release.extent)),
            Effect::OnlySays => {
                partial.get_or_insert(Fate::OnlyWatched(release.extent));
            }
            Effect::None => {}
        }
    }
    if !effective.is_empty() {
        return Fate::LetGo(effective);
    }
    if is_in_others_hands(file, holder) || is_replaced_with_others(file, holder) {
        return Fate::InOthersHands;
    }
    partial.unwrap_or(Fate::Kept)
}

enum Effect {
    LetsGo,
    OnlyWhenAsked,
    OnlyOnFailure,
    OnlySays,
    None,
}

fn effect<'a>(file: &File<'_, 'a>, holder: &Holder<'a>, release: &Release, nested: bool) -> Effect {
    // What is let go while the program starts, or when it ends, is not let go in between.
    let is_rare = matches!(
        release.kind,
        ReleaseKind::Clear | ReleaseKind::Reassign | ReleaseKind::Truncate
    ) && release.period.is_none()
        && file.function_around(release.node).is_some()
        && file.frequency(release.node) == Calls::Once;
    if is_rare || is_never_called(file, release.node) {
        return Effect::None;
    }
    let takes_all = matches!(
        release.kind,
        ReleaseKind::Clear | ReleaseKind::Reassign | ReleaseKind::Truncate
    );
    if takes_all
        && (is_by_hand(file, holder, release) || is_asked_for_by_hand(file, holder, release))
    {
        return Effect::OnlyWhenAsked;
    }
    match release.kind {
        ReleaseKind::BoundCheck => {
            if only_says(file, release.node) {
                Effect::OnlySays
            } else {
                Effect::LetsGo
            }
        }
        // A slot that is set to null is still a slot.
        ReleaseKind::Delete if holder.container == Container::Array && !nested => {
            match file.kind(release.node) {
                AstKind::CallExpression(_) => Effect::LetsGo,
                _ => Effect::None,
            }
        }
        ReleaseKind::Delete if release.period.is_none() => {
            if is_after_failure(file, release.node) {
                Effect::OnlyOnFailure
            } else if is_of_the_expired_one(file, release.node) {
                Effect::OnlyWhenAsked
            } else {
                Effect::LetsGo
            }
        }
        // Closing or ending what is in there takes nothing out.
        ReleaseKind::Close | ReleaseKind::Off => Effect::None,
        _ => Effect::LetsGo,
    }
}

/// Whether all that a comparison of the size leads to is a message.
fn only_says(file: &File<'_, '_>, comparison: NodeId) -> bool {
    let mut around = file.nodes().ancestor_kinds(comparison);
    let Some(AstKind::IfStatement(branch)) = around.find(|kind| {
        !matches!(
            kind,
            AstKind::LogicalExpression(_)
                | AstKind::ParenthesizedExpression(_)
                | AstKind::UnaryExpression(_)
        )
    }) else {
        // `res.json({ many: seen.size > 1000 })` says so; `const full = seen.size > 1000` may be a bound.
        return is_said_only(file, comparison);
    };
    branch.alternate.is_none() && says(&branch.consequent)
}

fn says(statement: &Statement<'_>) -> bool {
    match statement {
        Statement::BlockStatement(block) => !block.body.is_empty() && block.body.iter().all(says),
        Statement::ExpressionStatement(statement) => match bare(&statement.expression) {
            Expression::CallExpression(call) => method(call).is_some_and(|(_, name)| {
                // A copy that nobody takes.
                SAYS.contains(&name) || matches!(name, "slice" | "filter" | "concat")
            }),
            _ => false,
        },
        _ => false,
    }
}

/// Whether code runs only when something failed: in a `catch`, in a callback of one, or in the second callback of `then`.
pub(crate) fn is_after_failure(file: &File<'_, '_>, node: NodeId) -> bool {
    if is_in_a_failure(file, node) {
        return true;
    }
    let Some(function) = file.function_around(node) else {
        return false;
    };
    let calls = file.parsed.calls_of(function);
    !calls.is_empty() && calls.iter().all(|call| is_in_a_failure(file, *call))
}

fn is_in_a_failure(file: &File<'_, '_>, node: NodeId) -> bool {
    let span = file.kind(node).span();
    file.nodes()
        .ancestor_ids(node)
        .any(|around| match file.kind(around) {
            AstKind::CatchClause(_) => true,
            kind if is_function(kind) => {
                let AstKind::CallExpression(call) = file.kind(file.parent(around)) else {
                    return false;
                };
                let own = kind.span();
                match method(call) {
                    Some((_, "catch")) => true,
                    Some((_, "then")) => call
                        .arguments
                        .get(1)
                        .is_some_and(|second| second.span().contains_inclusive(own)),
                    Some((_, "on" | "once")) => argument(call, 0)
                        .and_then(stanch_js_source::literal_text)
                        .is_some_and(|event| matches!(event, "error" | "failed" | "failure")),
                    _ => false,
                }
            }
            _ => false,
        })
        && span.end > span.start
}

/// Whether a deletion is of the one entry that was just looked up and found too old.
fn is_of_the_expired_one(file: &File<'_, '_>, delete: NodeId) -> bool {
    let mut inside_branch = None;
    for around in file.nodes().ancestor_ids(delete) {
        match file.kind(around) {
            kind if is_function(kind) => break,
            AstKind::ForStatement(_)
            | AstKind::ForOfStatement(_)
            | AstKind::ForInStatement(_)
            | AstKind::WhileStatement(_)
            | AstKind::DoWhileStatement(_) => return false,
            AstKind::IfStatement(branch) if inside_branch.is_none() => {
                inside_branch = Some(branch.test.span());
            }
            _ => {}
        }
    }
    let Some(function) = file.function_around(delete) else {
        return false;
    };
    // Functions that something calls for each of many, or by a timer, sweep.
    if !is_lookup(file, function) {
        return false;
    }
    inside_branch.is_some_and(|test| speaks_of_age(file.slice(test)))
}

/// Words of conditions that ask whether something is too old.
const AGE_WORDS: &[&str] = &[
    "Date.now", "now", "expire", "Expire", "expir", "ttl", "TTL", "stale", "Stale", "age", "Age",
    "until", "fresh",
];

fn speaks_of_age(test: &str) -> bool {
    AGE_WORDS.iter().any(|word| test.contains(word))
}

/// Whether a function gives something back that it looked up: it returns values and is no callback of a loop or a timer.
fn is_lookup(file: &File<'_, '_>, function: NodeId) -> bool {
    let parent = file.kind(file.parent(function));
    let is_callback = matches!(parent, AstKind::CallExpression(call)
        if !call.callee.span().contains_inclusive(file.kind(function).span()))
        && !file.is_handler(function);
    !is_callback && !file.parsed.results_of(function).is_empty()
}

/// What other files do with a holder.
enum Elsewhere {
    /// Some file takes entries out.
    LetGo,
    /// None does, and all that can are known.
    Nothing,
    /// Others may that nobody knows.
    Unknown,
}

fn elsewhere(file: &File<'_, '_>, holder: &Holder<'_>) -> Elsewhere {
    // What a class keeps is emptied by its own methods; a variable or a module's object is there for all.
    let is_field = holder.written.starts_with("this.");
    let is_open = holder.access == Access::Public
        && !is_field
        && !holder.written.contains("locals")
        && (file.project.is_alone() || holder.identity.is_none());
    let Some(identity) = &holder.identity else {
        return if is_open {
            Elsewhere::Unknown
        } else {
            Elsewhere::Nothing
        };
    };
    let named = match identity {
        Identity::Member(_, name) => Some(file.project.uses_named(name)),
        _ => None,
    };
    let mut uses = file
        .project
        .uses_of(identity)
        .chain(named.into_iter().flatten());
    if uses.any(|used| used.file != file.index && used.op.releases() && !used.is_by_hand) {
        Elsewhere::LetGo
    } else if is_open {
        Elsewhere::Unknown
    } else {
        Elsewhere::Nothing
    }
}

/// Whether other files, or functions of other files, get hold of the container and may empty it.
fn is_in_others_hands(file: &File<'_, '_>, holder: &Holder<'_>) -> bool {
    match elsewhere(file, holder) {
        Elsewhere::LetGo | Elsewhere::Unknown => return true,
        Elsewhere::Nothing => {}
    }
    file.parsed
        .escapes(&holder.reference)
        .into_iter()
        .any(|escape| match escape.kind {
            EscapeKind::Given { callee } => {
                let name = callee.rsplit(['.', ' ']).next().unwrap_or(&callee);
                !READERS.contains(&name.trim_end_matches("()"))
                    && !is_read_only_argument(file, escape.node)
                    && !is_given_to_the_project(file, escape.node)
            }
            EscapeKind::Stored => {
                !is_said_only(file, escape.node)
                    && !is_export(file, holder, escape.node)
                    && !is_put_back(file, holder, escape.node)
            }
            EscapeKind::Exported => holder.identity.is_none() || file.project.is_alone(),
            // Most who ask for all of it read it.
            EscapeKind::Returned => false,
        })
}

/// Whether a function of the project is given the container: what it does with it is known.
fn is_given_to_the_project(file: &File<'_, '_>, node: NodeId) -> bool {
    let callee = match file.kind(file.parent(node)) {
        AstKind::CallExpression(call) => &call.callee,
        _ => return false,
    };
    matches!(file.meaning(callee), Meaning::Function(_))
}

/// `this.all = this.all || new Map()`
fn is_put_back(file: &File<'_, '_>, holder: &Holder<'_>, node: NodeId) -> bool {
    matches!(file.kind(file.parent(node)), AstKind::AssignmentExpression(assignment)
        if file.slice(assignment.left.span()) == holder.written)
}

/// `module.exports = { cache }`, `exports.cache = cache`, `export const store = { cache }`, where the files of the project are
/// known.
fn is_export(file: &File<'_, '_>, holder: &Holder<'_>, node: NodeId) -> bool {
    if file.project.is_alone() || holder.identity.is_none() {
        return false;
    }
    let mut around = file.nodes().ancestor_kinds(node);
    let first = around.find(|kind| {
        matches!(
            kind,
            AstKind::AssignmentExpression(_) | AstKind::VariableDeclarator(_)
        )
    });
    match first {
        Some(AstKind::AssignmentExpression(assignment)) => {
            let target = file.slice(assignment.left.span());
            target.starts_with("module.exports") || target.starts_with("exports")
        }
        Some(AstKind::VariableDeclarator(declarator)) => {
            let literal = declarator.init.as_ref().map(bare);
            matches!(literal, Some(Expression::ObjectExpression(_)))
                && around
                    .take(2)
                    .any(|kind| matches!(kind, AstKind::ExportDeclaration(_)))
        }
        _ => false,
    }
}

/// Elements handed to a promise: `await Promise.all(pending)`.
fn is_read_only_argument(file: &File<'_, '_>, node: NodeId) -> bool {
    matches!(file.kind(file.parent(node)), AstKind::SpreadElement(_))
}

/// Whether the object or list that the container is put in goes to a reader: `console.log({ cache })`.
fn is_said_only(file: &File<'_, '_>, node: NodeId) -> bool {
    let mut around = file.nodes().ancestor_kinds(node);
    let first = around.find(|kind| {
        !matches!(
            kind,
            AstKind::ObjectProperty(_) | AstKind::ObjectExpression(_) | AstKind::ArrayExpression(_)
        )
    });
    match first {
        Some(AstKind::CallExpression(call)) => {
            method(call).is_some_and(|(_, name)| READERS.contains(&name))
        }
        _ => false,
    }
}
