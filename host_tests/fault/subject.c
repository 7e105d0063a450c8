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

static void hold(subject_t *subject, uint8_t *block) {
    if (subject->held_count < MAX_HELD) {
        subject->held[subject->held_count++] = block;
    }
}

static void let_go(subject_t *subject, size_t index) {
    subject->held[index] = subject->held[--subject->held_count];
}

// A step of a program without mistakes.
static void grow_or_shrink(subject_t *subject, uint32_t largest, rng_t *rng) {
    size_t count = subject->held_count;
    if (count < MAX_HELD && rng_below(rng, 5) < 3) {
        uint8_t *block = galloc_alloc(subject->heap, rng_below(rng, largest), (size_t)1 << rng_below(rng, 7));
        if (block != NULL) {
            scribble(block, galloc_usable_size(subject->heap, block), rng);
            hold(subject, block);
        }
    } else if (count > 2) {
        size_t index = rng_below(rng, (uint32_t)count);
        if (galloc_free(subject->heap, subject->held[index]) != GALLOC_OK) {
            fail("a live block was refused");
        }
        let_go(subject, index);
    }
}

void subject_make(subject_t *subject, const galloc_config_t *config, uint32_t steps, rng_t *rng) {
    *subject = (subject_t){0};
    make_region(&subject->region, rng);
    subject->heap = galloc_init(subject->region.base, subject->region.size, config);
    subject->pieces = malloc(MAX_CHUNKS * sizeof *subject->pieces);
    if (subject->heap == NULL || subject->pieces == NULL) {
        fail("no heap of %zu bytes", subject->region.size);
    }
    uint32_t largest = rng_below(rng, 3) ? 96 : 600;
    while (steps-- > 0) {
        grow_or_shrink(subject, largest, rng);
    }
    galloc_walk(subject->heap, note, subject);
    if (galloc_check(subject->heap, NULL) != GALLOC_OK || subject->live != subject->held_count) {
        fail("the heap was not sound to begin with");
    }
    snapshot_take(&subject->sound, subject->region.base, subject->region.size);
}

void subject_restore(subject_t *subject) {
    snapshot_restore(&subject->sound);
    subject->held_count = 0;
    for (size_t i = 0; i < subject->count; i++) {
        if (subject->pieces[i].live) {
            hold(subject, subject->pieces[i].payload);
        }
    }
}

void subject_drop(subject_t *subject) {
    snapshot_release(&subject->sound);
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

static void must_lie_inside(const subject_t *subject, const void *block, size_t size, const char *what) {
    uintptr_t at = (uintptr_t)block - (uintptr_t)subject->region.base;
    if (at > subject->region.size || size > subject->region.size - at) {
        fail("%s of %zu bytes lies outside the region", what, size);
    }
}

static bool look_at_chunk(void *context, void *block, size_t size, bool allocated) {
    (void)allocated;
    must_lie_inside(context, block, size, "a chunk of the walk");
    return true;
}

static void look(const subject_t *subject, void *block) {
    galloc_stats_t stats;
    size_t offset;
    galloc_usable_size(subject->heap, block);
    galloc_owns(subject->heap, block);
    galloc_stats(subject->heap, &stats);
    galloc_walk(subject->heap, look_at_chunk, (void *)subject);
    galloc_check(subject->heap, &offset);
    galloc_initialized(subject->region.base, subject->region.size);
    galloc_attach(subject->region.base, subject->region.size);
}

static void take(subject_t *subject, uint8_t *block, size_t size) {
    if (block != NULL) {
        must_lie_inside(subject, block, size, "a block");
        hold(subject, block);
    }
}

static void use_once(subject_t *subject, rng_t *rng) {
    size_t size = rng_below(rng, 300), align = (size_t)1 << rng_below(rng, 8), index = 0;
    uint8_t *block = subject->region.base + rng_below(rng, (uint32_t)subject->region.size);
    bool held = subject->held_count > 0 && rng_below(rng, 8) != 0;
    if (held) {
        index = rng_below(rng, (uint32_t)subject->held_count);
        block = subject->held[index];
    }
    switch (rng_below(rng, 8)) {
        case 0:
        case 1:
            take(subject, galloc_alloc(subject->heap, size, align), size);
            break;
        case 2:
            take(subject, galloc_alloc_zeroed(subject->heap, size, align), size);
            break;
        case 3:
        case 4:
            if (galloc_free(subject->heap, block) == GALLOC_OK && held) {
                let_go(subject, index);
            }
            break;
        case 5: // the old address is held further: a mistake of the program
            take(subject, galloc_realloc(subject->heap, block, size, align), size);
            break;
        case 6:
            galloc_resize(subject->heap, block, size);
            break;
        default:
            look(subject, block);
            break;
    }
}

void subject_use(subject_t *subject, uint32_t steps, rng_t *rng) {
    while (steps-- > 0) {
        use_once(subject, rng);
    }
}
