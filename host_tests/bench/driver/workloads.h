// The synthetic workloads. The figures are those of seed 1.
//
// Draws come from splitmix64 started with the seed (random.h), one stream for a workload. Each takes one number z of 64
// bits: a draw in low..high, both ends included, is low + ((z >> 32) * (high - low + 1) >> 32).
//
// alloc: draws the size in size_min..size_max, then, where align_log_max is not 0, the exponent of the align in
//        0..align_log_max; without that the align is 1. A block that is handed out goes to the end of the list of live
//        blocks.
// free:  draws an index in the list, frees that block, and moves the last one of the list to its place.
//
// R  100,000 times: with no live block an alloc, without a draw for it; else draws 0..2:
//      0 alloc;
//      1 free;
//      2 realloc: draws an index, then the new size in size_min..realloc_max; the align is the block's own.
//    A request that returns NULL counts as an operation and changes nothing.
// X  200 times, X256 once, on one heap: alloc until NULL; free all in the order of the list, without draws.
//    Fill: bytes requested by live blocks at the NULL / region; the mean over the rounds.
// F  200 times, the stream going on, on a new heap each: alloc until NULL; as many frees as half the list is long, rounded
//    down; alloc until NULL. Fill as X; refill: as fill, at the second NULL.
// S  100,000 times: alloc; then, if more than 10 blocks are live, draws 0..9, and for 0 frees the 7 at the start of the
//    list, which keeps its order.
//
// name  kind region  size      realloc     align
// R64   R    64 KiB  8..512    8..512      2^(0..6)
// R64n  R    64 KiB  8..512    8..512      1
// X64   X    64 KiB  8..512                2^(0..6)
// X64n  X    64 KiB  8..512                1
// F64   F    64 KiB  8..512                2^(0..6)
// F64n  F    64 KiB  8..512                1
// R256  R    256 MiB 100..1000 100..10000  2^(0..10)
// X256  X    256 MiB 100..1000             2^(0..10)
// S160  S    160 MiB 64..16383             2^(0..6)
//
// An operation is one call of alloc, free or realloc, the one that returns NULL included; setting a heap up is none.

#ifndef BENCH_WORKLOADS_H
#define BENCH_WORKLOADS_H

#include "ops.h"

typedef struct {
    const char *name;
    char kind; // 'R', 'X', 'F', 'S'
    size_t region;
    uint32_t size_min, size_max, realloc_max, align_log_max;
    uint32_t rounds; // R: operations; X, F: rounds; S: steps
} workload_t;

typedef struct {
    double fill, refill; // 0 where the workload has none
} workload_result_t;

// NULL: no workload of this name.
const workload_t *workload_find(const char *name);

// Runs it in `region`; the operations are in `tally` afterwards, summed over all rounds.
workload_result_t workload_run(const workload_t *w, void *region, uint64_t seed);

#endif
