// unit            lists the tests
// unit NAME...    runs them; `all` runs all but those that follow as -NAME. Ends with 1 and the condition that did not
//                 hold.

#include "unit.h"

#include <stdio.h>
#include <stdlib.h>

#define MAX_TESTS 256u

static struct {
    const char *name;
    void (*run)(void);
} tests[MAX_TESTS];
static size_t tests_count;

uint32_t unit_seed = 1;

void unit_add(const char *name, void (*run)(void)) {
    if (tests_count == MAX_TESTS) {
        fail("more than %u tests", MAX_TESTS);
    }
    tests[tests_count].name = name;
    tests[tests_count++].run = run;
}

// ---- One heap in one region --------------------------------------------------------------------------------------

region_t unit_region;
static shadow_t shadow;
static snapshot_t kept;

static void end_region(void) {
    if (unit_region.map != NULL) {
        const char *wrong = region_canary(&unit_region);
        if (wrong != NULL) {
            fail("%s", wrong);
        }
        shadow_release(&shadow);
        region_unmap(&unit_region);
        snapshot_release(&kept);
    }
}

uint8_t *new_region(size_t size) {
    end_region();
    region_map(&unit_region, size, 0);
    shadow_init(&shadow, &unit_region);
    return unit_region.base;
}

galloc_heap_t *new_heap(size_t size, const galloc_config_t *config) {
    galloc_heap_t *heap = galloc_init(new_region(size), size, config);
    EXPECT(heap != NULL);
    sound(heap);
    return heap;
}

void sound(const galloc_heap_t *heap) {
    size_t offset = 1;
    galloc_fault_t fault = galloc_check(heap, &offset);
    if (fault != GALLOC_OK || offset != 0) {
        fail("check: %s at %zu", galloc_fault_name(fault), offset);
    }
    const char *wrong = shadow_audit(&shadow);
    if (wrong != NULL) {
        fail("%s", wrong);
    }
}

static void note(galloc_heap_t *heap, uint8_t *block) {
    const char *wrong = shadow_add(&shadow, block, galloc_usable_size(heap, block));
    if (wrong != NULL) {
        fail("%s", wrong);
    }
    sound(heap);
}

uint8_t *take(galloc_heap_t *heap, size_t size, size_t align) {
    uint8_t *block = galloc_alloc(heap, size, align);
    EXPECT(block != NULL && (uintptr_t)block % (align > 8 ? align : 8) == 0);
    EXPECT(galloc_owns(heap, block) && galloc_usable_size(heap, block) >= payload_for(size));
    note(heap, block);
    return block;
}

uint8_t *lay(galloc_heap_t *heap, size_t usable) {
    galloc_stats_t stats;
    galloc_stats(heap, &stats);
    EXPECT(stats.free_chunks == 1);
    uint8_t *block = galloc_alloc(heap, stats.largest, 8);
    EXPECT(block != NULL && galloc_usable_size(heap, block) == stats.largest);
    if (usable != SIZE_MAX) {
        EXPECT(galloc_resize(heap, block, usable) && galloc_usable_size(heap, block) == usable);
    }
    note(heap, block);
    return block;
}

static size_t noted(const uint8_t *block) {
    size_t index = shadow_find(&shadow, block);
    EXPECT(index < shadow.count);
    return index;
}

size_t alloc_in_steps(galloc_heap_t *heap, size_t size, size_t align, uint8_t **block) {
    galloc_search_t search = {0};
    size_t steps = 0;
    do {
        *block = galloc_alloc_step(heap, size, align, &search);
        steps++;
        EXPECT(*block == NULL || !search.more);
        EXPECT(galloc_check(heap, NULL) == GALLOC_OK && heap->no_header == GALLOC_NO_HEADER);
    } while (search.more);
    return steps;
}

void give(galloc_heap_t *heap, uint8_t *block) {
    size_t index = noted(block);
    sound(heap);
    galloc_fault_t fault = galloc_free(heap, block);
    if (fault != GALLOC_OK) {
        fail("free: %s", galloc_fault_name(fault));
    }
    EXPECT(!galloc_owns(heap, block));
    shadow_remove(&shadow, index);
    sound(heap);
}

// Notes a block at its new place and size, after a look at the payload that it kept.
static void moved_to(galloc_heap_t *heap, size_t index, uint8_t *block, size_t size) {
    live_t old = shadow.live[index];
    EXPECT(pattern_holds(block, old.usable < size ? old.usable : size, old.token));
    shadow_remove(&shadow, index);
    note(heap, block);
}

uint8_t *change(galloc_heap_t *heap, uint8_t *block, size_t size, size_t align) {
    size_t index = noted(block);
    uint8_t *to = galloc_realloc(heap, block, size, align);
    if (to != NULL) {
        EXPECT((uintptr_t)to % (align > 8 ? align : 8) == 0 && galloc_usable_size(heap, to) >= payload_for(size));
        moved_to(heap, index, to, size);
    }
    sound(heap);
    return to;
}

bool resize(galloc_heap_t *heap, uint8_t *block, size_t size) {
    size_t index = noted(block);
    remember();
    bool done = galloc_resize(heap, block, size);
    if (done) {
        EXPECT(galloc_usable_size(heap, block) >= payload_for(size));
        moved_to(heap, index, block, size);
    } else {
        EXPECT(unchanged());
    }
    return done;
}

void forget(void) {
    shadow_clear(&shadow);
}

void remember(void) {
    snapshot_take(&kept, unit_region.base, unit_region.size);
}

bool unchanged(void) {
    return snapshot_changes(&kept) == 0;
}

void restore(void) {
    snapshot_restore(&kept);
}

// ---- Chunks ------------------------------------------------------------------------------------------------------

size_t index_of_block(const galloc_heap_t *heap, const void *block) {
    return ((uintptr_t)block - (uintptr_t)payload_at(heap, 0)) / 4u;
}

galloc_chunk_t *chunk_of(const galloc_heap_t *heap, const void *block) {
    return chunk_at(heap, index_of_block(heap, block));
}

galloc_chunk_t *chunk_behind(const galloc_heap_t *heap, const void *block) {
    uint32_t header = chunk_of(heap, block)->header;
    size_t size = header & GALLOC_IN_USE ? unpack_header(header) & GALLOC_SIZE_MASK(heap) : free_size(header);
    return chunk_at(heap, index_of_block(heap, block) + size + GALLOC_MIN_WORDS);
}

size_t offset_of(const galloc_heap_t *heap, const void *word) {
    return (uintptr_t)word - (uintptr_t)heap;
}

static galloc_stats_t stats_of(const galloc_heap_t *heap) {
    galloc_stats_t stats;
    galloc_stats(heap, &stats);
    return stats;
}

size_t failures(const galloc_heap_t *heap) {
    return stats_of(heap).failures;
}

size_t free_bytes(const galloc_heap_t *heap) {
    return stats_of(heap).free;
}

size_t largest(const galloc_heap_t *heap) {
    return stats_of(heap).largest;
}

// ---- The program -------------------------------------------------------------------------------------------------

static bool left_out(char **argv, const char *name) {
    for (; *argv != NULL; argv++) {
        if ((*argv)[0] == '-' && strcmp(*argv + 1, name) == 0) {
            return true;
        }
    }
    return false;
}

static bool run_all_of(const char *name, char **argv) {
    bool found = false;
    for (size_t i = 0; i < tests_count; i++) {
        bool all = strcmp(name, "all") == 0 && !left_out(argv, tests[i].name);
        if (all || strcmp(name, tests[i].name) == 0) {
            fail_context("unit %s, seed %u", tests[i].name, (unsigned)unit_seed);
            tests[i].run();
            end_region();
            found = true;
        }
    }
    return found;
}

int main(int argc, char **argv) {
    const char *seed = getenv("GALLOC_SEED");
    unit_seed = seed != NULL ? (uint32_t)strtoul(seed, NULL, 10) : unit_seed;
    if (argc < 2) {
        for (size_t i = 0; i < tests_count; i++) {
            puts(tests[i].name);
        }
    }
    for (int i = 1; i < argc; i++) {
        if (argv[i][0] != '-' && !run_all_of(argv[i], argv + i)) {
            fprintf(stderr, "no test has the name %s\n", argv[i]);
            return 2;
        }
    }
    return 0;
}
