//! Measurements into Markdown.

use std::collections::BTreeMap;
use std::fmt::Write;

use super::machine::{Kind, Machine};
use super::results::{FileRow, Results, Run, ToolRow};
use super::tools::Tool;

/// The figures with what they were taken on.
pub(crate) fn render(results: &Results) -> String {
    let mut text = preamble(
        &results.date,
        &results.machine,
        results.others_percent(),
        &results.versions,
    );
    text += "\n\n| file | tool | runs | wall time, median | min – max | against stanch | CPU time | peak memory | ÷ file | per edge |\n";
    text += "| --- | --- | --: | --: | --: | --: | --: | --: | --: | --: |\n";
    for file in &results.files {
        for tool in &file.tools {
            text += &row(file, tool);
        }
    }
    text.push('\n');
    for file in &results.files {
        let _ = writeln!(
            text,
            "- {}: {} bytes, {} nodes, {} edges",
            file.name,
            grouped(file.facts.bytes),
            grouped(file.facts.nodes),
            grouped(file.facts.edges)
        );
    }
    text.trim_end().to_owned()
}

/// When, on what, and with which versions.
pub(super) fn preamble(
    date: &str,
    machine: &Machine,
    others_percent: f64,
    versions: &BTreeMap<String, String>,
) -> String {
    let Machine {
        processor,
        cores,
        memory_bytes,
        kernel,
        kind,
    } = machine;
    let place = match kind {
        Kind::Virtual => "a virtual machine",
        Kind::Physical => "a physical machine",
    };
    let memory = *memory_bytes as f64 / f64::from(1 << 30);
    let versions: Vec<String> = versions
        .iter()
        .map(|(name, version)| format!("{name} {version}"))
        .collect();
    format!(
        "Measured on {date}: {place}, {processor}, {cores} cores, {memory:.0} GiB, {kernel}.\n\
         Other processes took {others_percent:.0} % of the cores' time during the runs.\n\
         Versions: {}.",
        versions.join(", ")
    )
}

fn row(file: &FileRow, row: &ToolRow) -> String {
    let (name, tool) = (&file.name, row.tool.name());
    let Some(wall) = median(&row.runs, Run::wall_seconds) else {
        let failure = row.failure.as_deref().unwrap_or("was not run");
        let failure = failure.replace('|', "\\|");
        return format!("| {name} | {tool} | 0 | {failure} | | | | | | |\n");
    };
    let least = least(&row.runs, Run::wall_seconds);
    let most = -self::least(&row.runs, |run| -run.wall_seconds());
    let cpu = median(&row.runs, Run::cpu_seconds).unwrap_or(wall);
    let peak = median(&row.runs, Run::peak_megabytes).unwrap_or(0.0);
    let per_edge = wall * 1e9 / file.facts.edges as f64;
    let share = peak * 1e6 / file.facts.bytes as f64;
    let ratio = if row.tool == Tool::Stanch {
        "1".to_owned()
    } else {
        stanch_median(file).map_or(String::new(), |own| format!("{:.1} ×", wall / own))
    };
    let runs = row.runs.len();
    format!(
        "| {name} | {tool} | {runs} | {} s | {} – {} s | {ratio} | {} s | {peak:.0} MB | {share:.2} | {per_edge:.0} ns |\n",
        digits(wall),
        digits(least),
        digits(most),
        digits(cpu),
    )
}

fn stanch_median(file: &FileRow) -> Option<f64> {
    let row = file.tools.iter().find(|row| row.tool == Tool::Stanch)?;
    median(&row.runs, Run::wall_seconds)
}

/// The middle one, or the mean of the middle two.
pub(super) fn median(runs: &[Run], figure: impl Fn(&Run) -> f64) -> Option<f64> {
    let mut figures: Vec<f64> = runs.iter().map(figure).collect();
    figures.sort_by(f64::total_cmp);
    let upper = figures.get(figures.len() / 2)?;
    let lower = figures.get((figures.len() - 1) / 2)?;
    Some(lower.midpoint(*upper))
}

pub(super) fn least(runs: &[Run], figure: impl Fn(&Run) -> f64) -> f64 {
    runs.iter().map(figure).fold(f64::INFINITY, f64::min)
}

/// Three significant digits.
pub(super) fn digits(number: f64) -> String {
    match number {
        100.0.. => format!("{number:.0}"),
        10.0.. => format!("{number:.1}"),
        1.0.. => format!("{number:.2}"),
        0.1.. => format!("{number:.3}"),
        _ => format!("{number:.4}"),
    }
}

/// With a comma after each three digits.
pub(super) fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::{Run, digits, grouped, median};

    fn of(seconds: &[f64]) -> Option<f64> {
        let run = |wall: &f64| Run {
            wall_us: (wall * 1e6) as u64,
            user_us: 0,
            system_us: 0,
            others_us: 0,
            peak_bytes: 0,
        };
        let runs: Vec<Run> = seconds.iter().map(run).collect();
        median(&runs, Run::wall_seconds)
    }

    #[test]
    fn a_median_is_the_middle() {
        let check = |runs: &[f64], expected| assert_eq!(of(runs), expected);
        check(&[], None);
        check(&[2.0], Some(2.0));
        check(&[9.0, 1.0, 2.0], Some(2.0));
        check(&[9.0, 1.0, 2.0, 3.0], Some(2.5));
    }

    #[test]
    fn numbers_have_three_digits_that_matter() {
        let check = |number, expected| assert_eq!(digits(number), expected);
        check(123.4, "123");
        check(12.34, "12.3");
        check(0.567_8, "0.568");
        check(0.012_34, "0.0123");
    }

    #[test]
    fn long_numbers_are_grouped() {
        let check = |number, expected| assert_eq!(grouped(number), expected);
        check(0, "0");
        check(999, "999");
        check(426_046_982, "426,046,982");
        check(1_000, "1,000");
    }
}
