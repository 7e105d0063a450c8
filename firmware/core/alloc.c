// Handing blocks out.

#include "heap.h"

// The chunk that a request of `need` units at the default alignment is to be cut from: the best fit among the small ones,
// a good one among the large. Sets *link and *size. Returns false when there is none.
GALLOC_SHARED bool find(const galloc_heap_t *heap, uint32_t need, uint32_t *link, uint32_t *size) {
    uint32_t bin = galloc_small_bin(heap, need);
    if (need >= heap->small_limit) {
        if (need > heap->units) {
            return false;
        }
        bin = galloc_large_bin(heap, need);
        if (heap->heads[bin] != 0) {
            *link = galloc_tree_fit(heap, heap->heads[bin], need);
            *size = galloc_free_units(heap, *link);
            if (*size >= need) {
                return true;
            }
            bin++;
        }
    }
    // From here on each chunk of each bin will do.
    bin = galloc_map_search(heap, bin);
    if (GALLOC_UNLIKELY(bin >= heap->bins)) {
        return false;
    }
    *link = heap->heads[bin];
    *size = galloc_free_units(heap, *link);
    if (*size >= need && galloc_has_children(heap, *link, *size)) {
        *link = galloc_tree_end(heap, *link); // cheaper to take out
        *size = galloc_free_units(heap, *link);
    }
    return *size >= need;
}

// Hands out `need` units, `front` units into the free chunk at `link`.
GALLOC_SHARED void *hand_out(galloc_heap_t *heap, uint32_t link, uint32_t size, uint32_t front, uint32_t need) {
    galloc_take_end(heap, link, size, front);
    heap->allocs++;
    return galloc_cut(heap, link + front, size - front, need, galloc_prev_bits(front));
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
    uint32_t back = (payload + spare) & request->mask; // behind the highest place
    if (back > spare || spare - back == 1u) {
        return false; // then none fits
    }
    uint32_t low = (0u - payload) & request->mask;
    // No chunk is as small as 1, and the next place up has more padding than any highest one.
    *front = low == 1u || back < low ? spare - back : low;
    return true;
}

typedef struct {
    const request_t *request;
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

// The same in a tree that is no higher than this. A list is one of height 1.
static uint32_t find_in_tree(const galloc_heap_t *heap, uint32_t at, uint32_t height, search_t *search) {
    if (height == 0 || !galloc_is_link(heap, at) || search->steps == 0) {
        return 0;
    }
    search->steps--;
    const galloc_chunk_t *node = galloc_chunk_at(heap, at);
    uint32_t found = node->header / 8u >= search->request->need ? find_in_list(heap, at, search) : 0;
    for (uint32_t side = 0; side < 2 && found == 0; side++) {
        found = find_in_tree(heap, node->child[side], height - 1u, search);
    }
    return found;
}

// Looks at all chunks that are large enough for the block, but not for the most padding. Time: O(free chunks).
static uint32_t find_lucky(const galloc_heap_t *heap, const request_t *request) {
    search_t search = {request, 2u * heap->free_chunks};
    uint32_t found = 0, bin = galloc_map_search(heap, galloc_bin(heap, request->need));
    while (bin < heap->bins && found == 0) {
        found = find_in_tree(heap, heap->heads[bin], bin < galloc_small_bins(heap) ? 1u : GALLOC_TREE_HEIGHT, &search);
        bin = galloc_map_search(heap, bin + 1u);
    }
    return found;
}

// The smallest small chunk of `need` units and more with a payload at a multiple of 8 << sub, or 0.
static uint32_t aligned_search(const galloc_heap_t *heap, uint32_t need, uint32_t sub) {
    uint32_t bin = galloc_small_bin(heap, need), sub_mask = (1u << heap->sub_shift) - 1u;
    for (;;) {
        bin = galloc_map_search(heap, bin | sub);
        if (bin >= galloc_small_bins(heap)) {
            return 0;
        }
        if ((bin & sub_mask) >= sub) {
            return heap->heads[bin];
        }
        bin &= ~sub_mask; // has less alignment; the next look is at the same size
    }
}

// The over-aligned request, in three steps: a small chunk that needs no padding; a chunk that is large enough for the
// most padding; any chunk whose address happens to do.
static GALLOC_NOINLINE void *alloc_aligned(galloc_heap_t *heap, size_t size, size_t align) {
    const request_t request = {galloc_chunk_units(size), (uint32_t)(align / 8u) - 1u};
    if (align / 8u >= GALLOC_NO_UNITS) {
        return galloc_fail(heap);
    }
    uint32_t link = 0, chunk_size = 0, front = 0;
    // Sub-bins know the alignment at the address that the heap was made at.
    bool sorted = ((galloc_origin(heap) ^ heap->origin) & request.mask) == 0 && request.mask < heap->sub_cap;
    if (sorted && request.need < heap->small_limit) {
        link = aligned_search(heap, request.need, galloc_log2(request.mask + 1u));
        chunk_size = galloc_free_units(heap, link);
    }
    // The padding is 0, or 2 and more: at most 1 less than the alignment, and the alignment once more for 1.
    if (link == 0 && !find(heap, request.need + request.mask + 2u, &link, &chunk_size)) {
        link = heap->flags & GALLOC_FLAG_BOUNDED_SEARCH ? 0 : find_lucky(heap, &request);
        chunk_size = galloc_free_units(heap, link);
    }
    if (!place(heap, link, chunk_size, &request, &front)) {
        return galloc_fail(heap);
    }
    return hand_out(heap, link, chunk_size, front, request.need);
}

void *galloc_alloc_sound(galloc_heap_t *heap, size_t size, size_t align) {
    if (GALLOC_UNLIKELY((align & (align - 1u)) != 0)) {
        return galloc_fail(heap);
    }
    if (GALLOC_UNLIKELY(align > 8u)) {
        return alloc_aligned(heap, size, align);
    }
    uint32_t need = galloc_chunk_units(size), link, chunk_size;
    if (GALLOC_UNLIKELY(!find(heap, need, &link, &chunk_size))) {
        return galloc_fail(heap);
    }
    uint32_t front = chunk_size - need;
    if (front < GALLOC_MIN_UNITS || need >= GALLOC_LARGE_BLOCK / 8u) {
        front = 0;
    }
    return hand_out(heap, link, chunk_size, front, need);
}

GALLOC_FLAT void *galloc_alloc(galloc_heap_t *heap, size_t size, size_t align) {
    return GALLOC_LIKELY(galloc_is_sound(heap)) ? galloc_alloc_sound(heap, size, align) : NULL;
}

void *galloc_alloc_zeroed(galloc_heap_t *heap, size_t size, size_t align) {
    void *block = galloc_alloc(heap, size, align);
    if (block != NULL) {
        __builtin_memset(block, 0, size);
    }
    return block;
}
