// What each level of hardening promises (galloc_config.h). Correct use and galloc_check at all of them; refused pointers
// from level 1 on; damage that is met on the way at level 2, by far the most of it in damage.c.

#include "unit.h"

#define SIZE 16384u
#define BLOCKS 12u

// Blocks of several sizes, between free chunks of as many.
static galloc_heap_t *mixed(uint8_t **blocks, uint8_t **holes) {
    galloc_heap_t *heap = new_heap(SIZE, NULL);
    for (size_t i = 0; i < BLOCKS; i++) {
        blocks[i] = lay(heap, 12 + 8 * i * i);
        holes[i] = lay(heap, 28 + 16 * i);
    }
    for (size_t i = 0; i < BLOCKS; i++) {
        give(heap, holes[i]);
    }
    return heap;
}

// Each operation is followed by a look at all words and payloads.
TEST(correct_use_at_each_level) {
    static const galloc_config_t configs[] = {{0, 0, false}, {8, 4, false}, {1, 2, true}};
    for (size_t which = 0; which < LENGTH(configs); which++) {
        uint8_t *blocks[48] = {0};
        rng_t rng = {unit_seed + which};
        galloc_heap_t *heap = new_heap(SIZE, &configs[which]);
        size_t served = 0;
        for (int i = 0; i < 1500; i++) {
            uint8_t **block = &blocks[rng_below(&rng, LENGTH(blocks))];
            size_t size = rng_below(&rng, rng_below(&rng, 4) == 0 ? 3000 : 200), align = 1u << rng_below(&rng, 9);
            if (*block == NULL) {
                void *probe = galloc_alloc(heap, size, align);
                if (probe != NULL) {
                    EXPECT(galloc_free(heap, probe) == GALLOC_OK);
                    *block = take(heap, size, align);
                    served++;
                }
            } else if (rng_below(&rng, 2) == 0) {
                give(heap, *block);
                *block = NULL;
            } else if (rng_below(&rng, 2) == 0) {
                resize(heap, *block, size);
            } else {
                uint8_t *to = change(heap, *block, size, align);
                *block = to != NULL ? to : *block;
            }
        }
        EXPECT(served > 200);
        for (size_t i = 0; i < LENGTH(blocks); i++) {
            if (blocks[i] != NULL) {
                give(heap, blocks[i]);
            }
        }
        EXPECT(galloc_alloc(heap, largest(heap), 8) != NULL);
    }
}

TEST(null_sizes_and_alignments_at_each_level) {
    uint8_t *blocks[BLOCKS], *holes[BLOCKS];
    galloc_heap_t *heap = mixed(blocks, holes);
    EXPECT(galloc_alloc(NULL, 8, 8) == NULL && galloc_free(NULL, blocks[0]) == GALLOC_FAULT_NULL);
    EXPECT(galloc_free(heap, NULL) == GALLOC_FAULT_NULL && !galloc_resize(NULL, blocks[0], 8));
    EXPECT(galloc_realloc(NULL, blocks[0], 8, 8) == NULL && !galloc_resize(heap, NULL, 8));
    for (size_t size = SIZE_MAX; size > SIZE; size /= 2) {
        EXPECT(galloc_alloc(heap, size, 8) == NULL && galloc_alloc(heap, size, 64) == NULL);
        EXPECT(galloc_realloc(heap, blocks[3], size, 8) == NULL && !resize(heap, blocks[3], size));
    }
    for (size_t align = 3; align < 2000; align += align % 2 + 1) {
        if ((align & (align - 1)) != 0) {
            EXPECT(galloc_alloc(heap, 8, align) == NULL && galloc_realloc(heap, blocks[3], 900, align) == NULL);
        }
    }
    sound(heap);
}

// One bit inverted in each word that is not payload, at each level: galloc_check reports it.
TEST(check_verifies_each_word_at_each_level) {
    uint8_t *blocks[BLOCKS], *holes[BLOCKS];
    galloc_heap_t *heap = mixed(blocks, holes);
    uint32_t *words[256];
    size_t count = 0;
    for (uint32_t *word = heap->map; word < &heap->bins[heap->first - 2]; word++) {
        words[count++] = word;
    }
    for (size_t i = 0; i < BLOCKS; i++) {
        galloc_chunk_t *hole = chunk_of(heap, holes[i]);
        words[count++] = &chunk_of(heap, blocks[i])->header;
        words[count++] = &hole->header;
        words[count++] = &hole->prev;
        words[count++] = &hole->next;
        words[count++] = &chunk_behind(heap, holes[i])->prev_foot;
    }
    words[count++] = &chunk_at(heap, heap->limit + 3)->header;
    EXPECT(count <= LENGTH(words));
    remember();
    for (size_t i = 0; i < count; i++) {
        for (uint32_t bit = 1; bit != 0; bit *= 2) {
            size_t offset = SIZE;
            *words[i] ^= bit;
            galloc_fault_t fault = galloc_check(heap, &offset);
            if ((fault != GALLOC_FAULT_CORRUPT && fault != GALLOC_FAULT_GEOMETRY) || offset >= SIZE) {
                fail("word %zu, bit %x: %s at %zu", i, (unsigned)bit, galloc_fault_name(fault), offset);
            }
            EXPECT(galloc_attach(unit_region.base, SIZE) == NULL);
            *words[i] ^= bit;
        }
    }
    EXPECT(unchanged());
    sound(heap);
}

// All addresses around and inside of the region but those of blocks in use, and each block a second time.
TEST_LEVEL(1, wrong_pointers_are_refused_from_level_1_on) {
    uint8_t *blocks[BLOCKS], *holes[BLOCKS];
    galloc_heap_t *heap = mixed(blocks, holes);
    remember();
    for (uint8_t *at = unit_region.base - 64; at < unit_region.base + SIZE + 64; at++) {
        bool live = false;
        for (size_t i = 0; i < BLOCKS; i++) {
            live = live || at == blocks[i];
        }
        if (!live) {
            EXPECT(galloc_free(heap, at) != GALLOC_OK && !galloc_resize(heap, at, 8) && !galloc_owns(heap, at));
            EXPECT(galloc_realloc(heap, at, 8, 8) == NULL && galloc_realloc(heap, at, 800, 8) == NULL);
        }
    }
    EXPECT(unchanged());
    for (size_t i = 0; i < BLOCKS; i++) {
        EXPECT(galloc_free(heap, holes[i]) == GALLOC_FAULT_NOT_ALLOCATED);
        give(heap, blocks[i]);
        remember();
        EXPECT(galloc_free(heap, blocks[i]) != GALLOC_OK && galloc_realloc(heap, blocks[i], 8, 8) == NULL &&
               unchanged());
    }
}

TEST_LEVEL(1, overwritten_headers_are_refused_from_level_1_on) {
    uint8_t *blocks[BLOCKS], *holes[BLOCKS];
    galloc_heap_t *heap = mixed(blocks, holes);
    for (size_t i = 0; i < BLOCKS; i++) {
        static const uint32_t written[] = {0, 1, 0x80, 0xff, 0x41414141, 0xffffffff, 0x55555555, 0xaaaaaaaa};
        uint32_t *header = &chunk_of(heap, blocks[i])->header, kept = *header;
        for (size_t n = 0; n < LENGTH(written) + 32; n++) {
            *header = n < LENGTH(written) ? written[n] : kept ^ 1u << (n - LENGTH(written));
            remember();
            EXPECT(galloc_free(heap, blocks[i]) != GALLOC_OK && !galloc_resize(heap, blocks[i], 8));
            EXPECT(galloc_realloc(heap, blocks[i], 800, 8) == NULL && !galloc_owns(heap, blocks[i]) && unchanged());
            *header = kept;
        }
    }
    sound(heap);
}

// Every operation on heaps with one to three damaged words: whatever it answers, no byte outside of the region changes.
TEST_LEVEL(2, damaged_heaps_keep_inside_their_region_at_level_2) {
    rng_t rng = {unit_seed};
    uint8_t *blocks[BLOCKS], *holes[BLOCKS];
    galloc_heap_t *heap = mixed(blocks, holes);
    forget();
    remember();
    for (int round = 0; round < 3000; round++) {
        restore();
        for (uint32_t words = rng_below(&rng, 3) + 1; words > 0; words--) {
            uint32_t *word = (uint32_t *)(void *)heap + rng_below(&rng, SIZE / 4);
            uint32_t *near = (uint32_t *)(void *)(rng_below(&rng, 2) ? blocks : holes)[rng_below(&rng, BLOCKS)];
            word = rng_below(&rng, 4) != 0 ? near - 1 + rng_below(&rng, 4) : word;
            *word = rng_below(&rng, 2) ? *word ^ 1u << rng_below(&rng, 32) : rng_next(&rng);
        }
        for (int i = 0; i < 24; i++) {
            uint8_t *block = blocks[rng_below(&rng, BLOCKS)];
            size_t size = rng_below(&rng, 2000), align = 1u << rng_below(&rng, 9);
            galloc_alloc(heap, size, align);
            galloc_free(heap, blocks[rng_below(&rng, BLOCKS)]);
            galloc_resize(heap, block, size);
            if (size < 500) { // a payload that is moved inside a damaged heap may overlap, but not leave it
                galloc_realloc(heap, block, size, align);
            }
        }
        galloc_check(heap, NULL);
        EXPECT(region_canary(&unit_region) == NULL);
    }
    restore();
    EXPECT(galloc_check(heap, NULL) == GALLOC_OK);
}
