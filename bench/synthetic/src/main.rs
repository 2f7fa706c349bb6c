//! A size into a heap snapshot of that size, written as a stream.
//!
//! ```text
//! synthetic-snapshot MEGABYTES [OUT]
//! ```
//!
//! Without `OUT`, or with `-`, it goes to the standard output. The same size gives the same bytes.
//! What came of it is printed as one line of JSON.
//! Whatever the size, the program needs a few megabytes: every node and edge follows from its
//! number alone ([`shape`]), so that nothing has to be kept.

mod names;
mod shape;
mod write;

use std::error::Error;
use std::fs::File;
use std::io::{self, Write};
use std::process::ExitCode;

use crate::shape::Heap;
use crate::write::{Facts, expected_bytes, write_snapshot};

const MEGABYTE: u64 = 1_000_000;

fn main() -> ExitCode {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let (megabytes, out) = match words.as_slice() {
        [size] => (size.parse(), "-"),
        [size, out] => (size.parse(), out.as_str()),
        _ => (Ok(0), "-"),
    };
    let Ok(megabytes @ 1..) = megabytes else {
        eprintln!("usage: synthetic-snapshot MEGABYTES [OUT]");
        return ExitCode::from(2);
    };
    match write_to(out, megabytes) {
        Ok(facts) => {
            match out {
                // The snapshot itself is there.
                "-" => eprintln!("{facts}"),
                _ => println!("{facts}"),
            }
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("synthetic-snapshot: {out}: {error}");
            ExitCode::from(2)
        }
    }
}

fn write_to(out: &str, megabytes: u64) -> Result<Facts, Box<dyn Error>> {
    let heap = heap_of(megabytes * MEGABYTE);
    let sink: Box<dyn Write> = match out {
        "-" => Box::new(io::stdout().lock()),
        file => Box::new(File::create(file)?),
    };
    Ok(write_snapshot(heap, sink)?)
}

/// The smallest heap whose file is expected to have this many bytes.
fn heap_of(bytes: u64) -> Heap {
    let (mut low, mut high) = (1, bytes);
    while low < high {
        let middle = low.midpoint(high);
        if expected_bytes(Heap::new(middle)) < bytes {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    Heap::new(low)
}
