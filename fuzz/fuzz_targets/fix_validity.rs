//! Any text that is JavaScript or TypeScript into itself with all fixes: it still is, every fix ends its finding, and a second
//! pass changes nothing.

#![no_main]

use libfuzzer_sys::{fuzz_mutator, fuzz_target, fuzzer_mutate};
use stanch_js_source::{SourceText, syntax_errors};
use stanch_leak_lint::{Fixed, Safety, fix_text, lint_with};

/// Dialects and kinds of modules; the length of the text picks one, so that a finding repeats itself.
const PATHS: [&str; 5] = ["a.js", "a.ts", "a.mjs", "a.cjs", "a.tsx"];

fuzz_target!(|bytes: &[u8]| {
    let Ok(text) = std::str::from_utf8(bytes) else {
        return;
    };
    let path = PATHS[text.len() % PATHS.len()];
    let source = SourceText::new(path, text);
    if !syntax_errors(&source).is_empty() {
        // The linter reads what it can.
        drop(lint_with(&source, |_| true));
        return;
    }
    for up_to in [Safety::Safe, Safety::Unsafe] {
        let fixed = fixed(&source, up_to);
        if let Some(broken) = fixed.broken.first() {
            panic!("{path}: {broken:?}");
        }
        let again = self::fixed(&SourceText::new(path, fixed.text.as_str()), up_to);
        assert!(
            again.applied.is_empty(),
            "{path}: a second pass changes\n{}",
            fixed.text
        );
    }
});

fn fixed(source: &SourceText, up_to: Safety) -> Fixed {
    fix_text(source, |source| lint_with(source, |_| true), up_to)
}

// Bytes that change by chance are hardly ever a program again: most changes move, repeat or exchange lines and words.
fuzz_mutator!(|data: &mut [u8], size: usize, most: usize, seed: u32| {
    let mut dice = Dice(seed | 1);
    let text = std::str::from_utf8(&data[..size]).ok();
    let changed = text.and_then(|text| match dice.below(6) {
        0 => None,
        1 => Some(exchange_words(text, &mut dice)),
        2 => Some(without_line_ends(text, &mut dice)),
        3 => Some(repeat_lines(text, &mut dice)),
        4 => Some(drop_lines(text, &mut dice)),
        _ => Some(move_line(text, &mut dice)),
    });
    match changed {
        Some(changed) if changed.len() <= most => {
            data[..changed.len()].copy_from_slice(changed.as_bytes());
            changed.len()
        }
        _ => fuzzer_mutate(data, size, most),
    }
});

/// Numbers that follow from a seed.
struct Dice(u32);

impl Dice {
    fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 17;
        self.0 ^= self.0 << 5;
        self.0 as usize % limit.max(1)
    }
}

/// One word in the place of another.
fn exchange_words(text: &str, dice: &mut Dice) -> String {
    let is_word = |it: char| it.is_ascii_alphanumeric() || it == '_' || it == '$';
    let mut words = Vec::new();
    let mut at = 0;
    for word in text.split(|it| !is_word(it)) {
        if !word.is_empty() {
            words.push(at..at + word.len());
        }
        // What separates words may be of more bytes than one.
        at += word.len();
        at += text[at..].chars().next().map_or(0, char::len_utf8);
    }
    let (from, to) = (dice.below(words.len()), dice.below(words.len()));
    match (words.get(from), words.get(to)) {
        (Some(from), Some(to)) => format!(
            "{}{}{}",
            &text[..to.start],
            &text[from.clone()],
            &text[to.end..]
        ),
        _ => text.to_owned(),
    }
}

/// All lines on one, or with other ends.
fn without_line_ends(text: &str, dice: &mut Dice) -> String {
    let lines: Vec<&str> = text.lines().collect();
    match dice.below(4) {
        0 => lines.join(" "),
        1 => lines.join("\r\n"),
        2 => text.replace(";\n", "\n"),
        _ => text.replace("    ", "\t"),
    }
}

fn some_lines(text: &str, dice: &mut Dice) -> (Vec<String>, std::ops::Range<usize>) {
    let lines: Vec<String> = text.split_inclusive('\n').map(str::to_owned).collect();
    let start = dice.below(lines.len());
    let end = (start + 1 + dice.below(6)).min(lines.len());
    (lines, start.min(end)..end)
}

fn repeat_lines(text: &str, dice: &mut Dice) -> String {
    let (mut lines, range) = some_lines(text, dice);
    let copy = lines[range].to_vec();
    let at = dice.below(lines.len() + 1);
    lines.splice(at..at, copy);
    lines.concat()
}

fn drop_lines(text: &str, dice: &mut Dice) -> String {
    let (mut lines, range) = some_lines(text, dice);
    lines.drain(range);
    lines.concat()
}

fn move_line(text: &str, dice: &mut Dice) -> String {
    let (mut lines, range) = some_lines(text, dice);
    let moved: Vec<String> = lines.drain(range).collect();
    let at = dice.below(lines.len() + 1);
    lines.splice(at..at, moved);
    lines.concat()
}
