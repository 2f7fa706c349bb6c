//! Where functions and constructors begin, by node: many nodes, few places.

use rustc_hash::FxHashMap;

/// Where an object's constructor, or a function, begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LocationRow {
    /// The node.
    pub ordinal: u32,
    /// V8's number of the script, good within its process only.
    pub script_id: u32,
    /// Line, counted from 0.
    pub line: u32,
    /// Column in UTF-16 units, counted from 0.
    pub column: u32,
}

/// The places of all nodes that have one; one at most for each.
#[derive(Debug, Clone, Default)]
pub struct Locations {
    /// One bit per node: whether it has a place.
    present: Vec<u64>,
    /// Bits set before each word of `present`.
    before: Vec<u32>,
    /// The place of each node that has one, by position in `places`.
    place: Vec<u32>,
    places: Vec<Place>,
}

type Place = [u32; 3];

/// Locations being read, in the order of the file.
#[derive(Debug, Default)]
pub(crate) struct LocationRows {
    rows: Vec<(u32, u32)>,
    places: Vec<Place>,
    known: FxHashMap<Place, u32>,
}

impl Locations {
    /// Number of nodes with a place.
    #[must_use]
    pub fn len(&self) -> usize {
        self.place.len()
    }

    /// Whether no node has a place.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.place.is_empty()
    }

    /// The place of the node `ordinal`.
    #[must_use]
    pub fn get(&self, ordinal: u32) -> Option<LocationRow> {
        let at = self.rank(ordinal)?;
        let [script_id, line, column] = self.places[self.place[at] as usize];
        Some(LocationRow {
            ordinal,
            script_id,
            line,
            column,
        })
    }

    /// All places, by ascending node.
    pub fn iter(&self) -> impl Iterator<Item = LocationRow> + '_ {
        let nodes = 0..(self.present.len() * 64) as u32;
        nodes.filter_map(|ordinal| self.get(ordinal))
    }

    /// How many nodes before `ordinal` have a place, if it has one itself.
    fn rank(&self, ordinal: u32) -> Option<usize> {
        let word = *self.present.get(ordinal as usize / 64)?;
        let bit = 1 << (ordinal % 64);
        let before = self.before[ordinal as usize / 64] + (word & (bit - 1)).count_ones();
        (word & bit != 0).then_some(before as usize)
    }
}

impl LocationRows {
    pub(crate) fn push(&mut self, row: &LocationRow) {
        let place = [row.script_id, row.line, row.column];
        // Rows of one place often stand together.
        let last = self.rows.last().map(|(_, place)| *place);
        let last = last.filter(|last| self.places[*last as usize] == place);
        let number = last.unwrap_or_else(|| self.number(place));
        self.rows.push((row.ordinal, number));
    }

    fn number(&mut self, place: Place) -> u32 {
        let next = self.places.len() as u32;
        let number = *self.known.entry(place).or_insert(next);
        if number == next {
            self.places.push(place);
        }
        number
    }

    /// Sorts by node; of several rows for one node the last counts.
    pub(crate) fn into_locations(self, nodes: usize) -> Locations {
        let mut present = vec![
            0;
            if self.rows.is_empty() {
                0
            } else {
                nodes.div_ceil(64)
            }
        ];
        for (ordinal, _) in &self.rows {
            present[*ordinal as usize / 64] |= 1_u64 << (ordinal % 64);
        }
        let mut sum = 0;
        let before = present.iter().map(|word| {
            let before = sum;
            sum += word.count_ones();
            before
        });
        let before = before.collect();
        let mut locations = Locations {
            present,
            before,
            place: vec![0; sum as usize],
            places: self.places,
        };
        for (ordinal, place) in self.rows {
            if let Some(at) = locations.rank(ordinal) {
                locations.place[at] = place;
            }
        }
        locations
    }
}
