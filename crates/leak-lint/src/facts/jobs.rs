//! The jobs that a file has run by a schedule, as packages offer it, into those that nothing can stop: intervals under another
//! name.

use oxc_ast::ast::{Argument, Expression};
use oxc_ast::{AstKind, AstType};
use oxc_semantic::NodeId;
use oxc_span::Span;
use stanch_js_source::bare;

use crate::facts::fate::{Fate, uses, way};
use crate::facts::intervals::{Endless, started_again};
use crate::facts::platform::outside;
use crate::file::File;

/// A job that runs for ever.
pub(crate) struct Job {
    pub(crate) place: Span,
    pub(crate) endless: Endless,
}

/// What schedules a job, by the documentation of the packages.
const SCHEDULES: &[(&str, &str)] = &[
    ("node-schedule", "scheduleJob"),
    ("node-cron", "schedule"),
    ("cron", "CronJob"),
    ("croner", "Cron"),
    ("croner", ""),
];
/// By which names all jobs there are can be had: node-schedule and node-cron.
const ALL_JOBS: &[&str] = &["scheduledJobs", "cancelJob", "gracefulShutdown", "getTasks"];
/// Methods of a job that do not end it.
const GOES_ON: &[&str] = &[
    "start",
    "on",
    "nextInvocation",
    "nextDate",
    "nextDates",
    "nextRun",
    "unref",
];

/// The jobs that hot code schedules, and nothing can stop.
pub(crate) fn endless_jobs(file: &File<'_, '_>) -> Vec<Job> {
    let packages: Vec<&str> = SCHEDULES.iter().map(|(package, _)| *package).collect();
    if !file.imports_any(&packages) || ALL_JOBS.iter().any(|name| file.project.is_mentioned(name)) {
        return Vec::new();
    }
    let mut found = Vec::new();
    for node in file.nodes_of([AstType::CallExpression, AstType::NewExpression]) {
        let (callee, arguments, place) = match node.kind() {
            AstKind::CallExpression(call) => (&call.callee, &call.arguments, call.span),
            AstKind::NewExpression(new) => (&new.callee, &new.arguments, new.span),
            _ => continue,
        };
        if schedules(file, callee, arguments)
            && nobody_has(file, node.id())
            && let Some(endless) = started_again(file, node.id(), callee)
        {
            found.push(Job { place, endless });
        }
    }
    found
}

/// Whether a call has something run again and again, by a pattern that is written there.
fn schedules<'a>(
    file: &File<'_, 'a>,
    callee: &'a Expression<'a>,
    arguments: &'a [Argument<'a>],
) -> bool {
    let pattern = arguments
        .first()
        .and_then(Argument::as_expression)
        .map(bare);
    let is_pattern = match pattern {
        Some(Expression::StringLiteral(text)) => is_a_pattern(text.value.as_str()),
        Some(Expression::TemplateLiteral(text)) => text
            .quasis
            .iter()
            .any(|part| is_a_pattern(part.value.raw.as_str())),
        _ => false,
    };
    is_pattern
        && outside(file, callee).is_some_and(|found| {
            SCHEDULES
                .iter()
                .any(|(package, name)| found.is(package, name))
        })
}

/// Whether a text is one of cron: fields between spaces, at least one of them free.
fn is_a_pattern(text: &str) -> bool {
    text.contains('*') && text.contains(' ')
}

/// Whether a job goes nowhere, or into a variable by which it is started only.
fn nobody_has(file: &File<'_, '_>, job: NodeId) -> bool {
    let goes_on = |fate: Fate<'_>| match fate {
        Fate::Dropped => true,
        Fate::Asked { call, method } => {
            GOES_ON.contains(&method) && matches!(way(file, call).fate, Fate::Dropped)
        }
        _ => false,
    };
    match way(file, job).fate {
        Fate::Variable(variable) => uses(file, variable)
            .into_iter()
            .all(|(_, way)| goes_on(way.fate)),
        fate => goes_on(fate),
    }
}
