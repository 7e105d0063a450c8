#include "subject.h"

#include <stdlib.h>
#include <string.h>

static bool note(void *context, void *block, size_t size, bool allocated) {
    subject_t *subject = context;
    if (subject->count == MAX_CHUNKS) {
        fail("more than %u chunks", MAX_CHUNKS);
    }
    subject->pieces[subject->count++] = (piece_t){block, size, allocated};
    subject->live += allocated;
    return true;
}

static void scribble(uint8_t *block, size_t size, rng_t *rng) {
    uint32_t mask = rng_below(rng, 2) ? 0xFFu : 0x07u; // any bytes, or small numbers, which look more like sizes
    for (size_t i = 0; i < size; i++) {
        block[i] = (uint8_t)(rng_next(rng) & mask);
    }
}

// The region is whole pages, with an inaccessible page at either end, or any size that ends at one.
static void make_region(region_t *region, rng_t *rng) {
    size_t size = rng_below(rng, 2) ? (size_t)4096 << rng_below(rng, 3) : 2048 + rng_below(rng, 14000);
    region_map(region, size, rng_below(rng, 2) ? 0 : rng_below(rng, 64) * (size % 4096 != 0));
    region_scramble(region, rng_next(rng));
}

void subject_make(subject_t *subject, const galloc_config_t *config, rng_t *rng) {
    *subject = (subject_t){0};
    make_region(&subject->region, rng);
    subject->heap = galloc_init(subject->region.base, subject->region.size, config);
    subject->sound = malloc(subject->region.size);
    subject->pieces = malloc(MAX_CHUNKS * sizeof *subject->pieces);
    uint8_t *blocks[256];
    size_t count = 0;
    if (subject->heap == NULL || subject->sound == NULL || subject->pieces == NULL) {
        fail("no heap of %zu bytes", subject->region.size);
    }
    uint32_t largest = rng_below(rng, 3) ? 96 : 600;
    for (uint32_t step = 64 + rng_below(rng, 400); step > 0; step--) {
        if (count < 256 && rng_below(rng, 5) < 3) {
            uint8_t *block = galloc_alloc(subject->heap, rng_below(rng, largest), (size_t)1 << rng_below(rng, 7));
            if (block != NULL) {
                scribble(block, galloc_usable_size(subject->heap, block), rng);
                blocks[count++] = block;
            }
        } else if (count > 2) {
            uint32_t index = rng_below(rng, (uint32_t)count);
            if (galloc_free(subject->heap, blocks[index]) != GALLOC_OK) {
                fail("a live block was refused");
            }
            blocks[index] = blocks[--count];
        }
    }
    galloc_walk(subject->heap, note, subject);
    if (galloc_check(subject->heap, NULL) != GALLOC_OK || subject->live != count || count == 0) {
        fail("the heap was not sound to begin with");
    }
    memcpy(subject->sound, subject->region.base, subject->region.size);
}

void subject_restore(subject_t *subject) {
    memcpy(subject->region.base, subject->sound, subject->region.size);
}

void subject_drop(subject_t *subject) {
    free(subject->sound);
    free(subject->pieces);
    region_unmap(&subject->region);
}

size_t subject_pick(const subject_t *subject, rng_t *rng, bool live) {
    size_t candidates = live ? subject->live : subject->count - subject->live;
    if (candidates == 0) {
        return subject->count;
    }
    size_t wanted = rng_below(rng, (uint32_t)candidates);
    for (size_t i = 0; i < subject->count; i++) {
        if (subject->pieces[i].live == live && wanted-- == 0) {
            return i;
        }
    }
    return subject->count;
}

static bool look(void *context, void *block, size_t size, bool allocated) {
    const region_t *region = context;
    uintptr_t at = (uintptr_t)block - (uintptr_t)region->base;
    (void)allocated;
    if (at > region->size || size > region->size - at) {
        fail("walk left the region");
    }
    return true;
}

static void judge(const subject_t *subject, const uint8_t *block, size_t size) {
    uintptr_t at = (uintptr_t)block - (uintptr_t)subject->region.base;
    if (block != NULL && (at > subject->region.size || size > subject->region.size - at)) {
        fail("a block of %zu bytes lies outside the region", size);
    }
}

void subject_use(subject_t *subject, rng_t *rng) {
    for (uint32_t step = 6; step > 0; step--) {
        size_t size = rng_below(rng, 200), align = (size_t)1 << rng_below(rng, 7);
        uint8_t *block = subject->pieces[subject_pick(subject, rng, true)].payload;
        galloc_stats_t stats;
        switch (rng_below(rng, 6)) {
            case 0:
                judge(subject, galloc_alloc_zeroed(subject->heap, size, align), size);
                break;
            case 1:
                judge(subject, galloc_realloc(subject->heap, block, size, align), size);
                break;
            case 2:
                galloc_resize(subject->heap, block, size);
                break;
            case 3:
                galloc_walk(subject->heap, look, &subject->region);
                galloc_stats(subject->heap, &stats);
                galloc_attach(subject->region.base, subject->region.size);
                break;
            default:
                galloc_free(subject->heap, block);
                break;
        }
    }
}
