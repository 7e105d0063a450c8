// The most expensive single operation over adversarial states.
//
// A state has H holes, kept apart by live 16-byte blocks. A shape says how large hole k is, an order in which sequence
// they are made (which decides lists and trees). Then requests of many sizes, at default alignment and above, frees of
// separators (both neighbours are holes) and resizes into and out of holes are counted one by one.

#ifndef BENCH_WORST_H
#define BENCH_WORST_H

// Runs under callgrind. Prints one JSON object a line for each shape, order and number of holes, and first one for the two
// requests of the design's table, `alloc(400)` and `alloc(200, align 64)` in 64 KiB of alternating 200- and 16-byte blocks;
// each names its dump and what each slot called.
void worst_run(unsigned seed);

#endif
