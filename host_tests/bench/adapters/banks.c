// A set of banks, used as one heap: what finding the bank costs is the difference to adapters/galloc.c.
//
// BENCH_BANKS in the environment is the number of banks, 8 by default; BENCH_PLACE how many of them have lower addresses
// than the one that is used, 0 by default. That one is the region, the only bank that has what is wanted.

#include <stdlib.h>
#include <sys/mman.h>

#include "adapter.h"
#include "galloc_banks.h"

#define OTHER_BYTES 1024u

static galloc_banks_t set;
bool adapter_bounded;

static size_t setting(const char *name, size_t otherwise) {
    const char *text = getenv(name);
    return text ? strtoul(text, NULL, 10) : otherwise;
}

// Memory for the other banks at one side of the region.
static unsigned char *beside(unsigned char *hint, size_t count) {
    void *found = mmap(hint, count * OTHER_BYTES + 1u, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    return found == MAP_FAILED ? NULL : found;
}

bool adapter_init(void *region, size_t size) {
    size_t others = setting("BENCH_BANKS", GALLOC_BANKS_MAX) - 1u, lower = setting("BENCH_PLACE", 0);
    unsigned char *start = region, *below = beside(start - (64u << 20), lower);
    unsigned char *above = beside(start + size + (64u << 20), others - lower);
    galloc_config_t config = {.bounded_search = adapter_bounded};
    galloc_banks_init(&set);
    if (lower > others || others >= GALLOC_BANKS_MAX || below == NULL || below > start || above < start ||
        galloc_banks_add(&set, galloc_init(region, size, &config), GALLOC_DMA) != GALLOC_OK) {
        return false;
    }
    for (size_t i = 0; i < others; i++) {
        unsigned char *other = i < lower ? below + i * OTHER_BYTES : above + (i - lower) * OTHER_BYTES;
        if (galloc_banks_add(&set, galloc_init(other, OTHER_BYTES, NULL), GALLOC_FAST) != GALLOC_OK) {
            return false;
        }
    }
    return set.places[lower].number == 0;
}

void *adapter_alloc(size_t size, size_t align) {
    return galloc_banks_alloc(&set, size, align, GALLOC_DMA);
}

void adapter_free(void *block, size_t size, size_t align) {
    (void)size, (void)align;
    galloc_banks_free(&set, block);
}

void *adapter_realloc(void *block, size_t size, size_t align, size_t new_size) {
    (void)size;
    return galloc_banks_realloc(&set, block, new_size, align, GALLOC_DMA);
}

int adapter_resize(void *block, size_t size, size_t align, size_t new_size) {
    (void)size, (void)align;
    return galloc_banks_resize(&set, block, new_size);
}

size_t adapter_control(size_t region) {
    return galloc_overhead(region, NULL);
}

bool adapter_check(void) {
    return galloc_banks_check(&set, NULL, NULL) == GALLOC_OK;
}
