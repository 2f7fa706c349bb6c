//! What a file calls: each value once, however many calls there are of it.

use std::cell::RefCell;
use std::rc::Rc;

use oxc_span::Span;
use rustc_hash::FxHashMap;
use stanch_js_source::Value;

/// A value that is called, by its place in the file's list of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Callee(pub(crate) u32);

/// The values that a file calls, while they are gathered.
#[derive(Debug, Default)]
pub(super) struct Callees(RefCell<Gathered>);

#[derive(Debug, Default)]
struct Gathered {
    all: Vec<Rc<Value>>,
    by_value: FxHashMap<Rc<Value>, Callee>,
    /// What was asked for last, by its place: whoever looks at a call asks for it.
    last: Option<(Span, Callee, Rc<Value>)>,
}

impl Callees {
    /// What the expression at this place calls, if that is the value it stands for.
    pub(super) fn of(&self, place: Span, value: impl FnOnce() -> Rc<Value>) -> (Callee, Rc<Value>) {
        if let Some((last, callee, value)) = &self.0.borrow().last
            && *last == place
        {
            return (*callee, value.clone());
        }
        let value = value();
        let callee = self.add(value.clone());
        self.0.borrow_mut().last = Some((place, callee, value.clone()));
        (callee, value)
    }

    /// A value that is called.
    pub(super) fn add(&self, value: Rc<Value>) -> Callee {
        let Gathered { all, by_value, .. } = &mut *self.0.borrow_mut();
        *by_value.entry(value).or_insert_with_key(|value| {
            let callee = Callee(u32::try_from(all.len()).unwrap_or(u32::MAX));
            all.push(value.clone());
            callee
        })
    }

    /// All of them, in the order of their places.
    pub(super) fn all(self) -> Vec<Value> {
        let Gathered {
            all,
            by_value,
            last,
        } = self.0.into_inner();
        drop((by_value, last));
        all.into_iter().map(Rc::unwrap_or_clone).collect()
    }
}

#[cfg(test)]
mod tests {
    use std::rc::Rc;

    use oxc_span::Span;
    use stanch_js_source::Value;

    use super::{Callee, Callees};

    #[test]
    fn what_is_called_twice_is_kept_once() {
        let callees = Callees::default();
        let global = |name: &str| Rc::new(Value::Global(name.into()));
        let of = |at: u32, name: &str| callees.of(Span::new(at, at + 1), || global(name)).0;
        assert_eq!([of(0, "a"), of(2, "b"), of(4, "a")], [0, 1, 0].map(Callee));
        assert_eq!(of(4, "not asked"), Callee(0), "the same place again");
        assert_eq!(callees.add(global("b")), Callee(1));
        let all = ["a", "b"].map(|name| Value::Global(name.into()));
        assert_eq!(callees.all(), all);
    }
}
