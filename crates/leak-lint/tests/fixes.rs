//! Every source of the corpus into itself with all fixes: each of them keeps its promise, and a second pass changes nothing.

mod corpus;

use stanch_js_source::SourceText;
use stanch_leak_lint::{Fixed, Safety, fix_text, lint_with};

fn fixed(path: &str, text: &str, up_to: Safety) -> Fixed {
    let source = SourceText::new(path, text);
    fix_text(&source, |source| lint_with(source, |_| true), up_to)
}

#[test]
fn fixes_of_the_corpus_keep_their_promise() {
    let mut applied = 0;
    for (path, text) in corpus::sources() {
        for up_to in [Safety::Safe, Safety::Unsafe] {
            let fixed_once = fixed(&path, &text, up_to);
            assert_eq!(fixed_once.broken, [], "{path}\n{}", fixed_once.text);
            let again = fixed(&path, &fixed_once.text, up_to);
            assert_eq!(again.applied, [], "{path}\n{}", fixed_once.text);
            applied += fixed_once.applied.len();
        }
    }
    assert!(applied > 15, "{applied} fixes: the corpus was not found");
}
