// The malloc of a board's C library, newlib's, newlib-nano's or picolibc's, on the region. For boards: it starts once.

#include <errno.h>
#include <malloc.h>
#include <stdlib.h>

#include "opaque.h"

static uint8_t *next, *end;
bool adapter_bounded;

// What malloc asks for memory, by its names in the libraries.
void *_sbrk(ptrdiff_t more) {
    if (more > end - next) {
        errno = ENOMEM;
        return (void *)-1;
    }
    uint8_t *at = next;
    next += more;
    return at;
}

void *sbrk(ptrdiff_t more) {
    return _sbrk(more);
}

bool adapter_init(void *region, size_t size) {
    if (next != NULL) {
        return false;
    }
    next = region;
    end = next + size;
    return true;
}

void *adapter_alloc(size_t size, size_t align) {
    return align <= 8 ? malloc(size) : memalign(align, size);
}

void adapter_free(void *block, size_t size, size_t align) {
    (void)size, (void)align;
    free(block);
}

void *adapter_realloc(void *block, size_t size, size_t align, size_t new_size) {
    if (align <= 8) {
        return realloc(block, new_size ? new_size : 1);
    }
    void *fresh = memalign(align, new_size); // realloc keeps no alignment
    if (fresh != NULL) {
        __builtin_memcpy(fresh, block, size < new_size ? size : new_size);
        free(block);
    }
    return fresh;
}

int adapter_resize(void *block, size_t size, size_t align, size_t new_size) {
    (void)block, (void)size, (void)align, (void)new_size;
    return -1;
}
