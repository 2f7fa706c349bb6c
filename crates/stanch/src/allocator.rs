//! Requests for memory to the allocator that is best at their size: mimalloc for small ones, the system's for large ones.
//!
//! The linter makes and drops millions of names and lists: mimalloc saves it a tenth of its time. A heap's columns are few and
//! large: mimalloc keeps what was given back for a while, which is a quarter more memory at the peak, where the system's
//! allocator maps each and unmaps it at once.

use std::alloc::{GlobalAlloc, Layout, System};

use libmimalloc_sys::{
    mi_free, mi_malloc, mi_malloc_aligned, mi_realloc, mi_realloc_aligned, mi_zalloc,
    mi_zalloc_aligned,
};

#[global_allocator]
static ALLOCATOR: BySize = BySize;

struct BySize;

/// The size from which glibc asks the kernel for memory of its own, unless it learns otherwise (`M_MMAP_THRESHOLD`, mallopt(3)).
const LARGE: usize = 128 << 10;

const fn is_large(size: usize) -> bool {
    size >= LARGE
}

// SAFETY: both allocators keep the contract. Memory goes back to the one that it came from: its size, which the layout says
// again then, decides which one that is.
#[expect(
    unsafe_code,
    reason = "an allocator is; bench/README.md has what it buys"
)]
unsafe impl GlobalAlloc for BySize {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        // SAFETY: the caller's promise about the layout is passed on.
        unsafe {
            if is_large(layout.size()) {
                System.alloc(layout)
            } else {
                Small.alloc(layout)
            }
        }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        // SAFETY: as above.
        unsafe {
            if is_large(layout.size()) {
                System.alloc_zeroed(layout)
            } else {
                Small.alloc_zeroed(layout)
            }
        }
    }

    unsafe fn dealloc(&self, memory: *mut u8, layout: Layout) {
        // SAFETY: the memory is of that layout, so it is of the allocator that its size chose.
        unsafe {
            if is_large(layout.size()) {
                System.dealloc(memory, layout);
            } else {
                Small.dealloc(memory, layout);
            }
        }
    }

    unsafe fn realloc(&self, memory: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        // SAFETY: the memory is of that layout, and within one allocator the call is passed on. From one to the other the
        // shorter of both lengths is copied, which both blocks have, and the old block goes back.
        unsafe {
            match (is_large(layout.size()), is_large(size)) {
                (true, true) => System.realloc(memory, layout, size),
                (false, false) => Small.realloc(memory, layout, size),
                _ => {
                    let moved = self.alloc(Layout::from_size_align_unchecked(size, layout.align()));
                    if !moved.is_null() {
                        memory.copy_to_nonoverlapping(moved, layout.size().min(size));
                        self.dealloc(memory, layout);
                    }
                    moved
                }
            }
        }
    }
}

/// mimalloc. Rust names an alignment with each request, nearly always one that mimalloc keeps anyway: not to ask for it
/// saves two thirds of the way to the memory.
struct Small;

/// What mimalloc aligns every block to that has room for as much (`MI_MAX_ALIGN_SIZE`, mimalloc/types.h).
const ALIGNED: usize = 16;

const fn is_aligned_anyway(size: usize, align: usize) -> bool {
    align <= ALIGNED && align <= size
}

// SAFETY: mimalloc keeps the contract of malloc, calloc, realloc and free, and gives blocks of the alignment that it is asked
// for, or of the one that it gives to all of that size.
#[expect(unsafe_code, reason = "as above")]
unsafe impl GlobalAlloc for Small {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        let (size, align) = (layout.size(), layout.align());
        // SAFETY: the caller's promise about the layout is passed on, here and below.
        unsafe {
            if is_aligned_anyway(size, align) {
                mi_malloc(size).cast()
            } else {
                mi_malloc_aligned(size, align).cast()
            }
        }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        let (size, align) = (layout.size(), layout.align());
        // SAFETY: as above.
        unsafe {
            if is_aligned_anyway(size, align) {
                mi_zalloc(size).cast()
            } else {
                mi_zalloc_aligned(size, align).cast()
            }
        }
    }

    unsafe fn dealloc(&self, memory: *mut u8, _: Layout) {
        // SAFETY: the memory is mimalloc's, whichever of its functions gave it.
        unsafe { mi_free(memory.cast()) }
    }

    unsafe fn realloc(&self, memory: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        let align = layout.align();
        // SAFETY: the memory is mimalloc's; what is moved is aligned as a new block of that size.
        unsafe {
            if is_aligned_anyway(size, align) {
                mi_realloc(memory.cast(), size).cast()
            } else {
                mi_realloc_aligned(memory.cast(), size, align).cast()
            }
        }
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]
mod tests {
    use std::alloc::{GlobalAlloc, Layout};

    use super::{ALIGNED, ALLOCATOR, LARGE};

    #[test]
    fn every_block_is_aligned_as_asked() {
        for align in (0..=8).map(|bits| 1 << bits) {
            for size in (1..600).chain([LARGE - 1, LARGE, LARGE + 1]) {
                let layout = Layout::from_size_align(size, align).unwrap();
                // SAFETY: the layout has a size; the block is given back with it, and grown in between.
                #[expect(unsafe_code, reason = "asks the allocator")]
                unsafe {
                    let block = ALLOCATOR.alloc(layout);
                    let zeroed = ALLOCATOR.alloc_zeroed(layout);
                    assert!(block.addr().is_multiple_of(align), "{size} at {align}");
                    assert!(zeroed.addr().is_multiple_of(align), "{size} at {align}");
                    let grown = ALLOCATOR.realloc(block, layout, size + ALIGNED);
                    assert!(grown.addr().is_multiple_of(align), "{size} at {align}");
                    let longer = Layout::from_size_align(size + ALIGNED, align).unwrap();
                    ALLOCATOR.dealloc(grown, longer);
                    ALLOCATOR.dealloc(zeroed, layout);
                }
            }
        }
    }

    #[test]
    fn what_grows_and_shrinks_past_the_bound_keeps_its_content() {
        let mut numbers: Vec<usize> = Vec::new();
        for at in 0..LARGE {
            numbers.push(at);
        }
        assert!(numbers.iter().copied().eq(0..LARGE));
        numbers.truncate(10);
        numbers.shrink_to_fit();
        assert!(numbers.iter().copied().eq(0..10));
        let zeroed = vec![0_u8; LARGE * 2];
        assert!(zeroed.iter().all(|byte| *byte == 0));
    }
}
