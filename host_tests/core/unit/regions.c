// Regions and configurations: which memory becomes a heap, with which bins, and under what conditions it opens again.

#include "unit.h"

#include <sys/mman.h>

#define SIZE 16384u
#define GIB ((size_t)1 << 30)

static const galloc_config_t configs[] = {
    {0, 0, false}, {1, 2, false},  {2, 2, false},  {3, 3, false}, {5, 200, false},      {7, 8, true},
    {16, 2, true}, {20, 8, false}, {32, 2, false}, {64, 2, true}, {65535, 65535, true},
};

TEST(no_region) {
    EXPECT(galloc_init(NULL, 4096, NULL) == NULL && galloc_init(NULL, 100, NULL) == NULL);
    EXPECT(galloc_init(NULL, SIZE_MAX, NULL) == NULL && galloc_init_salted(NULL, 4096, NULL, 1) == NULL);
    EXPECT(!galloc_initialized(NULL, 4096) && galloc_attach(NULL, 4096) == NULL);
}

TEST(regions_that_wrap_the_address_space) {
    uint8_t *region = new_region(SIZE);
    static const size_t sizes[] = {SIZE_MAX, SIZE_MAX - 8, SIZE_MAX - 64};
    remember();
    for (size_t i = 0; i < LENGTH(sizes); i++) {
        EXPECT(galloc_init(region, sizes[i], NULL) == NULL && !galloc_initialized(region, sizes[i]));
        EXPECT(galloc_attach(region, sizes[i]) == NULL);
    }
    EXPECT(galloc_init(region, (size_t)0 - (uintptr_t)region, NULL) == NULL);
    EXPECT(galloc_init((void *)(UINTPTR_MAX - 2), 2, NULL) == NULL);
    EXPECT(galloc_init((void *)(UINTPTR_MAX - 4095), 8192, NULL) == NULL);
    EXPECT(unchanged());
}

// Addresses only: the bytes are not looked at.
#define LEAST ((uint32_t)((sizeof(struct galloc_heap) + 7u) & ~(size_t)7u))

TEST(what_a_region_has_room_for) {
    static const struct {
        uintptr_t start;
        size_t size;
        uint32_t total;
    } regions[] = {
        {8, LEAST, LEAST},
        {8, LEAST - 8, 0},
        {8, 0, 0},
        {12, 3, 0},
        {12, 12, 0},
        {16, 4096, 4096},
        {13, 4096, 4088},
        {UINTPTR_MAX - 4095, 4095, 4088},
        {UINTPTR_MAX - 4095, 4096, 0}, // behind the last byte the addresses start again
        {UINTPTR_MAX - 3, 4096, 0},
        {UINTPTR_MAX - 3, 3, 0},
        {4096, GALLOC_MAX_REGION, GALLOC_MAX_REGION},
        {4096, (size_t)GALLOC_MAX_REGION + 8, 0},
    };
    for (size_t i = 0; i < LENGTH(regions); i++) {
        uint32_t total = 1;
        (void)galloc_heap_in((void *)regions[i].start, regions[i].size, &total);
        if (total != regions[i].total) {
            fail("region %zu: %u bytes", i, (unsigned)total);
        }
    }
}

// From no byte at all to some hundred: refused and untouched, or a heap with one block at least.
TEST(small_regions_at_each_offset) {
    for (size_t which = 0; which < LENGTH(configs); which += 5) {
        for (size_t offset = 0; offset < 8; offset++) {
            bool works = false;
            for (size_t size = 0; size <= 420; size++) {
                uint8_t *at = new_region(size + (0 - size - offset) % 8);
                remember();
                galloc_heap_t *heap = galloc_init(at, size, &configs[which]);
                EXPECT((heap != NULL) == galloc_initialized(at, size) && (heap != NULL || (!works && unchanged())));
                if (heap != NULL) {
                    works = true;
                    uint8_t *block = take(heap, 0, 8);
                    EXPECT(galloc_attach(at, size) == heap);
                    give(heap, block);
                }
            }
            EXPECT(works);
        }
    }
}

// At the end of the smallest one memory ends. So a read behind it is caught.
TEST(smallest_region_holds_one_block) {
    for (size_t which = 0; which < LENGTH(configs); which++) {
        size_t size = 0;
        while (galloc_init(new_region(size), size, &configs[which]) == NULL) {
            size += 8;
        }
        galloc_heap_t *heap = new_heap(size, &configs[which]);
        for (size_t request = 32; request != 0; request *= 2) {
            for (size_t align = 8; align <= 4096; align *= 2) {
                EXPECT(galloc_alloc(heap, request, align) == NULL && galloc_alloc(heap, request - 8, align) == NULL);
            }
        }
        EXPECT(free_bytes(heap) == 12);
        uint8_t *block = take(heap, 12, 8);
        EXPECT(galloc_alloc(heap, 0, 8) == NULL && !resize(heap, block, 13) && change(heap, block, 13, 8) == NULL);
        EXPECT(galloc_attach(unit_region.base, size) == heap);
        give(heap, block);
    }
}

// Bytes of a region that are lost because its ends are no multiples of 8.
TEST(total_is_the_region_less_its_unaligned_ends) {
    uint8_t *base = new_region(SIZE);
    for (size_t front = 0; front < 16; front++) {
        for (size_t end = 0; end < 16; end++) {
            galloc_stats_t stats;
            galloc_heap_t *heap = galloc_init(base + front, SIZE - front - end, NULL);
            uintptr_t low = ((uintptr_t)base + front + 7) / 8 * 8, high = ((uintptr_t)base + SIZE - end) / 8 * 8;
            EXPECT((uintptr_t)heap == low && galloc_check(heap, NULL) == GALLOC_OK);
            galloc_stats(heap, &stats);
            EXPECT(stats.total == high - low && SIZE - front - end - stats.total <= 14);
            EXPECT(stats.overhead + stats.free == stats.total && stats.used == 0 && stats.free_chunks == 1);
            uint8_t *all = galloc_alloc(heap, stats.free, 8);
            EXPECT(all != NULL && (uintptr_t)all + stats.free + HEADER == high);
        }
    }
}

TEST(configurations_out_of_range) {
    const galloc_config_t one_sub_bin = {0, 1, false}, also_one = {16, 1, true};
    uint8_t *region = new_region(SIZE);
    remember();
    EXPECT(galloc_init(region, SIZE, &one_sub_bin) == NULL && galloc_init(region, SIZE, &also_one) == NULL);
    EXPECT(galloc_overhead(SIZE, &one_sub_bin) == 0 && galloc_overhead(SIZE, &also_one) == 0 && unchanged());
}

// ---- The bins of a configuration ---------------------------------------------------------------------------------

typedef struct {
    uint32_t smallbins, sub_bins, places, bins;
} expected_t;

// Bins for sizes from `low` words on, up to `most`: two an octave.
static uint32_t large_bins(uint32_t low, uint32_t most) {
    uint32_t count = 1, octave = 1;
    while (octave * 2 <= low) {
        octave *= 2;
    }
    bool upper = octave > 1 && low >= octave + octave / 2;
    while ((upper ? octave * 2 : octave + octave / 2) <= most) {
        octave = upper ? octave * 2 : octave;
        upper = !upper;
        count++;
    }
    return count;
}

// What a configuration asks for, and becomes where there are no more than 64 bins: fewer smallbins.
static expected_t expect(const galloc_config_t *config, uint32_t limit) {
    expected_t e = {config->smallbins, config->alignment_sub_bins, 2, 0};
    e.smallbins = e.smallbins == 0 ? GALLOC_SMALLBINS : e.smallbins;
    e.sub_bins = e.sub_bins == 0 ? GALLOC_ALIGNMENT_SUB_BINS : e.sub_bins > 8 ? 8 : e.sub_bins;
    while (e.places < e.sub_bins) {
        e.places *= 2;
    }
    while (e.smallbins * e.places + large_bins(2 * e.smallbins, limit) > GALLOC_BINS) {
        e.smallbins--;
    }
    e.bins = e.smallbins * e.places + large_bins(2 * e.smallbins, limit);
    return e;
}

TEST(bins_are_those_of_the_configuration) {
    for (size_t which = 0; which < LENGTH(configs); which++) {
        for (size_t size = 512; size <= SIZE; size += 56) {
            galloc_heap_t *heap = new_heap(size, &configs[which]);
            expected_t e = expect(&configs[which], heap->limit);
            EXPECT(heap->limit == (size - GALLOC_ORIGIN) / 4 - 5);
            EXPECT(heap->small_limit == 2 * e.smallbins);
            EXPECT(heap->sub_factor * 2 == e.places && heap->sub_cap == 1u << (e.sub_bins - 1));
            EXPECT(heap->sub_cap_2 == 2 * heap->sub_cap);
            uint32_t bins = heap->first - 2; // or one less: the first chunk's index is even
            EXPECT(heap->limit < 256 ? bins == GALLOC_BINS : bins >= e.bins && bins <= e.bins + 2);
            EXPECT(((heap->key & GALLOC_KEY_BOUNDED) != 0) == configs[which].bounded_search);
            size_t control = GALLOC_ORIGIN + 8u + 4u * heap->first, claimed = galloc_overhead(size, &configs[which]);
            galloc_stats_t stats;
            galloc_stats(heap, &stats);
            EXPECT(claimed == control && stats.overhead == control + 4);
            EXPECT((uint8_t *)payload_at(heap, heap->first) == unit_region.base + control);
        }
    }
}

// The same at both ends: an overhead that is exact to 16 bytes whatever the region's alignment.
TEST(overhead_is_exact_to_16) {
    uint8_t *base = new_region(SIZE);
    for (size_t which = 0; which < LENGTH(configs); which++) {
        for (size_t size = 450; size <= SIZE - 8; size += 61) {
            for (size_t offset = 0; offset < 8; offset++) {
                galloc_heap_t *heap = galloc_init(base + offset, size, &configs[which]);
                EXPECT(heap != NULL);
                size_t control = (size_t)((uint8_t *)payload_at(heap, heap->first) - (base + offset));
                size_t claimed = galloc_overhead(size, &configs[which]);
                EXPECT(claimed <= control + 16 && control <= claimed + 16);
            }
        }
        for (size_t size = 0; size < 300; size += 8) { // no heap: that of the smallest one
            EXPECT(galloc_overhead(size, &configs[which]) == galloc_overhead(0, &configs[which]));
        }
        EXPECT(galloc_overhead(SIZE_MAX, &configs[which]) == galloc_overhead(GIB, &configs[which]));
    }
}

// A bit of the map that was set by accident must not lead out of a region: a small one has room for all bins.
TEST_LEVEL(2, small_region_has_all_bins) {
    for (size_t which = 0; which < LENGTH(configs); which++) {
        for (size_t size = 448; size < 1000; size += 56) {
            galloc_heap_t *heap = new_heap(size, &configs[which]);
            EXPECT(heap->first == GALLOC_BINS + 2);
            for (uint32_t bin = 0; bin < GALLOC_BINS; bin++) {
                heap->map[bin / 32] |= 1u << bin % 32;
            }
            for (size_t request = 0; request < size; request += 8) {
                galloc_alloc(heap, request, 8);
                galloc_alloc(heap, request, 64);
            }
        }
    }
}

TEST(largest_region) {
    uint8_t *at = mmap(NULL, GIB + 64, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    EXPECT(at != MAP_FAILED);
    EXPECT(galloc_init(at, GIB + 8, NULL) == NULL && galloc_init(at, GIB + 64, NULL) == NULL);
    EXPECT((uint8_t *)galloc_init(at + 1, GIB + 8, NULL) == at + 8); // 1 GiB between its ends
    for (size_t which = 0; which < LENGTH(configs); which++) {
        galloc_heap_t *heap = galloc_init(at, GIB, &configs[which]);
        EXPECT(heap != NULL && heap->limit < 1u << 28 && heap->size_mask == (1u << 28) - 2);
        EXPECT(heap->check_mask == 0xf0000001u && heap->check_mask >= GALLOC_PREV_FREE);
        EXPECT(heap->first - 2 <= GALLOC_BINS && heap->small_limit >= 2);
        uint8_t *block = galloc_alloc(heap, GIB / 2 + GIB / 4, 4096);
        EXPECT(block != NULL && galloc_check(heap, NULL) == GALLOC_OK);
        EXPECT(galloc_free(heap, block) == GALLOC_OK);
        EXPECT(GALLOC_HARDENING == 0 || galloc_free(heap, block) == GALLOC_FAULT_NOT_ALLOCATED);
        for (size_t align = 16; align < GIB / 2; align *= 2) {
            block = galloc_alloc(heap, 8, align);
            EXPECT(block != NULL && (uintptr_t)block % align == 0 && galloc_realloc(heap, block, 12, align) == block);
            EXPECT(galloc_free(heap, block) == GALLOC_OK);
        }
        galloc_stats_t stats;
        galloc_stats(heap, &stats);
        block = galloc_alloc(heap, stats.free, 8);
        EXPECT(block != NULL && galloc_usable_size(heap, block) == stats.free);
        EXPECT(galloc_check(heap, NULL) == GALLOC_OK);
    }
    munmap(at, GIB + 64);
}

#if SIZE_MAX > UINT32_MAX
TEST_64(region_beyond_4_gib) {
    uint8_t *at = mmap(NULL, 5 * GIB, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    EXPECT(at != MAP_FAILED);
    for (size_t gib = 2; gib <= 5; gib++) {
        EXPECT(galloc_init(at, gib * GIB, NULL) == NULL && galloc_init(at, gib * GIB + 4096, NULL) == NULL);
        EXPECT(!galloc_initialized(at, gib * GIB + 4096) && galloc_attach(at, gib * GIB + 4096) == NULL);
    }
    EXPECT(galloc_init(at, SIZE_MAX - (uintptr_t)at, NULL) == NULL);
    EXPECT(at[0] == 0 && galloc_overhead(5 * GIB, NULL) == galloc_overhead(GIB, NULL));
    munmap(at, 5 * GIB);
}

// Around an address that is a multiple of 32 GiB and of no more: in 32 bits the alignments beyond look like less.
TEST_64(alignments_beyond_32_bits) {
    const uintptr_t middle = (uintptr_t)0x401 << 35, half = 8192;
    void *at = mmap((void *)(middle - half), 2 * half, PROT_READ | PROT_WRITE,
                    MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);
    EXPECT(at == (void *)(middle - half));
    galloc_heap_t *heap = galloc_init(at, 2 * half, NULL);
    for (uintptr_t align = (uintptr_t)1 << 36; align != 0; align *= 2) {
        uint8_t *block;
        EXPECT(galloc_alloc(heap, 8, align) == NULL && alloc_in_steps(heap, 8, align, &block) > 0 && block == NULL);
    }
    for (uintptr_t align = (uintptr_t)1 << 31; align <= (uintptr_t)1 << 35; align *= 2) {
        uint8_t *in_steps;
        EXPECT(alloc_in_steps(heap, 8, align, &in_steps) > 0);
        EXPECT(in_steps == (void *)middle && galloc_free(heap, in_steps) == GALLOC_OK);
        void *block = galloc_alloc(heap, 8, align);
        EXPECT(block == (void *)middle && galloc_realloc(heap, block, 12, align) == block);
        EXPECT(galloc_realloc(heap, block, 12, (uintptr_t)1 << 36) == NULL && galloc_owns(heap, block));
        EXPECT(galloc_realloc(heap, block, half, align) == NULL && galloc_owns(heap, block));
        EXPECT(galloc_free(heap, block) == GALLOC_OK && galloc_check(heap, NULL) == GALLOC_OK);
    }
    munmap(at, 2 * half);
}
#endif

// ---- Opening again -----------------------------------------------------------------------------------------------

TEST(attach_asks_for_the_same_size) {
    uint8_t *region = new_region(SIZE);
    for (size_t size = SIZE - 16; size < SIZE - 8; size++) {
        galloc_heap_t *heap = galloc_init(region, size, NULL);
        EXPECT(heap != NULL);
        for (size_t other = size - 24; other <= SIZE; other++) {
            EXPECT(galloc_initialized(region, other) == (other == size));
            EXPECT(galloc_attach(region, other) == (other == size ? heap : NULL));
        }
    }
}

TEST(attach_opens_what_was_left) {
    galloc_heap_t *heap = new_heap(SIZE, NULL);
    uint8_t *block = take(heap, 100, 64), *other = take(heap, 2000, 8);
    give(heap, other);
    EXPECT(galloc_set_root(heap, 0, (uint32_t)offset_of(heap, block)));
    remember();
    EXPECT(galloc_attach(unit_region.base, SIZE) == heap && unchanged());
    EXPECT((uint8_t *)heap + galloc_root(heap, 0) == block);
    give(heap, block);
}

// A reset between two steps of a request.
TEST(attach_after_a_reset_in_a_step) {
    galloc_heap_t *heap = new_heap(SIZE, NULL);
    uint8_t *block = take(heap, 100, 64);
    galloc_search_t search = {0};
    remember();
    EXPECT(galloc_alloc_step(heap, 200, 64, &search) == NULL && search.more && unchanged());
    EXPECT(galloc_attach(unit_region.base, SIZE) == heap && unchanged());
    give(heap, block);
}

// A heap at another place than before, where the order of the sub-bins may mean nothing.
TEST(attach_at_another_address) {
    static _Alignas(4096) uint8_t elsewhere[SIZE + 4096];
    const galloc_config_t config = {8, 4, false};
    galloc_heap_t *heap = new_heap(SIZE, &config);
    uint8_t *blocks[64];
    for (size_t i = 0; i < 64; i++) {
        blocks[i] = take(heap, 60, 8);
    }
    for (size_t i = 0; i < 64; i += 2) {
        give(heap, blocks[i]);
    }
    for (size_t shift = 0; shift <= 4096; shift += shift < 64 ? 8 : 576) {
        memcpy(elsewhere + shift, unit_region.base, SIZE);
        galloc_heap_t *moved = galloc_attach(elsewhere + shift, SIZE);
        EXPECT((uint8_t *)moved == elsewhere + shift);
        for (size_t align = 8; align <= 256; align *= 2) {
            for (size_t size = 40; size <= 120; size += 40) {
                uint8_t *block = galloc_alloc(moved, size, align);
                EXPECT(block != NULL && (uintptr_t)block % align == 0 && galloc_check(moved, NULL) == GALLOC_OK);
                block = galloc_realloc(moved, block, size + 100, align);
                EXPECT(block != NULL && (uintptr_t)block % align == 0 && galloc_check(moved, NULL) == GALLOC_OK);
            }
        }
    }
}

TEST(roots) {
    galloc_heap_t *heap = new_heap(SIZE, NULL);
    for (size_t i = 0; i < GALLOC_ROOTS; i++) {
        EXPECT(galloc_root(heap, i) == 0 && galloc_set_root(heap, i, 0xffff));
        sound(heap);
        EXPECT(galloc_set_root(heap, i, 77 + (uint32_t)i));
        sound(heap);
    }
    remember();
    EXPECT(!galloc_set_root(heap, GALLOC_ROOTS, 1) && galloc_root(heap, GALLOC_ROOTS) == 0 && unchanged());
    EXPECT(!galloc_set_root(heap, SIZE_MAX, 1) && galloc_root(heap, SIZE_MAX) == 0 && unchanged());
    EXPECT(galloc_attach(unit_region.base, SIZE) == heap);
    for (size_t i = 0; i < GALLOC_ROOTS; i++) {
        EXPECT(galloc_root(heap, i) == 77 + i);
    }
    EXPECT(galloc_root(galloc_init(heap, SIZE, NULL), 0) == 0);
}

TEST(generations_differ) {
    uint8_t *region = new_region(SIZE);
    uint32_t seen[64];
    for (uint32_t i = 0; i < 64; i++) {
        bool over = i >= 32; // the heap before was overwritten, and the caller counts
        if (over) {
            memset(region, (int)i, 512);
        }
        galloc_heap_t *heap = over ? galloc_init_salted(region, SIZE, NULL, i) : galloc_init(region, SIZE, NULL);
        seen[i] = galloc_generation(heap);
        EXPECT(seen[i] != 0 && galloc_check(heap, NULL) == GALLOC_OK);
        for (uint32_t k = over ? 32 : 0; k < i; k++) {
            EXPECT(seen[k] != seen[i]);
        }
    }
    for (uint32_t salt = 0; salt < 0xf0000000u; salt += 0x01234567u) {
        uint32_t before = galloc_generation((galloc_heap_t *)(void *)region);
        EXPECT(galloc_generation(galloc_init_salted(region, SIZE, NULL, salt)) != before);
    }
}

// The number that is added to the generation before is odd, whatever the salt.
TEST(generations_differ_for_each_salt) {
    galloc_heap_t *heap = new_heap(SIZE, NULL);
    static const uint32_t salts[] = {0, 1, 2, 0xfb0e4431u, 0xfb0e4433u, 0x7d872219u, 0x82788de6u, UINT32_MAX};
    for (size_t i = 0; i < LENGTH(salts); i++) {
        uint32_t before = galloc_generation(heap);
        EXPECT(galloc_init_salted(unit_region.base, SIZE, NULL, salts[i]) == heap);
        EXPECT(galloc_generation(heap) != before);
        sound(heap);
    }
}
