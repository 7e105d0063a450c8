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
// What is other than in the original (examples/allocator_benchmarks.rs and simple_chunk_allocator_benchmark.rs of
// good_memory_allocator 0.1.7):
// - The score after each tenth of the time is read in one run; the original makes a run of its own for each, and for
//   simple-chunk-allocator's 1 s and 10 s, too.
// - It takes the mean of 50 trials; here are fewer, all allocators in turn, and the median of them.
// - It calls through a lock and a `dyn GlobalAlloc`; here all are called directly and unlocked.
// - Its heap is a static array, whose pages come as they are first touched; here they are there before the clock starts.
// - An allocator's own state, and simple-chunk-allocator's bitmap, lie in the heap; there they lie beside it.
// - It draws from thread_rng, so each run is another; here splitmix64 starts with seed 1 in each.
// - It looks for the oldest requests through all there ever were, between the measured calls; here a queue has them.

#ifndef BENCH_ORIGINAL_H
#define BENCH_ORIGINAL_H

#include <stdbool.h>
#include <stdint.h>

// Prints the result as one JSON object. False: no benchmark of this name.
bool original_run(const char *name, double seconds, uint64_t seed);

#endif
