//! Findings → SARIF 2.1.0, which code scanning and editors read.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::{Value, json};
use stanch_js_source::{Extent, SourceText};
use stanch_leak_lint::{Fix, RULES, Safety};
use stanch_lint_project::{Outcome, SUPPRESSION_RULES};

use super::row::{Level, Row, rows};
use crate::json::without_hidden_characters;

/// What stands for itself in the path of a URI, and the slashes between its parts.
const PATH: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'/')
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~');
/// Where relative paths begin; CI systems put the checkout there.
const BASE: &str = "%SRCROOT%";

/// One run with all rules and results, indented, with a line end.
#[must_use]
pub fn sarif(outcome: &Outcome) -> String {
    let rows = rows(outcome);
    let results = rows.iter().filter(|row| row.finding.is_some());
    let problems = rows.iter().filter(|row| row.finding.is_none());
    let log = json!({
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [{
            "tool": { "driver": {
                "name": "stanch",
                "semanticVersion": env!("CARGO_PKG_VERSION"),
                "rules": rules(),
            } },
            "columnKind": "utf16CodeUnits",
            "invocations": [{
                "executionSuccessful": outcome.problems.is_empty(),
                "toolExecutionNotifications": problems.map(|row| notification(row)).collect::<Vec<_>>(),
            }],
            "results": results.map(|row| result(row, outcome)).collect::<Vec<_>>(),
            "properties": { "filesChecked": outcome.checked },
        }],
    });
    without_hidden_characters(format!("{log:#}\n"))
}

/// Every rule, in the order that `ruleIndex` counts in.
fn rules() -> Vec<Value> {
    let rules = RULES.iter().map(|rule| {
        json!({
            "id": rule.id,
            "shortDescription": { "text": rule.summary() },
            "help": { "text": rule.page, "markdown": rule.page },
            "properties": { "tags": ["memory-leak", rule.pattern.id()] },
        })
    });
    let checks = SUPPRESSION_RULES.iter().map(|rule| {
        json!({
            "id": rule.id,
            "help": { "text": rule.page, "markdown": rule.page },
        })
    });
    rules.chain(checks).collect()
}

fn index(id: &str) -> Option<usize> {
    let checks = SUPPRESSION_RULES.iter().map(|rule| rule.id);
    RULES
        .iter()
        .map(|rule| rule.id)
        .chain(checks)
        .position(|own| own == id)
}

fn result(row: &Row<'_>, outcome: &Outcome) -> Value {
    let mut result = json!({
        "ruleId": row.id,
        "level": level(row.level),
        "message": { "text": row.message },
        "locations": [location(row.file, row.extent)],
        "partialFingerprints": { "stanchFinding/v1": row.fingerprint },
    });
    if let Some(index) = index(row.id) {
        result["ruleIndex"] = json!(index);
    }
    let Some(finding) = row.finding else {
        return result;
    };
    result["properties"] = json!({
        "confidence": finding.confidence.to_string(),
        "bound": finding.growth,
    });
    let related = finding.labels.iter().enumerate().map(|(at, label)| {
        let file = label.file.as_deref().unwrap_or(row.file);
        let mut location = location(file, Some(label.extent));
        location["id"] = json!(at + 1);
        location["message"] = json!({ "text": label.text });
        location
    });
    result["relatedLocations"] = Value::Array(related.collect());
    if let Some(source) = outcome.texts.get(row.file) {
        let applicable = finding
            .fixes
            .iter()
            .filter(|fix| fix.safety != Safety::Display && !fix.edits.is_empty());
        let fixes: Vec<Value> = applicable.map(|it| fix(it, row.file, source)).collect();
        result["fixes"] = Value::Array(fixes);
    }
    result
}

fn fix(fix: &Fix, file: &str, source: &SourceText) -> Value {
    let replacements = fix.edits.iter().map(|edit| {
        json!({
            "deletedRegion": region(source.extent(edit.start, edit.end)),
            "insertedContent": { "text": edit.text },
        })
    });
    json!({
        "description": { "text": fix.title },
        "artifactChanges": [{
            "artifactLocation": artifact(file),
            "replacements": replacements.collect::<Vec<_>>(),
        }],
    })
}

fn notification(row: &Row<'_>) -> Value {
    json!({
        "descriptor": { "id": row.id },
        "level": "error",
        "message": { "text": row.message },
        "locations": [location(row.file, row.extent)],
    })
}

const fn level(level: Level) -> &'static str {
    match level {
        Level::Error => "error",
        Level::Warning => "warning",
        Level::Note => "note",
    }
}

fn location(file: &str, extent: Option<Extent>) -> Value {
    let mut place = json!({ "artifactLocation": artifact(file) });
    if let Some(extent) = extent {
        place["region"] = region(extent);
    }
    json!({ "physicalLocation": place })
}

fn artifact(file: &str) -> Value {
    let path = utf8_percent_encode(file, PATH).to_string();
    if file.starts_with('/') {
        return json!({ "uri": format!("file://{path}") });
    }
    json!({ "uri": path, "uriBaseId": BASE })
}

fn region(extent: Extent) -> Value {
    json!({
        "startLine": extent.line(),
        "startColumn": extent.column(),
        "endLine": extent.to.line + 1,
        "endColumn": extent.to.column + 1,
    })
}
