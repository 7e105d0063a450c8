// Sets of banks, call by call: each error of galloc_banks_add, wrong pointers, a damaged bank, blocks that move from bank
// to bank, a bank that is opened again. Ends with 0 when all held.

#include "harness.h"

#include "galloc_banks.h"
#include "galloc_config.h"

#include <stdio.h>
#include <string.h>

#define REGION 4096u

static region_t regions[GALLOC_BANKS_MAX + 1]; // with inaccessible pages between them
static galloc_heap_t *heaps[GALLOC_BANKS_MAX + 1];

#define EXPECT(condition)                                      \
    do {                                                       \
        if (!(condition)) {                                    \
            fail("line %d: not so: %s", __LINE__, #condition); \
        }                                                      \
    } while (0)

static void make_heaps(void) {
    for (size_t i = 0; i < GALLOC_BANKS_MAX + 1; i++) {
        if (regions[i].map == NULL) {
            region_map(&regions[i], REGION, 0);
        }
        EXPECT((heaps[i] = galloc_init(regions[i].base, REGION, NULL)) != NULL);
    }
}

// A set of two banks, each of one region: number 0 is GALLOC_DMA, number 1 GALLOC_DMA and GALLOC_FAST.
static void make_two(galloc_banks_t *set) {
    make_heaps();
    galloc_banks_init(set);
    EXPECT(galloc_banks_add(set, heaps[0], GALLOC_DMA) == GALLOC_OK);
    EXPECT(galloc_banks_add(set, heaps[1], GALLOC_DMA | GALLOC_FAST) == GALLOC_OK);
}

// The whole set verifies.
static void expect_valid(const galloc_banks_t *set) {
    size_t bank, offset;
    EXPECT(galloc_banks_check(set, &bank, &offset) == GALLOC_OK && bank == set->count && offset == 0);
    EXPECT(galloc_banks_check(set, NULL, NULL) == GALLOC_OK);
    for (size_t i = 0; i < GALLOC_BANKS_MAX + 1; i++) {
        EXPECT(region_canary(&regions[i]) == NULL);
    }
}

static void an_empty_set(void) {
    static galloc_banks_t zero;
    galloc_banks_t set;
    uint64_t word = 0;
    galloc_stats_t stats, nothing;
    memset(&nothing, 0, sizeof nothing);
    memset(&set, 0xFF, sizeof set);
    galloc_banks_init(&set);
    make_heaps();
    for (int round = 0; round < 3; round++) {
        const galloc_banks_t *empty = round == 0 ? &zero : &set;
        EXPECT(empty->count == 0);
        EXPECT(galloc_banks_alloc(empty, 8, 8, 0) == NULL && galloc_banks_alloc_zeroed(empty, 8, 8, 0) == NULL);
        EXPECT(galloc_banks_realloc(empty, NULL, 8, 8, 0) == NULL &&
               galloc_banks_realloc(empty, &word, 8, 8, 0) == NULL);
        EXPECT(galloc_banks_free(empty, &word) == GALLOC_FAULT_NULL &&
               galloc_banks_free(empty, NULL) == GALLOC_FAULT_NULL);
        EXPECT(!galloc_banks_resize(empty, &word, 8) && !galloc_banks_owns(empty, &word));
        EXPECT(galloc_banks_usable_size(empty, &word) == 0 && galloc_banks_find(empty, &word) == 0);
        memset(&stats, 0xFF, sizeof stats);
        galloc_banks_stats(empty, &stats);
        EXPECT(memcmp(&stats, &nothing, sizeof stats) == 0);
        expect_valid(empty);
        for (int again = 0; round == 1 && again < 2; again++) { // empty again
            EXPECT(galloc_banks_add(&set, heaps[0], 0) == GALLOC_OK &&
                   galloc_banks_remove(&set, heaps[0]) == GALLOC_OK);
        }
    }
    EXPECT(galloc_banks_remove(&set, NULL) == GALLOC_FAULT_FOREIGN);
}

static void expect_refused(galloc_banks_t *set, galloc_heap_t *heap, uint32_t attributes, galloc_fault_t expected) {
    galloc_banks_t before = *set;
    galloc_fault_t fault = galloc_banks_add(set, heap, attributes);
    if (fault != expected) {
        fail("add: %s, not %s", galloc_fault_name(fault), galloc_fault_name(expected));
    }
    EXPECT(memcmp(&before, set, sizeof before) == 0);
}

static void banks_that_are_refused(void) {
    galloc_banks_t set;
    make_two(&set);
    expect_refused(&set, NULL, GALLOC_DMA, GALLOC_FAULT_NULL);
    expect_refused(&set, galloc_init(regions[2].base, 16, NULL), 0, GALLOC_FAULT_NULL); // too small for a heap
    for (uint32_t bit = GALLOC_ATTRIBUTES + 1u; bit != 0; bit <<= 1) {
        expect_refused(&set, heaps[2], GALLOC_DMA | bit, GALLOC_FAULT_ATTRIBUTE);
    }
    // The same bank twice; one inside of a block of another; one that has another inside.
    expect_refused(&set, heaps[0], GALLOC_DMA, GALLOC_FAULT_OVERLAP);
    expect_refused(&set, heaps[1], 0, GALLOC_FAULT_OVERLAP);
    void *inside = galloc_alloc(heaps[0], 1500, 8);
    galloc_heap_t *inner = galloc_init(inside, 1500, NULL);
    expect_refused(&set, inner, GALLOC_DMA, GALLOC_FAULT_OVERLAP);
    EXPECT(galloc_banks_remove(&set, heaps[0]) == GALLOC_OK);
    EXPECT(galloc_banks_add(&set, inner, GALLOC_DMA) == GALLOC_OK);
    expect_refused(&set, heaps[0], GALLOC_DMA, GALLOC_FAULT_OVERLAP);
    expect_valid(&set);
    // Bytes that are no heap.
    make_two(&set);
    memset(regions[2].base, 0, REGION);
    expect_refused(&set, heaps[2], 0, GALLOC_FAULT_GEOMETRY);
    memset(regions[2].base, 0xFF, REGION);
    expect_refused(&set, heaps[2], 0, GALLOC_FAULT_GEOMETRY);
    // Full, and which fault comes first.
    make_two(&set);
    for (size_t i = 2; i < GALLOC_BANKS_MAX; i++) {
        EXPECT(galloc_banks_add(&set, heaps[i], 0) == GALLOC_OK);
    }
    EXPECT(set.count == GALLOC_BANKS_MAX);
    expect_refused(&set, heaps[GALLOC_BANKS_MAX], 0, GALLOC_FAULT_FULL);
    expect_refused(&set, NULL, 16, GALLOC_FAULT_NULL);
    expect_refused(&set, heaps[0], 16, GALLOC_FAULT_ATTRIBUTE);
    EXPECT(galloc_banks_remove(&set, heaps[3]) == GALLOC_OK);
    EXPECT(galloc_banks_add(&set, heaps[GALLOC_BANKS_MAX], GALLOC_FAST) == GALLOC_OK);
    EXPECT(set.bank[0].heap == heaps[0] && set.bank[2].heap == heaps[2] && set.bank[3].heap == heaps[4] &&
           set.bank[7].heap == heaps[8] && set.bank[7].attributes == GALLOC_FAST);
    expect_valid(&set);
}

// Two heaps in neighbouring bytes do not overlap.
static void neighbours(void) {
    galloc_banks_t set;
    make_heaps();
    galloc_heap_t *low = galloc_init(regions[0].base, REGION / 2, NULL);
    galloc_heap_t *high = galloc_init(regions[0].base + REGION / 2, REGION / 2, NULL);
    for (int round = 0; round < 2; round++) {
        galloc_banks_init(&set);
        EXPECT(galloc_banks_add(&set, round ? low : high, 0) == GALLOC_OK);
        EXPECT(galloc_banks_add(&set, round ? high : low, 0) == GALLOC_OK);
        EXPECT(galloc_banks_find(&set, low) == (round ? 0 : 1) && galloc_banks_find(&set, high) == (round ? 1 : 0));
        EXPECT(galloc_banks_find(&set, regions[0].base + REGION / 2 - 1) == (round ? 0 : 1));
        EXPECT(galloc_banks_find(&set, regions[0].base + REGION) == 2 && galloc_banks_find(&set, NULL) == 2);
        void *block[2] = {galloc_alloc(low, 100, 8), galloc_alloc(high, 100, 8)};
        for (size_t i = 0; i < 2; i++) {
            EXPECT(galloc_banks_owns(&set, block[i]) && galloc_banks_free(&set, block[i]) == GALLOC_OK);
            EXPECT(galloc_banks_free(&set, block[i]) != GALLOC_OK);
        }
        expect_valid(&set);
    }
}

static void wrong_pointers(void) {
    galloc_banks_t set;
    make_two(&set);
    uint8_t *block = galloc_banks_alloc(&set, 100, 8, GALLOC_FAST);
    uint8_t *other = galloc_alloc(heaps[2], 100, 8);
    EXPECT(galloc_banks_find(&set, block) == 1 && galloc_banks_find(&set, other) == 2);
    galloc_stats_t before, after;
    galloc_banks_stats(&set, &before);
    void *const foreign[] = {other, &set, (void *)8, (void *)UINTPTR_MAX, (void *)(UINTPTR_MAX - 7)};
    for (size_t i = 0; i < sizeof foreign / sizeof foreign[0]; i++) {
        EXPECT(galloc_banks_free(&set, foreign[i]) == GALLOC_FAULT_FOREIGN);
        EXPECT(!galloc_banks_owns(&set, foreign[i]) && galloc_banks_usable_size(&set, foreign[i]) == 0);
        EXPECT(!galloc_banks_resize(&set, foreign[i], 8) && galloc_banks_realloc(&set, foreign[i], 8, 8, 0) == NULL);
    }
    EXPECT(galloc_banks_free(&set, NULL) == GALLOC_FAULT_NULL);
    EXPECT(galloc_banks_free(&set, heaps[0]) != GALLOC_OK && galloc_banks_free(&set, heaps[1]) != GALLOC_OK);
    EXPECT(galloc_banks_free(&set, block + 8) != GALLOC_OK && galloc_banks_free(&set, block + 1) != GALLOC_OK);
    galloc_banks_stats(&set, &after);
    EXPECT(memcmp(&before, &after, sizeof before) == 0);
    EXPECT(galloc_banks_free(&set, block) == GALLOC_OK);
    EXPECT(galloc_banks_free(&set, block) == GALLOC_FAULT_NOT_ALLOCATED);
    galloc_banks_stats(&set, &before);
    EXPECT(galloc_banks_realloc(&set, block, 8, 8, 0) == NULL && !galloc_banks_resize(&set, block, 8));
    galloc_banks_stats(&set, &after);
    EXPECT(memcmp(&before, &after, sizeof before) == 0);
    expect_valid(&set);
}

static void requests(void) {
    galloc_banks_t set;
    galloc_stats_t stats;
    make_two(&set);
    EXPECT(galloc_banks_find(&set, galloc_banks_alloc(&set, 8, 8, 0)) == 0);
    EXPECT(galloc_banks_find(&set, galloc_banks_alloc(&set, 8, 8, GALLOC_DMA)) == 0);
    EXPECT(galloc_banks_find(&set, galloc_banks_alloc(&set, 8, 8, GALLOC_DMA | GALLOC_FAST)) == 1);
    EXPECT(galloc_banks_alloc(&set, 8, 8, GALLOC_EXTERNAL) == NULL);
    EXPECT(galloc_banks_alloc(&set, 8, 8, GALLOC_DMA | GALLOC_PERSIST) == NULL);
    EXPECT(galloc_banks_alloc(&set, 8, 8, 16) == NULL && galloc_banks_alloc(&set, 8, 8, UINT32_MAX) == NULL);
    galloc_banks_stats(&set, &stats);
    EXPECT(stats.failures == 0); // no bank was tried
    EXPECT(galloc_banks_alloc(&set, 8, 24, GALLOC_DMA) == NULL && galloc_banks_alloc(&set, SIZE_MAX, 0, 0) == NULL);
    galloc_banks_stats(&set, &stats);
    EXPECT(stats.failures == 4 && stats.blocks == 3 && stats.largest < stats.free);
    EXPECT(galloc_banks_alloc(&set, REGION, 8, 0) == NULL); // more than a bank, less than the set
    // The first bank, until it is full; then the second.
    size_t in[3] = {0};
    void *block;
    while ((block = galloc_banks_alloc_zeroed(&set, 100, 16, GALLOC_DMA)) != NULL) {
        size_t bank = galloc_banks_find(&set, block);
        EXPECT(bank == 0 || galloc_alloc(heaps[0], 100, 16) == NULL);
        in[bank]++;
        memset(block, 0xA5, 100);
    }
    EXPECT(in[0] > 20 && in[1] > 20 && in[2] == 0);
    expect_valid(&set);
}

static void all_attributes(void) {
    galloc_banks_t set;
    make_two(&set);
    EXPECT(galloc_banks_add(&set, heaps[2], GALLOC_ATTRIBUTES) == GALLOC_OK);
    for (uint32_t wants = 0; wants <= GALLOC_ATTRIBUTES; wants++) {
        size_t expected = (wants & ~(uint32_t)GALLOC_DMA) == 0                   ? 0
                          : (wants & ~(uint32_t)(GALLOC_DMA | GALLOC_FAST)) == 0 ? 1
                                                                                 : 2;
        EXPECT(set.first[wants] == heaps[expected]);
        EXPECT(galloc_banks_find(&set, galloc_banks_alloc(&set, 8, 8, wants)) == expected);
    }
    expect_valid(&set);
    EXPECT(galloc_banks_remove(&set, heaps[2]) == GALLOC_OK && set.first[GALLOC_ATTRIBUTES] == NULL);
    EXPECT(set.first[0] == heaps[0] && set.first[GALLOC_FAST] == heaps[1]);
}

static void zeroed_blocks(void) {
    galloc_banks_t set;
    uint8_t *dirty[2], *block;
    make_two(&set);
    for (size_t i = 0; i < 2; i++) {
        dirty[i] = galloc_alloc(heaps[i], 200, 8);
        memset(dirty[i], 0xA5, 200);
        EXPECT(galloc_free(heaps[i], dirty[i]) == GALLOC_OK);
    }
    block = galloc_banks_alloc_zeroed(&set, 200, 8, GALLOC_FAST);
    EXPECT(block == dirty[1]);
    for (size_t i = 0; i < 200; i++) {
        EXPECT(block[i] == 0);
    }
    expect_valid(&set);
}

// The statistics of a set: each is the sum of its banks', but the largest.
static void statistics(void) {
    galloc_banks_t set;
    galloc_stats_t sum, one[3];
    make_two(&set);
    EXPECT(galloc_banks_add(&set, heaps[2], 0) == GALLOC_OK);
    for (size_t i = 0; i < 3; i++) { // bank 1 has the largest chunk, neither the first nor the last
        void *block = galloc_alloc(heaps[i], i == 1 ? 100 : 900 + 100 * i, 8);
        void *freed = galloc_alloc(heaps[i], 48, 8);
        EXPECT(galloc_alloc(heaps[i], 24 + 8 * i, 8) != NULL && galloc_alloc(heaps[i], REGION, 8) == NULL);
        EXPECT(galloc_free(heaps[i], freed) == GALLOC_OK && galloc_owns(heaps[i], block));
        galloc_stats(heaps[i], &one[i]);
    }
    galloc_banks_stats(&set, &sum);
#define EXPECT_SUM(field) EXPECT(one[2].field > 0 && sum.field == one[0].field + one[1].field + one[2].field)
    EXPECT_SUM(total);
    EXPECT_SUM(used);
    EXPECT_SUM(free);
    EXPECT_SUM(overhead);
    EXPECT_SUM(peak_used);
    EXPECT_SUM(blocks);
    EXPECT_SUM(free_chunks);
    EXPECT_SUM(allocs);
    EXPECT_SUM(frees);
    EXPECT_SUM(failures);
    EXPECT(one[1].largest > one[0].largest && one[1].largest > one[2].largest && sum.largest == one[1].largest);
    expect_valid(&set);
}

static void blocks_that_move(void) {
    galloc_banks_t set;
    make_two(&set);
    uint8_t *block = galloc_banks_realloc(&set, NULL, 200, 8, GALLOC_DMA);
    EXPECT(galloc_banks_find(&set, block) == 0);
    pattern_fill(block, 200, 1);
    // Its bank has what is wanted and room.
    block = galloc_banks_realloc(&set, block, 300, 64, GALLOC_DMA);
    EXPECT(galloc_banks_find(&set, block) == 0 && (uintptr_t)block % 64 == 0 && pattern_holds(block, 200, 1));
    // It has no room.
    void *filler;
    while ((filler = galloc_alloc(heaps[0], 64, 8)) != NULL) {
    }
    uint8_t *moved = galloc_banks_realloc(&set, block, 2000, 32, GALLOC_DMA);
    EXPECT(galloc_banks_find(&set, moved) == 1 && (uintptr_t)moved % 32 == 0 && pattern_holds(moved, 200, 1));
    EXPECT(!galloc_banks_owns(&set, block) && galloc_banks_usable_size(&set, moved) >= 2000);
    pattern_fill(moved, 2000, 2);
    // No bank has room, or there is no such attribute: the block stays. Each bank is tried once.
    galloc_stats_t before, after;
    galloc_banks_stats(&set, &before);
    EXPECT(galloc_banks_realloc(&set, moved, REGION, 8, GALLOC_DMA) == NULL);
    galloc_banks_stats(&set, &after);
    EXPECT(after.failures == before.failures + 2);
    EXPECT(galloc_banks_realloc(&set, moved, 8, 24, GALLOC_DMA) == NULL);
    EXPECT(galloc_banks_realloc(&set, moved, 8, 8, GALLOC_EXTERNAL) == NULL);
    EXPECT(galloc_banks_realloc(&set, moved, 8, 8, GALLOC_DMA | 32) == NULL);
    EXPECT(galloc_banks_realloc(&set, NULL, 8, 8, 32) == NULL);
    EXPECT(galloc_banks_owns(&set, moved) && pattern_holds(moved, 2000, 2));
    EXPECT(galloc_banks_resize(&set, moved, 100) && galloc_banks_resize(&set, moved, 1000));
    EXPECT(!galloc_banks_resize(&set, moved, REGION) && pattern_holds(moved, 100, 2));
    // No more is copied than the block has: behind the last one of a bank there is nothing to read.
    make_two(&set);
    uint8_t *last = NULL;
    while ((block = galloc_alloc(heaps[0], 100, 8)) != NULL) {
        last = block > last ? block : last;
    }
    pattern_fill(last, 100, 4);
    moved = galloc_banks_realloc(&set, last, 2000, 8, 0);
    EXPECT(galloc_banks_find(&set, moved) == 1 && pattern_holds(moved, 100, 4));
    expect_valid(&set);
    // Its bank has room, but not what is wanted from now on.
    make_two(&set);
    block = galloc_banks_alloc(&set, 200, 8, 0);
    pattern_fill(block, 200, 3);
    moved = galloc_banks_realloc(&set, block, 100, 8, GALLOC_FAST);
    EXPECT(galloc_banks_find(&set, moved) == 1 && pattern_holds(moved, 100, 3));
    moved = galloc_banks_realloc(&set, moved, 0, 0, 0);
    EXPECT(galloc_banks_find(&set, moved) == 1 && galloc_banks_usable_size(&set, moved) == 12);
    EXPECT(galloc_banks_free(&set, moved) == GALLOC_OK);
    galloc_stats_t stats;
    galloc_banks_stats(&set, &stats);
    EXPECT(stats.blocks == 0 && stats.allocs == 2 && stats.frees == 2 && stats.failures == 0);
    expect_valid(&set);
}

// The others go on.
static void a_damaged_bank(void) {
    galloc_banks_t set;
    size_t bank, offset;
    galloc_stats_t before, after, one;
    make_two(&set);
    EXPECT(galloc_banks_add(&set, heaps[2], GALLOC_DMA) == GALLOC_OK);
    uint8_t *block[3];
    for (size_t i = 0; i < 3; i++) {
        block[i] = galloc_alloc(heaps[i], 100, 8);
    }
    galloc_banks_stats(&set, &before);
    galloc_stats(heaps[0], &one);
    // The control block of bank 0.
    memset(regions[0].base, 0xEE, 256);
    EXPECT(galloc_banks_check(&set, &bank, &offset) == GALLOC_FAULT_GEOMETRY && bank == 0);
    EXPECT(galloc_banks_free(&set, block[0]) == GALLOC_FAULT_GEOMETRY && !galloc_banks_owns(&set, block[0]));
    EXPECT(galloc_banks_realloc(&set, block[0], 8, 8, GALLOC_DMA) == NULL && !galloc_banks_resize(&set, block[0], 8));
    galloc_banks_stats(&set, &after);
    EXPECT(after.total == before.total - one.total && after.blocks == before.blocks - 1);
    uint8_t *more = galloc_banks_alloc(&set, 100, 8, GALLOC_DMA); // its turn would have been first
    EXPECT(galloc_banks_find(&set, more) == 1 && galloc_banks_free(&set, more) == GALLOC_OK);
    EXPECT(galloc_banks_remove(&set, heaps[0]) == GALLOC_OK);
    expect_valid(&set);
    // A header in bank 0, which was number 1.
    memset(block[1] + galloc_usable_size(heaps[1], block[1]), 'A', 4);
    EXPECT(galloc_banks_check(&set, &bank, &offset) == GALLOC_FAULT_CORRUPT && bank == 0 && offset > 0);
    EXPECT(offset < REGION);
    EXPECT(galloc_banks_free(&set, block[2]) == GALLOC_OK && galloc_banks_free(&set, block[2]) != GALLOC_OK);
    while ((more = galloc_banks_alloc(&set, 64, 8, GALLOC_DMA)) != NULL) {
        memset(more, 0x5A, 64);
    }
    EXPECT(galloc_check(heaps[2], NULL) == GALLOC_OK);
    EXPECT(galloc_banks_remove(&set, heaps[1]) == GALLOC_OK);
    expect_valid(&set);
}

#if GALLOC_HARDENING >= 2
// The old block verifies, but the chunk in front of it does not: so it cannot be freed, and the move is undone.
static void a_move_that_is_undone(void) {
    galloc_banks_t set;
    galloc_stats_t stats;
    make_two(&set);
    uint8_t *first = galloc_alloc(heaps[0], 2000, 8), *second = galloc_alloc(heaps[0], 1100, 8);
    uint8_t *low = first < second ? first : second, *high = first < second ? second : first;
    EXPECT(galloc_free(heaps[0], low) == GALLOC_OK);
    memset(low - HEADER, 0x2A, HEADER);
    EXPECT(galloc_banks_realloc(&set, high, 50, 8, GALLOC_FAST) == NULL);
    galloc_stats(heaps[1], &stats);
    EXPECT(stats.allocs == 1 && stats.frees == 1 && galloc_check(heaps[1], NULL) == GALLOC_OK);
    EXPECT(galloc_owns(heaps[0], high) && galloc_check(heaps[0], NULL) == GALLOC_FAULT_CORRUPT);
}
#endif

// What is in a bank that keeps its bytes is there again after a reset, by a new set.
static void a_bank_opened_again(void) {
    galloc_banks_t set;
    make_two(&set);
    EXPECT(galloc_banks_add(&set, heaps[2], GALLOC_PERSIST) == GALLOC_OK);
    uint8_t *kept = galloc_banks_alloc(&set, 300, 8, GALLOC_PERSIST);
    EXPECT(galloc_banks_find(&set, kept) == 2);
    pattern_fill(kept, 300, 7);
    EXPECT(galloc_set_root(heaps[2], 0, (uint32_t)(kept - regions[2].base)));
    memset(&set, 0, sizeof set);
    EXPECT(galloc_banks_add(&set, galloc_init(regions[0].base, REGION, NULL), GALLOC_DMA) == GALLOC_OK);
    EXPECT(galloc_banks_add(&set, galloc_attach(regions[2].base, REGION), GALLOC_PERSIST) == GALLOC_OK);
    EXPECT(regions[2].base + galloc_root(set.bank[1].heap, 0) == kept && pattern_holds(kept, 300, 7));
    EXPECT(galloc_banks_free(&set, kept) == GALLOC_OK);
    expect_valid(&set);
}

// The owner is found wherever the banks are and in whatever order they were added.
static void owners(void) {
    galloc_banks_t set;
    rng_t rng = {20240607};
    for (uint32_t round = 0; round < 200; round++) {
        size_t order[GALLOC_BANKS_MAX];
        void *block[GALLOC_BANKS_MAX][3];
        size_t count = 1 + round % GALLOC_BANKS_MAX;
        make_heaps();
        galloc_banks_init(&set);
        for (size_t i = 0; i < count; i++) {
            size_t other = rng_below(&rng, (uint32_t)i + 1);
            order[i] = order[other];
            order[other] = i;
        }
        for (size_t i = 0; i < count; i++) {
            EXPECT(galloc_banks_add(&set, heaps[order[i]], (uint32_t)i) == GALLOC_OK);
            for (size_t k = 0; k < 3; k++) {
                block[i][k] = galloc_alloc(heaps[order[i]], k == 0 ? 0 : k == 1 ? 1000 : 40, 8); // at both ends
            }
        }
        for (size_t i = 0; i < count; i++) {
            for (size_t k = 0; k < 3; k++) {
                const galloc_banks_place_t *place = galloc_banks_place_of(&set, block[i][k]);
                EXPECT(place->heap == heaps[order[i]] && place->number == i && place->missing == ~(uint32_t)i);
                EXPECT(galloc_banks_find(&set, block[i][k]) == i);
                EXPECT(galloc_banks_usable_size(&set, block[i][k]) == galloc_usable_size(heaps[order[i]], block[i][k]));
                EXPECT(galloc_banks_free(&set, block[i][k]) == GALLOC_OK);
            }
        }
        expect_valid(&set);
    }
}

int main(void) {
    static const struct {
        const char *name;
        void (*run)(void);
    } tests[] = {
        {"an empty set", an_empty_set},
        {"banks that are refused", banks_that_are_refused},
        {"neighbours", neighbours},
        {"wrong pointers", wrong_pointers},
        {"requests", requests},
        {"all attributes", all_attributes},
        {"zeroed blocks", zeroed_blocks},
        {"statistics", statistics},
        {"blocks that move", blocks_that_move},
        {"a damaged bank", a_damaged_bank},
#if GALLOC_HARDENING >= 2
        {"a move that is undone", a_move_that_is_undone},
#endif
        {"a bank opened again", a_bank_opened_again},
        {"owners", owners},
    };
    for (size_t i = 0; i < sizeof tests / sizeof tests[0]; i++) {
        fail_context("%s", tests[i].name);
        tests[i].run();
    }
    printf("banks: %zu tests\n", sizeof tests / sizeof tests[0]);
    return 0;
}
