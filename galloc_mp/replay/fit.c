// fit.c: replays a packed trace (see trace.py) in regions of many sizes, on the host.
//
//   fit FILE SMALLBINS SUB_BINS ALIGN PLACE FIRST LAST STEP
//
// The regions start PLACE bytes behind a multiple of ALIGN. FIRST, LAST, STEP: their sizes in bytes. Prints for each size a line "SIZE OPERATION PEAK": the number of the first
// operation that failed, or -1, and the usable bytes of live blocks at their highest. The layout of a heap's bytes is
// the same on each target, so what serves here serves there. Ends with 1 when the heap does not verify.

#include "galloc.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { SLOTS = 1 << 14, FREE = 0, ALLOC, REALLOC, ALIGNED };

static void *blocks[SLOTS];

static void *must(void *memory, const char *what) {
    if (memory == NULL) {
        fprintf(stderr, "fit: %s\n", what);
        exit(1);
    }
    return memory;
}

static uint16_t *load(const char *path, size_t *count) {
    FILE *f = must(fopen(path, "rb"), "the trace cannot be opened");
    fseek(f, 0, SEEK_END);
    size_t size = (size_t)ftell(f);
    rewind(f);
    unsigned char *bytes = must(malloc(size + 1), "out of memory");
    if (fread(bytes, 1, size, f) != size) {
        must(NULL, "the trace cannot be read");
    }
    fclose(f);
    *count = size / 2;
    uint16_t *words = must(malloc(size + 1), "out of memory");
    for (size_t i = 0; i < *count; i++) {
        words[i] = (uint16_t)(bytes[2 * i] | bytes[2 * i + 1] << 8);
    }
    free(bytes);
    return words;
}

static bool run_one(galloc_heap_t *heap, const uint16_t **at) {
    unsigned kind = *(*at) >> 14;
    void **block = &blocks[*(*at)++ & (SLOTS - 1)];
    if (kind == FREE) {
        if (galloc_free(heap, *block) != GALLOC_OK) {
            must(NULL, "a block was refused by galloc_free");
        }
        *block = NULL;
        return true;
    }
    size_t align = kind == ALIGNED ? (size_t)1 << *(*at)++ : 8;
    size_t size = *(*at)++;
    if (size & 0x8000) {
        size = (size & 0x7FFF) | (size_t)*(*at)++ << 15;
    }
    void *made = kind == REALLOC ? galloc_realloc(heap, *block, size, 8) : galloc_alloc(heap, size, align);
    if (made == NULL) {
        return false;
    }
    *block = made;
    return true;
}

// The number of the operation that failed, -1 for none.
static long run(const uint16_t *words, size_t count, unsigned char *region, size_t size, const galloc_config_t *config,
                size_t *peak) {
    *peak = 0;
    memset(blocks, 0, sizeof(blocks));
    galloc_heap_t *heap = galloc_init(region, size, config);
    if (heap == NULL) {
        return 0;
    }
    long done = 0;
    const uint16_t *at = words;
    bool served = true;
    while (served && at < words + count) {
        served = run_one(heap, &at);
        done += served;
    }
    if (galloc_check(heap, NULL) != GALLOC_OK) {
        must(NULL, "galloc_check found a fault");
    }
    galloc_stats_t stats;
    galloc_stats(heap, &stats);
    *peak = stats.peak_used;
    return served ? -1 : done;
}

int main(int argc, char **argv) {
    if (argc != 9) {
        fprintf(stderr, "usage: fit FILE SMALLBINS SUB_BINS ALIGN PLACE FIRST LAST STEP\n");
        return 2;
    }
    size_t count, peak;
    uint16_t *words = load(argv[1], &count);
    galloc_config_t config = {.smallbins = (uint16_t)atoi(argv[2]), .alignment_sub_bins = (uint16_t)atoi(argv[3])};
    size_t align = strtoul(argv[4], NULL, 10), place = strtoul(argv[5], NULL, 10);
    size_t first = strtoul(argv[6], NULL, 10), last = strtoul(argv[7], NULL, 10), step = strtoul(argv[8], NULL, 10);
    unsigned char *memory = must(aligned_alloc(align, (place + last + align) / align * align), "out of memory");
    unsigned char *region = memory + place;
    for (size_t size = first; step != 0 && size <= last; size += step) {
        long failed = run(words, count, region, size, &config, &peak);
        printf("%zu %ld %zu\n", size, failed, peak);
    }
    free(memory);
    free(words);
    return 0;
}
