// Random actions on random heaps: each judged, galloc_check and the counters after each, every payload now and then.

#include "checked.h"
#include "modes.h"

#include <stdio.h>
#include <stdlib.h>

// The configurations that the runs take in turn; all zero: NULL.
static const galloc_config_t configs[] = {
    {0, 0, false}, {1, 2, false}, {32, 8, false}, {64, 16, false},
    {4, 2, false}, {20, 8, true}, {5, 3, false},  {64, 2, true},
};

typedef struct {
    region_t region;
    checked_t on;
    rng_t rng;
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

static void act(run_t *run, uint32_t pressure) {
    uint32_t choice = rng_below(&run->rng, 100);
    size_t count = run->on.shadow.count, size = random_size(run), align = random_align(run);
    size_t index = count == 0 ? 0 : rng_below(&run->rng, (uint32_t)count);
    if (count == 0 || choice < pressure) {
        if (rng_below(&run->rng, 4) == 0) {
            checked_alloc_in_steps(&run->on, size, align, rng_below(&run->rng, 64));
        } else {
            checked_alloc(&run->on, size, align, rng_below(&run->rng, 4) == 0);
        }
    } else if (choice < 75) {
        checked_free(&run->on, index);
    } else if (choice < 90) {
        checked_realloc(&run->on, index, size, align);
    } else {
        checked_resize(&run->on, index, size);
    }
}

static void one_run(uint32_t seed, uint32_t number, uint32_t actions) {
    run_t run = {.rng = {((uint64_t)seed << 32) + number}};
    const galloc_config_t *config = &configs[number % (sizeof configs / sizeof configs[0])];
    region_map(&run.region, 8192 + rng_below(&run.rng, number % 2 == 0 ? 8192 : 65536), rng_below(&run.rng, 4096));
    region_scramble(&run.region, number);
    run.on = (checked_t){.region = &run.region, .bounded_search = config->bounded_search};
    shadow_init(&run.on.shadow, &run.region);
    bool plain = config->smallbins == 0;
    run.on.heap = galloc_init(run.region.base, run.region.size, plain ? NULL : config);
    fail_context("random seed %u run %u", seed, number);
    if (run.on.heap == NULL) {
        fail("init of %zu bytes failed", run.region.size);
    }
    uint32_t pressure = 40;
    for (uint32_t action = 0; action < actions; action++) {
        fail_context("random seed %u run %u action %u", seed, number, action);
        if (action % 1024 == 0) { // phases in which the heap fills and empties
            pressure = 30 + rng_below(&run.rng, 40);
        }
        act(&run, pressure);
        checked_counters(&run.on);
        if (action % 32 == 0) {
            checked_payload(&run.on);
        }
    }
    while (run.on.shadow.count > 0) {
        checked_free(&run.on, rng_below(&run.rng, (uint32_t)run.on.shadow.count));
    }
    checked_counters(&run.on);
    checked_payload(&run.on);
    galloc_stats_t stats;
    galloc_stats(run.on.heap, &stats);
    if (stats.free_chunks != 1 || stats.largest != stats.free || stats.used != 0) {
        fail("an empty heap has %zu free chunks", stats.free_chunks);
    }
    shadow_release(&run.on.shadow);
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
