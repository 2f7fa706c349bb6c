//! What other files hand a function into how many different values its parameter has.

use stanch_js_source::Value;

use super::words::{Word, word_of};
use super::{Domain, Thing, request};
use crate::project::{FileIndex, Heat, Project, Site};

/// Parameters that are handed on are followed this far.
const DEEPEST: u32 = 4;

/// What all callers of the project give a parameter; none where there are none, or nothing is known of what they give.
pub(super) fn given(project: &Project, function: Site, position: u32) -> Option<Domain> {
    through(project, function, position, DEEPEST)
}

fn through(project: &Project, function: Site, position: u32, deeper: u32) -> Option<Domain> {
    let deeper = deeper.checked_sub(1)?;
    let values = project.given(function, position);
    let known = values.map(|(file, value)| of_value(project, file, value, deeper));
    known.reduce(Domain::joined)
}

fn of_value(project: &Project, file: FileIndex, value: &Value, deeper: u32) -> Domain {
    match value {
        Value::Object(_) | Value::Array => Domain::Object(Thing::Fresh),
        Value::Function(_) | Value::Class(_) => Domain::Object(Thing::Code),
        Value::Parameter(start, position) => {
            let start = *start;
            through(project, Site { file, start }, *position, deeper).unwrap_or(Domain::Unknown)
        }
        Value::Member(..) | Value::Result(_) => of_part(project, file, value),
        _ => Domain::Unknown,
    }
}

/// `req.params.id`, `c.req.param('id')`: a part of what a handler is given.
fn of_part(project: &Project, file: FileIndex, value: &Value) -> Domain {
    let mut names: Vec<&str> = Vec::new();
    let mut at = value;
    loop {
        at = match at {
            Value::Member(of, name) => {
                names.push(name);
                of
            }
            Value::Result(of) => of,
            _ => break,
        };
    }
    names.reverse();
    let Value::Parameter(start, position) = at else {
        return Domain::Unknown;
    };
    let function = Site {
        file,
        start: *start,
    };
    let is_request = *position <= 1 && project.heat(function) == Some(Heat::Handler);
    let part = is_request.then(|| request::part(&names)).flatten();
    part.unwrap_or_else(|| match names.last().and_then(|last| word_of(last)) {
        Some(Word::Many(source)) => Domain::Named(source),
        _ => Domain::Unknown,
    })
}
