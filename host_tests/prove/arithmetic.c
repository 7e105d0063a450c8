// What CBMC proves for all inputs: the arithmetic of sizes, headers, bins and links. Each function below is one proof; its
// parameters are any values at all, and __CPROVER_assume says which of them are meant.

#include "heap.c" // the core's own file, for its static functions

// A heap of any geometry that galloc_init can make, without its region.
static void any_geometry(galloc_heap_t *heap, uint32_t units, uint16_t smallbins, uint16_t sub_bins) {
    const galloc_config_t config = {smallbins, sub_bins, false};
    __CPROVER_assume(sub_bins != 1 && units < 0x1ffffffeu);
    bool planned = plan(heap, &config, units);
    __CPROVER_assert(planned, "a configuration in range has a plan");
    __CPROVER_assume(units >= heap->first + GALLOC_MIN_UNITS);
}

// The checksum's mask and key, as galloc_init sets them.
static void any_key(galloc_heap_t *heap, uint32_t key) {
    uint32_t total = heap->units * 8u + 8u;
    heap->key = key & ~7u;
    heap->check_mask = total <= 0x80000000u ? ~0u << log2_up(total) : 0u;
}

void prove_log2(uint32_t x) {
    __CPROVER_assume(x != 0);
    __CPROVER_assert(x >> galloc_log2(x) == 1u, "log2 finds the highest bit");
    __CPROVER_assert((x >> galloc_ctz(x) & 1u) && (x & ((1u << galloc_ctz(x)) - 1u)) == 0, "ctz finds the lowest");
}

void prove_chunk_units(size_t size) {
    uint32_t units = galloc_chunk_units(size);
    if (size > 0xffffffe5u) {
        __CPROVER_assert(units == GALLOC_NO_UNITS, "too large for any region");
        return;
    }
    __CPROVER_assert(units >= GALLOC_MIN_UNITS && units < 0x20000000u, "a chunk that a header can tell");
    __CPROVER_assert((size_t)units * 8u - 4u >= size, "holds the payload");
    __CPROVER_assert(units == GALLOC_MIN_UNITS || (size_t)(units - 1u) * 8u - 4u < size, "and no unit more");
}

void prove_geometry(uint32_t units, uint16_t smallbins, uint16_t sub_bins) {
    galloc_heap_t heap;
    any_geometry(&heap, units, smallbins, sub_bins);
    __CPROVER_assert(heap.bins > galloc_small_bins(&heap) && heap.bins <= GALLOC_MAP_BITS,
                     "the map has a bit for each bin");
    __CPROVER_assert(sizeof heap + 4u * heap.bins <= heap.first * 8u + 4u, "the bins end before the first chunk");
    __CPROVER_assert(heap.small_limit >= GALLOC_LARGE_UNITS, "a large chunk has room for its words");
}

void prove_bins(uint32_t units, uint16_t smallbins, uint16_t sub_bins, uint32_t size, uint32_t more, uint32_t link) {
    galloc_heap_t heap;
    any_geometry(&heap, units, smallbins, sub_bins);
    __CPROVER_assume(size >= GALLOC_MIN_UNITS && more >= size && more <= units);
    uint32_t bin = galloc_bin(&heap, size);
    __CPROVER_assert(bin < heap.bins, "each size has a bin");
    __CPROVER_assert(bin <= galloc_bin(&heap, more), "larger sizes are never in lower bins");
    __CPROVER_assert((bin < galloc_small_bins(&heap)) == (size < heap.small_limit), "small sizes are in small bins");
    uint32_t sub = galloc_sub_bin(&heap, link);
    __CPROVER_assert(sub < 1u << heap.sub_shift, "a sub-bin stays in its smallbin");
    if (size < heap.small_limit) {
        __CPROVER_assert(bin + sub < galloc_small_bins(&heap), "so does the bin that it makes");
        __CPROVER_assert(galloc_small_bin_size(&heap, bin + sub) == size, "a bin tells its size");
    }
}

void prove_header(uint32_t units, uint32_t key, uint32_t link, uint32_t size) {
    galloc_heap_t heap;
    __CPROVER_assume(units >= 24u && units < 0x1ffffffeu && link < units && size <= units - link);
    heap.units = units;
    any_key(&heap, key);
    uint32_t header = galloc_live_header(&heap, link, size);
    __CPROVER_assert((header & (GALLOC_IN_USE | GALLOC_PREV_IN_USE)) == GALLOC_IN_USE,
                     "a live header says that it is, and nothing of others");
    __CPROVER_assert(galloc_size_of(&heap, header) == size, "it gives the size back");
    __CPROVER_assert(galloc_size_of(&heap, header | GALLOC_PREV_IN_USE) == size, "whatever the chunk before is");
}

// Whether galloc_free would take this word for the header of a live block.
static bool passes(const galloc_heap_t *heap, uint32_t link, uint32_t header) {
    uint32_t size = galloc_size_of(heap, header), flags = header ^ galloc_live_header(heap, link, size);
    return (header & GALLOC_IN_USE) && (flags == 0 || flags == GALLOC_PREV_IN_USE) && size >= GALLOC_MIN_UNITS &&
           size <= heap->units - link;
}

#define FLIP_UNITS 63u // a multiplication of two unknowns is beyond the solver: one region, its first key

static void flips(uint32_t link, uint32_t size, bool prev, uint32_t mask) {
    galloc_heap_t heap;
    __CPROVER_assume(link < FLIP_UNITS && size >= 2u && size <= FLIP_UNITS - link);
    heap.units = FLIP_UNITS;
    any_key(&heap, 0x9e3779b0u);
    uint32_t header = galloc_live_header(&heap, link, size) | (prev ? GALLOC_PREV_IN_USE : 0u);
    __CPROVER_assert(passes(&heap, link, header), "a header passes");
    __CPROVER_assume(mask != GALLOC_PREV_IN_USE);
    __CPROVER_assert(!passes(&heap, link, header ^ mask), "a flipped header does not");
}

void prove_one_flip(uint32_t link, uint32_t size, bool prev, uint32_t a) {
    __CPROVER_assume(a < 32u);
    flips(link, size, prev, 1u << a);
}

void prove_two_flips(uint32_t link, uint32_t size, bool prev, uint32_t a, uint32_t b) {
    __CPROVER_assume(a < b && b < 32u);
    flips(link, size, prev, 1u << a | 1u << b);
}

void prove_links(uint32_t units, uint32_t link, uint64_t base) {
    galloc_heap_t *heap = (galloc_heap_t *)(uintptr_t)base;
    __CPROVER_assume(base % 8u == 0 && base > 0 && base < (uint64_t)1 << 60);
    __CPROVER_assume(units < 0x1fffffffu && link < units);
    uintptr_t payload = (uintptr_t)galloc_payload_at(heap, link);
    __CPROVER_assert(payload % 8u == 0, "a payload is a multiple of 8");
    __CPROVER_assert(galloc_link_of(heap, (void *)payload) == link, "its link is found again");
    __CPROVER_assert(payload + 4u <= base + (uint64_t)units * 8u + 8u, "and its first word lies in the region");
}
