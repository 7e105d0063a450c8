// Replay of a recorded program: lines `a ID SIZE ALIGN`, `r ID SIZE`, `f ID`.

#ifndef BENCH_TRACE_H
#define BENCH_TRACE_H

#include "ops.h"

typedef struct {
    char kind;
    uint32_t id;
    uint32_t size, align;
} trace_op_t;

typedef struct {
    trace_op_t *ops;
    size_t count;
    size_t ids;      // highest ID + 1
    size_t peak;     // highest sum of requested bytes of live blocks
    block_t *blocks; // by ID, room for the replay
} trace_t;

// Ends the program with a message when the file cannot be read or is no trace.
trace_t trace_load(const char *path);

// True when no request fails. Stops at the first that does.
bool trace_run(trace_t *trace, void *region, size_t size);

typedef struct {
    size_t smallest; // bytes of the smallest region in which the trace runs, among all that were tried; 0: none
    size_t sure;     // every region from this size on that was tried serves
} trace_fit_t;

// Fit is not monotone: a region may serve although a larger one does not. So regions from the peak of live bytes to four
// times that are tried in steps of 1/64 of it, and then in steps of 8 bytes below the smallest that serves and above the
// largest that does not.
trace_fit_t trace_fit(trace_t *trace);

#endif
