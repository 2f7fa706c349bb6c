//! The places that release entries into whether entries leave only when a client comes back for them: an invitation that is
//! accepted, an upload that is committed. Those of clients that never come stay.

use oxc_ast::AstKind;
use oxc_ast::ast::Expression;
use oxc_semantic::NodeId;
use stanch_js_source::{Extent, Release, ReleaseKind, is_function, literal_text};

use crate::facts::insertions::{Insertion, serves_itself};
use crate::facts::keys::{Domain, Source, domain, is_sent};
use crate::file::{File, argument, method};

/// Where the first of the releases is, if all of them are deletions of keys that clients send, and each entry has a new key.
pub(crate) fn when_told(
    file: &File<'_, '_>,
    insertion: &Insertion<'_>,
    key: Source,
    releases: &[Release],
) -> Option<Extent> {
    let is_new = key == Source::Serial && !insertion.nested;
    let by = asked_by(file, insertion.node).filter(|_| is_new)?;
    let all = releases.iter().all(|release| {
        release.kind == ReleaseKind::Delete
            && release.period.is_none()
            && !release.nested
            && is_of_a_sent_key(file, release.node)
            && asked_by(file, release.node) == Some(by)
    });
    releases
        .first()
        .filter(|_| all)
        .map(|release| release.extent)
}

/// Who makes some code run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum By {
    /// A request.
    Request,
    /// A message of the connection which this function handles.
    Connection(NodeId),
}

/// Who makes a place run, and nobody but them: it is in the handler itself, in no callback of it.
fn asked_by(file: &File<'_, '_>, node: NodeId) -> Option<By> {
    let function = file.function_around(node)?;
    if serves_itself(file, function) {
        return Some(By::Request);
    }
    let AstKind::CallExpression(registration) = file.kind(file.parent(function)) else {
        return None;
    };
    let (_, name) = method(registration)?;
    let event = argument(registration, 0).and_then(literal_text)?;
    // The events of a connection that are its client's own: `accept`, `commit`.
    let is_message = matches!(name, "on" | "addEventListener")
        && (event == "message" || file.is_handler(function));
    let mut around = file.nodes().ancestor_ids(function);
    let connection = around.find(|around| is_function(file.kind(*around)))?;
    (is_message && file.is_handler(connection)).then_some(By::Connection(connection))
}

/// Whether the key that is deleted comes from the one who asks.
fn is_of_a_sent_key(file: &File<'_, '_>, release: NodeId) -> bool {
    let key = match file.kind(release) {
        AstKind::CallExpression(call) => argument(call, 0),
        AstKind::UnaryExpression(delete) => match &delete.argument {
            Expression::ComputedMemberExpression(member) => Some(&member.expression),
            _ => None,
        },
        _ => None,
    };
    key.is_some_and(|key| {
        let known = domain(file, key);
        matches!(known, Domain::Unbounded(source) if source != Source::Serial)
            // `req.query.state`: that names of states are few says nothing of who sends it.
            || known != Domain::Unbounded(Source::Serial) && is_sent(file, key)
    })
}
