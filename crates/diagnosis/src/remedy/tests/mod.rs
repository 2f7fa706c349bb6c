//! Sources and ailments into expected remedies.
//!
//! In a source, `«` and `»` stand around each cause.

#![expect(clippy::expect_used, reason = "a test stops at the first surprise")]

mod closure_capture;
mod diffs;
mod pending_async;
mod unbounded_cache;
mod unbounded_log;
mod unclosed_stream;
mod unremoved_listener;

use stanch_js_source::{Extent, HolderRef, SourceText};
use stanch_leak_patterns::Pattern;

use super::{Ailment, Cause, remedy};
use crate::model::{Remedy, SiteRole};

/// An ailment but for its source.
#[derive(Clone)]
struct Case {
    pattern: Option<Pattern>,
    path: &'static str,
    name: &'static str,
    class: &'static str,
    holder: Option<HolderRef>,
    package: Option<&'static str>,
    captured: Option<&'static str>,
    reason: &'static str,
}

impl Case {
    fn new(pattern: Pattern, class: &'static str, name: &'static str) -> Self {
        Self {
            pattern: Some(pattern),
            path: "app.js",
            name,
            class,
            holder: None,
            package: None,
            captured: None,
            reason: "it grows",
        }
    }

    fn path(self, path: &'static str) -> Self {
        Self { path, ..self }
    }

    fn holder(self, holder: HolderRef) -> Self {
        Self {
            holder: Some(holder),
            ..self
        }
    }

    /// The holder is the variable of that name.
    fn variable(self) -> Self {
        let holder = HolderRef::variable(self.name);
        self.holder(holder)
    }

    fn role(&self) -> SiteRole {
        match self.pattern {
            Some(Pattern::UnboundedCache) | None => SiteRole::Inserts,
            Some(Pattern::UnremovedListener) => SiteRole::Registers,
            Some(Pattern::ClosureCapture) => SiteRole::Captures,
            Some(Pattern::UnclosedStream) => SiteRole::Opens,
            Some(Pattern::PendingAsync) => SiteRole::Starts,
            Some(Pattern::UnboundedLog) => SiteRole::Appends,
        }
    }

    fn remedy(&self, marked: &str) -> Remedy {
        let (source, extents) = unmark(self.path, marked);
        let causes = extents.into_iter().map(|extent| Cause {
            text: &source,
            extent,
            role: self.role(),
            function: None,
        });
        remedy(&Ailment {
            pattern: self.pattern,
            name: self.name,
            class: self.class,
            package: self.package,
            holder: self.holder.as_ref().map(|holder| (holder, &source)),
            causes: causes.collect(),
            captured: self.captured,
            reason: self.reason,
        })
    }

    /// The changed lines of the patch, as a diff has them; none for no patch.
    #[track_caller]
    fn check(&self, marked: &str, expected: &[&str]) {
        let patch = self.remedy(marked).patch.unwrap_or_default();
        let changes = patch.lines().filter(|line| {
            line.starts_with(['+', '-']) && !line.starts_with("+++") && !line.starts_with("---")
        });
        assert_eq!(changes.collect::<Vec<_>>(), expected, "{marked}\n{patch}");
    }

    /// Sentences that the remedy must contain.
    #[track_caller]
    fn check_words(&self, marked: &str, expected: &[&str]) {
        let remedy = self.remedy(marked);
        let words = format!("{} {}", remedy.summary, remedy.advice.join(" "));
        for part in expected {
            assert!(words.contains(part), "no `{part}` in: {words}");
        }
    }
}

fn unmark(path: &str, marked: &str) -> (SourceText, Vec<Extent>) {
    let mut text = String::new();
    let (mut starts, mut spans) = (Vec::new(), Vec::new());
    for character in marked.chars() {
        match character {
            '«' => starts.push(text.len() as u32),
            '»' => spans.push((starts.pop().expect("an opening mark"), text.len() as u32)),
            other => text.push(other),
        }
    }
    let source = SourceText::new(path, text);
    let mark = source.mark_bytes();
    let extents = spans
        .into_iter()
        .map(|(start, end)| source.extent(start - mark, end - mark));
    let extents = extents.collect();
    (source, extents)
}
