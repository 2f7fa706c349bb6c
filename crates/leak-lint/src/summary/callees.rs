//! What a file calls: each value once, however many calls there are of it.

use std::cell::RefCell;
use std::rc::Rc;

use oxc_span::Span;
use rustc_hash::FxHashMap;
use stanch_js_source::Value;

/// A value that is called, by its place in the file's list of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Callee(pub(crate) u32);

/// Where a file's callees are written.
#[derive(Debug, Clone, Default)]
pub(crate) struct Written(Box<[(Span, Callee)]>);

impl Written {
    /// What is called by the name at this place; none if nothing is.
    pub(crate) fn at(&self, place: Span) -> Option<Callee> {
        let found = self.0.binary_search_by_key(&place, |(place, _)| *place);
        found.ok().map(|at| self.0[at].1)
    }
}

/// The values that a file calls, while they are gathered.
#[derive(Debug, Default)]
pub(super) struct Callees(RefCell<Gathered>);

#[derive(Debug, Default)]
struct Gathered {
    all: Vec<Rc<Value>>,
    by_value: FxHashMap<Rc<Value>, Callee>,
    by_place: FxHashMap<Span, Callee>,
}

impl Callees {
    /// What the expression at this place calls, if that is the value it stands for.
    pub(super) fn of(&self, place: Span, value: impl FnOnce() -> Rc<Value>) -> (Callee, Rc<Value>) {
        let gathered = self.0.borrow();
        if let Some(known) = gathered.by_place.get(&place) {
            return (*known, gathered.all[known.0 as usize].clone());
        }
        drop(gathered);
        let value = value();
        let callee = self.add(value.clone());
        self.0.borrow_mut().by_place.insert(place, callee);
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

    /// All of them, and where they are written.
    pub(super) fn all(self) -> (Vec<Value>, Written) {
        let Gathered {
            all,
            by_value,
            by_place,
        } = self.0.into_inner();
        drop(by_value);
        let mut written: Vec<(Span, Callee)> = by_place.into_iter().collect();
        written.sort_unstable_by_key(|(place, _)| *place);
        let all = all.into_iter().map(Rc::unwrap_or_clone).collect();
        (all, Written(written.into()))
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
        let (called, written) = callees.all();
        assert_eq!(called, all);
        let at = |start, end| written.at(Span::new(start, end));
        assert_eq!([at(2, 3), at(4, 5)], [Some(Callee(1)), Some(Callee(0))]);
        assert_eq!([at(2, 4), at(3, 3)], [None, None]);
    }
}
