//! The command line as typed values: commands, options, their help texts.

use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, Parser, Subcommand, ValueEnum};
use stanch_lint_project::Pick;

/// Finds memory leaks in Node.js services: the variable that grows, its file and line, and the fix.
#[derive(Debug, Parser)]
#[command(
    name = "stanch",
    version,
    propagate_version = true,
    max_term_width = 100
)]
#[command(
    after_help = "Exit codes: 0 nothing found · 1 a leak, or findings · 2 bad usage, or it could not be done · 3 not enough data to decide"
)]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub(crate) command: Command,
    #[command(flatten)]
    pub(crate) output: OutputArgs,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Find the leak of a small bundled service: the whole job in half a minute
    Demo(DemoArgs),
    /// Start a service (or attach to one), load it, decide whether it leaks, and name what grows
    Find(Box<FindArgs>),
    /// Say what grows between heap snapshots, or what holds the memory in one
    Analyze(AnalyzeArgs),
    /// Save a heap snapshot of a running process, its free memory checked first; `-o FILE.zst` or `.gz` compresses it
    Snapshot(SnapshotArgs),
    /// Write what was computed for every node of a snapshot, for checking and for other tools
    Export(ExportArgs),
    /// Find leaks in the sources before they run, and mend what can be mended
    Lint(Box<LintArgs>),
    /// Serve an editor: findings as you type, quick fixes, explanations, over the language server protocol
    Lsp(LspArgs),
    /// Explain a leak pattern, a lint rule, a verdict, or a number: what it is, why it leaks, the fix
    Explain(ExplainArgs),
}

/// Options that every command takes.
#[derive(Debug, Args)]
#[command(next_help_heading = "Output")]
pub(crate) struct OutputArgs {
    /// Format of the result; `FORMAT=FILE` writes a file beside it [possible: text, json, markdown; for lint: text, concise, json, sarif, github, gitlab, junit, agent]
    #[arg(long, global = true, value_name = "FORMAT[=FILE]", value_parser = parse_format)]
    pub(crate) format: Vec<FormatTo>,
    /// Write the result to FILE instead of the standard output
    #[arg(short, long, global = true, value_name = "FILE")]
    pub(crate) output: Option<PathBuf>,
    /// No progress and no remarks on the standard error
    #[arg(short, long, global = true, conflicts_with = "verbose")]
    pub(crate) quiet: bool,
    /// Show the service's own output and every reading; of a lint, what was left out and why
    #[arg(short, long, global = true)]
    pub(crate) verbose: bool,
    /// When to use colours; NO_COLOR is obeyed
    #[arg(long, global = true, value_name = "WHEN", default_value = "auto")]
    pub(crate) color: ColorWhen,
}

/// When to use colours.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum ColorWhen {
    /// On a terminal, unless NO_COLOR says otherwise
    Auto,
    /// Even into a pipe
    Always,
    /// Nowhere
    Never,
}

/// A report format.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Format {
    Text,
    Json,
    Markdown,
    Concise,
    Sarif,
    Github,
    Gitlab,
    Junit,
    Agent,
}

impl Format {
    const ALL: [(&'static str, Self); 9] = [
        ("text", Self::Text),
        ("json", Self::Json),
        ("markdown", Self::Markdown),
        ("concise", Self::Concise),
        ("sarif", Self::Sarif),
        ("github", Self::Github),
        ("gitlab", Self::Gitlab),
        ("junit", Self::Junit),
        ("agent", Self::Agent),
    ];

    /// What it is called on the command line.
    pub(crate) fn name(self) -> &'static str {
        let own = Self::ALL.iter().find(|(_, format)| *format == self);
        own.map_or("", |(name, _)| name)
    }
}

/// A report format and where it goes; nowhere in particular means the standard output.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct FormatTo {
    pub(crate) format: Format,
    pub(crate) file: Option<PathBuf>,
}

/// `stanch demo`
#[derive(Debug, Args)]
pub(crate) struct DemoArgs {
    /// Which leak to show [default: unbounded-cache]
    #[arg(value_name = "PATTERN")]
    pub(crate) pattern: Option<String>,
}

/// `stanch find`
#[derive(Debug, Args)]
#[command(
    override_usage = "stanch find [OPTIONS] -- COMMAND…\n       stanch find [OPTIONS] TARGET"
)]
pub(crate) struct FindArgs {
    /// A running process: its pid, the host:port of its inspector, or a ws:// address
    #[arg(
        value_name = "TARGET",
        required_unless_present = "command",
        conflicts_with = "command"
    )]
    pub(crate) target: Option<String>,
    /// The command that starts the service
    #[arg(last = true, value_name = "COMMAND")]
    pub(crate) command: Vec<String>,
    #[command(flatten)]
    pub(crate) load: LoadArgs,
    #[command(flatten)]
    pub(crate) measure: MeasureArgs,
    /// Folder of the sources, which reported files are relative to [default: the working folder]
    #[arg(long, value_name = "DIR")]
    pub(crate) sources: Option<PathBuf>,
    /// Keep the snapshots and the readings in DIR
    #[arg(long, value_name = "DIR")]
    pub(crate) save: Option<PathBuf>,
    /// Attach to an inspector on another machine; an `ssh -L` tunnel is the safer way
    #[arg(long)]
    pub(crate) allow_remote: bool,
}

/// The load that `find` drives.
#[derive(Debug, Args)]
#[command(next_help_heading = "Load")]
pub(crate) struct LoadArgs {
    /// URL to request, or `METHOD URL`; `{seq}` and `{rand}` in it change per request [default: / of the port it listens on]
    #[arg(long, value_name = "URL")]
    pub(crate) url: Vec<String>,
    /// Header sent with every request
    #[arg(long, value_name = "NAME: VALUE")]
    pub(crate) header: Vec<String>,
    /// File sent as the body of requests that are neither GET nor HEAD
    #[arg(long, value_name = "FILE")]
    pub(crate) body: Option<PathBuf>,
    /// Connections kept open
    #[arg(long, value_name = "N", default_value_t = 10, value_parser = clap::value_parser!(u32).range(1..=10_000))]
    pub(crate) connections: u32,
    /// Requests per second; without it each connection sends the next request as soon as it has the response
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    pub(crate) rate: Option<u32>,
    /// Drive no load: somebody else does
    #[arg(long, conflicts_with_all = ["url", "rate", "header", "body"])]
    pub(crate) no_load: bool,
    /// When the service is ready: a URL that answers, or a regular expression on a line of its output [default: its first port answers]
    #[arg(long, value_name = "URL|REGEX")]
    pub(crate) ready: Option<String>,
}

/// How `find` measures.
#[derive(Debug, Args)]
#[command(next_help_heading = "Measuring")]
pub(crate) struct MeasureArgs {
    /// Length of the first round of load; longer ones follow while undecided
    #[arg(long, value_name = "TIME", default_value = "2s", value_parser = parse_time)]
    pub(crate) round: Duration,
    /// Rounds after which to stop undecided
    #[arg(long, value_name = "N", default_value_t = 12, value_parser = clap::value_parser!(u32).range(2..=1_000))]
    pub(crate) max_rounds: u32,
    /// Load before the first reading
    #[arg(long, value_name = "TIME", default_value = "3s", value_parser = parse_time)]
    pub(crate) warmup: Duration,
    /// Isolates to look at
    #[arg(long, value_name = "all|main|ID", default_value = "all")]
    pub(crate) worker: String,
    /// Take no heap snapshots: say from sampled allocations where the memory comes from
    #[arg(long)]
    pub(crate) sampling: bool,
    /// Take snapshots even where the free memory may not suffice
    #[arg(long)]
    pub(crate) force: bool,
    /// Seed of the load's random values
    #[arg(long, value_name = "N", default_value_t = 1)]
    pub(crate) seed: u64,
}

/// `stanch analyze`
#[derive(Debug, Args)]
pub(crate) struct AnalyzeArgs {
    /// Heap snapshots in the order in which they were taken, of one process, also compressed by gzip or zstd; `-` reads one from the standard input
    #[arg(required = true, value_name = "FILE")]
    pub(crate) files: Vec<PathBuf>,
    /// Folder of the sources, which reported files are relative to [default: the working folder]
    #[arg(long, value_name = "DIR")]
    pub(crate) sources: Option<PathBuf>,
    /// Requests served between two snapshots, for growth per request
    #[arg(long, value_name = "N")]
    pub(crate) requests: Option<u64>,
    /// Read the files anew, whatever is kept of an earlier look at them
    #[arg(long)]
    pub(crate) fresh: bool,
    #[command(flatten)]
    pub(crate) reading: ReadingArgs,
}

/// How snapshots are read.
#[derive(Debug, Clone, Copy, Args)]
pub(crate) struct ReadingArgs {
    /// Read a snapshot even if the free memory may not suffice
    #[arg(long)]
    pub(crate) force: bool,
}

/// `stanch snapshot`
#[derive(Debug, Args)]
pub(crate) struct SnapshotArgs {
    /// A running process: its pid, the host:port of its inspector, or a ws:// address
    #[arg(value_name = "TARGET")]
    pub(crate) target: String,
    /// Take it even where the free memory may not suffice
    #[arg(long)]
    pub(crate) force: bool,
    /// Attach to an inspector on another machine; an `ssh -L` tunnel is the safer way
    #[arg(long)]
    pub(crate) allow_remote: bool,
}

/// `stanch export`
#[derive(Debug, Args)]
pub(crate) struct ExportArgs {
    /// The heap snapshot, also compressed by gzip or zstd; `-` reads it from the standard input
    #[arg(value_name = "FILE")]
    pub(crate) file: PathBuf,
    /// Per node: id, self size, retained size, distance, immediate dominator, class
    #[arg(long, value_name = "OUT.tsv")]
    pub(crate) nodes: Option<PathBuf>,
    /// The class table
    #[arg(long, value_name = "OUT.json")]
    pub(crate) classes: Option<PathBuf>,
    /// The comparison with an earlier snapshot
    #[arg(long, num_args = 2, value_names = ["BASE", "OUT.json"])]
    pub(crate) diff: Option<Vec<PathBuf>>,
    #[cfg_attr(
        feature = "parquet",
        doc = "Nodes, edges, strings and locations as Parquet files in DIR"
    )]
    #[cfg_attr(
        not(feature = "parquet"),
        doc = "Nodes, edges, strings and locations as Parquet files in DIR; not in this build: it takes `--features parquet`"
    )]
    #[arg(long, value_name = "DIR")]
    pub(crate) parquet: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) reading: ReadingArgs,
}

/// `stanch lsp`
#[derive(Debug, Args)]
pub(crate) struct LspArgs {
    /// Over the standard input and output, which is the only way; editors say it
    #[arg(long)]
    pub(crate) stdio: bool,
}

/// `stanch lint`
#[derive(Debug, Args)]
#[command(
    after_help = "Exit codes: 0 no findings · 1 findings · 2 bad usage, or a file could not be linted\n\nA line is excused by a comment on it or above it: // stanch-ignore RULE: reason"
)]
#[command(group = clap::ArgGroup::new("fixing").args(["fix", "diff"]))]
pub(crate) struct LintArgs {
    /// Files and folders [default: the working folder]
    #[arg(value_name = "PATH")]
    pub(crate) paths: Vec<PathBuf>,
    /// Apply the fixes that change nothing but the leak
    #[arg(long)]
    pub(crate) fix: bool,
    /// Apply also the fixes that a person has to look at
    #[arg(long, requires = "fixing")]
    pub(crate) unsafe_fixes: bool,
    /// Print the fixes as a patch, and write nothing
    #[arg(long)]
    pub(crate) diff: bool,
    #[command(flatten)]
    pub(crate) rules: RuleArgs,
    #[command(flatten)]
    pub(crate) known: KnownArgs,
}

/// What `lint` looks for.
#[derive(Debug, Args)]
#[command(next_help_heading = "Rules")]
pub(crate) struct RuleArgs {
    /// Rules to run, instead of those that the configuration names: ids, patterns, `default` or `all`
    #[arg(long, value_name = "RULE", value_delimiter = ',')]
    pub(crate) select: Vec<Pick>,
    /// Rules not to run
    #[arg(long, value_name = "RULE", value_delimiter = ',')]
    pub(crate) ignore: Vec<Pick>,
    /// The configuration [default: the nearest stanch.toml, or package.json with the key `stanch`]
    #[arg(long, value_name = "FILE")]
    pub(crate) config: Option<PathBuf>,
    /// Lint also what .gitignore names, hidden files, packages and built code
    #[arg(long)]
    pub(crate) no_ignore: bool,
    /// Print the JSON schema of the configuration
    #[arg(long)]
    pub(crate) print_config_schema: bool,
}

/// Which findings `lint` reports.
#[derive(Debug, Args)]
#[command(next_help_heading = "Findings that are known")]
pub(crate) struct KnownArgs {
    /// Report only what is on lines that changed since a commit, or that git does not know yet
    #[arg(long, value_name = "COMMIT")]
    pub(crate) since: Option<String>,
    /// Write all findings into stanch-baseline.json, which hides them from now on
    #[arg(long, conflicts_with_all = ["since", "fixing", "prune_baseline"])]
    pub(crate) add_baseline: bool,
    /// Take out of stanch-baseline.json what is found no more
    #[arg(long, conflicts_with_all = ["since", "fixing"])]
    pub(crate) prune_baseline: bool,
}

/// `stanch explain`
#[derive(Debug, Args)]
pub(crate) struct ExplainArgs {
    /// What to explain; without it, all topics are listed
    #[arg(value_name = "TOPIC")]
    pub(crate) topic: Option<String>,
}

fn parse_time(text: &str) -> Result<Duration, String> {
    let (number, unit) = text.split_at(
        text.find(|c: char| c.is_ascii_alphabetic())
            .unwrap_or(text.len()),
    );
    let value: f64 = number
        .trim()
        .parse()
        .map_err(|_| format!("`{text}` is no time; write it like 500ms, 2s or 1m"))?;
    let seconds = match unit {
        "ms" => value / 1_000.0,
        "s" | "" => value,
        "m" | "min" => value * 60.0,
        _ => return Err(format!("`{unit}` is no unit of time; use ms, s or m")),
    };
    if !(0.0..=86_400.0).contains(&seconds) {
        return Err(format!("`{text}` is out of range: 0 to 24 hours"));
    }
    Ok(Duration::from_secs_f64(seconds))
}

fn parse_format(text: &str) -> Result<FormatTo, String> {
    let (name, file) = match text.split_once('=') {
        Some((name, file)) if !file.is_empty() => (name, Some(PathBuf::from(file))),
        Some(_) => return Err(format!("`{text}` names no file after the `=`")),
        None => (text, None),
    };
    let format = Format::ALL.iter().find(|(known, _)| *known == name);
    let Some((_, format)) = format else {
        let all: Vec<&str> = Format::ALL.iter().map(|(name, _)| *name).collect();
        return Err(format!(
            "`{name}` is no format; there are {}",
            all.join(", ")
        ));
    };
    let format = *format;
    Ok(FormatTo { format, file })
}

#[cfg(test)]
mod tests {
    use super::{Cli, parse_time};
    use clap::CommandFactory;
    use std::time::Duration;

    #[test]
    fn the_command_line_is_consistent() {
        Cli::command().debug_assert();
    }

    #[test]
    fn times_need_a_known_unit() {
        let check = |text: &str, milliseconds: u64| {
            assert_eq!(
                parse_time(text),
                Ok(Duration::from_millis(milliseconds)),
                "{text}"
            );
        };
        check("500ms", 500);
        check("2s", 2_000);
        check("1.5", 1_500);
        check("1m", 60_000);
        assert!(parse_time("2h").is_err());
        assert!(parse_time("soon").is_err());
    }
}
