//! How newcomers hang on their holder, and what they are, into one of the six patterns with the reason for it.

use stanch_heap_graph::{HeapGraph, NodeKind};
use stanch_leak_patterns::{Confidence, Pattern};

use crate::anchor::{Anchor, Origin};
use crate::group::{Group, Slot};
use crate::members::{Linked, Members};
use crate::trail::{Link, LinkKind, Trail};
use crate::traits::Trait;

/// A pattern, or none, and why.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Reading {
    pub(crate) pattern: Option<Pattern>,
    pub(crate) confidence: Confidence,
    pub(crate) reason: String,
}

/// Part of the members that decides. Half of them is every entry of a Map whose keys and values are both objects, give
/// or take one.
const MOST: f64 = 0.45;

/// What a holder and its newcomers look like.
pub(crate) struct Shape<'a> {
    pub(crate) graph: &'a HeapGraph,
    pub(crate) group: &'a Group,
    pub(crate) trail: &'a Trail,
    pub(crate) anchor: Option<&'a Anchor>,
    pub(crate) members: &'a Members,
}

/// Reads the pattern off a shape; the most telling signs come first.
pub(crate) fn read(shape: &Shape<'_>) -> Reading {
    let readings = [
        timers, listeners, streams, exchanges, pending, functions, texts, arrays, links, entries,
        buffers,
    ];
    readings
        .iter()
        .find_map(|reading| reading(shape))
        .unwrap_or_else(|| Reading {
            pattern: None,
            confidence: Confidence::Low,
            reason: "the newcomers hang on it in none of the ways that the six patterns know"
                .to_owned(),
        })
}

fn reading(pattern: Pattern, confidence: Confidence, reason: &str) -> Option<Reading> {
    Some(Reading {
        pattern: Some(pattern),
        confidence,
        reason: reason.to_owned(),
    })
}

impl Shape<'_> {
    fn holder_class(&self) -> &str {
        self.graph.name(self.group.owner)
    }

    fn share(&self, sought: Trait) -> f64 {
        self.members.share(sought)
    }

    fn passes(&self, is_sign: impl Fn(&Link) -> bool) -> bool {
        self.trail.links.iter().any(is_sign)
    }

    /// Whether the holder is a part of an emitter: its table of handlers, or the emitter itself.
    fn is_under_events(&self) -> bool {
        let named = |kind: &LinkKind| matches!(kind, LinkKind::Property(name) if name == "_events" || name.contains("kEvents") || name.contains("kListeners"));
        // Only the few steps next to the holder: a cache behind some listener's closure is no listener.
        self.trail
            .links
            .iter()
            .take(3)
            .any(|link| named(&link.kind))
            || matches!(&self.group.slot, Slot::Named(name) if name == "_events" || name.contains("kEvents"))
    }

    fn is_in_user_container(&self) -> bool {
        matches!(
            self.holder_class(),
            "Array" | "Map" | "Set" | "Object" | "WeakMap" | "WeakSet" | "system / Context"
        ) && self.anchor.is_some()
    }

    /// Whether the holder has its members under keys.
    fn is_keyed(&self) -> bool {
        matches!(self.holder_class(), "Map" | "Object") && self.group.slot == Slot::Members
    }

    /// Whether the functions nearest to the members are a package's: what the service keeps is a value to it, no code of
    /// its own.
    fn is_made_by_a_package(&self) -> bool {
        let functions = self.members.places.iter();
        let nearest = functions
            .filter(|place| !place.is_class)
            .max_by_key(|place| place.count);
        nearest.is_some_and(|place| matches!(Origin::of_url(&place.place.url), Origin::Package(_)))
    }

    fn anchor_says(&self, words: &[&str]) -> bool {
        self.anchor.is_some_and(|anchor| {
            let name = anchor.qualified().to_ascii_lowercase();
            words.iter().any(|word| name.contains(word))
        })
    }

    /// Whether there are streams among the newcomers.
    fn has_streams(&self) -> bool {
        self.members.streams > 0
    }
}

fn timers(shape: &Shape<'_>) -> Option<Reading> {
    let listed = shape.holder_class() == "TimersList"
        || shape.passes(|link| matches!(&link.kind, LinkKind::Variable(name) if name == "timerListQueue" || name == "timerListMap"));
    if shape.share(Trait::Timer) >= MOST || (listed && shape.share(Trait::Timer) > 0.0) {
        return reading(
            Pattern::PendingAsync,
            Confidence::High,
            "each newcomer is a timer that is still due",
        );
    }
    None
}

fn listeners(shape: &Shape<'_>) -> Option<Reading> {
    if shape.share(Trait::Listener) >= MOST {
        return reading(
            Pattern::UnremovedListener,
            Confidence::High,
            "each newcomer is a listener that is still registered",
        );
    }
    if shape.is_under_events() {
        let by_runtime =
            shape.share(Trait::RuntimeFunction) >= MOST && shape.members.readable_share() < MOST;
        if by_runtime && shape.has_streams() {
            return reading(
                Pattern::UnclosedStream,
                Confidence::Medium,
                "streams that are piped to or from it stay attached through its listeners",
            );
        }
        return reading(
            Pattern::UnremovedListener,
            Confidence::High,
            "the newcomers are handlers in an emitter's table",
        );
    }
    let called = [
        "listener",
        "subscriber",
        "handler",
        "observer",
        "subscription",
    ];
    if shape.share(Trait::Function) >= MOST
        && shape.is_in_user_container()
        && shape.anchor_says(&called)
    {
        return reading(
            Pattern::UnremovedListener,
            Confidence::Medium,
            "functions pile up in a list of handlers",
        );
    }
    let observed = ["listener", "subscriber", "observer", "subscription"];
    if shape.share(Trait::Data) >= MOST
        && shape.members.readable_share() >= MOST
        && shape.is_in_user_container()
        && shape.anchor_says(&observed)
    {
        return reading(
            Pattern::UnremovedListener,
            Confidence::Medium,
            "objects with functions to call pile up in a list of observers",
        );
    }
    None
}

fn streams(shape: &Shape<'_>) -> Option<Reading> {
    if shape.share(Trait::Port) >= MOST {
        return reading(
            Pattern::UnclosedStream,
            Confidence::High,
            "each newcomer is a message port that nobody has closed",
        );
    }
    if shape.share(Trait::Stream) >= MOST {
        return reading(
            Pattern::UnclosedStream,
            Confidence::High,
            "each newcomer is a stream, socket or file that is still open",
        );
    }
    let streaming = shape.members.classes.iter().any(|class| {
        matches!(
            class.class.as_str(),
            "ReadableState" | "WritableState" | "Socket" | "ReadStream" | "FileHandle"
        )
    });
    if streaming && !shape.is_in_user_container() && shape.share(Trait::Exchange) < MOST {
        return reading(
            Pattern::UnclosedStream,
            Confidence::Medium,
            "streams among the newcomers are still open",
        );
    }
    None
}

fn exchanges(shape: &Shape<'_>) -> Option<Reading> {
    if shape.share(Trait::Exchange) < MOST {
        return None;
    }
    match shape.holder_class() {
        "Map" | "Set" => reading(
            Pattern::UnboundedCache,
            Confidence::Medium,
            "requests or responses are kept as entries",
        ),
        _ if shape.is_in_user_container() => reading(
            Pattern::UnboundedLog,
            Confidence::High,
            "requests or responses are kept after they have ended",
        ),
        _ => reading(
            Pattern::UnclosedStream,
            Confidence::Low,
            "requests or responses never end",
        ),
    }
}

fn pending(shape: &Shape<'_>) -> Option<Reading> {
    if shape.share(Trait::Pending) >= MOST {
        return reading(
            Pattern::PendingAsync,
            Confidence::High,
            "each newcomer waits for a promise that nobody has settled",
        );
    }
    if shape.holder_class() == "Promise" {
        return reading(
            Pattern::PendingAsync,
            Confidence::High,
            "reactions pile up on a promise that nobody has settled",
        );
    }
    None
}

fn functions(shape: &Shape<'_>) -> Option<Reading> {
    let direct = shape.share(Trait::Function) + shape.share(Trait::Context);
    if direct >= MOST && shape.is_keyed() && shape.is_made_by_a_package() {
        return reading(
            Pattern::UnboundedCache,
            Confidence::Medium,
            "functions that a package made, such as compiled templates, are kept under ever new keys",
        );
    }
    if direct >= MOST {
        return reading(
            Pattern::ClosureCapture,
            Confidence::High,
            "stored functions keep the variables of their scope alive",
        );
    }
    if shape.members.captured_share >= MOST {
        return reading(
            Pattern::ClosureCapture,
            Confidence::Medium,
            "most of the newcomers' bytes hang on variables of stored functions",
        );
    }
    None
}

fn texts(shape: &Shape<'_>) -> Option<Reading> {
    let replaced = matches!(shape.group.slot, Slot::Named(_));
    let text = shape.group.tops.iter().all(|&top| {
        matches!(
            shape.graph.kind(top),
            NodeKind::ConsString | NodeKind::String | NodeKind::SlicedString
        )
    });
    if replaced && text && !shape.group.tops.is_empty() {
        return reading(
            Pattern::UnboundedLog,
            Confidence::High,
            "a text grows by concatenation",
        );
    }
    None
}

fn arrays(shape: &Shape<'_>) -> Option<Reading> {
    let replaced = matches!(shape.group.slot, Slot::Named(_))
        && shape.group.tops.iter().all(|&top| {
            shape.graph.name(top) == "Array" && shape.graph.kind(top) == NodeKind::Object
        })
        && !shape.group.tops.is_empty();
    if shape.holder_class() != "Array" && !replaced {
        return None;
    }
    if shape.anchor_says(&["cache", "memo", "seen", "session"]) {
        return reading(
            Pattern::UnboundedCache,
            Confidence::Medium,
            "an array is used as a cache and drops nothing",
        );
    }
    if matches!(shape.anchor.map(Anchor::origin), Some(Origin::Package(_))) {
        return reading(
            Pattern::UnboundedLog,
            Confidence::Medium,
            "an array inside a package only grows",
        );
    }
    reading(
        Pattern::UnboundedLog,
        Confidence::High,
        "an array is appended to and nothing is taken out",
    )
}

fn links(shape: &Shape<'_>) -> Option<Reading> {
    let chained = matches!(shape.members.linked, Some((_, Linked::Chain)));
    if !chained || shape.anchor.is_none() || !matches!(shape.group.slot, Slot::Named(_)) {
        return None;
    }
    reading(
        Pattern::UnboundedLog,
        Confidence::Medium,
        "a chain of records, each behind the next, of which none is let go",
    )
}

fn entries(shape: &Shape<'_>) -> Option<Reading> {
    let replaced_object = matches!(shape.group.slot, Slot::Named(_))
        && shape
            .group
            .tops
            .iter()
            .all(|&top| matches!(shape.graph.name(top), "Object" | "Map" | "Set"))
        && !shape.group.tops.is_empty();
    match shape.holder_class() {
        "Map" | "Set" => reading(
            Pattern::UnboundedCache,
            Confidence::High,
            "entries are added and none is removed",
        ),
        "WeakMap" | "WeakSet" => reading(
            Pattern::UnboundedCache,
            Confidence::Medium,
            "its keys live as long as the process, so no entry ever goes",
        ),
        _ if shape.group.slot == Slot::Members && shape.anchor.is_some() => reading(
            Pattern::UnboundedCache,
            Confidence::High,
            "properties are added and none is removed",
        ),
        _ if replaced_object && shape.anchor.is_some() => reading(
            Pattern::UnboundedCache,
            Confidence::Medium,
            "it is replaced by ever larger copies",
        ),
        _ => None,
    }
}

fn buffers(shape: &Shape<'_>) -> Option<Reading> {
    (shape.share(Trait::Buffer) >= MOST && shape.anchor.is_none()).then(|| Reading {
        pattern: Some(Pattern::UnclosedStream),
        confidence: Confidence::Low,
        reason: "buffers that no variable of the sources holds".to_owned(),
    })
}
