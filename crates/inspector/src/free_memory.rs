//! How much memory a process on this machine can still get: its control groups' limits and the host.

use std::fs;
use std::path::{Path, PathBuf};

use crate::process;

/// Bytes left, and who limits them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FreeMemory {
    /// What the process's control group, such as a container, leaves.
    ControlGroup(u64),
    /// What the machine leaves.
    Host(u64),
}

/// The smaller of what the host and the process's control groups leave; none when the host does not say,
/// and on systems other than Linux.
#[must_use]
pub fn free_memory(pid: u32) -> Option<FreeMemory> {
    process::open(pid)?;
    let host = host_available(&fs::read_to_string("/proc/meminfo").ok()?)?;
    let groups = fs::read_to_string(format!("/proc/{pid}/cgroup")).unwrap_or_default();
    let group = groups
        .lines()
        .filter_map(|line| group_free(Path::new("/sys/fs/cgroup"), line))
        .min();
    Some(match group {
        Some(free) if free < host => FreeMemory::ControlGroup(free),
        _ => FreeMemory::Host(host),
    })
}

fn host_available(meminfo: &str) -> Option<u64> {
    let line = meminfo
        .lines()
        .find_map(|line| line.strip_prefix("MemAvailable:"))?;
    line.trim()
        .strip_suffix("kB")?
        .trim()
        .parse::<u64>()
        .ok()
        .map(|kilobytes| kilobytes * 1024)
}

/// What one line of `/proc/PID/cgroup` leaves: `0::/path` is version 2, `N:memory:/path` version 1.
fn group_free(mount: &Path, line: &str) -> Option<u64> {
    let mut fields = line.splitn(3, ':').skip(1);
    let (controllers, path) = (fields.next()?, fields.next()?);
    let (root, files) = if controllers.is_empty() {
        let unified = mount.join("unified");
        (
            if unified.is_dir() {
                unified
            } else {
                mount.to_owned()
            },
            &VERSION_2,
        )
    } else if controllers.split(',').any(|name| name == "memory") {
        (mount.join("memory"), &VERSION_1)
    } else {
        return None;
    };
    let levels = ancestors(&root, path);
    levels.iter().filter_map(|folder| files.free(folder)).min()
}

/// The group's folder and those above it: each may set a limit. Inside a container the path may be the
/// host's and not exist; then the mount's root is the group itself.
fn ancestors(root: &Path, path: &str) -> Vec<PathBuf> {
    let own = root.join(path.trim_start_matches('/'));
    own.ancestors()
        .take_while(|folder| folder.starts_with(root))
        .map(Path::to_owned)
        .collect()
}

struct Files {
    limit: &'static str,
    usage: &'static str,
    /// Page cache the kernel gives back under pressure, though it counts as used.
    reclaimable: &'static str,
}

const VERSION_2: Files = Files {
    limit: "memory.max",
    usage: "memory.current",
    reclaimable: "inactive_file ",
};
const VERSION_1: Files = Files {
    limit: "memory.limit_in_bytes",
    usage: "memory.usage_in_bytes",
    reclaimable: "total_inactive_file ",
};

impl Files {
    /// None without a limit: `max` in version 2; a number near 2^63 in version 1 leaves more than any host.
    fn free(&self, folder: &Path) -> Option<u64> {
        let number = |file: &str| {
            fs::read_to_string(folder.join(file))
                .ok()?
                .trim()
                .parse::<u64>()
                .ok()
        };
        let (limit, usage) = (number(self.limit)?, number(self.usage)?);
        let stat = fs::read_to_string(folder.join("memory.stat")).unwrap_or_default();
        let cache = stat.lines().find_map(|line| {
            line.strip_prefix(self.reclaimable)?
                .trim()
                .parse::<u64>()
                .ok()
        });
        Some(limit.saturating_sub(usage.saturating_sub(cache.unwrap_or(0))))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(files: &[(&str, &str)], line: &str, expected: Option<u64>) {
        let found = tempfile::tempdir().and_then(|mount| {
            for (path, text) in files {
                let file = mount.path().join(path);
                fs::create_dir_all(file.parent().unwrap_or(mount.path()))?;
                fs::write(file, text)?;
            }
            Ok(group_free(mount.path(), line))
        });
        assert_eq!(found.ok(), Some(expected), "{line}");
    }

    #[test]
    fn version_2_counts_the_tightest_level() {
        let files = [
            ("a/memory.max", "1000\n"),
            ("a/memory.current", "900\n"),
            ("a/memory.stat", "anon 1\ninactive_file 300\n"),
            ("a/b/memory.max", "max\n"),
            ("a/b/memory.current", "800\n"),
        ];
        check(&files, "0::/a/b", Some(400));
        check(&files, "0::/c", None);
    }

    #[test]
    fn a_container_sees_its_group_at_the_mount() {
        let files = [("memory.max", "5000"), ("memory.current", "1000")];
        check(&files, "0::/docker/abc", Some(4000));
    }

    #[test]
    fn version_1_has_its_own_files() {
        let files = [
            ("memory/x/memory.limit_in_bytes", "100"),
            ("memory/x/memory.usage_in_bytes", "120"),
            ("memory/x/memory.stat", "total_inactive_file 10\n"),
        ];
        check(&files, "4:memory:/x", Some(0));
        check(&files, "3:cpuset:/x", None);
    }

    #[test]
    fn the_host_says_what_is_available() {
        assert_eq!(
            host_available("MemTotal: 9 kB\nMemAvailable:   2 kB\n"),
            Some(2048)
        );
        assert_eq!(host_available("MemTotal: 9 kB\n"), None);
    }
}
