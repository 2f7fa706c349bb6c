//! Recorded services → what the verdict makes of them, held against what they were known to be.
//!
//! `tests/series/tuned` was looked at while the thresholds were chosen, `tests/series/unseen` was not.

use std::path::Path;

use super::recording::{Series, parse};

/// A verdict that makes a service's owner look for a leak.
const ALARMS: [&str; 3] = ["leak", "buffer-leak", "native-growth"];
/// What may be said of a service without a leak.
const CALM: [&str; 3] = ["healthy", "warm-up", "retained-pages"];

/// How one folder of series was judged.
#[derive(Default)]
struct Score {
    table: String,
    leaks: usize,
    found: usize,
    clean: usize,
    alarms: usize,
}

fn fits(label: &str, kind: &str) -> bool {
    label
        .split('|')
        .any(|known| known == kind || known == "clean" && CALM.contains(&kind))
}

fn score(folder: &str, judge: fn(&Series) -> super::recording::Outcome) -> std::io::Result<Score> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/series")
        .join(folder);
    let mut files = std::fs::read_dir(folder)?
        .map(|entry| entry.map(|entry| entry.path()))
        .collect::<Result<Vec<_>, _>>()?;
    files.sort();
    let mut score = Score::default();
    for file in files {
        let series = parse(&std::fs::read_to_string(&file)?);
        let outcome = judge(&series);
        let kind = outcome.verdict.kind.id();
        let known: Vec<&str> = series.label.split('|').collect();
        let leaks = known.iter().any(|label| ALARMS.contains(label));
        // A run too short for anyone to tell is held to its label, but neither counted as found nor as missed.
        let decidable = !known.contains(&"not-enough-data");
        if leaks && decidable {
            score.leaks += 1;
            score.found += usize::from(fits(&series.label, kind));
        } else if !leaks {
            score.clean += 1;
            score.alarms += usize::from(ALARMS.contains(&kind));
        }
        let name = file.file_stem().unwrap_or_default().to_string_lossy();
        let mark = if fits(&series.label, kind) { ' ' } else { '!' };
        let pause = outcome.paused.map_or("", |_| " and a pause");
        let row = format!(
            "{mark} {name:44} {:24} {kind} in {}{pause}",
            series.label, outcome.rounds
        );
        score.table.push_str(&row);
        score.table.push('\n');
    }
    let Score {
        leaks,
        found,
        clean,
        alarms,
        ..
    } = score;
    score.table.push_str(&format!(
        "\n{found} of {leaks} leaks found and named, {alarms} alarms on {clean} others\n"
    ));
    Ok(score)
}

#[test]
fn services_that_were_tuned_on() -> std::io::Result<()> {
    let score = score("tuned", |series| series.replay(series.hint))?;
    insta::assert_snapshot!(score.table);
    assert!(
        score.alarms == 0 && score.found * 100 >= score.leaks * 95,
        "{}",
        score.table
    );
    Ok(())
}

#[test]
fn services_that_were_not() -> std::io::Result<()> {
    let score = score("unseen", |series| series.replay(series.hint))?;
    insta::assert_snapshot!(score.table);
    assert!(
        score.alarms * 50 <= score.clean && score.found * 100 >= score.leaks * 95,
        "{}",
        score.table
    );
    Ok(())
}

/// Without the word that a holder evicts, caches that never reach their bound in the run look like leaks: how many.
#[test]
fn the_price_of_not_reading_the_source() -> std::io::Result<()> {
    let score = score("tuned", |series| series.replay(None))?;
    let wrong: Vec<&str> = score
        .table
        .lines()
        .filter(|row| row.starts_with('!'))
        .collect();
    insta::assert_snapshot!(wrong.join("\n"));
    Ok(())
}
