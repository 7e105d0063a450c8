// Requests and bad arguments: what each call answers, and that nothing changes where it refuses.

#include "unit.h"

#define SIZE 16384u

static bool never(void *context, void *block, size_t size, bool allocated) {
    (void)context, (void)block, (void)size, (void)allocated;
    fail("a walk without a heap visits something");
}

TEST(no_heap) {
    galloc_heap_t *heap = new_heap(SIZE, NULL);
    uint8_t *block = take(heap, 100, 8);
    galloc_search_t search = {0};
    galloc_move_t move = {0};
    galloc_stats_t stats;
    size_t offset = 1;
    EXPECT(galloc_alloc(NULL, 8, 8) == NULL && galloc_alloc(NULL, 8, 64) == NULL);
    EXPECT(galloc_alloc_zeroed(NULL, 8, 8) == NULL);
    EXPECT(galloc_alloc_step(NULL, 8, 8, &search) == NULL && !search.more);
    EXPECT(galloc_free(NULL, block) == GALLOC_FAULT_NULL && galloc_fault_of(NULL, block) == GALLOC_FAULT_NULL);
    EXPECT(galloc_realloc(NULL, block, 8, 8) == NULL && galloc_realloc(NULL, block, 0, 8) == NULL);
    EXPECT(galloc_realloc(NULL, NULL, 8, 8) == NULL);
    EXPECT(!galloc_realloc_begin(NULL, block, 8, 8, &move) && !galloc_realloc_begin(NULL, NULL, 8, 8, &move));
    EXPECT(!galloc_resize(NULL, block, 8));
    EXPECT(galloc_usable_size(NULL, block) == 0 && !galloc_owns(NULL, block));
    EXPECT(galloc_check(NULL, &offset) == GALLOC_FAULT_NULL && offset == 0);
    EXPECT(galloc_check(NULL, NULL) == GALLOC_FAULT_NULL);
    galloc_walk(NULL, never, NULL);
    memset(&stats, 1, sizeof stats);
    galloc_stats(NULL, &stats);
    EXPECT(stats.total == 0 && stats.free == 0 && stats.largest == 0 && stats.failures == 0);
    EXPECT(galloc_generation(NULL) == 0);
    EXPECT(galloc_root(NULL, 0) == 0 && !galloc_set_root(NULL, 0, 1));
    sound(heap);
}

TEST(no_block) {
    galloc_heap_t *heap = new_heap(SIZE, NULL);
    remember();
    EXPECT(galloc_free(heap, NULL) == GALLOC_FAULT_NULL && galloc_fault_of(heap, NULL) == GALLOC_FAULT_NULL);
    EXPECT(!galloc_resize(heap, NULL, 8) && galloc_usable_size(heap, NULL) == 0 && !galloc_owns(heap, NULL));
    EXPECT(unchanged());
}

TEST(alignments_up_to_8_are_8) {
    galloc_heap_t *heap = new_heap(SIZE, NULL);
    for (size_t align = 0; align <= 8; align = align == 0 ? 1 : align * 2) {
        uint8_t *block = take(heap, 60, align);
        EXPECT((uintptr_t)block % 8 == 0 && galloc_usable_size(heap, block) == 60);
        EXPECT(change(heap, block, 60, align) == block && change(heap, block, 50, align) == block);
    }
}

TEST(alignments_that_are_no_power_of_two) {
    static const size_t aligns[] = {3, 5, 6, 7, 9, 12, 24, 48, 1000, ((size_t)1 << 31) + 8, SIZE_MAX};
    galloc_heap_t *heap = new_heap(SIZE, NULL);
    uint8_t *block = take(heap, 100, 8);
    for (size_t i = 0; i < LENGTH(aligns); i++) {
        galloc_search_t search = {0};
        EXPECT(galloc_alloc(heap, 8, aligns[i]) == NULL && galloc_alloc_zeroed(heap, 8, aligns[i]) == NULL);
        EXPECT(galloc_alloc_step(heap, 8, aligns[i], &search) == NULL && !search.more);
        EXPECT(change(heap, block, 8, aligns[i]) == NULL && change(heap, block, 200, aligns[i]) == NULL);
        EXPECT(galloc_realloc(heap, NULL, 8, aligns[i]) == NULL);
        sound(heap);
    }
    EXPECT(failures(heap) == 6 * LENGTH(aligns));
    give(heap, block);
}

TEST(alignments_beyond_the_region) {
    galloc_heap_t *heap = new_heap(SIZE, NULL);
    EXPECT((uintptr_t)heap % 65536 != 0); // so no address in it is a multiple of more than 32768
    uint8_t *block = take(heap, 8, 8);
    for (size_t align = 65536; align != 0; align *= 2) {
        EXPECT(galloc_alloc(heap, 8, align) == NULL && galloc_alloc(heap, 0, align) == NULL);
        EXPECT(change(heap, block, 8, align) == NULL && change(heap, block, 100, align) == NULL);
    }
    EXPECT(take(heap, 8, SIZE / 2) == unit_region.base + SIZE / 2);
}

TEST(sizes_beyond_the_region) {
    static const size_t sizes[] = {SIZE_MAX,    SIZE_MAX - 4, SIZE_MAX / 2 + 1, 0xffffffffu, 0xfffffff0u, 0x7fffffffu,
                                   0x40000000u, SIZE,         SIZE - 64};
    galloc_heap_t *heap = new_heap(SIZE, NULL);
    uint8_t *block = take(heap, 100, 8), *low = lay(heap, 44);
    for (size_t i = 0; i < LENGTH(sizes); i++) {
        galloc_search_t search = {0};
        for (size_t align = 8; align <= 4096; align *= 8) {
            EXPECT(galloc_alloc(heap, sizes[i], align) == NULL);
            EXPECT(change(heap, block, sizes[i], align) == NULL && change(heap, low, sizes[i], align) == NULL);
        }
        EXPECT(galloc_alloc_zeroed(heap, sizes[i], 8) == NULL);
        void *made;
        do {
            made = galloc_alloc_step(heap, sizes[i], 8, &search);
        } while (search.more);
        EXPECT(made == NULL && !resize(heap, block, sizes[i]) && !resize(heap, low, sizes[i]));
    }
    EXPECT(failures(heap) == (4 * 3 + 2) * LENGTH(sizes));
    sound(heap);
}

// The largest request that fits, and one more byte.
TEST(size_of_all_that_is_free) {
    galloc_heap_t *heap = new_heap(SIZE, NULL);
    size_t all = largest(heap);
    EXPECT(free_bytes(heap) == all && galloc_alloc(heap, all + 1, 8) == NULL);
    uint8_t *block = take(heap, all, 8);
    EXPECT(galloc_usable_size(heap, block) == all && free_bytes(heap) == 0 && largest(heap) == 0);
    for (size_t size = 0; size <= 2048; size += 256) {
        EXPECT(galloc_alloc(heap, size, 8) == NULL && galloc_alloc(heap, size, 64) == NULL);
    }
    galloc_stats_t stats;
    galloc_stats(heap, &stats);
    EXPECT(stats.free_chunks == 0 && stats.blocks == 1 && stats.used == all && stats.failures == 19);
    give(heap, block);
    EXPECT(largest(heap) == all);
}

// Sizes below 5 are computed in another way than the others.
TEST(size_of_the_least_block) {
    galloc_heap_t *heap = new_heap(SIZE, NULL);
    for (size_t size = 0; size <= 13; size++) {
        size_t usable = size <= 12 ? 12 : 20;
        for (size_t align = 8; align <= 64; align *= 2) {
            uint8_t *block = take(heap, size, align);
            EXPECT(galloc_usable_size(heap, block) - usable <= 8);
            EXPECT(align > 8 || galloc_usable_size(heap, block) == usable);
            uint8_t *other;
            EXPECT(alloc_in_steps(heap, size, align, &other) > 0);
            EXPECT(other != NULL && other != block && galloc_usable_size(heap, other) - usable <= 8);
            EXPECT(galloc_free(heap, other) == GALLOC_OK);
            give(heap, block);
        }
        uint8_t *block = take(heap, 100, 8), *other = take(heap, 100, 8);
        EXPECT(resize(heap, block, size) && galloc_usable_size(heap, block) == usable);
        EXPECT((other = change(heap, other, size, 32)) != NULL);
        EXPECT((other = change(heap, other, size, 8)) != NULL && galloc_usable_size(heap, other) == usable);
        give(heap, block);
        give(heap, other);
    }
    EXPECT(failures(heap) == 0);
}

// A usable size is exact: 4 mod 8, at least what was asked for, less than 8 bytes more, where the hole is larger.
TEST(size_is_rounded_up_to_4_mod_8) {
    galloc_heap_t *heap = new_heap(SIZE, NULL);
    for (size_t size = 0; size <= 2100; size += size < 160 ? 1 : 77) {
        uint8_t *block = take(heap, size, 8);
        EXPECT(galloc_usable_size(heap, block) == payload_for(size));
        give(heap, block);
    }
}

TEST(zeroed_blocks) {
    galloc_heap_t *heap = new_heap(SIZE, NULL);
    for (size_t size = 0; size <= 300; size += 23) {
        for (size_t align = 8; align <= 128; align *= 4) {
            uint8_t *dirty = take(heap, 4000, 8);
            give(heap, dirty);
            uint8_t *block = galloc_alloc_zeroed(heap, size, align);
            EXPECT(block != NULL && (uintptr_t)block % align == 0);
            for (size_t i = 0; i < size; i++) {
                EXPECT(block[i] == 0);
            }
            EXPECT(galloc_free(heap, block) == GALLOC_OK);
            sound(heap);
        }
    }
}

// The payload words of a live block look like whatever its user wrote: nothing in it passes for a block.
TEST_LEVEL(1, every_address_gets_its_fault) {
    uint8_t *base = new_region(2048 + 128);
    galloc_heap_t *heap = galloc_init(base + 64, 2048, NULL);
    uint8_t *block = galloc_alloc(heap, 100, 8);
    EXPECT(block != NULL && galloc_alloc(heap, 200, 8) != NULL);
    uint8_t *first = payload_at(heap, heap->first), *end = payload_at(heap, heap->limit);
    for (int fill = 0; fill < 256; fill += 255) {
        memset(block, fill, galloc_usable_size(heap, block));
        for (uint8_t *at = base; at < base + 2048 + 128; at++) {
            galloc_fault_t expected = at < first || at >= end                      ? GALLOC_FAULT_FOREIGN
                                      : (uintptr_t)at % 8 != 0                     ? GALLOC_FAULT_MISALIGNED
                                      : chunk_of(heap, at)->header & GALLOC_IN_USE ? GALLOC_FAULT_CORRUPT
                                                                                   : GALLOC_FAULT_NOT_ALLOCATED;
            if (galloc_owns(heap, at)) {
                EXPECT(expected == GALLOC_FAULT_CORRUPT); // as far as its header's first byte shows
                continue;
            }
            remember();
            EXPECT(galloc_free(heap, at) == expected && galloc_fault_of(heap, at) == expected);
            EXPECT(!galloc_resize(heap, at, 8) && galloc_usable_size(heap, at) == 0 && unchanged());
            EXPECT(galloc_realloc(heap, at, 8, 8) == NULL && galloc_realloc(heap, at, 0, 8) == NULL && unchanged());
        }
        EXPECT(galloc_check(heap, NULL) == GALLOC_OK);
    }
    // Far away, where reading would fault.
    static const uintptr_t far[] = {8, 4096, UINTPTR_MAX - 7, UINTPTR_MAX / 2 + 1};
    for (size_t i = 0; i < LENGTH(far); i++) {
        EXPECT(galloc_free(heap, (void *)far[i]) == GALLOC_FAULT_FOREIGN && !galloc_owns(heap, (void *)far[i]));
    }
}

TEST(fault_names) {
    for (int i = GALLOC_OK; i <= GALLOC_FAULT_FULL + 1; i++) {
        for (int k = GALLOC_OK; k < i; k++) {
            EXPECT(strcmp(galloc_fault_name((galloc_fault_t)i), galloc_fault_name((galloc_fault_t)k)) != 0);
        }
    }
    EXPECT(strcmp(galloc_fault_name(GALLOC_OK), "ok") == 0);
    EXPECT(strcmp(galloc_fault_name(GALLOC_FAULT_NOT_ALLOCATED), "not allocated") == 0);
    EXPECT(strcmp(galloc_fault_name(GALLOC_FAULT_GEOMETRY), "geometry") == 0);
    EXPECT(strcmp(galloc_fault_name(GALLOC_FAULT_FULL), "full") == 0);
    EXPECT(strcmp(galloc_fault_name((galloc_fault_t)(GALLOC_FAULT_FULL + 1)), "unknown") == 0);
    EXPECT(strcmp(galloc_fault_name((galloc_fault_t)99), "unknown") == 0);
}

static bool count_two(void *context, void *block, size_t size, bool allocated) {
    size_t *count = context;
    (void)block, (void)size, (void)allocated;
    return ++*count < 2;
}

static bool in_order(void *context, void *block, size_t size, bool allocated) {
    uint8_t **expected = context;
    (void)allocated;
    EXPECT(*expected == NULL || block == *expected);
    *expected = (uint8_t *)block + size + HEADER;
    return true;
}

TEST(walk_visits_all_and_stops_when_asked) {
    galloc_heap_t *heap = new_heap(SIZE, NULL);
    uint8_t *blocks[20], *expected = NULL;
    for (size_t i = 0; i < LENGTH(blocks); i++) {
        blocks[i] = take(heap, 10 * i, 8);
    }
    for (size_t i = 0; i < LENGTH(blocks); i += 3) {
        give(heap, blocks[i]);
    }
    galloc_walk(heap, in_order, &expected);
    EXPECT(expected == unit_region.base + SIZE + HEADER - HEADER);
    size_t count = 0;
    galloc_walk(heap, count_two, &count);
    EXPECT(count == 2);
}

TEST(counters) {
    galloc_heap_t *heap = new_heap(SIZE, NULL);
    galloc_stats_t stats;
    size_t all = free_bytes(heap);
    uint8_t *one = take(heap, 100, 8), *two = take(heap, 200, 8);
    give(heap, one);
    EXPECT(galloc_alloc(heap, SIZE, 8) == NULL);
    galloc_stats(heap, &stats);
    EXPECT(stats.total == SIZE && stats.used + stats.free + stats.overhead == stats.total);
    EXPECT(stats.used == 204 && stats.peak_used == 304 && stats.blocks == 1 && stats.allocs == 2 && stats.frees == 1);
    EXPECT(stats.failures == 1 && stats.free_chunks == 2);
    EXPECT(resize(heap, two, 250) && resize(heap, two, 20));
    galloc_stats(heap, &stats);
    EXPECT(stats.used == 20 && stats.peak_used == 304 && stats.allocs == 2 && stats.frees == 1);
    give(heap, two);
    galloc_stats(heap, &stats);
    EXPECT(stats.used == 0 && stats.free == all && stats.largest == all && stats.free_chunks == 1);
}
