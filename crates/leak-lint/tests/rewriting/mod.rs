//! A text into the same program, written in another way.

pub(crate) mod arrows;
pub(crate) mod casts;
pub(crate) mod functions;
pub(crate) mod order;
pub(crate) mod parentheses;
pub(crate) mod renaming;
mod values;

use oxc_ast::AstKind;
use oxc_span::{GetSpan, Span};
use stanch_js_source::{ParsedSource, SourceText};

/// Edits at spans, made from the last to the first: those inside others are made first.
pub(crate) struct Rewrite {
    /// Offset, order at the offset, and what is put there in place of so many bytes.
    edits: Vec<(u32, u32, String)>,
}

impl Rewrite {
    fn new() -> Self {
        Self { edits: Vec::new() }
    }

    fn replace(&mut self, span: Span, text: impl Into<String>) {
        self.edits.push((span.start, span.end, text.into()));
    }

    fn insert(&mut self, at: u32, text: impl Into<String>) {
        self.edits.push((at, at, text.into()));
    }

    /// `before` and `after` around a span; of two spans that end together, the inner one has to come later.
    fn around(&mut self, span: Span, before: &str, after: &str) {
        self.insert(span.start, before);
        self.insert(span.end, after);
    }

    /// The text with the edits under another name; none where there are no edits.
    fn done(mut self, source: &SourceText, path: &str) -> Option<SourceText> {
        if self.edits.is_empty() {
            return None;
        }
        self.edits.sort_by_key(|(start, end, _)| (*start, *end));
        let mut out = String::new();
        let mut at = 0;
        for (start, end, text) in self.edits {
            out.push_str(source.slice(at, start));
            out.push_str(&text);
            at = end;
        }
        out.push_str(source.slice(at, source.text().len() as u32));
        Some(SourceText::new(path, out))
    }
}

/// Whether a function's code says something that an arrow function has from outside.
fn has_its_own(parsed: &ParsedSource<'_>, function: Span) -> bool {
    parsed.semantic().nodes().iter().any(|node| {
        let span = node.kind().span();
        function.contains_inclusive(span)
            && match node.kind() {
                AstKind::ThisExpression(_) | AstKind::Super(_) | AstKind::NewTarget(_) => true,
                AstKind::IdentifierReference(name) => name.name == "arguments",
                _ => false,
            }
    })
}
