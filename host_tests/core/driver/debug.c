// The guards of galloc_debug.h.
//
// debug tell                   each mistake on blocks of many sizes and alignments: who notices it
// debug calls                  results of the calls, with no mistake made and with bad pointers
// debug damage SEED CASES      heaps with bytes overwritten at random: the calls come back and harm nobody else
// debug plant KIND             one mistake, for a tool that watches; ends with 0 when none stops it
// debug random SEED ACTIONS    no mistake
// debug bytes                  what a block takes, for each alignment

#include "debug.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "galloc_debug.h"

// ---- mistakes ----

static volatile uint8_t sink;

// Volatile: the compiler shall neither see through these accesses nor leave them out.
static void write_at(volatile uint8_t *at) {
    *at = (uint8_t)(*at ^ 0x10u);
}

static void overrun(scene_t *s) {
    write_at(s->block + s->size);
}

static void overrun_far(scene_t *s) {
    for (size_t i = 0; i < 12; i++) {
        write_at(s->block + s->size + i);
    }
}

static void underrun(scene_t *s) {
    write_at(s->block - 1);
}

static void underrun_far(scene_t *s) {
    write_at(s->block - 16);
}

static void stale_write(scene_t *s) {
    expect_fault("free", galloc_debug_free(s->heap, s->block), GALLOC_OK);
    write_at(s->block + s->size / 2);
}

static void stale_read(scene_t *s) {
    expect_fault("free", galloc_debug_free(s->heap, s->block), GALLOC_OK);
    sink = ((volatile uint8_t *)s->block)[s->size / 2];
}

static void read_behind(scene_t *s) {
    sink = ((volatile uint8_t *)s->block)[s->size];
}

static void shrunk(scene_t *s) {
    expect("resize", galloc_debug_resize(s->heap, s->block, s->size - 1));
    write_at(s->block + s->size - 1);
}

static void moved(scene_t *s) {
    uint8_t *old = s->block;
    s->block = galloc_debug_realloc(s->heap, old, s->size + 4000, 8);
    expect("realloc moves", s->block != NULL && s->block != old);
    write_at(old);
}

static void control(scene_t *s) {
    write_at((uint8_t *)s->heap + 8);
}

static void uninitialised(scene_t *s) {
    if (((volatile uint8_t *)s->block)[0] == 0x10) {
        puts("never");
    }
}

static const struct {
    const char *name;
    void (*plant)(scene_t *scene);
} kinds[] = {
    {"overrun", overrun},
    {"overrun_far", overrun_far},
    {"underrun", underrun},
    {"underrun_far", underrun_far},
    {"stale_write", stale_write},
    {"stale_read", stale_read},
    {"read_behind", read_behind},
    {"shrunk", shrunk},
    {"moved", moved},
    {"control", control},
    {"uninitialised", uninitialised},
};

static int mode_plant(const char *name) {
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        if (strcmp(kinds[i].name, name) == 0) {
            scene_t scene = scene_make(13, 8);
            kinds[i].plant(&scene);
            printf("%s went by\n", name);
            return 0;
        }
    }
    fail("unknown mistake %s", name);
}

// ---- who notices ----

// A byte around a live block: every call refuses it, and nothing else is disturbed.
static void tell_around(size_t size, size_t align, void (*plant)(scene_t *scene)) {
    scene_t scene = scene_make(size, align);
    expect_check(&scene, NULL);
    plant(&scene);
    expect_check(&scene, scene.block);
    expect("usable size", galloc_debug_usable_size(scene.heap, scene.block) == 0);
    expect("owns", !galloc_debug_owns(scene.heap, scene.block));
    expect("resize", !galloc_debug_resize(scene.heap, scene.block, size / 2));
    expect("realloc", galloc_debug_realloc(scene.heap, scene.block, size + 1, 8) == NULL);
    expect_fault("free", galloc_debug_free(scene.heap, scene.block), GALLOC_FAULT_CORRUPT);
    expect_check(&scene, scene.block);
    scene_end(&scene);
}

// One byte in slack or fence, whichever: at each distance up to the next header.
static void tell_each_byte(size_t size, size_t align) {
    for (size_t i = 0; i < GALLOC_DEBUG_BACK; i++) {
        scene_t scene = scene_make(size, align);
        write_at(scene.block + size + i);
        expect_check(&scene, scene.block);
        scene_end(&scene);
    }
    size_t front = align > GALLOC_DEBUG_FRONT ? align : GALLOC_DEBUG_FRONT;
    for (size_t i = 1; i <= front; i += i < 40 || i + 40 > front ? 1 : 61) { // all bytes of both records
        scene_t scene = scene_make(size, align);
        write_at(scene.block - i);
        size_t offset = 0;
        expect_fault("check", galloc_debug_check(scene.heap, &offset), GALLOC_FAULT_CORRUPT);
        expect_fault("free", galloc_debug_free(scene.heap, scene.block), GALLOC_FAULT_CORRUPT);
        scene_end(&scene);
    }
}

// A write to freed payload: check reports it at once, free when the block leaves its place; then the program can go on.
static void tell_stale(size_t size, size_t align) {
    scene_t scene = scene_make(size, align);
    stale_write(&scene);
    expect_check(&scene, scene.block);
    for (int i = 0; i < GALLOC_DEBUG_QUARANTINE - 1; i++) {
        void *other = galloc_debug_alloc(scene.heap, 8, 8);
        expect_fault("free meanwhile", galloc_debug_free(scene.heap, other), GALLOC_OK);
    }
    expect_fault("free", galloc_debug_free(scene.heap, scene.after), GALLOC_FAULT_CORRUPT);
    expect("the block stays", galloc_debug_usable_size(scene.heap, scene.after) == 40);
    expect_check(&scene, scene.block);
    expect_fault("free again", galloc_debug_free(scene.heap, scene.after), GALLOC_OK);
    expect_check(&scene, scene.block);
    scene_end(&scene);
}

static int mode_tell(void) {
    static const size_t sizes[] = {1, 7, 8, 13, 16, 100, 1000};
    int noticed = 0;
    for (size_t align = 1; align <= 4096; align *= 2) {
        for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
            fail_context("size %zu align %zu", sizes[i], align);
            tell_around(sizes[i], align, overrun);
            tell_around(sizes[i], align, overrun_far);
            tell_around(sizes[i], align, underrun);
            tell_around(sizes[i], align, underrun_far);
            tell_stale(sizes[i], align);
            noticed += 5;
        }
        fail_context("each byte, align %zu", align);
        tell_each_byte(13, align);
    }
    fail_context("an empty block");
    tell_around(0, 8, overrun);
    tell_around(0, 64, underrun);
    printf("noticed %d\n", noticed + 2);
    return 0;
}

// For each alignment, the most that a block takes from the region beyond the bytes requested.
static int mode_bytes(void) {
    for (size_t align = 8; align <= 4096; align *= 2) {
        size_t least = SIZE_MAX, most = 0;
        for (size_t size = 16; size < 32; size++) {
            scene_t scene = scene_make(size, align);
            galloc_stats_t before, after;
            galloc_debug_stats(scene.heap, &before);
            expect("alloc", galloc_debug_alloc(scene.heap, size, align) != NULL);
            galloc_debug_stats(scene.heap, &after);
            size_t extra = after.used + HEADER - before.used - size;
            least = extra < least ? extra : least;
            most = extra > most ? extra : most;
            scene_end(&scene);
        }
        printf("%zu %zu %zu\n", align, least, most);
    }
    return 0;
}

int main(int argc, char **argv) {
    const char *mode = argc > 1 ? argv[1] : "";
    if (strcmp(mode, "tell") == 0) {
        return mode_tell();
    }
    if (strcmp(mode, "calls") == 0) {
        return mode_calls();
    }
    if (strcmp(mode, "plant") == 0 && argc > 2) {
        return mode_plant(argv[2]);
    }
    if (strcmp(mode, "random") == 0 && argc > 3) {
        return mode_debug_random((uint32_t)strtoul(argv[2], NULL, 10), (uint32_t)strtoul(argv[3], NULL, 10));
    }
    if (strcmp(mode, "damage") == 0 && argc > 3) {
        return mode_debug_damage((uint32_t)strtoul(argv[2], NULL, 10), (uint32_t)strtoul(argv[3], NULL, 10));
    }
    if (strcmp(mode, "bytes") == 0) {
        return mode_bytes();
    }
    fprintf(stderr, "usage: debug tell | calls | plant KIND | random SEED ACTIONS | damage SEED CASES | bytes\n");
    return 2;
}
