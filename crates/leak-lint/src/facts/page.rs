//! A file into whether it is code of a page in a browser, with which everything goes that it keeps.

use oxc_ast::AstKind;
use oxc_semantic::NodeId;
use oxc_syntax::operator::UnaryOperator;

use crate::file::{File, method};

/// Objects that only pages have; Node has neither.
const OF_PAGES: &[&str] = &["window", "document"];
/// Methods of puppeteer and playwright that hand a function to a page.
const IN_ANOTHER_PAGE: &[&str] = &[
    "evaluate",
    "evaluateHandle",
    "evaluateOnNewDocument",
    "evaluateAll",
    "addInitScript",
    "waitForFunction",
    "$eval",
    "$$eval",
];

pub(crate) fn is_of_a_page(file: &File<'_, '_>) -> bool {
    let directives = &file.parsed.program().directives;
    let is_client = directives
        .iter()
        .any(|directive| directive.directive == "use client");
    is_client || uses_what_pages_have(file)
}

/// Whether it uses what pages have, without a question first: code that asks runs in both places.
fn uses_what_pages_have(file: &File<'_, '_>) -> bool {
    let scoping = file.parsed.semantic().scoping();
    let unresolved = scoping.root_unresolved_references();
    OF_PAGES.iter().any(|name| {
        let references = unresolved.get(*name).into_iter().flatten();
        let nodes = references.map(|reference| scoping.get_reference(*reference).node_id());
        let mut own = nodes
            .filter(|node| !runs_in_another_page(file, *node))
            .peekable();
        own.peek().is_some() && !own.any(|node| is_asked_for(file, node))
    })
}

/// `typeof window`
fn is_asked_for(file: &File<'_, '_>, node: NodeId) -> bool {
    matches!(file.kind(file.parent(node)), AstKind::UnaryExpression(asked)
        if asked.operator == UnaryOperator::Typeof)
}

/// Whether a browser that the program drives runs the code at a node: `page.evaluate(() => document.title)`.
fn runs_in_another_page(file: &File<'_, '_>, node: NodeId) -> bool {
    file.nodes()
        .ancestor_kinds(node)
        .any(|around| match around {
            AstKind::CallExpression(call) => {
                method(call).is_some_and(|(_, name)| IN_ANOTHER_PAGE.contains(&name))
            }
            _ => false,
        })
}

#[cfg(test)]
mod tests {
    use stanch_js_source::{SourceText, with_parsed};

    use super::is_of_a_page;
    use crate::file::File;
    use crate::options::Options;
    use crate::project::{FileIndex, Project};

    #[track_caller]
    fn check(text: &str, expected: bool) {
        let source = SourceText::new("a.js", text);
        let project = Project::alone(&source, Options::default());
        let found = with_parsed(&source, |parsed| {
            is_of_a_page(&File::new(parsed, &project, FileIndex(0)))
        });
        assert_eq!(found, expected, "{text}");
    }

    #[test]
    fn what_only_pages_have() {
        check("'use client';\nexport const f = () => 1;", true);
        check("window.open('/');", true);
        check("export const at = () => document.title;", true);
        check(
            "export const write = (window, { document }) => window.close(document);",
            false,
        );
        check(
            "if (typeof window !== 'undefined') window.open('/');",
            false,
        );
        check("export const at = () => page.document.title;", false);
        check(
            "const read = (page) => page.evaluate(() => document.title);",
            false,
        );
    }
}
