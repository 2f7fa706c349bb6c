//! The place of a value in a block's scope into the name of its variable.

use oxc_ast::AstKind;
use oxc_semantic::{ScopeId, SymbolId};

use crate::holder::HolderRef;
use crate::initializer::Initializer;
use crate::parse::ParsedSource;
use crate::text::Position;
use crate::tree::is_function;

/// A value that a heap snapshot shows in the context of a block.
///
/// V8 writes the names of the variables of functions and modules. Those of a block (`if (isMainThread) { … }`, a loop, a
/// `try`) it leaves out, but their values come in the order of their declaration.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BlockValue<'a> {
    /// The value's class, such as `Map`.
    pub class: &'a str,
    /// How many values of that class come before it.
    pub nth: usize,
    /// How many values of that class the block has.
    pub of: usize,
}

impl ParsedSource<'_> {
    /// The variable that has the value, in the innermost block around the function at V8's position that has one such
    /// variable, or as many as there are values. `None` when the initial values do not tell.
    pub fn block_variable(&self, seen_by: Position, value: BlockValue<'_>) -> Option<String> {
        let tree = &self.tree;
        let function = tree.function_node_at(seen_by)?;
        let around = tree
            .nodes()
            .get_node(tree.nodes().parent_id(function))
            .scope_id();
        let blocks = tree
            .scoping()
            .scope_ancestors(around)
            .filter(|scope| self.is_block(*scope));
        blocks
            .into_iter()
            .find_map(|block| self.variable_with(block, value, seen_by))
    }

    fn is_block(&self, scope: ScopeId) -> bool {
        let kind = self.tree.kind(self.tree.scoping().get_node_id(scope));
        !is_function(kind) && !matches!(kind, AstKind::Program(_) | AstKind::Class(_))
    }

    fn variable_with(
        &self,
        block: ScopeId,
        value: BlockValue<'_>,
        inside: Position,
    ) -> Option<String> {
        let scoping = self.tree.scoping();
        let mut kept: Vec<SymbolId> = scoping
            .iter_bindings_in(block)
            .filter(|symbol| self.tree.is_captured(*symbol))
            .collect();
        kept.sort_by_key(|symbol| scoping.symbol_span(*symbol).start);
        let names = kept
            .into_iter()
            .map(|symbol| scoping.symbol_name(symbol).to_owned());
        let (mut certain, mut possible) = (Vec::new(), Vec::new());
        for name in names {
            let holder = HolderRef::Variable {
                name: name.clone(),
                inside: Some(inside),
            };
            let initializer = self
                .declaration(&holder)
                .map(|declaration| declaration.initializer);
            match initializer.map_or(Fit::Possible, |initializer| fit(&initializer, value.class)) {
                Fit::Certain => certain.push(name),
                Fit::Possible => possible.push(name),
                Fit::No => {}
            }
        }
        if certain.len() == value.of {
            return certain.into_iter().nth(value.nth);
        }
        match (certain.as_slice(), possible.as_slice()) {
            ([only], _) | ([], [only]) if value.of == 1 => Some(only.clone()),
            _ => None,
        }
    }
}

enum Fit {
    Certain,
    Possible,
    No,
}

/// Whether a variable with this first value can have one of that class.
fn fit(initializer: &Initializer, class: &str) -> Fit {
    let is = |name: &str| if class == name { Fit::Certain } else { Fit::No };
    match initializer {
        Initializer::Map => is("Map"),
        Initializer::Set => is("Set"),
        Initializer::WeakMap => is("WeakMap"),
        Initializer::WeakSet => is("WeakSet"),
        Initializer::Array => is("Array"),
        Initializer::Object => is("Object"),
        Initializer::EventEmitter => is("EventEmitter"),
        Initializer::New { class: written, .. } => {
            is(written.rsplit('.').next().unwrap_or(written))
        }
        Initializer::Code | Initializer::Primitive | Initializer::Import { .. } => Fit::No,
        Initializer::Bounded { .. }
        | Initializer::Call { .. }
        | Initializer::Nothing
        | Initializer::Parameter
        | Initializer::Other => Fit::Possible,
    }
}

#[cfg(test)]
mod tests {
    use super::BlockValue;
    use crate::{Position, SourceText, with_parsed};

    /// The name of the block's `nth` value `of` this class, as the function whose parameter list is marked sees it.
    fn check(text: &str, (class, nth, of): (&str, usize, usize), expected: Option<&str>) {
        let at = text.find('|').unwrap_or(0);
        let line = text[..at].matches('\n').count();
        let column = at - text[..at].rfind('\n').map_or(0, |newline| newline + 1);
        let source = SourceText::new("app.js", text.replacen('|', "", 1));
        let position = Position::new(
            u32::try_from(line).unwrap_or(0),
            u32::try_from(column).unwrap_or(0),
        );
        let name = with_parsed(&source, |parsed| {
            parsed.block_variable(position, BlockValue { class, nth, of })
        });
        assert_eq!(name.as_deref(), expected, "{text}");
    }

    #[test]
    fn values_of_a_block_have_names_in_the_source() {
        let block = "if (primary) { f(); } else {\n const seen = new Set(), m = new Map(), n = new Map();\n let count = 0;\n serve(|() => { seen.add(1); m.set(1); n.set(count); });\n}";
        check(block, ("Set", 0, 1), Some("seen"));
        check(block, ("Map", 0, 2), Some("m"));
        check(block, ("Map", 1, 2), Some("n"));
        check(block, ("Map", 0, 1), None);
        check(block, ("Array", 0, 1), None);
    }

    #[test]
    fn only_what_functions_use_is_in_the_scope() {
        check(
            "try { const kept = [], local = []; local.push(1); on(|() => kept.push(1)); } catch {}",
            ("Array", 0, 1),
            Some("kept"),
        );
        check(
            "try { const made = create(); on(function |() { made.push(1); }); } catch {}",
            ("Array", 0, 1),
            Some("made"),
        );
    }
}
