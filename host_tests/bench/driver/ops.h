// The three measured operations, and what the driver remembers of a live block.

#ifndef BENCH_OPS_H
#define BENCH_OPS_H

#include "adapter.h"

typedef struct {
    uint8_t *at;
    size_t size; // bytes requested
    size_t align;
} block_t;

typedef struct {
    size_t allocs, frees, reallocs, failures; // calls made; failures: those of them that returned NULL
    size_t live, peak;                        // bytes requested by live blocks
} tally_t;

extern tally_t tally;

// True: each block is filled with a pattern of its own, verified before every realloc and free; a fault ends the program.
extern bool ops_verify;

// Sets the tally to 0, and the heap up in the region; ends the program when that fails.
void ops_start(void *region, size_t size);

bool ops_alloc(block_t *block, size_t size, size_t align);
void ops_free(block_t *block);
bool ops_realloc(block_t *block, size_t new_size);

// Callgrind collects inside these three only, and the split by kind is read off the calls that they make.
void *op_alloc(size_t size, size_t align);
void op_free(block_t *block);
void *op_realloc(block_t *block, size_t new_size);

// `size` bytes of fresh zeroed memory at a page boundary; ends the program when there are none.
void *ops_region(size_t size);

#endif
