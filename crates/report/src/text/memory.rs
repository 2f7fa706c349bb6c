//! Readings after forced garbage collection → one sparkline per kind of memory.

use stanch_diagnosis::{Memory, Round};
use stanch_leak_patterns::Bytes;

use super::page::{Line, Page, Role};
use crate::number::{change, count, float, whole};
use crate::visible::columns;
use crate::wording::plural;

/// The heights of a bar, lowest first.
const BARS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];
/// Columns of a sparkline at most.
const SPARK_ROOM: usize = 48;
/// Columns of one round's bar at most: few rounds need not be a speck.
const BAR_ROOM: usize = 4;
/// A course that moves by less than this part of its height is drawn flat: a wobble should not look like a climb.
const FLAT: f64 = 0.05;

/// Writes the course of live heap, external and resident memory over the rounds.
pub(super) fn write(page: &mut Page, memory: &Memory) {
    let rounds = &memory.rounds;
    let [_, .., last] = rounds.as_slice() else {
        return;
    };
    let measured = rounds.len() - 1;
    page.heading(&format!(
        "Memory after forced garbage collection, {measured} {}, {} requests",
        plural(measured, "round", "rounds"),
        count(last.requests)
    ));
    let course = |of: fn(&Round) -> Bytes| -> Vec<Bytes> { rounds.iter().map(of).collect() };
    let rows = [
        Row::of("live heap", &course(|round| round.live_heap)),
        Row::of("external", &course(|round| round.external)),
        Row::of("rss", &course(|round| round.rss)),
    ];
    let first = rows
        .iter()
        .map(|row| columns(&row.first))
        .max()
        .unwrap_or(0);
    let last = rows.iter().map(|row| columns(&row.last)).max().unwrap_or(0);
    for row in &rows {
        let line = Line::new().with(
            Role::Plain,
            &format!("  {:<9}  {:>first$} ", row.name, row.first),
        );
        let line = line
            .with(Role::Place, &row.spark)
            .with(Role::Plain, &format!(" {:<last$}", row.last));
        page.line(&line.with(Role::Dim, &format!("  {}", row.change)));
    }
}

struct Row {
    name: &'static str,
    first: String,
    last: String,
    change: String,
    spark: String,
}

impl Row {
    fn of(name: &'static str, course: &[Bytes]) -> Self {
        let end = |bytes: Option<&Bytes>| bytes.copied().unwrap_or_default();
        let (first, last) = (end(course.first()), end(course.last()));
        Self {
            name,
            first: first.to_string(),
            last: last.to_string(),
            change: change(first, last),
            spark: spark(course),
        }
    }
}

/// One bar per reading, several columns wide where there are few; of many readings each bar shows the highest.
fn spark(course: &[Bytes]) -> String {
    let values: Vec<f64> = course.iter().map(|bytes| float(bytes.0)).collect();
    let low = values.iter().copied().fold(f64::INFINITY, f64::min);
    let high = values.iter().copied().fold(0.0, f64::max);
    let span = (high - low).max(high * FLAT).max(1.0);
    let bar_width = (SPARK_ROOM / values.len().max(1)).clamp(1, BAR_ROOM);
    let per_bar = values.len().div_ceil(SPARK_ROOM).max(1);
    values
        .chunks(per_bar)
        .map(|chunk| {
            let value = chunk.iter().copied().fold(low, f64::max);
            let height = whole((value - low) / span * 7.0).min(7);
            let bar = BARS
                .get(usize::try_from(height).unwrap_or(0))
                .copied()
                .unwrap_or('▁');
            String::from(bar).repeat(bar_width)
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::spark;
    use stanch_leak_patterns::Bytes;

    fn check(course: &[u64], bars: &str) {
        let course: Vec<_> = course.iter().copied().map(Bytes).collect();
        assert_eq!(spark(&course), bars);
    }

    #[test]
    fn a_climb_uses_all_heights() {
        check(
            &[0, 100, 200, 300, 400, 500, 600, 700],
            "▁▁▁▁▂▂▂▂▃▃▃▃▄▄▄▄▅▅▅▅▆▆▆▆▇▇▇▇████",
        );
    }

    #[test]
    fn a_wobble_stays_low() {
        check(&[10_000, 10_040, 10_010], "▁▁▁▁▂▂▂▂▁▁▁▁");
        check(&[0, 0], "▁▁▁▁▁▁▁▁");
    }

    #[test]
    fn many_readings_share_bars() {
        let course: Vec<_> = (0..1_000).map(Bytes).collect();
        assert!(spark(&course).chars().count() <= 48);
    }
}
