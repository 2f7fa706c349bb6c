//! Findings and labels into who is right, and into what has to be looked at.

use super::lists::{Expected, Judgement, Label, Lists, Pair};
use super::results::{Found, Linted, Mended, Results};

/// What a person made of a finding; none where nobody looked at it yet.
pub(crate) fn label<'l>(lists: &'l Lists, package: &str, found: &Found) -> Option<&'l Label> {
    lists.labels.iter().find(|label| {
        label.package == package
            && label.file == found.file
            && label.line == found.line
            && label.rule == found.rule
    })
}

/// How many of a package's findings have a label; none counts those without.
pub(crate) fn count(lists: &Lists, linted: &Linted, judgement: Option<Judgement>) -> usize {
    let of_kind =
        |found: &&Found| label(lists, &linted.package, found).map(|label| label.label) == judgement;
    linted.findings.iter().filter(of_kind).count()
}

/// What became of a pair.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// Found before, and nothing after.
    Told,
    /// Nothing before.
    Missed,
    /// Something after.
    Noisy,
}

pub(crate) fn verdict(mended: &Mended) -> Verdict {
    match (&mended.before, mended.after.is_empty()) {
        (_, false) => Verdict::Noisy,
        (Some(_), true) => Verdict::Told,
        (None, true) => Verdict::Missed,
    }
}

/// What was made of a pair, if it was measured.
pub(crate) fn mended<'r>(results: &'r Results, pair: &Pair) -> Option<&'r Mended> {
    let mut pairs = results.pairs.iter();
    pairs.find(|mended| mended.package == pair.package && mended.rule == pair.rule)
}

/// What has to be looked at: labels that are missing or idle, pairs that are not told apart.
pub(crate) fn complaints(results: &Results, lists: &Lists) -> Vec<String> {
    let mut all = unlabelled(results, lists);
    all.extend(idle(results, lists));
    all.extend(untold(results, lists));
    all
}

/// Findings that nobody has labelled.
pub(crate) fn unlabelled(results: &Results, lists: &Lists) -> Vec<String> {
    let mut all = Vec::new();
    for linted in &results.packages {
        for found in &linted.findings {
            if label(lists, &linted.package, found).is_none() {
                let (package, version) = (&linted.package, &linted.version);
                all.push(format!(
                    "unlabelled: {package}@{version} {}:{} {}: {}",
                    found.file, found.line, found.rule, found.message
                ));
            }
        }
    }
    all
}

/// Labels of findings that are gone.
pub(crate) fn idle(results: &Results, lists: &Lists) -> Vec<String> {
    let mut all = Vec::new();
    for label in &lists.labels {
        let mut packages = results.packages.iter();
        let linted = packages.find(|linted| linted.package == label.package);
        let is_said = linted.is_some_and(|linted| {
            let mut findings = linted.findings.iter();
            findings.any(|found| {
                found.file == label.file && found.line == label.line && found.rule == label.rule
            })
        });
        if !is_said {
            all.push(format!(
                "labelled and gone: {} {}:{} {}",
                label.package, label.file, label.line, label.rule
            ));
        }
    }
    all
}

/// Pairs whose leak is not found, or whose mended version is not left in peace.
fn untold(results: &Results, lists: &Lists) -> Vec<String> {
    let mut all = Vec::new();
    for pair in &lists.pairs {
        let verdict = mended(results, pair).map(verdict);
        let is_as_expected = match pair.expected {
            Expected::Found => verdict == Some(Verdict::Told),
            Expected::Possible | Expected::No => {
                matches!(verdict, Some(Verdict::Told | Verdict::Missed))
            }
        };
        if !is_as_expected {
            all.push(format!("pair: {} {}: {verdict:?}", pair.package, pair.rule));
        }
    }
    all
}

#[cfg(test)]
mod tests {
    use super::{Verdict, verdict};
    use crate::precision::results::{Found, Mended};

    fn found() -> Found {
        Found {
            file: "a.js".to_owned(),
            line: 1,
            rule: "unguarded-pipe".to_owned(),
            confidence: "high".to_owned(),
            default: true,
            message: String::new(),
        }
    }

    #[test]
    fn a_pair_is_told_apart_when_only_the_leak_is_found() {
        let check = |before, after, expected| {
            let mended = Mended {
                package: "a".to_owned(),
                rule: "unguarded-pipe".to_owned(),
                before,
                after,
            };
            assert_eq!(verdict(&mended), expected);
        };
        check(Some(found()), Vec::new(), Verdict::Told);
        check(None, Vec::new(), Verdict::Missed);
        check(Some(found()), vec![found()], Verdict::Noisy);
        check(None, vec![found()], Verdict::Noisy);
    }
}
