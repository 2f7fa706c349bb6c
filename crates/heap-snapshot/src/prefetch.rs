//! Memory that will be needed soon, asked for ahead of its use.
//!
//! A heap's graph is far larger than a processor's cache, and hops through it wait for memory most of
//! the time. Where the next hops are known, asking early lets the waits overlap.

/// Asks for the place of `slice[at]`, which will be needed soon; nothing happens if there is none.
#[inline(always)]
pub fn prefetch<T>(slice: &[T], at: usize) {
    #[cfg(target_arch = "x86_64")]
    #[expect(
        unsafe_code,
        reason = "distances take two thirds of the time with it: `cargo bench --bench stages distances`"
    )]
    {
        use std::arch::x86_64::{_MM_HINT_T0, _mm_prefetch};
        let place = slice.as_ptr().wrapping_add(at);
        // SAFETY: a prefetch is a hint; it reads nothing that a program could see, and an address
        // that is not mapped is ignored.
        unsafe { _mm_prefetch::<_MM_HINT_T0>(place.cast()) };
    }
    #[cfg(not(target_arch = "x86_64"))]
    let _ = (slice, at);
}
