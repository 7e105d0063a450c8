// What the drivers of the host tests share: guarded regions, snapshots, a shadow of the live blocks, random numbers.
//
// A region lies between two inaccessible pages. The slack between the region and those pages holds a canary and is
// poisoned for AddressSanitizer, so a read or a write outside the region is noticed whichever way it goes.

#ifndef HARNESS_H
#define HARNESS_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "galloc.h"

// Smallest chunk: header and 12 bytes of payload.
#define MIN_CHUNK 16u
#define HEADER 4u

typedef struct {
    uint8_t *map; // all that is reserved, inaccessible but for first..last
    size_t map_size;
    uint8_t *first, *last; // the pages around the region
    uint8_t *base;         // the region proper
    size_t size;
} region_t;

// The bytes of a heap or a region at one time. Start with {0}.
typedef struct {
    uint8_t *at;    // where they are
    uint8_t *bytes; // as they were
    size_t size;
} snapshot_t;

// A live block as the driver knows it. `token` chooses the pattern that fills it.
typedef struct {
    uint8_t *block;
    size_t usable;
    uint32_t token;
} live_t;

// The live blocks of one heap, and who owns each byte of its region.
typedef struct {
    region_t *region;
    live_t *live;
    size_t count, capacity;
    uint8_t *owner; // one for each byte of the region: 1 where a live block or its header lies
    uint32_t next_token;
} shadow_t;

// Says what went wrong on stderr and ends the process with status 1.
_Noreturn void fail(const char *format, ...) __attribute__((format(printf, 1, 2)));
// Text that fail() puts in front: the seed and the place, so that a failure can be repeated.
void fail_context(const char *format, ...) __attribute__((format(printf, 1, 2)));

// The region ends `tail` bytes before an inaccessible page that starts at a multiple of 64 KiB.
void region_map(region_t *region, size_t size, size_t tail);
void region_unmap(region_t *region);
void region_scramble(region_t *region, uint32_t seed);
// NULL, or what was found outside the region.
const char *region_canary(const region_t *region);

// In place of the snapshot's former one.
void snapshot_take(snapshot_t *snapshot, void *at, size_t size);
// The number of bytes that differ now.
size_t snapshot_changes(const snapshot_t *snapshot);
void snapshot_restore(const snapshot_t *snapshot);
// The copy of what is at `at`.
const void *snapshot_of(const snapshot_t *snapshot, const void *at);
void snapshot_release(snapshot_t *snapshot);

void shadow_init(shadow_t *shadow, region_t *region);
void shadow_clear(shadow_t *shadow);
void shadow_release(shadow_t *shadow);
// The index of the live block at `block`; the count when there is none.
size_t shadow_find(const shadow_t *shadow, const void *block);
// Registers and fills a new block. NULL, or what is wrong with it (outside, overlap).
const char *shadow_add(shadow_t *shadow, uint8_t *block, size_t usable);
void shadow_remove(shadow_t *shadow, size_t index);
// Whether the first `count` bytes at `block` still hold the pattern.
bool pattern_holds(const uint8_t *block, size_t count, uint32_t token);
void pattern_fill(uint8_t *block, size_t count, uint32_t token);
// NULL, or what is wrong with any live block or outside the region.
const char *shadow_audit(const shadow_t *shadow);

// Payload bytes that a request of `size` bytes needs at least.
size_t payload_for(size_t size);
// Whether a hole (payload address and size) can hold `payload` bytes at `align`: the front gap is 0 or a whole chunk.
bool hole_holds(uintptr_t hole, size_t hole_size, size_t payload, size_t align);
// Whether any free chunk of the heap can hold the request.
bool heap_could_hold(const galloc_heap_t *heap, size_t size, size_t align);

typedef struct {
    uint64_t state;
} rng_t;

uint32_t rng_next(rng_t *rng);
uint32_t rng_below(rng_t *rng, uint32_t bound);

#endif
