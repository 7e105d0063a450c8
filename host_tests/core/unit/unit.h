// unit.h: what the unit tests of the core share. A test is a function with a name; unit.c runs those that are asked for.
//
// Most tests have one heap, in a region between guards. Its blocks are filled with patterns, and each operation of the
// helpers below is followed by a look at everything: galloc_check, all payloads, the bytes around the region.

#ifndef UNIT_H
#define UNIT_H

#include "bins.h" // the core's own: the tests look at each of its words, and damage some
#include "harness.h"

#include <string.h>

// Defines a test: it ends by returning, or by the first EXPECT that does not hold.
#define TEST(name) TEST_LEVEL(0, name)

// One that only programs of 64 bits have.
#define TEST_64(name) TEST(name)

// One for a level of hardening (galloc_config.h) and those above.
#define TEST_LEVEL(level, name)                                 \
    static void name(void);                                     \
    __attribute__((constructor)) static void add_##name(void) { \
        if (GALLOC_HARDENING >= (level)) {                      \
            unit_add(#name, name);                              \
        }                                                       \
    }                                                           \
    static void name(void)

#define EXPECT(condition)                                      \
    do {                                                       \
        if (!(condition)) {                                    \
            fail("%s:%d: %s", __FILE__, __LINE__, #condition); \
        }                                                      \
    } while (0)

#define LENGTH(array) (sizeof(array) / sizeof((array)[0]))

// The seed of tests with random numbers.
extern uint32_t unit_seed;

void unit_add(const char *name, void (*run)(void));

// ---- One heap in one region --------------------------------------------------------------------------------------

// The region of the running test. A size that is a power of two puts it at a multiple of that, and of no more but for the
// end of it.
extern region_t unit_region;

// Makes a region of `size` bytes, in place of the one before, which must be whole.
uint8_t *new_region(size_t size);
// The same with a heap in it.
galloc_heap_t *new_heap(size_t size, const galloc_config_t *config);

// Expects that the heap verifies, and that nobody wrote to the blocks of take and lay, or outside of the region.
void sound(const galloc_heap_t *heap);

// A block, filled and noted.
uint8_t *take(galloc_heap_t *heap, size_t size, size_t align);
// A block of so many usable bytes at the low end of the only free chunk; SIZE_MAX: all of it.
uint8_t *lay(galloc_heap_t *heap, size_t usable);
// Frees a block of take or lay.
void give(galloc_heap_t *heap, uint8_t *block);
// galloc_alloc_step up to its end; the heap is sound between the steps. Returns their number.
size_t alloc_in_steps(galloc_heap_t *heap, size_t size, size_t align, uint8_t **block);
// Resizes or reallocates one in place of the core's calls; NULL where that refuses, and then nothing has changed.
uint8_t *change(galloc_heap_t *heap, uint8_t *block, size_t size, size_t align);
bool resize(galloc_heap_t *heap, uint8_t *block, size_t size);
// Forgets all blocks: from here on the test damages the heap.
void forget(void);

// Keeps the region's bytes, to be compared later.
void remember(void);
bool unchanged(void);
void restore(void);

// ---- Chunks ------------------------------------------------------------------------------------------------------

size_t index_of_block(const galloc_heap_t *heap, const void *block);
galloc_chunk_t *chunk_of(const galloc_heap_t *heap, const void *block);
// The chunk behind.
galloc_chunk_t *chunk_behind(const galloc_heap_t *heap, const void *block);
// Bytes from the start of the heap.
size_t offset_of(const galloc_heap_t *heap, const void *word);
size_t failures(const galloc_heap_t *heap);
// Usable bytes of free chunks in all, and of the largest one.
size_t free_bytes(const galloc_heap_t *heap);
size_t largest(const galloc_heap_t *heap);

#endif
