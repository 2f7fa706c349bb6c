//! A report against its schema: an own checker for the few keywords that our schemas use.

#![expect(
    clippy::expect_used,
    clippy::panic,
    reason = "a checker that meets the unknown must fail the test"
)]

use serde_json::Value;

/// Keywords that say nothing about validity.
const REMARKS: [&str; 5] = ["$schema", "$id", "$defs", "title", "description"];

/// What is wrong with a report, a line each.
pub(crate) fn problems(schema: &Value, report: &Value) -> Vec<String> {
    let mut problems = Vec::new();
    Checker {
        root: schema,
        problems: &mut problems,
    }
    .check(schema, report, "");
    problems
}

struct Checker<'a> {
    root: &'a Value,
    problems: &'a mut Vec<String>,
}

impl Checker<'_> {
    fn check(&mut self, schema: &Value, found: &Value, at: &str) {
        for (keyword, rule) in schema.as_object().expect("a schema is an object") {
            if let Some(problem) = self.problem(keyword, rule, found, at) {
                self.problems.push(format!("{at}: {problem}"));
            }
        }
    }

    fn problem(&mut self, keyword: &str, rule: &Value, found: &Value, at: &str) -> Option<String> {
        let broken = |fine: bool, problem: &str| (!fine).then(|| problem.to_owned());
        let number = found.as_f64();
        let limit = rule.as_f64().unwrap_or_default();
        let items = found.as_array().map(Vec::len);
        match keyword {
            _ if REMARKS.contains(&keyword) => None,
            "const" => broken(rule == found, "not the constant"),
            "enum" => broken(rule.as_array()?.contains(found), "not one of the values"),
            "type" => broken(is_of_type(rule, found), &format!("not of type {rule}")),
            "minimum" => broken(
                number.is_none_or(|number| number >= limit),
                &format!("below {rule}"),
            ),
            "maximum" => broken(
                number.is_none_or(|number| number <= limit),
                &format!("above {rule}"),
            ),
            "minItems" => broken(
                items.is_none_or(|items| items as f64 >= limit),
                "too few items",
            ),
            "maxItems" => broken(
                items.is_none_or(|items| items as f64 <= limit),
                "too many items",
            ),
            "required" => {
                let fields = found.as_object()?;
                let missing = rule
                    .as_array()?
                    .iter()
                    .filter_map(Value::as_str)
                    .find(|name| !fields.contains_key(*name))?;
                Some(format!("without {missing}"))
            }
            "properties" => {
                self.check_properties(rule, found, at);
                None
            }
            "items" => {
                for (index, item) in found.as_array().into_iter().flatten().enumerate() {
                    self.check(rule, item, &format!("{at}/{index}"));
                }
                None
            }
            "$ref" => {
                let pointer = rule
                    .as_str()?
                    .strip_prefix('#')
                    .expect("references stay in the file");
                let root = self.root;
                self.check(
                    root.pointer(pointer)
                        .expect("the reference leads somewhere"),
                    found,
                    at,
                );
                None
            }
            "anyOf" => self.check_any(rule, found, at),
            "additionalProperties" => {
                for (name, field) in found.as_object().into_iter().flatten() {
                    self.check(rule, field, &format!("{at}/{name}"));
                }
                None
            }
            other => panic!("the checker does not know the keyword {other}"),
        }
    }

    /// Readers must accept fields that they do not know; here one means that the schema was not kept up.
    fn check_properties(&mut self, rule: &Value, found: &Value, at: &str) {
        for (name, field) in found.as_object().into_iter().flatten() {
            match rule.get(name) {
                Some(schema) => self.check(schema, field, &format!("{at}/{name}")),
                None => self
                    .problems
                    .push(format!("{at}/{name}: not in the schema")),
            }
        }
    }

    /// Of alternatives that all fail, the first one's problems say the most: the others are null.
    fn check_any(&mut self, rule: &Value, found: &Value, at: &str) -> Option<String> {
        let mut first = None;
        for schema in rule.as_array()? {
            let mut problems = Vec::new();
            Checker {
                root: self.root,
                problems: &mut problems,
            }
            .check(schema, found, at);
            if problems.is_empty() {
                return None;
            }
            first.get_or_insert(problems);
        }
        self.problems.extend(first.unwrap_or_default());
        None
    }
}

fn is_of_type(rule: &Value, found: &Value) -> bool {
    let is = |name: &Value| match name.as_str() {
        Some("object") => found.is_object(),
        Some("array") => found.is_array(),
        Some("string") => found.is_string(),
        Some("number") => found.is_number(),
        Some("integer") => found.is_u64() || found.is_i64(),
        Some("null") => found.is_null(),
        other => panic!("the checker does not know the type {other:?}"),
    };
    rule.as_array()
        .map_or_else(|| is(rule), |names| names.iter().any(is))
}
