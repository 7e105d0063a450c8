// Handing blocks out and taking them back.

#include "heap.h"

// The chunk that a request of `need` units at the default alignment is to be cut from: the best fit among the small ones,
// a good one among the large, top where nothing else does. Returns its link and sets *size; 0 when there is none.
GALLOC_INLINE uint32_t find(const galloc_heap_t *heap, uint32_t need, uint32_t *size) {
    uint32_t link = 0, bin;
    if (need < heap->small_limit) {
        bin = galloc_small_bin(heap, need);
    } else if (need > heap->units) {
        return 0;
    } else {
        bin = galloc_large_bin(heap, need);
        link = galloc_tree_fit(heap, heap->heads[bin], need);
        bin++;
    }
    if (link == 0) {
        bin = galloc_map_search(heap, bin);
        link = bin >= heap->bins        ? heap->top
               : bin < heap->small_bins ? heap->heads[bin]
                                        : galloc_tree_end(heap, heap->heads[bin]);
    }
    *size = galloc_free_units(heap, link);
    return *size >= need ? link : 0;
}

// Hands out `need` units, `front` units into the free chunk at `link`.
GALLOC_INLINE void *hand_out(galloc_heap_t *heap, uint32_t link, uint32_t size, uint32_t front, uint32_t need) {
    heap->allocs++;
    if (front != 0) {
        galloc_resize_free(heap, link, size, front);
    } else {
        galloc_detach(heap, link, size);
    }
    return galloc_cut(heap, link, size, front, need);
}

typedef struct {
    uint32_t need, mask; // units, alignment in units - 1
} request_t;

// Where a block goes in a free chunk: `front` units into it, at the end with the less padding. Returns false when it does
// not fit.
static bool place(const galloc_heap_t *heap, uint32_t link, uint32_t size, const request_t *request, uint32_t *front) {
    if (size < request->need) {
        return false;
    }
    uint32_t payload = link + galloc_origin(heap);
    uint32_t spare = size - request->need;
    uint32_t low = (0u - payload) & request->mask;
    if (low == 1u) { // no chunk is that small
        low += request->mask + 1u;
    }
    uint32_t back = (payload + spare) & request->mask; // behind the highest place
    bool low_fits = low <= spare;
    bool high_fits = back <= spare && spare - back != 1u;
    if (high_fits && (!low_fits || back < low)) {
        *front = spare - back;
        return true;
    }
    *front = low;
    return low_fits;
}

typedef struct {
    const request_t *request;
    uint32_t most;  // units: larger chunks need not be looked at
    uint32_t steps; // looks that are left, at most two a chunk: a stray write may have made a loop
} search_t;

// The first chunk of a list that can hold the block.
static uint32_t find_in_list(const galloc_heap_t *heap, uint32_t link, search_t *search) {
    uint32_t front;
    for (; galloc_is_link(heap, link) && search->steps > 0; search->steps--) {
        if (place(heap, link, galloc_free_size_at(heap, link), search->request, &front)) {
            return link;
        }
        link = galloc_chunk_at(heap, link)->next;
    }
    return 0;
}

// The same in a subtree of sizes from `low` to `low + span` - 1. A list is one with a single size.
static uint32_t find_in_tree(const galloc_heap_t *heap, uint32_t at, uint32_t low, uint32_t span, search_t *search) {
    if (span == 0 || low > search->most || low + span <= search->request->need || !galloc_is_link(heap, at) ||
        search->steps == 0) {
        return 0;
    }
    search->steps--;
    const galloc_chunk_t *node = galloc_chunk_at(heap, at);
    uint32_t found = node->header / 8u >= search->request->need ? find_in_list(heap, at, search) : 0;
    for (uint32_t side = 0; side < 2 && found == 0; side++) {
        found = find_in_tree(heap, node->child[side], low + side * (span / 2u), span / 2u, search);
    }
    return found;
}

// Looks at all chunks that are large enough for the block, but not for the most padding. Time: O(free chunks).
static uint32_t find_lucky(const galloc_heap_t *heap, const request_t *request) {
    search_t search = {request, request->need + request->mask + 1u, 2u * heap->free_chunks};
    search.most = search.most < heap->units ? search.most : heap->units;
    uint32_t found = 0, size = request->need, bin = galloc_bin(heap, size);
    while (found == 0 && size <= search.most) {
        bool small = bin < heap->small_bins;
        uint32_t span = small ? 1u : 1u << (galloc_log2(size) - GALLOC_OCTAVE_SHIFT);
        size &= 0u - span;
        found = find_in_tree(heap, heap->heads[bin++], size, span, &search);
        // The last sub-bin of a smallbin is followed by the next size.
        size += small && (bin & ((1u << heap->sub_shift) - 1u)) != 0 ? 0 : span;
    }
    return found;
}

// The lowest small bin for `need` units and more that holds a chunk whose payload is aligned to 8 << sub, or GALLOC_NO_BIN.
static uint32_t aligned_search(const galloc_heap_t *heap, uint32_t need, uint32_t sub) {
    uint32_t bin = galloc_small_bin(heap, need), sub_mask = (1u << heap->sub_shift) - 1u;
    while ((bin | sub) < heap->small_bins) {
        bin = galloc_map_search(heap, bin | sub);
        if (bin >= heap->small_bins) {
            break;
        }
        if ((bin & sub_mask) >= sub) {
            return bin;
        }
        bin &= ~sub_mask; // has less alignment; the next look is at the same size
    }
    return GALLOC_NO_BIN;
}

// The over-aligned request, in three steps: a small chunk that needs no padding; a chunk that is large enough for the
// most padding; any chunk whose address happens to do.
static GALLOC_NOINLINE void *alloc_aligned(galloc_heap_t *heap, size_t size, size_t align) {
    const request_t request = {galloc_chunk_units(size), (uint32_t)(align / 8u) - 1u};
    if ((align & (align - 1u)) != 0 || align / 8u >= GALLOC_NO_UNITS) {
        return galloc_fail(heap);
    }
    uint32_t sub = galloc_log2((uint32_t)(align / 8u));
    uint32_t link = 0, chunk_size = 0, front = 0;
    // Sub-bins know the alignment at the address that the heap was made at.
    bool sorted = ((galloc_origin(heap) ^ heap->origin) & request.mask) == 0 && 1u << sub <= heap->sub_cap;
    if (sorted && request.need < heap->small_limit) {
        uint32_t bin = aligned_search(heap, request.need, sub);
        if (bin != GALLOC_NO_BIN) {
            link = heap->heads[bin];
        }
    }
    if (link == 0) {
        // The padding is 0, or 2 and more: at most 1 less than the alignment, and the alignment once more for 1.
        link = find(heap, request.need + request.mask + 2u, &chunk_size);
    }
    if (link == 0 && !(heap->flags & GALLOC_FLAG_BOUNDED_SEARCH)) {
        link = find_lucky(heap, &request);
        link = link ? link : heap->top;
    }
    chunk_size = galloc_free_units(heap, link);
    if (!place(heap, link, chunk_size, &request, &front)) {
        return galloc_fail(heap);
    }
    return hand_out(heap, link, chunk_size, front, request.need);
}

// Any request at the default alignment.
static GALLOC_NOINLINE void *alloc_anywhere(galloc_heap_t *heap, uint32_t need) {
    uint32_t chunk_size, link = find(heap, need, &chunk_size);
    if (GALLOC_UNLIKELY(link == 0)) {
        return galloc_fail(heap);
    }
    uint32_t front = chunk_size - need;
    if (front < GALLOC_MIN_UNITS || need >= GALLOC_LARGE_BLOCK / 8u) {
        front = 0;
    }
    return hand_out(heap, link, chunk_size, front, need);
}

#if !GALLOC_SMALL_CODE
// The first chunk of a small bin, which is as large as the request or one unit larger.
GALLOC_INLINE void *take_whole(galloc_heap_t *heap, uint32_t bin, uint32_t link, uint32_t size) {
    uint32_t next = galloc_chunk_at(heap, link)->next;
    heap->heads[bin] = next;
    if (galloc_is_link(heap, next)) {
        galloc_chunk_at(heap, next)->up = GALLOC_HEADS + bin;
    } else {
        galloc_map_clear(heap, bin);
    }
    galloc_toggle_prev(heap, link + size);
    galloc_chunk_at(heap, link)->header = galloc_live_header(heap, link, size) | GALLOC_PREV_IN_USE;
    heap->free_chunks--;
    heap->allocs++;
    heap->used += galloc_payload_size(size);
    return galloc_payload_at(heap, link);
}

// The high end of top, which stays a large chunk.
GALLOC_INLINE void *take_from_top(galloc_heap_t *heap, uint32_t need) {
    uint32_t top = heap->top, front = heap->top_size - need, link = top + front;
    heap->top_size = front;
    galloc_set_free(heap, top, front);
    galloc_toggle_prev(heap, link + need);
    galloc_chunk_at(heap, link)->header = galloc_live_header(heap, link, need);
    heap->allocs++;
    heap->used += galloc_payload_size(need);
    return galloc_payload_at(heap, link);
}

static GALLOC_NOINLINE void *split(galloc_heap_t *heap, uint32_t link, uint32_t size, uint32_t need) {
    return hand_out(heap, link, size, size - need, need);
}
#endif

void *galloc_alloc(galloc_heap_t *heap, size_t size, size_t align) {
    if (GALLOC_UNLIKELY(heap == NULL || !galloc_static_ok(heap))) {
        return NULL;
    }
    if (GALLOC_UNLIKELY(align > 8u)) {
        return alloc_aligned(heap, size, align);
    }
    if (GALLOC_UNLIKELY((align & (align - 1u)) != 0)) {
        return galloc_fail(heap);
    }
    uint32_t need = galloc_chunk_units(size);
#if !GALLOC_SMALL_CODE
    // The common cases, in few steps.
    uint32_t bin = GALLOC_NO_BIN;
    if (need < heap->small_limit) {
        bin = galloc_map_search(heap, galloc_small_bin(heap, need));
        if (bin < heap->small_bins) {
            uint32_t link = heap->heads[bin], found = galloc_small_bin_size(heap, bin);
            if (GALLOC_UNLIKELY(!galloc_seems_free(heap, link, found))) {
                return galloc_fail(heap);
            }
            return found - need < GALLOC_MIN_UNITS ? take_whole(heap, bin, link, found)
                                                   : split(heap, link, found, need);
        }
    } else if (need < GALLOC_LARGE_BLOCK / 8u) {
        bin = galloc_map_search(heap, galloc_large_bin(heap, need));
    }
    if (bin == GALLOC_NO_BIN && heap->top_size >= need + heap->small_limit && need < GALLOC_LARGE_BLOCK / 8u &&
        galloc_seems_free(heap, heap->top, heap->top_size)) {
        return take_from_top(heap, need);
    }
#endif
    return alloc_anywhere(heap, need);
}

void *galloc_alloc_zeroed(galloc_heap_t *heap, size_t size, size_t align) {
    void *block = galloc_alloc(heap, size, align);
    if (block != NULL) {
        __builtin_memset(block, 0, size);
    }
    return block;
}

// Takes back a block that may have free neighbours.
static GALLOC_NOINLINE galloc_fault_t free_merging(galloc_heap_t *heap, uint32_t link, uint32_t size) {
    uint32_t next_size, before_size;
    if (GALLOC_UNLIKELY(!galloc_size_after(heap, link + size, &next_size) ||
                        !galloc_size_before(heap, link, &before_size))) {
        return GALLOC_FAULT_CORRUPT;
    }
    heap->frees++;
    galloc_take_back(heap, link, size, next_size);
    if (before_size != 0) {
        galloc_resize_free(heap, link - before_size, before_size, before_size + size + next_size);
    } else {
        galloc_release(heap, link, size + next_size);
    }
    return GALLOC_OK;
}

#if !GALLOC_SMALL_CODE
static GALLOC_NOINLINE galloc_fault_t release_large(galloc_heap_t *heap, uint32_t link, uint32_t size) {
    galloc_release(heap, link, size);
    return GALLOC_OK;
}
#endif

galloc_fault_t galloc_free(galloc_heap_t *heap, void *block) {
    uint32_t size;
    galloc_fault_t fault = galloc_inspect(heap, block, &size);
    if (GALLOC_UNLIKELY(fault != GALLOC_OK)) {
        return fault;
    }
    uint32_t link = galloc_link_of(heap, block);
#if !GALLOC_SMALL_CODE
    // The common cases, in few steps: nothing to merge with, or top behind the block.
    uint32_t next = link + size;
    if (galloc_chunk_at(heap, link)->header & GALLOC_PREV_IN_USE) {
        if (galloc_chunk_at(heap, next)->header & GALLOC_IN_USE) {
            heap->frees++;
            galloc_keep_peak(heap);
            heap->used -= galloc_payload_size(size);
            galloc_toggle_prev(heap, next);
            if (size >= heap->small_limit) {
                return release_large(heap, link, size);
            }
            galloc_set_free(heap, link, size);
            heap->free_chunks++;
            galloc_link_small(heap, link, size);
            return GALLOC_OK;
        }
        if (next == heap->top && galloc_seems_free(heap, next, heap->top_size)) {
            heap->frees++;
            galloc_keep_peak(heap);
            heap->used -= galloc_payload_size(size);
            galloc_move_top(heap, link, heap->top_size + size);
            return GALLOC_OK;
        }
    }
#endif
    return free_merging(heap, link, size);
}
