//! What grows, and the lines that make it grow, into what to do about it: advice, and a patch where it can be one.

mod closure_capture;
mod code;
mod drained;
mod edits;
mod listening;
mod opened;
mod package;
mod pending_async;
mod piped;
mod pipeline;
mod promises;
mod response;
mod statement;
mod unbounded_cache;
mod unbounded_log;
mod unclosed_stream;
mod unremoved_listener;

#[cfg(test)]
mod tests;

use stanch_js_source::{Extent, HolderRef, Position, SourceText, with_parsed};
use stanch_leak_patterns::Pattern;

use crate::model::{Remedy, SiteRole};
use code::Code;
use edits::Edits;

/// All that a remedy may look at.
pub(crate) struct Ailment<'a> {
    /// The pattern; none when the shape fits no single one.
    pub(crate) pattern: Option<Pattern>,
    /// The holder's name for people, such as `profiles` or `setInterval`.
    pub(crate) name: &'a str,
    /// The class of the growing object as the heap names it: `Map`, `Array`, `Timeout`, …
    pub(crate) class: &'a str,
    /// The package whose code holds it, `name@version`; then its sources are not ours to change.
    pub(crate) package: Option<&'a str>,
    /// How the sources name the holder, with the text that declares it.
    pub(crate) holder: Option<(&'a HolderRef, &'a SourceText)>,
    /// The lines that make it grow, in the service's own sources.
    pub(crate) causes: Vec<Cause<'a>>,
    /// The variable through which stored functions keep most.
    pub(crate) captured: Option<&'a str>,
    /// Why there is no pattern, or why this one.
    pub(crate) reason: &'a str,
}

/// A line that makes the holder grow.
pub(crate) struct Cause<'a> {
    /// The file as the reader knows it.
    pub(crate) text: &'a SourceText,
    /// The call or assignment.
    pub(crate) extent: Extent,
    pub(crate) role: SiteRole,
    /// The stored function that it hands over, where one was seen in the heap.
    pub(crate) function: Option<Position>,
}

/// The remedy for an ailment.
pub(crate) fn remedy(ailment: &Ailment<'_>) -> Remedy {
    let Some(pattern) = ailment.pattern else {
        return Remedy {
            summary: sentence(ailment.reason),
            ..Remedy::default()
        };
    };
    let is_kept_by_package = matches!(pattern, Pattern::UnboundedCache | Pattern::UnboundedLog)
        || ailment.causes.is_empty();
    if let Some(package) = ailment.package
        && is_kept_by_package
    {
        return package::remedy(ailment, package);
    }
    match pattern {
        Pattern::UnboundedCache => unbounded_cache::remedy(ailment),
        Pattern::UnremovedListener => unremoved_listener::remedy(ailment),
        Pattern::PendingAsync => pending_async::remedy(ailment),
        Pattern::UnboundedLog => unbounded_log::remedy(ailment),
        Pattern::ClosureCapture => closure_capture::remedy(ailment),
        Pattern::UnclosedStream => unclosed_stream::remedy(ailment),
    }
}

/// What could be changed in the sources.
#[derive(Debug, Default)]
struct Patched {
    /// One diff of all files.
    diff: Option<String>,
    /// The causes that it does nothing about, as `file:line`.
    left: Vec<String>,
}

/// A diff of what `edit` does about each cause. An `edit` that gives `None` must have asked for no
/// edits.
fn patch<'a>(
    causes: &[&Cause<'a>],
    edit: impl Fn(&Code<'_, '_>, &Cause<'a>, &mut Edits<'_>) -> Option<()>,
) -> Patched {
    let mut patched = Patched::default();
    let mut files: Vec<&SourceText> = Vec::new();
    for cause in causes {
        if files.iter().all(|file| file.path() != cause.text.path()) {
            files.push(cause.text);
        }
    }
    for file in files {
        let here = causes
            .iter()
            .filter(|cause| cause.text.path() == file.path());
        let mut edits = Edits::new(file);
        let mut done = Vec::new();
        with_parsed(file, |parsed| {
            let code = Code::new(parsed);
            for cause in here {
                match edit(&code, cause, &mut edits) {
                    Some(()) => done.push(place(cause)),
                    None => patched.left.push(place(cause)),
                }
            }
        });
        match edits.diff() {
            Some(diff) => patched.diff.get_or_insert_default().push_str(&diff),
            None => patched.left.extend(done),
        }
    }
    patched
}

impl Patched {
    /// The diff, provided that no cause is left: what is bounded in one place only still grows.
    fn whole(self) -> Option<String> {
        self.diff.filter(|_| self.left.is_empty())
    }
}

impl Ailment<'_> {
    fn causes(&self, role: SiteRole) -> Vec<&Cause<'_>> {
        self.causes
            .iter()
            .filter(|cause| cause.role == role)
            .collect()
    }

    /// The holder's name in the sources, without its owner.
    fn source_name(&self) -> &str {
        match self.holder {
            Some((
                HolderRef::Variable { name, .. }
                | HolderRef::Field { name, .. }
                | HolderRef::Property { name, .. }
                | HolderRef::Global { name },
                _,
            )) => name,
            None => self.name,
        }
    }

    /// Whether a cause grows the holder itself rather than a value kept in it, as far as the file
    /// that declares it can tell; `None` for causes in other files.
    fn is_grown_by(&self, code: &Code<'_, '_>, cause: &Cause<'_>) -> Option<bool> {
        let (holder, text) = self.holder?;
        if text.path() != cause.text.path() {
            return None;
        }
        let sites = code.parsed.growth_sites(holder);
        Some(
            sites
                .iter()
                .any(|site| site.extent == cause.extent && !site.nested),
        )
    }
}

fn place(cause: &Cause<'_>) -> String {
    format!("{}:{}", cause.text.path(), cause.extent.line())
}

/// What a patch leaves to its reader.
fn by_hand(left: &[String]) -> Option<String> {
    (!left.is_empty()).then(|| format!("The same is to be done by hand at {}.", left.join(", ")))
}

/// A clause as a sentence.
fn sentence(clause: &str) -> String {
    let clause = clause.trim().trim_end_matches('.');
    let mut characters = clause.chars();
    match characters.next() {
        Some(first) => format!("{}{}.", first.to_uppercase(), characters.as_str()),
        None => String::new(),
    }
}
