// The synthetic workloads. All draws come from splitmix64 started with the seed; ranges include both ends.
//
// R  OPERATIONS times: one of three with equal chance:
//      alloc: size in size_min..size_max, align 2^(0..align_log_max);
//      free a live block drawn uniformly;
//      realloc a live block drawn uniformly, to a size in size_min..realloc_max, with its own align.
//    With no live block it is an alloc. A request that returns NULL counts as an operation and changes nothing.
// X  ROUNDS times, on one heap: alloc as in R until NULL; free all in the order in which they were allocated.
//    Fill: bytes requested by live blocks at the NULL / region; the mean over the rounds.
// F  ROUNDS times, on a new heap each: alloc as in R until NULL; free a random half (each live block of a shuffled list
//    up to half its length, rounded down); alloc until NULL. Refill: as fill, at the second NULL.
// S  STEPS times: alloc (size 64..16383, align 2^(0..6)); then, if more than 10 blocks are live, with a chance of 1/10
//    free the 7 oldest.
//
// name  kind region  size      realloc     align
// R64   R    64 KiB  8..512    8..512      2^(0..6)
// R64n  R    64 KiB  8..512    8..512      1
// X64   X    64 KiB  8..512                2^(0..6)
// X64n  X    64 KiB  8..512                1
// F64   F    64 KiB  8..512                2^(0..6)
// F64n  F    64 KiB  8..512                1
// R256  R    256 MiB 100..1000 100..10000  2^(0..10)
// X256  X    256 MiB 100..1000             2^(0..10)  (one round)
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
