// Bins and map: which bin a size belongs to, how the map finds one, and in which order a bin gives its chunks.

#include "unit.h"

#define SIZE 65536u

TEST(bit_scans) {
    rng_t rng = {unit_seed};
    for (uint32_t n = 0; n < 32; n++) {
        for (int i = 0; i < 100; i++) {
            uint32_t noise = rng_next(&rng), bit = 1u << n;
            EXPECT(log2_floor(bit | (noise & (bit - 1u))) == n && lowest_bit(bit | (noise & ~(bit - 1u))) == n);
        }
    }
    for (uint32_t x = 1; x < 70000; x++) {
        uint32_t low = 0, high = 0;
        while (x >> high > 1) {
            high++;
        }
        while ((x >> low & 1) == 0) {
            low++;
        }
        EXPECT(log2_floor(x) == high && lowest_bit(x) == low);
    }
}

static uint32_t class_of(uint32_t size) {
    uint32_t octave = 0;
    while (size >> (octave + 1) != 0) {
        octave++;
    }
    return 2 * octave + 2 + (size >> (octave - 1) & 1);
}

// Two classes an octave: from 2^n and from 1.5 * 2^n words on. They are the same on each machine, as a heap is.
TEST(size_classes) {
    galloc_heap_t *heap = new_heap(SIZE, NULL);
    uint32_t first = heap->small_limit * heap->sub_factor, small = class_of(heap->small_limit);
    EXPECT(heap->large_base == first - (small - 62));
    for (uint32_t octave = 1; octave < 31; octave++) {
        uint32_t low = 1u << octave, half = low + low / 2, sizes[] = {low, half - 1, half, low + (low - 1)};
        for (size_t i = 0; i < LENGTH(sizes); i++) {
            EXPECT(size_class(sizes[i]) == class_of(sizes[i]) - 62);
            if (sizes[i] >= heap->small_limit) {
                uint32_t bin = (uint32_t)galloc_bin_of(heap, heap->first, sizes[i]);
                EXPECT(bin % GALLOC_BINS == (first + class_of(sizes[i]) - small) % GALLOC_BINS);
            }
        }
    }
}

// By size, in a smallbin by the alignment of the payload; a chunk of more bytes is never in a lower bin.
TEST(bin_of_each_size_and_place) {
    static const galloc_config_t configs[] = {{0, 0, false}, {1, 2, false}, {2, 3, false},
                                              {8, 4, false}, {6, 8, false}, {32, 2, false}};
    for (size_t which = 0; which < LENGTH(configs); which++) {
        galloc_heap_t *heap = new_heap(SIZE, &configs[which]);
        uint32_t smallbins = heap->small_limit / 2, places = 2;
        uint32_t sub_bins = which == 0 ? GALLOC_ALIGNMENT_SUB_BINS : configs[which].alignment_sub_bins;
        while (places < sub_bins) {
            places *= 2;
        }
        for (size_t index = heap->first; index < heap->first + 128; index += 2) {
            uint32_t sub = 0;
            while (sub < sub_bins - 1 &&
                   (uintptr_t)payload_at(heap, index) >> (4 + sub) << (4 + sub) == (uintptr_t)payload_at(heap, index)) {
                sub++;
            }
            size_t before = 0;
            for (size_t size = 0; size < heap->limit; size += size < 600 ? 2 : 170) {
                size_t bin = galloc_bin_of(heap, index, size);
                size_t expected = size / 2 < smallbins
                                      ? size / 2 * places + sub
                                      : smallbins * places + class_of((uint32_t)size) - class_of(2 * smallbins);
                EXPECT(bin == expected && bin >= before && bin < heap->first - 1);
                before = bin;
            }
        }
    }
}

// ---- The map -----------------------------------------------------------------------------------------------------

static bool has(const galloc_heap_t *heap, size_t bin) {
    return heap->map[bin / 32] >> bin % 32 & 1u;
}

static void expect_searches(const galloc_heap_t *heap) {
    for (size_t from = 0; from < GALLOC_BINS; from++) {
        size_t up = from;
        while (up < GALLOC_BINS && !has(heap, up)) {
            up++;
        }
        EXPECT(map_search(heap, (uint32_t)from) == up);
        for (size_t least = 0; least < GALLOC_BINS; least++) {
            size_t down = from;
            while (down > least && !has(heap, down - 1)) {
                down--;
            }
            EXPECT(map_search_down(heap, from, least) == (down > least ? down - 1 : GALLOC_BINS));
        }
    }
}

TEST(map_searches) {
    static galloc_heap_t heap;
    rng_t rng = {unit_seed};
    expect_searches(&heap);
    for (size_t bin = 0; bin < GALLOC_BINS; bin++) {
        map_set(&heap, bin);
        EXPECT(has(&heap, bin));
        expect_searches(&heap);
        map_set(&heap, bin); // twice is once
        map_clear(&heap, bin);
        EXPECT(!has(&heap, bin));
    }
    for (int i = 0; i < 40; i++) {
        for (size_t word = 0; word < GALLOC_MAP_WORDS; word++) {
            heap.map[word] = rng_next(&rng) & (i % 2 ? rng_next(&rng) & rng_next(&rng) : UINT32_MAX);
        }
        expect_searches(&heap);
    }
}

// Only the sub-bins that serve, in each smallbin.
TEST(map_searches_of_some_sub_bins) {
    static galloc_heap_t heap;
    rng_t rng = {unit_seed};
    for (int i = 0; i < 200; i++) {
        for (size_t word = 0; word < GALLOC_MAP_WORDS; word++) {
            heap.map[word] = rng_next(&rng) & rng_next(&rng) & rng_next(&rng);
        }
        uint32_t serve = rng_below(&rng, 15) * 0x11111111u; // four sub-bins
        for (size_t from = 0; from < GALLOC_BINS; from++) {
            size_t up = from;
            while (up < GALLOC_BINS && !(has(&heap, up) && serve >> up % 32 & 1)) {
                up++;
            }
            galloc_map_word_t mask = serve;
#if GALLOC_64BIT
            mask |= mask << 32;
#endif
            EXPECT(map_search_in(&heap, (uint32_t)from, mask) == up);
        }
    }
}

// ---- The order of a bin ------------------------------------------------------------------------------------------

#define HOLES 7u

// Blocks of `usable` bytes, each followed by two of 28, and nothing free. All of them are at the same place modulo 16.
static galloc_heap_t *with_blocks(uint8_t **blocks, size_t usable) {
    galloc_heap_t *heap = new_heap(SIZE, NULL);
    for (size_t i = 0; i < HOLES; i++) {
        blocks[i] = lay(heap, usable);
        lay(heap, 28);
        lay(heap, 28);
    }
    lay(heap, SIZE_MAX);
    return heap;
}

static size_t list_of(const galloc_heap_t *heap, size_t bin, size_t *members) {
    size_t count = 0;
    for (uint32_t index = heap->bins[bin]; index != 0; index = chunk_at(heap, index)->next) {
        EXPECT(count < HOLES);
        members[count++] = index;
    }
    return count;
}

TEST(last_in_first_out) {
    for (size_t usable = 44; usable <= 2044; usable += 400) {
        uint8_t *blocks[HOLES];
        size_t members[HOLES];
        galloc_heap_t *heap = with_blocks(blocks, usable);
        for (size_t i = 0; i < HOLES; i++) {
            give(heap, blocks[i]);
        }
        size_t bin = galloc_bin_of(heap, index_of_block(heap, blocks[0]), (usable - 12) / 4);
        EXPECT(list_of(heap, bin, members) == HOLES);
        for (size_t i = HOLES; i > 0; i--) {
            EXPECT(members[HOLES - i] == index_of_block(heap, blocks[i - 1]));
            EXPECT(take(heap, usable, 8) == blocks[i - 1]);
        }
        EXPECT(!has(heap, bin) && heap->bins[bin] == 0);
    }
}

// A chunk that is merged away leaves the list of its bin from the front, the middle and the end.
TEST(removal_from_anywhere_in_a_list) {
    for (size_t victim = 0; victim < HOLES; victim++) {
        uint8_t *blocks[HOLES];
        size_t members[HOLES], count = 0;
        galloc_heap_t *heap = with_blocks(blocks, 604);
        for (size_t i = 0; i < HOLES; i++) {
            give(heap, blocks[i]);
        }
        size_t bin = galloc_bin_of(heap, index_of_block(heap, blocks[0]), (604 - 12) / 4);
        uint8_t *behind = blocks[victim] + 604 + HEADER;
        give(heap, behind); // 636 bytes: the same class
        EXPECT(list_of(heap, bin, members) == HOLES && members[count++] == index_of_block(heap, blocks[victim]));
        for (size_t i = HOLES; i > 0; i--) {
            EXPECT(i - 1 == victim || members[count++] == index_of_block(heap, blocks[i - 1]));
        }
        EXPECT(count == HOLES);
    }
}

// A rest that belongs into the bin that it comes from stays the first there.
TEST(rest_keeps_its_bin) {
    uint8_t *blocks[HOLES];
    size_t before[HOLES], after[HOLES];
    galloc_heap_t *heap = with_blocks(blocks, 1996);
    for (size_t i = 0; i < HOLES; i++) {
        give(heap, blocks[i]);
    }
    size_t bin = galloc_bin_of(heap, heap->first, (1996 - 12) / 4);
    EXPECT(list_of(heap, bin, before) == HOLES);
    uint8_t *block = take(heap, 12, 8);
    EXPECT(list_of(heap, bin, after) == HOLES && memcmp(before, after, sizeof before) == 0);
    EXPECT(block == blocks[HOLES - 1] + 1996 - 12);
    give(heap, block);
    EXPECT(list_of(heap, bin, after) == HOLES && memcmp(before, after, sizeof before) == 0);
}
