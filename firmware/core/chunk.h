// chunk.h: the bytes of a region. The control block, the chunks behind it, and their headers.
//
//   heap                                                                                      heap + total
//   | control block | bins      |hdr|payload ....|hdr|payload .|hdr|payload ..............|hdr|
//   0 mod 8                     4 mod 8          4 mod 8                                   end chunk
//
// A header is one word at 4 mod 8, so payloads are multiples of 8 and a live block costs 4 bytes. The last word of the
// region is the header of the end chunk, which has no payload and is always in use: each chunk has one behind it.
//
//   in use  | prev_foot | header | payload ...                                    |
//   free    | prev_foot | header | prev | next | ...                   | (foot)   |
//             ^ index                            the next chunk's prev_foot ^
//
// prev_foot is the boundary tag: where the chunk before is free, its index. Otherwise the word is payload of that chunk.
//
// Offsets and sizes count words of 4 bytes, so that they can be used by a machine's scaled addressing. A chunk's *index*
// is the number of its first word; all indices are even. Its *size* is the number of words beyond MIN_WORDS, the least
// that a chunk can have, so no size needs to be compared with a minimum. Its *tail*, index + size, is the index of its
// last MIN_WORDS words: the chunk behind starts at tail + MIN_WORDS.
//
// All bounds depend on one word, `limit`: an index below it, and a tail below it, are those of words inside the region.
// Nothing is an absolute address, so the bytes mean the same in another place and on another machine.

#ifndef GALLOC_CHUNK_H
#define GALLOC_CHUNK_H

#include "galloc.h"
#include "galloc_config.h"

#if GALLOC_HARDENING >= 1
#define GALLOC_MAGIC 0x48484848u // changes with the layout
#else
#define GALLOC_MAGIC 0x31313131u
#endif
#define GALLOC_MIN_WORDS 4u
#define GALLOC_MAX_REGION 0x40000000u // bytes
#define GALLOC_MAP_WORDS (GALLOC_BINS / 32u)

struct GALLOC_MAY_ALIAS galloc_heap {
    uint32_t map[GALLOC_MAP_WORDS]; // bit i: bin i holds a chunk
    uint32_t limit;                 // index of the end chunk - 3
    uint32_t limit_twin;            // limit + GALLOC_MAGIC
    // What never changes.
    uint32_t small_limit; // chunks of this size and more are large
    uint32_t sub_factor;  // small size * this = its first bin: half the number of sub-bins, a power of two
    uint32_t sub_cap;     // 1 << number of the last sub-bin
    uint32_t sub_cap_2;   // sub_cap * 2
    uint32_t large_base;  // size class of a large chunk + this = its bin
    uint32_t origin;      // index + this = address of the payload / 4, at the place where the heap was made
    uint32_t key; // makes the hashes of two heaps differ; the low bits, which are not among those, are GALLOC_KEY_*
    uint32_t key_prev_free; // key ^ GALLOC_PREV_FREE
    uint32_t size_mask;     // bits of a header that hold the size
    uint32_t check_mask;    // the others
    uint32_t sub_repeat;    // bits that are as far apart as smallbins are in the map
    // Counters. Those that change together are neighbours, for machines that load and store two at once.
    uint32_t peak;
    uint32_t allocs;
    uint32_t slack; // peak - bytes in use
    uint32_t frees;
    uint32_t splits;  // free chunks - frees - resizes
    uint32_t resizes; // blocks that got another size in place
    uint32_t failures;
    uint32_t first; // never changes: index of the first chunk, number of bins + 2
    uint32_t roots[GALLOC_ROOTS];
    uint32_t no_header;         // never changes: GALLOC_NO_HEADER
    uint32_t control_check;     // of all words here that nothing else would verify
    uint32_t bins[GALLOC_BINS]; // indices of the first chunks; a region has as many bins as it needs
};

// Where the "chunk" at index 0 has its header: as such it is too large for any region. So a damaged map that leads to an
// empty bin does not lead to a chunk, although the bin reads as index 0, and so does the boundary tag behind.
#define GALLOC_NO_HEADER 0x40u // bit 6 of a header is the highest of a size

enum {
    GALLOC_KEY_ODD = 1u,        // always set
    GALLOC_KEY_SIZE_SHIFT = 1u, // from this bit on: the region's size modulo 8
    GALLOC_KEY_BOUNDED = 16u,   // config.bounded_search
    GALLOC_KEY_OPTIONS = 31u,   // all of these
};

// The structure by which chunks are accessed starts where the heap does, so that the distance to the first index becomes
// part of a machine's addressing. Index 0 is chosen such that a bin is the `next` of the "chunk" that has its number: so
// the chunk before in a list and the head of the list are written to in the same way.
#define GALLOC_ORIGIN ((uint32_t)offsetof(struct galloc_heap, bins) - 12u)

typedef struct GALLOC_MAY_ALIAS {
    uint32_t control[GALLOC_ORIGIN / 4u];
    uint32_t prev_foot; // index of the chunk before in memory, if that is free
    uint32_t header;
    uint32_t prev; // free: index of the chunk before in its list, or number of its bin
    uint32_t next; // free: index of the chunk behind in its list, or 0
} galloc_chunk_t;

_Static_assert(GALLOC_ORIGIN + 4u == offsetof(struct galloc_heap, no_header), "the header at index 0");
_Static_assert(GALLOC_SMALL_LIMIT_WORD(GALLOC_BINS) * 4u == offsetof(struct galloc_heap, small_limit) &&
                   GALLOC_GENERATION_WORD(GALLOC_BINS) * 4u == offsetof(struct galloc_heap, key),
               "galloc.h gives their places");
_Static_assert(GALLOC_ORIGIN % 8u == 0 && offsetof(galloc_chunk_t, next) == offsetof(struct galloc_heap, bins),
               "indices are even, and bins are where `next` is");

GALLOC_INLINE galloc_chunk_t *chunk_at(const galloc_heap_t *heap, size_t index) {
    return (galloc_chunk_t *)((uintptr_t)heap + index * 4u);
}

GALLOC_INLINE void *payload_at(const galloc_heap_t *heap, size_t index) {
    return (void *)((uintptr_t)heap + GALLOC_ORIGIN + 8u + index * 4u);
}

// Index + this = address of the payload / 4.
GALLOC_INLINE uint32_t origin_of(const galloc_heap_t *heap) {
    return (uint32_t)(((uintptr_t)heap + GALLOC_ORIGIN + 8u) >> 2);
}

// Payload bytes of a chunk.
GALLOC_INLINE uint32_t payload_bytes(size_t size) {
    return (uint32_t)size * 4u + 12u;
}

// Whether a chunk at `index`, which is below the limit, ends inside the region.
GALLOC_INLINE bool tail_in_range(const galloc_heap_t *heap, size_t index, size_t size) {
    (void)heap, (void)index, (void)size;
#if GALLOC_64BIT
    return GALLOC_HOLDS(index + size < heap->limit);
#else
    return GALLOC_HOLDS(size < heap->limit - index);
#endif
}

// ---- Neighbouring words ------------------------------------------------------------------------------------------
//
// At once, where the machine has instructions for that, which compilers do not use in all places.

typedef uint64_t GALLOC_MAY_ALIAS galloc_pair_t;

GALLOC_INLINE uint32_t load_pair(const uint32_t *at, uint32_t *second) {
#if GALLOC_THUMB_2
    uint32_t first;
    __asm__("ldrd %0, %1, %2" : "=&r"(first), "=&r"(*second) : "m"(*(const galloc_pair_t *)(uintptr_t)at));
    return first;
#else
    *second = at[1];
    return at[0];
#endif
}

// Returns the second word's new value.
GALLOC_INLINE uint32_t add_to_pair(uint32_t *at, uint32_t to_first, uint32_t to_second) {
#if GALLOC_THUMB_2
    uint32_t second, first = load_pair(at, &second) + to_first;
    second += to_second;
    __asm__("strd %1, %2, %0" : "=m"(*(galloc_pair_t *)(uintptr_t)at) : "r"(first), "r"(second));
    return second;
#else
    at[0] += to_first;
    at[1] += to_second;
    return at[1];
#endif
}

// ---- The control block -------------------------------------------------------------------------------------------

GALLOC_HOT bool control_block_valid(const galloc_heap_t *heap) {
    return GALLOC_LIKELY(heap != NULL) && GALLOC_LIKELY(heap->limit + GALLOC_MAGIC == heap->limit_twin);
}

// Of galloc_check.c. The heap that a region can hold, and its bytes, 0 where there is no room for one.
GALLOC_COLD galloc_heap_t *galloc_heap_in(const void *region, size_t size, uint32_t *total);

// What control_check has to be.
GALLOC_COLD uint32_t galloc_control_check(const galloc_heap_t *heap);

GALLOC_INLINE uint32_t limit_of(uint32_t total) {
    return total / 4u - 2u - GALLOC_ORIGIN / 4u - 3u;
}

// Of galloc.c. The bin of a chunk.
size_t galloc_bin_of(const galloc_heap_t *heap, size_t index, size_t size);

// ---- Headers -----------------------------------------------------------------------------------------------------
//
//            31      28                     17 16                    1   0
//   in use  | check, ^ 1111 if prev is free   | size                   | 1 |     rotated to the left by 7
//   free    | 0                               | size                   | 0 |     (a region of 512 KiB)
//
// All bits that the size does not need, and bit 0, are those of a hash of the chunk's tail. So one comparison verifies
// size and place, and making a hash costs what verifying it does. "The chunk before is free" inverts four bits of it: so
// the difference between header and hash is 0, GALLOC_PREV_FREE, or shows that this is no header. The factor was searched
// such that no one to three inverted bits of a header go unnoticed (host_tests/core/unit/headers.c proves it).
//
// The rotation puts the bit that is always 1 in use where a byte of ASCII text, or the 0 behind it, is always 0: text that
// runs over the end of a block cannot leave a valid header.

#if GALLOC_HARDENING >= 1
#define GALLOC_IN_USE 0x80u // in a header as stored
#define GALLOC_PREV_FREE 0xf0000000u
#define GALLOC_PREV_FREE_STORED 0x78u
#define GALLOC_HASH_FACTOR 0x4d139e55u
#define GALLOC_SIZE_MASK(heap) ((heap)->size_mask)
#if GALLOC_64BIT
#define GALLOC_CHECK_MASK(heap) ((heap)->check_mask)
#else
#define GALLOC_CHECK_MASK(heap) (~(heap)->size_mask) // one word less to load where there is an and-not
#endif

GALLOC_INLINE uint32_t pack_header(uint32_t x) {
    return x << 7 | x >> 25;
}

GALLOC_INLINE uint32_t unpack_header(uint32_t x) {
    return x >> 7 | x << 25;
}

// Bit 0 is 1: tails are even, and the key is odd. Bits of the size are still among it. A constant `prev_state` costs
// nothing.
GALLOC_INLINE uint32_t tail_hash(const galloc_heap_t *heap, size_t tail, uint32_t prev_state) {
    uint32_t hash = (uint32_t)tail * GALLOC_HASH_FACTOR;
    if (GALLOC_64BIT && GALLOC_IS_CONSTANT(prev_state)) {
        return hash ^ (prev_state != 0 ? heap->key_prev_free : heap->key);
    }
    return hash ^ heap->key ^ prev_state;
}
#else
// Without a hash: nobody would look at it.
#define GALLOC_IN_USE 1u
#define GALLOC_PREV_FREE 0x80000000u
#define GALLOC_PREV_FREE_STORED GALLOC_PREV_FREE
#define GALLOC_SIZE_MASK(heap) (~(GALLOC_PREV_FREE | GALLOC_IN_USE))
#define GALLOC_CHECK_MASK(heap) (~GALLOC_SIZE_MASK(heap))
#define pack_header(x) (x)
#define unpack_header(x) (x)
#define tail_hash(heap, tail, prev_state) (GALLOC_IN_USE | (prev_state))
#endif

GALLOC_INLINE size_t free_size(uint32_t header) {
    return unpack_header(header);
}

GALLOC_INLINE uint32_t free_header(size_t size) {
    return pack_header((uint32_t)size);
}

// prev_state: 0, or GALLOC_PREV_FREE if the chunk before is free.
GALLOC_HOT uint32_t live_header(const galloc_heap_t *heap, size_t size, size_t tail, uint32_t prev_state) {
    (void)heap, (void)tail;
    return pack_header((uint32_t)size | (tail_hash(heap, tail, prev_state) & GALLOC_CHECK_MASK(heap)));
}

// 0: a chunk in use behind one in use; GALLOC_PREV_FREE: behind a free one; anything else: no header of a chunk in use.
GALLOC_INLINE uint32_t header_difference(const galloc_heap_t *heap, uint32_t unpacked, size_t tail) {
    (void)heap, (void)tail;
    return (tail_hash(heap, tail, 0) ^ unpacked) & GALLOC_CHECK_MASK(heap);
}

#endif
