//! truth.json and a report of the same service into what is right and what is wrong in the report.

use std::error::Error;
use std::fmt;
use std::fs;
use std::path::{Path, PathBuf};

use serde::Deserialize;

/// Verdicts that fail a build.
const LEAKING: [&str; 3] = ["leak", "buffer-leak", "native-growth"];
/// Verdicts that come with suspects.
const WITH_SUSPECTS: [&str; 2] = ["leak", "buffer-leak"];

/// Which service of a truth file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Leaky,
    Fixed,
    Clean,
}

/// A service to run and what is true of it.
pub(crate) struct Fixture {
    /// `pattern/name` or `clean/name`.
    name: String,
    kind: Kind,
    /// The folder of the entry.
    pub(crate) folder: PathBuf,
    /// The file to start, from `folder`.
    pub(crate) entry: PathBuf,
    truth: Truth,
}

/// truth.json, as far as it is compared.
#[derive(Deserialize)]
struct Truth {
    entry: String,
    fixed: Option<String>,
    node: String,
    verdict: Vec<String>,
    #[serde(default)]
    fixed_verdict: Vec<String>,
    pattern: Option<String>,
    holder: Option<TrueHolder>,
    package: Option<String>,
}

#[derive(Deserialize)]
struct TrueHolder {
    names: Vec<String>,
    file: String,
    line: u32,
}

/// A diagnosis, as far as it is compared.
#[derive(Deserialize)]
pub(crate) struct Report {
    verdict: Verdict,
    suspects: Vec<Suspect>,
}

#[derive(Deserialize)]
struct Verdict {
    kind: String,
}

#[derive(Deserialize)]
struct Suspect {
    pattern: Option<String>,
    holder: Holder,
}

#[derive(Deserialize)]
struct Holder {
    name: String,
    qualified: Option<String>,
    location: Option<Location>,
    package: Option<String>,
}

#[derive(Deserialize)]
struct Location {
    file: String,
    line: u32,
}

/// One service compared.
pub(crate) struct Outcome {
    service: String,
    kind: Kind,
    verdict: Check,
    holder: Check,
    pattern: Check,
}

/// One answer compared; `Wrong` says what was found and what is true.
enum Check {
    Right(String),
    Wrong(String),
    /// The truth has no such thing.
    NotAsked,
}

/// All services of one Node.
#[derive(Default)]
pub(crate) struct Score(Vec<Outcome>);

/// Every service below `fixtures`: leaky, fixed and clean, by name.
pub(crate) fn all(fixtures: &Path) -> Result<Vec<Fixture>, Box<dyn Error>> {
    let mut found = Vec::new();
    for pattern in sorted(&fixtures.join("leaks"))? {
        for service in sorted(&pattern)? {
            found.push(Fixture::read(fixtures, &service, Kind::Leaky)?);
            found.push(Fixture::read(fixtures, &service, Kind::Fixed)?);
        }
    }
    for service in sorted(&fixtures.join("clean"))? {
        found.push(Fixture::read(fixtures, &service, Kind::Clean)?);
    }
    Ok(found)
}

/// The named services below `fixtures`.
pub(crate) fn selected(
    fixtures: &Path,
    names: &[(&str, Kind)],
) -> Result<Vec<Fixture>, Box<dyn Error>> {
    names
        .iter()
        .map(|(name, kind)| Fixture::read(fixtures, &fixtures.join(name), *kind))
        .collect()
}

fn sorted(folder: &Path) -> Result<Vec<PathBuf>, Box<dyn Error>> {
    let mut folders = fs::read_dir(folder)?
        .map(|entry| entry.map(|entry| entry.path()))
        .collect::<Result<Vec<_>, _>>()?;
    folders.sort();
    Ok(folders)
}

impl Fixture {
    fn read(fixtures: &Path, service: &Path, kind: Kind) -> Result<Self, Box<dyn Error>> {
        let file = service.join("truth.json");
        let text =
            fs::read_to_string(&file).map_err(|error| format!("{}: {error}", file.display()))?;
        let truth: Truth =
            serde_json::from_str(&text).map_err(|error| format!("{}: {error}", file.display()))?;
        let start = match kind {
            Kind::Leaky | Kind::Clean => &truth.entry,
            Kind::Fixed => truth.fixed.as_ref().ok_or("a truth file without `fixed`")?,
        };
        let start = service.join(start);
        let folder = start
            .parent()
            .ok_or("an entry without a folder")?
            .to_owned();
        let entry = start.file_name().ok_or("an entry without a name")?.into();
        let name = service
            .strip_prefix(fixtures.join("leaks"))
            .or_else(|_| service.strip_prefix(fixtures))?;
        Ok(Self {
            name: name.display().to_string(),
            kind,
            folder,
            entry,
            truth,
        })
    }

    /// Whether `node` of its truth allows that major version.
    pub(crate) fn runs_on(&self, major: u32) -> bool {
        let least = self.truth.node.trim_start_matches(">=").parse();
        least.is_ok_and(|least: u32| major >= least)
    }

    /// Holds a report against the truth.
    pub(crate) fn compare(&self, report: Result<Report, String>) -> Outcome {
        let accepted = match self.kind {
            Kind::Fixed => &self.truth.fixed_verdict,
            Kind::Leaky | Kind::Clean => &self.truth.verdict,
        };
        let verdict = match &report {
            Ok(report) => check(
                &report.verdict.kind,
                accepted.contains(&report.verdict.kind),
                &accepted.join(" or "),
            ),
            Err(why) => Check::Wrong(why.clone()),
        };
        let suspect = report
            .as_ref()
            .ok()
            .and_then(|report| report.suspects.first());
        let has_suspects = accepted
            .iter()
            .any(|kind| WITH_SUSPECTS.contains(&kind.as_str()));
        let (holder, pattern) = match (&self.truth.holder, self.kind) {
            (Some(holder), Kind::Leaky) if has_suspects => {
                (self.holder(holder, suspect), self.pattern(suspect))
            }
            _ => (Check::NotAsked, Check::NotAsked),
        };
        let service = match self.kind {
            Kind::Fixed => format!("{} (fixed)", self.name),
            Kind::Leaky | Kind::Clean => self.name.clone(),
        };
        Outcome {
            service,
            kind: self.kind,
            verdict,
            holder,
            pattern,
        }
    }

    fn holder(&self, truth: &TrueHolder, suspect: Option<&Suspect>) -> Check {
        let wanted = format!("{} {}:{}", truth.names.join("/"), truth.file, truth.line);
        let Some(Suspect { holder, .. }) = suspect else {
            return check("no suspect", false, &wanted);
        };
        let is_named = [Some(&holder.name), holder.qualified.as_ref()]
            .into_iter()
            .flatten()
            .any(|name| truth.names.contains(name));
        let place = holder.location.as_ref();
        let is_there = match &self.truth.package {
            Some(package) => holder.package.as_ref() == Some(package),
            None => place.is_some_and(|place| place.file == truth.file && place.line == truth.line),
        };
        let place = place.map_or_else(
            || "nowhere".to_owned(),
            |place| format!("{}:{}", place.file, place.line),
        );
        let package = |name: &Option<String>| {
            name.as_ref()
                .map_or_else(String::new, |name| format!(" of {name}"))
        };
        let found = format!("{} {place}{}", holder.name, package(&holder.package));
        check(
            &found,
            is_named && is_there,
            &format!("{wanted}{}", package(&self.truth.package)),
        )
    }

    fn pattern(&self, suspect: Option<&Suspect>) -> Check {
        let name = |pattern: Option<&String>| {
            pattern
                .map_or("none", |pattern| pattern.as_str())
                .to_owned()
        };
        let found = suspect.and_then(|suspect| suspect.pattern.as_ref());
        let wanted = self.truth.pattern.as_ref();
        check(
            &name(found),
            suspect.is_some() && found == wanted,
            &name(wanted),
        )
    }
}

fn check(found: &str, is_right: bool, wanted: &str) -> Check {
    if is_right {
        Check::Right(found.to_owned())
    } else {
        Check::Wrong(format!("{found} instead of {wanted}"))
    }
}

impl Score {
    pub(crate) fn add(&mut self, outcome: Outcome) {
        self.0.push(outcome);
    }

    /// Clean services that were called leaking.
    pub(crate) fn false_alarms(&self) -> impl Iterator<Item = &Outcome> {
        self.0
            .iter()
            .filter(|outcome| outcome.kind == Kind::Clean && outcome.verdict.is_leaking())
    }

    /// Services with anything wrong.
    pub(crate) fn wrong(&self) -> impl Iterator<Item = &Outcome> {
        let is_wrong = |check: &Check| matches!(check, Check::Wrong(_));
        self.0.iter().filter(move |outcome| {
            [&outcome.verdict, &outcome.holder, &outcome.pattern]
                .into_iter()
                .any(is_wrong)
        })
    }

    /// Share of right verdicts.
    pub(crate) fn verdicts(&self) -> f64 {
        share(self.0.iter().map(|outcome| &outcome.verdict))
    }

    /// Share of right holders, name and place.
    pub(crate) fn holders(&self) -> f64 {
        share(self.0.iter().map(|outcome| &outcome.holder))
    }

    /// Share of right patterns.
    pub(crate) fn patterns(&self) -> f64 {
        share(self.0.iter().map(|outcome| &outcome.pattern))
    }
}

fn share<'a>(checks: impl Iterator<Item = &'a Check>) -> f64 {
    let (mut right, mut asked) = (0_u32, 0_u32);
    for check in checks {
        right += u32::from(matches!(check, Check::Right(_)));
        asked += u32::from(!matches!(check, Check::NotAsked));
    }
    // Where nothing was asked nothing is wrong.
    f64::from(right.max(u32::from(asked == 0))) / f64::from(asked.max(1))
}

impl Check {
    fn is_leaking(&self) -> bool {
        let (Self::Right(found) | Self::Wrong(found)) = self else {
            return false;
        };
        LEAKING
            .iter()
            .any(|kind| found.split(' ').next() == Some(kind))
    }
}

impl fmt::Display for Check {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = match self {
            Self::Right(found) => found.clone(),
            Self::Wrong(found) => format!("WRONG {found}"),
            Self::NotAsked => "-".to_owned(),
        };
        f.pad(&text)
    }
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            service,
            verdict,
            holder,
            pattern,
            ..
        } = self;
        write!(f, "  {service:42} {verdict:15} {pattern:20} {holder:40}")
    }
}

impl fmt::Display for Score {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let percent = |share: f64| format!("{:.1} %", share * 100.0);
        let (verdicts, holders, patterns) = (self.verdicts(), self.holders(), self.patterns());
        write!(
            f,
            "  {} services: {} of verdicts, {} of holders, {} of patterns are right",
            self.0.len(),
            percent(verdicts),
            percent(holders),
            percent(patterns)
        )
    }
}
