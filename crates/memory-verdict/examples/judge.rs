//! Recorded series (files of `tests/series`) → verdicts: one line each, or all questions of one with `-v`.

#[path = "../tests/verdict/recording.rs"]
mod recording;

fn main() -> std::io::Result<()> {
    let (flags, files): (Vec<_>, Vec<_>) = std::env::args()
        .skip(1)
        .partition(|argument| argument.starts_with('-'));
    for file in files {
        let series = recording::parse(&std::fs::read_to_string(&file)?);
        let outcome = series.replay(series.hint);
        let verdict = &outcome.verdict;
        println!(
            "{:15} {:15} {:2} rounds {:9} {:.3} sees {:28} {}",
            series.label,
            verdict.kind.id(),
            outcome.rounds,
            outcome.paused.map_or(String::new(), |ms| format!("p{ms}")),
            verdict.confidence,
            verdict.smallest_seen.to_string(),
            file,
        );
        if !flags.is_empty() {
            for step in &verdict.steps {
                println!(
                    "    {} {}: {} {:?}",
                    step.question,
                    step.answer.word(),
                    step.answer.detail(),
                    step.measure
                );
            }
            println!("    {}", verdict.would_change);
        }
    }
    Ok(())
}
