//! A chain of `pipe` calls into a call of `pipeline`, with the import that it takes.

use oxc_ast::AstKind;
use oxc_ast::ast::{Expression, Statement as Node};
use oxc_semantic::NodeId;
use oxc_span::{GetSpan, Span};
use stanch_js_source::ImportedName;

use super::code::Code;
use super::edits::Edits;

/// Rewrites the statement, all of which is the chain.
pub(crate) fn write(
    code: &Code<'_, '_>,
    statement: NodeId,
    stages: &[&Expression<'_>],
    edits: &mut Edits<'_>,
) -> Option<()> {
    let own_lines = code.statement(statement)?;
    let AstKind::ExpressionStatement(chain) = code.kind(own_lines.node) else {
        return None;
    };
    let stages: Vec<&str> = stages
        .iter()
        .map(|stage| code.slice(stage.span()))
        .collect();
    let callee = callee(code, statement, edits)?;
    // A client that leaves early is no error of the service.
    let report = "if (error && error.code !== 'ERR_STREAM_PREMATURE_CLOSE') console.error(error);";
    let call = format!("{callee}({}, (error) => {{ {report} }})", stages.join(", "));
    let span = chain.expression.span();
    edits.replace(span.start, span.end, call);
    Some(())
}

/// How the file calls Node's `pipeline`; it is imported where the file does not yet do so.
fn callee(code: &Code<'_, '_>, at: NodeId, edits: &mut Edits<'_>) -> Option<String> {
    let imports = code.parsed.imports();
    let of_stream = imports
        .iter()
        .filter(|import| matches!(import.module.as_str(), "stream" | "node:stream"));
    for import in of_stream {
        let Some(local) = &import.local else { continue };
        if code.binding(code.scope(at), local)
            != code.binding(code.scoping().root_scope_id(), local)
        {
            continue;
        }
        match &import.imported {
            ImportedName::Named(name) if name == "pipeline" => return Some(local.clone()),
            ImportedName::Module | ImportedName::Default => {
                return Some(format!("{local}.pipeline"));
            }
            ImportedName::Named(_) => {}
        }
    }
    let name = "pipeline";
    let is_free = code.scoping().symbol_names().all(|other| other != name) && !code.is_global(name);
    is_free.then(|| import(code, edits))??;
    Some(name.to_owned())
}

/// Adds the import below the last one, in the style of that.
fn import(code: &Code<'_, '_>, edits: &mut Edits<'_>) -> Option<()> {
    let body = &code.parsed.program().body;
    let mut modules = body.iter().filter_map(|statement| match statement {
        Node::ImportDeclaration(import) => Some((import.node_id.get(), import.source.span)),
        _ => None,
    });
    let (last, written) = match modules.next_back() {
        Some((node, source)) => {
            let quote = quote(code, source);
            (
                node,
                format!("import {{ pipeline }} from {quote}node:stream{quote}"),
            )
        }
        None => {
            let (node, source) = body.iter().filter_map(required).next_back()?;
            let quote = quote(code, source);
            (
                node,
                format!("const {{ pipeline }} = require({quote}node:stream{quote})"),
            )
        }
    };
    code.own_lines(last)?.write_below(edits, &[written]);
    Some(())
}

/// `const x = require('y');` with the place of its `'y'`.
fn required(statement: &Node<'_>) -> Option<(NodeId, Span)> {
    let Node::VariableDeclaration(declaration) = statement else {
        return None;
    };
    let first = declaration.declarations.first()?.init.as_ref()?;
    let Expression::CallExpression(call) = first else {
        return None;
    };
    Some((declaration.node_id.get(), call.common_js_require()?.span))
}

fn quote<'a>(code: &Code<'_, 'a>, source: Span) -> &'a str {
    code.slice(Span::new(source.start, source.start + 1))
}
