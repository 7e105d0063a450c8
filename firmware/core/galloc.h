// galloc: a deterministic allocator for a region of memory that its user names.
//
// Plain C11, freestanding, no mutable global: all state lives at the start of the region. Nothing here locks;
// galloc_locked.h has the locked form. All sizes and offsets are in bytes, all counts are plain numbers.
//
// "Bounded" below means: a constant number of steps, whatever the number of blocks and holes in the heap.

#ifndef GALLOC_H
#define GALLOC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define GALLOC_VERSION "0.1.0"

// Words in a heap's root table (galloc_root).
#define GALLOC_ROOTS 4

// Opaque; lives at the start of the region that it manages.
typedef struct galloc_heap galloc_heap_t;

// How a heap sorts its free chunks. A field that is 0 means the default. A heap has 2 smallbins at least, 16 sub-bins in
// each at most, and 128 in all at most, where their number in a smallbin counts as the next power of two: a
// configuration that asks for others gets the nearest (48 x 4 becomes 32 x 4, 20 x 8 becomes 16 x 8).
typedef struct {
    uint16_t smallbins;          // exact-size bins for small chunks, 8 bytes apart; default GALLOC_SMALLBINS
    uint16_t alignment_sub_bins; // sub-bins in each smallbin, >= 2; default GALLOC_ALIGNMENT_SUB_BINS
    bool bounded_search;         // true: over-aligned requests give up after a bounded search (see galloc_alloc)
} galloc_config_t;

// GALLOC_OK is success; every other value is a fault, with a name for people (galloc_fault_name).
typedef enum {
    GALLOC_OK = 0,
    GALLOC_FAULT_NULL,          // no heap, or no block
    GALLOC_FAULT_FOREIGN,       // the pointer lies outside the heap's blocks
    GALLOC_FAULT_MISALIGNED,    // no block can start at this address
    GALLOC_FAULT_NOT_ALLOCATED, // freed already, or never handed out
    GALLOC_FAULT_CORRUPT,       // a header, link or boundary tag was overwritten
    GALLOC_FAULT_GEOMETRY,      // the control block does not describe this region
} galloc_fault_t;

typedef struct {
    size_t total;       // bytes that the heap manages: the region less what its alignment costs (at most 23)
    size_t used;        // usable payload bytes of live blocks
    size_t free;        // usable payload bytes of free chunks
    size_t largest;     // usable payload bytes of the largest free chunk
    size_t overhead;    // control block and headers; used + free + overhead == total
    size_t peak_used;   // the highest value of `used` since init
    size_t blocks;      // number of live blocks; allocs - frees == blocks
    size_t free_chunks; // number of free chunks
    size_t allocs;      // blocks handed out since init
    size_t frees;       // blocks taken back since init
    size_t failures;    // requests that returned NULL since init
} galloc_stats_t;

// Makes a heap of the `size` bytes at `region` (any address, any size, any alignment of either end).
// What the region held before is lost, another heap included.
// config: NULL for the defaults.
// Returns NULL, and touches nothing, when the region is NULL, wraps the address space, is larger than 4 GiB, is too
// small for its control data and one block, or when alignment_sub_bins is 1.
// Time: O(smallbins * sub-bins).
galloc_heap_t *galloc_init(void *region, size_t size, const galloc_config_t *config);

// Re-opens a heap that is still in memory, after a reset for example. The region may lie at another address than
// before, the same modulo 8. Verifies the whole heap first (galloc_check).
// Returns NULL, and changes nothing, when anything is off; another size is.
// Time: O(chunks).
galloc_heap_t *galloc_attach(void *region, size_t size);

// Whether the region starts with the control block of a heap of this size. Looks no further. Time: bounded.
bool galloc_initialized(const void *region, size_t size);

// Hands out a block of at least `size` bytes at a multiple of `align`.
// size: 0 gives a distinct minimal block.
// align: a power of two; 0 means 8, which smaller ones are raised to.
// Returns NULL when the heap is NULL, `align` is no power of two, or nothing fits:
// - align up to 8: exact and bounded; a free chunk that can hold the block is found.
// - larger align: a bounded search first. Where that finds nothing, all free chunks are looked at, O(free chunks), so a
//   request that fails is the only slow one. With config.bounded_search it fails at once instead, although a chunk
//   whose address happens to need little padding might have served.
// Time: bounded, with that exception.
void *galloc_alloc(galloc_heap_t *heap, size_t size, size_t align);

// galloc_alloc, with the `size` bytes set to 0. Time: bounded + O(size).
void *galloc_alloc_zeroed(galloc_heap_t *heap, size_t size, size_t align);

// Takes a block back and merges it with its free neighbours.
// Returns GALLOC_OK, or the fault, and then not one byte of the region has changed. Time: bounded.
galloc_fault_t galloc_free(galloc_heap_t *heap, void *block);

// galloc_realloc in steps, for those who hold a lock but not while the payload is moved (see galloc_locked.h):
//     galloc_move_t move;
//     if (!galloc_realloc_begin(heap, block, size, align, &move)) return NULL;
//     if (move.to == NULL) move.to = galloc_alloc(heap, size, align);
//     if (move.to == NULL || move.bytes == 0) return move.to;
//     memmove(move.to, move.from, move.bytes);
//     galloc_realloc_end(heap, &move);
//     return move.to;
// Between the steps the heap is sound and may be used, but not for this block.
// galloc_realloc_begin looks for room where the block stands and around it. Returns false, and changes nothing, when the
// heap is none, or `block` is neither NULL nor a live block. Time of each step: bounded.
typedef struct {
    void *from, *to; // the block before and after; to NULL: it needs a new place
    size_t bytes;    // to move; 0: the block stays, or is new
    size_t size;     // as requested
    bool merged;     // `from` lies in the block `to` already
} galloc_move_t;
bool galloc_realloc_begin(galloc_heap_t *heap, void *block, size_t size, size_t align, galloc_move_t *move);
void galloc_realloc_end(galloc_heap_t *heap, const galloc_move_t *move);

// Changes the size of a block to at least `size` bytes at a multiple of `align` and keeps the smaller of the old and new
// payload: in place where it can (slack, shrink, into the next chunk, into the previous one with a move of the payload),
// otherwise by a new block and a copy.
// block: NULL is galloc_alloc. size: 0 shrinks to the minimal block. align: as in galloc_alloc, for the result.
// Returns NULL when nothing fits, `align` is no power of two, or `block` is no live block; the old block stays whole.
// Time: that of galloc_alloc + O(payload).
void *galloc_realloc(galloc_heap_t *heap, void *block, size_t size, size_t align);

// Grows or shrinks a block to at least `size` bytes without moving its payload.
// Returns false, and changes nothing, when it cannot or `block` is no live block. Time: bounded.
bool galloc_resize(galloc_heap_t *heap, void *block, size_t size);

// Bytes that the user of a live block may write; 0 for anything else. Time: bounded.
size_t galloc_usable_size(const galloc_heap_t *heap, const void *block);

// Whether `block` is a live block of this heap. Time: bounded.
bool galloc_owns(const galloc_heap_t *heap, const void *block);

// Fills `out`; all zero for a NULL heap. Time: bounded.
void galloc_stats(const galloc_heap_t *heap, galloc_stats_t *out);

// Verifies everything: control block, each chunk, boundary tags, flags, bins, counters.
// offset: NULL, or set to where the fault lies, in bytes from the start of the heap; 0 for GALLOC_OK.
// Time: O(chunks).
galloc_fault_t galloc_check(const galloc_heap_t *heap, size_t *offset);

// Called for each chunk with its payload and usable size; false stops the walk.
typedef bool (*galloc_visit_t)(void *context, void *block, size_t size, bool allocated);

// Visits each chunk in address order; each payload starts 4 bytes after the end of the one before. Stops at a chunk that
// is corrupt. `visit` must not change the heap. Time: O(chunks).
void galloc_walk(const galloc_heap_t *heap, galloc_visit_t visit, void *context);

// Bytes of control data before any block, exact to 16 whatever the region's alignment; 0 for a bad configuration.
size_t galloc_overhead(size_t region_size, const galloc_config_t *config);

// GALLOC_ROOTS words that survive with the heap, for whoever re-opens it: offsets of its blocks, say. They start as 0.
// Return 0, or false and change nothing, for a NULL heap or a number that is not below GALLOC_ROOTS. Time: bounded.
uint32_t galloc_root(const galloc_heap_t *heap, size_t number);
bool galloc_set_root(galloc_heap_t *heap, size_t number, uint32_t value);

// Tells heaps apart that were made one after the other at the same place: pointers into the earlier one are stale when
// this number has changed. 0 for a NULL heap. Time: bounded.
uint32_t galloc_generation(const galloc_heap_t *heap);

// A short name in English, never NULL.
const char *galloc_fault_name(galloc_fault_t fault);

#ifdef __cplusplus
}
#endif

#endif
