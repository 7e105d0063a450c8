// The fuzzer's target: an input is a heap's geometry and a list of operations on it. What the core answers is compared
// with a model that knows only the list of live blocks and of the holes between them.
//
//   byte 0      smallbins, 0 for the default
//   byte 1      low nibble: sub-bins, 1 is refused; bit 4: bounded_search; bits 5 to 7: the region's address modulo 8
//   bytes 2, 3  bytes of the region, little end first, up to 16 KB
//   then        operations of 4 bytes each: kind and block, size (2 bytes), alignment
//
// Built with libFuzzer, or with replay.c, which runs files through it.

#include "checked.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

_Noreturn void fuzz_exit(int status);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

// Operations done since the program started.
unsigned long fuzz_operations;

__attribute__((destructor)) static void print_operations(void) {
    fprintf(stderr, "operations: %lu\n", fuzz_operations);
}

// What the harness calls in place of _exit: the fuzzer keeps the input of a program that aborts.
void fuzz_exit(int status) {
    (void)status;
    abort();
}

#define KEPT 64u
#define MOST_BYTES 16384u

// A region of this geometry, kept for the next input of the same kind: mapping one takes longer than most inputs.
static region_t *region_for(size_t bytes, size_t tail) {
    static region_t kept[KEPT];
    static size_t tails[KEPT];
    size_t slot = (bytes * 8u + tail) * 2654435761u % 4294967291u % KEPT;
    region_t *region = &kept[slot];
    if (region->map == NULL || region->size != bytes || tails[slot] != tail) {
        region_unmap(region);
        region_map(region, bytes, tail);
        tails[slot] = tail;
    }
    memset(region->base, 0x5A, bytes);
    return region;
}

typedef struct {
    uintptr_t next; // where the next payload must be
    size_t live, free_size, largest;
    bool last_free;
} walk_t;

static bool step(void *context, void *block, size_t size, bool allocated) {
    walk_t *walk = context;
    if ((walk->next != 0 && (uintptr_t)block != walk->next) || (walk->last_free && !allocated)) {
        fail("chunks that do not touch, or free ones that were not merged");
    }
    walk->next = (uintptr_t)block + size + HEADER;
    walk->live += allocated;
    walk->last_free = !allocated;
    walk->free_size += allocated ? 0 : size;
    walk->largest = !allocated && size > walk->largest ? size : walk->largest;
    return true;
}

static void survey(checked_t *run) {
    walk_t walk = {0};
    galloc_stats_t stats;
    galloc_walk(run->heap, step, &walk);
    galloc_stats(run->heap, &stats);
    if (walk.live != run->shadow.count || walk.free_size != stats.free || walk.largest != stats.largest) {
        fail("walk and stats differ");
    }
    checked_payload(run);
}

// Opens the heap in its place, and then a copy `distance` bytes further down, a multiple of 8, to go on there.
static void do_attach(checked_t *run, size_t distance) {
    static uint8_t copy[MOST_BYTES];
    region_t *region = run->region;
    size_t bytes = region->size, tail = (size_t)(region->last - (region->base + bytes)) % 8u;
    uintptr_t before = (uintptr_t)region->base;
    if (galloc_attach(region->base, bytes) != run->heap || galloc_attach(region->base, bytes - 1) != NULL) {
        fail("attach opened what it must not, or did not open what it must");
    }
    memcpy(copy, region->base, bytes);
    region = region_for(bytes, tail + distance); // may unmap the old one
    memcpy(region->base, copy, bytes);
    for (size_t i = 0; i < run->shadow.count; i++) {
        run->shadow.live[i].block = region->base + ((uintptr_t)run->shadow.live[i].block - before);
    }
    run->region = region;
    run->shadow.region = region;
    run->heap = galloc_attach(region->base, bytes);
    if (run->heap == NULL) {
        fail("attach did not open a copy");
    }
}

// Free of any address: refused, or it was a live block.
static void do_stray_free(checked_t *run, size_t offset) {
    uint8_t *at = run->region->base + offset % (run->region->size + 64);
    size_t index = shadow_find(&run->shadow, at);
    if (index < run->shadow.count) {
        checked_free(run, index);
        return;
    }
    if (galloc_owns(run->heap, at) || galloc_free(run->heap, at) == GALLOC_OK) {
        fail("free of no block was not refused");
    }
}

static void operate(checked_t *run, const uint8_t *op) {
    size_t size = op[1] | (size_t)op[2] << 8, align = op[3] < 13 ? (size_t)1 << op[3] : op[3] % 2 ? 8u : op[3];
    size_t kind = op[0] % 8, count = run->shadow.count, index = count ? op[0] / 8u % count : 0;
    size = size < 0xFF00u ? size % (run->region->size + 64) : SIZE_MAX - (0xFFFFu - size);
    fuzz_operations++;
    switch (count == 0 && kind >= 2 && kind <= 5 ? 0 : kind) {
        case 0:
        case 1:
            if (kind == 1 && op[0] / 8u % 2u != 0) {
                checked_alloc_in_steps(run, size, align, op[0] / 16u);
            } else {
                checked_alloc(run, size, align, kind == 1);
            }
            break;
        case 2:
        case 3:
            checked_free(run, index);
            break;
        case 4:
            checked_realloc(run, index, size, align);
            break;
        case 5:
            checked_resize(run, index, size);
            break;
        case 6:
            do_stray_free(run, size);
            break;
        default:
            do_attach(run, size % 8u * 8u);
            survey(run);
            break;
    }
    checked_counters(run);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    if (size < 4) {
        return 0;
    }
    galloc_config_t config = {data[0], data[1] % 16u, data[1] & 16u};
    checked_t run = {.bounded_search = config.bounded_search};
    size_t bytes = (data[2] | (size_t)data[3] << 8) % MOST_BYTES;
    fail_context("fuzz: %u smallbins, %u sub-bins, %zu bytes", config.smallbins, config.alignment_sub_bins, bytes);
    run.region = region_for(bytes, (8u - (bytes + (data[1] >> 5u)) % 8u) % 8u);
    run.heap = galloc_init(run.region->base, bytes, &config);
    if (run.heap != NULL) {
        shadow_init(&run.shadow, run.region);
        for (size_t at = 4; at + 4 <= size; at += 4) {
            operate(&run, data + at);
        }
        survey(&run);
        while (run.shadow.count > 0) {
            checked_free(&run, run.shadow.count - 1);
        }
        checked_counters(&run);
        shadow_release(&run.shadow);
    }
    return 0;
}
