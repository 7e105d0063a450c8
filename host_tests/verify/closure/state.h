// A heap reduced to what its future depends on: the chunks, and the order of the free ones in their bins. Two heaps with
// the same state behave alike, whatever their payloads, counters and left-over words.

#ifndef STATE_H
#define STATE_H

#include "bins.h" // the core's own

#define STATE_MAX_CHUNKS 20u
#define STATE_BYTES (2u * STATE_MAX_CHUNKS)

// Of each chunk in address order its units * 2 + 1 if it is in use, and of a free one also which chunk is behind it in its
// list: its units from the first chunk, + 1; 0 for none. Unused bytes are 0. The rest follows: the bin from size and
// place, the head of a list is the chunk that is behind no other.
typedef struct {
    uint8_t bytes[STATE_BYTES];
} state_t;

typedef struct {
    uint32_t index, units;
    bool live;
} chunk_t;

#define UNITS_OF(size) (((size) + GALLOC_MIN_WORDS) / 2u)
#define SIZE_OF(units) ((units) * 2u - GALLOC_MIN_WORDS)

// Reads the state of a heap that passes galloc_check, and its chunks in address order. Returns their number.
uint32_t state_of(const galloc_heap_t *heap, state_t *state, chunk_t *chunks);

// Gives this state to a heap without chunks. Payload keeps its bytes.
void state_build(const state_t *state, galloc_heap_t *heap);

#endif
