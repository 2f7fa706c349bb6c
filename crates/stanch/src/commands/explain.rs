//! `stanch explain`: a topic's text, or the list of topics.

use std::fmt::Write as _;

use anyhow::Result;

use crate::args::{ExplainArgs, OutputArgs};
use crate::exit::Exit;
use crate::explain;
use crate::output;

/// Prints one topic, or what there is to explain.
pub(crate) fn run(args: &ExplainArgs, output: &OutputArgs) -> Result<Exit> {
    let text = match &args.topic {
        Some(id) => {
            let page = |text: &&str| explain::render(text, output::width(), output::colors(output));
            let pages: Vec<String> = explain::pages(id)?.iter().map(page).collect();
            pages.join("\n")
        }
        None => list(),
    };
    output::write_result(&text, output.output.as_deref())?;
    Ok(Exit::Clean)
}

fn list() -> String {
    let mut text = String::from("stanch explain TOPIC, where TOPIC is one of:\n");
    let mut group = None;
    for topic in explain::topics() {
        if group != Some(topic.group) {
            // Writing to a String cannot fail.
            let _ = writeln!(text, "\n{}", topic.group);
            group = Some(topic.group);
        }
        let _ = writeln!(text, "  {:<20} {}", topic.id, topic.title);
    }
    text.push_str("\nRules of `stanch lint`\n");
    for (id, summary) in explain::rules() {
        let summary = summary.split_whitespace().collect::<Vec<_>>().join(" ");
        let first = summary.split(". ").next().unwrap_or_default();
        let _ = writeln!(text, "  {id:<28} {}", first.trim_end_matches('.'));
    }
    text
}
