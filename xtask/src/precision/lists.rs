//! fixtures/packages/*.json into the packages, the pairs and the labels.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::registry::Part;

/// All lists.
pub(crate) struct Lists {
    pub(crate) packages: Vec<Package>,
    pub(crate) pairs: Vec<Pair>,
    pub(crate) labels: Vec<Label>,
}

/// A version of a package, and which part of it is linted.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Package {
    pub(crate) name: String,
    pub(crate) version: String,
    /// The hash of the published archive, as npm writes it.
    pub(crate) integrity: String,
    /// Files and folders that hold the same code again.
    #[serde(default)]
    pub(crate) leave_out: Vec<String>,
    /// The folder that is linted, where the rest runs elsewhere.
    pub(crate) only: Option<String>,
}

/// A leak that was mended: the version before and the version after.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Pair {
    pub(crate) package: String,
    pub(crate) before: Version,
    pub(crate) after: Version,
    pub(crate) rule: String,
    pub(crate) file: String,
    pub(crate) line: u32,
    /// `owner/repository#number` or `owner/repository@commit`.
    pub(crate) report: String,
    pub(crate) form: Form,
    pub(crate) leak: String,
    pub(crate) expected: Expected,
    pub(crate) why: String,
    /// Where the file moved.
    pub(crate) after_file: Option<String>,
    pub(crate) remains: Option<Remains>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Version {
    pub(crate) version: String,
    pub(crate) integrity: String,
}

/// What the published code is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Form {
    /// As people wrote it.
    Source,
    /// What a compiler made of it, file by file.
    Transpiled,
}

/// Whether a linter can see it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Expected {
    Found,
    Possible,
    No,
}

/// Findings of the same rule that the mended file has at another place.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Remains {
    pub(crate) lines: Vec<u32>,
    pub(crate) why: String,
}

/// What a person made of a finding.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Label {
    pub(crate) package: String,
    pub(crate) file: String,
    pub(crate) line: u32,
    pub(crate) rule: String,
    pub(crate) label: Judgement,
    pub(crate) why: String,
}

/// See fixtures/packages/README.md.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Judgement {
    True,
    Arguable,
    False,
}

impl Package {
    pub(crate) fn part(&self) -> Part<'_> {
        match &self.only {
            Some(folder) => Part::Only(folder),
            None => Part::Without(&self.leave_out),
        }
    }
}

impl Lists {
    pub(crate) fn read(project: &Path) -> Result<Self> {
        #[derive(Deserialize)]
        struct Packages {
            packages: Vec<Package>,
        }
        #[derive(Deserialize)]
        struct Pairs {
            pairs: Vec<Pair>,
        }
        #[derive(Deserialize)]
        struct Labels {
            labels: Vec<Label>,
        }
        let folder = project.join("fixtures/packages");
        let Packages { packages } = read(&folder.join("packages.json"))?;
        let Pairs { pairs } = read(&folder.join("pairs.json"))?;
        let Labels { labels } = read(&folder.join("labels.json"))?;
        Ok(Self {
            packages,
            pairs,
            labels,
        })
    }
}

fn read<T: DeserializeOwned>(path: &Path) -> Result<T> {
    let text = fs::read(path).with_context(|| format!("cannot read {}", path.display()))?;
    serde_json::from_slice(&text)
        .with_context(|| format!("{} is not as it should be", path.display()))
}

impl Judgement {
    pub(crate) const ALL: [Self; 3] = [Self::True, Self::Arguable, Self::False];

    pub(crate) const fn word(self) -> &'static str {
        match self {
            Self::True => "true",
            Self::Arguable => "arguable",
            Self::False => "false",
        }
    }
}
