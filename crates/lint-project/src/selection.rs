//! Words such as `default` or `unguarded-pipe` into the rules that run, and how much each of them may say.

use std::collections::BTreeSet;
use std::fmt;
use std::str::FromStr;

use serde::de::{Deserialize, Deserializer, Error as _};
use stanch_leak_lint::{On, RULES, Rule};
use stanch_leak_patterns::Pattern;

use crate::near;
use crate::suppression::SUPPRESSION_RULES;

/// What one word picks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pick {
    /// Everything there is: `all`.
    All,
    /// What runs without a word: `default`.
    Default,
    /// All rules of a pattern.
    Pattern(Pattern),
    /// One rule, or one of the checks of suppressions, by its id.
    Rule(&'static str),
}

/// A word that picks nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnknownPick {
    word: String,
}

/// Which rules run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Selection {
    /// What is wanted.
    pub select: Vec<Pick>,
    /// What is not, whatever is wanted.
    pub ignore: Vec<Pick>,
}

impl Default for Selection {
    fn default() -> Self {
        Self {
            select: vec![Pick::Default],
            ignore: Vec::new(),
        }
    }
}

impl Selection {
    /// Whether a rule runs.
    #[must_use]
    pub fn runs(&self, rule: &Rule) -> bool {
        let wanted = self.select.iter().any(|pick| match pick {
            Pick::Default => rule.on != On::WhenAsked,
            other => other.names(rule),
        });
        wanted && !self.ignores(rule)
    }

    /// Ids of the rules that say all they know, not only what they are sure of.
    #[must_use]
    pub fn in_full(&self) -> BTreeSet<String> {
        let named = RULES
            .iter()
            .filter(|rule| self.select.iter().any(|pick| pick.names(rule)));
        named.map(|rule| rule.id.to_owned()).collect()
    }

    /// Whether a check of suppressions runs: unless it is ignored, or others alone were asked for.
    pub(crate) fn runs_check(&self, id: &str) -> bool {
        let is_named = |picks: &[Pick]| {
            picks.iter().any(|pick| match pick {
                Pick::All => true,
                Pick::Rule(own) => *own == id,
                Pick::Default | Pick::Pattern(_) => false,
            })
        };
        let wanted = self.select.contains(&Pick::Default) || is_named(&self.select);
        wanted && !is_named(&self.ignore)
    }

    fn ignores(&self, rule: &Rule) -> bool {
        is_ignored(&self.ignore, rule)
    }
}

/// Whether one of the picks is this rule.
pub(crate) fn is_ignored(ignored: &[Pick], rule: &Rule) -> bool {
    ignored.iter().any(|pick| match pick {
        Pick::Default => rule.on != On::WhenAsked,
        other => other.names(rule),
    })
}

impl Pick {
    fn names(self, rule: &Rule) -> bool {
        match self {
            Self::All => true,
            Self::Default => false,
            Self::Pattern(pattern) => rule.pattern == pattern,
            Self::Rule(id) => rule.id == id,
        }
    }

    /// Every word that picks something.
    pub fn words() -> impl Iterator<Item = &'static str> + Clone {
        let rules = RULES.iter().map(|rule| rule.id);
        let patterns = Pattern::ALL.iter().map(|pattern| pattern.id());
        let checks = SUPPRESSION_RULES.iter().map(|rule| rule.id);
        // Where a rule is called like its pattern, the word means the rule.
        let patterns = patterns.filter(|id| !RULES.iter().any(|rule| rule.id == *id));
        ["all", "default"]
            .into_iter()
            .chain(rules)
            .chain(patterns)
            .chain(checks)
    }
}

impl FromStr for Pick {
    type Err = UnknownPick;

    fn from_str(word: &str) -> Result<Self, Self::Err> {
        match word.trim() {
            "all" => return Ok(Self::All),
            "default" => return Ok(Self::Default),
            _ => {}
        }
        let mut ids = RULES
            .iter()
            .map(|rule| rule.id)
            .chain(SUPPRESSION_RULES.iter().map(|rule| rule.id));
        let rule = ids.find(|id| *id == word.trim());
        let pattern = word.trim().parse::<Pattern>().ok();
        match (rule, pattern) {
            (Some(id), _) => Ok(Self::Rule(id)),
            (None, Some(pattern)) => Ok(Self::Pattern(pattern)),
            (None, None) => Err(UnknownPick {
                word: word.to_owned(),
            }),
        }
    }
}

impl fmt::Display for UnknownPick {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let suggestion = near::suggestion(&self.word, Pick::words());
        write!(f, "there is no rule `{}`; {suggestion}", self.word)
    }
}

impl std::error::Error for UnknownPick {}

impl<'de> Deserialize<'de> for Pick {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let word = String::deserialize(deserializer)?;
        word.parse().map_err(D::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::{Pick, Selection};
    use stanch_leak_lint::{On, RULES};

    type Outcome = Result<(), Box<dyn std::error::Error>>;

    fn picks(words: &[&str]) -> Result<Vec<Pick>, super::UnknownPick> {
        words.iter().map(|word| word.parse()).collect()
    }

    fn check(select: &[&str], ignore: &[&str], rule: &str, expected: bool) -> Outcome {
        let selection = Selection {
            select: picks(select)?,
            ignore: picks(ignore)?,
        };
        let rule = RULES
            .iter()
            .find(|known| known.id == rule)
            .ok_or("no rule")?;
        assert_eq!(
            selection.runs(rule),
            expected,
            "{select:?} {ignore:?} {}",
            rule.id
        );
        Ok(())
    }

    #[test]
    fn words_pick_rules() -> Outcome {
        check(&["default"], &[], "unguarded-pipe", true)?;
        check(&["all"], &["unclosed-stream"], "unguarded-pipe", false)?;
        check(&["pending-async"], &[], "unguarded-pipe", false)?;
        check(&["pending-async"], &[], "uncleared-interval", true)?;
        check(&["unguarded-pipe"], &["all"], "unguarded-pipe", false)?;
        check(&[], &[], "unguarded-pipe", false)
    }

    #[test]
    fn what_is_named_says_all_it_knows() -> Outcome {
        let selection = Selection {
            select: picks(&["default", "pending-async"])?,
            ignore: Vec::new(),
        };
        let in_full = selection.in_full();
        assert!(in_full.contains("uncleared-interval"));
        assert!(!in_full.contains("unguarded-pipe"));
        Ok(())
    }

    #[test]
    fn every_rule_can_be_picked_and_a_typo_is_seen_through() {
        for word in Pick::words() {
            assert!(word.parse::<Pick>().is_ok(), "{word}");
        }
        let error = "unguarded-pip".parse::<Pick>();
        let said = error.err().map(|error| error.to_string());
        let expected = "there is no rule `unguarded-pip`; did you mean `unguarded-pipe`?";
        assert_eq!(said.as_deref(), Some(expected));
        assert!(RULES.iter().any(|rule| rule.on != On::WhenAsked));
    }
}
