//! A node into the statement around it that has its lines to itself, and what to write beside it.

use oxc_ast::AstKind;
use oxc_semantic::NodeId;
use oxc_span::{GetSpan, Span};

use super::code::{Code, is_function};
use super::edits::Edits;

/// A statement of a block that shares its lines with no other code.
pub(crate) struct Statement<'a> {
    pub(crate) node: NodeId,
    pub(crate) span: Span,
    pub(crate) text: &'a str,
    /// What stands before it on its line: spaces or tabs.
    pub(crate) indent: &'a str,
    /// What ends the statements of its surroundings: `;` or nothing.
    pub(crate) end: &'static str,
    newline: &'static str,
    /// The offset where the text after its last line begins.
    next_line: u32,
    /// The file ends on its last line, without a line end.
    is_unterminated: bool,
}

impl<'a> Code<'_, 'a> {
    /// The statement that a node stands in, within the same function. `None` where it is no
    /// element of a list of statements (as in `if (x) f();`), or shares a line with other code.
    pub(crate) fn statement(&self, node: NodeId) -> Option<Statement<'a>> {
        let chain = std::iter::once(node).chain(self.ancestors(node));
        let mut below = None;
        for around in chain {
            let kind = self.kind(around);
            if below.is_some() && is_list(kind) {
                return self.own_lines(below?);
            }
            if is_function(kind) || matches!(kind, AstKind::ClassBody(_)) {
                return None;
            }
            below = Some(around);
        }
        None
    }

    /// The statement that the expression is all of.
    pub(crate) fn lone(&self, expression: NodeId) -> Option<Statement<'a>> {
        let statement = self.statement(expression)?;
        match self.kind(statement.node) {
            AstKind::ExpressionStatement(whole)
                if whole.expression.span() == self.kind(expression).span() =>
            {
                Some(statement)
            }
            _ => None,
        }
    }

    /// The statement below which code runs soon after the expression, in whatever way the
    /// expression is reached: that which is all of it, or the `if` that has only it in a branch.
    pub(crate) fn followed(&self, expression: NodeId) -> Option<Statement<'a>> {
        let mut node = self.parent(expression)?;
        let AstKind::ExpressionStatement(_) = self.kind(node) else {
            return None;
        };
        loop {
            let parent = self.parent(node)?;
            match self.kind(parent) {
                AstKind::IfStatement(_) => {}
                kind if is_list(kind) => match (self.own_lines(node), kind) {
                    (Some(statement), _) => return Some(statement),
                    // `if (!known) { seen.add(id); }` on one line.
                    (None, AstKind::BlockStatement(block))
                        if block.body.last()?.span() == self.kind(node).span() => {}
                    _ => return None,
                },
                _ => return None,
            }
            node = parent;
        }
    }

    /// Where semicolons stand at the start of the next line, they are not the statement's for us.
    fn without_far_end(&self, span: Span) -> Span {
        let text = self.slice(span);
        let body = text.strip_suffix(';').unwrap_or(text);
        let near = body.trim_end();
        match body[near.len()..].contains('\n') {
            true => Span::new(span.start, span.start + near.len() as u32),
            false => span,
        }
    }

    /// A statement that is known to be one of a list, unless it shares a line with other code.
    pub(crate) fn own_lines(&self, node: NodeId) -> Option<Statement<'a>> {
        let span = self.without_far_end(self.kind(node).span());
        let source = self.parsed.text();
        let text = source.text();
        let line_start = text[..span.start as usize]
            .rfind('\n')
            .map_or(0, |at| at + 1);
        let indent = source.slice(line_start as u32, span.start);
        if !indent.chars().all(|space| space == ' ' || space == '\t') {
            return None;
        }
        let rest = text.get(span.end as usize..)?;
        let line_length = rest.find('\n');
        let behind = &rest[..line_length.unwrap_or(rest.len())];
        if !is_blank_or_comment(behind) {
            return None;
        }
        let is_continued = continues(rest.trim_start());
        let is_terminated = self.slice(span).ends_with([';', '}']);
        Some(Statement {
            node,
            span,
            text: self.slice(span),
            indent,
            end: if is_terminated || is_continued {
                ";"
            } else {
                ""
            },
            newline: if text.contains("\r\n") { "\r\n" } else { "\n" },
            next_line: span.end + line_length.map_or(rest.len(), |length| length + 1) as u32,
            is_unterminated: line_length.is_none(),
        })
    }
}

impl Statement<'_> {
    /// Writes lines of code, each without its end, below the statement.
    pub(crate) fn write_below(&self, edits: &mut Edits<'_>, lines: &[String]) {
        let mut written = String::new();
        for line in lines {
            let (before, behind) = match self.is_unterminated {
                true => (self.newline, ""),
                false => ("", self.newline),
            };
            for part in [before, self.indent, line, self.end, behind] {
                written.push_str(part);
            }
        }
        edits.insert(self.next_line, written);
    }

    /// Writes a line of code, without its end, above the statement.
    pub(crate) fn write_above(&self, edits: &mut Edits<'_>, line: &str) {
        let Self {
            indent, newline, ..
        } = self;
        let end = if continues(self.text) { ";" } else { self.end };
        edits.insert(self.span.start, format!("{line}{end}{newline}{indent}"));
    }
}

/// Whether the node's children are statements one after the other. Cases of a `switch` are not
/// counted: they share one scope without braces of their own.
fn is_list(kind: AstKind<'_>) -> bool {
    matches!(
        kind,
        AstKind::FunctionBody(_)
            | AstKind::BlockStatement(_)
            | AstKind::StaticBlock(_)
            | AstKind::Program(_)
    )
}

/// Whether text that starts like this would go on with a statement that has no `;` before it.
fn continues(text: &str) -> bool {
    text.starts_with(['(', '[', '`', '/', '+', '-', '*', ',', '.'])
}

fn is_blank_or_comment(rest_of_line: &str) -> bool {
    let rest = rest_of_line.trim();
    rest.is_empty()
        || rest.starts_with("//")
        || rest.starts_with("/*") && rest.find("*/").is_some_and(|end| end + 2 == rest.len())
}
