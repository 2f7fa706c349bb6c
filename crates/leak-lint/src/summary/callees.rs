//! What a file calls: each value once, however many calls there are of it.

use std::cell::RefCell;
use std::rc::Rc;

use oxc_ast::ast::Expression;
use oxc_semantic::SymbolId;
use oxc_span::{GetSpan, Span};
use rustc_hash::FxHashMap;
use stanch_js_source::{ParsedSource, Value};

/// A value that is called, by its place in the file's list of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Callee(pub(crate) u32);

/// The values that a file calls, while they are gathered.
#[derive(Debug, Default)]
pub(super) struct Callees<'a>(RefCell<Gathered<'a>>);

#[derive(Debug, Default)]
struct Gathered<'a> {
    all: Vec<Rc<Value>>,
    by_value: FxHashMap<Rc<Value>, Callee>,
    /// By the variable and the names behind it.
    by_names: FxHashMap<(Option<SymbolId>, &'a str), (Callee, Rc<Value>)>,
    /// What was asked for last, by its place: whoever looks at a call asks for it.
    last: Option<(Span, Callee, Rc<Value>)>,
}

impl<'a> Callees<'a> {
    /// What an expression calls.
    pub(super) fn of(
        &self,
        parsed: &ParsedSource<'a>,
        callee: &Expression<'a>,
    ) -> (Callee, Rc<Value>) {
        let mut gathered = self.0.borrow_mut();
        let span = callee.span();
        if let Some((place, callee, value)) = &gathered.last
            && *place == span
        {
            return (*callee, value.clone());
        }
        let (callee, value) = gathered.named(parsed, callee);
        gathered.last = Some((span, callee, value.clone()));
        (callee, value)
    }

    /// A value that is called.
    pub(super) fn add(&self, value: Value) -> Callee {
        self.0.borrow_mut().add(value).0
    }

    /// All of them, in the order of their places.
    pub(super) fn all(self) -> Vec<Value> {
        let Gathered {
            all,
            by_value,
            by_names,
            ..
        } = self.0.into_inner();
        drop((by_value, by_names));
        all.into_iter().map(Rc::unwrap_or_clone).collect()
    }
}

impl<'a> Gathered<'a> {
    fn named(&mut self, parsed: &ParsedSource<'a>, callee: &Expression<'a>) -> (Callee, Rc<Value>) {
        let names = parsed.names(callee);
        if let Some(known) = names.and_then(|names| self.by_names.get(&names)) {
            return known.clone();
        }
        let added = self.add(parsed.value(callee));
        if let Some(names) = names {
            self.by_names.insert(names, added.clone());
        }
        added
    }

    fn add(&mut self, value: Value) -> (Callee, Rc<Value>) {
        if let Some((known, callee)) = self.by_value.get_key_value(&value) {
            return (*callee, known.clone());
        }
        let callee = Callee(u32::try_from(self.all.len()).unwrap_or(u32::MAX));
        let value = Rc::new(value);
        self.all.push(value.clone());
        self.by_value.insert(value.clone(), callee);
        (callee, value)
    }
}
