//! A heap's nodes and edges into the text of a heap snapshot, section after section.

use std::fmt;
use std::io::{self, Write};

use crate::names::NAMES;
use crate::shape::{self, BLOCK, FIXED, Heap};

/// As V8 of Node 24 describes its snapshots.
const META: &str = r#"{"node_fields":["type","name","id","self_size","edge_count","detachedness"],"node_types":[["hidden","array","string","object","code","closure","regexp","number","native","synthetic","concatenated string","sliced string","symbol","bigint","object shape"],"string","number","number","number","number","number"],"edge_fields":["type","name_or_index","to_node"],"edge_types":[["context","element","property","internal","hidden","shortcut","weak"],"string_or_number","node"],"trace_function_info_fields":["function_id","name","script_name","script_id","line","column"],"trace_node_fields":["id","function_info_index","count","size","children"],"sample_fields":["timestamp_us","last_assigned_id"],"location_fields":["object_index","script_id","line","column"]}"#;
/// Length of `node_fields`.
const NODE_FIELDS: u64 = 6;
/// Bytes that are written at a time.
const PIECE: usize = 1 << 20;
/// Blocks that stand for all when a size is estimated.
const SAMPLES: u64 = 256;

/// What was written.
pub(crate) struct Facts {
    bytes: u64,
    nodes: u64,
    edges: u64,
}

impl fmt::Display for Facts {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            bytes,
            nodes,
            edges,
        } = self;
        write!(
            out,
            r#"{{"bytes":{bytes},"nodes":{nodes},"edges":{edges}}}"#
        )
    }
}

/// Writes the whole snapshot.
pub(crate) fn write_snapshot(heap: Heap, sink: impl Write) -> io::Result<Facts> {
    let mut text = Text::to(sink);
    let mut edges = 0_u64;
    for number in 0..heap.nodes() {
        heap.edges(number, &mut |_| edges += 1);
    }
    let nodes = heap.nodes();
    text.put(&format!(
        r#"{{"snapshot":{{"meta":{META},"node_count":{nodes},"edge_count":{edges},"trace_function_count":0,"extra_native_bytes":0}},"#
    ));
    text.put("\n\"nodes\":[");
    for number in 0..nodes {
        text.node(heap, number)?;
    }
    text.end_of_list("],\n\"edges\":[");
    for number in 0..nodes {
        text.edges_of(heap, number)?;
    }
    text.end_of_list(
        "],\n\"trace_function_infos\":[],\n\"trace_tree\":[],\n\"samples\":[],\n\"locations\":[",
    );
    for block in 0..heap.blocks {
        text.locations_of(block)?;
    }
    text.end_of_list("],\n\"strings\":[");
    for name in NAMES {
        text.put(&format!("\"{name}\","));
    }
    for block in 0..heap.blocks {
        text.string_of(block)?;
    }
    text.end_of_list("]}");
    let bytes = text.finish()?;
    Ok(Facts {
        bytes,
        nodes,
        edges,
    })
}

/// Bytes of the file within a fraction of a percent: the table, and some blocks for all.
pub(crate) fn expected_bytes(heap: Heap) -> u64 {
    let mut text = Text::to(io::sink());
    let samples = SAMPLES.min(heap.blocks);
    for sample in 0..samples {
        let block = sample * heap.blocks / samples;
        let written = (0..BLOCK).try_for_each(|slot| {
            let number = FIXED + block * BLOCK + slot;
            text.node(heap, number)?;
            text.edges_of(heap, number)
        });
        // A sink takes everything.
        drop(written.and_then(|()| text.locations_of(block)));
        drop(text.string_of(block));
    }
    let per_block = text.length() / samples.max(1);
    let digits = |number: u64| u64::from(number.checked_ilog10().unwrap_or(0)) + 1;
    let edge_of_table = 4 + digits(heap.blocks / 4 * 3) + digits(heap.nodes() * NODE_FIELDS);
    META.len() as u64 + heap.blocks * per_block + heap.blocks / 2 * edge_of_table
}

/// Text on its way to the sink.
struct Text<W> {
    sink: W,
    waiting: Vec<u8>,
    /// Bytes that the sink has.
    passed: u64,
}

impl<W: Write> Text<W> {
    fn to(sink: W) -> Self {
        Self {
            sink,
            waiting: Vec::with_capacity(2 * PIECE),
            passed: 0,
        }
    }

    fn node(&mut self, heap: Heap, number: u64) -> io::Result<()> {
        let node = heap.node(number);
        let mut edges = 0;
        heap.edges(number, &mut |_| edges += 1);
        // V8 numbers objects with odd ids.
        let id = 2 * number + 1;
        self.numbers([node.kind as u64, node.name, id, node.self_size, edges, 0]);
        self.pass_on()
    }

    fn edges_of(&mut self, heap: Heap, number: u64) -> io::Result<()> {
        let mut result = Ok(());
        heap.edges(number, &mut |edge| {
            self.numbers([edge.kind as u64, edge.label, edge.to * NODE_FIELDS]);
            // One node of a wide map has more edges than memory should hold.
            if result.is_ok() {
                result = self.pass_on();
            }
        });
        result
    }

    fn locations_of(&mut self, block: u64) -> io::Result<()> {
        let [script, line, column] = shape::location(block);
        for number in shape::located(block) {
            self.numbers([number * NODE_FIELDS, script, line, column]);
        }
        self.pass_on()
    }

    fn string_of(&mut self, block: u64) -> io::Result<()> {
        self.put(&shape::string_of(block));
        self.waiting.push(b',');
        self.pass_on()
    }

    fn put(&mut self, text: &str) {
        self.waiting.extend_from_slice(text.as_bytes());
    }

    /// Takes the last comma back and goes on.
    fn end_of_list(&mut self, text: &str) {
        if self.waiting.last() == Some(&b',') {
            self.waiting.pop();
        }
        self.put(text);
    }

    /// Each with a comma behind it.
    fn numbers<const N: usize>(&mut self, numbers: [u64; N]) {
        for mut number in numbers {
            let mut digits = [b','; 21];
            let mut from = digits.len() - 1;
            loop {
                from -= 1;
                digits[from] = b'0' + (number % 10) as u8;
                number /= 10;
                if number == 0 {
                    break;
                }
            }
            self.waiting.extend_from_slice(&digits[from..]);
        }
    }

    /// Gives the sink what has gathered, all but the last byte: a comma may have to go.
    fn pass_on(&mut self) -> io::Result<()> {
        if self.waiting.len() < PIECE {
            return Ok(());
        }
        let ready = self.waiting.len() - 1;
        self.sink.write_all(&self.waiting[..ready])?;
        self.passed += ready as u64;
        self.waiting.drain(..ready);
        Ok(())
    }

    fn length(&self) -> u64 {
        self.passed + self.waiting.len() as u64
    }

    fn finish(mut self) -> io::Result<u64> {
        self.sink.write_all(&self.waiting)?;
        self.sink.flush()?;
        Ok(self.length())
    }
}

#[cfg(test)]
mod tests {
    use super::{NODE_FIELDS, write_snapshot};
    use crate::shape::Heap;

    /// The numbers of one section.
    fn numbers(text: &str, section: &str) -> Vec<u64> {
        let (_, rest) = text.split_once(&format!("\"{section}\":[")).unwrap();
        let (list, _) = rest.split_once(']').unwrap();
        list.split(',')
            .map(|number| number.parse().unwrap())
            .collect()
    }

    fn check(blocks: u64) {
        let mut written = Vec::new();
        let facts = write_snapshot(Heap::new(blocks), &mut written).unwrap();
        assert_eq!(facts.bytes, written.len() as u64);
        let text = String::from_utf8(written).unwrap();
        let counts = format!(
            "\"node_count\":{},\"edge_count\":{},",
            facts.nodes, facts.edges
        );
        assert!(text.contains(&counts));
        let nodes = numbers(&text, "nodes");
        assert_eq!(nodes.len() as u64, facts.nodes * NODE_FIELDS);
        let edges_of_nodes: u64 = nodes.chunks(6).map(|node| node[4]).sum();
        assert_eq!(edges_of_nodes, facts.edges);
        let edges = numbers(&text, "edges");
        assert_eq!(edges.len() as u64, facts.edges * 3);
        for edge in edges.chunks(3) {
            assert!(edge[2] % NODE_FIELDS == 0 && edge[2] < nodes.len() as u64);
        }
    }

    #[test]
    fn counts_are_those_of_what_is_written() {
        [1, 2, 63, 64, 65, 1000, 20_000].into_iter().for_each(check);
    }
}
