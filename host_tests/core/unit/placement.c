// Placement: which free chunk a block is cut from, and at which end. choices.c compares the same rules with a model.

#include "unit.h"

#define SIZE 65536u

// A heap whose only free chunks have these usable sizes; each starts at a multiple of 16 and ends in front of one.
static galloc_heap_t *with_holes(const size_t *usable, size_t count, uint8_t **holes) {
    galloc_heap_t *heap = new_heap(SIZE, NULL);
    uint8_t *first = payload_at(heap, heap->first);
    lay(heap, (uintptr_t)first % 16 == 0 ? 28 : 20);
    for (size_t i = 0; i < count; i++) {
        holes[i] = lay(heap, usable[i]);
        lay(heap, usable[i] % 16 == 12 ? 28 : 20);
        EXPECT((uintptr_t)holes[i] % 16 == 0);
    }
    lay(heap, SIZE_MAX);
    for (size_t i = 0; i < count; i++) {
        give(heap, holes[i]);
    }
    return heap;
}

TEST(small_blocks_at_the_high_end) {
    galloc_heap_t *heap = new_heap(SIZE, NULL);
    uint8_t *end = unit_region.base + SIZE - HEADER;
    for (size_t size = 1; size <= 1020; size += 13) {
        uint8_t *block = take(heap, size, 8);
        EXPECT(block + galloc_usable_size(heap, block) == end);
        end = block - HEADER;
    }
}

TEST(large_blocks_at_the_low_end) {
    galloc_heap_t *heap = new_heap(SIZE, NULL);
    uint8_t *start = payload_at(heap, heap->first);
    for (size_t size = GALLOC_LARGE_BLOCK; size <= 4000; size += 200) {
        uint8_t *block = take(heap, size, 8);
        EXPECT(block == start);
        start = block + galloc_usable_size(heap, block) + HEADER;
    }
}

// The last size that is small, and the first that is large: as they are rounded.
TEST(border_between_small_and_large_blocks) {
    for (size_t size = 1000; size < 1050; size++) {
        galloc_heap_t *heap = new_heap(SIZE, NULL);
        uint8_t *block = take(heap, size, 8);
        EXPECT((block == payload_at(heap, heap->first)) == (payload_for(size) >= GALLOC_LARGE_BLOCK));
    }
}

// Less than a chunk's 16 bytes stay in the block.
TEST(end_padding) {
    for (size_t size = 12; size <= 2012; size += 200) {
        for (size_t more = 0; more <= 32; more += 8) {
            size_t hole = size + more;
            uint8_t *at;
            galloc_heap_t *heap = with_holes(&hole, 1, &at);
            uint8_t *block = take(heap, size, 8);
            EXPECT(block == (size < GALLOC_LARGE_BLOCK && more >= 16 ? at + more : at));
            EXPECT(galloc_usable_size(heap, block) == (more >= 16 ? size : hole));
            EXPECT(free_bytes(heap) == (more >= 16 ? more - HEADER : 0));
        }
    }
}

TEST(smallest_small_chunk_that_fits) {
    static const size_t usable[] = {132, 60, 92, 76, 2004};
    uint8_t *holes[LENGTH(usable)];
    galloc_heap_t *heap = with_holes(usable, LENGTH(usable), holes);
    EXPECT(take(heap, 50, 8) == holes[1]);
    EXPECT(take(heap, 50, 8) == holes[3] + 76 - 52);
    EXPECT(take(heap, 80, 8) == holes[2]);
    EXPECT(take(heap, 80, 8) == holes[0] + 132 - 84);
    EXPECT(take(heap, 80, 8) == holes[4] + 2004 - 84);
}

// Among chunks of one size the one with the least alignment to lose.
TEST(least_alignment_that_serves) {
    const galloc_config_t config = {8, 4, false};
    for (size_t align = 8; align <= 64; align *= 2) {
        galloc_heap_t *heap = new_heap(SIZE, &config);
        uint8_t *at[4] = {NULL, NULL, NULL, NULL}, *block;
        for (int i = 0; i < 80; i++) {
            block = take(heap, 60, 8);
            take(heap, 12 + 8 * (size_t)(i % 5), 8);
            size_t sub = lowest_bit((uint32_t)(uintptr_t)block / 8);
            at[sub < 3 ? sub : 3] = block;
        }
        for (int i = 3; i >= 0; i--) { // whatever the order
            EXPECT(at[i] != NULL);
            give(heap, at[(i + 2) % 4]);
        }
        for (size_t sub = lowest_bit((uint32_t)align / 8); sub < 4; sub++) {
            EXPECT(take(heap, 60, align) == at[sub]);
        }
    }
}

// A smaller chunk that is not aligned is passed by, and so is a larger one that is aligned.
TEST(aligned_small_chunk_before_padding) {
    const galloc_config_t config = {8, 4, false};
    galloc_heap_t *heap = new_heap(SIZE, &config);
    uint8_t *at16 = NULL, *at32 = NULL, *larger = NULL;
    for (int i = 0; i < 60; i++) {
        uint8_t *block = take(heap, 60, 8), *wide = take(heap, 68, 8);
        take(heap, 12 + 8 * (size_t)(i % 5), 8);
        at16 = (uintptr_t)block % 32 == 16 ? block : at16;
        at32 = (uintptr_t)block % 64 == 32 ? block : at32;
        larger = (uintptr_t)wide % 64 == 32 ? wide : larger;
    }
    EXPECT(at16 != NULL && at32 != NULL && larger != NULL);
    give(heap, at16);
    give(heap, at32);
    give(heap, larger);
    EXPECT(take(heap, 52, 32) == at32);
    EXPECT(take(heap, 52, 32) == larger);
}

// ---- Large chunks ------------------------------------------------------------------------------------------------

// Sizes of one class of 128 to 191 words beyond the least: 524 to 779 usable bytes.
TEST(first_two_of_the_own_bin) {
    static const size_t usable[] = {764, 700, 540, 1500};
    uint8_t *holes[LENGTH(usable)];
    for (int i = 0; i < 3; i++) {
        galloc_heap_t *heap = with_holes(usable, LENGTH(usable), holes);
        // The list is 540, 700, 764. 540 is the first one, 700 the second, 764 is not looked at.
        size_t size = i == 0 ? 524 : i == 1 ? 640 : 732;
        uint8_t *expected = i == 0 ? holes[2] + 16 : i == 1 ? holes[1] + 700 - 644 : holes[3] + 1500 - 732;
        EXPECT(take(heap, size, 8) == expected);
    }
}

TEST(first_of_the_next_bin_that_holds_chunks) {
    static const size_t usable[] = {4004, 2204, 1052, 1100};
    uint8_t *holes[LENGTH(usable)];
    galloc_heap_t *heap = with_holes(usable, LENGTH(usable), holes);
    EXPECT(take(heap, 540, 8) == holes[3] + 1100 - 540); // last in, first out
}

// When no larger chunk is free, a request looks through its own bin.
TEST(whole_of_the_own_bin_before_a_request_fails) {
    static const size_t usable[] = {764, 700, 540, 548, 556, 532};
    uint8_t *holes[LENGTH(usable)];
    galloc_heap_t *heap = with_holes(usable, LENGTH(usable), holes);
    EXPECT(take(heap, 764, 8) == holes[0]);
    EXPECT(take(heap, 690, 8) == holes[1]);
    EXPECT(galloc_alloc(heap, 690, 8) == NULL && failures(heap) == 1);
    sound(heap);
}

TEST(bin_of_the_largest_chunk) {
    galloc_heap_t *heap = new_heap(SIZE, NULL);
    size_t all = largest(heap);
    EXPECT(galloc_alloc(heap, all + 1, 8) == NULL);
    for (size_t size = all - 600; size <= all; size += 100) {
        uint8_t *block = take(heap, size, 8);
        give(heap, block);
    }
}

// ---- Over-aligned blocks -----------------------------------------------------------------------------------------

// The only free chunk starts `gap` bytes before a multiple of `align`, behind which it has `room` usable bytes.
static galloc_heap_t *around(size_t align, size_t gap, size_t room, uint8_t **hole) {
    galloc_heap_t *heap = new_heap(SIZE, NULL);
    uint8_t *first = payload_at(heap, heap->first);
    size_t guard = (0 - gap - ((uintptr_t)first + HEADER)) % align;
    lay(heap, guard < 12 ? guard + align : guard);
    *hole = lay(heap, gap + room);
    EXPECT(((uintptr_t)*hole + gap) % align == 0);
    lay(heap, SIZE_MAX);
    give(heap, *hole);
    return heap;
}

TEST(aligned_block_that_just_fits) {
    for (size_t align = 16; align <= 1024; align *= 4) {
        for (size_t gap = 0; gap <= 24; gap = gap == 0 ? 16 : gap + 8) {
            for (size_t more = 0; more <= 8; more += 8) {
                uint8_t *hole;
                galloc_heap_t *heap = around(align, gap, 100 + more, &hole);
                if (gap % align == 0 && gap != 0) {
                    continue; // the hole itself is aligned
                }
                EXPECT(galloc_alloc(heap, 101 + more, align) == NULL);
                EXPECT(take(heap, 100, align) == hole + gap && galloc_usable_size(heap, hole + gap) == 100 + more);
                EXPECT(free_bytes(heap) == (gap == 0 ? 0 : gap - HEADER));
            }
        }
    }
}

// 8 bytes in front make no chunk: the next multiple serves, if there is one.
TEST(aligned_block_behind_a_gap_of_8) {
    for (size_t align = 16; align <= 1024; align *= 4) {
        uint8_t *hole;
        galloc_heap_t *heap = around(align, 8, align + 92, &hole);
        EXPECT(galloc_alloc(heap, 100, align) == NULL);
        heap = around(align, 8, align + 100, &hole);
        EXPECT(take(heap, 100, align) == hole + 8 + align && free_bytes(heap) == 8 + align - HEADER);
    }
}

// Of the two ends the one with less padding, where the chunk has no room for the worst padding.
TEST(aligned_block_at_the_end_with_less_padding) {
    const size_t align = 512;
    for (size_t gap = 16; gap <= 240; gap += 32) {
        for (size_t back = 16; back <= 240; back += 32) {
            uint8_t *hole;
            galloc_heap_t *heap = around(align, gap, align + 100 + back, &hole);
            size_t low = gap, high = gap + align;
            EXPECT(gap + align + back < 100 + 2 * align); // so a larger one would be taken
            uint8_t *block = take(heap, 100, align);
            bool worst_fits = gap + align + 100 + back >= 100 + align + 8 + HEADER;
            EXPECT(block == hole + (back < low || (worst_fits && !GALLOC_SMALL_CODE) ? high : low));
        }
    }
}

// With room for the worst padding: at the high end, where speed counts more than size.
TEST(aligned_block_in_a_wide_chunk) {
    for (size_t align = 16; align <= 4096; align *= 2) {
        for (size_t size = 12; size <= 2100; size += 232) {
            galloc_heap_t *heap = new_heap(SIZE, NULL);
            uint8_t *end = unit_region.base + SIZE - HEADER, *block = take(heap, size, align);
            uint8_t *high = (uint8_t *)((uintptr_t)(end - payload_for(size)) / align * align);
            if (!GALLOC_SMALL_CODE) {
                EXPECT(block == high);
            }
            EXPECT(block == high || block < (uint8_t *)payload_at(heap, heap->first) + align + 16);
            EXPECT((size_t)(end - high) < payload_for(size) + align);
        }
    }
}
