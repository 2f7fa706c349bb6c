//! Numbers of a module, and of its object literals, that may be the delay of a timer: other files name them.

use oxc_ast::ast::{Expression, ObjectExpression};
use oxc_semantic::NodeId;

use super::{Scan, Summary};

/// A minute, in milliseconds: nobody asks about what is shorter.
pub(crate) const LONG_MS: u64 = 60_000;

impl<'a> Scan<'_, 'a> {
    /// Notes those of a literal, where the module makes it while it is loaded.
    pub(super) fn long_times(
        &self,
        node: NodeId,
        literal: &ObjectExpression<'a>,
        summary: &mut Summary,
    ) {
        if self.place(node).is_some() {
            return;
        }
        let properties = literal.properties.iter();
        for property in properties.filter_map(|property| property.as_property()) {
            if let (Some(name), Some(time)) =
                (property.key.static_name(), self.long_time(&property.value))
            {
                let of = Some(literal.span.start);
                summary.long_times.insert((of, name.as_ref().into()), time);
            }
        }
    }

    pub(super) fn long_time(&self, value: &Expression<'a>) -> Option<u64> {
        let number = self.parsed.whole_number(value)?;
        (number >= LONG_MS).then_some(number)
    }
}
