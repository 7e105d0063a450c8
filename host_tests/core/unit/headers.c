// Headers: what is in the word before a payload, and what does not pass for one. host_tests/core/test_header.py proves
// which accidents a header detects.

#include "unit.h"

#define SIZE 16384u

static uint32_t rotated(uint32_t word) {
    return (uint32_t)((uint64_t)word << 7) | word >> 25;
}

// Of a chunk in use: size, the state of the chunk before, and whether all other bits are those of the hash.
static void expect_live(const galloc_heap_t *heap, const uint8_t *block, bool prev_free) {
    size_t size = (galloc_usable_size(heap, block) - 12) / 4, tail = index_of_block(heap, block) + size;
    uint32_t hash = ((uint32_t)tail * GALLOC_HASH_FACTOR) ^ heap->key ^ (prev_free ? 0xf0000000u : 0);
    uint32_t header = (hash & ~heap->size_mask) | (uint32_t)size;
    EXPECT(chunk_of(heap, block)->header == rotated(header) && (header & 1) == 1);
    EXPECT((uint8_t)chunk_of(heap, block)->header >= 0x80); // the bit that text does not have
}

TEST(header_of_a_live_block) {
    galloc_heap_t *heap = new_heap(SIZE, NULL);
    uint8_t *blocks[12];
    for (size_t i = 0; i < LENGTH(blocks); i++) {
        blocks[i] = lay(heap, 12 + 16 * i * i);
    }
    uint8_t *rest = lay(heap, SIZE_MAX);
    for (size_t i = 0; i < LENGTH(blocks); i++) {
        expect_live(heap, blocks[i], false);
    }
    for (size_t i = 1; i < LENGTH(blocks); i += 2) {
        give(heap, blocks[i]);
        expect_live(heap, i + 1 < LENGTH(blocks) ? blocks[i + 1] : rest, true);
    }
    for (size_t i = 1; i < LENGTH(blocks); i += 2) {
        EXPECT(take(heap, 12 + 16 * i * i, 8) == blocks[i]);
        expect_live(heap, i + 1 < LENGTH(blocks) ? blocks[i + 1] : rest, false);
    }
}

TEST(header_of_a_free_chunk_is_its_size) {
    galloc_heap_t *heap = new_heap(SIZE, NULL);
    uint8_t *hole = lay(heap, 204), *behind = lay(heap, SIZE_MAX);
    give(heap, hole);
    EXPECT(chunk_of(heap, hole)->header == rotated((204 - 12) / 4));
    EXPECT(chunk_of(heap, behind)->prev_foot == index_of_block(heap, hole));
    EXPECT(chunk_of(heap, hole) == chunk_at(heap, heap->first));
}

TEST(header_of_the_end_chunk) {
    galloc_heap_t *heap = new_heap(SIZE, NULL);
    const uint32_t *end = (const uint32_t *)(const void *)(unit_region.base + SIZE - 4);
    EXPECT(&chunk_at(heap, heap->limit + 3)->header == end && *end == 0xf8 && end[-1] == heap->first);
    uint8_t *all = lay(heap, SIZE_MAX);
    EXPECT(*end == 0x80);
    give(heap, all);
    EXPECT(*end == 0xf8);
}

// The larger the region, the more bits for the size and the fewer for the hash.
TEST(bits_of_the_size_are_those_of_the_region) {
    for (size_t size = 400; size <= 65536; size += 120) {
        galloc_heap_t *heap = new_heap(size, NULL);
        uint32_t bits = 1;
        while (heap->limit >> bits != 0) {
            bits++;
        }
        EXPECT(heap->size_mask == (1u << bits) - 2u && heap->check_mask == ~heap->size_mask);
        EXPECT(heap->key_prev_free == (heap->key ^ GALLOC_PREV_FREE));
        EXPECT((heap->key & 1) == 1 && (heap->key >> 1) % 8 == size % 8 && (heap->key & 16) == 0);
        EXPECT((heap->size_mask & GALLOC_KEY_OPTIONS & ~1u) == (GALLOC_KEY_OPTIONS & ~1u)); // so they are not hashed
    }
}

// A header means nothing at another place, or in a heap that was made in the same place later.
TEST(header_of_another_place_or_heap) {
    galloc_heap_t *heap = new_heap(SIZE, NULL);
    uint8_t *one = lay(heap, 100), *two = lay(heap, 100), *three = lay(heap, 100);
    uint32_t header = chunk_of(heap, one)->header;
    uint32_t *inside = (uint32_t *)(void *)(three + 44);
    *inside = header;
    EXPECT(!galloc_owns(heap, three + 48) && galloc_free(heap, three + 48) == GALLOC_FAULT_CORRUPT);
    EXPECT(header != chunk_of(heap, two)->header);
    chunk_of(heap, two)->header = header;
    EXPECT(galloc_free(heap, two) == GALLOC_FAULT_CORRUPT);
    uint8_t copy[400];
    memcpy(copy, one - HEADER, sizeof copy);
    for (int i = 0; i < 10; i++) {
        heap = galloc_init(unit_region.base, SIZE, NULL);
        uint8_t *all = galloc_alloc(heap, largest(heap), 8);
        EXPECT(all != NULL);
        memcpy(one - HEADER + 64, copy + 64, sizeof copy - 64);
        EXPECT(galloc_free(heap, one + 104) == GALLOC_FAULT_CORRUPT);
        EXPECT(galloc_free(heap, one + 208) == GALLOC_FAULT_CORRUPT && galloc_free(heap, all) == GALLOC_OK);
    }
}

// What a merge leaves in memory is no header any more: a second free is detected.
TEST(header_of_a_merged_block) {
    for (int order = 0; order < 6; order++) {
        static const int orders[6][3] = {{0, 1, 2}, {0, 2, 1}, {1, 0, 2}, {1, 2, 0}, {2, 0, 1}, {2, 1, 0}};
        galloc_heap_t *heap = new_heap(SIZE, NULL);
        uint8_t *blocks[3] = {lay(heap, 60), lay(heap, 100), lay(heap, 204)};
        lay(heap, SIZE_MAX);
        for (int i = 0; i < 3; i++) {
            give(heap, blocks[orders[order][i]]);
            for (int k = 0; k <= i; k++) {
                remember();
                EXPECT(galloc_free(heap, blocks[orders[order][k]]) == GALLOC_FAULT_NOT_ALLOCATED && unchanged());
            }
        }
    }
}

TEST(header_of_a_block_that_grew_backward) {
    galloc_heap_t *heap = new_heap(SIZE, NULL);
    uint8_t *before = lay(heap, 204), *block = lay(heap, 100);
    lay(heap, SIZE_MAX);
    give(heap, before);
    EXPECT(change(heap, block, 300, 8) == before && galloc_free(heap, block) == GALLOC_FAULT_NOT_ALLOCATED);
    sound(heap);
}

// A hash that is right, for a size that cannot be.
TEST(header_with_a_size_that_leaves_the_region) {
    galloc_heap_t *heap = new_heap(512, NULL);
    uint8_t *block = lay(heap, 44);
    lay(heap, SIZE_MAX);
    size_t index = index_of_block(heap, block);
    uint32_t header = chunk_of(heap, block)->header;
    EXPECT(index + heap->size_mask >= heap->limit);
    for (size_t size = heap->size_mask; index + size >= heap->limit; size -= 2) {
        chunk_of(heap, block)->header = live_header(heap, size, index + size, 0);
        remember();
        EXPECT(!galloc_owns(heap, block) && galloc_free(heap, block) == GALLOC_FAULT_CORRUPT);
        EXPECT(!galloc_resize(heap, block, 12) && galloc_realloc(heap, block, 12, 8) == NULL && unchanged());
        EXPECT(galloc_check(heap, NULL) == GALLOC_FAULT_CORRUPT);
    }
    chunk_of(heap, block)->header = header;
    give(heap, block);
}

// Where no chunk can be, a header that is right otherwise is none.
TEST(header_outside_of_the_chunks) {
    galloc_heap_t *heap = new_heap(SIZE, NULL);
    uint8_t *block = lay(heap, SIZE_MAX);
    for (size_t index = heap->limit - 4; index < heap->limit + 3; index++) {
        chunk_at(heap, index)->header = live_header(heap, 0, index, 0);
        void *at = payload_at(heap, index);
        bool possible = index < heap->limit && index % 2 == 0;
        EXPECT(galloc_owns(heap, at) == possible && (galloc_usable_size(heap, at) == 12) == possible);
        EXPECT(galloc_fault_of(heap, at) == (index >= heap->limit ? GALLOC_FAULT_FOREIGN
                                             : possible           ? GALLOC_FAULT_CORRUPT
                                                                  : GALLOC_FAULT_MISALIGNED));
    }
    for (size_t index = heap->first - 8; index < heap->first; index++) {
        uint32_t *word = &chunk_at(heap, index)->header, kept = *word;
        *word = live_header(heap, 2, index + 2, 0);
        EXPECT(!galloc_owns(heap, payload_at(heap, index)) && galloc_usable_size(heap, payload_at(heap, index)) == 0);
        EXPECT(galloc_fault_of(heap, payload_at(heap, index)) == GALLOC_FAULT_FOREIGN);
        *word = kept;
    }
    EXPECT(galloc_free(heap, block) == GALLOC_OK && galloc_check(heap, NULL) == GALLOC_OK);
}

// One to four of the bits that say that the chunk before is free: all of them make the other state, fewer make none.
TEST(header_with_the_other_state_of_the_chunk_before) {
    galloc_heap_t *heap = new_heap(SIZE, NULL);
    lay(heap, 100);
    uint8_t *block = lay(heap, 100);
    lay(heap, SIZE_MAX);
    uint32_t header = chunk_of(heap, block)->header;
    for (uint32_t bits = 1; bits < 16; bits++) {
        chunk_of(heap, block)->header = header ^ bits << 3;
        remember();
        EXPECT(galloc_owns(heap, block) == (bits == 15));
        EXPECT(galloc_free(heap, block) == GALLOC_FAULT_CORRUPT && unchanged()); // there is no free chunk before it
        EXPECT(galloc_check(heap, NULL) == GALLOC_FAULT_CORRUPT);
    }
    chunk_of(heap, block)->header = header;
    give(heap, block);
}
