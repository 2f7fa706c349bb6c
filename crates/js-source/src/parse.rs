//! A source text into a syntax tree with scopes, whatever dialect it turns out to be.

use std::cell::{Cell, RefCell};

use oxc_allocator::Allocator;
use oxc_ast::AstType;
use oxc_ast::ast::{Expression, FormalParameters, Program};
use oxc_parser::{ParseOptions, Parser, ParserReturn};
use oxc_semantic::{AstNode, NodeId, Semantic, SemanticBuilder, SymbolId};
use oxc_span::{SourceType, Span};
use self_cell::self_cell;

use crate::import::ImportedName;
use crate::owner::Owner;
use crate::text::{Extent, SourceText};
use crate::tree::Tree;

/// Something the parser could not read; the rest of the tree stays usable.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// What is wrong, in the parser's words.
    pub message: String,
    /// Where, if the parser knows.
    pub extent: Option<Extent>,
}

/// A parsed script: the syntax tree, its scopes, and the questions one can ask about holders.
///
/// It borrows from an arena that lives as long as the call of [`with_parsed`]; every answer is
/// owned data that may leave it.
pub struct ParsedSource<'a> {
    pub(crate) tree: Tree<'a>,
    problems: Vec<Problem>,
}

/// Parses the text and hands the tree to `ask`. Questions about one text mostly come in a row, or alternate with those about
/// a few others: a thread keeps the trees that it asked last.
///
/// The path's extension decides the dialect. A `.js` file (or one with no known extension) is read
/// as a module when it has import or export, else as a script; when that fails as the other, and
/// at last as TypeScript. The reading with the fewest problems wins; text that no dialect can
/// read gives an empty tree with the problems, never an error.
pub fn with_parsed<T>(source: &SourceText, ask: impl FnOnce(&ParsedSource<'_>) -> T) -> T {
    let kept = kept(source).unwrap_or_else(|| {
        let ground = Ground {
            source: source.clone(),
            allocator: SPARE.take().unwrap_or_default(),
        };
        Kept::new(ground, parsed)
    });
    let answer = kept.with_dependent(|_, parsed| ask(parsed));
    keep(kept);
    answer
}

/// Lets go of the trees that this thread keeps: for whoever is done with one file of many.
pub fn forget_trees() {
    LAST.take().into_iter().for_each(let_go);
}

/// Memory of an arena that is kept for the next text: what the trees of most files take. Asking the system for it again costs
/// as much as half of the parsing.
const KEPT_ARENA: usize = 16 << 20;

thread_local! {
    static SPARE: Cell<Option<Allocator>> = const { Cell::new(None) };
}

fn let_go(kept: Kept) {
    let mut arena = kept.into_owner().allocator;
    if arena.capacity() <= KEPT_ARENA {
        arena.reset();
        SPARE.set(Some(arena));
    }
}

/// Bytes of text whose trees are kept: one large bundle with the scripts around it. A tree takes some eleven times as much
/// memory as its text.
const KEPT_BYTES: usize = 16 << 20;
/// Trees kept; looking for one among more would cost more than it saves.
const KEPT_TREES: usize = 64;

thread_local! {
    /// The trees asked last, the latest at the end.
    static LAST: RefCell<Vec<Kept>> = const { RefCell::new(Vec::new()) };
}

/// The tree of a text that was asked not long ago. Whoever asks has it for itself: questions inside the answer of another
/// one about the same text parse it once more.
fn kept(source: &SourceText) -> Option<Kept> {
    LAST.with_borrow_mut(|last| {
        let at = last
            .iter()
            .rposition(|kept| kept.borrow_owner().source.is(source))?;
        Some(last.remove(at))
    })
}

/// Keeps a tree, and lets go of those that were not asked for longest when there are too many. The latest stays, however large it is.
fn keep(kept: Kept) {
    let dropped: Vec<Kept> = LAST.with_borrow_mut(|last| {
        last.push(kept);
        let mut bytes = 0;
        let fits = |kept: &&Kept| {
            bytes += kept.borrow_owner().source.text().len();
            bytes <= KEPT_BYTES
        };
        let fitting = last.iter().rev().take(KEPT_TREES).take_while(fits).count();
        last.drain(..last.len() - fitting.max(1)).collect()
    });
    dropped.into_iter().for_each(let_go);
}

/// What a tree borrows from.
struct Ground {
    source: SourceText,
    allocator: Allocator,
}

self_cell!(
    struct Kept {
        owner: Ground,
        #[not_covariant]
        dependent: ParsedSource,
    }
);

fn parsed(ground: &Ground) -> ParsedSource<'_> {
    let Ground { source, allocator } = ground;
    let parsed = parse_best(allocator, source);
    let program = &*allocator.alloc(parsed.program);
    let mut builder = SemanticBuilder::new().with_build_nodes(true);
    // Counting what there will be takes a walk of its own, which one look at a text is enough for.
    if let Some(stats) = source.stats() {
        builder = builder.with_stats(stats);
    }
    let semantic = builder.build(program);
    source.remember(semantic.semantic.stats());
    let problems = parsed
        .diagnostics
        .iter()
        .map(|diagnostic| {
            let label = diagnostic.labels.first();
            problem(source, &diagnostic.message, label.map(|label| label.span()))
        })
        .collect();
    ParsedSource {
        tree: Tree::new(source, program, semantic.semantic),
        problems,
    }
}

/// What the parser reports, with its place.
pub(crate) fn problem(source: &SourceText, message: &str, place: Option<Span>) -> Problem {
    Problem {
        message: message.to_owned(),
        extent: place.map(|span| source.extent(span.start, span.end)),
    }
}

impl<'a> ParsedSource<'a> {
    /// The text it was parsed from.
    pub fn text(&self) -> &'a SourceText {
        self.tree.source
    }

    /// The syntax tree.
    pub fn program(&self) -> &'a Program<'a> {
        self.tree.program
    }

    /// Scopes, symbols, references, and the parent of each node.
    pub fn semantic(&self) -> &Semantic<'a> {
        &self.tree.semantic
    }

    /// All nodes of these kinds, in the order of the tree: that of the text, but for decorators, which come after what they
    /// decorate. It costs as much as there are such nodes, be the text as long as it may.
    pub fn nodes_of<const N: usize>(
        &self,
        kinds: [AstType; N],
    ) -> impl Iterator<Item = &AstNode<'a>> {
        self.tree.nodes_of(kinds)
    }

    /// The innermost function around a node, itself excluded; `None` at module level.
    pub fn function_around(&self, node: NodeId) -> Option<NodeId> {
        self.tree.function_around(node)
    }

    /// The innermost class around a node, itself excluded.
    pub fn class_around(&self, node: NodeId) -> Option<NodeId> {
        self.tree.class_around(node)
    }

    /// The class or constructor function of whose instances the `this` at a node is one.
    pub fn instance_owner(&self, node: NodeId) -> Option<NodeId> {
        match self.tree.owner_at(node)? {
            Owner::Instance(owner) => Some(owner),
            Owner::Class(_) | Owner::Object(_) => None,
        }
    }

    /// The parameters of a function; `None` where the node is not one.
    pub fn parameters(&self, function: NodeId) -> Option<&'a FormalParameters<'a>> {
        self.tree.parameters(function)
    }

    /// The variable that an expression names.
    pub fn variable_of(&self, expression: &Expression<'a>) -> Option<SymbolId> {
        self.tree.symbol_of(expression)
    }

    /// The function or class that an expression is or names, bound ones included.
    pub fn callable_of(&self, expression: &Expression<'a>) -> Option<NodeId> {
        self.tree.callable(expression)
    }

    /// The function that a callee names, methods of the file's own classes and objects included: `f`, `this.m`, `api.m`.
    pub fn callee_of(&self, callee: &Expression<'a>) -> Option<NodeId> {
        self.tree.callee_node(callee)
    }

    /// The module and the export that an expression names: `fs.open`, `require('x').y`, an imported name.
    pub fn import_of(&self, expression: &Expression<'a>) -> Option<(String, ImportedName)> {
        self.tree.import_of(expression)
    }

    /// The calls of the file that run a function, in the order of the text.
    pub fn calls_of(&self, function: NodeId) -> &[NodeId] {
        self.tree.calls_of(function)
    }

    /// The value of an expression that is a whole number, constants and sums of them included.
    pub fn whole_number(&self, expression: &Expression<'a>) -> Option<u64> {
        self.tree.whole_number(expression)
    }

    /// What could not be parsed; empty for a sound text.
    pub fn problems(&self) -> &[Problem] {
        &self.problems
    }
}

pub(crate) fn parse_best<'a>(allocator: &'a Allocator, source: &'a SourceText) -> ParserReturn<'a> {
    let mut best: Option<ParserReturn<'a>> = None;
    for dialect in dialects(source.path()) {
        let parsed = Parser::new(allocator, source.text(), dialect)
            .with_options(ParseOptions {
                allow_return_outside_function: true,
                ..ParseOptions::default()
            })
            .parse();
        if parsed.diagnostics.is_empty() {
            return parsed;
        }
        let better = best
            .as_ref()
            .is_none_or(|best| badness(&parsed) < badness(best));
        if better {
            best = Some(parsed);
        }
    }
    match best {
        Some(parsed) => parsed,
        None => Parser::new(allocator, source.text(), SourceType::mjs()).parse(),
    }
}

fn badness(parsed: &ParserReturn<'_>) -> (bool, usize) {
    (parsed.panicked, parsed.diagnostics.len())
}

fn dialects(path: &str) -> Vec<SourceType> {
    let path = path.split(['?', '#']).next().unwrap_or_default();
    match SourceType::from_path(path) {
        Ok(known) if known.is_typescript() => {
            vec![known, known.with_script(true), SourceType::tsx()]
        }
        Ok(known) if path.ends_with(".mjs") => vec![known.with_jsx(true), SourceType::script()],
        Ok(known) if path.ends_with(".cjs") => vec![known, SourceType::script()],
        _ => vec![
            SourceType::unambiguous().with_jsx(true),
            SourceType::mjs().with_jsx(true),
            SourceType::cjs(),
            SourceType::ts(),
            SourceType::tsx(),
        ],
    }
}

#[cfg(test)]
mod tests {
    use super::{KEPT_BYTES, kept, with_parsed};
    use crate::text::SourceText;

    fn ask(source: &SourceText) {
        with_parsed(source, |parsed| assert!(parsed.problems().is_empty()));
    }

    #[test]
    fn trees_are_kept_until_there_are_too_many() {
        let small = SourceText::new("small.js", "a();");
        let large = SourceText::new("large.js", " ".repeat(KEPT_BYTES * 2 / 3));
        let larger = SourceText::new("larger.js", " ".repeat(KEPT_BYTES + 1));
        ask(&small);
        ask(&large);
        assert!(kept(&small).is_some(), "a question about another text");
        ask(&small);
        assert!(kept(&large).is_some(), "a question about another text");
        ask(&large);
        ask(&SourceText::new("large.js", " ".repeat(KEPT_BYTES * 2 / 3)));
        assert!(kept(&large).is_none(), "two large ones are too much");
        ask(&larger);
        assert!(kept(&larger).is_some(), "the latest stays");
    }
}
