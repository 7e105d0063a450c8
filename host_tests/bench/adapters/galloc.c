// galloc itself, as a C program uses it.

#include <stdlib.h>

#include "adapter.h"
#include "galloc.h"

static galloc_heap_t *heap;
bool adapter_bounded;

// BENCH_SMALLBINS and BENCH_SUB_BINS in the environment choose another configuration; 0 is the default.
static uint16_t setting(const char *name) {
    const char *text = getenv(name);
    return text ? (uint16_t)strtoul(text, NULL, 10) : 0;
}

static galloc_config_t config(void) {
    return (galloc_config_t){.smallbins = setting("BENCH_SMALLBINS"),
                             .alignment_sub_bins = setting("BENCH_SUB_BINS"),
                             .bounded_search = adapter_bounded};
}

bool adapter_init(void *region, size_t size) {
    galloc_config_t c = config();
    heap = galloc_init(region, size, &c);
    return heap != NULL;
}

void *adapter_alloc(size_t size, size_t align) {
    return galloc_alloc(heap, size, align);
}

void adapter_free(void *block, size_t size, size_t align) {
    (void)size, (void)align;
    galloc_free(heap, block);
}

void *adapter_realloc(void *block, size_t size, size_t align, size_t new_size) {
    (void)size;
    return galloc_realloc(heap, block, new_size, align);
}

int adapter_resize(void *block, size_t size, size_t align, size_t new_size) {
    (void)size, (void)align;
    return galloc_resize(heap, block, new_size);
}

size_t adapter_control(size_t region) {
    galloc_config_t c = config();
    return galloc_overhead(region, &c);
}

bool adapter_check(void) {
    return galloc_check(heap, NULL) == GALLOC_OK;
}
