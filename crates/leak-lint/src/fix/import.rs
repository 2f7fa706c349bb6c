//! An export of a module into the name under which a file has it, imported where it has none.

use oxc_ast::ast::{
    BindingIdentifier, BindingPattern, Expression, ImportDeclaration, ImportDeclarationSpecifier,
    ImportOrExportKind, Statement, TSModuleReference, VariableDeclaration, VariableDeclarator,
};
use oxc_semantic::{NodeId, SymbolId};
use oxc_span::{GetSpan, Span};
use stanch_js_source::bare;

use super::{Change, name};
use crate::file::File;
use crate::finding::Edit;

/// An import that is still to be made.
pub(super) struct Wanted {
    module: String,
    name: String,
    local: String,
}

/// How modules of the file are had.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum ModuleKind {
    /// `import { x } from 'm'`.
    Standard,
    /// `const { x } = require('m')`.
    CommonJs,
}

/// See [`Change::import`].
pub(super) fn import(
    change: &mut Change<'_, '_, '_>,
    at: NodeId,
    module: &str,
    export: &str,
) -> Option<String> {
    let file = change.file;
    let wanted = change
        .imports
        .iter()
        .find(|wanted| is_same_module(&wanted.module, module) && wanted.name == export);
    if let Some(wanted) = wanted {
        return Some(wanted.local.clone());
    }
    for has in file
        .parsed
        .program()
        .body
        .iter()
        .flat_map(|statement| had_by(statement, module))
    {
        if !name::is_seen(file, at, has.symbol) {
            continue;
        }
        let local = file.parsed.semantic().scoping().symbol_name(has.symbol);
        match has.what {
            What::Named(imported) if imported == export => return Some(local.to_owned()),
            What::Whole => return Some(format!("{local}.{export}")),
            What::Named(_) => {}
        }
    }
    let root = file.parsed.semantic().scoping().root_scope_id();
    let local = name::free(file, root, export, &change.names);
    change.names.push(local.clone());
    change.imports.push(Wanted {
        module: module.to_owned(),
        name: export.to_owned(),
        local: local.clone(),
    });
    Some(local)
}

/// `node:fs` is `fs`.
fn is_same_module(one: &str, other: &str) -> bool {
    let bare = |module: &str| module.strip_prefix("node:").unwrap_or(module).to_owned();
    bare(one) == bare(other)
}

/// What a top-level statement has of a module.
struct Has<'b> {
    what: What<'b>,
    symbol: SymbolId,
}

enum What<'b> {
    Named(&'b str),
    /// An object that has its exports.
    Whole,
}

fn had_by<'b>(statement: &'b Statement<'_>, module: &str) -> Vec<Has<'b>> {
    let whole = |local: &BindingIdentifier<'_>| {
        local.symbol_id.get().map(|symbol| Has {
            what: What::Whole,
            symbol,
        })
    };
    match statement {
        Statement::ImportDeclaration(declaration) if imports_values_of(declaration, module) => {
            let specifiers = declaration.specifiers.iter().flatten();
            let had = specifiers.filter_map(|specifier| match specifier {
                ImportDeclarationSpecifier::ImportSpecifier(one) => {
                    if one.import_kind == ImportOrExportKind::Type {
                        return None;
                    }
                    Some(Has {
                        what: What::Named(static_name(&one.imported)?),
                        symbol: one.local.symbol_id.get()?,
                    })
                }
                // The default export of Node's own modules is an object with all others.
                ImportDeclarationSpecifier::ImportDefaultSpecifier(one) => {
                    module.starts_with("node:").then(|| whole(&one.local))?
                }
                ImportDeclarationSpecifier::ImportNamespaceSpecifier(one) => whole(&one.local),
            });
            had.collect()
        }
        Statement::VariableDeclaration(declaration) => {
            let required = declaration
                .declarations
                .iter()
                .filter(|one| required_by(one).is_some_and(|it| is_same_module(it, module)));
            required.flat_map(|one| bound(&one.id)).collect()
        }
        Statement::TSImportEqualsDeclaration(import) => match &import.module_reference {
            TSModuleReference::ExternalModuleReference(reference)
                if is_same_module(&reference.expression.value, module) =>
            {
                whole(&import.id).into_iter().collect()
            }
            _ => Vec::new(),
        },
        _ => Vec::new(),
    }
}

fn static_name<'b>(name: &'b oxc_ast::ast::ModuleExportName<'_>) -> Option<&'b str> {
    match name {
        oxc_ast::ast::ModuleExportName::IdentifierName(name) => Some(name.name.as_str()),
        oxc_ast::ast::ModuleExportName::IdentifierReference(name) => Some(name.name.as_str()),
        oxc_ast::ast::ModuleExportName::StringLiteral(_) => None,
    }
}

fn bound<'b>(pattern: &'b BindingPattern<'_>) -> Vec<Has<'b>> {
    match pattern {
        BindingPattern::BindingIdentifier(local) => {
            let symbol = local.symbol_id.get();
            let what = What::Whole;
            symbol
                .map(|symbol| Has { what, symbol })
                .into_iter()
                .collect()
        }
        BindingPattern::ObjectPattern(object) => {
            let had = object.properties.iter().filter_map(|property| {
                let oxc_ast::ast::PropertyKey::StaticIdentifier(key) = &property.key else {
                    return None;
                };
                let BindingPattern::BindingIdentifier(local) = &property.value else {
                    return None;
                };
                Some(Has {
                    what: What::Named(key.name.as_str()),
                    symbol: local.symbol_id.get()?,
                })
            });
            had.collect()
        }
        _ => Vec::new(),
    }
}

fn imports_values_of(declaration: &ImportDeclaration<'_>, module: &str) -> bool {
    declaration.import_kind == ImportOrExportKind::Value
        && declaration.phase.is_none()
        && is_same_module(&declaration.source.value, module)
}

/// The module that a declarator requires.
fn required_by<'b>(declarator: &'b VariableDeclarator<'_>) -> Option<&'b str> {
    match bare(declarator.init.as_ref()?) {
        Expression::CallExpression(call) => Some(call.common_js_require()?.value.as_str()),
        _ => None,
    }
}

/// The imports that a change wants, as its edits.
pub(super) fn render(change: &mut Change<'_, '_, '_>) {
    let wanted = std::mem::take(&mut change.imports);
    let mut modules: Vec<&str> = Vec::new();
    for one in &wanted {
        if !modules.contains(&one.module.as_str()) {
            modules.push(&one.module);
        }
    }
    let kind = module_kind(change.file);
    let mut statements = Vec::new();
    for module in modules {
        let names: Vec<&Wanted> = wanted.iter().filter(|one| one.module == module).collect();
        match extension(change.file, module, kind, &names) {
            Some(edit) => change.edits.push(edit),
            None => statements.push(statement(change, module, kind, &names)),
        }
    }
    if !statements.is_empty() {
        let edit = placed(change, kind, &statements);
        change.edits.push(edit);
    }
}

fn specifiers(kind: ModuleKind, names: &[&Wanted]) -> String {
    let one = |wanted: &&Wanted| match (kind, wanted.local == wanted.name) {
        (_, true) => wanted.name.clone(),
        (ModuleKind::Standard, false) => format!("{} as {}", wanted.name, wanted.local),
        (ModuleKind::CommonJs, false) => format!("{}: {}", wanted.name, wanted.local),
    };
    let all: Vec<String> = names.iter().map(one).collect();
    all.join(", ")
}

fn statement(
    change: &Change<'_, '_, '_>,
    module: &str,
    kind: ModuleKind,
    names: &[&Wanted],
) -> String {
    let specifiers = specifiers(kind, names);
    let module = change.string(module);
    match kind {
        ModuleKind::Standard => format!("import {{ {specifiers} }} from {module};"),
        ModuleKind::CommonJs => format!("const {{ {specifiers} }} = require({module});"),
    }
}

/// The names added to an import of the module that picks names already.
fn extension(
    file: &File<'_, '_>,
    module: &str,
    kind: ModuleKind,
    names: &[&Wanted],
) -> Option<Edit> {
    let body = &file.parsed.program().body;
    let leading = body.iter().take_while(|it| is_import(file, it));
    leading
        .into_iter()
        .find_map(|statement| match (kind, statement) {
            (ModuleKind::Standard, Statement::ImportDeclaration(declaration))
                if imports_values_of(declaration, module) =>
            {
                extended_import(declaration, &specifiers(kind, names))
            }
            (ModuleKind::CommonJs, Statement::VariableDeclaration(declaration)) => {
                extended_require(declaration, module, &specifiers(kind, names))
            }
            _ => None,
        })
}

fn extended_import(declaration: &ImportDeclaration<'_>, names: &str) -> Option<Edit> {
    let insert = |at: u32, text: String| Edit {
        start: at,
        end: at,
        text,
    };
    match declaration.specifiers.as_ref()?.last()? {
        ImportDeclarationSpecifier::ImportSpecifier(last) => {
            Some(insert(last.span.end, format!(", {names}")))
        }
        ImportDeclarationSpecifier::ImportDefaultSpecifier(last) => {
            Some(insert(last.span.end, format!(", {{ {names} }}")))
        }
        ImportDeclarationSpecifier::ImportNamespaceSpecifier(_) => None,
    }
}

fn extended_require(
    declaration: &VariableDeclaration<'_>,
    module: &str,
    names: &str,
) -> Option<Edit> {
    declaration.declarations.iter().find_map(|one| {
        let BindingPattern::ObjectPattern(object) = &one.id else {
            return None;
        };
        let is_it = required_by(one).is_some_and(|it| is_same_module(it, module));
        // With a rest element, names that are added are missing in the rest.
        let last = object
            .properties
            .last()
            .filter(|_| is_it && object.rest.is_none())?;
        Some(Edit {
            start: last.span.end,
            end: last.span.end,
            text: format!(", {names}"),
        })
    })
}

fn module_kind(file: &File<'_, '_>) -> ModuleKind {
    let program = file.parsed.program();
    let has_standard = program.body.iter().any(|statement| {
        matches!(
            statement,
            Statement::ImportDeclaration(_)
                | Statement::ExportDeclaration(_)
                | Statement::ExportNamedDeclaration(_)
                | Statement::ExportFromDeclaration(_)
                | Statement::ExportDefaultDeclaration(_)
                | Statement::ExportAllDeclaration(_)
        )
    });
    if has_standard {
        return ModuleKind::Standard;
    }
    let uses_common_js = file
        .parsed
        .semantic()
        .scoping()
        .root_unresolved_references()
        .keys()
        .any(|name| matches!(name.as_str(), "require" | "module" | "exports"));
    let path = file.parsed.text().path();
    let extension = path.rsplit('.').next().unwrap_or_default();
    match extension {
        "mjs" | "mts" => ModuleKind::Standard,
        "ts" | "tsx" if !uses_common_js => ModuleKind::Standard,
        _ => ModuleKind::CommonJs,
    }
}

/// Whether a statement belongs to the imports that a file begins with.
fn is_import(file: &File<'_, '_>, statement: &Statement<'_>) -> bool {
    match statement {
        Statement::ImportDeclaration(_) | Statement::TSImportEqualsDeclaration(_) => true,
        Statement::VariableDeclaration(declaration) => declaration.declarations.iter().all(|one| {
            one.init
                .as_ref()
                .is_some_and(|init| requires_only(file, init.span()))
        }),
        Statement::ExpressionStatement(statement) => match bare(&statement.expression) {
            Expression::CallExpression(call) => call.common_js_require().is_some(),
            _ => false,
        },
        _ => false,
    }
}

/// Whether code requires something, and calls nothing else but what it required.
fn requires_only(file: &File<'_, '_>, code: Span) -> bool {
    let mut requires = false;
    for (_, call) in file.calls_within(code) {
        let callee = file.slice(call.span);
        if !callee.starts_with("require(") {
            return false;
        }
        requires = true;
    }
    requires
}

/// New import statements after the last of those that the file begins with; without any, after its head.
fn placed(change: &Change<'_, '_, '_>, kind: ModuleKind, statements: &[String]) -> Edit {
    let file = change.file;
    let program = file.parsed.program();
    let last = program
        .body
        .iter()
        .take_while(|statement| is_import(file, statement))
        .filter(|statement| {
            kind == ModuleKind::CommonJs || !matches!(statement, Statement::VariableDeclaration(_))
        })
        .last()
        .map(|statement| statement.span().end)
        .or_else(|| {
            program
                .directives
                .last()
                .map(|directive| directive.span.end)
        });
    let layout = &change.layout;
    let Some(last) = last else {
        return at_the_head(change, statements);
    };
    let Some(end) = layout.end_of_code_line(last) else {
        let text = statements.join(" ");
        let own = &layout.text[..last as usize];
        let between = if own.ends_with(';') { " " } else { "; " };
        return Edit {
            start: last,
            end: last,
            text: format!("{between}{text}"),
        };
    };
    let rest = layout.text[end as usize..].trim_start();
    let lines = layout.statements(statements, "", rest);
    Edit {
        start: end,
        end,
        text: format!("{}{lines}", layout.next_line("")),
    }
}

/// Before the first statement and its comments, after the comments of the file as a whole.
fn at_the_head(change: &Change<'_, '_, '_>, statements: &[String]) -> Edit {
    let layout = &change.layout;
    let program = change.file.parsed.program();
    let hashbang = program.hashbang.as_ref().map(|hashbang| hashbang.span.end);
    let mut at = match hashbang {
        Some(end) => after_line(layout.text, end),
        None => 0,
    };
    let first = program
        .body
        .first()
        .map_or(u32::MAX, |first| first.span().start);
    for comment in program
        .comments
        .iter()
        .filter(|comment| comment.span.end <= first)
    {
        let rest = &layout.text[comment.span.end as usize..];
        let gap = &rest[..rest.len() - rest.trim_start().len()];
        // An empty line: the comment is not about what follows.
        if gap.matches('\n').count() > 1 {
            let lines = gap.rfind('\n').map_or(0, |newline| newline + 1);
            at = comment.span.end + lines as u32;
        }
    }
    let rest = &layout.text[at as usize..];
    let lines = layout.statements(statements, "", rest.trim_start());
    let line_end = layout.next_line("");
    let gap = if rest.starts_with(['\n', '\r']) {
        ""
    } else {
        line_end.as_str()
    };
    // A comment that ends the text has no line end yet.
    let before = if at > 0 && !layout.text[..at as usize].ends_with('\n') {
        line_end.as_str()
    } else {
        ""
    };
    Edit {
        start: at,
        end: at,
        text: format!("{before}{lines}{line_end}{gap}"),
    }
}

fn after_line(text: &str, offset: u32) -> u32 {
    let rest = &text[offset as usize..];
    offset + rest.find('\n').map_or(rest.len(), |newline| newline + 1) as u32
}

#[cfg(test)]
mod tests {
    use stanch_js_source::{SourceText, with_parsed};

    use crate::file::File;
    use crate::finding::Safety;
    use crate::fix::Change;
    use crate::fix::apply::edited;

    /// `use(stream.pipeline)` at the call of `here()`, in a file of that name.
    #[track_caller]
    fn check(path: &str, before: &str, after: &str) {
        let source = SourceText::new(path, before);
        let project = crate::project::Project::alone(&source, crate::options::Options::default());
        let fix = with_parsed(&source, |parsed| {
            assert_eq!(parsed.problems(), [], "{before}");
            let file = File::new(parsed, &project, crate::project::FileIndex(0));
            let here = file
                .calls()
                .iter()
                .find(|(_, call)| file.slice(call.span) == "here()");
            let (node, call) = *here?;
            let mut change = Change::of(&file);
            let name = change.import(node, "node:stream", "pipeline")?;
            change.replace(call.span, format!("use({name})"));
            change.done("Import", Safety::Safe)
        });
        let text = fix.map(|fix| edited(before, &fix.edits));
        assert_eq!(text.as_deref(), Some(after), "{before}");
    }

    #[test]
    fn what_is_there_is_used() {
        check(
            "a.mjs",
            "import { pipeline } from 'stream';\nhere();",
            "import { pipeline } from 'stream';\nuse(pipeline);",
        );
        check(
            "a.js",
            "const { pipeline: pump } = require('node:stream');\nhere();",
            "const { pipeline: pump } = require('node:stream');\nuse(pump);",
        );
        check(
            "a.js",
            "const stream = require('stream');\nhere();",
            "const stream = require('stream');\nuse(stream.pipeline);",
        );
        check(
            "a.ts",
            "import * as s from 'node:stream';\nhere();",
            "import * as s from 'node:stream';\nuse(s.pipeline);",
        );
    }

    #[test]
    fn an_import_of_the_module_gets_one_name_more() {
        check(
            "a.js",
            "import { Readable } from 'stream'\nhere()",
            "import { Readable, pipeline } from 'stream'\nuse(pipeline)",
        );
        check(
            "a.js",
            "const { Readable, } = require('stream');\nhere();",
            "const { Readable, pipeline, } = require('stream');\nuse(pipeline);",
        );
    }

    #[test]
    fn a_new_import_looks_like_the_others() {
        check(
            "a.js",
            "import a from \"a\"\nimport b from \"b\" // why\n\nhere()\n",
            "import a from \"a\"\nimport b from \"b\" // why\nimport { pipeline } from \"node:stream\"\n\nuse(pipeline)\n",
        );
        check(
            "a.js",
            "#!/usr/bin/env node\r\n'use strict';\r\n\r\nconst a = require('a');\r\nhere();\r\n",
            "#!/usr/bin/env node\r\n'use strict';\r\n\r\nconst a = require('a');\r\nconst { pipeline } = require('node:stream');\r\nuse(pipeline);\r\n",
        );
        check(
            "a.ts",
            "/* Licence */\n\n// Starts.\nhere();\n",
            "/* Licence */\n\nimport { pipeline } from 'node:stream';\n\n// Starts.\nuse(pipeline);\n",
        );
        check(
            "a.ts",
            "import type { Readable } from 'stream';\nhere();",
            "import type { Readable } from 'stream';\nimport { pipeline } from 'node:stream';\nuse(pipeline);",
        );
    }

    #[test]
    fn a_name_that_is_taken_is_left_alone() {
        check(
            "a.js",
            "const pipeline = [];\nhere();",
            "const { pipeline: pipeline2 } = require('node:stream');\n\nconst pipeline = [];\nuse(pipeline2);",
        );
        check(
            "a.mjs",
            "import { pipeline } from 'stream';\nfunction f(pipeline) { here(); }",
            "import { pipeline, pipeline as pipeline2 } from 'stream';\nfunction f(pipeline) { use(pipeline2); }",
        );
    }
}
