// The corners of the core that random runs do not come to: bad arguments, huge regions, and damage that has to be made on
// purpose. Ends with 1 and the line on stderr when an answer is wrong.

#include "heap.h" // the core's own: to damage a heap where it hurts

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#define EXPECT(condition)                                                          \
    do {                                                                           \
        if (!(condition)) {                                                        \
            fprintf(stderr, "FAILED %s:%d: %s\n", __FILE__, __LINE__, #condition); \
            exit(1);                                                               \
        }                                                                          \
    } while (0)

static _Alignas(32768) uint8_t region[16384]; // holds no other multiple of twice its size

static galloc_heap_t *fresh(void) {
    galloc_heap_t *heap = galloc_init(region, sizeof region, NULL);
    EXPECT(heap != NULL);
    return heap;
}

static void no_heap_no_block(void) {
    galloc_heap_t *heap = fresh();
    galloc_stats_t stats;
    uint8_t *block = galloc_alloc(heap, 0, 0);
    EXPECT(block != NULL);
    EXPECT(galloc_alloc(NULL, 8, 8) == NULL);
    EXPECT(galloc_alloc_zeroed(NULL, 8, 8) == NULL);
    EXPECT(galloc_free(NULL, block) == GALLOC_FAULT_NULL);
    EXPECT(galloc_free(heap, NULL) == GALLOC_FAULT_NULL);
    EXPECT(galloc_realloc(NULL, block, 8, 8) == NULL);
    EXPECT(!galloc_resize(NULL, block, 8));
    EXPECT(galloc_usable_size(NULL, block) == 0);
    EXPECT(galloc_usable_size(heap, NULL) == 0);
    EXPECT(!galloc_owns(NULL, block));
    EXPECT(galloc_check(NULL, NULL) == GALLOC_FAULT_NULL);
    galloc_walk(NULL, NULL, NULL);
    galloc_stats(NULL, &stats);
    EXPECT(stats.total == 0);
    EXPECT(galloc_generation(NULL) == 0);
    EXPECT(galloc_root(NULL, 0) == 0 && !galloc_set_root(NULL, 0, 1));
    EXPECT(!galloc_initialized(NULL, 100) && galloc_attach(NULL, 100) == NULL && galloc_init(NULL, 100, NULL) == NULL);
    EXPECT(!galloc_initialized(NULL, 4096) && galloc_init(NULL, 4096, NULL) == NULL);
}

static void bad_requests(void) {
    galloc_heap_t *heap = fresh();
    galloc_stats_t stats;
    uint8_t *block = galloc_alloc(heap, 100, 8);
    static const size_t aligns[] = {3, 5, 6, 7, 9, 24, 48, SIZE_MAX, ((size_t)1 << 31) + 8};
    static const size_t sizes[] = {SIZE_MAX, SIZE_MAX - 4, 0xFFFFFFFFu, 0xFFFFFFF0u, 0x7FFFFFFFu, sizeof region};
    size_t failures = 0;
    for (size_t i = 0; i < sizeof aligns / sizeof aligns[0]; i++) {
        EXPECT(galloc_alloc(heap, 8, aligns[i]) == NULL);
        EXPECT(galloc_realloc(heap, block, 8, aligns[i]) == NULL);
        EXPECT(galloc_realloc(heap, NULL, 8, aligns[i]) == NULL);
        failures += 3;
    }
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        EXPECT(galloc_alloc(heap, sizes[i], 8) == NULL);
        EXPECT(galloc_alloc(heap, sizes[i], 16) == NULL && galloc_alloc(heap, sizes[i], 64) == NULL);
        EXPECT(galloc_realloc(heap, block, sizes[i], 8) == NULL);
        EXPECT(!galloc_resize(heap, block, sizes[i]));
        failures += 4;
    }
    galloc_stats(heap, &stats);
    EXPECT(stats.failures == failures && stats.blocks == 1);
    EXPECT(galloc_alloc(heap, 8, (size_t)1 << 31) == NULL && galloc_alloc(heap, 8, SIZE_MAX / 2 + 1) == NULL);
    uint8_t *whole = galloc_alloc(heap, 8, 8);
    EXPECT(whole != NULL && galloc_realloc(heap, whole, 8, SIZE_MAX / 2 + 1) == NULL && galloc_owns(heap, whole));
    EXPECT(galloc_free(heap, whole) == GALLOC_OK);
    block = galloc_realloc(heap, NULL, 8, 8);
    EXPECT(galloc_owns(heap, block) && galloc_check(heap, NULL) == GALLOC_OK);
}

static void bad_regions(void) {
    const galloc_config_t one_sub_bin = {0, 1, false}, too_many = {65535, 65535, true};
    EXPECT(galloc_init(region, sizeof region, &one_sub_bin) == NULL);
    EXPECT(galloc_overhead(sizeof region, &one_sub_bin) == 0);
    EXPECT(galloc_init(region, sizeof region, &too_many) != NULL);
    const galloc_config_t most = {8, 16, true};
    EXPECT(galloc_overhead(sizeof region, &too_many) == galloc_overhead(sizeof region, &most));
    EXPECT(galloc_init(region, SIZE_MAX, NULL) == NULL && galloc_init(region, SIZE_MAX - 64, NULL) == NULL);
#if SIZE_MAX > UINT32_MAX // else that is not too large, but somebody else's
    EXPECT(galloc_init(region, SIZE_MAX - (uintptr_t)region, NULL) == NULL);
#endif
    EXPECT(galloc_init((void *)(UINTPTR_MAX - 2), 2, NULL) == NULL);
    EXPECT(galloc_init(region + 1, 3, NULL) == NULL);
    for (uint16_t smallbins = 2; smallbins <= 5; smallbins++) { // an even, and an odd number of bins
        const galloc_config_t config = {smallbins, 2, false};
        EXPECT(galloc_overhead(SIZE_MAX, &config) == galloc_overhead(0xfffffff0u, &config));
    }
#if SIZE_MAX > UINT32_MAX
    EXPECT(galloc_overhead((size_t)5 << 30, NULL) == galloc_overhead(0xfffffff0u, NULL));
#endif
    for (size_t size = 0; size < 700; size++) {
        galloc_heap_t *heap = galloc_init(region, size, NULL);
        EXPECT((heap != NULL) == galloc_initialized(region, size));
        memset(region, 0, 8);
    }
}

// The control block has the bins that the configuration asks for, and the first chunk follows it at once.
static void geometry(void) {
    static const galloc_config_t configs[] = {{0, 0, false}, {1, 2, false}, {2, 2, false},
                                              {3, 3, false}, {64, 2, true}, {200, 2, true},
                                              {8, 16, true}, {9, 16, true}, {5, 200, false}};
    for (size_t i = 0; i < sizeof configs / sizeof configs[0]; i++) {
        uint32_t smallbins = configs[i].smallbins ? configs[i].smallbins : GALLOC_SMALLBINS, places = 2;
        while (places < (i == 0 ? GALLOC_ALIGNMENT_SUB_BINS : configs[i].alignment_sub_bins) && places < 16) {
            places *= 2;
        }
        size_t different = 0;
        smallbins = smallbins < 2 ? 2 : smallbins > 128 / places ? 128 / places : smallbins;
        for (size_t size = 1500; size <= sizeof region; size += 56) {
            galloc_heap_t *heap = galloc_init(region, size, &configs[i]);
            EXPECT((void *)heap == region && heap->units == size / 8 - 1);
            uint32_t large = 1; // bins: two an octave, from the first size that is no small one
            for (uint32_t low = smallbins + 2; low <= heap->units; large++) {
                uint32_t octave = 4;
                while (octave * 2 <= low) {
                    octave *= 2;
                }
                low = low < octave * 3 / 2 ? octave * 3 / 2 : octave * 2;
            }
            EXPECT(heap->bins == smallbins * places + large - 1 && heap->small_limit == smallbins + 2);
            size_t control = sizeof *heap + 4u * heap->bins;
            EXPECT(heap->first * 8u + 4u >= control && heap->first * 8u + 4u < control + 8);
            EXPECT(((heap->flags & GALLOC_FLAG_BOUNDED_SEARCH) != 0) == configs[i].bounded_search);
            size_t told = galloc_overhead(size, &configs[i]), exact = heap->first * 8u + 8u;
            EXPECT(told == exact || told == exact + 8);
            different += told != exact;
            uint32_t spare_bits = 0; // left over by the size of the region
            while (spare_bits < 32 && (uint64_t)(heap->units + 1) * 8 <= 0x100000000u >> (spare_bits + 1)) {
                spare_bits++;
            }
            EXPECT(!GALLOC_HEADER_CHECK || heap->check_mask == (uint32_t)(0xffffffff00000000u >> spare_bits));
        }
        EXPECT(different < 10); // near the sizes from which on there is another bin
        for (size_t size = 0; size < 8 * (smallbins + 2); size += 8) { // regions too small for any heap
            EXPECT(galloc_overhead(size, &configs[i]) == galloc_overhead(0, &configs[i]));
        }
    }
}

static void huge_region(void) {
    const size_t gigabyte = (size_t)1 << 30;
    if (SIZE_MAX / gigabyte < 5) {
        return; // not on this machine
    }
    uint8_t *at = mmap(NULL, 5 * gigabyte, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    EXPECT(at != MAP_FAILED);
    EXPECT(galloc_init(at, 5 * gigabyte, NULL) == NULL);
    galloc_heap_t *heap = galloc_init(at, 3 * gigabyte, NULL);
    EXPECT(heap != NULL);
    EXPECT(heap->check_mask == 0); // no bit is left over
    heap = galloc_init(at, 2 * gigabyte, NULL);
    EXPECT(heap != NULL && heap->check_mask == (GALLOC_HEADER_CHECK ? 0x80000000u : 0));
    heap = galloc_init(at, 3 * gigabyte, NULL);
    uint8_t *block = galloc_alloc(heap, 2 * gigabyte, 4096);
    EXPECT(block != NULL && galloc_check(heap, NULL) == GALLOC_OK);
    EXPECT(galloc_free(heap, block) == GALLOC_OK && galloc_free(heap, block) != GALLOC_OK);
    for (size_t align = 16; align < 2 * gigabyte; align *= 2) {
        block = galloc_alloc(heap, 8, align);
        EXPECT(block != NULL && (uintptr_t)block % align == 0 && galloc_realloc(heap, block, 12, align) == block);
        EXPECT(galloc_free(heap, block) == GALLOC_OK);
    }
    munmap(at, 5 * gigabyte);
}

// Around an address that is a multiple of 32 GiB and of no more: in 32 bits the alignments beyond look like less.
static void huge_aligns(void) {
#if SIZE_MAX > UINT32_MAX
    const uintptr_t middle = (uintptr_t)0x401 << 35, half = 8192;
    void *at = mmap((void *)(middle - half), 2 * half, PROT_READ | PROT_WRITE,
                    MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);
    EXPECT(at == (void *)(middle - half));
    galloc_heap_t *heap = galloc_init(at, 2 * half, NULL);
    for (uintptr_t align = (uintptr_t)1 << 36; align != 0; align *= 2) {
        EXPECT(galloc_alloc(heap, 8, align) == NULL);
    }
    void *block = galloc_alloc(heap, 8, (uintptr_t)1 << 31);
    EXPECT(block == (void *)middle);
    for (uintptr_t align = (uintptr_t)1 << 36; align != 0; align *= 2) {
        EXPECT(galloc_realloc(heap, block, 12, align) == NULL);
    }
    munmap(at, 2 * half);
#endif
}

// A heap opens under the size that it was made with, and no other.
static void attach(void) {
    for (size_t size = sizeof region - 8; size < sizeof region; size++) {
        galloc_heap_t *heap = galloc_init(region, size, NULL);
        EXPECT(heap != NULL);
        for (size_t other = size - 16; other <= sizeof region; other++) {
            EXPECT(galloc_initialized(region, other) == (other == size));
            EXPECT(galloc_attach(region, other) == (other == size ? heap : NULL));
        }
        heap->key ^= 8;
        EXPECT(!galloc_initialized(region, size) && galloc_attach(region, size) == NULL);
        heap->key ^= 8;
        heap->roots[0] ^= 8;
        EXPECT(galloc_initialized(region, size) && galloc_attach(region, size) == NULL);
    }
}

static void roots(void) {
    galloc_heap_t *heap = fresh();
    uint32_t generation = galloc_generation(heap);
    for (size_t i = 0; i < GALLOC_ROOTS; i++) {
        EXPECT(galloc_root(heap, i) == 0 && galloc_set_root(heap, i, 0xffff));
        EXPECT(galloc_check(heap, NULL) == GALLOC_OK && galloc_set_root(heap, i, 77 + (uint32_t)i));
        EXPECT(galloc_check(heap, NULL) == GALLOC_OK);
    }
    EXPECT(!galloc_set_root(heap, GALLOC_ROOTS, 1) && galloc_root(heap, GALLOC_ROOTS) == 0);
    EXPECT(galloc_attach(region, sizeof region) == heap && galloc_root(heap, 1) == 78);
    uint32_t second = galloc_generation(fresh()), third = galloc_generation(fresh());
    EXPECT(generation != second && generation != third && second != third);
}

static void names(void) {
    for (int i = GALLOC_OK; i <= GALLOC_FAULT_FULL; i++) {
        for (int k = GALLOC_OK; k < i; k++) {
            EXPECT(strcmp(galloc_fault_name((galloc_fault_t)i), galloc_fault_name((galloc_fault_t)k)) != 0);
        }
    }
    EXPECT(strcmp(galloc_fault_name(GALLOC_OK), "ok") == 0);
    EXPECT(strcmp(galloc_fault_name(GALLOC_FAULT_GEOMETRY), "geometry") == 0);
    EXPECT(strcmp(galloc_fault_name((galloc_fault_t)(GALLOC_FAULT_FULL + 1)), "unknown") == 0);
    EXPECT(strcmp(galloc_fault_name((galloc_fault_t)99), "unknown") == 0);
}

// Makes the words of the control block that never change agree again.
static void seal(galloc_heap_t *heap) {
    heap->sums[0] = GALLOC_MAGIC;
    heap->sums[1] = 0;
    for (uint32_t i = 2; i < GALLOC_STATIC_WORDS; i++) {
        heap->sums[i % 2] ^= *galloc_word(heap, i);
    }
}

// A control block that agrees with itself and is wrong all the same.
static void forged_control(void) {
    galloc_heap_t *heap = fresh();
    heap->first = heap->units;
    seal(heap);
    EXPECT(galloc_check(heap, NULL) == GALLOC_FAULT_GEOMETRY);
    heap = fresh();
    heap->first = 2;
    seal(heap);
    EXPECT(galloc_check(heap, NULL) == GALLOC_FAULT_GEOMETRY);
    heap = fresh();
    heap->small_limit = GALLOC_MIN_UNITS + heap->bins; // no large bin is left
    heap->sub_shift = 0;
    seal(heap);
    EXPECT(galloc_check(heap, NULL) == GALLOC_FAULT_GEOMETRY);
    heap = fresh();
    heap->bins = (uint8_t)(heap->first * 2u + 2u - GALLOC_HEADS); // reaches over the first chunk by a word
    seal(heap);
    EXPECT(galloc_check(heap, NULL) == GALLOC_FAULT_GEOMETRY);
    EXPECT(galloc_attach(region, sizeof region) == NULL);
    heap = fresh();
    uint8_t *block = galloc_alloc(heap, 100, 8);
    heap->key += 8;
    EXPECT(galloc_free(heap, block) == GALLOC_FAULT_GEOMETRY && galloc_free(heap, region) == GALLOC_FAULT_GEOMETRY);
    EXPECT(galloc_alloc(heap, 8, 8) == NULL && !galloc_owns(heap, block) && galloc_realloc(heap, block, 8, 8) == NULL);
    heap->key -= 8;
    EXPECT(galloc_check(heap, NULL) == GALLOC_OK && galloc_is_sound(heap));
    heap->sums[0] ^= 8; // the same bit in an even and an odd word
    heap->sums[1] ^= 8;
    EXPECT(galloc_alloc(heap, 8, 8) == NULL && !galloc_owns(heap, block) && !galloc_initialized(region, sizeof region));
    galloc_stats_t stats;
    galloc_stats(heap, &stats);
    galloc_walk(heap, NULL, NULL);
    EXPECT(galloc_check(heap, NULL) == GALLOC_FAULT_GEOMETRY);
}

// The words of the control block that never change: each bit of each counts.
static void sealed(void) {
    galloc_heap_t *heap = fresh();
    uint32_t *words = (uint32_t *)(void *)heap;
    for (uint32_t word = 0; word < GALLOC_STATIC_WORDS; word++) {
        for (uint32_t bit = 1; bit != 0; bit *= 2) {
            words[word] ^= bit;
            EXPECT(galloc_alloc(heap, 8, 8) == NULL && !galloc_initialized(region, sizeof region));
            EXPECT(galloc_check(heap, NULL) == GALLOC_FAULT_GEOMETRY);
            words[word] ^= bit;
        }
    }
    // Others that agree with each other.
    heap->span++;
    seal(heap);
    EXPECT(galloc_check(heap, NULL) == GALLOC_FAULT_GEOMETRY);
    heap = fresh();
    heap->first = heap->units;
    heap->span = UINT32_MAX;
    seal(heap);
    EXPECT(galloc_check(heap, NULL) == GALLOC_FAULT_GEOMETRY);
}

// Large free chunks with their links. Live blocks stand between them.
#define HOLES 8u
static galloc_heap_t *with_holes(uint32_t *links, uint8_t **blocks) {
    galloc_heap_t *heap = fresh();
    for (uint32_t i = 0; i < HOLES; i++) {
        blocks[i] = galloc_alloc(heap, 520 + 8 * i, 8);
        EXPECT(blocks[i] != NULL && galloc_alloc(heap, 44, 8) != NULL);
    }
    for (uint32_t i = 0; i < HOLES; i++) {
        links[i] = galloc_link_of(heap, blocks[i]);
        EXPECT(galloc_free(heap, blocks[i]) == GALLOC_OK);
    }
    EXPECT(galloc_check(heap, NULL) == GALLOC_OK);
    return heap;
}

// On the way down to where a size would stand, the one that fits best is kept, whether it came first or last.
static void best_on_the_way(void) {
    static const uint32_t sizes[][2] = {{66, 70}, {70, 66}}; // units: the root, and the node below on the way to 65
    for (size_t order = 0; order < 2; order++) {
        galloc_heap_t *heap = fresh();
        uint8_t *blocks[2];
        for (size_t i = 0; i < 2; i++) {
            blocks[i] = galloc_alloc(heap, sizes[order][i] * 8 - 4, 8);
            EXPECT(blocks[i] != NULL && galloc_alloc(heap, 44, 8) != NULL);
        }
        EXPECT(galloc_free(heap, blocks[0]) == GALLOC_OK && galloc_free(heap, blocks[1]) == GALLOC_OK);
        uint8_t *block = galloc_alloc(heap, 65 * 8 - 4, 8);
        EXPECT(block == blocks[order] && galloc_usable_size(heap, block) == 66 * 8 - 4);
    }
}

// What galloc_free says of every address in and around a heap.
static void addresses(void) {
    galloc_heap_t *heap = galloc_init(region + 64, 2048, NULL);
    uint8_t *block = galloc_alloc(heap, 100, 8);
    EXPECT(block != NULL && galloc_alloc(heap, 200, 8) != NULL);
    uintptr_t first = (uintptr_t)heap + heap->first * 8u + 8u, end = first + heap->span * 8u;
    for (int fill = 0; fill < 256; fill += 255) {
        memset(block, fill, galloc_usable_size(heap, block));
        for (uint8_t *at = region; at < region + 64 + 2048 + 64; at++) {
            galloc_fault_t expected = GALLOC_FAULT_NOT_ALLOCATED;
            if ((uintptr_t)at < first || (uintptr_t)at >= end) {
                expected = GALLOC_FAULT_FOREIGN;
            } else if ((uintptr_t)at % 8 != 0) {
                expected = GALLOC_FAULT_MISALIGNED;
            } else if (((uint32_t *)(void *)at)[-1] & GALLOC_IN_USE) {
                expected = GALLOC_FAULT_CORRUPT;
            }
            EXPECT(galloc_owns(heap, at) || galloc_free(heap, at) == expected);
        }
        EXPECT(galloc_check(heap, NULL) == GALLOC_OK);
    }
}

static void told(galloc_heap_t *heap, uint32_t *word, uint32_t value, const void *at, bool exact) {
    size_t offset = 1;
    uint32_t sound = *word;
    *word = value;
    EXPECT(galloc_check(heap, &offset) == GALLOC_FAULT_CORRUPT);
    // Else a chunk that links to the wrong one may be told.
    EXPECT(exact ? offset == (uintptr_t)at - (uintptr_t)heap : offset > 0);
    *word = sound;
    EXPECT(galloc_check(heap, &offset) == GALLOC_OK && offset == 0);
}

static void told_at(galloc_heap_t *heap, uint32_t *word, uint32_t value, const void *at) {
    told(heap, word, value, at, true);
}

// Where galloc_check says that the fault lies.
static void told_where(void) {
    uint32_t links[HOLES];
    uint8_t *blocks[HOLES];
    galloc_heap_t *heap = with_holes(links, blocks);
    for (uint32_t bit = 1; bit != 0; bit *= 2) {
        told_at(heap, &heap->used, heap->used ^ bit, &heap->used);
        told_at(heap, &heap->allocs, heap->allocs ^ bit, &heap->allocs);
        told_at(heap, &heap->frees, heap->frees ^ bit, &heap->allocs);
        told_at(heap, &heap->free_chunks, heap->free_chunks ^ bit, &heap->free_chunks);
        told_at(heap, &heap->guard, heap->guard ^ bit, &heap->guard);
        told_at(heap, &heap->peak, heap->peak ^ bit, &heap->guard);
        told_at(heap, &heap->failures, heap->failures ^ bit, &heap->guard);
        for (uint32_t i = 0; i < GALLOC_ROOTS; i++) {
            told_at(heap, &heap->roots[i], heap->roots[i] ^ bit, &heap->guard);
        }
        for (uint32_t i = 0; i < GALLOC_MAP_BITS / 32; i++) {
            told_at(heap, &heap->map[i], heap->map[i] ^ bit, &heap->map[i]);
        }
        uint32_t *end = &galloc_chunk_at(heap, heap->units)->header;
        told_at(heap, end, *end ^ bit, end);
        for (uint32_t i = 0; i < HOLES; i++) {
            galloc_chunk_t *chunk = galloc_chunk_at(heap, links[i]);
            uint32_t *tag = &galloc_chunk_at(heap, links[i] + chunk->header / 8)->tag_before;
            told(heap, &chunk->header, chunk->header ^ bit, &chunk->header, false);
            told(heap, tag, *tag ^ bit, &chunk->header, false);
            told(heap, &chunk->next, chunk->next ^ bit, &chunk->header, false);
            told(heap, &chunk->child[0], chunk->child[0] ^ bit, &chunk->header, false);
            told(heap, &chunk->child[1], chunk->child[1] ^ bit, &chunk->header, false);
            uint32_t *live = &galloc_chunk_at(heap, links[i] - 6)->header; // of the 44 bytes before
            told_at(heap, live, *live ^ bit, live);
        }
    }
    for (uint32_t bin = 0; bin < heap->bins; bin++) { // a bin that is empty holds a chunk of another
        if (heap->heads[bin] == 0) {
            size_t offset;
            galloc_map_set(heap, bin);
            heap->heads[bin] = links[0];
            EXPECT(galloc_check(heap, &offset) == GALLOC_FAULT_CORRUPT);
            EXPECT(offset == (uintptr_t)&heap->heads[bin] - (uintptr_t)heap);
            heap->heads[bin] = 0;
            galloc_map_clear(heap, bin);
        }
    }
    heap->bins += 1000;
    size_t offset = 1;
    EXPECT(galloc_check(heap, &offset) == GALLOC_FAULT_GEOMETRY && offset == 0);
    EXPECT(galloc_check(NULL, &offset) == GALLOC_FAULT_NULL && offset == 0);
}

// Of those that serve alike, the one that is cheap to take out of its bin: a peer before the root, a leaf before it.
static void cheapest(void) {
    for (int peers = 0; peers < 2; peers++) {
        galloc_heap_t *heap = fresh();
        uint8_t *root = galloc_alloc(heap, 70 * 8 - 4, 8), *between = galloc_alloc(heap, 44, 8);
        uint8_t *other = galloc_alloc(heap, (peers ? 70 : 80) * 8 - 4, 8), *end = galloc_alloc(heap, 44, 8);
        EXPECT(between != NULL && end != NULL && galloc_free(heap, root) == GALLOC_OK);
        EXPECT(galloc_free(heap, other) == GALLOC_OK && galloc_check(heap, NULL) == GALLOC_OK);
        uint8_t *block = galloc_alloc(heap, peers ? 70 * 8 - 4 : 60 * 8 - 4, 8);
        EXPECT(block >= other && block < other + (peers ? 70 : 80) * 8 && galloc_check(heap, NULL) == GALLOC_OK);
    }
}

// Trees whose ways down go in circles: each search must come back.
static void loops(void) {
    uint32_t links[HOLES];
    uint8_t *blocks[HOLES];
    galloc_stats_t stats;
    for (uint32_t side = 0; side < 4; side++) {
        galloc_heap_t *heap = with_holes(links, blocks);
        for (uint32_t i = 0; i < HOLES; i++) {
            galloc_chunk_t *chunk = galloc_chunk_at(heap, links[i]);
            chunk->child[side % 2] = links[i];
            chunk->child[1 - side % 2] = side < 2 ? 0 : links[(i + 1) % HOLES];
        }
        EXPECT(galloc_check(heap, NULL) == GALLOC_FAULT_CORRUPT);
        galloc_stats(heap, &stats);
        for (size_t size = 300; size < 1200; size += 8) {
            galloc_alloc(heap, size, 8);
            galloc_alloc(heap, size, 1024);
            galloc_stats(heap, &stats);
        }
    }
    // The same in the bin of the largest chunk, which galloc_stats looks for.
    galloc_heap_t *heap = fresh();
    galloc_chunk_t *chunk = galloc_chunk_at(heap, heap->first);
    chunk->child[0] = chunk->child[1] = heap->first;
    galloc_stats(heap, &stats);
    EXPECT(stats.largest == stats.free && galloc_check(heap, NULL) == GALLOC_FAULT_CORRUPT);
}

// Lists that go in circles, and ones that lead far outside.
static void wild_lists(void) {
    uint32_t links[HOLES];
    uint8_t *blocks[HOLES];
    galloc_stats_t stats;
    const uint32_t nowhere = 0x1fffffffu;
    for (uint32_t kind = 0; kind < 4; kind++) {
        galloc_heap_t *heap = with_holes(links, blocks);
        galloc_stats(heap, &stats);
        EXPECT(galloc_alloc(heap, stats.largest, 8) != NULL); // so that a request looks at the holes
        for (uint32_t i = 0; i < HOLES; i++) {
            galloc_chunk_t *chunk = galloc_chunk_at(heap, links[i]);
            chunk->next = kind == 0 ? nowhere : kind == 1 ? links[i] : kind == 2 ? links[(i + 1) % HOLES] : chunk->next;
            if (kind == 3) {
                chunk->child[0] = chunk->child[1] = nowhere;
            }
        }
        EXPECT(galloc_check(heap, NULL) == GALLOC_FAULT_CORRUPT);
        for (size_t size = 300; size < 600; size += 8) {
            EXPECT(galloc_alloc(heap, size, 2 * sizeof region) == NULL);
        }
        galloc_stats(heap, &stats);
        for (size_t size = 500; size < 600; size += 8) {
            galloc_alloc(heap, size, 8);
        }
        for (uint32_t i = 0; i < HOLES; i++) {
            galloc_free(heap, blocks[i] + 8 * ((520 + 8 * i + 11) / 8)); // the live block behind
        }
    }
}

// A free chunk that is in none of the bins.
static void stray_chunks(void) {
    uint32_t links[HOLES];
    uint8_t *blocks[HOLES];
    galloc_heap_t *heap = with_holes(links, blocks);
    // Out of its bin, with the map told and not.
    for (uint32_t bin = galloc_small_bins(heap); bin < heap->bins; bin++) {
        uint32_t link = heap->heads[bin];
        if (link != 0) {
            heap->heads[bin] = 0;
            EXPECT(galloc_check(heap, NULL) == GALLOC_FAULT_CORRUPT);
            galloc_map_clear(heap, bin);
            EXPECT(galloc_check(heap, NULL) == GALLOC_FAULT_CORRUPT);
            heap->heads[bin] = link;
            galloc_map_set(heap, bin);
            EXPECT(galloc_check(heap, NULL) == GALLOC_OK);
        }
    }
}

// A chunk that would stand in for another, with an `up` that leads far out: neither is touched.
static void wild_heir(void) {
    uint32_t links[HOLES], parents = 0;
    uint8_t *blocks[HOLES];
    galloc_heap_t *heap = with_holes(links, blocks);
    for (size_t i = 0; i < HOLES; i++) {
        galloc_chunk_t *chunk = galloc_chunk_at(heap, links[i]);
        if (galloc_has_children(heap, links[i], chunk->header / 8u)) {
            uint32_t heir = chunk->next ? chunk->next : galloc_tree_end(heap, links[i]);
            uint32_t up = galloc_chunk_at(heap, heir)->up;
            galloc_chunk_at(heap, heir)->up = 0xfffffff0u;
            galloc_tree_replace(heap, links[i]);
            galloc_chunk_at(heap, heir)->up = up;
            EXPECT(galloc_check(heap, NULL) == GALLOC_OK);
            parents++;
        }
    }
    EXPECT(parents > 0);
}

// Words that look like a chunk where none can be.
static void forged_chunks(void) {
    galloc_heap_t *heap = fresh();
    uint8_t *block = galloc_alloc(heap, 100, 8);
    uint32_t link = galloc_link_of(heap, block), size;
    EXPECT(galloc_owns(heap, block) && galloc_alloc(heap, 40, 8) != NULL);
    // A live header in the last word before the first chunk.
    uint32_t before = heap->first - 1u, *word = galloc_word(heap, before * 2u + 1u), kept = *word;
    *word = galloc_live_header(heap, before, 4) | GALLOC_PREV_IN_USE;
    EXPECT(!galloc_owns(heap, galloc_payload_at(heap, before)));
    *word = kept;
    // One prev bit of two.
    for (uint32_t bit = 2; bit <= 4; bit *= 2) {
        galloc_chunk_at(heap, link)->header ^= bit;
        EXPECT(!galloc_owns(heap, block) && galloc_free(heap, block) == GALLOC_FAULT_CORRUPT);
        galloc_chunk_at(heap, link)->header ^= bit;
    }
    // A tag that leads to a header among the roots.
    galloc_chunk_t *chunk = galloc_chunk_at(heap, link);
    uint32_t root = (uint32_t)offsetof(galloc_heap_t, roots) / 4u | 1u, header = chunk->header, tag = chunk->tag_before;
    before = root / 2u;
    *galloc_word(heap, root) = (link - before) * 8u + GALLOC_PREV_IN_USE;
    chunk->tag_before = before;
    chunk->header &= ~(uint32_t)GALLOC_PREV_IN_USE;
    EXPECT(!galloc_size_before(heap, link, &size) && galloc_free(heap, block) == GALLOC_FAULT_CORRUPT);
    *galloc_word(heap, root) = 0;
    chunk->tag_before = tag;
    chunk->header = header;
    EXPECT(galloc_check(heap, NULL) == GALLOC_OK && galloc_free(heap, block) == GALLOC_OK);
    // A free chunk that begins in the last unit, with a tag behind the heap that agrees.
    heap = galloc_init(region, sizeof region / 2, NULL);
    link = heap->units - 1u;
    galloc_chunk_at(heap, link)->header = GALLOC_MIN_UNITS * 8u + GALLOC_PREV_IN_USE;
    galloc_chunk_at(heap, link + GALLOC_MIN_UNITS)->tag_before = link;
    heap->heads[0] = link;
    galloc_map_set(heap, 0);
    EXPECT(galloc_alloc(heap, 8, 8) == NULL && galloc_check(heap, NULL) == GALLOC_FAULT_CORRUPT);
}

// A free chunk that was forged over a live one: a realloc moves the live one's payload over its own header, and must not
// take what it finds there afterwards at its word.
static void laid_over(void) {
    uint8_t *end = region + sizeof region / 2;
    for (uint32_t wrong = 0; wrong <= 1; wrong++) {
        memset(end, 0xff, sizeof region / 2); // looks like a chunk in use
        galloc_heap_t *heap = galloc_init(region, sizeof region / 2, NULL);
        uint8_t *wall = galloc_alloc(heap, 40, 8), *block = galloc_alloc(heap, 100, 8),
                *before = galloc_alloc(heap, 20, 8);
        EXPECT(before < block && block < wall);
        memset(block, 0, 100);
        uint32_t link = galloc_link_of(heap, before), size = galloc_link_of(heap, wall) - link;
        uint32_t frees = heap->frees;
        galloc_release(heap, link, size);
        // A chunk of one unit, or one that ends behind the heap.
        uint32_t units = wrong ? heap->units - galloc_link_of(heap, block) + 9 : 1;
        uint32_t header = galloc_live_header(heap, galloc_link_of(heap, block), units) | GALLOC_PREV_IN_USE;
        memcpy(block + (block - before) - GALLOC_HEADER_SIZE, &header, sizeof header);
        memcpy(block + (block - before) + GALLOC_HEADER_SIZE, &header, sizeof header); // and behind the one unit
        EXPECT(galloc_realloc(heap, block, 120, 8) == before && heap->frees == frees);
        EXPECT(memcmp(block - GALLOC_HEADER_SIZE, &header, sizeof header) == 0);
        EXPECT(galloc_check(heap, NULL) == GALLOC_FAULT_CORRUPT);
        for (size_t i = 0; i < sizeof region / 2; i++) {
            EXPECT(end[i] == 0xff);
        }
    }
}

// Two free chunks of one size that link to each other and to nothing else, with a map and a bin that know of none. Each word
// agrees with the words that it is compared with.
static void forged_ring(void) {
    const galloc_config_t two_sub_bins = {0, 2, false};
    static const size_t sizes[] = {44, 396}; // chunks of multiples of 16 bytes: the sub-bin is one
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        galloc_heap_t *heap = galloc_init(region, sizeof region, &two_sub_bins);
        uint8_t *blocks[4];
        for (size_t block = 0; block < 4; block++) {
            blocks[block] = galloc_alloc(heap, sizes[i], 8);
        }
        EXPECT(galloc_free(heap, blocks[0]) == GALLOC_OK && galloc_free(heap, blocks[2]) == GALLOC_OK);
        EXPECT(galloc_check(heap, NULL) == GALLOC_OK);
        uint32_t one = galloc_link_of(heap, blocks[0]), other = galloc_link_of(heap, blocks[2]);
        uint32_t first = galloc_chunk_at(heap, one)->next == other ? one : other;
        uint32_t bin = galloc_chunk_at(heap, first)->up - GALLOC_HEADS;
        EXPECT(bin < heap->bins && heap->heads[bin] == first &&
               galloc_chunk_at(heap, first)->next == (one ^ other ^ first));
        galloc_chunk_at(heap, one ^ other ^ first)->next = first;
        galloc_chunk_at(heap, first)->up = galloc_next_of(one ^ other ^ first);
        heap->heads[bin] = 0;
        galloc_map_clear(heap, bin);
        size_t offset;
        EXPECT(galloc_check(heap, &offset) == GALLOC_FAULT_CORRUPT && offset == offsetof(galloc_heap_t, free_chunks));
        // The same two in a ring that somebody leads to: the count of a list's members ends.
        heap->heads[bin] = first;
        galloc_map_set(heap, bin);
        EXPECT(galloc_check(heap, NULL) == GALLOC_FAULT_CORRUPT);
        galloc_chunk_at(heap, first)->up = GALLOC_HEADS + bin;
        EXPECT(galloc_check(heap, NULL) == GALLOC_FAULT_CORRUPT);
    }
}

// The last chunk of a list of three says that the first one links to it, which links to another: the last is told.
static void forged_up(void) {
    galloc_heap_t *heap = fresh();
    uint8_t *blocks[3];
    for (size_t i = 0; i < 3; i++) {
        blocks[i] = galloc_alloc(heap, 396, 8);
        EXPECT(galloc_alloc(heap, 12, 8) != NULL && (i == 0 || blocks[i] < blocks[i - 1]));
    }
    // The list of a size in a tree: the first that came, then the newest, then the older ones.
    EXPECT(galloc_free(heap, blocks[0]) == GALLOC_OK && galloc_free(heap, blocks[2]) == GALLOC_OK);
    EXPECT(galloc_free(heap, blocks[1]) == GALLOC_OK);
    uint32_t first = galloc_link_of(heap, blocks[0]), last = galloc_link_of(heap, blocks[2]);
    EXPECT(galloc_chunk_at(heap, last)->next == 0 &&
           galloc_chunk_at(heap, first)->next == galloc_link_of(heap, blocks[1]));
    EXPECT(galloc_check(heap, NULL) == GALLOC_OK);
    galloc_chunk_at(heap, last)->up = galloc_next_of(first);
    size_t offset;
    EXPECT(galloc_check(heap, &offset) == GALLOC_FAULT_CORRUPT && offset == last * 8u + 4u);
}

// The first bit that tells two chunks of a bin apart chooses the way down at its root: trees are no higher than they must be.
static void ways_down(void) {
    galloc_heap_t *heap = fresh();
    static const size_t units[] = {50, 60, 52};
    uint32_t links[3];
    uint8_t *blocks[3];
    for (size_t i = 0; i < 3; i++) {
        blocks[i] = galloc_alloc(heap, units[i] * 8u - 4u, 8);
        links[i] = galloc_link_of(heap, blocks[i]);
        EXPECT(galloc_alloc(heap, 12, 8) != NULL);
    }
    for (size_t i = 0; i < 3; i++) {
        EXPECT(galloc_free(heap, blocks[i]) == GALLOC_OK && galloc_free_size_at(heap, links[i]) == units[i]);
    }
    const galloc_chunk_t *root = galloc_chunk_at(heap, links[0]);
    EXPECT(heap->heads[galloc_large_bin(heap, 50)] == links[0]);
    EXPECT(root->child[0] == links[2] && root->child[1] == links[1] && galloc_check(heap, NULL) == GALLOC_OK);
}

// An alignment of 4 GiB is refused, but for a block whose address happens to have it and that can stay.
static void aligned_to_4_gib(void) {
#if SIZE_MAX > 0xffffffffu
    const uintptr_t multiple = (uintptr_t)0x2000 << 32;
    const size_t align = (size_t)1 << 32, half = 65536;
    void *low = mmap((void *)(multiple - half), 2 * half, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    EXPECT((uintptr_t)low == multiple - half);
    galloc_heap_t *heap = galloc_init(low, 2 * half, NULL);
    EXPECT(heap != NULL && galloc_alloc(heap, 64, align) == NULL);
    EXPECT(galloc_alloc(heap, multiple - (uintptr_t)galloc_payload_at(heap, heap->first) - 4u, 8) != NULL);
    uint8_t *block = galloc_alloc(heap, 2000, 8);
    EXPECT((uintptr_t)block == multiple && galloc_realloc(heap, block, 100, 2 * multiple) == NULL);
    EXPECT(galloc_usable_size(heap, block) >= 2000 && galloc_realloc(heap, block, 100, align) == block);
    EXPECT(galloc_usable_size(heap, block) < 108 && galloc_realloc(heap, block, half, align) == NULL);
    EXPECT(galloc_check(heap, NULL) == GALLOC_OK);
    EXPECT(munmap(low, 2 * half) == 0);
#endif
}

// A block that keeps its size needs nothing of its neighbours.
static void same_size(void) {
    galloc_heap_t *heap = fresh();
    uint8_t *high = galloc_alloc(heap, 100, 8), *block = galloc_alloc(heap, 100, 8);
    EXPECT(block < high && galloc_free(heap, high) == GALLOC_OK);
    galloc_chunk_at(heap, galloc_link_of(heap, high))->header ^= 1u << 30;
    size_t size = galloc_usable_size(heap, block);
    EXPECT(galloc_resize(heap, block, size) && galloc_realloc(heap, block, size, 8) == block);
    EXPECT(!galloc_resize(heap, block, size + 8));
}

// Of small chunks of one size, the one that is aligned as asked for, past one that is less.
static void least_sufficient_alignment(void) {
    const galloc_config_t config = {20, 8, false};
    galloc_heap_t *heap = galloc_init(region, sizeof region, &config);
    uint8_t *at16 = NULL, *at32 = NULL, *larger = NULL;
    for (int i = 0; i < 40; i++) {
        uint8_t *block = galloc_alloc(heap, 60, 8), *wide = galloc_alloc(heap, 76, 8);
        EXPECT(block != NULL && wide != NULL && galloc_alloc(heap, 12 + 8 * (size_t)(i % 5), 8) != NULL);
        at16 = (uintptr_t)block % 32 == 16 ? block : at16;
        at32 = (uintptr_t)block % 64 == 32 ? block : at32;
        larger = (uintptr_t)wide % 64 == 32 ? wide : larger;
    }
    EXPECT(at16 != NULL && at32 != NULL && larger != NULL && galloc_free(heap, at16) == GALLOC_OK);
    EXPECT(galloc_free(heap, at32) == GALLOC_OK && galloc_free(heap, larger) == GALLOC_OK);
    // The look begins at the smaller size and comes past the chunk that is aligned to 16.
    EXPECT(galloc_alloc(heap, 52, 32) == at32 && galloc_check(heap, NULL) == GALLOC_OK);
}

// Free chunks whose `up` was overwritten: nothing is written where it leads, here into another's payload.
static void wild_up(void) {
    uint32_t links[HOLES];
    uint8_t *blocks[HOLES];
    for (int large = 0; large < 2; large++) { // a small hole, and the root of a tree
        galloc_heap_t *heap = with_holes(links, blocks);
        uint8_t *hole = blocks[0], *beside = blocks[0] - 48, *victim = blocks[3] - 48;
        if (!large) {
            heap = fresh();
            beside = galloc_alloc(heap, 44, 8);
            hole = galloc_alloc(heap, 12, 8);
            victim = galloc_alloc(heap, 44, 8);
            EXPECT(hole == beside - 16 && victim == hole - 48 && galloc_free(heap, hole) == GALLOC_OK);
        }
        uint32_t link = galloc_link_of(heap, hole);
        EXPECT(galloc_owns(heap, beside) && galloc_owns(heap, victim));
        memset(victim, 0, 44);
        galloc_chunk_at(heap, link)->up = galloc_link_of(heap, victim) * 2u + 3u;
        EXPECT(galloc_check(heap, NULL) == GALLOC_FAULT_CORRUPT);
        galloc_free(heap, beside);
        for (size_t i = 0; i < 44; i++) {
            EXPECT(victim[i] == 0);
        }
        EXPECT(galloc_check(heap, NULL) == GALLOC_FAULT_CORRUPT);
    }
}

// A free chunk whose `next` leads to the last unit, where no chunk can stand: the header behind it stays what it was.
static void last_unit(void) {
    galloc_heap_t *heap = fresh();
    uint8_t *last = galloc_alloc(heap, 44, 8), *hole = galloc_alloc(heap, 12, 8);
    EXPECT(hole < last && galloc_alloc(heap, 44, 8) != NULL && galloc_free(heap, hole) == GALLOC_OK);
    uint32_t end = galloc_chunk_at(heap, heap->units)->header;
    galloc_chunk_at(heap, galloc_link_of(heap, hole))->next = heap->units - 1u;
    EXPECT(galloc_alloc(heap, 12, 8) == hole && galloc_chunk_at(heap, heap->units)->header == end);
}

// A header of a free chunk that is wrong in one bit: those next to it are not merged with it.
static void wrong_free_header(void) {
    galloc_heap_t *heap = fresh();
    uint8_t *before = galloc_alloc(heap, 100, 8), *hole = galloc_alloc(heap, 100, 8),
            *behind = galloc_alloc(heap, 100, 8);
    EXPECT(before != NULL && hole != NULL && behind != NULL && galloc_free(heap, hole) == GALLOC_OK);
    uint32_t *header = &galloc_chunk_at(heap, galloc_link_of(heap, hole))->header, sound = *header;
    for (uint32_t bit = 1; bit != 0; bit *= 2) {
        for (int side = 0; side < 2; side++) {
            *header = side ? sound + bit : sound - bit;
            size_t offset = 0;
            EXPECT(galloc_check(heap, &offset) == GALLOC_FAULT_CORRUPT && offset > 0);
            bool live = *header & GALLOC_IN_USE; // then its neighbours cannot know; galloc_check has told
            EXPECT(live || (galloc_free(heap, before) == GALLOC_FAULT_CORRUPT && !galloc_resize(heap, before, 200)));
            EXPECT(live || galloc_free(heap, behind) == GALLOC_FAULT_CORRUPT);
            *header = sound;
        }
    }
    EXPECT(galloc_check(heap, NULL) == GALLOC_OK && galloc_free(heap, before) == GALLOC_OK);
    EXPECT(galloc_free(heap, behind) == GALLOC_OK && galloc_check(heap, NULL) == GALLOC_OK);
}

// A boundary tag that leads to another chunk than the one before, and a `up` one word off.
static void wrong_tag(void) {
    galloc_heap_t *heap = fresh();
    uint8_t *blocks[8];
    for (int i = 0; i < 8; i++) {
        blocks[i] = galloc_alloc(heap, 100, 8);
        EXPECT(blocks[i] != NULL && (i == 0 || blocks[i] == blocks[i - 1] - 104));
    }
    uint32_t links[8];
    for (int i = 0; i < 8; i++) {
        links[i] = galloc_link_of(heap, blocks[i]);
    }
    EXPECT(galloc_free(heap, blocks[2]) == GALLOC_OK && galloc_free(heap, blocks[5]) == GALLOC_OK);
    uint32_t *tag = &galloc_chunk_at(heap, links[1])->tag_before;
    const uint32_t wrong[] = {links[1], links[5], links[3], 0, UINT32_MAX};
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        *tag = wrong[i];
        EXPECT(galloc_check(heap, NULL) == GALLOC_FAULT_CORRUPT &&
               galloc_free(heap, blocks[1]) == GALLOC_FAULT_CORRUPT);
        EXPECT(galloc_owns(heap, blocks[1]));
        *tag = links[2];
        EXPECT(galloc_check(heap, NULL) == GALLOC_OK);
    }
    for (int i = 2; i <= 5; i += 3) { // one of them is linked from the other
        galloc_chunk_at(heap, links[i])->up ^= 1;
        EXPECT(galloc_check(heap, NULL) == GALLOC_FAULT_CORRUPT);
        galloc_chunk_at(heap, links[i])->up ^= 1;
    }
    // Merged with the chunk before: told as freed.
    EXPECT(galloc_free(heap, blocks[1]) == GALLOC_OK && galloc_free(heap, blocks[1]) == GALLOC_FAULT_NOT_ALLOCATED);
    EXPECT(galloc_free(heap, blocks[3]) == GALLOC_OK && galloc_free(heap, blocks[2]) == GALLOC_FAULT_NOT_ALLOCATED);
    // A header in the last bytes of a block, where no chunk has room.
    heap = fresh();
    uint8_t *block = galloc_alloc(heap, 100, 8);
    uint32_t last = heap->units - 1;
    EXPECT(block != NULL && galloc_link_of(heap, block) < last);
    galloc_chunk_at(heap, last)->header = galloc_live_header(heap, last, 2) | GALLOC_PREV_IN_USE;
    EXPECT(!galloc_owns(heap, galloc_payload_at(heap, last)));
    EXPECT(galloc_free(heap, galloc_payload_at(heap, last)) == GALLOC_FAULT_FOREIGN);
}

// Headers with a checksum that holds and a size that cannot be.
static void forged_headers(void) {
    galloc_heap_t *heap = fresh();
    uint8_t *block = galloc_alloc(heap, 100, 8);
    uint32_t link = galloc_link_of(heap, block), header = galloc_chunk_at(heap, link)->header;
    const uint32_t sizes[] = {0, 1, heap->units - link + 1u};
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        galloc_chunk_at(heap, link)->header = galloc_live_header(heap, link, sizes[i]) | (header & GALLOC_PREV_IN_USE);
        EXPECT(galloc_free(heap, block) == GALLOC_FAULT_CORRUPT);
        EXPECT(galloc_check(heap, NULL) == GALLOC_FAULT_CORRUPT);
    }
    galloc_chunk_at(heap, link)->header = header;
    EXPECT(galloc_free(heap, block) == GALLOC_OK && galloc_check(heap, NULL) == GALLOC_OK);
}

// A sub-bin whose first chunk is one of the right size and the wrong alignment.
static void wrong_sub_bin(void) {
    galloc_heap_t *heap = fresh();
    uint8_t *even = NULL, *odd = NULL, *block;
    // Blocks of 16 bytes fill the heap; one of 24 among them turns the alignment of those on its other side.
    for (size_t count = 0; (block = galloc_alloc(heap, count == 100 ? 20 : 12, 8)) != NULL; count++) {
        if (count == 50 || count == 150) {
            *((uintptr_t)block % 16 == 0 ? &even : &odd) = block;
        }
    }
    EXPECT(even != NULL && odd != NULL);
    EXPECT(galloc_free(heap, odd) == GALLOC_OK && galloc_free(heap, even) == GALLOC_OK);
    EXPECT(galloc_check(heap, NULL) == GALLOC_OK);
    for (uint32_t bin = 0; bin < galloc_small_bins(heap); bin++) {
        if (heap->heads[bin] == galloc_link_of(heap, even)) {
            heap->heads[bin] = galloc_link_of(heap, odd);
        }
    }
    EXPECT(galloc_check(heap, NULL) == GALLOC_FAULT_CORRUPT);
    EXPECT(galloc_alloc(heap, 12, 16) == NULL);
}

// No chunk in any bin.
static void full(void) {
    galloc_heap_t *heap = fresh();
    galloc_stats_t stats;
    galloc_stats(heap, &stats);
    size_t all = stats.free;
    uint8_t *block = galloc_alloc(heap, all, 8);
    EXPECT(galloc_usable_size(heap, block) == all);
    galloc_stats(heap, &stats);
    EXPECT(stats.free == 0 && stats.largest == 0 && stats.free_chunks == 0 && stats.used == all);
    EXPECT(galloc_alloc(heap, 0, 8) == NULL && galloc_alloc(heap, 0, 64) == NULL);
    EXPECT(galloc_check(heap, NULL) == GALLOC_OK && galloc_free(heap, block) == GALLOC_OK);
}

// The steps of a realloc, with another's block taken and given back between them.
static void *in_steps(galloc_heap_t *heap, void *block, size_t size, size_t align, galloc_move_t *move) {
    if (!galloc_realloc_begin(heap, block, size, align, move)) {
        return NULL;
    }
    EXPECT(galloc_check(heap, NULL) == GALLOC_OK);
    if (move->to == NULL) {
        move->to = galloc_alloc(heap, size, align);
    }
    EXPECT(galloc_check(heap, NULL) == GALLOC_OK);
    void *other = galloc_alloc(heap, 24, 8);
    if (move->to != NULL && move->bytes != 0) {
        memmove(move->to, move->from, move->bytes);
        galloc_realloc_end(heap, move);
    }
    EXPECT(galloc_free(heap, other) == GALLOC_OK && galloc_check(heap, NULL) == GALLOC_OK);
    return move->to;
}

static void steps(void) {
    galloc_heap_t *heap = fresh();
    galloc_move_t move;
    // New, in place, elsewhere, merged with the chunk before, refused.
    uint8_t *block = in_steps(heap, NULL, 100, 8, &move);
    EXPECT(galloc_usable_size(heap, block) >= 100 && move.bytes == 0 && !move.merged);
    memset(block, 7, 100);
    EXPECT(in_steps(heap, block, 60, 8, &move) == block && move.bytes == 0 && !move.merged);
    EXPECT(galloc_usable_size(heap, block) == 60);
    for (size_t align = 0; align <= 8; align = align ? align * 2 : 1) {
        EXPECT(galloc_realloc(heap, block, 60, align) == block && galloc_realloc(heap, block, 50, align) == block);
    }
    EXPECT(in_steps(heap, block, 100, 8, &move) == block && galloc_alloc(heap, 40, 8) != NULL);
    // With all free memory before it, it takes what it needs of that, and in_steps finds room for another.
    uint8_t *newest = galloc_alloc(heap, 40, 8), *grown = in_steps(heap, newest, 500, 8, &move);
    EXPECT(move.merged && grown < newest && galloc_usable_size(heap, grown) == 500);
    uint8_t *old = galloc_alloc(heap, 40, 8);
    EXPECT(galloc_alloc(heap, 40, 8) < (void *)old); // so there is no room on either side
    memset(old, 5, 40);
    uint8_t *elsewhere = in_steps(heap, old, 500, 8, &move);
    EXPECT(elsewhere != old && !move.merged && move.bytes >= 40 && elsewhere[39] == 5 && !galloc_owns(heap, old));
    uint8_t *low = galloc_alloc(heap, 2000, 8), *high = galloc_alloc(heap, 2000, 8), *end = galloc_alloc(heap, 2000, 8);
    EXPECT(low < high && high < end);
    memset(high, 9, 2000);
    EXPECT(galloc_free(heap, low) == GALLOC_OK);
    galloc_stats_t before, after;
    galloc_stats(heap, &before);
    uint8_t *merged = in_steps(heap, high, 3000, 8, &move);
    galloc_stats(heap, &after);
    EXPECT(merged == low && move.merged && galloc_usable_size(heap, merged) == 3004);
    for (size_t i = 0; i < 2000; i++) {
        EXPECT(merged[i] == 9);
    }
    // At its peak, between the steps, there were the hole and the old place in one, and a block of 28 bytes.
    EXPECT(after.used == before.used + 1000 && after.peak_used == before.peak_used + GALLOC_HEADER_SIZE + 28);
    EXPECT(galloc_free(heap, high) != GALLOC_OK && galloc_owns(heap, merged) && galloc_owns(heap, end));
    EXPECT(in_steps(heap, merged, sizeof region, 8, &move) == NULL && galloc_owns(heap, merged));
    EXPECT(in_steps(heap, high, 8, 8, &move) == NULL);
    block = galloc_realloc(heap, merged, 3000, 4096);
    EXPECT((uintptr_t)block % 4096 == 0 && block[1999] == 9 && galloc_check(heap, NULL) == GALLOC_OK);
}

// What a merged block will need is its own from the first step on, whatever others take before the second.
static void taken_between(void) {
    galloc_heap_t *heap = fresh();
    galloc_move_t move;
    uint8_t *low = galloc_alloc(heap, 2000, 8), *block = galloc_alloc(heap, 2000, 8),
            *high = galloc_alloc(heap, 2000, 8);
    uint8_t *guard = galloc_alloc(heap, 1100, 8);
    EXPECT(low < block && block < high && high < guard);
    EXPECT(galloc_free(heap, low) == GALLOC_OK && galloc_free(heap, high) == GALLOC_OK);
    EXPECT(galloc_realloc_begin(heap, block, 5500, 8, &move) && move.merged && move.to == low);
    while (galloc_alloc(heap, 40, 8) != NULL) {
    }
    memmove(move.to, move.from, move.bytes);
    galloc_realloc_end(heap, &move);
    EXPECT(galloc_usable_size(heap, low) >= 5500 && galloc_check(heap, NULL) == GALLOC_OK);
}

// A region at another address than before, where the sub-bins' order means nothing.
static void moved(void) {
    static _Alignas(4096) uint8_t elsewhere[sizeof region + 64];
    const galloc_config_t config = {20, 8, false};
    galloc_heap_t *heap = galloc_init(region, sizeof region, &config);
    EXPECT(heap != NULL);
    uint8_t *blocks[64];
    for (int i = 0; i < 64; i++) {
        blocks[i] = galloc_alloc(heap, 60, 8);
    }
    for (int i = 0; i < 64; i += 2) {
        EXPECT(galloc_free(heap, blocks[i]) == GALLOC_OK);
    }
    for (size_t shift = 8; shift <= 64; shift += 8) {
        memcpy(elsewhere + shift, region, sizeof region);
        heap = galloc_attach(elsewhere + shift, sizeof region);
        EXPECT(heap != NULL);
        for (size_t align = 8; align <= 256; align *= 2) {
            uint8_t *block = galloc_alloc(heap, 40, align);
            EXPECT(block != NULL && (uintptr_t)block % align == 0 && galloc_check(heap, NULL) == GALLOC_OK);
        }
    }
}

int main(void) {
    no_heap_no_block();
    bad_requests();
    bad_regions();
    geometry();
    huge_region();
    huge_aligns();
    attach();
    roots();
    names();
    forged_control();
    best_on_the_way();
    cheapest();
    addresses();
    sealed();
    told_where();
    loops();
    wild_lists();
    wild_heir();
    forged_chunks();
    laid_over();
    forged_ring();
    forged_up();
    ways_down();
    aligned_to_4_gib();
    same_size();
    least_sufficient_alignment();
    stray_chunks();
    wild_up();
    last_unit();
    wrong_tag();
    wrong_free_header();
    forged_headers();
    wrong_sub_bin();
    full();
    steps();
    taken_between();
    moved();
    return 0;
}
