//! Edits of source texts into one unified diff, if the edited texts are sound.

use similar::TextDiff;
use stanch_js_source::{SourceText, with_parsed};

/// Edits of one file, in any order.
pub(crate) struct Edits<'a> {
    text: &'a SourceText,
    edits: Vec<Edit>,
    /// Names that the edits declare, which later ones must not declare again.
    pub(crate) names: Vec<String>,
}

/// New text in the place of the bytes from `start` to `end`.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Edit {
    start: u32,
    end: u32,
    with: String,
}

/// Lines of context around a change, as `diff -u` gives them.
const CONTEXT: usize = 3;

impl<'a> Edits<'a> {
    pub(crate) fn new(text: &'a SourceText) -> Self {
        Self {
            text,
            edits: Vec::new(),
            names: Vec::new(),
        }
    }

    pub(crate) fn insert(&mut self, at: u32, with: impl Into<String>) {
        self.replace(at, at, with);
    }

    /// An edit that is there already is not made twice.
    pub(crate) fn replace(&mut self, start: u32, end: u32, with: impl Into<String>) {
        let with = with.into();
        let edit = Edit { start, end, with };
        if !self.edits.contains(&edit) {
            self.edits.push(edit);
        }
    }

    /// The unified diff. `None` where nothing changes, where two edits overlap, and where the file
    /// was no sound program before or would be none afterwards.
    pub(crate) fn diff(&self) -> Option<String> {
        let changed = self.applied()?;
        // A carriage return of its own ends a line for V8, but not for `patch`.
        if self.text.text().replace("\r\n", "\n").contains('\r') {
            return None;
        }
        let sound = |text: &SourceText| with_parsed(text, |parsed| parsed.problems().is_empty());
        if !sound(self.text) || !sound(&SourceText::new(self.text.path(), changed.as_str())) {
            return None;
        }
        let mark = if self.text.mark_bytes() > 0 {
            "\u{feff}"
        } else {
            ""
        };
        let before = format!("{mark}{}", self.text.text());
        let after = format!("{mark}{changed}");
        let path = self.text.path().trim_start_matches('/');
        // Without the tab, a space would end the name.
        let tab = if path.contains(' ') { "\t" } else { "" };
        Some(
            TextDiff::from_lines(&before, &after)
                .unified_diff()
                .context_radius(CONTEXT)
                .header(&format!("a/{path}{tab}"), &format!("b/{path}{tab}"))
                .to_string(),
        )
    }

    fn applied(&self) -> Option<String> {
        let text = self.text.text();
        let mut edits: Vec<&Edit> = self.edits.iter().collect();
        // Stable: what is inserted at one place keeps the order in which it was asked for.
        edits.sort_by_key(|edit| (edit.start, edit.end));
        let mut result = String::with_capacity(text.len());
        let mut done = 0;
        for edit in edits {
            result.push_str(text.get(done..edit.start as usize)?);
            result.push_str(&edit.with);
            done = edit.end as usize;
        }
        result.push_str(text.get(done..)?);
        (result != text).then_some(result)
    }
}
