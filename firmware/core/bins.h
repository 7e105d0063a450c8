// bins.h: where the free chunks are kept, by size.
//
//   small   one smallbin for each size, made of sub-bins by the alignment of the payload
//   large   two bins an octave
//
// Each bin is a list, last in, first out. The bits of the map are in the order of size, and in a smallbin in that of
// alignment: the lowest bit from a given one on is the best fit, with the least alignment to lose.
//
//   bins[n] -> chunk -> chunk -> 0
//   n       <- prev  <- prev

#ifndef GALLOC_BINS_H
#define GALLOC_BINS_H

#include "chunk.h"

#define GALLOC_LAST_BIN (GALLOC_BINS - 1u)
#define GALLOC_SUB_BINS_MAX (GALLOC_BINS > 64u ? 16u : 8u)

// ---- Bit scans ---------------------------------------------------------------------------------------------------

#if !GALLOC_HAVE_BIT_SCAN
// Two more from 2 ** n to 2 ** (n + 1), one more from 1.5 * 2 ** n on, -60 for 1. By a table for what is left, 2 to 31, when
// halves, quarters and eighths of a word are shifted out.
GALLOC_HOT uint32_t half_octaves(uint32_t x) {
    static const int8_t below_32[32] = {-62, -60, -58, -57, -56, -56, -55, -55, -54, -54, -54, -54, -53, -53, -53, -53,
                                        -52, -52, -52, -52, -52, -52, -52, -52, -51, -51, -51, -51, -51, -51, -51, -51};
    uint32_t more = 0;
    if (x >> 17) {
        more = 32;
        x >>= 16;
    }
    if (x >> 9) {
        more += 16;
        x >>= 8;
    }
    if (x >> 5) {
        more += 8;
        x >>= 4;
    }
    return (uint32_t)below_32[x] + more;
}
#else
// Zeros above the highest bit.
GALLOC_INLINE uint32_t leading_zeros(uint32_t x) {
#if defined(__GNUC__) && defined(__arm__)
    uint32_t zeros;
    __asm__("clz %0, %1" : "=r"(zeros) : "r"(x)); // right for 0, too
    return zeros;
#else
    return (uint32_t)__builtin_clz(x | 1u);
#endif
}
#endif

// Position of the highest bit; x is not 0. In a damaged heap it may be, and then any result is right: so no builtin, which
// is undefined there.
GALLOC_HOT uint32_t log2_floor(uint32_t x) {
#if defined(__GNUC__) && defined(__x86_64__)
    uint32_t n;
    __asm__("bsr %1, %0" : "=r"(n) : "r"(x) : "cc");
    return n;
#elif GALLOC_HAVE_BIT_SCAN
    return 31u ^ leading_zeros(x);
#else
    return (half_octaves(x) + 60u) / 2u;
#endif
}

// Position of the lowest bit; x is not 0.
GALLOC_INLINE uint32_t lowest_bit(uint32_t x) {
#if GALLOC_HAVE_BIT_SCAN
    return (uint32_t)__builtin_ctz(x);
#else
    // Each 5 bits of the factor differ: so the highest 5 of the product tell the position.
    static const uint8_t position[32] = {0,  1,  28, 2,  29, 14, 24, 3, 30, 22, 20, 15, 25, 17, 4,  8,
                                         31, 27, 13, 23, 21, 19, 16, 7, 26, 12, 18, 6,  11, 5,  10, 9};
    return position[(x & (0u - x)) * 0x077cb531u >> 27];
#endif
}

#if GALLOC_64BIT
GALLOC_INLINE size_t lowest_bit_64(uint64_t x) {
#if defined(__x86_64__) && defined(__GNUC__)
    uint64_t n; // without the sign extension that compilers add to the int of the builtin
    __asm__("rep bsf %1, %0" : "=r"(n) : "r"(x) : "cc");
    if (n >= 64u) {
        __builtin_unreachable();
    }
    return n;
#else
    return (size_t)__builtin_ctzll(x);
#endif
}
#endif

// ---- The map -----------------------------------------------------------------------------------------------------

#if GALLOC_64BIT
typedef uint64_t GALLOC_MAY_ALIAS galloc_map_word_t;
#define GALLOC_MAP_LOG2 6u
#define lowest_map_bit lowest_bit_64
#define highest_map_bit(x) (63u ^ (size_t)__builtin_clzll(x))
#else
typedef uint32_t GALLOC_MAY_ALIAS galloc_map_word_t;
#define GALLOC_MAP_LOG2 5u
#define lowest_map_bit lowest_bit
#define highest_map_bit log2_floor
#endif

#define GALLOC_MAP_MASK ((1u << GALLOC_MAP_LOG2) - 1u)

_Static_assert(offsetof(struct galloc_heap, map) % 8u == 0, "the map is accessed by words of the machine");

GALLOC_INLINE galloc_map_word_t *map_word(const galloc_heap_t *heap, size_t bin) {
    galloc_map_word_t *map = (galloc_map_word_t *)(void *)(uintptr_t)heap->map;
    return &map[GALLOC_BINS >> GALLOC_MAP_LOG2 == 1 ? 0 : bin >> GALLOC_MAP_LOG2];
}

GALLOC_INLINE void map_set(galloc_heap_t *heap, size_t bin) {
    galloc_map_word_t *word = map_word(heap, bin), map = *word;
    GALLOC_ONE_WIDTH(map); // in a register, where one instruction sets a bit
    *word = map | (galloc_map_word_t)1 << (bin & GALLOC_MAP_MASK);
}

GALLOC_INLINE void map_clear(galloc_heap_t *heap, size_t bin) {
    galloc_map_word_t *word = map_word(heap, bin), map = *word;
    GALLOC_ONE_WIDTH(map);
    *word = map & ~((galloc_map_word_t)1 << (bin & GALLOC_MAP_MASK));
}

// The lowest bin from `bin` on that holds a chunk, of those that `serve` has in each word of the map; or GALLOC_BINS. `bin`
// may be any number.
GALLOC_HOT size_t map_search_in(const galloc_heap_t *heap, uint32_t bin, galloc_map_word_t serve) {
    uint32_t word = (bin & GALLOC_LAST_BIN) >> GALLOC_MAP_LOG2;
#if GALLOC_64BIT
    galloc_map_word_t bits =
        *map_word(heap, bin & GALLOC_LAST_BIN) & serve & ~(galloc_map_word_t)0 << (bin & GALLOC_MAP_MASK);
#else
    galloc_map_word_t bits =
        (*map_word(heap, bin & GALLOC_LAST_BIN) >> (bin & GALLOC_MAP_MASK) << (bin & GALLOC_MAP_MASK)) & serve;
#endif
    while (GALLOC_UNLIKELY(bits == 0)) {
        if (++word >= GALLOC_BINS >> GALLOC_MAP_LOG2) {
            return GALLOC_BINS;
        }
        bits = *map_word(heap, word << GALLOC_MAP_LOG2) & serve;
    }
    return (word << GALLOC_MAP_LOG2) + lowest_map_bit(bits);
}

#define map_search(heap, bin) map_search_in(heap, bin, ~(galloc_map_word_t)0)

// The highest bin below `bin` that holds a chunk, if it is `least` or higher; else GALLOC_BINS.
GALLOC_INLINE size_t map_search_down(const galloc_heap_t *heap, size_t bin, size_t least) {
    if (bin <= least) {
        return GALLOC_BINS;
    }
    galloc_map_word_t mask = ~(galloc_map_word_t)0 >> ((0u - bin) & GALLOC_MAP_MASK);
    for (size_t word = (bin - 1u) >> GALLOC_MAP_LOG2;; word--) {
        galloc_map_word_t bits = *map_word(heap, word << GALLOC_MAP_LOG2) & mask;
        if (bits != 0) {
            bin = (word << GALLOC_MAP_LOG2) + highest_map_bit(bits);
            return bin >= least ? bin : GALLOC_BINS;
        }
        if (word << GALLOC_MAP_LOG2 <= least) {
            return GALLOC_BINS;
        }
        mask = ~(galloc_map_word_t)0;
    }
}

// ---- From sizes to bins ------------------------------------------------------------------------------------------

// The class of a size: one more from octave to octave, and from each part of one to the next (GALLOC_BITS_OF_OCTAVE). Only
// differences of classes are of use: they are counted from such a place that making them takes the fewest instructions.
#if !GALLOC_HAVE_BIT_SCAN && GALLOC_BITS_OF_OCTAVE == 1
#define size_class half_octaves
#else
GALLOC_HOT uint32_t size_class(uint32_t size) {
#if GALLOC_HAVE_BIT_SCAN && !defined(__x86_64__)
    uint32_t zeros = leading_zeros(size);
    return (size << GALLOC_SHIFT_COUNT(zeros) >> (31u - GALLOC_BITS_OF_OCTAVE)) - (zeros << GALLOC_BITS_OF_OCTAVE);
#else
    uint32_t octave = log2_floor(size);
    uint32_t sum = (size << GALLOC_BITS_OF_OCTAVE >> GALLOC_SHIFT_COUNT(octave)) + (octave << GALLOC_BITS_OF_OCTAVE) -
                   (31u << GALLOC_BITS_OF_OCTAVE);
    GALLOC_ONE_WIDTH(sum); // so that it is made by one instruction
    return sum;
#endif
}
#endif

// Masked, so that a damaged control block does not lead outside of the bins.
#if GALLOC_HARDENING >= 2
#define GALLOC_BIN_NUMBER(x) ((x) % GALLOC_BINS)
#else
#define GALLOC_BIN_NUMBER(x) (x)
#endif

GALLOC_INLINE uint32_t small_bin(const galloc_heap_t *heap, size_t size) {
    return (uint32_t)size * heap->sub_factor;
}

GALLOC_INLINE uint32_t large_bin(const galloc_heap_t *heap, size_t size) {
    return GALLOC_BIN_NUMBER(size_class((uint32_t)size) + heap->large_base);
}

GALLOC_HOT size_t bin_of(const galloc_heap_t *heap, size_t index, size_t size) {
    size_t bin;
    if ((uint32_t)size < heap->small_limit) {
#if GALLOC_64BIT
        uint32_t sub = lowest_bit(((uint32_t)index + heap->origin) | heap->sub_cap_2) - 1u;
#else
        uint32_t sub = lowest_bit(((uint32_t)index + heap->origin) >> 1 | heap->sub_cap); // one instruction less there
#endif
        bin = GALLOC_BIN_NUMBER(small_bin(heap, size) + sub);
    } else {
        bin = large_bin(heap, size);
    }
    GALLOC_ONE_WIDTH(bin);
    return bin;
}

// ---- Lists -------------------------------------------------------------------------------------------------------

// Whether a free chunk is where its own links say it is.
GALLOC_HOT bool is_listed(const galloc_heap_t *heap, size_t index) {
    size_t prev = chunk_at(heap, index)->prev;
    (void)prev;
    return GALLOC_HOLDS((uint32_t)prev < heap->limit) && GALLOC_HOLDS(chunk_at(heap, prev)->next == (uint32_t)index);
}

GALLOC_HOT void bin_insert(galloc_heap_t *heap, size_t index, size_t bin) {
    galloc_chunk_t *chunk = chunk_at(heap, index);
    size_t next = chunk_at(heap, bin)->next;
    chunk->prev = (uint32_t)bin;
    chunk_at(heap, bin)->next = (uint32_t)index;
    chunk->next = (uint32_t)next;
    if (next == 0) {
        map_set(heap, bin);
    } else if (GALLOC_HOLDS((uint32_t)next < heap->limit)) {
        chunk_at(heap, next)->prev = (uint32_t)index;
    }
}

// Takes a listed chunk, whose links these are, out of its list.
GALLOC_HOT void bin_remove(galloc_heap_t *heap, size_t prev, size_t next) {
    chunk_at(heap, prev)->next = (uint32_t)next;
    if (next == 0) {
        if (prev <= GALLOC_LAST_BIN) {
            map_clear(heap, prev);
        }
    } else if (GALLOC_HOLDS((uint32_t)next < heap->limit)) {
        chunk_at(heap, next)->prev = (uint32_t)prev;
    }
}

// The same for the first chunk of a bin.
GALLOC_INLINE void bin_remove_first(galloc_heap_t *heap, size_t bin, size_t next) {
    chunk_at(heap, bin)->next = (uint32_t)next;
    if (next == 0) {
        map_clear(heap, bin);
    } else if (GALLOC_HOLDS((uint32_t)next < heap->limit)) {
        chunk_at(heap, next)->prev = (uint32_t)bin;
    }
}

// Puts a chunk at the place of the first one of a bin, whose `next` this is.
GALLOC_INLINE void bin_replace_first(galloc_heap_t *heap, size_t index, size_t bin, size_t next) {
    galloc_chunk_t *chunk = chunk_at(heap, index);
    chunk->prev = (uint32_t)bin;
    chunk_at(heap, bin)->next = (uint32_t)index;
    chunk->next = (uint32_t)next;
    if (next != 0 && GALLOC_HOLDS((uint32_t)next < heap->limit)) {
        chunk_at(heap, next)->prev = (uint32_t)index;
    }
}

#endif
