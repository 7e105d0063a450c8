// The bins: where the free chunks stand, by size, and how they are put in, taken out and found.
//
//   small   size 16, 24, 32, ... : one smallbin a size, made of sub-bins by the alignment of the payload. The bits of
//           small_map stand in this order, (size, alignment), so the lowest set bit from a given one on is the best fit,
//           and in it the chunk with the least alignment to lose. A mask picks the alignments that do.
//   large   four bins an octave, the last one open; each bin a bitwise trie on the size, as deep as the sizes in it
//           differ in bits. So a search is exact, and bounded by the bits of a word and not by the number of chunks.
//   top     one large chunk in no bin, the largest one whenever a chunk is freed: most requests of a heap that is not yet
//           cut up are served from it without touching a bin.

#ifndef GALLOC_BINS_H
#define GALLOC_BINS_H

#include "chunk.h"

#define GALLOC_NO_BIN 0xffffffffu

GALLOC_INLINE uint32_t *galloc_bins(const galloc_heap_t *heap)
{
    return (uint32_t *)(uintptr_t)&heap->small_map[heap->small_words];
}

GALLOC_INLINE uint32_t galloc_bin_count(const galloc_heap_t *heap)
{
    return (uint32_t)heap->small_bins + heap->large_last + 1u;
}

// First sub-bin of the smallbin for chunks of `size` bytes.
GALLOC_INLINE uint32_t galloc_smallbin(const galloc_heap_t *heap, uint32_t size)
{
    return (size / 8u - GALLOC_MIN_CHUNK / 8u) << heap->sub_shift;
}

GALLOC_INLINE uint32_t galloc_small_size(const galloc_heap_t *heap, uint32_t bin)
{
    return GALLOC_MIN_CHUNK + 8u * (bin >> heap->sub_shift);
}

// Sub-bin of a chunk by the alignment of its payload; `address` is that of the heap for which chunks are sorted.
GALLOC_INLINE uint32_t galloc_sub_bin(const galloc_heap_t *heap, uint32_t address, uint32_t link)
{
    uint32_t cap = 1u << heap->sub_last;
    return galloc_ctz(((address / 8u) + link + 1u) | cap);
}

// Number of octaves and quarters of octaves below `size`, which is 16 or more.
GALLOC_INLINE uint32_t galloc_size_class(uint32_t size)
{
    uint32_t octave = galloc_log2(size);
    return octave * 4u + (size >> (octave - 2u)) - 4u;
}

// Number of the large bin for chunks of `size` bytes, from 0.
GALLOC_INLINE uint32_t galloc_large_bin(const galloc_heap_t *heap, uint32_t size)
{
    uint32_t bin = galloc_size_class(size) - heap->class_base;
    return bin < heap->large_last ? bin : heap->large_last;
}

// The bits of `size` that tell the chunks of one large bin apart, the highest first.
GALLOC_INLINE uint32_t galloc_large_path(const galloc_heap_t *heap, uint32_t bin, uint32_t size)
{
    uint32_t shift = bin == heap->large_last ? heap->large_shift : 34u - galloc_log2(size);
    return size << shift;
}

// Lowest bin, from `bin` on, that holds a chunk, or GALLOC_NO_BIN. In each word only the bits of `mask` count.
GALLOC_INLINE uint32_t galloc_small_search(const galloc_heap_t *heap, uint32_t bin, uint32_t mask)
{
    uint32_t word = bin / 32u;
    uint32_t map = heap->small_map[word] & mask & (~0u << (bin % 32u));
    while (map == 0) {
        if (++word >= heap->small_words) {
            return GALLOC_NO_BIN;
        }
        map = heap->small_map[word] & mask;
    }
    return word * 32u + galloc_ctz(map);
}

// Whether the links around a free chunk, which galloc_free_chunk_ok has seen, agree; only then may it be unlinked.
bool galloc_large_links_ok(const galloc_heap_t *heap, uint32_t link);

// Puts a free chunk in and takes one out. A large chunk that a damaged tree has no place for stays outside.
void galloc_large_insert(galloc_heap_t *heap, uint32_t link, uint32_t size);
void galloc_large_unlink(galloc_heap_t *heap, uint32_t link);

// The smallest large chunk of `size` bytes or more; of several of one size, one that is cheap to unlink. 0: none.
// top is left aside.
uint32_t galloc_large_best(const galloc_heap_t *heap, uint32_t size);

// The largest chunk in a large bin, or 0.
uint32_t galloc_large_greatest(const galloc_heap_t *heap);

// Calls `test` for each free chunk of at least `size` bytes in the bins, smaller bins first, until it returns true.
// Returns the link of that chunk, or 0. Time: O(free chunks).
typedef bool (*galloc_test_t)(const galloc_heap_t *heap, uint32_t link, uint32_t chunk_size, const void *context);
uint32_t galloc_bins_find(const galloc_heap_t *heap, uint32_t size, galloc_test_t test, const void *context);

GALLOC_INLINE bool galloc_small_links_ok(const galloc_heap_t *heap, uint32_t link)
{
    const galloc_chunk_t *chunk = galloc_chunk_at(heap, link);
    uint32_t bin = ~chunk->prev;
    if (bin < heap->small_bins) {
        if (galloc_bins(heap)[bin] != link) {
            return false;
        }
    } else if (chunk->prev >= heap->units || galloc_chunk_at(heap, chunk->prev)->next != link) {
        return false;
    }
    return chunk->next == 0 || (chunk->next < heap->units && galloc_chunk_at(heap, chunk->next)->prev == link);
}

GALLOC_INLINE void galloc_small_insert(galloc_heap_t *heap, uint32_t link, uint32_t size)
{
    galloc_chunk_t *chunk = galloc_chunk_at(heap, link);
    uint32_t bin = galloc_smallbin(heap, size) + galloc_sub_bin(heap, (uint32_t)(uintptr_t)heap, link);
    uint32_t *first = &galloc_bins(heap)[bin];
    uint32_t next = *first;
    if (next < heap->units) {
        chunk->next = next;
        if (next != 0) {
            galloc_chunk_at(heap, next)->prev = link;
        }
    } else {
        chunk->next = 0;
    }
    chunk->prev = ~bin;
    *first = link;
    heap->small_map[bin / 32u] |= 1u << (bin % 32u);
}

GALLOC_INLINE void galloc_small_unlink(galloc_heap_t *heap, uint32_t link)
{
    galloc_chunk_t *chunk = galloc_chunk_at(heap, link);
    uint32_t bin = ~chunk->prev;
    uint32_t next = chunk->next;
    if (GALLOC_LIKELY(bin < heap->small_bins)) {
        galloc_bins(heap)[bin] = next;
        if (next == 0) {
            heap->small_map[bin / 32u] &= ~(1u << (bin % 32u));
            return;
        }
    } else {
        galloc_chunk_at(heap, chunk->prev)->next = next;
        if (next == 0) {
            return;
        }
    }
    galloc_chunk_at(heap, next)->prev = chunk->prev;
}

#endif
