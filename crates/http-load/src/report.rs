//! Counts → what the load came to, as numbers and as one line for people.

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

/// So many requests must have failed before a service is said to give errors only.
const ENOUGH: u64 = 20;

/// What came of all requests so far, over all runs.
///
/// A request is *completed* when the service has done its work for it: its answer was read to the end, whatever its
/// status, or left while it was still coming; its headers did not come in time; or the run ended while the service
/// was at it. Memory per request divides by these. A request without a connection, or whose connection broke, is not
/// completed.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct LoadReport {
    /// Answers by status, those that were left included.
    pub statuses: BTreeMap<u16, u64>,
    /// Answers that were still coming when the load left them, such as event streams. Each is in `statuses` too.
    pub left: u64,
    /// Requests whose headers did not come within the plan's timeout.
    pub timeouts: u64,
    /// Requests that were waiting for their headers when a run ended, and were dropped. Neither success nor error.
    pub cut: u64,
    /// Attempts to connect that were refused: nothing listens there.
    pub refused: u64,
    /// Requests whose connection broke before their answer was complete.
    pub reset: u64,
    /// Requests without an answer for any other reason: no connection in time, no such host, an answer that is no HTTP.
    pub failed: u64,
    /// Bytes of bodies read.
    pub bytes: u64,
    /// How long answers took.
    pub latency: Latency,
    /// Time during which load ran; idle time between runs is not in it.
    pub elapsed: Duration,
}

/// How long answers took to their last byte, those that were left to their headers, and those that did not come until
/// the load gave up. Zero before the first. Exact to 0.1 %, in steps of 1 µs at least.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Latency {
    /// Half of the answers took no longer.
    pub p50: Duration,
    /// 90 of 100 took no longer.
    pub p90: Duration,
    /// 99 of 100 took no longer.
    pub p99: Duration,
    /// The longest.
    pub max: Duration,
}

impl LoadReport {
    /// Requests for which the service has done its work; the type's own text has the rule.
    #[must_use]
    pub fn completed(&self) -> u64 {
        self.answered() + self.timeouts + self.cut
    }

    /// Requests without a response, and those with a status of 500 or more. Timeouts are in both this and
    /// [`Self::completed`].
    #[must_use]
    pub fn errors(&self) -> u64 {
        self.status_class(5) + self.timeouts + self.unconnected()
    }

    /// Answers whose status begins with this digit; 5 takes in the nonstandard ones above 599.
    #[must_use]
    pub fn status_class(&self, digit: u16) -> u64 {
        let last = if digit == 5 {
            u16::MAX
        } else {
            digit * 100 + 99
        };
        self.statuses
            .range(digit * 100..=last)
            .map(|(_, count)| count)
            .sum()
    }

    /// Requests of which anything is known.
    #[must_use]
    pub fn outcomes(&self) -> u64 {
        self.completed() + self.unconnected()
    }

    /// Answers below status 500. Those with 404 count only beside others: where nothing else comes, the paths are
    /// wrong and not even the service's handlers run.
    #[must_use]
    pub fn succeeded(&self) -> u64 {
        let good: u64 = self.statuses.range(..500).map(|(_, count)| count).sum();
        let missing = self.statuses.get(&404).copied().unwrap_or(0);
        if good == missing { 0 } else { good }
    }

    /// Whether the service gives nothing but errors: 20 outcomes or more and no success. Requests that got no answer
    /// in time are no such sign by themselves: where they are the majority the service is at work, be it forever.
    #[must_use]
    pub fn only_errors(&self) -> bool {
        let outcomes = self.outcomes();
        outcomes >= ENOUGH && self.succeeded() == 0 && (self.timeouts + self.cut) * 2 <= outcomes
    }

    fn answered(&self) -> u64 {
        self.statuses.values().sum()
    }

    fn unconnected(&self) -> u64 {
        self.refused + self.reset + self.failed
    }
}

impl fmt::Display for LoadReport {
    /// Such as `0 of 312 requests succeeded: 312 × status 500`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (succeeded, outcomes) = (self.succeeded(), self.outcomes());
        let noun = if outcomes == 1 { "request" } else { "requests" };
        write!(f, "{succeeded} of {outcomes} {noun} succeeded")?;
        let is_error = |status: u16| status >= 500 || (status == 404 && succeeded == 0);
        let statuses = self
            .statuses
            .iter()
            .filter(|(status, _)| is_error(**status));
        let mut kinds: Vec<(u64, String)> = statuses
            .map(|(status, count)| (*count, format!("status {status}")))
            .collect();
        let others = [
            (self.timeouts, "no answer in time"),
            (self.refused, "connection refused"),
            (self.reset, "connection closed by the service"),
            (self.failed, "no HTTP connection"),
            (self.cut, "unanswered when the load paused"),
        ];
        kinds.extend(others.map(|(count, text)| (count, text.to_owned())));
        kinds.retain(|(count, _)| *count > 0);
        kinds.sort_by_key(|(count, _)| std::cmp::Reverse(*count));
        for (index, (count, text)) in kinds.iter().enumerate() {
            write!(
                f,
                "{}{count} × {text}",
                if index == 0 { ": " } else { ", " }
            )?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(statuses: &[(u16, u64)]) -> LoadReport {
        LoadReport {
            statuses: statuses.iter().copied().collect(),
            ..LoadReport::default()
        }
    }

    fn check(report: &LoadReport, is_only_errors: bool, line: &str) {
        assert_eq!(report.to_string(), line);
        assert_eq!(report.only_errors(), is_only_errors, "{line}");
    }

    #[test]
    fn a_service_of_errors_only_is_told_from_one_that_works() {
        check(
            &of(&[(500, 312)]),
            true,
            "0 of 312 requests succeeded: 312 × status 500",
        );
        check(
            &of(&[(500, 19)]),
            false,
            "0 of 19 requests succeeded: 19 × status 500",
        );
        check(
            &of(&[(404, 30)]),
            true,
            "0 of 30 requests succeeded: 30 × status 404",
        );
        check(
            &of(&[(404, 10), (502, 20)]),
            true,
            "0 of 30 requests succeeded: 20 × status 502, 10 × status 404",
        );
        check(
            &of(&[(404, 30), (200, 1)]),
            false,
            "31 of 31 requests succeeded",
        );
        check(&of(&[(401, 30)]), false, "30 of 30 requests succeeded");
        check(&of(&[(204, 1)]), false, "1 of 1 request succeeded");
        let refused = LoadReport {
            refused: 40,
            reset: 2,
            ..of(&[])
        };
        check(
            &refused,
            true,
            "0 of 42 requests succeeded: 40 × connection refused, 2 × connection closed by the service",
        );
        let hanging = LoadReport {
            timeouts: 40,
            cut: 10,
            ..of(&[])
        };
        check(
            &hanging,
            false,
            "0 of 50 requests succeeded: 40 × no answer in time, 10 × unanswered when the load paused",
        );
    }

    #[test]
    fn completed_and_errors_overlap_in_timeouts_and_server_errors() {
        let report = LoadReport {
            timeouts: 3,
            cut: 2,
            refused: 5,
            reset: 7,
            failed: 11,
            ..of(&[(200, 100), (503, 4), (700, 1)])
        };
        assert_eq!(
            (report.completed(), report.errors(), report.outcomes()),
            (110, 31, 133)
        );
        assert_eq!((report.status_class(2), report.status_class(5)), (100, 5));
    }
}
