//! Requests for memory to the allocator that is best at their size: mimalloc for small ones, the system's for large ones.
//!
//! The linter makes and drops millions of names and lists: mimalloc saves it a tenth of its time. A heap's columns are few and
//! large: mimalloc keeps what was given back for a while, which is a quarter more memory at the peak, where the system's
//! allocator maps each and unmaps it at once.

use std::alloc::{GlobalAlloc, Layout, System};

use mimalloc::MiMalloc;

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
                MiMalloc.alloc(layout)
            }
        }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        // SAFETY: as above.
        unsafe {
            if is_large(layout.size()) {
                System.alloc_zeroed(layout)
            } else {
                MiMalloc.alloc_zeroed(layout)
            }
        }
    }

    unsafe fn dealloc(&self, memory: *mut u8, layout: Layout) {
        // SAFETY: the memory is of that layout, so it is of the allocator that its size chose.
        unsafe {
            if is_large(layout.size()) {
                System.dealloc(memory, layout);
            } else {
                MiMalloc.dealloc(memory, layout);
            }
        }
    }

    unsafe fn realloc(&self, memory: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        // SAFETY: the memory is of that layout, and within one allocator the call is passed on. From one to the other the
        // shorter of both lengths is copied, which both blocks have, and the old block goes back.
        unsafe {
            match (is_large(layout.size()), is_large(size)) {
                (true, true) => System.realloc(memory, layout, size),
                (false, false) => MiMalloc.realloc(memory, layout, size),
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

#[cfg(test)]
mod tests {
    use super::LARGE;

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
