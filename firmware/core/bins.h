// The bins: where the free chunks stand, by size, and how they are put in, taken out and found.
//
//   small   2, 3, 4, ... units: one smallbin a size, made of sub-bins by the alignment of the payload. A list each.
//   large   two bins an octave: a bitwise trie on the size each, whose nodes are the chunks. So a search is exact, and
//           bounded by the bits of a word and not by the number of chunks.
//
// The bits of the map stand in the order of size, in a smallbin in that of alignment. So the lowest set bit from a given
// one on is the best fit, and of the small chunks of that size one with the least alignment to lose.

#ifndef GALLOC_BINS_H
#define GALLOC_BINS_H

#include "chunk.h"

#define GALLOC_NO_BIN 0xffffffffu
#define GALLOC_TREE_HEIGHT 32u // the bits of a size; a higher tree has a loop, which a stray write made

// Number of octaves, and parts of octaves, up to `size` units, which is 4 or more.
#if GALLOC_SMALL_CODE
uint32_t galloc_size_class(uint32_t size);
#endif
#ifdef GALLOC_HOT
GALLOC_HOT uint32_t galloc_size_class(uint32_t size) {
    uint32_t octave = galloc_log2(size);
    return (octave << GALLOC_OCTAVE_SHIFT) + (size >> (octave - GALLOC_OCTAVE_SHIFT));
}
#endif

// The bits of `size` that tell the chunks of one large bin apart, the highest first, and a 1 behind them.
GALLOC_INLINE uint32_t galloc_tree_path(uint32_t size) {
    return (size * 2u + 1u) << (31u + GALLOC_OCTAVE_SHIFT - galloc_log2(size));
}

GALLOC_INLINE uint32_t galloc_small_bin(const galloc_heap_t *heap, uint32_t size) {
    return (size - GALLOC_MIN_UNITS) << heap->sub_shift;
}

GALLOC_INLINE uint32_t galloc_small_bin_size(const galloc_heap_t *heap, uint32_t bin) {
    return (bin >> heap->sub_shift) + GALLOC_MIN_UNITS;
}

#if GALLOC_SMALL_CODE
uint32_t galloc_sub_bin(const galloc_heap_t *heap, uint32_t link);
#endif
#ifdef GALLOC_HOT
GALLOC_HOT uint32_t galloc_sub_bin(const galloc_heap_t *heap, uint32_t link) {
    return galloc_ctz((link + heap->origin) | heap->sub_cap);
}
#endif

GALLOC_INLINE uint32_t galloc_large_bin(const galloc_heap_t *heap, uint32_t size) {
    return galloc_size_class(size) - (uint32_t)heap->class_base;
}

// Smallbins times sub-bins; the bins behind are large.
GALLOC_INLINE uint32_t galloc_small_bins(const galloc_heap_t *heap) {
    return galloc_small_bin(heap, heap->small_limit);
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
    galloc_word_t bits = galloc_map(heap)[word] >> (bin & ((1u << GALLOC_WORD_LOG2) - 1u));
    while (bits == 0) {
        bin = ++word << GALLOC_WORD_LOG2;
        if (bin >= heap->bins) {
            return GALLOC_NO_BIN;
        }
        bits = galloc_map(heap)[word];
    }
    return bin + galloc_word_ctz(bits);
}

// Whether other chunks than `next` hang on a free chunk.
GALLOC_INLINE bool galloc_has_children(const galloc_heap_t *heap, uint32_t link, uint32_t size) {
    const galloc_chunk_t *chunk = galloc_chunk_at(heap, link);
    return size >= heap->small_limit && (chunk->child[0] | chunk->child[1]) != 0;
}

// Puts a large chunk into a bin that holds some; `slot` is the number of the bin's word.
void galloc_tree_insert(galloc_heap_t *heap, uint32_t link, uint32_t size, uint32_t slot);

// Takes a chunk out of a tree where others hang on it.
void galloc_tree_replace(galloc_heap_t *heap, uint32_t link);

// A chunk of at least `size` units in the large bin of that size, the one that fits best of some; 0 when there is none.
uint32_t galloc_tree_fit(const galloc_heap_t *heap, uint32_t at, uint32_t size);

// The chunk at the end of the lowest way down from `at`, or 0.
uint32_t galloc_tree_end(const galloc_heap_t *heap, uint32_t at);

// The units of the largest chunk in a large bin, or 0.
uint32_t galloc_tree_greatest(const galloc_heap_t *heap, uint32_t bin);

// The number of the word that links to the first large chunk of `size` units, or is empty and should; 0 where the tree is
// damaged.
uint32_t galloc_tree_slot(const galloc_heap_t *heap, uint32_t size);

#if GALLOC_SMALL_CODE
void galloc_link(galloc_heap_t *heap, uint32_t link, uint32_t size);
void galloc_unlink(galloc_heap_t *heap, uint32_t link);
#endif

#ifdef GALLOC_HOT
// Puts a free chunk into its bin.
GALLOC_HOT void galloc_link(galloc_heap_t *heap, uint32_t link, uint32_t size) {
    galloc_chunk_t *chunk = galloc_chunk_at(heap, link);
    uint32_t bin, next;
    if (size < heap->small_limit) {
        bin = galloc_small_bin(heap, size) + galloc_sub_bin(heap, link);
        next = heap->heads[bin];
    } else {
        bin = galloc_large_bin(heap, size);
        next = heap->heads[bin];
        if (next != 0) {
            galloc_tree_insert(heap, link, size, GALLOC_HEADS + bin);
            return;
        }
        chunk->child[0] = 0;
        chunk->child[1] = 0;
    }
    chunk->up = GALLOC_HEADS + bin;
    heap->heads[bin] = link;
    chunk->next = next;
    if (next == 0) {
        galloc_map_set(heap, bin);
    } else {
        galloc_set_up(heap, next, galloc_next_of(link));
    }
}

// Takes a chunk without children out of its bin.
GALLOC_HOT void galloc_unlink(galloc_heap_t *heap, uint32_t link) {
    const galloc_chunk_t *chunk = galloc_chunk_at(heap, link);
    uint32_t next = chunk->next, up = chunk->up, bin = up - GALLOC_HEADS;
    if (GALLOC_UNLIKELY(!galloc_is_held(heap, link, up))) {
        return; // overwritten; galloc_check tells
    }
    *galloc_word(heap, up) = next;
    if (next != 0) {
        galloc_set_up(heap, next, up);
    } else if (bin < GALLOC_MAP_BITS) { // bits behind the last bin are clear anyway
        galloc_map_clear(heap, bin);
    }
}
#endif

#endif
