//! All rules, one to a file, in the order of the patterns.

mod abort_listener;
mod accumulating_listener;
mod floating_pipeline;
mod growing_module_array;
mod ineffective_listener_removal;
mod large_closure_capture;
mod listener_on_reused_socket;
mod process_listener_in_function;
mod race_with_long_lived_promise;
mod retained_request;
mod unbounded_cache;
mod uncapped_memoize;
mod uncleared_interval;
mod uncleared_race_timer;
mod undestroyed_stream;
mod unguarded_pipe;
mod unreleased_pending;
mod unsettleable_promise;
mod weak_keyed_cache;

#[cfg(test)]
mod across_callers;
#[cfg(test)]
mod across_endings;
#[cfg(test)]
mod across_files;
#[cfg(test)]
mod testing;

use crate::rule::Rule;

/// Every rule there is.
pub static RULES: &[Rule] = &[
    abort_listener::RULE,
    accumulating_listener::RULE,
    ineffective_listener_removal::RULE,
    unbounded_cache::RULE,
    weak_keyed_cache::RULE,
    unreleased_pending::RULE,
    uncapped_memoize::RULE,
    listener_on_reused_socket::RULE,
    process_listener_in_function::RULE,
    large_closure_capture::RULE,
    unguarded_pipe::RULE,
    floating_pipeline::RULE,
    undestroyed_stream::RULE,
    uncleared_interval::RULE,
    uncleared_race_timer::RULE,
    race_with_long_lived_promise::RULE,
    unsettleable_promise::RULE,
    growing_module_array::RULE,
    retained_request::RULE,
];

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::RULES;

    /// What a page says, in this order.
    const SECTIONS: [&str; 6] = [
        "## Why it leaks",
        "## Example",
        "## Use instead",
        "## How safe the fix is",
        "## What is not flagged",
        "## References",
    ];

    #[test]
    fn every_page_says_what_a_reader_needs() {
        for rule in RULES {
            assert!(
                rule.page.starts_with(&format!("# {}\n\n", rule.id)),
                "{}",
                rule.id
            );
            assert!(!rule.summary().is_empty(), "{}", rule.id);
            let places: Vec<usize> = SECTIONS
                .iter()
                .map(|section| rule.page.find(section).unwrap_or(usize::MAX))
                .collect();
            assert!(places.is_sorted(), "{}: {places:?}", rule.id);
            assert!(!places.contains(&usize::MAX), "{}: {places:?}", rule.id);
        }
    }

    #[test]
    fn ids_are_unique() {
        let ids: HashSet<&str> = RULES.iter().map(|rule| rule.id).collect();
        assert_eq!(ids.len(), RULES.len());
    }
}
