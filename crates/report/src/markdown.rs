//! A diagnosis → Markdown for a comment on a pull request: the verdict, a table of suspects, the rest folded away.

mod escape;

use std::fmt::Write as _;

use stanch_diagnosis::{Diagnosis, Memory, Site, Suspect};
use stanch_leak_patterns::Pattern;
use stanch_memory_verdict::Verdict;

use crate::advice;
use crate::number::{count, measure, percent};
use crate::wording::{self, Tone, plain, plural, sentence, tone};
use escape::{block, code, html, prose};

/// Suspects in the table.
const SUSPECTS: usize = 10;
/// Suspects with a folded block of their own: a comment holds 65,536 characters.
const DETAILED: usize = 5;
/// Characters of a patch; beyond, the comment names the command that shows it.
const PATCH_LIMIT: usize = 8_000;
/// Columns of a name.
const NAME_ROOM: usize = 80;
/// Columns of a file's path with its position.
const PLACE_ROOM: usize = 160;

/// The diagnosis as GitHub-flavoured Markdown, with a line end.
///
/// Everything from the process is escaped or stands in code spans: no HTML, links, mentions or table bars come through.
#[must_use]
pub fn markdown(diagnosis: &Diagnosis) -> String {
    let mut out = Document::default();
    out.verdict(diagnosis);
    out.suspects(&diagnosis.suspects);
    if tone(diagnosis.verdict.kind) != Tone::Calm {
        for suspect in diagnosis.suspects.iter().take(DETAILED) {
            out.details(suspect);
        }
    }
    out.list("What V8 flags can do", &advice::flags(diagnosis));
    out.steps(&diagnosis.verdict);
    out.rounds(&diagnosis.memory);
    out.list("Notes", &diagnosis.notes);
    out.text
}

#[derive(Debug, Default)]
struct Document {
    text: String,
}

impl Document {
    /// A paragraph, heading, table or block, with an empty line before it.
    fn part(&mut self, text: &str) {
        if !self.text.is_empty() {
            self.text.push('\n');
        }
        self.text.push_str(text.trim_end_matches('\n'));
        self.text.push('\n');
    }

    fn folded(&mut self, summary: &str, parts: &[String]) {
        self.part(&format!("<details><summary>{summary}</summary>"));
        for part in parts {
            self.part(part);
        }
        self.part("</details>");
    }

    fn verdict(&mut self, diagnosis: &Diagnosis) {
        let verdict = &diagnosis.verdict;
        let mark = match tone(verdict.kind) {
            Tone::Alarm => "❌",
            Tone::Advice => "⚠️",
            Tone::Calm => "✅",
            Tone::Open => "❔",
        };
        self.part(&format!(
            "### {mark} {}",
            prose(wording::title(verdict.kind))
        ));
        let mut text = format!("**{}**", prose(&wording::verdict(diagnosis)));
        for sentence in wording::consequences(diagnosis) {
            text.push(' ');
            text.push_str(&prose(&sentence));
        }
        self.part(&text);
    }

    fn suspects(&mut self, suspects: &[Suspect]) {
        if suspects.is_empty() {
            return;
        }
        let mut table =
            "| # | What grows | Where | By | Pattern | Confidence |\n|--:|---|---|---|---|---|\n"
                .to_owned();
        for suspect in suspects.iter().take(SUSPECTS) {
            let _infallible = writeln!(
                table,
                "| {} | {} | {} | {} | {} | {} |",
                suspect.rank,
                holder(suspect),
                whereabouts(suspect),
                growth(suspect),
                suspect.pattern.map_or("none", Pattern::id),
                suspect.confidence
            );
        }
        self.part(&table);
        if suspects.len() > SUSPECTS {
            self.part(&format!("and {} more", suspects.len() - SUSPECTS));
        }
    }

    fn details(&mut self, suspect: &Suspect) {
        let mut parts = vec![format!("{}.", prose(&wording::suspect(suspect)))];
        let site = |site: &Site| {
            let role = site.role.id();
            format!(
                "- {role} in {}",
                code(&plain(&site.place.to_string(), PLACE_ROOM))
            )
        };
        let seen: Vec<_> = suspect
            .sites
            .iter()
            .map(site)
            .chain(bullets(&suspect.reasons))
            .collect();
        if !seen.is_empty() {
            parts.push(seen.join("\n"));
        }
        if !suspect.path.is_empty() {
            parts.push("Why it is kept:".to_owned());
            parts.push(block("text", &tree(&suspect.path)));
        }
        let remedy = &suspect.remedy;
        if !remedy.summary.is_empty() {
            parts.push(format!(
                "**Fix:** {}",
                prose(&sentence(&plain(&remedy.summary, 600)))
            ));
        }
        parts.extend(bullets(&remedy.advice));
        match &remedy.patch {
            Some(patch) if patch.len() <= PATCH_LIMIT => parts.push(block("diff", patch)),
            Some(_) => parts
                .push("The patch is too long for a comment; `--format json` has it.".to_owned()),
            None => {}
        }
        let title = format!("{}. {}", suspect.rank, wording::short_name(&suspect.holder));
        self.folded(&html(&title), &parts);
    }

    fn list(&mut self, heading: &str, sentences: &[String]) {
        if let Some(list) = bullets(sentences) {
            self.part(&format!("**{heading}**"));
            self.part(&list);
        }
    }

    fn steps(&mut self, verdict: &Verdict) {
        if verdict.steps.is_empty() {
            return;
        }
        let mut table =
            "| Question | Answer | Measured | Interval | Why |\n|---|---|--:|---|---|\n".to_owned();
        for step in &verdict.steps {
            let (value, interval) = measure(&step.measure);
            let _infallible = writeln!(
                table,
                "| {} | {} | {value} | {} | {} |",
                prose(&plain(&step.question, 160)),
                step.answer.word(),
                prose(&interval),
                prose(&plain(step.answer.detail(), 400))
            );
        }
        let mut parts = vec![table];
        if !verdict.would_change.is_empty() {
            parts.push(format!(
                "What would change it: {}",
                prose(&sentence(&plain(&verdict.would_change, 1_000)))
            ));
        }
        self.folded(
            &format!("How this was decided: {}", wording::sureness(verdict)),
            &parts,
        );
    }

    fn rounds(&mut self, memory: &Memory) {
        let Some(measured) = memory.rounds.len().checked_sub(1) else {
            return;
        };
        let mut table =
            "| Requests | Live heap | External | ArrayBuffers | RSS |\n|--:|--:|--:|--:|--:|\n"
                .to_owned();
        for round in &memory.rounds {
            let _infallible = writeln!(
                table,
                "| {} | {} | {} | {} | {} |",
                count(round.requests),
                round.live_heap,
                round.external,
                round.array_buffers,
                round.rss
            );
        }
        let rounds = plural(measured, "round", "rounds");
        self.folded(
            &format!("Memory after forced garbage collection, {measured} {rounds}"),
            &[table],
        );
    }
}

fn bullets(sentences: &[String]) -> Option<String> {
    let bullet = |text: &String| format!("- {}", prose(&sentence(&plain(text, 1_000))));
    (!sentences.is_empty()).then(|| sentences.iter().map(bullet).collect::<Vec<_>>().join("\n"))
}

fn holder(suspect: &Suspect) -> String {
    let holder = &suspect.holder;
    let name = wording::name(holder).map_or_else(
        || "unnamed".to_owned(),
        |name| code(&plain(name, NAME_ROOM)),
    );
    if holder.kind.is_empty() {
        name
    } else {
        format!("{name}, {}", prose(&plain(&holder.kind, NAME_ROOM)))
    }
}

fn whereabouts(suspect: &Suspect) -> String {
    let holder = &suspect.holder;
    let mut parts = Vec::new();
    parts.extend(
        holder
            .location
            .as_ref()
            .map(|place| code(&plain(&place.to_string(), PLACE_ROOM))),
    );
    parts.extend(
        holder
            .package
            .as_ref()
            .map(|package| format!("package {}", code(&plain(package, NAME_ROOM)))),
    );
    parts.extend(
        holder
            .worker
            .as_ref()
            .map(|worker| format!("worker {}", code(&plain(worker, NAME_ROOM)))),
    );
    parts.join(", ")
}

fn growth(suspect: &Suspect) -> String {
    let growth = &suspect.growth;
    let mut parts = Vec::new();
    parts.extend(growth.per_request.map(|rate| rate.to_string()));
    if growth.share > 0.0 {
        parts.push(format!("{} of all growth", percent(growth.share)));
    }
    parts.join(", ")
}

/// The path as a tree that leans to the right.
fn tree(path: &[String]) -> String {
    let step = |(depth, step): (usize, &String)| {
        let branch = if depth == 0 {
            String::new()
        } else {
            format!("{}└ ", "  ".repeat(depth.min(10) - 1))
        };
        format!("{branch}{}", plain(step, 120))
    };
    path.iter()
        .enumerate()
        .map(step)
        .collect::<Vec<_>>()
        .join("\n")
}
