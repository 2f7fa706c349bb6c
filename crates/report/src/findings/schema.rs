//! The shape of the JSON of findings into a JSON schema, which scripts are written and checked by.

use serde_json::{Map, Value, json};
use stanch_leak_lint::Safety;
use stanch_leak_patterns::{Confidence, Pattern};
use stanch_lint_project::ProblemKind;

use super::{row, safety};

/// The schema `stanch.findings/1` of [`json`](super::json): draft 2020-12, indented, with a line end.
#[must_use]
pub fn findings_schema() -> String {
    let schema = json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": "stanch.findings/1",
        "title": "stanch findings, version 1",
        "description": "What `stanch lint --format json` found. Lines and columns count from 1, columns in UTF-16 units; an end is the first column after it. Fields may be added; none is renamed or removed without a new version.",
        "type": "object",
        "required": required(&report()),
        "properties": report(),
        "$defs": definitions(),
    });
    format!("{schema:#}\n")
}

fn report() -> Value {
    json!({
        "schema": { "const": "stanch.findings/1" },
        "tool": object("What wrote this.", &json!({
            "name": { "const": "stanch" },
            "version": { "type": "string" },
        })),
        "files": count("Files of which all rules have seen everything."),
        "findings": list("What leaks, or may, in the order of files and lines.", "finding"),
        "problems": list("Files that could not be linted.", "problem"),
        "suppressed": count("Findings that comments suppress."),
        "baselined": count("Findings that the baseline knows."),
        "unchanged": count("Findings on lines that `--since` leaves out."),
        "skipped": {
            "description": "How many files and folders were left out, by the reason.",
            "type": "object",
            "additionalProperties": { "type": "integer", "minimum": 1 },
        },
        "fixed": list("What `--fix` has changed.", "fixed"),
    })
}

fn definitions() -> Value {
    let range = json!({
        "line": place(),
        "column": place(),
        "end_line": place(),
        "end_column": place(),
    });
    let location = with(&json!({ "file": file() }), &range);
    let edit = with(&range, &json!({ "text": { "type": "string" } }));
    let kinds = [
        ProblemKind::Unreadable,
        ProblemKind::Syntax,
        ProblemKind::Internal,
    ];
    json!({
        "finding": object("Something that leaks, or may.", &finding()),
        "location": object("A part of a file.", &location),
        "related": object("A further place: the holder, what makes it grow, where it is not released.", &json!({
            "message": { "type": "string" },
            "location": reference("location"),
        })),
        "fix": object("A change of the finding's file that ends it.", &json!({
            "safety": reference("safety"),
            "title": { "description": "What it does, as a command.", "type": "string" },
            "edits": list("Ascending and without overlap; none where it can only be described.", "edit"),
        })),
        "edit": object("A part of the text, and what takes its place.", &edit),
        "safety": {
            "description": "What a fix may change beside the leak: nothing, behaviour; the last is only shown.",
            "enum": [safety(Safety::Safe), safety(Safety::Unsafe), safety(Safety::Display)],
        },
        "problem": object("Why a file was not linted.", &json!({
            "kind": { "enum": kinds.map(row::kind) },
            "message": { "type": "string" },
            "file": file(),
            "location": nullable("location"),
        })),
        "fixed": object("A fix that was applied.", &json!({
            "file": file(),
            "rule": { "type": "string" },
            "line": place(),
            "title": { "type": "string" },
            "safety": reference("safety"),
        })),
    })
}

fn finding() -> Value {
    let mut patterns = Pattern::ALL
        .map(|pattern| Value::from(pattern.id()))
        .to_vec();
    patterns.push(Value::Null);
    let confidences = [Confidence::High, Confidence::Medium, Confidence::Low];
    json!({
        "rule": { "description": "The rule's id, as in `stanch explain`.", "type": "string" },
        "pattern": {
            "description": "The pattern that the rule belongs to; null for what is said of suppressions.",
            "enum": patterns,
        },
        "confidence": { "enum": confidences.map(Confidence::id) },
        "message": { "description": "What is kept, and why: one sentence.", "type": "string" },
        "bound": {
            "description": "How it grows, in words; null where that says nothing.",
            "type": ["string", "null"],
        },
        "location": reference("location"),
        "related": list("Further places, some in other files.", "related"),
        "fix": nullable("fix"),
        "alternatives": list("Further fixes, the better first.", "fix"),
    })
}

/// An object all of whose fields are always there.
fn object(description: &str, properties: &Value) -> Value {
    json!({
        "description": description,
        "type": "object",
        "required": required(properties),
        "properties": properties,
    })
}

fn required(properties: &Value) -> Vec<&String> {
    properties
        .as_object()
        .into_iter()
        .flat_map(Map::keys)
        .collect()
}

fn with(properties: &Value, more: &Value) -> Value {
    let both = [properties, more].into_iter().filter_map(Value::as_object);
    let fields = both.flatten();
    Value::Object(
        fields
            .map(|(name, field)| (name.clone(), field.clone()))
            .collect(),
    )
}

fn list(description: &str, of: &str) -> Value {
    json!({ "description": description, "type": "array", "items": reference(of) })
}

fn reference(to: &str) -> Value {
    json!({ "$ref": format!("#/$defs/{to}") })
}

fn nullable(to: &str) -> Value {
    json!({ "anyOf": [reference(to), { "type": "null" }] })
}

fn count(description: &str) -> Value {
    json!({ "description": description, "type": "integer", "minimum": 0 })
}

fn place() -> Value {
    json!({ "type": "integer", "minimum": 1 })
}

fn file() -> Value {
    json!({ "description": "A path from the folder that was linted from.", "type": "string" })
}
