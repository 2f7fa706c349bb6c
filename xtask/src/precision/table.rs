//! Measurements and labels into Markdown.

use std::fmt::Write;

use super::judged::{self, Verdict};
use super::lists::{Expected, Form, Judgement, Lists, Pair};
use super::results::{Corpus, Counted, Linted, OfRule, On, Results, Score};

/// All figures.
pub(crate) fn render(results: &Results, lists: &Lists) -> String {
    let mut parts: Vec<String> = results.corpora.iter().map(corpus).collect();
    parts.extend([
        corpus(&together(&results.corpora)),
        packages(results, lists),
        findings(results, lists),
        pairs(results, lists),
    ]);
    parts.join("\n\n")
}

/// The cases of all corpora: some rules have a few in each only.
fn together(corpora: &[Corpus]) -> Corpus {
    let mut all = Counted::default();
    for Corpus { counted, .. } in corpora {
        all.leaky += counted.leaky;
        all.silent += counted.silent;
        all.unsure += counted.unsure;
        for (rule, of_rule) in &counted.rules {
            let sum = all.rules.entry(rule.clone()).or_insert_with(|| OfRule {
                pattern: of_rule.pattern.clone(),
                on: of_rule.on,
                by_default: Score::default(),
                when_selected: Score::default(),
            });
            sum.by_default += of_rule.by_default;
            sum.when_selected += of_rule.when_selected;
        }
    }
    Corpus {
        title: "All cases together".to_owned(),
        counted: all,
    }
}

fn corpus(corpus: &Corpus) -> String {
    let Corpus { title, counted } = corpus;
    let Counted {
        leaky,
        silent,
        unsure,
        rules,
    } = counted;
    let mut text = format!("### {title}\n\n{leaky} leaky and {silent} silent cases");
    if *unsure > 0 {
        let _ = write!(text, "; {unsure} more of unsure label do not count");
    }
    text += ".\n\n| rule | runs | right | wrong | missed | precision | recall | selected: right | wrong | missed | precision | recall |\n";
    text += "| --- | --- | --: | --: | --: | --: | --: | --: | --: | --: | --: | --: |\n";
    let (mut default, mut selected) = (Score::default(), Score::default());
    for (rule, of_rule) in rules {
        let runs = match of_rule.on {
            On::Always => "always",
            On::WhenSure => "when sure",
            On::WhenAsked => "when selected",
        };
        let by_default = match of_rule.on {
            On::WhenAsked => "| | | | |".to_owned(),
            On::Always | On::WhenSure => {
                default += of_rule.by_default;
                scores(of_rule.by_default)
            }
        };
        selected += of_rule.when_selected;
        let _ = writeln!(
            text,
            "| `{rule}` | {runs} {by_default} {} |",
            scores(of_rule.when_selected)
        );
    }
    let _ = write!(
        text,
        "| **all** | {} {} |",
        scores(default),
        scores(selected)
    );
    text
}

/// Five cells, each with the bar before it.
fn scores(score: Score) -> String {
    let Score {
        right,
        wrong,
        missing,
    } = score;
    let percent =
        |share: Option<f64>| share.map_or("–".to_owned(), |share| format!("{share:.0} %"));
    format!(
        "| {right} | {wrong} | {missing} | {} | {}",
        percent(score.precision()),
        percent(score.recall())
    )
}

fn packages(results: &Results, lists: &Lists) -> String {
    let mut text = "### Published packages\n\n".to_owned();
    text += "| package | files | findings | true | arguable | false |\n| --- | --: | --: | --: | --: | --: |\n";
    let mut total = [0; 5];
    for linted in &results.packages {
        let files = usize::try_from(linted.files).unwrap_or_default();
        let [is_true, arguable, is_false] =
            Judgement::ALL.map(|judgement| judged::count(lists, linted, Some(judgement)));
        let numbers = [files, linted.findings.len(), is_true, arguable, is_false];
        for (sum, number) in total.iter_mut().zip(numbers) {
            *sum += number;
        }
        let name = format!("{} {}", linted.package, linted.version);
        let _ = writeln!(text, "{}", row(&name, numbers));
    }
    text += &row(&format!("**{} packages**", results.packages.len()), total);
    let [_, findings, is_true, arguable, _] = total;
    if findings > 0 {
        let share = (is_true + arguable) as f64 / findings as f64 * 100.0;
        let _ = write!(text, "\n\nTrue or arguable: {share:.0} % of {findings}.");
    }
    text
}

fn row(name: &str, numbers: [usize; 5]) -> String {
    let [files, findings, is_true, arguable, is_false] = numbers.map(|number| number.to_string());
    format!("| {name} | {files} | {findings} | {is_true} | {arguable} | {is_false} |")
}

fn findings(results: &Results, lists: &Lists) -> String {
    let mut text =
        "### Each finding on them\n\n| where | rule | label | why |\n| --- | --- | --- | --- |"
            .to_owned();
    for linted in &results.packages {
        let Linted {
            package, findings, ..
        } = linted;
        for found in findings {
            let label = judged::label(lists, package, found);
            let (word, why) = label.map_or(("–", ""), |label| (label.label.word(), &*label.why));
            let _ = write!(
                text,
                "\n| {package} {}:{} | `{}` | {word} | {} |",
                found.file,
                found.line,
                found.rule,
                cell(why)
            );
        }
    }
    text
}

fn pairs(results: &Results, lists: &Lists) -> String {
    let told = results
        .pairs
        .iter()
        .filter(|mended| judged::verdict(mended) == Verdict::Told)
        .count();
    let mut text = format!(
        "### Leaks that were mended\n\n{told} of {} are told apart: found before, silent after.\n\n",
        lists.pairs.len()
    );
    text += "| package | rule | the leak | report | before | after |\n| --- | --- | --- | --- | --- | --- |";
    for pair in &lists.pairs {
        let Pair {
            package,
            before,
            after,
            rule,
            file,
            line,
            leak,
            report,
            ..
        } = pair;
        let (found, silent) = outcome(results, pair);
        let _ = write!(
            text,
            "\n| {package} {} → {}, {file}:{line}{} | `{rule}` | {} | {report} | {found} | {silent} |",
            before.version,
            after.version,
            match pair.form {
                Form::Source => "",
                Form::Transpiled => " (transpiled)",
            },
            cell(leak),
        );
    }
    text += &remarks(lists);
    text
}

/// Why some pairs cannot be told apart, or get something else as well.
fn remarks(lists: &Lists) -> String {
    let mut text = String::new();
    for pair in &lists.pairs {
        if pair.expected != Expected::Found {
            let _ = write!(text, "\n- {} `{}`: {}", pair.package, pair.rule, pair.why);
        }
        if let Some(remains) = &pair.remains {
            let (package, lines) = (&pair.package, &remains.lines);
            let _ = write!(
                text,
                "\n- {package} {}, lines {lines:?}: {}",
                pair.after.version, remains.why
            );
        }
    }
    if text.is_empty() {
        text
    } else {
        format!("\n{text}")
    }
}

fn outcome(results: &Results, pair: &Pair) -> (String, String) {
    let Some(mended) = judged::mended(results, pair) else {
        return ("–".to_owned(), "–".to_owned());
    };
    let before = match (&mended.before, pair.expected) {
        (Some(found), _) if found.default => "found".to_owned(),
        (Some(_), _) => "found when selected".to_owned(),
        (None, Expected::Found) => "**missed**".to_owned(),
        (None, Expected::Possible) => "not found".to_owned(),
        (None, Expected::No) => "cannot be seen".to_owned(),
    };
    let after = match mended.after.as_slice() {
        [] => "silent".to_owned(),
        findings => {
            let lines: Vec<String> = findings
                .iter()
                .map(|found| found.line.to_string())
                .collect();
            format!("**found in line {}**", lines.join(", "))
        }
    };
    (before, after)
}

/// A text that may stand in a cell.
fn cell(text: &str) -> String {
    text.replace('|', "\\|").replace('\n', " ")
}
