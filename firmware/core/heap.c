// Making a heap, and the operations on it that every file shares.

#define GALLOC_HEAP_C // the hot paths are made functions here
#include "heap.h"

static uint32_t log2_up(uint32_t x) {
    return x > 1u ? galloc_log2(x - 1u) + 1u : 0u;
}

static uint32_t clamp(uint32_t x, uint32_t low, uint32_t high) {
    return x < low ? low : x > high ? high : x;
}

// Fills in what a configuration means for a heap of `units`. Returns false when it is out of range.
static bool plan(galloc_heap_t *heap, const galloc_config_t *config, uint32_t units) {
    static const galloc_config_t defaults = {0, 0, false};
    config = config ? config : &defaults;
    uint32_t smallbins = config->smallbins ? config->smallbins : GALLOC_SMALLBINS;
    uint32_t sub_bins = config->alignment_sub_bins ? config->alignment_sub_bins : GALLOC_ALIGNMENT_SUB_BINS;
    sub_bins = sub_bins < GALLOC_SUB_BINS_MAX ? sub_bins : GALLOC_SUB_BINS_MAX;
    uint32_t sub_shift = log2_up(sub_bins);
    smallbins = clamp(smallbins, GALLOC_LARGE_UNITS - GALLOC_MIN_UNITS, GALLOC_SMALL_BINS_MAX >> sub_shift);
    uint32_t small_bins = smallbins << sub_shift, small_limit = GALLOC_MIN_UNITS + smallbins;
    uint32_t class_base = galloc_size_class(small_limit) - small_bins;
    uint32_t last = units > small_limit ? galloc_size_class(units) - class_base : small_bins;
    heap->units = units;
    heap->sub_cap = (uint16_t)(1u << (sub_bins - 1u));
    heap->sub_shift = (uint8_t)sub_shift;
    heap->small_limit = (uint8_t)small_limit;
    heap->small_bins = (uint8_t)small_bins;
    heap->class_base = (uint8_t)class_base;
    heap->bins = (uint8_t)(clamp(last, small_bins, small_bins + GALLOC_LARGE_BINS_MAX - 1u) + 1u);
    heap->flags = config->bounded_search ? GALLOC_FLAG_BOUNDED_SEARCH : 0u;
    // The header of the first chunk, at 4 mod 8, follows the bins at once.
    heap->first = ((uint32_t)sizeof(*heap) + 4u * heap->bins + 3u) / 8u;
    return sub_bins >= 2u;
}

galloc_heap_t *galloc_heap_in(const void *region, size_t size, uint32_t *total) {
    uintptr_t start = (uintptr_t)region;
    uintptr_t low = (start + 7u) & ~(uintptr_t)7u, high = (start + size) & ~(uintptr_t)7u;
    bool holds =
        region != NULL && size <= UINTPTR_MAX - start && low >= start && high > low && high - low < 0xfffffff8u;
    *total = holds ? (uint32_t)(high - low) : 0u;
    return (galloc_heap_t *)low;
}

galloc_heap_t *galloc_init(void *region, size_t size, const galloc_config_t *config) {
    uint32_t total;
    galloc_heap_t planned = {0}, *heap = galloc_heap_in(region, size, &total);
    uint32_t units = total / 8u - 1u;
    if (total < sizeof(*heap) || !plan(&planned, config, units) || units < planned.first + GALLOC_MIN_UNITS) {
        return NULL;
    }
    // Headers of an earlier heap at this place, which are still in memory, shall not pass for ones of this heap.
    planned.key = ((heap->magic == GALLOC_MAGIC ? heap->key : 0u) + 0x9e3779b0u) & ~7u;
    planned.flags = (uint8_t)(planned.flags | (size % 8u) << GALLOC_FLAG_SIZE_SHIFT);
    planned.check_mask = GALLOC_HEADER_CHECK && total <= 0x80000000u ? ~0u << log2_up(total) : 0u;
    __builtin_memset(heap, 0, (size_t)planned.first * 8u + 4u);
    *heap = planned;
    heap->magic = GALLOC_MAGIC;
    heap->origin = galloc_origin(heap);
    heap->static_sum = galloc_static_xor(heap) ^ GALLOC_MAGIC;
    galloc_chunk_at(heap, units)->header = galloc_live_header(heap, units, 0);
    galloc_release(heap, heap->first, units - heap->first);
    return heap;
}

size_t galloc_overhead(size_t region_size, const galloc_config_t *config) {
    galloc_heap_t planned;
    uint32_t units = region_size < 0xfffffff8u ? (uint32_t)region_size / 8u : 0x1fffffffu;
    return plan(&planned, config, units) ? planned.first * 8u + 8u : 0u;
}

void *galloc_fail(galloc_heap_t *heap) {
    heap->guard ^= heap->failures ^ (heap->failures + 1u);
    heap->failures++;
    return NULL;
}

uint32_t galloc_generation(const galloc_heap_t *heap) {
    return heap != NULL ? heap->key : 0;
}

uint32_t galloc_root(const galloc_heap_t *heap, size_t number) {
    return heap != NULL && number < GALLOC_ROOTS ? heap->roots[number] : 0;
}

bool galloc_set_root(galloc_heap_t *heap, size_t number, uint32_t value) {
    if (heap == NULL || number >= GALLOC_ROOTS) {
        return false;
    }
    heap->guard ^= heap->roots[number] ^ value;
    heap->roots[number] = value;
    return true;
}
