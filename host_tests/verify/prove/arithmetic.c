// What CBMC proves for all inputs: the arithmetic of sizes, headers, bins and addresses. Each function below is one proof;
// its parameters are any values at all, and __CPROVER_assume says which of them are meant.

#include "galloc.c" // the core's own files, for their static functions
#include "galloc_check.c"

// A heap of the default configuration in a region of any size, without the region.
static void any_geometry(galloc_heap_t *heap, layout_t *layout, uint32_t limit) {
    const galloc_config_t config = {0, 0, false};
    __CPROVER_assume(limit > 64u && limit < GALLOC_MAX_REGION / 4u);
    bool made = lay_out(layout, &config, limit);
    __CPROVER_assert(made, "a configuration in range has a layout");
    heap->limit = limit;
    heap->small_limit = layout->smallbins * 2u;
    heap->sub_factor = layout->sub_factor;
    heap->sub_cap_2 = 1u << layout->sub_bins;
    heap->sub_cap = heap->sub_cap_2 / 2u;
    heap->large_base = heap->small_limit * layout->sub_factor - size_class(heap->small_limit);
}

void prove_bit_scans(uint32_t x) {
    __CPROVER_assume(x != 0);
    __CPROVER_assert(x >> log2_floor(x) == 1u, "log2 finds the highest bit");
    __CPROVER_assert((x >> lowest_bit(x) & 1u) && (x & ((1u << lowest_bit(x)) - 1u)) == 0, "the lowest bit is found");
}

void prove_sizes(size_t bytes) {
    size_t size = size_for(bytes);
    if (bytes < 5u || bytes > GALLOC_MAX_REGION) {
        __CPROVER_assert(size >= GALLOC_MAX_REGION / 4u - 4u,
                         "less than 5 bytes, and too many, are more than any heap has");
        return;
    }
    __CPROVER_assert(size % 2u == 0, "an even number of words");
    __CPROVER_assert(size * 4u + 12u >= bytes, "holds the payload");
    __CPROVER_assert(size == 0 || size * 4u + 4u < bytes, "and no 8 bytes more");
    __CPROVER_assert(size_for(size * 4u + 12u) == size, "as the largest request for this size");
}

void prove_geometry(uint32_t limit) {
    galloc_heap_t heap;
    layout_t layout;
    any_geometry(&heap, &layout, limit);
    __CPROVER_assert(layout.smallbins >= 1u && layout.num_bins <= GALLOC_BINS, "the map has a bit for each bin");
    __CPROVER_assert(first_index(&layout) % 2u == 0 && first_index(&layout) >= layout.num_bins + 2u,
                     "the bins end before the first header");
}

void prove_bins(uint32_t limit, uint32_t size, uint32_t more, uint32_t index) {
    galloc_heap_t heap;
    layout_t layout;
    any_geometry(&heap, &layout, limit);
    __CPROVER_assume(size % 2u == 0 && more % 2u == 0 && index % 2u == 0 && size < more && more < limit);
    heap.origin = 0;
    size_t bin = bin_of(&heap, index, size), larger = bin_of(&heap, index, more);
    __CPROVER_assert(larger < layout.num_bins, "each size has a bin");
    __CPROVER_assert(bin <= larger, "larger sizes are never in lower bins");
    __CPROVER_assert((bin < small_bin(&heap, heap.small_limit)) == (size < heap.small_limit),
                     "small sizes are in small bins, large ones are not");
    if (size < heap.small_limit) {
        __CPROVER_assert(bin >= small_bin(&heap, size) && bin < small_bin(&heap, size + 2u), "of their own smallbin");
    }
}

#define HEADER_LIMIT 1000u // with an unknown region the solver finds no end

void prove_header(uint32_t key, uint32_t index, uint32_t size, bool prev_free) {
    galloc_heap_t heap;
    const uint32_t limit = HEADER_LIMIT;
    __CPROVER_assume(index % 2u == 0 && size % 2u == 0);
    __CPROVER_assume(index < limit && size < limit - index);
    heap.limit = limit;
    heap.key = key | GALLOC_KEY_ODD;
    heap.key_prev_free = heap.key ^ GALLOC_PREV_FREE;
    heap.size_mask = (2u << log2_floor(limit)) - 2u;
    heap.check_mask = ~heap.size_mask;
    uint32_t state = prev_free ? GALLOC_PREV_FREE : 0u, header = live_header(&heap, size, index + size, state);
    __CPROVER_assert(header & GALLOC_IN_USE, "the header of a block says that it is in use");
    __CPROVER_assert((unpack_header(header) & GALLOC_SIZE_MASK(&heap)) == size, "gives the size back");
    __CPROVER_assert(header_difference(&heap, unpack_header(header), index + size) == state, "and the chunk before");
    __CPROVER_assert((header ^ GALLOC_PREV_FREE_STORED) ==
                         live_header(&heap, size, index + size, state ^ GALLOC_PREV_FREE),
                     "toggling inverts that alone");
    __CPROVER_assert((free_header(size) & GALLOC_IN_USE) == 0 && free_size(free_header(size)) == size,
                     "the header of a free chunk is one, and gives the size back");
}

void prove_addresses(uint32_t index, uintptr_t base) {
    galloc_heap_t *heap = (galloc_heap_t *)base;
    __CPROVER_assume(base % 8u == 0 && base > 0 && index < GALLOC_MAX_REGION / 4u);
    __CPROVER_assume(base < UINTPTR_MAX - GALLOC_MAX_REGION - GALLOC_ORIGIN - 8u);
    uintptr_t payload = (uintptr_t)payload_at(heap, index);
    __CPROVER_assert((payload % 8u == 0) == (index % 2u == 0), "a payload is a multiple of 8");
    __CPROVER_assert(index_of(heap, (void *)payload) == index, "its index is found again");
    __CPROVER_assert(index_of(heap, (void *)(payload + 1u)) >= GALLOC_MAX_REGION / 4u,
                     "what is no multiple of 4 has none");
}
