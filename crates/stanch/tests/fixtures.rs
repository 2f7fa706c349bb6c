//! The services of `fixtures/` and their truth files into a table of verdicts, holders and patterns, right or wrong.
//!
//! By default a selection on one Node. With `STANCH_MATRIX=full` every service on Node 20 and 24 and the selection on
//! 18, 22 and 26, as `STANCH_NODE_18` … `STANCH_NODE_26` name them. One service at a time: they are measured.

mod node;
mod program;
mod truth;

use std::env;
use std::error::Error;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use truth::{Fixture, Kind, Report, Score};

/// One of each pattern, two fixed twins, and four clean services.
const SELECTION: [(&str, Kind); 12] = [
    ("leaks/unbounded-cache/profile-lookup", Kind::Leaky),
    ("leaks/unbounded-log/request-history", Kind::Leaky),
    ("leaks/unremoved-listener/config-watchers", Kind::Leaky),
    ("leaks/unclosed-stream/access-tee", Kind::Leaky),
    ("leaks/closure-capture/error-context", Kind::Leaky),
    ("leaks/pending-async/presence-heartbeat", Kind::Leaky),
    ("leaks/unbounded-cache/profile-lookup", Kind::Fixed),
    ("leaks/unremoved-listener/config-watchers", Kind::Fixed),
    ("clean/lru-articles", Kind::Clean),
    ("clean/ring-buffer", Kind::Clean),
    ("clean/connection-pool", Kind::Clean),
    ("clean/translations", Kind::Clean),
];
/// Longer than any run takes on a busy machine.
const LIMIT: Duration = Duration::from_secs(300);
/// Time to end its service after SIGTERM.
const END_LIMIT: Duration = Duration::from_secs(10);
/// How often a child process is asked whether it has ended.
const POLL: Duration = Duration::from_millis(20);

/// Least share of right answers over all services on one Node.
struct Bars {
    verdict: f64,
    holder: f64,
    pattern: f64,
}

/// What the project promises for every service of the fixtures.
const ALL: Bars = Bars {
    verdict: 0.98,
    holder: 0.95,
    pattern: 0.95,
};
/// The selection is of sure ones.
const SELECTED: Bars = Bars {
    verdict: 1.0,
    holder: 1.0,
    pattern: 1.0,
};

/// Services to run on one Node.
struct Round {
    node: PathBuf,
    name: String,
    fixtures: Vec<Fixture>,
    bars: Bars,
}

#[test]
fn services_are_what_their_truth_says() -> Result<(), Box<dyn Error>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../../fixtures")
        .canonicalize()?;
    if !folder.join("node_modules").is_dir() {
        node::left_out("fixtures/node_modules is missing; `npm ci` in fixtures/ makes it");
        return Ok(());
    }
    let rounds = if env::var("STANCH_MATRIX").as_deref() == Ok("full") {
        matrix(&folder)?
    } else {
        selection(&folder)?
    };
    let mut complaints = Vec::new();
    for round in &rounds {
        complaints.extend(run(round)?);
    }
    assert!(complaints.is_empty(), "{}", complaints.join("\n"));
    Ok(())
}

fn selection(folder: &Path) -> Result<Vec<Round>, Box<dyn Error>> {
    let Some(node) = node::any_node() else {
        node::left_out("there is no node in PATH");
        return Ok(Vec::new());
    };
    let name = node.display().to_string();
    Ok(vec![Round {
        node,
        name,
        fixtures: truth::selected(folder, &SELECTION)?,
        bars: SELECTED,
    }])
}

fn matrix(folder: &Path) -> Result<Vec<Round>, Box<dyn Error>> {
    let mut rounds = Vec::new();
    for major in [20, 24, 18, 22, 26] {
        let variable = format!("STANCH_NODE_{major}");
        let Some(node) = env::var_os(&variable) else {
            node::left_out(&format!("{variable} names no Node"));
            continue;
        };
        let (fixtures, bars) = if matches!(major, 20 | 24) {
            (truth::all(folder)?, ALL)
        } else {
            (truth::selected(folder, &SELECTION)?, SELECTED)
        };
        let fixtures = fixtures
            .into_iter()
            .filter(|fixture| fixture.runs_on(major))
            .collect();
        rounds.push(Round {
            node: node.into(),
            name: format!("Node {major}"),
            fixtures,
            bars,
        });
    }
    Ok(rounds)
}

/// Prints a row for each service and returns what is wrong.
fn run(round: &Round) -> Result<Vec<String>, Box<dyn Error>> {
    let mut score = Score::default();
    eprintln!("{}", round.name);
    for fixture in &round.fixtures {
        let started = Instant::now();
        let outcome = fixture.compare(find(fixture, &round.node)?);
        eprintln!("{outcome} {:5.1} s", started.elapsed().as_secs_f64());
        score.add(outcome);
    }
    eprintln!("{score}");
    Ok(complaints(&round.bars, &score, &round.name))
}

fn complaints(bars: &Bars, score: &Score, node: &str) -> Vec<String> {
    let mut complaints: Vec<String> = score
        .false_alarms()
        .map(|outcome| format!("{node}: a leak where there is none: {outcome}"))
        .collect();
    let shares = [
        ("verdicts", score.verdicts(), bars.verdict),
        ("holders", score.holders(), bars.holder),
        ("patterns", score.patterns(), bars.pattern),
    ];
    let before = complaints.len();
    for (what, share, bar) in shares.into_iter().filter(|(_, share, bar)| share < bar) {
        complaints.push(format!(
            "{node}: {:.1} % of {what} are right, less than {:.0} %",
            share * 100.0,
            bar * 100.0
        ));
    }
    if complaints.len() > before {
        complaints.extend(score.wrong().map(|outcome| format!("{node}:{outcome}")));
    }
    complaints
}

/// What `stanch find` reports of it, or why it reports nothing.
fn find(fixture: &Fixture, node: &Path) -> Result<Result<Report, String>, Box<dyn Error>> {
    let files = tempfile::tempdir()?;
    let (stdout, stderr) = (files.path().join("stdout"), files.path().join("stderr"));
    let mut child = Command::new(program::stanch())
        .args(["find", "-q", "--format", "json", "--"])
        .args([node, &fixture.entry])
        .current_dir(&fixture.folder)
        .stdin(Stdio::null())
        .stdout(File::create(&stdout)?)
        .stderr(File::create(&stderr)?)
        .spawn()?;
    let Some(status) = end_of(&mut child, LIMIT)? else {
        return stop(&mut child).map(|()| Err(format!("no result within {} s", LIMIT.as_secs())));
    };
    Ok(
        serde_json::from_str(&fs::read_to_string(stdout)?).map_err(|error| {
            let said = fs::read_to_string(stderr).unwrap_or_default();
            format!("{status}, {error}: {}", said.trim())
        }),
    )
}

/// None when it has not ended by then.
fn end_of(child: &mut Child, limit: Duration) -> std::io::Result<Option<ExitStatus>> {
    let deadline = Instant::now() + limit;
    loop {
        let status = child.try_wait()?;
        if status.is_some() || Instant::now() >= deadline {
            return Ok(status);
        }
        sleep(POLL);
    }
}

/// SIGTERM first: stanch then ends its service.
fn stop(child: &mut Child) -> Result<(), Box<dyn Error>> {
    kill(Pid::from_raw(i32::try_from(child.id())?), Signal::SIGTERM)?;
    if end_of(child, END_LIMIT)?.is_none() {
        child.kill()?;
        child.wait()?;
    }
    Ok(())
}
