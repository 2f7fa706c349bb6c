//! Lists that are made of other lists, and the names and values in objects, into how many different values they have.

use oxc_ast::ast::{CallExpression, Expression};
use stanch_js_source::bare;

use super::value::{Depth, as_text, list_of, of, results};
use super::variable::{constant, contents};
use super::{Domain, Source, Thing};
use crate::file::{File, argument, method};

/// What is in the list that a method gives; none for methods of which that is not known.
pub(super) fn made<'a>(
    file: &File<'_, 'a>,
    call: &CallExpression<'a>,
    object: &Expression<'a>,
    deeper: Depth<'_>,
) -> Option<Domain> {
    let (_, name) = method(call)?;
    match name {
        "keys" | "values" | "entries" if matches!(object, Expression::Identifier(object) if object.name == "Object") => {
            Some(parts(file, argument(call, 0)?, name, deeper))
        }
        "filter" | "sort" | "toSorted" | "reverse" | "toReversed" | "flat" => {
            Some(elements(file, object, deeper))
        }
        "map" | "flatMap" => {
            let callback = argument(call, 0)?;
            match file.function_of(callback) {
                Some(function) => Some(given_back(file, function, deeper)),
                // `ids.map(Number)`
                None => Some(elements(file, object, deeper)),
            }
        }
        _ => None,
    }
}

/// The elements of a list.
fn elements<'a>(file: &File<'_, 'a>, list: &Expression<'a>, deeper: Depth<'_>) -> Domain {
    match list_of(file, list) {
        Some(list) => list
            .elements
            .iter()
            .map(|element| match element.as_expression() {
                Some(element) => as_text(of(file, element, deeper)),
                None => Domain::Unknown,
            })
            .fold(Domain::Bounded, Domain::joined),
        None => as_text(of(file, list, deeper)),
    }
}

/// What a callback makes of an element, also where that is a pair: `([name, value]) => [name, value]`.
fn given_back(file: &File<'_, '_>, function: oxc_semantic::NodeId, deeper: Depth<'_>) -> Domain {
    let values = file.parsed.results_of(function);
    let pairs = values.iter().filter_map(|value| match bare(value) {
        Expression::ArrayExpression(_) => Some(elements(file, value, deeper)),
        _ => None,
    });
    let pairs = pairs.reduce(Domain::joined);
    pairs.unwrap_or_else(|| as_text(results(file, function, deeper)))
}

/// The names, or the values, that an object has.
fn parts<'a>(
    file: &File<'_, 'a>,
    object: &Expression<'a>,
    wanted: &str,
    deeper: Depth<'_>,
) -> Domain {
    match of(file, object, deeper) {
        found @ Domain::Unbounded(_) => return found,
        Domain::Object(Thing::Sent) => return Domain::Unbounded(Source::Request),
        _ => {}
    }
    if let Expression::ObjectExpression(literal) = constant(file, object).map_or(bare(object), bare)
    {
        let each = literal
            .properties
            .iter()
            .map(|property| match property.as_property() {
                Some(_) if wanted == "keys" => Domain::Bounded,
                Some(property) => as_text(of(file, &property.value, deeper)),
                None => Domain::Unknown,
            });
        return each.fold(Domain::Bounded, Domain::joined);
    }
    match file.variable(object).and_then(|it| contents(file, it)) {
        Some(found) if wanted != "keys" => found,
        _ => Domain::Unknown,
    }
}
