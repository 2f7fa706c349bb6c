//! `f(x)` into `f(((x) as any))`, and `a.b` into `a!.b`.

use oxc_ast::AstKind;
use stanch_js_source::{SourceText, with_parsed};

use super::{Rewrite, values};

pub(crate) fn cast(source: &SourceText) -> Option<SourceText> {
    let mut rewrite = Rewrite::new();
    let has_markup = with_parsed(source, |parsed| {
        for span in values::values(parsed) {
            rewrite.around(span, "((", ") as any)");
        }
        for span in values::objects(parsed) {
            rewrite.insert(span.end, "!");
        }
        let nodes = parsed.semantic().nodes();
        nodes
            .iter()
            .any(|node| matches!(node.kind(), AstKind::JSXElement(_)))
    });
    // The same file in TypeScript.
    let stem = source.path().rsplit_once('.')?.0;
    let extension = if has_markup { "tsx" } else { "ts" };
    rewrite.done(source, &format!("{stem}.{extension}"))
}
