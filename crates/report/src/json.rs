//! A diagnosis → JSON of the schema `stanch.diagnosis/1`, which scripts and CI read.

mod wire;

use stanch_diagnosis::Diagnosis;

use crate::visible::is_unsafe;

/// The diagnosis as JSON, schema `stanch.diagnosis/1`, indented, with a line end.
///
/// Sizes are bytes, times milliseconds, lines and columns count from 1. Names from the heap are whole; characters that
/// a terminal would obey are written as `\u` escapes.
#[must_use]
pub fn json(diagnosis: &Diagnosis) -> String {
    let mut text = match serde_json::to_string_pretty(&wire::Report::of(diagnosis)) {
        Ok(text) => text,
        // Only maps with keys that are no strings and failing `Serialize` code end here; the wire structs have neither.
        Err(error) => format!(
            r#"{{"schema": "stanch.diagnosis/1", "error": {:?}}}"#,
            error.to_string()
        ),
    };
    text.push('\n');
    without_hidden_characters(text)
}

/// Characters beyond ASCII stand only inside strings, where `\u` means the same.
pub(crate) fn without_hidden_characters(text: String) -> String {
    if !text
        .chars()
        .any(|character| character != '\n' && is_unsafe(character))
    {
        return text;
    }
    let mut safe = String::with_capacity(text.len() + 16);
    let mut units = [0; 2];
    for character in text.chars() {
        if character != '\n' && is_unsafe(character) {
            for unit in character.encode_utf16(&mut units) {
                safe.push_str(&format!("\\u{unit:04x}"));
            }
        } else {
            safe.push(character);
        }
    }
    safe
}

#[cfg(test)]
mod tests {
    use super::without_hidden_characters;

    #[test]
    fn hidden_characters_survive_as_escapes() {
        let name = "a\u{202e}b\u{9b}c\u{e0041}d\u{7f}é";
        let text = serde_json::to_string(name).unwrap_or_default();
        let safe = without_hidden_characters(text);
        assert_eq!(safe, r#""a\u202eb\u009bc\udb40\udc41d\u007fé""#);
        assert_eq!(
            serde_json::from_str::<String>(&safe).ok().as_deref(),
            Some(name)
        );
    }
}
