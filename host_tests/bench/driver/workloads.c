#include "workloads.h"

#include <stdlib.h>
#include <string.h>

#include "random.h"

enum { KiB = 1024, MiB = 1024 * 1024 };

static const workload_t workloads[] = {
    {"R64", 'R', 64 * KiB, 8, 512, 512, 6, 100000},
    {"R64n", 'R', 64 * KiB, 8, 512, 512, 0, 100000},
    {"X64", 'X', 64 * KiB, 8, 512, 0, 6, 200},
    {"X64n", 'X', 64 * KiB, 8, 512, 0, 0, 200},
    {"F64", 'F', 64 * KiB, 8, 512, 0, 6, 200},
    {"F64n", 'F', 64 * KiB, 8, 512, 0, 0, 200},
    {"R256", 'R', 256 * MiB, 100, 1000, 10000, 10, 100000},
    {"X256", 'X', 256 * MiB, 100, 1000, 0, 10, 1},
    {"S160", 'S', 160 * MiB, 64, 16383, 0, 6, 100000},
};

// Live blocks, the oldest at `first`; a free block leaves by swapping the last one in, or, where order counts, by the
// front alone.
static struct {
    block_t *at;
    size_t first, count, capacity;
} live;

static void live_push(block_t block) {
    if (live.first + live.count == live.capacity) {
        live.capacity = live.capacity ? 2 * live.capacity : 4096;
        live.at = realloc(live.at, live.capacity * sizeof(block_t));
    }
    live.at[live.first + live.count++] = block;
}

static void live_clear(void) {
    live.first = live.count = 0;
}

const workload_t *workload_find(const char *name) {
    for (size_t i = 0; i < sizeof(workloads) / sizeof(workloads[0]); i++) {
        if (strcmp(workloads[i].name, name) == 0) {
            return &workloads[i];
        }
    }
    return NULL;
}

static bool alloc_one(const workload_t *w, random_t *r) {
    uint32_t size = random_range(r, w->size_min, w->size_max);
    size_t align = (size_t)1 << (w->align_log_max ? random_range(r, 0, w->align_log_max) : 0);
    block_t block;
    if (!ops_alloc(&block, size, align)) {
        return false;
    }
    live_push(block);
    return true;
}

static void run_random(const workload_t *w, random_t *r) {
    for (uint32_t i = 0; i < w->rounds; i++) {
        uint32_t action = live.count ? random_range(r, 0, 2) : 0;
        if (action == 0) {
            alloc_one(w, r);
            continue;
        }
        block_t *block = &live.at[random_range(r, 0, (uint32_t)live.count - 1)];
        if (action == 1) {
            ops_free(block);
            *block = live.at[--live.count];
        } else {
            ops_realloc(block, random_range(r, w->size_min, w->realloc_max));
        }
    }
}

static double run_exhaust(const workload_t *w, random_t *r) {
    double fill = 0;
    for (uint32_t i = 0; i < w->rounds; i++) {
        while (alloc_one(w, r)) {
        }
        fill += (double)tally.live / (double)w->region;
        for (size_t k = 0; k < live.count; k++) {
            ops_free(&live.at[k]);
        }
        live_clear();
    }
    return fill / w->rounds;
}

static workload_result_t run_refill(const workload_t *w, void *region, random_t *r) {
    workload_result_t result = {0, 0};
    tally_t sum = {0};
    for (uint32_t i = 0; i < w->rounds; i++) {
        ops_start(region, w->region);
        while (alloc_one(w, r)) {
        }
        result.fill += (double)tally.live / (double)w->region;
        for (size_t half = live.count / 2; half > 0; half--) {
            block_t *block = &live.at[random_range(r, 0, (uint32_t)live.count - 1)];
            ops_free(block);
            *block = live.at[--live.count];
        }
        while (alloc_one(w, r)) {
        }
        result.refill += (double)tally.live / (double)w->region;
        sum.allocs += tally.allocs;
        sum.frees += tally.frees;
        sum.failures += tally.failures;
        live_clear();
    }
    tally = sum;
    result.fill /= w->rounds;
    result.refill /= w->rounds;
    return result;
}

static void run_oldest(const workload_t *w, random_t *r) {
    for (uint32_t i = 0; i < w->rounds; i++) {
        alloc_one(w, r);
        if (live.count > 10 && random_range(r, 0, 9) == 0) {
            for (int k = 0; k < 7; k++, live.first++, live.count--) {
                ops_free(&live.at[live.first]);
            }
        }
    }
}

workload_result_t workload_run(const workload_t *w, void *region, uint64_t seed) {
    random_t r = {seed};
    workload_result_t result = {0, 0};
    live_clear();
    if (w->kind == 'F') {
        return run_refill(w, region, &r);
    }
    ops_start(region, w->region);
    if (w->kind == 'R') {
        run_random(w, &r);
    } else if (w->kind == 'X') {
        result.fill = run_exhaust(w, &r);
    } else {
        run_oldest(w, &r);
    }
    return result;
}
