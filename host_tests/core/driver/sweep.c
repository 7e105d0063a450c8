// Small regions at every offset: make a heap, fill it, use it, empty it.

#include "modes.h"

#include <stdio.h>
#include <string.h>

#define OFFSETS 16u

// Takes minimal blocks until none is left, grows the first one, gives all back. Returns their number.
static size_t fill_and_empty(galloc_heap_t *heap, region_t *region) {
    shadow_t shadow;
    shadow_init(&shadow, region);
    uint8_t *block;
    while ((block = galloc_alloc(heap, 0, 0)) != NULL) {
        const char *wrong = shadow_add(&shadow, block, galloc_usable_size(heap, block));
        if (wrong != NULL) {
            fail("%s", wrong);
        }
    }
    size_t count = shadow.count;
    if (galloc_check(heap, NULL) != GALLOC_OK || shadow_audit(&shadow) != NULL) {
        fail("a full heap does not verify");
    }
    for (size_t i = 0; i < count; i += 2) { // every other one first, so that both neighbours are met in all states
        galloc_fault_t fault = galloc_free(heap, shadow.live[i].block);
        if (fault != GALLOC_OK) {
            fail("free: %s", galloc_fault_name(fault));
        }
    }
    for (size_t i = 1; i < count; i += 2) {
        galloc_fault_t fault = galloc_free(heap, shadow.live[i].block);
        if (fault != GALLOC_OK) {
            fail("free: %s", galloc_fault_name(fault));
        }
    }
    shadow_release(&shadow);
    return count;
}

static void one_region(size_t size, size_t offset, const galloc_config_t *config, bool *worked) {
    region_t region;
    region_map(&region, size, (size_t)(-(size + offset) & (OFFSETS - 1)));
    if ((uintptr_t)region.base % OFFSETS != offset) {
        fail("the region lies at the wrong offset");
    }
    galloc_heap_t *heap = galloc_init(region.base, region.size, config);
    if (heap == NULL) {
        if (*worked) {
            fail("init refused although one byte less served");
        }
        if (size >= galloc_overhead(size, config) + MIN_CHUNK + 32) {
            fail("init refused although a block fits");
        }
    } else {
        *worked = true;
        galloc_stats_t stats;
        galloc_stats(heap, &stats);
        size_t capacity = stats.free;
        if (stats.total > size || size - stats.total > 23 || stats.used + stats.free + stats.overhead != stats.total) {
            fail("stats: total %zu free %zu overhead %zu", stats.total, stats.free, stats.overhead);
        }
        if (fill_and_empty(heap, &region) == 0) {
            fail("no block fits into a new heap");
        }
        galloc_stats(heap, &stats);
        if (stats.used != 0 || stats.free != capacity || stats.largest != capacity || stats.free_chunks != 1) {
            fail("not all came back: free %zu of %zu", stats.free, capacity);
        }
        void *all = galloc_alloc(heap, capacity, 0);
        if (all == NULL || galloc_alloc(heap, 0, 0) != NULL || galloc_check(heap, NULL) != GALLOC_OK) {
            fail("the whole capacity of %zu bytes is not one block", capacity);
        }
        if (galloc_attach(region.base, region.size) != heap || galloc_free(heap, all) != GALLOC_OK) {
            fail("the heap cannot be re-opened");
        }
    }
    const char *wrong = region_canary(&region);
    if (wrong != NULL) {
        fail("%s", wrong);
    }
    region_unmap(&region);
}

int mode_sweep(int argc, char **argv) {
    static const galloc_config_t small = {1, 2, false};
    uint32_t limit = argument(argc, argv, 1, 4096), step = argument(argc, argv, 2, 1);
    for (size_t which = 0; which < 2; which++) {
        const galloc_config_t *config = which == 0 ? NULL : &small;
        for (size_t offset = 0; offset < OFFSETS; offset++) {
            bool worked = false;
            for (size_t size = 0; size <= limit; size += size < 1024 ? 1 : step) {
                fail_context("sweep: %zu bytes at offset %zu, configuration %zu", size, offset, which);
                one_region(size, offset, config, &worked);
            }
            if (!worked && limit >= 4096) {
                fail("no region of up to %u bytes serves at offset %zu", limit, offset);
            }
        }
    }
    printf("sweep: regions of 0 to %u bytes\n", limit);
    return 0;
}
