#include "harness.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#if defined(__SANITIZE_ADDRESS__)
#define WITH_ASAN 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define WITH_ASAN 1
#endif
#endif
#ifndef WITH_ASAN
#define WITH_ASAN 0
#endif

#if WITH_ASAN
#include <sanitizer/asan_interface.h>
#define POISON(start, size) __asan_poison_memory_region((start), (size))
#define UNPOISON(start, size) __asan_unpoison_memory_region((start), (size))
#define UNCHECKED __attribute__((no_sanitize("address"), noinline))
#else
#define POISON(start, size) ((void)0)
#define UNPOISON(start, size) ((void)0)
#define UNCHECKED
#endif

// Of loops over payloads, whose bounds are verified: the fuzzer would spend most of its time in their instrumentation.
#if defined(__clang__)
#define PLAIN __attribute__((no_sanitize("address", "undefined", "coverage")))
#else
#define PLAIN
#endif

#define CANARY 0xC3u
#define END_ALIGN 65536u

static char context[256];

void fail_context(const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(context, sizeof context, format, arguments);
    va_end(arguments);
}

void fail(const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    fprintf(stderr, "FAILED %s: ", context);
    vfprintf(stderr, format, arguments);
    fputc('\n', stderr);
    va_end(arguments);
    fflush(NULL);
    _exit(1);
}

// ---- regions ----

void region_map(region_t *region, size_t size, size_t tail) {
    size_t page = (size_t)sysconf(_SC_PAGESIZE);
    size_t inner = (size + tail + page - 1) / page * page;
    if (inner == 0) {
        inner = page;
    }
    region->map_size = inner + 2 * page + END_ALIGN;
    region->map = mmap(NULL, region->map_size, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (region->map == MAP_FAILED) {
        fail("cannot map a region of %zu bytes", size);
    }
    uintptr_t end = ((uintptr_t)region->map + region->map_size - page) & ~(uintptr_t)(END_ALIGN - 1);
    region->last = region->map + (end - (uintptr_t)region->map);
    region->first = region->last - inner;
    if (mprotect(region->first, inner, PROT_READ | PROT_WRITE) != 0) {
        fail("cannot open a region of %zu bytes", size);
    }
    region->base = region->last - tail - size;
    region->size = size;
    memset(region->first, CANARY, inner);
    POISON(region->first, (size_t)(region->base - region->first));
    POISON(region->base + size, tail);
}

void region_unmap(region_t *region) {
    if (region->map != NULL) {
        UNPOISON(region->first, (size_t)(region->last - region->first));
        munmap(region->map, region->map_size);
        region->map = NULL;
        region->base = NULL;
        region->size = 0;
    }
}

void region_scramble(region_t *region, uint32_t seed) {
    rng_t rng = {seed};
    for (size_t i = 0; i < region->size; i++) {
        region->base[i] = (uint8_t)rng_next(&rng);
    }
}

// Reads what is poisoned for everybody else.
UNCHECKED const char *region_canary(const region_t *region) {
    for (const volatile uint8_t *at = region->first; at < region->base; at++) {
        if (*at != CANARY) {
            return "a byte before the region was written";
        }
    }
    for (const volatile uint8_t *at = region->base + region->size; at < region->last; at++) {
        if (*at != CANARY) {
            return "a byte behind the region was written";
        }
    }
    return NULL;
}

// ---- snapshots ----

void snapshot_take(snapshot_t *snapshot, void *at, size_t size) {
    if (snapshot->bytes == NULL || snapshot->size != size) {
        snapshot->bytes = realloc(snapshot->bytes, size + 1);
        if (snapshot->bytes == NULL) {
            fail("out of memory");
        }
    }
    snapshot->at = at;
    snapshot->size = size;
    if (size > 0) { // there may be no region yet
        memcpy(snapshot->bytes, at, size);
    }
}

size_t snapshot_changes(const snapshot_t *snapshot) {
    size_t count = 0;
    if (snapshot->size > 0 && memcmp(snapshot->at, snapshot->bytes, snapshot->size) != 0) { // faster than the loop
        for (size_t i = 0; i < snapshot->size; i++) {
            count += snapshot->at[i] != snapshot->bytes[i];
        }
    }
    return count;
}

void snapshot_restore(const snapshot_t *snapshot) {
    memcpy(snapshot->at, snapshot->bytes, snapshot->size);
}

const void *snapshot_of(const snapshot_t *snapshot, const void *at) {
    return snapshot->bytes + ((uintptr_t)at - (uintptr_t)snapshot->at);
}

void snapshot_release(snapshot_t *snapshot) {
    free(snapshot->bytes);
    *snapshot = (snapshot_t){0};
}

// ---- patterns ----

PLAIN static uint8_t pattern_byte(uint32_t token, size_t index) {
    uint32_t mixed = (uint32_t)index * 167u + token * 2654435761u;
    return (uint8_t)(mixed ^ (mixed >> 13) ^ (mixed >> 24));
}

PLAIN void pattern_fill(uint8_t *block, size_t count, uint32_t token) {
    for (size_t i = 0; i < count; i++) {
        block[i] = pattern_byte(token, i);
    }
}

PLAIN bool pattern_holds(const uint8_t *block, size_t count, uint32_t token) {
    for (size_t i = 0; i < count; i++) {
        if (block[i] != pattern_byte(token, i)) {
            return false;
        }
    }
    return true;
}

// ---- shadow ----

void shadow_init(shadow_t *shadow, region_t *region) {
    *shadow = (shadow_t){.region = region, .next_token = 1};
    shadow->owner = calloc(region->size + 1, 1);
    if (shadow->owner == NULL) {
        fail("out of memory");
    }
}

void shadow_clear(shadow_t *shadow) {
    shadow->count = 0;
    memset(shadow->owner, 0, shadow->region->size + 1);
}

void shadow_release(shadow_t *shadow) {
    free(shadow->live);
    free(shadow->owner);
    *shadow = (shadow_t){0};
}

size_t shadow_find(const shadow_t *shadow, const void *block) {
    size_t index = 0;
    while (index < shadow->count && shadow->live[index].block != block) {
        index++;
    }
    return index;
}

const char *shadow_add(shadow_t *shadow, uint8_t *block, size_t usable) {
    uintptr_t base = (uintptr_t)shadow->region->base, at = (uintptr_t)block;
    if (at < base + HEADER || at - base > shadow->region->size || usable > shadow->region->size - (at - base)) {
        return "a block lies outside the region";
    }
    size_t start = at - base - HEADER;
    if (memchr(shadow->owner + start, 1, usable + HEADER) != NULL) {
        return "two live blocks overlap";
    }
    memset(shadow->owner + start, 1, usable + HEADER);
    if (shadow->count == shadow->capacity) {
        shadow->capacity = shadow->capacity == 0 ? 64 : shadow->capacity * 2;
        shadow->live = realloc(shadow->live, shadow->capacity * sizeof *shadow->live);
        if (shadow->live == NULL) {
            fail("out of memory");
        }
    }
    live_t entry = {block, usable, shadow->next_token++};
    shadow->live[shadow->count++] = entry;
    pattern_fill(block, usable, entry.token);
    return NULL;
}

void shadow_remove(shadow_t *shadow, size_t index) {
    live_t entry = shadow->live[index];
    memset(shadow->owner + (entry.block - shadow->region->base) - HEADER, 0, entry.usable + HEADER);
    shadow->live[index] = shadow->live[--shadow->count];
}

const char *shadow_audit(const shadow_t *shadow) {
    for (size_t i = 0; i < shadow->count; i++) {
        if (!pattern_holds(shadow->live[i].block, shadow->live[i].usable, shadow->live[i].token)) {
            return "the payload of a live block was overwritten";
        }
    }
    return region_canary(shadow->region);
}

// ---- what fits ----

size_t payload_for(size_t size) {
    size_t chunk = (size + HEADER + 7u) & ~(size_t)7u;
    return (chunk < MIN_CHUNK ? MIN_CHUNK : chunk) - HEADER;
}

bool hole_holds(uintptr_t hole, size_t hole_size, size_t payload, size_t align) {
    if (align < 8) {
        align = 8;
    }
    if (payload > hole_size) {
        return false;
    }
    size_t gap = (size_t)(-hole & (align - 1));
    while (gap != 0 && gap < MIN_CHUNK) {
        gap += align;
    }
    return gap <= hole_size - payload;
}

typedef struct {
    size_t payload, align;
    bool found;
} search_t;

static bool look_at_chunk(void *context_, void *block, size_t size, bool allocated) {
    search_t *search = context_;
    search->found = !allocated && hole_holds((uintptr_t)block, size, search->payload, search->align);
    return !search->found;
}

bool heap_could_hold(const galloc_heap_t *heap, size_t size, size_t align) {
    if (size > UINT32_MAX - 64) {
        return false;
    }
    search_t search = {payload_for(size), align, false};
    galloc_walk(heap, look_at_chunk, &search);
    return search.found;
}

// ---- random numbers: splitmix64, upper half ----

uint32_t rng_next(rng_t *rng) {
    uint64_t z = (rng->state += 0x9E3779B97F4A7C15u);
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9u;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBu;
    return (uint32_t)((z ^ (z >> 31)) >> 32);
}

uint32_t rng_below(rng_t *rng, uint32_t bound) {
    return (uint32_t)(((uint64_t)rng_next(rng) * bound) >> 32);
}
