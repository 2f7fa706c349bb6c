//! Compressed snapshots into the same answers as plain ones, and damaged ones into a sentence.
//!
//! The snapshots are real, and so is every run of stanch.

#![expect(dead_code, reason = "the bench has more tools than these tests need")]

mod bench;
mod node;
mod program;

use std::error::Error;
use std::fs;
use std::io::{BufRead, BufReader, Write, pipe};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::thread;

use flate2::Compression;
use flate2::write::GzEncoder;

use bench::{Bench, Outcome};

/// How a snapshot is packed.
type Pack = fn(&[u8]) -> std::io::Result<Vec<u8>>;

const FORMATS: [(&str, Pack); 2] = [("gzip", gzip), ("zstd", zstd)];

fn gzip(bytes: &[u8]) -> std::io::Result<Vec<u8>> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(bytes)?;
    encoder.finish()
}

/// As the command `zstd` does it: with a checksum at the end.
fn zstd(bytes: &[u8]) -> std::io::Result<Vec<u8>> {
    let mut encoder = zstd::Encoder::new(Vec::new(), 1)?;
    encoder.include_checksum(true)?;
    encoder.write_all(bytes)?;
    encoder.finish()
}

/// Without a size and with the window of `zstd --long=31`, which decoders refuse unless told otherwise.
fn zstd_long(bytes: &[u8]) -> std::io::Result<Vec<u8>> {
    // Magic number, a descriptor that announces nothing but a window of 2^(10 + 21) bytes, raw blocks.
    let mut frame = vec![0x28, 0xb5, 0x2f, 0xfd, 0x00, 21 << 3];
    let blocks = bytes.chunks(100_000);
    let last = blocks.len() - 1;
    for (number, block) in blocks.enumerate() {
        let header = u32::try_from(block.len()).unwrap_or(0) << 3 | u32::from(number == last);
        frame.extend_from_slice(&header.to_le_bytes()[..3]);
        frame.extend_from_slice(block);
    }
    Ok(frame)
}

/// In two parts, as `cat one.gz other.gz` makes them.
fn halves(bytes: &[u8], pack: Pack) -> std::io::Result<Vec<u8>> {
    let (first, second) = bytes.split_at(bytes.len() / 2);
    Ok([pack(first)?, pack(second)?].concat())
}

/// Behind a frame that readers have to skip, as parallel compressors write one.
fn behind_a_skippable_frame(bytes: &[u8]) -> std::io::Result<Vec<u8>> {
    let skipped = [0x50, 0x2a, 0x4d, 0x18, 3, 0, 0, 0, 1, 2, 3];
    Ok([&skipped, zstd(bytes)?.as_slice()].concat())
}

#[test]
fn compressed_snapshots_tell_the_same() -> Outcome {
    let Some((bench, whole)) = a_snapshot()? else {
        return Ok(());
    };
    let plain = export(&bench, &whole)?;
    let check = |what: &str, packed: std::io::Result<Vec<u8>>| -> Outcome {
        assert!(export(&bench, &packed?)? == plain, "{what}");
        Ok(())
    };
    check("gzip", gzip(&whole))?;
    check("gzip in two members", halves(&whole, gzip))?;
    check("zstd", zstd(&whole))?;
    check("zstd in two frames", halves(&whole, zstd))?;
    check("zstd with a long window", zstd_long(&whole))?;
    check(
        "zstd behind a frame to skip",
        behind_a_skippable_frame(&whole),
    )?;
    Ok(())
}

#[test]
fn the_standard_input_may_be_compressed() -> Outcome {
    let Some((bench, whole)) = a_snapshot()? else {
        return Ok(());
    };
    let plain = export(&bench, &whole)?;
    for bytes in [gzip(&whole)?, zstd(&whole)?, whole] {
        let (input, mut end) = pipe()?;
        let arguments = ["export", "-", "--nodes", "nodes.tsv"];
        let run =
            bench.start_program(&program::stanch(), Stdio::from(input), "piped", arguments)?;
        let feeder = thread::spawn(move || -> std::io::Result<()> {
            // The first byte comes alone: no single read has all that tells the format.
            end.write_all(&bytes[..1])?;
            end.write_all(&bytes[1..])
        });
        let ended = run.end()?;
        assert_eq!(ended.code, Some(0), "{ended:#?}");
        feeder.join().map_err(|_| "the feeder panicked")??;
        assert!(fs::read(bench.work().join("nodes.tsv"))? == plain);
    }
    Ok(())
}

#[test]
fn data_that_are_cut_off_or_damaged() -> Outcome {
    let Some((bench, whole)) = a_snapshot()? else {
        return Ok(());
    };
    let check = |content: &[u8], words: &[&str]| -> Outcome {
        bench.write("kept.heapsnapshot", content)?;
        let run = bench.start("analyze", ["analyze", "kept.heapsnapshot"])?;
        run.end()?
            .assert_refused(&["kept.heapsnapshot cannot be read as a heap snapshot"]);
        let run = bench.start("analyze", ["analyze", "kept.heapsnapshot"])?;
        run.end()?.assert_refused(words);
        Ok(())
    };
    for (format, pack) in FORMATS {
        let packed = pack(&whole)?;
        for kept in [2, 9, packed.len() / 2, packed.len() - 1] {
            let place = format!("the {format} data are cut off at byte {kept} of");
            check(&packed[..kept], &[&place])?;
        }
        let damaged = format!("the {format} data are damaged before byte");
        for at in [packed.len() / 2, packed.len() - 2] {
            let mut packed = packed.clone();
            packed[at] ^= 0x10;
            check(&packed, &[&damaged])?;
        }
        check(
            &[packed.as_slice(), b"and more behind them"].concat(),
            &[&damaged],
        )?;
        check(&pack(b"")?, &["is empty"])?;
        check(&pack(b"[]")?, &["no heap snapshot", "JSON"])?;
        check(
            &pack(&whole[..whole.len() / 2])?,
            &["the snapshot is cut off at byte"],
        )?;
        check(&pack(&packed)?, &[format, "decompress it first"])?;
    }
    Ok(())
}

#[test]
fn snapshots_are_compressed_when_their_name_says_so() -> Outcome {
    let Some(bench) = Bench::new()? else {
        return Ok(());
    };
    let service = Service::start(&bench)?;
    for (name, magic) in [
        ("kept.heapsnapshot.zst", [0x28, 0xb5]),
        ("kept.heapsnapshot.gz", [0x1f, 0x8b]),
        ("kept.heapsnapshot", [b'{', b'"']),
    ] {
        let arguments = ["snapshot", "--force", &service.address, "-o", name];
        let ended = bench.start("snapshot", arguments)?.end()?;
        assert_eq!(ended.code, Some(0), "{ended:#?}");
        assert!(ended.stderr.contains(name), "{ended:#?}");
        let path = bench.work().join(name);
        assert_eq!(fs::read(&path)?[..2], magic, "{name}");
        assert_eq!(fs::metadata(&path)?.permissions().mode() & 0o777, 0o600);
        let ended = bench.start("analyze", ["analyze", name])?.end()?;
        assert_eq!(ended.code, Some(0), "{ended:#?}");
    }
    assert_eq!(bench::entries(&bench.work())?.len(), 3);
    Ok(())
}

/// A process with an open inspector.
struct Service {
    child: Child,
    address: String,
}

impl Service {
    fn start(bench: &Bench) -> Result<Self, Box<dyn Error>> {
        let mut child = Command::new(&bench.node)
            .args(["--inspect=127.0.0.1:0", "-e", "setInterval(() => {}, 1000)"])
            .stderr(Stdio::piped())
            .spawn()?;
        let mut line = String::new();
        let stderr = child.stderr.take().ok_or("no standard error")?;
        BufReader::new(stderr).read_line(&mut line)?;
        let address = line
            .split_whitespace()
            .last()
            .unwrap_or_default()
            .to_owned();
        assert!(address.starts_with("ws://"), "{line}");
        Ok(Self { child, address })
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

/// Node's own snapshot of itself, and the folder it is in; none where there is no Node.
type Kept = Option<(Bench, Vec<u8>)>;

fn a_snapshot() -> Result<Kept, Box<dyn Error>> {
    let Some(bench) = Bench::new()? else {
        return Ok(None);
    };
    let script = "require('v8').writeHeapSnapshot('whole.heapsnapshot')";
    let status = Command::new(&bench.node)
        .args(["-e", script])
        .current_dir(bench.work())
        .status()?;
    assert!(status.success(), "{status}");
    let whole = fs::read(bench.work().join("whole.heapsnapshot"))?;
    Ok(Some((bench, whole)))
}

/// What `stanch export` says of each node.
fn export(bench: &Bench, content: &[u8]) -> Result<Vec<u8>, Box<dyn Error>> {
    // The name says nothing of what is in it.
    bench.write("kept.heapsnapshot", content)?;
    let arguments = ["export", "kept.heapsnapshot", "--nodes", "nodes.tsv"];
    let ended = bench.start("export", arguments)?.end()?;
    assert_eq!(ended.code, Some(0), "{ended:#?}");
    take(&bench.work().join("nodes.tsv"))
}

/// The content of a file that must not be there for the next run.
fn take(path: &Path) -> Result<Vec<u8>, Box<dyn Error>> {
    let content = fs::read(path)?;
    fs::remove_file(path)?;
    Ok(content)
}
