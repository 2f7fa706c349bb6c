//! Arguments into whether a parameter gets one thing again and again, which is older than the calls.

use stanch_js_source::Value;

use super::given::DEEPEST;
use super::meaning::Site;
use super::{Heat, Project};
use crate::summary::Age;

impl Project {
    /// Whether a parameter gets one thing again and again: what is around a listener or a handler that hands it on, directly
    /// or through others.
    pub(crate) fn is_given_what_is_older(&self, function: Site, position: u32) -> bool {
        self.is_given_older(function, position, DEEPEST)
    }

    fn is_given_older(&self, function: Site, position: u32, deeper: u32) -> bool {
        let Some(deeper) = deeper.checked_sub(1) else {
            return false;
        };
        self.given_ever(function, position).any(|(file, given)| {
            let site = |start| Site { file, start };
            let is_hot = || {
                given
                    .place
                    .is_some_and(|place| self.heat(site(place)) == Some(Heat::Handler))
            };
            match given.value.root() {
                _ if given.age == Age::Older => is_hot(),
                Value::Parameter(start, own) if Some(*start) == given.place => {
                    self.is_given_older(site(*start), *own, deeper)
                }
                _ => given.handed_on.is_some_and(|(start, own)| {
                    Some(start) == given.place && self.is_given_older(site(start), own, deeper)
                }),
            }
        })
    }
}
