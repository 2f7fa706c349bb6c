//! The outermost object of a snapshot, chunk by chunk: finds the sections and hands them on.

use crate::columns::LocationRow;
use crate::header::{self, Header};
use crate::numbers::{NumberArray, Progress};
use crate::rows::{Cell, EdgeRows, HighestString, LocationRows, NodeRows, Targets};
use crate::skip::Skipper;
use crate::string_array::StringArray;
use crate::{EdgeColumns, Foreign, NodeColumns, Section, Snapshot, SnapshotError, Strings};

/// The `snapshot` section of a real file is 2 KB; more than this is something else.
const HEADER_LIMIT: usize = 1 << 20;
/// No key of a snapshot's outermost object is half as long.
const KEY_LIMIT: usize = 64;

/// Reads a snapshot from chunks of any size, in one pass.
///
/// Memory follows what the input holds, never what it announces.
#[derive(Debug, Default)]
pub struct SnapshotParser {
    offset: u64,
    state: State,
    key: Vec<u8>,
    header: Option<Header>,
    nodes: Option<NodeColumns>,
    edges: Option<EdgeColumns>,
    locations: Option<Vec<LocationRow>>,
    strings: Option<Strings>,
    highest_string: Option<HighestString>,
}

#[derive(Debug, Default)]
enum State {
    /// Before `{`.
    #[default]
    Start,
    /// Behind `{`.
    FirstKey,
    /// Behind a comma.
    NextKey,
    /// In a key.
    Key,
    /// Behind a key.
    Colon,
    Header(Skipper, Vec<u8>),
    Numbers(Section, NumberArray),
    Strings(StringArray),
    Skipped(Skipper),
    /// Behind a value.
    Behind,
    /// Behind the last `}`.
    End,
}

impl SnapshotParser {
    /// A parser that has seen nothing yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Bytes taken so far.
    #[must_use]
    pub const fn offset(&self) -> u64 {
        self.offset
    }

    /// Takes the next bytes.
    ///
    /// # Errors
    /// The first thing that is wrong, with its place. The parser is of no use afterwards.
    pub fn push(&mut self, chunk: &[u8]) -> Result<(), SnapshotError> {
        let mut rest = chunk;
        while !rest.is_empty() {
            let taken = self.step(rest)?;
            self.offset += taken as u64;
            rest = &rest[taken..];
        }
        Ok(())
    }

    /// Ends the input and gives the snapshot.
    ///
    /// # Errors
    /// When the input was cut off, lacks a section, or does not hold what it announced.
    pub fn finish(self) -> Result<Snapshot, SnapshotError> {
        let offset = self.offset;
        match self.state {
            State::End => {}
            State::Start => return Err(SnapshotError::Empty),
            _ => {
                let (section, expected) = self.expectation();
                return Err(SnapshotError::Truncated {
                    offset,
                    section,
                    expected,
                });
            }
        }
        let what = Foreign::OtherJson;
        let header = self
            .header
            .ok_or(SnapshotError::NotASnapshot { what, offset })?;
        let missing = |expected| SnapshotError::Missing { offset, expected };
        let nodes = self.nodes.ok_or(missing("a `nodes` section"))?;
        let edges = self.edges.ok_or(missing("an `edges` section"))?;
        let strings = self.strings.ok_or(missing("a `strings` section"))?;
        check_counts(&header, &nodes, &edges, offset)?;
        check_strings(self.highest_string, &strings)?;
        let targets = Targets {
            fields: header.nodes.fields as u64,
            nodes: nodes.kind.len() as u64,
        };
        let cell = Cell {
            section: Section::Header,
            offset,
        };
        let root = targets.ordinal(cell, "root_index", header.root_index)?;
        Ok(Snapshot {
            nodes,
            edges,
            strings,
            locations: one_per_node(self.locations.unwrap_or_default()),
            root,
            extra_native_bytes: header.extra_native_bytes,
            node_types: header.node_types,
        })
    }

    /// Takes some of `rest`, at least one byte unless the state changes.
    fn step(&mut self, rest: &[u8]) -> Result<usize, SnapshotError> {
        match &mut self.state {
            State::Header(..) => self.step_header(rest),
            State::Numbers(..) => self.step_numbers(rest),
            State::Strings(array) => {
                let strings = self.strings.get_or_insert_default();
                let progress = array.scan(rest, self.offset, strings)?;
                Ok(self.settle(progress, rest))
            }
            State::Skipped(skipper) => {
                let progress = skipper.scan(rest);
                Ok(self.settle(progress, rest))
            }
            State::Key => self.step_key(rest),
            _ => self.step_punctuation(rest[0]).map(|()| 1),
        }
    }

    fn settle(&mut self, progress: Progress, rest: &[u8]) -> usize {
        match progress {
            Progress::More => rest.len(),
            Progress::Done(taken) => {
                self.state = State::Behind;
                taken
            }
        }
    }

    fn step_punctuation(&mut self, byte: u8) -> Result<(), SnapshotError> {
        if matches!(byte, b' ' | b'\n' | b'\r' | b'\t') {
            return Ok(());
        }
        self.state = match (&self.state, byte) {
            (State::Start, b'{') => State::FirstKey,
            (State::Start, _) => {
                let what = Foreign::by_first_byte(byte);
                return Err(SnapshotError::NotASnapshot {
                    what,
                    offset: self.offset,
                });
            }
            (State::FirstKey | State::NextKey, b'"') => State::Key,
            (State::FirstKey | State::Behind, b'}') => State::End,
            (State::Behind, b',') => State::NextKey,
            (State::Colon, b':') => self.value_of_key()?,
            _ => {
                let (section, expected) = self.expectation();
                let offset = self.offset;
                return Err(SnapshotError::Unexpected {
                    offset,
                    section,
                    expected,
                    found: byte,
                });
            }
        };
        Ok(())
    }

    fn step_key(&mut self, rest: &[u8]) -> Result<usize, SnapshotError> {
        let start = self.offset - self.key.len() as u64;
        let end = rest.iter().position(|byte| *byte == b'"');
        self.key
            .extend_from_slice(&rest[..end.unwrap_or(rest.len())]);
        if self.key.len() > KEY_LIMIT {
            let what = Foreign::OtherJson;
            return Err(SnapshotError::NotASnapshot {
                what,
                offset: start,
            });
        }
        let Some(end) = end else {
            return Ok(rest.len());
        };
        self.state = State::Colon;
        Ok(end + 1)
    }

    /// The state for the value behind the key just read.
    fn value_of_key(&mut self) -> Result<State, SnapshotError> {
        let offset = self.offset;
        let key = std::mem::take(&mut self.key);
        let Some(header) = &self.header else {
            if key == b"snapshot" {
                return Ok(State::Header(Skipper::default(), Vec::new()));
            }
            return match Foreign::by_key(&key) {
                Some(what) => Err(SnapshotError::NotASnapshot { what, offset }),
                None => Ok(State::Skipped(Skipper::default())),
            };
        };
        let missing = |expected| SnapshotError::Missing { offset, expected };
        let numbers = |section, fields| State::Numbers(section, NumberArray::new(section, fields));
        match key.as_slice() {
            b"nodes" if self.nodes.is_none() => {
                self.nodes = Some(NodeColumns {
                    first_edge: vec![0],
                    ..NodeColumns::default()
                });
                Ok(numbers(Section::Nodes, header.nodes.fields))
            }
            b"edges" if self.nodes.is_none() => Err(missing("`nodes` before `edges`")),
            b"edges" if self.edges.is_none() => {
                self.edges = Some(EdgeColumns::default());
                Ok(numbers(Section::Edges, header.edges.fields))
            }
            b"locations" if self.nodes.is_none() => Err(missing("`nodes` before `locations`")),
            b"locations" if self.locations.is_none() => Ok(match &header.locations {
                Some(layout) => numbers(Section::Locations, layout.fields),
                None => State::Skipped(Skipper::default()),
            }),
            b"strings" if self.strings.is_none() => Ok(State::Strings(StringArray::default())),
            b"snapshot" | b"nodes" | b"edges" | b"locations" | b"strings" => {
                Err(missing("each section once, found one a second time"))
            }
            _ => Ok(State::Skipped(Skipper::default())),
        }
    }

    fn step_header(&mut self, rest: &[u8]) -> Result<usize, SnapshotError> {
        let State::Header(skipper, json) = &mut self.state else {
            return Ok(0);
        };
        let progress = skipper.scan(rest);
        let taken = match progress {
            Progress::More => rest.len(),
            Progress::Done(taken) => taken,
        };
        let offset = self.offset + taken as u64;
        if json.len() + taken > HEADER_LIMIT {
            let problem = format!("expected at most {HEADER_LIMIT} bytes");
            return Err(SnapshotError::Header { offset, problem });
        }
        json.extend_from_slice(&rest[..taken]);
        if let Progress::Done(_) = progress {
            let header = header::read(json);
            self.header =
                Some(header.map_err(|problem| SnapshotError::Header { offset, problem })?);
            self.state = State::Behind;
        }
        Ok(taken)
    }

    fn step_numbers(&mut self, rest: &[u8]) -> Result<usize, SnapshotError> {
        let (State::Numbers(section, array), Some(header), Some(nodes)) =
            (&mut self.state, &self.header, &mut self.nodes)
        else {
            return Ok(0);
        };
        let offset = self.offset;
        let strings = &mut self.highest_string;
        let targets = Targets {
            fields: header.nodes.fields as u64,
            nodes: nodes.kind.len() as u64,
        };
        let progress = match (section, &header.locations) {
            (Section::Edges, _) => {
                let edges = self.edges.get_or_insert_default();
                let mut rows = EdgeRows {
                    layout: &header.edges,
                    targets,
                    edges,
                    strings,
                };
                array.scan(rest, offset, &mut rows)?
            }
            (Section::Locations, Some(layout)) => {
                let mut rows = LocationRows {
                    layout,
                    targets,
                    locations: self.locations.get_or_insert_default(),
                };
                array.scan(rest, offset, &mut rows)?
            }
            _ => {
                let mut rows = NodeRows {
                    layout: &header.nodes,
                    nodes,
                    strings,
                };
                array.scan(rest, offset, &mut rows)?
            }
        };
        Ok(self.settle(progress, rest))
    }

    fn expectation(&self) -> (Section, &'static str) {
        match &self.state {
            State::Start => (Section::Outermost, "`{`"),
            State::FirstKey => (Section::Outermost, "a key or `}`"),
            State::NextKey => (Section::Outermost, "a key"),
            State::Key => (Section::Outermost, "the rest of a key"),
            State::Colon => (Section::Outermost, "`:`"),
            State::Header(..) => (Section::Header, "its end"),
            State::Numbers(section, array) => (*section, array.expected()),
            State::Strings(array) => (Section::Strings, array.expected()),
            State::Skipped(_) => (Section::Skipped, "its end"),
            State::Behind => (Section::Outermost, "`,` or `}`"),
            State::End => (Section::Outermost, "nothing behind the last `}`"),
        }
    }
}

fn check_counts(
    header: &Header,
    nodes: &NodeColumns,
    edges: &EdgeColumns,
    offset: u64,
) -> Result<(), SnapshotError> {
    let (node_rows, edge_rows) = (nodes.kind.len() as u64, edges.kind.len() as u64);
    let owned = nodes.first_edge.last().copied().unwrap_or(0);
    let checks = [
        (
            Section::Nodes,
            "the snapshot section",
            header.node_count,
            node_rows,
        ),
        (
            Section::Edges,
            "the snapshot section",
            header.edge_count,
            edge_rows,
        ),
        (
            Section::Edges,
            "the sum of edge_count",
            Some(owned.into()),
            edge_rows,
        ),
    ];
    for (section, announced_by, announced, found) in checks {
        if let Some(announced) = announced.filter(|announced| *announced != found) {
            return Err(SnapshotError::Count {
                offset,
                section,
                announced_by,
                announced,
                found,
            });
        }
    }
    Ok(())
}

fn check_strings(highest: Option<HighestString>, strings: &Strings) -> Result<(), SnapshotError> {
    let Some(HighestString {
        value,
        section,
        field,
        offset,
    }) = highest
    else {
        return Ok(());
    };
    if (value as usize) < strings.len() {
        return Ok(());
    }
    let expected = format!("a number below {}, the strings there are", strings.len());
    Err(Cell { section, offset }.reference(field, value.into(), expected))
}

/// Sorts by node; of several rows for one node the last counts.
fn one_per_node(mut rows: Vec<LocationRow>) -> Vec<LocationRow> {
    rows.reverse();
    rows.sort_by_key(|row| row.ordinal);
    rows.dedup_by_key(|row| row.ordinal);
    rows
}
