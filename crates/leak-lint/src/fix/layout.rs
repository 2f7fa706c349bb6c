//! A file's text into how its author writes: indentation, line ends, semicolons, quotes.

use oxc_ast::{AstKind, AstType};
use oxc_span::{GetSpan, Span};

use super::statement::without_late_semicolon;
use crate::file::File;

/// How a file is written.
pub(super) struct Layout<'f> {
    pub(super) text: &'f str,
    line_end: &'static str,
    level: String,
    semicolons: bool,
    quote: char,
}

impl<'f> Layout<'f> {
    pub(super) fn of(file: &'f File<'_, '_>) -> Self {
        let text = file.parsed.text().text();
        Self {
            text,
            line_end: if text.contains("\r\n") { "\r\n" } else { "\n" },
            level: level(text),
            semicolons: has_semicolons(file),
            quote: quote(file),
        }
    }

    /// The white space that the line of an offset begins with.
    pub(super) fn indent_at(&self, offset: u32) -> &'f str {
        let line = &self.text[self.line_start(offset)..];
        &line[..line.len() - line.trim_start_matches([' ', '\t']).len()]
    }

    fn line_start(&self, offset: u32) -> usize {
        let before = &self.text[..offset as usize];
        before.rfind(['\n', '\r']).map_or(0, |newline| newline + 1)
    }

    /// The end of an offset's line, its line end not included.
    pub(super) fn line_end_after(&self, offset: u32) -> u32 {
        let rest = &self.text[offset as usize..];
        offset + rest.find(['\n', '\r']).unwrap_or(rest.len()) as u32
    }

    pub(super) fn is_first_on_line(&self, offset: u32) -> bool {
        self.text[self.line_start(offset)..offset as usize]
            .trim()
            .is_empty()
    }

    /// Where a line ends whose code ends at an offset; none where more code follows.
    pub(super) fn end_of_code_line(&self, offset: u32) -> Option<u32> {
        let end = self.line_end_after(offset);
        let rest = self.text[offset as usize..end as usize].trim();
        let is_comment = rest.starts_with("//")
            || (rest.starts_with("/*") && rest.find("*/") == Some(rest.len().wrapping_sub(2)));
        (rest.is_empty() || is_comment).then_some(end)
    }

    /// The span with its whole line where nothing else is on it.
    pub(super) fn with_line(&self, span: Span) -> Span {
        let alone = self.is_first_on_line(span.start)
            && self.end_of_code_line(span.end) == Some(self.line_end_after(span.end));
        let rest = &self.text[span.end as usize..self.line_end_after(span.end) as usize];
        if !alone || !rest.trim().is_empty() {
            return span;
        }
        let end = self.line_end_after(span.end);
        let after = &self.text[end as usize..];
        let newline = if after.starts_with("\r\n") {
            2
        } else {
            u32::from(!after.is_empty())
        };
        Span::new(self.line_start(span.start) as u32, end + newline)
    }

    /// A line of its own after another.
    pub(super) fn next_line(&self, indent: &str) -> String {
        format!("{}{indent}", self.line_end)
    }

    pub(super) fn level(&self) -> &str {
        &self.level
    }

    /// Text with `indent` before each line but the first, and the file's own levels for tabs.
    pub(super) fn indented(&self, text: &str, indent: &str) -> String {
        let mut out = String::with_capacity(text.len());
        for (at, line) in text.split('\n').enumerate() {
            let code = line.trim_start_matches('\t');
            if at > 0 {
                out.push_str(self.line_end);
                if !code.trim().is_empty() {
                    out.push_str(indent);
                }
            }
            let levels = line.len() - code.len();
            for _ in 0..levels {
                out.push_str(&self.level);
            }
            out.push_str(code);
        }
        out
    }

    /// Statements as lines, without their last semicolons where the file has none and what follows allows it.
    pub(super) fn statements(&self, texts: &[String], indent: &str, followed_by: &str) -> String {
        let lines: Vec<&str> = texts.iter().flat_map(|text| text.split('\n')).collect();
        let starts_anew = |next: &str| {
            let next = next.trim_start();
            !next.starts_with(['(', '[', '`', '+', '-', '/', '*', ',', '.', '?'])
        };
        let mut out = Vec::with_capacity(lines.len());
        for (at, line) in lines.iter().enumerate() {
            let next = lines.get(at + 1).copied().unwrap_or(followed_by);
            let bare = line.strip_suffix(';');
            match bare {
                Some(bare) if !self.semicolons && starts_anew(next) => out.push(bare),
                _ => out.push(line),
            }
        }
        self.indented(&out.join("\n"), indent)
    }

    /// `;` where the file has semicolons.
    pub(super) fn semicolon(&self) -> &'static str {
        if self.semicolons { ";" } else { "" }
    }

    pub(super) fn string(&self, text: &str) -> String {
        let mut out = String::from(self.quote);
        for character in text.chars() {
            match character {
                '\n' => out.push_str("\\n"),
                '\r' => out.push_str("\\r"),
                '\u{2028}' => out.push_str("\\u2028"),
                '\u{2029}' => out.push_str("\\u2029"),
                '\\' => out.push_str("\\\\"),
                it if it == self.quote => {
                    out.push('\\');
                    out.push(it);
                }
                it => out.push(it),
            }
        }
        out.push(self.quote);
        out
    }

    /// The code of a span as if its first line were not indented.
    pub(super) fn quoted(&self, span: Span) -> String {
        let indent = self.indent_at(span.start);
        let code = &self.text[span.start as usize..span.end as usize];
        let mut lines = code.split('\n');
        let mut out = lines
            .next()
            .unwrap_or_default()
            .trim_end_matches('\r')
            .to_owned();
        for line in lines {
            out.push('\n');
            let line = line.trim_end_matches('\r');
            out.push_str(line.strip_prefix(indent).unwrap_or(line));
        }
        out
    }
}

/// Whether a span has a string or template over several lines: indenting it would change what it says.
pub(super) fn has_long_text(file: &File<'_, '_>, span: Span) -> bool {
    file.nodes_of([
        AstType::TemplateElement,
        AstType::StringLiteral,
        AstType::JSXText,
    ])
    .any(|node| {
        let is_text = matches!(
            node.kind(),
            AstKind::TemplateElement(_) | AstKind::StringLiteral(_) | AstKind::JSXText(_)
        );
        is_text && {
            let own = node.kind().span();
            span.contains_inclusive(own) && file.slice(own).contains('\n')
        }
    })
}

/// One level of indentation: a tab, or the fewest spaces that a line begins with.
fn level(text: &str) -> String {
    let mut fewest = usize::MAX;
    for line in text.lines() {
        if line.starts_with('\t') {
            return "\t".to_owned();
        }
        let code = line.trim_start_matches(' ');
        let spaces = line.len() - code.len();
        // A single one is that of a comment's star.
        if spaces > 1 && !code.is_empty() && !code.starts_with('*') {
            fewest = fewest.min(spaces);
        }
    }
    // Eight is the widest that style guides ask for; more is alignment.
    " ".repeat(if fewest <= 8 { fewest } else { 2 })
}

fn has_semicolons(file: &File<'_, '_>) -> bool {
    let (mut with, mut without) = (0, 0);
    for node in file.nodes_of([
        AstType::ExpressionStatement,
        AstType::ReturnStatement,
        AstType::ImportDeclaration,
        AstType::VariableDeclaration,
    ]) {
        let is_ended = matches!(
            node.kind(),
            AstKind::ExpressionStatement(_)
                | AstKind::ReturnStatement(_)
                | AstKind::ImportDeclaration(_)
                | AstKind::VariableDeclaration(_)
        );
        if !is_ended {
            continue;
        }
        // The declaration in the head of a loop ends without one.
        if matches!(node.kind(), AstKind::VariableDeclaration(_))
            && matches!(
                file.nodes().parent_kind(node.id()),
                AstKind::ForStatement(_) | AstKind::ForInStatement(_) | AstKind::ForOfStatement(_)
            )
        {
            continue;
        }
        let own = without_late_semicolon(file, node.kind().span());
        if file.slice(own).ends_with(';') {
            with += 1;
        } else {
            without += 1;
        }
    }
    with >= without
}

fn quote(file: &File<'_, '_>) -> char {
    let (mut single, mut double) = (0, 0);
    for node in file.nodes_of([AstType::StringLiteral]) {
        if let AstKind::StringLiteral(literal) = node.kind() {
            let text = file.slice(literal.span);
            single += usize::from(text.starts_with('\''));
            double += usize::from(text.starts_with('"'));
        }
    }
    if single >= double { '\'' } else { '"' }
}
