// What the files of the driver debug.c share.

#ifndef DEBUG_H
#define DEBUG_H

#include "harness.h"

#define SCENE_REGION (32u * 1024u)

// A heap with three blocks; neighbours keep the one in the middle in its place.
typedef struct {
    region_t region;
    galloc_heap_t *heap;
    uint8_t *before, *block, *after;
    size_t size; // of `block`, as requested
} scene_t;

scene_t scene_make(size_t size, size_t align);
void scene_end(scene_t *scene);

void expect(const char *what, bool so);
void expect_fault(const char *what, galloc_fault_t fault, galloc_fault_t expected);
// galloc_debug_check reports the block `wrong`, or of nothing.
void expect_check(scene_t *scene, const uint8_t *wrong);

int mode_calls(void);
int mode_debug_damage(uint32_t seed, uint32_t cases);
int mode_debug_random(uint32_t seed, uint32_t actions);

#endif
