// Use of a heap after random bytes of it were overwritten. Whatever the core answers, it must come back and leave all
// bytes outside the region alone; the inaccessible pages, the canary and AddressSanitizer watch over that.

#include "modes.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define MAX_LIVE 128

typedef struct {
    region_t region;
    galloc_heap_t *heap;
    rng_t rng;
    const galloc_config_t *config;
    uint8_t *live[MAX_LIVE];
    size_t count;
} case_t;

static bool visit(void *context, void *block, size_t size, bool allocated) {
    const region_t *region = context;
    (void)allocated;
    uintptr_t at = (uintptr_t)block - (uintptr_t)region->base;
    if (at > region->size || size > region->size - at) {
        fail("walk left the region");
    }
    return true;
}

static void remember(case_t *c, uint8_t *block, size_t size) {
    uintptr_t at = (uintptr_t)block - (uintptr_t)c->region.base;
    if (block == NULL) {
        return;
    }
    if (at > c->region.size || size > c->region.size - at) {
        fail("a block of %zu bytes lies outside the region", size);
    }
    if (c->count < MAX_LIVE) {
        c->live[c->count++] = block;
    }
}

static void act(case_t *c) {
    size_t size = rng_below(&c->rng, 300), align = (size_t)1 << rng_below(&c->rng, 8);
    size_t index = c->count == 0 ? 0 : rng_below(&c->rng, (uint32_t)c->count);
    uint8_t *anywhere = c->region.base + rng_below(&c->rng, (uint32_t)c->region.size);
    uint8_t *block = c->count == 0 || rng_below(&c->rng, 8) == 0 ? anywhere : c->live[index];
    galloc_stats_t stats;
    size_t offset;
    switch (rng_below(&c->rng, 8)) {
        case 0:
        case 1:
            remember(c, galloc_alloc(c->heap, size, align), size);
            break;
        case 2:
            remember(c, galloc_alloc_zeroed(c->heap, size, align), size);
            break;
        case 3:
        case 4:
            if (galloc_free(c->heap, block) == GALLOC_OK && c->count > 0 && block == c->live[index]) {
                c->live[index] = c->live[--c->count];
            }
            break;
        case 5:
            remember(c, galloc_realloc(c->heap, block, size, align), size);
            break;
        case 6:
            galloc_resize(c->heap, block, size);
            break;
        default:
            galloc_usable_size(c->heap, block);
            galloc_owns(c->heap, block);
            galloc_stats(c->heap, &stats);
            galloc_walk(c->heap, visit, &c->region);
            galloc_check(c->heap, &offset);
            galloc_initialized(c->region.base, c->region.size);
            galloc_attach(c->region.base, c->region.size);
            break;
    }
}

static void overwrite(case_t *c) {
    uint32_t where = rng_below(&c->rng, (uint32_t)c->region.size), count = 1 + rng_below(&c->rng, 8);
    if (rng_below(&c->rng, 3) == 0) { // the control block more often than its share
        where = rng_below(&c->rng, 64);
    } else if (c->count > 0 && rng_below(&c->rng, 2) == 0) { // or a header
        where = (uint32_t)(c->live[rng_below(&c->rng, (uint32_t)c->count)] - c->region.base - HEADER);
    }
    for (uint32_t i = 0; i < count && where + i < c->region.size; i++) {
        c->region.base[where + i] = (uint8_t)rng_next(&c->rng) & (rng_below(&c->rng, 2) ? 0xFF : 0x07);
    }
}

static void one_case(uint32_t seed, uint32_t number) {
    static const galloc_config_t configs[] = {{0, 0, false}, {1, 2, false}, {4, 2, true}, {64, 16, false}};
    case_t c = {.rng = {((uint64_t)seed << 32) + number}};
    c.config = &configs[number % 4];
    fail_context("damage seed %u case %u", seed, number);
    region_map(&c.region, 6000 + rng_below(&c.rng, 4000), rng_below(&c.rng, 64));
    c.heap = galloc_init(c.region.base, c.region.size, c.config);
    if (c.heap == NULL) {
        fail("init failed");
    }
    for (uint32_t i = rng_below(&c.rng, 60); i > 0; i--) {
        act(&c);
    }
    overwrite(&c);
    for (uint32_t i = 0; i < 40; i++) {
        act(&c);
        if (i == 20 && number % 2 == 0) {
            overwrite(&c);
        }
    }
    const char *wrong = region_canary(&c.region);
    if (wrong != NULL) {
        fail("%s", wrong);
    }
    region_unmap(&c.region);
}

static void on_alarm(int number) {
    (void)number;
    fail("the core does not come back");
}

int mode_damage(int argc, char **argv) {
    uint32_t seed = argument(argc, argv, 1, 1), cases = argument(argc, argv, 2, 10000);
    uint32_t first = argument(argc, argv, 3, 0);
    signal(SIGALRM, on_alarm);
    for (uint32_t number = first; number < first + cases; number++) {
        alarm(20); // a case takes microseconds; one that does not end must not hold up the tests
        one_case(seed, number);
    }
    printf("damage seed %u: %u cases\n", seed, cases);
    return 0;
}
