//! Files and sockets that a function opens and leaves open: never closed, or not on every way out.

use oxc_ast::ast::Expression;
use oxc_ast::{AstKind, AstType};
use oxc_semantic::NodeId;
use oxc_span::Span;
use stanch_js_source::bare;
use stanch_leak_patterns::{Confidence, Pattern};

use crate::facts::answered::waits_for_an_answer;
use crate::facts::called_back::called_back;
use crate::facts::given_open::{given_open, is_made_for_a_question};
use crate::facts::left_open::{Left, answer, awaited_answer, body, opened};
use crate::facts::paths::Exit;
use crate::facts::repeats::{Repeats, repeats};
use crate::facts::streams::{Kind, asks_a_server, gives_a_body, lends, name_on, opens};
use crate::file::File;
use crate::finding::{Finding, Fix, Label, Safety};
use crate::fix::Change;
use crate::project::Calls;
use crate::rule::{On, Rule};

pub(crate) const RULE: Rule = Rule {
    id: "undestroyed-stream",
    pattern: Pattern::UnclosedStream,
    on: On::Always,
    page: "# undestroyed-stream

Finds files, sockets, answers, clients and watchers that a function opens and does not close, or not on every way out.

## Why it leaks

A stream that is neither read to its end nor destroyed keeps its descriptor and its buffers; Node cannot know that nobody
will read on. A socket stays connected, and the answer to a request that nobody reads keeps its connection from being used
again. The process runs out of descriptors, or the pool out of connections, long before it runs out of memory.

## Example

```js
import { open } from 'node:fs/promises';

export async function readHeader(path) {
  const file = await open(path);
  const { buffer, bytesRead } = await file.read();
  if (bytesRead < 16) return null;
  await file.close();
  return buffer;
}
```

```js
import https from 'node:https';

export const load = (url, done) =>
  https.get(url, (answer) => {
    if (answer.statusCode !== 200) return done(new Error('no'));
    collect(answer, done);
  });
```

## Use instead

```js
import { open } from 'node:fs/promises';

export async function readHeader(path) {
  const file = await open(path);
  try {
    const { buffer, bytesRead } = await file.read();
    return bytesRead < 16 ? null : buffer;
  } finally {
    await file.close();
  }
}
```

```js
import https from 'node:https';

export const load = (url, done) =>
  https.get(url, (answer) => {
    if (answer.statusCode !== 200) {
      answer.resume();
      return done(new Error('no'));
    }
    collect(answer, done);
  });
```

## How safe the fix is

Unsafe, and for file handles only: what follows is done within a `try`, and the handle is closed in its `finally`. If something
still uses it when the function is done, that comes too early. For streams, sockets and clients there is no automatic fix: they
are often in use when the function has returned, so who closes them, and when, is for the author to say.

## What is not flagged

Streams that are read to their end, piped, returned, stored or handed to another function; what `using` disposes of; what is
opened once for the module; clients and watchers that are not made for each request or message; commands, build scripts and tests.

## References

- Node.js, `fs.createReadStream()`, `FileHandle.close()`, `http.get()`: the answer has to be consumed
- Node.js, `readable.destroy()`
",
    check,
};

fn check<'a>(file: &File<'_, 'a>, findings: &mut Vec<Finding>) {
    if file.ends() {
        return;
    }
    for node in file.nodes_of([AstType::CallExpression, AstType::NewExpression]) {
        let node = node.id();
        let found = match file.kind(node) {
            AstKind::CallExpression(call) if asks_a_server(file, &call.callee) => {
                answer(file, node, call).map(|left| (Kind::Answer, left))
            }
            AstKind::CallExpression(call) if gives_a_body(file, &call.callee) => {
                body(file, node).map(|left| (Kind::Answer, left))
            }
            AstKind::CallExpression(call) if lends(file, node, call) => {
                opened(file, node, Kind::Lent).map(|left| (Kind::Lent, left))
            }
            AstKind::NewExpression(new) if waits_for_an_answer(file.parsed, new) => {
                awaited_answer(file, node).map(|left| (Kind::Answer, left))
            }
            AstKind::CallExpression(call) => of_its_own(file, node)
                .or_else(|| called_back(file, call))
                .or_else(|| given_open(file, node, call)),
            AstKind::NewExpression(_) => of_its_own(file, node),
            _ => None,
        };
        let Some((kind, left)) = found else {
            continue;
        };
        // A client that is made once serves the whole process.
        let is_made_again = matches!(repeats(file, node), Repeats::PerRequest | Repeats::PerCall);
        let is_for_all =
            kind.may_serve_all() && !is_made_again && !is_made_for_a_question(file, node);
        if is_for_all {
            continue;
        }
        if file.frequency(node) != Calls::Once {
            findings.push(finding(file, node, kind, left));
        }
    }
}

/// What a call or `new` opens itself.
fn of_its_own(file: &File<'_, '_>, node: NodeId) -> Option<(Kind, Left)> {
    let kind = opens(file, node)?;
    Some((kind, opened(file, node, kind)?))
}

fn finding(file: &File<'_, '_>, node: NodeId, kind: Kind, left: Left) -> Finding {
    let (why, confidence, at) = match left {
        Left::Never => ("nothing closes it".to_owned(), Confidence::High, None),
        Left::Replaced => (
            "the next one takes its place, and nothing closes it".to_owned(),
            Confidence::High,
            None,
        ),
        Left::On(left) => {
            let (way, confidence) = match left.exit {
                Exit::End => ("where the function ends", Confidence::High),
                Exit::Return => ("by this return", Confidence::High),
                Exit::Throw => ("by this throw", Confidence::High),
                Exit::Break => ("by this break", Confidence::High),
                Exit::NextTurn => ("when the loop goes on", Confidence::High),
                Exit::Rejection => ("when what is awaited rejects", Confidence::Medium),
            };
            (format!("it is left open {way}"), confidence, Some(left.at))
        }
        Left::AfterSuccess(at) => (
            "it is closed when it fails, and left open when it succeeds".to_owned(),
            Confidence::High,
            Some(at),
        ),
        Left::Unheard(at) => (
            "it is left open when the client goes away".to_owned(),
            Confidence::High,
            Some(at),
        ),
        Left::Late(at) => (
            "it is left open when the time for an answer is up".to_owned(),
            Confidence::High,
            Some(at),
        ),
        Left::Paused(at) => (
            "closing what reads its lines only pauses it".to_owned(),
            Confidence::High,
            Some(at),
        ),
        Left::Beside(at) => (
            "when what is awaited beside it rejects, nobody gets it".to_owned(),
            Confidence::Medium,
            Some(at),
        ),
    };
    let labels = at.map(|at| Label::new(file.extent(first_line(file, at)), "left open here"));
    Finding {
        rule: RULE.id,
        confidence,
        message: format!("{} is kept: {why}", kind.kept()),
        growth: Some("one each time, until the process has no more"),
        place: Label::new(file.extent(name_on(file, node)), "opened here"),
        labels: labels.into_iter().collect(),
        fixes: fix(file, node, kind).into_iter().collect(),
    }
}

/// A file handle is closed on every way out; closing it twice does nothing. What is piped or listened to may be in use when its
/// function returns.
fn fix(file: &File<'_, '_>, node: NodeId, kind: Kind) -> Option<Fix> {
    if kind != Kind::Handle {
        return None;
    }
    let declarator = file
        .nodes()
        .ancestor_kinds(node)
        .find_map(|around| match around {
            AstKind::VariableDeclarator(declarator) => Some(declarator),
            _ => None,
        })?;
    let is_awaited = declarator
        .init
        .as_ref()
        .is_some_and(|init| matches!(bare(init), Expression::AwaitExpression(_)));
    let name = declarator
        .id
        .get_binding_identifier()
        .filter(|_| is_awaited)?
        .name;
    let mut change = Change::of(file);
    change.finally(node, &format!("await {name}.close();"))?;
    change.done(format!("Close `{name}` in a `finally`"), Safety::Unsafe)
}

/// A span, or the beginning of one that is long.
fn first_line(file: &File<'_, '_>, span: Span) -> Span {
    match file.slice(span).find('\n') {
        Some(end) => Span::new(span.start, span.start + u32::try_from(end).unwrap_or(0)),
        None => span,
    }
}

#[cfg(test)]
mod tests;
