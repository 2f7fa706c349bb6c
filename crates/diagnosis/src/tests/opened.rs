//! Sampled allocations, and the calls that opened what stays.

use super::service::{Service, allocation};
use crate::opened::opened;

/// The lines found for functions at the marks, each with what it had called and the bytes of that.
#[track_caller]
fn check(text: &str, sampled: &[(usize, Option<&str>, u64)], expected: &[&str]) {
    let service = Service::new(&[("app.js", text)]);
    let sampled = sampled.iter().map(|&(mark, called, bytes)| {
        let mut sample = allocation(&service.mark(mark), bytes);
        sample.called = called.map(str::to_owned);
        sample
    });
    let sampled: Vec<_> = sampled.collect();
    let lines: Vec<String> = opened(&sampled, &service.sources)
        .iter()
        .map(|site| {
            let place = site.extent.from.place(site.text.path());
            format!("{} {place}", site.role.id())
        })
        .collect();
    assert_eq!(lines, expected, "{text}");
}

#[test]
fn the_call_of_that_name_is_the_place() {
    check(
        "exports.page = ▸(port) => {\n  audit();\n  const socket = net.connect(port);\n  net.connect(port + 1);\n};",
        &[(0, Some("connect"), 900)],
        &["opens app.js:3:18"],
    );
    check(
        "exports.page = ▸(path) => {\n  later(() => fs.watch(path));\n  const file = new ReadStream(path);\n};",
        &[(0, Some("ReadStream"), 900)],
        &["opens app.js:3:16"],
    );
    // A call of another name has led there, perhaps a package's: the function is the place.
    check(
        "exports.page = ▸(port) => {\n  pool.acquire(() => net.connect(port));\n};",
        &[(0, Some("connect"), 900)],
        &["opens app.js:1:16"],
    );
}

#[test]
fn only_what_opens_counts() {
    let text = "exports.page = ▸(port) => {\n  net.connect(port);\n  emit(port);\n};";
    check(text, &[(0, Some("emit"), 900), (0, None, 800)], &[]);
    check(
        text,
        &[(0, Some("emit"), 900), (0, Some("connect"), 1)],
        &["opens app.js:2:3"],
    );
}

#[test]
fn calls_with_a_fair_part_are_named_and_most_comes_first() {
    let text = "exports.a = ▸() => net.connect(1);\nexports.b = ▸() => fs.watch('b');\nexports.c = ▸() => fs.open('c');\nexports.d = ▸() => tls.connect(4);";
    let sampled = |bytes: [u64; 4]| {
        [
            (0, Some("connect"), bytes[0]),
            (1, Some("watch"), bytes[1]),
            (2, Some("open"), bytes[2]),
            (3, Some("connect"), bytes[3]),
        ]
    };
    let [a, b, c, d] = [
        "opens app.js:1:19",
        "opens app.js:2:19",
        "opens app.js:3:19",
        "opens app.js:4:19",
    ];
    check(text, &sampled([400, 100, 99, 800]), &[d, a]);
    check(text, &sampled([400, 100, 99, 1]), &[a, b]);
    check(text, &sampled([400, 399, 398, 397]), &[a, b, c]);
}

#[test]
fn what_is_in_no_known_script_takes_no_place_from_others() {
    let service = Service::new(&[("app.js", "exports.page = ▸(port) => net.connect(port);")]);
    let known = allocation(&service.mark(0), 300);
    let elsewhere = |column| crate::Allocation {
        url: "/srv/lost.js".to_owned(),
        column,
        ..known.clone()
    };
    let sampled = [elsewhere(1), elsewhere(2), elsewhere(3), known.clone()];
    let sampled = sampled.map(|sample| crate::Allocation {
        called: Some("connect".to_owned()),
        ..sample
    });
    let found = opened(&sampled, &service.sources);
    assert_eq!(found.len(), 1);
}
