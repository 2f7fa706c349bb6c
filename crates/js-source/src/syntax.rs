//! A text into the errors that Node would refuse it for, those that only scopes tell included.

use oxc_allocator::Allocator;
use oxc_semantic::SemanticBuilder;

use crate::parse::{Problem, parse_best, problem};
use crate::text::SourceText;

/// What is wrong with a text: what the parser cannot read, and early errors such as a name that is declared twice.
///
/// [`with_parsed`](crate::with_parsed) tells the former only, since questions about holders do not depend on the latter.
#[must_use]
pub fn syntax_errors(source: &SourceText) -> Vec<Problem> {
    let allocator = Allocator::default();
    let parsed = parse_best(&allocator, source);
    let checked = SemanticBuilder::new()
        .with_check_syntax_error(true)
        .build(&parsed.program);
    parsed
        .diagnostics
        .iter()
        .chain(checked.diagnostics.iter())
        .map(|diagnostic| {
            let label = diagnostic.labels.first();
            problem(source, &diagnostic.message, label.map(|label| label.span()))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::syntax_errors;
    use crate::text::SourceText;

    fn check(text: &str, errors: usize) {
        let found = syntax_errors(&SourceText::new("a.js", text));
        assert_eq!(found.len(), errors, "{text}: {found:?}");
    }

    #[test]
    fn names_that_are_declared_twice_are_errors() {
        check("const a = 1; f(a);", 0);
        check("const a = 1; const a = 2;", 1);
        check("import { a } from 'a'; import { a } from 'b';", 1);
        check("const = 1;", 1);
    }
}
