// Taking blocks back.

#include "heap.h"

galloc_fault_t galloc_free(galloc_heap_t *heap, void *block) {
    uint32_t size, before_size, next_size;
    if (GALLOC_UNLIKELY(!galloc_is_live(heap, block, &size))) {
        return galloc_fault_of(heap, block);
    }
    uint32_t link = galloc_link_of(heap, block), next = link + size;
    if (GALLOC_UNLIKELY(!galloc_size_after(heap, next, &next_size) || !galloc_size_before(heap, link, &before_size))) {
        return GALLOC_FAULT_CORRUPT;
    }
    heap->frees++;
    galloc_take_back(heap, link, size, next_size);
    size += next_size;
    if (before_size != 0) {
        link -= before_size;
        size += before_size;
        galloc_detach(heap, link, before_size);
    }
    galloc_release(heap, link, size);
    return GALLOC_OK;
}
