#include "worst.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ops.h"
#include "random.h"
#include "slots.h"

// A board has less room than a PC; states that do not fit are left out.
#ifndef WORST_REGION
#define WORST_REGION (128 * 1024 * 1024)
#define WORST_HOLES 2000
#define WORST_SLACK 4 // some allocators round up far
#endif

enum { MAX_HOLES = WORST_HOLES, SEPARATOR = 16, REGION = WORST_REGION };

typedef struct {
    const char *name;
    uint32_t (*size)(uint32_t k, uint32_t holes, random_t *r);
} shape_t;

static uint32_t shape_equal(uint32_t k, uint32_t holes, random_t *r) {
    (void)k, (void)holes, (void)r;
    return 200;
}

static uint32_t shape_equal_large(uint32_t k, uint32_t holes, random_t *r) {
    (void)k, (void)holes, (void)r;
    return 4096;
}

static uint32_t shape_ascending(uint32_t k, uint32_t holes, random_t *r) {
    (void)holes, (void)r;
    return 24 + 8 * k;
}

static uint32_t shape_descending(uint32_t k, uint32_t holes, random_t *r) {
    (void)r;
    return 24 + 8 * (holes - k);
}

static uint32_t shape_small(uint32_t k, uint32_t holes, random_t *r) {
    (void)k, (void)holes;
    return random_range(r, 8, 512);
}

static uint32_t shape_wide(uint32_t k, uint32_t holes, random_t *r) {
    (void)k, (void)holes;
    return random_range(r, 64, 8192);
}

// Sizes in one octave: each differs from the next in the low bits alone, which makes a trie deep.
static uint32_t shape_octave(uint32_t k, uint32_t holes, random_t *r) {
    (void)holes, (void)r;
    return 4096 + 8 * (k % 512);
}

// All bits of the size below its highest are walked: 4096 + each power of two, then sums of them.
static uint32_t shape_bits(uint32_t k, uint32_t holes, random_t *r) {
    (void)holes, (void)r;
    return 4096 + (8u << k % 9) + (k / 9 % 2) * (8u << k / 18 % 9);
}

static uint32_t shape_powers(uint32_t k, uint32_t holes, random_t *r) {
    (void)holes, (void)r;
    return (16u << k % 9) - 4 * (k % 3);
}

// One hole a class border of 8 bytes, all of them just too small for 520.
static uint32_t shape_border(uint32_t k, uint32_t holes, random_t *r) {
    (void)holes, (void)r;
    return 500 + k % 3 * 8 - 4;
}

static const shape_t shapes[] = {
    {"equal", shape_equal},           {"equal large", shape_equal_large},
    {"ascending", shape_ascending},   {"small", shape_small},
    {"descending", shape_descending}, {"wide", shape_wide},
    {"octave", shape_octave},         {"bits", shape_bits},
    {"powers", shape_powers},         {"border", shape_border},
};

static const char *const orders[] = {"forward", "backward", "shuffled"};

static block_t holes_at[MAX_HOLES], separators[MAX_HOLES + 1];
static uint32_t sequence[MAX_HOLES];

static void must_alloc(block_t *block, size_t size) {
    if (!ops_alloc(block, size, 1)) {
        fprintf(stderr, "bench: an adversarial state does not fit its region\n");
        exit(2);
    }
}

// Leaves no free memory but the holes. False: the region is too small for the state.
static bool make_state(void *region, const shape_t *shape, unsigned order, uint32_t holes, random_t *r) {
    size_t need = 65536;
    for (uint32_t k = 0; k < holes; k++) {
        holes_at[k].size = shape->size(k, holes, r);
        need += holes_at[k].size + SEPARATOR + 64;
        sequence[k] = order == 1 ? holes - 1 - k : k;
    }
    for (uint32_t k = holes - 1; order == 2 && k > 0; k--) {
        uint32_t other = random_range(r, 0, k), kept = sequence[k];
        sequence[k] = sequence[other];
        sequence[other] = kept;
    }
    need *= WORST_SLACK;
    if (need > REGION) {
        return false;
    }
    ops_start(region, need);
    must_alloc(&separators[0], SEPARATOR);
    for (uint32_t k = 0; k < holes; k++) {
        must_alloc(&holes_at[k], holes_at[k].size);
        must_alloc(&separators[k + 1], SEPARATOR);
    }
    block_t rest;
    for (size_t filler = need; filler >= SEPARATOR; filler /= 2) {
        while (ops_alloc(&rest, filler, 1)) {
        }
    }
    for (uint32_t k = 0; k < holes; k++) {
        block_t hole = holes_at[sequence[k]];
        ops_free(&hole);
    }
    return true;
}

static unsigned missed; // requests of a hole's own size that returned NULL

// What the slots were used for, for the report.
static struct {
    char kind; // 'a' alloc, 'A' alloc above the default alignment, 'f' free, 'r' resize
    size_t size, align;
} calls[SLOTS];

static void note(char kind, size_t size, size_t align) {
    calls[slots_used].kind = kind;
    calls[slots_used].size = size;
    calls[slots_used].align = align;
}

static void measured_free(void *at, size_t size, size_t align) {
    note('f', size, align);
    slots_call(SLOT_FREE, at, size, align, 0);
}

static void *measured_alloc(size_t size, size_t align) {
    note(align > 8 ? 'A' : 'a', size, align);
    return slots_call(SLOT_ALLOC, NULL, size, align, 0);
}

static void try_alloc(size_t size, size_t align, bool hole) {
    void *at = measured_alloc(size, align);
    missed += hole && at == NULL;
    if (at != NULL) {
        measured_free(at, size, align);
    }
}

static void try_resize(block_t *block, size_t size) {
    note('r', size, block->align);
    if (slots_call(SLOT_RESIZE, block->at, block->size, block->align, size) != NULL) {
        block->size = size;
    }
}

static void measure(uint32_t holes, random_t *r) {
    static const size_t sizes[] = {0,   1,   8,   12,  13,  16,   20,   24,   64,   100,   160,   200,   204,    256,
                                   400, 508, 516, 520, 800, 1024, 2048, 4000, 4100, 5000,  6144,  8180,  8192,   16000,
                                   40,  80,  120, 300, 600, 1500, 3000, 4090, 4200, 12000, 20000, 40000, 1 << 20};
    for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
        try_alloc(sizes[i], 1, false);
        for (size_t align = 16; align <= 1024; align *= 2) {
            try_alloc(sizes[i], align, false);
        }
    }
    for (int i = 0; i < 24; i++) {
        size_t size = holes_at[random_range(r, 0, holes - 1)].size;
        try_alloc(size, 1, true);
        try_alloc(size + 8, 1, false);
        try_alloc(size - 8, 1, false);
        try_alloc(size / 2, (size_t)16 << i % 6, false);
    }
    for (int i = 0; i < 24; i++) { // grow into the next hole whole and in part, and back
        block_t *block = &separators[random_range(r, 0, holes - 1)];
        const size_t targets[] = {24, 100, 208, SEPARATOR, 220, 500, 4200, SEPARATOR, 20000, 8};
        for (size_t k = 0; k < sizeof(targets) / sizeof(targets[0]); k++) {
            try_resize(block, targets[k]);
        }
    }
    for (int i = 0; i < 24; i++) { // between two holes, next to one, next to none
        block_t *block = &separators[random_range(r, 0, holes)];
        if (block->at != NULL) {
            measured_free(block->at, block->size, block->align);
            block->at = NULL;
        }
    }
}

// One line: the state's name, as in callgrind's dump, and its calls, slot by slot.
static void report(const char *name, const char *order, uint32_t holes) {
    char label[80];
    snprintf(label, sizeof(label), "%s/%s/%u", name, order, holes);
    slots_dump(label);
    printf("{\"label\": \"%s\", \"state\": \"%s\", \"order\": \"%s\", \"holes\": %u, \"missed\": %u, \"calls\": [",
           label, name, order, holes, missed);
    for (size_t i = 0; i < slots_used; i++) {
        printf("%s[\"%c\", %zu, %zu]", i ? ", " : "", calls[i].kind, calls[i].size, calls[i].align);
    }
    printf("]}\n");
}

static void adversarial_table(void *region) {
    block_t large[400], small;
    uint32_t count = 0;
    ops_start(region, 65536);
    while (ops_alloc(&large[count], 200, 1)) {
        count++;
        if (!ops_alloc(&small, 16, 1)) {
            break;
        }
    }
    for (uint32_t i = 0; i < count; i++) {
        ops_free(&large[i]);
    }
    slots_start();
    measured_alloc(400, 1);
    measured_alloc(200, 64);
    report("table", "forward", count);
}

void worst_run(unsigned seed) {
    static const uint32_t holes[] = {10, 100, 1000, 2000};
    void *region = ops_region(REGION);
    adapter_bounded = true;
    adversarial_table(region);
    for (size_t s = 0; s < sizeof(shapes) / sizeof(shapes[0]); s++) {
        for (unsigned order = 0; order < 3; order++) {
            for (size_t h = 0; h < sizeof(holes) / sizeof(holes[0]); h++) {
                random_t r = {seed + 1000 * s + 10 * order + h};
                if (holes[h] > MAX_HOLES || !make_state(region, &shapes[s], order, holes[h], &r)) {
                    continue;
                }
                missed = 0;
                slots_start();
                measure(holes[h], &r);
                report(shapes[s].name, orders[order], holes[h]);
                if (!adapter_check()) {
                    fprintf(stderr, "bench: the heap is not sound after shape %s\n", shapes[s].name);
                    exit(3);
                }
            }
        }
    }
}
