//! A file into whether its program ends by itself: what a script keeps goes with its process.

use oxc_ast::AstKind;
use oxc_ast::ast::Expression;
use stanch_js_source::bare;

use crate::file::{File, method};
use crate::script::ends_soon;

/// Hooks of webpack's, rollup's, vite's and esbuild's plugins, of which a build calls each a few times.
const BUILD_HOOKS: &[&str] = &[
    "generateBundle",
    "buildStart",
    "buildEnd",
    "writeBundle",
    "renderChunk",
    "transformIndexHtml",
    "closeBundle",
    "resolveId",
];
/// Longer lines on average are nobody's handwriting.
const LONGEST_LINE: usize = 400;

/// Whether a file belongs to a program that ends: a script, a test, a part of a build; or is no source at all.
pub(crate) fn ends(file: &File<'_, '_>) -> bool {
    let text = file.parsed.text();
    let is_minified = text.text().len() / (text.line_count() as usize).max(1) > LONGEST_LINE;
    ends_soon(file) || is_minified || is_part_of_a_build(file) || exits(file)
}

fn is_part_of_a_build(file: &File<'_, '_>) -> bool {
    file.nodes().iter().any(|node| match node.kind() {
        AstKind::ObjectProperty(property) => property
            .key
            .static_name()
            .is_some_and(|name| BUILD_HOOKS.contains(&&*name)),
        // `apply(compiler) { compiler.hooks… }`
        AstKind::StaticMemberExpression(member) => {
            member.property.name == "hooks"
                && matches!(bare(&member.object), Expression::Identifier(name)
                    if matches!(name.name.as_str(), "compiler" | "compilation"))
        }
        _ => false,
    })
}

/// Whether the module's own code ends the process.
fn exits(file: &File<'_, '_>) -> bool {
    file.calls().iter().any(|(node, call)| {
        method(call).is_some_and(|(object, name)| {
            name == "exit"
                && matches!(object, Expression::Identifier(object) if object.name == "process")
        }) && file.function_around(*node).is_none()
    })
}
