//! A text and its findings into the text with their fixes, each of them checked.

use std::collections::BTreeMap;

use stanch_js_source::{SourceText, syntax_errors};

use crate::finding::{Edit, Finding, Fix, Safety};

/// Rounds of linting and fixing after which it ends, whatever is left: a fix may make room for the next one, and more of
/// them than this in a row do not happen in a text that a person wrote.
const MOST_ROUNDS: u32 = 10;

/// A text after its fixes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fixed {
    /// The text, with its byte order mark if it had one.
    pub text: String,
    /// What was applied, in the order in which it was.
    pub applied: Vec<Applied>,
    /// What is still found in the text.
    pub left: Vec<Finding>,
    /// Fixes that were tried and taken back, because they did not keep their promise. Each is a bug of its rule.
    pub broken: Vec<Broken>,
}

/// A fix that was applied.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Applied {
    /// The finding's rule.
    pub rule: &'static str,
    /// The line of the finding, from 1, in the text as it was before this fix.
    pub line: u32,
    /// What the fix did.
    pub title: String,
    /// What it may have changed beside the leak.
    pub safety: Safety,
}

/// A fix that was taken back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Broken {
    /// The finding's rule.
    pub rule: &'static str,
    /// The line of the finding, from 1.
    pub line: u32,
    /// What the fix said it would do.
    pub title: String,
    /// What was wrong with it.
    pub why: Flaw,
}

/// What a fix did that none may do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Flaw {
    /// The text has a syntax error that it had not before, in the parser's words.
    Syntax(String),
    /// The finding is still there.
    Stays,
    /// There is a finding of this rule that was not there before.
    New(&'static str),
}

/// Applies the fixes of what `lint` finds, up to a safety, and lints again, until there is nothing more to apply. Fixes that
/// are only for display are never applied.
///
/// Of fixes that overlap the first in the text is applied, and the others have their turn in the next round. A second pass
/// over the result changes nothing.
pub fn fix_text(
    source: &SourceText,
    lint: impl Fn(&SourceText) -> Vec<Finding>,
    up_to: Safety,
) -> Fixed {
    let mut fixer = Fixer {
        lint,
        source: source.clone(),
        errors: syntax_errors(source).len(),
        findings: Vec::new(),
        applied: Vec::new(),
        broken: Vec::new(),
        refused: Vec::new(),
    };
    fixer.findings = (fixer.lint)(&fixer.source);
    for _ in 0..MOST_ROUNDS {
        let round = fixer.candidates(up_to);
        if round.is_empty() || !fixer.apply(&round) {
            break;
        }
    }
    let mark = if source.mark_bytes() > 0 {
        "\u{feff}"
    } else {
        ""
    };
    Fixed {
        text: format!("{mark}{}", fixer.source.text()),
        applied: fixer.applied,
        left: fixer.findings,
        broken: fixer.broken,
    }
}

/// A text with edits made; they ascend and do not overlap, as those of a [`Fix`].
#[must_use]
pub fn edited(text: &str, edits: &[Edit]) -> String {
    let mut out = String::with_capacity(text.len());
    let mut at = 0;
    for edit in edits {
        out.push_str(text.get(at..edit.start as usize).unwrap_or_default());
        out.push_str(&edit.text);
        at = edit.end as usize;
    }
    out.push_str(text.get(at..).unwrap_or_default());
    out
}

/// A finding with the fix to be tried.
#[derive(Clone)]
struct Candidate {
    rule: &'static str,
    line: u32,
    place: String,
    fix: Fix,
}

struct Fixer<L> {
    lint: L,
    source: SourceText,
    errors: usize,
    findings: Vec<Finding>,
    applied: Vec<Applied>,
    broken: Vec<Broken>,
    /// Rule, title and code of fixes that were taken back.
    refused: Vec<(&'static str, String, String)>,
}

impl<L: Fn(&SourceText) -> Vec<Finding>> Fixer<L> {
    /// The fixes of this round: the first of each finding, without those that overlap an earlier one.
    fn candidates(&self, up_to: Safety) -> Vec<Candidate> {
        let mut all: Vec<Candidate> = Vec::new();
        for finding in &self.findings {
            let place = finding.place.extent;
            let code = self.source.slice(place.start, place.end);
            let fix = finding.fixes.iter().find(|fix| {
                let refused = self.refused.iter().any(|(rule, title, place)| {
                    *rule == finding.rule && *title == fix.title && place == code
                });
                fix.safety <= up_to && fix.safety != Safety::Display && !refused
            });
            all.extend(fix.map(|fix| Candidate {
                rule: finding.rule,
                line: place.line(),
                place: code.to_owned(),
                fix: fix.clone(),
            }));
        }
        all.sort_by_key(|candidate| candidate.fix.edits.first().map(|edit| edit.start));
        let mut chosen: Vec<Candidate> = Vec::new();
        for candidate in all {
            if chosen
                .iter()
                .all(|earlier| !overlap(&earlier.fix.edits, &candidate.fix.edits))
            {
                chosen.push(candidate);
            }
        }
        chosen
    }

    /// Whether anything of a round could be applied.
    fn apply(&mut self, round: &[Candidate]) -> bool {
        if let Ok(next) = self.tried(round) {
            self.accept(round, next);
            return true;
        }
        // Together they do not work: one after the other, each is held to its own promise.
        let mut good: Vec<Candidate> = Vec::new();
        let mut best = None;
        let mut refused_any = false;
        for candidate in round {
            if let Err(why) = self.tried(std::slice::from_ref(candidate)) {
                self.refuse(candidate, why);
                refused_any = true;
                continue;
            }
            good.push(candidate.clone());
            match self.tried(&good) {
                Ok(next) => best = Some(next),
                // It works by itself, in a later round.
                Err(_) => {
                    good.pop();
                }
            }
        }
        match best {
            Some(next) => {
                self.accept(&good, next);
                true
            }
            // Another fix of the same finding may have its turn.
            None => refused_any,
        }
    }

    fn refuse(&mut self, candidate: &Candidate, why: Flaw) {
        let title = candidate.fix.title.clone();
        self.refused
            .push((candidate.rule, title.clone(), candidate.place.clone()));
        self.broken.push(Broken {
            rule: candidate.rule,
            line: candidate.line,
            title,
            why,
        });
    }

    /// The text with some fixes and what is found in it then, if they keep their promise.
    fn tried(&self, fixes: &[Candidate]) -> Result<(SourceText, Vec<Finding>), Flaw> {
        let mut edits: Vec<Edit> = fixes
            .iter()
            .flat_map(|candidate| candidate.fix.edits.iter().cloned())
            .collect();
        edits.sort_by_key(|edit| (edit.start, edit.end));
        let source = SourceText::new(self.source.path(), edited(self.source.text(), &edits));
        let errors = syntax_errors(&source);
        if errors.len() > self.errors {
            let message = errors
                .into_iter()
                .next_back()
                .map(|problem| problem.message);
            return Err(Flaw::Syntax(message.unwrap_or_default()));
        }
        let findings = (self.lint)(&source);
        let (before, after) = (per_rule(&self.findings), per_rule(&findings));
        for (rule, count) in &after {
            let had = before.get(rule).copied().unwrap_or_default();
            let fixed = fixes
                .iter()
                .filter(|candidate| candidate.rule == *rule)
                .count();
            if *count > had {
                return Err(Flaw::New(rule));
            }
            if fixed > 0 && *count + fixed > had {
                return Err(Flaw::Stays);
            }
        }
        Ok((source, findings))
    }

    fn accept(&mut self, fixes: &[Candidate], (source, findings): (SourceText, Vec<Finding>)) {
        let applied = fixes.iter().map(|candidate| Applied {
            rule: candidate.rule,
            line: candidate.line,
            title: candidate.fix.title.clone(),
            safety: candidate.fix.safety,
        });
        self.applied.extend(applied);
        self.errors = syntax_errors(&source).len();
        self.source = source;
        self.findings = findings;
    }
}

fn per_rule(findings: &[Finding]) -> BTreeMap<&'static str, usize> {
    let mut counts = BTreeMap::new();
    for finding in findings {
        *counts.entry(finding.rule).or_default() += 1;
    }
    counts
}

/// Whether two fixes touch the same text; insertions at one place do, because their order would be left to chance.
fn overlap(one: &[Edit], other: &[Edit]) -> bool {
    let touches = |a: &Edit, b: &Edit| {
        (a.start < b.end && b.start < a.end)
            || a.start == b.start
            || (a.start == a.end && a.start == b.end)
            || (b.start == b.end && b.start == a.end)
    };
    one.iter().any(|a| other.iter().any(|b| touches(a, b)))
}

#[cfg(test)]
mod tests {
    use stanch_js_source::SourceText;
    use stanch_leak_patterns::Confidence;

    use super::{Flaw, fix_text};
    use crate::finding::{Edit, Finding, Fix, Label, Safety};

    /// A rule that finds a word, and replaces it by another.
    fn word(
        rule: &'static str,
        word: &str,
        by: &str,
        safety: Safety,
    ) -> impl Fn(&SourceText) -> Vec<Finding> {
        move |source| {
            let found = source.text().match_indices(word);
            let finding = |(at, _): (usize, &str)| {
                let (start, end) = (at as u32, (at + word.len()) as u32);
                Finding {
                    rule,
                    confidence: Confidence::High,
                    message: String::new(),
                    growth: None,
                    place: Label::new(source.extent(start, end), ""),
                    labels: Vec::new(),
                    fixes: vec![Fix {
                        title: format!("to {by}"),
                        safety,
                        edits: vec![Edit {
                            start,
                            end,
                            text: by.to_owned(),
                        }],
                    }],
                }
            };
            found.map(finding).collect()
        }
    }

    #[track_caller]
    fn check(
        text: &str,
        lint: impl Fn(&SourceText) -> Vec<Finding>,
        expected: (&str, usize, usize),
        broken: &[Flaw],
    ) {
        let source = SourceText::new("a.js", text);
        let fixed = fix_text(&source, lint, Safety::Unsafe);
        let is = (fixed.text.as_str(), fixed.applied.len(), fixed.left.len());
        assert_eq!(is, expected);
        let flaws: Vec<Flaw> = fixed.broken.into_iter().map(|broken| broken.why).collect();
        assert_eq!(flaws, broken);
    }

    #[test]
    fn everything_is_fixed_in_one_or_more_rounds() {
        check(
            "a(); a();",
            word("r", "a", "b", Safety::Safe),
            ("b(); b();", 2, 0),
            &[],
        );
        check(
            "\u{feff}a();",
            word("r", "a", "b", Safety::Safe),
            ("\u{feff}b();", 1, 0),
            &[],
        );
    }

    #[test]
    fn fixes_that_want_the_same_place_take_turns() {
        let lint = |source: &SourceText| {
            let imported = source.text().starts_with('i');
            let mut found = word("r", "a", "b", Safety::Safe)(source);
            let fixes = found.iter_mut().flat_map(|finding| &mut finding.fixes);
            for fix in fixes.filter(|_| !imported) {
                let text = "i();".to_owned();
                fix.edits.insert(
                    0,
                    Edit {
                        start: 0,
                        end: 0,
                        text,
                    },
                );
            }
            found
        };
        check("(a, a);", lint, ("i();(b, b);", 2, 0), &[]);
    }

    #[test]
    fn what_is_only_shown_is_not_applied() {
        check(
            "a();",
            word("r", "a", "b", Safety::Display),
            ("a();", 0, 1),
            &[],
        );
        let source = SourceText::new("a.js", "a();");
        let lint = word("r", "a", "b", Safety::Unsafe);
        assert_eq!(fix_text(&source, lint, Safety::Safe).text, "a();");
    }

    #[test]
    fn fixes_that_break_their_promise_are_taken_back() {
        check(
            "a();",
            word("r", "a", "b(", Safety::Safe),
            ("a();", 0, 1),
            &[Flaw::Syntax("Empty parenthesized expression".to_owned())],
        );
        check(
            "a();",
            word("r", "a", "ba", Safety::Safe),
            ("a();", 0, 1),
            &[Flaw::Stays],
        );
        check(
            "a();",
            word("r", "a", "aa", Safety::Safe),
            ("a();", 0, 1),
            &[Flaw::New("r")],
        );
    }

    #[test]
    fn two_fixes_that_declare_the_same_name_take_turns() {
        let names = ["t", "u"];
        let lint = |source: &SourceText| {
            let text = source.text().to_owned();
            let free = names
                .iter()
                .find(|name| !text.contains(&format!("let {name}")));
            word(
                "r",
                "a()",
                &format!("let {} = b()", free.unwrap_or(&"v")),
                Safety::Safe,
            )(source)
        };
        check("a(); a();", lint, ("let t = b(); let u = b();", 2, 0), &[]);
    }
}
