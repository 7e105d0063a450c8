// Single calls, each through a function of its own: callgrind keeps the cost of each caller apart, so a dump shows what
// each of them cost.

#ifndef BENCH_SLOTS_H
#define BENCH_SLOTS_H

#include <stddef.h>

enum { SLOTS = 2048 };

typedef enum { SLOT_ALLOC, SLOT_FREE, SLOT_RESIZE } slot_kind_t;

// Forgets all counts, and the calls of the slots before.
void slots_start(void);

// Calls adapter_alloc(size, align), adapter_free(block, size, align) or adapter_resize(block, size, align, new_size)
// through the next slot; `slots_used` slots are taken then. Ends the program when there is none left.
// Returns the block for an alloc; non-NULL for a resize that was done.
void *slots_call(slot_kind_t kind, void *block, size_t size, size_t align, size_t new_size);

extern size_t slots_used;

// Ends the measurement: callgrind writes its counts out under this name.
void slots_dump(const char *name);

#endif
