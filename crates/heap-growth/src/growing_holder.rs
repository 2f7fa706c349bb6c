//! What is said about an object under which newcomers accumulate.

use serde::{Deserialize, Serialize};
use stanch_heap_graph::NodeId;
use stanch_leak_patterns::{Confidence, Pattern};

use crate::anchor::Anchor;
use crate::headline::Headline;
use crate::scripts::ScriptPlace;

/// What has grown between the first snapshot and the last.
#[derive(Debug, Default, Serialize, Deserialize)]
pub struct Growth {
    /// Holders by steady growth, most first.
    pub holders: Vec<GrowingHolder>,
    /// Bytes of all objects that came since the first snapshot, less those that took the place of others.
    pub newcomer_bytes: u64,
    /// URLs or paths of the scripts that readers can open, the service's own and its packages', in order.
    pub scripts: Vec<String>,
}

/// An object under which newcomers accumulate.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct GrowingHolder {
    /// Its id within the session.
    pub id: NodeId,
    /// Its class, such as `Map`.
    pub class: String,
    /// Its name in the sources, chosen from `names`.
    pub headline: Headline,
    /// All names on its path that stand in code which a reader can open, the nearest first.
    pub names: Vec<Anchor>,
    /// From the outermost name to the newcomers.
    pub path: Vec<Step>,
    /// Members at each snapshot; those of the first that are gone by the last are not counted.
    pub count: Vec<u64>,
    /// Bytes of the newcomers at each snapshot, 0 at the first.
    pub retained: Vec<u64>,
    /// Bytes that came in the steadiest way: the slowest step's rate, over the whole series.
    pub steady_bytes: u64,
    /// Its part of all newcomers' bytes, 0 to 1.
    pub share: f64,
    /// Newcomers by class, most bytes first.
    pub classes: Vec<ClassCount>,
    /// Functions and classes of readable code among the members, most frequent first: the nearest of each member, the
    /// service's own before its packages'.
    pub places: Vec<MemberPlace>,
    /// All functions of readable code that the members lead to, most frequent first.
    pub further_places: Vec<MemberPlace>,
    /// The variable through which stored functions keep most.
    pub capture: Option<Capture>,
    /// The pattern; none when the shape fits no single one.
    pub pattern: Option<Pattern>,
    /// How sure holder and pattern are.
    pub confidence: Confidence,
    /// Why this pattern, in one clause.
    pub reason: String,
}

/// Newcomers of one class.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClassCount {
    /// The class, as DevTools names it.
    pub class: String,
    /// How many.
    pub count: u64,
    /// Their own bytes.
    pub bytes: u64,
}

/// A function or class that members of a holder lead to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MemberPlace {
    /// Where it was written.
    pub place: ScriptPlace,
    /// Its name; empty for an anonymous function.
    pub name: String,
    /// Sampled members that lead to it.
    pub count: u64,
    /// Whether the members are instances of a class rather than lead to a function.
    pub is_class: bool,
}

/// A variable that stored functions keep alive.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Capture {
    /// Its name.
    pub variable: String,
    /// A stored function whose scope has it; the function need not use it.
    pub function: ScriptPlace,
    /// Class of the value.
    pub value_class: String,
    /// Its part of the members' bytes, 0 to 1.
    pub share: f64,
}

/// One readable step of a path.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Step {
    /// How the object is held: a name, `[…]` for entries, or what V8 calls it in brackets.
    pub name: String,
    /// Its class.
    pub class: String,
}
