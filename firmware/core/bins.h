// The bins: where the free chunks stand, by size, and how they are put in, taken out and found.
//
//   small   2, 3, 4, ... units: one smallbin a size, made of sub-bins by the alignment of the payload. A list each.
//   large   four bins an octave, the last one open: a bitwise trie on the size each, whose nodes are the chunks. So a
//           search is exact, and bounded by the bits of a word and not by the number of chunks.
//   top     one large chunk in no bin, the largest one whenever a chunk is freed: most requests of a heap that is not yet
//           cut up are served from it without touching a bin.
//
// The bits of the map stand in the order of size, in a smallbin in that of alignment. So the lowest set bit from a given
// one on is the best fit, and of the small chunks of that size one with the least alignment to lose.

#ifndef GALLOC_BINS_H
#define GALLOC_BINS_H

#include "chunk.h"

#define GALLOC_NO_BIN 0xffffffffu

// Number of octaves and quarters of octaves up to `size` units, which is 4 or more.
GALLOC_INLINE uint32_t galloc_size_class(uint32_t size) {
    uint32_t octave = galloc_log2(size);
    return octave * 4u + (size >> (octave - 2u));
}

GALLOC_INLINE uint32_t galloc_small_bin(const galloc_heap_t *heap, uint32_t size) {
    return (size - GALLOC_MIN_UNITS) << heap->sub_shift;
}

GALLOC_INLINE uint32_t galloc_small_bin_size(const galloc_heap_t *heap, uint32_t bin) {
    return (bin >> heap->sub_shift) + GALLOC_MIN_UNITS;
}

GALLOC_INLINE uint32_t galloc_sub_bin(const galloc_heap_t *heap, uint32_t link) {
    return galloc_ctz((link + heap->origin) | heap->sub_cap);
}

GALLOC_INLINE uint32_t galloc_large_bin(const galloc_heap_t *heap, uint32_t size) {
    uint32_t bin = galloc_size_class(size) - heap->class_base;
    return bin < heap->bins ? bin : heap->bins - 1u;
}

// The first bin for chunks of `size` units.
GALLOC_INLINE uint32_t galloc_bin(const galloc_heap_t *heap, uint32_t size) {
    return size < heap->small_limit ? galloc_small_bin(heap, size) : galloc_large_bin(heap, size);
}

GALLOC_INLINE galloc_word_t *galloc_map(const galloc_heap_t *heap) {
    return (galloc_word_t *)(void *)(uintptr_t)heap->map;
}

GALLOC_INLINE void galloc_map_set(galloc_heap_t *heap, uint32_t bin) {
    heap->map[bin / 32u] |= 1u << (bin % 32u);
}

GALLOC_INLINE void galloc_map_clear(galloc_heap_t *heap, uint32_t bin) {
    heap->map[bin / 32u] &= ~(1u << (bin % 32u));
}

// The lowest bin from `bin` on that holds a chunk, or GALLOC_NO_BIN.
GALLOC_INLINE uint32_t galloc_map_search(const galloc_heap_t *heap, uint32_t bin) {
    uint32_t word = bin >> GALLOC_WORD_LOG2;
    galloc_word_t bits = galloc_map(heap)[word] & (~(galloc_word_t)0 << (bin & ((1u << GALLOC_WORD_LOG2) - 1u)));
    while (bits == 0) {
        if (++word << GALLOC_WORD_LOG2 >= heap->bins) {
            return GALLOC_NO_BIN;
        }
        bits = galloc_map(heap)[word];
    }
    return (word << GALLOC_WORD_LOG2) + galloc_word_ctz(bits);
}

// Puts a large chunk into its bin, and takes it out.
void galloc_tree_insert(galloc_heap_t *heap, uint32_t link, uint32_t size);
void galloc_tree_unlink(galloc_heap_t *heap, uint32_t link, uint32_t size);

// The smallest chunk of at least `size` units in a large bin, or 0. `path` is that of `size`, or 0 where all chunks of the
// bin are larger.
uint32_t galloc_tree_best(const galloc_heap_t *heap, uint32_t bin, uint32_t size, uint32_t path);

// The largest chunk in a large bin, or 0.
uint32_t galloc_tree_greatest(const galloc_heap_t *heap, uint32_t bin);

// Whether a large chunk stands where its size belongs.
const uint32_t *galloc_tree_slot(const galloc_heap_t *heap, uint32_t link, uint32_t size);

// The bits of `size` that tell the chunks of one large bin apart, the highest first.
uint32_t galloc_tree_path(const galloc_heap_t *heap, uint32_t bin, uint32_t size);

// Calls `test` for the free chunks of `size` to `most` units in the bins, and some around, until it returns true. Returns the
// link of that chunk, or 0. Time: O(free chunks).
typedef bool (*galloc_test_t)(const galloc_heap_t *heap, uint32_t link, uint32_t size, const void *context);
uint32_t galloc_bins_find(const galloc_heap_t *heap, uint32_t size, uint32_t most, galloc_test_t test,
                          const void *context);

#if GALLOC_SMALL_CODE
void galloc_small_insert(galloc_heap_t *heap, uint32_t link, uint32_t size);
void galloc_small_unlink(galloc_heap_t *heap, uint32_t link);
#endif

#ifdef GALLOC_HOT
GALLOC_HOT void galloc_small_insert(galloc_heap_t *heap, uint32_t link, uint32_t size) {
    uint32_t bin = galloc_small_bin(heap, size) + galloc_sub_bin(heap, link);
    galloc_chunk_t *chunk = galloc_chunk_at(heap, link);
    uint32_t next = heap->heads[bin];
    chunk->next = next;
    chunk->prev = ~bin;
    heap->heads[bin] = link;
    galloc_map_set(heap, bin);
    galloc_set_prev(heap, next, link);
}

GALLOC_HOT void galloc_small_unlink(galloc_heap_t *heap, uint32_t link) {
    const galloc_chunk_t *chunk = galloc_chunk_at(heap, link);
    uint32_t next = chunk->next, prev = chunk->prev, bin = ~prev;
    if (GALLOC_LIKELY(bin < heap->small_bins)) {
        heap->heads[bin] = next;
        if (next == 0) {
            galloc_map_clear(heap, bin);
            return;
        }
    } else if (galloc_is_link(heap, prev)) {
        galloc_chunk_at(heap, prev)->next = next;
    }
    galloc_set_prev(heap, next, prev);
}
#endif

#endif
