// One heap as a whole: taking free chunks out of the bins, cutting them, putting what is left back, and telling whether a
// pointer that somebody hands in is a live block. alloc.c, realloc.c, inspect.c and attach.c are written in these terms.

#ifndef GALLOC_HEAP_H
#define GALLOC_HEAP_H

#include "bins.h"

#define GALLOC_MAGIC 0x31434c47u // "GLC1"; changes with the layout

// XOR of the fields that never change. A heap in which they do not hold is not touched: every index comes from them.
GALLOC_INLINE uint32_t galloc_static_sum(const galloc_heap_t *heap)
{
    return heap->units ^ heap->first ^ heap->check_mask ^ heap->key ^
           ((uint32_t)heap->small_limit | (uint32_t)heap->small_words << 16) ^
           ((uint32_t)heap->small_bins | (uint32_t)heap->sub_shift << 16 | (uint32_t)heap->sub_last << 24) ^
           ((uint32_t)heap->class_base | (uint32_t)heap->large_last << 8 | (uint32_t)heap->large_shift << 16 |
            (uint32_t)heap->flags << 24);
}

GALLOC_INLINE bool galloc_static_ok(const galloc_heap_t *heap)
{
#if GALLOC_HEADER_CHECK
    return galloc_static_sum(heap) == heap->static_sum;
#else
    (void)heap;
    return true;
#endif
}

// Bytes of the chunk for a payload of `size` bytes, or 0 when no region could hold it.
GALLOC_INLINE uint32_t galloc_chunk_size(const galloc_heap_t *heap, size_t size)
{
    if (GALLOC_UNLIKELY(size / 8u >= heap->units)) {
        return 0;
    }
    uint32_t need = ((uint32_t)size + GALLOC_HEADER_SIZE + 7u) & ~7u;
    return need > GALLOC_MIN_CHUNK ? need : GALLOC_MIN_CHUNK;
}

GALLOC_INLINE galloc_chunk_t *galloc_end_chunk(const galloc_heap_t *heap)
{
    return galloc_chunk_at(heap, heap->units);
}

// Whether the free chunk at `link` may be taken out: it, its boundary tag and all links around it hold.
GALLOC_INLINE bool galloc_detachable(const galloc_heap_t *heap, uint32_t link, uint32_t size)
{
    if (!galloc_free_chunk_ok(heap, link, size)) {
        return false;
    }
    if (size < heap->small_limit) {
        return galloc_small_links_ok(heap, link);
    }
    return link == heap->top ? size == heap->top_size : galloc_large_links_ok(heap, link);
}

// Takes a free chunk out. It must be detachable.
GALLOC_INLINE void galloc_detach(galloc_heap_t *heap, uint32_t link, uint32_t size)
{
    heap->free_chunks--;
    if (size < heap->small_limit) {
        galloc_small_unlink(heap, link);
    } else if (link == heap->top) {
        heap->top = 0;
        heap->top_size = 0;
    } else {
        galloc_large_unlink(heap, link);
    }
}

// Makes `size` bytes a free chunk and puts it where it belongs. The chunks around are in use and know of it.
GALLOC_INLINE void galloc_release(galloc_heap_t *heap, galloc_chunk_t *chunk, uint32_t size)
{
    uint32_t link = galloc_link_of(heap, chunk);
    galloc_set_free(heap, chunk, size);
    heap->free_chunks++;
    if (size < heap->small_limit) {
        galloc_small_insert(heap, link, size);
        return;
    }
    if (size > heap->top_size) {
        uint32_t old = heap->top, old_size = heap->top_size;
        heap->top = link;
        heap->top_size = size;
        if (old == 0) {
            return;
        }
        link = old;
        size = old_size;
        if (!galloc_free_chunk_ok(heap, link, size)) {
            return; // overwritten; galloc_check tells
        }
    }
    galloc_large_insert(heap, link, size);
}

GALLOC_INLINE void galloc_count_used(galloc_heap_t *heap, uint32_t payload)
{
    uint32_t used = heap->used + payload;
    heap->used = used;
    if (used > heap->peak_used) {
        heap->peak_used = used;
        heap->not_peak_used = ~used;
    }
}

// Cuts a block of `need` bytes, `front` bytes into a chunk of `size` bytes that was taken out, and gives the rest back.
//
//   | front: 0 or >= 16 | need | back: 0 or >= 16; 8 go to the block |
//
// Returns the block. Counts no operation.
GALLOC_INLINE galloc_chunk_t *galloc_cut(galloc_heap_t *heap, galloc_chunk_t *chunk, uint32_t size, uint32_t front,
                                         uint32_t need)
{
    galloc_chunk_t *block = galloc_chunk_after(chunk, front);
    uint32_t back = size - front - need;
    if (back >= GALLOC_MIN_CHUNK) {
        galloc_release(heap, galloc_chunk_after(block, need), back);
    } else {
        need += back;
        galloc_toggle_prev(galloc_chunk_after(block, need));
    }
    galloc_set_in_use(heap, block, need, front ? 0u : GALLOC_PREV_IN_USE);
    if (front) {
        galloc_release(heap, chunk, front);
    }
    galloc_count_used(heap, need - GALLOC_HEADER_SIZE);
    return block;
}

// What is wrong with `block` as a live block of the heap; GALLOC_OK: nothing. Then *size is the size of its chunk, and
// the header of the next chunk lies in the region.
GALLOC_INLINE galloc_fault_t galloc_inspect(const galloc_heap_t *heap, const void *block, uint32_t *size)
{
    if (GALLOC_UNLIKELY(heap == NULL || block == NULL)) {
        return GALLOC_FAULT_NULL;
    }
    if (GALLOC_UNLIKELY(!galloc_static_ok(heap))) {
        return GALLOC_FAULT_GEOMETRY;
    }
    uintptr_t offset = (uintptr_t)block - (uintptr_t)heap;
    uintptr_t link = offset / 8u - 1u;
    if (GALLOC_UNLIKELY(link - heap->first >= (uintptr_t)heap->units - heap->first)) {
        return GALLOC_FAULT_FOREIGN;
    }
    if (GALLOC_UNLIKELY(offset % 8u != 0)) {
        return GALLOC_FAULT_MISALIGNED;
    }
    const galloc_chunk_t *chunk = galloc_chunk_of(block);
    uint32_t header = chunk->header;
    if (GALLOC_UNLIKELY(!(header & GALLOC_IN_USE))) {
        return GALLOC_FAULT_NOT_ALLOCATED;
    }
    uint32_t chunk_size = galloc_size_in_use(heap, chunk);
#if GALLOC_HEADER_CHECK
    uint32_t check = galloc_header_check(heap, chunk, chunk_size);
    if (GALLOC_UNLIKELY(((header ^ check) & heap->check_mask) != 0 || ((header ^ header >> 1) & 2u) != 0)) {
        return GALLOC_FAULT_CORRUPT;
    }
#endif
    if (GALLOC_UNLIKELY(chunk_size < GALLOC_MIN_CHUNK || chunk_size / 8u > heap->units - (uint32_t)link)) {
        return GALLOC_FAULT_CORRUPT;
    }
    *size = chunk_size;
    return GALLOC_OK;
}

// Whether the chunk `size` bytes behind a live one can be merged with. *next_size: its size, 0 when it is in use.
// Returns false when it is free and does not hold.
GALLOC_INLINE bool galloc_look_after(const galloc_heap_t *heap, galloc_chunk_t *next, uint32_t *next_size)
{
    *next_size = 0;
    if (next->header & GALLOC_IN_USE) {
        return true;
    }
    *next_size = galloc_size_free(next);
    return galloc_detachable(heap, galloc_link_of(heap, next), *next_size);
}

// The same for the chunk before a live one.
GALLOC_INLINE bool galloc_look_before(const galloc_heap_t *heap, galloc_chunk_t *chunk, uint32_t *before_size)
{
    *before_size = 0;
    if (chunk->header & GALLOC_PREV_IN_USE) {
        return true;
    }
    uint32_t tag = *galloc_tag_before(chunk), link = galloc_link_of(heap, chunk);
    if (tag < heap->first || tag >= link) {
        return false;
    }
    *before_size = (link - tag) * 8u;
    return galloc_detachable(heap, tag, *before_size);
}

// Where the heap of a region begins, and the bytes that it has: 0 when it cannot hold one.
galloc_heap_t *galloc_heap_in(const void *region, size_t size, uint32_t *total);

// Sorts the free chunks into their bins again, for the heap's present address. Time: O(chunks).
void galloc_sort(galloc_heap_t *heap);

#endif
