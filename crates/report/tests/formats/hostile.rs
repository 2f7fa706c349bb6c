//! Names and code that try to leave the report, in every format and at every width.

use stanch_report::{Color, TextStyle, json, markdown, text};

use crate::samples;

/// What no report may hold outside of its own colour sequences.
fn is_dangerous(character: char) -> bool {
    let control = character.is_control() && character != '\n';
    control
        || matches!(character, '\u{202a}'..='\u{202e}' | '\u{2028}' | '\u{2029}' | '\u{e0000}'..='\u{e007f}')
}

fn check(report: &str, format: &str) {
    let found = report
        .char_indices()
        .find(|(_, character)| is_dangerous(*character));
    assert_eq!(found, None, "{format}");
}

#[test]
fn nothing_reaches_the_terminal_raw() {
    let hostile = samples::hostile();
    for width in [0, 1, 20, 33, 80, 120, 500] {
        let style = TextStyle {
            width,
            color: Color::Never,
        };
        check(&text(&hostile, &style), &format!("text of {width} columns"));
    }
    check(&json(&hostile), "JSON");
    check(&markdown(&hostile), "Markdown");
}

#[test]
fn the_only_escape_sequences_are_our_colours() {
    let report = text(
        &samples::hostile(),
        &TextStyle {
            width: 80,
            color: Color::Always,
        },
    );
    check(&crate::without_colours(&report), "coloured text");
    let own = |part: &str| {
        part.split_once('m')
            .is_some_and(|(code, _)| code.bytes().all(|byte| byte.is_ascii_digit()))
    };
    assert!(
        report
            .split('\u{1b}')
            .skip(1)
            .all(|part| part.strip_prefix('[').is_some_and(own))
    );
}

#[test]
fn long_names_do_not_flood_a_report_for_people() {
    let hostile = samples::hostile();
    let style = TextStyle {
        width: 80,
        color: Color::Never,
    };
    assert!(!text(&hostile, &style).contains(&"x".repeat(1_000)));
    assert!(!markdown(&hostile).contains(&"x".repeat(1_000)));
    assert!(
        json(&hostile).contains(&"x".repeat(5_000)),
        "a script gets the whole name"
    );
}

#[test]
fn markdown_lets_no_html_mention_or_reference_through() {
    let report = markdown(&samples::hostile());
    let prose: String = report
        .split('\n')
        .filter(|line| !line.starts_with('+'))
        .collect::<Vec<_>>()
        .join("\n");
    let bare = outside_code(&prose);
    for forbidden in ["<script", "@root", "#1"] {
        assert!(!bare.contains(forbidden), "{forbidden} in {bare}");
    }
}

/// The text without escaped characters and without what stands in code spans and fenced blocks.
fn outside_code(markdown: &str) -> String {
    let mut bare = String::new();
    let mut rest = markdown;
    while let Some(start) = rest.find(['`', '\\']) {
        bare.push_str(&rest[..start]);
        rest = &rest[start..];
        if rest.starts_with('\\') {
            let escaped = rest.chars().nth(1).map_or(0, char::len_utf8);
            rest = &rest[1 + escaped..];
            continue;
        }
        let fence = rest.len() - rest.trim_start_matches('`').len();
        let inside = &rest[fence..];
        let end = inside
            .find(&"`".repeat(fence))
            .map_or(inside.len(), |end| end + fence);
        rest = &inside[end..];
    }
    bare + rest
}
