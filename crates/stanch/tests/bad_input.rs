//! Everything that can go wrong around a run into a sentence, exit code 2, and nothing left behind.
//!
//! All processes are real: stanch, the services, and what stands in their way.

mod bench;
mod node;
mod program;

use std::error::Error;
use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::net::TcpListener;
use std::os::unix::fs::symlink;
use std::process::Command;
use std::thread;

use nix::sys::signal::Signal;

use bench::{Bench, Outcome, entries, free_port};

/// Answers every request.
const WELL: &str = "require('http').createServer((request, response) => response.end('ok')).listen(0, '127.0.0.1');";
/// Keeps a kilobyte of every request.
const LEAKS: &str = "const kept = new Map();
require('http').createServer((request, response) => {
  kept.set(kept.size, { text: 'x'.repeat(1000) + kept.size });
  response.end('ok');
}).listen(0, '127.0.0.1');";

/// `stanch find` of that service is refused with a message that contains `words`.
fn check_service(script: &str, words: &[&str]) -> Outcome {
    let Some(bench) = Bench::new()? else {
        return Ok(());
    };
    bench.find_in(script)?.assert_refused(words);
    bench.assert_nothing_is_left()
}

/// `stanch find` with these arguments beside a well service is refused.
fn check_options(options: &[&str], words: &[&str]) -> Outcome {
    let Some(bench) = Bench::new()? else {
        return Ok(());
    };
    bench.service(WELL)?;
    let node = bench.node.to_string_lossy().into_owned();
    let all: Vec<&str> = options
        .iter()
        .chain(&["--", &node, "service.js"])
        .copied()
        .collect();
    bench.find(&all)?.assert_refused(words);
    bench.assert_nothing_is_left()
}

/// `stanch find TARGET` is refused.
fn check_target(target: &str, words: &[&str]) -> Outcome {
    let Some(bench) = Bench::new()? else {
        return Ok(());
    };
    bench.find(&[target])?.assert_refused(words);
    bench.assert_nothing_is_left()
}

/// `stanch analyze` of a file with this content is refused.
fn check_snapshot(content: &[u8], words: &[&str]) -> Outcome {
    let Some(bench) = Bench::new()? else {
        return Ok(());
    };
    bench.write("kept.heapsnapshot", content)?;
    let run = bench.start("analyze", ["analyze", "kept.heapsnapshot"])?;
    let words: Vec<&str> = ["kept.heapsnapshot"].iter().chain(words).copied().collect();
    run.end()?.assert_refused(&words);
    bench.assert_nothing_is_left()
}

#[test]
fn a_command_that_does_not_exist() -> Outcome {
    let Some(bench) = Bench::new()? else {
        return Ok(());
    };
    let ended = bench.find(&["--", "no-such-program"])?;
    ended.assert_refused(&["no command `no-such-program`", "PATH"]);
    bench.write("service.js", WELL)?;
    let ended = bench.find(&["--", "./service.js"])?;
    ended.assert_refused(&["`./service.js` could not be started"]);
    let node = bench.node.to_string_lossy().into_owned();
    let ended = bench.find(&["--", &node, "missing.js"])?;
    ended.assert_refused(&["ended before it was ready", "Cannot find module"]);
    bench.assert_nothing_is_left()
}

#[test]
fn a_port_that_is_taken() -> Outcome {
    let taken = TcpListener::bind("127.0.0.1:0")?;
    let port = taken.local_addr()?.port();
    let script = format!("require('http').createServer().listen({port}, '127.0.0.1');");
    let port = format!("port: {port}");
    check_service(&script, &["ended before it was ready", "EADDRINUSE", &port])
}

#[test]
fn a_service_that_ends_before_it_listens() -> Outcome {
    check_service(
        "console.log('DATABASE_URL is not set'); process.exit(3);",
        &[
            "before it was ready",
            "exit status: 3",
            "its last lines",
            "DATABASE_URL is not set",
        ],
    )?;
    check_service(
        "process.exit(0);",
        &["before it was ready", "exit status: 0", "wrote nothing"],
    )
}

#[test]
fn a_service_that_never_listens() -> Outcome {
    if std::env::var("STANCH_MATRIX").as_deref() != Ok("full") {
        eprintln!("skipped: a service has a minute to listen; STANCH_MATRIX=full waits for it");
        return Ok(());
    }
    check_service(
        "console.log('waiting for the broker'); setInterval(() => {}, 1000);",
        &[
            "listens on no TCP port after 60 s",
            "waiting for the broker",
            "--ready",
            "--no-load",
        ],
    )
}

#[test]
fn a_service_that_ends_under_load() -> Outcome {
    check_service(
        "let served = 0;
        require('http').createServer((request, response) => {
          served += 1;
          if (served === 200) { console.log('out of licences'); process.exit(7); }
          response.end('ok');
        }).listen(0, '127.0.0.1');",
        &[
            "ended by itself",
            "exit status: 7",
            "its last lines",
            "out of licences",
        ],
    )
}

#[test]
fn a_service_that_throws_under_load() -> Outcome {
    check_service(
        "let served = 0;
        require('http').createServer((request, response) => {
          served += 1;
          if (served === 200) throw new Error('row 200 has no owner');
          response.end('ok');
        }).listen(0, '127.0.0.1');",
        &[
            "ended by itself",
            "exit status: 1",
            "Error: row 200 has no owner",
            "service.js",
        ],
    )
}

#[test]
fn a_service_that_answers_only_errors() -> Outcome {
    check_service(
        "require('http').createServer((request, response) => {
          response.statusCode = 500;
          response.end('no');
        }).listen(0, '127.0.0.1');",
        &["only errors", "status 500", "--url"],
    )
}

#[test]
fn services_that_speak_no_plain_http() -> Outcome {
    check_service(
        "require('https').createServer({}).listen(0, '127.0.0.1');",
        &["TLS only", "--no-load"],
    )?;
    check_service(
        "require('http2').createServer().listen(0, '127.0.0.1');",
        &["HTTP/2", "--no-load"],
    )?;
    check_service(
        "const net = require('net');
net.createServer().listen(0, '127.0.0.1');
net.createServer().listen(0, '127.0.0.1');",
        &["several ports", "--url"],
    )
}

#[test]
fn addresses_that_cannot_be_loaded() -> Outcome {
    let nobody = format!("http://127.0.0.1:{}/", free_port()?);
    check_options(&["--url", &nobody], &["only errors", "connection refused"])?;
    check_options(
        &["--url", "ftp://127.0.0.1/"],
        &["ftp://127.0.0.1/", "http://"],
    )?;
    check_options(
        &["--url", "POST http://127.0.0.1:1/", "--body", "absent.json"],
        &["cannot read the body file absent.json"],
    )?;
    check_options(
        &["--url", "http://127.0.0.1:1/", "--header", "Accept"],
        &["`Accept` is no header", "Name: value"],
    )?;
    check_options(
        &["--ready", "(listening"],
        &["--ready", "regular expression"],
    )
}

#[test]
fn options_that_make_no_sense() -> Outcome {
    check_options(&["--max-rounds", "1"], &["--max-rounds"])?;
    check_options(&["--connections", "many"], &["--connections"])?;
    check_options(&["--cooldown", "1s"], &["--cooldown"])?;
    check_options(&["--no-load", "--rate", "5"], &["--no-load", "--rate"])?;
    check_options(&["--format", "pdf"], &["`pdf` is no format"])?;
    check_options(&["4242"], &["TARGET", "COMMAND"])
}

#[test]
fn a_target_where_no_inspector_is() -> Outcome {
    let nobody = format!("127.0.0.1:{}", free_port()?);
    check_target(&nobody, &["nothing answers at", &nobody, "--inspect"])?;

    let web = TcpListener::bind("127.0.0.1:0")?;
    let address = web.local_addr()?.to_string();
    thread::spawn(move || {
        for stream in web.incoming().flatten() {
            greet(stream).ok();
        }
    });
    check_target(
        &address,
        &[&address, "does not speak the inspector protocol"],
    )?;
    check_target("the-web-server", &["`the-web-server` is no target"])
}

/// Answers one request as a web server would that knows nothing of inspectors.
fn greet(mut stream: std::net::TcpStream) -> std::io::Result<()> {
    let mut lines = BufReader::new(stream.try_clone()?).lines();
    while lines
        .next()
        .transpose()?
        .is_some_and(|line| !line.is_empty())
    {}
    stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 5\r\nconnection: close\r\n\r\nhello")
}

#[test]
fn a_process_that_is_not_node() -> Outcome {
    let mut sleeper = Command::new("sleep").arg("60").spawn()?;
    let pid = sleeper.id().to_string();
    let refused = check_target(&pid, &[&pid, "(sleep) is not Node"]);
    let ended = sleeper.try_wait()?;
    sleeper.kill()?;
    sleeper.wait()?;
    assert_eq!(ended, None, "the stranger was left alone");
    refused
}

#[test]
fn a_process_that_does_not_exist() -> Outcome {
    // One more than the largest pid that Linux gives to a process.
    check_target("4194305", &["there is no process 4194305"])
}

#[test]
fn another_machine_without_leave() -> Outcome {
    check_target(
        "192.0.2.7:9229",
        &[
            "192.0.2.7 is not this machine",
            "ssh -L 9229:127.0.0.1:9229",
        ],
    )?;
    check_target("node.example:9229", &["node.example is not this machine"])?;
    let Some(bench) = Bench::new()? else {
        return Ok(());
    };
    let ended = bench.find(&["ws://192.0.2.7:9229/0b9c-secret"])?;
    ended.assert_refused(&["192.0.2.7 is not this machine"]);
    assert!(
        !ended.stderr.contains("0b9c-secret"),
        "whoever reads that path controls the process"
    );
    Ok(())
}

#[test]
fn files_that_are_no_snapshot() -> Outcome {
    check_snapshot(b"", &["is empty"])?;
    check_snapshot(
        b"{\"name\": \"web\", \"version\": 2}",
        &["no heap snapshot", "JSON"],
    )?;
    check_snapshot(
        b"<!DOCTYPE html><html></html>",
        &["no heap snapshot", "HTML"],
    )?;
    check_snapshot(b"\x7fELF\x02\x01\x01\0\0\0\0\0", &["no heap snapshot"])?;
    check_snapshot(&[b'['; 100_000], &["no heap snapshot"])?;
    let Some(bench) = Bench::new()? else {
        return Ok(());
    };
    let check = |arguments: &[&str], words: &[&str]| -> Outcome {
        let arguments = ["analyze"].iter().chain(arguments);
        bench
            .start("analyze", arguments)?
            .end()?
            .assert_refused(words);
        Ok(())
    };
    check(
        &["absent.heapsnapshot"],
        &["cannot open absent.heapsnapshot"],
    )?;
    check(&["."], &["directory"])?;
    check(&[], &["FILE"])
}

#[test]
fn a_snapshot_that_is_cut() -> Outcome {
    let Some(bench) = Bench::new()? else {
        return Ok(());
    };
    let whole = snapshot_of(&bench, "whole.heapsnapshot")?;
    let length = whole.len();
    for kept in [1, 700, length / 4, length / 2, length * 9 / 10, length - 3] {
        bench.write("cut.heapsnapshot", &whole[..kept])?;
        let ended = bench
            .start("analyze", ["analyze", "cut.heapsnapshot"])?
            .end()?;
        ended.assert_refused(&[
            "cut.heapsnapshot cannot be read as a heap snapshot",
            "cut off",
        ]);
    }
    bench.assert_nothing_is_left()
}

#[test]
fn snapshots_of_two_processes() -> Outcome {
    let Some(bench) = Bench::new()? else {
        return Ok(());
    };
    snapshot_of(&bench, "one.heapsnapshot")?;
    // What the other process loads shifts its numbers, as in any two programs.
    let script = "require('node:http'); require('v8').writeHeapSnapshot('other.heapsnapshot')";
    let status = Command::new(&bench.node)
        .args(["-e", script])
        .current_dir(bench.work())
        .status()?;
    assert!(status.success(), "{status}");
    bench
        .start(
            "analyze",
            ["analyze", "one.heapsnapshot", "other.heapsnapshot"],
        )?
        .end()?
        .assert_refused(&["not of one process"]);
    bench.assert_nothing_is_left()
}

/// A snapshot of a Node process of its own, and the file's content.
fn snapshot_of(bench: &Bench, name: &str) -> Result<Vec<u8>, Box<dyn Error>> {
    let script = "require('v8').writeHeapSnapshot(process.argv[1])";
    let status = Command::new(&bench.node)
        .args(["-e", script, name])
        .current_dir(bench.work())
        .status()?;
    assert!(status.success(), "{status}");
    Ok(fs::read(bench.work().join(name))?)
}

#[test]
fn places_that_cannot_be_written() -> Outcome {
    let Some(bench) = Bench::new()? else {
        return Ok(());
    };
    bench.service(LEAKS)?;
    bench.write("file", "kept")?;
    let node = bench.node.to_string_lossy().into_owned();
    let check = |options: &[&str], words: &[&str]| -> Outcome {
        let arguments: Vec<&str> = options
            .iter()
            .chain(&["--", &node, "service.js"])
            .copied()
            .collect();
        bench.find(&arguments)?.assert_refused(words);
        bench.assert_nothing_is_left()
    };
    check(
        &["--save", "file/saved"],
        &["cannot make the folder file/saved"],
    )?;
    check(
        &["-q", "--format", "json=absent/result.json"],
        &["cannot write absent/result.json"],
    )?;
    assert_eq!(fs::read_to_string(bench.work().join("file"))?, "kept");

    // A device that is always full stands where the first snapshot is written.
    let saved = bench.work().join("saved");
    fs::create_dir(&saved)?;
    symlink("/dev/full", saved.join("main-1.heapsnapshot.partial"))?;
    check(
        &["--save", "saved"],
        &["cannot write saved/main-1.heapsnapshot", "No space left"],
    )?;
    let left = entries(&saved)?;
    assert!(left.is_empty(), "half a snapshot is no snapshot: {left:?}");
    Ok(())
}

#[test]
fn exports_that_cannot_be() -> Outcome {
    let Some(bench) = Bench::new()? else {
        return Ok(());
    };
    let check = |options: &[&str], words: &[&str]| -> Outcome {
        let arguments = ["export", "absent.heapsnapshot"].iter().chain(options);
        let ended = bench.start("export", arguments)?.end()?;
        ended.assert_refused(words);
        Ok(())
    };
    check(&[], &["nothing to export", "--nodes", "--parquet"])?;
    check(&["--nodes", "a.tsv"], &["cannot open absent.heapsnapshot"])?;
    // The release build goes without it; what is built with these tests may have it.
    let lacks_it = std::env::var_os("STANCH_BIN").is_some() || cfg!(not(feature = "parquet"));
    if lacks_it {
        check(
            &["--parquet", "out"],
            &["built without Parquet", "--features parquet"],
        )?;
    }
    Ok(())
}

#[test]
fn two_runs_at_once() -> Outcome {
    let Some(bench) = Bench::new()? else {
        return Ok(());
    };
    bench.service(LEAKS)?;
    let node = bench.node.to_string_lossy().into_owned();
    let arguments = [
        "find",
        "-q",
        "--warmup",
        "500ms",
        "--round",
        "500ms",
        "--format",
        "json",
        "--",
        &node,
        "service.js",
    ];
    let runs = [
        bench.start("one", arguments)?,
        bench.start("other", arguments)?,
    ];
    let mut addresses = Vec::new();
    for run in runs {
        let ended = run.end()?;
        assert_eq!(ended.code, Some(1), "{ended:#?}");
        let report: serde_json::Value = serde_json::from_str(&ended.stdout)?;
        assert_eq!(report["verdict"]["kind"], "leak", "{report:#}");
        assert_eq!(
            report["suspects"][0]["holder"]["name"], "kept",
            "{report:#}"
        );
        addresses.push(report["load"]["urls"][0].to_string());
    }
    assert_ne!(addresses[0], addresses[1], "each loads its own service");
    bench.assert_nothing_is_left()
}

#[test]
fn an_interrupt_while_the_service_starts() -> Outcome {
    let Some(bench) = Bench::new()? else {
        return Ok(());
    };
    bench.service("setInterval(() => {}, 1000);")?;
    let node = bench.node.to_string_lossy().into_owned();
    for (before, signal) in [Signal::SIGINT, Signal::SIGTERM].into_iter().enumerate() {
        let mut run = bench.start("find", ["find", "--", &node, "service.js"])?;
        run.wait_until(|| bench.services_started() > before)?;
        run.signal(signal)?;
        let ended = run.end()?;
        assert_eq!(
            (ended.code, ended.stdout.as_str()),
            (Some(130), ""),
            "{ended:#?}"
        );
        bench.assert_nothing_is_left()?;
    }
    Ok(())
}

#[test]
fn an_interrupt_while_it_measures() -> Outcome {
    let Some(bench) = Bench::new()? else {
        return Ok(());
    };
    bench.service(LEAKS)?;
    let node = bench.node.to_string_lossy().into_owned();
    let arguments = ["find"].into_iter().chain(bench::SHORT);
    let mut run = bench.start(
        "find",
        arguments.chain(["--save", "saved", "--", &node, "service.js"]),
    )?;
    let first = bench.work().join("saved/main-1.heapsnapshot");
    run.wait_until(|| first.exists())?;
    run.signal(Signal::SIGINT)?;
    let ended = run.end()?;
    assert_eq!(
        (ended.code, ended.stdout.as_str()),
        (Some(130), ""),
        "{ended:#?}"
    );
    bench.assert_nothing_is_left()?;
    let saved = entries(&bench.work().join("saved"))?;
    assert!(
        saved.contains(&"main-1.heapsnapshot".to_owned()),
        "{saved:?}"
    );
    assert!(
        !saved.iter().any(|name| name.ends_with(".partial")),
        "{saved:?}"
    );
    Ok(())
}
