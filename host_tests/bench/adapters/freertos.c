// heap_4.c of FreeRTOS. It knows no alignment beyond 8 and no realloc: both are done here, as a program on it has to.

#include "opaque.h"

bool freertos_start(void *region, size_t size);
void *pvPortMalloc(size_t size);
void vPortFree(void *block);

bool adapter_bounded;

bool adapter_init(void *region, size_t size) {
    return freertos_start(region, size);
}

// In front of an over-aligned block is the pointer to what heap_4.c handed out.
void *adapter_alloc(size_t size, size_t align) {
    size = size ? size : 1;
    if (align <= 8) {
        return pvPortMalloc(size);
    }
    void *all = pvPortMalloc(size + align + sizeof(void *));
    if (all == NULL) {
        return NULL;
    }
    void **block = (void **)(((uintptr_t)all + sizeof(void *) + align - 1) & ~(uintptr_t)(align - 1));
    block[-1] = all;
    return block;
}

void adapter_free(void *block, size_t size, size_t align) {
    (void)size;
    vPortFree(align <= 8 ? block : ((void **)block)[-1]);
}

void *adapter_realloc(void *block, size_t size, size_t align, size_t new_size) {
    void *fresh = adapter_alloc(new_size, align);
    if (fresh != NULL) {
        __builtin_memcpy(fresh, block, size < new_size ? size : new_size);
        adapter_free(block, size, align);
    }
    return fresh;
}

int adapter_resize(void *block, size_t size, size_t align, size_t new_size) {
    (void)block, (void)size, (void)align, (void)new_size;
    return -1;
}
