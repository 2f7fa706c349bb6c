//! Underlines stay under what they are about, whatever stands in front of it.

use stanch_diagnosis::{CodeFrame, CodeLine, Holder, HolderGrowth, Remedy, Suspect};
use stanch_leak_patterns::{Confidence, Place};

use super::super::{Color, TextStyle};
use super::{Page, write};

/// Line, column, columns underlined, label, and the code of that line.
type Frame<'a> = (u32, u32, u32, &'a str, &'a str);

fn check(width: usize, frames: &[Frame<'_>], expected: &str) {
    let place = |line, column| Place {
        file: "a.js".to_owned(),
        line,
        column,
    };
    let frame = |&(line, column, width, label, text): &Frame<'_>| CodeFrame {
        label: label.to_owned(),
        place: place(line, column),
        width,
        lines: vec![CodeLine {
            number: line,
            text: text.to_owned(),
        }],
    };
    let suspect = Suspect {
        rank: 1,
        pattern: None,
        confidence: Confidence::Low,
        holder: Holder {
            location: Some(place(1, 1)),
            ..Holder::default()
        },
        growth: HolderGrowth::default(),
        sites: Vec::new(),
        path: Vec::new(),
        objects: Vec::new(),
        reasons: Vec::new(),
        frames: frames.iter().map(frame).collect(),
        remedy: Remedy::default(),
    };
    let mut page = Page::new(TextStyle {
        width,
        color: Color::Never,
    });
    write(&mut page, "", &suspect);
    assert_eq!(page.into_text().trim_end(), expected.trim_matches('\n'));
}

#[test]
fn wide_characters_and_tabs_move_the_underline() {
    check(
        60,
        &[(2, 10, 3, "here", "\t'名前😀', add()")],
        "
  ╭─ a.js:2:10
2 │     '名前😀', add()
  │               ━━━ here
  ╵",
    );
}

#[test]
fn labels_of_one_line_hang_below_each_other() {
    check(
        60,
        &[
            (2, 1, 3, "first", "abc def ghi"),
            (2, 5, 3, "second", "abc def ghi"),
            (2, 9, 3, "third", "abc def ghi"),
        ],
        "
  ╭─ a.js:2:1
2 │ abc def ghi
  │ ━━━ ━━━ ━━━ third
  │ │   second
  │ first
  ╵",
    );
}

#[test]
fn near_labels_share_an_excerpt_and_far_ones_do_not() {
    check(
        60,
        &[
            (1, 1, 1, "declared", "a"),
            (5, 1, 1, "near", "b"),
            (40, 1, 1, "far", "c"),
        ],
        "
  ╭─ a.js:1:1
1 │ a
  │ ─ declared
  ⋯
5 │ b
  │ ━ near
  ╵

   ╭─ a.js:40:1
40 │ c
   │ ━ far
   ╵",
    );
}

#[test]
fn a_minified_line_is_cut_around_the_mark() {
    let line = format!("{}cache.set(k,v){}", "x".repeat(5_000), "y".repeat(5_000));
    check(
        44,
        &[(1, 5_001, 9, "inserts", &line)],
        "
  ╭─ a.js:1:5001
1 │ …xxxxxxxxxxxxxcache.set(k,v)yyyyyyyyyyy…
  │               ━━━━━━━━━ inserts
  ╵",
    );
}

#[test]
fn a_label_without_room_beside_it_goes_below() {
    check(
        44,
        &[(
            1,
            30,
            9,
            "inserts one entry for each request",
            "                             cache.set(k)",
        )],
        "
  ╭─ a.js:1:30
1 │ …                           cache.set(k)
  │                             ━━━━━━━━━
  │                 inserts one entry for
  │                 each request
  ╵",
    );
}

#[test]
fn places_outside_of_the_line_do_no_harm() {
    check(
        44,
        &[
            (1, 900, u32::MAX, "nowhere", "short"),
            (u32::MAX, 0, 0, "last", ""),
        ],
        "
  ╭─ a.js:1:900
1 │ short
  │      ━ nowhere
  ╵

           ╭─ a.js:4294967295:0
4294967295 │
           │ ━ last
           ╵",
    );
}
