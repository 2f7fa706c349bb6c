//! What a function is handed, in any file, into how many different values its parameter has.

use std::ops::ControlFlow;

use stanch_js_source::Value;

use super::words::{Word, word_of};
use super::{Domain, Source, Thing, request};
use crate::project::{FileIndex, Project, Site};
use crate::summary::{Given, Origin};

/// Parameters that are handed on are followed this far.
const DEEPEST: u32 = 5;
/// Arguments that are looked at for one parameter: functions that call each other hand things on in many ways.
const MOST_STEPS: u32 = 200;

/// What all callers of the project give a parameter, or what is under these names in it; none where there are none, or nothing
/// is known of what they give.
pub(super) fn given(
    project: &Project,
    function: Site,
    position: u32,
    names: &[&str],
) -> Option<Domain> {
    let mut search = Search {
        project,
        steps: MOST_STEPS,
    };
    search.through(function, position, names, DEEPEST)
}

/// What is in the objects that all callers give a parameter.
pub(super) fn contents(project: &Project, function: Site, position: u32) -> Option<Domain> {
    let mut search = Search {
        project,
        steps: MOST_STEPS,
    };
    search.contents(function, position, DEEPEST)
}

/// Whether a caller writes an object for a parameter with such a thing in it.
pub(super) fn has_part(project: &Project, function: Site, position: u32, wanted: Thing) -> bool {
    let mut search = Search {
        project,
        steps: MOST_STEPS,
    };
    let mut all = project.given(function, position);
    all.any(|(file, given)| {
        given.property.is_some()
            && search.of_given(file, given, &[], DEEPEST) == Some(Domain::Object(wanted))
    })
}

struct Search<'p> {
    project: &'p Project,
    /// How many more arguments are looked at.
    steps: u32,
}

impl Search<'_> {
    /// What is in the objects, also where they were handed on.
    fn contents(&mut self, function: Site, position: u32, deeper: u32) -> Option<Domain> {
        let deeper = deeper.checked_sub(1)?;
        let mut found = None;
        for (file, given) in self.project.given(function, position) {
            self.steps = self.steps.checked_sub(1)?;
            let one = match (&given.property, &given.value) {
                (Some(_), _) => self.of_given(file, given, &[], deeper),
                (None, Value::Parameter(start, position)) => {
                    let start = *start;
                    self.contents(Site { file, start }, *position, deeper)
                }
                _ => None,
            };
            found = found.into_iter().chain(one).reduce(Domain::joined);
        }
        found
    }

    fn through(
        &mut self,
        function: Site,
        position: u32,
        names: &[&str],
        deeper: u32,
    ) -> Option<Domain> {
        let deeper = deeper.checked_sub(1)?;
        let mut all = self.project.given(function, position);
        let found = all.try_fold(None, |all: Option<Domain>, (file, given)| {
            let Some(steps) = self.steps.checked_sub(1) else {
                return ControlFlow::Break(all);
            };
            self.steps = steps;
            let one = match (&given.property, names) {
                (None, names) => self.of_given(file, given, names, deeper),
                (Some(own), [first, rest @ ..]) if **own == **first => {
                    self.of_given(file, given, rest, deeper)
                }
                _ => None,
            };
            let joined = match (all, one) {
                (Some(all), Some(one)) => Some(all.joined(one)),
                (all, one) => all.or(one),
            };
            match joined {
                // No other caller makes it fewer.
                Some(Domain::Unbounded(_)) => ControlFlow::Break(joined),
                joined => ControlFlow::Continue(joined),
            }
        });
        match found {
            ControlFlow::Break(found) | ControlFlow::Continue(found) => found,
        }
    }

    fn of_given(
        &mut self,
        file: FileIndex,
        given: &Given,
        names: &[&str],
        deeper: u32,
    ) -> Option<Domain> {
        match &given.value {
            // Its properties are given beside it.
            Value::Object(_) if !names.is_empty() => return None,
            Value::Object(_) | Value::Array if names.is_empty() => {
                return Some(Domain::Object(Thing::Fresh));
            }
            Value::Function(_) | Value::Class(_) => return Some(Domain::Object(Thing::Code)),
            _ => {}
        }
        let each = given.origins.iter().map(|origin| match origin {
            Origin::Serial => Domain::Unbounded(Source::Serial),
            Origin::Part(value) => self.of_part(file, value, names, deeper),
        });
        each.reduce(Domain::joined).or(Some(Domain::Unknown))
    }

    /// `req.params.id`: a part of what some function is given, and what is under more names in it.
    fn of_part(&mut self, file: FileIndex, value: &Value, more: &[&str], deeper: u32) -> Domain {
        let mut names: Vec<&str> = Vec::new();
        let mut at = value;
        while let Value::Member(of, name) = at {
            names.push(name);
            at = of;
        }
        names.reverse();
        names.extend(more);
        if matches!(names.last(), Some(&("length" | "size"))) {
            return Domain::Unknown;
        }
        let Value::Parameter(start, position) = *at else {
            return Domain::Unknown;
        };
        let function = Site { file, start };
        if let Some(mut path) = self.project.lead(function, position) {
            path.extend(&names);
            if path.is_empty() {
                return Domain::Object(Thing::Exchange);
            }
            if let Some(known) = request::part(&path) {
                return known;
            }
        } else if let Some(known) = self.through(function, position, &names, deeper) {
            return known;
        }
        match names.last().and_then(|last| word_of(last)) {
            Some(Word::Many(source)) => Domain::Named(source),
            _ => Domain::Unknown,
        }
    }
}
