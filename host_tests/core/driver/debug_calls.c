// The calls of galloc_debug.h: what they return, with good and with bad pointers, and what they put into payload.

#include "debug.h"

#include "galloc_debug.h"

#include <stdio.h>
#include <string.h>

static bool filled(const uint8_t *bytes, size_t count, uint8_t value) {
    size_t i = 0;
    while (i < count && bytes[i] == value) {
        i++;
    }
    return i == count;
}

static void bad_pointers(void) {
    fail_context("bad pointers");
    static uint64_t elsewhere[8];
    scene_t scene = scene_make(100, 256), other = scene_make(100, 8);
    galloc_heap_t *heap = scene.heap;
    const struct {
        void *pointer;
        galloc_fault_t fault;
    } bad[] = {
        {NULL, GALLOC_FAULT_NULL},
        {elsewhere, GALLOC_FAULT_FOREIGN},
        {other.block, GALLOC_FAULT_FOREIGN},
        {scene.heap, GALLOC_FAULT_FOREIGN},
        {(uint8_t *)scene.heap + 64, GALLOC_FAULT_FOREIGN},
        {scene.region.base + scene.region.size, GALLOC_FAULT_FOREIGN},
        {(void *)(uintptr_t)8, GALLOC_FAULT_FOREIGN},
        {scene.block + 1, GALLOC_FAULT_MISALIGNED},
        {scene.block + 8, GALLOC_FAULT_NOT_ALLOCATED},
        {scene.block + 96, GALLOC_FAULT_NOT_ALLOCATED},
        {scene.block - 8, GALLOC_FAULT_NOT_ALLOCATED},
        {scene.block - 256, GALLOC_FAULT_NOT_ALLOCATED}, // the core's block
    };
    expect_fault("first free", galloc_debug_free(heap, scene.before), GALLOC_OK);
    expect_fault("second free", galloc_debug_free(heap, scene.before), GALLOC_FAULT_NOT_ALLOCATED);
    expect("stale", galloc_debug_realloc(heap, scene.before, 8, 8) == NULL && !galloc_debug_owns(heap, scene.before));
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        fail_context("bad pointer %zu", i);
        expect_fault("free", galloc_debug_free(heap, bad[i].pointer), bad[i].fault);
        expect("owns", !galloc_debug_owns(heap, bad[i].pointer));
        expect("usable size", galloc_debug_usable_size(heap, bad[i].pointer) == 0);
        expect("resize", !galloc_debug_resize(heap, bad[i].pointer, 10));
        expect("realloc", bad[i].pointer == NULL || galloc_debug_realloc(heap, bad[i].pointer, 10, 8) == NULL);
    }
    expect_check(&scene, NULL);
    // Long out of the quarantine, in a free chunk.
    expect("no room", galloc_debug_alloc(heap, SCENE_REGION, 8) == NULL);
    expect_fault("late free", galloc_debug_free(heap, scene.before), GALLOC_FAULT_NOT_ALLOCATED);
    scene_end(&scene);
    scene_end(&other);
}

static void no_heap(void) {
    fail_context("no heap");
    static _Alignas(8) uint8_t region[4096];
    galloc_heap_t *plain = galloc_init(region, sizeof region, NULL);
    void *block = galloc_alloc(plain, 10, 8);
    size_t offset = 1;
    expect("alloc", galloc_debug_alloc(NULL, 8, 8) == NULL && galloc_debug_alloc(plain, 8, 8) == NULL);
    expect_fault("free", galloc_debug_free(NULL, block), GALLOC_FAULT_NULL);
    expect_fault("free in a plain heap", galloc_debug_free(plain, block), GALLOC_FAULT_GEOMETRY);
    expect_fault("check", galloc_debug_check(NULL, &offset), GALLOC_FAULT_NULL);
    expect_fault("check of a plain heap", galloc_debug_check(plain, &offset), GALLOC_FAULT_GEOMETRY);
    expect("attach", galloc_debug_attach(region, sizeof region) == NULL);
    expect("wraps", galloc_debug_init(region, SIZE_MAX, NULL) == NULL && galloc_debug_init(NULL, 4096, NULL) == NULL);
    size_t least = 0;
    while (galloc_debug_init(region, least, NULL) == NULL) {
        least++;
        expect("a region of 4 KiB serves", least < sizeof region);
    }
    galloc_debug_reveal((galloc_heap_t *)(void *)region);
}

static void contents(void) {
    fail_context("contents");
    scene_t scene = scene_make(100, 8);
    galloc_heap_t *heap = scene.heap;
    expect("new payload", filled(scene.block, 100, GALLOC_DEBUG_NEW));
    expect("usable size", galloc_debug_usable_size(heap, scene.block) == 100);
    uint8_t *zeroed = galloc_debug_alloc_zeroed(heap, 50, 64), *empty = galloc_debug_alloc(heap, 0, 0);
    expect("zeroed", zeroed != NULL && (uintptr_t)zeroed % 64 == 0 && filled(zeroed, 50, 0));
    expect("empty", empty != NULL && galloc_debug_owns(heap, empty) && galloc_debug_usable_size(heap, empty) == 0);
    expect("bad align", galloc_debug_alloc(heap, 8, 3) == NULL && galloc_debug_alloc(heap, 8, 24) == NULL &&
                            galloc_debug_realloc(heap, scene.block, 8, 24) == NULL);
    expect("too much", galloc_debug_alloc(heap, SIZE_MAX, 8) == NULL &&
                           galloc_debug_alloc(heap, 8, SIZE_MAX / 2 + 1) == NULL &&
                           galloc_debug_alloc(heap, SIZE_MAX - 23, 8) == NULL &&
                           !galloc_debug_resize(heap, scene.block, SIZE_MAX) &&
                           galloc_debug_realloc(heap, scene.block, SIZE_MAX, 8) == NULL);
    expect_check(&scene, NULL);
    pattern_fill(scene.block, 100, 7);
    expect("shrinks", galloc_debug_resize(heap, scene.block, 61) && pattern_holds(scene.block, 61, 7) &&
                          galloc_debug_usable_size(heap, scene.block) == 61);
    expect_check(&scene, NULL);
    expect("grows", galloc_debug_resize(heap, scene.block, 80) && pattern_holds(scene.block, 61, 7) &&
                        filled(scene.block + 61, 19, GALLOC_DEBUG_NEW));
    expect_check(&scene, NULL);
    size_t last = 61;
    for (size_t align = 8; align <= 4096; align *= 2) {
        uint8_t *block = galloc_debug_realloc(heap, scene.block, last * 2, align);
        expect("realloc", block != NULL && (uintptr_t)block % align == 0 && pattern_holds(block, last, 7));
        pattern_fill(block, last * 2, 7);
        last *= 2;
        last = last > 2000 ? 61 : last;
        scene.block = block;
        expect_check(&scene, NULL);
    }
    expect("to nothing", galloc_debug_realloc(heap, scene.block, 0, 8) == scene.block);
    expect("from none", galloc_debug_realloc(heap, NULL, 10, 8) != NULL);
    scene_end(&scene);
}

static void after_a_reset(void) {
    fail_context("attach");
    scene_t scene = scene_make(100, 64);
    expect_fault("free", galloc_debug_free(scene.heap, scene.before), GALLOC_OK);
    galloc_heap_t *again = galloc_debug_attach(scene.region.base, scene.region.size);
    expect("attach", again == scene.heap && galloc_debug_check(again, NULL) == GALLOC_OK);
    expect_fault("freed before", galloc_debug_free(again, scene.before), GALLOC_FAULT_NOT_ALLOCATED);
    expect_fault("free after", galloc_debug_free(again, scene.block), GALLOC_OK);
    scene_end(&scene);
}

int mode_calls(void) {
    bad_pointers();
    no_heap();
    contents();
    after_a_reset();
    puts("calls as they should be");
    return 0;
}

enum { BLOCKS = 12, FLIPS = 6, CALLS = 40 };

int mode_debug_damage(uint32_t seed, uint32_t cases) {
    uint32_t noticed = 0;
    for (uint32_t number = 0; number < cases; number++) {
        rng_t rng = {((uint64_t)seed << 32) + number};
        fail_context("debug damage seed %u case %u", seed, number);
        scene_t scene = scene_make(rng_below(&rng, 100), (size_t)1 << rng_below(&rng, 8));
        uint8_t *blocks[BLOCKS], *base = scene.region.base;
        for (int i = 0; i < BLOCKS; i++) {
            blocks[i] = galloc_debug_alloc(scene.heap, rng_below(&rng, 200), (size_t)1 << rng_below(&rng, 8));
        }
        galloc_debug_free(scene.heap, blocks[0]);
        for (int i = rng_below(&rng, 2) ? 1 : FLIPS; i > 0; i--) { // near a block, or in what is before all blocks
            uint8_t *at = rng_below(&rng, 2) ? blocks[rng_below(&rng, BLOCKS)] - rng_below(&rng, 64)
                                             : base + rng_below(&rng, 600);
            memset(at, (int)rng_next(&rng), 1 + rng_below(&rng, 8));
        }
        noticed += galloc_debug_check(scene.heap, NULL) != GALLOC_OK;
        for (int i = 0; i < CALLS; i++) {
            uint8_t **block = &blocks[rng_below(&rng, BLOCKS)];
            size_t size = rng_below(&rng, 300), align = (size_t)1 << rng_below(&rng, 8);
            uint8_t *other = NULL;
            switch (rng_below(&rng, 5)) {
                case 0:
                    other = galloc_debug_alloc(scene.heap, size, align);
                    break;
                case 1:
                    galloc_debug_free(scene.heap, *block);
                    break;
                case 2:
                    other = galloc_debug_realloc(scene.heap, *block, size, align);
                    break;
                case 3:
                    galloc_debug_resize(scene.heap, *block, size);
                    break;
                default:
                    galloc_debug_free(scene.heap, base + rng_below(&rng, SCENE_REGION));
                    galloc_debug_check(scene.heap, NULL);
                    break;
            }
            *block = other != NULL ? other : *block;
        }
        const char *wrong = region_canary(&scene.region);
        expect(wrong != NULL ? wrong : "", wrong == NULL);
        galloc_debug_reveal(scene.heap);
        region_unmap(&scene.region);
    }
    printf("debug damage seed %u: %u cases, %u noticed\n", seed, cases, noticed);
    return 0;
}
