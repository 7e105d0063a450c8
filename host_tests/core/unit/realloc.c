// Changing sizes: each way that galloc_realloc and galloc_resize can go, and the two steps for callers that hold a lock.

#include "unit.h"

#define SIZE 16384u

// Blocks side by side, a free chunk in place of those that are named with a minus; all else is in use.
static galloc_heap_t *row(uint8_t **blocks, const int *usable, size_t count) {
    galloc_heap_t *heap = new_heap(SIZE, NULL);
    lay(heap, 28);
    for (size_t i = 0; i < count; i++) {
        blocks[i] = lay(heap, (size_t)(usable[i] < 0 ? -usable[i] : usable[i]));
    }
    lay(heap, SIZE_MAX);
    for (size_t i = 0; i < count; i++) {
        if (usable[i] < 0) {
            give(heap, blocks[i]);
        }
    }
    return heap;
}

#define ROW(...)                                             \
    const int sizes[] = {__VA_ARGS__};                       \
    uint8_t *blocks[LENGTH(sizes)];                          \
    galloc_heap_t *heap = row(blocks, sizes, LENGTH(sizes)); \
    (void)heap

static size_t usable(galloc_heap_t *heap, const uint8_t *block) {
    return galloc_usable_size(heap, block);
}

static galloc_stats_t stats_of(const galloc_heap_t *heap) {
    galloc_stats_t stats;
    galloc_stats(heap, &stats);
    return stats;
}

// ---- In place ----------------------------------------------------------------------------------------------------

TEST(realloc_of_no_block_is_alloc) {
    galloc_heap_t *heap = new_heap(SIZE, NULL);
    for (size_t align = 0; align <= 64; align = align == 0 ? 1 : align * 2) {
        uint8_t *block = galloc_realloc(heap, NULL, 100, align);
        EXPECT(galloc_owns(heap, block) && usable(heap, block) >= 100 && (align < 2 || (uintptr_t)block % align == 0));
        sound(heap);
    }
    EXPECT(galloc_realloc(heap, NULL, 0, 8) != NULL && stats_of(heap).allocs == 9);
}

TEST_LEVEL(2, same_size_needs_nothing_of_the_neighbours) {
    ROW(100, 44, -60);
    uint32_t *header = &chunk_of(heap, blocks[2])->header;
    *header ^= 1u << 14;
    remember();
    for (size_t size = 37; size <= 44; size++) {
        EXPECT(galloc_resize(heap, blocks[1], size) && galloc_realloc(heap, blocks[1], size, 8) == blocks[1]);
    }
    EXPECT(unchanged() && !galloc_resize(heap, blocks[1], 52) && unchanged());
    *header ^= 1u << 14;
    sound(heap);
}

TEST(shrink_in_front_of_a_block) {
    for (size_t size = 0; size <= 100; size++) {
        for (int how = 0; how < 2; how++) {
            ROW(100, 100);
            EXPECT(how ? resize(heap, blocks[0], size) : change(heap, blocks[0], size, 8) == blocks[0]);
            size_t kept = payload_for(size) + 16 > 100 ? 100 : payload_for(size); // less than a chunk is not given back
            EXPECT(usable(heap, blocks[0]) == kept && free_bytes(heap) == (kept == 100 ? 0 : 100 - kept - HEADER));
            give(heap, blocks[1]);
            give(heap, blocks[0]);
        }
    }
}

TEST(shrink_and_grow_in_front_of_a_free_chunk) {
    for (size_t size = 0; size <= 204; size++) {
        for (int how = 0; how < 2; how++) {
            ROW(100, -100);
            EXPECT(how ? resize(heap, blocks[0], size) : change(heap, blocks[0], size, 8) == blocks[0]);
            size_t wanted = payload_for(size), kept = wanted != 100 && wanted + 16 > 204 ? 204 : wanted;
            EXPECT(usable(heap, blocks[0]) == kept && free_bytes(heap) == (kept == 204 ? 0 : 204 - kept - HEADER));
        }
    }
}

TEST(grow_into_the_next_chunk_is_refused_when_it_is_too_small) {
    ROW(100, -60, 100);
    EXPECT(!resize(heap, blocks[0], 165) && resize(heap, blocks[0], 164) && usable(heap, blocks[0]) == 164);
}

TEST(resize_does_not_grow_backward) {
    ROW(-300, 100);
    EXPECT(!resize(heap, blocks[1], 101));
}

// ---- Backward ----------------------------------------------------------------------------------------------------

TEST(grow_backward) {
    for (size_t size = 101; size <= 404; size += 3) {
        ROW(-300, 100, 44);
        uint8_t *to = change(heap, blocks[1], size, 8);
        size_t wanted = payload_for(size);
        if (wanted <= 300) { // the free chunk alone is enough: as late as it can
            EXPECT(to == blocks[0] + 404 - wanted && usable(heap, to) == wanted);
            EXPECT(free_bytes(heap) == 404 - wanted - HEADER);
        } else {
            EXPECT(to == blocks[0] && usable(heap, to) == (wanted + 16 > 404 ? 404 : wanted));
        }
        EXPECT(stats_of(heap).allocs == stats_of(heap).blocks + 1); // no new block
    }
}

TEST(grow_backward_and_forward) {
    for (size_t size = 309; size <= 508; size += 3) {
        ROW(-300, 100, -100);
        uint8_t *to = change(heap, blocks[1], size, 8);
        EXPECT(to == blocks[0] && usable(heap, to) == (payload_for(size) + 16 > 508 ? 508 : payload_for(size)));
    }
    ROW(-300, 100, -100);
    EXPECT(change(heap, blocks[1], 509, 8) == NULL && failures(heap) == 1);
}

// The chunk before is enough, but it is not where the alignment asks for.
TEST(grow_backward_to_an_alignment) {
    for (size_t align = 16; align <= 256; align *= 2) {
        for (int shift = 0; shift < 256; shift += 8) {
            ROW(28 + shift, -700, 100, 44);
            uintptr_t at = ((uintptr_t)blocks[1] + align - 1) / align * align;
            at += at - (uintptr_t)blocks[1] == 8 ? align : 0;
            uint8_t *to = change(heap, blocks[2], 400, align);
            EXPECT(to == (uint8_t *)at && usable(heap, to) == 404);
        }
    }
}

// Smaller, but aligned otherwise: the chunk before has the address.
TEST(shrink_backward_to_an_alignment) {
    ROW(28, -1004, 500, 44);
    const size_t align = (uintptr_t)blocks[2] % 512 != 0 ? 512 : 1024;
    uint8_t *to = change(heap, blocks[2], 60, align);
    EXPECT(to != NULL && to > blocks[1] && to < blocks[2] && usable(heap, to) == 60);
    EXPECT(stats_of(heap).free_chunks == 2);
}

// ---- Elsewhere ---------------------------------------------------------------------------------------------------

TEST(move_elsewhere) {
    ROW(100, 100, -500);
    uint8_t *to = change(heap, blocks[0], 300, 8);
    EXPECT(to == blocks[2] + 500 - 300 && stats_of(heap).free_chunks == 2);
    galloc_stats_t stats = stats_of(heap);
    EXPECT(stats.frees == 2 && stats.peak_used >= stats.used + 100); // for a moment there were both
}

TEST(move_elsewhere_frees_between_free_chunks) {
    ROW(-60, 100, -60, 44, -500);
    uint8_t *to = change(heap, blocks[1], 400, 8);
    EXPECT(to == blocks[4] + 500 - 404 && stats_of(heap).free_chunks == 2);
    EXPECT(chunk_of(heap, blocks[0])->header == free_header((60 + 100 + 60 + 8 - 12) / 4));
}

TEST(move_to_an_alignment) {
    for (size_t align = 16; align <= 1024; align *= 2) {
        galloc_heap_t *heap = new_heap(SIZE, NULL);
        uint8_t *block = take(heap, 100, 8);
        if ((uintptr_t)block % align == 0) {
            block = take(heap, 100, 8);
        }
        for (size_t size = 20; size <= 500; size += 160) {
            block = change(heap, block, size, align);
            EXPECT(block != NULL && (uintptr_t)block % align == 0);
            EXPECT(stats_of(heap).blocks <= 2);
        }
    }
}

// A block that is refused stays whole. So it does where the new size is the least one, which goes a way of its own.
TEST(refused_realloc_keeps_the_block) {
    ROW(100, 100, -60);
    galloc_stats_t before = stats_of(heap);
    EXPECT(change(heap, blocks[0], 3000, 8) == NULL && change(heap, blocks[1], 3000, 8) == NULL);
    EXPECT(change(heap, blocks[0], 60, 4096) == NULL && change(heap, blocks[0], 0, 4096) == NULL);
    EXPECT(change(heap, blocks[0], 4, 3) == NULL);
    galloc_stats_t after = stats_of(heap);
    EXPECT(after.failures == before.failures + 5 && after.used == before.used && after.blocks == before.blocks);
    give(heap, blocks[0]);
    give(heap, blocks[1]);
}

// Nothing is lost when the least size meets a new alignment.
TEST(least_size_at_a_new_alignment) {
    for (size_t align = 16; align <= 512; align *= 2) {
        for (size_t size = 0; size <= 5; size++) {
            galloc_heap_t *heap = new_heap(SIZE, NULL);
            uint8_t *block = take(heap, 100, 8);
            for (size_t other = 16; other <= 512; other *= 2) {
                block = change(heap, block, size, other == 64 ? 8 : other);
                EXPECT(block != NULL && stats_of(heap).blocks == 1);
            }
            give(heap, block);
            EXPECT(stats_of(heap).free_chunks == 1);
        }
    }
}

// A block at a multiple of 512 stays there when it is asked for less.
TEST(aligned_block_stays) {
    galloc_heap_t *heap = new_heap(SIZE, NULL);
    uint8_t *block = take(heap, 100, 512);
    for (size_t align = 1; align <= 512; align *= 2) {
        EXPECT(change(heap, block, 100 - align / 16, align) == block);
    }
}

// ---- In steps ----------------------------------------------------------------------------------------------------

// With a block of somebody else's taken and given back between the steps.
static void *in_steps(galloc_heap_t *heap, void *block, size_t size, size_t align, galloc_move_t *move) {
    *move = (galloc_move_t){0};
    if (block != NULL && (align & (align - 1)) == 0 && (uintptr_t)block % align == 0 &&
        galloc_resize(heap, block, size)) {
        return block;
    }
    do {
        if (!galloc_realloc_begin(heap, block, size, align, move)) {
            return NULL;
        }
        EXPECT(galloc_check(heap, NULL) == GALLOC_OK);
        EXPECT(galloc_free(heap, galloc_alloc(heap, 24, 8)) != GALLOC_FAULT_CORRUPT);
    } while (move->more);
    if (move->to == NULL) {
        move->to = galloc_alloc(heap, size, align);
    }
    EXPECT(galloc_check(heap, NULL) == GALLOC_OK);
    void *other = galloc_alloc(heap, 24, 8);
    if (move->to != NULL && move->from != NULL) {
        memmove(move->to, move->from, move->bytes);
        EXPECT(galloc_realloc_end(heap, move));
    } else if (move->from != NULL) {
        EXPECT(galloc_resize(heap, block, move->old_size));
    }
    EXPECT(galloc_free(heap, other) == GALLOC_OK && galloc_check(heap, NULL) == GALLOC_OK);
    return move->to;
}

TEST(steps_of_a_new_block) {
    galloc_heap_t *heap = new_heap(SIZE, NULL);
    galloc_move_t move;
    uint8_t *block = in_steps(heap, NULL, 100, 64, &move);
    EXPECT(usable(heap, block) >= 100 && (uintptr_t)block % 64 == 0 && move.bytes == 0 && !move.merged);
}

TEST(steps_in_place) {
    galloc_heap_t *heap = new_heap(SIZE, NULL);
    galloc_move_t move;
    uint8_t *block = lay(heap, 100);
    for (size_t size = 0; size <= 300; size += 20) {
        EXPECT(in_steps(heap, block, size, 8, &move) == block && move.to == NULL);
        EXPECT(usable(heap, block) == payload_for(size));
    }
}

TEST(steps_elsewhere) {
    ROW(100, 100, -500);
    galloc_move_t move;
    memset(blocks[0], 5, 100);
    uint8_t *to = in_steps(heap, blocks[0], 300, 8, &move);
    EXPECT(to > blocks[2] && !move.merged && move.bytes == 100 && to[0] == 5 && to[99] == 5);
    EXPECT(!galloc_owns(heap, blocks[0]) && usable(heap, to) == 300);
    EXPECT(in_steps(heap, to, SIZE, 8, &move) == NULL && galloc_owns(heap, to));
    EXPECT(in_steps(heap, to, 100, 3, &move) == NULL && galloc_owns(heap, to));
}

TEST(steps_backward) {
    ROW(-2004, 2004, 100, -60, 44);
    galloc_move_t move;
    galloc_stats_t before = stats_of(heap), after;
    memset(blocks[1], 9, 2004);
    uint8_t *to = in_steps(heap, blocks[1], 3000, 8, &move);
    after = stats_of(heap);
    EXPECT(to == blocks[0] && move.merged && move.bytes == 2004 && usable(heap, to) == 3004);
    for (size_t i = 0; i < 2004; i++) {
        EXPECT(to[i] == 9);
    }
    EXPECT(after.used == before.used + 3004 - 2004);
    EXPECT(GALLOC_HARDENING == 0 || galloc_free(heap, blocks[1]) != GALLOC_OK);
}

// Less than before, at an alignment that only the chunk before has.
TEST(steps_backward_to_a_smaller_size) {
    ROW(28, -1004, 500, 44);
    galloc_move_t move;
    const size_t align = (uintptr_t)blocks[2] % 512 != 0 ? 512 : 1024;
    uint8_t *to = in_steps(heap, blocks[2], 60, align, &move);
    EXPECT(to != NULL && move.merged && move.bytes == 60 && usable(heap, to) == 60);
}

// What a merged block will need is its own from the first step on, whatever others take before the second.
TEST(steps_backward_while_others_take_all) {
    ROW(-2004, 2004, -2004, 1100);
    galloc_move_t move = {0};
    EXPECT(galloc_realloc_begin(heap, blocks[1], 5500, 8, &move) && move.more && !move.merged && move.to == NULL);
    EXPECT(galloc_check(heap, NULL) == GALLOC_OK);
    EXPECT(galloc_realloc_begin(heap, blocks[1], 5500, 8, &move) && !move.more && move.merged && move.to == blocks[0]);
    EXPECT(galloc_check(heap, NULL) == GALLOC_OK);
    while (galloc_alloc(heap, 12, 8) != NULL) {
    }
    memmove(move.to, move.from, move.bytes);
    EXPECT(galloc_realloc_end(heap, &move));
    EXPECT(usable(heap, blocks[0]) >= 5500 && galloc_check(heap, NULL) == GALLOC_OK);
}

TEST_LEVEL(1, steps_are_refused_for_what_is_no_block) {
    ROW(-100, 100, 44);
    galloc_move_t move = {0};
    remember();
    EXPECT(!galloc_realloc_begin(heap, blocks[0], 8, 8, &move) &&
           !galloc_realloc_begin(heap, blocks[1] + 8, 8, 8, &move));
    EXPECT(!galloc_realloc_begin(heap, heap, 0, 8, &move) && unchanged());
}

// What another frees or takes between the steps decides where the block goes.
TEST(steps_backward_while_others_change_what_is_before) {
    for (size_t align = 8; align <= 64; align *= 8) {
        for (int taken = 0; taken < 3; taken++) {
            ROW(300, -300, 100, -60, 44);
            galloc_move_t move = {0};
            uint8_t *other = blocks[0];
            uint8_t copy[100];
            memcpy(copy, blocks[2], 100);
            EXPECT(galloc_realloc_begin(heap, blocks[2], 340, align, &move) && move.more && move.to == NULL);
            if (taken == 1) {
                other = take(heap, 300, 8); // all that is before
                EXPECT(other == blocks[1]);
            } else if (taken == 2) {
                give(heap, blocks[0]); // more than there was
                other = NULL;
            }
            EXPECT(galloc_realloc_begin(heap, blocks[2], 340, align, &move) && !move.more);
            EXPECT(move.merged == (taken != 1) && galloc_check(heap, NULL) == GALLOC_OK);
            if (move.to == NULL) {
                EXPECT(usable(heap, blocks[2]) >= 160 && move.bytes == 100);
                EXPECT(resize(heap, blocks[2], move.old_size) && usable(heap, blocks[2]) == 100);
            } else {
                memmove(move.to, move.from, move.bytes);
                EXPECT(galloc_realloc_end(heap, &move) && usable(heap, move.to) >= 340);
                EXPECT((uintptr_t)move.to % align == 0 && memcmp(move.to, copy, 100) == 0);
            }
            EXPECT(other == NULL || galloc_owns(heap, other));
            EXPECT(galloc_check(heap, NULL) == GALLOC_OK);
        }
    }
}

// The chunk before is damaged: the block can go elsewhere, but its old place cannot be freed. It may have grown.
TEST_LEVEL(2, grown_beside_a_damaged_chunk) {
    for (int last = -700; last <= 700; last += 1400) { // with room elsewhere, and without
        ROW(-500, 100, -100, 44, last, 44);
        uint8_t copy[100];
        memcpy(copy, blocks[1], 100);
        chunk_of(heap, blocks[0])->header ^= 1u << 12;
        EXPECT(galloc_realloc(heap, blocks[1], 650, 8) == NULL && galloc_owns(heap, blocks[1]));
        EXPECT(!GALLOC_SMALL_CODE || last < 0 || usable(heap, blocks[1]) == 100);
        EXPECT(memcmp(blocks[1], copy, 100) == 0 && galloc_resize(heap, blocks[1], 100));
        chunk_of(heap, blocks[0])->header ^= 1u << 12;
        sound(heap);
    }
}

// The same with the chunk behind it damaged: the one before does not suffice.
TEST_LEVEL(2, not_grown_in_front_of_a_damaged_chunk) {
    ROW(-500, 100, -100, 44, -700, 44);
    uint8_t copy[100];
    memcpy(copy, blocks[1], 100);
    chunk_of(heap, blocks[2])->next ^= 1u << 12;
    chunk_of(heap, blocks[2])->prev ^= 1u << 12;
    galloc_move_t move = {0};
    EXPECT(galloc_realloc_begin(heap, blocks[1], 650, 8, &move) && move.more);
    EXPECT(galloc_realloc_begin(heap, blocks[1], 650, 8, &move) && !move.more && move.to == NULL);
    uint8_t *block = galloc_realloc(heap, blocks[1], 650, 8);
    EXPECT(block > blocks[3] && block < blocks[5] && usable(heap, block) >= 650 && memcmp(block, copy, 100) == 0);
}

// With a part of the chunk before, which an alignment leaves out.
TEST_LEVEL(2, not_aligned_in_front_of_a_damaged_chunk) {
    size_t vain = 0;
    for (size_t align = 8; align <= 512; align *= 2) {
        for (size_t size = 400; size <= 720; size += 4) {
            ROW(-500, 100, -100, 44);
            galloc_move_t move = {0};
            chunk_of(heap, blocks[2])->prev ^= 1u << 12;
            EXPECT(galloc_realloc_begin(heap, blocks[1], size, align, &move));
            bool tried = move.more;
            EXPECT(!tried || (galloc_realloc_begin(heap, blocks[1], size, align, &move) && !move.more));
            EXPECT(!move.merged || usable(heap, move.to) >= size);
            vain += tried && !move.merged;
        }
    }
    EXPECT(vain > 100);
}

// The chunk before is damaged: the block can go elsewhere, but its old place cannot be freed.
TEST_LEVEL(2, steps_beside_a_damaged_chunk) {
    ROW(-100, 100, 44, -500, 44);
    galloc_move_t move = {0};
    chunk_of(heap, blocks[0])->header ^= 1u << 12;
    remember();
    EXPECT(galloc_realloc_begin(heap, blocks[1], 400, 8, &move) && move.to == NULL && unchanged());
    EXPECT((move.to = galloc_alloc(heap, 400, 8)) != NULL && !galloc_realloc_end(heap, &move));
    EXPECT(galloc_free(heap, move.to) == GALLOC_OK && galloc_owns(heap, blocks[1]));
    EXPECT(galloc_realloc(heap, blocks[1], 400, 8) == NULL && galloc_owns(heap, blocks[1]));
    EXPECT(galloc_resize(heap, blocks[1], 60)); // needs nothing of it
}

// A block that grows into a large chunk before it has all of that until it has moved: no more of it than it needs.
TEST(peak_of_a_move_backward) {
    galloc_heap_t *heap = new_heap(65536, NULL);
    take(heap, 44, 8);
    uint8_t *block = take(heap, 44, 8);
    EXPECT(block > unit_region.base + 60000 && change(heap, block, 100, 8) < block);
    EXPECT(stats_of(heap).peak_used <= stats_of(heap).used + 48);
}

// The new block begins so far in front that the moved payload does not reach the old header.
TEST_LEVEL(1, old_header_does_not_pass_after_growing_backward) {
    galloc_heap_t *heap = new_heap(SIZE, NULL);
    uint8_t *hole = lay(heap, 500), *block = lay(heap, 60);
    lay(heap, 60);
    lay(heap, SIZE_MAX);
    give(heap, hole);
    forget(); // nothing is written behind the payload that was moved
    uint8_t *moved = galloc_realloc(heap, block, 300, 8);
    EXPECT(moved != NULL && moved < block && moved + 60 < block - HEADER);
    EXPECT(!galloc_owns(heap, block) && galloc_usable_size(heap, block) == 0);
    EXPECT(galloc_free(heap, block) != GALLOC_OK);
    sound(heap);
}
