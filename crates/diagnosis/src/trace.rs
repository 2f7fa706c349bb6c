//! A growing holder into the lines that make it grow, across the files of the service.

use std::collections::BTreeSet;

use stanch_heap_growth::{GrowingHolder, MemberPlace};
use stanch_js_source::{
    CallKind, CallSite, Export, Extent, HolderRef, Import, ImportedName, Phase, Position,
    SourceText, with_parsed,
};
use stanch_leak_patterns::Pattern;

use crate::mentions::{pipes, waits};
use crate::model::SiteRole;
use crate::place::{Named, leads_to, position, unplaced};
use crate::sources::{Script, Sources};

/// Lines named for one holder; a reader follows up a handful.
const SITES: usize = 5;
/// Places of members that are followed.
const PLACES: usize = 3;

/// A line that makes a holder grow.
#[derive(Debug, Clone)]
pub(crate) struct Found<'a> {
    pub(crate) role: SiteRole,
    pub(crate) extent: Extent,
    pub(crate) text: &'a SourceText,
    pub(crate) script: &'a Script,
    /// The stored function that led here.
    pub(crate) function: Option<Position>,
    /// The call, where members led here.
    pub(crate) call: Option<CallSite>,
}

/// The lines that make the holder grow, the most telling first.
pub(crate) fn sites<'a>(
    holder: &GrowingHolder,
    named: Option<&Named<'a>>,
    sources: &'a Sources,
) -> Vec<Found<'a>> {
    let by_members = from_members(holder, sources);
    let mut by_name = named
        .map(|named| from_sources(named, sources))
        .unwrap_or_default();
    match (named, holder.pattern) {
        (Some(named), Some(Pattern::PendingAsync)) => by_name.extend(waits(named, sources)),
        (Some(named), Some(Pattern::UnclosedStream)) => {
            by_name = chain(pipes(named, sources), by_name);
        }
        _ => {}
    }
    let mut found: Vec<Found<'a>> = match holder.pattern {
        // What the heap saw beats what the text suggests: these members know the very call.
        Some(Pattern::UnremovedListener | Pattern::PendingAsync) => chain(by_members, by_name),
        Some(Pattern::ClosureCapture) => chain(by_name, by_members),
        Some(Pattern::UnclosedStream) if named.is_none() => by_members,
        _ if by_name.is_empty() => by_members,
        _ => by_name,
    };
    let mut seen = BTreeSet::new();
    found.retain(|site| seen.insert((site.text.path().to_owned(), site.extent.line())));
    found.truncate(SITES);
    found
}

fn chain<'a>(first: Vec<Found<'a>>, then: Vec<Found<'a>>) -> Vec<Found<'a>> {
    first.into_iter().chain(then).collect()
}

/// The lines that the texts show: in the declaring file, then wherever it is imported or known by its name.
fn from_sources<'a>(named: &Named<'a>, sources: &'a Sources) -> Vec<Found<'a>> {
    let mut found = in_text(&named.holder, named.text, named.script);
    for (text, script) in sources.own_texts() {
        if text.path() == named.text.path() {
            continue;
        }
        for holder in names_in(named, text) {
            found.extend(in_text(&holder, text, script));
        }
    }
    if found.is_empty() && !matches!(named.holder, HolderRef::Variable { .. }) {
        let anywhere = unplaced(&named.holder);
        found = sources
            .own_texts()
            .flat_map(|(text, script)| in_text(&anywhere, text, script))
            .collect();
    }
    found
}

fn in_text<'a>(holder: &HolderRef, text: &'a SourceText, script: &'a Script) -> Vec<Found<'a>> {
    let mut sites = with_parsed(text, |parsed| parsed.growth_sites(holder));
    // What runs once while the module loads makes nothing grow with the load.
    sites.retain(|site| site.phase == Phase::InFunction);
    sites
        .into_iter()
        .map(|site| Found {
            role: role(site.role),
            extent: site.extent,
            text,
            script,
            function: None,
            call: None,
        })
        .collect()
}

/// How another file names the holder: by what it imports from the file that declares it.
pub(crate) fn names_in(named: &Named<'_>, text: &SourceText) -> Vec<HolderRef> {
    let mut imports = with_parsed(text, |parsed| parsed.imports());
    imports.retain(|import| leads_to(&import.module, text.path(), named.text.path()));
    if imports.is_empty() {
        return Vec::new();
    }
    let exports = with_parsed(named.text, |parsed| parsed.exported_names());
    imports
        .iter()
        .flat_map(|import| imported(&named.holder, import, &exports))
        .collect()
}

fn imported(holder: &HolderRef, import: &Import, exports: &[Export]) -> Vec<HolderRef> {
    let Some(local) = &import.local else {
        return Vec::new();
    };
    match holder {
        HolderRef::Variable { name, .. } => {
            let local = HolderRef::variable(local.clone());
            let mut names: Vec<&str> = exports
                .iter()
                .filter(|export| export.local.as_ref() == Some(name))
                .map(|export| export.name.as_str())
                .collect();
            if names.is_empty() {
                // Exported in a way that the text does not show; the name is likely to be kept.
                names.push(name);
            }
            names
                .into_iter()
                .filter_map(|name| exported_as(name, &import.imported, &local, exports))
                .collect()
        }
        HolderRef::Property { object, name } => imported(object, import, exports)
            .into_iter()
            .map(|object| object.property(name.clone()))
            .collect(),
        // An instance reaches other files under names of its own.
        HolderRef::Field { .. } | HolderRef::Global { .. } => Vec::new(),
    }
}

/// What is exported as `name`, for a file that has `local` for what it imports.
fn exported_as(
    name: &str,
    imported: &ImportedName,
    local: &HolderRef,
    exports: &[Export],
) -> Option<HolderRef> {
    const WHOLE: &str = "module.exports";
    let member = || Some(local.clone().property(name));
    match (imported, name) {
        (ImportedName::Module | ImportedName::Default, WHOLE)
        | (ImportedName::Default, "default") => Some(local.clone()),
        (ImportedName::Module, _) => member(),
        // The default import of a CommonJS module is all that it exports.
        (ImportedName::Default, _) => {
            let has_default = |export: &Export| matches!(export.name.as_str(), WHOLE | "default");
            (!exports.iter().any(has_default)).then(member).flatten()
        }
        (ImportedName::Named(picked), _) => (picked == name).then(|| local.clone()),
    }
}

/// The calls to which the functions among the members were handed.
fn from_members<'a>(holder: &GrowingHolder, sources: &'a Sources) -> Vec<Found<'a>> {
    holder
        .places
        .iter()
        .take(PLACES)
        .filter_map(|place| from_member(holder, place, sources))
        .collect()
}

fn from_member<'a>(
    holder: &GrowingHolder,
    member: &MemberPlace,
    sources: &'a Sources,
) -> Option<Found<'a>> {
    let located = sources.locate(&member.place.url, position(&member.place))?;
    let at = located.position;
    with_parsed(located.text, |parsed| {
        let call = if member.is_class {
            None
        } else {
            parsed.call_around(at)
        };
        let opened = call
            .as_ref()
            .filter(|_| holder.pattern == Some(Pattern::UnclosedStream))
            .and_then(|call| opener(&parsed.calls(), call));
        let call = opened.or(call);
        let extent = match &call {
            Some(call) if holder.pattern != Some(Pattern::ClosureCapture) => call.extent,
            _ => parsed.function_at(at)?.function.extent,
        };
        let role = match holder.pattern {
            Some(Pattern::UnremovedListener) => SiteRole::Registers,
            Some(Pattern::PendingAsync) => SiteRole::Starts,
            Some(Pattern::UnclosedStream) => SiteRole::Opens,
            Some(Pattern::ClosureCapture) => SiteRole::Captures,
            _ => role_of_call(call.as_ref()),
        };
        let function = (!member.is_class).then_some(at);
        Some(Found {
            role,
            extent,
            text: located.text,
            script: located.script,
            function,
            call,
        })
    })
}

/// The call that made the object of another call in the same function: `connect(…)` for `socket.on(…)`.
pub(crate) fn opener(calls: &[CallSite], of: &CallSite) -> Option<CallSite> {
    let is_opener = |call: &&CallSite| {
        call.bound_to.is_some() && call.bound_to == of.object && call.function == of.function
    };
    of.function.as_ref()?;
    calls.iter().find(is_opener).cloned()
}

fn role_of_call(call: Option<&CallSite>) -> SiteRole {
    let Some(call) = call else {
        return SiteRole::Captures;
    };
    match call.method.as_deref() {
        Some("on" | "once" | "addListener" | "addEventListener" | "prependListener") => {
            SiteRole::Registers
        }
        Some("setInterval" | "setTimeout" | "setImmediate" | "Promise") => SiteRole::Starts,
        Some("push" | "unshift") => SiteRole::Appends,
        _ if call.kind == CallKind::Assignment => SiteRole::Registers,
        _ => SiteRole::Captures,
    }
}

const fn role(role: stanch_js_source::SiteRole) -> SiteRole {
    use stanch_js_source::SiteRole as Source;
    match role {
        Source::Inserts => SiteRole::Inserts,
        Source::Registers => SiteRole::Registers,
        Source::Captures => SiteRole::Captures,
        Source::Opens => SiteRole::Opens,
        Source::Starts => SiteRole::Starts,
        Source::Appends => SiteRole::Appends,
    }
}
