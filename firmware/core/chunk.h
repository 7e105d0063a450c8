// The layout of a region: the control block and the chunks behind it. Nothing here changes more than one chunk.
//
//   heap                                                                                       heap + total
//   | control block, bitmaps, bins |hdr|payload ....|hdr|payload .|hdr|payload ...........|end|
//   0 mod 8                        4 mod 8          4 mod 8                               4 mod 8
//
// A chunk starts with its header word at 4 mod 8, so payloads are multiples of 8 and a live block costs 4 bytes. The last
// word of the region is the header of an empty chunk that is always in use: whoever looks at "the next chunk" finds one.
//
//   live    | header | payload                                                      |
//   free    | header | next | prev | low | high |       ...                    | tag |   low, high: large chunks only
//
//   header  | check: what is left | size in bytes, a multiple of 8 | prev | prev | in use |   bit 0 on the right
//
// "prev" says that the chunk before is in use. It stands twice, so that one flipped bit shows, and outside the checksum,
// so that a neighbour can flip it without a new checksum. A free chunk has no checksum: its boundary tag, which names the
// chunk's own start, and its header confirm each other.
//
// Links, and the boundary tag, count 8 bytes from the start of the heap; 0 is "none". They hold no pointer, so the bytes
// of a heap mean the same at another address and on another machine, and one comparison tells whether a link stays inside
// the region. Every link is checked before it is used: what a stray write made of it must not lead outside.

#ifndef GALLOC_CHUNK_H
#define GALLOC_CHUNK_H

#include "bits.h"
#include "config.h"
#include "galloc.h"

#if defined(__GNUC__)
#define GALLOC_MAY_ALIAS __attribute__((may_alias)) // the words of a region were, and will be, the user's payload
#else
#define GALLOC_MAY_ALIAS
#endif

struct GALLOC_MAY_ALIAS galloc_heap {
    uint32_t magic;
    // What follows up to static_sum is settled by init and never changes.
    uint32_t units;       // link of the end chunk; every chunk's link is smaller
    uint32_t first;       // link of the first chunk
    uint32_t check_mask;  // header bits that hold the checksum
    uint32_t key;         // makes the checksums of two heaps differ
    uint16_t small_limit; // chunks of this size and more are large
    uint16_t small_words; // words of small_map
    uint16_t small_bins;  // smallbins times sub-bins
    uint8_t sub_shift;    // a smallbin has 1 << sub_shift places for its sub-bins
    uint8_t sub_last;     // number of the last sub-bin
    uint8_t class_base;   // size class of the first large bin
    uint8_t large_last;   // number of the last large bin; it takes all that is larger, too
    uint8_t large_shift;  // leading zeros of every size in this heap: where the path of the last large bin begins
    uint8_t flags;        // GALLOC_FLAG_*
    uint32_t static_sum;  // over the fields from units on

    uint32_t origin;      // address (its low 32 bits) for which the chunks are sorted by alignment
    uint32_t not_origin;  // complements stand where nothing else in the heap would tell that a word was overwritten
    uint32_t top;       // link of a large chunk that stands in no bin, or 0: the place that new blocks are cut from
    uint32_t top_size;  // its size in bytes; no large bin is asked before it that has a larger chunk
    uint32_t large_map; // bit i: large bin i holds a chunk
    uint32_t used;      // payload bytes of live blocks
    uint32_t allocs;
    uint32_t frees;
    uint32_t free_chunks;
    uint32_t peak_used;
    uint32_t not_peak_used;
    uint32_t failures;
    uint32_t not_failures;
    uint32_t roots[GALLOC_ROOTS];
    uint32_t not_roots[GALLOC_ROOTS];
    uint32_t small_map[]; // bit i: small bin i holds a chunk; behind it the bins: links of first chunks, small, then large
};

typedef struct GALLOC_MAY_ALIAS {
    uint32_t header;
    uint32_t next;     // link of the next chunk of the same bin (small) or of the same size (large)
    uint32_t prev;     // link of the chunk before, or of the parent in the tree; ~n: this is the first of bin n
    uint32_t child[2]; // large: subtrees with the next bit of the size clear, set
} galloc_chunk_t;

enum {
    GALLOC_IN_USE = 1u,
    GALLOC_PREV_IN_USE = 6u,
    GALLOC_FLAGS = 7u,
    GALLOC_HEADER_SIZE = 4u,
    GALLOC_MIN_CHUNK = 16u,
    GALLOC_FLAG_BOUNDED_SEARCH = 1u,
};

#define GALLOC_PEER 0xffffffffu // in child[0]: not in the tree itself but behind one of its own size

GALLOC_INLINE galloc_chunk_t *galloc_chunk_at(const galloc_heap_t *heap, uint32_t link)
{
    return (galloc_chunk_t *)((uintptr_t)heap + (size_t)link * 8u + 4u);
}

GALLOC_INLINE uint32_t galloc_offset(const galloc_heap_t *heap, const void *p)
{
    return (uint32_t)((uintptr_t)p - (uintptr_t)heap);
}

GALLOC_INLINE uint32_t galloc_link_of(const galloc_heap_t *heap, const galloc_chunk_t *chunk)
{
    return galloc_offset(heap, chunk) / 8u;
}

GALLOC_INLINE galloc_chunk_t *galloc_chunk_of(const void *block)
{
    return (galloc_chunk_t *)((uintptr_t)block - GALLOC_HEADER_SIZE);
}

GALLOC_INLINE void *galloc_payload(galloc_chunk_t *chunk)
{
    return &chunk->next;
}

GALLOC_INLINE galloc_chunk_t *galloc_chunk_after(const galloc_chunk_t *chunk, uint32_t size)
{
    return (galloc_chunk_t *)((uintptr_t)chunk + size);
}

// The boundary tag of the chunk before `chunk`; there is one only if that chunk is free.
GALLOC_INLINE uint32_t *galloc_tag_before(const galloc_chunk_t *chunk)
{
    return (uint32_t *)(void *)((uintptr_t)chunk - 4u);
}

// Size in bytes of a live chunk.
GALLOC_INLINE uint32_t galloc_size_in_use(const galloc_heap_t *heap, const galloc_chunk_t *chunk)
{
#if GALLOC_HEADER_CHECK
    return chunk->header & ~heap->check_mask & ~(uint32_t)GALLOC_FLAGS;
#else
    (void)heap;
    return chunk->header & ~(uint32_t)GALLOC_FLAGS;
#endif
}

// Size in bytes of a free chunk.
GALLOC_INLINE uint32_t galloc_size_free(const galloc_chunk_t *chunk)
{
    return chunk->header & ~(uint32_t)GALLOC_FLAGS;
}

// The checksum of a live chunk's header: the top bits of a product with a constant. For sizes up to 19 bits the constant
// was searched such that no one, two or three flipped bits of a header cancel out, whatever the size, offset and key (but
// for the pair of equal flags).
GALLOC_INLINE uint32_t galloc_header_check(const galloc_heap_t *heap, const galloc_chunk_t *chunk, uint32_t size)
{
#if GALLOC_HEADER_CHECK
    return (((size | GALLOC_IN_USE) ^ galloc_offset(heap, chunk) ^ heap->key) * 0x37357ae3u) & heap->check_mask;
#else
    (void)heap, (void)chunk, (void)size;
    return 0;
#endif
}

GALLOC_INLINE void galloc_set_in_use(const galloc_heap_t *heap, galloc_chunk_t *chunk, uint32_t size, uint32_t prev_flags)
{
    chunk->header = size | GALLOC_IN_USE | prev_flags | galloc_header_check(heap, chunk, size);
}

GALLOC_INLINE void galloc_set_free(const galloc_heap_t *heap, galloc_chunk_t *chunk, uint32_t size)
{
    chunk->header = size | GALLOC_PREV_IN_USE;
    *galloc_tag_before(galloc_chunk_after(chunk, size)) = galloc_link_of(heap, chunk);
}

// Tells a chunk that the one before it was taken, or has become free. The header of a chunk that was overwritten stays
// as wrong as it was.
GALLOC_INLINE void galloc_toggle_prev(galloc_chunk_t *chunk)
{
    chunk->header ^= GALLOC_PREV_IN_USE;
}

// Whether a free chunk of `size` bytes stands at `link`. Reads nothing outside the region.
GALLOC_INLINE bool galloc_free_chunk_ok(const galloc_heap_t *heap, uint32_t link, uint32_t size)
{
    if (link >= heap->units || size / 8u > heap->units - link) {
        return false;
    }
    const galloc_chunk_t *chunk = galloc_chunk_at(heap, link);
    return chunk->header == (size | GALLOC_PREV_IN_USE) && *galloc_tag_before(galloc_chunk_after(chunk, size)) == link;
}

#endif
