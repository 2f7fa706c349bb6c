//! A sampling profile into the calls of the service's own code that allocate what stays.

use std::collections::BTreeMap;

use anyhow::Result;
use stanch_diagnosis::Allocation;
use stanch_heap_growth::Origin;
use stanch_inspector::{AllocationNode, CallFrame, Session};

/// Ends sampling and adds every allocation to the nearest of the service's own functions on its stack.
pub(crate) async fn own_allocations(session: &Session) -> Result<Vec<Allocation>> {
    let profile = session.stop_sampling().await?;
    let mut sums = BTreeMap::new();
    add(&profile.root, None, &mut sums);
    let sums = sums.into_iter();
    Ok(sums
        .map(|(Call { function, called }, bytes)| Allocation {
            url: function.0,
            line: function.1,
            column: function.2,
            function: function.3,
            called,
            bytes,
        })
        .collect())
}

/// URL, line, column and name.
type Function = (String, u32, u32, String);

/// The nearest of the service's own functions on a stack, and the function of Node's that it had called.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Call {
    function: Function,
    called: Option<String>,
}

fn add(node: &AllocationNode, above: Option<&Call>, sums: &mut BTreeMap<Call, u64>) {
    let here = match (own_function(&node.frame), above) {
        (Some(function), _) => Some(Call {
            function,
            called: None,
        }),
        (None, Some(call)) if call.called.is_none() && is_runtime(&node.frame) => Some(Call {
            called: Some(node.frame.function.clone()),
            ..call.clone()
        }),
        (None, above) => above.cloned(),
    };
    if let Some(call) = here.as_ref().filter(|_| node.self_size > 0) {
        *sums.entry(call.clone()).or_default() += node.self_size;
    }
    for child in &node.children {
        add(child, here.as_ref(), sums);
    }
}

fn is_runtime(frame: &CallFrame) -> bool {
    frame.url.starts_with("node:")
}

fn own_function(frame: &CallFrame) -> Option<Function> {
    (Origin::of_url(&frame.url) == Origin::User).then(|| {
        (
            frame.url.clone(),
            frame.line.unwrap_or(0),
            frame.column.unwrap_or(0),
            frame.function.clone(),
        )
    })
}
