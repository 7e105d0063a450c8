// What runs in the emulated processor: the locked form of the core, and an interrupt handler that uses the same heap.
// There is no start-up code; the test calls the functions one by one.

#include <stdint.h>

// Masks interrupts, as ports with one core and native modules do; or is the lock that was forgotten.
#if UNLOCKED
#define GALLOC_LOCK(heap) ((void)(heap))
#define GALLOC_UNLOCK(heap) ((void)(heap))
#else
static inline uint32_t mask_interrupts(void) {
    uint32_t state;
    __asm volatile("mrs %0, primask\n\tcpsid i" : "=r"(state) : : "memory");
    return state;
}
#define GALLOC_LOCK(heap) uint32_t primask = mask_interrupts()
#define GALLOC_UNLOCK(heap) __asm volatile("msr primask, %0" : : "r"(primask) : "memory")
#endif

#include "galloc_locked.h"

void *op_alloc(galloc_heap_t *heap, void *block, size_t size, size_t align);
void *op_zeroed(galloc_heap_t *heap, void *block, size_t size, size_t align);
void *op_free(galloc_heap_t *heap, void *block, size_t size, size_t align);
void *op_realloc(galloc_heap_t *heap, void *block, size_t size, size_t align);
void *op_resize(galloc_heap_t *heap, void *block, size_t size, size_t align);
void interrupt(galloc_heap_t *heap);
galloc_heap_t *open_heap(void *region, size_t size, uint32_t smallbins, uint32_t sub_bins);
size_t count_blocks(galloc_heap_t *heap);
void done(void);

// The operations, all of one shape. 0: refused.

void *op_alloc(galloc_heap_t *heap, void *block, size_t size, size_t align) {
    (void)block;
    return galloc_locked_alloc(heap, size, align);
}

void *op_zeroed(galloc_heap_t *heap, void *block, size_t size, size_t align) {
    (void)block;
    return galloc_locked_alloc_zeroed(heap, size, align);
}

void *op_free(galloc_heap_t *heap, void *block, size_t size, size_t align) {
    (void)size, (void)align;
    return galloc_locked_free(heap, block) == GALLOC_OK ? block : NULL;
}

void *op_realloc(galloc_heap_t *heap, void *block, size_t size, size_t align) {
    return galloc_locked_realloc(heap, block, size, align);
}

void *op_resize(galloc_heap_t *heap, void *block, size_t size, size_t align) {
    (void)align;
    return galloc_locked_resize(heap, block, size) ? block : NULL;
}

// The handler keeps one block, which the test looks at. A heap without room gives it none, which is no mistake.
volatile struct {
    uint8_t *block;
    uint32_t size;
    uint32_t faults; // of frees that should have worked
} kept;

void interrupt(galloc_heap_t *heap) {
    uint8_t *passing = galloc_locked_alloc(heap, 20, 8);
    uint8_t *block = galloc_locked_alloc_zeroed(heap, 36, 16);
    kept.faults = 0;
    if (passing != NULL) {
        memset(passing, 0xA1, 20);
        kept.faults += galloc_locked_free(heap, passing) != GALLOC_OK;
    }
    kept.block = block;
    kept.size = 36;
    if (block != NULL) {
        if (galloc_locked_resize(heap, block, 60)) {
            kept.size = 60;
        }
        memset(block, 0xB7, kept.size);
    }
}

galloc_heap_t *open_heap(void *region, size_t size, uint32_t smallbins, uint32_t sub_bins) {
    const galloc_config_t config = {(uint16_t)smallbins, (uint16_t)sub_bins, false};
    return galloc_init(region, size, &config);
}

size_t count_blocks(galloc_heap_t *heap) {
    galloc_stats_t stats;
    galloc_stats(heap, &stats);
    return stats.blocks;
}

// Where every call returns to.
void done(void) {
    for (;;) {
    }
}

// The address of each is needed by name.
void *const used[] = {
    (void *)op_alloc,    (void *)op_zeroed, (void *)op_free,      (void *)op_realloc,         (void *)op_resize,
    (void *)interrupt,   (void *)open_heap, (void *)count_blocks, (void *)galloc_check,       (void *)galloc_attach,
    (void *)galloc_owns, (void *)done,      (void *)&kept,        (void *)galloc_usable_size,
};
