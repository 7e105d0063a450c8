// Handing blocks out and taking them back.

#include "heap.h"

// The chunk that a request of `need` units at the default alignment is to be cut from: the best fit among the small ones
// and in the request's own bin, a good one beyond, top where nothing smaller does. Returns its link and sets *size; 0 when
// there is none.
GALLOC_INLINE uint32_t find(const galloc_heap_t *heap, uint32_t need, uint32_t *size) {
    uint32_t link = 0, bin;
    if (need < heap->small_limit) {
        bin = galloc_map_search(heap, galloc_small_bin(heap, need));
        if (bin < heap->small_bins) {
            link = heap->heads[bin];
            *size = galloc_small_bin_size(heap, bin);
            return galloc_seems_free(heap, link, *size) ? link : 0;
        }
    } else {
        bin = galloc_large_bin(heap, need);
        if (heap->heads[bin] != 0) {
            link = galloc_tree_best(heap, bin, need, galloc_tree_path(heap, bin, need));
        }
        bin = link == 0 && bin + 1u < heap->bins ? galloc_map_search(heap, bin + 1u) : GALLOC_NO_BIN;
    }
    if (bin < heap->bins) {
        link = galloc_tree_best(heap, bin, need, 0);
    }
    uint32_t top_size = heap->top_size;
    if (link - 1u < heap->units) {
        *size = galloc_free_size_at(heap, link);
        if (*size <= top_size || top_size < need) {
            return *size >= need && galloc_seems_free(heap, link, *size) ? link : 0;
        }
    }
    *size = top_size;
    return top_size >= need && galloc_seems_free(heap, heap->top, top_size) ? heap->top : 0;
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

static bool fits(const galloc_heap_t *heap, uint32_t link, uint32_t size, const void *context) {
    uint32_t front;
    return place(heap, link, size, context, &front);
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
            chunk_size = galloc_small_bin_size(heap, bin);
        }
    }
    if (link == 0) {
        // The padding is 0, or 2 and more: at most 1 less than the alignment, and the alignment once more for 1.
        link = find(heap, request.need + request.mask + 2u, &chunk_size);
    }
    if (link == 0 && !(heap->flags & GALLOC_FLAG_BOUNDED_SEARCH)) {
        link = galloc_bins_find(heap, request.need, request.need + request.mask + 1u, fits, &request);
        chunk_size = link ? galloc_free_size_at(heap, link) : 0;
        if (link == 0 && place(heap, heap->top, heap->top_size, &request, &front)) {
            link = heap->top;
            chunk_size = heap->top_size;
        }
    }
    if (link == 0 || !galloc_seems_free(heap, link, chunk_size) || !place(heap, link, chunk_size, &request, &front)) {
        return galloc_fail(heap);
    }
    return hand_out(heap, link, chunk_size, front, request.need);
}

void *galloc_alloc(galloc_heap_t *heap, size_t size, size_t align) {
    if (GALLOC_UNLIKELY(heap == NULL || !galloc_static_ok(heap))) {
        return NULL;
    }
    if (align > 8u) {
        return alloc_aligned(heap, size, align);
    }
    if (GALLOC_UNLIKELY((align & (align - 1u)) != 0)) {
        return galloc_fail(heap);
    }
    uint32_t need = galloc_chunk_units(size), chunk_size;
    uint32_t link = find(heap, need, &chunk_size);
    if (GALLOC_UNLIKELY(link == 0)) {
        return galloc_fail(heap);
    }
    uint32_t front = chunk_size - need;
    if (front < GALLOC_MIN_UNITS || need >= GALLOC_LARGE_BLOCK / 8u) {
        front = 0;
    }
    return hand_out(heap, link, chunk_size, front, need);
}

void *galloc_alloc_zeroed(galloc_heap_t *heap, size_t size, size_t align) {
    void *block = galloc_alloc(heap, size, align);
    if (block != NULL) {
        __builtin_memset(block, 0, size);
    }
    return block;
}

galloc_fault_t galloc_free(galloc_heap_t *heap, void *block) {
    uint32_t size, next_size, before_size;
    galloc_fault_t fault = galloc_inspect(heap, block, &size);
    if (GALLOC_UNLIKELY(fault != GALLOC_OK)) {
        return fault;
    }
    uint32_t link = galloc_link_of(heap, block), next = link + size;
    if (GALLOC_UNLIKELY(!galloc_size_after(heap, next, &next_size) || !galloc_size_before(heap, link, &before_size))) {
        return GALLOC_FAULT_CORRUPT;
    }
    galloc_keep_peak(heap);
    heap->used -= galloc_payload_size(size);
    heap->frees++;
    // A header that stays behind in a free chunk must not pass for a live one.
    galloc_chunk_at(heap, link)->header = 0;
    if (next_size != 0) {
        galloc_detach(heap, next, next_size);
    } else {
        galloc_toggle_prev(heap, next);
    }
    if (before_size != 0) {
        galloc_resize_free(heap, link - before_size, before_size, before_size + size + next_size);
    } else {
        galloc_release(heap, link, size + next_size);
    }
    return GALLOC_OK;
}
