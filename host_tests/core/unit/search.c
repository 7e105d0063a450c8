// The search of a request that is about to fail: all of it in one call, in steps, or cut short by bounded_search.

#include "unit.h"

#define SIZE 65536u
#define LOOKS GALLOC_STEP_LOOKS
#define LOOKS_ALIGNED (GALLOC_STEP_LOOKS / 4u)

// `count` free chunks of `usable` bytes and one of 16 more, which is the last but `after` of their bin; nothing else is
// free. They are at multiples of 16.
static galloc_heap_t *crowd(size_t usable, size_t count, size_t after, bool bounded, uint8_t **wanted) {
    const galloc_config_t config = {0, 0, bounded};
    static uint8_t *blocks[512];
    galloc_heap_t *heap = new_heap(SIZE, &config);
    EXPECT(count < LENGTH(blocks) && usable % 16 == 12);
    lay(heap, (uintptr_t)payload_at(heap, heap->first) % 16 == 0 ? 28 : 20);
    for (size_t i = 0; i <= count; i++) {
        blocks[i] = lay(heap, usable + (i == 0 ? 16 : 0));
        lay(heap, 12);
    }
    lay(heap, SIZE_MAX);
    // Last in, first out.
    for (size_t i = 1; i <= after; i++) {
        give(heap, blocks[i]);
    }
    give(heap, *wanted = blocks[0]);
    for (size_t i = after + 1; i <= count; i++) {
        give(heap, blocks[i]);
    }
    size_t bin = galloc_bin_of(heap, heap->first, (usable - 12) / 4);
    EXPECT(bin == galloc_bin_of(heap, heap->first, (usable + 4) / 4) &&
           map_search(heap, (uint32_t)bin + 1) == GALLOC_BINS);
    return heap;
}

// What galloc_locked.h relies on: for a small request at the default alignment the map knows of each chunk that serves.
TEST(small_request_needs_no_search) {
    rng_t rng = {unit_seed};
    uint8_t *blocks[48] = {NULL};
    size_t refused = 0;
    galloc_heap_t *heap = new_heap(4096, NULL);
    for (size_t i = 0; i < 20000; i++) {
        size_t slot = rng_below(&rng, LENGTH(blocks)), size = rng_below(&rng, 4) ? 5 + rng_below(&rng, 127) : 600;
        size_t limit = ((const uint32_t *)(const void *)heap)[GALLOC_SMALL_LIMIT_WORD(GALLOC_BINS)] * (size_t)4;
        if (blocks[slot] != NULL) {
            EXPECT(galloc_free(heap, blocks[slot]) == GALLOC_OK);
        }
        galloc_search_t search = {0};
        bool could = heap_could_hold(heap, size, 8), small = size - 5u < limit;
        EXPECT(galloc_alloc_step(heap, size, 8, &search) == NULL && search.more);
        EXPECT(!small || could == (search.chunk != 0));
        blocks[slot] = galloc_alloc(heap, size, 8);
        EXPECT(could == (blocks[slot] != NULL));
        refused += small && blocks[slot] == NULL;
        EXPECT(limit == GALLOC_SMALLBINS * 8u && galloc_check(heap, NULL) == GALLOC_OK);
    }
    EXPECT(refused > 100);
    for (size_t i = 0; i < LENGTH(blocks); i++) {
        EXPECT(blocks[i] == NULL || galloc_free(heap, blocks[i]) == GALLOC_OK);
    }
    sound(heap);
}

// A look for the bin, and one for each chunk up to the one that serves.
static size_t looks_for(size_t count, size_t after) {
    return 1 + count - after + 1;
}

TEST(search_finds_what_is_far_down_its_own_bin) {
    for (size_t count = 0; count <= 60; count += 10) {
        for (size_t after = 0; after <= count; after += 5) {
            uint8_t *wanted;
            galloc_heap_t *heap = crowd(604, count, after, false, &wanted);
            EXPECT(take(heap, 620, 8) == wanted);
            EXPECT(galloc_alloc(heap, 620, 8) == NULL && failures(heap) == 1);
            sound(heap);
        }
    }
}

// Behind the last bin there is none: what is in the first ones is too small.
TEST(search_behind_the_last_bin) {
    size_t tried = 0;
    for (uint32_t smallbins = 1; smallbins < GALLOC_BINS / 2u; smallbins++) {
        const galloc_config_t config = {smallbins, 2, false};
        for (size_t size = 4096; size <= SIZE; size *= 2) {
            galloc_heap_t *heap = new_heap(size, &config);
            uint8_t *small = lay(heap, 28);
            lay(heap, 12);
            size_t usable = largest(heap), index = index_of_block(heap, small);
            if (galloc_bin_of(heap, index, (usable - 12) / 4) == GALLOC_BINS - 1u) {
                give(heap, small);
                EXPECT(galloc_alloc(heap, usable + 16, 8) == NULL);
                sound(heap);
                tried++;
            }
        }
    }
    EXPECT(tried > 0);
}

TEST(bounded_search_gives_up) {
    for (size_t count = 0; count <= 30; count++) {
        uint8_t *wanted;
        galloc_heap_t *heap = crowd(604, count, 0, true, &wanted);
        uint8_t *block = galloc_alloc(heap, 620, 8);
        EXPECT(block == (count < GALLOC_LOOKS || looks_for(count, 0) <= LOOKS ? wanted : NULL));
        EXPECT(failures(heap) == (block == NULL));
        sound(heap);
    }
}

// Requests up to 8 bytes of alignment that are small never search: what the map finds serves.
TEST(small_requests_need_no_search) {
    uint8_t *wanted;
    galloc_heap_t *heap = crowd(604, 40, 0, true, &wanted);
    for (size_t size = 0; size <= 132; size += 4) {
        uint8_t *block = take(heap, size, 8);
        give(heap, block);
    }
    EXPECT(failures(heap) == 0);
}

// ---- Over-aligned: chunks that serve by their address only -------------------------------------------------------

// Free chunks of 140 usable bytes between others, of which one, the first of its bin but `before`, has room for 124 bytes
// at a multiple of 64: none has room for the worst padding.
static galloc_heap_t *lucky(size_t count, size_t before, bool bounded, uint8_t **wanted) {
    const galloc_config_t config = {4, 2, bounded};
    static uint8_t *blocks[256];
    galloc_heap_t *heap = new_heap(SIZE, &config);
    lay(heap, (0 - ((uintptr_t)payload_at(heap, heap->first) + HEADER)) % 64 + 64);
    *wanted = lay(heap, 140);
    lay(heap, 52);
    for (size_t i = 0; i < count; i++) {
        blocks[i] = lay(heap, 140);
        EXPECT((uintptr_t)blocks[i] % 64 == 8);
        lay(heap, 44);
    }
    EXPECT((uintptr_t)*wanted % 64 == 0 && count < LENGTH(blocks));
    lay(heap, SIZE_MAX);
    for (size_t i = 0; i <= count; i++) {
        if (i == count - before) {
            give(heap, *wanted);
        }
        if (i < count) {
            give(heap, blocks[i]);
        }
    }
    return heap;
}

TEST(search_finds_an_address_that_serves) {
    for (size_t before = 0; before <= 40; before += 8) {
        uint8_t *wanted;
        galloc_heap_t *heap = lucky(40, before, false, &wanted);
        EXPECT(take(heap, 124, 64) == wanted);
        EXPECT(galloc_alloc(heap, 124, 64) == NULL && failures(heap) == 1);
        sound(heap);
    }
}

TEST(bounded_search_for_an_address_gives_up) {
    for (size_t before = 0; before <= 10; before++) {
        uint8_t *wanted;
        galloc_heap_t *heap = lucky(10, before, true, &wanted);
        uint8_t *block = galloc_alloc(heap, 124, 64);
        EXPECT(block == (1 + before + 1 <= LOOKS_ALIGNED ? wanted : NULL) && failures(heap) == (block == NULL));
        sound(heap);
    }
}

// ---- In steps ----------------------------------------------------------------------------------------------------

// The first step asks the map; the last one takes what that or the search has found.
static size_t steps_for(size_t looks, size_t looks_of_step, bool found) {
    return 1 + (looks + looks_of_step - 1) / looks_of_step + found;
}

// One to find a chunk, one for the place in it where that is at neither end, and one to take it.
static size_t steps_without_a_search(size_t align) {
    return 2 + (GALLOC_SMALL_CODE && align > 8);
}

TEST(few_steps_are_enough_without_a_search) {
    galloc_heap_t *heap = new_heap(SIZE, NULL);
    uint8_t *block;
    for (size_t align = 8; align <= 4096; align *= 2) {
        EXPECT(alloc_in_steps(heap, 100, align, &block) == steps_without_a_search(align) && block != NULL &&
               (uintptr_t)block % align == 0);
        EXPECT(alloc_in_steps(heap, 2000, align, &block) == steps_without_a_search(align) && block != NULL &&
               (uintptr_t)block % align == 0);
    }
    lay(new_heap(SIZE, NULL), SIZE_MAX);
    heap = (galloc_heap_t *)(void *)unit_region.base;
    EXPECT(alloc_in_steps(heap, 100, 8, &block) == 2 && block == NULL && failures(heap) == 1);
}

TEST(step_is_enough_to_refuse) {
    galloc_heap_t *heap = new_heap(SIZE, NULL);
    uint8_t *block;
    for (size_t align = 8; align <= 64; align *= 8) {
        for (size_t size = SIZE; size >= SIZE; size *= 2) { // up to the highest power of two
            EXPECT(alloc_in_steps(heap, size, align, &block) == 1 && block == NULL);
        }
        EXPECT(alloc_in_steps(heap, SIZE_MAX, align, &block) == 1 && block == NULL);
        EXPECT(alloc_in_steps(heap, 20, align + 4, &block) == 1 && block == NULL);
    }
}

TEST(steps_find_what_one_call_finds) {
    for (size_t count = 0; count <= 70; count += 7) {
        for (size_t after = 0; after <= count; after += 7) {
            uint8_t *wanted, *block;
            galloc_heap_t *heap = crowd(604, count, after, false, &wanted);
            size_t steps = alloc_in_steps(heap, 620, 8, &block), looks = looks_for(count, after);
            EXPECT(block == wanted && steps == (count - after < GALLOC_LOOKS ? 2 : steps_for(looks, LOOKS, true)));
            EXPECT(failures(heap) == 0);
            size_t all = count + 2; // and the one that finds no further bin
            EXPECT(alloc_in_steps(heap, 620, 8, &block) == steps_for(all, LOOKS, false) && block == NULL);
            EXPECT(failures(heap) == 1);
        }
    }
}

TEST(steps_find_an_address_that_serves) {
    for (size_t before = 0; before <= 40; before += 4) {
        uint8_t *wanted, *block;
        galloc_heap_t *heap = lucky(40, before, false, &wanted);
        EXPECT(alloc_in_steps(heap, 124, 64, &block) == steps_for(2 + before, LOOKS_ALIGNED, true) && block == wanted);
        EXPECT(alloc_in_steps(heap, 0, 65536, &block) > 2 && block == NULL && failures(heap) == 1);
    }
}

TEST(one_step_more_with_bounded_search) {
    for (size_t count = 0; count <= 40; count += 8) {
        uint8_t *wanted, *block, *same;
        galloc_heap_t *heap = crowd(604, count, 0, true, &wanted);
        size_t steps = alloc_in_steps(heap, 620, 8, &block);
        EXPECT(steps <= (block != NULL ? 3 : 2));
        same = galloc_alloc(crowd(604, count, 0, true, &wanted), 620, 8);
        EXPECT(same == NULL ? block == NULL : block == wanted);
        heap = (galloc_heap_t *)(void *)unit_region.base;
        EXPECT(same != NULL || failures(heap) == 1);
    }
}

// When others change the heap between two steps, the search starts over; a few times, then it fails.
TEST(steps_start_over_when_the_heap_changes) {
    for (int changed = 0; changed < 3; changed++) {
        uint8_t *wanted;
        galloc_heap_t *heap = crowd(604, 100, 0, false, &wanted);
        uint8_t *other = take(heap, 28, 8);
        galloc_search_t search = {0};
        size_t steps = 0;
        do {
            EXPECT(galloc_alloc_step(heap, 620, 8, &search) == NULL);
            steps++;
            EXPECT(galloc_check(heap, NULL) == GALLOC_OK);
            if (search.more) {
                switch (changed) {
                    case 0:
                        give(heap, other);
                        other = take(heap, 28, 8);
                        break;
                    case 1:
                        EXPECT(resize(heap, other, steps % 2 ? 12 : 28));
                        break;
                    default:
                        give(heap, take(heap, 12, 8));
                }
            }
        } while (search.more);
        EXPECT(steps == GALLOC_RESTARTS + 2 && failures(heap) == 1);
    }
}

// A request that the map has a chunk for is served, however often others change the heap.
TEST(steps_are_served_although_the_heap_changes) {
    for (size_t align = 8; align <= 4096; align *= 8) {
        for (size_t size = 100; size <= 3000; size += 2900) {
            galloc_heap_t *heap = new_heap(SIZE, NULL);
            uint8_t *block = NULL, *other = take(heap, 28, 8);
            galloc_search_t search = {0};
            size_t steps = 0;
            do {
                give(heap, other);
                other = take(heap, 28, 8);
                block = galloc_alloc_step(heap, size, align, &search);
                steps++;
                EXPECT(galloc_check(heap, NULL) == GALLOC_OK);
            } while (search.more);
            EXPECT(block != NULL && (uintptr_t)block % align == 0 && galloc_usable_size(heap, block) >= size);
            EXPECT(steps == GALLOC_RESTARTS + 1 && failures(heap) == 0);
        }
    }
}

TEST(steps_go_on_after_a_change) {
    uint8_t *wanted;
    galloc_heap_t *heap = crowd(604, 100, 0, false, &wanted);
    galloc_search_t search = {0};
    for (int i = 0; i < 3; i++) {
        EXPECT(galloc_alloc_step(heap, 620, 8, &search) == NULL && search.more);
    }
    uint8_t *other = take(heap, 12, 8);
    uint8_t *block = NULL;
    while (block == NULL) {
        block = galloc_alloc_step(heap, 620, 8, &search);
        EXPECT(block != NULL || search.more);
    }
    EXPECT(block == wanted && !search.more && failures(heap) == 0);
    give(heap, other);
}

// A search that finds another's damage comes to an end all the same.
TEST(steps_in_a_damaged_heap) {
    uint8_t *wanted, *block;
    galloc_heap_t *heap = crowd(604, 40, 0, false, &wanted);
    size_t bin = galloc_bin_of(heap, heap->first, (604 - 12) / 4);
    chunk_at(heap, heap->bins[bin])->next = heap->bins[bin]; // a circle
    forget();
    galloc_search_t search = {0};
    size_t steps = 0;
    do {
        EXPECT(galloc_alloc_step(heap, 620, 8, &search) == NULL);
    } while (search.more && ++steps < 1000000);
    EXPECT(!search.more && galloc_alloc(heap, 620, 8) == NULL);
    heap->limit_twin++;
    search = (galloc_search_t){0};
    block = galloc_alloc_step(heap, 12, 8, &search);
    EXPECT(block == NULL && !search.more);
    heap->limit_twin--;
    heap->no_header = 1;
    EXPECT(galloc_check(heap, NULL) == GALLOC_FAULT_CORRUPT);
}

// What was computed of a chunk in one step is verified in the next.
TEST_LEVEL(2, chunk_that_is_damaged_between_two_steps) {
    uint8_t *wanted;
    galloc_heap_t *heap = lucky(0, 0, false, &wanted);
    galloc_search_t search = {0};
    EXPECT(galloc_alloc_step(heap, 124, 64, &search) == NULL && search.more);
    EXPECT(galloc_alloc_step(heap, 124, 64, &search) == NULL && search.more);
    EXPECT(search.chunk == index_of_block(heap, wanted));
    remember();
    chunk_of(heap, wanted)->header = free_header((60 - 12) / 4); // a chunk of 60 bytes, with a foot
    ((uint32_t *)(void *)wanted)[60 / 4 - 1] = search.chunk;
    EXPECT(galloc_alloc_step(heap, 124, 64, &search) == NULL && !search.more && failures(heap) == 1);
    restore();
    sound(heap);
}

// An allocation and a resize are two changes. The chunk that was next is a block by then, and is not looked at again.
TEST(search_in_steps_starts_over_at_the_first_chunk) {
    uint8_t *wanted;
    galloc_heap_t *heap = crowd(604, 60, 0, false, &wanted);
    galloc_search_t search = {0};
    void *block = galloc_alloc_step(heap, 620, 8, &search);
    EXPECT(block == NULL && search.more && search.starts == 1);
    block = galloc_alloc_step(heap, 620, 8, &search);
    EXPECT(block == NULL && search.more && search.starts == 1 && search.chunk != 0);
    size_t next = search.chunk;
    bool taken = false;
    for (size_t i = 0; i < 20; i++) {
        taken = index_of_block(heap, take(heap, 604, 8)) == next || taken;
    }
    EXPECT(taken);
    do {
        block = galloc_alloc_step(heap, 620, 8, &search);
    } while (search.more);
    EXPECT(block == wanted && search.starts == 2 && failures(heap) == 0);

    heap = crowd(604, 60, 0, false, &wanted);
    search = (galloc_search_t){0};
    for (size_t i = 0; i < 2; i++) {
        block = galloc_alloc_step(heap, 620, 8, &search);
        EXPECT(block == NULL && search.more);
    }
    EXPECT(resize(heap, take(heap, 604, 8), 300));
    block = galloc_alloc_step(heap, 620, 8, &search);
    EXPECT(block == NULL && search.more && search.starts == 2);
}

// ---- Stats in steps ----------------------------------------------------------------------------------------------

TEST(stats_in_steps) {
    for (size_t count = 0; count <= 70; count += 7) {
        uint8_t *wanted;
        galloc_heap_t *heap = crowd(604, count, 0, false, &wanted);
        galloc_search_t search = {0};
        galloc_stats_t stats, whole;
        size_t steps = 1;
        while (!galloc_stats_step(heap, &stats, &search)) {
            steps++;
        }
        EXPECT(steps == 1 + (count + 1) / LOOKS && stats.largest == 620 && stats.free_chunks == count + 1);
        galloc_stats(heap, &whole);
        EXPECT(memcmp(&whole, &stats, sizeof stats) == 0);
    }
}

TEST(stats_in_steps_start_over_when_the_heap_changes) {
    uint8_t *wanted;
    galloc_heap_t *heap = crowd(604, 100, 0, false, &wanted);
    galloc_search_t search = {0};
    galloc_stats_t stats;
    size_t steps = 0;
    bool done;
    do {
        done = galloc_stats_step(heap, &stats, &search);
        steps++;
        give(heap, take(heap, 12, 8));
    } while (!done);
    EXPECT(steps == GALLOC_RESTARTS + 2);
    EXPECT(stats.used + stats.free + stats.overhead == stats.total && stats.largest <= 620);
}

// An allocation and a resize are two changes, and the largest chunk has been passed by then.
TEST(stats_in_steps_start_over_at_the_first_chunk) {
    uint8_t *wanted;
    galloc_heap_t *heap = crowd(604, 100, 90, false, &wanted);
    galloc_search_t search = {0};
    galloc_stats_t stats, whole;
    uint8_t *block = take(heap, 300, 8);
    EXPECT(!galloc_stats_step(heap, &stats, &search) && search.starts == 1 && stats.largest == 620);
    EXPECT(resize(heap, block, 200) && take(heap, 12, 8) != NULL);
    EXPECT(!galloc_stats_step(heap, &stats, &search) && search.starts == 2);
    while (!galloc_stats_step(heap, &stats, &search)) {
    }
    galloc_stats(heap, &whole);
    EXPECT(stats.largest == 620 && memcmp(&whole, &stats, sizeof stats) == 0);
}

TEST(stats_of_a_damaged_list) {
    uint8_t *wanted;
    galloc_heap_t *heap = crowd(604, 60, 0, false, &wanted);
    size_t bin = galloc_bin_of(heap, heap->first, (604 - 12) / 4);
    uint32_t *next = &chunk_at(heap, heap->bins[bin])->next, kept = *next;
    galloc_stats_t stats;
    const uint32_t wrong[] = {heap->bins[bin], heap->limit, heap->limit + 3, UINT32_MAX, 3, heap->first + 1};
    for (size_t i = 0; i < LENGTH(wrong); i++) {
        *next = wrong[i];
        galloc_stats(heap, &stats);
        EXPECT(stats.free_chunks == 61 && stats.largest >= 604 && galloc_check(heap, NULL) == GALLOC_FAULT_CORRUPT);
    }
    *next = kept;
    sound(heap);
    heap->limit++;
    galloc_stats(heap, &stats);
    EXPECT(stats.total == 0 && stats.free == 0);
}
