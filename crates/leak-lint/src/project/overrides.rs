//! Classes into the methods of base classes that their own stand for: who calls the one runs the other.

use stanch_js_source::Value;

use super::FileIndex;
use super::meaning::{DEEPEST, Meaning, Site};
use super::names::Key;
use super::view::View;

impl View<'_> {
    /// The methods of a file's classes that stand for those of what these extend, by those.
    pub(super) fn overrides(self, file: FileIndex) -> Vec<(Key, Key)> {
        let mut found = Vec::new();
        for shape in self.own(file).classes.values() {
            let Some(base) = &shape.extends else {
                continue;
            };
            let Some(base) = self.run_by_value(file, base) else {
                continue;
            };
            for (name, method) in &shape.members {
                let Value::Function(start) = *method else {
                    continue;
                };
                let of_base = self.member_of_class(base, name, |it| &it.members, DEEPEST);
                if let Some((_, Meaning::Function(overridden))) = of_base {
                    let own = Site { file, start };
                    found.push((self.key(overridden), self.key(own)));
                }
            }
        }
        found.sort_unstable();
        found
    }
}
