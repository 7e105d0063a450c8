// One heap as a whole: taking free chunks out of the bins, cutting them, putting what is left back, and telling whether a
// pointer that somebody hands in is a live block. alloc.c, free.c, realloc.c, inspect.c and attach.c are written in these terms.

#ifndef GALLOC_HEAP_H
#define GALLOC_HEAP_H

#include "bins.h"

#define GALLOC_MAGIC 0x36434c47u // "GLC6"; changes with the layout
#define GALLOC_STATIC_WORDS 10u  // of the control block, from `sums` to `key`

_Static_assert(offsetof(struct galloc_heap, key) == 4u * GALLOC_STATIC_WORDS - 4u, "galloc_is_sound counts on it");

// The prev bits of what follows `front` free units, or a chunk in use where that is 0.
GALLOC_INLINE uint32_t galloc_prev_bits(uint32_t front) {
    return (front == 0) * (uint32_t)GALLOC_PREV_IN_USE;
}

// Whether this is a heap whose control block can be relied on: every index comes from words that never change.
#if GALLOC_SMALL_CODE
bool galloc_is_sound(const galloc_heap_t *heap);
#endif
#ifdef GALLOC_HOT
GALLOC_HOT bool galloc_is_sound(const galloc_heap_t *heap) {
    if (heap == NULL) {
        return false;
    }
    const galloc_word_t *block = (const galloc_word_t *)(const void *)heap;
#if GALLOC_WORD_LOG2 == 6u
    return (block[0] ^ block[1] ^ block[2] ^ block[3] ^ block[4]) == GALLOC_MAGIC; // an even and an odd one at a time
#else
    galloc_word_t even = block[0] ^ block[2] ^ block[4] ^ block[6] ^ block[8];
    galloc_word_t odd = block[1] ^ block[3] ^ block[5] ^ block[7] ^ block[9];
    return ((even ^ GALLOC_MAGIC) | odd) == 0;
#endif
}
#endif

// Units of the chunk for a payload of `size` bytes; more than any region has where that overflows.
#if GALLOC_SMALL_CODE
uint32_t galloc_chunk_units(size_t size);
#endif
#ifdef GALLOC_HOT
GALLOC_HOT uint32_t galloc_chunk_units(size_t size) {
    if (GALLOC_UNLIKELY(size > 0xfffffff0u - 11u)) {
        return GALLOC_NO_UNITS;
    }
    uint32_t need = ((uint32_t)size + GALLOC_HEADER_SIZE + 7u) / 8u;
    return need > GALLOC_MIN_UNITS ? need : GALLOC_MIN_UNITS;
}
#endif

// What makes a link the address of its payload / 8.
GALLOC_INLINE uint32_t galloc_origin(const galloc_heap_t *heap) {
    return (uint32_t)((uintptr_t)heap / 8u + 1u);
}

// Whether a chunk of `size` units can stand at `link`.
GALLOC_INLINE bool galloc_in_range(const galloc_heap_t *heap, uint32_t link, uint32_t size) {
    return size >= GALLOC_MIN_UNITS && link + size <= heap->units;
}

// Payload bytes of a live chunk.
GALLOC_INLINE uint32_t galloc_payload_size(uint32_t size) {
    return size * 8u - GALLOC_HEADER_SIZE;
}

#if GALLOC_SMALL_CODE
void galloc_detach(galloc_heap_t *heap, uint32_t link, uint32_t size);
void galloc_release(galloc_heap_t *heap, uint32_t link, uint32_t size);
void galloc_take_end(galloc_heap_t *heap, uint32_t link, uint32_t size, uint32_t front);
bool galloc_is_live(const galloc_heap_t *heap, const void *block, uint32_t *link, uint32_t *size);
bool galloc_size_after(const galloc_heap_t *heap, uint32_t next, uint32_t *size);
bool galloc_size_before(const galloc_heap_t *heap, uint32_t link, uint32_t *size);
void galloc_take_back(galloc_heap_t *heap, uint32_t link, uint32_t size, uint32_t next_size);
void *galloc_cut(galloc_heap_t *heap, uint32_t link, uint32_t size, uint32_t need, uint32_t prev);
#endif

#ifdef GALLOC_HOT
// Takes a free chunk out of its bin.
GALLOC_HOT void galloc_detach(galloc_heap_t *heap, uint32_t link, uint32_t size) {
    heap->free_chunks--;
    if (galloc_has_children(heap, link, size)) {
        galloc_tree_replace(heap, link);
    } else {
        galloc_unlink(heap, link);
    }
}

// Makes `size` units a free chunk and puts it where it belongs. The chunks around are in use and know of it.
GALLOC_HOT void galloc_release(galloc_heap_t *heap, uint32_t link, uint32_t size) {
    galloc_set_free(heap, link, size);
    heap->free_chunks++;
    galloc_link(heap, link, size);
}

// Takes the end of a free chunk off: the first `front` units, 0 or >= 2, stay free, the rest is in no bin. A large chunk
// that is alone in its bin, and keeps to it, stays there.
GALLOC_HOT void galloc_take_end(galloc_heap_t *heap, uint32_t link, uint32_t size, uint32_t front) {
    const galloc_chunk_t *chunk = galloc_chunk_at(heap, link);
    if (front == 0) {
        galloc_detach(heap, link, size);
        return;
    }
    if (front >= heap->small_limit && heap->heads[galloc_large_bin(heap, front)] == link &&
        (chunk->next | chunk->child[0] | chunk->child[1]) == 0) {
        galloc_set_free(heap, link, front);
        return;
    }
    galloc_detach(heap, link, size);
    galloc_release(heap, link, front);
}

// Whether `block` is a live block of the heap. Then *link and *size are those of its chunk, and the header of the next chunk
// lies in the region.
GALLOC_HOT bool galloc_is_live(const galloc_heap_t *heap, const void *block, uint32_t *link, uint32_t *size) {
    if (GALLOC_UNLIKELY(!galloc_is_sound(heap))) {
        return false;
    }
    // In units: what is misaligned turns into more than any region has.
    uintptr_t offset = (uintptr_t)block - (uintptr_t)heap;
    uintptr_t payload = offset >> 3 | offset << (sizeof(offset) * 8u - 3u);
    if (GALLOC_UNLIKELY(payload >= heap->units || payload <= heap->first)) {
        return false;
    }
    uint32_t at = (uint32_t)payload - 1u, header = galloc_chunk_at(heap, at)->header;
    uint32_t found = galloc_size_of(heap, header), wrong = galloc_live_header(heap, at, found) ^ header;
    *link = at;
    *size = found;
    // Both prev bits, 6, or none may be set; 8, the lowest bit of the size, is the same in both.
    return ((wrong + 2u) & ~(8u + 2u)) == 0 && galloc_in_range(heap, at, found);
}

// Units of the chunk at `next`, which follows a live one, if it is free and can be merged with; 0 if it is in use.
// Returns false when it is neither.
GALLOC_HOT bool galloc_size_after(const galloc_heap_t *heap, uint32_t next, uint32_t *size) {
    *size = 0;
    if (galloc_chunk_at(heap, next)->header & GALLOC_IN_USE) {
        return true;
    }
    *size = galloc_free_units_at(heap, next);
    return *size != 0;
}

// The same for the chunk that ends at `link`, where a live one stands.
GALLOC_HOT bool galloc_size_before(const galloc_heap_t *heap, uint32_t link, uint32_t *size) {
    *size = 0;
    if (galloc_chunk_at(heap, link)->header & GALLOC_PREV_IN_USE) {
        return true;
    }
    uint32_t before = galloc_chunk_at(heap, link)->tag_before;
    *size = link - before;
    return before >= heap->first && before < link &&
           galloc_chunk_at(heap, before)->header == *size * 8u + GALLOC_PREV_IN_USE;
}

// Makes a live chunk free space in no bin, together with the free chunk of `next_size` units behind it; 0: there is none.
GALLOC_HOT void galloc_take_back(galloc_heap_t *heap, uint32_t link, uint32_t size, uint32_t next_size) {
    uint32_t used = heap->used, peak = heap->peak;
    heap->used = used - galloc_payload_size(size);
    if (GALLOC_UNLIKELY(used > peak)) {
        heap->peak = used;
        heap->guard ^= peak ^ used;
    }
    if (next_size != 0) {
        galloc_detach(heap, link + size, next_size);
    } else {
        galloc_toggle_prev(heap, link + size);
    }
}

// Makes a live block of the first `need` units of free space that is in no bin any more:
//
//   | need | back: 0 or >= 2; 1 goes to the block |
//
// prev: the prev bits of its header. Returns the block.
GALLOC_HOT void *galloc_cut(galloc_heap_t *heap, uint32_t link, uint32_t size, uint32_t need, uint32_t prev) {
    uint32_t back = size - need;
    if (back >= GALLOC_MIN_UNITS) {
        galloc_release(heap, link + need, back);
    } else {
        need = size;
        galloc_toggle_prev(heap, link + size);
    }
    galloc_chunk_at(heap, link)->header = galloc_live_header(heap, link, need) | prev;
    heap->used += galloc_payload_size(need);
    return galloc_payload_at(heap, link);
}
#endif

// galloc_alloc for a heap that is known to be sound.
void *galloc_alloc_sound(galloc_heap_t *heap, size_t size, size_t align);

// galloc_free for a live chunk of `size` units.
galloc_fault_t galloc_free_live(galloc_heap_t *heap, uint32_t link, uint32_t size);

// Counts a failure. Returns NULL.
void *galloc_fail(galloc_heap_t *heap);

// Where the heap of a region begins, and the bytes that it has: 0 when it cannot hold one.
galloc_heap_t *galloc_heap_in(const void *region, size_t size, uint32_t *total);

#endif
