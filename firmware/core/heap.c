// Making a heap, and the operations on it that every file shares.

#define GALLOC_HEAP_C // the hot paths are made functions here
#include "heap.h"

// x is 2 or more.
static uint32_t log2_up(uint32_t x) {
    return galloc_log2(x - 1u) + 1u;
}

static uint32_t clamp(uint32_t x, uint32_t low, uint32_t high) {
    return x < low ? low : x > high ? high : x;
}

// Fills in what a configuration means for a heap of `units`. Returns false when it is out of range.
static bool plan(galloc_heap_t *heap, const galloc_config_t *config, uint32_t units) {
    uint32_t smallbins = 0, sub_bins = 0;
    heap->flags = 0;
    if (config != NULL) {
        smallbins = config->smallbins;
        sub_bins = config->alignment_sub_bins;
        heap->flags = config->bounded_search ? GALLOC_FLAG_BOUNDED_SEARCH : 0u;
    }
    smallbins = smallbins ? smallbins : GALLOC_SMALLBINS;
    sub_bins = sub_bins ? sub_bins : GALLOC_ALIGNMENT_SUB_BINS;
    if (sub_bins < 2u) {
        return false;
    }
    sub_bins = sub_bins < GALLOC_SUB_BINS_MAX ? sub_bins : GALLOC_SUB_BINS_MAX;
    uint32_t sub_shift = log2_up(sub_bins);
    smallbins = clamp(smallbins, GALLOC_LARGE_UNITS - GALLOC_MIN_UNITS, GALLOC_SMALL_BINS_MAX >> sub_shift);
    uint32_t small_limit = GALLOC_MIN_UNITS + smallbins;
    uint32_t class_base = galloc_size_class(small_limit) - (smallbins << sub_shift);
    uint32_t last = galloc_size_class(units > small_limit ? units : small_limit) - class_base;
    heap->units = units;
    heap->sub_cap = (uint16_t)(1u << (sub_bins - 1u));
    heap->sub_shift = (uint8_t)sub_shift;
    heap->small_limit = small_limit;
    heap->class_base = (int8_t)class_base;
    heap->bins = (uint8_t)(last + 1u);
    // The header of the first chunk, at 4 mod 8, follows the bins at once.
    heap->first = ((uint32_t)sizeof(*heap) + 4u * heap->bins + 3u) / 8u;
    heap->span = units - heap->first - 1u;
    return true;
}

galloc_heap_t *galloc_heap_in(const void *region, size_t size, uint32_t *total) {
    uintptr_t start = (uintptr_t)region;
    uintptr_t low = (start + 7u) & ~(uintptr_t)7u, high = (start + size) & ~(uintptr_t)7u;
    // Where the region holds no unit at all, or `low` wraps, the difference is -8 and more, which is too large, too.
    bool holds = region != NULL && size <= UINTPTR_MAX - start && high - low < 0xfffffff8u;
    *total = holds ? (uint32_t)(high - low) : 0u;
    return (galloc_heap_t *)low;
}

galloc_heap_t *galloc_init_salted(void *region, size_t size, const galloc_config_t *config, uint32_t salt) {
    uint32_t total;
    galloc_heap_t planned, *heap = galloc_heap_in(region, size, &total);
    uint32_t units = total / 8u - 1u;
    if (total < sizeof(*heap) || !plan(&planned, config, units) || units < planned.first + GALLOC_MIN_UNITS) {
        return NULL;
    }
    // Headers of an earlier heap at this place, which are still in memory, shall not pass for ones of this heap.
    uint32_t before = galloc_is_sound(heap) ? heap->key : 0u;
    uint32_t key = (before + 0x9e3779b0u + salt * 8u) & ~7u;
    key ^= (key == before) * 8u;
    __builtin_memset(heap, 0, (size_t)planned.first * 8u + 4u);
    plan(heap, config, units);
    heap->key = key;
    heap->flags = (uint8_t)(heap->flags | (size % 8u) << GALLOC_FLAG_SIZE_SHIFT);
    heap->check_mask = GALLOC_HEADER_CHECK && total <= 0x80000000u ? ~0u << log2_up(total) : 0u;
    heap->origin = (uint16_t)galloc_origin(heap);
    heap->sums[0] = GALLOC_MAGIC;
    for (uint32_t i = 2; i < GALLOC_STATIC_WORDS; i++) {
        heap->sums[i % 2u] ^= *galloc_word(heap, i);
    }
    galloc_chunk_at(heap, units)->header = galloc_live_header(heap, units, 0);
    galloc_release(heap, heap->first, units - heap->first);
    return heap;
}

galloc_heap_t *galloc_init(void *region, size_t size, const galloc_config_t *config) {
    return galloc_init_salted(region, size, config, 0);
}

size_t galloc_overhead(size_t region_size, const galloc_config_t *config) {
    galloc_heap_t planned;
    uint32_t units = region_size < 0xfffffff8u ? (uint32_t)region_size / 8u : 0x1fffffffu;
    return plan(&planned, config, units) ? planned.first * 8u + 8u : 0u;
}

galloc_fault_t galloc_fault_of(const galloc_heap_t *heap, const void *block) {
    if (heap == NULL || block == NULL) {
        return GALLOC_FAULT_NULL;
    }
    if (!galloc_is_sound(heap)) {
        return GALLOC_FAULT_GEOMETRY;
    }
    uintptr_t offset = (uintptr_t)block - (uintptr_t)heap;
    if (offset / 8u - 1u - heap->first >= heap->span) {
        return GALLOC_FAULT_FOREIGN;
    }
    if (offset % 8u != 0) {
        return GALLOC_FAULT_MISALIGNED;
    }
    bool in_use = galloc_chunk_at(heap, galloc_link_of(heap, block))->header & GALLOC_IN_USE;
    return in_use ? GALLOC_FAULT_CORRUPT : GALLOC_FAULT_NOT_ALLOCATED;
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
