//! The SARIF against the schema of the standard: an own checker for the keywords that it uses.

use std::collections::HashSet;

use serde_json::{Value, json as value};
use stanch_report::findings::sarif;

use crate::samples;

const SCHEMA: &str = include_str!("schema/sarif-2.1.0-rtm.5.json");
/// Keywords that say nothing about validity, or that nothing which we write comes under.
const REMARKS: [&str; 7] = [
    "$schema",
    "id",
    "definitions",
    "title",
    "description",
    "default",
    // `date-time` and `uri-reference` of a few fields.
    "format",
];

fn schema() -> Value {
    serde_json::from_str(SCHEMA.trim_start_matches('\u{feff}')).expect("the schema is JSON")
}

fn log(text: &str) -> Value {
    serde_json::from_str(text).expect("the log is JSON")
}

#[test]
fn every_sample_fits_the_schema() {
    let schema = schema();
    for outcome in [samples::findings(), samples::clean(), samples::hostile()] {
        let found = problems(&schema, &schema, &log(&sarif(&outcome)), "");
        assert_eq!(found, [""; 0]);
    }
}

#[test]
fn a_log_that_breaks_the_schema_is_found_out() {
    let schema = schema();
    let check = |pointer: &str, broken: Value, problem: &str| {
        let mut log = log(&sarif(&samples::findings()));
        *log.pointer_mut(pointer).expect("the place exists") = broken;
        assert_eq!(problems(&schema, &schema, &log, ""), [problem]);
    };
    let location = "/runs/0/results/0/locations/0/physicalLocation";
    check("/version", value!("2.2"), "/version: not one of the values");
    check(
        "/runs/0/results/0/level",
        value!("fatal"),
        "/runs/0/results/0/level: not one of the values",
    );
    check(
        "/runs/0/results/0/message",
        value!({}),
        "/runs/0/results/0/message: none of the alternatives",
    );
    check(
        &format!("{location}/region/startLine"),
        value!(0),
        &format!("{location}/region/startLine: below 1"),
    );
    check(
        &format!("{location}/artifactLocation"),
        value!({"path": "a"}),
        &format!("{location}/artifactLocation: path is not allowed"),
    );
    check(
        "/runs/0/tool/driver",
        value!({}),
        "/runs/0/tool/driver: without name",
    );
    check(
        "/runs/0/results/0/ruleIndex",
        value!("0"),
        "/runs/0/results/0/ruleIndex: not of type \"integer\"",
    );
}

/// What is wrong with a value, a line each.
fn problems(root: &Value, schema: &Value, found: &Value, at: &str) -> Vec<String> {
    let rules = schema.as_object().expect("a schema is an object");
    let mut all = Vec::new();
    for (keyword, rule) in rules {
        let nested = match keyword.as_str() {
            "$ref" => problems(root, target(root, rule), found, at),
            "properties" => fields(found)
                .filter_map(|(name, field)| Some((name, rule.get(name)?, field)))
                .flat_map(|(name, rule, field)| {
                    problems(root, rule, field, &format!("{at}/{name}"))
                })
                .collect(),
            "additionalProperties" if rule.is_object() => fields(found)
                .filter(|(name, _)| schema["properties"].get(name.as_str()).is_none())
                .flat_map(|(name, field)| problems(root, rule, field, &format!("{at}/{name}")))
                .collect(),
            "items" => {
                let items = found.as_array().into_iter().flatten().enumerate();
                items
                    .flat_map(|(index, item)| problems(root, rule, item, &format!("{at}/{index}")))
                    .collect()
            }
            _ => {
                let problem = broken(root, schema, (keyword, rule), found, at);
                problem
                    .map(|problem| format!("{at}: {problem}"))
                    .into_iter()
                    .collect()
            }
        };
        all.extend(nested);
    }
    all
}

/// What is wrong by one keyword that looks at the value alone.
fn broken(
    root: &Value,
    schema: &Value,
    (keyword, rule): (&str, &Value),
    found: &Value,
    at: &str,
) -> Option<String> {
    let wrong = |fine: bool, problem: &str| (!fine).then(|| problem.to_owned());
    let number = found.as_f64();
    let limit = rule.as_f64().unwrap_or_default();
    match keyword {
        _ if REMARKS.contains(&keyword) => None,
        "type" => wrong(is_of_type(rule, found), &format!("not of type {rule}")),
        "enum" => wrong(rule.as_array()?.contains(found), "not one of the values"),
        "minimum" => wrong(
            number.is_none_or(|number| number >= limit),
            &format!("below {rule}"),
        ),
        "maximum" => wrong(
            number.is_none_or(|number| number <= limit),
            &format!("above {rule}"),
        ),
        "minItems" => wrong(
            found
                .as_array()
                .is_none_or(|items| items.len() as f64 >= limit),
            "too few items",
        ),
        "uniqueItems" => {
            let items = found.as_array()?;
            let different: HashSet<String> = items.iter().map(Value::to_string).collect();
            wrong(different.len() == items.len(), "items that are the same")
        }
        "required" => {
            let missing = rule.as_array()?.iter().filter_map(Value::as_str);
            let missing = missing.into_iter().find(|name| found.get(name).is_none())?;
            Some(format!("without {missing}"))
        }
        "additionalProperties" => {
            let known = &schema["properties"];
            let (name, _) = fields(found).find(|(name, _)| known.get(name.as_str()).is_none())?;
            wrong(rule == true, &format!("{name} is not allowed"))
        }
        "anyOf" | "oneOf" => {
            let fine = rule.as_array()?.iter();
            let fine = fine.filter(|schema| problems(root, schema, found, at).is_empty());
            let count = fine.count();
            let enough = if keyword == "oneOf" {
                count == 1
            } else {
                count > 0
            };
            wrong(enough, "none of the alternatives")
        }
        // Of guids, versions and languages, none of which we write.
        "pattern" => panic!("{at}: the checker knows no patterns"),
        other => panic!("the checker does not know the keyword {other}"),
    }
}

fn target<'r>(root: &'r Value, reference: &Value) -> &'r Value {
    let pointer = reference.as_str().and_then(|text| text.strip_prefix('#'));
    let pointer = pointer.expect("references stay in the file");
    root.pointer(pointer)
        .expect("the reference leads somewhere")
}

fn fields(found: &Value) -> impl Iterator<Item = (&String, &Value)> {
    found.as_object().into_iter().flatten()
}

fn is_of_type(rule: &Value, found: &Value) -> bool {
    let is = |name: &Value| match name.as_str() {
        Some("object") => found.is_object(),
        Some("array") => found.is_array(),
        Some("string") => found.is_string(),
        Some("boolean") => found.is_boolean(),
        Some("number") => found.is_number(),
        Some("integer") => found.is_u64() || found.is_i64(),
        Some("null") => found.is_null(),
        other => panic!("the checker does not know the type {other:?}"),
    };
    match rule.as_array() {
        Some(names) => names.iter().any(is),
        None => is(rule),
    }
}
