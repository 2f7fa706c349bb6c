//! A sampling profile into the functions of the service's own code that allocate what stays.

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
    Ok(sums
        .into_iter()
        .map(|((url, line, column, function), bytes)| Allocation {
            url,
            line,
            column,
            function,
            bytes,
        })
        .collect())
}

type Function = (String, u32, u32, String);

fn add(node: &AllocationNode, caller: Option<&Function>, sums: &mut BTreeMap<Function, u64>) {
    let own = own_function(&node.frame);
    let nearest = own.as_ref().or(caller);
    if let Some(function) = nearest
        && node.self_size > 0
    {
        *sums.entry(function.clone()).or_default() += node.self_size;
    }
    for child in &node.children {
        add(child, nearest, sums);
    }
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
