#include "debug.h"

#include "galloc_debug.h"

scene_t scene_make(size_t size, size_t align) {
    scene_t scene = {.size = size};
    region_map(&scene.region, SCENE_REGION, 4);
    region_scramble(&scene.region, 1);
    scene.heap = galloc_debug_init(scene.region.base, scene.region.size, NULL);
    scene.before = galloc_debug_alloc(scene.heap, 40, 8);
    scene.block = galloc_debug_alloc(scene.heap, size, align);
    scene.after = galloc_debug_alloc(scene.heap, 40, 8);
    if (scene.before == NULL || scene.block == NULL || scene.after == NULL) {
        fail("no block of %zu bytes at %zu", size, align);
    }
    return scene;
}

void scene_end(scene_t *scene) {
    galloc_debug_reveal(scene->heap);
    region_unmap(&scene->region);
}

void expect_fault(const char *what, galloc_fault_t fault, galloc_fault_t expected) {
    if (fault != expected) {
        fail("%s: %s, not %s", what, galloc_fault_name(fault), galloc_fault_name(expected));
    }
}

void expect(const char *what, bool so) {
    if (!so) {
        fail("%s", what);
    }
}

void expect_check(scene_t *scene, const uint8_t *wrong) {
    size_t offset = 1;
    expect_fault("check", galloc_debug_check(scene->heap, &offset), wrong ? GALLOC_FAULT_CORRUPT : GALLOC_OK);
    if (offset != (wrong ? (size_t)(wrong - (uint8_t *)scene->heap) : 0)) {
        fail("check reports offset %zu", offset);
    }
}
