//! How long a holder lives and how often it is filled, into how sure it is that it grows for good.

use stanch_leak_patterns::Confidence;

use crate::facts::holders::{Holder, Lifetime};
use crate::facts::insertions::Insertion;
use crate::project::Calls;

/// How sure it is that a holder is filled again and again for as long as the process runs.
pub(crate) fn steadiness(holder: &Holder<'_>, insertion: &Insertion<'_>) -> Confidence {
    match (holder.lifetime, insertion.frequency) {
        (Lifetime::Process, Calls::Again) => Confidence::High,
        // A handler of requests in a function outlives its call, and so does what it sees.
        (Lifetime::Closure, Calls::Again) if insertion.serves => Confidence::High,
        (Lifetime::Process, Calls::Unknown) => Confidence::Medium,
        _ => Confidence::Low,
    }
}
