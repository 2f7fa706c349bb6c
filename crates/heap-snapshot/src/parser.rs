//! The outermost object of a snapshot, chunk by chunk: finds the sections and hands them on.

use std::sync::Arc;

use crate::commas::Commas;
use crate::header;
use crate::numbers::{NumberArray, Progress, RowProgress};
use crate::plain::PADDING;
use crate::plan::{Block, RowPlan};
use crate::sections::{Opening, Sections};
use crate::skip::Skipper;
use crate::string_array::StringArray;
use crate::{Announced, Foreign, Section, Snapshot, SnapshotError};

/// The `snapshot` section of a real file is 2 KB; more than this is something else.
const HEADER_LIMIT: usize = 1 << 20;
/// No key of a snapshot's outermost object is half as long.
const KEY_LIMIT: usize = 64;
/// A row is not waited for beyond this length: it is taken number by number.
const ROW_LENGTH: usize = 4096;

/// Reads a snapshot from chunks of any size, in one pass.
///
/// Memory follows what the input holds, never what it announces.
#[derive(Debug, Default)]
pub struct SnapshotParser {
    offset: u64,
    state: State,
    key: Vec<u8>,
    sections: Sections,
    commas: Commas,
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
    Rows(RowPlan, NumberArray),
    Strings(StringArray),
    Skipped(Skipper),
    /// Behind a value.
    Behind,
    /// Behind the last `}`.
    End,
}

/// What to do with the start of a row at the end of a chunk.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Remainder {
    Take,
    Leave,
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

    /// What the snapshot says of itself, once that was read. It need not be true.
    #[must_use]
    pub fn announced(&self) -> Option<Announced> {
        let header = self.sections.header.as_ref()?;
        let (nodes, edges) = (header.node_count?, header.edge_count?);
        Some(Announced { nodes, edges })
    }

    /// Takes the next bytes.
    ///
    /// # Errors
    /// The first thing that is wrong, with its place. The parser is of no use afterwards.
    pub fn push(&mut self, chunk: &[u8]) -> Result<(), SnapshotError> {
        self.take(chunk, Remainder::Take).map(drop)
    }

    /// Takes the next bytes but for the start of a row at their end, and says how many.
    pub(crate) fn push_whole_rows(&mut self, chunk: &[u8]) -> Result<usize, SnapshotError> {
        self.take(chunk, Remainder::Leave)
    }

    /// How to read what comes next, if that is rows.
    pub(crate) fn row_plan(&self) -> Option<&RowPlan> {
        match &self.state {
            State::Rows(plan, array) if array.is_at_row() => Some(plan),
            _ => None,
        }
    }

    /// Takes what reading by the plan made of `text`, the rows that come next.
    pub(crate) fn append(
        &mut self,
        block: Result<Block, SnapshotError>,
        plan: &RowPlan,
        text: &[u8],
    ) -> Result<(), SnapshotError> {
        self.sections.append(block, plan, text, self.offset)?;
        self.offset += text.len() as u64;
        if let State::Rows(_, array) = &mut self.state {
            array.pass_rows();
        }
        Ok(())
    }

    /// Whether the header was read.
    pub(crate) const fn has_header(&self) -> bool {
        self.sections.header.is_some()
    }

    /// Ends the input and gives the snapshot.
    ///
    /// # Errors
    /// When the input was cut off, lacks a section, or does not hold what it announced.
    pub fn finish(self) -> Result<Snapshot, SnapshotError> {
        let offset = self.offset;
        match self.state {
            State::End => self.sections.finish(offset),
            State::Start => Err(SnapshotError::Empty),
            _ => {
                let (section, expected) = self.expectation();
                Err(SnapshotError::Truncated {
                    offset,
                    section,
                    expected,
                })
            }
        }
    }

    fn take(&mut self, chunk: &[u8], remainder: Remainder) -> Result<usize, SnapshotError> {
        let mut rest = chunk;
        while !rest.is_empty() {
            let taken = match &self.state {
                State::Rows(..) => self.step_rows(rest, remainder)?,
                _ => Some(self.step(rest)?),
            };
            let Some(taken) = taken else { break };
            self.offset += taken as u64;
            rest = &rest[taken..];
        }
        Ok(chunk.len() - rest.len())
    }

    /// Takes some of `rest`, at least one byte unless the state changes.
    fn step(&mut self, rest: &[u8]) -> Result<usize, SnapshotError> {
        match &mut self.state {
            State::Header(..) => self.step_header(rest),
            State::Strings(array) => {
                let strings = self.sections.strings.get_or_insert_default();
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

    /// Takes all whole rows at once; else one row, or what there is of it, number by number.
    fn step_rows(
        &mut self,
        rest: &[u8],
        remainder: Remainder,
    ) -> Result<Option<usize>, SnapshotError> {
        let State::Rows(plan, array) = &mut self.state else {
            return Ok(Some(0));
        };
        let offset = self.offset;
        if array.is_at_row() {
            let end = memchr::memchr(b']', rest);
            let rows = &rest[..end
                .unwrap_or(rest.len())
                .min(rest.len().saturating_sub(PADDING))];
            let length = plan.whole_rows(rows);
            if length > 0 {
                let block = plan.read(rest, length, offset, &mut self.commas);
                self.sections.append(block, plan, &rest[..length], offset)?;
                array.pass_rows();
                return Ok(Some(length));
            }
            let is_start = end.is_none() && rest.len() < ROW_LENGTH && plan.whole_rows(rest) == 0;
            if is_start && remainder == Remainder::Leave {
                return Ok(None);
            }
        }
        let mut row = plan.empty();
        let progress = plan.fill(&mut row, |sink| array.scan_row(rest, offset, sink))?;
        let taken = match progress {
            RowProgress::More => rest.len(),
            RowProgress::Row(taken) | RowProgress::Done(taken) => taken,
        };
        self.sections
            .append_row(row, plan, offset + taken as u64 - 1)?;
        if let RowProgress::Done(_) = progress {
            self.state = State::Behind;
        }
        Ok(Some(taken))
    }

    fn step_punctuation(&mut self, byte: u8) -> Result<(), SnapshotError> {
        if matches!(byte, b' ' | b'\n' | b'\r' | b'\t') {
            return Ok(());
        }
        let offset = self.offset;
        self.state = match (&self.state, byte) {
            (State::Start, b'{') => State::FirstKey,
            (State::Start, _) => {
                let what = Foreign::by_first_byte(byte);
                return Err(SnapshotError::NotASnapshot { what, offset });
            }
            (State::FirstKey | State::NextKey, b'"') => State::Key,
            (State::FirstKey | State::Behind, b'}') => State::End,
            (State::Behind, b',') => State::NextKey,
            (State::Colon, b':') => self.value_of_key()?,
            _ => {
                let (section, expected) = self.expectation();
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
        let offset = self.offset - self.key.len() as u64;
        let end = memchr::memchr(b'"', rest);
        self.key
            .extend_from_slice(&rest[..end.unwrap_or(rest.len())]);
        if self.key.len() > KEY_LIMIT {
            let what = Foreign::OtherJson;
            return Err(SnapshotError::NotASnapshot { what, offset });
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
        let Some(header) = self.sections.header.clone() else {
            if key == b"snapshot" {
                return Ok(State::Header(Skipper::default(), Vec::new()));
            }
            return match Foreign::by_key(&key) {
                Some(what) => Err(SnapshotError::NotASnapshot { what, offset }),
                None => Ok(State::Skipped(Skipper::default())),
            };
        };
        Ok(match self.sections.open(&key, &header, offset)? {
            Opening::Rows(plan) => {
                let array = NumberArray::new(plan.section, plan.fields());
                State::Rows(plan, array)
            }
            Opening::Strings => State::Strings(StringArray::default()),
            Opening::Skip => State::Skipped(Skipper::default()),
        })
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
            let header =
                header::read(json).map_err(|problem| SnapshotError::Header { offset, problem })?;
            self.sections.header = Some(Arc::new(header));
            self.state = State::Behind;
        }
        Ok(taken)
    }

    fn expectation(&self) -> (Section, &'static str) {
        match &self.state {
            State::Start => (Section::Outermost, "`{`"),
            State::FirstKey => (Section::Outermost, "a key or `}`"),
            State::NextKey => (Section::Outermost, "a key"),
            State::Key => (Section::Outermost, "the rest of a key"),
            State::Colon => (Section::Outermost, "`:`"),
            State::Header(..) => (Section::Header, "its end"),
            State::Rows(plan, array) => (plan.section, array.expected()),
            State::Strings(array) => (Section::Strings, array.expected()),
            State::Skipped(_) => (Section::Skipped, "its end"),
            State::Behind => (Section::Outermost, "`,` or `}`"),
            State::End => (Section::Outermost, "nothing behind the last `}`"),
        }
    }
}
