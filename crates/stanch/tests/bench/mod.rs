//! Scripts and arguments into a finished run of stanch, and into what it left behind.

use std::error::Error;
use std::fs::{self, File};
use std::io::Read;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use tempfile::TempDir;

use crate::{node, program};

/// What a test returns.
pub(crate) type Outcome = Result<(), Box<dyn Error>>;

/// Rounds that are as short as a test needs.
pub(crate) const SHORT: [&str; 4] = ["--warmup", "300ms", "--round", "300ms"];
/// Longer than any run here takes on a busy machine; a service alone has a minute to listen.
const LIMIT: Duration = Duration::from_secs(90);
/// A killed process is gone a moment after the signal, not at once.
const END_LIMIT: Duration = Duration::from_secs(3);
/// How often files and processes are looked at, which nothing announces to us.
const POLL: Duration = Duration::from_millis(10);
/// First line of every service here: its pid, for the search for survivors.
const NOTE_PID: &str = "require('fs').writeFileSync(`${process.env.PIDS}/${process.pid}`, '');\n";

/// A folder to run in, which notices what a run leaves behind.
pub(crate) struct Bench {
    folder: TempDir,
    pub(crate) node: PathBuf,
}

/// How a run ended.
#[derive(Debug)]
pub(crate) struct Ended {
    pub(crate) code: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

/// A run that goes on.
pub(crate) struct Run {
    child: Child,
    files: PathBuf,
}

impl Bench {
    /// None where there is no Node.
    pub(crate) fn new() -> Result<Option<Self>, Box<dyn Error>> {
        let Some(node) = node::any_node() else {
            node::left_out("there is no node in PATH");
            return Ok(None);
        };
        let folder = tempfile::tempdir()?;
        for name in ["work", "pids", "temporary", "out"] {
            fs::create_dir(folder.path().join(name))?;
        }
        Ok(Some(Self { folder, node }))
    }

    /// The folder in which stanch runs.
    pub(crate) fn work(&self) -> PathBuf {
        self.folder.path().join("work")
    }

    /// The folder of the user's caches, which comes to be when something is kept there.
    pub(crate) fn caches(&self) -> PathBuf {
        self.folder.path().join("caches")
    }

    /// Writes a file to the working folder and returns its path.
    pub(crate) fn write(&self, name: &str, content: impl AsRef<[u8]>) -> std::io::Result<PathBuf> {
        let path = self.work().join(name);
        fs::write(&path, content)?;
        Ok(path)
    }

    /// Writes `service.js`, which notes its pid before anything else.
    pub(crate) fn service(&self, script: &str) -> std::io::Result<PathBuf> {
        self.write("service.js", format!("{NOTE_PID}{script}"))
    }

    /// Starts stanch with these arguments; `name` tells runs in one folder apart.
    pub(crate) fn start<A: AsRef<std::ffi::OsStr>>(
        &self,
        name: &str,
        arguments: impl IntoIterator<Item = A>,
    ) -> Result<Run, Box<dyn Error>> {
        self.start_program(&program::stanch(), Stdio::null(), name, arguments)
    }

    /// The same with a stanch of the test's choice, and with something on its standard input.
    pub(crate) fn start_program<A: AsRef<std::ffi::OsStr>>(
        &self,
        program: &Path,
        input: Stdio,
        name: &str,
        arguments: impl IntoIterator<Item = A>,
    ) -> Result<Run, Box<dyn Error>> {
        let files = self.folder.path().join("out").join(name);
        let child = Command::new(program)
            .args(arguments)
            .current_dir(self.work())
            .env("PIDS", self.folder.path().join("pids"))
            .env("TMPDIR", self.folder.path().join("temporary"))
            .env("XDG_CACHE_HOME", self.caches())
            .stdin(input)
            .stdout(File::create(files.with_extension("stdout"))?)
            .stderr(File::create(files.with_extension("stderr"))?)
            .spawn()?;
        Ok(Run { child, files })
    }

    /// `stanch find` with short rounds, `options` before the target or the `--`.
    pub(crate) fn find(&self, options: &[&str]) -> Result<Ended, Box<dyn Error>> {
        let arguments = ["find"].iter().chain(&SHORT).chain(options);
        self.start("find", arguments)?.end()
    }

    /// `stanch find` of `service.js` with this text.
    pub(crate) fn find_in(&self, script: &str) -> Result<Ended, Box<dyn Error>> {
        self.service(script)?;
        self.find(&["--", &self.node.to_string_lossy(), "service.js"])
    }

    /// Services that have started in all runs so far.
    pub(crate) fn services_started(&self) -> usize {
        entries(&self.folder.path().join("pids")).map_or(0, |pids| pids.len())
    }

    /// No process that noted its pid is alive, and no temporary file is left.
    pub(crate) fn assert_nothing_is_left(&self) -> Outcome {
        let pids = entries(&self.folder.path().join("pids"))?;
        let deadline = Instant::now() + END_LIMIT;
        while pids.iter().any(|pid| is_alive(pid)) && Instant::now() < deadline {
            sleep(POLL);
        }
        let alive: Vec<&String> = pids.iter().filter(|pid| is_alive(pid)).collect();
        assert!(alive.is_empty(), "still running: {alive:?}");
        let files = entries(&self.folder.path().join("temporary"))?;
        assert!(files.is_empty(), "left in the temporary folder: {files:?}");
        Ok(())
    }
}

impl Run {
    /// Waits for its end.
    pub(crate) fn end(mut self) -> Result<Ended, Box<dyn Error>> {
        let deadline = Instant::now() + LIMIT;
        let status = loop {
            match self.child.try_wait()? {
                Some(status) => break status,
                None if Instant::now() < deadline => sleep(POLL),
                None => {
                    self.child.kill()?;
                    self.child.wait()?;
                    let said = self.text("stderr")?;
                    return Err(format!("no end within {LIMIT:?}: {said}").into());
                }
            }
        };
        Ok(Ended {
            code: status.code(),
            stdout: self.text("stdout")?,
            stderr: self.text("stderr")?,
        })
    }

    /// Sends it a signal.
    pub(crate) fn signal(&self, signal: Signal) -> Outcome {
        Ok(kill(
            Pid::from_raw(i32::try_from(self.child.id())?),
            signal,
        )?)
    }

    /// Waits until it holds, while the run goes on.
    pub(crate) fn wait_until(&mut self, holds: impl Fn() -> bool) -> Outcome {
        let deadline = Instant::now() + LIMIT;
        while !holds() {
            if self.child.try_wait()?.is_some() || Instant::now() > deadline {
                return Err(format!("it did not come to that: {}", self.text("stderr")?).into());
            }
            sleep(POLL);
        }
        Ok(())
    }

    fn text(&self, stream: &str) -> std::io::Result<String> {
        let mut text = String::new();
        File::open(self.files.with_extension(stream))?.read_to_string(&mut text)?;
        Ok(text)
    }
}

impl Ended {
    /// It could not be done, and one message that contains all of `words` says why.
    pub(crate) fn assert_refused(&self, words: &[&str]) {
        assert_eq!(self.code, Some(2), "{self:#?}");
        assert_eq!(self.stdout, "", "the result goes nowhere");
        assert!(self.stderr.starts_with("error: "), "{}", self.stderr);
        for never in ["panicked", "unwrap", "RUST_BACKTRACE"] {
            assert!(!self.stderr.contains(never), "{}", self.stderr);
        }
        for word in words {
            assert!(self.stderr.contains(word), "`{word}` in {}", self.stderr);
        }
    }
}

/// A port that was free a moment ago, with nobody on it.
pub(crate) fn free_port() -> std::io::Result<u16> {
    Ok(TcpListener::bind("127.0.0.1:0")?.local_addr()?.port())
}

/// Names in a folder.
pub(crate) fn entries(folder: &Path) -> std::io::Result<Vec<String>> {
    let names = fs::read_dir(folder)?
        .map(|entry| entry.map(|entry| entry.file_name().to_string_lossy().into_owned()));
    names.collect()
}

/// A zombie has ended; whoever started it has not asked yet.
fn is_alive(pid: &str) -> bool {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
    let state = status.lines().find_map(|line| line.strip_prefix("State:"));
    state.is_some_and(|state| !state.trim_start().starts_with(['Z', 'X']))
}
