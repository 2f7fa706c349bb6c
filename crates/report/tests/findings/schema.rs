//! The JSON against its schema, and the schema against its document.

use std::fs;
use std::path::Path;

use serde_json::{Value, json as value};
use stanch_report::findings::{findings_schema, json};

use crate::checker::problems;
use crate::samples;

fn schema() -> Value {
    serde_json::from_str(&findings_schema()).expect("the schema is JSON")
}

fn report(text: &str) -> Value {
    serde_json::from_str(text).expect("the report is JSON")
}

/// `STANCH_UPDATE=1 cargo test -p stanch-report` writes it anew.
#[test]
fn the_schema_in_the_documents_is_this_one() -> std::io::Result<()> {
    let documents = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs");
    let stored = documents.join("stanch.findings.schema.json");
    if std::env::var_os("STANCH_UPDATE").is_some() {
        fs::write(&stored, findings_schema())?;
    }
    assert_eq!(
        fs::read_to_string(stored)?,
        findings_schema(),
        "STANCH_UPDATE=1 cargo test -p stanch-report writes docs/stanch.findings.schema.json"
    );
    Ok(())
}

#[test]
fn every_sample_fits_the_schema() {
    for outcome in [samples::findings(), samples::clean(), samples::hostile()] {
        let found = problems(&schema(), &report(&json(&outcome)));
        assert_eq!(found, [""; 0]);
    }
}

#[test]
fn a_report_that_breaks_the_contract_is_found_out() {
    let check = |pointer: &str, broken: Value, problem: &str| {
        let mut report = report(&json(&samples::findings()));
        *report.pointer_mut(pointer).expect("the place exists") = broken;
        assert_eq!(problems(&schema(), &report), [problem]);
    };
    let place = "/findings/0/location/line";
    check(place, value!(0), "/findings/0/location/line: below 1");
    check(
        "/schema",
        value!("stanch.findings/2"),
        "/schema: not the constant",
    );
    check(
        "/findings/0/confidence",
        value!("sure"),
        "/findings/0/confidence: not one of the values",
    );
    check(
        "/skipped",
        value!({"built": "3"}),
        "/skipped/built: not of type \"integer\"",
    );
    check(
        "/tool",
        value!({"name": "stanch", "version": "1", "os": "x"}),
        "/tool/os: not in the schema",
    );
}
