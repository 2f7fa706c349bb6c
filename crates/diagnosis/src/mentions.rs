//! A named promise or stream into the calls that hang something on it, wherever a file knows it by name.

use stanch_js_source::{CallSite, SourceText, with_parsed};

use crate::model::SiteRole;
use crate::place::{Named, written};
use crate::sources::{Script, Sources};
use crate::trace::{Found, names_in, opener};

/// Where a promise that nobody settles is waited for: each wait leaves a reaction behind.
pub(crate) fn waits<'a>(named: &Named<'a>, sources: &'a Sources) -> Vec<Found<'a>> {
    calls_about(named, sources, SiteRole::Starts, waits_for)
}

/// Where streams are piped to or from a stream that outlives them, and where those were opened.
pub(crate) fn pipes<'a>(named: &Named<'a>, sources: &'a Sources) -> Vec<Found<'a>> {
    let mut found = calls_about(named, sources, SiteRole::Opens, is_piped);
    if found.is_empty() {
        found = calls_by_name(named, sources, SiteRole::Opens, is_piped);
    }
    let opened: Vec<Found<'a>> = found
        .iter()
        .filter_map(|pipe| {
            let calls = with_parsed(pipe.text, |parsed| parsed.calls());
            let call = opener(&calls, pipe.call.as_ref()?)?;
            Some(Found {
                extent: call.extent,
                call: Some(call),
                ..pipe.clone()
            })
        })
        .collect();
    found.extend(opened);
    found
}

fn calls_about<'a>(
    named: &Named<'a>,
    sources: &'a Sources,
    role: SiteRole,
    is_meant: impl Fn(&CallSite, &str, &SourceText) -> bool,
) -> Vec<Found<'a>> {
    let mut found = Vec::new();
    for (text, script) in sources.own_texts() {
        let mut names = names_in(named, text);
        if text.path() == named.text.path() {
            names.push(named.holder.clone());
        }
        for name in names.iter().filter_map(written) {
            found.extend(calls_in(text, script, role, |call| {
                is_meant(call, &name, text)
            }));
        }
    }
    found
}

/// The same in files that get the holder handed in: parameters mostly have the name of what they are for.
fn calls_by_name<'a>(
    named: &Named<'a>,
    sources: &'a Sources,
    role: SiteRole,
    is_meant: impl Fn(&CallSite, &str, &SourceText) -> bool,
) -> Vec<Found<'a>> {
    let Some(name) = written(&named.holder) else {
        return Vec::new();
    };
    sources
        .own_texts()
        .flat_map(|(text, script)| calls_in(text, script, role, |call| is_meant(call, &name, text)))
        .collect()
}

fn calls_in<'a>(
    text: &'a SourceText,
    script: &'a Script,
    role: SiteRole,
    is_meant: impl Fn(&CallSite) -> bool,
) -> Vec<Found<'a>> {
    let calls = with_parsed(text, |parsed| parsed.calls());
    let meant = calls.into_iter().filter(is_meant);
    meant
        .map(|call| Found {
            role,
            extent: call.extent,
            text,
            script,
            function: None,
            call: Some(call),
        })
        .collect()
}

fn waits_for(call: &CallSite, name: &str, text: &SourceText) -> bool {
    match call.method.as_deref() {
        Some("then" | "catch" | "finally") => call.object.as_deref() == Some(name),
        Some("race" | "any" | "all" | "allSettled")
            if call.object.as_deref() == Some("Promise") =>
        {
            is_argument(call, name, text)
        }
        _ => false,
    }
}

fn is_piped(call: &CallSite, name: &str, text: &SourceText) -> bool {
    // What is piped once while the module loads makes nothing grow with the load.
    call.function.is_some()
        && match call.method.as_deref() {
            Some("pipe" | "pipeTo" | "pipeThrough") => {
                call.object.as_deref() == Some(name) || is_argument(call, name, text)
            }
            Some("pipeline" | "compose") => is_argument(call, name, text),
            _ => false,
        }
}

/// Whether the name is a word of one of the arguments, and not that of a member of something else.
fn is_argument(call: &CallSite, name: &str, text: &SourceText) -> bool {
    let is_part = |c: char| c.is_alphanumeric() || c == '_' || c == '$';
    call.arguments.iter().any(|argument| {
        let shown = text.slice(argument.start, argument.end);
        shown.match_indices(name).any(|(at, _)| {
            let (before, after) = (&shown[..at], &shown[at + name.len()..]);
            let is_member = before.ends_with('.') && !before.ends_with("...");
            !is_member && !before.ends_with(is_part) && !after.starts_with(is_part)
        })
    })
}
