//! A node into the statement that it stands in, and statements around that.

use oxc_ast::AstKind;
use oxc_ast::ast::ArrowFunctionBody;
use oxc_semantic::{NodeId, ScopeId};
use oxc_span::{GetSpan, Span};

use super::layout::Layout;
use crate::file::File;
use crate::finding::Edit;

/// A statement, or the expression that an arrow function gives.
#[derive(Debug, Clone, Copy)]
pub(super) struct Spot {
    pub(super) span: Span,
    pub(super) kind: SpotKind,
    /// Where a declaration beside it is visible.
    pub(super) scope: ScopeId,
    /// Whether nothing after it is reached.
    pub(super) leaves: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum SpotKind {
    /// In a list of statements.
    Listed,
    /// The only one, without braces: `if (late) end();`.
    Bare,
    /// The expression after an arrow.
    Arrow,
}

/// The statement around a node; none in parameters, in fields of classes, and where the value of the statement decides
/// whether it runs at all.
pub(super) fn spot(file: &File<'_, '_>, node: NodeId) -> Option<Spot> {
    let mut at = node;
    loop {
        let parent = file.nodes().parent_id(at);
        if parent == at {
            return None;
        }
        let span = file.kind(at).span();
        let kind = match file.kind(parent) {
            AstKind::Program(_)
            | AstKind::FunctionBody(_)
            | AstKind::BlockStatement(_)
            | AstKind::StaticBlock(_)
            | AstKind::TSModuleBlock(_) => Some(SpotKind::Listed),
            AstKind::SwitchCase(case) => {
                let is_test = case.test.as_ref().is_some_and(|test| test.span() == span);
                (!is_test).then_some(SpotKind::Listed)
            }
            AstKind::ArrowFunctionExpression(arrow) => match &arrow.body {
                ArrowFunctionBody::FunctionBody(_) => return None,
                body if body.span() == span => Some(SpotKind::Arrow),
                _ => return None,
            },
            AstKind::Function(_)
            | AstKind::PropertyDefinition(_)
            | AstKind::AccessorProperty(_) => {
                return None;
            }
            other => is_only_statement(other, span).then_some(SpotKind::Bare),
        };
        if let Some(kind) = kind {
            return Some(Spot {
                span: without_late_semicolon(file, span),
                kind,
                scope: file.nodes().get_node(at).scope_id(),
                leaves: kind == SpotKind::Arrow || leaves(file.kind(at)),
            });
        }
        at = parent;
    }
}

/// A statement without the semicolon that stands on a later line, where it guards what follows: `;[1].map(f)`.
pub(super) fn without_late_semicolon(file: &File<'_, '_>, span: Span) -> Span {
    let code = file.slice(span).strip_suffix(';').unwrap_or_default();
    let own = code.trim_end();
    match code[own.len()..].contains('\n') {
        true => Span::new(span.start, span.start + own.len() as u32),
        false => span,
    }
}

fn leaves(kind: AstKind<'_>) -> bool {
    matches!(
        kind,
        AstKind::ReturnStatement(_)
            | AstKind::ThrowStatement(_)
            | AstKind::BreakStatement(_)
            | AstKind::ContinueStatement(_)
    )
}

/// Whether the span is the branch or the body of a statement that could have braces.
fn is_only_statement(around: AstKind<'_>, span: Span) -> bool {
    let is = |statement: Span| statement == span;
    match around {
        AstKind::IfStatement(it) => {
            is(it.consequent.span()) || it.alternate.as_ref().is_some_and(|other| is(other.span()))
        }
        AstKind::ForStatement(it) => is(it.body.span()),
        AstKind::ForInStatement(it) => is(it.body.span()),
        AstKind::ForOfStatement(it) => is(it.body.span()),
        AstKind::WhileStatement(it) => is(it.body.span()),
        AstKind::DoWhileStatement(it) => is(it.body.span()),
        AstKind::WithStatement(it) => is(it.body.span()),
        _ => false,
    }
}

/// Statements to be put around one.
pub(super) struct Around {
    pub(super) spot: Spot,
    pub(super) before: Vec<String>,
    pub(super) after: Vec<String>,
}

impl Around {
    pub(super) fn of(spot: Spot) -> Self {
        Self {
            spot,
            before: Vec::new(),
            after: Vec::new(),
        }
    }

    /// The edits, and those that only matter for the looks.
    pub(super) fn render(
        &self,
        file: &File<'_, '_>,
        layout: &Layout<'_>,
        edits: &mut Vec<Edit>,
        looks: &mut Vec<Edit>,
    ) {
        match self.spot.kind {
            SpotKind::Listed => self.in_list(layout, edits),
            SpotKind::Bare | SpotKind::Arrow => self.in_braces(file, layout, edits, looks),
        }
    }

    fn in_list(&self, layout: &Layout<'_>, edits: &mut Vec<Edit>) {
        let Span { start, end, .. } = self.spot.span;
        let own = &layout.text[start as usize..end as usize];
        let own_line = layout.is_first_on_line(start);
        let indent = layout.indent_at(start);
        if !self.before.is_empty() {
            let text = if own_line {
                let statements = layout.statements(&self.before, indent, own);
                format!("{statements}{}", layout.next_line(indent))
            } else {
                format!("{} ", layout.indented(&self.before.join(" "), indent))
            };
            edits.push(insertion(start, text));
        }
        if self.after.is_empty() {
            return;
        }
        match layout.end_of_code_line(end).filter(|_| own_line) {
            Some(line_end) => {
                let next = layout.text[line_end as usize..].trim_start();
                let statements = layout.statements(&self.after, indent, next);
                edits.push(insertion(
                    line_end,
                    format!("{}{statements}", layout.next_line(indent)),
                ));
            }
            None => {
                let between = if own.ends_with([';', '}']) { " " } else { "; " };
                let text = layout.indented(&self.after.join(" "), indent);
                edits.push(insertion(end, format!("{between}{text}")));
            }
        }
    }

    /// Braces around the statement or the expression, and all of it in them.
    fn in_braces(
        &self,
        file: &File<'_, '_>,
        layout: &Layout<'_>,
        edits: &mut Vec<Edit>,
        looks: &mut Vec<Edit>,
    ) {
        let Span { start, end, .. } = self.spot.span;
        let is_arrow = self.spot.kind == SpotKind::Arrow;
        let own = &layout.text[start as usize..end as usize];
        let given = if is_arrow { "return " } else { "" };
        let ended = if is_arrow || !own.ends_with([';', '}']) {
            ";"
        } else {
            ""
        };
        let is_long = own.contains('\n')
            || self
                .before
                .iter()
                .chain(&self.after)
                .any(|it| it.contains('\n'))
            || layout.is_first_on_line(start);
        if !is_long {
            let before = self.before.join(" ");
            let gap = if before.is_empty() { "" } else { " " };
            edits.push(insertion(start, format!("{{ {before}{gap}{given}")));
            let after: String = self.after.iter().map(|text| format!(" {text}")).collect();
            edits.push(insertion(end, format!("{ended}{after} }}")));
            return;
        }
        let head = layout.text[..start as usize].trim_end().len() as u32;
        let in_comment = file.parsed.program().comments.iter().any(|comment| {
            comment.span.end == head || comment.span.contains_inclusive(Span::new(head, head))
        });
        let outer = layout.indent_at(head);
        let inner = format!("{outer}{}", layout.level());
        let line = layout.next_line(&inner);
        let mut opening = String::from("{");
        opening.push_str(&line);
        if !self.before.is_empty() {
            opening.push_str(&layout.statements(&self.before, &inner, own));
            opening.push_str(&line);
        }
        opening.push_str(given);
        if in_comment {
            edits.push(insertion(start, opening));
        } else {
            edits.push(Edit {
                start: head,
                end: start,
                text: format!(" {opening}"),
            });
        }
        let ended = if is_arrow { layout.semicolon() } else { ended };
        let mut closing = ended.to_owned();
        if !self.after.is_empty() {
            closing.push_str(&line);
            closing.push_str(&layout.statements(&self.after, &inner, "}"));
        }
        closing.push_str(&layout.next_line(outer));
        closing.push('}');
        edits.push(insertion(end, closing));
        if !layout.is_first_on_line(start) && !super::layout::has_long_text(file, self.spot.span) {
            deepen(own, start, layout.level(), looks);
        }
    }
}

/// One level more for all lines but the first.
pub(super) fn deepen(code: &str, start: u32, level: &str, looks: &mut Vec<Edit>) {
    for (at, _) in code.match_indices('\n') {
        let line = &code[at + 1..];
        if !line
            .trim_start_matches([' ', '\t'])
            .starts_with(['\n', '\r'])
        {
            looks.push(insertion(start + at as u32 + 1, level.to_owned()));
        }
    }
}

pub(super) fn insertion(at: u32, text: String) -> Edit {
    Edit {
        start: at,
        end: at,
        text,
    }
}
