//! Stored functions into listeners, where the sources say that they were handed to something that registers them.
//!
//! The heap shows functions in a Set. That `feed.watch(…)` put them there tells that somebody waits to be called, and that
//! what is missing is the end of that.

use stanch_heap_growth::{GrowingHolder, MemberPlace};
use stanch_js_source::{is_registration, with_parsed};
use stanch_leak_patterns::Pattern;

use crate::place::position;
use crate::sources::Sources;

/// The holder as a list of listeners; none where it is none, or is known to be one.
pub(crate) fn registered(holder: &GrowingHolder, sources: &Sources) -> Option<GrowingHolder> {
    if holder.pattern != Some(Pattern::ClosureCapture) {
        return None;
    }
    let method = holder
        .places
        .iter()
        .find_map(|member| handed_to(member, sources))?;
    Some(GrowingHolder {
        pattern: Some(Pattern::UnremovedListener),
        reason: format!("functions that were handed to `{method}` are still registered"),
        ..holder.clone()
    })
}

/// The method that a member's function was handed to, if it registers handlers.
fn handed_to(member: &MemberPlace, sources: &Sources) -> Option<String> {
    let located = sources.locate(&member.place.url, position(&member.place))?;
    let call = with_parsed(located.text, |parsed| parsed.call_around(located.position))?;
    call.method.filter(|method| is_registration(method))
}
