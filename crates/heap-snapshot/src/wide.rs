//! What this processor can do with several numbers at once.
//!
//! The compiler turns plain loops over columns into instructions that take several numbers each, but
//! by default only into such as every processor of the kind has.

/// Whether it has AVX2 and the instructions for bits that came with it, as nearly all of the last ten
/// years have.
#[inline(always)]
pub(crate) fn is_avx2_here() -> bool {
    is_x86_feature_detected!("avx2")
        && is_x86_feature_detected!("bmi1")
        && is_x86_feature_detected!("bmi2")
        && is_x86_feature_detected!("popcnt")
}
