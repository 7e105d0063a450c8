// A program without mistakes, written for galloc.h and switched over to the guards by one line: nobody may complain.

#define GALLOC_DEBUG 1
#include "galloc_debug.h"

#include "debug.h"
#include "harness.h"

#include <stdio.h>

enum { REGION = 24 * 1024, CHECK_EACH = 16 };

typedef struct {
    region_t region;
    shadow_t shadow;
    galloc_heap_t *heap;
    rng_t rng;
} run_t;

static size_t random_size(run_t *run) {
    return rng_below(&run->rng, rng_below(&run->rng, 8) == 0 ? 2000 : 120);
}

static size_t random_align(run_t *run) {
    return rng_below(&run->rng, 3) != 0 ? 0 : (size_t)1 << rng_below(&run->rng, 10);
}

static void check(run_t *run) {
    size_t offset;
    galloc_fault_t fault = galloc_check(run->heap, &offset);
    const char *wrong = shadow_audit(&run->shadow);
    if (fault != GALLOC_OK || wrong != NULL) {
        fail("check: %s at %zu; %s", galloc_fault_name(fault), offset, wrong ? wrong : "payload is whole");
    }
}

// Takes over a block: the shadow fills it with a pattern of its own.
static void take(run_t *run, uint8_t *block, size_t size, size_t align) {
    if (block == NULL) {
        return;
    }
    const char *wrong = shadow_add(&run->shadow, block, size);
    if (wrong != NULL || (uintptr_t)block % (align < 8 ? 8 : align) != 0 ||
        galloc_usable_size(run->heap, block) != size) {
        fail("%zu bytes at %zu: %s", size, align, wrong ? wrong : "not as requested");
    }
}

static void give(run_t *run, size_t index) {
    live_t entry = run->shadow.live[index];
    shadow_remove(&run->shadow, index);
    galloc_fault_t fault = galloc_free(run->heap, entry.block);
    if (fault != GALLOC_OK) {
        fail("free: %s", galloc_fault_name(fault));
    }
}

static void change(run_t *run, size_t index, bool in_place) {
    live_t entry = run->shadow.live[index];
    size_t size = random_size(run), align = random_align(run), kept = size < entry.usable ? size : entry.usable;
    uint8_t *block = entry.block;
    if (in_place) {
        align = 0;
        block = galloc_resize(run->heap, block, size) ? block : NULL;
    } else {
        block = galloc_realloc(run->heap, block, size, align);
    }
    if (!pattern_holds(block != NULL ? block : entry.block, block != NULL ? kept : entry.usable, entry.token)) {
        fail("from %zu to %zu bytes: payload was lost", entry.usable, size);
    }
    if (block != NULL) {
        shadow_remove(&run->shadow, index);
        take(run, block, size, align);
    }
}

static void act(run_t *run) {
    size_t count = run->shadow.count, size = random_size(run), align = random_align(run);
    uint32_t choice = rng_below(&run->rng, 100);
    size_t index = count == 0 ? 0 : rng_below(&run->rng, (uint32_t)count);
    if (count == 0 || choice < 45) {
        take(run, choice % 2 ? galloc_alloc(run->heap, size, align) : galloc_alloc_zeroed(run->heap, size, align), size,
             align);
    } else if (choice < 75) {
        give(run, index);
    } else {
        change(run, index, choice < 85);
    }
}

int mode_debug_random(uint32_t seed, uint32_t actions) {
    run_t run = {.rng = {seed}};
    region_map(&run.region, REGION, 12);
    shadow_init(&run.shadow, &run.region);
    run.heap = galloc_init(run.region.base, run.region.size, NULL);
    for (uint32_t action = 0; action < actions; action++) {
        fail_context("debug random seed %u action %u", seed, action);
        act(&run);
        if (action % CHECK_EACH == 0) {
            check(&run);
        }
    }
    while (run.shadow.count > 0) {
        give(&run, run.shadow.count - 1);
    }
    galloc_stats_t stats;
    if (galloc_alloc(run.heap, REGION, 8) != NULL) { // takes all out of the quarantine
        fail("more than the region holds");
    }
    galloc_stats(run.heap, &stats);
    check(&run);
    if (stats.blocks != 1 || stats.free_chunks != 1) {
        fail("%zu blocks and %zu holes are left", stats.blocks, stats.free_chunks);
    }
    galloc_debug_reveal(run.heap);
    shadow_release(&run.shadow);
    region_unmap(&run.region);
    printf("debug random seed %u: %u actions\n", seed, actions);
    return 0;
}
