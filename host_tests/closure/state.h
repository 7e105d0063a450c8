// A heap reduced to what its future depends on: the chunks, where they stand in the bins, and top. Two heaps with the
// same state behave alike, whatever their payloads, counters and left-over words.

#ifndef STATE_H
#define STATE_H

#include "heap.h" // the core's own

#define STATE_BYTES 64u
#define STATE_MAX_CHUNKS 20u

typedef struct {
    uint8_t bytes[STATE_BYTES]; // links count units from the first chunk, + 1; unused bytes are 0
} state_t;

typedef struct {
    uint32_t link, size; // units
    bool live;
} chunk_t;

// Reads the state of a heap that passes galloc_check, and its chunks in address order. Returns their number.
uint32_t state_of(const galloc_heap_t *heap, state_t *state, chunk_t *chunks);

// Makes a heap that has this state. `blank`: a fresh heap at the same place, `size` bytes, copied first; payload keeps its
// bytes.
void state_build(const state_t *state, const galloc_heap_t *blank, size_t size, galloc_heap_t *heap);

#endif
