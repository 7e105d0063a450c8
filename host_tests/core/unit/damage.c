// Damage: each kind of word overwritten, and what the calls answer then at GALLOC_HARDENING 2. galloc_check reports all of
// it and where; a block's own header is refused by each call; a neighbour that is damaged is refused where it is in front
// of the block and left alone where it is behind. Whatever happens, nothing outside of the region is touched.

#include "unit.h"

#define SIZE 8192u

#define FIELD(name) offsetof(struct galloc_heap, name)

static uint32_t *word_at(galloc_heap_t *heap, size_t offset) {
    return (uint32_t *)(void *)((uint8_t *)heap + offset);
}

static size_t chunk_offset(const galloc_heap_t *heap, const void *block) {
    return offset_of(heap, &chunk_of(heap, block)->header);
}

// Free chunks of some sizes, two of them of the same, between live blocks of 44 bytes.
#define HOLES 6u
static const size_t hole_sizes[HOLES] = {12, 60, 60, 300, 500, 540};

static galloc_heap_t *with_holes(uint8_t **holes, uint8_t **behind) {
    galloc_heap_t *heap = new_heap(SIZE, NULL);
    lay(heap, (uintptr_t)payload_at(heap, heap->first) % 16 == 0 ? 28 : 20);
    for (size_t i = 0; i < HOLES; i++) {
        holes[i] = lay(heap, hole_sizes[i]);
        behind[i] = lay(heap, 44);
    }
    lay(heap, SIZE_MAX);
    for (size_t i = 0; i < HOLES; i++) {
        give(heap, holes[i]);
    }
    return heap;
}

// Some of everything, at every block; the guards around the region catch what leaves it.
static void use(galloc_heap_t *heap, uint8_t **blocks, size_t count) {
    galloc_stats_t stats;
    for (size_t i = 0; i < count; i++) {
        galloc_resize(heap, blocks[i], i % 2 ? 12 : 100);
        galloc_realloc(heap, blocks[i], i % 3 ? 30 : 400, i % 2 ? 8 : 64);
        galloc_free(heap, blocks[i]);
    }
    for (size_t size = 4; size < 700; size += 60) {
        galloc_alloc(heap, size, 8);
        galloc_alloc(heap, size, 32);
    }
    galloc_stats(heap, &stats);
    galloc_check(heap, NULL);
    const char *wrong = region_canary(&unit_region);
    EXPECT(wrong == NULL);
}

static void expect_fault_at(const galloc_heap_t *heap, size_t expected) {
    size_t offset = SIZE;
    EXPECT(galloc_check(heap, &offset) == GALLOC_FAULT_CORRUPT);
    if (offset != expected) {
        fail("the fault is reported at %zu, not at %zu", offset, expected);
    }
    EXPECT(galloc_attach(unit_region.base, SIZE) == NULL);
}

// ---- The control block -------------------------------------------------------------------------------------------

static bool never(void *context, void *block, size_t size, bool allocated) {
    (void)context, (void)block, (void)size, (void)allocated;
    fail("the walk of a heap without bounds visits something");
}

TEST_LEVEL(1, damaged_bounds_stop_everything) {
    uint8_t *holes[HOLES], *blocks[HOLES];
    galloc_heap_t *heap = with_holes(holes, blocks);
    for (size_t field = FIELD(limit); field <= FIELD(limit_twin); field += 4) {
        for (uint32_t bit = 1; bit != 0; bit *= 2) {
            *word_at(heap, field) ^= bit;
            remember();
            galloc_search_t search = {0};
            galloc_stats_t stats;
            galloc_move_t move = {0};
            size_t offset = 1;
            EXPECT(galloc_alloc(heap, 8, 8) == NULL && galloc_alloc(heap, 8, 64) == NULL);
            EXPECT(galloc_alloc_zeroed(heap, 8, 8) == NULL && galloc_alloc_step(heap, 8, 8, &search) == NULL);
            EXPECT(galloc_free(heap, blocks[0]) == GALLOC_FAULT_GEOMETRY && !search.more);
            EXPECT(galloc_free(heap, NULL) == GALLOC_FAULT_NULL &&
                   galloc_fault_of(heap, heap) == GALLOC_FAULT_GEOMETRY);
            EXPECT(galloc_realloc(heap, blocks[0], 8, 8) == NULL && galloc_realloc(heap, blocks[0], 0, 8) == NULL);
            EXPECT(galloc_realloc(heap, NULL, 8, 8) == NULL && !galloc_resize(heap, blocks[0], 8));
            EXPECT(!galloc_realloc_begin(heap, blocks[0], 8, 8, &move) &&
                   !galloc_realloc_begin(heap, NULL, 8, 8, &move));
            EXPECT(!galloc_owns(heap, blocks[0]) && galloc_usable_size(heap, blocks[0]) == 0);
            EXPECT(galloc_check(heap, &offset) == GALLOC_FAULT_GEOMETRY && offset == 0);
            EXPECT(!galloc_initialized(unit_region.base, SIZE) && galloc_attach(unit_region.base, SIZE) == NULL);
            galloc_walk(heap, never, NULL);
            galloc_stats(heap, &stats);
            EXPECT(stats.total == 0 && stats.blocks == 0 && unchanged());
            *word_at(heap, field) ^= bit;
        }
    }
    sound(heap);
}

static bool is_settled(size_t field) {
    return (field >= FIELD(small_limit) && field <= FIELD(sub_repeat)) || field == FIELD(first);
}

// The words that never change, and those that a checksum covers beside them.
TEST_LEVEL(2, damaged_control_block_is_reported) {
    uint8_t *holes[HOLES], *blocks[HOLES];
    galloc_heap_t *heap = with_holes(holes, blocks);
    forget();
    remember();
    size_t words = 0;
    for (size_t field = FIELD(small_limit); field < FIELD(bins); field += 4) {
        bool checked = is_settled(field) || field == FIELD(failures) || field == FIELD(no_header) ||
                       field == FIELD(control_check) || field >= FIELD(roots);
        for (uint32_t bit = 1; bit != 0 && checked; bit *= 2) {
            *word_at(heap, field) ^= bit;
            expect_fault_at(heap, FIELD(control_check));
            use(heap, blocks, HOLES);
            restore();
            words++;
        }
    }
    EXPECT(words == 32 * (11 + 1 + 3 + GALLOC_ROOTS));
    sound(heap);
}

// With a control block like that nothing can be relied on, so no pointer is called wrong.
TEST_LEVEL(1, pointers_beside_a_damaged_control_block) {
    uint8_t *holes[HOLES], *blocks[HOLES];
    galloc_heap_t *heap = with_holes(holes, blocks);
    EXPECT(galloc_free(heap, &heap) == GALLOC_FAULT_FOREIGN && galloc_fault_of(heap, &heap) == GALLOC_FAULT_FOREIGN);
    heap->roots[1] ^= 1u << 7;
    EXPECT(galloc_free(heap, &heap) == GALLOC_FAULT_CORRUPT && galloc_fault_of(heap, &heap) == GALLOC_FAULT_CORRUPT);
    EXPECT(galloc_free(heap, NULL) == GALLOC_FAULT_NULL && galloc_free(heap, blocks[0] + 4) == GALLOC_FAULT_CORRUPT);
    heap->roots[1] ^= 1u << 7;
    sound(heap);
}

TEST(same_bit_in_two_words_of_the_control_block) {
    uint8_t *holes[HOLES], *blocks[HOLES];
    galloc_heap_t *heap = with_holes(holes, blocks);
    for (size_t one = FIELD(small_limit); one <= FIELD(sub_repeat); one += 4) {
        for (size_t other = FIELD(small_limit); other < one; other += 4) {
            for (uint32_t bit = 1; bit != 0; bit *= 2) {
                *word_at(heap, one) ^= bit;
                *word_at(heap, other) ^= bit;
                expect_fault_at(heap, FIELD(control_check));
                *word_at(heap, one) ^= bit;
                *word_at(heap, other) ^= bit;
            }
        }
    }
    sound(heap);
}

// Words that agree with their checksum, and are wrong all the same.
TEST_LEVEL(2, forged_control_block) {
    uint8_t *holes[HOLES], *blocks[HOLES];
    galloc_heap_t *heap = with_holes(holes, blocks);
    const uint32_t values[] = {0, 1, 2, 3, heap->first - 2, heap->first + 2, heap->limit, heap->limit + 3, UINT32_MAX};
    forget();
    remember();
    for (size_t field = FIELD(small_limit); field < FIELD(bins); field += 4) {
        for (size_t i = 0; i < LENGTH(values) && is_settled(field); i++) {
            uint32_t before = *word_at(heap, field);
            *word_at(heap, field) = values[i];
            heap->control_check = galloc_control_check(heap);
            // The others say where free chunks belong, and may agree with where these are.
            bool decisive = field == FIELD(key) || field == FIELD(size_mask) || field == FIELD(first);
            EXPECT(galloc_check(heap, NULL) == GALLOC_FAULT_CORRUPT || values[i] == before || !decisive);
            use(heap, blocks, HOLES);
            restore();
        }
    }
}

TEST(damaged_counters_are_reported) {
    static const struct {
        size_t field, reported;
    } counters[] = {
        {FIELD(peak), FIELD(slack)},   {FIELD(slack), FIELD(slack)},   {FIELD(allocs), FIELD(allocs)},
        {FIELD(frees), FIELD(allocs)}, {FIELD(splits), FIELD(splits)}, {FIELD(resizes), FIELD(splits)},
    };
    uint8_t *holes[HOLES], *blocks[HOLES];
    galloc_heap_t *heap = with_holes(holes, blocks);
    for (size_t i = 0; i < LENGTH(counters); i++) {
        for (uint32_t bit = 1; bit != 0; bit *= 2) {
            *word_at(heap, counters[i].field) ^= bit;
            expect_fault_at(heap, counters[i].reported);
            *word_at(heap, counters[i].field) ^= bit;
        }
    }
    // Two that agree with each other: more slack than there ever was in use.
    uint32_t beyond = heap->peak - heap->slack;
    heap->peak = 0;
    heap->slack = 0u - beyond;
    expect_fault_at(heap, FIELD(slack));
}

TEST_LEVEL(2, damaged_map_is_reported) {
    uint8_t *holes[HOLES], *blocks[HOLES];
    galloc_heap_t *heap = with_holes(holes, blocks);
    forget();
    remember();
    for (uint32_t bin = 0; bin < GALLOC_BINS; bin++) {
        heap->map[bin / 32] ^= 1u << bin % 32;
        expect_fault_at(heap, FIELD(map) + bin / 32 * 4);
        use(heap, blocks, HOLES);
        restore();
    }
    // A request that is led to a bin without chunks fails, or, in small code, searches.
    for (size_t size = 12; size <= 132; size += 8) {
        uint32_t bin = (uint32_t)galloc_bin_of(heap, heap->first, (size - 12) / 4);
        if (heap->bins[bin] == 0 && map_search(heap, bin & ~1u) > bin) {
            map_set(heap, bin);
            uint8_t *block = galloc_alloc(heap, size, 8);
            EXPECT(GALLOC_SMALL_CODE && block != NULL ? galloc_usable_size(heap, block) >= size
                                                      : block == NULL && failures(heap) == 1);
            restore();
        }
    }
    sound(heap);
}

// The same where all small bins are empty: nothing of the control block may pass for a chunk, whatever the roots hold.
TEST_LEVEL(2, map_that_leads_to_no_chunk) {
    galloc_heap_t *heap = new_heap(SIZE, NULL);
    lay(heap, 100);
    forget();
    const uint32_t roots[] = {0, free_header(0), free_header(6), UINT32_MAX, 4};
    for (size_t i = 0; i < LENGTH(roots); i++) {
        for (uint32_t number = 0; number < GALLOC_ROOTS; number++) {
            EXPECT(galloc_set_root(heap, number, roots[i]));
        }
        remember();
        for (uint32_t bin = 0; bin < heap->first - 2; bin++) {
            if (heap->bins[bin] == 0) {
                map_set(heap, bin);
                for (size_t size = 0; size <= 600; size += 6) {
                    for (size_t align = 8; align <= 64; align *= 2) {
                        uint8_t *block = galloc_alloc(heap, size, align);
                        EXPECT(block == NULL || block >= (uint8_t *)payload_at(heap, heap->first));
                        restore();
                        map_set(heap, bin);
                    }
                }
                restore();
            }
        }
    }
    sound(heap);
}

TEST_LEVEL(2, damaged_head_of_a_bin_is_reported) {
    uint8_t *holes[HOLES], *blocks[HOLES];
    galloc_heap_t *heap = with_holes(holes, blocks);
    uint32_t bins = heap->first - 2;
    size_t live = index_of_block(heap, blocks[0]), free_chunk = index_of_block(heap, holes[0]);
    forget();
    remember();
    for (uint32_t bin = 0; bin < bins; bin++) {
        const uint32_t wrong[] = {0,
                                  bin,
                                  (uint32_t)live,
                                  (uint32_t)free_chunk,
                                  heap->limit,
                                  heap->limit + 3,
                                  1,
                                  heap->first + 1,
                                  UINT32_MAX,
                                  heap->first};
        uint32_t head = heap->bins[bin];
        for (size_t i = 0; i < LENGTH(wrong); i++) {
            if (head != wrong[i]) {
                heap->bins[bin] = wrong[i];
                if (head != 0) { // the chunk that was first is not where it says
                    expect_fault_at(heap, offset_of(heap, &chunk_at(heap, head)->header));
                } else {
                    EXPECT(bin >= GALLOC_BINS || galloc_check(heap, NULL) == GALLOC_FAULT_CORRUPT);
                    map_set(heap, bin);
                    expect_fault_at(heap,
                                    wrong[i] != 0 ? offset_of(heap, &heap->bins[bin]) : FIELD(map) + bin / 32 * 4);
                }
                use(heap, blocks, HOLES);
                restore();
            }
        }
    }
    sound(heap);
}

// The head of a bin is a chunk of another one, too small for the request.
TEST_LEVEL(2, head_of_a_bin_that_is_too_small) {
    for (size_t size = 412; size <= 1612; size += 1200) { // cut from the high end, and from the low one
        galloc_heap_t *heap = new_heap(SIZE, NULL);
        uint8_t *low = lay(heap, 60);
        lay(heap, 28);
        uint8_t *high = lay(heap, size * 2 - 124);
        lay(heap, SIZE_MAX);
        give(heap, low);
        give(heap, high);
        uint32_t bin = chunk_of(heap, high)->prev;
        EXPECT(bin < GALLOC_BINS && heap->bins[bin] == index_of_block(heap, high));
        remember();
        uint8_t *block = galloc_alloc(heap, size, 8);
        EXPECT(block >= high && block < high + size);
        restore();
        heap->bins[bin] = (uint32_t)index_of_block(heap, low);
        forget();
        EXPECT(galloc_check(heap, NULL) == GALLOC_FAULT_CORRUPT);
        EXPECT(galloc_alloc(heap, size, 8) == NULL && failures(heap) == 1);
    }
}

// ---- A block's own header ----------------------------------------------------------------------------------------

static void expect_refused(galloc_heap_t *heap, uint8_t *block) {
    galloc_move_t move = {0};
    remember();
    bool in_use = chunk_of(heap, block)->header & GALLOC_IN_USE;
    EXPECT(galloc_free(heap, block) == (in_use ? GALLOC_FAULT_CORRUPT : GALLOC_FAULT_NOT_ALLOCATED));
    EXPECT(!galloc_owns(heap, block) && galloc_usable_size(heap, block) == 0 && !galloc_resize(heap, block, 20));
    EXPECT(galloc_realloc(heap, block, 20, 8) == NULL && galloc_realloc(heap, block, 0, 8) == NULL);
    EXPECT(!galloc_realloc_begin(heap, block, 20, 8, &move) && unchanged());
}

TEST_LEVEL(1, damaged_header_is_refused) {
    uint8_t *holes[HOLES], *blocks[HOLES];
    galloc_heap_t *heap = with_holes(holes, blocks);
    rng_t rng = {unit_seed};
    for (size_t i = 0; i < HOLES; i++) {
        uint32_t *header = &chunk_of(heap, blocks[i])->header, kept = *header;
        for (uint32_t n = 0; n < 200; n++) { // each bit, then two and three
            uint32_t bits = 1u << n % 32;
            bits ^= n < 32 ? 0 : 1u << rng_below(&rng, 32);
            bits ^= n < 100 ? 0 : 1u << rng_below(&rng, 32);
            if (bits != 0) {
                *header ^= bits;
                expect_refused(heap, blocks[i]);
                expect_fault_at(heap, chunk_offset(heap, blocks[i]));
                *header = kept;
            }
        }
    }
    sound(heap);
}

// The last bytes of a text, with its 0 or without, written over the end of the block before.
TEST_LEVEL(1, header_under_text_is_refused) {
    static const char *const texts[] = {"a", "\n", "ab", "abc", "abcd", "z~~~", "", "\x7f", "a\r\n"};
    galloc_heap_t *heap = new_heap(SIZE, NULL);
    uint8_t *before = lay(heap, 60), *block = lay(heap, 100);
    lay(heap, SIZE_MAX);
    for (size_t i = 0; i < LENGTH(texts); i++) {
        size_t length = strlen(texts[i]);
        for (size_t bytes = length == 0 ? 1 : length; bytes <= length + 1 && bytes <= 4; bytes++) {
            uint32_t kept = chunk_of(heap, block)->header;
            memcpy(before + 60, texts[i], bytes);
            expect_refused(heap, block);
            EXPECT(galloc_fault_of(heap, block) == GALLOC_FAULT_NOT_ALLOCATED);
            chunk_of(heap, block)->header = kept;
        }
    }
    sound(heap);
}

TEST(damaged_end_chunk_is_reported) {
    galloc_heap_t *heap = new_heap(SIZE, NULL);
    for (int full = 0; full < 2; full++) {
        uint32_t *end = &chunk_at(heap, heap->limit + 3)->header;
        for (uint32_t bit = 1; bit != 0; bit *= 2) {
            *end ^= bit;
            expect_fault_at(heap, SIZE - HEADER);
            *end ^= bit;
        }
        if (!full) {
            lay(heap, SIZE_MAX);
        }
    }
}

// ---- Free chunks -------------------------------------------------------------------------------------------------

TEST_LEVEL(2, damaged_free_chunk_is_reported) {
    uint8_t *holes[HOLES], *blocks[HOLES];
    galloc_heap_t *heap = with_holes(holes, blocks);
    forget();
    remember();
    for (size_t i = 0; i < HOLES; i++) {
        galloc_chunk_t *chunk = chunk_of(heap, holes[i]);
        uint32_t *words[] = {&chunk->header, &chunk->prev, &chunk_of(heap, blocks[i])->prev_foot, &chunk->next};
        for (size_t word = 0; word < LENGTH(words); word++) {
            for (uint32_t bit = 1; bit != 0; bit *= 2) {
                *words[word] ^= bit;
                if (word < 3) {
                    expect_fault_at(heap, chunk_offset(heap, holes[i]));
                } else { // reported at the next one of the list, if there is one
                    EXPECT(galloc_check(heap, NULL) == GALLOC_FAULT_CORRUPT);
                }
                use(heap, blocks, HOLES);
                restore();
            }
        }
    }
    sound(heap);
}

// In front of the block: its merge is refused, and nothing has changed.
TEST_LEVEL(2, damaged_chunk_before_is_refused) {
    for (int behind_is_free = 0; behind_is_free < 2; behind_is_free++) {
        galloc_heap_t *heap = new_heap(SIZE, NULL);
        lay(heap, 28);
        uint8_t *hole = lay(heap, 300), *block = lay(heap, 100), *behind = lay(heap, 60);
        lay(heap, 44);
        uint8_t *other = lay(heap, 500);
        lay(heap, SIZE_MAX);
        give(heap, hole);
        give(heap, other);
        if (behind_is_free) {
            give(heap, behind);
        }
        uint32_t *words[] = {&chunk_of(heap, hole)->header, &chunk_of(heap, hole)->prev,
                             &chunk_of(heap, block)->prev_foot, &chunk_at(heap, chunk_of(heap, hole)->prev)->next};
        const uint32_t more[] = {0,
                                 UINT32_MAX,
                                 heap->limit,
                                 heap->limit + 3,
                                 (uint32_t)index_of_block(heap, block),
                                 (uint32_t)index_of_block(heap, block) - 4,
                                 2};
        for (size_t word = 0; word < LENGTH(words); word++) {
            uint32_t kept = *words[word];
            for (size_t i = 0; i < 32 + LENGTH(more); i++) {
                uint32_t value = i < 32 ? kept ^ 1u << i : more[i - 32];
                if (value != kept) {
                    *words[word] = value;
                    remember();
                    EXPECT(galloc_free(heap, block) == GALLOC_FAULT_CORRUPT && unchanged());
                    EXPECT(galloc_owns(heap, block) && galloc_fault_of(heap, block) == GALLOC_FAULT_CORRUPT);
                    EXPECT(galloc_realloc(heap, block, 380, 8) == NULL && galloc_owns(heap, block));
                    galloc_stats_t stats;
                    galloc_stats(heap, &stats);
                    EXPECT(stats.blocks == (behind_is_free ? 4 : 5));
                    restore();
                }
            }
            *words[word] = kept;
        }
        sound(heap);
        give(heap, block);
    }
}

// Behind the block: left alone, as if it were in use.
TEST_LEVEL(2, damaged_chunk_behind_is_left_alone) {
    for (int before_is_free = 0; before_is_free < 2; before_is_free++) {
        galloc_heap_t *heap = new_heap(SIZE, NULL);
        lay(heap, 28);
        uint8_t *before = lay(heap, 60), *block = lay(heap, 100), *hole = lay(heap, 300), *end = lay(heap, 44);
        lay(heap, SIZE_MAX);
        give(heap, hole);
        if (before_is_free) {
            give(heap, before);
        }
        uint32_t *words[] = {&chunk_of(heap, hole)->header, &chunk_of(heap, hole)->prev,
                             &chunk_of(heap, end)->prev_foot, &chunk_at(heap, chunk_of(heap, hole)->prev)->next};
        for (size_t word = 0; word < LENGTH(words); word++) {
            for (uint32_t bit = 1; bit != 0; bit *= 2) {
                remember();
                *words[word] ^= bit;
                uint32_t damaged = *words[word];
                EXPECT(!galloc_resize(heap, block, 200) && galloc_resize(heap, block, 100));
                EXPECT(galloc_realloc(heap, block, 200, 8) != block && *words[word] == damaged);
                restore();
                *words[word] = damaged;
                EXPECT(galloc_free(heap, block) == GALLOC_OK);
                // Its header is reported for the chunk before, as that of one in use would be.
                EXPECT(!galloc_owns(heap, block));
                EXPECT(*words[word] == (word == 0 ? damaged ^ GALLOC_PREV_FREE_STORED : damaged));
                EXPECT(galloc_check(heap, NULL) == GALLOC_FAULT_CORRUPT);
                uint8_t *start = before_is_free ? before : block;
                EXPECT(chunk_of(heap, start)->header == free_header((100 - 12 + (before_is_free ? 64 : 0)) / 4));
                restore();
            }
        }
        sound(heap);
    }
}

// The header of the end chunk says that it is free, and of any size: nothing behind the region is read or written.
TEST_LEVEL(2, end_chunk_that_looks_free) {
    for (int before_is_free = 0; before_is_free < 2; before_is_free++) {
        galloc_heap_t *heap = new_heap(SIZE, NULL);
        rng_t rng = {unit_seed};
        lay(heap, 28);
        uint8_t *before = lay(heap, 60), *block = lay(heap, SIZE_MAX);
        if (before_is_free) {
            give(heap, before);
        }
        uint32_t *end = &chunk_at(heap, heap->limit + 3)->header, all = (uint32_t)galloc_usable_size(heap, block);
        for (uint32_t n = 0; n < 400; n++) {
            remember();
            *end = (n < 25 ? 1u << n : n < 50 ? ~0u >> (n - 25) : rng_next(&rng)) & ~GALLOC_IN_USE;
            size_t size = rng_below(&rng, 3 * all);
            EXPECT(size <= all || !galloc_resize(heap, block, size));
            EXPECT(size <= all || galloc_realloc(heap, block, size, 8) == NULL);
            EXPECT(galloc_free(heap, block) == GALLOC_OK && galloc_check(heap, NULL) == GALLOC_FAULT_CORRUPT);
            EXPECT(region_canary(&unit_region) == NULL);
            restore();
        }
        sound(heap);
    }
}

// A request that is led to a damaged chunk fails; another one succeeds.
TEST_LEVEL(2, damaged_chunk_is_not_handed_out) {
    for (size_t size = 60; size <= 3000; size = size * 5 + 4) {
        galloc_heap_t *heap = new_heap(SIZE, NULL);
        lay(heap, 28);
        uint8_t *hole = lay(heap, size / 8 * 8 + 4), *end = lay(heap, 44);
        lay(heap, SIZE_MAX);
        give(heap, hole);
        uint32_t *words[] = {&chunk_of(heap, hole)->header, &chunk_of(heap, end)->prev_foot};
        for (size_t word = 0; word < LENGTH(words); word++) {
            for (uint32_t bit = 1; bit != 0; bit *= 2) {
                *words[word] ^= bit;
                for (size_t align = 8; align <= 16; align *= 2) {
                    for (size_t request = 12; request <= size + 16; request = request * 2 + 20) {
                        EXPECT(galloc_alloc(heap, request, align) == NULL);
                    }
                    EXPECT(galloc_alloc(heap, size / 8 * 8 + 4, align) == NULL);
                }
                *words[word] ^= bit;
            }
        }
        sound(heap);
        EXPECT(take(heap, size / 8 * 8 + 4, 8) == hole);
    }
}

// At the end of the smallest region, where memory ends: a chunk that is said to reach behind it.
TEST_LEVEL(2, chunk_that_reaches_behind_the_region) {
    size_t size = 0;
    while (galloc_init(new_region(size), size, NULL) == NULL) {
        size += 8;
    }
    galloc_heap_t *heap = new_heap(size, NULL);
    uint32_t *header = &chunk_at(heap, heap->first)->header, kept = *header;
    for (uint32_t words = 2; words != 0; words *= 2) {
        *header = free_header(words);
        EXPECT(galloc_check(heap, NULL) == GALLOC_FAULT_CORRUPT && galloc_alloc(heap, 0, 8) == NULL);
        EXPECT(galloc_alloc(heap, 0, 16) == NULL && galloc_alloc(heap, 20, 8) == NULL);
        *header = kept;
    }
    sound(heap);
}

// ---- Lists -------------------------------------------------------------------------------------------------------

// Circles and ways out of the region, in each list at once: every call comes back, and stays inside.
TEST_LEVEL(2, damaged_lists_have_an_end) {
    for (int kind = 0; kind < 8; kind++) {
        uint8_t *holes[HOLES], *blocks[HOLES];
        galloc_heap_t *heap = with_holes(holes, blocks);
        forget();
        const uint32_t wild[] = {0x3fffffffu,     UINT32_MAX,      heap->limit,
                                 heap->limit - 1, heap->limit + 3, heap->first - 1};
        for (size_t i = 0; i < HOLES; i++) {
            galloc_chunk_t *chunk = chunk_of(heap, holes[i]);
            uint32_t self = (uint32_t)index_of_block(heap, holes[i]);
            uint32_t next = (uint32_t)index_of_block(heap, holes[(i + 1) % HOLES]);
            chunk->next = kind == 0 ? self : kind == 1 ? next : wild[kind - 2];
        }
        EXPECT(galloc_check(heap, NULL) == GALLOC_FAULT_CORRUPT);
        for (size_t size = 12; size < 700; size += 40) {
            galloc_alloc(heap, size, 2 * SIZE);
            galloc_alloc(heap, size, 128);
        }
        use(heap, blocks, HOLES);
    }
}

// A `next` that leads to where a chunk has no room for its links: what is there stays.
TEST_LEVEL(2, next_beyond_the_last_chunk) {
    galloc_heap_t *heap = new_heap(SIZE, NULL);
    lay(heap, 28);
    uint8_t *hole = lay(heap, 12);
    lay(heap, SIZE_MAX);
    give(heap, hole);
    for (uint32_t index = heap->limit; index <= heap->limit + 4; index++) {
        remember();
        chunk_of(heap, hole)->next = index;
        uint32_t end = chunk_at(heap, heap->limit + 3)->header;
        EXPECT(galloc_alloc(heap, 12, 8) == hole && chunk_at(heap, heap->limit + 3)->header == end);
        restore();
    }
    sound(heap);
}

// A `prev` that leads to somebody's payload: nothing is written there.
TEST_LEVEL(2, prev_that_leads_elsewhere) {
    uint8_t *holes[HOLES], *blocks[HOLES];
    galloc_heap_t *heap = with_holes(holes, blocks);
    for (size_t i = 0; i < HOLES; i++) {
        uint8_t *victim = blocks[(i + 2) % HOLES];
        memset(victim, 0, 44);
        remember();
        chunk_of(heap, holes[i])->prev = (uint32_t)index_of_block(heap, victim) + 2;
        EXPECT(galloc_free(heap, blocks[i]) == GALLOC_FAULT_CORRUPT);
        EXPECT(i == 0 || galloc_free(heap, blocks[i - 1]) == GALLOC_FAULT_CORRUPT || !galloc_owns(heap, blocks[i - 1]));
        for (size_t k = 0; k < 44; k++) {
            EXPECT(victim[k] == 0);
        }
        restore();
    }
}

// A free chunk that is in none of the bins.
TEST(stray_chunk) {
    uint8_t *holes[HOLES], *blocks[HOLES];
    galloc_heap_t *heap = with_holes(holes, blocks);
    size_t met = 0;
    for (uint32_t bin = 0; bin < GALLOC_BINS; bin++) {
        if (heap->map[bin / 32] >> bin % 32 & 1u) {
            uint32_t head = heap->bins[bin];
            heap->bins[bin] = 0;
            expect_fault_at(heap, offset_of(heap, &chunk_at(heap, head)->header));
            map_clear(heap, bin);
            expect_fault_at(heap, offset_of(heap, &chunk_at(heap, head)->header));
            heap->bins[bin] = head;
            expect_fault_at(heap, FIELD(map) + bin / 32 * 4);
            map_set(heap, bin);
            met++;
        }
    }
    EXPECT(met == 5); // two chunks share a bin
    sound(heap);
}

// Two free chunks of one size that link to each other. Each word agrees with the words that it is compared with.
TEST(forged_ring) {
    for (size_t usable = 60; usable <= 540; usable += 480) {
        uint8_t *blocks[4];
        galloc_heap_t *heap = new_heap(SIZE, NULL);
        for (size_t i = 0; i < 4; i++) {
            blocks[i] = lay(heap, usable);
        }
        lay(heap, SIZE_MAX);
        give(heap, blocks[0]);
        give(heap, blocks[2]);
        uint32_t first = (uint32_t)index_of_block(heap, blocks[2]), last = (uint32_t)index_of_block(heap, blocks[0]);
        uint32_t bin = chunk_at(heap, first)->prev;
        EXPECT(bin < GALLOC_BINS && heap->bins[bin] == first && chunk_at(heap, first)->next == last);
        forget();
        chunk_at(heap, last)->next = first;
        chunk_at(heap, first)->prev = last;
        heap->bins[bin] = 0;
        map_clear(heap, bin);
        expect_fault_at(heap, FIELD(splits));
        // A ring that a bin leads to.
        heap->bins[bin] = first;
        map_set(heap, bin);
        expect_fault_at(heap, offset_of(heap, &heap->bins[bin]));
        chunk_at(heap, first)->prev = bin;
        expect_fault_at(heap, offset_of(heap, &chunk_at(heap, last)->next));
        galloc_alloc(heap, usable + 16, 8);
        galloc_alloc(heap, usable + 16, 64);
    }
}

// The last chunk of a list of three says that it follows the first one.
TEST(forged_prev) {
    uint8_t *blocks[6];
    galloc_heap_t *heap = new_heap(SIZE, NULL);
    for (size_t i = 0; i < 6; i++) {
        blocks[i] = lay(heap, 540);
    }
    lay(heap, SIZE_MAX);
    for (size_t i = 0; i < 6; i += 2) {
        give(heap, blocks[i]);
    }
    uint32_t first = (uint32_t)index_of_block(heap, blocks[4]);
    EXPECT(chunk_at(heap, first)->next == index_of_block(heap, blocks[2]) && chunk_of(heap, blocks[0])->next == 0);
    chunk_of(heap, blocks[0])->prev = first;
    expect_fault_at(heap, chunk_offset(heap, blocks[0]));
    chunk_of(heap, blocks[0])->prev = (uint32_t)index_of_block(heap, blocks[2]);
    // One of another size in a list.
    uint32_t size = (uint32_t)free_size(chunk_of(heap, blocks[2])->header);
    chunk_of(heap, blocks[2])->header = free_header(size / 2);
    *(&chunk_of(heap, blocks[2])->prev_foot + size / 2 + 4) = (uint32_t)index_of_block(heap, blocks[2]);
    EXPECT(galloc_check(heap, NULL) == GALLOC_FAULT_CORRUPT);
}

// A bin that is led to a chunk of the right size at the wrong alignment.
TEST(chunk_in_the_wrong_sub_bin) {
    galloc_heap_t *heap = new_heap(SIZE, NULL);
    lay(heap, (uintptr_t)payload_at(heap, heap->first) % 16 == 0 ? 28 : 20);
    uint8_t *even = lay(heap, 60);
    lay(heap, 12 + 8);
    uint8_t *odd = lay(heap, 60);
    lay(heap, SIZE_MAX);
    EXPECT((uintptr_t)even % 16 == 0 && (uintptr_t)odd % 16 == 8);
    give(heap, odd);
    give(heap, even);
    uint32_t bin = chunk_of(heap, even)->prev, other = chunk_of(heap, odd)->prev;
    EXPECT(bin < GALLOC_BINS && other < GALLOC_BINS && bin != other);
    heap->bins[bin] = (uint32_t)index_of_block(heap, odd);
    heap->bins[other] = (uint32_t)index_of_block(heap, even);
    chunk_of(heap, even)->prev = other;
    chunk_of(heap, odd)->prev = bin;
    EXPECT(galloc_check(heap, NULL) == GALLOC_FAULT_CORRUPT);
    uint8_t *block = galloc_alloc(heap, 60, 16); // small code searches
    EXPECT(GALLOC_SMALL_CODE ? block == even : block == NULL && failures(heap) == 1);
}

// ---- Forged chunks -----------------------------------------------------------------------------------------------

// A tag that leads to words of the control block that look like a free chunk.
TEST_LEVEL(2, tag_that_leads_to_a_header_among_the_roots) {
    galloc_heap_t *heap = new_heap(SIZE, NULL);
    uint8_t *hole = lay(heap, 60), *block = lay(heap, 100);
    lay(heap, SIZE_MAX);
    give(heap, hole);
    const uint32_t *root = &heap->roots[1];
    size_t index = (offset_of(heap, root) - GALLOC_ORIGIN - 4) / 4;
    if (offset_of(heap, root) < GALLOC_ORIGIN + 4) {
        index = (size_t)0 - (GALLOC_ORIGIN + 4 - offset_of(heap, root)) / 4;
    }
    chunk_of(heap, block)->prev_foot = (uint32_t)index;
    EXPECT(galloc_set_root(heap, 1, free_header(index_of_block(heap, block) - index - GALLOC_MIN_WORDS)));
    forget();
    EXPECT(galloc_free(heap, block) == GALLOC_FAULT_CORRUPT && galloc_check(heap, NULL) == GALLOC_FAULT_CORRUPT);
}

// What a free chunk is forged of: header, boundary tag, a place in its bin.
static void forge_free(galloc_heap_t *heap, size_t index, size_t size) {
    chunk_at(heap, index)->header = free_header(size);
    chunk_at(heap, index + size + GALLOC_MIN_WORDS)->prev_foot = (uint32_t)index;
    bin_insert(heap, index, galloc_bin_of(heap, index, size));
}

// A free chunk that was forged over a live block: a realloc moves the payload over its own header, and must not believe
// what it finds there afterwards.
TEST_LEVEL(2, free_chunk_forged_over_a_block) {
    for (int wrong = 0; wrong < 3; wrong++) {
        galloc_heap_t *heap = new_heap(SIZE, NULL);
        lay(heap, 28);
        uint8_t *before = lay(heap, 60), *block = lay(heap, 100), *behind = lay(heap, 100), *end = lay(heap, 44);
        uint8_t *rest = lay(heap, SIZE_MAX);
        EXPECT(before < block && behind < end && end < rest);
        forget();
        uint32_t header = wrong == 0   ? 0
                          : wrong == 1 ? 0x80u
                                       : live_header(heap, 2, index_of_block(heap, block) + 2, 0);
        memset(block, 0x55, 100);
        // The payload goes to `before`, so this goes to where the block's header was.
        memcpy(block + (block - before) - HEADER, &header, HEADER);
        forge_free(heap, index_of_block(heap, before), (index_of_block(heap, end) - index_of_block(heap, before)) - 4);
        size_t all = galloc_usable_size(heap, block) + (size_t)(end - block);
        uint32_t frees = heap->frees;
        uint8_t *to = galloc_realloc(heap, block, (size_t)(end - before) - HEADER, 8);
        EXPECT(all != 0);
        if (GALLOC_SMALL_CODE && wrong != 2) {
            EXPECT(to == NULL &&
                   heap->frees == frees + 1); // it could not free the old block, so it gave the new one back
        } else {
            // Where there is one way to free, the forged header passes for the old block's.
            EXPECT(to == before && heap->frees == frees + (wrong == 2 && (GALLOC_SMALL_CODE || !GALLOC_64BIT)));
        }
        EXPECT(galloc_check(heap, NULL) == GALLOC_FAULT_CORRUPT);
    }
}

// A free chunk in the last words, with a tag behind the region that agrees.
TEST_LEVEL(2, free_chunk_forged_at_the_end) {
    uint8_t *base = new_region(SIZE + 64);
    galloc_heap_t *heap = galloc_init(base, SIZE, NULL);
    EXPECT(galloc_alloc(heap, largest(heap), 8) != NULL);
    for (size_t index = heap->limit - 6; index <= heap->limit + 3; index++) {
        remember();
        chunk_at(heap, index)->header = free_header(0);
        chunk_at(heap, index + GALLOC_MIN_WORDS)->prev_foot = (uint32_t)index;
        heap->bins[0] = (uint32_t)index;
        map_set(heap, 0);
        uint8_t kept[64];
        memcpy(kept, base + SIZE, 64);
        void *block = galloc_alloc(heap, 8, 8);
        EXPECT(index < heap->limit ? true : block == NULL);
        EXPECT(galloc_check(heap, NULL) == GALLOC_FAULT_CORRUPT && memcmp(kept, base + SIZE, 64) == 0);
        restore();
    }
}

// ---- Chunks that look whole --------------------------------------------------------------------------------------
//
// Each header goes with its place, but the chunks do not go together.

TEST(two_free_neighbours_are_reported) {
    galloc_heap_t *heap = new_heap(SIZE, NULL);
    uint8_t *first = lay(heap, 60), *second = lay(heap, 60);
    lay(heap, 60);
    lay(heap, SIZE_MAX);
    give(heap, first);
    forget();
    // What galloc_free does, but for the merge.
    size_t index = index_of_block(heap, second);
    galloc_chunk_t *behind = chunk_behind(heap, second);
    chunk_at(heap, index)->header = free_header(12);
    behind->header ^= GALLOC_PREV_FREE_STORED;
    behind->prev_foot = (uint32_t)index;
    heap->slack += 60;
    heap->frees++;
    bin_insert(heap, index, bin_of(heap, index, 12));
    expect_fault_at(heap, chunk_offset(heap, second));
}

TEST(listed_chunk_inside_a_block_is_reported) {
    galloc_heap_t *heap = new_heap(SIZE, NULL);
    uint8_t *hole = lay(heap, 60), *block = lay(heap, 300);
    lay(heap, SIZE_MAX);
    give(heap, hole);
    forget();
    size_t index = index_of_block(heap, hole), inside = index_of_block(heap, block) + 8;
    inside += (index - inside) % 4; // for the same bin
    chunk_at(heap, inside)->header = free_header(12);
    chunk_at(heap, inside)->prev = (uint32_t)index;
    chunk_at(heap, inside)->next = 0;
    chunk_at(heap, inside + 12 + GALLOC_MIN_WORDS)->prev_foot = (uint32_t)inside;
    chunk_at(heap, index)->next = (uint32_t)inside;
    EXPECT(galloc_bin_of(heap, inside, 12) == galloc_bin_of(heap, index, 12));
    expect_fault_at(heap, offset_of(heap, &chunk_at(heap, index)->next));
}

TEST(chunk_that_reaches_over_the_end_is_reported) {
    galloc_heap_t *heap = new_heap(SIZE, NULL);
    uint8_t *block = lay(heap, 60);
    lay(heap, SIZE_MAX);
    forget();
    size_t index = index_of_block(heap, block), size = heap->limit - index + 1;
    chunk_at(heap, index)->header = live_header(heap, size, index + size, 0);
    expect_fault_at(heap, chunk_offset(heap, block));
}

TEST(chunk_that_starts_behind_the_last_place_is_reported) {
    galloc_heap_t *heap = new_heap(SIZE, NULL);
    uint8_t *block = lay(heap, SIZE_MAX);
    forget();
    size_t index = index_of_block(heap, block), last = heap->limit + 1, size = last - GALLOC_MIN_WORDS - index;
    chunk_at(heap, index)->header = live_header(heap, size, index + size, 0);
    chunk_at(heap, last)->header = live_header(heap, 0, last, 0);
    heap->slack += 8 - 12; // so that the bytes in use are right
    heap->allocs++;
    expect_fault_at(heap, offset_of(heap, &chunk_at(heap, heap->limit + 3)->header));
}

// A block in front of a damaged chunk becomes a free chunk of its own, which is listed and serves again.
TEST_LEVEL(2, block_before_a_damaged_chunk_serves_again) {
    for (size_t before = 0; before < 2; before++) { // behind a chunk in use, and behind a free one
        galloc_heap_t *heap = new_heap(SIZE, NULL);
        uint8_t *first = lay(heap, 60), *block = lay(heap, 300), *hole = lay(heap, 60);
        lay(heap, 60);
        lay(heap, SIZE_MAX);
        give(heap, hole);
        if (before) {
            give(heap, first);
        }
        forget();
        galloc_chunk_t *damaged = chunk_behind(heap, block);
        damaged->header ^= 1u << 20;
        EXPECT(galloc_free(heap, block) == GALLOC_OK);
        size_t start = index_of_block(heap, before ? first : block);
        EXPECT(damaged->prev_foot == start);
        void *again = galloc_alloc(heap, 300, 8);
        EXPECT((uint8_t *)again >= (before ? first : block) && (uint8_t *)again <= block);
        EXPECT(galloc_usable_size(heap, again) >= 300 && galloc_free(heap, again) == GALLOC_OK);
    }
}

// ---- Looking -----------------------------------------------------------------------------------------------------

static bool count_all(void *context, void *block, size_t size, bool allocated) {
    (void)block, (void)size, (void)allocated;
    ++*(size_t *)context;
    return true;
}

TEST(walk_stops_at_damage) {
    uint8_t *holes[HOLES], *blocks[HOLES];
    galloc_heap_t *heap = with_holes(holes, blocks);
    for (size_t i = 0; i < HOLES; i++) {
        uint32_t *headers[] = {&chunk_of(heap, holes[i])->header, &chunk_of(heap, blocks[i])->header};
        for (size_t k = 0; k < 2; k++) {
            size_t count = 0;
            *headers[k] ^= 1u << 20;
            galloc_walk(heap, count_all, &count);
            EXPECT(count == 1 + 2 * i + k);
            *headers[k] ^= 1u << 20;
        }
    }
}
