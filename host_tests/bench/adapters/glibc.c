// The C library's malloc, for orientation: it has no region, so the adapter keeps the sum of its chunks below the
// region's size. That bookkeeping is not counted.

#include <malloc.h>
#include <stdlib.h>

#include "opaque.h"

enum { HEADER = 8 };

static size_t limit, taken;
bool adapter_bounded;

bool adapter_init(void *region, size_t size) {
    (void)region;
    limit = size;
    taken = 0;
    return true;
}

static void *count(void *block) {
    taken += malloc_usable_size(block) + HEADER;
    return block;
}

void *adapter_alloc(size_t size, size_t align) {
    if (taken + size + HEADER > limit) {
        return NULL;
    }
    void *block = align <= 16 ? malloc(size) : aligned_alloc(align, size);
    return block ? count(block) : NULL;
}

void adapter_free(void *block, size_t size, size_t align) {
    (void)size, (void)align;
    taken -= malloc_usable_size(block) + HEADER;
    free(block);
}

void *adapter_realloc(void *block, size_t size, size_t align, size_t new_size) {
    if (taken + new_size + HEADER > limit) {
        return NULL;
    }
    if (align > 16) {
        void *fresh = adapter_alloc(new_size, align);
        if (fresh != NULL) {
            __builtin_memcpy(fresh, block, size < new_size ? size : new_size);
            adapter_free(block, size, align);
        }
        return fresh;
    }
    size_t old = malloc_usable_size(block) + HEADER;
    void *fresh = realloc(block, new_size ? new_size : 1);
    if (fresh != NULL) {
        taken -= old;
        count(fresh);
    }
    return fresh;
}

int adapter_resize(void *block, size_t size, size_t align, size_t new_size) {
    (void)block, (void)size, (void)align, (void)new_size;
    return -1;
}
