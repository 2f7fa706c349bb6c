//! A file into whether its program ends by itself: a command, a build, a test. What it keeps goes with its process.

use std::borrow::Cow;

use oxc_ast::ast::Expression;
use oxc_ast::{AstKind, AstType};
use stanch_js_source::{SourceText, bare};

use crate::file::{File, callee_name, method};

/// Folders of commands, of what builds, and of tests, by the customs of npm packages.
const FOLDERS: &[&str] = &[
    "bin",
    "cli",
    "script",
    "scripts",
    "tools",
    "tasks",
    "test",
    "tests",
    "__tests__",
    "__mocks__",
    "spec",
    "e2e",
    "cypress",
    "bench",
    "benchmark",
    "benchmarks",
    "loadtest",
    "perf",
    "fixtures",
    "testing",
];
/// Parts of file names between dots: `orders.test.ts`, `vite.config.js`.
const PARTS: &[&str] = &["test", "spec", "config", "bench", "stories", "e2e"];
/// Files that task runners read.
const TASKS: &[&str] = &["gulpfile", "gruntfile", "jakefile", "rakefile"];

/// Whether what a file keeps is gone soon, because its process is.
pub(crate) fn ends_soon(file: &File<'_, '_>) -> bool {
    // A command that others may also import is more than a command.
    if file.parsed.program().hashbang.is_some() && file.parsed.exported_names().is_empty() {
        return true;
    }
    file.project.is_script(file.index)
}

/// The same by the path alone.
pub(crate) fn is_script(path: &str) -> bool {
    let path = match path.contains('\\') {
        true => Cow::Owned(path.replace('\\', "/")),
        false => Cow::Borrowed(path),
    };
    // The name of a package may be that of a folder of scripts.
    let path = path.rsplit("/node_modules/").next().unwrap_or_default();
    let mut parts: Vec<&str> = path.split('/').collect();
    let name = parts.pop().unwrap_or_default().to_lowercase();
    let stem = name.split('.').next().unwrap_or_default();
    parts.iter().any(|folder| FOLDERS.contains(folder))
        || name.split('.').skip(1).any(|part| PARTS.contains(&part))
        || TASKS.contains(&stem)
}

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
    ends_soon(file)
        || is_minified(file.parsed.text())
        || is_part_of_a_build(file)
        || exits(file)
        || runs_commands(file)
}

fn is_minified(text: &SourceText) -> bool {
    let length = text.text().len();
    // Most texts have that many lines at their beginning already.
    let enough = length / (LONGEST_LINE + 1);
    let breaks = text.text().match_indices('\n').take(enough).count();
    breaks < enough && length / (text.line_count() as usize).max(1) > LONGEST_LINE
}

/// Modules that run other programs.
const RUNS: &[&str] = &[
    "child_process",
    "node:child_process",
    "cross-spawn",
    "execa",
    "shelljs",
    "zx",
];
/// With what a program begins to wait for work.
const WAITS: &[&str] = &[
    "listen",
    "serve",
    "createServer",
    "subscribe",
    "consume",
    "process",
    "work",
    "setInterval",
    "schedule",
    "login",
];

/// Whether a file is a program that nobody imports and that only runs others, as the steps of a build do.
fn runs_commands(file: &File<'_, '_>) -> bool {
    file.imports_any(RUNS)
        && !file.project.is_imported(file.index)
        && file.parsed.exported_names().is_empty()
        && file.calls().iter().any(|(node, call)| {
            file.function_around(*node).is_none() && call.common_js_require().is_none()
        })
        && !file
            .calls()
            .iter()
            .any(|(_, call)| callee_name(call).is_some_and(|name| WAITS.contains(&name)))
}

fn is_part_of_a_build(file: &File<'_, '_>) -> bool {
    file.nodes_of([AstType::ObjectProperty, AstType::StaticMemberExpression])
        .any(|node| match node.kind() {
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
