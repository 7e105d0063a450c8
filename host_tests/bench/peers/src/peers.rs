//! One short adapter a crate, on its unlocked form where it has one.

use core::alloc::Layout;
use core::ptr::{null_mut, NonNull};

use crate::Peer;

#[allow(dead_code)]
fn pointer<E>(found: Result<NonNull<u8>, E>) -> *mut u8 {
    found.map_or(null_mut(), NonNull::as_ptr)
}

#[cfg(feature = "good_memory_allocator")]
mod good_memory {
    use super::*;
    use good_memory_allocator::Allocator;

    macro_rules! configuration {
        ($name:ident, $bins:literal, $sub_bins:literal) => {
            /// The original, with the smallbins and alignment sub-bins of its name.
            pub struct $name(Allocator<$bins, $sub_bins>);

            impl Peer for $name {
                unsafe fn start(at: *mut Self, start: *mut u8, size: usize) -> bool {
                    // It points to itself, so it is written where it stays.
                    at.write(Self(Allocator::empty()));
                    (*at).0.init(start as usize, size);
                    true
                }

                unsafe fn alloc(&mut self, layout: Layout) -> *mut u8 {
                    self.0.alloc(layout)
                }

                unsafe fn free(&mut self, block: *mut u8, _layout: Layout) {
                    self.0.dealloc(block)
                }

                unsafe fn realloc(
                    &mut self,
                    block: *mut u8,
                    layout: Layout,
                    size: usize,
                ) -> *mut u8 {
                    self.0.realloc(block, layout, size)
                }
            }
        };
    }

    configuration!(GoodMemory, 20, 8);
    configuration!(GoodMemory4x2, 4, 2);
}
#[cfg(feature = "good_memory_allocator")]
pub use good_memory::{GoodMemory, GoodMemory4x2};

#[cfg(feature = "linked_list_allocator")]
pub struct LinkedList(linked_list_allocator::Heap);

#[cfg(feature = "linked_list_allocator")]
impl Peer for LinkedList {
    unsafe fn start(at: *mut Self, start: *mut u8, size: usize) -> bool {
        at.write(Self(linked_list_allocator::Heap::empty()));
        (*at).0.init(start, size);
        true
    }

    unsafe fn alloc(&mut self, layout: Layout) -> *mut u8 {
        pointer(self.0.allocate_first_fit(layout))
    }

    unsafe fn free(&mut self, block: *mut u8, layout: Layout) {
        self.0.deallocate(NonNull::new_unchecked(block), layout)
    }
}

/// Chunks of 256 bytes, the crate's default; the bitmap lies behind them in the region.
#[cfg(feature = "simple_chunk_allocator")]
pub struct SimpleChunk(simple_chunk_allocator::ChunkAllocator<'static>);

#[cfg(feature = "simple_chunk_allocator")]
impl Peer for SimpleChunk {
    unsafe fn start(at: *mut Self, start: *mut u8, size: usize) -> bool {
        const CHUNK: usize = simple_chunk_allocator::DEFAULT_CHUNK_SIZE;
        let skipped = start.align_offset(4096);
        if size < skipped + 8 * CHUNK + 1 {
            return false;
        }
        let groups = (size - skipped) / (8 * CHUNK + 1);
        let heap = core::slice::from_raw_parts_mut(start.add(skipped), groups * 8 * CHUNK);
        let bitmap = core::slice::from_raw_parts_mut(heap.as_mut_ptr().add(heap.len()), groups);
        bitmap.fill(0);
        match simple_chunk_allocator::ChunkAllocator::new(heap, bitmap) {
            Ok(inner) => {
                at.write(Self(inner));
                true
            }
            Err(_) => false,
        }
    }

    unsafe fn alloc(&mut self, layout: Layout) -> *mut u8 {
        self.0
            .allocate(layout)
            .map_or(null_mut(), |p| p.cast().as_ptr())
    }

    unsafe fn free(&mut self, block: *mut u8, layout: Layout) {
        self.0.deallocate(NonNull::new_unchecked(block), layout)
    }

    unsafe fn realloc(&mut self, block: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        self.0
            .realloc(NonNull::new_unchecked(block), layout, size)
            .map_or(null_mut(), |p| p.cast().as_ptr())
    }

    fn control(size: usize) -> usize {
        size / (8 * simple_chunk_allocator::DEFAULT_CHUNK_SIZE + 1)
    }
}

#[cfg(feature = "talc")]
pub struct Talc(talc::base::Talc<talc::source::Manual, talc::DefaultBinning>);

#[cfg(feature = "talc")]
impl Peer for Talc {
    unsafe fn start(at: *mut Self, start: *mut u8, size: usize) -> bool {
        at.write(Self(talc::base::Talc::new(talc::source::Manual)));
        (*at).0.claim(start, size).is_some()
    }

    unsafe fn alloc(&mut self, layout: Layout) -> *mut u8 {
        self.0.allocate(layout).map_or(null_mut(), NonNull::as_ptr)
    }

    unsafe fn free(&mut self, block: *mut u8, layout: Layout) {
        self.0.deallocate(block, layout)
    }

    unsafe fn realloc(&mut self, block: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        if self.0.try_realloc_in_place(block, layout, size) {
            return block;
        }
        let fresh = self.alloc(Layout::from_size_align_unchecked(size, layout.align()));
        if !fresh.is_null() {
            fresh.copy_from_nonoverlapping(block, layout.size());
            self.0.deallocate(block, layout);
        }
        fresh
    }

    unsafe fn resize(&mut self, block: *mut u8, layout: Layout, size: usize) -> i32 {
        self.0.try_realloc_in_place(block, layout, size).into()
    }

    fn control(_size: usize) -> usize {
        talc::min_first_heap_size::<talc::DefaultBinning>()
    }
}

/// TLSF with 16 sub-classes an octave; the largest block is just below `32 << OCTAVES` bytes.
#[cfg(feature = "rlsf")]
pub struct Rlsf<const OCTAVES: usize>(rlsf::Tlsf<'static, u32, u16, OCTAVES, 16>);

#[cfg(feature = "rlsf")]
impl<const OCTAVES: usize> Peer for Rlsf<OCTAVES> {
    unsafe fn start(at: *mut Self, start: *mut u8, size: usize) -> bool {
        at.write(Self(rlsf::Tlsf::new()));
        let pool = NonNull::slice_from_raw_parts(NonNull::new_unchecked(start), size);
        (*at).0.insert_free_block_ptr(pool).is_some()
    }

    unsafe fn alloc(&mut self, layout: Layout) -> *mut u8 {
        self.0.allocate(layout).map_or(null_mut(), NonNull::as_ptr)
    }

    unsafe fn free(&mut self, block: *mut u8, layout: Layout) {
        self.0
            .deallocate(NonNull::new_unchecked(block), layout.align())
    }

    unsafe fn realloc(&mut self, block: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        let layout = Layout::from_size_align_unchecked(size, layout.align());
        self.0
            .reallocate(NonNull::new_unchecked(block), layout)
            .map_or(null_mut(), NonNull::as_ptr)
    }
}

/// The system under dlmalloc: hands its region out once, whole, and takes nothing back.
#[cfg(feature = "dlmalloc")]
pub struct Region {
    start: *mut u8,
    size: core::cell::Cell<usize>,
}

#[cfg(feature = "dlmalloc")]
unsafe impl Send for Region {}

#[cfg(feature = "dlmalloc")]
unsafe impl dlmalloc::Allocator for Region {
    fn alloc(&self, size: usize) -> (*mut u8, usize, u32) {
        let whole = self.size.get();
        if size > whole {
            return (null_mut(), 0, 0);
        }
        self.size.set(0);
        (self.start, whole, 0)
    }

    fn remap(&self, _: *mut u8, _: usize, _: usize, _: bool) -> *mut u8 {
        null_mut()
    }

    fn free_part(&self, _: *mut u8, _: usize, _: usize) -> bool {
        false
    }

    fn free(&self, _: *mut u8, _: usize) -> bool {
        false
    }

    fn can_release_part(&self, _: u32) -> bool {
        false
    }

    fn allocates_zeros(&self) -> bool {
        false
    }

    fn page_size(&self) -> usize {
        PAGE
    }
}

#[cfg(feature = "dlmalloc")]
const PAGE: usize = 64;

#[cfg(feature = "dlmalloc")]
pub struct Dl(dlmalloc::Dlmalloc<Region>);

#[cfg(feature = "dlmalloc")]
impl Peer for Dl {
    unsafe fn start(at: *mut Self, start: *mut u8, size: usize) -> bool {
        let skipped = start.align_offset(PAGE);
        if size < skipped + 8 * PAGE {
            return false;
        }
        let region = Region {
            start: start.add(skipped),
            size: ((size - skipped) & !(PAGE - 1)).into(),
        };
        at.write(Self(dlmalloc::Dlmalloc::new_with_allocator(region)));
        (*at).0.set_granularity(PAGE);
        (*at).0.set_max_release_check_rate(0);
        // A first small request takes the region in; a large one might ask for a mapping of its own.
        let first = (*at).0.malloc(1, 1);
        if !first.is_null() {
            (*at).0.free(first, 1, 1);
        }
        !first.is_null()
    }

    unsafe fn alloc(&mut self, layout: Layout) -> *mut u8 {
        self.0.malloc(layout.size(), layout.align())
    }

    unsafe fn free(&mut self, block: *mut u8, layout: Layout) {
        self.0.free(block, layout.size(), layout.align())
    }

    unsafe fn realloc(&mut self, block: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        self.0.realloc(block, layout.size(), layout.align(), size)
    }
}

#[cfg(feature = "buddy_system_allocator")]
pub struct Buddy(buddy_system_allocator::Heap<32>);

#[cfg(feature = "buddy_system_allocator")]
impl Peer for Buddy {
    unsafe fn start(at: *mut Self, start: *mut u8, size: usize) -> bool {
        at.write(Self(buddy_system_allocator::Heap::empty()));
        (*at).0.init(start as usize, size);
        true
    }

    unsafe fn alloc(&mut self, layout: Layout) -> *mut u8 {
        pointer(self.0.alloc(layout))
    }

    unsafe fn free(&mut self, block: *mut u8, layout: Layout) {
        self.0.dealloc(NonNull::new_unchecked(block), layout)
    }
}
