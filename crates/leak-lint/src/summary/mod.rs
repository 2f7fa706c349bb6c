//! One text into what other files need to know of it: plain data that outlives the syntax tree.
//!
//! A holder may be declared, filled and emptied in three files, and how often a function runs is decided where it is called.
//! So each file is summed up once, the sums are linked (`project`), and the rules then ask the whole.

mod by_hand;
mod callees;
mod calls;
mod conditions;
mod declared;
mod decorators;
mod exports;
mod fills;
mod first_value;
mod given;
mod handlers;
mod keeps;
mod lasting;
mod lends;
mod long_times;
mod memoizers;
mod mentioned;
mod opens;
mod origins;
mod places;
mod sent;
mod settling;
mod singles;
mod skipped;
mod uses;

use std::cell::{OnceCell, RefCell};
use std::rc::Rc;

use oxc_ast::AstKind;
use oxc_ast::ast::Expression;
use oxc_semantic::{NodeId, SymbolId};
use oxc_span::GetSpan;
use rustc_hash::{FxHashMap, FxHashSet};
use stanch_js_source::{ClassShape, ParsedSource, SourceText, Value, with_parsed};

pub(crate) use callees::{Callee, Written};
pub(crate) use exports::WHOLE;
use given::Lookup;
pub(crate) use given::{Age, Given, Handed, Taken, is_a_timeout};
pub(crate) use handlers::wraps_requests;
pub(crate) use long_times::LONG_MS;
pub(crate) use mentioned::{Mentioned, Name};
pub(crate) use opens::{Opened, Opens};
pub(crate) use origins::Origin;
pub(crate) use places::place;
pub(crate) use skipped::Skipped;
pub(crate) use uses::{Lent, Op, Use};

use callees::Callees;
use conditions::Told;
use places::places;

use crate::options::Options;

/// What other files need to know of a text.
#[derive(Debug, Clone, Default)]
pub struct Summary {
    /// The text itself.
    pub(crate) text: SourceText,
    /// The modules it imports, as written.
    pub(crate) modules: Vec<Box<str>>,
    /// What it exports, by name; `module.exports` where a CommonJS module replaces its exports.
    pub(crate) exports: Vec<(Box<str>, Value)>,
    /// Modules all of whose exports it exports.
    pub(crate) exports_all: Vec<Box<str>>,
    /// What the variables of the module's own scope hold at first.
    pub(crate) variables: FxHashMap<Box<str>, Value>,
    /// The first and the last byte of their names where they are declared.
    pub(crate) declared: FxHashMap<Box<str>, (u32, u32)>,
    /// Classes and constructor functions, by their start.
    pub(crate) classes: FxHashMap<u32, ClassShape>,
    /// Classes of which a container of dependencies makes one instance, by their start.
    pub(crate) singletons: Vec<u32>,
    /// The same of classes that are named to such a container.
    pub(crate) singles: Vec<Value>,
    /// Methods that have a decorator, by their start.
    pub(crate) decorated_methods: Vec<(u32, Value)>,
    /// Functions that put others in the place of methods, by the starts of both.
    pub(crate) replaces: Vec<(u32, u32)>,
    /// Object literals, by their start.
    pub(crate) objects: FxHashMap<u32, Vec<(Box<str>, Value)>>,
    /// What it gives the application under a name, as plugins do: fastify's `app.decorate('sessions', new Map())`.
    pub(crate) decorated: Vec<(Box<str>, Value)>,
    /// What functions give back, by their start.
    pub(crate) returns: FxHashMap<u32, Value>,
    /// What functions of the module make their results of, by their start: parts of their parameters, or something new.
    pub(crate) made: FxHashMap<u32, Box<[Origin]>>,
    /// Functions that run for each request, message or tick.
    pub(crate) handlers: Vec<Value>,
    /// Those of them that get a message, a job, an event or the arguments of an operation, and no request.
    pub(crate) consumers: Vec<Value>,
    /// Functions that take a request: they run for each, whoever calls them.
    pub(crate) served: Vec<Value>,
    /// Parameters, by function and position, that get a part of a request: the names that lead there.
    pub(crate) sent: FxHashMap<(u32, u32), Box<[Box<str>]>>,
    /// All that is called, each once.
    pub(crate) callees: Vec<Value>,
    /// Where that is written, be it called or constructed.
    pub(crate) written: Written,
    /// Where that is called.
    pub(crate) calls: Vec<Call>,
    /// Functions inside others, by the starts of both.
    pub(crate) nested: Vec<(u32, u32)>,
    /// Functions whose value goes where nobody follows it.
    pub(crate) escaping: Vec<Value>,
    /// What is done to containers, emitters and timers that other files may know.
    pub(crate) uses: Vec<Use>,
    /// Containers that are handed to functions of the project.
    pub(crate) lent: Vec<Lent>,
    /// What outlives a call, handed to functions and constructors of the project.
    pub(crate) given: Vec<Given>,
    /// The names of all properties that it reads, calls or takes apart.
    pub(crate) mentioned: Mentioned,
    /// Those of them that it mentions nowhere but in functions that only run when a person asks for it.
    pub(crate) mentioned_by_hand: Mentioned,
    /// Functions that are written where they are handed to functions of the project.
    pub(crate) handed: Vec<Handed>,
    /// Calls that are skipped when what comes between them and another one fails.
    pub(crate) skipped: Vec<Skipped>,
    /// Functions that give what lives as long as the process, and nothing else.
    pub(crate) lasting: FxHashSet<u32>,
    /// Times in milliseconds of a minute or more, by the object literal of the module and the name there; none for variables.
    pub(crate) long_times: FxHashMap<(Place, Box<str>), u64>,
    /// Functions that give something large: rows, the contents of a file.
    pub(crate) large: FxHashSet<u32>,
    /// What functions give that is open, by their start.
    pub(crate) opens: FxHashMap<u32, Vec<Opens>>,
    /// Functions that give another function on each call.
    pub(crate) gives_new_function: FxHashSet<u32>,
    /// Methods that always give the same field of their instance, which gets its value once.
    pub(crate) lasting_fields: FxHashSet<u32>,
    /// Names that get promises which settle by themselves.
    pub(crate) settling: FxHashSet<Box<str>>,
    /// Functions that give a promise which waits for an event.
    pub(crate) waits: FxHashSet<u32>,
    /// Names under which plugins put promises on their application that wait for something.
    pub(crate) plugged: FxHashSet<Box<str>>,
    /// Parameters, by function and position, that are called with something which is lent.
    pub(crate) lends: FxHashSet<(u32, u32)>,
    /// Parameters, by function and position, that go into a collection which outlives the call.
    pub(crate) keeps: FxHashSet<(u32, u32)>,
    /// Functions that put one of their arguments into another, by their start: the positions of the container and of the key.
    pub(crate) fills: FxHashMap<u32, Vec<(u32, u32)>>,
    /// Functions whose results, and classes whose instances, go into a collection that outlives the call.
    pub(crate) stored: Vec<Value>,
    /// Functions that memoize without a limit what they are given, and those that give such a function.
    pub(crate) memoizers: FxHashSet<u32>,
    /// The same, of which the results go with the instance that they are results of.
    pub(crate) instance_memoizers: FxHashSet<u32>,
}

/// A call, or a function that something calls at this place.
#[derive(Debug, Clone)]
pub(crate) struct Call {
    /// Where.
    pub(crate) place: Place,
    /// What is called.
    pub(crate) callee: Callee,
    /// How often it is called when the place is reached.
    pub(crate) times: Times,
    /// Whether the place is reached whenever its function runs.
    pub(crate) under: Under,
    /// When it is called, once the place is reached.
    pub(crate) when: When,
    /// What becomes of its result.
    pub(crate) result: Taken,
}

/// When something is called.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum When {
    /// At once, or when a promise is settled.
    Now,
    /// By a timer, or on an event.
    Later,
}

/// What decides whether some code of a function runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Under {
    /// Nothing: it runs whenever the function does.
    NoCondition,
    /// A branch, or an early return.
    Condition,
    /// The same, on what the function was called with: the next call is asked anew.
    Asked,
    /// That a table from which the file takes entries has none under a key: it runs for one key after the other.
    NewKey,
}

/// The function some code is in, by its start; none at module level. What initialises the fields of a class is in the class.
pub(crate) type Place = Option<u32>;

/// How often something is called when the code around it runs once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Times {
    /// A number of times that the code around it decides.
    AsWritten,
    /// Once, however often the code around it runs.
    Once,
    /// As often as somebody else wants.
    Unknown,
    /// For ever.
    Again,
}

impl Summary {
    /// Sums up a text.
    #[must_use]
    pub fn of(source: &SourceText, options: &Options) -> Self {
        with_parsed(source, |parsed| Self::of_parsed(parsed, options))
    }

    /// The modules it imports, as written; each once.
    pub fn modules(&self) -> impl Iterator<Item = &str> {
        self.modules.iter().map(|module| &**module)
    }

    /// What a call calls.
    pub(crate) fn callee(&self, callee: Callee) -> &Value {
        self.callees
            .get(callee.0 as usize)
            .unwrap_or(&Value::Unknown)
    }

    pub(crate) fn of_parsed(parsed: &ParsedSource<'_>, options: &Options) -> Self {
        let mut summary = Self {
            text: parsed.text().clone(),
            ..Self::default()
        };
        let scan = Scan {
            parsed,
            places: places(parsed),
            lookups: OnceCell::new(),
            values: RefCell::default(),
            callees: Callees::default(),
            by_hand: RefCell::default(),
            told: Told::default(),
        };
        scan.asked_by_hand();
        scan.declared(&mut summary);
        scan.exported(&mut summary);
        scan.called(&mut summary);
        scan.used(&mut summary);
        scan.decorates(&mut summary);
        scan.made_once(&mut summary);
        scan.decorated_methods(&mut summary);
        scan.given(&mut summary);
        scan.sent(&mut summary);
        scan.nested(&mut summary);
        scan.filled(&mut summary);
        scan.kept(&mut summary);
        scan.opens(&mut summary);
        scan.promised(&mut summary);
        scan.memoizes(&mut summary);
        scan.mentioned(&mut summary);
        scan.variables(&mut summary);
        scan.lasting(&mut summary);
        scan.skipped(&mut summary);
        handlers::handlers(parsed, options, &mut summary);
        drop(scan.values);
        (summary.callees, summary.written) = scan.callees.all();
        summary.forget_private();
        summary.modules.sort_unstable();
        summary.modules.dedup();
        summary.shrink();
        summary
    }

    /// Gives back what the lists had in store to grow: summaries of thousands of files are kept.
    fn shrink(&mut self) {
        self.calls.shrink_to_fit();
        self.callees.shrink_to_fit();
        self.nested.shrink_to_fit();
        self.uses.shrink_to_fit();
        self.lent.shrink_to_fit();
        self.given.shrink_to_fit();
        self.handed.shrink_to_fit();
    }

    /// Drops what no other file can ask for: what is done to variables that are neither exported nor from elsewhere.
    fn forget_private(&mut self) {
        let shared = self.exports.iter().map(|(_, value)| value);
        let shared = shared.chain(self.objects.values().flatten().map(|(_, value)| value));
        let shared: FxHashSet<&str> = shared.filter_map(variable).collect();
        let variables = &self.variables;
        let is_known = |holder: &Value| {
            variable(holder).is_none_or(|name| {
                let first = variables.get(name).map(Value::root);
                let elsewhere = matches!(
                    first,
                    Some(Value::Import { .. } | Value::Class(_) | Value::Function(_))
                );
                elsewhere || shared.contains(name)
            })
        };
        let known: Vec<bool> = self
            .uses
            .iter()
            .map(|found| is_known(&found.holder))
            .collect();
        let mut known = known.into_iter();
        self.uses.retain(|_| known.next().unwrap_or(true));
    }
}

/// The variable that a value is, or is reached through.
fn variable(value: &Value) -> Option<&str> {
    match value.root() {
        Value::Variable(name) => Some(name),
        _ => None,
    }
}

/// The variable that a chain of names starts from, and all of it as it is written.
type Names<'a> = (Option<SymbolId>, &'a str);

/// One pass over a file.
pub(crate) struct Scan<'s, 'a> {
    pub(crate) parsed: &'s ParsedSource<'a>,
    /// The function that each node is in.
    places: Vec<Place>,
    /// What may be looked up in lists of the program.
    lookups: OnceCell<Vec<Lookup<'a>>>,
    /// What names from a variable stand for, as far as that was asked.
    values: RefCell<FxHashMap<Names<'a>, Rc<Value>>>,
    /// What is called.
    callees: Callees,
    /// Functions that only run when a person asks for it, by their start.
    by_hand: RefCell<FxHashSet<u32>>,
    /// What conditions tell of, as far as that was asked.
    told: Told,
}

impl<'a> Scan<'_, 'a> {
    /// What a call calls.
    fn callee(&self, callee: &Expression<'a>) -> (Callee, Rc<Value>) {
        self.callees.of(callee.span(), || self.value(callee))
    }

    /// What an expression stands for.
    fn value(&self, expression: &Expression<'a>) -> Rc<Value> {
        let Some(names) = self.parsed.names(expression) else {
            return Rc::new(self.parsed.value(expression));
        };
        let mut values = self.values.borrow_mut();
        let value = values
            .entry(names)
            .or_insert_with(|| Rc::new(self.parsed.value(expression)));
        value.clone()
    }

    /// Whether a node is in a function that only runs when a person asks for it.
    fn is_by_hand(&self, node: NodeId) -> bool {
        let by_hand = self.by_hand.borrow();
        !by_hand.is_empty()
            && self
                .place(node)
                .is_some_and(|place| by_hand.contains(&place))
    }

    pub(crate) fn kind(&self, node: NodeId) -> AstKind<'a> {
        self.parsed.semantic().nodes().kind(node)
    }

    pub(crate) fn parent(&self, node: NodeId) -> NodeId {
        self.parsed.semantic().nodes().parent_id(node)
    }

    /// The function that a node is in.
    pub(crate) fn place(&self, node: NodeId) -> Place {
        self.places[node.index()]
    }
}

/// Whether a function of this name gives keys: `keyOf`, `keyGenerator`, `getKey`.
pub(crate) fn gives_keys(name: &str) -> bool {
    name.starts_with("key") || name.contains("Key")
}
