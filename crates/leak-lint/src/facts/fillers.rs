//! Calls of the project's functions that put an entry into a container that they are given: `getOrCreate(rooms, id, make)`.

use oxc_ast::ast::Expression;
use oxc_semantic::NodeId;
use oxc_span::GetSpan;
use stanch_js_source::{Extent, HolderRef};

use crate::facts::holders::{Holder, Lifetime};
use crate::file::{File, argument};

/// A call that fills one of its arguments under another.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Filler<'a> {
    pub(crate) call: NodeId,
    pub(crate) extent: Extent,
    pub(crate) container: &'a Expression<'a>,
    pub(crate) key: &'a Expression<'a>,
}

impl<'a> Filler<'a> {
    /// Whether it is the container of this holder that is filled: other things may be called the same in other scopes.
    pub(crate) fn fills(&self, file: &File<'_, 'a>, holder: &Holder<'a>) -> bool {
        if file.written(self.container) != holder.written {
            return false;
        }
        let scoping = file.parsed.semantic().scoping();
        match (file.variable(self.container), &holder.reference) {
            (Some(variable), _) => {
                let is_of_the_module = scoping.symbol_scope_id(variable) == scoping.root_scope_id();
                let declared = file.extent(scoping.symbol_span(variable));
                declared.from == holder.declared.from
                    || is_of_the_module && holder.lifetime == Lifetime::Process
            }
            (None, HolderRef::Field { constructor, .. }) => {
                let class = file.parsed.class_around(self.call);
                let class = class.map(|class| file.extent(file.kind(class).span()).from);
                class == *constructor
            }
            _ => true,
        }
    }
}

/// All such calls of a file.
pub(crate) fn fillers<'a>(file: &File<'_, 'a>) -> Vec<Filler<'a>> {
    if !file.project.has_fillers() {
        return Vec::new();
    }
    let calls = file
        .calls()
        .iter()
        .filter(|(_, call)| call.arguments.len() > 1);
    calls
        .flat_map(|(node, call)| {
            let filled = file
                .project
                .fills(file.index, &file.parsed.value(&call.callee));
            filled.iter().filter_map(|(container, key)| {
                Some(Filler {
                    call: *node,
                    extent: file.extent(call.span),
                    container: argument(call, usize::try_from(*container).ok()?)?,
                    key: argument(call, usize::try_from(*key).ok()?)?,
                })
            })
        })
        .collect()
}
