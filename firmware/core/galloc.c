// galloc.c: allocating, freeing, changing sizes.
//
// The hot paths end in calls that a compiler turns into jumps, each with at most four arguments, so that none of them
// needs a stack frame. They come in stages: verify and decide, then one function for each case.

#include "bins.h"

#if defined(__GNUC__) && !defined(__clang__) && GALLOC_64BIT
#pragma GCC optimize("no-tree-slp-vectorize") // two counters in a vector register take longer than two additions
#endif

// ---- Verifying what is handed in ---------------------------------------------------------------------------------

// The same by the level of hardening; sets `limit`.
GALLOC_INLINE bool heap_valid(const galloc_heap_t *heap, size_t *limit) {
    if (GALLOC_UNLIKELY(heap == NULL)) {
        return false;
    }
    uint32_t twin;
    size_t value = load_pair(&heap->limit, &twin);
    GALLOC_ONE_WIDTH(value);
    *limit = value;
    return GALLOC_HARDENING == 0 || GALLOC_LIKELY((uint32_t)value + GALLOC_MAGIC == twin);
}

// A chunk in use, as far as its header describes it.
typedef struct {
    size_t index, size, tail;
    uint32_t prev_state; // 0, or GALLOC_PREV_FREE
} live_t;

// The index of the chunk with this payload. It is turned rather than shifted: what is no multiple of 4 becomes more than
// any limit, and nothing is lost.
GALLOC_INLINE size_t index_of(const galloc_heap_t *heap, const void *block) {
    uintptr_t offset = (uintptr_t)block - (GALLOC_ORIGIN + 8u) - (uintptr_t)heap;
    return offset >> 2 | offset << (sizeof(offset) * 8u - 2u);
}

// Whether `block` is in use, in a valid heap; then `live` describes it. A pointer that is not at a multiple of 8, or is in
// front of the first chunk, fails by its hash only: a test for that would be a part of each call.
GALLOC_HOT bool block_valid(const galloc_heap_t *heap, const void *block, live_t *live) {
    size_t limit;
    live->index = index_of(heap, block);
    if (GALLOC_UNLIKELY(!heap_valid(heap, &limit)) || GALLOC_UNLIKELY(live->index >= limit)) {
        return false;
    }
    uint32_t header = unpack_header(chunk_at(heap, live->index)->header);
    live->size = header & GALLOC_SIZE_MASK(heap);
    GALLOC_ONE_WIDTH(live->size);
    live->tail = live->index + live->size;
    if (GALLOC_UNLIKELY(live->tail >= limit)) {
        return false;
    }
    live->prev_state = header_difference(heap, header, live->tail);
    if (live->prev_state != 0) {
        return GALLOC_LIKELY(live->prev_state == GALLOC_PREV_FREE);
    }
    return true;
}

// The size of a block that was verified.
GALLOC_INLINE size_t live_size(const galloc_heap_t *heap, const void *block) {
    (void)heap;
    uint32_t header = ((const galloc_chunk_t *)((uintptr_t)block - (GALLOC_ORIGIN + 8u)))->header;
    return unpack_header(header) & GALLOC_SIZE_MASK(heap);
}

// The same by the level of hardening.
#if GALLOC_HARDENING >= 1
#define block_in_use block_valid
#else
GALLOC_INLINE bool block_in_use(const galloc_heap_t *heap, const void *block, live_t *live) {
    live->index = index_of(heap, block);
    if (GALLOC_UNLIKELY(heap == NULL) || GALLOC_UNLIKELY(block == NULL)) {
        return false;
    }
    uint32_t header = chunk_at(heap, live->index)->header;
    live->size = header & GALLOC_SIZE_MASK(heap);
    GALLOC_ONE_WIDTH(live->size);
    live->tail = live->index + live->size;
    live->prev_state = header & GALLOC_PREV_FREE;
    return true;
}
#endif

// ---- Verifying what is met on the way ----------------------------------------------------------------------------

// Whether a free chunk can be cut: header and boundary tag agree.
GALLOC_HOT bool free_chunk_valid(const galloc_heap_t *heap, size_t index, size_t *size) {
    if (!GALLOC_HOLDS(index < heap->limit)) {
        return false;
    }
    *size = free_size(chunk_at(heap, index)->header);
    GALLOC_ONE_WIDTH(*size);
    return tail_in_range(heap, index, *size) &&
           GALLOC_HOLDS(chunk_at(heap, index + *size + GALLOC_MIN_WORDS)->prev_foot == (uint32_t)index);
}

// Whether a chunk can be merged with the free one before it.
GALLOC_HOT bool prev_valid(const galloc_heap_t *heap, size_t index, size_t *prev) {
    *prev = chunk_at(heap, index)->prev_foot;
    GALLOC_ONE_WIDTH(*prev);
    if (!GALLOC_HOLDS(*prev < index)) {
        return false;
    }
    size_t size = free_size(chunk_at(heap, *prev)->header);
    GALLOC_ONE_WIDTH(size);
    return GALLOC_HOLDS(*prev + size + GALLOC_MIN_WORDS == index) && is_listed(heap, *prev);
}

// Whether a chunk can be merged with the free one behind it, at `next`. That may be the end chunk, with a damaged header.
GALLOC_HOT bool next_valid(const galloc_heap_t *heap, size_t next, size_t *size) {
    *size = free_size(chunk_at(heap, next)->header);
    return (GALLOC_64BIT || GALLOC_HOLDS(next < heap->limit)) && tail_in_range(heap, next, *size) &&
           GALLOC_HOLDS(chunk_at(heap, next + *size + GALLOC_MIN_WORDS)->prev_foot == (uint32_t)next) &&
           is_listed(heap, next);
}

GALLOC_INLINE bool is_free(const galloc_heap_t *heap, size_t index) {
    return (chunk_at(heap, index)->header & GALLOC_IN_USE) == 0;
}

// ---- Small steps -------------------------------------------------------------------------------------------------

// Tells a chunk that the one before it was taken, or has become free.
GALLOC_INLINE void toggle_prev_free(const galloc_heap_t *heap, size_t index) {
    chunk_at(heap, index)->header ^= GALLOC_PREV_FREE_STORED;
}

GALLOC_NOINLINE size_t galloc_bin_of(const galloc_heap_t *heap, size_t index, size_t size) {
    return bin_of(heap, index, size);
}

// Puts a free chunk where it belongs.
GALLOC_WARM void insert_free_chunk(galloc_heap_t *heap, size_t index, size_t size) {
    bin_insert(heap, index, bin_of(heap, index, size));
}

GALLOC_WARM void remove_free_chunk(galloc_heap_t *heap, size_t index) {
    bin_remove(heap, chunk_at(heap, index)->prev, chunk_at(heap, index)->next);
}

// Moves a listed chunk to where it belongs with its new size.
GALLOC_HOT void resort_here(galloc_heap_t *heap, size_t index, size_t size) {
    size_t bin = bin_of(heap, index, size), prev = chunk_at(heap, index)->prev;
    GALLOC_ONE_WIDTH(prev);
    if (bin != prev) {
        bin_remove(heap, prev, chunk_at(heap, index)->next);
        bin_insert(heap, index, bin);
    }
}

#if GALLOC_SMALL_CODE
#define resort_free_chunk resort_here
#else
GALLOC_WARM void resort_free_chunk(galloc_heap_t *heap, size_t index, size_t size) {
    resort_here(heap, index, size);
}
#endif

// Puts a free chunk into its bin, in place of one that was in a list with these links.
GALLOC_HOT void replace_free_chunk(galloc_heap_t *heap, size_t index, size_t bin, size_t list_prev, size_t list_next) {
    if (bin == list_prev) {
        bin_replace_first(heap, index, bin, list_next);
    } else {
        bin_remove(heap, list_prev, list_next);
        bin_insert(heap, index, bin);
    }
}

// To be called after `slack` has become less. In use are more bytes than ever where it is negative.
GALLOC_INLINE void keep_peak(galloc_heap_t *heap, uint32_t slack) {
    if (GALLOC_UNLIKELY((int32_t)slack < 0)) {
        uint32_t over = *(volatile uint32_t *)&heap->slack; // not kept in a register for this rare case
        heap->peak -= over;
        heap->slack = GALLOC_64BIT || GALLOC_SMALL_CODE ? 0 : heap->slack - over; // some load a 0 early, on each path
    }
}

GALLOC_HOT void count_used(galloc_heap_t *heap, uint32_t bytes) {
    heap->slack -= bytes;
    keep_peak(heap, heap->slack);
}

GALLOC_INLINE void count_free(galloc_heap_t *heap, size_t size) {
    add_to_pair(&heap->slack, payload_bytes(size), 1); // and heap->frees
}

static GALLOC_COLD void *fail(galloc_heap_t *heap) {
    heap->control_check ^= heap->failures ^ (heap->failures + 1u);
    heap->failures++;
    return NULL;
}

// The size of a chunk for so many bytes; for less than 5 more than any heap has.
GALLOC_INLINE size_t size_for(size_t bytes) {
    return ((bytes - 5u) >> 2) & ~(size_t)1;
}

// As size_for, and for less than 5 bytes 0; the limit, for which there is no room, where it is more.
GALLOC_INLINE size_t size_within(size_t bytes, size_t limit) {
    size_t need = size_for(bytes);
    if (GALLOC_UNLIKELY(need >= limit)) {
        need = bytes < 5u ? 0 : limit;
    }
    return need;
}

// The last two arguments of what moves the end of a chunk in use. Where the fifth argument of a call would go through the
// stack they are one: a size has at most 28 bits, and a previous state only the 4 others. As the state of a header both
// together serve, as bits in the place of the size are not looked at.
#if GALLOC_FOUR_ARGUMENTS
#define GALLOC_NEED_AND_STATE size_t both
#define GALLOC_PACK(need, prev_state) ((need) | (prev_state))
#define GALLOC_PACKED_NEED (both & 0x0fffffffu)
#define GALLOC_PACKED_STATE both
#else
#define GALLOC_NEED_AND_STATE size_t wanted, uint32_t state
#define GALLOC_PACK(need, prev_state) need, prev_state
#define GALLOC_PACKED_NEED wanted
#define GALLOC_PACKED_STATE state
#endif

#define GALLOC_IS_LARGE(size) ((size) >= (GALLOC_LARGE_BLOCK > 12 ? (GALLOC_LARGE_BLOCK - 9) / 4 : 0))

// ---- Making a heap -----------------------------------------------------------------------------------------------

// Limits of regions so small that they get all bins (see lay_out); proofs make small regions without unused bins.
#if !defined(GALLOC_TINY_LIMIT)
#define GALLOC_TINY_LIMIT (1024u / 4u)
#endif

typedef struct {
    uint32_t smallbins, sub_bins, sub_factor, num_bins;
} layout_t;

_Static_assert((27u << GALLOC_BITS_OF_OCTAVE) + GALLOC_SUB_BINS_MAX <= GALLOC_BINS,
               "GALLOC_BINS: one smallbin and all octaves of the largest region");

// Chooses the bins for a region. False: the configuration is out of range.
static bool lay_out(layout_t *layout, const galloc_config_t *config, uint32_t limit) {
    uint32_t smallbins = config != NULL && config->smallbins != 0 ? config->smallbins : GALLOC_SMALLBINS;
    uint32_t sub_bins =
        config != NULL && config->alignment_sub_bins != 0 ? config->alignment_sub_bins : GALLOC_ALIGNMENT_SUB_BINS;
    layout->sub_bins = sub_bins < GALLOC_SUB_BINS_MAX ? sub_bins : GALLOC_SUB_BINS_MAX;
    layout->sub_factor = 1u << log2_floor((layout->sub_bins - 1u) | 1u);
    // As many smallbins as the large bins leave room for.
    smallbins = (smallbins < GALLOC_BINS / 2u ? smallbins : GALLOC_BINS / 2u) + 1u;
    do {
        layout->smallbins = --smallbins;
        layout->num_bins =
            smallbins * 2u * layout->sub_factor + size_class(limit | smallbins * 2u) + 1u - size_class(smallbins * 2u);
    } while (layout->num_bins > GALLOC_BINS);
    // A bit of the map that was set by accident does not lead out of a region with room for all bins.
    layout->num_bins = limit < GALLOC_TINY_LIMIT ? GALLOC_BINS : layout->num_bins;
    return sub_bins >= 2u;
}

// The index of the first chunk. Its prev_foot, which is not used, may be the last bin.
GALLOC_INLINE uint32_t first_index(const layout_t *layout) {
    return (layout->num_bins + 3u) & ~1u;
}

GALLOC_COLD galloc_heap_t *galloc_init_salted(void *region, size_t size, const galloc_config_t *config, uint32_t salt) {
    layout_t layout;
    uint32_t total;
    galloc_heap_t *heap = galloc_heap_in(region, size, &total);
    uint32_t limit = limit_of(total);
    if (total == 0 || !lay_out(&layout, config, limit) || limit < first_index(&layout) + 1u) {
        return NULL;
    }
    // Headers of an earlier heap in the same place, which are still in memory, do not pass for those of this one.
    uint32_t before = control_block_valid(heap) ? heap->key / 32u : 0;
    uint32_t key = (before + 0x04f1bbcdu + salt * 2u) * 32u; // by an odd number, so never the same
    key |= GALLOC_KEY_ODD | (uint32_t)(size % 8u) << GALLOC_KEY_SIZE_SHIFT;
    key |= config != NULL && config->bounded_search ? GALLOC_KEY_BOUNDED : 0;
    __builtin_memset(heap, 0, sizeof(*heap));
    heap->limit = limit;
    heap->limit_twin = limit + GALLOC_MAGIC;
    heap->small_limit = layout.smallbins * 2u;
    heap->sub_factor = layout.sub_factor;
    heap->sub_cap_2 = 1u << layout.sub_bins;
    heap->sub_cap = heap->sub_cap_2 / 2u;
    heap->large_base = heap->small_limit * layout.sub_factor - size_class(heap->small_limit);
    heap->origin = origin_of(heap);
    heap->key = key;
    heap->key_prev_free = key ^ GALLOC_PREV_FREE;
    heap->size_mask = (2u << log2_floor(limit)) - 2u;
    heap->check_mask = ~heap->size_mask;
    uint32_t repeat = 1;
    for (uint32_t shift = layout.sub_factor * 2u; shift < 32u; shift *= 2u) {
        repeat |= repeat << shift;
    }
    heap->sub_repeat = repeat;
    heap->first = first_index(&layout);
    heap->splits = 1;
    heap->no_header = GALLOC_NO_HEADER;
    heap->control_check = galloc_control_check(heap);
    uint32_t first = heap->first, end = limit + 3u, free = end - first - GALLOC_MIN_WORDS;
    chunk_at(heap, end)->header = GALLOC_IN_USE ^ GALLOC_PREV_FREE_STORED;
    chunk_at(heap, end)->prev_foot = first;
    chunk_at(heap, first)->header = free_header(free);
    insert_free_chunk(heap, first, free);
    return heap;
}

GALLOC_COLD galloc_heap_t *galloc_init(void *region, size_t size, const galloc_config_t *config) {
    return galloc_init_salted(region, size, config, 0);
}

GALLOC_COLD size_t galloc_overhead(size_t region_size, const galloc_config_t *config) {
    layout_t layout;
    size_t size = region_size > GALLOC_MAX_REGION ? GALLOC_MAX_REGION : region_size;
    size = size < sizeof(galloc_heap_t) ? sizeof(galloc_heap_t) : size;
    return lay_out(&layout, config, limit_of((uint32_t)size)) ? GALLOC_ORIGIN + 8u + first_index(&layout) * 4u : 0;
}

// ---- Allocating: cutting a block out of a free chunk -------------------------------------------------------------

// Writes the header of a new block, and counts it.
GALLOC_HOT void *commit_block(galloc_heap_t *heap, size_t index, size_t size, size_t tail, uint32_t prev_state) {
    chunk_at(heap, index)->header = live_header(heap, size, tail, prev_state);
#if GALLOC_SMALL_CODE
    heap->allocs++;
    count_used(heap, payload_bytes(size));
#else
    keep_peak(heap, add_to_pair(&heap->allocs, 1, 0u - payload_bytes(size))); // and heap->slack
#endif
    return payload_at(heap, index);
}

// Makes a block of all of a chunk. `prev`: of its list, or its bin; verified.
GALLOC_STAGE void *take_whole(galloc_heap_t *heap, size_t index, size_t size, size_t prev) {
    bin_remove(heap, prev, chunk_at(heap, index)->next);
    toggle_prev_free(heap, index + size + GALLOC_MIN_WORDS);
    heap->splits--;
    return commit_block(heap, index, size, index + size, 0);
}

// Makes a block of the low end of a chunk that is in no list any more.
//
//   | free ...................... |
//   | block        | rest         |
GALLOC_INLINE void *take_low(galloc_heap_t *heap, size_t index, size_t rest, size_t tail, size_t need) {
    size_t behind = index + need + GALLOC_MIN_WORDS;
    chunk_at(heap, tail + GALLOC_MIN_WORDS)->prev_foot = (uint32_t)behind;
    chunk_at(heap, behind)->header = free_header(rest);
    void *block = commit_block(heap, index, need, index + need, 0);
    insert_free_chunk(heap, behind, rest);
    return block;
}

// Makes a block of the high end of a chunk, of which `rest` stays.
//
//   | free ...................... |
//   | rest         | block        |
GALLOC_INLINE void *take_high(galloc_heap_t *heap, size_t index, size_t rest, size_t tail, size_t need) {
    size_t block = tail - need;
    toggle_prev_free(heap, tail + GALLOC_MIN_WORDS);
    chunk_at(heap, block)->prev_foot = (uint32_t)index;
    chunk_at(heap, index)->header = free_header(rest);
    return commit_block(heap, block, need, tail, GALLOC_PREV_FREE);
}

// Makes a block of a chunk anywhere in its list.
GALLOC_STAGE void *take_listed(galloc_heap_t *heap, size_t index, size_t need) {
    size_t size;
    if (GALLOC_UNLIKELY(!free_chunk_valid(heap, index, &size) || !GALLOC_HOLDS(size >= need) ||
                        !is_listed(heap, index))) {
        return fail(heap);
    }
    size_t rest = size - need - GALLOC_MIN_WORDS;
    if (size - need < GALLOC_MIN_WORDS) {
        return take_whole(heap, index, size, chunk_at(heap, index)->prev);
    }
    if (GALLOC_IS_LARGE(need)) {
        remove_free_chunk(heap, index);
        return take_low(heap, index, rest, index + size, need);
    }
    void *block = take_high(heap, index, rest, index + size, need);
    resort_free_chunk(heap, index, rest);
    return block;
}

#if !GALLOC_SMALL_CODE
// Makes a block of the high end of the first chunk of a bin, or of all of it.
GALLOC_STAGE void *take_first(galloc_heap_t *heap, size_t bin, size_t need) {
    size_t index = chunk_at(heap, bin)->next, size, rest, left;
    GALLOC_ONE_WIDTH(index);
    if (GALLOC_UNLIKELY(!free_chunk_valid(heap, index, &size) ||
                        (__builtin_sub_overflow(size, need, &rest) && GALLOC_HARDENING >= 2))) {
        return fail(heap);
    }
    if (GALLOC_UNLIKELY(__builtin_sub_overflow(rest, GALLOC_MIN_WORDS, &left))) {
        return take_whole(heap, index, size, bin);
    }
    void *block = take_high(heap, index, left, index + size, need);
    size_t left_bin = bin_of(heap, index, left);
    if (left_bin != bin) {
        bin_remove_first(heap, bin, chunk_at(heap, index)->next);
        bin_insert(heap, index, left_bin);
    }
    return block;
}

#if GALLOC_64BIT
// Makes a block of the low end of the first chunk of a bin, or of all of it.
GALLOC_STAGE void *take_first_low(galloc_heap_t *heap, size_t need, size_t bin) {
    size_t index = chunk_at(heap, bin)->next, size;
    if (GALLOC_UNLIKELY(!free_chunk_valid(heap, index, &size) || !GALLOC_HOLDS(size >= need))) {
        return fail(heap);
    }
    if (size - need < GALLOC_MIN_WORDS) {
        return take_whole(heap, index, size, bin);
    }
    bin_remove_first(heap, bin, chunk_at(heap, index)->next);
    return take_low(heap, index, size - need - GALLOC_MIN_WORDS, index + size, need);
}
#else
#define take_first_low(heap, need, bin) take_listed(heap, (heap)->bins[bin], need)
#endif
#endif

// ---- Allocating: the search --------------------------------------------------------------------------------------

// Where a block goes in a free chunk: words in front of it, 0 or at least MIN_WORDS, at the end with the less padding.
// False if it does not fit. mask: alignment in words - 1, at least 3.
GALLOC_HOT bool fit_in_chunk(const galloc_heap_t *heap, size_t index, size_t size, size_t need, size_t mask,
                             size_t *front) {
    if (size < need) {
        return false;
    }
    size_t start = (uintptr_t)payload_at(heap, index) / 4u, spare = size - need, back = (start + spare) & mask;
    if (back > spare || spare - back == 2u) {
        return false;
    }
    size_t low = (0u - start) & mask;
    *front = low == 2u || back < low ? spare - back : low;
    return true;
}

GALLOC_WARM_FOR_SIZE void *take_at(galloc_heap_t *heap, size_t need, size_t front, size_t index);

GALLOC_INLINE uint32_t free_chunks(const galloc_heap_t *heap) {
    return heap->splits + heap->frees + heap->resizes;
}

// Grows by one with each operation that changes the chunks.
GALLOC_INLINE uint32_t changes(const galloc_heap_t *heap) {
    return heap->allocs + heap->frees + heap->resizes;
}

// ---- Allocating: the search of a request that is about to fail ----------------------------------------------------
//
// The map has no bin whose chunks serve for certain. What may serve yet is in the bins from the request's own to the
// highest one that holds chunks: larger ones than the first few of its bin, or, for an over-aligned request, ones with an
// address that takes less than the worst padding.

// Looks that are made under one lock. Those of an over-aligned request take three times as long.
GALLOC_INLINE uint32_t looks_of_step(size_t mask) {
    return mask == 0 ? GALLOC_STEP_LOOKS : GALLOC_STEP_LOOKS / 4u;
}

#define GALLOC_FOUND (GALLOC_BINS + 1u) // in place of a bin: the chunk serves

GALLOC_INLINE void *put_off(galloc_search_t *search, size_t bin, size_t index) {
    search->bin = (uint32_t)bin;
    search->chunk = (uint32_t)index;
    search->more = true;
    return NULL;
}

#define GALLOC_ALL_STEPS(search) (!GALLOC_SMALL_CODE && (search) == NULL)

// One step of the search. Returns a block, or NULL; then search->more is whether there is more to do. `search` NULL: all
// steps, but one of a heap with bounded_search.
GALLOC_STAGE void *search_on(galloc_heap_t *heap, size_t need, size_t mask, galloc_search_t *search) {
    size_t least = need < heap->small_limit ? GALLOC_BIN_NUMBER(small_bin(heap, need)) : large_bin(heap, need);
    size_t limit = heap->limit, bin = GALLOC_BINS, index = 0, front = 0;
    bool one_step = !GALLOC_ALL_STEPS(search) || (heap->key & GALLOC_KEY_BOUNDED) != 0;
    uint32_t looks = one_step ? looks_of_step(mask) : heap->limit; // or more than there are: a damaged list has no end
    if (!GALLOC_ALL_STEPS(search)) {
        bin = search->bin;
        index = search->chunk;
    }
    for (; looks > 0; looks--) {
        if (index - 1u < limit - 1u) {
            size_t size = free_size(chunk_at(heap, index)->header);
            if (size >= need && (mask == 0 || fit_in_chunk(heap, index, size, need, mask, &front))) {
                if (GALLOC_ALL_STEPS(search)) {
                    return mask == 0 ? take_listed(heap, index, need) : take_at(heap, need, front, index);
                }
                search->front = (uint32_t)front;
                return put_off(search, GALLOC_FOUND, index);
            }
            index = chunk_at(heap, index)->next;
        } else {
            bin = map_search_down(heap, bin, least);
            if (bin >= GALLOC_BINS) {
                return fail(heap);
            }
            index = heap->bins[bin];
        }
    }
    return GALLOC_ALL_STEPS(search) || heap->key & GALLOC_KEY_BOUNDED ? fail(heap) : put_off(search, bin, index);
}

// The bin of a chunk for `need`, which is large; GALLOC_BINS: there is none. Where the chunk is not the first of its bin,
// *found is its index, else 0.
GALLOC_HOT size_t find_large(const galloc_heap_t *heap, size_t limit, size_t need, size_t *found) {
    uint32_t own = size_class((uint32_t)need) + heap->large_base; // not masked: a number that is none is not found
    size_t bin = map_search(heap, own);
    *found = 0;
    if (bin == own) {
        size_t index = chunk_at(heap, bin)->next;
        if (GALLOC_HOLDS(index < limit)) {
            if (free_size(chunk_at(heap, index)->header) >= need) {
                return bin;
            }
            for (uint32_t looks = GALLOC_LOOKS - 1u; looks > 0; looks--) {
                index = chunk_at(heap, index)->next;
                if (GALLOC_HARDENING >= 2 ? index - 1u >= limit - 1u : index == 0) {
                    break;
                }
                if (free_size(chunk_at(heap, index)->header) >= need) {
                    *found = index;
                    return bin;
                }
            }
        }
        bin = bin < GALLOC_LAST_BIN ? map_search(heap, (uint32_t)bin + 1u) : GALLOC_BINS;
    }
    return bin;
}

#define GALLOC_IS_ALIGN(align) (((align) & ((align) - 1u)) == 0)
#define GALLOC_ALIGN_MASK(align) ((align) > 8u ? (align) / 4u - 1u : 0u)
#define GALLOC_IS_PLAIN(align) ((align) <= 1u || ((align) <= 8u && GALLOC_IS_ALIGN(align)))

void *galloc_alloc_zeroed(galloc_heap_t *heap, size_t size, size_t align) {
    void *block = galloc_alloc(heap, size, align);
    if (block != NULL) {
        __builtin_memset(block, 0, size);
    }
    return block;
}

// ---- Allocating: over-aligned ------------------------------------------------------------------------------------

// The bin of the smallest small chunk with a payload at a multiple of `mask` + 1 words; GALLOC_BINS: there is none.
GALLOC_INLINE size_t find_sorted(const galloc_heap_t *heap, size_t need, size_t mask) {
    // The sub-bins that serve in one smallbin, from number log2(alignment / 8) on, and then in all of them.
    galloc_map_word_t serve = (1u << (heap->sub_factor * 2u & 31u)) - ((uint32_t)mask + 1u) / 2u;
    serve *= heap->sub_repeat;
#if GALLOC_64BIT
    serve |= serve << 32;
#endif
    size_t bin = map_search_in(heap, small_bin(heap, need), serve);
    return bin < small_bin(heap, heap->small_limit) ? bin : GALLOC_BINS; // large bins, which are not sorted, come last
}

// Makes a block of a chunk anywhere in its list, `front` words behind its start.
//
//   | free ............................................. |
//   | front, or nothing | block | back, or nothing       |
GALLOC_WARM_FOR_SIZE void *take_at(galloc_heap_t *heap, size_t need, size_t front, size_t index) {
    size_t size;
    if (GALLOC_UNLIKELY(!free_chunk_valid(heap, index, &size) || !is_listed(heap, index) ||
                        !GALLOC_HOLDS(front + need <= size))) {
        return fail(heap);
    }
    size_t tail = index + size, block = index + front, back = size - front - need, block_tail = tail;
    uint32_t prev_state = front != 0 ? GALLOC_PREV_FREE : 0;
    if (back < GALLOC_MIN_WORDS) {
        need += back;
        toggle_prev_free(heap, tail + GALLOC_MIN_WORDS);
        heap->splits--;
    } else {
        block_tail = block + need;
        chunk_at(heap, tail + GALLOC_MIN_WORDS)->prev_foot = (uint32_t)(block_tail + GALLOC_MIN_WORDS);
        chunk_at(heap, block_tail + GALLOC_MIN_WORDS)->header = free_header(back - GALLOC_MIN_WORDS);
    }
    if (front != 0) {
        chunk_at(heap, block)->prev_foot = (uint32_t)index;
        chunk_at(heap, index)->header = free_header(front - GALLOC_MIN_WORDS);
        heap->splits++;
    }
    void *payload = commit_block(heap, block, need, block_tail, prev_state);
    if (prev_state != 0) {
        resort_free_chunk(heap, index, front - GALLOC_MIN_WORDS);
    } else {
        remove_free_chunk(heap, index);
    }
    if (block_tail != tail) {
        insert_free_chunk(heap, block_tail + GALLOC_MIN_WORDS, back - GALLOC_MIN_WORDS);
    }
    return payload;
}

#if !GALLOC_SMALL_CODE
// The same where it is at a multiple of `mask` + 1 words.
GALLOC_STAGE void *take_aligned(galloc_heap_t *heap, size_t need, size_t mask, size_t index) {
    size_t front;
    if (GALLOC_UNLIKELY(!GALLOC_HOLDS(index < heap->limit) ||
                        !fit_in_chunk(heap, index, free_size(chunk_at(heap, index)->header), need, mask, &front))) {
        return fail(heap);
    }
    return take_at(heap, need, front, index);
}

// The same at the high end of the first chunk of a bin, where that has room for the block, the worst padding and a chunk
// in front. What is behind the block is less than the alignment, and mostly nothing.
GALLOC_STAGE_FOR_SIZE void *take_first_aligned(galloc_heap_t *heap, size_t need, size_t mask, size_t bin) {
    size_t index = chunk_at(heap, bin)->next, size;
    if (GALLOC_UNLIKELY(!free_chunk_valid(heap, index, &size))) {
        return fail(heap);
    }
    size_t tail = index + size;
    size_t block = tail - need;
    size_t back = (uintptr_t)payload_at(heap, block) / 4u & mask;
    block -= back;
    size_t front = block - index - GALLOC_MIN_WORDS, front_bin;
    if (GALLOC_UNLIKELY(!GALLOC_HOLDS(front <= size))) {
        return fail(heap);
    }
    chunk_at(heap, block)->prev_foot = (uint32_t)index;
    chunk_at(heap, index)->header = free_header(front);
    front_bin = bin_of(heap, index, front);
    if (front_bin != bin) {
        bin_remove_first(heap, bin, chunk_at(heap, index)->next);
        bin_insert(heap, index, front_bin);
    }
    if (back < GALLOC_MIN_WORDS) {
        need += back;
        toggle_prev_free(heap, tail + GALLOC_MIN_WORDS);
    } else {
        back -= GALLOC_MIN_WORDS;
        size_t block_tail = block + need, behind = block_tail + GALLOC_MIN_WORDS;
        chunk_at(heap, tail + GALLOC_MIN_WORDS)->prev_foot = (uint32_t)behind;
        chunk_at(heap, behind)->header = free_header(back);
        tail = block_tail;
        heap->splits++;
        insert_free_chunk(heap, behind, back);
    }
    return commit_block(heap, block, need, tail, GALLOC_PREV_FREE);
}
#endif

// A chunk that was found, anywhere in its list: takes it, or leaves that to a later step.
GALLOC_INLINE void *take_or_put_off(galloc_heap_t *heap, size_t need, size_t mask, size_t index,
                                    galloc_search_t *search) {
#if GALLOC_SMALL_CODE
    (void)heap, (void)need;
#else
    if (search == NULL) {
        return take_aligned(heap, need, mask, index); // others than over-aligned requests come in steps only
    }
#endif
    // Where in the chunk is the first look of a search.
    return put_off(search, mask == 0 ? GALLOC_FOUND : GALLOC_BINS, index);
}

// Serves a request by what the map has: of the small chunks with a payload that is aligned the smallest, else one with room
// for the worst padding, else by a search. `search` NULL: at once; else the first step of it.
GALLOC_STAGE_FOR_SIZE void *find_chunk(galloc_heap_t *heap, size_t need, size_t mask, galloc_search_t *search) {
    size_t bin, index = 0;
    // Sub-bins go by the alignment at the place where the heap was made.
    if (mask != 0 && need < heap->small_limit && mask / 2u < heap->sub_cap_2 &&
        ((origin_of(heap) ^ heap->origin) & mask) == 0) {
        bin = find_sorted(heap, need, mask);
        if (bin < GALLOC_BINS) {
            return take_or_put_off(heap, need, mask, chunk_at(heap, bin)->next, search);
        }
    }
    GALLOC_ONE_WIDTH(need); // so that the sum is made here only
    size_t most = mask == 0 ? need : need + mask + 3u, limit = heap->limit;
    bin = GALLOC_BINS;
    if (most < heap->small_limit) {
        bin = map_search(heap, small_bin(heap, most));
    } else if (GALLOC_LIKELY(most < limit)) {
        bin = find_large(heap, limit, most, &index);
    }
    if (GALLOC_UNLIKELY(bin >= GALLOC_BINS)) {
        return GALLOC_ALL_STEPS(search) ? search_on(heap, need, mask, NULL) : put_off(search, GALLOC_BINS, 0);
    }
    if (index != 0 || GALLOC_SMALL_CODE) {
        return take_or_put_off(heap, need, mask, index != 0 ? index : chunk_at(heap, bin)->next, search);
    }
#if !GALLOC_SMALL_CODE
    if (search == NULL) {
        return take_first_aligned(heap, need, mask, bin);
    }
#endif
    search->first = (uint32_t)bin;
    return put_off(search, GALLOC_FOUND, chunk_at(heap, bin)->next);
}

#if !GALLOC_SMALL_CODE
GALLOC_INLINE void *alloc_plain(galloc_heap_t *heap, size_t limit, size_t size) {
    size_t need = size_for(size), bin, index;
    GALLOC_ONE_WIDTH(need);
    if (GALLOC_LIKELY(need < heap->small_limit)) {
    small:
        bin = map_search(heap, small_bin(heap, need));
        if (GALLOC_UNLIKELY(bin >= GALLOC_BINS)) {
            return fail(heap);
        }
        return GALLOC_LARGE_BLOCK < 256 && GALLOC_IS_LARGE(need) ? take_first_low(heap, need, bin)
                                                                 : take_first(heap, bin, need);
    }
    if (GALLOC_UNLIKELY(need >= limit)) {
        if (size < 5u) {
            need = 0;
            goto small;
        }
        return fail(heap);
    }
    bin = find_large(heap, limit, need, &index);
    if (GALLOC_UNLIKELY(bin >= GALLOC_BINS)) {
        return search_on(heap, need, 0, NULL);
    }
    if (index != 0) {
        return take_listed(heap, index, need);
    }
    return GALLOC_IS_LARGE(need) ? take_first_low(heap, need, bin) : take_first(heap, bin, need);
}

#if GALLOC_64BIT
GALLOC_STAGE // else it would take registers from alloc_plain
#else
GALLOC_INLINE
#endif
    void *alloc_aligned(galloc_heap_t *heap, size_t size, size_t align) {
    if (GALLOC_UNLIKELY(!GALLOC_IS_ALIGN(align))) {
        return fail(heap);
    }
    size_t need = size_within(size, heap->limit), mask = align / 4u - 1u;
    if (GALLOC_UNLIKELY(need >= heap->limit)) {
        return fail(heap);
    }
    return find_chunk(heap, need, mask, NULL);
}

GALLOC_NOINLINE void *galloc_alloc(galloc_heap_t *heap, size_t size, size_t align) {
    size_t limit;
    if (!heap_valid(heap, &limit)) {
        return NULL;
    }
    return GALLOC_IS_PLAIN(align) ? alloc_plain(heap, limit, size) : alloc_aligned(heap, size, align);
}
#endif

// ---- Allocating: in steps ----------------------------------------------------------------------------------------

// Takes the chunk that the step before has found.
static GALLOC_COLD void *take_step(galloc_heap_t *heap, const galloc_search_t *search) {
    if (search->mask == 0) {
        return take_listed(heap, search->chunk, search->need);
    }
#if !GALLOC_SMALL_CODE
    if (search->first < GALLOC_BINS) {
        return take_first_aligned(heap, search->need, search->mask, search->first);
    }
#endif
    return take_at(heap, search->need, search->front, search->chunk);
}

// A first step, or one that starts over.
static GALLOC_COLD void *find_step(galloc_heap_t *heap, size_t size, size_t align, galloc_search_t *search) {
    search->need = (uint32_t)size_within(size, heap->limit);
    search->mask = GALLOC_ALIGN_MASK(align);
    if (search->starts++ > GALLOC_RESTARTS || !GALLOC_IS_ALIGN(align) || search->need >= heap->limit) {
        return fail(heap);
    }
    search->left = heap->limit; // more than it takes: a damaged list has no end
    search->changes = changes(heap);
    search->first = GALLOC_BINS;
    find_chunk(heap, search->need, search->mask, search);
    if (search->starts <= GALLOC_RESTARTS) {
        return NULL;
    }
    if (search->bin != GALLOC_FOUND && search->chunk != 0) {
        search_on(heap, search->need, search->mask, search);
    }
    search->more = search->bin != GALLOC_FOUND;
    return search->more ? NULL : take_step(heap, search);
}

#if GALLOC_SMALL_CODE
void *galloc_alloc(galloc_heap_t *heap, size_t size, size_t align) {
    if (!control_block_valid(heap)) {
        return NULL;
    }
    galloc_search_t search;
    search.starts = GALLOC_RESTARTS; // the last time
    search.more = false;
    void *block = find_step(heap, size, align, &search);
    while (search.more) {
        block = galloc_alloc_step(heap, size, align, &search);
    }
    return block;
}
#endif

// To find a chunk is one step, to take it another: both at once take longest of all that the core does. Only the last time
// they are one, as something has changed the heap between the two each time.
void *galloc_alloc_step(galloc_heap_t *heap, size_t size, size_t align, galloc_search_t *search) {
    search->more = false;
    if (!control_block_valid(heap)) {
        return NULL;
    }
    if (search->starts == 0 || search->changes != changes(heap)) {
        return find_step(heap, size, align, search);
    }
    if (search->bin == GALLOC_FOUND) {
        return take_step(heap, search);
    }
    return search->left-- == 0 ? fail(heap) : search_on(heap, search->need, search->mask, search);
}

// ---- Freeing -----------------------------------------------------------------------------------------------------
//
// A neighbour that is damaged is left alone, as if it were in use. galloc_check reports it.

// Makes a chunk free that has neighbours in use. The one behind knows of it.
GALLOC_HOT galloc_fault_t free_here(galloc_heap_t *heap, size_t index, size_t size, size_t next) {
    chunk_at(heap, index)->header = free_header(size);
    chunk_at(heap, next)->prev_foot = (uint32_t)index;
    bin_insert(heap, index, bin_of(heap, index, size));
    return GALLOC_OK;
}

#if GALLOC_SMALL_CODE
#define free_alone free_here
#else
GALLOC_STAGE galloc_fault_t free_alone(galloc_heap_t *heap, size_t index, size_t size, size_t next) {
    chunk_at(heap, index)->header = free_header(size);
    chunk_at(heap, next)->prev_foot = (uint32_t)index;
    insert_free_chunk(heap, index, size);
    return GALLOC_OK;
}
#endif

// Makes a chunk a part of the free one before it, which was verified. What is behind is in use, and knows of it.
GALLOC_HOT galloc_fault_t merge_here(galloc_heap_t *heap, size_t index, size_t size, size_t next) {
    size_t prev = chunk_at(heap, index)->prev_foot;
    chunk_at(heap, index)->header = 0; // what stays in memory does not pass for a header
    chunk_at(heap, next)->prev_foot = (uint32_t)prev;
    heap->splits--;
    size += index - prev;
    chunk_at(heap, prev)->header = free_header(size);
    resort_here(heap, prev, size);
    return GALLOC_OK;
}

#if GALLOC_SMALL_CODE
#define merge_into_prev merge_here
#else
GALLOC_STAGE galloc_fault_t merge_into_prev(galloc_heap_t *heap, size_t index, size_t size, size_t next) {
    return merge_here(heap, index, size, next);
}
#endif

// Frees a chunk behind a free one, in front of one in use.
//
//   | prev, free | chunk |          | prev, free ........ |
GALLOC_STAGE galloc_fault_t free_merge_prev(galloc_heap_t *heap, size_t index, size_t size, size_t next) {
    size_t prev;
    if (GALLOC_UNLIKELY(!prev_valid(heap, index, &prev))) {
        return GALLOC_FAULT_CORRUPT;
    }
    count_free(heap, size);
    toggle_prev_free(heap, next);
    return merge_here(heap, index, size, next);
}

// Frees a chunk in front of a free one, behind one in use.
//
//   | chunk | next, free |          | chunk, free ....... |
GALLOC_STAGE galloc_fault_t free_merge_next(galloc_heap_t *heap, size_t index, size_t size, size_t next) {
    size_t next_size;
    count_free(heap, size);
    if (GALLOC_UNLIKELY(!next_valid(heap, next, &next_size))) {
        toggle_prev_free(heap, next);
        return free_alone(heap, index, size, next);
    }
    heap->splits--;
    size_t behind = next + next_size + GALLOC_MIN_WORDS;
    size += next_size + GALLOC_MIN_WORDS;
    chunk_at(heap, index)->header = free_header(size);
    chunk_at(heap, behind)->prev_foot = (uint32_t)index;
    size_t bin = bin_of(heap, index, size), list_prev = chunk_at(heap, next)->prev,
           list_next = chunk_at(heap, next)->next;
    GALLOC_ONE_WIDTH(list_prev);
    GALLOC_ONE_WIDTH(list_next);
    replace_free_chunk(heap, index, bin, list_prev, list_next);
    return GALLOC_OK;
}

// Frees a chunk between two free ones.
//
//   | prev, free | chunk | next, free |     | prev, free ..................... |
GALLOC_STAGE galloc_fault_t free_merge_both(galloc_heap_t *heap, size_t index, size_t size, size_t next) {
    size_t prev, next_size;
    if (GALLOC_UNLIKELY(!prev_valid(heap, index, &prev))) {
        return GALLOC_FAULT_CORRUPT;
    }
    count_free(heap, size);
    if (GALLOC_UNLIKELY(!next_valid(heap, next, &next_size))) {
        toggle_prev_free(heap, next);
        return merge_into_prev(heap, index, size, next);
    }
    heap->splits--;
    bin_remove(heap, chunk_at(heap, next)->prev, chunk_at(heap, next)->next);
    return merge_into_prev(heap, index, size + next_size + GALLOC_MIN_WORDS, next + next_size + GALLOC_MIN_WORDS);
}

// Frees a block that was verified.
GALLOC_INLINE galloc_fault_t free_block(galloc_heap_t *heap, size_t index, size_t size, size_t tail,
                                        uint32_t prev_state) {
    galloc_chunk_t *next = chunk_at(heap, tail + GALLOC_MIN_WORDS);
    bool next_free = (next->header & GALLOC_IN_USE) == 0;
    if (prev_state != 0) {
        GALLOC_ONE_WIDTH(tail); // so that the sum is made here only
        return next_free ? free_merge_both(heap, index, size, tail + GALLOC_MIN_WORDS)
                         : free_merge_prev(heap, index, size, tail + GALLOC_MIN_WORDS);
    }
    if (next_free) {
        GALLOC_ONE_WIDTH(tail);
        return free_merge_next(heap, index, size, tail + GALLOC_MIN_WORDS);
    }
    count_free(heap, size);
    next->header ^= GALLOC_PREV_FREE_STORED;
    return free_here(heap, index, size, tail + GALLOC_MIN_WORDS);
}

// Why a pointer is refused, by the index that index_of made of it.
static GALLOC_COLD galloc_fault_t fault_at(const galloc_heap_t *heap, size_t index) {
    uintptr_t offset = index << 2 | index >> (sizeof(index) * 8u - 2u);
    if (heap == NULL || offset + (GALLOC_ORIGIN + 8u) + (uintptr_t)heap == 0) {
        return GALLOC_FAULT_NULL;
    }
    if (!control_block_valid(heap)) {
        return GALLOC_FAULT_GEOMETRY;
    }
    if (heap->control_check != galloc_control_check(heap)) {
        return GALLOC_FAULT_CORRUPT; // whatever is wrong with the pointer: nothing of the heap can be relied on
    }
    if (offset / 4u < heap->first || offset / 4u >= heap->limit) {
        return GALLOC_FAULT_FOREIGN;
    }
    if (offset % 8u != 0) {
        return GALLOC_FAULT_MISALIGNED;
    }
    return is_free(heap, index) ? GALLOC_FAULT_NOT_ALLOCATED : GALLOC_FAULT_CORRUPT;
}

galloc_fault_t galloc_fault_of(const galloc_heap_t *heap, const void *block) {
    return fault_at(heap, index_of(heap, block));
}

GALLOC_NOINLINE galloc_fault_t galloc_free(galloc_heap_t *heap, void *block) {
    live_t live;
    if (GALLOC_UNLIKELY(!block_in_use(heap, block, &live))) {
        return fault_at(heap, live.index); // not galloc_fault_of: so `block` takes no register up to here
    }
    return free_block(heap, live.index, live.size, live.tail, live.prev_state);
}

// ---- Changing sizes ----------------------------------------------------------------------------------------------

// Cuts the end of a chunk in use off, in front of one in use. Returns the block.
//
//   | chunk ............. |         | chunk | rest, free  |
GALLOC_STAGE void *shrink(galloc_heap_t *heap, size_t index, size_t size, GALLOC_NEED_AND_STATE) {
    size_t need = GALLOC_PACKED_NEED;
    uint32_t prev_state = GALLOC_PACKED_STATE;
    size_t rest = size - need, cut = index + need, next = index + size + GALLOC_MIN_WORDS;
    heap->slack += (uint32_t)rest * 4u;
    heap->resizes++;
    toggle_prev_free(heap, next);
    chunk_at(heap, index)->header = live_header(heap, need, cut, prev_state);
    chunk_at(heap, cut + GALLOC_MIN_WORDS)->header = free_header(rest - GALLOC_MIN_WORDS);
    chunk_at(heap, next)->prev_foot = (uint32_t)(cut + GALLOC_MIN_WORDS);
    insert_free_chunk(heap, cut + GALLOC_MIN_WORDS, rest - GALLOC_MIN_WORDS);
    return payload_at(heap, index);
}

// Moves the end of a chunk in use in front of a free one; both together have room for `need`. Returns the block, or NULL
// where the free one is damaged.
//
//   | chunk | next, free ......... |        | chunk ........ | rest, free, or none |
GALLOC_STAGE void *resize_into_next(galloc_heap_t *heap, size_t index, size_t size, GALLOC_NEED_AND_STATE) {
    size_t need = GALLOC_PACKED_NEED;
    uint32_t prev_state = GALLOC_PACKED_STATE;
    size_t next = index + size + GALLOC_MIN_WORDS, next_size;
    if (GALLOC_UNLIKELY(!next_valid(heap, next, &next_size))) {
        return NULL;
    }
    size_t behind = next + next_size + GALLOC_MIN_WORDS;
    size_t rest = size + next_size + GALLOC_MIN_WORDS - need;
    size_t list_prev = chunk_at(heap, next)->prev, list_next = chunk_at(heap, next)->next;
    GALLOC_ONE_WIDTH(list_prev);
    GALLOC_ONE_WIDTH(list_next);
    heap->resizes++;
    if (GALLOC_UNLIKELY(rest < GALLOC_MIN_WORDS)) {
        need += rest;
        toggle_prev_free(heap, behind);
        heap->splits -= 2u;
        chunk_at(heap, index)->header = live_header(heap, need, index + need, prev_state);
        count_used(heap, (uint32_t)(need - size) * 4u);
        bin_remove(heap, list_prev, list_next);
        return payload_at(heap, index);
    }
    rest -= GALLOC_MIN_WORDS;
    size_t cut = index + need, start = cut + GALLOC_MIN_WORDS;
    chunk_at(heap, index)->header = live_header(heap, need, cut, prev_state);
    count_used(heap, (uint32_t)(need - size) * 4u);
    heap->splits--;
    chunk_at(heap, behind)->prev_foot = (uint32_t)start;
    chunk_at(heap, start)->header = free_header(rest);
    replace_free_chunk(heap, start, bin_of(heap, start, rest), list_prev, list_next);
    return payload_at(heap, index);
}

bool galloc_resize(galloc_heap_t *heap, void *block, size_t size) {
    live_t live;
    if (GALLOC_UNLIKELY(!block_in_use(heap, block, &live))) {
        return false;
    }
    size_t need = size_within(size, heap->limit);
    uint32_t header = chunk_at(heap, live.tail + GALLOC_MIN_WORDS)->header;
    if (header & GALLOC_IN_USE) {
        if (need <= live.size && live.size - need >= GALLOC_MIN_WORDS) {
            shrink(heap, live.index, live.size, GALLOC_PACK(need, live.prev_state));
        }
        return need <= live.size;
    }
    return need == live.size ||
           (need <= live.size + GALLOC_MIN_WORDS + free_size(header) &&
            resize_into_next(heap, live.index, live.size, GALLOC_PACK(need, live.prev_state)) != NULL);
}

// A block can grow backward, too, into the free chunk before it. First it gets all of a free chunk behind it:
//
//   | prev, free ... | block      | next, free |
//   | prev, free ... | block ................. |
//   | front, or none | new block ............. |
//
// It starts as early as its alignment allows, and until the payload is moved has all that is behind its start. So where
// the free chunk before has room for it alone, it starts as late as it can, unless it is over-aligned.
#define GALLOC_NO_ROOM (~(size_t)0)

// The words in front of a block that will have grown, or GALLOC_NO_ROOM, as far as unverified headers tell.
// mask: alignment in words - 1, 0 up to 8 bytes.
GALLOC_STAGE_FOR_SIZE size_t front_of_grown(const galloc_heap_t *heap, size_t need, size_t mask, const live_t *live) {
    size_t next = live->tail + GALLOC_MIN_WORDS, prev = chunk_at(heap, live->index)->prev_foot;
    size_t gap = live->index - prev, total = live->size + gap;
    if (is_free(heap, next)) {
        total += free_size(chunk_at(heap, next)->header) + GALLOC_MIN_WORDS;
    }
    size_t front = mask == 0 ? 0 : (0u - ((uintptr_t)payload_at(heap, prev) >> 2)) & mask;
    if (front == 2u) {
        front += mask + 1u;
    } else if (need + GALLOC_MIN_WORDS <= gap && mask == 0) {
        front = total - need;
    }
    return total < need || front > gap || total - front < need ? GALLOC_NO_ROOM : front;
}

// Gives a block all of the chunk behind it, if that is free and not damaged.
GALLOC_INLINE void take_next(galloc_heap_t *heap, live_t *live) {
    size_t next = live->tail + GALLOC_MIN_WORDS;
    if (!is_free(heap, next)) {
        return;
    }
    size_t size = live->size + free_size(chunk_at(heap, next)->header) + GALLOC_MIN_WORDS;
    if (resize_into_next(heap, live->index, live->size, GALLOC_PACK(size, live->prev_state)) != NULL) {
        live->size = size;
        live->tail = live->index + size;
    }
}

// Makes the block start `front` words behind the start of the free chunk before it. False: that is damaged, or a block of
// `need` words would have no room.
GALLOC_STAGE bool take_prev(galloc_heap_t *heap, size_t front, live_t *live, size_t need) {
    size_t prev;
    if (!prev_valid(heap, live->index, &prev) || live->tail - prev - front < need) {
        return false;
    }
    chunk_at(heap, live->index)->header = 0; // what stays in memory does not pass for a header
    heap->resizes++;
    heap->splits--;
    size_t more = live->index - prev - front;
    live->index -= more;
    live->size += more;
    if (front == 0) {
        live->prev_state = 0;
        heap->splits--;
        remove_free_chunk(heap, prev);
    } else {
        front -= GALLOC_MIN_WORDS;
        chunk_at(heap, prev)->header = free_header(front);
        chunk_at(heap, live->index)->prev_foot = (uint32_t)prev;
        resort_free_chunk(heap, prev, front);
    }
    chunk_at(heap, live->index)->header = live_header(heap, live->size, live->tail, live->prev_state);
    count_used(heap, (uint32_t)more * 4u);
    return true;
}

#define GALLOC_IS_ALIGNED(block, align) ((align) <= 1u || ((((uintptr_t)(block) | (align)) & ((align) - 1u)) == 0))

GALLOC_COLD bool galloc_realloc_begin(galloc_heap_t *heap, void *block, size_t size, size_t align,
                                      galloc_move_t *move) {
    live_t live;
    if (!block_in_use(heap, block, &live)) {
        return block == NULL && control_block_valid(heap);
    }
    size_t need = size_within(size, heap->limit), mask = GALLOC_ALIGN_MASK(align), front = GALLOC_NO_ROOM, prev = 0;
    if (live.prev_state != 0 && GALLOC_IS_ALIGN(align)) { // else what is in front is another block's payload
        prev = chunk_at(heap, live.index)->prev_foot;
        front = move->more && prev == move->prev ? move->front : front_of_grown(heap, need, mask, &live);
    }
    if (!move->more) {
        move->from = block;
        move->size = size;
        move->old_size = payload_bytes(live.size);
        move->bytes = need < live.size ? payload_bytes(need) : move->old_size;
        move->prev = (uint32_t)prev;
        move->front = (uint32_t)front;
        if (front != GALLOC_NO_ROOM) {
            move->more = true;
            take_next(heap, &live);
        }
        return true;
    }
    move->more = false;
    if (front != GALLOC_NO_ROOM && take_prev(heap, front, &live, need)) {
        move->to = payload_at(heap, live.index);
        move->merged = true;
    }
    return true;
}

bool galloc_realloc_end(galloc_heap_t *heap, const galloc_move_t *move) {
    // The new block may have what the old place had and it does not need.
    return move->merged ? galloc_resize(heap, move->to, move->size) : galloc_free(heap, move->from) == GALLOC_OK;
}

#if GALLOC_SMALL_CODE
void *galloc_realloc(galloc_heap_t *heap, void *block, size_t size, size_t align) {
    galloc_move_t move = {0};
    if (GALLOC_IS_ALIGNED(block, align) && galloc_resize(heap, block, size)) {
        return block;
    }
    do {
        if (!galloc_realloc_begin(heap, block, size, align, &move)) {
            return NULL;
        }
    } while (move.more);
    if (move.to == NULL) {
        move.to = galloc_alloc(heap, size, align);
    }
    if (move.to == NULL) {
        galloc_resize(heap, block, move.old_size);
    } else if (move.from != NULL) {
        __builtin_memmove(move.to, move.from, move.bytes);
        if (!galloc_realloc_end(heap, &move)) {
            galloc_free(heap, move.to);
            move.to = NULL;
        }
    }
    return move.to;
}
#else
// Into a new place. The block was verified; all that can have changed since is what its header says of the chunk before.
// But a damaged heap may hand out memory that the block is in: then that is no block any more, and the new one is left.
GALLOC_STAGE void *realloc_elsewhere(galloc_heap_t *heap, void *block, size_t size, size_t align) {
    size_t old_size = live_size(heap, block);
    void *to = galloc_alloc(heap, size, align);
    if (GALLOC_UNLIKELY(to == NULL)) {
        return to;
    }
    size_t usable = payload_bytes(old_size);
    __builtin_memmove(to, block, size < usable ? size : usable); // overlapping only in a damaged heap
#if GALLOC_64BIT
    size_t index = ((uintptr_t)block - (uintptr_t)payload_at(heap, 0)) >> 2, tail = index + old_size;
    uint32_t prev_state = header_difference(heap, unpack_header(chunk_at(heap, index)->header), tail);
    if (GALLOC_HARDENING >= 2 && GALLOC_UNLIKELY((prev_state & ~GALLOC_PREV_FREE) != 0)) {
        return to;
    }
    galloc_fault_t fault = free_block(heap, index, old_size, tail, prev_state);
#else
    galloc_fault_t fault = galloc_free(heap, block); // a microcontroller has no room for this a second time
#endif
    if (GALLOC_UNLIKELY(fault != GALLOC_OK) && galloc_usable_size(heap, block) != 0) {
        galloc_free(heap, to);
        to = NULL;
    }
    return to;
}

// Into the free chunk before the block, or elsewhere.
GALLOC_STAGE void *realloc_backward(galloc_heap_t *heap, void *block, size_t size, size_t align) {
    size_t need = size_for(size);
    live_t live;
    live.index = ((uintptr_t)block - (uintptr_t)payload_at(heap, 0)) >> 2;
    live.size = live_size(heap, block);
    live.tail = live.index + live.size;
    live.prev_state = GALLOC_PREV_FREE;
    size_t old_size = live.size, front = GALLOC_NO_ROOM;
    if (need < heap->limit && GALLOC_IS_ALIGN(align)) {
        front = front_of_grown(heap, need, GALLOC_ALIGN_MASK(align), &live);
    }
    if (front != GALLOC_NO_ROOM) {
        take_next(heap, &live);
        if (take_prev(heap, front, &live, need)) {
            size_t usable = payload_bytes(old_size);
            void *to = payload_at(heap, live.index);
            __builtin_memmove(to, block, size < usable ? size : usable);
            if (live.size - need < GALLOC_MIN_WORDS) {
                return to;
            }
            return shrink(heap, live.index, live.size, GALLOC_PACK(need, live.prev_state));
        }
    }
    return realloc_elsewhere(heap, block, size, align);
}

// What is no block in use, and what is smaller than the least.
static GALLOC_COLD void *realloc_odd(galloc_heap_t *heap, void *block, size_t size, size_t align) {
    if (block == NULL) {
        return galloc_alloc(heap, size, align);
    }
    return size < 5u && galloc_usable_size(heap, block) != 0 ? galloc_realloc(heap, block, 5u, align) : NULL;
}

void *galloc_realloc(galloc_heap_t *heap, void *block, size_t size, size_t align) {
    live_t live;
    if (GALLOC_UNLIKELY(!block_in_use(heap, block, &live)) || GALLOC_UNLIKELY(size < 5u)) {
        return realloc_odd(heap, block, size, align);
    }
    if (GALLOC_IS_ALIGNED(block, align)) {
        size_t need = size_for(size);
        uint32_t header = chunk_at(heap, live.tail + GALLOC_MIN_WORDS)->header;
        if (header & GALLOC_IN_USE) {
            if (need <= live.size) {
                return live.size - need < GALLOC_MIN_WORDS
                           ? block
                           : shrink(heap, live.index, live.size, GALLOC_PACK(need, live.prev_state));
            }
        } else {
            if (need == live.size) {
                return block;
            }
            if (need <= live.size + GALLOC_MIN_WORDS + free_size(header)) {
                return resize_into_next(heap, live.index, live.size, GALLOC_PACK(need, live.prev_state));
            }
        }
    }
    return live.prev_state != 0 ? realloc_backward(heap, block, size, align)
                                : realloc_elsewhere(heap, block, size, align);
}
#endif

// ---- Looking at one block ----------------------------------------------------------------------------------------

GALLOC_NOINLINE size_t galloc_usable_size(const galloc_heap_t *heap, const void *block) {
    live_t live;
    return block_valid(heap, block, &live) && live.index >= heap->first && live.index % 2u == 0
               ? payload_bytes(live.size)
               : 0;
}

GALLOC_NOINLINE bool galloc_owns(const galloc_heap_t *heap, const void *block) {
    return galloc_usable_size(heap, block) != 0;
}
