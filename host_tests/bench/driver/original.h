// The three benchmarks that the original allocator publishes, with its sizes, alignments, heaps and penalty. They are
// bound by time, so their figures depend on the machine.
//
// random_actions   256 MiB. One of three with equal chance: alloc (100..1000, align 2^(0..10)), free a random block,
//                  realloc a random block (100..10000). Score: actions, those with no effect included.
// heap_exhaustion  256 MiB. Alloc (10000..300000, align 2^(0..10)) until NULL, then sleep 30 ms and free all.
//                  Score: blocks handed out.
// chunk            160 MiB. Alloc (64..16383, align 2^(0..6)); then, if more than 10 requests are not taken back, with a
//                  chance of 1/10 free the 7 oldest blocks. Processor ticks of each alloc.
//
// The score after each tenth of the time is read in one run instead of in ten runs of their own; and the oldest request is
// found by a queue, where the original looks through all there ever were.

#ifndef BENCH_ORIGINAL_H
#define BENCH_ORIGINAL_H

#include <stdbool.h>
#include <stdint.h>

// Prints the result as one JSON object. False: no benchmark of this name.
bool original_run(const char *name, double seconds, uint64_t seed);

#endif
