//! Each peer's state lies at the start of the region that it manages, so that it counts as control data.

use core::alloc::Layout;

mod peers;

/// What a peer must offer. Null means: nothing fits.
trait Peer: Sized {
    /// Starts a heap in `size` bytes at `start`, `self` lying in front of them. False: too small.
    ///
    /// # Safety
    /// `at` and the region must be valid, unused memory.
    unsafe fn start(at: *mut Self, start: *mut u8, size: usize) -> bool;

    /// # Safety
    /// The size is not 0.
    unsafe fn alloc(&mut self, layout: Layout) -> *mut u8;

    /// # Safety
    /// `block` came from this heap with this layout.
    unsafe fn free(&mut self, block: *mut u8, layout: Layout);

    /// As the crate's own `GlobalAlloc` does it; without one of its own: a new block, a copy, a free.
    ///
    /// # Safety
    /// `block` came from this heap with this layout; the new size is not 0.
    unsafe fn realloc(&mut self, block: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        let fresh = self.alloc(Layout::from_size_align_unchecked(size, layout.align()));
        if !fresh.is_null() {
            core::ptr::copy_nonoverlapping(block, fresh, layout.size().min(size));
            self.free(block, layout);
        }
        fresh
    }

    /// 1: done in place, 0: not possible, -1: the crate has no such operation.
    ///
    /// # Safety
    /// As for `realloc`.
    unsafe fn resize(&mut self, _block: *mut u8, _layout: Layout, _size: usize) -> i32 {
        -1
    }

    /// Control data that the crate keeps in the region itself, in bytes, for a region of `size`.
    fn control(_size: usize) -> usize {
        0
    }
}

fn layout(size: usize, align: usize) -> Layout {
    // Requests of 0 bytes are outside of what `Layout`'s users promise.
    unsafe { Layout::from_size_align_unchecked(if size == 0 { 1 } else { size }, align) }
}

const REGION_ALIGN: usize = 16;

/// Bytes between a region's start and what the peer may use.
const fn state_size<T>() -> usize {
    (core::mem::size_of::<T>() + REGION_ALIGN - 1) & !(REGION_ALIGN - 1)
}

/// The C functions of one peer; their names start with `$name`.
macro_rules! export {
    ($name:ident, $peer:ty) => {
        mod $name {
            use super::*;

            static mut HEAP: *mut $peer = core::ptr::null_mut();

            #[export_name = concat!(stringify!($name), "_init")]
            unsafe extern "C" fn init(region: *mut u8, size: usize) -> bool {
                let state = state_size::<$peer>();
                if size < state + 64 {
                    return false;
                }
                HEAP = region.cast();
                <$peer as Peer>::start(HEAP, region.add(state), size - state)
            }

            #[export_name = concat!(stringify!($name), "_alloc")]
            unsafe extern "C" fn alloc(size: usize, align: usize) -> *mut u8 {
                (*HEAP).alloc(layout(size, align))
            }

            #[export_name = concat!(stringify!($name), "_free")]
            unsafe extern "C" fn free(block: *mut u8, size: usize, align: usize) {
                (*HEAP).free(block, layout(size, align))
            }

            #[export_name = concat!(stringify!($name), "_realloc")]
            unsafe extern "C" fn realloc(
                block: *mut u8,
                size: usize,
                align: usize,
                new: usize,
            ) -> *mut u8 {
                (*HEAP).realloc(block, layout(size, align), new.max(1))
            }

            #[export_name = concat!(stringify!($name), "_resize")]
            unsafe extern "C" fn resize(
                block: *mut u8,
                size: usize,
                align: usize,
                new: usize,
            ) -> i32 {
                (*HEAP).resize(block, layout(size, align), new.max(1))
            }

            #[export_name = concat!(stringify!($name), "_control")]
            extern "C" fn control(size: usize) -> usize {
                state_size::<$peer>() + <$peer as Peer>::control(size)
            }
        }
    };
}

#[cfg(feature = "good_memory_allocator")]
export!(galloc_rust, peers::GoodMemory);
#[cfg(feature = "good_memory_allocator")]
export!(galloc_rust_4x2, peers::GoodMemory4x2);
#[cfg(feature = "linked_list_allocator")]
export!(linked_list_allocator, peers::LinkedList);
#[cfg(feature = "simple_chunk_allocator")]
export!(simple_chunk_allocator, peers::SimpleChunk);
#[cfg(feature = "talc")]
export!(talc, peers::Talc);
#[cfg(feature = "rlsf")]
export!(rlsf, peers::Rlsf<16>);
#[cfg(feature = "rlsf")]
export!(rlsf_large, peers::Rlsf<24>);
#[cfg(feature = "dlmalloc")]
export!(dlmalloc, peers::Dl);
#[cfg(feature = "buddy_system_allocator")]
export!(buddy_system_allocator, peers::Buddy);
