// Random actions on random heaps: galloc_check after each action, every payload and the counters now and then, and
// each refusal compared with what the free chunks could have held.

#include "modes.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

// The configurations that the runs take in turn; all zero: NULL.
static const galloc_config_t configs[] = {
    {0, 0, false}, {1, 2, false}, {32, 8, false}, {64, 16, false},
    {4, 2, false}, {20, 8, true}, {5, 3, false},  {64, 2, true},
};

typedef struct {
    region_t region;
    shadow_t shadow;
    galloc_heap_t *heap;
    bool bounded_search;
    rng_t rng;
    size_t failures; // requests refused so far
} run_t;

uint32_t argument(int argc, char **argv, int index, uint32_t otherwise) {
    return index < argc ? (uint32_t)strtoul(argv[index], NULL, 10) : otherwise;
}

static size_t random_size(run_t *run) {
    switch (rng_below(&run->rng, 16)) {
        case 0:
            return rng_below(&run->rng, 8);
        case 1:
            return rng_below(&run->rng, (uint32_t)run->region.size);
        case 2:
            return rng_below(&run->rng, (uint32_t)run->region.size / 8 + 1);
        default:
            return rng_below(&run->rng, 512);
    }
}

static size_t random_align(run_t *run) {
    return rng_below(&run->rng, 3) != 0 ? rng_below(&run->rng, 2) * 8 : (size_t)1 << rng_below(&run->rng, 11);
}

// A refusal is right when no free chunk could hold the request; with bounded_search, an over-aligned request is owed
// only what fits at the worst address.
static void judge_refusal(run_t *run, size_t size, size_t align) {
    run->failures++;
    bool owed = heap_could_hold(run->heap, size, align);
    if (owed && run->bounded_search && align > 8) {
        galloc_stats_t stats;
        galloc_stats(run->heap, &stats);
        owed = stats.largest >= payload_for(size) + align + 8;
    }
    if (owed) {
        fail("%zu bytes at %zu refused although a hole can hold them", size, align);
    }
}

static void take(run_t *run, uint8_t *block, size_t size, size_t align) {
    size_t usable = galloc_usable_size(run->heap, block);
    if ((uintptr_t)block % (align < 8 ? 8 : align) != 0 || usable < size || usable > payload_for(size) + 8) {
        fail("%zu bytes at %zu gave %zu usable bytes at %p", size, align, usable, (void *)block);
    }
    const char *wrong = shadow_add(&run->shadow, block, usable);
    if (wrong != NULL) {
        fail("%s", wrong);
    }
}

static void act_alloc(run_t *run) {
    size_t size = random_size(run), align = random_align(run);
    bool zeroed = rng_below(&run->rng, 4) == 0;
    uint8_t *block = zeroed ? galloc_alloc_zeroed(run->heap, size, align) : galloc_alloc(run->heap, size, align);
    if (block == NULL) {
        judge_refusal(run, size, align);
        return;
    }
    for (size_t i = 0; zeroed && i < size; i++) {
        if (block[i] != 0) {
            fail("byte %zu of a zeroed block is not 0", i);
        }
    }
    take(run, block, size, align);
}

static void act_free(run_t *run, size_t index) {
    live_t entry = run->shadow.live[index];
    if (!pattern_holds(entry.block, entry.usable, entry.token)) {
        fail("payload overwritten before free");
    }
    shadow_remove(&run->shadow, index);
    galloc_fault_t fault = galloc_free(run->heap, entry.block);
    if (fault != GALLOC_OK) {
        fail("free of a live block: %s", galloc_fault_name(fault));
    }
    if (rng_below(&run->rng, 8) == 0 && galloc_free(run->heap, entry.block) == GALLOC_OK) {
        fail("double free unnoticed");
    }
}

static void act_realloc(run_t *run, size_t index) {
    live_t entry = run->shadow.live[index];
    size_t size = random_size(run), align = random_align(run);
    if (!pattern_holds(entry.block, entry.usable, entry.token)) {
        fail("payload overwritten before realloc");
    }
    uint8_t *block = galloc_realloc(run->heap, entry.block, size, align);
    if (block == NULL) {
        if (!pattern_holds(entry.block, entry.usable, entry.token)) {
            fail("a refused realloc changed the payload");
        }
        judge_refusal(run, size, align);
        return;
    }
    if (!pattern_holds(block, entry.usable < size ? entry.usable : size, entry.token)) {
        fail("realloc from %zu to %zu lost payload", entry.usable, size);
    }
    shadow_remove(&run->shadow, index);
    take(run, block, size, align);
}

static void act_resize(run_t *run, size_t index) {
    live_t entry = run->shadow.live[index];
    size_t size = random_size(run);
    bool done = galloc_resize(run->heap, entry.block, size);
    size_t kept = !done || entry.usable < size ? entry.usable : size;
    if (!pattern_holds(entry.block, kept, entry.token)) {
        fail("resize from %zu to %zu lost payload", entry.usable, size);
    }
    if (done) {
        shadow_remove(&run->shadow, index);
        take(run, entry.block, size, 8);
    } else if (size <= entry.usable) {
        fail("resize refused to shrink from %zu to %zu", entry.usable, size);
    }
}

static void audit(run_t *run) {
    galloc_stats_t stats;
    galloc_stats(run->heap, &stats);
    const char *wrong = shadow_audit(&run->shadow);
    if (wrong != NULL) {
        fail("%s", wrong);
    }
    size_t used = 0;
    for (size_t i = 0; i < run->shadow.count; i++) {
        used += run->shadow.live[i].usable;
    }
    if (stats.used != used || stats.blocks != run->shadow.count || stats.allocs - stats.frees != stats.blocks ||
        stats.used + stats.free + stats.overhead != stats.total || stats.failures != run->failures) {
        fail("stats: used %zu of %zu, blocks %zu of %zu, failures %zu of %zu", stats.used, used, stats.blocks,
             run->shadow.count, stats.failures, run->failures);
    }
}

static void one_run(uint32_t seed, uint32_t number, uint32_t actions) {
    run_t run = {.rng = {((uint64_t)seed << 32) + number}};
    const galloc_config_t *config = &configs[number % (sizeof configs / sizeof configs[0])];
    region_map(&run.region, 8192 + rng_below(&run.rng, number % 2 == 0 ? 8192 : 65536), rng_below(&run.rng, 4096));
    region_scramble(&run.region, number);
    shadow_init(&run.shadow, &run.region);
    run.bounded_search = config->bounded_search;
    bool plain = config->smallbins == 0;
    run.heap = galloc_init(run.region.base, run.region.size, plain ? NULL : config);
    fail_context("random seed %u run %u", seed, number);
    if (run.heap == NULL) {
        fail("init of %zu bytes failed", run.region.size);
    }
    uint32_t pressure = 40;
    for (uint32_t action = 0; action < actions; action++) {
        fail_context("random seed %u run %u action %u", seed, number, action);
        if (action % 1024 == 0) { // phases in which the heap fills and empties
            pressure = 30 + rng_below(&run.rng, 40);
        }
        uint32_t choice = rng_below(&run.rng, 100);
        size_t count = run.shadow.count;
        size_t index = count == 0 ? 0 : rng_below(&run.rng, (uint32_t)count);
        if (count == 0 || choice < pressure) {
            act_alloc(&run);
        } else if (choice < 75) {
            act_free(&run, index);
        } else if (choice < 90) {
            act_realloc(&run, index);
        } else {
            act_resize(&run, index);
        }
        size_t offset = 0;
        galloc_fault_t fault = galloc_check(run.heap, &offset);
        if (fault != GALLOC_OK) {
            fail("check: %s at %zu", galloc_fault_name(fault), offset);
        }
        if (action % 32 == 0) {
            audit(&run);
        }
    }
    while (run.shadow.count > 0) {
        act_free(&run, rng_below(&run.rng, (uint32_t)run.shadow.count));
    }
    audit(&run);
    galloc_stats_t stats;
    galloc_stats(run.heap, &stats);
    if (stats.free_chunks != 1 || stats.largest != stats.free || stats.used != 0) {
        fail("an empty heap has %zu free chunks", stats.free_chunks);
    }
    shadow_release(&run.shadow);
    region_unmap(&run.region);
}

int mode_random(int argc, char **argv) {
    uint32_t seed = argument(argc, argv, 1, 1), runs = argument(argc, argv, 2, 100);
    uint32_t actions = argument(argc, argv, 3, 10000);
    for (uint32_t number = 0; number < runs; number++) {
        one_run(seed, number, actions);
    }
    printf("random seed %u: %u runs of %u actions\n", seed, runs, actions);
    return 0;
}
