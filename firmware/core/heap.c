// Making a heap.

#include "heap.h"

typedef struct {
    uint32_t smallbins, sub_bins, sub_shift, small_bins, small_words, small_limit, class_base, large_last;
    size_t control; // bytes of control block, bitmap and bins
} plan_t;

static uint32_t log2_up(uint32_t x)
{
    return x > 1u ? galloc_log2(x - 1u) + 1u : 0u;
}

// What a configuration means for a heap of `total` bytes. Returns false when it is out of range.
static bool plan(const galloc_config_t *config, uint32_t total, plan_t *out)
{
    uint32_t smallbins = config && config->smallbins ? config->smallbins : GALLOC_SMALLBINS;
    uint32_t sub_bins = config && config->alignment_sub_bins ? config->alignment_sub_bins : GALLOC_ALIGNMENT_SUB_BINS;
    if (sub_bins < 2u) {
        return false;
    }
    out->smallbins = smallbins < GALLOC_SMALLBINS_MAX ? smallbins : GALLOC_SMALLBINS_MAX;
    out->sub_bins = sub_bins < GALLOC_SUB_BINS_MAX ? sub_bins : GALLOC_SUB_BINS_MAX;
    out->sub_shift = log2_up(out->sub_bins);
    out->small_bins = out->smallbins << out->sub_shift;
    out->small_words = (out->small_bins + 31u) / 32u;
    out->small_limit = GALLOC_MIN_CHUNK + 8u * out->smallbins;
    out->class_base = galloc_size_class(out->small_limit);
    uint32_t greatest = total > out->small_limit ? galloc_size_class(total) - out->class_base : 0u;
    out->large_last = greatest < 31u ? greatest : 31u;
    uint32_t words = out->small_words + out->small_bins + out->large_last + 1u;
    // The first chunk's header, at 4 mod 8, follows at once.
    out->control = ((sizeof(galloc_heap_t) + 4u * (size_t)words + 3u) & ~(size_t)7u) + 4u;
    return true;
}

// Bytes from the first multiple of 8 in the region to the last; 0 where that is none, or more than offsets can tell.
static size_t managed(const void *region, size_t size)
{
    uintptr_t start = (uintptr_t)region;
    if (region == NULL || size > UINTPTR_MAX - start) {
        return 0;
    }
    uintptr_t low = (start + 7u) & ~(uintptr_t)7u;
    uintptr_t high = (start + size) & ~(uintptr_t)7u;
    return low < start || high <= low || high - low > 0xfffffff8u ? 0 : (size_t)(high - low);
}

galloc_heap_t *galloc_heap_in(const void *region, size_t size, uint32_t *total)
{
    *total = (uint32_t)managed(region, size);
    return (galloc_heap_t *)(((uintptr_t)region + 7u) & ~(uintptr_t)7u);
}

galloc_heap_t *galloc_init(void *region, size_t size, const galloc_config_t *config)
{
    uint32_t total;
    plan_t p;
    galloc_heap_t *heap = galloc_heap_in(region, size, &total);
    if (!plan(config, total, &p) || total < p.control + GALLOC_MIN_CHUNK + GALLOC_HEADER_SIZE) {
        return NULL;
    }
    // Headers of an earlier heap at this place, which are still in memory, shall not pass for ones of this heap.
    uint32_t key = (heap->magic == GALLOC_MAGIC ? heap->key : 0u) + 0x9e3779b0u;
    __builtin_memset(heap, 0, p.control);
    heap->magic = GALLOC_MAGIC;
    heap->units = total / 8u - 1u;
    heap->first = (uint32_t)p.control / 8u;
    uint32_t size_bits = log2_up(total);
    heap->check_mask = GALLOC_HEADER_CHECK && size_bits < 32u ? ~0u << size_bits : 0u;
    heap->key = key & ~7u;
    heap->small_limit = (uint16_t)p.small_limit;
    heap->small_words = (uint16_t)p.small_words;
    heap->small_bins = (uint16_t)p.small_bins;
    heap->sub_shift = (uint8_t)p.sub_shift;
    heap->sub_last = (uint8_t)(p.sub_bins - 1u);
    heap->class_base = (uint8_t)p.class_base;
    heap->large_last = (uint8_t)p.large_last;
    heap->large_shift = (uint8_t)(32u - size_bits);
    heap->flags = config && config->bounded_search ? GALLOC_FLAG_BOUNDED_SEARCH : 0u;
    heap->static_sum = galloc_static_sum(heap);
    heap->origin = (uint32_t)(uintptr_t)heap;
    heap->not_origin = ~heap->origin;
    heap->not_peak_used = ~0u;
    heap->not_failures = ~0u;
    for (int i = 0; i < GALLOC_ROOTS; i++) {
        heap->not_roots[i] = ~0u;
    }
    galloc_set_in_use(heap, galloc_end_chunk(heap), 0, 0);
    galloc_release(heap, galloc_chunk_at(heap, heap->first), (heap->units - heap->first) * 8u);
    return heap;
}

size_t galloc_overhead(size_t region_size, const galloc_config_t *config)
{
    plan_t p;
    uint32_t total = region_size < 0xfffffff8u ? (uint32_t)region_size & ~7u : 0xfffffff8u;
    return plan(config, total, &p) ? p.control + GALLOC_HEADER_SIZE : 0;
}

uint32_t galloc_generation(const galloc_heap_t *heap)
{
    return heap != NULL ? heap->key : 0;
}

uint32_t galloc_root(const galloc_heap_t *heap, size_t number)
{
    return heap != NULL && number < GALLOC_ROOTS ? heap->roots[number] : 0;
}

bool galloc_set_root(galloc_heap_t *heap, size_t number, uint32_t value)
{
    if (heap == NULL || number >= GALLOC_ROOTS) {
        return false;
    }
    heap->roots[number] = value;
    heap->not_roots[number] = ~value;
    return true;
}

void galloc_sort(galloc_heap_t *heap)
{
    __builtin_memset(heap->small_map, 0, 4u * (size_t)heap->small_words);
    __builtin_memset(galloc_bins(heap), 0, 4u * (size_t)heap->small_bins);
    uint32_t size;
    for (uint32_t link = heap->first; link < heap->units; link += size / 8u) {
        const galloc_chunk_t *chunk = galloc_chunk_at(heap, link);
        bool live = chunk->header & GALLOC_IN_USE;
        size = live ? galloc_size_in_use(heap, chunk) : galloc_size_free(chunk);
        if (!live && size < heap->small_limit) {
            galloc_small_insert(heap, link, size);
        }
    }
}
