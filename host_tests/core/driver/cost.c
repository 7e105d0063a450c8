// Steps of the core's operations in heaps with few and many holes. A step is a basic block: the core is compiled with
// -fsanitize-coverage=trace-pc, so the compiler counts, not a clock, and the figures repeat.
//
// Prints, for each pattern of holes and each number of holes, the most steps that one call of each kind took.

#include "harness.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void __sanitizer_cov_trace_pc(void);

static unsigned long steps;

void __sanitizer_cov_trace_pc(void) {
    steps++;
}

typedef enum { SAME, RISING, FALLING, RANDOM, LUCKY, PATTERNS } pattern_t;

static const char *const pattern_names[] = {"same", "rising", "falling", "random", "lucky"};

typedef enum { ALLOC, ALIGNED, FREE, RESIZE, OWNS, KINDS } kind_t;

static const char *const kind_names[] = {"alloc", "aligned", "free", "resize", "owns"};

#define SEED 20240607u

static unsigned long most[KINDS];

static void note(kind_t kind) {
    most[kind] = steps > most[kind] ? steps : most[kind];
}

static size_t hole_size(pattern_t pattern, uint32_t index, uint32_t count, rng_t *rng) {
    switch (pattern) {
        case SAME:
            return 204;
        case RISING:
            return 12 + 8 * (size_t)index;
        case FALLING:
            return 12 + 8 * (size_t)(count - index);
        case RANDOM:
            return rng_below(rng, 4000);
        default: // large enough for 500 bytes at 512 by luck only
            return 640;
    }
}

// One alloc and what follows from it, each counted; the heap is as before afterwards.
static void probe(galloc_heap_t *heap, size_t size, size_t align) {
    steps = 0;
    uint8_t *block = galloc_alloc(heap, size, align);
    note(align > 8 ? ALIGNED : ALLOC);
    if (block == NULL) {
        return;
    }
    steps = 0;
    galloc_owns(heap, block);
    note(OWNS);
    size_t usable = galloc_usable_size(heap, block);
    for (size_t wanted = 0; wanted <= 2 * usable + 64; wanted += usable / 3 + 8) {
        steps = 0;
        galloc_resize(heap, block, wanted);
        note(RESIZE);
    }
    steps = 0;
    galloc_fault_t fault = galloc_free(heap, block);
    note(FREE);
    if (fault != GALLOC_OK) {
        fail("free: %s", galloc_fault_name(fault));
    }
}

static void one_heap(pattern_t pattern, uint32_t holes) {
    region_t region;
    rng_t rng = {SEED + pattern};
    galloc_config_t config = {.bounded_search = true};
    fail_context("cost seed %u, %u holes of pattern %s", SEED, holes, pattern_names[pattern]);
    region_map(&region, 64u << 20, 0);
    galloc_heap_t *heap = galloc_init(region.base, region.size, &config);
    uint8_t **blocks = malloc(holes * sizeof *blocks);
    if (heap == NULL || blocks == NULL) {
        fail("no heap");
    }
    for (uint32_t i = 0; i < holes; i++) {
        // A block of the same size keeps the holes apart: the core may place each size class at an end of its own.
        size_t size = hole_size(pattern, i, holes, &rng), align = pattern == LUCKY ? 512 : 8;
        blocks[i] = galloc_alloc(heap, size, align);
        if (blocks[i] == NULL || galloc_alloc(heap, size, align) == NULL) {
            fail("the region is too small");
        }
    }
    galloc_stats_t stats;
    galloc_stats(heap, &stats);
    while (stats.largest > 0) { // nothing but the holes is to be free
        if (galloc_alloc(heap, stats.largest, 8) == NULL) {
            fail("the largest free chunk is not to be had");
        }
        galloc_stats(heap, &stats);
    }
    memset(most, 0, sizeof most);
    for (uint32_t i = 0; i < holes; i++) {
        steps = 0;
        galloc_free(heap, blocks[i]);
        note(FREE);
    }
    galloc_stats(heap, &stats);
    if (stats.free_chunks != holes || galloc_check(heap, NULL) != GALLOC_OK) {
        fail("%zu holes instead of %u", stats.free_chunks, holes);
    }
    for (size_t size = 0; size < 20000; size += size < 1200 ? 4 : 333) {
        for (size_t align = 8; align <= 4096; align *= 4) {
            probe(heap, size, align);
        }
    }
    if (galloc_check(heap, NULL) != GALLOC_OK) {
        fail("the heap does not verify");
    }
    printf("%s %u", pattern_names[pattern], holes);
    for (int kind = 0; kind < KINDS; kind++) {
        printf(" %s %lu", kind_names[kind], most[kind]);
    }
    printf("\n");
    free(blocks);
    region_unmap(&region);
}

int main(void) {
    static const uint32_t holes[] = {10, 100, 1000, 2000};
    for (int pattern = 0; pattern < PATTERNS; pattern++) {
        for (size_t i = 0; i < sizeof holes / sizeof holes[0]; i++) {
            one_heap((pattern_t)pattern, holes[i]);
        }
    }
    return 0;
}
