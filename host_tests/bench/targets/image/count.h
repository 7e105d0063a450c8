// count.h: instructions of calls, by kind.

#ifndef BENCH_COUNT_H
#define BENCH_COUNT_H

#include <stdint.h>

enum { ALLOC, FREE, REALLOC, WORST_ALLOC, WORST_SMALL, WORST_ALIGNED, WORST_FREE, WORST_RESIZE, KINDS };

typedef struct {
    uint32_t calls, sum, most;
} count_t;

extern count_t counts[KINDS];

// Starts the counter of instructions.
void counts_start(void);

// Forgets those of alloc, free and realloc.
void counts_clear(void);

// Per cent of the region that blocks take which stay: ops_start fills it and frees the others at random.
extern uint32_t bench_fill;

// Tells the host and ends.
__attribute__((noreturn)) void image_fail(const char *why);

#endif
