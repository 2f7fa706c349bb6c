//! A file's bytes into a text that can be linted, or into the reason why not.

use std::fs::File;
use std::io::Read;
use std::path::Path;

use stanch_js_source::SourceText;

use crate::component;
use crate::outcome::Reason;

/// Beyond it no person wrote a file; the largest sources by hand (TypeScript's checker) have 3 MB. A tree takes ten times its text.
const LARGEST: u64 = 5 << 20;
/// Bytes that tell a binary file, as git takes them.
const START: usize = 8_000;
/// Files below it are linted however their lines look: whoever writes all on one line has little to say.
const SMALLEST_BUNDLE: usize = 4_096;
/// Bytes in the average line of code from which a program wrote it. Sources of the 30 most used packages have 25 to 45, what
/// minifiers write thousands; data such as tables of characters may reach 200.
const MINIFIED_LINE: usize = 250;

/// What a file holds.
pub(crate) enum Content {
    /// Text to lint.
    Text(SourceText),
    /// Nothing to lint, which is fine.
    Skip(Reason),
    /// Something that should be text and is not, or cannot be read.
    Broken(String),
}

/// Reads a file, whose `name` is the one that reports have.
pub(crate) fn read(path: &Path, name: &str) -> Content {
    let bytes = match bytes(path) {
        Ok(Some(bytes)) => bytes,
        Ok(None) => return Content::Skip(Reason::Large),
        Err(error) => return Content::Broken(format!("cannot be read: {error}")),
    };
    decode(bytes, name)
}

fn bytes(path: &Path) -> std::io::Result<Option<Vec<u8>>> {
    let mut file = File::open(path)?;
    let length = file.metadata()?.len();
    if length > LARGEST {
        return Ok(None);
    }
    let mut bytes = Vec::with_capacity(usize::try_from(length).unwrap_or(0) + 1);
    file.read_to_end(&mut bytes)?;
    Ok(Some(bytes))
}

/// Tells what bytes are that a file of that name has.
pub(crate) fn decode(bytes: Vec<u8>, name: &str) -> Content {
    if bytes.starts_with(&[0xFF, 0xFE]) || bytes.starts_with(&[0xFE, 0xFF]) {
        return Content::Broken("is UTF-16; Node reads UTF-8 only".to_owned());
    }
    let start = bytes.get(..START).unwrap_or(&bytes);
    if memchr::memchr(0, start).is_some() {
        return Content::Skip(Reason::Binary);
    }
    let text = match String::from_utf8(bytes) {
        Ok(text) => text,
        Err(error) => {
            let at = error.utf8_error().valid_up_to();
            let before = error.as_bytes().get(..at).unwrap_or_default();
            let line = memchr::memchr_iter(b'\n', before).count() + 1;
            return Content::Broken(format!(
                "is no UTF-8: the first wrong byte is number {} of the file, on line {line}",
                at + 1
            ));
        }
    };
    if is_minified(&text) {
        return Content::Skip(Reason::Minified);
    }
    let text = if component::is_one(name) {
        component::scripts(&text)
    } else {
        text
    };
    Content::Text(SourceText::new(name, text))
}

fn is_minified(text: &str) -> bool {
    text.len() >= SMALLEST_BUNDLE
        && text.len() / (memchr::memchr_iter(b'\n', text.as_bytes()).count() + 1) > MINIFIED_LINE
}

#[cfg(test)]
mod tests {
    use super::{Content, decode};

    fn check(bytes: &[u8], expected: &str) {
        let found = match decode(bytes.to_vec(), "a.js") {
            Content::Text(source) => format!("text {}", source.text()),
            Content::Skip(reason) => format!("{reason:?}"),
            Content::Broken(message) => message,
        };
        assert_eq!(found, expected);
    }

    #[test]
    fn bytes_are_told_apart() {
        check(b"let a;", "text let a;");
        check("\u{feff}let a;".as_bytes(), "text let a;");
        check(b"\x7fELF\0\0", "Binary");
        check("a;".repeat(5_000).as_bytes(), "Minified");
        check(
            &b"x = 1;\n".repeat(5_000),
            &format!("text {}", "x = 1;\n".repeat(5_000)),
        );
        check(
            b"let a;\n// \xe9t\xe9",
            "is no UTF-8: the first wrong byte is number 11 of the file, on line 2",
        );
        check(b"\xff\xfel\0", "is UTF-16; Node reads UTF-8 only");
    }
}
