// MicroPython's own m_malloc and m_free, from the objects of a board's firmware, with the region as GC heap. Nothing is
// collected: a request that finds no room fails. Blocks lie at multiples of 16.

#include "opaque.h"

void gc_init(void *start, void *end);
void *m_malloc_maybe(size_t size);
// The QEMU port keeps statistics (MICROPY_MALLOC_USES_ALLOCATED_SIZE), so these take the old size as well.
void *m_realloc_maybe(void *block, size_t old_size, size_t size, bool allow_move);
void m_free(void *block, size_t size);

bool adapter_bounded;

void gc_collect(void) {
}

// MicroPython does not run here; its exceptions would come from there.
__attribute__((noreturn)) void m_malloc_fail(size_t size) {
    (void)size;
    for (;;) {
    }
}

bool adapter_init(void *region, size_t size) {
    gc_init(region, (uint8_t *)region + size);
    return true;
}

void *adapter_alloc(size_t size, size_t align) {
    return align <= 8 ? m_malloc_maybe(size) : NULL;
}

void adapter_free(void *block, size_t size, size_t align) {
    (void)align;
    m_free(block, size);
}

void *adapter_realloc(void *block, size_t size, size_t align, size_t new_size) {
    (void)align;
    return m_realloc_maybe(block, size, new_size, true);
}

int adapter_resize(void *block, size_t size, size_t align, size_t new_size) {
    (void)align;
    return m_realloc_maybe(block, size, new_size, false) != NULL;
}
