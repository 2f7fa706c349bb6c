//! Plain objects into named groups by their properties: `{id, name}` instead of `Object`.

use std::borrow::Cow;
use std::rc::Rc;

use rustc_hash::FxHashMap as HashMap;
use stanch_heap_snapshot::{EdgeKind, NodeKind, Snapshot, StringId, Strings};

use crate::names::Names;

/// No property is added that would make a name longer than this many UTF-16 units.
const LONGEST_NAME: usize = 120;
/// An interface of fewer objects tells nothing.
const FEWEST_OBJECTS: u64 = 2;
/// Nor does one of fewer than one in so many plain objects.
const SHARE: u64 = 1000;

/// A group of plain objects that have certain properties.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Interface {
    /// `{a, b}`
    pub(crate) name: Text,
    /// The properties an object must have, in the form of [`exact`].
    pub(crate) properties: Vec<String>,
}

/// A text made here that may hold halves of surrogate pairs, as the strings of a snapshot may.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct Text {
    pub(crate) shown: String,
    /// The text's units, if it holds such halves.
    pub(crate) utf16: Option<Box<[u16]>>,
}

/// The plain objects of a heap, grouped by their exact list of properties.
#[derive(Debug)]
pub(crate) struct PlainObjects {
    /// Each object and the position of its shape.
    pub(crate) objects: Vec<(u32, u32)>,
    shapes: Vec<Shape>,
}

#[derive(Debug)]
struct Shape {
    /// Names of the property edges in order, without `__proto__`.
    properties: Rc<[StringId]>,
    objects: u64,
}

impl PlainObjects {
    /// Finds the nodes of kind object that are called exactly `Object`.
    pub(crate) fn of(snapshot: &Snapshot, known_names: &Names) -> Self {
        let Names {
            object: plain,
            proto,
            ..
        } = known_names;
        let mut known: HashMap<Rc<[StringId]>, u32> = HashMap::default();
        let mut objects = Vec::new();
        let mut shapes: Vec<Shape> = Vec::new();
        let mut properties = Vec::new();
        let nodes = snapshot.nodes();
        for (node, (kind, name)) in (0..).zip(nodes.kinds().zip(nodes.names())) {
            if kind != NodeKind::Object || !plain.contains(&name) {
                continue;
            }
            let edges = snapshot.edges_of(node).zip(snapshot.targets_of(node));
            let edges = edges.filter(|(_, target)| target.is(EdgeKind::Property));
            let names = edges.map(|(edge, _)| StringId(snapshot.edges().name_or_index(edge)));
            properties.clear();
            properties.extend(names.filter(|name| !proto.contains(name)));
            let shape = known
                .get(properties.as_slice())
                .copied()
                .unwrap_or_else(|| {
                    let shape = shapes.len() as u32;
                    let properties: Rc<[StringId]> = properties.as_slice().into();
                    known.insert(Rc::clone(&properties), shape);
                    shapes.push(Shape {
                        properties,
                        objects: 0,
                    });
                    shape
                });
            shapes[shape as usize].objects += 1;
            objects.push((node, shape));
        }
        Self { objects, shapes }
    }

    /// The interfaces worth a name, most frequent first.
    pub(crate) fn interfaces(&self, strings: &Strings) -> Vec<Interface> {
        let mut candidates: Vec<(Interface, u64)> = Vec::new();
        let mut known: HashMap<Text, usize> = HashMap::default();
        for shape in &self.shapes {
            let Some(interface) = candidate(strings, shape) else {
                continue;
            };
            let position = *known.entry(interface.name.clone()).or_insert_with(|| {
                candidates.push((interface, 0));
                candidates.len() - 1
            });
            candidates[position].1 += shape.objects;
        }
        // Stable: of equally frequent ones the first met comes first.
        candidates.sort_by_key(|(_, objects)| std::cmp::Reverse(*objects));
        let total = self.objects.len() as u64;
        let kept =
            |objects: u64| objects >= FEWEST_OBJECTS && objects.saturating_mul(SHARE) >= total;
        let kept = candidates
            .into_iter()
            .take_while(|(_, objects)| kept(*objects));
        kept.map(|(interface, _)| interface).collect()
    }

    /// For each shape the interface its objects belong to: most properties first, then the
    /// earliest. `None` leaves them what they are called.
    pub(crate) fn matches(&self, strings: &Strings, interfaces: &[Interface]) -> Vec<Option<u32>> {
        let tree = PropertyTree::of(interfaces);
        let mut numbers: HashMap<StringId, Option<u32>> = HashMap::default();
        let mut properties = Vec::new();
        let of_shape = self.shapes.iter().map(|shape| {
            properties.clear();
            properties.extend(shape.properties.iter().filter_map(|name| {
                *numbers
                    .entry(*name)
                    .or_insert_with(|| tree.numbers.get(exact(strings, *name).as_ref()).copied())
            }));
            properties.sort_unstable();
            tree.best_match(&properties)
        });
        of_shape.collect()
    }
}

/// A string's text, made unique where two strings that differ in halves of surrogate pairs would
/// read the same.
pub(crate) fn exact(strings: &Strings, id: StringId) -> Cow<'_, str> {
    exact_text(strings.get(id), strings.utf16(id))
}

impl Text {
    /// The text, made unique as in [`exact`].
    pub(crate) fn exact(&self) -> Cow<'_, str> {
        exact_text(&self.shown, self.utf16.as_deref())
    }

    /// Adds the text to a snapshot's strings.
    pub(crate) fn push_to(&self, snapshot: &mut Snapshot) -> StringId {
        match &self.utf16 {
            None => snapshot.add_string(&self.shown),
            Some(units) => snapshot.add_utf16(units),
        }
    }
}

/// V8 writes no NUL into names, so nothing else looks like what this makes of halves.
fn exact_text<'a>(shown: &'a str, utf16: Option<&[u16]>) -> Cow<'a, str> {
    let Some(units) = utf16 else {
        return shown.into();
    };
    let units: Vec<String> = units.iter().map(|unit| format!("{unit:x}")).collect();
    format!("\0{}", units.join(" ")).into()
}

fn candidate(strings: &Strings, shape: &Shape) -> Option<Interface> {
    let mut name: Vec<u16> = vec![u16::from(b'{')];
    let mut properties = Vec::new();
    for &property in shape.properties.iter() {
        let units = match strings.utf16(property) {
            Some(units) => units.to_vec(),
            None => written(strings.get(property)).encode_utf16().collect(),
        };
        if name.len() > 1 && name.len() + units.len() > LONGEST_NAME {
            break;
        }
        if name.len() != 1 {
            name.extend(", ".encode_utf16());
        }
        name.extend(units);
        properties.push(exact(strings, property).into_owned());
    }
    if properties.is_empty() {
        return None;
    }
    name.push(u16::from(b'}'));
    let shown = String::from_utf16_lossy(&name);
    let halves = properties.iter().any(|property| property.starts_with('\0'));
    let utf16 = halves.then(|| name.into_boxed_slice());
    let name = Text { shown, utf16 };
    Some(Interface { name, properties })
}

/// A property as a name shows it: as JSON if it could be mistaken for several.
fn written(property: &str) -> Cow<'_, str> {
    if !property.contains([',', '\'', '"', '{', '}']) {
        return property.into();
    }
    let mut json = "\"".to_owned();
    for character in property.chars() {
        match character {
            '"' => json.push_str("\\\""),
            '\\' => json.push_str("\\\\"),
            '\u{8}' => json.push_str("\\b"),
            '\u{c}' => json.push_str("\\f"),
            '\n' => json.push_str("\\n"),
            '\r' => json.push_str("\\r"),
            '\t' => json.push_str("\\t"),
            control if control < ' ' => json.push_str(&format!("\\u{:04x}", u32::from(control))),
            other => json.push(other),
        }
    }
    json.push('"');
    json.into()
}

/// Interfaces by their sorted properties: each step down adds one property.
struct PropertyTree {
    /// Numbers of the properties any interface has.
    numbers: HashMap<String, u32>,
    steps: HashMap<(u32, u32), u32>,
    places: Vec<Place>,
}

/// A place in the tree: the properties on the way down to it.
#[derive(Clone, Copy, Default)]
struct Place {
    /// The interface that ends here, and its number of properties.
    end: Option<(usize, u32)>,
    /// The greatest property of all steps that go on from here.
    greatest: Option<u32>,
}

impl PropertyTree {
    fn of(interfaces: &[Interface]) -> Self {
        let places = vec![Place::default()];
        let mut tree = Self {
            numbers: HashMap::default(),
            steps: HashMap::default(),
            places,
        };
        for (position, interface) in (0..).zip(interfaces) {
            let names = interface.properties.iter();
            let mut properties: Vec<u32> = names.map(|name| tree.number(name)).collect();
            properties.sort_unstable();
            let place = properties
                .iter()
                .fold(0, |place, property| tree.step(place, *property));
            let end = &mut tree.places[place as usize].end;
            end.get_or_insert((properties.len(), position));
        }
        tree
    }

    fn number(&mut self, property: &str) -> u32 {
        let next = self.numbers.len() as u32;
        *self.numbers.entry(property.to_owned()).or_insert(next)
    }

    fn step(&mut self, place: u32, property: u32) -> u32 {
        let next = self.places.len() as u32;
        let to = *self.steps.entry((place, property)).or_insert(next);
        if to == next {
            self.places.push(Place::default());
        }
        let greatest = &mut self.places[place as usize].greatest;
        *greatest = (*greatest).max(Some(property));
        to
    }

    /// The best interface all of whose properties are among the sorted `properties`.
    fn best_match(&self, properties: &[u32]) -> Option<u32> {
        let mut reached = vec![0];
        let mut best: Option<(usize, u32)> = None;
        let mut previous = None;
        for &property in properties {
            for at in 0..reached.len() {
                if self.places[reached[at] as usize].greatest < Some(property) {
                    continue;
                }
                let Some(&to) = self.steps.get(&(reached[at], property)) else {
                    continue;
                };
                // Only a property that stands twice leads to a place twice.
                if previous == Some(property) && reached.contains(&to) {
                    continue;
                }
                reached.push(to);
                best = better(best, self.places[to as usize].end);
            }
            previous = Some(property);
        }
        best.map(|(_, position)| position)
    }
}

/// More properties win, then the earlier interface.
fn better(one: Option<(usize, u32)>, other: Option<(usize, u32)>) -> Option<(usize, u32)> {
    let rank = |(properties, position)| (properties, std::cmp::Reverse(position));
    one.into_iter().chain(other).max_by_key(|end| rank(*end))
}

#[cfg(test)]
mod tests {
    use super::{Interface, PlainObjects, PropertyTree, Text, written};
    use crate::names::Names;
    use stanch_heap_snapshot::{EdgeKind, NodeKind, SnapshotError, testing::HeapSketch};

    /// A heap of plain objects, each given by its properties.
    fn heap(objects: &[&str]) -> HeapSketch {
        let mut sketch = HeapSketch::new();
        for properties in objects {
            let object = sketch.node(NodeKind::Object, "Object", 8);
            for property in properties.split_whitespace() {
                sketch.edge(object, EdgeKind::Property, property, HeapSketch::ROOT);
            }
        }
        sketch
    }

    #[test]
    fn interfaces_are_the_frequent_lists_of_properties() -> Result<(), SnapshotError> {
        let check = |objects: &[&str], expected: &[&str]| {
            let snapshot = heap(objects).snapshot()?;
            let names = Names::of(&snapshot);
            let interfaces = PlainObjects::of(&snapshot, &names).interfaces(snapshot.strings());
            let found: Vec<&str> = interfaces
                .iter()
                .map(|interface| interface.name.shown.as_str())
                .collect();
            assert_eq!(found, expected);
            Ok(())
        };
        check(&["a b", "a b", "c"], &["{a, b}"])?;
        check(
            &["a", "b", "b a", "b a", "a", "b", "b"],
            &["{b}", "{a}", "{b, a}"],
        )?;
        check(&["__proto__ a", "a __proto__", "__proto__", ""], &["{a}"])?;
        // 118 and the brace before it leave room for one unit more, 119 do not.
        let room = "x".repeat(118);
        check(
            &[&format!("{room} b c"), &format!("{room} b d")],
            &[&format!("{{{room}, b}}")],
        )?;
        let full = "x".repeat(119);
        check(
            &[&format!("{full} b"), &format!("{full} c")],
            &[&format!("{{{full}}}")],
        )?;
        let longer = "x".repeat(130);
        check(&[&longer, &longer], &[&format!("{{{longer}}}")])
    }

    #[test]
    fn an_object_gets_the_interface_with_most_of_its_properties() {
        let interface = |names: &str| Interface {
            name: Text {
                shown: format!("{{{names}}}"),
                utf16: None,
            },
            properties: names.split(' ').map(str::to_owned).collect(),
        };
        let interfaces = ["a", "b c", "a b", "c b", "d d"].map(interface);
        let tree = PropertyTree::of(&interfaces);
        let check = |properties: &str, expected: Option<&str>| {
            let names = properties.split_whitespace();
            let mut numbers: Vec<u32> = names
                .filter_map(|name| tree.numbers.get(name).copied())
                .collect();
            numbers.sort_unstable();
            let found = tree
                .best_match(&numbers)
                .map(|position| interfaces[position as usize].name.shown.as_str());
            assert_eq!(found, expected, "{properties}");
        };
        check("", None);
        check("x", None);
        check("b", None);
        check("x a", Some("{a}"));
        check("c b", Some("{b c}"));
        check("c b a", Some("{b c}"));
        check("b x a", Some("{a b}"));
        check("d", None);
        check("d d", Some("{d d}"));
        check("d d d a", Some("{d d}"));
    }

    #[test]
    fn a_property_that_reads_like_several_is_quoted() {
        let check = |property, text: &str| assert_eq!(written(property), text);
        check("a-b c", "a-b c");
        check("a,b", r#""a,b""#);
        check("it's", r#""it's""#);
        check("{\\\"\n\u{1}é", "\"{\\\\\\\"\\n\\u0001é\"");
    }
}
