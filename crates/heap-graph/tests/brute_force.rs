//! Thousands of random heaps, every number held against its definition.

mod definition;

use proptest::prelude::*;
use stanch_heap_graph::{HeapGraph, compare};

/// Bytes for a heap of a few nodes, most of it edges.
fn bytes(most: usize) -> impl Strategy<Value = Vec<u8>> {
    prop::collection::vec(any::<u8>(), 0..most)
}

fn built(bytes: &[u8], most: u32) -> Result<HeapGraph, TestCaseError> {
    let sketch = definition::draft::sketch(bytes, most);
    Ok(HeapGraph::build(sketch.snapshot()?)?)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(8192))]
    #[test]
    fn every_number_of_a_small_heap_is_the_defined_one(bytes in bytes(400)) {
        let graph = built(&bytes, 24)?;
        definition::check(&graph).map_err(TestCaseError::fail)?;
    }

    #[test]
    fn a_comparison_counts_what_is_in_one_heap_only(one in bytes(160), other in bytes(160)) {
        let (base, current) = (built(&one, 16)?, built(&other, 16)?);
        let changes = compare(&base, &current);
        definition::classes::check_changes(&base, &current, &changes)
            .map_err(TestCaseError::fail)?;
        prop_assert_eq!(compare(&base, &base), []);
    }
}

proptest! {
    // Slow to define: what matters here is that there are more nodes than fit a machine word.
    #![proptest_config(ProptestConfig::with_cases(48))]
    #[test]
    fn every_number_of_a_larger_heap_is_the_defined_one(bytes in bytes(12_000)) {
        let graph = built(&bytes, 700)?;
        definition::check(&graph).map_err(TestCaseError::fail)?;
    }
}
