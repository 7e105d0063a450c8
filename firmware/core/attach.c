// Re-opening a heap that is still in memory.

#include "heap.h"

bool galloc_initialized(const void *region, size_t size) {
    uint32_t total;
    const galloc_heap_t *heap = galloc_heap_in(region, size, &total);
    return total > sizeof(*heap) && heap->units == total / 8u - 1u &&
           heap->flags >> GALLOC_FLAG_SIZE_SHIFT == size % 8u && galloc_is_sound(heap);
}

galloc_heap_t *galloc_attach(void *region, size_t size) {
    uint32_t total;
    galloc_heap_t *heap = galloc_heap_in(region, size, &total);
    return galloc_initialized(region, size) && galloc_check(heap, NULL) == GALLOC_OK ? heap : NULL;
}
