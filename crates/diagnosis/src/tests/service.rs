//! Marked texts into the scripts of a service, and names into holders that grow in it.

use std::collections::BTreeMap;

use stanch_heap_graph::NodeId;
use stanch_heap_growth::{
    Anchor, GrowingHolder, Growth, Headline, MemberPlace, Origin, ScriptPlace,
};
use stanch_js_source::{Position, SourceMapIndex, SourceText};
use stanch_leak_patterns::{Confidence, Pattern};

use crate::allocated::Allocation;
use crate::sources::{Compiled, Script, Sources};

/// Stands in a text where V8 says that a function is: before its parameters, or before an arrow function.
const MARK: char = '▸';

/// A service's scripts.
pub(super) struct Service {
    pub(super) sources: Sources,
    /// Where the marks stood, in the order of the files and of their texts.
    marks: Vec<ScriptPlace>,
}

impl Service {
    /// Files by their paths; those in `node_modules` belong to version 1.0.0 of their package.
    pub(super) fn new(files: &[(&str, &str)]) -> Self {
        let mut service = Self {
            sources: Sources::default(),
            marks: Vec::new(),
        };
        for (path, marked) in files {
            let (text, marks) = unmarked(path, marked);
            let url = url(path);
            let package = match Origin::of_url(&url) {
                Origin::Package(name) => Some(format!("{name}@1.0.0")),
                _ => None,
            };
            service
                .marks
                .extend(marks.into_iter().map(|mark| place(&url, mark)));
            let script = Script {
                text,
                package,
                origin: None,
            };
            service.sources.insert(url, script);
        }
        service
    }

    /// One script, each line of which was compiled from the first line of an original.
    pub(super) fn compiled(path: &str, marked: &str, originals: &[(&str, &str)]) -> Self {
        let mut service = Self::new(&[]);
        let (text, marks) = unmarked(path, marked);
        let url = url(path);
        service.marks = marks.into_iter().map(|mark| place(&url, mark)).collect();
        // The same place in the next original, line by line.
        let mappings = vec!["ACAA"; originals.len()].join(";");
        let names: Vec<String> = originals
            .iter()
            .map(|(path, _)| format!("{path:?}"))
            .collect();
        let json = format!(
            r#"{{"version":3,"names":[],"sources":["",{}],"mappings":"{mappings}"}}"#,
            names.join(",")
        );
        let Ok(map) = SourceMapIndex::parse(&json, "/srv/map") else {
            panic!("no source map: {json}")
        };
        let texts = originals
            .iter()
            .map(|(path, text)| (self::url(path), SourceText::new(*path, *text)));
        let originals: BTreeMap<_, _> = texts.collect();
        let script = Script {
            text,
            package: None,
            origin: Some(Compiled { map, originals }),
        };
        service.sources.insert(url, script);
        service
    }

    /// The place of a mark, counted from 0.
    pub(super) fn mark(&self, number: usize) -> ScriptPlace {
        let Some(place) = self.marks.get(number) else {
            panic!("there is no mark {number}")
        };
        place.clone()
    }

    /// A variable that the function at the first mark sees.
    pub(super) fn variable(&self, name: &str) -> Anchor {
        Anchor::Variable {
            name: name.to_owned(),
            seen_by: self.mark(0),
        }
    }

    /// A field of a class whose constructor, or else the class itself, is at the first mark.
    pub(super) fn field(&self, class: &str, name: &str) -> Anchor {
        Anchor::Field {
            name: name.to_owned(),
            class: class.to_owned(),
            constructor: self.mark(0),
        }
    }

    /// The functions at all marks, as members of a holder lead to them.
    pub(super) fn members(&self) -> Vec<MemberPlace> {
        let members = self.marks.iter().map(|place| MemberPlace {
            place: place.clone(),
            name: String::new(),
            count: 1,
            is_class: false,
        });
        members.collect()
    }
}

/// A property of what has a name.
pub(super) fn property(object: Anchor, name: &str) -> Anchor {
    Anchor::Property {
        name: name.to_owned(),
        object: Box::new(object),
    }
}

/// What the function at `place`, which has no name in the samples, allocated by itself.
pub(super) fn allocation(place: &ScriptPlace, bytes: u64) -> Allocation {
    Allocation {
        url: place.url.clone(),
        line: place.line,
        column: place.column,
        function: String::new(),
        called: None,
        bytes,
    }
}

/// A holder of 100 new objects of 1,000 bytes each at every step, which is all that grows.
pub(super) fn holder(pattern: Pattern, anchor: Option<Anchor>) -> GrowingHolder {
    GrowingHolder {
        id: NodeId(1),
        class: "Map".to_owned(),
        headline: Headline {
            inner_origin: anchor.as_ref().map(Anchor::origin),
            anchor: anchor.clone(),
            user_anchor: None,
        },
        names: anchor.into_iter().collect(),
        path: Vec::new(),
        count: vec![10, 110, 210],
        retained: vec![0, 100_000, 200_000],
        steady_bytes: 200_000,
        share: 1.0,
        classes: Vec::new(),
        further_places: Vec::new(),
        places: Vec::new(),
        capture: None,
        pattern: Some(pattern),
        confidence: Confidence::High,
        reason: "it grows".to_owned(),
    }
}

/// The growth of these holders.
pub(super) fn growth(holders: Vec<GrowingHolder>) -> Growth {
    Growth {
        holders,
        newcomer_bytes: 200_000,
        scripts: Vec::new(),
    }
}

/// The URL under which V8 knows a file.
pub(super) fn url(path: &str) -> String {
    format!("/srv/{path}")
}

fn unmarked(path: &str, marked: &str) -> (SourceText, Vec<Position>) {
    let text: String = marked.split(MARK).collect();
    let source = SourceText::new(path, text);
    let mut parts: Vec<&str> = marked.split(MARK).collect();
    parts.pop();
    let mut offset = 0;
    let marks = parts.into_iter().map(|part| {
        offset += u32::try_from(part.len()).unwrap_or(u32::MAX);
        source.position(offset)
    });
    let marks = marks.collect();
    (source, marks)
}

fn place(url: &str, position: Position) -> ScriptPlace {
    ScriptPlace {
        script_id: 1,
        url: url.to_owned(),
        line: position.line,
        column: position.column,
    }
}
