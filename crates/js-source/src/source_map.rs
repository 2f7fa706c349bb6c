//! A source map's text into original places for generated ones, and back.

use sourcemap::{DecodedMap, SourceMap};
use thiserror::Error;

use crate::text::Position;

/// Where a script says its source map is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SourceMapReference {
    /// The map's JSON, which the script carries in a data URL.
    Inline(String),
    /// A path or URL, relative to the script's.
    External(String),
}

/// Why there is no usable source map.
#[derive(Debug, Error)]
pub enum SourceMapError {
    /// The text is no source map.
    #[error("not a source map: {0}")]
    Malformed(#[from] sourcemap::Error),
    /// The script's data URL could not be decoded.
    #[error("the inline source map is not valid base64 or UTF-8")]
    BadDataUrl,
}

/// A place in an original source.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct OriginalPlace {
    /// The source's path as [`SourceMapIndex::sources`] gives it.
    pub source: String,
    /// The position in it.
    pub position: Position,
    /// The name it had there, where the map records one.
    pub name: Option<String>,
}

/// A source map ready for questions in both directions.
///
/// Paths of sources are made plain: `file:` and bundler schemes (`webpack://app/./src/a.ts` is
/// `src/a.ts`) are taken off, the map's `sourceRoot` is put before them, relative ones count from
/// the map's own folder, and `.` and `..` are resolved.
#[derive(Debug)]
pub struct SourceMapIndex {
    map: SourceMap,
    sources: Vec<String>,
    /// Source, original line and column, generated line and column; sorted.
    backwards: Vec<(u32, Position, Position)>,
}

impl SourceMapIndex {
    /// The reference in a script's last `sourceMappingURL` comment, if it has one.
    ///
    /// # Errors
    /// [`SourceMapError::BadDataUrl`] when the script carries a map that cannot be decoded.
    pub fn reference(script: &str) -> Result<Option<SourceMapReference>, SourceMapError> {
        const MARK: &str = "# sourceMappingURL=";
        let Some(at) = script.rfind(MARK) else {
            return Ok(None);
        };
        let is_comment = script[..at].ends_with("//") || script[..at].ends_with("/*");
        let url = script[at + MARK.len()..]
            .split([' ', '\t', '\r', '\n', '*'])
            .next()
            .unwrap_or_default();
        if !is_comment || url.is_empty() {
            return Ok(None);
        }
        if let Some(data) = url.strip_prefix("data:") {
            return decode_data(data).map(|json| Some(SourceMapReference::Inline(json)));
        }
        Ok(Some(SourceMapReference::External(url.to_string())))
    }

    /// Reads a map's JSON (plain or with sections). `map_path` is the path or URL of the map, or of
    /// the script that carries it: relative sources count from its folder.
    ///
    /// # Errors
    /// [`SourceMapError::Malformed`] when the JSON or its mappings cannot be read.
    pub fn parse(json: &str, map_path: &str) -> Result<Self, SourceMapError> {
        let map = match sourcemap::decode_slice(json.as_bytes())? {
            DecodedMap::Regular(map) => map,
            DecodedMap::Index(index) => index.flatten()?,
            DecodedMap::Hermes(hermes) => SourceMap::clone(&hermes),
        };
        let folder = folder_of(&plain_path(map_path));
        let sources = (0..map.get_source_count())
            .map(|index| absolute(&folder, map.get_source(index).unwrap_or_default()))
            .collect();
        let mut backwards: Vec<_> = map
            .tokens()
            .filter(|token| token.has_source())
            .map(|token| {
                (
                    token.get_src_id(),
                    Position::new(token.get_src_line(), token.get_src_col()),
                    Position::new(token.get_dst_line(), token.get_dst_col()),
                )
            })
            .collect();
        backwards.sort_unstable();
        Ok(Self {
            map,
            sources,
            backwards,
        })
    }

    /// The plain paths of the sources, in the map's order.
    pub fn sources(&self) -> &[String] {
        &self.sources
    }

    /// A source's text, where the map carries it.
    pub fn source_content(&self, source: &str) -> Option<&str> {
        let index = self.sources.iter().position(|path| path == source)?;
        self.map.get_source_contents(index as u32)
    }

    /// The original place of a generated position: that of the last mapping at or before it on the
    /// same line, else of the first after it. `None` where the line has no mapping to a source.
    pub fn original(&self, generated: Position) -> Option<OriginalPlace> {
        let token = self
            .map
            .lookup_token(generated.line, generated.column)
            .filter(|token| token.get_dst_line() == generated.line && token.has_source())
            .or_else(|| {
                self.map.tokens().find(|token| {
                    token.get_dst_line() == generated.line
                        && token.get_dst_col() >= generated.column
                        && token.has_source()
                })
            })?;
        Some(OriginalPlace {
            source: self.sources.get(token.get_src_id() as usize)?.clone(),
            position: Position::new(token.get_src_line(), token.get_src_col()),
            name: token.get_name().map(str::to_string),
        })
    }

    /// The generated position of an original one: that of the last mapping at or before it on the
    /// same line, else of the first after it. `source` is a path as [`SourceMapIndex::sources`]
    /// gives it.
    pub fn generated(&self, source: &str, original: Position) -> Option<Position> {
        let index = self.sources.iter().position(|path| path == source)? as u32;
        let after = self
            .backwards
            .partition_point(|(id, position, _)| (*id, *position) <= (index, original));
        let on_line =
            |entry: &&(u32, Position, Position)| entry.0 == index && entry.1.line == original.line;
        let before = after
            .checked_sub(1)
            .and_then(|at| self.backwards.get(at))
            .filter(on_line);
        let Some((_, position, _)) = before else {
            return self
                .backwards
                .get(after)
                .filter(on_line)
                .map(|entry| entry.2);
        };
        // Several generated places of one original: the first is where it starts.
        let first = self
            .backwards
            .partition_point(|(id, other, _)| (*id, *other) < (index, *position));
        self.backwards.get(first).map(|entry| entry.2)
    }
}

fn decode_data(data: &str) -> Result<String, SourceMapError> {
    let (kind, payload) = data.split_once(',').ok_or(SourceMapError::BadDataUrl)?;
    let bytes = if kind.ends_with(";base64") {
        base64(payload)
    } else {
        percent_decoded(payload)
    };
    bytes
        .and_then(|bytes| String::from_utf8(bytes).ok())
        .ok_or(SourceMapError::BadDataUrl)
}

fn base64(text: &str) -> Option<Vec<u8>> {
    let mut bytes = Vec::with_capacity(text.len() / 4 * 3);
    let mut bits = 0_u32;
    let mut held = 0;
    for character in text.trim_end_matches('=').bytes() {
        let value = match character {
            b'A'..=b'Z' => character - b'A',
            b'a'..=b'z' => character - b'a' + 26,
            b'0'..=b'9' => character - b'0' + 52,
            b'+' | b'-' => 62,
            b'/' | b'_' => 63,
            _ => return None,
        };
        bits = bits << 6 | u32::from(value);
        held += 6;
        if held >= 8 {
            held -= 8;
            bytes.push((bits >> held) as u8);
        }
    }
    Some(bytes)
}

fn percent_decoded(text: &str) -> Option<Vec<u8>> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        if byte != b'%' {
            bytes.push(byte);
            continue;
        }
        let high = char::from(rest.next()?).to_digit(16)?;
        let low = char::from(rest.next()?).to_digit(16)?;
        bytes.push((high * 16 + low) as u8);
    }
    Some(bytes)
}

/// A path without the scheme that a URL or a bundler puts before it.
fn plain_path(path: &str) -> String {
    let path = path.split(['?']).next().unwrap_or_default();
    if let Some(rest) = path.strip_prefix("file://") {
        return percent_decoded(rest)
            .and_then(|bytes| String::from_utf8(bytes).ok())
            .unwrap_or_else(|| rest.to_string());
    }
    match path.split_once("://") {
        // `webpack://name/./src/a.ts`: the first part names the bundle.
        Some((_, rest)) => {
            let inside = rest.split_once('/').map_or(rest, |(_, inside)| inside);
            inside.trim_start_matches("./").to_string()
        }
        None => path.to_string(),
    }
}

fn folder_of(path: &str) -> String {
    match path.rfind('/') {
        Some(0) => "/".to_string(),
        Some(at) => path[..at].to_string(),
        None => String::new(),
    }
}

fn absolute(folder: &str, source: &str) -> String {
    let plain = plain_path(source);
    let is_rooted = plain.starts_with('/') || source.contains("://");
    if is_rooted || folder.is_empty() {
        return resolved(&plain);
    }
    resolved(&format!("{folder}/{plain}"))
}

/// The path without `.` and `..` parts, as far as they can be resolved.
fn resolved(path: &str) -> String {
    let mut parts: Vec<&str> = Vec::new();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." if parts.last().is_some_and(|last| *last != "..") => {
                parts.pop();
            }
            ".." if path.starts_with('/') => {}
            part => parts.push(part),
        }
    }
    let root = if path.starts_with('/') { "/" } else { "" };
    format!("{root}{}", parts.join("/"))
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]
mod tests {
    use super::*;

    /// Line 1 of the generated text maps `a` at column 0 and `b` at column 8 to lines 3 and 5 of
    /// the source; line 2 has no mapping.
    fn map(sources: &str, root: &str) -> String {
        format!(
            r#"{{"version":3,"sourceRoot":"{root}","sources":["{sources}"],"sourcesContent":["text"],"names":["load"],"mappings":"AAEAA,QAEE;;"}}"#
        )
    }

    #[track_caller]
    fn check_path(source: &str, root: &str, map_path: &str, expected: &str) {
        let index = SourceMapIndex::parse(&map(source, root), map_path).unwrap();
        assert_eq!(index.sources(), [expected]);
    }

    #[test]
    fn paths_are_made_plain() {
        check_path("../src/a.ts", "", "/app/dist/a.js.map", "/app/src/a.ts");
        check_path(
            "../src/a.ts",
            "",
            "file:///app/dist/a.js.map",
            "/app/src/a.ts",
        );
        check_path(
            "file:///app/src/a%20b.ts",
            "",
            "/x/a.map",
            "/app/src/a b.ts",
        );
        check_path(
            "webpack://app/./src/a.ts",
            "",
            "/app/dist/a.map",
            "src/a.ts",
        );
        check_path("webpack:///./src/a.ts", "", "/app/dist/a.map", "src/a.ts");
        check_path("a.ts", "../src", "/app/dist/a.map", "/app/src/a.ts");
        check_path("a.ts", "/app/src/", "/app/dist/a.map", "/app/src/a.ts");
        check_path("src/a.ts", "", "a.map", "src/a.ts");
        check_path("../../a.ts", "", "a.map", "../../a.ts");
    }

    #[test]
    fn places_map_both_ways() {
        let index = SourceMapIndex::parse(&map("a.ts", ""), "").unwrap();
        let original = |line, column| {
            let place = index.original(Position::new(line, column))?;
            Some((place.position.line, place.position.column, place.name))
        };
        assert_eq!(original(0, 0), Some((2, 0, Some("load".into()))));
        assert_eq!(original(0, 7), Some((2, 0, Some("load".into()))));
        assert_eq!(original(0, 9), Some((4, 2, None)));
        assert_eq!(original(1, 0), None);
        let generated = |line, column| index.generated("a.ts", Position::new(line, column));
        assert_eq!(generated(2, 5), Some(Position::new(0, 0)));
        assert_eq!(generated(4, 0), Some(Position::new(0, 8)));
        assert_eq!(generated(3, 0), None);
        assert_eq!(index.source_content("a.ts"), Some("text"));
    }

    #[track_caller]
    fn check_reference(script: &str, expected: Option<SourceMapReference>) {
        assert_eq!(SourceMapIndex::reference(script).unwrap(), expected);
    }

    #[test]
    fn references_are_found() {
        let external = |url: &str| Some(SourceMapReference::External(url.into()));
        let inline = |json: &str| Some(SourceMapReference::Inline(json.into()));
        check_reference(
            "a();\n//# sourceMappingURL=a.js.map\n",
            external("a.js.map"),
        );
        check_reference(
            "a();\n/*# sourceMappingURL=a.js.map */",
            external("a.js.map"),
        );
        check_reference("const x = '# sourceMappingURL=no';", None);
        check_reference("a();", None);
        check_reference(
            "//# sourceMappingURL=data:application/json;base64,eyJhIjoxfQ==",
            inline(r#"{"a":1}"#),
        );
        check_reference(
            "//# sourceMappingURL=data:application/json,%7B%22a%22:1%7D",
            inline(r#"{"a":1}"#),
        );
        assert!(SourceMapIndex::reference("//# sourceMappingURL=data:x;base64,!!").is_err());
        assert!(
            SourceMapIndex::parse("{}", "").is_err() || SourceMapIndex::parse("[", "").is_err()
        );
    }
}
