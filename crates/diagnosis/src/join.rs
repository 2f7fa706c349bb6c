//! Growing holders and the texts of their scripts into suspects.

use stanch_heap_growth::{Anchor, GrowingHolder, Growth, Origin, Step};
use stanch_js_source::{Extent, HolderRef, SourceText, with_parsed};
use stanch_leak_patterns::{Bytes, BytesPerRequest, Confidence, Pattern, Place};

use crate::allocated::Allocation;
use crate::frames::frame;
use crate::model::{CodeFrame, Holder, HolderGrowth, Objects, Site, SiteRole, Suspect};
use crate::opened::opened;
use crate::place::{Named, named, written};
use crate::registered::registered;
use crate::remedy::{Ailment, Cause, remedy};
use crate::sources::{Script, Sources};
use crate::spelled::spelled;
use crate::trace::{Found, names_in, sites};

/// Suspects reported; more than a handful of holders seldom matter at once.
const SUSPECTS: usize = 5;

/// What the growth was measured under.
#[derive(Debug, Clone, Default)]
pub struct Join {
    /// Requests completed between the first snapshot and the last; 0 when unknown.
    pub requests: u64,
    /// The worker thread whose heap it was; none for the main thread.
    pub worker: Option<String>,
    /// What was sampled beside the snapshots: for what the heap does not lead back to the sources.
    pub allocations: Vec<Allocation>,
}

/// The suspects, the likeliest cause first.
#[must_use]
pub fn join(growth: &Growth, sources: &Sources, under: &Join) -> Vec<Suspect> {
    let suspects = growth.holders.iter().take(SUSPECTS);
    (1..)
        .zip(suspects)
        .map(|(rank, holder)| suspect(rank, holder, sources, under))
        .collect()
}

fn suspect(rank: u32, holder: &GrowingHolder, sources: &Sources, under: &Join) -> Suspect {
    let holder = spelled(holder, sources);
    let listeners = registered(&holder, sources);
    let holder = listeners.as_ref().unwrap_or(&holder);
    let anchored = holder
        .headline
        .anchor
        .as_ref()
        .and_then(|anchor| named(anchor, sources));
    let mut found = sites(holder, anchored.as_ref(), sources);
    let is_nameless = anchored.is_none() && found.is_empty();
    if is_nameless && holder.pattern == Some(Pattern::UnclosedStream) {
        found = opened(&under.allocations, sources);
    }
    let user = into_package(holder).and_then(|anchor| named(anchor, sources));
    let declaration = declared(anchored.as_ref()).or_else(|| opened_into(&found));
    let place = declaration.or_else(|| found.first().map(Declared::site));
    let name = name(holder, &found);
    let package = package(holder, anchored.as_ref(), sources);
    let mut marks: Vec<Mark<'_>> = Vec::new();
    if let Some(declared) = &declaration {
        marks.push(declared.mark(&format!("`{name}` is declared here")));
    }
    let calls = user
        .as_ref()
        .and_then(|user| Some(calls(user, sources, declared(Some(user))?)));
    let sites = all_sites(&found, calls.unwrap_or_default(), &mut marks);
    let ailment = Ailment {
        pattern: holder.pattern,
        name: &name,
        class: &holder.class,
        package: package.as_deref(),
        holder: anchored.as_ref().map(|named| (&named.holder, named.text)),
        causes: causes(&found),
        captured: holder
            .capture
            .as_ref()
            .map(|capture| capture.variable.as_str()),
        reason: &holder.reason,
    };
    Suspect {
        rank,
        pattern: holder.pattern,
        confidence: confidence(holder, place.is_some() && !is_nameless),
        remedy: remedy(&ailment),
        holder: Holder {
            qualified: holder
                .headline
                .anchor
                .as_ref()
                .map(Anchor::qualified)
                .filter(|full| *full != name),
            kind: holder.class.clone(),
            location: place.as_ref().map(Declared::place),
            generated: place.as_ref().and_then(Declared::generated),
            package,
            worker: under.worker.clone(),
            name,
        },
        growth: growth_of(holder, under.requests),
        sites,
        path: path(holder, anchored.as_ref()),
        objects: objects(holder),
        reasons: reasons(holder, sources),
        frames: frames(marks),
    }
}

/// A place that stands for the holder.
#[derive(Clone, Copy)]
struct Declared<'a> {
    extent: Extent,
    text: &'a SourceText,
    script: &'a Script,
}

impl<'a> Declared<'a> {
    /// A call stands for what it has started.
    fn site(site: &Found<'a>) -> Self {
        Self {
            extent: site.extent,
            text: site.text,
            script: site.script,
        }
    }

    fn place(&self) -> Place {
        self.extent.from.place(self.text.path())
    }

    fn generated(&self) -> Option<Place> {
        self.script.generated(self.text, self.extent.from)
    }

    fn mark(&self, label: &str) -> Mark<'a> {
        Mark {
            extent: self.extent,
            text: self.text,
            label: label.to_owned(),
        }
    }
}

struct Mark<'a> {
    extent: Extent,
    text: &'a SourceText,
    label: String,
}

fn declared<'a>(named: Option<&Named<'a>>) -> Option<Declared<'a>> {
    let named = named?;
    let declaration = named.declaration.as_ref()?;
    Some(Declared {
        extent: declaration.name,
        text: named.text,
        script: named.script,
    })
}

/// For what no variable holds: the variable that was opened and that the members' call belongs to.
fn opened_into<'a>(found: &[Found<'a>]) -> Option<Declared<'a>> {
    let site = found.first().filter(|site| site.role == SiteRole::Opens)?;
    Some(Declared {
        extent: object_declaration(site)?,
        ..Declared::site(site)
    })
}

/// Where `socket` of `socket.on('message', …)` is declared: that is where it was opened.
fn object_declaration(site: &Found<'_>) -> Option<Extent> {
    let call = site.call.as_ref()?;
    let object = call.bound_to.clone().or_else(|| call.object.clone())?;
    let holder = HolderRef::Variable {
        name: object,
        inside: site.function,
    };
    let declaration = with_parsed(site.text, |parsed| parsed.declaration(&holder))?;
    declaration.function.is_some().then_some(declaration.name)
}

fn name(holder: &GrowingHolder, found: &[Found<'_>]) -> String {
    if let Some(anchor) = &holder.headline.anchor {
        return anchor.name().to_owned();
    }
    let call = found.first().and_then(|site| site.call.as_ref());
    let from_call = call.and_then(|call| match holder.pattern {
        Some(Pattern::UnremovedListener | Pattern::UnclosedStream) => {
            let bound = call.bound_to.clone();
            let object = call
                .object
                .clone()
                .filter(|object| !is_imported(object, found));
            bound.or(object).or_else(|| call.method.clone())
        }
        _ => call.method.clone(),
    });
    from_call.unwrap_or_else(|| holder.class.clone())
}

/// Whether the object of a call is a module: `fs` of `fs.watch(…)` says nothing about what was opened.
fn is_imported(object: &str, found: &[Found<'_>]) -> bool {
    found.first().is_some_and(|site| {
        let imports = with_parsed(site.text, |parsed| parsed.imports());
        imports
            .iter()
            .any(|import| import.local.as_deref() == Some(object))
    })
}

/// `name@version` of the package whose code the holder is a part of.
fn package(holder: &GrowingHolder, named: Option<&Named<'_>>, sources: &Sources) -> Option<String> {
    if let Some(package) = named.and_then(|named| named.script.package.clone()) {
        return Some(package);
    }
    let inner = holder.headline.inner_origin.as_ref()?;
    let Origin::Package(name) = inner else {
        return None;
    };
    Some(
        sources
            .package_version(name)
            .unwrap_or_else(|| name.clone()),
    )
}

/// The service's own name for what lives in a package.
fn into_package(holder: &GrowingHolder) -> Option<&Anchor> {
    let in_package = matches!(holder.headline.inner_origin, Some(Origin::Package(_)));
    holder
        .headline
        .user_anchor
        .as_ref()
        .or_else(|| holder.headline.anchor.as_ref().filter(|_| in_package))
}

/// Calls into a package through the service's own variable, and that variable's declaration.
fn calls<'a>(user: &Named<'a>, sources: &'a Sources, at: Declared<'a>) -> Vec<Declared<'a>> {
    const CALLS: usize = 3;
    let variable = Named {
        holder: variable_of(&user.holder).clone(),
        ..user.clone()
    };
    let mut found = Vec::new();
    for (text, script) in sources.own_texts() {
        let is_own = text.path() == user.text.path();
        let names = if is_own {
            vec![variable.holder.clone()]
        } else {
            names_in(&variable, text)
        };
        let names: Vec<String> = names.iter().filter_map(written).collect();
        let calls = with_parsed(text, |parsed| parsed.calls());
        let ours = calls.into_iter().filter(|call| {
            let is_named =
                |name: &String| call.callee == *name || call.object.as_ref() == Some(name);
            call.function.is_some() && names.iter().any(is_named)
        });
        found.extend(ours.map(|call| Declared {
            extent: call.extent,
            text,
            script,
        }));
    }
    found.truncate(CALLS);
    found.push(at);
    found
}

fn variable_of(holder: &HolderRef) -> &HolderRef {
    match holder {
        HolderRef::Property { object, .. } => variable_of(object),
        HolderRef::Variable { .. } | HolderRef::Field { .. } | HolderRef::Global { .. } => holder,
    }
}

fn all_sites<'a>(
    found: &[Found<'a>],
    calls: Vec<Declared<'a>>,
    marks: &mut Vec<Mark<'a>>,
) -> Vec<Site> {
    let mut sites = Vec::new();
    for site in found {
        let here = Declared::site(site);
        marks.push(here.mark(label(site.role)));
        sites.push(Site {
            role: site.role,
            place: here.place(),
            generated: here.generated(),
        });
    }
    for call in calls {
        marks.push(call.mark("the service's own code reaches it here"));
        sites.push(Site {
            role: SiteRole::Calls,
            place: call.place(),
            generated: call.generated(),
        });
    }
    sites
}

const fn label(role: SiteRole) -> &'static str {
    match role {
        SiteRole::Inserts => "an entry goes in here",
        SiteRole::Registers => "a handler is added here",
        SiteRole::Captures => "this function keeps its scope alive",
        SiteRole::Opens => "opened here",
        SiteRole::Starts => "started here",
        SiteRole::Appends => "a record is added here",
        SiteRole::Calls => "called here",
    }
}

fn causes<'a>(found: &[Found<'a>]) -> Vec<Cause<'a>> {
    let own = found.iter().filter(|site| site.script.package.is_none());
    own.map(|site| Cause {
        text: site.text,
        extent: site.extent,
        role: site.role,
        function: site.function,
    })
    .collect()
}

/// A place that the heap leads to makes it sure; without one the reader has the class, the path, and what was sampled.
fn confidence(holder: &GrowingHolder, is_led_to: bool) -> Confidence {
    if is_led_to {
        holder.confidence
    } else {
        holder.confidence.min(Confidence::Medium)
    }
}

fn growth_of(holder: &GrowingHolder, requests: u64) -> HolderGrowth {
    let grown = holder.retained.last().copied().unwrap_or(0);
    #[expect(clippy::cast_precision_loss, reason = "a rate for people")]
    let per_request = (requests > 0).then(|| BytesPerRequest(grown as f64 / requests as f64));
    HolderGrowth {
        count: holder.count.clone(),
        retained: holder.retained.iter().map(|bytes| Bytes(*bytes)).collect(),
        per_request,
        share: holder.share,
    }
}

fn path(holder: &GrowingHolder, named: Option<&Named<'_>>) -> Vec<String> {
    let module = named.map(|named| format!("(module) {}", named.text.path()));
    let steps = holder
        .path
        .iter()
        .map(|Step { name, class }| format!("{name}: {class}"));
    module.into_iter().chain(steps).collect()
}

fn objects(holder: &GrowingHolder) -> Vec<Objects> {
    let classes = holder.classes.iter();
    classes
        .map(|row| Objects {
            class: row.class.clone(),
            count: row.count,
            bytes: Bytes(row.bytes),
        })
        .collect()
}

fn reasons(holder: &GrowingHolder, sources: &Sources) -> Vec<String> {
    let mut reasons = vec![holder.reason.clone()];
    if let Some(capture) = &holder.capture
        && holder.pattern == Some(Pattern::ClosureCapture)
    {
        let place = sources.locate(
            &capture.function.url,
            crate::place::position(&capture.function),
        );
        let place = place.map(|located| located.position.place(located.text.path()).to_string());
        reasons.push(format!(
            "`{}` ({}) is what they keep: {:.0} % of it{}",
            capture.variable,
            capture.value_class,
            capture.share * 100.0,
            place
                .map(|place| format!(", through the function at {place}"))
                .unwrap_or_default()
        ));
    }
    reasons
}

fn frames(marks: Vec<Mark<'_>>) -> Vec<CodeFrame> {
    let mut frames: Vec<CodeFrame> = Vec::new();
    for mark in marks {
        let frame = frame(mark.text, &mark.extent, mark.label);
        if frames.iter().all(|known| known.place != frame.place) {
            frames.push(frame);
        }
    }
    frames
}
