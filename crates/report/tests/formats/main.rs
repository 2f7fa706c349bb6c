//! Every format for every kind of verdict that reads differently, against the stored output.

#[path = "../checker/mod.rs"]
mod checker;
mod hostile;
mod samples;
mod schema;

use stanch_diagnosis::Diagnosis;
use stanch_report::{Color, TextStyle, json, markdown, text};

/// A name and the diagnosis it stands for.
type Sample = (&'static str, fn() -> Diagnosis);

const SAMPLES: [Sample; 5] = [
    ("leak", samples::leak),
    ("healthy", samples::healthy),
    ("retained-pages", samples::retained_pages),
    ("gc-pressure", samples::gc_pressure),
    ("not-enough-data", samples::not_enough_data),
];

fn check(format: &str, extension: &str, render: impl Fn(&Diagnosis) -> String) {
    for (name, sample) in SAMPLES {
        insta::assert_snapshot!(format!("{name}.{format}.{extension}"), render(&sample()));
    }
}

fn plain(width: usize) -> TextStyle {
    TextStyle {
        width,
        color: Color::Never,
    }
}

#[test]
fn text_80_columns_wide() {
    check("80", "txt", |diagnosis| text(diagnosis, &plain(80)));
}

#[test]
fn text_120_columns_wide() {
    check("120", "txt", |diagnosis| text(diagnosis, &plain(120)));
}

#[test]
fn json_by_the_schema() {
    // A release must not change the stored output.
    let version = format!("\"version\": \"{}\"", env!("CARGO_PKG_VERSION"));
    check("1", "json", |diagnosis| {
        json(diagnosis).replace(&version, "\"version\": \"(this one)\"")
    });
}

#[test]
fn markdown_for_a_comment() {
    check("comment", "md", markdown);
}

#[test]
fn colours_change_nothing_but_colour() {
    for (name, sample) in SAMPLES {
        let coloured = text(
            &sample(),
            &TextStyle {
                width: 100,
                color: Color::Always,
            },
        );
        assert!(coloured.contains("\u{1b}[1m"), "{name}");
        assert_eq!(
            without_colours(&coloured),
            text(&sample(), &plain(100)),
            "{name}"
        );
    }
}

fn without_colours(text: &str) -> String {
    let mut parts = text.split("\u{1b}[");
    let mut bare = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        bare.push_str(part.split_once('m').map_or(part, |(_, rest)| rest));
    }
    bare
}
