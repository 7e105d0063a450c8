// Headers: what is in the word before a payload, and what does not pass for one. The last tests try all accidents of a
// kind, so they prove that none goes unnoticed.

#include "unit.h"

#if GALLOC_HARDENING >= 1

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

TEST_LEVEL(1, header_of_a_live_block) {
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

TEST_LEVEL(1, header_of_a_free_chunk_is_its_size) {
    galloc_heap_t *heap = new_heap(SIZE, NULL);
    uint8_t *hole = lay(heap, 204), *behind = lay(heap, SIZE_MAX);
    give(heap, hole);
    EXPECT(chunk_of(heap, hole)->header == rotated((204 - 12) / 4));
    EXPECT(chunk_of(heap, behind)->prev_foot == index_of_block(heap, hole));
    EXPECT(chunk_of(heap, hole) == chunk_at(heap, heap->first));
}

TEST_LEVEL(1, header_of_the_end_chunk) {
    galloc_heap_t *heap = new_heap(SIZE, NULL);
    const uint32_t *end = (const uint32_t *)(const void *)(unit_region.base + SIZE - 4);
    EXPECT(&chunk_at(heap, heap->limit + 3)->header == end && *end == 0xf8 && end[-1] == heap->first);
    uint8_t *all = lay(heap, SIZE_MAX);
    EXPECT(*end == 0x80);
    give(heap, all);
    EXPECT(*end == 0xf8);
}

// The larger the region, the more bits for the size and the fewer for the hash.
TEST_LEVEL(1, bits_of_the_size_are_those_of_the_region) {
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
TEST_LEVEL(1, header_of_another_place_or_heap) {
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
TEST_LEVEL(1, header_of_a_merged_block) {
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

TEST_LEVEL(1, header_of_a_block_that_grew_backward) {
    galloc_heap_t *heap = new_heap(SIZE, NULL);
    uint8_t *before = lay(heap, 204), *block = lay(heap, 100);
    lay(heap, SIZE_MAX);
    give(heap, before);
    EXPECT(change(heap, block, 300, 8) == before && galloc_free(heap, block) == GALLOC_FAULT_NOT_ALLOCATED);
    sound(heap);
}

// A hash that is right, for a size that cannot be.
TEST_LEVEL(1, header_with_a_size_that_leaves_the_region) {
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
TEST_LEVEL(1, header_outside_of_the_chunks) {
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
TEST_LEVEL(2, header_with_the_other_state_of_the_chunk_before) {
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

// ---- Accidents that never go unnoticed ---------------------------------------------------------------------------

// A header is accepted when the hash of its tail is in its other bits. Inverted bits of the size move the tail, so the
// hash changes. The header is accepted after all if the other inverted bits are just those that changed, or those and the
// four that say that the chunk before is free.
typedef struct {
    int32_t distance; // of the tail
    int bits;         // of the size that were inverted
} move_t;

static size_t add_moves(move_t *moves, size_t count, move_t so_far, uint32_t from, uint32_t size_bits) {
    for (uint32_t bit = from; bit <= size_bits; bit++) {
        for (int32_t sign = -1; sign <= 1; sign += 2) {
            move_t move = {so_far.distance + sign * (1 << bit), so_far.bits + 1};
            moves[count++] = move;
            if (move.bits < 3) {
                count = add_moves(moves, count, move, bit + 1, size_bits);
            }
        }
    }
    return count;
}

static bool has_at_most(int count, uint32_t x) {
    for (; count > 0; count--) {
        x &= x - 1;
    }
    return x == 0;
}

// All chunks of all sizes at all places of regions of up to 512 KiB, and all ways to invert one, two or three bits of a
// header. Where no bit of the size is inverted, the hash is as before, and three other bits are not the four.
TEST_LEVEL(1, no_three_inverted_bits_go_unnoticed) {
    static move_t moves[8000];
    static uint32_t hashes[512 * 1024 / 8];
    for (size_t size = 512; size <= 512 * 1024; size *= 2) {
        galloc_heap_t *heap = new_heap(size, NULL);
        uint32_t size_bits = log2_floor(heap->size_mask), first = heap->first / 2, end = (heap->limit + 1) / 2;
        EXPECT((heap->check_mask & GALLOC_PREV_FREE) == GALLOC_PREV_FREE && (heap->check_mask & 1) == 1);
        for (uint32_t i = first; i < end; i++) {
            hashes[i] = tail_hash(heap, i * 2, 0) & heap->check_mask;
        }
        size_t count = add_moves(moves, 0, (move_t){0, 0}, 1, size_bits);
        EXPECT(count < LENGTH(moves) && end <= LENGTH(hashes));
        for (size_t n = 0; n < count; n++) {
            int32_t distance = moves[n].distance / 2;
            uint32_t i = first + (distance < 0 ? (uint32_t)-distance : 0);
            uint32_t stop = end - (distance > 0 ? (uint32_t)distance : 0);
            for (; i < stop && stop < end + 1; i++) {
                uint32_t changed = hashes[i] ^ hashes[i + (uint32_t)distance];
                if (has_at_most(3 - moves[n].bits, changed) ||
                    has_at_most(3 - moves[n].bits, changed ^ GALLOC_PREV_FREE)) {
                    fail("tail %u, moved by %d, region of %zu bytes", i * 2, moves[n].distance, size);
                }
            }
        }
    }
}

// The same by galloc_free: a block of each of many sizes, and all ways to invert up to three of the 32 bits.
TEST_LEVEL(1, inverted_bits_are_refused_by_free) {
    static const size_t sizes[] = {12, 28, 100, 1004, 20012, 300004};
    galloc_heap_t *heap = new_heap(512 * 1024, NULL);
    for (size_t i = 0; i < LENGTH(sizes); i++) {
        for (int prev_free = 0; prev_free < 2; prev_free++) {
            uint8_t *before = lay(heap, 60), *block = lay(heap, sizes[i]), *behind = lay(heap, SIZE_MAX);
            if (prev_free) {
                give(heap, before);
            }
            uint32_t *header = &chunk_of(heap, block)->header, kept = *header;
            for (uint32_t a = 0; a < 32; a++) {
                for (uint32_t b = a; b < 32; b++) {
                    for (uint32_t c = b; c < 32; c++) {
                        *header = kept ^ (1u << a | 1u << b | 1u << c);
                        EXPECT(galloc_free(heap, block) != GALLOC_OK && !galloc_owns(heap, block));
                    }
                }
            }
            *header = kept;
            give(heap, block);
            give(heap, behind);
            if (!prev_free) {
                give(heap, before);
            }
        }
    }
}

// One to four bytes of ASCII, or the 0 behind it, over any header: the first of them clears the bit that says "in use". So
// all first bytes are tried, before all values of the others that a header of this region can have.
TEST_LEVEL(1, text_over_a_header_is_refused_by_free) {
    galloc_heap_t *heap = new_heap(512 * 1024, NULL);
    uint8_t *before = lay(heap, 60), *block = lay(heap, 100);
    lay(heap, SIZE_MAX);
    uint8_t *header = block - HEADER, kept[HEADER];
    memcpy(kept, header, HEADER);
    for (uint32_t text = 0; text < 1u << 21; text++) {
        const uint8_t bytes[HEADER] = {text & 127, text >> 7 & 127, text >> 14, (uint8_t)(text * 5u & 127)};
        for (size_t count = text < 128 ? 1 : text < 1u << 14 ? 2 : 3; count <= 4; count++) {
            memcpy(header, bytes, count);
            EXPECT(galloc_free(heap, block) == GALLOC_FAULT_NOT_ALLOCATED);
            memcpy(header, kept, HEADER);
        }
    }
    give(heap, block);
    give(heap, before);
}

#endif
