//! Sampled allocations, and the functions that they are blamed on.

use super::service::{Service, allocation};
use crate::{Allocation, Join, Suspect, allocated};

const TEXT: &str = "exports.page = ▸(id) => make(id);\nfunction make▸(id) {\n  return new Array(id);\n}\nsetInterval(▸() => make(9), 1_000);\nclass Store {\n  put▸(id) { this.last = make(id); }\n}\nexports.two = [▸() => 1, ▸() => 2];";

/// The suspects for functions at the marks, by their bytes.
fn suspects(sampled: &[(usize, u64)], requests: u64) -> Vec<Suspect> {
    let service = Service::new(&[("app.js", TEXT)]);
    let sampled: Vec<Allocation> = sampled
        .iter()
        .map(|&(mark, bytes)| allocation(&service.mark(mark), bytes))
        .collect();
    let under = Join {
        requests,
        ..Join::default()
    };
    allocated(&sampled, &service.sources, &under)
}

/// Such as `make at app.js:2:14: 900`.
#[track_caller]
fn check(sampled: &[(usize, u64)], expected: &[&str]) {
    let found: Vec<String> = suspects(sampled, 0)
        .iter()
        .map(|suspect| {
            let Some(place) = &suspect.holder.location else {
                panic!("{} has no place", suspect.holder.name)
            };
            let bytes = suspect.growth.retained[0].0;
            format!("{} at {place}: {bytes}", suspect.holder.name)
        })
        .collect();
    assert_eq!(found, expected, "{sampled:?}");
}

#[test]
fn functions_are_named_as_the_source_has_them() {
    check(&[(0, 900)], &["page at app.js:1:16: 900"]);
    check(&[(1, 900)], &["make at app.js:2:14: 900"]);
    check(&[(2, 900)], &["(anonymous) at app.js:5:13: 900"]);
    check(&[(3, 900)], &["Store.put at app.js:7:6: 900"]);
}

#[test]
fn one_function_counts_once_whatever_it_called() {
    let service = Service::new(&[("app.js", TEXT)]);
    let sampled = [("connect", 500), ("watch", 300)].map(|(called, bytes)| Allocation {
        called: Some(called.to_owned()),
        ..allocation(&service.mark(1), bytes)
    });
    let found = allocated(&sampled, &service.sources, &Join::default());
    let bytes: Vec<u64> = found
        .iter()
        .map(|suspect| suspect.growth.retained[0].0)
        .collect();
    assert_eq!(bytes, [800]);
    check(
        &[(4, 100), (5, 90)],
        &[
            "(anonymous) at app.js:9:16: 100",
            "(anonymous) at app.js:9:25: 90",
        ],
    );
}

#[test]
fn most_comes_first_and_next_to_nothing_is_left_out() {
    check(
        &[(0, 100), (1, 800), (2, 90), (3, 80)],
        &[
            "make at app.js:2:14: 800",
            "page at app.js:1:16: 100",
            "(anonymous) at app.js:5:13: 90",
        ],
    );
    check(&[(0, 961), (1, 39)], &["page at app.js:1:16: 961"]);
    check(&[], &[]);
}

#[test]
fn rates_and_shares_are_those_of_the_samples() {
    let found = suspects(&[(0, 300), (1, 100)], 50);
    let rates: Vec<Option<f64>> = found
        .iter()
        .map(|suspect| suspect.growth.per_request.map(|rate| rate.0))
        .collect();
    assert_eq!(rates, [Some(6.0), Some(2.0)]);
    let shares: Vec<f64> = found.iter().map(|suspect| suspect.growth.share).collect();
    assert_eq!(shares, [0.75, 0.25]);
    assert_eq!(
        found.iter().map(|suspect| suspect.rank).collect::<Vec<_>>(),
        [1, 2]
    );
    assert!(suspects(&[(0, 300)], 0)[0].growth.per_request.is_none());
}

#[test]
fn a_function_without_its_source_has_what_the_samples_say() {
    let service = Service::new(&[]);
    let lost = Allocation {
        url: "/srv/lost.js".to_owned(),
        line: 3,
        column: 1,
        function: "load".to_owned(),
        called: None,
        bytes: 10,
    };
    let found = allocated(
        std::slice::from_ref(&lost),
        &service.sources,
        &Join::default(),
    );
    assert_eq!(found[0].holder.name, "load");
    assert!(found[0].holder.location.is_none() && found[0].frames.is_empty());
}
