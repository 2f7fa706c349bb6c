//! `f(x)` into `f((x))`.

use stanch_js_source::{SourceText, with_parsed};

use super::{Rewrite, values};

pub(crate) fn parenthesised(source: &SourceText) -> Option<SourceText> {
    let mut rewrite = Rewrite::new();
    with_parsed(source, |parsed| {
        let spans = values::values(parsed);
        for span in spans.into_iter().chain(values::objects(parsed)) {
            rewrite.around(span, "(", ")");
        }
    });
    rewrite.done(source, source.path())
}
