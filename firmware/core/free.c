// Taking blocks back.

#include "heap.h"

galloc_fault_t galloc_free_live(galloc_heap_t *heap, uint32_t link, uint32_t size) {
    uint32_t before, after;
    if (GALLOC_UNLIKELY(!galloc_size_after(heap, link + size, &after) || !galloc_size_before(heap, link, &before))) {
        return GALLOC_FAULT_CORRUPT;
    }
    heap->frees++;
    galloc_take_back(heap, link, size, after);
    if (before != 0) {
        galloc_chunk_at(heap, link)->header = 0; // what stays behind must not pass for a live chunk
        galloc_detach(heap, link - before, before);
    }
    galloc_release(heap, link - before, before + size + after);
    return GALLOC_OK;
}

GALLOC_FLAT galloc_fault_t galloc_free(galloc_heap_t *heap, void *block) {
    uint32_t link, size;
    if (GALLOC_UNLIKELY(!galloc_is_live(heap, block, &link, &size))) {
        return galloc_fault_of(heap, block);
    }
    return galloc_free_live(heap, link, size);
}
