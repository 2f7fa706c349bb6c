//! A trail from a holder towards the root into the name that a reader of the sources knows the holder by.

use serde::{Deserialize, Serialize};
use stanch_heap_graph::NodeKind;

use crate::scripts::ScriptPlace;
use crate::trail::{Link, LinkKind, Trail, Trails};

/// Whose code a script is.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Origin {
    /// The service's own.
    User,
    /// An installed package's, by its name such as `lru-cache` or `@scope/name`.
    Package(String),
    /// Node's own.
    Runtime,
    /// Not known: built in, or compiled from a string.
    Unknown,
}

impl Origin {
    /// Whose code the script at `url` is.
    #[must_use]
    pub fn of_url(url: &str) -> Self {
        if url.is_empty() || url.starts_with("evalmachine") {
            return Self::Unknown;
        }
        if url.starts_with("node:") {
            return Self::Runtime;
        }
        match url.rfind("/node_modules/") {
            Some(at) => Self::Package(package_name(&url[at + "/node_modules/".len()..])),
            None => Self::User,
        }
    }

    /// Whether a reader can open the source: the service's own or a package's.
    #[must_use]
    pub fn is_readable(&self) -> bool {
        matches!(self, Self::User | Self::Package(_))
    }
}

fn package_name(path: &str) -> String {
    let parts = if path.starts_with('@') { 2 } else { 1 };
    path.split('/').take(parts).collect::<Vec<_>>().join("/")
}

/// What a holder is called in the sources.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Anchor {
    /// A variable of a module or function.
    Variable {
        /// Its name.
        name: String,
        /// A function that sees the variable.
        seen_by: ScriptPlace,
    },
    /// A variable of a block, of which V8 keeps the value but not the name.
    BlockVariable {
        /// What the source has to be asked about.
        slot: BlockSlot,
        /// A function that sees the variable.
        seen_by: ScriptPlace,
    },
    /// A variable that an ES module exports.
    Export {
        /// Its exported name.
        name: String,
        /// A function of the module, where one is known.
        module: Option<ScriptPlace>,
    },
    /// A field of a class's instances.
    Field {
        /// The field's name, `#` included for private ones; for a symbol what V8 calls it, `<symbol state>`, until
        /// somebody has asked the source.
        name: String,
        /// The class.
        class: String,
        /// The class's constructor.
        constructor: ScriptPlace,
    },
    /// An instance of a class of the service, where what holds it gives it no name: in a container of services, a registry.
    Instance {
        /// The class.
        class: String,
        /// The class's constructor.
        constructor: ScriptPlace,
    },
    /// A property of an object that itself has a name.
    Property {
        /// The property's name.
        name: String,
        /// The object's own name.
        object: Box<Self>,
    },
    /// A property of the global object.
    Global {
        /// Its name.
        name: String,
    },
    /// A property of what a CommonJS module exports.
    ModuleExports {
        /// The module's file.
        file: String,
    },
}

/// A value in the scope of a block: `if`, a loop, `try`. V8 writes no names for them.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct BlockSlot {
    /// The value's class.
    pub class: String,
    /// How many values of that class come before it in the scope.
    pub nth: usize,
    /// How many values of that class the scope has.
    pub of: usize,
}

impl BlockSlot {
    /// What stands for the name as long as nobody has asked the source.
    pub const NAMELESS: &'static str = "(variable of a block)";
}

impl Anchor {
    /// The name at the declaration.
    #[must_use]
    pub fn name(&self) -> &str {
        match self {
            Self::Variable { name, .. }
            | Self::Export { name, .. }
            | Self::Field { name, .. }
            | Self::Property { name, .. }
            | Self::Global { name }
            | Self::Instance { class: name, .. } => name,
            Self::ModuleExports { .. } => "module.exports",
            Self::BlockVariable { .. } => BlockSlot::NAMELESS,
        }
    }

    /// The name with what it belongs to: `state.items`, `SessionStore#sessions`.
    #[must_use]
    pub fn qualified(&self) -> String {
        match self {
            Self::Variable { name, .. } | Self::Export { name, .. } => name.clone(),
            Self::Field { name, class, .. } if name.starts_with(['#', '[', '<']) => {
                format!("{class}{name}")
            }
            Self::Instance { class, .. } => class.clone(),
            Self::Field { name, class, .. } => format!("{class}.{name}"),
            Self::Property { name, object } => format!("{}.{name}", object.qualified()),
            Self::Global { name } if name == "process" => name.clone(),
            Self::Global { name } => format!("globalThis.{name}"),
            Self::ModuleExports { .. } => "module.exports".to_owned(),
            Self::BlockVariable { .. } => BlockSlot::NAMELESS.to_owned(),
        }
    }

    /// Whether it is a property of one of many objects in a collection: `value` of `cache.get(key).value`.
    fn is_of_an_entry(&self, links: &[Link]) -> bool {
        let through_entry = links
            .get(1)
            .is_some_and(|link| matches!(link.kind, LinkKind::Entry | LinkKind::Internal(_)));
        matches!(self, Self::Property { .. }) && through_entry
    }

    /// Whether it is a variable of its own rather than a part of something that has a name.
    pub(crate) const fn is_variable(&self) -> bool {
        matches!(
            self,
            Self::Variable { .. }
                | Self::BlockVariable { .. }
                | Self::Export { .. }
                | Self::Global { .. }
                | Self::ModuleExports { .. }
        )
    }

    /// A place in the script that declares it, where one is known.
    #[must_use]
    pub fn script(&self) -> Option<&ScriptPlace> {
        match self {
            Self::Variable { seen_by, .. } | Self::BlockVariable { seen_by, .. } => Some(seen_by),
            Self::Export { module, .. } => module.as_ref(),
            Self::Field { constructor, .. } | Self::Instance { constructor, .. } => {
                Some(constructor)
            }
            Self::Property { object, .. } => object.script(),
            Self::Global { .. } | Self::ModuleExports { .. } => None,
        }
    }

    /// Whose code declares it.
    #[must_use]
    pub fn origin(&self) -> Origin {
        match self {
            Self::Global { .. } => Origin::User,
            Self::ModuleExports { file } => Origin::of_url(file),
            Self::Property { object, .. } => object.origin(),
            _ => self
                .script()
                .map_or(Origin::Unknown, |place| Origin::of_url(&place.url)),
        }
    }
}

/// The anchors along a trail, nearest to the holder first: names in code that a reader can open.
pub(crate) fn anchors(trails: &Trails<'_>, trail: &Trail) -> Vec<Anchor> {
    let named = (0..trail.links.len()).filter_map(|at| anchor_at(trails, &trail.links[at..]));
    instance(trails, &trail.links)
        .into_iter()
        .chain(named)
        .collect()
}

/// The holder itself where its class is the service's own, `class Settings extends EventEmitter`, and no variable or
/// field holds it.
fn instance(trails: &Trails<'_>, links: &[Link]) -> Option<Anchor> {
    let inherited = links.iter().position(
        |link| matches!(&link.kind, LinkKind::Property(name) if is_of_nodes_classes(name)),
    );
    let (object, held) = match inherited {
        Some(at) => (links[at].from, &links[at + 1..]),
        None => (links.first()?.to, links),
    };
    let constructor = trails.scripts.place(object)?;
    let is_own = trails.graph.kind(object) == NodeKind::Object
        && trails.ages.is_settled(object)
        && Origin::of_url(&constructor.url) == Origin::User;
    if !is_own || anchor_at(trails, held).is_some_and(|anchor| !anchor.is_of_an_entry(held)) {
        return None;
    }
    Some(Anchor::Instance {
        class: trails.graph.name(object).to_owned(),
        constructor,
    })
}

/// Properties that instances have from the classes of Node that theirs extends.
fn is_of_nodes_classes(property: &str) -> bool {
    property.starts_with("_events") || matches!(property, "_readableState" | "_writableState")
}

/// The anchor whose name the first of `links` gives, if it gives one.
fn anchor_at(trails: &Trails<'_>, links: &[Link]) -> Option<Anchor> {
    let (link, further) = links.split_first()?;
    match &link.kind {
        LinkKind::Variable(_) if trails.graph.name(link.to) == "process" => Some(Anchor::Global {
            name: "process".to_owned(),
        }),
        LinkKind::Variable(name) => {
            let seen_by = trails.scripts.function_in(link.from)?;
            Origin::of_url(&seen_by.url)
                .is_readable()
                .then(|| Anchor::Variable {
                    name: name.clone(),
                    seen_by,
                })
        }
        LinkKind::BlockVariable(slot) => {
            let seen_by = trails.scripts.function_in(link.from)?;
            let readable = Origin::of_url(&seen_by.url).is_readable();
            readable.then(|| Anchor::BlockVariable {
                slot: slot.clone(),
                seen_by,
            })
        }
        LinkKind::Export(name) => {
            let context = trails.module_context(link.from);
            let module = context.and_then(|context| trails.scripts.function_in(context));
            Some(Anchor::Export {
                name: name.clone(),
                module,
            })
        }
        LinkKind::Global(name) => Some(Anchor::Global { name: name.clone() }),
        LinkKind::ModuleExports(file) => Some(Anchor::ModuleExports { file: file.clone() }),
        LinkKind::Property(name) => property(trails, link, name, further),
        LinkKind::Entry | LinkKind::Internal(_) => None,
    }
}

/// Whether V8's name of a property is that of a symbol.
fn is_symbol(property: &str) -> bool {
    symbol_description(property).is_some()
}

/// What the symbol of a property was described as, where V8's name of the property says that it is one.
#[must_use]
pub fn symbol_description(property: &str) -> Option<&str> {
    property.strip_prefix("<symbol ")?.strip_suffix('>')
}

fn property(trails: &Trails<'_>, link: &Link, name: &str, further: &[Link]) -> Option<Anchor> {
    let graph = trails.graph;
    if name.starts_with('<') && !is_symbol(name) {
        return None;
    }
    match trails.scripts.place(link.from) {
        Some(constructor) if graph.kind(link.from) == NodeKind::Object => {
            let readable = Origin::of_url(&constructor.url).is_readable();
            // A class that extends one of Node's has the parent's fields too: `_events` is no field of the user's class.
            (readable && !is_of_nodes_classes(name)).then(|| Anchor::Field {
                name: name.to_owned(),
                class: graph.name(link.from).to_owned(),
                constructor,
            })
        }
        // Only classes have private names: a static field, of the class itself.
        Some(constructor)
            if graph.kind(link.from) == NodeKind::Closure && name.starts_with('#') =>
        {
            Some(Anchor::Field {
                name: name.to_owned(),
                class: graph.name(link.from).to_owned(),
                constructor,
            })
        }
        _ if is_symbol(name) => None,
        // A plain object, or a function: its own name comes from what holds it.
        _ => {
            let object = further.iter().enumerate().find_map(|(at, next)| {
                let named = anchor_at(trails, &further[at..]);
                (named.is_some() || !matches!(next.kind, LinkKind::Internal(_))).then_some(named)
            })??;
            Some(Anchor::Property {
                name: name.to_owned(),
                object: Box::new(object),
            })
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Origin;

    #[test]
    fn origin_follows_the_url() {
        let check = |url: &str, origin: Origin| assert_eq!(Origin::of_url(url), origin, "{url}");
        check("file:///srv/app/src/users.js", Origin::User);
        check("/srv/app/server.js", Origin::User);
        check("node:internal/timers", Origin::Runtime);
        check(
            "/srv/node_modules/lru-cache/dist/index.js",
            Origin::Package("lru-cache".into()),
        );
        check(
            "/srv/node_modules/a/node_modules/@b/c/x.js",
            Origin::Package("@b/c".into()),
        );
        check("", Origin::Unknown);
    }
}
