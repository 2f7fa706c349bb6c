//! What a configuration may say into a JSON schema, which editors complete and check by.

use serde_json::{Value, json};

use crate::selection::Pick;

use super::read::LINT_KEYS;

/// The schema of `stanch.toml`, and of the key `stanch` of `package.json`: draft 7, indented, with a line end.
#[must_use]
pub fn config_schema() -> String {
    let properties: serde_json::Map<String, Value> = LINT_KEYS
        .iter()
        .map(|key| ((*key).to_owned(), property(key)))
        .collect();
    let schema = json!({
        "$schema": "http://json-schema.org/draft-07/schema#",
        "title": "stanch.toml",
        "description": "What a project wants of stanch; package.json may have the same under its key `stanch`",
        "type": "object",
        "additionalProperties": false,
        "properties": {
            "lint": {
                "description": "What `stanch lint` looks for, and where",
                "type": "object",
                "additionalProperties": false,
                "properties": properties,
            },
        },
        "definitions": {
            "picks": {
                "type": "array",
                "items": { "enum": Pick::words().collect::<Vec<_>>() },
            },
            "names": { "type": "array", "items": { "type": "string" } },
        },
    });
    format!("{schema:#}\n")
}

fn property(key: &str) -> Value {
    let picks = |description: &str| {
        json!({
            "description": description,
            "allOf": [{ "$ref": "#/definitions/picks" }],
        })
    };
    let names = |description: &str| {
        json!({
            "description": description,
            "allOf": [{ "$ref": "#/definitions/names" }],
        })
    };
    match key {
        "select" => picks(
            "Rules that run: their ids, patterns, `default` or `all`; instead of the default ones",
        ),
        "ignore" => picks("Rules that do not run, whatever is selected"),
        "exclude" => names(
            "Files that are not linted, as globs of .gitignore from the configuration's folder",
        ),
        "per-file-ignores" => json!({
            "description": "Globs as in .gitignore, and the rules that say nothing in those files",
            "type": "object",
            "additionalProperties": { "$ref": "#/definitions/picks" },
        }),
        "known-bounded" => {
            names("Collections that cannot grow without end, which the text does not show")
        }
        "emitters" => {
            names("Variables, fields or classes that are emitters and live as long as the process")
        }
        _ => names("Functions, or `Class.method`, that run for each request or message"),
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::Path;

    use super::config_schema;

    /// `STANCH_UPDATE=1 cargo test -p stanch-lint-project` writes it anew.
    #[test]
    fn the_schema_in_the_documents_is_this_one() -> std::io::Result<()> {
        let stored = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/stanch.schema.json");
        if std::env::var_os("STANCH_UPDATE").is_some() {
            fs::write(&stored, config_schema())?;
        }
        assert_eq!(
            fs::read_to_string(stored)?,
            config_schema(),
            "STANCH_UPDATE=1 cargo test -p stanch-lint-project writes docs/stanch.schema.json"
        );
        Ok(())
    }
}
