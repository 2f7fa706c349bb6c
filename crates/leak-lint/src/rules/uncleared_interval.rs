//! `setInterval` in a handler, without a `clearInterval` that could know it.

use oxc_ast::ast::CallExpression;
use oxc_ast::{AstKind, AstType};
use oxc_semantic::NodeId;
use oxc_span::GetSpan;
use stanch_js_source::is_function;
use stanch_leak_patterns::{Confidence, Pattern};

use crate::facts::intervals::{Endless, endless};
use crate::facts::jobs::endless_jobs;
use crate::facts::paths::Exit;
use crate::facts::platform::is_global_call;
use crate::file::File;
use crate::finding::{Finding, Fix, Label, Safety};
use crate::fix::Change;
use crate::fix::ending::ending;
use crate::project::Heat;
use crate::rule::{On, Rule};

pub(crate) const RULE: Rule = Rule {
    id: "uncleared-interval",
    pattern: Pattern::PendingAsync,
    on: On::WhenSure,
    page: "# uncleared-interval

Finds intervals that are started again and again, for each request, connection or effect, and not cleared.

Jobs that node-schedule, node-cron, cron or croner run by a pattern are intervals too.

## Why it leaks

An interval runs until it is cleared. Node keeps its function, and with it every variable of the scopes around it: the
request, the response, the socket. `unref()` changes nothing about that: it only lets the process exit.

## Example

```js
wss.on('connection', (socket) => {
  setInterval(() => socket.ping(), 30_000);
});
```

## Use instead

```js
wss.on('connection', (socket) => {
  const timer = setInterval(() => socket.ping(), 30_000);
  socket.on('close', () => clearInterval(timer));
});
```

## How safe the fix is

Unsafe. In a function of a request or a connection the interval is cleared when that is closed, and does nothing after it.
Elsewhere a cleanup to be returned is shown only: the callers have to call it.

## What is not flagged

Intervals at module level, and those that are started once; those whose handle something else clears, in whatever file, or
gets; commands, build scripts and tests.

## References

- Node.js, `setInterval`, `timeout.unref()`
",
    check,
};

fn check<'a>(file: &File<'_, 'a>, findings: &mut Vec<Finding>) {
    if file.ends() && !file.is_of_a_page() {
        return;
    }
    for (node, call) in file.calls() {
        if !is_global_call(file, call, "setInterval") {
            continue;
        }
        let Some(endless) = endless(file, *node, call) else {
            continue;
        };
        // What a component starts outlives the component; the rest of a page is as old as the page.
        if file.is_of_a_page() && !matches!(endless, Endless::Effect | Endless::Rendered) {
            continue;
        }
        let labels = match endless {
            Endless::OnlyByItself(end) | Endless::AfterFailure(end) => {
                vec![Label::new(file.extent(end), "does not clear it")]
            }
            Endless::LeftOn(left) => vec![Label::new(file.extent(left.at), "left running here")],
            Endless::Unheard(heard) | Endless::AfterRejection(heard) => {
                vec![Label::new(file.extent(heard), "cleared by this only")]
            }
            Endless::NobodyStops(stop) => {
                vec![Label::new(file.extent(stop), "nobody calls this")]
            }
            _ => Vec::new(),
        };
        findings.push(Finding {
            rule: RULE.id,
            confidence: confidence(endless),
            message: message(endless).to_owned(),
            growth: Some("one timer each time, for the life of the process"),
            place: Label::new(
                file.extent(call.span),
                "runs until it is cleared, with all that its scope keeps",
            ),
            labels,
            fixes: fix(file, *node, call, endless).into_iter().collect(),
        });
    }
    for job in endless_jobs(file) {
        findings.push(Finding {
            rule: RULE.id,
            confidence: confidence(job.endless),
            message: "a job is scheduled again and again, and nothing can cancel it".to_owned(),
            growth: Some("one job each time, for the life of the process"),
            place: Label::new(
                file.extent(job.place),
                "runs until it is cancelled, with all that its scope keeps",
            ),
            labels: Vec::new(),
            fixes: Vec::new(),
        });
    }
}

const fn confidence(endless: Endless) -> Confidence {
    match endless {
        Endless::OutOfReach(Heat::Called) => Confidence::Medium,
        _ => Confidence::High,
    }
}

const fn message(endless: Endless) -> &'static str {
    match endless {
        Endless::OutOfReach(_) => {
            "an interval is started again and again, and nothing can clear it"
        }
        Endless::Effect => "each run of the effect starts an interval, and no cleanup clears it",
        Endless::Rendered => {
            "rendering the component starts an interval; on a server nothing unmounts the component and clears it"
        }
        Endless::OnlyByItself(_) => {
            "only the interval itself clears itself, on some condition; when the connection ends it goes on"
        }
        Endless::AfterFailure(_) => {
            "the interval clears itself when it has succeeded, and goes on when it has failed"
        }
        Endless::LeftOn(left) => match left.exit {
            Exit::Rejection => "the interval goes on when what is awaited rejects",
            _ => "the interval goes on where the function is left by another way",
        },
        Endless::Unheard(_) => {
            "the interval is cleared by an event that does not come when the client goes away"
        }
        Endless::AfterRejection(_) => {
            "the interval is cleared when the promise is fulfilled, and goes on when it is rejected"
        }
        Endless::NobodyStops(_) => {
            "an interval is started again and again, and nobody calls what would clear it"
        }
        Endless::Overwritten => {
            "the next interval takes the place of this one, which nothing can clear then"
        }
    }
}

/// The interval is cleared when what it belongs to ends; where that is not seen, its function returns a cleanup.
fn fix<'a>(
    file: &File<'_, 'a>,
    node: NodeId,
    call: &CallExpression<'a>,
    endless: Endless,
) -> Option<Fix> {
    let mut change = Change::of(file);
    if matches!(
        endless,
        Endless::AfterFailure(_)
            | Endless::LeftOn(_)
            | Endless::Unheard(_)
            | Endless::AfterRejection(_)
            | Endless::NobodyStops(_)
    ) {
        return None;
    }
    if endless == Endless::Overwritten {
        let AstKind::AssignmentExpression(assignment) = file.kind(file.parent(node)) else {
            return None;
        };
        let field = file.slice(assignment.left.span());
        change.before(node, format!("clearInterval({field});"))?;
        return change.done("Clear the interval before", Safety::Unsafe);
    }
    let timer = handle(file, node, call, &mut change)?;
    let Some(end) = ending(file, node) else {
        return returned(file, node, &timer, change);
    };
    let closed = change.string(end.event);
    let emitter = end.emitter;
    change.after(
        node,
        format!("{emitter}.once({closed}, () => clearInterval({timer}));"),
    )?;
    let title = format!("Clear the interval when `{emitter}` is closed");
    change.done(title, Safety::Unsafe)
}

/// The variable that has the interval's handle, which is put into one where it is dropped.
fn handle<'a>(
    file: &File<'_, 'a>,
    node: NodeId,
    call: &CallExpression<'a>,
    change: &mut Change<'_, '_, 'a>,
) -> Option<String> {
    for around in file.nodes().ancestor_ids(node) {
        match file.kind(around) {
            AstKind::ExpressionStatement(statement) => {
                // Not after a keyword or a comment that belongs to the call.
                if statement.span.start != call.span.start {
                    return None;
                }
                let timer = change.fresh(node, "timer")?;
                change.insert(call.span.start, format!("const {timer} = "));
                return Some(timer);
            }
            AstKind::VariableDeclarator(declarator) => {
                let name = declarator.id.get_binding_identifier()?;
                return Some(name.name.to_string());
            }
            AstKind::AssignmentExpression(assignment) => {
                let target = assignment.left.get_identifier_name()?;
                return Some(target.to_owned());
            }
            kind if is_function(kind) => return None,
            _ => {}
        }
    }
    None
}

fn returned<'a>(
    file: &File<'_, 'a>,
    node: NodeId,
    timer: &str,
    mut change: Change<'_, '_, 'a>,
) -> Option<Fix> {
    let function = file.function_around(node)?;
    let returns = file.nodes_of([AstType::ReturnStatement]).any(|other| {
        matches!(other.kind(), AstKind::ReturnStatement(_))
            && file.function_around(other.id()) == Some(function)
    });
    if returns {
        return None;
    }
    change.after(node, format!("return () => clearInterval({timer});"))?;
    change.done("Return what clears the interval", Safety::Display)
}

#[cfg(test)]
mod tests;
