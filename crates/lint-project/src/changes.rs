//! What git says changed since a commit into lines by file.

use std::collections::HashMap;
use std::ffi::OsStr;
use std::ops::Range;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use stanch_js_source::Extent;
use stanch_leak_lint::Finding;

use crate::error::LintError;

/// The lines that changed, by absolute path; files that git does not know yet are all new.
#[derive(Debug, Default)]
pub(crate) struct Changes {
    files: HashMap<PathBuf, Lines>,
}

#[derive(Debug, PartialEq, Eq)]
enum Lines {
    All,
    /// Counted from 0.
    Some(Vec<Range<u32>>),
}

impl Changes {
    /// What changed in the repository of a folder since it left that commit.
    pub(crate) fn since(folder: &Path, since: &str) -> Result<Self, LintError> {
        let git = Git { folder, since };
        let top = git.line(&["rev-parse", "--show-toplevel"])?;
        let top = PathBuf::from(OsStr::from_bytes(&top));
        // Asked for by name first, for a ref that begins with a dash would be an option.
        let commit = format!("{since}^{{commit}}");
        let commit = git.line(&[
            "rev-parse",
            "--verify",
            "--quiet",
            "--end-of-options",
            &commit,
        ]);
        let commit = commit.map_err(|_| git.error(format!("there is no commit `{since}`")))?;
        let commit = String::from_utf8_lossy(&commit).into_owned();
        // What others did meanwhile on that branch is no change of ours. Histories may have nothing in common.
        let base = git.line(&["merge-base", &commit, "HEAD"]);
        let base = base.map_or(commit, |base| String::from_utf8_lossy(&base).into_owned());
        let diff = [
            "-c",
            "core.quotePath=false",
            "diff",
            "--unified=0",
            "--no-color",
            "--no-ext-diff",
            "--no-textconv",
            "--no-renames",
            "--src-prefix=a/",
            "--dst-prefix=b/",
            &base,
            "--",
        ];
        let mut files = lines_of(&git.output(&diff)?, &top);
        let listed = [
            "ls-files",
            "--others",
            "--exclude-standard",
            "-z",
            "--full-name",
            ":/",
        ];
        for name in git.output(&listed)?.split(|byte| *byte == 0) {
            if !name.is_empty() {
                files.insert(top.join(OsStr::from_bytes(name)), Lines::All);
            }
        }
        Ok(Self { files })
    }

    /// Whether a finding is on lines that changed: its own, or one that it points at in the same file.
    pub(crate) fn touch(&self, path: &Path, finding: &Finding) -> bool {
        match self.files.get(path) {
            None => false,
            Some(Lines::All) => true,
            Some(Lines::Some(ranges)) => {
                let is_changed = |extent: &Extent| {
                    ranges
                        .iter()
                        .any(|range| range.start <= extent.to.line && extent.from.line < range.end)
                };
                let mut own = finding.labels.iter().filter(|label| label.file.is_none());
                is_changed(&finding.place.extent) || own.any(|label| is_changed(&label.extent))
            }
        }
    }
}

struct Git<'a> {
    folder: &'a Path,
    since: &'a str,
}

impl Git<'_> {
    fn line(&self, arguments: &[&str]) -> Result<Vec<u8>, LintError> {
        let output = self.output(arguments)?;
        Ok(output.trim_ascii_end().to_owned())
    }

    fn output(&self, arguments: &[&str]) -> Result<Vec<u8>, LintError> {
        let mut git = Command::new("git");
        git.arg("-C").arg(self.folder).args(arguments);
        let output = git
            .output()
            .map_err(|cause| self.error(format!("the program git cannot be started: {cause}")))?;
        if output.status.success() {
            return Ok(output.stdout);
        }
        let said = String::from_utf8_lossy(&output.stderr);
        let said = said.trim().trim_start_matches("fatal: ");
        Err(self.error(if said.contains("not a git repository") {
            format!("{} is in no git repository", self.folder.display())
        } else {
            format!("git says: {said}")
        }))
    }

    fn error(&self, message: String) -> LintError {
        LintError::Git {
            since: self.since.to_owned(),
            message,
        }
    }
}

/// The lines of a diff without context that are new or changed.
fn lines_of(diff: &[u8], top: &Path) -> HashMap<PathBuf, Lines> {
    let mut files = HashMap::new();
    let mut file: Option<PathBuf> = None;
    // Lines of content that follow: they may look like anything.
    let mut content = 0;
    for line in diff.split(|byte| *byte == b'\n') {
        if content > 0 && line.starts_with(b"\\") {
            continue;
        }
        if content > 0 {
            content -= 1;
            continue;
        }
        if let Some(name) = line.strip_prefix(b"+++ ") {
            file = path_of(name).map(|name| top.join(name));
        } else if line.starts_with(b"@@ ")
            && let Some((removed, added)) = hunk(&String::from_utf8_lossy(line))
        {
            content = removed + (added.end - added.start);
            if let Some(file) = &file
                && let Lines::Some(ranges) = files
                    .entry(file.clone())
                    .or_insert_with(|| Lines::Some(Vec::new()))
            {
                ranges.push(added);
            }
        }
    }
    files
}

/// The path of `b/src/a.js`, which git may have put in quotes; none for a file that is gone.
fn path_of(name: &[u8]) -> Option<PathBuf> {
    // A name with a blank is followed by a tab.
    let name = name.strip_suffix(b"\t").unwrap_or(name);
    if let Some(quoted) = name
        .strip_prefix(b"\"")
        .and_then(|name| name.strip_suffix(b"\""))
    {
        let plain = unquoted(quoted);
        return plain
            .strip_prefix(b"b/")
            .map(|name| PathBuf::from(OsStr::from_bytes(name)));
    }
    name.strip_prefix(b"b/")
        .map(|name| PathBuf::from(OsStr::from_bytes(name)))
}

/// A name in C's quotes as its bytes.
fn unquoted(name: &[u8]) -> Vec<u8> {
    let mut plain = Vec::with_capacity(name.len());
    let mut bytes = name.iter().copied();
    while let Some(byte) = bytes.next() {
        if byte != b'\\' {
            plain.push(byte);
            continue;
        }
        match bytes.next() {
            Some(b'n') => plain.push(b'\n'),
            Some(b't') => plain.push(b'\t'),
            Some(b'r') => plain.push(b'\r'),
            Some(digit @ b'0'..=b'7') => {
                let rest = bytes.by_ref().take(2);
                let value = rest.fold(u32::from(digit - b'0'), |value, digit| {
                    value * 8 + u32::from(digit.wrapping_sub(b'0'))
                });
                plain.push(u8::try_from(value & 0xFF).unwrap_or(b'?'));
            }
            Some(other) => plain.push(other),
            None => {}
        }
    }
    plain
}

/// Removed lines, and the added ones counted from 0, of `@@ -12,2 +12,3 @@`.
fn hunk(line: &str) -> Option<(u32, Range<u32>)> {
    let mut words = line.split(' ').skip(1);
    let (_, removed) = stretch(words.next()?.strip_prefix('-')?)?;
    let (start, added) = stretch(words.next()?.strip_prefix('+')?)?;
    // Nothing added after line 12 is `+12,0`; the first line is 1.
    let first = start.saturating_sub(1);
    Some((removed, first..first + added))
}

fn stretch(text: &str) -> Option<(u32, u32)> {
    let (start, count) = text.split_once(',').unwrap_or((text, "1"));
    Some((start.parse().ok()?, count.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use std::path::{Path, PathBuf};

    use super::{Lines, lines_of};

    fn check(diff: &str, file: &str, ranges: &[(u32, u32)]) {
        let found = lines_of(diff.as_bytes(), Path::new("/top"));
        let lines = found.get(&PathBuf::from(format!("/top/{file}")));
        let ranges = ranges.iter().map(|(start, end)| *start..*end).collect();
        assert_eq!(lines, Some(&Lines::Some(ranges)), "{found:?}");
    }

    #[test]
    fn added_lines_are_counted() {
        check(
            "--- a/a.js\n+++ b/a.js\n@@ -1 +1,2 @@\n-x\n+y\n+z\n@@ -9,2 +10,0 @@\n-x\n-+++ b/b.js\n",
            "a.js",
            &[(0, 2), (9, 9)],
        );
        check(
            "+++ b/my file.js\t\n@@ -0,0 +1 @@\n+a\n\\ No newline at end of file\n",
            "my file.js",
            &[(0, 1)],
        );
        check(
            "+++ \"b/a\\\"\\303\\251.js\"\n@@ -3,0 +4,2 @@ f()\n+a\n+b\n",
            "a\"é.js",
            &[(3, 5)],
        );
    }

    #[test]
    fn what_looks_like_a_header_in_a_file_is_none() {
        check(
            "+++ b/a.js\n@@ -1 +1,3 @@\n-++ b/x.js\n+++ b/y.js\n+@@ -1 +7 @@\n+c\n@@ -9 +11 @@\n-a\n+b\n",
            "a.js",
            &[(0, 3), (10, 11)],
        );
    }
}
