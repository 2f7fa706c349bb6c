//! Arguments of all files into what the parameters of functions and constructors hold.

use rustc_hash::FxHashMap;
use stanch_js_source::Value;

use super::meaning::{Meaning, Site};
use super::names::Key;
use super::part::Index;
use super::view::View;
use super::{Calls, FileIndex, Heat, Project};
use crate::summary::{Age, Callee, Given, Opens, Origin, Taken, is_a_timeout};

/// Functions that hand on what another gives are followed this far.
const FARTHEST_RESULTS: u32 = 4;

/// Arguments of one file: who gets each, as which argument, and the place in the file's list.
type Handing = Vec<(Key, (u32, usize))>;

/// What a file hands to functions and constructors.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Handed {
    given: Handing,
    /// Functions that are written there.
    anew: Handing,
    /// The methods of base classes that its own stand for, by those.
    bases: Vec<(Key, Key)>,
}

impl Handed {
    pub(super) fn of(view: View<'_>, called: &mut Called<'_>, file: FileIndex) -> Self {
        let mut to = |callee: Callee| Some(view.key(called.function(callee)?));
        let given = view.own(file).given.iter().enumerate();
        let given = given.filter_map(|(at, it)| Some((to(it.callee)?, (it.position, at))));
        let given = given.collect();
        let anew = view.own(file).handed.iter().enumerate();
        let anew = anew.filter_map(|(at, it)| Some((to(it.callee)?, (it.position, at))));
        let anew = anew.collect();
        let overrides = view.overrides(file).into_iter();
        let bases = overrides.map(|(base, own)| (own, base)).collect();
        Self { given, anew, bases }
    }
}

/// The functions and classes behind what a file calls, each looked for once.
pub(super) struct Called<'v> {
    view: View<'v>,
    file: FileIndex,
    known: Vec<Option<Option<Site>>>,
}

impl<'v> Called<'v> {
    pub(super) fn of(view: View<'v>, file: FileIndex) -> Self {
        let known = vec![None; view.own(file).callees.len()];
        Self { view, file, known }
    }

    /// The function or class whose code runs.
    pub(super) fn run(&mut self, callee: Callee) -> Option<Site> {
        let (view, file) = (self.view, self.file);
        let find = || view.run_by_value(file, view.own(file).callee(callee));
        let known = self.known.get_mut(callee.0 as usize)?;
        *known.get_or_insert_with(find)
    }

    /// The function whose parameters the arguments are: that of a class is its constructor.
    pub(super) fn function(&mut self, callee: Callee) -> Option<Site> {
        let site = self.run(callee)?;
        Some(self.view.constructor_or(site))
    }
}

/// What functions and constructors are handed, by who gets it, and as which argument.
#[derive(Debug, Clone, Default)]
pub(super) struct Arguments {
    given: Index<Key, (u32, usize)>,
    /// Functions that callers write in their place.
    anew: Index<Key, (u32, usize)>,
    /// The methods of base classes that a method stands for.
    bases: Index<Key, Key>,
}

/// One argument by its file, and its place in that file's list.
#[derive(Debug, Clone, Copy)]
struct Spot {
    file: FileIndex,
    at: usize,
}

/// What a method has to be a method of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Receiver {
    Anything,
    /// What lives as long as the process.
    WhatLasts,
}

/// Parameters that are handed on are followed this far.
pub(super) const DEEPEST: u32 = 4;

impl Arguments {
    pub(super) fn add(&mut self, file: FileIndex, handed: &Handed) {
        for (function, argument) in &handed.given {
            self.given.add(file, function, *argument);
        }
        for (function, argument) in &handed.anew {
            self.anew.add(file, function, *argument);
        }
        for (method, base) in &handed.bases {
            self.bases.add(file, method, *base);
        }
    }

    pub(super) fn remove(&mut self, file: FileIndex, handed: &Handed) {
        for (function, _) in &handed.given {
            self.given.remove(file, function);
        }
        for (function, _) in &handed.anew {
            self.anew.remove(file, function);
        }
        for (method, _) in &handed.bases {
            self.bases.remove(file, method);
        }
    }

    /// All that a function is handed.
    fn of_function(&self, function: Key) -> impl Iterator<Item = (u32, Spot)> {
        spots(&self.given, function)
    }

    /// What it is handed for one parameter.
    fn of_parameter(&self, function: Key, position: u32) -> impl Iterator<Item = Spot> {
        let all = self.of_function(function);
        all.filter(move |(own, _)| *own == position)
            .map(|(_, spot)| spot)
    }

    /// The same of a method, and of those of base classes that it stands for.
    fn of_method(&self, method: Key, position: u32) -> impl Iterator<Item = Spot> {
        let bases = self.bases.get(&method).iter();
        let all = bases.flat_map(move |(_, base)| self.of_parameter(*base, position));
        self.of_parameter(method, position).chain(all)
    }

    /// The functions that it is handed where they are written.
    fn made_for(&self, function: Key) -> impl Iterator<Item = (u32, Spot)> {
        spots(&self.anew, function)
    }
}

fn spots(arguments: &Index<Key, (u32, usize)>, function: Key) -> impl Iterator<Item = (u32, Spot)> {
    let all = arguments.get(&function).iter();
    all.map(|(file, (position, at))| {
        let (file, at) = (*file, *at);
        (*position, Spot { file, at })
    })
}

impl Project {
    /// What callers that run again and again, or as often as others want, give a parameter of a function or constructor,
    /// whole or as properties of a literal, with the file that gives it.
    pub(crate) fn given(
        &self,
        function: Site,
        position: u32,
    ) -> impl Iterator<Item = (FileIndex, &Given)> {
        let all = self.given_ever(function, position);
        all.filter(|(file, given)| self.calls_at(*file, given.place) != Calls::Once)
    }

    /// The same of all callers, those included that call while the program starts.
    pub(crate) fn given_ever(
        &self,
        function: Site,
        position: u32,
    ) -> impl Iterator<Item = (FileIndex, &Given)> {
        let spots = self
            .arguments
            .of_method(self.view().key(function), position);
        spots.map(|spot| (spot.file, &self.summary(spot.file).given[spot.at]))
    }

    /// How often a function, or a constructor, is handed something that lives as long as the process for a parameter (or for
    /// a property of what that gets): the most often of all callers; none if nobody in the project does.
    pub(crate) fn is_given_what_lasts(
        &self,
        function: Site,
        position: u32,
        property: Option<&str>,
    ) -> Option<Calls> {
        self.lasting_given(function, position, property, DEEPEST)
    }

    /// Whether a caller hands a signal of `AbortSignal.timeout` to a function.
    pub(crate) fn is_given_a_timeout(&self, function: Site) -> bool {
        let mut own = self.arguments.of_function(self.view().key(function));
        own.any(|(_, spot)| is_a_timeout(&self.summary(spot.file).given[spot.at].value))
    }

    /// Whether a caller hands a function that it makes, for each unit of work, to a parameter of a function, and does nothing
    /// with what that gives. Of a method also, whether what it is a method of lives as long as the process.
    pub(crate) fn is_handed_anew(&self, function: Site, position: u32, of: Receiver) -> bool {
        let spots = self.arguments.made_for(self.view().key(function));
        let mut spots = spots.filter(|(own, _)| *own == position);
        spots.any(|(_, spot)| {
            let handed = &self.summary(spot.file).handed[spot.at];
            let callee = self.summary(spot.file).callee(handed.callee);
            let lasts = match (of, callee) {
                (Receiver::Anything, _) => true,
                (Receiver::WhatLasts, Value::Member(of, _)) => {
                    self.lasts(spot.file, of, None, DEEPEST).is_some()
                }
                (Receiver::WhatLasts, _) => false,
            };
            lasts
                && handed.result != Taken::Used
                && self.calls_at(spot.file, handed.place) == Calls::Again
        })
    }

    /// Whether a caller hands a function that it makes to another for each unit of work, and drops what that gives.
    pub(crate) fn is_dropped_again(&self, function: Site) -> bool {
        let mut spots = self.arguments.made_for(self.view().key(function));
        spots.any(|(position, _)| self.is_handed_anew(function, position, Receiver::Anything))
    }

    /// Whether a caller hands a file that it opens to a parameter.
    pub(crate) fn is_given_an_open_file(&self, function: Site, position: u32) -> bool {
        self.given(function, position).any(|(file, given)| {
            matches!(self.meaning(file, &given.value), Meaning::Result(of)
                    if of.is_of_node("fs", &["createReadStream"]))
        })
    }

    /// Whether a handler hands the socket of its request to a parameter.
    pub(crate) fn is_given_a_reused_socket(&self, function: Site, position: u32) -> bool {
        self.given(function, position).any(|(file, given)| {
            let Value::Member(of, name) = &given.value else {
                return false;
            };
            matches!(&**name, "socket" | "connection")
                && matches!(**of, Value::Parameter(start, 0 | 1)
                    if self.heat(Site { file, start }) == Some(Heat::Handler))
        })
    }

    /// Whether a function gives what lives as long as the process, whoever calls it.
    pub(crate) fn gives_what_lasts(&self, callee: Meaning) -> bool {
        matches!(callee, Meaning::Function(site)
            if self.summary(site.file).lasting.contains(&site.start))
    }

    /// Whether the project has a promise that settles by itself under a name.
    pub(crate) fn settles_by_itself(&self, name: &str) -> bool {
        let mut files = self.files.iter();
        files.any(|file| file.summary.settling.contains(name))
    }

    /// Whether a callee is a function of the project that gives a promise which waits for an event.
    pub(crate) fn gives_a_wait(&self, callee: Meaning) -> bool {
        matches!(callee, Meaning::Function(site)
            if self.summary(site.file).waits.contains(&site.start))
    }

    /// Whether a plugin of the project puts a promise on its application under a name.
    pub(crate) fn is_a_plugged_promise(&self, name: &str) -> bool {
        let mut files = self.files.iter();
        files.any(|file| file.summary.plugged.contains(name))
    }

    /// Whether a property of an instance is a field, or a getter that always gives what the instance has: no new thing each
    /// time that it is read.
    pub(crate) fn has_its_own(&self, owner: &Meaning, name: &str) -> bool {
        let Meaning::Instance(class) = owner else {
            return false;
        };
        let (Meaning::Class(mut site) | Meaning::Function(mut site)) = **class else {
            return false;
        };
        let view = self.view();
        for _ in 0..FARTHEST_RESULTS {
            let Some(shape) = view.class(site) else {
                return false;
            };
            let own = shape.members.iter().find(|(own, _)| &**own == name);
            if let Some((_, value)) = own {
                return match value {
                    Value::Result(getter) => match **getter {
                        Value::Function(start) => view
                            .returned(Site { start, ..site })
                            .is_some_and(|given| matches!(given, Value::Member(..))),
                        _ => true,
                    },
                    Value::Function(_) => false,
                    _ => true,
                };
            }
            let base = shape.extends.as_ref();
            match base.map(|base| self.meaning(site.file, base)) {
                Some(Meaning::Class(base) | Meaning::Function(base)) => site = base,
                _ => return false,
            }
        }
        false
    }

    /// Whether some function of the project gives something open.
    pub(crate) fn has_openers(&self) -> bool {
        *self.has_openers.get_or_init(|| {
            let mut files = self.files.iter();
            files.any(|file| !file.summary.opens.is_empty())
        })
    }

    /// What a callee gives that is open, if it is a function of the project.
    pub(crate) fn opens(&self, callee: Meaning) -> &[Opens] {
        let Meaning::Function(site) = callee else {
            return &[];
        };
        let opens = self.summary(site.file).opens.get(&site.start);
        opens.map_or(&[], Vec::as_slice)
    }

    /// Whether a callee is a function of the project that gives another function on each call.
    pub(crate) fn gives_new_function(&self, callee: Meaning) -> bool {
        matches!(callee, Meaning::Function(site)
            if self.summary(site.file).gives_new_function.contains(&site.start))
    }

    /// Whether a function gives something large, or hands on what one gives.
    pub(crate) fn gives_much(&self, callee: &Meaning) -> bool {
        let mut callee = callee.clone();
        for _ in 0..FARTHEST_RESULTS {
            let Meaning::Function(site) = callee else {
                return false;
            };
            let summary = self.summary(site.file);
            if summary.large.contains(&site.start) {
                return true;
            }
            let Some(Value::Result(next)) = summary.returns.get(&site.start) else {
                return false;
            };
            callee = self.meaning(site.file, next);
        }
        false
    }

    /// Whether a function is a method that always gives the same field of its instance.
    pub(crate) fn gives_its_field(&self, callee: Meaning) -> bool {
        matches!(callee, Meaning::Function(site)
            if self.summary(site.file).lasting_fields.contains(&site.start))
    }

    /// What a function of another file makes its result of: parts of its parameters, or something new.
    pub(crate) fn made_by(&self, file: FileIndex, callee: &Value) -> Option<(Site, &[Origin])> {
        let site = self.view().run_by_value(file, callee)?;
        let made = self.summary(site.file).made.get(&site.start)?;
        (site.file != file).then_some((site, &**made))
    }

    /// What a function that callers give as an option makes its result of: `keyOf` of `limiter({ keyOf: (req) => req.ip })`.
    pub(crate) fn made_by_option(&self, file: FileIndex, callee: &Value) -> Vec<(Site, &[Origin])> {
        let (of, name) = match callee {
            Value::Member(of, name) => (&**of, &**name),
            _ => return Vec::new(),
        };
        let Value::Parameter(start, position) = *of else {
            return Vec::new();
        };
        let all = self.given_ever(Site { file, start }, position);
        let own = all.filter(|(_, given)| given.property.as_deref() == Some(name));
        let functions = own.filter_map(|(file, given)| match given.value {
            Value::Function(start) => Some(Site { file, start }),
            _ => None,
        });
        let made = functions.filter_map(|site| {
            let made = self.summary(site.file).made.get(&site.start)?;
            Some((site, &**made))
        });
        made.collect()
    }

    /// Whether a callee is a function of the project that memoizes what it is given, without a limit.
    pub(crate) fn memoizes(&self, file: FileIndex, callee: &Value) -> bool {
        self.has_memoizers()
            && self
                .view()
                .run_by_value(file, callee)
                .is_some_and(|site| self.summary(site.file).memoizers.contains(&site.start))
    }

    /// Whether the project has such a function.
    pub(crate) fn has_memoizers(&self) -> bool {
        *self.has_memoizers.get_or_init(|| {
            let mut files = self.files.iter();
            files.any(|file| !file.summary.memoizers.is_empty())
        })
    }

    /// The same, where the results go with the instance whose method it is.
    pub(crate) fn memoizes_by_instance(&self, file: FileIndex, callee: &Value) -> bool {
        self.view().run_by_value(file, callee).is_some_and(|site| {
            let known = &self.summary(site.file).instance_memoizers;
            known.contains(&site.start)
        })
    }

    /// Whether some function of the project fills a container that it is given.
    pub(crate) fn has_fillers(&self) -> bool {
        *self.has_fillers.get_or_init(|| {
            let mut files = self.files.iter();
            files.any(|file| !file.summary.fills.is_empty())
        })
    }

    /// Which of its arguments a function of the project puts into which other: the container's position, and the key's.
    pub(crate) fn fills(&self, file: FileIndex, callee: &Value) -> &[(u32, u32)] {
        let Some(site) = self.view().run_by_value(file, callee) else {
            return &[];
        };
        let fills = self.summary(site.file).fills.get(&site.start);
        fills.map_or(&[], |fills| fills)
    }

    /// The positions of the arguments that what a call gives, or an instance, has as its properties.
    pub(crate) fn parameters_kept_by(&self, file: FileIndex, made: &Value) -> Vec<u32> {
        let (of, is_instance) = match made {
            Value::Result(of) => (of, false),
            Value::Instance(of) => (of, true),
            _ => return Vec::new(),
        };
        let view = self.view();
        let (owner, members) = match self.meaning(file, of) {
            Meaning::Function(site) if !is_instance => match view.returned(site) {
                Some(Value::Object(start)) => {
                    let object = Site {
                        start: *start,
                        ..site
                    };
                    (Some(site.start), view.properties(object))
                }
                _ => return Vec::new(),
            },
            Meaning::Class(site) | Meaning::Function(site) => match view.class(site) {
                Some(shape) => (shape.constructor, shape.members.as_slice()),
                None => return Vec::new(),
            },
            _ => return Vec::new(),
        };
        let kept = members.iter().filter_map(|(_, value)| match value {
            Value::Parameter(function, position) if Some(*function) == owner => Some(*position),
            _ => None,
        });
        kept.collect()
    }

    /// The functions of a file whose results, and the classes whose instances, somebody puts into a collection that outlives
    /// the call; each by its start.
    pub(crate) fn stored_of(&self, file: FileIndex) -> &[u32] {
        let stored = self.stored.get_or_init(|| {
            let mut of: FxHashMap<FileIndex, Vec<u32>> = FxHashMap::default();
            for (at, linked) in self.files.iter().enumerate() {
                for value in &linked.summary.stored {
                    if let Meaning::Function(site) | Meaning::Class(site) =
                        self.meaning(FileIndex(at), value)
                    {
                        of.entry(site.file).or_default().push(site.start);
                    }
                }
            }
            of
        });
        stored.get(&file).map_or(&[], Vec::as_slice)
    }

    /// Whether a function of the project calls a parameter with something that is lent, and goes back to others.
    pub(crate) fn lends(&self, callee: Meaning, position: u32) -> bool {
        self.view().function_of(callee).is_some_and(|function| {
            let lends = &self.summary(function.file).lends;
            lends.contains(&(function.start, position))
        })
    }

    /// Whether a function of the project keeps what it is given for a parameter.
    pub(crate) fn keeps(&self, callee: Meaning, position: u32) -> bool {
        self.view().function_of(callee).is_some_and(|function| {
            let keeps = &self.summary(function.file).keeps;
            keeps.contains(&(function.start, position))
        })
    }

    fn lasting_given(
        &self,
        function: Site,
        position: u32,
        property: Option<&str>,
        deeper: u32,
    ) -> Option<Calls> {
        let deeper = deeper.checked_sub(1)?;
        let spots = self
            .arguments
            .of_parameter(self.view().key(function), position);
        let calls = spots.filter_map(|spot| {
            let given = &self.summary(spot.file).given[spot.at];
            let asked = match (&given.property, property) {
                // Another property of the literal.
                (Some(own), Some(wanted)) if **own != *wanted => return None,
                (Some(_), Some(_)) => None,
                (Some(_), None) => return None,
                (None, wanted) => wanted,
            };
            let lasts = match given.age {
                Age::Application => Calls::Once,
                _ => self
                    .lasts(spot.file, &given.value, asked, deeper)
                    .or_else(|| {
                        let (start, position) = given.handed_on?;
                        let file = spot.file;
                        self.lasting_given(Site { file, start }, position, asked, deeper)
                    })?,
            };
            // What is handed on comes as often as the one who hands it on is called.
            Some(lasts.max(self.calls_at(spot.file, given.place)))
        });
        calls.max()
    }

    /// Whether a value, or its property of that name, lives as long as the process: how often it is handed on to here.
    fn lasts(
        &self,
        file: FileIndex,
        value: &Value,
        property: Option<&str>,
        deeper: u32,
    ) -> Option<Calls> {
        match value {
            Value::Variable(_) | Value::Import { .. } => Some(Calls::Once),
            Value::Parameter(start, position) => {
                let function = Site {
                    file,
                    start: *start,
                };
                self.lasting_given(function, *position, property, deeper)
            }
            Value::Member(of, name) => match &**of {
                Value::Parameter(start, position) => {
                    let function = Site {
                        file,
                        start: *start,
                    };
                    self.lasting_given(function, *position, Some(name), deeper)
                }
                of => self.lasts(file, of, None, deeper),
            },
            Value::Object(start) => {
                let properties = self.summary(file).objects.get(start)?;
                let (_, value) = properties
                    .iter()
                    .find(|(name, _)| Some(&**name) == property)?;
                self.lasts(file, value, None, deeper.checked_sub(1)?)
            }
            _ => None,
        }
    }
}

impl View<'_> {
    /// The function whose parameters the arguments are: that of a class is its constructor.
    pub(super) fn function_of(self, meaning: Meaning) -> Option<Site> {
        Some(self.constructor_or(self.run_by(meaning)?))
    }

    fn constructor_or(self, site: Site) -> Site {
        let constructor = self.class(site).and_then(|shape| shape.constructor);
        let constructor = constructor.map(|start| Site {
            file: site.file,
            start,
        });
        // A function is its own, and so is a constructor function.
        constructor.unwrap_or(site)
    }
}
