// Operations on a heap, each judged: payload kept, no overlap, alignment, counters, and a refusal only where no free chunk
// could hold the request. What is wrong ends the program by fail().

#ifndef CHECKED_H
#define CHECKED_H

#include "harness.h"

typedef struct {
    region_t *region;
    shadow_t shadow; // of the heap's live blocks; an index below is one into shadow.live
    galloc_heap_t *heap;
    bool bounded_search; // as the heap was configured
    size_t failures;     // requests refused so far
} checked_t;

// `align` may be anything: what is no power of two must be refused.
void checked_alloc(checked_t *run, size_t size, size_t align, bool zeroed);
// The same by galloc_alloc_step. Between the first two steps the block at `index`, if there is one, gets half its size.
void checked_alloc_in_steps(checked_t *run, size_t size, size_t align, size_t index);
void checked_free(checked_t *run, size_t index);
void checked_realloc(checked_t *run, size_t index, size_t size, size_t align);
void checked_resize(checked_t *run, size_t index, size_t size);
// galloc_check, and the counters against the shadow.
void checked_counters(checked_t *run);
// Every payload byte, and the bytes around the region.
void checked_payload(const checked_t *run);

#endif
