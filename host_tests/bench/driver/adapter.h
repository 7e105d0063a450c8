// What an allocator must offer to be measured. One binary per allocator: its adapter is linked in, so a call costs what
// it costs a user, with no table of function pointers between.

#ifndef BENCH_ADAPTER_H
#define BENCH_ADAPTER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

// Set before adapter_init: over-aligned requests may give up early, where the allocator knows such a mode.
extern bool adapter_bounded;

// Starts an empty heap in the `size` bytes at `region`, the allocator's own state included. False: too small.
bool adapter_init(void *region, size_t size);

// `align` is a power of two from 1 up. NULL when nothing fits.
void *adapter_alloc(size_t size, size_t align);

// `size` and `align` are those of the latest request for this block; allocators with headers ignore them.
void adapter_free(void *block, size_t size, size_t align);

// The new block has the old one's align. NULL when nothing fits; the old block is whole then.
void *adapter_realloc(void *block, size_t size, size_t align, size_t new_size);

// 1: resized in place, 0: not possible, -1: the allocator has no such operation.
int adapter_resize(void *block, size_t size, size_t align, size_t new_size);

// Bytes of a region of this size that are spent before any block, as far as the allocator can tell; 0: unknown.
size_t adapter_control(size_t region);

// Whether the heap is sound, where the allocator can tell; true otherwise.
bool adapter_check(void);

#endif
