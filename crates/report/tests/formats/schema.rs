//! The JSON against its schema.

#![expect(
    clippy::expect_used,
    reason = "a schema that cannot be read must fail the test"
)]

use serde_json::{Value, json as value};
use stanch_report::json;

use crate::checker::problems;
use crate::{SAMPLES, samples};

const SCHEMA: &str = include_str!("../../schema/diagnosis-1.schema.json");

fn schema() -> Value {
    serde_json::from_str(SCHEMA).expect("the schema is JSON")
}

fn report(text: &str) -> Value {
    serde_json::from_str(text).expect("the report is JSON")
}

#[test]
fn every_sample_fits_the_schema() {
    let schema = schema();
    for (name, sample) in SAMPLES {
        assert_eq!(
            problems(&schema, &report(&json(&sample()))),
            [""; 0],
            "{name}"
        );
    }
    assert_eq!(
        problems(&schema, &report(&json(&samples::hostile()))),
        [""; 0]
    );
}

#[test]
fn a_report_that_breaks_the_contract_is_found_out() {
    let check = |pointer: &str, broken: Value, problem: &str| {
        let mut report = report(&json(&samples::leak()));
        *report.pointer_mut(pointer).expect("the place exists") = broken;
        assert_eq!(problems(&schema(), &report), [problem]);
    };
    check(
        "/schema",
        value!("stanch.diagnosis/2"),
        "/schema: not the constant",
    );
    check(
        "/verdict/kind",
        value!("fine"),
        "/verdict/kind: not one of the values",
    );
    check(
        "/suspects/0/holder/name",
        value!(null),
        "/suspects/0/holder/name: not of type \"string\"",
    );
    check(
        "/suspects/0/holder/location/line",
        value!(0),
        "/suspects/0/holder/location/line: below 1",
    );
    check(
        "/verdict/growth/interval",
        value!([1]),
        "/verdict/growth/interval: too few items",
    );
    check(
        "/memory",
        value!({"samples": []}),
        "/memory: without rounds",
    );
    check(
        "/tool",
        value!({"name": "stanch", "version": "1", "os": "x"}),
        "/tool/os: not in the schema",
    );
}
