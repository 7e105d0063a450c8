// The layout of a region: the control block and the chunks behind it. Nothing here changes more than one chunk.
//
//   heap                                                                                       heap + total
//   | control block, bitmap, bins   |hdr|payload ....|hdr|payload .|hdr|payload ..........|end|
//   0 mod 8                         4 mod 8          4 mod 8                              4 mod 8
//
// A chunk has its header word at 4 mod 8, so payloads are multiples of 8 and a live block costs 4 bytes. The last word of
// the region is the header of an empty chunk that is always in use: whoever looks at "the next chunk" finds one.
//
//   live    | header | payload                                                      |
//   free    | header | next | up | child | child |          ...              | tag |     child: large chunks only
//
//   header  | check: what is left | size in units | prev | prev | in use |              bit 0 on the right
//
// Sizes count units of 8 bytes, and links count them from the start of the heap; 0 is "none". They hold no pointer, so
// the bytes of a heap mean the same at another address and on another machine, a link is always aligned, and one
// comparison tells whether it stays inside the region. Every link is compared before it is followed: what a stray write
// made of it must not lead outside.
//
// "prev" says that the chunk before is in use. It stands twice, so that one flipped bit shows, and outside the checksum,
// so that a neighbour can flip it without a new one. A free chunk has no checksum: its tag, which is its own link, and its
// header confirm each other.

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

#define GALLOC_MAP_BITS 192u // bins that the bitmap has room for

struct GALLOC_MAY_ALIAS galloc_heap {
    uint32_t sums[2]; // make the XOR of the first words GALLOC_MAGIC, for the even ones, and 0, for the odd ones
    // What follows up to `key` is settled by init and never changes.
    uint8_t sub_shift;    // a smallbin has 1 << sub_shift places for its sub-bins
    uint8_t bins;         // number of bins
    int8_t class_base;    // size class of bin 0, if it were a large one; below 0 with many smallbins
    uint8_t flags;        // GALLOC_FLAG_*
    uint16_t sub_cap;     // 1 << number of the last sub-bin
    uint16_t origin;      // link + origin was, at init, the address of a payload / 8: sub-bins go by its low bits
    uint32_t units;       // link of the end chunk; every chunk's link is smaller
    uint32_t first;       // link of the first chunk
    uint32_t span;        // links that a chunk can have: first and up, with room for its words
    uint32_t small_limit; // chunks of this many units and more are large
    uint32_t check_mask;  // header bits that hold the checksum
    uint32_t key;         // makes the checksums of two heaps differ

    uint32_t map[GALLOC_MAP_BITS / 32u]; // bit i: bin i holds a chunk

    uint32_t used;        // payload bytes of live blocks
    uint32_t peak;        // the highest value of `used` before the last free
    uint32_t allocs;      // blocks handed out
    uint32_t frees;       // blocks taken back
    uint32_t free_chunks; // chunks that are free
    uint32_t failures;    // requests that failed
    uint32_t roots[GALLOC_ROOTS];
    uint32_t guard; // XOR of peak, failures and roots: nothing else would tell that one was overwritten

    uint32_t heads[]; // links of the first chunk of each bin
};

_Static_assert(offsetof(struct galloc_heap, map) % 8u == 0, "the bitmap is read in words of the machine");

typedef struct GALLOC_MAY_ALIAS {
    uint32_t tag_before; // of the chunk before, if that is free
    uint32_t header;
    uint32_t next; // link of the next chunk of the same bin (small) or of the same size (large), or 0
    uint32_t up; // number, from the start of the heap, of the word that holds this chunk's link: a bin, `next`, `child`
    uint32_t child[2]; // large: subtrees with the next bit of the size clear, set
} galloc_chunk_t;

enum {
    GALLOC_IN_USE = 1u,
    GALLOC_PREV_IN_USE = 6u,
    GALLOC_HEADER_SIZE = 4u,
    GALLOC_MIN_UNITS = 2u,
    GALLOC_FLAG_BOUNDED_SEARCH = 1u,
    GALLOC_FLAG_SIZE_SHIFT = 1u, // from this bit on: the region's size modulo 8
};

#define GALLOC_NO_UNITS 0x20000000u // more than any region has

#define GALLOC_LARGE_UNITS 4u // what a large chunk needs for its words

GALLOC_INLINE galloc_chunk_t *galloc_chunk_at(const galloc_heap_t *heap, uint32_t link) {
    return (galloc_chunk_t *)((uintptr_t)heap + (size_t)link * 8u);
}

GALLOC_INLINE void *galloc_payload_at(const galloc_heap_t *heap, uint32_t link) {
    return (void *)((uintptr_t)heap + (size_t)link * 8u + 8u);
}

GALLOC_INLINE bool galloc_is_link(const galloc_heap_t *heap, uint32_t link) {
    return link - heap->first < heap->span;
}

// A word of the heap by its number, and the numbers of those that hold links.
GALLOC_INLINE uint32_t *galloc_word(const galloc_heap_t *heap, uint32_t number) {
    return (uint32_t *)(uintptr_t)heap + number;
}

#define GALLOC_HEADS ((uint32_t)offsetof(struct galloc_heap, heads) / 4u)

GALLOC_INLINE uint32_t galloc_next_of(uint32_t link) {
    return link * 2u + 2u;
}

GALLOC_INLINE uint32_t galloc_child_of(uint32_t link, uint32_t side) {
    return link * 2u + 4u + side;
}

// Whether the word of this number is one of the region and holds `link`.
GALLOC_INLINE bool galloc_is_held(const galloc_heap_t *heap, uint32_t link, uint32_t number) {
    return number / 2u < heap->units && *galloc_word(heap, number) == link;
}

// Links `link`, if it is one, to the word that holds it.
#if GALLOC_SMALL_CODE
void galloc_set_up(const galloc_heap_t *heap, uint32_t link, uint32_t up);
#endif
#ifdef GALLOC_HOT
GALLOC_HOT void galloc_set_up(const galloc_heap_t *heap, uint32_t link, uint32_t up) {
    if (galloc_is_link(heap, link)) {
        galloc_chunk_at(heap, link)->up = up;
    }
}
#endif

GALLOC_INLINE uint32_t galloc_link_of(const galloc_heap_t *heap, const void *block) {
    return (uint32_t)(((uintptr_t)block - (uintptr_t)heap) / 8u) - 1u;
}

GALLOC_INLINE uint32_t galloc_size_of(const galloc_heap_t *heap, uint32_t header) {
#if GALLOC_HEADER_CHECK
    return (header & ~heap->check_mask) / 8u;
#else
    (void)heap;
    return header / 8u;
#endif
}

GALLOC_INLINE uint32_t galloc_free_size_at(const galloc_heap_t *heap, uint32_t link) {
    return galloc_chunk_at(heap, link)->header / 8u;
}

// The header of a live chunk, but for its prev bits. The checksum is the top bits of a product with a constant. For sizes
// of up to 16 bits the constant was searched such that no one, two or three flipped bits of a header cancel out, whatever
// the size, offset and key (but for both prev bits).
#if GALLOC_SMALL_CODE
uint32_t galloc_live_header(const galloc_heap_t *heap, uint32_t link, uint32_t size);
#endif
#ifdef GALLOC_HOT
GALLOC_HOT uint32_t galloc_live_header(const galloc_heap_t *heap, uint32_t link, uint32_t size) {
    uint32_t header = size * 8u + GALLOC_IN_USE;
#if GALLOC_HEADER_CHECK
    header |= ((header ^ link * 8u ^ heap->key) * 0x37357ae3u) & heap->check_mask;
#else
    (void)heap, (void)link;
#endif
    return header;
}
#endif

#if GALLOC_SMALL_CODE
void galloc_set_free(const galloc_heap_t *heap, uint32_t link, uint32_t size);
#endif
#ifdef GALLOC_HOT
GALLOC_HOT void galloc_set_free(const galloc_heap_t *heap, uint32_t link, uint32_t size) {
    galloc_chunk_at(heap, link)->header = size * 8u + GALLOC_PREV_IN_USE;
    galloc_chunk_at(heap, link + size)->tag_before = link;
}
#endif

// Tells a chunk that the one before it was taken, or has become free. The header of a chunk that was overwritten stays
// as wrong as it was.
GALLOC_INLINE void galloc_toggle_prev(const galloc_heap_t *heap, uint32_t link) {
    galloc_chunk_at(heap, link)->header ^= GALLOC_PREV_IN_USE;
}

// Units of the free chunk at `link`; 0 where header and tag say that there is none. Reads nothing outside the region.
#if GALLOC_SMALL_CODE
uint32_t galloc_free_units_at(const galloc_heap_t *heap, uint32_t link);
uint32_t galloc_free_units(const galloc_heap_t *heap, uint32_t link);
#endif
#ifdef GALLOC_HOT
// `link` is one, or that of the end chunk.
GALLOC_HOT uint32_t galloc_free_units_at(const galloc_heap_t *heap, uint32_t link) {
    // Wrong flags turn into high bits, and so does a size below the least.
    uint32_t more = galloc_chunk_at(heap, link)->header - (GALLOC_MIN_UNITS * 8u + GALLOC_PREV_IN_USE);
    more = more >> 3 | more << 29;
    size_t end = (size_t)link + more + GALLOC_MIN_UNITS;
#if GALLOC_WORD_LOG2 == 5u // else the sum cannot wrap
    if (end < link + GALLOC_MIN_UNITS) {
        return 0;
    }
#endif
    return end <= heap->units && galloc_chunk_at(heap, (uint32_t)end)->tag_before == link ? more + GALLOC_MIN_UNITS : 0;
}

GALLOC_HOT uint32_t galloc_free_units(const galloc_heap_t *heap, uint32_t link) {
    return galloc_is_link(heap, link) ? galloc_free_units_at(heap, link) : 0;
}
#endif

#endif
