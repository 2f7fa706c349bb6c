//! Calls of the project's functions that put an entry into a container that they are given: `getOrCreate(rooms, id, make)`.

use oxc_ast::ast::Expression;
use oxc_semantic::NodeId;
use stanch_js_source::Extent;

use crate::file::{File, argument};

/// A call that fills one of its arguments under another.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Filler<'a> {
    pub(crate) call: NodeId,
    pub(crate) extent: Extent,
    pub(crate) container: &'a Expression<'a>,
    pub(crate) key: &'a Expression<'a>,
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
