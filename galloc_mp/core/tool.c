// tool.c: the allocator for the host's tools, as WebAssembly: replays packed traces (see ../replay/trace.py) and opens
// dumps. The bytes of a heap are the same on every target, so what happens here happens on the board.
//
// One heap at a time. The host puts its region and the packed operations into this module's memory, above heap_base(),
// and passes their addresses. There is no library here: no start-up code, no malloc, no output.

#include "galloc.h"

#define EXPORT(name) __attribute__((export_name(#name))) name

enum { SLOTS = 1 << 14, FREE = 0, ALLOC, REALLOC, ALIGNED };

// What the host reads after a call; a field is one 32-bit word.
static struct {
    uint32_t done;    // operations replayed
    uint32_t failed;  // of these, requests that found no memory
    uint32_t first;   // number of the first of them; UINT32_MAX: none
    uint32_t refused; // frees of live blocks that the heap refused: a damaged heap
    uint32_t fault;   // of the latest check
    uint32_t offset;  // where it is, in bytes from the start of the heap
    galloc_stats_t now;
} result;

static galloc_heap_t *heap;
static uint8_t *region;
static void *blocks[SLOTS];

extern unsigned char __heap_base;

// The compiler and the core call these by name.
void *memcpy(void *restrict to, const void *restrict from, size_t size) {
    return __builtin_memcpy(to, from, size); // one instruction, memory.copy
}

void *memmove(void *to, const void *from, size_t size) {
    return __builtin_memmove(to, from, size);
}

void *memset(void *to, int value, size_t size) {
    return __builtin_memset(to, value, size);
}

uint32_t EXPORT(heap_base)(void) {
    return (uint32_t)(uintptr_t)&__heap_base;
}

uint32_t EXPORT(result_at)(void) {
    return (uint32_t)(uintptr_t)&result;
}

// Makes a heap. Returns whether the region is large enough and the configuration valid.
uint32_t EXPORT(start)(uint8_t *start, uint32_t size, uint32_t smallbins, uint32_t sub_bins) {
    galloc_config_t config = {.smallbins = (uint16_t)smallbins, .alignment_sub_bins = (uint16_t)sub_bins};
    region = start;
    heap = galloc_init(region, size, &config);
    __builtin_memset(blocks, 0, sizeof(blocks));
    __builtin_memset(&result, 0, sizeof(result));
    result.first = UINT32_MAX;
    return heap != NULL;
}

// Opens the heap that is in a region. Returns whether all of it verifies.
uint32_t EXPORT(attach)(uint8_t *start, uint32_t size) {
    region = start;
    heap = galloc_attach(region, size);
    return heap != NULL;
}

// Whether the region starts with the control block of a heap of this size.
uint32_t EXPORT(recognise)(uint8_t *start, uint32_t size) {
    return galloc_initialized(start, size);
}

// Returns the slot of its block.
static void **replay_one(const uint16_t **at) {
    uint32_t kind = *(*at) >> 14;
    void **block = &blocks[*(*at)++ & (SLOTS - 1)];
    if (kind == FREE) {
        // There is nothing to free where the request had failed.
        if (*block != NULL && galloc_free(heap, *block) != GALLOC_OK) {
            result.refused++;
        }
        *block = NULL;
        return block;
    }
    size_t align = kind == ALIGNED ? (size_t)1 << *(*at)++ : 8;
    size_t size = *(*at)++;
    if (size & 0x8000) {
        size = (size & 0x7FFF) | (size_t)*(*at)++ << 15;
    }
    void *made = galloc_realloc(heap, *block, size, align);
    if (made != NULL) {
        *block = made;
    } else {
        if (result.failed++ == 0) {
            result.first = result.done;
        }
    }
    return block;
}

// Replays operations up to `end`. stop: at the first request that finds no memory. places: NULL, or where the offset in
// the region goes of each operation's block, 0 for none. Returns whether no request failed since the start.
uint32_t EXPORT(replay)(const uint16_t *at, const uint16_t *end, uint32_t stop, uint32_t *places) {
    while (at < end && !(stop && result.failed != 0)) {
        const void *block = *replay_one(&at);
        if (places != NULL) {
            *places++ = block == NULL ? 0 : (uint32_t)((const uint8_t *)block - region);
        }
        result.done++;
    }
    return result.failed == 0;
}

// Sets result.now.
void EXPORT(stats)(void) {
    galloc_stats(heap, &result.now);
}

// Sets result.fault and result.offset. Returns whether the heap verifies.
uint32_t EXPORT(check)(void) {
    size_t offset = 0;
    result.fault = galloc_check(heap, &offset);
    result.offset = (uint32_t)((uint8_t *)heap - region + offset);
    return result.fault == GALLOC_OK;
}

uint32_t EXPORT(root)(uint32_t number) {
    return galloc_root(heap, number);
}

uint32_t EXPORT(overhead)(uint32_t size, uint32_t smallbins, uint32_t sub_bins) {
    galloc_config_t config = {.smallbins = (uint16_t)smallbins, .alignment_sub_bins = (uint16_t)sub_bins};
    return galloc_overhead(size, &config);
}

typedef struct {
    uint32_t *to, count, room;
} walk_t;

static bool visit(void *context, void *block, size_t size, bool allocated) {
    walk_t *walk = context;
    if (walk->count < walk->room) {
        walk->to[2 * walk->count] = (uint32_t)((uint8_t *)block - region);
        walk->to[2 * walk->count + 1] = (uint32_t)size | allocated;
    }
    walk->count++;
    return true;
}

// Writes each chunk as two words: payload offset in the region, usable bytes with bit 0 set for a live block. Returns
// how many there are, whether they fit into `room` or not.
uint32_t EXPORT(walk)(uint32_t *to, uint32_t room) {
    walk_t walk = {to, 0, room};
    galloc_walk(heap, visit, &walk);
    return walk.count;
}

const char *EXPORT(fault_name)(uint32_t fault) {
    return galloc_fault_name((galloc_fault_t)fault);
}

const char *EXPORT(version)(void) {
    return GALLOC_VERSION;
}
